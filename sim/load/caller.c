#include "sim/load/caller.h"
#include "base/limits.h"
#include "model/config.h"

static const mc_ns idle_timeout = 90 * MC_S;
static const mc_ns name_kept_min = MC_S; /* a name whose answer may not be kept is still not asked for twice at once */

/* A client connection of a pool. The codec tells its owner through a record of functions; every
 * connection has a copy, so that the record is found from it. */
struct sim_client_conn {
    struct mc_http_owner_type owner;
    struct mc_http_conn *http;
    struct sim_caller *caller;
    struct sim_http_call *call; /* NULL: idle */
    struct mc_link link, idle;
    struct mc_grave grave;
    uint64_t stream;
    bool established, reused;
};

static struct sim_client_conn *conn_of(struct mc_http_conn *http)
{
    return mc_container(http->owner, struct sim_client_conn, owner);
}

static struct sim_http_call *call_of(struct mc_handler *handler)
{
    return mc_container(handler, struct sim_http_call, handler);
}

static struct mc_turn *turn_of(const struct sim_caller *caller)
{
    return caller->net->turn;
}

/* ---- budget ---- */

static void budget_turn(struct sim_budget *budget, const struct sim_retry *retry, mc_ns now)
{
    mc_ns width = mc_ns_max(retry->budget_ttl / SIM_BUDGET_CELLS, 1);
    uint64_t cell = (uint64_t)(now / width);
    for (uint32_t i = 0; budget->cell < cell && i < SIM_BUDGET_CELLS; i++) {
        budget->cell++;
        budget->requests[budget->cell % SIM_BUDGET_CELLS] = budget->retries[budget->cell % SIM_BUDGET_CELLS] = 0;
    }
    budget->cell = cell;
}

bool sim_budget_allows(struct sim_budget *budget, const struct sim_retry *retry, mc_ns now)
{
    if (!retry->budget_ppm) return true;
    budget_turn(budget, retry, now);
    uint64_t requests = 0, retries = 0;
    for (uint32_t i = 0; i < SIM_BUDGET_CELLS; i++) {
        requests += budget->requests[i];
        retries += budget->retries[i];
    }
    uint64_t least = retry->budget_min_per_second * (uint64_t)(retry->budget_ttl / MC_S);
    return retries < requests * retry->budget_ppm / 1000000 + least;
}

void sim_budget_count(struct sim_budget *budget, const struct sim_retry *retry, mc_ns now, bool is_retry)
{
    if (!retry->budget_ppm) return;
    budget_turn(budget, retry, now);
    uint64_t *counts = is_retry ? budget->retries : budget->requests;
    counts[budget->cell % SIM_BUDGET_CELLS]++;
}

/* ---- the end of a try, and of a call ---- */

static void try_again(struct sim_http_call *call);

static void unwatch(struct sim_http_call *call)
{
    if (call->watched) call->caller->observer->type->unwatch(call->caller->observer, &call->watch);
    call->watched = false;
}

static void finish(struct sim_http_call *call)
{
    const struct sim_caller *caller = call->caller;
    mc_timer_disarm(&turn_of(caller)->timers, &call->timer);
    struct sim_call_record record = {
        .from = caller->from,
        .to = caller->callee->to,
        .path = call->spec->path,
        .started = call->started,
        .ended = turn_of(caller)->now,
        .first_byte = call->first_byte,
        .code = call->code,
        .failure = call->failure,
        .tries = call->tries,
        .served_by = call->served_by,
        .bytes_up = call->bytes_up,
        .bytes_down = call->bytes_down,
        .trace_hi = call->try_lineage.trace_hi,
        .trace_lo = call->try_lineage.trace_lo,
        .parent = call->try_lineage.parent,
        .watch = &call->watch,
    };
    caller->observer->type->call(caller->observer, &record);
    unwatch(call);
    call->done(call);
}

