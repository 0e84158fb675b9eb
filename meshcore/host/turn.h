/* A node's turn: what its parts need while one step lasts, and the timers that outlive it.
 *
 * Every node embeds one. Its parts keep a pointer to it; `now`, `wall` and `out` hold only between
 * mc_turn_begin and mc_turn_end.
 */
#ifndef HOST_TURN_H
#define HOST_TURN_H

#include "base/list.h"
#include "base/rand.h"
#include "host/host.h"
#include "host/realm.h"
#include "host/timer.h"

/* Something that dies when the step ends: parts that are done with while they are still on the stack
 * are buried here, so that no call has to ask whether its object is still there. */
struct mc_grave {
    struct mc_link link;
    void (*bury)(struct mc_grave *grave);
};

struct mc_turn {
    struct mc_realm *realm;
    uint32_t node; /* number of this node in its realm; the entity of its draws */
    mc_ns now, wall;
    struct mc_outbox *out; /* NULL outside a step */
    struct mc_timers timers;
    struct mc_link graves;
    uint64_t next_stream; /* counter behind mc_turn_open */
    uint32_t draws[32];   /* ordinals behind mc_turn_draw, per purpose */
};

void mc_turn_init(struct mc_turn *turn, struct mc_realm *realm, uint32_t node);
void mc_turn_begin(struct mc_turn *turn, const struct mc_event *event, struct mc_outbox *out); /* asserts that now does not decrease */
void mc_turn_end(struct mc_turn *turn); /* buries what died */
void mc_turn_bury(struct mc_turn *turn, struct mc_grave *grave, void (*bury)(struct mc_grave *grave));

/* Actions. Slices move with the call. */
void mc_turn_listen(struct mc_turn *turn, uint32_t listener, struct mc_addr addr);
void mc_turn_unlisten(struct mc_turn *turn, uint32_t listener);
mc_stream mc_turn_open(struct mc_turn *turn, struct mc_addr to);
void mc_turn_send(struct mc_turn *turn, mc_stream stream, struct mc_slice slice);
void mc_turn_finish(struct mc_turn *turn, mc_stream stream);
void mc_turn_reset(struct mc_turn *turn, mc_stream stream);
void mc_turn_credit(struct mc_turn *turn, mc_stream stream, uint64_t bytes);
void mc_turn_resolve(struct mc_turn *turn, uint32_t query, struct mc_str name);
void mc_turn_exit(struct mc_turn *turn, uint32_t status);

static inline void mc_turn_work(struct mc_turn *turn, enum mc_work_unit unit, uint64_t amount)
{
    turn->out->work[unit] += amount;
}

/* A keyed draw of this node: (seed, purpose, node, next ordinal of this node and purpose). */
uint64_t mc_turn_draw(struct mc_turn *turn, enum mc_purpose purpose);

void mc_turn_trace(struct mc_turn *turn, enum mc_trace_kind kind, mc_stream stream, const uint64_t v[static 6]);
#define mc_trace(turn, kind, stream, ...) \
    ((turn)->realm->trace.record \
         ? mc_turn_trace((turn), MC_TRACE_##kind, (stream), (const uint64_t[6]){__VA_ARGS__}) \
         : (void)0)

uint64_t mc_trace_addr(struct mc_addr addr); /* packs an IPv4 address; 0 for others */

#endif
