/* Congestion control of one flow, as Linux has it: slow start with HyStart, CUBIC (net/ipv4/tcp_cubic.c,
 * RFC 9438), restart after idle (tcp_cwnd_restart).
 *
 * There are no events for ACKs: when a burst departs it is known when its ACK will come, and that is
 * written down. What has come by then is worked through when the flow wants to send again; only a flow
 * that the window holds back is woken for the next one. */
#include "sim/net/parts.h"
#include <string.h>

enum {
    BETA = 717,            /* of 1024: 0.7 */
    SCALE = 410,           /* cube_rtt_scale: 41 × 10 */
    FRIENDLY = 15,         /* beta_scale: 8 (1024 + 717) / 3 / (1024 - 717) */
    LOW_WINDOW = 16,       /* hystart_low_window */
    SAMPLES = 8,           /* HYSTART_MIN_SAMPLES */
    PIECES = 8,            /* of a window, on paths where ACKs come spread */
    ACKS_MAX = 1 << 16,
};
#define ACK_DELTA (2 * MC_MS) /* hystart_ack_delta_us */
#define ACK_DELAY MC_MS       /* hystart_ack_delay: at most this, and that much under 256 MB/s */

struct sim_window {
    uint32_t cwnd, threshold; /* segments */
    uint32_t counted;         /* segments acknowledged towards the next one */
    uint64_t sent, acked;     /* bytes */
    mc_ns recovery;           /* until then losses are being repaired: no growth */
    mc_ns trip, varies;       /* smoothed round trip and its mean deviation; 0: not measured */
    mc_ns stalled;            /* what was sent then was lost, and nothing has come since; -1 */
    bool limited;             /* it is the window that holds back */
    /* CUBIC */
    mc_ns epoch;              /* -1: none */
    uint32_t last_max, origin, k; /* k: 1/1024 s */
    uint32_t friend, friend_counted; /* what Reno would have */
    uint32_t cnt;             /* ACKs for one segment of growth, as last looked at … */
    uint32_t seen_cwnd;       /* … with this window … */
    mc_ns seen_at;            /* … then */
    /* HyStart */
    mc_ns delay_min, round_start, last_ack, round_delay;
    uint64_t round_end;
    uint32_t samples;
    bool found;
    /* ACKs that will come, by time */
    struct sim_ack *acks;
    uint32_t ack_count, ack_capacity;
};

static uint64_t payload(const struct sim_flow *flow)
{
    return flow->conn->net->payload;
}

static uint64_t initial(const struct sim_flow *flow)
{
    return (uint64_t)flow->conn->net->kernel.initial_window * payload(flow);
}

static void begin_round(struct sim_window *window, mc_ns at)
{
    window->round_start = window->last_ack = at;
    window->round_end = window->sent;
    window->round_delay = MC_NEVER;
    window->samples = 0;
}

bool sim_window_need(struct sim_flow *flow)
{
    struct sim_net *net = flow->conn->net;
    if (flow->window) return true;
    struct sim_window *window = mc_pool_take_zero(net->pool, sizeof *window);
    if (!window) {
        net->engine->refused = true;
        return false;
    }
    window->cwnd = net->kernel.initial_window;
    window->threshold = UINT32_MAX;
    window->epoch = window->stalled = -1;
    window->delay_min = MC_NEVER;
    flow->window = window;
    if (flow->acked_at <= net->engine->now) flow->outstanding = 0;
    window->sent = flow->outstanding;
    begin_round(window, net->engine->now);
    if (flow->outstanding && flow->acked_at != MC_NEVER)
        sim_window_ack(flow, &(struct sim_ack){.at = flow->acked_at, .sent = flow->last_sent, .bytes = (uint32_t)flow->outstanding,
                                               .packets = sim_packets_of(net, flow->outstanding)});
    return true;
}

void sim_window_free(struct sim_flow *flow)
{
    struct mc_pool *pool = flow->conn->net->pool;
    if (!flow->window) return;
    mc_pool_give(pool, flow->window->acks, flow->window->ack_capacity * sizeof *flow->window->acks);
    mc_pool_give(pool, flow->window, sizeof *flow->window);
    flow->window = NULL;
}

/* ---- CUBIC ---- */

static uint32_t cube_root(uint64_t value) /* rounded down */
{
    uint64_t root = 0;
    for (int bit = 20; bit >= 0; bit--) {
        uint64_t more = root | UINT64_C(1) << bit;
        if (more * more * more <= value) root = more;
    }
    return (uint32_t)root;
}

static void begin_epoch(struct sim_window *window, mc_ns at)
{
    window->epoch = at;
    window->friend_counted = 0;
    window->friend = window->cwnd;
    window->k = 0;
    window->origin = window->cwnd;
    if (window->last_max <= window->cwnd) return;
    window->k = cube_root((UINT64_C(1) << 40) / SCALE * (window->last_max - window->cwnd));
    window->origin = window->last_max;
}

