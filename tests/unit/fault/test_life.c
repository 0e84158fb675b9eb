/* A fault's life in a real world of pods without guests. */
#include "sim/fault/fault_parts.h"
#include "host/trace.h"
#include "support/memory.h"
#include <check.h>
#include <stdio.h>

static const struct mc_str zones[] = {{"a", 1}, {"b", 1}};
static const struct sim_version versions[] = {{.name = {"v1", 2}, .replicas = 3}, {.name = {"v2", 2}, .replicas = 1}};
static const struct sim_service services[] = {
    {.name = {"web", 3}, .versions = versions, .version_count = 1},
    {.name = {"cart", 4}, .versions = versions, .version_count = 2},
};
static const struct sim_plan plan = {
    .topology = {.zones = zones, .zone_count = 2, .services = services, .service_count = 2}, .profile.name = {"none", 4}};

enum { PODS = 8, TOLD = 64 };

struct stage {
    struct sim_fault_targets targets;
    struct test_memory memory;
    struct mc_realm realm;
    struct sim_world *world;
    struct sim_faults *faults;
    uint32_t told[TOLD]; /* number × 10 + state */
    uint32_t told_count, restarts;
    struct mc_registry *registry; /* NULL: no control plane */
};

static struct stage stage;

static struct sim_app *no_app(struct sim_fault_targets *targets, uint32_t pod)
{
    (void)targets, (void)pod;
    return NULL;
}

static void restart(struct sim_fault_targets *targets, uint32_t pod)
{
    ck_assert(sim_world_pod(stage.world, pod).up);
    (void)targets;
    stage.restarts++;
}

static uint32_t no_control(struct sim_fault_targets *targets)
{
    (void)targets;
    return SIM_NONE;
}

static struct mc_registry *registry(struct sim_fault_targets *targets)
{
    (void)targets;
    return stage.registry;
}

static struct mc_authority *no_authority(struct sim_fault_targets *targets)
{
    (void)targets;
    return NULL;
}

static void ca(struct sim_fault_targets *targets, bool up)
{
    (void)targets, (void)up;
}

static void changed(struct sim_fault_targets *targets, const struct sim_fault *fault)
{
    (void)targets;
    if (stage.told_count < TOLD) stage.told[stage.told_count++] = sim_fault_number(fault) * 10 + sim_fault_state(fault);
}

static const struct sim_fault_targets_type targets_type = {.app = no_app, .restart = restart, .control = no_control, .registry = registry,
                                                           .authority = no_authority, .ca = ca, .changed = changed};

/* Pods 0…2 web, 3…5 cart/v1, 6 cart/v2, 7 a client; each on a machine of its own; odd ones in zone b. */
static void open_stage(const uint32_t *disabled, uint32_t disabled_count)
{
    stage = (struct stage){.targets.type = &targets_type};
    mc_realm_init(&stage.realm, test_alloc(&stage.memory), 5);
    stage.world = sim_world_new(&(struct sim_world_options){.realm = &stage.realm});
    ck_assert_ptr_nonnull(stage.world);
    for (uint32_t i = 0; i < PODS; i++) {
        char name[16];
        uint32_t machine, pod;
        snprintf(name, sizeof name, i == 7 ? "client" : "pod-%u", i);
        ck_assert(sim_world_add_machine(stage.world, &(struct sim_machine_spec){.zone = i % 2}, &machine));
        struct sim_pod_spec spec = {.machine = machine, .name = mc_str_c(name), .service = i == 7 ? SIM_NONE : i >= 3, .version = i == 7 ? SIM_NONE : i == 6};
        ck_assert(sim_world_add_pod(stage.world, &spec, &pod));
        ck_assert_uint_eq(pod, i);
    }
    struct sim_faults_options options = {.world = stage.world, .targets = &stage.targets, .plan = &plan, .disabled = disabled,
                                         .disabled_count = disabled_count, .alloc = test_alloc(&stage.memory)};
    stage.faults = sim_faults_new(&options);
    ck_assert_ptr_nonnull(stage.faults);
}

