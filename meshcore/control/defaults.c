#include "control/defaults.h"

/* mesh-facts §1: DestinationRule, VirtualService and mesh configuration of Istio 1.30. */
struct mc_mesh_defaults mc_mesh_defaults_istio(void)
{
    return (struct mc_mesh_defaults){
        .traffic = {
            .retry = {
                .on = MC_RETRY_ON(CONNECT_FAILURE) | MC_RETRY_ON(REFUSED_STREAM) | MC_RETRY_ON(UNAVAILABLE) |
                      MC_RETRY_ON(CANCELLED) | MC_RETRY_ON(RETRIABLE_STATUS),
                .retries = 2,
                .backoff_base = 25 * MC_MS,
                .backoff_max = 250 * MC_MS,
                .host_attempts = 5,
                .other_host = true,
            },
            .balancer = MC_BALANCE_LEAST_REQUEST,
            .choice_count = 2,
            .panic_percent = 50,
            .locality_failover = true,
            .connect_timeout = 10 * MC_S,
            .idle_timeout = MC_HOUR,
            .breaker = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
            .outlier = {.base_ejection = 30 * MC_S, .max_ejection = 300 * MC_S, .consecutive_5xx = 5, .max_percent = 10},
            .mtls = MC_MTLS_PERMISSIVE,
        },
        .inbound_retry = {
            .on = MC_RETRY_ON(RESET_BEFORE_REQUEST),
            .retries = 2,
            .backoff_base = 25 * MC_MS,
            .backoff_max = 250 * MC_MS,
            .host_attempts = 1,
        },
        .outbound_any = true,
        .dns_refresh = MC_MIN,
        .respect_dns_ttl = true,
        .outbound_port = 15001,
        .inbound_port = 15006,
        .metrics_port = 15090,
        .domain = MC_STR("svc.cluster.local"),
        .debounce_quiet = 100 * MC_MS,
        .debounce_max = 10 * MC_S,
    };
}

/* Envoy v3's: RouteAction.timeout, CircuitBreakers.Thresholds, Cluster.connect_timeout, HttpProtocolOptions. */
struct mc_mesh_defaults mc_mesh_defaults_envoy(void)
{
    struct mc_mesh_defaults defaults = mc_mesh_defaults_istio();
    defaults.traffic = (struct mc_traffic){
        .timeout = 15 * MC_S,
        .balancer = MC_BALANCE_ROUND_ROBIN,
        .choice_count = 2,
        .panic_percent = 50,
        .outlier_panic_percent = 50,
        .connect_timeout = 5 * MC_S,
        .idle_timeout = MC_HOUR,
        .breaker = {1024, 1024, 1024, 3},
        .outlier = {.base_ejection = 30 * MC_S, .max_ejection = 300 * MC_S, .consecutive_5xx = 5, .max_percent = 10},
        .mtls = MC_MTLS_DISABLE,
    };
    defaults.dns_refresh = 5 * MC_S;
    defaults.respect_dns_ttl = false;
    defaults.inbound_retry = (struct mc_retry_policy){0};
    defaults.stream_idle_timeout = 5 * MC_MIN;
    return defaults;
}
