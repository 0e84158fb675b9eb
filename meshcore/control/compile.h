/* Registry to configuration: what each sidecar of the mesh has to run.
 *
 * Nothing in it names a single proxy, so that there is one snapshot for each *profile*: the inbound port
 * and mTLS mode of a workload's service, whether a fault is meant for its callers alone, and its zone
 * where a service prefers callers' own. All profiles share the clusters, most endpoints and the routes; a service that has not changed since the last
 * generation is not translated again. Names are Istio's:
 *
 *     listeners  virtualOutbound, virtualInbound, metrics
 *     routes     "8080" (per port of a service), allow_any or block_all, inbound|8080||, inbound|passthrough||
 *     clusters   outbound|8080||HOST, outbound|8080|v1|HOST, PassthroughCluster, inbound|8080||,
 *                InboundPassthroughCluster
 */
#ifndef CONTROL_COMPILE_H
#define CONTROL_COMPILE_H

#include "control/registry.h"
#include "model/shape.h"
#include "xds/message.h"

/* What one service becomes. */
struct mc_service_parts {
    uint64_t changed;               /* generation of the service that they were made from */
    struct mc_resource **list;      /* cluster and endpoints in turn */
    uint32_t count, capacity;
};

struct mc_update {
    uint32_t bytes, resources;
};

struct mc_profile {
    uint16_t port;                  /* 0: only a client */
    enum mc_mtls_mode mtls;
    mc_atom source;                 /* service that a fault is for; 0: none */
    mc_atom zone;                   /* where it stands; 0: no service cares */
    struct mc_offer *offer;         /* of the newest generation; NULL: not asked for yet */
    struct mc_offer *from;          /* what it was compared with last; may be NULL */
    struct mc_update update;        /* … and what came out */
    bool compared;
};

struct mc_compiler {
    struct mc_registry *registry;
    struct mc_realm *realm;
    struct mc_encoding scratch;
    struct mc_service_parts *parts; /* by place of the service */
    uint32_t part_count;
    struct mc_snapshot *base;       /* what all profiles share */
    struct mc_profile *profiles;
    uint32_t profile_count, profile_capacity;
    uint64_t version;               /* the registry's generation, as compiled; 0: none */
};

void mc_compiler_init(struct mc_compiler *compiler, struct mc_registry *registry);
void mc_compiler_fini(struct mc_compiler *compiler);

/* Translates the registry as it stands. On NO_MEMORY what was there before is kept. */
struct mc_result mc_compiler_update(struct mc_compiler *compiler) MC_MUST_USE;

/* What WORKLOAD (an instance's name; one that nobody knows is a client) has to run. Borrowed until the
 * next update. NULL: nothing is compiled yet, or no memory. */
struct mc_offer *mc_compiler_offer(struct mc_compiler *compiler, mc_atom workload);

/* What has to be sent to a proxy that runs FROM (NULL: nothing) so that it runs TO: bytes, and resources
 * new or changed. As Istio does, each type of which anything changed is sent whole, endpoints one by one. */
struct mc_update mc_snapshot_update(const struct mc_snapshot *from, const struct mc_snapshot *to);
/* The same for an offer of this compiler's, remembered: most proxies of a profile run the same. */
struct mc_update mc_compiler_update_from(struct mc_compiler *compiler, struct mc_offer *from, struct mc_offer *to);

#endif
