/* What faults do to real requests over the simulated network: one client, one application. */
#include "sim/fault/faults.h"
#include "sim/load/client.h"
#include "sim/load/program.h"
#include "support/memory.h"
#include <check.h>

static const struct sim_step steps[] = {{.kind = SIM_STEP_WORK, .wait = {.kind = SIM_DIST_CONSTANT, .mean = 10 * MC_MS}}};
static const struct sim_version versions[] = {{.name = {"v1", 2}, .replicas = 1, .steps = steps, .step_count = 1, .response_bytes = 100}};
static const struct sim_service services[] = {{.name = {"cart", 4}, .port = 8080, .versions = versions, .version_count = 1}};
static const struct mc_str zones[] = {{"a", 1}};
static const struct sim_plan plan = {
    .topology = {.zones = zones, .zone_count = 1, .services = services, .service_count = 1, .same_zone = {.latency = MC_MS},
                 .pods_per_machine = 1, .cores_per_machine = 8}};
static const struct sim_load_spec load = {.name = {"user", 4}, .to = {"cart", 4}, .executor = SIM_LOAD_CONSTANT_RATE, .rate_milli = 100000,
                                          .max_vus = 10000, .path = {"/", 1}, .method = {"GET", 3}, .timeout = 2 * MC_S};

struct stage {
    struct sim_fault_targets targets;
    struct sim_observer observer;
    struct sim_container_owner owner;
    struct test_memory memory;
    struct mc_realm realm;
    struct mc_arena arena;
    struct sim_world *world;
    struct sim_faults *faults;
    struct sim_app *app;
    struct sim_client *client;
    const struct sim_program *program;
    struct sim_callee callee;
    struct sim_call_spec call;
    uint32_t app_container, client_container;
    uint32_t answered, aborted, lost; /* since last looked */
    mc_ns slowest;
};

static struct stage stage;

/* ---- the application's life ---- */

static void start_app(void)
{
    struct sim_app_options options = {.realm = &stage.realm, .program = stage.program, .observer = &stage.observer, .party = 1, .caller = 1};
    stage.app = sim_app_new(&options);
    sim_container_start(stage.world, stage.app_container, sim_app_guest(stage.app));
    sim_faults_app_started(stage.faults, 1);
}

static void gone(struct sim_container_owner *owner, uint32_t container, uint32_t status, mc_ns now)
{
    (void)owner, (void)status, (void)now;
    if (container != stage.app_container || !stage.app) return;
    sim_faults_app_going(stage.faults, 1);
    sim_app_free(stage.app);
    stage.app = NULL;
}

static const struct sim_container_owner_type owner_type = {.gone = gone};

static struct sim_app *app(struct sim_fault_targets *targets, uint32_t pod)
{
    (void)targets;
    return pod == 1 ? stage.app : NULL;
}

static void restart(struct sim_fault_targets *targets, uint32_t pod)
{
    (void)targets;
    ck_assert_uint_eq(pod, 1);
    start_app();
}

static uint32_t control(struct sim_fault_targets *targets)
{
    (void)targets;
    return SIM_NONE;
}

static struct mc_registry *registry(struct sim_fault_targets *targets)
{
    (void)targets;
    return NULL;
}

static struct mc_authority *authority(struct sim_fault_targets *targets)
{
    (void)targets;
    return NULL;
}

static void changed(struct sim_fault_targets *targets, const struct sim_fault *fault)
{
    (void)targets, (void)fault;
}

static const struct sim_fault_targets_type targets_type = {
    .app = app, .restart = restart, .control = control, .registry = registry, .authority = authority, .changed = changed};

/* ---- what the client sees ---- */

static void on_watch(struct sim_observer *observer, struct sim_watch *watch)
{
    (void)observer, (void)watch;
}

static void on_call(struct sim_observer *observer, const struct sim_call_record *call)
{
    (void)observer;
    stage.answered += call->code == 200;
    stage.aborted += call->code == 418;
    stage.lost += !call->code;
    if (call->code == 200) stage.slowest = mc_ns_max(stage.slowest, call->ended - call->started);
}

