#include "cluster.h"
#include "base/assert.h"
#include <stdio.h>
#include <string.h>

struct cluster cluster;

/* ---- counting ---- */

static bool is_live(const struct cluster_pod *pod)
{
    return pod->deleted == MC_NEVER && (pod->status.phase == SIM_POD_PENDING || pod->status.phase == SIM_POD_RUNNING);
}

uint32_t cluster_live(uint32_t service, uint32_t version)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < cluster.pod_count; i++)
        count += cluster.pods[i].service == service && cluster.pods[i].version == version && is_live(&cluster.pods[i]);
    return count;
}

uint32_t cluster_ready(uint32_t service)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < cluster.pod_count; i++)
        count += cluster.pods[i].service == service && is_live(&cluster.pods[i]) && cluster.pods[i].status.ready;
    return count;
}

uint32_t cluster_on(uint32_t machine)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < cluster.pod_count; i++)
        count += cluster.pods[i].status.machine == machine && cluster.pods[i].status.phase != SIM_POD_GONE;
    return count;
}

void cluster_watch(void)
{
    cluster.most = 0;
    cluster.least_ready = UINT32_MAX;
}

static void count(void)
{
    uint32_t live = cluster_live(0, 0) + cluster_live(0, 1), ready = cluster_ready(0);
    if (live > cluster.most) cluster.most = live;
    if (ready < cluster.least_ready) cluster.least_ready = ready;
}

static void tell(struct cluster_pod *pod)
{
    count();
    sim_controllers_changed(cluster.controllers, pod->number, &pod->status);
}

/* ---- pods ---- */

static void go_on(struct sim_entry *entry)
{
    struct cluster_pod *pod = mc_container(entry, struct cluster_pod, entry);
    const struct cluster_kind *kind = &cluster.kinds[pod->service][pod->version];
    mc_ns now = cluster.engine.now;
    if (cluster.lost[pod->status.machine]) return;
    if (pod->status.phase == SIM_POD_PENDING) {
        pod->status.phase = SIM_POD_RUNNING;
        pod->status.ready = true;
        pod->status.started = pod->status.ready_since = now;
        if (kind->run_time) sim_engine_at(&cluster.engine, entry, now + kind->run_time);
    } else {
        pod->status.phase = kind->fails ? SIM_POD_FAILED : SIM_POD_SUCCEEDED;
        pod->status.ready = false;
    }
    tell(pod);
}

static void leave(struct sim_entry *entry)
{
    struct cluster_pod *pod = mc_container(entry, struct cluster_pod, leave);
    if (cluster.lost[pod->status.machine]) return;
    pod->status.phase = SIM_POD_GONE;
    pod->status.ready = false;
    sim_engine_cancel(&cluster.engine, &pod->entry);
    tell(pod);
}

static const struct sim_entry_type go_on_type = {"pod", SIM_CLASS_FAULT, SIM_KIND_TEST, go_on};
static const struct sim_entry_type leave_type = {"pod-leaves", SIM_CLASS_FAULT, SIM_KIND_TEST, leave};

static struct cluster_pod *add(uint32_t service, uint32_t version, uint32_t machine)
{
    ck_assert_uint_lt(cluster.pod_count, CLUSTER_PODS);
    struct cluster_pod *pod = &cluster.pods[cluster.pod_count];
    *pod = (struct cluster_pod){.number = cluster.pod_count++, .service = service, .version = version, .deleted = MC_NEVER,
                                .cpu_millis = cluster.kinds[service][version].cpu_millis, .rate = cluster.kinds[service][version].rate};
    pod->status = (struct sim_pod_status){.phase = SIM_POD_PENDING, .machine = machine, .reason = "", .created = cluster.engine.now,
                                          .started = MC_NEVER, .ready_since = MC_NEVER};
    sim_entry_init(&pod->entry, &go_on_type, &cluster.origin, 0);
    sim_entry_init(&pod->leave, &leave_type, &cluster.origin, 0);
    return pod;
}

/* ---- what controllers ask ---- */

