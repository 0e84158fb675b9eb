-- Identity under fault: how long certificates are asked for and what is refused, by what each mesh documents.

local invariants = { "mtls.no_plaintext", "mtls.no_expired_peer_accepted", "pki.serial_unique", "pki.san_matches_workload" }
local function two() return topologies.chain { "web", "api", replicas = 1 } end

-- linkerd2-proxy, identity-client/src/certify.rs: the next attempt after 0.7 of what is left, at least 10 s. A certificate of
-- ten minutes: at 7m00, 9m06, 9m44, 9m55, and every 10 s from then on.
scenario("linkerd asks in shrinking gaps", {
  topology = two(), profile = "linkerd", duration = "14m", invariants = invariants,
  pki = { workload_ttl = "10m" },
}, function(s)
  s:load { name = "user", to = "web", rate = 1 }
  s:run(function()
    sleep "6m"
    local outage = fault.ca_outage { mode = "error", duration = "6m" }
    local function asked(from, to) return csr_requests { since = duration(from), till = duration(to) }:count() end
    sleep "5m55s"
    check("once each at 7m00", asked("6m50s", "7m10s") == 2)
    check("nothing until 9m06", asked("7m10s", "9m") == 0)
    check("once each at 9m06", asked("9m", "9m15s") == 2)
    check("twice each before the end", asked("9m15s", "9m58s") == 4)
    check("every 10 s afterwards", asked("10m", "11m") == 12)
    outage:wait_cleared()
    check("within 10 s of the end of the outage all is well", eventually(function()
      return certs { state = "valid" }:count() == certs():count()
    end, "11s"))
  end)
end)

-- Istio: SECRET_GRACE_PERIOD_RATIO 0.5 of the lifetime, then exponential back-off.
matrix { mode = { "refuse", "blackhole", "slow", "error" } }:each(function(case)
  scenario("the CA is away: " .. case.mode, {
    topology = two(), profiles = { "istio-sidecar", "linkerd" }, duration = "4m", invariants = invariants,
    pki = { workload_ttl = "2m", renew_at = "50%", renew_jitter = "5%" },
    thresholds = { ["request_failed{src:user}"] = "rate < 0.1%" },
  }, function(s)
    s:load { name = "user", to = "web", rate = 5 }
    s:run(function()
      sleep "40s"
      local outage = fault.ca_outage { mode = case.mode, duration = "40s", latency = case.mode == "slow" and "5s" or nil }
      outage:wait_cleared()
      check("the outage was met", outage:affected().requests >= 2)
      check("slow is not away", case.mode ~= "slow" or csr_requests { since = outage.started }:count() == 2)
      check("renewed before anything ran out", eventually(function()
        return csr_requests { since = outage.started }:count() >= 2 and certs { state = "valid" }:count() == certs():count()
      end, "35s"))
      sleep "1m"
      check("nothing ran out", certs { state = "expired" }:count() == 0)
    end)
  end)
end)

-- A clock that is ahead sees its peers' certificates as expired, one that is behind as not yet valid. Open connections go on.
matrix { clock = { ahead = { offset = "+1h", result = "certificate_expired" }, behind = { offset = "-1h", result = "certificate_not_yet_valid" } } }
  :each(function(case)
  scenario("a clock is wrong: " .. case.names.clock, {
    topology = two(), profiles = { "istio-sidecar", "linkerd" }, duration = "3m", invariants = { "mtls.no_plaintext", "pki.serial_unique" },
    pki = { workload_ttl = "30m" },
  }, function(s)
    s:load { name = "user", to = "web", rate = 10 }
    s:run(function()
      sleep "20s"
      local skew = fault.clock_skew { on = "api", offset = case.clock.offset }
      sleep "5s"
      check("open connections go on", requests { src = "user", since = skew.started }:error_rate() < "0.1%")
      fault.crash { on = "web", restart = "2s" }:wait_cleared() -- its new connections have to show their certificates
      sleep "20s"
      check("new ones are refused", handshakes { result = case.clock.result, since = skew.started }:count() > 0)
      check("users see it", requests { src = "user", window = "5s" }:error_rate() > "90%")
      skew:clear()
      check("right again", eventually(function() return requests { src = "user", window = "2s" }:error_rate() < "0.1%" end, "1m"))
    end)
  end)
end)

-- identity.issuer.clockSkewAllowance is 20 s; Istio's proxies are exact.
matrix { mesh = { "istio-sidecar", "linkerd" } }:each(function(case)
  scenario("five seconds past the end: " .. case.mesh, {
    topology = two(), profile = case.mesh, duration = "1m", pki = { workload_ttl = "30m" }, invariants = { "mtls.no_plaintext" },
  }, function(s)
    s:load { name = "user", to = "web", rate = 50 }
    s:run(function()
      sleep "10s"
      local skew = fault.clock_skew { on = "api", offset = "+29m50s" } -- in 5 s its clock is 5 s past web's 30 min
      sleep "5s"
      local before = now()
      fault.delay { from = "api", to = "web", latency = "300ms", duration = "5s" }:wait_cleared() -- more at once: new connections
      local refused = handshakes { result = "certificate_expired", since = before }:count()
      check("there were new ones", handshakes { since = before }:count() > 0)
      if case.mesh == "linkerd" then check("forgiven", refused == 0) else check("refused", refused > 0) end
    end)
  end)
end)
