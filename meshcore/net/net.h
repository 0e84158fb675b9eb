/* The network side of a guest: its open streams and its listeners, found by id.
 *
 * A guest that speaks over connections embeds one, hands it every event, and sees them again as calls
 * on its connections (net/conn.h) and acceptors.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include "host/turn.h"

struct mc_conn;

/* Who takes the streams of one listener. Embedded in its owner; lives until the guest ends or
 * mc_net_unlisten. */
struct mc_acceptor {
    void (*accepted)(struct mc_acceptor *acceptor, const struct mc_event *event);
    struct mc_addr addr;
    uint32_t id; /* listener id; 0: not listening */
};

struct mc_net {
    struct mc_turn *turn;
    struct mc_conn **table; /* open addressing by stream id */
    uint32_t table_size, conn_count;
    struct mc_acceptor **acceptors; /* by id - 1; NULL after unlisten */
    uint32_t acceptor_count, acceptor_capacity;
};

void mc_net_init(struct mc_net *net, struct mc_turn *turn);
void mc_net_fini(struct mc_net *net); /* connections must be gone */

/* False: no memory, nothing listens. */
bool mc_net_listen(struct mc_net *net, struct mc_acceptor *acceptor, struct mc_addr addr);
void mc_net_unlisten(struct mc_net *net, struct mc_acceptor *acceptor);

/* Passes a stream event (ACCEPTED … CLOSED) on. False: not a stream event. An event for a stream that
 * is not known any more asserts: the host has promised that none comes. */
bool mc_net_event(struct mc_net *net, const struct mc_event *event);

/* Resets every open connection; each is told closed(LOCAL_RESET). */
void mc_net_reset_all(struct mc_net *net);

#endif
