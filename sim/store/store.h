/* The results file: SQLite, tables as in schema.sql, one plain file when it is closed.
 *
 * Writing. `squall run` opens the file and enters every run as `running` before it starts; each run then
 * writes to a file of its own (a part), from its own process, through a sink (sim/check/sink.h), and the
 * parent merges the parts in the order of the runs. A run may also write straight to the results file.
 * Rows go in batches, one transaction each, in WAL mode: whatever dies whenever leaves a sound file whose
 * unfinished runs say `running`. No call reads a clock; all that depends on the machine is in the one
 * `invocation` row and comes from the caller.
 *
 * The first thing that goes wrong while writing (disk full, file damaged) is kept and later calls do
 * nothing: a sink cannot say no. Ask sim_store_error when the run is over.
 *
 * Reading. Rows come one at a time, in a fixed order; texts are borrowed until the next one.
 */
#ifndef SIM_STORE_STORE_H
#define SIM_STORE_STORE_H

#include "sim/check/sink.h"

struct sim_store;

enum sim_store_trouble {
    SIM_STORE_OK,
    SIM_STORE_MISSING,  /* the file is not there or may not be read */
    SIM_STORE_FOREIGN,  /* not a results file, of another schema, or damaged */
    SIM_STORE_REFUSED,  /* cannot be created or written */
    SIM_STORE_IO,       /* disk full, read error */
    SIM_STORE_BUSY,     /* another process holds it */
    SIM_STORE_MEMORY,
};

enum { SIM_STORE_TEXT = 600 };

struct sim_store_error {
    enum sim_store_trouble trouble;
    char text[SIM_STORE_TEXT]; /* with the file's name; empty: no error */
};

/* ---- opening ---- */

/* Creates PATH, or opens a results file to append to. NULL: ERROR; a file that this call created is gone again. */
struct sim_store *sim_store_create(const char *path, struct sim_store_error *error);
/* NULL: ERROR. Nothing is ever written. */
struct sim_store *sim_store_open(const char *path, struct sim_store_error *error);
/* Writes what is left, builds indexes, leaves one plain file (no -wal, no -shm). False: ERROR (may be NULL).
 * Frees in any case; NULL is allowed. */
bool sim_store_close(struct sim_store *store, struct sim_store_error *error);
const struct sim_store_error *sim_store_error(const struct sim_store *store); /* trouble OK: none so far */
const char *sim_store_path(const struct sim_store *store);
const char *sim_store_library(void); /* "SQLite 3.40.1" */

/* ---- writing ---- */

struct sim_store_invocation { /* one command line; texts without NUL inside */
    const char *started_utc; /* "2026-01-01T10:00:00Z" */
    const char *argv_json, *cwd, *tool_version, *tool_commit, *host_json;
};

enum sim_detail { SIM_DETAIL_SUMMARY, SIM_DETAIL_SAMPLED, SIM_DETAIL_FULL };

bool sim_detail_read(struct mc_str text, enum sim_detail *detail); /* "summary", "sampled", "full" */
const char *sim_detail_text(enum sim_detail detail);

struct sim_store_run {
    struct mc_str scenario, file, script_sha256, profile, variant_json; /* variant empty: {} */
    int line;
    uint64_t seed; /* up to INT64_MAX */
    enum sim_detail detail;
};

/* The number of the new row; 0: see sim_store_error. */
int64_t sim_store_add_invocation(struct sim_store *store, const struct sim_store_invocation *invocation);
int64_t sim_store_add_run(struct sim_store *store, int64_t invocation, const struct sim_store_run *run); /* `running` */
void sim_store_set_wall(struct sim_store *store, int64_t invocation, int64_t wall_ms);
/* STATUS: one of the words of the run table's status column. */
void sim_store_set_status(struct sim_store *store, int64_t run, const char *status);
void sim_store_set_attr(struct sim_store *store, int64_t run, const char *key, struct mc_str value); /* replaces */

struct sim_store_perturbation { /* one run more, with one constant of the fidelity ledger moved */
    struct mc_str constant, what, status;
    int32_t permille;
    struct mc_str flipped; /* the verdict that is another then; empty: none */
};

void sim_store_add_perturbation(struct sim_store *store, int64_t run, uint32_t sequence, const struct sim_store_perturbation *perturbation);
/* Verdict SEQUENCE (from 1) of RUN becomes inconclusive, for the reason MESSAGE. */
void sim_store_doubt(struct sim_store *store, int64_t run, uint32_t sequence, struct mc_str message);
/* Makes all of the above durable. False: see sim_store_error. */
bool sim_store_commit(struct sim_store *store);

/* The sink that writes run RUN; owned by STORE, one at a time, valid until close. SAMPLE_PPM: of the
 * requests that neither failed nor were slow; only for SAMPLED. Ids of workloads, edges and faults are
 * made unique in the file. */
