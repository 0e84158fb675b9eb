#include "sim/ledger/uses.h"

typedef bool (*about_version)(const struct sim_version *version);
typedef bool (*about_service)(const struct sim_service *service);

static bool any_service(const struct sim_use *use, about_service holds)
{
    for (uint32_t i = 0; i < use->plan->topology.service_count; i++)
        if (holds(&use->plan->topology.services[i])) return true;
    return false;
}

static bool any_version(const struct sim_use *use, about_version holds)
{
    const struct sim_topology *topology = &use->plan->topology;
    for (uint32_t i = 0; i < topology->service_count; i++)
        for (uint32_t v = 0; v < topology->services[i].version_count; v++)
            if (holds(&topology->services[i].versions[v])) return true;
    return false;
}

static const struct sim_path_terms *path(const struct sim_use *use, int which)
{
    const struct sim_topology *topology = &use->plan->topology;
    const struct sim_path_terms *const all[] = {&topology->same_machine, &topology->same_zone, &topology->cross_zone, &topology->cross_region};
    return which < 4 ? all[which] : NULL;
}

/* ---- the mesh ---- */

bool sim_uses_sidecars(const struct sim_use *use)
{
    return use->plan->profile.sidecars;
}

bool sim_uses_none_meshed(const struct sim_use *use)
{
    return !use->plan->profile.sidecars;
}

bool sim_uses_identity(const struct sim_use *use)
{
    return use->plan->profile.identity;
}

bool sim_uses_pushes(const struct sim_use *use)
{
    return use->plan->profile.control_plane;
}

bool sim_uses_linkerd(const struct sim_use *use)
{
    return mc_str_starts(use->plan->profile.name, MC_STR("linkerd"));
}

static bool has_prices(const struct sim_use *use)
{
    const struct sim_price *price = &use->plan->profile.price;
    return use->plan->profile.sidecars && (price->connection | price->request | price->response | price->body_kib | price->tls_kib | price->handshake);
}

bool sim_uses_prices(const struct sim_use *use)
{
    return has_prices(use) && !sim_uses_linkerd(use);
}

bool sim_uses_prices_linkerd(const struct sim_use *use)
{
    return has_prices(use) && sim_uses_linkerd(use);
}

bool sim_uses_peak_ewma(const struct sim_use *use)
{
    return use->plan->profile.sidecars && mc_str_eq(use->plan->profile.balancer, MC_STR("peak_ewma"));
}

bool sim_uses_panics(const struct sim_use *use)
{
    return use->plan->profile.sidecars && use->plan->profile.panic_percent > 0;
}

/* ---- policies ---- */

static bool has_retry(const struct sim_service *service)
{
    return service->policy.has_retry && service->policy.retry.attempts;
}

static bool has_timeout(const struct sim_service *service)
{
    return service->policy.has_timeout && service->policy.timeout;
}

static bool has_outlier(const struct sim_service *service)
{
    return service->policy.outlier_consecutive != 0;
}

static bool has_circuit(const struct sim_service *service)
{
    const struct sim_policy *policy = &service->policy;
    return policy->max_connections || policy->max_pending || policy->max_requests || policy->max_retries;
}

static bool has_mtls(const struct sim_service *service)
{
    return mc_str_eq(service->policy.mtls, MC_STR("strict")) || mc_str_eq(service->policy.mtls, MC_STR("permissive"));
}

static bool has_weights(const struct sim_service *service)
{
    return service->weights != NULL;
}

static bool has_policy(const struct sim_service *service)
{
    return service->policy.has_retry || service->policy.has_timeout || has_outlier(service) || has_circuit(service) || service->policy.balancer.n ||
           service->policy.mtls.n;
}

bool sim_uses_own_policy(const struct sim_use *use)
{
    return use->plan->profile.sidecars && any_service(use, has_policy);
}

bool sim_uses_retries(const struct sim_use *use)
{
    return use->plan->profile.sidecars && (use->plan->profile.retry.attempts || any_service(use, has_retry));
}

bool sim_uses_timeouts(const struct sim_use *use)
{
    return use->plan->profile.sidecars && (use->plan->profile.timeout || any_service(use, has_timeout));
}