static uint32_t create(struct sim_controllers_owner *owner, uint32_t service, uint32_t version, uint32_t machine)
{
    (void)owner;
    struct cluster_pod *pod = add(service, version, machine);
    mc_ns after = cluster.kinds[service][version].ready_after;
    sim_engine_at(&cluster.engine, &pod->entry, mc_ns_add(cluster.engine.now, after));
    count();
    return pod->number;
}

static void delete(struct sim_controllers_owner *owner, uint32_t number, mc_ns grace)
{
    (void)owner, (void)grace;
    struct cluster_pod *pod = &cluster.pods[number];
    ck_assert_int_eq(pod->deleted, MC_NEVER);
    pod->deleted = cluster.engine.now;
    pod->status.terminating = true;
    cluster.deleted_at[cluster.deletions] = cluster.engine.now;
    cluster.deleted[cluster.deletions++] = number;
    sim_engine_at(&cluster.engine, &pod->leave, cluster.engine.now + cluster.kinds[pod->service][pod->version].stop_after);
    tell(pod);
}

static void unready(struct sim_controllers_owner *owner, uint32_t number)
{
    (void)owner;
    cluster.unready++;
    cluster.pods[number].status.ready = false;
    cluster.pods[number].unready = true;
    tell(&cluster.pods[number]);
}

static mc_ns burnt(const struct cluster_pod *pod)
{
    mc_ns since = pod->burns_since > pod->status.started ? pod->burns_since : pod->status.started;
    return pod->burnt + (pod->status.phase == SIM_POD_RUNNING ? (cluster.engine.now - since) / 1000 * pod->cpu_millis : 0);
}

void cluster_burn(uint32_t millis)
{
    for (uint32_t s = 0; s < CLUSTER_SERVICES; s++) cluster.kinds[s][0].cpu_millis = cluster.kinds[s][1].cpu_millis = millis;
    for (uint32_t i = 0; i < cluster.pod_count; i++) {
        cluster.pods[i].burnt = burnt(&cluster.pods[i]);
        cluster.pods[i].burns_since = cluster.engine.now;
        cluster.pods[i].cpu_millis = millis;
    }
}

static bool usage(struct sim_controllers_owner *owner, uint32_t number, struct sim_usage *usage)
{
    (void)owner;
    const struct cluster_pod *pod = &cluster.pods[number];
    mc_ns ran = cluster.engine.now - pod->status.started;
    *usage = (struct sim_usage){.cpu = burnt(pod), .requests = (uint64_t)(ran / MC_S) * pod->rate,
                                .cpu_request_millis = cluster.kinds[pod->service][pod->version].request_millis};
    return pod->status.phase == SIM_POD_RUNNING;
}

static void event(struct sim_controllers_owner *owner, const char *subject, const char *reason, bool warning, const char *text)
{
    (void)owner, (void)warning;
    snprintf(cluster.events[cluster.event_count++ % CLUSTER_EVENTS], sizeof cluster.events[0], "%s %s: %s", subject, reason, text);
}

static void out_of_memory(struct sim_controllers_owner *owner)
{
    (void)owner;
    ck_abort_msg("out of memory");
}

static const struct sim_controllers_owner_type owner_type = {create, delete, unready, usage, event, out_of_memory};

bool cluster_has_event(const char *text)
{
    for (uint32_t i = 0; i < CLUSTER_EVENTS; i++)
        if (strstr(cluster.events[i], text)) return true;
    return false;
}

/* ---- life ---- */

void cluster_service(const char *name, uint32_t replicas)
{
    uint32_t service = cluster.topology.service_count++;
    for (uint32_t v = 0; v < 2; v++) {
        cluster.versions[service][v] = (struct sim_version){.name = mc_str_c(v ? "v2" : "v1"), .replicas = v ? 0 : replicas,
                                                            .zones = cluster.zones, .zone_count = cluster.topology.zone_count};
        cluster.kinds[service][v] = (struct cluster_kind){.ready_after = 5 * MC_S, .stop_after = 2 * MC_S};
    }
    cluster.services[service] = (struct sim_service){.name = mc_str_c(name), .port = 80, .versions = cluster.versions[service], .version_count = 2};
}

