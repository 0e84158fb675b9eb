/* Applications and load clients over a wire without latency, where CPU costs no time: every instant
 * below is a sum of waits. */
#include "sim/load/app.h"
#include "sim/load/client.h"
#include "support/memory.h"
#include "support/wire.h"
#include <check.h>
#include <stdio.h>

Suite *test_app_suite(void);

enum { SERVICES = 3, RECORDS = 4000 };

static struct sim_step steps[SERVICES][4];
static struct sim_version versions[SERVICES];
static struct sim_service services[SERVICES];
static struct sim_topology topology;
static struct sim_load_spec load;

static struct sim_call_record calls[RECORDS];
static struct sim_arrival_record arrivals[RECORDS];
static int call_count, arrival_count, connected, disconnected;
static struct sim_client_counts counts;

/* ---- the observer ---- */

static void on_watch(struct sim_observer *observer, struct sim_watch *watch)
{
    (void)observer, (void)watch;
}

static void on_call(struct sim_observer *observer, const struct sim_call_record *call)
{
    (void)observer;
    ck_assert_int_lt(call_count, RECORDS);
    calls[call_count++] = *call;
}

static void on_arrival(struct sim_observer *observer, const struct sim_arrival_record *arrival)
{
    (void)observer;
    ck_assert_int_lt(arrival_count, RECORDS);
    arrivals[arrival_count++] = *arrival;
}

static void on_connection(struct sim_observer *observer, uint32_t from, uint32_t to, uint64_t stream, mc_ns now, bool opened)
{
    (void)observer, (void)from, (void)to, (void)stream, (void)now;
    *(opened ? &connected : &disconnected) += 1;
}

static const struct sim_observer_type observer_type = {
    .watch = on_watch, .unwatch = on_watch, .call = on_call, .arrival = on_arrival, .connection = on_connection};

/* ---- the world: services a, b, c at 10.0.0.1…3, and a client that calls a ---- */

static bool resolve(struct wire *wire, struct mc_str name, struct mc_addr *addr)
{
    (void)wire;
    *addr = mc_addr_v4(0x0a000001u + (uint32_t)(name.p[0] - 'a'), 0);
    return name.n == 1 && name.p[0] >= 'a' && name.p[0] < 'a' + SERVICES;
}

static void set_up(void)
{
    static const struct mc_str names[] = {{"a", 1}, {"b", 1}, {"c", 1}};
    memset(steps, 0, sizeof steps);
    for (int i = 0; i < SERVICES; i++) {
        versions[i] = (struct sim_version){.name = MC_STR("v1"), .replicas = 1, .steps = steps[i], .response_bytes = 100};
        services[i] = (struct sim_service){.name = names[i], .port = 8080, .versions = &versions[i], .version_count = 1};
    }
    topology = (struct sim_topology){.services = services, .service_count = SERVICES};
    load = (struct sim_load_spec){.to = MC_STR("a"), .executor = SIM_LOAD_CLOSED, .vus = 1, .think = MC_HOUR};
    call_count = arrival_count = connected = disconnected = 0;
}

static void run(mc_ns until)
{
    struct test_memory memory = {0};
    struct sim_observer observer = {&observer_type};
    struct mc_realm realm;
    struct mc_pool outside;
    struct mc_arena arena;
    struct wire wire;
    struct sim_app *apps[SERVICES];
    struct sim_callee callee;
    struct sim_call_spec call;
    mc_realm_init(&realm, test_alloc(&memory), 1);
    mc_pool_init(&outside, test_alloc(&memory));
    mc_arena_init(&arena, &outside, 0);
    wire_init(&wire, &outside);
    wire.resolve = resolve;
    for (uint32_t i = 0; i < SERVICES; i++) {
        const struct sim_program *program = sim_program_new(&topology, i, 0, &arena, &realm);
        apps[i] = sim_app_new(&(struct sim_app_options){.realm = &realm, .program = program, .observer = &observer, .party = i, .caller = i});
        int end = wire_add(&wire, sim_app_guest(apps[i]));
        wire.ends[end].ip = mc_addr_v4(0x0a000001 + i, 0);
    }
    ck_assert(sim_program_load(&topology, 0, &load, &arena, &realm, &callee, &call));
    struct sim_client *client = sim_client_new(&(struct sim_client_options){.realm = &realm, .spec = &load, .callee = &callee, .call = &call, .observer = &observer, .party = 9, .node = 9, .entity = 5});
    wire_add(&wire, sim_client_guest(client));
    wire_run_until(&wire, until);
    counts = sim_client_counts(client);
    int told = call_count, arrived = arrival_count;
    for (int e = 0; e < wire.end_count; e++) wire_reset_streams(&wire, e);
    sim_client_free(client);
    for (int i = 0; i < SERVICES; i++) sim_app_free(apps[i]);
    wire_fini(&wire);
    mc_arena_fini(&arena);
    mc_realm_fini(&realm);
    mc_pool_fini(&outside);
    ck_assert_uint_eq(memory.live_blocks, 0);
    call_count = told, arrival_count = arrived;
}

