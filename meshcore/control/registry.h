/* The desired state of a mesh: its services, the workloads behind them, and how each service is called.
 *
 * A registry stands for what the platform keeps (the Kubernetes API server): it outlives control-plane
 * nodes, which read it, and change it when a command or a rollout says so. Before a control plane runs
 * its owner fills it directly; afterwards changes go through the node (node/node.h), which also pushes.
 * Order is order of addition everywhere. Names are atoms of the realm.
 */
#ifndef CONTROL_REGISTRY_H
#define CONTROL_REGISTRY_H

#include "base/result.h"
#include "control/defaults.h"
#include "host/realm.h"

enum { MC_MAX_SUBSETS = 16 }; /* versions of one service that a route may weigh */

struct mc_subset_weight {
    mc_atom version; /* "v1" */
    uint32_t weight;
};

enum mc_resolution { /* how a sidecar finds who serves: ServiceEntry.Resolution, and clusterIP: None */
    MC_RESOLUTION_ENDPOINTS,       /* the workloads (EDS) */
    MC_RESOLUTION_NONE,            /* wherever the caller wanted to go: headless. In plaintext: Istio's auto mTLS leaves ORIGINAL_DST out */
    MC_RESOLUTION_DNS,             /* its name, looked up by the sidecar (STRICT_DNS) */
    MC_RESOLUTION_DNS_ROUND_ROBIN, /* … (LOGICAL_DNS) */
};

struct mc_service_spec {
    mc_atom name;       /* "reviews" */
    mc_atom name_space; /* 0: "default" */
    uint16_t port;      /* of the service */
    uint16_t target_port; /* of its workloads; 0: the same */
    struct mc_addr vip; /* any: none */
    enum mc_resolution resolution;
    bool outside;       /* of the mesh: its name is its host, as it is */
    const struct mc_traffic *traffic; /* NULL: the mesh's */
};

struct mc_workload_spec {
    mc_atom name;       /* "reviews-v1-0", unique */
    mc_atom service;    /* 0: only a client */
    mc_atom version;    /* "v1" */
    struct mc_addr addr; /* IP of the pod and the target port */
    mc_atom zone;
    mc_atom identity;   /* SPIFFE ID; 0: none */
    bool meshed;        /* has a sidecar */
    bool ready;
};

struct mc_service {
    mc_atom name, name_space;
    mc_atom host;       /* "reviews.default.svc.cluster.local" */
    uint16_t port, target_port;
    struct mc_addr vip;
    enum mc_resolution resolution;
    bool outside;
    struct mc_traffic traffic;
    struct mc_subset_weight weights[MC_MAX_SUBSETS];
    uint32_t weight_count;  /* 0: no route by version: every ready workload alike */
    struct mc_workload **workloads; /* in order of addition */
    uint32_t workload_count, workload_capacity;
    uint64_t changed;   /* generation of the last change to it or to one of its workloads */
};

struct mc_workload {
    mc_atom name;
    mc_atom label;      /* "reviews/v1", for telemetry; the name if it has no service */
    struct mc_service *service; /* NULL: only a client */
    mc_atom version;
    struct mc_addr addr;
    mc_atom zone, identity;
    bool meshed, ready;
};

struct mc_registry {
    struct mc_realm *realm;
    struct mc_mesh_defaults defaults;
    struct mc_service **services;
    uint32_t service_count, service_capacity;
    struct mc_workload **workloads; /* in order of addition */
    uint32_t workload_count, workload_capacity;
    struct mc_map service_names, workload_names, addrs; /* by atom, by hash of IP */
    uint64_t generation; /* counts changes */
};

struct mc_registry *mc_registry_new(struct mc_realm *realm, const struct mc_mesh_defaults *defaults); /* NULL refuses */
void mc_registry_free(struct mc_registry *registry); /* NULL is allowed */

/* EXISTS: the name is taken; NOT_FOUND: no such service; NO_MEMORY. Nothing has changed unless OK. */
struct mc_result mc_registry_add_service(struct mc_registry *registry, const struct mc_service_spec *spec) MC_MUST_USE;
struct mc_result mc_registry_add_workload(struct mc_registry *registry, const struct mc_workload_spec *spec) MC_MUST_USE;
struct mc_result mc_registry_remove_workload(struct mc_registry *registry, mc_atom name) MC_MUST_USE;
struct mc_result mc_registry_set_ready(struct mc_registry *registry, mc_atom workload, bool ready) MC_MUST_USE;
struct mc_result mc_registry_set_traffic(struct mc_registry *registry, mc_atom service, const struct mc_traffic *traffic) MC_MUST_USE;
/* Weights are relative. INVALID: more than MC_MAX_SUBSETS, or all 0. COUNT 0 takes the split away. */
struct mc_result mc_registry_set_weights(struct mc_registry *registry, mc_atom service,
                                         const struct mc_subset_weight *weights, uint32_t count) MC_MUST_USE;

/* Borrowed; NULL if there is none. */
struct mc_service *mc_registry_service(const struct mc_registry *registry, mc_atom name);
struct mc_workload *mc_registry_workload(const struct mc_registry *registry, mc_atom name);
struct mc_workload *mc_registry_workload_at(const struct mc_registry *registry, struct mc_addr addr); /* by IP; the first one added there */
uint32_t mc_service_weight(const struct mc_service *service, mc_atom version); /* percent of the total, rounded down; 0 without weights */

/* One change as data: what a command to the control plane carries. */
enum mc_registry_change_kind {
    MC_CHANGE_ADD_WORKLOAD,
    MC_CHANGE_REMOVE_WORKLOAD,
    MC_CHANGE_READY,
    MC_CHANGE_WEIGHTS,
    MC_CHANGE_TRAFFIC,
};

struct mc_registry_change {
    enum mc_registry_change_kind kind;
    mc_atom name; /* of the workload (REMOVE_WORKLOAD, READY) or the service (WEIGHTS, TRAFFIC) */
    union {
        struct mc_workload_spec workload;
        bool ready;
        struct {
            const struct mc_subset_weight *list;
            uint32_t count;
        } weights;
        struct mc_traffic traffic;
    };
};

struct mc_result mc_registry_apply(struct mc_registry *registry, const struct mc_registry_change *change) MC_MUST_USE;

#endif
