/* A scenario as data: what a script declares, before anything runs.
 *
 * The Lua bindings fill a plan from tables; sim/run builds a world from it. Everything is owned by the
 * plan's arena: texts are NUL-terminated views, arrays are (pointer, count). Times and durations are
 * nanoseconds; shares are parts per million; sizes are bytes.
 */
#ifndef SIM_PLAN_PLAN_H
#define SIM_PLAN_PLAN_H

#include "base/arena.h"
#include "base/fixed.h"
#include "sim/plan/application.h"
#include "sim/plan/kernel.h"
#include "sim/plan/kubernetes.h"
#include "sim/plan/names.h"
#include "sim/plan/pod.h"
#include "sim/plan/resources.h"
#include "sim/plan/sidecar.h"

/* ---- services ---- */

struct sim_version {
    struct mc_str name;         /* "v1" */
    uint32_t replicas;
    const struct mc_str *zones; /* replicas go round; none: zone "a", or the first */
    uint32_t zone_count;
    const struct sim_step *steps;
    uint32_t step_count;
    const struct sim_step *start_steps; /* WORK and CALL only: before a process that starts during the run listens */
    uint32_t start_step_count;
    uint32_t concurrency;       /* requests worked on at once; 0: unlimited */
    uint32_t queue;             /* requests that wait for a place; 0 with concurrency: unlimited */
    uint32_t cpu_millis;        /* CPU quota of the app container; 0: unlimited */
    uint32_t error_ppm;         /* share of requests answered with error_status */
    uint16_t error_status;      /* 500 */
    uint32_t response_bytes;    /* body of an answer; 1 KiB by default */
    mc_ns keep_alive;           /* idle server connections are closed after; 0: never */
    bool cancel;                /* stops computing when its caller has gone */
    bool meshed;                /* has a sidecar where the profile has them; default true */
    struct sim_pod_plan pod;    /* its life, as Kubernetes is told */
    struct sim_pod_network network;
    struct sim_resources resources;
    struct sim_server_plan server;
};

/* What the mesh is told about a service: the route and the traffic policy (0 or false: the profile's). */
struct sim_policy {
    struct sim_retry retry;
    bool has_retry;
    mc_ns timeout;
    bool has_timeout;
    uint32_t max_connections, max_pending, max_requests, max_retries;
    uint32_t outlier_consecutive; /* 0: off */
    mc_ns outlier_interval, outlier_base;
    uint32_t outlier_max_percent;
    uint32_t outlier_min_health;  /* minHealthPercent: the panic threshold then */
    mc_ns idle_timeout;           /* connectionPool.http.idleTimeout; 0: 1 h */
    uint32_t requests_per_conn;   /* connectionPool.http.maxRequestsPerConnection; 0: no limit */
    bool anywhere;                /* localityLbSetting.enabled: false */
    bool counts_pending;          /* least request counts requests that wait for a connection, too */
    struct mc_str balancer;       /* "round_robin", "random", "least_request", "peak_ewma"; empty: the profile's */
    struct mc_str mtls;           /* "strict", "permissive", "disable"; empty: the profile's */
};

struct sim_service {
    struct mc_str name;
    struct sim_source source;
    uint16_t port;              /* 8080 */
    const struct sim_version *versions;
    uint32_t version_count;
    const uint32_t *weights;    /* per version; NULL: by replicas */
    struct sim_policy policy;
    struct sim_workload_plan workload; /* what Kubernetes' controllers are told */
    struct sim_external external; /* on: stands outside the cluster; its name is a host's */
};

struct sim_path_terms {         /* one way */
    mc_ns latency, jitter;
    uint32_t loss_ppm;
    uint64_t bits_per_second;   /* 0: unlimited */
    mc_ns idle_timeout;         /* connections without a packet for longer are forgotten on the way; 0: never */
    bool idle_reset;            /* … and their next packet is answered with an RST, instead of silence */
};

struct sim_topology {
    struct mc_str name;
    const struct mc_str *zones; /* "a" … ; region is the part before a '/', if any */
    uint32_t zone_count;
    struct sim_path_terms same_machine, same_zone, cross_zone, cross_region;
    const struct sim_service *services;
    uint32_t service_count;
    uint32_t pods_per_machine;  /* 8 */
    uint32_t cores_per_machine; /* 8 */
    uint64_t nic_bits_per_second; /* of each machine, in each direction; 0: unlimited */
    struct sim_dns_plan dns;
};

/* ---- the mesh ---- */

struct sim_price { /* of one unit of work of the proxy, in nanoseconds of CPU; bytes: per KiB */
    mc_ns connection, request, response, body_kib, tls_kib, handshake, resource, signature;
};

