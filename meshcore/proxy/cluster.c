/* Clusters and their endpoints: made on first use, changed by snapshots, alive while anything uses them. */
#include "proxy/parts.h"

/* ---- life ---- */

static void bury(struct mc_grave *grave)
{
    struct px_cluster *cluster = mc_container(grave, struct px_cluster, grave);
    mc_pool_give(cluster->proxy->pool, cluster, sizeof *cluster);
}

void px_cluster_ref(struct px_cluster *cluster)
{
    cluster->references++;
}

void px_cluster_unref(struct px_cluster *cluster)
{
    struct mc_proxy *proxy = cluster->proxy;
    struct mc_alloc alloc = mc_pool_as_alloc(proxy->pool);
    if (--cluster->references) return;
    mc_timer_disarm(&proxy->turn->timers, &cluster->outlier_timer);
    px_levels_free(cluster);
    mc_pool_give(proxy->pool, cluster->hosts, cluster->host_capacity * sizeof(struct px_host *));
    mc_tls_context_unref(cluster->tls);
    px_codes_fini(&cluster->codes, proxy->pool);
    px_codes_fini(&cluster->retry_codes, proxy->pool);
    mc_hist_clear(&cluster->rq_time, &alloc);
    mc_hist_clear(&cluster->cx_time, &alloc);
    mc_resource_unref(cluster->resource);
    mc_resource_unref(cluster->endpoints);
    mc_turn_bury(proxy->turn, &cluster->grave, bury);
}

void px_host_ref(struct px_host *host)
{
    host->references++;
}

void px_host_unref(struct px_host *host)
{
    struct px_cluster *cluster = host->cluster;
    if (--host->references) return;
    mc_pool_give(cluster->proxy->pool, host, sizeof *host);
    px_cluster_unref(cluster);
}

static struct px_host *new_host(struct px_cluster *cluster, const struct mc_endpoint *endpoint)
{
    struct px_host *host = mc_pool_take_zero(cluster->proxy->pool, sizeof *host);
    if (!host) return NULL;
    host->cluster = cluster;
    host->endpoint = *endpoint;
    host->references = 1;
    mc_list_init(&host->ready);
    mc_list_init(&host->busy);
    mc_list_init(&host->pending);
    px_cluster_ref(cluster);
    return host;
}

bool px_host_is_healthy(const struct px_host *host)
{
    return host->endpoint.healthy && !host->ejected;
}

/* ---- members ---- */

static bool reserve(struct px_cluster *cluster, uint32_t count)
{
    struct mc_pool *pool = cluster->proxy->pool;
    if (count <= cluster->host_capacity) return true;
    uint32_t capacity = cluster->host_capacity * 2 > count ? cluster->host_capacity * 2 : count;
    struct px_host **hosts = mc_pool_take(pool, capacity * sizeof *hosts);
    if (!hosts) return false;
    if (cluster->host_count) memcpy(hosts, cluster->hosts, cluster->host_count * sizeof *hosts);
    mc_pool_give(pool, cluster->hosts, cluster->host_capacity * sizeof *hosts);
    cluster->hosts = hosts;
    cluster->host_capacity = capacity;
    return true;
}

/* Looks where it was expected first: lists mostly stay as they are. */
static struct px_host *find_host(struct px_cluster *cluster, uint32_t expected, struct mc_addr addr)
{
    for (uint32_t i = 0; i < cluster->host_count; i++) {
        struct px_host *host = cluster->hosts[(expected + i) % cluster->host_count];
        if (!host->kept && mc_addr_eq(host->endpoint.addr, addr)) return host;
    }
    return NULL;
}

static void leave(struct px_host *host)
{
    struct px_cluster *cluster = host->cluster;
    host->member = false;
    if (host->ejected) cluster->v[PX_CLUSTER_OD_ACTIVE]--;
    host->ejected = false;
    px_pool_drain(host);
    px_host_unref(host);
}

/* The hosts of LIST in its order: those that are there already, and new ones. What finds no memory is
 * left out until the next change. */
