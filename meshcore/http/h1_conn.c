/* The life of an HTTP/1.1 connection and its exchanges (RFC 9112 §9). */
#include "http/date.h"
#include "http/h1.h"

static struct h1 *h1_of_conn(struct mc_conn *conn)
{
    return mc_container(conn, struct h1, conn);
}

static struct mc_pool *pool_of(struct h1 *h1)
{
    return &h1->http.turn->realm->pool;
}

/* ---- exchanges ---- */

static void bury_exchange(struct mc_grave *grave)
{
    struct h1_exchange *exchange = mc_container(grave, struct h1_exchange, grave);
    struct mc_pool *pool = exchange->base.arena.pool;
    mc_slices_fini(&exchange->base.kept);
    mc_arena_fini(&exchange->base.arena);
    mc_pool_give(pool, exchange, sizeof *exchange);
}

static struct h1_exchange *new_exchange(struct h1 *h1)
{
    struct h1_exchange *exchange = mc_pool_take(pool_of(h1), sizeof *exchange);
    if (!exchange) return NULL;
    *exchange = (struct h1_exchange){.base.conn = &h1->http, .left = -1};
    mc_arena_init(&exchange->base.arena, pool_of(h1), 0);
    mc_slices_init(&exchange->base.kept, pool_of(h1));
    h1->http.exchange_count++;
    h1->http.exchange_total++;
    return exchange;
}

/* Takes the exchange off the connection; its memory goes when the step ends. */
static struct mc_handler *detach(struct h1 *h1)
{
    struct h1_exchange *exchange = h1->current;
    struct mc_handler *handler = exchange->base.handler;
    h1->current = NULL;
    h1->http.exchange_count--;
    exchange->base.handler = NULL;
    if (handler) handler->exchange = NULL;
    mc_turn_bury(h1->http.turn, &exchange->grave, bury_exchange);
    return handler;
}

static void end_exchange(struct h1 *h1, enum mc_exchange_end end)
{
    if (!h1->current) return;
    struct mc_handler *handler = detach(h1);
    if (handler) handler->type->ended(handler, end);
}

struct h1_exchange *h1_begin_exchange(struct h1 *h1)
{
    return h1->current ? h1->current : new_exchange(h1);
}

/* ---- timers ---- */

static void arm(struct h1 *h1, mc_ns after)
{
    mc_timer_arm(&h1->http.turn->timers, &h1->timer, after ? mc_ns_add(h1->http.turn->now, after) : MC_NEVER);
}

/* An exchange is under way: no time runs, the next rest begins it anew. Moving a timer back costs a store,
 * stopping and starting it with every exchange two walks through the heap; if it comes up meanwhile it does
 * nothing. */
static void postpone(struct h1 *h1)
{
    arm(h1, h1->options.idle_timeout);
}

static void discard(struct h1 *h1, struct mc_slice slice)
{
    mc_conn_consumed(&h1->conn, slice.length);
    mc_slice_unref(slice);
}

static void linger(struct h1 *h1)
{
    h1_encode_flush(h1);
    h1->state = H1_LINGERING;
    while (h1->waiting.count) discard(h1, mc_slices_pop(&h1->waiting, UINT32_MAX));
    mc_conn_finish(&h1->conn);
    arm(h1, h1->options.linger);
}

/* Between exchanges: wait for the next, or close. */
static void rest(struct h1 *h1)
{
    h1->rest_due = false;
    if (h1->http.draining || h1->close_after || h1->peer_ended) {
        linger(h1);
        return;
    }
    arm(h1, h1->options.idle_timeout);
    h1->http.owner->idle(&h1->http);
}

static bool is_in_head(const struct h1 *h1)
{
    return h1->http.is_server && h1->state == H1_OPEN && h1->current && !h1->current->head_received;
}

static void refuse(struct h1 *h1, enum mc_refusal refusal);

static void timer_fired(struct mc_timer *timer)
{
    struct h1 *h1 = mc_container(timer, struct h1, timer);
    if (h1->state == H1_LINGERING) mc_conn_reset(&h1->conn);
    else if (is_in_head(h1)) refuse(h1, MC_REFUSAL_TIMEOUT);
    else if (!h1->current) linger(h1);
}

/* ---- what the decoder delivers ---- */

