/* pkg/controller/nodelifecycle and pkg/controller/tainteviction.
 *
 * A kubelet renews its lease every 10 s. The monitor looks every nodeMonitorPeriod; when it has seen no renewal for
 * nodeMonitorGracePeriod the node is not ready: its pods' condition Ready becomes False at once. The taint
 * unreachable:NoExecute comes from a queue per zone, one node every 10 s; none while all zones are lost; one every
 * 100 s, or in zones of up to 50 nodes none, while more than 55 % of a zone are (computeZoneState, handleDisruption). Pods
 * tolerate it for tolerationSeconds, then they are deleted. */
#include "sim/platform/controllers_parts.h"

enum { RENEW_S = 10, LARGE_ZONE = 50, SICK_PERCENT = 55, SICK_NODES = 2 };
#define TAINT_PERIOD (10 * MC_S)        /* --node-eviction-rate 0.1 */
#define SICK_TAINT_PERIOD (100 * MC_S)  /* --secondary-node-eviction-rate 0.01 */

struct ctl_machine *ctl_machine_of(const struct sim_controllers *controllers, uint32_t machine)
{
    uint32_t place = machine < controllers->place_capacity ? controllers->place_of[machine] : 0;
    return place ? &controllers->machines[place - 1] : NULL;
}

bool sim_controllers_machine_view(const struct sim_controllers *controllers, uint32_t number, struct sim_machine_view *view)
{
    const struct ctl_machine *machine = ctl_machine_of(controllers, number);
    if (!machine) return false;
    *view = (struct sim_machine_view){.zone = machine->zone,
                                      .pods = machine->held,
                                      .number = (uint32_t)(machine - controllers->machines),
                                      .ready = machine->ready,
                                      .cordoned = machine->cordoned,
                                      .tainted = machine->tainted};
    return true;
}

uint32_t sim_controllers_machine_at(const struct sim_controllers *controllers, uint32_t number)
{
    return number < controllers->machine_count ? controllers->machines[number].number : SIM_NONE;
}

/* ---- leases ---- */

/* The last instant up to AT at which the kubelet renewed, if it always did. */
static mc_ns renewal_before(const struct ctl_machine *machine, mc_ns at)
{
    mc_ns period = RENEW_S * MC_S;
    return at < machine->phase ? 0 : at - (at - machine->phase) % period;
}

static mc_ns round_up(mc_ns at, mc_ns period)
{
    return (at + period - 1) / period * period;
}

/* When the monitor gives a silent machine up. Its probe timestamp is when it saw the last renewal. */
static mc_ns given_up_at(const struct sim_controllers *controllers, const struct ctl_machine *machine)
{
    mc_ns period = controllers->constants.node_monitor_period;
    mc_ns seen = round_up(renewal_before(machine, machine->silent), period);
    return round_up(seen + controllers->constants.node_monitor_grace, period);
}

/* ---- what happens to a node ---- */

static void lose(struct sim_controllers *controllers, struct ctl_machine *machine)
{
    machine->ready = false;
    ctl_event(controllers, machine->name, "NodeNotReady", true, "Kubelet stopped posting node status");
    mc_list_each(link, &machine->pods)
        controllers->owner->type->unready(controllers->owner, mc_container(link, struct ctl_pod, here)->number);
}

static void recover(struct sim_controllers *controllers, struct ctl_machine *machine)
{
    machine->silent = machine->evict_at = MC_NEVER;
    machine->ready = true;
    machine->tainted = machine->evicted = false;
    ctl_event(controllers, machine->name, "NodeReady", false, "Kubelet posts node status again");
    ctl_room(controllers);
}

static void taint(struct sim_controllers *controllers, struct ctl_machine *machine)
{
    machine->tainted = true;
    machine->evict_at = mc_ns_add(ctl_now(controllers), controllers->constants.toleration);
}

static void evict_all(struct sim_controllers *controllers, struct ctl_machine *machine)
{
    uint32_t count = 0;
    machine->evicted = true;
    mc_list_each(link, &machine->pods)
    {
        struct ctl_pod *pod = mc_container(link, struct ctl_pod, here);
        if (pod->leaving || pod->status.terminating) continue;
        count++;
        ctl_remove(pod, MC_NEVER);
    }
    ctl_event(controllers, machine->name, "TaintManagerEviction", true, "%u pods are deleted: the node is unreachable", count);
}

/* ---- zones ---- */

static void count_zones(struct sim_controllers *controllers)
{
    uint32_t count = controllers->topology->zone_count;
    for (uint32_t z = 0; z < count; z++) controllers->zones[z].machines = controllers->zones[z].unready = 0;
    for (uint32_t i = 0; i < controllers->machine_count; i++) {
        struct ctl_zone *zone = &controllers->zones[controllers->machines[i].zone];
        zone->machines++;
        zone->unready += !controllers->machines[i].ready;
    }
}

