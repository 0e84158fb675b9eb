#include "sim/check/threshold.h"
#include "sim/platform/controllers.h"
#include "sim/run/parts.h"

/* What is wrong with a plan whatever the luck: callees that do not exist, calls in a circle, values that
 * cannot be, invariants and metrics that nobody knows. */

static uint32_t service_named(const struct sim_topology *topology, struct mc_str name)
{
    uint32_t i = 0;
    while (i < topology->service_count && !mc_str_eq(topology->services[i].name, name)) i++;
    return i;
}

static bool no_service(const struct sim_topology *topology, struct sim_source source, const char *what, struct mc_str name, struct sim_error *error)
{
    const char *near =
        topology->service_count ? sim_nearest(name, &topology->services[0].name.p, sizeof *topology->services, topology->service_count) : NULL;
    return sim_error_set(error, source, "%s: no service \"%.*s\"%s%s%s", what, MC_STR_ARG(name), near ? "; did you mean \"" : "", near ? near : "",
                         near ? "\"?" : "");
}

/* ---- the call graph ---- */

enum colour { WHITE, GREY, BLACK };

struct walk {
    const struct sim_topology *topology;
    uint8_t *colours;
    uint32_t *path; /* services that are being looked at, callers first */
    uint32_t depth;
    const char *complaint;
    bool (*visit_version)(struct walk *walk, uint32_t service, const struct sim_version *version);
    struct sim_error *error;
};

static bool circle(const struct walk *walk, uint32_t service, struct sim_source source)
{
    char text[240];
    size_t used = 0;
    uint32_t from = 0;
    while (walk->path[from] != service) from++;
    for (uint32_t i = from; i <= walk->depth && used < sizeof text - 1; i++) {
        struct mc_str name = walk->topology->services[i < walk->depth ? walk->path[i] : service].name;
        for (const char *arrow = i > from ? " -> " : ""; *arrow && used < sizeof text - 1; arrow++) text[used++] = *arrow;
        for (size_t c = 0; c < name.n && used < sizeof text - 1; c++) text[used++] = name.p[c];
    }
    return sim_error_set(walk->error, source, "%s: %.*s", walk->complaint, (int)used, text);
}

static bool visit(struct walk *walk, uint32_t service);

static bool visit_callee(struct walk *walk, uint32_t callee, struct sim_source source)
{
    if (walk->colours[callee] == GREY) return circle(walk, callee, source);
    return walk->colours[callee] == BLACK || visit(walk, callee);
}

static bool visit_steps(struct walk *walk, uint32_t service, const struct sim_version *version)
{
    (void)service;
    for (uint32_t i = 0; i < version->step_count; i++) {
        const struct sim_step *step = &version->steps[i];
        if (step->kind != SIM_STEP_CALL) continue;
        uint32_t callee = service_named(walk->topology, step->service);
        if (callee == walk->topology->service_count) return no_service(walk->topology, step->source, "call", step->service, walk->error);
        if (!visit_callee(walk, callee, step->source)) return false;
    }
    return true;
}

static bool needs_at_start(const struct sim_version *version, struct mc_str callee)
{
    for (uint32_t i = 0; i < version->start_step_count; i++) {
        const struct sim_step *step = &version->start_steps[i];
        if (step->kind == SIM_STEP_CALL && !step->optional && mc_str_eq(step->service, callee)) return true;
    }
    return false;
}

/* None of its pods can start without CALLEE. */
static bool all_need_at_start(const struct sim_service *service, struct mc_str callee)
{
    for (uint32_t v = 0; v < service->version_count; v++)
        if (service->versions[v].replicas && !needs_at_start(&service->versions[v], callee)) return false;
    return true;
}

static bool visit_start(struct walk *walk, uint32_t service, const struct sim_version *version)
{
    for (uint32_t i = 0; i < version->start_step_count; i++) {
        const struct sim_step *step = &version->start_steps[i];
        if (step->kind != SIM_STEP_CALL) continue;
        uint32_t callee = service_named(walk->topology, step->service);
        if (callee == walk->topology->service_count) return no_service(walk->topology, step->source, "on_start: call", step->service, walk->error);
        if (!all_need_at_start(&walk->topology->services[service], step->service)) continue;
        if (!visit_callee(walk, callee, step->source)) return false;
    }
    return true;
}

/* As deep as the longest chain of calls, which has no service twice. */
static bool visit(struct walk *walk, uint32_t service)
{
    const struct sim_service *of = &walk->topology->services[service];
    if (walk->depth >= RUN_CHAIN_MAX)
        return sim_error_set(walk->error, of->source, "calls are nested more than %d deep at %.*s", RUN_CHAIN_MAX, MC_STR_ARG(of->name));
    walk->colours[service] = GREY;
    walk->path[walk->depth++] = service;
    for (uint32_t v = 0; v < of->version_count; v++)
        if (!walk->visit_version(walk, service, &of->versions[v])) return false;
    walk->depth--;
    walk->colours[service] = BLACK;
    return true;
}

