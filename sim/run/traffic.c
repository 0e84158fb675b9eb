#include "sim/run/parts.h"

static struct mc_retry_policy retry_of(const struct sim_retry *from, struct mc_retry_policy policy)
{
    policy.on = from->attempts ? from->on : 0;
    policy.retries = from->attempts;
    policy.per_try_timeout = from->per_try_timeout;
    if (from->backoff_base) policy.backoff_base = from->backoff_base;
    if (from->backoff_max) policy.backoff_max = from->backoff_max;
    return policy;
}

static void take_statuses(struct mc_traffic *traffic, const struct sim_retry *from)
{
    mc_static_assert(MC_COUNT_OF(from->statuses) == MC_TRAFFIC_STATUSES, "both lists are as long");
    memcpy(traffic->statuses, from->statuses, sizeof traffic->statuses);
    traffic->status_count = from->status_count;
}

static const struct {
    const char *name;
    enum mc_balancer balancer;
} balancers[] = {{"round_robin", MC_BALANCE_ROUND_ROBIN},
                 {"random", MC_BALANCE_RANDOM},
                 {"least_request", MC_BALANCE_LEAST_REQUEST},
                 {"peak_ewma", MC_BALANCE_PEAK_EWMA}};

static enum mc_balancer balancer_of(struct mc_str name, enum mc_balancer otherwise)
{
    for (size_t i = 0; i < MC_COUNT_OF(balancers); i++)
        if (mc_str_eq(name, mc_str_c(balancers[i].name))) return balancers[i].balancer;
    return otherwise;
}

static enum mc_mtls_mode mtls_of(struct mc_str name, enum mc_mtls_mode otherwise)
{
    if (mc_str_eq(name, MC_STR("strict"))) return MC_MTLS_STRICT;
    if (mc_str_eq(name, MC_STR("permissive"))) return MC_MTLS_PERMISSIVE;
    if (mc_str_eq(name, MC_STR("disable"))) return MC_MTLS_DISABLE;
    return otherwise;
}

struct mc_mesh_defaults run_defaults(const struct sim_run *run)
{
    const struct sim_profile *profile = &run->plan->profile;
    bool istio = mc_str_starts(profile->name, MC_STR("istio"));
    struct mc_mesh_defaults defaults = istio ? mc_mesh_defaults_istio() : mc_mesh_defaults_envoy();
    struct mc_traffic *traffic = &defaults.traffic;
    traffic->timeout = profile->timeout;
    traffic->retry = retry_of(&profile->retry, traffic->retry);
    take_statuses(traffic, &profile->retry);
    traffic->balancer = balancer_of(profile->balancer, traffic->balancer);
    if (profile->least_request_choices) traffic->choice_count = profile->least_request_choices;
    if (profile->connect_timeout) traffic->connect_timeout = profile->connect_timeout;
    traffic->breaker = (struct mc_breaker){profile->max_connections, profile->max_pending, profile->max_requests, profile->max_retries};
    traffic->panic_percent = profile->panic_percent;
    traffic->locality_failover = profile->locality_failover;
    traffic->outlier_panic_percent = profile->locality_failover ? 0 : profile->panic_percent;
    traffic->mtls = mtls_of(profile->mtls, traffic->mtls);
    if (!profile->identity) traffic->mtls = MC_MTLS_DISABLE;
    defaults.outbound_any = !profile->registry_only;
    defaults.metrics_port = RUN_METRICS_PORT;
    if (profile->control_plane) {
        defaults.debounce_quiet = profile->debounce_quiet;
        defaults.debounce_max = profile->debounce_max;
    }
    return defaults;
}

static void take_limit(uint32_t *limit, uint32_t given)
{
    if (given) *limit = given;
}

struct mc_traffic run_traffic(const struct sim_run *run, const struct sim_policy *policy, const struct mc_traffic *otherwise)
{
    struct mc_traffic traffic = *otherwise;
    if (policy->has_timeout) traffic.timeout = policy->timeout;
    if (policy->has_retry) {
        traffic.retry = retry_of(&policy->retry, traffic.retry);
        take_statuses(&traffic, &policy->retry);
    }
    take_limit(&traffic.breaker.connections, policy->max_connections);
    take_limit(&traffic.breaker.pending, policy->max_pending);
    take_limit(&traffic.breaker.requests, policy->max_requests);
    take_limit(&traffic.breaker.retries, policy->max_retries);
    if (policy->outlier_consecutive) {
        traffic.outlier.consecutive_5xx = policy->outlier_consecutive;
        traffic.outlier.interval = policy->outlier_interval ? policy->outlier_interval : 10 * MC_S;
        if (policy->outlier_base) traffic.outlier.base_ejection = policy->outlier_base;
        if (policy->outlier_max_percent) traffic.outlier.max_percent = policy->outlier_max_percent;
        if (policy->outlier_min_health) traffic.outlier_panic_percent = policy->outlier_min_health;
    }
    if (policy->idle_timeout) traffic.idle_timeout = policy->idle_timeout;
    take_limit(&traffic.requests_per_conn, policy->requests_per_conn);
    if (policy->anywhere) traffic.locality_failover = false;
    traffic.counts_pending = policy->counts_pending;
    traffic.balancer = balancer_of(policy->balancer, traffic.balancer);
    if (run->plan->profile.identity) traffic.mtls = mtls_of(policy->mtls, traffic.mtls);
    return traffic;
}
