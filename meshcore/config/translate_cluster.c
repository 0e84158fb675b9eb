#include "config/translate.h"

static void count_endpoints(const struct mc_envoy_load_assignment *from, uint32_t *count)
{
    for (uint32_t i = 0; i < from->endpoints_count; i++) *count += from->endpoints[i].lb_endpoints_count;
}

static bool is_healthy(uint32_t status)
{
    return status == MC_ENVOY_UNKNOWN || status == MC_ENVOY_HEALTHY;
}

static void endpoint(struct mc_translation *t, const struct mc_envoy_locality_endpoints *group,
                     const struct mc_envoy_lb_endpoint *from, bool by_name, struct mc_endpoint *to)
{
    *to = (struct mc_endpoint){
        .weight = from->load_balancing_weight,
        .priority = group->priority,
        .healthy = is_healthy(from->health_status),
    };
    if (group->locality) to->zone = mc_translate_atom(t, group->locality->zone);
    const struct mc_envoy_socket_address *socket = from->endpoint && from->endpoint->address ? from->endpoint->address->socket_address : NULL;
    bool is_name = socket && by_name && socket->port_value && socket->port_value <= 65535 &&
                   !mc_addr_parse_ip(socket->address, (uint16_t)socket->port_value, &to->addr);
    if (is_name) {
        to->addr = (struct mc_addr){.port = (uint16_t)socket->port_value};
        to->host = mc_translate_atom(t, socket->address);
    } else if (from->endpoint) {
        mc_translate_address(t, from->endpoint->address, &to->addr);
    }
}

static void endpoints(struct mc_translation *t, mc_atom cluster, bool by_name, const struct mc_envoy_load_assignment *from)
{
    struct mc_endpoints to = {.cluster = cluster};
    count_endpoints(from, &to.count);
    struct mc_endpoint *list = mc_translate_room(t, to.count, sizeof *list);
    if (t->refused) return;
    uint32_t at = 0;
    for (uint32_t i = 0; i < from->endpoints_count; i++)
        for (uint32_t j = 0; j < from->endpoints[i].lb_endpoints_count; j++)
            endpoint(t, &from->endpoints[i], &from->endpoints[i].lb_endpoints[j], by_name, &list[at++]);
    to.list = list;
    mc_translate_added(t, mc_snapshot_add_endpoints(t->builder, &to), MC_RESOURCE_ENDPOINTS, cluster,
                       from->at);
}

static struct mc_breaker breaker(struct mc_translation *t, const struct mc_envoy_circuit_breakers *from)
{
    struct mc_breaker to = {.connections = 1024, .pending = 1024, .requests = 1024, .retries = 3};
    for (uint32_t i = 0; from && i < from->thresholds_count; i++) {
        const struct mc_envoy_thresholds *limits = &from->thresholds[i];
        if (limits->priority) {
            mc_config_note(t->errors, limits->at, "no route has priority HIGH");
            continue;
        }
        to = (struct mc_breaker){
            .connections = limits->max_connections,
            .pending = limits->max_pending_requests,
            .requests = limits->max_requests,
            .retries = limits->max_retries,
        };
    }
    return to;
}

static struct mc_outlier outlier(const struct mc_envoy_outlier *from)
{
    if (!from) return (struct mc_outlier){0};
    return (struct mc_outlier){
        .interval = from->interval,
        .base_ejection = from->base_ejection_time,
        .max_ejection = from->max_ejection_time,
        .consecutive_5xx = from->consecutive_5xx,
        .max_percent = from->max_ejection_percent,
    };
}

static enum mc_balancer balancer(uint32_t from)
{
    if (from == MC_ENVOY_LEAST_REQUEST) return MC_BALANCE_LEAST_REQUEST;
    return from == MC_ENVOY_RANDOM ? MC_BALANCE_RANDOM : MC_BALANCE_ROUND_ROBIN;
}

static const struct mc_envoy_common_http *common_http(struct mc_translation *t,
                                                      const struct mc_envoy_cluster *from)
{
    const struct mc_envoy_common_http *common = from->common_http_protocol_options;
    for (uint32_t i = 0; i < from->typed_extension_protocol_options_count; i++) {
        const struct mc_any *any = &from->typed_extension_protocol_options[i];
        const struct mc_envoy_upstream_http *http = any->record;
        if (!mc_str_eq(any->key, mc_str_c(mc_envoy_upstream_http_message.name)))
            mc_config_fail(t->errors, any->at, "must be named %s", mc_envoy_upstream_http_message.name);
        if (http->common_http_protocol_options) common = http->common_http_protocol_options;
    }
    return common;
}

static void http_options(struct mc_translation *t, const struct mc_envoy_cluster *from, struct mc_cluster *to)
{
    const struct mc_envoy_common_http *common = common_http(t, from);
    to->idle_timeout = common ? common->idle_timeout : MC_HOUR;
    to->requests_per_conn = from->max_requests_per_connection;
    if (common && common->max_requests_per_connection)
        to->requests_per_conn = common->max_requests_per_connection;
}

static enum mc_cluster_kind kind_of(uint32_t type)
{
    if (type == MC_ENVOY_STRICT_DNS) return MC_CLUSTER_STRICT_DNS;
    return type == MC_ENVOY_LOGICAL_DNS ? MC_CLUSTER_LOGICAL_DNS : MC_CLUSTER_STATIC;
}

enum { PANIC_DEFAULT = 50, PERCENT_UNIT = 1000000 };

void mc_translate_cluster(struct mc_translation *t, const struct mc_envoy_cluster *from)
{
    const struct mc_envoy_percent *panic = from->common_lb_config
                                               ? from->common_lb_config->healthy_panic_threshold
                                               : NULL;
    struct mc_cluster to = {
        .name = mc_translate_atom(t, from->name),
        .kind = kind_of(from->type),
        .balancer = balancer(from->lb_policy),
        .choice_count = from->least_request_lb_config ? from->least_request_lb_config->choice_count : 2,
        .panic_percent = panic ? panic->value / PERCENT_UNIT : PANIC_DEFAULT,
        .connect_timeout = from->connect_timeout,
        .dns_refresh = from->dns_refresh_rate,
        .respect_dns_ttl = from->respect_dns_ttl,
        .breaker = breaker(t, from->circuit_breakers),
        .outlier = outlier(from->outlier_detection),
    };
    http_options(t, from, &to);
    if (!to.name) return; /* noted as missing */
    mc_translate_added(t, mc_snapshot_add_cluster(t->builder, &to), MC_RESOURCE_CLUSTER, to.name, from->at);
    static const struct mc_envoy_load_assignment none;
    const struct mc_envoy_load_assignment *assignment = from->load_assignment ? from->load_assignment : &none;
    if (from->load_assignment || !t->errors->count) endpoints(t, to.name, to.kind != MC_CLUSTER_STATIC, assignment);
}
