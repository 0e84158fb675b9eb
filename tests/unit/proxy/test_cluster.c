/* Who is picked, who is left out, and what a new snapshot does to what is open (Envoy's
 * load_balancer_impl, outlier_detection_impl; mesh facts 4.4, 4.5, 4.10). */
#include "bed.h"
#include <stdlib.h>

static struct bed bed;
static struct mc_route *route;

static void setup(void)
{
    bed_init(&bed, 5);
    route = bed_route(&bed, "/");
}

static void teardown(void)
{
    bed_fini(&bed);
}

static void count_picks(int requests, int counts[BED_ORIGINS])
{
    for (int i = 0; i < BED_ORIGINS; i++) counts[i] = -bed.origins[i].requests;
    for (int i = 0; i < requests; i++) ck_assert_int_eq(bed_status(&bed, "/"), 200);
    for (int i = 0; i < BED_ORIGINS; i++) counts[i] += bed.origins[i].requests;
}

START_TEST(round_robin_is_even)
{
    int counts[BED_ORIGINS];
    bed.endpoint_count = 4;
    bed_start(&bed);
    count_picks(40, counts);
    for (int i = 0; i < 4; i++) ck_assert_int_eq(counts[i], 10);
}
END_TEST

/* Weights 1, 2, 5 of 8: over 8 picks each gets its weight exactly, wherever the round begins. */
START_TEST(weighted_round_robin_keeps_the_shares)
{
    int counts[BED_ORIGINS];
    bed.endpoint_count = 3;
    bed.endpoints[1].weight = 2, bed.endpoints[2].weight = 5;
    bed_start(&bed);
    count_picks(80, counts);
    ck_assert_int_ge(counts[0], 9);
    ck_assert_int_le(counts[0], 11);
    ck_assert_int_ge(counts[1], 19);
    ck_assert_int_le(counts[1], 21);
    ck_assert_int_ge(counts[2], 49);
    ck_assert_int_le(counts[2], 51);
}
END_TEST

/* Binomial, n = 2000, p = 1/4: five deviations are 97. */
START_TEST(random_is_uniform)
{
    int counts[4] = {0};
    bed.endpoint_count = 4;
    bed.cluster.balancer = MC_BALANCE_RANDOM;
    bed_start(&bed);
    struct px_cluster *cluster = bed_cluster(&bed);
    for (int i = 0; i < 2000; i++) counts[(px_balance(cluster, NULL)->endpoint.addr.ip[15] - 1) & 3]++;
    for (int i = 0; i < 4; i++) ck_assert_int_lt(abs(counts[i] - 500), 97);
}
END_TEST

/* Two draws with replacement among A (busy) and B (idle): B unless both fall on A: 3/4. */
START_TEST(least_request_draws_with_replacement)
{
    int idle = 0;
    bed.endpoint_count = 2;
    bed.cluster.balancer = MC_BALANCE_LEAST_REQUEST;
    bed_start(&bed);
    struct px_cluster *cluster = bed_cluster(&bed);
    cluster->hosts[0]->active = 10;
    for (int i = 0; i < 4000; i++) idle += px_balance(cluster, NULL) == cluster->hosts[1];
    cluster->hosts[0]->active = 0;
    ck_assert_int_lt(abs(idle - 3000), 140); /* five deviations of a binomial with p = 3/4 */
}
END_TEST

/* What waits for a connection does not count, as in Envoy, unless the cluster says so (envoy#44989). */
START_TEST(least_request_may_count_the_waiting)
{
    bool counts = _i;
    int other = 0;
    bed.endpoint_count = 2;
    bed.cluster.balancer = MC_BALANCE_LEAST_REQUEST;
    bed.cluster.counts_pending = counts;
    bed_start(&bed);
    struct px_cluster *cluster = bed_cluster(&bed);
    cluster->hosts[0]->pending_count = 10;
    for (int i = 0; i < 4000; i++) other += px_balance(cluster, NULL) == cluster->hosts[1];
    cluster->hosts[0]->pending_count = 0;
    ck_assert_int_lt(abs(other - (counts ? 3000 : 2000)), 160); /* five deviations */
}
END_TEST

