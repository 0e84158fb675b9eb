/* The controllers of a run. They come into being when something needs them: an autoscaler or a Job of the plan, a
 * verb of the script, a machine that is lost. A run without any of these does not pay for them. */
#include "sim/run/platform.h"
#include "sim/run/parts.h"
#include <stdio.h>

struct run_kube {
    struct sim_run *run;
    struct sim_controllers *controllers;
    struct sim_controllers_owner owner;
    struct sim_pod_watch watch;
    uint8_t *fates; /* by machine: enum sim_machine_fate */
    uint32_t machines;
};

static void share_fate(struct sim_run *run, uint32_t number);

/* ---- what controllers ask ---- */

static struct sim_run *run_of(struct sim_controllers_owner *owner)
{
    return mc_container(owner, struct run_kube, owner)->run;
}

static uint32_t create(struct sim_controllers_owner *owner, uint32_t service, uint32_t version, uint32_t machine)
{
    uint32_t number = SIM_NONE;
    struct sim_run *run = run_of(owner);
    if (!run_pod_create(run, service, version, machine, &number)) return SIM_NONE;
    share_fate(run, number);
    return number;
}

static void delete(struct sim_controllers_owner *owner, uint32_t pod, mc_ns grace)
{
    sim_pods_delete(run_of(owner)->platform, pod, grace);
}

static void unready(struct sim_controllers_owner *owner, uint32_t pod)
{
    sim_pods_unready(run_of(owner)->platform, pod);
}

static void add_container(const struct sim_run *run, uint32_t container, struct sim_usage *usage)
{
    if (container != SIM_NONE) usage->cpu += sim_world_container(run->world, container).cpu;
}

static bool usage(struct sim_controllers_owner *owner, uint32_t number, struct sim_usage *usage)
{
    struct sim_run *run = run_of(owner);
    const struct run_pod *pod = run->pods[number];
    const struct sim_version *version = &run->plan->topology.services[pod->service].versions[pod->version];
    if (pod->gone) return false;
    *usage = (struct sim_usage){.requests = pod->requests};
    add_container(run, pod->app_container, usage);
    add_container(run, pod->sidecar_container, usage);
    usage->cpu_request_millis = version->resources.cpu_request_millis ? version->resources.cpu_request_millis : version->cpu_millis;
    if (usage->cpu_request_millis && pod->meshed) usage->cpu_request_millis += run->plan->profile.proxy.cpu_request_millis;
    return true;
}

static void event(struct sim_controllers_owner *owner, const char *subject, const char *reason, bool warning, const char *text)
{
    struct sim_run *run = run_of(owner);
    run->now = sim_world_now(run->world);
    run_event(run, "workload", warning ? SIM_WARNING : SIM_INFO, mc_str_c(subject), "%s: %s", reason, text);
}

static void out_of_memory(struct sim_controllers_owner *owner)
{
    run_of(owner)->out_of_memory = true;
}

static const struct sim_controllers_owner_type owner_type = {create, delete, unready, usage, event, out_of_memory};

static void changed(struct sim_pod_watch *watch, uint32_t pod, const struct sim_pod_status *status)
{
    sim_controllers_changed(mc_container(watch, struct run_kube, watch)->controllers, pod, status);
}

/* ---- life ---- */

static bool add_machines(struct sim_run *run, struct sim_controllers *controllers)
{
    uint32_t last = SIM_NONE, highest = 0;
    for (uint32_t i = 0; i < run->pod_count; i++) {
        uint32_t machine = sim_world_pod(run->world, run->pods[i]->world).machine;
        if (last != SIM_NONE && machine <= highest) {
            struct sim_machine_view known;
            if (sim_controllers_machine_view(controllers, machine, &known)) continue;
        }
        if (!sim_controllers_machine(controllers, machine, run->pods[i]->zone)) return false;
        last = machine;
        if (machine > highest) highest = machine;
    }
    return true;
}

