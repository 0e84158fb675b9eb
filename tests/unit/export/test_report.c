/* Reports, as their readers take them: xmllint, python3, and TAP's own rules. */
#include "sim/export/json.h"
#include "sim/export/report.h"
#include "support/runner.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Suite *test_report_suite(void);

static struct sim_report report;
static struct sim_report_style style;

static const struct sim_verdict good = {.kind = SIM_VERDICT_CHECK, .status = SIM_PASS, .name = {"it ran", 6}, .at = MC_S, .source = {{"a.lua", 5}, 9}};
static const struct sim_verdict bad = {.kind = SIM_VERDICT_THRESHOLD, .status = SIM_FAIL, .name = {"p(99) < 250ms", 13}, .at = 124 * MC_S,
                                       .observed = {true, 412}, .expected = {true, 250}, .op = {"<", 1}, .unit = {"ms", 2}, .samples = 96012,
                                       .source = {{"a.lua", 5}, 26}};
static const struct sim_verdict vague = {.kind = SIM_VERDICT_VACUITY, .status = SIM_INCONCLUSIVE, .name = {"partition", 9}, .at = MC_NEVER,
                                         .message = {"touched 0 packets", 17}};

static void set_up(void)
{
    sim_report_init(&report, "0.1.0");
    style = (struct sim_report_style){.ascii = true};
}

static void tear_down(void)
{
    sim_report_fini(&report);
}

static void add(const char *scenario, const char *status, const char *expect_fail, const struct sim_verdict *verdicts, uint32_t count)
{
    ck_assert_ptr_nonnull(sim_report_add(&report, &(struct sim_report_run){
        .run = report.count + 1, .scenario = mc_str_c(scenario), .file = MC_STR("a.lua"), .line = 3, .profile = MC_STR("linkerd"),
        .variant_json = MC_STR("{}"), .seed = 7, .status = mc_str_c(status), .expect_fail = mc_str_c(expect_fail), .trace_hash = MC_STR("00a1"),
        .replay = MC_STR("squall run a.lua --seed 7"), .sim_ns = 60 * MC_S, .wall_ms = 1310, .verdicts = verdicts, .verdict_count = count}));
}

static void add_all(void)
{
    const struct sim_verdict failed[] = {good, bad}, doubtful[] = {good, vague};
    add("canary", "passed", "", &good, 1);
    add("canary", "failed", "", failed, 2);
    add("naive", "xfail", "known to storm", failed, 2);
    add("vague", "inconclusive", "", doubtful, 2);
    add("later", "skipped", "", NULL, 0);
    add("broken", "error", "", NULL, 0);
    add("better", "xpass", "thought so", &good, 1);
}

static const char *written(const char *name)
{
    static char *text;
    size_t size;
    const struct sim_report_type *type = sim_report_types;
    free(text);
    text = NULL;
    FILE *out = open_memstream(&text, &size);
    while (strcmp(type->name, name) != 0) type++;
    ck_assert(type->write(&report, &style, out));
    fclose(out);
    return text;
}

/* The first line that COMMAND says when it is given TEXT. */
static const char *piped(const char *text, const char *command)
{
    static char line[512];
    char path[] = "/tmp/squall-report-XXXXXX", whole[1024];
    FILE *file = fdopen(mkstemp(path), "w");
    fputs(text, file);
    fclose(file);
    snprintf(whole, sizeof whole, "%s < %s 2>&1", command, path);
    FILE *pipe = popen(whole, "r");
    if (!fgets(line, sizeof line, pipe)) line[0] = '\0';
    pclose(pipe);
    unlink(path);
    line[strcspn(line, "\n")] = '\0';
    return line;
}

#define XPATH(expression) "xmllint --xpath \"" expression "\" -"

START_TEST(counts_are_of_runs)
{
    add_all();
    struct sim_report_counts counts = sim_report_count(&report);
    ck_assert_uint_eq(counts.passed, 2); /* passed, xfail */
    ck_assert_uint_eq(counts.failed, 4); /* failed, inconclusive, error, xpass */
    ck_assert_uint_eq(counts.skipped, 1);
    report.inconclusive_passes = true;
    counts = sim_report_count(&report);
    ck_assert_uint_eq(counts.failed, 3);
    ck_assert_uint_eq(counts.skipped, 2);
}
END_TEST

START_TEST(the_last_line_is_for_machines)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    add("a", "passed", "", &good, 1);
    sim_report_last_line(&report, out);
    add("b", "skipped", "", NULL, 0);
    sim_report_last_line(&report, out);
    fclose(out);
    ck_assert_str_eq(text, "squall: 1 passed, 0 failed\nsquall: 1 passed, 0 failed, 1 skipped\n");
    free(text);
}
END_TEST