bool sim_uses_outlier(const struct sim_use *use)
{
    return use->plan->profile.sidecars && any_service(use, has_outlier);
}

bool sim_uses_circuit(const struct sim_use *use)
{
    const struct sim_profile *profile = &use->plan->profile;
    bool limited = profile->max_connections != UINT32_MAX || profile->max_pending != UINT32_MAX || profile->max_requests != UINT32_MAX;
    return profile->sidecars && (limited || any_service(use, has_circuit));
}

bool sim_uses_mtls_without_identity(const struct sim_use *use)
{
    return !use->plan->profile.identity && any_service(use, has_mtls);
}

bool sim_uses_weights(const struct sim_use *use)
{
    return use->plan->profile.sidecars && any_service(use, has_weights);
}

/* ---- network ---- */

bool sim_uses_loss(const struct sim_use *use)
{
    for (int i = 0; path(use, i); i++)
        if (path(use, i)->loss_ppm) return true;
    return sim_use_fault(use, "loss") || sim_use_fault(use, "partition") || sim_use_fault(use, "blackhole");
}

bool sim_uses_bandwidth(const struct sim_use *use)
{
    for (int i = 0; path(use, i); i++)
        if (path(use, i)->bits_per_second) return true;
    return sim_use_fault(use, "bandwidth");
}

