/* The field tables. A field of model/config.h that is missing here would be neither copied deeply nor
 * compared; the unit test flips every byte of every record to prove that none is. */
#include "model/shape.h"

#define FIELD(type, member, what) {.kind = MC_FIELD_##what, .offset = __builtin_offsetof(type, member)}
#define EMBED(type, member, shape) \
    {.kind = MC_FIELD_RECORD, .offset = __builtin_offsetof(type, member), .of = &(shape)}
#define ARRAY(type, member, count, shape) \
    {.kind = MC_FIELD_RECORDS, \
     .offset = __builtin_offsetof(type, member), \
     .count_offset = __builtin_offsetof(type, count), \
     .of = &(shape)}
#define SHAPE(name, type, table) \
    static const struct mc_shape name = {sizeof(type), MC_COUNT_OF(table), table}

static const struct mc_field u16_fields[] = {{.kind = MC_FIELD_U16}};
static const struct mc_field atom_fields[] = {{.kind = MC_FIELD_ATOM}};
static const struct mc_field str_fields[] = {{.kind = MC_FIELD_STR}};
SHAPE(u16_shape, uint16_t, u16_fields);
SHAPE(atom_shape, mc_atom, atom_fields);
SHAPE(str_shape, struct mc_str, str_fields);

#define F(member, what) FIELD(struct mc_text_match, member, what)
static const struct mc_field text_match_fields[] = {
    F(kind, U32),
    F(text, STR),
    F(ignore_case, FLAG),
    F(regex, DERIVED),
};
SHAPE(text_match_shape, struct mc_text_match, text_match_fields);
#undef F

#define F(member, what) FIELD(struct mc_header_match, member, what)
static const struct mc_field header_match_fields[] = {
    F(name, STR),
    EMBED(struct mc_header_match, match, text_match_shape),
    F(invert, FLAG),
    F(missing_as_empty, FLAG),
};
SHAPE(header_match_shape, struct mc_header_match, header_match_fields);
#undef F

#define F(member, what) FIELD(struct mc_retry_policy, member, what)
static const struct mc_field retry_fields[] = {
    F(on, U32),
    F(retries, U32),
    F(per_try_timeout, U64),
    F(backoff_base, U64),
    F(backoff_max, U64),
    ARRAY(struct mc_retry_policy, statuses, status_count, u16_shape),
    F(host_attempts, U32),
    F(other_host, FLAG),
};
SHAPE(retry_shape, struct mc_retry_policy, retry_fields);
#undef F

#define F(member, what) FIELD(struct mc_weighted_cluster, member, what)
static const struct mc_field weighted_fields[] = {F(cluster, ATOM), F(weight, U32)};
SHAPE(weighted_shape, struct mc_weighted_cluster, weighted_fields);
#undef F

#define F(member, what) FIELD(struct mc_header_edit, member, what)
static const struct mc_field edit_fields[] = {F(kind, U32), F(name, STR), F(value, STR)};
SHAPE(edit_shape, struct mc_header_edit, edit_fields);
#undef F

#define F(member, what) FIELD(struct mc_route, member, what)
static const struct mc_field route_fields[] = {
    F(name, STR),
    F(path_kind, U32),
    F(path, STR),
    F(ignore_case, FLAG),
    ARRAY(struct mc_route, headers, header_count, header_match_shape),
    ARRAY(struct mc_route, queries, query_count, header_match_shape),
    F(regex, DERIVED),
    F(action, U32),
    ARRAY(struct mc_route, clusters, cluster_count, weighted_shape),
    F(weight_total, DERIVED),
    F(timeout, U64),
    EMBED(struct mc_route, retry, retry_shape),
    F(host_rewrite, STR),
    F(prefix_rewrite, STR),
    F(status, U16),
    F(body, STR),
    F(redirect_host, STR),
    F(redirect_path, STR),
    ARRAY(struct mc_route, request_edits, request_edit_count, edit_shape),
    ARRAY(struct mc_route, response_edits, response_edit_count, edit_shape),
    F(abort_permillion, U32),
    F(delay_permillion, U32),
    F(abort_status, U16),
    F(delay, U64),
};
SHAPE(route_shape, struct mc_route, route_fields);
#undef F

