-- Each rule that must hold at every moment, in a world that breaks it, or that nearly does.
-- (A control plane that issues wrong names or one serial number twice cannot be made with the faults there are.)

local function shop(mtls) return topology { machines = { pods = 1, cores = 4 }, services = {
  web = { replicas = 1, steps = { call { "api", optional = true }, call { "db", optional = true } } },
  api = { replicas = 1, policy = mtls.api, steps = { work "1ms" } },
  db  = { replicas = 1, policy = mtls.db, steps = { work "1ms" } },
} } end

scenario("plaintext to one service of a strict mesh", {
  topology = shop { api = { mtls = "disable" }, db = { mtls = "strict" } }, profiles = { "istio-sidecar", "linkerd" }, duration = "10s",
  invariants = { "mtls.no_plaintext" }, expect_fail = "api has mTLS off",
}, function(s)
  s:load { name = "user", to = "web", rate = 5 }
  s:run(function()
    sleep "3s"
    check("both answer", requests { src = "web", since = "0s" }:error_rate() < "0.1%")
  end)
end)

scenario("strict and permissive services", {
  topology = shop { db = { mtls = "strict" } }, profiles = { "istio-sidecar", "linkerd" }, duration = "10s",
  invariants = { "mtls.no_plaintext", "requests.conserved" },
}, function(s)
  s:load { name = "user", to = "web", rate = 5 } -- from outside the mesh: plaintext, and no pair of workloads
  local stranger = s:load { name = "stranger", to = "db", rate = 5 } -- strict: the connection is closed, no code
  s:run(function()
    sleep "4s"
    check("the mesh is well", requests { src = "user" }:error_rate() < "0.1%")
    check("a stranger's plaintext is refused", requests { src = "stranger" }:error_rate() > "99%")
    check("and reaches nobody", requests { src = "stranger", code = "200" }:count() == 0)
  end)
end)

-- The rule's clock is the world's, not that of a machine that is wrong.
scenario("a peer whose certificate has run out is let in by a clock that is behind", {
  topology = shop {}, profile = "istio-sidecar", duration = "2m", pki = { workload_ttl = "30m" },
  invariants = { "mtls.no_expired_peer_accepted" }, expect_fail = "db believes in a certificate of yesterday",
}, function(s)
  s:load { name = "user", to = "web", rate = 20 }
  s:run(function()
    sleep "5s"
    fault.cert_expire { on = "web" }
    fault.clock_skew { on = "db", offset = "-20m" }
    fault.delay { from = "db", to = "web", latency = "300ms", duration = "5s" } -- more at once: new connections
    sleep "20s"
  end)
end)

-- v2 stays in the endpoints of callers that the control plane cannot reach.
scenario("a rollback that not every caller hears of", {
  topology = topologies.bookinfo { zones = { "a" }, replicas = 1, versions = { "v1", "v2" }, weights = { v1 = 100, v2 = 0 } },
  profile = "istio-sidecar", duration = "3m",
  invariants = { "rollout.no_traffic_after_rollback" }, expect_fail = "productpage is cut off from the control plane",
}, function(s)
  s:load { name = "user", to = "productpage", path = "/productpage", rate = 20 }
  local rollout = s:canary { target = "reviews", from = "v1", to = "v2", start = "5s",
    analysis = { interval = "5s", threshold = 1, step_weight = 20, max_weight = 60, min_samples = 5,
                 metrics = { { name = "request-success-rate", min = "99%" } }, deadline = "30s", on_inconclusive = "hold" } }
  s:run(function()
    wait_until(function() return rollout.weight >= 40 end, { timeout = "1m" })
    fault.partition { from = "productpage", to = "control-plane" }
    check("without metrics it is inconclusive", eventually(function() return rollout.phase == "inconclusive" end, "15s"))
    local weight = rollout.weight
    check("it holds", always(function() return rollout.weight == weight end, "15s"))
    check("until the deadline", eventually(function() return rollout.weight == 0 end, "40s"))
    sleep "40s"
    check("the caller goes on with what it has", requests { dst = "reviews", version = "v2", window = "10s" }:count() > 0)
  end)
end)
