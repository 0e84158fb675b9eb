/* Long transfers against Linux: what its kernel (6.18, cubic, HZ 250) took over a link of 10 ms each way,
 * made of two namespaces and a TUN device (tests/fidelity/rung_kernel.c measures this anew). The times are
 * medians of 15, in tenths of a millisecond, from the request to the last byte of the answer. */
#include "unit/simnet/puppet.h"

Suite *test_window_suite(void);

#define ONE_WAY (10 * MC_MS)

static mc_ns transfer(uint32_t bytes, const struct sim_rule_spec *rule, uint64_t rate)
{
    struct sim_topology paths = {.same_zone = {.latency = ONE_WAY, .bits_per_second = rate}};
    struct stage *stage = stage_open(&paths, NULL, 1);
    struct puppet *receiver = stage_add(stage, 0), *sender = stage_add(stage, 0);
    puppet_listen(receiver, 80);
    mc_stream stream = puppet_open_to(sender, receiver, 80);
    stage_run(stage, MC_S);
    if (rule) {
        struct sim_rule_spec spec = *rule;
        spec.from = &sender->pod;
        spec.to = &receiver->pod;
        spec.from_count = spec.to_count = 1;
        ck_assert(sim_rule_add(stage->net, &spec));
    }
    puppet_send(sender, stream, bytes);
    stage_run(stage, 60 * MC_S);
    ck_assert_uint_eq(receiver->received, bytes);
    mc_ns last = 0;
    for (int i = 0; i < receiver->note_count; i++)
        if (receiver->notes[i].kind == MC_EVENT_DATA) last = receiver->notes[i].now;
    stage_close(stage);
    return last - MC_S + ONE_WAY; /* the request's way */
}

static void ck_near(mc_ns value, int tenths, int percent)
{
    mc_ns expected = tenths * MC_MS / 10;
    ck_assert_int_ge(value, expected - expected * percent / 100);
    ck_assert_int_le(value, expected + expected * percent / 100);
}

/* 256 KiB, of which segments FIRST, … are lost once. */
START_TEST(a_loss_costs_what_it_costs_linux)
{
    static const struct { uint32_t first, count; int took; } cases[] = {
        {1, 1, 3619},  {5, 1, 3014},  {9, 1, 2611},   {12, 1, 2408},  {20, 1, 1809},  {31, 1, 1418},
        {50, 1, 1210}, {69, 1, 1205}, {100, 1, 1008}, {150, 1, 1205}, {178, 1, 1207}, {2, 2, 3416},
        {12, 3, 2410}, {30, 4, 1618}, {40, 4, 1419},  {80, 10, 1018},
    };
    struct sim_rule_spec rule = {.loss_ppm = 1000000, .skip = cases[_i].first, .first = cases[_i].count};
    ck_near(transfer(256 * 1024, &rule, 0), cases[_i].took, 3);
}
END_TEST

/* Without loss, on a free line, and on one of 10 Mbit/s. */
START_TEST(sizes_take_what_they_take_linux)
{
    static const struct { uint32_t kib; uint64_t rate; int took; } cases[] = {
        {16, 0, 403}, {64, 0, 604}, {256, 0, 1008}, {1024, 0, 1426}, {256, 10000000, 2489},
    };
    ck_near(transfer(cases[_i].kib * 1024, NULL, cases[_i].rate), cases[_i].took, 3);
}
END_TEST

Suite *test_window_suite(void)
{
    Suite *suite = suite_create("window");
    TCase *tests = tcase_create("window");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, a_loss_costs_what_it_costs_linux, 0, 16);
    tcase_add_loop_test(tests, sizes_take_what_they_take_linux, 0, 5);
    suite_add_tcase(suite, tests);
    return suite;
}
