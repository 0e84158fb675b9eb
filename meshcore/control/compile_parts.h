/* What the files of the translation share. */
#ifndef CONTROL_COMPILE_PARTS_H
#define CONTROL_COMPILE_PARTS_H

#include "base/limits.h"
#include "control/compile.h"

/* A text of at most 511 bytes, put together and interned. */
struct mc_name {
    char text[512];
    size_t used;
    bool too_long;
};

void mc_name_add(struct mc_name *name, struct mc_str text);
void mc_name_add_number(struct mc_name *name, uint64_t number);
mc_atom mc_name_intern(const struct mc_name *name, struct mc_realm *realm); /* 0: too long, or no memory */

/* "outbound|PORT|SUBSET|HOST". 0 as above. */
mc_atom mc_outbound_name(struct mc_realm *realm, const struct mc_service *service, mc_atom subset);

/* Versions that have a cluster of their own: those of the weights, and where there is more than one,
 * those of the workloads. */
uint32_t mc_service_subsets(const struct mc_service *service, mc_atom subsets[static MC_MAX_SUBSETS]);

/* compile_cluster.c */
struct mc_result mc_compile_service(struct mc_compiler *compiler, const struct mc_service *service,
                                    struct mc_service_parts *parts) MC_MUST_USE;
void mc_service_parts_fini(struct mc_pool *pool, struct mc_service_parts *parts);
struct mc_result mc_compile_passthrough(struct mc_compiler *compiler, struct mc_snapshot_builder *builder,
                                        struct mc_str name) MC_MUST_USE;

/* compile_locality.c: does the service want callers' own zone first? All endpoints as a caller in ZONE sees them. */
bool mc_service_prefers_near(const struct mc_service *service);
struct mc_result mc_compile_near(struct mc_compiler *compiler, struct mc_snapshot_builder *builder, mc_atom zone) MC_MUST_USE;

/* compile_route.c: route configurations of all ports, and of what is not a service. SOURCE: whose sidecars. */
struct mc_result mc_compile_routes(struct mc_compiler *compiler, struct mc_snapshot_builder *builder, mc_atom source) MC_MUST_USE;

/* compile_listener.c */
struct mc_result mc_compile_outbound(struct mc_compiler *compiler, struct mc_snapshot_builder *builder) MC_MUST_USE;
struct mc_result mc_compile_inbound(struct mc_compiler *compiler, struct mc_snapshot_builder *builder,
                                    const struct mc_profile *profile) MC_MUST_USE;

/* The distinct ports of services in order of addition, in ARENA; *ports NULL: no memory, or no service. */
uint32_t mc_service_ports(const struct mc_registry *registry, struct mc_arena *arena, uint16_t **ports);

#endif
