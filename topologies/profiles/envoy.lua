-- Plain Envoy 1.36 on both sides, configured from a file: no control plane, no identity, plaintext.
--
-- Sources, by file of envoyproxy/envoy, release 1.36.
return profile {
  name    = "envoy",
  version = "Envoy 1.36",

  sidecars      = true,
  identity      = false,
  control_plane = false,
  rollouts      = false,

  mtls     = "disable",
  balancer = "round_robin", -- cluster.proto: lb_policy's default

  -- No retries without a policy. Route timeout 15 s, from the end of the request to the end of the answer.
  timeout         = "15s",
  connect_timeout = "5s", -- cluster.proto

  -- circuit_breaker.proto: per cluster and priority
  circuit = { max_connections = 1024, max_pending_requests = 1024, max_requests = 1024, max_retries = 3 },
  panic   = "50%", -- common_lb_config.healthy_panic_threshold

  -- As istio-sidecar's, less TLS and Istio's own filters (metadata exchange, telemetry): modelled (± 30 %).
  proxy = {
    workers             = 2,
    memory              = "40MiB",
    memory_per_cluster  = "32KiB", -- modelled, not bounded
    memory_per_endpoint = "2KiB",  -- modelled, not bounded
    resources = { memory = { per_connection = "32Ki" } }, -- modelled (a factor of 2)
  },
  price = {
    connection = "30us",
    request    = "75us",
    response   = "45us",
    body_kib   = "5us",
    tls_kib    = "10us",
    handshake  = "750us",
    resource   = "50us",
    signature  = "60us",
  },
}
