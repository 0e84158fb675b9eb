/* Budgets: pkg/controller/disruption; evictions: pkg/registry/core/pod/storage/eviction.go; drains: kubectl's
 * pkg/drain. One budget guards all pods of a service. What the disruption controller would count anew after each
 * eviction is counted when it is asked for, so that no eviction slips through. */
#include "sim/platform/controllers_parts.h"

/* ---- budgets ---- */

static bool has_budget(const struct sim_workload_plan *plan)
{
    return plan->budget_min_available.given || plan->budget_max_unavailable.given;
}

static uint32_t healthy_of(const struct ctl_workload *workload)
{
    uint32_t count = 0;
    mc_list_each(link, &workload->sets) count += mc_container(link, struct ctl_set, link)->ready;
    mc_list_each(link, &workload->job.pods)
    {
        const struct ctl_pod *pod = mc_container(link, struct ctl_pod, link);
        count += ctl_is_active(pod) && pod->status.ready;
    }
    return count;
}

struct sim_budget_view sim_controllers_budget(const struct sim_controllers *controllers, uint32_t service)
{
    const struct sim_service *of = &controllers->topology->services[service];
    const struct sim_workload_plan *plan = &of->workload;
    struct sim_budget_view view = {.given = has_budget(plan)};
    for (uint32_t v = 0; v < of->version_count; v++) {
        const struct ctl_workload *workload = ctl_workload_of(controllers, service, v);
        view.expected += ctl_is_job(workload) ? plan->job.parallelism : workload->replicas;
        view.healthy += healthy_of(workload);
    }
    if (plan->budget_max_unavailable.given) {
        uint32_t missing = ctl_amount(&plan->budget_max_unavailable, view.expected, true);
        view.desired = view.expected > missing ? view.expected - missing : 0;
    } else {
        view.desired = ctl_amount(&plan->budget_min_available, view.expected, true);
    }
    if (view.expected && view.healthy > view.desired) view.allowed = view.healthy - view.desired;
    return view;
}

/* ---- evictions ---- */

/* The eviction subresource. False: 429, "Cannot evict pod as it would violate the pod's disruption budget." */
static bool evict(struct sim_controllers *controllers, struct ctl_pod *pod)
{
    struct sim_budget_view budget = sim_controllers_budget(controllers, pod->service);
    bool guarded = budget.given && ctl_is_active(pod) && pod->status.phase != SIM_POD_PENDING;
    /* unhealthyPodEvictionPolicy IfHealthyBudget */
    if (guarded && !pod->status.ready && budget.healthy >= budget.desired && budget.desired > 0) guarded = false;
    if (guarded && !budget.allowed) return false;
    ctl_remove(pod, MC_NEVER);
    return true;
}

/* ---- drains ---- */

static void tell_hopeless(struct ctl_drain *drain, const struct ctl_pod *pod)
{
    struct sim_controllers *controllers = drain->controllers;
    struct sim_budget_view budget = sim_controllers_budget(controllers, pod->service);
    drain->view.hopeless = budget.expected <= budget.desired;
    if (drain->told_hopeless) return;
    drain->told_hopeless = true;
    ctl_event(controllers, controllers->machines[pod->machine].name, "EvictionRefused", true,
              "the disruption budget of %.*s wants %u of %u healthy, %u are%s; tried again",
              MC_STR_ARG(controllers->topology->services[pod->service].name), budget.desired, budget.expected, budget.healthy,
              drain->view.hopeless ? ": it never allows an eviction" : "");
}

static void evict_machine(struct ctl_drain *drain, struct ctl_machine *machine)
{
    struct sim_controllers *controllers = drain->controllers;
    mc_list_each(link, &machine->pods)
    {
        struct ctl_pod *pod = mc_container(link, struct ctl_pod, here);
        if (pod->leaving || pod->status.terminating) continue;
        uint32_t service = pod->service;
        if (evict(controllers, pod)) {
            drain->view.evicted++;
            continue;
        }
        drain->view.refused++;
        drain->view.blocked_by = service;
        tell_hopeless(drain, pod);
    }
}

static uint32_t pods_left(const struct ctl_drain *drain)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < drain->machine_count; i++) left += drain->controllers->machines[drain->machines[i]].held;
    return left;
}

