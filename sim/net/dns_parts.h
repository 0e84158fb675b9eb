/* What the files behind dns.h share: dns.c the lookup, dns_server.c who answers, dns_name.c names, dns_rule.c faults. */
#ifndef SIM_NET_DNS_PARTS_H
#define SIM_NET_DNS_PARTS_H

#include "base/digest.h"
#include "sim/net/dns.h"
#include "sim/net/parts.h"

enum sim_rcode { SIM_RCODE_OK, SIM_RCODE_NXDOMAIN, SIM_RCODE_SERVFAIL };

struct sim_lookup {
    struct sim_entry entry;
    struct sim_origin origin;
    struct mc_link link; /* process->queries */
    struct sim_process *process;
    const struct sim_resolv *resolv;
    enum sim_stub stub;
    struct mc_str name;  /* the guest's */
    uint32_t id;
    uint32_t candidate, attempt, rounds;
    uint32_t wanted;     /* queries of this try that are not answered */
    uint32_t server;     /* pod; SIM_NO_POD: no path to be looked at */
    uint64_t ordinal;
    mc_ns give_up;       /* when this attempt times out */
    enum sim_rcode rcode; /* of the try */
    bool lost;           /* the entry stands for the time-out */
    bool failed;         /* some try ended in SERVFAIL, or was never answered */
    bool timed_out;
};

struct sim_question { /* one try */
    char text[SIM_NAME_MAX + 1];
    struct mc_str name;  /* absolute, without the dot at the end */
    uint64_t key;
    uint32_t asker;      /* pod */
    struct mc_str asked; /* as the guest wrote it, without the dot at the end */
};

struct sim_dns_rule {
    struct mc_link link;
    uint32_t id;
    struct sim_dns_rule_spec spec;
    char name[SIM_NAME_MAX + 1];
    struct sim_bits on;
    uint64_t seen, hits, touched;
    mc_ns since;
    struct sim_old_name *old; /* STALE */
    uint32_t old_count, old_size;
};

struct sim_old_name {
    uint64_t key;
    uint32_t count;
    struct mc_addr addrs[SIM_ADDRS_PER_NAME];
};

struct sim_dns_effect { /* of all rules on one try */
    bool drop, race;
    enum sim_rcode rcode;
    mc_ns latency;
};

struct sim_answers {
    struct mc_addr addrs[SIM_ADDRS_PER_NAME];
    uint32_t count;
};

/* The absolute name of LOOKUP's current candidate. False: there is none any more. */
bool sim_dns_candidate(const struct sim_lookup *lookup, struct sim_question *question);

/* dns_name.c */
struct sim_name *sim_name_of(struct sim_net *net, uint64_t key); /* NULL: does not exist */
bool sim_name_is_inside(struct mc_str name);
void sim_name_answers(const struct sim_net *net, const struct sim_name *name, struct sim_answers *answers); /* as it is now */

/* dns_server.c: what serving WANTED queries for QUESTION takes from AT on. False: it is dropped. */
bool sim_dns_serve(struct sim_net *net, uint32_t server, const struct sim_question *question, mc_ns at, uint32_t wanted, mc_ns *takes);
uint32_t sim_dns_pick(const struct sim_net *net, const struct sim_lookup *lookup); /* a server's pod; SIM_NO_POD */
bool sim_dns_kept_here(struct sim_net *net, uint32_t machine, uint64_t key); /* by NodeLocal DNSCache; from now on it is */

/* dns_rule.c */
struct sim_dns_effect sim_dns_effect(struct sim_net *net, const struct sim_question *question, uint64_t entity, uint64_t ordinal, uint32_t queries, bool pair);
void sim_dns_alter(struct sim_net *net, const struct sim_question *question, struct sim_answers *answers);
void sim_dns_rules_fini(struct sim_net *net);

#endif
