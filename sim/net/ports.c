/* Source ports: a pod may use each port of the ephemeral range once per destination, and not before
 * TIME_WAIT is over if it closed first (net.ipv4.ip_local_port_range). tcp_tw_reuse = 2: on loopback, which
 * is also what a sidecar has to its own application, a port is free again after one second. */
#include "sim/net/parts.h"

enum { FIRST_PORT = 32768 };
#define LOOPBACK_WAIT MC_S /* tcp_twsk_unique: a timestamp's tick */

struct sim_ports *sim_ports_of(struct sim_net *net, uint32_t pod, struct mc_addr to, bool inside)
{
    uint64_t key = mc_mix(mc_addr_hash(to) ^ mc_mix(pod + UINT64_C(0x9e3779b97f4a7c15)));
    struct sim_ports *ports = mc_map_get(&net->ports, key);
    if (ports) return ports;
    ports = mc_pool_take_zero(net->pool, sizeof *ports);
    if (!ports) return NULL;
    ports->wait = inside || mc_addr_is_loopback(to) ? mc_ns_min(LOOPBACK_WAIT, net->kernel.time_wait) : net->kernel.time_wait;
    if (mc_map_put(&net->ports, key, ports)) return ports;
    mc_pool_give(net->pool, ports, sizeof *ports);
    return NULL;
}

static void expire(struct sim_net *net, struct sim_ports *ports, mc_ns now)
{
    while (ports->first_wait && ports->first_wait->until <= now) {
        struct sim_wait *wait = ports->first_wait;
        ports->first_wait = wait->next;
        mc_pool_give(net->pool, wait, sizeof *wait);
        ports->used--;
    }
    if (!ports->first_wait) ports->last_wait = NULL;
}

bool sim_ports_take(struct sim_net *net, struct sim_ports *ports, uint32_t limit, uint16_t *port)
{
    uint32_t most = net->kernel.ephemeral_ports;
    if (limit && limit < most) most = limit;
    expire(net, ports, net->engine->now);
    if (ports->used >= most) return false;
    ports->used++;
    *port = (uint16_t)(FIRST_PORT + ports->next++ % net->kernel.ephemeral_ports);
    return true;
}

void sim_ports_give(struct sim_net *net, struct sim_ports *ports, bool time_wait)
{
    struct sim_wait *wait = time_wait ? mc_pool_take(net->pool, sizeof *wait) : NULL;
    if (!wait) {
        ports->used--;
        return;
    }
    *wait = (struct sim_wait){.until = net->engine->now + ports->wait};
    if (ports->last_wait)
        ports->last_wait->next = wait;
    else
        ports->first_wait = wait;
    ports->last_wait = wait;
}

void sim_ports_fini(struct sim_net *net)
{
    uint32_t at = 0;
    for (struct mc_map_entry *entry; (entry = mc_map_next(&net->ports, &at));) {
        struct sim_ports *ports = entry->value;
        expire(net, ports, MC_NEVER);
        mc_pool_give(net->pool, ports, sizeof *ports);
    }
    mc_map_fini(&net->ports);
}
