/* What applications do with a request, and how they treat their callers and callees. */
#ifndef SIM_PLAN_APPLICATION_H
#define SIM_PLAN_APPLICATION_H

#include "base/str.h"
#include "base/time.h"
#include <stdbool.h>

/* Where something stands in a script, for messages. */
struct sim_source {
    struct mc_str file;
    int line;
};

enum sim_dist_kind {
    SIM_DIST_CONSTANT,    /* mean */
    SIM_DIST_EXPONENTIAL, /* mean */
    SIM_DIST_LOGNORMAL,   /* p50, p99 */
    SIM_DIST_UNIFORM,     /* low = p50, high = p99 */
};

struct sim_dist {
    enum sim_dist_kind kind;
    mc_ns mean, p50, p99;
};

/* A retry policy as a client application or a route has it. attempts counts retries, not tries. */
struct sim_retry {
    uint32_t attempts;          /* 0: none */
    uint32_t on;                /* MC_RETRY_ON bits (model/config.h) */
    uint16_t statuses[16];
    uint32_t status_count;
    mc_ns per_try_timeout;      /* 0: none */
    mc_ns backoff_base, backoff_max;
    /* Budget: 0 ratio: none. */
    uint32_t budget_ppm;
    uint32_t budget_min_per_second;
    mc_ns budget_ttl;
};

enum sim_step_kind { SIM_STEP_WORK, SIM_STEP_CALL, SIM_STEP_RESPOND };

struct sim_step {
    enum sim_step_kind kind;
    struct sim_source source;
    /* WORK */
    struct sim_dist wait;       /* sleeping: I/O, locks */
    struct sim_dist cpu;        /* burning the container's CPU */
    /* CALL */
    struct mc_str service;      /* callee */
    struct mc_str path, method; /* "/" and "GET" */
    mc_ns timeout;              /* the application's own; 0: none */
    uint32_t tries;             /* the application's own; 1 */
    struct sim_retry retry;     /* the application's own policy; attempts 0: none */
    bool optional;              /* a failure does not fail the caller */
    bool parallel;              /* starts together with the parallel calls next to it */
    uint32_t body_bytes;        /* of the request */
    /* RESPOND */
    uint16_t status;
    uint32_t response_bytes;
};

/* How a version's server behaves beyond its steps. */
struct sim_server_plan {
    mc_ns idle_timeout; /* of its client pools: idle connections are closed after; 0: 90 s */
};

#endif
