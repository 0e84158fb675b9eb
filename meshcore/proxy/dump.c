/* The configuration in use as JSON, in the shape of Envoy's /config_dump, and /clusters as text. */
#include "proxy/parts.h"

/* ---- JSON ---- */

void px_write_json(struct px_writer *writer, struct mc_str text)
{
    static const char hex[] = "0123456789abcdef";
    px_write_c(writer, "\"");
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        char escaped[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        if (c == '"' || c == '\\') {
            escaped[1] = (char)c;
            px_write(writer, mc_str(escaped, 2));
        } else if (c < 0x20 || c >= 0x7f) {
            px_write(writer, mc_str(escaped, sizeof escaped));
        } else {
            px_write(writer, mc_str(text.p + i, 1));
        }
    }
    px_write_c(writer, "\"");
}

static void key(struct px_writer *writer, const char *name)
{
    px_write_json(writer, mc_str_c(name));
    px_write_c(writer, ": ");
}

static void text_field(struct px_writer *writer, const char *name, struct mc_str value, const char *after)
{
    key(writer, name);
    px_write_json(writer, value);
    px_write_c(writer, after);
}

static void number_field(struct px_writer *writer, const char *name, uint64_t value, const char *after)
{
    key(writer, name);
    px_write_u64(writer, value);
    px_write_c(writer, after);
}

static void duration_field(struct px_writer *writer, const char *name, mc_ns value, const char *after)
{
    key(writer, name);
    px_write_c(writer, "\"");
    px_write_fixed(writer, (uint64_t)value, 9);
    px_write_c(writer, "s\"");
    px_write_c(writer, after);
}

static void address(struct px_writer *writer, struct mc_addr addr)
{
    char text[MC_ADDR_TEXT_MAX];
    size_t n = mc_addr_ip_text(addr, text);
    px_write_c(writer, "{\"socket_address\": {");
    text_field(writer, "address", mc_str(text, n), ", ");
    number_field(writer, "port_value", addr.port, "}}");
}

static const char *comma(uint32_t index)
{
    return index ? ",\n  " : "\n  ";
}

/* ---- records ---- */

static void write_listener(struct px_writer *writer, const struct mc_proxy *proxy, const struct mc_resource *resource)
{
    const struct mc_listener *listener = resource->body;
    px_write_c(writer, "{\"listener\": {");
    text_field(writer, "name", px_text_of(proxy, listener->name), ", \"address\": ");
    address(writer, listener->addr);
    px_write_c(writer, ", \"filter_chains\": [");
    for (uint32_t i = 0; i < listener->chain_count; i++) {
        const struct mc_filter_chain *chain = &listener->chains[i];
        px_write_c(writer, i ? ", {" : "{");
        text_field(writer, "name", px_text_of(proxy, chain->name), ", ");
        text_field(writer, "stat_prefix", px_text_of(proxy, chain->stat_prefix), ", ");
        text_field(writer, "route_config_name", px_text_of(proxy, chain->route_config), ", ");
        number_field(writer, "destination_port", chain->destination_port, ", \"http_filters\": [");
        for (uint32_t k = 0; k < chain->filter_count; k++) {
            px_write_c(writer, k ? ", " : "");
            px_write_json(writer, mc_str_c(px_filter_of(chain->filters[k])->name));
        }
        px_write_c(writer, "]}");
    }
    px_write_c(writer, "]}}");
}

static void write_match(struct px_writer *writer, const struct mc_route *route)
{
    static const char *const kinds[] = {[MC_PATH_PREFIX] = "prefix", [MC_PATH_EXACT] = "path",
                                        [MC_PATH_SEPARATED_PREFIX] = "path_separated_prefix", [MC_PATH_REGEX] = "safe_regex"};
    px_write_c(writer, "{\"match\": {");
    text_field(writer, kinds[route->path_kind], route->path, ", ");
    number_field(writer, "headers", route->header_count, ", ");
    number_field(writer, "query_parameters", route->query_count, "}, ");
}

