/* The fault filter: a delay, then an abort, each with a share of its own (filters.http.fault.v3). It
 * stands before the router, so that its delay is no part of the route's timeout and nothing is retried. */
#include "proxy/parts.h"

static bool struck(struct px_request *request, uint32_t permillion)
{
    return permillion && mc_chance(mc_turn_draw(request->proxy->turn, MC_FOR_FAULT_FILTER), permillion, 1000000);
}

/* As in Envoy, the cluster was chosen with the route: the log names it though nothing goes there. */
static bool aborts(struct px_request *request)
{
    const struct mc_route *route = request->route;
    if (!struck(request, route->abort_permillion)) return false;
    (void)px_router_find_cluster(request);
    request->conn->stats->v[PX_HTTP_FAULT_ABORTS]++;
    px_request_reply(request, route->abort_status, MC_FLAG(FI), MC_STR("fault filter abort"));
    return true;
}

static void after_delay(struct px_request *request)
{
    if (!aborts(request)) px_request_go_on(request);
}

static enum px_verdict on_request(struct px_request *request)
{
    const struct mc_route *route = request->route;
    if (!route || !(route->delay_permillion | route->abort_permillion)) return PX_GO_ON;
    if (route->delay && struck(request, route->delay_permillion)) {
        request->flags |= MC_FLAG(DI);
        request->conn->stats->v[PX_HTTP_FAULT_DELAYS]++;
        px_request_wait(request, mc_ns_add(request->proxy->turn->now, route->delay), after_delay);
        return PX_WAIT;
    }
    return aborts(request) ? PX_ANSWERED : PX_GO_ON;
}

const struct px_filter px_fault_filter = {.name = "envoy.filters.http.fault", .request = on_request};
