/* Metrics and thresholds: values worked out by hand. */
#include "sim/check/threshold.h"
#include "unit/check/shop.h"

static struct sim_threshold threshold(const char *metric, int op, int64_t bound)
{
    struct sim_threshold out = {.source = {MC_STR("shop.lua"), 12}, .text = MC_STR("as written")};
    struct sim_error error = {0};
    ck_assert_msg(sim_threshold_metric_read(mc_str_c(metric), &out, &error), "%s", error.text);
    out.op = op;
    out.bound = bound;
    return out;
}

static struct sim_threshold_state judged(struct shop *shop, const char *metric, int op, int64_t bound)
{
    struct sim_threshold one = threshold(metric, op, bound);
    struct sim_threshold_state state = {0};
    struct sim_error error = {0};
    ck_assert_msg(sim_threshold_check(shop->check, &one, &error), "%s", error.text);
    sim_threshold_judge(shop->check, &one, 10, &state);
    return state;
}

/* 100 calls of user to web in 10 s: 1 … 100 ms; every 20th fails. 3 of batch. */
static void fill(struct shop *shop)
{
    shop_open(shop);
    for (int i = 0; i < 100; i++)
        shop_call(shop, i * 100 * MC_MS, shop->user, shop_version(shop, WEB, 0), (i + 1) % 20 ? 200 : 503, 0, (i + 1) * MC_MS);
    for (int i = 0; i < 3; i++) shop_call(shop, 9950 * MC_MS, shop->batch, shop_version(shop, WEB, 0), 200, 0, MC_MS);
    sim_check_at(shop->check, 10 * MC_S);
}

START_TEST(aggregates_of_requests)
{
    struct shop shop;
    fill(&shop);
    const struct {
        const char *metric;
        int64_t value;
        uint64_t samples;
    } exact[] = {
        {"requests{src:user} count", 100000, 100},
        {"requests{src:user} rate", 10000, 100},
        {"requests{src:user,code:503} count", 5000, 100},
        {"request_failed{src:user} rate", 50000, 100},
        {"request_failed{src:user} count", 5000, 100},
        {"request_failed rate", 48543, 103}, /* 5 of 103 */
        {"goodput{src:user} rate", 9500, 100},
        {"request_duration{src:user} avg", 50500 * MC_US, 100},
        {"request_duration{src:user} min", MC_MS, 100},
        {"request_duration{src:user} max", 100 * MC_MS, 100},
    };
    for (unsigned i = 0; i < sizeof exact / sizeof *exact; i++) {
        struct sim_threshold_state state = judged(&shop, exact[i].metric, SIM_LESS, 1);
        ck_assert_msg(state.known && state.value == exact[i].value, "%s: %lld", exact[i].metric, (long long)state.value);
        ck_assert_uint_eq(state.samples, exact[i].samples);
        ck_assert_int_eq(state.status, SIM_FAIL);
    }
    const struct {
        const char *metric;
        int64_t truth;
    } near[] = {{"request_duration{src:user} med", 50 * MC_MS}, {"request_duration{src:user} p(99)", 99 * MC_MS},
                {"request_duration{src:user} p(99.9)", 100 * MC_MS}};
    for (unsigned i = 0; i < sizeof near / sizeof *near; i++) {
        int64_t value = judged(&shop, near[i].metric, SIM_LESS, 1).value;
        ck_assert_int_ge(value, near[i].truth);
        ck_assert_int_le(value, near[i].truth + near[i].truth / 64);
    }
    shop_close(&shop);
}
END_TEST

