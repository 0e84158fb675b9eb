/* What one version of a service does with a request, made ready once and shared by its replicas. */
#ifndef SIM_LOAD_PROGRAM_H
#define SIM_LOAD_PROGRAM_H

#include "host/realm.h"
#include "sim/load/sampler.h"

/* Whom applications of this version call: one pool, one DNS cache each. */
struct sim_callee {
    uint32_t to;              /* the service's number, for the observer */
    struct mc_str name;       /* looked up, and the Host field without its port */
    struct mc_str authority;  /* "reviews:9080" */
    uint16_t port;
    bool cache_given;         /* how long an answer is kept; else as long as it says */
    mc_ns cache;              /* 0: not at all */
    bool lookup_each;         /* each connection asks for itself (getaddrinfo); else all wait for one answer (Go) */
};

struct sim_call_spec { /* one call step, or what a load client asks for */
    uint32_t callee;          /* index into the caller's callees */
    mc_atom path;
    struct mc_str path_text, method;
    mc_ns timeout;            /* of each try; 0: none */
    mc_ns deadline;           /* of all tries; 0: none */
    uint32_t tries;           /* at least 1 */
    const struct sim_retry *retry; /* NULL: `tries` alone, at once, after any failure */
    uint32_t body_bytes;
};

struct sim_program_step {
    enum sim_step_kind kind;
    struct sim_sampler wait, cpu;
    struct sim_call_spec call;
    bool optional, parallel;
    uint16_t status;
    uint32_t response_bytes;
    uint32_t cache, span;     /* CACHED: index into caches, and how many steps it covers */
    bool after_store;
};

struct sim_cache_entry {
    mc_ns expires;
    uint32_t fetching; /* requests that are about to fill it */
    bool filled;
};

struct sim_program_cache {
    const struct sim_cache_plan *plan;
    const uint64_t *popularity;      /* running sums over the keys; NULL: not by Zipf's law */
    struct sim_cache_entry *entries; /* shared ones; NULL: each process has its own */
};

struct sim_program {
    const struct sim_version *version;
    uint16_t port;
    const struct sim_program_step *steps; /* of a request; behind them those of a start */
    uint32_t step_count, start_step_count;
    const struct sim_callee *callees;
    uint32_t callee_count;
    const struct sim_program_cache *caches;
    uint32_t cache_count;
    uint64_t spell_key;       /* of the version's slow spells */
};

/* From the plan: SERVICE's version number VERSION, callees by SERVICES' names (all exist: the plan was
 * checked). Everything lives in ARENA; paths are interned in REALM. NULL: no memory. */
const struct sim_program *sim_program_new(const struct sim_topology *topology, uint32_t service, uint32_t version,
                                          struct mc_arena *arena, struct mc_realm *realm);

/* A load client's one call. False: no memory. */
bool sim_program_load(const struct sim_topology *topology, uint32_t service, const struct sim_load_spec *load,
                      struct mc_arena *arena, struct mc_realm *realm, struct sim_callee *callee, struct sim_call_spec *call);

#endif
