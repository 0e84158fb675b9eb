-- The words of time and evidence, each in a small world whose answers follow from arithmetic.
local world = topology { services = {
  web = { replicas = 1, steps = { call { "api", timeout = "2s", optional = true } } },
  api = { replicas = 1, steps = { work "10ms" } },
} }

scenario("waits are on a grid of 100 ms", { topology = world, profile = "none", duration = "2m" }, function(s)
  s:load { name = "user", to = "web", rate = 10 }
  local at, beats = nil, 0
  s:at("7s", function() at = now() end)
  s:every("10s", function() beats = beats + 1 end)
  s:phase("calm", "0s", "20s")
  s:run(function()
    local t = now()
    check("eventually holds", eventually(function() return now() - t >= duration "1050ms" end, "5s"))
    check("at the next point of the grid", now() - t == duration "1100ms")
    t = now()
    check("eventually does not hold", not eventually(function() return false end, "1030ms"))
    check("and ends at its deadline", now() - t == duration "1030ms")
    t = now()
    check("always holds", always(function() return true end, "500ms"))
    check("to its end", now() - t == duration "500ms")
    check("never ends when it happens", not never(function() return now() - t >= duration "800ms" end, "5s"))
    check("that soon", now() - t < duration "1s")
    check("arithmetic", duration "1m" + duration "30s" == duration "90s" and duration "1m" / duration "1s" == 60 and duration "1m" / 2 == duration "30s")
    sleep "20s"
    check("at", at == duration "7s")
    check("every", beats == math.floor(now() / duration "10s"))
    check("the calm phase is its requests", math.abs(requests { src = "user", phase = "calm" }:count() - 200) <= 1)
    s:phase("late", now(), now() + duration "10s")
    sleep "10s"
    check("so is the late one", math.abs(requests { src = "user", phase = "late" }:count() - 100) <= 1)
  end)
end)

-- 300 ms each way for one fault, 200 for the other, on the same packets: what one of them is worth.
scenario("the effect of one fault", { topology = world, profile = "istio-sidecar", duration = "1m" }, function(s)
  s:load { name = "user", to = "web", rate = 10 }
  s:run(function()
    sleep "10s"
    local there = fault.delay { from = "web", to = "api", latency = "300ms" }
    local back = fault.delay { from = "api", to = "web", latency = "200ms" }
    s:phase("slow", now() + duration "3s", now() + duration "23s")
    sleep "25s"
    local a, b = there:effect "request_duration{src:user,phase:slow} p(50)", back:effect "request_duration{src:user,phase:slow} p(50)"
    check("the first is worth its 300 ms", a > "290ms" and a < "320ms")
    check("the second its 200 ms", b > "190ms" and b < "215ms")
  end)
end)

scenario("a steady state is looked at before and after", {
  topology = world, profile = "none", duration = "30s", expect_fail = "it is broken at the end",
}, function(s)
  s:load { name = "user", to = "web", rate = 10 }
  s:steady_state("quick", function() expect(requests { src = "user", window = "3s" }):p(50):below "100ms" end)
  s:run(function() sleep "10s"; fault.delay { from = "web", to = "api", latency = "500ms" }; sleep "15s" end)
end)
