/* requests{} against a plain recount of everything that was told. */
#include "unit/check/shop.h"
#include "base/rand.h"
#include "host/trace.h"
#include <stdlib.h>

enum { REQUESTS = 6000 };

struct seen {
    mc_ns at;
    struct sim_seen what;
};

static struct seen calls[REQUESTS], arrivals[REQUESTS];
static uint32_t call_count, arrival_count;

static uint64_t draw(uint64_t seed, uint64_t n, uint64_t below)
{
    return mc_below(mc_draw(seed, MC_FOR_SCRIPT, 77, n), below);
}

/* Many in a row within 40 seconds, then sparse ones up to 30 minutes. Hard cuts at odd instants. */
static void feed(struct shop *shop, uint64_t seed, mc_ns span)
{
    static const uint16_t codes[] = {200, 200, 200, 404, 500, 503, 0};
    mc_ns now = 0;
    call_count = arrival_count = 0;
    for (uint64_t i = 0; i < REQUESTS; i++) {
        now += (mc_ns)draw(seed, i * 8, (uint64_t)(2 * span / REQUESTS));
        struct sim_seen seen = {.src = draw(seed, i * 8 + 1, 3) ? shop->user : shop_version(shop, WEB, 0),
                                .dst = draw(seed, i * 8 + 2, 4) ? shop_version(shop, CART, (uint32_t)draw(seed, i * 8 + 2, 2))
                                                                : shop_version(shop, WEB, UINT32_MAX),
                                .path = draw(seed, i * 8 + 3, 2) ? shop->home : shop->buy,
                                .code = codes[draw(seed, i * 8 + 4, 7)],
                                .flags = draw(seed, i * 8 + 5, 3) ? 0 : MC_FLAG(UF) | MC_FLAG(URX),
                                .duration = (mc_ns)draw(seed, i * 8 + 6, UINT64_C(1) << draw(seed, i * 8 + 7, 36))};
        if (i % 3) calls[call_count++] = (struct seen){now, seen};
        else arrivals[arrival_count++] = (struct seen){now, seen};
        if (i % 3) sim_check_call(shop->check, now, &seen);
        else sim_check_arrival(shop->check, now, &seen);
        if (i % 500 == 499) sim_check_cut(shop->check, now + 1, true);
        if (i % 500 == 499) now++;
    }
    sim_check_at(shop->check, now + 1);
}

struct recount {
    uint64_t count, failed, sum, min, max, n;
    uint64_t values[REQUESTS];
};

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

typedef bool wanted(const struct shop *shop, const struct seen *seen, uint64_t extra);

static void recount(const struct shop *shop, const struct seen *list, uint32_t count, wanted *want, uint64_t extra, struct recount *out)
{
    *out = (struct recount){.min = UINT64_MAX};
    for (uint32_t i = 0; i < count; i++) {
        if (!want(shop, &list[i], extra)) continue;
        uint64_t value = (uint64_t)list[i].what.duration;
        out->values[out->count++] = value;
        out->failed += !list[i].what.code || list[i].what.code >= 500;
        out->sum += value;
        if (value < out->min) out->min = value;
        if (value > out->max) out->max = value;
    }
    qsort(out->values, out->count, sizeof out->values[0], by_value);
}

static void compare(struct shop *shop, const struct sim_query *query, const struct recount *expected)
{
    static const uint32_t quantiles[] = {1, 100000, 500000, 900000, 990000, 999000, 1000000};
    struct sim_tally tally;
    sim_requests(shop->check, query, &tally);
    ck_assert_uint_eq(tally.count, expected->count);
    ck_assert_uint_eq(tally.failed, expected->failed);
    ck_assert_uint_eq(tally.duration_sum, expected->sum);
    ck_assert_uint_eq(tally.duration.count, expected->count);
    for (unsigned i = 0; i < sizeof quantiles / sizeof *quantiles && expected->count; i++) {
        mc_ns value;
        uint64_t rank = (expected->count * quantiles[i] + 999999) / 1000000;
        uint64_t truth = expected->values[rank ? rank - 1 : 0];
        ck_assert(sim_tally_quantile(&tally, quantiles[i], &value));
        ck_assert_uint_ge((uint64_t)value, truth);
        ck_assert_uint_le((uint64_t)value, truth + truth / 64);
    }
    if (expected->count) {
        ck_assert_uint_eq(tally.duration.min, expected->min);
        ck_assert_uint_eq(tally.duration.max, expected->max);
    }
    sim_tally_fini(&tally);
}

