/* The connections of a caller to one callee. */
#include "sim/load/caller_parts.h"

static const mc_ns idle_timeout = 90 * MC_S; /* Go net/http, DefaultTransport */

static struct sim_client_conn *conn_of(struct mc_http_conn *http)
{
    return mc_container(http->owner, struct sim_client_conn, owner);
}

static struct mc_pool *memory_of(const struct sim_caller *caller)
{
    return &caller_turn(caller)->realm->pool;
}

static void tell_connection(const struct sim_client_conn *conn, bool opened)
{
    const struct sim_caller *caller = conn->caller;
    caller->observer->type->connection(caller->observer, caller->from, caller->callee->to, conn->stream,
                                       caller_turn(caller)->now, opened);
}

/* ---- idle ones ---- */

static void take_off(struct sim_client_conn *conn)
{
    if (mc_list_empty(&conn->idle)) return;
    mc_list_remove(&conn->idle);
    conn->caller->idle_count--;
}

static bool is_old(const struct sim_client_conn *conn)
{
    mc_ns lifetime = conn->caller->pool->lifetime;
    return lifetime && caller_turn(conn->caller)->now - conn->since >= lifetime;
}

static void close_rested(struct sim_client_conn *conn)
{
    take_off(conn);
    mc_http_drain(conn->http);
    caller_conn_ends(conn);
}

static struct sim_client_conn *take_idle(struct sim_caller *caller)
{
    while (!mc_list_empty(&caller->idle)) {
        struct mc_link *link = caller->pool->oldest_first ? caller->idle.prev : caller->idle.next;
        struct sim_client_conn *conn = mc_container(link, struct sim_client_conn, idle);
        take_off(conn);
        if (!is_old(conn)) return conn;
        close_rested(conn);
    }
    return NULL;
}

/* ---- waiting for one ---- */

static struct sim_http_call *next_in_line(struct sim_caller *caller)
{
    struct mc_link *link = mc_list_first(&caller->line);
    struct sim_http_call *call = link ? mc_container(link, struct sim_http_call, link) : NULL;
    if (!call) return NULL;
    caller_leave_line(call);
    mc_timer_arm(&caller_turn(caller)->timers, &call->timer, call->limit_at);
    return call;
}

static void wait_in_line(struct sim_http_call *call)
{
    struct sim_caller *caller = call->caller;
    const struct sim_pool_plan *pool = caller->pool;
    struct mc_turn *turn = caller_turn(caller);
    if (pool->max_waiting && caller->line_count >= pool->max_waiting) {
        caller_fail_soon(call, SIM_CALL_POOL);
        return;
    }
    caller->line_count++;
    call->in_line = true;
    mc_list_push_back(&caller->line, &call->link);
    mc_ns give_up = pool->wait_timeout ? mc_ns_add(turn->now, pool->wait_timeout) : MC_NEVER;
    if (give_up >= call->limit_at) return;
    call->doom = SIM_CALL_POOL;
    mc_timer_arm(&turn->timers, &call->timer, give_up);
}

void caller_leave_line(struct sim_http_call *call)
{
    if (!call->in_line) return;
    call->in_line = false;
    call->doom = SIM_CALL_NONE;
    call->caller->line_count--;
    mc_list_remove(&call->link);
}

void caller_conn_rests(struct sim_client_conn *conn)
{
    struct sim_caller *caller = conn->caller;
    const struct sim_pool_plan *pool = caller->pool;
    conn->reused = true;
    if (conn->http->draining || !mc_list_empty(&conn->idle)) return;
    if (is_old(conn)) {
        close_rested(conn);
        return;
    }
    struct sim_http_call *next = next_in_line(caller);
    if (next) {
        caller_begin(conn, next);
    } else if (pool->max_idle && caller->idle_count >= pool->max_idle) {
        close_rested(conn);
    } else {
        mc_list_push_front(&caller->idle, &conn->idle);
        caller->idle_count++;
    }
}

static bool open_for(struct sim_http_call *call);

void caller_conn_ends(struct sim_client_conn *conn)
{
    struct sim_caller *caller = conn->caller;
    if (!conn->counted) return;
    conn->counted = false;
    caller->conn_count--;
    struct sim_http_call *next = next_in_line(caller);
    if (next && !open_for(next)) caller_fail_soon(next, SIM_CALL_REFUSED);
}

/* ---- what the codec tells ---- */