static bool adopt(struct sim_run *run, struct sim_controllers *controllers)
{
    for (uint32_t i = 0; i < run->pod_count; i++) {
        const struct run_pod *pod = run->pods[i];
        if (pod->gone) continue;
        struct sim_pod_status status = sim_pods_status(run->platform, i);
        if (status.machine == SIM_NONE) status.machine = sim_world_pod(run->world, pod->world).machine;
        if (!sim_controllers_adopt(controllers, i, pod->service, pod->version, &status)) return false;
    }
    return true;
}

void run_platform_free(struct sim_run *run)
{
    struct run_kube *kube = run->controllers;
    if (!kube) return;
    if (run->platform) sim_pods_unwatch(run->platform, &kube->watch);
    sim_controllers_free(kube->controllers);
    mc_pool_give(&run->realm.pool, kube->fates, kube->machines);
    mc_pool_give(&run->realm.pool, kube, sizeof *kube);
    run->controllers = NULL;
}

/* NULL: no memory. */
struct sim_controllers *run_controllers(struct sim_run *run)
{
    if (run->controllers) return run->controllers->controllers;
    struct run_kube *kube = mc_pool_take_zero(&run->realm.pool, sizeof *kube);
    if (!kube) return NULL;
    *kube = (struct run_kube){.run = run, .owner.type = &owner_type, .watch.changed = changed};
    struct sim_controllers_options options = {.engine = sim_world_engine(run->world), .realm = &run->realm, .constants = &run->plan->kubernetes,
                                              .topology = &run->plan->topology, .owner = &kube->owner};
    run->controllers = kube;
    kube->machines = sim_world_machine_count(run->world);
    kube->fates = mc_pool_take_zero(&run->realm.pool, kube->machines);
    mc_list_init(&kube->watch.link);
    kube->controllers = sim_controllers_new(&options);
    if (!kube->controllers || !kube->fates || !add_machines(run, kube->controllers) || !adopt(run, kube->controllers)) {
        run_platform_free(run);
        run->out_of_memory = true;
        return NULL;
    }
    sim_pods_watch(run->platform, &kube->watch);
    sim_controllers_start(kube->controllers);
    return kube->controllers;
}

void run_platform_begin(struct sim_run *run)
{
    const struct sim_topology *topology = &run->plan->topology;
    bool needed = false;
    for (uint32_t i = 0; i < topology->service_count; i++) {
        const struct sim_workload_plan *plan = &topology->services[i].workload;
        needed = needed || plan->autoscaler.max_replicas || plan->job.completions;
    }
    if (needed) run_controllers(run);
}

/* ---- machines that are lost ---- */

static void power_off(struct sim_run *run, uint32_t machine)
{
    sim_pods_machine_lost(run->platform, machine, false);
    sim_machine_crash(run->world, machine);
}

void run_machine_fate(struct sim_run *run, uint32_t machine, enum sim_machine_fate fate)
{
    struct sim_controllers *controllers = run_controllers(run);
    uint8_t *fates = controllers ? run->controllers->fates : NULL;
    if (!fates || fates[machine] == fate) return;
    if (fates[machine] != SIM_MACHINE_UP) sim_pods_machine_back(run->platform, machine);
    if (fate == SIM_MACHINE_DOWN) power_off(run, machine);
    else if (fate == SIM_MACHINE_CUT_OFF) sim_pods_machine_lost(run->platform, machine, true);
    if ((fate == SIM_MACHINE_UP) != (fates[machine] == SIM_MACHINE_UP)) sim_controllers_heartbeat(controllers, machine, fate == SIM_MACHINE_UP);
    fates[machine] = (uint8_t)fate;
}

bool run_machine_is_down(const struct sim_run *run, uint32_t machine)
{
    const struct run_kube *kube = run->controllers;
    return kube && machine < kube->machines && kube->fates[machine] == SIM_MACHINE_DOWN;
}

