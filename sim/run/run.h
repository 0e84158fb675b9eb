/* One run: a scenario's plan becomes a world, time passes, verdicts come out.
 *
 *     sim_run_new      checks the plan, builds the world; nothing moves yet
 *     sim_run_start    time 0: the load begins
 *     sim_run_advance  … as often as the caller likes, doing things between the calls
 *     sim_run_finish   clears what is still on, judges thresholds and invariants, computes the hash
 *     sim_run_free
 *
 * The same plan, options, seed and verbs at the same times give the same trace hash. Verbs may be used
 * from a sim_call (at that instant) or between advances (at sim_run_now). Nothing here reads a clock,
 * a file or the environment; questions (sim/check/query.h) and pictures change nothing.
 */
#ifndef SIM_RUN_RUN_H
#define SIM_RUN_RUN_H

#include "sim/check/frame.h"
#include "sim/check/metric.h"
#include "sim/check/query.h"
#include "sim/check/sink.h"
#include "sim/check/verdict.h"
#include "sim/engine/engine.h"
#include "sim/fault/fault.h"
#include "sim/plan/error.h"

struct sim_run;

struct sim_run_options {
    uint64_t seed;
    struct mc_alloc alloc;      /* everything the run holds; take NULL: the C library's */
    mc_ns epoch;                /* wall clock at time 0; 0: 2024-01-01T00:00:00Z */
    uint64_t shuffle;           /* not 0: explores the order of what happens at one instant */
    int fill;                   /* 0: none; else memory is filled with this byte (0x100 stands for zeros) */
    struct sim_sink *sink;      /* may be NULL */
    const uint32_t *disabled_faults; /* numbers (sim_fault_number) that have no effect: the same luck without them */
    uint32_t disabled_fault_count;
    uint64_t follow_hi, follow_lo; /* the hops of this trace are told to the sink; both 0: of none */
    uint64_t events_max;        /* 0: no bound; the run is stopped after so many (BUDGET) */
};

/* ---- life ---- */

/* NULL: the plan is impossible, ERROR says why and where; or memory ran out. PLAN is borrowed until free. */
struct sim_run *sim_run_new(const struct sim_plan *plan, const struct sim_run_options *options, struct sim_error *error);
void sim_run_free(struct sim_run *run); /* NULL is allowed */

/* Only looks at the plan: missing callees, call cycles, impossible values, unknown metrics and
 * invariants. What sim_run_new does first. */
bool sim_run_check(const struct sim_plan *plan, struct sim_error *error);

enum sim_run_state {
    SIM_RUN_READY,   /* not started */
    SIM_RUN_GOING,   /* can go on */
    SIM_RUN_STOPPED, /* will not go on: see sim_run_stop_reason; call sim_run_finish */
    SIM_RUN_DONE,    /* finished */
};

enum sim_stop_reason {
    SIM_STOP_NONE,
    SIM_STOP_DURATION,  /* the plan's end is reached */
    SIM_STOP_THRESHOLD, /* abort_on_fail */
    SIM_STOP_ASSERT,    /* a failed assert() of the script */
    SIM_STOP_BUDGET,    /* events_max, or a million events at one instant */
    SIM_STOP_MEMORY,
    SIM_STOP_CALLER,    /* interrupted */
    SIM_STOP_REFUSED,   /* the profile has not what the scenario needs */
};

void sim_run_start(struct sim_run *run);
/* Runs everything up to and including UNTIL (never past the plan's duration), or MAX_EVENTS (0: no
 * bound) events, whichever comes first. Time stands at UNTIL afterwards unless the events ran out. */
enum sim_run_state sim_run_advance(struct sim_run *run, mc_ns until, uint64_t max_events);
enum sim_run_state sim_run_state(const struct sim_run *run);
enum sim_stop_reason sim_run_stop_reason(const struct sim_run *run);
const char *sim_stop_reason_text(enum sim_stop_reason reason);
void sim_run_stop(struct sim_run *run, enum sim_stop_reason reason);
/* Ends the run because of an error that is `refused`: inconclusive, with the error as its only reason; thresholds and
 * invariants are not judged. */
void sim_run_refuse(struct sim_run *run, const struct sim_error *error);

mc_ns sim_run_now(const struct sim_run *run);
uint64_t sim_run_events(const struct sim_run *run);
uint64_t sim_run_hash_so_far(const struct sim_run *run);

struct sim_outcome {
    enum sim_status status;
    enum sim_stop_reason stop;
    mc_ns sim_ns;
    uint64_t events, trace_hash;
};

struct sim_outcome sim_run_finish(struct sim_run *run); /* once; tells the sink `ended` */

const struct sim_plan *sim_run_plan(const struct sim_run *run);
struct sim_check *sim_run_questions(struct sim_run *run); /* for sim/check/query.h, as of now: ask anew whenever time has moved */
const struct sim_verdicts *sim_run_verdicts(const struct sim_run *run);

/* ---- the script ---- */

/* Embedded by its owner, zeroed but for `fire`. Fires once, in class `script`: after everything else of that instant but the
 * samples. */
