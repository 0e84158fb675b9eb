/* How a pod starts on its machine, and what the kubelet does when a container ends by itself.
 * pkg/kubelet/kuberuntime/kuberuntime_manager.go: SyncPod, computePodActions, doBackOff. */
#include "sim/platform/parts.h"

/* ---- the order of a start ---- */

enum step { STEP_END, STEP_SCHEDULE, STEP_SANDBOX, STEP_INIT, STEP_SIDECAR, STEP_SIDECAR_READY, STEP_APP };

enum { STEPS_MAX = 7 };

/* Containers of one pod are started one after the other. Classic sidecars are injected last, or first with a
 * postStart hook that waits (holdApplicationUntilProxyStarts, linkerd-await); native ones are init containers whose
 * startup probe must pass before the next is started. */
static const uint8_t without_sidecar[STEPS_MAX] = {STEP_SCHEDULE, STEP_SANDBOX, STEP_INIT, STEP_APP};
static const uint8_t classic[STEPS_MAX] = {STEP_SCHEDULE, STEP_SANDBOX, STEP_INIT, STEP_APP, STEP_SIDECAR};
static const uint8_t held[STEPS_MAX] = {STEP_SCHEDULE, STEP_SANDBOX, STEP_INIT, STEP_SIDECAR, STEP_SIDECAR_READY, STEP_APP};
static const uint8_t native[STEPS_MAX] = {STEP_SCHEDULE, STEP_SANDBOX, STEP_SIDECAR, STEP_SIDECAR_READY, STEP_INIT, STEP_APP};

static const uint8_t *order_of(const struct pod_life *life)
{
    if (!has_container(life, SIM_ROLE_SIDECAR)) return without_sidecar;
    if (sidecar_of(life)->native) return native;
    return sidecar_of(life)->hold_application ? held : classic;
}

/* Beside the application's init containers one redirects the traffic: istio-init, linkerd-init. */
static mc_ns init_takes(const struct pod_life *life)
{
    mc_ns redirect = has_container(life, SIM_ROLE_SIDECAR) ? life->pods->constants.container_start : 0;
    return mc_ns_add(life->spec.plan->init, redirect);
}

static mc_ns ready_period(const struct pod_life *life)
{
    return sidecar_of(life)->ready_period ? sidecar_of(life)->ready_period : MC_S;
}

static mc_ns takes(const struct pod_life *life, enum step step)
{
    const struct sim_kubernetes *constants = &life->pods->constants;
    switch (step) {
    case STEP_SCHEDULE: return constants->schedule;
    case STEP_SANDBOX: return mc_ns_add(mc_ns_add(constants->kubelet_sync, constants->container_start), life->spec.plan->image_pull);
    case STEP_INIT: return init_takes(life);
    case STEP_SIDECAR:
    case STEP_APP: return constants->container_start;
    case STEP_SIDECAR_READY: return 0;
    case STEP_END: break;
    }
    return 0;
}

/* ---- containers ---- */

static void arm_end(struct pod_life *life, struct pod_container *app)
{
    mc_ns crash = life->spec.plan->crash_after, done = life->spec.exit_after;
    if (!crash && !done) return;
    app->exit_status = crash && (!done || crash < done);
    container_alarm_set(life, SIM_ROLE_APP, CONTAINER_ENDS, app->exit_status ? crash : done);
}

static bool move_in(struct pod_life *life, enum sim_role role)
{
    struct sim_pods_owner *owner = life->pods->owner;
    if (!sim_world_pod(life->pods->world, life->spec.world).up) sim_pod_start(life->pods->world, life->spec.world);
    life->containers[role].state = CONTAINER_RUNS;
    if (owner->type->start(owner, life->spec.pod, role)) return true;
    pods_refused(life);
    return false;
}

static void start(struct pod_life *life, enum sim_role role, mc_ns warm_up)
{
    struct pod_container *container = &life->containers[role];
    container->begun = pods_now(life);
    container->finished = container->stopping = container->started = container->ready = container->crash_loop = false;
    container->state = CONTAINER_WARMING;
    if (role == SIM_ROLE_APP && warm_up) container_alarm_set(life, role, CONTAINER_NEXT, warm_up);
    else if (!move_in(life, role)) return;
    if (role == SIM_ROLE_APP) arm_end(life, container);
}

/* Whether it is asked for once more, some time later. */
static bool must_wait_for_sidecar(struct pod_life *life)
{
    struct sim_pods_owner *owner = life->pods->owner;
    struct pod_container *sidecar = &life->containers[SIM_ROLE_SIDECAR];
    bool up = sidecar->state == CONTAINER_RUNS;
    if (up && (!owner->type->sidecar_ready || owner->type->sidecar_ready(owner, life->spec.pod))) return false;
    pod_alarm_set(life, ALARM_SEQUENCE, ready_period(life));
    return true;
}