static void on_arrival(struct sim_observer *observer, const struct sim_arrival_record *arrival)
{
    (void)observer, (void)arrival;
}

static void on_connection(struct sim_observer *observer, uint32_t from, uint32_t to, uint64_t stream, mc_ns now, bool opened)
{
    (void)observer, (void)from, (void)to, (void)stream, (void)now, (void)opened;
}

static const struct sim_observer_type observer_type = {
    .watch = on_watch, .unwatch = on_watch, .call = on_call, .arrival = on_arrival, .connection = on_connection};

/* ---- the stage ---- */

static uint32_t add_pod(const char *name, uint32_t service)
{
    uint32_t machine, pod, container;
    ck_assert(sim_world_add_machine(stage.world, &(struct sim_machine_spec){.zone = 0, .cores = 8}, &machine));
    ck_assert(sim_world_add_pod(stage.world, &(struct sim_pod_spec){.machine = machine, .name = mc_str_c(name), .service = service, .version = service}, &pod));
    ck_assert(sim_world_add_container(stage.world, &(struct sim_container_spec){.pod = pod, .threads = 8, .owner = &stage.owner}, &container));
    return container;
}

static void open_stage(void)
{
    stage = (struct stage){.targets.type = &targets_type, .observer.type = &observer_type, .owner.type = &owner_type};
    mc_realm_init(&stage.realm, test_alloc(&stage.memory), 11);
    mc_arena_init(&stage.arena, &stage.realm.pool, 0);
    stage.world = sim_world_new(&(struct sim_world_options){.realm = &stage.realm, .paths = &plan.topology});
    ck_assert_ptr_nonnull(stage.world);
    struct sim_faults_options options = {.world = stage.world, .targets = &stage.targets, .plan = &plan, .alloc = test_alloc(&stage.memory)};
    stage.faults = sim_faults_new(&options);
    stage.client_container = add_pod("user", SIM_NONE);
    stage.app_container = add_pod("cart-0", 0);
    uint32_t service;
    ck_assert(sim_net_add_service(sim_world_net(stage.world), MC_STR("cart"), 8080, &service));
    ck_assert(sim_net_set_backends(sim_world_net(stage.world), service, &(struct sim_backend){1, 8080}, 1));
    stage.program = sim_program_new(&plan.topology, 0, 0, &stage.arena, &stage.realm);
    ck_assert(sim_program_load(&plan.topology, 0, &load, &stage.arena, &stage.realm, &stage.callee, &stage.call));
    start_app();
    struct sim_client_options client = {.realm = &stage.realm, .spec = &load, .callee = &stage.callee, .call = &stage.call,
                                        .observer = &stage.observer, .party = 0, .node = 1, .entity = 1};
    stage.client = sim_client_new(&client);
    sim_container_start(stage.world, stage.client_container, sim_client_guest(stage.client));
}

static void close_stage(void)
{
    sim_faults_clear_all(stage.faults);
    sim_faults_free(stage.faults);
    sim_world_free(stage.world);
    sim_client_free(stage.client);
    sim_app_free(stage.app);
    mc_arena_fini(&stage.arena);
    mc_realm_fini(&stage.realm);
    ck_assert_uint_eq(stage.memory.live_blocks, 0);
}

/* What came back within the next SPAN. */
static void watch(mc_ns span)
{
    stage.answered = stage.aborted = stage.lost = 0;
    stage.slowest = 0;
    sim_world_run(stage.world, sim_world_now(stage.world) + span, 0);
}

static struct sim_fault *breaks(const char *kind, const char *where, struct sim_argument more)
{
    static const struct sim_selector cart = {.service = {"cart", 4}};
    struct sim_argument arguments[] = {{.name = mc_str_c(where), .type = SIM_PARAM_SELECTOR, .selectors = &cart, .selector_count = 1}, more};
    struct sim_fault_spec spec = {.kind = mc_str_c(kind), .arguments = arguments, .argument_count = more.name.n ? 2 : 1};
    struct sim_error error = {0};
    struct sim_fault *fault = sim_faults_add(stage.faults, &spec, &error);
    ck_assert_msg(fault != NULL, "%s", error.text);
    return fault;
}

