-- Queues with closed forms; tests/fidelity/rung-math compares. No mesh, no latency, nothing but the queue.
local zero = { latency = "0s", jitter = "0s" }
local link = { same_machine = zero, same_zone = zero, cross_zone = zero, cross_region = zero }
local time = var("time", "600s")

local function queue(name, rate, service, machines)
  scenario(name, { topology = topology { link = link, machines = machines, services = { q = service } }, profile = "none", duration = time },
    function(s) s:load { to = "q", rate = rate, executor = "poisson", max_vus = 100000, timeout = "10m" } end)
end

local exponential = work { mean = "10ms", dist = "exponential" }

-- M/M/1, M/M/4: a limit of concurrency, the others wait first come first served.
queue("mm1", 70, { steps = { exponential }, concurrency = 1 })
queue("mm4", 320, { steps = { exponential }, concurrency = 4 })
-- M/M/2/5: two are served, three wait, the others are refused.
queue("mm2k5", 240, { steps = { exponential }, concurrency = 2, queue = 3 })

-- M/G/1 with processor sharing: CPU on one core, a thread for each request.
local function sharing(name, cpu)
  queue(name, 15, { steps = { work { cpu = cpu } }, resources = { threads = 64 } }, { cores = 1 })
end
sharing("ps-constant", { mean = "40ms" })
sharing("ps-exponential", { mean = "40ms", dist = "exponential" })
sharing("ps-lognormal", { p50 = "30ms", p99 = "175ms" })

-- Independent failures of 20 %, up to three retries: 1 + p + p² + p³ tries a call.
scenario("retries", { topology = topology { link = link, services = {
  front = { steps = { call { "back", retry = { attempts = 3, on = { "5xx" }, backoff = { base = "1ms", max = "1ms" } } } } },
  back = { error_rate = "20%" },
} }, profile = "none", duration = time }, function(s)
  s:load { to = "front", rate = 100, executor = "poisson" }
  s:at(s.duration, function() log("tries ", requests { dst = "back" }:count(), " calls ", requests { src = "front" }:count()) end)
end)

-- What was begun has ended or is under way, whatever breaks.
scenario("conservation", { topology = topology { link = link, services = {
  q = { replicas = 2, steps = { exponential }, concurrency = 3, queue = 10, error_rate = "5%" },
} }, profile = "none", duration = "30s" }, function(s)
  local load = s:load { to = "q", rate = 900, max_vus = 16, timeout = "25ms" }
  s:at("5s", function() fault.crash { on = pods { service = "q", mode = "one" }, restart = "3s" } end)
  s:at("12s", function() fault.loss { from = "load-q", to = "q", loss = "20%", duration = "5s" } end)
  for i = 0, 29 do
    s:at(duration("1s") * i + "777ms", function()
      log("started ", load.started, " finished ", load.finished, " failed ", load.failed, " dropped ", load.dropped_iterations, " under_way ", load.under_way)
    end)
  end
end)
