#include "sim/net/parts.h"
#include <string.h>

enum { POD_BASE = 10 << 24 | 128 << 16, SERVICE_BASE = 10 << 24 | 96 << 16, POD_MAX = 1 << 23 };
enum { TIMESTAMPS = 12 }; /* bytes of options in each segment: net.ipv4.tcp_timestamps is on */

bool sim_grow(struct mc_pool *pool, void **array, uint32_t *capacity, uint32_t count, size_t size)
{
    if (count <= *capacity) return true;
    uint32_t larger = *capacity ? *capacity : 8;
    while (larger < count) larger *= 2;
    char *fresh = mc_pool_take_zero(pool, larger * size);
    if (!fresh) return false;
    if (*capacity) memcpy(fresh, *array, *capacity * size);
    mc_pool_give(pool, *array, *capacity * size);
    *array = fresh;
    *capacity = larger;
    return true;
}

/* Linux's defaults for what a caller leaves open. */
static struct sim_kernel kernel_of(const struct sim_kernel *given)
{
    struct sim_kernel kernel = given ? *given : (struct sim_kernel){0};
#define OTHERWISE(member, value) \
    if (!kernel.member) kernel.member = (value)
    OTHERWISE(initial_window, 10);
    OTHERWISE(mss, 1460);
    OTHERWISE(rto_min, 200 * MC_MS);
    OTHERWISE(rto_max, 120 * MC_S);
    OTHERWISE(syn_rto, MC_S);
    OTHERWISE(syn_retries, 6);
    OTHERWISE(synack_retries, 5);
    OTHERWISE(orphan_retries, 8);
    OTHERWISE(keepalive_interval, 75 * MC_S);
    OTHERWISE(keepalive_probes, 9);
    OTHERWISE(retries2, 15);
    OTHERWISE(ephemeral_ports, 28232);
    OTHERWISE(time_wait, 60 * MC_S);
    OTHERWISE(somaxconn, 4096);
    OTHERWISE(receive_window, 6 * 1024 * 1024);
    OTHERWISE(dns_timeout, 5 * MC_S);
    OTHERWISE(dns_attempts, 2);
#undef OTHERWISE
    if (kernel.syn_retries > SIM_SYN_BACKOFFS_MAX) kernel.syn_retries = SIM_SYN_BACKOFFS_MAX;
    if (kernel.syn_linear > SIM_SYN_BACKOFFS_MAX) kernel.syn_linear = SIM_SYN_BACKOFFS_MAX;
    if (kernel.synack_retries > SIM_SYN_BACKOFFS_MAX) kernel.synack_retries = SIM_SYN_BACKOFFS_MAX;
    return kernel;
}

struct sim_net *sim_net_new(const struct sim_net_options *options)
{
    struct sim_net *net = mc_pool_take_zero(options->pool, sizeof *net);
    if (!net) return NULL;
    net->pool = options->pool;
    net->engine = options->engine;
    net->seed = options->seed;
    net->kernel = kernel_of(options->kernel);
    net->payload = net->kernel.mss - TIMESTAMPS;
    if (options->paths) {
        net->terms[SIM_TERMS_MACHINE] = options->paths->same_machine;
        net->terms[SIM_TERMS_ZONE] = options->paths->same_zone;
        net->terms[SIM_TERMS_REGION] = options->paths->cross_zone;
        net->terms[SIM_TERMS_FAR] = options->paths->cross_region;
    }
    mc_map_init(&net->names, mc_pool_as_alloc(net->pool));
    mc_map_init(&net->ports, mc_pool_as_alloc(net->pool));
    mc_map_init(&net->dns.kept, mc_pool_as_alloc(net->pool));
    mc_list_init(&net->dns.rules);
    mc_list_init(&net->rules);
    mc_list_init(&net->shares);
    mc_list_init(&net->conns);
    net->resolver = SIM_NO_POD;
    net->ttl = 30 * MC_S;
    return net;
}

void sim_net_free(struct sim_net *net)
{
    sim_conns_fini(net);
    for (uint32_t i = 0; i < net->service_count; i++) {
        struct sim_service_record *service = &net->services[i];
        mc_pool_give(net->pool, service->backends, service->count * sizeof *service->backends);
    }
    mc_pool_give(net->pool, net->services, net->service_capacity * sizeof *net->services);
    for (uint32_t i = 0; i < net->stack_count; i++) mc_pool_give(net->pool, net->stacks[i], sizeof *net->stacks[i]);
    mc_pool_give(net->pool, net->stacks, net->stack_capacity * sizeof *net->stacks);
    mc_pool_give(net->pool, net->links, net->link_count * sizeof *net->links);
    sim_nics_fini(net);
    sim_ports_fini(net);
    sim_names_fini(net);
    sim_dns_fini(net);
    sim_rules_fini(net);
    mc_pool_give(net->pool, net, sizeof *net);
}

