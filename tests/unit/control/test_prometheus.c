#include "control/judge.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

struct reader {
    struct mc_prom_parser parser;
    uint32_t samples;
    char name[64], first_label[64], first_value[64];
    uint64_t value;
    struct mc_tally tally;
    struct mc_tally_filter filter;
};

static void keep(char *out, struct mc_str text)
{
    snprintf(out, 64, "%.*s", MC_STR_ARG(text));
}

static void sample(struct mc_prom_parser *parser, const struct mc_prom_sample *seen)
{
    struct reader *reader = mc_container(parser, struct reader, parser);
    reader->samples++;
    reader->value = seen->value;
    keep(reader->name, seen->name);
    if (seen->label_count) keep(reader->first_label, seen->labels[0].name);
    if (seen->label_count) keep(reader->first_value, seen->labels[0].value);
    mc_tally_add(&reader->tally, &reader->filter, seen);
}

static struct reader *reader_new(void)
{
    struct reader *reader = calloc(1, sizeof *reader);
    mc_prom_init(&reader->parser, sample);
    reader->filter = (struct mc_tally_filter){MC_REPORTER_SOURCE, MC_STR("reviews"), MC_STR("reviews.default.svc.cluster.local"), MC_STR("v2")};
    return reader;
}

static struct reader *read_text(const char *text)
{
    struct reader *reader = reader_new();
    mc_prom_feed(&reader->parser, mc_str_c(text));
    mc_prom_end(&reader->parser);
    return reader;
}

/* Prometheus' own example of the text format (prometheus.io, exposition formats). */
START_TEST(test_lines)
{
    static const struct { const char *text; uint32_t samples; uint64_t value; } cases[] = {
        {"# HELP http_requests_total The total number of HTTP requests.\n# TYPE http_requests_total counter\n"
         "http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n", 1, 1027},
        {"metric_without_timestamp_and_labels 12.47\n", 1, 12},
        {"something_weird{problem=\"division by zero\"} +Inf -3982045\n", 1, UINT64_MAX},
        {"# nothing\n\n   \n", 0, 0},
        {"a 1e+06\n", 1, 1000000},
        {"a 1.5e3\n", 1, 1500},
        {"a{b=\"c\",} 7\n", 1, 7},
        {"a { b = \"c\" , d = \"e\" } 7", 1, 7},
        {"a 1\r\nb 2\r\n", 2, 2},
    };
    for (size_t i = 0; i < MC_COUNT_OF(cases); i++) {
        struct reader *reader = read_text(cases[i].text);
        ck_assert_msg(reader->samples == cases[i].samples, "%s", cases[i].text);
        ck_assert_msg(reader->value == cases[i].value, "%s", cases[i].text);
        ck_assert_uint_eq(reader->parser.unreadable, 0);
        free(reader);
    }
}
END_TEST

START_TEST(test_escapes)
{
    struct reader *reader = read_text("msdos_file_access_time_seconds{path=\"C:\\\\DIR\\\\FILE.TXT\",error=\"Cannot find file:\\n\\\"FILE.TXT\\\"\"} 1.458255915e9\n");
    ck_assert_str_eq(reader->first_label, "path");
    ck_assert_str_eq(reader->first_value, "C:\\DIR\\FILE.TXT");
    ck_assert_uint_eq(reader->value, 1458255915);
    free(reader);
}
END_TEST

START_TEST(test_malformed_lines_are_passed_over)
{
    static const char *const lines[] = {
        "{a=\"b\"} 1", "a{b=\"c\" 1", "a{b=\"c} 1", "a{b=c} 1", "a{=\"c\"} 1", "a{b=\"c\"}", "a", "a x", "a -1", "a NaN", "a 1e", "a 1.2.3",
        "a{b=\"c\\", "<html><body>", "\x01\x02\xff",
    };
    for (size_t i = 0; i < MC_COUNT_OF(lines); i++) {
        char text[200];
        snprintf(text, sizeof text, "%s\ngood 1\n", lines[i]);
        struct reader *reader = read_text(text);
        ck_assert_msg(reader->samples == 1 && !strcmp(reader->name, "good"), "%s", lines[i]);
        ck_assert_msg(reader->parser.unreadable == 1, "%s", lines[i]);
        free(reader);
    }
}
END_TEST

