/* Services to clusters and endpoints. */
#include "control/compile_parts.h"
#include "model/resource.h"

/* ---- names ---- */

void mc_name_add(struct mc_name *name, struct mc_str text)
{
    if (text.n > sizeof name->text - 1 - name->used) {
        name->too_long = true;
        return;
    }
    if (text.n) memcpy(name->text + name->used, text.p, text.n);
    name->used += text.n;
}

void mc_name_add_number(struct mc_name *name, uint64_t number)
{
    char digits[20];
    mc_name_add(name, mc_str(digits, mc_u64_to_text(number, digits)));
}

mc_atom mc_name_intern(const struct mc_name *name, struct mc_realm *realm)
{
    return name->too_long ? 0 : mc_atoms_intern(&realm->atoms, mc_str(name->text, name->used));
}

mc_atom mc_outbound_name(struct mc_realm *realm, const struct mc_service *service, mc_atom subset)
{
    struct mc_name name = {.used = 0};
    mc_name_add(&name, MC_STR("outbound|"));
    mc_name_add_number(&name, service->port);
    mc_name_add(&name, MC_STR("|"));
    mc_name_add(&name, mc_atoms_text(&realm->atoms, subset));
    mc_name_add(&name, MC_STR("|"));
    mc_name_add(&name, mc_atoms_text(&realm->atoms, service->host));
    return mc_name_intern(&name, realm);
}

/* ---- subsets ---- */

static void note_subset(mc_atom subsets[static MC_MAX_SUBSETS], uint32_t *count, mc_atom version)
{
    for (uint32_t i = 0; i < *count; i++)
        if (subsets[i] == version) return;
    if (version && *count < MC_MAX_SUBSETS) subsets[(*count)++] = version;
}

uint32_t mc_service_subsets(const struct mc_service *service, mc_atom subsets[static MC_MAX_SUBSETS])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < service->weight_count; i++) note_subset(subsets, &count, service->weights[i].version);
    for (uint32_t i = 0; i < service->workload_count; i++) note_subset(subsets, &count, service->workloads[i]->version);
    return service->weight_count || count > 1 ? count : 0;
}

/* ---- resources ---- */

void mc_service_parts_fini(struct mc_pool *pool, struct mc_service_parts *parts)
{
    for (uint32_t i = 0; i < parts->count; i++) mc_resource_unref(parts->list[i]);
    mc_pool_give(pool, parts->list, parts->capacity * sizeof(struct mc_resource *));
    *parts = (struct mc_service_parts){0};
}

/* There is room: parts->capacity was taken for all of them. */
static struct mc_result make(struct mc_compiler *compiler, struct mc_service_parts *parts, enum mc_resource_type type,
                             mc_atom name, const void *body)
{
    struct mc_resource *resource;
    mc_assert(parts->count < parts->capacity);
    MC_TRY(mc_resource_make(compiler->realm, type, name, body, &compiler->scratch, &resource));
    parts->list[parts->count++] = resource;
    return MC_RESULT(OK);
}

static bool takes_mtls(const struct mc_workload *workload)
{
    return workload->meshed && workload->identity && workload->service->traffic.mtls != MC_MTLS_DISABLE;
}

static bool is_in(const struct mc_workload *workload, mc_atom subset)
{
    return !subset || workload->version == subset;
}

/* Whether ready or not: a connection to one that has just left must still be recognised. */
static uint32_t accepted_identities(const struct mc_service *service, mc_atom subset, mc_atom *identities)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < service->workload_count; i++) {
        const struct mc_workload *workload = service->workloads[i];
        uint32_t known = 0;
        if (!is_in(workload, subset) || !takes_mtls(workload)) continue;
        while (known < count && identities[known] != workload->identity) known++;
        if (known == count) identities[count++] = workload->identity;
    }
    return count;
}

static const enum mc_cluster_kind kinds[] = {
    [MC_RESOLUTION_ENDPOINTS] = MC_CLUSTER_EDS,
    [MC_RESOLUTION_NONE] = MC_CLUSTER_PASSTHROUGH,
    [MC_RESOLUTION_DNS] = MC_CLUSTER_STRICT_DNS,
    [MC_RESOLUTION_DNS_ROUND_ROBIN] = MC_CLUSTER_LOGICAL_DNS,
};

static bool by_name(const struct mc_service *service)
{
    return service->resolution == MC_RESOLUTION_DNS || service->resolution == MC_RESOLUTION_DNS_ROUND_ROBIN;
}

