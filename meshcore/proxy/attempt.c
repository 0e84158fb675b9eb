/* One try of a request at one endpoint: its place in the pool, its exchange, what comes back. */
#include "proxy/parts.h"

static struct px_request *of_up(struct mc_handler *handler)
{
    return mc_container(handler, struct px_request, up);
}

/* ---- the end of an attempt ---- */

static void count_completed(struct px_request *request)
{
    struct px_cluster *cluster = request->cluster;
    struct mc_alloc alloc = mc_pool_as_alloc(request->proxy->pool);
    mc_ns since = request->completed == MC_NEVER ? request->started : request->completed;
    mc_hist_add(&cluster->rq_time, &alloc, (uint64_t)(request->proxy->turn->now - since));
}

/* Its exchange is not ours any more. */
static void over(struct px_request *request)
{
    request->host->active--;
    request->cluster->v[PX_CLUSTER_RQ_ACTIVE]--;
    request->upstream = NULL;
    request->head_up = request->ended_up = false;
    request->try_at = MC_NEVER;
    request->withheld_up = 0;
    if (request->received_all) count_completed(request);
}

/* A response that is whole leaves its connection fit for the next one; anything else costs it. */
void px_attempt_drop(struct px_request *request)
{
    struct mc_exchange *exchange = request->up.exchange;
    struct px_upstream *upstream = request->upstream;
    if (request->is_pending) px_pool_cancel(request);
    if (!exchange) return;
    over(request);
    if (request->received_all && exchange->sent) {
        exchange->handler = NULL;
        request->up.exchange = NULL;
        px_pool_done(upstream);
        return;
    }
    request->cluster->v[PX_CLUSTER_RQ_TX_RESET]++;
    request->up.exchange = NULL;
    mc_exchange_reset(exchange);
}

/* ---- failures ---- */

static const struct {
    uint32_t flag;
    const char *text;
} failures[] = {
#define X(id, flag, text) {MC_FLAG(flag), text},
    PX_FAILURES(X)
#undef X
};

static uint16_t status_of(enum px_failure failure)
{
    if (failure == PX_FAILURE_TRY_TIMEOUT) return 504;
    return failure == PX_FAILURE_PROTOCOL ? 502 : 503;
}

static void answer_failure(struct px_request *request, enum px_failure failure)
{
    static const char first[] = "upstream connect error or disconnect/reset before headers. ";
    static const char retried[] = "retried and the latest ";
    char text[160];
    size_t n = sizeof first - 1;
    memcpy(text, first, n);
    if (request->retry.made) {
        memcpy(text + n, retried, sizeof retried - 1);
        n += sizeof retried - 1;
    }
    struct mc_str reason = mc_str_c(failures[failure].text);
    memcpy(text + n, "reset reason: ", 14);
    memcpy(text + n + 14, reason.p, reason.n);
    px_cluster_charge(request->cluster, status_of(failure));
    px_request_reply(request, status_of(failure), failures[failure].flag,
                     failure == PX_FAILURE_TRY_TIMEOUT ? MC_STR("upstream request timeout") : mc_str(text, n + 14 + reason.n));
}

/* What the attempt held is given back already. */
void px_attempt_failed(struct px_request *request, enum px_failure failure)
{
    if (request->done) return;
    if (failure != PX_FAILURE_OVERFLOW && failure != PX_FAILURE_NO_MEMORY) px_outlier_result(request->host, status_of(failure));
    if (request->answered) {
        px_request_cut(request, failures[failure].flag);
        return;
    }
    if (px_retry_wants_failure(request, failure) && px_retry_plan(request, failure)) return;
    px_retry_release(request);
    answer_failure(request, failure);
}

/* ---- the request goes up ---- */

void px_attempt_begin(struct px_request *request, struct px_host *host)
{
    px_host_ref(host);
    if (request->host) px_host_unref(request->host);
    request->host = host;
    request->attempts++;
    request->body_sent = 0;
    request->received_all = false;
    px_pool_ask(host, request);
}

static bool count_attempt(struct px_request *request)
{
    char digits[20];
    if (!request->proxy->options.is_sidecar) return true;
    struct mc_str text = mc_arena_copy(request->arena, mc_str(digits, mc_u64_to_text(request->attempts, digits)));
    return text.p && mc_ok(mc_headers_set(&request->head.headers, request->arena, mc_header_name(MC_HEADER_X_ENVOY_ATTEMPT_COUNT), text));
}

