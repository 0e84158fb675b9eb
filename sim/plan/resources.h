/* CPU and memory of a container, as resources.requests and resources.limits say. */
#ifndef SIM_PLAN_RESOURCES_H
#define SIM_PLAN_RESOURCES_H

#include <stdint.h>

struct sim_resources {
    uint32_t cpu_request_millis; /* share where the machine's cores are contended; 0: 2 shares, the least there is */
    uint64_t memory_request, memory_limit; /* bytes; 0: none */
};

#endif
