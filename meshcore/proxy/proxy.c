#include "proxy/parts.h"

struct mc_str px_text_of(const struct mc_proxy *proxy, mc_atom atom)
{
    return mc_atoms_text(&proxy->turn->realm->atoms, atom);
}

/* ---- birth ---- */

struct mc_proxy *mc_proxy_new(const struct mc_proxy_options *options)
{
    struct mc_pool *pool = &options->turn->realm->pool;
    struct mc_proxy *proxy = mc_pool_take_zero(pool, sizeof *proxy);
    if (!proxy) return NULL;
    proxy->options = *options;
    proxy->turn = options->turn;
    proxy->pool = pool;
    proxy->date.second = -1;
    mc_list_init(&proxy->listeners);
    mc_list_init(&proxy->downstreams);
    mc_list_init(&proxy->upstreams);
    mc_list_init(&proxy->http_stats);
    mc_map_init(&proxy->clusters, mc_pool_as_alloc(pool));
    mc_map_init(&proxy->queries, mc_pool_as_alloc(pool));
    mc_map_init(&proxy->telemetry, mc_pool_as_alloc(pool));
    return proxy;
}

/* ---- death ---- */

static void bury(struct mc_grave *grave)
{
    struct mc_proxy *proxy = mc_container(grave, struct mc_proxy, grave);
    mc_pool_give(proxy->pool, proxy, sizeof *proxy);
}

static void cut_connections(struct mc_proxy *proxy)
{
    struct mc_link *link;
    while ((link = mc_list_first(&proxy->downstreams)))
        mc_http_reset(mc_container(link, struct px_downstream, link)->http);
    while ((link = mc_list_first(&proxy->upstreams)))
        mc_http_reset(mc_container(link, struct px_upstream, all)->http);
}

void mc_proxy_free(struct mc_proxy *proxy)
{
    if (!proxy) return;
    proxy->closing = true;
    if (proxy->install_queued) mc_list_remove(&proxy->install.link);
    px_listeners_close(proxy);
    cut_connections(proxy);
    px_listeners_free(proxy);
    px_clusters_free(proxy);
    mc_map_fini(&proxy->queries);
    px_telemetry_free(proxy);
    px_http_stats_free(proxy);
    mc_tls_context_unref(proxy->server_tls);
    mc_svid_unref(proxy->svid);
    mc_bundle_unref(proxy->trust);
    mc_snapshot_unref(proxy->snapshot);
    mc_snapshot_unref(proxy->next);
    mc_turn_bury(proxy->turn, &proxy->grave, bury);
}

/* ---- snapshots ---- */

static void install(struct mc_grave *grave)
{
    struct mc_proxy *proxy = mc_container(grave, struct mc_proxy, install);
    struct mc_snapshot *old = proxy->snapshot;
    proxy->install_queued = false;
    proxy->snapshot = proxy->next;
    proxy->next = NULL;
    proxy->generation++;
    px_clusters_apply(proxy);
    if (!proxy->draining) px_listeners_apply(proxy);
    mc_snapshot_unref(old);
    mc_trace(proxy->turn, SNAPSHOT_APPLIED, 0, proxy->snapshot->version);
}

void mc_proxy_apply(struct mc_proxy *proxy, struct mc_snapshot *snapshot)
{
    mc_snapshot_ref(snapshot);
    mc_snapshot_unref(proxy->next);
    proxy->next = snapshot;
    if (proxy->install_queued) return;
    proxy->install_queued = true;
    mc_turn_bury(proxy->turn, &proxy->install, install);
}

const struct mc_snapshot *mc_proxy_snapshot(const struct mc_proxy *proxy)
{
    return proxy->snapshot;
}

/* ---- identity ---- */

void mc_proxy_identity(struct mc_proxy *proxy, struct mc_svid *svid, struct mc_bundle *trust)
{
    struct mc_svid *old_svid = proxy->svid;
    struct mc_bundle *old_trust = proxy->trust;
    proxy->svid = svid ? mc_svid_ref(svid) : NULL;
    proxy->trust = trust ? mc_bundle_ref(trust) : NULL;
    mc_svid_unref(old_svid);
    mc_bundle_unref(old_trust);
    mc_tls_context_unref(proxy->server_tls);
    proxy->server_tls = NULL;
    proxy->identity_generation++;
}

struct mc_tls_context *px_server_tls(struct mc_proxy *proxy)
{
    static const char *const alpn[] = {"istio-http/1.1", "istio", "http/1.1", NULL};
    struct mc_tls_engine *engine = proxy->options.tls;
    if (proxy->server_tls || !engine || !proxy->svid || !proxy->trust) return proxy->server_tls;
    proxy->server_tls = engine->type->context(engine, &(struct mc_tls_options){.role = MC_TLS_SERVER,
                                                                              .own = proxy->svid,
                                                                              .trust = proxy->trust,
                                                                              .alpn = alpn,
                                                                              .leeway = proxy->options.leeway,
                                                                              .require_peer = true});
    return proxy->server_tls;
}

/* ---- draining ---- */

void mc_proxy_drain(struct mc_proxy *proxy)
{
    proxy->draining = true;
    px_listeners_close(proxy);
    mc_list_each(link, &proxy->downstreams) mc_http_drain(mc_container(link, struct px_downstream, link)->http);
}

void mc_proxy_wind_down(struct mc_proxy *proxy, mc_ns over)
{
    if (proxy->winding_down) return;
    proxy->winding_down = true;
    proxy->wind_from = proxy->turn->now;
    proxy->wind_over = over;
}

bool mc_proxy_is_idle(const struct mc_proxy *proxy)
{
    return mc_list_empty(&proxy->downstreams);
}

/* ---- the date ---- */

struct mc_str px_date_of(struct mc_proxy *proxy)
{
    struct px_date *date = &proxy->date;
    mc_ns wall = proxy->turn->wall > 0 ? proxy->turn->wall : 0;
    if (date->second != wall / MC_S) date->length = mc_http_date(wall, date->text);
    date->second = wall / MC_S;
    return mc_str(date->text, date->length);
}