static struct sim_argument number(const char *name, enum sim_parameter_type type, int64_t value)
{
    return (struct sim_argument){.name = mc_str_c(name), .type = type, .number = value};
}

static void all_is_well(void)
{
    watch(5 * MC_S); /* what was under way ends */
    watch(2 * MC_S);
    ck_assert_uint_ge(stage.answered, 198);
    ck_assert_uint_eq(stage.aborted + stage.lost, 0);
    ck_assert_int_lt(stage.slowest, 20 * MC_MS); /* 10 ms, and a millisecond each way */
}

START_TEST(requests_are_aborted)
{
    open_stage();
    all_is_well();
    struct sim_selector cart = {.service = MC_STR("cart")};
    struct sim_argument arguments[] = {{.name = MC_STR("to"), .type = SIM_PARAM_SELECTOR, .selectors = &cart, .selector_count = 1},
                                       number("status", SIM_PARAM_STATUS, 418), number("percent", SIM_PARAM_SHARE, 300000)};
    struct sim_fault_spec spec = {.kind = MC_STR("abort"), .arguments = arguments, .argument_count = 3};
    struct sim_error error;
    struct sim_fault *fault = sim_faults_add(stage.faults, &spec, &error);
    watch(10 * MC_S);
    ck_assert_uint_gt(stage.aborted, 240); /* 300 of 1000 ± 4 deviations of 14.5 */
    ck_assert_uint_lt(stage.aborted, 360);
    ck_assert_uint_ge(sim_fault_affected(fault).requests, stage.aborted);
    ck_assert_uint_le(sim_fault_affected(fault).requests, stage.aborted + 2);
    sim_faults_clear(stage.faults, fault);
    all_is_well();
    close_stage();
}
END_TEST

START_TEST(only_the_first_ones)
{
    open_stage();
    breaks("abort", "to", number("first", SIM_PARAM_COUNT, 5));
    watch(5 * MC_S);
    ck_assert_uint_eq(stage.aborted, 0); /* 503 */
    ck_assert_uint_ge(stage.answered, 480);
    ck_assert_uint_eq(sim_fault_affected(sim_faults_at(stage.faults, 0)).requests, 5);
    close_stage();
}
END_TEST

START_TEST(requests_wait)
{
    open_stage();
    struct sim_fault *fault = breaks("http_delay", "to", number("latency", SIM_PARAM_DURATION, 300 * MC_MS));
    watch(5 * MC_S);
    ck_assert_int_ge(stage.slowest, 310 * MC_MS);
    ck_assert_int_lt(stage.slowest, 330 * MC_MS);
    sim_faults_clear(stage.faults, fault);
    all_is_well();
    close_stage();
}
END_TEST

START_TEST(slowness_multiplies_and_goes)
{
    open_stage();
    struct sim_fault *three = breaks("slow", "on", number("factor", SIM_PARAM_FACTOR, 3000));
    struct sim_fault *five = breaks("slow", "on", number("factor", SIM_PARAM_FACTOR, 5000));
    struct sim_selector user = {.service = MC_STR("user")}; /* a load client */
    struct sim_argument elsewhere[] = {{.name = MC_STR("on"), .type = SIM_PARAM_SELECTOR, .selectors = &user, .selector_count = 1},
                                       number("factor", SIM_PARAM_FACTOR, 9000)};
    struct sim_error error;
    ck_assert_ptr_null(sim_faults_add(stage.faults, &(struct sim_fault_spec){.kind = MC_STR("slow"), .arguments = elsewhere, .argument_count = 2}, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "\"user\" is none"));
    watch(3 * MC_S);
    ck_assert_int_ge(stage.slowest, 150 * MC_MS);
    ck_assert_int_lt(stage.slowest, 165 * MC_MS);
    ck_assert_uint_gt(sim_fault_affected(three).requests, 250);
    sim_faults_clear(stage.faults, three);
    watch(3 * MC_S);
    watch(MC_S);
    ck_assert_int_lt(stage.slowest, 65 * MC_MS);
    ck_assert_int_ge(stage.slowest, 50 * MC_MS);
    sim_faults_clear(stage.faults, five);
    all_is_well();
    close_stage();
}
END_TEST

