local t = topology {
  zones = { "a", "b" },
  services = {
    front = { replicas = 2, steps = { work { p50 = "2ms", p99 = "10ms" }, call "back" } },
    back = { versions = { v1 = { replicas = 1 } } },
  },
}
print(capacity and t)
