#include "sim/run/parts.h"

static uint32_t service_of(const struct sim_run *run, struct mc_str name)
{
    const struct sim_topology *topology = &run->plan->topology;
    uint32_t i = 0;
    while (i < topology->service_count && !mc_str_eq(topology->services[i].name, name)) i++;
    return i;
}

static bool has_version(const struct sim_service *service, struct mc_str name)
{
    for (uint32_t i = 0; i < service->version_count; i++)
        if (mc_str_eq(service->versions[i].name, name)) return true;
    return false;
}

static bool check_spec(const struct sim_run *run, const struct sim_canary_spec *spec, struct sim_error *error)
{
    const struct sim_topology *topology = &run->plan->topology;
    uint32_t service = service_of(run, spec->target);
    if (service == topology->service_count) {
        const char *near = sim_nearest(spec->target, &topology->services[0].name.p, sizeof *topology->services, topology->service_count);
        return sim_error_set(error, spec->source, "canary: no service \"%.*s\"%s%s%s", MC_STR_ARG(spec->target),
                             near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
    struct mc_str versions[] = {spec->from, spec->to};
    for (size_t i = 0; i < MC_COUNT_OF(versions); i++)
        if (!has_version(&topology->services[service], versions[i]))
            return sim_error_set(error, spec->source, "canary: %.*s has no version \"%.*s\"", MC_STR_ARG(spec->target), MC_STR_ARG(versions[i]));
    if (spec->interval <= 0) return sim_error_set(error, spec->source, "canary: interval must be longer than 0s");
    return true;
}

/* ---- beginning ---- */

static struct mc_rollout_options options_of(struct sim_run *run, const struct sim_canary *canary)
{
    const struct sim_canary_spec *spec = &canary->spec;
    struct mc_rollout_options options = {.target = canary->target,
                                         .from = mc_atoms_intern(&run->realm.atoms, spec->from),
                                         .to = mc_atoms_intern(&run->realm.atoms, spec->to),
                                         .interval = spec->interval,
                                         .threshold = spec->threshold,
                                         .step_weight = spec->step_weight,
                                         .max_weight = spec->max_weight,
                                         .min_samples = spec->min_samples,
                                         .reporter = MC_REPORTER_SOURCE,
                                         .on_inconclusive = mc_str_eq(spec->on_inconclusive, MC_STR("fail"))   ? MC_INCONCLUSIVE_FAIL
                                                            : mc_str_eq(spec->on_inconclusive, MC_STR("pass")) ? MC_INCONCLUSIVE_PASS
                                                                                                               : MC_INCONCLUSIVE_HOLD,
                                         .deadline = spec->deadline,
                                         .manual_promotion = spec->manual};
    for (uint32_t i = 0; i < spec->metric_count && i < MC_ROLLOUT_CHECKS; i++)
        options.checks[options.check_count++] =
            (struct mc_rollout_check){.metric = spec->metrics[i].is_duration ? MC_METRIC_DURATION : MC_METRIC_SUCCESS_RATE,
                                      .min_permillion = spec->metrics[i].min_ppm,
                                      .max = spec->metrics[i].max,
                                      .quantile_permillion = spec->metrics[i].quantile_ppm};
    return options;
}

static void begin(struct sim_call *call)
{
    struct sim_canary *canary = mc_container(call, struct sim_canary, begin);
    struct sim_run *run = canary->run;
    struct mc_node_rollout_start command = {.base = {MC_NODE_ROLLOUT_START}, .options = options_of(run, canary)};
    canary->begun = run_command(run, &command.base);
    if (!canary->begun) run_event(run, "rollout", SIM_ERROR_SEVERITY, canary->spec.target, "could not begin");
}

struct sim_canary *sim_run_canary(struct sim_run *run, const struct sim_canary_spec *spec, struct sim_error *error)
{
    if (run->control_pod == SIM_NONE || !run->plan->profile.rollouts) {
        sim_error_refuse(error, spec->source, "canary: profile \"%.*s\" has no rollout controller", MC_STR_ARG(run->plan->profile.name));
        return NULL;
    }
    if (!check_spec(run, spec, error)) return NULL;
    if (sim_run_canary_find(run, spec->target)) {
        sim_error_set(error, spec->source, "canary: %.*s has one already", MC_STR_ARG(spec->target));
        return NULL;
    }
    struct sim_canary *canary = mc_arena_take_zero(&run->arena, sizeof *canary);
    if (!canary) {
        sim_error_set(error, spec->source, "out of memory");
        return NULL;
    }
    *canary = (struct sim_canary){.run = run, .spec = *spec, .onset = MC_NEVER};
    canary->spec.target = run_copy(run, spec->target);
    canary->spec.from = run_copy(run, spec->from);
    canary->spec.to = run_copy(run, spec->to);
    canary->target = mc_atoms_intern(&run->realm.atoms, spec->target);
    canary->begin.fire = begin;
    mc_list_push_back(&run->canaries, &canary->link);
    run->canary_count++;
    sim_run_call_at(run, spec->start, &canary->begin);
    return canary;
}

bool run_add_plan_canaries(struct sim_run *run, struct sim_error *error)
{
    for (uint32_t i = 0; i < run->plan->canary_count; i++) {
        if (sim_run_canary(run, &run->plan->canaries[i], error)) continue;
        if (!error->refused) return false;
        run->refusal = *error; /* told when the run starts, so that it leaves a trace in the results */
        *error = (struct sim_error){.text = ""};
        return true;
    }
    return true;
}

/* ---- how long faults took to be noticed ---- */

void run_fault_began(struct sim_run *run)
{
    mc_list_each(link, &run->canaries) mc_container(link, struct sim_canary, link)->onset = run->now;
}

void run_rollout_moved(struct sim_run *run, mc_atom target, enum mc_rollout_phase phase)
{
    if (phase != MC_ROLLOUT_ROLLING_BACK) return;
    mc_list_each(link, &run->canaries)
    {
        struct sim_canary *canary = mc_container(link, struct sim_canary, link);
        if (canary->target != target || canary->onset == MC_NEVER) continue;
        char tag[200] = "target:";
        size_t n = canary->spec.target.n < sizeof tag - 8 ? canary->spec.target.n : sizeof tag - 8;
        memcpy(tag + 7, canary->spec.target.p, n);
        sim_check_record(run->check, MC_STR("time_to_rollback"), mc_str(tag, 7 + n), run->now - canary->onset, MC_STR("ns"));
        canary->onset = MC_NEVER;
    }
}

/* ---- looking ---- */

struct sim_canary *sim_run_canary_find(struct sim_run *run, struct mc_str target)
{
    mc_list_each(link, &run->canaries)
    {
        struct sim_canary *canary = mc_container(link, struct sim_canary, link);
        if (mc_str_eq(canary->spec.target, target)) return canary;
    }
    return NULL;
}

const struct mc_rollout_state *run_rollout_state(const struct sim_run *run, const struct sim_canary *canary)
{
    const struct mc_rollout_state *state = canary->begun && run->control ? mc_node_rollout(run->control, canary->target) : NULL;
    return state ? state : canary->kept;
}

void run_rollouts_keep(struct sim_run *run)
{
    mc_list_each(link, &run->canaries)
    {
        struct sim_canary *canary = mc_container(link, struct sim_canary, link);
        const struct mc_rollout_state *state = run_rollout_state(run, canary);
        if (!state || state == canary->kept) continue;
        if (!canary->kept) canary->kept = mc_arena_take(&run->arena, sizeof *canary->kept);
        if (canary->kept) *canary->kept = *state;
        else run->out_of_memory = true;
    }
}

void run_rollouts_go_on(struct sim_run *run)
{
    mc_list_each(link, &run->canaries)
    {
        struct sim_canary *canary = mc_container(link, struct sim_canary, link);
        struct mc_node_rollout_start command = {.base = {MC_NODE_ROLLOUT_START}, .from = canary->kept};
        if (!canary->begun && canary->spec.start <= run->now) begin(&canary->begin);
        bool under_way = canary->kept && canary->kept->phase != MC_ROLLOUT_SUCCEEDED && canary->kept->phase != MC_ROLLOUT_FAILED;
        if (under_way && !run_command(run, &command.base))
            run_event(run, "rollout", SIM_ERROR_SEVERITY, canary->spec.target, "could not go on");
    }
}

struct sim_canary_view sim_run_canary_view(const struct sim_run *run, const struct sim_canary *canary)
{
    const struct mc_rollout_state *state = run_rollout_state(run, canary);
    if (!state) return (struct sim_canary_view){.phase = "pending"};
    const char *phase = mc_rollout_phase_text(state->phase);
    if (state->phase == MC_ROLLOUT_PROGRESSING && state->last == MC_CHECK_FAILED) phase = "holding";
    if (state->phase == MC_ROLLOUT_PROGRESSING && state->last == MC_CHECK_INCONCLUSIVE) phase = "inconclusive";
    return (struct sim_canary_view){
        .phase = phase, .weight = state->weight, .failed_checks = state->failed_checks, .steps = state->history_count};
}

/* Of those that are kept, the INDEX-th that is a change of phase or weight; single judgements are told as events. */
static const struct mc_rollout_step *change_at(const struct mc_rollout_state *state, uint32_t index)
{
    uint32_t first = state->history_count > MC_ROLLOUT_HISTORY ? state->history_count - MC_ROLLOUT_HISTORY : 0;
    for (uint32_t i = first; i < state->history_count; i++) {
        const struct mc_rollout_step *step = &state->history[i % MC_ROLLOUT_HISTORY];
        if (!step->is_check && index-- == 0) return step;
    }
    return NULL;
}

bool sim_run_canary_step(const struct sim_run *run, const struct sim_canary *canary, uint32_t index, struct sim_canary_step *step)
{
    const struct mc_rollout_state *state = run_rollout_state(run, canary);
    const struct mc_rollout_step *from = state ? change_at(state, index) : NULL;
    if (!from) return false;
    *step = (struct sim_canary_step){
        .at = from->at, .phase = mc_rollout_phase_text(from->phase), .weight = from->weight, .failed_checks = from->failed_checks};
    return true;
}
