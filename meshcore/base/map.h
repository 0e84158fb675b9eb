/* A hash map from a 64-bit key to a pointer that iterates in insertion order. Removal keeps the order.
 * Linear probing; grows by doubling; at most 2^31 entries. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/alloc.h"
#include <stdbool.h>
#include <stdint.h>

struct mc_map_entry {
    uint64_t key;
    void *value; /* NULL marks a removed entry */
};

struct mc_map {
    struct mc_alloc alloc;
    struct mc_map_entry *entries; /* in insertion order, with holes after removals */
    uint32_t *table;              /* index + 1 into entries; 0 free */
    uint32_t filled;              /* entries in use, holes included */
    uint32_t count;               /* live entries */
    uint32_t capacity;            /* of entries; the table has twice as many places */
};

void mc_map_init(struct mc_map *map, struct mc_alloc alloc);
void mc_map_fini(struct mc_map *map);
void *mc_map_get(const struct mc_map *map, uint64_t key); /* NULL if absent */
bool mc_map_put(struct mc_map *map, uint64_t key, void *value); /* VALUE not NULL; replaces; false refuses */
void *mc_map_remove(struct mc_map *map, uint64_t key);    /* what was there, or NULL */

/* Insertion order. Start with *at = 0; NULL at the end. Removing the current entry is allowed. */
struct mc_map_entry *mc_map_next(const struct mc_map *map, uint32_t *at);

#endif
