#include "lua/sandbox_parts.h"
#include "base/assert.h"
#include <stdio.h>

enum { MEMORY_DEFAULT = 64 << 20, INSTRUCTIONS_DEFAULT = 500000000, BYTES_PER_INSTRUCTION = 16 };

static void *reallocate(void *self, void *block, size_t old_size, size_t new_size)
{
    struct mc_sandbox *sandbox = self;
    const struct mc_alloc *alloc = &sandbox->options.alloc;
    if (!block) old_size = 0; /* Lua passes a type tag here */
    if (new_size > old_size && sandbox->memory_used + (new_size - old_size) > sandbox->options.memory_max)
        return NULL;
    void *fresh = NULL;
    if (new_size > old_size) sandbox->instructions += new_size / BYTES_PER_INSTRUCTION;
    if (new_size) {
        fresh = mc_alloc_take(alloc, new_size);
        if (!fresh) return NULL;
        if (block) memcpy(fresh, block, old_size < new_size ? old_size : new_size);
    }
    mc_alloc_give(alloc, block, old_size);
    sandbox->memory_used += new_size - old_size;
    return fresh;
}

struct mc_sandbox *mc_sandbox_of(lua_State *L)
{
    return *(struct mc_sandbox **)lua_getextraspace(L);
}

/* Lua calls no script outside mc_sandbox_resume, so that reaching this is our own mistake. */
static int panic(lua_State *L)
{
    (void)L;
    mc_unreachable();
}

static void open_libraries(lua_State *L)
{
    static const luaL_Reg libraries[] = {
        {LUA_GNAME, luaopen_base},          {LUA_TABLIBNAME, luaopen_table},
        {LUA_STRLIBNAME, luaopen_string},   {LUA_MATHLIBNAME, luaopen_math},
        {LUA_UTF8LIBNAME, luaopen_utf8},    {LUA_COLIBNAME, luaopen_coroutine},
    };
    for (size_t i = 0; i < MC_COUNT_OF(libraries); i++) {
        luaL_requiref(L, libraries[i].name, libraries[i].func, 1);
        lua_pop(L, 1);
    }
    mc_sandbox_open_order(L);
    mc_sandbox_open_text(L);
    mc_sandbox_open_patterns(L);
    mc_sandbox_open_guards(L);
}

static int protected_open(lua_State *L)
{
    open_libraries(L);
    return 0;
}

struct mc_sandbox *mc_sandbox_new(const struct mc_sandbox_options *options)
{
    struct mc_sandbox *sandbox = mc_alloc_take(&options->alloc, sizeof *sandbox);
    if (!sandbox) return NULL;
    *sandbox = (struct mc_sandbox){.options = *options};
    if (!sandbox->options.memory_max) sandbox->options.memory_max = MEMORY_DEFAULT;
    if (!sandbox->options.instructions_max) sandbox->options.instructions_max = INSTRUCTIONS_DEFAULT;
    sandbox->L = lua_newstate(reallocate, sandbox);
    if (!sandbox->L) {
        mc_alloc_give(&options->alloc, sandbox, sizeof *sandbox);
        return NULL;
    }
    *(struct mc_sandbox **)lua_getextraspace(sandbox->L) = sandbox;
    lua_atpanic(sandbox->L, panic);
    mc_sandbox_arm(sandbox->L);
    lua_pushcfunction(sandbox->L, protected_open);
    if (lua_pcall(sandbox->L, 0, 0, 0) != LUA_OK) {
        mc_sandbox_free(sandbox);
        return NULL;
    }
    return sandbox;
}

void mc_sandbox_free(struct mc_sandbox *sandbox)
{
    if (!sandbox) return;
    struct mc_alloc alloc = sandbox->options.alloc;
    lua_close(sandbox->L);
    mc_assert(sandbox->memory_used == 0);
    mc_alloc_give(&alloc, sandbox, sizeof *sandbox);
}

lua_State *mc_sandbox_lua(struct mc_sandbox *sandbox)
{
    return sandbox->L;
}

uint64_t mc_sandbox_instructions(const struct mc_sandbox *sandbox)
{
    return sandbox->instructions;
}

