/* What becomes of the packets of a burst, and when what was lost is sent again: as Linux with SACK, RACK
 * and TLP (RFC 8985; net/ipv4/tcp_recovery.c, tcp_timer.c, tcp_schedule_loss_probe).
 *
 *     three later packets have arrived      fast retransmit, one round trip after departure
 *     one or two                            RACK: a quarter of a round trip and 2 ms later
 *     none, more is being sent              what follows tells, a round trip later
 *     none, it was the last                 tail probe: two round trips and 2 ms (200 ms, if it is alone) after
 *                                           the last ACK, at the latest with the time-out
 *     the probe was lost, too               RTO: round trip + max(200 ms, 4 × jitter), doubling to 120 s
 */
#include "sim/net/parts.h"

enum { JITTER_DRAWS = 16, REPAIRS_MAX = 4 };
#define TIMER_MIN (2 * MC_MS) /* TCP_TIMEOUT_MIN_US */

static bool is_content(const struct sim_burst *burst)
{
    return !(burst->flags & ~SIM_BURST_FIN);
}

/* ---- time-outs ---- */

mc_ns sim_loss_rto(struct sim_flow *flow, const struct sim_way *way)
{
    const struct sim_kernel *kernel = &flow->conn->net->kernel;
    mc_ns trip = way->round_trip, varies = way->path.jitter;
    sim_window_trips(flow, &trip, &varies);
    return mc_ns_min(trip + mc_ns_max(kernel->rto_min, 4 * varies), kernel->rto_max);
}

/* The timer wheel (kernel/time/timer.c): eight times as coarse for each eight times as long, rounded up. */
mc_ns sim_kernel_timer(const struct sim_kernel *kernel, mc_ns now, mc_ns wait)
{
    if (!kernel->hz) return now + wait;
    mc_ns jiffy = MC_S / kernel->hz;
    int64_t begins = now / jiffy, ends = begins + (wait + jiffy - 1) / jiffy;
    int shift = 0;
    while (shift < 24 && ends - begins >= INT64_C(63) << shift) shift += 3;
    return (((ends >> shift) + 1) << shift) * jiffy;
}

mc_ns sim_syn_time(const struct sim_kernel *kernel, uint32_t tries)
{
    uint32_t linear = kernel->syn_linear;
    if (tries <= linear) return kernel->syn_rto * tries;
    return kernel->syn_rto * ((mc_ns)linear + (INT64_C(1) << (tries - linear)) - 1);
}

/* The probe of a tail of PACKETS that is all that is out. */
static mc_ns probe_time(struct sim_flow *flow, const struct sim_way *way, uint32_t packets)
{
    const struct sim_kernel *kernel = &flow->conn->net->kernel;
    mc_ns wait = 2 * way->round_trip + (packets == 1 ? kernel->rto_min : TIMER_MIN);
    return mc_ns_min(wait, sim_loss_rto(flow, way));
}

static mc_ns time_out(struct sim_flow *flow, const struct sim_way *way, const struct sim_burst *burst)
{
    const struct sim_kernel *kernel = &flow->conn->net->kernel;
    if (burst->flags & SIM_BURST_SYN) return sim_syn_time(kernel, burst->tries + 1u) - sim_syn_time(kernel, burst->tries);
    bool synack = burst->flags & SIM_BURST_SYNACK;
    bool counted = flow->count && burst == sim_flow_burst(flow, 0);
    uint32_t others = flow->flying > (counted ? burst->bytes : 0);
    if (!synack && !burst->tries && !burst->probed) return probe_time(flow, way, burst->packets + others);
    mc_ns rto = synack ? kernel->syn_rto : sim_loss_rto(flow, way);
    for (uint32_t i = 0; i < burst->tries && rto < kernel->rto_max; i++) rto *= 2;
    return mc_ns_min(rto, kernel->rto_max);
}

static mc_ns user_timeout(const struct sim_flow *flow)
{
    const struct sim_process *process = flow->conn->ends[sim_flow_side(flow)].process;
    return process ? process->sockets.user_timeout : 0;
}

