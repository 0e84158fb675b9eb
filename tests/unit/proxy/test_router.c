/* Requests through a proxy to origins: what passes, what is changed, what is answered locally, and with
 * which response flag (Envoy's source/common/router/router.cc and http/conn_manager_impl.cc). */
#include "bed.h"
#include <stdio.h>

static struct bed bed;

static void setup(void)
{
    bed_init(&bed, 7);
}

static void teardown(void)
{
    bed_fini(&bed);
}

static void has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part), "'%s' is not in:\n%s", part, text);
}

START_TEST(passes_a_request_and_its_answer)
{
    bed_route(&bed, "/");
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    bed_send(&bed, flow, "GET /a?b=1 HTTP/1.1\r\nHost: shop\r\nX-Keep: 1\r\nConnection: x-hop\r\nX-Hop: 2\r\n\r\n");
    const char *seen = bed.origins[0].seen, *got = bed.client.flows[flow].text;
    has(seen, "GET /a?b=1 HTTP/1.1\r\nhost: shop\r\n");
    has(seen, "x-keep: 1\r\n");
    ck_assert_ptr_null(strstr(seen, "x-hop"));
    has(seen, "x-forwarded-proto: http\r\n");
    has(seen, "x-request-id: ");
    has(seen, "traceparent: 00-");
    has(got, "HTTP/1.1 200 OK\r\n");
    has(got, "server: envoy\r\n");
    has(got, "date: Mon, 01 Jan 2024 00:00:00 GMT\r\n");
    has(got, "x-envoy-upstream-service-time: 0\r\n");
    has(got, "\r\n\r\n0");
    bed_send(&bed, flow, "GET /again HTTP/1.1\r\nHost: shop\r\n\r\n");
    ck_assert_int_eq(bed.origins[0].requests, 2);
    ck_assert_int_eq(bed_count(&bed, MC_TRACE_UPSTREAM_OPENED), 1); /* both sides were kept alive */
    ck_assert_uint_eq(bed_flags(&bed), 0);
}
END_TEST

/* Trace Context §3: the trace id stays, the parent is a span of the proxy's own. */
START_TEST(keeps_the_trace_and_the_request_id)
{
    bed_route(&bed, "/");
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    bed_send(&bed, flow, "GET / HTTP/1.1\r\nhost: a\r\nx-request-id: mine\r\ntraceparent: 00-0123456789abcdef0123456789abcdef-00000000000000aa-01\r\n\r\n");
    has(bed.origins[0].seen, "x-request-id: mine\r\n");
    const char *parent = strstr(bed.origins[0].seen, "traceparent: 00-0123456789abcdef0123456789abcdef-");
    ck_assert_ptr_nonnull(parent);
    ck_assert_int_ne(strncmp(parent + 49, "00000000000000aa", 16), 0);
    ck_assert_uint_eq(bed_last(&bed, MC_TRACE_ACCESS)->v[4], 0xaa); /* whoever watches knows the caller's span */
}
END_TEST

START_TEST(relays_bodies_both_ways)
{
    bed_route(&bed, "/");
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    bed_send(&bed, flow, "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhe");
    bed_send(&bed, flow, "llo");
    has(bed.client.flows[flow].text, "\r\n\r\nhello");
    bed_send(&bed, flow, "GET /chunked HTTP/1.1\r\nhost: a\r\n\r\n");
    has(bed.client.flows[flow].text, "abc\r\n");
    has(bed.client.flows[flow].text, "x-sum: 5\r\n");
    bed_send(&bed, flow, "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nxyz\r\n0\r\n\r\n");
    has(bed.origins[0].seen, "transfer-encoding: chunked");
    has(bed.origins[0].seen, "xyz");
}
END_TEST

START_TEST(answers_100_continue)
{
    bed_route(&bed, "/");
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    bed_send(&bed, flow, "POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n");
    ck_assert_str_eq(bed.client.flows[flow].text, "HTTP/1.1 100 Continue\r\n\r\n");
    bed_send(&bed, flow, "ok");
    has(bed.client.flows[flow].text, "\r\n\r\nok");
    ck_assert_ptr_null(strstr(bed.origins[0].seen, "expect"));
}
END_TEST

