/* fault.KIND { … }: one binding for every kind of the catalogue, and the handle of a fault. */
#include "sim/lua/actors.h"
#include "sim/lua/figures.h"
#include "sim/lua/selectors.h"
#include "sim/lua/topology_parts.h"
#include "sim/plan/units.h"

enum { ARGUMENTS_MAX = 32 };

static const char *const fault_type = "fault";

static struct sim_fault *fault_at(lua_State *L, int index)
{
    return *(struct sim_fault **)luaL_checkudata(L, index, fault_type);
}

/* ---- arguments, by the catalogue ---- */

static const struct sim_parameter *find_parameter(const struct sim_fault_type *type, const char *name)
{
    for (uint32_t i = 0; i < type->parameter_count; i++)
        if (!strcmp(type->parameters[i].name, name)) return &type->parameters[i];
    for (uint32_t i = 0; i < sim_fault_common_count; i++)
        if (!strcmp(sim_fault_common[i].name, name)) return &sim_fault_common[i];
    return NULL;
}

static const char *nearer(const char *name, const struct sim_parameter *list, uint32_t count, const char *nearest)
{
    const char *found = sim_nearest(mc_str_c(name), list, sizeof *list, count);
    if (!found || !nearest) return found ? found : nearest;
    return mc_str_distance(mc_str_c(name), mc_str_c(found)) < mc_str_distance(mc_str_c(name), mc_str_c(nearest)) ? found : nearest;
}

static int unknown_parameter(lua_State *L, const char *what, const struct sim_fault_type *type, const char *name)
{
    const char *nearest = nearer(name, type->parameters, type->parameter_count, NULL);
    nearest = nearer(name, sim_fault_common, sim_fault_common_count, nearest);
    if (nearest) return luaL_error(L, "%s: '%s' is not known: did you mean '%s'?", what, name, nearest);
    return luaL_error(L, "%s: '%s' is not known", what, name);
}

static int64_t read_offset(lua_State *L, const char *what, const char *key)
{
    size_t n;
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &n) : NULL;
    if (!text || n < 2 || (text[0] != '-' && text[0] != '+')) return sim_schema_duration(L, -1, what, key);
    bool negative = text[0] == '-';
    lua_pushlstring(L, text + 1, n - 1);
    mc_ns value = sim_schema_duration(L, -1, what, key);
    lua_pop(L, 1);
    return negative ? -value : value;
}

static int64_t read_number(lua_State *L, const char *what, const char *key, bool whole)
{
    lua_Number value = lua_tonumber(L, -1);
    if (lua_type(L, -1) != LUA_TNUMBER || !(value >= 0 && value < 1e9) || (whole && !lua_isinteger(L, -1)))
        sim_schema_error(L, what, key, "a %s from 0 is expected, not %s", whole ? "whole number" : "number", mc_sandbox_text(L, -1));
    return whole ? (int64_t)value : (int64_t)(value * 1000 + 0.5);
}

static int64_t read_rate(lua_State *L, const char *what, const char *key)
{
    char why[SIM_UNITS_WHY];
    uint64_t rate = 0;
    size_t n = 0;
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &n) : NULL;
    if (!text) sim_schema_error(L, what, key, "a rate is expected, such as \"1Mbps\", not %s", mc_sandbox_text(L, -1));
    if (!sim_read_bit_rate(mc_str(text, n), &rate, why)) sim_schema_error(L, what, key, "%s", why);
    return (int64_t)rate;
}

/* The value on the stack's top. */
static struct sim_argument read_argument(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_parameter *parameter)
{
    const char *key = parameter->name;
    struct sim_argument argument = {.name = mc_str_c(key), .type = parameter->type, .text = MC_STR("")};
    switch (parameter->type) {
    case SIM_PARAM_DURATION: argument.number = sim_schema_duration(L, -1, what, key); break;
    case SIM_PARAM_SHARE: argument.number = sim_schema_share(L, -1, what, key); break;
    case SIM_PARAM_COUNT:
    case SIM_PARAM_STATUS: argument.number = read_number(L, what, key, true); break;
    case SIM_PARAM_FACTOR: argument.number = read_number(L, what, key, false); break;
    case SIM_PARAM_TEXT:
    case SIM_PARAM_CHOICE: argument.text = sim_schema_text(L, -1, arena, what, key); break;
    case SIM_PARAM_SELECTOR: argument.selector_count = sim_selectors_read(L, -1, arena, what, key, &argument.selectors); break;
    case SIM_PARAM_OFFSET: argument.number = read_offset(L, what, key); break;
    case SIM_PARAM_RATE: argument.number = read_rate(L, what, key); break;
    case SIM_PARAM_CPU: argument.number = sim_cpu_quantity(L, what, key); break;
    case SIM_PARAM_SIZE: argument.number = (int64_t)sim_memory_quantity(L, what, key); break;
    case SIM_PARAM_FAULT: break; /* read before */
    }
    return argument;
}