/* The scheduler does not know yet that the machine is lost. */
static void share_fate(struct sim_run *run, uint32_t number)
{
    uint32_t machine = sim_world_pod(run->world, run->pods[number]->world).machine;
    enum sim_machine_fate fate = (enum sim_machine_fate)run->controllers->fates[machine];
    if (fate == SIM_MACHINE_UP) return;
    sim_pods_machine_lost(run->platform, machine, fate == SIM_MACHINE_CUT_OFF);
    if (fate == SIM_MACHINE_DOWN) sim_pod_crash(run->world, run->pods[number]->world, SIM_LEAVE_SILENT);
}

/* ---- naming ---- */

static bool no_name(const char *what, struct mc_str name, const void *names, size_t stride, uint32_t count, struct sim_source source,
                    struct sim_error *error)
{
    const char *near = count ? sim_nearest(name, names, stride, count) : NULL;
    return sim_error_set(error, source, "no %s \"%.*s\"%s%s%s", what, MC_STR_ARG(name), near ? ": did you mean \"" : "", near ? near : "",
                         near ? "\"?" : "");
}

static bool find_service(const struct sim_topology *topology, struct mc_str name, struct sim_source source, uint32_t *found, struct sim_error *error)
{
    for (uint32_t i = 0; i < topology->service_count; i++)
        if (mc_str_eq(topology->services[i].name, name)) {
            *found = i;
            return true;
        }
    return no_name("service", name, &topology->services[0].name.p, sizeof *topology->services, topology->service_count, source, error);
}

static bool find_version(const struct sim_service *service, struct mc_str name, struct sim_source source, uint32_t *found, struct sim_error *error)
{
    for (uint32_t i = 0; i < service->version_count; i++)
        if (mc_str_eq(service->versions[i].name, name)) {
            *found = i;
            return true;
        }
    char what[200];
    snprintf(what, sizeof what, "version of %.*s", MC_STR_ARG(service->name));
    return no_name(what, name, &service->versions[0].name.p, sizeof *service->versions, service->version_count, source, error);
}

static bool has_replicas(struct sim_run *run, uint32_t service, uint32_t version)
{
    if (!run->controllers) return run->plan->topology.services[service].versions[version].replicas > 0;
    return sim_controllers_deployment(run->controllers->controllers, service, version).replicas > 0;
}

bool sim_run_workloads(struct sim_run *run, struct mc_str name, struct sim_source source, struct sim_workloads *found, struct sim_error *error)
{
    const struct sim_topology *topology = &run->plan->topology;
    struct mc_str version, service = mc_str_cut(name, '/', &version);
    *found = (struct sim_workloads){0};
    if (!find_service(topology, service, source, &found->service, error)) return false;
    const struct sim_service *of = &topology->services[found->service];
    if (service.n != name.n) {
        found->count = 1;
        if (!find_version(of, version, source, &found->versions[0], error)) return false;
        if (run->controllers) found->versions[0] = sim_controllers_running(run->controllers->controllers, found->service, found->versions[0]);
        return true;
    }
    for (uint32_t v = 0; v < of->version_count && found->count < SIM_WORKLOADS_MAX; v++)
        if (has_replicas(run, found->service, v)) found->versions[found->count++] = v;
    if (!found->count) found->versions[found->count++] = 0;
    return true;
}

/* ---- scaling, rollouts ---- */

static bool refuse_job(const struct sim_run *run, const struct sim_workloads *found, const char *what, struct sim_source source, struct sim_error *error)
{
    const struct sim_service *of = &run->plan->topology.services[found->service];
    if (!of->workload.job.completions) return true;
    return sim_error_set(error, source, "%s: %.*s is a Job", what, MC_STR_ARG(of->name));
}

static bool one_only(const struct sim_run *run, const struct sim_workloads *found, const char *what, struct sim_source source, struct sim_error *error)
{
    const struct sim_service *of = &run->plan->topology.services[found->service];
    if (found->count == 1) return true;
    return sim_error_set(error, source, "%s: %.*s has %u versions with replicas: say which, as \"%.*s/%.*s\"", what, MC_STR_ARG(of->name), found->count,
                         MC_STR_ARG(of->name), MC_STR_ARG(of->versions[found->versions[0]].name));
}

