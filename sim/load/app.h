/* An application server as a guest: it answers requests by running its program (waits, CPU, calls to
 * other services), as many at once as it may, the others in a queue.
 *
 * Service times and errors are drawn by the luck of the request (lineage.h) and the number of the step.
 * A request over the queue's length is answered 503 at once, or as its server plan says. A required call
 * that fails makes the answer 500. The server goes on computing for callers that have gone, unless its
 * version says `cancel`: then what has not begun is left out. With `deadlines`, what its caller has no
 * time for any more is answered 504, between steps and instead of the rest of a wait; CPU that was begun
 * is burnt to its end either way.
 *
 * A version with start-up steps runs them after START and listens when they are done. If a required call
 * among them fails, the process exits with 1. Their calls are told like others, in a trace of their own.
 */
#ifndef SIM_LOAD_APP_H
#define SIM_LOAD_APP_H

#include "base/list.h"
#include "host/host.h"
#include "sim/load/observer.h"
#include "sim/load/program.h"

struct sim_app;

struct sim_app_options {
    struct mc_realm *realm;
    const struct sim_program *program;
    struct sim_observer *observer;
    uint32_t party;  /* of this pod; also the entity of its draws */
    uint32_t caller; /* its party as a caller, in sim_call_record.from */
    uint32_t start;  /* number of this start among those of the pod: its luck */
    bool warm;       /* has been running for a while: its start-up steps are behind it */
};

struct sim_app *sim_app_new(const struct sim_app_options *options); /* NULL refuses */
/* The process is gone: requests under way are told as lost. */
void sim_app_free(struct sim_app *app);
struct mc_guest sim_app_guest(struct sim_app *app);

uint32_t sim_app_active(const struct sim_app *app); /* being worked on */
uint32_t sim_app_queued(const struct sim_app *app);
uint32_t sim_app_connections(const struct sim_app *app); /* of its clients */

struct sim_app_cache_counts { /* of all its CACHED steps */
    uint64_t hits, stale; /* stale: given although they had run out */
    uint64_t misses;      /* fetched */
    uint64_t waited;      /* for somebody else's fetching */
};
struct sim_app_cache_counts sim_app_cache_counts(const struct sim_app *app);

/* ---- levers of faults ---- */

/* All waits and CPU of steps begun from now on take so much longer; 1000: as they are. */
void sim_app_slow(struct sim_app *app, uint32_t permille);

/* What is done to a request before it is worked on. Linked into any number of … one app; the owner
 * unlinks it before its memory goes. */
struct sim_app_fault {
    struct mc_link link;
    bool (*hits)(struct sim_app_fault *fault, uint64_t luck);
    mc_ns delay;     /* 0: none */
    uint16_t status; /* answered instead; 0: goes on */
};

void sim_app_break(struct sim_app *app, struct sim_app_fault *fault);
void sim_app_mend(struct sim_app *app, struct sim_app_fault *fault);

#endif
