#include "sim/run/parts.h"

/* How long the platform takes to see that a container has come or gone and to say so in the EndpointSlice:
 * the kubelet relists every second (PLEG). Life cycle and probes in full come with pods' own constants. */
enum { NOTICED_MS = 1000 };

/* ---- readiness ---- */

void run_set_backends(struct sim_run *run, uint32_t service)
{
    uint32_t count = 0, capacity = 0;
    for (uint32_t i = 0; i < run->pod_count; i++) capacity += run->pods[i]->service == service;
    size_t bytes = sizeof(struct sim_backend) * (capacity + 1);
    struct sim_backend *backends = mc_pool_take(&run->realm.pool, bytes);
    if (!backends) {
        run->out_of_memory = true;
        return;
    }
    for (uint32_t i = 0; i < run->pod_count; i++)
        if (run->pods[i]->service == service && run->pods[i]->ready)
            backends[count++] = (struct sim_backend){run->pods[i]->world, run->pods[i]->addr.port};
    if (!sim_net_set_backends(sim_world_net(run->world), run->vips[service], backends, count)) run->out_of_memory = true;
    mc_pool_give(&run->realm.pool, backends, bytes);
}

static void notice(struct sim_entry *entry)
{
    struct run_pod *pod = mc_container(entry, struct run_pod, readiness);
    struct sim_run *run = pod->run;
    if (pod->ready == pod->alive) return;
    pod->ready = pod->alive;
    run_set_backends(run, pod->service);
    if (run->control_pod == SIM_NONE) return;
    struct mc_node_change command = {.base = {MC_NODE_CHANGE},
                                     .change = {.kind = MC_CHANGE_READY, .name = pod->atom, .ready = pod->ready}};
    run_change(run, &command);
}

static const struct sim_entry_type readiness_entry = {"readiness", SIM_CLASS_FAULT, SIM_KIND_ORDER, notice};

static void notice_later(struct run_pod *pod)
{
    sim_engine_at(sim_world_engine(pod->run->world), &pod->readiness, sim_world_now(pod->run->world) + NOTICED_MS * MC_MS);
}

/* ---- guests ---- */

static bool start_app(struct sim_run *run, struct run_pod *pod)
{
    uint32_t number = pod->number;
    struct sim_app_options options = {.realm = &run->realm,
                                      .program = run->programs[pod->workload],
                                      .observer = &run->observer,
                                      .party = number,
                                      .caller = number};
    pod->app = sim_app_new(&options);
    if (!pod->app) return false;
    sim_container_start(run->world, pod->app_container, sim_app_guest(pod->app));
    sim_faults_app_started(run->faults, pod->world);
    return true;
}

static mc_atom workload_atom(struct sim_run *run, const struct run_pod *pod)
{
    struct mc_workload *workload = run->registry ? mc_registry_workload(run->registry, pod->atom) : NULL;
    return workload ? workload->label : pod->atom;
}

static bool start_sidecar(struct sim_run *run, struct run_pod *pod, bool first)
{
    struct mc_svid *svid = first ? run_first_svid(run, pod) : NULL;
    struct mc_snapshot *snapshot = first || run->control_pod == SIM_NONE ? run_first_snapshot(run, pod) : NULL;
    struct mc_node_options options = {.realm = &run->realm,
                                      .number = run_sidecar_node(pod->number),
                                      .name = pod->atom,
                                      .workload = workload_atom(run, pod),
                                      .zone = mc_atoms_intern(&run->realm.atoms, run->plan->topology.zones[pod->zone]),
                                      .identity = pod->identity,
                                      .role = MC_NODE_PROXY,
                                      .snapshot = snapshot,
                                      .svid = svid,
                                      .tls = run->ossl ? mc_ossl_engine(run->ossl) : NULL,
                                      .signer = run->ossl ? mc_ossl_signer(run->ossl) : NULL,
                                      .trust = run->trust,
                                      .renewal = run->ossl ? &run->renewal : NULL};
    if (run->control_pod != SIM_NONE)
        options.control = sim_net_addr(sim_world_net(run->world), run->control_pod, RUN_CONTROL_PORT);
    pod->sidecar = mc_node_new(&options);
    mc_svid_unref(svid);
    mc_snapshot_unref(snapshot);
    if (!pod->sidecar) return false;
    sim_container_start(run->world, pod->sidecar_container, mc_node_guest(pod->sidecar));
    return true;
}

