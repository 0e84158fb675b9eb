#include "sim/platform/parts.h"
#include "sim/net/grow.h"
#include <stdarg.h>
#include <stdio.h>

#define ORIGIN_OF_PODS (UINT64_C(5) << 59)

/* ---- constants ---- */

/* As topologies/profiles/kubernetes.lua has them, with their sources. */
static const struct sim_kubernetes defaults = {
    .schedule = 10 * MC_MS, .kubelet_sync = 50 * MC_MS, .relist = MC_S, .container_start = 500 * MC_MS, .sandbox_stop = 500 * MC_MS,
    .status_update = 50 * MC_MS, .endpoint_update = 50 * MC_MS, .kube_proxy_sync = 200 * MC_MS,
    .grace = 30 * MC_S, .grace_least = 2 * MC_S,
    .back_off_base = 10 * MC_S, .back_off_max = 300 * MC_S, .back_off_reset = 600 * MC_S,
    .node_monitor_grace = 40 * MC_S, .node_monitor_period = 5 * MC_S, .toleration = 300 * MC_S, .eviction_retry = 5 * MC_S,
    .hpa_sync = 15 * MC_S, .hpa_tolerance_ppm = 100000, .hpa_down_window = 300 * MC_S, .hpa_initial_readiness = 30 * MC_S,
    .hpa_cpu_initialization = 300 * MC_S, .metrics_resolution = 15 * MC_S,
};

struct sim_kubernetes sim_kubernetes_filled(const struct sim_kubernetes *given)
{
    struct sim_kubernetes filled = *given;
#define FILL(member) if (!filled.member) filled.member = defaults.member
    FILL(schedule);
    FILL(kubelet_sync);
    FILL(relist);
    FILL(container_start);
    FILL(sandbox_stop);
    FILL(status_update);
    FILL(endpoint_update);
    FILL(kube_proxy_sync);
    FILL(grace);
    FILL(grace_least);
    FILL(back_off_base);
    FILL(back_off_max);
    FILL(back_off_reset);
    FILL(node_monitor_grace);
    FILL(node_monitor_period);
    FILL(toleration);
    FILL(eviction_retry);
    FILL(hpa_sync);
    FILL(hpa_tolerance_ppm);
    FILL(hpa_down_window);
    FILL(hpa_initial_readiness);
    FILL(hpa_cpu_initialization);
    FILL(metrics_resolution);
#undef FILL
    return filled;
}

/* ---- life ---- */

struct sim_pods *sim_pods_new(const struct sim_pods_options *options)
{
    struct sim_pods *pods = mc_pool_take_zero(&options->realm->pool, sizeof *pods);
    if (!pods) return NULL;
    pods->world = options->world;
    pods->realm = options->realm;
    pods->constants = sim_kubernetes_filled(options->constants);
    pods->profile = options->profile;
    pods->owner = options->owner;
    mc_list_init(&pods->watches);
    return pods;
}

void sim_pods_free(struct sim_pods *pods)
{
    if (!pods) return;
    struct mc_pool *pool = &pods->realm->pool;
    for (uint32_t i = 0; i < pods->count; i++) {
        if (!pods->lives[i]) continue;
        prober_free(pods->lives[i]);
        pod_work_free(pods->lives[i]);
        mc_pool_give(pool, pods->lives[i], sizeof *pods->lives[i]);
    }
    probers_free(pods);
    mc_pool_give(pool, pods->lives, pods->capacity * sizeof(struct pod_life *));
    mc_pool_give(pool, pods, sizeof *pods);
}

void pods_refused(struct pod_life *life)
{
    pods_engine(life)->refused = true;
}

void pods_event(struct pod_life *life, const char *reason, const char *format, ...)
{
    struct sim_pods_owner *owner = life->pods->owner;
    char text[200];
    va_list arguments;
    if (!owner->type->event) return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    owner->type->event(owner, life->spec.pod, reason, text);
}

static struct pod_life *life_of(const struct sim_pods *pods, uint32_t pod)
{
    return pod < pods->count ? pods->lives[pod] : NULL;
}

static void init_life(struct pod_life *life, struct sim_pods *pods, const struct sim_pod_new *spec)
{
    mc_ns now = sim_world_now(pods->world);
    *life = (struct pod_life){.pods = pods, .spec = *spec, .reason = "", .grace = MC_NEVER};
    life->origin.number = ORIGIN_OF_PODS | spec->pod;
    life->machine = sim_world_pod(pods->world, spec->world).machine;
    for (int role = 0; role < SIM_ROLES; role++) life->containers[role] = (struct pod_container){.world = spec->containers[role], .kill_at = MC_NEVER};
    life->status = (struct sim_pod_status){.machine = SIM_NONE, .reason = "", .created = now, .started = MC_NEVER, .ready_since = MC_NEVER};
}

