/* What the files behind controllers.h share.
 *
 *   controllers.c  life; pods as the API server tells of them; when a workload is looked at
 *   replicaset.c   as many pods as are wanted: made, or deleted in their order
 *   deployment.c   rolling updates over ReplicaSets; scaling
 *   scheduler.c    which machine
 *   disruption.c   budgets, evictions, drains
 *   nodes.c        leases, the node monitor, taints, evictions
 *   autoscaler.c   metrics and replicas
 *   job.c          Jobs
 */
#ifndef SIM_PLATFORM_CONTROLLERS_PARTS_H
#define SIM_PLATFORM_CONTROLLERS_PARTS_H

#include "base/assert.h"
#include "base/list.h"
#include "base/rand.h"
#include "sim/platform/controllers.h"
#include <stdio.h>

enum { CTL_NAME = 140, CTL_TEXT = 200 };

struct ctl_sample { /* what metrics-server scraped */
    mc_ns at; /* MC_NEVER: nothing yet */
    mc_ns cpu;
    uint64_t requests;
    uint32_t request_millis;
};

struct ctl_pod {
    struct mc_link link;       /* of its set's, or its Job's, pods */
    struct mc_link here;       /* of its machine's pods */
    struct ctl_workload *workload;
    struct ctl_set *set;       /* NULL: a Job's */
    uint32_t number, service, version, machine;
    uint32_t cpu_millis;       /* that it asks for */
    struct sim_pod_status status;
    bool leaving;              /* was deleted, by whomever */
    bool active, ready;        /* counted so in its set */
    bool ended;                /* counted so in its Job */
    bool holds;                /* counted on its machine */
    mc_ns ready_changed;       /* last change of the condition Ready */
    uint64_t luck;             /* the order among equals, as a UID's */
    struct ctl_sample before, last;
};

struct ctl_set { /* a ReplicaSet */
    struct mc_link link;
    struct mc_link pods;
    uint32_t version, revision;
    uint32_t replicas;         /* wanted */
    uint32_t unplaced;         /* there are, without a machine */
    uint32_t active, ready;    /* placed ones; active: not being deleted */
    uint64_t room_seen;        /* controllers.room when the last one found no machine */
};

struct ctl_job {
    enum sim_job_state state;
    struct mc_link pods;
    uint32_t active, succeeded, failed, failed_in_a_row, unplaced;
    const char *reason;
    mc_ns began, finished, last_failure;
};

enum { CTL_RECOMMENDATIONS = 256, CTL_CHANGES = 128 }; /* of the longest windows that are allowed, one per 15 s: 3600 s, 1800 s */

struct ctl_change {
    mc_ns at;
    uint32_t replicas;
};

struct ctl_changes { /* a ring */
    struct ctl_change list[CTL_CHANGES];
    uint32_t count;
};

struct ctl_scaler { /* a HorizontalPodAutoscaler */
    struct ctl_workload *workload;
    const struct sim_autoscaler *plan;
    struct sim_entry sync;
    struct ctl_change recommendations[CTL_RECOMMENDATIONS]; /* a ring */
    uint32_t recommendation_count;
    struct ctl_changes ups, downs;
    struct sim_autoscaler_view view;
    uint32_t request_millis;   /* of one pod, as the kubelet says; 0: no pod was measured yet */
    uint32_t failures;         /* syncs in a row without metrics */
};

struct ctl_workload {
    struct sim_controllers *controllers;
    const struct sim_workload_plan *plan;
    uint32_t service, version;
    uint32_t replicas;         /* wanted */
    struct mc_link sets;       /* oldest first; the last one is the current template's */
    uint32_t revision;
    bool going;                /* not yet as it should be since the last change */
    bool stuck;
    bool hungry;               /* has pods that found no machine */
    mc_ns progressed, completed;
    struct { uint32_t updated, ready, available, others; } seen;
    uint32_t most_before;      /* replicas and surge before it was scaled */
    uint32_t most_pods, least_available;
    struct ctl_job job;
    struct ctl_scaler *scaler; /* NULL: none */
    struct sim_entry look;
    char name[CTL_NAME];
};

struct ctl_machine {
    uint32_t number, zone;     /* the owner's */
    struct mc_link pods;
    uint32_t held, cpu_millis; /* by pods that have not gone */
    bool cordoned, renews, ready, tainted, evicted;
    mc_ns phase;               /* of its renewals */
    mc_ns silent, back;        /* since when it does not renew, or does again */
    mc_ns evict_at;
    char name[24];
};

struct ctl_drain {
    struct mc_link link;
    struct sim_controllers *controllers;
    uint32_t number, machine_count, machine_capacity;
    uint32_t *machines;        /* places in controllers.machines */
    mc_ns until;
    bool told_hopeless;
    struct sim_drain_view view;
    struct sim_entry entry;
};

