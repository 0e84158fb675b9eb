/* An intrusive pairing heap ordered by (key, order): the smallest first, equal keys by ORDER.
 * Give ORDER a counter and equal keys leave in the order they came. No memory, no failure. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stdint.h>

struct mc_heap_node {
    int64_t key;
    uint64_t order;
    struct mc_heap_node *child, *next, *prev; /* prev: left sibling, or parent of a first child */
};

struct mc_heap {
    struct mc_heap_node *root; /* NULL when empty */
};

static inline struct mc_heap_node *mc_heap_first(const struct mc_heap *heap)
{
    return heap->root;
}

void mc_heap_insert(struct mc_heap *heap, struct mc_heap_node *node); /* node not in any heap */
void mc_heap_remove(struct mc_heap *heap, struct mc_heap_node *node); /* node in this heap */

#endif
