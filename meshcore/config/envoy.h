/* Envoy's v3 messages as they stand in a file: what we take of them. Names are the protobuf fields';
 * types and defaults are those of the .proto files of Envoy 1.36.
 *
 *   envoy_core.c      addresses, matchers, headers, shares
 *   envoy_route.c     config/route/v3, filters/http/fault/v3
 *   envoy_cluster.c   config/cluster/v3, config/endpoint/v3
 *   envoy_listener.c  config/listener/v3, the HTTP connection manager, config/bootstrap/v3
 */
#ifndef CONFIG_ENVOY_H
#define CONFIG_ENVOY_H

#include "base/assert.h"
#include "config/decode.h"

/* Tables: {FIELD(STRING, name), .required = true}, with RECORD naming the record. */
#define FIELD(what, member) \
    .name = #member, .kind = MC_MESSAGE_##what, .offset = __builtin_offsetof(struct RECORD, member)
#define ARRAY(what, member) FIELD(what, member), .count_offset = __builtin_offsetof(struct RECORD, member##_count)
#define ONE(member, type) {FIELD(ONE, member), .message = &(type)}
#define LIST(member, type) {ARRAY(LIST, member), .message = &(type)}
#define ONLY(field, value) {.name = field, .kind = MC_MESSAGE_ONLY, .word = value}
#define NOTED(field, why) {.name = field, .kind = MC_MESSAGE_NOTED, .word = why}

#define MESSAGE(symbol, table, ...) \
    const struct mc_message symbol = {.size = sizeof(struct RECORD), .fields = (table), \
                                      .field_count = MC_COUNT_OF(table), __VA_ARGS__}

#define AT const struct mc_value *at /* first in every record */

/* ---- core ---- */

struct mc_envoy_socket_address {
    AT;
    struct mc_str address;
    uint32_t port_value;
};

struct mc_envoy_address {
    AT;
    const struct mc_envoy_socket_address *socket_address;
};

enum { MC_ENVOY_HUNDRED, MC_ENVOY_TEN_THOUSAND, MC_ENVOY_MILLION };

struct mc_envoy_fraction { /* type.v3.FractionalPercent */
    AT;
    uint32_t numerator, denominator;
};

struct mc_envoy_percent {
    AT;
    uint32_t value; /* millionths of a percent */
};

struct mc_envoy_regex {
    AT;
    struct mc_str regex;
};

struct mc_envoy_string_matcher {
    AT;
    struct mc_str exact, prefix, suffix, contains;
    const struct mc_envoy_regex *safe_regex;
    bool ignore_case;
};

struct mc_envoy_header_value {
    AT;
    struct mc_str key, value;
};

enum { MC_ENVOY_APPEND, MC_ENVOY_ADD_IF_ABSENT, MC_ENVOY_OVERWRITE, MC_ENVOY_OVERWRITE_IF_EXISTS };

struct mc_envoy_header_option { /* config.core.v3.HeaderValueOption */
    AT;
    const struct mc_envoy_header_value *header;
    uint32_t append_action;
};

struct mc_envoy_data_source {
    AT;
    struct mc_str inline_string;
};

extern const struct mc_message mc_envoy_address_message, mc_envoy_fraction_message, mc_envoy_percent_message,
    mc_envoy_regex_message, mc_envoy_string_matcher_message, mc_envoy_header_option_message,
    mc_envoy_data_source_message, mc_envoy_empty_message;

/* ---- route ---- */

enum { MC_ENVOY_NO, MC_ENVOY_YES, MC_ENVOY_UNSET };

struct mc_envoy_header_matcher {
    AT;
    struct mc_str name, exact_match, prefix_match, suffix_match, contains_match;
    const struct mc_envoy_regex *safe_regex_match;
    const struct mc_envoy_string_matcher *string_match;
    uint32_t present_match; /* MC_ENVOY_UNSET, or a flag */
    bool invert_match, treat_missing_header_as_empty;
};

struct mc_envoy_query_matcher {
    AT;
    struct mc_str name;
    const struct mc_envoy_string_matcher *string_match;
    bool present_match;
};

struct mc_envoy_route_match {
    AT;
    struct mc_str prefix, path, path_separated_prefix;
    const struct mc_envoy_regex *safe_regex;
    bool case_sensitive;
    const struct mc_envoy_header_matcher *headers;
    const struct mc_envoy_query_matcher *query_parameters;
    uint32_t headers_count, query_parameters_count;
};

struct mc_envoy_back_off {
    AT;
    mc_ns base_interval, max_interval;
};

struct mc_envoy_host_predicate {
    AT;
    struct mc_str name;
    struct mc_any typed_config;
};

