/* One direction of a connection: bursts, departure within the windows, arrival. */
#include "sim/net/parts.h"
#include <string.h>

static void fire(struct sim_entry *entry);

const struct sim_entry_type sim_flow_type = {"net.flow", SIM_CLASS_DELIVERY, SIM_KIND_FLOW, fire};

void sim_flow_init(struct sim_flow *flow, struct sim_conn *conn, int direction)
{
    struct sim_net *net = conn->net;
    flow->conn = conn;
    flow->origin.number = conn->record.number * 2 + (uint64_t)direction;
    sim_entry_init(&flow->entry, &sim_flow_type, &flow->origin, flow->origin.number);
    mc_slices_init(&flow->bytes, net->pool);
    flow->update_at = MC_NEVER;
    flow->last_sent = -1;
}

void sim_flow_clear(struct sim_flow *flow)
{
    sim_engine_cancel(flow->conn->net->engine, &flow->entry);
    mc_slices_fini(&flow->bytes);
    flow->arrived = flow->flying = flow->unsent = 0;
    flow->head = flow->count = 0;
    flow->outstanding = 0;
    flow->acked_at = 0;
    flow->later = 0;
    flow->update_at = MC_NEVER;
    flow->blocked = false;
    sim_window_free(flow);
    if (flow->share) sim_nic_leave(flow);
}

void sim_flow_fini(struct sim_flow *flow)
{
    sim_flow_clear(flow);
    mc_pool_give(flow->conn->net->pool, flow->bursts, flow->capacity * sizeof *flow->bursts);
}

bool sim_flow_is_idle(const struct sim_flow *flow)
{
    return !flow->count && flow->update_at == MC_NEVER;
}

/* ---- bursts ---- */

static bool grow(struct sim_flow *flow)
{
    struct mc_pool *pool = flow->conn->net->pool;
    uint32_t capacity = flow->capacity ? flow->capacity * 2 : 2;
    struct sim_burst *bursts = mc_pool_take(pool, capacity * sizeof *bursts);
    if (!bursts) return false;
    for (uint32_t i = 0; i < flow->count; i++) bursts[i] = *sim_flow_burst(flow, i);
    mc_pool_give(pool, flow->bursts, flow->capacity * sizeof *bursts);
    flow->bursts = bursts;
    flow->capacity = capacity;
    flow->head = 0;
    return true;
}

static struct sim_burst *push(struct sim_flow *flow, const struct sim_burst *burst)
{
    if (flow->count == flow->capacity && !grow(flow)) {
        flow->conn->net->engine->refused = true;
        return NULL;
    }
    struct sim_burst *place = sim_flow_burst(flow, flow->count++);
    *place = *burst;
    return place;
}

static struct sim_burst pop(struct sim_flow *flow)
{
    struct sim_burst burst = *sim_flow_burst(flow, 0);
    flow->head = (flow->head + 1) & (flow->capacity - 1);
    flow->count--;
    return burst;
}

void sim_flow_drop_head(struct sim_flow *flow)
{
    pop(flow);
}

/* What nobody repeats by itself. */
void sim_flow_once_lost(struct sim_flow *flow, uint8_t flags)
{
    if (flags & SIM_BURST_ACK)
        sim_conn_ack_lost(flow->conn);
    else if (!(flags & SIM_BURST_RST))
        sim_conn_syn_again(flow->conn);
}

void sim_flow_schedule(struct sim_flow *flow)
{
    mc_ns at = flow->update_at;
    if (flow->count) at = mc_ns_min(at, sim_flow_burst(flow, 0)->at);
    at = mc_ns_max(at, flow->conn->net->engine->now);
    if (sim_entry_is_queued(&flow->entry) && flow->entry.at == at) return;
    sim_engine_at(flow->conn->net->engine, &flow->entry, at);
}

/* ---- paths ---- */

struct sim_stack *sim_flow_sender(const struct sim_flow *flow)
{
    return flow->conn->stacks[sim_flow_side(flow)];
}

