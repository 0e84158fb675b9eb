/* How the network keeps its things. Private to sim/net.
 *
 * A connection has two ends (sockets) and two flows; flow d carries bytes from end d to end 1 - d. All
 * bytes of a flow stand in one queue: first those that have arrived and were not read, then those in
 * flight, then those unsent. Bursts only count them, so that a slice is never moved or copied.
 */
#ifndef SIM_NET_PARTS_H
#define SIM_NET_PARTS_H

#include "base/list.h"
#include "base/map.h"
#include "base/rand.h"
#include "sim/net/dns.h"
#include "sim/net/grow.h"
#include "sim/net/net.h"

enum { SIM_RULES_ON_PATH = 32 }; /* rules that can act on one path; more are not looked at */
enum { SIM_ADDRS_PER_NAME = 16 };
enum { SIM_IP_OVERHEAD = 52 };   /* IPv4 20, TCP with timestamps 32: what an MTU counts beside the bytes */

/* ---- rules and paths ---- */

struct sim_bits { /* a set of pods */
    uint64_t *words;
    uint32_t count;
    bool all;
};

bool sim_bits_set(struct sim_net *net, struct sim_bits *bits, const uint32_t *pods, uint32_t count); /* PODS NULL: all; false refuses */
bool sim_bits_has(const struct sim_bits *bits, uint32_t pod);

struct sim_rule {
    struct mc_link link; /* net->rules, by id */
    uint32_t id;
    struct sim_rule_spec spec; /* its pod arrays are not kept */
    struct sim_bits from, to;
    struct sim_rule_counts counts;
    mc_ns since;
    uint64_t seen; /* packets looked at */
    uint64_t hits;
    mc_ns *busy;   /* per sending pod: when its queue at the limit is empty */
    uint32_t busy_count;
};

struct sim_path {
    mc_ns latency, jitter; /* of the base terms */
    uint32_t loss_ppm;
    uint64_t bits_per_second;
    mc_ns idle;         /* of the base terms; 0: never forgets */
    bool idle_reset;
    mc_ns *busy; /* of the base rate's queue */
    uint32_t from;
    struct sim_rule *rules[SIM_RULES_ON_PATH];
    uint32_t rule_count;
};

struct sim_judged { /* a burst of packets at its departure */
    mc_ns delay, jitter; /* of the whole way */
    uint32_t lost;       /* packets */
    uint32_t lost_bytes; /* … theirs */
    uint32_t before;     /* packets before the first that was */
    uint32_t behind;     /* packets that were not lost behind it */
    uint32_t tail;       /* packets lost at the end, none behind them */
    bool refused, reset; /* by a rule */
};

struct sim_stack;
struct sim_flow;
struct sim_conn;

void sim_path_find(struct sim_net *net, const struct sim_stack *from, const struct sim_stack *to, struct sim_path *path);
mc_ns sim_path_latency(const struct sim_path *path); /* with the rules' */
/* Judges PACKETS that arrive: does a rule let nothing through? */
bool sim_path_is_cut(struct sim_net *net, const struct sim_stack *from, const struct sim_stack *to, uint32_t packets, struct sim_conn *conn);
/* PACKETS pass; ENTITY and *ORDINAL key their draws, CONN counts as touched. */
struct sim_judged sim_path_judge(struct sim_net *net, const struct sim_path *path, uint64_t entity, uint64_t *ordinal,
                                 uint32_t packets, struct sim_conn *conn);
/* The same of packets that hold BYTES, all but the last of them full: for rules that go by size. */
struct sim_judged sim_path_judge_bytes(struct sim_net *net, const struct sim_path *path, uint64_t entity, uint64_t *ordinal,
                                       uint32_t packets, uint32_t bytes, struct sim_conn *conn);
