/* Text: comparisons, cuts, numbers, distance. Expectations are written by hand. */
#include "base/result.h"
#include "base/str.h"
#include <check.h>
#include <inttypes.h>
#include <stdio.h>

Suite *test_str_suite(void);

START_TEST(comparisons_are_bytewise)
{
    ck_assert(mc_str_eq_nocase(MC_STR("Content-LENGTH"), MC_STR("content-length")));
    ck_assert(!mc_str_eq_nocase(MC_STR("a@"), MC_STR("a`"))); /* 0x40 and 0x60 are not letters */
    ck_assert(!mc_str_eq_nocase(MC_STR("\xc4"), MC_STR("\xe4")));
    ck_assert(mc_str_starts(MC_STR("abc"), MC_STR("")));
    ck_assert(mc_str_starts(MC_STR("abc"), MC_STR("abc")));
    ck_assert(!mc_str_starts(MC_STR("ab"), MC_STR("abc")));
    ck_assert(mc_str_ends(MC_STR("abc"), MC_STR("bc")));
    ck_assert(!mc_str_ends(MC_STR("c"), MC_STR("bc")));
    ck_assert_int_lt(mc_str_cmp(MC_STR("a"), MC_STR("ab")), 0);
    ck_assert_int_lt(mc_str_cmp(MC_STR("ab"), MC_STR("b")), 0);
    ck_assert_int_gt(mc_str_cmp(MC_STR("\xff"), MC_STR("a")), 0);
    ck_assert_int_eq(mc_str_cmp(MC_STR(""), mc_str(NULL, 0)), 0);
    ck_assert(mc_str_eq(mc_str_trim(MC_STR(" \t a b\t ")), MC_STR("a b")));
    ck_assert_uint_eq(mc_str_trim(MC_STR(" \t ")).n, 0);
    ck_assert_uint_eq(mc_str_c(NULL).n, 0);
}
END_TEST

START_TEST(cut_splits_at_the_first)
{
    struct mc_str rest;
    ck_assert(mc_str_eq(mc_str_cut(MC_STR("a,b,c"), ',', &rest), MC_STR("a")));
    ck_assert(mc_str_eq(rest, MC_STR("b,c")));
    ck_assert(mc_str_eq(mc_str_cut(MC_STR(",b"), ',', &rest), MC_STR("")));
    ck_assert(mc_str_eq(rest, MC_STR("b")));
    ck_assert(mc_str_eq(mc_str_cut(MC_STR("ab"), ',', &rest), MC_STR("ab")));
    ck_assert_uint_eq(rest.n, 0);
    ck_assert_uint_eq(mc_str_cut(MC_STR(""), ',', &rest).n, 0);
}
END_TEST

static const struct {
    const char *text;
    uint64_t max;
    bool good;
    uint64_t value;
} numbers[] = {
    {"0", 0, true, 0}, {"1", 0, false, 0}, {"007", 7, true, 7}, {"255", 255, true, 255}, {"256", 255, false, 0},
    {"18446744073709551615", UINT64_MAX, true, UINT64_MAX}, {"18446744073709551616", UINT64_MAX, false, 0},
    {"99999999999999999999999", UINT64_MAX, false, 0}, {"", 9, false, 0}, {"-1", 9, false, 0}, {"+1", 9, false, 0},
    {" 1", 9, false, 0}, {"1 ", 9, false, 0}, {"0x1", 99, false, 0}, {"1.0", 99, false, 0},
    {"9", 8, false, 0}, {"10", 9, false, 0}, {"19", 20, true, 19}, {"21", 20, false, 0}, {"8", 8, true, 8},
};

START_TEST(number_is_decimal_and_bounded)
{
    uint64_t value = 0;
    ck_assert_int_eq(mc_str_to_u64(mc_str_c(numbers[_i].text), numbers[_i].max, &value), numbers[_i].good);
    if (numbers[_i].good) ck_assert_uint_eq(value, numbers[_i].value);
}
END_TEST

