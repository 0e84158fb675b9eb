/* The controllers of Kubernetes: Deployments and their ReplicaSets, Jobs, the scheduler, drains under
 * disruption budgets, the node life cycle, horizontal autoscaling.
 *
 *     API server (pods.h) ── changed ──▶ controllers ── create, remove, unready ──▶ owner (sim/run)
 *
 * Controllers know what the API server knows and nothing else: what they are told by
 * sim_controllers_changed. They act by their owner. What they do follows Kubernetes 1.31:
 * pkg/controller/{deployment,replicaset,job,nodelifecycle,tainteviction,podautoscaler,disruption},
 * pkg/registry/core/pod/storage/eviction.go, kubectl's pkg/drain; each file says which.
 *
 * Each version of a service is a workload of its own: a Deployment with as many replicas as the plan says,
 * or a Job where the plan has one. A workload that is as it should be costs no event.
 * Workloads, machines and pods are the owner's numbers. Verbs may not be used from within a guest's step.
 */
#ifndef SIM_PLATFORM_CONTROLLERS_H
#define SIM_PLATFORM_CONTROLLERS_H

#include "sim/engine/engine.h"
#include "sim/platform/pods.h"

struct sim_controllers;

/* ---- the owner ---- */

struct sim_usage { /* of a pod, all containers together, since it was created */
    mc_ns cpu;
    uint64_t requests;           /* that it has answered */
    uint32_t cpu_request_millis; /* resources.requests.cpu; 0: not given */
};

/* Embed the record. None of these may call a verb of the controllers; `create` and `remove` may lead to
 * sim_controllers_changed. */
struct sim_controllers_owner;
struct sim_controllers_owner_type {
    /* A new pod that runs VERSION of SERVICE on MACHINE: added to the world and to the pods. Its number;
     * SIM_NONE: no memory. */
    uint32_t (*create)(struct sim_controllers_owner *owner, uint32_t service, uint32_t version, uint32_t machine);
    void (*remove)(struct sim_controllers_owner *owner, uint32_t pod, mc_ns grace); /* sim_pods_delete */
    /* The node life cycle controller sets the condition Ready to False: the kubelet is not heard of. */
    void (*unready)(struct sim_controllers_owner *owner, uint32_t pod);
    /* What the kubelet of the pod's machine would measure now. False: the pod does not run. Asked for pods
     * with an autoscaler only. */
    bool (*usage)(struct sim_controllers_owner *owner, uint32_t pod, struct sim_usage *usage);
    /* Of interest for people, with Kubernetes' event reasons. SUBJECT: "cart-v1", "node-3". */
    void (*event)(struct sim_controllers_owner *owner, const char *subject, const char *reason, bool warning, const char *text);
    void (*out_of_memory)(struct sim_controllers_owner *owner);
};
struct sim_controllers_owner {
    const struct sim_controllers_owner_type *type;
};

struct sim_controllers_options {
    struct sim_engine *engine;
    struct mc_realm *realm;                 /* memory, the seed of draws */
    const struct sim_kubernetes *constants; /* borrowed for life; members that are 0 are Kubernetes' defaults */
    const struct sim_topology *topology;    /* borrowed for life: services, versions, zones, cores per machine */
    struct sim_controllers_owner *owner;
};

struct sim_controllers *sim_controllers_new(const struct sim_controllers_options *options); /* NULL refuses */
void sim_controllers_free(struct sim_controllers *controllers);                             /* NULL is allowed */

/* ---- what the owner tells ---- */

/* Before sim_controllers_start. A machine on which pods may be placed; numbered by the caller, below 2^24. */
bool sim_controllers_machine(struct sim_controllers *controllers, uint32_t machine, uint32_t zone);
/* A pod that is there at time 0. */
bool sim_controllers_adopt(struct sim_controllers *controllers, uint32_t pod, uint32_t service, uint32_t version,
                           const struct sim_pod_status *status);
void sim_controllers_start(struct sim_controllers *controllers); /* once: autoscalers and Jobs begin */
/* The API server's record of POD has changed (sim_pods_watch). Unknown pods are ignored. */
void sim_controllers_changed(struct sim_controllers *controllers, uint32_t pod, const struct sim_pod_status *status);
/* From now on the kubelet of MACHINE renews its lease, or does not. */
void sim_controllers_heartbeat(struct sim_controllers *controllers, uint32_t machine, bool renews);

/* ---- workloads ---- */

/* Kubernetes refuses some specifications, and some can never do what they say. False: WHY names it. */
enum { SIM_WORKLOAD_WHY = 200 };
bool sim_workload_check(const struct sim_workload_plan *plan, uint32_t replicas, char why[static SIM_WORKLOAD_WHY]);