START_TEST(bounds)
{
    struct shop shop;
    fill(&shop);
    const char *rate = "request_failed{src:user} rate"; /* 50 000 ppm */
    const struct {
        int op;
        int64_t bound;
        enum sim_status status;
    } cases[] = {
        {SIM_LESS, 50000, SIM_FAIL},          {SIM_LESS, 50001, SIM_PASS},          {SIM_LESS_EQUAL, 50000, SIM_PASS},
        {SIM_LESS_EQUAL, 49999, SIM_FAIL},    {SIM_GREATER, 50000, SIM_FAIL},       {SIM_GREATER, 49999, SIM_PASS},
        {SIM_GREATER_EQUAL, 50000, SIM_PASS}, {SIM_GREATER_EQUAL, 50001, SIM_FAIL},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_int_eq(judged(&shop, rate, cases[i].op, cases[i].bound).status, cases[i].status);
    shop_close(&shop);
}
END_TEST

START_TEST(too_few_samples_are_inconclusive)
{
    struct shop shop;
    fill(&shop);
    struct sim_threshold_state few = judged(&shop, "request_failed{src:batch} rate", SIM_LESS, 1);
    ck_assert_int_eq(few.status, SIM_INCONCLUSIVE); /* 3, where 10 are needed */
    ck_assert(few.known);
    struct sim_threshold_state none = judged(&shop, "request_duration{src:user,phase:never} p(99)", SIM_LESS, MC_S);
    ck_assert_int_eq(none.status, SIM_INCONCLUSIVE);
    ck_assert(!none.known);
    char text[24];
    ck_assert_str_eq(sim_threshold_value(&none, text), "-");
    ck_assert_int_eq(judged(&shop, "retries count", SIM_LESS, 1000).status, SIM_PASS); /* none is an answer */
    ck_assert_int_eq(judged(&shop, "recovery_time max", SIM_LESS, MC_S).status, SIM_INCONCLUSIVE);
    shop_close(&shop);
}
END_TEST

START_TEST(recorded_values)
{
    struct shop shop;
    shop_open(&shop);
    for (int i = 1; i <= 10; i++) sim_check_record(shop.check, MC_STR("recovery_time"), MC_STR(""), i * MC_S, MC_STR("ns"));
    sim_check_record(shop.check, MC_STR("time_to_rollback"), MC_STR("target:cart"), 40 * MC_S, MC_STR("ns"));
    sim_check_record(shop.check, MC_STR("time_to_rollback"), MC_STR("target:web"), 90 * MC_S, MC_STR("ns"));
    ck_assert_int_eq(judged(&shop, "recovery_time p(95)", SIM_LESS, 10 * MC_S).value, 10 * MC_S); /* rank 9.5 -> 10 */
    ck_assert_int_eq(judged(&shop, "recovery_time med", SIM_LESS, 10 * MC_S).value, 5 * MC_S);
    ck_assert_int_eq(judged(&shop, "recovery_time avg", SIM_LESS, 10 * MC_S).value, 5500 * MC_MS);
    ck_assert_int_eq(judged(&shop, "time_to_rollback{target:cart} max", SIM_LESS, 60 * MC_S).status, SIM_PASS);
    ck_assert_int_eq(judged(&shop, "time_to_rollback max", SIM_LESS, 60 * MC_S).status, SIM_FAIL);
    shop_close(&shop);
}
END_TEST

/* A leaf runs out at 30 min while the CA is away from 10 to 60; renewed at 61; another never is. */
START_TEST(healing_counts_from_when_it_could)
{
    struct shop shop;
    shop_open(&shop);
    mc_ns epoch = 1000 * MC_HOUR;
    sim_check_cert(shop.check, 0, 1, epoch, epoch + 30 * MC_MIN);
    sim_check_cert(shop.check, 1, 2, epoch, epoch + 30 * MC_MIN);
    sim_check_ca(shop.check, 10 * MC_MIN, false);
    sim_check_at(shop.check, 40 * MC_MIN);
    ck_assert_uint_eq(sim_count(shop.check, SIM_COUNT_CERTS, &(struct sim_query){.state = MC_STR("expired")}), 2);
    sim_check_ca(shop.check, 60 * MC_MIN, true);
    sim_check_at(shop.check, 61 * MC_MIN);
    sim_check_cert(shop.check, 0, 3, epoch + 61 * MC_MIN, epoch + 91 * MC_MIN);
    ck_assert_int_eq(judged(&shop, "cert_heal_time min", SIM_LESS, 1).value, MC_MIN);
    sim_check_at(shop.check, 70 * MC_MIN);
    ck_assert_int_eq(judged(&shop, "cert_heal_time max", SIM_LESS, 5 * MC_MIN).value, 10 * MC_MIN); /* at least, so far */
    ck_assert_int_eq(judged(&shop, "cert_heal_time max", SIM_LESS, 5 * MC_MIN).status, SIM_FAIL);
    shop_close(&shop);
}
END_TEST

START_TEST(what_may_not_be_written)
{
    struct shop shop;
    shop_open(&shop);
    const struct {
        const char *metric, *says;
    } wrong[] = {
        {"request_fialed rate", "request_failed"},
        {"request_failed p(99)", "has no p(99)"},
        {"request_duration rate", "has no rate"},
        {"request_duration{scr:user} max", "\"src\""},
        {"request_duration{src:usr} max", "\"user\""},
        {"request_duration{src} max", "value is missing"},
        {"certs{src:web} count", "it has: state"},
        {"nonsense_of_mine max", "custom.nonsense_of_mine"},
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct sim_threshold one = threshold(wrong[i].metric, SIM_LESS, 1);
        struct sim_error error = {0};
        ck_assert(!sim_threshold_check(shop.check, &one, &error));
        ck_assert_msg(strstr(error.text, wrong[i].says) != NULL, "%s", error.text);
        ck_assert_int_eq(error.source.line, 12);
    }
    struct sim_threshold custom = threshold("custom.mine max", SIM_LESS, 1);
    struct sim_error error;
    ck_assert(sim_threshold_check(shop.check, &custom, &error));
    shop_close(&shop);
}
END_TEST

START_TEST(aggregates_read_and_print)
{
    static const struct {
        const char *text;
        uint32_t ppm;
        const char *again;
    } good[] = {{"p(99)", 990000, "p(99)"}, {"p(99.9)", 999000, "p(99.9)"}, {"p(100)", 1000000, "p(100)"}, {"p(0.5)", 5000, "p(0.5)"},
                {"p(99.9999)", 999999, "p(99.9999)"}, {" p(50) ", 500000, "p(50)"}};
    static const char *const bad[] = {"p()", "p(101)", "p(0)", "p(99.99999)", "p99", "p(99", "mean", "", "p(-1)", "p(9.)x"};
    enum sim_aggregate aggregate;
    uint32_t ppm;
    char text[16];
    for (unsigned i = 0; i < sizeof good / sizeof *good; i++) {
        ck_assert(sim_aggregate_read(mc_str_c(good[i].text), &aggregate, &ppm));
        ck_assert_int_eq(aggregate, SIM_AGG_P);
        ck_assert_uint_eq(ppm, good[i].ppm);
        ck_assert_str_eq(sim_aggregate_print(aggregate, ppm, text), good[i].again);
    }
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!sim_aggregate_read(mc_str_c(bad[i]), &aggregate, &ppm), "%s", bad[i]);
}
END_TEST

