#include "sim/load/caller_parts.h"
#include "sim/load/deadline.h"

static const mc_ns name_kept_min = MC_S; /* a name whose answer may not be kept is still not asked for twice at once */

static struct sim_http_call *call_of(struct mc_handler *handler)
{
    return mc_container(handler, struct sim_http_call, handler);
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
    mc_timer_disarm(&caller_turn(caller)->timers, &call->timer);
    struct sim_call_record record = {
        .from = caller->from,
        .to = caller->callee->to,
        .path = call->spec->path,
        .started = call->started,
        .ended = caller_turn(caller)->now,
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

void caller_fail_soon(struct sim_http_call *call, enum sim_call_failure failure)
{
    struct mc_turn *turn = caller_turn(call->caller);
    call->conn = NULL;
    call->doom = failure;
    mc_timer_arm(&turn->timers, &call->timer, turn->now);
}

void caller_end_try(struct sim_http_call *call, uint16_t code, enum sim_call_failure failure)
{
    struct mc_turn *turn = caller_turn(call->caller);
    call->conn = NULL;
    call->code = code;
    call->failure = failure;
    mc_ns pause = 0;
    bool again = caller_may_try_again(call);
    if (again) {
        pause = caller_backoff(call);
        again = !call->deadline || mc_ns_add(turn->now, pause) < call->deadline;
    }
    if (!again) {
        finish(call);
        return;
    }
    unwatch(call);
    if (call->spec->retry) sim_budget_count(&call->caller->budget, call->spec->retry, turn->now, true);
    call->backing_off = true;
    mc_timer_arm(&turn->timers, &call->timer, mc_ns_add(turn->now, pause));
}

/* ---- an exchange ---- */

static struct mc_str host_of(const struct sim_http_call *call)
{
    return call->caller->callee->authority;
}

/* That the connection is not kept, and how long the answer is waited for. */
static bool add_terms(const struct sim_http_call *call, struct mc_head *head)
{
    const struct sim_caller *caller = call->caller;
    bool last = caller->pool->uses && call->conn->uses >= caller->pool->uses;
    if (last && !mc_ok(mc_headers_add_known(&head->headers, head->arena, MC_HEADER_CONNECTION, MC_STR("close")))) return false;
    if (!caller->tells_deadline || call->limit_at == MC_NEVER) return true;
    return sim_deadline_write(call->limit_at - caller_turn(caller)->now, head);
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
    if (!sim_lineage_write(&call->try_lineage, &head.headers, &exchange->arena) || !add_terms(call, &head)) return false;
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

void caller_begin(struct sim_client_conn *conn, struct sim_http_call *call)
{
    conn->call = call;
    call->conn = conn;
    conn->uses++;
    struct mc_exchange *exchange = mc_http_open(conn->http, &call->handler);
    if (exchange && send_request(call, exchange)) return;
    if (call->conn != conn) return; /* the connection went down while sending, and the try with it */
    if (exchange) mc_exchange_reset(exchange);
    else lose_conn(conn);
    if (call->conn == conn) caller_fail_soon(call, SIM_CALL_REFUSED);
}

static void on_head(struct mc_handler *handler, struct mc_head *head, bool end)
{
    struct sim_http_call *call = call_of(handler);
    uint64_t party;
    (void)end;
    call->code = head->status;
    call->first_byte = caller_turn(call->caller)->now;
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

static void on_ended(struct mc_handler *handler, enum mc_exchange_end end)
{
    struct sim_http_call *call = call_of(handler);
    struct sim_client_conn *conn = call->conn;
    conn->call = NULL;
    if (end == MC_EXCHANGE_DONE) {
        if (conn->http->draining) caller_conn_ends(conn);
        else caller_conn_rests(conn);
        caller_end_try(call, call->code, SIM_CALL_NONE);
        return;
    }
    bool closed_while_idle = conn->reused && !call->first_byte && !call->once_more && end != MC_EXCHANGE_NO_MEMORY;
    if (!closed_while_idle) {
        caller_end_try(call, 0, end == MC_EXCHANGE_NO_MEMORY ? SIM_CALL_REFUSED : SIM_CALL_RESET);
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

/* ---- tries ---- */

static void limit_fired(struct sim_http_call *call)
{
    struct sim_client_conn *conn = call->conn;
    enum sim_call_failure failure = call->doom ? call->doom : SIM_CALL_TIMEOUT;
    caller_leave_line(call);
    mc_list_remove(&call->link);
    call->conn = NULL;
    if (conn) {
        conn->call = NULL;
        if (call->handler.exchange) mc_exchange_reset(call->handler.exchange); /* else it is connecting: the next call may have it */
    }
    caller_end_try(call, 0, failure);
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

static void find_name(struct sim_http_call *call)
{
    struct sim_caller *caller = call->caller;
    mc_list_push_back(&caller->waiting, &call->link);
    call->lookup = 0;
    if (caller->callee->lookup_each) {
        caller->lookups = caller->lookups % ((1u << (32 - SIM_LOOKUP_SHIFT)) - 1) + 1;
        call->lookup = caller->lookups;
        mc_turn_resolve(caller_turn(caller), caller->query | call->lookup << SIM_LOOKUP_SHIFT, caller->callee->name);
        return;
    }
    if (caller->resolving) return;
    caller->resolving = true;
    mc_turn_resolve(caller_turn(caller), caller->query, caller->callee->name);
}

static void try_again(struct sim_http_call *call)
{
    struct sim_caller *caller = call->caller;
    struct mc_turn *turn = caller_turn(caller);
    mc_ns limit = limit_of(call->spec);
    call->tries++;
    call->doom = SIM_CALL_NONE;
    call->code = 0;
    call->first_byte = 0;
    call->served_by = SIM_NO_PARTY;
    call->bytes_down = 0;
    call->handler = (struct mc_handler){.type = &handler_type};
    call->try_lineage = call->is_root && call->tries == 1 ? call->lineage : sim_lineage_child(&call->lineage, call->step, call->tries);
    call->watch = (struct sim_watch){.span = call->try_lineage.span};
    caller->observer->type->watch(caller->observer, &call->watch);
    call->watched = true;
    call->limit_at = limit ? mc_ns_add(turn->now, limit) : MC_NEVER;
    if (call->deadline) call->limit_at = mc_ns_min(call->limit_at, call->deadline);
    mc_timer_arm(&turn->timers, &call->timer, call->limit_at);
    bool connected = !call->once_more && !mc_list_empty(&caller->idle); /* a connection needs no name */
    if (connected || turn->now < caller->fresh_until) caller_place(call);
    else find_name(call);
}

void sim_http_call_start(struct sim_http_call *call, struct sim_caller *caller, const struct sim_call_spec *spec, mc_ns started)
{
    struct mc_turn *turn = caller_turn(caller);
    call->caller = caller;
    call->spec = spec;
    call->started = started;
    mc_list_init(&call->link);
    mc_timer_init(&call->timer, timer_fired);
    if (spec->deadline) {
        mc_ns own = mc_ns_add(turn->now, spec->deadline);
        call->deadline = call->deadline ? mc_ns_min(call->deadline, own) : own;
    }
    if (spec->retry) sim_budget_count(&caller->budget, spec->retry, turn->now, false);
    call->backing_off = false;
    try_again(call);
}

void sim_http_call_cancel(struct sim_http_call *call)
{
    struct sim_client_conn *conn = call->conn;
    mc_timer_disarm(&caller_turn(call->caller)->timers, &call->timer);
    caller_leave_line(call);
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
    mc_list_init(&caller->line);
    caller->fresh_until = INT64_MIN;
}

/* The calls that LOOKUP was for; none: it has given up meanwhile. */
static void take_waiting(struct sim_caller *caller, uint32_t lookup, struct mc_link *to)
{
    if (!lookup) {
        mc_list_splice(to, &caller->waiting);
        return;
    }
    mc_list_each(link, &caller->waiting) {
        if (mc_container(link, struct sim_http_call, link)->lookup != lookup) continue;
        mc_list_remove(link);
        mc_list_push_back(to, link);
        return;
    }
}

void sim_caller_resolved(struct sim_caller *caller, const struct mc_event *event)
{
    struct mc_link waiting;
    bool found = event->resolved.reason == MC_REASON_NONE && event->resolved.count > 0;
    uint32_t lookup = event->resolved.query >> SIM_LOOKUP_SHIFT;
    if (!lookup) caller->resolving = false;
    if (found) {
        caller->addr = event->resolved.addrs[0];
        caller->addr.port = caller->callee->port;
        mc_ns kept = caller->callee->cache_given ? caller->callee->cache : mc_ns_max(event->resolved.ttl, name_kept_min);
        caller->fresh_until = mc_ns_add(event->now, kept);
    }
    mc_list_init(&waiting);
    take_waiting(caller, lookup, &waiting);
    for (struct mc_link *link; (link = mc_list_pop_front(&waiting));) {
        struct sim_http_call *call = mc_container(link, struct sim_http_call, link);
        if (found) caller_place(call);
        else caller_end_try(call, 0, SIM_CALL_NAME);
    }
}
