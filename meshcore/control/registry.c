#include "control/registry.h"

/* ---- lists of pointers ---- */

static bool reserve(struct mc_pool *pool, void ***list, uint32_t count, uint32_t *capacity)
{
    if (count < *capacity) return true;
    uint32_t wanted = *capacity ? *capacity * 2 : 8;
    void **fresh = mc_pool_take(pool, wanted * sizeof *fresh);
    if (!fresh) return false;
    if (count) memcpy(fresh, *list, count * sizeof *fresh);
    mc_pool_give(pool, *list, *capacity * sizeof *fresh);
    *list = fresh;
    *capacity = wanted;
    return true;
}

static bool reserve_workload(struct mc_pool *pool, struct mc_workload ***list, uint32_t count, uint32_t *capacity)
{
    return reserve(pool, (void ***)(void *)list, count, capacity);
}

/* Closes the gap, keeping the order; false if it is not there. */
static bool take_out(struct mc_workload **list, uint32_t *count, const struct mc_workload *workload)
{
    uint32_t at = 0;
    while (at < *count && list[at] != workload) at++;
    if (at == *count) return false;
    memmove(&list[at], &list[at + 1], (*count - at - 1) * sizeof *list);
    --*count;
    return true;
}

/* ---- life ---- */

struct mc_registry *mc_registry_new(struct mc_realm *realm, const struct mc_mesh_defaults *defaults)
{
    struct mc_registry *registry = mc_pool_take_zero(&realm->pool, sizeof *registry);
    if (!registry) return NULL;
    registry->realm = realm;
    registry->defaults = *defaults;
    mc_map_init(&registry->service_names, mc_pool_as_alloc(&realm->pool));
    mc_map_init(&registry->workload_names, mc_pool_as_alloc(&realm->pool));
    mc_map_init(&registry->addrs, mc_pool_as_alloc(&realm->pool));
    return registry;
}

static void free_service(struct mc_pool *pool, struct mc_service *service)
{
    mc_pool_give(pool, service->workloads, service->workload_capacity * sizeof(struct mc_workload *));
    mc_pool_give(pool, service, sizeof *service);
}

void mc_registry_free(struct mc_registry *registry)
{
    if (!registry) return;
    struct mc_pool *pool = &registry->realm->pool;
    for (uint32_t i = 0; i < registry->service_count; i++) free_service(pool, registry->services[i]);
    for (uint32_t i = 0; i < registry->workload_count; i++)
        if (registry->workloads[i]) mc_pool_give(pool, registry->workloads[i], sizeof(struct mc_workload));
    mc_pool_give(pool, registry->services, registry->service_capacity * sizeof(struct mc_service *));
    mc_pool_give(pool, registry->workloads, registry->workload_capacity * sizeof(struct mc_workload *));
    mc_map_fini(&registry->service_names);
    mc_map_fini(&registry->workload_names);
    mc_map_fini(&registry->addrs);
    mc_pool_give(pool, registry, sizeof *registry);
}

static void touch(struct mc_registry *registry, struct mc_service *service)
{
    registry->generation++;
    if (service) service->changed = registry->generation;
}

/* ---- services ---- */

/* LEFT SEPARATOR RIGHT as one atom; 0: out of memory. */
static mc_atom join(struct mc_realm *realm, struct mc_str left, char separator, struct mc_str right)
{
    size_t size = left.n + right.n + 1;
    char *text = mc_pool_take(&realm->pool, size);
    if (!text) return 0;
    if (left.n) memcpy(text, left.p, left.n);
    text[left.n] = separator;
    if (right.n) memcpy(text + left.n + 1, right.p, right.n);
    mc_atom atom = mc_atoms_intern(&realm->atoms, mc_str(text, size));
    mc_pool_give(&realm->pool, text, size);
    return atom;
}

static mc_atom host_name(struct mc_registry *registry, mc_atom name, mc_atom name_space)
{
    struct mc_atoms *atoms = &registry->realm->atoms;
    mc_atom local = join(registry->realm, mc_atoms_text(atoms, name), '.', mc_atoms_text(atoms, name_space));
    return local ? join(registry->realm, mc_atoms_text(atoms, local), '.', registry->defaults.domain) : 0;
}

