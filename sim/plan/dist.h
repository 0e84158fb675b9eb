/* What follows from a distribution alone. */
#ifndef SIM_PLAN_DIST_H
#define SIM_PLAN_DIST_H

#include "sim/plan/application.h"

/* The mean; of an unbounded Pareto distribution alpha must be over 1 (asserted). */
mc_ns sim_dist_mean(const struct sim_dist *dist);

#endif
