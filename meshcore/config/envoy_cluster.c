#include "config/envoy.h"

/* ---- endpoints ---- */

#define RECORD mc_envoy_locality
static const struct mc_message_field locality_fields[] = {
    {FIELD(STRING, region)},
    {FIELD(STRING, zone)},
    {FIELD(STRING, sub_zone)},
};
static MESSAGE(locality_message, locality_fields);
#undef RECORD

#define RECORD mc_envoy_endpoint
static const struct mc_message_field endpoint_fields[] = {
    {FIELD(ONE, address), .message = &mc_envoy_address_message, .required = true},
    NOTED("hostname", "only health checks and host rewrites read it"),
};
static MESSAGE(endpoint_message, endpoint_fields, .unsupported = "health_check_config additional_addresses");
#undef RECORD

#define RECORD mc_envoy_lb_endpoint
static const struct mc_enum_name health_names[] = {
    {"UNKNOWN", MC_ENVOY_UNKNOWN}, {"HEALTHY", MC_ENVOY_HEALTHY}, {"UNHEALTHY", MC_ENVOY_UNHEALTHY},
    {"DRAINING", MC_ENVOY_DRAINING}, {"TIMEOUT", MC_ENVOY_TIMEOUT}, {0},
};
static const struct mc_message_field lb_endpoint_fields[] = {
    {FIELD(ONE, endpoint), .message = &endpoint_message, .required = true},
    {FIELD(U32, load_balancing_weight)},
    {FIELD(ENUM, health_status), .names = health_names},
    NOTED("metadata", "no subset balancer reads it"),
};
static const struct mc_envoy_lb_endpoint lb_endpoint_defaults = {.load_balancing_weight = 1};
static MESSAGE(lb_endpoint_message, lb_endpoint_fields, .defaults = &lb_endpoint_defaults,
               .unsupported = "endpoint_name");
#undef RECORD

#define RECORD mc_envoy_locality_endpoints
static const struct mc_message_field locality_endpoints_fields[] = {
    ONE(locality, locality_message),
    LIST(lb_endpoints, lb_endpoint_message),
    {FIELD(U32, priority)},
    NOTED("load_balancing_weight", "weights of localities need locality_weighted_lb_config"),
    NOTED("metadata", "no subset balancer reads it"),
};
static MESSAGE(locality_endpoints_message, locality_endpoints_fields,
               .unsupported = "load_balancer_endpoints leds_cluster_locality_config proximity");
#undef RECORD

#define RECORD mc_envoy_load_assignment
static const struct mc_message_field load_assignment_fields[] = {
    {FIELD(STRING, cluster_name), .required = true},
    LIST(endpoints, locality_endpoints_message),
};
static MESSAGE(load_assignment_message, load_assignment_fields, .unsupported = "named_endpoints policy");
#undef RECORD

/* ---- circuit breakers, outliers, balancing ---- */

#define RECORD mc_envoy_thresholds
static const struct mc_enum_name priorities[] = {{"DEFAULT", 0}, {"HIGH", 1}, {0}};
static const struct mc_message_field thresholds_fields[] = {
    {FIELD(ENUM, priority), .names = priorities}, {FIELD(U32, max_connections)},
    {FIELD(U32, max_pending_requests)},           {FIELD(U32, max_requests)},
    {FIELD(U32, max_retries)},                    NOTED("track_remaining", "what remains is always shown"),
};
static const struct mc_envoy_thresholds thresholds_defaults = {
    .max_connections = 1024, .max_pending_requests = 1024, .max_requests = 1024, .max_retries = 3};
static MESSAGE(thresholds_message, thresholds_fields, .defaults = &thresholds_defaults,
               .unsupported = "retry_budget max_connection_pools");
#undef RECORD

