/* kube-scheduler, as far as it matters here. Filters: unschedulable (cordoned), taints (not ready), the zones that
 * the version names (a node affinity), NodeResourcesFit for cpu, and kubelet's maxPods. Scores: fewest pods of the
 * workload in the zone, then on the machine (PodTopologySpread's system defaults: zone and hostname, ScheduleAnyway), then
 * fewest pods altogether (NodeResourcesBalancedAllocation comes down to that with equal pods), then the first.
 * Machines are not made. */
#include "sim/platform/controllers_parts.h"
#include <string.h>

enum { PODS_MAX = 110 }; /* KubeletConfiguration.maxPods */

/* Kubernetes sets a request that is not given to the limit. */
uint32_t ctl_cpu_request(const struct sim_version *version)
{
    return version->resources.cpu_request_millis ? version->resources.cpu_request_millis : version->cpu_millis;
}

bool sim_controllers_machine(struct sim_controllers *controllers, uint32_t machine, uint32_t zone)
{
    uint32_t place = controllers->machine_count;
    mc_assert(machine < 1u << 24 && zone < controllers->topology->zone_count && !ctl_machine_of(controllers, machine));
    mc_assert(!controllers->started);
    uint32_t before = controllers->machine_capacity;
    if (!ctl_grow(controllers, &controllers->machines, &controllers->machine_capacity, place + 1, sizeof *controllers->machines) ||
        !ctl_grow(controllers, &controllers->place_of, &controllers->place_capacity, machine + 1, sizeof *controllers->place_of) ||
        !ctl_grow(controllers, &controllers->crowd, &controllers->crowd_capacity, place + 1, sizeof *controllers->crowd))
        return false;
    if (controllers->machine_capacity != before) /* they have moved */
        for (uint32_t i = 0; i < place; i++) {
            struct mc_link *pods = &controllers->machines[i].pods;
            if (controllers->machines[i].held) pods->next->prev = pods->prev->next = pods;
            else mc_list_init(pods);
        }
    struct ctl_machine *added = &controllers->machines[place];
    *added = (struct ctl_machine){.number = machine, .zone = zone, .renews = true, .ready = true, .silent = MC_NEVER, .evict_at = MC_NEVER};
    snprintf(added->name, sizeof added->name, "node-%u", place);
    mc_list_init(&added->pods);
    controllers->place_of[machine] = place + 1;
    controllers->machine_count++;
    return true;
}

static bool may_run(const struct ctl_machine *machine)
{
    return machine->ready && !machine->cordoned && !machine->tainted;
}

static bool names_zone(const struct sim_topology *topology, const struct sim_version *version, uint32_t zone)
{
    if (!version->zone_count) return zone == 0;
    for (uint32_t i = 0; i < version->zone_count; i++)
        if (mc_str_eq(version->zones[i], topology->zones[zone])) return true;
    return false;
}

static bool has_room(const struct sim_topology *topology, const struct ctl_machine *machine, uint32_t cpu_millis)
{
    uint64_t most = (uint64_t)topology->cores_per_machine * 1000;
    return machine->held < PODS_MAX && (!cpu_millis || (uint64_t)machine->cpu_millis + cpu_millis <= most);
}

static void count_pods(struct sim_controllers *controllers, struct mc_link *pods)
{
    mc_list_each(link, pods)
    {
        const struct ctl_pod *pod = mc_container(link, struct ctl_pod, link);
        if (!ctl_is_active(pod)) continue;
        controllers->crowd[pod->machine]++;
        controllers->spread[controllers->machines[pod->machine].zone]++;
    }
}

void ctl_schedule_begin(struct sim_controllers *controllers, struct ctl_workload *workload)
{
    memset(controllers->crowd, 0, controllers->machine_count * sizeof *controllers->crowd);
    memset(controllers->spread, 0, controllers->topology->zone_count * sizeof *controllers->spread);
    count_pods(controllers, &workload->job.pods);
    mc_list_each(link, &workload->sets) count_pods(controllers, &mc_container(link, struct ctl_set, link)->pods);
}

static bool is_better(const struct sim_controllers *controllers, const struct ctl_machine *a, const struct ctl_machine *b)
{
    const uint32_t *crowd = controllers->crowd, *spread = controllers->spread;
    size_t i = (size_t)(a - controllers->machines), j = (size_t)(b - controllers->machines);
    if (spread[a->zone] != spread[b->zone]) return spread[a->zone] < spread[b->zone];
    if (crowd[i] != crowd[j]) return crowd[i] < crowd[j];
    if (a->held != b->held) return a->held < b->held;
    return i < j;
}

uint32_t ctl_schedule_next(struct sim_controllers *controllers, const struct ctl_workload *workload, uint32_t version)
{
    const struct sim_topology *topology = controllers->topology;
    const struct sim_version *of = &topology->services[workload->service].versions[version];
    const struct ctl_machine *best = NULL;
    uint32_t request = ctl_cpu_request(of);
    for (uint32_t i = 0; i < controllers->machine_count; i++) {
        const struct ctl_machine *machine = &controllers->machines[i];
        if (!may_run(machine) || !has_room(topology, machine, request) || !names_zone(topology, of, machine->zone)) continue;
        if (!best || is_better(controllers, machine, best)) best = machine;
    }
    if (!best) return SIM_NONE;
    uint32_t place = (uint32_t)(best - controllers->machines);
    controllers->crowd[place]++;
    controllers->spread[best->zone]++;
    return place;
}

/* As the scheduler tells: "0/6 nodes are available: 2 node(s) were unschedulable, 4 Insufficient cpu." */
void ctl_schedule_failed(struct ctl_workload *workload, uint32_t version)
{
    struct sim_controllers *controllers = workload->controllers;
    const struct sim_topology *topology = controllers->topology;
    const struct sim_version *of = &topology->services[workload->service].versions[version];
    uint32_t cordoned = 0, lost = 0, elsewhere = 0, cpu = 0, full = 0, total = controllers->machine_count;
    if (workload->hungry) return;
    workload->hungry = true;
    controllers->hungry++;
    for (uint32_t i = 0; i < total; i++) {
        const struct ctl_machine *machine = &controllers->machines[i];
        if (machine->cordoned) cordoned++;
        else if (!machine->ready || machine->tainted) lost++;
        else if (!names_zone(topology, of, machine->zone)) elsewhere++;
        else if (machine->held >= PODS_MAX) full++;
        else cpu++;
    }
    ctl_event(controllers, workload->name, "FailedScheduling", true,
              "0/%u nodes are available: %u unschedulable, %u unreachable, %u in other zones, %u Insufficient cpu, %u Too many pods", total,
              cordoned, lost, elsewhere, cpu, full);
}

void ctl_schedule_worked(struct ctl_workload *workload)
{
    if (!workload->hungry) return;
    workload->hungry = false;
    workload->controllers->hungry--;
}

void ctl_room(struct sim_controllers *controllers)
{
    controllers->room++;
    if (!controllers->hungry) return;
    for (uint32_t i = 0; i < controllers->workload_count; i++)
        if (controllers->workloads[i].hungry) ctl_look_at(&controllers->workloads[i], ctl_now(controllers));
}
