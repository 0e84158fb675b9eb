#include "host/timer.h"
#include "base/assert.h"
#include <stddef.h>

void mc_timer_init(struct mc_timer *timer, void (*fire)(struct mc_timer *timer))
{
    *timer = (struct mc_timer){.at = MC_NEVER, .fire = fire};
}

static void unqueue(struct mc_timers *timers, struct mc_timer *timer)
{
    if (!timer->queued) return;
    mc_heap_remove(&timers->heap, &timer->heap);
    timer->queued = false;
}

static void queue(struct mc_timers *timers, struct mc_timer *timer)
{
    timer->heap.key = timer->at;
    timer->heap.order = timers->order++;
    timer->queued = true;
    mc_heap_insert(&timers->heap, &timer->heap);
}

void mc_timer_arm(struct mc_timers *timers, struct mc_timer *timer, mc_ns at)
{
    if (at == MC_NEVER) {
        mc_timer_disarm(timers, timer);
        return;
    }
    timer->at = at;
    timer->armed = true;
    if (timer->queued && timer->heap.key <= at) return;
    unqueue(timers, timer);
    queue(timers, timer);
}

void mc_timer_disarm(struct mc_timers *timers, struct mc_timer *timer)
{
    unqueue(timers, timer);
    timer->armed = false;
    timer->at = MC_NEVER;
}

static struct mc_timer *first(const struct mc_timers *timers)
{
    struct mc_heap_node *node = mc_heap_first(&timers->heap);
    return node ? mc_container(node, struct mc_timer, heap) : NULL;
}

/* Timers armed while this runs carry orders at or above MARK and wait for the next turn. */
void mc_timers_run(struct mc_timers *timers, mc_ns now)
{
    uint64_t mark = timers->order;
    struct mc_timer *timer;
    while ((timer = first(timers)) && timer->heap.key <= now && timer->heap.order < mark) {
        unqueue(timers, timer);
        if (timer->at > now) {
            queue(timers, timer);
            continue;
        }
        timer->armed = false;
        timer->at = MC_NEVER;
        timer->fire(timer);
    }
}

mc_ns mc_timers_deadline(const struct mc_timers *timers)
{
    const struct mc_timer *timer = first(timers);
    return timer ? timer->heap.key : MC_NEVER;
}