static bool condition(const struct sim_retry *retry, uint32_t bits)
{
    return (retry->on & bits) != 0;
}

static bool policy_covers(const struct sim_http_call *call, const struct sim_retry *retry)
{
    if (call->failure == SIM_CALL_CONNECT || call->failure == SIM_CALL_NAME)
        return condition(retry, MC_RETRY_ON(5XX) | MC_RETRY_ON(GATEWAY_ERROR) | MC_RETRY_ON(CONNECT_FAILURE) | MC_RETRY_ON(RESET));
    if (call->failure) return condition(retry, MC_RETRY_ON(5XX) | MC_RETRY_ON(GATEWAY_ERROR) | MC_RETRY_ON(RESET));
    for (uint32_t i = 0; i < retry->status_count; i++)
        if (condition(retry, MC_RETRY_ON(RETRIABLE_STATUS)) && retry->statuses[i] == call->code) return true;
    if (call->code >= 502 && call->code <= 504 && condition(retry, MC_RETRY_ON(GATEWAY_ERROR))) return true;
    return call->code >= 500 && condition(retry, MC_RETRY_ON(5XX));
}

static bool may_try_again(struct sim_http_call *call)
{
    if (!call->failure && call->code < 500 && !(call->spec->retry && policy_covers(call, call->spec->retry))) return false;
    if (call->tries < call->spec->tries) return true;
    const struct sim_retry *retry = call->spec->retry;
    if (!retry || call->tries > retry->attempts || !policy_covers(call, retry)) return false;
    return sim_budget_allows(&call->caller->budget, retry, turn_of(call->caller)->now);
}

/* Exponential with full jitter, as Envoy: a draw below min(base × (2^n − 1), max). */
static mc_ns backoff(const struct sim_http_call *call)
{
    const struct sim_retry *retry = call->spec->retry;
    if (!retry) return 0;
    mc_ns base = retry->backoff_base ? retry->backoff_base : 25 * MC_MS;
    mc_ns most = retry->backoff_max ? retry->backoff_max : 10 * base;
    uint32_t doublings = call->tries < 20 ? call->tries : 20;
    mc_ns span = mc_ns_min(base * ((INT64_C(1) << doublings) - 1), most);
    return (mc_ns)mc_below(mc_draw(call->try_lineage.luck, MC_FOR_BACKOFF, 0, call->tries), (uint64_t)span + 1);
}

/* Nothing is told while its owner is still on the stack: the try fails when the timers run next. */
static void fail_soon(struct sim_http_call *call)
{
    struct mc_turn *turn = turn_of(call->caller);
    call->conn = NULL;
    call->refused = true;
    mc_timer_arm(&turn->timers, &call->timer, turn->now);
}

static void end_try(struct sim_http_call *call, uint16_t code, enum sim_call_failure failure)
{
    struct mc_turn *turn = turn_of(call->caller);
    call->conn = NULL;
    call->code = code;
    call->failure = failure;
    if (!may_try_again(call)) {
        finish(call);
        return;
    }
    unwatch(call);
    if (call->spec->retry) sim_budget_count(&call->caller->budget, call->spec->retry, turn->now, true);
    call->backing_off = true;
    mc_timer_arm(&turn->timers, &call->timer, mc_ns_add(turn->now, backoff(call)));
}

/* ---- an exchange ---- */

static struct mc_str host_of(const struct sim_http_call *call)
{
    return call->caller->callee->authority;
}

static bool send_request(struct sim_http_call *call, struct mc_exchange *exchange)
{
    const struct sim_call_spec *spec = call->spec;
    struct mc_head head = {.arena = &exchange->arena,
                           .minor = 1,
                           .method = mc_method_of(spec->method),
                           .method_text = spec->method,
                           .scheme = MC_STR("http"),
                           .authority = host_of(call),
                           .path = spec->path_text,
                           .content_length = spec->body_bytes};
    if (!sim_lineage_write(&call->try_lineage, &head.headers, &exchange->arena)) return false;
    call->body = (struct sim_body){.left = spec->body_bytes};
    call->bytes_up = spec->body_bytes;
    mc_exchange_send_head(exchange, &head, !spec->body_bytes);
    if (spec->body_bytes && call->handler.exchange) sim_body_send(&call->body, exchange, call->caller->filler);
    return true;
}