static bool is_lost(const struct ctl_zone *zone)
{
    return zone->machines && zone->unready == zone->machines;
}

static bool all_lost(const struct sim_controllers *controllers)
{
    for (uint32_t z = 0; z < controllers->topology->zone_count; z++)
        if (controllers->zones[z].machines && !is_lost(&controllers->zones[z])) return false;
    return true;
}

/* MC_NEVER: none for now. */
static mc_ns taint_period(const struct ctl_zone *zone)
{
    bool sick = zone->unready > SICK_NODES && zone->unready * 100 >= zone->machines * SICK_PERCENT;
    if (is_lost(zone) || !sick) return TAINT_PERIOD;
    return zone->machines > LARGE_ZONE ? SICK_TAINT_PERIOD : MC_NEVER;
}

static void taint_some(struct sim_controllers *controllers)
{
    mc_ns now = ctl_now(controllers);
    count_zones(controllers);
    if (all_lost(controllers)) {
        for (uint32_t i = 0; i < controllers->machine_count; i++) {
            controllers->machines[i].tainted = false;
            controllers->machines[i].evict_at = MC_NEVER;
        }
        return;
    }
    for (uint32_t i = 0; i < controllers->machine_count; i++) {
        struct ctl_machine *machine = &controllers->machines[i];
        struct ctl_zone *zone = &controllers->zones[machine->zone];
        mc_ns period = taint_period(zone);
        if (machine->ready || machine->tainted || now < zone->next_taint || period == MC_NEVER) continue;
        zone->next_taint = now + period;
        taint(controllers, machine);
    }
}

/* ---- the monitor ---- */

/* What becomes of one machine at this tick; the next instant at which something may. */
static void look_at_machine(struct sim_controllers *controllers, struct ctl_machine *machine)
{
    mc_ns now = ctl_now(controllers);
    if (machine->renews) {
        bool heard = machine->silent != MC_NEVER && renewal_before(machine, now) >= machine->back;
        if (heard && !machine->ready) recover(controllers, machine);
        else if (heard) machine->silent = MC_NEVER;
    } else if (machine->ready && now >= given_up_at(controllers, machine)) {
        lose(controllers, machine);
    }
}

static void monitor(struct sim_entry *entry)
{
    struct sim_controllers *controllers = mc_container(entry, struct sim_controllers, monitor);
    mc_ns period = controllers->constants.node_monitor_period, now = ctl_now(controllers), next = MC_NEVER;
    bool tick = now % period == 0, any = false;
    for (uint32_t i = 0; tick && i < controllers->machine_count; i++) look_at_machine(controllers, &controllers->machines[i]);
    if (tick) taint_some(controllers);
    for (uint32_t i = 0; i < controllers->machine_count; i++) {
        struct ctl_machine *machine = &controllers->machines[i];
        if (machine->tainted && !machine->evicted && now >= machine->evict_at) evict_all(controllers, machine);
        if (machine->tainted && !machine->evicted && machine->evict_at < next) next = machine->evict_at;
        any = any || machine->silent != MC_NEVER;
    }
    mc_ns following = (now / period + 1) * period;
    if (any) sim_engine_at(controllers->engine, entry, next < following ? next : following);
}

static const struct sim_entry_type monitor_entry = {"node-monitor", SIM_CLASS_FAULT, SIM_KIND_ORDER, monitor};

void ctl_nodes_begin(struct sim_controllers *controllers)
{
    sim_entry_init(&controllers->monitor, &monitor_entry, &controllers->origin, 0);
    for (uint32_t i = 0; i < controllers->machine_count; i++) {
        uint64_t draw = mc_draw(controllers->realm->seed, MC_FOR_SELECT, controllers->origin.number + 1, i);
        controllers->machines[i].phase = (mc_ns)mc_below(draw, RENEW_S * MC_S);
    }
}

void sim_controllers_heartbeat(struct sim_controllers *controllers, uint32_t number, bool renews)
{
    struct ctl_machine *machine = ctl_machine_of(controllers, number);
    mc_ns now = ctl_now(controllers), period = controllers->constants.node_monitor_period;
    mc_assert(controllers->started);
    if (!machine || machine->renews == renews) return;
    machine->renews = renews;
    if (renews) machine->back = now;
    else if (machine->silent == MC_NEVER || renewal_before(machine, now) >= machine->back) machine->silent = now;
    if (!sim_entry_is_queued(&controllers->monitor)) sim_engine_at(controllers->engine, &controllers->monitor, round_up(now, period));
}
