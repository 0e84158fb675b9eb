/* Time in a scenario: now, sleep, wait_until, eventually, always, never. */
#include "sim/lua/actors.h"
#include "sim/plan/units.h"
#include <stdio.h>

static int now(lua_State *L)
{
    struct sim_run *world = sim_live_world(L, "now");
    /* Looking cuts the counts; a condition that is asked ten times a second only reads the time. */
    sim_duration_push(L, lua_isyieldable(L) ? sim_run_look(world) : sim_run_now(world));
    return 1;
}

static int sleep_for(lua_State *L)
{
    mc_ns time = sim_schema_duration(L, 1, "sleep", "time");
    if (time < 0) return sim_schema_error(L, "sleep", "time", "cannot be less than nothing");
    struct sim_actor *actor = sim_actor_waits(L, "sleep");
    sim_actor_wake_at(actor, mc_ns_add(sim_run_now(actor->run->world), time));
    lua_settop(L, 0);
    return lua_yield(L, 0);
}

/* ---- conditions ---- */

enum wait_kind { WAIT_UNTIL, EVENTUALLY, ALWAYS, NEVER };

/* Stack of a waiting call: the condition, the kind, the deadline, why. */
enum { CONDITION = 1, KIND, DEADLINE, WHY };

static int time_out(lua_State *L)
{
    char text[SIM_UNITS_TEXT];
    struct sim_script_run *run = sim_reading_of(L)->run;
    const char *why = lua_tostring(L, WHY);
    const char *message = lua_pushfstring(L, "did not happen until %s%s%s", sim_print_instant(sim_run_now(run->world), text),
                                          run->missing[0] ? "; no samples of " : "", run->missing);
    sim_verdict_give(L, &(struct sim_verdict){
        .kind = SIM_VERDICT_TIMEOUT, .status = run->missing[0] ? SIM_INCONCLUSIVE : SIM_FAIL, .name = mc_str_c(why), .message = mc_str_c(message),
    });
    return sim_actor_stop(L, SIM_STOP_ASSERT);
}

static bool holds(lua_State *L, struct sim_script_run *run)
{
    run->missing[0] = 0;
    lua_pushvalue(L, CONDITION);
    lua_call(L, 0, 1);
    bool held = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return held;
}

static int poll(lua_State *L, int status, lua_KContext context)
{
    (void)status, (void)context;
    struct sim_actor *actor = sim_actor_waits(L, "wait");
    struct sim_script_run *run = actor->run;
    enum wait_kind kind = (enum wait_kind)lua_tointeger(L, KIND);
    mc_ns deadline = lua_tointeger(L, DEADLINE);
    bool held = holds(L, run);
    mc_ns time = sim_run_now(run->world);
    bool wanted = kind == WAIT_UNTIL || kind == EVENTUALLY;
    if (wanted ? held : held != (kind == ALWAYS)) {
        lua_pushboolean(L, wanted);
        return 1;
    }
    if (time >= deadline) {
        if (kind == WAIT_UNTIL) return time_out(L);
        lua_pushboolean(L, !wanted);
        return 1;
    }
    mc_ns next = (time / sim_grid + 1) * sim_grid;
    sim_actor_wake_at(actor, next < deadline ? next : deadline);
    return lua_yieldk(L, 0, 0, poll);
}

static int begin(lua_State *L, enum wait_kind kind, mc_ns time, const char *what, const char *why)
{
    struct sim_actor *actor = sim_actor_waits(L, what);
    lua_settop(L, CONDITION);
    lua_pushinteger(L, kind);
    lua_pushinteger(L, time == MC_NEVER ? MC_NEVER : mc_ns_add(sim_run_now(actor->run->world), time));
    lua_pushstring(L, why);
    return poll(L, LUA_OK, 0);
}

static int timed(lua_State *L, enum wait_kind kind, const char *what)
{
    if (!lua_isfunction(L, 1)) return luaL_error(L, "%s: a function is expected first, not a %s", what, luaL_typename(L, 1));
    mc_ns time = sim_schema_duration(L, 2, what, "time");
    return begin(L, kind, time, what, what);
}

/* eventually(condition, time): true as soon as it holds, false if it has not by then */
static int eventually(lua_State *L)
{
    return timed(L, EVENTUALLY, "eventually");
}

/* always(condition, time): false as soon as it does not hold, true if it held all the time */
static int always(lua_State *L)
{
    return timed(L, ALWAYS, "always");
}

static int never(lua_State *L)
{
    return timed(L, NEVER, "never");
}

/* wait_until(condition[, { timeout = , why = }]): past the timeout the run fails and stops */
static int wait_until(lua_State *L)
{
    struct words { mc_ns timeout; struct mc_str why; } words = {MC_NEVER, MC_STR("wait_until")};
    static const struct sim_field fields[] = {
        {"timeout", SIM_FIELD_DURATION, offsetof(struct words, timeout)},
        {"why", SIM_FIELD_TEXT, offsetof(struct words, why)},
    };
    if (!lua_isfunction(L, 1)) return luaL_error(L, "wait_until: a function is expected first, not a %s", luaL_typename(L, 1));
    struct mc_arena *scratch = sim_reading_scratch(sim_reading_of(L));
    if (!lua_isnoneornil(L, 2)) sim_schema_read(L, 2, scratch, "wait_until", fields, MC_COUNT_OF(fields), &words);
    return begin(L, WAIT_UNTIL, words.timeout, "wait_until", words.why.p);
}

void sim_waits_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"now", now}, {"sleep", sleep_for}, {"wait_until", wait_until}, {"eventually", eventually},
        {"always", always}, {"never", never}, {NULL, NULL},
    };
    lua_pushglobaltable(L);
    luaL_setfuncs(L, functions, 0);
    lua_pop(L, 1);
}
