#include "uv/parts.h"
#include <netdb.h>

struct mc_uv_query {
    uv_getaddrinfo_t request;
    struct mc_link link;
    struct mc_uv_host *host; /* NULL: nobody waits any more */
    uint32_t id;
    char name[256]; /* RFC 1035 §2.3.4: 255 octets */
};

static enum mc_stream_reason reason_of(int status)
{
    if (!status) return MC_REASON_NONE;
    return status == UV_EAI_AGAIN ? MC_REASON_TIMEOUT : MC_REASON_UNREACHABLE;
}

static uint32_t addresses_of(const struct addrinfo *found, struct mc_addr *addrs)
{
    uint32_t count = 0;
    for (; found && count < MC_UV_ADDRESSES; found = found->ai_next) {
        addrs[count] = mc_uv_address_from(found->ai_addr);
        addrs[count++].port = 0;
    }
    return count;
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct mc_uv_query *query = mc_container(request, struct mc_uv_query, request);
    struct mc_uv_loop *loop = mc_container(request->loop, struct mc_uv_loop, uv);
    if (query->host) {
        struct mc_addr addrs[MC_UV_ADDRESSES];
        struct mc_event event = {.kind = MC_EVENT_RESOLVED};
        event.resolved.query = query->id;
        event.resolved.reason = reason_of(status);
        event.resolved.addrs = addrs;
        event.resolved.count = addresses_of(found, addrs);
        event.resolved.ttl = MC_UV_TTL_S * MC_S;
        mc_list_remove(&query->link);
        mc_uv_host_step(query->host, &event);
    }
    uv_freeaddrinfo(found);
    mc_pool_give(&loop->realm->pool, query, sizeof *query);
}

static bool start(struct mc_uv_host *host, struct mc_uv_query *query, struct mc_str name)
{
    static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    if (name.n >= sizeof query->name) return false;
    memcpy(query->name, name.p, name.n);
    return !uv_getaddrinfo(&host->loop->uv, &query->request, on_resolved, query->name, NULL, &hints);
}

void mc_uv_resolve(struct mc_uv_host *host, const struct mc_action *action)
{
    struct mc_pool *pool = &host->loop->realm->pool;
    struct mc_uv_query *query = mc_pool_take_zero(pool, sizeof *query);
    if (query && start(host, query, action->name)) {
        query->host = host;
        query->id = action->id;
        mc_list_push_back(&host->queries, &query->link);
        return;
    }
    mc_pool_give(pool, query, sizeof *query);
    *mc_outbox_add(&host->failed, MC_ACTION_RESOLVE) = *action;
}

void mc_uv_resolve_forget(struct mc_uv_host *host)
{
    mc_list_each(link, &host->queries) {
        struct mc_uv_query *query = mc_container(link, struct mc_uv_query, link);
        mc_list_remove(&query->link);
        query->host = NULL;
        uv_cancel((uv_req_t *)&query->request);
    }
}