static void read_arguments(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_fault_type *type, struct sim_fault_spec *spec)
{
    struct sim_argument *list = sim_schema_take(L, arena, ARGUMENTS_MAX * sizeof *list);
    int base = lua_gettop(L);
    mc_sandbox_push_sorted_keys(L, 1);
    for (lua_Integer i = 1; lua_geti(L, base + 1, i) != LUA_TNIL; i++) {
        const char *name = mc_sandbox_text(L, -1);
        lua_pushvalue(L, -2);
        lua_gettable(L, 1);
        if (!strcmp(name, "after")) {
            if (!luaL_testudata(L, -1, fault_type)) sim_schema_error(L, what, name, "a fault is expected, not a %s", luaL_typename(L, -1));
            spec->after = fault_at(L, -1);
        } else {
            const struct sim_parameter *parameter = find_parameter(type, name);
            if (!parameter) unknown_parameter(L, what, type, name);
            if (spec->argument_count == ARGUMENTS_MAX) luaL_error(L, "%s: too many arguments", what);
            list[spec->argument_count++] = read_argument(L, arena, what, parameter);
        }
        lua_settop(L, base + 1);
    }
    lua_settop(L, base);
    spec->arguments = list;
}

/* Upvalue: the kind. */
static int inject(lua_State *L)
{
    const struct sim_fault_type *type = lua_touserdata(L, lua_upvalueindex(1));
    struct sim_reading *reading = sim_reading_of(L);
    struct sim_error error = {0};
    luaL_checkstack(L, 20, "too deep");
    lua_settop(L, 1);
    const char *what = lua_pushfstring(L, "fault.%s", type->name);
    if (lua_isnil(L, 1)) {
        lua_newtable(L);
        lua_replace(L, 1);
    }
    if (!lua_istable(L, 1)) return luaL_error(L, "%s: a table is expected, not a %s", what, luaL_typename(L, 1));
    struct mc_arena *scratch = sim_reading_scratch(reading);
    struct sim_fault_spec spec = {.kind = mc_str_c(type->name)};
    read_arguments(L, scratch, what, type, &spec);
    spec.source = sim_lua_source(L, &reading->arena);
    if (!sim_fault_check(&spec, &error)) return sim_reading_raise(L, &error);
    struct sim_run *world = sim_live_world(L, what);
    struct sim_fault *fault = sim_run_fault(world, &spec, &error);
    if (!fault) return sim_actor_refuse(L, &error);
    *(struct sim_fault **)lua_newuserdatauv(L, sizeof fault, 0) = fault;
    luaL_setmetatable(L, fault_type);
    return 1;
}

static int index_faults(lua_State *L)
{
    size_t n;
    const char *name = luaL_tolstring(L, 2, &n), *nearest = NULL;
    const struct sim_fault_type *type = sim_fault_type_find(mc_str(name, n));
    if (type) {
        lua_pushlightuserdata(L, (void *)(uintptr_t)type);
        lua_pushcclosure(L, inject, 1);
        return 1;
    }
    unsigned best = (unsigned)n / 3 + 2;
    for (uint32_t i = 0; sim_fault_types[i]; i++) {
        unsigned distance = mc_str_distance(mc_str(name, n), mc_str_c(sim_fault_types[i]->name));
        if (distance >= best) continue;
        best = distance;
        nearest = sim_fault_types[i]->name;
    }
    if (nearest) return luaL_error(L, "fault.%s is not known: did you mean 'fault.%s'?", name, nearest);
    return luaL_error(L, "fault.%s is not known: `squall list faults` names them", name);
}