START_TEST(test_huge_lines_and_label_sets_are_passed_over)
{
    struct reader *reader = reader_new();
    for (int i = 0; i < 100000; i++) mc_prom_feed(&reader->parser, MC_STR("aaaaaaaaaaaaaaaa"));
    mc_prom_feed(&reader->parser, MC_STR("\nb{"));
    for (int i = 0; i < MC_PROM_LABELS_MAX + 1; i++) mc_prom_feed(&reader->parser, MC_STR("l=\"v\","));
    mc_prom_feed(&reader->parser, MC_STR("} 1\ngood 5\n"));
    mc_prom_end(&reader->parser);
    ck_assert_uint_eq(reader->samples, 1);
    ck_assert_uint_eq(reader->value, 5);
    ck_assert_uint_eq(reader->parser.unreadable, 2);
    free(reader);
}
END_TEST

static const char scraped[] =
    "istio_requests_total{reporter=\"source\",destination_service_name=\"reviews\",destination_version=\"v2\",response_code=\"200\"} 90\n"
    "istio_requests_total{reporter=\"source\",destination_service_name=\"reviews\",destination_version=\"v2\",response_code=\"503\"} 8\n"
    "istio_requests_total{reporter=\"source\",destination_service_name=\"reviews\",destination_version=\"v2\",response_code=\"404\"} 2\n"
    "istio_requests_total{reporter=\"source\",destination_service_name=\"reviews\",destination_version=\"v1\",response_code=\"200\"} 1000\n"
    "istio_requests_total{reporter=\"destination\",destination_service_name=\"reviews\",destination_version=\"v2\",response_code=\"200\"} 500\n"
    "istio_requests_total{reporter=\"source\",destination_service_name=\"ratings\",destination_version=\"v2\",response_code=\"200\"} 500\n"
    "istio_request_duration_milliseconds_bucket{reporter=\"source\",destination_service_name=\"reviews\",destination_version=\"v2\",response_code=\"200\",le=\"0.5\"} 10\n"
    "istio_request_duration_milliseconds_bucket{reporter=\"source\",destination_service_name=\"reviews\",destination_version=\"v2\",response_code=\"200\",le=\"10\"} 60\n"
    "istio_request_duration_milliseconds_bucket{reporter=\"source\",destination_service_name=\"reviews\",destination_version=\"v2\",response_code=\"200\",le=\"+Inf\"} 90\n"
    "istio_request_duration_milliseconds_bucket{reporter=\"source\",destination_service_name=\"reviews\",destination_version=\"v2\",response_code=\"503\",le=\"10\"} 8\n"
    "istio_request_duration_milliseconds_bucket{reporter=\"source\",destination_service_name=\"reviews\",destination_version=\"v2\",response_code=\"503\",le=\"+Inf\"} 8\n";

static void check_tally(const struct mc_tally *tally)
{
    ck_assert_uint_eq(tally->total, 100);
    ck_assert_uint_eq(tally->errors, 8);
    ck_assert_uint_eq(tally->bucket_count, 3);
    ck_assert_uint_eq(tally->bounds[0], 500000); /* 0.5 ms */
    ck_assert_uint_eq(tally->counts[1], 68);
    ck_assert_uint_eq(tally->bounds[2], UINT64_MAX);
    ck_assert_uint_eq(tally->counts[2], 98);
}

START_TEST(test_only_the_version_in_question_counts)
{
    struct reader *reader = read_text(scraped);
    check_tally(&reader->tally);
    free(reader);
}
END_TEST

START_TEST(test_text_may_be_cut_at_every_byte)
{
    for (size_t cut = 0; cut < sizeof scraped; cut++) {
        struct reader *reader = reader_new();
        mc_prom_feed(&reader->parser, mc_str(scraped, cut));
        mc_prom_feed(&reader->parser, mc_str(scraped + cut, sizeof scraped - 1 - cut + (cut == sizeof scraped)));
        mc_prom_end(&reader->parser);
        if (cut < sizeof scraped - 1) check_tally(&reader->tally);
        free(reader);
    }
}
END_TEST