bool sim_path_is_slow(const struct sim_path *path); /* has a queue of limited rate */
/* After so long without a packet the path has forgotten a connection; 0: never. *RESET: and says so. */
mc_ns sim_path_idle(const struct sim_path *path, const struct sim_conn *conn, bool *reset);
void sim_path_touch_idle(const struct sim_path *path, struct sim_conn *conn); /* counts that it was forgotten */
/* When the last bit of BYTES in PACKETS that are ready at AT has passed all queues of limited rate. */
mc_ns sim_path_pass(struct sim_net *net, const struct sim_path *path, mc_ns at, uint64_t bytes, uint32_t packets);
mc_ns sim_path_jitter(struct sim_net *net, uint64_t entity, uint64_t ordinal, mc_ns delay, mc_ns jitter); /* drawn delay */
void sim_rules_fini(struct sim_net *net);

/* ---- pods ---- */

struct sim_ports { /* source ports towards one address */
    uint32_t used;
    uint32_t next;
    mc_ns wait; /* TIME_WAIT */
    struct sim_wait *first_wait, *last_wait; /* TIME_WAIT, by time */
};

struct sim_wait {
    mc_ns until;
    struct sim_wait *next;
};

struct sim_stack { /* of one pod */
    uint32_t number;
    struct sim_place place;
    bool up;
    mc_ns distance; /* of all paths to and from it, more */
    struct sim_capture capture;
    const struct sim_resolv *resolv; /* NULL: the net's */
    struct mc_link listeners; /* all processes' */
    struct sim_pod_counts counts;
    uint64_t opens; /* ordinal of per-connection draws */
    uint32_t ports; /* towards one address; 0: the kernel's */
};

struct sim_listener {
    struct mc_link of_stack, of_process;
    struct sim_process *process;
    uint32_t id;
    struct mc_addr addr;
    uint32_t backlog; /* connections that wait to be accepted */
    uint32_t most;    /* … so many, and one more (sk_acceptq_is_full) */
};

/* ---- connections ---- */

enum { SIM_BURST_SYN = 1, SIM_BURST_SYNACK = 2, SIM_BURST_ACK = 4, SIM_BURST_REFUSED = 8, SIM_BURST_RST = 16, SIM_BURST_FIN = 32 };

struct sim_burst {
    mc_ns at;         /* arrives; or, waiting, is sent again */
    mc_ns departed;
    uint32_t bytes;
    uint32_t packets; /* still to be repaired, if waiting */
    uint32_t missing; /* bytes of these */
    uint8_t flags, tries;
    bool waiting;
    bool fast;        /* later packets have arrived: not a time-out */
    bool probed;      /* the tail probe was sent */
};

struct sim_flow {
    struct sim_entry entry;
    struct sim_origin origin;   /* number: connection × 2 + direction */
    struct sim_conn *conn;
    struct mc_slices bytes;
    uint64_t arrived, flying, unsent;
    struct sim_burst *bursts;   /* ring */
    uint32_t head, count, capacity;
    uint32_t later;             /* packets that arrived behind a lost head */
    mc_ns update_at;            /* goes on transmitting then; MC_NEVER */
    mc_ns last_arrival, last_sent;
    uint64_t outstanding;       /* bytes whose ACK has not come; while there is no window: until acked_at */
    mc_ns acked_at;
    struct sim_window *window;  /* NULL: the initial one, never filled by half */
    uint64_t ordinal, burst_ordinal;
    bool blocked;               /* by the receive window */
    bool fin_asked, fin_queued;
    struct sim_share *share;    /* of its machines' interfaces; NULL: none */
};

/* From sender to receiver and back, as it is now. */
struct sim_way {
    struct sim_path path;
    mc_ns back, round_trip;
};

enum sim_socket {
    SIM_SOCKET_NONE,
    SIM_SOCKET_OPENING,
    SIM_SOCKET_LIVE,
    SIM_SOCKET_LINGER, /* nobody's any more; what was sent still goes out */
    SIM_SOCKET_DEAD,
};

struct sim_end {
    struct sim_conn *conn;
    struct sim_process *process; /* NULL: nobody's */
    struct sim_listener *listener; /* until it is accepted */
    struct mc_link of_process, turn, flush;
    mc_stream id;
    uint64_t credit;
    uint32_t listener_id;
    enum mc_stream_reason reason;
    uint8_t side, socket;
    bool announced;                /* the process knows that something is ready */
    bool told;                     /* the guest knows of the stream (OPENED, ACCEPTED) */
    bool opened, failed, reset;    /* to be told */
    bool clog, drain;              /* to be told */
    bool clogged;                  /* as told or to be told */
    bool fin_arrived, end_told;
    bool queued;                   /* stands in the accept queue, or has left it for the guest */
};

