/* Whole runs of small worlds: counts, times and verdicts that can be said beforehand. */
#include "plans.h"
#include "support/memory.h"
#include <check.h>
#include <string.h>

static struct plans plans;
static struct sim_run *run;

static void set_up(void)
{
    plans_init(&plans);
    run = NULL;
}

static void tear_down(void)
{
    sim_run_free(run);
    plans_fini(&plans);
}

static struct sim_tally tally_of(struct sim_query query)
{
    struct sim_tally tally = {0};
    sim_requests(sim_run_questions(run), &query, &tally);
    return tally;
}

static uint64_t count_of(struct sim_query query)
{
    struct sim_tally tally = tally_of(query);
    uint64_t count = tally.count;
    sim_tally_fini(&tally);
    return count;
}

static const struct sim_verdict *verdict_named(const char *name)
{
    const struct sim_verdicts *verdicts = sim_run_verdicts(run);
    for (uint32_t i = 0; i < verdicts->count; i++)
        if (mc_str_eq(verdicts->list[i].name, mc_str_c(name))) return &verdicts->list[i];
    return NULL;
}

/* 10 requests per second for 60 s, at 0, 0.1, … 59.9 and 60.0: each is answered after 5 ms of work. */
START_TEST(counts_and_times_without_a_mesh)
{
    plans_service(&plans, "web");
    plans_work(&plans, 5 * MC_MS);
    plans_load(&plans, "web", 10);
    run = plans_start(&plans, 1);
    ck_assert_int_eq(sim_run_advance(run, MC_NEVER, 0), SIM_RUN_STOPPED);
    ck_assert_int_eq(sim_run_stop_reason(run), SIM_STOP_DURATION);
    struct sim_tally tally = tally_of((struct sim_query){.src = MC_STR("user"), .code = MC_STR("200")});
    mc_ns p50 = 0;
    ck_assert_uint_eq(tally.count, 600);
    ck_assert(sim_tally_quantile(&tally, 500000, &p50));
    ck_assert_int_ge(p50, 5 * MC_MS);
    ck_assert_int_lt(p50, 6 * MC_MS);
    sim_tally_fini(&tally);
    ck_assert_uint_eq(count_of((struct sim_query){.dst = MC_STR("web")}), 600);
    ck_assert_int_eq(sim_run_finish(run).status, SIM_PASS);
}
END_TEST

static void three_hops(void)
{
    plans_service(&plans, "web");
    plans_call(&plans, "api");
    plans_service(&plans, "api")->replicas = 2;
    plans_call(&plans, "db");
    plans_service(&plans, "db");
    plans_work(&plans, 2 * MC_MS);
    plans_load(&plans, "web", 20);
}

/* What goes in comes out: every hop sees every request once. */
static void expect_conserved(void)
{
    sim_run_advance(run, MC_NEVER, 0);
    uint64_t user = count_of((struct sim_query){.src = MC_STR("user"), .code = MC_STR("200")});
    ck_assert_uint_ge(user, 1199);
    ck_assert_uint_eq(count_of((struct sim_query){.src = MC_STR("user")}), user);
    ck_assert_uint_eq(count_of((struct sim_query){.src = MC_STR("web"), .dst = MC_STR("api")}), count_of((struct sim_query){.dst = MC_STR("api")}));
    ck_assert_uint_eq(count_of((struct sim_query){.dst = MC_STR("web"), .code = MC_STR("200")}), user);
    ck_assert_uint_eq(count_of((struct sim_query){.dst = MC_STR("db"), .code = MC_STR("200")}), user);
}

START_TEST(conserved_without_a_mesh)
{
    three_hops();
    run = plans_start(&plans, 1);
    expect_conserved();
}
END_TEST

START_TEST(conserved_through_sidecars_in_plaintext)
{
    three_hops();
    plans_mesh(&plans, false);
    plans.invariants[plans.plan.invariant_count++] = MC_STR("requests.conserved");
    run = plans_start(&plans, 1);
    expect_conserved();
    ck_assert_int_eq(sim_run_finish(run).status, SIM_PASS);
    ck_assert(verdict_named("requests.conserved"));
}
END_TEST

START_TEST(conserved_through_mutual_tls)
{
    const char *names[] = {"mtls.no_plaintext", "mtls.no_expired_peer_accepted", "pki.serial_unique", "pki.san_matches_workload"};
    three_hops();
    plans_mesh(&plans, true);
    for (size_t i = 0; i < MC_COUNT_OF(names); i++) plans.invariants[plans.plan.invariant_count++] = mc_str_c(names[i]);
    plans.plan.profile.cert_ttl = 40 * MC_S; /* renewed at half its life: within the minute */
    run = plans_start(&plans, 1);
    expect_conserved();
    ck_assert_uint_gt(sim_count(sim_run_questions(run), SIM_COUNT_HANDSHAKES, &(struct sim_query){.result = MC_STR("ok")}), 0);
    ck_assert_uint_ge(sim_count(sim_run_questions(run), SIM_COUNT_CSRS, &(struct sim_query){.result = MC_STR("issued")}), 4);
    ck_assert_int_eq(sim_run_finish(run).status, SIM_PASS);
    for (size_t i = 0; i < MC_COUNT_OF(names); i++) {
        ck_assert(verdict_named(names[i]));
        ck_assert_uint_gt(verdict_named(names[i])->samples, 0);
    }
}
END_TEST

