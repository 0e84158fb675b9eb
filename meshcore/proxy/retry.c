/* Retries: whether an attempt's outcome asks for another, and when that comes (Envoy's
 * source/common/router/retry_state_impl.cc). */
#include "proxy/parts.h"

/* ---- the policy ---- */

static uint32_t conditions_in(struct mc_str list)
{
    static const struct mc_str words[] = {
#define X(name, text) {text, sizeof(text) - 1},
        MC_RETRY_CONDITIONS(X)
#undef X
    };
    uint32_t on = 0;
    while (list.n) {
        struct mc_str word = mc_str_trim(mc_str_cut(list, ',', &list));
        for (uint32_t i = 0; i < MC_COUNT_OF(words); i++)
            if (mc_str_eq(words[i], word)) on |= 1u << i;
    }
    return on;
}

/* Of clients that count as internal: x-envoy-retry-on adds to the policy, x-envoy-max-retries replaces its
 * number. Neither goes up. */
static void read_headers(struct px_request *request)
{
    struct mc_headers *headers = &request->head.headers;
    bool obeyed = request->conn->chain->internal_clients;
    const struct mc_header *on = mc_headers_known(headers, MC_HEADER_X_ENVOY_RETRY_ON);
    uint64_t max;
    if (on) {
        if (obeyed && !request->retry.on) request->retry.left = 1;
        if (obeyed) request->retry.on |= conditions_in(on->value);
        mc_headers_remove_known(headers, MC_HEADER_X_ENVOY_RETRY_ON);
    }
    const struct mc_header *most = mc_headers_known(headers, MC_HEADER_X_ENVOY_MAX_RETRIES);
    if (!most) return;
    if (obeyed && request->retry.on && mc_str_to_u64(most->value, MC_MAX_RETRIES, &max)) request->retry.left = (uint32_t)max;
    mc_headers_remove_known(headers, MC_HEADER_X_ENVOY_MAX_RETRIES);
}

void px_retry_init(struct px_request *request)
{
    const struct mc_retry_policy *policy = &request->route->retry;
    request->retry = (struct px_retry){.on = policy->on, .left = policy->retries};
    read_headers(request);
    request->keeps_body = request->retry.on != 0;
}

/* ---- conditions ---- */

static const struct {
    uint32_t condition;
    uint16_t from, to;
} by_status[] = {
    {MC_RETRY_ON(5XX), 500, 599},
    {MC_RETRY_ON(GATEWAY_ERROR), 502, 504},
    {MC_RETRY_ON(RETRIABLE_4XX), 409, 409},
};

static const struct {
    uint32_t condition;
    uint64_t grpc_status;
} by_grpc[] = {
    {MC_RETRY_ON(CANCELLED), 1}, {MC_RETRY_ON(DEADLINE_EXCEEDED), 4}, {MC_RETRY_ON(RESOURCE_EXHAUSTED), 8},
    {MC_RETRY_ON(INTERNAL), 13}, {MC_RETRY_ON(UNAVAILABLE), 14},
};

static bool wants_listed(const struct px_request *request, uint16_t status)
{
    const struct mc_retry_policy *policy = &request->route->retry;
    if (!(request->retry.on & MC_RETRY_ON(RETRIABLE_STATUS))) return false;
    for (uint32_t i = 0; i < policy->status_count; i++)
        if (policy->statuses[i] == status) return true;
    return false;
}

static bool wants_grpc(uint32_t on, const struct mc_head *response)
{
    const struct mc_header *header = mc_headers_known(&response->headers, MC_HEADER_GRPC_STATUS);
    uint64_t code;
    if (!header || !mc_str_to_u64(header->value, 16, &code)) return false;
    for (size_t i = 0; i < MC_COUNT_OF(by_grpc); i++)
        if (on & by_grpc[i].condition && by_grpc[i].grpc_status == code) return true;
    return false;
}

