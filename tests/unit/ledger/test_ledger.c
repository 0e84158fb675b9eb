/* The table is whole, and each row knows which plans use it. */
#include "sim/fault/fault.h"
#include "world.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

Suite *test_ledger_suite(void);

START_TEST(rows_are_whole)
{
    for (const struct sim_ledger_entry *entry = sim_ledger; entry->name; entry++) {
        ck_assert_ptr_eq(sim_ledger_find(mc_str_c(entry->name)), entry); /* unique, too */
        ck_assert_msg(entry->doc && *entry->doc && entry->source && *entry->source, "%s", entry->name);
        ck_assert_msg(entry->class == SIM_LEDGER_MODELLED || (!entry->error_permille && !entry->error), "%s: an error of what has none", entry->name);
        ck_assert_msg(entry->class != SIM_LEDGER_MODELLED || entry->error_permille || entry->error, "%s: says nothing of its error", entry->name);
        ck_assert_msg(!entry->constant || entry->error_permille, "%s: moved within no error", entry->name);
        for (const struct sim_ledger_entry *other = sim_ledger; other < entry; other++) {
            bool apart = !strcmp(other->group, entry->group) && strcmp(entry[-1].group, entry->group) != 0;
            ck_assert_msg(!apart, "%s: its group stands elsewhere", entry->name);
        }
    }
}
END_TEST

START_TEST(every_fault_has_a_row)
{
    char name[80];
    for (int i = 0; sim_fault_types[i]; i++) {
        snprintf(name, sizeof name, "fault.%s", sim_fault_types[i]->name);
        const struct sim_ledger_entry *entry = sim_ledger_find(mc_str_c(name));
        ck_assert_msg(entry, "%s", name);
        const char *kinds[] = {sim_fault_types[i]->name};
        struct world world;
        world_init(&world);
        ck_assert_msg(!sim_ledger_uses(entry, &world.use), "%s without the fault", name);
        world.use.faults = kinds, world.use.fault_count = 1;
        ck_assert_msg(sim_ledger_uses(entry, &world.use), "%s with it", name);
        world_fini(&world);
    }
}
END_TEST

/* ---- which plans use it: the smallest change of a plan that makes the row matter ---- */

#define CHANGE(name, code) \
    static void name(struct world *w) \
    { \
        code; \
    }
CHANGE(lose, w->plan.topology.cross_zone.loss_ppm = 1)
CHANGE(lose_by_fault, w->faults[0] = "loss"; w->use.fault_count = 1)
CHANGE(cut, w->faults[0] = "partition"; w->use.fault_count = 1)
CHANGE(race, w->faults[0] = "dns_race"; w->use.fault_count = 1)
CHANGE(crash, w->faults[0] = "crash"; w->use.fault_count = 1)
CHANGE(roll, w->faults[0] = "s:rollout"; w->use.fault_count = 1)
CHANGE(narrow, w->plan.topology.same_zone.bits_per_second = 1)
CHANGE(card, w->plan.topology.nic_bits_per_second = 1)
CHANGE(forget, w->plan.topology.cross_zone.idle_timeout = MC_S)
CHANGE(two_zones, w->plan.topology.zone_count = 2)
CHANGE(two_regions, w->zones[0] = MC_STR("eu/a"); w->zones[1] = MC_STR("us/a"); w->plan.topology.zone_count = 2)
CHANGE(no_mesh, w->plan.profile.sidecars = w->plan.profile.identity = false)
CHANGE(exclude, w->versions[0].network.exclude_outbound_ports[0] = 1)
CHANGE(host, w->versions[1].network.host_network = true)
CHANGE(quota, w->versions[0].cpu_millis = 500)
CHANGE(burn, w->steps[1].cpu.mean = 1)
CHANGE(tail, w->steps[1].wait.kind = SIM_DIST_EXPONENTIAL)
CHANGE(limit_memory, w->versions[0].resources.memory_limit = 1)
CHANGE(collect, w->versions[0].resources.gc.every = 1)
CHANGE(cache, w->steps[1].kind = SIM_STEP_CACHED)
CHANGE(line_up, w->versions[1].concurrency = 1)
CHANGE(err, w->versions[1].error_ppm = 1)
CHANGE(try_twice, w->steps[0].tries = 2)
CHANGE(poisson, w->load.executor = SIM_LOAD_POISSON)
CHANGE(users, w->load.executor = SIM_LOAD_CLOSED)
CHANGE(weigh, static const uint32_t weights[] = {1}; w->services[0].weights = weights)
CHANGE(time_out, w->services[1].policy.has_timeout = true; w->services[1].policy.timeout = 1)
CHANGE(eject, w->services[1].policy.outlier_consecutive = 5)
CHANGE(break_circuit, w->services[1].policy.max_pending = 1)
CHANGE(own_balancer, w->services[1].policy.balancer = MC_STR("random"))
CHANGE(ewma, w->plan.profile.balancer = MC_STR("peak_ewma"))
CHANGE(linkerd, w->plan.profile.name = MC_STR("linkerd"))
CHANGE(panic, w->plan.profile.panic_percent = 50)
CHANGE(strict_without_identity, w->services[0].policy.mtls = MC_STR("strict"); w->plan.profile.identity = false)
CHANGE(roll_out, w->plan.canary_count = 1)
CHANGE(bound, w->plan.threshold_count = 1)
CHANGE(rule, w->plan.invariant_count = 1)
CHANGE(scale, w->services[0].workload.autoscaler.max_replicas = 3)
CHANGE(job, w->services[0].workload.job.completions = 1)
CHANGE(probe, w->versions[0].pod.readiness.kind = SIM_PROBE_TCP)