bool sim_uses_path_faults(const struct sim_use *use)
{
    static const char *const kinds[] = {"partition", "blackhole", "delay", "jitter", "loss", "bandwidth", "mtu", "conntrack_drop", "half_open", "reset", "refuse"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (sim_use_fault(use, kinds[i])) return true;
    return false;
}

bool sim_uses_zones(const struct sim_use *use)
{
    return use->plan->topology.zone_count > 1;
}

bool sim_uses_regions(const struct sim_use *use)
{
    const struct sim_topology *topology = &use->plan->topology;
    struct mc_str first = {0};
    for (uint32_t i = 0; i < topology->zone_count; i++) {
        struct mc_str zone, region = mc_str_cut(topology->zones[i], '/', &zone);
        if (!zone.n) region = MC_STR("");
        if (i && !mc_str_eq(region, first)) return true;
        first = region;
    }
    return false;
}

static bool on_host_network(const struct sim_version *version)
{
    return version->network.host_network;
}

static bool excludes_ports(const struct sim_version *version)
{
    return version->network.exclude_outbound_ports[0] || version->network.exclude_inbound_ports[0];
}

bool sim_uses_host_network(const struct sim_use *use)
{
    return any_version(use, on_host_network);
}

bool sim_uses_excluded_ports(const struct sim_use *use)
{
    return use->plan->profile.sidecars && any_version(use, excludes_ports);
}

bool sim_uses_nic(const struct sim_use *use)
{
    return use->plan->topology.nic_bits_per_second != 0;
}

bool sim_uses_idle_paths(const struct sim_use *use)
{
    for (int i = 0; path(use, i); i++)
        if (path(use, i)->idle_timeout) return true;
    return false;
}

/* ---- CPU and applications ---- */

static bool takes_time(const struct sim_dist *dist)
{
    return dist->mean || dist->p50 || dist->p99 || dist->count;
}

static bool burns_cpu(const struct sim_version *version)
{
    for (uint32_t i = 0; i < version->step_count; i++)
        if (takes_time(&version->steps[i].cpu)) return true;
    return false;
}

static bool has_quota(const struct sim_version *version)
{
    return version->cpu_millis != 0;
}

static bool has_tail(const struct sim_version *version)
{
    for (uint32_t i = 0; i < version->step_count; i++) {
        const struct sim_step *step = &version->steps[i];
        if (takes_time(&step->wait) && step->wait.kind != SIM_DIST_CONSTANT) return true;
        if (takes_time(&step->cpu) && step->cpu.kind != SIM_DIST_CONSTANT) return true;
    }
    return false;
}

static bool queues(const struct sim_version *version)
{
    return version->concurrency != 0;
}

static bool errs(const struct sim_version *version)
{
    return version->error_ppm != 0;
}

static bool retries_itself(const struct sim_version *version)
{
    for (uint32_t i = 0; i < version->step_count; i++)
        if (version->steps[i].tries > 1 || version->steps[i].retry.attempts) return true;
    return false;
}

static bool collects(const struct sim_version *version)
{
    return version->resources.gc.heap || version->resources.gc.every;
}

static bool caches(const struct sim_version *version)
{
    for (uint32_t i = 0; i < version->step_count; i++)
        if (version->steps[i].kind == SIM_STEP_CACHED) return true;
    return false;
}

static bool has_memory(const struct sim_version *version)
{
    return version->resources.memory_limit != 0;
}

bool sim_uses_app_cpu(const struct sim_use *use)
{
    return any_version(use, burns_cpu);
}

bool sim_uses_cpu_quota(const struct sim_use *use)
{
    return any_version(use, has_quota) || (has_prices(use) && use->plan->profile.proxy_cpu_millis);
}

bool sim_uses_heavy_tail(const struct sim_use *use)
{
    return any_version(use, has_tail);
}

bool sim_uses_app_queue(const struct sim_use *use)
{
    return any_version(use, queues);
}

bool sim_uses_app_errors(const struct sim_use *use)
{
    return any_version(use, errs);
}

bool sim_uses_app_retries(const struct sim_use *use)
{
    return any_version(use, retries_itself);
}

bool sim_uses_gc(const struct sim_use *use)
{
    return any_version(use, collects);
}

bool sim_uses_cache(const struct sim_use *use)
{
    return any_version(use, caches);
}

bool sim_uses_memory(const struct sim_use *use)
{
    return any_version(use, has_memory);
}

/* ---- pods ---- */

static bool has_life(const struct sim_version *version)
{
    const struct sim_pod_plan *pod = &version->pod;
    return pod->grace_given || pod->pre_stop || pod->app_stop || pod->ignores_term || pod->startup.kind || pod->readiness.kind ||
           pod->liveness.kind || pod->image_pull || pod->init || pod->warm_up || pod->crash_after;
}

static bool scales(const struct sim_service *service)
{
    return service->workload.autoscaler.max_replicas != 0;
}

static bool is_job(const struct sim_service *service)
{
    return service->workload.job.completions != 0;
}

bool sim_uses_crashes(const struct sim_use *use)
{
    return sim_use_fault(use, "crash");
}

bool sim_uses_scaled(const struct sim_use *use)
{
    return any_service(use, scales);
}

bool sim_uses_job(const struct sim_use *use)
{
    return any_service(use, is_job);
}

bool sim_uses_pod_life(const struct sim_use *use)
{
    return any_version(use, has_life) || sim_uses_crashes(use) || sim_uses_scaled(use) || sim_uses_job(use) || sim_use_fault(use, "machine_down") ||
           sim_use_fault(use, "s:rollout") || sim_use_fault(use, "s:scale") || sim_use_fault(use, "s:drain");
}

/* ---- load, rollouts, checks ---- */

static bool any_load(const struct sim_use *use, enum sim_executor executor)
{
    for (uint32_t i = 0; i < use->plan->load_count; i++)
        if (use->plan->loads[i].executor == executor) return true;
    return false;
}

bool sim_uses_poisson(const struct sim_use *use)
{
    return any_load(use, SIM_LOAD_POISSON);
}

bool sim_uses_constant_rate(const struct sim_use *use)
{
    return any_load(use, SIM_LOAD_CONSTANT_RATE) || any_load(use, SIM_LOAD_RAMPING_RATE);
}

bool sim_uses_closed_loop(const struct sim_use *use)
{
    return any_load(use, SIM_LOAD_CLOSED);
}

bool sim_uses_rollout(const struct sim_use *use)
{
    return use->plan->canary_count != 0;
}

bool sim_uses_thresholds(const struct sim_use *use)
{
    return use->plan->threshold_count != 0;
}

bool sim_uses_invariants(const struct sim_use *use)
{
    return use->plan->invariant_count != 0;
}

/* ---- faults ---- */

#define X(name) \
    bool sim_uses_fault_##name(const struct sim_use *use) \
    { \
        return sim_use_fault(use, #name); \
    }
SIM_LEDGER_FAULTS(X)
#undef X
