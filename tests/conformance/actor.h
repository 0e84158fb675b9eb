/* A guest of the conformance suite: it checks every event against the contract of host/host.h before
 * its role sees it. A role is a table of what to do on each kind of event. */
#ifndef CONFORMANCE_ACTOR_H
#define CONFORMANCE_ACTOR_H

#include "conformance/conformance.h"
#include "support/memory.h"

enum { ACTOR_TALKS = 64, ACTOR_SLICES = 4096 };

enum talk_state { TALK_OPENING, TALK_OPEN, TALK_OVER };

/* One stream as its actor sees it. What is sent and received is the pattern, from position 0. */
struct talk {
    mc_stream id;
    enum talk_state state;
    uint64_t sent, received, credit;
    bool ended, finished, clogged, was_clogged, was_drained;
    bool cut_by_us;
    enum mc_event_kind last; /* the terminal event, once over */
    enum mc_stream_reason reason;
    struct mc_addr peer, local;
};

struct actor;

struct role {
    bool keeps_credit; /* does not grant again by itself as it reads */
    void (*on[MC_EVENT_KINDS])(struct actor *actor, struct talk *talk, const struct mc_event *event);
};

struct stage;

struct actor {
    const struct role *role;
    struct stage *stage;
    int self;
    struct mc_outbox *out; /* during a step */
    bool started, gone;
    mc_ns now, deadline;
    uint64_t next_id, wakes;
    struct talk talks[ACTOR_TALKS];
    int talk_count;
    struct mc_slice kept[ACTOR_SLICES]; /* by actor_keep */
    int kept_count;
};

/* One test: a realm, a world, two actors. */
struct stage {
    struct test_memory memory;
    struct mc_realm realm;
    struct conformance_world *world;
    struct actor actors[CONFORMANCE_GUESTS];
};

/* Runs NEAR and FAR until both have left, and tears down; fails the test if they do not leave within
 * LIMIT or leave something behind. OBSERVE, if any, sees the stage before it goes. */
void stage_play(const struct conformance_host_type *type, const struct role *near, const struct role *far,
                uint32_t piece, void (*observe)(struct stage *stage));

void actor_listen(struct actor *actor, int port);
void actor_unlisten(struct actor *actor, int port);
struct talk *actor_open(struct actor *actor, int port); /* where the other actor listens */
void actor_send(struct actor *actor, struct talk *talk, uint32_t bytes); /* the pattern goes on */
void actor_finish(struct actor *actor, struct talk *talk);
void actor_cut(struct actor *actor, struct talk *talk);
void actor_grant(struct actor *actor, struct talk *talk, uint64_t bytes);
void actor_wake_in(struct actor *actor, mc_ns delay);
void actor_leave(struct actor *actor);
void actor_keep(struct actor *actor, struct mc_slice slice); /* a reference of its own, until the stage ends */
bool actor_is_done(const struct actor *actor);               /* it has talked, and every talk is over */

char pattern_at(uint64_t position);

#endif
