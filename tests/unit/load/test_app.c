/* Applications and load clients over a wire without latency, where CPU costs no time: every instant
 * below is a sum of waits. */
#include "stage.h"
#include <stdio.h>

Suite *test_app_suite(void);

START_TEST(closed_loop_waits_for_each_answer)
{
    stage_add(0, stage_wait(10 * MC_MS));
    stage.load.think = 15 * MC_MS;
    stage.load.vus = 3;
    stage.load.duration = MC_S;
    stage_run(2 * MC_S);
    ck_assert_uint_eq(stage.counts.started, 3 * 40); /* at 0, 25, …, 975 ms */
    ck_assert_uint_eq(stage.counts.finished, stage.counts.started);
    ck_assert_uint_eq(stage.counts.failed + stage.counts.dropped + stage.counts.under_way, 0);
    for (int i = 0; i < stage.call_count; i++) {
        ck_assert_int_eq(stage.calls[i].ended - stage.calls[i].started, 10 * MC_MS);
        ck_assert_uint_eq(stage.calls[i].code, 200);
        ck_assert_uint_eq(stage.calls[i].served_by, 0);
        ck_assert_uint_eq(stage.calls[i].bytes_down, 100);
    }
    ck_assert_int_eq(stage.connected, 3); /* kept alive */
}
END_TEST

START_TEST(open_loop_starts_when_due_and_drops_what_is_too_much)
{
    stage_add(0, stage_wait(100 * MC_MS));
    stage.load.executor = SIM_LOAD_CONSTANT_RATE;
    stage.load.rate_milli = 100000; /* every 10 ms; ten are under way at once */
    stage.load.duration = MC_S;
    stage.load.max_vus = 4;
    stage_run(2 * MC_S);
    ck_assert_uint_eq(stage.counts.started + stage.counts.dropped, 100);
    ck_assert_uint_eq(stage.counts.started, 40); /* four at 0 … 30 ms, as they leave at 100 … 130 ms, and so on */
    for (int i = 0; i < stage.call_count; i++) ck_assert_int_eq(stage.calls[i].started % (10 * MC_MS), 0);
}
END_TEST

/* Five at once at a server with two places and a queue of one: three are served, two are turned away. */
START_TEST(server_queues_and_overflows)
{
    stage_add(0, stage_wait(10 * MC_MS));
    stage.versions[0].concurrency = 2;
    stage.versions[0].queue = 1;
    stage.load.vus = 5;
    stage_run(MC_S);
    int by_end[3] = {0};
    for (int i = 0; i < stage.call_count; i++) {
        mc_ns took = stage.calls[i].ended - stage.calls[i].started;
        ck_assert_uint_eq(stage.calls[i].code, took ? 200 : 503);
        ck_assert(took == 0 || took == 10 * MC_MS || took == 20 * MC_MS);
        by_end[took / (10 * MC_MS)]++;
    }
    ck_assert_int_eq(by_end[0], 2);
    ck_assert_int_eq(by_end[1], 2);
    ck_assert_int_eq(by_end[2], 1);
    ck_assert_uint_eq(stage.counts.failed, 2);
}
END_TEST

START_TEST(calls_add_up_and_parallel_ones_overlap)
{
    stage_add(0, stage_wait(5 * MC_MS));
    stage_add(0, stage_call("b"));
    stage_add(0, stage_call("b"));
    stage_add(0, stage_call("c"));
    stage.steps[0][2].parallel = stage.steps[0][3].parallel = true;
    stage_add(1, stage_wait(10 * MC_MS));
    stage_add(2, stage_wait(20 * MC_MS));
    stage_run(MC_S);
    const struct sim_call_record *call = stage_call_of(USER, 0);
    ck_assert_uint_eq(call->code, 200);
    ck_assert_int_eq(call->ended - call->started, (5 + 10 + 20) * MC_MS);
    ck_assert_int_eq(stage_arrived_at(0), 1);
    ck_assert_int_eq(stage_arrived_at(1), 2);
    ck_assert_int_eq(stage_arrived_at(2), 1);
    for (int i = 0; i < stage.call_count; i++) { /* one trace; the client's call is its root */
        ck_assert(stage.calls[i].trace_hi == call->trace_hi && stage.calls[i].trace_lo == call->trace_lo);
        ck_assert_int_eq(stage.calls[i].parent == 0, stage.calls[i].from == 9);
    }
}
END_TEST

