#include "world.h"
#include <stdlib.h>

static void *take(void *self, size_t size)
{
    (void)self;
    return malloc(size);
}

static void give(void *self, void *block, size_t size)
{
    (void)self, (void)size;
    free(block);
}

static struct sim_profile profile(void)
{
    return (struct sim_profile){.name = MC_STR("istio-sidecar"), .sidecars = true, .identity = true, .control_plane = true, .mtls = MC_STR("permissive"),
                                .balancer = MC_STR("least_request"), .retry = {.attempts = 2}, .max_connections = UINT32_MAX, .max_pending = UINT32_MAX,
                                .max_requests = UINT32_MAX, .max_retries = UINT32_MAX, .debounce_quiet = 100 * MC_MS, .debounce_max = 10 * MC_S,
                                .price = {.request = 105 * MC_US, .response = 65 * MC_US}};
}

void world_init(struct world *world)
{
    *world = (struct world){.zones = {MC_STR("a"), MC_STR("b")}};
    mc_pool_init(&world->pool, (struct mc_alloc){NULL, take, give});
    mc_arena_init(&world->arena, &world->pool, 0);
    world->steps[0] = (struct sim_step){.kind = SIM_STEP_CALL, .service = MC_STR("api"), .tries = 1};
    world->steps[1] = (struct sim_step){.kind = SIM_STEP_WORK, .wait = {.kind = SIM_DIST_CONSTANT, .mean = MC_MS}};
    for (int i = 0; i < 2; i++) {
        world->versions[i] = (struct sim_version){.name = MC_STR("v1"), .replicas = 3, .steps = &world->steps[i], .step_count = 1, .meshed = true};
        world->services[i] = (struct sim_service){.name = i ? MC_STR("api") : MC_STR("web"), .port = 8080, .versions = &world->versions[i], .version_count = 1};
    }
    world->load = (struct sim_load_spec){.name = MC_STR("user"), .to = MC_STR("web"), .executor = SIM_LOAD_CONSTANT_RATE, .rate_milli = 1000};
    world->plan = (struct sim_plan){.arena = &world->arena, .profile = profile(), .loads = &world->load, .load_count = 1, .duration = MC_S};
    world->plan.topology = (struct sim_topology){.zones = world->zones, .zone_count = 1, .services = world->services, .service_count = 2,
                                                 .same_zone = {.latency = 250 * MC_US, .jitter = 50 * MC_US}, .cross_zone = {.latency = MC_MS},
                                                 .cores_per_machine = 8};
    world->use = (struct sim_use){.plan = &world->plan, .faults = world->faults};
}

void world_fini(struct world *world)
{
    mc_arena_fini(&world->arena);
    mc_pool_fini(&world->pool);
}
