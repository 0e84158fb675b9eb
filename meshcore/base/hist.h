/* A log-linear histogram of non-negative 64-bit values (nanoseconds, bytes): exact below 128, then 64
 * buckets per power of two, so that a reported value is at most 1/64 (1.6 %) above the true one.
 * Memory grows with the span of values seen: an empty histogram holds none. */
#ifndef BASE_HIST_H
#define BASE_HIST_H

#include "base/alloc.h"
#include <stdbool.h>
#include <stdint.h>

struct mc_hist {
    uint32_t *buckets;       /* [low, low + span) */
    uint32_t low, span;
    uint64_t count, sum;     /* sum saturates */
    uint64_t min, max;       /* exact; 0 when empty */
};

/* Zeroed is empty. Adding saturates each bucket at 2^32-1. False: memory refused, value not counted. */
bool mc_hist_add(struct mc_hist *hist, const struct mc_alloc *alloc, uint64_t value);
bool mc_hist_add_many(struct mc_hist *hist, const struct mc_alloc *alloc, uint64_t value, uint32_t times);
bool mc_hist_merge(struct mc_hist *hist, const struct mc_alloc *alloc, const struct mc_hist *from);
void mc_hist_clear(struct mc_hist *hist, const struct mc_alloc *alloc); /* gives the memory back */

/* The smallest bucket bound b such that at least PER_MILLION millionths of the values are <= b, capped
 * at max (nearest rank). 0 when empty. PER_MILLION 500000 is the median. */
uint64_t mc_hist_quantile(const struct mc_hist *hist, uint32_t per_million);
uint64_t mc_hist_count_at_most(const struct mc_hist *hist, uint64_t value); /* by bucket bound */

uint32_t mc_hist_index(uint64_t value);       /* bucket number of a value */
uint64_t mc_hist_bound(uint32_t index);       /* largest value of that bucket */

#endif
