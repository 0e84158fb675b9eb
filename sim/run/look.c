#include "sim/run/parts.h"

bool sim_run_peek(struct sim_run *run, const struct sim_selector *selector, struct sim_pod_set *set, struct sim_error *error)
{
    return sim_faults_peek(run->faults, selector, set, error);
}

bool sim_run_pod(const struct sim_run *run, uint32_t number, struct sim_run_pod *view)
{
    const struct sim_topology *topology = &run->plan->topology;
    uint32_t found = run_pod_by_addr(run, mc_trace_addr(sim_world_pod(run->world, number).addr));
    if (found == RUN_NO_POD) return false;
    const struct run_pod *pod = run->pods[found];
    struct sim_container_view app = sim_world_container(run->world, pod->app_container);
    *view = (struct sim_run_pod){.name = pod->name,
                                 .service = topology->services[pod->service].name,
                                 .version = topology->services[pod->service].versions[pod->version].name,
                                 .zone = topology->zones[pod->zone],
                                 .up = pod->alive,
                                 .ready = pod->ready,
                                 .requests = pod->requests,
                                 .cpu = app.cpu,
                                 .throttled = app.throttled,
                                 .memory = app.memory};
    if (pod->sidecar_container == SIM_NONE) return true;
    struct sim_container_view sidecar = sim_world_container(run->world, pod->sidecar_container);
    view->sidecar_cpu = sidecar.cpu;
    view->sidecar_throttled = sidecar.throttled;
    return true;
}
