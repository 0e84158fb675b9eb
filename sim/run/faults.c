#include "sim/run/parts.h"

/* ---- what the catalogue needs of a run ---- */

static struct sim_run *run_of(struct sim_fault_targets *targets)
{
    return mc_container(targets, struct sim_run, targets);
}

static struct run_pod *pod_at(struct sim_run *run, uint32_t world)
{
    uint32_t number = run_pod_by_addr(run, mc_trace_addr(sim_net_addr(sim_world_net(run->world), world, 0)));
    return number == RUN_NO_POD ? NULL : run->pods[number];
}

static struct sim_app *app(struct sim_fault_targets *targets, uint32_t world)
{
    struct run_pod *pod = pod_at(run_of(targets), world);
    return pod ? pod->app : NULL;
}

static void hold(struct sim_fault_targets *targets, uint32_t world)
{
    struct sim_run *run = run_of(targets);
    struct run_pod *pod = pod_at(run, world);
    if (pod) sim_pods_hold(run->platform, pod->number);
}

static void restart(struct sim_fault_targets *targets, uint32_t world)
{
    struct sim_run *run = run_of(targets);
    struct run_pod *pod = pod_at(run, world);
    bool dark = pod && run_machine_is_down(run, sim_world_pod(run->world, world).machine);
    if (pod) run_pod_release(run, pod);
    if (dark) sim_pod_crash(run->world, world, SIM_LEAVE_SILENT);
    else if (world == run->control_pod) run_control_restart(run);
}

static uint32_t control(struct sim_fault_targets *targets)
{
    struct sim_run *run = run_of(targets);
    return run->control_pod != SIM_NONE ? run->control_container : SIM_NONE;
}

static struct mc_registry *registry(struct sim_fault_targets *targets)
{
    struct sim_run *run = run_of(targets);
    return run->control_pod != SIM_NONE ? run->registry : NULL;
}

static struct mc_authority *authority(struct sim_fault_targets *targets)
{
    return run_of(targets)->authority;
}

static void machine(struct sim_fault_targets *targets, uint32_t number, enum sim_machine_fate fate)
{
    run_machine_fate(run_of(targets), number, fate);
}

static void ca(struct sim_fault_targets *targets, bool up)
{
    struct sim_run *run = run_of(targets);
    run->ca_down = !up;
    sim_check_ca(run->check, run->now, up);
    run_event(run, "control", up ? SIM_INFO : SIM_WARNING, MC_STR("CA"), "%s", up ? "answers again" : "does not answer");
}

static void changed(struct sim_fault_targets *targets, const struct sim_fault *fault)
{
    struct sim_run *run = run_of(targets);
    bool begins = sim_fault_state(fault) == SIM_FAULT_ACTIVE;
    run->now = sim_world_now(run->world);
    sim_check_cut(run->check, run->now, true);
    if (begins) run_fault_began(run);
    struct sim_touched touched = sim_fault_affected(fault);
    run_event(run, begins ? "fault.start" : "fault.end", begins ? SIM_WARNING : SIM_NOTICE, mc_str_c(sim_fault_kind(fault)->name),
              "%s%s", sim_fault_target(fault), begins ? "" : " cleared");
    struct sim_sink *sink = run->options.sink;
    if (!sink || !sink->type->fault) return;
    struct sim_sink_fault told = {.id = sim_fault_number(fault),
                                  .kind = sim_fault_kind(fault)->name,
                                  .selector = mc_str_c(sim_fault_target(fault)),
                                  .params_json = mc_str_c(sim_fault_params_json(fault)),
                                  .start = sim_fault_started(fault),
                                  .end = begins ? MC_NEVER : run->now,
                                  .packets = touched.packets,
                                  .requests = touched.requests,
                                  .connections = touched.connections};
    sink->type->fault(sink, &told);
}

const struct sim_fault_targets_type run_targets_type = {
    .app = app, .hold = hold, .restart = restart, .machine = machine, .control = control, .registry = registry, .authority = authority, .ca = ca, .changed = changed};

/* ---- what scripts ask ---- */

struct sim_fault *sim_run_fault(struct sim_run *run, const struct sim_fault_spec *spec, struct sim_error *error)
{
    return sim_faults_add(run->faults, spec, error);
}

void sim_run_fault_clear(struct sim_run *run, struct sim_fault *fault)
{
    sim_faults_clear(run->faults, fault);
}

bool sim_run_select(struct sim_run *run, const struct sim_selector *selector, struct sim_pod_set *set, struct sim_error *error)
{
    return sim_faults_select(run->faults, selector, set, error);
}

struct mc_str sim_run_pod_name(const struct sim_run *run, uint32_t pod)
{
    return sim_world_pod(run->world, pod).name;
}
