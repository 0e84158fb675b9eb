/* Variations of a plan: the same script and luck in a world that differs in one thing.
 *
 *     a constant moved within its error   run --perturb
 *     a policy as the profile has it, twice the capacity   explain
 *
 * (A run without one of its faults is an option of the run, sim_run_options.disabled_faults.)
 */
#ifndef SIM_LEDGER_VARY_H
#define SIM_LEDGER_VARY_H

#include "sim/ledger/ledger.h"

#define SIM_VARIATIONS(X) \
    X(NONE, "as it was") \
    X(CONSTANT, "a constant moved") /* ENTRY by PERMILLE */ \
    X(RETRY, "retries") /* of SERVICE: the profile's; without: none anywhere */ \
    X(TIMEOUT, "timeout") \
    X(OUTLIER, "outlier detection") /* off where it was on; on, with Envoy's defaults, where it was off */ \
    X(CIRCUIT, "circuit breakers") \
    X(BALANCER, "balancer") \
    X(MTLS, "mtls") \
    X(REPLICAS, "replicas") /* twice as many */ \
    X(CPU, "CPU") /* twice the quota and concurrency, of applications and of proxies */

enum sim_variation_kind {
#define X(name, text) SIM_VARY_##name,
    SIM_VARIATIONS(X)
#undef X
};

enum { SIM_EVERY_SERVICE = UINT32_MAX, SIM_VARIATION_TEXT = 160 };

struct sim_variation {
    enum sim_variation_kind kind;
    const struct sim_ledger_entry *entry; /* CONSTANT */
    int32_t permille;                     /* CONSTANT: +300: × 1.3; a positive constant stays positive */
    uint32_t service;                     /* number in the plan, or SIM_EVERY_SERVICE */
};

/* Makes PLAN the varied one; what it points to is copied before it is changed, into plan->arena. False: no memory. */
bool sim_vary(struct sim_plan *plan, const struct sim_variation *variation);

/* "reviews' timeout as the profile has it (0s instead of 500ms)", "twice the replicas". Returns OUT. */
const char *sim_variation_text(const struct sim_plan *plan, const struct sim_variation *variation, char out[static SIM_VARIATION_TEXT]);

/* The two ends of every constant that PLAN uses, the largest error first, low before high. Returns how
 * many there are; at most MAX are written. */
uint32_t sim_perturbations(const struct sim_use *use, struct sim_variation *out, uint32_t max);

/* The other policies and twice the capacity: what a plan departs from its profile in. SERVICE: where the
 * request failed; gets outlier detection if it has none; SIM_EVERY_SERVICE: nobody. Returns how many were written. */
uint32_t sim_alternatives(const struct sim_plan *plan, uint32_t service, struct sim_variation *out, uint32_t max);

/* "proxy.price request 105us": the constant's main value as PLAN has it. Returns OUT. */
const char *sim_constant_text(const struct sim_plan *plan, const struct sim_ledger_entry *entry, char out[static SIM_VARIATION_TEXT]);

#endif