/* ACKs for one segment of growth, by the cubic curve. */
static uint32_t cubic(const struct sim_window *window, mc_ns at)
{
    mc_ns delay = window->delay_min == MC_NEVER ? 0 : window->delay_min;
    uint64_t t = sim_scale((uint64_t)(at - window->epoch + delay), 1024, MC_S);
    uint64_t off = t < window->k ? window->k - t : t - window->k;
    if (off > 1 << 20) off = 1 << 20; /* a quarter of an hour: the cube must fit */
    uint64_t delta = (uint64_t)((unsigned __int128)SCALE * off * off * off >> 40);
    uint64_t target = window->origin + delta;
    if (t < window->k) target = delta < window->origin ? window->origin - delta : 0;
    uint64_t cnt = target > window->cwnd ? window->cwnd / (target - window->cwnd) : 100 * (uint64_t)window->cwnd;
    if (!window->last_max && cnt > 20) cnt = 20; /* growth of 5 % a round at least, before the first loss */
    return cnt < UINT32_MAX ? (uint32_t)cnt : UINT32_MAX;
}

/* Not slower than Reno would be. */
static void befriend(struct sim_window *window)
{
    uint32_t each = window->cwnd * FRIENDLY >> 3;
    if (!each) each = 1;
    if (window->friend_counted > each) {
        uint32_t more = (window->friend_counted - 1) / each;
        window->friend += more;
        window->friend_counted -= more * each;
    }
    if (window->friend <= window->cwnd) return;
    uint32_t most = window->cwnd / (window->friend - window->cwnd);
    if (window->cnt > most) window->cnt = most;
}

/* As often as Linux looks at it: when the window has changed, else after a 32nd of a second. */
static void update(struct sim_window *window, mc_ns at)
{
    if (window->epoch >= 0 && window->seen_cwnd == window->cwnd && at - window->seen_at <= MC_S / 32) return;
    if (window->epoch < 0 || at != window->seen_at) {
        window->seen_cwnd = window->cwnd;
        window->seen_at = at;
        if (window->epoch < 0) begin_epoch(window, at);
        window->cnt = cubic(window, at);
    }
    befriend(window);
    if (window->cnt < 2) window->cnt = 2;
}

static void avoid_congestion(struct sim_window *window, mc_ns at, uint32_t acked)
{
    for (uint32_t part; acked; acked -= part) { /* an ACK for two segments */
        part = acked < 2 ? acked : 2;
        window->friend_counted += part;
        update(window, at);
        if (window->counted >= window->cnt) {
            window->counted = 0;
            window->cwnd++;
        }
        window->counted += part;
        window->cwnd += window->counted / window->cnt;
        window->counted %= window->cnt;
    }
}

static void reduce(struct sim_window *window)
{
    window->epoch = -1;
    window->last_max = window->cwnd < window->last_max ? (uint32_t)((uint64_t)window->cwnd * (1024 + BETA) / 2048) : window->cwnd;
    window->threshold = (uint32_t)((uint64_t)window->cwnd * BETA / 1024);
    if (window->threshold < 2) window->threshold = 2;
}

/* ---- HyStart ---- */

static void look_for_exit(struct sim_window *window, const struct sim_ack *ack)
{
    mc_ns delay = ack->at - ack->sent, each = 2 * (ack->at - window->last_ack) / (mc_ns)ack->packets;
    if (each <= ACK_DELTA) {
        window->last_ack = ack->at;
        if (ack->at - window->round_start > (window->delay_min + ACK_DELAY) / 2) window->found = true;
    }
    window->round_delay = mc_ns_min(window->round_delay, delay);
    mc_ns more = mc_ns_min(mc_ns_max(window->delay_min / 8, 4 * MC_MS), 16 * MC_MS);
    if (window->samples >= SAMPLES && window->round_delay > window->delay_min + more) window->found = true;
    window->samples += (ack->packets + 1) / 2;
    if (window->found) window->threshold = window->cwnd;
}

/* ---- ACKs ---- */

static void measure(struct sim_window *window, mc_ns sample) /* RFC 6298 */
{
    if (!window->trip) {
        window->trip = sample;
        window->varies = sample / 2;
        return;
    }
    mc_ns error = sample - window->trip;
    window->trip += error / 8;
    window->varies += ((error < 0 ? -error : error) - window->varies) / 4;
}

static void take_ack(struct sim_flow *flow, const struct sim_ack *ack)
{
    struct sim_window *window = flow->window;
    uint32_t acked = ack->packets;
    flow->outstanding -= ack->bytes < flow->outstanding ? ack->bytes : flow->outstanding;
    window->acked += ack->bytes;
    window->stalled = -1;
    window->delay_min = mc_ns_min(window->delay_min, ack->at - ack->sent);
    measure(window, ack->at - ack->sent);
    if (ack->kind == SIM_ACK_LOSS && ack->at >= window->recovery) {
        reduce(window);
        window->cwnd = window->threshold;
        window->recovery = ack->until;
        return;
    }
    if (ack->at < window->recovery || !acked) return;
    if (window->cwnd < window->threshold) {
        if (window->acked > window->round_end) begin_round(window, ack->at);
        if (window->cwnd >= LOW_WINDOW && !window->found) look_for_exit(window, ack);
    }
    if (!window->limited) return;
    if (window->cwnd < window->threshold) {
        uint32_t room = window->threshold - window->cwnd, grown = acked < room ? acked : room;
        window->cwnd += grown;
        acked -= grown;
    }
    if (acked) avoid_congestion(window, ack->at, acked);
}