static void pod_down(struct run_pod *pod)
{
    struct sim_run *run = pod->run;
    if (!pod->alive) return;
    pod->alive = false;
    sim_check_pod(run->check, pod->number, false);
    notice_later(pod);
    run_event(run, "pod", SIM_WARNING, pod->name, "down");
}

/* A container has ended: what ran in it goes. Whoever crashed it says when it comes back. */
static void app_gone(struct sim_container_owner *owner, uint32_t container, uint32_t status, mc_ns now)
{
    (void)container, (void)status, (void)now;
    struct run_pod *pod = mc_container(owner, struct run_pod, app_owner);
    pod_down(pod);
    if (pod->app) sim_faults_app_going(pod->run->faults, pod->world);
    sim_app_free(pod->app);
    pod->app = NULL;
}

static void sidecar_gone(struct sim_container_owner *owner, uint32_t container, uint32_t status, mc_ns now)
{
    (void)container, (void)status, (void)now;
    struct run_pod *pod = mc_container(owner, struct run_pod, sidecar_owner);
    mc_node_free(pod->sidecar);
    pod->sidecar = NULL;
}

static const struct sim_container_owner_type app_owner = {app_gone}, sidecar_owner = {sidecar_gone};

bool run_pod_start(struct sim_run *run, struct run_pod *pod)
{
    bool fresh = !pod->app_owner.type, first = fresh && !run->begun;
    if (fresh) {
        pod->origin.number = pod->world;
        sim_entry_init(&pod->readiness, &readiness_entry, &pod->origin, 0);
        pod->app_owner.type = &app_owner;
        pod->sidecar_owner.type = &sidecar_owner;
        pod->ready = first;
    }
    if (!first) {
        sim_pod_start(run->world, pod->world);
        notice_later(pod);
    }
    pod->alive = true;
    sim_check_pod(run->check, pod->number, true);
    return (!pod->meshed || start_sidecar(run, pod, first)) && start_app(run, pod);
}

void run_pod_restart(struct sim_run *run, struct run_pod *pod)
{
    if (pod->alive) return;
    if (!run_pod_start(run, pod)) {
        run->out_of_memory = true;
        return;
    }
    run_event(run, "pod", SIM_INFO, pod->name, "started again");
}

static void free_guests(struct run_pod *pod)
{
    sim_app_free(pod->app);
    mc_node_free(pod->sidecar);
    pod->app = NULL;
    pod->sidecar = NULL;
}

void run_pod_remove(struct sim_run *run, struct run_pod *pod)
{
    if (pod->gone) return;
    pod->gone = true;
    sim_pod_crash(run->world, pod->world, SIM_LEAVE_SILENT);
    pod->ready = false;
    run_set_backends(run, pod->service);
    if (!run->registry || !pod->joined) return;
    struct mc_node_change command = {.base = {MC_NODE_CHANGE}, .change = {.kind = MC_CHANGE_REMOVE_WORKLOAD, .name = pod->atom}};
    run_change(run, &command);
}

void run_pods_free(struct sim_run *run)
{
    for (uint32_t i = 0; i < run->pod_count; i++) free_guests(run->pods[i]);
    mc_pool_give(&run->realm.pool, run->pods, run->pod_capacity * sizeof(struct run_pod *));
}

/* ---- orders ---- */

bool run_command(struct sim_run *run, const struct mc_command *command)
{
    return run->control && sim_container_command(run->world, run->control_container, command) &&
           mc_ok(mc_node_last_command(run->control));
}
