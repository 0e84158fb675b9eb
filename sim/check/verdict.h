/* Verdicts: what a run has shown, one row per check, threshold, invariant, steady state and fault.
 *
 * Three outcomes: pass, fail, inconclusive. Inconclusive is no softer fail: it says that the run has not
 * produced the evidence (too few samples, a fault that touched nothing). A run fails if anything failed,
 * else is inconclusive if anything was, else passes.
 */
#ifndef SIM_CHECK_VERDICT_H
#define SIM_CHECK_VERDICT_H

#include "base/alloc.h"
#include "base/digest.h"
#include "sim/plan/plan.h"

#define SIM_VERDICT_KINDS(X) \
    X(CHECK, "check") \
    X(THRESHOLD, "threshold") \
    X(INVARIANT, "invariant") \
    X(STEADY_STATE, "steady_state") \
    X(TIMEOUT, "timeout") \
    X(VACUITY, "vacuity")

enum sim_verdict_kind {
#define X(name, text) SIM_VERDICT_##name,
    SIM_VERDICT_KINDS(X)
#undef X
};

enum sim_status { SIM_PASS, SIM_FAIL, SIM_INCONCLUSIVE };

const char *sim_verdict_kind_text(enum sim_verdict_kind kind); /* "steady_state": the column of the store */
const char *sim_status_text(enum sim_status status);           /* "pass", "fail", "inconclusive" */

/* A number in a report, never in simulation state. */
struct sim_figure {
    bool known;
    double value; /* in the verdict's unit */
};

struct sim_verdict {
    enum sim_verdict_kind kind;
    enum sim_status status;
    struct mc_str name;    /* "rollback starts", "request_failed{src:user} rate < 0.5%", "mtls.no_plaintext" */
    mc_ns at;              /* when it was decided, or first broken */
    struct sim_figure observed, expected;
    struct mc_str op;      /* "<", ">=", …; empty: plainly true or false */
    struct mc_str unit;    /* "ms", "%", "rps", "count", …; empty: none */
    uint64_t samples;      /* 0: does not apply */
    struct mc_str message; /* one sentence; empty if it passed and there is nothing to say */
    struct sim_source source;
};

/* The verdicts of one run, in the order in which they were reached. Zeroed after init. */
struct sim_verdicts {
    struct mc_alloc alloc;
    struct sim_verdict *list;
    uint32_t count, capacity;
    uint32_t of[3]; /* per status */
    bool refused;   /* memory ran out: the run is inconclusive whatever the list says */
};

void sim_verdicts_init(struct sim_verdicts *verdicts, struct mc_alloc alloc);
void sim_verdicts_fini(struct sim_verdicts *verdicts);
/* Copies VERDICT and its texts. The copy, valid until fini or the next add; NULL: no memory. */
const struct sim_verdict *sim_verdicts_add(struct sim_verdicts *verdicts, const struct sim_verdict *verdict);
enum sim_status sim_verdicts_overall(const struct sim_verdicts *verdicts);
/* Kind, name, status and time of each enter DIGEST. */
void sim_verdicts_digest(const struct sim_verdicts *verdicts, struct mc_digest *digest);

#endif
