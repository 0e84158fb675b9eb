/* What the files behind feed.h and query.h share.
 *
 *   cells.c    counts of requests by kind and slice
 *   feed.c     who there is, and what happens
 *   filter.c   a question's words made ready: which kinds, which slices
 *   query.c    requests{}
 *   containers.c  CPU and memory of containers
 *   counted.c  connections, handshakes, certificates, CSRs, retries, pushes, events
 *   metric.c   the catalogue of metrics, and how they are written
 *   threshold.c  thresholds: metrics against bounds
 *   series.c   windows for a sink
 *   picture.c  what a screen shows of all this
 */
#ifndef SIM_CHECK_PARTS_H
#define SIM_CHECK_PARTS_H

#include "base/arena.h"
#include "base/assert.h"
#include "base/map.h"
#include "sim/check/cells.h"
#include "sim/check/containers.h"
#include "sim/check/feed.h"

enum {
    SIM_PATHS_MAX = 4096,
    SIM_MARKS_MAX = 1 << 21,  /* 64 MiB; older ones are forgotten first */
    SIM_EVENTS_KEPT = 1 << 16,
};

struct sim_phase {
    struct mc_str name;
    mc_ns from, to;
};

struct sim_mark {
    mc_ns at;
    uint32_t src, dst;
    uint32_t amount; /* ABANDONED: microseconds of CPU */
    uint16_t result;
    uint8_t kind;
};

struct sim_connection {
    uint32_t src, dst;
    mc_ns opened;
};

struct sim_pod_cert {
    uint64_t serial; /* 0: none yet */
    mc_ns not_before, not_after;
    bool alive;
};

struct sim_record {
    struct mc_str metric, tag, unit;
    int64_t value;
};

struct sim_check {
    struct mc_pool pool;
    struct mc_arena arena;      /* texts */
    struct mc_alloc alloc;      /* the pool's */
    const struct sim_plan *plan;
    mc_ns epoch, now;
    struct sim_workload *workloads;
    uint32_t workload_count, workload_capacity;
    uint32_t *first_of;         /* per service: its workload without version; versions follow */
    struct sim_cells calls, arrivals;
    struct mc_str *paths;
    uint32_t path_count, path_capacity;
    struct sim_phase *phases;
    uint32_t phase_count, phase_capacity;
    mc_ns next_edge;            /* the next begin or end of a phase, where counts are cut */
    struct mc_map connections;  /* key → struct sim_connection */
    uint32_t *connections_to;   /* per workload */
    uint32_t connections_to_count;
    struct sim_pod_cert *certs; /* per pod */
    uint32_t cert_count, cert_capacity;
    bool ca_down;
    mc_ns ca_back;              /* since when it answers */
    struct sim_record *records;
    uint32_t record_count, record_capacity;
    struct sim_mark *marks;     /* ring */
    uint32_t mark_first, mark_count, mark_capacity;
    struct sim_happening *events; /* ring */
    uint32_t event_first, event_count, event_capacity;
    const char *const *handshakes;
    uint32_t handshake_count;
    struct sim_container_sample *containers; /* as they stood last */
    uint32_t container_count, container_capacity;
    bool refused;
};

/* Makes room for one more in a plain array; false: refused. */
bool sim_check_grow(struct sim_check *check, void *array, uint32_t used, uint32_t *capacity, size_t size);

/* ---- feed.c ---- */

/* For how long a pod whose leaf has run out could have had a new one: since the leaf ran out, or since
 * the CA came back if that is later. -1: its leaf is good, or it has none. */
mc_ns sim_check_healing(const struct sim_check *check, const struct sim_pod_cert *cert);

/* ---- containers.c ---- */

/* One value a container, as thresholds measure: ns, or times 1000. VALUES has room for all. */
uint32_t sim_containers_gather(const struct sim_check *check, const struct sim_query *query, uint32_t figure, int64_t *values);

/* ---- filter.c ---- */

enum { SIM_FILTER_CODES = 16, SIM_FILTER_FLAGS = 16 };

struct sim_code_range {
    uint16_t low, high;
};

struct sim_filter {
    struct mc_alloc alloc;
    bool *src, *dst;          /* per workload; NULL: any */
    uint32_t workload_count;
    struct sim_code_range codes[SIM_FILTER_CODES];
    uint32_t code_count;      /* 0: any */
    uint32_t flags[SIM_FILTER_FLAGS]; /* 0: the word "-" */
    uint32_t flag_count;      /* 0: any */
    struct mc_str path;
    bool path_is_prefix;
    mc_ns since, until;
    struct mc_str phase;
};

/* Words that name nothing select nothing. False: no memory. */
bool sim_filter_make(struct sim_filter *filter, const struct sim_check *check, const struct sim_query *query);
void sim_filter_fini(struct sim_filter *filter);
bool sim_filter_src(const struct sim_filter *filter, uint32_t workload);
bool sim_filter_dst(const struct sim_filter *filter, uint32_t workload);
bool sim_filter_base(const struct sim_check *check, const struct sim_filter *filter, const struct sim_kind *kind); /* but for code and flags */
bool sim_filter_outcome(const struct sim_filter *filter, const struct sim_kind *kind); /* code and flags */
bool sim_filter_instant(const struct sim_check *check, const struct sim_filter *filter, mc_ns at); /* window and phase */

/* Whether WORD is one of the comma-separated words of LIST; a word may end in '*'. An empty list has all. */
bool sim_words_have(struct mc_str list, struct mc_str word);

#endif
