/* Libraries that read the clock by themselves get the event's time while a simulated step is on the
 * stack. Defined in the executable, these stand before the C library's for every library that is linked
 * dynamically; what the C library calls inside itself is not seen. */
#include "base/assert.h"
#include "sim/host/world.h"
#include <dlfcn.h>
#include <stdatomic.h>
#include <time.h>

static _Thread_local struct {
    bool stepping;
    mc_ns now, wall;
} ambient;

void sim_ambient_enter(mc_ns now, mc_ns wall)
{
    mc_assert(!ambient.stepping);
    ambient.stepping = true;
    ambient.now = now;
    ambient.wall = wall;
}

void sim_ambient_leave(void)
{
    mc_assert(ambient.stepping);
    ambient.stepping = false;
}

/* The definition behind ours. Racing threads find the same one. */
static void *behind(_Atomic(void *) *place, const char *name)
{
    void *found = atomic_load_explicit(place, memory_order_relaxed);
    if (found) return found;
    found = dlsym(RTLD_NEXT, name);
    mc_assert(found);
    atomic_store_explicit(place, found, memory_order_relaxed);
    return found;
}

#define BEHIND(function) \
    static _Atomic(void *) place; \
    __typeof__(function) *next; \
    *(void **)&next = behind(&place, #function)

time_t time(time_t *out)
{
    if (ambient.stepping) {
        time_t seconds = (time_t)(ambient.wall / MC_S);
        if (out) *out = seconds;
        return seconds;
    }
    BEHIND(time);
    return next(out);
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    if (ambient.stepping) {
        bool calendar = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
        mc_ns at = calendar ? ambient.wall : ambient.now;
        out->tv_sec = (time_t)(at / MC_S);
        out->tv_nsec = (long)(at % MC_S);
        return 0;
    }
    BEHIND(clock_gettime);
    return next(clock, out);
}

#ifdef SIM_AMBIENT_GUARD

#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* A guest that reaches for the outside would make a run that cannot be repeated. */
static void guard(void)
{
    mc_assert(!ambient.stepping);
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    guard();
    BEHIND(gettimeofday);
    return next(out, zone);
}

ssize_t getrandom(void *out, size_t size, unsigned flags)
{
    guard();
    BEHIND(getrandom);
    return next(out, size, flags);
}

int getentropy(void *out, size_t size)
{
    guard();
    BEHIND(getentropy);
    return next(out, size);
}

int socket(int domain, int type, int protocol)
{
    guard();
    BEHIND(socket);
    return next(domain, type, protocol);
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    guard();
    BEHIND(nanosleep);
    return next(wanted, left);
}

#endif
