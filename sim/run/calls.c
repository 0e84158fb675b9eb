#include "sim/run/parts.h"

/* Instants of the script wait in a heap of their own; the world is run up to the next one, its samples
 * left out, before it fires. */

static struct sim_call *call_of(struct mc_heap_node *node)
{
    return mc_container(node, struct sim_call, heap);
}

void sim_run_call_cancel(struct sim_run *run, struct sim_call *call)
{
    if (!call->pending) return;
    mc_heap_remove(&run->calls, &call->heap);
    call->pending = false;
}

void sim_run_call_at(struct sim_run *run, mc_ns at, struct sim_call *call)
{
    sim_run_call_cancel(run, call);
    call->run = run;
    call->at = at > run->now ? at : run->now;
    call->heap.key = call->at;
    call->heap.order = ++run->call_order;
    call->pending = true;
    mc_heap_insert(&run->calls, &call->heap);
}

mc_ns run_next_call(const struct sim_run *run)
{
    struct mc_heap_node *first = mc_heap_first(&run->calls);
    return first ? first->key : MC_NEVER;
}

bool run_fire_call(struct sim_run *run)
{
    struct mc_heap_node *first = mc_heap_first(&run->calls);
    if (!first || first->key > run->now) return false;
    struct sim_call *call = call_of(first);
    sim_run_call_cancel(run, call);
    call->fire(call);
    return true;
}
