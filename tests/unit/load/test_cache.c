/* Caches: how many requests reach what stands behind them. */
#include "stage.h"
#include <math.h>

Suite *test_cache_suite(void);

enum { USERS = 10 };

/* a answers from a cache of entries that live for 1 s what b takes 10 ms for. Ten users ask at 0 and again
 * half a second after each answer. */
static struct sim_cache_plan *cached(void)
{
    stage_add(0, (struct sim_step){.kind = SIM_STEP_CACHED, .span = 1, .cache = {.ttl = MC_S, .keys = 1}});
    stage_add(0, stage_call("b"));
    stage_add(1, stage_wait(10 * MC_MS));
    stage.load.vus = USERS;
    stage.load.think = 500 * MC_MS;
    return &stage.steps[0][0].cache;
}

static int took(mc_ns from, mc_ns to, mc_ns time, uint16_t code)
{
    int n = 0;
    for (int i = 0; i < stage.call_count; i++) {
        const struct sim_call_record *call = &stage.calls[i];
        n += call->from == USER && call->started >= from && call->started < to && call->ended - call->started == time && call->code == code;
    }
    return n;
}

/* All ask at 0 and fetch; at 510 ms they are answered at once; at 1010 ms the entry has just run out. */
START_TEST(everybody_fetches_what_is_not_there)
{
    cached();
    stage_run(1400 * MC_MS);
    ck_assert_int_eq(took(0, 1, 10 * MC_MS, 200), USERS);
    ck_assert_int_eq(took(1, 600 * MC_MS, 0, 200), USERS);
    ck_assert_int_eq(took(600 * MC_MS, 2 * MC_S, 10 * MC_MS, 200), USERS);
    ck_assert_int_eq(stage_arrived_at(1), 2 * USERS);
    ck_assert_uint_eq(stage.caches[0].misses, 2 * USERS);
    ck_assert_uint_eq(stage.caches[0].hits, USERS);
}
END_TEST

START_TEST(a_single_flight_fetches_for_all)
{
    cached()->single_flight = true;
    stage_run(1400 * MC_MS);
    ck_assert_int_eq(took(0, 1, 10 * MC_MS, 200), USERS);
    ck_assert_int_eq(took(600 * MC_MS, 2 * MC_S, 10 * MC_MS, 200), USERS);
    ck_assert_int_eq(stage_arrived_at(1), 2);
    ck_assert_uint_eq(stage.caches[0].waited, 2 * (USERS - 1));
}
END_TEST

/* … and its failure is everybody's (Go, singleflight: all callers get the same results). */
START_TEST(a_single_flight_fails_for_all)
{
    cached()->single_flight = true;
    stage.versions[1].error_ppm = 1000000;
    stage.versions[1].error_status = 503;
    stage_run(400 * MC_MS);
    ck_assert_int_eq(stage_arrived_at(1), 1);
    ck_assert_int_eq(took(0, 1, 10 * MC_MS, 500), USERS);
}
END_TEST

START_TEST(failures_are_not_kept)
{
    cached();
    stage.versions[1].error_ppm = 1000000;
    stage.versions[1].error_status = 503;
    stage_run(600 * MC_MS);
    ck_assert_int_eq(stage_arrived_at(1), 2 * USERS);
    ck_assert_uint_eq(stage.caches[0].hits, 0);
}
END_TEST

/* At 1010 ms one renews the entry and the others take it as it is. */
START_TEST(stale_entries_are_given_while_one_renews_them)
{
    cached()->stale = MC_S;
    stage_run(1400 * MC_MS);
    ck_assert_int_eq(stage_arrived_at(1), USERS + 1);
    ck_assert_int_eq(took(600 * MC_MS, 2 * MC_S, 0, 200), USERS - 1);
    ck_assert_int_eq(took(600 * MC_MS, 2 * MC_S, 10 * MC_MS, 200), 1);
    ck_assert_uint_eq(stage.caches[0].stale, USERS - 1);
}
END_TEST

START_TEST(nothing_is_given_that_was_never_there_nor_is_too_old)
{
    cached()->stale = 5 * MC_MS;
    stage.load.think = 600 * MC_MS; /* they ask at 0, 610 and 1210 ms; it ran out at 1010 */
    stage_run(1500 * MC_MS);
    ck_assert_int_eq(stage_arrived_at(1), 2 * USERS);
    ck_assert_uint_eq(stage.caches[0].stale, 0);
}
END_TEST

/* One user asks every millisecond; b answers at once. Entries live from 500 ms to 1 s. */
START_TEST(jitter_spreads_the_ends)
{
    cached()->jitter_ppm = 500000;
    stage.versions[1].step_count = 0;
    stage.load.vus = 1;
    stage.load.think = MC_MS;
    stage.load.pool.idle_timeout = MC_HOUR;
    stage_run(7900 * MC_MS);
    mc_ns before = -1, least = MC_HOUR, most = 0;
    for (int i = 0; i < stage.arrival_count; i++) {
        if (stage.arrivals[i].at != 1) continue;
        if (before >= 0) {
            least = mc_ns_min(least, stage.arrivals[i].started - before);
            most = mc_ns_max(most, stage.arrivals[i].started - before);
        }
        before = stage.arrivals[i].started;
    }
    ck_assert_int_ge(least, 500 * MC_MS);
    ck_assert_int_le(most, 1001 * MC_MS);
    ck_assert_int_gt(most - least, 50 * MC_MS);
}
END_TEST

