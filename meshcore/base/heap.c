#include "base/heap.h"
#include "base/assert.h"

static bool before(const struct mc_heap_node *a, const struct mc_heap_node *b)
{
    return a->key != b->key ? a->key < b->key : a->order < b->order;
}

/* Both are roots without siblings, or NULL. */
static struct mc_heap_node *meld(struct mc_heap_node *a, struct mc_heap_node *b)
{
    if (!a) return b;
    if (!b) return a;
    if (before(b, a)) {
        struct mc_heap_node *swap = a;
        a = b;
        b = swap;
    }
    b->prev = a;
    b->next = a->child;
    if (a->child) a->child->prev = b;
    a->child = b;
    return a;
}

/* The two passes of the pairing heap, without recursion: pairs left to right, then right to left. */
static struct mc_heap_node *meld_siblings(struct mc_heap_node *first)
{
    struct mc_heap_node *pairs = 0, *root = 0;
    while (first) {
        struct mc_heap_node *a = first, *b = a->next;
        first = b ? b->next : 0;
        a->next = a->prev = 0;
        if (b) b->next = b->prev = 0;
        a = meld(a, b);
        a->next = pairs;
        pairs = a;
    }
    while (pairs) {
        struct mc_heap_node *rest = pairs->next;
        pairs->next = 0;
        root = meld(pairs, root);
        pairs = rest;
    }
    return root;
}

void mc_heap_insert(struct mc_heap *heap, struct mc_heap_node *node)
{
    node->child = node->next = node->prev = 0;
    heap->root = meld(heap->root, node);
}

void mc_heap_remove(struct mc_heap *heap, struct mc_heap_node *node)
{
    struct mc_heap_node *children = meld_siblings(node->child);
    if (node == heap->root) {
        heap->root = children;
    } else {
        mc_assert(node->prev);
        if (node->prev->child == node)
            node->prev->child = node->next;
        else
            node->prev->next = node->next;
        if (node->next) node->next->prev = node->prev;
        heap->root = meld(heap->root, children);
    }
    node->child = node->next = node->prev = 0;
}
