/* Arrivals and service times against the arithmetic of their distributions. Bounds are those that 99.9 %
 * of honest samples keep; the draws are fixed, so a test that passes goes on passing. */
#include "base/rand.h"
#include "sim/load/arrival.h"
#include "sim/load/sampler.h"
#include "sim/plan/dist.h"
#include <check.h>
#include <math.h>
#include <stdlib.h>

Suite *test_luck_suite(void);

/* ---- arrivals ---- */

START_TEST(constant_rate_is_evenly_spaced)
{
    static const uint64_t rates[] = {1000, 3000, 500, 1000000, 7777777}; /* per second × 1000 */
    for (size_t r = 0; r < 5; r++) {
        struct sim_load_spec spec = {.executor = SIM_LOAD_CONSTANT_RATE, .rate_milli = rates[r], .duration = 10 * MC_S};
        struct sim_arrivals arrivals;
        uint64_t n = 0;
        for (sim_arrivals_init(&arrivals, &spec, 1, 1); arrivals.next != MC_NEVER; sim_arrivals_advance(&arrivals), n++)
            ck_assert_int_eq(arrivals.next, (mc_ns)((__int128)n * 1000 * MC_S / (mc_ns)rates[r]));
        uint64_t whole = 10 * rates[r] / 1000; /* those at 0, 1/rate, … under ten seconds */
        ck_assert_uint_eq(n, 10 * rates[r] % 1000 ? whole + 1 : whole);
    }
}
END_TEST

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* 100 a second for 1000 s. Count: 100 000 ± 3.29 √100 000. Counts per second: variance over mean is
 * chi-square with 999 degrees of freedom over 999, within 1 ± 3.29 √(2/999). Gaps: Kolmogorov's
 * √n D < 1.95 against 1 - e^-x. */
START_TEST(poisson_is_poisson)
{
    static double gaps[120000];
    static unsigned seconds[1000];
    struct sim_load_spec spec = {.executor = SIM_LOAD_POISSON, .rate_milli = 100000, .duration = 1000 * MC_S};
    struct sim_arrivals arrivals;
    size_t n = 0;
    mc_ns before = 0;
    for (sim_arrivals_init(&arrivals, &spec, 42, 7); arrivals.next != MC_NEVER; sim_arrivals_advance(&arrivals)) {
        ck_assert_int_ge(arrivals.next, before);
        gaps[n++] = (double)(arrivals.next - before) / 1e9 * 100;
        seconds[arrivals.next / MC_S]++;
        before = arrivals.next;
    }
    ck_assert_msg(fabs((double)n - 100000) < 3.29 * sqrt(100000), "%zu arrivals", n);
    double dispersion = 0, distance = 0;
    for (int s = 0; s < 1000; s++) dispersion += (seconds[s] - (double)n / 1000) * (seconds[s] - (double)n / 1000) / ((double)n / 1000) / 999;
    ck_assert_msg(fabs(dispersion - 1) < 3.29 * sqrt(2 / 999.0), "variance over mean %g", dispersion);
    qsort(gaps, n, sizeof *gaps, by_value);
    for (size_t i = 0; i < n; i++) distance = fmax(distance, fabs(1 - exp(-gaps[i]) - ((double)i + 0.5) / (double)n));
    ck_assert_msg(distance * sqrt((double)n) < 1.95, "√n D = %g", distance * sqrt((double)n));
}
END_TEST

/* From 0 to 10 a second over 10 s: t²/2 are due by t, so the n-th comes at √(2n); 50 by the end; then one
 * each tenth of a second. */
