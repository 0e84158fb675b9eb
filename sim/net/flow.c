/* One direction of a connection: windows, departure, loss and its repair, arrival. */
#include "sim/net/parts.h"
#include <string.h>

enum { SYNACK_RETRIES = 5 }; /* net.ipv4.tcp_synack_retries */
#define PROBE_MIN (10 * MC_MS) /* RFC 8985 §7.2 as Linux has it */

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
    flow->window = (uint64_t)net->kernel.initial_window * net->kernel.mss;
    flow->threshold = UINT64_MAX;
    flow->last_sent = -1;
}

void sim_flow_clear(struct sim_flow *flow)
{
    sim_engine_cancel(flow->conn->net->engine, &flow->entry);
    mc_slices_fini(&flow->bytes);
    flow->arrived = flow->flying = flow->unsent = 0;
    flow->head = flow->count = 0;
    flow->update_at = MC_NEVER;
    flow->blocked = false;
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

static struct sim_burst *burst_at(const struct sim_flow *flow, uint32_t index)
{
    return &flow->bursts[(flow->head + index) & (flow->capacity - 1)];
}

static bool grow(struct sim_flow *flow)
{
    struct mc_pool *pool = flow->conn->net->pool;
    uint32_t capacity = flow->capacity ? flow->capacity * 2 : 2;
    struct sim_burst *bursts = mc_pool_take(pool, capacity * sizeof *bursts);
    if (!bursts) return false;
    for (uint32_t i = 0; i < flow->count; i++) bursts[i] = *burst_at(flow, i);
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
    struct sim_burst *place = burst_at(flow, flow->count++);
    *place = *burst;
    return place;
}

static struct sim_burst pop(struct sim_flow *flow)
{
    struct sim_burst burst = *burst_at(flow, 0);
    flow->head = (flow->head + 1) & (flow->capacity - 1);
    flow->count--;
    return burst;
}

void sim_flow_schedule(struct sim_flow *flow)
{
    mc_ns at = flow->update_at;
    if (flow->count) at = mc_ns_min(at, burst_at(flow, 0)->at);
    at = mc_ns_max(at, flow->conn->net->engine->now);
    if (sim_entry_is_queued(&flow->entry) && flow->entry.at == at) return;
    sim_engine_at(flow->conn->net->engine, &flow->entry, at);
}

/* ---- paths ---- */

struct way { /* from sender to receiver and back, as it is now */
    struct sim_path path;
    mc_ns back, round_trip;
};

static struct sim_stack *sender(const struct sim_flow *flow)
{
    return flow->conn->stacks[sim_flow_side(flow)];
}

static struct sim_stack *receiver(const struct sim_flow *flow)
{
    return flow->conn->stacks[!sim_flow_side(flow)];
}

static void find_way(const struct sim_flow *flow, struct way *way)
{
    struct sim_net *net = flow->conn->net;
    sim_path_find(net, sender(flow), receiver(flow), &way->path);
    if (net->rule_count) {
        struct sim_path back;
        sim_path_find(net, receiver(flow), sender(flow), &back);
        way->back = sim_path_latency(&back);
    } else {
        way->back = way->path.latency; /* terms are the same both ways */
    }
    way->round_trip = sim_path_latency(&way->path) + way->back;
}

static mc_ns rto_of(const struct sim_flow *flow, const struct way *way, const struct sim_burst *burst)
{
    const struct sim_kernel *kernel = &flow->conn->net->kernel;
    bool opening = burst->flags & (SIM_BURST_SYN | SIM_BURST_SYNACK);
    mc_ns rto = opening ? kernel->syn_rto
                        : mc_ns_max(kernel->rto_min, way->round_trip + 4 * way->path.jitter);
    for (uint32_t i = 0; i < burst->tries && rto < kernel->rto_max; i++) rto *= 2;
    return mc_ns_min(rto, kernel->rto_max);
}

static uint32_t packets_of(const struct sim_flow *flow, uint64_t bytes)
{
    uint32_t mss = flow->conn->net->kernel.mss;
    return bytes ? (uint32_t)((bytes + mss - 1) / mss) : 1;
}

/* ---- departure ---- */

static void shrink(struct sim_flow *flow, bool timed_out)
{
    uint64_t mss = flow->conn->net->kernel.mss;
    flow->threshold = flow->window * 7 / 10; /* CUBIC's beta, RFC 9438 §4.6 */
    if (flow->threshold < 2 * mss) flow->threshold = 2 * mss;
    flow->window = timed_out ? mss : flow->threshold;
    if (timed_out) flow->round_used = 0, flow->round_end = 0;
}

static void wait_for_rto(const struct sim_flow *flow, const struct way *way, struct sim_burst *burst, mc_ns from, uint32_t lost)
{
    burst->waiting = true;
    burst->packets = lost;
    burst->at = from + rto_of(flow, way, burst);
}

/* What was lost of PACKETS that left at LEFT is sent again until all has arrived, or until only a
 * time-out can help. */
static void repair(struct sim_flow *flow, const struct way *way, struct sim_burst *burst, mc_ns left, uint32_t packets, struct sim_judged judged)
{
    struct sim_net *net = flow->conn->net;
    struct sim_stack *from = sender(flow);
    mc_ns extra = 0;
    while (judged.lost) {
        from->counts.segments_lost += judged.lost;
        if (judged.lost == packets) {
            wait_for_rto(flow, way, burst, left + extra, packets);
            return;
        }
        if (!extra) shrink(flow, false);
        extra += judged.after >= 3 ? way->round_trip : mc_ns_max(2 * way->round_trip, PROBE_MIN);
        packets = judged.lost;
        from->counts.retransmitted += packets;
        judged = sim_path_judge(net, &way->path, flow->origin.number, &flow->ordinal, packets, flow->conn);
    }
    burst->waiting = false;
    burst->at = left + extra + sim_path_jitter(net, flow->origin.number, flow->burst_ordinal++, judged.delay, judged.jitter);
    burst->at = mc_ns_max(burst->at, flow->last_arrival);
    flow->last_arrival = burst->at;
}

static void depart(struct sim_flow *flow, const struct way *way, struct sim_burst *burst, mc_ns at, uint32_t packets)
{
    struct sim_net *net = flow->conn->net;
    struct sim_stack *from = sender(flow);
    from->counts.segments_out += packets;
    from->counts.bytes_out += burst->bytes;
    mc_ns left = sim_path_pass(net, &way->path, at, burst->bytes, packets);
    struct sim_judged judged =
        sim_path_judge(net, &way->path, flow->origin.number, &flow->ordinal, packets, flow->conn);
    burst->departed = left;
    if (burst->flags & SIM_BURST_SYN) flow->conn->refuse = judged.refused;
    repair(flow, way, burst, left, packets, judged);
}

/* Later packets that arrive tell the sender of a lost head before its time-out does. */
static void hint_head(struct sim_flow *flow, const struct way *way, const struct sim_burst *burst)
{
    struct sim_burst *head = burst_at(flow, 0);
    if (head == burst || !head->waiting || head->tries || head->fast || burst->waiting) return;
    flow->later += packets_of(flow, burst->bytes);
    if (flow->later < 3 || burst->at + way->back >= head->at) return;
    head->fast = true;
    head->at = burst->at + way->back;
}

void sim_flow_send(struct sim_flow *flow, uint8_t flags)
{
    struct sim_net *net = flow->conn->net;
    struct sim_burst burst = {.flags = flags, .packets = 1};
    if (receiver(flow)) {
        struct way way;
        find_way(flow, &way);
        depart(flow, &way, &burst, net->engine->now, 1);
    } else {
        struct way nowhere = {0};
        wait_for_rto(flow, &nowhere, &burst, net->engine->now, 1);
    }
    bool once = flags & (SIM_BURST_RST | SIM_BURST_REFUSED);
    if (once && burst.waiting) {
        if (flags & SIM_BURST_REFUSED) sim_conn_syn_again(flow->conn);
        return;
    }
    if (push(flow, &burst)) sim_flow_schedule(flow);
}

void sim_flow_syn_later(struct sim_flow *flow, mc_ns at, uint32_t tries)
{
    struct sim_burst burst = {
        .flags = SIM_BURST_SYN, .packets = 1, .waiting = true, .tries = (uint8_t)tries, .at = at};
    burst.at = mc_ns_max(burst.at, flow->conn->net->engine->now);
    if (push(flow, &burst)) sim_flow_schedule(flow);
}

/* ---- windows ---- */

/* tcp_cwnd_restart: halved for each RTO of silence, down to the initial window. */
static void restart_after_idle(struct sim_flow *flow, mc_ns idle, mc_ns rto)
{
    const struct sim_kernel *kernel = &flow->conn->net->kernel;
    uint64_t initial = (uint64_t)kernel->initial_window * kernel->mss;
    if (flow->threshold < flow->window * 3 / 4) flow->threshold = flow->window * 3 / 4;
    for (mc_ns left = idle - rto; left > 0 && flow->window > initial; left -= rto) flow->window /= 2;
    if (flow->window < initial) flow->window = initial;
}

static void begin_round(struct sim_flow *flow, mc_ns at, const struct way *way)
{
    mc_ns rto = mc_ns_max(flow->conn->net->kernel.rto_min, way->round_trip + 4 * way->path.jitter);
    if (flow->last_sent >= 0 && at - flow->last_sent > rto) {
        restart_after_idle(flow, at - flow->last_sent, rto);
    } else if (flow->round_used * 2 > flow->window) { /* it was the window that limited */
        bool slow_start = flow->window < flow->threshold;
        flow->window += slow_start ? flow->round_used : flow->conn->net->kernel.mss;
        if (slow_start && flow->window > flow->threshold) flow->window = flow->threshold;
    }
    flow->round_used = 0;
    flow->round_end = at + way->round_trip;
}

/* How many of BYTES may leave at *AT, which moves on to the next round if this one is full. */
static uint64_t admit(struct sim_flow *flow, const struct way *way, mc_ns *at, uint64_t bytes)
{
    if (!way->round_trip) return bytes;
    *at = mc_ns_max(*at, flow->last_sent);
    if (*at >= flow->round_end) begin_round(flow, *at, way);
    if (flow->round_used >= flow->window) {
        *at = mc_ns_max(*at, flow->round_end);
        begin_round(flow, *at, way);
    }
    uint64_t room = flow->window - flow->round_used;
    if (bytes > room) bytes = room;
    flow->round_used += bytes;
    flow->last_sent = *at;
    return bytes;
}

/* ---- transmitting ---- */

static bool may_transmit(const struct sim_flow *flow)
{
    if (!flow->conn->established) return false;
    if (!flow->unsent && (!flow->fin_asked || flow->fin_queued)) return false;
    const struct sim_burst *head = flow->count ? burst_at(flow, 0) : NULL;
    return !head || !head->waiting || head->tries == 0;
}

static uint64_t room_at_receiver(const struct sim_flow *flow)
{
    uint64_t window = flow->conn->net->kernel.receive_window, used = flow->arrived + flow->flying;
    return used < window ? window - used : 0;
}

static void transmit_bytes(struct sim_flow *flow, const struct way *way)
{
    mc_ns at = flow->conn->net->engine->now;
    while (flow->unsent) {
        uint64_t bytes = room_at_receiver(flow);
        if (bytes > flow->unsent) bytes = flow->unsent;
        if (bytes > UINT32_MAX) bytes = UINT32_MAX; /* a burst's count */
        if (!bytes) {
            flow->blocked = true;
            return;
        }
        bytes = admit(flow, way, &at, bytes);
        struct sim_burst burst = {.bytes = (uint32_t)bytes, .packets = packets_of(flow, bytes)};
        if (bytes == flow->unsent && flow->fin_asked) burst.flags = SIM_BURST_FIN;
        depart(flow, way, &burst, at, burst.packets);
        struct sim_burst *place = push(flow, &burst);
        if (!place) return;
        hint_head(flow, way, place);
        if (burst.flags) flow->fin_queued = true;
        flow->unsent -= bytes;
        flow->flying += bytes;
    }
}

void sim_flow_transmit(struct sim_flow *flow)
{
    if (!may_transmit(flow)) return;
    struct way way;
    find_way(flow, &way);
    transmit_bytes(flow, &way);
    if (!flow->unsent && flow->fin_asked && !flow->fin_queued) {
        struct sim_burst burst = {.flags = SIM_BURST_FIN, .packets = 1};
        flow->fin_queued = true;
        depart(flow, &way, &burst, mc_ns_max(flow->conn->net->engine->now, flow->last_sent), 1);
        push(flow, &burst);
    }
    sim_flow_schedule(flow);
}

/* The window update takes its way back; small ones are held back (RFC 9293 §3.8.6.2.2). */
void sim_flow_read(struct sim_flow *flow)
{
    struct sim_net *net = flow->conn->net;
    if (!flow->blocked || room_at_receiver(flow) < 2 * (uint64_t)net->kernel.mss) return;
    struct way way;
    find_way(flow, &way);
    flow->blocked = false;
    flow->update_at = net->engine->now + way.back;
    sim_flow_schedule(flow);
}

/* ---- what the entry is for ---- */

static void give_up(struct sim_flow *flow, const struct sim_burst *burst)
{
    struct sim_conn *conn = flow->conn;
    struct sim_end *end = &conn->ends[sim_flow_side(flow)];
    if (burst->flags & SIM_BURST_SYN) {
        sim_flow_clear(flow);
        sim_conn_syn_failed(conn, MC_REASON_TIMEOUT);
    } else if (burst->flags & SIM_BURST_SYNACK) {
        const struct sim_kernel *kernel = &conn->net->kernel;
        sim_flow_clear(flow);
        sim_end_detach(end, SIM_SOCKET_DEAD);
        sim_flow_syn_later(&conn->flows[0], conn->record.opened_at + kernel->syn_rto * ((INT64_C(2) << kernel->syn_retries) - 1),
                           kernel->syn_retries);
    } else {
        sim_end_break(end, MC_REASON_TIMEOUT);
    }
}

static uint32_t tries_max(const struct sim_flow *flow, const struct sim_burst *burst)
{
    const struct sim_kernel *kernel = &flow->conn->net->kernel;
    if (burst->flags & SIM_BURST_SYN) return kernel->syn_retries;
    return burst->flags & SIM_BURST_SYNACK ? SYNACK_RETRIES : kernel->retries2;
}

static void retransmit(struct sim_flow *flow, struct sim_burst *head)
{
    struct sim_net *net = flow->conn->net;
    mc_ns now = net->engine->now;
    if (!head->fast) head->tries++;
    if (head->tries > tries_max(flow, head)) {
        give_up(flow, head);
        return;
    }
    struct way way = {0};
    shrink(flow, !head->fast);
    head->fast = false;
    flow->later = 0;
    sender(flow)->counts.retransmitted += head->packets;
    if (head->flags & SIM_BURST_SYN) flow->conn->syn_tries = head->tries;
    if (!receiver(flow) || !sender(flow)->up) {
        wait_for_rto(flow, &way, head, now, head->packets);
        return;
    }
    find_way(flow, &way);
    struct sim_judged judged =
        sim_path_judge(net, &way.path, flow->origin.number, &flow->ordinal, head->packets, flow->conn);
    head->departed = now;
    if (head->flags & SIM_BURST_SYN) flow->conn->refuse = judged.refused;
    repair(flow, &way, head, now, head->packets, judged);
    if (!head->waiting) flow->update_at = now + way.round_trip;
}

/* It was cut off on its way. */
static void lose(struct sim_flow *flow, struct sim_burst *head)
{
    mc_ns now = flow->conn->net->engine->now;
    sender(flow)->counts.segments_lost += head->packets;
    if (head->flags & (SIM_BURST_SYN | SIM_BURST_REFUSED | SIM_BURST_RST)) {
        uint8_t flags = pop(flow).flags;
        if (!(flags & SIM_BURST_RST)) sim_conn_syn_again(flow->conn);
        return;
    }
    struct way way;
    find_way(flow, &way);
    wait_for_rto(flow, &way, head, head->departed, packets_of(flow, head->bytes));
    while (head->at <= now && head->tries < tries_max(flow, head)) {
        head->tries++;
        wait_for_rto(flow, &way, head, head->at, head->packets);
    }
}

static void arrive(struct sim_flow *flow, struct sim_burst *head)
{
    struct sim_stack *to = receiver(flow);
    if (!to->up || sim_path_is_cut(flow->conn->net, sender(flow), to, packets_of(flow, head->bytes), flow->conn)) {
        lose(flow, head);
        return;
    }
    struct sim_burst burst = pop(flow);
    flow->flying -= burst.bytes;
    sim_conn_arrive(flow, &burst);
}

static void fire(struct sim_entry *entry)
{
    struct sim_flow *flow = mc_container(entry, struct sim_flow, entry);
    struct sim_conn *conn = flow->conn;
    struct sim_engine *engine = conn->net->engine;
    uint64_t bytes = flow->bytes.bytes;
    uint8_t flags = flow->count ? burst_at(flow, 0)->flags : 0;
    conn->refs++;
    if (flow->update_at <= engine->now) {
        flow->update_at = MC_NEVER;
        sim_flow_transmit(flow);
    }
    while (flow->count && burst_at(flow, 0)->at <= engine->now) {
        struct sim_burst *head = burst_at(flow, 0);
        if (head->waiting)
            retransmit(flow, head);
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
