/* How long callers wait, as it travels; and who works on for nobody. */
#include "sim/load/deadline.h"
#include "stage.h"

Suite *test_deadline_suite(void);

/* ---- the header: gRPC over HTTP/2, Requests: Timeout → TimeoutValue (at most 8 digits) TimeoutUnit ---- */

static mc_ns read_back(const char *name, const char *value)
{
    struct test_memory memory = {0};
    struct mc_pool pool;
    struct mc_arena arena;
    mc_pool_init(&pool, test_alloc(&memory));
    mc_arena_init(&arena, &pool, 0);
    struct mc_head head = {.arena = &arena};
    if (name) ck_assert(mc_ok(mc_headers_add(&head.headers, &arena, mc_str_c(name), mc_str_c(value))));
    mc_ns left = sim_deadline_read(&head);
    mc_arena_fini(&arena);
    mc_pool_fini(&pool);
    return left;
}

START_TEST(timeouts_are_read_in_every_unit)
{
    ck_assert_int_eq(read_back("grpc-timeout", "1S"), MC_S);
    ck_assert_int_eq(read_back("grpc-timeout", "250m"), 250 * MC_MS);
    ck_assert_int_eq(read_back("grpc-timeout", "99999999u"), 99999999 * MC_US);
    ck_assert_int_eq(read_back("grpc-timeout", "7n"), 7);
    ck_assert_int_eq(read_back("grpc-timeout", "2M"), 2 * MC_MIN);
    ck_assert_int_eq(read_back("grpc-timeout", "3H"), 3 * MC_HOUR);
    ck_assert_int_eq(read_back("x-envoy-expected-rq-timeout-ms", "1500"), 1500 * MC_MS);
}
END_TEST

START_TEST(what_is_no_timeout_is_none)
{
    static const char *const bad[] = {"", "S", "1", "1x", "1s", "123456789m", "-1S", "1.5S", " 1S"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) ck_assert_msg(read_back("grpc-timeout", bad[i]) == 0, "\"%s\"", bad[i]);
    ck_assert_int_eq(read_back("x-envoy-expected-rq-timeout-ms", "soon"), 0);
    ck_assert_int_eq(read_back(NULL, NULL), 0);
}
END_TEST