/* ---- the handle ---- */

static int clear(lua_State *L)
{
    struct sim_run *world = sim_live_world(L, "clear");
    sim_run_fault_clear(world, fault_at(L, 1));
    return 0;
}

static int affected(lua_State *L)
{
    struct sim_touched touched = sim_fault_affected(fault_at(L, 1));
    lua_createtable(L, 0, 3);
    lua_pushinteger(L, (lua_Integer)touched.packets);
    lua_setfield(L, -2, "packets");
    lua_pushinteger(L, (lua_Integer)touched.requests);
    lua_setfield(L, -2, "requests");
    lua_pushinteger(L, (lua_Integer)touched.connections);
    lua_setfield(L, -2, "connections");
    return 1;
}

/* Stack: the fault, the function or nil, the child or nil. */
static int during_ended(lua_State *L, int status, lua_KContext context)
{
    struct sim_actor *actor = sim_actor_waits(L, "during");
    struct sim_actor *child = lua_touserdata(L, 3);
    (void)status;
    if (context == 0) sim_run_fault_clear(actor->run->world, fault_at(L, 1));
    if (!child || child->done) return 0;
    child->waiter = actor;
    return lua_yieldk(L, 0, 1, during_ended);
}

/* fault:during(time[, function(fault) … end]): clears it so long after this call. The function runs
 * meanwhile; if it takes longer, it is waited for. */
static int during(lua_State *L)
{
    mc_ns time = sim_schema_duration(L, 2, "during", "time");
    struct sim_actor *actor = sim_actor_waits(L, "during"), *child = NULL;
    struct sim_run *world = actor->run->world;
    fault_at(L, 1);
    if (time < 0) return sim_schema_error(L, "during", "time", "cannot be less than nothing");
    lua_settop(L, 3);
    if (!lua_isnil(L, 3)) {
        luaL_checktype(L, 3, LUA_TFUNCTION);
        lua_pushvalue(L, 3);
        child = sim_actor_new(actor->run, SIM_TASK_AT, luaL_ref(L, LUA_REGISTRYINDEX));
        if (!child) return luaL_error(L, "during: more than %d things at once in one scenario", SIM_ACTORS_MAX);
        lua_pushvalue(L, 1);
        child->handle = luaL_ref(L, LUA_REGISTRYINDEX);
        sim_actor_wake_at(child, sim_run_now(world));
        lua_pushlightuserdata(L, child);
        lua_replace(L, 3);
    }
    sim_actor_wake_at(actor, mc_ns_add(sim_run_now(world), time));
    return lua_yieldk(L, 0, 0, during_ended);
}

static int cleared_yet(lua_State *L, int status, lua_KContext context)
{
    (void)status, (void)context;
    struct sim_actor *actor = sim_actor_waits(L, "wait_cleared");
    struct sim_fault *fault = fault_at(L, 1);
    mc_ns now = sim_run_now(actor->run->world), until = sim_fault_until(fault);
    if (sim_fault_state(fault) == SIM_FAULT_CLEARED) return 0;
    mc_ns next = (now / sim_grid + 1) * sim_grid;
    sim_actor_wake_at(actor, until > now && until < next ? until : next);
    return lua_yieldk(L, 0, 0, cleared_yet);
}

static int wait_cleared(lua_State *L)
{
    sim_actor_waits(L, "wait_cleared");
    lua_settop(L, 1);
    if (sim_fault_state(fault_at(L, 1)) == SIM_FAULT_ACTIVE && sim_fault_until(fault_at(L, 1)) == MC_NEVER)
        return luaL_error(L, "wait_cleared: '%s' has no duration: nothing will clear it", sim_fault_text(fault_at(L, 1)));
    return cleared_yet(L, LUA_OK, 0);
}

static bool started(lua_State *L)
{
    mc_ns at = sim_fault_started(fault_at(L, 1));
    if (at == MC_NEVER) return false;
    sim_duration_push(L, at);
    return true;
}

static bool cleared(lua_State *L)
{
    mc_ns at = sim_fault_cleared(fault_at(L, 1));
    if (at == MC_NEVER) return false;
    sim_duration_push(L, at);
    return true;
}

static bool kind(lua_State *L)
{
    lua_pushstring(L, sim_fault_kind(fault_at(L, 1))->name);
    return true;
}

