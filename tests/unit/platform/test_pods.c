/* kubernetes.io/docs: concepts/workloads/pods/pod-lifecycle, sidecar-containers; by hand from the stage's delays. */
#include "pods_stage.h"
#include <stdio.h>
#include <string.h>

Suite *test_pods_suite(void);

#define stage pods_stage

/* ---- starting ---- */

static void slow_image(void)
{
    pods_stage_init();
    stage.meshed = true;
    stage.plan.image_pull = 2 * MC_S;
    stage.plan.init = 500 * MC_MS;
}

/* 0.1 schedule; 0.01 + 1 sandbox, 2 pull: 3.11; init 0.5 and the redirecting one 1: 4.61; then one container a second. */
START_TEST(classic_sidecar_comes_last)
{
    slow_image();
    pods_stage_start(false);
    pods_stage_run(20 * MC_S);
    pods_stage_wants("5.610 app");
    pods_stage_wants("6.610 sidecar");
    pods_stage_wants("6.618 endpoint ready"); /* 0.003 status, 0.005 endpoint */
    ck_assert_int_eq(sim_pods_status(stage.pods, 0).phase, SIM_POD_RUNNING);
    ck_assert_int_eq(sim_pods_status(stage.pods, 0).started, 5610 * MC_MS);
    ck_assert_int_eq(sim_pods_status(stage.pods, 0).ready_since, 6613 * MC_MS);
    pods_stage_fini();
}
END_TEST

/* holdApplicationUntilProxyStarts: asked at 5.61, 6.61, 7.61; ready from 7 on. */
START_TEST(application_is_held)
{
    slow_image();
    stage.profile.sidecar.hold_application = true;
    stage.sidecar_ready_at = 7 * MC_S;
    pods_stage_start(false);
    pods_stage_run(20 * MC_S);
    pods_stage_wants("5.610 sidecar");
    pods_stage_wants("8.610 app");
    pods_stage_wants("8.618 endpoint ready");
    pods_stage_fini();
}
END_TEST

/* Native: before the other init containers; its startup probe at 4.11, 5.11. */
START_TEST(native_sidecar_comes_first)
{
    slow_image();
    stage.profile.sidecar.native = true;
    stage.sidecar_ready_at = 5 * MC_S;
    pods_stage_start(false);
    pods_stage_run(20 * MC_S);
    pods_stage_wants("4.110 sidecar");
    pods_stage_wants("7.610 app"); /* 5.11 + 1.5 init + 1 */
    pods_stage_wants("7.618 endpoint ready");
    pods_stage_fini();
}
END_TEST

/* No machine before it is scheduled; not ready while the sidecar is not. */
START_TEST(status_of_a_start)
{
    pods_stage_init();
    stage.meshed = true;
    stage.sidecar_ready_at = 60 * MC_S;
    pods_stage_start(false);
    pods_stage_run(99 * MC_MS);
    ck_assert_uint_eq(sim_pods_status(stage.pods, 0).machine, SIM_NONE);
    pods_stage_run(50 * MC_S);
    ck_assert_uint_eq(sim_pods_status(stage.pods, 0).machine, stage.machine);
    ck_assert_int_eq(sim_pods_status(stage.pods, 0).phase, SIM_POD_RUNNING);
    ck_assert(!sim_pods_status(stage.pods, 0).ready);
    pods_stage_wants("3.110 app");
    pods_stage_wants("4.110 sidecar");
    pods_stage_fini();
}
END_TEST

/* ---- deleting ---- */

/* At 10 s; the kubelet at 10.01; preStop 5 s, then SIGTERM, which the application takes 2 s for. */
START_TEST(two_races)
{
    pods_stage_init();
    stage.plan.pre_stop = 5 * MC_S;
    stage.app_takes = 2 * MC_S;
    pods_stage_start(true);
    pods_stage_run(10 * MC_S);
    sim_pods_delete(stage.pods, 0, MC_NEVER);
    ck_assert(sim_pods_status(stage.pods, 0).terminating);
    pods_stage_run(60 * MC_S);
    pods_stage_wants("0.000 app");
    pods_stage_wants("10.005 endpoint serving"); /* terminating, and still answering */
    pods_stage_wants("17.010 app ends");
    pods_stage_wants("17.010 gone");
    pods_stage_wants("17.018 endpoint none");
    ck_assert_int_eq(sim_pods_status(stage.pods, 0).phase, SIM_POD_GONE);
    pods_stage_fini();
}
END_TEST

