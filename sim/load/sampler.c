#include "sim/load/sampler.h"
#include "base/assert.h"

/* The 99th percentile of the standard normal distribution. */
static const mc_q32 normal_p99 = INT64_C(9991588039);

struct sim_sampler sim_sampler_of(const struct sim_dist *dist)
{
    struct sim_sampler sampler = {.kind = dist->kind, .base = dist->mean};
    if (dist->kind == SIM_DIST_LOGNORMAL) {
        sampler.base = dist->p50;
        if (dist->p50 > 0 && dist->p99 > dist->p50) {
            mc_q32 ratio = mc_q32_div((mc_q32)dist->p99, (mc_q32)dist->p50);
            sampler.sigma = mc_q32_div(mc_q32_log(ratio), normal_p99);
        }
    } else if (dist->kind == SIM_DIST_UNIFORM) {
        sampler.base = dist->p50;
        sampler.span = mc_ns_max(dist->p99 - dist->p50, 0);
    }
    return sampler;
}

mc_ns sim_sampler_draw(const struct sim_sampler *sampler, uint64_t draw)
{
    switch (sampler->kind) {
    case SIM_DIST_CONSTANT: return sampler->base;
    case SIM_DIST_EXPONENTIAL: return mc_q32_scale(sampler->base, mc_q32_exponential(draw));
    case SIM_DIST_LOGNORMAL:
        if (!sampler->sigma) return sampler->base;
        return mc_q32_scale(sampler->base, mc_q32_exp(mc_q32_mul(sampler->sigma, mc_q32_normal(draw))));
    case SIM_DIST_UNIFORM: {
        unsigned __int128 width = (unsigned __int128)sampler->span + 1;
        return sampler->base + (mc_ns)((width * draw) >> 64);
    }
    }
    mc_unreachable();
}
