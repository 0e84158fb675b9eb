/* The table. Grouped by subject; within a group what matters most comes first. Rows say what is known to
 * differ, not only what is alike. An error bar without a rung is the author's or the source's claim. */
#include "sim/ledger/constant.h"
#include "sim/ledger/uses.h"
#include <stddef.h>

#define AT(member) offsetof(struct sim_plan, member)

static const struct sim_constant prices = {
    .what = "request",
    .offsets = {AT(profile.price.request), AT(profile.price.response), AT(profile.price.connection), AT(profile.price.body_kib),
                AT(profile.price.tls_kib), AT(profile.price.handshake), AT(profile.price.resource), AT(profile.price.signature)},
    .count = 8};
static const struct sim_constant latencies = {
    .what = "same_zone",
    .offsets = {AT(topology.same_zone.latency), AT(topology.cross_zone.latency), AT(topology.cross_region.latency), AT(topology.same_machine.latency),
                AT(topology.same_zone.jitter), AT(topology.cross_zone.jitter), AT(topology.cross_region.jitter), AT(topology.same_machine.jitter)},
    .count = 8};
static const struct sim_constant debounce = {
    .what = "quiet", .offsets = {AT(profile.debounce_quiet), AT(profile.debounce_max)}, .count = 2};
static const struct sim_constant kubelet = {
    .what = "container_start",
    .offsets = {AT(kubernetes.container_start), AT(kubernetes.schedule), AT(kubernetes.kubelet_sync)},
    .count = 3};
static const struct sim_constant watches = {
    .what = "endpoint_update", .offsets = {AT(kubernetes.endpoint_update), AT(kubernetes.status_update)}, .count = 2};

#define USED(name) sim_uses_##name
#define EXACT(name, group, used, fields, doc, source) {name, group, SIM_LEDGER_EXACT, doc, 0, NULL, source, NULL, fields, used, NULL, NULL}
#define RUNG(name, group, used, fields, doc, source, rung) {name, group, SIM_LEDGER_EXACT, doc, 0, NULL, source, rung, fields, used, NULL, NULL}
#define MODEL(name, group, used, fields, doc, permille, error, source, rung, constant) \
    {name, group, SIM_LEDGER_MODELLED, doc, permille, error, source, rung, fields, used, constant, NULL}
#define IGNORED(name, group, used, fields, evidence, doc, source) \
    {name, group, SIM_LEDGER_IGNORED, doc, 0, NULL, source, NULL, fields, used, NULL, evidence}
