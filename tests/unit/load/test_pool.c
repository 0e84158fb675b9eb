/* The pools of clients against what their libraries document. The user's own pool never closes anything
 * by itself, so that what is counted is a's pool to b. */
#include "stage.h"

Suite *test_pool_suite(void);

enum { TOGETHER = 5 };

static void set_up(void)
{
    stage_set_up();
    stage.load.pool.idle_timeout = MC_HOUR;
}

static struct sim_pool_plan *pool(void)
{
    return &stage.versions[0].server.pool;
}

/* a calls b so many times at once; b takes 10 ms. */
static void calls_together(int count)
{
    for (int i = 0; i < count; i++) {
        stage_add(0, stage_call("b"));
        stage.steps[0][i].parallel = true;
    }
    stage_add(1, stage_wait(10 * MC_MS));
}

static int calls_that_took(mc_ns time, enum sim_call_failure failure)
{
    int n = 0;
    for (int i = 0; i < stage.call_count; i++)
        n += stage.calls[i].from == 0 && stage.calls[i].ended - stage.calls[i].started == time && stage.calls[i].failure == failure;
    return n;
}

/* Go: "DefaultMaxIdleConnsPerHost = 2", no limit of connections, IdleConnTimeout 90 s. */
START_TEST(go_keeps_two_idle)
{
    calls_together(TOGETHER);
    pool()->max_idle = 2;
    stage_run(89 * MC_S);
    ck_assert_int_eq(calls_that_took(10 * MC_MS, SIM_CALL_NONE), TOGETHER);
    ck_assert_int_eq(stage.connected, 1 + TOGETHER);
    ck_assert_int_eq(stage.disconnected, TOGETHER - 2);
    ck_assert_uint_eq(stage.connections[1], 2);
    stage_run(91 * MC_S);
    ck_assert_uint_eq(stage.connections[1], 0);
}
END_TEST

START_TEST(without_a_bound_all_are_kept)
{
    calls_together(TOGETHER);
    stage_run(89 * MC_S);
    ck_assert_uint_eq(stage.connections[1], TOGETHER);
}
END_TEST

START_TEST(calls_past_the_limit_wait_for_a_connection)
{
    calls_together(TOGETHER);
    pool()->max_connections = 2;
    stage_run(MC_S);
    ck_assert_int_eq(calls_that_took(10 * MC_MS, SIM_CALL_NONE), 2);
    ck_assert_int_eq(calls_that_took(20 * MC_MS, SIM_CALL_NONE), 2);
    ck_assert_int_eq(calls_that_took(30 * MC_MS, SIM_CALL_NONE), 1);
    ck_assert_uint_eq(stage.connections[1], 2);
}
END_TEST

START_TEST(they_do_not_wait_longer_than_they_may)
{
    calls_together(TOGETHER);
    pool()->max_connections = 2;
    pool()->wait_timeout = 15 * MC_MS;
    stage_run(MC_S);
    ck_assert_int_eq(calls_that_took(20 * MC_MS, SIM_CALL_NONE), 2);
    ck_assert_int_eq(calls_that_took(15 * MC_MS, SIM_CALL_POOL), 1);
    ck_assert_uint_eq(stage_call_of(USER, 0)->code, 500);
}
END_TEST

START_TEST(nor_in_a_line_that_is_full)
{
    calls_together(TOGETHER);
    pool()->max_connections = 2;
    pool()->max_waiting = 1;
    stage_run(MC_S);
    ck_assert_int_eq(calls_that_took(20 * MC_MS, SIM_CALL_NONE), 1);
    ck_assert_int_eq(calls_that_took(0, SIM_CALL_POOL), 2);
}
END_TEST

/* The limit of a try counts from its start: the wait for a connection is part of it. */
START_TEST(waiting_is_part_of_a_try)
{
    calls_together(3);
    pool()->max_connections = 1;
    for (int i = 0; i < 3; i++) stage.steps[0][i].timeout = 15 * MC_MS;
    stage_run(MC_S);
    ck_assert_int_eq(calls_that_took(10 * MC_MS, SIM_CALL_NONE), 1);
    ck_assert_int_eq(calls_that_took(15 * MC_MS, SIM_CALL_TIMEOUT), 2);
    ck_assert_int_eq(stage_arrived_at(1), 2); /* the third never left; the one that timed out took its connection along */
}
END_TEST

