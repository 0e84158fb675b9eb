#include "control/compile_parts.h"

void mc_compiler_init(struct mc_compiler *compiler, struct mc_registry *registry)
{
    *compiler = (struct mc_compiler){
        .registry = registry, .realm = registry->realm, .scratch.pool = &registry->realm->pool};
}

static void forget_offers(struct mc_compiler *compiler)
{
    for (uint32_t i = 0; i < compiler->profile_count; i++) {
        mc_offer_unref(compiler->profiles[i].offer);
        mc_offer_unref(compiler->profiles[i].from);
        compiler->profiles[i].offer = compiler->profiles[i].from = NULL;
        compiler->profiles[i].compared = false;
    }
}

void mc_compiler_fini(struct mc_compiler *compiler)
{
    struct mc_pool *pool = &compiler->realm->pool;
    forget_offers(compiler);
    for (uint32_t i = 0; i < compiler->part_count; i++) mc_service_parts_fini(pool, &compiler->parts[i]);
    mc_pool_give(pool, compiler->parts, compiler->part_count * sizeof *compiler->parts);
    mc_pool_give(pool, compiler->profiles, compiler->profile_capacity * sizeof *compiler->profiles);
    mc_snapshot_unref(compiler->base);
    mc_encoding_fini(&compiler->scratch);
}

/* ---- what all proxies share ---- */

static bool reserve_parts(struct mc_compiler *compiler)
{
    uint32_t count = compiler->registry->service_count;
    if (count == compiler->part_count) return true;
    struct mc_service_parts *parts = mc_pool_take_zero(&compiler->realm->pool, count * sizeof *parts);
    if (!parts) return false;
    if (compiler->part_count) memcpy(parts, compiler->parts, compiler->part_count * sizeof *parts);
    mc_pool_give(&compiler->realm->pool, compiler->parts, compiler->part_count * sizeof *parts);
    compiler->parts = parts;
    compiler->part_count = count;
    return true;
}

static struct mc_result add_services(struct mc_compiler *compiler, struct mc_snapshot_builder *builder)
{
    if (!reserve_parts(compiler)) return MC_RESULT(NO_MEMORY);
    for (uint32_t i = 0; i < compiler->part_count; i++) {
        const struct mc_service *service = compiler->registry->services[i];
        struct mc_service_parts *parts = &compiler->parts[i];
        if (parts->changed != service->changed) MC_TRY(mc_compile_service(compiler, service, parts));
        for (uint32_t k = 0; k < parts->count; k++) MC_TRY(mc_snapshot_add_resource(builder, parts->list[k]));
    }
    return MC_RESULT(OK);
}

struct mc_result mc_compiler_update(struct mc_compiler *compiler)
{
    uint64_t version = compiler->registry->generation;
    if (compiler->base && compiler->version == version) return MC_RESULT(OK);
    struct mc_snapshot_builder *builder = mc_snapshot_build(compiler->realm);
    if (!builder) return MC_RESULT(NO_MEMORY);
    compiler->scratch.refused = false; /* what was refused last time may be there now */
    struct mc_result result = add_services(compiler, builder);
    if (mc_ok(result)) result = mc_compile_outbound(compiler, builder);
    if (mc_ok(result)) result = mc_compile_routes(compiler, builder, 0);
    struct mc_snapshot *base = mc_ok(result) ? mc_snapshot_seal(builder, version) : NULL;
    if (!mc_ok(result)) mc_snapshot_drop(builder);
    if (!base) return mc_ok(result) ? MC_RESULT(NO_MEMORY) : result;
    mc_snapshot_unref(compiler->base);
    compiler->base = base;
    compiler->version = version;
    forget_offers(compiler);
    return MC_RESULT(OK);
}

/* ---- what a profile adds ---- */

static struct mc_result add_shared(struct mc_compiler *compiler, struct mc_snapshot_builder *builder, const struct mc_profile *profile)
{
    for (unsigned type = 0; type < MC_RESOURCE_TYPE_COUNT; type++) {
        if (type == MC_RESOURCE_ROUTES && profile->source) continue;
        if (type == MC_RESOURCE_ENDPOINTS && profile->zone) continue;
        for (uint32_t i = 0; i < compiler->base->of[type].count; i++)
            MC_TRY(mc_snapshot_add_resource(builder, compiler->base->of[type].list[i]));
    }
    return MC_RESULT(OK);
}

static struct mc_result fill(struct mc_compiler *compiler, struct mc_snapshot_builder *builder,
                             const struct mc_profile *profile)
{
    MC_TRY(mc_compile_inbound(compiler, builder, profile));
    if (profile->source) MC_TRY(mc_compile_routes(compiler, builder, profile->source));
    if (profile->zone) MC_TRY(mc_compile_near(compiler, builder, profile->zone));
    return add_shared(compiler, builder, profile);
}

static struct mc_offer *make_offer(struct mc_compiler *compiler, const struct mc_profile *profile)
{
    struct mc_snapshot_builder *builder = mc_snapshot_build(compiler->realm);
    if (!builder) return NULL;
    if (!mc_ok(fill(compiler, builder, profile))) {
        mc_snapshot_drop(builder);
        return NULL;
    }
    struct mc_snapshot *snapshot = mc_snapshot_seal(builder, compiler->version);
    struct mc_offer *offer = snapshot ? mc_offer_new(snapshot) : NULL;
    mc_snapshot_unref(snapshot);
    return offer;
}

