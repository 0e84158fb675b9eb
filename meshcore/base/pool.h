/* Fixed-size blocks for everything that comes and goes while traffic flows.
 *
 * One pool per realm serves all sizes: a request is rounded up to its size class (16-byte steps to
 * 512 bytes, then eight steps per power of two up to 32 KiB) and carved from slabs of that class that
 * are taken from the allocator once and kept. Freed blocks are reused last in, first out. Larger
 * blocks go straight to the allocator. A build with a fill byte poisons freed blocks.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/alloc.h"
#include <stddef.h>
#include <stdint.h>

enum { MC_POOL_CLASSES = 80, MC_POOL_BLOCK_MAX = 32 * 1024 };

struct mc_pool_free {
    struct mc_pool_free *next;
};

struct mc_pool {
    struct mc_alloc alloc;
    struct mc_pool_free *free[MC_POOL_CLASSES];
    struct mc_pool_slab *slabs; /* all slabs, for fini */
    size_t live_blocks;         /* taken and not given back: 0 at the end of a clean run */
    size_t live_bytes;          /* rounded to classes */
    size_t held_bytes;          /* in slabs, used or free */
    size_t limit_bytes;         /* a take that would hold more than this is refused; 0: no limit */
    int fill;                   /* poison byte for fresh and freed blocks, or -1 */
};

void mc_pool_init(struct mc_pool *pool, struct mc_alloc alloc);
void mc_pool_fini(struct mc_pool *pool); /* gives every slab back; live blocks become invalid */

void *mc_pool_take(struct mc_pool *pool, size_t size);      /* uninitialised; NULL refuses */
void *mc_pool_take_zero(struct mc_pool *pool, size_t size); /* zeroed; NULL refuses */
void mc_pool_give(struct mc_pool *pool, void *block, size_t size); /* NULL block is allowed */

/* The pool seen as an allocator, for parts that want one. */
struct mc_alloc mc_pool_as_alloc(struct mc_pool *pool);

#endif