const char *mc_sandbox_place(const struct mc_sandbox *sandbox)
{
    return sandbox->place;
}

/* ---- the budget ---- */

void mc_sandbox_charge(lua_State *L, uint64_t n)
{
    mc_sandbox_of(L)->instructions += n;
}

/* An exhausted coroutine is yielded and never resumed. Where a C function stands between, yielding is
 * not possible and an error unwinds to a place where it is; the hook then fires at every instruction. */
static void count(lua_State *L, lua_Debug *where)
{
    struct mc_sandbox *sandbox = mc_sandbox_of(L);
    sandbox->instructions += sandbox->exhausted ? 1 : MC_SANDBOX_STRIDE;
    if (sandbox->instructions < sandbox->options.instructions_max) return;
    sandbox->exhausted = true;
    if (!sandbox->place[0] && lua_getinfo(L, "Sl", where)) snprintf(sandbox->place, sizeof sandbox->place, "%s:%d", where->short_src, where->currentline);
    lua_sethook(L, count, LUA_MASKCOUNT, 1);
    if (lua_isyieldable(L)) {
        lua_yield(L, 0);
        return;
    }
    luaL_error(L, "instruction budget of %d million is used up",
               (int)(sandbox->options.instructions_max / 1000000));
}

void mc_sandbox_arm(lua_State *L)
{
    lua_sethook(L, count, LUA_MASKCOUNT, MC_SANDBOX_STRIDE);
}

bool mc_sandbox_load(struct mc_sandbox *sandbox, struct mc_str text, const char *name)
{
    lua_State *L = sandbox->L;
    lua_State *co = lua_newthread(L);
    lua_pushfstring(L, "@%s", name);
    int status = luaL_loadbufferx(co, text.p, text.n, lua_tostring(L, -1), "t");
    lua_pop(L, 1);
    if (status == LUA_OK) return true;
    lua_xmove(co, L, 1);
    lua_remove(L, -2);
    return false;
}

enum mc_sandbox_status mc_sandbox_resume(struct mc_sandbox *sandbox, lua_State *co, int args, int *results)
{
    *results = 0;
    if (sandbox->exhausted) return MC_SANDBOX_EXHAUSTED;
    int status = lua_resume(co, sandbox->L, args, results);
    if (sandbox->exhausted) return MC_SANDBOX_EXHAUSTED;
    if (status == LUA_OK) return MC_SANDBOX_DONE;
    return status == LUA_YIELD ? MC_SANDBOX_YIELDED : MC_SANDBOX_ERROR;
}

/* ---- strict globals ---- */

const char *mc_sandbox_nearest_key(lua_State *L, int index, struct mc_str word)
{
    const char *nearest = NULL;
    unsigned best = word.n < 6 ? 2 : (unsigned)word.n / 3 + 1; /* one more than is still near */
    index = lua_absindex(L, index);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING) continue;
        size_t n;
        const char *key = lua_tolstring(L, -1, &n);
        unsigned distance = mc_str_distance(word, mc_str(key, n));
        if (distance < best || (nearest && distance == best && strcmp(key, nearest) < 0)) {
            best = distance;
            nearest = key;
        }
    }
    return nearest;
}

static int unknown_global(lua_State *L)
{
    size_t n;
    const char *name = luaL_tolstring(L, 2, &n);
    lua_pushglobaltable(L);
    const char *nearest = mc_sandbox_nearest_key(L, -1, mc_str(name, n));
    if (nearest) return luaL_error(L, "unknown global '%s': did you mean '%s'?", name, nearest);
    return luaL_error(L, "unknown global '%s'", name);
}

static int undeclared_global(lua_State *L)
{
    return luaL_error(L, "assignment to undeclared global '%s': write 'local %s'", luaL_tolstring(L, 2, NULL),
                      luaL_tolstring(L, 2, NULL));
}

void mc_sandbox_seal(struct mc_sandbox *sandbox)
{
    lua_State *L = sandbox->L;
    lua_pushglobaltable(L);
    lua_createtable(L, 0, 3);
    lua_pushcfunction(L, unknown_global);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, undeclared_global);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}
