/* The life of a server connection: refusals that arrive, timeouts, draining, back-pressure, memory that
 * runs out, and other people's parser cases. */
#include "base/limits.h"
#include "echo.h"
#include "support/corpus.h"
#include "support/starve.h"
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

Suite *test_h1_life_suite(void);

#define GET "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
#define OK_EMPTY "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"

/* ---- refusals ---- */

/* The answer, then FIN; a peer that does not close is read for a second and cut (RFC 9112 §9.6). */
START_TEST(refused_peer_is_drained_for_a_second)
{
    struct talk *t = talk_begin(MC_STR("GET / HTTP/1.1\r\n\r\n" GET GET));
    t->raw.open_ended = true;
    talk_start(t);
    wire_run_until(&t->wire, 5 * MC_S);
    ck_assert(t->raw.ended && t->raw.reset);
    ck_assert_int_eq(t->raw.ended_at, 0);
    ck_assert_int_eq(t->raw.gone_at, MC_S);
    ck_assert_int_eq(t->echo.requests, 0);
    talk_end(t);
    ck_assert(!strncmp(t->raw.got, "HTTP/1.1 400 Bad Request\r\n", 26));
    ck_assert_ptr_nonnull(strstr(t->raw.got, "\r\n\r\nHost is missing"));
}
END_TEST

/* A peer that is still sending when it is refused gets the answer too: what it sends is taken, and more
 * credit is granted. */
