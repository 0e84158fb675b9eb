#include "sim/check/flags.h"
#include "sim/check/verdict.h"
#include "support/memory.h"
#include "host/trace.h"
#include <check.h>

static enum sim_status overall(const enum sim_status *list, unsigned count)
{
    struct test_memory memory = {0};
    struct sim_verdicts verdicts;
    sim_verdicts_init(&verdicts, test_alloc(&memory));
    for (unsigned i = 0; i < count; i++) {
        char name[8] = "check 0"; /* the copy must not look here again */
        name[6] = (char)('0' + i);
        struct sim_verdict one = {.status = list[i], .name = mc_str_c(name), .message = MC_STR("why")};
        ck_assert_ptr_nonnull(sim_verdicts_add(&verdicts, &one));
    }
    for (unsigned i = 0; i < count; i++) {
        ck_assert_int_eq(verdicts.list[i].name.p[6], '0' + (int)i);
        ck_assert(mc_str_eq(verdicts.list[i].message, MC_STR("why")));
    }
    enum sim_status status = sim_verdicts_overall(&verdicts);
    sim_verdicts_fini(&verdicts);
    ck_assert_uint_eq(memory.live_blocks, 0);
    return status;
}

START_TEST(a_failure_outweighs_a_doubt_outweighs_passes)
{
    ck_assert_int_eq(overall(NULL, 0), SIM_PASS);
    ck_assert_int_eq(overall((enum sim_status[]){SIM_PASS, SIM_PASS}, 2), SIM_PASS);
    ck_assert_int_eq(overall((enum sim_status[]){SIM_PASS, SIM_INCONCLUSIVE, SIM_PASS}, 3), SIM_INCONCLUSIVE);
    ck_assert_int_eq(overall((enum sim_status[]){SIM_INCONCLUSIVE, SIM_FAIL, SIM_PASS}, 3), SIM_FAIL);
    ck_assert_int_eq(overall((enum sim_status[]){SIM_FAIL, SIM_INCONCLUSIVE}, 2), SIM_FAIL);
}
END_TEST

START_TEST(without_memory_nothing_is_proved)
{
    struct test_memory memory = {.refuse_at = 1};
    struct sim_verdicts verdicts;
    sim_verdicts_init(&verdicts, test_alloc(&memory));
    ck_assert_ptr_null(sim_verdicts_add(&verdicts, &(struct sim_verdict){.status = SIM_PASS}));
    ck_assert_int_eq(sim_verdicts_overall(&verdicts), SIM_INCONCLUSIVE);
    sim_verdicts_fini(&verdicts);
}
END_TEST

static uint64_t digest_of(enum sim_status status, mc_ns at, const char *name)
{
    struct test_memory memory = {0};
    struct sim_verdicts verdicts;
    struct mc_digest digest = {0};
    sim_verdicts_init(&verdicts, test_alloc(&memory));
    ck_assert_ptr_nonnull(sim_verdicts_add(&verdicts, &(struct sim_verdict){.status = status, .at = at, .name = mc_str_c(name)}));
    sim_verdicts_digest(&verdicts, &digest);
    sim_verdicts_fini(&verdicts);
    return digest.value;
}

START_TEST(the_digest_tells_verdicts_apart)
{
    uint64_t one = digest_of(SIM_PASS, 5, "a");
    ck_assert_uint_eq(one, digest_of(SIM_PASS, 5, "a"));
    ck_assert_uint_ne(one, digest_of(SIM_FAIL, 5, "a"));
    ck_assert_uint_ne(one, digest_of(SIM_PASS, 6, "a"));
    ck_assert_uint_ne(one, digest_of(SIM_PASS, 5, "b"));
}
END_TEST

START_TEST(flags_by_name)
{
    char text[SIM_FLAGS_TEXT];
    uint32_t bit;
    ck_assert(sim_flag_read(MC_STR("UF"), &bit));
    ck_assert_uint_eq(bit, MC_FLAG(UF));
    ck_assert(!sim_flag_read(MC_STR("uf"), &bit));
    ck_assert_str_eq(sim_flags_print(MC_FLAG(UF) | MC_FLAG(URX), text), "UF,URX");
    ck_assert_str_eq(sim_flags_print(0, text), "-");
    sim_flags_print(UINT32_MAX, text); /* all of them fit or are cut, never beyond */
    ck_assert_uint_lt(strlen(text), SIM_FLAGS_TEXT);
    ck_assert(mc_str_eq(sim_flags_nearest(MC_STR("UHH")), MC_STR("UH")));
}
END_TEST

Suite *test_verdict_suite(void);
Suite *test_verdict_suite(void)
{
    Suite *suite = suite_create("verdict");
    TCase *tests = tcase_create("verdict");
    tcase_add_test(tests, a_failure_outweighs_a_doubt_outweighs_passes);
    tcase_add_test(tests, without_memory_nothing_is_proved);
    tcase_add_test(tests, the_digest_tells_verdicts_apart);
    tcase_add_test(tests, flags_by_name);
    suite_add_tcase(suite, tests);
    return suite;
}