#define RECORD mc_envoy_circuit_breakers
static const struct mc_message_field circuit_breakers_fields[] = {LIST(thresholds, thresholds_message)};
static MESSAGE(circuit_breakers_message, circuit_breakers_fields, .unsupported = "per_host_thresholds");
#undef RECORD

#define RECORD mc_envoy_outlier
static const struct mc_message_field outlier_fields[] = {
    {FIELD(U32, consecutive_5xx)},
    {FIELD(DURATION, interval)},
    {FIELD(DURATION, base_ejection_time)},
    {FIELD(DURATION, max_ejection_time)},
    {FIELD(U32, max_ejection_percent)},
    ONLY("enforcing_consecutive_5xx", "100"),
    ONLY("enforcing_success_rate", "0"),
    ONLY("enforcing_consecutive_gateway_failure", "0"),
    ONLY("enforcing_failure_percentage", "0"),
    ONLY("split_external_local_origin_errors", "false"),
};
static const struct mc_envoy_outlier outlier_defaults = {
    .consecutive_5xx = 5,
    .interval = 10 * MC_S,
    .base_ejection_time = 30 * MC_S,
    .max_ejection_time = 300 * MC_S,
    .max_ejection_percent = 10,
};
static MESSAGE(outlier_message, outlier_fields, .defaults = &outlier_defaults,
               .unsupported =
                   "success_rate_minimum_hosts success_rate_request_volume success_rate_stdev_factor "
                   "consecutive_gateway_failure consecutive_local_origin_failure "
                   "enforcing_consecutive_local_origin_failure enforcing_local_origin_success_rate "
                   "failure_percentage_threshold enforcing_failure_percentage_local_origin "
                   "failure_percentage_minimum_hosts failure_percentage_request_volume "
                   "max_ejection_time_jitter successful_active_health_check_uneject_host monitors "
                   "always_eject_one_host");
#undef RECORD

#define RECORD mc_envoy_least_request
static const struct mc_message_field least_request_fields[] = {{FIELD(U32, choice_count)}};
static const struct mc_envoy_least_request least_request_defaults = {.choice_count = 2};
static MESSAGE(least_request_message, least_request_fields, .defaults = &least_request_defaults,
               .unsupported = "active_request_bias slow_start_config");
#undef RECORD

#define RECORD mc_envoy_common_lb
static const struct mc_message_field common_lb_fields[] = {
    ONE(healthy_panic_threshold, mc_envoy_percent_message),
};
static MESSAGE(common_lb_message, common_lb_fields,
               .unsupported = "zone_aware_lb_config locality_weighted_lb_config update_merge_window "
                              "ignore_new_hosts_until_first_hc close_connections_on_host_set_change "
                              "consistent_hashing_lb_config override_host_status");
#undef RECORD

/* ---- HTTP towards upstream ---- */

#define RECORD mc_envoy_common_http
static const struct mc_message_field common_http_fields[] = {
    {FIELD(DURATION, idle_timeout)},
    {FIELD(U32, max_requests_per_connection)},
    ONLY("headers_with_underscores_action", "ALLOW"),
    ONLY("max_headers_count", "100"),
};
static const struct mc_envoy_common_http common_http_defaults = {.idle_timeout = MC_HOUR};
MESSAGE(mc_envoy_common_http_message, common_http_fields, .defaults = &common_http_defaults,
        .unsupported = "max_connection_duration max_response_headers_kb max_stream_duration");
#undef RECORD

struct explicit_http {
    AT;
    const void *http_protocol_options;
};

#define RECORD explicit_http
static const struct mc_message_field explicit_http_fields[] = {
    ONE(http_protocol_options, mc_envoy_empty_message),
};
static MESSAGE(explicit_http_message, explicit_http_fields,
               .unsupported = "http2_protocol_options http3_protocol_options");
#undef RECORD

struct upstream_http {
    struct mc_envoy_upstream_http base;
    const struct explicit_http *explicit_http_config;
};

