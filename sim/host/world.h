/* The simulated world: machines, pods, containers, and guests that run in them behind host/host.h.
 *
 *     world ── machines (zone, cores, wall clock)
 *           └─ pods (address, machine, labels) ── containers (quota, threads, prices) ── a guest
 *
 * Everything is numbered 0, 1, … in the order of adding, and no number is ever used again. The order of
 * calls is part of the determinism: build the same world by the same calls.
 *
 * CPU. What is for a guest joins its container's queue. When a thread of the container, its quota
 * and a core of its machine are free at `s`, the guest is stepped with now = s; the work units it
 * reports are priced, and its actions leave at s + cost. CPU is given in slices of 5 ms (the kernel's
 * sched_cfs_bandwidth_slice), taken from the quota of the period (100 ms); when that is spent, which is
 * seen at the next tick (kernel->hz), all threads of the container stall until the next period, and do
 * not hold a core; what was run beyond the quota is the next period's. Periods of a container
 * begin at a phase of its own (Linux 6.4 and later set each cgroup's timer off by chance). Actions of one
 * stream leave in the order of the steps. A step that costs nothing leaves no event behind.
 *
 * Where threads wait for cores, slices are 3 ms (sysctl_sched_base_slice with eight CPUs or more) and go
 * to the pod with the least CPU for its weight, and in it to such a container; weights are requests as
 * cpu.shares, of a pod their sum. That is start-time fair queueing (Goyal, Vin, Cheng 1996) over the whole
 * machine, where Linux has a queue for each CPU and balances them. While a core idles nothing is weighed.
 *
 * Memory. The working set is what sim/plan/resources.h says; when a step takes it over the limit, the
 * kernel kills the container (SIGKILL, 137) before anything of that step leaves. A machine has memory
 * without bound.
 *
 * Verbs that break things (crash, pause, skew, …) and orders may be used between events and from fault
 * or script entries, never from within a guest's step.
 */
#ifndef SIM_HOST_WORLD_H
#define SIM_HOST_WORLD_H

#include "host/realm.h"
#include "sim/net/net.h"

struct sim_world;

enum { SIM_NONE = UINT32_MAX };
enum { SIM_QUOTA_PERIOD_MS = 100, SIM_QUOTA_SLICE_MS = 5, SIM_SCHED_SLICE_MS = 3 };

struct sim_world_options {
    struct mc_realm *realm;           /* outlives the world; all memory comes from its pool, its seed keys all draws */
    mc_ns epoch;                      /* wall clock at time 0 */
    uint64_t shuffle;                 /* sim_engine_options */
    const struct sim_kernel *kernel;  /* copied; NULL or zero members: Linux's defaults */
    const struct sim_topology *paths; /* the path terms are copied; NULL: no latency anywhere */
    uint32_t piece;                   /* at most so many bytes in one DATA; 0: no bound */
    bool spurious;                    /* a WAKE before its time now and then, for tests of guests */
};

struct sim_world *sim_world_new(const struct sim_world_options *options); /* NULL refuses */
void sim_world_free(struct sim_world *world); /* at any moment between events; guests are their owners'. No `gone` is called. NULL is allowed */

struct sim_engine *sim_world_engine(struct sim_world *world); /* for entries of one's own */
struct sim_net *sim_world_net(struct sim_world *world);       /* rules, names, services, capture, counts */
struct mc_realm *sim_world_realm(struct sim_world *world);

/* ---- time ---- */

mc_ns sim_world_now(const struct sim_world *world);
uint64_t sim_world_events(const struct sim_world *world);
uint64_t sim_world_digest(const struct sim_world *world);
enum sim_engine_stop sim_world_run(struct sim_world *world, mc_ns until, uint64_t max_events); /* sim_engine_run */

/* ---- machines ---- */

struct sim_machine_spec {
    uint32_t zone, region; /* the caller's numbers */
    uint32_t cores;        /* 0: no bound */
    uint64_t nic;          /* bits per second of its interface, in each direction; 0: no bound */
};
bool sim_world_add_machine(struct sim_world *world, const struct sim_machine_spec *spec, uint32_t *machine);
uint32_t sim_world_machine_count(const struct sim_world *world);
struct sim_machine_spec sim_world_machine(const struct sim_world *world, uint32_t machine);
void sim_machine_set_offset(struct sim_world *world, uint32_t machine, mc_ns offset); /* its wall clock jumps to epoch + now + offset */
mc_ns sim_machine_offset(const struct sim_world *world, uint32_t machine);
mc_ns sim_machine_wall(const struct sim_world *world, uint32_t machine);
/* CPU takes so much longer; 1000: as it is. For steps begun from now on. */
void sim_machine_set_slow(struct sim_world *world, uint32_t machine, uint32_t permille);
void sim_machine_crash(struct sim_world *world, uint32_t machine); /* power loss: all its pods, sim_pod_crash(…, SILENT) */

/* ---- pods ---- */

struct sim_pod_spec {
    uint32_t machine;
    struct mc_str name;        /* copied; unique; also a DNS name */
    uint32_t service, version; /* labels: the caller's numbers, SIM_NONE */
};
bool sim_world_add_pod(struct sim_world *world, const struct sim_pod_spec *spec, uint32_t *pod);

