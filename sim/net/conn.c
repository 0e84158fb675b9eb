/* The life of a connection: SYN, accept queue, established, ends that close, break or vanish. */
#include "sim/net/parts.h"
#include "base/limits.h"

/* ---- telling ---- */

bool sim_end_has_news(const struct sim_end *end)
{
    const struct sim_flow *in = &end->conn->flows[!end->side], *out = &end->conn->flows[end->side];
    if (end->opened || end->failed || end->reset) return true;
    if (!end->told) return false;
    if (end->clog || end->drain || (in->arrived && end->credit)) return true;
    if (end->fin_arrived && !in->arrived && !end->end_told) return true;
    return end->end_told && out->fin_asked;
}

void sim_end_ready(struct sim_end *end)
{
    if (!end->process || end->announced || !sim_end_has_news(end)) return;
    end->announced = true;
    end->process->type->ready(end->process, end);
}

void sim_end_measure(struct sim_end *end)
{
    const struct sim_flow *out = &end->conn->flows[end->side];
    uint64_t held = out->flying + out->unsent;
    if (!end->process) return;
    if (!end->clogged && held > SIM_HIGH_MARK) {
        end->clogged = true;
        if (end->drain)
            end->drain = false;
        else
            end->clog = true;
        sim_end_ready(end);
    } else if (end->clogged && held < SIM_LOW_MARK) {
        end->clogged = false;
        if (end->clog)
            end->clog = false;
        else
            end->drain = true;
        sim_end_ready(end);
    }
}

/* ---- ends ---- */

static void end_init(struct sim_end *end, struct sim_conn *conn, int side)
{
    end->conn = conn;
    end->side = (uint8_t)side;
    end->credit = MC_STREAM_CREDIT;
    mc_list_init(&end->of_process);
    mc_list_init(&end->turn);
    mc_list_init(&end->flush);
}

static void end_attach(struct sim_end *end, struct sim_process *process, enum sim_socket socket)
{
    end->process = process;
    end->socket = (uint8_t)socket;
    mc_list_push_back(&process->ends, &end->of_process);
    end->conn->stacks[end->side]->counts.ends++;
}

void sim_end_detach(struct sim_end *end, enum sim_socket socket)
{
    end->socket = (uint8_t)socket;
    if (!end->process) return;
    if (end->id) sim_process_unmap(end->process, end);
    if (end->listener && end->queued) end->listener->backlog--;
    end->listener = NULL;
    mc_list_remove(&end->of_process);
    mc_list_remove(&end->turn);
    mc_list_remove(&end->flush);
    end->process = NULL;
    end->conn->stacks[end->side]->counts.ends--;
}

void sim_end_break(struct sim_end *end, enum mc_stream_reason reason)
{
    struct sim_conn *conn = end->conn;
    conn->record.reason = reason;
    sim_flow_clear(&conn->flows[0]);
    sim_flow_clear(&conn->flows[1]);
    end->socket = SIM_SOCKET_DEAD;
    if (!end->process) return;
    if (end->side == 1 && !end->told) {
        if (!end->queued) { /* half open: nobody has heard of it */
            sim_end_detach(end, SIM_SOCKET_DEAD);
            return;
        }
        end->opened = true; /* stays in the accept queue, as in Linux; then it is reset */
    }
    end->reset = true;
    end->reason = reason;
    sim_end_ready(end);
}

void sim_end_cut(struct sim_end *end)
{
    struct sim_conn *conn = end->conn;
    bool peer_knows = conn->ends[!end->side].socket != SIM_SOCKET_NONE;
    if (end->socket == SIM_SOCKET_LIVE || end->socket == SIM_SOCKET_OPENING || end->socket == SIM_SOCKET_LINGER) {
        if (conn->record.reason == MC_REASON_NONE) conn->record.reason = MC_REASON_LOCAL_RESET;
        sim_flow_clear(&conn->flows[0]);
        sim_flow_clear(&conn->flows[1]);
        sim_end_detach(end, SIM_SOCKET_DEAD);
        if (peer_knows && conn->stacks[end->side]->up) sim_flow_send(&conn->flows[end->side], SIM_BURST_RST);
    }
    sim_end_detach(end, SIM_SOCKET_DEAD);
}

/* ---- the connection ---- */

static struct sim_conn *conn_new(struct sim_net *net, const struct sim_process *process)
{
    struct sim_conn *conn = mc_pool_take_zero(net->pool, sizeof *conn);
    if (!conn) return NULL;
    conn->net = net;
    conn->record.number = ++net->last_conn;
    conn->record.from = process->pod;
    conn->record.from_sidecar = process->sidecar;
    conn->record.opened_at = net->engine->now;
    conn->closer = -1;
    for (int side = 0; side < 2; side++) {
        end_init(&conn->ends[side], conn, side);
        sim_flow_init(&conn->flows[side], conn, side);
    }
    conn->stacks[0] = sim_net_stack(net, process->pod);
    mc_list_push_back(&net->conns, &conn->link);
    return conn;
}

