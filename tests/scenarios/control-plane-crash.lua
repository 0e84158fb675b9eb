-- The control plane dies in the middle of a canary and comes back: the proxies go on with what they have, the rollout goes on
-- where it was, what changed meanwhile arrives, the CA issues again and never gives a serial number twice.
scenario("the control plane crashes during a canary", {
  topology = topologies.bookinfo { zones = { "a" }, replicas = 2, versions = { "v1", "v2" }, weights = { v1 = 100, v2 = 0 } },
  profiles = { "istio-sidecar", "linkerd" }, duration = "4m",
  pki = { workload_ttl = "2m", renew_at = "50%", renew_jitter = "10%" },
  thresholds = { ["request_failed{src:user}"] = "rate < 1%" },
  invariants = { "mtls.no_plaintext", "pki.serial_unique", "pki.san_matches_workload", "routing.weights_sum_to_100" },
}, function(s)
  s:load { name = "user", to = "productpage", path = "/productpage", rate = 20 }
  local rollout = s:canary { target = "reviews", from = "v1", to = "v2", start = "10s",
    analysis = { interval = "5s", threshold = 3, step_weight = 10, max_weight = 50, min_samples = 1,
                 metrics = { { name = "request-success-rate", min = "99%" } } } }
  s:run(function()
    wait_until(function() return rollout.weight >= 20 end, { timeout = "1m", why = "a fifth of the traffic" })
    local weight = rollout.weight
    local crash = fault.crash { on = "control-plane" }
    sleep "20s"
    check("the rollout stands still while its controller is away", rollout.weight == weight)
    check("v2 keeps its share meanwhile", requests { dst = "reviews", version = "v2", since = crash.started }:count() > 20)
    fault.crash { on = pods { name = "details-v1-0" }, duration = "5s" }:wait_cleared()
    crash:clear()
    check("proxies subscribe again", eventually(function() return xds { result = "ack", since = crash.cleared }:count() > 0 end, "1m"))
    check("the rollout goes on from there", eventually(function() return rollout.weight > weight end, "30s"))
    check("and ends well", eventually(function() return rollout.phase == "succeeded" end, "1m"))
    check("certificates are renewed", eventually(function()
      return certs { state = "valid" }:count() == certs():count()
    end, "1m"))
    check("all traffic goes to v2", eventually(function()
      return requests { dst = "reviews", version = "v1", window = "3s" }:count() == 0 and requests { dst = "reviews", version = "v2", window = "3s" }:count() > 0
    end, "20s"))
  end)
end)
