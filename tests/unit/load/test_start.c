/* What applications do before they listen. */
#include "stage.h"

Suite *test_start_suite(void);

/* a needs b, 10 ms away, and then 50 ms for itself; the user asks at once, and again every millisecond. */
static void a_needs(const char *service, bool cold)
{
    stage_add_start(0, stage_call(service));
    stage_add_start(0, stage_wait(50 * MC_MS));
    stage_add(1, stage_wait(10 * MC_MS));
    stage.cold = cold;
    stage.load.think = MC_MS;
    stage.load.duration = 100 * MC_MS;
}

static uint64_t refused_until(mc_ns *served)
{
    uint64_t refused = 0;
    *served = MC_NEVER;
    for (int i = 0; i < stage.call_count; i++) {
        if (stage.calls[i].from != USER) continue;
        if (stage.calls[i].code == 200) *served = mc_ns_min(*served, stage.calls[i].started);
        else refused += stage.calls[i].failure == SIM_CALL_CONNECT;
    }
    return refused;
}

START_TEST(it_listens_when_its_steps_are_done)
{
    mc_ns served;
    a_needs("b", true);
    stage_run(MC_S);
    ck_assert_uint_eq(refused_until(&served), 60); /* at 0 … 59 ms */
    ck_assert_int_eq(served, 60 * MC_MS);          /* 10 + 50 */
    ck_assert_int_eq(stage_arrived_at(1), 1);
    const struct sim_call_record *call = stage_call_of(0, 0);
    ck_assert_uint_eq(call->to, 1);
    ck_assert_uint_eq(call->code, 200);
    ck_assert_int_eq(call->started, 0);
    ck_assert_int_eq(call->ended, 10 * MC_MS);
    ck_assert(call->trace_hi | call->trace_lo);
    ck_assert(!stage.exited[0]);
}
END_TEST

/* The arrivals of the start are nobody's: the user's requests alone are counted at a. */
START_TEST(a_start_is_no_request)
{
    a_needs("b", true);
    stage_run(MC_S);
    ck_assert_int_eq(stage_arrived_at(0), 40);
}
END_TEST

START_TEST(what_has_been_running_does_not_start)
{
    mc_ns served;
    a_needs("b", false);
    stage_run(MC_S);
    ck_assert_uint_eq(refused_until(&served), 0);
    ck_assert_int_eq(served, 0);
    ck_assert_int_eq(stage_arrived_at(1), 0);
}
END_TEST

/* b answers 503 each time: two tries, then the end, and nobody was ever served. */
START_TEST(a_required_call_that_fails_is_the_end)
{
    mc_ns served;
    a_needs("b", true);
    stage.start_steps[0][0].tries = 2;
    stage.versions[1].error_ppm = 1000000;
    stage.versions[1].error_status = 503;
    stage_run(MC_S);
    refused_until(&served);
    ck_assert_int_eq(served, MC_NEVER);
    ck_assert(stage.exited[0]);
    ck_assert_uint_eq(stage.exit_status[0], 1);
    ck_assert_int_eq(stage_arrived_at(1), 2);
    ck_assert_uint_eq(stage_call_of(0, 0)->code, 503);
}
END_TEST

START_TEST(an_optional_call_may_fail)
{
    mc_ns served;
    a_needs("b", true);
    stage.start_steps[0][0].optional = true;
    stage.versions[1].error_ppm = 1000000;
    stage.versions[1].error_status = 503;
    stage_run(MC_S);
    refused_until(&served);
    ck_assert_int_eq(served, 60 * MC_MS);
    ck_assert(!stage.exited[0]);
}
END_TEST

/* c is a callee of requests only: both kinds of steps keep their callees apart. */
START_TEST(requests_and_starts_have_their_own_steps)
{
    a_needs("b", true);
    stage_add(0, stage_call("c"));
    stage_run(MC_S);
    ck_assert_int_eq(stage_arrived_at(1), 1);
    ck_assert_int_eq(stage_arrived_at(2), stage_arrived_at(0));
    ck_assert_int_gt(stage_arrived_at(2), 1);
}
END_TEST

START_TEST(each_start_has_a_trace_of_its_own)
{
    uint64_t traces[2];
    for (uint32_t i = 0; i < 2; i++) {
        stage_set_up();
        a_needs("b", true);
        stage.start = i;
        stage_run(MC_S);
        traces[i] = stage_call_of(0, 0)->trace_lo;
    }
    ck_assert(traces[0] != traces[1]);
}
END_TEST

Suite *test_start_suite(void)
{
    Suite *suite = suite_create("start");
    TCase *tests = tcase_create("start");
    tcase_add_checked_fixture(tests, stage_set_up, NULL);
    tcase_add_test(tests, it_listens_when_its_steps_are_done);
    tcase_add_test(tests, a_start_is_no_request);
    tcase_add_test(tests, what_has_been_running_does_not_start);
    tcase_add_test(tests, a_required_call_that_fails_is_the_end);
    tcase_add_test(tests, an_optional_call_may_fail);
    tcase_add_test(tests, requests_and_starts_have_their_own_steps);
    tcase_add_test(tests, each_start_has_a_trace_of_its_own);
    suite_add_tcase(suite, tests);
    return suite;
}
