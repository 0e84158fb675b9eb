#include "sim/run/parts.h"
#include <stdlib.h>

/* 2024-01-01T00:00:00Z: a fixed wall clock, so that dates in a run are the same every day. */
#define DEFAULT_EPOCH ((mc_ns)1704067200 * MC_S)

/* ---- memory ---- */

static void *libc_take(void *self, size_t size)
{
    (void)self;
    return malloc(size);
}

static void libc_give(void *self, void *block, size_t size)
{
    (void)self, (void)size;
    free(block);
}

static void *filled_take(void *self, size_t size)
{
    struct sim_run *run = self;
    void *block = mc_alloc_take(&run->options.alloc, size);
    if (block) memset(block, run->options.fill & 0xff, size);
    return block;
}

static void filled_give(void *self, void *block, size_t size)
{
    struct sim_run *run = self;
    memset(block, run->options.fill & 0xff, size);
    mc_alloc_give(&run->options.alloc, block, size);
}

static struct mc_alloc memory_of(struct sim_run *run)
{
    if (!run->options.fill) return run->options.alloc;
    return (struct mc_alloc){.self = run, .take = filled_take, .give = filled_give};
}

/* ---- life ---- */

static void init_maps(struct sim_run *run)
{
    struct mc_alloc pool = mc_pool_as_alloc(&run->realm.pool);
    mc_map_init(&run->pod_of_addr, pool);
    mc_map_init(&run->pod_of_identity, pool);
    mc_map_init(&run->streams, pool);
    mc_map_init(&run->serials, pool);
    mc_list_init(&run->loads);
    mc_list_init(&run->canaries);
}

static bool init_parts(struct sim_run *run)
{
    const struct sim_plan *plan = run->plan;
    struct mc_alloc pool = mc_pool_as_alloc(&run->realm.pool);
    struct sim_world_options world = {.realm = &run->realm,
                                      .epoch = run->options.epoch,
                                      .shuffle = run->options.shuffle,
                                      .kernel = &plan->kernel,
                                      .paths = &plan->topology};
    run->world = sim_world_new(&world);
    run->check = sim_check_new(plan, run->options.epoch, memory_of(run));
    run->thresholds = mc_arena_take_zero(&run->arena, sizeof *run->thresholds * (plan->threshold_count + 1));
    if (!run->world || !run->check || !run->thresholds) return false;
    sim_series_init(&run->series, run->check, run->options.sink, plan->window ? plan->window : MC_S, pool);
    sim_picture_init(&run->picture, run->check, plan->duration);
    run->targets.type = &run_targets_type;
    struct sim_faults_options faults = {.world = run->world,
                                        .targets = &run->targets,
                                        .plan = plan,
                                        .disabled = run->options.disabled_faults,
                                        .disabled_count = run->options.disabled_fault_count,
                                        .alloc = pool};
    run->faults = sim_faults_new(&faults);
    return run->faults && run_choose_invariants(run);
}

static const char *handshake_names[] = {
#define X(name, text) text,
    MC_TLS_RESULTS(X)
#undef X
};

struct sim_run *sim_run_new(const struct sim_plan *plan, const struct sim_run_options *options, struct sim_error *error)
{
    if (!sim_run_check(plan, error)) return NULL;
    struct mc_alloc alloc = options->alloc.take ? options->alloc : (struct mc_alloc){.take = libc_take, .give = libc_give};
    struct sim_run *run = mc_alloc_take(&alloc, sizeof *run);
    if (!run) {
        sim_error_set(error, plan->source, "out of memory");
        return NULL;
    }
    memset(run, 0, sizeof *run);
    run->plan = plan;
    run->options = *options;
    run->options.alloc = alloc;
    if (!run->options.epoch) run->options.epoch = DEFAULT_EPOCH;
    run->push_took = MC_NEVER;
    mc_realm_init(&run->realm, memory_of(run), options->seed);
    run->realm.trace = (struct mc_trace_sink){.self = run, .record = run_trace, .spans = options->follow_hi || options->follow_lo};
    run->observer.type = &run_observer_type;
    mc_arena_init(&run->arena, &run->realm.pool, 0);
    init_maps(run);
    sim_verdicts_init(&run->verdicts, memory_of(run));
    if (init_parts(run)) {
        sim_check_handshake_names(run->check, handshake_names, MC_COUNT_OF(handshake_names));
        if (run_build(run) && run_add_plan_loads(run, error) && run_add_plan_canaries(run, error)) return run;
    }
    if (!error->text[0]) sim_error_set(error, plan->source, "out of memory");
    sim_run_free(run);
    return NULL;
}

void sim_run_free(struct sim_run *run)
{
    if (!run) return;
    struct mc_alloc alloc = run->options.alloc;
    run->realm.trace.record = NULL;
    sim_faults_free(run->faults);
    if (run->picture.check) {
        sim_series_fini(&run->series);
        sim_picture_fini(&run->picture);
    }
    run_platform_free(run);
    sim_pods_free(run->platform);
    run_pods_free(run);
    run_free_loads(run);
    run_mesh_free(run);
    sim_world_free(run->world);
    sim_check_free(run->check);
    sim_verdicts_fini(&run->verdicts);
    mc_map_fini(&run->pod_of_addr);
    mc_map_fini(&run->pod_of_identity);
    mc_map_fini(&run->streams);
    mc_map_fini(&run->serials);
    mc_arena_fini(&run->arena);
    mc_realm_fini(&run->realm);
    mc_alloc_give(&alloc, run, sizeof *run);
}

