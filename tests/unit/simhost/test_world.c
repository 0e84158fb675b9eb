/* Life cycle, clocks, ambient time, and that the same world gives the same digest. */
#include "unit/simnet/puppet.h"
#include <time.h>

Suite *test_world_suite(void);

static const struct sim_topology plain = {
    .same_zone = {.latency = 5 * MC_MS, .jitter = MC_MS, .loss_ppm = 20000, .bits_per_second = 100000000}};

struct keeper {
    struct sim_container_owner owner;
    struct stage *stage;
    uint32_t status;
    mc_ns at;
    int count;
};

static void gone(struct sim_container_owner *owner, uint32_t container, uint32_t status, mc_ns now)
{
    struct keeper *keeper = mc_container(owner, struct keeper, owner);
    (void)container;
    keeper->status = status;
    keeper->at = now;
    keeper->count++;
}

static const struct sim_container_owner_type keeper_type = {gone};

static struct puppet *kept(struct stage *stage, struct keeper *keeper)
{
    struct puppet *first = stage_add(stage, 0);
    keeper->owner.type = &keeper_type;
    return stage_put(stage, &(struct sim_container_spec){.pod = first->pod, .owner = &keeper->owner});
}

START_TEST(who_does_not_stop_in_time_is_killed)
{
    struct stage *stage = stage_open(&plain, NULL, 1);
    struct keeper keeper = {0};
    struct puppet *puppet = kept(stage, &keeper);
    sim_container_stop(stage->world, puppet->container, 30 * MC_S);
    stage_run(stage, MC_MIN);
    ck_assert_int_eq(puppet_count(puppet, MC_EVENT_STOP), 1);
    ck_assert_int_eq(keeper.count, 1);
    ck_assert_int_eq(keeper.at, 30 * MC_S);
    ck_assert_uint_eq(keeper.status, 137);
    ck_assert_int_eq(sim_world_container(stage->world, puppet->container).state, SIM_CONTAINER_GONE);
    stage_close(stage);
}
END_TEST

START_TEST(a_container_can_be_started_again)
{
    struct stage *stage = stage_open(&plain, NULL, 1);
    struct keeper keeper = {0};
    struct puppet *client = stage_add(stage, 0), *first = kept(stage, &keeper);
    puppet_listen(first, 80);
    puppet_open_to(client, first, 80);
    stage_run(stage, MC_S);
    sim_container_crash(stage->world, first->container);
    stage_run(stage, 2 * MC_S);
    puppet_open_to(client, first, 80);
    stage_run(stage, 3 * MC_S);
    ck_assert_int_eq(puppet_count(client, MC_EVENT_END), 1);
    ck_assert_int_eq(puppet_note(client, MC_EVENT_OPEN_FAILED, 0)->reason, MC_REASON_REFUSED);
    struct puppet *second = stage_put(stage, &(struct sim_container_spec){.pod = first->pod});
    puppet_listen(second, 80);
    puppet_open_to(client, first, 80);
    stage_run(stage, 4 * MC_S);
    ck_assert_int_eq(puppet_count(second, MC_EVENT_ACCEPTED), 1);
    ck_assert_uint_ne(puppet_note(second, MC_EVENT_ACCEPTED, 0)->stream, puppet_note(first, MC_EVENT_ACCEPTED, 0)->stream);
    stage_close(stage);
}
END_TEST

START_TEST(the_wall_clock_is_the_machines_own)
{
    struct stage *stage = stage_open(&plain, NULL, 1);
    struct puppet *a = stage_add(stage, 0), *b = stage_add(stage, 0);
    uint32_t machine = sim_world_pod(stage->world, b->pod).machine;
    sim_machine_set_offset(stage->world, machine, -MC_HOUR);
    stage_run(stage, 90 * MC_S);
    puppet_resolve(a, "nobody");
    puppet_resolve(b, "nobody");
    stage_run(stage, 91 * MC_S);
    mc_ns epoch = 1704067200 * MC_S; /* 2024-01-01T00:00:00Z, date -d @1704067200 */
    ck_assert_int_eq(puppet_note(a, MC_EVENT_RESOLVED, 0)->wall, epoch + 90 * MC_S);
    ck_assert_int_eq(puppet_note(b, MC_EVENT_RESOLVED, 0)->wall, epoch + 90 * MC_S - MC_HOUR);
    ck_assert_int_eq(puppet_note(b, MC_EVENT_RESOLVED, 0)->now, 90 * MC_S);
    stage_close(stage);
}
END_TEST

