-- Field report istio#7665: 503 whenever a new version of an application is rolled out, with sidecars on both sides.
-- Cure: a preStop hook that sleeps, and a sidecar that waits for its connections (EXIT_ON_ZERO_ACTIVE_CONNECTIONS).
-- Expected before the first run: 0.1 … 5 % of the requests during the rollout fail, none before and after; with the cure
-- none at all.
local function pair(pod)
  return topology {
    services = {
      web = { replicas = 2, steps = { call "api" } },
      api = { replicas = 4, steps = { work { p50 = "20ms", p99 = "200ms" } }, pod = pod, policy = { retry = { attempts = 0 } } },
    },
  }
end

local function rollout(s)
  s:load { name = "user", to = "web", executor = "poisson", rate = 100 }
  sleep "10s"
  local before = requests { src = "user" }
  expect(before):error_rate():below "0.1%"
  local began = now()
  s:rollout("api"):wait("5m")
  sleep "20s"
  expect(requests { src = "user", window = "5s" }):error_rate():below "0.1%"
  return requests { src = "user", since = began }
end

local options = { duration = "8m", tags = { "field", "life cycle" } }

options.topology, options.profile = pair {}, "istio-sidecar"
scenario("a rollout costs requests", options, function(s)
  s:run(function()
    local during = rollout(s)
    expect(during):error_rate():above "0.05%"
    expect(during):error_rate():below "10%"
  end)
end)

options.topology = pair { lifecycle = { preStop = { sleep = { seconds = 5 } } } }
options.profile  = profile { base = "istio-sidecar", name = "istio, sidecars wait", sidecar = { exit_on_zero = true, wait_before_exit = "5s" } }
scenario("a rollout costs nothing", options, function(s)
  s:run(function()
    expect(rollout(s)):error_rate():below "0.001%"
  end)
end)