/* ---- time ---- */

void sim_run_start(struct sim_run *run)
{
    mc_assert(run->state == SIM_RUN_READY);
    run->state = SIM_RUN_GOING;
    struct sim_sink *sink = run->options.sink;
    struct sim_sink_run told = {.plan = run->plan, .seed = run->options.seed, .epoch = run->options.epoch};
    if (sink && sink->type->started) sink->type->started(sink, &told);
    run_platform_begin(run);
    if (run->refusal.text[0]) sim_run_refuse(run, &run->refusal);
}

void sim_run_stop(struct sim_run *run, enum sim_stop_reason reason)
{
    if (run->state != SIM_RUN_GOING) return;
    run->state = SIM_RUN_STOPPED;
    run->stop = reason;
    sim_engine_halt(sim_world_engine(run->world));
}

void sim_run_refuse(struct sim_run *run, const struct sim_error *error)
{
    struct sim_verdict verdict = {.kind = SIM_VERDICT_CHECK,
                                  .status = SIM_INCONCLUSIVE,
                                  .name = MC_STR("the profile has what the scenario needs"),
                                  .at = run->now,
                                  .message = mc_str_c(error->text),
                                  .source = error->source};
    run_tell_verdict(run, &verdict);
    sim_run_stop(run, SIM_STOP_REFUSED);
}

static void settle(struct sim_run *run)
{
    run->now = sim_world_now(run->world);
    sim_check_at(run->check, run->now);
    if (sim_series_due(&run->series, run->now)) run_look_at_containers(run);
    sim_series_tick(&run->series, run->now);
    if (run->out_of_memory || sim_check_refused(run->check)) sim_run_stop(run, SIM_STOP_MEMORY);
}

/* The world is taken from one window's end to the next, so that windows are told of and thresholds
 * judged at the same instants however the caller slices time. */
static mc_ns next_window(const struct sim_run *run)
{
    mc_ns window = run->plan->window ? run->plan->window : MC_S;
    return (run->now / window + 1) * window;
}

static void go(struct sim_run *run, mc_ns until, uint64_t max_events)
{
    uint64_t first = sim_run_events(run);
    uint64_t bound = run->options.events_max;
    while (run->state == SIM_RUN_GOING && run->now <= until) {
        mc_ns to = mc_ns_min(until, next_window(run));
        uint64_t left = max_events ? max_events - (sim_run_events(run) - first) : 0;
        if (bound && (!left || bound - sim_run_events(run) < left)) left = bound - sim_run_events(run);
        mc_ns before = run->now; /* events move it, too */
        enum sim_engine_stop stop = sim_world_run(run->world, to, left);
        bool whole = before / MC_S != sim_world_now(run->world) / MC_S;
        settle(run);
        if (stop == SIM_ENGINE_FLOODED) sim_run_stop(run, SIM_STOP_BUDGET);
        if (stop == SIM_ENGINE_MEMORY) sim_run_stop(run, SIM_STOP_MEMORY);
        if (bound && sim_run_events(run) >= bound) sim_run_stop(run, SIM_STOP_BUDGET);
        if (whole && run->state == SIM_RUN_GOING) run_judge_now(run);
        if (stop == SIM_ENGINE_EVENTS || to == until) break;
    }
}

enum sim_run_state sim_run_advance(struct sim_run *run, mc_ns until, uint64_t max_events)
{
    if (run->state != SIM_RUN_GOING) return run->state;
    go(run, mc_ns_min(until, run->plan->duration), max_events);
    if (run->state == SIM_RUN_GOING && run->now >= run->plan->duration && sim_engine_next(sim_world_engine(run->world)) > run->now)
        sim_run_stop(run, SIM_STOP_DURATION);
    return run->state;
}

struct sim_outcome sim_run_finish(struct sim_run *run)
{
    mc_assert(run->state == SIM_RUN_GOING || run->state == SIM_RUN_STOPPED);
    if (run->state == SIM_RUN_GOING) sim_run_stop(run, SIM_STOP_CALLER);
    sim_faults_clear_all(run->faults);
    settle(run);
    if (run->options.sink) run_look_at_containers(run);
    if (run->stop != SIM_STOP_REFUSED) run_judge_end(run);
    sim_series_end(&run->series, run->now);
    struct sim_outcome outcome = {.status = sim_verdicts_overall(&run->verdicts),
                                  .stop = run->stop,
                                  .sim_ns = run->now,
                                  .events = sim_run_events(run),
                                  .trace_hash = sim_run_hash_so_far(run)};
    bool cut = run->stop == SIM_STOP_BUDGET || run->stop == SIM_STOP_MEMORY || run->stop == SIM_STOP_CALLER;
    if (cut && outcome.status == SIM_PASS) outcome.status = SIM_INCONCLUSIVE;
    static const char *const words[] = {[SIM_PASS] = "passed", [SIM_FAIL] = "failed", [SIM_INCONCLUSIVE] = "inconclusive"};
    struct sim_sink *sink = run->options.sink;
    struct sim_sink_end end = {.status = run->stop == SIM_STOP_CALLER ? "interrupted" : words[outcome.status],
                               .sim_ns = outcome.sim_ns,
                               .events = outcome.events,
                               .trace_hash = outcome.trace_hash,
                               .sampled = run->sampled,
                               .unsampled = run->unsampled};
    if (sink && sink->type->ended) sink->type->ended(sink, &end);
    run->state = SIM_RUN_DONE;
    return outcome;
}

