/* CPU: queues, quotas, cores, threads, by hand arithmetic. Each DATA costs what the puppet burns; the
 * CREDIT that it answers with leaves when that is burnt, so that a sender out of credit shows when. */
#include "unit/simnet/puppet.h"

Suite *test_cpu_suite(void);

struct bench {
    struct stage *stage;
    struct puppet *client, *server;
};

static uint32_t machine_of(struct stage *stage, uint32_t cores)
{
    uint32_t machine;
    ck_assert(sim_world_add_machine(stage->world, &(struct sim_machine_spec){.cores = cores}, &machine));
    return machine;
}

static struct puppet *put(struct stage *stage, uint32_t machine, uint32_t millis, uint32_t threads, mc_ns burns)
{
    uint32_t pod;
    char name[2] = {(char)('a' + stage->count), 0};
    ck_assert(sim_world_add_pod(stage->world, &(struct sim_pod_spec){.machine = machine, .name = mc_str(name, 1)}, &pod));
    struct sim_container_spec spec = {.pod = pod, .cpu_millis = millis, .threads = threads};
    struct puppet *puppet = stage_put(stage, &spec);
    puppet->burns = burns;
    puppet_listen(puppet, 80);
    return puppet;
}

static struct bench bench(uint32_t cores, uint32_t millis, uint32_t threads, mc_ns burns)
{
    struct bench bench = {.stage = stage_open(NULL, NULL, 1)};
    bench.client = put(bench.stage, machine_of(bench.stage, 0), 0, 1, 0);
    bench.server = put(bench.stage, machine_of(bench.stage, cores), millis, threads, burns);
    return bench;
}

/* One DATA on each of COUNT new streams, at the current time. */
static void strike(struct bench *bench, struct puppet *server, int count)
{
    for (int i = 0; i < count; i++) {
        mc_stream stream = puppet_open_to(bench->client, server, 80);
        puppet_send(bench->client, stream, 1);
    }
}

static mc_ns data_at(const struct puppet *puppet, int n)
{
    const struct note *note = puppet_note(puppet, MC_EVENT_DATA, n);
    ck_assert_ptr_nonnull(note);
    return note->now;
}

/* The cost of the n-th step is over when the container has burnt it. */
static mc_ns burnt(const struct bench *bench, const struct puppet *puppet)
{
    return sim_world_container(bench->stage->world, puppet->container).cpu;
}

START_TEST(steps_of_one_thread_queue_up)
{
    struct bench b = bench(0, 0, 1, 7 * MC_MS);
    strike(&b, b.server, 4);
    stage_run(b.stage, MC_S);
    for (int i = 0; i < 4; i++) ck_assert_int_eq(data_at(b.server, i), i * 7 * MC_MS);
    ck_assert_int_eq(burnt(&b, b.server), 28 * MC_MS);
    stage_close(b.stage);
}
END_TEST

START_TEST(threads_work_side_by_side)
{
    struct bench b = bench(0, 0, 2, 7 * MC_MS);
    strike(&b, b.server, 4);
    stage_run(b.stage, MC_S);
    for (int i = 0; i < 4; i++) ck_assert_int_eq(data_at(b.server, i), i / 2 * 7 * MC_MS);
    stage_close(b.stage);
}
END_TEST

/* 500 m: 50 ms in each 100 ms. Steps of 30 ms: the second begins at 30, has 20 ms left of the quota, is
 * stalled from 50 to 100 and done at 110; the third from 110 to 140; the fourth from 140, with 10 ms left
 * of 50, is stalled at 150 and done at 220. */
START_TEST(a_spent_quota_stalls_until_the_next_period)
{
    static const mc_ns begun[] = {0, 30 * MC_MS, 110 * MC_MS, 140 * MC_MS, 220 * MC_MS};
    struct bench b = bench(0, 500, 1, 30 * MC_MS);
    strike(&b, b.server, 5);
    stage_run(b.stage, MC_S);
    for (int i = 0; i < 5; i++) ck_assert_int_eq(data_at(b.server, i), begun[i]);
    /* 150 ms of work: 50 + 50 + 50; the fifth from 220 to 250 */
    ck_assert_int_eq(burnt(&b, b.server), 150 * MC_MS);
    ck_assert_int_eq(sim_world_container(b.stage->world, b.server->container).stalled, 100 * MC_MS);
    stage_close(b.stage);
}
END_TEST

/* 1000 m and four threads: 100 ms of CPU are spent after 25 ms. A step of 40 ms has 15 ms to go at 100 ms. */
START_TEST(all_threads_stall_together)
{
    struct bench b = bench(0, 1000, 4, 40 * MC_MS);
    strike(&b, b.server, 5);
    stage_run(b.stage, MC_S);
    ck_assert_int_eq(data_at(b.server, 3), 0);
    ck_assert_int_eq(data_at(b.server, 4), 115 * MC_MS);
    stage_close(b.stage);
}
END_TEST

