#include "sim/run/parts.h"
#include "control/compile.h"
#include "identity/spiffe.h"
#include <stdio.h>

enum { CA_YEARS = 10, KEY_OF_ROOT = 1, KEY_OF_FIRST = 2 };

/* ---- the certificate authority ---- */

static bool make_bundle(struct sim_run *run)
{
    struct mc_str der = mc_slice_str(run->authority->certificate);
    char *framed = mc_pool_take(&run->realm.pool, MC_DER_FRAMED(der.n));
    if (!framed) return false;
    size_t length = mc_der_frame(der, framed);
    mc_atom domain = mc_atoms_intern(&run->realm.atoms, run->plan->trust_domain);
    if (domain) run->trust = mc_bundle_new(&run->realm.pool, domain, mc_str(framed, length));
    if (run->trust) run->trust->anchors_are_keys = run->plan->profile.anchors_are_keys;
    mc_pool_give(&run->realm.pool, framed, MC_DER_FRAMED(der.n));
    return run->trust != NULL;
}

static bool make_ca(struct sim_run *run)
{
    const struct sim_profile *profile = &run->plan->profile;
    char identity[300];
    snprintf(identity, sizeof identity, "spiffe://%.*s", MC_STR_ARG(run->plan->trust_domain));
    struct mc_cert_options root = {.identity = mc_str_c(identity),
                                   .serial = mc_draw(run->options.seed, MC_FOR_SERIAL, 0, 0) >> 1,
                                   .not_before = run->options.epoch - MC_HOUR,
                                   .not_after = run->options.epoch + (profile->root_ttl ? profile->root_ttl : CA_YEARS * 365 * 24 * MC_HOUR)};
    run->ossl = mc_ossl_new(&(struct mc_ossl_options){.realm = &run->realm, .entropy = MC_OSSL_SEEDED});
    if (!run->ossl) return false;
    run->authority = mc_signer_make_root(mc_ossl_signer(run->ossl), (struct mc_key_name){0, KEY_OF_ROOT}, &root);
    run->ca = (struct mc_ca_options){.authority = run->authority, .ttl = profile->cert_ttl};
    run->renewal = (struct mc_identity_policy){.ttl = profile->cert_ttl,
                                               .renew_permille = profile->renew_permille,
                                               .jitter_permille = profile->renew_jitter_permille,
                                               .retry_base = profile->renew_retry_base,
                                               .retry_max = profile->renew_retry_max,
                                               .retry_permille = profile->renew_retry_permille,
                                               .leeway = profile->clock_leeway};
    return run->authority && make_bundle(run);
}

/* ---- the registry ---- */

static bool add_service(struct sim_run *run, uint32_t number)
{
    const struct sim_service *service = &run->plan->topology.services[number];
    struct mc_traffic traffic = run_traffic(run, &service->policy, &run->registry->defaults.traffic);
    struct mc_service_spec spec = {.name = run->service_names[number],
                                   .port = service->port,
                                   .vip = sim_net_vip(sim_world_net(run->world), run->vips[number]),
                                   .traffic = &traffic};
    if (!run_mesh_knows(run, number)) return true;
    run_names_describe(run, number, &spec);
    return mc_ok(mc_registry_add_service(run->registry, &spec));
}

static bool set_weights(struct sim_run *run, uint32_t number)
{
    const struct sim_service *service = &run->plan->topology.services[number];
    struct mc_subset_weight weights[MC_MAX_SUBSETS];
    if (!service->weights || !run_mesh_knows(run, number) || service->version_count > MC_MAX_SUBSETS) return true;
    for (uint32_t i = 0; i < service->version_count; i++)
        weights[i] = (struct mc_subset_weight){mc_atoms_intern(&run->realm.atoms, service->versions[i].name), service->weights[i]};
    return mc_ok(mc_registry_set_weights(run->registry, run->service_names[number], weights, service->version_count));
}

bool run_mesh_prepare(struct sim_run *run)
{
    const struct sim_profile *profile = &run->plan->profile;
    run->control_pod = SIM_NONE;
    if (!profile->sidecars) return true;
    struct mc_mesh_defaults defaults = run_defaults(run);
    run->registry = mc_registry_new(&run->realm, &defaults);
    if (!run->registry) return false;
    for (uint32_t i = 0; i < run->plan->topology.service_count; i++)
        if (!add_service(run, i)) return false;
    return !profile->identity || make_ca(run);
}