START_TEST(ramp_is_its_integral)
{
    static const struct sim_stage stages[] = {{0, 0}, {10 * MC_S, 10000}};
    struct sim_load_spec spec = {.executor = SIM_LOAD_RAMPING_RATE, .stages = stages, .stage_count = 2, .duration = 12 * MC_S};
    struct sim_arrivals arrivals;
    int n = 0;
    for (sim_arrivals_init(&arrivals, &spec, 1, 1); arrivals.next != MC_NEVER; sim_arrivals_advance(&arrivals)) {
        n++;
        double due = n <= 50 ? sqrt(2.0 * n) * 1e9 : 10e9 + (n - 50) * 1e8;
        ck_assert_msg(fabs((double)arrivals.next - due) < 20, "%d: %lld, not %.0f", n, (long long)arrivals.next, due);
    }
    ck_assert_int_eq(n, 69); /* the 70th is due at 12 s, which is over */
    ck_assert_uint_eq(sim_arrivals_rate(&spec, 5 * MC_S), 5000);
    ck_assert_uint_eq(sim_arrivals_rate(&spec, 11 * MC_S), 10000);
    ck_assert_uint_eq(sim_arrivals_rate(&spec, 12 * MC_S), 0);
}
END_TEST

/* Down from 10 to 0 in 10 s: 10t - t²/2, so the n-th at 10 - √(100 - 2n), and none afterwards. */
START_TEST(ramp_down_ends)
{
    static const struct sim_stage stages[] = {{0, 10000}, {10 * MC_S, 0}};
    struct sim_load_spec spec = {.executor = SIM_LOAD_RAMPING_RATE, .stages = stages, .stage_count = 2};
    struct sim_arrivals arrivals;
    int n = 0;
    for (sim_arrivals_init(&arrivals, &spec, 1, 1); arrivals.next != MC_NEVER && n < 100; sim_arrivals_advance(&arrivals)) {
        n++;
        double due = (10 - sqrt(100 - 2.0 * n)) * 1e9, slack = n == 50 ? 1e6 : 1000; /* flat where it ends */
        ck_assert_msg(fabs((double)arrivals.next - due) < slack, "%d: %lld, not %.0f", n, (long long)arrivals.next, due);
    }
    ck_assert_int_eq(n, 50);
}
END_TEST

START_TEST(luck_belongs_to_the_load)
{
    struct sim_load_spec spec = {.executor = SIM_LOAD_POISSON, .rate_milli = 1000};
    struct sim_arrivals a, b, c;
    sim_arrivals_init(&a, &spec, 1, 1), sim_arrivals_init(&b, &spec, 1, 1), sim_arrivals_init(&c, &spec, 1, 2);
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(a.next, b.next);
        ck_assert_int_ne(a.next, c.next);
        sim_arrivals_advance(&a), sim_arrivals_advance(&b), sim_arrivals_advance(&c);
    }
}
END_TEST

/* ---- service times ---- */

/* The quantile function is monotone in the draw (or falls, for the exponential): a draw of q·2^64 gives
 * the q-quantile itself. */
static double at(const struct sim_sampler *sampler, double q)
{
    return (double)sim_sampler_draw(sampler, (uint64_t)(q * 18446744073709551616.0));
}

START_TEST(lognormal_has_the_percentiles_asked_for)
{
    static const mc_ns asked[][2] = {{10 * MC_MS, 20 * MC_MS}, {MC_MS, 100 * MC_MS}, {5 * MC_US, 6 * MC_US}, {MC_S, 30 * MC_S}, {7 * MC_MS, 7 * MC_MS}};
    for (size_t i = 0; i < 5; i++) {
        struct sim_dist dist = {.kind = SIM_DIST_LOGNORMAL, .p50 = asked[i][0], .p99 = asked[i][1]};
        struct sim_sampler sampler = sim_sampler_of(&dist);
        ck_assert_double_lt(fabs(at(&sampler, 0.5) - (double)dist.p50), 1 + 1e-4 * (double)dist.p50);
        ck_assert_double_lt(fabs(at(&sampler, 0.99) - (double)dist.p99), 1 + 1e-4 * (double)dist.p99);
        double sigma = log((double)dist.p99 / (double)dist.p50) / 2.3263478740408408;
        ck_assert_double_lt(fabs(at(&sampler, 0.8413447460685429) / ((double)dist.p50 * exp(sigma)) - 1), 1e-3); /* Φ(1) */
    }
}
END_TEST

