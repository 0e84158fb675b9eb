/* An intrusive doubly linked list. The head is a node of its own; an unlinked node points to itself,
 * so that unlinking twice does no harm. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/assert.h"
#include <stdbool.h>

struct mc_link {
    struct mc_link *next, *prev;
};

static inline void mc_list_init(struct mc_link *head)
{
    head->next = head->prev = head;
}

static inline bool mc_list_empty(const struct mc_link *head)
{
    return head->next == head;
}

static inline void mc_list_insert_after(struct mc_link *at, struct mc_link *node)
{
    node->prev = at;
    node->next = at->next;
    at->next->prev = node;
    at->next = node;
}

static inline void mc_list_push_front(struct mc_link *head, struct mc_link *node)
{
    mc_list_insert_after(head, node);
}

static inline void mc_list_push_back(struct mc_link *head, struct mc_link *node)
{
    mc_list_insert_after(head->prev, node);
}

static inline void mc_list_remove(struct mc_link *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    mc_list_init(node);
}

/* NULL if the list is empty. */
static inline struct mc_link *mc_list_first(struct mc_link *head)
{
    return mc_list_empty(head) ? 0 : head->next;
}

static inline struct mc_link *mc_list_pop_front(struct mc_link *head)
{
    struct mc_link *node = mc_list_first(head);
    if (node) mc_list_remove(node);
    return node;
}

/* Moves every node of FROM to the end of HEAD. */
static inline void mc_list_splice(struct mc_link *head, struct mc_link *from)
{
    if (mc_list_empty(from)) return;
    from->next->prev = head->prev;
    head->prev->next = from->next;
    from->prev->next = head;
    head->prev = from->prev;
    mc_list_init(from);
}

/* The node that VAR names may be unlinked in the body. */
#define mc_list_each(var, head) \
    for (struct mc_link *var = (head)->next, *var##_next = var->next; var != (head); \
         var = var##_next, var##_next = var->next)

#endif
