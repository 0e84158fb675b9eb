/* Header lists and heads: names by number, replacing, removing, lists in values, authorities. */
#include "base/limits.h"
#include "http/date.h"
#include "http/message.h"
#include "support/memory.h"
#include <check.h>
#include <ctype.h>
#include <time.h>

Suite *test_header_suite(void);

static struct test_memory memory;
static struct mc_pool pool;
static struct mc_arena arena;
static struct mc_headers headers;

static void set_up(void)
{
    memory = (struct test_memory){0};
    headers = (struct mc_headers){0};
    mc_pool_init(&pool, test_alloc(&memory));
    mc_arena_init(&arena, &pool, 0);
}

static void tear_down(void)
{
    mc_arena_fini(&arena);
    ck_assert_uint_eq(pool.live_blocks, 0);
    mc_pool_fini(&pool);
}

static void add(const char *name, const char *value)
{
    ck_assert(mc_ok(mc_headers_add(&headers, &arena, mc_str_c(name), mc_str_c(value))));
}

START_TEST(known_names_have_their_number_in_any_case)
{
    for (int id = 1; id < MC_HEADER_KNOWN_COUNT; id++) {
        struct mc_str name = mc_header_name((enum mc_header_id)id);
        char text[64];
        memcpy(text, name.p, name.n);
        ck_assert_int_eq(mc_header_id(name), id);
        for (size_t i = 0; i < name.n; i++) text[i] = (char)toupper(text[i]);
        ck_assert_int_eq(mc_header_id(mc_str(text, name.n)), id);
        text[name.n - 1] = '!';
        ck_assert_int_eq(mc_header_id(mc_str(text, name.n)), MC_HEADER_OTHER);
        ck_assert_int_eq(mc_header_id(mc_str(name.p, name.n - 1)), MC_HEADER_OTHER);
    }
    ck_assert_int_eq(mc_header_id(MC_STR("")), MC_HEADER_OTHER);
    ck_assert_uint_eq(mc_header_name(MC_HEADER_OTHER).n, 0);
}
END_TEST

START_TEST(setting_replaces_all_and_removing_keeps_order)
{
    add("A", "1"), add("x", "2"), add("a", "3"), add("Host", "h"), add("X", "4");
    ck_assert(mc_ok(mc_headers_set(&headers, &arena, MC_STR("a"), MC_STR("new"))));
    ck_assert_uint_eq(headers.count, 4);
    ck_assert(mc_str_eq(headers.list[0].value, MC_STR("new")));
    mc_headers_remove(&headers, MC_STR("X"));
    ck_assert_uint_eq(headers.count, 2);
    ck_assert(mc_str_eq(mc_headers_known(&headers, MC_HEADER_HOST)->value, MC_STR("h")));
    ck_assert_uint_eq(headers.bytes, 1 + 3 + 4 + 4 + 1 + 4);
    ck_assert(mc_ok(mc_headers_set(&headers, &arena, MC_STR("z"), MC_STR("9"))));
    ck_assert(mc_str_eq(mc_headers_find(&headers, MC_STR("Z"))->value, MC_STR("9")));
    mc_headers_remove_known(&headers, MC_HEADER_HOST);
    ck_assert_ptr_null(mc_headers_find(&headers, MC_STR("host")));
}
END_TEST

START_TEST(list_values_are_searched_over_all_lines)
{
    add("Connection", " keep-alive ,\tUpgrade"), add("connection", "x-a,,close");
    ck_assert(mc_headers_list_has(&headers, MC_HEADER_CONNECTION, MC_STR("upgrade")));
    ck_assert(mc_headers_list_has(&headers, MC_HEADER_CONNECTION, MC_STR("CLOSE")));
    ck_assert(!mc_headers_list_has(&headers, MC_HEADER_CONNECTION, MC_STR("keep")));
    ck_assert(!mc_headers_list_has(&headers, MC_HEADER_TE, MC_STR("close")));
}
END_TEST

START_TEST(list_is_bounded)
{
    int n = 0;
    while (mc_ok(mc_headers_add(&headers, &arena, MC_STR("x"), MC_STR("y")))) ck_assert_int_lt(n++, 4 * MC_MAX_HEADERS);
    ck_assert_int_ge(n, MC_MAX_HEADERS);
}
END_TEST

static const struct {
    const char *authority, *host;
} authorities[] = {{"a", "a"}, {"a:80", "a"}, {"a:", "a"}, {"[::1]", "[::1]"}, {"[::1]:443", "[::1]"}, {"1.2.3.4:1", "1.2.3.4"}, {"", ""}, {"12", "12"}};

START_TEST(host_is_the_authority_without_its_port)
{
    struct mc_head head = {.authority = mc_str_c(authorities[_i].authority), .path = MC_STR("/a?b?c")};
    struct mc_str query;
    ck_assert(mc_str_eq(mc_head_host(&head), mc_str_c(authorities[_i].host)));
    ck_assert(mc_str_eq(mc_head_path(&head, &query), MC_STR("/a")));
    ck_assert(mc_str_eq(query, MC_STR("b?c")));
}
END_TEST

START_TEST(bodiless_answers_and_methods_are_the_standard_s)
{
    ck_assert(mc_response_is_bodiless(MC_METHOD_HEAD, 200));
    ck_assert(mc_response_is_bodiless(MC_METHOD_GET, 100) && mc_response_is_bodiless(MC_METHOD_GET, 204) && mc_response_is_bodiless(MC_METHOD_GET, 304));
    ck_assert(!mc_response_is_bodiless(MC_METHOD_GET, 200) && !mc_response_is_bodiless(MC_METHOD_GET, 404));
    ck_assert_int_eq(mc_method_of(MC_STR("PATCH")), MC_METHOD_PATCH);
    ck_assert_int_eq(mc_method_of(MC_STR("get")), MC_METHOD_OTHER); /* RFC 9110 §9.1: case matters */
}
END_TEST

/* RFC 9110 §5.6.7's example, and what the C library makes of other seconds: leap days, turns of a century. */
START_TEST(dates_are_the_c_library_s)
{
    static const int64_t seconds[] = {784111777, 0, 951782399, 951782400, 1709164800, 1735689599, 4107542399, 4107542400, 7258118400};
    char date[MC_DATE_MAX], wanted[40];
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        time_t second = seconds[i];
        struct tm parts;
        size_t n = mc_http_date(seconds[i] * MC_S + MC_S - 1, date);
        size_t m = strftime(wanted, sizeof wanted, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&second, &parts));
        ck_assert(mc_str_eq(mc_str(date, n), mc_str(wanted, m)));
    }
    ck_assert(mc_str_eq(mc_str(date, mc_http_date(784111777 * MC_S, date)), MC_STR("Sun, 06 Nov 1994 08:49:37 GMT")));
}
END_TEST

Suite *test_header_suite(void)
{
    Suite *suite = suite_create("header");
    TCase *tc = tcase_create("all");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, known_names_have_their_number_in_any_case);
    tcase_add_test(tc, setting_replaces_all_and_removing_keeps_order);
    tcase_add_test(tc, list_values_are_searched_over_all_lines);
    tcase_add_test(tc, list_is_bounded);
    tcase_add_loop_test(tc, host_is_the_authority_without_its_port, 0, sizeof authorities / sizeof *authorities);
    tcase_add_test(tc, bodiless_answers_and_methods_are_the_standard_s);
    tcase_add_test(tc, dates_are_the_c_library_s);
    suite_add_tcase(suite, tc);
    return suite;
}
