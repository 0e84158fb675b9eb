-- Is everything well again when faults that lie over one another are cleared, in whatever order?
local make = {
  slow  = function() return fault.slow { on = "api", factor = 100 } end,
  pause = function() return fault.pause { on = "api" } end,
  delay = function() return fault.delay { from = "web", to = "api", latency = "20ms" } end,
  loss  = function() return fault.loss { from = "web", to = "api", loss = "10%" } end,
  cut   = function() return fault.partition { from = "web", to = "api" } end,
  crash = function() return fault.crash { on = "api" } end,
}

local orders = { { 1, 2, 3 }, { 1, 3, 2 }, { 2, 1, 3 }, { 2, 3, 1 }, { 3, 1, 2 }, { 3, 2, 1 } }
local groups = { { "slow", "slow", "slow" }, { "delay", "loss", "delay" }, { "delay", "slow", "cut" }, { "slow", "delay", "crash" }, { "slow", "pause", "crash" } }

for _, group in ipairs(groups) do
  for _, order in ipairs(orders) do
    scenario(table.concat(group, ", ") .. " cleared " .. table.concat(order, " "), {
      topology = topologies.chain { "web", "api", replicas = 2 }, duration = "1m", profiles = { "istio-sidecar" },
    }, function(s)
      s:load { name = "user", to = "web", rate = 20 }
      s:run(function()
        local faults = {}
        for i, kind in ipairs(group) do
          faults[i] = make[kind]()
          sleep "2s"
        end
        for _, i in ipairs(order) do
          faults[i]:clear()
          sleep "1s"
        end
        check("well again", eventually(function()
          local seen = requests { src = "user", window = "2s" }
          return seen:error_rate() < "0.1%" and seen:p(99) < "100ms"
        end, "35s"))
      end)
    end)
  end
end
