/* Many timers inside a node, one published deadline.
 *
 * A timer that is moved later keeps its place in the heap and is put right when it comes up, so that
 * pushing an idle timeout back on every byte costs one store. Due timers are collected before any of
 * them runs: one armed by another fires in the next turn at the earliest. Equal times fire in the order
 * in which they were armed.
 */
#ifndef HOST_TIMER_H
#define HOST_TIMER_H

#include "base/heap.h"
#include "base/time.h"
#include <stdbool.h>

struct mc_timer {
    struct mc_heap_node heap; /* key: when it comes up */
    mc_ns at;                 /* when it is due; may be later than the key */
    void (*fire)(struct mc_timer *timer);
    bool armed, queued;
};

struct mc_timers {
    struct mc_heap heap;
    uint64_t order;
};

void mc_timer_init(struct mc_timer *timer, void (*fire)(struct mc_timer *timer));
void mc_timer_arm(struct mc_timers *timers, struct mc_timer *timer, mc_ns at); /* again: moves it; MC_NEVER disarms */
void mc_timer_disarm(struct mc_timers *timers, struct mc_timer *timer);      /* harmless if not armed; required before its memory goes */
void mc_timers_run(struct mc_timers *timers, mc_ns now);                     /* fires what is due */
mc_ns mc_timers_deadline(const struct mc_timers *timers);                    /* MC_NEVER if none; never later than the next due timer */

#endif
