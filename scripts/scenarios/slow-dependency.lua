-- How far does one slow service at the end of a chain reach, and does a timeout on the way stop it?
local cases = { unlimited = "0s", limited = "150ms" }

matrix { timeout = cases }:each(function(case)
  local limited = case.names.timeout == "limited"

  scenario("slow dependency, " .. case.names.timeout, {
    topology = topology {
      services = {
        web   = { replicas = 2, concurrency = 64, queue = 256, steps = { work "2ms", call "api" } },
        api   = { replicas = 2, concurrency = 64, queue = 256, steps = { work "2ms", call { "stock", timeout = case.timeout, optional = true } } },
        stock = { replicas = 2, steps = { work { p50 = "3ms", p99 = "10ms" } } },
      },
    },
    duration   = "90s",
    tags       = { "latency" },
    thresholds = { ["request_failed{src:user}"] = "rate < 1%" },
  }, function(s)
    s:load { name = "user", to = "web", executor = "poisson", rate = 100 }
    s:steady_state("the shop is quick", function()
      expect(requests { src = "user" }):p(99):below "100ms"
      expect(requests { src = "user" }):error_rate():below "1%"
    end)
    s:run(function()
      local slow = fault.delay { from = "api", to = "stock", latency = "500ms", jitter = "50ms" }
      slow:during "30s"
      local felt = requests { src = "user", since = slow.started, till = slow.cleared }
      if limited then
        expect(felt):p(50):below "250ms"
      else
        expect(felt):p(50):above "500ms"
      end
    end)
  end)
end)
