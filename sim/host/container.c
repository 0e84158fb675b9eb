/* A container: the queue of what is for its guest, the steps, the actions. */
#include "sim/host/parts.h"

enum { SPURIOUS_EVERY = 5, STATUS_KILLED = 137 };

static void wake_fires(struct sim_entry *entry);
static void order_fires(struct sim_entry *entry);
static void kill_fires(struct sim_entry *entry);

static const struct sim_entry_type wake_type = {"host.wake", SIM_CLASS_WAKE, SIM_KIND_WAKE, wake_fires};
static const struct sim_entry_type order_type = {"host.order", SIM_CLASS_WAKE, SIM_KIND_ORDER, order_fires};
static const struct sim_entry_type kill_type = {"host.kill", SIM_CLASS_WAKE, SIM_KIND_ORDER, kill_fires};

bool sim_container_init(struct sim_container *container, struct sim_world *world, struct sim_pod *pod, const struct sim_container_spec *spec)
{
    container->world = world;
    container->pod = pod;
    container->owner = spec->owner;
    container->price = spec->price;
    container->cpu_millis = spec->cpu_millis;
    container->resources = spec->resources;
    container->quota_phase = spec->quota_phase;
    container->slow_permille = 1000;
    container->next = SIM_NONE;
    container->deadline = container->kill_at = MC_NEVER;
    container->thread_count = spec->threads ? spec->threads : 1;
    container->threads = mc_pool_take_zero(&world->realm->pool, container->thread_count * sizeof *container->threads);
    if (!container->threads) return false;
    container->origin.number = UINT64_C(1) << 61 | container->number;
    uint64_t flow = container->origin.number;
    sim_entry_init(&container->wake, &wake_type, &container->origin, flow);
    sim_entry_init(&container->order, &order_type, &container->origin, flow);
    sim_entry_init(&container->kill, &kill_type, &container->origin, flow);
    struct mc_link *links[] = {&container->turns,     &container->start_turn,  &container->stop_turn,
                               &container->wake_turn, &container->answer_turn, &container->answers};
    for (size_t i = 0; i < MC_COUNT_OF(links); i++) mc_list_init(links[i]);
    sim_cpu_init(container);
    sim_memory_init(container);
    sim_fair_join(container);
    sim_process_init(&container->process, &sim_container_process_type, world->net, pod->number, spec->sidecar);
    container->process.sockets = spec->sockets;
    container->process.around_capture = spec->around_capture;
    return true;
}

/* ---- the guest's end ---- */

static void forget(struct sim_container *container, enum sim_leave how)
{
    struct sim_world *world = container->world;
    struct sim_entry *entries[] = {&container->wake, &container->order, &container->kill};
    for (size_t i = 0; i < MC_COUNT_OF(entries); i++) sim_engine_cancel(&world->engine, entries[i]);
    sim_memory_drop(container);
    sim_cpu_drop(container);
    sim_process_leave(&container->process, how);
    for (struct mc_link *link; (link = mc_list_pop_front(&container->answers));)
        mc_pool_give(&world->realm->pool, mc_container(link, struct sim_answer, link), sizeof(struct sim_answer));
    struct mc_link *turns[] = {&container->start_turn, &container->stop_turn, &container->wake_turn, &container->answer_turn};
    for (size_t i = 0; i < MC_COUNT_OF(turns); i++) mc_list_remove(turns[i]);
    mc_assert(mc_list_empty(&container->turns));
    container->start_asked = container->stop_asked = container->leaving = false;
    container->deadline = container->kill_at = MC_NEVER;
}

void sim_container_end(struct sim_container *container, uint32_t status, enum sim_leave how)
{
    if (container->state != SIM_CONTAINER_RUNNING && container->state != SIM_CONTAINER_PAUSED) return;
    container->state = SIM_CONTAINER_GONE;
    forget(container, how);
    container->guest = (struct mc_guest){0};
    struct sim_container_owner *owner = container->owner;
    if (owner) owner->type->gone(owner, container->number, status, container->world->engine.now);
}

void sim_container_fini(struct sim_container *container)
{
    container->state = SIM_CONTAINER_GONE;
    forget(container, SIM_LEAVE_SILENT);
    mc_pool_give(&container->world->realm->pool, container->threads, container->thread_count * sizeof *container->threads);
    mc_pool_give(&container->world->realm->pool, container, sizeof *container);
}

