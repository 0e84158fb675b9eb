/* What stock Lua offers and a deterministic, bounded script may not have, or only in another form. */
#include "lua/sandbox_parts.h"
#include "base/rand.h"

static int load_text(lua_State *L)
{
    size_t n;
    const char *text = luaL_checklstring(L, 1, &n);
    const char *name = luaL_optstring(L, 2, "=(load)");
    bool has_environment = !lua_isnone(L, 4);
    if (luaL_loadbufferx(L, text, n, name, "t") != LUA_OK) {
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    if (has_environment) {
        lua_pushvalue(L, 4);
        lua_setupvalue(L, -2, 1);
    }
    return 1;
}

static int set_metatable(lua_State *L)
{
    static const char *const refused[] = {"__gc", "__mode"};
    for (size_t i = 0; lua_istable(L, 2) && i < 2; i++) {
        lua_pushstring(L, refused[i]);
        if (lua_rawget(L, 2) != LUA_TNIL)
            return luaL_error(L, "'%s' depends on when memory is collected and is not allowed", refused[i]);
        lua_pop(L, 1);
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

/* A message handler runs with hooks off, where nothing could stop it: it is called after the unwinding. */
static int after_xpcall(lua_State *L, int status, lua_KContext context)
{
    (void)context;
    if (status == LUA_OK || status == LUA_YIELD) {
        lua_pushboolean(L, 1);
        lua_replace(L, 1);
        return lua_gettop(L);
    }
    lua_pushvalue(L, 1);
    lua_insert(L, -2);
    lua_pcall(L, 1, 1, 0); /* its result, or its own error: either is what xpcall answers */
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

/* Stack while the function runs: the handler (1), then what the call leaves. */
static int xpcall_late(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushvalue(L, 1);
    lua_copy(L, 2, 1);
    lua_replace(L, 2);
    int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, after_xpcall);
    return after_xpcall(L, status, 0);
}

uint64_t mc_sandbox_draw(struct mc_sandbox *sandbox)
{
    return mc_draw(sandbox->options.seed, MC_FOR_SCRIPT, 0, sandbox->draws++);
}

void mc_sandbox_reseed(struct mc_sandbox *sandbox, uint64_t seed)
{
    sandbox->options.seed = seed;
    sandbox->draws = 0;
}

/* math.random(), math.random(m), math.random(m, n) */
static int random_number(lua_State *L)
{
    uint64_t draw = mc_sandbox_draw(mc_sandbox_of(L));
    lua_Integer low = 1, high;
    switch (lua_gettop(L)) {
    case 0: lua_pushnumber(L, (lua_Number)(draw >> 11) * 0x1p-53); return 1;
    case 1: high = luaL_checkinteger(L, 1); break;
    case 2:
        low = luaL_checkinteger(L, 1);
        high = luaL_checkinteger(L, 2);
        break;
    default: return luaL_error(L, "wrong number of arguments");
    }
    luaL_argcheck(L, low <= high, lua_gettop(L), "interval is empty");
    uint64_t span = (uint64_t)high - (uint64_t)low + 1;
    uint64_t offset = span ? mc_below(draw, span) : draw;
    lua_pushinteger(L, (lua_Integer)((uint64_t)low + offset));
    return 1;
}

static int random_seed(lua_State *L)
{
    return luaL_error(L, "the seed belongs to the run: use --seed");
}

/* A coroutine that a script makes inherits the hook from its maker; wrap and create stay as they are. */
static void remove_fields(lua_State *L)
{
    static const char *const gone[][2] = {
        {LUA_GNAME, "dofile"}, {LUA_GNAME, "loadfile"}, {LUA_GNAME, "collectgarbage"},
        {LUA_GNAME, "warn"},   {"string", "dump"},
    };
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) {
        lua_getglobal(L, gone[i][0]);
        lua_pushnil(L);
        lua_setfield(L, -2, gone[i][1]);
        lua_pop(L, 1);
    }
}

void mc_sandbox_open_guards(lua_State *L)
{
    static const luaL_Reg globals[] = {{"load", load_text}, {"xpcall", xpcall_late}, {NULL, NULL}};
    static const luaL_Reg math[] = {{"random", random_number}, {"randomseed", random_seed}, {NULL, NULL}};
    lua_pushglobaltable(L);
    luaL_setfuncs(L, globals, 0);
    lua_getfield(L, -1, "setmetatable");
    lua_pushcclosure(L, set_metatable, 1);
    lua_setfield(L, -2, "setmetatable");
    lua_getfield(L, -1, "math");
    luaL_setfuncs(L, math, 0);
    lua_pop(L, 2);
    remove_fields(L);
}
