/* What the files behind `squall explain` share.
 *
 *   explain.c        which run, which runs more, in which order
 *   explain_watch.c  what is kept of a run while it goes on: faults, one request, its hops
 *   explain_print.c  for people;  explain_json.c  for programs
 */
#ifndef CLI_EXPLAIN_PARTS_H
#define CLI_EXPLAIN_PARTS_H

#include "cli/again.h"
#include "cli/job.h"
#include "sim/export/json.h"

enum {
    EXPLAIN_RUNS = 12,    /* more than the run itself, at most */
    EXPLAIN_FAULTS = 6,   /* of them */
    EXPLAIN_VERDICTS = 8, /* that failed and are looked at */
    EXPLAIN_HOPS = 160,
    EXPLAIN_SEEN = 64,
    EXPLAIN_TEXT = 120,
};

struct explain_fault {
    uint32_t number;
    mc_ns start, end; /* MC_NEVER: at the end of the run */
    uint64_t touched;
    char text[EXPLAIN_TEXT]; /* "partition @b <-> @a" */
};

struct explain_request {
    bool known;
    mc_ns at, took;
    uint16_t code;
    uint32_t flags, attempts;
    uint64_t trace_hi, trace_lo;
    char src[64], dst[64]; /* services, or a load */
};

struct explain_hop {
    enum sim_hop_kind kind;
    mc_ns began, ended;
    bool inbound, abandoned;
    uint16_t code;
    uint32_t flags, attempts;
    uint64_t span, parent;
    char where[64], to[64], listener[48], routes[48], cluster[96], endpoint[48], failure[32];
    int above;      /* index of the hop that it belongs to; -1: none */
    uint32_t depth;
};

/* What a run shows beside its verdicts; in memory that its process shares with the parent's. */
struct explain_seen {
    uint32_t fault_count;
    struct explain_fault faults[EXPLAIN_SEEN];
    struct explain_request request; /* the first that failed, or the one that was looked for */
    uint32_t hop_count, hops_lost;
    struct explain_hop hops[EXPLAIN_HOPS];
};

/* ---- explain_watch.c ---- */

struct explain_watch; /* a sink */

/* LIKE NULL: looks for the first request that fails, or takes longer than SLOW (0: none does), once there are
 * faults from the first of them on; else for that very request of LIKE. NULL: no memory. */
struct sim_sink *explain_watch_new(struct explain_seen *seen, const struct explain_request *like, mc_ns slow);
void explain_watch_free(struct sim_sink *sink);

/* Which hop belongs to which, and in which order: callers first, then by time. Fills ORDER with indexes. */
void explain_arrange(struct explain_seen *seen, uint32_t order[static EXPLAIN_HOPS]);

/* ---- explain.c ---- */

struct explain_row { /* one run more */
    struct cli_variant variant;
    struct explain_seen *seen;
    char text[SIM_VARIATION_TEXT + 24]; /* "without partition @b <-> @a" */
};

struct explain {
    const struct cli_args *args;
    struct cli_again again;
    const char *recorded;        /* status in the results file; NULL: a script was given */
    const struct cli_job_note *note; /* of the run as it was */
    const char *status;          /* now */
    struct explain_row rows[EXPLAIN_RUNS + 2]; /* the first: as it was; the second: the same, followed */
    struct cli_job jobs[EXPLAIN_RUNS + 2];
    uint32_t row_count;
    uint32_t failed[EXPLAIN_VERDICTS]; /* verdicts of the first row */
    uint32_t failed_count, failed_more;
};

/* The status of the failed verdict INDEX in row ROW; -1: it was not reached. */
int explain_status(const struct explain *explain, uint32_t row, uint32_t index);
/* Whether the fault was on while the request was under way. */
bool explain_overlaps(const struct explain_fault *fault, const struct explain_request *request);

/* ---- explain_print.c, explain_json.c ---- */

void explain_print(const struct explain *explain, FILE *out);
void explain_json(const struct explain *explain, FILE *out);

#endif