static bool alive(const struct h1 *h1)
{
    return h1->state == H1_OPEN && h1->current;
}

static bool deliver_request(struct h1 *h1, bool end)
{
    struct h1_exchange *exchange = h1->current;
    postpone(h1);
    mc_turn_work(h1->http.turn, MC_WORK_REQUEST, 1);
    struct mc_handler *handler = h1->http.owner->request(&h1->http, &exchange->base);
    if (!handler) {
        h1->refusal = MC_REFUSAL_OVERLOADED;
        return false;
    }
    exchange->base.handler = handler;
    handler->exchange = &exchange->base;
    exchange->head_received = true;
    exchange->base.received = end; /* an answer given during the call is not an early one */
    handler->type->head(handler, &h1->head, end);
    return h1->state != H1_GONE;
}

/* 1xx responses announce; 101 would switch protocols, which was never asked for. */
static bool deliver_response(struct h1 *h1, bool end)
{
    struct h1_exchange *exchange = h1->current;
    struct mc_handler *handler = exchange->base.handler;
    if (h1->head.status == 101) {
        mc_conn_reset(&h1->conn);
        return false;
    }
    if (h1->head.status < 200) {
        if (handler && handler->type->informed) handler->type->informed(handler, h1->head.status);
        return alive(h1);
    }
    exchange->head_received = true;
    exchange->base.received = end;
    mc_turn_work(h1->http.turn, MC_WORK_RESPONSE, 1);
    if (handler) handler->type->head(handler, &h1->head, end);
    return h1->state != H1_GONE;
}

bool h1_deliver_head(struct h1 *h1, bool end)
{
    return h1->http.is_server ? deliver_request(h1, end) : deliver_response(h1, end);
}

bool h1_deliver_body(struct h1 *h1, struct mc_slice slice, bool end)
{
    struct mc_handler *handler = h1->current ? h1->current->base.handler : NULL;
    if (!handler || !slice.chunk) {
        mc_conn_consumed(&h1->conn, slice.length);
        mc_slice_unref(slice);
        return h1->state != H1_GONE;
    }
    h1->current->base.body_in += slice.length;
    mc_turn_work(h1->http.turn, MC_WORK_BODY_BYTE, slice.length);
    handler->type->body(handler, slice, end);
    return h1->state != H1_GONE;
}

static void complete(struct h1 *h1);

/* The message is whole. A head that said `end` has told its handler already. */
static void deliver_end(struct h1 *h1)
{
    struct h1_exchange *exchange = h1->current;
    if (!exchange || !exchange->head_received) return;
    struct mc_handler *handler = exchange->base.handler;
    exchange->base.received = true;
    if (handler && h1->trailers.count) handler->type->trailers(handler, &h1->trailers);
    else if (handler && h1->body_follows) handler->type->body(handler, mc_slice_none(), true);
    if (h1->state != H1_GONE) complete(h1);
}

/* ---- input ---- */

/* Nobody above has seen the request, so that the fields that they would have added are added here: Date
 * (RFC 9110 §6.6.1 demands it) and Server. */
static void answer_refusal(struct h1 *h1, enum mc_refusal refusal)
{
    struct mc_str text = mc_str_c(mc_refusal_text(refusal)), server = h1->options.server_name;
    char digits[20], date[MC_DATE_MAX];
    h1_encode_text(h1, MC_STR("HTTP/1.1 "));
    h1_encode_text(h1, mc_str(digits, mc_u64_to_text(mc_refusal_status(refusal), digits)));
    h1_encode_text(h1, MC_STR(" "));
    h1_encode_text(h1, mc_status_reason(mc_refusal_status(refusal)));
    h1_encode_text(h1, MC_STR("\r\ncontent-type: text/plain\r\nconnection: close\r\ndate: "));
    h1_encode_text(h1, mc_str(date, mc_http_date(h1->http.turn->wall, date)));
    if (server.n) {
        h1_encode_text(h1, MC_STR("\r\nserver: "));
        h1_encode_text(h1, server);
    }
    h1_encode_text(h1, MC_STR("\r\ncontent-length: "));
    h1_encode_text(h1, mc_str(digits, mc_u64_to_text(text.n, digits)));
    h1_encode_text(h1, MC_STR("\r\n\r\n"));
    h1_encode_text(h1, text);
}

