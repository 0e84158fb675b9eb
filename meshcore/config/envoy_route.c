#include "config/envoy.h"

/* ---- matching ---- */

#define RECORD mc_envoy_header_matcher
static const struct mc_enum_name flags[] = {{"false", MC_ENVOY_NO}, {"true", MC_ENVOY_YES}, {0}};
static const struct mc_message_field header_matcher_fields[] = {
    {FIELD(STRING, name), .required = true},
    {FIELD(STRING, exact_match)},
    {FIELD(STRING, prefix_match)},
    {FIELD(STRING, suffix_match)},
    {FIELD(STRING, contains_match)},
    ONE(safe_regex_match, mc_envoy_regex_message),
    ONE(string_match, mc_envoy_string_matcher_message),
    {FIELD(ENUM, present_match), .names = flags},
    {FIELD(BOOL, invert_match)},
    {FIELD(BOOL, treat_missing_header_as_empty)},
};
static const struct mc_envoy_header_matcher header_matcher_defaults = {.present_match = MC_ENVOY_UNSET};
static MESSAGE(header_matcher_message, header_matcher_fields, .defaults = &header_matcher_defaults,
               .unsupported = "range_match");
#undef RECORD

#define RECORD mc_envoy_query_matcher
static const struct mc_message_field query_matcher_fields[] = {
    {FIELD(STRING, name), .required = true},
    ONE(string_match, mc_envoy_string_matcher_message),
    {FIELD(BOOL, present_match)},
};
static MESSAGE(query_matcher_message, query_matcher_fields);
#undef RECORD

#define RECORD mc_envoy_route_match
static const struct mc_message_field route_match_fields[] = {
    {FIELD(STRING, prefix)},
    {FIELD(STRING, path)},
    {FIELD(STRING, path_separated_prefix)},
    ONE(safe_regex, mc_envoy_regex_message),
    {FIELD(BOOL, case_sensitive)},
    LIST(headers, header_matcher_message),
    LIST(query_parameters, query_matcher_message),
};
static const struct mc_envoy_route_match route_match_defaults = {.case_sensitive = true};
static MESSAGE(route_match_message, route_match_fields, .defaults = &route_match_defaults,
               .unsupported = "connect_matcher path_match_policy runtime_fraction cookies grpc tls_context "
                              "dynamic_metadata filter_state");
#undef RECORD

/* ---- retries ---- */

#define RECORD mc_envoy_back_off
static const struct mc_message_field back_off_fields[] = {
    {FIELD(DURATION, base_interval), .required = true},
    {FIELD(DURATION, max_interval)},
};
static MESSAGE(back_off_message, back_off_fields);
#undef RECORD

#define RECORD mc_envoy_host_predicate
static const struct mc_message previous_hosts_message = {
    .name = "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
    .size = sizeof(const struct mc_value *),
};
static const struct mc_message *const host_predicates[] = {&previous_hosts_message, NULL};
static const struct mc_message_field host_predicate_fields[] = {
    {FIELD(STRING, name), .required = true},
    {FIELD(ANY, typed_config), .messages = host_predicates, .required = true},
};
static MESSAGE(host_predicate_message, host_predicate_fields);
#undef RECORD

#define RECORD mc_envoy_retry_policy
static const struct mc_message_field retry_policy_fields[] = {
    {FIELD(STRING, retry_on)},
    {FIELD(U32, num_retries)},
    {FIELD(DURATION, per_try_timeout)},
    {FIELD(U32, host_selection_retry_max_attempts)},
    {ARRAY(U32S, retriable_status_codes)},
    ONE(retry_back_off, back_off_message),
    LIST(retry_host_predicate, host_predicate_message),
};
static const struct mc_envoy_retry_policy retry_policy_defaults = {
    .num_retries = 1,
    .host_selection_retry_max_attempts = 1,
};
static MESSAGE(retry_policy_message, retry_policy_fields, .defaults = &retry_policy_defaults,
               .unsupported = "per_try_idle_timeout retry_priority retry_options_predicates "
                              "rate_limited_retry_back_off retriable_headers retriable_request_headers");
#undef RECORD

/* ---- actions ---- */

