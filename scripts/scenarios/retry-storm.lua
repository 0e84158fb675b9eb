-- Does a brown-out end when its cause ends, or do retries keep it alive?
--
-- `stock` is four times slower for 20 s. Every layer retries three times on naive terms: the load on `stock` is
-- multiplied and it stays down (a metastable failure). With a retry budget it heals.
local naive  = { attempts = 3, on = { "5xx", "reset", "timeout" }, backoff = { base = "25ms", max = "250ms" } }
local capped = { attempts = 3, on = naive.on, backoff = naive.backoff, budget = { ratio = "10%", min_per_second = 1, ttl = "10s" } }

matrix { retry = { naive = naive, capped = capped } }:each(function(case)
  scenario("retry storm, " .. case.names.retry, {
    topology = topology {
      services = {
        gateway = { replicas = 2, steps = { call { "orders", timeout = "1s", retry = case.retry } } },
        orders  = { replicas = 3, steps = { call { "stock", timeout = "250ms", retry = case.retry } } },
        stock   = { replicas = 2, concurrency = 4, queue = 200, steps = { work { dist = "exponential", mean = "20ms" } } },
      },
    },
    profile     = "none",
    duration    = "3m",
    tags        = { "retries" },
    expect_fail = case.names.retry == "naive" and "metastable failure, kept as a known bad case" or nil,
  }, function(s)
    s:load { name = "open", to = "gateway", executor = "poisson", rate = capacity "stock" * 0.8, timeout = "2s" }
    s:run(function()
      sleep "30s"
      local before = requests { src = "open", window = "20s" }:goodput()

      fault.slow { on = pods { service = "stock" }, factor = 4, duration = "20s" }:wait_cleared()

      local healed = eventually(function()
        return requests { src = "open", window = "5s" }:goodput() > 0.9 * before
      end, "1m")
      log("arrivals at stock per call:", requests { dst = "stock" }:count() / requests { src = "open" }:count())
      check("goodput is back at 90 % of normal within a minute", healed)
    end)
  end)
end)