static void refuse(struct h1 *h1, enum mc_refusal refusal)
{
    struct mc_turn *turn = h1->http.turn;
    mc_trace(turn, REFUSED, h1->conn.stream, mc_refusal_status(refusal), refusal);
    if (!h1->http.is_server) {
        end_exchange(h1, MC_EXCHANGE_PROTOCOL_ERROR);
        mc_conn_reset(&h1->conn);
        return;
    }
    bool answered = h1->current && h1->current->head_sent;
    end_exchange(h1, MC_EXCHANGE_PROTOCOL_ERROR);
    h1->http.owner->refused(&h1->http, refusal);
    if (h1->state != H1_OPEN) return;
    if (!answered) answer_refusal(h1, refusal);
    if (h1->state == H1_OPEN) linger(h1);
}

/* Whether the next bytes belong to a message that may be parsed now. */
static bool may_parse(const struct h1 *h1)
{
    if (h1->state != H1_OPEN) return false;
    if (!h1->http.is_server) return h1->current && !h1->current->base.received;
    return h1->current ? !h1->current->base.received : !h1->close_after && !h1->http.draining;
}

/* The peer has ended and all it sent is parsed: a message that is not whole now is cut short, unless
 * the end is what delimits it. */
static void end_message(struct h1 *h1)
{
    enum mc_refusal refusal = h1_decode_end(h1);
    if (!refusal && h1->message_done) deliver_end(h1);
    if (h1->state != H1_OPEN) return;
    if (!refusal && !(h1->current && !h1->current->base.received)) return;
    end_exchange(h1, MC_EXCHANGE_CONNECTION_CLOSED);
    mc_conn_reset(&h1->conn);
}

/* What comes next, once nothing more can be parsed. Bytes that no exchange takes are either behind the
 * last request of a connection or answers to nothing. */
static void settle(struct h1 *h1)
{
    if (h1->state != H1_OPEN) return;
    if (h1->current) {
        if (h1->peer_ended && !h1->current->base.received && !h1->waiting.count) end_message(h1);
        return;
    }
    if (h1->waiting.count) linger(h1);
    else if (h1->rest_due) rest(h1);
}

/* One slice, up to the end of a message. False: nothing more can be parsed. */
static bool parse_slice(struct h1 *h1)
{
    struct mc_slice left, slice = mc_slices_pop(&h1->waiting, UINT32_MAX);
    bool was_idle = h1_decode_is_idle(h1);
    enum mc_refusal refusal = h1_decode(h1, slice, &left);
    if (was_idle && is_in_head(h1)) arm(h1, h1->options.head_timeout ? h1->options.head_timeout : h1->options.idle_timeout);
    if (h1->state != H1_OPEN || refusal) {
        discard(h1, left);
        if (refusal && h1->state == H1_OPEN) refuse(h1, refusal);
        return false;
    }
    if (!left.length) {
        mc_slice_unref(left);
    } else if (!mc_slices_unpop(&h1->waiting, left)) {
        mc_conn_reset(&h1->conn);
        return false;
    }
    if (h1_decode_is_idle(h1)) deliver_end(h1);
    return h1->state == H1_OPEN;
}

/* Not entered again by what it delivers: an exchange that ends meanwhile is followed by the loop's next
 * round, so that a long pipeline needs no deep stack. */
static void parse_waiting(struct h1 *h1)
{
    if (h1->parsing) return;
    h1->parsing = true;
    while (h1->waiting.count && may_parse(h1) && parse_slice(h1)) {}
    h1->parsing = false;
    settle(h1);
}

static void on_data(struct mc_conn *conn, struct mc_slice slice)
{
    struct h1 *h1 = h1_of_conn(conn);
    if (h1->state != H1_OPEN) {
        discard(h1, slice);
        return;
    }
    if (slice.chunk->modelled || !mc_slices_push(&h1->waiting, slice)) {
        if (slice.chunk->modelled) mc_slice_unref(slice);
        mc_conn_reset(conn);
        return;
    }
    parse_waiting(h1);
}

static void on_end(struct mc_conn *conn)
{
    struct h1 *h1 = h1_of_conn(conn);
    h1->peer_ended = true;
    if (h1->state != H1_OPEN) return;
    if (!h1->http.is_server && !h1->http.draining) {
        h1->http.draining = true;
        h1->http.owner->draining(&h1->http);
    }
    if (h1->state != H1_OPEN) return;
    if (h1->current) settle(h1);
    else linger(h1);
}

