/* Keep-alive probes (RFC 9293 §3.8.4, tcp_keepalive_timer): after `time` without a packet from the peer
 * one is sent, then one each `interval`; `probes` of them unanswered, and the connection has timed out.
 *
 * A probe that is answered changes nothing that anybody could see, so there are no events for them. Only
 * when a peer may have fallen silent (a cut, loss, a machine without power, a table on the way that has
 * forgotten the connection) are the probes due after that moment carried out, until all is well again. */
#include "sim/net/parts.h"

struct sim_pulse {
    struct sim_entry entry;
    struct sim_origin origin;
    struct sim_conn *conn;
    mc_ns due[2];       /* of each end; MC_NEVER */
    uint32_t missed[2];
    uint64_t ordinal;
};

static void fire(struct sim_entry *entry);
static const struct sim_entry_type pulse_type = {"net.keepalive", SIM_CLASS_DELIVERY, SIM_KIND_PULSE, fire};

static mc_ns time_of(const struct sim_end *end)
{
    return end->process && end->socket == SIM_SOCKET_LIVE ? end->process->sockets.keepalive_time : 0;
}

bool sim_pulse_keeps(const struct sim_conn *conn, mc_ns idle)
{
    for (int side = 0; side < 2; side++) {
        mc_ns time = time_of(&conn->ends[side]);
        if (time > 0 && time <= idle) return true;
    }
    return false;
}

/* When END has last heard of its peer, if all that was sent has been answered. */
static mc_ns heard(const struct sim_end *end)
{
    const struct sim_conn *conn = end->conn;
    const struct sim_flow *in = &conn->flows[!end->side], *out = &conn->flows[end->side];
    return mc_ns_max(conn->record.opened_at, mc_ns_max(in->last_arrival, out->acked_at == MC_NEVER ? 0 : out->acked_at));
}

static void plan(struct sim_pulse *pulse)
{
    sim_engine_at(pulse->conn->net->engine, &pulse->entry, mc_ns_min(pulse->due[0], pulse->due[1]));
}

void sim_pulse_begin(struct sim_conn *conn)
{
    struct sim_net *net = conn->net;
    mc_ns now = net->engine->now;
    if (!conn->established || (!time_of(&conn->ends[0]) && !time_of(&conn->ends[1]))) return;
    struct sim_pulse *pulse = conn->pulse;
    if (!pulse) {
        pulse = conn->pulse = mc_pool_take_zero(net->pool, sizeof *pulse);
        if (!pulse) {
            net->engine->refused = true;
            return;
        }
        pulse->conn = conn;
        pulse->origin.number = UINT64_C(1) << 60 | conn->record.number;
        sim_entry_init(&pulse->entry, &pulse_type, &pulse->origin, pulse->origin.number);
        pulse->due[0] = pulse->due[1] = MC_NEVER;
    }
    for (int side = 0; side < 2; side++) {
        mc_ns time = time_of(&conn->ends[side]), since = heard(&conn->ends[side]);
        if (!time || pulse->due[side] != MC_NEVER) continue;
        pulse->missed[side] = 0;
        pulse->due[side] = since + (now > since ? (now - since) / time + 1 : 1) * time;
    }
    plan(pulse);
}

void sim_pulses_begin(struct sim_net *net)
{
    mc_list_each(link, &net->conns) sim_pulse_begin(mc_container(link, struct sim_conn, link));
}

void sim_pulse_end(struct sim_conn *conn)
{
    if (!conn->pulse) return;
    sim_engine_cancel(conn->net->engine, &conn->pulse->entry);
    mc_pool_give(conn->net->pool, conn->pulse, sizeof *conn->pulse);
    conn->pulse = NULL;
}

static bool passes(struct sim_pulse *pulse, int side)
{
    struct sim_conn *conn = pulse->conn;
    struct sim_stack *from = conn->stacks[side], *to = conn->stacks[!side];
    struct sim_path path;
    if (!to || !from->up || !to->up) return false;
    sim_path_find(conn->net, from, to, &path);
    return !sim_path_judge(conn->net, &path, pulse->origin.number, &pulse->ordinal, 1, conn).lost;
}

static bool may_be_silent(const struct sim_conn *conn, int side)
{
    return conn->net->rule_count || conn->forgotten || !conn->stacks[!side]->up;
}

static void beat(struct sim_pulse *pulse, int side)
{
    struct sim_conn *conn = pulse->conn;
    struct sim_end *end = &conn->ends[side];
    const struct sim_kernel *kernel = &conn->net->kernel;
    mc_ns now = conn->net->engine->now, time = time_of(end);
    pulse->due[side] = MC_NEVER;
    if (!time) return;
    if (conn->flows[side].count) { /* something is unanswered: its time-outs count */
        pulse->due[side] = now + time;
        return;
    }
    mc_ns since = heard(end);
    if (!pulse->missed[side] && now - since < time) {
        pulse->due[side] = since + time;
        return;
    }
    const struct sim_socket_plan *sockets = &end->process->sockets;
    uint32_t probes = sockets->keepalive_probes ? sockets->keepalive_probes : kernel->keepalive_probes;
    bool late = sockets->user_timeout && pulse->missed[side] && now - since >= sockets->user_timeout;
    if (late || (!sockets->user_timeout && pulse->missed[side] >= probes)) {
        sim_end_break(end, MC_REASON_TIMEOUT);
        return;
    }
    bool answered = !conn->forgotten && passes(pulse, side) && passes(pulse, !side);
    if (answered && conn->ends[!side].socket == SIM_SOCKET_DEAD) {
        sim_end_break(end, MC_REASON_PEER_RESET);
        return;
    }
    pulse->missed[side] = answered ? 0 : pulse->missed[side] + 1;
    mc_ns interval = sockets->keepalive_interval ? sockets->keepalive_interval : kernel->keepalive_interval;
    if (!answered || may_be_silent(conn, side)) pulse->due[side] = now + (answered ? time : interval);
}

static void fire(struct sim_entry *entry)
{
    struct sim_pulse *pulse = mc_container(entry, struct sim_pulse, entry);
    struct sim_conn *conn = pulse->conn;
    struct sim_engine *engine = conn->net->engine;
    conn->refs++;
    for (int side = 0; side < 2; side++)
        if (pulse->due[side] <= engine->now) beat(pulse, side);
    sim_engine_tell(engine, conn->record.number, pulse->missed[0], pulse->missed[1], pulse->ordinal);
    plan(pulse);
    conn->refs--;
    sim_conn_settle(conn);
}
