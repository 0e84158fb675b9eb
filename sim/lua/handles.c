/* Handles of what runs: a load, a rollout. */
#include "sim/lua/actors.h"

static const char *const load_type = "load";
static const char *const canary_type = "canary";

struct named { /* a name that the handle keeps for itself */
    size_t n;
    char text[];
};

static void push_named(lua_State *L, struct mc_str name, const char *type)
{
    struct named *named = lua_newuserdatauv(L, sizeof *named + name.n + 1, 0);
    named->n = name.n;
    memcpy(named->text, name.p, name.n);
    named->text[name.n] = 0;
    luaL_setmetatable(L, type);
}

struct sim_run *sim_live_world(lua_State *L, const char *what)
{
    sim_reading_need(L, what, true);
    return sim_script_run_world(sim_reading_of(L)->run);
}

/* ---- loads ---- */

void sim_handle_load(lua_State *L, struct mc_str name)
{
    push_named(L, name, load_type);
}

static struct sim_load *load_at(lua_State *L, struct sim_run *world)
{
    const struct named *named = luaL_checkudata(L, 1, load_type);
    struct sim_load *load = sim_run_load_find(world, mc_str(named->text, named->n));
    if (!load) luaL_error(L, "load \"%s\" does not run", named->text);
    return load;
}

static struct sim_load_counts load_counts(lua_State *L)
{
    struct sim_run *world = sim_live_world(L, "load");
    return sim_run_load_counts(world, load_at(L, world));
}

#define COUNT_FIELD(member)                                              \
    static bool load_##member(lua_State *L)                              \
    {                                                                    \
        lua_pushinteger(L, (lua_Integer)load_counts(L).member);          \
        return true;                                                     \
    }
COUNT_FIELD(started)
COUNT_FIELD(finished)
COUNT_FIELD(failed)
COUNT_FIELD(dropped_iterations)
COUNT_FIELD(under_way)
#undef COUNT_FIELD

static bool load_name(lua_State *L)
{
    lua_pushstring(L, ((const struct named *)luaL_checkudata(L, 1, load_type))->text);
    return true;
}

static int load_stop(lua_State *L)
{
    struct sim_run *world = sim_live_world(L, "load:stop");
    sim_run_load_stop(world, load_at(L, world));
    return 0;
}

/* ---- rollouts ---- */

void sim_handle_canary(lua_State *L, struct mc_str target)
{
    push_named(L, target, canary_type);
}

static struct sim_canary *canary_at(lua_State *L, struct sim_run *world)
{
    const struct named *named = luaL_checkudata(L, 1, canary_type);
    struct sim_canary *canary = sim_run_canary_find(world, mc_str(named->text, named->n));
    if (!canary) luaL_error(L, "there is no rollout of \"%s\"", named->text);
    return canary;
}

static struct sim_canary_view canary_view(lua_State *L)
{
    struct sim_run *world = sim_live_world(L, "canary");
    return sim_run_canary_view(world, canary_at(L, world));
}

static bool canary_phase(lua_State *L)
{
    lua_pushstring(L, canary_view(L).phase);
    return true;
}

static bool canary_weight(lua_State *L)
{
    lua_pushinteger(L, canary_view(L).weight);
    return true;
}

static bool canary_failed_checks(lua_State *L)
{
    lua_pushinteger(L, canary_view(L).failed_checks);
    return true;
}

static bool canary_target(lua_State *L)
{
    lua_pushstring(L, ((const struct named *)luaL_checkudata(L, 1, canary_type))->text);
    return true;
}

/* { { at = , phase = , weight = , failed_checks = }, … } */
static bool canary_history(lua_State *L)
{
    struct sim_run *world = sim_live_world(L, "canary");
    const struct sim_canary *canary = canary_at(L, world);
    struct sim_canary_step step;
    lua_newtable(L);
    for (uint32_t i = 0; sim_run_canary_step(world, canary, i, &step); i++) {
        lua_createtable(L, 0, 4);
        sim_duration_push(L, step.at);
        lua_setfield(L, -2, "at");
        lua_pushstring(L, step.phase);
        lua_setfield(L, -2, "phase");
        lua_pushinteger(L, step.weight);
        lua_setfield(L, -2, "weight");
        lua_pushinteger(L, step.failed_checks);
        lua_setfield(L, -2, "failed_checks");
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
    return true;
}

void sim_handles_open(lua_State *L)
{
    static const struct sim_member load_members[] = {
        {"name", NULL, load_name},
        {"started", NULL, load_started},
        {"finished", NULL, load_finished},
        {"failed", NULL, load_failed},
        {"dropped_iterations", NULL, load_dropped_iterations},
        {"under_way", NULL, load_under_way},
        {"stop", load_stop, NULL},
        {NULL, NULL, NULL},
    };
    static const struct sim_member canary_members[] = {
        {"target", NULL, canary_target},
        {"phase", NULL, canary_phase},
        {"weight", NULL, canary_weight},
        {"failed_checks", NULL, canary_failed_checks},
        {"history", NULL, canary_history},
        {NULL, NULL, NULL},
    };
    luaL_newmetatable(L, load_type);
    sim_members_set(L, "a load", load_members);
    luaL_newmetatable(L, canary_type);
    sim_members_set(L, "a rollout", canary_members);
    lua_pop(L, 2);
}