static void running_now(struct pod_life *life)
{
    life->stage = STAGE_RUNNING;
    pod_report(life);
}

/* Whether a sidecar is ready is asked as its readiness probe does, until it is once. */
static void look_at_sidecar(struct pod_life *life)
{
    if (!has_container(life, SIM_ROLE_SIDECAR) || life->containers[SIM_ROLE_SIDECAR].ready) return;
    if (must_wait_for_sidecar(life)) return;
    life->containers[SIM_ROLE_SIDECAR].ready = true;
    pod_report(life);
}

/* The step that is over now. False: it is not over yet. */
static bool finish_step(struct pod_life *life, enum step step)
{
    struct sim_pod_status status = life->status;
    switch (step) {
    case STEP_SCHEDULE:
        status.machine = life->machine;
        pod_store(life, &status);
        return true;
    case STEP_SIDECAR: start(life, SIM_ROLE_SIDECAR, 0); return true;
    case STEP_SIDECAR_READY:
        if (must_wait_for_sidecar(life)) return false;
        life->containers[SIM_ROLE_SIDECAR].ready = true;
        return true;
    case STEP_APP:
        start(life, SIM_ROLE_APP, life->spec.plan->warm_up);
        prober_started(life, false);
        return true;
    case STEP_END:
    case STEP_SANDBOX:
    case STEP_INIT: break;
    }
    return true;
}

static void go_on(struct pod_life *life)
{
    enum step next = (enum step)order_of(life)[life->step];
    if (next != STEP_END) {
        pod_alarm_set(life, ALARM_SEQUENCE, takes(life, next));
        return;
    }
    running_now(life);
    look_at_sidecar(life);
}

void kubelet_sequence(struct pod_alarm *alarm)
{
    struct pod_life *life = alarm->life;
    if (life->stage == STAGE_RUNNING) {
        look_at_sidecar(life);
        return;
    }
    if (life->stage != STAGE_STARTING || !finish_step(life, (enum step)order_of(life)[life->step])) return;
    if (life->stage != STAGE_STARTING) return; /* a watcher has deleted it */
    life->step++;
    go_on(life);
}

void kubelet_begin(struct pod_life *life)
{
    life->stage = STAGE_STARTING;
    life->reason = "ContainerCreating";
    life->step = life->status.machine == SIM_NONE ? 0 : 1; /* a pod whose machine came back keeps it */
    for (int role = 0; role < SIM_ROLES; role++) life->containers[role].state = CONTAINER_WAITING;
    go_on(life);
}

/* As at time 0, and as a fault that clears itself leaves it. */
void kubelet_run_now(struct pod_life *life)
{
    bool first = life->spec.running && life->status.machine == SIM_NONE;
    life->stage = STAGE_RUNNING;
    life->reason = "";
    if (first) {
        life->status = (struct sim_pod_status){.phase = SIM_POD_RUNNING, .ready = true, .machine = life->machine, .reason = ""};
        life->told_ready = life->told_serving = life->spec.in_service;
    }
    pod_alarm_clear(life, ALARM_SEQUENCE);
    for (int role = SIM_ROLE_SIDECAR; role >= 0; role--) {
        struct pod_container *container = &life->containers[role];
        if (!has_container(life, (enum sim_role)role) || container_is_up(container)) continue;
        container_alarms_clear(life, (enum sim_role)role);
        start(life, (enum sim_role)role, 0);
        container->ready = container->started = first;
    }
    if (!first) look_at_sidecar(life);
    prober_started(life, first);
    pod_report(life);
}

/* ---- readiness ---- */

bool kubelet_is_ready(const struct pod_life *life)
{
    const struct sim_pod_plan *plan = life->spec.plan;
    const struct pod_container *app = &life->containers[SIM_ROLE_APP], *sidecar = &life->containers[SIM_ROLE_SIDECAR];
    if (life->stage != STAGE_RUNNING && life->stage != STAGE_TERMINATING) return false;
    if (!container_is_up(app)) return false;
    if (plan->startup.kind != SIM_PROBE_NONE && !app->started && !app->ready) return false;
    if (plan->readiness.kind != SIM_PROBE_NONE && !app->ready) return false;
    return sidecar->world == SIM_NONE || (container_is_up(sidecar) && sidecar->ready);
}

/* ---- a container has ended by itself ---- */

