/* What the files behind store.h share.
 *
 *   store.c   opening, closing, invocation and run rows
 *   writer.c  the sink: batches, one prepared statement per table
 *   merge.c   parts into the results file
 *   reader.c  rows
 *   blob.c    histograms
 */
#ifndef SIM_STORE_PARTS_H
#define SIM_STORE_PARTS_H

#include "base/assert.h"
#include "base/map.h"
#include "sim/store/store.h"
#include <sqlite3.h>

extern const char sim_store_schema[];

enum { SIM_STORE_BATCH = 20000 /* rows of one transaction */, SIM_STORE_SERIES_MAX = 1 << 20 };

enum sim_statement {
    SIM_ADD_WORKLOAD, SIM_ADD_EDGE, SIM_ADD_EVENT, SIM_ADD_FAULT, SIM_END_FAULT, SIM_ADD_ROLLOUT, SIM_ADD_CERT,
    SIM_REPLACE_CERT, SIM_ADD_VERDICT, SIM_ADD_SERIES, SIM_ADD_POINT, SIM_ADD_HIST, SIM_ADD_REQUEST, SIM_END_RUN,
    SIM_STATEMENTS,
};

/* The writer of one run. Numbers of the file = numbers of the run + the base. */
struct sim_writer {
    struct sim_sink sink;
    struct sim_store *store;
    int64_t run;
    int64_t workload_base, edge_base, fault_base;
    int64_t next_series, next_event, next_step;
    struct mc_map series;    /* hash of a series' key → struct sim_known_series, chained */
    unsigned char *blob;     /* grows */
    size_t blob_size;
    bool requests;
    bool open;
};

struct sim_store {
    sqlite3 *db;
    char *path;
    struct sim_store_error error;
    struct sim_writer writer;
    sqlite3_stmt *statements[SIM_STATEMENTS];
    uint32_t rows;      /* in the open transaction */
    bool in_transaction;
    bool readable_only;
    bool is_part; /* to be merged and removed: nobody queries it */
};

/* Keeps the first trouble. Always false. */
bool sim_store_fail(struct sim_store *store, int code);
void sim_store_describe(struct sim_store_error *error, const char *path, int code, const char *why);
bool sim_store_do(struct sim_store *store, const char *sql); /* whole statements without values */
/* A number that SQL's one row and column says; OTHERWISE if there is none. */
int64_t sim_store_number(struct sim_store *store, const char *sql, int64_t run, int64_t otherwise);
/* Begins a transaction if none is open; commits every so many rows. */
bool sim_store_row(struct sim_store *store);
void sim_writer_fini(struct sim_writer *writer);

struct mc_alloc sim_store_memory(void); /* the C library's */

/* A statement to be stepped once with values, then forgotten. NULL: the store has failed. */
sqlite3_stmt *sim_store_prepare(struct sim_store *store, const char *sql);
bool sim_store_finish(struct sim_store *store, sqlite3_stmt *statement); /* steps to the end and finalizes */
void sim_bind_text(sqlite3_stmt *statement, int index, struct mc_str text); /* copied; never NULL in the table */

#endif
