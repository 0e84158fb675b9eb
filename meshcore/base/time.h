/* Time and durations: signed 64-bit nanoseconds, saturating. There is no clock here: time arrives in
 * events. */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdint.h>

typedef int64_t mc_ns; /* an instant (since the run's or the loop's start) or a duration */

#define MC_US ((mc_ns)1000)
#define MC_MS ((mc_ns)1000 * MC_US)
#define MC_S ((mc_ns)1000 * MC_MS)
#define MC_MIN ((mc_ns)60 * MC_S)
#define MC_HOUR ((mc_ns)60 * MC_MIN)
#define MC_NEVER INT64_MAX /* as an instant: no deadline; as a duration: for ever */

static inline mc_ns mc_ns_add(mc_ns a, mc_ns b)
{
    mc_ns sum;
    if (a == MC_NEVER || b == MC_NEVER) return MC_NEVER;
    if (__builtin_add_overflow(a, b, &sum)) return b > 0 ? MC_NEVER : INT64_MIN;
    return sum;
}

static inline mc_ns mc_ns_min(mc_ns a, mc_ns b)
{
    return a < b ? a : b;
}

static inline mc_ns mc_ns_max(mc_ns a, mc_ns b)
{
    return a > b ? a : b;
}

#endif
