/* How a scenario waits and judges: instants and verdicts known from the script itself. */
#include "stage.h"
#include <string.h>

#define RUN(options, body)                                                                                            \
    "local w = topology { services = { web = { replicas = 2, steps = { work '1ms' } } } }\n"                          \
    "scenario('a', { topology = w, duration = '20s', warm_up = '1s', profile = 'none'" options " }, function(s)\n"    \
    "s:load { name = 'u', to = 'web', rate = 50 }\n" body "\nend)"
#define METHOD(body) RUN("", "s:run(function()\n" body "\nend)")

static const struct {
    const char *script;
    enum sim_status status;
    const char *verdicts[4]; /* each is there */
} plays[] = {
    {METHOD("check('starts after the warm-up', now() == duration '1s') sleep '2500ms' check('sleeps', now() == duration '3500ms')"), SIM_PASS,
     {"pass check starts after", "pass check sleeps"}},
    {METHOD("check('true at once', eventually(function() return true end, '5s') and now() == duration '1s')"), SIM_PASS, {"pass check true"}},
    {METHOD("local t = '3s' local held = eventually(function() return now() >= t end, '5s') check('grid', held and now() == duration(t))"), SIM_PASS, {"pass check grid"}},
    {METHOD("local held = eventually(function() return false end, '250ms') check('deadline', not held and now() == duration '1250ms')"), SIM_PASS, {"pass check deadline"}},
    {METHOD("check('always', always(function() return now() < '9s' end, '2s')) check('until', now() == duration '3s')"), SIM_PASS, {"pass check always", "pass check until"}},
    {METHOD("check('broken', not always(function() return now() < '2s' end, '5s')) check('at', now() == duration '2s')"), SIM_PASS, {"pass check broken", "pass check at"}},
    {METHOD("check('never', not never(function() return now() >= '2s' end, '5s')) check('at', now() == duration '2s')"), SIM_PASS, {"pass check never", "pass check at"}},
    {METHOD("wait_until(function() return false end, { timeout = '2s', why = 'pigs fly' }) check('after', true)"), SIM_FAIL, {"fail timeout pigs fly"}},
    {METHOD("check('a', false) check('b', true)"), SIM_FAIL, {"fail check a", "pass check b"}},
    {METHOD("assert(1 + 1 == 3, 'arithmetic') check('after', true)"), SIM_FAIL, {"fail check arithmetic"}},
    {METHOD("inconclusive 'no idea'"), SIM_INCONCLUSIVE, {"inconclusive check no idea"}},
    {METHOD("check('x', requests { code = '404' }:p(99) < '1s')"), SIM_INCONCLUSIVE, {"inconclusive check x|no samples of requests{code=404} p(99)"}},
    {METHOD("sleep '1m'"), SIM_INCONCLUSIVE, {"inconclusive timeout the script came to its end"}},
    {METHOD("sleep '5s' expect(requests { src = 'u', window = '2s' }):count():within(99, 101) expect(requests { src = 'u' }):error_rate():below '1%'"), SIM_PASS,
     {"pass check requests{src=u, window=2s} count within 99 to 101", "pass check requests{src=u} error_rate < 1.00%"}},
    {METHOD("sleep '2s' expect(requests { src = 'u' }):p(50):above '10s'"), SIM_FAIL, {"fail check requests{src=u} p(50) > 10s|was 1."}},
    {METHOD("expect(function() return now() end):eventually '5s':above '3s' check('at', now() == duration '3100ms')"), SIM_PASS, {"pass check value > 3s", "pass check at"}},
    {RUN(", min_samples = 1000", "s:run(function() sleep '2s' expect(requests { src = 'u' }):error_rate():below '1%' end)"), SIM_INCONCLUSIVE, {"inconclusive check requests{src=u} error_rate"}},
    {RUN("", "local n = 0 s:every('2s', function() n = n + 1 end) s:at('7s', function() check('three by then', n == 3) end)"), SIM_PASS, {"pass check three by then"}},
    {METHOD("fault.delay { from = 'u', to = 'web', latency = '200ms' }:during('5s') check('a load is selected by its name', requests { src = 'u', window = '3s' }:p(50) > '200ms')"),
     SIM_PASS, {"pass check a load is selected"}},
    {METHOD("fault.crash { on = '@a' }:during('3s') sleep '3s'\n"
            "check('the load goes on', requests { src = 'u', window = '1s' }:count() > 40) check('and is served again', requests { src = 'u', window = '1s' }:error_rate() < '1%')"),
     SIM_PASS, {"pass check the load goes on", "pass check and is served"}},
    {METHOD("local f = fault.delay { from = 'web', latency = '100ms' } check('now', f.started == duration '1s' and f.state == 'active')\n"
            "f:during('5s', function(g) sleep '2s' check('within', g.state == 'active' and now() == duration '3s') end)\n"
            "check('cleared', f.cleared == duration '6s' and now() == duration '6s')\n"
            "local e = f:effect('request_duration{src:u} p(50)') check('costs 100 ms and more', e > '100ms' and e < '500ms')"), SIM_PASS,
     {"pass check now", "pass check within", "pass check cleared", "pass check costs 100"}},
    {METHOD("local f = fault.slow { on = 'web', factor = 2, duration = '3s' } f:wait_cleared() check('at', now() == duration '4s')"), SIM_PASS, {"pass check at"}},
    {RUN("", "s:steady_state('quick', function() expect(requests { src = 'u' }):p(99):below '50ms' end) s:run(function() check('began', true) end)"), SIM_PASS,
     {"pass steady_state quick (before)", "pass check began", "pass steady_state quick (after)"}},
    {RUN(", invariants = {}", "s:steady_state('never', function() expect(1):above(2) end) s:run(function() check('began', true) end)"), SIM_INCONCLUSIVE,
     {"inconclusive timeout the script came to its end"}},
};

