#include "sim/run/parts.h"

/* ---- kube-proxy ---- */

/* Endpoints that are ready; if there is none, those that terminate and still serve (KEP-1669). */
static uint32_t list_backends(const struct sim_run *run, uint32_t service, bool terminating, struct sim_backend *backends)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < run->pod_count; i++) {
        const struct run_pod *pod = run->pods[i];
        if (pod->service != service || !(pod->ready || (terminating && pod->serving))) continue;
        if (backends) backends[count] = (struct sim_backend){pod->world, pod->addr.port};
        count++;
    }
    return count;
}

void run_set_backends(struct sim_run *run, uint32_t service)
{
    bool terminating = !list_backends(run, service, false, NULL);
    uint32_t count = list_backends(run, service, terminating, NULL);
    size_t bytes = sizeof(struct sim_backend) * (count + 1);
    struct sim_backend *backends = mc_pool_take(&run->realm.pool, bytes);
    if (!backends) {
        run->out_of_memory = true;
        return;
    }
    list_backends(run, service, terminating, backends);
    if (!sim_net_set_backends(sim_world_net(run->world), run->vips[service], backends, count)) run->out_of_memory = true;
    mc_pool_give(&run->realm.pool, backends, bytes);
}

static void sync_fires(struct sim_entry *entry)
{
    struct run_proxier *proxier = mc_container(entry, struct run_proxier, sync);
    run_set_backends(proxier->run, proxier->service);
}

static const struct sim_entry_type sync_entry = {"kube-proxy", SIM_CLASS_FAULT, SIM_KIND_ORDER, sync_fires};

/* What changes until it has written its rules goes in with them. */
static void sync_soon(struct sim_run *run, uint32_t service)
{
    struct run_proxier *proxier = &run->proxiers[service];
    struct sim_kubernetes constants = sim_kubernetes_filled(&run->plan->kubernetes);
    if (sim_entry_is_queued(&proxier->sync)) return;
    sim_engine_at(sim_world_engine(run->world), &proxier->sync, mc_ns_add(sim_world_now(run->world), constants.kube_proxy_sync));
}

static bool make_proxiers(struct sim_run *run)
{
    uint32_t count = run->plan->topology.service_count;
    run->proxiers = mc_arena_take_zero(&run->arena, (count + 1) * sizeof *run->proxiers);
    if (!run->proxiers) return false;
    for (uint32_t i = 0; i < count; i++) {
        struct run_proxier *proxier = &run->proxiers[i];
        proxier->run = run;
        proxier->service = i;
        proxier->origin.number = UINT64_C(3) << 59 | i;
        sim_entry_init(&proxier->sync, &sync_entry, &proxier->origin, 0);
    }
    return true;
}

/* ---- guests ---- */