struct sim_conn_record {
    uint64_t number;             /* 1, 2, …; never again */
    uint32_t from, to;           /* pods; SIM_NO_POD: an address that nobody has */
    bool from_sidecar, to_sidecar;
    struct mc_addr source, target, original; /* target: as connected to, after capture and VIP; original: as asked for */
    mc_ns opened_at;
    enum mc_stream_reason reason; /* when closed */
};

struct sim_conn {
    struct mc_link link;           /* net->conns */
    struct sim_net *net;
    struct sim_conn_record record;
    struct sim_end ends[2];
    struct sim_flow flows[2];
    struct sim_stack *stacks[2];   /* [1] NULL: nobody has the address */
    struct sim_ports *ports;
    struct sim_pulse *pulse;       /* keep-alive probes of a peer that may be silent; NULL: none */
    mc_ns synack_at;
    uint64_t touched;              /* bit per rule id modulo 64 … */
    uint32_t touched_era;          /* … of this block of 64 ids */
    uint32_t refs;
    uint32_t syn_tries;
    int8_t closer;                 /* side of the first FIN; -1 */
    bool established, refuse;
    bool forgotten;                /* by something on its way: whatever it sends vanishes */
    bool settling;                 /* is being freed */
};

/* flow.c: bursts on their way */
void sim_flow_init(struct sim_flow *flow, struct sim_conn *conn, int direction);
void sim_flow_fini(struct sim_flow *flow);
void sim_flow_clear(struct sim_flow *flow);     /* drops everything, also what has arrived */
void sim_flow_send(struct sim_flow *flow, uint8_t flags); /* a burst without bytes, now */
void sim_flow_transmit(struct sim_flow *flow);  /* what the windows allow of what is unsent */
void sim_flow_read(struct sim_flow *flow);      /* some of what has arrived was read */
void sim_flow_schedule(struct sim_flow *flow);
bool sim_flow_is_idle(const struct sim_flow *flow);
/* A SYN or SYN-ACK that will be sent again at AT, the TRIES-th time. */
void sim_flow_send_later(struct sim_flow *flow, uint8_t flags, mc_ns at, uint32_t tries);
void sim_flow_find_way(const struct sim_flow *flow, struct sim_way *way);
struct sim_stack *sim_flow_sender(const struct sim_flow *flow);
struct sim_stack *sim_flow_receiver(const struct sim_flow *flow);
void sim_flow_drop_head(struct sim_flow *flow);
void sim_flow_once_lost(struct sim_flow *flow, uint8_t flags); /* a burst with these, that is not repeated */
extern const struct sim_entry_type sim_flow_type;

static inline struct sim_burst *sim_flow_burst(const struct sim_flow *flow, uint32_t index)
{
    return &flow->bursts[(flow->head + index) & (flow->capacity - 1)];
}

/* loss.c: what becomes of a burst that departs; what is sent again, and when */
mc_ns sim_loss_rto(struct sim_flow *flow, const struct sim_way *way);
/* BURST departs now. False: the path answered with RST, the flow is empty and BURST gone. */
bool sim_loss_depart(struct sim_flow *flow, const struct sim_way *way, struct sim_burst *burst);
void sim_loss_hint(struct sim_flow *flow, const struct sim_way *way, const struct sim_burst *burst); /* of what arrives behind a lost head */
void sim_loss_retransmit(struct sim_flow *flow, struct sim_burst *head);
void sim_loss_in_flight(struct sim_flow *flow, struct sim_burst *head); /* it did not arrive */
void sim_loss_wait(struct sim_flow *flow, const struct sim_way *way, struct sim_burst *burst, mc_ns from); /* for a time-out */

