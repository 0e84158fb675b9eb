/* What one command has found out: runs with their verdicts, and the forms in which it is told: text for
 * people, JUnit XML, TAP, JSON.
 *
 * A run counts as passed (passed, xfail), skipped (skipped; inconclusive, if the user says so) or failed
 * (all else). The writers read nothing but the report; equal reports give equal bytes.
 */
#ifndef SIM_EXPORT_REPORT_H
#define SIM_EXPORT_REPORT_H

#include "base/arena.h"
#include "sim/store/store.h"
#include <stdio.h>

struct sim_report_run {
    int64_t run;              /* its number in the results file; 0: none */
    struct mc_str scenario, file, profile, variant_json, status, trace_hash;
    struct mc_str expect_fail; /* why; empty: expected to pass */
    struct mc_str why;        /* of error, skipped, interrupted: one sentence; may be empty */
    struct mc_str replay;     /* the command that does it again; empty: none */
    int line;
    uint64_t seed, events;
    mc_ns sim_ns;
    int64_t wall_ms;          /* 0: not known */
    const struct sim_verdict *verdicts;
    uint32_t verdict_count;
};

struct sim_report {
    struct mc_pool pool;
    struct mc_arena arena;    /* of all texts */
    const char *tool_version; /* static */
    struct mc_str results;    /* path of the results file; may be empty */
    struct mc_str started_utc;
    struct sim_report_run *runs;
    uint32_t count, capacity;
    bool inconclusive_passes; /* --inconclusive=pass: they count as skipped */
    bool refused;             /* memory ran out */
};

void sim_report_init(struct sim_report *report, const char *tool_version);
void sim_report_fini(struct sim_report *report);
/* Copies RUN, its texts and verdicts. The copy; NULL: no memory. */
struct sim_report_run *sim_report_add(struct sim_report *report, const struct sim_report_run *run);
/* Adds run RUN, or all runs of invocation INVOCATION if RUN is 0. False: ERROR, or no memory (error->trouble MEMORY). */
bool sim_report_load(struct sim_report *report, struct sim_store *store, int64_t invocation, int64_t run, struct sim_store_error *error);

enum sim_report_class { SIM_REPORT_PASSED, SIM_REPORT_FAILED, SIM_REPORT_SKIPPED };

enum sim_report_class sim_report_class_of(const struct sim_report *report, const struct sim_report_run *run);

struct sim_report_counts {
    uint32_t passed, failed, skipped; /* these three are all runs */
    uint32_t inconclusive, errors, interrupted, xfail, xpass;
};

struct sim_report_counts sim_report_count(const struct sim_report *report);

struct sim_report_style {
    bool ascii, colour;
    int verbosity;   /* -1: failures only; 0; 1: every run */
    int tap_version; /* 13, 14; 0: 13 */
};

/* False: the stream refused (see errno). */
bool sim_report_text(const struct sim_report *report, const struct sim_report_style *style, FILE *out);
bool sim_report_junit(const struct sim_report *report, const struct sim_report_style *style, FILE *out);
bool sim_report_tap(const struct sim_report *report, const struct sim_report_style *style, FILE *out);
bool sim_report_json(const struct sim_report *report, const struct sim_report_style *style, FILE *out);
/* "squall: 3 passed, 1 failed, 2 skipped", before it a line with more if there is more to say. */
void sim_report_last_line(const struct sim_report *report, FILE *out);

struct sim_report_type {
    const char *name; /* "text", "junit", "tap", "json" */
    bool (*write)(const struct sim_report *report, const struct sim_report_style *style, FILE *out);
};

extern const struct sim_report_type sim_report_types[]; /* name NULL ends it */

enum { SIM_VERDICT_TEXT = 400 };

/* "p(99) was 412ms, limit < 250ms (96012 samples), at 2m04s": what one verdict saw; the message if it has one. */
const char *sim_verdict_print(const struct sim_verdict *verdict, char out[static SIM_VERDICT_TEXT]);

#endif
