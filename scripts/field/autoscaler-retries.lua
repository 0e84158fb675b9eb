-- Field report: an autoscaler takes retries for load. Kubernetes' rule is desired = ceil(current × metric ÷ target); if
-- every request is tried three times, a metric that counts tries asks for three times the pods.
-- Cure: a retry budget.
-- Expected before the first run: users send 100 requests per second, a pod is to have 10: 10 pods. All answers are 503 for
-- a while: with two retries of each request 30 pods, with a budget of 20 % at most 12, both within a factor of two.
local naive  = { attempts = 2, on = { "5xx" } }
local capped = { attempts = 2, on = naive.on, budget = { ratio = "20%", min_per_second = 1, ttl = "10s" } }

local function shop(retry)
  return topology {
    services = {
      web = { replicas = 4, steps = { call { "api", retry = retry, optional = true } } },
      api = {
        replicas = 10, steps = { work "5ms" },
        workload = { horizontalPodAutoscaler = { minReplicas = 2, maxReplicas = 100, targetRequestsPerSecond = 10 } },
      },
    },
    machines = { pods = 64, cores = 64 },
  }
end

local function pods_asked_for(s)
  s:load { name = "user", to = "web", executor = "poisson", rate = 100 }
  sleep "60s"
  fault.abort { to = "api", status = 503 }
  sleep "3m"
  return #pods "api":list()
end

local options = { profile = "none", duration = "6m", tags = { "field", "autoscaler" } }

options.topology = shop(naive)
scenario("retries ask for pods", options, function(s)
  s:run(function()
    local pods = pods_asked_for(s)
    expect(pods):above(30 / 2)
    expect(pods):below(30 * 2)
  end)
end)

options.topology = shop(capped)
scenario("a budget keeps the autoscaler calm", options, function(s)
  s:run(function()
    expect(pods_asked_for(s)):below(12 * 2)
  end)
end)