static uint32_t gather(struct px_cluster *cluster, const struct mc_endpoint *list, uint32_t count, struct px_host **to)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct px_host *host = cluster->host_count ? find_host(cluster, i, list[i].addr) : NULL;
        if (host) host->endpoint = list[i];
        else host = new_host(cluster, &list[i]);
        if (!host) continue;
        host->kept = host->member = true;
        to[used++] = host;
    }
    return used;
}

void px_cluster_set_members(struct px_cluster *cluster, const struct mc_endpoint *list, uint32_t count)
{
    struct mc_pool *pool = cluster->proxy->pool;
    struct px_host **hosts = count ? mc_pool_take(pool, count * sizeof *hosts) : NULL, **old = cluster->hosts;
    uint32_t old_count = cluster->host_count, old_capacity = cluster->host_capacity;
    if (count && !hosts) return;
    uint32_t used = gather(cluster, list, count, hosts);
    cluster->hosts = hosts;
    cluster->host_count = used;
    cluster->host_capacity = count;
    px_levels_free(cluster); /* before any of the old ones may go */
    for (uint32_t i = 0; i < old_count; i++)
        if (!old[i]->kept) leave(old[i]);
    mc_pool_give(pool, old, old_capacity * sizeof *old);
    for (uint32_t i = 0; i < used; i++) hosts[i]->kept = false;
    cluster->v[PX_CLUSTER_MEMBERS_CHANGE]++;
    px_levels_rebuild(cluster);
}

static void set_endpoints(struct px_cluster *cluster, const struct mc_resource *resource)
{
    const struct mc_endpoints *endpoints = resource ? resource->body : NULL;
    struct mc_resource *old = cluster->endpoints;
    bool named = px_cluster_has_names(cluster);
    if (named && resource == old && cluster->names) return;
    if (cluster->config->kind == MC_CLUSTER_PASSTHROUGH || (resource == old && cluster->levels)) return;
    cluster->endpoints = resource ? mc_resource_ref((struct mc_resource *)resource) : NULL;
    if (named) px_names_start(cluster, endpoints);
    else px_cluster_set_members(cluster, endpoints ? endpoints->list : NULL, endpoints ? endpoints->count : 0);
    mc_resource_unref(old);
}

static void drop_members(struct px_cluster *cluster)
{
    px_names_stop(cluster);
    px_levels_free(cluster);
    while (cluster->host_count) leave(cluster->hosts[--cluster->host_count]);
}

struct px_host *px_cluster_passthrough(struct px_cluster *cluster, struct mc_addr addr)
{
    const struct mc_endpoint endpoint = {.addr = addr, .weight = 1, .healthy = true};
    struct px_host *host = NULL;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < cluster->host_count; i++) {
        struct px_host *known = cluster->hosts[i];
        bool wanted = mc_addr_eq(known->endpoint.addr, addr);
        if (wanted) host = known;
        if (wanted || known->references > 1) cluster->hosts[kept++] = known;
        else leave(known); /* nobody has used it since */
    }
    cluster->host_count = kept;
    if (!host && reserve(cluster, kept + 1) && (host = new_host(cluster, &endpoint))) {
        host->member = true;
        cluster->hosts[cluster->host_count++] = host;
    }
    if (host) px_host_ref(host);
    cluster->v[PX_CLUSTER_MEMBERS] = cluster->v[PX_CLUSTER_MEMBERS_HEALTHY] = cluster->host_count;
    return host;
}

/* ---- clusters ---- */

static void set_config(struct px_cluster *cluster, const struct mc_resource *resource)
{
    struct mc_resource *old = cluster->resource;
    cluster->resource = mc_resource_ref((struct mc_resource *)resource);
    cluster->config = resource->body;
    mc_tls_context_unref(cluster->tls);
    cluster->tls = NULL;
    mc_resource_unref(old);
}

