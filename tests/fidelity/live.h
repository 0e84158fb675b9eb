/* One play, done twice: a client with an open loop of arrivals, a proxy, and three servers; over real sockets
 * with `squall proxy` between them, and in the simulator with a node of the same configuration file. Client and
 * servers are the same guests on either host, and draw arrivals and service times alike, so that what differs is
 * what the hosts make of it: sockets, kernel, CPU.
 */
#ifndef FIDELITY_LIVE_H
#define FIDELITY_LIVE_H

#include "host/host.h"
#include "host/realm.h"

enum { LIVE_SERVERS = 3, LIVE_REQUESTS = 8192, LIVE_STREAMS = 512 };

struct play {
    uint32_t requests;
    mc_ns every;            /* between arrivals; the mean, if drawn */
    mc_ns service;          /* the mean, if drawn */
    bool arrivals_drawn, service_drawn; /* exponential */
    uint32_t fails_ppm;     /* share of visits to a server that are answered 503 */
    uint32_t retries;
    uint32_t weights[LIVE_SERVERS];
    uint64_t seed;
};

/* What happened, in memory that processes share. */
struct record {
    uint32_t visits[LIVE_REQUESTS];         /* of a request, to any server */
    uint8_t first_server[LIVE_REQUESTS];    /* + 1 */
    uint32_t attempts[LIVE_SERVERS];
    mc_ns latency[LIVE_REQUESTS];           /* as the client saw it; 0: no answer */
    uint16_t status[LIVE_REQUESTS];
    uint32_t answered;
    mc_ns cpu;                              /* of the proxy, over the play */
};

struct talk { /* a connection */
    mc_stream id;
    uint32_t request, used;
    bool busy, open;
    char text[2048];
};

struct client {
    const struct play *play;
    struct record *record;
    struct mc_realm *realm;
    struct mc_addr proxy;
    struct talk talks[LIVE_STREAMS];
    uint32_t talk_count, begun;
    uint64_t last_stream;
    mc_ns next, limit, sent[LIVE_REQUESTS];
    bool gone;
};

struct job {
    mc_ns done;
    mc_stream stream;
    uint32_t request, visit;
};

struct server { /* works on one request at a time, in order */
    const struct play *play;
    struct record *record;
    struct mc_realm *realm;
    struct mc_addr addr;
    uint32_t number;
    mc_ns price;       /* of CPU for each request, simulated: what this machine was measured to add */
    struct talk talks[LIVE_STREAMS];
    uint32_t talk_count;
    struct job jobs[LIVE_REQUESTS]; /* ring */
    uint32_t first, count;
    mc_ns free_at;
};

struct mc_guest live_client(struct client *client);
struct mc_guest live_server(struct server *server);

#endif