/* window.c: congestion control */
enum { SIM_ACK_PLAIN, SIM_ACK_LOSS /* tells of losses: repaired at `until` */ };
struct sim_ack {
    mc_ns at, sent, until;
    uint32_t bytes, packets;
    uint8_t kind;
};
bool sim_window_need(struct sim_flow *flow); /* from now on its windows are kept; false refuses */
void sim_window_free(struct sim_flow *flow);
/* How many of BYTES may leave now. */
uint64_t sim_window_room(struct sim_flow *flow, const struct sim_way *way, uint64_t bytes);
uint64_t sim_window_piece(const struct sim_flow *flow, const struct sim_way *way); /* at most so many as one burst */
void sim_window_sent(struct sim_flow *flow, uint64_t bytes, bool limited);
void sim_window_ack(struct sim_flow *flow, const struct sim_ack *ack); /* will come */
void sim_window_lost(struct sim_flow *flow);      /* whole bursts were, and a probe or later ones have told */
void sim_window_timed_out(struct sim_flow *flow);
void sim_window_trips(struct sim_flow *flow, mc_ns *trip, mc_ns *varies); /* as measured, where that is more */
mc_ns sim_window_stalled(struct sim_flow *flow, mc_ns at); /* since when nothing has been acknowledged; AT, if it is news */
mc_ns sim_window_next(const struct sim_flow *flow); /* when the next ACK comes; MC_NEVER */

static inline int sim_flow_side(const struct sim_flow *flow)
{
    return (int)(flow - flow->conn->flows);
}

/* conn.c: connecting, ending */
struct sim_end *sim_conn_open(struct sim_process *process, mc_stream id, struct mc_addr to);
void sim_conn_settle(struct sim_conn *conn);   /* frees it if nothing is left to happen */
void sim_conn_arrive(struct sim_flow *flow, const struct sim_burst *burst);
void sim_conns_fini(struct sim_net *net);       /* those that nobody holds any more */
void sim_conn_syn_again(struct sim_conn *conn);
void sim_conn_syn_failed(struct sim_conn *conn, enum mc_stream_reason reason);
void sim_end_detach(struct sim_end *end, enum sim_socket socket);
void sim_end_break(struct sim_end *end, enum mc_stream_reason reason); /* the guest is told RESET */
void sim_end_cut(struct sim_end *end);         /* RST to the peer, nobody's any more */
void sim_end_ready(struct sim_end *end);
bool sim_end_has_news(const struct sim_end *end); /* something for the guest */
void sim_end_measure(struct sim_end *end);     /* CLOGGED, DRAINED */
struct sim_listener *sim_stack_listener(struct sim_stack *stack, uint16_t port);
/* Has END, that BURST is for, a place in its accept queue, or gets one now? */
bool sim_end_admits(struct sim_end *end);
void sim_conn_ack_lost(struct sim_conn *conn); /* the third packet of the handshake, or there was no place */
void sim_conn_syn_times_out(struct sim_conn *conn); /* the SYN-ACK was repeated often enough */
mc_ns sim_kernel_timer(const struct sim_kernel *kernel, mc_ns now, mc_ns wait); /* when a timer that is set NOW goes off */
mc_ns sim_syn_time(const struct sim_kernel *kernel, uint32_t tries); /* after the first, the (tries + 1)-th is sent */

/* ports.c */
struct sim_ports *sim_ports_of(struct sim_net *net, uint32_t pod, struct mc_addr to, bool inside); /* NULL refuses */
bool sim_ports_take(struct sim_net *net, struct sim_ports *ports, uint32_t limit, uint16_t *port); /* false: none is free; LIMIT 0: the range's */
void sim_ports_give(struct sim_net *net, struct sim_ports *ports, bool time_wait);
void sim_ports_fini(struct sim_net *net);

/* route.c: capture, virtual addresses */
struct sim_routed {
    struct mc_addr target;   /* where the listener is looked for */
    struct mc_addr original;
    uint32_t pod;            /* SIM_NO_POD: nobody's */
    bool refused;            /* a service without endpoints */
    bool inside;             /* stays within the pod */
};
void sim_route(struct sim_net *net, struct sim_stack *from, const struct sim_process *process, struct mc_addr to, struct sim_routed *routed);

