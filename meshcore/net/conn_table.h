/* What conn.c needs of net.c: the table of open connections. */
#ifndef NET_CONN_TABLE_H
#define NET_CONN_TABLE_H

#include "net/net.h"

bool mc_net_reserve(struct mc_net *net); /* room for one more; false: no memory */
void mc_net_add(struct mc_net *net, struct mc_conn *conn);
void mc_net_remove(struct mc_net *net, struct mc_conn *conn);

#endif