static bool start_app(struct sim_run *run, struct run_pod *pod)
{
    uint32_t number = pod->number;
    struct sim_app_options options = {.realm = &run->realm,
                                      .program = run->programs[pod->workload],
                                      .observer = &run->observer,
                                      .party = number,
                                      .caller = number,
                                      .start = pod->starts,
                                      .warm = !run->begun};
    pod->app = sim_app_new(&options);
    if (!pod->app) return false;
    sim_container_start(run->world, pod->app_container, sim_app_guest(pod->app));
    sim_faults_app_started(run->faults, pod->world);
    pod->alive = true;
    sim_check_pod(run->check, pod->number, true);
    if (run->begun) run_event(run, "pod", SIM_INFO, pod->name, pod->starts ? "started again" : "started");
    pod->starts++;
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

static bool is_terminating(const struct run_pod *pod)
{
    return sim_pods_status(pod->run->platform, pod->number).terminating;
}

static void pod_down(struct run_pod *pod)
{
    struct sim_run *run = pod->run;
    if (!pod->alive) return;
    pod->alive = false;
    run->now = sim_world_now(run->world);
    sim_check_pod(run->check, pod->number, false);
    bool meant = is_terminating(pod);
    run_event(run, "pod", meant ? SIM_INFO : SIM_WARNING, pod->name, meant ? "stopped" : "down");
}

/* A container has ended: what ran in it goes. The kubelet starts it again, unless a fault has the pod. */
static void app_gone(struct sim_container_owner *owner, uint32_t container, uint32_t status, mc_ns now)
{
    (void)container, (void)now;
    struct run_pod *pod = mc_container(owner, struct run_pod, app_owner);
    pod_down(pod);
    if (pod->app) sim_faults_app_going(pod->run->faults, pod->world);
    sim_app_free(pod->app);
    pod->app = NULL;
    sim_pods_gone(pod->run->platform, pod->number, SIM_ROLE_APP, status);
}

static void sidecar_gone(struct sim_container_owner *owner, uint32_t container, uint32_t status, mc_ns now)
{
    (void)container, (void)now;
    struct run_pod *pod = mc_container(owner, struct run_pod, sidecar_owner);
    mc_node_free(pod->sidecar);
    pod->sidecar = NULL;
    sim_pods_gone(pod->run->platform, pod->number, SIM_ROLE_SIDECAR, status);
}

void run_pod_watch_containers(struct run_pod *pod)
{
    static const struct sim_container_owner_type app_owner = {app_gone}, sidecar_owner = {sidecar_gone};
    pod->app_owner.type = &app_owner;
    pod->sidecar_owner.type = &sidecar_owner;
}

/* ---- the owner of the pods' life ---- */

static struct sim_run *run_of(struct sim_pods_owner *owner)
{
    struct sim_run *run = mc_container(owner, struct sim_run, pods_owner);
    run->now = sim_world_now(run->world);
    return run;
}

/* The registry learns of a pod once it has an address, and that is before its first container. */
static bool start_guest(struct sim_pods_owner *owner, uint32_t number, enum sim_role role)
{
    struct sim_run *run = run_of(owner);
    struct run_pod *pod = run->pods[number];
    if (!run_mesh_join(run, pod, false)) return false;
    return role == SIM_ROLE_SIDECAR ? start_sidecar(run, pod, !run->begun) : start_app(run, pod);
}

static void change_registry(struct sim_run *run, struct run_pod *pod)
{
    struct mc_node_change command = {.base = {MC_NODE_CHANGE}, .change = {.kind = MC_CHANGE_READY, .name = pod->atom, .ready = pod->ready}};
    if (!run->registry || !pod->joined) return;
    if (pod->gone) command.change = (struct mc_registry_change){.kind = MC_CHANGE_REMOVE_WORKLOAD, .name = pod->atom};
    else if (run->control_pod == SIM_NONE) return; /* what the proxies were given at start names all pods of the plan */
    if (pod->gone) pod->joined = false;
    run_change(run, &command);
}

static void endpoint(struct sim_pods_owner *owner, uint32_t number, bool ready, bool serving)
{
    struct sim_run *run = run_of(owner);
    struct run_pod *pod = run->pods[number];
    bool changed = pod->ready != ready || pod->gone;
    sync_soon(run, pod->service);
    pod->ready = ready;
    pod->serving = serving;
    if (changed) change_registry(run, pod);
}

static void event(struct sim_pods_owner *owner, uint32_t number, const char *reason, const char *text)
{
    struct sim_run *run = run_of(owner);
    bool bad = strcmp(reason, "Killing") != 0;
    run_event(run, "pod", bad ? SIM_WARNING : SIM_INFO, run->pods[number]->name, "%s: %s", reason, text);
}

static void gone(struct sim_pods_owner *owner, uint32_t number)
{
    struct sim_run *run = run_of(owner);
    struct run_pod *pod = run->pods[number];
    pod->gone = true;
}

static void unplug(struct sim_pods_owner *owner, uint32_t number)
{
    struct sim_run *run = run_of(owner);
    sim_pod_crash(run->world, run->pods[number]->world, SIM_LEAVE_SILENT);
}

static bool sidecar_ready(struct sim_pods_owner *owner, uint32_t number)
{
    const struct run_pod *pod = run_of(owner)->pods[number];
    if (!pod->sidecar) return false;
    return mc_node_snapshot_version(pod->sidecar) && (!pod->identity || mc_node_certificate(pod->sidecar));
}

static void drain(struct sim_pods_owner *owner, uint32_t number)
{
    struct sim_run *run = run_of(owner);
    const struct run_pod *pod = run->pods[number];
    const struct sim_sidecar *sidecar = &run->plan->profile.sidecar;
    struct mc_node_wind_down wind_down = {.base = {MC_NODE_WIND_DOWN}, .over = sidecar->drain_duration};
    struct mc_command at_once = {MC_NODE_DRAIN};
    (void)sim_container_command(run->world, pod->sidecar_container, sidecar->graceful_drain ? &wind_down.base : &at_once);
}

static bool sidecar_idle(struct sim_pods_owner *owner, uint32_t number)
{
    const struct run_pod *pod = run_of(owner)->pods[number];
    return !pod->sidecar || mc_node_is_idle(pod->sidecar);
}

bool run_pods_begin(struct sim_run *run)
{
    static const struct sim_pods_owner_type type = {.start = start_guest, .endpoint = endpoint, .event = event, .gone = gone, .unplug = unplug,
                                                    .sidecar_ready = sidecar_ready, .drain = drain, .sidecar_idle = sidecar_idle};
    run->pods_owner.type = &type;
    struct sim_pods_options options = {.world = run->world,
                                       .realm = &run->realm,
                                       .constants = &run->plan->kubernetes,
                                       .profile = &run->plan->profile,
                                       .owner = &run->pods_owner};
    run->platform = sim_pods_new(&options);
    return run->platform && make_proxiers(run);
}

/* A Job's container ends by itself. */
static mc_ns run_time(const struct sim_service *service)
{
    return service->workload.job.completions ? service->workload.job.run_time : 0;
}

bool run_pod_live(struct sim_run *run, struct run_pod *pod, bool running)
{
    const struct sim_service *service = &run->plan->topology.services[pod->service];
    struct sim_pod_new spec = {.pod = pod->number,
                               .world = pod->world,
                               .plan = &service->versions[pod->version].pod,
                               .port = service->port,
                               .meshed = pod->meshed,
                               .running = running,
                               .in_service = true,
                               .exit_after = run_time(service),
                               .containers = {pod->app_container, pod->sidecar_container}};
    pod->ready = pod->serving = running;
    return sim_pods_add(run->platform, &spec);
}

void run_pod_release(struct sim_run *run, struct run_pod *pod)
{
    if (pod->gone) sim_pod_crash(run->world, pod->world, SIM_LEAVE_SILENT);
    else sim_pods_release(run->platform, pod->number);
}

void run_pods_free(struct sim_run *run)
{
    for (uint32_t i = 0; i < run->pod_count; i++) {
        sim_app_free(run->pods[i]->app);
        mc_node_free(run->pods[i]->sidecar);
    }
    mc_pool_give(&run->realm.pool, run->pods, run->pod_capacity * sizeof(struct run_pod *));
}

/* ---- orders ---- */

bool run_command(struct sim_run *run, const struct mc_command *command)
{
    return run->control && sim_container_command(run->world, run->control_container, command) &&
           mc_ok(mc_node_last_command(run->control));
}
