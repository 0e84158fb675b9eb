/* The virtual clock and the event queue; nothing here knows what an event means.
 *
 * An entry is embedded in what it belongs to and is in the queue at most once. Entries fire in the order
 * of the key (time, class, tie, source, sequence): sequence counts the entries of one origin, so that
 * the order never depends on addresses or on what unrelated parts do. The tie is 0, or, when a shuffle
 * seed is given, a draw keyed by (flow, time): the order of one instant is explored, entries of one flow
 * and source keep theirs.
 *
 * Times are found by a monotone radix heap (64 buckets by the highest bit in which the time differs from
 * the current instant: Ahuja, Mehlhorn, Orlin, Tarjan 1990), the current instant stands in a small
 * binary heap. `plain` puts everything into the binary heap: the twin that tests compare with.
 *
 * Each event gives one record of eight words to the digest chain: time, class and kind, source,
 * sequence, and four words that its owner tells with sim_engine_tell. The chain's value is noted every
 * `epoch` events, for finding where two runs part.
 */
#ifndef SIM_ENGINE_ENGINE_H
#define SIM_ENGINE_ENGINE_H

#include "base/alloc.h"
#include "base/digest.h"
#include "base/time.h"
#include <stdbool.h>
#include <stdint.h>

enum sim_class { SIM_CLASS_FAULT, SIM_CLASS_DELIVERY, SIM_CLASS_WAKE, SIM_CLASS_LOAD, SIM_CLASS_SCRIPT, SIM_CLASS_SAMPLE };

enum { SIM_INSTANT_MAX = 1000000 }; /* events at one instant; more is an error of the scenario */
enum { SIM_EPOCH_EVENTS = 65536 };  /* the digest's value is told after so many events */

/* Who schedules: gives its entries their numbers. Embedded or shared; NUMBER is unique within a class
 * of origins and stable between runs (a pod, a flow, a fault). */
struct sim_origin {
    uint64_t number;
    uint64_t sequence; /* of its next entry */
};

struct sim_entry;

struct sim_entry_type { /* static */
    const char *name;
    enum sim_class class;
    uint16_t kind; /* in the digest record; unique in the product, see the SIM_KIND list */
    void (*fire)(struct sim_entry *entry); /* out of the queue already; may schedule it again */
};

enum { /* append only */
    SIM_KIND_TEST = 1,
    SIM_KIND_FLOW,     /* net: the head of a stream direction */
    SIM_KIND_CONNECT,  /* net: SYN */
    SIM_KIND_RESOLVE,  /* net: DNS */
    SIM_KIND_WAKE,     /* host: a guest's deadline */
    SIM_KIND_SLICE,    /* host: a slice of CPU ends */
    SIM_KIND_PERIOD,   /* host: a quota is refilled */
    SIM_KIND_ORDER,    /* host: start, stop, command */
    SIM_KIND_FAULT,    /* fault: begins or ends */
    SIM_KIND_CALL,     /* run: a script's call */
    SIM_KIND_SAMPLE,   /* run, check: a grid of samples */
    SIM_KIND_LOAD,     /* load */
    SIM_KIND_COLLECT,  /* host: a stop of the world begins or ends */
    SIM_KIND_LEAK,     /* host: a leak has reached the limit */
    SIM_KIND_PULSE,    /* net: a keep-alive probe */
};

struct sim_entry {
    const struct sim_entry_type *type;
    struct sim_origin *origin;
    uint64_t flow;             /* of the shuffle's draw */
    mc_ns at;                  /* when it fires; valid while queued */
    uint64_t tie, sequence;    /* private from here */
    uint32_t place;
    int8_t bucket;
};

struct sim_epoch_watch { /* embed */
    void (*epoch)(struct sim_epoch_watch *watch, uint64_t number, mc_ns at, uint64_t digest);
    void (*event)(struct sim_epoch_watch *watch, const uint64_t record[static 8]); /* each one; NULL: none */
};

struct sim_engine_options {
    struct mc_alloc alloc;
    uint64_t shuffle; /* 0: source order */
    bool plain;
};

enum sim_engine_stop {
    SIM_ENGINE_UNTIL,   /* everything up to and including the time asked for has fired */
    SIM_ENGINE_EVENTS,  /* the number of events asked for has fired */
    SIM_ENGINE_ASKED,   /* sim_engine_halt */
    SIM_ENGINE_FLOODED, /* more than SIM_INSTANT_MAX events at one instant; will not go on */
    SIM_ENGINE_MEMORY,  /* refused; will not go on */
};

struct sim_instant { /* a binary heap of entries that are due at one time (plain: at any time) */
    struct sim_entry **entries;
    uint32_t count, capacity;
};

struct sim_slot { /* times stand beside the pointers: looking for the smallest touches no entry */
    mc_ns at;
    struct sim_entry *entry;
};

struct sim_bucket {
    struct sim_slot *slots; /* in no order */
    uint32_t count, capacity;
};

struct sim_engine {
    struct mc_alloc alloc;
    mc_ns now;                 /* readable: the current instant */
    uint64_t events;           /* readable: fired so far */
    uint64_t pending;          /* readable: in the queue */
    struct mc_digest digest;   /* readable */
    struct sim_epoch_watch *watch; /* NULL: none; may be set at any time */
    uint64_t shuffle;
    struct sim_instant instant;
    uint64_t buckets_used;     /* bit per bucket */
    struct sim_bucket buckets[64];
    mc_ns last;                /* time of the entries in `instant` */
    uint64_t at_instant;       /* fired at `now` */
    uint64_t told[4];
    bool plain, halted, flooded, refused;
};

void sim_engine_init(struct sim_engine *engine, const struct sim_engine_options *options);
void sim_engine_fini(struct sim_engine *engine); /* forgets the entries; their owners free them */

static inline void sim_entry_init(struct sim_entry *entry, const struct sim_entry_type *type, struct sim_origin *origin, uint64_t flow)
{
    *entry = (struct sim_entry){.type = type, .origin = origin, .flow = flow, .bucket = -1};
}

static inline bool sim_entry_is_queued(const struct sim_entry *entry)
{
    return entry->bucket >= 0;
}

/* Puts ENTRY into the queue, or moves it; a time before now means now. MC_NEVER cancels. */
void sim_engine_at(struct sim_engine *engine, struct sim_entry *entry, mc_ns at);
void sim_engine_cancel(struct sim_engine *engine, struct sim_entry *entry); /* harmless if not queued */
mc_ns sim_engine_next(const struct sim_engine *engine); /* time of the next event; MC_NEVER */

/* Fires everything up to and including UNTIL, or MAX events (0: no bound). Unless it ended early, now
 * is UNTIL afterwards. Not from within an event. */
enum sim_engine_stop sim_engine_run(struct sim_engine *engine, mc_ns until, uint64_t max);
void sim_engine_halt(struct sim_engine *engine); /* run returns after the current event */

/* What the current event was about, for the digest; the last call counts. */
static inline void sim_engine_tell(struct sim_engine *engine, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    engine->told[0] = a, engine->told[1] = b, engine->told[2] = c, engine->told[3] = d;
}

#endif