START_TEST(other_distributions_are_what_they_are_called)
{
    struct sim_dist dist = {.kind = SIM_DIST_EXPONENTIAL, .mean = 10 * MC_MS};
    struct sim_sampler sampler = sim_sampler_of(&dist);
    double sum = 0;
    for (int i = 0; i < 100000; i++) sum += at(&sampler, (i + 0.5) / 100000);
    ck_assert_double_lt(fabs(sum / 100000 / 1e7 - 1), 1e-3);
    dist = (struct sim_dist){.kind = SIM_DIST_UNIFORM, .p50 = 5, .p99 = 9};
    sampler = sim_sampler_of(&dist);
    int cells[20] = {0};
    for (uint64_t i = 0; i < 50000; i++) cells[sim_sampler_draw(&sampler, mc_mix(i))]++;
    for (int v = 0; v < 20; v++) ck_assert_msg(v >= 5 && v <= 9 ? abs(cells[v] - 10000) < 295 : !cells[v], "%d: %d", v, cells[v]); /* 3.29 σ of B(50000, 1/5) */
    dist = (struct sim_dist){.kind = SIM_DIST_CONSTANT, .mean = 77};
    sampler = sim_sampler_of(&dist);
    ck_assert_int_eq(sim_sampler_draw(&sampler, 0), 77);
    ck_assert_int_eq(sim_sampler_draw(&(struct sim_sampler){0}, 12345), 0);
}
END_TEST

/* Pareto by hand: F(x) = 1 − (L/x)^α; with α = 2, L = 1 ms the median is √2 ms, the 99th percentile 10 ms, the mean 2 ms. */
START_TEST(pareto_has_the_quantiles_of_its_formula)
{
    struct sim_dist dist = {.kind = SIM_DIST_PARETO, .p50 = MC_MS, .alpha_milli = 2000};
    struct sim_sampler sampler = sim_sampler_of(&dist);
    static const struct { double survival; mc_ns value; } points[] = {{0.5, 1414214}, {0.1, 3162278}, {0.01, 10000000}, {0.0001, 100000000}};
    for (size_t i = 0; i < 4; i++) ck_assert_double_lt(fabs((double)at(&sampler, points[i].survival) / (double)points[i].value - 1), 1e-6);
    ck_assert_double_lt(fabs((double)sim_dist_mean(&dist) / 2e6 - 1), 1e-6);
}
END_TEST

/* … bounded at H: F(x) = (1 − (L/x)^α) / (1 − (L/H)^α). α = 1, L = 1 ms, H = 100 ms: median 1 / 0.505 ms,
 * mean ln 100 / 0.99 ms; α = 1.5: mean 3 (1 − 0.1) / (1 − 0.001) ms. */
START_TEST(bounded_pareto_stays_in_its_bounds)
{
    struct sim_dist dist = {.kind = SIM_DIST_PARETO, .p50 = MC_MS, .p99 = 100 * MC_MS, .alpha_milli = 1000};
    struct sim_sampler sampler = sim_sampler_of(&dist);
    ck_assert_double_lt(fabs((double)at(&sampler, 0.5) / (1e6 / 0.505) - 1), 1e-6);
    ck_assert_double_lt(fabs((double)sim_dist_mean(&dist) / (log(100) / 0.99 * 1e6) - 1), 1e-6);
    ck_assert_int_le(sim_sampler_draw(&sampler, 0), 100 * MC_MS);
    ck_assert_int_ge(sim_sampler_draw(&sampler, 0), 99 * MC_MS);
    ck_assert_int_eq(sim_sampler_draw(&sampler, UINT64_MAX), MC_MS);
    dist.alpha_milli = 1500;
    sampler = sim_sampler_of(&dist);
    double sum = 0;
    for (int i = 0; i < 1000000; i++) sum += (double)at(&sampler, (i + 0.5) / 1000000);
    ck_assert_double_lt(fabs(sum / 1e12 / (2.7 / 0.999) - 1), 1e-4);
    ck_assert_double_lt(fabs((double)sim_dist_mean(&dist) / (2.7e6 / 0.999) - 1), 1e-6);
}
END_TEST

