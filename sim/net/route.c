/* Where a connection really goes: the redirect table of the pod it starts in, the virtual addresses of
 * services, the redirect table of the pod it reaches. */
#include "sim/net/parts.h"

static bool excludes(const uint16_t ports[static SIM_EXCLUDED_PORTS], uint16_t port)
{
    for (int i = 0; i < SIM_EXCLUDED_PORTS && ports[i]; i++)
        if (ports[i] == port) return true;
    return false;
}

/* As Istio's ISTIO_OUTPUT chain: not what the sidecar's own user sends, not loopback. */
static bool captures_outbound(const struct sim_stack *from, const struct sim_process *process, struct mc_addr to, bool inside)
{
    return from->capture.on && !process->sidecar && !inside && !excludes(from->capture.excluded_outbound, to.port);
}

static bool captures_inbound(const struct sim_stack *to, uint16_t port, bool inside)
{
    return to->capture.on && !inside && !excludes(to->capture.excluded_inbound, port);
}

static const struct sim_service_record *service_of(const struct sim_net *net, struct mc_addr addr)
{
    if (!mc_addr_is_v4(addr)) return NULL;
    uint32_t number = mc_addr_v4_of(addr) - mc_addr_v4_of(sim_net_vip(net, 0));
    if (number >= net->service_count || net->services[number].port != addr.port) return NULL;
    return &net->services[number];
}

/* kube-proxy in iptables mode: a random endpoint per connection. */
static bool pick_backend(struct sim_net *net, struct sim_stack *from, const struct sim_service_record *service, struct mc_addr *to)
{
    if (!service->count) return false;
    uint64_t draw = mc_draw(net->seed, MC_FOR_PATH, from->number, from->opens);
    const struct sim_backend *backend = &service->backends[mc_below(draw, service->count)];
    *to = sim_net_addr(net, backend->pod, backend->port);
    return true;
}

void sim_route(struct sim_net *net, struct sim_stack *from, const struct sim_process *process, struct mc_addr to, struct sim_routed *routed)
{
    struct mc_addr own = sim_net_addr(net, from->number, to.port);
    *routed = (struct sim_routed){.target = to, .original = to, .pod = SIM_NO_POD};
    routed->inside = mc_addr_is_loopback(to) || mc_addr_is_any(to) || mc_addr_eq(to, own);
    if (captures_outbound(from, process, to, routed->inside)) {
        routed->target = sim_net_addr(net, from->number, from->capture.outbound_port);
        routed->pod = from->number;
        routed->inside = true;
        return;
    }
    const struct sim_service_record *service = routed->inside ? NULL : service_of(net, to);
    if (service) {
        routed->refused = !pick_backend(net, from, service, &routed->target);
        routed->original = routed->target;
    }
    routed->pod = routed->inside ? from->number : sim_net_pod_of(net, routed->target);
    struct sim_stack *reached = sim_net_stack(net, routed->pod);
    if (reached && captures_inbound(reached, routed->target.port, routed->inside || reached == from || process->around_capture))
        routed->target.port = reached->capture.inbound_port;
}