struct mc_envoy_retry_policy {
    AT;
    struct mc_str retry_on;
    uint32_t num_retries, host_selection_retry_max_attempts;
    mc_ns per_try_timeout;
    const struct mc_envoy_back_off *retry_back_off;
    const uint32_t *retriable_status_codes;
    const struct mc_envoy_host_predicate *retry_host_predicate;
    uint32_t retriable_status_codes_count, retry_host_predicate_count;
};

struct mc_envoy_cluster_weight {
    AT;
    struct mc_str name;
    uint32_t weight;
};

struct mc_envoy_weighted_clusters {
    AT;
    const struct mc_envoy_cluster_weight *clusters;
    uint32_t clusters_count, total_weight;
};

struct mc_envoy_route_action {
    AT;
    struct mc_str cluster, prefix_rewrite, host_rewrite_literal;
    const struct mc_envoy_weighted_clusters *weighted_clusters;
    mc_ns timeout;
    const struct mc_envoy_retry_policy *retry_policy;
};

struct mc_envoy_redirect {
    AT;
    struct mc_str host_redirect, path_redirect;
    uint32_t response_code;
};

struct mc_envoy_direct_response {
    AT;
    uint32_t status;
    const struct mc_envoy_data_source *body;
};

/* Header edits and per-filter configuration stand on three levels alike. */
struct mc_envoy_edits {
    const struct mc_envoy_header_option *request_headers_to_add, *response_headers_to_add;
    const struct mc_str *request_headers_to_remove, *response_headers_to_remove;
    uint32_t request_headers_to_add_count, response_headers_to_add_count;
    uint32_t request_headers_to_remove_count, response_headers_to_remove_count;
};

struct mc_envoy_route {
    AT;
    struct mc_str name;
    const struct mc_envoy_route_match *match;
    const struct mc_envoy_route_action *route;
    const struct mc_envoy_redirect *redirect;
    const struct mc_envoy_direct_response *direct_response;
    struct mc_envoy_edits edits;
    const struct mc_any *typed_per_filter_config;
    uint32_t typed_per_filter_config_count;
};

struct mc_envoy_virtual_host {
    AT;
    struct mc_str name;
    const struct mc_str *domains;
    const struct mc_envoy_route *routes;
    uint32_t domains_count, routes_count;
    const struct mc_envoy_retry_policy *retry_policy;
    struct mc_envoy_edits edits;
    const struct mc_any *typed_per_filter_config;
    uint32_t typed_per_filter_config_count;
};

struct mc_envoy_route_config {
    AT;
    struct mc_str name;
    const struct mc_envoy_virtual_host *virtual_hosts;
    uint32_t virtual_hosts_count;
    bool validate_clusters, ignore_port_in_host_matching;
    struct mc_envoy_edits edits;
    const struct mc_any *typed_per_filter_config;
    uint32_t typed_per_filter_config_count;
};

struct mc_envoy_fault_delay {
    AT;
    mc_ns fixed_delay;
    const struct mc_envoy_fraction *percentage;
};

struct mc_envoy_fault_abort {
    AT;
    uint32_t http_status;
    const struct mc_envoy_fraction *percentage;
};

struct mc_envoy_fault {
    AT;
    const struct mc_envoy_fault_delay *delay;
    const struct mc_envoy_fault_abort *abort;
};

extern const struct mc_message mc_envoy_route_config_message, mc_envoy_fault_message;

/* ---- cluster ---- */

struct mc_envoy_locality {
    AT;
    struct mc_str region, zone, sub_zone;
};

struct mc_envoy_endpoint {
    AT;
    const struct mc_envoy_address *address;
};

enum { /* core.v3.HealthStatus */
    MC_ENVOY_UNKNOWN,
    MC_ENVOY_HEALTHY,
    MC_ENVOY_UNHEALTHY,
    MC_ENVOY_DRAINING,
    MC_ENVOY_TIMEOUT,
    MC_ENVOY_DEGRADED,
};

struct mc_envoy_lb_endpoint {
    AT;
    const struct mc_envoy_endpoint *endpoint;
    uint32_t load_balancing_weight, health_status;
};

struct mc_envoy_locality_endpoints {
    AT;
    const struct mc_envoy_locality *locality;
    const struct mc_envoy_lb_endpoint *lb_endpoints;
    uint32_t lb_endpoints_count, priority;
};

struct mc_envoy_load_assignment {
    AT;
    struct mc_str cluster_name;
    const struct mc_envoy_locality_endpoints *endpoints;
    uint32_t endpoints_count;
};

struct mc_envoy_thresholds {
    AT;
    uint32_t priority, max_connections, max_pending_requests, max_requests, max_retries;
};

