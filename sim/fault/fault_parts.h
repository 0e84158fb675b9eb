/* What the files behind fault.h, faults.h and select.h share.
 *
 *   catalogue.c  the table
 *   argument.c   what a script may give; values; texts
 *   select.c     selectors
 *   fault.c      the life of a fault
 *   hooks.c      faults inside applications that come and go
 *   network.c, dns.c, state.c, machine.c, http.c, identity.c   what faults do
 */
#ifndef SIM_FAULT_PARTS_H
#define SIM_FAULT_PARTS_H

#include "base/arena.h"
#include "base/list.h"
#include "base/rand.h"
#include "sim/fault/faults.h"

enum { SIM_FAULT_TEXT = 200, SIM_FAULT_JSON = 600 };

struct sim_fault_code {
    bool (*possible)(struct sim_fault *fault, struct sim_error *error); /* in this world; NULL: always */
    bool (*start)(struct sim_fault *fault);                           /* false: no memory */
    void (*stop)(struct sim_fault *fault);
    void (*count)(const struct sim_fault *fault, struct sim_touched *touched); /* adds what is counted elsewhere while it is active */
    void (*app_started)(struct sim_fault *fault, uint32_t pod);
    void (*app_going)(struct sim_fault *fault, uint32_t pod);
    void (*control_started)(struct sim_fault *fault);
    bool own_gate;   /* percent, first, every, skip are not of the pods named by `on` */
    bool no_filters; /* takes no percent, first, every, skip */
    bool pods_only;  /* acts on pods of services, and on the control plane where it is named and `control` says so */
    bool control;
};

/* Which of the things that pass are acted on, as sim/net/rule.h has it. */
struct fault_gate {
    uint32_t share_ppm, first, every, skip; /* share 0: all */
    uint64_t seen, chosen, hits;
};

bool fault_gate_pass(struct fault_gate *gate, uint64_t draw);

struct fault_hook { /* in one application */
    struct sim_app_fault base;
    struct sim_fault *fault;
    bool linked;
};

struct sim_fault {
    struct sim_faults *faults;
    const struct sim_fault_type *type;
    struct sim_source source;
    uint32_t number;
    enum sim_fault_state state;
    bool disabled;
    mc_ns duration;            /* 0: until it is cleared */
    mc_ns started, cleared, until;
    struct sim_fault *after;
    struct sim_argument *arguments; /* copies */
    uint32_t argument_count;
    uint32_t ordinal;          /* of its first selection */
    struct sim_pod_set from, to; /* `on` is from */
    bool everything_else;      /* no `to` */
    struct fault_gate gate;
    struct sim_touched touched;
    uint64_t connections_before; /* of its pods, when it started */
    uint32_t rule;
    struct fault_hook *hooks;  /* in the applications of … */
    const struct sim_pod_set *hooked; /* … these pods; NULL: none */
    struct sim_origin origin;
    struct sim_entry entry;    /* the end of its duration */
    char text[SIM_FAULT_TEXT], target[SIM_FAULT_TEXT], json[SIM_FAULT_JSON];
};

struct sim_faults {
    struct mc_pool pool;
    struct mc_arena arena;
    struct mc_alloc alloc;     /* the pool's */
    struct sim_world *world;
    struct sim_fault_targets *targets;
    const struct sim_plan *plan;
    const uint32_t *disabled;
    uint32_t disabled_count;
    struct sim_fault **list;
    uint32_t count, capacity;
    uint32_t selections;
    bool ended;                /* nothing starts any more */
};

extern const struct sim_fault_code fault_cut, fault_blackhole, fault_delay, fault_jitter, fault_loss, fault_bandwidth;
extern const struct sim_fault_code fault_mtu, fault_conntrack_drop, fault_half_open, fault_reset, fault_refuse, fault_port_exhaustion;
extern const struct sim_fault_code fault_dns, fault_dns_race;
extern const struct sim_fault_code fault_crash, fault_pause, fault_slow;
extern const struct sim_fault_code fault_machine_down;
extern const struct sim_fault_code fault_cpu_limit, fault_slow_cpu, fault_memory_leak, fault_gc_pause, fault_oom;
extern const struct sim_fault_code fault_abort, fault_http_delay;
extern const struct sim_fault_code fault_cert_expire, fault_ca_outage, fault_clock_skew;

/* ---- hooks.c ---- */

/* Every application of SET's pods is broken as AS says, also those that start later. False: no memory. */
bool fault_hook(struct sim_fault *fault, const struct sim_pod_set *set, const struct sim_app_fault *as);
void fault_unhook(struct sim_fault *fault);
void fault_hook_pod(struct sim_fault *fault, uint32_t pod);   /* its application has started */
void fault_unhook_pod(struct sim_fault *fault, uint32_t pod); /* … is going */

/* ---- argument.c ---- */

const struct sim_argument *fault_argument(const struct sim_fault *fault, const char *name); /* NULL: not given */
int64_t fault_number(const struct sim_fault *fault, const char *name, int64_t otherwise);
bool fault_text_is(const struct sim_fault *fault, const char *name, const char *word, const char *otherwise);
void fault_describe(struct sim_fault *fault); /* text and json */
struct mc_str fault_service_of(const struct sim_fault *fault, const char *name); /* of the first selector; empty: any */

/* ---- fault.c ---- */

static inline struct sim_fault_targets *fault_targets(const struct sim_fault *fault)
{
    return fault->faults->targets;
}

bool fault_candidates(const struct sim_faults *faults, struct sim_candidate **list, uint32_t *count); /* false: no memory */
bool fault_pods(struct sim_fault *fault, const char *name, struct sim_pod_set *set, struct sim_error *error); /* union of the selectors given as NAME */
uint64_t fault_draw(const struct sim_fault *fault, uint64_t what);
/* Connections of its pods: open ones when it started, and all that were opened to or from them since. */
uint64_t fault_connections_of(const struct sim_fault *fault);
/* The next active, not disabled fault of the same kind that follows AFTER (NULL: the first). */
struct sim_fault *fault_next_active(const struct sim_faults *faults, const struct sim_fault_code *code, const struct sim_fault *after);
bool fault_has_effect(const struct sim_fault *fault); /* active and not disabled */
uint32_t fault_container(const struct sim_fault *fault, uint32_t pod, bool sidecar); /* SIM_NONE */

#endif
