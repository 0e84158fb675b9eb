-- Kubernetes 1.31 as the simulated cluster has it: what its components wait for. Paths are of kubernetes/kubernetes.
return kubernetes {
  -- Time that requests take between components. Nothing states them; clusters differ by load: modelled, a factor of 3.
  schedule        = "10ms",  -- scheduler: watch, score, bind
  kubelet_sync    = "50ms",  -- kubelet: watch, pod worker
  container_start = "500ms", -- container runtime: sandbox and container; the start-up SLI allows 5 s for all of it
  sandbox_stop    = "500ms", -- CNI DEL and the pause container; until then new connections are refused, afterwards they vanish
  status_update   = "50ms",  -- kubelet's status manager to the API server
  endpoint_update = "50ms",  -- EndpointSlice controller, API server, watch of kube-proxy or of the mesh
  kube_proxy_sync = "200ms", -- iptables-restore; minSyncPeriod is 1 s under load (KubeProxyIPTablesConfiguration)

  endpoint_batch = "0s", -- kube-controller-manager --endpoint-updates-batch-period
  relist         = "1s", -- pkg/kubelet/kubelet.go: genericPlegRelistPeriod

  grace          = "30s", -- core/v1 PodSpec: terminationGracePeriodSeconds
  grace_least    = "2s",  -- pkg/kubelet/kuberuntime: minimumGracePeriodInSeconds
  back_off_base  = "10s", -- pkg/kubelet/kubelet.go: backOffPeriod
  back_off_max   = "5m",  -- pkg/kubelet/kubelet.go: MaxContainerBackOff (MaxCrashLoopBackOff)
  back_off_reset = "10m", -- client-go/util/flowcontrol/backoff.go: twice the maximum

  node_monitor_period = "5s",   -- kube-controller-manager --node-monitor-period
  node_monitor_grace  = "40s",  -- --node-monitor-grace-period (50s from 1.32)
  toleration          = "300s", -- DefaultTolerationSeconds: node.kubernetes.io/unreachable
  eviction_retry      = "5s",   -- kubectl drain: a refused eviction is tried again after 5 s

  hpa_sync               = "15s", -- --horizontal-pod-autoscaler-sync-period
  hpa_tolerance          = "10%", -- --horizontal-pod-autoscaler-tolerance
  hpa_down_window        = "5m",  -- --horizontal-pod-autoscaler-downscale-stabilization
  hpa_initial_readiness  = "30s", -- --horizontal-pod-autoscaler-initial-readiness-delay
  hpa_cpu_initialization = "5m",  -- --horizontal-pod-autoscaler-cpu-initialization-period
  metrics_resolution     = "15s", -- metrics-server --metric-resolution
}
