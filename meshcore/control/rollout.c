/* Rollouts at work: ticks, scrapes, weights in the registry. What is decided when is in phase.c. */
#include "control/peer.h"
#include "control/phase.h"
#include "control/scrape.h"

struct mc_rollout {
    struct mc_link link;
    struct mc_grave grave;
    struct mc_control *control;
    struct mc_rollout_state state;
    struct mc_timer timer;
    struct mc_scrape scrape;
    struct mc_map before;     /* instance → struct mc_tally: what it had counted when it was last asked */
    uint32_t set_weight;      /* as the registry has it */
    uint32_t told_failed;     /* as last traced */
    enum mc_rollout_phase told_phase;
    uint64_t generation;      /* of the registry, once the weight was in it */
};

static struct mc_pool *pool_of(struct mc_rollout *rollout)
{
    return &rollout->control->turn->realm->pool;
}

/* ---- what it changes ---- */

static void trace_state(struct mc_rollout *rollout)
{
    const struct mc_rollout_state *state = &rollout->state;
    mc_trace(rollout->control->turn, ROLLOUT, 0, state->options.target, state->phase, state->weight, state->failed_checks);
    rollout->told_phase = state->phase;
    rollout->told_failed = state->failed_checks;
}

static struct mc_result set_weights(struct mc_rollout *rollout)
{
    const struct mc_rollout_state *state = &rollout->state;
    const struct mc_subset_weight weights[] = {{state->options.from, 100 - state->weight},
                                               {state->options.to, state->weight}};
    MC_TRY(mc_registry_set_weights(rollout->control->registry, state->options.target, weights, 2));
    rollout->set_weight = state->weight;
    rollout->generation = rollout->control->registry->generation;
    return MC_RESULT(OK);
}

/* After a tick or an order. The service was there when the rollout began, and services stay. */
static void carry_out(struct mc_rollout *rollout)
{
    struct mc_rollout_state *state = &rollout->state;
    bool moved = state->weight != rollout->set_weight;
    if (moved) {
        struct mc_result result = set_weights(rollout);
        mc_assert(mc_ok(result));
    }
    if (moved || state->phase != rollout->told_phase || state->failed_checks != rollout->told_failed) trace_state(rollout);
    if (mc_rollout_is_over(state)) mc_timer_disarm(&rollout->control->turn->timers, &rollout->timer);
}

/* ---- what it sees ---- */

static const struct mc_tally nothing_counted;

static void forget(struct mc_rollout *rollout, mc_atom workload)
{
    const struct mc_tally *tally = mc_map_remove(&rollout->before, workload);
    if (tally && tally != &nothing_counted) mc_pool_give(pool_of(rollout), (void *)(uintptr_t)tally, sizeof *tally);
}

/* One that cannot be remembered is as if it had never been asked. */
static void remember(struct mc_rollout *rollout, mc_atom workload, const struct mc_tally *now)
{
    const struct mc_tally *kept = &nothing_counted;
    forget(rollout, workload);
    if (now->total || now->bucket_count) {
        struct mc_tally *copy = mc_pool_take(pool_of(rollout), sizeof *copy);
        if (!copy) return;
        *copy = *now;
        kept = copy;
    }
    if (mc_map_put(&rollout->before, workload, (void *)(uintptr_t)kept)) return;
    if (kept != &nothing_counted) mc_pool_give(pool_of(rollout), (void *)(uintptr_t)kept, sizeof *kept);
}

/* A sidecar that is seen for the first time only sets its base line: what it counts may be old. */
static void collect(struct mc_rollout *rollout, struct mc_evidence *evidence)
{
    const struct mc_scrape *scrape = &rollout->scrape;
    *evidence = (struct mc_evidence){.asked = scrape->target_count};
    for (uint32_t i = 0; i < scrape->target_count; i++) {
        const struct mc_scrape_target *target = &scrape->targets[i];
        const struct mc_tally *before = mc_map_get(&rollout->before, target->workload);
        if (!target->answered) continue;
        evidence->scraped++;
        if (before) mc_tally_grow(&evidence->growth, &target->tally, before);
        remember(rollout, target->workload, &target->tally);
    }
}

