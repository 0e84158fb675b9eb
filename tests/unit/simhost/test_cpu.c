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

static struct puppet *put_as(struct stage *stage, uint32_t machine, struct sim_container_spec spec, mc_ns burns)
{
    char name[2] = {(char)('a' + stage->count), 0};
    ck_assert(sim_world_add_pod(stage->world, &(struct sim_pod_spec){.machine = machine, .name = mc_str(name, 1)}, &spec.pod));
    struct puppet *puppet = stage_put(stage, &spec);
    puppet->burns = burns;
    puppet_listen(puppet, 80);
    return puppet;
}

static struct puppet *put(struct stage *stage, uint32_t machine, uint32_t millis, uint32_t threads, mc_ns burns)
{
    return put_as(stage, machine, (struct sim_container_spec){.cpu_millis = millis, .threads = threads}, burns);
}

static struct puppet *put_asking(struct stage *stage, uint32_t machine, uint32_t request_millis, mc_ns burns)
{
    return put_as(stage, machine, (struct sim_container_spec){.resources.cpu_request_millis = request_millis}, burns);
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

/* One core, two containers with a step of 20 ms each: they take turns, and are done between 35 and 40. */
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
    ck_assert_int_eq(data_at(b.server, 1), 110 * MC_MS); /* 4 ms were burnt, 6 are left at 104 */
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

/* ---- weights ---- */

static uint32_t machine_under(const struct bench *bench, const struct puppet *puppet)
{
    return sim_world_pod(bench->stage->world, puppet->pod).machine;
}

/* CPU in milliseconds, which is off by at most the slices at the begin and the end. */
static void ck_burnt_ms(const struct bench *b, const struct puppet *puppet, int64_t expected)
{
    ck_assert_int_ge(burnt(b, puppet), (expected - 8) * MC_MS);
    ck_assert_int_le(burnt(b, puppet), (expected + 8) * MC_MS);
}

/* Requests of 1 and 3 cores are 1024 and 3072 shares of one core: 25 % and 75 %. */
START_TEST(a_contended_core_is_shared_by_requests)
{
    struct bench b = bench(1, 0, 1, 0);
    struct puppet *one = put_asking(b.stage, machine_under(&b, b.server), 1000, 10 * MC_MS);
    struct puppet *three = put_asking(b.stage, machine_under(&b, b.server), 3000, 10 * MC_MS);
    strike(&b, one, 100);
    strike(&b, three, 100);
    stage_run(b.stage, MC_S);
    ck_burnt_ms(&b, one, 250);
    ck_burnt_ms(&b, three, 750);
    stage_close(b.stage);
}
END_TEST

/* Alike they get half each, also if the steps of one take 0.5 ms and those of the other 20. */
START_TEST(short_steps_do_not_lose_against_long_ones)
{
    struct bench b = bench(1, 0, 1, 0);
    struct puppet *quick = put_asking(b.stage, machine_under(&b, b.server), 100, MC_MS / 2);
    struct puppet *slow = put_asking(b.stage, machine_under(&b, b.server), 100, 20 * MC_MS);
    strike(&b, quick, 2000);
    strike(&b, slow, 100);
    stage_run(b.stage, MC_S);
    ck_burnt_ms(&b, quick, 500);
    ck_burnt_ms(&b, slow, 500);
    stage_close(b.stage);
}
END_TEST

/* A pod's weight is the sum of its containers': half for each pod, a quarter for each of two containers. */
START_TEST(pods_share_first_and_then_their_containers)
{
    struct bench b = bench(1, 0, 1, 0);
    struct puppet *app = put_asking(b.stage, machine_under(&b, b.server), 100, 10 * MC_MS);
    struct sim_container_spec beside = {.pod = app->pod, .sidecar = true, .resources.cpu_request_millis = 100};
    struct puppet *sidecar = stage_put(b.stage, &beside);
    struct puppet *other = put_asking(b.stage, machine_under(&b, b.server), 200, 10 * MC_MS);
    sidecar->burns = 10 * MC_MS;
    puppet_listen(sidecar, 81);
    strike(&b, app, 100);
    strike(&b, other, 100);
    for (int i = 0; i < 100; i++) puppet_send(b.client, puppet_open_to(b.client, sidecar, 81), 1);
    stage_run(b.stage, MC_S);
    ck_burnt_ms(&b, app, 250);
    ck_burnt_ms(&b, sidecar, 250);
    ck_burnt_ms(&b, other, 500);
    stage_close(b.stage);
}
END_TEST

/* One that was alone for a second owes nothing to one that comes then. */
START_TEST(a_late_comer_gets_its_share_and_not_more)
{
    struct bench b = bench(1, 0, 1, 0);
    struct puppet *early = put_asking(b.stage, machine_under(&b, b.server), 100, 10 * MC_MS);
    struct puppet *late = put_asking(b.stage, machine_under(&b, b.server), 100, 10 * MC_MS);
    strike(&b, early, 300);
    stage_run(b.stage, MC_S);
    strike(&b, late, 200);
    stage_run(b.stage, 2 * MC_S);
    ck_burnt_ms(&b, early, 1500);
    ck_burnt_ms(&b, late, 500);
    stage_close(b.stage);
}
END_TEST

/* Four cores: what is not contended is not weighed, whatever was asked for. */
START_TEST(idle_cores_are_anybodys)
{
    struct bench b = bench(4, 0, 1, 0);
    struct puppet *one = put_asking(b.stage, machine_under(&b, b.server), 10, 10 * MC_MS);
    struct puppet *other = put_asking(b.stage, machine_under(&b, b.server), 3000, 10 * MC_MS);
    strike(&b, one, 50);
    strike(&b, other, 50);
    stage_run(b.stage, MC_S);
    for (int i = 0; i < 50; i++) ck_assert_int_eq(data_at(one, i), i * 10 * MC_MS);
    for (int i = 0; i < 50; i++) ck_assert_int_eq(data_at(other, i), i * 10 * MC_MS);
    stage_close(b.stage);
}
END_TEST

/* Each has a core, but only half of it in each period: the machine is not what is scarce. */
START_TEST(quotas_of_app_and_sidecar_are_their_own)
{
    struct bench b = bench(2, 500, 1, 30 * MC_MS);
    struct sim_container_spec beside = {.pod = b.server->pod, .sidecar = true, .cpu_millis = 200};
    struct puppet *sidecar = stage_put(b.stage, &beside);
    sidecar->burns = 30 * MC_MS;
    puppet_listen(sidecar, 81);
    strike(&b, b.server, 100);
    for (int i = 0; i < 100; i++) puppet_send(b.client, puppet_open_to(b.client, sidecar, 81), 1);
    stage_run(b.stage, MC_S - 1);
    ck_assert_int_eq(burnt(&b, b.server), 500 * MC_MS);
    ck_assert_int_eq(burnt(&b, sidecar), 200 * MC_MS);
    stage_close(b.stage);
}
END_TEST

/* ---- what the kernel tells of quotas ---- */

/* Half a core, a job of 200 ms: 50 ms in each of four periods, done at 350; it stood still for 50 ms in
 * three of them. */
START_TEST(a_job_under_a_quota_is_throttled_in_each_period)
{
    struct bench b = bench(2, 500, 1, 200 * MC_MS);
    strike(&b, b.server, 2);
    stage_run(b.stage, 350 * MC_MS + 1);
    struct sim_container_view view = sim_world_container(b.stage->world, b.server->container);
    ck_assert_int_eq(view.cpu, 200 * MC_MS);
    ck_assert_uint_eq(view.periods, 3); /* have ended */
    ck_assert_uint_eq(view.throttled_periods, 4); /* the second job would begin at 350 */
    ck_assert_int_eq(view.throttled, 150 * MC_MS + 1);
    stage_run(b.stage, MC_S);
    ck_assert_int_eq(data_at(b.server, 1), 400 * MC_MS);
    stage_close(b.stage);
}
END_TEST

/* Two threads spend 40 ms of CPU in 20; both stand still for 80 ms: 160 ms of two CPUs. */
START_TEST(throttled_time_is_that_of_all_threads)
{
    struct bench b = bench(2, 400, 2, 30 * MC_MS);
    strike(&b, b.server, 2);
    stage_run(b.stage, 100 * MC_MS);
    struct sim_container_view view = sim_world_container(b.stage->world, b.server->container);
    ck_assert_int_eq(view.stalled, 80 * MC_MS);
    ck_assert_int_eq(view.throttled, 160 * MC_MS);
    stage_close(b.stage);
}
END_TEST

/* 70 ms of a period have gone by at 0: the next begins at 30. */
START_TEST(periods_have_a_phase)
{
    struct bench b = bench(2, 0, 1, 0);
    struct puppet *server = put_as(b.stage, machine_under(&b, b.server), (struct sim_container_spec){.cpu_millis = 100, .quota_phase = 70 * MC_MS}, 20 * MC_MS);
    strike(&b, server, 2);
    stage_run(b.stage, MC_S);
    ck_assert_int_eq(data_at(server, 1), 130 * MC_MS); /* 10 until 10, 10 until 40, and a stall until 130 */
    stage_close(b.stage);
}
END_TEST

START_TEST(a_larger_quota_ends_a_stall_at_once)
{
    struct bench b = bench(2, 100, 1, 30 * MC_MS);
    strike(&b, b.server, 2);
    stage_run(b.stage, 50 * MC_MS);
    sim_container_set_quota(b.stage->world, b.server->container, 1000);
    stage_run(b.stage, MC_S);
    ck_assert_int_eq(data_at(b.server, 1), 70 * MC_MS);
    stage_close(b.stage);
}
END_TEST

/* A tenth of a core and a tick of 4 ms: spent at 10, seen at 12; of the next 10 ms two are owed, and 8 from 100 on end
 * at a tick; the last 10 ms of 30 end at 210, where the next step may begin: the next tick is at 212. */
START_TEST(a_spent_quota_is_seen_at_a_tick)
{
    struct sim_kernel kernel = {.hz = 250};
    struct bench b = {.stage = stage_open(NULL, &kernel, 1)};
    b.client = put(b.stage, machine_of(b.stage, 0), 0, 1, 0);
    b.server = put(b.stage, machine_of(b.stage, 2), 100, 1, 30 * MC_MS);
    strike(&b, b.server, 2);
    stage_run(b.stage, 50 * MC_MS);
    ck_assert_int_eq(burnt(&b, b.server), 12 * MC_MS);
    stage_run(b.stage, 150 * MC_MS);
    ck_assert_int_eq(burnt(&b, b.server), 20 * MC_MS);
    stage_run(b.stage, 299 * MC_MS);
    ck_assert_int_eq(data_at(b.server, 1), 210 * MC_MS);
    ck_assert_int_eq(burnt(&b, b.server), 32 * MC_MS);
    stage_close(b.stage);
}
END_TEST

/* ---- the collector ---- */

/* Every 100 ms it stops the world for 20: 150 ms of CPU from 0 on are done at 170. */
START_TEST(a_collector_stops_all_threads)
{
    struct bench b = bench(2, 0, 1, 0);
    struct sim_container_spec spec = {.resources.gc = {.every = 100 * MC_MS, .pause = 20 * MC_MS}};
    struct puppet *server = put_as(b.stage, machine_under(&b, b.server), spec, 150 * MC_MS);
    strike(&b, server, 2);
    stage_run(b.stage, 200 * MC_MS);
    struct sim_container_view view = sim_world_container(b.stage->world, server->container);
    ck_assert_int_eq(data_at(server, 1), 170 * MC_MS);
    ck_assert_uint_eq(view.collections, 1);
    ck_assert_int_eq(view.collected, 20 * MC_MS);
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
    tcase_add_test(tests, a_contended_core_is_shared_by_requests);
    tcase_add_test(tests, short_steps_do_not_lose_against_long_ones);
    tcase_add_test(tests, pods_share_first_and_then_their_containers);
    tcase_add_test(tests, a_late_comer_gets_its_share_and_not_more);
    tcase_add_test(tests, idle_cores_are_anybodys);
    tcase_add_test(tests, quotas_of_app_and_sidecar_are_their_own);
    tcase_add_test(tests, a_job_under_a_quota_is_throttled_in_each_period);
    tcase_add_test(tests, throttled_time_is_that_of_all_threads);
    tcase_add_test(tests, periods_have_a_phase);
    tcase_add_test(tests, a_larger_quota_ends_a_stall_at_once);
    tcase_add_test(tests, a_spent_quota_is_seen_at_a_tick);
    tcase_add_test(tests, a_collector_stops_all_threads);
    suite_add_tcase(suite, tests);
    return suite;
}
