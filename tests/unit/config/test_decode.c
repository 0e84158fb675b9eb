/* Scalars of protobuf's JSON mapping. */
#include "base/assert.h"
#include "config/decode.h"
#include <check.h>

Suite *test_decode_suite(void);

static const struct {
    const char *text;
    mc_ns value; /* -1: not a duration */
} durations[] = {
    {"0s", 0},
    {"1s", MC_S},
    {"0.25s", 250 * MC_MS},
    {"1.5s", 1500 * MC_MS},
    {"0.000000001s", 1},
    {"0.0000000019s", 1}, /* beyond nanoseconds: cut */
    {"3600s", MC_HOUR},
    {"9223372035s", 9223372035 * MC_S},
    {"9223372037s", -1},
    {"99999999999999999999s", -1},
    {"-1s", -1},
    {"1", -1},
    {"1ms", -1},
    {"s", -1},
    {".5s", -1},
    {"1.s", -1},
    {"1e3s", -1},
    {" 1s", -1},
    {"", -1},
};

START_TEST(durations_are_exact)
{
    mc_ns value = -1;
    bool read = mc_decode_duration(mc_str_c(durations[_i].text), &value);
    ck_assert_msg(read == (durations[_i].value >= 0), "'%s'", durations[_i].text);
    if (read) ck_assert_int_eq(value, durations[_i].value);
}
END_TEST

START_TEST(decimals_are_exact)
{
    uint64_t value = 0;
    ck_assert(mc_decode_decimal(MC_STR("12.5"), 1000, UINT64_MAX, &value));
    ck_assert_uint_eq(value, 12500);
    ck_assert(mc_decode_decimal(MC_STR("0.0009"), 1000, UINT64_MAX, &value));
    ck_assert_uint_eq(value, 0);
    ck_assert(mc_decode_decimal(MC_STR("18446744073709551615"), 1, UINT64_MAX, &value));
    ck_assert_uint_eq(value, UINT64_MAX);
    ck_assert(!mc_decode_decimal(MC_STR("18446744073709551616"), 1, UINT64_MAX, &value));
    ck_assert(!mc_decode_decimal(MC_STR("101"), 1, 100, &value));
    ck_assert(!mc_decode_decimal(MC_STR("1.2.3"), 10, 100, &value));
}
END_TEST

Suite *test_decode_suite(void)
{
    Suite *suite = suite_create("decode");
    TCase *tcase = tcase_create("scalars");
    tcase_add_loop_test(tcase, durations_are_exact, 0, (int)MC_COUNT_OF(durations));
    tcase_add_test(tcase, decimals_are_exact);
    suite_add_tcase(suite, tcase);
    return suite;
}