static struct sim_step wait_for(mc_ns wait)
{
    return (struct sim_step){.kind = SIM_STEP_WORK, .wait = {.kind = SIM_DIST_CONSTANT, .mean = wait}};
}

static struct sim_step call_to(const char *service)
{
    return (struct sim_step){.kind = SIM_STEP_CALL, .service = mc_str_c(service), .tries = 1};
}

static void add(int service, struct sim_step step)
{
    steps[service][versions[service].step_count++] = step;
}

static int arrived_at(uint32_t party)
{
    int n = 0;
    for (int i = 0; i < arrival_count; i++) n += arrivals[i].at == party;
    return n;
}

static const struct sim_call_record *call_from_client(int nth)
{
    for (int i = 0; i < call_count; i++)
        if (calls[i].from == 9 && nth-- == 0) return &calls[i];
    ck_abort_msg("no such call");
}

/* ---- cases ---- */

START_TEST(closed_loop_waits_for_each_answer)
{
    add(0, wait_for(10 * MC_MS));
    load.think = 15 * MC_MS;
    load.vus = 3;
    load.duration = MC_S;
    run(2 * MC_S);
    ck_assert_uint_eq(counts.started, 3 * 40); /* at 0, 25, …, 975 ms */
    ck_assert_uint_eq(counts.finished, counts.started);
    ck_assert_uint_eq(counts.failed + counts.dropped + counts.under_way, 0);
    for (int i = 0; i < call_count; i++) {
        ck_assert_int_eq(calls[i].ended - calls[i].started, 10 * MC_MS);
        ck_assert_uint_eq(calls[i].code, 200);
        ck_assert_uint_eq(calls[i].served_by, 0);
        ck_assert_uint_eq(calls[i].bytes_down, 100);
    }
    ck_assert_int_eq(connected, 3); /* kept alive */
}
END_TEST

START_TEST(open_loop_starts_when_due_and_drops_what_is_too_much)
{
    add(0, wait_for(100 * MC_MS));
    load.executor = SIM_LOAD_CONSTANT_RATE;
    load.rate_milli = 100000; /* every 10 ms; ten are under way at once */
    load.duration = MC_S;
    load.max_vus = 4;
    run(2 * MC_S);
    ck_assert_uint_eq(counts.started + counts.dropped, 100);
    ck_assert_uint_eq(counts.started, 40); /* four at 0 … 30 ms, as they leave at 100 … 130 ms, and so on */
    for (int i = 0; i < call_count; i++) ck_assert_int_eq(calls[i].started % (10 * MC_MS), 0);
}
END_TEST

/* Five at once at a server with two places and a queue of one: three are served, two are turned away. */
START_TEST(server_queues_and_overflows)
{
    add(0, wait_for(10 * MC_MS));
    versions[0].concurrency = 2;
    versions[0].queue = 1;
    load.vus = 5;
    run(MC_S);
    int by_end[3] = {0};
    for (int i = 0; i < call_count; i++) {
        mc_ns took = calls[i].ended - calls[i].started;
        ck_assert_uint_eq(calls[i].code, took ? 200 : 503);
        ck_assert(took == 0 || took == 10 * MC_MS || took == 20 * MC_MS);
        by_end[took / (10 * MC_MS)]++;
    }
    ck_assert_int_eq(by_end[0], 2);
    ck_assert_int_eq(by_end[1], 2);
    ck_assert_int_eq(by_end[2], 1);
    ck_assert_uint_eq(counts.failed, 2);
}
END_TEST

START_TEST(calls_add_up_and_parallel_ones_overlap)
{
    add(0, wait_for(5 * MC_MS));
    add(0, call_to("b"));
    add(0, call_to("b"));
    add(0, call_to("c"));
    steps[0][2].parallel = steps[0][3].parallel = true;
    add(1, wait_for(10 * MC_MS));
    add(2, wait_for(20 * MC_MS));
    run(MC_S);
    const struct sim_call_record *call = call_from_client(0);
    ck_assert_uint_eq(call->code, 200);
    ck_assert_int_eq(call->ended - call->started, (5 + 10 + 20) * MC_MS);
    ck_assert_int_eq(arrived_at(0), 1);
    ck_assert_int_eq(arrived_at(1), 2);
    ck_assert_int_eq(arrived_at(2), 1);
    for (int i = 0; i < call_count; i++) { /* one trace; the client's call is its root */
        ck_assert(calls[i].trace_hi == call->trace_hi && calls[i].trace_lo == call->trace_lo);
        ck_assert_int_eq(calls[i].parent == 0, calls[i].from == 9);
    }
}
END_TEST