static struct px_cluster *make(struct mc_proxy *proxy, const struct mc_resource *resource)
{
    struct px_cluster *cluster = mc_pool_take_zero(proxy->pool, sizeof *cluster);
    if (!cluster) return NULL;
    cluster->proxy = proxy;
    cluster->name = resource->name;
    cluster->references = 1;
    cluster->created = proxy->turn->now;
    mc_timer_init(&cluster->outlier_timer, px_outlier_fire);
    set_config(cluster, resource);
    set_endpoints(cluster, mc_snapshot_find(proxy->snapshot, MC_RESOURCE_ENDPOINTS, cluster->name));
    if (mc_map_put(&proxy->clusters, cluster->name, cluster)) return cluster;
    drop_members(cluster);
    px_cluster_unref(cluster);
    return NULL;
}

struct px_cluster *px_cluster_get(struct mc_proxy *proxy, mc_atom name)
{
    struct px_cluster *cluster = mc_map_get(&proxy->clusters, name);
    if (cluster) return cluster;
    const struct mc_resource *resource = mc_snapshot_find(proxy->snapshot, MC_RESOURCE_CLUSTER, name);
    return resource ? make(proxy, resource) : NULL;
}

static void remove_cluster(struct px_cluster *cluster)
{
    mc_map_remove(&cluster->proxy->clusters, cluster->name);
    drop_members(cluster);
    px_cluster_unref(cluster);
}

/* A changed cluster begins anew: other hosts, other connections; what it has counted stays. */
static void update(struct px_cluster *cluster)
{
    const struct mc_snapshot *snapshot = cluster->proxy->snapshot;
    const struct mc_resource *resource = mc_snapshot_find(snapshot, MC_RESOURCE_CLUSTER, cluster->name);
    if (!resource) {
        remove_cluster(cluster);
        return;
    }
    if (resource != cluster->resource) {
        drop_members(cluster);
        set_config(cluster, resource);
    }
    set_endpoints(cluster, mc_snapshot_find(snapshot, MC_RESOURCE_ENDPOINTS, cluster->name));
}

static bool has_names(const struct mc_cluster *config)
{
    return config->kind == MC_CLUSTER_STRICT_DNS || config->kind == MC_CLUSTER_LOGICAL_DNS;
}

void px_clusters_apply(struct mc_proxy *proxy)
{
    struct mc_map_entry *entry;
    uint32_t at = 0;
    while ((entry = mc_map_next(&proxy->clusters, &at))) update(entry->value);
    for (uint32_t i = 0; i < proxy->snapshot->of[MC_RESOURCE_CLUSTER].count; i++) {
        const struct mc_resource *resource = proxy->snapshot->of[MC_RESOURCE_CLUSTER].list[i];
        if (!proxy->options.is_sidecar || has_names(resource->body)) px_cluster_get(proxy, resource->name); /* names take their time */
    }
}

void px_clusters_free(struct mc_proxy *proxy)
{
    struct mc_map_entry *entry;
    uint32_t at = 0;
    while ((entry = mc_map_next(&proxy->clusters, &at))) remove_cluster(entry->value);
    mc_map_fini(&proxy->clusters);
}

/* ---- mTLS ---- */

static struct mc_tls_context *client_tls(struct px_cluster *cluster)
{
    static const char *const alpn[] = {"istio-http/1.1", "istio", "http/1.1", NULL};
    struct mc_proxy *proxy = cluster->proxy;
    struct mc_tls_engine *engine = proxy->options.tls;
    if (cluster->tls && cluster->tls_generation == proxy->identity_generation) return cluster->tls;
    mc_tls_context_unref(cluster->tls);
    cluster->tls = NULL;
    if (!engine || !proxy->svid || !proxy->trust) return NULL;
    cluster->tls_generation = proxy->identity_generation;
    cluster->tls = engine->type->context(engine, &(struct mc_tls_options){.role = MC_TLS_CLIENT,
                                                                        .own = proxy->svid,
                                                                        .trust = proxy->trust,
                                                                        .accepted = cluster->config->accepted,
                                                                        .accepted_count = cluster->config->accepted_count,
                                                                        .leeway = proxy->options.leeway,
                                                                        .alpn = alpn});
    return cluster->tls;
}

bool px_cluster_tls(struct px_cluster *cluster, const struct px_host *host, struct mc_tls_context **tls)
{
    *tls = NULL;
    if (!cluster->config->mtls || !host->endpoint.mtls) return true;
    *tls = client_tls(cluster);
    return *tls;
}
