/* A proxy between raw clients and raw origins, on the wire: both ends speak bytes, not our codec.
 *
 * The proxy listens at 10.0.0.2:80 (filters fault, router) and :9901 (admin). Cluster "c" has the origins
 * 10.0.1.1:8080 and so on. An origin answers every request with 200 and its own number as body, unless
 * its path or its mode says otherwise:
 *
 *     /status/N        status N, empty body          /close     closes without an answer
 *     /bytes/N         N bytes                       /hang      never answers
 *     /half            begins a body and breaks off  /garbage   is not HTTP
 *     /chunked         a chunked body with a trailer /early     answers at the head, before the body
 *     /echo            gives the body back           /last      says Connection: close
 */
#ifndef TESTS_PROXY_BED_H
#define TESTS_PROXY_BED_H

#include "proxy/parts.h"
#include "support/memory.h"
#include "support/wire.h"
#include <check.h>

enum { BED_ORIGINS = 5, BED_STREAMS = 64, BED_TEXT = 256 * 1024, BED_TRACES = 4096 };

struct bed_flow { /* one stream of a client or an origin */
    mc_stream id;
    bool open, ended, finished, reset, failed, stalled; /* STALLED: grants no credit */
    char *text;                    /* received; NUL-terminated */
    size_t length, used, total;    /* USED: parsed by an origin */
    uint64_t ungranted;
};

struct bed_end {
    struct bed *bed;
    struct mc_turn turn;
    struct mc_addr addr; /* of an origin */
    int number, index;   /* of an origin; on the wire */
    struct bed_flow flows[BED_STREAMS];
    int flow_count, requests;
    const char *path;    /* answers every request as if it were for this path */
    char seen[8192];     /* the last request's head and body */
};

struct bed_node {
    struct mc_turn turn;
    struct mc_net net;
    struct mc_proxy *proxy;
    struct mc_proxy_options options;
    struct mc_snapshot *snapshot;
    bool gone;
};

struct bed {
    struct test_memory memory, ends_memory; /* the proxy's; the others' and the wire's */
    struct mc_realm realm;
    struct mc_pool ends;
    struct wire wire;
    struct bed_node node;
    struct bed_end client, origins[BED_ORIGINS];
    int node_end;
    struct mc_trace_record traces[BED_TRACES];
    int trace_count;
    /* configuration; changed before bed_start or bed_apply */
    struct mc_route routes[32];
    uint32_t route_count;
    struct mc_weighted_cluster clusters[4];
    struct mc_cluster cluster;
    struct mc_endpoint endpoints[16];
    uint32_t endpoint_count;
    struct mc_filter_chain chain;
    uint64_t version;
    bool sidecar;
};

void bed_init(struct bed *bed, uint64_t seed);
struct mc_route *bed_route(struct bed *bed, const char *prefix); /* to cluster "c", no timeout, no retry */
void bed_start(struct bed *bed);
void bed_apply(struct bed *bed); /* a new snapshot of what the fields say */
void bed_fini(struct bed *bed);  /* all is given back: asserted */
mc_atom bed_atom(struct bed *bed, const char *text);

/* A connection of a client; its number. */
int bed_open(struct bed *bed, uint16_t port);
void bed_send(struct bed *bed, int flow, const char *text);
void bed_send_bytes(struct bed *bed, int flow, const char *bytes, size_t length);
void bed_finish(struct bed *bed, int flow);
void bed_reset(struct bed *bed, int flow);
void bed_grant(struct bed *bed, int flow); /* a stalled one reads again */
void bed_origin_reset(struct bed *bed, int origin); /* cuts its streams */
void bed_origin_reply(struct bed *bed, int origin, const char *text); /* on its newest stream */
void bed_origin_grant(struct bed *bed, int origin);
const char *bed_get(struct bed *bed, const char *path); /* a connection of its own; the whole answer so far */
int bed_status(struct bed *bed, const char *path);
void bed_pass(struct bed *bed, mc_ns time);
void bed_drain(struct bed *bed);

const struct mc_trace_record *bed_last(struct bed *bed, enum mc_trace_kind kind); /* NULL: none */
int bed_count(struct bed *bed, enum mc_trace_kind kind);
uint32_t bed_flags(struct bed *bed);  /* of the last ACCESS */
uint64_t bed_stat(struct bed *bed, const char *line); /* number behind LINE in /stats/prometheus; 0 if absent */
struct px_cluster *bed_cluster(struct bed *bed);

#endif