static bool describe(struct mc_registry *registry, const struct mc_service_spec *spec, struct mc_service *service)
{
    mc_atom name_space = spec->name_space ? spec->name_space
                                          : mc_atoms_intern(&registry->realm->atoms, MC_STR("default"));
    *service = (struct mc_service){
        .name = spec->name,
        .name_space = name_space,
        .host = spec->outside ? spec->name : name_space ? host_name(registry, spec->name, name_space) : 0,
        .port = spec->port,
        .target_port = spec->target_port ? spec->target_port : spec->port,
        .vip = spec->vip,
        .resolution = spec->resolution,
        .outside = spec->outside,
        .traffic = spec->traffic ? *spec->traffic : registry->defaults.traffic,
    };
    return service->host;
}

struct mc_result mc_registry_add_service(struct mc_registry *registry, const struct mc_service_spec *spec)
{
    struct mc_pool *pool = &registry->realm->pool;
    if (!spec->name || !spec->port) return MC_RESULT(INVALID);
    if (mc_registry_service(registry, spec->name)) return MC_RESULT(EXISTS);
    if (!reserve(pool, (void ***)(void *)&registry->services, registry->service_count, &registry->service_capacity))
        return MC_RESULT(NO_MEMORY);
    struct mc_service *service = mc_pool_take(pool, sizeof *service);
    if (!service) return MC_RESULT(NO_MEMORY);
    if (!describe(registry, spec, service) || !mc_map_put(&registry->service_names, spec->name, service)) {
        mc_pool_give(pool, service, sizeof *service);
        return MC_RESULT(NO_MEMORY);
    }
    registry->services[registry->service_count++] = service;
    touch(registry, service);
    return MC_RESULT(OK);
}

/* ---- workloads ---- */

static uint64_t ip_key(struct mc_addr addr)
{
    addr.port = 0;
    return mc_addr_hash(addr);
}

static bool describe_workload(struct mc_registry *registry, const struct mc_workload_spec *spec,
                              struct mc_service *service, struct mc_workload *workload)
{
    struct mc_atoms *atoms = &registry->realm->atoms;
    *workload = (struct mc_workload){
        .name = spec->name,
        .label = spec->name,
        .service = service,
        .version = spec->version,
        .addr = spec->addr,
        .zone = spec->zone,
        .identity = spec->identity,
        .meshed = spec->meshed,
        .ready = spec->ready,
    };
    if (service && spec->version)
        workload->label = join(registry->realm, mc_atoms_text(atoms, service->name), '/',
                               mc_atoms_text(atoms, spec->version));
    else if (service)
        workload->label = service->name;
    return workload->label;
}

/* Everything that needs memory comes first, so that a refusal leaves nothing behind. */
static bool enter(struct mc_registry *registry, struct mc_workload *workload)
{
    struct mc_pool *pool = &registry->realm->pool;
    struct mc_service *service = workload->service;
    uint64_t key = ip_key(workload->addr);
    bool first = !mc_map_get(&registry->addrs, key);
    if (!reserve_workload(pool, &registry->workloads, registry->workload_count, &registry->workload_capacity) ||
        (service && !reserve_workload(pool, &service->workloads, service->workload_count, &service->workload_capacity)) ||
        !mc_map_put(&registry->workload_names, workload->name, workload))
        return false;
    if (first && !mc_map_put(&registry->addrs, key, workload)) {
        mc_map_remove(&registry->workload_names, workload->name);
        return false;
    }
    registry->workloads[registry->workload_count++] = workload;
    if (service) service->workloads[service->workload_count++] = workload;
    return true;
}

struct mc_result mc_registry_add_workload(struct mc_registry *registry, const struct mc_workload_spec *spec)
{
    struct mc_pool *pool = &registry->realm->pool;
    struct mc_service *service = spec->service ? mc_registry_service(registry, spec->service) : NULL;
    if (!spec->name) return MC_RESULT(INVALID);
    if (spec->service && !service) return MC_RESULT(NOT_FOUND);
    if (mc_registry_workload(registry, spec->name)) return MC_RESULT(EXISTS);
    struct mc_workload *workload = mc_pool_take(pool, sizeof *workload);
    if (!workload) return MC_RESULT(NO_MEMORY);
    if (!describe_workload(registry, spec, service, workload) || !enter(registry, workload)) {
        mc_pool_give(pool, workload, sizeof *workload);
        return MC_RESULT(NO_MEMORY);
    }
    touch(registry, service);
    return MC_RESULT(OK);
}

/* Whoever was added next at the same address is found there from now on. */
static void leave_address(struct mc_registry *registry, const struct mc_workload *workload)
{
    uint64_t key = ip_key(workload->addr);
    if (mc_map_get(&registry->addrs, key) != workload) return;
    for (uint32_t i = 0; i < registry->workload_count; i++) {
        struct mc_workload *other = registry->workloads[i];
        if (!other || other == workload || !mc_addr_same_ip(other->addr, workload->addr)) continue;
        bool replaced = mc_map_put(&registry->addrs, key, other); /* in place: takes no memory */
        mc_assert(replaced);
        return;
    }
    mc_map_remove(&registry->addrs, key);
}

