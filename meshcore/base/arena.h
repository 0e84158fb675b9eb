/* Bump memory for one request, one message or one snapshot build: taken piecewise, given back whole.
 * Blocks come from the pool: the first of 1 KiB, later ones of 4 KiB or as large as one request needs. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/pool.h"
#include "base/str.h"

struct mc_arena {
    struct mc_pool *pool;
    struct mc_arena_block *last;
    size_t used, size; /* of the last block */
    size_t total;      /* bytes handed out */
    size_t limit;      /* a take past this is refused; 0: no limit */
};

void mc_arena_init(struct mc_arena *arena, struct mc_pool *pool, size_t limit);
void mc_arena_fini(struct mc_arena *arena); /* everything taken from it becomes invalid; idempotent */

void *mc_arena_take(struct mc_arena *arena, size_t size); /* 16-byte aligned, uninitialised; NULL refuses */
void *mc_arena_take_zero(struct mc_arena *arena, size_t size);
struct mc_str mc_arena_copy(struct mc_arena *arena, struct mc_str text); /* .p NULL refuses */

#endif
