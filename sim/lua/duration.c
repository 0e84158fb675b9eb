/* Durations in scripts: typed, so that a bare number is never taken for one. */
#include "sim/lua/figures.h"
#include "sim/plan/units.h"
#include <lauxlib.h>

static const char *const type_name = "duration";

void sim_duration_push(lua_State *L, mc_ns value)
{
    *(mc_ns *)lua_newuserdatauv(L, sizeof value, 0) = value;
    luaL_setmetatable(L, type_name);
}

bool sim_duration_test(lua_State *L, int index, mc_ns *value)
{
    const mc_ns *held = luaL_testudata(L, index, type_name);
    if (held) *value = *held;
    return held != NULL;
}

static mc_ns operand(lua_State *L, int index)
{
    return sim_schema_duration(L, index, "duration", lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "value");
}

static int add(lua_State *L)
{
    if (sim_missing_operand(L, false)) return 1;
    sim_duration_push(L, mc_ns_add(operand(L, 1), operand(L, 2)));
    return 1;
}

static int subtract(lua_State *L)
{
    if (sim_missing_operand(L, false)) return 1;
    sim_duration_push(L, mc_ns_add(operand(L, 1), -operand(L, 2)));
    return 1;
}

static mc_ns rounded(lua_Number value)
{
    if (value >= 9.2e18) return MC_NEVER - 1;
    if (value <= -9.2e18) return INT64_MIN + 1;
    return (mc_ns)(value < 0 ? value - 0.5 : value + 0.5);
}

static int multiply(lua_State *L)
{
    mc_ns value;
    if (sim_missing_operand(L, false)) return 1;
    int factor = sim_duration_test(L, 1, &value) ? 2 : 1;
    if (factor == 1) value = operand(L, 2);
    sim_duration_push(L, rounded((lua_Number)value * luaL_checknumber(L, factor)));
    return 1;
}

static int divide(lua_State *L)
{
    if (sim_missing_operand(L, false)) return 1;
    mc_ns value = operand(L, 1), other;
    if (sim_duration_test(L, 2, &other)) lua_pushnumber(L, (lua_Number)value / (lua_Number)other);
    else sim_duration_push(L, rounded((lua_Number)value / luaL_checknumber(L, 2)));
    return 1;
}

static int less(lua_State *L)
{
    if (sim_missing_operand(L, true)) return 1;
    lua_pushboolean(L, operand(L, 1) < operand(L, 2));
    return 1;
}

static int less_equal(lua_State *L)
{
    if (sim_missing_operand(L, true)) return 1;
    lua_pushboolean(L, operand(L, 1) <= operand(L, 2));
    return 1;
}

static int equal(lua_State *L)
{
    if (sim_missing_operand(L, true)) return 1;
    lua_pushboolean(L, operand(L, 1) == operand(L, 2));
    return 1;
}

static int text(lua_State *L)
{
    char out[SIM_UNITS_TEXT];
    lua_pushstring(L, sim_print_duration(operand(L, 1), out));
    return 1;
}

/* d:seconds() as a number, for arithmetic of the script's own */
static int seconds(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)operand(L, 1) / (lua_Number)MC_S);
    return 1;
}

static int make(lua_State *L)
{
    sim_duration_push(L, sim_schema_duration(L, 1, "duration", "value"));
    return 1;
}

void sim_duration_open(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"__add", add}, {"__sub", subtract}, {"__mul", multiply}, {"__div", divide}, {"__lt", less},
        {"__le", less_equal}, {"__eq", equal}, {"__tostring", text}, {"seconds", seconds}, {NULL, NULL},
    };
    luaL_newmetatable(L, type_name);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_pushcfunction(L, make);
    lua_setglobal(L, "duration");
}
