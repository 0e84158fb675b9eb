/* One order for every walk over a table: booleans, numbers, strings, each ascending. */
#include "lua/sandbox_parts.h"
#include "base/assert.h"

static int rank(lua_State *L, int index)
{
    switch (lua_type(L, index)) {
    case LUA_TBOOLEAN: return 0;
    case LUA_TNUMBER: return 1;
    case LUA_TSTRING: return 2;
    default: return 3;
    }
}

static bool key_before(lua_State *L, int a, int b)
{
    int rank_a = rank(L, a), rank_b = rank(L, b);
    if (rank_a != rank_b) return rank_a < rank_b;
    if (rank_a == 0) return !lua_toboolean(L, a) && lua_toboolean(L, b);
    if (rank_a == 1) return lua_compare(L, a, b, LUA_OPLT) != 0;
    size_t na, nb;
    const char *text_a = lua_tolstring(L, a, &na), *text_b = lua_tolstring(L, b, &nb);
    return mc_str_cmp(mc_str(text_a, na), mc_str(text_b, nb)) < 0;
}

static void require_order(lua_State *L, int key)
{
    if (rank(L, key) == 3)
        luaL_error(L, "a %s as a key has no order: use a number or a string", luaL_typename(L, key));
}

/* ---- a stable merge sort over the array at index 1, comparing with the function at index 2, if any ---- */

typedef bool less_fn(lua_State *L, lua_Integer array, lua_Integer i, lua_Integer j);

static bool less_key(lua_State *L, lua_Integer array, lua_Integer i, lua_Integer j)
{
    lua_geti(L, (int)array, i);
    lua_geti(L, (int)array, j);
    bool less = key_before(L, -2, -1);
    lua_pop(L, 2);
    return less;
}

static bool less_value(lua_State *L, lua_Integer array, lua_Integer i, lua_Integer j)
{
    bool less;
    if (lua_isnoneornil(L, 2)) {
        lua_geti(L, (int)array, i);
        lua_geti(L, (int)array, j);
        less = lua_compare(L, -2, -1, LUA_OPLT) != 0;
        lua_pop(L, 2);
    } else {
        lua_pushvalue(L, 2);
        lua_geti(L, (int)array, i);
        lua_geti(L, (int)array, j);
        lua_call(L, 2, 1);
        less = lua_toboolean(L, -1) != 0;
        lua_pop(L, 1);
    }
    return less;
}

/* Merges [low, middle) and [middle, high) of table FROM into table TO. */
static void merge(lua_State *L, int from, int to, lua_Integer low, lua_Integer middle, lua_Integer high, less_fn *less)
{
    lua_Integer left = low, right = middle;
    for (lua_Integer at = low; at < high; at++) {
        bool take_right = right < high && (left >= middle || less(L, from, right, left));
        lua_geti(L, from, take_right ? right++ : left++);
        lua_seti(L, to, at);
    }
}

/* Bottom up, between ARRAY and a scratch table. */
static void sort(lua_State *L, int array, less_fn *less)
{
    lua_Integer n = luaL_len(L, array);
    if (n < 2) return;
    mc_sandbox_charge(L, (uint64_t)n * 2);
    lua_createtable(L, (int)n, 0);
    int from = array, to = lua_gettop(L), scratch = to;
    for (lua_Integer width = 1; width < n; width *= 2) {
        for (lua_Integer low = 1; low <= n; low += 2 * width) {
            lua_Integer middle = low + width <= n + 1 ? low + width : n + 1;
            lua_Integer high = middle + width <= n + 1 ? middle + width : n + 1;
            merge(L, from, to, low, middle, high, less);
        }
        int swap = from;
        from = to;
        to = swap;
        mc_sandbox_charge(L, (uint64_t)n * 4);
    }
    for (lua_Integer i = 1; from == scratch && i <= n; i++) {
        lua_geti(L, scratch, i);
        lua_seti(L, array, i);
    }
    lua_settop(L, scratch - 1);
}

static int table_sort(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    luaL_argcheck(L, luaL_len(L, 1) < 1 << 24, 1, "array too big");
    sort(L, 1, less_value);
    return 0;
}

/* ---- pairs and next ---- */

void mc_sandbox_push_sorted_keys(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    luaL_checkstack(L, 8, "too many values");
    lua_newtable(L);
    int keys = lua_gettop(L);
    lua_Integer n = 0;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        require_order(L, -1);
        lua_pushvalue(L, -1);
        lua_seti(L, keys, ++n);
    }
    sort(L, keys, less_key);
}

/* Upvalues: the sorted keys, the table, the position. Keys that have gone since are passed over. */
static int step(lua_State *L)
{
    lua_Integer at = lua_tointeger(L, lua_upvalueindex(3));
    for (;;) {
        if (lua_geti(L, lua_upvalueindex(1), ++at) == LUA_TNIL) return 1;
        lua_pushvalue(L, -1);
        if (lua_gettable(L, lua_upvalueindex(2)) != LUA_TNIL) break;
        lua_pop(L, 2);
    }
    lua_pushinteger(L, at);
    lua_copy(L, -1, lua_upvalueindex(3));
    lua_pop(L, 1);
    return 2;
}

static int pairs(lua_State *L)
{
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 3);
        return 3;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    mc_sandbox_push_sorted_keys(L, 1);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, step, 3);
    return 1;
}

/* The smallest key after the one given; linear, as it keeps no state. */
static int next(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    lua_pushnil(L); /* 3: the best so far */
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        lua_pop(L, 1);
        require_order(L, 4);
        bool after = lua_isnil(L, 2) || key_before(L, 2, 4);
        if (after && (lua_isnil(L, 3) || key_before(L, 4, 3))) lua_copy(L, 4, 3);
    }
    if (lua_isnil(L, 3)) return 1;
    lua_pushvalue(L, 3);
    lua_gettable(L, 1);
    return 2;
}

void mc_sandbox_open_order(lua_State *L)
{
    lua_pushcfunction(L, pairs);
    lua_setglobal(L, "pairs");
    lua_pushcfunction(L, next);
    lua_setglobal(L, "next");
    lua_getglobal(L, "table");
    lua_pushcfunction(L, table_sort);
    lua_setfield(L, -2, "sort");
    lua_pop(L, 1);
}