struct sim_profile {
    struct mc_str name;         /* "istio-sidecar" */
    struct mc_str version;      /* "Istio 1.30 / Envoy 1.36" */
    bool sidecars;
    bool identity;              /* has a CA and SVIDs */
    bool control_plane;         /* configuration is pushed; else it is given at start */
    bool rollouts;              /* has a rollout controller */
    bool registry_only;         /* outboundTrafficPolicy REGISTRY_ONLY; else ALLOW_ANY */
    struct mc_str mtls;         /* "strict", "permissive", "disable" */
    struct sim_socket_plan sockets; /* of its proxies */
    struct mc_str balancer;
    uint32_t least_request_choices;
    struct sim_retry retry;     /* default policy of routes without one */
    mc_ns timeout;              /* default of routes; 0: none */
    mc_ns connect_timeout;
    uint32_t max_connections, max_pending, max_requests, max_retries; /* UINT32_MAX: no limit */
    uint32_t panic_percent;
    bool locality_failover;     /* with outlier detection callers' own zone comes first, and the panic threshold is minHealthPercent */
    mc_ns debounce_quiet, debounce_max;
    mc_ns cert_ttl, clock_leeway;
    mc_ns root_ttl;             /* of the trust anchor, from time 0; 0: 10 years */
    bool anchors_are_keys;      /* the dates of the trust anchor are not judged */
    uint32_t renew_permille, renew_jitter_permille;
    mc_ns renew_retry_base, renew_retry_max;
    uint32_t renew_retry_permille; /* of what is left, instead of doubling; 0: doubling */
    uint32_t proxy_cpu_millis;  /* quota of the sidecar container */
    uint32_t proxy_workers;
    struct sim_price price;
    struct sim_sidecar sidecar; /* how it starts and stops */
    uint32_t proxy_memory_kib;  /* accounted footprint of a real sidecar at rest */
    struct sim_resources proxy; /* of the sidecar container; its memory.base is proxy_memory_kib */
    uint32_t proxy_cluster_bytes, proxy_endpoint_bytes; /* what a configured cluster and endpoint add to it */
};

/* ---- load ---- */

enum sim_executor { SIM_LOAD_CONSTANT_RATE, SIM_LOAD_POISSON, SIM_LOAD_RAMPING_RATE, SIM_LOAD_CLOSED /* constant-vus */ };

struct sim_stage {
    mc_ns at;
    uint64_t rate_milli; /* requests per second × 1000 */
};

struct sim_load_spec {
    struct mc_str name;
    struct sim_source source;
    struct mc_str to;           /* service */
    enum sim_executor executor;
    uint64_t rate_milli;        /* requests per second × 1000 */
    const struct sim_stage *stages;
    uint32_t stage_count;
    uint32_t vus;               /* closed loop */
    uint32_t max_vus;           /* open loop: more than this under way are dropped iterations; 10 000 */
    mc_ns think;
    mc_ns start, duration;      /* duration 0: to the end */
    struct mc_str path, method;
    uint32_t body_bytes;
    mc_ns timeout;              /* the client's own, of each try; 0: 30 s */
    uint32_t tries;             /* 0: 1 */
    struct sim_retry retry;     /* the client's own; attempts 0: none */
    mc_ns deadline;             /* of all tries together; 0: none */
    bool tells_deadline;        /* its requests say how long it waits */
    struct sim_pool_plan pool;
    struct mc_str zone;         /* where the client stands; empty: the first zone */
};

/* ---- rollouts ---- */

struct sim_canary_metric {
    bool is_duration;           /* else success rate */
    uint32_t min_ppm;           /* success rate */
    mc_ns max;                  /* duration */
    uint32_t quantile_ppm;
};

struct sim_canary_spec {
    struct mc_str target, from, to;
    struct sim_source source;
    mc_ns start, interval;
    uint32_t threshold, step_weight, max_weight, min_samples;
    struct sim_canary_metric metrics[4];
    uint32_t metric_count;
    bool manual;                /* never promoted past max_weight by itself */
    mc_ns deadline;             /* without an advance for so long it is rolled back; 0: none */
    struct mc_str on_inconclusive; /* "hold", "fail", "pass"; empty: hold */
};

/* ---- checks that are declared ---- */

enum sim_aggregate { SIM_AGG_COUNT, SIM_AGG_RATE, SIM_AGG_AVG, SIM_AGG_MIN, SIM_AGG_MED, SIM_AGG_MAX, SIM_AGG_P };

struct sim_threshold { /* "p(95) < 200ms" on "request_duration{src:user}" */
    struct mc_str metric;       /* without its tags */
    struct mc_str tags;         /* "src:user,phase:before"; empty: all */
    struct mc_str text;         /* as written */
    struct sim_source source;
    enum sim_aggregate aggregate;
    uint32_t quantile_ppm;
    enum { SIM_LESS, SIM_LESS_EQUAL, SIM_GREATER, SIM_GREATER_EQUAL } op;
    int64_t bound;              /* nanoseconds, ppm, or count × 1000 */
    bool abort_on_fail;
    mc_ns delay;                /* not judged before */
};

struct sim_plan {
    struct mc_arena *arena;
    struct mc_str scenario;
    struct sim_source source;
    struct mc_str variant_json; /* "{}" */
    struct mc_str expect_fail;  /* why; empty: expected to pass */
    struct sim_topology topology;
    struct sim_profile profile;
    struct sim_kernel kernel;
    struct sim_kubernetes kubernetes;
    mc_ns duration;
    mc_ns warm_up;              /* before the script's method starts; the load is running */
    mc_ns window;               /* of series: 1 s */
    const struct sim_load_spec *loads;
    uint32_t load_count;
    const struct sim_canary_spec *canaries;
    uint32_t canary_count;
    const struct sim_threshold *thresholds;
    uint32_t threshold_count;
    const struct mc_str *invariants;
    uint32_t invariant_count;
    struct mc_str trust_domain; /* "cluster.local" */
    uint32_t min_samples;       /* of thresholds and expects; 1 */
};

#endif
