#include "control/phase.h"

const char *mc_rollout_phase_text(enum mc_rollout_phase phase)
{
    static const char *const texts[] = {
#define X(name, text) text,
        MC_ROLLOUT_PHASES(X)
#undef X
    };
    mc_assert((unsigned)phase < MC_COUNT_OF(texts));
    return texts[phase];
}

const char *mc_check_verdict_text(enum mc_check_verdict verdict)
{
    static const char *const texts[] = {
#define X(name, text) text,
        MC_CHECK_VERDICTS(X)
#undef X
    };
    mc_assert((unsigned)verdict < MC_COUNT_OF(texts));
    return texts[verdict];
}

/* ---- options ---- */

static bool is_check(const struct mc_rollout_check *check)
{
    if (check->metric == MC_METRIC_SUCCESS_RATE) return check->min_permillion <= 1000000;
    return check->metric == MC_METRIC_DURATION && check->max > 0 && check->quantile_permillion <= 1000000;
}

struct mc_result mc_rollout_check_options(const struct mc_rollout_options *options)
{
    bool good = options->target && options->from && options->to && options->from != options->to &&
                options->interval > 0 && options->step_weight >= 1 && options->step_weight <= 100 &&
                options->max_weight >= 1 && options->max_weight <= 100 && options->check_count <= MC_ROLLOUT_CHECKS &&
                options->scraped_permille_min <= 1000 && options->scrape_timeout >= 0 && options->deadline >= 0;
    for (uint32_t i = 0; good && i < options->check_count; i++) good = is_check(&options->checks[i]);
    return good ? MC_RESULT(OK) : MC_RESULT(INVALID);
}

/* ---- history ---- */

void mc_rollout_note(struct mc_rollout_state *state, const struct mc_rollout_step *step)
{
    state->history[state->history_count++ % MC_ROLLOUT_HISTORY] = *step;
}

static void move(struct mc_rollout_state *state, enum mc_rollout_phase phase, uint32_t weight, mc_ns now)
{
    bool forward = weight > state->weight;
    if (phase == state->phase && weight == state->weight) return;
    state->phase = phase;
    state->weight = weight;
    if (forward) state->advanced = now;
    mc_rollout_note(state, &(struct mc_rollout_step){
                               .at = now, .phase = phase, .weight = weight, .failed_checks = state->failed_checks});
}

void mc_rollout_begin(struct mc_rollout_state *state, const struct mc_rollout_options *options, mc_ns now)
{
    *state = (struct mc_rollout_state){.options = *options, .started = now, .advanced = now};
    mc_rollout_note(state, &(struct mc_rollout_step){.at = now, .phase = MC_ROLLOUT_INITIALIZING});
}

/* ---- phases ---- */

bool mc_rollout_is_over(const struct mc_rollout_state *state)
{
    return state->phase == MC_ROLLOUT_SUCCEEDED || state->phase == MC_ROLLOUT_FAILED;
}

bool mc_rollout_judges(const struct mc_rollout_state *state)
{
    return state->phase == MC_ROLLOUT_PROGRESSING;
}

/* While it is paused the counters go on, so that what happened then is not held against the next check. */
bool mc_rollout_scrapes(const struct mc_rollout_state *state)
{
    return mc_rollout_judges(state) || state->phase == MC_ROLLOUT_INITIALIZING || state->phase == MC_ROLLOUT_PAUSED;
}

static bool waits_for_operator(const struct mc_rollout_state *state)
{
    return state->options.manual_promotion && state->weight >= state->options.max_weight;
}

static bool is_late(const struct mc_rollout_state *state, mc_ns now)
{
    mc_ns deadline = state->options.deadline;
    return deadline && !waits_for_operator(state) && now - state->advanced >= deadline;
}

static void advance(struct mc_rollout_state *state, mc_ns now)
{
    uint32_t most = state->options.max_weight, next = state->weight + state->options.step_weight;
    if (state->weight < most) move(state, MC_ROLLOUT_PROGRESSING, next < most ? next : most, now);
    else if (!state->options.manual_promotion) move(state, MC_ROLLOUT_PROMOTING, 100, now);
}

