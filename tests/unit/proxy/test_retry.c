/* Retries, timeouts and circuit breakers, by Envoy's rules (source/common/router/retry_state_impl.cc,
 * source/common/conn_pool/conn_pool_base.cc). */
#include "bed.h"
#include <stdio.h>
#include <stdlib.h>

static struct bed bed;
static struct mc_route *route;

static void setup(void)
{
    bed_init(&bed, 11);
    route = bed_route(&bed, "/");
    route->retry = (struct mc_retry_policy){.on = MC_RETRY_ON(5XX), .retries = 2, .backoff_base = 25 * MC_MS, .backoff_max = 250 * MC_MS};
}

static void teardown(void)
{
    bed_fini(&bed);
}

static uint64_t stat(enum px_cluster_stat which)
{
    return bed_cluster(&bed)->v[which];
}

static int answered(void)
{
    const struct mc_trace_record *access = bed_last(&bed, MC_TRACE_ACCESS);
    return access ? (int)(access->v[0] & 0xffff) : 0;
}

/* Uniform over [0, interval), intervals 25, 50, 100, 200, 250, 250 … ms. */
START_TEST(backoff_is_jittered_below_a_doubling_interval)
{
    static const mc_ns intervals[] = {25, 50, 100, 200, 250, 250, 250};
    const struct mc_retry_policy defaults = {0};
    for (uint32_t made = 1; made <= MC_COUNT_OF(intervals); made++) {
        mc_ns interval = intervals[made - 1] * MC_MS, least = interval, most = 0, sum = 0;
        for (uint64_t i = 0; i < 2000; i++) {
            mc_ns backoff = px_retry_backoff(&defaults, made, mc_mix(i + made * 7919));
            if (backoff < least) least = backoff;
            if (backoff > most) most = backoff;
            sum += backoff;
        }
        ck_assert_int_ge(least, 0);
        ck_assert_int_lt(most, interval);
        ck_assert_int_gt(most, interval / 100 * 99);
        ck_assert_int_lt(least, interval / 100);
        mc_ns mean = sum / 2000, half = interval / 2;
        ck_assert_int_lt(mean > half ? mean - half : half - mean, interval / 30);
    }
    bed_start(&bed);
}
END_TEST

START_TEST(retries_until_the_limit)
{
    bed_start(&bed);
    bed_get(&bed, "/status/503");
    bed_pass(&bed, MC_S);
    ck_assert_int_eq(answered(), 503);
    ck_assert_uint_eq(bed_flags(&bed), MC_FLAG(URX));
    ck_assert_int_eq(bed.origins[0].requests, 3);
    ck_assert_uint_eq(bed_last(&bed, MC_TRACE_ACCESS)->v[5], 3);
    ck_assert_int_eq(bed_count(&bed, MC_TRACE_RETRY), 2);
    ck_assert_uint_eq(stat(PX_CLUSTER_RQ_RETRY), 2);
    ck_assert_uint_eq(stat(PX_CLUSTER_RQ_RETRY_LIMIT), 1);
    ck_assert_uint_eq(stat(PX_CLUSTER_RQ_RETRY_ACTIVE), 0);
    /* what the client never saw is counted apart, as Envoy 1.40 does */
    ck_assert_uint_eq(stat(PX_CLUSTER_RQ_COMPLETED), 1);
    ck_assert_uint_eq(bed_stat(&bed, "envoy_cluster_upstream_rq{envoy_cluster_name=\"c\",envoy_response_code=\"503\"}"), 1);
    ck_assert_uint_eq(bed_stat(&bed, "envoy_cluster_retry_upstream_rq{envoy_cluster_name=\"c\",envoy_response_code=\"503\"}"), 2);
    ck_assert_uint_eq(bed_stat(&bed, "envoy_cluster_retry_upstream_rq_xx{envoy_cluster_name=\"c\",envoy_response_code_class=\"5\"}"), 2);
}
END_TEST

START_TEST(a_retry_that_is_good_is_the_answer)
{
    bed.endpoint_count = 2;
    bed.origins[0].path = "/status/500";
    bed.origins[1].path = "/";
    bed_start(&bed);
    for (int i = 0; i < 4; i++) {
        bed_get(&bed, "/");
        bed_pass(&bed, MC_S);
        ck_assert_int_eq(answered(), 200);
        ck_assert_uint_eq(bed_flags(&bed), 0);
    }
    ck_assert_uint_gt(stat(PX_CLUSTER_RQ_RETRY_SUCCESS), 0);
    ck_assert_uint_eq(stat(PX_CLUSTER_RQ_RETRY), stat(PX_CLUSTER_RQ_RETRY_SUCCESS));
}
END_TEST

