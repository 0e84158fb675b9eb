/* Interfaces of machines: a rate in each direction.
 *
 * What is small (up to an initial window unsent) stands in one queue per direction, first in, first out.
 * A flow with more to send gets a share: max-min fair by progressive filling over the sending and the
 * receiving side of all interfaces (Bertsekas and Gallager, Data Networks, §6.5.2), worked out anew only
 * when such a flow begins or has nothing left on its way. Its bursts leave one after the other at that
 * rate. Limits: small traffic and shares do not see each other; a share stays until the last byte has
 * arrived; with more than EXACT flows a share is the smaller of the equal parts of its two interfaces;
 * what windows leave unused is not given to others. Traffic within a machine passes no interface. */
#include "sim/net/parts.h"

enum { TX, RX, EXACT = 256 };
enum { PIECE = 64 * 1024 }; /* at most so many bytes at once: a TSO segment */

struct side {
    mc_ns busy;      /* of the queue */
    uint32_t flows;  /* that have a share */
    uint32_t open;   /* … not settled yet */
    uint64_t left;   /* bits per second not given away yet */
};

struct sim_nic {
    uint64_t bits_per_second; /* 0: no limit */
    struct side sides[2];
};

struct sim_share {
    struct mc_link link;  /* net->shares */
    uint32_t machines[2]; /* sender, receiver */
    uint64_t rate;
    mc_ns turn;           /* when its last burst has left */
    bool settled;
};

bool sim_net_set_nic(struct sim_net *net, uint32_t machine, uint64_t bits_per_second)
{
    if (!bits_per_second && machine >= net->nic_count) return true;
    if (!sim_grow(net->pool, (void **)&net->nics, &net->nic_count, machine + 1, sizeof *net->nics)) return false;
    net->nics[machine].bits_per_second = bits_per_second;
    return true;
}

void sim_nics_fini(struct sim_net *net)
{
    mc_pool_give(net->pool, net->nics, net->nic_count * sizeof *net->nics);
}

static struct side *side_of(struct sim_net *net, uint32_t machine, int side)
{
    bool limited = machine < net->nic_count && net->nics[machine].bits_per_second;
    return limited ? &net->nics[machine].sides[side] : NULL;
}

/* ---- max-min ---- */

static void settle(struct sim_net *net, struct sim_share *share, uint64_t rate)
{
    share->settled = true;
    share->rate = rate ? rate : 1;
    for (int i = 0; i < 2; i++) {
        struct side *side = side_of(net, share->machines[i], i);
        if (!side) continue;
        side->open--;
        side->left -= rate < side->left ? rate : side->left;
    }
}

static uint64_t part_of(struct sim_net *net, const struct sim_share *share) /* the smaller of its equal parts now */
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 2; i++) {
        const struct side *side = side_of(net, share->machines[i], i);
        if (side && side->left / side->open < least) least = side->left / side->open;
    }
    return least;
}

static void open_all(struct sim_net *net)
{
    for (uint32_t i = 0; i < net->nic_count; i++)
        for (int j = 0; j < 2; j++) {
            net->nics[i].sides[j].left = net->nics[i].bits_per_second;
            net->nics[i].sides[j].open = net->nics[i].sides[j].flows;
        }
    mc_list_each(link, &net->shares) mc_container(link, struct sim_share, link)->settled = false;
}

/* The tightest part first; all that have it are settled, which frees what they do not use elsewhere. */
static void share_out(struct sim_net *net)
{
    open_all(net);
    if (net->share_count > EXACT) {
        mc_list_each(link, &net->shares) {
            struct sim_share *share = mc_container(link, struct sim_share, link);
            share->rate = part_of(net, share);
        }
        return;
    }
    for (uint32_t left = net->share_count; left;) {
        uint64_t least = UINT64_MAX;
        mc_list_each(link, &net->shares) {
            const struct sim_share *share = mc_container(link, struct sim_share, link);
            uint64_t part = share->settled ? UINT64_MAX : part_of(net, share);
            if (part < least) least = part;
        }
        mc_list_each(link, &net->shares) {
            struct sim_share *share = mc_container(link, struct sim_share, link);
            if (share->settled || part_of(net, share) > least) continue;
            settle(net, share, least);
            left--;
        }
    }
}

static void count(struct sim_net *net, const struct sim_share *share, int more)
{
    for (int i = 0; i < 2; i++) {
        struct side *side = side_of(net, share->machines[i], i);
        if (side) side->flows += (uint32_t)more;
    }
    net->share_count += (uint32_t)more;
}

static void join(struct sim_flow *flow, uint32_t from, uint32_t to)
{
    struct sim_net *net = flow->conn->net;
    struct sim_share *share = mc_pool_take_zero(net->pool, sizeof *share);
    if (!share) {
        net->engine->refused = true;
        return;
    }
    share->machines[TX] = from;
    share->machines[RX] = to;
    mc_list_push_back(&net->shares, &share->link);
    flow->share = share;
    count(net, share, 1);
    share_out(net);
}

void sim_nic_leave(struct sim_flow *flow)
{
    struct sim_net *net = flow->conn->net;
    struct sim_share *share = flow->share;
    flow->share = NULL;
    count(net, share, -1);
    mc_list_remove(&share->link);
    mc_pool_give(net->pool, share, sizeof *share);
    share_out(net);
}

/* ---- passing ---- */

static bool finds_limit(struct sim_flow *flow, struct side *sides[2], uint32_t machines[2])
{
    struct sim_net *net = flow->conn->net;
    if (!net->nic_count) return false;
    machines[TX] = sim_flow_sender(flow)->place.machine;
    machines[RX] = sim_flow_receiver(flow)->place.machine;
    if (machines[TX] == machines[RX]) return false;
    for (int i = 0; i < 2; i++) sides[i] = side_of(net, machines[i], i);
    return sides[TX] || sides[RX];
}

mc_ns sim_nic_turn(struct sim_flow *flow, const struct sim_way *way)
{
    struct side *sides[2];
    uint32_t machines[2];
    uint64_t small = (uint64_t)flow->conn->net->kernel.initial_window * flow->conn->net->payload;
    if (flow->share) return flow->share->turn;
    if (!way->round_trip || flow->unsent <= small || !finds_limit(flow, sides, machines)) return 0;
    join(flow, machines[TX], machines[RX]);
    return 0;
}

uint64_t sim_nic_piece(const struct sim_flow *flow)
{
    return flow->share ? PIECE : UINT32_MAX;
}

static mc_ns queue(struct side *side, mc_ns begins, mc_ns ends, uint64_t bits, uint64_t per_second)
{
    side->busy = mc_ns_max(side->busy, begins) + (mc_ns)sim_scale(bits, (uint64_t)MC_S, per_second);
    return side->busy = mc_ns_max(side->busy, ends);
}

mc_ns sim_nic_pass(struct sim_flow *flow, mc_ns at, uint64_t bytes, uint32_t packets)
{
    struct side *sides[2];
    uint32_t machines[2];
    struct sim_net *net = flow->conn->net;
    uint64_t bits = (bytes + (uint64_t)packets * SIM_SEGMENT_OVERHEAD) * 8;
    if (flow->share) {
        mc_ns begins = mc_ns_max(at, flow->share->turn);
        return flow->share->turn = begins + (mc_ns)sim_scale(bits, (uint64_t)MC_S, flow->share->rate);
    }
    if (!finds_limit(flow, sides, machines)) return at;
    mc_ns ends = at;
    for (int i = 0; i < 2; i++)
        if (sides[i]) ends = queue(sides[i], at, ends, bits, net->nics[machines[i]].bits_per_second);
    return ends;
}