static void close_stage(void)
{
    sim_faults_free(stage.faults);
    sim_world_free(stage.world);
    mc_registry_free(stage.registry);
    mc_realm_fini(&stage.realm);
    ck_assert_uint_eq(stage.memory.live_blocks, 0);
}

/* KIND on or from PODS (short form), with one more argument unless NAME is NULL. */
static struct sim_fault *try_one(const char *kind, const char *where, const char *pods, const char *name, enum sim_parameter_type type, int64_t number,
                                 struct sim_fault *after, struct sim_error *error)
{
    struct sim_selector selector = {0};
    ck_assert(sim_selector_read(mc_str_c(pods), &selector, error));
    struct sim_argument arguments[] = {{.name = mc_str_c(where), .type = SIM_PARAM_SELECTOR, .selectors = &selector, .selector_count = 1},
                                       {.name = mc_str_c(name), .type = type, .number = number}};
    struct sim_fault_spec spec = {.kind = mc_str_c(kind), .arguments = arguments, .argument_count = name ? 2 : 1, .after = after,
                                  .source = {MC_STR("x.lua"), 3}};
    return sim_faults_add(stage.faults, &spec, error);
}

static struct sim_fault *one(const char *kind, const char *where, const char *pods, const char *name, enum sim_parameter_type type, int64_t number,
                             struct sim_fault *after)
{
    struct sim_error error = {0};
    struct sim_fault *fault = try_one(kind, where, pods, name, type, number, after, &error);
    ck_assert_msg(fault != NULL, "%s", error.text);
    return fault;
}

START_TEST(durations_and_chains)
{
    open_stage(NULL, 0);
    struct sim_fault *first = one("partition", "from", "@b", "duration", SIM_PARAM_DURATION, 30 * MC_S, NULL);
    struct sim_fault *second = one("pause", "on", "cart", "duration", SIM_PARAM_DURATION, 10 * MC_S, first);
    struct sim_fault *third = one("pause", "on", "web", NULL, 0, 0, second);
    ck_assert_int_eq(sim_fault_state(first), SIM_FAULT_ACTIVE);
    ck_assert_int_eq(sim_fault_state(second), SIM_FAULT_PLANNED);
    ck_assert_int_eq(sim_fault_until(first), 30 * MC_S);
    ck_assert_str_eq(sim_fault_text(first), "partition @b <-> everything else");
    ck_assert_str_eq(sim_fault_target(second), "cart");
    ck_assert_str_eq(sim_fault_params_json(first), "{\"from\":\"@b\",\"duration\":\"30s\"}");
    sim_world_run(stage.world, 30 * MC_S - 1, 0);
    ck_assert_int_eq(sim_fault_state(first), SIM_FAULT_ACTIVE);
    sim_world_run(stage.world, 35 * MC_S, 0);
    ck_assert_int_eq(sim_fault_cleared(first), 30 * MC_S);
    ck_assert_int_eq(sim_fault_started(second), 30 * MC_S);
    sim_faults_clear(stage.faults, second);
    sim_faults_clear(stage.faults, second);
    ck_assert_int_eq(sim_fault_cleared(second), 35 * MC_S);
    ck_assert_int_eq(sim_fault_state(third), SIM_FAULT_ACTIVE);
    ck_assert_int_eq(sim_fault_until(third), MC_NEVER);
    struct sim_fault *late = one("pause", "on", "cart", NULL, 0, 0, first); /* after one that is over: now */
    ck_assert_int_eq(sim_fault_started(late), 35 * MC_S);
    sim_faults_clear_all(stage.faults);
    static const uint32_t told[] = {11, 12, 21, 22, 31, 41, 42, 32};
    ck_assert_uint_eq(stage.told_count, sizeof told / sizeof *told);
    for (uint32_t i = 0; i < stage.told_count; i++) ck_assert_uint_eq(stage.told[i], told[i]);
    sim_world_run(stage.world, 100 * MC_S, 0);
    ck_assert_uint_eq(stage.told_count, sizeof told / sizeof *told);
    close_stage();
}
END_TEST

