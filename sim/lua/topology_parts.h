/* What the files that read a topology share: topology.c, steps.c, and pod.c, pod_network.c, resources.c, server.c,
 * workload.c for the parts of a service. */
#ifndef SIM_LUA_TOPOLOGY_PARTS_H
#define SIM_LUA_TOPOLOGY_PARTS_H

#include "base/limits.h"
#include "sim/lua/topology.h"

enum { SIM_STEPS_MAX = 64 };

struct mc_arena *sim_topology_arena(lua_State *L);
void sim_steps_open(lua_State *L);
void sim_read_steps(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record);

/* Parts of a service, SIM_FIELD_READ readers; FIELD's offset is that of … */
void sim_read_pod(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record);         /* struct sim_pod_plan */
void sim_read_pod_network(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record); /* struct sim_pod_network */
void sim_read_resources(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record);   /* struct sim_resources */
void sim_read_server(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record);      /* struct sim_server_plan */
void sim_read_workload(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record);    /* struct sim_workload_plan */

#endif
