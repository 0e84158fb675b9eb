/* Outlier detection: an endpoint that answers badly so often in a row is left out for a while (Envoy's
 * source/common/upstream/outlier_detection_impl.cc). Ejected ones come back only at interval ticks. */
#include "proxy/parts.h"

/* Ticks stand on a grid from the cluster's birth; none is armed while there is nothing to do. */
static void arm_tick(struct px_cluster *cluster)
{
    const struct mc_outlier *config = &cluster->config->outlier;
    struct mc_turn *turn = cluster->proxy->turn;
    if (cluster->outlier_timer.armed || !config->interval) return;
    mc_ns ticks = (turn->now - cluster->created) / config->interval + 1;
    mc_timer_arm(&turn->timers, &cluster->outlier_timer, cluster->created + ticks * config->interval);
}

/* The largest share is one of all endpoints, over all priorities (Envoy 1.28 and later). */
static bool may_eject(const struct px_cluster *cluster)
{
    return 100 * (cluster->v[PX_CLUSTER_OD_ACTIVE] + 1) <= (uint64_t)cluster->config->outlier.max_percent * cluster->host_count;
}

static void eject(struct px_host *host)
{
    struct px_cluster *cluster = host->cluster;
    if (!may_eject(cluster)) {
        cluster->v[PX_CLUSTER_OD_OVERFLOW]++;
        return;
    }
    host->ejected = true;
    host->ejected_at = cluster->proxy->turn->now;
    host->ejections++;
    cluster->v[PX_CLUSTER_OD_ACTIVE]++;
    cluster->v[PX_CLUSTER_OD_ENFORCED]++;
    cluster->v[PX_CLUSTER_OD_ENFORCED_5XX]++;
    px_levels_refresh(cluster);
    arm_tick(cluster);
}

enum { CONSECUTIVE_GATEWAY = 5 }; /* Envoy's default; it is seen but not enforced */

static void count_gateway(struct px_host *host, uint16_t status)
{
    if (status < 502 || status > 504) {
        host->consecutive_gateway = 0;
    } else if (++host->consecutive_gateway == CONSECUTIVE_GATEWAY) {
        host->cluster->v[PX_CLUSTER_OD_DETECTED_GATEWAY]++;
        host->consecutive_gateway = 0;
    }
}

void px_outlier_result(struct px_host *host, uint16_t status)
{
    const struct mc_outlier *config = &host->cluster->config->outlier;
    if (!config->interval || !host->member) return;
    count_gateway(host, status);
    if (status < 500) {
        host->consecutive_5xx = 0;
        return;
    }
    if (!config->consecutive_5xx || ++host->consecutive_5xx < config->consecutive_5xx) return;
    host->consecutive_5xx = 0;
    host->cluster->v[PX_CLUSTER_OD_DETECTED_5XX]++;
    if (!host->ejected) eject(host);
}

static mc_ns ejection_time(const struct px_host *host)
{
    const struct mc_outlier *config = &host->cluster->config->outlier;
    mc_ns base = config->base_ejection ? config->base_ejection : 30 * MC_S;
    mc_ns max = config->max_ejection ? config->max_ejection : mc_ns_max(300 * MC_S, base), time;
    if (__builtin_mul_overflow(base, (mc_ns)host->ejections, &time) || time > max) return max;
    return time;
}

static void come_back(struct px_host *host)
{
    host->ejected = false;
    host->consecutive_5xx = host->consecutive_gateway = 0;
    host->cluster->v[PX_CLUSTER_OD_ACTIVE]--;
}

void px_outlier_fire(struct mc_timer *timer)
{
    struct px_cluster *cluster = mc_container(timer, struct px_cluster, outlier_timer);
    bool changed = false, more = false;
    for (uint32_t i = 0; i < cluster->host_count; i++) {
        struct px_host *host = cluster->hosts[i];
        if (host->ejected && cluster->proxy->turn->now >= mc_ns_add(host->ejected_at, ejection_time(host))) {
            come_back(host);
            changed = true;
        } else if (!host->ejected && host->ejections) {
            host->ejections--;
        }
        more |= host->ejected || host->ejections;
    }
    if (changed) px_levels_refresh(cluster);
    if (more) arm_tick(cluster);
}