/* N requests over keys of probabilities p: with entries that never end the fetches are the keys that were
 * asked for, Σ 1 − (1 − p)^N of them, ± 3.29 √Σ q (1 − q) (the indicators are negatively correlated). */
static void popularity_case(const double *shares, uint32_t keys)
{
    enum { ASKED = 2000 };
    double mean = 0, variance = 0;
    for (uint32_t k = 0; k < keys; k++) {
        double q = 1 - pow(1 - shares[k], ASKED);
        mean += q;
        variance += q * (1 - q);
    }
    stage.steps[0][0].cache.ttl = MC_HOUR;
    stage.versions[1].step_count = 0;
    stage.load.vus = 1;
    stage.load.think = MC_MS;
    stage.load.duration = ASKED * MC_MS;
    stage_run(3 * MC_S);
    ck_assert_uint_eq(stage.counts.started, ASKED);
    ck_assert_uint_eq(stage.caches[0].misses + stage.caches[0].hits, ASKED);
    ck_assert_msg(fabs((double)stage.caches[0].misses - mean) < 3.29 * sqrt(variance), "%lu of %g", (unsigned long)stage.caches[0].misses, mean);
}

START_TEST(keys_are_asked_for_by_zipf_s_law)
{
    enum { KEYS = 1000 };
    double shares[KEYS], sum = 0;
    cached()->keys = KEYS;
    stage.steps[0][0].cache.zipf_milli = 1000;
    for (int k = 0; k < KEYS; k++) sum += shares[k] = 1.0 / (k + 1);
    for (int k = 0; k < KEYS; k++) shares[k] /= sum;
    popularity_case(shares, KEYS);
}
END_TEST

START_TEST(hot_keys_have_their_share)
{
    enum { KEYS = 3000, HOT = 10 };
    static double shares[KEYS];
    struct sim_cache_plan *plan = cached();
    plan->keys = KEYS;
    plan->hot_keys = HOT;
    plan->hot_ppm = 900000;
    for (int k = 0; k < KEYS; k++) shares[k] = k < HOT ? 0.9 / HOT : 0.1 / (KEYS - HOT);
    popularity_case(shares, KEYS);
}
END_TEST

START_TEST(keys_are_alike_unless_something_is_said)
{
    enum { KEYS = 500 };
    double shares[KEYS];
    cached()->keys = KEYS;
    for (int k = 0; k < KEYS; k++) shares[k] = 1.0 / KEYS;
    popularity_case(shares, KEYS);
}
END_TEST

/* ---- a store that all processes share: a asks c, then b if it was not there ---- */

static void with_store(void)
{
    stage_add(0, stage_call("c"));
    stage.steps[0][0].optional = true;
    stage_add(0, (struct sim_step){.kind = SIM_STEP_CACHED, .span = 1, .after_store = true, .cache = {.ttl = MC_S, .keys = 1, .shared = true}});
    stage_add(0, stage_call("b"));
    stage.load.think = 100 * MC_MS;
}

START_TEST(a_shared_store_is_asked_first)
{
    with_store();
    stage_run(950 * MC_MS);
    ck_assert_uint_eq(stage.counts.started, 10);
    ck_assert_int_eq(stage_arrived_at(2), 10);
    ck_assert_int_eq(stage_arrived_at(1), 1);
}
END_TEST

START_TEST(without_its_store_everything_is_fetched)
{
    with_store();
    stage.versions[2].error_ppm = 1000000;
    stage.versions[2].error_status = 503;
    stage_run(950 * MC_MS);
    ck_assert_uint_eq(stage.counts.started, 10);
    ck_assert_uint_eq(stage.counts.failed, 0);
    ck_assert_int_eq(stage_arrived_at(1), 10);
}
END_TEST

Suite *test_cache_suite(void)
{
    Suite *suite = suite_create("cache");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, stage_set_up, NULL);
    tcase_add_test(tc, everybody_fetches_what_is_not_there);
    tcase_add_test(tc, a_single_flight_fetches_for_all);
    tcase_add_test(tc, a_single_flight_fails_for_all);
    tcase_add_test(tc, failures_are_not_kept);
    tcase_add_test(tc, stale_entries_are_given_while_one_renews_them);
    tcase_add_test(tc, nothing_is_given_that_was_never_there_nor_is_too_old);
    tcase_add_test(tc, jitter_spreads_the_ends);
    tcase_add_test(tc, keys_are_asked_for_by_zipf_s_law);
    tcase_add_test(tc, hot_keys_have_their_share);
    tcase_add_test(tc, keys_are_alike_unless_something_is_said);
    tcase_add_test(tc, a_shared_store_is_asked_first);
    tcase_add_test(tc, without_its_store_everything_is_fetched);
    suite_add_tcase(suite, tc);
    return suite;
}