/* ---- turns ---- */

static void add_turn(struct sim_container *container, struct mc_link *turn)
{
    if (mc_list_empty(turn)) mc_list_push_back(&container->turns, turn);
}

static void end_is_ready(struct sim_process *process, struct sim_end *end)
{
    struct sim_container *container = mc_container(process, struct sim_container, process);
    add_turn(container, sim_end_turn(end));
    sim_container_pump(container);
}

static void name_is_resolved(struct sim_process *process, uint32_t query, enum mc_stream_reason reason,
                             const struct mc_addr *addrs, uint32_t count, mc_ns ttl)
{
    struct sim_container *container = mc_container(process, struct sim_container, process);
    struct sim_answer *answer = mc_pool_take_zero(&container->world->realm->pool, sizeof *answer);
    if (!answer) {
        container->world->engine.refused = true;
        return;
    }
    answer->query = query;
    answer->reason = reason;
    answer->count = count < SIM_ANSWER_ADDRS ? count : SIM_ANSWER_ADDRS;
    answer->ttl = ttl;
    for (uint32_t i = 0; i < answer->count; i++) answer->addrs[i] = addrs[i];
    mc_list_push_back(&container->answers, &answer->link);
    add_turn(container, &container->answer_turn);
    sim_container_pump(container);
}

const struct sim_process_type sim_container_process_type = {end_is_ready, name_is_resolved};

static void wake_fires(struct sim_entry *entry)
{
    struct sim_container *container = mc_container(entry, struct sim_container, wake);
    sim_engine_tell(&container->world->engine, container->number, 0, 0, 0);
    container->deadline = MC_NEVER;
    add_turn(container, &container->wake_turn);
    sim_container_pump(container);
}

static void order_fires(struct sim_entry *entry)
{
    struct sim_container *container = mc_container(entry, struct sim_container, order);
    sim_engine_tell(&container->world->engine, container->number, container->start_asked, container->stop_asked, 0);
    if (container->start_asked) add_turn(container, &container->start_turn);
    if (container->stop_asked) add_turn(container, &container->stop_turn);
    container->start_asked = container->stop_asked = false;
    sim_container_pump(container);
}

static void kill_fires(struct sim_entry *entry)
{
    struct sim_container *container = mc_container(entry, struct sim_container, kill);
    sim_engine_tell(&container->world->engine, container->number, STATUS_KILLED, 0, 0);
    sim_container_end(container, STATUS_KILLED, SIM_LEAVE_KERNEL);
}

/* ---- steps ---- */

static void arm(struct sim_container *container)
{
    mc_ns deadline = container->leaving ? MC_NEVER : mc_guest_deadline(container->guest);
    if (!mc_list_empty(&container->wake_turn)) return;
    if (deadline != MC_NEVER) deadline = mc_ns_max(deadline, container->world->engine.now);
    if (deadline == container->deadline) return;
    container->deadline = deadline;
    sim_engine_at(&container->world->engine, &container->wake, deadline);
}

static bool carry_out(struct sim_container *container, struct mc_outbox *outbox, uint32_t *status)
{
    for (uint32_t i = 0; i < outbox->count; i++) {
        const struct mc_action *action = &outbox->actions[i];
        if (action->kind == MC_ACTION_EXIT) {
            mc_assert(i + 1 == outbox->count);
            *status = action->id;
            return true;
        }
        sim_process_act(&container->process, action);
    }
    return false;
}

/* What becomes ready meanwhile waits: no step is taken between the actions of another. */
void sim_carry_out(struct sim_container *container, struct mc_outbox *outbox)
{
    uint32_t status = 0;
    bool pumping = container->pumping;
    container->pumping = true;
    bool exits = carry_out(container, outbox, &status);
    mc_outbox_clear(outbox);
    sim_process_flush(&container->process);
    container->pumping = pumping;
    if (exits) sim_container_end(container, status, SIM_LEAVE_KERNEL);
}