struct mc_result mc_registry_remove_workload(struct mc_registry *registry, mc_atom name)
{
    struct mc_workload *workload = mc_registry_workload(registry, name);
    if (!workload) return MC_RESULT(NOT_FOUND);
    struct mc_service *service = workload->service;
    leave_address(registry, workload);
    mc_map_remove(&registry->workload_names, name);
    take_out(registry->workloads, &registry->workload_count, workload);
    if (service) take_out(service->workloads, &service->workload_count, workload);
    mc_pool_give(&registry->realm->pool, workload, sizeof *workload);
    touch(registry, service);
    return MC_RESULT(OK);
}

struct mc_result mc_registry_set_ready(struct mc_registry *registry, mc_atom name, bool ready)
{
    struct mc_workload *workload = mc_registry_workload(registry, name);
    if (!workload) return MC_RESULT(NOT_FOUND);
    if (workload->ready == ready) return MC_RESULT(OK);
    workload->ready = ready;
    touch(registry, workload->service);
    return MC_RESULT(OK);
}

/* ---- how a service is called ---- */

struct mc_result mc_registry_set_traffic(struct mc_registry *registry, mc_atom name, const struct mc_traffic *traffic)
{
    struct mc_service *service = mc_registry_service(registry, name);
    if (!service) return MC_RESULT(NOT_FOUND);
    if (traffic->status_count > MC_TRAFFIC_STATUSES) return MC_RESULT(INVALID);
    service->traffic = *traffic;
    touch(registry, service);
    return MC_RESULT(OK);
}

static bool are_weights(const struct mc_subset_weight *weights, uint32_t count)
{
    uint64_t total = 0;
    if (count > MC_MAX_SUBSETS) return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!weights[i].version) return false;
        for (uint32_t j = 0; j < i; j++)
            if (weights[j].version == weights[i].version) return false;
        total += weights[i].weight;
    }
    return !count || (total && total <= UINT32_MAX);
}

struct mc_result mc_registry_set_weights(struct mc_registry *registry, mc_atom name,
                                         const struct mc_subset_weight *weights, uint32_t count)
{
    struct mc_service *service = mc_registry_service(registry, name);
    if (!service) return MC_RESULT(NOT_FOUND);
    if (!are_weights(weights, count)) return MC_RESULT(INVALID);
    for (uint32_t i = 0; i < count; i++) service->weights[i] = weights[i];
    service->weight_count = count;
    touch(registry, service);
    return MC_RESULT(OK);
}

struct mc_result mc_registry_apply(struct mc_registry *registry, const struct mc_registry_change *change)
{
    switch (change->kind) {
    case MC_CHANGE_ADD_WORKLOAD: return mc_registry_add_workload(registry, &change->workload);
    case MC_CHANGE_REMOVE_WORKLOAD: return mc_registry_remove_workload(registry, change->name);
    case MC_CHANGE_READY: return mc_registry_set_ready(registry, change->name, change->ready);
    case MC_CHANGE_WEIGHTS:
        return mc_registry_set_weights(registry, change->name, change->weights.list, change->weights.count);
    case MC_CHANGE_TRAFFIC: return mc_registry_set_traffic(registry, change->name, &change->traffic);
    }
    return MC_RESULT(INVALID);
}

/* ---- questions ---- */

struct mc_service *mc_registry_service(const struct mc_registry *registry, mc_atom name)
{
    return mc_map_get(&registry->service_names, name);
}

struct mc_workload *mc_registry_workload(const struct mc_registry *registry, mc_atom name)
{
    return mc_map_get(&registry->workload_names, name);
}

struct mc_workload *mc_registry_workload_at(const struct mc_registry *registry, struct mc_addr addr)
{
    struct mc_workload *workload = mc_map_get(&registry->addrs, ip_key(addr));
    return workload && mc_addr_same_ip(workload->addr, addr) ? workload : NULL;
}

uint32_t mc_service_weight(const struct mc_service *service, mc_atom version)
{
    uint64_t total = 0, weight = 0;
    for (uint32_t i = 0; i < service->weight_count; i++) {
        total += service->weights[i].weight;
        if (service->weights[i].version == version) weight = service->weights[i].weight;
    }
    return total ? (uint32_t)(weight * 100 / total) : 0;
}
