/* The listeners of a sidecar: where captured traffic comes in, both ways, and where it is asked. */
#include "control/compile_parts.h"

static mc_atom atom(struct mc_compiler *compiler, const char *text)
{
    return mc_atoms_intern(&compiler->realm->atoms, mc_str_c(text));
}

static struct mc_addr any_address(uint16_t port)
{
    return (struct mc_addr){.port = port};
}

static mc_atom numbered(struct mc_compiler *compiler, const char *before, uint16_t port, const char *after)
{
    struct mc_name name = {.used = 0};
    mc_name_add(&name, mc_str_c(before));
    mc_name_add_number(&name, port);
    mc_name_add(&name, mc_str_c(after));
    return mc_name_intern(&name, compiler->realm);
}

static bool named(const struct mc_filter_chain *chain)
{
    return chain->name && chain->stat_prefix && chain->route_config;
}

/* ---- outbound ---- */

static struct mc_filter_chain outbound_chain(struct mc_compiler *compiler, uint16_t port)
{
    const struct mc_mesh_defaults *defaults = &compiler->registry->defaults;
    const char *other = defaults->outbound_any ? "allow_any" : "block_all";
    struct mc_filter_chain chain = {
        .name = port ? numbered(compiler, "0.0.0.0_", port, "") : atom(compiler, "PassthroughFilterChain"),
        .destination_port = port,
        .route_config = port ? numbered(compiler, "", port, "") : atom(compiler, other),
        .stat_prefix = port ? numbered(compiler, "outbound_0.0.0.0_", port, "") : atom(compiler, other),
        .server_name = MC_STR("envoy"),
        .filters = {MC_HTTP_FILTER_FAULT, MC_HTTP_FILTER_ROUTER},
        .filter_count = 2,
        .idle_timeout = MC_HOUR,
        .stream_idle_timeout = defaults->stream_idle_timeout,
        .is_outbound = true,
        .keep_request_id = true,
    };
    return chain;
}

static struct mc_result add_virtual_outbound(struct mc_compiler *compiler, struct mc_snapshot_builder *builder,
                                             struct mc_arena *arena)
{
    const struct mc_registry *registry = compiler->registry;
    uint16_t *ports;
    uint32_t count = mc_service_ports(registry, arena, &ports);
    struct mc_filter_chain *chains = mc_arena_take(arena, (count + 1) * sizeof *chains);
    struct mc_listener listener = {
        .name = atom(compiler, "virtualOutbound"),
        .addr = any_address(registry->defaults.outbound_port),
        .mode = MC_LISTEN_OUTBOUND,
        .chains = chains,
        .chain_count = count + 1,
    };
    if (!chains || !listener.name || (registry->service_count && !ports)) return MC_RESULT(NO_MEMORY);
    for (uint32_t i = 0; i <= count; i++) {
        chains[i] = outbound_chain(compiler, i < count ? ports[i] : 0);
        if (!named(&chains[i])) return MC_RESULT(NO_MEMORY);
    }
    return mc_snapshot_add_listener(builder, &listener);
}

static struct mc_result add_metrics(struct mc_compiler *compiler, struct mc_snapshot_builder *builder)
{
    mc_atom name = atom(compiler, "metrics");
    struct mc_filter_chain chain = {
        .name = name,
        .stat_prefix = name,
        .server_name = MC_STR("envoy"),
        .filters = {MC_HTTP_FILTER_ADMIN},
        .filter_count = 1,
        .idle_timeout = MC_HOUR,
    };
    struct mc_listener listener = {
        .name = name,
        .addr = any_address(compiler->registry->defaults.metrics_port),
        .mode = MC_LISTEN_DIRECT,
        .chains = &chain,
        .chain_count = 1,
    };
    return name ? mc_snapshot_add_listener(builder, &listener) : MC_RESULT(NO_MEMORY);
}

