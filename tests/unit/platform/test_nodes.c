/* A machine is lost: not ready after the monitor's grace period, its pods deleted after the toleration, made elsewhere. */
#include "cluster.h"

Suite *test_nodes_suite(void);

static bool is_ready(uint32_t machine)
{
    struct sim_machine_view view;
    ck_assert(sim_controllers_machine_view(cluster.controllers, machine, &view));
    return view.ready;
}

/* When it is first seen not ready, to the second. */
static mc_ns gone_at(uint32_t machine, mc_ns until)
{
    while (is_ready(machine)) {
        ck_assert_int_lt(cluster.engine.now, until);
        cluster_run(cluster.engine.now + MC_S);
    }
    return cluster.engine.now;
}

/* The last renewal was up to 10 s before, the monitor saw it up to 5 s after that, and waits 40 s from then. */
START_TEST(silence)
{
    cluster_init(8);
    cluster_start();
    cluster_run(100 * MC_S);
    cluster_lose(2);
    mc_ns noticed = gone_at(2, 200 * MC_S);
    ck_assert_int_gt(noticed, 130 * MC_S);
    ck_assert_int_le(noticed, 150 * MC_S);
    ck_assert_int_eq(noticed % (5 * MC_S), 0);
    ck_assert_uint_eq(cluster.unready, 2);
    ck_assert_uint_eq(cluster_ready(0), 6);
    ck_assert_uint_eq(cluster.deletions, 0);
    cluster_run(noticed + 299 * MC_S);
    ck_assert_uint_eq(cluster.deletions, 0);
    cluster_run(noticed + 301 * MC_S);
    ck_assert_uint_eq(cluster.deletions, 2);
    cluster_run(noticed + 306 * MC_S);
    ck_assert_uint_eq(cluster_ready(0), 8);
    ck_assert_uint_eq(cluster_on(2), 2); /* nobody confirms that they have stopped */
    cluster_find(2);
    cluster_run(noticed + 330 * MC_S);
    ck_assert(is_ready(2));
    ck_assert_uint_eq(cluster_on(2), 0);
    ck_assert_uint_eq(cluster_live(0, 0), 8);
    uint64_t events = cluster.engine.events;
    cluster_run(noticed + 30 * MC_MIN);
    ck_assert_uint_eq(cluster.engine.events, events); /* all is quiet again */
    cluster_fini();
}
END_TEST

/* Back before the toleration is over: nobody is deleted. */
START_TEST(back_in_time)
{
    cluster_init(8);
    cluster_start();
    cluster_run(100 * MC_S);
    cluster_lose(2);
    cluster_run(300 * MC_S);
    ck_assert(!is_ready(2));
    cluster_find(2);
    cluster_run(20 * MC_MIN);
    ck_assert(is_ready(2));
    ck_assert_uint_eq(cluster.deletions, 0);
    ck_assert_uint_eq(cluster_ready(0), 8);
    cluster_fini();
}
END_TEST

/* A blink is not noticed. */
START_TEST(a_blink)
{
    cluster_init(8);
    cluster_start();
    cluster_run(100 * MC_S);
    cluster_lose(2);
    cluster_run(120 * MC_S);
    cluster_find(2);
    cluster_run(20 * MC_MIN);
    ck_assert_uint_eq(cluster.unready, 0);
    ck_assert(!cluster_has_event("NodeNotReady"));
    cluster_fini();
}
END_TEST

/* More than 55 % of a small zone, and more than two: something else is wrong, and evictions stop. The node that was noticed
 * first may have been tainted before that was known. */
START_TEST(a_sick_zone)
{
    cluster_init(8);
    cluster_start();
    cluster_run(100 * MC_S);
    for (uint32_t m = 0; m < 3; m++) cluster_lose(m);
    cluster_run(20 * MC_MIN);
    ck_assert_uint_eq(cluster.unready, 6);
    ck_assert_uint_le(cluster.deletions, 2);
    cluster_fini();
}
END_TEST

/* Everything is lost: it is the control plane that is cut off. */
START_TEST(all_lost)
{
    cluster_init(4);
    cluster_start();
    cluster_run(100 * MC_S);
    for (uint32_t m = 0; m < 4; m++) cluster_lose(m);
    cluster_run(20 * MC_MIN);
    ck_assert_uint_eq(cluster.unready, 4);
    ck_assert_uint_eq(cluster.deletions, 0);
    cluster_fini();
}
END_TEST

/* A whole zone of many: --node-eviction-rate 0.1, one node every 10 s. */
START_TEST(a_lost_zone)
{
    cluster_init(8);
    cluster.topology.zone_count = 2;
    cluster_create();
    cluster_machines(0, 4);
    cluster_machines(1, 4);
    cluster_start(); /* one on each */
    cluster_run(100 * MC_S);
    for (uint32_t m = 4; m < 8; m++) cluster_lose(m);
    cluster_run(20 * MC_MIN);
    ck_assert_uint_eq(cluster.deletions, 4);
    for (uint32_t i = 1; i < 4; i++) ck_assert_int_ge(cluster.deleted_at[i] - cluster.deleted_at[i - 1], 10 * MC_S);
    ck_assert_int_le(cluster.deleted_at[3] - cluster.deleted_at[0], 40 * MC_S);
    ck_assert_uint_eq(cluster_ready(0), 8);
    cluster_fini();
}
END_TEST

Suite *test_nodes_suite(void)
{
    Suite *suite = suite_create("nodes");
    TCase *cases = tcase_create("nodes");
    tcase_add_test(cases, silence);
    tcase_add_test(cases, back_in_time);
    tcase_add_test(cases, a_blink);
    tcase_add_test(cases, a_sick_zone);
    tcase_add_test(cases, all_lost);
    tcase_add_test(cases, a_lost_zone);
    suite_add_tcase(suite, cases);
    return suite;
}