static void lose_conn(struct sim_client_conn *conn)
{
    conn->call = NULL;
    mc_http_reset(conn->http);
}

static void begin_exchange(struct sim_client_conn *conn, struct sim_http_call *call)
{
    conn->call = call;
    call->conn = conn;
    struct mc_exchange *exchange = mc_http_open(conn->http, &call->handler);
    if (exchange && send_request(call, exchange)) return;
    if (call->conn != conn) return; /* the connection went down while sending, and the try with it */
    if (exchange) mc_exchange_reset(exchange);
    else lose_conn(conn);
    if (call->conn == conn) fail_soon(call);
}

static void on_head(struct mc_handler *handler, struct mc_head *head, bool end)
{
    struct sim_http_call *call = call_of(handler);
    uint64_t party;
    (void)end;
    call->code = head->status;
    call->first_byte = turn_of(call->caller)->now;
    const struct mc_header *by = mc_headers_find(&head->headers, SIM_SERVED_BY);
    call->served_by = by && mc_str_to_u64(by->value, SIM_NO_PARTY - 1, &party) ? (uint32_t)party : SIM_NO_PARTY;
}

static void on_body(struct mc_handler *handler, struct mc_slice slice, bool end)
{
    struct sim_http_call *call = call_of(handler);
    (void)end;
    call->bytes_down += slice.length;
    if (handler->exchange && slice.length) mc_exchange_consumed(handler->exchange, slice.length);
    mc_slice_unref(slice);
}

static void on_trailers(struct mc_handler *handler, struct mc_headers *trailers)
{
    (void)handler, (void)trailers;
}

static void on_clogged(struct mc_handler *handler, bool clogged)
{
    struct sim_http_call *call = call_of(handler);
    if (handler->exchange) sim_body_clogged(&call->body, handler->exchange, call->caller->filler, clogged);
}

static void rest(struct sim_client_conn *conn)
{
    struct sim_caller *caller = conn->caller;
    conn->reused = true;
    if (!conn->http->draining && mc_list_empty(&conn->idle)) mc_list_push_front(&caller->idle, &conn->idle);
}

static void on_ended(struct mc_handler *handler, enum mc_exchange_end end)
{
    struct sim_http_call *call = call_of(handler);
    struct sim_client_conn *conn = call->conn;
    conn->call = NULL;
    if (end == MC_EXCHANGE_DONE) {
        rest(conn);
        end_try(call, call->code, SIM_CALL_NONE);
        return;
    }
    bool closed_while_idle = conn->reused && !call->first_byte && !call->once_more && end != MC_EXCHANGE_NO_MEMORY;
    if (!closed_while_idle) {
        end_try(call, 0, end == MC_EXCHANGE_NO_MEMORY ? SIM_CALL_REFUSED : SIM_CALL_RESET);
        return;
    }
    call->once_more = true;
    call->conn = NULL;
    call->tries--;
    unwatch(call);
    try_again(call);
}

static const struct mc_handler_type handler_type = {
    .head = on_head, .body = on_body, .trailers = on_trailers, .clogged = on_clogged, .ended = on_ended};

/* ---- connections ---- */

static void tell_connection(const struct sim_client_conn *conn, bool opened)
{
    const struct sim_caller *caller = conn->caller;
    caller->observer->type->connection(caller->observer, caller->from, caller->callee->to, conn->stream,
                                       turn_of(caller)->now, opened);
}

static void on_ready(struct mc_http_conn *http)
{
    struct sim_client_conn *conn = conn_of(http);
    conn->established = true;
    tell_connection(conn, true);
    if (conn->call) begin_exchange(conn, conn->call);
    else rest(conn);
}