struct mc_result mc_compile_outbound(struct mc_compiler *compiler, struct mc_snapshot_builder *builder)
{
    struct mc_arena arena;
    mc_arena_init(&arena, &compiler->realm->pool, 0);
    struct mc_result result = add_virtual_outbound(compiler, builder, &arena);
    mc_arena_fini(&arena);
    MC_TRY(result);
    MC_TRY(add_metrics(compiler, builder));
    return mc_compile_passthrough(compiler, builder, MC_STR("PassthroughCluster"));
}

/* ---- inbound ---- */

/* One route to a cluster that connects to where the caller wanted to go: the pod's own address, which
 * its own sidecar is not captured from. */
static struct mc_result add_inbound_routes(struct mc_compiler *compiler, struct mc_snapshot_builder *builder,
                                           mc_atom name, mc_atom cluster)
{
    const struct mc_str everything = MC_STR("*");
    const struct mc_weighted_cluster clusters[] = {{cluster, 1}};
    const struct mc_route route = {
        .name = MC_STR("default"),
        .path_kind = MC_PATH_PREFIX,
        .path = MC_STR("/"),
        .action = MC_ROUTE_CLUSTERS,
        .clusters = clusters,
        .cluster_count = 1,
        .retry = compiler->registry->defaults.inbound_retry,
    };
    const struct mc_virtual_host host = {
        .name = mc_atoms_text(&compiler->realm->atoms, name),
        .domains = &everything,
        .domain_count = 1,
        .routes = &route,
        .route_count = 1,
    };
    const struct mc_route_config config = {.name = name, .hosts = &host, .host_count = 1, .ignore_port = true};
    return name && cluster ? mc_snapshot_add_routes(builder, &config) : MC_RESULT(NO_MEMORY);
}

static struct mc_filter_chain inbound_chain(struct mc_compiler *compiler, const struct mc_profile *profile, uint16_t port)
{
    return (struct mc_filter_chain){
        .name = port ? numbered(compiler, "0.0.0.0_", port, "") : atom(compiler, "virtualInbound"),
        .destination_port = port,
        .mtls = profile->mtls,
        .route_config = port ? numbered(compiler, "inbound|", port, "||") : atom(compiler, "inbound|passthrough||"),
        .stat_prefix = port ? numbered(compiler, "inbound_0.0.0.0_", port, "") : atom(compiler, "InboundPassthroughCluster"),
        .filters = {MC_HTTP_FILTER_ROUTER},
        .filter_count = 1,
        .idle_timeout = MC_HOUR,
        .stream_idle_timeout = compiler->registry->defaults.stream_idle_timeout,
        .keep_request_id = true,
    };
}

struct mc_result mc_compile_inbound(struct mc_compiler *compiler, struct mc_snapshot_builder *builder,
                                    const struct mc_profile *profile)
{
    struct mc_filter_chain chains[2] = {inbound_chain(compiler, profile, 0)};
    struct mc_listener listener = {
        .name = atom(compiler, "virtualInbound"),
        .addr = any_address(compiler->registry->defaults.inbound_port),
        .mode = MC_LISTEN_INBOUND,
        .chains = chains,
        .chain_count = profile->port ? 2 : 1,
    };
    if (profile->port) chains[1] = inbound_chain(compiler, profile, profile->port);
    if (!listener.name || !named(&chains[0]) || (profile->port && !named(&chains[1]))) return MC_RESULT(NO_MEMORY);
    MC_TRY(mc_snapshot_add_listener(builder, &listener));
    MC_TRY(mc_compile_passthrough(compiler, builder, MC_STR("InboundPassthroughCluster")));
    MC_TRY(add_inbound_routes(compiler, builder, chains[0].route_config, atom(compiler, "InboundPassthroughCluster")));
    if (!profile->port) return MC_RESULT(OK);
    mc_atom cluster = numbered(compiler, "inbound|", profile->port, "||");
    if (!cluster) return MC_RESULT(NO_MEMORY);
    MC_TRY(mc_compile_passthrough(compiler, builder, mc_atoms_text(&compiler->realm->atoms, cluster)));
    return add_inbound_routes(compiler, builder, chains[1].route_config, cluster);
}
