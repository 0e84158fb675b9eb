/* tasks/run-application/horizontal-pod-autoscale: the algorithm's examples, stabilization, policies. */
#include "cluster.h"

Suite *test_autoscaler_suite(void);

static void begin(uint32_t replicas, uint32_t most, uint32_t percent)
{
    cluster_init(replicas);
    cluster.services[0].workload.autoscaler = (struct sim_autoscaler){.min_replicas = 1, .max_replicas = most, .target_cpu_percent = percent};
    cluster.kinds[0][0].request_millis = cluster.versions[0][0].resources.cpu_request_millis = 200;
}

#define burn cluster_burn

static struct sim_autoscaler_view view(void)
{
    return sim_controllers_autoscaler(cluster.controllers, 0, 0);
}

static uint32_t replicas(void)
{
    return sim_controllers_deployment(cluster.controllers, 0, 0).replicas;
}

static const struct {
    uint32_t replicas, target, burnt, wanted;
} ratios[] = {
    /* "if the current metric value is 200m, and the desired value is 100m, the number of replicas will be doubled" */
    {4, 50, 200, 8},
    /* ceil(3 × 90 / 60) = 5 */
    {3, 60, 180, 5},
    /* 1.1 is within the tolerance, 1.12 is not: ceil(10 × 56 / 50) = 12 */
    {10, 50, 110, 10},
    {10, 50, 112, 12},
    {10, 50, 90, 10},
};

START_TEST(ratio)
{
    begin(ratios[_i].replicas, 50, ratios[_i].target);
    burn(ratios[_i].burnt);
    cluster.constants.hpa_down_window = MC_S;
    cluster_start();
    /* until the first that is acted upon: the scrape after the second of them, and the next sync */
    while (cluster.engine.now < 65 * MC_S && !view().rescales) cluster_run(cluster.engine.now + MC_S);
    ck_assert_uint_eq(replicas(), ratios[_i].wanted);
    ck_assert(view().has_value);
    ck_assert_uint_eq(view().value, ratios[_i].burnt / 2); /* percent of 200m */
    cluster_fini();
}
END_TEST

/* "If the current metric is 50m, halve", but only after the down window: "the highest recommendation of the last 5 minutes". */
START_TEST(down)
{
    begin(8, 50, 50);
    burn(100); /* at the target */
    cluster_start();
    cluster_run(10 * MC_MIN);
    ck_assert_uint_eq(replicas(), 8);
    burn(50);
    cluster_run(14 * MC_MIN);
    ck_assert_uint_eq(replicas(), 8);
    cluster_run(16 * MC_MIN + 30 * MC_S);
    ck_assert_uint_eq(replicas(), 4);
    cluster_fini();
}
END_TEST

/* Default scaleUp: the larger of 4 pods and 100 % per 15 s: 1, 5, 10, 20, … Pods that start count as idle meanwhile, so
 * here they are ready at once and measured by then. */
START_TEST(up_in_steps)
{
    begin(1, 40, 10);
    cluster.services[0].workload.autoscaler.target_cpu_percent = 0;
    cluster.services[0].workload.autoscaler.target_rate_milli = 1000;
    cluster.kinds[0][0].rate = 1000;
    cluster.kinds[0][0].ready_after = 0;
    cluster_start();
    uint32_t sizes[8] = {1}, count = 1;
    mc_ns at[8] = {0};
    while (cluster.engine.now < 10 * MC_MIN && count < 8) {
        cluster_run(cluster.engine.now + MC_S);
        if (replicas() == sizes[count - 1]) continue;
        at[count] = cluster.engine.now;
        sizes[count++] = replicas();
    }
    ck_assert_uint_eq(count, 5);
    ck_assert_uint_eq(sizes[1], 5);
    ck_assert_uint_eq(sizes[2], 10);
    ck_assert_uint_eq(sizes[3], 20);
    ck_assert_uint_eq(sizes[4], 40);
    for (uint32_t i = 2; i < count; i++) ck_assert_int_ge(at[i] - at[i - 1], 15 * MC_S);
    cluster_fini();
}
END_TEST

