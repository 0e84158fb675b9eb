#include "sim/run/parts.h"
#include "sim/net/grow.h"
#include <stdio.h>

/* ---- machines ---- */

/* Pods of a zone share machines, so many on each, in the order in which they come. */
struct run_machines {
    uint32_t machine, pods; /* the one that is being filled */
    uint16_t ports[RUN_HOST_PORTS]; /* that pods in its network have; 0 ends */
};

/* Zones are "a", or "region/a"; what comes before the slash is the region. Numbered by its first zone. */
static uint32_t region_of(const struct sim_topology *topology, uint32_t zone)
{
    struct mc_str rest, region = mc_str_cut(topology->zones[zone], '/', &rest);
    if (region.n == topology->zones[zone].n) return 0;
    for (uint32_t i = 0; i < zone; i++)
        if (mc_str_eq(mc_str_cut(topology->zones[i], '/', &rest), region)) return i + 1;
    return zone + 1;
}

static uint32_t add_machine(struct sim_run *run, uint32_t zone, uint32_t cores)
{
    struct sim_machine_spec spec = {.zone = zone, .region = region_of(&run->plan->topology, zone), .cores = cores,
                                    .nic = run->plan->topology.nic_bits_per_second};
    uint32_t machine;
    return sim_world_add_machine(run->world, &spec, &machine) ? machine : SIM_NONE;
}

uint32_t run_machine(struct sim_run *run, uint32_t zone, bool own)
{
    const struct sim_topology *topology = &run->plan->topology;
    if (own) return add_machine(run, zone, 0);
    struct run_machines *filling = &run->machines[zone];
    if (filling->pods == 0 || filling->pods >= topology->pods_per_machine) {
        *filling = (struct run_machines){.machine = add_machine(run, zone, topology->cores_per_machine)};
        if (filling->machine == SIM_NONE) return SIM_NONE;
    }
    filling->pods++;
    return filling->machine;
}

/* For a pod in the machine's network: one where its port is free, as the scheduler's NodePorts finds it. */
static uint32_t host_machine(struct sim_run *run, uint32_t zone, uint16_t port)
{
    struct run_machines *filling = &run->machines[zone];
    uint32_t used = 0;
    while (used < RUN_HOST_PORTS && filling->ports[used] && filling->ports[used] != port) used++;
    bool taken = used == RUN_HOST_PORTS || filling->ports[used] == port;
    if (taken) filling->pods = run->plan->topology.pods_per_machine;
    uint32_t machine = run_machine(run, zone, false);
    used = 0;
    while (filling->ports[used]) used++;
    filling->ports[used] = port;
    return machine;
}

/* Outside the cluster, in the region of the first zone; the distance is the pod's. */
static uint32_t outside_machine(struct sim_run *run)
{
    const struct sim_topology *topology = &run->plan->topology;
    struct sim_machine_spec spec = {.zone = topology->zone_count, .region = region_of(topology, 0)};
    uint32_t machine;
    return sim_world_add_machine(run->world, &spec, &machine) ? machine : SIM_NONE;
}

static uint32_t machine_for(struct sim_run *run, const struct sim_service *service, const struct sim_version *version, uint32_t zone)
{
    if (service->external.on) return outside_machine(run);
    if (version->network.host_network) return host_machine(run, zone, service->port);
    return run_machine(run, zone, false);
}

static uint32_t zone_number(const struct sim_topology *topology, struct mc_str name)
{
    for (uint32_t i = 0; i < topology->zone_count; i++)
        if (mc_str_eq(topology->zones[i], name)) return i;
    return 0;
}

/* ---- services ---- */

static bool add_services(struct sim_run *run)
{
    const struct sim_topology *topology = &run->plan->topology;
    run->vips = mc_arena_take_zero(&run->arena, sizeof *run->vips * (topology->service_count + 1));
    run->service_names = mc_arena_take_zero(&run->arena, sizeof *run->service_names * (topology->service_count + 1));
    if (!run->vips || !run->service_names) return false;
    for (uint32_t i = 0; i < topology->service_count; i++) {
        run->service_names[i] = mc_atoms_intern(&run->realm.atoms, topology->services[i].name);
        if (!run->service_names[i] || !run_names_add_service(run, i)) return false;
    }
    return true;
}