/* keepalive.c: probes of idle connections */
void sim_pulses_begin(struct sim_net *net);      /* somebody may be silent from now on */
void sim_pulse_begin(struct sim_conn *conn);
void sim_pulse_end(struct sim_conn *conn);
bool sim_pulse_keeps(const struct sim_conn *conn, mc_ns idle); /* probes come often enough */

/* nic.c: interfaces of limited rate */
mc_ns sim_nic_turn(struct sim_flow *flow, const struct sim_way *way); /* not before then may its next burst leave */
mc_ns sim_nic_pass(struct sim_flow *flow, mc_ns at, uint64_t bytes, uint32_t packets); /* as sim_path_pass */
uint64_t sim_nic_piece(const struct sim_flow *flow); /* at most so many bytes as one burst */
void sim_nic_leave(struct sim_flow *flow);
void sim_nics_fini(struct sim_net *net);

/* process.c */
bool sim_process_map(struct sim_process *process, struct sim_end *end); /* by end->id; false refuses */
void sim_process_unmap(struct sim_process *process, struct sim_end *end);
struct sim_end *sim_process_find(const struct sim_process *process, mc_stream id);

/* dns.c, dns_name.c */
void sim_resolve(struct sim_process *process, uint32_t query, struct mc_str name);
void sim_resolve_forget(struct sim_process *process);
void sim_names_fini(struct sim_net *net);
void sim_dns_fini(struct sim_net *net);

/* ---- the net ---- */

struct sim_service_record {
    uint16_t port;
    struct sim_backend *backends;
    uint32_t count;
    bool headless; /* its names are answered with the backends */
};

struct sim_name {
    struct mc_addr addrs[SIM_ADDRS_PER_NAME];
    uint32_t count;   /* 0: known not to exist, outside */
    bool outside;
    mc_ns kept_until; /* the resolver has the answer of those outside */
};

struct sim_dns_server {
    uint32_t pod;
    mc_ns *busy; /* per worker: when it is free */
};

struct sim_dns {
    struct sim_dns_plan plan;
    struct sim_dns_server *servers; /* none: net->resolver, without a bound */
    uint32_t server_count, server_capacity;
    const struct sim_resolv *resolv;
    struct mc_map kept; /* by NodeLocal DNSCache: machine and name → struct sim_kept */
    struct mc_link rules;
    uint32_t rule_count, last_rule;
    struct sim_dns_counts counts;
};

enum { SIM_TERMS_MACHINE, SIM_TERMS_ZONE, SIM_TERMS_REGION, SIM_TERMS_FAR, SIM_TERMS };

struct sim_machine_links {
    mc_ns busy[SIM_TERMS]; /* when the machine's queue for that kind of path is empty */
};

struct sim_net {
    struct mc_pool *pool;
    struct sim_engine *engine;
    uint64_t seed;
    struct sim_kernel kernel;
    uint32_t payload; /* of a full segment */
    struct sim_path_terms terms[SIM_TERMS];
    struct sim_stack **stacks;
    uint32_t stack_count, stack_capacity;
    struct sim_machine_links *links;
    uint32_t link_count;
    struct sim_nic *nics; /* by machine */
    uint32_t nic_count;
    struct mc_link shares;
    uint32_t share_count;
    struct sim_service_record *services;
    uint32_t service_count, service_capacity;
    struct mc_map names, ports;
    struct mc_link rules, conns;
    uint32_t rule_count, last_rule;
    uint64_t last_conn, last_stream, queries;
    uint32_t resolver;
    mc_ns ttl;
    struct sim_dns dns;
};

static inline struct sim_stack *sim_net_stack(const struct sim_net *net, uint32_t pod)
{
    return pod < net->stack_count ? net->stacks[pod] : 0;
}

static inline uint64_t sim_scale(uint64_t a, uint64_t b, uint64_t c) /* a × b / c */
{
    return (uint64_t)((unsigned __int128)a * b / c);
}

static inline uint32_t sim_packets_of(const struct sim_net *net, uint64_t bytes)
{
    return bytes ? (uint32_t)((bytes + net->payload - 1) / net->payload) : 1;
}

#endif
