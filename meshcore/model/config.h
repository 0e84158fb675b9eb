/* Configuration as the data plane reads it: immutable, shared, typed. The nouns and defaults are
 * Envoy v3's (1.36); each field names its source where it is not plain.
 *
 * All texts are atoms or views that live as long as the snapshot. Arrays are (pointer, count). Every
 * record is plain data: hash-consing, ownership and building are in model/snapshot.h.
 */
#ifndef MODEL_CONFIG_H
#define MODEL_CONFIG_H

#include "base/atoms.h"
#include "base/time.h"
#include "host/addr.h"
#include <stdbool.h>

/* ---- matching ---- */

enum mc_text_match_kind { /* type.matcher.v3.StringMatcher and header extras */
    MC_TEXT_EXACT,
    MC_TEXT_PREFIX,
    MC_TEXT_SUFFIX,
    MC_TEXT_CONTAINS,
    MC_TEXT_REGEX,   /* RE2's language, whole text */
    MC_TEXT_PRESENT, /* headers and query parameters only */
};

struct mc_text_match {
    enum mc_text_match_kind kind;
    struct mc_str text;
    bool ignore_case;       /* not for regex */
    struct mc_regex *regex; /* compiled from text if it is a regex, by the snapshot's builder, which owns it */
};

struct mc_header_match { /* config.route.v3.HeaderMatcher, QueryParameterMatcher */
    struct mc_str name;  /* lower case; ":method", ":authority", ":path" are pseudo-headers */
    struct mc_text_match match;
    bool invert;
    bool missing_as_empty; /* treat_missing_header_as_empty */
};

enum mc_path_match_kind { MC_PATH_PREFIX, MC_PATH_EXACT, MC_PATH_SEPARATED_PREFIX, MC_PATH_REGEX };

/* ---- routes ---- */

#define MC_RETRY_CONDITIONS(X) \
    X(5XX, "5xx") \
    X(GATEWAY_ERROR, "gateway-error") \
    X(RESET, "reset") \
    X(RESET_BEFORE_REQUEST, "reset-before-request") \
    X(CONNECT_FAILURE, "connect-failure") \
    X(REFUSED_STREAM, "refused-stream") \
    X(RETRIABLE_4XX, "retriable-4xx") \
    X(RETRIABLE_STATUS, "retriable-status-codes") \
    X(ENVOY_RATELIMITED, "envoy-ratelimited") \
    X(CANCELLED, "cancelled") \
    X(DEADLINE_EXCEEDED, "deadline-exceeded") \
    X(INTERNAL, "internal") \
    X(RESOURCE_EXHAUSTED, "resource-exhausted") \
    X(UNAVAILABLE, "unavailable")

enum mc_retry_condition {
#define X(name, text) MC_RETRY_BIT_##name,
    MC_RETRY_CONDITIONS(X)
#undef X
};
#define MC_RETRY_ON(name) (1u << MC_RETRY_BIT_##name)

struct mc_retry_policy { /* config.route.v3.RetryPolicy */
    uint32_t on;             /* MC_RETRY_ON bits; 0: no retries */
    uint32_t retries;        /* num_retries; Envoy's default 1 */
    mc_ns per_try_timeout;   /* 0: none */
    mc_ns backoff_base;      /* 25 ms */
    mc_ns backoff_max;       /* 10 × base */
    const uint16_t *statuses; /* retriable_status_codes */
    uint32_t status_count;
    uint32_t host_attempts;  /* host_selection_retry_max_attempts; 1 */
    bool other_host;         /* previous_hosts predicate */
};

struct mc_weighted_cluster {
    mc_atom cluster;
    uint32_t weight;
};

enum mc_route_action { MC_ROUTE_CLUSTERS, MC_ROUTE_DIRECT_RESPONSE, MC_ROUTE_REDIRECT };

struct mc_header_edit { /* request_headers_to_add, …_to_remove */
    enum { MC_EDIT_APPEND, MC_EDIT_SET, MC_EDIT_REMOVE } kind;
    struct mc_str name, value;
};

struct mc_route { /* config.route.v3.Route */
    struct mc_str name; /* may be empty */
    enum mc_path_match_kind path_kind;
    struct mc_str path;
    bool ignore_case;
    const struct mc_header_match *headers;
    uint32_t header_count;
    const struct mc_header_match *queries;
    uint32_t query_count;
    struct mc_regex *regex; /* compiled from path, or NULL; made and owned by the snapshot's builder */

    enum mc_route_action action;
    const struct mc_weighted_cluster *clusters; /* one or more; weights relative; drawn once per request */
    uint32_t cluster_count;
    uint64_t weight_total;        /* sum of the weights; the snapshot's builder fills it in */
    mc_ns timeout;                /* 0: none; Envoy's own default 15 s is filled in by config/ */
    struct mc_retry_policy retry;
    struct mc_str host_rewrite;   /* host_rewrite_literal; empty: none */
    struct mc_str prefix_rewrite; /* empty: none */
    uint16_t status;              /* direct response, redirect */
    struct mc_str body;           /* direct response */
    struct mc_str redirect_host, redirect_path;
    const struct mc_header_edit *request_edits, *response_edits;
    uint32_t request_edit_count, response_edit_count;
    /* The fault filter's per-route configuration (filters.http.fault.v3); 0 permillion: off. */
    uint32_t abort_permillion, delay_permillion;
    uint16_t abort_status;
    mc_ns delay;
};