bool sim_run_scale(struct sim_run *run, struct mc_str name, uint32_t replicas, struct sim_source source, struct sim_error *error)
{
    struct sim_workloads found;
    if (!sim_run_workloads(run, name, source, &found, error) || !one_only(run, &found, "scale", source, error) ||
        !refuse_job(run, &found, "scale", source, error))
        return false;
    struct sim_controllers *controllers = run_controllers(run);
    if (!controllers) return sim_error_set(error, source, "out of memory");
    sim_controllers_scale(controllers, found.service, found.versions[0], replicas);
    return true;
}

bool sim_run_rollout(struct sim_run *run, struct mc_str name, struct mc_str to, struct sim_source source, struct sim_run_rollout *rollout,
                     struct sim_error *error)
{
    struct sim_workloads *found = &rollout->workloads;
    uint32_t version = SIM_NONE;
    if (!sim_run_workloads(run, name, source, found, error) || !refuse_job(run, found, "rollout", source, error)) return false;
    if (to.n && (!find_version(&run->plan->topology.services[found->service], to, source, &version, error) ||
                 !one_only(run, found, "rollout", source, error)))
        return false;
    struct sim_controllers *controllers = run_controllers(run);
    if (!controllers) return sim_error_set(error, source, "out of memory");
    for (uint32_t i = 0; i < found->count; i++) {
        uint32_t runs = sim_controllers_deployment(controllers, found->service, found->versions[i]).version;
        rollout->revisions[i] = sim_controllers_rollout(controllers, found->service, found->versions[i], version == SIM_NONE ? runs : version);
    }
    return true;
}

static void add_view(struct sim_deployment_view *sum, const struct sim_deployment_view *one)
{
    sum->replicas += one->replicas, sum->pods += one->pods, sum->updated += one->updated, sum->ready += one->ready;
    sum->available += one->available, sum->terminating += one->terminating, sum->unschedulable += one->unschedulable;
    sum->most_pods += one->most_pods, sum->least_available += one->least_available;
    sum->revision = one->revision, sum->version = one->version;
    if (one->progress > sum->progress) sum->progress = one->progress;
    if (one->completed > sum->completed) sum->completed = one->completed;
}

struct sim_deployment_view sim_run_rollout_view(struct sim_run *run, const struct sim_run_rollout *rollout)
{
    struct sim_deployment_view sum = {0};
    const struct sim_workloads *workloads = &rollout->workloads;
    bool superseded = false;
    for (uint32_t i = 0; i < workloads->count; i++) {
        struct sim_deployment_view one = sim_controllers_deployment(run->controllers->controllers, workloads->service, workloads->versions[i]);
        superseded = superseded || one.revision != rollout->revisions[i];
        add_view(&sum, &one);
    }
    if (superseded) sum.revision = 0;
    return sum;
}

bool sim_run_workload_view(struct sim_run *run, const struct sim_workloads *workloads, struct sim_workload_view *view)
{
    struct sim_controllers *controllers = run_controllers(run);
    if (!controllers) return false;
    *view = (struct sim_workload_view){.budget = sim_controllers_budget(controllers, workloads->service)};
    for (uint32_t i = 0; i < workloads->count; i++) {
        uint32_t version = workloads->versions[i];
        struct sim_deployment_view one = sim_controllers_deployment(controllers, workloads->service, version);
        add_view(&view->deployment, &one);
        if (i) continue;
        view->autoscaler = sim_controllers_autoscaler(controllers, workloads->service, version);
        view->job = sim_controllers_job(controllers, workloads->service, version);
    }
    return true;
}

/* ---- drains ---- */

/* "node-3", unless a service has that name. */
static bool names_machine(const struct sim_run *run, struct mc_str name, uint32_t *number)
{
    uint64_t value;
    for (uint32_t i = 0; i < run->plan->topology.service_count; i++)
        if (mc_str_eq(run->plan->topology.services[i].name, name)) return false;
    if (!mc_str_starts(name, MC_STR("node-")) || !mc_str_to_u64(mc_str(name.p + 5, name.n - 5), UINT32_MAX - 1, &value)) return false;
    *number = (uint32_t)value;
    return true;
}

