/* Keyed randomness: a draw is a pure function of (seed, purpose, entity, ordinal). Nothing is stored,
 * so that one draw more in one place shifts no draw elsewhere. Not for key material. */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stdint.h>

/* What a draw is for. Append only: the number is part of the key. */
enum mc_purpose {
    MC_FOR_BALANCE = 1,   /* balancer pick */
    MC_FOR_ROUTE = 2,     /* weighted cluster, runtime fraction */
    MC_FOR_BACKOFF = 3,   /* retry and reconnect jitter */
    MC_FOR_REQUEST_ID = 4,
    MC_FOR_SAMPLING = 5,
    MC_FOR_RENEWAL = 6,   /* certificate renewal jitter */
    MC_FOR_FAULT_FILTER = 7,
    MC_FOR_SERIAL = 8,    /* certificate serial numbers */
    MC_FOR_LATENCY = 16,  /* simulated: path jitter */
    MC_FOR_LOSS = 17,     /* simulated: segment loss */
    MC_FOR_ARRIVAL = 18,  /* simulated: load arrivals */
    MC_FOR_SERVICE = 19,  /* simulated: service time, application errors */
    MC_FOR_SHUFFLE = 20,  /* simulated: order of one instant */
    MC_FOR_SCRIPT = 21,   /* simulated: rng() of a scenario */
    MC_FOR_SELECT = 22,   /* simulated: random selector modes */
    MC_FOR_SPLIT = 23,    /* simulated: where a byte stream is cut */
    MC_FOR_TLS = 24,      /* simulated: key of an engine's random bytes */
    MC_FOR_PATH = 25,     /* simulated: per-connection choices of the kernel */
    MC_FOR_SCHEDULER = 26, /* simulated: phases of CPU quotas */
};

/* A good 64-bit mixer (the finaliser of splitmix64). */
static inline uint64_t mc_mix(uint64_t x)
{
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static inline uint64_t mc_draw(uint64_t seed, enum mc_purpose purpose, uint64_t entity, uint64_t ordinal)
{
    uint64_t x = mc_mix(seed + UINT64_C(0x9e3779b97f4a7c15) * (uint64_t)purpose);
    x = mc_mix(x ^ (entity * UINT64_C(0xd6e8feb86659fd93)));
    return mc_mix(x ^ (ordinal * UINT64_C(0xa0761d6478bd642f)));
}

/* Maps a draw to 0 … n-1 without modulo bias worth naming (n < 2^32); 0 for n = 0. */
static inline uint64_t mc_below(uint64_t draw, uint64_t n)
{
    return (uint64_t)(((unsigned __int128)draw * n) >> 64);
}

/* True in NUMERATOR of DENOMINATOR draws. */
static inline int mc_chance(uint64_t draw, uint64_t numerator, uint64_t denominator)
{
    return mc_below(draw, denominator) < numerator;
}

#endif
