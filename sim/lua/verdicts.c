/* check, assert, fail, inconclusive, record; log and note. */
#include "sim/lua/actors.h"
#include "sim/lua/figures.h"
#include "sim/lua/topology.h"
#include <stdio.h>

void sim_verdict_give(lua_State *L, const struct sim_verdict *verdict)
{
    struct sim_reading *reading = sim_reading_of(L);
    struct sim_verdict given = *verdict;
    if (!given.source.line) given.source = sim_lua_source(L, &reading->arena);
    sim_run_verdict(reading->run->world, &given);
}

enum { VERDICTS_MAX = 10000, LINES_MAX = 100000 };

/* Questions of one instant may not leave verdicts behind ten times a second. */
static struct sim_script_run *judging(lua_State *L, const char *what)
{
    sim_live_world(L, what);
    struct sim_script_run *run = sim_reading_of(L)->run;
    if (run->in_steady) luaL_error(L, "%s: a steady state is made of expect()", what);
    if (!lua_isyieldable(L)) luaL_error(L, "%s: not within a condition: compare instead", what);
    if (sim_run_verdicts(run->world)->count >= VERDICTS_MAX)
        luaL_error(L, "%s: more than %d verdicts in one run: check once what should hold, or use always()", what, VERDICTS_MAX);
    return run;
}

/* What the last comparison lacked; forgotten by asking. */
static const char *take_missing(lua_State *L, struct sim_script_run *run)
{
    const char *missing = run->missing[0] ? lua_pushfstring(L, "no samples of %s", run->missing) : NULL;
    run->missing[0] = 0;
    return missing;
}

static void give(lua_State *L, enum sim_status status, const char *name, const char *message)
{
    sim_verdict_give(L, &(struct sim_verdict){
        .kind = SIM_VERDICT_CHECK, .status = status, .name = mc_str_c(name), .message = mc_str_c(message ? message : ""),
    });
}

/* check(name, condition) gives the condition back. */
static int check(lua_State *L)
{
    size_t n;
    if (lua_type(L, 1) != LUA_TSTRING) return luaL_error(L, "check: a name is expected first, not %s: check(\"what should hold\", condition)", lua_isnone(L, 1) ? "nothing" : lua_pushfstring(L, "a %s", luaL_typename(L, 1)));
    if (lua_isnone(L, 2)) return luaL_error(L, "check: the condition is missing: check(\"what should hold\", condition)");
    const char *name = lua_tolstring(L, 1, &n);
    struct sim_script_run *run = judging(L, "check");
    bool held = lua_toboolean(L, 2);
    const char *missing = take_missing(L, run);
    if (held) give(L, SIM_PASS, name, NULL);
    else give(L, missing ? SIM_INCONCLUSIVE : SIM_FAIL, name, missing ? missing : "does not hold");
    lua_pushboolean(L, held);
    return 1;
}

/* assert(condition[, message]): as in Lua, but in a running scenario it fails the run and stops it. */
static int assertion(lua_State *L)
{
    struct sim_reading *reading = sim_reading_of(L);
    luaL_checkany(L, 1);
    if (lua_toboolean(L, 1)) return lua_gettop(L);
    const char *message = luaL_optstring(L, 2, "assertion failed");
    if (reading->phase != SIM_READING_LIVE) return luaL_error(L, "%s", message);
    const char *missing = take_missing(L, reading->run);
    give(L, missing ? SIM_INCONCLUSIVE : SIM_FAIL, message, missing);
    return sim_actor_stop(L, SIM_STOP_ASSERT);
}

static int fail(lua_State *L)
{
    const char *message = luaL_checkstring(L, 1);
    judging(L, "fail");
    give(L, SIM_FAIL, message, NULL);
    return sim_actor_stop(L, SIM_STOP_ASSERT);
}

static int inconclusive(lua_State *L)
{
    const char *message = luaL_checkstring(L, 1);
    judging(L, "inconclusive");
    give(L, SIM_INCONCLUSIVE, message, NULL);
    return sim_actor_stop(L, SIM_STOP_ASSERT);
}

/* record(metric, value): a number, a duration or a share that thresholds may judge */
static int record(lua_State *L)
{
    static const char *const units[] = {[SIM_FIGURE_NUMBER] = "", [SIM_FIGURE_DURATION] = "ns", [SIM_FIGURE_SHARE] = "ppm"};
    struct sim_answer answer;
    struct sim_error error = {0};
    const char *metric = luaL_checkstring(L, 1);
    if (!sim_answer_read(L, 2, &answer) || lua_isboolean(L, 2))
        return luaL_error(L, "record: '%s': a number, a duration or a share is expected, not a %s", metric, luaL_typename(L, 2));
    struct sim_run *world = sim_live_world(L, "record");
    if (answer.kind == SIM_FIGURE_MISSING) return 0;
    int64_t value = answer.value;
    if (answer.kind == SIM_FIGURE_NUMBER) {
        if (!(answer.number > -1e15 && answer.number < 1e15)) return luaL_error(L, "record: '%s': %f is no number that can be kept", metric, answer.number);
        value = (int64_t)(answer.number * 1000 + (answer.number < 0 ? -0.5 : 0.5));
    }
    if (!sim_run_record(world, mc_str_c(metric), value, mc_str_c(units[answer.kind]), &error)) return sim_reading_raise(L, &error);
    return 0;
}

static struct sim_run *writing(lua_State *L, const char *what)
{
    struct sim_run *world = sim_live_world(L, what);
    if (sim_reading_of(L)->run->lines++ >= LINES_MAX) luaL_error(L, "%s: more than %d lines in one run", what, LINES_MAX);
    return world;
}

/* log(…): a line of the run's log */
static int write_log(lua_State *L)
{
    luaL_Buffer buffer;
    int count = lua_gettop(L);
    struct sim_run *world = writing(L, "log");
    luaL_buffinit(L, &buffer);
    for (int i = 1; i <= count; i++) {
        if (i > 1) luaL_addchar(&buffer, ' ');
        mc_sandbox_push_text(L, i);
        luaL_addvalue(&buffer);
    }
    luaL_pushresult(&buffer);
    size_t n;
    const char *text = lua_tolstring(L, -1, &n);
    sim_run_log(world, mc_str(text, n));
    return 0;
}

/* note([instant,] text): a mark on the timeline */
static int note(lua_State *L)
{
    size_t n;
    struct sim_run *world = writing(L, "note");
    bool timed = lua_gettop(L) > 1;
    mc_ns at = timed ? sim_schema_duration(L, 1, "note", "instant") : sim_run_now(world);
    const char *text = luaL_checklstring(L, timed ? 2 : 1, &n);
    sim_run_note(world, at, mc_str(text, n));
    return 0;
}

void sim_verdicts_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"check", check}, {"assert", assertion}, {"fail", fail}, {"inconclusive", inconclusive},
        {"record", record}, {"log", write_log}, {"note", note}, {NULL, NULL},
    };
    lua_pushglobaltable(L);
    luaL_setfuncs(L, functions, 0);
    lua_pop(L, 1);
}