static const struct mc_message_field upstream_http_fields[] = {
    {.name = "common_http_protocol_options", .kind = MC_MESSAGE_ONE, .message = &mc_envoy_common_http_message,
     .offset = __builtin_offsetof(struct upstream_http, base.common_http_protocol_options)},
    {.name = "explicit_http_config", .kind = MC_MESSAGE_ONE, .message = &explicit_http_message,
     .offset = __builtin_offsetof(struct upstream_http, explicit_http_config)},
};
const struct mc_message mc_envoy_upstream_http_message = {
    .name = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
    .size = sizeof(struct upstream_http),
    .fields = upstream_http_fields,
    .field_count = MC_COUNT_OF(upstream_http_fields),
    .unsupported = "upstream_http_protocol_options use_downstream_protocol_config auto_config http_filters "
                   "header_validation_config outlier_detection request_mirror_policies hash_policy retry_policy",
};

/* ---- cluster ---- */

#define RECORD mc_envoy_cluster
static const struct mc_enum_name cluster_types[] = {
    {"STATIC", MC_ENVOY_STATIC}, {"STRICT_DNS", MC_ENVOY_STRICT_DNS}, {"LOGICAL_DNS", MC_ENVOY_LOGICAL_DNS}, {0}};
static const struct mc_enum_name balancers[] = {
    {"ROUND_ROBIN", MC_ENVOY_ROUND_ROBIN}, {"LEAST_REQUEST", MC_ENVOY_LEAST_REQUEST},
    {"RANDOM", MC_ENVOY_RANDOM}, {0}};
static const struct mc_message *const protocol_options[] = {&mc_envoy_upstream_http_message, NULL};
static const struct mc_message_field cluster_fields[] = {
    {FIELD(STRING, name), .required = true},
    {FIELD(ENUM, type), .names = cluster_types},
    {FIELD(DURATION, connect_timeout)},
    {FIELD(DURATION, dns_refresh_rate)},
    {FIELD(BOOL, respect_dns_ttl)},
    {FIELD(ENUM, lb_policy), .names = balancers},
    ONE(load_assignment, load_assignment_message),
    ONE(circuit_breakers, circuit_breakers_message),
    ONE(outlier_detection, outlier_message),
    ONE(least_request_lb_config, least_request_message),
    ONE(common_lb_config, common_lb_message),
    ONE(common_http_protocol_options, mc_envoy_common_http_message),
    {FIELD(U32, max_requests_per_connection)},
    {ARRAY(ANY_MAP, typed_extension_protocol_options), .messages = protocol_options},
    NOTED("per_connection_buffer_limit_bytes", "1 MiB per connection is built in"),
    NOTED("dns_lookup_family", "addresses are not looked up"),
    NOTED("metadata", "no filter reads it"),
};
static const struct mc_envoy_cluster cluster_defaults = {.connect_timeout = 5 * MC_S, .dns_refresh_rate = 5 * MC_S};
MESSAGE(mc_envoy_cluster_message, cluster_fields, .defaults = &cluster_defaults,
        .unsupported =
            "transport_socket_matches transport_socket_matcher alt_stat_name cluster_type eds_cluster_config "
            "health_checks upstream_http_protocol_options http_protocol_options http2_protocol_options "
            "dns_jitter dns_failure_refresh_rate dns_resolvers "
            "use_tcp_for_dns_lookups dns_resolution_config typed_dns_resolver_config wait_for_warm_on_init "
            "cleanup_interval upstream_bind_config lb_subset_config ring_hash_lb_config maglev_lb_config "
            "original_dst_lb_config round_robin_lb_config transport_socket protocol_selection "
            "upstream_connection_options close_connections_on_host_health_failure "
            "ignore_health_on_host_removal filters load_balancing_policy lrs_server "
            "lrs_report_endpoint_metrics track_timeout_budgets upstream_config track_cluster_stats "
            "preconnect_policy connection_pool_per_downstream_connection");
#undef RECORD
