/* What the files behind run.h share.
 *
 *   run.c         life: new, start, advance, finish, free; telling
 *   plan.c        what is wrong with a plan whatever the luck
 *   build.c       the plan becomes a world: machines, pods, services, load clients
 *   names.c       … names, resolvers, capture
 *   mesh.c        … and a mesh: registry, CA, control plane
 *   traffic.c     a service's policy in the control plane's words
 *   pods.c        what the life of pods (sim/platform/pods.h) does to this world: guests, registry, kube-proxy
 *   platform.c    controllers: rollouts of Kubernetes, scaling, drains, lost machines
 *   observe.c     what applications and clients tell reaches counts and the sink
 *   traces.c      what the core's trace records say reaches the same places
 *   invariants.c  rules that must hold at every moment
 *   judge.c       thresholds, invariants, faults that touched nothing: verdicts at the end
 *   look.c        pods as scripts see them
 *   faults.c      faults of scripts: what the catalogue needs of a run
 *   tell.c        events and verdicts for the sink and for questions
 *   follow.c      one trace, hop by hop
 *   honest.c      verdicts that rest on what is ignored
 *   loads.c       load clients     rollouts.c  canaries     calls.c  instants of the script
 *   frame.c       the picture for screens
 */
#ifndef SIM_RUN_PARTS_H
#define SIM_RUN_PARTS_H

#include "base/assert.h"
#include "base/list.h"
#include "control/registry.h"
#include "node/node.h"
#include "ossl/engine.h"
#include "sim/check/feed.h"
#include "sim/check/flags.h"
#include "sim/check/picture.h"
#include "sim/check/series.h"
#include "sim/check/threshold.h"
#include "sim/load/app.h"
#include "sim/fault/faults.h"
#include "sim/host/world.h"
#include "sim/platform/pods.h"
#include "sim/load/client.h"
#include "sim/run/run.h"

enum {
    RUN_NO_POD = UINT32_MAX,
    /* Numbers of guests in the realm: the entities of their draws, and who speaks in a trace record. */
    RUN_NODE_CONTROL = 1,
    RUN_NODE_APP = 16,       /* application of pod p: 16 + 2p, its sidecar: one more */
    RUN_NODE_LOAD = 1 << 30, /* load client l */
    /* Parties of observers: a pod's number, or this and the number of a load client. */
    RUN_PARTY_LOAD = 1 << 30,
    RUN_HOST_PORTS = 8, /* on one machine */
    RUN_CONTROL_PORT = 15010, RUN_METRICS_PORT = 15090,
};

static inline uint32_t run_sidecar_node(uint32_t pod)
{
    return RUN_NODE_APP + 2 * pod + 1;
}

/* A pod, of the plan or made later. Its number is its index, for good; one that is gone stays as a name. */
struct run_pod {
    uint32_t number;
    struct mc_str name;       /* "reviews-v1-0" */
    uint32_t world;           /* its number there */
    uint32_t service, version; /* in the plan */
    uint32_t zone;            /* in the plan */
    mc_atom atom;             /* of its name */
    struct sim_run *run;
    uint32_t workload;        /* in the counts */
    struct mc_addr addr;      /* IP and target port */
    mc_atom identity;         /* SPIFFE ID; 0: none */
    struct sim_app *app;      /* NULL: crashed, or none */
    struct mc_node *sidecar;
    struct sim_container_owner app_owner, sidecar_owner;
    uint32_t app_container, sidecar_container; /* in the world; SIM_NONE: none */
    bool meshed, alive;
    bool ready, serving;      /* in the EndpointSlice, as its watchers know it */
    bool joined;              /* the registry knows it */
    uint32_t starts;          /* of its application */
    bool gone;                /* for good */
    uint64_t last_serial;     /* of its SVIDs */
    uint64_t requests;        /* arrivals that its application was done with */
};

struct run_path { /* a path that was seen lately and its number in sim/check */
    mc_atom text;
    uint16_t number;
};

