/* The side of the guests: their actions, and the next event of each of their streams. */
#include "sim/net/parts.h"

void sim_process_init(struct sim_process *process, const struct sim_process_type *type, struct sim_net *net, uint32_t pod, bool sidecar)
{
    *process = (struct sim_process){.type = type, .net = net, .pod = pod, .sidecar = sidecar};
    mc_list_init(&process->ends);
    mc_list_init(&process->listeners);
    mc_list_init(&process->queries);
    mc_list_init(&process->flush);
}

/* ---- streams by id: linear probing, removal shifts back ---- */

static uint32_t slot_of(const struct sim_process *process, mc_stream id)
{
    return (uint32_t)(mc_mix(id) & (process->capacity - 1));
}

struct sim_end *sim_process_find(const struct sim_process *process, mc_stream id)
{
    if (!process->used) return NULL;
    for (uint32_t i = slot_of(process, id); process->table[i]; i = (i + 1) & (process->capacity - 1))
        if (process->table[i]->id == id) return process->table[i];
    return NULL;
}

static void insert(struct sim_process *process, struct sim_end *end)
{
    uint32_t i = slot_of(process, end->id);
    while (process->table[i]) i = (i + 1) & (process->capacity - 1);
    process->table[i] = end;
}

static bool grow(struct sim_process *process)
{
    struct sim_end **old = process->table;
    uint32_t old_capacity = process->capacity, capacity = old_capacity ? old_capacity * 2 : 8;
    struct sim_end **table = mc_pool_take_zero(process->net->pool, capacity * sizeof *table);
    if (!table) return false;
    process->table = table;
    process->capacity = capacity;
    for (uint32_t i = 0; i < old_capacity; i++)
        if (old[i]) insert(process, old[i]);
    mc_pool_give(process->net->pool, old, old_capacity * sizeof *old);
    return true;
}

bool sim_process_map(struct sim_process *process, struct sim_end *end)
{
    mc_assert(!sim_process_find(process, end->id));
    if (process->used * 2 >= process->capacity && !grow(process)) {
        end->id = 0;
        return false;
    }
    insert(process, end);
    process->used++;
    return true;
}

void sim_process_unmap(struct sim_process *process, struct sim_end *end)
{
    uint32_t mask = process->capacity - 1, hole = slot_of(process, end->id);
    while (process->table[hole] != end) hole = (hole + 1) & mask;
    for (uint32_t i = (hole + 1) & mask; process->table[i]; i = (i + 1) & mask) {
        uint32_t home = slot_of(process, process->table[i]->id);
        if (((i - home) & mask) < ((i - hole) & mask)) continue; /* stands between its home and the hole */
        process->table[hole] = process->table[i];
        hole = i;
    }
    process->table[hole] = NULL;
    process->used--;
    end->id = 0;
}

/* ---- listeners ---- */

static void listen_at(struct sim_process *process, uint32_t id, struct mc_addr addr)
{
    struct sim_listener *listener = mc_pool_take_zero(process->net->pool, sizeof *listener);
    if (!listener) {
        process->net->engine->refused = true;
        return;
    }
    listener->process = process;
    listener->id = id;
    listener->addr = addr;
    uint32_t backlog = process->sockets.backlog, most = process->net->kernel.somaxconn;
    listener->most = backlog && backlog < most ? backlog : most;
    mc_list_push_back(&process->listeners, &listener->of_process);
    mc_list_push_back(&sim_net_stack(process->net, process->pod)->listeners, &listener->of_stack);
}

/* Connections that wait to be accepted go with their listener. */
static void close_listener(struct sim_listener *listener, enum sim_leave how)
{
    struct sim_process *process = listener->process;
    mc_list_each(link, &process->ends) {
        struct sim_end *end = mc_container(link, struct sim_end, of_process);
        struct sim_conn *conn = end->conn;
        if (end->listener != listener) continue;
        if (how == SIM_LEAVE_KERNEL) {
            sim_end_cut(end);
        } else {
            sim_flow_clear(&conn->flows[1]);
            sim_end_detach(end, SIM_SOCKET_DEAD);
        }
        sim_conn_settle(conn);
    }
    mc_list_remove(&listener->of_process);
    mc_list_remove(&listener->of_stack);
    mc_pool_give(process->net->pool, listener, sizeof *listener);
}

