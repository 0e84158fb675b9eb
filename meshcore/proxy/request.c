/* One request on a client's connection: what Envoy's HTTP connection manager does with it. */
#include "proxy/parts.h"

static struct px_request *of_down(struct mc_handler *handler)
{
    return mc_container(handler, struct px_request, down);
}

static mc_ns now_of(const struct px_request *request)
{
    return request->proxy->turn->now;
}

/* ---- timers: one for all ---- */

void px_request_arm(struct px_request *request)
{
    mc_ns at = mc_ns_min(mc_ns_min(request->route_at, request->try_at), mc_ns_min(request->idle_at, request->wait_at));
    mc_timer_arm(&request->proxy->turn->timers, &request->timer, at);
}

void px_request_wait(struct px_request *request, mc_ns at, void (*waited)(struct px_request *request))
{
    request->wait_at = at;
    request->waited = waited;
    px_request_arm(request);
}

void px_request_active(struct px_request *request)
{
    mc_ns timeout = request->conn->chain->stream_idle_timeout;
    if (timeout) request->idle_at = mc_ns_add(now_of(request), timeout);
}

/* Envoy answers 408 while the request is not whole, 504 afterwards. */
static void idle_too_long(struct px_request *request)
{
    request->conn->stats->v[PX_HTTP_RQ_TIMEOUT]++;
    px_request_reply(request, request->request_ended ? 504 : 408, MC_FLAG(SI), MC_STR("stream timeout"));
}

static void timer_fired(struct mc_timer *timer)
{
    struct px_request *request = mc_container(timer, struct px_request, timer);
    mc_ns now = now_of(request);
    if (request->wait_at <= now) {
        request->wait_at = MC_NEVER;
        request->waited(request);
    } else if (request->idle_at <= now) {
        idle_too_long(request);
    } else if (request->route_at <= now || request->try_at <= now) {
        px_router_timer(request);
    }
    if (!request->done) px_request_arm(request);
}

/* ---- the end ---- */

static void bury(struct mc_grave *grave)
{
    struct px_request *request = mc_container(grave, struct px_request, grave);
    mc_pool_give(request->proxy->pool, request, sizeof *request);
}

static void count(struct px_request *request, mc_ns duration)
{
    struct px_http_stats *stats = request->conn->stats;
    struct mc_alloc alloc = mc_pool_as_alloc(request->proxy->pool);
    stats->v[PX_HTTP_RQ_ACTIVE]--;
    if (request->status) {
        stats->v[PX_HTTP_RQ_COMPLETED]++;
        px_codes_add(&stats->codes, request->proxy->pool, request->status);
    }
    mc_hist_add(&stats->rq_time, &alloc, (uint64_t)duration);
}

static void trace_span(struct px_request *request)
{
    const struct mc_listener *listener = request->conn->resource->body;
    mc_trace(request->proxy->turn, SPAN, request->conn->http->conn->stream, request->trace_hi, request->trace_lo, request->span, request->parent_span,
             listener->name, request->conn->chain->route_config);
}

static void trace(struct px_request *request, mc_ns duration)
{
    if (request->proxy->turn->realm->trace.spans) trace_span(request);
    mc_trace(request->proxy->turn, ACCESS, request->conn->http->conn->stream, mc_trace_status_flags(request->status, request->flags),
             request->cluster ? request->cluster->name : 0,
             request->host && request->attempts ? mc_trace_addr(request->host->endpoint.addr) : 0, (uint64_t)duration,
             request->parent_span, request->attempts);
}

static void finish(struct px_request *request)
{
    if (request->done) return;
    mc_ns duration = now_of(request) - request->started;
    request->done = true;
    mc_timer_disarm(&request->proxy->turn->timers, &request->timer);
    px_attempt_drop(request);
    count(request, duration);
    trace(request, duration);
    if (request->proxy->options.is_sidecar) px_telemetry_request(request, duration);
    px_router_release(request);
    mc_slices_fini(&request->body);
    mc_snapshot_unref(request->snapshot);
    mc_turn_bury(request->proxy->turn, &request->grave, bury);
}

static uint32_t flags_of(enum mc_exchange_end end)
{
    if (end == MC_EXCHANGE_DONE) return 0;
    if (end == MC_EXCHANGE_PROTOCOL_ERROR) return MC_FLAG(DPE);
    return end == MC_EXCHANGE_NO_MEMORY ? MC_FLAG(LR) : MC_FLAG(DC);
}

