/* Connections of clients: accepted, secured as their chain says, handed to the codec. */
#include "proxy/parts.h"

static struct px_downstream *of(struct mc_http_conn *http)
{
    return mc_container(http->owner, struct px_downstream, owner);
}

struct mc_proxy *px_downstream_proxy(const struct px_downstream *conn)
{
    return conn->listener->proxy;
}

/* ---- what the codec tells ---- */

/* As Envoy's DrainManagerImpl::drainClose with the gradual strategy: the share is the part of the drain time gone by. */
static bool announces_end(const struct px_downstream *conn)
{
    struct mc_proxy *proxy = conn->listener->proxy;
    const struct mc_listener *listener = conn->listener->resource->body;
    if (!proxy->winding_down || listener->mode != MC_LISTEN_INBOUND) return false;
    mc_ns gone_by = proxy->turn->now - proxy->wind_from;
    if (gone_by >= proxy->wind_over) return true;
    return (mc_ns)mc_below(mc_turn_draw(proxy->turn, MC_FOR_ROUTE), (uint64_t)proxy->wind_over) < gone_by;
}

static struct mc_handler *on_request(struct mc_http_conn *http, struct mc_exchange *exchange)
{
    if (announces_end(of(http))) mc_http_drain(http);
    struct px_request *request = px_request_new(of(http), exchange);
    return request ? &request->down : NULL;
}

static void on_nothing(struct mc_http_conn *http)
{
    (void)http;
}

/* A request that never became one still counts, with the answer that the codec gives. */
static void on_refused(struct mc_http_conn *http, enum mc_refusal refusal)
{
    struct px_downstream *conn = of(http);
    struct px_http_stats *stats = conn->stats;
    struct mc_proxy *proxy = px_downstream_proxy(conn);
    uint16_t status = mc_refusal_status(refusal);
    stats->v[PX_HTTP_RQ_TOTAL]++;
    stats->v[PX_HTTP_RQ_COMPLETED]++;
    stats->v[PX_HTTP_CX_PROTOCOL_ERROR] += refusal != MC_REFUSAL_TIMEOUT && refusal != MC_REFUSAL_OVERLOADED;
    px_codes_add(&stats->codes, proxy->pool, status);
    uint32_t flags = refusal == MC_REFUSAL_TIMEOUT || refusal == MC_REFUSAL_OVERLOADED ? 0 : MC_FLAG(DPE);
    mc_trace(proxy->turn, ACCESS, http->conn->stream, mc_trace_status_flags(status, flags), 0, 0, 0, 0, 0);
}

static void bury(struct mc_grave *grave)
{
    struct px_downstream *conn = mc_container(grave, struct px_downstream, grave);
    struct mc_pool *pool = px_downstream_proxy(conn)->pool;
    mc_resource_unref(conn->resource);
    px_listener_unref(conn->listener);
    mc_pool_give(pool, conn, sizeof *conn);
}

static void give_back(struct px_downstream *conn)
{
    mc_http_free(conn->http);
    mc_turn_bury(px_downstream_proxy(conn)->turn, &conn->grave, bury);
}

static void on_closed(struct mc_http_conn *http, enum mc_stream_reason reason)
{
    struct px_downstream *conn = of(http);
    struct mc_turn *turn = http->turn;
    mc_list_remove(&conn->link);
    conn->listener->v[PX_LISTENER_CX_ACTIVE]--;
    conn->listener->v[PX_LISTENER_CX_DESTROY]++;
    conn->stats->v[PX_HTTP_CX_ACTIVE]--;
    conn->stats->v[PX_HTTP_CX_DESTROY]++;
    mc_trace(turn, CX_CLOSED, http->conn->stream, reason, http->conn->bytes_in, http->conn->bytes_out);
    give_back(conn);
}

static const struct mc_http_owner_type owner_type = {
    .ready = on_nothing, .request = on_request, .idle = on_nothing, .draining = on_nothing,
    .refused = on_refused, .closed = on_closed,
};

/* ---- accepting ---- */

static struct px_downstream *make(struct px_listener *listener, const struct mc_filter_chain *chain)
{
    struct mc_proxy *proxy = listener->proxy;
    struct px_http_stats *stats = px_http_stats_of(proxy, chain->stat_prefix);
    struct px_downstream *conn = stats ? mc_pool_take_zero(proxy->pool, sizeof *conn) : NULL;
    if (!conn) return NULL;
    conn->owner = owner_type;
    conn->listener = listener;
    conn->resource = mc_resource_ref(listener->resource);
    conn->chain = chain;
    conn->stats = stats;
    listener->references++;
    conn->http = mc_h1_server(proxy->options.net, &conn->owner, &(struct mc_http_options){
        .head_timeout = chain->request_headers_timeout,
        .idle_timeout = chain->idle_timeout,
        .server_name = chain->server_name,
    });
    if (conn->http) return conn;
    mc_turn_bury(proxy->turn, &conn->grave, bury);
    return NULL;
}

/* Without an identity STRICT takes nobody, PERMISSIVE those who speak plain: TLS is not there until its
 * secret is. */
static bool secure(struct px_downstream *conn)
{
    enum mc_mtls_mode mode = conn->chain->mtls;
    if (mode == MC_MTLS_DISABLE) return true;
    struct mc_tls_context *tls = px_server_tls(px_downstream_proxy(conn));
    if (mode == MC_MTLS_PERMISSIVE) return mc_conn_secure_permissive(conn->http->conn, tls);
    return tls && mc_conn_secure(conn->http->conn, tls);
}

static void count(struct px_downstream *conn)
{
    conn->listener->v[PX_LISTENER_CX_TOTAL]++;
    conn->listener->v[PX_LISTENER_CX_ACTIVE]++;
    conn->stats->v[PX_HTTP_CX_TOTAL]++;
    conn->stats->v[PX_HTTP_CX_HTTP1]++;
    conn->stats->v[PX_HTTP_CX_ACTIVE]++;
}

void px_downstream_accept(struct px_listener *listener, const struct mc_event *event)
{
    struct mc_proxy *proxy = listener->proxy;
    struct mc_turn *turn = proxy->turn;
    const struct mc_listener *config = listener->resource->body;
    const struct mc_filter_chain *chain = px_chain_for(config, event->accepted.original);
    if (!chain) {
        listener->v[PX_LISTENER_NO_CHAIN]++;
        mc_trace(turn, CX_NO_CHAIN, event->stream, config->name, mc_trace_addr(event->accepted.original));
        mc_turn_reset(turn, event->stream);
        return;
    }
    struct px_downstream *conn = make(listener, chain);
    if (!conn || !secure(conn)) {
        mc_turn_reset(turn, event->stream);
        if (conn) give_back(conn);
        return;
    }
    mc_trace(turn, CX_ACCEPTED, event->stream, config->name, mc_trace_addr(event->accepted.peer), mc_trace_addr(event->accepted.original));
    count(conn);
    mc_list_push_back(&proxy->downstreams, &conn->link);
    if (mc_conn_accept(conn->http->conn, event)) return;
    mc_list_remove(&conn->link);
    conn->listener->v[PX_LISTENER_CX_ACTIVE]--;
    conn->stats->v[PX_HTTP_CX_ACTIVE]--;
    give_back(conn);
}