/* Unequal weights: weight / (active + 1) is what counts; nothing active: the plain shares. */
START_TEST(least_request_with_weights)
{
    int counts[2] = {0};
    bed.endpoint_count = 2;
    bed.endpoints[1].weight = 3;
    bed.cluster.balancer = MC_BALANCE_LEAST_REQUEST;
    bed_start(&bed);
    struct px_cluster *cluster = bed_cluster(&bed);
    for (int i = 0; i < 400; i++) counts[px_balance(cluster, NULL) == cluster->hosts[1]]++;
    ck_assert_int_lt(abs(counts[1] - 300), 3);
}
END_TEST

/* Two that differ: an endpoint that is slow is not picked while there is a better one. */
START_TEST(peak_ewma_avoids_the_slow)
{
    int slow = 0;
    bed.endpoint_count = 2;
    bed.cluster.balancer = MC_BALANCE_PEAK_EWMA;
    bed_start(&bed);
    struct px_cluster *cluster = bed_cluster(&bed);
    px_balance_observe(cluster->hosts[0], 500 * MC_MS, 1);
    px_balance_observe(cluster->hosts[1], 40 * MC_MS, 1);
    for (int i = 0; i < 100; i++) slow += px_balance(cluster, NULL) == cluster->hosts[0];
    ck_assert_int_eq(slow, 0);
}
END_TEST

/* ---- priorities and panic ---- */

static void set_health(uint32_t at, bool healthy, uint32_t priority)
{
    bed.endpoints[at].healthy = healthy;
    bed.endpoints[at].priority = priority;
}

static uint32_t load(uint32_t level)
{
    return bed_cluster(&bed)->levels[level].load;
}

/* 1.4 × 50 % = 70 % stay, 30 % go on; no panic, for together they suffice. */
START_TEST(failover_by_overprovisioning)
{
    bed.endpoint_count = 4;
    set_health(0, true, 0), set_health(1, false, 0), set_health(2, true, 1), set_health(3, true, 1);
    bed_start(&bed);
    ck_assert_uint_eq(load(0), 70);
    ck_assert_uint_eq(load(1), 30);
    ck_assert(!bed_cluster(&bed)->levels[0].panic);
    set_health(0, false, 0);
    bed_apply(&bed);
    ck_assert_uint_eq(load(0), 0);
    ck_assert_uint_eq(load(1), 100);
    ck_assert(!bed_cluster(&bed)->levels[0].panic); /* a dead level beside a whole one does not panic */
}
END_TEST

/* 1 of 5 is 20 %, under the threshold of 50 %, and 28 % of availability is less than all: panic. */
START_TEST(panic_picks_from_all)
{
    bed.endpoint_count = 5;
    for (uint32_t i = 1; i < 5; i++) set_health(i, false, 0);
    bed_start(&bed);
    struct px_cluster *cluster = bed_cluster(&bed);
    ck_assert(cluster->levels[0].panic);
    int counts[BED_ORIGINS];
    count_picks(10, counts);
    for (int i = 0; i < 5; i++) ck_assert_int_eq(counts[i], 2);
    ck_assert_uint_eq(cluster->v[PX_CLUSTER_LB_PANIC], 10);
    bed.cluster.panic_percent = 0;
    bed_apply(&bed);
    count_picks(10, counts);
    ck_assert_int_eq(counts[0], 10);
}
END_TEST

/* ---- outlier detection ---- */

static void outliers(uint32_t endpoints, uint32_t max_percent)
{
    bed.endpoint_count = endpoints;
    bed.cluster.panic_percent = 0;
    bed.cluster.outlier = (struct mc_outlier){.interval = 10 * MC_S, .base_ejection = 30 * MC_S, .max_ejection = 300 * MC_S,
                                              .consecutive_5xx = 3, .max_percent = max_percent};
    bed_start(&bed);
}

