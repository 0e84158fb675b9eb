/* Whom a fault is about, as scripts write it: "checkout/v2@b", pods { service = , mode = }, or a list. */
#ifndef SIM_LUA_SELECTORS_H
#define SIM_LUA_SELECTORS_H

#include "sim/lua/script_parts.h"

enum { SIM_SELECTORS_MAX = 64 };

/* The selectors at INDEX into LIST, taken from ARENA; returns how many. Raises. */
uint32_t sim_selectors_read(lua_State *L, int index, struct mc_arena *arena, const char *what, const char *key, const struct sim_selector **list);

/* The method list() of selectors. */
int sim_pods_list(lua_State *L);

#endif