static void on_ended(struct mc_handler *handler, enum mc_exchange_end end)
{
    struct px_request *request = of_down(handler);
    if (end != MC_EXCHANGE_DONE) request->conn->stats->v[PX_HTTP_RQ_RX_RESET]++;
    request->flags |= flags_of(end);
    finish(request);
}

void px_request_cut(struct px_request *request, uint32_t flags)
{
    if (request->done) return;
    struct mc_exchange *exchange = request->down.exchange;
    request->flags |= flags;
    request->conn->stats->v[PX_HTTP_RQ_TX_RESET]++;
    finish(request);
    if (exchange) mc_exchange_reset(exchange);
}

/* ---- answers ---- */

void px_request_edit(struct px_request *request, struct mc_headers *headers, const struct mc_header_edit *edits, uint32_t count)
{
    struct mc_result result = MC_RESULT(OK);
    for (uint32_t i = 0; i < count && mc_ok(result); i++) {
        const struct mc_header_edit *edit = &edits[i];
        if (edit->kind == MC_EDIT_REMOVE) mc_headers_remove(headers, edit->name);
        else if (edit->kind == MC_EDIT_SET) result = mc_headers_set(headers, request->arena, edit->name, edit->value);
        else result = mc_headers_add(headers, request->arena, edit->name, edit->value);
    }
}

/* The Date is ours even if the endpoint sent one, as Envoy has it; so is Server unless it passes. A
 * header that finds no memory is left out. */
static void finish_response_head(struct px_request *request, struct mc_head *head)
{
    const struct mc_route *route = request->route;
    struct mc_headers *headers = &head->headers;
    if (request->conn->chain->server_name.n) mc_headers_remove_known(headers, MC_HEADER_SERVER);
    mc_headers_remove_known(headers, MC_HEADER_DATE);
    struct mc_str date = mc_arena_copy(head->arena, px_date_of(request->proxy));
    if (date.p && !mc_ok(mc_headers_add_known(headers, head->arena, MC_HEADER_DATE, date))) return;
    if (route) px_request_edit(request, headers, route->response_edits, route->response_edit_count);
}

static void send_all(struct px_request *request, struct mc_slices *body)
{
    while (body->count && !request->done) {
        struct mc_slice slice = mc_slices_pop(body, UINT32_MAX);
        request->response_bytes += slice.length;
        mc_exchange_send_body(request->down.exchange, slice, !body->count);
    }
}

void px_request_answer(struct px_request *request, struct mc_head *head, struct mc_slices *body)
{
    px_attempt_drop(request);
    if (request->answered) {
        px_request_cut(request, 0);
    } else if (!request->done) {
        request->answered = true;
        request->status = head->status;
        head->content_length = (int64_t)body->bytes;
        finish_response_head(request, head);
        mc_exchange_send_head(request->down.exchange, head, !body->count);
        send_all(request, body);
    }
    mc_slices_fini(body);
}

void px_request_reply(struct px_request *request, uint16_t status, uint32_t flags, struct mc_str text)
{
    if (request->done) return;
    struct mc_head head = {.arena = request->arena, .is_response = true, .status = status};
    struct mc_slices body;
    bool whole = true;
    mc_slices_init(&body, request->proxy->pool);
    request->flags |= flags;
    if (text.n) {
        struct mc_slice slice = mc_slice_copy(request->proxy->pool, text);
        whole = slice.chunk && mc_slices_push(&body, slice) &&
                mc_ok(mc_headers_add_known(&head.headers, request->arena, MC_HEADER_CONTENT_TYPE, MC_STR("text/plain")));
    }
    if (whole && flags & MC_FLAG(UO))
        whole = mc_ok(mc_headers_add_known(&head.headers, request->arena, MC_HEADER_X_ENVOY_OVERLOADED, MC_STR("true")));
    if (whole) {
        px_request_answer(request, &head, &body);
        return;
    }
    mc_slices_fini(&body);
    px_attempt_drop(request);
    px_request_cut(request, 0);
}

/* ---- the endpoint's answer ---- */

void px_request_relay_head(struct px_request *request, struct mc_head *head, bool end)
{
    request->answered = true;
    request->status = head->status;
    px_request_active(request);
    finish_response_head(request, head);
    mc_exchange_send_head(request->down.exchange, head, end);
}

