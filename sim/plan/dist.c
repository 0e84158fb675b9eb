#include "sim/plan/dist.h"
#include "base/assert.h"
#include "base/fixed.h"

/* p50 × e^(σ²/2), σ = ln(p99/p50) / 2.3263. */
static mc_ns lognormal_mean(const struct sim_dist *dist)
{
    if (dist->p50 <= 0 || dist->p99 <= dist->p50) return dist->p50;
    mc_q32 ratio = mc_q32_div(dist->p99, dist->p50), sigma = mc_q32_div(mc_q32_log(ratio), (mc_q32)9991588038); /* 2.3263 */
    return mc_q32_scale(dist->p50, mc_q32_exp(mc_q32_mul(sigma, sigma) / 2));
}

/* L α/(α−1) · (1 − r^((α−1)/α)) / (1 − r), r = (L/H)^α; at α = 1 its limit, L ln(H/L) / (1 − L/H). */
static mc_ns pareto_mean(const struct sim_dist *dist)
{
    mc_q32 alpha = (mc_q32)dist->alpha_milli * MC_Q32_ONE / 1000;
    bool bounded = dist->p99 > 0;
    if (bounded && dist->p99 <= dist->p50) return dist->p50;
    mc_q32 span = bounded ? mc_q32_log(mc_q32_div(dist->p99, dist->p50)) : 0;
    mc_q32 covered = bounded ? MC_Q32_ONE - mc_q32_exp(-mc_q32_mul(alpha, span)) : MC_Q32_ONE;
    if (alpha == MC_Q32_ONE && bounded) return mc_q32_scale(dist->p50, mc_q32_div(span, covered));
    mc_assert(bounded || alpha > MC_Q32_ONE);
    mc_q32 above = alpha - MC_Q32_ONE;
    mc_q32 tail = bounded ? MC_Q32_ONE - mc_q32_exp(-mc_q32_mul(above, span)) : MC_Q32_ONE;
    mc_q32 factor = mc_q32_mul(mc_q32_div(alpha, above), mc_q32_div(tail, covered));
    return mc_q32_scale(dist->p50, factor);
}

/* The area under the table's straight lines. */
static mc_ns table_mean(const struct sim_dist *dist)
{
    const struct sim_quantile *points = dist->points;
    __int128 sum = (__int128)points[0].ppm * points[0].value * 2;
    for (uint32_t i = 1; i < dist->count; i++)
        sum += (__int128)(points[i].ppm - points[i - 1].ppm) * (points[i].value + points[i - 1].value);
    sum += (__int128)(1000000 - points[dist->count - 1].ppm) * points[dist->count - 1].value * 2;
    return (mc_ns)(sum / 2000000);
}

static mc_ns mix_mean(const struct sim_dist *dist)
{
    __int128 sum = 0;
    uint64_t weight = 0;
    for (uint32_t i = 0; i < dist->count; i++) {
        mc_assert(dist->parts[i].dist.kind != SIM_DIST_MIX);
        sum += (__int128)sim_dist_mean(&dist->parts[i].dist) * dist->parts[i].weight;
        weight += dist->parts[i].weight;
    }
    return (mc_ns)(sum / (__int128)weight);
}

mc_ns sim_dist_mean(const struct sim_dist *dist)
{
    switch (dist->kind) {
    case SIM_DIST_CONSTANT:
    case SIM_DIST_EXPONENTIAL: return dist->mean;
    case SIM_DIST_LOGNORMAL: return lognormal_mean(dist);
    case SIM_DIST_UNIFORM: return (dist->p50 + dist->p99) / 2;
    case SIM_DIST_PARETO: return pareto_mean(dist);
    case SIM_DIST_QUANTILES: return table_mean(dist);
    case SIM_DIST_MIX: return mix_mean(dist);
    }
    mc_unreachable();
}