static void write_clusters_of(struct px_writer *writer, const struct mc_proxy *proxy, const struct mc_route *route)
{
    px_write_c(writer, "\"route\": {\"weighted_clusters\": {\"clusters\": [");
    for (uint32_t i = 0; i < route->cluster_count; i++) {
        px_write_c(writer, i ? ", {" : "{");
        text_field(writer, "name", px_text_of(proxy, route->clusters[i].cluster), ", ");
        number_field(writer, "weight", route->clusters[i].weight, "}");
    }
    px_write_c(writer, "]}, ");
    duration_field(writer, "timeout", route->timeout, ", \"retry_policy\": {");
    number_field(writer, "num_retries", route->retry.retries, ", ");
    number_field(writer, "retry_on_bits", route->retry.on, ", ");
    duration_field(writer, "per_try_timeout", route->retry.per_try_timeout, "}}}");
}

static void write_route(struct px_writer *writer, const struct mc_proxy *proxy, const struct mc_route *route)
{
    write_match(writer, route);
    if (route->action == MC_ROUTE_CLUSTERS) {
        write_clusters_of(writer, proxy, route);
        return;
    }
    px_write_c(writer, route->action == MC_ROUTE_REDIRECT ? "\"redirect\": {" : "\"direct_response\": {");
    number_field(writer, "status", route->status, "}}");
}

static void write_routes(struct px_writer *writer, const struct mc_proxy *proxy, const struct mc_resource *resource)
{
    const struct mc_route_config *config = resource->body;
    px_write_c(writer, "{\"route_config\": {");
    text_field(writer, "name", px_text_of(proxy, config->name), ", \"virtual_hosts\": [");
    for (uint32_t i = 0; i < config->host_count; i++) {
        const struct mc_virtual_host *host = &config->hosts[i];
        px_write_c(writer, i ? ", {" : "{");
        text_field(writer, "name", host->name, ", \"domains\": [");
        for (uint32_t k = 0; k < host->domain_count; k++) {
            px_write_c(writer, k ? ", " : "");
            px_write_json(writer, host->domains[k]);
        }
        px_write_c(writer, "], \"routes\": [");
        for (uint32_t k = 0; k < host->route_count; k++) {
            px_write_c(writer, k ? ", " : "");
            write_route(writer, proxy, &host->routes[k]);
        }
        px_write_c(writer, "]}");
    }
    px_write_c(writer, "]}}");
}

static void write_cluster(struct px_writer *writer, const struct mc_proxy *proxy, const struct mc_resource *resource)
{
    static const char *const kinds[] = {[MC_CLUSTER_STATIC] = "STATIC", [MC_CLUSTER_EDS] = "EDS", [MC_CLUSTER_PASSTHROUGH] = "ORIGINAL_DST",
                                        [MC_CLUSTER_STRICT_DNS] = "STRICT_DNS", [MC_CLUSTER_LOGICAL_DNS] = "LOGICAL_DNS"};
    static const char *const balancers[] = {[MC_BALANCE_ROUND_ROBIN] = "ROUND_ROBIN", [MC_BALANCE_RANDOM] = "RANDOM",
                                            [MC_BALANCE_LEAST_REQUEST] = "LEAST_REQUEST", [MC_BALANCE_PEAK_EWMA] = "PEAK_EWMA"};
    const struct mc_cluster *cluster = resource->body;
    px_write_c(writer, "{\"cluster\": {");
    text_field(writer, "name", px_text_of(proxy, cluster->name), ", ");
    text_field(writer, "type", mc_str_c(kinds[cluster->kind]), ", ");
    text_field(writer, "lb_policy", mc_str_c(balancers[cluster->balancer]), ", ");
    duration_field(writer, "connect_timeout", cluster->connect_timeout, ", \"circuit_breakers\": {\"thresholds\": [{");
    number_field(writer, "max_connections", cluster->breaker.connections, ", ");
    number_field(writer, "max_pending_requests", cluster->breaker.pending, ", ");
    number_field(writer, "max_requests", cluster->breaker.requests, ", ");
    number_field(writer, "max_retries", cluster->breaker.retries, "}]}}}");
}

