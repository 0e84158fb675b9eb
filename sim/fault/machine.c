/* Machines that are lost: without power, or cut off from the API server while their pods go on. What several faults do to
 * one machine at once is the worst of it. */
#include "sim/fault/fault_parts.h"

static uint32_t machine_of(const struct sim_fault *fault, uint32_t index)
{
    return sim_world_pod(fault->faults->world, fault->from.pods[index]).machine;
}

static bool has_machine(const struct sim_fault *fault, uint32_t machine)
{
    for (uint32_t i = 0; i < fault->from.count; i++)
        if (machine_of(fault, i) == machine) return true;
    return false;
}

/* What those that are active do to MACHINE; one of them may be LEAVING. */
static enum sim_machine_fate fate_of(const struct sim_fault *fault, uint32_t machine, const struct sim_fault *leaving)
{
    enum sim_machine_fate fate = SIM_MACHINE_UP;
    for (struct sim_fault *other = NULL; (other = fault_next_active(fault->faults, &fault_machine_down, other));) {
        if (other == leaving || !has_machine(other, machine)) continue;
        enum sim_machine_fate one = fault_text_is(other, "how", "partition", "power") ? SIM_MACHINE_CUT_OFF : SIM_MACHINE_DOWN;
        if (one > fate) fate = one;
    }
    return fate;
}

/* Each machine once: the pods of a selector often share one. */
static uint32_t judge(struct sim_fault *fault, const struct sim_fault *leaving)
{
    struct sim_fault_targets *targets = fault_targets(fault);
    uint32_t count = 0;
    for (uint32_t i = 0; i < fault->from.count; i++) {
        uint32_t machine = machine_of(fault, i), first = 0;
        while (machine_of(fault, first) != machine) first++;
        if (first < i) continue;
        count++;
        targets->type->machine(targets, machine, fate_of(fault, machine, leaving));
    }
    return count;
}

static bool start_machine_down(struct sim_fault *fault)
{
    bool power = fault_text_is(fault, "how", "power", "power");
    uint64_t lost = power ? fault_connections_of(fault) : 0;
    fault->touched.connections = lost + judge(fault, NULL);
    return true;
}

static void stop_machine_down(struct sim_fault *fault)
{
    judge(fault, fault);
}

const struct sim_fault_code fault_machine_down = {.start = start_machine_down, .stop = stop_machine_down, .pods_only = true};
