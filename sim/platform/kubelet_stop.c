/* How containers are ended. pkg/kubelet/kuberuntime/kuberuntime_container.go: killContainer — the preStop hook is
 * part of the grace period, SIGTERM follows, then SIGKILL; at least minimumGracePeriodInSeconds lie between the two.
 * All containers of a pod together, but native sidecars, which wait for the others to end
 * (kuberuntime_termination_order.go) as long as there is time. */
#include "sim/platform/parts.h"

mc_ns pod_grace(const struct pod_life *life)
{
    return life->spec.plan->grace_given ? life->spec.plan->grace : life->pods->constants.grace;
}

/* ---- SIGTERM, by what the process does with it ---- */

static void die(struct pod_life *life, enum sim_role role, uint32_t status)
{
    struct pod_container *container = &life->containers[role];
    bool warming = container->state == CONTAINER_WARMING;
    container->exits = true;
    container->exit_status = status;
    if (warming) sim_pods_gone(life->pods, life->spec.pod, role, status);
    else sim_container_crash(life->pods->world, container->world);
}

static mc_ns left_of(const struct pod_life *life, enum sim_role role)
{
    return mc_ns_max(life->containers[role].kill_at - pods_now(life), 0);
}

static void close_app(struct pod_life *life)
{
    sim_container_stop(life->pods->world, life->containers[SIM_ROLE_APP].world, left_of(life, SIM_ROLE_APP));
}

static void term_app(struct pod_life *life)
{
    const struct sim_pod_plan *plan = life->spec.plan;
    container_alarm_clear(life, SIM_ROLE_APP, CONTAINER_ENDS);
    if (plan->ignores_term) return;
    if (life->containers[SIM_ROLE_APP].state == CONTAINER_WARMING) die(life, SIM_ROLE_APP, 143);
    else if (plan->app_stop) container_alarm_set(life, SIM_ROLE_APP, CONTAINER_ENDS, plan->app_stop);
    else close_app(life);
}

static void term_sidecar(struct pod_life *life)
{
    const struct sim_sidecar *sidecar = sidecar_of(life);
    struct sim_pods_owner *owner = life->pods->owner;
    mc_ns left = left_of(life, SIM_ROLE_SIDECAR);
    if (!sidecar->termination_drain && !sidecar->exit_on_zero) {
        mc_ns grace = sidecar->shutdown_grace ? mc_ns_min(sidecar->shutdown_grace, left) : left;
        sim_container_stop(life->pods->world, life->containers[SIM_ROLE_SIDECAR].world, grace);
        return;
    }
    if (owner->type->drain) owner->type->drain(owner, life->spec.pod);
    container_alarm_set(life, SIM_ROLE_SIDECAR, CONTAINER_ENDS, sidecar->exit_on_zero ? sidecar->min_drain : sidecar->termination_drain);
}

static void term(struct pod_life *life, enum sim_role role)
{
    if (!container_is_up(&life->containers[role])) return;
    if (role == SIM_ROLE_APP) term_app(life);
    else term_sidecar(life);
}

static bool waits_for_hook(const struct pod_life *life, enum sim_role role)
{
    return life->work && sim_entry_is_queued(&life->work->of_container[role][CONTAINER_TERM].entry);
}

static bool got_term(const struct pod_life *life, enum sim_role role)
{
    return life->containers[role].stopping && !waits_for_hook(life, role);
}

/* Its own end: the agent's once connections are gone or its time is over; an application that goes on
 * serving after SIGTERM closes; or it crashes or is done. */
void kubelet_ends(struct pod_alarm *alarm)
{
    struct pod_life *life = alarm->life;
    enum sim_role role = alarm_role(alarm);
    struct sim_pods_owner *owner = life->pods->owner;
    if (!container_is_up(&life->containers[role])) return;
    if (role == SIM_ROLE_APP) {
        if (got_term(life, role)) close_app(life);
        else die(life, role, life->containers[role].exit_status);
        return;
    }
    bool idle = !owner->type->sidecar_idle || owner->type->sidecar_idle(owner, life->spec.pod);
    if (sidecar_of(life)->exit_on_zero && !idle) container_alarm_set(life, role, CONTAINER_ENDS, MC_S); /* pilot-agent looks once a second */
    else die(life, role, 0);
}

void kubelet_term(struct pod_alarm *alarm)
{
    term(alarm->life, alarm_role(alarm));
}

