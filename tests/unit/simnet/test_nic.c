/* Interfaces of machines, by hand arithmetic. 80 Mbit/s carry 10 bytes in a microsecond; a segment of 1448
 * bytes has 66 of headers. One way is 1 ms. */
#include "unit/simnet/puppet.h"

Suite *test_nic_suite(void);

enum { SEGMENT = 1448, WIRE = 1448 + 66 };
#define RATE UINT64_C(80000000)
#define ONE_WAY MC_MS

static const struct sim_topology near = {.same_zone = {.latency = ONE_WAY}};

static struct puppet *add(struct stage *stage, uint64_t nic)
{
    uint32_t machine, pod;
    char name[8] = {'n', (char)('a' + stage->count)};
    ck_assert(sim_world_add_machine(stage->world, &(struct sim_machine_spec){.nic = nic}, &machine));
    ck_assert(sim_world_add_pod(stage->world, &(struct sim_pod_spec){.machine = machine, .name = mc_str(name, 2)}, &pod));
    struct puppet *puppet = stage_put(stage, &(struct sim_container_spec){.pod = pod});
    puppet_listen(puppet, 80);
    return puppet;
}

static mc_ns last_data(const struct puppet *puppet)
{
    mc_ns last = 0;
    for (int i = 0; i < puppet->note_count; i++)
        if (puppet->notes[i].kind == MC_EVENT_DATA) last = puppet->notes[i].now;
    return last;
}

static mc_ns wire(uint32_t segments, uint64_t rate)
{
    return (mc_ns)((uint64_t)segments * WIRE * 8 * 1000000000 / rate);
}

static void ck_near(mc_ns value, mc_ns expected, mc_ns more)
{
    ck_assert_int_ge(value, expected);
    ck_assert_int_le(value, expected + more);
}

START_TEST(one_transfer_has_it_all)
{
    struct stage *stage = stage_open(&near, NULL, 1);
    struct puppet *a = add(stage, RATE), *b = add(stage, _i ? RATE / 4 : 0);
    mc_stream stream = puppet_open_to(a, b, 80);
    stage_run(stage, MC_S);
    puppet_send(a, stream, 1000 * SEGMENT);
    stage_run(stage, 10 * MC_S);
    ck_assert_uint_eq(b->received, 1000 * SEGMENT);
    ck_near(last_data(b), MC_S + wire(1000, _i ? RATE / 4 : RATE) + ONE_WAY, 10 * MC_MS); /* of the slower one */
    stage_close(stage);
}
END_TEST

/* Two from one machine, each to a machine of its own: half for each; when the short one is over, all for
 * the other: 500 segments at half the rate, then 500 at the whole one. */
START_TEST(two_transfers_have_halves)
{
    struct stage *stage = stage_open(&near, NULL, 1);
    struct puppet *a = add(stage, RATE), *b = add(stage, 0), *c = add(stage, 0);
    mc_stream to_b = puppet_open_to(a, b, 80), to_c = puppet_open_to(a, c, 80);
    stage_run(stage, MC_S);
    puppet_send(a, to_b, 1000 * SEGMENT);
    puppet_send(a, to_c, 500 * SEGMENT);
    stage_run(stage, 10 * MC_S);
    ck_near(last_data(c), MC_S + wire(1000, RATE) + ONE_WAY, 15 * MC_MS);
    ck_near(last_data(b), MC_S + wire(1500, RATE) + ONE_WAY, 15 * MC_MS);
    stage_close(stage);
}
END_TEST

/* Max-min: A sends to B (whose interface has a fifth) and to C: a fifth and four fifths, not halves. */
START_TEST(what_one_cannot_use_the_other_gets)
{
    struct stage *stage = stage_open(&near, NULL, 1);
    struct puppet *a = add(stage, RATE), *b = add(stage, RATE / 5), *c = add(stage, 0);
    mc_stream to_b = puppet_open_to(a, b, 80), to_c = puppet_open_to(a, c, 80);
    stage_run(stage, MC_S);
    puppet_send(a, to_b, 200 * SEGMENT);
    puppet_send(a, to_c, 800 * SEGMENT);
    stage_run(stage, 10 * MC_S);
    ck_near(last_data(b), MC_S + wire(200, RATE / 5) + ONE_WAY, 15 * MC_MS);
    ck_near(last_data(c), MC_S + wire(1000, RATE) + ONE_WAY, 15 * MC_MS);
    stage_close(stage);
}
END_TEST

/* What is small stands in a queue: ten messages at once leave one behind the other. */
START_TEST(small_messages_queue)
{
    struct stage *stage = stage_open(&near, NULL, 1);
    struct puppet *a = add(stage, RATE), *b = add(stage, 0);
    mc_stream streams[10];
    for (int i = 0; i < 10; i++) streams[i] = puppet_open_to(a, b, 80);
    stage_run(stage, MC_S);
    for (int i = 0; i < 10; i++) puppet_send(a, streams[i], SEGMENT);
    stage_run(stage, 2 * MC_S);
    ck_assert_uint_eq(b->received, 10 * SEGMENT);
    ck_assert_int_eq(last_data(b), MC_S + wire(10, RATE) + ONE_WAY);
    stage_close(stage);
}
END_TEST

/* A flow that is cut off in the middle gives its share back. */
START_TEST(a_reset_gives_its_share_back)
{
    struct stage *stage = stage_open(&near, NULL, 1);
    struct puppet *a = add(stage, RATE), *b = add(stage, 0), *c = add(stage, 0);
    mc_stream to_b = puppet_open_to(a, b, 80), to_c = puppet_open_to(a, c, 80);
    stage_run(stage, MC_S);
    puppet_send(a, to_b, 1000 * SEGMENT);
    puppet_send(a, to_c, 1000 * SEGMENT);
    stage_run(stage, MC_S + wire(400, RATE));
    puppet_reset(a, to_c); /* 200 segments of each have left */
    stage_run(stage, 10 * MC_S);
    ck_near(last_data(b), MC_S + wire(1200, RATE) + ONE_WAY, 20 * MC_MS);
    stage_close(stage);
}
END_TEST

Suite *test_nic_suite(void)
{
    Suite *suite = suite_create("nic");
    TCase *tests = tcase_create("nic");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, one_transfer_has_it_all, 0, 2);
    tcase_add_test(tests, two_transfers_have_halves);
    tcase_add_test(tests, what_one_cannot_use_the_other_gets);
    tcase_add_test(tests, small_messages_queue);
    tcase_add_test(tests, a_reset_gives_its_share_back);
    suite_add_tcase(suite, tests);
    return suite;
}
