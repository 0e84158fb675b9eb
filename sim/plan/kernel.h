/* The simulated machines' kernel: TCP and resolver constants under their sysctl names, see
 * topologies/profiles/kernel.lua. */
#ifndef SIM_PLAN_KERNEL_H
#define SIM_PLAN_KERNEL_H

#include "base/time.h"
#include <stdint.h>

/* Options of a process' sockets. 0: off, or the kernel's own. */
struct sim_socket_plan {
    uint32_t backlog;           /* given to listen(2); 0: somaxconn */
    mc_ns keepalive_time;       /* SO_KEEPALIVE with TCP_KEEPIDLE; 0: off */
    mc_ns keepalive_interval;   /* TCP_KEEPINTVL; 0: the kernel's */
    uint32_t keepalive_probes;  /* TCP_KEEPCNT; 0: the kernel's */
    mc_ns user_timeout;         /* TCP_USER_TIMEOUT; 0: none */
};

struct sim_kernel {
    uint32_t initial_window;    /* segments: 10 */
    uint32_t mss;               /* 1460; of these 12 are the timestamps' */
    mc_ns rto_min, rto_max;     /* 200 ms, 120 s */
    mc_ns syn_rto;              /* 1 s, doubling */
    uint32_t syn_retries;       /* 6 */
    uint32_t syn_linear;        /* so many SYNs more before it doubles: 0; 4 since Linux 6.5 */
    uint32_t synack_retries;    /* 5 */
    uint32_t orphan_retries;    /* of a socket that nobody holds: 8 */
    uint32_t retries2;          /* 15 */
    uint32_t ephemeral_ports;   /* 28232 */
    mc_ns time_wait;            /* 60 s */
    uint32_t somaxconn;         /* 4096 */
    uint64_t receive_window;    /* bytes */
    mc_ns keepalive_interval;   /* 75 s */
    uint32_t keepalive_probes;  /* 9 */
    mc_ns dns_timeout;          /* 5 s */
    uint32_t dns_attempts;      /* 2 */
    uint32_t hz;                /* CONFIG_HZ: 250; a quota is seen to be spent at a tick, the timer wheel rounds time-outs up. 0: exact */
};

#endif
