#include "sim/fault/fault_parts.h"

#define PARAMETERS(list) .parameters = (list), .parameter_count = MC_COUNT_OF(list)
#define FROM_TO(otherwise_direction) \
    {"from", SIM_PARAM_SELECTOR, true, NULL, NULL, "who is cut off, or sends"}, \
    {"to", SIM_PARAM_SELECTOR, false, NULL, "everything else", "from whom, or who receives"}, \
    {"direction", SIM_PARAM_CHOICE, false, "both to from", otherwise_direction, "of the packets: from -> to, to -> from, or both"}
#define ON {"on", SIM_PARAM_SELECTOR, true, NULL, NULL, "the pods"}

const struct sim_parameter sim_fault_common[] = {
    {"percent", SIM_PARAM_SHARE, false, NULL, "all", "share of what it could act on (packets, requests, pods)"},
    {"first", SIM_PARAM_COUNT, false, NULL, "all", "only so many"},
    {"every", SIM_PARAM_COUNT, false, NULL, "each", "only every n-th"},
    {"skip", SIM_PARAM_COUNT, false, NULL, "none", "not the first n"},
    {"duration", SIM_PARAM_DURATION, false, NULL, "until it is cleared", "how long"},
    {"after", SIM_PARAM_FAULT, false, NULL, "now", "starts when that fault is cleared"},
};
const uint32_t sim_fault_common_count = MC_COUNT_OF(sim_fault_common);

static const struct sim_parameter of_partition[] = {FROM_TO("both")};
static const struct sim_parameter of_blackhole[] = {
    ON,
    {"to", SIM_PARAM_SELECTOR, false, NULL, "everyone", "only packets to and from these"},
    {"direction", SIM_PARAM_CHOICE, false, "both to from", "both", "of the packets: sent by the pods, to them, or both"},
};
static const struct sim_parameter of_delay[] = {
    FROM_TO("to"),
    {"latency", SIM_PARAM_DURATION, true, NULL, NULL, "added to each packet, one way"},
    {"jitter", SIM_PARAM_DURATION, false, NULL, "none", "uniform in latency ± jitter"},
};
static const struct sim_parameter of_jitter[] = {
    FROM_TO("to"),
    {"jitter", SIM_PARAM_DURATION, true, NULL, NULL, "each packet later or earlier by up to this; streams keep their order"},
};
static const struct sim_parameter of_loss[] = {
    FROM_TO("to"),
    {"loss", SIM_PARAM_SHARE, false, NULL, "all that `percent` lets in", "chance of each packet to be lost"},
};
static const struct sim_parameter of_bandwidth[] = {
    FROM_TO("to"),
    {"rate", SIM_PARAM_RATE, true, NULL, NULL, "bits per second of each sending pod"},
};
static const struct sim_parameter of_dns[] = {
    {"on", SIM_PARAM_SELECTOR, false, NULL, "everyone", "whose queries"},
    {"name", SIM_PARAM_TEXT, false, NULL, "all names", "as it is asked for, or fully qualified"},
    {"mode", SIM_PARAM_CHOICE, false, "servfail nxdomain timeout slow stale flap", "servfail",
     "the answer: an error, does not exist, none, late, as it was when the fault began, one half of the addresses and then the other"},
    {"latency", SIM_PARAM_DURATION, false, NULL, "1s", "of slow"},
    {"period", SIM_PARAM_DURATION, false, NULL, "10s", "of flap: after which the answer changes"},
};
static const struct sim_parameter of_dns_race[] = {{"on", SIM_PARAM_SELECTOR, false, NULL, "everyone", "whose queries"}};
static const struct sim_parameter of_mtu[] = {
    FROM_TO("both"),
    {"size", SIM_PARAM_COUNT, true, NULL, NULL, "IP packets of more bytes vanish, and nobody is told (no ICMP); 1500 passes all"},
};
static const struct sim_parameter of_conntrack_drop[] = {
    FROM_TO("both"),
    {"idle", SIM_PARAM_DURATION, true, NULL, NULL, "a connection without a packet for longer is forgotten on the way"},
    {"answer", SIM_PARAM_CHOICE, false, "silence reset", "silence", "what its next packet meets: nothing (a NAT), or an RST (a load balancer)"},
};
static const struct sim_parameter of_half_open[] = {FROM_TO("both")};
static const struct sim_parameter of_reset[] = {FROM_TO("both")};
static const struct sim_parameter of_refuse[] = {FROM_TO("to")};
static const struct sim_parameter of_port_exhaustion[] = {
    ON,
    {"ports", SIM_PARAM_COUNT, true, NULL, NULL, "are left to each pod towards one address"},
};
static const struct sim_parameter of_crash[] = {
    ON,
    {"restart", SIM_PARAM_DURATION, false, NULL, "when it is cleared", "the pods run again after; then the fault is over"},
    {"how", SIM_PARAM_CHOICE, false, "process power", "process", "process: its kernel closes the connections; power: silence"},
};
static const struct sim_parameter of_machine_down[] = {
    {"on", SIM_PARAM_SELECTOR, true, NULL, NULL, "the machines of these pods"},
    {"how", SIM_PARAM_CHOICE, false, "power partition", "power",
     "power: silence; partition: its pods go on, the kubelet and the API server do not hear of each other"},
};
static const struct sim_parameter of_pause[] = {ON};
static const struct sim_parameter of_slow[] = {
    ON,
    {"factor", SIM_PARAM_FACTOR, true, NULL, NULL, "work takes so many times as long"},
};
#define CONTAINER {"container", SIM_PARAM_CHOICE, false, "app sidecar", "app", "which of the pod's"}
static const struct sim_parameter of_cpu_limit[] = {
    ON,
    CONTAINER,
    {"cpu", SIM_PARAM_CPU, true, NULL, NULL, "its quota; a smaller one of its own stays"},
};
static const struct sim_parameter of_slow_cpu[] = {
    ON,
    CONTAINER,
    {"factor", SIM_PARAM_FACTOR, true, NULL, NULL, "CPU takes so many times as long; waits do not"},
};
static const struct sim_parameter of_memory_leak[] = {
    ON,
    CONTAINER,
    {"per_second", SIM_PARAM_SIZE, true, NULL, NULL, "bytes; at its memory limit the container is killed"},
};
static const struct sim_parameter of_gc_pause[] = {
    ON,
    CONTAINER,
    {"pause", SIM_PARAM_DURATION, true, NULL, NULL, "how long all of its threads stand still"},
    {"interval", SIM_PARAM_DURATION, false, NULL, "1s", "from the end of one pause to the next"},
};
static const struct sim_parameter of_oom[] = {ON, CONTAINER};
static const struct sim_parameter of_abort[] = {
    {"to", SIM_PARAM_SELECTOR, true, NULL, NULL, "whose requests"},
    {"from", SIM_PARAM_SELECTOR, false, NULL, "everyone", "by = \"mesh\" only: requests of this service"},
    {"status", SIM_PARAM_STATUS, false, NULL, "503", "answered instead"},
    {"by", SIM_PARAM_CHOICE, false, "server mesh", "server", "server: the application; mesh: the callers' sidecars (a pushed route)"},
};
static const struct sim_parameter of_http_delay[] = {
    {"to", SIM_PARAM_SELECTOR, true, NULL, NULL, "whose requests"},
    {"from", SIM_PARAM_SELECTOR, false, NULL, "everyone", "by = \"mesh\" only: requests of this service"},
    {"latency", SIM_PARAM_DURATION, true, NULL, NULL, "before a request goes on"},
    {"by", SIM_PARAM_CHOICE, false, "server mesh", "server", "server: the application; mesh: the callers' sidecars (a pushed route)"},
};
static const struct sim_parameter of_cert_expire[] = {ON};
static const struct sim_parameter of_ca_outage[] = {
    {"mode", SIM_PARAM_CHOICE, false, "refuse blackhole slow error", "refuse", "cuts the connection, never answers, answers late, answers that it cannot"},
    {"latency", SIM_PARAM_DURATION, false, NULL, "30s", "of slow"},
};
static const struct sim_parameter of_clock_skew[] = {
    ON,
    {"offset", SIM_PARAM_OFFSET, true, NULL, NULL, "the machines' wall clocks are ahead by this, or behind if negative"},
};