static void take_acks(struct sim_flow *flow, mc_ns now)
{
    struct sim_window *window = flow->window;
    uint32_t taken = 0;
    while (taken < window->ack_count && window->acks[taken].at <= now) take_ack(flow, &window->acks[taken++]);
    if (!taken) return;
    window->ack_count -= taken;
    memmove(window->acks, window->acks + taken, window->ack_count * sizeof *window->acks);
}

void sim_window_ack(struct sim_flow *flow, const struct sim_ack *ack)
{
    struct sim_window *window = flow->window;
    struct sim_net *net = flow->conn->net;
    flow->acked_at = mc_ns_max(flow->acked_at == MC_NEVER ? 0 : flow->acked_at, ack->at);
    if (!window) return;
    if (window->ack_count == ACKS_MAX ||
        !sim_grow(net->pool, (void **)&window->acks, &window->ack_capacity, window->ack_count + 1, sizeof *window->acks)) {
        net->engine->refused = true;
        return;
    }
    uint32_t place = window->ack_count++;
    for (; place && window->acks[place - 1].at > ack->at; place--) window->acks[place] = window->acks[place - 1];
    window->acks[place] = *ack;
}

mc_ns sim_window_next(const struct sim_flow *flow)
{
    return flow->window && flow->window->ack_count ? flow->window->acks[0].at : MC_NEVER;
}

void sim_window_lost(struct sim_flow *flow)
{
    struct sim_window *window = flow->window;
    if (!sim_window_need(flow)) return;
    window = flow->window;
    mc_ns now = flow->conn->net->engine->now;
    if (now < window->recovery) return;
    reduce(window);
    window->cwnd = window->threshold;
}

void sim_window_timed_out(struct sim_flow *flow)
{
    if (!sim_window_need(flow)) return;
    struct sim_window *window = flow->window;
    if (window->cwnd > 1) reduce(window);
    window->cwnd = 1;
    window->counted = 0;
    window->recovery = 0;
    window->found = false;
    begin_round(window, flow->conn->net->engine->now);
}

void sim_window_trips(struct sim_flow *flow, mc_ns *trip, mc_ns *varies)
{
    if (!flow->window) return;
    take_acks(flow, flow->conn->net->engine->now);
    *trip = mc_ns_max(*trip, flow->window->trip);
    *varies = mc_ns_max(*varies, flow->window->varies);
}

mc_ns sim_window_stalled(struct sim_flow *flow, mc_ns at)
{
    if (!sim_window_need(flow)) return at;
    take_acks(flow, flow->conn->net->engine->now);
    if (flow->window->stalled < 0) flow->window->stalled = at;
    return flow->window->stalled;
}

/* ---- sending ---- */

/* tcp_cwnd_restart: halved for each RTO of silence, down to the initial window. */
static void restart_after_idle(struct sim_flow *flow, mc_ns idle, mc_ns rto)
{
    struct sim_window *window = flow->window;
    uint32_t least = flow->conn->net->kernel.initial_window;
    if (window->threshold < window->cwnd * 3 / 4) window->threshold = window->cwnd * 3 / 4;
    if (least > window->cwnd) least = window->cwnd;
    for (mc_ns left = idle - rto; left > 0 && window->cwnd > least; left -= rto) window->cwnd /= 2;
    if (window->cwnd < least) window->cwnd = least;
}

uint64_t sim_window_room(struct sim_flow *flow, const struct sim_way *way, uint64_t bytes)
{
    mc_ns now = flow->conn->net->engine->now;
    if (!flow->window) {
        if (flow->acked_at <= now) flow->outstanding = 0;
        if (2 * (flow->outstanding + bytes) <= initial(flow)) return bytes;
        if (!sim_window_need(flow)) return bytes;
    }
    take_acks(flow, now);
    mc_ns rto = sim_loss_rto(flow, way);
    if (!flow->outstanding && flow->last_sent >= 0 && now - flow->last_sent > rto)
        restart_after_idle(flow, now - flow->last_sent, rto);
    uint64_t window = flow->window->cwnd * payload(flow);
    uint64_t room = flow->outstanding < window ? window - flow->outstanding : 0;
    return bytes <= room ? bytes : room - room % payload(flow);
}

uint64_t sim_window_piece(const struct sim_flow *flow, const struct sim_way *way)
{
    if (flow->share) return sim_nic_piece(flow);
    if (!flow->window || !sim_path_is_slow(&way->path)) return UINT32_MAX;
    uint64_t segments = flow->window->cwnd / PIECES;
    return (segments < 2 ? 2 : segments) * payload(flow);
}

void sim_window_sent(struct sim_flow *flow, uint64_t bytes, bool limited)
{
    struct sim_window *window = flow->window;
    flow->outstanding += bytes;
    if (!window) return;
    window->sent += bytes;
    bool half = window->cwnd < window->threshold && 2 * flow->outstanding > window->cwnd * payload(flow);
    window->limited = limited || half;
}
