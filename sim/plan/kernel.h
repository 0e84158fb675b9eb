/* The simulated machines' kernel: TCP and resolver constants under their sysctl names, see
 * topologies/profiles/kernel.lua. */
#ifndef SIM_PLAN_KERNEL_H
#define SIM_PLAN_KERNEL_H

#include "base/time.h"
#include <stdint.h>

struct sim_kernel { 
    uint32_t initial_window;    /* segments: 10 */
    uint32_t mss;               /* 1460 */
    mc_ns rto_min, rto_max;     /* 200 ms, 120 s */
    mc_ns syn_rto;              /* 1 s, doubling */
    uint32_t syn_retries;       /* 6 */
    uint32_t retries2;          /* 15 */
    uint32_t ephemeral_ports;   /* 28232 */
    mc_ns time_wait;            /* 60 s */
    uint32_t somaxconn;         /* 4096 */
    uint64_t receive_window;    /* bytes */
    mc_ns dns_timeout;          /* 5 s */
    uint32_t dns_attempts;      /* 2 */
};

#endif
