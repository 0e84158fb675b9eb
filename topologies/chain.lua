-- Services in a row, each calling the next: topologies.chain { "web", "api", "db", replicas = 3 }
return function(given)
  local defaults = { replicas = 2, zones = { "a" }, work = "2ms", timeout = false, retry = false, name = "chain" }
  local o = options("chain", given or {}, defaults)
  local names = {}
  for i, name in ipairs(o) do names[i] = name end
  if #names == 0 then names = { "web", "api", "db" } end

  local services = {}
  for i, name in ipairs(names) do
    local steps = { work(o.work) }
    if names[i + 1] then
      steps[2] = call { names[i + 1], timeout = o.timeout or nil, retry = o.retry or nil }
    end
    services[name] = { replicas = o.replicas, zones = o.zones, steps = steps }
  end
  return topology { name = o.name, zones = o.zones, services = services }
end
