#include "base/map.h"
#include "base/assert.h"
#include "base/rand.h"
#include <string.h>

enum { FIRST_CAPACITY = 8 };

void mc_map_init(struct mc_map *map, struct mc_alloc alloc)
{
    *map = (struct mc_map){.alloc = alloc};
}

static void give_arrays(struct mc_map *map)
{
    mc_alloc_give(&map->alloc, map->entries, map->capacity * sizeof *map->entries);
    mc_alloc_give(&map->alloc, map->table, (size_t)map->capacity * 2 * sizeof *map->table);
}

void mc_map_fini(struct mc_map *map)
{
    give_arrays(map);
    mc_map_init(map, map->alloc);
}

static uint32_t first_place(const struct mc_map *map, uint64_t key)
{
    return (uint32_t)mc_mix(key) & (map->capacity * 2 - 1);
}

/* The entry of KEY, removed ones included, or NULL. */
static struct mc_map_entry *find(const struct mc_map *map, uint64_t key)
{
    if (!map->capacity) return NULL;
    uint32_t mask = map->capacity * 2 - 1;
    for (uint32_t place = first_place(map, key); map->table[place]; place = (place + 1) & mask) {
        struct mc_map_entry *entry = &map->entries[map->table[place] - 1];
        if (entry->key == key) return entry;
    }
    return NULL;
}

void *mc_map_get(const struct mc_map *map, uint64_t key)
{
    struct mc_map_entry *entry = find(map, key);
    return entry ? entry->value : NULL;
}

static void append(struct mc_map *map, uint64_t key, void *value)
{
    uint32_t mask = map->capacity * 2 - 1, place = first_place(map, key);
    while (map->table[place]) place = (place + 1) & mask;
    map->entries[map->filled] = (struct mc_map_entry){key, value};
    map->table[place] = ++map->filled;
    map->count++;
}

/* Into fresh arrays without holes; twice as large if more than half is live. */
static bool rebuild(struct mc_map *map)
{
    uint32_t capacity = map->capacity ? map->capacity : FIRST_CAPACITY;
    if (map->count * 2 > capacity) capacity *= 2;
    struct mc_map fresh = {.alloc = map->alloc, .capacity = capacity};
    fresh.entries = mc_alloc_take(&map->alloc, capacity * sizeof *fresh.entries);
    fresh.table = mc_alloc_take(&map->alloc, (size_t)capacity * 2 * sizeof *fresh.table);
    if (!fresh.entries || !fresh.table) {
        give_arrays(&fresh);
        return false;
    }
    memset(fresh.table, 0, (size_t)capacity * 2 * sizeof *fresh.table);
    for (uint32_t i = 0; i < map->filled; i++)
        if (map->entries[i].value) append(&fresh, map->entries[i].key, map->entries[i].value);
    give_arrays(map);
    *map = fresh;
    return true;
}

bool mc_map_put(struct mc_map *map, uint64_t key, void *value)
{
    mc_assert(value);
    struct mc_map_entry *entry = find(map, key);
    if (entry && entry->value) {
        entry->value = value;
        return true;
    }
    if (entry) entry->key = ~key; /* a removed entry keeps its place; the key comes again at the end */
    if (map->filled == map->capacity && !rebuild(map)) return false;
    append(map, key, value);
    return true;
}

void *mc_map_remove(struct mc_map *map, uint64_t key)
{
    struct mc_map_entry *entry = find(map, key);
    if (!entry || !entry->value) return NULL;
    void *value = entry->value;
    entry->value = NULL;
    map->count--;
    return value;
}

struct mc_map_entry *mc_map_next(const struct mc_map *map, uint32_t *at)
{
    while (*at < map->filled) {
        struct mc_map_entry *entry = &map->entries[(*at)++];
        if (entry->value) return entry;
    }
    return NULL;
}
