-- Istio's Bookinfo: productpage calls details and reviews; reviews v2 and v3 call ratings.
--
-- Services, versions, port, call graph, timeouts and tries: istio/istio 86c9f01f, samples/bookinfo
-- (platform/kube/bookinfo.yaml, src/productpage/productpage.py, src/reviews/…/LibertyRestEndpoint.java).
-- productpage answers 200 whatever details and reviews do; reviews answers 200 without stars if ratings fails.
-- Service times are not in the sample: Python and Java handlers of a few milliseconds, declared here.
return function(given)
  local o = options("bookinfo", given or {}, {
    zones    = { "a" },            -- of productpage, details, ratings and reviews v1
    canary   = { "a" },            -- of reviews v2 and v3
    replicas = 1,                  -- bookinfo.yaml: replicas: 1 each
    versions = { "v1", "v2", "v3" }, -- of reviews
    policy   = false,              -- of reviews
    weights  = false,              -- of reviews, by version
  })

  local reviews = {
    v1 = { zones = o.zones, steps = { work { p50 = "4ms", p99 = "15ms" } } },
    -- LibertyRestEndpoint.java: read timeout 10 s with black stars, 2.5 s otherwise
    v2 = { zones = o.canary, steps = { work { p50 = "4ms", p99 = "15ms" }, call { "ratings", path = "/ratings/0", timeout = "10s", optional = true } } },
    v3 = { zones = o.canary, steps = { work { p50 = "4ms", p99 = "15ms" }, call { "ratings", path = "/ratings/0", timeout = "2500ms", optional = true } } },
  }
  local versions = {}
  for _, name in ipairs(o.versions) do
    if not reviews[name] then error("bookinfo: reviews has no version '" .. tostring(name) .. "': there are v1, v2 and v3", 2) end
    versions[name] = reviews[name]
  end

  local zones, seen = {}, {}
  for _, list in ipairs { o.zones, o.canary } do
    for _, zone in ipairs(list) do
      if not seen[zone] then zones[#zones + 1] = zone end
      seen[zone] = true
    end
  end

  return topology {
    name     = "bookinfo",
    zones    = zones,
    defaults = { replicas = o.replicas, port = 9080 },
    services = {
      productpage = {
        zones = o.zones,
        response_size = "4KiB",
        -- productpage.py: details first, then reviews; 3 s each, reviews tried twice
        steps = {
          work { p50 = "5ms", p99 = "20ms" },
          call { "details", path = "/details/0", timeout = "3s", optional = true },
          call { "reviews", path = "/reviews/0", timeout = "3s", tries = 2, optional = true },
        },
      },
      details = { zones = o.zones, steps = { work { p50 = "2ms", p99 = "8ms" } } },
      reviews = { versions = versions, weights = o.weights or nil, policy = o.policy or nil },
      ratings = { zones = o.zones, steps = { work { p50 = "2ms", p99 = "8ms" } } },
    },
  }
end
