/* What an author reads after a mistake: file and line, the value that was given, the nearest right name. */
#include "stage.h"
#include <string.h>

#define WORLD "local w = topology { services = { web = { steps = { call 'api' } }, api = { steps = { work '1ms' } } } }\n"

static const struct {
    const char *script, *place, *text;
} declarations[] = {
    {"x = = 1", "t.lua:1: ", "unexpected symbol"},
    {"local a\nfoo()", "t.lua:2: ", "unknown global 'foo'"},
    {"local a\nscenaro('x')", "t.lua:2: ", "did you mean 'scenario'?"},
    {"x = 1", "t.lua:1: ", "write 'local x'"},
    {"\n\nscenario('a', {}, function() end)", "t.lua:3: ", "scenario 'a': 'topology' is missing"},
    {WORLD "scenario('a', { topologi = w }, function() end)", "t.lua:2: ", "'topologi' is not known: did you mean 'topology'?"},
    {WORLD "scenario('a', { topology = 3 }, function() end)", "t.lua:2: ", "a topology is expected, not a number"},
    {WORLD "scenario('a', { topology = w })", "t.lua:2: ", "a function is expected last"},
    {WORLD "scenario('a', { topology = w, duration = 30 }, function() end)", "t.lua:2: ", "30 has no unit: write \"30ms\" or \"30s\""},
    {WORLD "scenario('a', { topology = w, duration = '3x' }, function() end)", "t.lua:2: ", "\"3x\" has no unit that is known here"},
    {WORLD "scenario('a', { topology = w, profile = 'istio-sidcar' }, function() end)", "t.lua:2: ", "profile 'istio-sidcar' is not known: did you mean 'istio-sidecar'?"},
    {WORLD "scenario('a', { topology = w, seeds = 0 }, function() end)", "t.lua:2: ", "'seeds'"},
    {WORLD "scenario('a', { topology = w, seeds = 'x' }, function() end)", "t.lua:2: ", "a whole number from 0 is expected, not x"},
    {WORLD "scenario('a', { topology = w, pki = { workload_tl = '1h' } }, function() end)", "t.lua:2: ", "did you mean 'workload_ttl'?"},
    {WORLD "scenario('a', { topology = w }, function() end)\nscenario('a', { topology = w }, function() end)", "t.lua:3: ", "declared twice: first in line 2"},
    {WORLD "scenario('a', { topology = w, thresholds = { request_failed = 'rat < 1%' } }, function() end)", "t.lua:2: ", "'rat' is no aggregate: did you mean 'rate'?"},
    {WORLD "scenario('a', { topology = w, thresholds = { request_failed = 'rate = 1%' } }, function() end)", "t.lua:2: ", "one of <, <=, >, >= is expected"},
    {WORLD "scenario('a', { topology = w, thresholds = { request_failed = 'rate < 1q' } }, function() end)", "t.lua:2: ", "1q"},
    {WORLD "scenario('a', { topology = w, kernel = { ['net.ipv4.tcp_syn_retrys'] = 3 } }, function() end)", "t.lua:2: ", "did you mean 'net.ipv4.tcp_syn_retries'?"},
    {"topologies.bookinf {}", "t.lua:1: ", "topology 'bookinf' is not known: did you mean 'bookinfo'?"},
    {"topologies.bookinfo {\n  replica = 2 }", "t.lua:1: ", "bookinfo: 'replica' is not known: did you mean 'replicas'?"},
    {"topology { services = { a = { steps = { call { 'b', tries = 0 } } } } }", "t.lua:1: ", "call: 'tries': at least 1"},
    {"topology { services = { a = { latancy = 1 } } }", "t.lua:1: ", "service a: 'latancy' is not known"},
    {"profile { name = 'x', balancer = 'least_requests' }", "t.lua:1: ", "did you mean \"least_request\"?"},
    {"profile { base = 'nonne', name = 'x' }", "t.lua:1: ", "did you mean 'none'?"},
    {"matrix { 1, 2 }:each(print)", "t.lua:1: ", "an axis has a name"},
    {"matrix { load = {} }:each(print)", "t.lua:1: ", "'load' has no values"},
    {"include 'nothing'", "t.lua:1: ", "'nothing' cannot be found"},
    {"var 'k'", "t.lua:1: ", "run with -D k="},
    {"sleep '1s'", "t.lua:1: ", "only while the scenario runs"},
    {"duration(5)", "t.lua:1: ", "5 has no unit"},
    {"duration(1/0)", "t.lua:1: ", "inf is no duration"},
    {"duration '99999999999999999999h'", "t.lua:1: ", "is too large"},
    {"duration '106751d'", "t.lua:1: ", "is too large"}, /* 2^63 ns are 106751.99 days, of which half is allowed */
    {"topology { services = { [''] = {} } }", "t.lua:1: ", "'services': a name is empty"},
    {"topology { services = { ['a/b'] = {} } }", "t.lua:1: ", "\"a/b\" is no name"},
    {"topology { services = { a = { versions = { ['v@1'] = {} } } } }", "t.lua:1: ", "\"v@1\" is no name"},
    {"topology { zones = { '@' }, services = { a = {} } }", "t.lua:1: ", "\"@\" is no name"},
    {"topology { services = { [('w'):rep(64)] = {} } }", "t.lua:1: ", "has 64 characters: at most 63"},
    {WORLD "scenario(('n'):rep(201), { topology = w }, function() end)", "t.lua:2: ", "its name has 201 characters"},
    {WORLD "scenario('a', { topology = w, thresholds = { request_duration = 'p(99) < 200' } }, function() end)", "t.lua:2: ", "\"200\": a duration such as 250ms is expected"},
    {WORLD "scenario('a', { topology = w, thresholds = { request_duration = 'max < 1%' } }, function() end)", "t.lua:2: ", "\"1%\": a duration such as 250ms is expected"},
    {WORLD "scenario('a', { topology = w, thresholds = { request_failed = 'rate < 1' } }, function() end)", "t.lua:2: ", "a percentage such as 0.5% is expected"},
    {WORLD "scenario('a', { topology = w, thresholds = { request_failed = 'count < 1s' } }, function() end)", "t.lua:2: ", "a plain number is expected"},
    {"topology { services = { a = { network = { dnsConfig = { ndot = 2 } } } } }", "t.lua:1: ", "network.dnsConfig: 'ndot' is not known: did you mean 'ndots'?"},
    {"topology { services = { a = { network = { dnsConfig = { ndots = 16 } } } } }", "t.lua:1: ", "16 is more than 15"},
    {"topology { services = { a = { network = { dnsPolicy = 'ClusterFrist' } } } }", "t.lua:1: ", "ClusterFirst"},
    {"topology { services = { a = { network = { exclude_outbound_ports = { 70000 } } } } }", "t.lua:1: ", "a port from 1 to 65535 is expected, not 70000"},
    {"topology { services = { a = { network = { dns_cache = 'never' } } } }", "t.lua:1: ", "'dns_cache'"},
    {"topology { services = { a = { versions = { v1 = { network = { headless = true } }, v2 = {} } } } }", "t.lua:1: ", "'headless' is the service's"},
    {"topology { services = { a = {} }, dns = { capacty = 3 } }", "t.lua:1: ", "dns: 'capacty' is not known: did you mean 'capacity'?"},
    {"topology { services = { a = {} }, dns = { capacity = 0 } }", "t.lua:1: ", "over 0"},
    {"topology { services = { a = {} }, external = { ['x.y'] = { distanc = '1ms' } } }", "t.lua:1: ", "distanc"},
    {"topology { services = { a = {} }, external = { a = {} } }", "t.lua:1: ", "a is a service already"},
    {"topology { services = { a = {} }, external = { ['x.y'] = 3 } }", "t.lua:1: ", "a table is expected, not a number"},
    {"profile { base = 'istio-sidecar', name = 'x', outboundTrafficPolicy = 'REGISTRY' }", "t.lua:1: ", "did you mean \"REGISTRY_ONLY\"?"},
    {"share(5)", "t.lua:1: ", "5 has no unit: write \"5%\""},
};

