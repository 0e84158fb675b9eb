/* Names and addresses of the run: the resolvers, what each pod asks with, headless services, hosts outside, and which
 * of a pod's traffic is captured. */
#include "sim/run/parts.h"
#include "sim/net/dns.h"
#include <stdio.h>

enum { CLUSTER_NDOTS = 5, OUTBOUND_PORT = 15001, INBOUND_PORT = 15006 };

/* ---- resolv.conf ---- */

/* kubernetes.io, "DNS for Services and Pods": ClusterFirst of a pod in the machine's network is Default. */
static enum sim_dns_policy policy_of(const struct sim_pod_network *network)
{
    enum sim_dns_policy policy = network->dns.policy;
    if (policy == SIM_DNS_CLUSTER_FIRST_HOST_NET) return SIM_DNS_CLUSTER_FIRST;
    return policy == SIM_DNS_CLUSTER_FIRST && network->host_network ? SIM_DNS_DEFAULT : policy;
}

static void add_search(struct sim_resolv *resolv, struct mc_str suffix)
{
    if (suffix.n && resolv->search_count < SIM_SEARCHES_MAX) resolv->searches[resolv->search_count++] = suffix;
}

static struct sim_resolv resolv_of(const struct sim_run *run, const struct sim_pod_network *network)
{
    static const struct mc_str suffixes[] = {
        MC_STR("default.svc.cluster.local"), MC_STR("svc.cluster.local"), MC_STR("cluster.local")};
    const struct sim_pod_dns *dns = &network->dns;
    enum sim_dns_policy policy = policy_of(network);
    struct sim_resolv resolv = {.stub = dns->stub,
                                .ndots = policy == SIM_DNS_CLUSTER_FIRST ? CLUSTER_NDOTS : 1,
                                .timeout = dns->timeout,
                                .attempts = dns->attempts,
                                .one_by_one = dns->one_by_one,
                                .node = policy == SIM_DNS_DEFAULT};
    for (size_t i = 0; i < MC_COUNT_OF(suffixes) && policy == SIM_DNS_CLUSTER_FIRST; i++) add_search(&resolv, suffixes[i]);
    if (policy != SIM_DNS_NONE) add_search(&resolv, run->plan->topology.dns.node_domain);
    for (uint32_t i = 0; i < dns->search_count; i++) add_search(&resolv, dns->searches[i]);
    if (dns->ndots_given) resolv.ndots = dns->ndots;
    return resolv;
}

static bool add_resolvs(struct sim_run *run)
{
    const struct sim_topology *topology = &run->plan->topology;
    uint32_t count = sim_check_workload_count(run->check);
    run->resolvs = mc_arena_take_zero(&run->arena, sizeof *run->resolvs * (count + 1));
    if (!run->resolvs) return false;
    for (uint32_t s = 0; s < topology->service_count; s++)
        for (uint32_t v = 0; v < topology->services[s].version_count; v++)
            run->resolvs[sim_check_workload(run->check, s, v)] = resolv_of(run, &topology->services[s].versions[v].network);
    struct sim_resolv *others = mc_arena_take_zero(&run->arena, sizeof *others);
    if (!others) return false;
    *others = resolv_of(run, &(struct sim_pod_network){0});
    sim_dns_set_resolv(sim_world_net(run->world), SIM_NO_POD, others);
    return true;
}

/* ---- the resolver of the cluster: pods without guests; the path to them counts ---- */

static bool add_server(struct sim_run *run, uint32_t number)
{
    const struct sim_dns_plan *dns = &run->plan->topology.dns;
    uint32_t zone = number % run->plan->topology.zone_count, pod;
    char name[32] = "kube-dns";
    if (number) snprintf(name, sizeof name, "kube-dns-%u", number);
    struct sim_pod_spec spec = {.machine = run_machine(run, zone, true), .name = mc_str_c(name), .service = SIM_NONE, .version = SIM_NONE};
    if (spec.machine == SIM_NONE || !sim_world_add_pod(run->world, &spec, &pod)) return false;
    if (dns->given) return sim_dns_add_server(sim_world_net(run->world), pod);
    sim_net_set_resolver(sim_world_net(run->world), pod);
    return true;
}

