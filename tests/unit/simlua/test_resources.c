/* resources = { … } of a service: what becomes of quantities, what is said of mistakes, and runs by hand arithmetic. */
#include "stage.h"
#include <string.h>

Suite *test_resources_suite(void);

static struct sim_resources read(const char *table)
{
    struct test_memory memory = {0};
    struct sim_error error = {0};
    struct sim_script_options options = stage_options(&memory);
    char text[1000];
    snprintf(text, sizeof text, "scenario('s', { topology = topology { services = { a = { %s } } }, duration = '1s' }, function() end)", table);
    struct sim_script *script = sim_script_load_text("t.lua", mc_str_c(text), &options, &error);
    ck_assert_msg(script != NULL, "%s", error.text);
    struct sim_script_run *run = sim_script_run_new(script, 0, &error);
    ck_assert_msg(run != NULL, "%s", error.text);
    struct sim_resources resources = sim_script_run_plan(run)->topology.services[0].versions[0].resources;
    ck_assert_uint_eq(resources.cpu_limit_millis, sim_script_run_plan(run)->topology.services[0].versions[0].cpu_millis);
    sim_script_run_free(run);
    sim_script_free(script);
    return resources;
}

/* kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity */
START_TEST(quantities_are_kubernetes_own)
{
    struct sim_resources r = read("resources = { requests = { cpu = '100m', memory = '128Mi' }, limits = { cpu = 1.5, memory = '1G' } }");
    ck_assert_uint_eq(r.cpu_request_millis, 100);
    ck_assert_uint_eq(r.cpu_limit_millis, 1500);
    ck_assert_uint_eq(r.memory_request, 134217728);
    ck_assert_uint_eq(r.memory_limit, 1000000000);
    r = read("resources = { limits = { cpu = '2', memory = '64Ki' }, memory = { base = 1000, per_request = '3k' } }");
    ck_assert_uint_eq(r.cpu_limit_millis, 2000);
    ck_assert_uint_eq(r.memory_limit, 65536);
    ck_assert_uint_eq(r.memory.base, 1000);
    ck_assert_uint_eq(r.memory.per_request, 3000);
}
END_TEST

START_TEST(a_limit_without_a_request_is_the_request)
{
    struct sim_resources r = read("resources = { limits = { cpu = '300m', memory = '1Gi' } }");
    ck_assert_uint_eq(r.cpu_request_millis, 300);
    ck_assert_uint_eq(r.memory_request, 1073741824);
    r = read("cpu = 0.25");
    ck_assert_uint_eq(r.cpu_limit_millis, 250);
    ck_assert_uint_eq(r.cpu_request_millis, 250);
    r = read("resources = { requests = { cpu = '300m' } }");
    ck_assert_uint_eq(r.cpu_limit_millis, 0);
}
END_TEST

static const struct {
    const char *table, *said;
} mistakes[] = {
    {"requests = { cpu = '600m' }, limits = { cpu = '500m' }", "requests.cpu = 600m is over limits.cpu = 500m"},
    {"requests = { memory = '2Ki' }, limits = { memory = '1Ki' }", "requests.memory = 2048 bytes is over limits.memory = 1024 bytes"},
    {"requests = { cpu = '5Q' }", "resources.requests: 'cpu': cores (0.5) or thousandths (\"500m\") are expected, not 5Q"},
    {"limits = { memory = '5Q' }", "resources.limits: 'memory': bytes as \"128Mi\""},
    {"limit = { cpu = 1 }", "did you mean 'limits'?"},
    {"gc = { pause = '5ms' }", "'every' (a time) or 'heap' (bytes that are allocated meanwhile) says how often"},
    {"gc = { pause = '5ms', heap = '5Mi' }", "memory.per_request is missing"},
    {"gc = { every = '1s' }", "'pause'"},
};

START_TEST(mistakes_name_the_value_and_the_place)
{
    char text[600];
    snprintf(text, sizeof text, "\nscenario('s', { topology = topology { services = { a = { resources = { %s } } } }, duration = '1s' }, function() end)", mistakes[_i].table);
    struct stage_result result = stage_play(text, false, NULL);
    ck_assert_msg(strstr(result.message, mistakes[_i].said) != NULL, "%s", result.message);
    ck_assert_msg(strstr(result.message, ":2: ") != NULL, "%s", result.message);
}
END_TEST

#define WORLD(resources) "local w = topology { machines = { cores = 2 }, services = { a = { steps = { work { cpu = '1ms' } }, resources = { " resources " } } } }\n"
#define RUN(options, body) \
    "scenario('x', { topology = w, duration = '30s', profile = 'none', " options " }, function(s)\n" \
    "  local load = s:load { to = 'a', rate = 1 }\n  s:run(function()\n" body "\n  end)\nend)\n"

