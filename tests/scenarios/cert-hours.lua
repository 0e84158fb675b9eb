-- Workload certificates live 1 h and renew at half-life. The CA goes away for
-- 50 minutes, so some workloads pass expiry. What still works, for how long,
-- and does everything heal without a restart once the CA is back?
--
-- At time 0 every certificate is as old as every other, so that all run out at 60 min. Who opens no connection then
-- notices nothing: the nightly load comes while they are out, at 65 min, and half a minute of slow answers then takes
-- more connections than are open. Linkerd's proxies, having run out together, ask together every 10 s.

scenario("workload certs expire while the CA is down", {
  topology   = topologies.chain { "web", "api", "db", replicas = 3 },
  profiles   = { "istio-sidecar", "linkerd" },
  
  duration   = "2h",
  pki        = { workload_ttl = "1h", renew_at = "50%", renew_jitter = "10%", clock_skew_leeway = "0s", trust_domain = "cluster.local" },
  thresholds = {
    ["request_failed{phase:before}"]     = { "rate < 0.01%" },
    ["request_failed{phase:after_heal}"] = { "rate < 0.01%" },
    ["cert_heal_time"]                   = { "max < 5m" },
  },
  invariants = {
    "mtls.no_plaintext",
    "mtls.no_expired_peer_accepted",
    "pki.serial_unique",
    "pki.san_matches_workload",
  },
}, function(s)

  s:load { name = "steady", to = "web", executor = "constant-arrival-rate", rate = 5 }
  s:load { name = "nightly", to = "api", executor = "ramping-arrival-rate",
           stages = { { "0s", 0 }, { "64m", 0 }, { "65m", 100 }, { "67m", 0 } } }

  s:phase("before", "0s", "20m")

  s:run(function()
    sleep "20m"
    local outage = fault.ca_outage { mode = "refuse", duration = "50m" }

    sleep "35m"
    check("long-lived connections survive expiry of their own cert",
      connections { src = "web", dst = "api", opened_before = outage.started }:alive() > 0)

    wait_until(function() return certs { state = "expired" }:count() > 0 end,
      { timeout = "40m", why = "at least one certificate expires during the outage" })
    sleep "5m"
    fault.delay { from = "db", to = "api", latency = "300ms", duration = "30s" }:wait_cleared()
    check("new handshakes with an expired peer are refused",
      handshakes { result = "certificate_expired", since = outage.started }:count() > 0)
    check("users see 503 UF, not a hang",
      requests { flags = "UF", since = outage.started }:p(99) < duration "2s")

    outage:wait_cleared()
    check("everyone renewed", eventually(function()
      return certs { state = "valid" }:count() == certs():count()
    end, "5m"))
    check("no stampede on the CA",
      csr_requests { since = outage.cleared }:peak_rps("1s") <= certs():count())

    s:phase("after_heal", now(), now() + duration "30m")
    sleep "30m"
  end)
end)