START_TEST(clocks_come_back_in_any_order)
{
    static const int orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {2, 0, 1}};
    for (unsigned o = 0; o < 4; o++) {
        open_stage(NULL, 0);
        sim_machine_set_offset(stage.world, 3, 7 * MC_S);
        struct sim_fault *skews[] = {one("clock_skew", "on", "cart", "offset", SIM_PARAM_OFFSET, -10 * MC_MIN, NULL),
                                     one("clock_skew", "on", "*", "offset", SIM_PARAM_OFFSET, MC_MIN, NULL),
                                     one("clock_skew", "on", "@b", "offset", SIM_PARAM_OFFSET, MC_S, NULL)};
        ck_assert_int_eq(sim_machine_offset(stage.world, 3), 7 * MC_S - 10 * MC_MIN + MC_MIN + MC_S);
        ck_assert_int_eq(sim_machine_offset(stage.world, 0), MC_MIN);
        for (unsigned i = 0; i < 3; i++) sim_faults_clear(stage.faults, skews[orders[o][i]]);
        for (uint32_t m = 0; m < PODS; m++) ck_assert_int_eq(sim_machine_offset(stage.world, m), m == 3 ? 7 * MC_S : 0);
        close_stage();
    }
}
END_TEST

START_TEST(crashed_pods_come_back)
{
    open_stage(NULL, 0);
    struct sim_fault *crash = one("crash", "on", "cart/v1", "restart", SIM_PARAM_DURATION, 10 * MC_S, NULL);
    (void)crash;
    sim_world_run(stage.world, 10 * MC_S, 0);
    ck_assert_int_eq(sim_fault_state(crash), SIM_FAULT_CLEARED);
    ck_assert_uint_eq(stage.restarts, 3);
    close_stage();
}
END_TEST

START_TEST(filters_choose_pods)
{
    open_stage(NULL, 0);
    one("clock_skew", "on", "cart", "offset", SIM_PARAM_OFFSET, MC_S, NULL);
    sim_faults_clear_all(stage.faults);
    close_stage();
    open_stage(NULL, 0);
    struct sim_selector carts = {.service = MC_STR("cart")};
    struct sim_argument arguments[] = {{.name = MC_STR("on"), .type = SIM_PARAM_SELECTOR, .selectors = &carts, .selector_count = 1},
                                       {.name = MC_STR("offset"), .type = SIM_PARAM_OFFSET, .number = MC_S},
                                       {.name = MC_STR("skip"), .type = SIM_PARAM_COUNT, .number = 1},
                                       {.name = MC_STR("every"), .type = SIM_PARAM_COUNT, .number = 2}};
    struct sim_fault_spec spec = {.kind = MC_STR("clock_skew"), .arguments = arguments, .argument_count = 4};
    struct sim_error error;
    ck_assert_ptr_nonnull(sim_faults_add(stage.faults, &spec, &error));
    for (uint32_t m = 0; m < PODS; m++) ck_assert_int_eq(sim_machine_offset(stage.world, m), m == 5 ? MC_S : 0); /* of 4 5 6 the second */
    close_stage();
}
END_TEST

START_TEST(without_effect)
{
    const uint32_t disabled[] = {2};
    open_stage(disabled, 1);
    struct sim_fault *felt = one("clock_skew", "on", "web", "offset", SIM_PARAM_OFFSET, MC_S, NULL);
    struct sim_fault *idle = one("clock_skew", "on", "cart", "offset", SIM_PARAM_OFFSET, MC_S, NULL);
    ck_assert(!sim_fault_disabled(felt) && sim_fault_disabled(idle));
    ck_assert_int_eq(sim_fault_state(idle), SIM_FAULT_ACTIVE);
    ck_assert_int_eq(sim_machine_offset(stage.world, 0), MC_S);
    ck_assert_int_eq(sim_machine_offset(stage.world, 4), 0);
    sim_faults_clear(stage.faults, idle);
    ck_assert_int_eq(sim_machine_offset(stage.world, 4), 0);
    ck_assert_uint_eq(sim_fault_affected(idle).connections, 0);
    close_stage();
}
END_TEST

