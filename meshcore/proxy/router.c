/* The router filter: from a route to attempts at the endpoints of its cluster, with timeouts over all of
 * them (Envoy's source/common/router/router.cc). */
#include "proxy/parts.h"

/* ---- answers that need no cluster ---- */

static struct mc_str join(struct mc_arena *arena, const struct mc_str *parts, size_t count)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++) length += parts[i].n;
    char *text = mc_arena_take(arena, length + 1), *at = text;
    if (!text) return mc_str(NULL, 0);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].n) memcpy(at, parts[i].p, parts[i].n);
        at += parts[i].n;
    }
    return mc_str(text, length);
}

static bool has_query(struct mc_str path)
{
    return memchr(path.p, '?', path.n) != NULL;
}

/* A redirect keeps the request's query unless its own path has one. */
static void redirect(struct px_request *request)
{
    const struct mc_route *route = request->route;
    struct mc_head head = {.arena = request->arena, .is_response = true, .status = route->status};
    struct mc_str query, path = mc_head_path(&request->head, &query);
    struct mc_slices none;
    mc_slices_init(&none, request->proxy->pool);
    if (route->redirect_path.n) path = route->redirect_path;
    bool keep = query.n && !has_query(path);
    const struct mc_str parts[] = {request->head.scheme, MC_STR("://"), route->redirect_host.n ? route->redirect_host : request->head.authority,
                                   path, keep ? MC_STR("?") : MC_STR(""), keep ? query : MC_STR("")};
    struct mc_str location = join(request->arena, parts, MC_COUNT_OF(parts));
    request->conn->stats->v[PX_HTTP_REDIRECT]++;
    if (!location.p || !mc_ok(mc_headers_add_known(&head.headers, request->arena, MC_HEADER_LOCATION, location)))
        px_request_reply(request, 503, MC_FLAG(LR), MC_STR(""));
    else
        px_request_answer(request, &head, &none);
}

static void answer_without_cluster(struct px_request *request)
{
    uint64_t *v = request->conn->stats->v;
    if (!request->route) {
        v[PX_HTTP_NO_ROUTE]++;
        px_request_reply(request, 404, MC_FLAG(NR), MC_STR(""));
    } else if (request->route->action == MC_ROUTE_DIRECT_RESPONSE) {
        v[PX_HTTP_DIRECT_RESPONSE]++;
        px_request_reply(request, request->route->status, 0, request->route->body);
    } else {
        redirect(request);
    }
}

/* ---- the head as it goes up ---- */

static struct mc_str rewritten_path(struct px_request *request)
{
    const struct mc_route *route = request->route;
    struct mc_str query, path = mc_head_path(&request->head, &query);
    bool whole = route->path_kind == MC_PATH_REGEX || route->path_kind == MC_PATH_EXACT;
    size_t matched = whole ? path.n : route->path.n;
    const struct mc_str parts[] = {route->prefix_rewrite, mc_str(request->head.path.p + matched, request->head.path.n - matched)};
    return join(request->arena, parts, MC_COUNT_OF(parts));
}

static bool rewrite(struct px_request *request)
{
    const struct mc_route *route = request->route;
    struct mc_head *head = &request->head;
    if (route->host_rewrite.n) {
        if (!mc_ok(mc_headers_set(&head->headers, request->arena, MC_STR("x-envoy-original-host"), head->authority))) return false;
        head->authority = route->host_rewrite;
    }
    if (route->prefix_rewrite.n) {
        struct mc_str path = rewritten_path(request);
        if (!path.p || !mc_ok(mc_headers_set(&head->headers, request->arena, MC_STR("x-envoy-original-path"), head->path))) return false;
        head->path = path;
    }
    px_request_edit(request, &head->headers, route->request_edits, route->request_edit_count);
    return true;
}

/* x-envoy-upstream-rq-timeout-ms of internal clients overrides the route's; a time per try that is not shorter is none. */
static void set_timeouts(struct px_request *request)
{
    const struct mc_header *header = mc_headers_known(&request->head.headers, MC_HEADER_X_ENVOY_UPSTREAM_RQ_TIMEOUT_MS);
    uint64_t ms;
    request->timeout = request->route->timeout;
    request->per_try_timeout = request->route->retry.per_try_timeout;
    if (header) {
        bool obeyed = request->conn->chain->internal_clients;
        if (obeyed && mc_str_to_u64(header->value, INT64_MAX / MC_MS, &ms)) request->timeout = (mc_ns)ms * MC_MS;
        mc_headers_remove_known(&request->head.headers, MC_HEADER_X_ENVOY_UPSTREAM_RQ_TIMEOUT_MS);
    }
    if (request->timeout && request->per_try_timeout >= request->timeout) request->per_try_timeout = 0;
}

/* ---- the filter ---- */

static void start_route_timer(struct px_request *request)
{
    if (request->timeout) request->route_at = mc_ns_add(request->proxy->turn->now, request->timeout);
    px_request_arm(request);
}

bool px_router_find_cluster(struct px_request *request)
{
    const struct mc_route *route = request->route;
    if (request->cluster) return true;
    if (!route || route->action != MC_ROUTE_CLUSTERS) return false;
    mc_atom name = route->cluster_count == 1 ? route->clusters[0].cluster
                                             : px_route_cluster(route, mc_turn_draw(request->proxy->turn, MC_FOR_ROUTE));
    request->cluster = px_cluster_get(request->proxy, name);
    if (!request->cluster) return false;
    px_cluster_ref(request->cluster);
    return true;
}