static const struct {
    const char *name;
    void (*change)(struct world *world);
} uses[] = {
    {"tcp.loss", lose}, {"tcp.loss", lose_by_fault}, {"tcp.death", cut}, {"path.bandwidth", narrow}, {"nic", card}, {"path.idle", forget},
    {"path.zones", two_zones}, {"path.regions", two_regions}, {"dns.race", race}, {"kube-proxy", no_mesh}, {"capture.excluded-ports", exclude},
    {"capture.host-network", host}, {"pod.start", probe}, {"pod.watches", roll}, {"pod.end", crash}, {"pod.probes", probe}, {"pod.back-off", crash},
    {"workload.rollout", roll}, {"node", roll}, {"hpa", scale}, {"job", job}, {"proxy.price.linkerd", linkerd}, {"cpu.quota", quota}, {"cpu.machine", burn},
    {"memory", limit_memory}, {"gc", collect}, {"app.times", tail}, {"app.queue", line_up}, {"app.errors", err}, {"app.retries", try_twice},
    {"app.cache", cache}, {"load.poisson", poisson}, {"load.closed", users}, {"weights", weigh}, {"timeout", time_out}, {"outlier", eject},
    {"circuit", break_circuit}, {"policy", own_balancer}, {"balancer.peak-ewma", ewma}, {"linkerd.proxy", linkerd}, {"panic", panic},
    {"policy.mtls", strict_without_identity}, {"rollout", roll_out}, {"rollout.metrics", roll_out}, {"quantiles", bound}, {"thresholds", bound},
    {"invariants", rule},
};

START_TEST(row_is_used_by_the_plan_that_needs_it)
{
    struct world world;
    const struct sim_ledger_entry *entry = sim_ledger_find(mc_str_c(uses[_i].name));
    ck_assert_msg(entry, "%s", uses[_i].name);
    world_init(&world);
    ck_assert_msg(!sim_ledger_uses(entry, &world.use), "%s: used without a reason", uses[_i].name);
    uses[_i].change(&world);
    ck_assert_msg(sim_ledger_uses(entry, &world.use), "%s: not used", uses[_i].name);
    world_fini(&world);
}
END_TEST

/* What depends on a plan is in the list above, or is what this plan uses and a world without a mesh does not. */
START_TEST(every_row_has_a_test)
{
    struct world world;
    world_init(&world);
    for (const struct sim_ledger_entry *entry = sim_ledger; entry->name; entry++) {
        bool tested = !entry->used || !strcmp(entry->group, "fault");
        for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) tested |= !strcmp(uses[i].name, entry->name);
        bool always = sim_ledger_uses(entry, &world.use);
        ck_assert_msg(tested || always, "%s", entry->name);
    }
    world_fini(&world);
}
END_TEST

