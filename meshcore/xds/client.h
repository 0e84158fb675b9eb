/* A proxy's subscription to its control plane: connects, says who it is, takes pushes, and comes back
 * with jittered exponential back-off when it has lost the connection (Envoy's gRPC streams: 500 ms
 * doubling to 30 s, each wait drawn evenly from nothing to that). What was applied stays applied.
 */
#ifndef XDS_CLIENT_H
#define XDS_CLIENT_H

#include "xds/message.h"

struct mc_xds_client;

struct mc_xds_client_type {
    /* True: OFFER will be applied, and is acknowledged. False: it is refused; offer->problem is sent. */
    bool (*offered)(struct mc_xds_client *client, struct mc_offer *offer);
};

struct mc_xds_client_options {
    struct mc_addr control;
    mc_atom name, workload, zone;
    uint32_t number;
    uint64_t version; /* that it starts with; 0: none */
};

/* Embedded in its owner. */
struct mc_xds_client {
    const struct mc_xds_client_type *type;
    struct mc_xds_client_options options;
    struct mc_turn *turn;
    struct mc_conn conn;
    struct mc_timer timer; /* reconnect; or the time to ping, or to give up waiting for the answer */
    uint64_t version;      /* acknowledged last; 0: none */
    mc_ns backoff;         /* bound of the next wait */
    mc_ns heard;           /* when the control plane last said something */
    bool stopped;
};

enum { MC_XDS_BACKOFF_BASE_MS = 500, MC_XDS_BACKOFF_MAX_MS = 30000 };
enum { MC_XDS_CONNECT_TIMEOUT_S = 20 }; /* gRPC's minimum connect timeout (connection-backoff.md), as Istio's agent dials */
enum { MC_XDS_KEEPALIVE_S = 30, MC_XDS_KEEPALIVE_TIMEOUT_S = 10 }; /* Istio's gRPC keep-alive */

void mc_xds_client_init(struct mc_xds_client *client, const struct mc_xds_client_type *type, struct mc_net *net,
                        const struct mc_xds_client_options *options);
void mc_xds_client_start(struct mc_xds_client *client);
/* No more connections; the one that is there is cut. Idempotent; required before its memory goes. */
void mc_xds_client_stop(struct mc_xds_client *client);
bool mc_xds_client_is_connected(const struct mc_xds_client *client);

#endif
