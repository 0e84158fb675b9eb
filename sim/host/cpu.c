/* CPU time: slices from the quota of the period, on the cores of the machine. Who waits for a core: fair.c. */
#include "sim/host/parts.h"

#define PERIOD (SIM_QUOTA_PERIOD_MS * MC_MS)
#define SLICE (SIM_QUOTA_SLICE_MS * MC_MS)
#define SHORT_SLICE (SIM_SCHED_SLICE_MS * MC_MS)

enum { MANY_PERIODS = 1000 }; /* in which any debt is paid */

static void slice_ends(struct sim_entry *entry);
static void period_begins(struct sim_entry *entry);

static const struct sim_entry_type slice_type = {"host.slice", SIM_CLASS_WAKE, SIM_KIND_SLICE, slice_ends};
static const struct sim_entry_type period_type = {"host.period", SIM_CLASS_WAKE, SIM_KIND_PERIOD, period_begins};

static uint64_t flow_of(const struct sim_container *container)
{
    return UINT64_C(1) << 61 | container->number;
}

void sim_cpu_init(struct sim_container *container)
{
    sim_entry_init(&container->period, &period_type, &container->origin, flow_of(container));
    container->period_number = INT64_MIN;
    container->stalled_since = MC_NEVER;
    container->wait.container = container;
    mc_list_init(&container->wait.link);
    mc_list_init(&container->under_way);
    for (uint32_t i = 0; i < container->thread_count; i++) {
        struct sim_thread *thread = &container->threads[i];
        sim_entry_init(&thread->entry, &slice_type, &container->origin, flow_of(container));
        thread->container = container;
        thread->wait.container = container;
        thread->wait.thread = thread;
        mc_list_init(&thread->wait.link);
        mc_list_init(&thread->under_way);
    }
}

mc_ns sim_cpu_cost(const struct sim_container *container, const uint64_t work[static MC_WORK_COUNT])
{
    const struct sim_price *price = &container->price;
    mc_ns cost = (mc_ns)work[MC_WORK_APP_NS];
    cost += (mc_ns)work[MC_WORK_CONNECTION] * price->connection;
    cost += (mc_ns)work[MC_WORK_REQUEST] * price->request;
    cost += (mc_ns)work[MC_WORK_RESPONSE] * price->response;
    cost += (mc_ns)work[MC_WORK_BODY_BYTE] * price->body_kib / 1024;
    cost += (mc_ns)work[MC_WORK_TLS_BYTE] * price->tls_kib / 1024;
    cost += (mc_ns)work[MC_WORK_HANDSHAKE] * price->handshake;
    cost += (mc_ns)work[MC_WORK_RESOURCE] * price->resource;
    cost += (mc_ns)work[MC_WORK_SIGNATURE] * price->signature;
    if (container->slow_permille != 1000) cost = cost * container->slow_permille / 1000;
    uint32_t machine = container->pod->machine->slow_permille;
    return machine == 1000 ? cost : cost * machine / 1000;
}

struct sim_thread *sim_cpu_idle_thread(struct sim_container *container)
{
    for (uint32_t i = 0; i < container->thread_count; i++)
        if (container->threads[i].state == SIM_THREAD_IDLE) return &container->threads[i];
    return NULL;
}

/* ---- quota ---- */

static mc_ns quota_of(const struct sim_container *container)
{
    return mc_ns_max((mc_ns)container->cpu_millis * PERIOD / 1000, MC_MS); /* MinQuotaPeriod of the kubelet */
}

static int64_t period_at(const struct sim_container *container, mc_ns now)
{
    return (now + container->quota_phase) / PERIOD;
}

/* The kernel's timer stops after a period without use. */
static void count_periods(struct sim_container *container, int64_t number)
{
    if (container->period_number == INT64_MIN) return;
    container->counts.periods += number - container->period_number > 1 ? 2 : 1;
}

void sim_cpu_refill(struct sim_container *container)
{
    int64_t number = period_at(container, container->world->engine.now);
    if (number == container->period_number) return;
    count_periods(container, number);
    mc_ns quota = quota_of(container);
    int64_t gone = container->period_number == INT64_MIN ? 1 : number - container->period_number;
    mc_ns debt = container->period_number == INT64_MIN || container->quota_left > 0 ? 0 : -container->quota_left;
    container->quota_left = mc_ns_min(quota, mc_ns_min(gone, MANY_PERIODS) * quota - debt);
    container->period_number = number;
    container->overrun_until = MC_NEVER;
}

/* A quota that is spent is seen at the next tick: until then its threads run on, and owe it. */
static bool may_overrun(struct sim_container *container)
{
    mc_ns now = container->world->engine.now, tick = container->world->tick;
    if (!tick) return false;
    if (container->overrun_until == MC_NEVER) container->overrun_until = (now + tick - 1) / tick * tick;
    return now < container->overrun_until;
}