static bool from_user(const struct shop *shop, const struct seen *seen, uint64_t extra)
{
    (void)extra;
    return seen->what.src == shop->user;
}

static bool cart_failed(const struct shop *shop, const struct seen *seen, uint64_t extra)
{
    bool v1 = seen->what.dst == shop_version(shop, CART, 0), v2 = seen->what.dst == shop_version(shop, CART, 1);
    return (v1 || v2) && seen->what.code >= 500 && seen->at >= (mc_ns)extra;
}

static bool v2_of_web_flagged(const struct shop *shop, const struct seen *seen, uint64_t extra)
{
    return seen->what.src == shop_version(shop, WEB, 0) && seen->what.dst == shop_version(shop, CART, 1) && seen->what.flags &&
           seen->what.path == extra;
}

START_TEST(counts_are_exact)
{
    struct shop shop;
    struct recount expected;
    for (uint64_t seed = 0; seed < 4; seed++) {
        shop_open(&shop);
        feed(&shop, seed, seed % 2 ? 40 * MC_S : 30 * MC_MIN); /* fine slices only; merged ones, too */
        recount(&shop, calls, call_count, from_user, 0, &expected);
        ck_assert_uint_gt(expected.count, 1000);
        compare(&shop, &(struct sim_query){0}, &expected); /* neither named: load clients */
        compare(&shop, &(struct sim_query){.src = MC_STR("user")}, &expected);
        recount(&shop, arrivals, arrival_count, cart_failed, 0, &expected);
        compare(&shop, &(struct sim_query){.dst = MC_STR("cart"), .code = MC_STR("5xx")}, &expected);
        recount(&shop, calls, call_count, v2_of_web_flagged, shop.buy, &expected);
        ck_assert_uint_gt(expected.count, 10);
        compare(&shop, &(struct sim_query){.src = MC_STR("web"), .dst = MC_STR("cart/v2"), .flags = MC_STR("UH,URX"), .path = MC_STR("/b*")},
                &expected);
        shop_close(&shop);
    }
}
END_TEST

START_TEST(counts_since_a_cut_are_exact)
{
    struct shop shop;
    struct recount expected;
    shop_open(&shop);
    feed(&shop, 9, _i ? 40 * MC_S : 30 * MC_MIN); /* older slices are merged, but not over a cut */
    for (uint32_t i = 499; i < REQUESTS; i += 500) { /* where feed() has cut */
        uint32_t arrivals_before = (i + 1 + 2) / 3;
        if (arrivals_before >= arrival_count) break;
        mc_ns last_call = calls[i - arrivals_before].at, last = mc_ns_max(last_call, arrivals[arrivals_before - 1].at);
        recount(&shop, arrivals, arrival_count, cart_failed, (uint64_t)(last + 1), &expected);
        compare(&shop, &(struct sim_query){.dst = MC_STR("cart"), .code = MC_STR("500,503"), .since = last + 1}, &expected);
    }
    shop_close(&shop);
}
END_TEST

static mc_ns range[2];

static bool within(const struct shop *shop, const struct seen *seen, uint64_t extra)
{
    (void)extra;
    return seen->what.src == shop->user && seen->at >= range[0] && seen->at < range[1];
}

START_TEST(between_two_cuts)
{
    struct shop shop;
    struct recount expected;
    mc_ns cuts[] = {1234567890, 1234567891, 7 * MC_S, 9 * MC_S + 1, 12345 * MC_MS};
    shop_open(&shop);
    for (unsigned i = 0; i < 4; i += 2) ck_assert(sim_check_phase(shop.check, MC_STR("x"), cuts[i], cuts[i + 1])); /* phases cut */
    ck_assert(sim_check_phase(shop.check, MC_STR("y"), cuts[4], MC_NEVER));
    feed(&shop, 12, 20 * MC_S);
    for (unsigned i = 0; i < 5; i++)
        for (unsigned j = i; j < 5; j++) {
            range[0] = cuts[i];
            range[1] = cuts[j];
            recount(&shop, calls, call_count, within, 0, &expected);
            if (j > i + 1) ck_assert_uint_gt(expected.count, 0);
            compare(&shop, &(struct sim_query){.src = MC_STR("user"), .since = cuts[i], .until = cuts[j]}, &expected);
        }
    shop_close(&shop);
}
END_TEST