/* ---- judging ---- */

START_TEST(test_quantiles_are_prometheus_ones)
{
    /* histogram_quantile by hand: 10 ≤ 10 ms, 90 ≤ 100 ms, 100 in all */
    struct mc_tally tally = {.bucket_count = 3, .bounds = {10 * MC_MS, 100 * MC_MS, UINT64_MAX}, .counts = {10, 90, 100}};
    ck_assert_uint_eq(mc_tally_quantile(&tally, 500000), 55 * MC_MS);  /* 10 + 90 × 40/80 */
    ck_assert_uint_eq(mc_tally_quantile(&tally, 50000), 5 * MC_MS);    /* 0 + 10 × 5/10 */
    ck_assert_uint_eq(mc_tally_quantile(&tally, 990000), 100 * MC_MS); /* in the last bucket: its lower bound */
    ck_assert_uint_eq(mc_tally_quantile(&(struct mc_tally){0}, 990000), 0);
}
END_TEST

START_TEST(test_growth_survives_a_restart)
{
    struct mc_tally sum = {0}, before = {.total = 100, .errors = 4}, now = {.total = 150, .errors = 5}, fresh = {.total = 7, .errors = 1};
    mc_tally_grow(&sum, &now, &before);
    ck_assert_uint_eq(sum.total, 50);
    ck_assert_uint_eq(sum.errors, 1);
    mc_tally_grow(&sum, &fresh, &before);
    ck_assert_uint_eq(sum.total, 57);
    ck_assert_uint_eq(sum.errors, 2);
}
END_TEST

START_TEST(test_verdicts)
{
    static const struct { uint64_t total, errors; uint32_t asked, scraped, permille, samples; enum mc_check_verdict verdict; uint64_t observed; } cases[] = {
        {1000, 10, 5, 5, 0, 10, MC_CHECK_PASSED, 990000},
        {1000, 11, 5, 5, 0, 10, MC_CHECK_FAILED, 989000},
        {9, 0, 5, 5, 0, 10, MC_CHECK_INCONCLUSIVE, 1000000},
        {0, 0, 5, 5, 0, 0, MC_CHECK_INCONCLUSIVE, 0},
        {1000, 0, 5, 0, 0, 10, MC_CHECK_INCONCLUSIVE, 1000000},
        {1000, 0, 5, 4, 800, 10, MC_CHECK_PASSED, 1000000},
        {1000, 500, 5, 4, 801, 10, MC_CHECK_INCONCLUSIVE, 500000},
    };
    for (size_t i = 0; i < MC_COUNT_OF(cases); i++) {
        struct mc_rollout_options options = {.min_samples = cases[i].samples, .scraped_permille_min = cases[i].permille};
        struct mc_rollout_check check = {.metric = MC_METRIC_SUCCESS_RATE, .min_permillion = 990000};
        struct mc_evidence evidence = {.growth = {.total = cases[i].total, .errors = cases[i].errors}, .asked = cases[i].asked, .scraped = cases[i].scraped};
        uint64_t observed, samples;
        ck_assert_int_eq(mc_judge(&options, &check, &evidence, &observed, &samples), cases[i].verdict);
        ck_assert_uint_eq(observed, cases[i].observed);
        ck_assert_uint_eq(samples, cases[i].total);
    }
}
END_TEST

Suite *test_prometheus_suite(void);
Suite *test_prometheus_suite(void)
{
    Suite *suite = suite_create("prometheus");
    TCase *of_text = tcase_create("text");
    tcase_add_test(of_text, test_lines);
    tcase_add_test(of_text, test_escapes);
    tcase_add_test(of_text, test_malformed_lines_are_passed_over);
    tcase_add_test(of_text, test_huge_lines_and_label_sets_are_passed_over);
    tcase_add_test(of_text, test_only_the_version_in_question_counts);
    tcase_add_test(of_text, test_text_may_be_cut_at_every_byte);
    tcase_add_test(of_text, test_quantiles_are_prometheus_ones);
    tcase_add_test(of_text, test_growth_survives_a_restart);
    tcase_add_test(of_text, test_verdicts);
    suite_add_tcase(suite, of_text);
    return suite;
}
