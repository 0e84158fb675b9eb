/* Series for a sink: what was counted in each window of the run, per edge (a caller and whom it called).
 *
 * Told of each window and edge: `requests`, a counter per code and flags, and `request_duration`, a
 * histogram; of each workload with any: `connections`, a gauge. Ticks cut the counts at the windows' ends
 * with or without a sink, so that recording changes no answer.
 */
#ifndef SIM_CHECK_SERIES_H
#define SIM_CHECK_SERIES_H

#include "base/map.h"
#include "sim/check/feed.h"

struct sim_series {
    struct sim_check *check;
    struct sim_sink *sink;  /* may be NULL */
    mc_ns window, next;     /* the end of the open window */
    struct mc_map edges;    /* src << 32 | dst -> id */
    uint32_t *gauges;       /* connections last told, per workload */
    uint32_t gauge_count;
    uint64_t *container_sums; /* last told: per workload, kind of container and figure */
    uint32_t container_workloads;
    bool refused;           /* memory ran out: something was not told */
};

/* Tells SINK of the workloads, whose ids are their numbers + 1; those of loads added later, at the next tick. */
void sim_series_init(struct sim_series *series, struct sim_check *check, struct sim_sink *sink, mc_ns window, struct mc_alloc alloc);
void sim_series_fini(struct sim_series *series);

/* The id of an edge; told to the sink the first time. SIM_NO_ID: no sink, or no memory. */
uint32_t sim_series_edge(struct sim_series *series, uint32_t src, uint32_t dst);

/* Whether the open window ends by NOW and somebody wants to know. */
static inline bool sim_series_due(const struct sim_series *series, mc_ns now)
{
    return series->sink && series->next <= now;
}

/* Tells of all windows that have ended by NOW. Call it at each window's end at the latest when the next
 * request ends, and once at the end of the run. */
void sim_series_tick(struct sim_series *series, mc_ns now);
/* The last window, not whole; the end of the run. */
void sim_series_end(struct sim_series *series, mc_ns now);

#endif