static void unlisten(struct sim_process *process, uint32_t id)
{
    mc_list_each(link, &process->listeners) {
        struct sim_listener *listener = mc_container(link, struct sim_listener, of_process);
        if (listener->id == id) close_listener(listener, SIM_LEAVE_KERNEL);
    }
}

/* ---- leaving ---- */

static void leave_end(struct sim_end *end, enum sim_leave how)
{
    struct sim_conn *conn = end->conn;
    struct sim_flow *out = &conn->flows[end->side], *in = &conn->flows[!end->side];
    if (how == SIM_LEAVE_SILENT || end->socket == SIM_SOCKET_DEAD) {
        sim_flow_clear(out);
        sim_end_detach(end, SIM_SOCKET_DEAD);
        if (conn->record.reason == MC_REASON_NONE) conn->record.reason = MC_REASON_GONE;
    } else if (in->arrived || end->socket == SIM_SOCKET_OPENING) {
        sim_end_cut(end);
    } else {
        out->fin_asked = true;
        sim_end_detach(end, SIM_SOCKET_LINGER);
        sim_flow_transmit(out);
    }
    sim_conn_settle(conn);
}

void sim_process_leave(struct sim_process *process, enum sim_leave how)
{
    sim_resolve_forget(process);
    mc_list_each(link, &process->listeners)
        close_listener(mc_container(link, struct sim_listener, of_process), how);
    for (struct mc_link *link; (link = mc_list_first(&process->ends));)
        leave_end(mc_container(link, struct sim_end, of_process), how);
    mc_assert(!process->used);
    mc_pool_give(process->net->pool, process->table, process->capacity * sizeof *process->table);
    process->table = NULL;
    process->capacity = 0;
}

/* ---- actions ---- */

static void touch(struct sim_process *process, struct sim_end *end)
{
    mc_list_remove(&end->flush);
    mc_list_push_back(&process->flush, &end->flush);
}

static void send(struct sim_process *process, struct sim_end *end, struct mc_slice slice)
{
    struct sim_flow *flow = end ? &end->conn->flows[end->side] : NULL;
    if (!flow || end->socket == SIM_SOCKET_DEAD || flow->fin_asked) {
        mc_slice_unref(slice);
        return;
    }
    uint32_t length = slice.length;
    if (!mc_slices_push(&flow->bytes, slice)) {
        process->net->engine->refused = true;
        return;
    }
    flow->unsent += length;
    touch(process, end);
}

static void finish(struct sim_process *process, struct sim_end *end)
{
    if (!end || end->socket == SIM_SOCKET_DEAD) return;
    end->conn->flows[end->side].fin_asked = true;
    touch(process, end);
}

static void cut(struct sim_end *end)
{
    if (!end) return;
    sim_end_cut(end);
    sim_conn_settle(end->conn);
}

static void grant(struct sim_end *end, uint64_t bytes)
{
    if (!end) return;
    end->credit += bytes;
    sim_end_ready(end);
}

void sim_process_act(struct sim_process *process, const struct mc_action *action)
{
    struct sim_end *end = NULL;
    if (action->stream && action->kind != MC_ACTION_OPEN) end = sim_process_find(process, action->stream);
    switch (action->kind) {
    case MC_ACTION_LISTEN: listen_at(process, action->id, action->addr); break;
    case MC_ACTION_UNLISTEN: unlisten(process, action->id); break;
    case MC_ACTION_OPEN: sim_conn_open(process, action->stream, action->addr); break;
    case MC_ACTION_SEND: send(process, end, action->slice); break;
    case MC_ACTION_FINISH: finish(process, end); break;
    case MC_ACTION_RESET: cut(end); break;
    case MC_ACTION_CREDIT: grant(end, action->bytes); break;
    case MC_ACTION_RESOLVE: sim_resolve(process, action->id, action->name); break;
    case MC_ACTION_EXIT:
    case MC_ACTION_KINDS: mc_unreachable();
    }
}

