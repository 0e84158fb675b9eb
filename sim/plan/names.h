/* Names: the resolver of the cluster, the resolv.conf of a pod and the C library that reads it, and services
 * outside the cluster. Sources: resolv.conf(5), glibc's resolv/res_query.c and res_send.c (2.36), musl's
 * src/network/{lookup_name,res_msend}.c (1.2), Go's net/dnsclient_unix.go (1.22), Envoy's c-ares options
 * (CaresDnsResolverConfig), kubernetes.io "DNS for Services and Pods", kubeadm's Corefile. */
#ifndef SIM_PLAN_NAMES_H
#define SIM_PLAN_NAMES_H

#include "base/str.h"
#include "base/time.h"
#include <stdbool.h>
#include <stdint.h>

/* ---- who asks ---- */

enum sim_stub { /* who reads resolv.conf */
    SIM_STUB_GLIBC, /* A and AAAA at once over one socket; a time-out ends the search, SERVFAIL does not */
    SIM_STUB_MUSL,  /* the same, asks again after timeout / attempts; SERVFAIL and time-outs end the search */
    SIM_STUB_GO,    /* a socket for each; goes on with the next name after any failure */
    SIM_STUB_CARES, /* Envoy's: A only (V4_ONLY, as Istio writes it), 5 s × 4 */
};

enum { SIM_SEARCHES_MAX = 8, SIM_NAME_MAX = 255 /* RFC 1035 §2.3.4 */ };

struct sim_resolv { /* resolv.conf(5) */
    enum sim_stub stub;
    struct mc_str searches[SIM_SEARCHES_MAX];
    uint32_t search_count;
    uint32_t ndots;
    mc_ns timeout;       /* 0: the kernel's resolv.timeout */
    uint32_t attempts;   /* 0: the kernel's resolv.attempts */
    bool one_by_one;     /* single-request, single-request-reopen: AAAA goes out when A is answered */
    bool node;           /* asks the resolver of the machine, which knows nothing of the cluster */
};

enum sim_dns_policy { SIM_DNS_CLUSTER_FIRST, SIM_DNS_CLUSTER_FIRST_HOST_NET, SIM_DNS_DEFAULT, SIM_DNS_NONE };

struct sim_pod_dns { /* what a service says about its pods: PodSpec's dnsPolicy and dnsConfig, and its runtime */
    enum sim_dns_policy policy;
    enum sim_stub stub;
    struct mc_str searches[SIM_SEARCHES_MAX]; /* dnsConfig.searches: behind those of the policy */
    uint32_t search_count;
    uint32_t ndots;      /* dnsConfig.options … */
    bool ndots_given;    /* else 5 under ClusterFirst, 1 under Default and None */
    mc_ns timeout;
    uint32_t attempts;
    bool one_by_one;
    bool cache_given;    /* how long the application keeps an answer; else as long as the answer says */
    mc_ns cache;         /* 0: asks for each connection (Go, glibc, Node); MC_NEVER: for good (JVM: -1) */
};

/* ---- who answers ---- */

struct sim_dns_plan {
    bool given;              /* else one resolver without a bound, as fast as its path */
    uint32_t replicas;       /* CoreDNS pods behind kube-dns: 2 */
    uint64_t capacity_milli; /* queries per second and replica × 1000; 0: no bound */
    uint32_t concurrency;    /* queries worked on at once: 1; each takes concurrency / capacity */
    uint32_t queue;          /* waiting queries, more are dropped without a word: the socket's buffer */
    mc_ns ttl;               /* of answers about the cluster: 30 s */
    mc_ns cache;             /* of answers from outside, and of what does not exist there: 30 s */
    mc_ns upstream;          /* what asking outside takes: 10 ms */
    bool node_local;         /* NodeLocal DNSCache on each machine */
    struct mc_str node_domain; /* the machines' own search domain: a fifth name to try; empty: none */
    uint32_t race_ppm;       /* the second of two queries from one socket is lost to conntrack's race */
};

/* ---- services outside the cluster ---- */

enum sim_service_entry { /* how the mesh knows it */
    SIM_ENTRY_NONE,         /* not at all: PassthroughCluster, or a 502 under REGISTRY_ONLY */
    SIM_ENTRY_DNS,          /* ServiceEntry, resolution DNS: a STRICT_DNS cluster */
    SIM_ENTRY_LOGICAL_DNS,  /* resolution DNS_ROUND_ROBIN */
    SIM_ENTRY_STATIC,       /* its addresses are listed */
};

struct sim_external {
    bool on;
    mc_ns distance;         /* one way, on top of the path between regions */
    enum sim_service_entry entry;
};

#endif