static struct mc_handler *on_request(struct mc_http_conn *http, struct mc_exchange *exchange)
{
    (void)http, (void)exchange;
    mc_unreachable();
}

static void on_idle(struct mc_http_conn *http)
{
    struct sim_client_conn *conn = conn_of(http);
    if (!conn->call) rest(conn);
}

static void on_draining(struct mc_http_conn *http)
{
    mc_list_remove(&conn_of(http)->idle);
}

static void on_refused(struct mc_http_conn *http, enum mc_refusal refusal)
{
    (void)http, (void)refusal;
}

static void bury_conn(struct mc_grave *grave)
{
    struct sim_client_conn *conn = mc_container(grave, struct sim_client_conn, grave);
    struct mc_pool *pool = &turn_of(conn->caller)->realm->pool;
    mc_http_free(conn->http);
    mc_pool_give(pool, conn, sizeof *conn);
}

static void on_closed(struct mc_http_conn *http, enum mc_stream_reason reason)
{
    struct sim_client_conn *conn = conn_of(http);
    struct sim_caller *caller = conn->caller;
    struct sim_http_call *call = conn->call;
    mc_list_remove(&conn->idle);
    mc_list_remove(&conn->link);
    if (conn->established) tell_connection(conn, false);
    mc_turn_bury(turn_of(caller), &conn->grave, bury_conn);
    conn->call = NULL;
    (void)reason;
    if (call) end_try(call, 0, SIM_CALL_CONNECT); /* exchanges were told before: it never got that far */
}

static const struct mc_http_owner_type owner_type = {
    .ready = on_ready, .request = on_request, .idle = on_idle, .draining = on_draining, .refused = on_refused, .closed = on_closed};

static struct sim_client_conn *open_conn(struct sim_caller *caller)
{
    struct mc_http_options options = {.idle_timeout = idle_timeout};
    struct mc_pool *pool = &turn_of(caller)->realm->pool;
    struct sim_client_conn *conn = mc_pool_take_zero(pool, sizeof *conn);
    if (!conn) return NULL;
    conn->owner = owner_type;
    conn->caller = caller;
    mc_list_init(&conn->idle);
    mc_list_init(&conn->link);
    conn->http = mc_h1_client(caller->net, &conn->owner, &options);
    if (!conn->http || !mc_conn_open(conn->http->conn, caller->addr)) {
        mc_http_free(conn->http);
        mc_pool_give(pool, conn, sizeof *conn);
        return NULL;
    }
    conn->stream = conn->http->conn->stream;
    mc_list_push_back(&caller->conns, &conn->link);
    return conn;
}

/* ---- tries ---- */

static void limit_fired(struct sim_http_call *call)
{
    struct sim_client_conn *conn = call->conn;
    mc_list_remove(&call->link);
    call->conn = NULL;
    if (conn) {
        conn->call = NULL;
        if (call->handler.exchange) mc_exchange_reset(call->handler.exchange); /* else it is connecting: the next call may have it */
    }
    end_try(call, 0, call->refused ? SIM_CALL_REFUSED : SIM_CALL_TIMEOUT);
}

static void timer_fired(struct mc_timer *timer)
{
    struct sim_http_call *call = mc_container(timer, struct sim_http_call, timer);
    if (!call->backing_off) {
        limit_fired(call);
        return;
    }
    call->backing_off = false;
    call->once_more = false;
    try_again(call);
}

static mc_ns limit_of(const struct sim_call_spec *spec)
{
    mc_ns per_try = spec->retry ? spec->retry->per_try_timeout : 0;
    if (!spec->timeout || (per_try && per_try < spec->timeout)) return per_try;
    return spec->timeout;
}