void sim_loss_wait(struct sim_flow *flow, const struct sim_way *way, struct sim_burst *burst, mc_ns from)
{
    mc_ns most = user_timeout(flow);
    burst->waiting = true;
    burst->at = sim_kernel_timer(&flow->conn->net->kernel, from, time_out(flow, way, burst));
    if (most && is_content(burst) && burst->tries) /* Linux counts from the first retransmission: retransmits_timed_out */
        burst->at = mc_ns_max(from, mc_ns_min(burst->at, sim_window_stalled(flow, from) + most));
}

static uint32_t tries_max(const struct sim_flow *flow, const struct sim_burst *burst)
{
    const struct sim_kernel *kernel = &flow->conn->net->kernel;
    if (burst->flags & SIM_BURST_SYN) return kernel->syn_retries + kernel->syn_linear;
    if (burst->flags & SIM_BURST_SYNACK) return kernel->synack_retries;
    bool orphan = !flow->conn->ends[sim_flow_side(flow)].process;
    return orphan && kernel->orphan_retries < kernel->retries2 ? kernel->orphan_retries : kernel->retries2;
}

/* ---- departure ---- */

/* The way of PACKETS takes as long as the slowest of them; *FIRST is what the first takes. */
static mc_ns travel(struct sim_flow *flow, uint32_t packets, const struct sim_judged *judged, mc_ns *first)
{
    struct sim_net *net = flow->conn->net;
    uint64_t ordinal = flow->burst_ordinal;
    flow->burst_ordinal += packets;
    mc_ns most = *first = sim_path_jitter(net, flow->origin.number, ordinal, judged->delay, judged->jitter);
    if (!judged->jitter) return most;
    for (uint32_t i = 1; i < packets && i < JITTER_DRAWS; i++)
        most = mc_ns_max(most, sim_path_jitter(net, flow->origin.number, ordinal + i, judged->delay, judged->jitter));
    return most;
}

/* From the departure of packets some of which were lost to when they are sent again. */
static mc_ns detection(struct sim_flow *flow, const struct sim_way *way, const struct sim_judged *judged, bool more)
{
    mc_ns trip = way->round_trip;
    if (!judged->tail) return judged->behind >= 3 ? trip : trip + trip / 4 + TIMER_MIN;
    if (more) return 2 * trip;
    mc_ns probed = trip + probe_time(flow, way, judged->tail);
    return judged->tail == 1 && judged->lost == 1 ? probed : probed + trip;
}

struct repair { /* of one burst */
    mc_ns left;             /* its last packet, all queues */
    mc_ns queued;           /* its first one, in them */
    mc_ns extra;            /* until the repeated packets leave */
    mc_ns told;             /* when the sender knows of the first loss; MC_NEVER */
    uint32_t lost_bytes;    /* of the first loss */
    uint32_t before;        /* packets that arrived before the first that was lost */
    uint32_t packets, bytes;
    uint32_t rounds;
    bool more;              /* is sent behind it */
};

static void tell_window(struct sim_flow *flow, const struct sim_way *way, const struct sim_burst *burst,
                        const struct repair *repair, mc_ns sample)
{
    const struct sim_net *net = flow->conn->net;
    mc_ns known = burst->waiting ? MC_NEVER : burst->at + way->back;
    uint32_t there = burst->bytes;
    if (!is_content(burst) || !burst->bytes) return;
    if (repair->told != MC_NEVER) {
        uint32_t before = repair->before * net->payload;
        if (before) /* the window still grows with these */
            sim_window_ack(flow, &(struct sim_ack){.at = repair->left + way->round_trip, .sent = repair->left, .bytes = before, .packets = repair->before});
        there -= repair->lost_bytes + before;
        sim_window_ack(flow, &(struct sim_ack){.at = repair->told, .sent = repair->told - way->round_trip, .kind = SIM_ACK_LOSS,
                                               .until = known == MC_NEVER ? repair->told + way->round_trip : known,
                                               .bytes = there, .packets = sim_packets_of(net, there)});
        there = repair->lost_bytes;
    }
    if (known == MC_NEVER) return;
    sim_window_ack(flow, &(struct sim_ack){.at = known, .sent = known - sample, .bytes = there, .packets = sim_packets_of(net, there)});
}

