/* Where traffic goes and what names cost, as a script's author sees it: who is refused, by whom, and how. */
#include "base/assert.h"
#include "stage.h"
#include <string.h>

Suite *test_names_suite(void);

/* Each row is one world: front calls back, out calls a host outside; EXPECT is asked of `calls`, those of `to`. */
static const struct {
    const char *name, *front, *back, *outside, *policy, *to, *expect;
} worlds[] = {
    {"unmeshed callers of a permissive service are served in plaintext", "meshed = false", "", "", "", "front", "all(200)"},
    {"of a strict one they are reset", "meshed = false", "policy = { mtls = 'strict' }", "", "", "front",
     "all(0)"},
    {"a headless service is called in plaintext", "", "network = { headless = true }", "", "", "front", "all(200)"},
    {"strict, it resets: 503 UC", "", "network = { headless = true }, policy = { mtls = 'strict' }", "", "", "front",
     "requests { src = 'front', flags = 'UC', code = 503 }:count() == requests { src = 'front' }:count()"},
    /* Istio's FAQ "Does Auto mTLS work for port exclusion?": clients still send mutual TLS. */
    {"an excluded inbound port meets TLS", "", "network = { exclude_inbound_ports = 8080 }", "", "", "front", "all(503)"},
    {"an excluded outbound port passes by the sidecar", "network = { exclude_outbound_ports = { 8080 } }", "", "", "", "front",
     "all(200) and retries { src = 'front' }:count() == 0"},
    {"hosts outside are passed through", "", "", "", "", "out", "all(200)"},
    {"under REGISTRY_ONLY they are a 502", "", "", "", "outboundTrafficPolicy = 'REGISTRY_ONLY'", "out",
     "all(502)"},
    {"a ServiceEntry lets them pass", "", "", "service_entry = 'DNS', replicas = 2", "outboundTrafficPolicy = 'REGISTRY_ONLY'", "out",
     "all(200)"},
    {"one with addresses, too", "", "", "service_entry = 'STATIC', replicas = 2", "outboundTrafficPolicy = 'REGISTRY_ONLY'", "out", "all(200)"},
    /* kubernetes.io: ClusterFirst with hostNetwork falls back to Default. */
    {"a pod in its machine's network does not know the cluster", "network = { hostNetwork = true }", "", "", "", "front",
     "requests { src = 'front' }:count() > 0 and requests { dst = 'back' }:count() == 0"},
    {"unless it says ClusterFirstWithHostNet", "network = { hostNetwork = true, dnsPolicy = 'ClusterFirstWithHostNet' }", "", "", "", "front",
     "all(200)"},
};

static struct stage_result play(const char *declared, const char *method, const char *extra, int row)
{
    char text[3000];
    const char *to = row >= 0 ? worlds[row].to : "out";
    snprintf(text, sizeof text,
             "local w = topology { services = {\n"
             "  front = { replicas = 2, steps = { call { 'back', timeout = '2s' } }, %s },\n"
             "  back = { replicas = 2, steps = { work '1ms' }, %s },\n"
             "  out = { steps = { call { 'api.example.com', timeout = '8s' } }, network = { dns_cache = 'none' }, server = { pool = { reuse = false } } } },\n"
             "  external = { ['api.example.com'] = { distance = '5ms', %s } }%s }\n"
             "local p = profile { base = 'istio-sidecar', name = 'istio-own', %s }\n"
             "scenario('s', { topology = w, profile = p, duration = '40s' }, function(s)\n"
             "  s:load { name = 'user', to = '%s', rate = 20 }\n"
             "  s:run(function()\n    local calls = requests { src = '%s' }\n"
             "    local function all(code) return requests { src = '%s', code = code }:count() == calls:count() end\n    %s\n  end)\nend)\n",
             row >= 0 ? worlds[row].front : "", row >= 0 ? worlds[row].back : "", row >= 0 ? worlds[row].outside : declared, extra,
             row >= 0 ? worlds[row].policy : "", to, to, to, method);
    return stage_play(text, true, NULL);
}

START_TEST(traffic_goes_where_the_rules_say)
{
    char method[600];
    snprintf(method, sizeof method, "sleep '20s'\n    check(\"%s\", calls:count() > 50 and %s)", worlds[_i].name,
             worlds[_i].expect);
    struct stage_result result = play("", method, "", _i);
    ck_assert_str_eq(result.message, "");
    ck_assert_msg(result.status == SIM_PASS, "%s: %s", worlds[_i].name, result.verdicts);
}
END_TEST

static const struct {
    const char *name, *outside, *extra, *method;
} faults[] = {
    {"a silent resolver costs 5 s", "", "",
     "local f = fault.dns { mode = 'timeout', name = 'api.example.com', on = 'out', first = 1 } sleep '20s' "
     "check('5 s', f:affected().requests == 2 and calls:max() > duration '5s' and calls:max() < duration '5100ms')"},
    {"SERVFAIL fails the call", "", "",
     "sleep '5s' fault.dns { mode = 'servfail', name = 'api.example.com' }:during('5s', function() sleep '5s' end) "
     "check('errors', requests { src = 'out', code = 0 }:count() > 50) "},
    {"a race costs 5 s", "", "", "fault.dns_race { percent = '10%' } sleep '20s' check('5 s', calls:max() > duration '5s')"},
    {"… of the topology, too", "", ", dns = { race = '10%' }", "sleep '20s' check('5 s', calls:max() > duration '5s')"},
    {"not with the machine's cache", "", ", dns = { race = '10%', node_local = true }", "sleep '20s' check('fast', calls:max() < duration '1s')"},
    {"too small a resolver drops", "", ", dns = { replicas = 1, capacity = 100, queue = 10, node_domain = 'x.y' }",
     "sleep '20s' check('5 s', calls:max() > duration '5s')"}, /* 20 × (4 + 1) × 2 queries a second and more */
};

START_TEST(faults_of_names_bite)
{
    struct stage_result result = play(faults[_i].outside, faults[_i].method, faults[_i].extra, -1);
    ck_assert_str_eq(result.message, "");
    ck_assert_msg(strstr(result.verdicts, "pass check") && !strstr(result.verdicts, "fail check"), "%s: %s", faults[_i].name, result.verdicts);
}
END_TEST

Suite *test_names_suite(void)
{
    Suite *suite = suite_create("names");
    TCase *tests = tcase_create("names");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, traffic_goes_where_the_rules_say, 0, MC_COUNT_OF(worlds));
    tcase_add_loop_test(tests, faults_of_names_bite, 0, MC_COUNT_OF(faults));
    suite_add_tcase(suite, tests);
    return suite;
}
