/* Text without addresses: tostring, print and string.format. */
#include "lua/sandbox_parts.h"

void mc_sandbox_push_text(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    bool shows_address = false;
    switch (lua_type(L, index)) {
    case LUA_TTABLE:
    case LUA_TUSERDATA:
        shows_address = luaL_getmetafield(L, index, "__tostring") == LUA_TNIL;
        if (!shows_address) lua_pop(L, 1);
        break;
    case LUA_TFUNCTION:
    case LUA_TTHREAD:
    case LUA_TLIGHTUSERDATA: shows_address = true; break;
    default: break;
    }
    if (!shows_address) {
        luaL_tolstring(L, index, NULL);
        return;
    }
    if (luaL_getmetafield(L, index, "__name") == LUA_TSTRING) return;
    lua_pushstring(L, luaL_typename(L, index));
}

const char *mc_sandbox_text(lua_State *L, int index)
{
    mc_sandbox_push_text(L, index);
    return lua_tostring(L, -1);
}

static int tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    mc_sandbox_push_text(L, 1);
    return 1;
}

static int print(lua_State *L)
{
    struct mc_sandbox *sandbox = mc_sandbox_of(L);
    int n = lua_gettop(L);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    for (int i = 1; i <= n; i++) {
        if (i > 1) luaL_addchar(&buffer, '\t');
        mc_sandbox_push_text(L, i);
        luaL_addvalue(&buffer);
    }
    luaL_pushresult(&buffer);
    size_t length;
    const char *line = lua_tolstring(L, -1, &length);
    if (sandbox->options.print) sandbox->options.print(sandbox->options.print_self, mc_str(line, length));
    return 0;
}

/* Replaces what %s would show of a reference, refuses %p, and leaves the rest to string.format. */
static int format(lua_State *L)
{
    int argument = 1;
    const char *at = luaL_checkstring(L, 1);
    while ((at = strchr(at, '%'))) {
        if (*++at == '%') {
            at++;
            continue;
        }
        at += strspn(at, "-+ #0123456789.");
        if (*at == 'p') return luaL_error(L, "'%%p' would show an address");
        if (++argument > lua_gettop(L)) break;
        if (*at != 's') continue;
        mc_sandbox_push_text(L, argument);
        lua_replace(L, argument);
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

void mc_sandbox_open_text(lua_State *L)
{
    lua_pushcfunction(L, tostring);
    lua_setglobal(L, "tostring");
    lua_pushcfunction(L, print);
    lua_setglobal(L, "print");
    lua_getglobal(L, "string");
    lua_getfield(L, -1, "format");
    lua_pushcclosure(L, format, 1);
    lua_setfield(L, -2, "format");
    lua_pop(L, 1);
}
