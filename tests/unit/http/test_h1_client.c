/* The client side of HTTP/1.1: our client against a scripted server that sends bytes as they stand.
 * The clauses are RFC 9112's and RFC 9110's. */
#include "http/codec.h"
#include "support/memory.h"
#include "support/wire.h"
#include <check.h>
#include <stdarg.h>
#include <stdio.h>

Suite *test_h1_client_suite(void);

/* ---- a server that answers whatever comes with given bytes ---- */

struct scripted {
    struct mc_pool *pool;
    struct mc_str answer;
    bool finish, answered, reset, ended, closed;
    mc_stream stream;
    char got[4096];
    size_t got_length;
};

static void scripted_step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct scripted *s = self;
    if (event->kind == MC_EVENT_START) {
        struct mc_action *action = mc_outbox_add(outbox, MC_ACTION_LISTEN);
        action->id = 1;
        action->addr = mc_addr_v4(0x0a000002, 80);
    } else if (event->kind == MC_EVENT_ACCEPTED) {
        s->stream = event->stream;
    } else if (event->kind == MC_EVENT_DATA) {
        struct mc_str text = mc_slice_str(event->data);
        ck_assert_uint_lt(s->got_length + text.n, sizeof s->got);
        memcpy(s->got + s->got_length, text.p, text.n);
        s->got_length += text.n;
        mc_slice_unref(event->data);
        if (s->answered) return;
        s->answered = true;
        struct mc_slice answer = mc_slice_copy(s->pool, s->answer);
        if (answer.length) {
            struct mc_action *action = mc_outbox_add(outbox, MC_ACTION_SEND);
            action->stream = s->stream;
            action->slice = answer;
        }
        if (s->finish) mc_outbox_add(outbox, MC_ACTION_FINISH)->stream = s->stream;
    } else if (event->kind == MC_EVENT_END) {
        s->ended = true;
        if (!s->finish) mc_outbox_add(outbox, MC_ACTION_FINISH)->stream = s->stream;
    } else if (event->kind == MC_EVENT_RESET) {
        s->reset = true;
    } else if (event->kind == MC_EVENT_CLOSED) {
        s->closed = true;
    }
}

static mc_ns never(const void *self)
{
    (void)self;
    return MC_NEVER;
}

static const struct mc_guest_type scripted_guest = {.name = "scripted", .step = scripted_step, .deadline = never};

/* ---- our client: one request, then whatever the connection still allows ---- */

struct client {
    struct mc_turn turn;
    struct mc_net net;
    struct mc_http_conn *http;
    struct mc_handler handler;
    enum mc_method method;
    char seen[4096];
    int exchanges, ended[8], idle, draining, closed;
    bool again, is_open;
};

