/* Variations: what is moved, by how much, and what is left as it was. */
#include "world.h"
#include <check.h>
#include <stdlib.h>

Suite *test_vary_suite(void);

static struct world world;

static void setup(void)
{
    world_init(&world);
}

static void teardown(void)
{
    world_fini(&world);
}

static struct sim_plan varied(enum sim_variation_kind kind, const char *entry, int32_t permille, uint32_t service)
{
    struct sim_plan plan = world.plan;
    struct sim_variation variation = {kind, entry ? sim_ledger_find(mc_str_c(entry)) : NULL, permille, service};
    ck_assert(sim_vary(&plan, &variation));
    return plan;
}

START_TEST(constant_is_moved_and_no_other)
{
    struct sim_plan plan = varied(SIM_VARY_CONSTANT, "proxy.price", 300, SIM_EVERY_SERVICE);
    ck_assert_int_eq(plan.profile.price.request, 136500);  /* 105 us x 1.3 */
    ck_assert_int_eq(plan.profile.price.response, 84500);  /* 65 us x 1.3 */
    ck_assert_int_eq(plan.profile.price.handshake, 0);     /* what was nothing stays nothing */
    ck_assert_int_eq(plan.topology.same_zone.latency, 250000);
    ck_assert_int_eq(plan.profile.debounce_quiet, 100000000);
    plan = varied(SIM_VARY_CONSTANT, "path.latency", -200, SIM_EVERY_SERVICE);
    ck_assert_int_eq(plan.topology.same_zone.latency, 200000);
    ck_assert_int_eq(plan.topology.same_zone.jitter, 40000);
    ck_assert_int_eq(plan.topology.cross_zone.latency, 800000);
    ck_assert_int_eq(plan.profile.price.request, 105000);
    ck_assert_int_eq(world.plan.topology.same_zone.latency, 250000);
}
END_TEST

START_TEST(perturbations_are_both_ends_the_worst_first)
{
    struct sim_variation list[64];
    uint32_t count = sim_perturbations(&world.use, list, 64);
    static const struct {
        const char *name;
        int32_t permille;
    } wanted[] = {{"proxy.price", -300}, {"proxy.price", 300}, {"path.latency", -200}, {"path.latency", 200}, {"push.debounce", -100}, {"push.debounce", 100}};
    ck_assert_uint_eq(count, 6);
    for (uint32_t i = 0; i < count; i++) {
        ck_assert_str_eq(list[i].entry->name, wanted[i].name);
        ck_assert_int_eq(list[i].permille, wanted[i].permille);
    }
    struct sim_variation two[2];
    ck_assert_uint_eq(sim_perturbations(&world.use, two, 2), 6);
    world.plan.profile.control_plane = false;
    ck_assert_uint_eq(sim_perturbations(&world.use, list, 64), 4);
}
END_TEST

START_TEST(factor_goes_both_ways_alike)
{
    struct sim_variation list[64];
    world.versions[0].pod.init = MC_S;
    world.plan.kubernetes.container_start = 600 * MC_MS;
    ck_assert_uint_ge(sim_perturbations(&world.use, list, 64), 8);
    ck_assert_str_eq(list[0].entry->name, "pod.start");
    struct sim_plan plan = varied(SIM_VARY_CONSTANT, "pod.start", list[1].permille, SIM_EVERY_SERVICE);
    ck_assert_int_eq(plan.kubernetes.container_start, 1800 * MC_MS);
    plan = varied(SIM_VARY_CONSTANT, "pod.start", list[0].permille, SIM_EVERY_SERVICE);
    ck_assert_int_ge(plan.kubernetes.container_start, 199 * MC_MS);
    ck_assert_int_le(plan.kubernetes.container_start, 201 * MC_MS);
}
END_TEST