/* How long the endpoint may take, so that it need not go on for nobody: Envoy's setTimeoutHeaders. A time
 * that is over is told as 1 ms, 0 would mean no end. */
static bool tell_timeout(struct px_request *request)
{
    char digits[20];
    bool begun = request->attempts > 1 && request->completed != MC_NEVER;
    mc_ns gone = begun ? (request->proxy->turn->now - request->completed) / MC_MS : 0;
    mc_ns left = request->timeout / MC_MS - gone, expected = request->per_try_timeout / MC_MS;
    if (!request->timeout && !expected) return true;
    if (!expected || (request->timeout && left < expected)) expected = left;
    if (expected < 1) expected = 1;
    struct mc_str text = mc_arena_copy(request->arena, mc_str(digits, mc_u64_to_text((uint64_t)expected, digits)));
    return text.p && mc_ok(mc_headers_set(&request->head.headers, request->arena, MC_STR("x-envoy-expected-rq-timeout-ms"), text));
}

static void grant_down(struct px_request *request)
{
    uint32_t bytes = request->withheld_down;
    request->withheld_down = 0;
    if (bytes && request->down.exchange) mc_exchange_consumed(request->down.exchange, bytes);
}

static struct mc_slice slice_at(const struct mc_slices *queue, uint32_t index)
{
    struct mc_slice slice = queue->ring[(queue->head + index) % queue->capacity];
    return mc_slice_view(slice, 0, slice.length);
}

static bool goes_on(const struct px_request *request, const struct mc_exchange *exchange)
{
    return !request->done && request->up.exchange == exchange && !exchange->sent;
}

static void pump_end(struct px_request *request, struct mc_exchange *exchange)
{
    if (!request->request_ended || request->body_sent < request->body.count || request->ended_up) return;
    request->ended_up = true;
    if (request->trailers) mc_exchange_send_trailers(exchange, request->trailers);
    else mc_exchange_send_body(exchange, mc_slice_none(), true);
}

void px_attempt_pump(struct px_request *request)
{
    struct mc_exchange *exchange = request->up.exchange;
    if (!exchange || !request->head_up) return;
    while (!request->up_clogged && goes_on(request, exchange) && request->body_sent < request->body.count) {
        bool last = request->request_ended && request->body_sent + 1 == request->body.count && !request->trailers;
        struct mc_slice slice = request->keeps_body ? slice_at(&request->body, request->body_sent++)
                                                    : mc_slices_pop(&request->body, UINT32_MAX);
        if (last) request->ended_up = true;
        mc_exchange_send_body(exchange, slice, last);
    }
    if (request->done || request->up.exchange != exchange) return;
    if (!request->up_clogged) grant_down(request);
    if (goes_on(request, exchange)) pump_end(request, exchange);
}

static void send_head(struct px_request *request)
{
    struct mc_exchange *exchange = request->up.exchange;
    bool end = request->request_ended && !request->body.count && !request->trailers;
    request->head_up = true;
    request->ended_up = end;
    request->retry.request_begun = true;
    mc_exchange_send_head(exchange, &request->head, end);
    if (request->done || request->up.exchange != exchange) return;
    if (request->request_ended && request->per_try_timeout) {
        request->try_at = mc_ns_add(request->proxy->turn->now, request->per_try_timeout);
        px_request_arm(request);
    }
    px_attempt_pump(request);
}

static const struct mc_handler_type up_type;

void px_attempt_attach(struct px_request *request, struct px_upstream *upstream)
{
    struct px_cluster *cluster = request->cluster;
    request->up = (struct mc_handler){.type = &up_type};
    if (!count_attempt(request) || !tell_timeout(request) || !mc_http_open(upstream->http, &request->up)) {
        request->up.exchange = NULL;
        px_pool_done(upstream);
        px_attempt_failed(request, PX_FAILURE_NO_MEMORY);
        return;
    }
    request->upstream = upstream;
    request->up_clogged = upstream->http->conn->clogged;
    request->attempt_at = request->proxy->turn->now;
    request->host->active++;
    cluster->v[PX_CLUSTER_RQ_ACTIVE]++;
    cluster->v[PX_CLUSTER_RQ_TOTAL]++;
    px_request_active(request);
    send_head(request);
}