static void kill_after(bool given, mc_ns grace, mc_ns pre_stop)
{
    pods_stage_init();
    stage.plan.grace_given = given;
    stage.plan.grace = grace;
    stage.plan.pre_stop = pre_stop;
    stage.plan.ignores_term = true;
    pods_stage_start(true);
    pods_stage_run(10 * MC_S);
    sim_pods_delete(stage.pods, 0, MC_NEVER);
    pods_stage_run(100 * MC_S);
    pods_stage_wants("0.000 app");
}

/* 30 s by default. */
START_TEST(grace_of_30_s)
{
    kill_after(false, 0, 0);
    pods_stage_wants("10.005 endpoint serving");
    pods_stage_wants("40.010 app ends");
    pods_stage_wants("40.010 gone");
    pods_stage_wants("40.018 endpoint none");
    pods_stage_fini();
}
END_TEST

/* "the grace period countdown begins before the PreStop hook is executed" */
START_TEST(hook_is_part_of_grace)
{
    kill_after(true, 7 * MC_S, 3 * MC_S);
    pods_stage_wants("10.005 endpoint serving");
    pods_stage_wants("17.010 app ends");
    pods_stage_wants("17.010 gone");
    pods_stage_wants("17.018 endpoint none");
    pods_stage_fini();
}
END_TEST

/* "a small, one-off grace period extension of 2 seconds" */
START_TEST(hook_is_longer_than_grace)
{
    kill_after(true, 7 * MC_S, 20 * MC_S);
    pods_stage_wants("10.005 endpoint serving");
    pods_stage_wants("19.010 app ends");
    pods_stage_wants("19.010 gone");
    pods_stage_wants("19.018 endpoint none");
    pods_stage_fini();
}
END_TEST

/* Zero: the API server forgets at once, the kubelet still gives minimumGracePeriodInSeconds. */
START_TEST(zero_grace)
{
    kill_after(true, 0, 0);
    pods_stage_wants("10.005 endpoint none");
    pods_stage_wants("12.010 app ends");
    pods_stage_wants("12.010 gone");
    pods_stage_fini();
}
END_TEST

/* A second deletion with a shorter grace counts, a longer one does not. */
START_TEST(shorter_grace)
{
    pods_stage_init();
    stage.plan.ignores_term = true;
    pods_stage_start(true);
    sim_pods_delete(stage.pods, 0, 50 * MC_S);
    pods_stage_run(10 * MC_S);
    sim_pods_delete(stage.pods, 0, 90 * MC_S);
    sim_pods_delete(stage.pods, 0, 5 * MC_S);
    pods_stage_run(100 * MC_S);
    pods_stage_wants("0.000 app");
    pods_stage_wants("0.005 endpoint serving");
    pods_stage_wants("15.010 app ends");
    pods_stage_wants("15.010 gone");
    pods_stage_wants("15.018 endpoint none");
    pods_stage_fini();
}
END_TEST

/* It serves for 4 s after SIGTERM, and is then done in 1 s. */
START_TEST(application_goes_on)
{
    pods_stage_init();
    stage.plan.app_stop = 4 * MC_S;
    stage.app_takes = MC_S;
    pods_stage_start(true);
    sim_pods_delete(stage.pods, 0, MC_NEVER);
    pods_stage_run(100 * MC_S);
    pods_stage_wants("0.000 app");
    pods_stage_wants("0.005 endpoint serving");
    pods_stage_wants("5.010 app ends");
    pods_stage_wants("5.010 gone");
    pods_stage_wants("5.018 endpoint none");
    pods_stage_fini();
}
END_TEST

static void delete_with_sidecar(struct sim_sidecar sidecar)
{
    pods_stage_init();
    stage.meshed = true;
    stage.profile.sidecar = sidecar;
    stage.app_takes = 8 * MC_S;
    stage.sidecar_takes = 3 * MC_S;
    pods_stage_start(true);
    sim_pods_delete(stage.pods, 0, MC_NEVER);
    pods_stage_run(100 * MC_S);
    pods_stage_wants("0.000 sidecar");
    pods_stage_wants("0.000 app");
    pods_stage_wants("0.005 endpoint serving");
}

