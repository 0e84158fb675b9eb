#include "sim/fault/fault_parts.h"

static void link_in(struct sim_fault *fault, uint32_t index)
{
    struct fault_hook *hook = &fault->hooks[index];
    struct sim_app *app = fault_targets(fault)->type->app(fault_targets(fault), fault->hooked->pods[index]);
    if (!app || hook->linked) return;
    sim_app_break(app, &hook->base);
    hook->linked = true;
}

static void link_out(struct sim_fault *fault, uint32_t index)
{
    struct fault_hook *hook = &fault->hooks[index];
    if (!hook->linked) return;
    sim_app_mend(fault_targets(fault)->type->app(fault_targets(fault), fault->hooked->pods[index]), &hook->base);
    hook->linked = false;
}

bool fault_hook(struct sim_fault *fault, const struct sim_pod_set *set, const struct sim_app_fault *as)
{
    fault->hooks = mc_arena_take_zero(&fault->faults->arena, set->count * sizeof *fault->hooks + 1);
    if (!fault->hooks) return false;
    fault->hooked = set;
    for (uint32_t i = 0; i < set->count; i++) {
        fault->hooks[i] = (struct fault_hook){.base = *as, .fault = fault};
        mc_list_init(&fault->hooks[i].base.link);
        link_in(fault, i);
    }
    return true;
}

void fault_unhook(struct sim_fault *fault)
{
    for (uint32_t i = 0; fault->hooked && i < fault->hooked->count; i++) link_out(fault, i);
}

void fault_hook_pod(struct sim_fault *fault, uint32_t pod)
{
    for (uint32_t i = 0; fault->hooked && i < fault->hooked->count; i++)
        if (fault->hooked->pods[i] == pod) link_in(fault, i);
}

void fault_unhook_pod(struct sim_fault *fault, uint32_t pod)
{
    for (uint32_t i = 0; fault->hooked && i < fault->hooked->count; i++)
        if (fault->hooked->pods[i] == pod) link_out(fault, i);
}