START_TEST(a_world_without_a_mesh_has_no_proxy)
{
    static const char *const gone[] = {"capture", "pod.sidecar", "proxy.price", "proxy.memory", "routes", "retry", "balancer", "tls", "pki.renewal", "translation"};
    struct world world;
    world_init(&world);
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) {
        world.plan.profile.sidecars = world.plan.profile.identity = true;
        ck_assert_msg(sim_ledger_uses(sim_ledger_find(mc_str_c(gone[i])), &world.use), "%s", gone[i]);
        no_mesh(&world);
        ck_assert_msg(!sim_ledger_uses(sim_ledger_find(mc_str_c(gone[i])), &world.use), "%s", gone[i]);
    }
    world_fini(&world);
}
END_TEST

/* ---- summaries, errors, evidence ---- */

static bool never(const struct sim_use *use)
{
    (void)use;
    return false;
}

static bool always(const struct sim_use *use)
{
    (void)use;
    return true;
}

static const struct sim_ledger_entry few[] = {
    {.name = "a", .class = SIM_LEDGER_EXACT},
    {.name = "b", .class = SIM_LEDGER_MODELLED, .error_permille = 150},
    {.name = "c", .class = SIM_LEDGER_MODELLED, .error_permille = 400, .used = never},
    {.name = "d", .class = SIM_LEDGER_MODELLED, .error = "not bounded"},
    {.name = "e", .class = SIM_LEDGER_IGNORED},
    {.name = "f", .class = SIM_LEDGER_IGNORED, .used = always, .evidence = "mtls. memory"},
    {.name = NULL},
};

START_TEST(summary_counts_what_is_used)
{
    struct world world;
    world_init(&world);
    struct sim_ledger_summary summary = sim_ledger_summarise(few, &world.use);
    ck_assert_uint_eq(summary.of[SIM_LEDGER_EXACT], 1);
    ck_assert_uint_eq(summary.of[SIM_LEDGER_MODELLED], 2);
    ck_assert_uint_eq(summary.of[SIM_LEDGER_IGNORED], 1);
    ck_assert_uint_eq(summary.unbounded, 1);
    ck_assert_str_eq(summary.worst->name, "b");
    world_fini(&world);
}
END_TEST

START_TEST(evidence_goes_by_the_verdicts_name)
{
    struct world world;
    world_init(&world);
    ck_assert_str_eq(sim_ledger_ignored(few, &world.use, MC_STR("mtls.no_plaintext"))->name, "f");
    ck_assert_str_eq(sim_ledger_ignored(few, &world.use, MC_STR("memory{pod:x} max < 1MiB"))->name, "f");
    ck_assert_ptr_null(sim_ledger_ignored(few, &world.use, MC_STR("request_failed rate < 1%")));
    world_fini(&world);
}
END_TEST

START_TEST(errors_in_words)
{
    static const struct {
        struct sim_ledger_entry entry;
        const char *text;
    } cases[] = {
        {{.class = SIM_LEDGER_MODELLED, .error_permille = 300}, "± 30%"},         {{.class = SIM_LEDGER_MODELLED, .error_permille = 16}, "± 1.6%"},
        {{.class = SIM_LEDGER_MODELLED, .error_permille = 2000}, "a factor of 3"}, {{.class = SIM_LEDGER_MODELLED, .error = "in shape"}, "in shape"},
        {{.class = SIM_LEDGER_MODELLED}, "not bounded"},                          {{.class = SIM_LEDGER_EXACT}, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[SIM_LEDGER_ERROR];
        ck_assert_str_eq(sim_ledger_error(&cases[i].entry, text), cases[i].text);
    }
}
END_TEST

Suite *test_ledger_suite(void)
{
    Suite *suite = suite_create("ledger");
    TCase *tests = tcase_create("ledger");
    tcase_add_test(tests, rows_are_whole);
    tcase_add_test(tests, every_fault_has_a_row);
    tcase_add_loop_test(tests, row_is_used_by_the_plan_that_needs_it, 0, (int)(sizeof uses / sizeof *uses));
    tcase_add_test(tests, every_row_has_a_test);
    tcase_add_test(tests, a_world_without_a_mesh_has_no_proxy);
    tcase_add_test(tests, summary_counts_what_is_used);
    tcase_add_test(tests, evidence_goes_by_the_verdicts_name);
    tcase_add_test(tests, errors_in_words);
    suite_add_tcase(suite, tests);
    return suite;
}
