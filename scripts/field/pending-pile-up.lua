-- Field report envoy#44989: least request does not count the requests that wait for a connection, so that a host
-- that is slow to connect gets more and more of them. The reporter delays the SYN-ACK of one of two hosts by 300 ms and
-- sends 16 requests faster than they are answered: most of them wait at the slow host. Cure: count them (Envoy 1.39's
-- runtime guard least_request_lb_count_pending_requests).
-- Expected before the first run: more than half at the slow host without the cure, half with it.
local function pair(counts_pending)
  return topology {
    zones    = { "a", "b" },
    services = {
      web = { zones = { "a" }, steps = { call "api" } },
      api = {
        steps    = { work "500ms" },
        versions = { quick = { zones = { "a" } }, slow = { zones = { "b" } } },
        policy   = { balancer = "least_request", counts_pending = counts_pending, max_requests_per_connection = 1 },
      },
    },
  }
end

-- The share of the slow host in ten bursts of 16 requests within 80 ms, each over a connection of its own.
local function share_of_slow(s)
  fault.delay { from = "api/slow", to = "web", latency = "300ms" }
  for i = 1, 10 do
    s:load { name = "burst-" .. i, to = "web", rate = 200, duration = "80ms" }
    sleep "3s"
  end
  check("all were answered", requests { dst = "api" }:count() == 160)
  return requests { dst = "api", version = "slow" }:count() / 160
end

local options = { profile = "istio-sidecar", duration = "1m", tags = { "field", "balancer" } }

options.topology = pair(false)
scenario("requests pile up where connecting is slow", options, function(s)
  s:run(function()
    local share = share_of_slow(s)
    check("most of them wait at the slow host", share > 0.6 and share < 0.8)
  end)
end)

options.topology = pair(true)
scenario("requests pile up nowhere, the waiting counted", options, function(s)
  s:run(function()
    local share = share_of_slow(s)
    check("half of them wait at the slow host", share > 0.4 and share < 0.6)
  end)
end)
