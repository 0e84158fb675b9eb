#include "sim/load/arrival.h"
#include "base/assert.h"
#include "base/rand.h"

/* One iteration is this much area under the rate (per second × 1000) over time (ns), doubled so that
 * the triangle of a ramp stays whole. */
static const unsigned __int128 iteration_area = (unsigned __int128)2 * 1000 * 1000000000;

/* Area, doubled, of a ramp from rate A towards B over WIDTH, up to X. */
static unsigned __int128 ramp_area(uint64_t a, uint64_t b, mc_ns width, mc_ns x)
{
    unsigned __int128 ux = (unsigned __int128)x;
    if (b >= a) return 2 * ux * a + ux * ux / (unsigned __int128)width * (b - a);
    return 2 * ux * a - ux * ux / (unsigned __int128)width * (a - b);
}

/* The first X in [0, WIDTH] with at least AREA under the ramp; -1 if there is none. */
static mc_ns ramp_find(uint64_t a, uint64_t b, mc_ns width, unsigned __int128 area)
{
    if (ramp_area(a, b, width, width) < area) return -1;
    mc_ns low = 0, high = width;
    while (low < high) {
        mc_ns middle = low + (high - low) / 2;
        if (ramp_area(a, b, width, middle) >= area) high = middle;
        else low = middle + 1;
    }
    return low;
}

static mc_ns stage_width(const struct sim_load_spec *spec, uint32_t stage)
{
    return spec->stages[stage + 1].at - spec->stages[stage].at;
}

/* The instant of iteration `ordinal` of a ramp: iteration 0 comes when the first whole one is due. */
static mc_ns ramp_next(struct sim_arrivals *arrivals)
{
    const struct sim_load_spec *spec = arrivals->spec;
    unsigned __int128 wanted = iteration_area * (arrivals->ordinal + 1);
    for (; arrivals->stage + 1 < spec->stage_count; arrivals->stage++) {
        const struct sim_stage *from = &spec->stages[arrivals->stage], *to = from + 1;
        mc_ns width = stage_width(spec, arrivals->stage);
        if (width <= 0) continue;
        mc_ns x = ramp_find(from->rate_milli, to->rate_milli, width, wanted - arrivals->before);
        if (x >= 0) return from->at + x;
        arrivals->before += ramp_area(from->rate_milli, to->rate_milli, width, width);
    }
    const struct sim_stage *last = &spec->stages[spec->stage_count - 1]; /* holds to the end */
    if (!last->rate_milli) return MC_NEVER;
    unsigned __int128 left = wanted - arrivals->before, step = 2 * (unsigned __int128)last->rate_milli;
    return mc_ns_add(last->at, (mc_ns)((left + step - 1) / step));
}

static mc_ns constant_next(const struct sim_arrivals *arrivals)
{
    uint64_t rate = arrivals->spec->rate_milli;
    return (mc_ns)((unsigned __int128)arrivals->ordinal * 1000 * MC_S / rate);
}

static mc_ns poisson_next(const struct sim_arrivals *arrivals, mc_ns before)
{
    mc_ns mean = (mc_ns)((uint64_t)1000 * MC_S / arrivals->spec->rate_milli);
    uint64_t draw = mc_draw(arrivals->seed, MC_FOR_ARRIVAL, arrivals->entity, arrivals->ordinal);
    return mc_ns_add(before, mc_q32_scale(mean, mc_q32_exponential(draw)));
}

static void find(struct sim_arrivals *arrivals, mc_ns before)
{
    const struct sim_load_spec *spec = arrivals->spec;
    switch (spec->executor) {
    case SIM_LOAD_CONSTANT_RATE: arrivals->next = spec->rate_milli ? constant_next(arrivals) : MC_NEVER; break;
    case SIM_LOAD_POISSON: arrivals->next = spec->rate_milli ? poisson_next(arrivals, before) : MC_NEVER; break;
    case SIM_LOAD_RAMPING_RATE: arrivals->next = spec->stage_count ? ramp_next(arrivals) : MC_NEVER; break;
    case SIM_LOAD_CLOSED: mc_unreachable();
    }
    if (arrivals->next >= arrivals->end) arrivals->next = MC_NEVER;
}

void sim_arrivals_init(struct sim_arrivals *arrivals, const struct sim_load_spec *spec, uint64_t seed, uint64_t entity)
{
    *arrivals = (struct sim_arrivals){
        .spec = spec, .seed = seed, .entity = entity, .end = spec->duration ? spec->duration : MC_NEVER};
    find(arrivals, 0);
}

void sim_arrivals_advance(struct sim_arrivals *arrivals)
{
    mc_assert(arrivals->next != MC_NEVER);
    mc_ns before = arrivals->next;
    arrivals->ordinal++;
    find(arrivals, before);
}

uint64_t sim_arrivals_rate(const struct sim_load_spec *spec, mc_ns since_start)
{
    if (spec->duration && since_start >= spec->duration) return 0;
    if (spec->executor != SIM_LOAD_RAMPING_RATE) return spec->rate_milli;
    if (!spec->stage_count || since_start < spec->stages[0].at) return 0;
    for (uint32_t i = 0; i + 1 < spec->stage_count; i++) {
        const struct sim_stage *from = &spec->stages[i], *to = from + 1;
        if (since_start >= to->at) continue;
        __int128 rise = (__int128)to->rate_milli - (__int128)from->rate_milli;
        return (uint64_t)((__int128)from->rate_milli + rise * (since_start - from->at) / (to->at - from->at));
    }
    return spec->stages[spec->stage_count - 1].rate_milli;
}