/* Actions that leave out of turn go behind those that are still held back by the CPU. */
static void append_to_last(struct sim_container *container, struct mc_outbox *from)
{
    struct sim_thread *last = mc_container(container->under_way.prev, struct sim_thread, under_way);
    for (uint32_t i = 0; i < from->count; i++) {
        struct mc_action *action = mc_outbox_add(&last->outbox, from->actions[i].kind);
        *action = from->actions[i];
    }
    mc_outbox_clear(from);
}

/* Nothing of it leaves: the process was killed in the middle of it. */
static void drop_actions(struct mc_outbox *outbox)
{
    for (uint32_t i = 0; i < outbox->count; i++)
        if (outbox->actions[i].kind == MC_ACTION_SEND) mc_slice_unref(outbox->actions[i].slice);
    mc_outbox_clear(outbox);
}

void sim_container_step(struct sim_container *container, struct mc_event *event, bool free)
{
    struct sim_world *world = container->world;
    struct mc_outbox *outbox = &world->outbox;
    mc_assert(!world->stepping && !outbox->count);
    event->now = world->engine.now;
    event->wall = sim_wall(world, container->pod->machine);
    world->stepping = true;
    sim_ambient_enter(event->now, event->wall);
    mc_guest_step(container->guest, event, outbox);
    sim_ambient_leave();
    world->stepping = false;
    container->counts.steps++;
    if (outbox->count && outbox->actions[outbox->count - 1].kind == MC_ACTION_EXIT) container->leaving = true;
    if (world->spurious && container->counts.steps % SPURIOUS_EVERY == 0) add_turn(container, &container->wake_turn);
    arm(container);
    if (sim_memory_matters(container) && sim_memory_is_spent(container)) {
        drop_actions(outbox);
        sim_memory_kill(container);
        return;
    }
    mc_ns cost = free ? 0 : sim_cpu_cost(container, outbox->work);
    if (cost) {
        sim_cpu_burn(sim_cpu_idle_thread(container), cost);
    } else if (!mc_list_empty(&container->under_way) && outbox->count) {
        append_to_last(container, outbox);
    } else {
        sim_carry_out(container, outbox);
    }
}

static bool take_answer(struct sim_container *container, struct mc_event *event)
{
    static _Thread_local struct mc_addr addrs[SIM_ANSWER_ADDRS];
    struct mc_link *link = mc_list_pop_front(&container->answers);
    if (!link) return false;
    struct sim_answer *answer = mc_container(link, struct sim_answer, link);
    for (uint32_t i = 0; i < answer->count; i++) addrs[i] = answer->addrs[i];
    event->kind = MC_EVENT_RESOLVED;
    event->resolved.query = answer->query;
    event->resolved.reason = answer->reason;
    event->resolved.addrs = addrs;
    event->resolved.count = answer->count;
    event->resolved.ttl = answer->ttl;
    mc_pool_give(&container->world->realm->pool, answer, sizeof *answer);
    if (mc_list_empty(&container->answers)) mc_list_remove(&container->answer_turn);
    return true;
}

static bool take_wake(struct sim_container *container, struct mc_event *event)
{
    mc_list_remove(&container->wake_turn);
    mc_ns deadline = mc_guest_deadline(container->guest);
    event->kind = MC_EVENT_WAKE;
    if (container->world->spurious || deadline <= container->world->engine.now) return true;
    arm(container); /* it was put off while the wake stood in the queue */
    return false;
}

/* The next event in the order of turns; an end with more to say goes to the back of the queue. */
static bool take_turn(struct sim_container *container, struct mc_event *event)
{
    struct mc_link *turn = mc_list_first(&container->turns);
    if (turn == &container->answer_turn) return take_answer(container, event);
    if (turn == &container->wake_turn) return take_wake(container, event);
    mc_list_remove(turn);
    if (turn == &container->start_turn) {
        event->kind = MC_EVENT_START;
        return true;
    }
    if (turn == &container->stop_turn) {
        event->kind = MC_EVENT_STOP;
        event->grace = container->grace;
        return true;
    }
    mc_list_push_back(&container->turns, turn);
    if (sim_end_take(sim_end_of_turn(turn), container->world->piece, event)) return true;
    mc_list_remove(turn); /* what it was about has gone meanwhile */
    return false;
}

