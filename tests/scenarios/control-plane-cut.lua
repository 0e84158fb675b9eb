-- Zone b cannot reach the control plane for two minutes: its proxies go on with what they have, do not hear of a pod that
-- went, ask again with back-off, and catch up.
scenario("a zone without its control plane", {
  topology = topology { zones = { "a", "b" }, machines = { pods = 1, cores = 4 }, services = {
    web = { replicas = 2, zones = { "a", "b" }, steps = { call { "api", timeout = "1s" } } },
    api = { replicas = 4, zones = { "a" }, steps = { work "2ms" } },
  } },
  profiles = { "istio-sidecar", "linkerd" }, duration = "5m",
  invariants = { "mtls.no_plaintext", "pki.san_matches_workload", "requests.conserved" },
  pki = { workload_ttl = "4m", renew_at = "50%", renew_jitter = "5%" },
}, function(s)
  s:load { name = "user", to = "web", rate = 40 }
  s:run(function()
    sleep "20s"
    local cut = fault.partition { from = "@b", to = "control-plane" }
    sleep "50s"
    check("nothing is lost by the cut alone", requests { src = "user", since = cut.started }:error_rate() < "0.1%")
    local gone = fault.crash { on = pods { name = "api-v1-0" } }
    sleep "10s"
    local acks = xds { result = "ack", since = gone.started }:count()
    check("zone a hears of it", acks >= 1)
    check("zone b does not", acks < 6)
    sleep "40s"
    cut:clear()
    check("zone b catches up", eventually(function() return xds { result = "ack", since = cut.cleared }:count() > 0 end, "45s"))
    gone:clear()
    sleep "20s"
    check("all is well", requests { src = "user", window = "5s" }:error_rate() < "0.1%")
    check("certificates as well", eventually(function() return certs { state = "valid" }:count() == certs():count() end, "1m"))
    local back = requests { dst = "api", window = "5s" }:count()
    check("a pod that came back takes its share", back > 150)
  end)
end)

-- What the callers' sidecars answer themselves counts for the fault whose service was meant, and for no other.
scenario("aborts by the mesh are counted exactly", {
  topology = topology { services = {
    web = { replicas = 1, steps = { call { "api", optional = true }, call { "db", optional = true } } },
    api = { replicas = 1, steps = { work "1ms" } }, db = { replicas = 1, steps = { work "1ms" } },
  } },
  profiles = { "istio-sidecar", "linkerd" }, duration = "40s",
}, function(s)
  s:load { name = "user", to = "web", rate = 50 }
  s:run(function()
    sleep "5s"
    local a = fault.abort { to = "api", status = 503, percent = "20%", by = "mesh" }
    local b = fault.abort { to = "db", status = 500, percent = "50%", by = "mesh" }
    sleep "15s"
    a:clear()
    b:clear()
    sleep "5s"
    local to_api = requests { src = "web", dst = "api", flags = "FI" }:count()
    local to_db = requests { src = "web", dst = "db", flags = "FI" }:count()
    check("each has its own", to_api > 100 and to_db > 250)
    check("api's", math.abs(a:affected().requests - to_api) <= 2) -- on their way when it was cleared
    check("db's", math.abs(b:affected().requests - to_db) <= 2)
    check("nobody else's", requests { src = "user", flags = "FI" }:count() == 0)
  end)
end)