static bool walk_all(const struct sim_plan *plan, struct walk walk)
{
    const uint32_t count = plan->topology.service_count;
    uint32_t path[RUN_CHAIN_MAX];
    walk.topology = &plan->topology;
    walk.path = path;
    walk.colours = mc_arena_take_zero(plan->arena, count + 1);
    if (!walk.colours) return sim_error_set(walk.error, plan->source, "out of memory");
    for (uint32_t i = 0; i < count; i++)
        if (walk.colours[i] == WHITE && !visit(&walk, i)) return false;
    return true;
}

static bool check_calls(const struct sim_plan *plan, struct sim_error *error)
{
    struct walk calls = {.complaint = "calls go in a circle", .visit_version = visit_steps, .error = error};
    struct walk starts = {.complaint = "none can start before the other (on_start)", .visit_version = visit_start, .error = error};
    return walk_all(plan, calls) && walk_all(plan, starts);
}

/* ---- the rest ---- */

static bool check_services(const struct sim_plan *plan, struct sim_error *error)
{
    const struct sim_topology *topology = &plan->topology;
    if (!topology->service_count) return sim_error_set(error, plan->source, "the topology has no services");
    if (!topology->zone_count) return sim_error_set(error, plan->source, "the topology has no zones");
    uint64_t pods = 0;
    for (uint32_t s = 0; s < topology->service_count; s++) {
        const struct sim_service *service = &topology->services[s];
        if (service->version_count > MC_MAX_SUBSETS)
            return sim_error_set(error, service->source, "%.*s has %u versions; at most %d", MC_STR_ARG(service->name), service->version_count,
                                 MC_MAX_SUBSETS);
        for (uint32_t v = 0; v < service->version_count; v++) pods += service->versions[v].replicas;
    }
    if (pods > RUN_PODS_MAX) return sim_error_set(error, plan->source, "%llu pods; at most %d", (unsigned long long)pods, RUN_PODS_MAX);
    return true;
}

static bool check_workloads(const struct sim_plan *plan, struct sim_error *error)
{
    for (uint32_t i = 0; i < plan->topology.service_count; i++) {
        const struct sim_service *service = &plan->topology.services[i];
        char why[SIM_WORKLOAD_WHY];
        uint32_t replicas = 0;
        for (uint32_t v = 0; v < service->version_count; v++) replicas += service->versions[v].replicas;
        if (!sim_workload_check(&service->workload, replicas, why))
            return sim_error_set(error, service->source, "service %.*s: workload: %s", MC_STR_ARG(service->name), why);
    }
    return true;
}

static bool check_loads(const struct sim_plan *plan, struct sim_error *error)
{
    for (uint32_t i = 0; i < plan->load_count; i++)
        if (service_named(&plan->topology, plan->loads[i].to) == plan->topology.service_count)
            return no_service(&plan->topology, plan->loads[i].source, "load", plan->loads[i].to, error);
    for (uint32_t i = 0; i < plan->canary_count; i++)
        if (service_named(&plan->topology, plan->canaries[i].target) == plan->topology.service_count)
            return no_service(&plan->topology, plan->canaries[i].source, "canary", plan->canaries[i].target, error);
    return true;
}

static bool check_invariants(const struct sim_plan *plan, struct sim_error *error)
{
    uint32_t known = 0;
    while (sim_invariant_docs[known].name) known++;
    if (plan->invariant_count > RUN_INVARIANTS) return sim_error_set(error, plan->source, "more than %d invariants", RUN_INVARIANTS);
    for (uint32_t i = 0; i < plan->invariant_count; i++) {
        if (run_rule_find(plan->invariants[i])) continue;
        const char *near = sim_nearest(plan->invariants[i], &sim_invariant_docs[0].name, sizeof *sim_invariant_docs, known);
        return sim_error_set(error, plan->source, "invariants: no \"%.*s\"%s%s%s", MC_STR_ARG(plan->invariants[i]), near ? "; did you mean \"" : "",
                             near ? near : "", near ? "\"?" : "");
    }
    return true;
}

static bool check_thresholds(const struct sim_plan *plan, struct sim_error *error)
{
    for (uint32_t i = 0; i < plan->threshold_count; i++)
        if (!sim_threshold_check(NULL, &plan->thresholds[i], error)) return false;
    return true;
}

bool sim_run_check(const struct sim_plan *plan, struct sim_error *error)
{
    error->text[0] = 0;
    if (plan->duration <= 0) return sim_error_set(error, plan->source, "duration must be longer than 0s");
    return check_services(plan, error) && check_workloads(plan, error) && check_calls(plan, error) && check_loads(plan, error) && check_invariants(plan, error) &&
           check_thresholds(plan, error);
}
