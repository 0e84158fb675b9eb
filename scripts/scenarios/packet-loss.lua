-- What do two per cent of lost packets do to the slowest requests?
scenario("packet loss", {
  topology = topologies.chain { "web", "api", "db", replicas = 2 },
  duration = "80s",
  tags     = { "quick", "network" },
}, function(s)
  s:load { name = "user", to = "web", executor = "poisson", rate = 100 }
  s:run(function()
    sleep "10s"
    local before = requests { src = "user", window = "8s" }
    local median, tail = before:p(50), before:p(99)

    local lossy = fault.loss { from = "web", to = "api", percent = "2%" }
    lossy:during "40s"
    local during = requests { src = "user", since = lossy.started, till = lossy.cleared }

    check("packets were lost", lossy:affected().packets > 10)
    check("the median hardly moves", during:p(50) < median * 2)
    check("the tail waits for retransmission", during:p(99) > tail + "50ms")
    check("TCP repairs it: nobody sees an error", during:error_rate() < "0.1%")
  end)
end)