/* Istio's agent: terminationDrainDuration, whatever the application still does (istio#7665). */
START_TEST(classic_sidecar_goes_before)
{
    delete_with_sidecar((struct sim_sidecar){.termination_drain = 5 * MC_S});
    pods_stage_wants("5.010 sidecar ends");
    pods_stage_wants("5.018 endpoint none"); /* a container of it is not ready any more */
    pods_stage_wants("8.010 app ends");
    pods_stage_wants("8.010 gone");
    pods_stage_wants("8.018 endpoint none");
    pods_stage_fini();
}
END_TEST

/* "sidecar containers are terminated after the main containers" */
START_TEST(native_sidecar_goes_last)
{
    delete_with_sidecar((struct sim_sidecar){.native = true, .termination_drain = 5 * MC_S});
    pods_stage_wants("8.010 app ends");
    pods_stage_wants("8.018 endpoint none");
    pods_stage_wants("13.010 sidecar ends");
    pods_stage_wants("13.010 gone");
    pods_stage_wants("13.018 endpoint none");
    pods_stage_fini();
}
END_TEST

/* Linkerd's proxy ends when nothing is under way: here 3 s after SIGTERM. With waitBeforeExitSeconds 10: 13 s. */
START_TEST(linkerd_waits)
{
    delete_with_sidecar((struct sim_sidecar){.shutdown_grace = 2 * MC_MIN, .wait_before_exit = 10 * MC_S});
    pods_stage_wants("8.010 app ends");
    pods_stage_wants("8.018 endpoint none");
    pods_stage_wants("13.010 sidecar ends");
    pods_stage_wants("13.010 gone");
    pods_stage_wants("13.018 endpoint none");
    pods_stage_fini();
}
END_TEST

/* ---- crashing ---- */

/* Ends after 1 s; seen after 1 s; a start takes 1 s. At once, then 10 s, 20 s … after the end, 300 s at most. */
START_TEST(back_off)
{
    static const int starts[] = {0, 3, 15, 37, 79, 161, 323, 625, 927};
    pods_stage_init();
    stage.plan.crash_after = MC_S;
    pods_stage_start(true);
    pods_stage_run(1000 * MC_S);
    ck_assert_uint_eq(sim_pods_status(stage.pods, 0).restarts, 8);
    ck_assert_str_eq(sim_pods_status(stage.pods, 0).reason, "CrashLoopBackOff");
    for (int i = 0; i < 9; i++) {
        char line[40];
        snprintf(line, sizeof line, "%d.000 app", starts[i]);
        ck_assert_ptr_nonnull(strstr(stage.told, line));
        snprintf(line, sizeof line, "%d.000 app ends\n", starts[i] + 1);
        ck_assert_ptr_nonnull(strstr(stage.told, line));
    }
    strcpy(stage.wanted, stage.told);
    pods_stage_fini();
}
END_TEST

/* It ran for longer than 10 min each time: no back-off. */
START_TEST(back_off_is_forgotten)
{
    pods_stage_init();
    stage.plan.crash_after = 660 * MC_S;
    pods_stage_start(true);
    pods_stage_run(1400 * MC_S);
    pods_stage_wants("0.000 app");
    pods_stage_wants("660.000 app ends");
    pods_stage_wants("661.008 endpoint none");
    pods_stage_wants("662.000 app");
    pods_stage_wants("662.008 endpoint ready");
    pods_stage_wants("1322.000 app ends");
    pods_stage_wants("1323.008 endpoint none");
    pods_stage_wants("1324.000 app");
    pods_stage_wants("1324.008 endpoint ready");
    pods_stage_fini();
}
END_TEST

START_TEST(never_restarted)
{
    pods_stage_init();
    stage.plan.crash_after = MC_S;
    stage.plan.restart_policy = SIM_RESTART_NEVER;
    pods_stage_start(true);
    pods_stage_run(100 * MC_S);
    ck_assert_int_eq(sim_pods_status(stage.pods, 0).phase, SIM_POD_FAILED);
    pods_stage_wants("0.000 app");
    pods_stage_wants("1.000 app ends");
    pods_stage_wants("2.008 endpoint none");
    pods_stage_fini();
}
END_TEST

