/* What conn.c needs of net.c and linger.c: the table of open connections, and a last home for streams. */
#ifndef NET_CONN_TABLE_H
#define NET_CONN_TABLE_H

#include "net/net.h"

bool mc_net_reserve(struct mc_net *net); /* room for one more; false: no memory */
void mc_net_add(struct mc_net *net, struct mc_conn *conn);
void mc_net_remove(struct mc_net *net, struct mc_conn *conn);

/* Takes a stream over whose connection has been removed: what was sent gets through, the stream is
 * half-closed unless FINISHED says that it is already, what still comes is dropped, and a peer that has
 * not closed after a second is cut. A plain reset if memory is short. */
void mc_net_linger(struct mc_net *net, mc_stream stream, bool finished);

#endif
