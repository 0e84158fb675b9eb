/* Faults of the network: each is one rule (sim/net/rule.h); port_exhaustion limits its pods. */
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

static bool start_mtu(struct sim_fault *fault)
{
    return add_rule(fault, (struct sim_rule_spec){.mtu = (uint32_t)fault_number(fault, "size", 1500)}, "both", false);
}

static bool start_conntrack_drop(struct sim_fault *fault)
{
    struct sim_rule_spec spec = {.idle = fault_number(fault, "idle", 0), .idle_reset = fault_text_is(fault, "answer", "reset", "silence")};
    return add_rule(fault, spec, "both", false);
}

static bool start_half_open(struct sim_fault *fault)
{
    return add_rule(fault, (struct sim_rule_spec){.cut = true, .old_only = true}, "both", false);
}

static bool start_reset(struct sim_fault *fault)
{
    return add_rule(fault, (struct sim_rule_spec){.reset = true}, "both", false);
}

static bool start_refuse(struct sim_fault *fault)
{
    return add_rule(fault, (struct sim_rule_spec){.refuse = true}, "to", false);
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

/* ---- ports ---- */

static uint64_t without_port(const struct sim_fault *fault)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < fault->from.count; i++)
        sum += sim_net_counts(sim_world_net(fault->faults->world), fault->from.pods[i]).no_port;
    return sum;
}

static void limit_ports(const struct sim_fault *fault, bool on)
{
    struct sim_net *net = sim_world_net(fault->faults->world);
    uint32_t ports = on ? (uint32_t)fault_number(fault, "ports", 1) : 0;
    for (uint32_t i = 0; i < fault->from.count; i++) sim_net_limit_ports(net, fault->from.pods[i], ports);
}

static bool start_port_exhaustion(struct sim_fault *fault)
{
    fault->connections_before = without_port(fault);
    limit_ports(fault, true);
    return true;
}

/* What others say of these pods holds again. */
static void stop_port_exhaustion(struct sim_fault *fault)
{
    limit_ports(fault, false);
    for (struct sim_fault *other = NULL; (other = fault_next_active(fault->faults, &fault_port_exhaustion, other));)
        if (other != fault) limit_ports(other, true);
}

static void count_port_exhaustion(const struct sim_fault *fault, struct sim_touched *touched)
{
    touched->connections += without_port(fault) - fault->connections_before;
}

const struct sim_fault_code fault_port_exhaustion = {
    .start = start_port_exhaustion, .stop = stop_port_exhaustion, .count = count_port_exhaustion, .no_filters = true};
const struct sim_fault_code fault_mtu = {.start = start_mtu, .stop = stop, .count = count};
const struct sim_fault_code fault_conntrack_drop = {.start = start_conntrack_drop, .stop = stop, .count = count, .no_filters = true};
const struct sim_fault_code fault_half_open = {.start = start_half_open, .stop = stop, .count = count};
const struct sim_fault_code fault_reset = {.start = start_reset, .stop = stop, .count = count};
const struct sim_fault_code fault_refuse = {.start = start_refuse, .stop = stop, .count = count};
const struct sim_fault_code fault_cut = {.start = start_partition, .stop = stop, .count = count};
const struct sim_fault_code fault_blackhole = {.start = start_blackhole, .stop = stop, .count = count};
const struct sim_fault_code fault_delay = {.start = start_delay, .stop = stop, .count = count};
const struct sim_fault_code fault_jitter = {.start = start_jitter, .stop = stop, .count = count};
const struct sim_fault_code fault_loss = {.start = start_loss, .stop = stop, .count = count};
const struct sim_fault_code fault_bandwidth = {.start = start_bandwidth, .stop = stop, .count = count};