START_TEST(words_of_a_verdict)
{
    struct shop shop;
    struct sim_threshold_texts texts;
    struct sim_threshold_state state = {0};
    fill(&shop);
    struct sim_threshold one = threshold("request_failed{src:user} rate", SIM_LESS, 5000);
    one.text = MC_STR("rate < 0.5%");
    sim_check_at(shop.check, 121 * MC_S);
    sim_threshold_judge(shop.check, &one, 1, &state);
    sim_check_at(shop.check, 200 * MC_S);
    sim_threshold_judge(shop.check, &one, 1, &state);
    struct sim_verdict verdict = sim_threshold_verdict(&one, &state, 1, 200 * MC_S, &texts);
    ck_assert_str_eq(texts.name, "request_failed{src:user} rate < 0.5%");
    ck_assert_msg(strstr(texts.message, "rate was 5.00%, limit 0.50% (100 samples), first crossed at 2m01") != NULL, "%s", texts.message);
    ck_assert_int_eq(verdict.status, SIM_FAIL);
    ck_assert(mc_str_eq(verdict.unit, MC_STR("%")));
    ck_assert(verdict.observed.known && verdict.observed.value > 4.999 && verdict.observed.value < 5.001);
    shop_close(&shop);
}
END_TEST

Suite *test_threshold_suite(void);
Suite *test_threshold_suite(void)
{
    Suite *suite = suite_create("threshold");
    TCase *tests = tcase_create("threshold");
    tcase_add_test(tests, aggregates_of_requests);
    tcase_add_test(tests, bounds);
    tcase_add_test(tests, too_few_samples_are_inconclusive);
    tcase_add_test(tests, recorded_values);
    tcase_add_test(tests, healing_counts_from_when_it_could);
    tcase_add_test(tests, what_may_not_be_written);
    tcase_add_test(tests, aggregates_read_and_print);
    tcase_add_test(tests, words_of_a_verdict);
    suite_add_tcase(suite, tests);
    return suite;
}
