/* Which plans use what: the predicates of entries.c. All look only at what they are given. */
#ifndef SIM_LEDGER_USES_H
#define SIM_LEDGER_USES_H

#include "sim/ledger/ledger.h"

#define SIM_LEDGER_USES(X) \
    X(sidecars) X(none_meshed) X(identity) X(pushes) X(prices) X(prices_linkerd) X(loss) X(bandwidth) X(path_faults) X(cpu_quota) \
    X(app_cpu) X(heavy_tail) X(own_policy) X(retries) X(timeouts) X(outlier) X(circuit) X(app_queue) X(app_errors) X(rollout) X(zones) \
    X(regions) X(poisson) X(constant_rate) X(closed_loop) X(thresholds) X(mtls_without_identity) X(linkerd) X(peak_ewma) \
    X(pod_life) X(crashes) X(host_network) X(excluded_ports) X(scaled) X(job) X(memory) X(weights) X(panics) X(invariants) X(app_retries) X(nic) X(idle_paths) X(gc) X(cache)

#define X(name) bool sim_uses_##name(const struct sim_use *use);
SIM_LEDGER_USES(X)
#undef X

#define X(name) bool sim_uses_fault_##name(const struct sim_use *use);
#define SIM_LEDGER_FAULTS(X) \
    X(partition) X(blackhole) X(delay) X(jitter) X(loss) X(bandwidth) X(abort) X(http_delay) X(crash) X(pause) X(slow) X(cert_expire) \
    X(ca_outage) X(clock_skew) X(machine_down) X(dns) X(dns_race) X(cpu_limit) X(slow_cpu) X(memory_leak) X(gc_pause) X(oom) \
    X(mtu) X(conntrack_drop) X(half_open) X(reset) X(refuse) X(port_exhaustion)
SIM_LEDGER_FAULTS(X)
#undef X

#endif