#define BODY(line) WORLD "scenario('a', { topology = w, duration = '8s', warm_up = '1s', profile = 'none' }, function(s)\n" line "\nend)"
#define METHOD(line) BODY("s:load { to = 'web', rate = 20 } s:run(function()\n" line "\nend)")

static const struct {
    const char *script, *place, *text;
} bodies[] = {
    {BODY("s:laod { to = 'web' }"), "t.lua:3: ", "the scenario has no 'laod': did you mean 'load'?"},
    {BODY("s:load { to = 'wbe', rate = 1 }"), "t.lua:3: ", "load: 'to': there is no service \"wbe\": did you mean \"web\"?"},
    {BODY("s:load { to = 'web' }"), "t.lua:3: ", "load: 'rate' is missing"},
    {BODY("s:load { to = 'web', rate = -1 }"), "t.lua:3: ", "a number from 0 is expected, not -1"},
    {BODY("s:load { to = 'web', executor = 'poison', rate = 1 }"), "t.lua:3: ", "did you mean \"poisson\"?"},
    {BODY("s:load { to = 'web', executor = 'constant-vus', rate = 1 }"), "t.lua:3: ", "load: "},
    {BODY("s:load { to = 'web', stages = { { '5s', 1 }, { '1s', 2 } } }"), "t.lua:3: ", "item 2 is before the one above it"},
    {BODY("s:load { to = 'web', rate = 1 } s:load { to = 'web', rate = 1 }"), "t.lua:3: ", "there is a load \"load-web\" already"},
    {BODY("s:canary { target = 'web', from = 'v1', to = 'v2' }"), "t.lua:3: ", "has no version \"v"},
    {BODY("s:run(function() end) s:run(function() end)"), "t.lua:3: ", "a scenario has one method"},
    {BODY("s:load { name = 'api', to = 'web', rate = 1 }"), "t.lua:3: ", "\"api\" is a service: give the load another name"},
    {BODY("s:load { name = 'a b', to = 'web', rate = 1 }"), "t.lua:3: ", "\"a b\" is no name"},
    {BODY("s:load { to = 'web', vus = 1000000000 }"), "t.lua:3: ", "1000000000 is not between 1 and 100000"},
    {BODY("s:load { to = 'web', rate = 1, method = 'GE T' }"), "t.lua:3: ", "\"GE T\" is no method"},
    {BODY("s:load { to = 'web', rate = {} }"), "t.lua:3: ", "a number from 0 is expected, not table"},
    {METHOD("fault.crash { on = 'load-web' }"), "t.lua:4: ", "\"load-web\" is none"},
    {METHOD("local f = fault.delay { from = 'web', latency = '1ms' }\nf:during '1s' f:effect 'request_duration'"), "t.lua:5: ", "a metric and an aggregate are expected"},
    {METHOD("check()"), "t.lua:4: ", "a name is expected first, not nothing"},
    {METHOD("for i = 1, 1e9 do check('c', true) end"), "t.lua:4: ", "more than 10000 verdicts in one run"},
    {METHOD("for i = 1, 1e9 do log(i) end"), "t.lua:4: ", "more than 100000 lines in one run"},
    {BODY("s:every('0s', print)"), "t.lua:3: ", "at least 1ms"},
    {BODY("s:phase('x', '5s', '5s')"), "t.lua:3: ", "phase: 'to': not after 'from'"},
    {BODY("capacity 'web'"), "t.lua:3: ", "nothing limits \"web\""},
    {BODY("requests {}"), "t.lua:3: ", "only while the scenario runs"},
    {METHOD("fault.dely { from = 'web', latency = '1s' }"), "t.lua:4: ", "fault.dely is not known: did you mean 'fault.delay'?"},
    {METHOD("fault.delay { from = 'web', latancy = '1s' }"), "t.lua:4: ", "fault.delay: 'latancy' is not known: did you mean 'latency'?"},
    {METHOD("fault.delay { from = 'web', latency = 1 }"), "t.lua:4: ", "1 has no unit"},
    {METHOD("fault.delay { from = 'web' }"), "t.lua:4: ", "latency"},
    {METHOD("fault.delay { from = 'wbe', latency = '1s' }"), "t.lua:4: ", "web"},
    {METHOD("fault.loss { from = 'web', percent = 2 }"), "t.lua:4: ", "2 has no unit: write \"2%\""},
    {METHOD("pods { servce = 'web' }"), "t.lua:4: ", "did you mean 'service'?"},
    {METHOD("pods { mode = 'fixd', value = 1 }"), "t.lua:4: ", "did you mean \"fixed\"?"},
    {METHOD("pods { mode = 'fixed' }"), "t.lua:4: ", "'value' is missing"},
    {METHOD("requests { scr = 'web' }"), "t.lua:4: ", "did you mean 'src'?"},
    {METHOD("requests { src = 'wbe' }"), "t.lua:4: ", "web"},
    {METHOD("requests {}:cuont()"), "t.lua:4: ", "did you mean 'count'?"},
    {METHOD("requests {}:p(0)"), "t.lua:4: ", "a number over 0 and up to 100 is expected"},
    {METHOD("requests {}:by 'dest'"), "t.lua:4: ", "is not one of src, dst"},
    {METHOD("certs {}:peak_rps '1s'"), "t.lua:4: ", "has no 'peak_rps'"},
    {METHOD("sleep(3)"), "t.lua:4: ", "3 has no unit"},
    {METHOD("eventually(3, '1s')"), "t.lua:4: ", "a function is expected first, not a number"},
    {METHOD("eventually(function() sleep '1s' end, '2s')"), "t.lua:4: ", "not within a condition"},
    {METHOD("eventually(function() check('x', true) end, '2s')"), "t.lua:4: ", "not within a condition"},
    {METHOD("coroutine.wrap(function() sleep '1s' end)()"), "t.lua:4: ", "not within a coroutine of the script's own"},
    {METHOD("coroutine.yield()"), "t.lua:4: ", "time does not pass"},
    {METHOD("check(true)"), "t.lua:4: ", "a name is expected first"},
    {METHOD("check('x')"), "t.lua:4: ", "the condition is missing"},
    {METHOD("expect(requests {}):below(1)"), "t.lua:4: ", "which figure of requests{}"},
    {METHOD("sleep '1s' expect(requests {}):p(99):below(1)"), "t.lua:4: ", "1 has no unit"},
    {METHOD("expect(3):belwo(1)"), "t.lua:4: ", "did you mean 'below'?"},
    {METHOD("record('x', {})"), "t.lua:4: ", "a number, a duration or a share is expected, not a table"},
    {METHOD("local n = nil + 1"), "t.lua:4: ", "attempt to perform arithmetic on a nil value"},
    {METHOD("while true do end"), "t.lua:4: ", "does a loop never end?"},
    {METHOD("local t = {} while true do t[#t + 1] = ('x'):rep(100000) .. #t end"), "t.lua:4: ", "not enough memory"},
};

