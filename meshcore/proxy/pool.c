/* Connections to one endpoint: those that are free, last used first; those that are busy; and the
 * requests that wait for one, first in, first out (Envoy's source/common/http/conn_pool_base.cc and
 * source/common/conn_pool/conn_pool_base.cc). Circuit breakers are asked here. */
#include "proxy/parts.h"

static struct px_upstream *of(struct mc_http_conn *http)
{
    return mc_container(http->owner, struct px_upstream, owner);
}

static struct mc_turn *turn_of(const struct px_host *host)
{
    return host->cluster->proxy->turn;
}

void px_pool_trace_breaker(struct px_cluster *cluster, uint64_t which, uint32_t limit)
{
    mc_trace(cluster->proxy->turn, BREAKER, 0, cluster->name, which, limit);
}

/* ---- the queue ---- */

static void unqueue(struct px_host *host, struct px_request *request)
{
    mc_list_remove(&request->pending);
    request->is_pending = false;
    host->pending_count--;
    host->cluster->v[PX_CLUSTER_RQ_PENDING_ACTIVE]--;
}

static struct px_request *next_pending(struct px_host *host)
{
    struct mc_link *link = mc_list_first(&host->pending);
    struct px_request *request = link ? mc_container(link, struct px_request, pending) : NULL;
    if (request) unqueue(host, request);
    return request;
}

/* A connection that could not be had fails everybody who waits: nobody shall be stuck behind an endpoint
 * that is not there. Those who queue up meanwhile are not meant. */
static void fail_pending(struct px_host *host, enum px_failure failure)
{
    struct mc_link waiting;
    mc_list_init(&waiting);
    mc_list_splice(&waiting, &host->pending);
    px_host_ref(host);
    for (struct mc_link *link; (link = mc_list_first(&waiting));) {
        struct px_request *request = mc_container(link, struct px_request, pending);
        unqueue(host, request);
        host->cluster->v[PX_CLUSTER_RQ_PENDING_EJECT]++;
        px_attempt_failed(request, failure);
    }
    px_host_unref(host);
}

void px_pool_cancel(struct px_request *request)
{
    unqueue(request->host, request);
    request->cluster->v[PX_CLUSTER_RQ_CANCELLED]++;
}

/* ---- attaching ---- */

static void attach(struct px_upstream *upstream, struct px_request *request)
{
    struct px_host *host = upstream->host;
    struct px_cluster *cluster = host->cluster;
    const struct mc_cluster *config = cluster->config;
    if (cluster->v[PX_CLUSTER_RQ_ACTIVE] >= config->breaker.requests) {
        cluster->v[PX_CLUSTER_RQ_PENDING_OVERFLOW]++;
        px_pool_trace_breaker(cluster, PX_BREAKER_REQUESTS, config->breaker.requests);
        px_attempt_failed(request, PX_FAILURE_OVERFLOW);
        return;
    }
    mc_list_remove(&upstream->link);
    mc_list_push_front(&host->busy, &upstream->link);
    upstream->requests++;
    bool last = config->requests_per_conn && upstream->requests >= config->requests_per_conn;
    struct mc_http_conn *http = upstream->http;
    px_attempt_attach(request, upstream);
    if (!last || http->draining) return;
    cluster->v[PX_CLUSTER_CX_MAX_REQUESTS]++;
    mc_http_drain(http);
}

static void put_ready(struct px_upstream *upstream)
{
    mc_list_remove(&upstream->link);
    mc_list_push_front(&upstream->host->ready, &upstream->link);
}

/* Free again: for the next in the queue, or for later. */
static void serve(struct px_upstream *upstream)
{
    struct px_host *host = upstream->host;
    struct px_request *request;
    put_ready(upstream);
    while (upstream->link.next != &upstream->link && upstream->counted && upstream->http->codec->room(upstream->http) &&
           (request = next_pending(host)))
        attach(upstream, request);
}

/* ---- connections ---- */

static void uncount(struct px_upstream *upstream)
{
    if (!upstream->counted) return;
    upstream->counted = false;
    upstream->host->connections--;
    upstream->host->cluster->v[PX_CLUSTER_CX_ACTIVE]--;
}

static void bury(struct mc_grave *grave)
{
    struct px_upstream *upstream = mc_container(grave, struct px_upstream, grave);
    struct px_host *host = upstream->host;
    mc_pool_give(host->cluster->proxy->pool, upstream, sizeof *upstream);
    px_host_unref(host);
}