static void discard(struct sim_conn *conn)
{
    sim_pulse_end(conn);
    sim_flow_fini(&conn->flows[0]);
    sim_flow_fini(&conn->flows[1]);
    mc_list_remove(&conn->link);
    mc_pool_give(conn->net->pool, conn, sizeof *conn);
}

void sim_conn_settle(struct sim_conn *conn)
{
    struct sim_net *net = conn->net;
    if (conn->refs || conn->settling || conn->ends[0].process || conn->ends[1].process) return;
    if (!sim_flow_is_idle(&conn->flows[0]) || !sim_flow_is_idle(&conn->flows[1])) return;
    conn->settling = true;
    bool orderly = conn->established && conn->record.reason == MC_REASON_NONE;
    if (conn->ports) sim_ports_give(net, conn->ports, orderly && conn->closer == 0);
    discard(conn);
}

void sim_conns_fini(struct sim_net *net)
{
    mc_list_each(link, &net->conns) discard(mc_container(link, struct sim_conn, link));
}

/* ---- connecting ---- */

void sim_conn_syn_failed(struct sim_conn *conn, enum mc_stream_reason reason)
{
    struct sim_end *end = &conn->ends[0];
    conn->record.reason = reason;
    conn->stacks[0]->counts.failed++;
    end->failed = true;
    end->reason = reason;
    end->socket = SIM_SOCKET_DEAD;
    sim_end_ready(end);
}

struct sim_end *sim_conn_open(struct sim_process *process, mc_stream id, struct mc_addr to)
{
    struct sim_net *net = process->net;
    struct sim_conn *conn = conn_new(net, process);
    struct sim_routed routed;
    if (!conn) {
        net->engine->refused = true;
        return NULL;
    }
    struct sim_end *end = &conn->ends[0];
    struct sim_stack *stack = conn->stacks[0];
    end->id = id;
    end_attach(end, process, SIM_SOCKET_OPENING);
    if (!sim_process_map(process, end)) net->engine->refused = true;
    sim_route(net, stack, process, to, &routed);
    stack->opens++;
    stack->counts.opened++;
    conn->record.to = routed.pod;
    conn->record.target = routed.target;
    conn->record.original = routed.original;
    conn->stacks[1] = sim_net_stack(net, routed.pod);
    conn->record.source = mc_addr_is_loopback(to) ? to : sim_net_addr(net, process->pod, 0);
    conn->ports = sim_ports_of(net, process->pod, to, routed.inside && process->sidecar);
    conn->refs++;
    if (!conn->ports || !sim_ports_take(net, conn->ports, stack->ports, &conn->record.source.port)) {
        conn->ports = NULL;
        stack->counts.no_port++;
        sim_conn_syn_failed(conn, MC_REASON_PORTS_EXHAUSTED);
    } else if (routed.refused) {
        sim_conn_syn_failed(conn, MC_REASON_REFUSED);
    } else {
        sim_flow_send(&conn->flows[0], SIM_BURST_SYN);
    }
    conn->refs--;
    return end;
}

void sim_conn_syn_again(struct sim_conn *conn)
{
    if (conn->ends[0].socket != SIM_SOCKET_OPENING) return;
    const struct sim_kernel *kernel = &conn->net->kernel;
    mc_ns at = sim_kernel_timer(kernel, conn->record.opened_at, sim_syn_time(kernel, conn->syn_tries + 1));
    sim_flow_send_later(&conn->flows[0], SIM_BURST_SYN, at, conn->syn_tries);
}

/* The server gives up; the client, if it does not believe to be connected, when its own time comes. */
void sim_conn_syn_times_out(struct sim_conn *conn)
{
    const struct sim_kernel *kernel = &conn->net->kernel;
    uint32_t tries = kernel->syn_retries + kernel->syn_linear;
    sim_end_detach(&conn->ends[1], SIM_SOCKET_DEAD);
    if (conn->ends[0].socket != SIM_SOCKET_OPENING) return;
    sim_flow_send_later(&conn->flows[0], SIM_BURST_SYN, conn->record.opened_at + sim_syn_time(kernel, tries + 1), tries);
}

/* The server repeats its SYN-ACK at 1, 3, 7, … s. */
void sim_conn_ack_lost(struct sim_conn *conn)
{
    struct sim_net *net = conn->net;
    struct sim_flow *flow = &conn->flows[1];
    uint32_t tries = 0;
    if (conn->ends[1].queued || conn->ends[1].socket != SIM_SOCKET_LIVE || flow->count) return;
    mc_ns at = conn->synack_at + net->kernel.syn_rto;
    while (at <= net->engine->now && tries < net->kernel.synack_retries)
        at = conn->synack_at + net->kernel.syn_rto * ((INT64_C(2) << ++tries) - 1);
    sim_flow_send_later(flow, SIM_BURST_SYNACK, at, tries);
}