static mc_atom identity_of(struct sim_run *run, const struct run_pod *pod)
{
    const struct sim_service *service = &run->plan->topology.services[pod->service];
    char text[400];
    size_t length = mc_spiffe_workload(run->plan->trust_domain, MC_STR("default"), service->name, text, sizeof text);
    return length ? mc_atoms_intern(&run->realm.atoms, mc_str(text, length)) : 0;
}

static bool give_identity(struct sim_run *run, struct run_pod *pod)
{
    pod->identity = identity_of(run, pod);
    void *number = (void *)(uintptr_t)(pod->number + 1);
    if (!pod->identity) return false;
    return mc_map_get(&run->pod_of_identity, pod->identity) || mc_map_put(&run->pod_of_identity, pod->identity, number);
}

bool run_mesh_join(struct sim_run *run, struct run_pod *pod, bool ready)
{
    if (!run->registry || pod->joined || !run_mesh_knows(run, pod->service)) return true;
    if (pod->meshed && run->ossl && !give_identity(run, pod)) return false;
    const struct sim_version *version = &run->plan->topology.services[pod->service].versions[pod->version];
    struct mc_workload_spec spec = {.name = pod->atom,
                                    .service = run->service_names[pod->service],
                                    .version = mc_atoms_intern(&run->realm.atoms, version->name),
                                    .addr = pod->addr,
                                    .zone = mc_atoms_intern(&run->realm.atoms, run->plan->topology.zones[pod->zone]),
                                    .identity = pod->identity,
                                    .meshed = pod->meshed,
                                    .ready = ready};
    pod->joined = true;
    if (!run->compiler) return mc_ok(mc_registry_add_workload(run->registry, &spec)); /* nothing runs yet */
    struct mc_node_change command = {.base = {MC_NODE_CHANGE}, .change = {.kind = MC_CHANGE_ADD_WORKLOAD, .workload = spec}};
    run_change(run, &command);
    return mc_registry_workload(run->registry, pod->atom) != NULL;
}

/* ---- the control plane ---- */

/* Rollouts are resources of the platform: their state outlives the controller. */
static void control_gone(struct sim_container_owner *owner, uint32_t container, uint32_t status, mc_ns now)
{
    (void)container, (void)status, (void)now;
    struct sim_run *run = mc_container(owner, struct sim_run, control_owner);
    run_rollouts_keep(run);
    mc_node_free(run->control);
    run->control = NULL;
    run_event(run, "control", SIM_WARNING, MC_STR("control-plane"), "down");
}

static const struct sim_container_owner_type control_owner = {control_gone};

/* Each start has a number of its own, so that none repeats the draws of one before. */
static bool start_control(struct sim_run *run)
{
    struct mc_node_options options = {.realm = &run->realm,
                                      .number = RUN_NODE_CONTROL + run->control_starts++ % (RUN_NODE_APP - RUN_NODE_CONTROL),
                                      .name = mc_atoms_intern(&run->realm.atoms, MC_STR("control-plane")),
                                      .role = MC_NODE_CONTROL,
                                      .registry = run->registry,
                                      .ca = run->ossl ? &run->ca : NULL,
                                      .listen = sim_net_addr(sim_world_net(run->world), run->control_pod, RUN_CONTROL_PORT)};
    run->control = mc_node_new(&options);
    if (!run->control) return false;
    sim_container_start(run->world, run->control_container, mc_node_guest(run->control));
    return true;
}

static bool add_control(struct sim_run *run)
{
    struct sim_pod_spec pod = {.machine = run_machine(run, 0, true), .name = MC_STR("control-plane"), .service = SIM_NONE, .version = SIM_NONE};
    if (pod.machine == SIM_NONE || !sim_world_add_pod(run->world, &pod, &run->control_pod)) return false;
    run->control_owner.type = &control_owner;
    struct sim_container_spec container = {
        .pod = run->control_pod, .threads = 4, .price = run->plan->profile.price, .owner = &run->control_owner};
    return sim_world_add_container(run->world, &container, &run->control_container) && start_control(run);
}

