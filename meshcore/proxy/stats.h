/* What is counted, and where. One table per scope names every counter; gauges are kept like counters.
 * Names are Envoy's; the texts are what Prometheus shows as HELP. */
#ifndef PROXY_STATS_H
#define PROXY_STATS_H

#include "base/hist.h"
#include "base/list.h"
#include "proxy/proxy.h"

#define PX_CLUSTER_STATS(X) \
    X(COUNTER, CX_TOTAL, "upstream_cx_total", "Connections opened to endpoints") \
    X(GAUGE, CX_ACTIVE, "upstream_cx_active", "Connections to endpoints now") \
    X(COUNTER, CX_HTTP1, "upstream_cx_http1_total", "HTTP/1.1 connections opened to endpoints") \
    X(COUNTER, CX_CONNECT_FAIL, "upstream_cx_connect_fail", "Connections that could not be had") \
    X(COUNTER, CX_CONNECT_TIMEOUT, "upstream_cx_connect_timeout", "Connections that could not be had in time") \
    X(COUNTER, CX_OVERFLOW, "upstream_cx_overflow", "Times the limit of connections was hit") \
    X(COUNTER, CX_DESTROY, "upstream_cx_destroy", "Connections to endpoints that ended") \
    X(COUNTER, CX_DESTROY_WITH_RQ, "upstream_cx_destroy_with_active_rq", "Connections that ended under a request") \
    X(COUNTER, CX_MAX_REQUESTS, "upstream_cx_max_requests", "Connections closed after their last allowed request") \
    X(COUNTER, CX_NONE_HEALTHY, "upstream_cx_none_healthy", "Requests for which there was no healthy endpoint") \
    X(COUNTER, RQ_TOTAL, "upstream_rq_total", "Requests sent to endpoints, retries included") \
    X(GAUGE, RQ_ACTIVE, "upstream_rq_active", "Requests at endpoints now") \
    X(COUNTER, RQ_COMPLETED, "upstream_rq_completed", "Requests that were answered") \
    X(COUNTER, RQ_PENDING_TOTAL, "upstream_rq_pending_total", "Requests that waited for a connection") \
    X(GAUGE, RQ_PENDING_ACTIVE, "upstream_rq_pending_active", "Requests waiting for a connection now") \
    X(COUNTER, RQ_PENDING_OVERFLOW, "upstream_rq_pending_overflow", "Requests refused by a circuit breaker") \
    X(COUNTER, RQ_PENDING_EJECT, "upstream_rq_pending_failure_eject", "Waiting requests whose connection failed") \
    X(COUNTER, RQ_CANCELLED, "upstream_rq_cancelled", "Requests given up before they had a connection") \
    X(COUNTER, RQ_TIMEOUT, "upstream_rq_timeout", "Requests that ran into the route's timeout") \
    X(COUNTER, RQ_PER_TRY_TIMEOUT, "upstream_rq_per_try_timeout", "Attempts that ran into their own timeout") \
    X(COUNTER, RQ_RX_RESET, "upstream_rq_rx_reset", "Requests that the endpoint reset") \
    X(COUNTER, RQ_TX_RESET, "upstream_rq_tx_reset", "Requests that were reset towards the endpoint") \
    X(COUNTER, RQ_RETRY, "upstream_rq_retry", "Retries begun") \
    X(COUNTER, RQ_RETRY_BACKOFF, "upstream_rq_retry_backoff_exponential", "Retries after an exponential back-off") \
    X(COUNTER, RQ_RETRY_SUCCESS, "upstream_rq_retry_success", "Retries that were good") \
    X(COUNTER, RQ_RETRY_OVERFLOW, "upstream_rq_retry_overflow", "Retries refused by the circuit breaker") \
    X(COUNTER, RQ_RETRY_LIMIT, "upstream_rq_retry_limit_exceeded", "Requests whose retries ran out") \
    X(GAUGE, RQ_RETRY_ACTIVE, "upstream_rq_retry_active", "Retries under way, back-off included") \
    X(GAUGE, MEMBERS, "membership_total", "Endpoints") \
    X(GAUGE, MEMBERS_HEALTHY, "membership_healthy", "Endpoints that are healthy") \
    X(COUNTER, MEMBERS_CHANGE, "membership_change", "Times the endpoints changed") \
    X(COUNTER, UPDATE_ATTEMPT, "update_attempt", "Times the endpoints' names were looked up") \
    X(COUNTER, UPDATE_SUCCESS, "update_success", "Look-ups that were answered") \
    X(COUNTER, UPDATE_FAILURE, "update_failure", "Look-ups that failed") \
    X(COUNTER, LB_PANIC, "lb_healthy_panic", "Picks among all endpoints because too few are healthy") \
    X(GAUGE, OD_ACTIVE, "outlier_detection_ejections_active", "Endpoints ejected now") \
    X(COUNTER, OD_ENFORCED, "outlier_detection_ejections_enforced_total", "Ejections") \
    X(COUNTER, OD_DETECTED_5XX, "outlier_detection_ejections_detected_consecutive_5xx", "Runs of 5xx seen") \
    X(COUNTER, OD_ENFORCED_5XX, "outlier_detection_ejections_enforced_consecutive_5xx", "Ejections for a run of 5xx") \
    X(COUNTER, OD_DETECTED_GATEWAY, "outlier_detection_ejections_detected_consecutive_gateway_failure", \
      "Runs of gateway failures seen") \
    X(COUNTER, OD_OVERFLOW, "outlier_detection_ejections_overflow", "Ejections that the largest share forbade")

