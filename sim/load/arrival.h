/* When the iterations of an open-loop client begin: instants that depend on the specification, the seed
 * and the ordinal alone, never on how the system answers. */
#ifndef SIM_LOAD_ARRIVAL_H
#define SIM_LOAD_ARRIVAL_H

#include "sim/plan/plan.h"

struct sim_arrivals {
    const struct sim_load_spec *spec;
    uint64_t seed, entity;
    uint64_t ordinal; /* of `next` */
    mc_ns next;       /* since the specification's start; MC_NEVER: no more */
    mc_ns end;        /* MC_NEVER: open */
    uint32_t stage;   /* ramping: the stage that `next` was found in … */
    unsigned __int128 before; /* … and the iterations due before it, × rate unit × time unit × 2 */
};

/* Not for closed loops. ENTITY keys the draws. */
void sim_arrivals_init(struct sim_arrivals *arrivals, const struct sim_load_spec *spec, uint64_t seed, uint64_t entity);
void sim_arrivals_advance(struct sim_arrivals *arrivals); /* on to the following one */

/* The rate that is asked for at an instant since the start, per second × 1000. */
uint64_t sim_arrivals_rate(const struct sim_load_spec *spec, mc_ns since_start);

#endif
