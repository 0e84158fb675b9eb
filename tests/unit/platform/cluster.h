/* A cluster that knows nothing of controllers: pods that become ready so long after they were created and go so
 * long after they were deleted, if their machine is there; it counts them itself. */
#ifndef PLATFORM_CLUSTER_H
#define PLATFORM_CLUSTER_H

#include "sim/platform/controllers.h"
#include "support/memory.h"
#include <check.h>

enum { CLUSTER_PODS = 4096, CLUSTER_SERVICES = 4, CLUSTER_MACHINES = 256, CLUSTER_EVENTS = 64 };

struct cluster_pod {
    struct sim_entry entry; /* becomes ready, or ends by itself */
    struct sim_entry leave;
    struct sim_pod_status status;
    uint32_t number, service, version;
    uint32_t cpu_millis;    /* burnt per second while it runs, in thousandths of a core, since … */
    mc_ns burns_since, burnt; /* … and before */
    uint64_t rate;          /* requests per second */
    mc_ns deleted;          /* MC_NEVER */
    bool unready;           /* by the node life cycle controller */
};

struct cluster_kind { /* how pods of one service and version behave */
    mc_ns ready_after, stop_after;
    mc_ns run_time;         /* a Job's: ends so long after it became ready; 0: never */
    bool fails;             /* … with an error */
    uint32_t cpu_millis, request_millis;
    uint64_t rate;
};

struct cluster {
    struct test_memory memory;
    struct mc_realm realm;
    struct sim_engine engine;
    struct sim_kubernetes constants;
    struct sim_topology topology;
    struct sim_service services[CLUSTER_SERVICES];
    struct sim_version versions[CLUSTER_SERVICES][2];
    struct cluster_kind kinds[CLUSTER_SERVICES][2];
    struct mc_str zones[4];
    struct sim_origin origin;
    struct sim_controllers *controllers;
    struct sim_controllers_owner owner;
    struct cluster_pod pods[CLUSTER_PODS];
    uint32_t pod_count;
    bool lost[CLUSTER_MACHINES];
    uint32_t machine_count;
    /* counted at every change, over pods of service 0 that are not being deleted */
    uint32_t most, least_ready;
    uint32_t deletions, deleted[CLUSTER_PODS]; /* in their order */
    mc_ns deleted_at[CLUSTER_PODS];
    uint32_t unready;
    char events[CLUSTER_EVENTS][320];
    uint32_t event_count;
};

extern struct cluster cluster;

/* One service "cart" with version "v1" of so many replicas, in zone a. Change what is to differ, then cluster_start. */
void cluster_init(uint32_t replicas);
void cluster_service(const char *name, uint32_t replicas); /* one more, with the same kinds */
void cluster_machines(uint32_t zone, uint32_t count);      /* after cluster_create */
void cluster_create(void);                                  /* the controllers; machines come next */
void cluster_start(void);                                   /* the pods of time 0, ready, spread over the machines of zone 0 … in turn */
void cluster_run(mc_ns until);
void cluster_fini(void);

uint32_t cluster_live(uint32_t service, uint32_t version);  /* not being deleted, not ended */
uint32_t cluster_ready(uint32_t service);
uint32_t cluster_on(uint32_t machine);                       /* that have not gone */
void cluster_lose(uint32_t machine);                         /* the kubelet and the API server do not hear of each other */
void cluster_find(uint32_t machine);
void cluster_burn(uint32_t millis);                          /* all pods, those that come too */
bool cluster_has_event(const char *text);
void cluster_watch(void);                                    /* counts from now */

#endif