START_TEST(libraries_see_the_events_time)
{
    struct timespec real, seen, after;
    time_t stored;
    ck_assert_int_eq(clock_gettime(CLOCK_REALTIME, &real), 0);
    ck_assert_int_gt(real.tv_sec, 1704067200);
    sim_ambient_enter(42 * MC_S + 7, 1000 * MC_S + 9);
    ck_assert_int_eq(time(&stored), 1000);
    ck_assert_int_eq(stored, 1000);
    ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &seen), 0);
    ck_assert(seen.tv_sec == 42 && seen.tv_nsec == 7);
    ck_assert_int_eq(clock_gettime(CLOCK_REALTIME, &seen), 0);
    ck_assert(seen.tv_sec == 1000 && seen.tv_nsec == 9);
    sim_ambient_leave();
    ck_assert_int_eq(clock_gettime(CLOCK_REALTIME, &after), 0);
    ck_assert_int_ge(after.tv_sec, real.tv_sec);
    ck_assert_int_ge(time(NULL), real.tv_sec);
}
END_TEST

/* ---- determinism ---- */

static uint64_t busy_world(int fill, uint64_t seed, uint64_t *received)
{
    struct stage *stage = stage_open(&plain, NULL, seed);
    stage->realm.pool.fill = fill;
    struct puppet *puppets[6];
    for (int i = 0; i < 6; i++) {
        puppets[i] = stage_add(stage, 0);
        puppets[i]->polite = true;
        puppets[i]->burns = 10 * MC_US;
        puppet_listen(puppets[i], 80);
    }
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 6; i++) {
            mc_stream stream = puppet_open_to(puppets[i], puppets[(i + round) % 5], 80);
            puppet_send(puppets[i], stream, (uint32_t)(round * 3000 + i + 1));
            puppet_finish(puppets[i], stream);
        }
        stage_run(stage, (round + 1) * 30 * MC_MS);
    }
    stage_run(stage, MC_MIN);
    *received = 0;
    for (int i = 0; i < 6; i++) *received += puppets[i]->received;
    uint64_t digest = sim_world_digest(stage->world);
    stage_close(stage);
    return digest;
}

START_TEST(the_same_world_gives_the_same_digest)
{
    uint64_t received[4];
    uint64_t digest = busy_world(-1, 5, &received[0]);
    ck_assert_uint_eq(digest, busy_world(-1, 5, &received[1]));
    ck_assert_uint_eq(digest, busy_world(0x00, 5, &received[2]));
    ck_assert_uint_eq(digest, busy_world(0xa5, 5, &received[3]));
    /* 20 rounds of six sends: 6 × 3000 × (0 + … + 19) + 20 × 21 bytes */
    for (int i = 0; i < 4; i++) ck_assert_uint_eq(received[i], 6 * 3000 * 190 + 20 * 21);
    ck_assert_uint_ne(digest, busy_world(-1, 6, &received[0]));
}
END_TEST

Suite *test_world_suite(void)
{
    Suite *suite = suite_create("world");
    TCase *tests = tcase_create("world");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, who_does_not_stop_in_time_is_killed);
    tcase_add_test(tests, a_container_can_be_started_again);
    tcase_add_test(tests, the_wall_clock_is_the_machines_own);
    tcase_add_test(tests, libraries_see_the_events_time);
    tcase_add_test(tests, the_same_world_gives_the_same_digest);
    suite_add_tcase(suite, tests);
    return suite;
}
