#include "config/envoy.h"

/* ---- HTTP connection manager ---- */

static const struct mc_message_field router_fields[] = {
    NOTED("dynamic_stats", "statistics are always kept"),
    ONLY("start_child_span", "false"),
    ONLY("suppress_envoy_headers", "false"),
    ONLY("respect_expected_rq_timeout", "false"),
};
const struct mc_message mc_envoy_router_message = {
    .name = "envoy.extensions.filters.http.router.v3.Router",
    .size = sizeof(const struct mc_value *),
    .fields = router_fields,
    .field_count = MC_COUNT_OF(router_fields),
    .unsupported = "upstream_log upstream_log_options strict_check_headers "
                   "suppress_grpc_request_failure_code_stats upstream_http_filters "
                   "reject_connect_request_early_data",
};

#define RECORD mc_envoy_http_filter
static const struct mc_message *const http_filters[] = {&mc_envoy_router_message, &mc_envoy_fault_message, NULL};
static const struct mc_message_field http_filter_fields[] = {
    {FIELD(STRING, name), .required = true},
    {FIELD(ANY, typed_config), .messages = http_filters, .required = true},
    ONLY("is_optional", "false"),
    ONLY("disabled", "false"),
};
static MESSAGE(http_filter_message, http_filter_fields, .unsupported = "config_discovery");
#undef RECORD

#define RECORD mc_envoy_http_manager
static const struct mc_enum_name codecs[] = {{"AUTO", 0}, {"HTTP1", 1}, {0}};
static const struct mc_enum_name server_headers[] = {
    {"OVERWRITE", MC_ENVOY_SERVER_OVERWRITE}, {"PASS_THROUGH", MC_ENVOY_SERVER_PASS_THROUGH}, {0}};
static const struct mc_message_field http_manager_fields[] = {
    {FIELD(STRING, stat_prefix), .required = true},
    {FIELD(ENUM, codec_type), .names = codecs},
    ONE(route_config, mc_envoy_route_config_message),
    {ARRAY(LIST, http_filters), .message = &http_filter_message, .required = true},
    {FIELD(STRING, server_name)},
    {FIELD(ENUM, server_header_transformation), .names = server_headers},
    ONE(common_http_protocol_options, mc_envoy_common_http_message),
    {FIELD(DURATION, stream_idle_timeout)},
    {FIELD(DURATION, request_headers_timeout)},
    {FIELD(BOOL, preserve_external_request_id)},
    ONLY("generate_request_id", "true"),
    ONLY("always_set_request_id_in_response", "false"),
    ONLY("max_request_headers_kb", "60"),
    ONLY("request_timeout", "0s"),
    ONLY("merge_slashes", "false"),
    ONLY("normalize_path", "false"),
    ONLY("proxy_100_continue", "false"),
    ONLY("skip_xff_append", "false"),
    NOTED("access_log", "no access log is written; see /stats/prometheus"),
    NOTED("use_remote_address", "x-forwarded-for is passed on as it comes"),
    NOTED("http2_protocol_options", "only HTTP/1.1 is spoken"),
};
static const struct mc_envoy_http_manager http_manager_defaults = {
    .server_name = {"envoy", 5},
    .stream_idle_timeout = 5 * MC_MIN,
};
MESSAGE(mc_envoy_http_manager_message, http_manager_fields, .defaults = &http_manager_defaults,
        .name = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        .unsupported =
            "rds scoped_routes add_user_agent tracing http1_safe_max_connection_duration http_protocol_options "
            "http3_protocol_options scheme_header_transformation stream_flush_timeout drain_timeout "
            "delayed_close_timeout access_log_flush_interval flush_access_log_on_new_request "
            "access_log_options xff_num_trusted_hops original_ip_detection_extensions "
            "early_header_mutation_extensions internal_address_config via forward_client_cert_details "
            "set_current_client_cert_details forward_client_cert_matcher "
            "represent_ipv4_remote_address_as_ipv4_mapped_ipv6 upgrade_configs "
            "path_with_escaped_slashes_action request_id_extension local_reply_config "
            "strip_matching_host_port strip_any_host_port stream_error_on_invalid_http_message "
            "path_normalization_options strip_trailing_host_dot proxy_status_config "
            "typed_header_validation_config append_x_forwarded_port append_local_overload "
            "add_proxy_protocol_connection_state forward_proto_config");
#undef RECORD

/* ---- listener ---- */

#define RECORD mc_envoy_network_filter
static const struct mc_message *const network_filters[] = {&mc_envoy_http_manager_message, NULL};
static const struct mc_message_field network_filter_fields[] = {
    {FIELD(STRING, name), .required = true},
    {FIELD(ANY, typed_config), .messages = network_filters, .required = true},
};
static MESSAGE(network_filter_message, network_filter_fields, .unsupported = "config_discovery");
#undef RECORD

#define RECORD mc_envoy_cidr
static const struct mc_message_field cidr_fields[] = {
    {FIELD(STRING, address_prefix), .required = true},
    {FIELD(U32, prefix_len), .required = true},
};
static MESSAGE(cidr_message, cidr_fields);
#undef RECORD

