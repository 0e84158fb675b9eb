#include "sim/lua/figures.h"
#include "sim/lua/actors.h"
#include "sim/plan/units.h"
#include <stdio.h>

static const char *const share_type = "share";
static const char *const missing_type = "missing";

/* ---- what is missing ---- */

void sim_missing_push(lua_State *L, const char *name)
{
    size_t n = strlen(name) + 1;
    memcpy(lua_newuserdatauv(L, n, 0), name, n);
    luaL_setmetatable(L, missing_type);
}

bool sim_missing_operand(lua_State *L, bool comparing)
{
    int at = luaL_testudata(L, 1, missing_type) ? 1 : luaL_testudata(L, 2, missing_type) ? 2 : 0;
    if (!at) return false;
    struct sim_script_run *run = sim_reading_of(L)->run;
    if (comparing && run) snprintf(run->missing, sizeof run->missing, "%s", (const char *)lua_touserdata(L, at));
    if (comparing) lua_pushboolean(L, 0);
    else lua_pushvalue(L, at);
    return true;
}

static int missing_compute(lua_State *L)
{
    sim_missing_operand(L, false);
    return 1;
}

static int missing_compare(lua_State *L)
{
    sim_missing_operand(L, true);
    return 1;
}

static int missing_text(lua_State *L)
{
    lua_pushfstring(L, "no samples of %s", (const char *)luaL_checkudata(L, 1, missing_type));
    return 1;
}

static void open_missing(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"__add", missing_compute}, {"__sub", missing_compute}, {"__mul", missing_compute}, {"__div", missing_compute},
        {"__unm", missing_compute}, {"__lt", missing_compare}, {"__le", missing_compare}, {"__eq", missing_compare},
        {"__tostring", missing_text}, {NULL, NULL},
    };
    luaL_newmetatable(L, missing_type);
    luaL_setfuncs(L, methods, 0);
    lua_pop(L, 1);
}

/* ---- shares ---- */

void sim_share_push(lua_State *L, int64_t ppm)
{
    *(int64_t *)lua_newuserdatauv(L, sizeof ppm, 0) = ppm;
    luaL_setmetatable(L, share_type);
}

bool sim_share_test(lua_State *L, int index, int64_t *ppm)
{
    const int64_t *held = luaL_testudata(L, index, share_type);
    if (held) *ppm = *held;
    return held != NULL;
}

static int64_t share_operand(lua_State *L, int index)
{
    int64_t ppm;
    if (sim_share_test(L, index, &ppm)) return ppm;
    return sim_schema_share(L, index, "share", lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "value");
}

static int share_add(lua_State *L)
{
    if (sim_missing_operand(L, false)) return 1;
    sim_share_push(L, share_operand(L, 1) + share_operand(L, 2));
    return 1;
}

static int share_subtract(lua_State *L)
{
    if (sim_missing_operand(L, false)) return 1;
    sim_share_push(L, share_operand(L, 1) - share_operand(L, 2));
    return 1;
}

static int64_t rounded(lua_State *L, lua_Number value)
{
    if (!(value > -9e15 && value < 9e15)) luaL_error(L, "share: the result is out of range");
    return (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
}

static int share_multiply(lua_State *L)
{
    int64_t ppm;
    if (sim_missing_operand(L, false)) return 1;
    int factor = sim_share_test(L, 1, &ppm) ? 2 : 1;
    if (factor == 1) ppm = share_operand(L, 2);
    sim_share_push(L, rounded(L, (lua_Number)ppm * luaL_checknumber(L, factor)));
    return 1;
}

static int share_divide(lua_State *L)
{
    int64_t other;
    if (sim_missing_operand(L, false)) return 1;
    int64_t ppm = share_operand(L, 1);
    if (sim_share_test(L, 2, &other)) lua_pushnumber(L, (lua_Number)ppm / (lua_Number)other);
    else sim_share_push(L, rounded(L, (lua_Number)ppm / luaL_checknumber(L, 2)));
    return 1;
}

static int share_less(lua_State *L)
{
    if (sim_missing_operand(L, true)) return 1;
    lua_pushboolean(L, share_operand(L, 1) < share_operand(L, 2));
    return 1;
}

static int share_less_equal(lua_State *L)
{
    if (sim_missing_operand(L, true)) return 1;
    lua_pushboolean(L, share_operand(L, 1) <= share_operand(L, 2));
    return 1;
}

static int share_equal(lua_State *L)
{
    if (sim_missing_operand(L, true)) return 1;
    lua_pushboolean(L, share_operand(L, 1) == share_operand(L, 2));
    return 1;
}

static const char *print_share(int64_t ppm, char *out, size_t room)
{
    char text[SIM_UNITS_TEXT];
    snprintf(out, room, "%s%s", ppm < 0 ? "-" : "", sim_print_share((uint64_t)(ppm < 0 ? -ppm : ppm), text));
    return out;
}

static int share_text(lua_State *L)
{
    char text[40];
    lua_pushstring(L, print_share(share_operand(L, 1), text, sizeof text));
    return 1;
}

static void open_share(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"__add", share_add}, {"__sub", share_subtract}, {"__mul", share_multiply}, {"__div", share_divide},
        {"__lt", share_less}, {"__le", share_less_equal}, {"__eq", share_equal}, {"__tostring", share_text}, {NULL, NULL},
    };
    luaL_newmetatable(L, share_type);
    luaL_setfuncs(L, methods, 0);
    lua_pop(L, 1);
}