void kubelet_kill(struct pod_alarm *alarm)
{
    struct pod_life *life = alarm->life;
    enum sim_role role = alarm_role(alarm);
    if (!container_is_up(&life->containers[role])) return;
    pods_event(life, "Killing", "%s did not end in time: SIGKILL", role == SIM_ROLE_APP ? "the application" : "the sidecar");
    die(life, role, 137);
}

/* ---- preStop, SIGTERM, SIGKILL ---- */

void kubelet_stop(struct pod_life *life, enum sim_role role, mc_ns grace)
{
    struct pod_container *container = &life->containers[role];
    mc_ns hook = role == SIM_ROLE_APP ? life->spec.plan->pre_stop : sidecar_of(life)->wait_before_exit;
    if (!container_is_up(container)) return;
    hook = mc_ns_min(hook, grace);
    mc_ns left = mc_ns_max(grace - hook, life->pods->constants.grace_least);
    mc_ns kill_at = mc_ns_add(pods_now(life), mc_ns_add(hook, left));
    if (container->stopping && kill_at >= container->kill_at) return; /* a shorter grace only */
    bool again = container->stopping;
    container->stopping = true;
    container->kill_at = kill_at;
    container_alarm_set(life, role, CONTAINER_KILL, kill_at - pods_now(life));
    if (again && !waits_for_hook(life, role)) return;
    if (hook) container_alarm_set(life, role, CONTAINER_TERM, hook);
    else term(life, role);
}

/* ---- the pod's end ---- */

static bool is_empty(const struct pod_life *life)
{
    for (int role = 0; role < SIM_ROLES; role++)
        if (has_container(life, (enum sim_role)role) && container_is_up(&life->containers[role])) return false;
    return true;
}

/* Until then the pod's kernel answers for nobody: who connects is refused. */
void kubelet_unplugs(struct pod_alarm *alarm)
{
    struct sim_pods_owner *owner = alarm->life->pods->owner;
    if (owner->type->unplug) owner->type->unplug(owner, alarm->life->spec.pod);
}

static void leave_machine(struct pod_life *life)
{
    struct sim_pods_owner *owner = life->pods->owner;
    life->stage = STAGE_GONE;
    life->reason = "";
    prober_free(life);
    pod_alarm_clear(life, ALARM_SEQUENCE);
    for (int role = 0; role < SIM_ROLES; role++) container_alarms_clear(life, (enum sim_role)role);
    owner->type->gone(owner, life->spec.pod);
    (void)pod_alarm_set(life, ALARM_SANDBOX, life->pods->constants.sandbox_stop);
    pod_report(life);
}

static bool waits_for_others(const struct pod_life *life, enum sim_role role)
{
    return role == SIM_ROLE_SIDECAR && sidecar_of(life)->native && container_is_up(&life->containers[SIM_ROLE_APP]);
}

void kubelet_terminate(struct pod_life *life, mc_ns grace)
{
    bool again = life->stage == STAGE_TERMINATING;
    life->stage = STAGE_TERMINATING;
    pod_alarm_clear(life, ALARM_SEQUENCE);
    prober_stopped(life, false);
    if (!again) pods_event(life, "Killing", "stopping");
    for (int role = 0; role < SIM_ROLES; role++) {
        struct pod_container *container = &life->containers[role];
        if (!container_is_up(container)) container_alarms_clear(life, (enum sim_role)role);
        else if (!waits_for_others(life, (enum sim_role)role)) kubelet_stop(life, (enum sim_role)role, grace);
    }
    if (life->stage == STAGE_TERMINATING && is_empty(life)) leave_machine(life);
}

void kubelet_deleted(struct pod_alarm *alarm)
{
    struct pod_life *life = alarm->life;
    if (life->stage == STAGE_GONE) return;
    life->end_by = mc_ns_add(pods_now(life), life->grace);
    kubelet_terminate(life, life->grace);
}

void kubelet_stopped(struct pod_life *life, enum sim_role role)
{
    bool next = role == SIM_ROLE_APP && has_container(life, SIM_ROLE_SIDECAR) && sidecar_of(life)->native;
    pod_report(life);
    if (next) kubelet_stop(life, SIM_ROLE_SIDECAR, mc_ns_max(life->end_by - pods_now(life), 0));
    if (life->stage == STAGE_TERMINATING && is_empty(life)) leave_machine(life);
}
