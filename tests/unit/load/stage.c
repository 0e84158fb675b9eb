#include "stage.h"

struct stage stage;

/* ---- the observer ---- */

static void on_watch(struct sim_observer *observer, struct sim_watch *watch)
{
    (void)observer, (void)watch;
}

static void on_call(struct sim_observer *observer, const struct sim_call_record *call)
{
    (void)observer;
    ck_assert_int_lt(stage.call_count, RECORDS);
    stage.calls[stage.call_count++] = *call;
}

static void on_arrival(struct sim_observer *observer, const struct sim_arrival_record *arrival)
{
    (void)observer;
    ck_assert_int_lt(stage.arrival_count, RECORDS);
    stage.arrivals[stage.arrival_count++] = *arrival;
}

static void on_connection(struct sim_observer *observer, uint32_t from, uint32_t to, uint64_t stream, mc_ns now, bool opened)
{
    (void)observer, (void)from, (void)to, (void)stream, (void)now;
    *(opened ? &stage.connected : &stage.disconnected) += 1;
}

static const struct sim_observer_type observer_type = {
    .watch = on_watch, .unwatch = on_watch, .call = on_call, .arrival = on_arrival, .connection = on_connection};

/* ---- the world ---- */

static bool resolve(struct wire *wire, struct mc_str name, struct mc_addr *addr)
{
    (void)wire;
    *addr = mc_addr_v4(0x0a000001u + (uint32_t)(name.p[0] - 'a'), 0);
    return name.n == 1 && name.p[0] >= 'a' && name.p[0] < 'a' + SERVICES;
}

void stage_set_up(void)
{
    static const struct mc_str names[] = {{"a", 1}, {"b", 1}, {"c", 1}};
    memset(&stage, 0, sizeof stage);
    for (int i = 0; i < SERVICES; i++) {
        stage.versions[i] = (struct sim_version){.name = MC_STR("v1"), .replicas = 1, .steps = stage.steps[i], .start_steps = stage.start_steps[i], .response_bytes = 100};
        stage.services[i] = (struct sim_service){.name = names[i], .port = 8080, .versions = &stage.versions[i], .version_count = 1};
    }
    stage.topology = (struct sim_topology){.services = stage.services, .service_count = SERVICES};
    stage.load = (struct sim_load_spec){.to = MC_STR("a"), .executor = SIM_LOAD_CLOSED, .vus = 1, .think = MC_HOUR};
}

void stage_run(mc_ns until)
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
    stage.call_count = stage.arrival_count = stage.connected = stage.disconnected = 0;
    mc_realm_init(&realm, test_alloc(&memory), 1);
    mc_pool_init(&outside, test_alloc(&memory));
    mc_arena_init(&arena, &outside, 0);
    wire_init(&wire, &outside);
    wire.resolve = resolve;
    for (uint32_t i = 0; i < SERVICES; i++) {
        const struct sim_program *program = sim_program_new(&stage.topology, i, 0, &arena, &realm);
        uint32_t party = stage.first_party + i;
        apps[i] = sim_app_new(&(struct sim_app_options){.realm = &realm, .program = program, .observer = &observer, .party = party, .caller = party, .start = stage.start, .warm = !stage.cold});
        int end = wire_add(&wire, sim_app_guest(apps[i]));
        wire.ends[end].ip = mc_addr_v4(0x0a000001 + i, 0);
    }
    ck_assert(sim_program_load(&stage.topology, 0, &stage.load, &arena, &realm, &callee, &call));
    struct sim_client *client = sim_client_new(&(struct sim_client_options){.realm = &realm, .spec = &stage.load, .callee = &callee, .call = &call, .observer = &observer, .party = USER, .node = USER, .entity = 5});
    wire_add(&wire, sim_client_guest(client));
    wire_run_until(&wire, until);
    stage.counts = sim_client_counts(client);
    for (int i = 0; i < SERVICES; i++) stage.caches[i] = sim_app_cache_counts(apps[i]);
    for (int i = 0; i < SERVICES; i++) stage.connections[i] = sim_app_connections(apps[i]);
    for (int i = 0; i < SERVICES; i++) stage.exited[i] = wire.ends[i].exited, stage.exit_status[i] = wire.ends[i].exit_status;
    int calls = stage.call_count, arrivals = stage.arrival_count, connected = stage.connected, disconnected = stage.disconnected;
    for (int e = 0; e < wire.end_count; e++) wire_reset_streams(&wire, e);
    sim_client_free(client);
    for (int i = 0; i < SERVICES; i++) sim_app_free(apps[i]);
    wire_fini(&wire);
    mc_arena_fini(&arena);
    mc_realm_fini(&realm);
    mc_pool_fini(&outside);
    ck_assert_uint_eq(memory.live_blocks, 0);
    stage.call_count = calls, stage.arrival_count = arrivals;
    stage.connected = connected, stage.disconnected = disconnected;
}

/* ---- for cases ---- */

struct sim_step stage_wait(mc_ns wait)
{
    return (struct sim_step){.kind = SIM_STEP_WORK, .wait = {.kind = SIM_DIST_CONSTANT, .mean = wait}};
}

struct sim_step stage_call(const char *service)
{
    return (struct sim_step){.kind = SIM_STEP_CALL, .service = mc_str_c(service), .tries = 1};
}

void stage_add(int service, struct sim_step step)
{
    ck_assert_uint_lt(stage.versions[service].step_count, STEPS);
    stage.steps[service][stage.versions[service].step_count++] = step;
}

void stage_add_start(int service, struct sim_step step)
{
    ck_assert_uint_lt(stage.versions[service].start_step_count, STEPS);
    stage.start_steps[service][stage.versions[service].start_step_count++] = step;
}

int stage_arrived_at(uint32_t party)
{
    int n = 0;
    for (int i = 0; i < stage.arrival_count; i++) n += stage.arrivals[i].at == party;
    return n;
}

const struct sim_call_record *stage_call_of(uint32_t party, int nth)
{
    for (int i = 0; i < stage.call_count; i++)
        if (stage.calls[i].from == party && nth-- == 0) return &stage.calls[i];
    ck_abort_msg("no such call");
}