/* Rounds in which PACKETS leave, less one, if FIRST do in the first, and each ACK lets go two. */
static mc_ns rounds_of(uint32_t packets, uint32_t first)
{
    mc_ns rounds = 0;
    for (uint32_t step = first, sent = first; sent < packets; sent += step, rounds++) step = step < UINT32_MAX / 4 ? 2 * step : step;
    return rounds;
}

/* Proportional rate reduction (RFC 6937, tcp_cwnd_reduction): what arrives after the loss is known lets go as
 * much of what is repeated; with more being sent behind, that is no limit. */
static mc_ns let_go(const struct sim_way *way, const struct sim_judged *judged, bool more)
{
    uint32_t lost = judged->tail > 1 && judged->tail == judged->lost ? judged->lost - 1 : judged->lost;
    return more ? 0 : rounds_of(lost, judged->behind > 3 ? judged->behind - 2 : 1) * way->round_trip;
}

/* What was lost is sent again until all has arrived, or until only a time-out can help. */
static void mend(struct sim_flow *flow, const struct sim_way *way, struct sim_burst *burst, struct repair *repair, struct sim_judged judged)
{
    struct sim_net *net = flow->conn->net;
    struct sim_stack *from = sim_flow_sender(flow);
    if (judged.lost && is_content(burst)) sim_window_need(flow);
    for (; judged.lost; repair->rounds++) {
        bool all = judged.lost == repair->packets;
        from->counts.segments_lost += judged.lost;
        repair->packets = judged.lost;
        repair->bytes = judged.lost_bytes;
        if (all && (!repair->rounds || !repair->more || repair->rounds == REPAIRS_MAX)) {
            burst->packets = repair->packets;
            burst->missing = repair->bytes;
            if (repair->rounds) burst->probed = true; /* no probe while losses are being repaired */
            sim_loss_wait(flow, way, burst, repair->left + repair->extra);
            tell_window(flow, way, burst, repair, 0);
            return;
        }
        repair->extra += all ? way->round_trip + way->round_trip / 4 : detection(flow, way, &judged, repair->more);
        if (!repair->rounds) {
            repair->told = repair->left + (repair->more || !judged.tail ? repair->extra : way->round_trip);
            repair->lost_bytes = judged.lost_bytes;
            repair->before = judged.before;
            repair->extra += let_go(way, &judged, repair->more);
        }
        from->counts.retransmitted += judged.lost;
        judged = sim_path_judge_bytes(net, &way->path, flow->origin.number, &flow->ordinal, repair->packets, repair->bytes, flow->conn);
    }
    mc_ns first, took = travel(flow, repair->packets, &judged, &first);
    burst->waiting = false;
    burst->at = mc_ns_max(repair->left + repair->extra + took, flow->last_arrival);
    flow->last_arrival = burst->at;
    tell_window(flow, way, burst, repair, repair->queued + first + way->back);
}

/* Something on the way keeps a table of connections, and has not seen this one for too long. */
static bool is_forgotten(struct sim_flow *flow, const struct sim_way *way)
{
    struct sim_conn *conn = flow->conn;
    bool reset = false;
    if (conn->forgotten || !conn->established) return conn->forgotten;
    mc_ns idle = sim_path_idle(&way->path, conn, &reset);
    mc_ns last = mc_ns_max(conn->flows[0].last_sent, conn->flows[1].last_sent);
    if (!idle || conn->net->engine->now - last <= idle || sim_pulse_keeps(conn, idle)) return false;
    sim_path_touch_idle(&way->path, conn);
    conn->forgotten = true;
    sim_pulse_begin(conn);
    if (!reset) return true;
    struct sim_end *end = &conn->ends[sim_flow_side(flow)];
    if (end->socket == SIM_SOCKET_LIVE || end->socket == SIM_SOCKET_LINGER) sim_end_break(end, MC_REASON_PEER_RESET);
    return true;
}