/* The name is known: onto a connection, a fresh one if none is free or the last one failed for being old. */
static void place(struct sim_http_call *call)
{
    struct sim_caller *caller = call->caller;
    struct mc_link *idle = call->once_more ? NULL : mc_list_pop_front(&caller->idle);
    struct sim_client_conn *conn = idle ? mc_container(idle, struct sim_client_conn, idle) : open_conn(caller);
    if (!conn) {
        fail_soon(call);
        return;
    }
    conn->call = call;
    call->conn = conn;
    if (idle) begin_exchange(conn, call);
}

static void find_name(struct sim_http_call *call)
{
    struct sim_caller *caller = call->caller;
    mc_list_push_back(&caller->waiting, &call->link);
    if (caller->resolving) return;
    caller->resolving = true;
    mc_turn_resolve(turn_of(caller), caller->query, caller->callee->name);
}

static void try_again(struct sim_http_call *call)
{
    struct sim_caller *caller = call->caller;
    struct mc_turn *turn = turn_of(caller);
    mc_ns limit = limit_of(call->spec);
    call->tries++;
    call->refused = false;
    call->code = 0;
    call->first_byte = 0;
    call->served_by = SIM_NO_PARTY;
    call->bytes_down = 0;
    call->handler = (struct mc_handler){.type = &handler_type};
    call->try_lineage = call->is_root && call->tries == 1 ? call->lineage : sim_lineage_child(&call->lineage, call->step, call->tries);
    call->watch = (struct sim_watch){.span = call->try_lineage.span};
    caller->observer->type->watch(caller->observer, &call->watch);
    call->watched = true;
    mc_timer_arm(&turn->timers, &call->timer, limit ? mc_ns_add(turn->now, limit) : MC_NEVER);
    if (turn->now < caller->fresh_until) place(call);
    else find_name(call);
}

void sim_http_call_start(struct sim_http_call *call, struct sim_caller *caller, const struct sim_call_spec *spec, mc_ns started)
{
    struct mc_turn *turn = turn_of(caller);
    call->caller = caller;
    call->spec = spec;
    call->started = started;
    mc_list_init(&call->link);
    mc_timer_init(&call->timer, timer_fired);
    if (spec->retry) sim_budget_count(&caller->budget, spec->retry, turn->now, false);
    call->backing_off = false;
    try_again(call);
}

void sim_http_call_cancel(struct sim_http_call *call)
{
    struct sim_client_conn *conn = call->conn;
    mc_timer_disarm(&turn_of(call->caller)->timers, &call->timer);
    mc_list_remove(&call->link);
    unwatch(call);
    if (!conn) return;
    conn->call = NULL;
    if (call->handler.exchange) mc_exchange_reset(call->handler.exchange);
}

/* ---- names ---- */

void sim_caller_init(struct sim_caller *caller, const struct sim_callee *callee, struct mc_net *net,
                     struct sim_observer *observer, uint32_t from, uint32_t query)
{
    *caller = (struct sim_caller){.callee = callee, .net = net, .observer = observer, .from = from, .query = query};
    mc_list_init(&caller->idle);
    mc_list_init(&caller->conns);
    mc_list_init(&caller->waiting);
    caller->fresh_until = INT64_MIN;
}

void sim_caller_resolved(struct sim_caller *caller, const struct mc_event *event)
{
    struct mc_link waiting;
    bool found = event->resolved.reason == MC_REASON_NONE && event->resolved.count > 0;
    caller->resolving = false;
    if (found) {
        caller->addr = event->resolved.addrs[0];
        caller->addr.port = caller->callee->port;
        caller->fresh_until = mc_ns_add(event->now, mc_ns_max(event->resolved.ttl, name_kept_min));
    }
    mc_list_init(&waiting);
    mc_list_splice(&waiting, &caller->waiting);
    for (struct mc_link *link; (link = mc_list_pop_front(&waiting));) {
        struct sim_http_call *call = mc_container(link, struct sim_http_call, link);
        if (found) place(call);
        else end_try(call, 0, SIM_CALL_NAME);
    }
}