bool px_retry_wants_status(const struct px_request *request, const struct mc_head *response)
{
    uint32_t on = request->retry.on;
    if (mc_headers_known(&response->headers, MC_HEADER_X_ENVOY_RATELIMITED)) return on & MC_RETRY_ON(ENVOY_RATELIMITED);
    for (size_t i = 0; i < MC_COUNT_OF(by_status); i++)
        if (on & by_status[i].condition && response->status >= by_status[i].from && response->status <= by_status[i].to) return true;
    return wants_listed(request, response->status) || wants_grpc(on, response);
}

bool px_retry_wants_failure(const struct px_request *request, enum px_failure failure)
{
    uint32_t on = request->retry.on;
    bool connecting = failure == PX_FAILURE_CONNECT_REMOTE || failure == PX_FAILURE_CONNECT_LOCAL || failure == PX_FAILURE_CONNECT_TIMEOUT;
    if (failure == PX_FAILURE_OVERFLOW || failure == PX_FAILURE_NO_MEMORY) return false;
    if (on & (MC_RETRY_ON(RESET) | MC_RETRY_ON(5XX) | MC_RETRY_ON(GATEWAY_ERROR))) return true;
    if (on & MC_RETRY_ON(RESET_BEFORE_REQUEST) && !request->retry.request_begun) return true;
    return connecting && on & MC_RETRY_ON(CONNECT_FAILURE);
}

/* ---- another attempt ---- */

void px_retry_release(struct px_request *request)
{
    if (!request->retry.holds) return;
    request->retry.holds = false;
    request->cluster->v[PX_CLUSTER_RQ_RETRY_ACTIVE]--;
}

/* Uniform over [0, interval); the interval is the base at first and doubles up to the maximum
 * (Envoy's JitteredExponentialBackOffStrategy). */
mc_ns px_retry_backoff(const struct mc_retry_policy *policy, uint32_t made, uint64_t draw)
{
    mc_ns base = policy->backoff_base ? policy->backoff_base : 25 * MC_MS;
    mc_ns max = policy->backoff_max ? policy->backoff_max : 10 * base, interval = base;
    for (uint32_t i = 1; i < made && interval < max; i++) interval = interval > max / 2 ? max : interval * 2;
    if (interval > max) interval = max;
    return (mc_ns)mc_below(draw, (uint64_t)interval);
}

bool px_retry_plan(struct px_request *request, uint64_t why)
{
    struct px_cluster *cluster = request->cluster;
    struct mc_turn *turn = request->proxy->turn;
    struct px_retry *retry = &request->retry;
    px_retry_release(request);
    if (!retry->left) {
        cluster->v[PX_CLUSTER_RQ_RETRY_LIMIT]++;
        request->flags |= MC_FLAG(URX);
        return false;
    }
    retry->left--;
    if (cluster->v[PX_CLUSTER_RQ_RETRY_ACTIVE] >= cluster->config->breaker.retries) {
        cluster->v[PX_CLUSTER_RQ_RETRY_OVERFLOW]++;
        request->flags |= MC_FLAG(UO);
        px_pool_trace_breaker(cluster, PX_BREAKER_RETRIES, cluster->config->breaker.retries);
        return false;
    }
    retry->holds = true;
    retry->made++;
    cluster->v[PX_CLUSTER_RQ_RETRY_ACTIVE]++;
    cluster->v[PX_CLUSTER_RQ_RETRY]++;
    cluster->v[PX_CLUSTER_RQ_RETRY_BACKOFF]++;
    mc_ns backoff = px_retry_backoff(&request->route->retry, retry->made, mc_turn_draw(turn, MC_FOR_BACKOFF));
    mc_trace(turn, RETRY, request->conn->http->conn->stream, cluster->name, retry->made, (uint64_t)backoff, why);
    px_request_wait(request, mc_ns_add(turn->now, backoff), px_router_attempt);
    return true;
}