static void give_back(struct px_upstream *upstream)
{
    struct mc_turn *turn = turn_of(upstream->host);
    mc_timer_disarm(&turn->timers, &upstream->timer);
    mc_list_remove(&upstream->link);
    mc_list_remove(&upstream->all);
    mc_http_free(upstream->http);
    mc_turn_bury(turn, &upstream->grave, bury);
}

static void stop_connecting(struct px_upstream *upstream)
{
    if (!upstream->connecting) return;
    upstream->connecting = false;
    upstream->host->connecting--;
    mc_timer_disarm(&turn_of(upstream->host)->timers, &upstream->timer);
}

static bool open_connection(struct px_host *host);

/* As many connections under way as there are waiting, each within the limit, or the first of its host. */
static void connect_for_pending(struct px_host *host)
{
    while (!host->cluster->proxy->closing && host->pending_count > host->connecting && open_connection(host)) {}
}

static void on_ready(struct mc_http_conn *http)
{
    struct px_upstream *upstream = of(http);
    struct px_cluster *cluster = upstream->host->cluster;
    struct mc_alloc alloc = mc_pool_as_alloc(cluster->proxy->pool);
    mc_ns took = http->turn->now - upstream->opened_at;
    stop_connecting(upstream);
    mc_hist_add(&cluster->cx_time, &alloc, (uint64_t)took);
    mc_trace(http->turn, UPSTREAM_OPENED, http->conn->stream, cluster->name, mc_trace_addr(upstream->host->endpoint.addr), (uint64_t)took);
    serve(upstream);
}

static void on_idle(struct mc_http_conn *http)
{
    struct px_upstream *upstream = of(http);
    if (upstream->host->member) serve(upstream);
    else mc_http_drain(http);
}

/* It takes no more requests; its place in the breaker is free once the one under way is over. */
static void on_draining(struct mc_http_conn *http)
{
    struct px_upstream *upstream = of(http);
    mc_list_remove(&upstream->link);
    mc_list_push_front(&upstream->host->busy, &upstream->link);
    px_pool_done(upstream);
}

void px_pool_done(struct px_upstream *upstream)
{
    if (upstream->http->codec->room(upstream->http)) {
        put_ready(upstream);
    } else if (upstream->http->draining && !upstream->http->exchange_count) {
        uncount(upstream);
        connect_for_pending(upstream->host);
    }
}

static void trace_end(const struct px_upstream *upstream, enum mc_stream_reason reason, bool failed)
{
    struct mc_turn *turn = turn_of(upstream->host);
    mc_stream stream = upstream->http->conn->stream;
    uint64_t addr = mc_trace_addr(upstream->host->endpoint.addr);
    if (failed) mc_trace(turn, UPSTREAM_FAILED, stream, upstream->host->cluster->name, addr, reason);
    else mc_trace(turn, UPSTREAM_CLOSED, stream, upstream->host->cluster->name, addr, reason);
}

static enum px_failure failure_of(const struct px_upstream *upstream)
{
    return upstream->timed_out ? PX_FAILURE_CONNECT_TIMEOUT : PX_FAILURE_CONNECT_REMOTE;
}

static void on_closed(struct mc_http_conn *http, enum mc_stream_reason reason)
{
    struct px_upstream *upstream = of(http);
    struct px_host *host = upstream->host;
    uint64_t *v = host->cluster->v;
    bool failed = upstream->connecting;
    stop_connecting(upstream);
    uncount(upstream);
    v[PX_CLUSTER_CX_DESTROY]++;
    v[PX_CLUSTER_CX_CONNECT_FAIL] += failed;
    v[PX_CLUSTER_CX_CONNECT_TIMEOUT] += failed && upstream->timed_out;
    trace_end(upstream, upstream->timed_out ? MC_REASON_TIMEOUT : reason, failed);
    give_back(upstream);
    if (failed) fail_pending(host, failure_of(upstream));
    else connect_for_pending(host);
}

static const struct mc_http_owner_type owner_type = {
    .ready = on_ready, .idle = on_idle, .draining = on_draining, .closed = on_closed,
};

static void connect_timeout(struct mc_timer *timer)
{
    struct px_upstream *upstream = mc_container(timer, struct px_upstream, timer);
    upstream->timed_out = true;
    mc_http_reset(upstream->http);
}

static void count(struct px_upstream *upstream)
{
    struct px_host *host = upstream->host;
    upstream->counted = upstream->connecting = true;
    host->connections++;
    host->connecting++;
    host->cluster->v[PX_CLUSTER_CX_TOTAL]++;
    host->cluster->v[PX_CLUSTER_CX_HTTP1]++;
    host->cluster->v[PX_CLUSTER_CX_ACTIVE]++;
}