static const struct {
    const char *path;
    uint32_t on;
    bool retried;
} conditions[] = {
    {"/status/503", MC_RETRY_ON(5XX), true},
    {"/status/404", MC_RETRY_ON(5XX), false},
    {"/status/500", MC_RETRY_ON(GATEWAY_ERROR), false},
    {"/status/502", MC_RETRY_ON(GATEWAY_ERROR), true},
    {"/status/504", MC_RETRY_ON(GATEWAY_ERROR), true},
    {"/status/409", MC_RETRY_ON(RETRIABLE_4XX), true},
    {"/status/408", MC_RETRY_ON(RETRIABLE_4XX), false},
    {"/status/503", MC_RETRY_ON(CONNECT_FAILURE) | MC_RETRY_ON(REFUSED_STREAM) | MC_RETRY_ON(UNAVAILABLE), false},
    {"/close", MC_RETRY_ON(5XX), true},
    {"/close", MC_RETRY_ON(GATEWAY_ERROR), true},
    {"/close", MC_RETRY_ON(RESET), true},
    {"/close", MC_RETRY_ON(CONNECT_FAILURE), false},
    {"/close", MC_RETRY_ON(RESET_BEFORE_REQUEST), false}, /* the request had been sent */
    {"/status/418", MC_RETRY_ON(RETRIABLE_STATUS), true},
    {"/status/419", MC_RETRY_ON(RETRIABLE_STATUS), false},
};

START_TEST(conditions_of_a_retry)
{
    static const uint16_t statuses[] = {418};
    route->retry.on = conditions[_i].on;
    route->retry.retries = 1;
    route->retry.statuses = statuses, route->retry.status_count = 1;
    bed_start(&bed);
    bed_get(&bed, conditions[_i].path);
    bed_pass(&bed, MC_S);
    ck_assert_int_eq(bed.origins[0].requests, conditions[_i].retried ? 2 : 1);
}
END_TEST

static void refuse_port(uint32_t on, int attempts)
{
    bed_start(&bed);
    bed.endpoints[0].addr.port = 1;
    route->retry.on = on;
    bed_apply(&bed);
    bed_get(&bed, "/");
    bed_pass(&bed, MC_S);
    ck_assert_int_eq(answered(), 503);
    ck_assert_int_eq(bed_count(&bed, MC_TRACE_UPSTREAM_FAILED), attempts);
}

START_TEST(connect_failures_are_retried_where_asked)
{
    refuse_port(MC_RETRY_ON(CONNECT_FAILURE), 3);
    ck_assert_uint_eq(bed_flags(&bed), (MC_FLAG(UF) | MC_FLAG(URX)));
}
END_TEST

START_TEST(connect_failures_are_before_the_request)
{
    refuse_port(MC_RETRY_ON(RESET_BEFORE_REQUEST), 3);
}
END_TEST

START_TEST(connect_failures_are_no_status)
{
    refuse_port(MC_RETRY_ON(RETRIABLE_STATUS), 1);
    ck_assert_uint_eq(bed_flags(&bed), MC_FLAG(UF));
}
END_TEST

/* The whole body goes again. */
START_TEST(body_is_sent_again)
{
    bed.origins[0].path = "/status/503";
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    bed_send(&bed, flow, "POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 8\r\n\r\nabcd");
    bed_send(&bed, flow, "efgh");
    bed.origins[0].seen[0] = 0;
    bed.origins[0].path = "/echo";
    bed_pass(&bed, MC_S);
    ck_assert_ptr_nonnull(strstr(bed.origins[0].seen, "\r\n\r\nabcdefgh"));
    ck_assert_ptr_nonnull(strstr(bed.client.flows[flow].text, "\r\n\r\nabcdefgh"));
}
END_TEST

/* A body over the bound is not kept, so there is no second attempt; it still passes whole. */
START_TEST(large_bodies_are_not_retried)
{
    size_t size = MC_RETRY_BUFFER + 100000;
    char *bytes = malloc(size), head[128];
    memset(bytes, 'b', size);
    bed.origins[0].path = "/stall";
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    snprintf(head, sizeof head, "POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: %zu\r\n\r\n", size + 1);
    bed_send(&bed, flow, head);
    for (size_t at = 0; at < size; at += 65536) {
        bed_send_bytes(&bed, flow, bytes + at, size - at < 65536 ? size - at : 65536);
        bed_origin_grant(&bed, 0);
    }
    free(bytes);
    bed_origin_reset(&bed, 0);
    bed_pass(&bed, MC_S);
    ck_assert_int_eq(answered(), 503);
    ck_assert_uint_eq(bed_flags(&bed), MC_FLAG(UC));
    ck_assert_int_eq(bed_count(&bed, MC_TRACE_RETRY), 0);
}
END_TEST