#define RECORD mc_envoy_cluster_weight
static const struct mc_message_field cluster_weight_fields[] = {
    {FIELD(STRING, name), .required = true},
    {FIELD(U32, weight), .required = true},
};
static MESSAGE(cluster_weight_message, cluster_weight_fields,
               .unsupported = "cluster_header metadata_match request_headers_to_add request_headers_to_remove "
                              "response_headers_to_add response_headers_to_remove typed_per_filter_config "
                              "host_rewrite_literal");
#undef RECORD

#define RECORD mc_envoy_weighted_clusters
static const struct mc_message_field weighted_clusters_fields[] = {
    {ARRAY(LIST, clusters), .message = &cluster_weight_message, .required = true},
    {FIELD(U32, total_weight)},
};
static MESSAGE(weighted_clusters_message, weighted_clusters_fields,
               .unsupported = "runtime_key_prefix header_name use_hash_policy");
#undef RECORD

#define RECORD mc_envoy_route_action
static const struct mc_message_field route_action_fields[] = {
    {FIELD(STRING, cluster)},
    ONE(weighted_clusters, weighted_clusters_message),
    {FIELD(STRING, prefix_rewrite)},
    {FIELD(STRING, host_rewrite_literal)},
    {FIELD(DURATION, timeout)},
    ONE(retry_policy, retry_policy_message),
    ONLY("priority", "DEFAULT"),
    ONLY("cluster_not_found_response_code", "SERVICE_UNAVAILABLE"),
    ONLY("auto_host_rewrite", "false"),
    ONLY("append_x_forwarded_host", "false"),
};
static const struct mc_envoy_route_action route_action_defaults = {.timeout = 15 * MC_S};
static MESSAGE(route_action_message, route_action_fields, .defaults = &route_action_defaults,
               .unsupported =
                   "cluster_header cluster_specifier_plugin inline_cluster_specifier_plugin metadata_match "
                   "regex_rewrite path_rewrite_policy path_rewrite host_rewrite_header host_rewrite_path_regex "
                   "host_rewrite idle_timeout flush_timeout early_data_policy retry_policy_typed_config "
                   "request_mirror_policies rate_limits include_vh_rate_limits hash_policy cors "
                   "max_grpc_timeout grpc_timeout_offset upgrade_configs internal_redirect_policy "
                   "internal_redirect_action max_internal_redirects hedge_policy max_stream_duration");
#undef RECORD

#define RECORD mc_envoy_redirect
static const struct mc_enum_name redirect_codes[] = {
    {"MOVED_PERMANENTLY", 0},  {"FOUND", 1}, {"SEE_OTHER", 2}, {"TEMPORARY_REDIRECT", 3},
    {"PERMANENT_REDIRECT", 4}, {0},
};
static const struct mc_message_field redirect_fields[] = {
    {FIELD(STRING, host_redirect)},
    {FIELD(STRING, path_redirect)},
    {FIELD(ENUM, response_code), .names = redirect_codes},
    ONLY("https_redirect", "false"),
    ONLY("strip_query", "false"),
};
static MESSAGE(redirect_message, redirect_fields,
               .unsupported = "scheme_redirect port_redirect prefix_rewrite regex_rewrite");
#undef RECORD

#define RECORD mc_envoy_direct_response
static const struct mc_message_field direct_response_fields[] = {
    {FIELD(U32, status), .required = true},
    ONE(body, mc_envoy_data_source_message),
};
static MESSAGE(direct_response_message, direct_response_fields, .unsupported = "body_format");
#undef RECORD

/* ---- fault ---- */

#define RECORD mc_envoy_fault_delay
static const struct mc_message_field fault_delay_fields[] = {
    {FIELD(DURATION, fixed_delay), .required = true},
    ONE(percentage, mc_envoy_fraction_message),
};
static MESSAGE(fault_delay_message, fault_delay_fields, .unsupported = "header_delay");
#undef RECORD

#define RECORD mc_envoy_fault_abort
static const struct mc_message_field fault_abort_fields[] = {
    {FIELD(U32, http_status), .required = true},
    ONE(percentage, mc_envoy_fraction_message),
};
static MESSAGE(fault_abort_message, fault_abort_fields, .unsupported = "grpc_status header_abort");
#undef RECORD

