/* matrix { retry = { naive = …, budget = … }, load = { 0.6, 0.8 } }:each(function(case) … end)
 *
 * The axes are walked in the order of their names, the last one fastest; values in the order of pairs.
 * case.retry is the value, case.names.retry its name (for a list: the value as text). */
#include "sim/lua/script_parts.h"
#include "base/limits.h"
#include <stdio.h>

enum { AXES_MAX = 8, VARIANTS_MAX = 10000 };

static const char *const matrix_type = "matrix";

struct axis {
    int values, keys; /* stack indices */
    lua_Integer count, at;
    const char *name;
    bool named; /* keys are names, else the values are */
};

static bool is_list(lua_State *L, int table, lua_Integer keys)
{
    return (lua_Integer)lua_rawlen(L, table) == keys;
}

/* Pushes, per axis, its table of values and the array of its keys. */
static uint32_t read_axes(lua_State *L, int matrix, struct axis axes[AXES_MAX])
{
    mc_sandbox_push_sorted_keys(L, matrix);
    int names = lua_gettop(L);
    lua_Integer count = (lua_Integer)lua_rawlen(L, names), variants = 1;
    if (count < 1 || count > AXES_MAX) luaL_error(L, "matrix: from 1 to %d axes", AXES_MAX);
    luaL_checkstack(L, 4 * AXES_MAX + 8, "too deep");
    for (lua_Integer i = 0; i < count; i++) {
        struct axis *axis = &axes[i];
        if (lua_geti(L, names, i + 1) != LUA_TSTRING) luaL_error(L, "matrix: an axis has a name, not a number: matrix { load = { … } }");
        axis->name = lua_tostring(L, -1);
        if (!strcmp(axis->name, "names")) luaL_error(L, "matrix: 'names' cannot be an axis");
        if (lua_getfield(L, matrix, axis->name) != LUA_TTABLE)
            luaL_error(L, "matrix: '%s': a table of values is expected, not a %s", axis->name, luaL_typename(L, -1));
        axis->values = lua_gettop(L);
        mc_sandbox_push_sorted_keys(L, axis->values);
        axis->keys = lua_gettop(L);
        axis->count = (lua_Integer)lua_rawlen(L, axis->keys);
        axis->named = !is_list(L, axis->values, axis->count);
        if (!axis->count) luaL_error(L, "matrix: '%s' has no values", axis->name);
        variants *= axis->count;
        if (variants > VARIANTS_MAX) luaL_error(L, "matrix: more than %d variants", VARIANTS_MAX);
    }
    return (uint32_t)count;
}

static void add_json_text(luaL_Buffer *buffer, const char *text)
{
    luaL_addchar(buffer, '"');
    for (; *text; text++) {
        char escaped[8];
        if (*text == '"' || *text == '\\') luaL_addchar(buffer, '\\');
        if ((unsigned char)*text < 0x20) {
            snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned char)*text);
            luaL_addstring(buffer, escaped);
        } else {
            luaL_addchar(buffer, *text);
        }
    }
    luaL_addchar(buffer, '"');
}

/* case on the stack's top: one value and one name per axis. */
static void push_case(lua_State *L, const struct axis *axes, uint32_t count)
{
    lua_createtable(L, 0, (int)count + 1);
    lua_createtable(L, 0, (int)count);
    for (uint32_t i = 0; i < count; i++) {
        lua_geti(L, axes[i].keys, axes[i].at);
        lua_pushvalue(L, -1);
        lua_gettable(L, axes[i].values);
        lua_pushvalue(L, -1);
        lua_setfield(L, -5, axes[i].name);
        mc_sandbox_push_text(L, axes[i].named ? -2 : -1);
        lua_setfield(L, -4, axes[i].name);
        lua_pop(L, 2);
    }
    lua_setfield(L, -2, "names");
}

/* The JSON of the case on the stack's top. */
static struct mc_str case_json(lua_State *L, struct mc_arena *arena, const struct axis *axes, uint32_t count)
{
    luaL_Buffer buffer;
    int made = lua_gettop(L);
    lua_getfield(L, made, "names");
    luaL_buffinit(L, &buffer);
    for (uint32_t i = 0; i < count; i++) {
        luaL_addchar(&buffer, i ? ',' : '{');
        add_json_text(&buffer, axes[i].name);
        luaL_addchar(&buffer, ':');
        lua_getfield(L, made, axes[i].name);
        bool number = lua_type(L, -1) == LUA_TNUMBER && !axes[i].named;
        lua_pop(L, 1);
        lua_getfield(L, made + 1, axes[i].name);
        const char *name = lua_tostring(L, -1);
        lua_pop(L, 1); /* the table still holds it */
        if (number) luaL_addstring(&buffer, name);
        else add_json_text(&buffer, name);
    }
    luaL_addchar(&buffer, '}');
    luaL_pushresult(&buffer);
    struct mc_str json = mc_arena_copy(arena, mc_str_c(lua_tostring(L, -1)));
    if (!json.p) luaL_error(L, "out of memory");
    lua_settop(L, made);
    return json;
}

static bool advance(struct axis *axes, uint32_t count)
{
    for (uint32_t i = count; i-- > 0;) {
        if (++axes[i].at <= axes[i].count) return true;
        axes[i].at = 1;
    }
    return false;
}

/* matrix:each(function) */
static int each(lua_State *L)
{
    struct axis axes[AXES_MAX] = {0};
    struct sim_reading *reading = sim_reading_of(L);
    struct mc_str before = reading->variant_json;
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    if (before.n > 2) return luaL_error(L, "matrix: not within another matrix: give it one more axis");
    lua_settop(L, 2);
    uint32_t count = read_axes(L, 1, axes);
    for (uint32_t i = 0; i < count; i++) axes[i].at = 1;
    int base = lua_gettop(L);
    do {
        lua_pushvalue(L, 2);
        push_case(L, axes, count);
        reading->variant_json = case_json(L, &reading->arena, axes, count);
        lua_call(L, 1, 0);
        lua_settop(L, base);
    } while (advance(axes, count));
    reading->variant_json = before;
    return 0;
}

static int make_matrix(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    luaL_setmetatable(L, matrix_type);
    return 1;
}

void sim_matrix_open(lua_State *L)
{
    luaL_newmetatable(L, matrix_type);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, each);
    lua_setfield(L, -2, "each");
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_pushcfunction(L, make_matrix);
    lua_setglobal(L, "matrix");
}
