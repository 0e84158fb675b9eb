/* A control plane at work: it listens for proxies and their agents, pushes what the registry says,
 * issues SVIDs, and runs rollouts. Composed into a node by its owner (node/node.h).
 *
 *     peer.c     one connection: a subscription, or one request for a certificate
 *     push.c     debounce, and who is sent what when
 *     ca.c       certificates
 *     rollout.c  progressive delivery: phase.c decides, scrape.c asks the sidecars, judge.c weighs the answers
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include "control/ca.h"
#include "control/compile.h"
#include "control/rollout.h"
#include "net/net.h"

struct mc_control_options {
    struct mc_net *net;
    struct mc_registry *registry;    /* outlives it */
    const struct mc_ca_options *ca;  /* NULL: issues nothing */
    struct mc_addr listen;
};

struct mc_control {
    struct mc_turn *turn;
    struct mc_net *net;
    struct mc_registry *registry;
    struct mc_compiler compiler;
    struct mc_acceptor acceptor;
    struct mc_addr listen;
    struct mc_link peers;           /* struct mc_peer, in order of arrival */

    struct mc_timer debounce;
    mc_ns first_change, last_change; /* of those that wait for a push */
    uint64_t seen;                  /* generation of the registry that has been noticed */
    uint64_t nonce;

    struct mc_ca_options ca;
    bool has_ca;
    enum mc_ca_mode ca_mode;
    mc_ns ca_delay;
    uint64_t ca_requests;

    struct mc_link rollouts;        /* struct mc_rollout, in order of start */
};

void mc_control_init(struct mc_control *control, const struct mc_control_options *options);
bool mc_control_start(struct mc_control *control); /* false: no memory */
/* After everything else in a step: notices what has changed in the registry. */
void mc_control_settle(struct mc_control *control);
/* Cuts every connection and drops all plans. Idempotent; then fini. */
void mc_control_stop(struct mc_control *control);
void mc_control_fini(struct mc_control *control);

struct mc_control_sync {
    uint32_t subscribers, in_sync; /* connected; of these, have acknowledged the newest version */
};
struct mc_control_sync mc_control_sync(const struct mc_control *control);
uint64_t mc_control_version(const struct mc_control *control); /* compiled and pushed; 0: none yet */

void mc_control_ca_mode(struct mc_control *control, enum mc_ca_mode mode, mc_ns delay);

/* INVALID: options out of their bounds; NOT_FOUND: no such service; STATE: one is under way there, or
 * (orders) not in this phase. */
struct mc_result mc_control_rollout_start(struct mc_control *control, const struct mc_rollout_options *options) MC_MUST_USE;
/* FROM is where a controller that is no more has left it; STATE: it is known already. */
struct mc_result mc_control_rollout_continue(struct mc_control *control, const struct mc_rollout_state *from) MC_MUST_USE;
enum mc_rollout_order { MC_ROLLOUT_PAUSE, MC_ROLLOUT_RESUME, MC_ROLLOUT_ABORT };
struct mc_result mc_control_rollout_order(struct mc_control *control, mc_atom target, enum mc_rollout_order order) MC_MUST_USE;
const struct mc_rollout_state *mc_control_rollout(const struct mc_control *control, mc_atom target); /* newest; NULL */

#endif
