/* Histograms, fixed point, keyed draws and digests against plain arithmetic, libm and the XXH3 library. */
#include "base/assert.h"
#include "base/digest.h"
#include "base/fixed.h"
#include "base/hist.h"
#include "base/rand.h"
#include "base/time.h"
#include "support/memory.h"
#include <check.h>
#include <math.h>
#include <stdlib.h>

Suite *test_numbers_suite(void);

/* ---- histogram ---- */

static const uint64_t edges[] = {0, 1, 63, 64, 127, 128, 129, 130, 255, 256, 1000, 4095, 4096, 999999, 1000000,
                                 UINT64_C(1) << 32, (UINT64_C(1) << 32) + 1, UINT64_C(1) << 63, UINT64_MAX - 1, UINT64_MAX};

START_TEST(bucket_holds_its_values_within_a_64th)
{
    for (uint64_t i = 0; i < 100000 + MC_COUNT_OF(edges); i++) {
        uint64_t value = i < MC_COUNT_OF(edges) ? edges[i] : mc_mix(i) >> (i % 64);
        uint32_t index = mc_hist_index(value);
        uint64_t bound = mc_hist_bound(index);
        ck_assert_uint_ge(bound, value);
        ck_assert_uint_le(bound - value, value / 64);
        ck_assert_uint_eq(mc_hist_index(bound), index); /* the bound is in its bucket … */
        if (bound != UINT64_MAX) ck_assert_uint_eq(mc_hist_index(bound + 1), index + 1); /* … and the last one there */
    }
}
END_TEST

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

