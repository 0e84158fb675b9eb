/* Services to virtual hosts. */
#include "control/compile_parts.h"

/* Everything is written into ARENA and copied by the builder. */
struct route_writer {
    struct mc_compiler *compiler;
    struct mc_arena arena;
    mc_atom source;
    bool refused;
};

static void *take(struct route_writer *writer, size_t size)
{
    void *block = mc_arena_take_zero(&writer->arena, size);
    if (!block) writer->refused = true;
    return block;
}

static struct mc_str text_of(const struct route_writer *writer, mc_atom atom)
{
    return mc_atoms_text(&writer->compiler->realm->atoms, atom);
}

uint32_t mc_service_ports(const struct mc_registry *registry, struct mc_arena *arena, uint16_t **ports)
{
    uint32_t count = 0;
    *ports = registry->service_count ? mc_arena_take(arena, registry->service_count * sizeof **ports) : NULL;
    if (!*ports) return 0;
    for (uint32_t i = 0; i < registry->service_count; i++) {
        uint32_t known = 0;
        while (known < count && (*ports)[known] != registry->services[i]->port) known++;
        if (known == count) (*ports)[count++] = registry->services[i]->port;
    }
    return count;
}

/* ---- routes ---- */

static void write_clusters(struct route_writer *writer, const struct mc_service *service, struct mc_route *route)
{
    struct mc_realm *realm = writer->compiler->realm;
    uint32_t count = service->weight_count ? service->weight_count : 1;
    struct mc_weighted_cluster *clusters = take(writer, count * sizeof *clusters);
    if (!clusters) return;
    clusters[0] = (struct mc_weighted_cluster){0, 1};
    for (uint32_t i = 0; i < count; i++) {
        mc_atom version = service->weight_count ? service->weights[i].version : 0;
        if (version) clusters[i].weight = service->weights[i].weight;
        clusters[i].cluster = mc_outbound_name(realm, service, version);
        if (!clusters[i].cluster) writer->refused = true;
    }
    route->clusters = clusters;
    route->cluster_count = count;
}

static void write_fault(const struct route_writer *writer, const struct mc_traffic_fault *fault, struct mc_route *route)
{
    if (fault->source && fault->source != writer->source) return;
    route->abort_permillion = fault->abort_permillion;
    route->abort_status = fault->abort_status;
    route->delay_permillion = fault->delay_permillion;
    route->delay = fault->delay;
}

static const struct mc_route *write_route(struct route_writer *writer, const struct mc_service *service)
{
    const struct mc_traffic *traffic = &service->traffic;
    struct mc_route *route = take(writer, sizeof *route);
    if (!route) return NULL;
    *route = (struct mc_route){
        .name = MC_STR("default"),
        .path_kind = MC_PATH_PREFIX,
        .path = MC_STR("/"),
        .action = MC_ROUTE_CLUSTERS,
        .timeout = traffic->timeout,
        .retry = traffic->retry,
    };
    route->retry.statuses = traffic->statuses;
    route->retry.status_count = traffic->status_count;
    write_fault(writer, &traffic->fault, route);
    write_clusters(writer, service, route);
    return route;
}

/* ---- virtual hosts ---- */

/* The names by which a service is called from its own name space, and its VIP. */
static void write_domains(struct route_writer *writer, const struct mc_service *service, struct mc_virtual_host *host)
{
    enum { DOMAINS = 5 };
    struct mc_str *domains = take(writer, DOMAINS * sizeof *domains);
    struct mc_str full = text_of(writer, service->host), name = text_of(writer, service->name);
    size_t with_space = name.n + 1 + text_of(writer, service->name_space).n;
    if (!domains) return;
    domains[host->domain_count++] = full;
    if (!service->outside) domains[host->domain_count++] = name;
    if (!service->outside) domains[host->domain_count++] = mc_str(full.p, with_space);
    if (!service->outside && mc_str_starts(mc_str(full.p + with_space, full.n - with_space), MC_STR(".svc.")))
        domains[host->domain_count++] = mc_str(full.p, with_space + 4);
    if (!mc_addr_is_any(service->vip)) {
        char text[MC_ADDR_TEXT_MAX];
        size_t length = mc_addr_ip_text(service->vip, text);
        struct mc_str vip = mc_arena_copy(&writer->arena, mc_str(text, length));
        if (!vip.p) writer->refused = true;
        domains[host->domain_count++] = vip;
    }
    host->domains = domains;
}