struct ctl_zone {
    uint32_t zone, machines, unready;
    mc_ns next_taint;
};

struct sim_controllers {
    struct sim_engine *engine;
    struct mc_realm *realm;
    struct sim_kubernetes constants;
    const struct sim_topology *topology;
    struct sim_controllers_owner *owner;
    struct sim_origin origin;
    bool started;

    struct ctl_workload *workloads;
    uint32_t workload_count;
    uint32_t *first_of;        /* service → its first workload */

    struct ctl_pod **pods;     /* by number; NULL: unknown */
    uint32_t pod_capacity;

    struct ctl_machine *machines;
    uint32_t machine_count, machine_capacity;
    uint32_t *place_of;        /* the owner's machine → place + 1 */
    uint32_t place_capacity;
    uint32_t *crowd;           /* scratch of the scheduler, per machine */
    uint32_t crowd_capacity;
    uint32_t *spread;          /* … per zone of the plan */
    uint32_t hungry;           /* workloads with pods that found no machine */
    uint64_t room;             /* changes whenever a pod may fit that did not */

    struct ctl_zone *zones;
    struct sim_entry monitor, scrape;

    struct mc_link drains;
    uint32_t drain_count;
};

static inline mc_ns ctl_now(const struct sim_controllers *controllers)
{
    return controllers->engine->now;
}

static inline bool ctl_is_job(const struct ctl_workload *workload)
{
    return workload->plan->job.completions > 0;
}

/* ---- controllers.c ---- */

struct ctl_workload *ctl_workload_of(const struct sim_controllers *controllers, uint32_t service, uint32_t version);
void ctl_look_at(struct ctl_workload *workload, mc_ns at); /* then, or earlier if it is to be looked at earlier */
struct ctl_pod *ctl_create(struct ctl_workload *workload, struct ctl_set *set, uint32_t version, uint32_t place); /* NULL: no memory */
void ctl_remove(struct ctl_pod *pod, mc_ns grace);
bool ctl_is_active(const struct ctl_pod *pod); /* IsPodActive */
void ctl_event(const struct sim_controllers *controllers, const char *subject, const char *reason, bool warning, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void *ctl_take(struct sim_controllers *controllers, size_t size); /* zeroed; NULL: the owner was told */
/* Makes room for one more of COUNT records of SIZE. */
bool ctl_grow(struct sim_controllers *controllers, void *list, uint32_t *capacity, uint32_t wanted, size_t size);

/* ---- replicaset.c ---- */

void ctl_set_manage(struct ctl_workload *workload, struct ctl_set *set);

/* ---- deployment.c ---- */

bool ctl_deployment_begin(struct ctl_workload *workload); /* its first set; false: no memory */
struct ctl_set *ctl_deployment_newest(const struct ctl_workload *workload);
void ctl_deployment_look(struct ctl_workload *workload);
void ctl_deployment_changed(struct ctl_workload *workload);
uint32_t ctl_surge(const struct ctl_workload *workload);
uint32_t ctl_unavailable(const struct ctl_workload *workload);
uint32_t ctl_amount(const struct sim_amount *amount, uint32_t of, bool up);

/* ---- scheduler.c ---- */

/* How the pods of WORKLOAD stand now; then one place after the other. */
void ctl_schedule_begin(struct sim_controllers *controllers, struct ctl_workload *workload);
uint32_t ctl_schedule_next(struct sim_controllers *controllers, const struct ctl_workload *workload, uint32_t version); /* a place in `machines`; SIM_NONE */
void ctl_schedule_failed(struct ctl_workload *workload, uint32_t version);
uint32_t ctl_cpu_request(const struct sim_version *version);

void ctl_schedule_worked(struct ctl_workload *workload); /* none of its pods is without a machine */
void ctl_room(struct sim_controllers *controllers); /* pods that found no machine may find one now */

/* ---- disruption.c ---- */

void ctl_drains_look(struct sim_controllers *controllers); /* a pod of a machine has gone */

/* ---- nodes.c ---- */

void ctl_nodes_begin(struct sim_controllers *controllers);
struct ctl_machine *ctl_machine_of(const struct sim_controllers *controllers, uint32_t machine); /* NULL: not one of them */

/* ---- autoscaler.c ---- */

bool ctl_scalers_begin(struct sim_controllers *controllers);

/* ---- job.c ---- */

void ctl_job_begin(struct ctl_workload *workload);
void ctl_job_look(struct ctl_workload *workload);
void ctl_job_count(struct ctl_pod *pod); /* its record has changed */

#endif