static void on_ready(struct mc_http_conn *http)
{
    struct sim_client_conn *conn = conn_of(http);
    mc_timer_disarm(&caller_turn(conn->caller)->timers, &conn->timer);
    conn->established = true;
    tell_connection(conn, true);
    if (conn->call) caller_begin(conn, conn->call);
    else caller_conn_rests(conn);
}

static struct mc_handler *on_request(struct mc_http_conn *http, struct mc_exchange *exchange)
{
    (void)http, (void)exchange;
    mc_unreachable();
}

static void on_idle(struct mc_http_conn *http)
{
    struct sim_client_conn *conn = conn_of(http);
    if (!conn->call) caller_conn_rests(conn);
}

static void on_draining(struct mc_http_conn *http)
{
    struct sim_client_conn *conn = conn_of(http);
    take_off(conn);
    if (!conn->call) caller_conn_ends(conn);
}

static void on_refused(struct mc_http_conn *http, enum mc_refusal refusal)
{
    (void)http, (void)refusal;
}

static void bury_conn(struct mc_grave *grave)
{
    struct sim_client_conn *conn = mc_container(grave, struct sim_client_conn, grave);
    struct mc_pool *pool = memory_of(conn->caller);
    mc_http_free(conn->http);
    mc_pool_give(pool, conn, sizeof *conn);
}

static void on_closed(struct mc_http_conn *http, enum mc_stream_reason reason)
{
    struct sim_client_conn *conn = conn_of(http);
    struct sim_caller *caller = conn->caller;
    struct sim_http_call *call = conn->call;
    take_off(conn);
    mc_list_remove(&conn->link);
    mc_timer_disarm(&caller_turn(caller)->timers, &conn->timer);
    if (conn->established) tell_connection(conn, false);
    mc_turn_bury(caller_turn(caller), &conn->grave, bury_conn);
    conn->call = NULL;
    (void)reason;
    caller_conn_ends(conn);
    if (call) caller_end_try(call, 0, SIM_CALL_CONNECT); /* exchanges were told before: it never got that far */
}

static const struct mc_http_owner_type owner_type = {
    .ready = on_ready, .request = on_request, .idle = on_idle, .draining = on_draining, .refused = on_refused, .closed = on_closed};

/* ---- new ones ---- */

static void connect_timed_out(struct mc_timer *timer)
{
    mc_http_reset(mc_container(timer, struct sim_client_conn, timer)->http);
}

static struct sim_client_conn *open_conn(struct sim_caller *caller)
{
    const struct sim_pool_plan *plan = caller->pool;
    struct mc_http_options options = {.idle_timeout = plan->idle_timeout ? plan->idle_timeout : idle_timeout};
    struct mc_turn *turn = caller_turn(caller);
    struct sim_client_conn *conn = mc_pool_take_zero(memory_of(caller), sizeof *conn);
    if (!conn) return NULL;
    conn->owner = owner_type;
    conn->caller = caller;
    mc_list_init(&conn->idle);
    mc_list_init(&conn->link);
    mc_timer_init(&conn->timer, connect_timed_out);
    conn->http = mc_h1_client(caller->net, &conn->owner, &options);
    if (!conn->http || !mc_conn_open(conn->http->conn, caller->addr)) {
        mc_http_free(conn->http);
        mc_pool_give(memory_of(caller), conn, sizeof *conn);
        return NULL;
    }
    conn->stream = conn->http->conn->stream;
    conn->since = turn->now;
    conn->counted = true;
    caller->conn_count++;
    mc_list_push_back(&caller->conns, &conn->link);
    if (plan->connect_timeout) mc_timer_arm(&turn->timers, &conn->timer, mc_ns_add(turn->now, plan->connect_timeout));
    return conn;
}

static bool open_for(struct sim_http_call *call)
{
    struct sim_client_conn *conn = open_conn(call->caller);
    if (!conn) return false;
    conn->call = call;
    call->conn = conn;
    return true;
}

/* A fresh one if none is free or the last one failed for being old. */
void caller_place(struct sim_http_call *call)
{
    struct sim_caller *caller = call->caller;
    uint32_t most = caller->pool->max_connections;
    struct sim_client_conn *conn = call->once_more ? NULL : take_idle(caller);
    if (conn) caller_begin(conn, call);
    else if (most && caller->conn_count >= most) wait_in_line(call);
    else if (!open_for(call)) caller_fail_soon(call, SIM_CALL_REFUSED);
}