static const struct sim_fault_type types[] = {
    {"partition", "network", "packets between two groups vanish", "fault.partition { from = \"@b\", duration = \"30s\" }",
     PARAMETERS(of_partition), .code = &fault_cut},
    {"blackhole", "network", "all packets of these pods vanish", "fault.blackhole { on = \"payments\" }", PARAMETERS(of_blackhole),
     .code = &fault_blackhole},
    {"delay", "network", "packets are late", "fault.delay { from = \"frontend\", to = \"cart\", latency = \"200ms\" }", PARAMETERS(of_delay),
     .code = &fault_delay},
    {"jitter", "network", "packets are late by chance", "fault.jitter { from = \"@a\", to = \"@b\", jitter = \"20ms\" }", PARAMETERS(of_jitter),
     .code = &fault_jitter},
    {"loss", "network", "packets are lost", "fault.loss { from = \"frontend\", to = \"cart\", loss = \"2%\" }", PARAMETERS(of_loss),
     .code = &fault_loss},
    {"bandwidth", "network", "packets queue for a slow line", "fault.bandwidth { from = \"db\", rate = \"10Mbps\" }", PARAMETERS(of_bandwidth),
     .code = &fault_bandwidth},
    {"mtu", "network", "large packets vanish: small requests pass, large ones hang", "fault.mtu { from = \"frontend\", to = \"cart\", size = 1400 }",
     PARAMETERS(of_mtu), .code = &fault_mtu},
    {"conntrack_drop", "network", "idle connections are forgotten on the way", "fault.conntrack_drop { from = \"frontend\", to = \"cart\", idle = \"350s\" }",
     PARAMETERS(of_conntrack_drop), .code = &fault_conntrack_drop},
    {"half_open", "network", "packets of connections that are there already vanish; new ones work", "fault.half_open { from = \"frontend\", to = \"cart\" }",
     PARAMETERS(of_half_open), .code = &fault_half_open},
    {"reset", "network", "connections are cut by an RST to both ends when they carry something", "fault.reset { from = \"frontend\", to = \"cart\", percent = \"1%\" }",
     PARAMETERS(of_reset), .code = &fault_reset},
    {"refuse", "network", "new connections are refused", "fault.refuse { from = \"frontend\", to = \"cart\", percent = \"50%\" }",
     PARAMETERS(of_refuse), .code = &fault_refuse},
    {"port_exhaustion", "state", "few source ports are left", "fault.port_exhaustion { on = \"frontend\", ports = 10 }",
     PARAMETERS(of_port_exhaustion), .code = &fault_port_exhaustion},
    {"dns", "dns", "names are answered wrongly, late or not at all", "fault.dns { mode = \"timeout\", name = \"api.example.com\", percent = \"10%\" }",
     PARAMETERS(of_dns), .code = &fault_dns},
    {"dns_race", "dns", "of A and AAAA from one socket the second is lost in conntrack's race, unless they are asked one by one", "fault.dns_race { percent = \"1%\" }",
     PARAMETERS(of_dns_race), .code = &fault_dns_race},
    {"abort", "http", "requests are answered with an error", "fault.abort { to = \"cart\", status = 503, percent = \"10%\" }",
     PARAMETERS(of_abort), .code = &fault_abort},
    {"http_delay", "http", "requests wait before they are worked on", "fault.http_delay { to = \"cart\", latency = \"2s\", percent = \"50%\" }",
     PARAMETERS(of_http_delay), .code = &fault_http_delay},
    {"crash", "state", "pods die at once", "fault.crash { on = pods { service = \"cart\", mode = \"one\" }, restart = \"10s\" }",
     PARAMETERS(of_crash), .code = &fault_crash},
    {"machine_down", "state", "machines are lost with all of their pods", "fault.machine_down { on = pods { service = \"cart\", mode = \"one\" } }",
     PARAMETERS(of_machine_down), .code = &fault_machine_down},
    {"pause", "state", "processes stand still; their kernels go on", "fault.pause { on = \"cart\", duration = \"5s\" }", PARAMETERS(of_pause),
     .code = &fault_pause},
    {"slow", "state", "applications work slowly", "fault.slow { on = \"stock\", factor = 5, duration = \"20s\" }", PARAMETERS(of_slow),
     .code = &fault_slow},
    {"cpu_limit", "resources", "a container has but so much CPU in each 100 ms", "fault.cpu_limit { on = \"cart\", cpu = \"200m\" }",
     PARAMETERS(of_cpu_limit), .code = &fault_cpu_limit},
    {"slow_cpu", "resources", "a container's CPU is slow", "fault.slow_cpu { on = \"cart\", container = \"sidecar\", factor = 3 }",
     PARAMETERS(of_slow_cpu), .code = &fault_slow_cpu},
    {"memory_leak", "resources", "a container's memory grows", "fault.memory_leak { on = \"cart\", per_second = \"5Mi\" }",
     PARAMETERS(of_memory_leak), .code = &fault_memory_leak},
    {"gc_pause", "resources", "a collector stops the world now and then", "fault.gc_pause { on = \"cart\", pause = \"300ms\", interval = \"2s\" }",
     PARAMETERS(of_gc_pause), .code = &fault_gc_pause},
    {"oom", "resources", "containers are killed for want of memory, once", "fault.oom { on = pods { service = \"cart\", mode = \"one\" } }",
     PARAMETERS(of_oom), .code = &fault_oom},
    {"cert_expire", "identity", "workloads' certificates run out now; clearing asks for new ones", "fault.cert_expire { on = \"reviews\" }",
     PARAMETERS(of_cert_expire), .code = &fault_cert_expire},
    {"ca_outage", "identity", "the certificate authority does not issue", "fault.ca_outage { mode = \"refuse\", duration = \"50m\" }",
     PARAMETERS(of_ca_outage), .code = &fault_ca_outage},
    {"clock_skew", "identity", "machines' wall clocks are wrong", "fault.clock_skew { on = \"api\", offset = \"-10m\" }",
     PARAMETERS(of_clock_skew), .code = &fault_clock_skew},
};

const struct sim_fault_type *const sim_fault_types[] = {
    &types[0], &types[1], &types[2], &types[3], &types[4], &types[5], &types[6], &types[7], &types[8], &types[9],
    &types[10], &types[11], &types[12], &types[13], &types[14], &types[15], &types[16], &types[17], &types[18], &types[19],
    &types[20], &types[21], &types[22], &types[23], &types[24], &types[25], &types[26], &types[27], NULL,
};
_Static_assert(MC_COUNT_OF(types) + 1 == MC_COUNT_OF(sim_fault_types), "each kind is listed");

const struct sim_fault_type *sim_fault_type_find(struct mc_str name)
{
    for (size_t i = 0; i < MC_COUNT_OF(types); i++)
        if (mc_str_eq(name, mc_str_c(types[i].name))) return &types[i];
    return NULL;
}
