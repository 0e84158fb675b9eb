#include "control/peer.h"

enum { SILENCE_S = 40 }; /* gRPC keep-alive as Istio sets it: 30 s, then 10 s for the answer */

static struct mc_peer *of_conn(struct mc_conn *conn)
{
    return mc_container(conn, struct mc_peer, conn);
}

static void arm_silence(struct mc_peer *peer)
{
    struct mc_turn *turn = peer->control->turn;
    mc_timer_arm(&turn->timers, &peer->timer, mc_ns_add(turn->now, SILENCE_S * MC_S));
}

static void timer_fired(struct mc_timer *timer)
{
    struct mc_peer *peer = mc_container(timer, struct mc_peer, timer);
    if (peer->csr.chunk) mc_ca_answer(peer);
    else mc_conn_reset(&peer->conn);
}

/* ---- messages ---- */

static bool pong(struct mc_peer *peer)
{
    struct mc_xds_message *message = mc_xds_message_new(&peer->control->turn->realm->pool, MC_XDS_PONG);
    return message && mc_xds_send(&peer->conn, message, 0);
}

static void subscribed(struct mc_peer *peer, const struct mc_xds_message *message)
{
    peer->name = message->subscribe.name;
    if (!mc_ok(mc_compiler_update(&peer->control->compiler)) && !peer->control->compiler.base)
        mc_conn_reset(&peer->conn);
    else
        mc_push_to(peer);
}

static bool take(struct mc_peer *peer, const struct mc_xds_message *message)
{
    switch ((enum mc_xds_kind)message->base.kind) {
    case MC_XDS_SUBSCRIBE:
        if (peer->name || !message->subscribe.name) return false;
        subscribed(peer, message);
        return true;
    case MC_XDS_ACK:
    case MC_XDS_NACK:
        mc_push_answered(peer, message);
        return true;
    case MC_XDS_PING: return pong(peer);
    case MC_XDS_CSR:
        if (peer->name || peer->csr.chunk) return false;
        mc_ca_request(peer, message);
        return true;
    case MC_XDS_PUSH:
    case MC_XDS_PONG:
    case MC_XDS_CERT:
    case MC_XDS_KINDS: return false;
    }
    return false;
}

/* ---- connection ---- */

static void ready(struct mc_conn *conn)
{
    arm_silence(of_conn(conn));
}

static void data(struct mc_conn *conn, struct mc_slice slice)
{
    struct mc_peer *peer = of_conn(conn);
    bool broken;
    struct mc_xds_message *message = mc_xds_received(slice, &broken);
    if (!peer->csr.chunk) arm_silence(peer);
    mc_conn_consumed(conn, slice.length);
    if (message && !take(peer, message)) broken = true;
    if (broken) mc_conn_reset(conn);
    mc_slice_unref(slice);
}

static void end(struct mc_conn *conn)
{
    mc_conn_finish(conn);
}

static void clogged(struct mc_conn *conn, bool now)
{
    if (!now) mc_push_to(of_conn(conn));
}

static void bury(struct mc_grave *grave)
{
    struct mc_peer *peer = mc_container(grave, struct mc_peer, grave);
    mc_offer_unref(peer->sent);
    mc_offer_unref(peer->acked);
    mc_slice_unref(peer->csr);
    mc_pool_give(&peer->control->turn->realm->pool, peer, sizeof *peer);
}

static void closed(struct mc_conn *conn, enum mc_stream_reason reason)
{
    struct mc_peer *peer = of_conn(conn);
    (void)reason;
    peer->gone = true;
    mc_timer_disarm(&peer->control->turn->timers, &peer->timer);
    mc_list_remove(&peer->link);
    mc_turn_bury(peer->control->turn, &peer->grave, bury);
}

static const struct mc_conn_type conn_type = {
    .name = "control peer", .ready = ready, .data = data, .end = end, .clogged = clogged, .closed = closed,
};

static void accepted(struct mc_acceptor *acceptor, const struct mc_event *event)
{
    struct mc_control *control = mc_container(acceptor, struct mc_control, acceptor);
    struct mc_pool *pool = &control->turn->realm->pool;
    struct mc_peer *peer = mc_pool_take_zero(pool, sizeof *peer);
    if (!peer) {
        mc_turn_reset(control->turn, event->stream);
        return;
    }
    peer->control = control;
    mc_list_push_back(&control->peers, &peer->link);
    mc_timer_init(&peer->timer, timer_fired);
    mc_conn_init(&peer->conn, &conn_type, control->net);
    if (mc_conn_accept(&peer->conn, event)) return;
    mc_list_remove(&peer->link);
    mc_pool_give(pool, peer, sizeof *peer);
}

/* ---- the control plane ---- */

void mc_control_init(struct mc_control *control, const struct mc_control_options *options)
{
    *control = (struct mc_control){
        .turn = options->net->turn,
        .net = options->net,
        .registry = options->registry,
        .listen = options->listen,
        .acceptor.accepted = accepted,
        .has_ca = options->ca,
    };
    if (options->ca) control->ca = *options->ca;
    mc_list_init(&control->peers);
    mc_list_init(&control->rollouts);
    mc_compiler_init(&control->compiler, options->registry);
    mc_push_init(control);
}

bool mc_control_start(struct mc_control *control)
{
    control->seen = control->registry->generation;
    return mc_net_listen(control->net, &control->acceptor, control->listen);
}

void mc_control_stop(struct mc_control *control)
{
    if (control->acceptor.id) mc_net_unlisten(control->net, &control->acceptor);
    mc_timer_disarm(&control->turn->timers, &control->debounce);
    mc_rollouts_stop(control);
    while (!mc_list_empty(&control->peers)) {
        struct mc_peer *peer = mc_container(mc_list_first(&control->peers), struct mc_peer, link);
        mc_conn_reset(&peer->conn);
    }
}

void mc_control_fini(struct mc_control *control)
{
    mc_assert(mc_list_empty(&control->peers) && mc_list_empty(&control->rollouts));
    mc_compiler_fini(&control->compiler);
}