static void work_for_a_minute(bool native)
{
    pods_stage_init();
    stage.meshed = true;
    stage.profile.sidecar = (struct sim_sidecar){.native = native, .termination_drain = 5 * MC_S};
    stage.plan.restart_policy = SIM_RESTART_ON_FAILURE;
    stage.exit_after = MC_MIN;
    pods_stage_start(true);
    pods_stage_run(MC_HOUR);
    pods_stage_wants("0.000 sidecar");
    pods_stage_wants("0.000 app");
    pods_stage_wants("60.000 app ends");
    pods_stage_wants("61.008 endpoint none");
}

/* The classic sidecar of a Job keeps its pod running for ever. */
START_TEST(work_is_done_beside_a_classic_sidecar)
{
    work_for_a_minute(false);
    ck_assert_int_eq(sim_pods_status(stage.pods, 0).phase, SIM_POD_RUNNING);
    pods_stage_fini();
}
END_TEST

START_TEST(work_is_done_beside_a_native_sidecar)
{
    work_for_a_minute(true);
    pods_stage_wants("66.000 sidecar ends");
    ck_assert_int_eq(sim_pods_status(stage.pods, 0).phase, SIM_POD_SUCCEEDED);
    pods_stage_fini();
}
END_TEST

/* A fault has it: not before it is released. */
START_TEST(held_by_a_fault)
{
    pods_stage_init();
    pods_stage_start(true);
    pods_stage_run(10 * MC_S);
    sim_pods_hold(stage.pods, 0);
    sim_container_crash(stage.world, stage.container[SIM_ROLE_APP]);
    pods_stage_run(100 * MC_S);
    sim_pods_release(stage.pods, 0);
    pods_stage_run(200 * MC_S);
    pods_stage_wants("0.000 app");
    pods_stage_wants("10.000 app ends");
    pods_stage_wants("11.008 endpoint none");
    pods_stage_wants("100.000 app");
    pods_stage_wants("100.008 endpoint ready");
    pods_stage_fini();
}
END_TEST

/* In its back-off when the fault comes (crashed at 4, due at 15): it is not started before the release, nor twice. */
START_TEST(held_in_its_back_off)
{
    pods_stage_init();
    stage.plan.crash_after = MC_S;
    pods_stage_start(true);
    pods_stage_run(10 * MC_S);
    sim_pods_hold(stage.pods, 0);
    sim_pods_hold(stage.pods, 0);
    pods_stage_run(20 * MC_S);
    sim_pods_release(stage.pods, 0);
    pods_stage_run(30 * MC_S);
    sim_pods_release(stage.pods, 0);
    pods_stage_run(30 * MC_S + 500 * MC_MS);
    ck_assert_ptr_nonnull(strstr(stage.told, "4.000 app ends\n"));
    ck_assert_ptr_nonnull(strstr(stage.told, "30.000 app\n"));
    ck_assert_ptr_null(strstr(stage.told, "15.000 app\n"));
    strcpy(stage.wanted, stage.told);
    pods_stage_fini();
}
END_TEST

/* It crashes within its preStop hook: that is the end, SIGTERM finds nobody. */
START_TEST(crashes_within_its_hook)
{
    pods_stage_init();
    stage.plan.crash_after = 3 * MC_S;
    stage.plan.pre_stop = 20 * MC_S;
    stage.app_takes = 5 * MC_S;
    pods_stage_start(true);
    sim_pods_delete(stage.pods, 0, MC_NEVER);
    pods_stage_run(100 * MC_S);
    pods_stage_wants("0.000 app");
    pods_stage_wants("0.005 endpoint serving");
    pods_stage_wants("3.000 app ends");
    pods_stage_wants("3.000 gone");
    pods_stage_wants("3.008 endpoint none");
    pods_stage_fini();
}
END_TEST

/* ---- machines ---- */