void px_request_relay_body(struct px_request *request, struct mc_slice slice, bool end)
{
    request->response_bytes += slice.length;
    px_request_active(request);
    mc_exchange_send_body(request->down.exchange, slice, end);
}

void px_request_relay_trailers(struct px_request *request, const struct mc_headers *trailers)
{
    mc_exchange_send_trailers(request->down.exchange, trailers);
}

/* ---- request ids and trace context ---- */

/* RFC 9562 §5.4: version 4, variant 10. */
static struct mc_str make_uuid(struct px_request *request)
{
    struct mc_turn *turn = request->proxy->turn;
    uint64_t high = mc_turn_draw(turn, MC_FOR_REQUEST_ID), low = mc_turn_draw(turn, MC_FOR_REQUEST_ID);
    char *text = mc_arena_take(request->arena, 36), *at = text;
    if (!text) return mc_str(NULL, 0);
    high = (high & ~UINT64_C(0xf000)) | 0x4000;
    low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
    at = mc_hex_write(at, high >> 32, 8);
    *at++ = '-';
    at = mc_hex_write(at, high >> 16, 4);
    *at++ = '-';
    at = mc_hex_write(at, high, 4);
    *at++ = '-';
    at = mc_hex_write(at, low >> 48, 4);
    *at++ = '-';
    mc_hex_write(at, low, 12);
    return mc_str(text, 36);
}

enum { TRACEPARENT_LENGTH = 55 };

/* Trace Context §3.2; a higher version may be longer. All-zero ids are not valid. */
static bool read_traceparent(struct mc_str text, uint64_t *high, uint64_t *low, uint64_t *parent, uint64_t *flags)
{
    uint64_t version;
    if (text.n < TRACEPARENT_LENGTH || text.p[2] != '-' || text.p[35] != '-' || text.p[52] != '-') return false;
    if (!mc_hex_read(text.p, 2, &version) || version == 0xff || (!version && text.n != TRACEPARENT_LENGTH)) return false;
    return mc_hex_read(text.p + 3, 16, high) && mc_hex_read(text.p + 19, 16, low) && mc_hex_read(text.p + 36, 16, parent) && *parent &&
           (*high | *low) && mc_hex_read(text.p + 53, 2, flags);
}

/* A span of our own in the trace that the client is in, or in a new one. */
static bool trace_context(struct px_request *request, struct mc_header *parent)
{
    struct mc_turn *turn = request->proxy->turn;
    uint64_t flags = 1;
    if (!parent || !read_traceparent(parent->value, &request->trace_hi, &request->trace_lo, &request->parent_span, &flags)) {
        request->trace_hi = mc_turn_draw(turn, MC_FOR_REQUEST_ID) | 1;
        request->trace_lo = mc_turn_draw(turn, MC_FOR_REQUEST_ID);
        request->parent_span = 0;
        flags = 1;
    }
    request->span = mc_mix(request->trace_lo ^ mc_turn_draw(turn, MC_FOR_REQUEST_ID)) | 1;
    char *text = mc_arena_take(request->arena, TRACEPARENT_LENGTH), *at = text;
    if (!text) return false;
    at = mc_hex_write(at, 0, 2);
    *at++ = '-';
    at = mc_hex_write(mc_hex_write(at, request->trace_hi, 16), request->trace_lo, 16);
    *at++ = '-';
    at = mc_hex_write(at, request->span, 16);
    *at++ = '-';
    mc_hex_write(at, flags, 2);
    if (!parent) return mc_ok(mc_headers_add_known(&request->head.headers, request->arena, MC_HEADER_TRACEPARENT, mc_str(text, TRACEPARENT_LENGTH)));
    parent->value = mc_str(text, TRACEPARENT_LENGTH);
    return true;
}

