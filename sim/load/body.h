/* A body of so many bytes, sent as fast as its reader takes it: views of one shared chunk. */
#ifndef SIM_LOAD_BODY_H
#define SIM_LOAD_BODY_H

#include "http/exchange.h"

struct sim_body {
    uint32_t left; /* bytes still to send */
    bool clogged, ended;
};

/* One per guest; .chunk NULL: no memory. */
struct mc_slice sim_body_filler(struct mc_pool *pool);

/* Sends what may be sent now; the last piece ends the message. */
void sim_body_send(struct sim_body *body, struct mc_exchange *exchange, struct mc_slice filler);
void sim_body_clogged(struct sim_body *body, struct mc_exchange *exchange, struct mc_slice filler, bool clogged);

#endif
