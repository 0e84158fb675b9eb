/* Faults of a container's CPU and memory. Several at once on one container: the smallest limit, factors multiplied, leaks
 * added up, the pauses of the fault that was begun last. Clearing gives back what the plan says. */
#include "sim/fault/fault_parts.h"

static void count_connections(const struct sim_fault *fault, struct sim_touched *touched)
{
    touched->connections += fault_connections_of(fault);
}

/* Which of the two containers FAULT means: "app" (unless it says otherwise) or "sidecar". */
static uint32_t container_of(const struct sim_fault *fault, uint32_t pod)
{
    return fault_container(fault, pod, fault_text_is(fault, "container", "sidecar", "app"));
}

static bool possible(struct sim_fault *fault, struct sim_error *error)
{
    if (!fault_text_is(fault, "container", "sidecar", "app") || fault->faults->plan->profile.sidecars) return true;
    return sim_error_refuse(error, fault->source, "fault.%s: profile %.*s has no sidecars", fault->type->name,
                            MC_STR_ARG(fault->faults->plan->profile.name));
}

static bool has(const struct sim_fault *fault, uint32_t pod, uint32_t container)
{
    return sim_pod_set_has(&fault->from, pod) && container_of(fault, pod) == container;
}

/* The next active fault of FAULT's kind on the same container of POD. */
static struct sim_fault *next_on(const struct sim_fault *fault, uint32_t pod, struct sim_fault *after)
{
    uint32_t container = container_of(fault, pod);
    while ((after = fault_next_active(fault->faults, fault->type->code, after)))
        if (has(after, pod, container)) return after;
    return NULL;
}

/* As the plan has it. */
static struct sim_resources planned(const struct sim_fault *fault, uint32_t pod)
{
    const struct sim_plan *plan = fault->faults->plan;
    struct sim_pod_view view = sim_world_pod(fault->faults->world, pod);
    if (fault_text_is(fault, "container", "sidecar", "app")) {
        struct sim_resources proxy = plan->profile.proxy;
        proxy.cpu_limit_millis = plan->profile.proxy_cpu_millis;
        return proxy;
    }
    const struct sim_version *version = &plan->topology.services[view.service].versions[view.version];
    struct sim_resources app = version->resources;
    app.cpu_limit_millis = version->cpu_millis;
    return app;
}

/* ---- cpu_limit ---- */

static void set_limit(const struct sim_fault *fault, uint32_t pod)
{
    uint32_t millis = planned(fault, pod).cpu_limit_millis;
    for (struct sim_fault *other = NULL; (other = next_on(fault, pod, other));) {
        uint32_t cpu = (uint32_t)fault_number(other, "cpu", 0);
        if (!millis || cpu < millis) millis = cpu;
    }
    sim_container_set_quota(fault->faults->world, container_of(fault, pod), millis);
}

/* ---- slow_cpu ---- */

enum { SLOWEST = 1000000000 };

static void set_slow(const struct sim_fault *fault, uint32_t pod)
{
    uint64_t permille = 1000;
    for (struct sim_fault *other = NULL; (other = next_on(fault, pod, other));) {
        permille = permille * (uint64_t)fault_number(other, "factor", 1000) / 1000;
        if (permille > SLOWEST) permille = SLOWEST;
    }
    sim_container_set_slow(fault->faults->world, container_of(fault, pod), permille ? (uint32_t)permille : 1);
}

/* ---- memory_leak ---- */

static void set_leak(const struct sim_fault *fault, uint32_t pod)
{
    uint64_t rate = 0;
    for (struct sim_fault *other = NULL; (other = next_on(fault, pod, other));) rate += (uint64_t)fault_number(other, "per_second", 0);
    sim_container_set_leak(fault->faults->world, container_of(fault, pod), rate);
}

/* A process that was started anew leaks, too, from nothing. */
static void leak_app_started(struct sim_fault *fault, uint32_t pod)
{
    if (has(fault, pod, fault_container(fault, pod, false))) set_leak(fault, pod);
}

/* ---- gc_pause ---- */

static void set_gc(const struct sim_fault *fault, uint32_t pod)
{
    struct sim_gc_plan gc = planned(fault, pod).gc;
    for (struct sim_fault *other = NULL; (other = next_on(fault, pod, other));)
        gc = (struct sim_gc_plan){.every = fault_number(other, "interval", MC_S), .pause = fault_number(other, "pause", 0)};
    sim_container_set_gc(fault->faults->world, container_of(fault, pod), &gc);
}

/* ---- oom ---- */

static bool start_oom(struct sim_fault *fault)
{
    fault->touched.connections = fault_connections_of(fault);
    for (uint32_t i = 0; i < fault->from.count; i++) {
        uint32_t container = container_of(fault, fault->from.pods[i]);
        if (container != SIM_NONE) sim_container_oom(fault->faults->world, container);
    }
    return true;
}

static void stop_oom(struct sim_fault *fault)
{
    (void)fault; /* it was done in an instant */
}

#define ON_EACH(kind)                                                                                    \
    static void stop_##kind(struct sim_fault *fault)                                                     \
    {                                                                                                    \
        for (uint32_t i = 0; i < fault->from.count; i++) /* pods outside the mesh have no sidecar */     \
            if (container_of(fault, fault->from.pods[i]) != SIM_NONE) set_##kind(fault, fault->from.pods[i]); \
    }                                                                                                    \
    static bool start_##kind(struct sim_fault *fault)                                                    \
    {                                                                                                    \
        stop_##kind(fault); /* the same: what holds follows from those that are active */                \
        return true;                                                                                     \
    }
ON_EACH(limit)
ON_EACH(slow)
ON_EACH(leak)
ON_EACH(gc)

#define CODE(kind) .possible = possible, .start = start_##kind, .stop = stop_##kind, .pods_only = true
const struct sim_fault_code fault_cpu_limit = {CODE(limit), .count = count_connections};
const struct sim_fault_code fault_slow_cpu = {CODE(slow), .count = count_connections};
const struct sim_fault_code fault_memory_leak = {CODE(leak), .count = count_connections, .app_started = leak_app_started};
const struct sim_fault_code fault_gc_pause = {CODE(gc), .count = count_connections};
const struct sim_fault_code fault_oom = {CODE(oom)};
