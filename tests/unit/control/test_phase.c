/* The table of control/rollout.h, tick by tick. */
#include "control/phase.h"
#include <check.h>

enum { PASS = MC_CHECK_PASSED, FAIL = MC_CHECK_FAILED, NONE = MC_CHECK_INCONCLUSIVE, UNPUSHED = 10, PAUSE = 20, RESUME = 21, ABORT = 22 };

struct tick {
    int what;
    const char *phase;
    uint32_t weight, failed;
};

struct script {
    const char *name;
    uint32_t threshold, step, max;
    enum mc_on_inconclusive on_inconclusive;
    bool manual;
    mc_ns deadline;
    struct tick ticks[14];
};

static const struct script scripts[] = {
    {"promoted", 3, 20, 50, 0, false, 0,
     {{PASS, "progressing", 20, 0}, {PASS, "progressing", 40, 0}, {PASS, "progressing", 50, 0}, {PASS, "promoting", 100, 0},
      {UNPUSHED, "promoting", 100, 0}, {PASS, "finalising", 100, 0}, {PASS, "succeeded", 100, 0}, {FAIL, "succeeded", 100, 0}}},
    {"a bad tick holds and is not forgiven", 2, 50, 100, 0, false, 0,
     {{PASS, "progressing", 50, 0}, {FAIL, "progressing", 50, 1}, {PASS, "progressing", 100, 1}, {FAIL, "rolling-back", 0, 2},
      {PASS, "failed", 0, 2}, {PASS, "failed", 0, 2}}},
    {"threshold 0: the first one rolls back", 0, 10, 100, 0, false, 0, {{PASS, "progressing", 10, 0}, {FAIL, "rolling-back", 0, 1}}},
    {"the base line is no check", 1, 10, 100, 0, false, 0, {{FAIL, "progressing", 10, 0}}},
    {"inconclusive holds", 1, 10, 100, MC_INCONCLUSIVE_HOLD, false, 0,
     {{NONE, "progressing", 10, 0}, {NONE, "progressing", 10, 0}, {NONE, "progressing", 10, 0}, {PASS, "progressing", 20, 0}}},
    {"inconclusive fails", 2, 10, 100, MC_INCONCLUSIVE_FAIL, false, 0,
     {{PASS, "progressing", 10, 0}, {NONE, "progressing", 10, 1}, {NONE, "rolling-back", 0, 2}, {PASS, "failed", 0, 2}}},
    {"inconclusive passes", 1, 50, 100, MC_INCONCLUSIVE_PASS, false, 0,
     {{NONE, "progressing", 50, 0}, {NONE, "progressing", 100, 0}, {NONE, "promoting", 100, 0}}},
    {"manual promotion", 2, 50, 50, 0, true, 3 * MC_S,
     {{PASS, "progressing", 50, 0}, {PASS, "progressing", 50, 0}, {PASS, "progressing", 50, 0}, {PASS, "progressing", 50, 0},
      {FAIL, "progressing", 50, 1}, {RESUME, "promoting", 100, 1}, {PASS, "finalising", 100, 1}, {PASS, "succeeded", 100, 1}}},
    {"manual promotion may still roll back", 1, 50, 50, 0, true, 0,
     {{PASS, "progressing", 50, 0}, {PASS, "progressing", 50, 0}, {FAIL, "rolling-back", 0, 1}}},
    {"paused and resumed", 1, 10, 100, 0, false, 3 * MC_S,
     {{PASS, "progressing", 10, 0}, {PAUSE, "paused", 10, 0}, {FAIL, "paused", 10, 0}, {FAIL, "paused", 10, 0}, {FAIL, "paused", 10, 0},
      {RESUME, "progressing", 10, 0}, {PASS, "progressing", 20, 0}}},
    {"paused before it began", 1, 10, 100, 0, false, 0,
     {{PAUSE, "paused", 0, 0}, {PASS, "paused", 0, 0}, {RESUME, "initializing", 0, 0}, {PASS, "progressing", 10, 0}}},
    {"aborted", 5, 10, 100, 0, false, 0, {{PASS, "progressing", 10, 0}, {ABORT, "rolling-back", 0, 0}, {PASS, "failed", 0, 0}}},
    {"aborted while promoting", 5, 100, 100, 0, false, 0,
     {{PASS, "progressing", 100, 0}, {PASS, "promoting", 100, 0}, {ABORT, "rolling-back", 0, 0}, {PASS, "failed", 0, 0}}},
    {"aborted while paused", 5, 10, 100, 0, false, 0, {{PASS, "progressing", 10, 0}, {PAUSE, "paused", 10, 0}, {ABORT, "rolling-back", 0, 0}}},
    {"the deadline passes", 9, 10, 100, 0, false, 3 * MC_S,
     {{PASS, "progressing", 10, 0}, {NONE, "progressing", 10, 0}, {NONE, "progressing", 10, 0}, {NONE, "rolling-back", 0, 0}}},
};