static enum mc_check_verdict judge_one(struct mc_rollout *rollout, const struct mc_rollout_check *check,
                                       const struct mc_evidence *evidence)
{
    struct mc_rollout_state *state = &rollout->state;
    struct mc_turn *turn = rollout->control->turn;
    struct mc_rollout_step step = {.at = turn->now, .phase = state->phase, .weight = state->weight, .is_check = true};
    step.metric = check->metric;
    step.verdict = mc_judge(&state->options, check, evidence, &step.observed, &step.samples);
    step.bound = check->metric == MC_METRIC_DURATION ? (uint64_t)check->max : check->min_permillion;
    step.scraped = evidence->scraped;
    step.asked = evidence->asked;
    step.failed_checks = state->failed_checks + (step.verdict == MC_CHECK_FAILED);
    mc_rollout_note(state, &step);
    mc_trace(turn, ROLLOUT_CHECK, 0, state->options.target, step.metric, step.observed, step.bound, step.samples, step.verdict);
    return step.verdict;
}

/* One failed check fails the tick; else one inconclusive makes it so. */
static enum mc_check_verdict judge_all(struct mc_rollout *rollout, const struct mc_evidence *evidence)
{
    enum mc_check_verdict all = MC_CHECK_PASSED;
    for (uint32_t i = 0; i < rollout->state.options.check_count; i++) {
        enum mc_check_verdict one = judge_one(rollout, &rollout->state.options.checks[i], evidence);
        if (one == MC_CHECK_FAILED || (one == MC_CHECK_INCONCLUSIVE && all == MC_CHECK_PASSED)) all = one;
    }
    return all;
}

/* ---- ticks ---- */

static void tick(struct mc_rollout *rollout, const struct mc_evidence *evidence)
{
    struct mc_control *control = rollout->control;
    enum mc_check_verdict verdict = MC_CHECK_PASSED;
    bool pushed = mc_control_version(control) >= rollout->generation || mc_list_empty(&control->peers);
    if (mc_rollout_judges(&rollout->state)) verdict = judge_all(rollout, evidence);
    mc_rollout_tick(&rollout->state, verdict, pushed, control->turn->now);
    carry_out(rollout);
}

static void scraped(struct mc_scrape *scrape)
{
    struct mc_rollout *rollout = mc_container(scrape, struct mc_rollout, scrape);
    struct mc_evidence evidence;
    collect(rollout, &evidence);
    tick(rollout, &evidence);
}

static bool is_asked(const struct mc_rollout *rollout, const struct mc_workload *workload)
{
    const struct mc_rollout_options *options = &rollout->state.options;
    if (!workload || !workload->meshed) return false;
    if (options->reporter == MC_REPORTER_SOURCE) return true;
    return workload->service && workload->service->name == options->target && workload->version == options->to;
}

static mc_ns scrape_timeout(const struct mc_rollout_options *options)
{
    if (options->scrape_timeout) return mc_ns_min(options->scrape_timeout, options->interval);
    return mc_ns_min(mc_ns_max(options->interval / 10, 1), 10 * MC_S);
}

/* Without memory nobody is asked, and the tick is inconclusive. */
static void scrape_all(struct mc_rollout *rollout)
{
    const struct mc_registry *registry = rollout->control->registry;
    uint32_t count = 0, at = 0;
    for (uint32_t i = 0; i < registry->workload_count; i++) count += is_asked(rollout, registry->workloads[i]);
    struct mc_scrape_target *targets = count ? mc_pool_take_zero(pool_of(rollout), count * sizeof *targets) : NULL;
    for (uint32_t i = 0; targets && i < registry->workload_count; i++) {
        const struct mc_workload *workload = registry->workloads[i];
        if (!is_asked(rollout, workload)) continue;
        targets[at].workload = workload->name;
        targets[at].addr = workload->addr;
        targets[at++].addr.port = registry->defaults.metrics_port;
    }
    mc_scrape_start(&rollout->scrape, targets, targets ? count : 0, scrape_timeout(&rollout->state.options));
}

static void begin_tick(struct mc_rollout *rollout)
{
    struct mc_turn *turn = rollout->control->turn;
    struct mc_evidence none = {.asked = 0};
    mc_timer_arm(&turn->timers, &rollout->timer, mc_ns_add(turn->now, rollout->state.options.interval));
    if (rollout->scrape.running) return; /* its timeout is due in this very instant */
    if (mc_rollout_scrapes(&rollout->state)) scrape_all(rollout);
    else tick(rollout, &none);
}

static void timer_fired(struct mc_timer *timer)
{
    begin_tick(mc_container(timer, struct mc_rollout, timer));
}

/* ---- life ---- */