void sim_process_flush(struct sim_process *process)
{
    for (struct mc_link *link; (link = mc_list_pop_front(&process->flush));) {
        struct sim_end *end = mc_container(link, struct sim_end, flush);
        sim_flow_transmit(&end->conn->flows[end->side]);
        sim_end_measure(end);
        sim_end_ready(end); /* CLOSED */
    }
}

/* ---- events ---- */

static bool take_opened(struct sim_end *end, struct mc_event *event)
{
    struct sim_conn *conn = end->conn;
    end->opened = false;
    end->told = true;
    if (end->side == 0) {
        event->kind = MC_EVENT_OPENED;
        event->opened.local = conn->record.source;
        return true;
    }
    end->id = ++conn->net->last_stream;
    if (!sim_process_map(end->process, end)) conn->net->engine->refused = true;
    end->listener->backlog--;
    end->listener = NULL;
    conn->stacks[1]->counts.accepted++;
    event->kind = MC_EVENT_ACCEPTED;
    event->stream = end->id;
    event->accepted.listener = end->listener_id;
    event->accepted.peer = conn->record.source;
    event->accepted.local = conn->record.target;
    event->accepted.original = conn->record.original;
    return true;
}

static bool take_terminal(struct sim_end *end, enum mc_event_kind kind, enum sim_socket socket, struct mc_event *event)
{
    struct sim_conn *conn = end->conn;
    event->kind = kind;
    if (kind != MC_EVENT_CLOSED) event->reason = end->reason;
    sim_end_detach(end, socket);
    sim_conn_settle(conn);
    return false;
}

static bool take_data(struct sim_end *end, uint32_t piece, struct mc_event *event)
{
    struct sim_flow *in = &end->conn->flows[!end->side];
    uint64_t most = in->arrived < end->credit ? in->arrived : end->credit;
    if (piece && most > piece) most = piece;
    event->kind = MC_EVENT_DATA;
    event->data = mc_slices_pop(&in->bytes, most > UINT32_MAX ? UINT32_MAX : (uint32_t)most);
    in->arrived -= event->data.length;
    end->credit -= event->data.length;
    sim_flow_read(in);
    return true;
}

/* False: the end is over, and must not be looked at again. */
static bool take_next(struct sim_end *end, uint32_t piece, struct mc_event *event)
{
    struct sim_flow *in = &end->conn->flows[!end->side];
    if (end->opened) return take_opened(end, event);
    if (end->clog || end->drain) {
        event->kind = end->clog ? MC_EVENT_CLOGGED : MC_EVENT_DRAINED;
        end->clog = end->drain = false;
        return true;
    }
    if (in->arrived && end->credit) return take_data(end, piece, event);
    if (!end->end_told) {
        event->kind = MC_EVENT_END;
        return end->end_told = true;
    }
    return take_terminal(end, MC_EVENT_CLOSED, SIM_SOCKET_LINGER, event);
}

bool sim_end_take(struct sim_end *end, uint32_t piece, struct mc_event *event)
{
    event->stream = end->id;
    if (!sim_end_has_news(end)) {
        end->announced = false;
        return false;
    }
    if (end->failed || (end->reset && !(end->opened && end->side == 1))) {
        bool open = end->told && !end->failed;
        take_terminal(end, open ? MC_EVENT_RESET : MC_EVENT_OPEN_FAILED, SIM_SOCKET_DEAD, event);
        return true;
    }
    if (take_next(end, piece, event) && !sim_end_has_news(end)) {
        end->announced = false;
        mc_list_remove(&end->turn);
    }
    return true;
}

uint64_t sim_end_stream(const struct sim_end *end)
{
    return end->id;
}

struct mc_link *sim_end_turn(struct sim_end *end)
{
    return &end->turn;
}

struct sim_end *sim_end_of_turn(struct mc_link *link)
{
    return mc_container(link, struct sim_end, turn);
}
