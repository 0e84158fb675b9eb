/* Counts of requests by kind and slice of time: what is kept instead of requests.
 *
 * A kind is (source, destination, code, flags, path). A slice holds one cell for every kind that
 * occurred in it. Slices are in order and do not overlap; seconds without requests have none; the last
 * one is open. A slice ends every second and at every cut; a *hard* cut is for ever, others vanish when
 * slices older than SIM_CELLS_FINE are merged.
 */
#ifndef SIM_CHECK_CELLS_H
#define SIM_CHECK_CELLS_H

#include "base/hist.h"
#include "base/time.h"
#include "sim/check/query.h"

#define SIM_CELLS_WIDTH MC_S
#define SIM_CELLS_FINE (10 * MC_MIN)
#define SIM_CELLS_COARSE (10 * MC_S)

enum {
    SIM_KINDS_MAX = 1 << 20,     /* distinct kinds; later ones are counted as the last */
    SIM_HARD_CUTS_MAX = 1 << 14, /* later ones are soft */
};

struct sim_kind {
    uint32_t src, dst; /* workloads */
    uint32_t flags;    /* MC response flags */
    uint16_t path;     /* number of a path */
    uint16_t code;     /* 0: no answer */
};

struct sim_cell {
    uint32_t kind;
    uint32_t count;
    uint64_t sum, min, max;  /* of the durations */
    uint32_t *buckets;       /* bucket << 20 | count, ascending */
    uint32_t bucket_count, bucket_capacity;
};

struct sim_slice {
    mc_ns from, to;          /* [from, to); the open one's `to` is its latest possible end */
    bool hard;               /* never merged with the one before */
    struct sim_cell *cells;
    uint32_t count, capacity;
};

struct sim_cells {
    struct mc_alloc alloc;
    struct sim_kind *kinds;
    uint32_t kind_count, kind_capacity;
    uint32_t *table;          /* open addressing: index + 1 into kinds */
    uint32_t table_size;
    uint32_t *open_cell;      /* per kind: index + 1 into the open slice's cells */
    struct sim_slice *slices; /* in order; the last one is open */
    uint32_t slice_count, slice_capacity;
    uint32_t merged;          /* slices before this one are coarse */
    uint32_t hard_cuts;
    bool refused;             /* memory ran out: counts are too low from then on */
};

void sim_cells_init(struct sim_cells *cells, struct mc_alloc alloc); /* the first slice begins at 0 */
void sim_cells_fini(struct sim_cells *cells);

/* Ends slices that are over by NOW (a request at the very end belongs to the next). Time never goes back. */
void sim_cells_advance(struct sim_cells *cells, mc_ns now);
void sim_cells_cut(struct sim_cells *cells, mc_ns now, bool hard); /* a new slice begins now; an instant before the open one is too late */
/* One request that ended at NOW. */
void sim_cells_add(struct sim_cells *cells, mc_ns now, const struct sim_kind *kind, mc_ns duration);

/* Adds a cell to a tally's count and durations. False: no memory. */
bool sim_cell_into(const struct sim_cell *cell, struct sim_tally *tally);

/* The slice that INSTANT falls into; the open one for later instants. */
uint32_t sim_cells_slice_at(const struct sim_cells *cells, mc_ns instant);

#endif
