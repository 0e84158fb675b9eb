/* Which endpoint. Envoy's rules: source/extensions/load_balancing_policies; peak EWMA is Linkerd's. */
#include "base/fixed.h"
#include "proxy/parts.h"

struct candidates {
    struct px_host **list;
    uint32_t count;
};

static struct px_host *at(struct candidates from, uint64_t draw)
{
    return from.list[mc_below(draw, from.count)];
}

/* ---- earliest deadline first: deadlines grow by 1/weight ---- */

static double weight_of(const struct px_cluster *cluster, const struct px_host *host)
{
    double weight = host->endpoint.weight;
    return cluster->config->balancer == MC_BALANCE_LEAST_REQUEST ? weight / (double)(host->active + 1) : weight;
}

/* The bits of positive doubles order as the doubles do. */
static int64_t key_of(double deadline)
{
    int64_t key;
    memcpy(&key, &deadline, sizeof key);
    return key;
}

static double deadline_of(int64_t key)
{
    double deadline;
    memcpy(&deadline, &key, sizeof deadline);
    return deadline;
}

static void schedule(struct px_cluster *cluster, struct px_level *level, struct px_host *host)
{
    host->edf.key = key_of(level->edf_now + 1.0 / weight_of(cluster, host));
    host->edf.order = level->edf_order++;
    host->in_edf = true;
    mc_heap_insert(&level->edf, &host->edf);
}

static struct px_host *earliest(struct px_cluster *cluster, struct px_level *level)
{
    struct px_host *host = mc_container(level->edf.root, struct px_host, edf);
    mc_heap_remove(&level->edf, &host->edf);
    level->edf_now = deadline_of(host->edf.key);
    schedule(cluster, level, host);
    return host;
}

static struct px_host *by_deadline(struct px_cluster *cluster, struct px_level *level, struct candidates from)
{
    if (!level->edf.root) {
        for (uint32_t i = 0; i < from.count; i++) schedule(cluster, level, from.list[i]);
        for (uint64_t skip = level->start % from.count; skip > 0; skip--) earliest(cluster, level);
    }
    return earliest(cluster, level);
}

/* ---- the balancers ---- */

static struct px_host *round_robin(struct px_cluster *cluster, struct px_level *level, struct candidates from)
{
    if (!level->same_weight) return by_deadline(cluster, level, from);
    return from.list[level->next++ % from.count];
}

static struct px_host *at_random(struct px_cluster *cluster, struct px_level *level, struct candidates from)
{
    (void)level;
    return at(from, mc_turn_draw(cluster->proxy->turn, MC_FOR_BALANCE));
}

/* Envoy's rq_active: a request that still waits for its connection does not count, unless the cluster says so. */
static uint32_t requests_at(const struct px_host *host)
{
    return host->active + (host->cluster->config->counts_pending ? host->pending_count : 0);
}

/* Equal weights: of N drawn with replacement the one with the fewest requests, the first of equals. */
static struct px_host *least_request(struct px_cluster *cluster, struct px_level *level, struct candidates from)
{
    if (!level->same_weight) return by_deadline(cluster, level, from);
    struct px_host *best = NULL;
    uint32_t choices = cluster->config->choice_count ? cluster->config->choice_count : 2;
    for (uint32_t i = 0; i < choices; i++) {
        struct px_host *host = at(from, mc_turn_draw(cluster->proxy->turn, MC_FOR_BALANCE));
        if (!best || requests_at(host) < requests_at(best)) best = host;
    }
    return best;
}

/* ---- peak EWMA (linkerd2-proxy, linkerd/pool/p2c and tower's PeakEwma) ---- */

static const mc_ns EWMA_DEFAULT = 30 * MC_MS, EWMA_DECAY = 10 * MC_S;

/* A higher sample is taken at once; otherwise the estimate moves towards it as time passes. */
static void move_estimate(struct px_host *host, mc_ns sample, mc_ns now)
{
    mc_ns elapsed = now - host->rtt_at;
    if (!host->measured) {
        host->rtt = EWMA_DEFAULT;
        host->measured = true;
        elapsed = 0;
    }
    host->rtt_at = now;
    if (sample > host->rtt) {
        host->rtt = sample;
        return;
    }
    mc_q32 keep = mc_q32_exp(-mc_q32_div(elapsed, EWMA_DECAY));
    host->rtt = mc_q32_scale(host->rtt, keep) + mc_q32_scale(sample, MC_Q32_ONE - keep);
}

void px_balance_observe(struct px_host *host, mc_ns rtt, mc_ns now)
{
    if (host->cluster->config->balancer == MC_BALANCE_PEAK_EWMA) move_estimate(host, rtt, now);
}

static uint64_t load_of(struct px_host *host, mc_ns now)
{
    move_estimate(host, 0, now);
    return (uint64_t)host->rtt * (host->active + 1);
}

/* Two that differ; the first of equals. */
static struct px_host *peak_ewma(struct px_cluster *cluster, struct px_level *level, struct candidates from)
{
    struct mc_turn *turn = cluster->proxy->turn;
    (void)level;
    if (from.count == 1) return from.list[0];
    uint32_t first = (uint32_t)mc_below(mc_turn_draw(turn, MC_FOR_BALANCE), from.count);
    uint32_t second = (uint32_t)mc_below(mc_turn_draw(turn, MC_FOR_BALANCE), from.count - 1);
    second += second >= first;
    struct px_host *a = from.list[first], *b = from.list[second];
    return load_of(b, turn->now) < load_of(a, turn->now) ? b : a;
}

static struct px_host *(*const balancers[])(struct px_cluster *, struct px_level *, struct candidates) = {
    [MC_BALANCE_ROUND_ROBIN] = round_robin,
    [MC_BALANCE_RANDOM] = at_random,
    [MC_BALANCE_LEAST_REQUEST] = least_request,
    [MC_BALANCE_PEAK_EWMA] = peak_ewma,
};

/* ---- the pick ---- */

static struct px_level *pick_level(struct px_cluster *cluster)
{
    if (cluster->level_count == 1) return &cluster->levels[0];
    uint64_t at_most = mc_below(mc_turn_draw(cluster->proxy->turn, MC_FOR_BALANCE), 100) + 1;
    for (uint32_t i = 0; i < cluster->level_count; i++) {
        if (at_most <= cluster->levels[i].load) return &cluster->levels[i];
        at_most -= cluster->levels[i].load;
    }
    return &cluster->levels[0];
}

struct px_host *px_balance(struct px_cluster *cluster, const struct px_request *request)
{
    (void)request;
    if (!cluster->level_count) return NULL;
    struct px_level *level = pick_level(cluster);
    struct candidates from = {level->healthy, level->healthy_count};
    if (level->panic) {
        from = (struct candidates){level->all, level->count};
        cluster->v[PX_CLUSTER_LB_PANIC]++;
    }
    if (!from.count) return NULL;
    return from.count == 1 ? from.list[0] : balancers[cluster->config->balancer](cluster, level, from);
}