/* An RST to both ends. */
static void reset_by_path(struct sim_flow *flow)
{
    struct sim_conn *conn = flow->conn;
    sim_end_break(&conn->ends[sim_flow_side(flow)], MC_REASON_PEER_RESET);
    sim_flow_send(flow, SIM_BURST_RST);
}

bool sim_loss_depart(struct sim_flow *flow, const struct sim_way *way, struct sim_burst *burst)
{
    struct sim_net *net = flow->conn->net;
    struct sim_stack *from = sim_flow_sender(flow);
    uint32_t packets = burst->packets;
    struct repair repair = {.told = MC_NEVER, .packets = packets, .bytes = burst->bytes, .more = flow->unsent > burst->bytes};
    struct sim_judged judged = {.lost = packets, .lost_bytes = burst->bytes, .tail = packets};
    bool gone = is_forgotten(flow, way);
    if (gone && flow->conn->ends[sim_flow_side(flow)].socket == SIM_SOCKET_DEAD && is_content(burst)) return false;
    from->counts.segments_out += packets;
    from->counts.bytes_out += burst->bytes;
    mc_ns now = net->engine->now;
    flow->last_sent = now;
    repair.left = sim_nic_pass(flow, now, burst->bytes, packets);
    uint32_t payload = net->payload, first = flow->window && packets > 1 && sim_path_is_slow(&way->path) ? 1 : packets;
    repair.left = sim_path_pass(net, &way->path, repair.left, first < packets ? payload : burst->bytes, first);
    repair.queued = repair.left - now;
    if (first < packets) repair.left = sim_path_pass(net, &way->path, repair.left, burst->bytes - payload, packets - 1);
    if (!gone)
        judged = sim_path_judge_bytes(net, &way->path, flow->origin.number, &flow->ordinal, packets, burst->bytes, flow->conn);
    if (judged.reset && is_content(burst)) {
        reset_by_path(flow);
        return false;
    }
    if (burst->flags & SIM_BURST_SYN) flow->conn->refuse = judged.refused;
    burst->departed = repair.left;
    mend(flow, way, burst, &repair, judged);
    return true;
}

/* Later packets that arrive tell the sender of a lost head before its time-out does. */
void sim_loss_hint(struct sim_flow *flow, const struct sim_way *way, const struct sim_burst *burst)
{
    struct sim_burst *head = sim_flow_burst(flow, 0);
    if (head == burst || !head->waiting || head->tries || head->probed || burst->waiting) return;
    flow->later += burst->packets;
    mc_ns told = burst->at + way->back;
    if (flow->later < 3) told = mc_ns_max(told, head->departed + way->round_trip + way->round_trip / 4 + TIMER_MIN);
    if (told >= head->at) return;
    head->at = told;
    head->fast = true;
}

/* ---- again ---- */

static void give_up(struct sim_flow *flow, const struct sim_burst *burst)
{
    struct sim_conn *conn = flow->conn;
    if (burst->flags & SIM_BURST_SYN) {
        sim_flow_clear(flow);
        sim_conn_syn_failed(conn, MC_REASON_TIMEOUT);
    } else if (burst->flags & SIM_BURST_SYNACK) {
        sim_flow_clear(flow);
        sim_conn_syn_times_out(conn);
    } else {
        sim_end_break(&conn->ends[sim_flow_side(flow)], MC_REASON_TIMEOUT);
    }
}

static bool is_over(struct sim_flow *flow, const struct sim_burst *head)
{
    mc_ns most = user_timeout(flow);
    if (head->tries > tries_max(flow, head)) return true;
    return most && is_content(head) && head->tries > 1 && flow->conn->net->engine->now >= sim_window_stalled(flow, head->departed) + most;
}

static bool nobody_there(const struct sim_flow *flow)
{
    return !sim_flow_receiver(flow) || !sim_flow_sender(flow)->up || flow->conn->forgotten;
}

static struct sim_judged judge_again(struct sim_flow *flow, const struct sim_way *way, uint32_t packets, uint32_t bytes)
{
    struct sim_net *net = flow->conn->net;
    struct sim_judged gone = {.lost = packets, .lost_bytes = bytes, .tail = packets};
    sim_flow_sender(flow)->counts.retransmitted += packets;
    if (nobody_there(flow)) return gone;
    return sim_path_judge_bytes(net, &way->path, flow->origin.number, &flow->ordinal, packets, bytes, flow->conn);
}