START_TEST(policy_is_the_profiles_again)
{
    world.services[1].policy = (struct sim_policy){.has_timeout = true, .timeout = 500 * MC_MS, .has_retry = true, .retry = {.attempts = 5}, .max_pending = 7};
    struct sim_plan plan = varied(SIM_VARY_TIMEOUT, NULL, 0, 1);
    ck_assert(!plan.topology.services[1].policy.has_timeout);
    ck_assert(plan.topology.services[1].policy.has_retry);
    plan = varied(SIM_VARY_RETRY, NULL, 0, 1);
    ck_assert(!plan.topology.services[1].policy.has_retry);
    ck_assert_uint_eq(plan.profile.retry.attempts, 2);
    plan = varied(SIM_VARY_RETRY, NULL, 0, SIM_EVERY_SERVICE);
    ck_assert_uint_eq(plan.profile.retry.attempts, 0);
    plan = varied(SIM_VARY_CIRCUIT, NULL, 0, 1);
    ck_assert_uint_eq(plan.topology.services[1].policy.max_pending, 0);
    plan = varied(SIM_VARY_OUTLIER, NULL, 0, 1);
    ck_assert_uint_eq(plan.topology.services[1].policy.outlier_consecutive, 5);
    ck_assert_uint_eq(world.services[1].policy.retry.attempts, 5); /* the plan itself is as it was */
    ck_assert_uint_eq(world.services[1].policy.outlier_consecutive, 0);
}
END_TEST

START_TEST(capacity_is_doubled)
{
    world.versions[0].cpu_millis = 500;
    world.versions[0].concurrency = 4;
    struct sim_plan plan = varied(SIM_VARY_REPLICAS, NULL, 0, SIM_EVERY_SERVICE);
    ck_assert_uint_eq(plan.topology.services[0].versions[0].replicas, 6);
    ck_assert_uint_eq(plan.topology.services[1].versions[0].replicas, 6);
    ck_assert_uint_eq(plan.topology.services[0].versions[0].cpu_millis, 500);
    plan = varied(SIM_VARY_CPU, NULL, 0, SIM_EVERY_SERVICE);
    ck_assert_uint_eq(plan.topology.services[0].versions[0].cpu_millis, 1000);
    ck_assert_uint_eq(plan.topology.services[0].versions[0].concurrency, 8);
    ck_assert_uint_eq(plan.topology.services[0].versions[0].replicas, 3);
    ck_assert_uint_eq(plan.topology.services[1].versions[0].cpu_millis, 0); /* without a limit: without one */
    ck_assert_uint_eq(world.versions[0].replicas, 3);
}
END_TEST

START_TEST(alternatives_are_what_differs)
{
    struct sim_variation list[16];
    char text[SIM_VARIATION_TEXT];
    world.services[1].policy = (struct sim_policy){.has_timeout = true, .timeout = 500 * MC_MS};
    uint32_t count = sim_alternatives(&world.plan, 1, list, 16);
    static const enum sim_variation_kind wanted[] = {SIM_VARY_RETRY, SIM_VARY_TIMEOUT, SIM_VARY_OUTLIER, SIM_VARY_REPLICAS, SIM_VARY_CPU};
    ck_assert_uint_eq(count, 5);
    for (uint32_t i = 0; i < count; i++) ck_assert_uint_eq(list[i].kind, wanted[i]);
    ck_assert_str_eq(sim_variation_text(&world.plan, &list[1], text), "api: timeout none instead of 500ms");
    ck_assert_uint_eq(sim_alternatives(&world.plan, 1, list, 3), 3); /* capacity has its place */
    ck_assert_uint_eq(list[2].kind, SIM_VARY_CPU);
    world.plan.profile.sidecars = false;
    ck_assert_uint_eq(sim_alternatives(&world.plan, 1, list, 16), 2);
}
END_TEST

Suite *test_vary_suite(void)
{
    Suite *suite = suite_create("vary");
    TCase *tests = tcase_create("vary");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, constant_is_moved_and_no_other);
    tcase_add_test(tests, perturbations_are_both_ends_the_worst_first);
    tcase_add_test(tests, factor_goes_both_ways_alike);
    tcase_add_test(tests, policy_is_the_profiles_again);
    tcase_add_test(tests, capacity_is_doubled);
    tcase_add_test(tests, alternatives_are_what_differs);
    suite_add_tcase(suite, tests);
    return suite;
}