static enum px_verdict on_request(struct px_request *request)
{
    if (!request->route || request->route->action != MC_ROUTE_CLUSTERS) {
        answer_without_cluster(request);
        return PX_ANSWERED;
    }
    if (!px_router_find_cluster(request)) {
        request->conn->stats->v[PX_HTTP_NO_CLUSTER]++;
        px_request_reply(request, 503, MC_FLAG(NC), MC_STR(""));
        return PX_ANSWERED;
    }
    set_timeouts(request);
    px_retry_init(request);
    if (!rewrite(request)) {
        px_request_reply(request, 503, MC_FLAG(LR), MC_STR(""));
        return PX_ANSWERED;
    }
    if (request->request_ended) start_route_timer(request);
    else mc_exchange_send_continue(request->down.exchange);
    px_router_attempt(request);
    return PX_WAIT;
}

const struct px_filter px_router_filter = {.name = "envoy.filters.http.router", .request = on_request};

/* ---- attempts ---- */

static bool was_tried(const struct px_request *request, const struct px_host *host)
{
    for (const struct px_tried *tried = request->tried; tried; tried = tried->before)
        if (mc_addr_eq(tried->addr, host->endpoint.addr)) return true;
    return false;
}

/* The previous_hosts predicate: pick again, a bounded number of times; the last pick stands. */
static struct px_host *pick(struct px_request *request)
{
    const struct mc_retry_policy *policy = &request->route->retry;
    uint32_t more = policy->host_attempts ? policy->host_attempts : 1;
    struct px_host *host = px_balance(request->cluster, request);
    while (host && request->tried && more-- > 0 && was_tried(request, host)) host = px_balance(request->cluster, request);
    return host;
}

static void remember_tried(struct px_request *request, const struct px_host *host)
{
    if (!request->route->retry.other_host || !request->retry.on) return;
    struct px_tried *tried = mc_arena_take(request->arena, sizeof *tried);
    if (!tried) return;
    *tried = (struct px_tried){.before = request->tried, .addr = host->endpoint.addr};
    request->tried = tried;
}

static void no_host(struct px_request *request)
{
    request->cluster->v[PX_CLUSTER_CX_NONE_HEALTHY]++;
    px_cluster_charge(request->cluster, 503);
    px_retry_release(request);
    px_request_reply(request, 503, MC_FLAG(UH), MC_STR("no healthy upstream"));
}

void px_router_attempt(struct px_request *request)
{
    struct px_cluster *cluster = request->cluster;
    struct px_host *host;
    if (cluster->config->kind == MC_CLUSTER_PASSTHROUGH) {
        host = px_cluster_passthrough(cluster, request->conn->http->conn->original);
    } else {
        host = pick(request);
        if (host) px_host_ref(host);
    }
    if (!host) {
        no_host(request);
        return;
    }
    remember_tried(request, host);
    px_attempt_begin(request, host);
    px_host_unref(host);
}

/* ---- the request's body ---- */

static void too_large_to_wait(struct px_request *request)
{
    px_retry_release(request);
    request->wait_at = MC_NEVER;
    px_request_reply(request, 507, 0, MC_STR("exceeded request buffer limit while retrying upstream"));
}

/* Over the bound what was sent is forgotten, and with it the retry. */
static bool stop_keeping(struct px_request *request)
{
    if (!request->up.exchange && request->attempts) {
        too_large_to_wait(request);
        return false;
    }
    request->retry.on = 0;
    request->keeps_body = false;
    for (; request->body_sent; request->body_sent--) mc_slice_unref(mc_slices_pop(&request->body, UINT32_MAX));
    return true;
}

void px_router_body(struct px_request *request, struct mc_slice slice)
{
    uint32_t length = slice.length;
    if (!mc_slices_push(&request->body, slice)) {
        px_request_reply(request, 503, MC_FLAG(LR), MC_STR(""));
        return;
    }
    if (request->keeps_body && request->body.bytes > MC_RETRY_BUFFER && !stop_keeping(request)) return;
    request->withheld_down += length;
    px_attempt_pump(request);
}

void px_router_request_ended(struct px_request *request)
{
    if (!request->cluster || (request->answered && !request->up.exchange)) return;
    start_route_timer(request);
    if (request->head_up && request->per_try_timeout && !request->answered) {
        request->try_at = mc_ns_add(request->proxy->turn->now, request->per_try_timeout);
        px_request_arm(request);
    }
    px_attempt_pump(request);
}

/* ---- timeouts ---- */

static void route_timeout(struct px_request *request)
{
    request->cluster->v[PX_CLUSTER_RQ_TIMEOUT]++;
    if (request->up.exchange && !request->answered) {
        px_outlier_result(request->host, 504);
        px_cluster_charge(request->cluster, 504);
    }
    px_retry_release(request);
    px_attempt_drop(request);
    if (request->answered) px_request_cut(request, MC_FLAG(UT));
    else px_request_reply(request, 504, MC_FLAG(UT), MC_STR("upstream request timeout"));
}

void px_router_timer(struct px_request *request)
{
    if (request->route_at <= request->proxy->turn->now) {
        route_timeout(request);
        return;
    }
    request->cluster->v[PX_CLUSTER_RQ_PER_TRY_TIMEOUT]++;
    px_attempt_drop(request);
    px_attempt_failed(request, PX_FAILURE_TRY_TIMEOUT);
}

/* ---- the end ---- */

void px_router_release(struct px_request *request)
{
    px_retry_release(request);
    if (request->host) px_host_unref(request->host);
    if (request->cluster) px_cluster_unref(request->cluster);
    request->host = NULL;
    request->cluster = NULL;
}
