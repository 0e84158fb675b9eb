/* The scenario's object `s`: what its function declares, and what may also be asked for while it runs. */
#include "sim/lua/actors.h"
#include "sim/lua/topology.h"

static const char *const scenario_type = "scenario";

#define APPEND(reading, list, item) (*(reading)->list##_end = (item), (reading)->list##_end = &(item)->next)

/* True while declaring, false while running; raises otherwise. */
static bool declaring(lua_State *L, struct sim_reading **reading, const char *what)
{
    *reading = sim_reading_of(L);
    luaL_checkudata(L, 1, scenario_type);
    if ((*reading)->phase == SIM_READING_DECLARE) return true;
    if ((*reading)->phase != SIM_READING_LIVE) luaL_error(L, "%s: the run is over", what);
    return false;
}

static const struct sim_service *find_service(const struct sim_topology *topology, struct mc_str name, const char **nearest)
{
    unsigned best = (unsigned)name.n / 3 + 2;
    *nearest = NULL;
    for (uint32_t i = 0; i < topology->service_count; i++) {
        const struct sim_service *service = &topology->services[i];
        unsigned distance = mc_str_distance(name, service->name);
        if (distance < best) {
            best = distance;
            *nearest = service->name.p;
        }
        if (mc_str_eq(name, service->name)) return service;
    }
    return NULL;
}

static const struct sim_service *need_service(lua_State *L, const struct sim_reading *reading, const char *what, const char *key, struct mc_str name)
{
    const char *nearest;
    const struct sim_service *service = find_service(&reading->now->plan.topology, name, &nearest);
    if (!service && nearest) sim_schema_error(L, what, key, "there is no service \"%s\": did you mean \"%s\"?", name.p, nearest);
    if (!service) sim_schema_error(L, what, key, "there is no service \"%s\"", name.p);
    return service;
}

/* ---- load ---- */

static int load(lua_State *L)
{
    struct sim_reading *reading;
    bool early = declaring(L, &reading, "load");
    struct sim_declared_load *item = sim_schema_take(L, &reading->arena, sizeof *item);
    sim_read_load(L, 2, &reading->arena, &item->spec);
    need_service(L, reading, "load", "to", item->spec.to);
    const char *nearest;
    if (find_service(&reading->now->plan.topology, item->spec.name, &nearest))
        return sim_schema_error(L, "load", "name", "\"%s\" is a service: give the load another name", item->spec.name.p);
    for (const struct sim_declared_load *other = reading->loads; other; other = other->next)
        if (mc_str_eq(other->spec.name, item->spec.name)) return sim_schema_error(L, "load", "name", "there is a load \"%s\" already", item->spec.name.p);
    if (!early) {
        struct sim_error error = {0};
        if (!sim_run_load(sim_script_run_world(reading->run), &item->spec, &error)) return sim_reading_raise(L, &error);
    }
    APPEND(reading, loads, item);
    sim_handle_load(L, item->spec.name);
    return 1;
}

/* ---- rollouts ---- */

static void need_version(lua_State *L, const struct sim_service *service, const char *key, struct mc_str name)
{
    const char *nearest = NULL;
    unsigned best = (unsigned)name.n / 3 + 2;
    for (uint32_t i = 0; i < service->version_count; i++) {
        unsigned distance = mc_str_distance(name, service->versions[i].name);
        if (mc_str_eq(name, service->versions[i].name)) return;
        if (distance >= best) continue;
        best = distance;
        nearest = service->versions[i].name.p;
    }
    if (nearest) sim_schema_error(L, "canary", key, "\"%s\" has no version \"%s\": did you mean \"%s\"?", service->name.p, name.p, nearest);
    sim_schema_error(L, "canary", key, "\"%s\" has no version \"%s\"", service->name.p, name.p);
}

static int canary(lua_State *L)
{
    struct sim_reading *reading;
    bool early = declaring(L, &reading, "canary");
    struct sim_declared_canary *item = sim_schema_take(L, &reading->arena, sizeof *item);
    sim_read_canary(L, 2, &reading->arena, &item->spec);
    const struct sim_service *service = need_service(L, reading, "canary", "target", item->spec.target);
    need_version(L, service, "from", item->spec.from);
    need_version(L, service, "to", item->spec.to);
    if (!early) {
        struct sim_error error = {0};
        if (!sim_run_canary(sim_script_run_world(reading->run), &item->spec, &error)) return sim_actor_refuse(L, &error);
    }
    APPEND(reading, canaries, item);
    sim_handle_canary(L, item->spec.target);
    return 1;
}

/* ---- time ---- */

/* s:phase(name[, from[, to]]) */
static int phase(lua_State *L)
{
    struct sim_reading *reading;
    struct sim_error error = {0};
    bool early = declaring(L, &reading, "phase");
    struct sim_declared_phase item = {.name = sim_schema_text(L, 2, &reading->arena, "phase", "name"), .to = MC_NEVER};
    if (!early) item.from = sim_run_now(sim_script_run_world(reading->run));
    if (!lua_isnoneornil(L, 3)) item.from = sim_schema_duration(L, 3, "phase", "from");
    if (!lua_isnoneornil(L, 4)) item.to = sim_schema_duration(L, 4, "phase", "to");
    if (item.to <= item.from) return sim_schema_error(L, "phase", "to", "not after 'from'");
    if (!early) {
        if (!sim_run_phase(sim_script_run_world(reading->run), item.name, item.from, item.to, &error)) return sim_reading_raise(L, &error);
        return 0;
    }
    struct sim_declared_phase *kept = sim_schema_take(L, &reading->arena, sizeof *kept);
    *kept = item;
    APPEND(reading, phases, kept);
    return 0;
}