/* share "1%" */
static int make_share(lua_State *L)
{
    sim_share_push(L, share_operand(L, 1));
    return 1;
}

void sim_figures_open(lua_State *L)
{
    open_missing(L);
    open_share(L);
    lua_pushcfunction(L, make_share);
    lua_setglobal(L, "share");
}

/* ---- answers ---- */

void sim_answer_push(lua_State *L, const struct sim_answer *answer)
{
    switch (answer->kind) {
    case SIM_FIGURE_NUMBER:
        if (answer->whole) lua_pushinteger(L, (lua_Integer)answer->number);
        else lua_pushnumber(L, answer->number);
        break;
    case SIM_FIGURE_DURATION: sim_duration_push(L, answer->value); break;
    case SIM_FIGURE_SHARE: sim_share_push(L, answer->value); break;
    case SIM_FIGURE_MISSING: sim_missing_push(L, answer->name); break;
    }
}

bool sim_answer_read(lua_State *L, int index, struct sim_answer *answer)
{
    const char *missing = luaL_testudata(L, index, missing_type);
    *answer = (struct sim_answer){.kind = SIM_FIGURE_NUMBER};
    if (missing) {
        answer->kind = SIM_FIGURE_MISSING;
        snprintf(answer->name, sizeof answer->name, "%s", missing);
    } else if (sim_duration_test(L, index, &answer->value)) {
        answer->kind = SIM_FIGURE_DURATION;
    } else if (sim_share_test(L, index, &answer->value)) {
        answer->kind = SIM_FIGURE_SHARE;
    } else if (lua_isboolean(L, index)) {
        answer->number = lua_toboolean(L, index);
        answer->whole = true;
    } else if (lua_type(L, index) == LUA_TNUMBER) {
        answer->number = lua_tonumber(L, index);
        answer->whole = lua_isinteger(L, index);
    } else {
        return false;
    }
    return true;
}

struct sim_figure sim_answer_figure(const struct sim_answer *answer, const char **unit)
{
    *unit = "";
    switch (answer->kind) {
    case SIM_FIGURE_NUMBER: return (struct sim_figure){true, answer->number};
    case SIM_FIGURE_DURATION: *unit = "ms"; return (struct sim_figure){true, (double)answer->value / 1e6};
    case SIM_FIGURE_SHARE: *unit = "%"; return (struct sim_figure){true, (double)answer->value / 1e4};
    case SIM_FIGURE_MISSING: break;
    }
    return (struct sim_figure){0};
}

const char *sim_answer_print(const struct sim_answer *answer, char *out, size_t room)
{
    char text[SIM_UNITS_TEXT];
    switch (answer->kind) {
    case SIM_FIGURE_NUMBER: snprintf(out, room, answer->whole ? "%.0f" : "%.6g", answer->number); break;
    case SIM_FIGURE_DURATION: snprintf(out, room, "%s", sim_print_duration(answer->value, text)); break;
    case SIM_FIGURE_SHARE: print_share(answer->value, out, room); break;
    case SIM_FIGURE_MISSING: snprintf(out, room, "nothing"); break;
    }
    return out;
}
