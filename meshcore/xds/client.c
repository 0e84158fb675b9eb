#include "xds/client.h"

static struct mc_xds_client *of_conn(struct mc_conn *conn)
{
    return mc_container(conn, struct mc_xds_client, conn);
}

static struct mc_pool *pool_of(struct mc_xds_client *client)
{
    return &client->turn->realm->pool;
}

static void arm(struct mc_xds_client *client, mc_ns after)
{
    mc_timer_arm(&client->turn->timers, &client->timer, mc_ns_add(client->turn->now, after));
}

/* ---- connecting ---- */

/* Envoy's JitteredExponentialBackOffStrategy. */
static mc_ns next_wait(struct mc_xds_client *client)
{
    uint64_t draw = mc_turn_draw(client->turn, MC_FOR_BACKOFF);
    mc_ns wait = (mc_ns)mc_below(draw, (uint64_t)client->backoff) + 1;
    client->backoff = mc_ns_min(2 * client->backoff, MC_XDS_BACKOFF_MAX_MS * MC_MS);
    return wait;
}

static void wait_and_retry(struct mc_xds_client *client, enum mc_stream_reason reason)
{
    if (client->stopped) return;
    mc_ns wait = next_wait(client);
    mc_trace(client->turn, CONTROL_DOWN, 0, reason, (uint64_t)wait);
    arm(client, wait);
}

static void connect_now(struct mc_xds_client *client)
{
    if (mc_conn_open(&client->conn, client->options.control)) arm(client, MC_XDS_CONNECT_TIMEOUT_S * MC_S);
    else wait_and_retry(client, MC_REASON_LIMIT);
}

static void cut_if_unsent(struct mc_xds_client *client, bool sent)
{
    if (!sent) mc_conn_reset(&client->conn);
}

static bool say(struct mc_xds_client *client, enum mc_xds_kind kind)
{
    struct mc_xds_message *message = mc_xds_message_new(pool_of(client), kind);
    return message && mc_xds_send(&client->conn, message, 0);
}

static bool subscribe(struct mc_xds_client *client)
{
    struct mc_xds_message *message = mc_xds_message_new(pool_of(client), MC_XDS_SUBSCRIBE);
    if (!message) return false;
    message->subscribe.name = client->options.name;
    message->subscribe.workload = client->options.workload;
    message->subscribe.zone = client->options.zone;
    message->subscribe.number = client->options.number;
    message->subscribe.version = client->version;
    return mc_xds_send(&client->conn, message, 0);
}

static void ready(struct mc_conn *conn)
{
    struct mc_xds_client *client = of_conn(conn);
    client->heard = client->turn->now;
    arm(client, MC_XDS_KEEPALIVE_S * MC_S);
    mc_trace(client->turn, CONTROL_UP, conn->stream, 0);
    cut_if_unsent(client, subscribe(client));
}

static void timer_fired(struct mc_timer *timer)
{
    struct mc_xds_client *client = mc_container(timer, struct mc_xds_client, timer);
    mc_ns silent = client->turn->now - client->heard;
    if (client->conn.state == MC_CONN_IDLE) {
        connect_now(client);
    } else if (client->conn.state == MC_CONN_CONNECTING || client->conn.state == MC_CONN_SECURING) {
        mc_conn_reset(&client->conn);
    } else if (silent >= (MC_XDS_KEEPALIVE_S + MC_XDS_KEEPALIVE_TIMEOUT_S) * MC_S) {
        mc_conn_reset(&client->conn);
    } else if (silent >= MC_XDS_KEEPALIVE_S * MC_S) {
        arm(client, MC_XDS_KEEPALIVE_TIMEOUT_S * MC_S);
        cut_if_unsent(client, say(client, MC_XDS_PING));
    } else {
        arm(client, MC_XDS_KEEPALIVE_S * MC_S - silent);
    }
}

/* ---- pushes ---- */

static bool answer(struct mc_xds_client *client, const struct mc_xds_message *push, bool taken)
{
    struct mc_xds_message *message = mc_xds_message_new(pool_of(client), taken ? MC_XDS_ACK : MC_XDS_NACK);
    if (!message) return false;
    message->config.nonce = push->config.nonce;
    message->config.version = push->config.version;
    if (!taken) {
        message->config.why = push->config.offer->problem.type;
        memcpy(message->config.reason, push->config.offer->problem.text, sizeof message->config.reason);
    }
    return mc_xds_send(&client->conn, message, 0);
}

static void take_push(struct mc_xds_client *client, const struct mc_xds_message *push)
{
    client->backoff = MC_XDS_BACKOFF_BASE_MS * MC_MS;
    mc_turn_work(client->turn, MC_WORK_RESOURCE, push->config.resources);
    bool taken = client->type->offered(client, push->config.offer);
    if (taken) client->version = push->config.version;
    cut_if_unsent(client, answer(client, push, taken));
}

static void data(struct mc_conn *conn, struct mc_slice slice)
{
    struct mc_xds_client *client = of_conn(conn);
    bool broken;
    struct mc_xds_message *message = mc_xds_received(slice, &broken);
    client->heard = client->turn->now;
    mc_conn_consumed(conn, slice.length);
    if (message && message->base.kind == MC_XDS_PUSH) take_push(client, message);
    else if (message && message->base.kind != MC_XDS_PONG) broken = true;
    if (broken) mc_conn_reset(conn);
    mc_slice_unref(slice);
}

static void end(struct mc_conn *conn)
{
    mc_conn_finish(conn);
}

static void closed(struct mc_conn *conn, enum mc_stream_reason reason)
{
    struct mc_xds_client *client = of_conn(conn);
    mc_timer_disarm(&client->turn->timers, &client->timer);
    wait_and_retry(client, reason);
}

static const struct mc_conn_type conn_type = {
    .name = "xds client", .ready = ready, .data = data, .end = end, .closed = closed,
};

/* ---- life ---- */

void mc_xds_client_init(struct mc_xds_client *client, const struct mc_xds_client_type *type, struct mc_net *net,
                        const struct mc_xds_client_options *options)
{
    *client = (struct mc_xds_client){
        .type = type,
        .options = *options,
        .turn = net->turn,
        .version = options->version,
        .backoff = MC_XDS_BACKOFF_BASE_MS * MC_MS,
    };
    mc_conn_init(&client->conn, &conn_type, net);
    mc_timer_init(&client->timer, timer_fired);
}

void mc_xds_client_start(struct mc_xds_client *client)
{
    connect_now(client);
}

void mc_xds_client_stop(struct mc_xds_client *client)
{
    client->stopped = true;
    mc_timer_disarm(&client->turn->timers, &client->timer);
    mc_conn_reset(&client->conn);
}

bool mc_xds_client_is_connected(const struct mc_xds_client *client)
{
    return client->conn.state == MC_CONN_READY;
}
