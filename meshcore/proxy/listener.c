/* Listeners: where connections come in, and which filter chain takes them. */
#include "proxy/parts.h"

static const struct mc_listener *config_of(const struct px_listener *listener)
{
    return listener->resource->body;
}

static void trace_listener(const struct px_listener *listener, bool up)
{
    struct mc_turn *turn = listener->proxy->turn;
    const struct mc_listener *config = config_of(listener);
    if (up) mc_trace(turn, LISTENER_UP, 0, config->name, config->addr.port);
    else mc_trace(turn, LISTENER_DOWN, 0, config->name, config->addr.port);
}

/* ---- life ---- */

static void on_accepted(struct mc_acceptor *acceptor, const struct mc_event *event)
{
    px_downstream_accept(mc_container(acceptor, struct px_listener, acceptor), event);
}

void px_listener_unref(struct px_listener *listener)
{
    if (--listener->references) return;
    mc_resource_unref(listener->resource);
    mc_pool_give(listener->proxy->pool, listener, sizeof *listener);
}

static void open_listener(struct px_listener *listener)
{
    if (!mc_net_listen(listener->proxy->options.net, &listener->acceptor, config_of(listener)->addr)) return;
    trace_listener(listener, true);
}

static void close_listener(struct px_listener *listener)
{
    if (!listener->acceptor.id) return;
    trace_listener(listener, false);
    mc_net_unlisten(listener->proxy->options.net, &listener->acceptor);
}

static void add_listener(struct mc_proxy *proxy, struct mc_resource *resource)
{
    struct px_listener *listener = mc_pool_take_zero(proxy->pool, sizeof *listener);
    if (!listener) return;
    listener->proxy = proxy;
    listener->references = 1;
    listener->resource = mc_resource_ref(resource);
    listener->acceptor.accepted = on_accepted;
    listener->kept = true;
    mc_list_push_back(&proxy->listeners, &listener->link);
    open_listener(listener);
}

/* Old connections finish what is under way and go (Envoy drains a listener that is replaced). */
static void drain_connections(struct px_listener *listener)
{
    mc_list_each(link, &listener->proxy->downstreams) {
        struct px_downstream *conn = mc_container(link, struct px_downstream, link);
        if (conn->listener == listener) mc_http_drain(conn->http);
    }
}

static void change_listener(struct px_listener *listener, struct mc_resource *resource)
{
    struct mc_resource *old = listener->resource;
    bool moved = !mc_addr_eq(((const struct mc_listener *)old->body)->addr, ((const struct mc_listener *)resource->body)->addr);
    if (moved) close_listener(listener);
    listener->resource = mc_resource_ref(resource);
    mc_resource_unref(old);
    if (!listener->acceptor.id) open_listener(listener);
    drain_connections(listener);
}

static void remove_listener(struct px_listener *listener)
{
    close_listener(listener);
    drain_connections(listener);
    mc_list_remove(&listener->link);
    px_listener_unref(listener);
}

/* ---- snapshots ---- */

static struct px_listener *find(struct mc_proxy *proxy, mc_atom name)
{
    mc_list_each(link, &proxy->listeners) {
        struct px_listener *listener = mc_container(link, struct px_listener, link);
        if (config_of(listener)->name == name) return listener;
    }
    return NULL;
}

/* What goes goes first: its address may be wanted by what comes. */
static void drop_unnamed(struct mc_proxy *proxy)
{
    mc_list_each(link, &proxy->listeners) {
        struct px_listener *listener = mc_container(link, struct px_listener, link);
        if (!mc_snapshot_find(proxy->snapshot, MC_RESOURCE_LISTENER, config_of(listener)->name)) remove_listener(listener);
    }
}

void px_listeners_apply(struct mc_proxy *proxy)
{
    drop_unnamed(proxy);
    for (uint32_t i = 0; i < proxy->snapshot->of[MC_RESOURCE_LISTENER].count; i++) {
        struct mc_resource *resource = proxy->snapshot->of[MC_RESOURCE_LISTENER].list[i];
        struct px_listener *listener = find(proxy, resource->name);
        if (!listener) add_listener(proxy, resource);
        else if (listener->resource != resource) change_listener(listener, resource);
    }
}

void px_listeners_close(struct mc_proxy *proxy)
{
    mc_list_each(link, &proxy->listeners) close_listener(mc_container(link, struct px_listener, link));
}

void px_listeners_free(struct mc_proxy *proxy)
{
    struct mc_link *link;
    while ((link = mc_list_pop_front(&proxy->listeners))) px_listener_unref(mc_container(link, struct px_listener, link));
}

/* ---- filter chains ---- */

/* How specific a match is: address and port, port, address, any (FilterChainMatch: the port is looked
 * at first, then the address). -1: it does not match. */
static int rank(const struct mc_filter_chain *chain, struct mc_addr original)
{
    bool any_ip = mc_addr_is_any(chain->destination), any_port = !chain->destination_port;
    if (!any_port && chain->destination_port != original.port) return -1;
    if (!any_ip && !mc_addr_same_ip(chain->destination, original)) return -1;
    return 2 * !any_port + !any_ip;
}

const struct mc_filter_chain *px_chain_for(const struct mc_listener *listener, struct mc_addr original)
{
    const struct mc_filter_chain *best = NULL;
    int best_rank = -1;
    for (uint32_t i = 0; i < listener->chain_count; i++) {
        int own = rank(&listener->chains[i], original);
        if (own > best_rank) best = &listener->chains[i], best_rank = own;
    }
    return best;
}
