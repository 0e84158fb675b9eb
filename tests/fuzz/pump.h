/* A host for one guest that does whatever a fuzzer says, within the contract of host/host.h: it checks
 * the guest's actions against the contract on the way (a broken one traps). */
#ifndef FUZZ_PUMP_H
#define FUZZ_PUMP_H

#include "host/host.h"
#include <stddef.h>

enum { PUMP_STREAMS = 16, PUMP_LISTENERS = 4, PUMP_QUERIES = 8 };

struct pump_stream {
    mc_stream id; /* 0: free */
    bool connecting, ended, finished, clogged;
    uint64_t credit;
    uint64_t queued; /* sent by the guest since it was last drained */
};

struct pump {
    struct mc_pool *pool; /* of what is delivered; not the guest's */
    struct mc_guest guest;
    struct mc_outbox outbox;
    struct pump_stream streams[PUMP_STREAMS];
    struct { uint32_t id; struct mc_addr addr; } listeners[PUMP_LISTENERS];
    uint32_t queries[PUMP_QUERIES];
    uint64_t accepted;
    mc_ns now;
    bool exited;
    void (*sent)(struct pump *pump, mc_stream stream, struct mc_str bytes); /* NULL: dropped */
};

void pump_init(struct pump *pump, struct mc_guest guest, struct mc_pool *pool); /* steps START */
struct pump_stream *pump_accept(struct pump *pump); /* NULL: no room, or nothing listens */
void pump_opened(struct pump *pump, struct pump_stream *stream, bool well);
/* As much of BYTES as credit allows; returns how much. */
size_t pump_data(struct pump *pump, struct pump_stream *stream, struct mc_str bytes);
void pump_end(struct pump *pump, struct pump_stream *stream);
void pump_reset(struct pump *pump, struct pump_stream *stream);
void pump_wake(struct pump *pump, mc_ns after); /* time passes, WAKEs at deadlines on the way */
/* Reads BYTES as a program: what happens, to which stream, with which data. */
void pump_play(struct pump *pump, const uint8_t *bytes, size_t size);
void pump_fini(struct pump *pump); /* every stream is cut first */

#define PUMP_MUST(condition) ((condition) ? (void)0 : __builtin_trap())

#endif
