/* Faults of requests: at the server's application, or in the callers' sidecars by a route that the
 * control plane pushes (VirtualService http[].fault). */
#include "sim/fault/fault_parts.h"
#include "host/trace.h"
#include "node/node.h"

static bool by_mesh(const struct sim_fault *fault)
{
    return fault_text_is(fault, "by", "mesh", "server");
}

static uint16_t status_of(const struct sim_fault *fault)
{
    return fault->type->code == &fault_abort ? (uint16_t)fault_number(fault, "status", 503) : 0;
}

/* ---- at the server ---- */

static bool hits(struct sim_app_fault *base, uint64_t luck)
{
    struct sim_fault *fault = mc_container(base, struct fault_hook, base)->fault;
    if (!fault_gate_pass(&fault->gate, fault_draw(fault, luck))) return false;
    fault->touched.requests++;
    return true;
}

static bool start_at_server(struct sim_fault *fault)
{
    struct sim_app_fault as = {
        .hits = hits, .status = status_of(fault), .delay = status_of(fault) ? 0 : fault_number(fault, "latency", 0)};
    return fault_hook(fault, &fault->to, &as);
}

/* ---- in the callers' sidecars ---- */

static mc_atom atom_of(const struct sim_fault *fault, struct mc_str text)
{
    return text.n ? mc_atoms_intern(&sim_world_realm(fault->faults->world)->atoms, text) : 0;
}

/* A route has one abort and one delay: the latest ones. Two faults from different callers cannot stand
 * in one route; the latest one's callers count. */
static struct mc_traffic_fault compose(const struct sim_faults *faults, struct mc_str service)
{
    struct mc_traffic_fault out = {0};
    for (uint32_t i = 0; i < faults->count; i++) {
        const struct sim_fault *fault = faults->list[i];
        bool abort = fault->type->code == &fault_abort, delay = fault->type->code == &fault_http_delay;
        if (!fault_has_effect(fault) || (!abort && !delay) || !by_mesh(fault)) continue;
        if (!mc_str_eq(fault_service_of(fault, "to"), service)) continue;
        uint32_t share = fault->gate.share_ppm ? fault->gate.share_ppm : 1000000;
        if (abort) {
            out.abort_permillion = share;
            out.abort_status = status_of(fault);
        } else {
            out.delay_permillion = share;
            out.delay = fault_number(fault, "latency", 0);
        }
        out.source = atom_of(fault, fault_service_of(fault, "from"));
    }
    return out;
}

/* As an operator's change; a control plane that is away finds it in the registry when it is back. */
static void push(struct sim_fault *fault)
{
    struct sim_fault_targets *targets = fault_targets(fault);
    struct mc_registry *registry = targets->type->registry(targets);
    struct mc_str name = fault_service_of(fault, "to");
    struct mc_service *service = mc_registry_service(registry, atom_of(fault, name));
    if (!service) return;
    struct mc_node_change change = {.base.kind = MC_NODE_CHANGE,
                                    .change = {.kind = MC_CHANGE_TRAFFIC, .name = service->name, .traffic = service->traffic}};
    change.change.traffic.fault = compose(fault->faults, name);
    uint32_t control = targets->type->control(targets);
    if (control == SIM_NONE || !sim_container_command(fault->faults->world, control, &change.base))
        (void)mc_registry_apply(registry, &change.change).code;
}

void sim_faults_logged(struct sim_faults *faults, struct mc_str service, uint32_t flags)
{
    for (uint32_t i = 0; i < faults->count; i++) {
        struct sim_fault *fault = faults->list[i];
        bool abort = fault->type->code == &fault_abort && flags & MC_FLAG(FI);
        bool delay = fault->type->code == &fault_http_delay && flags & MC_FLAG(DI);
        if (!fault_has_effect(fault) || (!abort && !delay) || !by_mesh(fault)) continue;
        fault->touched.requests += !service.n || mc_str_eq(fault_service_of(fault, "to"), service);
    }
}

/* ---- both ---- */

static bool refuse(const struct sim_fault *fault, const char *name, const char *why, struct sim_error *error)
{
    return sim_error_set(error, fault->source, "fault.%s: `%s` %s", fault->type->name, name, why);
}

static bool is_service_alone(const struct sim_fault *fault, const char *name)
{
    const struct sim_argument *argument = fault_argument(fault, name);
    const struct sim_selector *one = argument ? &argument->selectors[0] : NULL;
    return argument->selector_count == 1 && one->service.n && !one->version.n && !one->zone.n && !one->name.n && one->mode == SIM_SELECT_ALL;
}

static bool possible(struct sim_fault *fault, struct sim_error *error)
{
    struct sim_fault_targets *targets = fault_targets(fault);
    bool mesh = by_mesh(fault), from = fault_argument(fault, "from");
    if (!mesh && from) return refuse(fault, "from", "needs by = \"mesh\": a server does not know who calls", error);
    if (!mesh) return true;
    if (!targets->type->registry(targets))
        return sim_error_refuse(error, fault->source, "fault.%s by = \"mesh\" needs a profile with a control plane: \"%.*s\" has none",
                                fault->type->name, MC_STR_ARG(fault->faults->plan->profile.name));
    if (!is_service_alone(fault, "to")) return refuse(fault, "to", "must be one service, whole, with by = \"mesh\"", error);
    if (from && !is_service_alone(fault, "from")) return refuse(fault, "from", "must be one service, whole", error);
    if (fault->gate.first || fault->gate.every || fault->gate.skip)
        return refuse(fault, "by", "= \"mesh\" knows only `percent`, not `first`, `every`, `skip`", error);
    return true;
}

static bool start(struct sim_fault *fault)
{
    if (!by_mesh(fault)) return start_at_server(fault);
    push(fault);
    return true;
}

static void stop(struct sim_fault *fault)
{
    fault_unhook(fault);
    if (by_mesh(fault)) push(fault);
}

const struct sim_fault_code fault_abort = {
    .possible = possible, .start = start, .stop = stop, .app_started = fault_hook_pod, .app_going = fault_unhook_pod};
const struct sim_fault_code fault_http_delay = {
    .possible = possible, .start = start, .stop = stop, .app_started = fault_hook_pod, .app_going = fault_unhook_pod};
