#include "sim/check/containers.h"
#include "sim/check/check_parts.h"

void sim_check_containers(struct sim_check *check, const struct sim_container_sample *list, uint32_t count)
{
    if (count > check->container_capacity) {
        struct sim_container_sample *fresh = mc_alloc_take(&check->alloc, count * sizeof *fresh);
        if (!fresh) {
            check->refused = true;
            return;
        }
        mc_alloc_give(&check->alloc, check->containers, check->container_capacity * sizeof *fresh);
        check->containers = fresh;
        check->container_capacity = count;
    }
    if (count) memcpy(check->containers, list, count * sizeof *list);
    check->container_count = count;
}

uint32_t sim_containers_gather(const struct sim_check *check, const struct sim_query *query, uint32_t figure, int64_t *values)
{
    static const struct mc_str names[] = {{"app", 3}, {"proxy", 5}};
    struct sim_filter filter;
    uint32_t count = 0;
    if (!sim_filter_make(&filter, check, query)) return 0;
    for (uint32_t i = 0; i < check->container_count; i++) {
        const struct sim_container_sample *sample = &check->containers[i];
        if (query->container.n && !sim_words_have(query->container, names[sample->proxy])) continue;
        if (!sim_filter_dst(&filter, sample->workload)) continue;
        if (figure == SIM_CONTAINER_MEMORY && !sample->values[figure]) continue;
        bool is_time = figure == SIM_CONTAINER_CPU || figure == SIM_CONTAINER_THROTTLED;
        values[count++] = (int64_t)(is_time ? sample->values[figure] : sample->values[figure] * 1000);
    }
    sim_filter_fini(&filter);
    return count;
}