static const char *const good[] = {
    /* 10 MiB and 1 MiB a request that is never given back, under 20: requests at 0, 1, … 9 s; the eleventh kills */
    WORLD("limits = { memory = '20Mi' }, memory = { base = '10Mi', leak_per_request = '1Mi' }")
    RUN("warm_up = '0s', thresholds = { container_oom_events_total = 'max >= 1' }",
        "sleep '9500ms' check('ten', load.finished == 10 and load.failed == 0 and pods('a'):list()[1].up)\n"
        "sleep '1s' check('the eleventh', load.failed == 1 and not pods('a'):list()[1].up)"),
    /* 100 ms of each second: the first second's request begins at 0; the collector stops the world at 1 s for 500 ms */
    WORLD("gc = { every = '1s', pause = '500ms' }")
    RUN("warm_up = '0s'",
        "sleep '1400ms' check('before', load.finished == 1)\n"
        "sleep '200ms' check('after', load.finished == 2)\n"
        "check('time', requests { src = 'load-a' }:max() >= duration '500ms')"),
    /* 10 ms of CPU in 100: a request of 1 ms fits, ten times slower it takes all */
    WORLD("limits = { cpu = 1 }")
    RUN("warm_up = '0s'",
        "sleep '500ms' local f = fault.slow_cpu { on = 'a', factor = 200 }\n"
        "sleep '1s' f:clear() check('slow', requests { src = 'load-a', window = '1s' }:max() >= duration '200ms')\n"
        "sleep '1s' check('as before', requests { src = 'load-a', window = '1s' }:max() < duration '5ms')\n"
        "check('felt', f:affected().connections > 0)"),
    /* 250 ms of work a request under a tenth of a core: 10 ms of each 100; the request of 1 s is done after 2.4 s or later */
    "local w = topology { services = { a = { steps = { work { cpu = '250ms' } } } } }\n"
    RUN("warm_up = '0s'",
        "sleep '500ms' fault.cpu_limit { on = 'a', cpu = '100m' }\n"
        "sleep '2700ms' check('one only', load.finished == 1)\n"
        "check('throttled', pods('a'):list()[1].throttled > duration '1s')"),
    /* 5 MiB a second from 1 MiB, limit 11: killed 2 s later */
    WORLD("limits = { memory = '11Mi' }, memory = { base = '1Mi' }")
    RUN("warm_up = '0s'",
        "sleep '500ms' fault.memory_leak { on = 'a', per_second = '5Mi' }\n"
        "sleep '1900ms' check('not yet', pods('a'):list()[1].up)\n"
        "sleep '200ms' check('gone', not pods('a'):list()[1].up)"),
    WORLD("") RUN("warm_up = '0s'", "sleep '500ms' fault.oom { on = 'a' } sleep '1ms' check('gone', not pods('a'):list()[1].up)"),
    WORLD("") RUN("warm_up = '0s'",
        "sleep '500ms' fault.gc_pause { on = 'a', pause = '2s', interval = '1s' }\n"
        "sleep '2s' check('stands still', load.finished == 2)"),
};

START_TEST(runs_hold)
{
    struct stage_result result = stage_play(good[_i], true, NULL);
    ck_assert_msg(!result.message[0], "%s", result.message);
    ck_assert_msg(!strstr(result.verdicts, "fail "), "%s", result.verdicts);
    ck_assert_msg(strstr(result.verdicts, "pass ") != NULL, "%s", result.verdicts);
}
END_TEST

START_TEST(a_sidecar_that_is_not_there_is_told)
{
    struct stage_result result = stage_play(WORLD("") RUN("warm_up = '0s'", "fault.slow_cpu { on = 'a', factor = 2, container = 'sidecar' }"), true, NULL);
    ck_assert_msg(strstr(result.message, "has no sidecar") || strstr(result.verdicts, "inconclusive") || result.status == SIM_INCONCLUSIVE, "%s|%s",
                  result.message, result.verdicts);
}
END_TEST

Suite *test_resources_suite(void)
{
    Suite *suite = suite_create("resources");
    TCase *tests = tcase_create("resources");
    tcase_add_test(tests, quantities_are_kubernetes_own);
    tcase_add_test(tests, a_limit_without_a_request_is_the_request);
    tcase_add_loop_test(tests, mistakes_name_the_value_and_the_place, 0, (int)(sizeof mistakes / sizeof *mistakes));
    tcase_add_loop_test(tests, runs_hold, 0, (int)(sizeof good / sizeof *good));
    tcase_add_test(tests, a_sidecar_that_is_not_there_is_told);
    suite_add_tcase(suite, tests);
    return suite;
}