struct mc_virtual_host {
    struct mc_str name;
    const struct mc_str *domains; /* "a.b", "*.b", "a.*", "*" ; lower case */
    uint32_t domain_count;
    const struct mc_route *routes;
    uint32_t route_count;
};

struct mc_route_config {
    mc_atom name;
    const struct mc_virtual_host *hosts;
    uint32_t host_count;
    bool ignore_port; /* ignore_port_in_host_matching */
    const struct mc_domains *domains; /* index over all domains; made and owned by the snapshot's builder */
};

/* ---- listeners ---- */

#define MC_HTTP_FILTERS(X) X(FAULT, "envoy.filters.http.fault") X(ADMIN, "squall.filters.http.admin") X(ROUTER, "envoy.filters.http.router")

enum mc_http_filter {
#define X(name, text) MC_HTTP_FILTER_##name,
    MC_HTTP_FILTERS(X)
#undef X
};

enum mc_listener_mode {
    MC_LISTEN_DIRECT,   /* a socket of its own */
    MC_LISTEN_OUTBOUND, /* capture: 15001, use_original_dst */
    MC_LISTEN_INBOUND,  /* capture: 15006 */
};

enum mc_mtls_mode { MC_MTLS_DISABLE, MC_MTLS_PERMISSIVE, MC_MTLS_STRICT };

struct mc_filter_chain { /* config.listener.v3.FilterChain with one HTTP connection manager */
    mc_atom name;
    uint16_t destination_port;      /* of the original destination; 0: any */
    struct mc_addr destination;     /* IP of the original destination; any: any */
    enum mc_mtls_mode mtls;         /* downstream TLS with the node's SVID */
    mc_atom route_config;           /* in the snapshot */
    mc_atom stat_prefix;
    struct mc_str server_name;      /* "envoy" by default; empty: passes the upstream's */
    enum mc_http_filter filters[4];
    uint32_t filter_count;
    mc_ns idle_timeout;             /* downstream connection, 1 h */
    mc_ns stream_idle_timeout;      /* 5 min; 0: none */
    mc_ns request_headers_timeout;  /* 0: none */
    bool is_outbound;               /* traffic direction: which side of the reporter it is */
    bool keep_request_id;           /* preserve_external_request_id */
    bool internal_clients;          /* internal_address_config names them: their x-envoy-retry-on, -max-retries and
                                     * -upstream-rq-timeout-ms are obeyed; else dropped. Envoy's default (1.33 on): nobody */
};

struct mc_listener {
    mc_atom name;
    struct mc_addr addr;
    enum mc_listener_mode mode;
    const struct mc_filter_chain *chains; /* the most specific match wins: ip+port, port, any */
    uint32_t chain_count;
};

/* ---- clusters ---- */

enum mc_balancer { MC_BALANCE_ROUND_ROBIN, MC_BALANCE_RANDOM, MC_BALANCE_LEAST_REQUEST, MC_BALANCE_PEAK_EWMA };

struct mc_outlier { /* config.cluster.v3.OutlierDetection; interval 0: off */
    mc_ns interval, base_ejection, max_ejection;
    uint32_t consecutive_5xx, max_percent;
};

struct mc_breaker { /* circuit_breakers.thresholds, default priority */
    uint32_t connections, pending, requests, retries; /* 1024, 1024, 1024, 3; Istio: 2^32-1 each */
};

enum mc_cluster_kind {
    MC_CLUSTER_STATIC,
    MC_CLUSTER_EDS,
    MC_CLUSTER_PASSTHROUGH, /* ORIGINAL_DST */
    MC_CLUSTER_STRICT_DNS,  /* endpoints by name; every address is one */
    MC_CLUSTER_LOGICAL_DNS, /* … the first address is the only one */
};

struct mc_cluster { /* config.cluster.v3.Cluster */
    mc_atom name;
    enum mc_cluster_kind kind;
    enum mc_balancer balancer;
    uint32_t choice_count;         /* least request: 2 */
    bool counts_pending;           /* least request: those that wait for a connection count, too (Envoy 1.39's runtime guard
                                      least_request_lb_count_pending_requests; off) */
    uint32_t panic_percent;        /* healthy_panic_threshold: 50; 0: off */
    mc_ns connect_timeout;         /* 5 s; covers TLS */
    mc_ns idle_timeout;            /* upstream connection: 1 h */
    uint32_t requests_per_conn;    /* 0: unlimited */
    mc_ns dns_refresh;             /* dns_refresh_rate: 5 s; also after a failure */
    bool respect_dns_ttl;          /* asks again when the answer is too old, instead */
    struct mc_breaker breaker;
    struct mc_outlier outlier;
    bool mtls;                     /* originate mTLS with the node's SVID … */
    const mc_atom *accepted;       /* … to peers with one of these SPIFFE IDs */
    uint32_t accepted_count;
};

struct mc_endpoint { /* one address of a cluster */
    struct mc_addr addr;
    mc_atom host;      /* its name, to be looked up; ADDR is but a port then. 0: none */
    uint32_t weight;   /* 1 by default */
    uint32_t priority;
    mc_atom zone;      /* locality; 0: none */
    mc_atom workload;  /* who it is, for telemetry; 0: not known */
    bool mtls;         /* takes mTLS (Istio's tlsMode=istio); else plaintext even if the cluster says mtls */
    bool healthy;      /* as discovered */
};

struct mc_endpoints {
    mc_atom cluster;
    const struct mc_endpoint *list;
    uint32_t count;
};

#endif
