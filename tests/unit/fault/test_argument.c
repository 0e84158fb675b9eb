/* The catalogue, and what fault.X takes. */
#include "sim/fault/fault.h"
#include <check.h>
#include <stdio.h>

static const struct sim_selector cart = {.service = {"cart", 4}}, web = {.service = {"web", 3}};

#define NUMBER(n, t, v) {.name = {n, sizeof(n) - 1}, .type = (t), .number = (v)}
#define WORD(n, t) {.name = {n, sizeof(n) - 1}, .type = SIM_PARAM_CHOICE, .text = {t, sizeof(t) - 1}}
#define PODS(n, s) {.name = {n, sizeof(n) - 1}, .type = SIM_PARAM_SELECTOR, .selectors = (s), .selector_count = 1}

enum { MOST = 6 };

struct attempt {
    const char *kind, *says; /* says NULL: is good */
    struct sim_argument arguments[MOST];
};

static const struct attempt attempts[] = {
    {"partition", NULL, {PODS("from", &cart)}},
    {"partition", NULL, {PODS("from", &cart), PODS("to", &web), WORD("direction", "both"), NUMBER("duration", SIM_PARAM_DURATION, MC_MIN)}},
    {"partition", "needs `from`", {PODS("to", &web)}},
    {"partition", "both to from", {PODS("from", &cart), WORD("direction", "bth")}},
    {"partition", "did you mean `direction`", {PODS("from", &cart), WORD("dirction", "to")}},
    {"partition", "given twice", {PODS("from", &cart), PODS("from", &web)}},
    {"partiton", "did you mean fault.partition?", {PODS("from", &cart)}},
    {"asteroid", "there is no fault.asteroid", {PODS("from", &cart)}},
    {"blackhole", NULL, {PODS("on", &cart)}},
    {"blackhole", "needs `on`", {NUMBER("percent", SIM_PARAM_SHARE, 500000)}},
    {"delay", NULL, {PODS("from", &web), PODS("to", &cart), NUMBER("latency", SIM_PARAM_DURATION, 200 * MC_MS), NUMBER("jitter", SIM_PARAM_DURATION, MC_MS)}},
    {"delay", "did you mean `latency`", {PODS("from", &web), NUMBER("latancy", SIM_PARAM_DURATION, MC_MS)}},
    {"delay", "needs `latency`", {PODS("from", &web)}},
    {"delay", "a duration such as", {PODS("from", &web), NUMBER("latency", SIM_PARAM_SHARE, 5)}},
    {"delay", "out of range", {PODS("from", &web), NUMBER("latency", SIM_PARAM_DURATION, -1)}},
    {"jitter", NULL, {PODS("from", &web), NUMBER("jitter", SIM_PARAM_DURATION, MC_MS)}},
    {"jitter", "needs `jitter`", {PODS("from", &web)}},
    {"loss", NULL, {PODS("from", &web), NUMBER("loss", SIM_PARAM_SHARE, 20000)}},
    {"loss", NULL, {PODS("from", &web), NUMBER("percent", SIM_PARAM_SHARE, 20000), NUMBER("first", SIM_PARAM_COUNT, 10)}},
    {"loss", "out of range", {PODS("from", &web), NUMBER("loss", SIM_PARAM_SHARE, 1000001)}},
    {"bandwidth", NULL, {PODS("from", &web), NUMBER("rate", SIM_PARAM_RATE, 1000000)}},
    {"bandwidth", "needs `rate`", {PODS("from", &web)}},
    {"abort", NULL, {PODS("to", &cart), NUMBER("status", SIM_PARAM_STATUS, 503)}},
    {"abort", "a status from 200 to 599", {PODS("to", &cart), NUMBER("status", SIM_PARAM_STATUS, 600)}},
    {"abort", "server mesh", {PODS("to", &cart), WORD("by", "magic")}},
    {"http_delay", NULL, {PODS("to", &cart), NUMBER("latency", SIM_PARAM_DURATION, MC_S), WORD("by", "mesh"), PODS("from", &web)}},
    {"crash", NULL, {PODS("on", &cart), NUMBER("restart", SIM_PARAM_DURATION, 10 * MC_S)}},
    {"crash", "give that or `duration`", {PODS("on", &cart), NUMBER("restart", SIM_PARAM_DURATION, 1), NUMBER("duration", SIM_PARAM_DURATION, 1)}},
    {"pause", NULL, {PODS("on", &cart), NUMBER("every", SIM_PARAM_COUNT, 2)}},
    {"pause", "a whole number", {PODS("on", &cart), NUMBER("every", SIM_PARAM_COUNT, 0)}},
    {"slow", NULL, {PODS("on", &cart), NUMBER("factor", SIM_PARAM_FACTOR, 5000)}},
    {"slow", "did you mean `factor`", {PODS("on", &cart), NUMBER("facter", SIM_PARAM_FACTOR, 5000)}},
    {"cert_expire", NULL, {PODS("on", &cart)}},
    {"ca_outage", NULL, {WORD("mode", "refuse"), NUMBER("duration", SIM_PARAM_DURATION, 50 * MC_MIN)}},
    {"ca_outage", NULL, {{.name = {NULL, 0}}}},
    {"ca_outage", "refuse blackhole slow error", {WORD("mode", "refus")}},
    {"ca_outage", "takes no `percent`", {NUMBER("percent", SIM_PARAM_SHARE, 500000)}},
    {"clock_skew", NULL, {PODS("on", &cart), NUMBER("offset", SIM_PARAM_OFFSET, -10 * MC_MIN)}},
    {"clock_skew", "pods, such as", {NUMBER("on", SIM_PARAM_COUNT, 1), NUMBER("offset", SIM_PARAM_OFFSET, MC_S)}},
};

