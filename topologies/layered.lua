-- A generated mesh: services in layers, each calling some of the next layer; 1 000 services, 2 000 proxies.
--
-- topologies.layered { services = 1000, layers = 5, fanout = 2, replicas = 2 }. The first layer is one service,
-- `entry`, which calls `doors` services of the second; the others are spread evenly. Who calls whom follows from
-- the numbers alone: service i of a layer calls the services i × fanout + 1, 2, … of the next, round and round.
return function(given)
  local o = options("layered", given or {}, {
    services = 1000, layers = 5, fanout = 2, doors = 2, replicas = 2, zones = { "a", "b" }, work = "1ms", name = "layered",
  })
  if o.layers < 2 then error("layered: 'layers': at least 2", 2) end
  if o.services < o.layers then error("layered: 'services': at least one per layer", 2) end

  local sizes, rest = { 1 }, o.services - 1
  for layer = 2, o.layers do
    sizes[layer] = rest // (o.layers - layer + 1)
    rest = rest - sizes[layer]
  end

  local function name(layer, i)
    return layer == 1 and "entry" or string.format("l%d-%03d", layer, i)
  end

  local services = {}
  for layer = 1, o.layers do
    for i = 1, sizes[layer] do
      local steps, fanout = { work(o.work) }, layer == 1 and o.doors or o.fanout
      if layer < o.layers then
        local calls, taken = {}, {}
        for k = 1, fanout do
          local callee = ((i - 1) * fanout + k - 1) % sizes[layer + 1] + 1
          if not taken[callee] then calls[#calls + 1] = call(name(layer + 1, callee)) end
          taken[callee] = true
        end
        steps[#steps + 1] = parallel(calls)
      end
      services[name(layer, i)] = { replicas = o.replicas, zones = o.zones, steps = steps }
    end
  end
  return topology { name = o.name, zones = o.zones, machines = { pods = 16, cores = 16 }, services = services }
end
