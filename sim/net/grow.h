/* Arrays of things that are only ever added: pods, machines, containers, services. */
#ifndef SIM_NET_GROW_H
#define SIM_NET_GROW_H

#include "base/pool.h"
#include <stdbool.h>

/* Makes *ARRAY hold at least COUNT elements of SIZE, doubling; new ones are zeroed. False refuses. */
bool sim_grow(struct mc_pool *pool, void **array, uint32_t *capacity, uint32_t count, size_t size);

#endif