struct sim_call {
    void (*fire)(struct sim_call *call);
    struct sim_run *run; /* set by sim_run_call_at */
    mc_ns at;
    struct sim_entry entry; /* private */
};

void sim_run_call_at(struct sim_run *run, mc_ns at, struct sim_call *call); /* again: moves it; past times: now */
void sim_run_call_cancel(struct sim_run *run, struct sim_call *call);       /* harmless if not pending */
bool sim_run_call_is_pending(const struct sim_call *call);

/* `now()` of a script: also cuts the counts here, so that `since` this instant is exact. */
mc_ns sim_run_look(struct sim_run *run);

/* ---- load ---- */

struct sim_load;

/* A further load client, from now (or spec->start, if later). SPEC is copied. NULL: ERROR. */
struct sim_load *sim_run_load(struct sim_run *run, const struct sim_load_spec *spec, struct sim_error *error);
struct sim_load *sim_run_load_find(struct sim_run *run, struct mc_str name); /* those of the plan too; NULL */
void sim_run_load_stop(struct sim_run *run, struct sim_load *load);          /* no new iterations */

struct sim_load_counts {
    uint64_t started, finished, failed, dropped_iterations;
    uint32_t under_way;
};

struct sim_load_counts sim_run_load_counts(const struct sim_run *run, const struct sim_load *load);

/* ---- rollouts ---- */

struct sim_canary;

struct sim_canary *sim_run_canary(struct sim_run *run, const struct sim_canary_spec *spec, struct sim_error *error);
struct sim_canary *sim_run_canary_find(struct sim_run *run, struct mc_str target); /* NULL */

struct sim_canary_view {
    const char *phase; /* "pending", "progressing", "holding", "rolling-back", "failed", "promoting", "succeeded", "inconclusive" */
    uint32_t weight, failed_checks;
    uint32_t steps;    /* of history */
};

struct sim_canary_view sim_run_canary_view(const struct sim_run *run, const struct sim_canary *canary);

struct sim_canary_step {
    mc_ns at;
    const char *phase;
    uint32_t weight, failed_checks;
};

bool sim_run_canary_step(const struct sim_run *run, const struct sim_canary *canary, uint32_t index, struct sim_canary_step *step);

/* ---- selecting, breaking ---- */

/* False: the selector names a service, version or zone that does not exist; ERROR names the nearest. An
 * empty set (all of its pods are gone) is true. */
bool sim_run_select(struct sim_run *run, const struct sim_selector *selector, struct sim_pod_set *set, struct sim_error *error);
struct mc_str sim_run_pod_name(const struct sim_run *run, uint32_t pod);

struct sim_run_pod { /* a pod of a service as it is now */
    struct mc_str name, service, version, zone;
    bool up, ready;
    uint64_t requests;        /* that its application was done with, since it is there */
    mc_ns cpu, sidecar_cpu;   /* burnt, since it is there */
    mc_ns throttled, sidecar_throttled; /* as the kernel's throttled_usec */
    uint64_t memory;          /* of the application: its working set in bytes */
};

/* What the selector means now, as sim_run_select, but no luck is drawn. */
bool sim_run_peek(struct sim_run *run, const struct sim_selector *selector, struct sim_pod_set *set, struct sim_error *error);
bool sim_run_pod(const struct sim_run *run, uint32_t pod, struct sim_run_pod *view); /* POD of a set; false: none of a service's */

/* NULL: ERROR. The run owns the fault until free. It starts at once, or after spec->after is cleared. */
struct sim_fault *sim_run_fault(struct sim_run *run, const struct sim_fault_spec *spec, struct sim_error *error);
void sim_run_fault_clear(struct sim_run *run, struct sim_fault *fault); /* harmless if cleared */

/* ---- telling ---- */

/* Requests that end in [from, to) belong to the phase. TO MC_NEVER: until the next phase begins. */
bool sim_run_phase(struct sim_run *run, struct mc_str name, mc_ns from, mc_ns to, struct sim_error *error);
void sim_run_note(struct sim_run *run, mc_ns at, struct mc_str text);
void sim_run_log(struct sim_run *run, struct mc_str text);
/* A verdict of the script; `at` and `kind` are filled in unless set. Copies. */
void sim_run_verdict(struct sim_run *run, const struct sim_verdict *verdict);
/* One value of a metric that thresholds may judge. UNIT: "ns", "ppm" or "" (then VALUE is × 1000). */
bool sim_run_record(struct sim_run *run, struct mc_str metric, int64_t value, struct mc_str unit, struct sim_error *error);

/* The figure of a metric with tags over the whole run, as thresholds compute it: for f:effect(metric),
 * which runs the same luck again without that fault and subtracts. METRIC: "request_duration{src:user} p(99)".
 * False: no such metric (ERROR), or no samples (error->text empty). */
bool sim_run_metric(struct sim_run *run, struct mc_str metric, int64_t *value, struct sim_error *error);

/* ---- the screen ---- */

void sim_run_frame(struct sim_run *run, struct sim_frame *frame);

/* ---- catalogues ---- */

/* sim_metric_docs: sim/check/metric.h. */
struct sim_invariant_doc {
    const char *name, *doc;
};
extern const struct sim_invariant_doc sim_invariant_docs[];

#endif