#define PX_HTTP_STATS(X) \
    X(COUNTER, CX_TOTAL, "downstream_cx_total", "Connections accepted") \
    X(GAUGE, CX_ACTIVE, "downstream_cx_active", "Connections of clients now") \
    X(COUNTER, CX_HTTP1, "downstream_cx_http1_total", "HTTP/1.1 connections accepted") \
    X(COUNTER, CX_DESTROY, "downstream_cx_destroy", "Connections of clients that ended") \
    X(COUNTER, CX_PROTOCOL_ERROR, "downstream_cx_protocol_error", "Connections that ended for a protocol error") \
    X(COUNTER, RQ_TOTAL, "downstream_rq_total", "Requests received") \
    X(GAUGE, RQ_ACTIVE, "downstream_rq_active", "Requests under way") \
    X(COUNTER, RQ_COMPLETED, "downstream_rq_completed", "Requests that were answered") \
    X(COUNTER, RQ_RX_RESET, "downstream_rq_rx_reset", "Requests that the client cut off") \
    X(COUNTER, RQ_TX_RESET, "downstream_rq_tx_reset", "Requests cut off towards the client") \
    X(COUNTER, RQ_TIMEOUT, "downstream_rq_timeout", "Requests that stayed idle too long") \
    X(COUNTER, NO_ROUTE, "no_route", "Requests without a route") \
    X(COUNTER, NO_CLUSTER, "no_cluster", "Requests whose route has no cluster") \
    X(COUNTER, DIRECT_RESPONSE, "rq_direct_response", "Requests answered by the route itself") \
    X(COUNTER, REDIRECT, "rq_redirect", "Requests redirected") \
    X(COUNTER, FAULT_DELAYS, "fault_delays_injected", "Delays injected") \
    X(COUNTER, FAULT_ABORTS, "fault_aborts_injected", "Aborts injected")

#define PX_LISTENER_STATS(X) \
    X(COUNTER, CX_TOTAL, "downstream_cx_total", "Connections accepted") \
    X(GAUGE, CX_ACTIVE, "downstream_cx_active", "Connections now") \
    X(COUNTER, CX_DESTROY, "downstream_cx_destroy", "Connections that ended") \
    X(COUNTER, NO_CHAIN, "no_filter_chain_match", "Connections that no filter chain takes")

enum px_cluster_stat {
#define X(kind, id, name, help) PX_CLUSTER_##id,
    PX_CLUSTER_STATS(X)
#undef X
    PX_CLUSTER_STAT_COUNT
};
enum px_http_stat {
#define X(kind, id, name, help) PX_HTTP_##id,
    PX_HTTP_STATS(X)
#undef X
    PX_HTTP_STAT_COUNT
};
enum px_listener_stat {
#define X(kind, id, name, help) PX_LISTENER_##id,
    PX_LISTENER_STATS(X)
#undef X
    PX_LISTENER_STAT_COUNT
};

struct px_code {
    uint16_t status;
    uint64_t count;
};

/* Responses by status and by class. */
struct px_codes {
    uint64_t classes[6];
    struct px_code *list;
    uint32_t count, capacity;
};

void px_codes_add(struct px_codes *codes, struct mc_pool *pool, uint16_t status); /* a status that finds no memory counts in its class alone */
void px_codes_fini(struct px_codes *codes, struct mc_pool *pool);

/* Of one stat_prefix. */
struct px_http_stats {
    struct mc_link link;
    mc_atom prefix;
    uint64_t v[PX_HTTP_STAT_COUNT];
    struct px_codes codes;
    struct mc_hist rq_time;
};

struct px_http_stats *px_http_stats_of(struct mc_proxy *proxy, mc_atom prefix); /* NULL: no memory */
void px_http_stats_free(struct mc_proxy *proxy);

#endif