/* Straight lines: half of the way from 50 to 99 is half of the way from 10 to 80. */
START_TEST(tables_of_quantiles_are_followed)
{
    static const struct sim_quantile points[] = {{500000, 10 * MC_MS}, {990000, 80 * MC_MS}, {1000000, 100 * MC_MS}};
    struct sim_dist dist = {.kind = SIM_DIST_QUANTILES, .points = points, .count = 3};
    struct sim_sampler sampler = sim_sampler_of(&dist);
    static const struct { double p; double ms; } cases[] = {{0.0, 10}, {0.3, 10}, {0.5, 10}, {0.745, 45}, {0.99, 80}, {0.995, 90}, {0.9999999, 100}};
    for (size_t i = 0; i < 7; i++) {
        mc_ns value = sim_sampler_draw(&sampler, (uint64_t)(cases[i].p * 0x1p64));
        ck_assert_msg(fabs((double)value / 1e6 - cases[i].ms) < 0.001, "%g: %ld", cases[i].p, (long)value);
    }
    ck_assert_int_eq(sim_dist_mean(&dist), 5 * MC_MS + 22050 * MC_US + 900 * MC_US); /* 0.5·10 + 0.49·45 + 0.01·90 */
}
END_TEST

/* 95 of 100 at 5 ms, the others exponential with mean 1 s: 50 000 draws have 2500 ± 3.29 √2375 of them. */
START_TEST(mixes_have_their_weights)
{
    static const struct sim_dist_part parts[] = {{95, {.kind = SIM_DIST_CONSTANT, .mean = 5 * MC_MS}}, {5, {.kind = SIM_DIST_EXPONENTIAL, .mean = MC_S}}};
    struct sim_dist dist = {.kind = SIM_DIST_MIX, .parts = parts, .count = 2};
    struct sim_sampler sampler = sim_sampler_of(&dist);
    int slow = 0;
    double sum = 0;
    for (uint64_t i = 0; i < 50000; i++) {
        mc_ns value = sim_sampler_draw(&sampler, mc_mix(i));
        slow += value != 5 * MC_MS;
        sum += value != 5 * MC_MS ? (double)value : 0;
    }
    ck_assert_msg(abs(slow - 2500) < 161, "%d slow", slow);
    ck_assert_double_lt(fabs(sum / slow / 1e9 - 1), 3.29 / sqrt(2340)); /* the part's draw does not depend on having been picked */
    ck_assert_int_eq(sim_dist_mean(&dist), 4750 * MC_US + 50 * MC_MS);
}
END_TEST

Suite *test_luck_suite(void)
{
    Suite *suite = suite_create("luck");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, constant_rate_is_evenly_spaced);
    tcase_add_test(tc, poisson_is_poisson);
    tcase_add_test(tc, ramp_is_its_integral);
    tcase_add_test(tc, ramp_down_ends);
    tcase_add_test(tc, luck_belongs_to_the_load);
    tcase_add_test(tc, lognormal_has_the_percentiles_asked_for);
    tcase_add_test(tc, other_distributions_are_what_they_are_called);
    tcase_add_test(tc, pareto_has_the_quantiles_of_its_formula);
    tcase_add_test(tc, bounded_pareto_stays_in_its_bounds);
    tcase_add_test(tc, tables_of_quantiles_are_followed);
    tcase_add_test(tc, mixes_have_their_weights);
    suite_add_tcase(suite, tc);
    return suite;
}
