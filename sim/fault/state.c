/* Faults of pods: crash, pause, slow. What several of them do to one pod at once is what is done to it. */
#include "sim/fault/fault_parts.h"

/* Whether another fault of this kind has POD, too. */
static bool shared(const struct sim_fault *fault, uint32_t pod)
{
    for (struct sim_fault *other = NULL; (other = fault_next_active(fault->faults, fault->type->code, other));)
        if (other != fault && sim_pod_set_has(&other->from, pod)) return true;
    return false;
}

static void count_connections(const struct sim_fault *fault, struct sim_touched *touched)
{
    touched->connections += fault_connections_of(fault);
}

/* ---- crash ---- */

static bool start_crash(struct sim_fault *fault)
{
    enum sim_leave how = fault_text_is(fault, "how", "power", "process") ? SIM_LEAVE_SILENT : SIM_LEAVE_KERNEL;
    fault->touched.connections = fault_connections_of(fault);
    for (uint32_t i = 0; i < fault->from.count; i++)
        if (!shared(fault, fault->from.pods[i])) sim_pod_crash(fault->faults->world, fault->from.pods[i], how);
    return true;
}

static void stop_crash(struct sim_fault *fault)
{
    for (uint32_t i = 0; i < fault->from.count; i++) {
        if (shared(fault, fault->from.pods[i])) continue;
        sim_pod_start(fault->faults->world, fault->from.pods[i]);
        fault_targets(fault)->type->restart(fault_targets(fault), fault->from.pods[i]);
    }
}

/* ---- pause ---- */

static bool start_pause(struct sim_fault *fault)
{
    for (uint32_t i = 0; i < fault->from.count; i++) sim_pod_pause(fault->faults->world, fault->from.pods[i], true);
    return true;
}

static void stop_pause(struct sim_fault *fault)
{
    for (uint32_t i = 0; i < fault->from.count; i++)
        if (!shared(fault, fault->from.pods[i])) sim_pod_pause(fault->faults->world, fault->from.pods[i], false);
}

/* A pod that was started anew meanwhile stands still again. */
static void pause_app_started(struct sim_fault *fault, uint32_t pod)
{
    if (sim_pod_set_has(&fault->from, pod)) sim_pod_pause(fault->faults->world, pod, true);
}

/* ---- slow ---- */

enum { SLOWEST = 1000000000 };

/* Factors multiply. */
static void set_pace(const struct sim_fault *fault, uint32_t pod)
{
    struct sim_app *app = fault_targets(fault)->type->app(fault_targets(fault), pod);
    uint64_t permille = 1000;
    if (!app) return;
    for (struct sim_fault *other = NULL; (other = fault_next_active(fault->faults, &fault_slow, other));) {
        if (!sim_pod_set_has(&other->from, pod)) continue;
        permille = permille * (uint64_t)fault_number(other, "factor", 1000) / 1000;
        if (permille > SLOWEST) permille = SLOWEST;
    }
    sim_app_slow(app, permille ? (uint32_t)permille : 1);
}

static bool saw_request(struct sim_app_fault *base, uint64_t luck)
{
    (void)luck;
    mc_container(base, struct fault_hook, base)->fault->touched.requests++;
    return false;
}

static void hook_in(struct sim_fault *fault, uint32_t index)
{
    struct fault_hook *hook = &fault->hooks[index];
    struct sim_app *app = fault_targets(fault)->type->app(fault_targets(fault), fault->from.pods[index]);
    if (!app || hook->linked) return;
    sim_app_break(app, &hook->base);
    hook->linked = true;
}

static void hook_out(struct sim_fault *fault, uint32_t index)
{
    struct fault_hook *hook = &fault->hooks[index];
    if (!hook->linked) return;
    sim_app_mend(fault_targets(fault)->type->app(fault_targets(fault), fault->from.pods[index]), &hook->base);
    hook->linked = false;
}

static bool start_slow(struct sim_fault *fault)
{
    fault->hooks = mc_arena_take_zero(&fault->faults->arena, fault->from.count * sizeof *fault->hooks + 1);
    if (!fault->hooks) return false;
    fault->hook_count = fault->from.count;
    for (uint32_t i = 0; i < fault->from.count; i++) {
        mc_list_init(&fault->hooks[i].base.link);
        fault->hooks[i].base.hits = saw_request;
        fault->hooks[i].fault = fault;
        hook_in(fault, i);
        set_pace(fault, fault->from.pods[i]);
    }
    return true;
}

static void stop_slow(struct sim_fault *fault)
{
    for (uint32_t i = 0; i < fault->from.count; i++) {
        hook_out(fault, i);
        set_pace(fault, fault->from.pods[i]);
    }
}

static void slow_app_started(struct sim_fault *fault, uint32_t pod)
{
    if (!sim_pod_set_has(&fault->from, pod)) return;
    for (uint32_t i = 0; i < fault->from.count; i++)
        if (fault->from.pods[i] == pod) hook_in(fault, i);
    set_pace(fault, pod);
}

static void slow_app_going(struct sim_fault *fault, uint32_t pod)
{
    for (uint32_t i = 0; i < fault->hook_count; i++)
        if (fault->from.pods[i] == pod) hook_out(fault, i);
}

const struct sim_fault_code fault_crash = {.start = start_crash, .stop = stop_crash};
const struct sim_fault_code fault_pause = {.start = start_pause, .stop = stop_pause, .count = count_connections, .app_started = pause_app_started};
const struct sim_fault_code fault_slow = {
    .start = start_slow, .stop = stop_slow, .app_started = slow_app_started, .app_going = slow_app_going};
