/* Guests joined by instant byte streams under virtual time: the smallest host there is.
 *
 * Each end is a guest with an address; OPEN reaches the end that listens there. Bytes are delivered in
 * pieces of at most `piece` bytes (0: as they were sent) and no more than credit allows. The contract
 * of host/host.h is asserted on the way.
 */
#ifndef SUPPORT_WIRE_H
#define SUPPORT_WIRE_H

#include "host/host.h"

enum { WIRE_ENDS = 8, WIRE_STREAMS = 256 };

struct wire_side {
    int end;            /* which guest */
    mc_stream id;       /* its name for the stream */
    uint64_t credit;    /* bytes it may still be given */
    struct mc_slices in; /* on their way to it */
    bool finished_in, told_end, dead, fin_sent;
};

struct wire_stream {
    bool used, opening;
    struct mc_addr to;
    struct wire_side side[2];
};

struct wire_end {
    struct mc_guest guest;
    struct mc_outbox outbox;
    struct { uint32_t id; struct mc_addr addr; } listeners[16];
    int listener_count;
    struct mc_addr ip; /* who it is for listeners at any address; set it after wire_add */
    bool exited;
    uint32_t exit_status;
};

struct wire_query {
    int end;
    uint32_t id;
    struct mc_addr addr;
    bool found;
    struct mc_addr more[4]; /* of answer_with: all addresses */
    uint32_t count;
    enum mc_stream_reason reason;
};

struct wire {
    struct mc_pool *pool;
    struct wire_end ends[WIRE_ENDS];
    int end_count;
    struct wire_stream streams[WIRE_STREAMS];
    uint64_t accepted;
    mc_ns now, wall;
    uint32_t piece;
    /* NULL: a RESOLVE aborts. False: the name does not exist. */
    bool (*resolve)(struct wire *wire, struct mc_str name, struct mc_addr *addr);
    void (*answer_with)(struct wire *wire, struct mc_str name, struct wire_query *query); /* instead, if it is set */
    struct wire_query queries[16];
    int query_count;
    bool (*cut)(struct wire *wire, struct mc_addr to); /* NULL: nothing is cut; true: OPEN is refused */
};

void wire_init(struct wire *wire, struct mc_pool *pool);
int wire_add(struct wire *wire, struct mc_guest guest); /* steps START */
void wire_run(struct wire *wire);                       /* until nothing moves, without passing of time */
void wire_run_until(struct wire *wire, mc_ns until);    /* WAKEs at deadlines */
void wire_step(struct wire *wire, int end, struct mc_event event);
void wire_reset_streams(struct wire *wire, int end);    /* every stream of END is cut for both sides */
void wire_fini(struct wire *wire);

#endif