struct sim_pod_view { /* as it is now */
    uint32_t machine, zone, region, service, version;
    struct mc_str name;      /* borrowed for the world's life */
    struct mc_addr addr;     /* port 0 */
    uint32_t first_container; /* sim_container_view.next goes on; SIM_NONE */
    bool up;                 /* its address answers */
};
uint32_t sim_world_pod_count(const struct sim_world *world);
struct sim_pod_view sim_world_pod(const struct sim_world *world, uint32_t pod);
uint32_t sim_world_pod_of(const struct sim_world *world, struct mc_addr addr); /* by IP; SIM_NONE */
uint32_t sim_world_pod_named(const struct sim_world *world, struct mc_str name); /* SIM_NONE */

/* All containers of the pod. SILENT: its kernel too, and the address stops answering until sim_pod_start. */
void sim_pod_crash(struct sim_world *world, uint32_t pod, enum sim_leave how);
void sim_pod_start(struct sim_world *world, uint32_t pod); /* the address answers again; guests are started one by one */
void sim_pod_pause(struct sim_world *world, uint32_t pod, bool paused); /* all its containers */

/* ---- containers ---- */

struct sim_container_owner;

struct sim_container_owner_type {
    /* The guest is done (EXIT, with its status) or was crashed (status 137): it is no longer the
     * container's, and may be freed. May call sim_container_start. */
    void (*gone)(struct sim_container_owner *owner, uint32_t container, uint32_t status, mc_ns now);
};

struct sim_container_owner { /* embed; may be shared by containers */
    const struct sim_container_owner_type *type;
};

struct sim_container_spec {
    uint32_t pod;
    bool sidecar;
    bool around_capture;            /* sim_process: what it opens is not captured where it arrives */
    uint32_t cpu_millis;            /* quota; 0: none */
    uint32_t threads;               /* steps under way at once; 0: 1 */
    struct sim_price price;         /* APP_NS is 1 ns a unit always */
    struct sim_socket_plan sockets;
    struct sim_resources resources; /* but for its cpu limit and threads, which stand above */
    mc_ns quota_phase;              /* how much of a period has gone by at time 0 */
    struct sim_container_owner *owner; /* may be NULL */
};
bool sim_world_add_container(struct sim_world *world, const struct sim_container_spec *spec, uint32_t *container);

enum sim_container_state { SIM_CONTAINER_EMPTY, SIM_CONTAINER_RUNNING, SIM_CONTAINER_PAUSED, SIM_CONTAINER_GONE };

struct sim_container_view {
    uint32_t pod, next; /* next container of the pod; SIM_NONE */
    bool sidecar;
    enum sim_container_state state;
    uint32_t queued;       /* waiting for a turn */
    uint64_t steps, starts;
    mc_ns cpu;             /* burnt */
    mc_ns stalled;         /* time during which it had work and no quota */
    mc_ns throttled;       /* the same, of each of its threads: the kernel's throttled_usec sums over CPUs */
    uint64_t periods, throttled_periods; /* the kernel's nr_periods and nr_throttled */
    mc_ns collected;       /* time in which its collector stopped the world */
    uint64_t collections;
    uint64_t memory;       /* its working set, bytes; 0: nothing is known of it */
    uint32_t oom_kills;
    bool oom_killed;       /* its last end was one; until it is started again */
};
uint32_t sim_world_container_count(const struct sim_world *world);
struct sim_container_view sim_world_container(const struct sim_world *world, uint32_t container);

/* A guest moves in and gets START (as an event of this instant). The container is EMPTY or GONE; its
 * pod is up. */
void sim_container_start(struct sim_world *world, uint32_t container, struct mc_guest guest);
void sim_container_stop(struct sim_world *world, uint32_t container, mc_ns grace); /* STOP; after grace it is crashed */
void sim_container_crash(struct sim_world *world, uint32_t container); /* SIGKILL: sockets closed by the kernel, `gone` */
void sim_container_pause(struct sim_world *world, uint32_t container, bool paused); /* as the freezer does: the kernel goes on */
/* Steps the guest with COMMAND now, whatever its queue and CPU; its actions leave at once. False: there
 * is no running guest (paused ones take it, too). */
bool sim_container_command(struct sim_world *world, uint32_t container, const struct mc_command *command);
void sim_container_set_quota(struct sim_world *world, uint32_t container, uint32_t cpu_millis);
void sim_container_set_slow(struct sim_world *world, uint32_t container, uint32_t permille); /* as sim_machine_set_slow */
void sim_container_set_leak(struct sim_world *world, uint32_t container, uint64_t bytes_per_second); /* from now on; 0: gives it back. Its end ends it */
void sim_container_set_gc(struct sim_world *world, uint32_t container, const struct sim_gc_plan *gc); /* as if it had collected just now */
void sim_container_oom(struct sim_world *world, uint32_t container); /* sim_container_crash, as the kernel does it for want of memory */

/* ---- ambient ---- */

/* While a guest is being stepped (also by others than the world), `time` and `clock_gettime` of this
 * executable and its libraries answer with these; nested calls are not allowed. Per thread. */
void sim_ambient_enter(mc_ns now, mc_ns wall);
void sim_ambient_leave(void);

#endif
