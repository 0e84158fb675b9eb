/* Streams whose owner is gone and that still have something to say: an alert, a refusal. Closing with
 * unread bytes would make the kernel send RST, which can overtake what was sent (RFC 9112 §9.6), so the
 * stream is half-closed and drained first. */
#include "net/conn.h"
#include "net/conn_table.h"

static const mc_ns DRAIN_TIME = MC_S;

struct linger {
    struct mc_conn conn;
    struct mc_timer timer;
};

static struct linger *of(struct mc_conn *conn)
{
    return mc_container(conn, struct linger, conn);
}

static void drop(struct mc_conn *conn, struct mc_slice slice)
{
    mc_conn_consumed(conn, slice.length);
    mc_slice_unref(slice);
}

static void nothing(struct mc_conn *conn)
{
    (void)conn;
}

static void closed(struct mc_conn *conn, enum mc_stream_reason reason)
{
    (void)reason;
    mc_timer_disarm(&conn->net->turn->timers, &of(conn)->timer);
    mc_pool_give(&conn->net->turn->realm->pool, of(conn), sizeof(struct linger));
}

static const struct mc_conn_type type = {
    .name = "linger", .ready = nothing, .data = drop, .end = nothing, .closed = closed};

static void give_up(struct mc_timer *timer)
{
    mc_conn_reset(&mc_container(timer, struct linger, timer)->conn);
}

void mc_net_linger(struct mc_net *net, mc_stream stream, bool finished)
{
    struct linger *linger = mc_net_reserve(net) ? mc_pool_take(&net->turn->realm->pool, sizeof *linger) : NULL;
    if (!linger) {
        mc_turn_reset(net->turn, stream);
        return;
    }
    mc_conn_init(&linger->conn, &type, net);
    linger->conn.stream = stream;
    linger->conn.state = MC_CONN_READY;
    mc_net_add(net, &linger->conn);
    if (finished) linger->conn.finished = true;
    else mc_conn_finish(&linger->conn);
    mc_timer_init(&linger->timer, give_up);
    mc_timer_arm(&net->turn->timers, &linger->timer, mc_ns_add(net->turn->now, DRAIN_TIME));
}
