/* One case: its plan from a sandbox of its own, then its world and its actors, slice by slice. */
#include "sim/lua/actors.h"
#include "sim/plan/units.h"
#include <stdio.h>

/* ---- the plan ---- */

static void apply_pki(struct sim_profile *profile, const struct sim_pki *pki)
{
    if (pki->has_ttl) profile->cert_ttl = pki->ttl;
    if (pki->has_leeway) profile->clock_leeway = pki->leeway;
    if (pki->has_renew) profile->renew_permille = pki->renew_permille;
    if (pki->has_jitter) profile->renew_jitter_permille = pki->jitter_permille;
}

static bool collect_loads(struct sim_reading *reading, struct sim_plan *plan)
{
    uint32_t count = 0;
    for (const struct sim_declared_load *item = reading->loads; item; item = item->next) count++;
    struct sim_load_spec *list = mc_arena_take(&reading->arena, (count + 1) * sizeof *list);
    if (!list) return false;
    plan->loads = list;
    plan->load_count = count;
    for (const struct sim_declared_load *item = reading->loads; item; item = item->next) *list++ = item->spec;
    return true;
}

static bool collect_canaries(struct sim_reading *reading, struct sim_plan *plan)
{
    uint32_t count = 0;
    for (const struct sim_declared_canary *item = reading->canaries; item; item = item->next) count++;
    struct sim_canary_spec *list = mc_arena_take(&reading->arena, (count + 1) * sizeof *list);
    if (!list) return false;
    plan->canaries = list;
    plan->canary_count = count;
    for (const struct sim_declared_canary *item = reading->canaries; item; item = item->next) *list++ = item->spec;
    return true;
}

static const struct sim_declared *find_declared(const struct sim_reading *reading, uint32_t number)
{
    const struct sim_declared *declared = reading->declared;
    while (declared && number--) declared = declared->next;
    return declared;
}

static void add_steady_option(struct sim_reading *reading, const struct sim_declared *declared)
{
    struct sim_steady *item = mc_arena_take_zero(&reading->arena, sizeof *item);
    if (!item) return;
    *item = (struct sim_steady){.name = MC_STR("steady state"), .function = declared->steady, .source = declared->source};
    *reading->steady_end = item;
    reading->steady_end = &item->next;
}

static int push_object(lua_State *L)
{
    sim_declare_push(L);
    return 1;
}

/* Calls the scenario's function with its object. */
static bool declare(struct sim_script_run *run, const struct sim_declared *declared, struct sim_error *error)
{
    struct sim_reading *reading = run->reading;
    lua_State *L = reading->L;
    reading->phase = SIM_READING_DECLARE;
    reading->now = declared;
    mc_sandbox_reseed(reading->sandbox, run->chosen->seed);
    if (declared->steady != LUA_NOREF) add_steady_option(reading, declared);
    lua_pushcfunction(L, push_object);
    if (lua_pcall(L, 0, 1, 0) != LUA_OK) return sim_error_set(error, declared->source, "out of memory");
    if (!sim_reading_call(reading, declared->body, 1, error)) return false;
    if (!collect_loads(reading, &run->plan) || !collect_canaries(reading, &run->plan)) return sim_error_set(error, declared->source, "out of memory");
    return true;
}

static bool plan_case(struct sim_script_run *run, const struct sim_case_key *key, struct sim_error *error)
{
    if (!sim_reading_read(run->reading, error)) return false;
    const struct sim_declared *declared = find_declared(run->reading, key->declared);
    if (!declared || key->profile >= declared->profile_count || !mc_str_eq(declared->name, run->chosen->scenario))
        return sim_error_set(error, run->chosen->source, "the file changed while it was read");
    run->plan = declared->plan;
    run->plan.profile = *declared->profiles[key->profile];
    apply_pki(&run->plan.profile, &declared->pki);
    return declare(run, declared, error);
}

struct sim_script_run *sim_script_run_new(const struct sim_script *script, uint32_t number, struct sim_error *error)
{
    struct mc_alloc alloc = script->options.alloc;
    const struct sim_case *chosen = sim_script_case(script, number);
    mc_assert(chosen);
    struct sim_script_run *run = mc_alloc_take(&alloc, sizeof *run);
    if (!run) {
        sim_error_set(error, chosen->source, "out of memory");
        return NULL;
    }
    *run = (struct sim_script_run){.script = script, .chosen = chosen};
    run->reading = sim_reading_new(script, run, error);
    if (run->reading && plan_case(run, &script->keys[number], error)) return run;
    sim_reading_settle(script, script->name.p, error);
    sim_script_run_free(run);
    return NULL;
}

