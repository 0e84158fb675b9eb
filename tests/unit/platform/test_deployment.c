/* Rolling updates and scaling against Kubernetes' documentation (concepts/workloads/controllers/deployment) and arithmetic by
 * hand. */
#include "cluster.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

Suite *test_deployment_suite(void);

static void amount(struct sim_amount *amount, uint32_t count)
{
    *amount = (struct sim_amount){.count = count, .given = true};
}

static struct sim_deployment_view view(void)
{
    return sim_controllers_deployment(cluster.controllers, 0, 0);
}

/* "ensures that at least 75% of the desired number of Pods are up (25% max unavailable) … at most 125%": of 10 at
 * most 10 + ceil(2.5) = 13, at least 10 − floor(2.5) = 8. */
START_TEST(a_quarter_of_ten)
{
    cluster_init(10);
    cluster_start();
    cluster_run(MC_MIN);
    cluster_watch();
    ck_assert_uint_eq(sim_controllers_rollout(cluster.controllers, 0, 0, 1), 2);
    cluster_run(MC_MIN + MC_S);
    /* at once: 3 more than 10, 2 of which make up for 2 that go */
    ck_assert_uint_eq(cluster_live(0, 0), 8);
    ck_assert_uint_eq(cluster_live(0, 1), 5);
    cluster_run(3 * MC_MIN);
    ck_assert_uint_eq(cluster.most, 13);
    ck_assert_uint_eq(cluster.least_ready, 8);
    ck_assert_uint_eq(cluster_live(0, 0), 0);
    ck_assert_uint_eq(cluster_live(0, 1), 10);
    ck_assert_int_eq(view().progress, SIM_PROGRESS_COMPLETE);
    ck_assert_uint_eq(view().most_pods, 13);
    ck_assert_uint_eq(view().least_available, 8);
    ck_assert_uint_eq(view().updated, 10);
    /* waves of 5: 5, then 5 more as the old 8 make room (5 s each) */
    ck_assert_int_eq(view().completed, MC_MIN + 10 * MC_S);
    cluster_fini();
}
END_TEST

static const struct {
    uint32_t replicas, surge, unavailable; /* absolute */
    uint32_t most, least;
} bounds[] = {{4, 1, 0, 5, 4}, {4, 0, 1, 4, 3}, {4, 4, 4, 8, 0}, {1, 1, 0, 2, 1}, {3, 2, 1, 5, 2}, {100, 7, 3, 107, 97}};

START_TEST(bounds_hold)
{
    cluster_init(bounds[_i].replicas);
    amount(&cluster.services[0].workload.max_surge, bounds[_i].surge);
    amount(&cluster.services[0].workload.max_unavailable, bounds[_i].unavailable);
    cluster_start();
    cluster_run(MC_MIN);
    cluster_watch();
    sim_controllers_rollout(cluster.controllers, 0, 0, 1);
    cluster_run(20 * MC_MIN);
    ck_assert_uint_le(cluster.most, bounds[_i].most);
    ck_assert_uint_ge(cluster.least_ready, bounds[_i].least);
    ck_assert_uint_eq(cluster_live(0, 1), bounds[_i].replicas);
    ck_assert_uint_eq(cluster_live(0, 0), 0);
    cluster_fini();
}
END_TEST

/* "all existing Pods are killed before new ones are created" */
START_TEST(recreate)
{
    cluster_init(3);
    cluster.services[0].workload.recreate = true;
    cluster_start();
    cluster_run(MC_MIN);
    cluster_watch();
    sim_controllers_rollout(cluster.controllers, 0, 0, 1);
    cluster_run(MC_MIN + MC_S);
    ck_assert_uint_eq(cluster_live(0, 0) + cluster_live(0, 1), 0); /* 2 s of termination */
    cluster_run(2 * MC_MIN);
    ck_assert_uint_eq(cluster_live(0, 1), 3);
    ck_assert_uint_eq(cluster.most, 3);
    ck_assert_uint_eq(cluster.least_ready, 0);
    cluster_fini();
}
END_TEST

/* A broken image: the rollout stops where the documentation says it does ("the Deployment … stops scaling up the new
 * ReplicaSet … because of the rollingUpdate parameters"), and is told after progressDeadlineSeconds. */
START_TEST(stuck)
{
    cluster_init(10);
    cluster.kinds[0][1].ready_after = MC_NEVER;
    cluster_start();
    cluster_run(MC_MIN);
    cluster_watch();
    sim_controllers_rollout(cluster.controllers, 0, 0, 1);
    cluster_run(MC_MIN + 599 * MC_S);
    ck_assert_int_eq(view().progress, SIM_PROGRESS_GOING);
    ck_assert_uint_eq(cluster_live(0, 0), 8);
    ck_assert_uint_eq(cluster_live(0, 1), 5);
    ck_assert_uint_eq(cluster_ready(0), 8);
    cluster_run(MC_MIN + 602 * MC_S);
    ck_assert_int_eq(view().progress, SIM_PROGRESS_STUCK);
    ck_assert(cluster_has_event("ProgressDeadlineExceeded"));
    /* rolling back: the old program under a new revision */
    sim_controllers_rollout(cluster.controllers, 0, 0, 0);
    cluster_run(20 * MC_MIN);
    ck_assert_uint_eq(cluster_live(0, 0), 10);
    ck_assert_uint_eq(cluster_live(0, 1), 0);
    ck_assert_uint_eq(cluster.least_ready, 8);
    cluster_fini();
}
END_TEST