struct mc_envoy_circuit_breakers {
    AT;
    const struct mc_envoy_thresholds *thresholds;
    uint32_t thresholds_count;
};

struct mc_envoy_outlier {
    AT;
    uint32_t consecutive_5xx, max_ejection_percent;
    mc_ns interval, base_ejection_time, max_ejection_time;
};

struct mc_envoy_least_request {
    AT;
    uint32_t choice_count;
};

struct mc_envoy_common_lb {
    AT;
    const struct mc_envoy_percent *healthy_panic_threshold;
};

struct mc_envoy_common_http { /* core.v3.HttpProtocolOptions */
    AT;
    mc_ns idle_timeout;
    uint32_t max_requests_per_connection;
};

struct mc_envoy_upstream_http { /* extensions.upstreams.http.v3.HttpProtocolOptions */
    AT;
    const struct mc_envoy_common_http *common_http_protocol_options;
};

enum { MC_ENVOY_STATIC, MC_ENVOY_STRICT_DNS, MC_ENVOY_LOGICAL_DNS };
enum { MC_ENVOY_ROUND_ROBIN, MC_ENVOY_LEAST_REQUEST, MC_ENVOY_RANDOM = 3 };

struct mc_envoy_cluster {
    AT;
    struct mc_str name;
    uint32_t type, lb_policy, max_requests_per_connection;
    mc_ns connect_timeout, dns_refresh_rate;
    bool respect_dns_ttl;
    const struct mc_envoy_load_assignment *load_assignment;
    const struct mc_envoy_circuit_breakers *circuit_breakers;
    const struct mc_envoy_outlier *outlier_detection;
    const struct mc_envoy_least_request *least_request_lb_config;
    const struct mc_envoy_common_lb *common_lb_config;
    const struct mc_envoy_common_http *common_http_protocol_options;
    const struct mc_any *typed_extension_protocol_options;
    uint32_t typed_extension_protocol_options_count;
};

extern const struct mc_message mc_envoy_cluster_message, mc_envoy_common_http_message,
    mc_envoy_upstream_http_message;

/* ---- listener ---- */

struct mc_envoy_http_filter {
    AT;
    struct mc_str name;
    struct mc_any typed_config;
};

enum { MC_ENVOY_SERVER_OVERWRITE, MC_ENVOY_SERVER_PASS_THROUGH = 2 };

struct mc_envoy_http_manager { /* HttpConnectionManager */
    AT;
    struct mc_str stat_prefix, server_name;
    uint32_t codec_type, server_header_transformation;
    const struct mc_envoy_route_config *route_config;
    const struct mc_envoy_http_filter *http_filters;
    uint32_t http_filters_count;
    const struct mc_envoy_common_http *common_http_protocol_options;
    mc_ns stream_idle_timeout, request_headers_timeout;
    bool preserve_external_request_id;
};

struct mc_envoy_network_filter {
    AT;
    struct mc_str name;
    struct mc_any typed_config;
};

struct mc_envoy_cidr {
    AT;
    struct mc_str address_prefix;
    uint32_t prefix_len;
};

struct mc_envoy_chain_match {
    AT;
    uint32_t destination_port;
    const struct mc_envoy_cidr *prefix_ranges;
    uint32_t prefix_ranges_count;
};

struct mc_envoy_filter_chain {
    AT;
    struct mc_str name;
    const struct mc_envoy_chain_match *filter_chain_match;
    const struct mc_envoy_network_filter *filters;
    uint32_t filters_count;
};

enum { MC_ENVOY_UNSPECIFIED, MC_ENVOY_INBOUND, MC_ENVOY_OUTBOUND };

struct mc_envoy_listener {
    AT;
    struct mc_str name;
    const struct mc_envoy_address *address;
    const struct mc_envoy_filter_chain *filter_chains;
    uint32_t filter_chains_count, traffic_direction;
};

struct mc_envoy_static_resources {
    AT;
    const struct mc_envoy_listener *listeners;
    const struct mc_envoy_cluster *clusters;
    uint32_t listeners_count, clusters_count;
};

struct mc_envoy_node {
    AT;
    struct mc_str id, cluster;
};

struct mc_envoy_admin {
    AT;
    const struct mc_envoy_address *address;
};

struct mc_envoy_bootstrap {
    AT;
    const struct mc_envoy_node *node;
    const struct mc_envoy_static_resources *static_resources;
    const struct mc_envoy_admin *admin;
};

extern const struct mc_message mc_envoy_http_manager_message, mc_envoy_router_message,
    mc_envoy_bootstrap_message;

#endif