/* CPU of pods that have just started says nothing: taken as idle on the way up. 2 pods at 4 times the target ask for 8; of
 * them 2 burn and 6 are not ready: (2 × 200 % + 6 × 0) / 8 = 50 %, which is the target. */
START_TEST(starting_pods_damp)
{
    begin(2, 50, 50);
    burn(400);
    cluster.kinds[0][0].ready_after = MC_NEVER;
    cluster_start();
    cluster_run(10 * MC_MIN);
    ck_assert_uint_eq(replicas(), 8); /* 2 → 6 (4 pods) → 8, and no more */
    cluster_fini();
}
END_TEST

/* "not-yet-ready pods … 0% … if the new ratio reverses the scale direction, no action": 5 of 10 burn 120 % of the target, the
 * others are starting: 60 % of it over all. Without them it would be ceil(5 × 1.2) = 6. */
START_TEST(starting_pods_reverse)
{
    begin(5, 50, 50);
    burn(120);
    cluster.constants.hpa_down_window = MC_S;
    cluster.kinds[0][0].ready_after = MC_NEVER;
    cluster_start();
    sim_controllers_scale(cluster.controllers, 0, 0, 10);
    cluster_run(4 * MC_MIN);
    ck_assert_uint_eq(replicas(), 10);
    ck_assert_uint_eq(view().value, 60);
    cluster_fini();
}
END_TEST

/* A policy of one pod a minute, and none down. */
START_TEST(policies)
{
    begin(4, 50, 50);
    cluster.kinds[0][0].ready_after = MC_NEVER;
    struct sim_autoscaler *plan = &cluster.services[0].workload.autoscaler;
    plan->up = (struct sim_scaling_rules){.policies = {{1, false, 60 * MC_S}}, .policy_count = 1};
    plan->down.select = SIM_SELECT_DISABLED;
    burn(400);
    cluster_start();
    cluster_run(3 * MC_MIN + 20 * MC_S);
    ck_assert_uint_ge(replicas(), 6);
    ck_assert_uint_le(replicas(), 8);
    burn(1);
    uint32_t before = replicas();
    cluster_run(30 * MC_MIN);
    ck_assert_uint_ge(replicas(), before);
    cluster_fini();
}
END_TEST

START_TEST(bounds)
{
    begin(9, 6, 50);
    cluster.services[0].workload.autoscaler.min_replicas = 3;
    burn(100);
    cluster_start();
    cluster_run(MC_MIN);
    ck_assert_uint_eq(replicas(), 6);
    burn(0);
    cluster_run(20 * MC_MIN);
    ck_assert_uint_eq(replicas(), 3);
    cluster_fini();
}
END_TEST

START_TEST(no_requests)
{
    begin(2, 6, 50);
    cluster.kinds[0][0].request_millis = cluster.versions[0][0].resources.cpu_request_millis = 0;
    burn(1000);
    cluster_start();
    cluster_run(5 * MC_MIN);
    ck_assert_uint_eq(replicas(), 2);
    ck_assert(cluster_has_event("missing request for cpu"));
    cluster_fini();
}
END_TEST

/* None: no event at all. */
START_TEST(unused)
{
    cluster_init(8);
    cluster_start();
    cluster_run(MC_HOUR);
    ck_assert_uint_eq(cluster.engine.events, 0);
    cluster_fini();
}
END_TEST

Suite *test_autoscaler_suite(void)
{
    Suite *suite = suite_create("autoscaler");
    TCase *cases = tcase_create("autoscaler");
    tcase_add_loop_test(cases, ratio, 0, (int)(sizeof ratios / sizeof *ratios));
    tcase_add_test(cases, down);
    tcase_add_test(cases, up_in_steps);
    tcase_add_test(cases, starting_pods_damp);
    tcase_add_test(cases, starting_pods_reverse);
    tcase_add_test(cases, policies);
    tcase_add_test(cases, bounds);
    tcase_add_test(cases, no_requests);
    tcase_add_test(cases, unused);
    suite_add_tcase(suite, cases);
    return suite;
}
