-- Field report istio#11130: the application starts before its sidecar and cannot reach the network: every connection is
-- redirected to a port that nobody listens on yet. Cure: holdApplicationUntilProxyStarts.
-- Expected before the first run: every new pod's first call is refused and its container is started again; with the cure
-- no call is refused and nothing is started again.
local pair = topology {
  services = {
    worker = {
      replicas = 2, steps = { work "1ms" }, on_start = { call "api" },
      pod = { readinessProbe = { tcpSocket = {}, periodSeconds = 1 } },
    },
    api = { replicas = 2, steps = { work "2ms" } },
  },
}

local function refused_while_starting(s)
  sleep "5s"
  s:rollout("worker"):wait("3m")
  sleep "20s"
  local calls = requests { src = "worker", dst = "api" }
  return calls:count() - requests { src = "worker", dst = "api", code = 200 }:count(), calls:count()
end

local options = { topology = pair, duration = "5m", tags = { "field", "life cycle" } }

options.profile = profile { base = "istio-sidecar", name = "istio, application first", sidecar = { hold_application = false } }
scenario("an application that starts before its sidecar", options, function(s)
  s:run(function()
    local refused = refused_while_starting(s)
    check("each new pod was refused at least once", refused >= 2)
  end)
end)

options.profile = profile { base = "istio-sidecar", name = "istio, sidecar first", sidecar = { hold_application = true } }
scenario("an application that waits for its sidecar", options, function(s)
  s:run(function()
    local refused, calls = refused_while_starting(s)
    check("both new pods called", calls == 2)
    check("no call was refused", refused == 0)
  end)
end)