bool sim_pods_add(struct sim_pods *pods, const struct sim_pod_new *spec)
{
    struct mc_pool *pool = &pods->realm->pool;
    if (!sim_grow(pool, (void **)&pods->lives, &pods->capacity, spec->pod + 1, sizeof(struct pod_life *))) return false;
    mc_assert(spec->pod >= pods->count || !pods->lives[spec->pod]);
    struct pod_life *life = mc_pool_take_zero(pool, sizeof *life);
    if (!life) return false;
    init_life(life, pods, spec);
    pods->lives[spec->pod] = life;
    if (pods->count <= spec->pod) pods->count = spec->pod + 1;
    if (spec->running) kubelet_run_now(life);
    else kubelet_begin(life);
    return !sim_world_engine(pods->world)->refused;
}

uint32_t sim_pods_count(const struct sim_pods *pods)
{
    return pods->count;
}

/* ---- the API server ---- */

struct sim_pod_status sim_pods_status(const struct sim_pods *pods, uint32_t pod)
{
    const struct pod_life *life = life_of(pods, pod);
    return life ? life->status : (struct sim_pod_status){.phase = SIM_POD_GONE, .machine = SIM_NONE, .reason = ""};
}

void sim_pods_watch(struct sim_pods *pods, struct sim_pod_watch *watch)
{
    mc_list_push_back(&pods->watches, &watch->link);
}

void sim_pods_unwatch(struct sim_pods *pods, struct sim_pod_watch *watch)
{
    (void)pods;
    mc_list_remove(&watch->link);
}

static bool is_same(const struct sim_pod_status *a, const struct sim_pod_status *b)
{
    return a->phase == b->phase && a->ready == b->ready && a->terminating == b->terminating && a->machine == b->machine &&
           a->restarts == b->restarts && a->reason == b->reason && a->started == b->started;
}

void pod_store(struct pod_life *life, const struct sim_pod_status *status)
{
    struct sim_pod_status next = *status;
    if (next.ready != life->status.ready) next.ready_since = next.ready ? pods_now(life) : MC_NEVER;
    if (is_same(&next, &life->status)) return;
    life->status = next;
    pod_endpoint(life);
    mc_list_each(link, &life->pods->watches) {
        struct sim_pod_watch *watch = mc_container(link, struct sim_pod_watch, link);
        watch->changed(watch, life->spec.pod, &life->status);
    }
}

/* ---- the kubelet's reports ---- */

static enum sim_pod_phase phase_of(const struct pod_life *life)
{
    const struct pod_container *app = &life->containers[SIM_ROLE_APP];
    if (life->stage == STAGE_GONE) return SIM_POD_GONE;
    if (life->stage == STAGE_ENDED) return app->status ? SIM_POD_FAILED : SIM_POD_SUCCEEDED;
    bool all = true;
    for (int role = 0; role < SIM_ROLES; role++)
        if (has_container(life, (enum sim_role)role)) all = all && (life->containers[role].begun || life->spec.running);
    return all ? SIM_POD_RUNNING : SIM_POD_PENDING;
}

static struct sim_pod_status seen_by_kubelet(const struct pod_life *life)
{
    struct sim_pod_status status = life->status;
    status.phase = phase_of(life);
    status.ready = kubelet_is_ready(life);
    status.reason = life->reason;
    status.restarts = 0;
    for (int role = 0; role < SIM_ROLES; role++) status.restarts += life->containers[role].restarts;
    if (status.phase == SIM_POD_RUNNING && status.started == MC_NEVER) status.started = life->containers[SIM_ROLE_APP].begun;
    return status;
}

void pod_report(struct pod_life *life)
{
    if (life->cut || life->forced || pod_alarm_is_set(life, ALARM_REPORT)) return;
    struct sim_pod_status status = seen_by_kubelet(life);
    if (is_same(&status, &life->status)) return;
    pod_alarm_set(life, ALARM_REPORT, life->pods->constants.status_update);
}

void pod_reported(struct pod_alarm *alarm)
{
    struct pod_life *life = alarm->life;
    if (life->cut || life->forced) return;
    struct sim_pod_status status = seen_by_kubelet(life);
    pod_store(life, &status);
}