static void expect_message(const char *script, const struct stage_result *result, const char *place, const char *text)
{
    ck_assert_msg(!strncmp(result->message, place, strlen(place)) && strstr(result->message, text), "%s\nsays: %s\nnot:  %s…%s", script,
                  result->message, place, text);
}

START_TEST(test_declarations)
{
    struct stage_result result = stage_play(declarations[_i].script, false, NULL);
    expect_message(declarations[_i].script, &result, declarations[_i].place, declarations[_i].text);
}
END_TEST

START_TEST(test_bodies)
{
    const struct sim_script_options small = {.memory_max = 8 << 20, .instructions_max = 20000000};
    struct stage_result result = stage_play(bodies[_i].script, true, &small);
    expect_message(bodies[_i].script, &result, bodies[_i].place, bodies[_i].text);
}
END_TEST

START_TEST(test_bounds_while_loading)
{
    const struct sim_script_options small = {.memory_max = 8 << 20, .instructions_max = 5000000};
    struct stage_result loop = stage_play("local n = 0\nwhile true do n = n + 1 end", false, &small);
    expect_message("loop", &loop, "t.lua:2: ", "5 million instructions");
    struct stage_result text = stage_play("local s = ('a'):rep(100000)\nwhile true do s:gsub('a', 'b') end", false, &small);
    expect_message("work in C", &text, "t.lua:2: ", "5 million instructions");
    struct stage_result copies = stage_play("local s = ('a'):rep(1000000)\nwhile true do local t = s .. 'b' end", false, &small);
    expect_message("copies", &copies, "t.lua:2: ", "5 million instructions");
    struct stage_result order = stage_play("local t = {}\nfor i = 1, 20000 do t[i] = i end\nwhile true do table.sort(t) end", false, &small);
    expect_message("order", &order, "t.lua:3: ", "5 million instructions");
    struct stage_result eater = stage_play("local t = {}\nfor i = 1, 1e9 do t[i] = i end", false, &small);
    expect_message("eater", &eater, "t.lua:2: ", "not enough memory: a script may hold 8 MiB");
}
END_TEST

