/* A pool that refuses nearly everything for a while, whatever it holds free: memory that runs out at a
 * chosen moment, rather than where the next slab happens to be needed. */
#ifndef SUPPORT_STARVE_H
#define SUPPORT_STARVE_H

#include "base/pool.h"
#include <string.h>

enum { STARVE_SPARE_MAX = 8 };

struct starved {
    struct mc_pool *pool;
    struct mc_pool_free *free[MC_POOL_CLASSES];
};

/* The largest block of a size class, as base/pool.h has them. */
static inline size_t starve_class_bytes(size_t class)
{
    return class < 32 ? 16 * (class + 1) : (size_t)512 / 8 * (9 + (class - 32) % 8) << (class - 32) / 8;
}

/* SPARE blocks of each size can still be taken. */
static inline struct starved starve(struct mc_pool *pool, size_t spare)
{
    struct starved starved = {.pool = pool};
    void *blocks[MC_POOL_CLASSES][STARVE_SPARE_MAX];
    for (size_t i = 0; i < MC_POOL_CLASSES; i++)
        for (size_t k = 0; k < spare; k++) blocks[i][k] = mc_pool_take(pool, starve_class_bytes(i));
    memcpy(starved.free, pool->free, sizeof starved.free);
    memset(pool->free, 0, sizeof pool->free);
    for (size_t i = 0; i < MC_POOL_CLASSES; i++)
        for (size_t k = 0; k < spare; k++) mc_pool_give(pool, blocks[i][k], starve_class_bytes(i));
    pool->limit_bytes = 1;
    return starved;
}

/* What was given back meanwhile stays; what was held comes behind it. */
static inline void feed_again(struct starved *starved)
{
    for (size_t i = 0; i < MC_POOL_CLASSES; i++) {
        struct mc_pool_free **end = &starved->pool->free[i];
        while (*end) end = &(*end)->next;
        *end = starved->free[i];
    }
    starved->pool->limit_bytes = 0;
}

#endif
