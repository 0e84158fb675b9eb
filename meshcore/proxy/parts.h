/* What the files of the data plane share. See proxy.h for the door.
 *
 *   proxy.c       birth, snapshots, draining
 *   listener.c    listeners and their filter chains
 *   downstream.c  connections of clients
 *   request.c     one request: its head, its filters, its answer, its end (HTTP connection manager)
 *   filters.c     the table of filters; fault.c, admin.c, router.c are its records
 *   route.c       which virtual host, which route
 *   attempt.c     one try of a request at one endpoint
 *   retry.c       whether and when there is another
 *   cluster.c     clusters and their endpoints; level.c their priorities; balancer.c who is picked
 *   resolve.c     endpoints that have names
 *   pool.c        connections to an endpoint
 *   outlier.c     endpoints that answer badly
 *   stats.c, telemetry.c   what is counted; text.c, dump.c: how it is shown
 */
#ifndef PROXY_PARTS_H
#define PROXY_PARTS_H

#include "base/heap.h"
#include "base/limits.h"
#include "http/codec.h"
#include "http/date.h"
#include "proxy/stats.h"

/* ---- the proxy ---- */

struct px_date {
    char text[MC_DATE_MAX];
    size_t length;
    mc_ns second; /* that it was written for; -1: none */
};

struct mc_proxy {
    struct mc_proxy_options options;
    struct mc_turn *turn;
    struct mc_pool *pool;
    struct mc_snapshot *snapshot, *next; /* NEXT waits for the end of the step */
    struct mc_grave install, grave;
    struct mc_svid *svid;
    struct mc_bundle *trust;
    struct mc_tls_context *server_tls; /* made when first needed after a change of identity */
    uint64_t identity_generation;
    struct mc_link listeners;   /* px_listener, in order of appearance */
    struct mc_link downstreams; /* px_downstream */
    struct mc_link upstreams;   /* px_upstream: every connection to an endpoint */
    struct mc_map clusters;     /* px_cluster by name's atom, in order of creation */
    struct mc_link http_stats;  /* px_http_stats */
    struct mc_map telemetry;    /* px_series */
    struct mc_map queries;      /* look-ups under way by id: px_name */
    uint32_t last_query;
    struct px_date date;
    uint64_t generation; /* of the snapshot */
    bool draining, install_queued, closing;
    bool winding_down;
    mc_ns wind_from, wind_over;
};

struct mc_str px_text_of(const struct mc_proxy *proxy, mc_atom atom);
struct mc_str px_date_of(struct mc_proxy *proxy); /* RFC 9110 §5.6.7; borrowed until the next call */
struct mc_tls_context *px_server_tls(struct mc_proxy *proxy); /* NULL: no identity */

/* ---- listeners and connections of clients ---- */

struct px_listener {
    struct mc_link link;
    struct mc_acceptor acceptor;
    struct mc_proxy *proxy;
    struct mc_resource *resource; /* a reference; its body is the configuration */
    uint32_t references;          /* its connections, and the proxy */
    uint64_t v[PX_LISTENER_STAT_COUNT];
    bool kept; /* scratch while a snapshot is applied */
};

void px_listeners_apply(struct mc_proxy *proxy);
void px_listeners_close(struct mc_proxy *proxy);
void px_listeners_free(struct mc_proxy *proxy);
void px_listener_unref(struct px_listener *listener);
/* The most specific chain for a connection that wants to go to ORIGINAL; NULL: none. */
const struct mc_filter_chain *px_chain_for(const struct mc_listener *listener, struct mc_addr original);

struct px_downstream {
    struct mc_link link;
    struct mc_http_owner_type owner; /* a copy, so that the record is found from the codec's connection */
    struct mc_http_conn *http;
    struct px_listener *listener;
    struct mc_resource *resource; /* holds CHAIN */
    const struct mc_filter_chain *chain;
    struct px_http_stats *stats;
    const struct mc_route_config *routes; /* of the snapshot with this generation */
    uint64_t routes_generation;
    struct mc_grave grave;
};

void px_downstream_accept(struct px_listener *listener, const struct mc_event *event);
struct mc_proxy *px_downstream_proxy(const struct px_downstream *conn);

/* ---- requests ---- */

enum px_verdict { PX_GO_ON, PX_WAIT /* px_request_go_on later */, PX_ANSWERED };

struct px_request;

struct px_filter {
    const char *name;
    enum px_verdict (*request)(struct px_request *request);
};

