-- Istio 1.30 with Envoy 1.36 as sidecars and istiod, as installed by its default profile.
--
-- Sources, by file of istio/istio at tag 1.30.0 unless said otherwise.
return profile {
  name    = "istio-sidecar",
  version = "Istio 1.30 / Envoy 1.36",

  sidecars      = true,
  sidecar = { -- as 1.30 injects it by default where the cluster is older than 1.29; ENABLE_NATIVE_SIDECARS makes it native
    native            = false,
    hold_application  = false, -- mesh config: holdApplicationUntilProxyStarts
    rewrite_probes    = true,  -- values.yaml: rewriteAppHTTPProbe
    graceful_drain    = true,  -- pilot-agent: drain_listeners?inboundonly&graceful
    exit_on_zero      = false, -- EXIT_ON_ZERO_ACTIVE_CONNECTIONS
    ready_period      = "1s",  -- hold: pilot-agent wait --periodMillis … asks once a second
    drain_duration    = "45s", -- mesh config: drainDuration
    termination_drain = "5s",  -- mesh config: terminationDrainDuration
    min_drain         = "5s",  -- MINIMUM_DRAIN_DURATION
  },
  identity      = true,
  control_plane = true,
  rollouts      = true, -- Flagger or Argo Rollouts beside it; not part of Istio

  -- Workloads accept both (pilot/pkg/security/authn/policy_applier.go), sidecars use mTLS with each other (auto mTLS).
  mtls = "permissive",

  -- networking/core/loadbalancer: LEAST_REQUEST; Envoy's choice_count 2
  balancer              = "least_request",
  least_request_choices = 2,

  -- core/route/retry/retry.go: 2 retries; the list of codes is empty since 1.24, so an application's 503 is not retried
  retry = { attempts = 2, on = { "connect-failure", "refused-stream", "unavailable", "cancelled", "retriable-status-codes" }, backoff = { base = "25ms" } },

  timeout         = "0s",  -- core/route/route.go: none; Envoy's 15 s never applies
  connect_timeout = "10s", -- mesh config: connectTimeout

  -- cluster_traffic_policy.go writes 4294967295 everywhere: no circuit breaking
  circuit = { max_connections = "none", max_pending_requests = "none", max_requests = "none", max_retries = "none" },
  locality_failover = true, -- localityLbSetting.enabled; works with outlierDetection alone, which also sets the panic threshold to minHealthPercent, 0
  panic   = "50%", -- Envoy's healthy_panic_threshold, without an outlierDetection block

  push = { debounce_quiet = "100ms", debounce_max = "10s" }, -- PILOT_DEBOUNCE_AFTER, PILOT_DEBOUNCE_MAX

  pki = {
    workload_ttl      = "24h", -- SECRET_TTL
    renew_at          = "50%", -- SECRET_GRACE_PERIOD_RATIO 0.5
    renew_jitter      = "1%",  -- SECRET_GRACE_PERIOD_RATIO_JITTER 0.01
    clock_skew_leeway = "0s",  -- Envoy checks validity exactly
    retry_base        = "1s",  -- security/pkg/nodeagent/caclient: exponential back-off
    retry_max         = "1m",
  },

  -- Performance page of Istio 1.24: 0.20 vCPU and 60 MB per 1000 requests per second, 2 workers; the sum for one
  -- request of 1 KiB over mTLS below is 200 us. How it is split is modelled (± 30 %), the sum is the page's.
  proxy = {
    workers             = 2,       -- proxyMetadata and the injection template: --concurrency 2
    memory              = "60MiB",
    memory_per_cluster  = "32KiB", -- memory grows with configuration, not with load: modelled, not bounded
    memory_per_endpoint = "2KiB",  -- modelled, not bounded
    resources = { -- manifests/charts/istio-control/istio-discovery/values.yaml: global.proxy.resources
      requests = { cpu = "100m", memory = "128Mi" },
      limits   = { cpu = "2000m", memory = "1024Mi" },
      memory   = { per_connection = "32Ki" }, -- buffers and TLS state of an idle one: modelled (a factor of 2)
    },
  },
  price = {
    connection = "30us",
    request    = "105us",
    response   = "65us",
    body_kib   = "5us",
    tls_kib    = "10us",  -- both sides of one request of 1 KiB: 20 us
    handshake  = "750us", -- half of a handshake pair with ECDSA P-256
    resource   = "50us",  -- of one configuration resource
    signature  = "60us",
  },
}
