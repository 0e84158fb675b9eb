#include "sim/platform/parts.h"

static void fire(struct sim_entry *entry)
{
    struct pod_alarm *alarm = mc_container(entry, struct pod_alarm, entry);
    sim_engine_tell(pods_engine(alarm->life), alarm->life->spec.pod, 0, 0, 0);
    alarm->rings(alarm);
}

static const struct sim_entry_type alarm_type = {"pod", SIM_CLASS_FAULT, SIM_KIND_ORDER, fire};

static void (*const of_pod[POD_ALARMS])(struct pod_alarm *) = {
    [ALARM_SEQUENCE] = kubelet_sequence,
    [ALARM_DELETED] = kubelet_deleted,
    [ALARM_REPORT] = pod_reported,
    [ALARM_ENDPOINT] = pod_endpoint_told,
    [ALARM_SANDBOX] = kubelet_unplugs,
};

static void (*const of_container[CONTAINER_ALARMS])(struct pod_alarm *) = {
    [CONTAINER_NEXT] = kubelet_next,
    [CONTAINER_SEEN] = kubelet_seen,
    [CONTAINER_ENDS] = kubelet_ends,
    [CONTAINER_TERM] = kubelet_term,
    [CONTAINER_KILL] = kubelet_kill,
};

static void init(struct pod_life *life, struct pod_alarm *alarm, void (*rings)(struct pod_alarm *))
{
    alarm->life = life;
    alarm->rings = rings;
    sim_entry_init(&alarm->entry, &alarm_type, &life->origin, life->origin.number);
}

static struct pod_work *work_of(struct pod_life *life)
{
    if (life->work) return life->work;
    life->work = mc_pool_take_zero(&life->pods->realm->pool, sizeof *life->work);
    if (!life->work) {
        pods_refused(life);
        return NULL;
    }
    for (int i = 0; i < POD_ALARMS; i++) init(life, &life->work->of_pod[i], of_pod[i]);
    for (int role = 0; role < SIM_ROLES; role++)
        for (int i = 0; i < CONTAINER_ALARMS; i++) init(life, &life->work->of_container[role][i], of_container[i]);
    return life->work;
}

bool pod_alarm_set(struct pod_life *life, enum pod_alarm_name name, mc_ns after)
{
    struct pod_work *work = work_of(life);
    if (!work) return false;
    sim_engine_at(pods_engine(life), &work->of_pod[name].entry, mc_ns_add(pods_now(life), after));
    return true;
}

bool pod_alarm_is_set(const struct pod_life *life, enum pod_alarm_name name)
{
    return life->work && sim_entry_is_queued(&life->work->of_pod[name].entry);
}

void pod_alarm_clear(struct pod_life *life, enum pod_alarm_name name)
{
    if (life->work) sim_engine_cancel(pods_engine(life), &life->work->of_pod[name].entry);
}

bool container_alarm_set(struct pod_life *life, enum sim_role role, enum container_alarm_name name, mc_ns after)
{
    struct pod_work *work = work_of(life);
    if (!work) return false;
    sim_engine_at(pods_engine(life), &work->of_container[role][name].entry, mc_ns_add(pods_now(life), after));
    return true;
}

void container_alarm_clear(struct pod_life *life, enum sim_role role, enum container_alarm_name name)
{
    if (life->work) sim_engine_cancel(pods_engine(life), &life->work->of_container[role][name].entry);
}

void container_alarms_clear(struct pod_life *life, enum sim_role role)
{
    for (int i = 0; i < CONTAINER_ALARMS; i++) container_alarm_clear(life, role, (enum container_alarm_name)i);
}

enum sim_role alarm_role(const struct pod_alarm *alarm)
{
    const struct pod_alarm *first = alarm->life->work->of_container[0];
    return (enum sim_role)((size_t)(alarm - first) / CONTAINER_ALARMS);
}

void pod_work_free(struct pod_life *life)
{
    if (!life->work) return;
    for (int i = 0; i < POD_ALARMS; i++) pod_alarm_clear(life, (enum pod_alarm_name)i);
    for (int role = 0; role < SIM_ROLES; role++) container_alarms_clear(life, (enum sim_role)role);
    mc_pool_give(&life->pods->realm->pool, life->work, sizeof *life->work);
    life->work = NULL;
}
