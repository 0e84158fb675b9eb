/* Lua's matcher backtracks inside C, where no instruction is counted: its work is bounded before it
 * starts, by subject length to the power of the number of quantifiers. */
#include "lua/sandbox_parts.h"

enum { WORK_MAX = 100000000, PATTERN_STEPS = 1000 }; /* the worst is rare: a thousandth of it is counted */

static unsigned quantifiers(struct mc_str pattern)
{
    unsigned count = 0;
    bool in_set = false;
    for (size_t i = 0; i < pattern.n; i++) {
        char c = pattern.p[i];
        if (c == '%') {
            count += i + 1 < pattern.n && pattern.p[i + 1] == 'b';
            i++;
        } else if (in_set) {
            in_set = c != ']';
        } else if (c == '[') {
            in_set = true;
            if (i + 1 < pattern.n && pattern.p[i + 1] == '^') i++;
            if (i + 1 < pattern.n && pattern.p[i + 1] == ']') i++;
        } else {
            count += c == '*' || c == '+' || c == '-' || c == '?';
        }
    }
    return count;
}

/* Every unanchored search also tries each start, hence one factor more. */
static int bounded(lua_State *L)
{
    size_t subject_length, pattern_length;
    luaL_checklstring(L, 1, &subject_length);
    const char *pattern = luaL_checklstring(L, 2, &pattern_length);
    double work = (double)(subject_length + 1);
    for (unsigned n = quantifiers(mc_str(pattern, pattern_length)); n > 0 && work <= WORK_MAX; n--)
        work *= (double)(subject_length + 1);
    if (work > WORK_MAX)
        return luaL_error(L, "pattern '%s' could take too long on a text of %d characters", pattern,
                          (int)subject_length);
    mc_sandbox_charge(L, subject_length * 4 + (uint64_t)(work / PATTERN_STEPS));
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

/* string.find with `plain` has no pattern. */
static int find(lua_State *L)
{
    size_t length = 0;
    if (!lua_toboolean(L, 4)) return bounded(L);
    luaL_checklstring(L, 1, &length);
    mc_sandbox_charge(L, length);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

void mc_sandbox_open_patterns(lua_State *L)
{
    static const luaL_Reg wrapped[] = {{"find", find}, {"match", bounded}, {"gmatch", bounded}, {"gsub", bounded}};
    lua_getglobal(L, "string");
    for (size_t i = 0; i < sizeof wrapped / sizeof *wrapped; i++) {
        lua_getfield(L, -1, wrapped[i].name);
        lua_pushcclosure(L, wrapped[i].func, 1);
        lua_setfield(L, -2, wrapped[i].name);
    }
    lua_pop(L, 1);
}