/* ---- pods ---- */

bool sim_net_add_pod(struct sim_net *net, struct sim_place place, uint32_t *pod)
{
    uint32_t number = net->stack_count;
    if (number >= POD_MAX - 1) return false;
    if (!sim_grow(net->pool, (void **)&net->stacks, &net->stack_capacity, number + 1, sizeof *net->stacks)) return false;
    if (!sim_grow(net->pool, (void **)&net->links, &net->link_count, place.machine + 1, sizeof *net->links)) return false;
    struct sim_stack *stack = mc_pool_take_zero(net->pool, sizeof *stack);
    if (!stack) return false;
    stack->number = number;
    stack->place = place;
    stack->up = true;
    mc_list_init(&stack->listeners);
    net->stacks[net->stack_count++] = stack;
    *pod = number;
    return true;
}

struct mc_addr sim_net_addr(const struct sim_net *net, uint32_t pod, uint16_t port)
{
    (void)net;
    return mc_addr_v4((uint32_t)POD_BASE + pod + 1, port);
}

uint32_t sim_net_pod_of(const struct sim_net *net, struct mc_addr addr)
{
    if (!mc_addr_is_v4(addr)) return SIM_NO_POD;
    uint32_t number = mc_addr_v4_of(addr) - (uint32_t)POD_BASE - 1;
    return number < net->stack_count ? number : SIM_NO_POD;
}

void sim_net_set_up(struct sim_net *net, uint32_t pod, bool up)
{
    sim_net_stack(net, pod)->up = up;
    if (!up) sim_pulses_begin(net);
}

void sim_net_limit_ports(struct sim_net *net, uint32_t pod, uint32_t ports)
{
    sim_net_stack(net, pod)->ports = ports;
}

bool sim_net_is_up(const struct sim_net *net, uint32_t pod)
{
    return sim_net_stack(net, pod)->up;
}

void sim_net_set_distance(struct sim_net *net, uint32_t pod, mc_ns one_way)
{
    sim_net_stack(net, pod)->distance = one_way;
}

void sim_net_set_capture(struct sim_net *net, uint32_t pod, const struct sim_capture *capture)
{
    sim_net_stack(net, pod)->capture = *capture;
}

struct sim_pod_counts sim_net_counts(const struct sim_net *net, uint32_t pod)
{
    return sim_net_stack(net, pod)->counts;
}

/* ---- services ---- */

bool sim_net_add_service(struct sim_net *net, struct mc_str name, uint16_t port, uint32_t *service)
{
    uint32_t number = net->service_count;
    if (!sim_grow(net->pool, (void **)&net->services, &net->service_capacity, number + 1, sizeof *net->services)) return false;
    net->services[number] = (struct sim_service_record){.port = port};
    net->service_count++;
    *service = number;
    struct mc_addr vip = sim_net_vip(net, number);
    vip.port = 0;
    return sim_net_add_name(net, name, vip);
}

struct mc_addr sim_net_vip(const struct sim_net *net, uint32_t service)
{
    uint16_t port = service < net->service_count ? net->services[service].port : 0;
    return mc_addr_v4((uint32_t)SERVICE_BASE + service + 1, port);
}

bool sim_net_set_backends(struct sim_net *net, uint32_t number, const struct sim_backend *backends, uint32_t count)
{
    struct sim_service_record *service = &net->services[number];
    struct sim_backend *fresh = count ? mc_pool_take(net->pool, count * sizeof *fresh) : NULL;
    if (count && !fresh) return false;
    if (count) memcpy(fresh, backends, count * sizeof *fresh);
    mc_pool_give(net->pool, service->backends, service->count * sizeof *service->backends);
    service->backends = fresh;
    service->count = count;
    return true;
}

void sim_net_set_resolver(struct sim_net *net, uint32_t pod)
{
    net->resolver = pod;
}

void sim_net_set_ttl(struct sim_net *net, mc_ns ttl)
{
    net->ttl = ttl;
}