/* ---- the end of an exchange ---- */

/* Called whenever a direction has ended; the exchange ends with the second. */
static void complete(struct h1 *h1)
{
    struct h1_exchange *exchange = h1->current;
    if (!exchange || !exchange->base.sent) return;
    if (!exchange->base.received) {
        if (!h1->http.is_server) return;
        h1->close_after = true; /* answered before the request was whole: what is left of it is not read */
        end_exchange(h1, MC_EXCHANGE_DONE);
        if (h1->state == H1_OPEN) linger(h1);
        return;
    }
    if (!h1->http.is_server && h1->close_after && !h1->http.draining) {
        h1->http.draining = true;
        h1->http.owner->draining(&h1->http);
    }
    end_exchange(h1, MC_EXCHANGE_DONE);
    if (h1->state != H1_OPEN || h1->current) return;
    h1->rest_due = true;
    parse_waiting(h1);
}

/* ---- calls down ---- */

static void finish_sending(struct h1 *h1, struct h1_exchange *exchange)
{
    exchange->base.sent = true;
    if (exchange->left > 0 && !exchange->no_body) { /* fewer bytes than were announced */
        h1_encode_flush(h1);
        mc_conn_reset(&h1->conn);
        return;
    }
    complete(h1);
}

static void send_head(struct mc_exchange *base, const struct mc_head *head, bool end)
{
    struct h1 *h1 = h1_of(base->conn);
    struct h1_exchange *exchange = h1_exchange_of(base);
    if (h1->http.draining && h1->http.is_server) h1->close_after = true;
    if (head->is_response && !base->received && end) h1->close_after = true;
    exchange->head_sent = true;
    exchange->wants_continue = false;
    if (!head->is_response) exchange->method = head->method;
    h1_encode_head(h1, exchange, head, end);
    if (end && h1->state == H1_OPEN) {
        exchange->left = 0;
        finish_sending(h1, exchange);
    }
}

static void send_continue(struct mc_exchange *base)
{
    struct h1_exchange *exchange = h1_exchange_of(base);
    if (!exchange->wants_continue || exchange->base.body_in) return;
    exchange->wants_continue = false;
    h1_encode_text(h1_of(base->conn), MC_STR("HTTP/1.1 100 Continue\r\n\r\n"));
}

static void send_body(struct mc_exchange *base, struct mc_slice slice, bool end)
{
    struct h1 *h1 = h1_of(base->conn);
    struct h1_exchange *exchange = h1_exchange_of(base);
    base->body_out += slice.length;
    h1_encode_body(h1, exchange, slice);
    if (!end || h1->state != H1_OPEN) return;
    h1_encode_trailers(h1, exchange, NULL);
    if (h1->state == H1_OPEN) finish_sending(h1, exchange);
}

static void send_trailers(struct mc_exchange *base, const struct mc_headers *trailers)
{
    struct h1 *h1 = h1_of(base->conn);
    h1_encode_trailers(h1, h1_exchange_of(base), trailers);
    if (h1->state == H1_OPEN) finish_sending(h1, h1_exchange_of(base));
}

/* The handler gives up: with HTTP/1 the connection goes with it. A server that has sent nothing yet
 * loses the answer; senders of errors send a head instead. */
static void reset_exchange(struct mc_exchange *base)
{
    struct h1 *h1 = h1_of(base->conn);
    if (!h1->current || &h1->current->base != base) return;
    detach(h1);
    mc_conn_reset(&h1->conn);
}

static void consumed(struct mc_exchange *base, uint32_t bytes)
{
    mc_conn_consumed(&h1_of(base->conn)->conn, bytes);
}

static uint32_t room(const struct mc_http_conn *conn)
{
    const struct h1 *h1 = mc_container(conn, struct h1, http);
    return h1->state == H1_OPEN && h1->established && !h1->decoding && !h1->current && !h1->waiting.count && !conn->draining;
}