static struct sim_declared_task *new_task(lua_State *L, struct sim_reading *reading, enum sim_task_kind kind, int function)
{
    struct sim_declared_task *task = sim_schema_take(L, &reading->arena, sizeof *task);
    luaL_checktype(L, function, LUA_TFUNCTION);
    *task = (struct sim_declared_task){.kind = kind, .source = sim_lua_source(L, &reading->arena)};
    lua_pushvalue(L, function);
    task->function = luaL_ref(L, LUA_REGISTRYINDEX);
    return task;
}

static int task(lua_State *L, enum sim_task_kind kind, const char *what)
{
    struct sim_reading *reading;
    bool early = declaring(L, &reading, what);
    mc_ns at = sim_schema_duration(L, 2, what, "time");
    if (at < (kind == SIM_TASK_EVERY ? MC_MS : 0)) return sim_schema_error(L, what, "time", kind == SIM_TASK_EVERY ? "at least 1ms" : "not before the start");
    struct sim_declared_task *item = new_task(L, reading, kind, 3);
    item->at = at;
    if (early) APPEND(reading, tasks, item);
    else sim_actor_task(L, reading->run, item);
    return 0;
}

/* s:at(instant, function) */
static int at_instant(lua_State *L)
{
    return task(L, SIM_TASK_AT, "at");
}

/* s:every(duration, function) */
static int every(lua_State *L)
{
    return task(L, SIM_TASK_EVERY, "every");
}

/* s:run(function): the method, once. It begins when the warm-up is over. */
static int run(lua_State *L)
{
    struct sim_reading *reading;
    if (!declaring(L, &reading, "run")) return luaL_error(L, "run: the scenario runs already");
    if (reading->has_method) return luaL_error(L, "run: a scenario has one method: there is another s:run above");
    struct sim_declared_task *item = new_task(L, reading, SIM_TASK_METHOD, 2);
    item->at = reading->now->plan.warm_up;
    reading->has_method = true;
    APPEND(reading, tasks, item);
    return 0;
}

/* s:steady_state([name,] function) */
static int steady_state(lua_State *L)
{
    struct sim_reading *reading;
    if (!declaring(L, &reading, "steady_state")) return luaL_error(L, "steady_state: declare it before s:run");
    bool named = !lua_isfunction(L, 2);
    struct sim_steady *item = sim_schema_take(L, &reading->arena, sizeof *item);
    item->name = named ? sim_schema_text(L, 2, &reading->arena, "steady_state", "name") : MC_STR("steady state");
    luaL_checktype(L, named ? 3 : 2, LUA_TFUNCTION);
    item->source = sim_lua_source(L, &reading->arena);
    lua_pushvalue(L, named ? 3 : 2);
    item->function = luaL_ref(L, LUA_REGISTRYINDEX);
    APPEND(reading, steady, item);
    return 0;
}

/* ---- what it knows of itself ---- */

static bool profile_name(lua_State *L)
{
    const struct sim_plan *plan = sim_script_run_plan(sim_reading_of(L)->run);
    lua_pushlstring(L, plan->profile.name.p, plan->profile.name.n);
    return true;
}

static bool scenario_name(lua_State *L)
{
    const struct sim_plan *plan = sim_script_run_plan(sim_reading_of(L)->run);
    lua_pushlstring(L, plan->scenario.p, plan->scenario.n);
    return true;
}

static bool run_duration(lua_State *L)
{
    sim_duration_push(L, sim_script_run_plan(sim_reading_of(L)->run)->duration);
    return true;
}

static bool run_seed(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)sim_script_run_case(sim_reading_of(L)->run)->seed);
    return true;
}

const struct sim_member sim_scenario_members[] = {
    {"load", load, NULL},
    {"canary", canary, NULL},
    {"phase", phase, NULL},
    {"at", at_instant, NULL},
    {"every", every, NULL},
    {"run", run, NULL},
    {"steady_state", steady_state, NULL},
    {"scale", sim_platform_scale, NULL},
    {"rollout", sim_platform_rollout, NULL},
    {"drain", sim_platform_drain, NULL},
    {"uncordon", sim_platform_uncordon, NULL},
    {"workload", sim_platform_workload, NULL},
    {"profile", NULL, profile_name},
    {"name", NULL, scenario_name},
    {"duration", NULL, run_duration},
    {"seed", NULL, run_seed},
    {NULL, NULL, NULL},
};

void sim_declare_push(lua_State *L)
{
    lua_newuserdatauv(L, 1, 0);
    luaL_setmetatable(L, scenario_type);
}

void sim_declare_open(lua_State *L)
{
    luaL_newmetatable(L, scenario_type);
    sim_members_set(L, "the scenario", sim_scenario_members);
    lua_pop(L, 1);
}