static void note(struct client *client, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(struct client *client, const char *format, ...)
{
    size_t used = strlen(client->seen);
    va_list args;
    va_start(args, format);
    vsnprintf(client->seen + used, sizeof client->seen - used, format, args);
    va_end(args);
}

static struct client *of(struct mc_handler *handler)
{
    return mc_container(handler, struct client, handler);
}

static void on_head(struct mc_handler *handler, struct mc_head *head, bool end)
{
    note(of(handler), "%u", head->status);
    for (uint32_t i = 0; i < head->headers.count; i++)
        note(of(handler), " %.*s=%.*s", MC_STR_ARG(head->headers.list[i].name), MC_STR_ARG(head->headers.list[i].value));
    if (end) note(of(handler), "|");
}

static void on_informed(struct mc_handler *handler, uint16_t status)
{
    note(of(handler), "(%u)", status);
}

static void on_body(struct mc_handler *handler, struct mc_slice slice, bool end)
{
    note(of(handler), "%.*s", MC_STR_ARG(mc_slice_str(slice)));
    if (slice.length) mc_exchange_consumed(handler->exchange, slice.length);
    mc_slice_unref(slice);
    if (end) note(of(handler), "|");
}

static void on_trailers(struct mc_handler *handler, struct mc_headers *trailers)
{
    for (uint32_t i = 0; i < trailers->count; i++)
        note(of(handler), " +%.*s=%.*s", MC_STR_ARG(trailers->list[i].name), MC_STR_ARG(trailers->list[i].value));
    note(of(handler), "|");
}

static void on_clogged(struct mc_handler *handler, bool clogged)
{
    (void)handler, (void)clogged;
}

static void on_ended(struct mc_handler *handler, enum mc_exchange_end end)
{
    of(handler)->ended[end]++;
    of(handler)->is_open = false;
}

static const struct mc_handler_type handler_type = {
    .head = on_head, .informed = on_informed, .body = on_body, .trailers = on_trailers, .clogged = on_clogged, .ended = on_ended};

static struct client *client_of(struct mc_http_conn *conn)
{
    return mc_container(conn->turn, struct client, turn);
}

static void send_request(struct client *client)
{
    struct mc_exchange *exchange = mc_http_open(client->http, &client->handler);
    if (!exchange) return;
    client->exchanges++;
    client->is_open = true;
    struct mc_head head = {.method = client->method ? client->method : MC_METHOD_GET, .method_text = client->method == MC_METHOD_HEAD ? MC_STR("HEAD") : MC_STR("GET"),
                           .authority = MC_STR("h"), .path = MC_STR("/"), .content_length = -1, .arena = &exchange->arena};
    mc_exchange_send_head(exchange, &head, true);
}

static void on_ready(struct mc_http_conn *conn)
{
    send_request(client_of(conn));
}

static void on_idle(struct mc_http_conn *conn)
{
    client_of(conn)->idle++;
    if (client_of(conn)->again) send_request(client_of(conn));
}

static void on_draining(struct mc_http_conn *conn)
{
    client_of(conn)->draining++;
}

static void on_closed(struct mc_http_conn *conn, enum mc_stream_reason reason)
{
    (void)reason;
    client_of(conn)->closed++;
    client_of(conn)->http = NULL;
    mc_http_free(conn);
}

static const struct mc_http_owner_type owner = {.ready = on_ready, .idle = on_idle, .draining = on_draining, .closed = on_closed};

static void client_step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct client *client = self;
    mc_turn_begin(&client->turn, event, outbox);
    if (event->kind == MC_EVENT_START) {
        client->http = mc_h1_client(&client->net, &owner, NULL);
        client->handler.type = &handler_type;
        ck_assert(mc_conn_open(client->http->conn, mc_addr_v4(0x0a000002, 80)));
    }
    mc_net_event(&client->net, event);
    mc_timers_run(&client->turn.timers, event->now);
    mc_turn_end(&client->turn);
}

static mc_ns client_deadline(const void *self)
{
    return mc_timers_deadline(&((const struct client *)self)->turn.timers);
}

static const struct mc_guest_type client_guest = {.name = "client", .step = client_step, .deadline = client_deadline};

struct talk {
    struct client client;
    struct scripted server;
};

struct ask {
    const char *answer;
    size_t length; /* 0: strlen */
    uint32_t piece;
    enum mc_method method;
    bool finish, again;
};