START_TEST(junit_counts_what_it_holds)
{
    add_all();
    const char *text = written("junit");
    ck_assert_str_eq(piped(text, "xmllint --noout -"), "");
    /* 1 + 2 + 2 + 2 verdicts, a case for each run without any, one for the run that passed though it should not. */
    ck_assert_str_eq(piped(text, XPATH("concat(count(//testcase), ' ', /testsuites/@tests)")), "11 11");
    ck_assert_str_eq(piped(text, XPATH("concat(count(//failure), ' ', /testsuites/@failures)")), "2 2");
    ck_assert_str_eq(piped(text, XPATH("concat(count(//error), ' ', /testsuites/@errors)")), "2 2");
    ck_assert_str_eq(piped(text, XPATH("concat(count(//skipped), ' ', //testsuite/@skipped)")), "2 2");
    ck_assert_str_eq(piped(text, XPATH("string(//failure[@type='threshold']/@message)")), "was 412ms, limit < 250ms (96012 samples), at 2m04s");
    ck_assert_str_eq(piped(text, XPATH("string(//failure[@type='threshold'])")), "replay: squall run a.lua --seed 7");
    ck_assert_str_eq(piped(text, XPATH("string(//error[@type='inconclusive']/@message)")), "touched 0 packets");
    ck_assert_str_eq(piped(text, XPATH("string(//skipped/@message)")), "expected failure: known to storm");
    ck_assert_str_eq(piped(text, XPATH("string(//testcase/@classname)")), "canary.linkerd");
}
END_TEST

START_TEST(junit_names_are_unique_and_have_one_dot)
{
    const struct sim_verdict twice[] = {good, good, good};
    add("v1.2 of a.b", "passed", "", twice, 3);
    const char *text = written("junit");
    ck_assert_str_eq(piped(text, XPATH("count(//testcase[@name=preceding::testcase/@name])")), "0");
    ck_assert_str_eq(piped(text, XPATH("string(//testcase/@classname)")), "v1_2 of a_b.linkerd");
}
END_TEST

/* Every byte value in a name: XML that is well-formed, JSON that is read back. */
START_TEST(no_byte_breaks_a_report)
{
    char name[260];
    for (int i = 1; i < 256; i++) name[i - 1] = (char)i;
    memcpy(name + 255, "\xed\xa0\x80", 4); /* a surrogate in disguise */
    struct sim_verdict verdict = bad;
    verdict.name = mc_str_c(name);
    verdict.message = mc_str_c(name);
    add(name, "failed", "", &verdict, 1);
    ck_assert_str_eq(piped(written("junit"), "xmllint --noout -"), "");
    ck_assert_str_eq(piped(written("json"), "python3 -c \"import json,sys; r=json.load(sys.stdin); print(r['runs'][0]['scenario'][:32]==''.join(map(chr,range(1,33))))\""), "True");
    ck_assert_str_eq(piped(written("tap"), "grep -c '^not ok 1 '"), "1");
    ck_assert_str_eq(piped(written("text"), "grep -c -a -P '[\\x01-\\x08\\x0b-\\x1f\\x7f]'"), "0");
}
END_TEST

START_TEST(json_says_what_was_found)
{
    add_all();
    static const char program[] = "python3 -c \"import json,sys; r=json.load(sys.stdin); v=r['runs'][1]['verdicts'][1]; "
                                  "print(r['schema_version'], len(r['runs']), r['counts']['failed'], v['observed'], v['op'], v['expected'], "
                                  "r['runs'][0]['verdicts'][0]['observed'], r['runs'][0]['variant'])\"";
    ck_assert_str_eq(piped(written("json"), program), "1 7 4 412 < 250 None {}");
}
END_TEST

/* Tests numbered in order, the plan says how many, directives where they belong. */
START_TEST(tap_is_tap)
{
    add_all();
    add("with # and \\ in it", "passed", "", &good, 1);
    static const char *const wanted[] = {"ok 1 - canary (linkerd, seed 7)", "not ok 2 - canary (linkerd, seed 7)",
        "not ok 3 - naive (linkerd, seed 7) # TODO expected failure: known to storm", "not ok 4 - vague (linkerd, seed 7)",
        "ok 5 - later (linkerd, seed 7) # SKIP skipped", "not ok 6 - broken (linkerd, seed 7)", "not ok 7 - better (linkerd, seed 7)",
        "ok 8 - with \\# and \\\\ in it (linkerd, seed 7)"};
    char *copy = strdup(written("tap"));
    char *line = strtok(copy, "\n");
    ck_assert_str_eq(line, "TAP version 13");
    ck_assert_str_eq(strtok(NULL, "\n"), "1..8");
    size_t seen = 0;
    while ((line = strtok(NULL, "\n"))) {
        if (*line == ' ') continue;
        ck_assert_uint_lt(seen, 8);
        ck_assert_str_eq(line, wanted[seen++]);
    }
    ck_assert_uint_eq(seen, 8);
    free(copy);
    style.tap_version = 14;
    ck_assert(!strncmp(written("tap"), "TAP version 14\n", 15));
}
END_TEST

