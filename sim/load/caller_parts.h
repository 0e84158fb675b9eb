/* What the files of a caller share.
 *
 *   caller.c        calls and their tries, names
 *   caller_pool.c   the connections of a pool, and the calls that wait for one
 *   caller_retry.c  whether and when there is another try
 */
#ifndef SIM_LOAD_CALLER_PARTS_H
#define SIM_LOAD_CALLER_PARTS_H

#include "sim/load/caller.h"

/* A client connection of a pool. The codec tells its owner through a record of functions; every
 * connection has a copy, so that the record is found from it. */
struct sim_client_conn {
    struct mc_http_owner_type owner;
    struct mc_http_conn *http;
    struct sim_caller *caller;
    struct sim_http_call *call; /* NULL: idle */
    struct mc_link link, idle;
    struct mc_timer timer;      /* until it is connected */
    struct mc_grave grave;
    mc_ns since;
    uint32_t uses;              /* requests begun on it */
    uint64_t stream;
    bool established, reused;
    bool counted;               /* among the pool's connections: not closing yet */
};

static inline struct mc_turn *caller_turn(const struct sim_caller *caller)
{
    return caller->net->turn;
}

/* caller_pool.c */
void caller_place(struct sim_http_call *call);          /* its name is known: onto a connection, or it waits for one */
void caller_leave_line(struct sim_http_call *call);     /* harmless if it does not wait */
void caller_conn_rests(struct sim_client_conn *conn);   /* its exchange is over, and it may be used again */
void caller_conn_ends(struct sim_client_conn *conn);    /* it is of no use any more: room for another */

/* caller.c */
void caller_begin(struct sim_client_conn *conn, struct sim_http_call *call); /* CONN is ready for it */
void caller_end_try(struct sim_http_call *call, uint16_t code, enum sim_call_failure failure);
/* Nothing is told while its owner is still on the stack: the try fails when the timers run next. */
void caller_fail_soon(struct sim_http_call *call, enum sim_call_failure failure);

/* caller_retry.c */
bool caller_may_try_again(struct sim_http_call *call);
mc_ns caller_backoff(const struct sim_http_call *call);

#endif
