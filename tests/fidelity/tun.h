/* Two network namespaces, joined by a TUN device each and by a thread that carries the packets over.
 *
 *     namespace A  10.77.0.1 ── tun ── the link, in real time ── tun ── 10.77.0.2  namespace B
 *
 * What the link does to a packet is decided by the simulator's own code, called with one packet at a time:
 * sim_path_find, sim_path_pass (queues of limited rate), sim_path_judge (keyed loss, rules), sim_path_jitter
 * on entering, sim_path_is_cut on leaving. Two things are of this file, as the simulator has them elsewhere:
 * that a flow's packets never overtake each other, and that a flow's draws are keyed by the number of its
 * connection × 2 + direction. A pure ACK, which the simulator has no event for, is subject to the same
 * link; its draws have ordinals of their own, so that those of the segments with bytes stay comparable.
 *
 * Everything belongs to the process: when it ends, by whatever, the namespaces and devices are gone. MTU
 * 1500; no offloads (the device has none without IFF_VNET_HDR); no metrics kept between connections. Which
 * congestion control is a matter of each socket (TCP_CONGESTION).
 * Needs CAP_SYS_ADMIN, or user namespaces and a /dev/net/tun that may be opened.
 */
#ifndef FIDELITY_TUN_H
#define FIDELITY_TUN_H

#include "base/time.h"
#include "sim/plan/plan.h"
#include <stdbool.h>
#include <stdint.h>

enum tun_side { TUN_A, TUN_B };
enum tun_packets { TUN_NO_PACKETS, TUN_SYN, TUN_SYNACK, TUN_DATA };

struct tun_drop { /* scripted loss, in each flow: COUNT packets of a kind from a side, after the first SKIP of them */
    enum tun_packets kind;
    enum tun_side from;
    uint32_t skip, count;
};

struct tun_world;

/* NULL: not possible here, WHY says what was missing. To be called while there is one thread. */
struct tun_world *tun_world_open(const char **why);
void tun_world_close(struct tun_world *world);

/* Sockets that this thread (and processes that it starts) make from now on are there. */
void tun_world_enter(struct tun_world *world, enum tun_side side);
const char *tun_world_file(struct tun_world *world, enum tun_side side); /* of the namespace, for other processes */
void tun_world_sysctl(struct tun_world *world, const char *name, const char *value); /* "net/ipv4/…", on both sides */
uint32_t tun_addr(enum tun_side side); /* host order */

/* The link from now on, with connections counted anew; nothing is on its way. */
void tun_world_link(struct tun_world *world, const struct sim_path_terms *terms, const struct tun_drop *drop, uint64_t seed);
void tun_world_cut(struct tun_world *world, bool from_a, bool from_b); /* false, false: whole again */

struct tun_counts {
    uint64_t packets, bytes, lost, cut;
    mc_ns late_total, late_max; /* beyond the time when a packet should have been delivered */
};
struct tun_counts tun_world_counts(struct tun_world *world); /* since tun_world_link */

mc_ns tun_now(void);
bool tun_hurry(int priority); /* this thread before all ordinary ones; false: not allowed */

#endif