START_TEST(quantiles_are_nearest_ranks)
{
    enum { VALUES = 5001 };
    static uint64_t values[VALUES];
    struct test_memory memory = {0};
    struct mc_alloc alloc = test_alloc(&memory);
    struct mc_hist whole = {0}, parts[2] = {{0}};
    uint64_t sum = 0;
    for (uint64_t i = 0; i < VALUES; i++) {
        values[i] = mc_mix(i + 77) >> (20 + mc_mix(i) % 40);
        sum += values[i];
        ck_assert(mc_hist_add(&whole, &alloc, values[i]));
        ck_assert(mc_hist_add(&parts[i % 2], &alloc, values[i]));
    }
    ck_assert(mc_hist_merge(&parts[0], &alloc, &parts[1]));
    qsort(values, VALUES, sizeof *values, by_value);
    for (uint32_t ppm = 0; ppm <= 1000000; ppm += 2500) {
        uint64_t rank = ((uint64_t)VALUES * ppm + 999999) / 1000000, exact = values[rank ? rank - 1 : 0];
        uint64_t told = mc_hist_quantile(&whole, ppm);
        ck_assert_uint_ge(told, exact);
        ck_assert_uint_le(told - exact, exact / 64);
        ck_assert_uint_eq(mc_hist_quantile(&parts[0], ppm), told);
    }
    ck_assert_uint_eq(whole.min, values[0]);
    ck_assert_uint_eq(whole.max, values[VALUES - 1]);
    ck_assert_uint_eq(whole.count, VALUES);
    ck_assert_uint_eq(whole.sum, sum);
    ck_assert_uint_eq(mc_hist_count_at_most(&whole, UINT64_MAX), VALUES);
    ck_assert_uint_eq(mc_hist_count_at_most(&whole, mc_hist_quantile(&whole, 500000)) >= VALUES / 2, 1);
    mc_hist_clear(&whole, &alloc), mc_hist_clear(&parts[0], &alloc), mc_hist_clear(&parts[1], &alloc);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(histogram_refuses_without_counting)
{
    struct test_memory memory = {.refuse_at = 2};
    struct mc_alloc alloc = test_alloc(&memory);
    struct mc_hist hist = {0};
    ck_assert(mc_hist_add_many(&hist, &alloc, 5, 3));
    ck_assert(!mc_hist_add(&hist, &alloc, 1000000));
    ck_assert_uint_eq(hist.count, 3);
    ck_assert_uint_eq(hist.max, 5);
    ck_assert(mc_hist_add_many(&hist, &alloc, UINT64_MAX, 2));
    ck_assert_uint_eq(hist.sum, UINT64_MAX); /* saturated */
    ck_assert_uint_eq(mc_hist_quantile(&hist, 600000), 5);
    ck_assert_uint_eq(mc_hist_quantile(&hist, 600001), UINT64_MAX);
    mc_hist_clear(&hist, &alloc);
}
END_TEST

/* ---- fixed point ---- */

static double real(mc_q32 q)
{
    return (double)q / 4294967296.0;
}

static const double ulp = 1 / 4294967296.0;

START_TEST(exp_log_pow_are_libm_s)
{
    for (uint64_t i = 0; i < 20000; i++) {
        mc_q32 x = (mc_q32)mc_below(mc_mix(i), UINT64_C(40) << 32) - (INT64_C(20) << 32);
        double want = exp(real(x)), got = real(mc_q32_exp(x));
        ck_assert_msg(fabs(got - want) <= want * 0x1p-28 + 2 * ulp, "exp(%.12g) = %.12g, not %.12g", real(x), got, want);
        mc_q32 y = 1 + (mc_q32)(mc_mix(i ^ 0x5555) >> (2 + i % 60));
        ck_assert_msg(fabs(real(mc_q32_log(y)) - log(real(y))) <= 0x1p-28, "log(%.12g) = %.12g", real(y), real(mc_q32_log(y)));
        mc_q32 base = MC_Q32_ONE / 4 + (mc_q32)mc_below(mc_mix(i ^ 99), UINT64_C(8) << 32);
        mc_q32 power = (mc_q32)mc_below(mc_mix(i ^ 98), UINT64_C(8) << 32) - (INT64_C(4) << 32);
        double p = pow(real(base), real(power));
        ck_assert_msg(fabs(real(mc_q32_pow(base, power)) - p) <= p * 0x1p-24 + 4 * ulp, "pow(%g, %g)", real(base), real(power));
    }
    ck_assert_int_eq(mc_q32_exp(0), MC_Q32_ONE);
    ck_assert_int_eq(mc_q32_log(MC_Q32_ONE), 0);
    ck_assert_int_eq(mc_q32_exp(INT64_C(22) << 32), INT64_MAX);
    ck_assert_int_eq(mc_q32_exp(INT64_MIN), 0);
}
END_TEST

START_TEST(multiplication_and_division_floor_and_saturate)
{
    ck_assert_int_eq(mc_q32_mul(3 * MC_Q32_ONE, -MC_Q32_ONE / 2), -3 * MC_Q32_ONE / 2);
    ck_assert_int_eq(mc_q32_mul(1, -1), -1); /* towards minus infinity */
    ck_assert_int_eq(mc_q32_mul(INT64_MAX, INT64_MAX), INT64_MAX);
    ck_assert_int_eq(mc_q32_mul(INT64_MAX, INT64_MIN), INT64_MIN);
    ck_assert_int_eq(mc_q32_div(MC_Q32_ONE, 4 * MC_Q32_ONE), MC_Q32_ONE / 4);
    ck_assert_int_eq(mc_q32_div(INT64_MAX, 1), INT64_MAX);
    ck_assert_int_eq(mc_q32_div(INT64_MIN, 1), INT64_MIN);
    ck_assert_int_eq(mc_q32_scale(MC_S, 3 * MC_Q32_ONE / 2), 1500 * MC_MS);
    ck_assert_int_eq(mc_q32_scale(INT64_MAX, 2 * MC_Q32_ONE), INT64_MAX);
}
END_TEST

/* The inverse distribution functions: Φ by libm's erf, 1 - e^-x, at evenly spaced draws. */
START_TEST(inverse_distributions_invert)
{
    for (uint64_t i = 1; i < 100000; i++) {
        uint64_t draw = i * (UINT64_MAX / 100000);
        double u = (double)draw / 18446744073709551616.0;
        double x = real(mc_q32_exponential(draw)), z = real(mc_q32_normal(draw));
        double tail = exp(-x);
        ck_assert_msg(fabs(tail - u) < 1e-8 || fabs((1 - tail) - u) < 1e-8, "u %.9g: exponential %.9g", u, x);
        double density = exp(-z * z / 2) / sqrt(2 * acos(-1));
        double error = (0.5 * erfc(-z / sqrt(2)) - u) / density;
        ck_assert_msg(fabs(error) < 0x1p-20, "u %.9g: normal %.9g is off by %g", u, z, error);
    }
    ck_assert_int_ge(mc_q32_exponential(0), 0);
    ck_assert_int_ge(mc_q32_exponential(UINT64_MAX), 0);
    ck_assert_double_lt(fabs(real(mc_q32_normal(0))), 10);
    ck_assert_double_lt(fabs(real(mc_q32_normal(UINT64_MAX))), 10);
}
END_TEST

/* ---- draws ---- */

/* Chi-square over 256 cells, 255 degrees of freedom: 330.5 is the 99.9 % point, 190.9 the 0.1 % one (by
 * Wilson and Hilferty's formula). One key word at a time runs, the others stand still. */
static void is_uniform(int which, int shift)
{
    enum { DRAWS = 256 * 400 };
    static uint32_t cells[256];
    double chi = 0;
    memset(cells, 0, sizeof cells);
    for (uint64_t i = 0; i < DRAWS; i++) {
        uint64_t key[3] = {42, 7, 3};
        key[which] = i;
        cells[mc_draw(key[0], MC_FOR_ARRIVAL, key[1], key[2]) >> shift & 255]++;
    }
    for (int c = 0; c < 256; c++) chi += (cells[c] - 400.0) * (cells[c] - 400.0) / 400.0;
    ck_assert_msg(chi > 190.9 && chi < 330.5, "key word %d, bits from %d: chi-square %g", which, shift, chi);
}

START_TEST(draws_are_uniform_in_each_word_of_the_key)
{
    for (int which = 0; which < 3; which++)
        for (int shift = 0; shift <= 56; shift += 28) is_uniform(which, shift);
}
END_TEST

/* Nothing is stored between draws: what others drew in between changes nothing. */
START_TEST(draws_elsewhere_shift_nothing)
{
    uint64_t before[100];
    for (uint64_t i = 0; i < 100; i++) before[i] = mc_draw(1, MC_FOR_LOSS, 5, i);
    for (uint64_t i = 100; i-- > 0;) {
        mc_draw(1, MC_FOR_LOSS, 6, i);
        ck_assert_uint_eq(mc_draw(1, MC_FOR_LOSS, 5, i), before[i]);
        ck_assert_uint_ne(mc_draw(1, MC_FOR_LATENCY, 5, i), before[i]);
        ck_assert_uint_ne(mc_draw(2, MC_FOR_LOSS, 5, i), before[i]);
    }
}
END_TEST

START_TEST(below_is_below_and_chance_is_fair)
{
    uint32_t hits = 0;
    for (uint64_t i = 0; i < 100000; i++) {
        uint64_t n = 1 + mc_mix(i) % 1000;
        ck_assert_uint_lt(mc_below(mc_mix(i ^ 1), n), n);
        hits += (uint32_t)mc_chance(mc_draw(9, MC_FOR_ROUTE, 1, i), 30, 100);
    }
    ck_assert_uint_eq(mc_below(UINT64_MAX, 10), 9);
    ck_assert_uint_eq(mc_below(12345, 0), 0);
    ck_assert(abs((int)hits - 30000) < 477); /* 3.29 σ of B(100000, 0.3), 99.9 % */
}
END_TEST

/* ---- digest ---- */

/* XXH3-64 of the empty string and of "xxhash" with seed 20141025: XXH3_64bits("") is published in the
 * xxHash documentation's sanity checks. */
START_TEST(digest_is_chained_xxh3)
{
    ck_assert_uint_eq(mc_hash(MC_STR(""), 0), UINT64_C(0x2d06800538d394c2));
    struct mc_digest a = {0}, b = {0};
    uint64_t one[8] = {1}, two[8] = {2};
    mc_digest_add(&a, one), mc_digest_add(&a, two);
    mc_digest_add(&b, two), mc_digest_add(&b, one);
    ck_assert_uint_ne(a.value, b.value); /* order counts */
    ck_assert_uint_eq(a.count, 2);
    struct mc_digest c = {0};
    mc_digest_add(&c, one);
    ck_assert_uint_eq(c.value, mc_hash(mc_str((const char *)one, 64), 0));
    uint64_t first = c.value;
    mc_digest_add(&c, two);
    ck_assert_uint_eq(c.value, mc_hash(mc_str((const char *)two, 64), first));
    ck_assert_uint_eq(c.value, a.value);
}
END_TEST

START_TEST(time_saturates)
{
    ck_assert_int_eq(mc_ns_add(1, 2), 3);
    ck_assert_int_eq(mc_ns_add(MC_NEVER, -5), MC_NEVER);
    ck_assert_int_eq(mc_ns_add(MC_NEVER - 1, 5), MC_NEVER);
    ck_assert_int_eq(mc_ns_add(INT64_MIN + 1, -5), INT64_MIN);
}
END_TEST

Suite *test_numbers_suite(void)
{
    Suite *suite = suite_create("numbers");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, bucket_holds_its_values_within_a_64th);
    tcase_add_test(tc, quantiles_are_nearest_ranks);
    tcase_add_test(tc, histogram_refuses_without_counting);
    tcase_add_test(tc, exp_log_pow_are_libm_s);
    tcase_add_test(tc, multiplication_and_division_floor_and_saturate);
    tcase_add_test(tc, inverse_distributions_invert);
    tcase_add_test(tc, draws_are_uniform_in_each_word_of_the_key);
    tcase_add_test(tc, draws_elsewhere_shift_nothing);
    tcase_add_test(tc, below_is_below_and_chance_is_fair);
    tcase_add_test(tc, digest_is_chained_xxh3);
    tcase_add_test(tc, time_saturates);
    suite_add_tcase(suite, tc);
    return suite;
}
