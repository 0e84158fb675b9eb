-- Linkerd edge of August 2026 (proxy v2.366.0): its own proxies as sidecars, its own control plane.
--
-- Sources, by file of linkerd/linkerd2 b24cd405 and linkerd/linkerd2-proxy 29637b64.
return profile {
  name    = "linkerd",
  version = "Linkerd edge-26.8 / proxy 2.366.0",

  sidecars      = true,
  sidecar = {
    native           = false,  -- config.alpha.linkerd.io/proxy-enable-native-sidecar
    hold_application = true,   -- config.linkerd.io/proxy-await: a postStart hook; proxy first
    rewrite_probes   = false,  -- probes pass the proxy; its policy lets the kubelet in
    ready_period     = "500ms", -- linkerd-await polls
    shutdown_grace   = "2m",   -- LINKERD2_PROXY_SHUTDOWN_GRACE_PERIOD
  },
  identity      = true,
  control_plane = true,
  rollouts      = true, -- Flagger beside it; not part of Linkerd

  mtls = "permissive", -- default inbound policy all-unauthenticated; meshed peers always use mTLS

  balancer              = "peak_ewma", -- linkerd/pool/p2c: two distinct endpoints, default RTT 30 ms, decay 10 s
  least_request_choices = 2,

  -- No retries and no timeout unless annotated (retry.linkerd.io/http, timeout.linkerd.io/request).
  timeout         = "0s",
  connect_timeout = "1s", -- outbound connect timeout

  -- The balancer's queue holds 100 requests (policy-controller); nothing else is limited.
  circuit = { max_connections = "none", max_pending_requests = 100, max_requests = "none", max_retries = "none" },
  panic   = "0%", -- there is no panic mode

  push = { debounce_quiet = "0s", debounce_max = "0s" }, -- the destination controller streams each change at once

  pki = {
    workload_ttl      = "24h", -- identity.issuer.issuanceLifetime
    renew_at          = "70%", -- identity-client/src/certify.rs: 0.7 × (expiry − now)
    renew_jitter      = "0%",
    anchors_are_keys  = true, -- rustls and webpki judge no dates of an anchor (RFC 5280 §6.1.1 (d)); linkerd2#9256
    clock_skew_leeway = "20s", -- identity.issuer.clockSkewAllowance: the issuer widens each certificate by it (pkg/tls/ca.go)
    retry_base        = "10s", -- the floor between two attempts
    retry_at          = "70%", -- … after a failure, too: of what is left, so that the gaps shrink
    retry_max         = "24h",
  },

  -- Linkerd's own benchmark of December 2021 (2.11.1 against Istio 1.12.0): 36 against 67 ms of CPU, which is 0.54 of
  -- a sidecar of Istio; 26 MB at most. The factor is applied to istio-sidecar's prices: modelled (± 40 %).
  proxy = { -- charts/linkerd-control-plane/values.yaml: proxy.resources has neither requests nor limits; one worker by default
    workers             = 1,
    memory              = "26MiB",
    memory_per_endpoint = "1KiB", -- modelled, not bounded
    resources = { memory = { per_connection = "16Ki" } }, -- modelled (a factor of 2)
  },
  price = {
    connection = "16us",
    request    = "57us",
    response   = "35us",
    body_kib   = "3us",
    tls_kib    = "6us",
    handshake  = "500us", -- rustls, ECDSA P-256, TLS 1.3
    resource   = "20us",
    signature  = "50us",
  },
}