#define FAULT(kind, doc) {"fault." #kind, "fault", SIM_LEDGER_EXACT, doc, 0, NULL, "sim/fault; tests/unit/fault", NULL, NULL, sim_uses_fault_##kind, NULL, NULL}
#define FAULT_MODEL(kind, error, doc) \
    {"fault." #kind, "fault", SIM_LEDGER_MODELLED, doc, 0, error, "sim/fault; tests/unit/fault", NULL, NULL, sim_uses_fault_##kind, NULL, NULL}

const struct sim_ledger_entry sim_ledger[] = {
    /* ---- network ---- */
    MODEL("path.latency", "network", NULL, "link same_machine same_zone cross_zone cross_region latency jitter",
          "one-way latency and uniform jitter of each kind of path; the topology's figures, not measured on your network", 200, NULL,
          "published cloud figures: 0.2-0.3 ms within a zone, 0.5-2 ms between zones", NULL, &latencies),
    MODEL("tcp.transfer", "network", NULL, "tcp",
          "a burst is one event; ACK-clocked windows: CUBIC with HyStart, initial window 10, slow start after idle; no events for ACKs, pacing and TSO not there", 150, NULL,
          "RFC 9438, RFC 6928; against Linux (cubic) over TUN: median 5%, p99 15%", "kernel:", NULL),
    MODEL("tcp.loss", "network", USED(loss), "loss", "keyed draws per segment; RACK, tail probes, else RTO (200 ms, doubling)",
          150, NULL, "RFC 8985, RFC 6298; against Linux over TUN: median 5%, p99 15%", "kernel:", NULL),
    RUNG("tcp.connect", "network", NULL, "backlog", "SYN at 0, 1, 3, 7 … s, six retries; RST of a closed port; an accept queue that is full drops SYNs and last ACKs", "tcp(7), RFC 6298 §2.1; against Linux over TUN", "kernel:"),
    RUNG("tcp.death", "network", USED(path_faults), "keepalive keepalive_interval keepalive_probes user_timeout", "a silent peer is given up after 15 retransmissions, about 15 min, unless a user timeout or keep-alive says otherwise",
         "ip-sysctl.rst: tcp_retries2; against Linux over TUN", "kernel:"),
    EXACT("kernel.sysctls", "network", NULL,
          "kernel TCP_INIT_CWND TCP_MSS TCP_RTO_MIN TCP_RTO_MAX TCP_TIMEOUT_INIT TCP_TIMEWAIT_LEN net.ipv4.tcp_syn_retries net.ipv4.tcp_syn_linear_timeouts "
          "net.ipv4.tcp_synack_retries net.ipv4.tcp_orphan_retries net.ipv4.tcp_keepalive_intvl net.ipv4.tcp_keepalive_probes net.ipv4.tcp_retries2 "
          "net.ipv4.ip_local_port_range net.core.somaxconn CONFIG_HZ", "constants of Linux under their own names: topologies/profiles/kernel.lua", "include/net/tcp.h, ip-sysctl.rst"),
    EXACT("tcp.ports", "network", NULL, NULL, "28 232 ephemeral ports towards one address, TIME_WAIT 60 s", "ip-sysctl.rst"),
    MODEL("tcp.flow-control", "network", NULL, "net.ipv4.tcp_rmem", "receive window and back-pressure by credit; autotuning of tcp_rmem is its maximum from the start", 0, "for receivers that keep up",
          "ip-sysctl.rst: tcp_rmem", NULL, NULL),
    MODEL("path.bandwidth", "network", USED(bandwidth), "bandwidth", "a line is a queue, first in, first out; flows share it by bursts of an eighth of the window", 150, NULL, "against Linux over TUN", "kernel:", NULL),
    MODEL("nic", "network", USED(nic), "nic", "one rate per machine and direction, shared by its flows", 0, "max-min over bursts, not over packets", "sim/net/nic.c", "kernel:", NULL),
    EXACT("path.idle", "network", USED(idle_paths), "idle_timeout idle_reset", "a link forgets connections without a packet for so long (conntrack, load balancers): silence, or RST", "nf_conntrack-sysctl.rst"),
    MODEL("path.zones", "network", USED(zones), "zones zone", "pods go round zones and machines; a path's terms follow from where its ends are", 0, "placement is ours, not a scheduler's",
          "sim/run/build.c", NULL, NULL),
    MODEL("path.regions", "network", USED(regions), NULL, "the part of a zone's name before '/' is its region", 0, "one figure for all pairs of regions", "topology{}", NULL, NULL),
    MODEL("machines", "network", NULL, "machines pods cores", "machines of one size; placement in the order of the services", 0, "placement is ours, not a scheduler's", "sim/run/build.c", NULL, NULL),
    EXACT("dns.client", "network", NULL, "network ndots searches single_request single_request_reopen dnsPolicy dnsConfig dns_cache resolv.timeout resolv.attempts",
          "search list × A and AAAA, two attempts of 5 s over UDP along the path", "resolv.conf(5); getaddrinfo of glibc"),
    MODEL("dns.resolver", "network", NULL, "dns resolver capacity cache upstream node_local node_domain distance ttl",
          "a resolver with a queue and a cache behind the path", 0, "CoreDNS' own costs are a rate that you give", "docs/scenarios.md", NULL, NULL),
    MODEL("dns.race", "network", USED(fault_dns_race), "race", "queries of one socket race in conntrack: one of the pair is lost by a draw", 0, "the share is yours", "kubernetes#56903", NULL, NULL),
    EXACT("external", "network", NULL, "external service_entry outboundTrafficPolicy", "hosts outside the cluster, with and without a ServiceEntry", "istio: outboundTrafficPolicy"),
    MODEL("kube-proxy", "network", USED(none_meshed), "headless", "an address of a service picks an endpoint per connection, by a keyed draw", 0, "choice is uniform, as iptables' statistic module",
          "pkg/proxy/iptables", NULL, NULL),
    EXACT("capture", "network", USED(sidecars), "meshed", "outbound to 15001 with the original destination, inbound to 15006", "istio.io: sidecar injection; linkerd-init"),
    EXACT("capture.excluded-ports", "network", USED(excluded_ports), "exclude_outbound_ports exclude_inbound_ports", "ports that pass the sidecar by", "traffic.sidecar.istio.io annotations"),
    EXACT("capture.host-network", "network", USED(host_network), "hostNetwork", "pods without redirection and sidecar", "Kubernetes: hostNetwork"),
    IGNORED("tcp.congestion", "network", NULL, NULL, NULL, "bbr, ECN, pacing, segmentation offload", "RFC 9438"),
    IGNORED("ipv6", "network", NULL, NULL, NULL, "addresses are IPv4; AAAA is asked for and has no answer", "-"),

    /* ---- platform ---- */
    MODEL("pod.start", "platform", USED(pod_life), "pod init image_pull schedule kubelet_sync container_start",
          "schedule, pull, init, sidecar, application, warm-up, readiness; what components take is nowhere stated", 2000, NULL, "kubelet; topologies/profiles/kubernetes.lua", NULL, &kubelet),
    MODEL("pod.watches", "platform", USED(pod_life), "status_update endpoint_update kube_proxy_sync endpoint_batch",
          "how late the API server's news reach controllers, kube-proxy and the mesh's registry", 2000, NULL, "topologies/profiles/kubernetes.lua", NULL, &watches),
    EXACT("pod.end", "platform", USED(pod_life), "ignores_term app_stop lifecycle preStop sleep seconds terminationGracePeriodSeconds grace grace_least sandbox_stop",
          "two races from the deletion: endpoints → registry → pushes; preStop → SIGTERM to all → grace → SIGKILL", "kubernetes.io: pod termination"),
    EXACT("pod.sidecar", "platform", USED(sidecars),
          "sidecar native hold_application rewrite_probes graceful_drain exit_on_zero ready_period drain_duration termination_drain min_drain shutdown_grace wait_before_exit",
          "how a mesh's sidecars start and stop: native and classic order, drains", "istio: pilot-agent; linkerd-await; profiles"),
    EXACT("pod.probes", "platform", USED(pod_life),
          "startupProbe readinessProbe livenessProbe httpGet tcpSocket exec initialDelaySeconds periodSeconds timeoutSeconds failureThreshold successThreshold",
          "with Kubernetes' own fields and defaults, over the pod's network", "core/v1 Probe"),
    EXACT("pod.back-off", "platform", USED(pod_life), "crash_after restartPolicy back_off_base back_off_max back_off_reset relist", "10 s doubling to 5 min, forgotten after 10 min; a dead container is seen at the kubelet's relist", "pkg/kubelet"),
    EXACT("workload.rollout", "platform", USED(pod_life),
          "workload recreate strategy type rollingUpdate maxSurge maxUnavailable minReadySeconds progressDeadlineSeconds podDisruptionBudget minAvailable",
          "rolling updates and disruption budgets by the controllers' rules", "pkg/controller/deployment, pkg/controller/disruption"),
    EXACT("node", "platform", USED(pod_life), "node_monitor_grace node_monitor_period toleration eviction_retry", "a lost machine is noticed after the monitor grace period, evicted after the toleration", "pkg/controller/nodelifecycle"),
    EXACT("hpa", "platform", USED(scaled),
          "horizontalPodAutoscaler minReplicas maxReplicas targetCPUUtilizationPercentage targetRequestsPerSecond behavior scaleUp scaleDown policies selectPolicy "
          "stabilizationWindowSeconds hpa_sync hpa_tolerance hpa_down_window hpa_initial_readiness hpa_cpu_initialization metrics_resolution",
          "15 s sync, tolerance 0.1, 5 min down window, metrics late by their resolution", "pkg/controller/podautoscaler"),
    EXACT("job", "platform", USED(job), "job completions parallelism backoffLimit run_time activeDeadlineSeconds", "completions, back-off limit; one with a classic sidecar never ends", "batch/v1"),

    /* ---- CPU ---- */
    MODEL("proxy.price", "cpu", USED(prices), "price connection request response body_kib tls_kib handshake resource signature",
          "CPU of a proxy per unit of work: the published total of a request, split by us", 300, NULL, "istio.io: performance and scalability (0.20 vCPU per 1000 rps)", NULL, &prices),
    MODEL("proxy.price.linkerd", "cpu", USED(prices_linkerd), NULL, "istio-sidecar's prices × 0.54", 400, NULL,
          "linkerd.io: benchmark of December 2021 (36 against 67 ms)", NULL, &prices),
    MODEL("cpu.quota", "cpu", USED(cpu_quota), "cpu proxy cpu_millis workers limits threads CONFIG_HZ", "CFS bandwidth: 100 ms periods of a phase of their own, all threads stall when the quota is spent, seen at a tick; slices of 5 ms", 100, NULL,
          "sched-bwc.rst; against a cgroup with two busy workers", "cpu:", NULL),
    MODEL("cpu.machine", "cpu", USED(app_cpu), "requests resources", "containers share a machine's cores by weight where they are contended: one queue per machine, slices of 3 ms; Linux has one per CPU and preempts", 0, "long-run shares; not delays under 5 ms", "cgroup-v2.rst: cpu.weight; Goyal 1996; sim/host/fair.c", "math:ps", NULL),
    MODEL("memory", "cpu", USED(memory), "memory per_connection per_request leak_per_request", "what is accounted against the limit, at each step; over it the container is killed at once", 0, "the bytes are yours; no page cache, no reclaim", "resources.limits.memory", NULL, NULL),
    IGNORED("memory.pressure", "cpu", NULL, NULL, NULL, "machines have memory without bound: no eviction, no oom_score; only a container's own limit kills", "kubernetes.io: node-pressure eviction"),
    MODEL("proxy.memory", "cpu", USED(sidecars), "memory_per_cluster memory_per_endpoint", "footprint of a sidecar by its configuration", 0, "published footprints", "profiles", NULL, NULL),
    MODEL("gc", "cpu", USED(gc), "gc heap every pause", "collections stop the world, by time or by what was allocated", 0, "the pauses are yours", "sim/host", NULL, NULL),

    /* ---- applications ---- */
    RUNG("app.steps", "application", NULL, "defaults steps on_start services service wait optional timeout path response_size body_size code size",
         "waits, CPU, calls and answers in the order given, over the core's HTTP codec", "sim/load; queueing theory", "math:"),
    MODEL("app.times", "application", USED(heavy_tail), "dist kind mean p50 p99 alpha quantiles mix", "service times by distribution; draws of one request are independent", 0,
          "the distributions are yours", "base/rand.h", "math:", NULL),
    RUNG("app.queue", "application", USED(app_queue), "concurrency queue cancel server order max_waiting wait_timeout time", "so many at once, the rest waits in its order; work goes on after its caller has gone unless cancel = true", "M/M/c, M/G/1", "math:"),
    EXACT("app.errors", "application", USED(app_errors), "error_rate error_status", "a share of answers, by keyed draws", "sim/load/app_job.c"),
    EXACT("app.retries", "application", USED(app_retries), "tries attempts backoff base max on budget ratio min_per_second per_try_timeout",
          "the application's own tries: exponential with full jitter, budgets per call", "sim/load/caller_retry.c"),
    EXACT("app.connections", "application", NULL, "keep_alive pool reuse max_idle lifetime requests_per_connection framework", "pools with their own limits and idle times; frameworks' defaults by name", "RFC 9112; topologies/profiles/frameworks.lua"),
    EXACT("app.deadlines", "application", NULL, "deadlines tells_deadline", "deadlines travel where the application says so", "grpc-timeout, x-envoy-expected-rq-timeout-ms"),
    MODEL("app.cache", "application", USED(cache), "keys stale zipf hot single_flight store", "hits by popularity, stampedes after expiry, one flight per key", 0, "independent reference model", "Breslau et al., INFOCOM 1999", NULL, NULL),
    MODEL("app.slow-spells", "application", NULL, "slow_spells lasts factor together share warm_up", "spells in which all work of a process, or of all together, takes longer; slow first requests", 0, "the spells are yours", "sim/load/app.c", NULL, NULL),

    /* ---- load ---- */
    EXACT("load.constant", "load", USED(constant_rate), "rate stages executor max_vus", "open loop, evenly spaced; latency counts from the intended start; what finds no place is a dropped iteration", "k6: constant- and ramping-arrival-rate"),
    RUNG("load.poisson", "load", USED(poisson), NULL, "exponential gaps by keyed draws", "M/M/1", "math:"),
    EXACT("load.closed", "load", USED(closed_loop), "vus think", "so many users, each waits for its answer and thinks", "k6: constant-vus"),
    EXACT("load.clients", "load", NULL, "to start duration method name", "clients outside the mesh, with kept connections to a service's address", "sim/load/client.c"),

    /* ---- proxy: the core itself ---- */
    EXACT("http1", "proxy", NULL, "port", "HTTP/1.1 codec with every refusal", "RFC 9110, RFC 9112; llhttp; real Envoy (tests/peers)"),
    EXACT("routes", "proxy", USED(sidecars), NULL, "virtual hosts, routes, weighted clusters", "Envoy v3 API; real Envoy (tests/peers)"),
    EXACT("weights", "proxy", USED(weights), "weights versions", "shares by keyed draws", "route.proto: weighted_clusters"),
    EXACT("retry", "proxy", USED(retries), "retry", "conditions, back-off with full jitter, attempts; budget by max_retries", "Envoy: retry_policy; nginx and haproxy configured alike"),
    EXACT("timeout", "proxy", USED(timeouts), "connect_timeout", "route, per try, connect, idle", "Envoy: RouteAction.timeout"),
    EXACT("outlier", "proxy", USED(outlier), "outlier consecutive_5xx interval base_ejection_time max_ejection_percent min_health_percent", "consecutive 5xx, ejection time × count, max percent", "outlier_detection.proto"),
    EXACT("circuit", "proxy", USED(circuit), "circuit max_connections max_pending_requests max_requests max_retries counts_pending max_requests_per_connection", "per cluster and priority", "circuit_breaker.proto"),
    EXACT("balancer", "proxy", USED(sidecars), "balancer least_request_choices", "round robin, random, least request (two choices)", "cluster.proto: lb_policy; real Envoy"),
    MODEL("balancer.peak-ewma", "proxy", USED(peak_ewma), NULL, "power of two choices by peak EWMA; Linkerd's decay 10 s", 0, "shape, not Linkerd's own code", "linkerd2-proxy: pool/p2c", NULL, NULL),
    EXACT("panic", "proxy", USED(panics), "panic locality_failover anywhere", "below so many healthy endpoints all are used", "healthy_panic_threshold"),
    EXACT("policy", "proxy", USED(own_policy), "policy profile base", "a service's policy reaches its callers' sidecars by the control plane's translation", "meshcore/control"),
    MODEL("linkerd.proxy", "proxy", USED(linkerd), NULL, "Linkerd's defaults on our core, not linkerd2-proxy: queues and load shedding differ", 0, "policy, not code", "linkerd2-proxy 29637b64", NULL, NULL),
    IGNORED("http2", "proxy", NULL, NULL, NULL, "HTTP/2 between sidecars (HBONE, gRPC): they speak HTTP/1.1", "RFC 9113"),

    /* ---- identity ---- */
    EXACT("tls", "identity", USED(identity), "mtls", "OpenSSL itself over memory buffers: TLS 1.3, X.509-SVIDs, the same bytes", "OpenSSL 3; RFC 8446"),
    EXACT("identity.rules", "identity", USED(identity), "identity trust_domain clock_skew_leeway anchors_are_keys", "validity, SAN, chain, usage", "SPIFFE X509-SVID; RFC 5280"),
    EXACT("pki.renewal", "identity", USED(identity), "pki ttl workload_ttl root_ttl renew_at renew_jitter retry_base retry_at retry_max", "renewal at a share of the lifetime, back-off of each mesh, over the simulated network", "istio: nodeagent; linkerd2-proxy: certify.rs"),
    IGNORED("policy.mtls", "identity", USED(mtls_without_identity), NULL, "mtls. pki. handshakes", "mtls = … of a service in a profile without identities: there is nothing to prove it with", "sim/run/traffic.c"),

    /* ---- control plane ---- */
    MODEL("push.debounce", "control", USED(pushes), "push debounce_quiet debounce_max control_plane", "changes are gathered until it is quiet, at most so long", 100, NULL, "PILOT_DEBOUNCE_AFTER, PILOT_DEBOUNCE_MAX", NULL, &debounce),
    MODEL("push.transport", "control", USED(pushes), NULL, "a push is one message of the length of its protobuf form; nonces, acknowledgements and back-off are real", 0, "delta and ordering between types are not there", "xDS protocol", NULL, NULL),
    MODEL("push.cost", "control", USED(pushes), "sidecars", "the control plane's CPU and its queue of pushes", 0, "translation costs nothing; proxies pay per resource", "pilot/pkg/xds", NULL, NULL),
    EXACT("translation", "control", USED(sidecars), NULL, "registry → listeners, routes, clusters, endpoints as the mesh writes them", "istio: pilot/pkg/networking; control's tests"),

    /* ---- rollouts ---- */
    EXACT("rollout", "rollout", USED(rollout), "rollouts from target analysis threshold step_weight max_weight min max_weight quantile metrics deadline on_inconclusive manual", "Flagger's fields and decisions", "flagger: pkg/controller/scheduler.go"),
    EXACT("rollout.metrics", "rollout", USED(rollout), NULL, "scraped as text from each sidecar over the simulated network; what cannot be had is not known", "Prometheus text format"),

    /* ---- what is asked ---- */
    EXACT("counts", "check", NULL, "src dst version status flags phase window since until till result state subject kind opened_before alive", "every call is counted at its client; none is sampled", "sim/check"),
    MODEL("quantiles", "check", USED(thresholds), NULL, "from log-linear histograms: a quantile is its bucket's upper end", 16, NULL, "base/hist.h: 64 buckets per power of two", NULL, NULL),
    EXACT("thresholds", "check", USED(thresholds), "thresholds abort_on_fail delay min_samples", "judged at the end over the whole run", "k6"),
    EXACT("invariants", "check", USED(invariants), "invariants", "judged at every event", "sim/run/invariants.c"),
    EXACT("scenario", "check", NULL, "topology profiles seed seeds variables kubernetes mode value expect_fail pending tags text why steady_state replicas", "what a script says", "docs/scenarios.md"),

    /* ---- faults ---- */
    FAULT(partition, "segments between two groups vanish, from the instant on, both ways or one"),
    FAULT(blackhole, "segments of pods vanish"),
    FAULT(delay, "segments are late by a constant"),
    FAULT_MODEL(jitter, "never reorders a stream", "segments are late by a draw"),
    FAULT(loss, "segments are lost by keyed draws"),
    FAULT_MODEL(bandwidth, "judged when a burst is sent", "segments queue for a slow line"),
    FAULT(abort, "Envoy's fault filter: requests are answered with an error"),
    FAULT(http_delay, "Envoy's fault filter: requests wait"),
    FAULT_MODEL(crash, "readiness as the platform model", "processes die at once; peers see RST"),
    FAULT(pause, "processes stand still as under SIGSTOP; their kernels go on"),
    FAULT_MODEL(slow, "all work alike", "applications' work takes a factor longer"),
    FAULT(cert_expire, "leaf certificates run out now"),
    FAULT(ca_outage, "the certificate authority does not issue"),
    FAULT(dns, "names are not resolved, late, or stale"),
    FAULT(dns_race, "pairs of queries lose one"),
    FAULT(machine_down, "a machine and its kubelet are gone"),
    FAULT_MODEL(cpu_limit, "as cpu.quota", "a container's quota is smaller"),
    FAULT(slow_cpu, "CPU of a container takes a factor longer"),
    FAULT_MODEL(memory_leak, "grows evenly, killed as memory says", "a container's working set grows"),
    FAULT_MODEL(gc_pause, "as gc", "all threads of a container stand still now and then"),
    FAULT(oom, "SIGKILL with reason OOMKilled"),
    FAULT(mtu, "IP packets over a size vanish without ICMP; no probing of smaller ones (net.ipv4.tcp_mtu_probing is 0)"),
    FAULT_MODEL(conntrack_drop, "an idle connection is forgotten in both directions at once, and for ever", "a table on the way forgets idle connections: silence or RST"),
    FAULT(half_open, "packets of older connections vanish"),
    FAULT_MODEL(reset, "the sender's end is told at once, the other one when the RST arrives", "connections that carry something are cut by an RST to both ends"),
    FAULT(refuse, "SYNs are answered with RST"),
    FAULT(port_exhaustion, "connect fails with EADDRNOTAVAIL"),
    FAULT(clock_skew, "machines' wall clocks are wrong"),
    {NULL, NULL, SIM_LEDGER_EXACT, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};