extern const struct px_filter px_fault_filter, px_admin_filter, px_router_filter;
const struct px_filter *px_filter_of(enum mc_http_filter filter);

/* Why an attempt came to nothing. Envoy's reset reasons. */
#define PX_FAILURES(X) \
    X(CONNECT_REMOTE, UF, "remote connection failure") \
    X(CONNECT_LOCAL, UF, "local connection failure") \
    X(CONNECT_TIMEOUT, UF, "connection timeout") \
    X(TERMINATED, UC, "connection termination") \
    X(OVERFLOW, UO, "overflow") \
    X(PROTOCOL, UPE, "protocol error") \
    X(TRY_TIMEOUT, UT, "local reset") \
    X(NO_MEMORY, LR, "local reset")

enum px_failure {
#define X(id, flag, text) PX_FAILURE_##id,
    PX_FAILURES(X)
#undef X
};

struct px_tried {
    struct px_tried *before;
    struct mc_addr addr;
};

struct px_retry {
    uint32_t on;        /* MC_RETRY_ON bits of policy and headers together */
    uint32_t left;
    uint32_t made;      /* retries so far */
    bool holds;         /* a place in the cluster's retry breaker */
    bool request_begun; /* some attempt has sent bytes: reset-before-request is over */
};

struct px_request {
    struct mc_handler down, up; /* the client's exchange; the attempt's. up.exchange NULL: none */
    struct px_downstream *conn;
    struct mc_proxy *proxy;
    struct mc_snapshot *snapshot;
    struct mc_arena *arena; /* the client's exchange's */
    struct mc_head head;    /* as it goes to the endpoint; path and authority may be rewritten */
    struct mc_str original_path;
    const struct mc_route *route;
    uint32_t filter; /* next one to run */
    uint32_t flags;
    uint16_t status; /* answered; 0: not yet */
    uint64_t span, parent_span, trace_hi, trace_lo; /* parent_span: the caller's; 0: it gave none */

    mc_ns started, completed; /* received: the head; the whole (MC_NEVER: not yet) */
    struct mc_timer timer;    /* the earliest of the following */
    mc_ns route_at, try_at, idle_at, wait_at;
    void (*waited)(struct px_request *request); /* at wait_at */

    /* the attempt */
    struct px_cluster *cluster; /* a reference; NULL until routed */
    struct px_host *host;       /* a reference; the last one picked */
    struct px_upstream *upstream;
    struct mc_link pending;     /* in host's queue while it waits for a connection */
    bool is_pending;
    bool head_up, ended_up;     /* its head was sent; all of it was */
    bool received_all;          /* its response is complete */
    mc_ns attempt_at;
    uint32_t attempts;
    mc_ns timeout, per_try_timeout; /* 0: none */
    struct px_tried *tried;
    struct px_retry retry;

    /* bodies */
    struct mc_slices body;    /* of the request: kept for the attempt to come, or for a retry */
    uint32_t body_sent;       /* slices at its front that this attempt has had already */
    bool keeps_body, request_ended;
    struct mc_headers *trailers;    /* of the request; NULL: none */
    uint32_t withheld_down, withheld_up; /* received, not granted again: the other side is slow */
    bool down_clogged, up_clogged;
    uint64_t response_bytes;
    bool answered, done;
    struct mc_grave grave;
};

/* request.c */
struct px_request *px_request_new(struct px_downstream *conn, struct mc_exchange *exchange); /* NULL refuses */
void px_request_go_on(struct px_request *request); /* with the next filter */
/* A local answer; BODY is copied. Cuts the exchange if an answer has begun already. */
void px_request_reply(struct px_request *request, uint16_t status, uint32_t flags, struct mc_str body);
/* The same, with a head of the caller's (headers in the request's arena) and a body that is taken. */
void px_request_answer(struct px_request *request, struct mc_head *head, struct mc_slices *body);
/* The endpoint's answer, as it comes. BODY is taken. */
void px_request_relay_head(struct px_request *request, struct mc_head *head, bool end);
void px_request_relay_body(struct px_request *request, struct mc_slice slice, bool end);
void px_request_relay_trailers(struct px_request *request, const struct mc_headers *trailers);
void px_request_active(struct px_request *request); /* something moved: the idle timeout begins anew */
void px_request_cut(struct px_request *request, uint32_t flags);
void px_request_arm(struct px_request *request); /* after one of the instants became earlier */
void px_request_wait(struct px_request *request, mc_ns at, void (*waited)(struct px_request *request));
void px_request_edit(struct px_request *request, struct mc_headers *headers, const struct mc_header_edit *edits, uint32_t count);

