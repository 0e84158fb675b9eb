/* Runs with a control plane: weights that only move through it, faults of the control plane, the picture. */
#include "plans.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct plans plans;
static struct sim_run *run;

static void set_up(void)
{
    plans_init(&plans);
    run = NULL;
}

static void tear_down(void)
{
    sim_run_free(run);
    plans_fini(&plans);
}

static uint64_t arrivals(const char *version, mc_ns since)
{
    struct sim_tally tally = {0};
    struct sim_query query = {.dst = MC_STR("web"), .version = mc_str_c(version), .since = since};
    sim_requests(sim_run_questions(run), &query, &tally);
    uint64_t count = tally.count;
    sim_tally_fini(&tally);
    return count;
}

/* edge -> web, two versions, all weight on v1: the client's own connections go past no sidecar of its own,
 * so edge stands in between. */
static void two_versions(void)
{
    static const uint32_t weights[] = {100, 0};
    plans_service(&plans, "edge");
    plans_call(&plans, "web");
    plans_service(&plans, "web");
    plans_work(&plans, MC_MS);
    plans_version(&plans, "v2");
    plans_work(&plans, MC_MS);
    plans.services[1].weights = weights;
    plans_load(&plans, "edge", 50);
    plans_mesh(&plans, true);
}

START_TEST(a_good_canary_is_promoted)
{
    static const struct sim_canary_spec canary = {
        .target = {"web", 3}, .from = {"v1", 2}, .to = {"v2", 2}, .start = 5 * MC_S, .interval = 5 * MC_S, .threshold = 2,
        .step_weight = 25, .max_weight = 50, .min_samples = 5,
        .metrics = {{.min_ppm = 990000}, {.is_duration = true, .max = 500 * MC_MS, .quantile_ppm = 990000}}, .metric_count = 2};
    two_versions();
    plans.plan.canaries = &canary;
    plans.plan.canary_count = 1;
    run = plans_start(&plans, 1);
    sim_run_advance(run, 5 * MC_S, 0);
    ck_assert_uint_eq(arrivals("v2", 0), 0);
    sim_run_advance(run, MC_NEVER, 0);
    struct sim_canary_view view = sim_run_canary_view(run, sim_run_canary_find(run, MC_STR("web")));
    ck_assert_str_eq(view.phase, "succeeded");
    ck_assert_uint_eq(view.weight, 100);
    ck_assert_uint_eq(view.failed_checks, 0);
    ck_assert_uint_eq(arrivals("v1", 50 * MC_S), 0);
    ck_assert_uint_ge(arrivals("v2", 50 * MC_S), 490);
    /* the weights went up in steps of 25 */
    uint32_t last = 0;
    for (uint32_t i = 0; i < view.steps; i++) {
        struct sim_canary_step step;
        if (!sim_run_canary_step(run, sim_run_canary_find(run, MC_STR("web")), i, &step)) break;
        ck_assert_uint_ge(step.weight, last);
        ck_assert(step.weight == last || step.weight == last + 25 || step.weight == 100);
        last = step.weight;
    }
    ck_assert_uint_eq(last, 100);
    ck_assert_int_eq(sim_run_finish(run).status, SIM_PASS);
}
END_TEST

START_TEST(a_canary_without_a_controller_is_refused)
{
    struct sim_error error = {0};
    two_versions();
    plans.plan.profile.rollouts = false;
    run = plans_start(&plans, 1);
    struct sim_canary_spec canary = {.target = MC_STR("web"), .from = MC_STR("v1"), .to = MC_STR("v2"), .interval = MC_S};
    ck_assert(!sim_run_canary(run, &canary, &error));
    ck_assert(strstr(error.text, "no rollout controller"));
}
END_TEST

START_TEST(a_canary_of_an_unknown_version_is_refused)
{
    struct sim_error error = {0};
    two_versions();
    run = plans_start(&plans, 1);
    struct sim_canary_spec canary = {.target = MC_STR("web"), .from = MC_STR("v1"), .to = MC_STR("v3"), .interval = MC_S};
    ck_assert(!sim_run_canary(run, &canary, &error));
    ck_assert(strstr(error.text, "no version \"v3\""));
}
END_TEST

START_TEST(the_picture_shows_what_there_is)
{
    struct sim_frame *frame = malloc(sizeof *frame);
    two_versions();
    run = plans_start(&plans, 1);
    sim_run_advance(run, 20 * MC_S, 0);
    uint64_t before = sim_run_hash_so_far(run);
    sim_run_frame(run, frame);
    ck_assert_uint_eq(sim_run_hash_so_far(run), before);
    ck_assert_str_eq(frame->profile, "istio-sidecar");
    ck_assert_uint_eq(frame->service_count, 4); /* edge/v1, web/v1, web/v2, user */
    ck_assert_str_eq(frame->services[0].name, "edge/v1");
    ck_assert_uint_eq(frame->services[0].meshed, 1);
    ck_assert_uint_eq(frame->services[0].rps_milli, 50000);
    ck_assert_uint_eq(frame->services[2].rps_milli, 0);
    ck_assert_uint_eq(frame->proxies, 3);
    ck_assert_uint_eq(frame->proxies_in_sync, 3);
    ck_assert_uint_eq(frame->certs_valid, 3);
    ck_assert(frame->has_ca && frame->ca_up && frame->has_control);
    free(frame);
}
END_TEST

static struct sim_fault *crash(const char *service, mc_ns restart)
{
    struct sim_error error = {0};
    struct sim_selector on = {.service = mc_str_c(service)};
    struct sim_argument arguments[] = {
        {.name = MC_STR("on"), .type = SIM_PARAM_SELECTOR, .selectors = &on, .selector_count = 1},
        {.name = MC_STR("restart"), .type = SIM_PARAM_DURATION, .number = restart},
    };
    struct sim_fault_spec spec = {.kind = MC_STR("crash"), .arguments = arguments, .argument_count = 2};
    struct sim_fault *fault = sim_run_fault(run, &spec, &error);
    ck_assert_msg(fault, "%s", error.text);
    return fault;
}

START_TEST(a_crashed_service_fails_and_comes_back)
{
    two_versions();
    plans.steps[0].timeout = MC_S;
    run = plans_start(&plans, 1);
    sim_run_advance(run, 10 * MC_S, 0);
    crash("web", 10 * MC_S);
    sim_run_advance(run, 19 * MC_S, 0);
    ck_assert_uint_eq(arrivals("v1", 11 * MC_S), 0);
    sim_run_advance(run, 30 * MC_S, 0);
    uint64_t then = arrivals("v1", 0);
    sim_run_advance(run, 40 * MC_S, 0);
    ck_assert_uint_ge(arrivals("v1", 0) - then, 490); /* 50 per second again */
}
END_TEST

Suite *test_mesh_suite(void)
{
    Suite *suite = suite_create("mesh");
    TCase *tests = tcase_create("mesh");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_good_canary_is_promoted);
    tcase_add_test(tests, a_canary_without_a_controller_is_refused);
    tcase_add_test(tests, a_canary_of_an_unknown_version_is_refused);
    tcase_add_test(tests, the_picture_shows_what_there_is);
    tcase_add_test(tests, a_crashed_service_fails_and_comes_back);
    suite_add_tcase(suite, tests);
    return suite;
}
