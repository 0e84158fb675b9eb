/* Service times: a distribution made ready, so that a draw costs a table look-up. Integers only. */
#ifndef SIM_LOAD_SAMPLER_H
#define SIM_LOAD_SAMPLER_H

#include "sim/plan/plan.h"

struct sim_sampler { /* zeroed: always 0 */
    enum sim_dist_kind kind;
    mc_ns base, span; /* constant, mean or median; uniform: base and width; Pareto: its bounds */
    mc_q32 sigma;     /* lognormal; Pareto: alpha */
    mc_q32 least;     /* Pareto: what the survival function has at the upper bound */
    const struct sim_dist *dist; /* quantiles and mixes: borrowed */
};

struct sim_sampler sim_sampler_of(const struct sim_dist *dist);
mc_ns sim_sampler_draw(const struct sim_sampler *sampler, uint64_t draw); /* never negative */

#endif