static enum mc_check_verdict as_meant(const struct mc_rollout_state *state, enum mc_check_verdict verdict)
{
    if (verdict != MC_CHECK_INCONCLUSIVE || state->options.on_inconclusive == MC_INCONCLUSIVE_HOLD) return verdict;
    return state->options.on_inconclusive == MC_INCONCLUSIVE_FAIL ? MC_CHECK_FAILED : MC_CHECK_PASSED;
}

static void progress(struct mc_rollout_state *state, enum mc_check_verdict verdict, mc_ns now)
{
    uint32_t threshold = state->options.threshold ? state->options.threshold : 1;
    state->last = verdict;
    state->inconclusive_checks += verdict == MC_CHECK_INCONCLUSIVE;
    enum mc_check_verdict meant = as_meant(state, verdict);
    state->failed_checks += meant == MC_CHECK_FAILED;
    if (state->failed_checks >= threshold) move(state, MC_ROLLOUT_ROLLING_BACK, 0, now);
    else if (meant == MC_CHECK_PASSED) advance(state, now);
    if (state->phase == MC_ROLLOUT_PROGRESSING && is_late(state, now)) move(state, MC_ROLLOUT_ROLLING_BACK, 0, now);
}

void mc_rollout_tick(struct mc_rollout_state *state, enum mc_check_verdict verdict, bool pushed, mc_ns now)
{
    switch (state->phase) {
    case MC_ROLLOUT_INITIALIZING:
        move(state, MC_ROLLOUT_PROGRESSING, 0, now);
        advance(state, now);
        break;
    case MC_ROLLOUT_PROGRESSING: progress(state, verdict, now); break;
    case MC_ROLLOUT_PROMOTING:
        if (pushed) move(state, MC_ROLLOUT_FINALISING, state->weight, now);
        break;
    case MC_ROLLOUT_FINALISING: move(state, MC_ROLLOUT_SUCCEEDED, state->weight, now); break;
    case MC_ROLLOUT_ROLLING_BACK: move(state, MC_ROLLOUT_FAILED, state->weight, now); break;
    case MC_ROLLOUT_SUCCEEDED:
    case MC_ROLLOUT_FAILED:
    case MC_ROLLOUT_PAUSED: break;
    }
}

/* ---- orders ---- */

static struct mc_result resume(struct mc_rollout_state *state, mc_ns now)
{
    if (state->phase == MC_ROLLOUT_PROGRESSING && waits_for_operator(state)) {
        move(state, MC_ROLLOUT_PROMOTING, 100, now);
        return MC_RESULT(OK);
    }
    if (state->phase != MC_ROLLOUT_PAUSED) return MC_RESULT(STATE);
    state->advanced = now; /* the pause does not count against the deadline */
    move(state, state->weight ? MC_ROLLOUT_PROGRESSING : MC_ROLLOUT_INITIALIZING, state->weight, now);
    return MC_RESULT(OK);
}

struct mc_result mc_rollout_obey(struct mc_rollout_state *state, enum mc_rollout_order order, mc_ns now)
{
    bool running = state->phase == MC_ROLLOUT_INITIALIZING || state->phase == MC_ROLLOUT_PROGRESSING;
    if (order == MC_ROLLOUT_RESUME) return resume(state, now);
    if (order == MC_ROLLOUT_PAUSE && !running) return MC_RESULT(STATE);
    if (mc_rollout_is_over(state) || state->phase == MC_ROLLOUT_ROLLING_BACK) return MC_RESULT(STATE);
    if (order == MC_ROLLOUT_PAUSE) move(state, MC_ROLLOUT_PAUSED, state->weight, now);
    else move(state, MC_ROLLOUT_ROLLING_BACK, 0, now);
    return MC_RESULT(OK);
}