/* kubectl scale. A horizontal autoscaler may change it again. */
void sim_controllers_scale(struct sim_controllers *controllers, uint32_t service, uint32_t version, uint32_t replicas);
/* kubectl rollout restart, or set image: all pods of the Deployment are replaced by new ones that run version TO.
 * Returns the number of the revision. */
uint32_t sim_controllers_rollout(struct sim_controllers *controllers, uint32_t service, uint32_t version, uint32_t to);
/* The Deployment that VERSION of SERVICE means to people: its own if that has replicas, else one that was rolled out to it. */
uint32_t sim_controllers_running(const struct sim_controllers *controllers, uint32_t service, uint32_t version);

enum sim_progress { SIM_PROGRESS_COMPLETE, SIM_PROGRESS_GOING, SIM_PROGRESS_STUCK /* progressDeadlineSeconds have passed without any */ };

struct sim_deployment_view { /* status of the Deployment; all but `terminating` count pods that are not being deleted */
    uint32_t replicas;                                     /* wanted */
    uint32_t pods, updated, ready, available, terminating; /* there are */
    uint32_t unschedulable;                                /* of `pods`: there is no machine for them */
    uint32_t revision;                                     /* the latest */
    uint32_t version;                                      /* what it runs */
    enum sim_progress progress;
    mc_ns completed;                                       /* when the latest revision became complete; MC_NEVER */
    uint32_t most_pods, least_available;                   /* since the latest rollout began */
};
struct sim_deployment_view sim_controllers_deployment(const struct sim_controllers *controllers, uint32_t service, uint32_t version);

enum sim_job_state { SIM_JOB_NONE, SIM_JOB_ACTIVE, SIM_JOB_COMPLETE, SIM_JOB_FAILED };

struct sim_job_view {
    enum sim_job_state state;
    uint32_t active, succeeded, failed;
    const char *reason; /* of a failed one: "BackoffLimitExceeded", "DeadlineExceeded"; "" */
    mc_ns finished;     /* MC_NEVER */
};
struct sim_job_view sim_controllers_job(const struct sim_controllers *controllers, uint32_t service, uint32_t version);

/* ---- disruption ---- */

struct sim_budget_view { /* status of the PodDisruptionBudget of a service: of all its versions */
    bool given;
    uint32_t expected, healthy, desired, allowed;
};
struct sim_budget_view sim_controllers_budget(const struct sim_controllers *controllers, uint32_t service);

/* kubectl drain: the machines are cordoned, their pods evicted; refused evictions are tried again. Pods that
 * have not gone after TIMEOUT (0: no limit) stay. Returns the number of the drain; UINT32_MAX: no memory. */
uint32_t sim_controllers_drain(struct sim_controllers *controllers, const uint32_t *machines, uint32_t count, mc_ns timeout);
void sim_controllers_cordon(struct sim_controllers *controllers, uint32_t machine, bool cordoned);

enum sim_drain_state { SIM_DRAIN_GOING, SIM_DRAIN_DONE, SIM_DRAIN_TIMED_OUT };

struct sim_drain_view {
    enum sim_drain_state state;
    uint32_t evicted, left;  /* pods: evictions that were granted, those still on the machines */
    uint64_t refused;        /* evictions that a budget did not allow, tries counted */
    uint32_t blocked_by;     /* the service whose budget refused last and still does; SIM_NONE */
    bool hopeless;           /* … and does not allow one even when all of its pods are healthy */
    mc_ns ended;             /* MC_NEVER */
};
struct sim_drain_view sim_controllers_drain_view(const struct sim_controllers *controllers, uint32_t drain);

/* ---- nodes ---- */

struct sim_machine_view {
    uint32_t zone, pods;
    uint32_t number;               /* of its name, "node-3" */
    bool ready, cordoned, tainted; /* tainted: node.kubernetes.io/unreachable:NoExecute */
};
bool sim_controllers_machine_view(const struct sim_controllers *controllers, uint32_t machine, struct sim_machine_view *view); /* false: not one of them */

/* The machine whose name is "node-NUMBER"; SIM_NONE. */
uint32_t sim_controllers_machine_at(const struct sim_controllers *controllers, uint32_t number);

/* ---- autoscaling ---- */

struct sim_autoscaler_view {
    bool given;
    uint32_t desired;    /* as of the last sync */
    uint64_t value;      /* percent of the requests, or requests per second and pod × 1000; of the last sync that had metrics */
    bool has_value;
    uint32_t rescales;
};
struct sim_autoscaler_view sim_controllers_autoscaler(const struct sim_controllers *controllers, uint32_t service, uint32_t version);

#endif