static void play(const struct script *script)
{
    static struct mc_rollout_state state;
    struct mc_rollout_options options = {.target = 1, .from = 2, .to = 3, .interval = MC_S, .threshold = script->threshold,
        .step_weight = script->step, .max_weight = script->max, .on_inconclusive = script->on_inconclusive,
        .manual_promotion = script->manual, .deadline = script->deadline};
    ck_assert(mc_ok(mc_rollout_check_options(&options)));
    mc_rollout_begin(&state, &options, 0);
    for (int i = 0; i < 14 && script->ticks[i].phase; i++) {
        const struct tick *tick = &script->ticks[i];
        mc_ns now = (i + 1) * MC_S;
        if (tick->what >= PAUSE) ck_assert(mc_ok(mc_rollout_obey(&state, (enum mc_rollout_order)(tick->what - PAUSE), now)));
        else mc_rollout_tick(&state, (enum mc_check_verdict)(tick->what % UNPUSHED), tick->what < UNPUSHED, now);
        ck_assert_msg(!strcmp(mc_rollout_phase_text(state.phase), tick->phase), "%s, tick %d: %s", script->name, i, mc_rollout_phase_text(state.phase));
        ck_assert_msg(state.weight == tick->weight, "%s, tick %d: weight %u", script->name, i, state.weight);
        ck_assert_msg(state.failed_checks == tick->failed, "%s, tick %d: failed %u", script->name, i, state.failed_checks);
    }
}

START_TEST(test_scripts)
{
    play(&scripts[_i]);
}
END_TEST

START_TEST(test_orders_out_of_place)
{
    static struct mc_rollout_state state;
    struct mc_rollout_options options = {.target = 1, .from = 2, .to = 3, .interval = MC_S, .threshold = 1, .step_weight = 10, .max_weight = 100};
    mc_rollout_begin(&state, &options, 0);
    ck_assert_int_eq(mc_rollout_obey(&state, MC_ROLLOUT_RESUME, 0).code, MC_STATE);
    ck_assert(mc_ok(mc_rollout_obey(&state, MC_ROLLOUT_ABORT, 0)));
    ck_assert_int_eq(mc_rollout_obey(&state, MC_ROLLOUT_ABORT, 0).code, MC_STATE);
    ck_assert_int_eq(mc_rollout_obey(&state, MC_ROLLOUT_PAUSE, 0).code, MC_STATE);
}
END_TEST

START_TEST(test_options_out_of_bounds)
{
    const struct mc_rollout_options good = {.target = 1, .from = 2, .to = 3, .interval = MC_S, .step_weight = 10, .max_weight = 50};
    struct mc_rollout_options bad[8];
    for (int i = 0; i < 8; i++) bad[i] = good;
    bad[0].interval = 0, bad[1].step_weight = 0, bad[2].max_weight = 101, bad[3].to = 2, bad[4].target = 0;
    bad[5].check_count = MC_ROLLOUT_CHECKS + 1, bad[6].scraped_permille_min = 1001;
    bad[7].check_count = 1, bad[7].checks[0] = (struct mc_rollout_check){.metric = MC_METRIC_DURATION};
    ck_assert(mc_ok(mc_rollout_check_options(&good)));
    for (int i = 0; i < 8; i++) ck_assert_int_eq(mc_rollout_check_options(&bad[i]).code, MC_INVALID);
}
END_TEST

START_TEST(test_history_is_a_ring)
{
    static struct mc_rollout_state state;
    struct mc_rollout_options options = {.target = 1, .from = 2, .to = 3, .interval = MC_S, .step_weight = 10, .max_weight = 100};
    mc_rollout_begin(&state, &options, 0);
    for (uint32_t i = 1; i <= 300; i++) mc_rollout_note(&state, &(struct mc_rollout_step){.at = i});
    ck_assert_uint_eq(state.history_count, 301);
    ck_assert_int_eq(state.history[300 % MC_ROLLOUT_HISTORY].at, 300);
    ck_assert_int_eq(state.history[301 % MC_ROLLOUT_HISTORY].at, 45); /* 301 − 256 */
}
END_TEST

Suite *test_phase_suite(void);
Suite *test_phase_suite(void)
{
    Suite *suite = suite_create("phase");
    TCase *of_phase = tcase_create("phase");
    tcase_add_loop_test(of_phase, test_scripts, 0, MC_COUNT_OF(scripts));
    tcase_add_test(of_phase, test_orders_out_of_place);
    tcase_add_test(of_phase, test_options_out_of_bounds);
    tcase_add_test(of_phase, test_history_is_a_ring);
    suite_add_tcase(suite, of_phase);
    return suite;
}