static void control_back(struct sim_call *call)
{
    struct sim_run *run = mc_container(call, struct sim_run, control_back);
    if (!run->control) return;
    run_rollouts_go_on(run);
    sim_faults_control_started(run->faults);
}

void run_control_restart(struct sim_run *run)
{
    if (run->control) return;
    if (!start_control(run)) {
        run->out_of_memory = true;
        return;
    }
    run_event(run, "control", SIM_INFO, MC_STR("control-plane"), "started again");
    run->control_back.fire = control_back;
    sim_run_call_at(run, sim_world_now(run->world), &run->control_back);
}

void run_change(struct sim_run *run, const struct mc_node_change *change)
{
    if (!run_command(run, &change->base)) (void)mc_registry_apply(run->registry, &change->change).code;
}

bool run_mesh_build(struct sim_run *run)
{
    if (!run->registry) return true;
    for (uint32_t i = 0; i < run->plan->topology.service_count; i++)
        if (!set_weights(run, i)) return false;
    run->compiler = mc_pool_take_zero(&run->realm.pool, sizeof *run->compiler);
    if (!run->compiler) return false;
    mc_compiler_init(run->compiler, run->registry);
    if (!mc_ok(mc_compiler_update(run->compiler))) return false;
    return !run->plan->profile.control_plane || add_control(run);
}

void run_mesh_free(struct sim_run *run)
{
    mc_node_free(run->control);
    if (run->compiler) {
        mc_compiler_fini(run->compiler);
        mc_pool_give(&run->realm.pool, run->compiler, sizeof *run->compiler);
    }
    mc_registry_free(run->registry);
    mc_bundle_unref(run->trust);
    mc_authority_free(run->authority);
    mc_ossl_free(run->ossl);
}

/* ---- what sidecars start with: at time 0 the mesh has been running for a while ---- */

struct mc_snapshot *run_first_snapshot(struct sim_run *run, const struct run_pod *pod)
{
    if (!run->compiler) return NULL;
    if (run->begun && !mc_ok(mc_compiler_update(run->compiler))) return NULL;
    struct mc_offer *offer = mc_compiler_offer(run->compiler, pod->atom);
    return offer ? mc_snapshot_ref(offer->snapshot) : NULL;
}

/* What the CA would have signed. */
static struct mc_svid *sign(struct sim_run *run, const struct run_pod *pod, struct mc_str key, struct mc_str csr)
{
    struct mc_signer *signer = mc_ossl_signer(run->ossl);
    struct mc_csr request;
    struct mc_cert_facts facts;
    struct mc_svid *svid = NULL;
    if (!mc_signer_read_csr(signer, csr, &request)) return NULL;
    struct mc_cert_options options = {.identity = run_text(run, pod->identity),
                                      .serial = mc_draw(run->options.seed, MC_FOR_SERIAL, run_sidecar_node(pod->number), 0) >> 1,
                                      .not_before = run->options.epoch,
                                      .not_after = run->options.epoch + run->plan->profile.cert_ttl};
    struct mc_slice chain = mc_authority_issue(run->authority, mc_slice_str(request.public_key), &options);
    if (chain.chunk && mc_signer_read(signer, mc_slice_str(chain), &facts))
        svid = mc_svid_new(&run->realm.pool, &facts, mc_slice_str(chain), key);
    mc_slice_unref(chain);
    mc_slice_unref(request.public_key);
    return svid;
}

struct mc_svid *run_first_svid(struct sim_run *run, const struct run_pod *pod)
{
    if (!run->ossl || !pod->identity) return NULL;
    struct mc_signer *signer = mc_ossl_signer(run->ossl);
    struct mc_slice key = mc_signer_make_key(signer, (struct mc_key_name){run_sidecar_node(pod->number), KEY_OF_FIRST << 16});
    struct mc_slice csr = key.chunk ? mc_signer_make_csr(signer, mc_slice_str(key), run_text(run, pod->identity)) : mc_slice_none();
    struct mc_svid *svid = csr.chunk ? sign(run, pod, mc_slice_str(key), mc_slice_str(csr)) : NULL;
    mc_slice_unref(csr);
    mc_slice_unref(key);
    return svid;
}