bool run_names_build(struct sim_run *run)
{
    const struct sim_topology *topology = &run->plan->topology;
    struct sim_net *net = sim_world_net(run->world);
    if (topology->dns.given) sim_dns_configure(net, &topology->dns);
    for (uint32_t i = 0; i < (topology->dns.given ? topology->dns.replicas : 1); i++)
        if (!add_server(run, i)) return false;
    for (uint32_t i = 0; i < topology->service_count; i++)
        if (topology->services[i].versions[0].network.headless) sim_dns_set_headless(net, run->vips[i]);
    return add_resolvs(run);
}

/* ---- services ---- */

/* A host outside has no virtual address: its number in the network stands for a name that nobody asks for. */
bool run_names_add_service(struct sim_run *run, uint32_t number)
{
    const struct sim_service *service = &run->plan->topology.services[number];
    const char *suffix = service->external.on ? "external.invalid" : "default.svc.cluster.local";
    char full[300];
    snprintf(full, sizeof full, "%.*s.%s", MC_STR_ARG(service->name), suffix);
    return sim_net_add_service(sim_world_net(run->world), mc_str_c(full), service->port, &run->vips[number]);
}

static enum mc_resolution resolution_of(const struct sim_service *service)
{
    switch (service->external.entry) {
    case SIM_ENTRY_DNS: return MC_RESOLUTION_DNS;
    case SIM_ENTRY_LOGICAL_DNS: return MC_RESOLUTION_DNS_ROUND_ROBIN;
    case SIM_ENTRY_NONE:
    case SIM_ENTRY_STATIC: break;
    }
    return service->versions[0].network.headless ? MC_RESOLUTION_NONE : MC_RESOLUTION_ENDPOINTS;
}

void run_names_describe(const struct sim_run *run, uint32_t number, struct mc_service_spec *spec)
{
    const struct sim_service *service = &run->plan->topology.services[number];
    spec->resolution = resolution_of(service);
    spec->outside = service->external.on;
    if (spec->outside || spec->resolution == MC_RESOLUTION_NONE) spec->vip = (struct mc_addr){0};
}

bool run_mesh_knows(const struct sim_run *run, uint32_t service)
{
    const struct sim_external *external = &run->plan->topology.services[service].external;
    return !external->on || external->entry != SIM_ENTRY_NONE;
}

/* ---- pods ---- */

bool run_has_sidecar(const struct sim_run *run, uint32_t service, const struct sim_version *version)
{
    return run->plan->profile.sidecars && version->meshed && !version->network.host_network && !run->plan->topology.services[service].external.on;
}

static void copy_ports(uint16_t to[static SIM_EXCLUDED_PORTS], const uint16_t from[static SIM_PORTS_MAX])
{
    uint32_t used = 0;
    while (used < SIM_EXCLUDED_PORTS && to[used]) used++;
    for (uint32_t i = 0; i < SIM_PORTS_MAX && from[i] && used < SIM_EXCLUDED_PORTS; i++) to[used++] = from[i];
}

bool run_names_add_pod(struct sim_run *run, struct run_pod *pod)
{
    const struct sim_service *service = &run->plan->topology.services[pod->service];
    const struct sim_pod_network *network = &service->versions[pod->version].network;
    struct sim_net *net = sim_world_net(run->world);
    sim_dns_set_resolv(net, pod->world, &run->resolvs[pod->workload]);
    if (service->external.on) {
        sim_net_set_distance(net, pod->world, service->external.distance);
        return sim_dns_add_outside(net, service->name, pod->addr);
    }
    if (!pod->meshed) return true;
    struct sim_capture capture = {.on = true, .outbound_port = OUTBOUND_PORT, .inbound_port = INBOUND_PORT, .excluded_inbound = {RUN_METRICS_PORT}};
    copy_ports(capture.excluded_outbound, network->exclude_outbound_ports);
    copy_ports(capture.excluded_inbound, network->exclude_inbound_ports);
    sim_net_set_capture(net, pod->world, &capture);
    return true;
}
