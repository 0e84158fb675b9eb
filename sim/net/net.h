/* The virtual network: pods with addresses, services with virtual ones, TCP between them, DNS, capture.
 *
 * Sockets belong to processes (one guest each; sim/host embeds struct sim_process in its containers).
 * The network never steps a guest: when something is ready for one it says so (`ready`), and the host
 * takes the next event of that end with sim_end_take when the guest's turn has come. Between the two
 * lies the kernel: receive buffer, accept queue.
 *
 * TCP is modelled per burst. What a guest sends in one step on one stream leaves as one burst and is
 * one event where it arrives; what the windows hold back leaves when ACKs make room (on lines of limited
 * rate, in pieces of an eighth of the window), so that each burst is judged when it departs. There are
 * no events for ACKs. The time of arrival comes from the path (latency; jitter, which never reorders a
 * stream; queues of limited rate, first in, first out), from the windows (window.c: Linux's CUBIC with
 * HyStart, slow start also after an idle time of one RTO), and from segments lost (loss.c). A SYN goes out
 * at 0, 1, 3, 7, 15, 31, 63 s and is given up at 127 s; content after a probe and retries2 time-outs.
 *
 * The path is judged when a burst departs and again, as to cuts, when it arrives: what is in flight keeps
 * the delay and the place in the queue that it got, as on a wire, but not past a cut. An accept queue that
 * is full drops SYNs, and the last packet of handshakes: the client believes to be connected then, and
 * what it sends is not acknowledged. A process that ends leaves FIN (RST if there was unread data); a pod
 * or machine that loses its power leaves silence: its peers are half open, and get an RST once the address
 * answers again. Keep-alive probes are events only while somebody may be silent.
 */
#ifndef SIM_NET_NET_H
#define SIM_NET_NET_H

#include "base/list.h"
#include "base/pool.h"
#include "base/str.h"
#include "host/host.h"
#include "sim/engine/engine.h"
#include "sim/net/rule.h"
#include "sim/plan/plan.h"

struct sim_net;
struct sim_end;
struct sim_process;

enum { SIM_NO_POD = UINT32_MAX };
enum {
    SIM_HIGH_MARK = 256 * 1024,     /* bytes of one stream that the network still holds: CLOGGED above */
    SIM_LOW_MARK = 64 * 1024,       /* … DRAINED under; as the live host */
    SIM_SEGMENT_OVERHEAD = 66,      /* Ethernet 14, IPv4 20, TCP with timestamps 32; counted against rates only */
    SIM_SYN_BACKOFFS_MAX = 32,
    SIM_EXCLUDED_PORTS = SIM_PORTS_MAX + 2, /* and the mesh's own */
};

/* ---- processes ---- */

struct sim_process_type {
    /* END has something for the guest. Said once until sim_end_take has found it empty. */
    void (*ready)(struct sim_process *process, struct sim_end *end);
    void (*resolved)(struct sim_process *process, uint32_t query, enum mc_stream_reason reason,
                     const struct mc_addr *addrs, uint32_t count, mc_ns ttl);
};

struct sim_process { /* embedded in its owner */
    const struct sim_process_type *type;
    struct sim_net *net;
    uint32_t pod;
    bool sidecar;              /* its own traffic is not captured */
    bool around_capture;       /* nor that which it opens to other pods: it stands for something that asks behind the redirection */
    struct sim_socket_plan sockets; /* of what it opens and listens at from now on; may be set at any time */
    struct mc_link ends;       /* private from here */
    struct mc_link listeners;
    struct mc_link queries;
    struct sim_end **table;    /* by stream id */
    uint32_t used, capacity;
    struct mc_link flush;      /* ends with something to transmit */
};

void sim_process_init(struct sim_process *process, const struct sim_process_type *type, struct sim_net *net, uint32_t pod, bool sidecar);
enum sim_leave {
    SIM_LEAVE_KERNEL, /* the process is gone, its kernel closes: FIN, or RST if data was not read */
    SIM_LEAVE_SILENT, /* the kernel is gone with it */
};
/* Lets go of all its sockets. The process may be used again, for the next guest. Idempotent. */
void sim_process_leave(struct sim_process *process, enum sim_leave how);

/* Carries out one action of its guest (all kinds but EXIT; a slice moves). sim_process_flush after the
 * last one of a step. Unknown streams are ignored: the end may be over. */
void sim_process_act(struct sim_process *process, const struct mc_action *action);
void sim_process_flush(struct sim_process *process);

