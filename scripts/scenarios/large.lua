-- Does a mesh of 1 000 services and 2 000 proxies carry its load while one of its zones is slower?
scenario("1 000 services, 2 000 proxies", {
  topology   = topologies.layered { services = 1000, layers = 5, fanout = 2, replicas = 2 },
  profile    = "envoy",
  duration   = "20s",
  tags       = { "large" },
  thresholds = { ["request_failed"] = "rate < 0.1%" },
}, function(s)
  -- One load per ten of the second layer's services reaches most of the mesh.
  for i = 1, 249, 10 do
    local name = string.format("l2-%03d", i)
    s:load { name = "load-" .. i, to = name, rate = 10 }
  end
  s:run(function()
    local slow = fault.delay { from = "@a", to = "@b", latency = "5ms" }
    slow:during "8s"
    check("the delay reached most of the mesh", slow:affected().requests > 1000 or slow:affected().packets > 1000)
  end)
end)
