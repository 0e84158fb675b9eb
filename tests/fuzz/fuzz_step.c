/* A whole guest under any order of events that the contract allows: an application server with calls of
 * its own, timeouts, retries, a queue, draining, and memory that runs out. */
#include "fuzz/pump.h"
#include "sim/load/app.h"
#include "support/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct sim_step steps[] = {
    {.kind = SIM_STEP_WORK, .wait = {.kind = SIM_DIST_CONSTANT, .mean = 2 * MC_MS}, .cpu = {.kind = SIM_DIST_EXPONENTIAL, .mean = MC_MS}},
    {.kind = SIM_STEP_CALL, .service = {"b", 1}, .path = {"/x", 2}, .timeout = 50 * MC_MS, .tries = 2, .parallel = true},
    {.kind = SIM_STEP_CALL, .service = {"c", 1}, .parallel = true, .optional = true, .body_bytes = 3000,
     .retry = {.attempts = 2, .on = UINT32_MAX, .backoff_base = MC_MS, .backoff_max = 9 * MC_MS, .budget_ppm = 200000, .budget_ttl = MC_S, .budget_min_per_second = 3}},
    {.kind = SIM_STEP_CALL, .service = {"b", 1}, .tries = 1},
};
static const struct sim_version versions[] = {
    {.name = {"v1", 2}, .replicas = 1, .steps = steps, .step_count = 4, .concurrency = 2, .queue = 2, .response_bytes = 5000, .keep_alive = 200 * MC_MS, .cancel = true, .error_ppm = 100000, .error_status = 500},
    {.name = {"v1", 2}, .replicas = 1, .response_bytes = 10},
};
static const struct sim_service services[] = {
    {.name = {"a", 1}, .port = 8080, .versions = &versions[0], .version_count = 1},
    {.name = {"b", 1}, .port = 8080, .versions = &versions[1], .version_count = 1},
    {.name = {"c", 1}, .port = 8080, .versions = &versions[1], .version_count = 1},
};
static const struct sim_topology topology = {.services = services, .service_count = 3};

static void on_watch(struct sim_observer *observer, struct sim_watch *watch)
{
    (void)observer, (void)watch;
}

static void on_call(struct sim_observer *observer, const struct sim_call_record *call)
{
    (void)observer;
    PUMP_MUST(call->ended >= call->started && call->tries >= 1);
}

static void on_arrival(struct sim_observer *observer, const struct sim_arrival_record *arrival)
{
    (void)observer;
    PUMP_MUST(arrival->ended >= arrival->started);
}

static void on_connection(struct sim_observer *observer, uint32_t from, uint32_t to, uint64_t stream, mc_ns now, bool opened)
{
    (void)observer, (void)from, (void)to, (void)stream, (void)now, (void)opened;
}

static const struct sim_observer_type observer_type = {
    .watch = on_watch, .unwatch = on_watch, .call = on_call, .arrival = on_arrival, .connection = on_connection};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct test_memory memory = {0}, outer = {0};
    struct sim_observer observer = {&observer_type};
    struct mc_realm realm;
    struct mc_pool outside;
    struct mc_arena arena;
    struct pump pump = {0};
    if (size < 2 || size > 30000) return 0;
    mc_realm_init(&realm, test_alloc(&memory), bytes[0]);
    mc_pool_init(&outside, test_alloc(&outer));
    mc_arena_init(&arena, &outside, 0);
    const struct sim_program *program = sim_program_new(&topology, 0, 0, &arena, &realm);
    size_t interned = realm.pool.live_blocks;
    struct sim_app *app = sim_app_new(&(struct sim_app_options){.realm = &realm, .program = program, .observer = &observer});
    PUMP_MUST(app);
    if (bytes[1]) memory.refuse_at = memory.takes + bytes[1], memory.refuse_after = bytes[1] & 1;
    pump_init(&pump, sim_app_guest(app), &outside);
    pump_play(&pump, bytes + 2, size - 2);
    pump_fini(&pump);
    memory.refuse_at = 0; /* what is thrown away goes through an outbox, and those never refuse */
    sim_app_free(app);
    PUMP_MUST(realm.pool.live_blocks >= interned);
    mc_arena_fini(&arena);
    mc_realm_fini(&realm);
    PUMP_MUST(outside.live_blocks == 0);
    mc_pool_fini(&outside);
    PUMP_MUST(memory.live_blocks == 0);
    return 0;
}
