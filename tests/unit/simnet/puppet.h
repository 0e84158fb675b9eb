/* Guests that do what a test tells them and write down what they are told; a stage to put them on. */
#ifndef UNIT_SIMNET_PUPPET_H
#define UNIT_SIMNET_PUPPET_H

#include "host/realm.h"
#include "sim/host/world.h"
#include "support/memory.h"
#include <check.h>

enum { PUPPET_NOTES = 4096, STAGE_PUPPETS = 16 };

struct note { /* one event */
    enum mc_event_kind kind;
    mc_ns now, wall;
    mc_stream stream;
    uint32_t length, count;
    enum mc_stream_reason reason;
    struct mc_addr peer, local, original, addr;
};

struct puppet {
    struct stage *stage;
    uint32_t pod, container;
    struct note notes[PUPPET_NOTES];
    int note_count;
    uint64_t next_stream;
    mc_ns burns;         /* CPU of each DATA and START event */
    mc_ns deadline;
    bool miserly;        /* grants no credit */
    bool polite;         /* answers END with FINISH */
    uint64_t received;   /* over all streams */
    struct mc_outbox todo;
};

struct stage {
    struct test_memory memory;
    struct mc_realm realm;
    struct sim_world *world;
    struct sim_net *net;
    struct puppet puppets[STAGE_PUPPETS];
    int count;
};

struct stage *stage_open(const struct sim_topology *paths, const struct sim_kernel *kernel, uint64_t seed);
void stage_close(struct stage *stage); /* and nothing may be left */

/* A puppet in a pod of its own on a machine of its own in ZONE. */
struct puppet *stage_add(struct stage *stage, uint32_t zone);
/* A further puppet in the pod of OTHER. */
struct puppet *stage_join(struct stage *stage, struct puppet *other, bool sidecar);
struct puppet *stage_put(struct stage *stage, const struct sim_container_spec *spec); /* in a container as wanted */
void stage_run(struct stage *stage, mc_ns until);

/* At once, whatever the puppet is doing. */
void puppet_listen(struct puppet *puppet, uint16_t port);
mc_stream puppet_open(struct puppet *puppet, struct mc_addr to);
mc_stream puppet_open_to(struct puppet *puppet, const struct puppet *other, uint16_t port);
void puppet_send(struct puppet *puppet, mc_stream stream, uint32_t bytes);
void puppet_finish(struct puppet *puppet, mc_stream stream);
void puppet_reset(struct puppet *puppet, mc_stream stream);
void puppet_grant(struct puppet *puppet, mc_stream stream, uint64_t bytes);
void puppet_resolve(struct puppet *puppet, const char *name);

/* The n-th note (0, 1, …) of KIND; NULL. */
const struct note *puppet_note(const struct puppet *puppet, enum mc_event_kind kind, int n);
int puppet_count(const struct puppet *puppet, enum mc_event_kind kind);

#endif
