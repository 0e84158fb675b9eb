/* What lies on the way between pods on top of the plain path: a rule adds latency, loses packets,
 * limits the rate, drops or refuses.
 *
 * Rules are few and kept in the order in which they were added; a path is its base terms with all rules
 * that match (from, to) applied: latencies and jitters add up, losses are drawn one by one, the smallest
 * rate counts, any cut cuts. Removing one restores exactly what would be without it, in any order.
 * Traffic within one pod passes no rule.
 *
 * A rule looks at each packet that passes (a TCP segment, a SYN, SYN-ACK, RST, DNS query or answer).
 * Which ones it acts on: the first `skip` are let go; of the others every `every`-th; of these a share
 * (keyed draw per packet); and only `first` of them. A burst that holds one delayed packet is delayed.
 */
#ifndef SIM_NET_RULE_H
#define SIM_NET_RULE_H

#include "base/time.h"
#include <stdbool.h>
#include <stdint.h>

struct sim_net;

struct sim_rule_spec {
    const uint32_t *from, *to;     /* pod numbers, borrowed during the call; NULL: every pod */
    uint32_t from_count, to_count;
    bool both;                     /* to → from as well */
    mc_ns latency, jitter;         /* one way; uniform in latency ± jitter */
    uint32_t loss_ppm;
    uint64_t bits_per_second;      /* 0: no limit; each sending pod has a queue of its own */
    bool cut;                      /* dropped without a word */
    bool refuse;                   /* new connections get an RST */
    bool reset;                    /* a segment with bytes, or FIN, is answered with an RST to both ends */
    uint32_t mtu;                  /* IP packets over so many bytes are dropped without a word; 0: no limit */
    mc_ns idle;                    /* a connection without a packet for longer is forgotten: what it sends is dropped; 0: never */
    bool idle_reset;               /* … and answered with an RST to the sender */
    bool old_only;                 /* only connections opened before the rule was added */
    uint32_t share_ppm;            /* of the packets; 0: all */
    uint32_t first, every, skip;   /* 0: no such limit */
    uint64_t luck;                 /* keys its draws, so that they do not hang on what other rules there are; 0: its id */
};

struct sim_rule_counts { /* what the rule acted on */
    uint64_t packets;
    uint64_t connections;
};

/* The rule's id: 1, 2, …; 0: refused. Works at once, also on what is on its way: the path is judged at
 * departure and, as to cuts, at delivery. */
uint32_t sim_rule_add(struct sim_net *net, const struct sim_rule_spec *spec);
/* Pods that the rule is about, anew (a service that scales). False: no such rule, or refused. */
bool sim_rule_aim(struct sim_net *net, uint32_t rule, const struct sim_rule_spec *spec);
/* Undoes it; the counts so far go to COUNTS (may be NULL). Harmless if it is gone. */
void sim_rule_remove(struct sim_net *net, uint32_t rule, struct sim_rule_counts *counts);
struct sim_rule_counts sim_rule_counts(const struct sim_net *net, uint32_t rule); /* zeros if it is gone */

#endif
