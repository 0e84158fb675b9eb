/* A pod's place in the EndpointSlice of its service (discovery/v1): ready, serving, terminating. The controller sees
 * the API server's record, batches, and its watchers (kube-proxy, the mesh's registry) hear of it. */
#include "sim/platform/parts.h"

static bool is_listed(const struct pod_life *life)
{
    return life->status.phase == SIM_POD_RUNNING && life->spec.in_service;
}

void pod_endpoint(struct pod_life *life)
{
    const struct sim_kubernetes *constants = &life->pods->constants;
    bool serving = is_listed(life) && life->status.ready, ready = serving && !life->status.terminating;
    bool gone = life->status.phase == SIM_POD_GONE;
    if (ready == life->told_ready && serving == life->told_serving && gone == life->told_gone) return;
    if (pod_alarm_is_set(life, ALARM_ENDPOINT)) return;
    pod_alarm_set(life, ALARM_ENDPOINT, mc_ns_add(constants->endpoint_batch, constants->endpoint_update));
}

static bool is_over(const struct pod_life *life)
{
    bool rings = false;
    for (int i = 0; i < POD_ALARMS; i++) rings = rings || pod_alarm_is_set(life, (enum pod_alarm_name)i);
    return life->told_gone && life->stage == STAGE_GONE && !rings;
}

void pod_endpoint_told(struct pod_alarm *alarm)
{
    struct pod_life *life = alarm->life;
    struct sim_pods_owner *owner = life->pods->owner;
    life->told_serving = is_listed(life) && life->status.ready;
    life->told_ready = life->told_serving && !life->status.terminating;
    life->told_gone = life->status.phase == SIM_POD_GONE;
    owner->type->endpoint(owner, life->spec.pod, life->told_ready, life->told_serving);
    if (is_over(life)) pod_work_free(life);
}
