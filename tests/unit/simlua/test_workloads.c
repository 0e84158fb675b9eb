/* Kubernetes' controllers in runs, from scripts: what a person with kubectl would see. Times and counts from the
 * documentation by hand, as in tests/unit/platform. */
#include "stage.h"
#include <string.h>

Suite *test_workloads_suite(void);

#define CART(workload) \
    "local w = topology { zones = { 'a', 'b' }, machines = { pods = 5 }, services = { cart = { zones = { 'a', 'b' }, steps = { work '1ms' },\n" \
    "  versions = { v1 = { replicas = 10 }, v2 = { replicas = 0 } }, workload = " workload " } } }\n"
#define METHOD(profile, body) \
    "scenario('x', { topology = w, duration = '20m', profile = '" profile "' }, function(s)\n" \
    "  s:load { to = 'cart', rate = 5 }\n  s:run(function()\n" body "\n  end)\nend)\n"

static const char *const good[] = {
    /* 25 % / 25 % of 10: at most 13, at least 8 */
    CART("{}") METHOD("istio-sidecar",
        "local r = s:rollout('cart', { version = 'v2' })\n"
        "check('begins', not r.done and r.progress < 1)\n"
        "check('waits', r:wait('2m'))\n"
        "check('progress', r.progress == 1 and r.updated == 10)\n"
        "check('most', r.most_pods == 13) check('least', r.least_available == 8)\n"
        "sleep '1m'\n"
        "local names = {}\n"
        "for _, pod in ipairs(pods('cart'):list()) do if pod.up then names[#names + 1] = pod.version end end\n"
        "check('new ones', table.concat(names) == ('v2'):rep(10))\n"
        "check('served', requests { dst = 'cart', version = 'v2', since = r.completed }:count() > 0)\n"
        "s:scale('cart/v2', 4) sleep '10s'\n"
        "check('scaled', s:workload('cart').pods == 4 and s:workload('cart/v2').replicas == 4)\n"
        "check('not by the old', requests { dst = 'cart', version = 'v1', since = r.completed + duration '5s' }:count() < 1)"),
    /* Recreate: nobody serves for a while */
    CART("{ strategy = { type = 'Recreate' } }") METHOD("none",
        "local r = s:rollout('cart')\n"
        "check('waits', r:wait('2m'))\n"
        "check('least', r.least_available == 0 and r.most_pods == 10)"),
    CART("{}") METHOD("none",
        "s:scale('cart', 3) sleep '10s'\n"
        "check('down', s:workload('cart').pods == 3 and #pods('cart'):list() == 3)\n"
        "s:scale { service = 'cart', version = 'v1', replicas = 7 } sleep '10s'\n"
        "check('up', s:workload('cart').available == 7)"),
    /* one at a time: five of a machine, each waits for its replacement (about 2 s), tried again every 5 s */
    CART("{ podDisruptionBudget = { maxUnavailable = 1 } }") METHOD("none",
        "local d = s:drain('node-1')\n"
        "local from, least = now(), 10\n"
        "s:workload('cart')\n"
        "while not d.done do least = math.min(least, s:workload('cart').ready) sleep '100ms' end\n"
        "check('one at a time', least == 9)\n"
        "check('time', d.ended - from >= duration '20s' and d.ended - from < duration '30s')\n"
        "check('evicted', d.evicted == 5 and d.left == 0 and d.refused >= 4)\n"
        "s:uncordon('node-1')"),
    CART("{ podDisruptionBudget = { minAvailable = '100%' } }") METHOD("none",
        "local d = s:drain('@b', { timeout = '1m' })\n"
        "check('cannot', not d:wait())\n"
        "check('why', d.hopeless and d.blocked_by == 'cart' and d.evicted == 0 and d.left == 5)"),
    /* lost: unready after 30 … 50 s, evicted 300 s after that */
    CART("{}") METHOD("istio-sidecar",
        "local f = fault.machine_down { on = pods { service = 'cart', mode = 'one' } }\n"
        "sleep '29s' check('not noticed', s:workload('cart').ready == 10)\n"
        "sleep '22s' check('noticed', s:workload('cart').ready == 5 and s:workload('cart').pods == 10)\n"
        "sleep '5m10s' local w = s:workload('cart')\n"
        "check('replaced', w.ready == 10 and w.terminating == 5)\n"
        "f:clear() sleep '1m' w = s:workload('cart')\n"
        "check('back', w.ready == 10 and w.terminating == 0)\n"
        "check('touched', f:affected().connections > 0)"),
    /* cut off: it serves on; the clients of a mesh stop asking it when it is not ready */
    CART("{}") METHOD("none",
        "local f = fault.machine_down { on = 'cart@b', how = 'partition' }\n"
        "sleep '2m'\n"
        "check('unready', s:workload('cart').ready == 5)\n"
        "check('serves', requests { dst = 'cart' }:error_rate() < share '0.01%')\n"
        "f:clear() sleep '30s'\n"
        "check('as before', s:workload('cart').ready == 10 and #pods('cart'):list() == 10)"),
    /* 60/s × 10 ms = 600m; of 2 × 200m that is 150 %: ceil(2 × 150 / 50) = 6 */
    "local w = topology { services = { cart = { replicas = 2, steps = { work { cpu = '10ms' } }, resources = { requests = { cpu = '200m' } },\n"
    "  workload = { horizontalPodAutoscaler = { minReplicas = 2, maxReplicas = 12, targetCPUUtilizationPercentage = 50 } } } } }\n"
    "scenario('x', { topology = w, duration = '10m', profile = 'none' }, function(s)\n"
    "  s:load { to = 'cart', rate = 60 }\n  s:run(function()\n"
    "    sleep '2m' local h = s:workload('cart')\n"
    "    check('six', h.desired == 6 and h.available == 6 and h.rescales == 1)\n"
    "    check('metric', h.metric >= 49 and h.metric <= 51)\n"
    "  end)\nend)\n",
    /* 100/s over 2 pods, 20/s wanted of each: 5 */
    "local w = topology { services = { cart = { replicas = 2, steps = { work '1ms' },\n"
    "  workload = { horizontalPodAutoscaler = { maxReplicas = 12, targetRequestsPerSecond = 20 } } } } }\n"
    "scenario('x', { topology = w, duration = '10m', profile = 'none' }, function(s)\n"
    "  s:load { to = 'cart', rate = 100 }\n  s:run(function()\n"
    "    sleep '2m' check('five', s:workload('cart').available == 5)\n"
    "  end)\nend)\n",
    /* a classic sidecar outlives the application: the Job never completes */
    "local w = topology { services = { cart = { workload = { job = { completions = 2, run_time = 20 } } } } }\n"
    "scenario('x', { topology = w, duration = '5m', profile = profile { base = 'istio-sidecar', name = 'c', sidecar = { native = false } } }, function(s)\n"
    "  s:run(function() sleep '4m' local j = s:workload('cart')\n"
    "    check('never', j.state == 'active' and j.succeeded == 0 and j.active == 1) end)\nend)\n",
    "local w = topology { services = { cart = { workload = { job = { completions = 2, run_time = 20 } } } } }\n"
    "scenario('x', { topology = w, duration = '5m', profile = profile { base = 'istio-sidecar', name = 'n', sidecar = { native = true } } }, function(s)\n"
    "  s:run(function() sleep '4m' local j = s:workload('cart')\n"
    "    check('completes', j.state == 'complete' and j.succeeded == 2) end)\nend)\n",
    /* crash_after: exits with 1, is made again after 10, 20, 40 s; backoffLimit 2: the third failure is the last */
    "local w = topology { services = { cart = { pod = { crash_after = '5s' }, workload = { job = { run_time = 20, backoffLimit = 2 } } } } }\n"
    "scenario('x', { topology = w, duration = '5m', profile = 'none' }, function(s)\n"
    "  s:run(function() sleep '4m' local j = s:workload('cart')\n"
    "    check('fails', j.state == 'failed' and j.reason == 'BackoffLimitExceeded' and j.failed == 3)\n"
    "    check('when', j.finished > duration '40s' and j.finished < duration '60s') end)\nend)\n",
};

