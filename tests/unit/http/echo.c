#include "echo.h"
#include <check.h>
#include <stdarg.h>
#include <stdio.h>

/* ---- an echo server on the codec ---- */

struct echo_exchange {
    struct mc_handler handler;
    struct echo *echo;
    struct mc_grave grave;
    bool bodyless;
};

static void note(struct echo *echo, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(struct echo *echo, const char *format, ...)
{
    size_t used = strlen(echo->seen);
    va_list args;
    va_start(args, format);
    vsnprintf(echo->seen + used, sizeof echo->seen - used, format, args);
    va_end(args);
}

static void echo_head(struct mc_handler *handler, struct mc_head *head, bool end)
{
    struct echo_exchange *x = mc_container(handler, struct echo_exchange, handler);
    x->echo->requests++;
    note(x->echo, "%.*s %.*s %.*s", MC_STR_ARG(head->method_text), MC_STR_ARG(head->authority), MC_STR_ARG(head->path));
    for (uint32_t i = 0; i < head->headers.count; i++)
        note(x->echo, " %.*s=%.*s", MC_STR_ARG(head->headers.list[i].name), MC_STR_ARG(head->headers.list[i].value));
    if (x->echo->silent) {
        x->echo->open = handler->exchange;
        return;
    }
    mc_exchange_send_continue(handler->exchange);
    struct mc_head answer = {.is_response = true, .status = 200, .content_length = end ? 0 : head->content_length, .arena = head->arena};
    if (mc_str_eq(head->path, MC_STR("/204"))) answer.status = 204;
    mc_exchange_send_head(handler->exchange, &answer, end);
    if (end) note(x->echo, "|");
}

static void echo_body(struct mc_handler *handler, struct mc_slice slice, bool end)
{
    struct echo_exchange *x = mc_container(handler, struct echo_exchange, handler);
    if (slice.length) note(x->echo, " [%.*s]", MC_STR_ARG(mc_slice_str(slice)));
    uint32_t length = slice.length;
    struct mc_exchange *exchange = handler->exchange;
    if (x->echo->silent) {
        mc_slice_unref(slice);
        return;
    }
    if (end) note(x->echo, "|");
    if (length) mc_exchange_consumed(exchange, length);
    mc_exchange_send_body(exchange, slice, end);
}

static void echo_trailers(struct mc_handler *handler, struct mc_headers *trailers)
{
    struct echo_exchange *x = mc_container(handler, struct echo_exchange, handler);
    for (uint32_t i = 0; i < trailers->count; i++)
        note(x->echo, " +%.*s=%.*s", MC_STR_ARG(trailers->list[i].name), MC_STR_ARG(trailers->list[i].value));
    note(x->echo, "|");
    if (x->echo->silent) return;
    mc_exchange_send_trailers(handler->exchange, trailers);
}

static void echo_clogged(struct mc_handler *handler, bool clogged)
{
    (void)handler, (void)clogged;
}

static void bury_exchange(struct mc_grave *grave)
{
    struct echo_exchange *x = mc_container(grave, struct echo_exchange, grave);
    mc_pool_give(&x->echo->turn.realm->pool, x, sizeof *x);
}

static void echo_ended(struct mc_handler *handler, enum mc_exchange_end end)
{
    struct echo_exchange *x = mc_container(handler, struct echo_exchange, handler);
    x->echo->ended[end]++;
    x->echo->open = NULL;
    mc_turn_bury(&x->echo->turn, &x->grave, bury_exchange);
}

static const struct mc_handler_type echo_handler = {
    .head = echo_head, .body = echo_body, .trailers = echo_trailers, .clogged = echo_clogged, .ended = echo_ended,
};

static struct echo *echo_of(struct mc_http_conn *conn)
{
    return mc_container(conn->turn, struct echo, turn);
}

static struct mc_handler *echo_request(struct mc_http_conn *conn, struct mc_exchange *exchange)
{
    struct echo *echo = echo_of(conn);
    struct echo_exchange *x = mc_pool_take_zero(&echo->turn.realm->pool, sizeof *x);
    (void)exchange;
    if (x && echo->refuse_requests) {
        mc_pool_give(&echo->turn.realm->pool, x, sizeof *x);
        return NULL;
    }
    if (!x) return NULL;
    x->handler.type = &echo_handler;
    x->echo = echo;
    return &x->handler;
}

static void echo_idle(struct mc_http_conn *conn)
{
    (void)conn;
}

static void echo_refused(struct mc_http_conn *conn, enum mc_refusal refusal)
{
    echo_of(conn)->refused++;
    echo_of(conn)->last_refusal = refusal;
}

static void echo_closed(struct mc_http_conn *conn, enum mc_stream_reason reason)
{
    (void)reason;
    echo_of(conn)->closed++;
    echo_of(conn)->http = NULL;
    mc_http_free(conn);
}

static const struct mc_http_owner_type echo_owner = {
    .request = echo_request, .idle = echo_idle, .refused = echo_refused, .closed = echo_closed,
};

static void echo_accepted(struct mc_acceptor *acceptor, const struct mc_event *event)
{
    struct echo *echo = mc_container(acceptor, struct echo, acceptor);
    struct mc_http_conn *conn = mc_h1_server(&echo->net, &echo_owner, &echo->options);
    if (!conn) mc_turn_reset(&echo->turn, event->stream);
    else if (mc_conn_accept(conn->conn, event)) echo->http = conn;
    else mc_http_free(conn);
}

static void echo_step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct echo *echo = self;
    mc_turn_begin(&echo->turn, event, outbox);
    if (event->kind == MC_EVENT_START) {
        echo->acceptor.accepted = echo_accepted;
        mc_net_listen(&echo->net, &echo->acceptor, mc_addr_v4(0x0a000002, 80));
    }
    mc_net_event(&echo->net, event);
    mc_timers_run(&echo->turn.timers, event->now);
    mc_turn_end(&echo->turn);
}