/* The guest has sent RESET; the action still waits for the CPU, and nothing of the stream may follow it. */
static bool is_being_cut(const struct sim_container *container, mc_stream stream)
{
    for (const struct mc_link *link = container->under_way.next; stream && link != &container->under_way; link = link->next) {
        const struct mc_outbox *outbox = &mc_container(link, struct sim_thread, under_way)->outbox;
        for (uint32_t i = 0; i < outbox->count; i++)
            if (outbox->actions[i].kind == MC_ACTION_RESET && outbox->actions[i].stream == stream) return true;
    }
    return false;
}

void sim_container_pump(struct sim_container *container)
{
    if (container->pumping) return;
    container->pumping = true;
    while (container->state == SIM_CONTAINER_RUNNING && !container->collecting && !container->leaving && !mc_list_empty(&container->turns)) {
        if (!sim_cpu_idle_thread(container) || !sim_cpu_may_begin(container)) break;
        struct mc_event event = {0};
        if (!take_turn(container, &event)) continue;
        if (!is_being_cut(container, event.stream)) sim_container_step(container, &event, false);
        else if (event.kind == MC_EVENT_DATA) mc_slice_unref(event.data);
    }
    container->pumping = false;
}

/* ---- orders ---- */

void sim_container_freeze(struct sim_container *container, bool paused)
{
    if (paused && container->state == SIM_CONTAINER_RUNNING) {
        container->state = SIM_CONTAINER_PAUSED;
        sim_cpu_freeze(container);
    } else if (!paused && container->state == SIM_CONTAINER_PAUSED) {
        container->state = SIM_CONTAINER_RUNNING;
        if (container->collecting) return;
        sim_cpu_thaw(container);
        sim_container_pump(container);
    }
}

static struct sim_container *container_of(const struct sim_world *world, uint32_t number)
{
    mc_assert(number < world->container_count);
    return world->containers[number];
}

void sim_container_start(struct sim_world *world, uint32_t number, struct mc_guest guest)
{
    struct sim_container *container = container_of(world, number);
    mc_assert(container->state == SIM_CONTAINER_EMPTY || container->state == SIM_CONTAINER_GONE);
    mc_assert(sim_net_is_up(world->net, container->pod->number));
    container->guest = guest;
    container->state = SIM_CONTAINER_RUNNING;
    container->counts.starts++;
    sim_memory_start(container);
    container->start_asked = true;
    sim_engine_at(&world->engine, &container->order, world->engine.now);
}

void sim_container_stop(struct sim_world *world, uint32_t number, mc_ns grace)
{
    struct sim_container *container = container_of(world, number);
    if (container->state != SIM_CONTAINER_RUNNING && container->state != SIM_CONTAINER_PAUSED) return;
    container->stop_asked = true;
    container->grace = grace;
    sim_engine_at(&world->engine, &container->order, world->engine.now);
    sim_engine_at(&world->engine, &container->kill, mc_ns_add(world->engine.now, grace));
}

void sim_container_crash(struct sim_world *world, uint32_t number)
{
    sim_container_end(container_of(world, number), STATUS_KILLED, SIM_LEAVE_KERNEL);
}

void sim_container_pause(struct sim_world *world, uint32_t number, bool paused)
{
    sim_container_freeze(container_of(world, number), paused);
}

bool sim_container_command(struct sim_world *world, uint32_t number, const struct mc_command *command)
{
    struct sim_container *container = container_of(world, number);
    bool runs = container->state == SIM_CONTAINER_RUNNING || container->state == SIM_CONTAINER_PAUSED;
    bool begun = !container->start_asked && mc_list_empty(&container->start_turn);
    if (!runs || !begun || container->leaving) return false;
    mc_assert(!world->stepping);
    struct mc_event event = {.kind = MC_EVENT_COMMAND, .command = command};
    sim_container_step(container, &event, true);
    sim_container_pump(container);
    return true;
}

void sim_container_set_quota(struct sim_world *world, uint32_t number, uint32_t cpu_millis)
{
    struct sim_container *container = container_of(world, number);
    container->cpu_millis = cpu_millis;
    container->period_number = INT64_MIN; /* refilled at once, as tg_set_cfs_bandwidth does */
    if (container->stalled_since != MC_NEVER) sim_engine_at(&world->engine, &container->period, world->engine.now);
}

void sim_container_set_slow(struct sim_world *world, uint32_t number, uint32_t permille)
{
    container_of(world, number)->slow_permille = permille;
}