#define RECORD mc_envoy_fault
static const struct mc_message_field fault_fields[] = {
    ONE(delay, fault_delay_message),
    ONE(abort, fault_abort_message),
};
MESSAGE(mc_envoy_fault_message, fault_fields,
        .name = "envoy.extensions.filters.http.fault.v3.HTTPFault",
        .unsupported = "upstream_cluster headers downstream_nodes max_active_faults response_rate_limit "
                       "delay_percent_runtime abort_percent_runtime delay_duration_runtime "
                       "abort_http_status_runtime max_active_faults_runtime response_rate_limit_percent_runtime "
                       "abort_grpc_status_runtime disable_downstream_cluster_stats filter_metadata");
#undef RECORD

/* ---- routes ---- */

static const struct mc_message *const per_filter_configs[] = {&mc_envoy_fault_message, NULL};

#define EDIT(what, member) \
    .name = #member, .kind = MC_MESSAGE_##what, .offset = __builtin_offsetof(struct RECORD, edits.member), \
    .count_offset = __builtin_offsetof(struct RECORD, edits.member##_count)
#define EDITS \
    {EDIT(LIST, request_headers_to_add), .message = &mc_envoy_header_option_message}, \
        {EDIT(LIST, response_headers_to_add), .message = &mc_envoy_header_option_message}, \
        {EDIT(STRINGS, request_headers_to_remove)}, {EDIT(STRINGS, response_headers_to_remove)}

#define RECORD mc_envoy_route
static const struct mc_message_field route_fields[] = {
    {FIELD(STRING, name)},
    {FIELD(ONE, match), .message = &route_match_message, .required = true},
    ONE(route, route_action_message),
    ONE(redirect, redirect_message),
    ONE(direct_response, direct_response_message),
    {ARRAY(ANY_MAP, typed_per_filter_config), .messages = per_filter_configs},
    EDITS,
    NOTED("metadata", "no filter reads it"),
    NOTED("decorator", "no spans are written"),
};
static MESSAGE(route_message, route_fields,
               .unsupported = "filter_action non_forwarding_action tracing per_request_buffer_limit_bytes "
                              "stat_prefix request_body_buffer_limit");
#undef RECORD

#define RECORD mc_envoy_virtual_host
static const struct mc_message_field virtual_host_fields[] = {
    {FIELD(STRING, name), .required = true},
    {ARRAY(STRINGS, domains), .required = true},
    LIST(routes, route_message),
    ONE(retry_policy, retry_policy_message),
    {ARRAY(ANY_MAP, typed_per_filter_config), .messages = per_filter_configs},
    EDITS,
    ONLY("require_tls", "NONE"),
    ONLY("include_request_attempt_count", "false"),
    ONLY("include_attempt_count_in_response", "false"),
    NOTED("virtual_clusters", "no statistics are kept for them"),
    NOTED("metadata", "no filter reads it"),
};
static MESSAGE(virtual_host_message, virtual_host_fields,
               .unsupported = "matcher rate_limits cors retry_policy_typed_config hedge_policy "
                              "include_is_timeout_retry_header per_request_buffer_limit_bytes "
                              "request_body_buffer_limit request_mirror_policies");
#undef RECORD

#define RECORD mc_envoy_route_config
static const struct mc_message_field route_config_fields[] = {
    {FIELD(STRING, name)},
    LIST(virtual_hosts, virtual_host_message),
    {FIELD(BOOL, validate_clusters)},
    {FIELD(BOOL, ignore_port_in_host_matching)},
    {ARRAY(ANY_MAP, typed_per_filter_config), .messages = per_filter_configs},
    EDITS,
    ONLY("most_specific_header_mutations_wins", "false"),
    NOTED("metadata", "no filter reads it"),
};
static const struct mc_envoy_route_config route_config_defaults = {.validate_clusters = true};
MESSAGE(mc_envoy_route_config_message, route_config_fields, .defaults = &route_config_defaults,
        .unsupported = "vhds internal_only_headers max_direct_response_body_size_bytes cluster_specifier_plugins "
                       "request_mirror_policies vhost_header ignore_path_parameters_in_path_matching");
#undef RECORD