/* ---- profiles ---- */

static bool has_fault_for(const struct mc_registry *registry, mc_atom source)
{
    for (uint32_t i = 0; i < registry->service_count; i++)
        if (registry->services[i]->traffic.fault.source == source) return true;
    return false;
}

static bool has_near(const struct mc_registry *registry)
{
    for (uint32_t i = 0; i < registry->service_count; i++)
        if (mc_service_prefers_near(registry->services[i])) return true;
    return false;
}

static struct mc_profile profile_of(const struct mc_compiler *compiler, mc_atom name)
{
    const struct mc_workload *workload = mc_registry_workload(compiler->registry, name);
    const struct mc_service *service = workload ? workload->service : NULL;
    if (!service) return (struct mc_profile){.mtls = compiler->registry->defaults.traffic.mtls};
    return (struct mc_profile){
        .port = workload->addr.port ? workload->addr.port : service->target_port,
        .mtls = service->traffic.mtls,
        .source = has_fault_for(compiler->registry, service->name) ? service->name : 0,
        .zone = has_near(compiler->registry) ? workload->zone : 0,
    };
}

static struct mc_profile *find_profile(struct mc_compiler *compiler, struct mc_profile wanted)
{
    struct mc_pool *pool = &compiler->realm->pool;
    for (uint32_t i = 0; i < compiler->profile_count; i++) {
        struct mc_profile *profile = &compiler->profiles[i];
        if (profile->port == wanted.port && profile->mtls == wanted.mtls && profile->source == wanted.source &&
            profile->zone == wanted.zone)
            return profile;
    }
    if (compiler->profile_count == compiler->profile_capacity) {
        uint32_t capacity = compiler->profile_capacity ? 2 * compiler->profile_capacity : 4;
        struct mc_profile *profiles = mc_pool_take(pool, capacity * sizeof *profiles);
        if (!profiles) return NULL;
        if (compiler->profile_count) memcpy(profiles, compiler->profiles, compiler->profile_count * sizeof *profiles);
        mc_pool_give(pool, compiler->profiles, compiler->profile_capacity * sizeof *profiles);
        compiler->profiles = profiles;
        compiler->profile_capacity = capacity;
    }
    compiler->profiles[compiler->profile_count] = wanted;
    return &compiler->profiles[compiler->profile_count++];
}

struct mc_offer *mc_compiler_offer(struct mc_compiler *compiler, mc_atom workload)
{
    struct mc_profile *profile = compiler->base ? find_profile(compiler, profile_of(compiler, workload)) : NULL;
    if (profile && !profile->offer) profile->offer = make_offer(compiler, profile);
    return profile ? profile->offer : NULL;
}

/* ---- what has changed ---- */

/* Both lists are sorted by name; hash-consing makes equal resources the same pointer. */
static struct mc_update compare(const struct mc_snapshot *from, const struct mc_snapshot *to, unsigned type)
{
    const struct mc_atoms *atoms = &to->realm->atoms;
    struct mc_update update = {0};
    uint32_t old = 0;
    for (uint32_t i = 0; i < to->of[type].count; i++) {
        const struct mc_resource *resource = to->of[type].list[i];
        struct mc_str name = mc_atoms_text(atoms, resource->name);
        while (from && old < from->of[type].count && from->of[type].list[old] != resource &&
               mc_str_cmp(mc_atoms_text(atoms, from->of[type].list[old]->name), name) < 0)
            old++;
        if (from && old < from->of[type].count && from->of[type].list[old] == resource) continue;
        update.bytes += resource->bytes;
        update.resources++;
    }
    return update;
}

static uint32_t bytes_of_type(const struct mc_snapshot *snapshot, unsigned type)
{
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < snapshot->of[type].count; i++) bytes += snapshot->of[type].list[i]->bytes;
    return bytes;
}

struct mc_update mc_snapshot_update(const struct mc_snapshot *from, const struct mc_snapshot *to)
{
    struct mc_update update = {0};
    for (unsigned type = 0; type < MC_RESOURCE_TYPE_COUNT; type++) {
        struct mc_update part = compare(from, to, type);
        if (!part.resources) continue;
        update.resources += part.resources;
        update.bytes += type == MC_RESOURCE_ENDPOINTS ? part.bytes : bytes_of_type(to, type);
    }
    return update;
}

struct mc_update mc_compiler_update_from(struct mc_compiler *compiler, struct mc_offer *from, struct mc_offer *to)
{
    struct mc_profile *profile = NULL;
    for (uint32_t i = 0; i < compiler->profile_count && !profile; i++)
        if (compiler->profiles[i].offer == to) profile = &compiler->profiles[i];
    if (profile && profile->compared && profile->from == from) return profile->update;
    struct mc_update update = mc_snapshot_update(from ? from->snapshot : NULL, to->snapshot);
    if (!profile) return update;
    mc_offer_unref(profile->from);
    profile->from = from ? mc_offer_ref(from) : NULL;
    profile->update = update;
    profile->compared = true;
    return update;
}