static void bury(struct mc_grave *grave)
{
    struct mc_rollout *rollout = mc_container(grave, struct mc_rollout, grave);
    mc_map_fini(&rollout->before);
    mc_pool_give(pool_of(rollout), rollout, sizeof *rollout);
}

static void drop(struct mc_rollout *rollout)
{
    uint32_t at = 0;
    mc_list_remove(&rollout->link);
    mc_timer_disarm(&rollout->control->turn->timers, &rollout->timer);
    mc_scrape_stop(&rollout->scrape);
    for (struct mc_map_entry *entry; (entry = mc_map_next(&rollout->before, &at));) forget(rollout, (mc_atom)entry->key);
    mc_turn_bury(rollout->control->turn, &rollout->grave, bury);
}

static struct mc_rollout *find(const struct mc_control *control, mc_atom target)
{
    const struct mc_link *head = &control->rollouts;
    for (struct mc_link *link = head->next; link != head; link = link->next) {
        struct mc_rollout *rollout = mc_container(link, struct mc_rollout, link);
        if (rollout->state.options.target == target) return rollout;
    }
    return NULL;
}

static struct mc_rollout *make(struct mc_control *control, const struct mc_rollout_options *options)
{
    const struct mc_service *service = mc_registry_service(control->registry, options->target);
    const struct mc_atoms *atoms = &control->turn->realm->atoms;
    struct mc_rollout *rollout = mc_pool_take_zero(&control->turn->realm->pool, sizeof *rollout);
    if (!rollout) return NULL;
    rollout->control = control;
    rollout->told_phase = MC_ROLLOUT_INITIALIZING;
    mc_rollout_begin(&rollout->state, options, control->turn->now);
    mc_timer_init(&rollout->timer, timer_fired);
    mc_map_init(&rollout->before, mc_pool_as_alloc(pool_of(rollout)));
    mc_scrape_init(&rollout->scrape, control->net, scraped);
    rollout->scrape.filter = (struct mc_tally_filter){
        .reporter = options->reporter,
        .service = mc_atoms_text(atoms, service->name),
        .host = mc_atoms_text(atoms, service->host),
        .version = mc_atoms_text(atoms, options->to),
    };
    return rollout;
}

static struct mc_result begin(struct mc_rollout *rollout)
{
    struct mc_result result = set_weights(rollout);
    mc_assert(mc_ok(result));
    trace_state(rollout);
    begin_tick(rollout);
    return MC_RESULT(OK);
}

struct mc_result mc_control_rollout_start(struct mc_control *control, const struct mc_rollout_options *options)
{
    struct mc_rollout *old = find(control, options->target);
    MC_TRY(mc_rollout_check_options(options));
    if (!mc_registry_service(control->registry, options->target)) return MC_RESULT(NOT_FOUND);
    if (old && !mc_rollout_is_over(&old->state)) return MC_RESULT(STATE);
    struct mc_rollout *rollout = make(control, options);
    if (!rollout) return MC_RESULT(NO_MEMORY);
    if (old) drop(old);
    mc_list_push_back(&control->rollouts, &rollout->link);
    return begin(rollout);
}

struct mc_result mc_control_rollout_continue(struct mc_control *control, const struct mc_rollout_state *from)
{
    MC_TRY(mc_rollout_check_options(&from->options));
    if (!mc_registry_service(control->registry, from->options.target)) return MC_RESULT(NOT_FOUND);
    if (find(control, from->options.target)) return MC_RESULT(STATE);
    struct mc_rollout *rollout = make(control, &from->options);
    if (!rollout) return MC_RESULT(NO_MEMORY);
    rollout->state = *from;
    mc_list_push_back(&control->rollouts, &rollout->link);
    return begin(rollout);
}

struct mc_result mc_control_rollout_order(struct mc_control *control, mc_atom target, enum mc_rollout_order order)
{
    struct mc_rollout *rollout = find(control, target);
    if (!rollout) return MC_RESULT(NOT_FOUND);
    MC_TRY(mc_rollout_obey(&rollout->state, order, control->turn->now));
    carry_out(rollout);
    return MC_RESULT(OK);
}

const struct mc_rollout_state *mc_control_rollout(const struct mc_control *control, mc_atom target)
{
    const struct mc_rollout *rollout = find(control, target);
    return rollout ? &rollout->state : NULL;
}

void mc_rollouts_stop(struct mc_control *control)
{
    while (!mc_list_empty(&control->rollouts))
        drop(mc_container(mc_list_first(&control->rollouts), struct mc_rollout, link));
}
