/* What applications and load clients tell: calls as their callers see them, arrivals as servers see
 * them, and the connections between.
 *
 * One observer serves all guests of a run. Parties are the numbers that the world gave them; they mean
 * nothing here. Records are borrowed during the call, and nothing may call back.
 */
#ifndef SIM_LOAD_OBSERVER_H
#define SIM_LOAD_OBSERVER_H

#include "base/atoms.h"
#include "base/time.h"
#include <stdbool.h>

#define SIM_CALL_FAILURES(X) \
    X(NONE, "answered") \
    X(NAME, "name not resolved") \
    X(CONNECT, "not connected") \
    X(RESET, "connection lost") \
    X(TIMEOUT, "timed out") \
    X(REFUSED, "out of memory") \
    X(POOL, "no connection was free")

enum sim_call_failure {
#define X(name, text) SIM_CALL_##name,
    SIM_CALL_FAILURES(X)
#undef X
};

const char *sim_call_failure_text(enum sim_call_failure failure);

enum { SIM_NO_PARTY = UINT32_MAX };

/* A request under way, findable by its span, so that what a sidecar logs about it (response flags, the
 * endpoint) reaches the call it belongs to. Embedded in the call; the observer only links it. */
struct sim_watch {
    uint64_t span;
    uint64_t endpoint; /* MC_TRACE_ACCESS: packed address; 0: none was chosen, or nothing was logged */
    uint32_t flags;
    uint32_t attempts; /* of the sidecar; 0: nothing was logged */
    struct sim_watch *next;
};

/* A logical call: all tries of its application together. */
struct sim_call_record {
    uint32_t from, to;        /* caller and called service, as the world numbers them */
    mc_atom path;
    mc_ns started;            /* when it was meant to start: open-loop latency counts from there */
    mc_ns ended, first_byte;  /* first_byte: of the last try; 0: none came */
    uint16_t code;            /* 0: no answer */
    enum sim_call_failure failure;
    uint32_t tries;           /* by the application */
    uint32_t served_by;       /* who answered, if it was an application; SIM_NO_PARTY */
    uint64_t bytes_up, bytes_down; /* bodies */
    uint64_t trace_hi, trace_lo, parent;
    const struct sim_watch *watch; /* of the last try */
};

/* A request at a server, told when the server is done with it, answered or not. */
struct sim_arrival_record {
    uint32_t at;              /* the pod's party */
    mc_atom path;
    mc_ns started, ended;
    uint16_t code;            /* 0: lost with its server */
    bool abandoned;           /* its caller had gone before it was answered */
    uint64_t trace_hi, trace_lo, span; /* as received: of whom it was received from */
    mc_ns cpu;                /* burnt for it; of an abandoned one: for nobody */
};

struct sim_observer;

struct sim_observer_type {
    void (*watch)(struct sim_observer *observer, struct sim_watch *watch);   /* from now on */
    void (*unwatch)(struct sim_observer *observer, struct sim_watch *watch);
    void (*call)(struct sim_observer *observer, const struct sim_call_record *call);
    void (*arrival)(struct sim_observer *observer, const struct sim_arrival_record *arrival);
    /* A client connection was established, or has ended. STREAM tells those of one guest apart. */
    void (*connection)(struct sim_observer *observer, uint32_t from, uint32_t to, uint64_t stream, mc_ns now, bool opened);
};

struct sim_observer { /* first member of an implementation */
    const struct sim_observer_type *type;
};

#endif