/* The last packet alone; if it arrives, what else is missing is known at once. */
static void probe(struct sim_flow *flow, const struct sim_way *way, struct sim_burst *head)
{
    mc_ns now = flow->conn->net->engine->now;
    uint32_t payload = flow->conn->net->payload, others = head->packets - 1;
    uint32_t others_bytes = others * payload < head->missing ? others * payload : head->missing;
    struct sim_judged judged = judge_again(flow, way, 1, head->missing - others_bytes);
    head->probed = true;
    head->departed = now;
    if (judged.lost) {
        sim_flow_sender(flow)->counts.segments_lost++;
        sim_loss_wait(flow, way, head, now);
        return;
    }
    sim_window_lost(flow);
    struct repair repair = {.left = now, .told = MC_NEVER, .packets = 1, .bytes = head->missing};
    if (others) {
        repair.left += way->round_trip * (1 + rounds_of(others, 1));
        repair.packets = others;
        repair.bytes = others_bytes;
        judged = judge_again(flow, way, others, others_bytes);
    }
    mend(flow, way, head, &repair, judged);
}

static void repeat(struct sim_flow *flow, const struct sim_way *way, struct sim_burst *head)
{
    mc_ns now = flow->conn->net->engine->now;
    struct repair repair = {.left = now, .told = MC_NEVER, .packets = head->packets, .bytes = head->missing};
    if (is_content(head) && head->fast) sim_window_lost(flow);
    if (is_content(head) && !head->fast) {
        sim_window_timed_out(flow);
        repair.left += rounds_of(head->packets, 1) * way->round_trip;
    }
    head->fast = false;
    head->probed = true;
    head->departed = now;
    flow->later = 0;
    struct sim_judged judged = judge_again(flow, way, head->packets, head->missing);
    if (head->flags & SIM_BURST_SYN) flow->conn->refuse = judged.refused;
    mend(flow, way, head, &repair, judged);
}

void sim_loss_retransmit(struct sim_flow *flow, struct sim_burst *head)
{
    bool probing = is_content(head) && !head->fast && !head->probed && !head->tries && !nobody_there(flow);
    if (!head->fast && !probing) head->tries++;
    if (is_over(flow, head)) {
        give_up(flow, head);
        return;
    }
    struct sim_way way = {0};
    if (head->flags & SIM_BURST_SYN) flow->conn->syn_tries = head->tries;
    if (sim_flow_receiver(flow)) sim_flow_find_way(flow, &way);
    if (probing)
        probe(flow, &way, head);
    else
        repeat(flow, &way, head);
    if (!head->waiting && (flow->unsent || flow->fin_asked))
        flow->update_at = mc_ns_min(flow->update_at, flow->conn->net->engine->now + way.round_trip);
}

void sim_loss_in_flight(struct sim_flow *flow, struct sim_burst *head)
{
    mc_ns now = flow->conn->net->engine->now;
    struct sim_net *net = flow->conn->net;
    sim_flow_sender(flow)->counts.segments_lost += sim_packets_of(net, head->bytes);
    if (head->flags & (SIM_BURST_SYN | SIM_BURST_REFUSED | SIM_BURST_RST | SIM_BURST_ACK)) {
        uint8_t flags = head->flags;
        sim_flow_drop_head(flow);
        sim_flow_once_lost(flow, flags);
        return;
    }
    struct sim_way way;
    sim_flow_find_way(flow, &way);
    head->packets = sim_packets_of(net, head->bytes);
    head->missing = head->bytes;
    if (is_content(head) && sim_window_need(flow)) flow->outstanding += head->bytes; /* its ACK, which was written down, takes them away */
    sim_loss_wait(flow, &way, head, head->departed);
    while (head->at <= now && head->tries < tries_max(flow, head)) {
        if (is_content(head) && !head->probed) head->probed = true;
        else head->tries++;
        sim_loss_wait(flow, &way, head, head->at);
    }
}