/* ---- looking ---- */

enum sim_run_state sim_run_state(const struct sim_run *run)
{
    return run->state;
}

enum sim_stop_reason sim_run_stop_reason(const struct sim_run *run)
{
    return run->stop;
}

const char *sim_stop_reason_text(enum sim_stop_reason reason)
{
    static const char *const texts[] = {
        [SIM_STOP_NONE] = "not stopped",         [SIM_STOP_DURATION] = "its duration is over", [SIM_STOP_THRESHOLD] = "a threshold was crossed",
        [SIM_STOP_ASSERT] = "an assert failed",  [SIM_STOP_BUDGET] = "too many events",        [SIM_STOP_MEMORY] = "out of memory",
        [SIM_STOP_CALLER] = "interrupted",       [SIM_STOP_REFUSED] = "the profile cannot do it"};
    return texts[reason];
}

mc_ns sim_run_now(const struct sim_run *run)
{
    return run->now;
}

uint64_t sim_run_events(const struct sim_run *run)
{
    return sim_world_events(run->world);
}

/* The world's events and the verdicts reached. */
uint64_t sim_run_hash_so_far(const struct sim_run *run)
{
    struct mc_digest digest = {.value = sim_world_digest(run->world), .count = sim_world_events(run->world)};
    sim_verdicts_digest(&run->verdicts, &digest);
    return digest.value;
}

const struct sim_plan *sim_run_plan(const struct sim_run *run)
{
    return run->plan;
}

struct sim_check *sim_run_questions(struct sim_run *run)
{
    sim_check_at(run->check, run->now);
    return run->check;
}

const struct sim_verdicts *sim_run_verdicts(const struct sim_run *run)
{
    return &run->verdicts;
}

mc_ns sim_run_look(struct sim_run *run)
{
    sim_check_cut(run->check, run->now, false);
    return run->now;
}

/* ---- telling ---- */

bool sim_run_phase(struct sim_run *run, struct mc_str name, mc_ns from, mc_ns to, struct sim_error *error)
{
    if (!name.n || to <= from) return sim_error_set(error, run->plan->source, "phase \"%.*s\": it ends before it begins", MC_STR_ARG(name));
    if (!sim_check_phase(run->check, run_copy(run, name), from, to)) return sim_error_set(error, run->plan->source, "out of memory");
    run_event(run, "phase", SIM_INFO, name, "phase %.*s", MC_STR_ARG(name));
    return true;
}

void sim_run_note(struct sim_run *run, mc_ns at, struct mc_str text)
{
    (void)at;
    run_event(run, "note", SIM_INFO, MC_STR(""), "%.*s", MC_STR_ARG(text));
}

void sim_run_log(struct sim_run *run, struct mc_str text)
{
    run_event(run, "log", SIM_INFO, MC_STR(""), "%.*s", MC_STR_ARG(text));
}

void sim_run_verdict(struct sim_run *run, const struct sim_verdict *verdict)
{
    struct sim_verdict told = *verdict;
    if (!told.at) told.at = run->now;
    run_tell_verdict(run, &told);
}

bool sim_run_record(struct sim_run *run, struct mc_str metric, int64_t value, struct mc_str unit, struct sim_error *error)
{
    struct mc_str name, tags;
    if (!sim_metric_split(metric, &name, &tags)) return sim_error_set(error, run->plan->source, "record: \"%.*s\" is not a metric", MC_STR_ARG(metric));
    const struct sim_metric_doc *doc = sim_metric_find(name);
    if (!doc || doc->source != SIM_METRIC_RECORDED)
        return sim_error_set(error, run->plan->source, "record: \"%.*s\" is measured, not recorded; a script's own are \"custom.<name>\"",
                             MC_STR_ARG(name));
    sim_check_record(run->check, name, tags, value, unit);
    return true;
}

bool sim_run_metric(struct sim_run *run, struct mc_str metric, int64_t *value, struct sim_error *error)
{
    struct sim_threshold threshold = {.source = run->plan->source};
    struct sim_threshold_state state = {0};
    error->text[0] = 0;
    if (!sim_threshold_metric_read(metric, &threshold, error) || !sim_threshold_check(run->check, &threshold, error)) return false;
    run_look_for(run, &threshold);
    sim_threshold_judge(run->check, &threshold, 1, &state);
    *value = state.value;
    return state.known;
}