static bool state(lua_State *L)
{
    static const char *const words[] = {"planned", "active", "cleared"};
    lua_pushstring(L, words[sim_fault_state(fault_at(L, 1))]);
    return true;
}

/* ---- effect ---- */

/* The same case without the fault, up to the instant of RUN. False: ERROR. */
static bool replay_without(struct sim_script_run *run, uint32_t number, struct mc_str metric, int64_t *value, struct sim_error *error)
{
    struct sim_script_run *other = sim_script_run_new(run->script, run->chosen->number, error);
    bool good = false;
    if (!other) return false;
    uint32_t count = run->options.disabled_fault_count;
    uint32_t *disabled = mc_arena_take(&other->reading->arena, (count + 1) * sizeof *disabled);
    if (disabled) {
        struct sim_run_options options = run->options;
        if (count) memcpy(disabled, options.disabled_faults, count * sizeof *disabled);
        disabled[count] = number;
        options.disabled_faults = disabled;
        options.disabled_fault_count = count + 1;
        options.sink = NULL;
        other->replaying = true;
        mc_ns now = sim_run_now(run->world);
        bool same = !run->variation || sim_script_run_vary(other, run->variation, error);
        if (same && sim_script_run_start(other, &options, error)) {
            sim_script_run_advance(other, now, 0);
            good = sim_run_metric(other->world, metric, value, error);
        }
    }
    sim_script_run_free(other);
    return good;
}

/* "request_duration{src:user} p(99)" is measured in what the catalogue says; false: it is no metric. */
static bool figure_kind(struct mc_str text, enum sim_figure_kind *kind)
{
    struct mc_str metric, tags;
    enum sim_aggregate aggregate;
    uint32_t quantile;
    size_t n = text.n;
    while (n && text.p[n - 1] != ' ') n--;
    if (!n || !sim_metric_split(mc_str_trim(mc_str(text.p, n)), &metric, &tags)) return false;
    const struct sim_metric_doc *doc = sim_metric_find(metric);
    if (!doc || !sim_aggregate_read(mc_str(text.p + n, text.n - n), &aggregate, &quantile)) return false;
    const char *unit = sim_metric_unit(doc, aggregate);
    *kind = !strcmp(unit, "ns") ? SIM_FIGURE_DURATION : !strcmp(unit, "ppm") ? SIM_FIGURE_SHARE : SIM_FIGURE_NUMBER;
    return true;
}

/* fault:effect("request_duration{src:user} p(99)"): by how much more that is with the fault than without */
static int effect(lua_State *L)
{
    struct sim_script_run *run = sim_reading_of(L)->run;
    struct sim_run *world = sim_live_world(L, "effect");
    struct sim_fault *fault = fault_at(L, 1);
    struct sim_error error = {0};
    size_t n;
    const char *text = luaL_checklstring(L, 2, &n);
    int64_t with = 0, without = 0;
    struct sim_answer answer = {0};
    bool known = sim_run_metric(world, mc_str(text, n), &with, &error);
    if (error.text[0]) return luaL_error(L, "effect: %s", error.text);
    if (known && !run->replaying) known = replay_without(run, sim_fault_number(fault), mc_str(text, n), &without, &error);
    if (error.text[0]) return sim_reading_raise(L, &error);
    if (!known || run->replaying || !figure_kind(mc_str(text, n), &answer.kind)) {
        sim_missing_push(L, text);
        return 1;
    }
    answer.value = with - without;
    answer.number = (double)(with - without) / 1000;
    sim_answer_push(L, &answer);
    return 1;
}

void sim_faults_open(lua_State *L)
{
    static const struct sim_member members[] = {
        {"during", during, NULL},   {"clear", clear, NULL},   {"wait_cleared", wait_cleared, NULL},
        {"affected", affected, NULL}, {"effect", effect, NULL}, {"started", NULL, started},
        {"cleared", NULL, cleared}, {"kind", NULL, kind},     {"state", NULL, state},
        {NULL, NULL, NULL},
    };
    luaL_newmetatable(L, fault_type);
    sim_members_set(L, "a fault", members);
    lua_pop(L, 1);
    lua_newuserdatauv(L, 0, 0);
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, index_faults);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_setglobal(L, "fault");
}