static void calls_in_turn(int count)
{
    for (int i = 0; i < count; i++) stage_add(0, stage_call("b"));
}

START_TEST(without_reuse_each_call_has_a_connection)
{
    calls_in_turn(3);
    pool()->uses = 1;
    stage_run(MC_S);
    ck_assert_int_eq(stage.connected, 1 + 3);
    ck_assert_uint_eq(stage.connections[1], 0);
    ck_assert_uint_eq(stage_call_of(USER, 0)->code, 200);
}
END_TEST

START_TEST(connections_are_used_so_many_times)
{
    calls_in_turn(5);
    pool()->uses = 2;
    stage_run(MC_S);
    ck_assert_int_eq(stage.connected, 1 + 3);
    ck_assert_uint_eq(stage.connections[1], 1);
}
END_TEST

/* nginx' keepalive_requests, Tomcat's maxKeepAliveRequests: the server closes after the last. */
START_TEST(servers_end_connections_after_so_many_requests)
{
    calls_in_turn(7);
    stage.versions[1].server.connection_requests = 3;
    stage_run(MC_S);
    ck_assert_int_eq(stage.connected, 1 + 3);
    ck_assert_uint_eq(stage.connections[1], 1);
    ck_assert_uint_eq(stage_call_of(USER, 0)->code, 200);
    for (int i = 0; i < stage.call_count; i++) ck_assert_uint_eq(stage.calls[i].tries, 1);
}
END_TEST

/* A call every 10 ms from 0 to 90: connections of 0, 30, 60 and 90 ms. */
START_TEST(old_connections_are_not_used_again)
{
    calls_in_turn(1);
    pool()->lifetime = 25 * MC_MS;
    stage.load.think = 10 * MC_MS;
    stage.load.duration = 95 * MC_MS;
    stage_run(MC_S);
    ck_assert_uint_eq(stage.counts.started, 10);
    ck_assert_int_eq(stage.connected, 1 + 4);
}
END_TEST

/* Two calls at once make two connections; then one call at 3, 6 and 9 s. The connection used last serves
 * them all and the other has idled out at 7 s, or they take turns and both are there at 11 s. */
static void order_case(bool oldest_first, uint32_t left)
{
    set_up();
    calls_together(2);
    for (int i = 0; i < 3; i++) {
        stage_add(0, stage_wait(3 * MC_S));
        stage_add(0, stage_call("b"));
    }
    pool()->idle_timeout = 7 * MC_S;
    pool()->oldest_first = oldest_first;
    stage_run(11 * MC_S);
    ck_assert_int_eq(stage.connected, 1 + 2);
    ck_assert_uint_eq(stage.connections[1], left);
}

START_TEST(the_last_used_comes_first_or_the_oldest)
{
    order_case(false, 1);
    order_case(true, 2);
}
END_TEST

Suite *test_pool_suite(void)
{
    Suite *suite = suite_create("pool");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, set_up, NULL);
    tcase_add_test(tc, go_keeps_two_idle);
    tcase_add_test(tc, without_a_bound_all_are_kept);
    tcase_add_test(tc, calls_past_the_limit_wait_for_a_connection);
    tcase_add_test(tc, they_do_not_wait_longer_than_they_may);
    tcase_add_test(tc, nor_in_a_line_that_is_full);
    tcase_add_test(tc, waiting_is_part_of_a_try);
    tcase_add_test(tc, without_reuse_each_call_has_a_connection);
    tcase_add_test(tc, connections_are_used_so_many_times);
    tcase_add_test(tc, servers_end_connections_after_so_many_requests);
    tcase_add_test(tc, old_connections_are_not_used_again);
    tcase_add_test(tc, the_last_used_comes_first_or_the_oldest);
    suite_add_tcase(suite, tc);
    return suite;
}
