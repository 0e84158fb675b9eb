/* The priorities of a cluster: who is healthy, what share of the picks each priority gets, and whether
 * it panics. Envoy's LoadBalancerBase::recalculatePerPriorityState and recalculatePerPriorityPanic, in
 * its integer arithmetic. */
#include "proxy/parts.h"

enum { OVERPROVISIONED = 140 }; /* percent: Envoy's overprovisioning factor 1.4 */

void px_levels_free(struct px_cluster *cluster)
{
    struct mc_pool *pool = cluster->proxy->pool;
    for (uint32_t i = 0; i < cluster->level_count; i++) {
        struct px_level *level = &cluster->levels[i];
        while (level->edf.root) {
            struct px_host *host = mc_container(level->edf.root, struct px_host, edf);
            mc_heap_remove(&level->edf, &host->edf);
            host->in_edf = false;
        }
        mc_pool_give(pool, level->all, 2 * level->count * sizeof(struct px_host *));
    }
    mc_pool_give(pool, cluster->levels, cluster->level_count * sizeof *cluster->levels);
    cluster->levels = NULL;
    cluster->level_count = 0;
}

/* ---- shares ---- */

static uint32_t availability(const struct px_level *level)
{
    if (!level->count) return 0;
    uint64_t percent = (uint64_t)OVERPROVISIONED * level->healthy_count / level->count;
    return percent > 100 ? 100 : (uint32_t)percent;
}

static void share_by_health(struct px_cluster *cluster, uint32_t total)
{
    uint32_t left = 100, first = cluster->level_count;
    for (uint32_t i = 0; i < cluster->level_count; i++) {
        struct px_level *level = &cluster->levels[i];
        uint32_t load = total ? availability(level) * 100 / total : i == 0 ? 100 : 0;
        level->load = load < left ? load : left;
        left -= level->load;
        if (level->load && first == cluster->level_count) first = i;
    }
    if (first < cluster->level_count) cluster->levels[first].load += left; /* what rounding left over */
}

/* Everything panics: by the number of hosts. */
static void share_by_hosts(struct px_cluster *cluster)
{
    uint32_t left = 100, first = cluster->level_count;
    for (uint32_t i = 0; i < cluster->level_count; i++) {
        struct px_level *level = &cluster->levels[i];
        level->load = (uint32_t)((uint64_t)level->count * 100 / cluster->host_count);
        left -= level->load;
        if (level->load && first == cluster->level_count) first = i;
    }
    if (first < cluster->level_count) cluster->levels[first].load += left;
}

static void set_shares(struct px_cluster *cluster)
{
    uint32_t total = 0, panics = 0, threshold = cluster->config->panic_percent;
    for (uint32_t i = 0; i < cluster->level_count; i++) total += availability(&cluster->levels[i]);
    if (total > 100) total = 100;
    for (uint32_t i = 0; i < cluster->level_count; i++) {
        struct px_level *level = &cluster->levels[i];
        level->panic = total < 100 && level->count && (uint64_t)100 * level->healthy_count < (uint64_t)threshold * level->count;
        panics += level->panic;
    }
    if (panics && panics == cluster->level_count) share_by_hosts(cluster);
    else share_by_health(cluster, total);
}

/* ---- who may be picked ---- */

static void note_candidates(struct px_level *level)
{
    struct px_host **list = level->panic ? level->all : level->healthy;
    uint32_t count = level->panic ? level->count : level->healthy_count;
    level->same_weight = true;
    for (uint32_t i = 1; i < count; i++)
        if (list[i]->endpoint.weight != list[0]->endpoint.weight) level->same_weight = false;
}

static void empty_schedule(struct px_level *level)
{
    while (level->edf.root) {
        struct px_host *host = mc_container(level->edf.root, struct px_host, edf);
        mc_heap_remove(&level->edf, &host->edf);
        host->in_edf = false;
    }
    level->edf_now = 0;
}

void px_levels_refresh(struct px_cluster *cluster)
{
    uint64_t healthy = 0;
    for (uint32_t i = 0; i < cluster->level_count; i++) {
        struct px_level *level = &cluster->levels[i];
        level->healthy_count = 0;
        for (uint32_t k = 0; k < level->count; k++)
            if (px_host_is_healthy(level->all[k])) level->healthy[level->healthy_count++] = level->all[k];
        healthy += level->healthy_count;
    }
    set_shares(cluster);
    for (uint32_t i = 0; i < cluster->level_count; i++) {
        note_candidates(&cluster->levels[i]);
        empty_schedule(&cluster->levels[i]);
    }
    cluster->v[PX_CLUSTER_MEMBERS] = cluster->host_count;
    cluster->v[PX_CLUSTER_MEMBERS_HEALTHY] = healthy;
}

static uint32_t highest_priority(const struct px_cluster *cluster)
{
    uint32_t highest = 0;
    for (uint32_t i = 0; i < cluster->host_count; i++)
        if (cluster->hosts[i]->endpoint.priority > highest) highest = cluster->hosts[i]->endpoint.priority;
    return highest;
}

static bool fill(struct px_cluster *cluster, struct px_level *level, uint32_t priority)
{
    uint32_t count = 0, used = 0;
    for (uint32_t i = 0; i < cluster->host_count; i++) count += cluster->hosts[i]->endpoint.priority == priority;
    level->all = count ? mc_pool_take(cluster->proxy->pool, 2 * count * sizeof(struct px_host *)) : NULL;
    if (count && !level->all) return false;
    level->count = count;
    level->healthy = level->all + count;
    for (uint32_t i = 0; i < cluster->host_count; i++)
        if (cluster->hosts[i]->endpoint.priority == priority) level->all[used++] = cluster->hosts[i];
    level->start = level->next = mc_turn_draw(cluster->proxy->turn, MC_FOR_BALANCE);
    return true;
}

bool px_levels_rebuild(struct px_cluster *cluster)
{
    uint32_t count = cluster->host_count ? highest_priority(cluster) + 1 : 0;
    px_levels_free(cluster);
    cluster->v[PX_CLUSTER_MEMBERS] = cluster->v[PX_CLUSTER_MEMBERS_HEALTHY] = 0;
    if (!count) return true;
    cluster->levels = mc_pool_take_zero(cluster->proxy->pool, count * sizeof *cluster->levels);
    if (!cluster->levels) return false;
    cluster->level_count = count;
    for (uint32_t i = 0; i < count; i++)
        if (!fill(cluster, &cluster->levels[i], i)) {
            px_levels_free(cluster);
            return false;
        }
    px_levels_refresh(cluster);
    return true;
}