static const struct {
    const char *script, *place, *text;
} unseen[] = {
    {"local function f()\n  print(nowhere)\nend", "t.lua:2: ", "unknown global 'nowhere'"},
    {"local function f()\n  chek('x', true)\nend", "t.lua:2: ", "did you mean 'check'?"},
    {"local function f()\n  return function()\n fault.dely {} end\nend", "t.lua:3: ", "did you mean 'delay'?"},
    {"local function f(s)\n  s:laod {}\nend", "t.lua:2: ", "did you mean 'load'?"},
    {"local function f(s)\n  return function() s:phas 'x' end\nend", "t.lua:2: ", "did you mean 'phase'?"},
    {"local function f()\n  y = 1\nend", "t.lua:2: ", "undeclared global 'y'"},
    {"local function f(s) s:load {} fault.delay {} check('x', true) end", "", ""},
};

START_TEST(test_lint)
{
    struct test_memory memory = {0};
    struct sim_script_options options = stage_options(&memory);
    struct sim_error error = {0};
    struct stage_result result = {0};
    struct sim_script *script = sim_script_load_text("t.lua", mc_str_c(unseen[_i].script), &options, &error);
    ck_assert_ptr_nonnull(script);
    ck_assert_int_eq(sim_script_lint(script, &error), !unseen[_i].place[0]);
    stage_message(&error, result.message, sizeof result.message);
    expect_message(unseen[_i].script, &result, unseen[_i].place, unseen[_i].text);
    sim_script_free(script);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

Suite *test_mistakes_suite(void)
{
    Suite *suite = suite_create("mistakes in scripts");
    TCase *tests = tcase_create("mistakes");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, test_declarations, 0, sizeof declarations / sizeof *declarations);
    tcase_add_loop_test(tests, test_bodies, 0, sizeof bodies / sizeof *bodies);
    tcase_add_test(tests, test_bounds_while_loading);
    tcase_add_loop_test(tests, test_lint, 0, sizeof unseen / sizeof *unseen);
    suite_add_tcase(suite, tests);
    return suite;
}
