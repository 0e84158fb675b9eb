/* concepts/workloads/controllers/job */
#include "cluster.h"

Suite *test_job_suite(void);

static struct sim_job_view view(void)
{
    return sim_controllers_job(cluster.controllers, 0, 0);
}

static void begin(uint32_t completions, uint32_t parallelism, mc_ns run_time)
{
    cluster_init(1);
    cluster.services[0].workload.job = (struct sim_job){.completions = completions, .parallelism = parallelism, .run_time = run_time};
    cluster.kinds[0][0].run_time = run_time;
    cluster.services[0].version_count = 1;
}

/* Six, two at a time: three rounds of 5 s to start and 30 s of work, the very first without the start. */
START_TEST(two_at_a_time)
{
    begin(6, 2, 30 * MC_S);
    cluster_start();
    cluster_run(20 * MC_S);
    ck_assert_uint_eq(view().active, 2);
    cluster_run(10 * MC_MIN);
    ck_assert_int_eq(view().state, SIM_JOB_COMPLETE);
    ck_assert_uint_eq(view().succeeded, 6);
    ck_assert_uint_eq(view().active, 0);
    ck_assert_uint_eq(cluster.pod_count, 6);
    /* one after the other on the second place: (5 + 30) × 3 s */
    ck_assert_int_eq(view().finished, 105 * MC_S);
    cluster_fini();
}
END_TEST

/* "recreated … with an exponential back-off delay (10s, 20s, 40s …)"; backoffLimit 3: the fourth failure is the last.
 * Failures at 30 s; +10 +5+30; +20 +35; +40 +35. */
START_TEST(back_off)
{
    begin(1, 1, 30 * MC_S);
    cluster.services[0].workload.job.backoff_limit = 3;
    cluster.services[0].workload.job.backoff_limit_given = true;
    cluster.kinds[0][0].fails = true;
    cluster_start();
    cluster_run(205 * MC_S - 1);
    ck_assert_int_eq(view().state, SIM_JOB_ACTIVE);
    ck_assert_uint_eq(view().failed, 3);
    cluster_run(MC_HOUR);
    ck_assert_int_eq(view().state, SIM_JOB_FAILED);
    ck_assert_str_eq(view().reason, "BackoffLimitExceeded");
    ck_assert_uint_eq(view().failed, 4);
    ck_assert_int_eq(view().finished, 205 * MC_S);
    cluster_fini();
}
END_TEST

/* Six by default: seven failures. */
START_TEST(six)
{
    begin(1, 1, MC_S);
    cluster.kinds[0][0].fails = true;
    cluster_start();
    cluster_run(3 * MC_HOUR);
    ck_assert_uint_eq(view().failed, 7);
    cluster_fini();
}
END_TEST

/* "Once a Job reaches activeDeadlineSeconds, all of its running Pods are terminated": also one that never ends. */
START_TEST(deadline)
{
    begin(1, 1, 0);
    cluster.services[0].workload.job.active_deadline = 2 * MC_MIN;
    cluster_start();
    cluster_run(2 * MC_MIN - 1);
    ck_assert_int_eq(view().state, SIM_JOB_ACTIVE);
    cluster_run(3 * MC_MIN);
    ck_assert_str_eq(view().reason, "DeadlineExceeded");
    ck_assert_int_eq(view().finished, 2 * MC_MIN);
    ck_assert_uint_eq(cluster_live(0, 0), 0);
    cluster_fini();
}
END_TEST

/* A pod of which something never ends: the Job does neither, and costs nothing. */
START_TEST(never_ends)
{
    begin(1, 1, 0);
    cluster_start();
    cluster_run(MC_MIN);
    uint64_t events = cluster.engine.events;
    cluster_run(24 * MC_HOUR);
    ck_assert_int_eq(view().state, SIM_JOB_ACTIVE);
    ck_assert_uint_eq(view().succeeded, 0);
    ck_assert_uint_eq(cluster.engine.events, events);
    cluster_fini();
}
END_TEST

Suite *test_job_suite(void)
{
    Suite *suite = suite_create("job");
    TCase *cases = tcase_create("job");
    tcase_add_test(cases, two_at_a_time);
    tcase_add_test(cases, back_off);
    tcase_add_test(cases, six);
    tcase_add_test(cases, deadline);
    tcase_add_test(cases, never_ends);
    suite_add_tcase(suite, cases);
    return suite;
}