START_TEST(test_plays)
{
    struct stage_result result = stage_play(plays[_i].script, true, NULL);
    ck_assert_msg(!result.message[0], "%s\n%s", plays[_i].script, result.message);
    for (int i = 0; i < 4 && plays[_i].verdicts[i]; i++)
        ck_assert_msg(strstr(result.verdicts, plays[_i].verdicts[i]), "%s\ngave: %s\nnot: %s", plays[_i].script, result.verdicts, plays[_i].verdicts[i]);
    ck_assert_msg(result.status == plays[_i].status, "%s\ngave %s:\n%s", plays[_i].script, sim_status_text(result.status), result.verdicts);
    struct stage_result again = stage_play(plays[_i].script, true, NULL);
    ck_assert_uint_eq(again.hash, result.hash);
}
END_TEST

START_TEST(test_expected_failures)
{
    struct sim_case plain = {0}, known = {.expect_fail = MC_STR("known")};
    for (int status = SIM_PASS; status <= SIM_INCONCLUSIVE; status++)
        ck_assert_int_eq(sim_case_status(&plain, &(struct sim_outcome){.status = (enum sim_status)status}), status);
    ck_assert_int_eq(sim_case_status(&known, &(struct sim_outcome){.status = SIM_FAIL}), SIM_PASS);
    ck_assert_int_eq(sim_case_status(&known, &(struct sim_outcome){.status = SIM_PASS}), SIM_FAIL);
    ck_assert_int_eq(sim_case_status(&known, &(struct sim_outcome){.status = SIM_INCONCLUSIVE}), SIM_INCONCLUSIVE);
}
END_TEST

Suite *test_time_suite(void)
{
    Suite *suite = suite_create("time in scenarios");
    TCase *tests = tcase_create("time");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, test_plays, 0, sizeof plays / sizeof *plays);
    tcase_add_test(tests, test_expected_failures);
    suite_add_tcase(suite, tests);
    return suite;
}
