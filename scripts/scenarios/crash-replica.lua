-- Do users notice when one replica of three crashes and comes back?
scenario("one replica crashes", {
  topology   = topologies.chain { "web", "api", replicas = 3 },
  duration   = "90s",
  tags       = { "quick", "state" },
  thresholds = { ["request_failed{src:user}"] = "rate < 2%" },
}, function(s)
  s:load { name = "user", to = "web", executor = "poisson", rate = 100 }
  s:run(function()
    sleep "10s"
    local crash = fault.crash { on = pods { service = "api", mode = "one" }, restart = "10s" }
    crash:wait_cleared()
    sleep "10s"
    check("the crash hit open connections", crash:affected().connections > 0)
    check("all is well again", requests { src = "user", window = "5s" }:error_rate() < "0.1%")
  end)
end)
