/* How the world keeps its things. Private to sim/host. */
#ifndef SIM_HOST_PARTS_H
#define SIM_HOST_PARTS_H

#include "base/map.h"
#include "sim/host/world.h"

enum { SIM_SPARE_OUTBOXES = 64, SIM_ANSWER_ADDRS = 16 };

struct sim_machine {
    struct sim_machine_spec spec;
    uint32_t number, busy; /* cores that run something */
    mc_ns offset;
    uint32_t slow_permille;
    struct mc_link waiting; /* for a core: sim_core_wait.link */
    bool granting, offered; /* a core is being given away; the one it is given to may have it */
    bool contended;         /* no core has idled since somebody had to wait */
    uint32_t contention;    /* the how-manieth: CPU of an earlier one is forgotten */
    int64_t least;          /* CPU by weight of the pod that was chosen last */
};

struct sim_fair { /* CPU by weight since the contention began */
    uint32_t contention;
    int64_t used;
    uint32_t shares;
};

struct sim_pod {
    uint32_t number, service, version;
    struct sim_machine *machine;
    struct mc_str name;
    uint32_t first_container, last_container;
    struct sim_fair fair;
    int64_t least; /* of its container that was chosen last */
    uint32_t request_millis;
};

struct sim_container;

struct sim_core_wait { /* a thread that goes on, or a container (thread NULL) that would begin a step */
    struct mc_link link;
    struct sim_container *container;
    struct sim_thread *thread;
};

enum sim_thread_state {
    SIM_THREAD_IDLE,
    SIM_THREAD_RUNS,
    SIM_THREAD_WANTS_CORE,
    SIM_THREAD_WANTS_QUOTA,
    SIM_THREAD_FROZEN,
    SIM_THREAD_HOLDS, /* done, but an earlier step has actions on the same stream that have not left */
};

struct sim_thread {
    struct sim_entry entry;   /* its slice ends */
    struct mc_link under_way; /* container->under_way, in the order in which the steps began */
    struct sim_container *container;
    struct mc_outbox outbox;
    struct sim_core_wait wait;
    mc_ns left, slice;        /* CPU of the step still to burn; being burnt */
    mc_ns began;              /* the slice */
    bool weighed;             /* the slice was charged to container and pod */
    enum sim_thread_state state;
};

struct sim_answer { /* to a RESOLVE */
    struct mc_link link;
    uint32_t query, count;
    enum mc_stream_reason reason;
    mc_ns ttl;
    struct mc_addr addrs[SIM_ANSWER_ADDRS];
};

struct sim_container {
    struct sim_process process;
    struct sim_world *world;
    struct sim_pod *pod;
    uint32_t number, next;
    struct mc_guest guest;
    enum sim_container_state state;
    struct sim_container_owner *owner;
    struct sim_price price;
    uint32_t slow_permille;
    struct sim_origin origin;
    struct sim_entry wake, order, kill, period;
    struct mc_link turns; /* what is for the guest: ends (sim_end_turn) and the four below */
    struct mc_link start_turn, stop_turn, wake_turn, answer_turn;
    struct mc_link answers;
    struct mc_link under_way;
    struct sim_core_wait wait;
    struct sim_thread *threads;
    uint32_t thread_count;
    bool start_asked, stop_asked; /* by the order entry */
    bool pumping, leaving;
    mc_ns grace, kill_at;
    mc_ns deadline; /* as armed */
    struct sim_fair fair;
    struct sim_resources resources;
    struct sim_entry collect, leak;
    bool collecting;
    mc_ns collect_since;
    uint64_t collect_mark;  /* allocated when it collected last */
    uint64_t leak_rate;     /* bytes per second */
    mc_ns leak_since;
    uint64_t leak_kept;     /* leaked until then */
    uint32_t cpu_millis;
    mc_ns quota_phase;
    int64_t period_number;
    mc_ns quota_left;    /* less than 0: owed to the next period */
    mc_ns overrun_until; /* the tick at which it will be seen to be spent; MC_NEVER: it is not */
    mc_ns stalled_since; /* MC_NEVER: not stalled */
    mc_ns stall_told;    /* until when it was counted, of … */
    uint32_t stalled_threads;
    struct sim_container_view counts; /* steps, starts, cpu, stalled */
};

