-- Field report istio#61683: a sidecar with more threads than its CPU limit has cores. 8 threads and a limit of 4 cores
-- spend the 400 ms of a period in its first 50 ms and stand still for the other 50, although the mean is far below the
-- limit. Cure: as many threads as cores.
-- Expected before the first run: p99 of bursts is 25 … 100 ms worse than without a limit, there is throttled time, and the
-- mean CPU is under half of the limit; with the cure hardly anything is throttled.
local function sidecar(workers)
  return profile { base = "istio-sidecar", name = workers .. " workers", proxy = { workers = workers, resources = { limits = { cpu = "4" } } } }
end

local shop = topology {
  machines = { cores = 16, pods = 1 },
  services = { api = { steps = { work "1ms" } } },
}

-- Eight bursts of 2 500 requests; at 200 us each half a second of CPU of the sidecar. They meet the period of 100 ms at
-- different places.
local function bursts(s)
  for i = 1, 8 do
    s:load { name = "burst-" .. i, to = "api", rate = 250000, duration = "10ms" }
    sleep "1.013s"
  end
  return requests {}, pods "api":list()[1]
end

local options = { topology = shop, duration = "20s", tags = { "field", "cpu" } }
local alone <const> = 64 -- ms that 512 ms of CPU take on 8 threads, unlimited

options.profile = sidecar(8)
scenario("8 threads under a limit of 4 cores stand still", options, function(s)
  s:run(function()
    local calls, pod = bursts(s)
    check("the sidecar was throttled", pod.sidecar_throttled > duration "0s")
    check("its mean is under half of the limit", pod.sidecar_cpu < duration "16s")
    expect(calls):p(99):above((alone + 25) .. "ms")
    expect(calls):p(99):below((alone + 100) .. "ms")
  end)
end)

options.profile = sidecar(4)
scenario("4 threads under a limit of 4 cores do not", options, function(s)
  s:run(function()
    local _, pod = bursts(s)
    check("the sidecar was hardly throttled", pod.sidecar_throttled < duration "40ms") -- slices of 5 ms at the end of a period
  end)
end)
