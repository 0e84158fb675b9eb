#include "base/arena.h"

struct mc_arena_block {
    struct mc_arena_block *before;
    size_t size; /* with this header */
};

enum { FIRST_BLOCK = 1024, NEXT_BLOCK = 4096, ALIGN = 16 };

void mc_arena_init(struct mc_arena *arena, struct mc_pool *pool, size_t limit)
{
    *arena = (struct mc_arena){.pool = pool, .limit = limit};
}

void mc_arena_fini(struct mc_arena *arena)
{
    while (arena->last) {
        struct mc_arena_block *block = arena->last;
        arena->last = block->before;
        mc_pool_give(arena->pool, block, block->size);
    }
    mc_arena_init(arena, arena->pool, arena->limit);
}

static void *take_from_new_block(struct mc_arena *arena, size_t size)
{
    size_t bytes = arena->last ? NEXT_BLOCK : FIRST_BLOCK;
    if (bytes < size + sizeof(struct mc_arena_block)) bytes = size + sizeof(struct mc_arena_block);
    struct mc_arena_block *block = mc_pool_take(arena->pool, bytes);
    if (!block) return NULL;
    *block = (struct mc_arena_block){.before = arena->last, .size = bytes};
    arena->last = block;
    arena->size = bytes;
    arena->used = sizeof *block + size;
    return block + 1;
}

void *mc_arena_take(struct mc_arena *arena, size_t size)
{
    size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (arena->limit && arena->total + size > arena->limit) return NULL;
    void *memory;
    if (arena->last && arena->used + size <= arena->size) {
        memory = (char *)arena->last + arena->used;
        arena->used += size;
    } else {
        memory = take_from_new_block(arena, size);
        if (!memory) return NULL;
    }
    arena->total += size;
    return memory;
}

void *mc_arena_take_zero(struct mc_arena *arena, size_t size)
{
    void *memory = mc_arena_take(arena, size);
    return memory ? memset(memory, 0, size) : NULL;
}

struct mc_str mc_arena_copy(struct mc_arena *arena, struct mc_str text)
{
    char *copy = mc_arena_take(arena, text.n + 1);
    if (!copy) return mc_str(NULL, 0);
    if (text.n) memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    return mc_str(copy, text.n);
}
