#include "base/chunk.h"

struct mc_chunk *mc_chunk_take(struct mc_pool *pool, uint32_t size)
{
    struct mc_chunk *chunk = mc_pool_take(pool, sizeof *chunk + size);
    if (!chunk) return NULL;
    *chunk = (struct mc_chunk){.references = 1, .size = size, .pool = pool};
    return chunk;
}

static void release(struct mc_record *record)
{
    if (record && record->release) record->release(record);
}

struct mc_chunk *mc_chunk_take_modelled(struct mc_pool *pool, uint32_t length, struct mc_record *record)
{
    struct mc_chunk *chunk = mc_pool_take(pool, sizeof *chunk);
    if (!chunk) {
        release(record);
        return NULL;
    }
    *chunk = (struct mc_chunk){
        .references = 1, .size = length, .modelled = true, .record = record, .pool = pool};
    return chunk;
}

void mc_chunk_free_(struct mc_chunk *chunk)
{
    release(chunk->record);
    mc_pool_give(chunk->pool, chunk, sizeof *chunk + (chunk->modelled ? 0 : chunk->size));
}

struct mc_slice mc_slice_copy(struct mc_pool *pool, struct mc_str text)
{
    mc_assert(text.n <= UINT32_MAX);
    struct mc_chunk *chunk = text.n ? mc_chunk_take(pool, (uint32_t)text.n) : NULL;
    if (!chunk) return mc_slice_none();
    memcpy(chunk->bytes, text.p, text.n);
    chunk->used = (uint32_t)text.n;
    return mc_slice_of(chunk);
}

void mc_slices_init(struct mc_slices *queue, struct mc_pool *pool)
{
    *queue = (struct mc_slices){.pool = pool};
}

void mc_slices_fini(struct mc_slices *queue)
{
    while (queue->count) mc_slice_unref(mc_slices_pop(queue, UINT32_MAX));
    mc_pool_give(queue->pool, queue->ring, queue->capacity * sizeof *queue->ring);
    mc_slices_init(queue, queue->pool);
}

static bool grow(struct mc_slices *queue)
{
    uint32_t capacity = queue->capacity ? queue->capacity * 2 : 4;
    struct mc_slice *ring = mc_pool_take(queue->pool, capacity * sizeof *ring);
    if (!ring) return false;
    for (uint32_t i = 0; i < queue->count; i++)
        ring[i] = queue->ring[(queue->head + i) & (queue->capacity - 1)];
    mc_pool_give(queue->pool, queue->ring, queue->capacity * sizeof *ring);
    queue->ring = ring;
    queue->capacity = capacity;
    queue->head = 0;
    return true;
}

bool mc_slices_push(struct mc_slices *queue, struct mc_slice slice)
{
    if (slice.length == 0 || (queue->count == queue->capacity && !grow(queue))) {
        bool empty = slice.length == 0;
        mc_slice_unref(slice);
        return empty;
    }
    queue->ring[(queue->head + queue->count++) & (queue->capacity - 1)] = slice;
    queue->bytes += slice.length;
    return true;
}

bool mc_slices_unpop(struct mc_slices *queue, struct mc_slice slice)
{
    if (queue->count == queue->capacity && !grow(queue)) {
        mc_slice_unref(slice);
        return false;
    }
    queue->head = (queue->head - 1) & (queue->capacity - 1);
    queue->ring[queue->head] = slice;
    queue->count++;
    queue->bytes += slice.length;
    return true;
}

struct mc_slice mc_slices_pop(struct mc_slices *queue, uint32_t max)
{
    if (!queue->count || !max) return mc_slice_none();
    struct mc_slice *first = &queue->ring[queue->head];
    if (first->length > max) {
        struct mc_slice part = mc_slice_view(*first, 0, max);
        first->offset += max;
        first->length -= max;
        queue->bytes -= max;
        return part;
    }
    struct mc_slice whole = *first;
    queue->head = (queue->head + 1) & (queue->capacity - 1);
    queue->count--;
    queue->bytes -= whole.length;
    return whole;
}
