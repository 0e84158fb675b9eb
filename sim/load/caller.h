/* The client side of an application: calls to one service over a pool of keep-alive connections, with
 * the application's own time limit, tries, retry policy and budget, and its own DNS cache.
 *
 * A pool uses the connection that was freed last, opens one when none is free and there may be one more
 * (else the call waits in line, first come first served), and closes those idle for 90 s (Go's net/http)
 * and those that come back when enough are idle. A reused connection that its server closes before a byte
 * of the answer came was closed while idle: the request goes out once more on a fresh one, which is not a
 * try. A try that was given up while its connection was being made leaves it to the next.
 */
#ifndef SIM_LOAD_CALLER_H
#define SIM_LOAD_CALLER_H

#include "http/codec.h"
#include "sim/load/body.h"
#include "sim/load/lineage.h"
#include "sim/load/observer.h"
#include "sim/load/program.h"

enum { SIM_BUDGET_CELLS = 10 };

/* A retry budget: retries may be RATIO of the requests of the last TTL, and so many more per second. */
struct sim_budget {
    uint64_t requests[SIM_BUDGET_CELLS], retries[SIM_BUDGET_CELLS];
    uint64_t cell; /* number of the current one */
};

bool sim_budget_allows(struct sim_budget *budget, const struct sim_retry *retry, mc_ns now);
void sim_budget_count(struct sim_budget *budget, const struct sim_retry *retry, mc_ns now, bool is_retry);

struct sim_caller { /* one callee of one guest */
    const struct sim_callee *callee;
    struct mc_net *net;
    struct sim_observer *observer;
    struct mc_slice filler;     /* borrowed from the guest */
    uint32_t from;              /* the guest's party */
    uint32_t query;             /* id of its RESOLVE */
    struct mc_addr addr;        /* valid until `fresh_until` */
    mc_ns fresh_until;
    bool resolving;
    uint32_t lookups;           /* where each call asks for itself: the number of the last one */
    struct mc_link idle;        /* connections, last used first */
    struct mc_link conns;       /* all of them */
    struct mc_link waiting;     /* calls that wait for the name */
    const struct sim_pool_plan *pool;
    struct mc_link line;        /* calls that wait for a connection */
    uint32_t conn_count, idle_count, line_count; /* connections: those that are not closing */
    bool tells_deadline;        /* requests say how long the try may last */
    struct sim_budget budget;
};

struct sim_http_call;

/* A logical call under way. Embedded in whatever waits for it. */
struct sim_http_call {
    struct mc_handler handler;  /* of the current try */
    void (*done)(struct sim_http_call *call); /* once; the result is in `code` and `failure` */
    struct sim_caller *caller;
    const struct sim_call_spec *spec;
    struct sim_lineage lineage, try_lineage; /* of the request it is made in; of the current try */
    uint32_t step;
    bool is_root;               /* the lineage is the call's own: a load client's */
    mc_ns started;              /* as meant */
    mc_ns first_byte;
    mc_ns deadline;             /* of all tries; 0: none. Set before the start: what the caller's own caller has left */
    mc_ns limit_at;             /* of this try */
    uint32_t tries;
    uint16_t code;
    enum sim_call_failure failure;
    enum sim_call_failure doom; /* why the timer ends this try; NONE: its time is up */
    uint32_t served_by;
    uint64_t bytes_up, bytes_down;
    struct sim_watch watch;
    struct sim_client_conn *conn; /* NULL between tries */
    struct mc_timer timer;      /* limit of the try, or back-off */
    uint32_t lookup;            /* its own; 0: it waits for the caller's */
    struct mc_link link;        /* in caller->waiting or caller->line */
    struct sim_body body;
    bool watched, once_more, backing_off, in_line;
};

void sim_caller_init(struct sim_caller *caller, const struct sim_callee *callee, struct mc_net *net,
                     struct sim_observer *observer, uint32_t from, uint32_t query); /* .pool is the owner's to set */
void sim_caller_resolved(struct sim_caller *caller, const struct mc_event *event); /* RESOLVED with its query */

/* Starts CALL; `done` comes later, never during this call. CALL is zeroed but for done, lineage, step,
 * is_root, deadline, and lives until done or cancel. */
void sim_http_call_start(struct sim_http_call *call, struct sim_caller *caller, const struct sim_call_spec *spec, mc_ns started);
/* Gives up: nothing is told, neither to `done` nor to the observer's call(). */
void sim_http_call_cancel(struct sim_http_call *call);

enum { SIM_LOOKUP_SHIFT = 16 }; /* a RESOLVE's id: the caller's, and the number of the lookup above it */

/* The party number that an application shows in its answers, so that callers know who served them. */
#define SIM_SERVED_BY MC_STR("x-served-by")

#endif
