-- Every fault of the catalogue touches something, and all is well once it is cleared.
scenario("every fault bites", {
  topology = topologies.chain { "web", "api", "db", replicas = 2 },
  profile = "istio-sidecar", duration = "8m",
}, function(s)
  s:load { name = "user", to = "web", rate = 50 }
  s:run(function()
    sleep "10s"
    local function bite(name, f)
      sleep "5s"
      local a = f:affected()
      check(name .. " bites", a.packets + a.requests + a.connections > 0)
      f:clear()
      sleep "15s"
      check(name .. " heals", requests { src = "user", window = "3s" }:error_rate() < "0.01%")
    end
    bite("partition", fault.partition { from = "web", to = "api", direction = "both" })
    bite("blackhole", fault.blackhole { on = pods { service = "api", mode = "one" } })
    bite("delay", fault.delay { from = "web", to = "api", latency = "200ms", jitter = "50ms" })
    bite("jitter", fault.jitter { from = "web", jitter = "50ms" })
    bite("loss", fault.loss { from = "web", to = "api", loss = "5%" })
    bite("bandwidth", fault.bandwidth { from = "api", rate = "1Mbps" })
    bite("abort", fault.abort { to = "db", status = 503, percent = "20%" })
    bite("abort mesh", fault.abort { to = "db", from = "api", status = 503, percent = "20%", by = "mesh" })
    bite("http_delay", fault.http_delay { to = "api", latency = "300ms" })
    bite("http_delay mesh", fault.http_delay { to = "api", latency = "300ms", by = "mesh" })
    bite("crash", fault.crash { on = pods { service = "api", mode = "one" } })
    bite("machine_down", fault.machine_down { on = pods { service = "api", mode = "one" } })
    bite("machine_down cut off", fault.machine_down { on = "api", how = "partition" })
    bite("pause", fault.pause { on = pods { service = "api", mode = "one" } })
    bite("slow", fault.slow { on = "db", factor = 10 })
    bite("cert_expire", fault.cert_expire { on = "api" })
    bite("clock_skew", fault.clock_skew { on = "api", offset = "-10m" })
    local o = fault.ca_outage { mode = "refuse", duration = "20s" }
    local x = fault.cert_expire { on = "api", duration = "5s" }
    o:wait_cleared()
    check("ca_outage bites", o:affected().requests > 0)
  end)
end)