/* minReadySeconds 30: a wave is available 5 + 30 s after it began; two waves. */
START_TEST(available_later)
{
    cluster_init(10);
    cluster.services[0].workload.min_ready = 30 * MC_S;
    cluster_start();
    cluster_run(MC_MIN);
    sim_controllers_rollout(cluster.controllers, 0, 0, 1);
    cluster_run(5 * MC_MIN);
    ck_assert_int_eq(view().completed, MC_MIN + 70 * MC_S);
    cluster_fini();
}
END_TEST

/* The documentation's proportional scaling: 10 replicas, maxSurge 3, maxUnavailable 2, a new image that does not start
 * (8 old, 5 new); scaled to 15: "3 replicas are added to the old ReplicaSet and 2 replicas are added to the new". */
START_TEST(proportional)
{
    cluster_init(10);
    amount(&cluster.services[0].workload.max_surge, 3);
    amount(&cluster.services[0].workload.max_unavailable, 2);
    cluster.kinds[0][1].ready_after = MC_NEVER;
    cluster_start();
    cluster_run(MC_MIN);
    sim_controllers_rollout(cluster.controllers, 0, 0, 1);
    cluster_run(2 * MC_MIN);
    ck_assert_uint_eq(cluster_live(0, 0), 8);
    ck_assert_uint_eq(cluster_live(0, 1), 5);
    sim_controllers_scale(cluster.controllers, 0, 0, 15);
    cluster_run(2 * MC_MIN + MC_S);
    ck_assert_uint_eq(cluster_live(0, 0), 11);
    ck_assert_uint_eq(cluster_live(0, 1), 7);
    cluster_fini();
}
END_TEST

/* ReplicaSet: "Pending (and unschedulable) pods are scaled down first … Pods on nodes with more replicas come before pods
 * on nodes with fewer replicas … a pod that was created more recently comes before the older". */
START_TEST(who_goes_first)
{
    cluster_init(4);
    cluster_start(); /* 0 1 2 3 on machines 0 1 2 3 */
    cluster_run(10 * MC_MIN);
    sim_controllers_scale(cluster.controllers, 0, 0, 6); /* 4 5 on machines 0 1: the emptiest first */
    cluster_run(11 * MC_MIN);
    cluster.kinds[0][0].ready_after = MC_NEVER;
    sim_controllers_scale(cluster.controllers, 0, 0, 7); /* 6: never ready, on machine 2 */
    cluster_run(12 * MC_MIN);
    ck_assert_uint_eq(cluster_on(2), 2);
    sim_controllers_scale(cluster.controllers, 0, 0, 6);
    cluster_run(13 * MC_MIN);
    ck_assert_uint_eq(cluster.deletions, 1);
    ck_assert_uint_eq(cluster.deleted[0], 6);
    /* doubled up on machines 0 and 1: the younger of the four, then the younger of the machine that is left */
    sim_controllers_scale(cluster.controllers, 0, 0, 4);
    cluster_run(14 * MC_MIN);
    ck_assert_uint_eq(cluster.deletions, 3);
    ck_assert((cluster.deleted[1] == 4 && cluster.deleted[2] == 5) || (cluster.deleted[1] == 5 && cluster.deleted[2] == 4));
    cluster_fini();
}
END_TEST

/* Pods that nobody wants are gone: the set makes new ones; a restart in place does not concern it. */
START_TEST(replaced)
{
    cluster_init(3);
    cluster_start();
    cluster_run(MC_S);
    uint64_t events = cluster.engine.events;
    cluster.pods[1].status.ready = false;
    cluster.pods[1].status.restarts = 1;
    sim_controllers_changed(cluster.controllers, 1, &cluster.pods[1].status);
    cluster_run(2 * MC_S);
    ck_assert_uint_eq(cluster.engine.events, events);
    cluster.pods[1].status.phase = SIM_POD_FAILED;
    sim_controllers_changed(cluster.controllers, 1, &cluster.pods[1].status);
    cluster_run(MC_MIN);
    ck_assert_uint_eq(cluster_live(0, 0), 3);
    ck_assert_uint_eq(cluster.pod_count, 4);
    cluster_fini();
}
END_TEST

