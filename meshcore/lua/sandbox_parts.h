/* What the files of the sandbox share among themselves. */
#ifndef LUA_SANDBOX_PARTS_H
#define LUA_SANDBOX_PARTS_H

#include "lua/sandbox.h"
#include <lauxlib.h>
#include <lualib.h>

struct mc_sandbox {
    struct mc_sandbox_options options;
    lua_State *L;
    uint64_t memory_used;
    uint64_t instructions;
    uint64_t draws;
    bool exhausted;
    char place[LUA_IDSIZE + 16]; /* where it was exhausted */
};

enum { MC_SANDBOX_STRIDE = 1000 }; /* instructions between two looks at the budget */

void mc_sandbox_open_order(lua_State *L);    /* pairs, next, table.sort */
void mc_sandbox_open_text(lua_State *L);     /* tostring, print, string.format */
void mc_sandbox_open_patterns(lua_State *L); /* find, match, gmatch, gsub with a bound */
void mc_sandbox_open_guards(lua_State *L);   /* load, setmetatable, xpcall, math.random; removals */
void mc_sandbox_arm(lua_State *L);           /* the count hook on a coroutine */

#endif
