-- Field report: Bronson, Aghayev, Charapko, Zhu, Metastable Failures in Distributed Systems, HotOS 2021, §2.1: an
-- application sends 280 queries per second to a database that is good for 300. The network is out for 10 s; every query
-- is tried once more: 560 per second arrive, nobody waits for the answers any more, and it never comes back.
-- Cure: retries have a budget (20 %), and the database refuses what would wait longer than anybody waits.
-- Expected before the first run: more than half of the queries fail a minute after the outage; with the cure under 1 %.
local naive  = { attempts = 1, on = { "5xx", "reset", "timeout", "connect-failure" } }
local capped = { attempts = 1, on = naive.on, budget = { ratio = "20%", min_per_second = 1, ttl = "10s" } }

local function shop(retry, queue)
  return topology {
    services = {
      app = { replicas = 4, steps = { call { "db", timeout = "5s", retry = retry } } },
      db  = { concurrency = 30, queue = queue, steps = { work "100ms" } },
    },
  }
end

local function failing_after(s)
  s:load { name = "user", to = "app", rate = 280, timeout = "1m" }
  sleep "20s"
  expect(requests { src = "user", window = "10s" }:error_rate()):below "0.1%"
  fault.partition { from = "app", to = "db", duration = "10s" }:wait_cleared()
  sleep "1m"
  return requests { src = "user", window = "10s" }:error_rate()
end

local options = { profile = "none", duration = "2m", tags = { "field", "retries" } }

options.topology = shop(naive, 0)
scenario("an outage of 10 s never ends", options, function(s)
  s:run(function()
    expect(failing_after(s)):above "50%"
  end)
end)

options.topology = shop(capped, 200)
scenario("an outage of 10 s ends after 10 s", options, function(s)
  s:run(function()
    expect(failing_after(s)):below "1%"
  end)
end)