void sim_pods_unready(struct sim_pods *pods, uint32_t pod)
{
    struct pod_life *life = life_of(pods, pod);
    if (!life || life->status.phase == SIM_POD_GONE) return;
    struct sim_pod_status status = life->status;
    status.ready = false;
    status.reason = "NodeLost";
    pod_store(life, &status);
}

/* ---- deletion ---- */

static void forget_at_once(struct pod_life *life)
{
    struct sim_pod_status status = life->status;
    life->forced = true;
    status.phase = SIM_POD_GONE;
    status.terminating = true;
    status.ready = false;
    pod_store(life, &status);
}

void sim_pods_delete(struct sim_pods *pods, uint32_t pod, mc_ns grace)
{
    struct pod_life *life = life_of(pods, pod);
    if (!life || life->status.phase == SIM_POD_GONE) return;
    if (grace == MC_NEVER) grace = pod_grace(life);
    if (life->grace != MC_NEVER && grace >= life->grace) return;
    life->grace = grace;
    if (!life->cut && life->stage != STAGE_GONE) pod_alarm_set(life, ALARM_DELETED, pods->constants.kubelet_sync);
    if (!grace) {
        forget_at_once(life);
        return;
    }
    struct sim_pod_status status = life->status;
    status.terminating = true;
    pod_store(life, &status);
}

/* ---- what the owner tells ---- */

void sim_pods_gone(struct sim_pods *pods, uint32_t pod, enum sim_role role, uint32_t status)
{
    struct pod_life *life = life_of(pods, pod);
    if (!life || !container_is_up(&life->containers[role])) return;
    struct pod_container *container = &life->containers[role];
    container->state = CONTAINER_ENDED;
    container->status = container->exits ? container->exit_status : status;
    container->exits = false;
    container->ended = pods_now(life);
    kubelet_ended(life, role);
}

void sim_pods_hold(struct sim_pods *pods, uint32_t pod)
{
    struct pod_life *life = life_of(pods, pod);
    if (!life || life->held++) return;
    pod_alarm_clear(life, ALARM_SEQUENCE);
    for (int role = 0; role < SIM_ROLES; role++) {
        container_alarm_clear(life, (enum sim_role)role, CONTAINER_NEXT);
        if (life->containers[role].state == CONTAINER_WARMING) life->containers[role].state = CONTAINER_ENDED;
    }
}

void sim_pods_release(struct sim_pods *pods, uint32_t pod)
{
    struct pod_life *life = life_of(pods, pod);
    if (!life || !life->held || --life->held) return;
    if (life->lost || life->stage == STAGE_TERMINATING || life->stage == STAGE_ENDED || life->stage == STAGE_GONE) return;
    kubelet_run_now(life);
}

/* ---- machines ---- */

static void stand_still(struct pod_life *life)
{
    life->lost = true;
    pod_alarm_clear(life, ALARM_SEQUENCE);
    for (int role = 0; role < SIM_ROLES; role++) {
        container_alarms_clear(life, (enum sim_role)role);
        life->containers[role].stopping = false;
        if (life->containers[role].state == CONTAINER_WARMING) life->containers[role].state = CONTAINER_ENDED;
    }
    prober_stopped(life, true);
}

void sim_pods_machine_lost(struct sim_pods *pods, uint32_t machine, bool running)
{
    for (uint32_t i = 0; i < pods->count; i++) {
        struct pod_life *life = pods->lives[i];
        if (!life || life->machine != machine || life->stage == STAGE_GONE) continue;
        life->cut = true;
        pod_alarm_clear(life, ALARM_REPORT);
        pod_alarm_clear(life, ALARM_DELETED);
        if (!running) stand_still(life);
    }
}

static void come_back(struct pod_life *life)
{
    bool was_down = life->lost;
    life->cut = life->lost = false;
    if (life->grace != MC_NEVER) {
        pod_alarm_set(life, ALARM_DELETED, life->pods->constants.kubelet_sync);
    } else if (was_down && life->stage != STAGE_ENDED && !life->held) {
        for (int role = 0; role < SIM_ROLES; role++) life->containers[role].restarts += has_container(life, (enum sim_role)role);
        kubelet_begin(life);
    }
    pod_alarm_set(life, ALARM_REPORT, life->pods->constants.status_update);
}

void sim_pods_machine_back(struct sim_pods *pods, uint32_t machine)
{
    for (uint32_t i = 0; i < pods->count; i++) {
        struct pod_life *life = pods->lives[i];
        if (life && life->machine == machine && life->cut && life->stage != STAGE_GONE) come_back(life);
    }
}