/* No machine: the pod waits, and finds one when there is room. */
START_TEST(unschedulable)
{
    cluster_init(2);
    cluster.versions[0][0].resources.cpu_request_millis = 4000; /* two to a machine of 8 cores */
    cluster_create();
    cluster_machines(0, 1);
    cluster_start();
    sim_controllers_scale(cluster.controllers, 0, 0, 3);
    cluster_run(MC_MIN);
    ck_assert_uint_eq(view().unschedulable, 1);
    ck_assert_uint_eq(cluster_live(0, 0), 2);
    ck_assert(cluster_has_event("0/1 nodes are available: 0 unschedulable, 0 unreachable, 0 in other zones, 1 Insufficient cpu"));
    /* one leaves: its place is taken when it has gone, 2 s later */
    cluster.pods[0].status.phase = SIM_POD_FAILED;
    sim_controllers_changed(cluster.controllers, 0, &cluster.pods[0].status);
    cluster_run(2 * MC_MIN);
    ck_assert_uint_eq(view().unschedulable, 1);
    ck_assert_uint_eq(cluster.pod_count, 3);
    /* the one without a machine goes first */
    sim_controllers_scale(cluster.controllers, 0, 0, 2);
    cluster_run(3 * MC_MIN);
    ck_assert_uint_eq(cluster.deletions, 0);
    ck_assert_uint_eq(view().unschedulable, 0);
    cluster_fini();
}
END_TEST

/* Zones: the emptier one first. */
START_TEST(spread)
{
    cluster_init(1);
    cluster.topology.zone_count = 3;
    cluster_create();
    cluster_machines(0, 2);
    cluster_machines(1, 1);
    cluster_machines(2, 3);
    cluster_start(); /* on machine 0 */
    sim_controllers_scale(cluster.controllers, 0, 0, 9);
    cluster_run(MC_MIN);
    ck_assert_uint_eq(cluster_on(0) + cluster_on(1), 3);
    ck_assert_uint_eq(cluster_on(2), 3);
    for (uint32_t m = 3; m < 6; m++) ck_assert_uint_eq(cluster_on(m), 1);
    cluster_fini();
}
END_TEST

static const struct {
    struct sim_workload_plan plan;
    const char *why;
} mistakes[] = {
    {{.max_surge = {.given = true}, .max_unavailable = {.given = true}}, "maxUnavailable may not be 0 when maxSurge is 0"},
    {{.max_surge = {.given = true, .is_share = true}, .max_unavailable = {.given = true}}, "maxUnavailable may not be 0"},
    {{.recreate = true, .max_surge = {.given = true, .count = 1}}, "rollingUpdate may not be given"},
    {{.min_ready = 700 * MC_S, .progress_deadline = 600 * MC_S}, "progressDeadlineSeconds must be greater"},
    {{.budget_min_available = {.given = true, .count = 1}, .budget_max_unavailable = {.given = true, .count = 1}}, "mutually exclusive"},
    {{.budget_min_available = {.given = true, .count = 4}}, "minAvailable 4 can never be met by 3 replicas"},
    {{.autoscaler = {.min_replicas = 5, .max_replicas = 3, .target_cpu_percent = 50}}, "maxReplicas 3 is less than minReplicas 5"},
    {{.autoscaler = {.min_replicas = 1, .max_replicas = 3}}, "one of targetCPUUtilizationPercentage"},
    {{.autoscaler = {.min_replicas = 1, .max_replicas = 3, .target_cpu_percent = 50}, .job = {.completions = 1}}, "a job cannot have"},
};

START_TEST(refused)
{
    char why[SIM_WORKLOAD_WHY] = "";
    ck_assert(!sim_workload_check(&mistakes[_i].plan, 3, why));
    ck_assert_msg(strstr(why, mistakes[_i].why), "%s", why);
    ck_assert(sim_workload_check(&(struct sim_workload_plan){0}, 3, why));
}
END_TEST

/* 1 000 pods that become ready one by one. */
START_TEST(a_thousand)
{
    cluster_init(1000);
    cluster_create();
    cluster_machines(0, 125);
    cluster_start();
    cluster_run(MC_S);
    struct timespec from, to;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    sim_controllers_rollout(cluster.controllers, 0, 0, 1);
    for (uint32_t i = 0; i < 400; i++) {
        cluster.kinds[0][1].ready_after = 5 * MC_S + i * 7 * MC_MS;
        cluster_run(MC_S + i * 50 * MC_MS);
    }
    cluster_run(10 * MC_MIN);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    ck_assert_uint_eq(cluster_live(0, 1), 1000);
    ck_assert_int_eq(view().progress, SIM_PROGRESS_COMPLETE);
    printf("# rolling update of 1000 pods: %ld ms of CPU, the test's own counting included\n",
           (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000);
    cluster_fini();
}
END_TEST

Suite *test_deployment_suite(void)
{
    Suite *suite = suite_create("deployment");
    TCase *cases = tcase_create("deployment");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, a_quarter_of_ten);
    tcase_add_loop_test(cases, bounds_hold, 0, (int)(sizeof bounds / sizeof *bounds));
    tcase_add_test(cases, recreate);
    tcase_add_test(cases, stuck);
    tcase_add_test(cases, available_later);
    tcase_add_test(cases, proportional);
    tcase_add_test(cases, who_goes_first);
    tcase_add_test(cases, replaced);
    tcase_add_test(cases, unschedulable);
    tcase_add_test(cases, spread);
    tcase_add_loop_test(cases, refused, 0, (int)(sizeof mistakes / sizeof *mistakes));
    tcase_add_test(cases, a_thousand);
    suite_add_tcase(suite, cases);
    return suite;
}
