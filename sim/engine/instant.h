/* The entries of one instant in the order of the key: a binary heap of pointers. Private to the engine. */
#ifndef SIM_ENGINE_INSTANT_H
#define SIM_ENGINE_INSTANT_H

#include "sim/engine/engine.h"

enum { SIM_IN_INSTANT = 64 }; /* sim_entry.bucket of those in the heap */

bool sim_instant_push(struct sim_instant *instant, const struct mc_alloc *alloc, struct sim_entry *entry); /* false refuses */
void sim_instant_remove(struct sim_instant *instant, struct sim_entry *entry);
struct sim_entry *sim_instant_pop(struct sim_instant *instant); /* not empty */
void sim_instant_fini(struct sim_instant *instant, const struct mc_alloc *alloc);

#endif