static bool has_quota(struct sim_container *container)
{
    if (!container->cpu_millis) return true;
    sim_cpu_refill(container);
    if (container->quota_left > 0 || may_overrun(container)) return true;
    if (container->stalled_since == MC_NEVER) {
        container->stalled_since = container->stall_told = container->world->engine.now;
        container->stalled_threads = 0;
        container->counts.throttled_periods++;
        sim_engine_at(&container->world->engine, &container->period, (container->period_number + 1) * PERIOD - container->quota_phase);
    }
    return false;
}

/* Threads that stand in the middle of a step, and as many idle ones as have something to do. */
static uint32_t stalled_threads(const struct sim_container *container)
{
    uint32_t stalled = 0, idle = 0;
    for (uint32_t i = 0; i < container->thread_count; i++) {
        stalled += container->threads[i].state == SIM_THREAD_WANTS_QUOTA;
        idle += container->threads[i].state == SIM_THREAD_IDLE;
    }
    for (const struct mc_link *turn = container->turns.next; idle && turn != &container->turns; turn = turn->next, idle--) stalled++;
    return stalled;
}

mc_ns sim_cpu_throttled(const struct sim_container *container)
{
    return container->stalled_since == MC_NEVER ? 0 : container->stalled_threads * (container->world->engine.now - container->stall_told);
}

/* There is, or may be, one thread more that stands still. */
static void tell_stall(struct sim_container *container)
{
    container->counts.throttled += sim_cpu_throttled(container);
    container->stall_told = container->world->engine.now;
    container->stalled_threads = stalled_threads(container);
}

static void end_stall(struct sim_container *container)
{
    if (container->stalled_since == MC_NEVER) return;
    container->counts.throttled += sim_cpu_throttled(container);
    container->counts.stalled += container->world->engine.now - container->stalled_since;
    container->stalled_since = MC_NEVER;
}

/* ---- cores ---- */

static bool has_core(const struct sim_machine *machine)
{
    if (!machine->spec.cores) return true;
    return machine->busy < machine->spec.cores && (machine->granting ? machine->offered : mc_list_empty(&machine->waiting));
}

bool sim_cpu_may_begin(struct sim_container *container)
{
    struct sim_machine *machine = container->pod->machine;
    if (!has_quota(container)) {
        tell_stall(container);
        return false;
    }
    if (has_core(machine)) return true;
    sim_fair_wait(&container->wait);
    return false;
}

static void begin_slice(struct sim_thread *thread);

static void grant_cores(struct sim_machine *machine)
{
    if (machine->granting || !machine->spec.cores) return;
    machine->granting = true;
    while (machine->busy < machine->spec.cores) {
        struct sim_core_wait *wait = sim_fair_next(machine);
        if (!wait) break;
        machine->offered = true;
        if (wait->thread)
            begin_slice(wait->thread);
        else
            sim_container_pump(wait->container);
    }
    machine->granting = machine->offered = false;
    if (machine->busy < machine->spec.cores) machine->contended = false;
}

/* ---- threads ---- */

/* A slice of the step, or so much of the quota as is left. */
static void take_slice(struct sim_thread *thread)
{
    struct sim_container *container = thread->container;
    struct sim_machine *machine = container->pod->machine;
    bool shared = container->cpu_millis || machine->spec.cores;
    thread->slice = shared ? mc_ns_min(thread->left, machine->contended ? SHORT_SLICE : SLICE) : thread->left;
    if (container->cpu_millis) {
        mc_ns most = container->quota_left > 0 ? container->quota_left : container->overrun_until - container->world->engine.now;
        thread->slice = mc_ns_min(thread->slice, most);
        container->quota_left -= thread->slice;
    }
    thread->weighed = machine->contended;
    if (thread->weighed) sim_fair_charge(container, thread->slice);
}

static void begin_slice(struct sim_thread *thread)
{
    struct sim_container *container = thread->container;
    struct sim_machine *machine = container->pod->machine;
    if (sim_container_is_frozen(container)) {
        thread->state = SIM_THREAD_FROZEN;
    } else if (!has_quota(container)) {
        thread->state = SIM_THREAD_WANTS_QUOTA;
        tell_stall(container);
    } else if (!has_core(machine)) {
        thread->state = SIM_THREAD_WANTS_CORE;
        sim_fair_wait(&thread->wait);
    } else {
        take_slice(thread);
        thread->began = container->world->engine.now;
        thread->state = SIM_THREAD_RUNS;
        machine->busy++;
        machine->offered = false;
        sim_engine_at(&container->world->engine, &thread->entry, thread->began + thread->slice);
    }
}

void sim_cpu_burn(struct sim_thread *thread, mc_ns cost)
{
    struct sim_container *container = thread->container;
    struct sim_world *world = container->world;
    mc_assert(thread->state == SIM_THREAD_IDLE);
    thread->outbox = world->outbox;
    if (world->spare_count)
        world->outbox = world->spares[--world->spare_count];
    else
        mc_outbox_init(&world->outbox, thread->outbox.alloc);
    thread->left = cost;
    mc_list_push_back(&container->under_way, &thread->under_way);
    begin_slice(thread);
}

static void give_outbox(struct sim_world *world, struct mc_outbox *outbox)
{
    if (world->spare_count < SIM_SPARE_OUTBOXES)
        world->spares[world->spare_count++] = *outbox;
    else
        mc_outbox_fini(outbox);
}