struct sim_stack *sim_flow_receiver(const struct sim_flow *flow)
{
    return flow->conn->stacks[!sim_flow_side(flow)];
}

void sim_flow_find_way(const struct sim_flow *flow, struct sim_way *way)
{
    struct sim_net *net = flow->conn->net;
    struct sim_stack *from = sim_flow_sender(flow), *to = sim_flow_receiver(flow);
    sim_path_find(net, from, to, &way->path);
    if (net->rule_count) {
        struct sim_path back;
        sim_path_find(net, to, from, &back);
        way->back = sim_path_latency(&back);
    } else {
        way->back = way->path.latency; /* terms are the same both ways */
    }
    way->round_trip = sim_path_latency(&way->path) + way->back;
}

/* ---- sending ---- */

void sim_flow_send(struct sim_flow *flow, uint8_t flags)
{
    struct sim_net *net = flow->conn->net;
    struct sim_burst burst = {.flags = flags, .packets = 1};
    struct sim_way way = {0};
    if (sim_flow_receiver(flow)) {
        sim_flow_find_way(flow, &way);
        if (!sim_loss_depart(flow, &way, &burst)) return;
    } else {
        flow->last_sent = net->engine->now;
        sim_loss_wait(flow, &way, &burst, net->engine->now);
    }
    bool once = flags & (SIM_BURST_RST | SIM_BURST_REFUSED | SIM_BURST_ACK);
    if (once && burst.waiting) {
        sim_flow_once_lost(flow, flags);
        return;
    }
    if (push(flow, &burst)) sim_flow_schedule(flow);
}

void sim_flow_send_later(struct sim_flow *flow, uint8_t flags, mc_ns at, uint32_t tries)
{
    struct sim_burst burst = {.flags = flags, .packets = 1, .waiting = true, .tries = (uint8_t)tries, .at = at};
    burst.at = mc_ns_max(burst.at, flow->conn->net->engine->now);
    if (push(flow, &burst)) sim_flow_schedule(flow);
}

/* ---- transmitting ---- */

static bool may_transmit(const struct sim_flow *flow)
{
    if (!flow->conn->established || flow->conn->ends[sim_flow_side(flow)].socket == SIM_SOCKET_DEAD) return false;
    if (!flow->unsent && (!flow->fin_asked || flow->fin_queued)) return false;
    const struct sim_burst *head = flow->count ? sim_flow_burst(flow, 0) : NULL;
    return !head || !head->waiting || head->tries == 0;
}

static uint64_t room_at_receiver(const struct sim_flow *flow)
{
    uint64_t window = flow->conn->net->kernel.receive_window, used = flow->arrived + flow->flying;
    return used < window ? window - used : 0;
}

/* How much of what is unsent leaves as the next burst. 0: a window is full. */
static uint64_t admit(struct sim_flow *flow, const struct sim_way *way)
{
    uint64_t bytes = room_at_receiver(flow);
    if (bytes > flow->unsent) bytes = flow->unsent;
    if (!bytes) {
        flow->blocked = true; /* goes on with sim_flow_read */
        return 0;
    }
    if (!way->round_trip) return bytes < UINT32_MAX ? bytes : UINT32_MAX;
    uint64_t room = sim_window_room(flow, way, bytes), piece = sim_window_piece(flow, way);
    if (room > piece) room = piece;
    sim_window_sent(flow, room, room < flow->unsent);
    if (!room) flow->update_at = mc_ns_min(flow->update_at, sim_window_next(flow));
    return room;
}

static bool send_bytes(struct sim_flow *flow, const struct sim_way *way, uint64_t bytes)
{
    struct sim_net *net = flow->conn->net;
    struct sim_burst burst = {.bytes = (uint32_t)bytes, .packets = sim_packets_of(net, bytes)};
    if (bytes == flow->unsent && flow->fin_asked) burst.flags = SIM_BURST_FIN;
    if (!sim_loss_depart(flow, way, &burst)) return false;
    struct sim_burst *place = push(flow, &burst);
    if (!place) return false;
    sim_loss_hint(flow, way, place);
    if (burst.flags) flow->fin_queued = true;
    flow->unsent -= bytes;
    flow->flying += bytes;
    return true;
}