static bool is_restarted(const struct pod_life *life, enum sim_role role)
{
    const struct pod_container *container = &life->containers[role];
    if (role == SIM_ROLE_SIDECAR && sidecar_of(life)->native) return !life->containers[SIM_ROLE_APP].finished;
    if (life->spec.plan->restart_policy == SIM_RESTART_ALWAYS) return true;
    return life->spec.plan->restart_policy == SIM_RESTART_ON_FAILURE && container->status != 0;
}

/* All containers that are not coming back have ended: the pod's phase is its last. Native sidecars are told
 * to go when the others have. */
static void maybe_end(struct pod_life *life)
{
    const struct pod_container *app = &life->containers[SIM_ROLE_APP], *sidecar = &life->containers[SIM_ROLE_SIDECAR];
    bool has_sidecar = has_container(life, SIM_ROLE_SIDECAR);
    if (!app->finished) return;
    if (has_sidecar && sidecar_of(life)->native && container_is_up(sidecar)) {
        if (!sidecar->stopping) kubelet_stop(life, SIM_ROLE_SIDECAR, pod_grace(life));
        return;
    }
    if (has_sidecar && !sidecar->finished && !(sidecar_of(life)->native && !container_is_up(sidecar))) return;
    if (has_sidecar) container_alarms_clear(life, SIM_ROLE_SIDECAR);
    life->stage = STAGE_ENDED;
    life->reason = app->status ? "Error" : "Completed";
    prober_stopped(life, true);
}

/* The first restart is at once; from then on 10 s, 20 s, 40 s … after its end, until it has run for long
 * enough (doBackOff, client-go's flowcontrol.Backoff). */
static mc_ns wait_before_restart(struct pod_life *life, struct pod_container *container)
{
    const struct sim_kubernetes *constants = &life->pods->constants;
    mc_ns ran = container->ended - container->begun, now = pods_now(life);
    mc_ns waited = ran > constants->back_off_reset ? 0 : container->back_off;
    container->back_off = waited ? mc_ns_min(2 * waited, constants->back_off_max) : constants->back_off_base;
    return mc_ns_max(waited - (now - container->ended), 0);
}

static void restart(struct pod_life *life, enum sim_role role)
{
    struct pod_container *container = &life->containers[role];
    mc_ns wait = wait_before_restart(life, container);
    container->state = CONTAINER_WAITING;
    container->crash_loop = wait > 0;
    if (wait) {
        life->reason = "CrashLoopBackOff";
        pods_event(life, "BackOff", "back-off restarting failed container %s", role == SIM_ROLE_APP ? "app" : "sidecar");
    }
    container_alarm_set(life, role, CONTAINER_NEXT, mc_ns_add(wait, life->pods->constants.container_start));
}

static void decide(struct pod_life *life, enum sim_role role)
{
    struct pod_container *container = &life->containers[role];
    if (life->held) return;
    if (is_restarted(life, role)) {
        restart(life, role);
    } else {
        container->finished = true;
        maybe_end(life);
    }
    pod_report(life);
}

void kubelet_seen(struct pod_alarm *alarm)
{
    struct pod_life *life = alarm->life;
    pod_report(life);
    if (life->stage == STAGE_RUNNING || life->stage == STAGE_STARTING) decide(life, alarm_role(alarm));
}

void kubelet_ended(struct pod_life *life, enum sim_role role)
{
    struct pod_container *container = &life->containers[role];
    bool by_kubelet = container->stopping;
    container_alarms_clear(life, role);
    container->ready = container->started = container->stopping = false;
    if (role == SIM_ROLE_APP) prober_stopped(life, true);
    if (life->lost || life->stage == STAGE_GONE || life->stage == STAGE_ENDED) return;
    if (life->stage == STAGE_TERMINATING) {
        kubelet_stopped(life, role);
        return;
    }
    if (by_kubelet) {
        pod_report(life);
        decide(life, role);
        return;
    }
    life->reason = "Error";
    container_alarm_set(life, role, CONTAINER_SEEN, life->pods->constants.relist);
}

/* Warmed up, or to be started again. */
void kubelet_next(struct pod_alarm *alarm)
{
    struct pod_life *life = alarm->life;
    enum sim_role role = alarm_role(alarm);
    struct pod_container *container = &life->containers[role];
    if (container->state == CONTAINER_WARMING) {
        move_in(life, role);
        return;
    }
    container->restarts++;
    life->reason = "";
    start(life, role, life->spec.plan->warm_up);
    if (role == SIM_ROLE_APP) prober_started(life, false);
    else look_at_sidecar(life);
    pod_report(life);
}
