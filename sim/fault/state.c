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
    for (uint32_t i = 0; i < fault->from.count; i++) {
        if (shared(fault, fault->from.pods[i])) continue;
        if (fault_targets(fault)->type->hold) fault_targets(fault)->type->hold(fault_targets(fault), fault->from.pods[i]);
        sim_pod_crash(fault->faults->world, fault->from.pods[i], how);
    }
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

static bool start_slow(struct sim_fault *fault)
{
    if (!fault_hook(fault, &fault->from, &(struct sim_app_fault){.hits = saw_request})) return false;
    for (uint32_t i = 0; i < fault->from.count; i++) set_pace(fault, fault->from.pods[i]);
    return true;
}

static void stop_slow(struct sim_fault *fault)
{
    fault_unhook(fault);
    for (uint32_t i = 0; i < fault->from.count; i++) set_pace(fault, fault->from.pods[i]);
}

static void slow_app_started(struct sim_fault *fault, uint32_t pod)
{
    if (!sim_pod_set_has(&fault->from, pod)) return;
    fault_hook_pod(fault, pod);
    set_pace(fault, pod);
}

const struct sim_fault_code fault_crash = {.start = start_crash, .stop = stop_crash, .pods_only = true, .control = true};
const struct sim_fault_code fault_pause = {.start = start_pause, .stop = stop_pause, .count = count_connections, .app_started = pause_app_started,
                                          .pods_only = true, .control = true};
const struct sim_fault_code fault_slow = {
    .start = start_slow, .stop = stop_slow, .app_started = slow_app_started, .app_going = fault_unhook_pod, .pods_only = true};
