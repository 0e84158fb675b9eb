/* Exchanges over TCP, done twice: by this machine's kernel in a TUN world, and by the simulator.
 *
 * An exchange: a client (at A) connects to a server (at B), sends a request, and gets an answer when the
 * whole request is there; so again as many times as wanted, with a pause between. The last one is what is
 * measured. Meanwhile the link loses, delays, limits; it may be cut, and the server's machine may die.
 */
#ifndef FIDELITY_KERNEL_H
#define FIDELITY_KERNEL_H

#include "fidelity/tun.h"
#include "host/host.h"

struct exchange {
    struct sim_path_terms path; /* each way */
    struct tun_drop drop;
    uint32_t request, answer;   /* bytes */
    uint32_t times;             /* requests on one connection; 0: 1 */
    mc_ns pause;                /* between them */
    mc_ns cut_at, cut_for;      /* no packet passes; from when the connection was asked for; 0: never, for ever */
    bool one_way;               /* … from A to B only */
    bool dies;                  /* when cut, the server's connections vanish without a word */
    uint32_t retries2, syn_retries, syn_linear; /* sysctls; 0: 15, 6, 0 */
    uint32_t backlog;           /* of the server; 0: 4096 */
    uint32_t keepalive_s;       /* the client's: idle time and interval, of 3 probes; 0: none */
    mc_ns user_timeout;         /* the client's; 0: none */
    mc_ns accepts_at;           /* until then the server does not accept */
};

struct outcome {
    mc_ns connect;   /* from asking for the connection until it is there; -1: never */
    mc_ns transfer;  /* of the last request, from its first byte sent until the answer is whole; -1: never */
    mc_ns failed;    /* from asking for the connection until the client is told that it is over; -1: was not */
    enum mc_stream_reason reason;
};

/* COUNT connections, PARALLEL at a time: each begins EVERY after the one before (0: together) and when one of
 * the PARALLEL places is free. Gives up after LIMIT for each of them. */
struct crowd {
    uint32_t count, parallel;
    mc_ns every, limit;
    uint64_t seed;
};

void kernel_real(struct tun_world *world, const struct exchange *exchange, const struct crowd *crowd, struct outcome *outcomes);
/* As the crowd's members one by one, each in a world of its own with its own seed, unless TOGETHER. */
void kernel_sim(const struct exchange *exchange, const struct crowd *crowd, bool together, struct outcome *outcomes);

#endif