/* At most eight digits, rounded up, and never less than what was meant. */
START_TEST(timeouts_survive_the_way)
{
    static const struct { mc_ns left; const char *text; } cases[] = {
        {1, "1n"}, {99999998, "99999998n"}, {1500 * MC_MS, "1500000u"}, {1500 * MC_MS + 1, "1500001u"},
        {100 * MC_S, "100000m"}, {MC_HOUR, "3600000m"}, {400 * MC_HOUR, "1440000S"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct test_memory memory = {0};
        struct mc_pool pool;
        struct mc_arena arena;
        mc_pool_init(&pool, test_alloc(&memory));
        mc_arena_init(&arena, &pool, 0);
        struct mc_head head = {.arena = &arena};
        ck_assert(sim_deadline_write(cases[i].left, &head));
        ck_assert_uint_eq(head.headers.count, 1);
        ck_assert_msg(mc_str_eq(head.headers.list[0].value, mc_str_c(cases[i].text)), "%.*s", MC_STR_ARG(head.headers.list[0].value));
        ck_assert_int_ge(sim_deadline_read(&head), cases[i].left);
        mc_arena_fini(&arena);
        mc_pool_fini(&pool);
    }
}
END_TEST

/* ---- along a chain: the user waits 50 ms, a works 20 ms and calls b, which would take 100 ms ---- */

static const struct sim_arrival_record *chain(bool a_heeds, bool b_heeds)
{
    stage.load.timeout = 50 * MC_MS;
    stage.load.tells_deadline = true;
    stage.versions[0].server.deadlines = a_heeds;
    stage.versions[1].server.deadlines = b_heeds;
    stage_add(0, stage_wait(20 * MC_MS));
    stage_add(0, stage_call("b"));
    stage_add(1, stage_wait(60 * MC_MS));
    stage_add(1, stage_wait(40 * MC_MS));
    stage_run(MC_S);
    ck_assert_int_eq(stage_call_of(USER, 0)->ended - stage_call_of(USER, 0)->started, 50 * MC_MS);
    for (int i = 0; i < stage.arrival_count; i++)
        if (stage.arrivals[i].at == 1) return &stage.arrivals[i];
    ck_abort_msg("nothing arrived");
}

START_TEST(callees_stop_when_nobody_waits)
{
    const struct sim_arrival_record *arrival = chain(true, true);
    ck_assert_int_eq(arrival->ended - arrival->started, 30 * MC_MS);
    ck_assert_uint_eq(arrival->code, 504);
}
END_TEST

START_TEST(one_that_is_not_told_works_on)
{
    const struct sim_arrival_record *arrival = chain(false, true);
    ck_assert_int_eq(arrival->ended - arrival->started, 100 * MC_MS);
}
END_TEST

START_TEST(one_that_does_not_heed_works_on)
{
    const struct sim_arrival_record *arrival = chain(true, false);
    ck_assert_int_eq(arrival->ended - arrival->started, 100 * MC_MS);
    ck_assert(arrival->abandoned);
}
END_TEST

/* Three at once at a server with one place, 10 ms each; they wait 15 ms: the second is cut short, the
 * third never begins. */
START_TEST(late_requests_are_refused_before_they_begin)
{
    stage.load.vus = 3;
    stage.load.timeout = 15 * MC_MS;
    stage.load.tells_deadline = true;
    stage.versions[0].concurrency = 1;
    stage.versions[0].server.deadlines = true;
    stage.steps[0][0] = (struct sim_step){.kind = SIM_STEP_WORK, .cpu = {.kind = SIM_DIST_CONSTANT, .mean = MC_MS}};
    stage.versions[0].step_count = 1;
    stage_add(0, stage_wait(10 * MC_MS));
    stage_run(MC_S);
    int begun = 0;
    for (int i = 0; i < stage.arrival_count; i++) begun += stage.arrivals[i].cpu == MC_MS;
    ck_assert_int_eq(stage.arrival_count, 3);
    ck_assert_int_eq(begun, 2);
    for (int i = 0; i < 3; i++) ck_assert_int_le(stage.arrivals[i].ended - stage.arrivals[i].started, 16 * MC_MS);
}
END_TEST

/* Tries of 30 ms within 70 ms: at 0, 30 and 60. */
START_TEST(a_deadline_spans_all_tries)
{
    stage_add(0, stage_call("b"));
    stage.steps[0][0].tries = 9;
    stage.steps[0][0].timeout = 30 * MC_MS;
    stage.steps[0][0].deadline = 70 * MC_MS;
    stage_add(1, stage_wait(100 * MC_MS));
    stage_run(MC_S);
    const struct sim_call_record *call = stage_call_of(0, 0);
    ck_assert_uint_eq(call->tries, 3);
    ck_assert_int_eq(call->ended - call->started, 70 * MC_MS);
    ck_assert_int_eq(call->failure, SIM_CALL_TIMEOUT);
}
END_TEST

/* ---- what is burnt for nobody ---- */

/* 5 ms of CPU, a wait in which the caller goes, 7 ms more: all 12 are burnt unless the server cancels. */
static mc_ns burnt(bool cancel)
{
    struct sim_step cpu = {.kind = SIM_STEP_WORK, .cpu = {.kind = SIM_DIST_CONSTANT, .mean = 5 * MC_MS}};
    stage_set_up();
    stage.load.timeout = 30 * MC_MS;
    stage.versions[0].cancel = cancel;
    stage_add(0, cpu);
    stage_add(0, stage_wait(100 * MC_MS));
    cpu.cpu.mean = 7 * MC_MS;
    stage_add(0, cpu);
    stage_run(MC_S);
    ck_assert_int_eq(stage.arrival_count, 1);
    ck_assert(stage.arrivals[0].abandoned);
    return stage.arrivals[0].cpu;
}

START_TEST(cpu_is_burnt_for_nobody)
{
    ck_assert_int_eq(burnt(false), 12 * MC_MS);
    ck_assert_int_eq(burnt(true), 5 * MC_MS);
}
END_TEST

/* A user who tries three times loads a failing server three times over. */
START_TEST(users_retry_by_themselves)
{
    stage.versions[0].error_ppm = 1000000;
    stage.versions[0].error_status = 503;
    stage.load.retry = (struct sim_retry){.attempts = 2, .on = 1 /* 5xx */, .backoff_base = 10 * MC_MS, .backoff_max = MC_S, .steady = true};
    stage_run(MC_S);
    ck_assert_int_eq(stage.arrival_count, 3);
    ck_assert_int_eq(stage.arrivals[1].started - stage.arrivals[0].started, 10 * MC_MS); /* base × (2^n − 1), all of it */
    ck_assert_int_eq(stage.arrivals[2].started - stage.arrivals[1].started, 30 * MC_MS);
    ck_assert_uint_eq(stage.counts.failed, 1);
}
END_TEST

Suite *test_deadline_suite(void)
{
    Suite *suite = suite_create("deadline");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, stage_set_up, NULL);
    tcase_add_test(tc, timeouts_are_read_in_every_unit);
    tcase_add_test(tc, what_is_no_timeout_is_none);
    tcase_add_test(tc, timeouts_survive_the_way);
    tcase_add_test(tc, callees_stop_when_nobody_waits);
    tcase_add_test(tc, one_that_is_not_told_works_on);
    tcase_add_test(tc, one_that_does_not_heed_works_on);
    tcase_add_test(tc, late_requests_are_refused_before_they_begin);
    tcase_add_test(tc, a_deadline_spans_all_tries);
    tcase_add_test(tc, cpu_is_burnt_for_nobody);
    tcase_add_test(tc, users_retry_by_themselves);
    suite_add_tcase(suite, tc);
    return suite;
}