static struct px_upstream *make(struct px_host *host)
{
    struct mc_proxy *proxy = host->cluster->proxy;
    struct px_upstream *upstream = mc_pool_take_zero(proxy->pool, sizeof *upstream);
    if (!upstream) return NULL;
    upstream->owner = owner_type;
    upstream->host = host;
    upstream->opened_at = proxy->turn->now;
    mc_list_init(&upstream->link);
    mc_list_init(&upstream->all);
    mc_timer_init(&upstream->timer, connect_timeout);
    upstream->http = mc_h1_client(proxy->options.net, &upstream->owner,
                                  &(struct mc_http_options){.idle_timeout = host->cluster->config->idle_timeout});
    if (!upstream->http) {
        mc_pool_give(proxy->pool, upstream, sizeof *upstream);
        return NULL;
    }
    px_host_ref(host);
    return upstream;
}

/* TLS is part of connecting: connect_timeout covers it. */
static bool start(struct px_upstream *upstream, struct mc_tls_context *tls)
{
    struct px_host *host = upstream->host;
    struct mc_proxy *proxy = host->cluster->proxy;
    if (tls && !mc_conn_secure(upstream->http->conn, tls)) return false;
    if (!mc_conn_open(upstream->http->conn, host->endpoint.addr)) return false;
    count(upstream);
    mc_list_push_back(&host->busy, &upstream->link);
    mc_list_push_back(&proxy->upstreams, &upstream->all);
    mc_timer_arm(&proxy->turn->timers, &upstream->timer, mc_ns_add(proxy->turn->now, host->cluster->config->connect_timeout));
    return true;
}

static bool within_limit(struct px_host *host)
{
    struct px_cluster *cluster = host->cluster;
    if (cluster->v[PX_CLUSTER_CX_ACTIVE] < cluster->config->breaker.connections) return true;
    cluster->v[PX_CLUSTER_CX_OVERFLOW]++;
    px_pool_trace_breaker(cluster, PX_BREAKER_CONNECTIONS, cluster->config->breaker.connections);
    return host->connections == 0; /* one per endpoint is always allowed */
}

/* False: none was opened. What cannot even begin fails those who wait. */
static bool open_connection(struct px_host *host)
{
    struct mc_tls_context *tls;
    if (!within_limit(host)) return false;
    bool secured = px_cluster_tls(host->cluster, host, &tls);
    struct px_upstream *upstream = secured ? make(host) : NULL;
    if (upstream && start(upstream, tls)) return true;
    if (upstream) give_back(upstream);
    host->cluster->v[PX_CLUSTER_CX_CONNECT_FAIL] += !secured;
    fail_pending(host, secured ? PX_FAILURE_NO_MEMORY : PX_FAILURE_CONNECT_LOCAL);
    return false;
}

/* ---- asking ---- */

static struct px_upstream *free_one(struct px_host *host)
{
    mc_list_each(link, &host->ready) {
        struct px_upstream *upstream = mc_container(link, struct px_upstream, link);
        if (upstream->http->codec->room(upstream->http)) return upstream;
    }
    return NULL;
}

void px_pool_ask(struct px_host *host, struct px_request *request)
{
    struct px_cluster *cluster = host->cluster;
    struct px_upstream *upstream = free_one(host);
    if (upstream) {
        attach(upstream, request);
        return;
    }
    if (cluster->v[PX_CLUSTER_RQ_PENDING_ACTIVE] >= cluster->config->breaker.pending) {
        cluster->v[PX_CLUSTER_RQ_PENDING_OVERFLOW]++;
        px_pool_trace_breaker(cluster, PX_BREAKER_PENDING, cluster->config->breaker.pending);
        px_attempt_failed(request, PX_FAILURE_OVERFLOW);
        return;
    }
    cluster->v[PX_CLUSTER_RQ_PENDING_TOTAL]++;
    cluster->v[PX_CLUSTER_RQ_PENDING_ACTIVE]++;
    host->pending_count++;
    request->is_pending = true;
    mc_list_push_back(&host->pending, &request->pending);
    connect_for_pending(host);
}

void px_pool_drain(struct px_host *host)
{
    mc_list_each(link, &host->ready) mc_http_drain(mc_container(link, struct px_upstream, link)->http);
    mc_list_each(link, &host->busy) {
        struct px_upstream *upstream = mc_container(link, struct px_upstream, link);
        if (!upstream->connecting) mc_http_drain(upstream->http);
    }
}
