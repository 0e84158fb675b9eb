/* RE2's language: what matches is judged by a small backtracking matcher of our own on random patterns
 * of the common subset, and by cases written from RE2's syntax page. */
#include "model/snapshot.h"
#include "support/memory.h"
#include "base/rand.h"
#include <check.h>

Suite *test_regex_suite(void);

static struct test_memory memory;
static struct mc_pool pool;

static void set_up(void)
{
    memory = (struct test_memory){0};
    mc_pool_init(&pool, test_alloc(&memory));
}

static void tear_down(void)
{
    ck_assert_uint_eq(pool.live_blocks, 0);
    mc_pool_fini(&pool);
    ck_assert_uint_eq(memory.live_blocks, 0);
}

static const struct {
    const char *pattern, *text;
    bool matches;
} matches[] = {
    {"", "", true},
    {"", "a", false},
    {"abc", "abc", true},
    {"abc", "xabc", false},         /* the whole text */
    {"abc", "abcx", false},
    {"abc", "abc\n", false},        /* $ is the very end */
    {"a|ab", "ab", true},           /* the longer alternative, too */
    {"(a|ab)(c|bcd)", "abcd", true},
    {"/v[0-9]+/users", "/v42/users", true},
    {"/v[0-9]+/users", "/v/users", false},
    {"(?i)abc", "aBc", true},
    {"(?i:a)bc", "aBc", false},
    {"(?P<name>a+)", "aaa", true},
    {"a.c", "a\nc", false},
    {"(?s)a.c", "a\nc", true},
    {"\\Qa.c\\E+", "a.cc", true},
    {"\\Qa.c\\E", "abc", false},
    {"[[:alpha:]]+", "abc", true},
    {"[[:^alpha:]]+", "123", true},
    {"[]a]+", "]a]", true},
    {"[^]a]+", "bcd", true},
    {"a{2,3}", "aa", true},
    {"a{2,3}", "aaaa", false},
    {"a{,3}", "a{,3}", true},       /* not a repetition: literal */
    {"x*?y", "xxy", true},
    {"\\d+\\.\\d+", "12.5", true},
    {"\\x41\\x{42}", "AB", true},
    {"\\pL+", "abc", true},
    {"\\bfoo\\b", "foo", true},
    {".*", "caf\xc3\xa9", true},
    {"caf.", "caf\xc3\xa9", true},  /* a character, not a byte */
    {".*", "caf\xe9", false},       /* not UTF-8: nothing matches it */
    {"^abc$", "abc", true},
    {"\\Aabc\\z", "abc", true},
    {"(a+)+b?", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", false},
};

START_TEST(matches_as_re2_does)
{
    const char *why;
    struct mc_regex *regex = mc_regex_compile(&pool, mc_str_c(matches[_i].pattern), false, &why);
    ck_assert_msg(regex != NULL, "%s: %s", matches[_i].pattern, why);
    ck_assert_msg(mc_regex_matches(regex, mc_str_c(matches[_i].text)) == matches[_i].matches, "%s on %s",
                  matches[_i].pattern, matches[_i].text);
    mc_regex_free(regex);
}
END_TEST

static const char *const refused[] = {
    "a(?=b)", "a(?!b)", "(?<=a)b", "(?<!a)b", /* look-around */
    "(a)\\1", "(?P<n>a)(?P=n)", "(?<n>a)\\k<n>", "(a)\\g1", /* back-references */
    "(?>a+)b", "a++b", "a*+", "a?+", "a{1,2}+", /* atomic, possessive */
    "a**", "a{2}{3}", /* double repetition */
    "(?R)", "(?1)", "(?(1)a)", "(?#c)", "(?|a)", "(?x)a", "(?&n)", "(*LIMIT_MATCH=9)a", "a(?C1)", /* PCRE's */
    "\\R", "\\X", "\\h", "\\K", "\\G", "\\Z", "\\N", "\\v", "\\C", "\\e", "\\cA", "\\u0041",
    "[[.a.]]", "[[=a=]]", "[[:<:]]a",
    "a{1001}", "a{0,5000}", "(", ")", "[a", "a\\", "[z-a]", "*a",
};

START_TEST(refuses_what_is_not_re2)
{
    const char *why = NULL;
    struct mc_regex *regex = mc_regex_compile(&pool, mc_str_c(refused[_i]), false, &why);
    ck_assert_msg(regex == NULL, "%s was taken", refused[_i]);
    ck_assert_ptr_nonnull(why);
}
END_TEST

START_TEST(size_is_bounded)
{
    static char pattern[5000];
    const char *why;
    memset(pattern, 'a', sizeof pattern - 1);
    ck_assert_ptr_null(mc_regex_compile(&pool, mc_str_c(pattern), false, &why));
    ck_assert_ptr_null(mc_regex_compile(&pool, MC_STR("((a{1000}){1000}){1000}"), false, &why));
}
END_TEST

START_TEST(ignores_case_when_told)
{
    const char *why;
    struct mc_regex *regex = mc_regex_compile(&pool, MC_STR("/Api/.*"), true, &why);
    ck_assert(mc_regex_matches(regex, MC_STR("/aPI/x")));
    mc_regex_free(regex);
}
END_TEST

START_TEST(refused_memory_is_no_match_nor_crash)
{
    const char *why;
    bool compiled = false;
    for (size_t n = 1; n < 100 && !compiled; n++) {
        struct test_memory small = {.refuse_at = n, .refuse_after = true};
        struct mc_pool tight;
        mc_pool_init(&tight, test_alloc(&small));
        struct mc_regex *regex = mc_regex_compile(&tight, MC_STR("(a|b)*c{3}[x-z]+"), false, &why);
        if (!regex) ck_assert_str_eq(why, "out of memory");
        compiled = regex;
        mc_regex_free(regex);
        ck_assert_uint_eq(tight.live_blocks, 0);
        mc_pool_fini(&tight);
        ck_assert_uint_eq(small.live_blocks, 0);
    }
    ck_assert(compiled);
}
END_TEST

/* ---- the oracle: literals a-c, '.', '*', '?', '+' after an atom, '|' at the top ---- */

static bool naive_seq(const char *pattern, const char *end, const char *text);

static bool naive_repeat(const char *pattern, const char *end, const char *text, int least, int most)
{
    for (int count = 0; count <= most; count++) {
        if (count >= least && naive_seq(pattern + 2, end, text)) return true;
        if (!*text || (*pattern != '.' && *pattern != *text)) return false;
        text++;
    }
    return false;
}

static bool naive_seq(const char *pattern, const char *end, const char *text)
{
    if (pattern == end) return !*text;
    if (pattern + 1 < end && pattern[1] == '*') return naive_repeat(pattern, end, text, 0, 1000);
    if (pattern + 1 < end && pattern[1] == '+') return naive_repeat(pattern, end, text, 1, 1000);
    if (pattern + 1 < end && pattern[1] == '?') return naive_repeat(pattern, end, text, 0, 1);
    return *text && (*pattern == '.' || *pattern == *text) && naive_seq(pattern + 1, end, text + 1);
}

static bool naive(const char *pattern, const char *text)
{
    for (;;) {
        const char *bar = strchr(pattern, '|');
        if (naive_seq(pattern, bar ? bar : pattern + strlen(pattern), text)) return true;
        if (!bar) return false;
        pattern = bar + 1;
    }
}

static void draw_pattern(uint64_t seed, char out[static 32])
{
    size_t used = 0;
    for (uint64_t i = 0; i < 1 + mc_draw(seed, MC_FOR_SCRIPT, 0, 0) % 7; i++) {
        uint64_t draw = mc_draw(seed, MC_FOR_SCRIPT, 1, i);
        out[used++] = "abc."[draw % 4];
        if (draw / 4 % 3 == 0) out[used++] = "*+?"[draw / 16 % 3];
        if (draw / 64 % 6 == 0) out[used++] = '|';
    }
    if (out[used - 1] == '|') used--;
    out[used] = '\0';
}

START_TEST(agrees_with_a_naive_matcher)
{
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        char pattern[32], text[8];
        const char *why;
        size_t length = mc_draw(seed, MC_FOR_SCRIPT, 2, 0) % 7;
        draw_pattern(seed, pattern);
        for (size_t i = 0; i < length; i++) text[i] = "abc"[mc_draw(seed, MC_FOR_SCRIPT, 3, i) % 3];
        text[length] = '\0';
        struct mc_regex *regex = mc_regex_compile(&pool, mc_str_c(pattern), false, &why);
        ck_assert_msg(regex != NULL, "%s: %s", pattern, why);
        ck_assert_msg(mc_regex_matches(regex, mc_str_c(text)) == naive(pattern, text), "%s on %s", pattern, text);
        mc_regex_free(regex);
    }
}
END_TEST

Suite *test_regex_suite(void)
{
    Suite *suite = suite_create("regex");
    TCase *tcase = tcase_create("regex");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, matches_as_re2_does, 0, (int)MC_COUNT_OF(matches));
    tcase_add_loop_test(tcase, refuses_what_is_not_re2, 0, (int)MC_COUNT_OF(refused));
    tcase_add_test(tcase, size_is_bounded);
    tcase_add_test(tcase, ignores_case_when_told);
    tcase_add_test(tcase, refused_memory_is_no_match_nor_crash);
    tcase_add_test(tcase, agrees_with_a_naive_matcher);
    suite_add_tcase(suite, tcase);
    return suite;
}