START_TEST(a_crash_heals_and_slowness_survives_it)
{
    open_stage();
    struct sim_fault *slow = breaks("slow", "on", number("factor", SIM_PARAM_FACTOR, 4000));
    watch(MC_S);
    struct sim_fault *crash = breaks("crash", "on", number("restart", SIM_PARAM_DURATION, 3 * MC_S));
    ck_assert_ptr_null(stage.app);
    ck_assert_uint_gt(sim_fault_affected(crash).connections, 0);
    watch(3 * MC_S - 1);
    ck_assert_uint_gt(stage.lost, 200);
    ck_assert_uint_eq(stage.answered, 0);
    watch(5 * MC_S);
    watch(MC_S);
    ck_assert_ptr_nonnull(stage.app);
    ck_assert_uint_ge(stage.answered, 90);
    ck_assert_int_ge(stage.slowest, 40 * MC_MS);
    sim_faults_clear(stage.faults, slow);
    all_is_well();
    close_stage();
}
END_TEST

START_TEST(paused_and_cut_off)
{
    open_stage();
    all_is_well();
    static const char *const kinds[] = {"pause", "blackhole", "partition"};
    for (unsigned i = 0; i < 3; i++) {
        struct sim_fault *fault = breaks(kinds[i], i == 2 ? "from" : "on", (struct sim_argument){0});
        watch(5 * MC_S);
        ck_assert_msg(stage.answered <= 2, "%s: %u", kinds[i], stage.answered); /* what was on its way back */
        struct sim_touched touched = sim_fault_affected(fault);
        ck_assert_msg(i ? touched.packets > 0 : touched.connections > 0, "%s", kinds[i]);
        sim_faults_clear(stage.faults, fault);
        struct sim_touched after = sim_fault_affected(fault);
        watch(10 * MC_S);
        all_is_well();
        ck_assert_uint_eq(sim_fault_affected(fault).packets, after.packets);
        ck_assert_uint_ge(after.packets, touched.packets);
    }
    close_stage();
}
END_TEST

START_TEST(packets_are_late_or_lost)
{
    open_stage();
    struct sim_fault *late = breaks("delay", "from", number("latency", SIM_PARAM_DURATION, 80 * MC_MS)); /* answers only: direction `to` */
    watch(5 * MC_S);
    watch(3 * MC_S);
    ck_assert_int_ge(stage.slowest, 92 * MC_MS);
    ck_assert_int_lt(stage.slowest, 110 * MC_MS);
    ck_assert_uint_gt(sim_fault_affected(late).packets, 500);
    sim_faults_clear(stage.faults, late);
    all_is_well();
    struct sim_fault *loss = breaks("loss", "from", number("loss", SIM_PARAM_SHARE, 200000));
    watch(10 * MC_S);
    ck_assert_uint_gt(stage.answered, 500);
    ck_assert_int_gt(stage.slowest, 30 * MC_MS); /* repaired */
    sim_faults_clear(stage.faults, loss);
    watch(10 * MC_S);
    all_is_well();
    close_stage();
}
END_TEST

Suite *test_touch_suite(void);
Suite *test_touch_suite(void)
{
    Suite *suite = suite_create("touch");
    TCase *tests = tcase_create("touch");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, requests_are_aborted);
    tcase_add_test(tests, only_the_first_ones);
    tcase_add_test(tests, requests_wait);
    tcase_add_test(tests, slowness_multiplies_and_goes);
    tcase_add_test(tests, a_crash_heals_and_slowness_survives_it);
    tcase_add_test(tests, paused_and_cut_off);
    tcase_add_test(tests, packets_are_late_or_lost);
    suite_add_tcase(suite, tests);
    return suite;
}
