/* Allocators for tests: plain, counting, and one that refuses the n-th request. */
#ifndef SUPPORT_MEMORY_H
#define SUPPORT_MEMORY_H

#include "base/alloc.h"
#include <stdbool.h>

struct test_memory {
    size_t live_blocks, live_bytes, takes;
    size_t refuse_at; /* 1-based number of the request to refuse; 0: none */
    bool refuse_after; /* also refuse all that follow */
};

/* The allocator lives as long as MEMORY, which is zeroed by its owner. */
struct mc_alloc test_alloc(struct test_memory *memory);

#endif
