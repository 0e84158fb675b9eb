/* What is wrong with a plan, whatever the luck. */
#include "plans.h"
#include <check.h>
#include <string.h>

static struct plans plans;

static void set_up(void)
{
    plans_init(&plans);
}

static void tear_down(void)
{
    plans_fini(&plans);
}

static void refused(const char *fragment, int line)
{
    struct sim_error error = {0};
    ck_assert(!sim_run_check(&plans.plan, &error));
    ck_assert_msg(strstr(error.text, fragment), "\"%s\" lacks \"%s\"", error.text, fragment);
    if (line) ck_assert_int_eq(error.source.line, line);
}

START_TEST(a_chain_is_good)
{
    struct sim_error error = {0};
    plans_service(&plans, "web");
    plans_call(&plans, "db");
    plans_service(&plans, "db");
    plans_load(&plans, "web", 1);
    ck_assert_msg(sim_run_check(&plans.plan, &error), "%s", error.text);
}
END_TEST

START_TEST(a_missing_callee_is_named_with_the_nearest)
{
    plans_service(&plans, "reviews");
    plans_call(&plans, "ratigns");
    plans_service(&plans, "ratings");
    refused("no service \"ratigns\"; did you mean \"ratings\"?", 11);
}
END_TEST

START_TEST(calls_in_a_circle_are_named)
{
    plans_service(&plans, "a");
    plans_call(&plans, "b");
    plans_service(&plans, "b");
    plans_call(&plans, "c");
    plans_service(&plans, "c");
    plans_call(&plans, "b");
    refused("calls go in a circle: b -> c -> b", 13);
}
END_TEST

START_TEST(a_service_that_calls_itself_is_a_circle)
{
    plans_service(&plans, "a");
    plans_call(&plans, "a");
    refused("calls go in a circle: a -> a", 11);
}
END_TEST

START_TEST(those_that_need_each_other_to_start_are_named)
{
    plans_service(&plans, "a");
    plans_call_at_start(&plans, "b");
    plans_service(&plans, "b");
    plans_call_at_start(&plans, "c");
    plans_service(&plans, "c");
    plans_call_at_start(&plans, "a");
    refused("none can start before the other (on_start): a -> b -> c -> a", 13);
}
END_TEST

/* An optional call, or one version that does not need it, and somebody comes up first. */
START_TEST(one_that_can_do_without_breaks_the_circle)
{
    struct sim_error error = {0};
    plans_service(&plans, "a");
    plans_call_at_start(&plans, "b");
    plans_service(&plans, "b");
    plans_call_at_start(&plans, "a");
    refused("a -> b -> a", 12);
    plans.steps[1].optional = true;
    ck_assert_msg(sim_run_check(&plans.plan, &error), "%s", error.text);
    plans.steps[1].optional = false;
    plans_version(&plans, "v2");
    ck_assert_msg(sim_run_check(&plans.plan, &error), "%s", error.text);
}
END_TEST

START_TEST(an_unknown_callee_at_the_start_is_named)
{
    plans_service(&plans, "web");
    plans_call_at_start(&plans, "cofnig");
    plans_service(&plans, "config");
    refused("on_start: call: no service \"cofnig\"; did you mean \"config\"?", 11);
}
END_TEST

START_TEST(a_load_to_nobody)
{
    plans_service(&plans, "web");
    plans_load(&plans, "wbe", 1);
    refused("load: no service \"wbe\"; did you mean \"web\"?", 0);
}
END_TEST

START_TEST(an_unknown_invariant)
{
    plans_service(&plans, "web");
    plans.invariants[0] = MC_STR("mtls.no_plaintxt");
    plans.plan.invariant_count = 1;
    refused("no \"mtls.no_plaintxt\"; did you mean \"mtls.no_plaintext\"?", 0);
}
END_TEST

START_TEST(no_time_no_services)
{
    refused("no services", 0);
    plans_service(&plans, "web");
    plans.plan.duration = 0;
    refused("duration", 0);
}
END_TEST

START_TEST(too_many_pods)
{
    plans_service(&plans, "web")->replicas = 300000;
    refused("300000 pods; at most", 0);
}
END_TEST

Suite *test_plan_suite(void)
{
    Suite *suite = suite_create("plan");
    TCase *tests = tcase_create("plan");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_chain_is_good);
    tcase_add_test(tests, a_missing_callee_is_named_with_the_nearest);
    tcase_add_test(tests, calls_in_a_circle_are_named);
    tcase_add_test(tests, a_service_that_calls_itself_is_a_circle);
    tcase_add_test(tests, those_that_need_each_other_to_start_are_named);
    tcase_add_test(tests, one_that_can_do_without_breaks_the_circle);
    tcase_add_test(tests, an_unknown_callee_at_the_start_is_named);
    tcase_add_test(tests, a_load_to_nobody);
    tcase_add_test(tests, an_unknown_invariant);
    tcase_add_test(tests, no_time_no_services);
    tcase_add_test(tests, too_many_pods);
    suite_add_tcase(suite, tests);
    return suite;
}