static struct talk *talk(struct ask ask)
{
    static struct talk t;
    struct test_memory memory = {0};
    struct mc_realm realm;
    struct wire wire;
    memset(&t, 0, sizeof t);
    mc_realm_init(&realm, test_alloc(&memory), 1);
    wire_init(&wire, &realm.pool);
    wire.piece = ask.piece;
    mc_turn_init(&t.client.turn, &realm, 1);
    mc_net_init(&t.client.net, &t.client.turn);
    t.client.method = ask.method;
    t.client.again = ask.again;
    t.server = (struct scripted){.pool = &realm.pool, .answer = mc_str(ask.answer, ask.length ? ask.length : strlen(ask.answer)), .finish = ask.finish};
    wire_add(&wire, (struct mc_guest){&scripted_guest, &t.server});
    wire_add(&wire, (struct mc_guest){&client_guest, &t.client});
    wire_run_until(&wire, 3 * MC_S);
    int open = t.client.is_open;
    wire_reset_streams(&wire, 0);
    ck_assert_int_eq(t.client.closed, 1);
    ck_assert_ptr_null(t.client.handler.exchange);
    int ends = 0;
    for (int i = 0; i < 8; i++) ends += t.client.ended[i];
    ck_assert_int_eq(ends, t.client.exchanges); /* told once each */
    if (open) t.client.is_open = true;          /* as it was before the cut */
    wire_fini(&wire);
    mc_net_fini(&t.client.net);
    ck_assert_uint_eq(realm.pool.live_blocks, 0);
    mc_realm_fini(&realm);
    ck_assert_uint_eq(memory.live_blocks, 0);
    return &t;
}

