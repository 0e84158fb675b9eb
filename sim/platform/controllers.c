#include "sim/platform/controllers_parts.h"
#include <stdarg.h>
#include <string.h>

/* ---- memory, telling ---- */

void *ctl_take(struct sim_controllers *controllers, size_t size)
{
    void *memory = mc_pool_take_zero(&controllers->realm->pool, size);
    if (!memory) controllers->owner->type->out_of_memory(controllers->owner);
    return memory;
}

bool ctl_grow(struct sim_controllers *controllers, void *list, uint32_t *capacity, uint32_t wanted, size_t size)
{
    if (wanted <= *capacity) return true;
    uint32_t more = *capacity ? *capacity : 16;
    while (more < wanted) more *= 2;
    void *fresh = ctl_take(controllers, more * size), *old;
    if (!fresh) return false;
    memcpy(&old, list, sizeof old);
    if (old) memcpy(fresh, old, *capacity * size);
    mc_pool_give(&controllers->realm->pool, old, *capacity * size);
    memcpy(list, &fresh, sizeof fresh);
    *capacity = more;
    return true;
}

void ctl_event(const struct sim_controllers *controllers, const char *subject, const char *reason, bool warning, const char *format, ...)
{
    char text[CTL_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    controllers->owner->type->event(controllers->owner, subject, reason, warning, text);
}

/* ---- life ---- */

static void look(struct sim_entry *entry)
{
    struct ctl_workload *workload = mc_container(entry, struct ctl_workload, look);
    if (ctl_is_job(workload)) ctl_job_look(workload);
    else ctl_deployment_look(workload);
}

static const struct sim_entry_type look_entry = {"controller", SIM_CLASS_FAULT, SIM_KIND_ORDER, look};

static bool begin_workload(struct sim_controllers *controllers, struct ctl_workload *workload, uint32_t service, uint32_t version)
{
    const struct sim_service *of = &controllers->topology->services[service];
    *workload = (struct ctl_workload){.controllers = controllers,
                                      .plan = &of->workload,
                                      .service = service,
                                      .version = version,
                                      .replicas = of->versions[version].replicas,
                                      .completed = 0};
    snprintf(workload->name, sizeof workload->name, "%.*s-%.*s", MC_STR_ARG(of->name), MC_STR_ARG(of->versions[version].name));
    mc_list_init(&workload->sets);
    mc_list_init(&workload->job.pods);
    workload->job.finished = workload->job.last_failure = MC_NEVER;
    workload->job.reason = "";
    sim_entry_init(&workload->look, &look_entry, &controllers->origin, 0);
    return ctl_is_job(workload) || ctl_deployment_begin(workload);
}

static bool begin_workloads(struct sim_controllers *controllers)
{
    const struct sim_topology *topology = controllers->topology;
    uint32_t total = 0;
    controllers->first_of = ctl_take(controllers, (topology->service_count + 1) * sizeof *controllers->first_of);
    controllers->spread = ctl_take(controllers, (topology->zone_count + 1) * sizeof *controllers->spread);
    controllers->zones = ctl_take(controllers, (topology->zone_count + 1) * sizeof *controllers->zones);
    if (!controllers->first_of || !controllers->spread || !controllers->zones) return false;
    for (uint32_t s = 0; s < topology->service_count; s++) {
        controllers->first_of[s] = total;
        total += topology->services[s].version_count;
    }
    controllers->workloads = ctl_take(controllers, (total + 1) * sizeof *controllers->workloads);
    if (!controllers->workloads) return false;
    for (uint32_t s = 0; s < topology->service_count; s++)
        for (uint32_t v = 0; v < topology->services[s].version_count; v++)
            if (!begin_workload(controllers, &controllers->workloads[controllers->workload_count++], s, v)) return false;
    return true;
}

struct sim_controllers *sim_controllers_new(const struct sim_controllers_options *options)
{
    struct sim_controllers *controllers = mc_pool_take_zero(&options->realm->pool, sizeof *controllers);
    if (!controllers) return NULL;
    controllers->engine = options->engine;
    controllers->realm = options->realm;
    controllers->constants = sim_kubernetes_filled(options->constants);
    controllers->topology = options->topology;
    controllers->owner = options->owner;
    controllers->origin.number = UINT64_C(1) << 59;
    mc_list_init(&controllers->drains);
    if (begin_workloads(controllers)) return controllers;
    sim_controllers_free(controllers);
    return NULL;
}

static void free_workload(struct ctl_workload *workload)
{
    struct sim_controllers *controllers = workload->controllers;
    sim_engine_cancel(controllers->engine, &workload->look);
    for (struct mc_link *link; (link = mc_list_pop_front(&workload->sets));)
        mc_pool_give(&controllers->realm->pool, mc_container(link, struct ctl_set, link), sizeof(struct ctl_set));
    if (!workload->scaler) return;
    sim_engine_cancel(controllers->engine, &workload->scaler->sync);
    mc_pool_give(&controllers->realm->pool, workload->scaler, sizeof *workload->scaler);
}

static void free_drains(struct sim_controllers *controllers)
{
    for (struct mc_link *link; (link = mc_list_pop_front(&controllers->drains));) {
        struct ctl_drain *drain = mc_container(link, struct ctl_drain, link);
        sim_engine_cancel(controllers->engine, &drain->entry);
        mc_pool_give(&controllers->realm->pool, drain->machines, drain->machine_capacity * sizeof *drain->machines);
        mc_pool_give(&controllers->realm->pool, drain, sizeof *drain);
    }
}

void sim_controllers_free(struct sim_controllers *controllers)
{
    if (!controllers) return;
    struct mc_pool *pool = &controllers->realm->pool;
    const struct sim_topology *topology = controllers->topology;
    uint32_t workloads = controllers->workload_count;
    for (uint32_t i = 0; i < workloads; i++)
        if (controllers->workloads[i].controllers) free_workload(&controllers->workloads[i]);
    for (uint32_t i = 0; i < controllers->pod_capacity; i++) mc_pool_give(pool, controllers->pods[i], sizeof **controllers->pods);
    free_drains(controllers);
    if (controllers->monitor.type) sim_engine_cancel(controllers->engine, &controllers->monitor);
    if (controllers->scrape.type) sim_engine_cancel(controllers->engine, &controllers->scrape);
    uint32_t total = 0;
    for (uint32_t s = 0; s < topology->service_count; s++) total += topology->services[s].version_count;
    mc_pool_give(pool, controllers->workloads, (total + 1) * sizeof *controllers->workloads);
    mc_pool_give(pool, controllers->first_of, (topology->service_count + 1) * sizeof *controllers->first_of);
    mc_pool_give(pool, controllers->spread, (topology->zone_count + 1) * sizeof *controllers->spread);
    mc_pool_give(pool, controllers->zones, (topology->zone_count + 1) * sizeof *controllers->zones);
    mc_pool_give(pool, controllers->pods, controllers->pod_capacity * sizeof(struct ctl_pod *));
    mc_pool_give(pool, controllers->machines, controllers->machine_capacity * sizeof *controllers->machines);
    mc_pool_give(pool, controllers->place_of, controllers->place_capacity * sizeof *controllers->place_of);
    mc_pool_give(pool, controllers->crowd, controllers->crowd_capacity * sizeof *controllers->crowd);
    mc_pool_give(pool, controllers, sizeof *controllers);
}

void sim_controllers_start(struct sim_controllers *controllers)
{
    controllers->started = true;
    ctl_nodes_begin(controllers);
    for (uint32_t i = 0; i < controllers->workload_count; i++) {
        struct ctl_workload *workload = &controllers->workloads[i];
        if (ctl_is_job(workload)) ctl_job_begin(workload);
        else ctl_deployment_changed(workload);
    }
    ctl_scalers_begin(controllers);
}

/* ---- workloads ---- */

struct ctl_workload *ctl_workload_of(const struct sim_controllers *controllers, uint32_t service, uint32_t version)
{
    mc_assert(service < controllers->topology->service_count && version < controllers->topology->services[service].version_count);
    return &controllers->workloads[controllers->first_of[service] + version];
}

void ctl_look_at(struct ctl_workload *workload, mc_ns at)
{
    if (at == MC_NEVER || (sim_entry_is_queued(&workload->look) && workload->look.at <= at)) return;
    sim_engine_at(workload->controllers->engine, &workload->look, at);
}

/* ---- pods ---- */

bool ctl_is_active(const struct ctl_pod *pod)
{
    return !pod->leaving && !pod->status.terminating && (pod->status.phase == SIM_POD_PENDING || pod->status.phase == SIM_POD_RUNNING);
}

/* What the pod's set counts of it. */
static void count_in_set(struct ctl_pod *pod)
{
    bool active = ctl_is_active(pod), ready = active && pod->status.ready;
    if (active != pod->active) pod->set->active += active ? 1 : UINT32_MAX;
    if (ready != pod->ready) pod->set->ready += ready ? 1 : UINT32_MAX;
    pod->active = active;
    pod->ready = ready;
}

static void count(struct ctl_pod *pod)
{
    if (pod->set) count_in_set(pod);
    else ctl_job_count(pod);
}

/* A pod that has ended holds its machine's capacity no more; one that is being deleted still does. */
static void let_go(struct sim_controllers *controllers, struct ctl_pod *pod)
{
    if (!pod->holds) return;
    struct ctl_machine *machine = &controllers->machines[pod->machine];
    pod->holds = false;
    machine->held--;
    machine->cpu_millis -= pod->cpu_millis;
    mc_list_remove(&pod->here);
    ctl_room(controllers);
}

static void hold(struct sim_controllers *controllers, struct ctl_pod *pod)
{
    struct ctl_machine *machine = &controllers->machines[pod->machine];
    pod->holds = true;
    machine->held++;
    machine->cpu_millis += pod->cpu_millis;
    mc_list_push_back(&machine->pods, &pod->here);
}

static struct ctl_pod *add_pod(struct ctl_workload *workload, struct ctl_set *set, uint32_t number, uint32_t version, uint32_t place)
{
    struct sim_controllers *controllers = workload->controllers;
    if (!ctl_grow(controllers, &controllers->pods, &controllers->pod_capacity, number + 1, sizeof *controllers->pods)) return NULL;
    mc_assert(!controllers->pods[number]);
    struct ctl_pod *pod = ctl_take(controllers, sizeof *pod);
    if (!pod) return NULL;
    *pod = (struct ctl_pod){.workload = workload, .set = set, .number = number, .service = workload->service, .version = version,
                            .machine = place, .ready_changed = ctl_now(controllers), .before.at = MC_NEVER, .last.at = MC_NEVER};
    pod->cpu_millis = ctl_cpu_request(&controllers->topology->services[workload->service].versions[version]);
    pod->luck = mc_draw(controllers->realm->seed, MC_FOR_SELECT, controllers->origin.number, number);
    mc_list_init(&pod->link);
    mc_list_init(&pod->here);
    mc_list_push_back(set ? &set->pods : &workload->job.pods, &pod->link);
    controllers->pods[number] = pod;
    hold(controllers, pod);
    return pod;
}

struct ctl_pod *ctl_create(struct ctl_workload *workload, struct ctl_set *set, uint32_t version, uint32_t place)
{
    struct sim_controllers *controllers = workload->controllers;
    uint32_t number = controllers->owner->type->create(controllers->owner, workload->service, version, controllers->machines[place].number);
    struct ctl_pod *pod = number == SIM_NONE ? NULL : add_pod(workload, set, number, version, place);
    if (!pod) {
        controllers->owner->type->out_of_memory(controllers->owner);
        return NULL;
    }
    pod->status = (struct sim_pod_status){.phase = SIM_POD_PENDING, .machine = controllers->machines[place].number, .reason = "",
                                          .created = ctl_now(controllers), .started = MC_NEVER, .ready_since = MC_NEVER};
    count(pod);
    return pod;
}

bool sim_controllers_adopt(struct sim_controllers *controllers, uint32_t number, uint32_t service, uint32_t version,
                           const struct sim_pod_status *status)
{
    struct ctl_workload *workload = ctl_workload_of(controllers, service, version);
    struct ctl_machine *machine = ctl_machine_of(controllers, status->machine);
    mc_assert(machine);
    struct ctl_set *set = ctl_is_job(workload) ? NULL : ctl_deployment_newest(workload);
    struct ctl_pod *pod = add_pod(workload, set, number, version, (uint32_t)(machine - controllers->machines));
    if (!pod) return false;
    pod->status = *status;
    count(pod);
    return true;
}

void ctl_remove(struct ctl_pod *pod, mc_ns grace)
{
    struct sim_controllers *controllers = pod->workload->controllers;
    pod->leaving = true;
    count(pod);
    controllers->owner->type->remove(controllers->owner, pod->number, grace);
}

static void changed(struct ctl_workload *workload)
{
    if (!workload->controllers->started) return;
    if (ctl_is_job(workload)) ctl_look_at(workload, ctl_now(workload->controllers));
    else ctl_deployment_changed(workload);
}

void sim_controllers_changed(struct sim_controllers *controllers, uint32_t number, const struct sim_pod_status *status)
{
    struct ctl_pod *pod = number < controllers->pod_capacity ? controllers->pods[number] : NULL;
    if (!pod) return;
    struct ctl_workload *workload = pod->workload;
    if (status->ready != pod->status.ready) pod->ready_changed = ctl_now(controllers);
    pod->status = *status;
    count(pod);
    bool over = status->phase == SIM_POD_SUCCEEDED || status->phase == SIM_POD_FAILED || status->phase == SIM_POD_GONE;
    if (over) let_go(controllers, pod);
    if (status->phase == SIM_POD_GONE) {
        controllers->pods[number] = NULL;
        mc_list_remove(&pod->link);
        mc_pool_give(&controllers->realm->pool, pod, sizeof *pod);
    }
    changed(workload);
    if (over) ctl_drains_look(controllers);
}
