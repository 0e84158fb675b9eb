/* The one door to memory. The creator of a realm supplies it; a NULL answer is a refusal that the
 * caller turns into a reset, a 503 or a NACK. Sizes come back on free, so that pools need no headers.
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>

struct mc_alloc {
    void *self;
    void *(*take)(void *self, size_t size);             /* aligned for any type; NULL refuses */
    void (*give)(void *self, void *block, size_t size); /* never NULL; the size that was taken */
};

static inline void *mc_alloc_take(const struct mc_alloc *alloc, size_t size)
{
    return alloc->take(alloc->self, size);
}

static inline void mc_alloc_give(const struct mc_alloc *alloc, void *block, size_t size)
{
    if (block) alloc->give(alloc->self, block, size);
}

#endif