START_TEST(number_prints_as_printf_does)
{
    static const uint64_t values[] = {0, 9, 10, 99, 100, 12345678901234567890u, UINT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char out[20], want[24];
        size_t n = mc_u64_to_text(values[i], out);
        snprintf(want, sizeof want, "%" PRIu64, values[i]);
        ck_assert(mc_str_eq(mc_str(out, n), mc_str_c(want)));
    }
}
END_TEST

START_TEST(hexadecimal_is_read_and_written_as_printf_does)
{
    for (unsigned digits = 1; digits <= 16; digits++) {
        uint64_t value = UINT64_C(0x0f1e2d3c4b5a6978) * digits & (digits == 16 ? UINT64_MAX : (UINT64_C(1) << 4 * digits) - 1), got = 0;
        char want[20], out[20] = "..................";
        snprintf(want, sizeof want, "%0*" PRIx64, (int)digits, value);
        ck_assert_ptr_eq(mc_hex_write(out, value, digits), out + digits);
        ck_assert(mc_str_eq(mc_str(out, digits), mc_str(want, digits)));
        ck_assert_int_eq(out[digits], '.');
        ck_assert(mc_hex_read(want, digits, &got));
        ck_assert_uint_eq(got, value);
    }
}
END_TEST

/* Each byte value at each place of sixteen digits: those of 0-9 and a-f are taken, no other. */
START_TEST(what_is_no_hexadecimal_digit_is_refused)
{
    for (int at = 0; at < 16; at++)
        for (int c = 0; c < 256; c++) {
            char text[] = "0123456789abcdef";
            uint64_t value = 0, digit = (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
            int shift = 4 * (15 - at);
            text[at] = (char)c;
            bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
            ck_assert_int_eq(mc_hex_read(text, 16, &value), good);
            ck_assert_int_eq(mc_hex_read(text + at, 1, &value), good);
            if (good && mc_hex_read(text, 16, &value)) ck_assert_uint_eq(value >> shift & 15, digit);
        }
}
END_TEST

static const struct {
    const char *a, *b;
    unsigned distance;
} words[] = {
    {"", "", 0}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"latency", "latnecy", 1}, {"replicas", "replica", 1},
    {"ab", "ba", 1}, {"ABC", "abc", 0}, {"flaw", "lawn", 2},
};

START_TEST(distance_counts_edits)
{
    ck_assert_uint_eq(mc_str_distance(mc_str_c(words[_i].a), mc_str_c(words[_i].b)), words[_i].distance);
    ck_assert_uint_eq(mc_str_distance(mc_str_c(words[_i].b), mc_str_c(words[_i].a)), words[_i].distance);
}
END_TEST

START_TEST(every_code_has_a_text)
{
    for (int code = 0; code <= MC_STATE; code++) ck_assert_uint_gt(strlen(mc_code_text((enum mc_code)code)), 0);
    ck_assert_str_eq(mc_code_text(MC_NO_MEMORY), "out of memory");
}
END_TEST

Suite *test_str_suite(void)
{
    Suite *suite = suite_create("str");
    TCase *tc = tcase_create("all");
    tcase_add_test(tc, comparisons_are_bytewise);
    tcase_add_test(tc, cut_splits_at_the_first);
    tcase_add_loop_test(tc, number_is_decimal_and_bounded, 0, sizeof numbers / sizeof *numbers);
    tcase_add_test(tc, number_prints_as_printf_does);
    tcase_add_test(tc, hexadecimal_is_read_and_written_as_printf_does);
    tcase_add_test(tc, what_is_no_hexadecimal_digit_is_refused);
    tcase_add_loop_test(tc, distance_counts_edits, 0, sizeof words / sizeof *words);
    tcase_add_test(tc, every_code_has_a_text);
    suite_add_tcase(suite, tc);
    return suite;
}