/* ---- pods ---- */

/* Linux sets each cgroup's period off by chance. */
static mc_ns quota_phase(const struct sim_run *run)
{
    uint64_t draw = mc_draw(run->realm.seed, MC_FOR_SCHEDULER, sim_world_container_count(run->world), 0);
    return (mc_ns)(draw % (SIM_QUOTA_PERIOD_MS * MC_MS));
}

/* What the proxy is configured with: every service is a cluster to it. */
static uint64_t configured_bytes(const struct sim_plan *plan)
{
    uint64_t bytes = 0;
    for (uint32_t s = 0; s < plan->topology.service_count; s++) {
        const struct sim_service *service = &plan->topology.services[s];
        bytes += plan->profile.proxy_cluster_bytes;
        for (uint32_t v = 0; v < service->version_count; v++) bytes += (uint64_t)service->versions[v].replicas * plan->profile.proxy_endpoint_bytes;
    }
    return bytes;
}

static bool add_containers(struct sim_run *run, struct run_pod *pod, const struct sim_version *version)
{
    const struct sim_profile *profile = &run->plan->profile;
    uint32_t cores = run->plan->topology.cores_per_machine;
    struct sim_container_spec app = {.pod = pod->world,
                                     .cpu_millis = version->cpu_millis,
                                     .threads = version->resources.threads ? version->resources.threads : cores,
                                     .resources = version->resources,
                                     .sockets = version->server.sockets,
                                     .quota_phase = quota_phase(run),
                                     .owner = &pod->app_owner};
    pod->sidecar_container = SIM_NONE;
    run_pod_watch_containers(pod);
    if (!sim_world_add_container(run->world, &app, &pod->app_container)) return false;
    if (!pod->meshed) return true;
    struct sim_container_spec sidecar = {.pod = pod->world,
                                         .sidecar = true,
                                         .cpu_millis = profile->proxy_cpu_millis,
                                         .threads = profile->proxy_workers,
                                         .price = profile->price,
                                         .resources = profile->proxy,
                                         .sockets = profile->sockets,
                                         .quota_phase = quota_phase(run),
                                         .owner = &pod->sidecar_owner};
    sidecar.resources.memory.base += run->configured_bytes;
    return sim_world_add_container(run->world, &sidecar, &pod->sidecar_container);
}

/* Room for one more. Records stay where they are: entries and owners are embedded in them. */
static struct run_pod *take_pod(struct sim_run *run)
{
    struct mc_pool *pool = &run->realm.pool;
    if (run->pod_count >= RUN_PODS_MAX) return NULL;
    if (!sim_grow(pool, (void **)&run->pods, &run->pod_capacity, run->pod_count + 1, sizeof(struct run_pod *))) return NULL;
    struct run_pod *pod = mc_arena_take_zero(&run->arena, sizeof *pod);
    if (!pod) return NULL;
    pod->run = run;
    pod->number = run->pod_count;
    return pod;
}

static bool name_pod(struct sim_run *run, struct run_pod *pod, uint32_t replica)
{
    const struct sim_service *of = &run->plan->topology.services[pod->service];
    char name[256];
    int length = snprintf(name, sizeof name, "%.*s-%.*s-%u", MC_STR_ARG(of->name), MC_STR_ARG(of->versions[pod->version].name), replica);
    pod->name = run_copy(run, mc_str(name, (size_t)length));
    pod->atom = mc_atoms_intern(&run->realm.atoms, pod->name);
    return pod->atom != 0;
}

static uint32_t zone_of(const struct sim_run *run, const struct sim_version *version, uint32_t machine, uint32_t replica)
{
    if (machine != SIM_NONE) return sim_world_machine(run->world, machine).zone;
    return version->zone_count ? zone_number(&run->plan->topology, version->zones[replica % version->zone_count]) : 0;
}