START_TEST(works)
{
    struct stage_result result = stage_play(good[_i], true, NULL);
    ck_assert_str_eq(result.message, "");
    ck_assert_msg(result.status == SIM_PASS, "script %d:\n%s", _i, result.verdicts);
    struct stage_result again = stage_play(good[_i], true, NULL);
    ck_assert_uint_eq(result.hash, again.hash);
}
END_TEST

#define BROKEN(workload) "topology { services = { a = { replicas = 3, workload = " workload " } } }"
#define RUN(body) CART("{}") METHOD("none", body)

static const struct {
    const char *script, *text;
    bool run;
} bad[] = {
    {BROKEN("{ minReadySecond = 3 }"), "did you mean 'minReadySeconds'?", false},
    {BROKEN("{ minReadySeconds = 2.5 }"), "whole seconds are expected, not 2.5", false},
    {BROKEN("{ strategy = { type = 'Rolling' } }"), "\"Rolling\" is not known", false},
    {BROKEN("{ strategy = { rollingUpdate = { maxSurge = '1.5%' } } }"), "a share of them (\"25%\") is expected, not 1.5%", false},
    {BROKEN("{ horizontalPodAutoscaler = {} }"), "'maxReplicas' is missing", false},
    {BROKEN("{ horizontalPodAutoscaler = { maxReplicas = 3, behavior = { scaleDown = { selectPolicy = 'Mx' } } } }"), "\"Mx\" is not known", false},
    {BROKEN("{ job = { completions = 3 } }"), "'run_time' is missing", false},
    {"topology { services = { a = { versions = { v1 = { replicas = 0 } } } } }", "none of them has replicas", false},
    {CART("{ strategy = { rollingUpdate = { maxSurge = 0, maxUnavailable = '0%' } } }") METHOD("none", ""),
     "maxUnavailable may not be 0 when maxSurge is 0", true},
    {RUN("s:scale('crat', 2)"), "no service \"crat\": did you mean \"cart\"?", true},
    {RUN("s:scale('cart', 2.5)"), "a whole number from 0 to 100000 is expected, not 2.5", true},
    {RUN("s:rollout('cart', { version = 'v3' })"), "no version of cart \"v3\"", true},
    {RUN("s:rollout('cart'):whait()"), "did you mean 'wait'?", true},
    {RUN("s:drain('node-7')"), "there is no machine \"node-7\": node-0 to node-1", true},
    {RUN("s:drain('@c')"), "there is no zone \"c\"", true},
    {RUN("s:drane('@b')"), "did you mean 'drain'?", true},
    {RUN("fault.machine_down { on = 'cart', how = 'off' }"), "one of power partition is expected", true},
};

START_TEST(told)
{
    struct stage_result result = stage_play(bad[_i].script, bad[_i].run, NULL);
    ck_assert_msg(strstr(result.message, bad[_i].text), "%s\ninstead of %s", result.message, bad[_i].text);
    ck_assert_msg(!strncmp(result.message, "t.lua:", 6), "%s", result.message);
}
END_TEST

Suite *test_workloads_suite(void)
{
    Suite *suite = suite_create("workloads");
    TCase *cases = tcase_create("workloads");
    tcase_set_timeout(cases, 300);
    tcase_add_loop_test(cases, works, 0, (int)(sizeof good / sizeof *good));
    tcase_add_loop_test(cases, told, 0, (int)(sizeof bad / sizeof *bad));
    suite_add_tcase(suite, cases);
    return suite;
}
