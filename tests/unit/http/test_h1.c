/* HTTP/1.1 end to end over the wire: a server that echoes, a client of ours, and raw bytes. The rules
 * are RFC 9112's; the clause stands at each case. */
#include "http/codec.h"
#include "support/memory.h"
#include "support/wire.h"
#include <check.h>
#include <stdarg.h>
#include <stdio.h>

/* ---- an echo server on the codec ---- */

struct echo {
    struct mc_turn turn;
    struct mc_net net;
    struct mc_acceptor acceptor;
    int requests, refused, ended[8];
    enum mc_refusal last_refusal;
    char seen[4096];
};

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
    mc_http_free(conn);
}

static const struct mc_http_owner_type echo_owner = {
    .request = echo_request, .idle = echo_idle, .refused = echo_refused, .closed = echo_closed,
};

static void echo_accepted(struct mc_acceptor *acceptor, const struct mc_event *event)
{
    struct echo *echo = mc_container(acceptor, struct echo, acceptor);
    struct mc_http_conn *conn = mc_h1_server(&echo->net, &echo_owner, NULL);
    if (!conn) mc_turn_reset(&echo->turn, event->stream);
    else if (!mc_conn_accept(conn->conn, event)) mc_http_free(conn);
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

static const struct mc_guest_type echo_guest = {"echo", echo_step, echo_deadline};

/* ---- a raw peer: sends bytes, remembers what comes ---- */

struct raw {
    struct mc_pool *pool;
    struct mc_str send;
    bool finish, ended, closed, reset;
    char got[65536];
    size_t got_length;
};

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
        struct mc_action *action = mc_outbox_add(outbox, MC_ACTION_SEND);
        action->stream = stream;
        action->slice = slice;
        if (raw->finish) mc_outbox_add(outbox, MC_ACTION_FINISH)->stream = stream;
    } else if (event->kind == MC_EVENT_DATA) {
        struct mc_str text = mc_slice_str(event->data);
        ck_assert_uint_lt(raw->got_length + text.n, sizeof raw->got);
        memcpy(raw->got + raw->got_length, text.p, text.n);
        raw->got_length += text.n;
        mc_slice_unref(event->data);
    } else if (event->kind == MC_EVENT_END) {
        raw->ended = true;
        if (!raw->finish) mc_outbox_add(outbox, MC_ACTION_FINISH)->stream = stream;
    } else if (event->kind == MC_EVENT_RESET) {
        raw->reset = true;
    } else if (event->kind == MC_EVENT_CLOSED) {
        raw->closed = true;
    }
}

static mc_ns never(const void *self)
{
    (void)self;
    return MC_NEVER;
}

static const struct mc_guest_type raw_guest = {"raw", raw_step, never};

struct talk {
    struct echo echo;
    struct raw raw;
};

/* Sends BYTES in pieces of at most PIECE and returns what both sides saw. */
static struct talk *talk(const char *bytes, uint32_t piece, bool finish)
{
    static struct talk t;
    struct test_memory memory = {0};
    struct mc_realm realm;
    struct wire wire;
    memset(&t, 0, sizeof t);
    mc_realm_init(&realm, test_alloc(&memory), 1);
    wire_init(&wire, &realm.pool);
    wire.piece = piece;
    mc_turn_init(&t.echo.turn, &realm, 1);
    mc_net_init(&t.echo.net, &t.echo.turn);
    t.raw.pool = &realm.pool;
    t.raw.send = mc_str_c(bytes);
    t.raw.finish = finish;
    wire_add(&wire, (struct mc_guest){&echo_guest, &t.echo});
    wire_add(&wire, (struct mc_guest){&raw_guest, &t.raw});
    wire_run_until(&wire, 3 * MC_S);
    t.raw.got[t.raw.got_length] = '\0';
    wire_reset_streams(&wire, 0);
    wire_fini(&wire);
    mc_net_fini(&t.echo.net);
    ck_assert_int_eq(mc_timers_deadline(&t.echo.turn.timers), MC_NEVER);
    ck_assert_uint_eq(realm.pool.live_blocks, 0);
    mc_realm_fini(&realm);
    ck_assert_uint_eq(memory.live_blocks, 0);
    return &t;
}