START_TEST(arguments)
{
    const struct attempt *one = &attempts[_i];
    struct sim_fault_spec spec = {.kind = mc_str_c(one->kind), .arguments = one->arguments, .source = {MC_STR("x.lua"), 7}};
    struct sim_error error = {0};
    while (spec.argument_count < MOST && one->arguments[spec.argument_count].name.p) spec.argument_count++;
    bool good = sim_fault_check(&spec, &error);
    ck_assert_msg(good == !one->says, "%s: %s", one->kind, error.text);
    if (!one->says) return;
    ck_assert_msg(strstr(error.text, one->says) != NULL, "%s", error.text);
    ck_assert_int_eq(error.source.line, 7);
}
END_TEST

/* What the issue and the manual promise by name. */
START_TEST(the_catalogue_is_whole)
{
    static const char *const promised[] = {"partition", "blackhole", "delay", "jitter", "loss", "bandwidth", "abort", "http_delay",
                                           "crash", "pause", "slow", "cert_expire", "ca_outage", "clock_skew"};
    for (unsigned i = 0; i < sizeof promised / sizeof *promised; i++) ck_assert_ptr_nonnull(sim_fault_type_find(mc_str_c(promised[i])));
    for (unsigned i = 0; sim_fault_types[i]; i++) {
        const struct sim_fault_type *type = sim_fault_types[i];
        char call[64];
        snprintf(call, sizeof call, "fault.%s {", type->name);
        ck_assert_ptr_eq(sim_fault_type_find(mc_str_c(type->name)), type);
        ck_assert_msg(strstr(type->example, call) == type->example, "%s", type->example);
        for (uint32_t p = 0; p < type->parameter_count; p++) {
            const struct sim_parameter *parameter = &type->parameters[p];
            ck_assert(parameter->required == !parameter->otherwise);
            ck_assert((parameter->type == SIM_PARAM_CHOICE) == (parameter->choices != NULL));
            if (parameter->required) ck_assert_msg(strstr(type->example, parameter->name) != NULL, "%s", type->example);
        }
    }
}
END_TEST

Suite *test_argument_suite(void);
Suite *test_argument_suite(void)
{
    Suite *suite = suite_create("argument");
    TCase *tests = tcase_create("argument");
    tcase_add_loop_test(tests, arguments, 0, sizeof attempts / sizeof *attempts);
    tcase_add_test(tests, the_catalogue_is_whole);
    suite_add_tcase(suite, tests);
    return suite;
}
