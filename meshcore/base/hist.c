#include "base/hist.h"
#include "base/assert.h"
#include <string.h>

enum { EXACT_BITS = 7, STEP_BITS = 6, STEPS = 1 << STEP_BITS, GROW = 32 };

uint32_t mc_hist_index(uint64_t value)
{
    if (value < 1u << EXACT_BITS) return (uint32_t)value;
    uint32_t octave = 63u - (uint32_t)__builtin_clzll(value); /* >= 7 */
    uint32_t step = (uint32_t)(value >> (octave - STEP_BITS)) & (STEPS - 1);
    return (1u << EXACT_BITS) + (octave - EXACT_BITS) * STEPS + step;
}

uint64_t mc_hist_bound(uint32_t index)
{
    if (index < 1u << EXACT_BITS) return index;
    uint32_t octave = EXACT_BITS + (index - (1u << EXACT_BITS)) / STEPS, step = (index - (1u << EXACT_BITS)) % STEPS;
    return ((UINT64_C(1) << octave) - 1) + ((uint64_t)(step + 1) << (octave - STEP_BITS));
}

/* Makes room for INDEX, with some slack so that growth is rare. */
static bool cover(struct mc_hist *hist, const struct mc_alloc *alloc, uint32_t index)
{
    if (hist->span && index >= hist->low && index - hist->low < hist->span) return true;
    uint32_t low = index - (index % GROW), high = low + GROW;
    if (hist->span) {
        if (hist->low < low) low = hist->low;
        if (hist->low + hist->span > high) high = hist->low + hist->span;
    }
    uint32_t *buckets = mc_alloc_take(alloc, (high - low) * sizeof *buckets);
    if (!buckets) return false;
    memset(buckets, 0, (high - low) * sizeof *buckets);
    if (hist->span) memcpy(buckets + (hist->low - low), hist->buckets, hist->span * sizeof *buckets);
    mc_alloc_give(alloc, hist->buckets, hist->span * sizeof *buckets);
    hist->buckets = buckets;
    hist->low = low;
    hist->span = high - low;
    return true;
}

static void saturating_add(uint64_t *sum, uint64_t value)
{
    if (__builtin_add_overflow(*sum, value, sum)) *sum = UINT64_MAX;
}

static void count_into(uint32_t *bucket, uint32_t times)
{
    if (__builtin_add_overflow(*bucket, times, bucket)) *bucket = UINT32_MAX;
}

bool mc_hist_add_many(struct mc_hist *hist, const struct mc_alloc *alloc, uint64_t value, uint32_t times)
{
    uint32_t index = mc_hist_index(value);
    if (!times) return true;
    if (!cover(hist, alloc, index)) return false;
    count_into(&hist->buckets[index - hist->low], times);
    if (!hist->count || value < hist->min) hist->min = value;
    if (value > hist->max) hist->max = value;
    hist->count += times;
    uint64_t product;
    if (__builtin_mul_overflow(value, (uint64_t)times, &product)) product = UINT64_MAX;
    saturating_add(&hist->sum, product);
    return true;
}

bool mc_hist_add(struct mc_hist *hist, const struct mc_alloc *alloc, uint64_t value)
{
    return mc_hist_add_many(hist, alloc, value, 1);
}

bool mc_hist_merge(struct mc_hist *hist, const struct mc_alloc *alloc, const struct mc_hist *from)
{
    if (!from->count) return true;
    if (!cover(hist, alloc, from->low) || !cover(hist, alloc, from->low + from->span - 1)) return false;
    for (uint32_t i = 0; i < from->span; i++) count_into(&hist->buckets[from->low + i - hist->low], from->buckets[i]);
    if (!hist->count || from->min < hist->min) hist->min = from->min;
    if (from->max > hist->max) hist->max = from->max;
    hist->count += from->count;
    saturating_add(&hist->sum, from->sum);
    return true;
}

void mc_hist_clear(struct mc_hist *hist, const struct mc_alloc *alloc)
{
    mc_alloc_give(alloc, hist->buckets, hist->span * sizeof *hist->buckets);
    *hist = (struct mc_hist){0};
}

uint64_t mc_hist_quantile(const struct mc_hist *hist, uint32_t per_million)
{
    mc_assert(per_million <= 1000000);
    if (!hist->count) return 0;
    unsigned __int128 product = (unsigned __int128)hist->count * per_million;
    uint64_t rank = (uint64_t)((product + 999999) / 1000000), seen = 0;
    if (!rank) return hist->min;
    for (uint32_t i = 0; i < hist->span; i++) {
        seen += hist->buckets[i];
        if (seen < rank) continue;
        uint64_t bound = mc_hist_bound(hist->low + i);
        return bound < hist->max ? bound : hist->max;
    }
    return hist->max;
}

uint64_t mc_hist_count_at_most(const struct mc_hist *hist, uint64_t value)
{
    uint64_t seen = 0;
    for (uint32_t i = 0; i < hist->span && mc_hist_bound(hist->low + i) <= value; i++) seen += hist->buckets[i];
    return value >= hist->max ? hist->count : seen;
}
