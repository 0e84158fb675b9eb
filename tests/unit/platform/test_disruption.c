/* Drains under budgets: tasks/administer-cluster/safely-drain-node, tasks/run-application/configure-pdb. */
#include "cluster.h"
#include <string.h>

Suite *test_disruption_suite(void);

static uint32_t drain(uint32_t machine, mc_ns timeout)
{
    return sim_controllers_drain(cluster.controllers, &machine, 1, timeout);
}

/* No budget: all at once; they go elsewhere, and nothing comes back until it is uncordoned. */
START_TEST(without_a_budget)
{
    cluster_init(8);
    cluster_start(); /* two on each of four machines */
    cluster_run(MC_MIN);
    uint32_t number = drain(1, 0);
    cluster_run(MC_MIN + MC_S);
    ck_assert_uint_eq(cluster.deletions, 2);
    struct sim_drain_view view = sim_controllers_drain_view(cluster.controllers, number);
    ck_assert_int_eq(view.state, SIM_DRAIN_GOING);
    ck_assert_uint_eq(view.left, 2); /* they take 2 s */
    cluster_run(MC_MIN + 3 * MC_S);
    view = sim_controllers_drain_view(cluster.controllers, number);
    ck_assert_int_eq(view.state, SIM_DRAIN_DONE);
    ck_assert_int_eq(view.ended, MC_MIN + 2 * MC_S);
    ck_assert_uint_eq(view.evicted, 2);
    sim_controllers_scale(cluster.controllers, 0, 0, 20);
    cluster_run(2 * MC_MIN);
    ck_assert_uint_eq(cluster_on(1), 0);
    sim_controllers_cordon(cluster.controllers, 1, false);
    sim_controllers_scale(cluster.controllers, 0, 0, 24);
    cluster_run(3 * MC_MIN);
    ck_assert_uint_eq(cluster_on(1), 4);
    cluster_fini();
}
END_TEST

/* The documentation's example: three replicas, all of them on the machine here, minAvailable 2: one may go at a time, "only
 * one pod can be unavailable at once"; its replacement takes 5 s to be ready, and a refusal is tried again after 5 s. */
START_TEST(one_at_a_time)
{
    cluster_init(3);
    cluster.services[0].workload.budget_min_available = (struct sim_amount){.count = 2, .given = true};
    cluster_create();
    cluster_machines(0, 1);
    cluster_start();
    cluster_run(MC_MIN);
    ck_assert_uint_eq(sim_controllers_budget(cluster.controllers, 0).allowed, 1);
    cluster_fini();

    cluster_init(4); /* 0 and 2 on machine 0, 1 and 3 on machine 1 */
    cluster.services[0].workload.budget_min_available = (struct sim_amount){.count = 3, .given = true};
    cluster_create();
    cluster_machines(0, 2);
    cluster_start();
    cluster_run(MC_MIN);
    cluster_watch();
    uint32_t number = drain(0, 0);
    cluster_run(3 * MC_MIN);
    ck_assert_int_eq(sim_controllers_drain_view(cluster.controllers, number).state, SIM_DRAIN_DONE);
    ck_assert_uint_eq(cluster.least_ready, 3);
    ck_assert_uint_eq(cluster.deleted[0], 0);
    ck_assert_int_eq(cluster.deleted_at[0], MC_MIN);
    ck_assert_uint_eq(cluster.deleted[1], 2);
    /* refused at 60 s; at 65 s its replacement is ready in the same instant, after or before: then or 5 s later */
    ck_assert(cluster.deleted_at[1] == MC_MIN + 5 * MC_S || cluster.deleted_at[1] == MC_MIN + 10 * MC_S);
    ck_assert_uint_ge(sim_controllers_drain_view(cluster.controllers, number).refused, 1);
    cluster_fini();
}
END_TEST

static const struct {
    bool share, most;
    uint32_t value, replicas, allowed;
} budgets[] = {
    /* "If you specify minAvailable of 50% and there are seven pods, at least four must be available" */
    {true, false, 500000, 7, 3},
    {false, true, 1, 10, 1},
    /* "maxUnavailable: 30% … 5 pods: rounded up to 2" */
    {true, true, 300000, 5, 2},
    {true, false, 1000000, 5, 0},
    {false, true, 0, 5, 0},
    {true, true, 1000000, 5, 5},
};

START_TEST(how_many_may_go)
{
    cluster_init(budgets[_i].replicas);
    struct sim_amount amount = {.count = budgets[_i].value, .ppm = budgets[_i].value, .is_share = budgets[_i].share, .given = true};
    struct sim_workload_plan *plan = &cluster.services[0].workload;
    *(budgets[_i].most ? &plan->budget_max_unavailable : &plan->budget_min_available) = amount;
    cluster_start();
    ck_assert_uint_eq(sim_controllers_budget(cluster.controllers, 0).allowed, budgets[_i].allowed);
    cluster_fini();
}
END_TEST

/* maxUnavailable 0: told, tried again, and given up after the timeout. */
START_TEST(never)
{
    cluster_init(4);
    cluster.services[0].workload.budget_max_unavailable = (struct sim_amount){.given = true};
    cluster_start();
    cluster_run(MC_MIN);
    uint32_t number = drain(0, 32 * MC_S);
    cluster_run(MC_MIN + 31 * MC_S);
    struct sim_drain_view view = sim_controllers_drain_view(cluster.controllers, number);
    ck_assert_int_eq(view.state, SIM_DRAIN_GOING);
    ck_assert_uint_eq(view.refused, 7); /* at 0, 5, … 30 s */
    ck_assert(view.hopeless);
    ck_assert_uint_eq(view.blocked_by, 0);
    cluster_run(2 * MC_MIN);
    view = sim_controllers_drain_view(cluster.controllers, number);
    ck_assert_int_eq(view.state, SIM_DRAIN_TIMED_OUT);
    ck_assert_int_eq(view.ended, MC_MIN + 32 * MC_S);
    ck_assert_uint_eq(view.left, 1);
    ck_assert_uint_eq(cluster.deletions, 0);
    ck_assert(cluster_has_event("it never allows an eviction"));
    cluster_fini();
}
END_TEST

/* A pod that is not ready does not count as healthy, and may go if the others suffice (IfHealthyBudget). */
START_TEST(unhealthy)
{
    cluster_init(4);
    cluster.services[0].workload.budget_min_available = (struct sim_amount){.count = 3, .given = true};
    cluster_start();
    cluster_run(MC_MIN);
    cluster.pods[0].status.ready = false;
    sim_controllers_changed(cluster.controllers, 0, &cluster.pods[0].status);
    ck_assert_uint_eq(sim_controllers_budget(cluster.controllers, 0).allowed, 0);
    uint32_t healthy = drain(1, 20 * MC_S), broken = drain(0, 20 * MC_S);
    cluster_run(MC_MIN + 4 * MC_S);
    ck_assert_uint_eq(sim_controllers_drain_view(cluster.controllers, healthy).evicted, 0);
    ck_assert_uint_eq(sim_controllers_drain_view(cluster.controllers, broken).evicted, 1);
    cluster_fini();
}
END_TEST

Suite *test_disruption_suite(void)
{
    Suite *suite = suite_create("disruption");
    TCase *cases = tcase_create("disruption");
    tcase_add_test(cases, without_a_budget);
    tcase_add_test(cases, one_at_a_time);
    tcase_add_loop_test(cases, how_many_may_go, 0, (int)(sizeof budgets / sizeof *budgets));
    tcase_add_test(cases, never);
    tcase_add_test(cases, unhealthy);
    suite_add_tcase(suite, cases);
    return suite;
}
