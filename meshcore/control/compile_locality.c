/* Locality failover as Istio has it: a service with outlier detection is called in the caller's zone first,
 * then in its region, then anywhere (pilot loadbalancer.go, applyLocalityFailover). Without outlier
 * detection nothing would ever notice that a zone is ill, so that all endpoints are alike. */
#include "control/compile_parts.h"

bool mc_service_prefers_near(const struct mc_service *service)
{
    return service->traffic.locality_failover && service->traffic.outlier.interval;
}

/* "region/zone" is of "region"; a zone without a slash is of the one region that has no name. */
static struct mc_str region_of(const struct mc_realm *realm, mc_atom zone)
{
    struct mc_str rest, text = mc_atoms_text(&realm->atoms, zone), region = mc_str_cut(text, '/', &rest);
    return region.n == text.n ? mc_str(text.p, 0) : region;
}

enum { NEARNESSES = 3 }; /* the zone, the region, the rest */

static uint32_t distance(const struct mc_realm *realm, mc_atom from, mc_atom to)
{
    if (from == to) return 0;
    return mc_str_eq(region_of(realm, from), region_of(realm, to)) ? 1 : 2;
}

/* Priorities have no gaps: where nobody is in the caller's zone, its region is priority 0. */
static void rank(const struct mc_realm *realm, mc_atom zone, struct mc_endpoint *list, uint32_t count)
{
    uint32_t used[NEARNESSES] = {0}, priority[NEARNESSES], next = 0;
    for (uint32_t i = 0; i < count; i++) used[distance(realm, zone, list[i].zone)]++;
    for (uint32_t i = 0; i < NEARNESSES; i++) priority[i] = used[i] ? next++ : 0;
    for (uint32_t i = 0; i < count; i++) list[i].priority = priority[distance(realm, zone, list[i].zone)];
}

static struct mc_result add_ranked(struct mc_compiler *compiler, struct mc_snapshot_builder *builder,
                                   const struct mc_endpoints *all, mc_atom zone)
{
    struct mc_pool *pool = &compiler->realm->pool;
    size_t bytes = (all->count + 1) * sizeof(struct mc_endpoint);
    struct mc_endpoint *list = mc_pool_take(pool, bytes);
    if (!list) return MC_RESULT(NO_MEMORY);
    if (all->count) memcpy(list, all->list, all->count * sizeof *list);
    rank(compiler->realm, zone, list, all->count);
    struct mc_endpoints ranked = {.cluster = all->cluster, .list = list, .count = all->count};
    struct mc_result result = mc_snapshot_add_endpoints(builder, &ranked);
    mc_pool_give(pool, list, bytes);
    return result;
}

struct mc_result mc_compile_near(struct mc_compiler *compiler, struct mc_snapshot_builder *builder, mc_atom zone)
{
    for (uint32_t i = 0; i < compiler->part_count; i++) {
        bool near = mc_service_prefers_near(compiler->registry->services[i]);
        const struct mc_service_parts *parts = &compiler->parts[i];
        for (uint32_t k = 0; k < parts->count; k++) {
            struct mc_resource *resource = parts->list[k];
            if (resource->type != MC_RESOURCE_ENDPOINTS) continue;
            MC_TRY(near ? add_ranked(compiler, builder, resource->body, zone) : mc_snapshot_add_resource(builder, resource));
        }
    }
    return MC_RESULT(OK);
}
