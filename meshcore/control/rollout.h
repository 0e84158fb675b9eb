/* Progressive delivery of a new version behind a service: more and more of its traffic, as long as what
 * the mesh measures is good. The fields are Flagger's (Canary.spec.analysis, in snake case).
 *
 * Everything happens at ticks, one per `interval`. At each the counters of the sidecars are scraped over
 * the network, their growth since the last tick is judged, and the weight moves or does not:
 *
 *     initializing   all weight on `from`; a first scrape sets the base line
 *     progressing    every check passed: weight += step_weight; one failed: failed_checks += 1, hold;
 *                    inconclusive (metrics missing, or fewer than min_samples): hold and count
 *     promoting      weight has been max_weight for one good tick: all of it goes to `to`
 *     finalising     … has been pushed; one more tick
 *     succeeded
 *     rolling-back   failed_checks reached threshold: all weight back on `from`
 *     failed         one tick later
 *     paused         by an operator: no checks, the weight stays
 *
 * failed_checks adds up over a rollout, as Flagger's does; a good tick does not forgive a bad one.
 * All arithmetic is in integers: shares in millionths, durations in nanoseconds.
 */
#ifndef CONTROL_ROLLOUT_H
#define CONTROL_ROLLOUT_H

#include "base/atoms.h"
#include "base/time.h"
#include <stdbool.h>

#define MC_ROLLOUT_PHASES(X) \
    X(INITIALIZING, "initializing") \
    X(PROGRESSING, "progressing") \
    X(PROMOTING, "promoting") \
    X(FINALISING, "finalising") \
    X(SUCCEEDED, "succeeded") \
    X(ROLLING_BACK, "rolling-back") \
    X(FAILED, "failed") \
    X(PAUSED, "paused")

enum mc_rollout_phase {
#define X(name, text) MC_ROLLOUT_##name,
    MC_ROLLOUT_PHASES(X)
#undef X
};

const char *mc_rollout_phase_text(enum mc_rollout_phase phase);

#define MC_CHECK_VERDICTS(X) X(PASSED, "passed") X(FAILED, "failed") X(INCONCLUSIVE, "inconclusive")

enum mc_check_verdict {
#define X(name, text) MC_CHECK_##name,
    MC_CHECK_VERDICTS(X)
#undef X
};

const char *mc_check_verdict_text(enum mc_check_verdict verdict);

enum mc_rollout_metric {
    MC_METRIC_SUCCESS_RATE, /* request-success-rate: share of responses other than 5xx; min, in millionths */
    MC_METRIC_DURATION,     /* request-duration at a quantile; max, in nanoseconds */
};

/* Whose counters are asked. A caller's sidecar also sees what never reached the service (UF, UH, UT);
 * a service's own sees only what did, which is what Flagger's built-in queries ask. */
enum mc_rollout_reporter { MC_REPORTER_SOURCE, MC_REPORTER_DESTINATION };

enum mc_on_inconclusive { MC_INCONCLUSIVE_HOLD, MC_INCONCLUSIVE_FAIL, MC_INCONCLUSIVE_PASS };

enum { MC_ROLLOUT_CHECKS = 4, MC_ROLLOUT_HISTORY = 256 };

struct mc_rollout_check {
    enum mc_rollout_metric metric;
    uint32_t min_permillion;      /* SUCCESS_RATE */
    mc_ns max;                    /* DURATION */
    uint32_t quantile_permillion; /* DURATION; 990000 */
};

struct mc_rollout_options {
    mc_atom target;           /* the service */
    mc_atom from, to;         /* versions: primary, canary */
    mc_ns interval;           /* > 0 */
    uint32_t threshold;       /* failed checks that roll back; 0: the first one does */
    uint32_t step_weight, max_weight; /* percent, 1…100 */
    uint32_t min_samples;     /* per interval; fewer: inconclusive */
    enum mc_rollout_reporter reporter;
    enum mc_on_inconclusive on_inconclusive;
    uint32_t scraped_permille_min; /* of the sidecars asked; fewer answers: inconclusive. 0: any answer will do */
    mc_ns deadline;           /* without an advance for so long: counts as failed (progressDeadlineSeconds); 0: none */
    bool manual_promotion;    /* stays at max_weight until it is told (resume) */
    mc_ns scrape_timeout;     /* 0: a tenth of the interval, at most 10 s */
    struct mc_rollout_check checks[MC_ROLLOUT_CHECKS];
    uint32_t check_count;
};

/* One judgement, or one change of phase or weight. */
struct mc_rollout_step {
    mc_ns at;
    enum mc_rollout_phase phase;    /* after it */
    uint32_t weight, failed_checks; /* after it */
    bool is_check;
    struct {                        /* is_check */
        enum mc_rollout_metric metric;
        enum mc_check_verdict verdict;
        uint64_t observed, bound;   /* millionths or nanoseconds; observed 0 if there was nothing to see */
        uint64_t samples;
        uint32_t scraped, asked;    /* sidecars */
    };
};

/* What can be seen of a rollout; borrowed from the node until its next step. */
struct mc_rollout_state {
    struct mc_rollout_options options;
    enum mc_rollout_phase phase;
    uint32_t weight;          /* percent on `to`, as desired (pushed a debounce later) */
    uint32_t failed_checks, inconclusive_checks; /* so far */
    enum mc_check_verdict last; /* of the last tick; PASSED before the first */
    mc_ns started, advanced;  /* when it began; when the weight last moved forward */
    struct mc_rollout_step history[MC_ROLLOUT_HISTORY]; /* a ring: step i is history[i % MC_ROLLOUT_HISTORY] */
    uint32_t history_count;   /* ever; the last MC_ROLLOUT_HISTORY are kept */
};

#endif