/* The next event of END for its guest (now and wall are the caller's to fill in). False: there is none.
 * If that was the last for now, the end is unlinked from its turn, and said to be ready again later; END
 * is gone after a terminal event. PIECE: at most so many bytes of DATA; 0: no bound. */
bool sim_end_take(struct sim_end *end, uint32_t piece, struct mc_event *event);
uint64_t sim_end_stream(const struct sim_end *end);
/* Of END, the owner's: linked while it waits for its guest's turn. */
struct mc_link *sim_end_turn(struct sim_end *end);
struct sim_end *sim_end_of_turn(struct mc_link *link);

/* ---- the network ---- */

struct sim_net_options {
    struct mc_pool *pool;
    struct sim_engine *engine;
    uint64_t seed;
    const struct sim_kernel *kernel;  /* copied; zero members: Linux's defaults */
    const struct sim_topology *paths; /* its four terms are copied; NULL: all zero */
};

struct sim_net *sim_net_new(const struct sim_net_options *options); /* NULL refuses */
void sim_net_free(struct sim_net *net); /* every process has left */
/* The interface of a machine in each direction; 0: no limit. Before there is traffic. False refuses. */
bool sim_net_set_nic(struct sim_net *net, uint32_t machine, uint64_t bits_per_second);

/* Pods are numbered 0, 1, … in the order of adding; addresses are 10.128.0.0/9 + number + 1. False refuses. */
struct sim_place {
    uint32_t machine, zone, region; /* numbers; equality is what counts */
};
bool sim_net_add_pod(struct sim_net *net, struct sim_place place, uint32_t *pod);
struct mc_addr sim_net_addr(const struct sim_net *net, uint32_t pod, uint16_t port);
uint32_t sim_net_pod_of(const struct sim_net *net, struct mc_addr addr); /* SIM_NO_POD */
/* A pod that is down answers nothing: packets to it vanish. Pods are up when added. */
void sim_net_set_up(struct sim_net *net, uint32_t pod, bool up);
bool sim_net_is_up(const struct sim_net *net, uint32_t pod);
void sim_net_limit_ports(struct sim_net *net, uint32_t pod, uint32_t ports); /* towards one address; 0: the kernel's range */

struct sim_capture {
    bool on;
    uint16_t outbound_port, inbound_port; /* 15001, 15006 */
    uint16_t excluded_outbound[SIM_EXCLUDED_PORTS], excluded_inbound[SIM_EXCLUDED_PORTS]; /* 0 ends */
};
/* How far POD is from every other one, on top of the path: a host outside. */
void sim_net_set_distance(struct sim_net *net, uint32_t pod, mc_ns one_way);
void sim_net_set_capture(struct sim_net *net, uint32_t pod, const struct sim_capture *capture);

struct sim_pod_counts {
    uint64_t opened, accepted, failed; /* connections: asked for, accepted, not established */
    uint64_t overflows;                /* connections and content that found an accept queue full */
    uint64_t no_port;                  /* connections for which no port was free */
    uint64_t segments_out, segments_lost, retransmitted, bytes_out, bytes_in;
    uint32_t ends;                     /* now */
};
struct sim_pod_counts sim_net_counts(const struct sim_net *net, uint32_t pod);

/* ---- services and names ---- */

/* A service has a virtual address (10.96.0.0/12 + number + 1) and a name for DNS. Services are numbered
 * 0, 1, …. A pod whose traffic is not captured and that connects to VIP:port gets one of the endpoints,
 * drawn per connection, as kube-proxy in iptables mode does; none: refused. */
bool sim_net_add_service(struct sim_net *net, struct mc_str name, uint16_t port, uint32_t *service);
struct mc_addr sim_net_vip(const struct sim_net *net, uint32_t service); /* with its port */
struct sim_backend {
    uint32_t pod;
    uint16_t port;
};
bool sim_net_set_backends(struct sim_net *net, uint32_t service, const struct sim_backend *backends, uint32_t count);
/* NAME resolves to ADDR from now on (several times: several addresses, at most 16). */
bool sim_net_add_name(struct sim_net *net, struct mc_str name, struct mc_addr addr);
/* The pod whose address queries go to; the path there counts. SIM_NO_POD: answers come at once. */
void sim_net_set_resolver(struct sim_net *net, uint32_t pod);
void sim_net_set_ttl(struct sim_net *net, mc_ns ttl); /* of answers; 30 s (CoreDNS' kubernetes plugin: 5 s; its cache: 30 s) */

#endif
