/* What the files of the life of pods share.
 *
 *   pods.c        the API server: records, watchers, deletion; machines
 *   pods_alarm.c  what is to happen to a pod later
 *   kubelet.c     starting: the order of containers, back-off, restart policy
 *   kubelet_stop.c  stopping: preStop, SIGTERM, grace, SIGKILL; how sidecars leave
 *   endpoints.c   a pod's place in its EndpointSlice
 *   prober.c      startup, readiness and liveness probes: when, and what follows from them
 *   prober_guest.c  … and the requests themselves, a guest per machine
 */
#ifndef SIM_PLATFORM_PARTS_H
#define SIM_PLATFORM_PARTS_H

#include "base/assert.h"
#include "base/list.h"
#include "sim/platform/pods.h"

struct pod_life;

/* ---- alarms ---- */

struct pod_alarm {
    struct sim_entry entry;
    struct pod_life *life;
    void (*rings)(struct pod_alarm *alarm);
};

enum pod_alarm_name {
    ALARM_SEQUENCE,   /* the next step of the start */
    ALARM_DELETED,    /* the kubelet hears of the deletion */
    ALARM_REPORT,     /* the kubelet's view reaches the API server */
    ALARM_ENDPOINT,   /* the API server's view reaches the watchers of the EndpointSlice */
    ALARM_SANDBOX,    /* its network is taken down */
    POD_ALARMS
};

enum container_alarm_name {
    CONTAINER_NEXT,   /* warmed up; or restarted after its back-off */
    CONTAINER_SEEN,   /* the kubelet sees that it has ended */
    CONTAINER_ENDS,   /* crash_after, exit_after; a sidecar's own end */
    CONTAINER_TERM,   /* its preStop hook is over: SIGTERM */
    CONTAINER_KILL,   /* SIGKILL */
    CONTAINER_ALARMS
};

/* Only pods to which something happens have alarms. */
struct pod_work {
    struct pod_alarm of_pod[POD_ALARMS];
    struct pod_alarm of_container[SIM_ROLES][CONTAINER_ALARMS];
};

bool pod_alarm_set(struct pod_life *life, enum pod_alarm_name name, mc_ns after); /* false: no memory, and the engine says so */
bool pod_alarm_is_set(const struct pod_life *life, enum pod_alarm_name name);
void pod_alarm_clear(struct pod_life *life, enum pod_alarm_name name);
bool container_alarm_set(struct pod_life *life, enum sim_role role, enum container_alarm_name name, mc_ns after);
void container_alarm_clear(struct pod_life *life, enum sim_role role, enum container_alarm_name name);
void container_alarms_clear(struct pod_life *life, enum sim_role role);
enum sim_role alarm_role(const struct pod_alarm *alarm); /* of a container's */
void pod_work_free(struct pod_life *life);

/* ---- probes ---- */

enum probe_name { PROBE_STARTUP, PROBE_READINESS, PROBE_LIVENESS, PROBES };

struct probe_request; /* one attempt, under way */
struct prober;        /* the guest of one machine */

struct probe_worker {
    struct pod_life *life;
    struct sim_entry due;
    struct probe_request *request; /* NULL: none is under way */
    enum probe_name name;
    bool on;
    uint32_t failures, successes;  /* in a row */
};

/* ---- pods ---- */

enum container_state {
    CONTAINER_WAITING, /* not started, or waits to be started again */
    CONTAINER_WARMING, /* the process runs, and does not listen yet */
    CONTAINER_RUNS,
    CONTAINER_ENDED,
};

struct pod_container {
    enum container_state state;
    uint32_t world;         /* SIM_NONE: the pod has none of this role */
    uint32_t status;        /* of its last end */
    uint32_t restarts;
    mc_ns begun, ended;
    mc_ns back_off;         /* of the next restart; 0: at once */
    mc_ns kill_at;          /* of the end that is under way */
    bool stopping;          /* the kubelet ends it: preStop, SIGTERM, SIGKILL */
    bool exits;             /* it ends by itself, with `exit_status`: its SIGKILL is none */
    uint32_t exit_status;
    bool started, ready;    /* probes: startup has passed; readiness */
    bool finished;          /* will not be started again */
    bool crash_loop;        /* waits for its back-off */
};

enum pod_stage {
    STAGE_STARTING,  /* the sequence of the start goes on */
    STAGE_RUNNING,
    STAGE_TERMINATING, /* the kubelet ends it */
    STAGE_ENDED,     /* its containers have; the pod is still an object (Jobs) */
    STAGE_GONE,
};