START_TEST(previous_hosts_are_avoided)
{
    bed.endpoint_count = 2;
    bed.cluster.balancer = MC_BALANCE_RANDOM;
    bed.origins[0].path = "/status/503";
    bed.origins[1].path = "/";
    route->retry.retries = 1;
    route->retry.other_host = true;
    route->retry.host_attempts = 40;
    bed_start(&bed);
    for (int i = 0; i < 30; i++) {
        bed_get(&bed, "/");
        bed_pass(&bed, MC_S);
        ck_assert_int_eq(answered(), 200);
    }
}
END_TEST

START_TEST(headers_of_internal_clients_count)
{
    route->retry.on = 0;
    bed.chain.internal_clients = true;
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    bed_send(&bed, flow, "GET /status/503 HTTP/1.1\r\nhost: a\r\nx-envoy-retry-on: gateway-error\r\nx-envoy-max-retries: 3\r\n\r\n");
    bed_pass(&bed, MC_S);
    ck_assert_int_eq(bed.origins[0].requests, 4);
    ck_assert_ptr_null(strstr(bed.origins[0].seen, "x-envoy-retry-on"));
    ck_assert_ptr_null(strstr(bed.origins[0].seen, "x-envoy-max-retries"));
    bed_send(&bed, flow, "GET /hang HTTP/1.1\r\nhost: a\r\nx-envoy-upstream-rq-timeout-ms: 70\r\n\r\n");
    bed_pass(&bed, 69 * MC_MS);
    ck_assert_int_eq(answered(), 503);
    bed_pass(&bed, MC_MS);
    ck_assert_int_eq(answered(), 504);
}
END_TEST

/* Anybody else could turn one request into many. */
START_TEST(headers_of_other_clients_do_not)
{
    route->retry.on = 0;
    route->timeout = 100 * MC_MS;
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    bed_send(&bed, flow, "GET /status/503 HTTP/1.1\r\nhost: a\r\nx-envoy-retry-on: gateway-error\r\nx-envoy-max-retries: 3\r\n\r\n");
    bed_pass(&bed, MC_S);
    ck_assert_int_eq(bed.origins[0].requests, 1);
    ck_assert_ptr_null(strstr(bed.origins[0].seen, "x-envoy-retry-on"));
    ck_assert_ptr_null(strstr(bed.origins[0].seen, "x-envoy-max-retries"));
    bed_send(&bed, flow, "GET /hang HTTP/1.1\r\nhost: a\r\nx-envoy-upstream-rq-timeout-ms: 5000\r\n\r\n");
    bed_pass(&bed, 101 * MC_MS);
    ck_assert_int_eq(answered(), 504);
}
END_TEST

START_TEST(a_sidecar_counts_attempts)
{
    bed.sidecar = true;
    bed_start(&bed);
    bed_get(&bed, "/status/503");
    ck_assert_ptr_nonnull(strstr(bed.origins[0].seen, "x-envoy-attempt-count: 1\r\n"));
    bed_pass(&bed, MC_S);
    ck_assert_ptr_nonnull(strstr(bed.origins[0].seen, "x-envoy-attempt-count: 3\r\n"));
}
END_TEST

/* ---- timeouts ---- */

/* It counts from the end of the request, so a slow upload is not bounded by it. */
START_TEST(route_timeout_starts_when_the_request_is_whole)
{
    route->timeout = 100 * MC_MS;
    route->retry.on = 0;
    bed.origins[0].path = "/hang";
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    bed_send(&bed, flow, "POST /hang HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\na");
    bed_pass(&bed, MC_S);
    bed_send(&bed, flow, "b");
    bed_pass(&bed, 99 * MC_MS);
    ck_assert_int_eq(answered(), 0);
    bed_pass(&bed, MC_MS);
    ck_assert_int_eq(answered(), 504);
    ck_assert_ptr_nonnull(strstr(bed.client.flows[flow].text, "upstream request timeout"));
}
END_TEST