static mc_ns echo_deadline(const void *self)
{
    return mc_timers_deadline(&((const struct echo *)self)->turn.timers);
}

static const struct mc_guest_type echo_guest = {.name = "echo", .step = echo_step, .deadline = echo_deadline};

struct mc_guest echo_guest_of(struct echo *echo)
{
    return (struct mc_guest){&echo_guest, echo};
}

/* ---- a raw peer: sends bytes, remembers what comes ---- */

static void raw_step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct raw *raw = self;
    const mc_stream stream = MC_STREAM_GUEST_BIT | 1;
    if (event->kind == MC_EVENT_START) {
        struct mc_action *action = mc_outbox_add(outbox, MC_ACTION_OPEN);
        action->stream = stream;
        action->addr = mc_addr_v4(0x0a000002, 80);
    } else if (event->kind == MC_EVENT_OPENED) {
        struct mc_slice slice = mc_slice_copy(raw->pool, raw->send);
        if (slice.length) {
            struct mc_action *action = mc_outbox_add(outbox, MC_ACTION_SEND);
            action->stream = stream;
            action->slice = slice;
        }
        if (raw->finish) mc_outbox_add(outbox, MC_ACTION_FINISH)->stream = stream;
    } else if (event->kind == MC_EVENT_DATA) {
        struct mc_str text = mc_slice_str(event->data);
        ck_assert_uint_lt(raw->got_length + text.n, sizeof raw->got);
        memcpy(raw->got + raw->got_length, text.p, text.n);
        raw->got_length += text.n;
        if (!raw->mute) {
            struct mc_action *action = mc_outbox_add(outbox, MC_ACTION_CREDIT);
            action->stream = stream;
            action->bytes = text.n;
        }
        mc_slice_unref(event->data);
    } else if (event->kind == MC_EVENT_END) {
        raw->ended = true;
        raw->ended_at = event->now;
        if (!raw->finish && !raw->open_ended) mc_outbox_add(outbox, MC_ACTION_FINISH)->stream = stream;
    } else if (event->kind == MC_EVENT_RESET) {
        raw->reset = true;
        raw->gone_at = event->now;
    } else if (event->kind == MC_EVENT_CLOSED) {
        raw->closed = true;
        raw->gone_at = event->now;
    }
}

static mc_ns never(const void *self)
{
    (void)self;
    return MC_NEVER;
}

static const struct mc_guest_type raw_guest = {.name = "raw", .step = raw_step, .deadline = never};

struct talk *talk_begin(struct mc_str bytes)
{
    static struct talk t;
    memset(&t, 0, sizeof t);
    t.raw.send = bytes;
    return &t;
}

void talk_start(struct talk *t)
{
    mc_realm_init(&t->realm, test_alloc(&t->memory), 1);
    uint32_t piece = t->wire.piece;
    mc_pool_init(&t->outside, test_alloc(&t->outer_memory));
    wire_init(&t->wire, &t->outside);
    t->wire.piece = piece;
    mc_turn_init(&t->echo.turn, &t->realm, 1);
    mc_net_init(&t->echo.net, &t->echo.turn);
    t->raw.pool = &t->outside;
    wire_add(&t->wire, (struct mc_guest){&echo_guest, &t->echo});
    wire_add(&t->wire, (struct mc_guest){&raw_guest, &t->raw});
}

void talk_end(struct talk *t)
{
    t->raw.got[t->raw.got_length] = '\0';
    wire_reset_streams(&t->wire, 0);
    wire_fini(&t->wire);
    mc_net_fini(&t->echo.net);
    ck_assert_int_eq(mc_timers_deadline(&t->echo.turn.timers), MC_NEVER);
    ck_assert_uint_eq(t->realm.pool.live_blocks, 0);
    mc_realm_fini(&t->realm);
    ck_assert_uint_eq(t->outside.live_blocks, 0);
    mc_pool_fini(&t->outside);
    ck_assert_uint_eq(t->memory.live_blocks, 0);
}

struct talk *talk(struct mc_str bytes, uint32_t piece, bool finish)
{
    struct talk *t = talk_begin(bytes);
    t->wire.piece = piece;
    t->raw.finish = finish;
    talk_start(t);
    wire_run_until(&t->wire, 3 * MC_S);
    talk_end(t);
    return t;
}
