/* Faults of identity: certificates that run out, a CA that does not issue, clocks that are wrong. */
#include "sim/fault/fault_parts.h"
#include "node/node.h"

static bool has_ca(struct sim_fault *fault, struct sim_error *error)
{
    struct sim_fault_targets *targets = fault_targets(fault);
    if (targets->type->authority(targets)) return true;
    return sim_error_refuse(error, fault->source, "fault.%s needs a profile with a CA: \"%.*s\" has none", fault->type->name,
                         MC_STR_ARG(fault->faults->plan->profile.name));
}

/* ---- cert_expire ---- */

static uint32_t command_sidecars(struct sim_fault *fault, const struct mc_command *command)
{
    uint32_t done = 0;
    for (uint32_t i = 0; i < fault->from.count; i++) {
        uint32_t container = fault_container(fault, fault->from.pods[i], true);
        if (container != SIM_NONE) done += sim_container_command(fault->faults->world, container, command);
    }
    return done;
}

static bool start_expire(struct sim_fault *fault)
{
    struct mc_node_expire expire = {.base.kind = MC_NODE_EXPIRE, .authority = fault_targets(fault)->type->authority(fault_targets(fault))};
    fault->touched.connections += command_sidecars(fault, &expire.base);
    return true;
}

/* What has run out stays so: a new one is asked for. */
static void stop_expire(struct sim_fault *fault)
{
    struct mc_command renew = {.kind = MC_NODE_RENEW};
    command_sidecars(fault, &renew);
}

/* ---- ca_outage ---- */

static enum mc_ca_mode mode_of(const struct sim_fault *fault)
{
    static const enum mc_ca_mode modes[] = {MC_CA_REFUSE, MC_CA_BLACKHOLE, MC_CA_SLOW, MC_CA_ERROR};
    for (size_t i = 0; i < MC_COUNT_OF(modes); i++)
        if (fault_text_is(fault, "mode", mc_ca_mode_text(modes[i]), "refuse")) return modes[i];
    mc_unreachable();
}

/* The latest outage counts; without any the CA is well. */
static void set_mode(struct sim_fault *fault)
{
    struct sim_fault_targets *targets = fault_targets(fault);
    struct mc_node_ca_mode command = {.base.kind = MC_NODE_CA_MODE, .mode = MC_CA_OK};
    for (struct sim_fault *other = NULL; (other = fault_next_active(fault->faults, &fault_ca_outage, other));) {
        command.mode = mode_of(other);
        command.delay = fault_number(other, "latency", 30 * MC_S);
    }
    uint32_t control = targets->type->control(targets);
    if (control != SIM_NONE) (void)sim_container_command(fault->faults->world, control, &command.base);
    targets->type->ca(targets, command.mode == MC_CA_OK);
}

static bool start_outage(struct sim_fault *fault)
{
    set_mode(fault);
    return true;
}

/* ---- clock_skew ---- */

/* Each machine once, however many of its pods are meant. */
static void shift(struct sim_fault *fault, mc_ns by)
{
    struct sim_world *world = fault->faults->world;
    for (uint32_t i = 0; i < fault->from.count; i++) {
        uint32_t machine = sim_world_pod(world, fault->from.pods[i]).machine;
        bool again = false;
        for (uint32_t j = 0; j < i && !again; j++) again = sim_world_pod(world, fault->from.pods[j]).machine == machine;
        if (!again) sim_machine_set_offset(world, machine, sim_machine_offset(world, machine) + by);
    }
}

static bool start_skew(struct sim_fault *fault)
{
    shift(fault, fault_number(fault, "offset", 0));
    return true;
}

static void stop_skew(struct sim_fault *fault)
{
    shift(fault, -fault_number(fault, "offset", 0));
}

static void count_connections(const struct sim_fault *fault, struct sim_touched *touched)
{
    touched->connections += fault_connections_of(fault);
}

const struct sim_fault_code fault_cert_expire = {.possible = has_ca, .start = start_expire, .stop = stop_expire, .pods_only = true};
const struct sim_fault_code fault_ca_outage = {
    .possible = has_ca, .start = start_outage, .stop = set_mode, .control_started = set_mode, .no_filters = true};
const struct sim_fault_code fault_clock_skew = {.start = start_skew, .stop = stop_skew, .count = count_connections, .pods_only = true, .control = true};
