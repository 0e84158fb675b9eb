/* The platform's constants: how fast Kubernetes notices and acts. Values and sources: topologies/profiles/kubernetes.lua.
 * Members that are 0 stand for those values, too. */
#ifndef SIM_PLAN_KUBERNETES_H
#define SIM_PLAN_KUBERNETES_H

#include "base/time.h"
#include <stdint.h>

struct sim_kubernetes {
    mc_ns schedule;              /* a pod that is created has its machine after */
    mc_ns kubelet_sync;          /* the kubelet acts on a pod after (watch, worker) */
    mc_ns relist;                /* the kubelet sees that a container has ended by itself after: 1 s (PLEG) */
    mc_ns container_start;       /* sandbox and container runtime, per container */
    mc_ns sandbox_stop;          /* from its last container's end until a pod's address is gone */
    mc_ns status_update;         /* kubelet → API server */
    mc_ns endpoint_update;       /* API server → EndpointSlice → watchers (kube-proxy and the mesh's registry) */
    mc_ns endpoint_batch;        /* endpointslice-controller --endpoint-updates-batch-period */
    mc_ns kube_proxy_sync;       /* minSyncPeriod */
    mc_ns grace;                 /* terminationGracePeriodSeconds */
    mc_ns grace_least;           /* minimumGracePeriodInSeconds: 2 s; containers get it even if grace is 0 or the preStop hook has used it up */
    mc_ns back_off_base, back_off_max, back_off_reset; /* crash loops: 10 s, 5 min, 10 min without a crash */
    mc_ns node_monitor_grace;    /* --node-monitor-grace-period: 40 s (50 s from 1.32) */
    mc_ns node_monitor_period;   /* 5 s */
    mc_ns toleration;            /* tolerationSeconds of node.kubernetes.io/unreachable: 300 s */
    mc_ns eviction_retry;        /* kubectl drain tries a refused eviction again after: 5 s */
    mc_ns hpa_sync;              /* --horizontal-pod-autoscaler-sync-period: 15 s */
    uint32_t hpa_tolerance_ppm;  /* 0.1 */
    mc_ns hpa_down_window;       /* --horizontal-pod-autoscaler-downscale-stabilization: 5 min */
    mc_ns hpa_initial_readiness; /* --horizontal-pod-autoscaler-initial-readiness-delay: 30 s */
    mc_ns hpa_cpu_initialization; /* --horizontal-pod-autoscaler-cpu-initialization-period: 5 min */
    mc_ns metrics_resolution;    /* metrics-server --metric-resolution: 15 s */
};

#endif