START_TEST(what_this_world_cannot)
{
    struct sim_error error = {0};
    open_stage(NULL, 0);
    ck_assert_ptr_null(try_one("pause", "on", "crat", NULL, 0, 0, NULL, &error));
    ck_assert_msg(strstr(error.text, "\"cart\"") != NULL, "%s", error.text);
    ck_assert_int_eq(error.source.line, 3);
    ck_assert_ptr_null(try_one("cert_expire", "on", "cart", NULL, 0, 0, NULL, &error));
    ck_assert_msg(strstr(error.text, "\"none\" has none") != NULL, "%s", error.text);
    struct sim_fault *client = one("partition", "from", "client", NULL, 0, 0, NULL); /* by name */
    ck_assert_uint_eq(sim_fault_number(client), 1);                         /* refused ones have no number */
    ck_assert_ptr_null(try_one("pause", "on", "client", NULL, 0, 0, NULL, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "\"client\" is none"));
    struct sim_fault *all = one("pause", "on", "*", NULL, 0, 0, NULL);
    ck_assert(sim_pod_set_has(&all->from, 6) && !sim_pod_set_has(&all->from, 7));
    close_stage();
}
END_TEST

static mc_atom atom(const char *text)
{
    return mc_atoms_intern(&stage.realm.atoms, mc_str_c(text));
}

static struct mc_traffic_fault cart_fault(void)
{
    return mc_registry_service(stage.registry, atom("cart"))->traffic.fault;
}

static struct sim_fault *by_mesh(const char *kind, struct sim_argument more, struct sim_argument share, struct sim_error *error)
{
    static const struct sim_selector cart = {.service = {"cart", 4}}, web = {.service = {"web", 3}};
    struct sim_argument arguments[] = {{.name = MC_STR("to"), .type = SIM_PARAM_SELECTOR, .selectors = &cart, .selector_count = 1},
                                       {.name = MC_STR("from"), .type = SIM_PARAM_SELECTOR, .selectors = &web, .selector_count = 1},
                                       {.name = MC_STR("by"), .type = SIM_PARAM_CHOICE, .text = MC_STR("mesh")}, more, share};
    struct sim_fault_spec spec = {.kind = mc_str_c(kind), .arguments = arguments, .argument_count = 5};
    return sim_faults_add(stage.faults, &spec, error);
}

/* The control plane is away: the registry has the change when it is back. */
START_TEST(routes_break_and_mend)
{
    struct sim_error error = {0};
    struct sim_argument five = {.name = MC_STR("status"), .type = SIM_PARAM_STATUS, .number = 500}, four = five;
    struct sim_argument second = {.name = MC_STR("latency"), .type = SIM_PARAM_DURATION, .number = MC_S};
    struct sim_argument some = {.name = MC_STR("percent"), .type = SIM_PARAM_SHARE, .number = 100000}, most = some;
    four.number = 404;
    most.number = 900000;
    open_stage(NULL, 0);
    ck_assert_ptr_null(by_mesh("abort", five, some, &error));
    ck_assert_msg(strstr(error.text, "control plane") != NULL, "%s", error.text);
    struct mc_mesh_defaults defaults = mc_mesh_defaults_istio();
    defaults.domain = MC_STR("svc.cluster.local");
    stage.registry = mc_registry_new(&stage.realm, &defaults);
    ck_assert(mc_ok(mc_registry_add_service(stage.registry, &(struct mc_service_spec){.name = atom("cart"), .port = 8080})));
    struct sim_fault *a = by_mesh("abort", five, some, &error), *d = by_mesh("http_delay", second, most, &error), *b = by_mesh("abort", four, most, &error);
    ck_assert_msg(a && b && d, "%s", error.text);
    ck_assert_uint_eq(cart_fault().abort_status, 404);
    ck_assert_uint_eq(cart_fault().abort_permillion, 900000);
    ck_assert_int_eq(cart_fault().delay, MC_S);
    ck_assert_uint_eq(cart_fault().source, atom("web"));
    sim_faults_logged(stage.faults, MC_STR("cart"), MC_FLAG(DI));
    sim_faults_logged(stage.faults, MC_STR("web"), MC_FLAG(DI));
    ck_assert_uint_eq(sim_fault_affected(d).requests, 1);
    sim_faults_logged(stage.faults, MC_STR(""), MC_FLAG(FI));
    ck_assert_uint_eq(sim_fault_affected(a).requests, 1);
    ck_assert_uint_eq(sim_fault_affected(d).requests, 1);
    sim_faults_clear(stage.faults, b);
    ck_assert_uint_eq(cart_fault().abort_status, 500);
    ck_assert_uint_eq(cart_fault().abort_permillion, 100000);
    sim_faults_clear(stage.faults, d);
    ck_assert_uint_eq(cart_fault().delay_permillion, 0);
    sim_faults_clear(stage.faults, a);
    ck_assert_uint_eq(cart_fault().abort_permillion, 0);
    ck_assert_uint_eq(cart_fault().source, 0);
    close_stage();
}
END_TEST

