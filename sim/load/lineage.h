/* Who a request belongs to: its place in a W3C trace, and the key of its luck.
 *
 * The key follows the call path alone (load, iteration, step, try), so that the same request has the
 * same service time and the same bad luck whatever route, replica or policy it meets. Sidecars make
 * spans of their own, so it travels in tracestate, which they pass on (Trace Context §3.3).
 */
#ifndef SIM_LOAD_LINEAGE_H
#define SIM_LOAD_LINEAGE_H

#include "http/message.h"

struct sim_lineage {
    uint64_t trace_hi, trace_lo; /* both 0: none */
    uint64_t span;               /* of the request itself */
    uint64_t parent;             /* span that it was made in; 0: none */
    uint64_t luck;
    struct mc_str request_id;    /* as received; empty: none */
};

/* The first of a trace: iteration ORDINAL of load ENTITY. */
struct sim_lineage sim_lineage_root(uint64_t seed, uint64_t entity, uint64_t ordinal);
/* What a request that is being served calls at STEP, the TRY-th time (from 1). */
struct sim_lineage sim_lineage_child(const struct sim_lineage *of, uint32_t step, uint32_t try);
/* What a head says; a request without (valid) fields begins a trace, keyed by SEED, ENTITY, ORDINAL. A
 * sidecar's second and later attempts have luck of their own. REQUEST_ID borrows from the head. */
struct sim_lineage sim_lineage_read(const struct mc_head *head, uint64_t seed, uint64_t entity, uint64_t ordinal);
/* traceparent, tracestate and x-request-id. False: no memory. */
bool sim_lineage_write(const struct sim_lineage *lineage, struct mc_headers *headers, struct mc_arena *arena);

#endif
