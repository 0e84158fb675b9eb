/* Clusters whose endpoints have names: asked for when the cluster is made, and again all the time, never for a
 * request's sake (Envoy's source/extensions/clusters/{strict_dns,logical_dns}). A failed answer changes nothing. An
 * answer without addresses empties a STRICT_DNS cluster and leaves a LOGICAL_DNS one alone; the latter connects to the
 * first address of the latest answer and keeps the connections it has. */
#include "proxy/parts.h"

struct px_name { /* of one configured endpoint */
    struct px_cluster *cluster;
    struct mc_timer timer;
    struct mc_endpoint endpoint;
    uint32_t query; /* under way; 0: none */
    struct mc_addr addrs[PX_NAME_ADDRS];
    uint32_t count;
};

bool px_cluster_has_names(const struct px_cluster *cluster)
{
    return cluster->config->kind == MC_CLUSTER_STRICT_DNS || cluster->config->kind == MC_CLUSTER_LOGICAL_DNS;
}

/* ---- asking ---- */

static void again(struct px_name *name, mc_ns after)
{
    struct mc_turn *turn = name->cluster->proxy->turn;
    mc_timer_arm(&turn->timers, &name->timer, mc_ns_add(turn->now, after > 0 ? after : MC_S));
}

static void ask(struct px_name *name)
{
    struct mc_proxy *proxy = name->cluster->proxy;
    uint32_t query = ++proxy->last_query;
    if (!mc_map_put(&proxy->queries, query, name)) {
        again(name, name->cluster->config->dns_refresh);
        return;
    }
    name->query = query;
    name->cluster->v[PX_CLUSTER_UPDATE_ATTEMPT]++;
    mc_turn_resolve(proxy->turn, query, px_text_of(proxy, name->endpoint.host));
}

static void due(struct mc_timer *timer)
{
    ask(mc_container(timer, struct px_name, timer));
}

/* ---- answers ---- */

/* The addresses of all names, each once: a host that two names lead to is one host. */
static uint32_t list_members(const struct px_cluster *cluster, struct mc_endpoint *list)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < cluster->name_count; i++)
        for (uint32_t k = 0; k < cluster->names[i].count; k++) {
            struct mc_endpoint endpoint = cluster->names[i].endpoint;
            uint32_t known = 0;
            endpoint.addr = cluster->names[i].addrs[k];
            endpoint.addr.port = cluster->names[i].endpoint.addr.port;
            while (known < used && !mc_addr_eq(list[known].addr, endpoint.addr)) known++;
            if (known == used) list[used++] = endpoint;
        }
    return used;
}

static void refresh_members(struct px_cluster *cluster)
{
    struct mc_pool *pool = cluster->proxy->pool;
    uint32_t most = cluster->name_count * PX_NAME_ADDRS;
    struct mc_endpoint *list = mc_pool_take(pool, most * sizeof *list);
    if (!list) return;
    px_cluster_set_members(cluster, list, list_members(cluster, list));
    mc_pool_give(pool, list, most * sizeof *list);
}

static bool takes(struct px_name *name, const struct mc_event *event)
{
    bool logical = name->cluster->config->kind == MC_CLUSTER_LOGICAL_DNS;
    uint32_t count = event->resolved.reason == MC_REASON_NONE ? event->resolved.count : 0;
    if (count > PX_NAME_ADDRS) count = PX_NAME_ADDRS;
    if (logical && count > 1) count = 1;
    if (logical && !count) return false;
    bool same = count == name->count;
    for (uint32_t i = 0; same && i < count; i++) { /* in any order: answers are shuffled */
        uint32_t k = 0;
        while (k < count && !mc_addr_same_ip(name->addrs[k], event->resolved.addrs[i])) k++;
        same = k < count;
    }
    if (same) return false;
    for (uint32_t i = 0; i < count; i++) name->addrs[i] = event->resolved.addrs[i];
    name->count = count;
    return true;
}

/* The one host of a LOGICAL_DNS cluster moves; its connections stay where they are. */
static bool move_host(struct px_name *name)
{
    struct px_cluster *cluster = name->cluster;
    if (cluster->config->kind != MC_CLUSTER_LOGICAL_DNS || cluster->host_count != 1) return false;
    cluster->hosts[0]->endpoint.addr = name->addrs[0];
    cluster->hosts[0]->endpoint.addr.port = name->endpoint.addr.port;
    return true;
}

void mc_proxy_resolved(struct mc_proxy *proxy, const struct mc_event *event)
{
    struct px_name *name = mc_map_remove(&proxy->queries, event->resolved.query);
    if (!name) return; /* the cluster has gone meanwhile */
    struct px_cluster *cluster = name->cluster;
    enum mc_stream_reason reason = event->resolved.reason;
    bool failed = reason != MC_REASON_NONE && reason != MC_REASON_UNREACHABLE; /* UNREACHABLE: does not exist */
    bool short_lived = reason == MC_REASON_NONE && cluster->config->respect_dns_ttl && event->resolved.ttl > 0;
    name->query = 0;
    cluster->v[failed ? PX_CLUSTER_UPDATE_FAILURE : PX_CLUSTER_UPDATE_SUCCESS]++;
    again(name, short_lived ? event->resolved.ttl : cluster->config->dns_refresh);
    if (!failed && takes(name, event) && !move_host(name)) refresh_members(cluster);
}

/* ---- life ---- */

void px_names_start(struct px_cluster *cluster, const struct mc_endpoints *endpoints)
{
    struct mc_pool *pool = cluster->proxy->pool;
    uint32_t count = endpoints ? endpoints->count : 0;
    px_names_stop(cluster);
    cluster->names = count ? mc_pool_take_zero(pool, count * sizeof *cluster->names) : NULL;
    if (!cluster->names) return;
    cluster->name_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct px_name *name = &cluster->names[i];
        name->cluster = cluster;
        name->endpoint = endpoints->list[i];
        mc_timer_init(&name->timer, due);
        if (name->endpoint.host) {
            ask(name);
            continue;
        }
        name->addrs[0] = name->endpoint.addr; /* an address stays what it is */
        name->count = 1;
    }
    refresh_members(cluster);
}

void px_names_stop(struct px_cluster *cluster)
{
    struct mc_proxy *proxy = cluster->proxy;
    for (uint32_t i = 0; i < cluster->name_count; i++) {
        mc_timer_disarm(&proxy->turn->timers, &cluster->names[i].timer);
        if (cluster->names[i].query) mc_map_remove(&proxy->queries, cluster->names[i].query);
    }
    mc_pool_give(proxy->pool, cluster->names, cluster->name_count * sizeof *cluster->names);
    cluster->names = NULL;
    cluster->name_count = 0;
}
