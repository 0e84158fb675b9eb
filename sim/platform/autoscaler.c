/* pkg/controller/podautoscaler: horizontal.go and replica_calculator.go, with metrics as metrics-server has them: scraped
 * every metrics_resolution, the rate between the last two scrapes. Ratios are kept as fractions, so that what
 * Kubernetes computes in doubles is exact here. */
#include "sim/platform/controllers_parts.h"

/* ---- metrics ---- */

enum { FRESH_S = 10 }; /* metrics-server: a container younger than a scrape is measured from its start, after so long */

static void scrape_pod(struct sim_controllers *controllers, struct ctl_pod *pod)
{
    struct sim_usage usage = {0};
    mc_ns now = ctl_now(controllers);
    if (pod->status.phase != SIM_POD_RUNNING || !controllers->machines[pod->machine].renews ||
        !controllers->owner->type->usage(controllers->owner, pod->number, &usage)) {
        pod->before.at = pod->last.at = MC_NEVER;
        return;
    }
    pod->before = pod->last;
    pod->last = (struct ctl_sample){now, usage.cpu, usage.requests, usage.cpu_request_millis};
    pod->workload->scaler->request_millis = usage.cpu_request_millis;
    mc_ns started = pod->status.started;
    bool fresh = pod->before.at == MC_NEVER && started != MC_NEVER && now - started >= FRESH_S * MC_S &&
                 now - started <= controllers->constants.metrics_resolution;
    if (fresh) pod->before = (struct ctl_sample){started, 0, 0, usage.cpu_request_millis};
}

