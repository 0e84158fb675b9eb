/* What a mesh does with a service nobody has said anything about, and the constants of its control
 * plane: plain data, filled from a profile. */
#ifndef CONTROL_DEFAULTS_H
#define CONTROL_DEFAULTS_H

#include "model/config.h"

enum { MC_TRAFFIC_STATUSES = 16 }; /* retriable status codes in one policy */

/* A fault that the callers' sidecars inject (VirtualService http[].fault). Shares in millionths. */
struct mc_traffic_fault {
    uint32_t abort_permillion, delay_permillion; /* 0: off */
    uint16_t abort_status;
    mc_ns delay;
    mc_atom source; /* only in sidecars of workloads of this service (sourceLabels); 0: in all */
};

/* How a service is called: the route to it, its clusters, and what its workloads accept. */
struct mc_traffic {
    mc_ns timeout;                 /* of the route; 0: none (Istio's default; Envoy's own is 15 s) */
    struct mc_retry_policy retry;  /* its statuses are ignored: see below */
    uint16_t statuses[MC_TRAFFIC_STATUSES];
    uint32_t status_count;
    enum mc_balancer balancer;
    uint32_t choice_count;         /* least request … */
    bool counts_pending;           /* … which counts requests that wait for a connection, too */
    uint32_t panic_percent;
    mc_ns connect_timeout;
    mc_ns idle_timeout;            /* of upstream connections */
    uint32_t requests_per_conn;    /* 0: unlimited */
    struct mc_breaker breaker;
    struct mc_outlier outlier;     /* interval 0: off */
    uint32_t outlier_panic_percent; /* the panic threshold where outlier detection is on; Istio: minHealthPercent, 0 */
    bool locality_failover;        /* with outlier detection, the caller's zone comes first, then its region, then the rest */
    enum mc_mtls_mode mtls;        /* what its workloads accept; callers use mTLS unless it is DISABLE */
    struct mc_traffic_fault fault;
};

struct mc_mesh_defaults {
    struct mc_traffic traffic;
    struct mc_retry_policy inbound_retry; /* of the server's sidecar; Istio >= 1.24: 2 on reset-before-request */
    bool outbound_any;         /* outboundTrafficPolicy ALLOW_ANY; else unknown hosts get 502 */
    mc_ns dns_refresh;    /* of services found by name: meshConfig.dnsRefreshRate 60 s; Envoy's own 5 s */
    bool respect_dns_ttl;
    mc_ns stream_idle_timeout; /* 0: none */
    uint16_t outbound_port, inbound_port, metrics_port; /* 15001, 15006, 15090 */
    struct mc_str domain;      /* "svc.cluster.local"; lives as long as the registry */
    mc_ns debounce_quiet, debounce_max; /* PILOT_DEBOUNCE_AFTER 100 ms, PILOT_DEBOUNCE_MAX 10 s */
};

/* Istio 1.30's: retry twice on connect-failure, refused-stream, unavailable, cancelled and an empty list
 * of codes (VirtualService defaults, 1.24 and later), no route timeout, no circuit breaking, least
 * request of two, connect timeout 10 s, PERMISSIVE with automatic mTLS, ALLOW_ANY. */
struct mc_mesh_defaults mc_mesh_defaults_istio(void);

/* Envoy's own, for sidecars that a file configures: 15 s, no retry, breakers 1024/1024/1024/3, round robin, plaintext. */
struct mc_mesh_defaults mc_mesh_defaults_envoy(void);

#endif