struct sim_sink *sim_store_sink(struct sim_store *store, int64_t run, enum sim_detail detail, uint32_t sample_ppm);

/* A file for one run's rows alone, to be merged: like create, holding copies of the invocation's and
 * the run's row under the same numbers. */
struct sim_store *sim_store_create_part(const char *path, int64_t run, const struct sim_store_run *what,
                                        struct sim_store_error *error);
/* Copies what the part at PATH says of its run, closed or not; the run takes the part's status. False: ERROR,
 * and nothing was copied. The part is left as it is; sim_store_remove takes it away, its -wal and -shm too. */
bool sim_store_merge(struct sim_store *store, const char *path, int64_t run, struct sim_store_error *error);
void sim_store_remove(const char *path);

/* ---- reading ---- */

struct sim_row_run {
    int64_t run, invocation;
    struct mc_str scenario, file, script_sha256, profile, variant_json, status, detail;
    struct mc_str trace_hash; /* 16 hex digits; empty: it has not ended */
    int line;
    uint64_t seed, events;
    mc_ns sim_ns;
    struct mc_str started_utc;
};

struct sim_row_attr {
    struct mc_str key, value;
};

struct sim_row_workload {
    int64_t workload;
    struct mc_str service, version, zone, spiffe_id;
};

struct sim_row_edge {
    int64_t edge, src, dst;
    struct mc_str protocol;
};

struct sim_row_event {
    mc_ns at;
    struct mc_str kind, subject, message;
    enum sim_severity severity;
};

struct sim_row_fault {
    int64_t fault;
    struct mc_str kind, selector, params_json;
    mc_ns start, end; /* MC_NEVER: the run ended first */
    uint64_t packets, requests, connections;
};

struct sim_row_rollout {
    struct mc_str target, phase, metric, bound, reason;
    mc_ns at;
    uint32_t weight, failed_checks;
    struct sim_figure observed;
    int ok; /* 1, 0; -1: not a check, or no evidence */
};

struct sim_row_cert {
    struct mc_str serial, kind, issuer;
    int64_t workload; /* 0: none */
    mc_ns not_before, not_after, issued, replaced; /* MC_NEVER: not replaced */
};

struct sim_row_series {
    int64_t series, edge, workload; /* 0: none */
    struct mc_str metric, kind, unit, labels_json;
};

struct sim_row_point {
    int64_t series;
    mc_ns at;
    struct sim_figure value;
};

struct sim_row_hist {
    int64_t series;
    mc_ns at;
    uint64_t n;
    double sum, min, p50, p90, p99, p999, max;
    struct mc_str blob; /* for sim_hist_unpack (blob.h) */
};

struct sim_row {
    union {
        struct sim_row_run run;
        struct sim_row_attr attr;
        struct sim_row_workload workload;
        struct sim_row_edge edge;
        struct sim_verdict verdict;
        struct sim_row_event event;
        struct sim_row_fault fault;
        struct sim_row_rollout rollout;
        struct sim_row_cert cert;
        struct sim_row_series series;
        struct sim_row_point point;
        struct sim_row_hist hist;
        struct sim_sink_request request;
    };
};

enum sim_table {             /* ordered by */
    SIM_TABLE_RUNS,          /* number; RUN 0: all runs */
    SIM_TABLE_ATTRS,         /* key */
    SIM_TABLE_WORKLOADS,     /* number */
    SIM_TABLE_EDGES,         /* number */
    SIM_TABLE_VERDICTS,      /* sequence */
    SIM_TABLE_EVENTS,        /* sequence, which is time */
    SIM_TABLE_FAULTS,        /* number */
    SIM_TABLE_ROLLOUTS,      /* target, sequence */
    SIM_TABLE_CERTS,         /* issued, serial */
    SIM_TABLE_SERIES,        /* number */
    SIM_TABLE_POINTS,        /* series, time */
    SIM_TABLE_HISTS,         /* series, time */
    SIM_TABLE_REQUESTS,      /* as told */
    SIM_TABLES,
};

struct sim_rows;

/* The rows of RUN. NULL: see sim_store_error. */
struct sim_rows *sim_store_rows(struct sim_store *store, enum sim_table table, int64_t run);
bool sim_rows_next(struct sim_rows *rows, struct sim_row *row); /* false: no more, or sim_store_error */
void sim_rows_free(struct sim_rows *rows);                      /* NULL is allowed */

int64_t sim_store_last_run(struct sim_store *store);        /* 0: none */
int64_t sim_store_last_invocation(struct sim_store *store); /* 0: none */
/* The value of an attribute, for free(); NULL: there is none. */
char *sim_store_attr(struct sim_store *store, int64_t run, const char *key);

#endif