static bool one_machine(struct sim_run *run, uint32_t number, const struct sim_selector *selector, uint32_t **machines, uint32_t *count,
                        struct sim_error *error)
{
    struct sim_controllers *controllers = run->controllers->controllers;
    uint32_t machine = sim_controllers_machine_at(controllers, number), last = 0;
    if (machine == SIM_NONE) {
        while (sim_controllers_machine_at(controllers, last + 1) != SIM_NONE) last++;
        return sim_error_set(error, selector->source, "there is no machine \"node-%u\": node-0 to node-%u", number, last);
    }
    *machines = mc_arena_take(&run->arena, sizeof **machines);
    if (!*machines) return sim_error_set(error, selector->source, "out of memory");
    **machines = machine;
    *count = 1;
    return true;
}

static bool machines_of(struct sim_run *run, const uint32_t *pods, uint32_t pod_count, uint32_t **machines, uint32_t *count)
{
    uint32_t total = sim_world_machine_count(run->world);
    bool *chosen = mc_arena_take_zero(&run->arena, total * sizeof *chosen + 1);
    *machines = mc_arena_take(&run->arena, total * sizeof **machines + 1);
    *count = 0;
    if (!chosen || !*machines) return false;
    for (uint32_t i = 0; i < pod_count; i++) chosen[sim_world_pod(run->world, pods[i]).machine] = true;
    for (uint32_t i = 0; i < total; i++)
        if (chosen[i]) (*machines)[(*count)++] = i;
    return true;
}

static bool select_machines(struct sim_run *run, const struct sim_selector *selectors, uint32_t selector_count, const char *what, uint32_t **machines,
                            uint32_t *count, struct sim_error *error)
{
    struct sim_pod_set set = {0};
    bool good = true;
    struct mc_str name = selectors[0].service.n ? selectors[0].service : selectors[0].name;
    if (!run_controllers(run)) return sim_error_set(error, selectors[0].source, "out of memory");
    uint32_t number;
    bool named = selector_count == 1 && !selectors[0].version.n && names_machine(run, name, &number);
    if (named) return one_machine(run, number, &selectors[0], machines, count, error);
    for (uint32_t i = 0; i < selector_count && good; i++) good = sim_run_select(run, &selectors[i], &set, error);
    if (good && !machines_of(run, set.pods, set.count, machines, count)) good = sim_error_set(error, selectors[0].source, "out of memory");
    sim_pod_set_fini(&set);
    if (good && !*count) return sim_error_set(error, selectors[0].source, "%s: no pod is selected, so there is no machine", what);
    return good;
}

bool sim_run_drain(struct sim_run *run, const struct sim_selector *selectors, uint32_t count, mc_ns timeout, uint32_t *drain, struct sim_error *error)
{
    uint32_t *machines, machine_count;
    if (!select_machines(run, selectors, count, "drain", &machines, &machine_count, error)) return false;
    *drain = sim_controllers_drain(run->controllers->controllers, machines, machine_count, timeout);
    return *drain != UINT32_MAX || sim_error_set(error, selectors[0].source, "out of memory");
}

bool sim_run_uncordon(struct sim_run *run, const struct sim_selector *selectors, uint32_t count, struct sim_error *error)
{
    uint32_t *machines, machine_count;
    if (!select_machines(run, selectors, count, "uncordon", &machines, &machine_count, error)) return false;
    for (uint32_t i = 0; i < machine_count; i++) sim_controllers_cordon(run->controllers->controllers, machines[i], false);
    return true;
}

struct sim_drain_view sim_run_drain_view(struct sim_run *run, uint32_t drain)
{
    return sim_controllers_drain_view(run->controllers->controllers, drain);
}

struct mc_str sim_run_service_name(const struct sim_run *run, uint32_t service)
{
    return run->plan->topology.services[service].name;
}
