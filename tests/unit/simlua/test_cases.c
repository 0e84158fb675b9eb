/* What a file declares, case by case, against lists written by hand. */
#include "stage.h"
#include <string.h>

#define WORLD "local w = topology { services = { web = { steps = { work '1ms' } } } }\n"

static struct sim_script *load(const char *text, const struct sim_script_options *options)
{
    struct sim_error error = {0};
    struct sim_script *script = sim_script_load_text("t.lua", mc_str_c(text), options, &error);
    ck_assert_msg(script, "%d: %s", error.source.line, error.text);
    return script;
}

static void list(const struct sim_script *script, char *out, size_t room)
{
    size_t used = 0;
    out[0] = 0;
    for (uint32_t i = 0; i < sim_script_case_count(script) && used < room; i++) {
        const struct sim_case *one = sim_script_case(script, i);
        used += (size_t)snprintf(out + used, room - used, "%s %s %s %d\n", one->scenario.p, one->variant_json.p, one->profile.p, (int)one->seed);
    }
}

START_TEST(test_matrix_profiles_seeds)
{
    struct test_memory memory = {0};
    struct sim_script_options options = stage_options(&memory);
    char cases[2000];
    struct sim_script *script = load(WORLD
        "matrix { retry = { naive = 1, budget = 2 }, load = { 0.6, 0.9 } }:each(function(c)\n"
        "  describe('d', function() scenario('s', { topology = w, profiles = { 'none', 'envoy' }, seeds = 2 }, function() end) end)\n"
        "end)", &options);
    list(script, cases, sizeof cases);
    ck_assert_str_eq(cases,
        "d / s {\"load\":0.6,\"retry\":\"budget\"} none 1\n" "d / s {\"load\":0.6,\"retry\":\"budget\"} none 2\n"
        "d / s {\"load\":0.6,\"retry\":\"budget\"} envoy 1\n" "d / s {\"load\":0.6,\"retry\":\"budget\"} envoy 2\n"
        "d / s {\"load\":0.6,\"retry\":\"naive\"} none 1\n" "d / s {\"load\":0.6,\"retry\":\"naive\"} none 2\n"
        "d / s {\"load\":0.6,\"retry\":\"naive\"} envoy 1\n" "d / s {\"load\":0.6,\"retry\":\"naive\"} envoy 2\n"
        "d / s {\"load\":0.9,\"retry\":\"budget\"} none 1\n" "d / s {\"load\":0.9,\"retry\":\"budget\"} none 2\n"
        "d / s {\"load\":0.9,\"retry\":\"budget\"} envoy 1\n" "d / s {\"load\":0.9,\"retry\":\"budget\"} envoy 2\n"
        "d / s {\"load\":0.9,\"retry\":\"naive\"} none 1\n" "d / s {\"load\":0.9,\"retry\":\"naive\"} none 2\n"
        "d / s {\"load\":0.9,\"retry\":\"naive\"} envoy 1\n" "d / s {\"load\":0.9,\"retry\":\"naive\"} envoy 2\n");
    sim_script_free(script);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

/* No mistake of the script's, and no judgement either: the one verdict says what is missing. */
START_TEST(test_what_a_profile_has_not_is_inconclusive)
{
    static const struct { const char *script, *verdict; } plays[] = {
        {WORLD "scenario('s', { topology = w, profile = 'envoy', duration = '9s', invariants = { 'mtls.no_plaintext' },\n"
               "  thresholds = { request_failed = 'rate > 1%' } }, function(s) s:load { to = 'web', rate = 5 }\n"
               "  s:run(function() sleep '1s'; fault.ca_outage { duration = '1s' }; check('not asked', false) end) end)",
         "inconclusive check the profile has what the scenario needs|fault.ca_outage needs a profile with a CA: \"envoy\" has none\n"},
        {"scenario('s', { topology = topology { services = { web = { versions = { v1 = {}, v2 = {} } } } }, profile = 'none', duration = '9s' },\n"
         "  function(s) s:canary { target = 'web', from = 'v1', to = 'v2' }; s:run(function() check('not asked', false) end) end)",
         "inconclusive check the profile has what the scenario needs|canary: profile \"none\" has no rollout controller\n"},
        {WORLD "scenario('s', { topology = w, profile = 'none', duration = '9s' }, function(s) s:run(function()\n"
               "  fault.abort { to = 'web', by = 'mesh' } end) end)",
         "inconclusive check the profile has what the scenario needs|fault.abort by = \"mesh\" needs a profile with a control plane: \"none\" has none\n"},
    };
    struct stage_result result = stage_play(plays[_i].script, true, NULL);
    ck_assert_str_eq(result.message, "");
    ck_assert_int_eq(result.status, SIM_INCONCLUSIVE);
    ck_assert_str_eq(result.verdicts, plays[_i].verdict);
}
END_TEST

START_TEST(test_the_command_line_decides)
{
    struct test_memory memory = {0};
    struct sim_script_options options = stage_options(&memory);
    const char *profiles[] = {"linkerd"};
    const uint64_t seeds[] = {7, 3};
    const struct sim_script_var vars[] = {{"n", "4"}};
    char cases[500];
    options.profiles = profiles;
    options.profile_count = 1;
    options.seeds = seeds;
    options.seed_count = 2;
    options.duration = 3 * MC_S;
    options.vars = vars;
    options.var_count = 1;
    struct sim_script *script = load(WORLD "scenario('s' .. var('n') + 1 .. var('m', 'x'), { topology = w, profile = 'none', seeds = 9, duration = '1h' }, function() end)", &options);
    list(script, cases, sizeof cases);
    ck_assert_str_eq(cases, "s5x {} linkerd 7\ns5x {} linkerd 3\n");
    ck_assert_int_eq(sim_script_case(script, 0)->duration, 3 * MC_S);
    sim_script_free(script);
}
END_TEST

START_TEST(test_a_plan_holds_what_was_written)
{
    struct test_memory memory = {0};
    struct sim_script_options options = stage_options(&memory);
    struct sim_error error = {0};
    struct sim_script *script = load(
        "local w = topology { zones = { 'a', 'b' }, services = { shop = { concurrency = 16, replicas = 3, steps = { work '10ms' } } } }\n"
        "scenario('s', { topology = w, duration = '1m30s', tags = { 'z', 'a', 'z' }, expect_fail = 'known',\n"
        "  pki = { workload_ttl = '1h', renew_at = '25%', trust_domain = 'x.y' }, kernel = { ['net.ipv4.tcp_syn_retries'] = 2 },\n"
        "  thresholds = { ['request_duration{src:u}'] = { 'p(99.9) <= 1.5s', { 'avg < 20ms', abort_on_fail = true, delay = '5s' } }, request_failed = 'count < 2.5' } },\n"
        "  function(s) s:load { name = 'u', to = 'shop', rate = capacity 'shop' / 2 } s:load { to = 'shop', stages = { { '0s', 0 }, { '10s', 2.5 } } } end)", &options);
    const struct sim_case *one = sim_script_case(script, 0);
    ck_assert_uint_eq(one->tag_count, 2);
    ck_assert_str_eq(one->tags[0].p, "a");
    ck_assert_str_eq(one->expect_fail.p, "known");
    ck_assert_int_eq(one->source.line, 2);
    struct sim_script_run *run = sim_script_run_new(script, 0, &error);
    ck_assert_msg(run, "%s", error.text);
    const struct sim_plan *plan = sim_script_run_plan(run);
    ck_assert_int_eq(plan->duration, 90 * MC_S);
    ck_assert_int_eq(plan->profile.cert_ttl, MC_HOUR);
    ck_assert_uint_eq(plan->profile.renew_permille, 250);
    ck_assert_str_eq(plan->trust_domain.p, "x.y");
    ck_assert_uint_eq(plan->kernel.syn_retries, 2);
    ck_assert_uint_eq(plan->kernel.ephemeral_ports, 60999 - 32768 + 1);
    ck_assert_uint_eq(plan->load_count, 2);
    ck_assert_uint_eq(plan->loads[0].rate_milli, 3 * 16 * 100 * 1000 / 2); /* 3 replicas, 16 places, 100 per second each */
    ck_assert_int_eq(plan->loads[1].executor, SIM_LOAD_RAMPING_RATE);
    ck_assert_uint_eq(plan->loads[1].stages[1].rate_milli, 2500);
    ck_assert_uint_eq(plan->threshold_count, 3);
    ck_assert_uint_eq(plan->thresholds[0].quantile_ppm, 999000);
    ck_assert_int_eq(plan->thresholds[0].op, SIM_LESS_EQUAL);
    ck_assert_int_eq(plan->thresholds[0].bound, 1500 * MC_MS);
    ck_assert_str_eq(plan->thresholds[0].tags.p, "src:u");
    ck_assert(plan->thresholds[1].abort_on_fail && plan->thresholds[1].delay == 5 * MC_S);
    ck_assert_int_eq(plan->thresholds[2].bound, 2500);
    sim_script_run_free(run);
    sim_script_free(script);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

/* 1 + 4 × 249.75 services: the parts are whole numbers that add up. */
START_TEST(test_shipped_topologies)
{
    static const struct { const char *name; uint32_t services, pods; } worlds[] = {
        {"chain {}", 3, 6}, {"bookinfo {}", 4, 6}, {"boutique {}", 11, 11}, {"layered {}", 1000, 2000}, {"layered { services = 17, layers = 3 }", 17, 34},
    };
    struct test_memory memory = {0};
    struct sim_script_options options = stage_options(&memory);
    struct sim_error error = {0};
    char text[200];
    snprintf(text, sizeof text, "scenario('s', { topology = topologies.%s }, function() end)", worlds[_i].name);
    struct sim_script *script = load(text, &options);
    struct sim_script_run *run = sim_script_run_new(script, 0, &error);
    ck_assert_ptr_nonnull(run);
    const struct sim_topology *topology = &sim_script_run_plan(run)->topology;
    uint32_t pods = 0;
    for (uint32_t i = 0; i < topology->service_count; i++)
        for (uint32_t v = 0; v < topology->services[i].version_count; v++) pods += topology->services[i].versions[v].replicas;
    ck_assert_uint_eq(topology->service_count, worlds[_i].services);
    ck_assert_uint_eq(pods, worlds[_i].pods);
    ck_assert_msg(sim_run_check(sim_script_run_plan(run), &error), "%s", error.text);
    sim_script_run_free(run);
    sim_script_free(script);
}
END_TEST

START_TEST(test_refused_memory_is_survived)
{
    for (size_t n = 1; n < 400; n += 7) {
        struct test_memory memory = {.refuse_at = n};
        struct sim_script_options options = stage_options(&memory);
        struct sim_error error = {0};
        struct sim_script *script = sim_script_load_text("t.lua", MC_STR(WORLD "scenario('s', { topology = w }, function() end)"), &options, &error);
        ck_assert(script || error.text[0]);
        sim_script_free(script);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
}
END_TEST

Suite *test_cases_suite(void)
{
    Suite *suite = suite_create("cases");
    TCase *tests = tcase_create("cases");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, test_matrix_profiles_seeds);
    tcase_add_loop_test(tests, test_what_a_profile_has_not_is_inconclusive, 0, 3);
    tcase_add_test(tests, test_the_command_line_decides);
    tcase_add_test(tests, test_a_plan_holds_what_was_written);
    tcase_add_loop_test(tests, test_shipped_topologies, 0, 5);
    tcase_add_test(tests, test_refused_memory_is_survived);
    suite_add_tcase(suite, tests);
    return suite;
}
