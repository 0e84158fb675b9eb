#include "sim/run/parts.h"

static void fire(struct sim_entry *entry)
{
    struct sim_call *call = mc_container(entry, struct sim_call, entry);
    struct sim_run *run = call->run;
    run->now = sim_world_now(run->world);
    sim_check_at(run->check, run->now);
    call->fire(call);
}

static const struct sim_entry_type call_entry = {"script", SIM_CLASS_SCRIPT, SIM_KIND_CALL, fire};

bool sim_run_call_is_pending(const struct sim_call *call)
{
    return call->entry.type && sim_entry_is_queued(&call->entry);
}

void sim_run_call_at(struct sim_run *run, mc_ns at, struct sim_call *call)
{
    call->run = run;
    call->at = at > run->now ? at : run->now;
    if (!call->entry.type) sim_entry_init(&call->entry, &call_entry, &run->script, 0);
    sim_engine_at(sim_world_engine(run->world), &call->entry, call->at);
}

void sim_run_call_cancel(struct sim_run *run, struct sim_call *call)
{
    if (sim_run_call_is_pending(call)) sim_engine_cancel(sim_world_engine(run->world), &call->entry);
}
