/* Cold processes and slow spells, against the sentences that describe them. */
#include "stage.h"

Suite *test_pace_suite(void);

static mc_ns took(int nth)
{
    const struct sim_call_record *call = stage_call_of(USER, nth);
    return call->ended - call->started;
}

/* Five times as long at first, falling in a straight line over four requests: 5, 4, 3, 2, then 1. */
START_TEST(a_process_warms_up_over_requests)
{
    static const int expected[] = {50, 40, 30, 20, 10, 10, 10};
    stage_add(0, stage_wait(10 * MC_MS));
    stage.versions[0].server.warm_up = (struct sim_warm_up){.factor_permille = 5000, .requests = 4};
    stage.load.think = 1;
    stage_run(MC_S);
    for (int i = 0; i < 7; i++) ck_assert_int_eq(took(i), expected[i] * MC_MS);
}
END_TEST

/* Three times as long at first, over 1 s: at t a wait of 10 ms takes 10 ms × (3 − 2t). */
START_TEST(a_process_warms_up_over_time)
{
    stage_add(0, stage_wait(10 * MC_MS));
    stage.versions[0].server.warm_up = (struct sim_warm_up){.factor_permille = 3000, .time = MC_S};
    stage.load.think = 100 * MC_MS;
    stage_run(2 * MC_S);
    for (int i = 0; i < stage.call_count; i++) {
        mc_ns at = stage.calls[i].started;
        mc_ns exact = at < MC_S ? 30 * MC_MS - at / 50 : 10 * MC_MS;
        ck_assert_int_ge(took(i), exact - 10 * MC_US); /* factors are kept in thousandths */
        ck_assert_int_le(took(i), exact + 10 * MC_US);
    }
}
END_TEST

enum { STRETCHES = 6 };

/* Asks every millisecond for STRETCHES seconds; spells of 200 ms in each second make 100 µs ten times as long. When each began. */
static void spells_of(uint32_t first_party, bool each, mc_ns begins[STRETCHES])
{
    mc_ns ends[STRETCHES];
    stage_set_up();
    stage.first_party = first_party;
    stage_add(0, stage_wait(100 * MC_US));
    stage.versions[0].server.spells = (struct sim_spells){.every = MC_S, .lasts = 200 * MC_MS, .factor_permille = 10000, .each = each};
    stage.load.think = MC_MS;
    stage.load.duration = STRETCHES * MC_S;
    stage_run(STRETCHES * MC_S + MC_MS);
    for (int s = 0; s < STRETCHES; s++) begins[s] = MC_NEVER, ends[s] = 0;
    for (int i = 0; i < stage.call_count; i++) {
        mc_ns at = stage.calls[i].started;
        if (took(i) == 100 * MC_US) continue;
        ck_assert_int_eq(took(i), MC_MS);
        begins[at / MC_S] = mc_ns_min(begins[at / MC_S], at);
        ends[at / MC_S] = mc_ns_max(ends[at / MC_S], at);
    }
    for (int s = 0; s < STRETCHES; s++) {
        ck_assert_int_ge(ends[s] - begins[s], 196 * MC_MS);
        ck_assert_int_le(ends[s] - begins[s], 200 * MC_MS);
        for (int i = 0; i < stage.call_count; i++)
            if (stage.calls[i].started > begins[s] && stage.calls[i].started < ends[s]) ck_assert_int_eq(took(i), MC_MS);
    }
}

static bool alike(const mc_ns a[STRETCHES], const mc_ns b[STRETCHES])
{
    for (int s = 0; s < STRETCHES; s++) /* within a request: it may have found the spell under way or not */
        if (a[s] - b[s] > 3 * MC_MS || b[s] - a[s] > 3 * MC_MS) return false;
    return true;
}

START_TEST(replicas_are_slow_together_or_each_by_itself)
{
    mc_ns one[STRETCHES], other[STRETCHES];
    spells_of(0, false, one);
    ck_assert_int_ne(one[0], one[1] - MC_S); /* not at the same place in every stretch */
    spells_of(20, false, other);
    ck_assert(alike(one, other));
    spells_of(0, true, one);
    spells_of(20, true, other);
    ck_assert(!alike(one, other));
}
END_TEST

Suite *test_pace_suite(void)
{
    Suite *suite = suite_create("pace");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, stage_set_up, NULL);
    tcase_add_test(tc, a_process_warms_up_over_requests);
    tcase_add_test(tc, a_process_warms_up_over_time);
    tcase_add_test(tc, replicas_are_slow_together_or_each_by_itself);
    suite_add_tcase(suite, tc);
    return suite;
}
