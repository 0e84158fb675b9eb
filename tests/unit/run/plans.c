#include "plans.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

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

void plans_init(struct plans *plans)
{
    memset(plans, 0, sizeof *plans);
    mc_pool_init(&plans->pool, (struct mc_alloc){.take = take, .give = give});
    mc_arena_init(&plans->arena, &plans->pool, 0);
    plans->zones[0] = MC_STR("a");
    plans->zones[1] = MC_STR("b");
    plans->plan = (struct sim_plan){
        .arena = &plans->arena,
        .scenario = MC_STR("test"),
        .variant_json = MC_STR("{}"),
        .source = {MC_STR("test.lua"), 1},
        .topology = {.name = MC_STR("t"), .zones = plans->zones, .zone_count = 2, .services = plans->services, .pods_per_machine = 8, .cores_per_machine = 8},
        .profile = {.name = MC_STR("none")},
        .duration = MC_MIN,
        .window = MC_S,
        .loads = &plans->load,
        .invariants = plans->invariants,
        .trust_domain = MC_STR("cluster.local"),
        .min_samples = 1,
    };
}

void plans_fini(struct plans *plans)
{
    mc_arena_fini(&plans->arena);
    mc_pool_fini(&plans->pool);
}

static struct sim_service *last_service(struct plans *plans)
{
    return &plans->services[plans->plan.topology.service_count - 1];
}

struct sim_version *plans_version(struct plans *plans, const char *name)
{
    struct sim_version *version = &plans->versions[plans->version_count++];
    struct sim_service *service = last_service(plans);
    *version = (struct sim_version){.name = mc_str_c(name), .replicas = 1, .response_bytes = 100, .error_status = 500, .meshed = true,
                                    .steps = &plans->steps[plans->step_count]};
    if (!service->version_count) service->versions = version;
    service->version_count++;
    return version;
}

struct sim_version *plans_service(struct plans *plans, const char *name)
{
    plans->plan.topology.service_count++;
    *last_service(plans) = (struct sim_service){.name = mc_str_c(name), .source = {MC_STR("test.lua"), 2}, .port = 8080};
    return plans_version(plans, "v1");
}

struct sim_step *plans_step(struct plans *plans, enum sim_step_kind kind)
{
    struct sim_step *step = &plans->steps[plans->step_count++];
    plans->versions[plans->version_count - 1].step_count++;
    *step = (struct sim_step){.kind = kind, .source = {MC_STR("test.lua"), 10 + (int)plans->step_count}, .path = MC_STR("/"), .method = MC_STR("GET"), .tries = 1};
    return step;
}

void plans_call(struct plans *plans, const char *service)
{
    plans_step(plans, SIM_STEP_CALL)->service = mc_str_c(service);
}

void plans_call_at_start(struct plans *plans, const char *service)
{
    struct sim_version *version = &plans->versions[plans->version_count - 1];
    plans_call(plans, service);
    version->step_count--;
    if (!version->start_step_count++) version->start_steps = &plans->steps[plans->step_count - 1];
}

void plans_work(struct plans *plans, mc_ns wait)
{
    plans_step(plans, SIM_STEP_WORK)->wait = (struct sim_dist){.kind = SIM_DIST_CONSTANT, .mean = wait};
}

void plans_load(struct plans *plans, const char *to, uint64_t per_second)
{
    plans->load = (struct sim_load_spec){.name = MC_STR("user"), .to = mc_str_c(to), .executor = SIM_LOAD_CONSTANT_RATE,
                                         .rate_milli = per_second * 1000, .max_vus = 10000, .path = MC_STR("/"), .method = MC_STR("GET")};
    plans->plan.load_count = 1;
}

void plans_mesh(struct plans *plans, bool identity)
{
    plans->plan.profile = (struct sim_profile){
        .name = MC_STR("istio-sidecar"), .version = MC_STR("test"), .sidecars = true, .identity = identity, .control_plane = true,
        .rollouts = true, .mtls = identity ? MC_STR("permissive") : MC_STR("disable"), .balancer = MC_STR("round_robin"),
        .connect_timeout = 10 * MC_S, .max_connections = UINT32_MAX, .max_pending = UINT32_MAX, .max_requests = UINT32_MAX,
        .max_retries = UINT32_MAX, .panic_percent = 50, .debounce_quiet = 100 * MC_MS, .debounce_max = 10 * MC_S,
        .cert_ttl = MC_HOUR, .renew_permille = 500, .renew_jitter_permille = 10, .renew_retry_base = MC_S, .renew_retry_max = 150 * MC_S,
        .proxy_workers = 2};
}

struct sim_run *plans_start(struct plans *plans, uint64_t seed)
{
    struct sim_error error = {0};
    struct sim_run *run = sim_run_new(&plans->plan, &(struct sim_run_options){.seed = seed}, &error);
    ck_assert_msg(run, "%.*s:%d: %s", MC_STR_ARG(error.source.file), error.source.line, error.text);
    sim_run_start(run);
    return run;
}