static void write_endpoints(struct px_writer *writer, const struct mc_proxy *proxy, const struct mc_resource *resource)
{
    const struct mc_endpoints *endpoints = resource->body;
    px_write_c(writer, "{\"endpoint_config\": {");
    text_field(writer, "cluster_name", px_text_of(proxy, endpoints->cluster), ", \"lb_endpoints\": [");
    for (uint32_t i = 0; i < endpoints->count; i++) {
        const struct mc_endpoint *endpoint = &endpoints->list[i];
        px_write_c(writer, i ? ", {\"endpoint\": {\"address\": " : "{\"endpoint\": {\"address\": ");
        address(writer, endpoint->addr);
        px_write_c(writer, "}, ");
        text_field(writer, "health_status", endpoint->healthy ? MC_STR("HEALTHY") : MC_STR("UNHEALTHY"), ", ");
        number_field(writer, "priority", endpoint->priority, ", ");
        number_field(writer, "load_balancing_weight", endpoint->weight, "}");
    }
    px_write_c(writer, "]}}");
}

/* ---- the whole ---- */

static const struct {
    const char *type, *list;
    enum mc_resource_type of;
    void (*write)(struct px_writer *writer, const struct mc_proxy *proxy, const struct mc_resource *resource);
} sections[] = {
    {"ClustersConfigDump", "static_clusters", MC_RESOURCE_CLUSTER, write_cluster},
    {"EndpointsConfigDump", "static_endpoint_configs", MC_RESOURCE_ENDPOINTS, write_endpoints},
    {"ListenersConfigDump", "static_listeners", MC_RESOURCE_LISTENER, write_listener},
    {"RoutesConfigDump", "static_route_configs", MC_RESOURCE_ROUTES, write_routes},
};

void px_write_config(struct px_writer *writer, const struct mc_proxy *proxy)
{
    px_write_c(writer, "{");
    number_field(writer, "version_info", proxy->snapshot->version, ", \"configs\": [\n");
    for (size_t i = 0; i < MC_COUNT_OF(sections); i++) {
        px_write_c(writer, i ? ",\n {" : " {");
        px_write_c(writer, "\"@type\": \"type.googleapis.com/envoy.admin.v3.");
        px_write_c(writer, sections[i].type);
        px_write_c(writer, "\", ");
        key(writer, sections[i].list);
        px_write_c(writer, "[");
        for (uint32_t k = 0; k < proxy->snapshot->of[sections[i].of].count; k++) {
            px_write_c(writer, comma(k));
            sections[i].write(writer, proxy, proxy->snapshot->of[sections[i].of].list[k]);
        }
        px_write_c(writer, "]}");
    }
    px_write_c(writer, "\n]}\n");
}

/* ---- /clusters ---- */

static void write_host(struct px_writer *writer, struct mc_str cluster, const struct px_host *host)
{
    char text[MC_ADDR_TEXT_MAX];
    struct mc_str addr = mc_str(text, mc_addr_text(host->endpoint.addr, text));
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {{"cx_active", host->connections}, {"rq_active", host->active}, {"weight", host->endpoint.weight}, {"priority", host->endpoint.priority}};
    for (size_t i = 0; i <= MC_COUNT_OF(numbers); i++) {
        px_write(writer, cluster);
        px_write_c(writer, "::");
        px_write(writer, addr);
        px_write_c(writer, "::");
        px_write_c(writer, i < MC_COUNT_OF(numbers) ? numbers[i].name : "health_flags");
        px_write_c(writer, "::");
        if (i < MC_COUNT_OF(numbers)) px_write_u64(writer, numbers[i].value);
        else px_write_c(writer, host->ejected ? "/failed_outlier_check" : host->endpoint.healthy ? "healthy" : "/failed_eds_health");
        px_write_c(writer, "\n");
    }
}

void px_write_clusters(struct px_writer *writer, const struct mc_proxy *proxy)
{
    struct mc_map_entry *entry;
    uint32_t at = 0;
    while ((entry = mc_map_next(&proxy->clusters, &at))) {
        const struct px_cluster *cluster = entry->value;
        for (uint32_t i = 0; i < cluster->host_count; i++) write_host(writer, px_text_of(proxy, cluster->name), cluster->hosts[i]);
    }
}
