/* Topologies and steps in scripts: topology{}, call, work, respond, parallel, and the ready-made ones. */
#ifndef SIM_LUA_TOPOLOGY_H
#define SIM_LUA_TOPOLOGY_H

#include "sim/lua/schema.h"
#include "base/assert.h"
#include "sim/plan/plan.h"

/* Defines the globals topology, call, work, respond, parallel and capacity; ARENA owns what they make. */
void sim_topology_open(lua_State *L, struct mc_arena *arena);

/* The topology at INDEX; raises if it is none. */
const struct sim_topology *sim_topology_check(lua_State *L, int index, const char *what, const char *key);

/* A retry policy in the words of scripts, for calls, services and profiles: a SIM_FIELD_READ reader. */
void sim_read_retry(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record);

/* Where the script calls from. */
struct sim_source sim_lua_source(lua_State *L, struct mc_arena *arena);

#endif