/* x-request-id, x-forwarded-proto and traceparent, in one pass over what is there. */
static bool decorate(struct px_request *request)
{
    struct mc_headers *headers = &request->head.headers;
    struct mc_header *parent = NULL;
    bool has_id = false, has_proto = false;
    for (uint32_t i = 0; i < headers->count; i++) {
        enum mc_header_id id = headers->list[i].id;
        if (id == MC_HEADER_X_REQUEST_ID) has_id = true;
        else if (id == MC_HEADER_X_FORWARDED_PROTO) has_proto = true;
        else if (id == MC_HEADER_TRACEPARENT) parent = &headers->list[i];
    }
    if (!trace_context(request, parent)) return false;
    if (!has_proto && !mc_ok(mc_headers_add_known(headers, request->arena, MC_HEADER_X_FORWARDED_PROTO, request->head.scheme))) return false;
    if (has_id) return true;
    struct mc_str id = make_uuid(request);
    return id.p && mc_ok(mc_headers_add_known(headers, request->arena, MC_HEADER_X_REQUEST_ID, id));
}

/* ---- the request ---- */

static const struct mc_route_config *routes_of(struct px_request *request)
{
    struct px_downstream *conn = request->conn;
    if (conn->routes_generation != request->proxy->generation) {
        conn->routes = mc_snapshot_routes(request->proxy->snapshot, conn->chain->route_config);
        conn->routes_generation = request->proxy->generation;
    }
    return conn->routes;
}

void px_request_go_on(struct px_request *request)
{
    const struct mc_filter_chain *chain = request->conn->chain;
    while (request->filter < chain->filter_count && !request->done) {
        const struct px_filter *filter = px_filter_of(chain->filters[request->filter++]);
        if (filter->request(request) != PX_GO_ON) return;
    }
}

static void request_ended(struct px_request *request)
{
    request->request_ended = true;
    request->completed = now_of(request);
    px_router_request_ended(request);
}

static void on_head(struct mc_handler *handler, struct mc_head *head, bool end)
{
    struct px_request *request = of_down(handler);
    request->arena = head->arena;
    request->head = *head;
    request->request_ended = end;
    if (end) request->completed = now_of(request);
    px_request_active(request);
    if (head->upgrade.n) { /* no route here changes protocols; Envoy's answer then */
        px_request_reply(request, 403, 0, MC_STR(""));
        return;
    }
    if (!decorate(request)) {
        px_request_reply(request, 503, MC_FLAG(LR), MC_STR(""));
        return;
    }
    const struct mc_route_config *routes = routes_of(request);
    if (routes) request->route = px_route_find(routes, &request->head, request->arena);
    px_request_go_on(request);
    if (!request->done) px_request_arm(request);
}

static void on_body(struct mc_handler *handler, struct mc_slice slice, bool end)
{
    struct px_request *request = of_down(handler);
    px_request_active(request);
    if (request->answered && !request->up.exchange) {
        mc_exchange_consumed(handler->exchange, slice.length);
        mc_slice_unref(slice);
    } else if (slice.length) {
        px_router_body(request, slice);
    } else {
        mc_slice_unref(slice);
    }
    if (end && !request->done) request_ended(request);
}

static void on_trailers(struct mc_handler *handler, struct mc_headers *trailers)
{
    struct px_request *request = of_down(handler);
    struct mc_headers *kept = mc_arena_take(request->arena, sizeof *kept);
    if (kept) *kept = *trailers;
    request->trailers = kept;
    request_ended(request);
}

static void on_clogged(struct mc_handler *handler, bool clogged)
{
    px_attempt_clogged(of_down(handler), clogged);
}

static const struct mc_handler_type down_type = {
    .head = on_head, .body = on_body, .trailers = on_trailers, .clogged = on_clogged, .ended = on_ended,
};

struct px_request *px_request_new(struct px_downstream *conn, struct mc_exchange *exchange)
{
    struct mc_proxy *proxy = px_downstream_proxy(conn);
    struct px_request *request = mc_pool_take_zero(proxy->pool, sizeof *request);
    if (!request) return NULL;
    request->down.type = &down_type;
    request->conn = conn;
    request->proxy = proxy;
    request->snapshot = mc_snapshot_ref(proxy->snapshot);
    request->arena = &exchange->arena;
    request->started = proxy->turn->now;
    request->completed = MC_NEVER;
    request->route_at = request->try_at = request->idle_at = request->wait_at = MC_NEVER;
    request->down_clogged = conn->http->conn->clogged;
    mc_timer_init(&request->timer, timer_fired);
    mc_list_init(&request->pending);
    mc_slices_init(&request->body, proxy->pool);
    conn->stats->v[PX_HTTP_RQ_TOTAL]++;
    conn->stats->v[PX_HTTP_RQ_ACTIVE]++;
    return request;
}