/* One core, two containers with a step of 20 ms each: they take turns of 5 ms, and are done at 35 and 40. */
START_TEST(containers_of_a_machine_share_its_cores)
{
    struct bench b = bench(1, 0, 1, 20 * MC_MS);
    struct puppet *other = put(b.stage, sim_world_pod(b.stage->world, b.server->pod).machine, 0, 1, 20 * MC_MS);
    strike(&b, b.server, 2);
    strike(&b, other, 2);
    stage_run(b.stage, MC_S);
    ck_assert_int_eq(data_at(b.server, 0), 0);
    ck_assert_int_eq(data_at(other, 0), 5 * MC_MS);
    ck_assert_int_eq(burnt(&b, b.server) + burnt(&b, other), 80 * MC_MS);
    ck_assert_int_ge(data_at(b.server, 1), 35 * MC_MS);
    ck_assert_int_le(data_at(b.server, 1), 40 * MC_MS);
    stage_close(b.stage);
}
END_TEST

START_TEST(a_slow_machine_takes_longer)
{
    struct bench b = bench(0, 0, 1, 10 * MC_MS);
    sim_machine_set_slow(b.stage->world, sim_world_pod(b.stage->world, b.server->pod).machine, 3000);
    strike(&b, b.server, 2);
    stage_run(b.stage, MC_S);
    ck_assert_int_eq(data_at(b.server, 1), 30 * MC_MS);
    stage_close(b.stage);
}
END_TEST

START_TEST(actions_leave_when_the_cost_is_paid)
{
    struct bench b = bench(0, 0, 1, 10 * MC_MS);
    mc_stream stream = puppet_open_to(b.client, b.server, 80);
    puppet_send(b.client, stream, 65536);
    puppet_send(b.client, stream, 100); /* no credit until the first is paid for */
    stage_run(b.stage, MC_S);
    ck_assert_int_eq(data_at(b.server, 0), 0);
    ck_assert_int_eq(data_at(b.server, 1), 10 * MC_MS);
    stage_close(b.stage);
}
END_TEST

/* Paused from 5 to 105 ms in a step of 10 ms without a quota: what it does leaves when it is back. */
START_TEST(a_paused_container_does_nothing)
{
    struct bench b = bench(1, 0, 1, 10 * MC_MS);
    strike(&b, b.server, 2);
    stage_run(b.stage, 4 * MC_MS);
    sim_container_pause(b.stage->world, b.server->container, true);
    stage_run(b.stage, 104 * MC_MS);
    ck_assert_int_eq(puppet_count(b.server, MC_EVENT_DATA), 1);
    sim_container_pause(b.stage->world, b.server->container, false);
    stage_run(b.stage, MC_S);
    ck_assert_int_eq(data_at(b.server, 1), 109 * MC_MS); /* the slice that had begun was finished */
    stage_close(b.stage);
}
END_TEST

START_TEST(a_crash_in_the_middle_of_a_step_frees_the_core)
{
    struct bench b = bench(1, 0, 1, 50 * MC_MS);
    struct puppet *other = put(b.stage, sim_world_pod(b.stage->world, b.server->pod).machine, 0, 1, 0);
    strike(&b, b.server, 2);
    strike(&b, other, 1);
    stage_run(b.stage, 2 * MC_MS);
    ck_assert_int_eq(puppet_count(other, MC_EVENT_DATA), 0);
    sim_container_crash(b.stage->world, b.server->container);
    stage_run(b.stage, 3 * MC_MS);
    ck_assert_int_eq(data_at(other, 0), 2 * MC_MS);
    ck_assert_int_eq(puppet_count(b.server, MC_EVENT_DATA), 1);
    stage_close(b.stage);
}
END_TEST

Suite *test_cpu_suite(void)
{
    Suite *suite = suite_create("cpu");
    TCase *tests = tcase_create("cpu");
    tcase_add_test(tests, steps_of_one_thread_queue_up);
    tcase_add_test(tests, threads_work_side_by_side);
    tcase_add_test(tests, a_spent_quota_stalls_until_the_next_period);
    tcase_add_test(tests, all_threads_stall_together);
    tcase_add_test(tests, containers_of_a_machine_share_its_cores);
    tcase_add_test(tests, a_slow_machine_takes_longer);
    tcase_add_test(tests, actions_leave_when_the_cost_is_paid);
    tcase_add_test(tests, a_paused_container_does_nothing);
    tcase_add_test(tests, a_crash_in_the_middle_of_a_step_frees_the_core);
    suite_add_tcase(suite, tests);
    return suite;
}