bool sim_end_admits(struct sim_end *end)
{
    struct sim_listener *listener = end->listener;
    struct sim_flow *out = &end->conn->flows[1];
    if (end->queued || end->socket != SIM_SOCKET_LIVE || !listener) return true;
    if (listener->backlog > listener->most) {
        end->conn->stacks[1]->counts.overflows++;
        return false;
    }
    while (out->count) sim_flow_drop_head(out); /* the SYN-ACK that would have been repeated */
    sim_flow_schedule(out);
    listener->backlog++;
    end->queued = true;
    end->opened = true;
    return true;
}

/* An address given in LISTEN is any, loopback or the pod's; the port is what counts inside a pod. */
struct sim_listener *sim_stack_listener(struct sim_stack *stack, uint16_t port)
{
    mc_list_each(link, &stack->listeners) {
        struct sim_listener *listener = mc_container(link, struct sim_listener, of_stack);
        if (listener->addr.port == port) return listener;
    }
    return NULL;
}

static void syn_arrives(struct sim_conn *conn)
{
    struct sim_end *end = &conn->ends[1];
    if (conn->ends[0].socket != SIM_SOCKET_OPENING || end->socket != SIM_SOCKET_NONE) return;
    struct sim_listener *listener = sim_stack_listener(conn->stacks[1], conn->record.target.port);
    if (!listener || conn->refuse) {
        sim_flow_send(&conn->flows[1], SIM_BURST_REFUSED);
    } else if (listener->backlog > listener->most) {
        conn->stacks[1]->counts.overflows++;
        sim_conn_syn_again(conn); /* dropped without a word: tcp_abort_on_overflow = 0 */
    } else {
        end_attach(end, listener->process, SIM_SOCKET_LIVE);
        conn->record.to_sidecar = listener->process->sidecar;
        end->listener = listener;
        end->listener_id = listener->id;
        conn->synack_at = conn->net->engine->now;
        sim_flow_send(&conn->flows[1], SIM_BURST_SYNACK);
    }
}

static void synack_arrives(struct sim_conn *conn)
{
    struct sim_end *end = &conn->ends[0];
    if (end->socket == SIM_SOCKET_LIVE || end->socket == SIM_SOCKET_LINGER) { /* again; content that waits will do as well */
        if (!conn->flows[0].count) sim_flow_send(&conn->flows[0], SIM_BURST_ACK);
        return;
    }
    if (end->socket != SIM_SOCKET_OPENING) {
        sim_flow_clear(&conn->flows[0]);
        sim_flow_send(&conn->flows[0], SIM_BURST_RST);
        return;
    }
    conn->established = true;
    end->socket = SIM_SOCKET_LIVE;
    end->opened = true;
    sim_flow_send(&conn->flows[0], SIM_BURST_ACK);
    sim_flow_transmit(&conn->flows[0]);
}

static void refused_arrives(struct sim_conn *conn)
{
    if (conn->ends[0].socket == SIM_SOCKET_OPENING) sim_conn_syn_failed(conn, MC_REASON_REFUSED);
}

static void content_arrives(struct sim_flow *flow, struct sim_end *to, const struct sim_burst *burst)
{
    struct sim_conn *conn = flow->conn;
    if (to->socket == SIM_SOCKET_DEAD || (to->socket == SIM_SOCKET_LINGER && burst->bytes)) {
        /* nobody reads this any more: the kernel answers with RST, and so learns of a half-open end */
        sim_flow_clear(flow);
        sim_flow_clear(&conn->flows[to->side]);
        to->socket = SIM_SOCKET_DEAD;
        sim_flow_send(&conn->flows[to->side], SIM_BURST_RST);
        return;
    }
    conn->stacks[to->side]->counts.bytes_in += burst->bytes;
    flow->arrived += burst->bytes;
    if (burst->flags & SIM_BURST_FIN) {
        to->fin_arrived = true;
        if (conn->closer < 0) conn->closer = (int8_t)!to->side;
    }
}

void sim_conn_arrive(struct sim_flow *flow, const struct sim_burst *burst)
{
    struct sim_conn *conn = flow->conn;
    struct sim_end *to = &conn->ends[!sim_flow_side(flow)];
    if (burst->flags & SIM_BURST_SYN) {
        syn_arrives(conn);
    } else if (burst->flags & SIM_BURST_SYNACK) {
        synack_arrives(conn);
    } else if (burst->flags & SIM_BURST_REFUSED) {
        refused_arrives(conn);
    } else if (burst->flags & SIM_BURST_RST) {
        if (conn->established && to->side == 1 && !to->queued && to->socket == SIM_SOCKET_LIVE) (void)sim_end_admits(to); /* its ACK was on the way before */
        sim_end_break(to, MC_REASON_PEER_RESET);
    } else if (burst->flags & SIM_BURST_ACK) {
        if (!sim_end_admits(to)) sim_conn_ack_lost(conn);
    } else {
        content_arrives(flow, to, burst);
    }
}