static struct mc_exchange *open_exchange(struct mc_http_conn *conn, struct mc_handler *handler)
{
    struct h1 *h1 = h1_of(conn);
    struct h1_exchange *exchange = new_exchange(h1);
    if (!exchange) return NULL;
    h1->rest_due = false;
    h1->current = exchange;
    exchange->base.handler = handler;
    handler->exchange = &exchange->base;
    postpone(h1);
    return &exchange->base;
}

static void drain(struct mc_http_conn *conn)
{
    struct h1 *h1 = h1_of(conn);
    conn->draining = true;
    if (h1->state == H1_OPEN && !h1->current && h1->established) linger(h1);
}

/* ---- the connection ---- */

static void on_ready(struct mc_conn *conn)
{
    struct h1 *h1 = h1_of_conn(conn);
    h1->established = true;
    if (!h1->http.is_server) {
        h1->http.owner->ready(&h1->http);
        return;
    }
    arm(h1, h1->options.head_timeout ? h1->options.head_timeout : h1->options.idle_timeout);
}

static void on_clogged(struct mc_conn *conn, bool clogged)
{
    struct h1 *h1 = h1_of_conn(conn);
    struct mc_handler *handler = h1->current ? h1->current->base.handler : NULL;
    if (handler) handler->type->clogged(handler, clogged);
}

static enum mc_exchange_end end_of(enum mc_stream_reason reason)
{
    return reason == MC_REASON_NONE ? MC_EXCHANGE_CONNECTION_CLOSED : MC_EXCHANGE_CONNECTION_RESET;
}

static void on_closed(struct mc_conn *conn, enum mc_stream_reason reason)
{
    struct h1 *h1 = h1_of_conn(conn);
    h1->state = H1_GONE;
    mc_timer_disarm(&h1->http.turn->timers, &h1->timer);
    h1_encode_drop(h1);
    mc_slices_fini(&h1->waiting);
    end_exchange(h1, end_of(reason));
    h1->http.owner->closed(&h1->http, reason);
}

static const struct mc_conn_type conn_type = {
    .name = "h1", .ready = on_ready, .data = on_data, .end = on_end, .clogged = on_clogged, .closed = on_closed,
};

static void bury(struct mc_grave *grave)
{
    struct h1 *h1 = mc_container(grave, struct h1, grave);
    mc_pool_give(pool_of(h1), h1, sizeof *h1);
}

static void free_conn(struct mc_http_conn *conn)
{
    struct h1 *h1 = h1_of(conn);
    mc_assert(h1->conn.state == MC_CONN_IDLE);
    mc_timer_disarm(&conn->turn->timers, &h1->timer);
    mc_turn_bury(conn->turn, &h1->grave, bury);
}

static const struct mc_codec_type codec_type = {
    .name = "h1", .room = room, .open = open_exchange, .send_head = send_head, .send_continue = send_continue,
    .send_body = send_body, .send_trailers = send_trailers, .reset = reset_exchange, .consumed = consumed,
    .drain = drain, .free = free_conn,
};

static struct mc_http_conn *new_conn(struct mc_net *net, const struct mc_http_owner_type *owner,
                                     const struct mc_http_options *options, bool is_server)
{
    struct h1 *h1 = mc_pool_take_zero(&net->turn->realm->pool, sizeof *h1);
    if (!h1) return NULL;
    h1->http = (struct mc_http_conn){.codec = &codec_type, .owner = owner, .conn = &h1->conn, .turn = net->turn, .is_server = is_server};
    if (options) h1->options = *options;
    if (!h1->options.head_bytes_max) h1->options.head_bytes_max = MC_MAX_HEAD_BYTES;
    if (!h1->options.headers_max) h1->options.headers_max = MC_MAX_HEADERS;
    if (!h1->options.linger) h1->options.linger = MC_S;
    mc_conn_init(&h1->conn, &conn_type, net);
    mc_slices_init(&h1->waiting, &net->turn->realm->pool);
    mc_timer_init(&h1->timer, timer_fired);
    h1_decode_init(h1);
    return &h1->http;
}

struct mc_http_conn *mc_h1_server(struct mc_net *net, const struct mc_http_owner_type *owner, const struct mc_http_options *options)
{
    return new_conn(net, owner, options, true);
}

struct mc_http_conn *mc_h1_client(struct mc_net *net, const struct mc_http_owner_type *owner, const struct mc_http_options *options)
{
    return new_conn(net, owner, options, false);
}