static struct mc_result make_cluster(struct mc_compiler *compiler, const struct mc_service *service, mc_atom subset,
                                     mc_atom *identities, struct mc_service_parts *parts)
{
    const struct mc_traffic *traffic = &service->traffic;
    struct mc_cluster cluster = {
        .name = mc_outbound_name(compiler->realm, service, subset),
        .kind = MC_CLUSTER_EDS,
        .balancer = traffic->balancer,
        .choice_count = traffic->choice_count,
        .counts_pending = traffic->counts_pending,
        .panic_percent = traffic->outlier.interval ? traffic->outlier_panic_percent : traffic->panic_percent,
        .connect_timeout = traffic->connect_timeout,
        .idle_timeout = traffic->idle_timeout,
        .requests_per_conn = traffic->requests_per_conn,
        .breaker = traffic->breaker,
        .outlier = traffic->outlier,
        .accepted = identities,
        .accepted_count = accepted_identities(service, subset, identities),
    };
    if (!cluster.name) return MC_RESULT(NO_MEMORY);
    cluster.kind = kinds[service->resolution];
    if (cluster.kind != MC_CLUSTER_EDS) cluster.accepted_count = 0;
    if (by_name(service)) {
        cluster.dns_refresh = compiler->registry->defaults.dns_refresh;
        cluster.respect_dns_ttl = compiler->registry->defaults.respect_dns_ttl;
    }
    cluster.mtls = cluster.accepted_count;
    return make(compiler, parts, MC_RESOURCE_CLUSTER, cluster.name, &cluster);
}

static struct mc_result make_endpoints(struct mc_compiler *compiler, const struct mc_service *service, mc_atom subset,
                                       struct mc_endpoint *list, struct mc_service_parts *parts)
{
    struct mc_endpoints endpoints = {.cluster = mc_outbound_name(compiler->realm, service, subset), .list = list};
    if (service->resolution == MC_RESOLUTION_NONE) return MC_RESULT(OK);
    if (by_name(service))
        list[endpoints.count++] = (struct mc_endpoint){
            .addr.port = service->target_port, .host = service->host, .weight = 1, .workload = service->name, .healthy = true};
    for (uint32_t i = 0; i < service->workload_count && !by_name(service); i++) {
        const struct mc_workload *workload = service->workloads[i];
        if (!workload->ready || !is_in(workload, subset)) continue;
        struct mc_addr addr = workload->addr;
        if (!addr.port) addr.port = service->target_port;
        list[endpoints.count++] = (struct mc_endpoint){
            .addr = addr,
            .weight = 1,
            .zone = workload->zone,
            .workload = workload->label,
            .mtls = takes_mtls(workload),
            .healthy = true,
        };
    }
    return make(compiler, parts, MC_RESOURCE_ENDPOINTS, endpoints.cluster, &endpoints);
}

static struct mc_result make_all(struct mc_compiler *compiler, const struct mc_service *service, struct mc_arena *arena,
                                 struct mc_service_parts *parts)
{
    mc_atom subsets[MC_MAX_SUBSETS + 1] = {0}; /* the first is the whole service */
    uint32_t count = 1 + mc_service_subsets(service, subsets + 1);
    mc_atom *identities = mc_arena_take(arena, (service->workload_count + 1) * sizeof *identities);
    struct mc_endpoint *list = mc_arena_take(arena, (service->workload_count + 1) * sizeof *list);
    parts->list = mc_pool_take(&compiler->realm->pool, 2 * count * sizeof(struct mc_resource *));
    if (!identities || !list || !parts->list) return MC_RESULT(NO_MEMORY);
    parts->capacity = 2 * count;
    for (uint32_t i = 0; i < count; i++) {
        MC_TRY(make_cluster(compiler, service, subsets[i], identities, parts));
        MC_TRY(make_endpoints(compiler, service, subsets[i], list, parts));
    }
    return MC_RESULT(OK);
}

/* The old parts stay unless all of the new ones are there. */
struct mc_result mc_compile_service(struct mc_compiler *compiler, const struct mc_service *service,
                                    struct mc_service_parts *parts)
{
    struct mc_pool *pool = &compiler->realm->pool;
    struct mc_service_parts fresh = {.changed = service->changed};
    struct mc_arena arena;
    mc_arena_init(&arena, pool, 0);
    struct mc_result result = make_all(compiler, service, &arena, &fresh);
    mc_arena_fini(&arena);
    mc_service_parts_fini(pool, mc_ok(result) ? parts : &fresh);
    if (mc_ok(result)) *parts = fresh;
    return result;
}

struct mc_result mc_compile_passthrough(struct mc_compiler *compiler, struct mc_snapshot_builder *builder,
                                        struct mc_str name)
{
    const struct mc_traffic *traffic = &compiler->registry->defaults.traffic;
    struct mc_cluster cluster = {
        .name = mc_atoms_intern(&compiler->realm->atoms, name),
        .kind = MC_CLUSTER_PASSTHROUGH,
        .balancer = MC_BALANCE_ROUND_ROBIN,
        .connect_timeout = traffic->connect_timeout,
        .idle_timeout = traffic->idle_timeout,
        .breaker = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
    };
    return cluster.name ? mc_snapshot_add_cluster(builder, &cluster) : MC_RESULT(NO_MEMORY);
}