/* router.c, attempt.c */
void px_router_body(struct px_request *request, struct mc_slice slice); /* takes the slice */
void px_router_request_ended(struct px_request *request);
bool px_router_find_cluster(struct px_request *request); /* the route's, once; false: it has none, or it does not exist */
void px_router_attempt(struct px_request *request); /* the next one */
void px_router_timer(struct px_request *request);
void px_router_release(struct px_request *request); /* the request is over: whatever is held goes back */
void px_attempt_begin(struct px_request *request, struct px_host *host);
void px_attempt_attach(struct px_request *request, struct px_upstream *upstream); /* from the pool: its turn has come */
void px_attempt_failed(struct px_request *request, enum px_failure failure);      /* from the pool */
void px_attempt_pump(struct px_request *request); /* sends what is there of the body */
void px_attempt_drop(struct px_request *request); /* gives the attempt up, if there is one */
void px_attempt_clogged(struct px_request *request, bool clogged); /* the client reads slowly */

/* retry.c */
void px_retry_init(struct px_request *request);
bool px_retry_wants_status(const struct px_request *request, const struct mc_head *response);
bool px_retry_wants_failure(const struct px_request *request, enum px_failure failure);
/* Takes a place in the breaker and plans the next attempt; false: the request's flags say why not. */
bool px_retry_plan(struct px_request *request, uint64_t why);
void px_retry_release(struct px_request *request);
mc_ns px_retry_backoff(const struct mc_retry_policy *policy, uint32_t made, uint64_t draw);

/* route.c */
const struct mc_virtual_host *px_route_host(const struct mc_route_config *config, struct mc_str authority);
const struct mc_route *px_route_find(const struct mc_route_config *config, const struct mc_head *head, struct mc_arena *arena);
mc_atom px_route_cluster(const struct mc_route *route, uint64_t draw);

/* ---- clusters ---- */

struct px_host {
    struct px_cluster *cluster;
    struct mc_endpoint endpoint;
    uint32_t references; /* membership, connections, requests */
    bool member, kept;   /* KEPT: scratch while endpoints are applied */
    uint32_t active;     /* requests at it */
    uint32_t connections, connecting;
    struct mc_link ready; /* px_upstream: connected and free, last used first */
    struct mc_link busy;  /* px_upstream: connecting, under a request, or on its way out */
    struct mc_link pending; /* px_request: first in, first out */
    uint32_t pending_count;
    struct mc_heap_node edf;
    bool in_edf;
    /* outlier detection */
    uint32_t consecutive_5xx, consecutive_gateway, ejections; /* EJECTIONS: Envoy's backoff multiplier */
    bool ejected;
    mc_ns ejected_at;
    /* peak EWMA */
    mc_ns rtt, rtt_at;
    bool measured;
};

/* One priority. */
struct px_level {
    struct px_host **all, **healthy; /* HEALTHY is the second half of the block at ALL */
    uint32_t count, healthy_count;
    uint32_t load;       /* percent of the picks */
    bool panic;
    bool same_weight;    /* of those that may be picked */
    uint64_t start, next; /* round robin: where it began, at random; where it is */
    struct mc_heap edf;  /* deadlines as the bits of positive doubles */
    double edf_now;
    uint64_t edf_order;
};

struct px_cluster {
    struct mc_proxy *proxy;
    mc_atom name;
    struct mc_resource *resource, *endpoints; /* references; ENDPOINTS may be NULL */
    const struct mc_cluster *config;
    struct px_host **hosts; /* members, in the order of the configuration */
    uint32_t host_count, host_capacity;
    struct px_level *levels;
    uint32_t level_count;
    uint32_t references; /* hosts, requests, and the proxy */
    struct px_name *names; /* of a cluster that looks names up: one per configured endpoint */
    uint32_t name_count;
    struct mc_tls_context *tls;
    uint64_t tls_generation;
    struct mc_timer outlier_timer;
    mc_ns created;
    uint64_t v[PX_CLUSTER_STAT_COUNT];
    struct px_codes codes, retry_codes; /* RETRY_CODES: of answers that were not passed on but retried */
    struct mc_hist rq_time, cx_time;
    struct mc_grave grave;
};

