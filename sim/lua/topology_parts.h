/* What steps.c and topology.c share. */
#ifndef SIM_LUA_TOPOLOGY_PARTS_H
#define SIM_LUA_TOPOLOGY_PARTS_H

#include "base/limits.h"
#include "sim/lua/topology.h"

enum { SIM_STEPS_MAX = 64 };

struct mc_arena *sim_topology_arena(lua_State *L);
void sim_steps_open(lua_State *L);
void sim_read_steps(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record);

#endif
