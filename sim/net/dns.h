/* DNS: what a name costs, and what becomes of it.
 *
 * A lookup walks the search list of its pod (resolv.conf(5)): a name with fewer dots than ndots is tried with each
 * suffix first and as it is last, one with as many as it is first, one with a dot at its end only as it is. Each
 * try is a pair of queries, A and AAAA (one, for Envoy), a packet each way along the path to the resolver; what
 * is lost is asked again after the time-out. NXDOMAIN goes on with the next name. All queries of a try are one
 * event, so that a name that is found at once and whole costs one event.
 *
 *                  asks again after   SERVFAIL                   a time-out after all attempts
 *     glibc        timeout            at once, then next name    ends the search
 *     musl         timeout/attempts   at once, then ends         ends the search
 *     Go           timeout            at once, then next name    next name
 *     c-ares       timeout            at once, then ends         ends the search
 *
 * The resolver is a number of servers (CoreDNS pods) behind one virtual address: kube-proxy picks one for each
 * attempt. Each is a queue with so many workers; who finds the queue full is dropped. Queries are served in the
 * order in which they were sent (the paths' differences of a millisecond do not reorder them). Answers are never
 * truncated and never go over TCP. Two queries that leave one socket at once may race through conntrack and
 * lose the second (kubernetes#56903); asking one by one, or NodeLocal DNSCache, avoids it. glibc's change to
 * single requests after such a loss is a thread's own and not modelled.
 */
#ifndef SIM_NET_DNS_H
#define SIM_NET_DNS_H

#include "sim/net/net.h"

/* Copied. Without it: one server without a bound (sim_net_set_resolver). */
void sim_dns_configure(struct sim_net *net, const struct sim_dns_plan *plan);
bool sim_dns_add_server(struct sim_net *net, uint32_t pod); /* one more replica */
/* What POD asks with, borrowed; SIM_NO_POD: what all others ask with (a plain resolv.conf without search list). Sidecars
 * ask as c-ares with the same list. */
void sim_dns_set_resolv(struct sim_net *net, uint32_t pod, const struct sim_resolv *resolv);

/* NAME is outside the cluster: the resolver asks upstream for it, and keeps it. Else as sim_net_add_name. */
bool sim_dns_add_outside(struct sim_net *net, struct mc_str name, struct mc_addr addr);
/* The names of SERVICE are answered with its endpoints, in random order, instead of its virtual address. */
void sim_dns_set_headless(struct sim_net *net, uint32_t service);

struct sim_dns_counts {
    uint64_t lookups, queries;           /* of processes; packets that ask */
    uint64_t lost, dropped, raced;       /* tries without an answer: by the path; by a full queue, or a fault; by conntrack */
    uint64_t nxdomain, servfail, upstream; /* tries; upstream: that were asked for outside */
};
struct sim_dns_counts sim_dns_counts(const struct sim_net *net);

/* ---- faults of the resolver ---- */

enum sim_dns_mode {
    SIM_DNS_SERVFAIL, SIM_DNS_NXDOMAIN,
    SIM_DNS_TIMEOUT,  /* no answer */
    SIM_DNS_SLOW,     /* later by `latency` */
    SIM_DNS_STALE,    /* as it was when the rule was added */
    SIM_DNS_FLAP,     /* every other `period` one half of the addresses, then the other; nothing, if there is one only */
    SIM_DNS_RACE,     /* the second of two queries from one socket is lost; where they do not leave together it touches them, too, but loses nothing */
};

struct sim_dns_rule_spec {
    const uint32_t *on;  /* pods that ask, borrowed during the call; NULL: all */
    uint32_t on_count;
    struct mc_str name;  /* as asked for, or fully qualified, or how that begins; empty: all. Borrowed */
    enum sim_dns_mode mode;
    mc_ns latency, period;
    uint32_t share_ppm, first, every, skip; /* as sim_rule_spec; a pair of queries is one thing that passes */
    uint64_t luck;       /* keys its draws; 0: its id */
};

uint32_t sim_dns_rule_add(struct sim_net *net, const struct sim_dns_rule_spec *spec); /* its id; 0 refuses */
uint64_t sim_dns_rule_remove(struct sim_net *net, uint32_t id); /* queries touched */
uint64_t sim_dns_rule_touched(const struct sim_net *net, uint32_t id);

#endif