struct sim_load {
    struct mc_link link;
    struct sim_run *run;
    struct sim_load_spec spec; /* a copy in the run's arena */
    struct sim_callee callee;
    struct sim_call_spec call;
    struct sim_client *client;
    struct mc_str name;
    uint32_t number, workload;
    uint32_t world_pod, container;
};

struct sim_canary {
    struct mc_link link;
    struct sim_run *run;
    struct sim_canary_spec spec;
    mc_atom target;
    struct sim_call begin;
    bool begun;
    struct mc_rollout_state *kept; /* while the controller is away: as it left it; NULL: it never was */
    mc_ns onset;              /* of the last fault before roll-back: for time_to_rollback */
};

struct run_proxier { /* kube-proxy's view of one service; all machines' are one */
    struct sim_run *run;
    uint32_t service;
    struct sim_origin origin;
    struct sim_entry sync;
};

struct run_invariant { /* as chosen by the plan */
    const struct run_rule *rule;
    struct mc_str name;
    bool broken;
    mc_ns at;
    uint64_t seen;            /* how often the rule was applied */
    char message[200];
};

enum { RUN_INVARIANTS = 32, RUN_WATCHES = 4096, RUN_PATHS = 64, RUN_CHAIN_MAX = 64, RUN_PODS_MAX = 200000 };

struct run_stream;

struct sim_run {
    const struct sim_plan *plan;
    struct sim_run_options options;
    struct mc_realm realm;
    struct mc_arena arena;    /* lives as long as the run */
    struct sim_world *world;
    struct sim_check *check;
    struct sim_verdicts verdicts;
    uint32_t verdicts_told;
    struct sim_series series;
    enum sim_run_state state;
    enum sim_stop_reason stop;
    struct sim_error refusal; /* why the run ends as soon as it starts; empty text: it does not */
    mc_ns now;
    bool out_of_memory;

    /* the mesh */
    bool begun;               /* what was there at time 0 is built */
    struct run_pod **pods;    /* each stays where it is */
    uint32_t pod_count, pod_capacity;
    struct sim_pods *platform; /* their life */
    struct sim_pods_owner pods_owner;
    struct run_proxier *proxiers; /* by service */
    struct run_kube *controllers; /* NULL: nothing has needed them yet */
    uint32_t *next_replica;   /* by workload: how many pods it has had */
    struct mc_map pod_of_addr, pod_of_identity; /* packed IP, atom → number + 1 */
    struct run_machines *machines; /* while the world is built */
    uint64_t configured_bytes; /* of a sidecar's working set: what it is configured with */
    struct mc_registry *registry;
    struct mc_compiler *compiler; /* what sidecars start with */
    struct mc_node *control;  /* NULL: the mesh has none, or it is down */
    uint32_t control_starts;  /* how often it was started */
    uint32_t control_pod, control_container; /* in the world; SIM_NONE: none */
    struct sim_container_owner control_owner;
    struct sim_call control_back; /* it has started again: gets its orders once it has taken its first step */
    uint32_t *vips;           /* services in the network, by the plan's numbers */
    struct mc_ossl *ossl;
    struct mc_authority *authority;
    struct mc_bundle *trust;
    struct mc_identity_policy renewal;
    struct mc_ca_options ca;
    struct sim_resolv *resolvs; /* resolv.conf of pods, by workload */
    mc_atom *service_names;   /* of the plan's services */

    /* load, rollouts, faults, instants */
    struct sim_observer observer;
    struct mc_link loads, canaries;
    uint32_t load_count, canary_count;
    struct sim_load **load_of; /* by number */
    uint32_t load_capacity;
    const struct sim_program **programs; /* by workload */
    struct sim_fault_targets targets;
    struct sim_faults *faults;
    bool ca_down;
    struct sim_origin script;
    struct sim_picture picture;

    /* what is known of requests and streams under way */
    struct sim_watch *watches[RUN_WATCHES];
    struct run_path paths[RUN_PATHS];
    struct mc_map streams;    /* node and stream → struct run_stream */
    struct mc_map serials;    /* → struct run_cert */

    struct run_invariant invariants[RUN_INVARIANTS];
    uint32_t invariant_count;
    struct sim_threshold_state *thresholds; /* per threshold of the plan */

