#include "sim/load/sampler.h"
#include "base/assert.h"
#include "base/rand.h"

/* The 99th percentile of the standard normal distribution. */
static const mc_q32 normal_p99 = INT64_C(9991588039);

static void prepare_lognormal(struct sim_sampler *sampler, const struct sim_dist *dist)
{
    sampler->base = dist->p50;
    if (dist->p50 <= 0 || dist->p99 <= dist->p50) return;
    mc_q32 ratio = mc_q32_div((mc_q32)dist->p99, (mc_q32)dist->p50);
    sampler->sigma = mc_q32_div(mc_q32_log(ratio), normal_p99);
}

static void prepare_pareto(struct sim_sampler *sampler, const struct sim_dist *dist)
{
    sampler->base = dist->p50;
    sampler->span = dist->p99;
    sampler->sigma = (mc_q32)dist->alpha_milli * MC_Q32_ONE / 1000;
    if (!dist->p99) return;
    mc_q32 ratio = mc_q32_log(mc_q32_div((mc_q32)dist->p99, (mc_q32)dist->p50));
    sampler->least = mc_q32_exp(-mc_q32_mul(sampler->sigma, ratio));
}

struct sim_sampler sim_sampler_of(const struct sim_dist *dist)
{
    struct sim_sampler sampler = {.kind = dist->kind, .base = dist->mean, .dist = dist};
    if (dist->kind == SIM_DIST_LOGNORMAL) {
        prepare_lognormal(&sampler, dist);
    } else if (dist->kind == SIM_DIST_PARETO) {
        prepare_pareto(&sampler, dist);
    } else if (dist->kind == SIM_DIST_UNIFORM) {
        sampler.base = dist->p50;
        sampler.span = mc_ns_max(dist->p99 - dist->p50, 0);
    }
    return sampler;
}

/* The survival function (L/x)^α inverted; with an upper bound it does not fall to 0 but to (L/H)^α. */
static mc_ns draw_pareto(const struct sim_sampler *sampler, uint64_t draw)
{
    if (!sampler->span) return mc_q32_scale(sampler->base, mc_q32_exp(mc_q32_div(mc_q32_exponential(draw), sampler->sigma)));
    mc_q32 survival = sampler->least + mc_q32_mul(MC_Q32_ONE - sampler->least, (mc_q32)(draw >> 32));
    if (survival <= 0) return sampler->span;
    mc_ns value = mc_q32_scale(sampler->base, mc_q32_exp(mc_q32_div(-mc_q32_log(survival), sampler->sigma)));
    return mc_ns_min(mc_ns_max(value, sampler->base), sampler->span);
}

static mc_ns draw_quantile(const struct sim_dist *dist, uint64_t draw)
{
    const struct sim_quantile *points = dist->points;
    uint64_t at = (uint64_t)(((unsigned __int128)draw * 1000000) >> 44); /* ppm × 2^20 */
    uint32_t i = 0;
    while (i < dist->count && (uint64_t)points[i].ppm << 20 <= at) i++;
    if (i == 0) return points[0].value;
    if (i == dist->count) return points[i - 1].value;
    uint64_t width = (uint64_t)(points[i].ppm - points[i - 1].ppm) << 20, into = at - ((uint64_t)points[i - 1].ppm << 20);
    return points[i - 1].value + (mc_ns)((__int128)(points[i].value - points[i - 1].value) * into / width);
}

static mc_ns draw_mix(const struct sim_dist *dist, uint64_t draw)
{
    uint64_t total = 0, pick;
    for (uint32_t i = 0; i < dist->count; i++) total += dist->parts[i].weight;
    pick = mc_below(draw, total);
    for (uint32_t i = 0; i < dist->count; i++) {
        const struct sim_dist_part *part = &dist->parts[i];
        if (pick >= part->weight) {
            pick -= part->weight;
            continue;
        }
        mc_assert(part->dist.kind != SIM_DIST_MIX);
        struct sim_sampler sampler = sim_sampler_of(&part->dist);
        return sim_sampler_draw(&sampler, mc_mix(draw ^ UINT64_C(0x9e3779b97f4a7c15)));
    }
    mc_unreachable();
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
    case SIM_DIST_PARETO: return draw_pareto(sampler, draw);
    case SIM_DIST_QUANTILES: return draw_quantile(sampler->dist, draw);
    case SIM_DIST_MIX: return draw_mix(sampler->dist, draw);
    }
    mc_unreachable();
}
