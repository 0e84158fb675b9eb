/* What the guests of one run, or of one live worker thread, share; there are no other globals. Realms
 * share nothing with each other. */
#ifndef HOST_REALM_H
#define HOST_REALM_H

#include "base/atoms.h"
#include "base/map.h"
#include "base/pool.h"
#include "base/time.h"
#include "host/trace.h"

struct mc_realm {
    struct mc_pool pool;          /* all memory of the data path */
    struct mc_atoms atoms;        /* interned names */
    struct mc_map cons;           /* hash-consed configuration, owned by model/resource.h */
    uint64_t seed;                /* of all keyed draws; key material never comes from it when live */
    struct mc_trace_sink trace;   /* where trace records go; .record may be NULL */
};

void mc_realm_init(struct mc_realm *realm, struct mc_alloc alloc, uint64_t seed);
void mc_realm_fini(struct mc_realm *realm);

#endif