struct sim_world {
    struct mc_realm *realm;
    struct sim_engine engine;
    struct sim_net *net;
    mc_ns epoch;
    uint32_t piece;
    mc_ns tick; /* 0: none */
    bool spurious, stepping;
    struct sim_machine **machines;
    struct sim_pod **pods;
    struct sim_container **containers;
    uint32_t machine_count, machine_capacity, pod_count, pod_capacity, container_count, container_capacity;
    struct mc_map names; /* of pods */
    struct mc_outbox outbox; /* of the step on the stack */
    struct mc_outbox spares[SIM_SPARE_OUTBOXES];
    uint32_t spare_count;
};

/* container.c */
extern const struct sim_process_type sim_container_process_type;
bool sim_container_init(struct sim_container *container, struct sim_world *world, struct sim_pod *pod, const struct sim_container_spec *spec);
void sim_container_fini(struct sim_container *container); /* no `gone` */
void sim_container_end(struct sim_container *container, uint32_t status, enum sim_leave how);
void sim_container_freeze(struct sim_container *container, bool paused);
static inline bool sim_container_is_frozen(const struct sim_container *container)
{
    return container->state == SIM_CONTAINER_PAUSED || container->collecting;
}
void sim_container_pump(struct sim_container *container);
/* The guest handles EVENT; its work becomes CPU of a thread. FREE: at no cost and at once. */
void sim_container_step(struct sim_container *container, struct mc_event *event, bool free);
void sim_carry_out(struct sim_container *container, struct mc_outbox *outbox);

/* cpu.c */
void sim_cpu_init(struct sim_container *container);
bool sim_cpu_may_begin(struct sim_container *container); /* else it will be pumped when it may */
struct sim_thread *sim_cpu_idle_thread(struct sim_container *container); /* NULL: all are busy */
mc_ns sim_cpu_cost(const struct sim_container *container, const uint64_t work[static MC_WORK_COUNT]);
void sim_cpu_burn(struct sim_thread *thread, mc_ns cost); /* takes the world's outbox; its actions leave when it is burnt */
void sim_cpu_freeze(struct sim_container *container); /* in the middle of slices, too */
void sim_cpu_thaw(struct sim_container *container);
mc_ns sim_cpu_throttled(const struct sim_container *container); /* of the stall that lasts */
void sim_cpu_drop(struct sim_container *container); /* all that is under way is forgotten */
void sim_cpu_refill(struct sim_container *container);

/* fair.c */
uint32_t sim_fair_shares(uint32_t request_millis); /* cpu.shares */
void sim_fair_join(struct sim_container *container); /* its request counts for its pod */
void sim_fair_wait(struct sim_core_wait *wait);      /* harmless if it does already */
struct sim_core_wait *sim_fair_next(struct sim_machine *machine); /* waits no more; NULL: nobody does */
void sim_fair_charge(struct sim_container *container, mc_ns cpu);

/* memory.c */
void sim_memory_init(struct sim_container *container);
void sim_memory_start(struct sim_container *container); /* a guest moves in */
void sim_memory_drop(struct sim_container *container);  /* … and is gone */
uint64_t sim_memory_of(const struct sim_container *container);
/* After a step. True: it is over its limit. May begin to collect. */
bool sim_memory_is_spent(struct sim_container *container);
void sim_memory_kill(struct sim_container *container);

static inline bool sim_memory_matters(const struct sim_container *container)
{
    return container->resources.memory_limit || container->resources.gc.heap;
}

static inline mc_ns sim_wall(const struct sim_world *world, const struct sim_machine *machine)
{
    return world->epoch + world->engine.now + machine->offset;
}

#endif