static struct run_pod *add_pod(struct sim_run *run, uint32_t service, uint32_t number, uint32_t machine)
{
    const struct sim_service *of = &run->plan->topology.services[service];
    const struct sim_version *version = &of->versions[number];
    struct run_pod *pod = take_pod(run);
    if (!pod) return NULL;
    pod->service = service;
    pod->version = number;
    pod->meshed = run_has_sidecar(run, service, version);
    pod->workload = sim_check_workload(run->check, service, number);
    uint32_t replica = run->next_replica[pod->workload]++;
    pod->zone = zone_of(run, version, machine, replica);
    if (machine == SIM_NONE) machine = machine_for(run, of, version, pod->zone);
    struct sim_pod_spec spec = {.machine = machine, .service = service, .version = number};
    if (machine == SIM_NONE || !name_pod(run, pod, replica)) return NULL;
    spec.name = pod->name;
    if (!sim_world_add_pod(run->world, &spec, &pod->world)) return NULL;
    pod->addr = sim_net_addr(sim_world_net(run->world), pod->world, of->port);
    void *number_plus_one = (void *)(uintptr_t)(pod->number + 1);
    if (!mc_map_put(&run->pod_of_addr, mc_trace_addr(pod->addr) >> 16, number_plus_one)) return NULL;
    run->pods[run->pod_count++] = pod;
    return run_names_add_pod(run, pod) && add_containers(run, pod, version) ? pod : NULL;
}

static bool add_pods(struct sim_run *run)
{
    const struct sim_topology *topology = &run->plan->topology;
    run->next_replica = mc_arena_take_zero(&run->arena, sizeof *run->next_replica * (sim_check_workload_count(run->check) + 1));
    if (!run->next_replica) return false;
    for (uint32_t s = 0; s < topology->service_count; s++)
        for (uint32_t v = 0; v < topology->services[s].version_count; v++)
            for (uint32_t r = 0; r < topology->services[s].versions[v].replicas; r++) {
                struct run_pod *pod = add_pod(run, s, v, SIM_NONE);
                if (!pod || !run_mesh_join(run, pod, true)) return false;
            }
    return true;
}

bool run_pod_create(struct sim_run *run, uint32_t service, uint32_t version, uint32_t machine, uint32_t *number)
{
    struct run_pod *pod = add_pod(run, service, version, machine);
    if (!pod) return false;
    *number = pod->number;
    return run_pod_live(run, pod, false);
}

static bool make_programs(struct sim_run *run)
{
    const struct sim_topology *topology = &run->plan->topology;
    run->programs = mc_arena_take_zero(&run->arena, sizeof *run->programs * (sim_check_workload_count(run->check) + 1));
    if (!run->programs) return false;
    for (uint32_t s = 0; s < topology->service_count; s++)
        for (uint32_t v = 0; v < topology->services[s].version_count; v++) {
            const struct sim_program *program = sim_program_new(topology, s, v, &run->arena, &run->realm);
            if (!program) return false;
            run->programs[sim_check_workload(run->check, s, v)] = program;
        }
    return true;
}

bool run_build(struct sim_run *run)
{
    const struct sim_topology *topology = &run->plan->topology;
    run->configured_bytes = configured_bytes(run->plan);
    run->machines = mc_arena_take_zero(&run->arena, sizeof *run->machines * (topology->zone_count + 1));
    if (!run->machines || !add_services(run) || !make_programs(run) || !run_names_build(run)) return false;
    if (!run_mesh_prepare(run) || !run_pods_begin(run) || !add_pods(run) || !run_mesh_build(run)) return false;
    for (uint32_t i = 0; i < run->pod_count; i++)
        if (!run_pod_live(run, run->pods[i], true)) return false;
    for (uint32_t i = 0; i < topology->service_count; i++) run_set_backends(run, i);
    run->begun = true;
    return true;
}

/* ---- load clients ---- */

bool run_place_load(struct sim_run *run, struct sim_load *load)
{
    uint32_t zone = load->spec.zone.n ? zone_number(&run->plan->topology, load->spec.zone) : 0;
    struct sim_pod_spec spec = {.machine = run_machine(run, zone, true),
                                .name = load->name,
                                .service = SIM_NONE,
                                .version = SIM_NONE};
    if (spec.machine == SIM_NONE || !sim_world_add_pod(run->world, &spec, &load->world_pod)) return false;
    struct sim_container_spec container = {.pod = load->world_pod};
    if (!sim_world_add_container(run->world, &container, &load->container)) return false;
    sim_container_start(run->world, load->container, sim_client_guest(load->client));
    return true;
}
