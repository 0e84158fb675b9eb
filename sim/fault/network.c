/* Faults of the network: each is one rule (sim/net/rule.h). */
#include "sim/fault/fault_parts.h"


static bool fill_rest(struct sim_fault *fault, struct sim_pod_set *rest)
{
    uint32_t count = sim_world_pod_count(fault->faults->world);
    rest->alloc = &fault->faults->alloc;
    rest->pods = mc_alloc_take(rest->alloc, (count + 1) * sizeof *rest->pods);
    if (!rest->pods) return false;
    rest->capacity = count + 1;
    for (uint32_t i = 0; i < count; i++)
        if (!sim_pod_set_has(&fault->from, i)) rest->pods[rest->count++] = i;
    return true;
}

static void swap(struct sim_rule_spec *spec)
{
    const uint32_t *pods = spec->from;
    uint32_t count = spec->from_count;
    spec->from = spec->to;
    spec->from_count = spec->to_count;
    spec->to = pods;
    spec->to_count = count;
}

/* An empty group is about nobody: there is no rule then. */
static bool add_rule(struct sim_fault *fault, struct sim_rule_spec spec, const char *direction, bool everyone)
{
    struct sim_pod_set rest = {0};
    const struct sim_pod_set *to = &fault->to;
    if (fault->everything_else && !everyone) {
        if (!fill_rest(fault, &rest)) return false;
        to = &rest;
    }
    spec.from = fault->from.pods;
    spec.from_count = fault->from.count;
    if (!fault->everything_else || !everyone) {
        spec.to = to->pods;
        spec.to_count = to->count;
    }
    spec.both = fault_text_is(fault, "direction", "both", direction);
    spec.share_ppm = fault->gate.share_ppm;
    spec.first = fault->gate.first;
    spec.every = fault->gate.every;
    spec.skip = fault->gate.skip;
    bool nobody = !fault->from.count || (spec.to && !spec.to_count);
    if (fault_text_is(fault, "direction", "from", direction)) swap(&spec);
    if (!nobody) fault->rule = sim_rule_add(sim_world_net(fault->faults->world), &spec);
    sim_pod_set_fini(&rest);
    return nobody || fault->rule;
}

static bool start_partition(struct sim_fault *fault)
{
    return add_rule(fault, (struct sim_rule_spec){.cut = true}, "both", false);
}

static bool start_blackhole(struct sim_fault *fault)
{
    return add_rule(fault, (struct sim_rule_spec){.cut = true}, "both", true);
}

static bool start_delay(struct sim_fault *fault)
{
    struct sim_rule_spec spec = {.latency = fault_number(fault, "latency", 0), .jitter = fault_number(fault, "jitter", 0)};
    return add_rule(fault, spec, "to", false);
}

static bool start_jitter(struct sim_fault *fault)
{
    return add_rule(fault, (struct sim_rule_spec){.jitter = fault_number(fault, "jitter", 0)}, "to", false);
}

static bool start_loss(struct sim_fault *fault)
{
    return add_rule(fault, (struct sim_rule_spec){.loss_ppm = (uint32_t)fault_number(fault, "loss", 1000000)}, "to", false);
}

static bool start_bandwidth(struct sim_fault *fault)
{
    return add_rule(fault, (struct sim_rule_spec){.bits_per_second = (uint64_t)fault_number(fault, "rate", 0)}, "to", false);
}

static void count(const struct sim_fault *fault, struct sim_touched *touched)
{
    if (!fault->rule) return;
    struct sim_rule_counts counts = sim_rule_counts(sim_world_net(fault->faults->world), fault->rule);
    touched->packets += counts.packets;
    touched->connections += counts.connections;
}

static void stop(struct sim_fault *fault)
{
    if (fault->rule) sim_rule_remove(sim_world_net(fault->faults->world), fault->rule, NULL);
    fault->rule = 0;
}

const struct sim_fault_code fault_cut = {.start = start_partition, .stop = stop, .count = count};
const struct sim_fault_code fault_blackhole = {.start = start_blackhole, .stop = stop, .count = count};
const struct sim_fault_code fault_delay = {.start = start_delay, .stop = stop, .count = count};
const struct sim_fault_code fault_jitter = {.start = start_jitter, .stop = stop, .count = count};
const struct sim_fault_code fault_loss = {.start = start_loss, .stop = stop, .count = count};
const struct sim_fault_code fault_bandwidth = {.start = start_bandwidth, .stop = stop, .count = count};
