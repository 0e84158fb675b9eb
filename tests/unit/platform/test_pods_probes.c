/* kubernetes.io/docs: tasks/configure-pod-container/configure-liveness-readiness-startup-probes; by hand. */
#include "pods_stage.h"
#include <string.h>

Suite *test_pods_probes_suite(void);

#define stage pods_stage

/* The container starts at 2.11: 0.1 + 0.01 + 1 + 1. Warmed up 5 s later; asked at 2.11, 4.11, 6.11, 8.11. */
START_TEST(startup_in_time)
{
    pods_stage_init();
    stage.plan.warm_up = 5 * MC_S;
    stage.plan.startup = (struct sim_probe){.kind = SIM_PROBE_EXEC, .period = 2 * MC_S, .failure_threshold = 4};
    pods_stage_start(false);
    pods_stage_run(60 * MC_S);
    pods_stage_wants("7.110 app");
    pods_stage_wants("8.118 endpoint ready");
    pods_stage_fini();
}
END_TEST

/* Three failures are enough at 6.11: it is killed before it has warmed up; started again at once, 1 s later; asked
 * at 7.11, 9.11, 11.11; 10 s after that, and 1 s: 22.11. It never comes up. */
START_TEST(startup_too_slow)
{
    pods_stage_init();
    stage.plan.warm_up = 5 * MC_S;
    stage.plan.startup = (struct sim_probe){.kind = SIM_PROBE_EXEC, .period = 2 * MC_S, .failure_threshold = 3};
    pods_stage_start(false);
    pods_stage_run(22 * MC_S);
    ck_assert_uint_eq(sim_pods_status(stage.pods, 0).restarts, 1);
    pods_stage_run(23 * MC_S);
    ck_assert_uint_eq(sim_pods_status(stage.pods, 0).restarts, 2);
    ck_assert(!sim_pods_status(stage.pods, 0).ready);
    pods_stage_fini();
}
END_TEST

/* initialDelaySeconds 3, successThreshold 2, every 4 s: 5.11, 9.11. */
START_TEST(readiness_by_thresholds)
{
    pods_stage_init();
    stage.plan.readiness = (struct sim_probe){.kind = SIM_PROBE_EXEC, .initial_delay = 3 * MC_S, .period = 4 * MC_S, .success_threshold = 2};
    pods_stage_start(false);
    pods_stage_run(60 * MC_S);
    pods_stage_wants("2.110 app");
    pods_stage_wants("9.118 endpoint ready");
    pods_stage_fini();
}
END_TEST

static void http(void)
{
    pods_stage_init();
    stage.http = true;
    stage.plan.readiness = (struct sim_probe){.kind = SIM_PROBE_HTTP, .path = MC_STR("/ready"), .period = 5 * MC_S};
    stage.plan.liveness = (struct sim_probe){.kind = SIM_PROBE_HTTP, .path = MC_STR("/live"), .period = 10 * MC_S, .initial_delay = 7 * MC_S};
    pods_stage_start(false);
}

/* Over the network, and to nobody's count. Nobody listens yet at 2.11, the instant in which it starts; then 7.11. */
START_TEST(http_over_the_network)
{
    http();
    pods_stage_run(60 * MC_S);
    ck_assert(sim_pods_status(stage.pods, 0).ready);
    ck_assert_uint_eq(sim_pods_status(stage.pods, 0).restarts, 0);
    ck_assert_int_le(sim_pods_status(stage.pods, 0).ready_since, 7113 * MC_MS);
    ck_assert_uint_ge(sim_net_counts(sim_world_net(stage.world), stage.pod).accepted, 10 + 5); /* (60 − 7) / 5, (60 − 9) / 10 */
    ck_assert_ptr_null(strstr(stage.told, "somebody"));
    strcpy(stage.wanted, stage.told);
    pods_stage_fini();
}
END_TEST

/* Frozen at 20 s: no answer within 1 s. Readiness asks at 22.11, 27.11, 32.11, each fails 1 s later: out of the
 * endpoints at 33.118. Liveness at 29.11, 39.11, 49.11: ended from 50.11 on; it does not hear SIGTERM: killed at 80.11. */
START_TEST(http_without_an_answer)
{
    http();
    pods_stage_run(20 * MC_S);
    ck_assert(sim_pods_status(stage.pods, 0).ready);
    sim_pod_pause(stage.world, stage.pod, true);
    pods_stage_run(33 * MC_S);
    ck_assert(sim_pods_status(stage.pods, 0).ready);
    pods_stage_run(80 * MC_S);
    ck_assert_ptr_nonnull(strstr(stage.told, "33.118 endpoint none\n"));
    ck_assert_ptr_null(strstr(stage.told, "ends"));
    pods_stage_run(100 * MC_S);
    ck_assert_ptr_nonnull(strstr(stage.told, "80.110 app ends\n81.110 app\n"));
    ck_assert_uint_eq(sim_pods_status(stage.pods, 0).restarts, 1);
    ck_assert(sim_pods_status(stage.pods, 0).ready);
    strcpy(stage.wanted, stage.told);
    pods_stage_fini();
}
END_TEST

/* A port where nobody listens: refused at once; three times in 4 s from 2.11 on. */
START_TEST(tcp_refused)
{
    pods_stage_init();
    stage.http = true;
    stage.plan.liveness = (struct sim_probe){.kind = SIM_PROBE_TCP, .port = 9, .period = 2 * MC_S};
    pods_stage_start(false);
    pods_stage_run(7 * MC_S);
    ck_assert_ptr_nonnull(strstr(stage.told, "6.110 app ends"));
    strcpy(stage.wanted, stage.told);
    pods_stage_fini();
}
END_TEST

START_TEST(tcp_accepted)
{
    pods_stage_init();
    stage.http = true;
    stage.plan.readiness = (struct sim_probe){.kind = SIM_PROBE_TCP, .period = 2 * MC_S};
    pods_stage_start(true);
    pods_stage_run(60 * MC_S);
    ck_assert(sim_pods_status(stage.pods, 0).ready);
    pods_stage_wants("0.000 app");
    pods_stage_fini();
}
END_TEST

/* No probe, no event: one start, and silence. */
START_TEST(free_without)
{
    pods_stage_init();
    pods_stage_start(true);
    pods_stage_run(MC_HOUR);
    ck_assert_uint_eq(sim_world_events(stage.world), 1);
    pods_stage_wants("0.000 app");
    pods_stage_fini();
}
END_TEST

Suite *test_pods_probes_suite(void)
{
    Suite *suite = suite_create("pods_probes");
    TCase *cases = tcase_create("cases");
    tcase_add_test(cases, startup_in_time);
    tcase_add_test(cases, startup_too_slow);
    tcase_add_test(cases, readiness_by_thresholds);
    tcase_add_test(cases, http_over_the_network);
    tcase_add_test(cases, http_without_an_answer);
    tcase_add_test(cases, tcp_refused);
    tcase_add_test(cases, tcp_accepted);
    tcase_add_test(cases, free_without);
    suite_add_tcase(suite, cases);
    return suite;
}
