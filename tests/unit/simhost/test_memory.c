/* Working sets against limits, by hand arithmetic. */
#include "unit/simnet/puppet.h"

Suite *test_memory_suite(void);

#define KI ((uint64_t)1024)
#define MI (1024 * KI)

struct keeper {
    struct sim_container_owner owner;
    uint32_t status, times;
    mc_ns at;
};

static void gone(struct sim_container_owner *owner, uint32_t container, uint32_t status, mc_ns now)
{
    struct keeper *keeper = (struct keeper *)owner;
    (void)container;
    keeper->status = status;
    keeper->at = now;
    keeper->times++;
}

static const struct sim_container_owner_type keeper_type = {gone};

struct bench {
    struct stage *stage;
    struct keeper keeper;
    struct puppet *client, *server;
};

static void bench_open(struct bench *bench, struct sim_resources resources)
{
    *bench = (struct bench){.stage = stage_open(NULL, NULL, 1), .keeper.owner.type = &keeper_type};
    bench->client = stage_add(bench->stage, 0);
    struct puppet *beside = stage_add(bench->stage, 0);
    struct sim_container_spec spec = {.pod = beside->pod, .owner = &bench->keeper.owner, .resources = resources};
    bench->server = stage_put(bench->stage, &spec);
    puppet_listen(bench->server, 80);
}

static struct sim_container_view view(const struct bench *bench)
{
    return sim_world_container(bench->stage->world, bench->server->container);
}

/* 10 MiB and 1 MiB a connection, under 13: three connections are as much as it may have. */
START_TEST(the_kernel_kills_at_the_very_connection)
{
    struct bench b;
    bench_open(&b, (struct sim_resources){.memory_limit = 13 * MI, .memory = {.base = 10 * MI, .per_connection = MI}});
    for (int i = 0; i < 3; i++) puppet_open_to(b.client, b.server, 80);
    stage_run(b.stage, MC_S);
    ck_assert_uint_eq(view(&b).memory, 13 * MI);
    ck_assert_uint_eq(b.keeper.times, 0);
    puppet_open_to(b.client, b.server, 80);
    stage_run(b.stage, 2 * MC_S);
    ck_assert_uint_eq(b.keeper.times, 1);
    ck_assert_uint_eq(b.keeper.status, 137);
    ck_assert_int_eq(b.keeper.at, MC_S);
    ck_assert_uint_eq(view(&b).oom_kills, 1);
    ck_assert(view(&b).oom_killed);
    ck_assert_uint_eq(view(&b).memory, 0);
    ck_assert_int_eq(puppet_count(b.client, MC_EVENT_CLOSED) + puppet_count(b.client, MC_EVENT_END) + puppet_count(b.client, MC_EVENT_RESET), 4);
    stage_close(b.stage);
}
END_TEST

START_TEST(connections_that_close_give_it_back)
{
    struct bench b;
    bench_open(&b, (struct sim_resources){.memory_limit = 12 * MI, .memory = {.base = 10 * MI, .per_connection = MI}});
    for (int i = 0; i < 20; i++) {
        mc_stream stream = puppet_open_to(b.client, b.server, 80);
        stage_run(b.stage, (2 * i + 1) * MC_MS);
        puppet_reset(b.client, stream);
        stage_run(b.stage, (2 * i + 2) * MC_MS);
    }
    ck_assert_uint_eq(view(&b).oom_kills, 0);
    ck_assert_uint_eq(view(&b).memory, 10 * MI);
    stage_close(b.stage);
}
END_TEST

/* 4 MiB and 1 MiB a second under 10: over it after 6 s. */
START_TEST(a_leak_ends_at_the_limit)
{
    struct bench b;
    bench_open(&b, (struct sim_resources){.memory_limit = 10 * MI, .memory = {.base = 4 * MI}});
    stage_run(b.stage, MC_S);
    sim_container_set_leak(b.stage->world, b.server->container, MI);
    stage_run(b.stage, 6 * MC_S);
    ck_assert_uint_eq(view(&b).memory, 9 * MI);
    stage_run(b.stage, 7 * MC_S - 1);
    ck_assert_uint_eq(b.keeper.times, 0);
    stage_run(b.stage, 8 * MC_S);
    ck_assert_uint_eq(b.keeper.times, 1);
    ck_assert_int_ge(b.keeper.at, 7 * MC_S);
    ck_assert_int_le(b.keeper.at, 7 * MC_S + 2 * MC_US); /* one byte more takes 0.95 us */
    stage_close(b.stage);
}
END_TEST

START_TEST(a_leak_that_is_mended_gives_it_back)
{
    struct bench b;
    bench_open(&b, (struct sim_resources){.memory_limit = 10 * MI, .memory = {.base = 4 * MI}});
    stage_run(b.stage, MC_S);
    sim_container_set_leak(b.stage->world, b.server->container, MI);
    stage_run(b.stage, 5 * MC_S);
    sim_container_set_leak(b.stage->world, b.server->container, 0);
    stage_run(b.stage, 60 * MC_S);
    ck_assert_uint_eq(view(&b).memory, 4 * MI);
    ck_assert_uint_eq(b.keeper.times, 0);
    stage_close(b.stage);
}
END_TEST

START_TEST(a_crash_is_no_oom_kill)
{
    struct bench b;
    bench_open(&b, (struct sim_resources){.memory_limit = 10 * MI});
    stage_run(b.stage, MC_S);
    sim_container_crash(b.stage->world, b.server->container);
    ck_assert_uint_eq(b.keeper.status, 137);
    ck_assert(!view(&b).oom_killed);
    stage_close(b.stage);
}
END_TEST

Suite *test_memory_suite(void)
{
    Suite *suite = suite_create("memory");
    TCase *tests = tcase_create("memory");
    tcase_add_test(tests, the_kernel_kills_at_the_very_connection);
    tcase_add_test(tests, connections_that_close_give_it_back);
    tcase_add_test(tests, a_leak_ends_at_the_limit);
    tcase_add_test(tests, a_leak_that_is_mended_gives_it_back);
    tcase_add_test(tests, a_crash_is_no_oom_kill);
    suite_add_tcase(suite, tests);
    return suite;
}