START_TEST(asking_changes_nothing)
{
    struct shop asked, left;
    struct sim_tally a, b;
    const struct sim_query window = {.src = MC_STR("user"), .window = 3 * MC_S};
    shop_open(&asked);
    shop_open(&left);
    for (mc_ns at = 0; at < 20 * MC_S; at += 70 * MC_MS) {
        shop_call(&asked, at, asked.user, shop_version(&asked, WEB, 0), 200, 0, MC_MS);
        shop_call(&left, at, left.user, shop_version(&left, WEB, 0), 200, 0, MC_MS);
        sim_requests(asked.check, &window, &a);
        sim_tally_fini(&a);
    }
    sim_requests(asked.check, &window, &a);
    sim_requests(left.check, &window, &b);
    ck_assert_uint_eq(a.count, b.count);
    ck_assert_int_eq(a.since, b.since);
    ck_assert_int_le(a.since, a.until - 3 * MC_S); /* at least the window, at most a slice more */
    ck_assert_int_gt(a.since, a.until - 4 * MC_S);
    sim_tally_fini(&a);
    sim_tally_fini(&b);
    shop_close(&asked);
    shop_close(&left);
}
END_TEST

START_TEST(rates_and_shares)
{
    struct shop shop;
    struct sim_tally tally;
    uint64_t milli;
    uint32_t ppm;
    mc_ns mean;
    shop_open(&shop);
    sim_requests(shop.check, &(struct sim_query){0}, &tally);
    ck_assert(!sim_tally_error_rate(&tally, &ppm));
    ck_assert(!sim_tally_mean(&tally, &mean));
    sim_tally_fini(&tally);
    for (int i = 0; i < 40; i++) shop_call(&shop, i * 250 * MC_MS, shop.user, shop_version(&shop, WEB, 0), i % 8 ? 200 : 503, 0, (i + 1) * MC_MS);
    sim_check_at(shop.check, 10 * MC_S);
    sim_requests(shop.check, &(struct sim_query){.src = MC_STR("user"), .code = MC_STR("503")}, &tally);
    ck_assert(sim_tally_rate(&tally, &ppm));
    ck_assert_uint_eq(ppm, 125000); /* 5 of 40 */
    ck_assert(sim_tally_error_rate(&tally, &ppm));
    ck_assert_uint_eq(ppm, 1000000);
    sim_tally_fini(&tally);
    sim_requests(shop.check, &(struct sim_query){.src = MC_STR("user")}, &tally);
    ck_assert(sim_tally_rps(&tally, &milli));
    ck_assert_uint_eq(milli, 4000);
    ck_assert(sim_tally_goodput(&tally, &milli));
    ck_assert_uint_eq(milli, 3500);
    ck_assert(sim_tally_mean(&tally, &mean));
    ck_assert_int_eq(mean, 20500 * MC_US);
    sim_tally_fini(&tally);
    shop_close(&shop);
}
END_TEST

/* Load clients have no sidecar that could flag: a question about flags alone is about everybody's calls. */
START_TEST(flags_alone_ask_everybody)
{
    struct shop shop;
    struct sim_tally tally = {0};
    shop_open(&shop);
    shop_call(&shop, MC_S, shop.user, shop_version(&shop, WEB, 0), 500, 0, MC_MS);
    shop_call(&shop, MC_S, shop_version(&shop, WEB, 0), shop_version(&shop, CART, 0), 503, MC_FLAG(UF), MC_MS);
    sim_requests(shop.check, &(struct sim_query){.flags = MC_STR("UF")}, &tally);
    ck_assert_uint_eq(tally.count, 1);
    sim_tally_fini(&tally);
    tally = (struct sim_tally){0};
    sim_requests(shop.check, &(struct sim_query){0}, &tally);
    ck_assert_uint_eq(tally.count, 1); /* the user's */
    sim_tally_fini(&tally);
    shop_close(&shop);
}
END_TEST

START_TEST(phases_are_exact_and_named)
{
    struct shop shop;
    struct sim_tally tally;
    struct sim_groups groups;
    shop_open(&shop);
    ck_assert(sim_check_phase(shop.check, MC_STR("before"), 0, 1250 * MC_MS));
    ck_assert(sim_check_phase(shop.check, MC_STR("after"), 1250 * MC_MS, MC_NEVER));
    for (int i = 0; i < 30; i++) shop_call(&shop, i * 100 * MC_MS, shop.user, shop_version(&shop, WEB, 0), 200, 0, MC_MS);
    sim_requests(shop.check, &(struct sim_query){.phase = MC_STR("before")}, &tally);
    ck_assert_uint_eq(tally.count, 13); /* 0, 100, … 1200 ms */
    ck_assert_int_eq(tally.until - tally.since, 1250 * MC_MS);
    sim_tally_fini(&tally);
    sim_requests_by(shop.check, &(struct sim_query){0}, SIM_BY_PHASE, &groups);
    ck_assert_uint_eq(groups.count, 2);
    ck_assert(mc_str_eq(groups.list[0].name, MC_STR("after")));
    ck_assert_uint_eq(groups.list[0].tally.count, 17);
    ck_assert_uint_eq(groups.list[1].tally.count, 13);
    sim_groups_fini(&groups);
    shop_close(&shop);
}
END_TEST

