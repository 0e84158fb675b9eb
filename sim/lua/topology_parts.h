/* What the files that read a topology share: topology.c, steps.c, and pod.c, pod_network.c, resources.c, server.c,
 * workload.c for the parts of a service. */
#ifndef SIM_LUA_TOPOLOGY_PARTS_H
#define SIM_LUA_TOPOLOGY_PARTS_H

#include "base/limits.h"
#include "sim/lua/topology.h"

enum { SIM_STEPS_MAX = 64 };

struct mc_arena *sim_topology_arena(lua_State *L);
void sim_steps_open(lua_State *L);
/* "5ms", or { mean = }, { p50 =, p99 = }, { min =, max = } with an optional dist, { dist = "pareto", alpha =, min =, max = },
 * { quantiles = }, { mix = }. */
struct sim_dist sim_read_dist(lua_State *L, int index, const char *what, const char *key);
/* Of a struct sim_version: for a request, and before it listens. */
void sim_read_steps(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record);
void sim_read_start_steps(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record);

/* Parts of a service, SIM_FIELD_READ readers; FIELD's offset is that of … */
void sim_read_pod(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record);         /* struct sim_pod_plan */
void sim_read_pod_network(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record); /* struct sim_pod_network */
void sim_read_resources(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record);   /* struct sim_resources */
void sim_read_server(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record);      /* struct sim_server_plan */
/* A client's pool: struct sim_pool_plan. */
void sim_read_sockets(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record);     /* struct sim_socket_plan */
void sim_read_pool(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record);
/* Leaves what topologies/profiles/frameworks.lua says of NAME, in the words of a service, on the stack. */
void sim_push_framework(lua_State *L, const char *what, const char *name);
void sim_read_workload(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record);    /* struct sim_workload_plan */

/* ---- resources.c ---- */

uint32_t sim_cpu_quantity(lua_State *L, const char *what, const char *key);    /* the stack's top: thousandths of cores */
uint64_t sim_memory_quantity(lua_State *L, const char *what, const char *key); /* … : bytes */
void sim_read_cpu_quantity(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record); /* uint32_t */
/* What follows from what was said, and whether it can be; raises, naming WHAT. */
void sim_resources_finish(lua_State *L, const char *what, struct sim_resources *resources);
/* names.c */
void sim_read_dns(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record); /* struct sim_dns_plan */
struct sim_external sim_take_external(lua_State *L, struct mc_arena *arena, const char *what);
void sim_check_network(lua_State *L, const struct sim_service *service);

void sim_read_sidecar(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record);      /* struct sim_sidecar, of a profile */

/* What Kubernetes counts in seconds: a plain number of them, or a duration with its unit; mc_ns. */
void sim_read_seconds(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record);

#endif
