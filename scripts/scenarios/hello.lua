-- Does a shop stay usable while the way from its frontend to its carts is 200 ms slower?
scenario("hello", { topology = topologies.boutique(), duration = "30s", tags = { "quick" } }, function(s)
  s:load { name = "user", to = "frontend", rate = 20 }
  s:run(function()
    local slow = fault.delay { from = "frontend", to = "cartservice", latency = "200ms" }
    slow:during "15s"
    check("the delay was felt", requests { src = "user", since = slow.started, till = slow.cleared }:p(50) > "200ms")
    check("nobody saw an error", requests { src = "user" }:error_rate() < "0.1%")
  end)
end)