static const struct {
    const char *clause, *answer, *seen;
    enum mc_method method;
    bool finish, kept;
} good[] = {
    {"9112 §6.3 length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Y: z\r\n\r\nabc", "200 X-Y=zabc|", 0, false, true},
    {"9112 §4 no reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "200|", 0, false, true},
    {"9112 §7.1 chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;e=1\r\nbc\r\n0\r\n\r\n", "200abc|", 0, false, true},
    {"9112 §7.1.2 trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nT: v\r\n\r\n", "200a +T=v|", 0, false, true},
    {"9112 §6.3 to the close", "HTTP/1.1 200 OK\r\n\r\nabc", "200abc|", 0, true, false},
    {"9112 §6.3 empty to the close", "HTTP/1.1 200 OK\r\n\r\n", "200|", 0, true, false},
    {"9112 §9.6 close", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "200|", 0, false, false},
    {"9112 §9.3 1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "200a|", 0, false, false},
    {"9110 §15.3.5 204", "HTTP/1.1 204 No Content\r\n\r\n", "204|", 0, false, true},
    {"9110 §15.4.5 304 with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", "304|", 0, false, true},
    {"9110 §9.3.2 HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", "200|", MC_METHOD_HEAD, false, true},
    {"9110 §9.3.2 HEAD, chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "200|", MC_METHOD_HEAD, false, true},
    {"9110 §15.2 informed", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "(103)(100)200|", 0, false, true},
    {"9110 §7.6.1 hop by hop", "HTTP/1.1 200 OK\r\nConnection: x-a\r\nX-A: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n", "200|", 0, false, true},
};

/* Pieces of a body differ with the pieces of the wire, but not what they spell. */
START_TEST(good_answer_is_told)
{
    static const uint32_t pieces[] = {0, 1, 2, 5};
    for (size_t i = 0; i < 4; i++) {
        struct talk *t = talk((struct ask){good[_i].answer, .piece = pieces[i], .method = good[_i].method, .finish = good[_i].finish});
        ck_assert_msg(!strcmp(t->client.seen, good[_i].seen), "%s piece %u: %s", good[_i].clause, pieces[i], t->client.seen);
        ck_assert_msg(t->client.ended[MC_EXCHANGE_DONE] == 1, "%s", good[_i].clause);
        ck_assert_msg((t->client.idle == 1) == good[_i].kept, "%s: told idle %d times", good[_i].clause, t->client.idle);
        ck_assert_msg((t->client.draining > 0) == !good[_i].kept, "%s: draining", good[_i].clause);
    }
}
END_TEST

static const struct {
    const char *clause, *answer;
} bad[] = {
    {"not HTTP", "hello\r\n\r\n"},
    {"RTSP", "RTSP/1.0 200 OK\r\n\r\n"},
    {"2.0", "HTTP/2.0 200 OK\r\n\r\n"},
    {"status 99", "HTTP/1.1 099 OK\r\n\r\n"},
    {"status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"},
    {"9112 §5.2 fold", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n"},
    {"9112 §5.1 space", "HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 0\r\n\r\n"},
    {"9112 §6.3 two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"},
    {"9112 §6.3 both", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"9112 §6.1 gzip", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx"},
    {"9112 §6.1 in 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"9110 §8.6 length", "HTTP/1.1 200 OK\r\nContent-Length: 1a\r\n\r\nx"},
    {"9112 §7.1 chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"},
    {"9112 §7.1 chunk without its end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n"},
    {"9110 §15.2.2 101 never asked for", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"},
};

START_TEST(bad_answer_cuts_the_connection)
{
    static const uint32_t pieces[] = {0, 1, 3};
    for (size_t i = 0; i < 3; i++) {
        struct talk *t = talk((struct ask){bad[_i].answer, .piece = pieces[i]});
        ck_assert_msg(t->client.ended[MC_EXCHANGE_DONE] == 0, "%s piece %u: %s", bad[_i].clause, pieces[i], t->client.seen);
        ck_assert_msg(t->server.reset, "%s piece %u", bad[_i].clause, pieces[i]);
        ck_assert_int_eq(t->client.idle, 0);
    }
}
END_TEST

/* Cut at every byte: a message that is delimited by its length or chunks is never taken for whole. */
START_TEST(truncated_answer_is_not_whole)
{
    const char *whole = good[_i].answer;
    size_t length = strlen(whole), head = (size_t)(strstr(whole, "\r\n\r\n") + 4 - whole);
    bool to_close = !strstr(whole, "ontent-Length") && !strstr(whole, "chunked");
    for (size_t n = 1; n < length; n++) {
        struct talk *t = talk((struct ask){whole, .length = n, .method = good[_i].method, .finish = true});
        if (n < head || !to_close) ck_assert_msg(!t->client.ended[MC_EXCHANGE_DONE], "%s cut at %zu: %s", good[_i].clause, n, t->client.seen);
        ck_assert_int_eq(t->client.idle, 0);
    }
}
END_TEST

/* Bytes behind an answer answer nothing: they are not taken for the next request's (response splitting). */
START_TEST(surplus_answer_is_not_the_next_one_s)
{
    static const uint32_t pieces[] = {0, 1, 40};
    for (size_t i = 0; i < 3; i++) {
        struct talk *t = talk((struct ask){"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", .piece = pieces[i]});
        ck_assert_str_eq(t->client.seen, "200|");
        ck_assert_int_eq(t->client.exchanges, 1);
        ck_assert(t->server.ended || t->server.reset);
    }
    struct talk *t = talk((struct ask){"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", .again = true});
    ck_assert_str_eq(t->client.seen, "200|");
    ck_assert_int_eq(t->client.exchanges, 1);
}
END_TEST

START_TEST(next_request_goes_out_on_the_same_connection)
{
    struct talk *t = talk((struct ask){"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .again = true});
    ck_assert_int_eq(t->client.exchanges, 2);
    ck_assert_str_eq(t->server.got, "GET / HTTP/1.1\r\nhost: h\r\n\r\nGET / HTTP/1.1\r\nhost: h\r\n\r\n");
    ck_assert(t->client.is_open);
}
END_TEST

Suite *test_h1_client_suite(void)
{
    Suite *suite = suite_create("h1 client");
    TCase *tc = tcase_create("client");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, good_answer_is_told, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(tc, bad_answer_cuts_the_connection, 0, sizeof bad / sizeof *bad);
    tcase_add_loop_test(tc, truncated_answer_is_not_whole, 0, sizeof good / sizeof *good);
    tcase_add_test(tc, surplus_answer_is_not_the_next_one_s);
    tcase_add_test(tc, next_request_goes_out_on_the_same_connection);
    suite_add_tcase(suite, tc);
    return suite;
}