START_TEST(route_timeout_covers_retries)
{
    route->timeout = 300 * MC_MS;
    route->retry.per_try_timeout = 100 * MC_MS;
    route->retry.retries = 10;
    bed_start(&bed);
    bed_get(&bed, "/hang");
    ck_assert_ptr_nonnull(strstr(bed.origins[0].seen, "x-envoy-expected-rq-timeout-ms: 100\r\n"));
    bed_pass(&bed, 300 * MC_MS);
    ck_assert_int_eq(answered(), 504);
    ck_assert_uint_eq(bed_last(&bed, MC_TRACE_ACCESS)->v[3], 300 * MC_MS);
    ck_assert_uint_ge(stat(PX_CLUSTER_RQ_PER_TRY_TIMEOUT), 1);
    ck_assert_uint_eq(stat(PX_CLUSTER_RQ_RETRY_ACTIVE), 0);
}
END_TEST

/* Of 100 ms, 60 are gone when the first try is answered and another one follows. */
START_TEST(endpoints_are_told_the_time_that_is_left)
{
    route->timeout = 100 * MC_MS;
    route->retry.retries = 1;
    route->retry.backoff_base = route->retry.backoff_max = 1;
    bed_start(&bed);
    bed_get(&bed, "/hang");
    ck_assert_ptr_nonnull(strstr(bed.origins[0].seen, "x-envoy-expected-rq-timeout-ms: 100\r\n"));
    bed_pass(&bed, 60 * MC_MS);
    bed_origin_reply(&bed, 0, "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n");
    bed_pass(&bed, MC_MS);
    ck_assert_int_eq(bed.origins[0].requests, 2);
    const char *left = strstr(bed.origins[0].seen, "x-envoy-expected-rq-timeout-ms: ");
    ck_assert_ptr_nonnull(left);
    ck_assert_int_eq(atoi(left + 32), 40);
    ck_assert_ptr_null(strstr(left + 1, "x-envoy-expected")); /* one field, set anew */
}
END_TEST

/* Istio's default conditions name none that a local reset meets: perTryTimeout is a plain timeout. */
START_TEST(per_try_timeout_is_not_retried_by_default_conditions)
{
    route->retry.on = MC_RETRY_ON(CONNECT_FAILURE) | MC_RETRY_ON(REFUSED_STREAM) | MC_RETRY_ON(UNAVAILABLE) | MC_RETRY_ON(CANCELLED) | MC_RETRY_ON(RETRIABLE_STATUS);
    route->retry.per_try_timeout = 50 * MC_MS;
    bed_start(&bed);
    bed_get(&bed, "/hang");
    bed_pass(&bed, 50 * MC_MS);
    ck_assert_int_eq(answered(), 504);
    ck_assert_uint_eq(bed_flags(&bed), MC_FLAG(UT));
    ck_assert_int_eq(bed.origins[0].requests, 1);
}
END_TEST

/* ---- circuit breakers ---- */

static int ask_all(int count)
{
    int refused = 0;
    for (int i = 0; i < count; i++) {
        int flow = bed_open(&bed, 80);
        bed_send(&bed, flow, "GET /hang HTTP/1.1\r\nhost: a\r\n\r\n");
        const char *text = bed.client.flows[flow].text;
        if (!*text) continue;
        ck_assert_ptr_nonnull(strstr(text, "HTTP/1.1 503 "));
        ck_assert_ptr_nonnull(strstr(text, "x-envoy-overloaded: true"));
        ck_assert_uint_eq(bed_flags(&bed), MC_FLAG(UO));
        refused++;
    }
    return refused;
}

START_TEST(breaker_of_requests)
{
    bed.cluster.breaker.requests = 3;
    bed_start(&bed);
    ck_assert_int_eq(ask_all(5), 2);
    ck_assert_uint_eq(stat(PX_CLUSTER_RQ_ACTIVE), 3);
    ck_assert_uint_eq(stat(PX_CLUSTER_RQ_PENDING_OVERFLOW), 2);
}
END_TEST

START_TEST(breaker_of_connections_and_pending)
{
    bed.cluster.breaker.connections = 2;
    bed.cluster.breaker.pending = 1;
    bed_start(&bed);
    ck_assert_int_eq(ask_all(6), 3);
    ck_assert_uint_eq(stat(PX_CLUSTER_CX_ACTIVE), 2);
    ck_assert_uint_eq(stat(PX_CLUSTER_RQ_PENDING_ACTIVE), 1);
}
END_TEST

/* One connection per endpoint is had whatever the limit says. */
START_TEST(every_endpoint_gets_a_connection)
{
    bed.cluster.breaker.connections = 1;
    bed.endpoint_count = 3;
    bed_start(&bed);
    ck_assert_int_eq(ask_all(3), 0);
    ck_assert_uint_eq(stat(PX_CLUSTER_CX_ACTIVE), 3);
}
END_TEST