#define F(member, what) FIELD(struct mc_virtual_host, member, what)
static const struct mc_field host_fields[] = {
    F(name, STR),
    ARRAY(struct mc_virtual_host, domains, domain_count, str_shape),
    ARRAY(struct mc_virtual_host, routes, route_count, route_shape),
};
SHAPE(host_shape, struct mc_virtual_host, host_fields);
#undef F

#define F(member, what) FIELD(struct mc_route_config, member, what)
static const struct mc_field route_config_fields[] = {
    F(name, ATOM),
    ARRAY(struct mc_route_config, hosts, host_count, host_shape),
    F(ignore_port, FLAG),
    F(domains, DERIVED),
};
SHAPE(route_config_shape, struct mc_route_config, route_config_fields);
#undef F

#define F(member, what) FIELD(struct mc_filter_chain, member, what)
static const struct mc_field chain_fields[] = {
    F(name, ATOM),
    F(destination_port, U16),
    F(destination, ADDR),
    F(mtls, U32),
    F(route_config, ATOM),
    F(stat_prefix, ATOM),
    F(server_name, STR),
    F(filters[0], U32),
    F(filters[1], U32),
    F(filters[2], U32),
    F(filters[3], U32),
    F(filter_count, U32),
    F(idle_timeout, U64),
    F(stream_idle_timeout, U64),
    F(request_headers_timeout, U64),
    F(is_outbound, FLAG),
    F(keep_request_id, FLAG),
    F(internal_clients, FLAG),
};
SHAPE(chain_shape, struct mc_filter_chain, chain_fields);
#undef F

#define F(member, what) FIELD(struct mc_listener, member, what)
static const struct mc_field listener_fields[] = {
    F(name, ATOM),
    F(addr, ADDR),
    F(mode, U32),
    ARRAY(struct mc_listener, chains, chain_count, chain_shape),
};
SHAPE(listener_shape, struct mc_listener, listener_fields);
#undef F

#define F(member, what) FIELD(struct mc_cluster, member, what)
static const struct mc_field cluster_fields[] = {
    F(name, ATOM),
    F(kind, U32),
    F(balancer, U32),
    F(choice_count, U32),
    F(counts_pending, FLAG),
    F(panic_percent, U32),
    F(connect_timeout, U64),
    F(idle_timeout, U64),
    F(requests_per_conn, U32),
    F(dns_refresh, U64),
    F(respect_dns_ttl, FLAG),
    F(breaker.connections, U32),
    F(breaker.pending, U32),
    F(breaker.requests, U32),
    F(breaker.retries, U32),
    F(outlier.interval, U64),
    F(outlier.base_ejection, U64),
    F(outlier.max_ejection, U64),
    F(outlier.consecutive_5xx, U32),
    F(outlier.max_percent, U32),
    F(mtls, FLAG),
    ARRAY(struct mc_cluster, accepted, accepted_count, atom_shape),
};
SHAPE(cluster_shape, struct mc_cluster, cluster_fields);
#undef F

#define F(member, what) FIELD(struct mc_endpoint, member, what)
static const struct mc_field endpoint_fields[] = {
    F(addr, ADDR),
    F(host, ATOM),
    F(weight, U32),
    F(priority, U32),
    F(zone, ATOM),
    F(workload, ATOM),
    F(mtls, FLAG),
    F(healthy, FLAG),
};
SHAPE(endpoint_shape, struct mc_endpoint, endpoint_fields);
#undef F

#define F(member, what) FIELD(struct mc_endpoints, member, what)
static const struct mc_field endpoints_fields[] = {
    F(cluster, ATOM),
    ARRAY(struct mc_endpoints, list, count, endpoint_shape),
};
SHAPE(endpoints_shape, struct mc_endpoints, endpoints_fields);
#undef F

const struct mc_shape *const mc_resource_shapes[MC_RESOURCE_TYPE_COUNT] = {
    [MC_RESOURCE_LISTENER] = &listener_shape,
    [MC_RESOURCE_ROUTES] = &route_config_shape,
    [MC_RESOURCE_CLUSTER] = &cluster_shape,
    [MC_RESOURCE_ENDPOINTS] = &endpoints_shape,
};
