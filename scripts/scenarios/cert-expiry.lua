-- What still works, and for how long, when certificates run out while the CA is down?
--
-- Workload certificates live ten minutes and are renewed at half of that. The CA is away for nine minutes, so all
-- of them expire. Connections that are open go on; new ones are refused; everything heals without a restart.
scenario("workload certificates expire while the CA is down", {
  topology   = topologies.chain { "web", "api", "db", replicas = 2 },
  profile    = "istio-sidecar",
  duration   = "25m",
  tags       = { "identity" },
  pki        = { workload_ttl = "10m", renew_at = "50%", renew_jitter = "10%", clock_skew_leeway = "0s" },
  thresholds = {
    ["request_failed{phase:before}"]     = "rate < 0.1%",
    ["request_failed{phase:after_heal}"] = "rate < 0.1%",
  },
  invariants = {
    "mtls.no_plaintext", "mtls.no_expired_peer_accepted", "pki.serial_unique", "pki.san_matches_workload",
  },
}, function(s)
  s:load { name = "steady", to = "web", rate = 5 }
  s:phase("before", "10s", "3m")

  s:run(function()
    wait_until(function() return now() > duration "3m" end)
    local outage = fault.ca_outage { mode = "refuse", duration = "9m" }

    wait_until(function() return certs { state = "expired" }:count() == certs():count() end,
      { timeout = "9m", why = "every certificate expires during the outage" })
    check("open connections survive the expiry of their certificates",
      connections { src = "web", dst = "api", opened_before = outage.started }:alive() > 0)

    -- More at once than the open connections carry: new ones are opened, and have to show their certificates.
    s:load { name = "burst", to = "web", executor = "constant-vus", vus = 20, duration = "10s", think = "200ms" }
    sleep "15s"
    check("new handshakes with an expired peer are refused",
      handshakes { result = "certificate_expired", since = outage.started }:count() > 0)

    outage:wait_cleared()
    check("everyone renews", eventually(function()
      return certs { state = "valid" }:count() == certs():count()
    end, "5m"))
    check("no stampede on the CA", csr_requests { since = outage.cleared }:peak_rps "1s" <= 2 * certs():count())

    sleep "30s"
    s:phase("after_heal", now(), now() + "2m")
    sleep "2m"
  end)
end)