START_TEST(the_text_names_place_and_command)
{
    add_all();
    const char *text = written("text");
    ck_assert_ptr_nonnull(strstr(text, "FAIL p(99) < 250ms\n        was 412ms, limit < 250ms (96012 samples), at 2m04s"));
    ck_assert_ptr_nonnull(strstr(text, "a.lua:26\n        replay:  squall run a.lua --seed 7\n"));
    ck_assert_ptr_nonnull(strstr(text, "failed as expected: known to storm"));
    for (const char *p = text; *p; p++) ck_assert_int_ge(*p, 0); /* --ascii */
    style = (struct sim_report_style){.colour = true};
    ck_assert_ptr_nonnull(strstr(written("text"), "\033[31m✗\033[0m p(99) < 250ms"));
    style = (struct sim_report_style){.ascii = true, .verbosity = -1};
    text = written("text");
    ck_assert_ptr_nonnull(strstr(text, "p(99) < 250ms"));
    ck_assert_ptr_null(strstr(text, "it ran"));
}
END_TEST

START_TEST(a_stream_that_refuses_is_told)
{
    add_all();
    for (const struct sim_report_type *type = sim_report_types; type->name; type++) {
        FILE *full = fopen("/dev/full", "w");
        ck_assert(!type->write(&report, &style, full));
        fclose(full);
    }
}
END_TEST

/* What a results file gives is what was told to it. */
START_TEST(reports_come_from_results_files)
{
    char path[] = "/tmp/squall-report-XXXXXX";
    struct sim_store_error error;
    close(mkstemp(path));
    struct sim_store *store = sim_store_create(path, &error);
    struct sim_store_run row = {.scenario = MC_STR("stored"), .file = MC_STR("a.lua"), .line = 3, .profile = MC_STR("linkerd"), .seed = 9};
    int64_t invocation = sim_store_add_invocation(store, &(struct sim_store_invocation){"2026-01-01T10:00:00Z", "[]", "/", "0", "0", "{}"});
    int64_t run = sim_store_add_run(store, invocation, &row);
    sim_store_set_attr(store, run, "replay", MC_STR("do it again"));
    struct sim_sink *sink = sim_store_sink(store, run, SIM_DETAIL_SUMMARY, 0);
    sink->type->verdict(sink, &good, 1);
    sink->type->verdict(sink, &bad, 2);
    sink->type->ended(sink, &(struct sim_sink_end){.status = "failed", .trace_hash = 0xfeed});
    ck_assert(sim_report_load(&report, store, invocation, 0, &error));
    ck_assert(sim_store_close(store, NULL));
    unlink(path);
    ck_assert_uint_eq(report.count, 1);
    ck_assert_uint_eq(report.runs[0].verdict_count, 2);
    ck_assert_ptr_nonnull(strstr(written("text"), "was 412ms, limit < 250ms (96012 samples), at 2m04s  (linkerd seed 9; 1 of 1 runs)\n        a.lua:26\n        replay:  do it again"));
    ck_assert_str_eq(piped(written("junit"), XPATH("string(//property/@value)")), "000000000000feed");
}
END_TEST

START_TEST(utf8_is_told_from_what_is_none)
{
    static const struct {
        const char *bytes;
        size_t length;
        uint32_t character;
    } cases[] = {
        {"a", 1, 'a'}, {"\xc3\xa9", 2, 0xe9}, {"\xe2\x9c\x93", 3, 0x2713}, {"\xf0\x9f\x98\x80", 4, 0x1f600},
        {"\x80", 0, 0}, {"\xc3", 0, 0}, {"\xc0\xaf", 0, 0} /* overlong */, {"\xe0\x80\xaf", 0, 0}, {"\xed\xa0\x80", 0, 0} /* surrogate */,
        {"\xf4\x90\x80\x80", 0, 0} /* past U+10FFFF */, {"\xf8\x88\x80\x80\x80", 0, 0}, {"\xff", 0, 0}, {"", 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t character = 0;
        ck_assert_uint_eq(sim_utf8(mc_str_c(cases[i].bytes), &character), cases[i].length);
        if (cases[i].length) ck_assert_uint_eq(character, cases[i].character);
    }
}
END_TEST

Suite *test_report_suite(void)
{
    const TTest *const tests[] = {
        counts_are_of_runs, the_last_line_is_for_machines, junit_counts_what_it_holds, junit_names_are_unique_and_have_one_dot, no_byte_breaks_a_report,
        json_says_what_was_found, tap_is_tap, the_text_names_place_and_command, a_stream_that_refuses_is_told, reports_come_from_results_files,
        utf8_is_told_from_what_is_none};
    Suite *suite = suite_create("report");
    TCase *tcase = tcase_create("report");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}