START_TEST(refused_upload_is_swallowed)
{
    static char bytes[400000];
    int n = sprintf(bytes, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 390000\r\nContent-Length: 1\r\n\r\n");
    struct talk *t = talk(mc_str(bytes, (size_t)n + 390000), 0, false);
    ck_assert_int_eq(t->echo.last_refusal, MC_REFUSAL_LENGTH_CONFLICT);
    ck_assert(!strncmp(t->raw.got, "HTTP/1.1 400 ", 13));
    ck_assert(t->raw.closed && !t->raw.reset);
}
END_TEST

START_TEST(owner_without_a_handler_is_503)
{
    struct talk *t = talk_begin(MC_STR(GET GET));
    t->echo.refuse_requests = true;
    talk_start(t);
    wire_run_until(&t->wire, 2 * MC_S);
    talk_end(t);
    ck_assert(!strncmp(t->raw.got, "HTTP/1.1 503 Service Unavailable\r\n", 34));
    ck_assert_int_eq(t->echo.last_refusal, MC_REFUSAL_OVERLOADED);
    ck_assert_int_eq(t->echo.refused, 1);
    ck_assert(t->raw.closed);
}
END_TEST

START_TEST(every_refusal_has_a_status_and_a_text)
{
    for (int r = 1; r <= MC_REFUSAL_OVERLOADED; r++) {
        unsigned status = mc_refusal_status((enum mc_refusal)r);
        ck_assert(status >= 400 && status < 600);
        ck_assert_uint_gt(mc_status_reason((uint16_t)status).n, 0);
        ck_assert_uint_gt(strlen(mc_refusal_text((enum mc_refusal)r)), 0);
    }
}
END_TEST

/* ---- time ---- */

START_TEST(slow_head_times_out)
{
    struct talk *t = talk_begin(MC_STR("GET / HTTP/1.1\r\nHos"));
    t->echo.options.head_timeout = 5 * MC_S;
    talk_start(t);
    wire_run_until(&t->wire, 5 * MC_S - 1);
    ck_assert_int_eq(t->echo.refused, 0);
    wire_run_until(&t->wire, 5 * MC_S);
    ck_assert_int_eq(t->echo.last_refusal, MC_REFUSAL_TIMEOUT);
    talk_end(t);
    ck_assert(!strncmp(t->raw.got, "HTTP/1.1 408 Request Timeout\r\n", 30));
}
END_TEST

static const struct {
    const char *bytes;
    enum mc_refusal refusal;
} idlers[] = {{"", 0}, {"\r\n", 0}, {GET, 0}, {"GET / HT", MC_REFUSAL_TIMEOUT}, {GET "GET", MC_REFUSAL_TIMEOUT}};

/* Whatever it stopped at, a connection without an exchange does not outlive the idle timeout. */
START_TEST(idle_connection_is_closed)
{
    struct talk *t = talk_begin(mc_str_c(idlers[_i].bytes));
    t->echo.options.idle_timeout = 7 * MC_S;
    talk_start(t);
    wire_run_until(&t->wire, 7 * MC_S - 1);
    ck_assert(!t->raw.ended && !t->raw.reset);
    wire_run_until(&t->wire, 7 * MC_S);
    ck_assert(t->raw.ended);
    ck_assert_int_eq(t->echo.last_refusal, idlers[_i].refusal);
    talk_end(t);
}
END_TEST

START_TEST(exchange_under_way_is_not_idle)
{
    struct talk *t = talk_begin(MC_STR(GET));
    t->echo.options.idle_timeout = t->echo.options.head_timeout = MC_S;
    t->echo.silent = true;
    talk_start(t);
    wire_run_until(&t->wire, MC_HOUR);
    ck_assert(!t->raw.ended && !t->raw.reset);
    talk_end(t);
    ck_assert_int_eq(t->echo.ended[MC_EXCHANGE_CONNECTION_RESET], 1);
}
END_TEST

/* ---- orders of events ---- */

static void act(struct talk *t, void (*what)(struct talk *t))
{
    struct mc_event event = {.kind = MC_EVENT_WAKE, .now = t->wire.now, .wall = t->wire.wall + t->wire.now};
    struct mc_outbox *outbox = &t->wire.ends[0].outbox;
    mc_turn_begin(&t->echo.turn, &event, outbox);
    what(t);
    mc_turn_end(&t->echo.turn);
    wire_step(&t->wire, 0, event); /* carries out */
}

static void answer(struct talk *t)
{
    struct mc_head head = {.is_response = true, .status = 200, .content_length = 0};
    mc_exchange_send_head(t->echo.open, &head, true);
}

static void drain(struct talk *t)
{
    mc_http_drain(t->echo.http);
}

/* Requests behind one that is being answered wait, also when the peer has ended since. */
START_TEST(pipelined_requests_wait_their_turn)
{
    struct talk *t = talk_begin(MC_STR(GET GET GET));
    t->echo.silent = t->raw.finish = true;
    talk_start(t);
    for (int i = 1; i <= 3; i++) {
        wire_run(&t->wire);
        ck_assert_int_eq(t->echo.requests, i);
        act(t, answer);
    }
    wire_run_until(&t->wire, 2 * MC_S);
    ck_assert(t->raw.closed);
    talk_end(t);
    ck_assert_str_eq(t->raw.got, OK_EMPTY OK_EMPTY OK_EMPTY);
    ck_assert_int_eq(t->echo.ended[MC_EXCHANGE_DONE], 3);
}
END_TEST

START_TEST(draining_finishes_what_is_under_way)
{
    struct talk *t = talk_begin(MC_STR(GET GET));
    t->echo.silent = true;
    talk_start(t);
    wire_run(&t->wire);
    act(t, drain);
    wire_run(&t->wire);
    ck_assert(!t->raw.ended);
    act(t, answer);
    wire_run_until(&t->wire, MC_S);
    ck_assert(t->raw.ended);
    talk_end(t);
    ck_assert_str_eq(t->raw.got, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    ck_assert_int_eq(t->echo.requests, 1);
}
END_TEST

START_TEST(draining_closes_an_idle_connection)
{
    struct talk *t = talk_begin(MC_STR(GET));
    talk_start(t);
    wire_run(&t->wire);
    act(t, drain);
    wire_run(&t->wire);
    ck_assert(t->raw.closed);
    talk_end(t);
}
END_TEST

/* An answer before the request is whole ends the connection: the rest of the body cannot be told from the
 * next request (RFC 9112 §9.3). */
START_TEST(early_answer_closes)
{
    struct talk *t = talk_begin(MC_STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf"));
    t->echo.silent = true;
    talk_start(t);
    wire_run(&t->wire);
    act(t, answer);
    wire_run_until(&t->wire, 2 * MC_S);
    ck_assert(t->raw.ended);
    talk_end(t);
    ck_assert_str_eq(t->raw.got, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    ck_assert_int_eq(t->echo.ended[MC_EXCHANGE_DONE], 1);
}
END_TEST

/* ---- back-pressure ---- */

/* A server that consumes nothing is given its credit and not a byte more; the rest waits outside. */
START_TEST(body_that_is_not_consumed_stops_the_sender)
{
    static char bytes[300000];
    int n = sprintf(bytes, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 290000\r\n\r\n");
    memset(bytes + n, 'b', 290000);
    struct talk *t = talk_begin(mc_str(bytes, (size_t)n + 290000));
    t->echo.silent = true;
    talk_start(t);
    wire_run_until(&t->wire, MC_S);
    uint64_t got = t->echo.open->body_in;
    ck_assert_uint_ge(got, MC_STREAM_CREDIT - (unsigned)n);
    ck_assert_uint_le(got, MC_STREAM_CREDIT);
    mc_turn_begin(&t->echo.turn, &(struct mc_event){.kind = MC_EVENT_WAKE, .now = t->wire.now}, &t->wire.ends[0].outbox);
    mc_exchange_consumed(t->echo.open, (uint32_t)got);
    mc_turn_end(&t->echo.turn);
    wire_step(&t->wire, 0, (struct mc_event){.kind = MC_EVENT_WAKE});
    wire_run(&t->wire);
    ck_assert_uint_gt(t->echo.open->body_in, got);
    talk_end(t);
}
END_TEST

/* A long pipeline and a long body pass through bounded windows both ways. */
START_TEST(large_body_is_echoed_whole)
{
    static char bytes[200000];
    int n = sprintf(bytes, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 150000\r\n\r\n");
    for (int i = 0; i < 150000; i++) bytes[n + i] = (char)('a' + i % 26);
    struct talk *t = talk(mc_str(bytes, (size_t)n + 150000), 4000, false);
    const char *body = strstr(t->raw.got, "\r\n\r\n");
    ck_assert_ptr_nonnull(body);
    ck_assert_uint_eq(t->raw.got_length - (size_t)(body + 4 - t->raw.got), 150000);
    ck_assert_int_eq(memcmp(body + 4, bytes + n, 150000), 0);
}
END_TEST

/* ---- memory ---- */

static const char *long_request(void)
{
    static char bytes[9000];
    int n = sprintf(bytes, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n");
    for (int i = 0; i < 60; i++) n += sprintf(bytes + n, "x-%d: some value that is not short at all\r\n", i);
    sprintf(bytes + n, "\r\n3\r\nabc\r\n0\r\nT: v\r\n\r\n" GET);
    return bytes;
}

/* The n-th slab is refused, alone or with all that follow. */
START_TEST(refused_memory_costs_a_connection_at_most)
{
    for (size_t n = 1; n < 40; n++) {
        struct talk *t = talk_begin(mc_str_c(long_request()));
        t->wire.piece = 50;
        t->memory.refuse_at = n / 2 + 1;
        t->memory.refuse_after = n % 2;
        talk_start(t);
        wire_run_until(&t->wire, 3 * MC_S);
        talk_end(t);
        if (t->memory.takes < n / 2) break;
    }
}
END_TEST

/* Only so many blocks of each size are left from the start: whatever they were used for, nothing leaks. */
START_TEST(few_blocks_of_each_size_are_enough_or_refused)
{
    for (size_t spare = 0; spare <= STARVE_SPARE_MAX; spare++)
        for (uint32_t piece = 0; piece <= 60; piece += 20) {
            struct talk *t = talk_begin(mc_str_c(long_request()));
            t->wire.piece = piece;
            talk_start(t);
            struct starved starved = starve(&t->realm.pool, spare);
            wire_run_until(&t->wire, 3 * MC_S);
            feed_again(&starved);
            talk_end(t);
            if (t->raw.got_length && spare == 0) ck_assert_int_eq(t->echo.ended[MC_EXCHANGE_DONE], 0);
        }
}
END_TEST

/* ---- other people's cases ---- */

static char *unhex(const char *hex, size_t *length)
{
    *length = strlen(hex) / 2;
    char *bytes = malloc(*length + 1);
    for (size_t i = 0; i < *length; i++) {
        unsigned byte;
        sscanf(hex + 2 * i, "%2x", &byte);
        bytes[i] = (char)byte;
    }
    return bytes;
}

static json_t *corpus(const char *name)
{
    char path[4096];
    size_t length;
    if (!corpus_path(name, path, sizeof path)) return NULL;
    char *text = corpus_read(path, &length);
    json_t *root = json_loadb(text, length, 0, NULL);
    ck_assert_ptr_nonnull(root);
    free(text);
    return root;
}

static const char *text_of(json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* llhttp's own cases of requests: what its strict parser refuses is refused, whole and byte by byte. That
 * we refuse more (CONNECT, HTTP/0.9, no Host …) is another table's matter. */
START_TEST(llhttp_cases_are_refused_where_it_refuses)
{
    json_t *root = corpus("http/llhttp-http1-parsing.json"), *test;
    size_t i, refused = 0;
    if (!root) return;
    json_array_foreach(json_object_get(root, "tests"), i, test) {
        json_t *expect = json_object_get(test, "expect");
        if (strcmp(text_of(test, "type"), "request") || json_object_get(test, "only_when")) continue;
        bool bad = !json_is_null(json_object_get(expect, "error"));
        int most = (int)json_integer_value(json_object_get(expect, "messages_complete"));
        size_t length;
        char *bytes = unhex(text_of(test, "input_hex"), &length);
        for (uint32_t piece = 0; piece < 2; piece++) {
            struct talk *t = talk(mc_str(bytes, length), piece, false);
            if (bad) ck_assert_msg(t->echo.ended[MC_EXCHANGE_DONE] <= most, "%s: %s", text_of(test, "id"), t->echo.seen);
            if (bad && !most) ck_assert_msg(t->echo.refused || t->raw.ended || t->raw.reset, "%s piece %u: %s", text_of(test, "id"), piece, t->raw.got);
            refused += bad;
        }
        free(bytes);
    }
    ck_assert_uint_gt(refused, 20);
    json_decref(root);
}
END_TEST

/* Mutations of Transfer-Encoding: either a 400-class answer and the end, or exactly one request with a
 * body that ends where its one framing says; never a second request made of the body's bytes. */
START_TEST(smuggling_mutations_smuggle_nothing)
{
    json_t *root = corpus("http/smuggling-te-mutations.json"), *test;
    size_t i;
    if (!root) return;
    json_array_foreach(json_object_get(root, "cases"), i, test) {
        size_t length;
        char *first = unhex(text_of(test, "cl_te_request_hex"), &length);
        static const char probe[] = "GET /probe HTTP/1.1\r\nHost: backend\r\n\r\n";
        char *both = malloc(length + sizeof probe);
        memcpy(both, first, length);
        memcpy(both + length, probe, sizeof probe);
        for (uint32_t piece = 0; piece < 3; piece++) {
            struct talk *t = talk(mc_str(both, length + sizeof probe - 1), piece, false);
            if (t->echo.refused) {
                ck_assert_msg(t->echo.requests == 0, "%s: %s", text_of(test, "id"), t->echo.seen);
                continue;
            }
            ck_assert_msg(t->echo.requests == 2, "%s: %s", text_of(test, "id"), t->echo.seen);
            ck_assert_msg(strstr(t->echo.seen, "GET backend /probe|"), "%s: %s", text_of(test, "id"), t->echo.seen);
            ck_assert_msg(!strstr(t->echo.seen, "|X"), "%s: %s", text_of(test, "id"), t->echo.seen);
            ck_assert_msg(strstr(t->echo.seen, "[0\r\n\r\nX]") || piece, "%s: %s", text_of(test, "id"), t->echo.seen);
        }
        free(first);
        free(both);
    }
    json_decref(root);
}
END_TEST

Suite *test_h1_life_suite(void)
{
    Suite *suite = suite_create("h1 life");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, refused_peer_is_drained_for_a_second);
    tcase_add_test(tc, refused_upload_is_swallowed);
    tcase_add_test(tc, owner_without_a_handler_is_503);
    tcase_add_test(tc, every_refusal_has_a_status_and_a_text);
    tcase_add_test(tc, slow_head_times_out);
    tcase_add_loop_test(tc, idle_connection_is_closed, 0, MC_COUNT_OF(idlers));
    tcase_add_test(tc, exchange_under_way_is_not_idle);
    tcase_add_test(tc, pipelined_requests_wait_their_turn);
    tcase_add_test(tc, draining_finishes_what_is_under_way);
    tcase_add_test(tc, draining_closes_an_idle_connection);
    tcase_add_test(tc, early_answer_closes);
    tcase_add_test(tc, body_that_is_not_consumed_stops_the_sender);
    tcase_add_test(tc, large_body_is_echoed_whole);
    tcase_add_test(tc, refused_memory_costs_a_connection_at_most);
    tcase_add_test(tc, few_blocks_of_each_size_are_enough_or_refused);
    tcase_add_test(tc, llhttp_cases_are_refused_where_it_refuses);
    tcase_add_test(tc, smuggling_mutations_smuggle_nothing);
    suite_add_tcase(suite, tc);
    return suite;
}