/* 100 × (ejected + 1) / hosts must not exceed the largest share: 10 % of 5 ejects nobody. */
START_TEST(small_clusters_never_eject_by_default)
{
    outliers(5, 10);
    bed.origins[0].path = "/status/500";
    for (int i = 0; i < 50; i++) bed_get(&bed, "/");
    ck_assert_uint_eq(bed_cluster(&bed)->v[PX_CLUSTER_OD_ACTIVE], 0);
    ck_assert_uint_ge(bed_cluster(&bed)->v[PX_CLUSTER_OD_OVERFLOW], 3);
}
END_TEST

/* Ejected after three in a row; back at the first tick (every 10 s) after 30 s; the second time 60 s. */
START_TEST(ejected_and_back_at_a_tick)
{
    outliers(2, 50);
    bed_pass(&bed, 4 * MC_S);
    bed.origins[0].path = "/status/503";
    for (int i = 0; i < 6; i++) bed_get(&bed, "/");
    struct px_host *host = bed_cluster(&bed)->hosts[0];
    ck_assert(host->ejected);
    int before = bed.origins[0].requests;
    for (int i = 0; i < 6; i++) ck_assert_int_eq(bed_status(&bed, "/"), 200);
    ck_assert_int_eq(bed.origins[0].requests, before);
    bed_pass(&bed, 35 * MC_S); /* 39 s: ejected at 4, due at 34, next tick at 40 */
    ck_assert(host->ejected);
    bed_pass(&bed, 1 * MC_S);
    ck_assert(!host->ejected);
    for (int i = 0; i < 6; i++) bed_get(&bed, "/");
    ck_assert(host->ejected);
    bed_pass(&bed, 59 * MC_S); /* 99 s: due at 100 */
    ck_assert(host->ejected);
    bed_pass(&bed, 1 * MC_S);
    ck_assert(!host->ejected);
}
END_TEST

START_TEST(a_good_answer_ends_the_row)
{
    outliers(2, 50);
    for (int round = 0; round < 4; round++) {
        bed.origins[0].path = bed.origins[1].path = "/status/500";
        for (int i = 0; i < 4; i++) bed_get(&bed, "/");
        bed.origins[0].path = bed.origins[1].path = "/";
        for (int i = 0; i < 2; i++) bed_get(&bed, "/");
    }
    ck_assert_uint_eq(bed_cluster(&bed)->v[PX_CLUSTER_OD_ENFORCED], 0);
}
END_TEST

/* ---- snapshots ---- */

