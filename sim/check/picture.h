/* What of a frame is known here: the table of services, the latest events, the lanes of success, rate
 * and p99, the phase, and how many certificates are good. Whoever runs the world adds the rest: pods,
 * faults, rollouts, pushes, thresholds, further lanes.
 *
 * A picture keeps what is too dear to count anew each time; it changes no answer.
 */
#ifndef SIM_CHECK_PICTURE_H
#define SIM_CHECK_PICTURE_H

#include "sim/check/feed.h"
#include "sim/check/frame.h"

struct sim_picture_column {
    uint64_t count, failed;
    struct mc_hist duration;
};

struct sim_picture {
    struct sim_check *check;
    mc_ns duration;             /* of the run: what the lanes stand for */
    mc_ns counted;              /* slices that end by then are in columns and usual */
    struct sim_picture_column columns[SIM_FRAME_COLUMNS]; /* calls of load clients */
    struct mc_hist *usual;      /* per workload: p99 of each slice's arrivals */
    uint32_t usual_count;
    bool refused;               /* memory ran out: the picture is too low */
};

void sim_picture_init(struct sim_picture *picture, struct sim_check *check, mc_ns duration);
void sim_picture_fini(struct sim_picture *picture); /* before the check is freed */

/* FRAME is zeroed by its owner, but may hold what others have filled in: lanes are added at its end. */
void sim_picture_fill(struct sim_picture *picture, struct sim_frame *frame, mc_ns now);

/* The row of a workload in frame->services; UINT32_MAX: it has none (a service as a whole, or no room). */
uint32_t sim_picture_row(const struct sim_check *check, uint32_t workload);

/* The column of an instant. */
uint32_t sim_picture_column_at(mc_ns instant, mc_ns duration);

#endif