static void timeout_case(bool optional, uint16_t code)
{
    stage_add(0, stage_call("b"));
    stage.steps[0][0].timeout = 30 * MC_MS;
    stage.steps[0][0].tries = 2;
    stage.steps[0][0].optional = optional;
    stage_add(1, stage_wait(100 * MC_MS));
    stage_run(MC_S);
    const struct sim_call_record *call = stage_call_of(USER, 0);
    ck_assert_uint_eq(call->code, code);
    ck_assert_int_eq(call->ended - call->started, 60 * MC_MS); /* two tries */
    ck_assert_int_eq(stage_arrived_at(1), 2);
    for (int i = 0; i < stage.arrival_count; i++)
        if (stage.arrivals[i].at == 1) ck_assert(stage.arrivals[i].abandoned && stage.arrivals[i].ended - stage.arrivals[i].started == 100 * MC_MS); /* goes on computing */
    ck_assert_int_eq(stage.calls[0].failure, SIM_CALL_TIMEOUT);
    ck_assert_uint_eq(stage.calls[0].tries, 2);
}

START_TEST(timeout_is_each_try_s_own)
{
    timeout_case(false, 500);
}
END_TEST

START_TEST(optional_call_fails_alone)
{
    timeout_case(true, 200);
}
END_TEST

START_TEST(cancel_stops_computing)
{
    stage.versions[1].cancel = true;
    stage_add(0, stage_call("b"));
    stage.steps[0][0].timeout = 30 * MC_MS;
    stage_add(1, stage_wait(100 * MC_MS));
    stage_run(MC_S);
    ck_assert_int_eq(stage_arrived_at(1), 1);
    for (int i = 0; i < stage.arrival_count; i++)
        if (stage.arrivals[i].at == 1) ck_assert_int_eq(stage.arrivals[i].ended - stage.arrivals[i].started, 30 * MC_MS);
}
END_TEST

START_TEST(every_try_of_a_failing_callee_is_counted)
{
    stage.versions[1].error_ppm = 1000000;
    stage.versions[1].error_status = 503;
    stage_add(0, stage_call("b"));
    stage.steps[0][0].tries = 3;
    stage_run(MC_S);
    ck_assert_uint_eq(stage_call_of(USER, 0)->code, 500);
    ck_assert_int_eq(stage_arrived_at(1), 3);
    for (int i = 0; i < stage.arrival_count; i++)
        if (stage.arrivals[i].at == 1) ck_assert_uint_eq(stage.arrivals[i].code, 503);
}
END_TEST

START_TEST(unknown_name_is_a_failure_to_resolve)
{
    stage.services[0].name = MC_STR("nowhere");
    stage.load.to = stage.services[0].name;
    stage_run(20 * MC_S);
    ck_assert_int_eq(stage_call_of(USER, 0)->failure, SIM_CALL_NAME);
    ck_assert_uint_eq(stage_call_of(USER, 0)->code, 0);
    ck_assert_uint_eq(stage.counts.failed, 1);
}
END_TEST

/* The share of errors is drawn per request: 1000 requests at 20 %, 200 ± 3.29 √160. */
START_TEST(errors_come_in_their_share)
{
    stage.versions[0].error_ppm = 200000;
    stage.versions[0].error_status = 500;
    stage.load.think = MC_MS;
    stage.load.duration = MC_S;
    stage_run(2 * MC_S);
    ck_assert_uint_eq(stage.counts.started, 1000);
    ck_assert_msg(stage.counts.failed >= 159 && stage.counts.failed <= 241, "%lu failed", (unsigned long)stage.counts.failed);
}
END_TEST

Suite *test_app_suite(void)
{
    Suite *suite = suite_create("app");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, stage_set_up, NULL);
    tcase_add_test(tc, closed_loop_waits_for_each_answer);
    tcase_add_test(tc, open_loop_starts_when_due_and_drops_what_is_too_much);
    tcase_add_test(tc, server_queues_and_overflows);
    tcase_add_test(tc, calls_add_up_and_parallel_ones_overlap);
    tcase_add_test(tc, timeout_is_each_try_s_own);
    tcase_add_test(tc, optional_call_fails_alone);
    tcase_add_test(tc, cancel_stops_computing);
    tcase_add_test(tc, every_try_of_a_failing_callee_is_counted);
    tcase_add_test(tc, unknown_name_is_a_failure_to_resolve);
    tcase_add_test(tc, errors_come_in_their_share);
    suite_add_tcase(suite, tc);
    return suite;
}