static bool share_a_stream(const struct mc_outbox *a, const struct mc_outbox *b)
{
    for (uint32_t i = 0; i < a->count; i++)
        for (uint32_t k = 0; a->actions[i].stream && k < b->count; k++)
            if (a->actions[i].stream == b->actions[k].stream) return true;
    return false;
}

static bool must_hold(const struct sim_thread *thread)
{
    const struct sim_container *container = thread->container;
    for (const struct mc_link *link = container->under_way.next; link != &thread->under_way; link = link->next)
        if (share_a_stream(&mc_container(link, struct sim_thread, under_way)->outbox, &thread->outbox)) return true;
    return false;
}

static void finish(struct sim_thread *thread)
{
    struct sim_container *container = thread->container;
    if (must_hold(thread)) {
        thread->state = SIM_THREAD_HOLDS;
        return;
    }
    struct mc_outbox outbox = thread->outbox; /* what is carried out may end the container, or give the thread new work */
    thread->outbox = (struct mc_outbox){0};
    thread->state = SIM_THREAD_IDLE;
    mc_list_remove(&thread->under_way);
    sim_carry_out(container, &outbox);
    give_outbox(container->world, &outbox);
    mc_list_each(link, &container->under_way) {
        struct sim_thread *later = mc_container(link, struct sim_thread, under_way);
        if (later->state != SIM_THREAD_HOLDS || must_hold(later)) continue;
        finish(later); /* at most as deep as there are threads; goes on with those behind it */
        return;
    }
}

static void go_on(struct sim_thread *thread)
{
    struct sim_container *container = thread->container;
    if (sim_container_is_frozen(container))
        thread->state = SIM_THREAD_FROZEN;
    else if (thread->left)
        begin_slice(thread);
    else
        finish(thread);
}

static void slice_ends(struct sim_entry *entry)
{
    struct sim_thread *thread = mc_container(entry, struct sim_thread, entry);
    struct sim_container *container = thread->container;
    struct sim_machine *machine = container->pod->machine;
    sim_engine_tell(&container->world->engine, container->number, (uint64_t)(thread - container->threads),
                    (uint64_t)thread->slice, (uint64_t)(thread->left - thread->slice));
    machine->busy--;
    thread->left -= thread->slice;
    container->counts.cpu += thread->slice;
    thread->slice = 0;
    go_on(thread);
    sim_container_pump(container); /* before a core is given away, so that all who want it are known */
    grant_cores(machine);
}

static void period_begins(struct sim_entry *entry)
{
    struct sim_container *container = mc_container(entry, struct sim_container, period);
    sim_engine_tell(&container->world->engine, container->number, 0, 0, 0);
    end_stall(container);
    mc_list_each(link, &container->under_way) {
        struct sim_thread *thread = mc_container(link, struct sim_thread, under_way);
        if (thread->state == SIM_THREAD_WANTS_QUOTA) begin_slice(thread);
    }
    sim_container_pump(container);
}

static void interrupt(struct sim_thread *thread)
{
    struct sim_container *container = thread->container;
    struct sim_world *world = container->world;
    mc_ns burnt = world->engine.now - thread->began, rest = thread->slice - burnt;
    sim_engine_cancel(&world->engine, &thread->entry);
    container->pod->machine->busy--;
    container->counts.cpu += burnt;
    if (container->cpu_millis && period_at(container, world->engine.now) == container->period_number) container->quota_left += rest;
    if (thread->weighed) sim_fair_charge(container, -rest);
    thread->left -= burnt;
    thread->slice = 0;
    thread->state = SIM_THREAD_FROZEN;
}

void sim_cpu_freeze(struct sim_container *container)
{
    for (uint32_t i = 0; i < container->thread_count; i++)
        if (container->threads[i].state == SIM_THREAD_RUNS) interrupt(&container->threads[i]);
    grant_cores(container->pod->machine);
}

void sim_cpu_thaw(struct sim_container *container)
{
    for (uint32_t i = 0; i < container->thread_count; i++)
        if (container->threads[i].state == SIM_THREAD_FROZEN) go_on(&container->threads[i]);
}

void sim_cpu_drop(struct sim_container *container)
{
    struct sim_world *world = container->world;
    struct sim_machine *machine = container->pod->machine;
    end_stall(container);
    for (uint32_t i = 0; i < container->thread_count; i++) {
        struct sim_thread *thread = &container->threads[i];
        if (thread->state == SIM_THREAD_RUNS) machine->busy--;
        sim_engine_cancel(&world->engine, &thread->entry);
        mc_list_remove(&thread->wait.link);
        mc_list_remove(&thread->under_way);
        if (thread->outbox.actions) mc_outbox_fini(&thread->outbox);
        thread->outbox = (struct mc_outbox){0};
        thread->state = SIM_THREAD_IDLE;
        thread->left = thread->slice = 0;
    }
    mc_list_remove(&container->wait.link);
    sim_engine_cancel(&world->engine, &container->period);
    grant_cores(machine);
}
