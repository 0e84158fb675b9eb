-- What do users see if zone b is cut off while the canary of `reviews` is under way there?
--
-- reviews v2 runs in zone b only. Ten seconds after a fifth of the traffic goes to it, the zone is cut off for two
-- minutes. v2 is healthy; nobody can reach it. The page still answers, but without reviews and late, because
-- productpage waits 3 s for reviews, twice.

local function world(policy)
  return topologies.bookinfo {
    zones = { "a" }, canary = { "b" }, replicas = 2, versions = { "v1", "v2" },
    weights = { v1 = 100, v2 = 0 }, policy = policy,
  }
end

-- Only errors are looked at, twice a minute, five strikes: what a first canary is often given.
local naive = {
  interval = "30s", threshold = 5, step_weight = 20, max_weight = 60, min_samples = 10,
  metrics = { { name = "request-success-rate", min = "99%" } },
}

-- Latency counts too, and the look is every 5 s with two strikes; calls of reviews end after 500 ms.
local careful = {
  interval = "5s", threshold = 2, step_weight = 10, max_weight = 60, min_samples = 10,
  metrics = {
    { name = "request-success-rate", min = "99%" },
    { name = "request-duration", max = "250ms", quantile = 99 },
  },
}

local function canary(name, analysis, policy, expect_fail)
  scenario(name, {
    topology    = world(policy),
    profile     = "istio-sidecar",
    duration    = "5m",
    tags        = { "canary", "partition" },
    expect_fail = expect_fail,
    thresholds  = {
      ["request_failed{src:productpage,dst:reviews}"] = "rate < 3%",
      ["request_duration{src:user}"]                  = "p(95) < 1s",
    },
    invariants = { "mtls.no_plaintext", "pki.san_matches_workload" },
  }, function(s)
    local user = s:load { name = "user", to = "productpage", path = "/productpage", rate = 50, max_vus = 2000 }
    local rollout = s:canary { target = "reviews", from = "v1", to = "v2", start = "15s", analysis = analysis }

    s:run(function()
      wait_until(function() return rollout.weight >= 20 end, { timeout = "2m", why = "the canary has a fifth of the traffic" })
      sleep "10s"

      fault.partition { from = "@b", to = "@a", direction = "both" }:during("2m", function(cut)
        check("the canary is rolled back within 45 s", eventually(function() return rollout.weight == 0 end, "45s"))
        check("the cut was felt", cut:affected().packets > 0)
      end)

      sleep "20s"
      check("v2 gets nothing any more", requests { dst = "reviews", version = "v2", window = "10s" }:count() == 0)
      check("the page is quick again", requests { src = "user", window = "10s" }:p(99) < "500ms")
      check("the load was open-loop", user.dropped_iterations == 0)
    end)
  end)
end

canary("naive policy", naive, false,
  "errors alone, looked at twice a minute: users wait for minutes before the rollback")
canary("careful policy", careful, { timeout = "500ms" }, nil)