/* Nothing is reported; deleted meanwhile, it goes when the machine is back. */
START_TEST(machine_is_cut_off)
{
    pods_stage_init();
    pods_stage_start(true);
    pods_stage_run(10 * MC_S);
    sim_pods_machine_lost(stage.pods, stage.machine, true);
    sim_container_crash(stage.world, stage.container[SIM_ROLE_APP]);
    pods_stage_run(20 * MC_S);
    ck_assert(sim_pods_status(stage.pods, 0).ready);
    sim_pods_delete(stage.pods, 0, MC_NEVER);
    pods_stage_run(100 * MC_S);
    ck_assert_int_eq(sim_pods_status(stage.pods, 0).phase, SIM_POD_RUNNING);
    sim_pods_machine_back(stage.pods, stage.machine);
    pods_stage_run(200 * MC_S);
    pods_stage_wants("0.000 app");
    pods_stage_wants("10.000 app ends");
    pods_stage_wants("12.000 app"); /* the kubelet goes on: 1 s to see it, 1 s to start it */
    pods_stage_wants("20.005 endpoint serving");
    pods_stage_wants("100.010 app ends");
    pods_stage_wants("100.010 gone");
    strcpy(stage.wanted, stage.told);
    ck_assert_ptr_nonnull(strstr(stage.told, "20.005 endpoint serving\n100.010 app ends\n100.010 gone\n"));
    ck_assert_int_eq(sim_pods_status(stage.pods, 0).phase, SIM_POD_GONE);
    pods_stage_fini();
}
END_TEST

/* Power is lost and comes back: all anew, the machine known: 0.01 + 1 sandbox, 1 container. */
START_TEST(machine_comes_back)
{
    pods_stage_init();
    pods_stage_start(true);
    pods_stage_run(10 * MC_S);
    sim_pods_machine_lost(stage.pods, stage.machine, false);
    sim_machine_crash(stage.world, stage.machine);
    pods_stage_run(60 * MC_S);
    ck_assert(sim_pods_status(stage.pods, 0).ready);
    sim_pods_machine_back(stage.pods, stage.machine);
    pods_stage_run(100 * MC_S);
    ck_assert_uint_eq(sim_pods_status(stage.pods, 0).restarts, 1);
    pods_stage_wants("0.000 app");
    pods_stage_wants("10.000 app ends");
    pods_stage_wants("60.008 endpoint none");
    pods_stage_wants("62.010 app");
    pods_stage_wants("62.018 endpoint ready");
    pods_stage_fini();
}
END_TEST

Suite *test_pods_suite(void)
{
    Suite *suite = suite_create("pods");
    TCase *starts = tcase_create("starts");
    tcase_add_test(starts, classic_sidecar_comes_last);
    tcase_add_test(starts, application_is_held);
    tcase_add_test(starts, native_sidecar_comes_first);
    tcase_add_test(starts, status_of_a_start);
    suite_add_tcase(suite, starts);
    TCase *ends = tcase_create("ends");
    tcase_add_test(ends, two_races);
    tcase_add_test(ends, grace_of_30_s);
    tcase_add_test(ends, hook_is_part_of_grace);
    tcase_add_test(ends, hook_is_longer_than_grace);
    tcase_add_test(ends, zero_grace);
    tcase_add_test(ends, shorter_grace);
    tcase_add_test(ends, application_goes_on);
    tcase_add_test(ends, classic_sidecar_goes_before);
    tcase_add_test(ends, native_sidecar_goes_last);
    tcase_add_test(ends, linkerd_waits);
    suite_add_tcase(suite, ends);
    TCase *crashes = tcase_create("crashes");
    tcase_add_test(crashes, back_off);
    tcase_add_test(crashes, back_off_is_forgotten);
    tcase_add_test(crashes, never_restarted);
    tcase_add_test(crashes, work_is_done_beside_a_classic_sidecar);
    tcase_add_test(crashes, work_is_done_beside_a_native_sidecar);
    tcase_add_test(crashes, held_by_a_fault);
    tcase_add_test(crashes, held_in_its_back_off);
    tcase_add_test(crashes, crashes_within_its_hook);
    tcase_add_test(crashes, machine_is_cut_off);
    tcase_add_test(crashes, machine_comes_back);
    suite_add_tcase(suite, crashes);
    return suite;
}