#define EACH_POD(var, workload)                                                                                                 \
    mc_list_each(set_##var, &(workload)->sets)                                                                                  \
        for (struct mc_link *at_##var = mc_container(set_##var, struct ctl_set, link)->pods.next, *var##_next = at_##var->next; \
             at_##var != &mc_container(set_##var, struct ctl_set, link)->pods; at_##var = var##_next, var##_next = at_##var->next) \
            for (struct ctl_pod *var = mc_container(at_##var, struct ctl_pod, link); var; var = NULL)

static void scrape(struct sim_entry *entry)
{
    struct sim_controllers *controllers = mc_container(entry, struct sim_controllers, scrape);
    for (uint32_t i = 0; i < controllers->workload_count; i++) {
        if (!controllers->workloads[i].scaler) continue;
        EACH_POD(pod, &controllers->workloads[i]) scrape_pod(controllers, pod);
    }
    sim_engine_at(controllers->engine, entry, ctl_now(controllers) + controllers->constants.metrics_resolution);
}

static const struct sim_entry_type scrape_entry = {"metrics-server", SIM_CLASS_FAULT, SIM_KIND_ORDER, scrape};

/* ---- groupPods ---- */

struct tally { /* of one workload's pods */
    uint64_t used, asked;      /* by those with a metric: millicores, or requests per second × 1000; what they request */
    uint64_t missing_asked;    /* requests of those that have none */
    uint64_t unready_asked;
    uint32_t counted, missing, unready;
    bool no_request;
};

static bool has_metric(const struct ctl_pod *pod)
{
    return pod->last.at != MC_NEVER && pod->before.at != MC_NEVER && pod->last.at > pod->before.at && pod->last.cpu >= pod->before.cpu;
}

/* Whether the sample of a pod's CPU says nothing: it is, or just was, starting. */
static bool is_unready(const struct sim_controllers *controllers, const struct ctl_pod *pod)
{
    const struct sim_kubernetes *constants = &controllers->constants;
    mc_ns started = pod->status.started;
    if (started == MC_NEVER) return true;
    if (started + constants->hpa_cpu_initialization > ctl_now(controllers))
        return !pod->status.ready || pod->last.at < pod->ready_changed + (pod->last.at - pod->before.at);
    return !pod->status.ready && started + constants->hpa_initial_readiness > pod->ready_changed;
}

static uint64_t value_of(const struct sim_autoscaler *plan, const struct ctl_pod *pod)
{
    mc_ns window = pod->last.at - pod->before.at;
    if (plan->target_cpu_percent) return (uint64_t)(pod->last.cpu - pod->before.cpu) / (uint64_t)(window / 1000); /* millicores */
    return (pod->last.requests - pod->before.requests) * 1000 * (uint64_t)(MC_S / 1000) / (uint64_t)(window / 1000);
}

static void tally_pod(const struct sim_controllers *controllers, const struct ctl_scaler *scaler, const struct ctl_pod *pod, struct tally *tally)
{
    bool cpu = scaler->plan->target_cpu_percent > 0;
    if (pod->leaving || pod->status.terminating || pod->status.phase == SIM_POD_FAILED || pod->status.phase == SIM_POD_GONE) return;
    uint32_t asks = scaler->request_millis ? scaler->request_millis : pod->cpu_millis;
    if (cpu && !asks) tally->no_request = true;
    if (pod->status.phase == SIM_POD_PENDING || (has_metric(pod) && cpu && is_unready(controllers, pod))) {
        tally->unready++;
        tally->unready_asked += asks;
    } else if (!has_metric(pod)) {
        tally->missing++;
        tally->missing_asked += asks;
    } else {
        tally->counted++;
        tally->used += value_of(scaler->plan, pod);
        tally->asked += asks;
    }
}

static struct tally take_tally(struct ctl_workload *workload)
{
    struct tally tally = {0};
    EACH_POD(pod, workload) tally_pod(workload->controllers, workload->scaler, pod, &tally);
    mc_list_each(link, &workload->sets) tally.unready += mc_container(link, struct ctl_set, link)->unplaced;
    return tally;
}

/* ---- GetResourceReplicas, GetMetricReplicas ---- */

struct ratio { /* of what is used to what is wanted */
    uint64_t value, target;
};

/* GetResourceUtilizationRatio (whole percents), GetMetricUsageRatio (the mean). */
static struct ratio ratio_of(const struct sim_autoscaler *plan, uint64_t used, uint64_t asked, uint32_t pods)
{
    if (plan->target_cpu_percent) return (struct ratio){asked ? used * 100 / asked : 0, plan->target_cpu_percent};
    return (struct ratio){pods ? used / pods : 0, plan->target_rate_milli};
}

static int side(struct ratio ratio)
{
    return (ratio.value > ratio.target) - (ratio.value < ratio.target);
}

static bool is_within(const struct sim_controllers *controllers, struct ratio ratio)
{
    uint64_t off = ratio.value > ratio.target ? ratio.value - ratio.target : ratio.target - ratio.value;
    return off * 1000000 <= ratio.target * controllers->constants.hpa_tolerance_ppm;
}

static uint32_t times(struct ratio ratio, uint32_t pods)
{
    uint64_t product = (ratio.value * pods + ratio.target - 1) / ratio.target;
    return product < INT32_MAX ? (uint32_t)product : INT32_MAX;
}

/* What the metric asks for. CURRENT when it asks for nothing. */
static uint32_t recommended(struct ctl_workload *workload, const struct tally *tally, uint32_t current, struct ratio *measured)
{
    const struct sim_controllers *controllers = workload->controllers;
    const struct sim_autoscaler *plan = workload->scaler->plan;
    struct ratio ratio = *measured = ratio_of(plan, tally->used, tally->asked, tally->counted);
    bool up_with_unready = tally->unready && side(ratio) > 0;
    if (!up_with_unready && !tally->missing) return is_within(controllers, ratio) ? current : times(ratio, tally->counted);
    uint64_t used = tally->used, asked = tally->asked;
    uint32_t pods = tally->counted;
    if (side(ratio) != 0) {
        /* on the way down those without metrics are taken as fully used, on the way up as idle */
        uint32_t full = plan->target_cpu_percent > 100 ? plan->target_cpu_percent : 100;
        if (side(ratio) < 0) used += plan->target_cpu_percent ? tally->missing_asked * full / 100 : plan->target_rate_milli * tally->missing;
        asked += tally->missing_asked;
        pods += tally->missing;
    }
    if (up_with_unready) {
        asked += tally->unready_asked;
        pods += tally->unready;
    }
    struct ratio again = ratio_of(plan, used, asked, pods);
    if (is_within(controllers, again) || side(again) * side(ratio) < 0) return current;
    uint32_t replicas = times(again, pods);
    bool turns = side(again) < 0 ? replicas > current : replicas < current;
    return turns ? current : replicas;
}

/* ---- horizontal.go: stabilization, policies ---- */

static void remember(struct ctl_change *ring, uint32_t size, uint32_t *count, mc_ns at, uint32_t replicas)
{
    ring[(*count)++ % size] = (struct ctl_change){at, replicas};
}

static mc_ns down_window(const struct ctl_workload *workload)
{
    const struct sim_autoscaler *plan = workload->scaler->plan;
    return plan->stabilization_down_given ? plan->stabilization_down : workload->controllers->constants.hpa_down_window;
}

/* The smallest of the up window, the largest of the down window. */
static uint32_t stabilize(struct ctl_workload *workload, uint32_t current, uint32_t desired)
{
    struct ctl_scaler *scaler = workload->scaler;
    mc_ns now = ctl_now(workload->controllers);
    uint32_t up = desired, down = desired;
    uint32_t kept = scaler->recommendation_count < CTL_RECOMMENDATIONS ? scaler->recommendation_count : CTL_RECOMMENDATIONS;
    for (uint32_t i = 0; i < kept; i++) {
        const struct ctl_change *one = &scaler->recommendations[i];
        if (one->at > now - scaler->plan->stabilization_up && one->replicas < up) up = one->replicas;
        if (one->at > now - down_window(workload) && one->replicas > down) down = one->replicas;
    }
    remember(scaler->recommendations, CTL_RECOMMENDATIONS, &scaler->recommendation_count, now, desired);
    uint32_t result = current;
    if (result < up) result = up;
    if (result > down) result = down;
    return result;
}

static uint32_t changed_within(const struct ctl_changes *changes, mc_ns now, mc_ns period)
{
    uint32_t sum = 0, kept = changes->count < CTL_CHANGES ? changes->count : CTL_CHANGES;
    for (uint32_t i = 0; i < kept; i++)
        if (changes->list[i].at > now - period) sum += changes->list[i].replicas;
    return sum;
}

static const struct sim_scaling_rules up_rules = {.policies = {{4, false, 15 * MC_S}, {100, true, 15 * MC_S}}, .policy_count = 2};
static const struct sim_scaling_rules down_rules = {.policies = {{100, true, 15 * MC_S}}, .policy_count = 1};

/* calculateScale{Up,Down}LimitWithScalingRules: how far it may go at once. */
static uint32_t limit_of(struct ctl_workload *workload, uint32_t current, bool up)
{
    const struct ctl_scaler *scaler = workload->scaler;
    const struct sim_scaling_rules *given = up ? &scaler->plan->up : &scaler->plan->down;
    const struct sim_scaling_rules *rules = given->policy_count ? given : up ? &up_rules : &down_rules;
    mc_ns now = ctl_now(workload->controllers);
    int64_t limit = 0;
    if (given->select == SIM_SELECT_DISABLED) return current;
    for (uint32_t i = 0; i < rules->policy_count; i++) {
        const struct sim_scaling_policy *policy = &rules->policies[i];
        int64_t added = changed_within(&scaler->ups, now, policy->period), taken = changed_within(&scaler->downs, now, policy->period);
        int64_t before = (int64_t)current - added + taken, change = policy->value, to;
        if (up) to = policy->is_percent ? (before * (100 + change) + 99) / 100 : before + change;
        else to = policy->is_percent ? before * (100 - change) / 100 : before - change;
        /* the policy that changes most; or least */
        bool most = up == (given->select == SIM_SELECT_MAX);
        if (i == 0 || (most ? to > limit : to < limit)) limit = to;
    }
    if (limit < 0) limit = 0;
    if (up ? limit < current : limit > current) limit = current;
    return limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX;
}

static uint32_t normalize(struct ctl_workload *workload, uint32_t current, uint32_t desired)
{
    const struct sim_autoscaler *plan = workload->scaler->plan;
    desired = stabilize(workload, current, desired);
    if (desired > current) {
        uint32_t most = limit_of(workload, current, true);
        if (desired > most) desired = most;
    } else if (desired < current) {
        uint32_t least = limit_of(workload, current, false);
        if (desired < least) desired = least;
    }
    if (desired > plan->max_replicas) desired = plan->max_replicas;
    if (desired < plan->min_replicas) desired = plan->min_replicas;
    return desired;
}

/* ---- reconcileAutoscaler ---- */

static void fail_metrics(struct ctl_workload *workload, const struct tally *tally)
{
    enum { SYNCS = 3 }; /* when everything begins there is no metric before the second scrape */
    if (++workload->scaler->failures != SYNCS && !(tally->no_request && workload->scaler->failures == 1)) return;
    ctl_event(workload->controllers, workload->name, "FailedGetResourceMetric", true, "%s",
              tally->no_request ? "missing request for cpu: resources.requests.cpu is not given" : "did not receive metrics for targeted pods");
}

static void rescale(struct ctl_workload *workload, uint32_t current, uint32_t desired, const char *why)
{
    struct sim_controllers *controllers = workload->controllers;
    struct ctl_scaler *scaler = workload->scaler;
    struct ctl_changes *changes = desired > current ? &scaler->ups : &scaler->downs;
    remember(changes->list, CTL_CHANGES, &changes->count, ctl_now(controllers), desired > current ? desired - current : current - desired);
    scaler->view.rescales++;
    ctl_event(controllers, workload->name, "SuccessfulRescale", false, "New size: %u; reason: %s", desired, why);
    sim_controllers_scale(controllers, workload->service, workload->version, desired);
}

static void reconcile(struct ctl_workload *workload)
{
    struct ctl_scaler *scaler = workload->scaler;
    uint32_t current = workload->replicas, desired = current;
    const char *why = "";
    if (!scaler->recommendation_count)
        remember(scaler->recommendations, CTL_RECOMMENDATIONS, &scaler->recommendation_count, ctl_now(workload->controllers), current);
    if (!current) return; /* disabled */
    if (current > scaler->plan->max_replicas) {
        desired = scaler->plan->max_replicas;
        why = "Current number of replicas above Spec.MaxReplicas";
    } else if (current < scaler->plan->min_replicas) {
        desired = scaler->plan->min_replicas;
        why = "Current number of replicas below Spec.MinReplicas";
    } else {
        struct tally tally = take_tally(workload);
        if (!tally.counted || tally.no_request) {
            fail_metrics(workload, &tally);
            return;
        }
        struct ratio measured;
        uint32_t asked = recommended(workload, &tally, current, &measured);
        scaler->view.value = measured.value;
        scaler->view.has_value = true;
        scaler->failures = 0;
        desired = normalize(workload, current, asked);
        why = desired > current ? "the metric is above target" : "All metrics below target";
    }
    scaler->view.desired = desired;
    if (desired != current) rescale(workload, current, desired, why);
}

static void sync(struct sim_entry *entry)
{
    struct ctl_scaler *scaler = mc_container(entry, struct ctl_scaler, sync);
    struct ctl_workload *workload = scaler->workload;
    reconcile(workload);
    sim_engine_at(workload->controllers->engine, entry, ctl_now(workload->controllers) + workload->controllers->constants.hpa_sync);
}

static const struct sim_entry_type sync_entry = {"autoscaler", SIM_CLASS_FAULT, SIM_KIND_ORDER, sync};

bool ctl_scalers_begin(struct sim_controllers *controllers)
{
    bool any = false;
    uint64_t seed = controllers->realm->seed;
    for (uint32_t i = 0; i < controllers->workload_count; i++) {
        struct ctl_workload *workload = &controllers->workloads[i];
        if (!workload->plan->autoscaler.max_replicas || ctl_is_job(workload)) continue;
        struct ctl_scaler *scaler = workload->scaler = ctl_take(controllers, sizeof *scaler);
        if (!scaler) return false;
        any = true;
        scaler->workload = workload;
        scaler->plan = &workload->plan->autoscaler;
        scaler->view = (struct sim_autoscaler_view){.given = true, .desired = workload->replicas};
        sim_entry_init(&scaler->sync, &sync_entry, &controllers->origin, 0);
        /* it has been there for a while: its next sync is somewhere in the period */
        uint64_t draw = mc_draw(seed, MC_FOR_SELECT, controllers->origin.number + 2, i);
        sim_engine_at(controllers->engine, &scaler->sync, ctl_now(controllers) + (mc_ns)mc_below(draw, (uint64_t)controllers->constants.hpa_sync));
    }
    sim_entry_init(&controllers->scrape, &scrape_entry, &controllers->origin, 0);
    uint64_t draw = mc_draw(seed, MC_FOR_SELECT, controllers->origin.number + 3, 0);
    mc_ns first = ctl_now(controllers) + (mc_ns)mc_below(draw, (uint64_t)controllers->constants.metrics_resolution);
    if (any) sim_engine_at(controllers->engine, &controllers->scrape, first);
    return true;
}

struct sim_autoscaler_view sim_controllers_autoscaler(const struct sim_controllers *controllers, uint32_t service, uint32_t version)
{
    const struct ctl_workload *workload = ctl_workload_of(controllers, service, version);
    return workload->scaler ? workload->scaler->view : (struct sim_autoscaler_view){0};
}
