/* The life of pods, as the API server, the scheduler and the kubelets lead it.
 *
 *     create ── schedule ── pull ── init ── (native sidecar) ── containers ── startup, readiness ── Ready
 *     delete ─┬─ EndpointSlice: not ready, terminating ── kube-proxy, registry ── pushes      } two races from
 *             └─ preStop ── SIGTERM to all containers ── grace ── SIGKILL ── gone             } the same instant
 *
 * What really happens on a machine (containers, probes) and what the API server knows of it are two
 * things: a status reaches the API server after sim_kubernetes.status_update, and not at all from a
 * machine that is lost. Controllers (controllers.h) and the mesh's registry see only the latter.
 *
 * This layer decides when; its owner (sim/run) makes the things: it numbers pods, moves guests into
 * containers, changes the registry. Pods are numbered by the owner, 0, 1, …, and never reused.
 * Nothing here may be called from within a guest's step.
 */
#ifndef SIM_PLATFORM_PODS_H
#define SIM_PLATFORM_PODS_H

#include "sim/host/world.h"
#include "sim/plan/plan.h"

struct sim_pods;

enum sim_role { SIM_ROLE_APP, SIM_ROLE_SIDECAR, SIM_ROLES };

/* What the owner does when it is told; embed the record. */
struct sim_pods_owner;
struct sim_pods_owner_type {
    /* The guest of ROLE moves into its container (sim_container_start). False: no memory. */
    bool (*start)(struct sim_pods_owner *owner, uint32_t pod, enum sim_role role);
    /* The EndpointSlice of the pod's service has changed and its watchers know: READY takes new
     * connections; SERVING without ready: terminating, and still answering. Neither: not in it. */
    void (*endpoint)(struct sim_pods_owner *owner, uint32_t pod, bool ready, bool serving);
    /* Something of interest for people: "Killing", "BackOff", "Unhealthy", "Evicted"; Kubernetes' event reasons. */
    void (*event)(struct sim_pods_owner *owner, uint32_t pod, const char *reason, const char *text);
    /* The pod has left its machine for good; its containers are empty. Its last `endpoint` comes after. */
    void (*gone)(struct sim_pods_owner *owner, uint32_t pod);
    /* … and its address answers no more, sim_kubernetes.sandbox_stop later. May be NULL. */
    void (*unplug)(struct sim_pods_owner *owner, uint32_t pod);
    /* Whether its sidecar has what it needs to serve: configuration and, where the mesh has identities, a certificate. */
    bool (*sidecar_ready)(struct sim_pods_owner *owner, uint32_t pod);
    /* Its sidecar drains from now on, as on SIGTERM, and goes on running. */
    void (*drain)(struct sim_pods_owner *owner, uint32_t pod);
    /* Whether nothing is connected to its sidecar. */
    bool (*sidecar_idle)(struct sim_pods_owner *owner, uint32_t pod);
};
struct sim_pods_owner {
    const struct sim_pods_owner_type *type;
};

struct sim_pods_options {
    struct sim_world *world;
    struct mc_realm *realm;
    const struct sim_kubernetes *constants; /* borrowed for life */
    const struct sim_profile *profile;      /* how sidecars start and stop: see plan.h */
    struct sim_pods_owner *owner;
};

/* GIVEN with the defaults of topologies/profiles/kubernetes.lua where it says 0. */
struct sim_kubernetes sim_kubernetes_filled(const struct sim_kubernetes *given);

struct sim_pods *sim_pods_new(const struct sim_pods_options *options); /* NULL refuses */
void sim_pods_free(struct sim_pods *pods);                             /* NULL is allowed; before the world goes */

/* ---- the API server ---- */

enum sim_pod_phase { SIM_POD_PENDING, SIM_POD_RUNNING, SIM_POD_SUCCEEDED, SIM_POD_FAILED, SIM_POD_GONE };

struct sim_pod_status { /* as the API server has it */
    enum sim_pod_phase phase;
    bool ready;              /* condition Ready */
    bool terminating;        /* deletionTimestamp is set */
    uint32_t machine;        /* SIM_NONE: not scheduled */
    uint32_t restarts;       /* of all its containers */
    const char *reason;      /* "ContainerCreating", "CrashLoopBackOff", "Error", "Evicted", "NodeLost"; "" */
    mc_ns created, started, ready_since; /* MC_NEVER: not yet */
};

/* A pod that the owner has added to the world on its machine begins to live; POD is the owner's number.
 * RUNNING: at time 0 the mesh has been running for a while: everything is up and ready at once.
 * False: no memory. */
struct sim_pod_new {
    uint32_t pod, world;                     /* the owner's number, the world's */
    const struct sim_pod_plan *plan;         /* borrowed for life */
    uint16_t port;                           /* of the service: probes without a port */
    bool meshed, running, in_service;
    mc_ns exit_after;                        /* the application has done its work and exits with 0 so long after each start; 0: never */
    uint32_t containers[SIM_ROLES];          /* in the world; SIM_NONE */
};
bool sim_pods_add(struct sim_pods *pods, const struct sim_pod_new *pod);

/* Deletes it: both races begin. GRACE MC_NEVER: the pod's own. 0: --force --grace-period=0: the API server forgets it at once.
 * Again, with a shorter grace: shortens it. Harmless if it is gone. */
void sim_pods_delete(struct sim_pods *pods, uint32_t pod, mc_ns grace);

struct sim_pod_status sim_pods_status(const struct sim_pods *pods, uint32_t pod);
uint32_t sim_pods_count(const struct sim_pods *pods);

/* Told whenever the API server's record of a pod has changed; embedded by its owner, linked until unwatched. */
struct sim_pod_watch {
    struct mc_link link;
    void (*changed)(struct sim_pod_watch *watch, uint32_t pod, const struct sim_pod_status *status);
};
void sim_pods_watch(struct sim_pods *pods, struct sim_pod_watch *watch);
void sim_pods_unwatch(struct sim_pods *pods, struct sim_pod_watch *watch);

/* ---- what the owner tells ---- */

void sim_pods_gone(struct sim_pods *pods, uint32_t pod, enum sim_role role, uint32_t status); /* a container has ended (exit, crash, OOM) */

/* A fault has the pod: its containers end and are not started again before it is released; then all at once, without
 * the delays of a start. Nested holds count. */
void sim_pods_hold(struct sim_pods *pods, uint32_t pod);
void sim_pods_release(struct sim_pods *pods, uint32_t pod);

/* ---- machines ---- */

/* The machine and its kubelet are gone (or cut off from the API server): nothing is reported any more. */
void sim_pods_machine_lost(struct sim_pods *pods, uint32_t machine, bool running); /* RUNNING: its pods go on; only the API server does not hear of it */
void sim_pods_machine_back(struct sim_pods *pods, uint32_t machine);
/* The node life cycle controller (controllers.h) has heard nothing of the pod's machine for too long: the API server's
 * condition Ready becomes False (and the endpoint goes) until the kubelet says otherwise. */
void sim_pods_unready(struct sim_pods *pods, uint32_t pod);

#endif
