/* Words with units: what is read, what is refused with which advice, what is printed. */
#include "sim/plan/error.h"
#include "sim/plan/units.h"
#include <check.h>
#include <stdio.h>

Suite *test_units_suite(void);

#define GOOD(kind, type, values) \
    START_TEST(kind##_is_read) \
    { \
        type value = 0; \
        char why[SIM_UNITS_WHY] = ""; \
        ck_assert_msg(sim_read_##kind(mc_str_c(values[_i].text), &value, why), "%s: %s", values[_i].text, why); \
        ck_assert_msg((uint64_t)value == values[_i].value, "%s: %llu", values[_i].text, (unsigned long long)value); \
    } \
    END_TEST

#define MS UINT64_C(1000000)

static const struct {
    const char *text;
    uint64_t value;
} durations[] = {
    {"1ns", 1}, {"250us", 250000}, {"250µs", 250000}, {"10ms", 10 * MS}, {"3s", 3000 * MS}, {"2m", 120000 * MS}, {"1h", 3600000 * MS},
    {"1d", 86400000 * MS}, {"1m30s", 90000 * MS}, {"1h2m3s4ms", 3723004 * MS}, {"0.5s", 500 * MS}, {".5s", 500 * MS}, {"1.25ms", 1250000}, {"0s", 0}, {"0ns", 0},
}, shares[] = {
    {"0%", 0}, {"1%", 10000}, {"0.5%", 5000}, {"100%", 1000000}, {"33.3333%", 333333}, {"0.0001%", 1},
}, sizes[] = {
    {"512B", 512}, {"1KiB", 1024}, {"1kB", 1000}, {"1KB", 1000}, {"2MiB", 2097152}, {"1.5KiB", 1536}, {"1GB", 1000000000}, {"3GiB", 3221225472}, {"0B", 0},
}, bit_rates[] = {
    {"1Gbps", 1000000000}, {"100Mbps", 100000000}, {"56kbps", 56000}, {"9bps", 9}, {"2.5Gbps", 2500000000},
};

GOOD(duration, mc_ns, durations)
GOOD(share, uint32_t, shares)
GOOD(size, uint64_t, sizes)
GOOD(bit_rate, uint64_t, bit_rates)

static const struct {
    char kind;
    const char *text, *advice; /* a part of the message */
} bad[] = {
    {'d', "10", "has no unit"}, {'d', "10", "10ms"}, {'d', "", "empty"}, {'d', "ms", "does not begin with a number"}, {'d', "-1s", "does not begin"},
    {'d', "1 s", "no unit that is known"}, {'d', "1sec", "no unit that is known"}, {'d', "1s2", "has no unit"}, {'d', "1MS", "no unit"},
    {'d', "999999999h", "too large"}, {'d', "1e3s", "no unit"}, {'d', "1..5s", "no unit"}, {'d', "1.2.3s", ""},
    {'s', "1", "not a percentage"}, {'s', "101%", "over 100%"}, {'s', "%", "not a percentage"}, {'s', "-1%", "not a percentage"}, {'s', "1%%", "not"}, {'s', "100.0001%", "over"},
    {'b', "1", "has no unit"}, {'b', "1Kib", "no unit"}, {'b', "1ms", "no unit"}, {'b', "", "empty"},
    {'r', "1G", "no unit"}, {'r', "1GBps", "no unit"}, {'r', "100", "100Mbps"},
};

START_TEST(wrong_word_is_refused_with_advice)
{
    mc_ns duration;
    uint32_t share;
    uint64_t number;
    char why[SIM_UNITS_WHY] = "";
    struct mc_str text = mc_str_c(bad[_i].text);
    bool read = bad[_i].kind == 'd'   ? sim_read_duration(text, &duration, why)
                : bad[_i].kind == 's' ? sim_read_share(text, &share, why)
                : bad[_i].kind == 'b' ? sim_read_size(text, &number, why)
                                      : sim_read_bit_rate(text, &number, why);
    ck_assert_msg(!read, "\"%s\" was read", bad[_i].text);
    ck_assert_msg(strstr(why, bad[_i].advice) != NULL, "\"%s\": %s", bad[_i].text, why);
}
END_TEST

static const struct {
    mc_ns value;
    const char *text;
} printed[] = {
    {0, "0s"}, {1, "1ns"}, {999, "999ns"}, {1500, "1.5us"}, {1500 * MC_US, "1.5ms"}, {150 * MC_MS, "150ms"}, {MC_S, "1s"}, {12500 * MC_MS, "12.5s"},
    {MC_MIN, "1m00s"}, {121 * MC_S, "2m01s"}, {8 * MC_MIN, "8m00s"}, {MC_HOUR, "1h00m"}, {25 * MC_HOUR + 90 * MC_S, "25h01m"}, {-1500 * MC_US, "-1.5ms"}, {MC_NEVER, "never"},
};

START_TEST(duration_is_printed_short)
{
    char out[SIM_UNITS_TEXT];
    ck_assert_str_eq(sim_print_duration(printed[_i].value, out), printed[_i].text);
}
END_TEST

/* What is printed of a duration without rounding reads back as it was. */
START_TEST(printed_duration_reads_back)
{
    for (mc_ns value = 1; value < 90 * MC_S; value = value * 3 + 1) {
        mc_ns whole = value >= MC_S ? value - value % (100 * MC_MS) : value >= MC_MS ? value - value % (100 * MC_US) : value >= MC_US ? value - value % 100 : value, back;
        if (whole >= 100 * MC_US && whole < MC_MS) whole -= whole % MC_US; /* three digits need no fourth */
        if (whole >= 100 * MC_MS && whole < MC_S) whole -= whole % MC_MS;
        if (whole >= MC_MIN) whole -= whole % MC_S;
        char out[SIM_UNITS_TEXT], why[SIM_UNITS_WHY] = "";
        ck_assert_msg(sim_read_duration(mc_str_c(sim_print_duration(whole, out)), &back, why), "%s: %s", out, why);
        ck_assert_msg(back == whole, "%lld printed as %s", (long long)whole, out);
    }
}
END_TEST

START_TEST(shares_and_instants_are_printed)
{
    char out[SIM_UNITS_TEXT];
    ck_assert_str_eq(sim_print_share(3100, out), "0.31%");
    ck_assert_str_eq(sim_print_share(1000000, out), "100.00%");
    ck_assert_str_eq(sim_print_share(49, out), "0.00%");
    ck_assert_str_eq(sim_print_share(50, out), "0.01%");
    ck_assert_str_eq(sim_print_instant(121 * MC_S + 214 * MC_MS, out), "2m01.214");
    ck_assert_str_eq(sim_print_instant(-1, out), "0m00.000");
}
END_TEST

START_TEST(error_holds_its_place_and_is_cut)
{
    static char word[600];
    struct sim_error error = {0};
    memset(word, 'w', sizeof word - 1);
    ck_assert(!sim_error_set(&error, (struct sim_source){MC_STR("a.lua"), 7}, "unknown \"%s\"", word));
    ck_assert_int_eq(error.source.line, 7);
    ck_assert_uint_eq(strlen(error.text), SIM_ERROR_TEXT - 1);
    static const struct { const char *name; int number; } names[] = {{"latency", 1}, {"jitter", 2}, {"loss", 3}};
    ck_assert_str_eq(sim_nearest(MC_STR("latencey"), names, sizeof *names, 3), "latency");
    ck_assert_ptr_null(sim_nearest(MC_STR("zzzzzzzz"), names, sizeof *names, 3));
}
END_TEST

#define COUNT(array) (int)(sizeof array / sizeof *array)

Suite *test_units_suite(void)
{
    Suite *suite = suite_create("units");
    TCase *tc = tcase_create("all");
    tcase_add_loop_test(tc, duration_is_read, 0, COUNT(durations));
    tcase_add_loop_test(tc, share_is_read, 0, COUNT(shares));
    tcase_add_loop_test(tc, size_is_read, 0, COUNT(sizes));
    tcase_add_loop_test(tc, bit_rate_is_read, 0, COUNT(bit_rates));
    tcase_add_loop_test(tc, wrong_word_is_refused_with_advice, 0, COUNT(bad));
    tcase_add_loop_test(tc, duration_is_printed_short, 0, COUNT(printed));
    tcase_add_test(tc, printed_duration_reads_back);
    tcase_add_test(tc, shares_and_instants_are_printed);
    tcase_add_test(tc, error_holds_its_place_and_is_cut);
    suite_add_tcase(suite, tc);
    return suite;
}
