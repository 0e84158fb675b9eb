#include "base/pool.h"
#include "base/assert.h"
#include <stdalign.h>
#include <stdbool.h>
#include <string.h>

struct mc_pool_slab {
    struct mc_pool_slab *next;
    size_t size;
};

enum { FINE_STEP = 16, FINE_MAX = 512, FINE_CLASSES = FINE_MAX / FINE_STEP, STEPS = 8, STEP_BITS = 6, SLAB_BLOCKS_BYTES = 64 * 1024 };

mc_static_assert(FINE_CLASSES + STEPS * 6 == MC_POOL_CLASSES, "512 << 6 is the largest block");
mc_static_assert(FINE_MAX / STEPS == 1 << STEP_BITS, "a step of octave 0");
mc_static_assert(sizeof(struct mc_pool_slab) % alignof(max_align_t) == 0, "blocks stay aligned");

static unsigned class_of(size_t size)
{
    if (size <= FINE_MAX) return size ? (unsigned)((size - 1) / FINE_STEP) : 0;
    unsigned octave = 63u - (unsigned)__builtin_clzll(size - 1) - 9; /* 513…1024 is octave 0 */
    size_t base = (size_t)FINE_MAX << octave;
    return FINE_CLASSES + octave * STEPS + (unsigned)((size - 1 - base) >> (octave + STEP_BITS));
}

static size_t class_bytes(unsigned class)
{
    if (class < FINE_CLASSES) return (size_t)(class + 1) * FINE_STEP;
    unsigned octave = (class - FINE_CLASSES) / STEPS, step = (class - FINE_CLASSES) % STEPS;
    size_t base = (size_t)FINE_MAX << octave;
    return base + (step + 1) * (base / STEPS);
}

void mc_pool_init(struct mc_pool *pool, struct mc_alloc alloc)
{
    *pool = (struct mc_pool){.alloc = alloc, .fill = -1};
}

void mc_pool_fini(struct mc_pool *pool)
{
    while (pool->slabs) {
        struct mc_pool_slab *slab = pool->slabs;
        pool->slabs = slab->next;
        mc_alloc_give(&pool->alloc, slab, slab->size);
    }
    struct mc_alloc alloc = pool->alloc;
    mc_pool_init(pool, alloc);
}

static bool grow(struct mc_pool *pool, unsigned class)
{
    size_t bytes = class_bytes(class);
    size_t count = bytes < SLAB_BLOCKS_BYTES ? SLAB_BLOCKS_BYTES / bytes : 1;
    size_t size = sizeof(struct mc_pool_slab) + count * bytes;
    if (pool->limit_bytes && pool->held_bytes + size > pool->limit_bytes) return false;
    struct mc_pool_slab *slab = mc_alloc_take(&pool->alloc, size);
    if (!slab) return false;
    *slab = (struct mc_pool_slab){.next = pool->slabs, .size = size};
    pool->slabs = slab;
    pool->held_bytes += size;
    char *first = (char *)(slab + 1);
    if (pool->fill >= 0) memset(first, pool->fill, count * bytes);
    for (size_t i = count; i-- > 0;) {
        struct mc_pool_free *block = (struct mc_pool_free *)(void *)(first + i * bytes);
        block->next = pool->free[class];
        pool->free[class] = block;
    }
    return true;
}

static void *take_large(struct mc_pool *pool, size_t size)
{
    if (pool->limit_bytes && pool->held_bytes + size > pool->limit_bytes) return NULL;
    void *block = mc_alloc_take(&pool->alloc, size);
    if (!block) return NULL;
    if (pool->fill >= 0) memset(block, pool->fill, size);
    pool->held_bytes += size;
    pool->live_blocks++;
    pool->live_bytes += size;
    return block;
}

void *mc_pool_take(struct mc_pool *pool, size_t size)
{
    if (size > MC_POOL_BLOCK_MAX) return take_large(pool, size);
    unsigned class = class_of(size);
    struct mc_pool_free *block = pool->free[class];
    if (!block) {
        if (!grow(pool, class)) return NULL;
        block = pool->free[class];
    }
    pool->free[class] = block->next;
    pool->live_blocks++;
    pool->live_bytes += class_bytes(class);
    return block;
}

void *mc_pool_take_zero(struct mc_pool *pool, size_t size)
{
    void *block = mc_pool_take(pool, size);
    return block ? memset(block, 0, size) : NULL;
}

void mc_pool_give(struct mc_pool *pool, void *block, size_t size)
{
    if (!block) return;
    mc_assert(pool->live_blocks > 0);
    pool->live_blocks--;
    if (size > MC_POOL_BLOCK_MAX) {
        pool->held_bytes -= size;
        pool->live_bytes -= size;
        mc_alloc_give(&pool->alloc, block, size);
        return;
    }
    unsigned class = class_of(size);
    pool->live_bytes -= class_bytes(class);
    if (pool->fill >= 0) memset(block, pool->fill, class_bytes(class));
    struct mc_pool_free *free_block = block;
    free_block->next = pool->free[class];
    pool->free[class] = free_block;
}

static void *alloc_take(void *self, size_t size)
{
    return mc_pool_take(self, size);
}

static void alloc_give(void *self, void *block, size_t size)
{
    mc_pool_give(self, block, size);
}

struct mc_alloc mc_pool_as_alloc(struct mc_pool *pool)
{
    return (struct mc_alloc){.self = pool, .take = alloc_take, .give = alloc_give};
}
