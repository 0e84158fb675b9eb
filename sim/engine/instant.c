#include "sim/engine/instant.h"
#include "base/assert.h"
#include <string.h>

static bool before(const struct sim_entry *a, const struct sim_entry *b)
{
    if (a->at != b->at) return a->at < b->at;
    if (a->type->class != b->type->class) return a->type->class < b->type->class;
    if (a->tie != b->tie) return a->tie < b->tie;
    if (a->origin->number != b->origin->number) return a->origin->number < b->origin->number;
    return a->sequence < b->sequence;
}

static void put(struct sim_instant *instant, uint32_t place, struct sim_entry *entry)
{
    instant->entries[place] = entry;
    entry->place = place;
}

static void rise(struct sim_instant *instant, uint32_t place, struct sim_entry *entry)
{
    while (place) {
        uint32_t parent = (place - 1) / 2;
        if (!before(entry, instant->entries[parent])) break;
        put(instant, place, instant->entries[parent]);
        place = parent;
    }
    put(instant, place, entry);
}

static void sink(struct sim_instant *instant, uint32_t place, struct sim_entry *entry)
{
    for (;;) {
        uint32_t child = place * 2 + 1;
        if (child >= instant->count) break;
        if (child + 1 < instant->count && before(instant->entries[child + 1], instant->entries[child])) child++;
        if (!before(instant->entries[child], entry)) break;
        put(instant, place, instant->entries[child]);
        place = child;
    }
    put(instant, place, entry);
}

static bool grow(struct sim_instant *instant, const struct mc_alloc *alloc)
{
    uint32_t capacity = instant->capacity ? instant->capacity * 2 : 64;
    struct sim_entry **entries = mc_alloc_take(alloc, capacity * sizeof *entries);
    if (!entries) return false;
    if (instant->count) memcpy(entries, instant->entries, instant->count * sizeof *entries);
    mc_alloc_give(alloc, instant->entries, instant->capacity * sizeof *entries);
    instant->entries = entries;
    instant->capacity = capacity;
    return true;
}

bool sim_instant_push(struct sim_instant *instant, const struct mc_alloc *alloc, struct sim_entry *entry)
{
    if (instant->count == instant->capacity && !grow(instant, alloc)) return false;
    entry->bucket = SIM_IN_INSTANT;
    rise(instant, instant->count++, entry);
    return true;
}

void sim_instant_remove(struct sim_instant *instant, struct sim_entry *entry)
{
    uint32_t place = entry->place;
    mc_assert(place < instant->count && instant->entries[place] == entry);
    struct sim_entry *last = instant->entries[--instant->count];
    entry->bucket = -1;
    if (last == entry) return;
    if (before(last, entry))
        rise(instant, place, last);
    else
        sink(instant, place, last);
}

struct sim_entry *sim_instant_pop(struct sim_instant *instant)
{
    struct sim_entry *first = instant->entries[0];
    sim_instant_remove(instant, first);
    return first;
}

void sim_instant_fini(struct sim_instant *instant, const struct mc_alloc *alloc)
{
    mc_alloc_give(alloc, instant->entries, instant->capacity * sizeof *instant->entries);
    *instant = (struct sim_instant){0};
}