START_TEST(groups_add_up)
{
    struct shop shop;
    struct sim_groups groups;
    struct recount expected;
    static const enum sim_dimension all[] = {SIM_BY_SRC, SIM_BY_DST, SIM_BY_VERSION, SIM_BY_CODE, SIM_BY_FLAGS, SIM_BY_PATH, SIM_BY_PHASE};
    shop_open(&shop);
    feed(&shop, 3, 60 * MC_S);
    recount(&shop, calls, call_count, from_user, 0, &expected);
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        uint64_t sum = 0;
        sim_requests_by(shop.check, &(struct sim_query){.src = MC_STR("user")}, all[i], &groups);
        for (uint32_t g = 0; g < groups.count; g++) {
            sum += groups.list[g].tally.count;
            if (g) ck_assert_int_lt(mc_str_cmp(groups.list[g - 1].name, groups.list[g].name), 0);
        }
        ck_assert_uint_eq(sum, expected.count);
        sim_groups_fini(&groups);
    }
    shop_close(&shop);
}
END_TEST

START_TEST(wrong_words_are_named)
{
    struct shop shop;
    struct sim_error error = {0};
    shop_open(&shop);
    const struct {
        struct sim_query query;
        const char *near;
    } wrong[] = {
        {{.src = MC_STR("usr")}, "user"},     {{.dst = MC_STR("cart/v3")}, "cart"}, {{.flags = MC_STR("UHH")}, "UH"},
        {{.code = MC_STR("5x")}, "\"5xx\""},  {{.state = MC_STR("expire")}, "expired"}, {{.kind = MC_STR("fault.begin")}, "kind"},
        {{.version = MC_STR("v9")}, "version"},
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert(!sim_query_check(shop.check, &wrong[i].query, &error));
        ck_assert_msg(strstr(error.text, wrong[i].near) != NULL, "%s", error.text);
    }
    struct sim_query good = {.src = MC_STR("user,web"), .dst = MC_STR("cart/v2"), .code = MC_STR("2xx,0,503"), .flags = MC_STR("-,UF")};
    ck_assert_msg(sim_query_check(shop.check, &good, &error), "%s", error.text);
    shop_close(&shop);
}
END_TEST

START_TEST(memory_may_run_out)
{
    for (size_t n = 1; n < 60; n++) {
        struct shop shop = {0};
        struct sim_tally tally;
        shop.memory.refuse_at = n;
        shop.memory.refuse_after = true;
        shop.alloc = test_alloc(&shop.memory);
        shop.check = sim_check_new(&shop_plan, 0, shop.alloc);
        if (!shop.check) {
            ck_assert_uint_eq(shop.memory.live_blocks, 0);
            continue;
        }
        for (uint32_t i = 0; i < 20000; i++)
            shop_call(&shop, i * 10 * MC_MS, shop_version(&shop, WEB, 0), shop_version(&shop, CART, i % 2), (uint16_t)(200 + i % 300), i % 64, i * i);
        sim_requests(shop.check, &(struct sim_query){.src = MC_STR("web")}, &tally);
        ck_assert(sim_check_refused(shop.check) || tally.count == 20000);
        sim_tally_fini(&tally);
        sim_check_free(shop.check);
        ck_assert_uint_eq(shop.memory.live_blocks, 0);
    }
}
END_TEST

Suite *test_requests_suite(void);
Suite *test_requests_suite(void)
{
    Suite *suite = suite_create("requests");
    TCase *tests = tcase_create("requests");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, counts_are_exact);
    tcase_add_loop_test(tests, counts_since_a_cut_are_exact, 0, 2);
    tcase_add_test(tests, between_two_cuts);
    tcase_add_test(tests, asking_changes_nothing);
    tcase_add_test(tests, rates_and_shares);
    tcase_add_test(tests, flags_alone_ask_everybody);
    tcase_add_test(tests, phases_are_exact_and_named);
    tcase_add_test(tests, groups_add_up);
    tcase_add_test(tests, wrong_words_are_named);
    tcase_add_test(tests, memory_may_run_out);
    suite_add_tcase(suite, tests);
    return suite;
}