struct pod_life {
    struct sim_pods *pods;
    struct sim_pod_new spec;
    struct pod_container containers[SIM_ROLES];
    struct sim_origin origin;
    struct pod_work *work;
    struct probe_worker *probes; /* PROBES of them; NULL: none */
    struct sim_pod_status status; /* the API server's */
    const char *reason;      /* the kubelet's */
    enum pod_stage stage;
    uint8_t step;            /* of the sequence */
    uint32_t held;
    uint32_t machine;
    mc_ns grace;             /* as deleted with; MC_NEVER: not deleted */
    mc_ns end_by;            /* when that is over; valid while TERMINATING */
    bool forced;             /* forgotten by the API server while it may still run */
    bool lost;               /* the machine is down: nothing happens there */
    bool cut;                /* the API server does not hear of it, nor it of the API server */
    bool told_ready, told_serving, told_gone; /* what the owner was told last */
};

struct sim_pods {
    struct sim_world *world;
    struct mc_realm *realm;
    struct sim_kubernetes constants;
    const struct sim_profile *profile;
    struct sim_pods_owner *owner;
    struct pod_life **lives; /* by the owner's number; NULL: unknown */
    uint32_t count, capacity;
    struct mc_link watches;
    struct prober **probers; /* by machine */
    uint32_t prober_capacity;
};

static inline mc_ns pods_now(const struct pod_life *life)
{
    return sim_world_now(life->pods->world);
}

static inline struct sim_engine *pods_engine(const struct pod_life *life)
{
    return sim_world_engine(life->pods->world);
}

static inline const struct sim_sidecar *sidecar_of(const struct pod_life *life)
{
    return &life->pods->profile->sidecar;
}

static inline bool has_container(const struct pod_life *life, enum sim_role role)
{
    return life->containers[role].world != SIM_NONE;
}

static inline bool container_is_up(const struct pod_container *container)
{
    return container->state == CONTAINER_RUNS || container->state == CONTAINER_WARMING;
}

void pods_event(struct pod_life *life, const char *reason, const char *format, ...) __attribute__((format(printf, 3, 4)));
void pods_refused(struct pod_life *life); /* memory ran out */

/* pods.c */
void pod_report(struct pod_life *life);  /* the kubelet's view has changed: it reaches the API server later */
void pod_store(struct pod_life *life, const struct sim_pod_status *status); /* into the API server; tells its watchers */
void pod_reported(struct pod_alarm *alarm);

/* endpoints.c */
void pod_endpoint(struct pod_life *life); /* the API server's record has changed */
void pod_endpoint_told(struct pod_alarm *alarm);

/* kubelet.c */
void kubelet_begin(struct pod_life *life);   /* a new pod, or all anew after its machine was down */
void kubelet_run_now(struct pod_life *life); /* everything is up at once */
void kubelet_sequence(struct pod_alarm *alarm);
void kubelet_next(struct pod_alarm *alarm);
void kubelet_seen(struct pod_alarm *alarm);
void kubelet_ended(struct pod_life *life, enum sim_role role);
bool kubelet_is_ready(const struct pod_life *life);

/* kubelet_stop.c */
void kubelet_deleted(struct pod_alarm *alarm);
void kubelet_unplugs(struct pod_alarm *alarm);
void kubelet_terminate(struct pod_life *life, mc_ns grace);
void kubelet_stop(struct pod_life *life, enum sim_role role, mc_ns grace); /* preStop, SIGTERM, SIGKILL */
void kubelet_term(struct pod_alarm *alarm);
void kubelet_kill(struct pod_alarm *alarm);
void kubelet_ends(struct pod_alarm *alarm);
void kubelet_stopped(struct pod_life *life, enum sim_role role); /* a container has ended while the pod is terminated */
mc_ns pod_grace(const struct pod_life *life);

/* prober.c */
void prober_started(struct pod_life *life, bool long_ago); /* the application has been started; LONG_AGO: and startup has passed */
void prober_stopped(struct pod_life *life, bool readiness_too);
void prober_free(struct pod_life *life);
void prober_heard(struct probe_worker *worker, bool passed, const char *why);

/* prober_guest.c */
struct probe_attempt {
    struct mc_addr to;
    struct mc_str path;     /* empty: connecting is enough */
    mc_ns timeout;
};
/* The kubelet of the pod's machine tries once; prober_heard follows, never during this call. */
void prober_ask(struct probe_worker *worker, const struct probe_attempt *attempt);
void prober_forget(struct probe_worker *worker); /* its answer is not wanted any more */
void probers_free(struct sim_pods *pods);

#endif