void cluster_init(uint32_t replicas)
{
    memset(&cluster, 0, sizeof cluster);
    mc_realm_init(&cluster.realm, test_alloc(&cluster.memory), 7);
    sim_engine_init(&cluster.engine, &(struct sim_engine_options){.alloc = test_alloc(&cluster.memory)});
    cluster.zones[0] = MC_STR("a"), cluster.zones[1] = MC_STR("b"), cluster.zones[2] = MC_STR("c"), cluster.zones[3] = MC_STR("d");
    cluster.topology = (struct sim_topology){.name = MC_STR("cluster"), .zones = cluster.zones, .zone_count = 1, .services = cluster.services,
                                             .pods_per_machine = 8, .cores_per_machine = 8};
    cluster.owner.type = &owner_type;
    cluster.origin.number = 1;
    cluster_service("cart", replicas);
    cluster_watch();
}

void cluster_create(void)
{
    for (uint32_t s = 0; s < cluster.topology.service_count; s++)
        for (uint32_t v = 0; v < 2; v++) cluster.versions[s][v].zone_count = cluster.topology.zone_count;
    struct sim_controllers_options options = {.engine = &cluster.engine, .realm = &cluster.realm, .constants = &cluster.constants,
                                              .topology = &cluster.topology, .owner = &cluster.owner};
    cluster.controllers = sim_controllers_new(&options);
    ck_assert_ptr_nonnull(cluster.controllers);
}

void cluster_machines(uint32_t zone, uint32_t number)
{
    for (uint32_t i = 0; i < number; i++) ck_assert(sim_controllers_machine(cluster.controllers, cluster.machine_count++, zone));
}

void cluster_start(void)
{
    if (!cluster.controllers) cluster_create();
    if (!cluster.machine_count) cluster_machines(0, 4);
    uint32_t machine = 0;
    for (uint32_t s = 0; s < cluster.topology.service_count; s++)
        for (uint32_t v = 0; v < 2; v++)
            for (uint32_t r = 0; r < cluster.versions[s][v].replicas; r++) {
                struct cluster_pod *pod = add(s, v, machine++ % cluster.machine_count);
                pod->status.phase = SIM_POD_RUNNING;
                pod->status.ready = true;
                pod->status.created = pod->status.started = pod->status.ready_since = 0;
                if (cluster.kinds[s][v].run_time) sim_engine_at(&cluster.engine, &pod->entry, cluster.kinds[s][v].run_time);
                ck_assert(sim_controllers_adopt(cluster.controllers, pod->number, s, v, &pod->status));
            }
    sim_controllers_start(cluster.controllers);
}

void cluster_run(mc_ns until)
{
    ck_assert_int_eq(sim_engine_run(&cluster.engine, until, 10000000), SIM_ENGINE_UNTIL);
}

void cluster_lose(uint32_t machine)
{
    cluster.lost[machine] = true;
    sim_controllers_heartbeat(cluster.controllers, machine, false);
}

/* The kubelet stops what was deleted meanwhile and says how the others are. */
void cluster_find(uint32_t machine)
{
    cluster.lost[machine] = false;
    sim_controllers_heartbeat(cluster.controllers, machine, true);
    for (uint32_t i = 0; i < cluster.pod_count; i++) {
        struct cluster_pod *pod = &cluster.pods[i];
        if (pod->status.machine != machine || pod->status.phase == SIM_POD_GONE) continue;
        if (pod->deleted != MC_NEVER) {
            sim_engine_at(&cluster.engine, &pod->leave, cluster.engine.now + cluster.kinds[pod->service][pod->version].stop_after);
        } else if (pod->unready) {
            pod->unready = false;
            pod->status.ready = true;
            pod->status.ready_since = cluster.engine.now;
            tell(pod);
        }
    }
}

void cluster_fini(void)
{
    sim_controllers_free(cluster.controllers);
    sim_engine_fini(&cluster.engine);
    ck_assert_uint_eq(cluster.realm.pool.live_blocks, 0);
    mc_realm_fini(&cluster.realm);
    ck_assert_uint_eq(cluster.memory.live_blocks, 0);
}
