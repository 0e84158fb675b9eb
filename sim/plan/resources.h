/* CPU and memory of a container: what resources.requests and resources.limits say, and what the program in it
 * takes. Nothing of it is counted, and no event is added, where it is zero. */
#ifndef SIM_PLAN_RESOURCES_H
#define SIM_PLAN_RESOURCES_H

#include "base/time.h"
#include <stdint.h>

/* The working set is base + per_connection × connections + per_request × requests that are worked on or wait +
 * leak_per_request × requests since the start. Bytes. */
struct sim_memory_plan {
    uint64_t base, per_connection, per_request, leak_per_request;
};

/* The collector stops the world for `pause` when `heap` bytes were allocated (per_request each) or `every` has
 * passed since the last time, whichever is first; 0: not by that. */
struct sim_gc_plan {
    mc_ns every, pause;
    uint64_t heap;
};

struct sim_resources {
    uint32_t cpu_request_millis; /* share where the machine's cores are contended; 0: 2 shares, the least there is */
    uint32_t cpu_limit_millis;   /* quota; 0: none */
    uint64_t memory_request, memory_limit; /* bytes; 0: none */
    uint32_t threads;            /* of the process; 0: as many as the machine has cores */
    struct sim_memory_plan memory;
    struct sim_gc_plan gc;
};

#endif