/* RFC 9110 §15.2: an answer that only informs comes before the answer; Envoy counts it with the others. */
START_TEST(informing_answers_count_and_stay)
{
    bed_route(&bed, "/");
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    bed_send(&bed, flow, "GET /hang HTTP/1.1\r\nhost: a\r\n\r\n");
    bed_origin_reply(&bed, 0, "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    ck_assert_int_eq(strncmp(bed.client.flows[flow].text, "HTTP/1.1 200 OK\r\n", 17), 0);
    ck_assert_uint_eq(bed_stat(&bed, "envoy_cluster_upstream_rq{envoy_cluster_name=\"c\",envoy_response_code=\"103\"}"), 1);
    ck_assert_uint_eq(bed_stat(&bed, "envoy_cluster_upstream_rq{envoy_cluster_name=\"c\",envoy_response_code=\"200\"}"), 1);
}
END_TEST

START_TEST(head_204_304_have_no_body)
{
    bed_route(&bed, "/");
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    bed_send(&bed, flow, "GET /status/204 HTTP/1.1\r\nhost: a\r\n\r\nGET /status/304 HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n");
    const char *text = bed.client.flows[flow].text;
    has(text, "HTTP/1.1 204");
    has(text, "HTTP/1.1 304");
    has(text, "HTTP/1.1 200");
    ck_assert(bed.client.flows[flow].open);
}
END_TEST

static void local(const char *path, int status, uint32_t flags, const char *body)
{
    const char *text = bed_get(&bed, path);
    char line[32];
    snprintf(line, sizeof line, "HTTP/1.1 %d ", status);
    ck_assert_msg(strncmp(text, line, strlen(line)) == 0, "%s: %s", path, text);
    ck_assert_str_eq(strstr(text, "\r\n\r\n") + 4, body);
    ck_assert_msg(bed_flags(&bed) == flags, "%s: flags %x", path, bed_flags(&bed));
}

START_TEST(local_answers_and_their_flags)
{
    bed.clusters[1] = (struct mc_weighted_cluster){bed_atom(&bed, "missing"), 1};
    bed_route(&bed, "/nocluster")->clusters = &bed.clusters[1];
    struct mc_route *direct = bed_route(&bed, "/direct");
    *direct = (struct mc_route){.path = MC_STR("/direct"), .action = MC_ROUTE_DIRECT_RESPONSE, .status = 418, .body = MC_STR("tea")};
    for (const char *const *path = (const char *const[]){"/close", "/garbage", "/half", "/hang", NULL}; *path; path++) bed_route(&bed, *path)->timeout = MC_S;
    bed_start(&bed);
    local("/nothing", 404, MC_FLAG(NR), "");
    local("/nocluster", 503, MC_FLAG(NC), "");
    local("/direct", 418, 0, "tea");
    local("/close", 503, MC_FLAG(UC), "upstream connect error or disconnect/reset before headers. reset reason: connection termination");
    local("/garbage", 502, MC_FLAG(UPE), "upstream connect error or disconnect/reset before headers. reset reason: protocol error");
    bed_get(&bed, "/half");
    ck_assert_uint_eq(bed_flags(&bed), MC_FLAG(UC));
    bed_get(&bed, "/hang");
    bed_pass(&bed, MC_S);
    ck_assert_uint_eq(bed_flags(&bed), MC_FLAG(UT));
    ck_assert_uint_eq(bed_last(&bed, MC_TRACE_ACCESS)->v[0] & 0xffff, 504);
    ck_assert_uint_eq(bed_stat(&bed, "envoy_cluster_upstream_rq_timeout{envoy_cluster_name=\"c\"}"), 1);
}
END_TEST

/* Envoy's conn_manager_impl.cc: a route that does not change protocols answers 403; an offer of HTTP/2 is
 * not taken and costs nothing; in HTTP/1.0 the field means nothing (RFC 9110 §7.8). */
START_TEST(upgrades_are_refused)
{
    bed_route(&bed, "/");
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    bed_send(&bed, flow, "GET / HTTP/1.1\r\nhost: a\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n\r\n");
    has(bed.client.flows[flow].text, "HTTP/1.1 403 Forbidden\r\n");
    ck_assert_int_eq(bed.origins[0].requests, 0);
    bed_send(&bed, flow, "GET / HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: h2c\r\n\r\n");
    bed_send(&bed, flow, "GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\n\r\n"); /* without its token it asks for nothing */
    bed_send(&bed, flow, "GET / HTTP/1.0\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n");
    ck_assert_int_eq(bed.origins[0].requests, 3);
    ck_assert_ptr_null(strstr(bed.origins[0].seen, "upgrade"));
}
END_TEST

/* RFC 9110 §6.6.1: whoever has a clock dates its 4xx; Envoy names itself too. */
START_TEST(what_is_not_http_gets_a_dated_answer)
{
    bed_route(&bed, "/");
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    bed_send(&bed, flow, "GET /\r\n\r\n");
    const char *got = bed.client.flows[flow].text;
    has(got, "HTTP/1.1 400 Bad Request\r\n");
    has(got, "date: Mon, 01 Jan 2024 00:00:00 GMT\r\n");
    has(got, "server: envoy\r\n");
    has(got, "connection: close\r\n");
}
END_TEST

/* A sidecar before its first certificate (Istio's PERMISSIVE and STRICT): Envoy closes on a ClientHello. */
START_TEST(without_a_certificate_only_plain_is_served)
{
    bed_route(&bed, "/");
    bed.chain.mtls = MC_MTLS_PERMISSIVE;
    bed_start(&bed);
    int plain = bed_open(&bed, 80), secure = bed_open(&bed, 80);
    bed_send(&bed, plain, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    has(bed.client.flows[plain].text, "HTTP/1.1 200 OK\r\n");
    bed_send(&bed, secure, "\x16\x03\x01\x02\x01\x01");
    ck_assert(bed.client.flows[secure].reset);
    ck_assert_uint_eq(bed.client.flows[secure].total, 0);
    bed.chain.mtls = MC_MTLS_STRICT;
    bed_apply(&bed);
    ck_assert(bed.client.flows[bed_open(&bed, 80)].reset);
}
END_TEST

START_TEST(redirects)
{
    struct mc_route *route = bed_route(&bed, "/old");
    *route = (struct mc_route){.path = MC_STR("/old"), .action = MC_ROUTE_REDIRECT, .status = 302, .redirect_path = MC_STR("/new"), .redirect_host = MC_STR("b")};
    bed_start(&bed);
    const char *text = bed_get(&bed, "/old?x=1");
    has(text, "HTTP/1.1 302 Found\r\n");
    has(text, "location: http://b/new?x=1\r\n");
}
END_TEST

START_TEST(nobody_there)
{
    bed_route(&bed, "/");
    bed.endpoints[0].addr.port = 9;
    bed_start(&bed);
    bed.endpoints[0].addr.port = 10; /* the origin listens at 9; the cluster is told 10 */
    bed_apply(&bed);
    local("/", 503, MC_FLAG(UF), "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure");
    bed.endpoint_count = 0;
    bed_apply(&bed);
    local("/", 503, MC_FLAG(UH), "no healthy upstream");
}
END_TEST

START_TEST(rewrites_and_edits)
{
    static const struct mc_header_edit up[] = {{MC_EDIT_SET, MC_STR("x-a"), MC_STR("1")}, {MC_EDIT_REMOVE, MC_STR("x-b"), MC_STR("")}};
    static const struct mc_header_edit down[] = {{MC_EDIT_APPEND, MC_STR("x-c"), MC_STR("3")}};
    struct mc_route *route = bed_route(&bed, "/in/");
    route->prefix_rewrite = MC_STR("/");
    route->host_rewrite = MC_STR("inner");
    route->request_edits = up, route->request_edit_count = 2;
    route->response_edits = down, route->response_edit_count = 1;
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    bed_send(&bed, flow, "GET /in/x?q HTTP/1.1\r\nhost: a\r\nx-a: 0\r\nx-b: 2\r\n\r\n");
    has(bed.origins[0].seen, "GET /x?q HTTP/1.1\r\nhost: inner\r\n");
    has(bed.origins[0].seen, "x-a: 1\r\n");
    has(bed.origins[0].seen, "x-envoy-original-path: /in/x?q\r\n");
    has(bed.origins[0].seen, "x-envoy-original-host: a\r\n");
    ck_assert_ptr_null(strstr(bed.origins[0].seen, "x-envoy-expected-rq-timeout-ms")); /* the route has no timeout */
    ck_assert_ptr_null(strstr(bed.origins[0].seen, "x-b"));
    has(bed.client.flows[flow].text, "x-c: 3\r\n");
}
END_TEST

START_TEST(client_that_leaves_is_dc)
{
    bed_route(&bed, "/");
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    bed_send(&bed, flow, "GET /hang HTTP/1.1\r\nhost: a\r\n\r\n");
    ck_assert_uint_eq(bed_cluster(&bed)->v[PX_CLUSTER_RQ_ACTIVE], 1);
    bed_reset(&bed, flow);
    ck_assert_uint_eq(bed_flags(&bed), MC_FLAG(DC));
    ck_assert_uint_eq(bed_cluster(&bed)->v[PX_CLUSTER_RQ_ACTIVE], 0);
    ck_assert_uint_eq(bed_cluster(&bed)->v[PX_CLUSTER_CX_ACTIVE], 0);
}
END_TEST

START_TEST(idle_stream_gets_408)
{
    bed.chain.stream_idle_timeout = 2 * MC_S;
    bed_route(&bed, "/");
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    bed_send(&bed, flow, "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nab");
    bed_pass(&bed, MC_S);
    bed_send(&bed, flow, "c");
    bed_pass(&bed, 1900 * MC_MS);
    ck_assert_str_eq(bed.client.flows[flow].text, "");
    bed_pass(&bed, 100 * MC_MS);
    has(bed.client.flows[flow].text, "HTTP/1.1 408 ");
    ck_assert_uint_eq(bed_flags(&bed), MC_FLAG(SI));
}
END_TEST

START_TEST(faults)
{
    struct mc_route *route = bed_route(&bed, "/");
    route->delay = 300 * MC_MS, route->delay_permillion = 1000000;
    route->abort_status = 429, route->abort_permillion = 1000000;
    route->timeout = 100 * MC_MS; /* not of the filter's business */
    bed_start(&bed);
    bed_get(&bed, "/");
    bed_pass(&bed, 299 * MC_MS);
    ck_assert_ptr_null(bed_last(&bed, MC_TRACE_ACCESS));
    bed_pass(&bed, MC_MS);
    ck_assert_uint_eq(bed_flags(&bed), (MC_FLAG(FI) | MC_FLAG(DI)));
    ck_assert_uint_eq(bed_last(&bed, MC_TRACE_ACCESS)->v[0] & 0xffff, 429);
    ck_assert_int_eq(bed.origins[0].requests, 0);
}
END_TEST

START_TEST(early_answer_reaches_the_client)
{
    bed_route(&bed, "/");
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    bed_send(&bed, flow, "POST /early HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\nfirst");
    has(bed.client.flows[flow].text, "HTTP/1.1 413 ");
    ck_assert(bed.client.flows[flow].ended);
    ck_assert_uint_eq(bed_cluster(&bed)->v[PX_CLUSTER_CX_ACTIVE], 0); /* its connection is of no use */
}
END_TEST

/* Every request text in pieces of 1 … n bytes: the origin sees the same, the client gets the same. */
START_TEST(cut_at_every_byte)
{
    bed_route(&bed, "/");
    bed_start(&bed);
    bed.wire.piece = (uint32_t)_i + 1;
    int flow = bed_open(&bed, 80);
    bed_send(&bed, flow, "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nxyz\r\n2\r\nuv\r\n0\r\n\r\n");
    has(bed.client.flows[flow].text, "HTTP/1.1 200 OK\r\n");
    ck_assert_ptr_nonnull(strstr(bed.client.flows[flow].text, "\r\n\r\n"));
    bed_send(&bed, flow, "GET /chunked HTTP/1.1\r\nhost: a\r\n\r\n");
    has(bed.client.flows[flow].text, "x-sum: 5\r\n\r\n");
    ck_assert_int_eq(bed.origins[0].requests, 2);
}
END_TEST

/* A client that does not read (the host says CLOGGED) holds the origin up at one stream's credit. */
START_TEST(back_pressure_downwards)
{
    bed_route(&bed, "/");
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    struct mc_link *link = mc_list_first(&bed.node.proxy->downstreams);
    mc_stream stream = mc_container(link, struct px_downstream, link)->http->conn->stream;
    wire_step(&bed.wire, bed.node_end, (struct mc_event){.kind = MC_EVENT_CLOGGED, .stream = stream});
    bed_send(&bed, flow, "GET /bytes/3000000 HTTP/1.1\r\nhost: a\r\n\r\n");
    ck_assert_uint_le(bed.client.flows[flow].total, MC_STREAM_CREDIT + 1000);
    ck_assert_uint_gt(bed.client.flows[flow].total, 0);
    wire_step(&bed.wire, bed.node_end, (struct mc_event){.kind = MC_EVENT_DRAINED, .stream = stream});
    wire_run(&bed.wire);
    ck_assert_uint_ge(bed.client.flows[flow].total, 3000000);
}
END_TEST

Suite *test_router_suite(void)
{
    Suite *suite = suite_create("router");
    TCase *tests = tcase_create("router");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, passes_a_request_and_its_answer);
    tcase_add_test(tests, keeps_the_trace_and_the_request_id);
    tcase_add_test(tests, relays_bodies_both_ways);
    tcase_add_test(tests, answers_100_continue);
    tcase_add_test(tests, informing_answers_count_and_stay);
    tcase_add_test(tests, head_204_304_have_no_body);
    tcase_add_test(tests, local_answers_and_their_flags);
    tcase_add_test(tests, upgrades_are_refused);
    tcase_add_test(tests, what_is_not_http_gets_a_dated_answer);
    tcase_add_test(tests, without_a_certificate_only_plain_is_served);
    tcase_add_test(tests, redirects);
    tcase_add_test(tests, nobody_there);
    tcase_add_test(tests, rewrites_and_edits);
    tcase_add_test(tests, client_that_leaves_is_dc);
    tcase_add_test(tests, idle_stream_gets_408);
    tcase_add_test(tests, faults);
    tcase_add_test(tests, early_answer_reaches_the_client);
    tcase_add_loop_test(tests, cut_at_every_byte, 0, 40);
    tcase_add_test(tests, back_pressure_downwards);
    suite_add_tcase(suite, tests);
    return suite;
}
