/* HTTP/1.1 end to end over the wire: a server that echoes, and raw bytes. The rules are RFC 9112's; the
 * clause stands at each case. */
#include "echo.h"
#include <check.h>
#include <stdio.h>

Suite *test_h1_suite(void);

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
    {"9110 §10.1.1 another expectation goes on", "GET / HTTP/1.1\r\nHost: h\r\nExpect: more\r\n\r\n", "GET h / Expect=more|", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"},
    {"9110 §9.3.2 HEAD", "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", "HEAD h /|", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"},
    {"9110 §15.3.5 204", "GET /204 HTTP/1.1\r\nHost: h\r\n\r\n", "GET h /204|", "HTTP/1.1 204 No Content\r\n\r\n"},
    {"9110 §10.1.1 continue", "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx", NULL, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx"},
};

START_TEST(good_request_is_served)
{
    static const uint32_t pieces[] = {0, 1, 2, 7};
    for (size_t i = 0; i < 4; i++) {
        struct talk *t = talk(mc_str_c(good[_i].request), pieces[i], false);
        ck_assert_msg(!strcmp(t->raw.got, good[_i].answer), "%s piece %u: %s", good[_i].clause, pieces[i], t->raw.got);
        if (good[_i].seen) ck_assert_str_eq(t->echo.seen, good[_i].seen);
        ck_assert_int_eq(t->echo.refused, 0);
    }
}
END_TEST

START_TEST(chunked_goes_through_with_trailers)
{
    struct talk *t = talk(MC_STR("POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n"), 0, false);
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
    {"9112 §3 no version", "GET /\r\n\r\n", MC_REFUSAL_MALFORMED},
    {"0.9", "GET / HTTP/0.9\r\nHost: h\r\n\r\n", MC_REFUSAL_VERSION},
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
    {"method is no token", "G@T / HTTP/1.1\r\nHost: h\r\n\r\n", MC_REFUSAL_PROTOCOL},
    {"TLS hello", "\x16\x03\x01\x02\x01", MC_REFUSAL_PROTOCOL},
    {"CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", MC_REFUSAL_METHOD_UNKNOWN},
    {"target", "GET x HTTP/1.1\r\nHost: h\r\n\r\n", MC_REFUSAL_BAD_TARGET},
    {"bare CR in value", "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 0},
    {"fold in trailers", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: v\r\n w\r\n\r\n", MC_REFUSAL_FOLDED_HEADER},
};

START_TEST(bad_request_is_refused)
{
    static const uint32_t pieces[] = {0, 1, 3};
    for (size_t i = 0; i < 3; i++) {
        struct talk *t = talk(mc_str_c(bad[_i].request), pieces[i], false);
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
    ck_assert_int_eq(talk(mc_str_c(request), 0, false)->echo.last_refusal, MC_REFUSAL_TOO_MANY_HEADERS);
    n = sprintf(request, "GET / HTTP/1.1\r\nHost: h\r\nX: ");
    memset(request + n, 'a', 70000);
    sprintf(request + n + 70000, "\r\n\r\n");
    ck_assert_int_eq(talk(mc_str_c(request), 0, false)->echo.last_refusal, MC_REFUSAL_HEAD_TOO_LARGE);
    n = sprintf(request, "GET /");
    memset(request + n, 'a', 9000);
    sprintf(request + n + 9000, " HTTP/1.1\r\nHost: h\r\n\r\n");
    ck_assert_int_eq(talk(mc_str_c(request), 0, false)->echo.last_refusal, MC_REFUSAL_TARGET_TOO_LONG);
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
        struct talk *t = talk(mc_str_c(part), 0, true);
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
