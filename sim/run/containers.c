/* What the kernels count of containers is looked at only where somebody asks: a sink, or a threshold. */
#include "sim/check/containers.h"
#include "sim/run/parts.h"

static struct sim_container_sample sample_of(const struct sim_run *run, const struct run_pod *pod, bool proxy)
{
    struct sim_container_view view = sim_world_container(run->world, proxy ? pod->sidecar_container : pod->app_container);
    return (struct sim_container_sample){.workload = pod->workload,
                                         .proxy = proxy,
                                         .values = {[SIM_CONTAINER_CPU] = (uint64_t)view.cpu,
                                                    [SIM_CONTAINER_THROTTLED] = (uint64_t)view.throttled,
                                                    [SIM_CONTAINER_THROTTLED_PERIODS] = view.throttled_periods,
                                                    [SIM_CONTAINER_PERIODS] = view.periods,
                                                    [SIM_CONTAINER_MEMORY] = view.memory,
                                                    [SIM_CONTAINER_OOM] = view.oom_kills}};
}

void run_look_at_containers(struct sim_run *run)
{
    struct mc_pool *pool = &run->realm.pool;
    size_t size = 2 * run->pod_count * sizeof(struct sim_container_sample) + 1;
    struct sim_container_sample *list = mc_pool_take(pool, size);
    uint32_t count = 0;
    if (!list) {
        run->out_of_memory = true;
        return;
    }
    for (uint32_t i = 0; i < run->pod_count; i++) {
        list[count++] = sample_of(run, run->pods[i], false);
        if (run->pods[i]->sidecar_container != SIM_NONE) list[count++] = sample_of(run, run->pods[i], true);
    }
    sim_check_containers(run->check, list, count);
    mc_pool_give(pool, list, size);
}

static bool is_of_containers(struct mc_str metric)
{
    const struct sim_metric_doc *doc = sim_metric_find(metric);
    return doc && doc->source == SIM_METRIC_CONTAINER;
}

void run_look_for(struct sim_run *run, const struct sim_threshold *threshold)
{
    if (is_of_containers(threshold->metric)) run_look_at_containers(run);
}
