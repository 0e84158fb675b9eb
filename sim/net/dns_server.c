/* Who answers: replicas with a queue each, what they ask for outside, the cache of the machine. */
#include "sim/net/dns_parts.h"

void sim_dns_configure(struct sim_net *net, const struct sim_dns_plan *plan)
{
    mc_assert(!net->dns.server_count);
    net->dns.plan = *plan;
    if (!net->dns.plan.concurrency) net->dns.plan.concurrency = 1;
    if (plan->ttl) net->ttl = plan->ttl;
}

bool sim_dns_add_server(struct sim_net *net, uint32_t pod)
{
    struct sim_dns *dns = &net->dns;
    if (!dns->plan.concurrency) dns->plan.concurrency = 1;
    if (!sim_grow(net->pool, (void **)&dns->servers, &dns->server_capacity, dns->server_count + 1, sizeof *dns->servers)) return false;
    mc_ns *busy = mc_pool_take_zero(net->pool, dns->plan.concurrency * sizeof *busy);
    if (!busy) return false;
    dns->servers[dns->server_count++] = (struct sim_dns_server){.pod = pod, .busy = busy};
    return true;
}

void sim_dns_set_resolv(struct sim_net *net, uint32_t pod, const struct sim_resolv *resolv)
{
    struct sim_stack *stack = sim_net_stack(net, pod);
    if (stack) stack->resolv = resolv;
    else net->dns.resolv = resolv;
}

struct sim_dns_counts sim_dns_counts(const struct sim_net *net)
{
    return net->dns.counts;
}

void sim_dns_fini(struct sim_net *net)
{
    struct sim_dns *dns = &net->dns;
    uint32_t at = 0;
    for (uint32_t i = 0; i < dns->server_count; i++) mc_pool_give(net->pool, dns->servers[i].busy, dns->plan.concurrency * sizeof(mc_ns));
    mc_pool_give(net->pool, dns->servers, dns->server_capacity * sizeof *dns->servers);
    for (struct mc_map_entry *entry; (entry = mc_map_next(&dns->kept, &at));) mc_pool_give(net->pool, entry->value, sizeof(mc_ns));
    mc_map_fini(&dns->kept);
    sim_dns_rules_fini(net);
}

/* kube-proxy: at random for each flow, and each attempt has a socket, a flow, of its own. */
uint32_t sim_dns_pick(const struct sim_net *net, const struct sim_lookup *lookup)
{
    const struct sim_dns *dns = &net->dns;
    if (!dns->server_count) return net->resolver;
    if (dns->server_count == 1) return dns->servers[0].pod;
    uint64_t draw = mc_draw(net->seed, MC_FOR_PATH, lookup->origin.number, lookup->rounds);
    return dns->servers[mc_below(draw, dns->server_count)].pod;
}

static struct sim_dns_server *server_at(struct sim_dns *dns, uint32_t pod)
{
    for (uint32_t i = 0; i < dns->server_count; i++)
        if (dns->servers[i].pod == pod) return &dns->servers[i];
    return NULL;
}

/* One query in the queue: *done is when it is answered. False: the queue is full. */
static bool queue_up(struct sim_dns *dns, struct sim_dns_server *server, mc_ns at, mc_ns *done)
{
    uint64_t per_second_milli = dns->plan.capacity_milli;
    if (!per_second_milli) {
        *done = at;
        return true;
    }
    mc_ns cost = (mc_ns)sim_scale((uint64_t)MC_S * 1000, dns->plan.concurrency, per_second_milli);
    mc_ns *worker = &server->busy[0];
    for (uint32_t i = 1; i < dns->plan.concurrency; i++)
        if (server->busy[i] < *worker) worker = &server->busy[i];
    mc_ns start = mc_ns_max(at, *worker);
    if (dns->plan.queue && (uint64_t)((start - at) / mc_ns_max(cost, 1)) * dns->plan.concurrency > dns->plan.queue) return false;
    *done = *worker = start + cost;
    return true;
}

/* What is outside is asked for once and kept, whether it exists or not. */
static mc_ns upstream(struct sim_net *net, const struct sim_question *question, mc_ns at)
{
    struct sim_dns *dns = &net->dns;
    struct sim_name *name = sim_name_of(net, question->key);
    if (!dns->plan.upstream || sim_name_is_inside(question->name) || (name && !name->outside)) return 0;
    if (!name) {
        name = mc_pool_take_zero(net->pool, sizeof *name);
        if (!name || !mc_map_put(&net->names, question->key, name)) {
            mc_pool_give(net->pool, name, sizeof *name);
            net->engine->refused = true;
            return 0;
        }
        name->outside = true;
        name->kept_until = INT64_MIN;
    }
    if (at < name->kept_until) return 0;
    name->kept_until = mc_ns_add(at + dns->plan.upstream, dns->plan.cache);
    dns->counts.upstream++;
    return dns->plan.upstream;
}

bool sim_dns_serve(struct sim_net *net, uint32_t pod, const struct sim_question *question, mc_ns at, uint32_t wanted, mc_ns *takes)
{
    struct sim_dns_server *server = server_at(&net->dns, pod);
    mc_ns done = at;
    for (uint32_t i = 0; i < wanted && server; i++)
        if (!queue_up(&net->dns, server, at, &done)) return false;
    *takes = done - at + upstream(net, question, done);
    return true;
}

bool sim_dns_kept_here(struct sim_net *net, uint32_t machine, uint64_t key)
{
    uint64_t place = mc_mix(key ^ mc_mix(machine + UINT64_C(1)));
    mc_ns now = net->engine->now, *until = mc_map_get(&net->dns.kept, place);
    if (until && now < *until) return true;
    if (!until) {
        until = mc_pool_take_zero(net->pool, sizeof *until);
        if (!until || !mc_map_put(&net->dns.kept, place, until)) {
            mc_pool_give(net->pool, until, sizeof *until);
            net->engine->refused = true;
            return false;
        }
    }
    *until = mc_ns_add(now, net->ttl);
    return false;
}