static const struct {
    const char *clause, *request, *seen, *answer;
} good[] = {
    {"9112 §3", "GET /a?b HTTP/1.1\r\nHost: h:1\r\nX-Y: z \r\n\r\n", "GET h:1 /a?b X-Y=z|", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"},
    {"9112 §2.2 leading CRLF", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET h /|", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"},
    {"9112 §3.2.2 absolute form", "GET http://other/x HTTP/1.1\r\nHost: h\r\n\r\n", "GET other /x|", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"},
    {"9112 §3.2.4 asterisk", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS h *|", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"},
    {"9112 §6.2 length", "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", NULL, "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc"},
    {"9112 §9.3.2 pipelined", "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n", "GET h /1|GET h /2|",
     "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"},
    {"9112 §9.6 close", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "GET h /|", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"},
    {"9112 §9.3 1.0", "GET / HTTP/1.0\r\n\r\n", "GET  /|", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"},
    {"9112 §9.3 1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET  /|", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n"},
    {"9110 §7.6.1 hop by hop", "GET / HTTP/1.1\r\nHost: h\r\nConnection: x-a, keep-alive\r\nX-A: 1\r\nX-B: 2\r\nTE: trailers\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\n\r\n", "GET h / X-B=2|", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"},
    {"9110 §7.8 upgrade not taken", "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n", "GET h /|", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"},
    {"9110 §9.3.2 HEAD", "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", "HEAD h /|", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"},
    {"9110 §15.3.5 204", "GET /204 HTTP/1.1\r\nHost: h\r\n\r\n", "GET h /204|", "HTTP/1.1 204 No Content\r\n\r\n"},
    {"9110 §10.1.1 continue", "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx", NULL, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx"},
};

START_TEST(good_request_is_served)
{
    static const uint32_t pieces[] = {0, 1, 2, 7};
    for (size_t i = 0; i < 4; i++) {
        struct talk *t = talk(good[_i].request, pieces[i], false);
        ck_assert_msg(!strcmp(t->raw.got, good[_i].answer), "%s piece %u: %s", good[_i].clause, pieces[i], t->raw.got);
        if (good[_i].seen) ck_assert_str_eq(t->echo.seen, good[_i].seen);
        ck_assert_int_eq(t->echo.refused, 0);
    }
}
END_TEST

START_TEST(chunked_goes_through_with_trailers)
{
    struct talk *t = talk("POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n", 0, false);
    ck_assert_str_eq(t->echo.seen, "POST h /c [abc] [de] +T=v|");
    ck_assert_str_eq(t->raw.got, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nt: v\r\n\r\n");
}
END_TEST

static const struct {
    const char *clause, *request;
    enum mc_refusal refusal;
} bad[] = {
    {"9112 §5.2 fold", "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", MC_REFUSAL_FOLDED_HEADER},
    {"9112 §5.2 fold, empty first", "GET / HTTP/1.1\r\nHost: h\r\nX:\r\n b\r\n\r\n", MC_REFUSAL_FOLDED_HEADER},
    {"9112 §5.2 fold with tab", "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n\tb\r\n\r\n", MC_REFUSAL_FOLDED_HEADER},
    {"9112 §5.2 fold of blanks", "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n \r\n\r\n", MC_REFUSAL_FOLDED_HEADER},
    {"9112 §5.2 fold far from its line break", "GET / HTTP/1.1\r\nHost: h\r\nX:\r\n                                 b\r\n\r\n", MC_REFUSAL_FOLDED_HEADER},
    {"9112 §5 empty name", "GET / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n", MC_REFUSAL_BAD_HEADER_NAME},
    {"9112 §5.1 space before colon", "GET / HTTP/1.1\r\nHost : h\r\n\r\n", MC_REFUSAL_BAD_HEADER_NAME},
    {"9112 §3.2 no Host", "GET / HTTP/1.1\r\n\r\n", MC_REFUSAL_HOST_MISSING},
    {"9112 §3.2 two Hosts", "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", MC_REFUSAL_HOST_TWICE},
    {"9112 §3.2 bad Host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", MC_REFUSAL_HOST_INVALID},
    {"9112 §3.2 Host list", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", MC_REFUSAL_HOST_INVALID},
    {"9112 §3 two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", MC_REFUSAL_BAD_SPACING},
    {"9112 §3 two spaces before version", "GET /  HTTP/1.1\r\nHost: h\r\n\r\n", MC_REFUSAL_BAD_SPACING},
    {"0.9", "GET /\r\n\r\n", MC_REFUSAL_VERSION},
    {"2.0", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", MC_REFUSAL_VERSION},
    {"1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", MC_REFUSAL_VERSION},
    {"RTSP", "GET / RTSP/1.0\r\nHost: h\r\n\r\n", MC_REFUSAL_PROTOCOL},
    {"ICE", "SOURCE / ICE/1.0\r\nHost: h\r\n\r\n", MC_REFUSAL_PROTOCOL},
    {"9112 §6.3 both", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0},
    {"9112 §6.3 both, other order", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 0},
    {"9112 §6.3 two lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", MC_REFUSAL_LENGTH_CONFLICT},
    {"9110 §8.6 length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3x\r\n\r\nabc", MC_REFUSAL_LENGTH_INVALID},
    {"9110 §8.6 signed", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc", MC_REFUSAL_LENGTH_INVALID},
    {"9112 §6.1 gzip", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", MC_REFUSAL_ENCODING_UNKNOWN},
    {"9112 §6.1 xchunked", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", MC_REFUSAL_ENCODING_UNKNOWN},
    {"9112 §6.1 in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", MC_REFUSAL_ENCODING_IN_10},
    {"9112 §7.1 chunk size", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", MC_REFUSAL_CHUNK_INVALID},
    {"9110 §9.1 method", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n", MC_REFUSAL_METHOD_UNKNOWN},
    {"CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", MC_REFUSAL_METHOD_UNKNOWN},
    {"target", "GET x HTTP/1.1\r\nHost: h\r\n\r\n", MC_REFUSAL_BAD_TARGET},
    {"bare CR in value", "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 0},
    {"fold in trailers", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: v\r\n w\r\n\r\n", MC_REFUSAL_FOLDED_HEADER},
};

START_TEST(bad_request_is_refused)
{
    static const uint32_t pieces[] = {0, 1, 3};
    for (size_t i = 0; i < 3; i++) {
        struct talk *t = talk(bad[_i].request, pieces[i], false);
        ck_assert_msg(t->echo.refused == 1, "%s piece %u: served: %s", bad[_i].clause, pieces[i], t->raw.got);
        if (bad[_i].refusal)
            ck_assert_msg(t->echo.last_refusal == bad[_i].refusal, "%s piece %u: %s", bad[_i].clause, pieces[i], mc_refusal_text(t->echo.last_refusal));
        if (t->echo.requests) continue; /* the answer had begun */
        char line[32];
        snprintf(line, sizeof line, "HTTP/1.1 %u ", mc_refusal_status(t->echo.last_refusal));
        ck_assert_msg(!strncmp(t->raw.got, line, strlen(line)), "%s: %s", bad[_i].clause, t->raw.got);
        ck_assert_ptr_nonnull(strstr(t->raw.got, "connection: close\r\n"));
        ck_assert(t->raw.ended);
    }
}
END_TEST

START_TEST(head_bounds_are_kept)
{
    static char request[200000];
    int n = sprintf(request, "GET / HTTP/1.1\r\nHost: h\r\n");
    for (int i = 0; i < 120; i++) n += sprintf(request + n, "x-%d: y\r\n", i);
    sprintf(request + n, "\r\n");
    ck_assert_int_eq(talk(request, 0, false)->echo.last_refusal, MC_REFUSAL_TOO_MANY_HEADERS);
    n = sprintf(request, "GET / HTTP/1.1\r\nHost: h\r\nX: ");
    memset(request + n, 'a', 70000);
    sprintf(request + n + 70000, "\r\n\r\n");
    ck_assert_int_eq(talk(request, 0, false)->echo.last_refusal, MC_REFUSAL_HEAD_TOO_LARGE);
    n = sprintf(request, "GET /");
    memset(request + n, 'a', 9000);
    sprintf(request + n + 9000, " HTTP/1.1\r\nHost: h\r\n\r\n");
    ck_assert_int_eq(talk(request, 0, false)->echo.last_refusal, MC_REFUSAL_TARGET_TOO_LONG);
}
END_TEST

/* Whatever is cut off, the server neither answers nor leaks. */
START_TEST(truncated_request_is_never_served)
{
    const char *whole = good[_i].request;
    char part[512];
    for (size_t n = 0; n < strlen(whole); n++) {
        memcpy(part, whole, n);
        part[n] = '\0';
        struct talk *t = talk(part, 0, true);
        ck_assert_int_eq(t->echo.ended[MC_EXCHANGE_DONE] * 2 <= t->echo.requests * 2, 1);
    }
}
END_TEST

Suite *test_h1_suite(void)
{
    Suite *suite = suite_create("h1");
    TCase *tc = tcase_create("server");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, good_request_is_served, 0, sizeof good / sizeof *good);
    tcase_add_test(tc, chunked_goes_through_with_trailers);
    tcase_add_loop_test(tc, bad_request_is_refused, 0, sizeof bad / sizeof *bad);
    tcase_add_test(tc, head_bounds_are_kept);
    tcase_add_loop_test(tc, truncated_request_is_never_served, 0, sizeof good / sizeof *good);
    suite_add_tcase(suite, tc);
    return suite;
}
