/* What Kubernetes is told about pods and workloads, under Kubernetes' own names (kubernetes.io/docs/reference/
 * kubernetes-api, v1.31). Durations that are 0 and not said to be given are Kubernetes' defaults. */
#ifndef SIM_PLAN_POD_H
#define SIM_PLAN_POD_H

#include "base/str.h"
#include "base/time.h"
#include "sim/plan/names.h"
#include <stdbool.h>

/* ---- PodSpec ---- */

enum sim_probe_kind { SIM_PROBE_NONE, SIM_PROBE_HTTP, SIM_PROBE_TCP, SIM_PROBE_EXEC /* no network: up is healthy */ };

struct sim_probe { /* core/v1 Probe */
    enum sim_probe_kind kind;
    struct mc_str path;         /* httpGet.path; "/healthz" */
    uint16_t port;              /* 0: the service's */
    mc_ns initial_delay;        /* initialDelaySeconds: 0 */
    mc_ns period, timeout;      /* periodSeconds: 10, timeoutSeconds: 1 */
    uint32_t failure_threshold; /* failureThreshold: 3 */
    uint32_t success_threshold; /* successThreshold: 1 */
};

enum sim_restart_policy { SIM_RESTART_ALWAYS, SIM_RESTART_ON_FAILURE, SIM_RESTART_NEVER };

struct sim_pod_plan {
    mc_ns grace;                /* terminationGracePeriodSeconds */
    bool grace_given;           /* else 30 s; 0 is allowed and means SIGKILL at once */
    mc_ns pre_stop;             /* lifecycle.preStop.sleep of the application; 0: none */
    mc_ns app_stop;             /* how long the application goes on serving after SIGTERM before it closes its listener … */
    bool ignores_term;          /* … or it does not know SIGTERM, as PID 1 without a handler */
    struct sim_probe startup, readiness, liveness; /* of the application */
    enum sim_restart_policy restart_policy;
    mc_ns image_pull, init, warm_up; /* what starting takes: pull (0: on the machine already), init containers, application */
    mc_ns crash_after;          /* the application exits with 1 so long after each start; 0: never. For crash loops */
};

/* ---- the workload ---- */

struct sim_amount { /* intstr: a number or a share */
    uint32_t count;
    uint32_t ppm;
    bool is_share, given;
};

enum { SIM_SCALING_POLICIES = 4 };

struct sim_scaling_policy { /* behavior.*.policies: at most so much change in so much time */
    uint32_t value;
    bool is_percent;
    mc_ns period;
};

struct sim_scaling_rules { /* behavior.scaleUp, .scaleDown; policy_count 0: Kubernetes' defaults */
    struct sim_scaling_policy policies[SIM_SCALING_POLICIES];
    uint32_t policy_count;
    enum { SIM_SELECT_MAX, SIM_SELECT_MIN, SIM_SELECT_DISABLED } select;
};

struct sim_autoscaler { /* autoscaling/v2 HorizontalPodAutoscaler; max_replicas 0: none */
    uint32_t min_replicas, max_replicas;
    uint32_t target_cpu_percent;     /* of the requests; Resource metric cpu, averageUtilization */
    uint64_t target_rate_milli;      /* Pods metric requests per second and pod × 1000, averageValue; 0: none */
    mc_ns stabilization_down, stabilization_up; /* behavior.*.stabilizationWindowSeconds */
    bool stabilization_down_given;
    struct sim_scaling_rules up, down;
};

struct sim_job { /* batch/v1 Job; completions 0: no Job */
    uint32_t completions, parallelism, backoff_limit;
    bool backoff_limit_given;        /* else 6 */
    mc_ns run_time;                  /* how long the main container works before it exits with 0 */
    mc_ns active_deadline;           /* activeDeadlineSeconds; 0: none */
};

struct sim_workload_plan {
    struct sim_amount max_surge, max_unavailable;             /* strategy.rollingUpdate; 25 % each */
    bool recreate;                                            /* strategy.type Recreate */
    mc_ns min_ready;                                          /* minReadySeconds */
    mc_ns progress_deadline;                                  /* progressDeadlineSeconds; 0: 600 s */
    struct sim_amount budget_min_available, budget_max_unavailable; /* PodDisruptionBudget; not given: none */
    struct sim_autoscaler autoscaler;
    struct sim_job job;
};

/* ---- how its traffic goes ---- */

enum { SIM_PORTS_MAX = 8 };

struct sim_pod_network {
    bool host_network;          /* hostNetwork: no redirection, no sidecar; a machine has each port once */
    bool headless;              /* clusterIP: None; the service's, the same for all its versions */
    uint16_t exclude_outbound_ports[SIM_PORTS_MAX], exclude_inbound_ports[SIM_PORTS_MAX]; /* traffic.sidecar.istio.io/…, config.linkerd.io/skip-…; 0 ends */
    struct sim_pod_dns dns;
};

#endif