START_TEST(an_equal_snapshot_changes_nothing)
{
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    bed_send(&bed, flow, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    bed_apply(&bed);
    bed_send(&bed, flow, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    ck_assert_int_eq(bed.origins[0].requests, 2);
    ck_assert_int_eq(bed_count(&bed, MC_TRACE_UPSTREAM_OPENED), 1);
    ck_assert_uint_eq(bed_last(&bed, MC_TRACE_SNAPSHOT_APPLIED)->v[0], 2);
}
END_TEST

START_TEST(routes_change_on_open_connections)
{
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    bed_send(&bed, flow, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    *route = (struct mc_route){.path = MC_STR("/"), .action = MC_ROUTE_DIRECT_RESPONSE, .status = 207};
    bed_apply(&bed);
    bed_send(&bed, flow, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(bed.client.flows[flow].text, "HTTP/1.1 207"));
    ck_assert(bed.client.flows[flow].open);
}
END_TEST

START_TEST(a_changed_listener_drains_its_connections)
{
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    bed_send(&bed, flow, "GET /hang HTTP/1.1\r\nhost: a\r\n\r\n");
    bed.chain.idle_timeout = MC_MIN;
    bed_apply(&bed);
    ck_assert(!bed.client.flows[flow].ended);
    bed_origin_reply(&bed, 0, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(bed.client.flows[flow].text, "connection: close"));
    ck_assert(bed.client.flows[flow].ended);
    ck_assert_int_eq(bed_status(&bed, "/"), 200);
}
END_TEST

START_TEST(endpoints_come_and_go)
{
    int counts[BED_ORIGINS];
    bed.endpoint_count = 2;
    bed_start(&bed);
    count_picks(4, counts);
    struct px_host *kept = bed_cluster(&bed)->hosts[1];
    bed.endpoints[0] = bed.endpoints[1];
    bed.endpoints[1] = (struct mc_endpoint){.addr = bed.origins[2].addr, .weight = 1, .healthy = true};
    bed_apply(&bed);
    ck_assert_ptr_eq(bed_cluster(&bed)->hosts[0], kept);
    count_picks(10, counts);
    ck_assert_int_eq(counts[0], 0);
    ck_assert_int_eq(counts[1], 5);
    ck_assert_int_eq(counts[2], 5);
    bed_pass(&bed, 2 * MC_S);
    ck_assert_uint_eq(bed_cluster(&bed)->v[PX_CLUSTER_CX_ACTIVE], 2);
}
END_TEST

/* Under a removed endpoint the request goes on to its end. */
START_TEST(a_request_outlives_its_endpoint)
{
    bed_start(&bed);
    int flow = bed_open(&bed, 80);
    bed_send(&bed, flow, "GET /hang HTTP/1.1\r\nhost: a\r\n\r\n");
    bed.endpoint_count = 0;
    bed_apply(&bed);
    bed_origin_reply(&bed, 0, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    ck_assert_ptr_nonnull(strstr(bed.client.flows[flow].text, "\r\n\r\nok"));
}
END_TEST

START_TEST(drains)
{
    bed_start(&bed);
    int idle = bed_open(&bed, 80), busy = bed_open(&bed, 80);
    bed_send(&bed, busy, "GET /hang HTTP/1.1\r\nhost: a\r\n\r\n");
    bed_drain(&bed);
    ck_assert(bed.client.flows[idle].ended);
    ck_assert(!mc_proxy_is_idle(bed.node.proxy));
    int late = bed_open(&bed, 80);
    ck_assert(bed.client.flows[late].failed);
    bed_origin_reply(&bed, 0, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    ck_assert_ptr_nonnull(strstr(bed.client.flows[busy].text, "connection: close"));
    bed_pass(&bed, 2 * MC_S);
    ck_assert(mc_proxy_is_idle(bed.node.proxy));
}
END_TEST

Suite *test_cluster_suite(void)
{
    Suite *suite = suite_create("cluster");
    TCase *tests = tcase_create("cluster");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, round_robin_is_even);
    tcase_add_test(tests, weighted_round_robin_keeps_the_shares);
    tcase_add_test(tests, random_is_uniform);
    tcase_add_test(tests, least_request_draws_with_replacement);
    tcase_add_loop_test(tests, least_request_may_count_the_waiting, 0, 2);
    tcase_add_test(tests, least_request_with_weights);
    tcase_add_test(tests, peak_ewma_avoids_the_slow);
    tcase_add_test(tests, failover_by_overprovisioning);
    tcase_add_test(tests, panic_picks_from_all);
    tcase_add_test(tests, small_clusters_never_eject_by_default);
    tcase_add_test(tests, ejected_and_back_at_a_tick);
    tcase_add_test(tests, a_good_answer_ends_the_row);
    tcase_add_test(tests, an_equal_snapshot_changes_nothing);
    tcase_add_test(tests, routes_change_on_open_connections);
    tcase_add_test(tests, a_changed_listener_drains_its_connections);
    tcase_add_test(tests, endpoints_come_and_go);
    tcase_add_test(tests, a_request_outlives_its_endpoint);
    tcase_add_test(tests, drains);
    suite_add_tcase(suite, tests);
    return suite;
}
