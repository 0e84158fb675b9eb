-- Field report kubernetes#89263 (the same in #43576 and #64510): a pod that is deleted gets SIGTERM at the moment at which
-- its removal from the endpoints begins to travel. Whoever opens a connection in between is refused.
-- Cure: a preStop hook that sleeps.
-- Expected before the first run: for each of four pods deleted, the share of one replica of 200 new connections per
-- second over 0.1 … 3 s: 20 … 600 refused in all; with the cure none.
local function pair(pod)
  return topology {
    services = {
      web = { steps = { call "api" }, server = { pool = { reuse = false } } },
      api = { replicas = 4, steps = { work "2ms" }, pod = pod },
    },
  }
end

local function failed_by_rollout(s)
  s:load { name = "user", to = "web", executor = "poisson", rate = 200 }
  sleep "10s"
  s:rollout("api"):wait("3m")
  sleep "40s"
  local calls = requests { src = "web", dst = "api" }
  return calls:count() - requests { src = "web", dst = "api", code = 200 }:count()
end

local options = { profile = "none", duration = "5m", tags = { "field", "life cycle" } }

options.topology = pair {}
scenario("pods end before their clients know", options, function(s)
  s:run(function()
    local failed = failed_by_rollout(s)
    expect(failed):above(20 / 2)
    expect(failed):below(600 * 2)
  end)
end)

options.topology = pair { lifecycle = { preStop = { sleep = { seconds = 5 } } } }
scenario("pods wait until their clients know", options, function(s)
  s:run(function()
    check("no call failed", failed_by_rollout(s) == 0)
  end)
end)
