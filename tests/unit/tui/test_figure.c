/* Numbers as texts: values worked out by hand, and the widths that columns rely on. */
#include "tui/figure.h"
#include <check.h>
#include <string.h>

Suite *test_figure_suite(void);

static const struct {
    mc_ns at;
    const char *want;
} latencies[] = {
    {0, "-"}, {-5, "-"}, {MC_NEVER, "-"}, {1, "0us"}, {850 * MC_US, "850us"}, {999999, "999us"}, {MC_MS, "1.0ms"},
    {9990 * MC_US, "9.9ms"}, {10 * MC_MS, "10ms"}, {999 * MC_MS, "999ms"}, {MC_S, "1.0s"}, {2149 * MC_MS, "2.1s"},
    {10 * MC_S, "10s"}, {599 * MC_S, "599s"}, {10 * MC_MIN, "10m"}, {100 * MC_HOUR, "100h"},
};

START_TEST(latency)
{
    char out[TUI_FIGURE];
    ck_assert_str_eq(tui_latency(latencies[_i].at, out), latencies[_i].want);
}
END_TEST

static const struct {
    uint64_t value;
    const char *want;
} rates[] = {{0, "0.0"}, {49, "0.0"}, {200100, "200.1"}, {9999999, "9999.9"}, {10000000, "10.0k"}, {999999999, "999.9k"},
             {1000000000, "1.0M"}, {99999999999, "99M"}},
  percents[] = {{1000000, "100.00%"}, {999999, "99.99%"}, {999200, "99.92%"}, {714000, "71.40%"}, {99, "0.00%"}, {2000000, "100.00%"}},
  counts[] = {{0, "0"}, {999, "999"}, {1000, "1 000"}, {8412, "8 412"}, {1234567, "1 234 567"}, {UINT64_MAX, "18 446 744 073 709 551 615"}},
  ratios[] = {{1000, "1.00x"}, {1310, "1.31x"}, {99999, "99.99x"}, {100000, "100x"}},
  shorts[] = {{0, "0"}, {9999, "9999"}, {84100, "84.1k"}, {100000, "100k"}, {1200000, "1.2M"}};

#define EACH(name, table, function) \
    START_TEST(name) \
    { \
        char out[TUI_FIGURE]; \
        ck_assert_str_eq(function(table[_i].value, out), table[_i].want); \
    } \
    END_TEST
#define U32(function) function##_u32

static char *tui_percent_u32(uint64_t value, char *out)
{
    return tui_percent((uint32_t)value, out);
}

static char *tui_ratio_u32(uint64_t value, char *out)
{
    return tui_ratio((uint32_t)value, out);
}

EACH(rate, rates, tui_rate)
EACH(percent, percents, U32(tui_percent))
EACH(count, counts, tui_count)
EACH(ratio, ratios, U32(tui_ratio))
EACH(short_count, shorts, tui_short_count)

START_TEST(clocks)
{
    char out[TUI_FIGURE];
    ck_assert_str_eq(tui_clock(0, out), "0m00s");
    ck_assert_str_eq(tui_clock(144 * MC_S + 999 * MC_MS, out), "2m24s");
    ck_assert_str_eq(tui_clock(3900 * MC_S, out), "1h05m00s");
    ck_assert_str_eq(tui_clock(MC_NEVER, out), "-");
    ck_assert_str_eq(tui_stamp(122104 * MC_MS, out), "2m02.104");
    ck_assert_str_eq(tui_stamp(3721 * MC_S + 999999, out), "1h02m01.000");
}
END_TEST

START_TEST(widths_hold_for_all_magnitudes)
{
    char out[TUI_FIGURE];
    for (uint64_t v = 1; v < UINT64_MAX / 3 && v < 100000000000000; v = v * 3 + 1) {
        ck_assert_uint_le(strlen(tui_rate(v, out)), 7);
        if (v < 1000 * (uint64_t)MC_HOUR) ck_assert_uint_le(strlen(tui_latency((mc_ns)v, out)), 5);
        if (v < 1000000000000) ck_assert_uint_le(strlen(tui_short_count(v, out)), 5);
        if (v <= 1000000) ck_assert_uint_le(strlen(tui_percent((uint32_t)v, out)), 7);
    }
}
END_TEST

static const struct {
    const char *text;
    int ok;
    mc_ns want;
} times[] = {
    {"2m01s", 1, 121 * MC_S}, {"144", 1, 144 * MC_S}, {"1.5s", 1, 1500 * MC_MS}, {"250ms", 1, 250 * MC_MS}, {"1h", 1, MC_HOUR},
    {"0", 1, 0}, {"", 0, 0}, {"m", 0, 0}, {"2x", 0, 0}, {"2m 1s", 0, 0}, {"-1s", 0, 0}, {"99999999999h", 0, 0}, {"1.2.3s", 0, 0},
};

START_TEST(time_of_text)
{
    mc_ns at = -1;
    ck_assert_int_eq(tui_time_parse(times[_i].text, &at), times[_i].ok);
    if (times[_i].ok) ck_assert_int_eq(at, times[_i].want);
}
END_TEST

#define LOOP(tcase, test, table) tcase_add_loop_test(tcase, test, 0, (int)(sizeof table / sizeof *table))

Suite *test_figure_suite(void)
{
    Suite *suite = suite_create("figure");
    TCase *tcase = tcase_create("figure");
    LOOP(tcase, latency, latencies);
    LOOP(tcase, rate, rates);
    LOOP(tcase, percent, percents);
    LOOP(tcase, count, counts);
    LOOP(tcase, ratio, ratios);
    LOOP(tcase, short_count, shorts);
    LOOP(tcase, time_of_text, times);
    tcase_add_test(tcase, clocks);
    tcase_add_test(tcase, widths_hold_for_all_magnitudes);
    suite_add_tcase(suite, tcase);
    return suite;
}