#define RECORD mc_envoy_chain_match
static const struct mc_message_field chain_match_fields[] = {
    {FIELD(U32, destination_port)},
    LIST(prefix_ranges, cidr_message),
};
static MESSAGE(chain_match_message, chain_match_fields,
               .unsupported = "address_suffix suffix_len direct_source_prefix_ranges source_type "
                              "source_prefix_ranges source_ports server_names transport_protocol "
                              "application_protocols");
#undef RECORD

#define RECORD mc_envoy_filter_chain
static const struct mc_message_field filter_chain_fields[] = {
    {FIELD(STRING, name)},
    ONE(filter_chain_match, chain_match_message),
    {ARRAY(LIST, filters), .message = &network_filter_message, .required = true},
    NOTED("metadata", "no filter reads it"),
};
static MESSAGE(filter_chain_message, filter_chain_fields,
               .unsupported = "use_proxy_proto transport_socket transport_socket_connect_timeout");
#undef RECORD

#define RECORD mc_envoy_listener
static const struct mc_enum_name directions[] = {
    {"UNSPECIFIED", MC_ENVOY_UNSPECIFIED}, {"INBOUND", MC_ENVOY_INBOUND}, {"OUTBOUND", MC_ENVOY_OUTBOUND}, {0}};
static const struct mc_message_field listener_fields[] = {
    {FIELD(STRING, name)},
    {FIELD(ONE, address), .message = &mc_envoy_address_message, .required = true},
    {ARRAY(LIST, filter_chains), .message = &filter_chain_message, .required = true},
    {FIELD(ENUM, traffic_direction), .names = directions},
    ONLY("use_original_dst", "false"),
    ONLY("transparent", "false"),
    ONLY("freebind", "false"),
    ONLY("bind_to_port", "true"),
    ONLY("enable_reuse_port", "true"),
    ONLY("reuse_port", "true"),
    NOTED("stat_prefix", "statistics carry the address"),
    NOTED("per_connection_buffer_limit_bytes", "1 MiB per connection is built in"),
    NOTED("metadata", "no filter reads it"),
};
static MESSAGE(listener_message, listener_fields,
               .unsupported =
                   "additional_addresses fcds_config filter_chain_matcher default_filter_chain deprecated_v1 "
                   "drain_type listener_filters listener_filters_timeout "
                   "continue_on_listener_filters_timeout socket_options tcp_fast_open_queue_length "
                   "udp_listener_config api_listener connection_balance_config access_log tcp_backlog_size "
                   "max_connections_to_accept_per_socket_event internal_listener enable_mptcp "
                   "ignore_global_conn_limit bypass_overload_manager tcp_keepalive");
#undef RECORD

/* ---- bootstrap ---- */

#define RECORD mc_envoy_static_resources
static const struct mc_message_field static_resources_fields[] = {
    LIST(listeners, listener_message),
    LIST(clusters, mc_envoy_cluster_message),
};
static MESSAGE(static_resources_message, static_resources_fields, .unsupported = "secrets");
#undef RECORD

#define RECORD mc_envoy_node
static const struct mc_message_field node_fields[] = {
    {FIELD(STRING, id)},
    {FIELD(STRING, cluster)},
    NOTED("metadata", "nothing reads it"),
    NOTED("locality", "no zone-aware balancing"),
};
static MESSAGE(node_message, node_fields,
               .unsupported = "dynamic_parameters user_agent_name user_agent_version user_agent_build_version "
                              "extensions client_features listening_addresses");
#undef RECORD

#define RECORD mc_envoy_admin
static const struct mc_message_field admin_fields[] = {
    ONE(address, mc_envoy_address_message),
    NOTED("access_log", "no access log is written"),
    NOTED("access_log_path", "no access log is written"),
    NOTED("profile_path", "there is no profiler"),
};
static MESSAGE(admin_message, admin_fields, .unsupported = "socket_options ignore_global_conn_limit allow_paths");
#undef RECORD

#define RECORD mc_envoy_bootstrap
static const struct mc_message_field bootstrap_fields[] = {
    ONE(node, node_message),
    ONE(static_resources, static_resources_message),
    ONE(admin, admin_message),
};
MESSAGE(mc_envoy_bootstrap_message, bootstrap_fields,
        .unsupported =
            "node_context_params dynamic_resources cluster_manager hds_config flags_path stats_sinks "
            "deferred_stat_options stats_config stats_flush_interval stats_flush_on_admin stats_eviction_interval "
            "watchdog watchdogs tracing layered_runtime overload_manager enable_dispatcher_stats header_prefix "
            "stats_server_version_override use_tcp_for_dns_lookups dns_resolution_config "
            "typed_dns_resolver_config bootstrap_extensions fatal_actions config_sources "
            "default_config_source default_socket_interface certificate_provider_instances inline_headers "
            "perf_tracing_file_path default_regex_engine xds_delegate_extension xds_config_tracker_extension "
            "listener_manager application_log_config grpc_async_client_manager_config memory_allocator_manager");
#undef RECORD