START_TEST(those_who_wait_are_served_in_order)
{
    bed.cluster.breaker.connections = 1;
    bed_start(&bed);
    int first = bed_open(&bed, 80), second, third;
    bed_send(&bed, first, "GET /hang HTTP/1.1\r\nhost: a\r\n\r\n");
    second = bed_open(&bed, 80);
    bed_send(&bed, second, "GET /two HTTP/1.1\r\nhost: a\r\n\r\n");
    third = bed_open(&bed, 80);
    bed_send(&bed, third, "GET /hang HTTP/1.1\r\nhost: a\r\n\r\n");
    bed_origin_reply(&bed, 0, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(bed.client.flows[first].text, "200 OK"));
    ck_assert_ptr_nonnull(strstr(bed.client.flows[second].text, "200 OK"));
    ck_assert_str_eq(bed.client.flows[third].text, "");
    ck_assert_uint_eq(stat(PX_CLUSTER_CX_TOTAL), 1);
}
END_TEST

START_TEST(breaker_of_retries)
{
    bed.cluster.breaker.retries = 1;
    bed_start(&bed);
    bed_get(&bed, "/status/503"); /* waits for its first retry, and holds the one place */
    ck_assert_uint_eq(stat(PX_CLUSTER_RQ_RETRY_ACTIVE), 1);
    ck_assert_int_eq(bed_status(&bed, "/status/503"), 503);
    ck_assert_uint_eq(bed_flags(&bed), MC_FLAG(UO));
    ck_assert_uint_eq(stat(PX_CLUSTER_RQ_RETRY_OVERFLOW), 1);
}
END_TEST

START_TEST(connections_have_a_last_request)
{
    bed.cluster.requests_per_conn = 2;
    bed_start(&bed);
    for (int i = 0; i < 4; i++) ck_assert_int_eq(bed_status(&bed, "/"), 200);
    ck_assert_uint_eq(stat(PX_CLUSTER_CX_TOTAL), 2);
    ck_assert_uint_eq(stat(PX_CLUSTER_CX_MAX_REQUESTS), 2);
}
END_TEST

START_TEST(connection_close_of_the_origin_is_heeded)
{
    bed_start(&bed);
    for (int i = 0; i < 3; i++) ck_assert_int_eq(bed_status(&bed, "/last"), 200);
    ck_assert_uint_eq(stat(PX_CLUSTER_CX_TOTAL), 3);
    ck_assert_uint_eq(stat(PX_CLUSTER_CX_ACTIVE), 0);
}
END_TEST

Suite *test_retry_suite(void)
{
    Suite *suite = suite_create("retry");
    TCase *tests = tcase_create("retry");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, backoff_is_jittered_below_a_doubling_interval);
    tcase_add_test(tests, retries_until_the_limit);
    tcase_add_test(tests, a_retry_that_is_good_is_the_answer);
    tcase_add_loop_test(tests, conditions_of_a_retry, 0, (int)MC_COUNT_OF(conditions));
    tcase_add_test(tests, connect_failures_are_retried_where_asked);
    tcase_add_test(tests, connect_failures_are_before_the_request);
    tcase_add_test(tests, connect_failures_are_no_status);
    tcase_add_test(tests, body_is_sent_again);
    tcase_add_test(tests, large_bodies_are_not_retried);
    tcase_add_test(tests, previous_hosts_are_avoided);
    tcase_add_test(tests, headers_of_internal_clients_count);
    tcase_add_test(tests, headers_of_other_clients_do_not);
    tcase_add_test(tests, a_sidecar_counts_attempts);
    tcase_add_test(tests, route_timeout_starts_when_the_request_is_whole);
    tcase_add_test(tests, route_timeout_covers_retries);
    tcase_add_test(tests, endpoints_are_told_the_time_that_is_left);
    tcase_add_test(tests, per_try_timeout_is_not_retried_by_default_conditions);
    tcase_add_test(tests, breaker_of_requests);
    tcase_add_test(tests, breaker_of_connections_and_pending);
    tcase_add_test(tests, every_endpoint_gets_a_connection);
    tcase_add_test(tests, those_who_wait_are_served_in_order);
    tcase_add_test(tests, breaker_of_retries);
    tcase_add_test(tests, connections_have_a_last_request);
    tcase_add_test(tests, connection_close_of_the_origin_is_heeded);
    suite_add_tcase(suite, tests);
    return suite;
}