void sim_script_run_free(struct sim_script_run *run)
{
    if (!run) return;
    struct mc_alloc alloc = run->script->options.alloc;
    if (run->reading) sim_reading_close(run->reading);
    sim_run_free(run->world);
    sim_reading_free(run->reading);
    mc_alloc_give(&alloc, run, sizeof *run);
}

const struct sim_case *sim_script_run_case(const struct sim_script_run *run)
{
    return run->chosen;
}

const struct sim_plan *sim_script_run_plan(const struct sim_script_run *run)
{
    return &run->plan;
}

const struct sim_error *sim_script_run_error(const struct sim_script_run *run)
{
    return run->broken ? &run->error : NULL;
}

bool sim_script_run_vary(struct sim_script_run *run, const struct sim_variation *variation, struct sim_error *error)
{
    mc_assert(!run->world);
    run->variation = variation;
    return sim_vary(&run->plan, variation) || sim_error_set(error, run->plan.source, "out of memory");
}

struct sim_run *sim_script_run_world(const struct sim_script_run *run)
{
    return run->world;
}

/* ---- the run ---- */

static bool begin_phases(struct sim_script_run *run, struct sim_error *error)
{
    for (const struct sim_declared_phase *phase = run->reading->phases; phase; phase = phase->next)
        if (!sim_run_phase(run->world, phase->name, phase->from, phase->to, error)) return false;
    return true;
}

/* Protected, as it may raise: tasks other than the method. */
static int begin_tasks(lua_State *L)
{
    struct sim_script_run *run = lua_touserdata(L, 1);
    for (const struct sim_declared_task *task = run->reading->tasks; task; task = task->next)
        if (task->kind != SIM_TASK_METHOD) sim_actor_task(L, run, task);
    return 0;
}

void sim_actors_begin_method(struct sim_script_run *run)
{
    for (const struct sim_declared_task *task = run->reading->tasks; task; task = task->next) {
        if (task->kind != SIM_TASK_METHOD) continue;
        struct sim_actor *actor = sim_actor_new(run, SIM_TASK_METHOD, task->function);
        if (!actor) {
            sim_run_stop(run->world, SIM_STOP_MEMORY);
            return;
        }
        run->method_began = true;
        sim_run_call_at(run->world, sim_run_now(run->world), &actor->call);
    }
}

static bool begin(struct sim_script_run *run, struct sim_error *error)
{
    lua_State *L = run->reading->L;
    run->world = sim_run_new(&run->plan, &run->options, error);
    if (!run->world) return false;
    run->reading->phase = SIM_READING_LIVE;
    sim_run_start(run->world);
    if (!begin_phases(run, error)) return false;
    lua_pushcfunction(L, begin_tasks);
    lua_pushlightuserdata(L, run);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
        sim_reading_error(run->reading, lua_tostring(L, -1), error);
        lua_pop(L, 1);
        return false;
    }
    sim_steady_begin(run);
    return true;
}

bool sim_script_run_start(struct sim_script_run *run, const struct sim_run_options *options, struct sim_error *error)
{
    mc_assert(!run->world);
    run->options = *options;
    run->options.seed = run->chosen->seed;
    if (!run->options.alloc.take) run->options.alloc = run->script->options.alloc;
    if (begin(run, error)) return true;
    sim_reading_settle(run->script, run->script->name.p, error);
    return false;
}

enum sim_run_state sim_script_run_advance(struct sim_script_run *run, mc_ns until, uint64_t max_events)
{
    return sim_run_advance(run->world, until, max_events);
}

/* A method that time ran out on has not asked its last questions: what it would have found is not known. */
static void give_unfinished(struct sim_script_run *run, struct sim_source source, const char *how)
{
    char text[SIM_UNITS_TEXT], message[200];
    snprintf(message, sizeof message, "the run ended at %s %s: what follows was not asked", sim_print_duration(sim_run_now(run->world), text), how);
    sim_run_verdict(run->world, &(struct sim_verdict){
        .kind = SIM_VERDICT_TIMEOUT, .status = SIM_INCONCLUSIVE, .name = MC_STR("the script came to its end"),
        .message = mc_str_c(message), .source = source,
    });
}

static void tell_unfinished(struct sim_script_run *run)
{
    if (run->stopped || sim_run_stop_reason(run->world) != SIM_STOP_DURATION) return;
    for (const struct sim_actor *actor = run->actors; actor; actor = actor->next)
        if (!actor->done && actor->co && actor->every == 0)
            give_unfinished(run, sim_reading_place(run->reading, actor->co), "while the script was still waiting");
    if (run->reading->has_method && !run->method_began) give_unfinished(run, run->plan.source, "before the script's method began");
}

struct sim_outcome sim_script_run_finish(struct sim_script_run *run)
{
    tell_unfinished(run);
    sim_steady_finish(run);
    run->reading->phase = SIM_READING_OVER;
    run->stopped = true;
    return sim_run_finish(run->world);
}
