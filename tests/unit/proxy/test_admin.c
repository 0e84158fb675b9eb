/* What the admin filter serves, and what telemetry says. */
#include "bed.h"
#include <stdio.h>

static struct bed bed;

static const char *admin(const char *path)
{
    static char text[BED_TEXT];
    char request[256];
    int flow = bed_open(&bed, 9901);
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", path);
    bed_send(&bed, flow, request);
    memcpy(text, bed.client.flows[flow].text, bed.client.flows[flow].length + 1);
    return text;
}

static void has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part), "'%s' is not in:\n%s", part, text);
}

static void start(bool sidecar)
{
    bed_init(&bed, 2);
    bed.sidecar = sidecar;
    bed.endpoints[0].workload = bed_atom(&bed, "reviews/v2");
    bed_route(&bed, "/");
    bed_start(&bed);
}

START_TEST(ready_and_pages)
{
    start(false);
    has(admin("/ready"), "HTTP/1.1 200 OK\r\n");
    has(admin("/ready"), "\r\n\r\nLIVE\n");
    has(admin("/"), "/config_dump");
    has(admin("/nothing"), "HTTP/1.1 404 ");
    has(admin("/server_info"), "\"id\": \"p-0\"");
    has(admin("/listeners"), "in::10.0.0.2:80\n");
    has(admin("/config_dump"), "\"@type\": \"type.googleapis.com/envoy.admin.v3.ClustersConfigDump\"");
    has(admin("/config_dump"), "\"connect_timeout\": \"5s\"");
    bed_fini(&bed);
}
END_TEST

START_TEST(counters_in_both_forms)
{
    start(false);
    for (int i = 0; i < 3; i++) bed_get(&bed, "/");
    bed_get(&bed, "/status/503");
    const char *text = admin("/stats/prometheus");
    has(text, "content-type: text/plain; version=0.0.4");
    has(text, "# HELP envoy_cluster_upstream_rq_total ");
    has(text, "# TYPE envoy_cluster_upstream_rq_total counter\nenvoy_cluster_upstream_rq_total{envoy_cluster_name=\"c\"} 4\n");
    has(text, "envoy_cluster_upstream_rq{envoy_cluster_name=\"c\",envoy_response_code=\"503\"} 1\n");
    has(text, "envoy_cluster_upstream_rq_xx{envoy_cluster_name=\"c\",envoy_response_code_class=\"2\"} 3\n");
    has(text, "envoy_http_downstream_rq_total{envoy_http_conn_manager_prefix=\"ingress\"} 4\n");
    has(text, "envoy_listener_downstream_cx_total{envoy_listener_address=\"10.0.0.2_80\"} 4\n");
    has(text, "envoy_http_downstream_rq_time_bucket{envoy_http_conn_manager_prefix=\"ingress\",le=\"0.5\"} 4\n");
    has(text, "envoy_http_downstream_rq_time_bucket{envoy_http_conn_manager_prefix=\"ingress\",le=\"+Inf\"} 4\n");
    has(text, "envoy_http_downstream_rq_time_count{envoy_http_conn_manager_prefix=\"ingress\"} 4\n");
    text = admin("/stats");
    has(text, "cluster.c.upstream_rq_total: 4\n");
    has(text, "cluster.c.upstream_rq_5xx: 1\n");
    has(text, "cluster.c.upstream_rq_200: 3\n");
    has(text, "http.ingress.downstream_rq_total: 4\n");
    bed_fini(&bed);
}
END_TEST

START_TEST(istio_metrics_of_a_sidecar)
{
    start(true);
    bed_get(&bed, "/");
    bed_get(&bed, "/status/503");
    const char *text = admin("/stats/prometheus");
    has(text, "# TYPE istio_requests_total counter\n");
    has(text, "istio_requests_total{reporter=\"source\",source_workload=\"front-v1\",source_version=\"v1\",source_principal=\"unknown\","
              "destination_service=\"reviews\",destination_service_name=\"reviews\",destination_workload=\"reviews-v2\",destination_version=\"v2\","
              "request_protocol=\"http\",response_code=\"200\",response_flags=\"-\",connection_security_policy=\"unknown\"} 1\n");
    has(text, "response_code=\"503\",response_flags=\"-\"");
    has(text, "# TYPE istio_request_duration_milliseconds histogram\n");
    ck_assert_ptr_null(strstr(text, "destination_workload=\"admin"));
    bed_fini(&bed);
}
END_TEST

/* 2.5 ms as a sum of milliseconds; a value on a bound belongs below it. */
START_TEST(numbers_are_exact)
{
    start(false);
    struct mc_slices out;
    struct px_writer writer;
    px_writer_init(&writer, &bed.realm.pool, &out);
    px_write_fixed(&writer, 2500000, 6);
    px_write_c(&writer, " ");
    px_write_fixed(&writer, 1000001, 6);
    px_write_c(&writer, " ");
    px_write_fixed(&writer, 7, 6);
    px_write_c(&writer, " ");
    px_write_json(&writer, MC_STR("a\"b\\\n"));
    ck_assert(px_writer_fini(&writer));
    struct mc_str text = mc_slice_str(out.ring[out.head]);
    ck_assert(mc_str_eq(text, MC_STR("2.5 1.000001 0.000007 \"a\\\"b\\\\\\u000a\"")));
    mc_slices_fini(&out);
    bed_fini(&bed);
}
END_TEST

START_TEST(flags_as_text)
{
    char text[64];
    ck_assert(mc_str_eq(mc_str(text, px_flags_text(0, text, sizeof text)), MC_STR("-")));
    ck_assert(mc_str_eq(mc_str(text, px_flags_text(MC_FLAG(UF) | MC_FLAG(URX), text, sizeof text)), MC_STR("UF,URX")));
}
END_TEST

Suite *test_admin_suite(void)
{
    Suite *suite = suite_create("admin");
    TCase *tests = tcase_create("admin");
    tcase_add_test(tests, ready_and_pages);
    tcase_add_test(tests, counters_in_both_forms);
    tcase_add_test(tests, istio_metrics_of_a_sidecar);
    tcase_add_test(tests, numbers_are_exact);
    tcase_add_test(tests, flags_as_text);
    suite_add_tcase(suite, tests);
    return suite;
}
