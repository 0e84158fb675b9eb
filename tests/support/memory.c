#include "support/memory.h"
#include <stdlib.h>

static void *take(void *self, size_t size)
{
    struct test_memory *memory = self;
    size_t number = ++memory->takes;
    if (memory->refuse_at && (number == memory->refuse_at || (memory->refuse_after && number > memory->refuse_at)))
        return NULL;
    void *block = malloc(size);
    if (!block) abort();
    memory->live_blocks++;
    memory->live_bytes += size;
    return block;
}

static void give(void *self, void *block, size_t size)
{
    struct test_memory *memory = self;
    memory->live_blocks--;
    memory->live_bytes -= size;
    free(block);
}

struct mc_alloc test_alloc(struct test_memory *memory)
{
    return (struct mc_alloc){.self = memory, .take = take, .give = give};
}
