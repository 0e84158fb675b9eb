/* What the machines' kernels count of containers, under cAdvisor's names: as it stood when the run looked last. */
#ifndef SIM_CHECK_CONTAINERS_H
#define SIM_CHECK_CONTAINERS_H

#include "sim/check/feed.h"

/* name, what it is in SI units of the product, whether it only grows, what it is. */
#define SIM_CONTAINER_FIGURES(X) \
    X(CPU, "container_cpu_usage_seconds_total", "ns", true, "CPU burnt, of each container") \
    X(THROTTLED, "container_cpu_cfs_throttled_seconds_total", "ns", true, "time that threads stood still for want of quota, of each container") \
    X(THROTTLED_PERIODS, "container_cpu_cfs_throttled_periods_total", "", true, "periods in which the quota was spent, of each container") \
    X(PERIODS, "container_cpu_cfs_periods_total", "", true, "periods of the quota, of each container") \
    X(MEMORY, "container_memory_working_set_bytes", "", false, "working set, of each container that has one") \
    X(OOM, "container_oom_events_total", "", true, "kills for want of memory, of each container")

enum sim_container_figure {
#define X(name, text, unit, grows, doc) SIM_CONTAINER_##name,
    SIM_CONTAINER_FIGURES(X)
#undef X
    SIM_CONTAINER_FIGURE_COUNT
};

struct sim_container_sample { /* one container */
    uint32_t workload;
    bool proxy; /* else the application */
    uint64_t values[SIM_CONTAINER_FIGURE_COUNT];
};

/* All containers in their order. The list is copied. */
void sim_check_containers(struct sim_check *check, const struct sim_container_sample *list, uint32_t count);

#endif