static void write_service(struct route_writer *writer, const struct mc_service *service, struct mc_virtual_host *host)
{
    host->name = text_of(writer, service->host);
    write_domains(writer, service, host);
    host->routes = write_route(writer, service);
    host->route_count = 1;
}

/* Istio's allow_any and block_all. */
static void write_other(struct route_writer *writer, struct mc_virtual_host *host)
{
    bool any = writer->compiler->registry->defaults.outbound_any;
    static const struct mc_str everything = MC_STR("*");
    struct mc_route *route = take(writer, sizeof *route);
    struct mc_weighted_cluster *cluster = take(writer, sizeof *cluster);
    host->name = any ? MC_STR("allow_any") : MC_STR("block_all");
    host->domains = &everything;
    host->domain_count = 1;
    host->routes = route;
    host->route_count = 1;
    if (!route || !cluster) return;
    *cluster = (struct mc_weighted_cluster){
        mc_atoms_intern(&writer->compiler->realm->atoms, MC_STR("PassthroughCluster")), 1};
    if (!cluster->cluster) writer->refused = true;
    *route = (struct mc_route){
        .name = host->name,
        .path_kind = MC_PATH_PREFIX,
        .path = MC_STR("/"),
        .action = any ? MC_ROUTE_CLUSTERS : MC_ROUTE_DIRECT_RESPONSE,
        .clusters = any ? cluster : NULL,
        .cluster_count = any,
        .status = any ? 0 : 502,
    };
}

/* ---- route configurations ---- */

static struct mc_result add(struct route_writer *writer, struct mc_snapshot_builder *builder, struct mc_str name,
                            struct mc_virtual_host *hosts, uint32_t count)
{
    struct mc_route_config config = {
        .name = mc_atoms_intern(&writer->compiler->realm->atoms, name),
        .hosts = hosts,
        .host_count = count,
        .ignore_port = true,
    };
    if (!config.name || writer->refused) return MC_RESULT(NO_MEMORY);
    return mc_snapshot_add_routes(builder, &config);
}

static struct mc_result add_port(struct route_writer *writer, struct mc_snapshot_builder *builder, uint16_t port)
{
    const struct mc_registry *registry = writer->compiler->registry;
    struct mc_virtual_host *hosts = take(writer, (registry->service_count + 1) * sizeof *hosts);
    uint32_t count = 0;
    char digits[20];
    if (!hosts) return MC_RESULT(NO_MEMORY);
    for (uint32_t i = 0; i < registry->service_count; i++)
        if (registry->services[i]->port == port) write_service(writer, registry->services[i], &hosts[count++]);
    write_other(writer, &hosts[count++]);
    return add(writer, builder, mc_str(digits, mc_u64_to_text(port, digits)), hosts, count);
}

static struct mc_result add_all(struct route_writer *writer, struct mc_snapshot_builder *builder)
{
    const struct mc_registry *registry = writer->compiler->registry;
    struct mc_virtual_host other = {0};
    uint16_t *ports;
    uint32_t count = mc_service_ports(registry, &writer->arena, &ports);
    if (registry->service_count && !ports) return MC_RESULT(NO_MEMORY);
    for (uint32_t i = 0; i < count; i++) MC_TRY(add_port(writer, builder, ports[i]));
    write_other(writer, &other);
    return add(writer, builder, other.name, &other, 1);
}

struct mc_result mc_compile_routes(struct mc_compiler *compiler, struct mc_snapshot_builder *builder, mc_atom source)
{
    struct route_writer writer = {.compiler = compiler, .source = source};
    mc_arena_init(&writer.arena, &compiler->realm->pool, 0);
    struct mc_result result = add_all(&writer, builder);
    mc_arena_fini(&writer.arena);
    return result;
}