static void end_drain(struct ctl_drain *drain, enum sim_drain_state state)
{
    drain->view.state = state;
    drain->view.ended = ctl_now(drain->controllers);
    sim_engine_cancel(drain->controllers->engine, &drain->entry);
}

static void look_at_drain(struct ctl_drain *drain)
{
    drain->view.left = pods_left(drain);
    if (!drain->view.left) end_drain(drain, SIM_DRAIN_DONE);
}

static void try_again(struct sim_entry *entry)
{
    struct ctl_drain *drain = mc_container(entry, struct ctl_drain, entry);
    struct sim_controllers *controllers = drain->controllers;
    mc_ns now = ctl_now(controllers);
    if (now >= drain->until) {
        drain->view.left = pods_left(drain);
        ctl_event(controllers, controllers->machines[drain->machines[0]].name, "DrainTimedOut", true, "%u pods are left", drain->view.left);
        end_drain(drain, SIM_DRAIN_TIMED_OUT);
        return;
    }
    uint64_t refused = drain->view.refused;
    drain->view.blocked_by = SIM_NONE;
    drain->view.hopeless = false;
    for (uint32_t i = 0; i < drain->machine_count; i++) evict_machine(drain, &controllers->machines[drain->machines[i]]);
    look_at_drain(drain);
    if (drain->view.state != SIM_DRAIN_GOING) return;
    mc_ns next = drain->view.refused > refused ? now + controllers->constants.eviction_retry : MC_NEVER;
    sim_engine_at(controllers->engine, entry, next < drain->until ? next : drain->until);
}

static const struct sim_entry_type drain_entry = {"drain", SIM_CLASS_FAULT, SIM_KIND_ORDER, try_again};

void ctl_drains_look(struct sim_controllers *controllers)
{
    mc_list_each(link, &controllers->drains)
    {
        struct ctl_drain *drain = mc_container(link, struct ctl_drain, link);
        if (drain->view.state == SIM_DRAIN_GOING) look_at_drain(drain);
    }
}

uint32_t sim_controllers_drain(struct sim_controllers *controllers, const uint32_t *machines, uint32_t count, mc_ns timeout)
{
    struct ctl_drain *drain = ctl_take(controllers, sizeof *drain);
    uint32_t *places = drain ? ctl_take(controllers, count * sizeof *places) : NULL;
    if (!places) {
        mc_pool_give(&controllers->realm->pool, drain, sizeof *drain);
        return UINT32_MAX;
    }
    *drain = (struct ctl_drain){.controllers = controllers,
                                .number = controllers->drain_count++,
                                .machines = places,
                                .machine_capacity = count,
                                .until = timeout ? mc_ns_add(ctl_now(controllers), timeout) : MC_NEVER,
                                .view = {.blocked_by = SIM_NONE, .ended = MC_NEVER}};
    mc_list_push_back(&controllers->drains, &drain->link);
    sim_entry_init(&drain->entry, &drain_entry, &controllers->origin, 0);
    for (uint32_t i = 0; i < count; i++) {
        struct ctl_machine *machine = ctl_machine_of(controllers, machines[i]);
        if (!machine) continue;
        places[drain->machine_count++] = (uint32_t)(machine - controllers->machines);
        sim_controllers_cordon(controllers, machines[i], true);
    }
    look_at_drain(drain);
    if (drain->view.state == SIM_DRAIN_GOING) sim_engine_at(controllers->engine, &drain->entry, ctl_now(controllers));
    return drain->number;
}

void sim_controllers_cordon(struct sim_controllers *controllers, uint32_t number, bool cordoned)
{
    struct ctl_machine *machine = ctl_machine_of(controllers, number);
    if (!machine || machine->cordoned == cordoned) return;
    machine->cordoned = cordoned;
    ctl_event(controllers, machine->name, cordoned ? "NodeNotSchedulable" : "NodeSchedulable", false, "%s", cordoned ? "cordoned" : "uncordoned");
    if (!cordoned) ctl_room(controllers);
}

struct sim_drain_view sim_controllers_drain_view(const struct sim_controllers *controllers, uint32_t number)
{
    for (const struct mc_link *link = controllers->drains.next; link != &controllers->drains; link = link->next) {
        const struct ctl_drain *drain = mc_container(link, struct ctl_drain, link);
        if (drain->number == number) return drain->view;
    }
    return (struct sim_drain_view){.state = SIM_DRAIN_DONE, .blocked_by = SIM_NONE, .ended = MC_NEVER};
}
