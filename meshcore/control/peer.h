/* One connection to a control plane, and what the files of the control plane do with it. */
#ifndef CONTROL_PEER_H
#define CONTROL_PEER_H

#include "control/control.h"

struct mc_peer {
    struct mc_link link;
    struct mc_grave grave;
    struct mc_control *control;
    struct mc_conn conn;
    struct mc_timer timer;   /* silence; CA: when a slow answer leaves */
    bool gone;

    /* a subscription */
    mc_atom name;            /* of the instance; 0: has not subscribed */
    struct mc_offer *sent;   /* last; NULL: nothing yet */
    struct mc_offer *acked;  /* what it runs; NULL: nothing from us */
    uint64_t nonce;          /* of the push under way; 0: none */
    mc_ns sent_at;

    /* a request for a certificate */
    struct mc_slice csr;
    mc_ns ttl;
};

/* push.c */
void mc_push_init(struct mc_control *control);
void mc_push_to(struct mc_peer *peer); /* the newest, unless it has that, or an answer is still due */
void mc_push_answered(struct mc_peer *peer, const struct mc_xds_message *answer);

/* ca.c */
void mc_ca_request(struct mc_peer *peer, const struct mc_xds_message *request);
void mc_ca_answer(struct mc_peer *peer); /* to the request that it holds */

/* rollout.c */
void mc_rollouts_stop(struct mc_control *control);

#endif