    /* pushes, for the picture */
    uint64_t push_version;
    mc_ns push_at, push_took;

    struct run_followed {     /* the last SPAN record */
        bool hit;             /* of the trace that is followed */
        struct mc_trace_record span;
    } followed;

    /* the sink */
    uint64_t sampled, unsampled;
};

/* ---- tell.c ---- */

void run_event(struct sim_run *run, const char *kind, enum sim_severity severity, struct mc_str subject, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void run_tell_verdict(struct sim_run *run, const struct sim_verdict *verdict);
struct mc_str run_text(struct sim_run *run, mc_atom atom);
struct mc_str run_copy(struct sim_run *run, struct mc_str text);
uint32_t run_pod_by_addr(const struct sim_run *run, uint64_t packed); /* as mc_trace_addr packs; RUN_NO_POD */
uint32_t run_pod_of_node(const struct sim_run *run, uint32_t node);   /* RUN_NO_POD: the control plane, a load */
bool run_is_sidecar_node(uint32_t node);

/* ---- observe.c, traces.c ---- */

extern const struct sim_observer_type run_observer_type;
struct sim_watch *run_watch_find(struct sim_run *run, uint64_t span);
void run_trace(void *self, mc_ns now, const struct mc_trace_record *record);

/* What is known of one downstream connection of a sidecar, or one certificate. */
struct run_stream *run_stream_of(const struct sim_run *run, const struct mc_trace_record *record); /* NULL: unknown */

struct run_stream {
    uint32_t peer; /* pod that connects; RUN_NO_POD */
    bool inbound, secure;
};

struct run_cert {
    mc_atom identity;
    mc_ns not_before, not_after;
};

/* ---- invariants.c ---- */

struct run_rule {
    struct sim_invariant_doc doc;
    /* Each may be NULL. They call run_broken. */
    void (*trace)(struct sim_run *run, struct run_invariant *invariant, const struct mc_trace_record *record);
    void (*arrival)(struct sim_run *run, struct run_invariant *invariant, const struct sim_arrival_record *arrival);
    void (*end)(struct sim_run *run, struct run_invariant *invariant);
};

const struct run_rule *run_rule_find(struct mc_str name);
bool run_choose_invariants(struct sim_run *run);
void run_broken(struct sim_run *run, struct run_invariant *invariant, const char *format, ...) __attribute__((format(printf, 3, 4)));
void run_rules_trace(struct sim_run *run, const struct mc_trace_record *record);
void run_rules_arrival(struct sim_run *run, const struct sim_arrival_record *arrival);

/* ---- build.c ---- */

/* False: memory ran out. */
bool run_build(struct sim_run *run);
/* A further pod of a version, while the run goes on: it begins to live as Kubernetes would start it. MACHINE: in the
 * world; SIM_NONE: placed as those of the plan are. Its name goes on counting: reviews-v1-7. False: no memory, or
 * RUN_PODS_MAX. */
bool run_pod_create(struct sim_run *run, uint32_t service, uint32_t version, uint32_t machine, uint32_t *pod);
uint32_t run_machine(struct sim_run *run, uint32_t zone, bool own); /* in the world; one of its own, without a bound of cores, or shared; SIM_NONE refuses */
bool run_place_load(struct sim_run *run, struct sim_load *load); /* a pod of its own, outside the mesh */

/* ---- names.c ---- */

bool run_names_add_service(struct sim_run *run, uint32_t number);
bool run_names_build(struct sim_run *run); /* after the services, before the pods */
bool run_names_add_pod(struct sim_run *run, struct run_pod *pod); /* its name, resolv.conf, redirection */
void run_names_describe(const struct sim_run *run, uint32_t number, struct mc_service_spec *spec); /* how sidecars find the service */
bool run_mesh_knows(const struct sim_run *run, uint32_t service); /* not of hosts outside without a ServiceEntry */
bool run_has_sidecar(const struct sim_run *run, uint32_t service, const struct sim_version *version);

/* ---- mesh.c, traffic.c ---- */

bool run_mesh_prepare(struct sim_run *run); /* registry, CA: before the pods */
bool run_mesh_build(struct sim_run *run);   /* control plane, what the sidecars start with: after them */
void run_mesh_free(struct sim_run *run);
void run_control_restart(struct sim_run *run); /* after a crash; harmless if it runs */
/* A change of the registry: an order to the control plane; one that is down finds it when it is back. */
void run_change(struct sim_run *run, const struct mc_node_change *change);
/* The registry learns of the pod. READY: as one of the plan, before a control plane runs. */
bool run_mesh_join(struct sim_run *run, struct run_pod *pod, bool ready);
struct mc_svid *run_first_svid(struct sim_run *run, const struct run_pod *pod); /* NULL: none */
struct mc_snapshot *run_first_snapshot(struct sim_run *run, const struct run_pod *pod); /* NULL: none */
struct mc_mesh_defaults run_defaults(const struct sim_run *run);
struct mc_traffic run_traffic(const struct sim_run *run, const struct sim_policy *policy, const struct mc_traffic *otherwise);

/* ---- loads.c, rollouts.c ---- */

bool run_add_plan_loads(struct sim_run *run, struct sim_error *error);
bool run_add_plan_canaries(struct sim_run *run, struct sim_error *error);
void run_free_loads(struct sim_run *run);
void run_fault_began(struct sim_run *run); /* rollouts remember the latest, for time_to_rollback */
void run_rollouts_keep(struct sim_run *run);   /* the controller goes */
void run_rollouts_go_on(struct sim_run *run);  /* it is back */
const struct mc_rollout_state *run_rollout_state(const struct sim_run *run, const struct sim_canary *canary); /* NULL: not begun */
void run_rollout_moved(struct sim_run *run, mc_atom target, enum mc_rollout_phase phase);

/* ---- faults.c ---- */

extern const struct sim_fault_targets_type run_targets_type;

/* ---- platform.c ---- */

void run_platform_begin(struct sim_run *run); /* time 0: what the plan needs */
void run_platform_free(struct sim_run *run);
struct sim_controllers *run_controllers(struct sim_run *run); /* made when they are needed first; NULL: no memory, and the run knows */
void run_machine_fate(struct sim_run *run, uint32_t machine, enum sim_machine_fate fate);
bool run_machine_is_down(const struct sim_run *run, uint32_t machine); /* without power */

/* ---- pods.c ---- */

bool run_pods_begin(struct sim_run *run);  /* before the pods of the plan are added; false: memory */
void run_pod_watch_containers(struct run_pod *pod); /* before its containers are made */
bool run_pod_live(struct sim_run *run, struct run_pod *pod, bool running); /* it begins to live; RUNNING: is up at once */
void run_pod_release(struct sim_run *run, struct run_pod *pod); /* a fault that crashed it lets it go; it starts again */
void run_pods_free(struct sim_run *run);
void run_set_backends(struct sim_run *run, uint32_t service); /* as kube-proxy sees it: the ready pods */
/* A step of the control plane now, with COMMAND. False: it does not run, or could not. */
bool run_command(struct sim_run *run, const struct mc_command *command);

/* ---- follow.c ---- */

void run_follow_span(struct sim_run *run, const struct mc_trace_record *record);
void run_follow_access(struct sim_run *run, const struct mc_trace_record *record);
void run_follow_call(struct sim_run *run, const struct sim_call_record *call);
void run_follow_arrival(struct sim_run *run, const struct sim_arrival_record *arrival);

/* ---- honest.c ---- */

/* Whether VERDICT's evidence passed through what the fidelity ledger calls ignored; MESSAGE names it. */
bool run_is_unfounded(const struct sim_run *run, const struct sim_verdict *verdict, char *message, size_t room);

/* ---- containers.c ---- */

void run_look_at_containers(struct sim_run *run); /* checks and series see them as they are now */
void run_look_for(struct sim_run *run, const struct sim_threshold *threshold); /* the same, if it asks for them */

/* ---- judge.c ---- */

void run_judge_now(struct sim_run *run); /* thresholds that may stop the run */
void run_judge_end(struct sim_run *run);

#endif
