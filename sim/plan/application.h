/* What applications do with a request, and how they treat their callers and callees. */
#ifndef SIM_PLAN_APPLICATION_H
#define SIM_PLAN_APPLICATION_H

#include "base/str.h"
#include "base/time.h"
#include "sim/plan/kernel.h"
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
    SIM_DIST_PARETO,      /* alpha_milli; low = p50, high = p99 (0: unbounded) */
    SIM_DIST_QUANTILES,   /* points: straight lines between them */
    SIM_DIST_MIX,         /* parts: one of them, by weight */
};

enum { SIM_DIST_PARTS_MAX = 8, SIM_DIST_POINTS_MAX = 64 };

struct sim_dist {
    enum sim_dist_kind kind;
    mc_ns mean, p50, p99;
    uint32_t alpha_milli;             /* the tail's exponent × 1000, over 0 */
    const struct sim_quantile *points;
    const struct sim_dist_part *parts;
    uint32_t count;                   /* of points or parts */
};

struct sim_quantile { /* rising in both; under the first and over the last the value stays */
    uint32_t ppm;
    mc_ns value;
};

struct sim_dist_part {
    uint32_t weight;      /* their sum is below 2^32 and over 0 */
    struct sim_dist dist; /* no mix */
};

/* A retry policy as a client application or a route has it. attempts counts retries, not tries. */
struct sim_retry {
    uint32_t attempts;          /* 0: none */
    uint32_t on;                /* MC_RETRY_ON bits (model/config.h) */
    uint16_t statuses[16];
    uint32_t status_count;
    mc_ns per_try_timeout;      /* 0: none */
    mc_ns backoff_base, backoff_max;
    bool steady;                /* back-off without jitter: the whole of it; applications only */
    /* Budget: 0 ratio: none. */
    uint32_t budget_ppm;
    uint32_t budget_min_per_second;
    mc_ns budget_ttl;
};

enum sim_step_kind {
    SIM_STEP_WORK,
    SIM_STEP_CALL,
    SIM_STEP_RESPOND,
    SIM_STEP_CACHED, /* the `span` steps behind it are what a hit saves */
};

/* A cache in front of some steps: the application's own, empty when its process starts, or one that all
 * processes of the version share (behind a CALL to its store, whose failure is a miss). */
struct sim_cache_plan {
    mc_ns ttl;
    uint32_t jitter_ppm;        /* each entry lives shorter by up to this share, drawn */
    mc_ns stale;                /* an entry that ran out is still given for so long while one request renews it; 0: no */
    uint32_t keys;              /* how many there are; at least 1 */
    uint32_t zipf_milli;        /* popularity of the k-th ~ k^-s, s × 1000; 0: all alike */
    uint32_t hot_keys, hot_ppm; /* or: this share of the requests asks for the first so many; 0: no */
    bool single_flight;         /* a miss waits for the one that is under way for its key */
    bool shared;
};

enum { SIM_CACHE_KEYS_MAX = 100000 };

struct sim_step {
    enum sim_step_kind kind;
    struct sim_source source;
    /* WORK */
    struct sim_dist wait;       /* sleeping: I/O, locks */
    struct sim_dist cpu;        /* burning the container's CPU */
    /* CALL */
    struct mc_str service;      /* callee */
    struct mc_str path, method; /* "/" and "GET" */
    mc_ns timeout;              /* the application's own, of each try; 0: none */
    mc_ns deadline;             /* the application's own, of all tries together; 0: none */
    uint32_t tries;             /* the application's own; 1 */
    struct sim_retry retry;     /* the application's own policy; attempts 0: none */
    bool optional;              /* a failure does not fail the caller */
    bool parallel;              /* starts together with the parallel calls next to it */
    uint32_t body_bytes;        /* of the request */
    /* RESPOND */
    uint16_t status;
    uint32_t response_bytes;
    /* CACHED */
    struct sim_cache_plan cache;
    uint32_t span;              /* steps behind it that it covers; no CACHED among them */
    bool after_store;           /* the step before it is the CALL to the shared store */
};

/* A client's pool of connections to one callee. 0 is what is said behind it. */
struct sim_pool_plan {
    uint32_t max_connections;   /* no bound. Calls past it wait for one … */
    uint32_t max_waiting;       /* … as many as come; more fail at once … */
    mc_ns wait_timeout;         /* … as long as their try may last */
    uint32_t max_idle;          /* all that are idle are kept; else what comes back past it is closed */
    uint32_t uses;              /* a connection takes any number of requests; 1: no keep-alive */
    mc_ns idle_timeout;         /* 90 s (Go net/http) */
    mc_ns lifetime;             /* none: a connection older than this is not used again */
    mc_ns connect_timeout;      /* as long as the try may last */
    bool oldest_first;          /* of idle ones; else the one used last */
};

/* In which order those that wait for a place get one, and when they are given up. */
enum sim_queue_policy {
    SIM_QUEUE_FIFO,
    SIM_QUEUE_LIFO,
    SIM_QUEUE_CODEL,         /* FIFO with controlled delay (Maurer, Fail at Scale, ACM Queue 13/8): who comes when the
                              * queue has not been empty for `interval` waits `target` at most, others `interval` */
    SIM_QUEUE_ADAPTIVE_LIFO, /* the same delays; LIFO while the queue has not been empty for `interval` */
};

/* The whole version is slow at times, its replicas together unless `each`: a lock convoy, a neighbour, a
 * shared store. In each stretch of `every` there is one spell at a drawn place. */
struct sim_spells {
    mc_ns every;                /* 0: none */
    mc_ns lasts;                /* less than `every` */
    uint32_t factor_permille;   /* work begun in a spell takes so much longer */
    bool each;                  /* every pod has spells of its own */
};

/* A process just started is slow (compiling, filling its caches): factor at first, falling in a straight
 * line to 1 over `requests` or `time`. */
struct sim_warm_up {
    uint32_t factor_permille;   /* 0: none */
    uint32_t requests;          /* one of the two */
    mc_ns time;
};

/* How a version's server behaves beyond its steps. */
struct sim_server_plan {
    struct sim_socket_plan sockets;
    struct sim_pool_plan pool;  /* towards each callee */
    uint32_t connection_requests; /* requests on one server connection, then it is closed; 0: no bound */
    enum sim_queue_policy queue_policy;
    mc_ns queue_timeout;        /* FIFO and LIFO; 0: none */
    mc_ns queue_target, queue_interval; /* controlled delay; 0: 5 ms, 100 ms */
    uint16_t overload_status;   /* of those turned away; 0: 503 */
    bool deadlines;             /* heeds the time that its callers have left, and tells its callees theirs */
    struct sim_spells spells;
    struct sim_warm_up warm_up;
};

#endif