static uint64_t hash_of(uint64_t seed, int fill, uint64_t slice)
{
    struct sim_error error = {0};
    struct sim_run_options options = {.seed = seed, .fill = fill};
    run = sim_run_new(&plans.plan, &options, &error);
    ck_assert_msg(run, "%s", error.text);
    sim_run_start(run);
    while (sim_run_advance(run, MC_NEVER, slice) == SIM_RUN_GOING) {
    }
    uint64_t hash = sim_run_finish(run).trace_hash;
    sim_run_free(run);
    run = NULL;
    return hash;
}

START_TEST(same_seed_same_run_however_it_is_sliced)
{
    three_hops();
    plans_mesh(&plans, true);
    plans.plan.duration = 10 * MC_S;
    plans.load.executor = SIM_LOAD_POISSON;
    uint64_t hash = hash_of(7, 0, 0);
    ck_assert_uint_eq(hash_of(7, 0, 0), hash);
    ck_assert_uint_eq(hash_of(7, 0, 17), hash);
    ck_assert_uint_eq(hash_of(7, 0x100, 0), hash);
    ck_assert_uint_eq(hash_of(7, 0xa5, 1000), hash);
    ck_assert_uint_ne(hash_of(8, 0, 0), hash);
}
END_TEST

START_TEST(a_fault_that_touches_nothing_is_inconclusive)
{
    struct sim_error error = {0};
    three_hops();
    plans_service(&plans, "idle");
    run = plans_start(&plans, 1);
    struct sim_selector idle = {.service = MC_STR("idle")}, db = {.service = MC_STR("db")};
    struct sim_argument arguments[] = {
        {.name = MC_STR("from"), .type = SIM_PARAM_SELECTOR, .selectors = &idle, .selector_count = 1},
        {.name = MC_STR("to"), .type = SIM_PARAM_SELECTOR, .selectors = &db, .selector_count = 1},
    };
    struct sim_fault_spec spec = {.kind = MC_STR("partition"), .arguments = arguments, .argument_count = 2};
    ck_assert_msg(sim_run_fault(run, &spec, &error), "%s", error.text);
    sim_run_advance(run, MC_NEVER, 0);
    ck_assert_int_eq(sim_run_finish(run).status, SIM_INCONCLUSIVE);
}
END_TEST

START_TEST(a_partition_bites_and_heals)
{
    struct sim_error error = {0};
    three_hops();
    plans.steps[0].timeout = MC_S;
    run = plans_start(&plans, 1);
    sim_run_advance(run, 20 * MC_S, 0);
    ck_assert_uint_eq(count_of((struct sim_query){.src = MC_STR("user"), .code = MC_STR("5xx")}), 0);
    struct sim_selector web = {.service = MC_STR("web")}, api = {.service = MC_STR("api")};
    struct sim_argument arguments[] = {
        {.name = MC_STR("from"), .type = SIM_PARAM_SELECTOR, .selectors = &web, .selector_count = 1},
        {.name = MC_STR("to"), .type = SIM_PARAM_SELECTOR, .selectors = &api, .selector_count = 1},
    };
    struct sim_fault_spec spec = {.kind = MC_STR("partition"), .arguments = arguments, .argument_count = 2};
    struct sim_fault *fault = sim_run_fault(run, &spec, &error);
    ck_assert_msg(fault, "%s", error.text);
    sim_run_advance(run, 30 * MC_S, 0);
    uint64_t failed = count_of((struct sim_query){.src = MC_STR("user"), .code = MC_STR("5xx"), .since = 20 * MC_S});
    ck_assert_uint_ge(failed, 150); /* 20 per second, but for those still waiting */
    sim_run_fault_clear(run, fault);
    ck_assert_uint_gt(sim_fault_affected(fault).packets, 0);
    sim_run_advance(run, 50 * MC_S, 0);
    ck_assert_uint_eq(count_of((struct sim_query){.src = MC_STR("user"), .code = MC_STR("5xx"), .since = 40 * MC_S}), 0);
    sim_run_advance(run, MC_NEVER, 0);
    ck_assert_int_eq(sim_run_finish(run).status, SIM_PASS);
}
END_TEST

/* Whatever allocation is refused while the world is built: an error, and nothing is left behind. */
START_TEST(a_world_that_does_not_fit_is_refused)
{
    three_hops();
    plans_mesh(&plans, _i);
    for (uint64_t n = 1, built = 0; !built; n += 1 + n / 8) {
        struct sim_error error = {0};
        struct test_memory memory = {.refuse_at = n, .refuse_after = true};
        struct mc_alloc alloc = test_alloc(&memory);
        struct sim_run *refused = sim_run_new(&plans.plan, &(struct sim_run_options){.seed = 1, .alloc = alloc}, &error);
        built = refused != NULL;
        if (!built) ck_assert_str_ne(error.text, "");
        sim_run_free(refused);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
}
END_TEST

Suite *test_run_suite(void)
{
    Suite *suite = suite_create("run");
    TCase *tests = tcase_create("run");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, counts_and_times_without_a_mesh);
    tcase_add_test(tests, conserved_without_a_mesh);
    tcase_add_test(tests, conserved_through_sidecars_in_plaintext);
    tcase_add_test(tests, conserved_through_mutual_tls);
    tcase_add_test(tests, same_seed_same_run_however_it_is_sliced);
    tcase_add_test(tests, a_fault_that_touches_nothing_is_inconclusive);
    tcase_add_test(tests, a_partition_bites_and_heals);
    tcase_add_loop_test(tests, a_world_that_does_not_fit_is_refused, 0, 2); /* in plaintext, with identity */
    suite_add_tcase(suite, tests);
    return suite;
}