static void transmit_bytes(struct sim_flow *flow, const struct sim_way *way)
{
    while (flow->unsent) {
        mc_ns turn = sim_nic_turn(flow, way);
        if (turn > flow->conn->net->engine->now) {
            flow->update_at = mc_ns_min(flow->update_at, turn);
            return;
        }
        uint64_t bytes = admit(flow, way);
        if (!bytes || !send_bytes(flow, way, bytes)) return;
    }
}

void sim_flow_transmit(struct sim_flow *flow)
{
    if (!may_transmit(flow)) return;
    struct sim_way way;
    sim_flow_find_way(flow, &way);
    transmit_bytes(flow, &way);
    if (!flow->unsent && flow->fin_asked && !flow->fin_queued && may_transmit(flow)) {
        struct sim_burst burst = {.flags = SIM_BURST_FIN, .packets = 1};
        flow->fin_queued = true;
        if (sim_loss_depart(flow, &way, &burst)) push(flow, &burst);
    }
    sim_flow_schedule(flow);
}

/* The window update takes its way back; small ones are held back (RFC 9293 §3.8.6.2.2). */
void sim_flow_read(struct sim_flow *flow)
{
    struct sim_net *net = flow->conn->net;
    if (!flow->blocked || room_at_receiver(flow) < 2 * (uint64_t)net->payload) return;
    struct sim_way way;
    sim_flow_find_way(flow, &way);
    flow->blocked = false;
    flow->update_at = mc_ns_min(flow->update_at, net->engine->now + way.back);
    sim_flow_schedule(flow);
}

/* ---- what the entry is for ---- */

/* A server's kernel takes no content before the connection has its place in the accept queue. */
static bool admitted(const struct sim_flow *flow, const struct sim_burst *head)
{
    struct sim_end *end = &flow->conn->ends[!sim_flow_side(flow)];
    bool content = !(head->flags & ~SIM_BURST_FIN);
    return !content || end->side == 0 || sim_end_admits(end);
}

static void arrive(struct sim_flow *flow, struct sim_burst *head)
{
    struct sim_stack *to = sim_flow_receiver(flow);
    struct sim_net *net = flow->conn->net;
    if (!to->up || sim_path_is_cut(net, sim_flow_sender(flow), to, sim_packets_of(net, head->bytes), flow->conn) ||
        !admitted(flow, head)) {
        sim_loss_in_flight(flow, head);
        return;
    }
    struct sim_burst burst = pop(flow);
    flow->flying -= burst.bytes;
    if (flow->share && !flow->unsent && !flow->flying) sim_nic_leave(flow);
    sim_conn_arrive(flow, &burst);
}

static void fire(struct sim_entry *entry)
{
    struct sim_flow *flow = mc_container(entry, struct sim_flow, entry);
    struct sim_conn *conn = flow->conn;
    struct sim_engine *engine = conn->net->engine;
    uint64_t bytes = flow->bytes.bytes;
    uint8_t flags = flow->count ? sim_flow_burst(flow, 0)->flags : 0;
    conn->refs++;
    if (flow->update_at <= engine->now) {
        flow->update_at = MC_NEVER;
        sim_flow_transmit(flow);
    }
    while (flow->count && sim_flow_burst(flow, 0)->at <= engine->now) {
        struct sim_burst *head = sim_flow_burst(flow, 0);
        if (head->waiting)
            sim_loss_retransmit(flow, head);
        else
            arrive(flow, head);
    }
    sim_flow_schedule(flow);
    sim_engine_tell(engine, conn->record.number, (uint64_t)sim_flow_side(flow) << 8 | flags, bytes, flow->ordinal);
    sim_end_ready(&conn->ends[!sim_flow_side(flow)]);
    sim_end_measure(&conn->ends[sim_flow_side(flow)]);
    conn->refs--;
    sim_conn_settle(conn);
}
