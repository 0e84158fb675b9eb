/* Bytes on the move: ref-counted chunks, slices of them, and queues of slices.
 *
 * A chunk is written once, by whoever took it, and is immutable from the first SEND or DATA on. A
 * slice is a view of a chunk that holds one reference; passing a slice on passes the reference. A
 * chunk is bytes or *modelled*: a length and a record that stands for the content. Links, layers and
 * credit use lengths only; a slice that holds the chunk's last byte carries the record.
 */
#ifndef BASE_CHUNK_H
#define BASE_CHUNK_H

#include "base/assert.h"
#include "base/pool.h"
#include "base/str.h"
#include <stdbool.h>

/* What a modelled chunk stands for. The first member of the record that a protocol defines. */
struct mc_record {
    uint32_t kind;                          /* the protocol's own number */
    void (*release)(struct mc_record *self); /* called when the chunk dies; may be NULL */
};

struct mc_chunk {
    uint32_t references;
    uint32_t size;            /* capacity of bytes[], or the length that a modelled chunk stands for */
    uint32_t used;            /* bytes written so far (writers append here) */
    bool modelled;
    struct mc_record *record; /* modelled only */
    struct mc_pool *pool;
    char bytes[];             /* none if modelled */
};

struct mc_slice {
    struct mc_chunk *chunk; /* NULL: empty */
    uint32_t offset, length;
};

/* One reference, for the caller. SIZE bytes of room. NULL refuses. */
struct mc_chunk *mc_chunk_take(struct mc_pool *pool, uint32_t size);
/* A modelled chunk of LENGTH bytes. Takes RECORD over, also when it refuses. */
struct mc_chunk *mc_chunk_take_modelled(struct mc_pool *pool, uint32_t length, struct mc_record *record);
void mc_chunk_free_(struct mc_chunk *chunk);

static inline struct mc_chunk *mc_chunk_ref(struct mc_chunk *chunk)
{
    chunk->references++;
    return chunk;
}

static inline void mc_chunk_unref(struct mc_chunk *chunk)
{
    if (chunk && --chunk->references == 0) mc_chunk_free_(chunk);
}

static inline uint32_t mc_chunk_room(const struct mc_chunk *chunk)
{
    return chunk->size - chunk->used;
}

/* Slices. */

static inline struct mc_slice mc_slice_none(void)
{
    return (struct mc_slice){0, 0, 0};
}

/* All that is in CHUNK; moves the caller's reference into the slice. */
static inline struct mc_slice mc_slice_of(struct mc_chunk *chunk)
{
    return (struct mc_slice){chunk, 0, chunk->modelled ? chunk->size : chunk->used};
}

/* A further view of the same chunk, with a reference of its own. */
static inline struct mc_slice mc_slice_view(struct mc_slice slice, uint32_t offset, uint32_t length)
{
    mc_assert(offset <= slice.length && length <= slice.length - offset);
    if (slice.chunk) mc_chunk_ref(slice.chunk);
    return (struct mc_slice){slice.chunk, slice.offset + offset, length};
}

static inline void mc_slice_unref(struct mc_slice slice)
{
    mc_chunk_unref(slice.chunk);
}

/* The bytes; only of chunks that are not modelled. */
static inline struct mc_str mc_slice_str(struct mc_slice slice)
{
    if (!slice.chunk) return mc_str("", 0);
    mc_assert(!slice.chunk->modelled);
    return mc_str(slice.chunk->bytes + slice.offset, slice.length);
}

/* The record, if the slice holds the last byte of a modelled chunk, else NULL. Borrowed. */
static inline struct mc_record *mc_slice_record(struct mc_slice slice)
{
    if (!slice.chunk || !slice.chunk->modelled) return 0;
    return slice.offset + slice.length == slice.chunk->size ? slice.chunk->record : 0;
}

/* Copies TEXT into a chunk of its own. .chunk is NULL if that is refused (or TEXT is empty). */
struct mc_slice mc_slice_copy(struct mc_pool *pool, struct mc_str text);

/* A queue of slices: first in, first out. Zeroed is empty. */
struct mc_slices {
    struct mc_slice *ring; /* NULL until the first push */
    uint32_t head, count, capacity;
    uint64_t bytes; /* sum of the lengths */
    struct mc_pool *pool;
};

void mc_slices_init(struct mc_slices *queue, struct mc_pool *pool);
void mc_slices_fini(struct mc_slices *queue); /* drops every reference; idempotent */
bool mc_slices_push(struct mc_slices *queue, struct mc_slice slice); /* takes the slice; false: refused and dropped */
bool mc_slices_unpop(struct mc_slices *queue, struct mc_slice slice); /* puts a popped slice back in front; false as push */
/* Up to MAX bytes from the front; the reference goes to the caller. Empty queue: an empty slice. */
struct mc_slice mc_slices_pop(struct mc_slices *queue, uint32_t max);

#endif