/* Whatever request for memory is refused, the fault is refused with it, or acts and is undone. */
START_TEST(memory_may_run_out)
{
    for (size_t n = 1; n < 12; n++) {
        struct sim_error error = {0};
        open_stage(NULL, 0);
        stage.memory.refuse_at = stage.memory.takes + n;
        stage.memory.refuse_after = true;
        uint32_t added = 0;
        for (uint32_t i = 0; i < 400; i++) added += try_one("clock_skew", "on", "*", "offset", SIM_PARAM_OFFSET, MC_S, NULL, &error) != NULL;
        ck_assert_uint_eq(added, sim_faults_count(stage.faults));
        ck_assert_int_eq(sim_machine_offset(stage.world, 0), added * MC_S);
        if (added < 400) ck_assert_str_eq(error.text, "out of memory");
        sim_faults_clear_all(stage.faults);
        ck_assert_int_eq(sim_machine_offset(stage.world, 0), 0);
        close_stage();
    }
}
END_TEST

/* The gate against the sentence in sim/net/rule.h, done with lists. */
START_TEST(which_ones_are_acted_on)
{
    for (uint32_t skip = 0; skip < 4; skip++)
        for (uint32_t every = 0; every < 4; every++)
            for (uint32_t first = 0; first < 4; first++) {
                struct fault_gate gate = {.skip = skip, .every = every, .first = first};
                uint32_t acted = 0, left = 0;
                for (uint32_t i = 0; i < 30; i++) {
                    bool meant = i >= skip && (every < 2 || ++left % every == 0) && (!first || acted < first);
                    acted += meant;
                    ck_assert(fault_gate_pass(&gate, 0) == meant);
                }
            }
    struct fault_gate some = {.share_ppm = 200000};
    uint32_t hits = 0;
    for (uint64_t i = 0; i < 10000; i++) hits += fault_gate_pass(&some, mc_draw(1, MC_FOR_SCRIPT, 0, i));
    ck_assert_uint_gt(hits, 1880); /* 2000 ± 3 deviations of 40 */
    ck_assert_uint_lt(hits, 2120);
}
END_TEST

Suite *test_life_suite(void);
Suite *test_life_suite(void)
{
    Suite *suite = suite_create("life");
    TCase *tests = tcase_create("life");
    tcase_add_test(tests, durations_and_chains);
    tcase_add_test(tests, clocks_come_back_in_any_order);
    tcase_add_test(tests, crashed_pods_come_back);
    tcase_add_test(tests, filters_choose_pods);
    tcase_add_test(tests, without_effect);
    tcase_add_test(tests, what_this_world_cannot);
    tcase_add_test(tests, routes_break_and_mend);
    tcase_add_test(tests, memory_may_run_out);
    tcase_add_test(tests, which_ones_are_acted_on);
    suite_add_tcase(suite, tests);
    return suite;
}