static void timeout_case(bool optional, uint16_t code)
{
    add(0, call_to("b"));
    steps[0][0].timeout = 30 * MC_MS;
    steps[0][0].tries = 2;
    steps[0][0].optional = optional;
    add(1, wait_for(100 * MC_MS));
    run(MC_S);
    const struct sim_call_record *call = call_from_client(0);
    ck_assert_uint_eq(call->code, code);
    ck_assert_int_eq(call->ended - call->started, 60 * MC_MS); /* two tries */
    ck_assert_int_eq(arrived_at(1), 2);
    for (int i = 0; i < arrival_count; i++)
        if (arrivals[i].at == 1) ck_assert(arrivals[i].abandoned && arrivals[i].ended - arrivals[i].started == 100 * MC_MS); /* goes on computing */
    ck_assert_int_eq(calls[0].failure, SIM_CALL_TIMEOUT);
    ck_assert_uint_eq(calls[0].tries, 2);
}

START_TEST(timeout_is_each_try_s_own)
{
    timeout_case(false, 500);
}
END_TEST

START_TEST(optional_call_fails_alone)
{
    timeout_case(true, 200);
}
END_TEST

START_TEST(cancel_stops_computing)
{
    versions[1].cancel = true;
    add(0, call_to("b"));
    steps[0][0].timeout = 30 * MC_MS;
    add(1, wait_for(100 * MC_MS));
    run(MC_S);
    ck_assert_int_eq(arrived_at(1), 1);
    for (int i = 0; i < arrival_count; i++)
        if (arrivals[i].at == 1) ck_assert_int_eq(arrivals[i].ended - arrivals[i].started, 30 * MC_MS);
}
END_TEST

START_TEST(every_try_of_a_failing_callee_is_counted)
{
    versions[1].error_ppm = 1000000;
    versions[1].error_status = 503;
    add(0, call_to("b"));
    steps[0][0].tries = 3;
    run(MC_S);
    ck_assert_uint_eq(call_from_client(0)->code, 500);
    ck_assert_int_eq(arrived_at(1), 3);
    for (int i = 0; i < arrival_count; i++)
        if (arrivals[i].at == 1) ck_assert_uint_eq(arrivals[i].code, 503);
}
END_TEST

START_TEST(unknown_name_is_a_failure_to_resolve)
{
    services[0].name = MC_STR("nowhere");
    load.to = services[0].name;
    run(20 * MC_S);
    ck_assert_int_eq(call_from_client(0)->failure, SIM_CALL_NAME);
    ck_assert_uint_eq(call_from_client(0)->code, 0);
    ck_assert_uint_eq(counts.failed, 1);
}
END_TEST

/* The share of errors is drawn per request: 1000 requests at 20 %, 200 ± 3.29 √160. */
START_TEST(errors_come_in_their_share)
{
    versions[0].error_ppm = 200000;
    versions[0].error_status = 500;
    load.think = MC_MS;
    load.duration = MC_S;
    run(2 * MC_S);
    ck_assert_uint_eq(counts.started, 1000);
    ck_assert_msg(counts.failed >= 159 && counts.failed <= 241, "%lu failed", (unsigned long)counts.failed);
}
END_TEST

Suite *test_app_suite(void)
{
    Suite *suite = suite_create("app");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, set_up, NULL);
    tcase_add_test(tc, closed_loop_waits_for_each_answer);
    tcase_add_test(tc, open_loop_starts_when_due_and_drops_what_is_too_much);
    tcase_add_test(tc, server_queues_and_overflows);
    tcase_add_test(tc, calls_add_up_and_parallel_ones_overlap);
    tcase_add_test(tc, timeout_is_each_try_s_own);
    tcase_add_test(tc, optional_call_fails_alone);
    tcase_add_test(tc, cancel_stops_computing);
    tcase_add_test(tc, every_try_of_a_failing_callee_is_counted);
    tcase_add_test(tc, unknown_name_is_a_failure_to_resolve);
    tcase_add_test(tc, errors_come_in_their_share);
    suite_add_tcase(suite, tc);
    return suite;
}