struct px_cluster *px_cluster_get(struct mc_proxy *proxy, mc_atom name); /* borrowed; made if configured; NULL: no such, or no memory */
void px_clusters_apply(struct mc_proxy *proxy);
void px_clusters_free(struct mc_proxy *proxy);
void px_cluster_ref(struct px_cluster *cluster);
void px_cluster_charge(struct px_cluster *cluster, uint16_t status); /* a request to it was answered, by whomever */
void px_cluster_unref(struct px_cluster *cluster);
void px_host_ref(struct px_host *host);
void px_host_unref(struct px_host *host);
bool px_host_is_healthy(const struct px_host *host);
/* The host at ADDR of a pass-through cluster, made if there is none. A reference. NULL: no memory. */
struct px_host *px_cluster_passthrough(struct px_cluster *cluster, struct mc_addr addr);
/* What connections to HOST are secured with. False: it wants mTLS and there is no identity to show. */
bool px_cluster_tls(struct px_cluster *cluster, const struct px_host *host, struct mc_tls_context **tls);

void px_cluster_set_members(struct px_cluster *cluster, const struct mc_endpoint *list, uint32_t count);

/* resolve.c */
enum { PX_NAME_ADDRS = 16 };
bool px_cluster_has_names(const struct px_cluster *cluster);
void px_names_start(struct px_cluster *cluster, const struct mc_endpoints *endpoints); /* NULL: none */
void px_names_stop(struct px_cluster *cluster);

bool px_levels_rebuild(struct px_cluster *cluster);  /* endpoints came or went; false: no memory, there are none now */
void px_levels_refresh(struct px_cluster *cluster);  /* the health of one changed */
void px_levels_free(struct px_cluster *cluster);

struct px_host *px_balance(struct px_cluster *cluster, const struct px_request *request); /* borrowed; NULL: none healthy */
void px_balance_observe(struct px_host *host, mc_ns rtt, mc_ns now); /* peak EWMA */

void px_outlier_result(struct px_host *host, uint16_t status);
void px_outlier_fire(struct mc_timer *timer);

/* ---- connections to endpoints ---- */

struct px_upstream {
    struct mc_link link, all; /* in its host's lists; in the proxy's */
    struct mc_http_owner_type owner;
    struct mc_http_conn *http;
    struct px_host *host; /* a reference */
    struct mc_timer timer; /* connect timeout */
    mc_ns opened_at;
    uint32_t requests;
    bool connecting, counted, timed_out, reused;
    struct mc_grave grave;
};

/* A connection, or a place in the queue, or a failure, which is told by px_attempt_failed, maybe at once. */
void px_pool_ask(struct px_host *host, struct px_request *request);
void px_pool_cancel(struct px_request *request);     /* leaves the queue */
void px_pool_done(struct px_upstream *upstream);     /* its exchange is over */
void px_pool_drain(struct px_host *host);            /* closes what is free, the rest when it is */
void px_pool_trace_breaker(struct px_cluster *cluster, uint64_t which, uint32_t limit);

enum px_breaker { PX_BREAKER_CONNECTIONS, PX_BREAKER_PENDING, PX_BREAKER_REQUESTS, PX_BREAKER_RETRIES };

/* ---- telemetry, text ---- */

void px_telemetry_request(struct px_request *request, mc_ns duration);
void px_telemetry_visit(const struct mc_proxy *proxy, struct mc_stat_visitor *visitor);
void px_telemetry_free(struct mc_proxy *proxy);
size_t px_flags_text(uint32_t flags, char *out, size_t size); /* "UF,URX"; "-" if none */

/* Text into chunks. */
struct px_writer {
    struct mc_pool *pool;
    struct mc_slices *out;
    struct mc_chunk *chunk;
    bool refused;
};

void px_writer_init(struct px_writer *writer, struct mc_pool *pool, struct mc_slices *out);
bool px_writer_fini(struct px_writer *writer); /* false: memory was short, the text is not whole */
void px_write(struct px_writer *writer, struct mc_str text);
void px_write_c(struct px_writer *writer, const char *text);
void px_write_u64(struct px_writer *writer, uint64_t number);
void px_write_fixed(struct px_writer *writer, uint64_t value, uint32_t decimals); /* value / 10^decimals, without trailing zeros */
void px_write_json(struct px_writer *writer, struct mc_str text); /* quoted */
void px_write_prometheus(struct px_writer *writer, const struct mc_proxy *proxy);
void px_write_stats(struct px_writer *writer, const struct mc_proxy *proxy);
void px_write_config(struct px_writer *writer, const struct mc_proxy *proxy);
void px_write_clusters(struct px_writer *writer, const struct mc_proxy *proxy);

#endif
