-- Field report linkerd2#9256: pods go on talking to each other after the trust anchor has expired. RFC 5280 §6.1.1 (d)
-- makes an anchor a name and a key: its dates are no input of path validation, and rustls does not look at them.
-- BoringSSL and OpenSSL do, so that Istio's new handshakes fail at that moment.
-- Expected before the first run: Linkerd loses no request; Istio loses most of what needs a new handshake.
local function pair()
  return topology {
    services = {
      web = { steps = { call "api" } },
      api = { replicas = 2, steps = { work "2ms" }, policy = { max_requests_per_connection = 1, retry = { attempts = 0 } } },
    },
  }
end

local function scenario_on(base, name, verdict)
  scenario(name, {
    topology = pair(), duration = "3m", tags = { "field", "identity" },
    profile  = profile { base = base, name = base, pki = { root_ttl = "1m" } },
  }, function(s)
    s:load { name = "user", to = "web", rate = 20 }
    s:run(function()
      sleep "50s"
      expect(requests { src = "user" }:error_rate()):below "0.1%"
      sleep "60s"
      verdict(requests { src = "user", window = "20s" })
    end)
  end)
end

scenario_on("linkerd", "Linkerd does not mind an expired anchor", function(after)
  expect(after:error_rate()):below "0.1%"
end)

scenario_on("istio-sidecar", "Istio minds an expired anchor", function(after)
  expect(after:error_rate()):above "90%"
end)