/* ---- the answer comes down ---- */

/* Time since the request was whole, as Envoy has it; only if it is. */
static void add_service_time(struct px_request *request, struct mc_head *head)
{
    char digits[20];
    mc_ns since = request->completed == MC_NEVER ? request->started : request->completed;
    uint64_t ms = (uint64_t)((request->proxy->turn->now - since) / MC_MS);
    struct mc_str text = mc_arena_copy(head->arena, mc_str(digits, mc_u64_to_text(ms, digits)));
    mc_headers_remove_known(&head->headers, MC_HEADER_X_ENVOY_UPSTREAM_SERVICE_TIME);
    if (text.p && mc_ok(mc_headers_add_known(&head->headers, head->arena, MC_HEADER_X_ENVOY_UPSTREAM_SERVICE_TIME, text))) return;
}

static void observe(struct px_request *request, uint16_t status)
{
    mc_ns now = request->proxy->turn->now;
    px_outlier_result(request->host, status);
    px_balance_observe(request->host, now - request->attempt_at, now);
}

static void on_head(struct mc_handler *handler, struct mc_head *head, bool end)
{
    struct px_request *request = of_up(handler);
    request->received_all = end;
    observe(request, head->status);
    if (request->retry.on && px_retry_wants_status(request, head)) {
        if (px_retry_plan(request, head->status)) {
            px_codes_add(&request->cluster->retry_codes, request->proxy->pool, head->status);
            px_attempt_drop(request);
            return;
        }
    } else if (request->retry.made) {
        request->cluster->v[PX_CLUSTER_RQ_RETRY_SUCCESS]++;
    }
    px_cluster_charge(request->cluster, head->status);
    px_retry_release(request);
    request->retry.on = 0;
    request->try_at = MC_NEVER;
    add_service_time(request, head);
    px_request_relay_head(request, head, end);
}

/* Answers with 1xx count and stay here: what was expected, the client has been told by ourselves. */
static void on_informed(struct mc_handler *handler, uint16_t status)
{
    px_cluster_charge(of_up(handler)->cluster, status);
}

static void on_body(struct mc_handler *handler, struct mc_slice slice, bool end)
{
    struct px_request *request = of_up(handler);
    if (end) request->received_all = true;
    if (request->down_clogged) request->withheld_up += slice.length;
    else if (slice.length) mc_exchange_consumed(handler->exchange, slice.length);
    px_request_relay_body(request, slice, end);
}

static void on_trailers(struct mc_handler *handler, struct mc_headers *trailers)
{
    struct px_request *request = of_up(handler);
    request->received_all = true;
    px_request_relay_trailers(request, trailers);
}

static void on_clogged(struct mc_handler *handler, bool clogged)
{
    struct px_request *request = of_up(handler);
    request->up_clogged = clogged;
    if (!clogged) px_attempt_pump(request);
}

void px_attempt_clogged(struct px_request *request, bool clogged)
{
    uint32_t bytes = request->withheld_up;
    request->down_clogged = clogged;
    if (clogged || !bytes || !request->up.exchange) return;
    request->withheld_up = 0;
    mc_exchange_consumed(request->up.exchange, bytes);
}

static enum px_failure failure_of(enum mc_exchange_end end)
{
    if (end == MC_EXCHANGE_PROTOCOL_ERROR) return PX_FAILURE_PROTOCOL;
    return end == MC_EXCHANGE_NO_MEMORY ? PX_FAILURE_NO_MEMORY : PX_FAILURE_TERMINATED;
}

static void on_ended(struct mc_handler *handler, enum mc_exchange_end end)
{
    struct px_request *request = of_up(handler);
    struct px_upstream *upstream = request->upstream;
    over(request);
    if (end == MC_EXCHANGE_DONE) {
        px_pool_done(upstream);
        return;
    }
    request->cluster->v[PX_CLUSTER_RQ_RX_RESET]++;
    px_attempt_failed(request, failure_of(end));
}

static const struct mc_handler_type up_type = {
    .head = on_head, .informed = on_informed, .body = on_body, .trailers = on_trailers, .clogged = on_clogged, .ended = on_ended,
};
