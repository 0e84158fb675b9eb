/* One round of GET /stats/prometheus at the sidecars of a list, over the network. */
#ifndef CONTROL_SCRAPE_H
#define CONTROL_SCRAPE_H

#include "control/judge.h"
#include "net/net.h"

enum { MC_SCRAPE_AT_ONCE = 32 };

struct mc_scrape_target {
    mc_atom workload;
    struct mc_addr addr;  /* of its metrics listener */
    bool answered;        /* wholly, with 200 */
    struct mc_tally tally;
};

struct mc_scrape {
    struct mc_net *net;
    void (*done)(struct mc_scrape *scrape); /* every target has answered or failed, or time is up */
    struct mc_tally_filter filter;
    struct mc_scrape_target *targets;
    uint32_t target_count, next, waiting; /* next to be asked; asked without a result */
    struct mc_link calls;                 /* connections, also those that are being closed */
    struct mc_timer timer;
    bool running;
};

void mc_scrape_init(struct mc_scrape *scrape, struct mc_net *net, void (*done)(struct mc_scrape *scrape));
/* TARGETS is taken over (a block of the pool). Not while one is running. `done` may come before it returns. */
void mc_scrape_start(struct mc_scrape *scrape, struct mc_scrape_target *targets, uint32_t count, mc_ns timeout);
void mc_scrape_stop(struct mc_scrape *scrape); /* cuts what is left; `done` is not called; forgets the targets. Idempotent */

#endif
