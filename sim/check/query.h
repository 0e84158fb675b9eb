/* Questions about the run so far, asked between events: requests{}, connections{}, handshakes{},
 * certs{}, csr_requests{}, retries{}, xds{}, abandoned{}, events{}.
 *
 * Requests are never kept. They are counted in cells: one per (source, destination, code, flags, path,
 * phase) and slice of time. A slice ends every second, at the start and end of every fault and phase,
 * and whenever time is looked at (sim_check_cut), so that counts since such an instant are exact; a
 * window that begins inside a slice begins with it. Slices older than 10 minutes are merged to 10 s,
 * never across a cut of the first kind. Counts are exact, quantiles at most 1/64 too high.
 *
 * With `src` a question is about logical calls, as the application that calls sees them; with only `dst`
 * about arrivals at the server, retries included. With neither: the calls of load clients; with flags alone, which only
 * a caller's sidecar gives: everybody's.
 */
#ifndef SIM_CHECK_QUERY_H
#define SIM_CHECK_QUERY_H

#include "base/hist.h"
#include "sim/plan/error.h"

struct sim_check;

/* Everything empty or 0 is "any", except until. */
struct sim_query {
    struct mc_str src, dst;   /* service, "service/version", a load's name; "a,b": one of them; trailing '*' */
    struct mc_str version;    /* of dst */
    struct mc_str code;       /* "503", "5xx", "500,503", "2xx,404"; "0": no answer */
    struct mc_str flags;      /* "UF", "UF,UH": one of them; "-": none */
    struct mc_str path;       /* exact, or with a trailing '*' */
    struct mc_str phase;      /* name of a phase */
    mc_ns window;             /* the last so much before until */
    mc_ns since;              /* instant */
    mc_ns until;              /* instant; 0 or MC_NEVER: now */
    /* connections, handshakes, certs, events */
    struct mc_str result;     /* handshakes: "ok", "certificate_expired"; csr_requests: "issued", "refused"; xds: "push", "ack", "nack" */
    struct mc_str state;      /* certs: "valid", "expired", "not_yet_valid" */
    struct mc_str kind;       /* events: "fault.start", … */
    struct mc_str subject;    /* events */
    struct mc_str container;  /* metrics of containers: "app", "proxy" */
    mc_ns opened_before;      /* connections; 0: any */
    bool alive;               /* connections: still open only */
};

/* False: a code, flag, result, state or kind that does not exist, or a source or destination that no
 * service, version or load of this run has; ERROR names the nearest. */
bool sim_query_check(const struct sim_check *check, const struct sim_query *query, struct sim_error *error);

/* ---- requests ---- */

/* What came out. Owned by the caller; zeroed is empty; give it back with sim_tally_fini. */
struct sim_tally {
    const struct mc_alloc *alloc;
    uint64_t count;           /* that match */
    uint64_t base;            /* that match but for code and flags */
    uint64_t failed;          /* of count: no answer, or code >= 500 */
    mc_ns since, until;       /* the time that was really covered */
    struct mc_hist duration;  /* ns */
    uint64_t duration_sum;
};

/* Rates are per second × 1000; shares in ppm; times in ns. Of an empty tally: false. */
void sim_requests(struct sim_check *check, const struct sim_query *query, struct sim_tally *tally);
void sim_tally_fini(struct sim_tally *tally);
bool sim_tally_rps(const struct sim_tally *tally, uint64_t *milli);        /* count per second; true even if 0 */
bool sim_tally_goodput(const struct sim_tally *tally, uint64_t *milli);    /* not failed, per second */
bool sim_tally_rate(const struct sim_tally *tally, uint32_t *ppm);         /* count / base */
bool sim_tally_error_rate(const struct sim_tally *tally, uint32_t *ppm);   /* failed / count */
bool sim_tally_quantile(const struct sim_tally *tally, uint32_t quantile_ppm, mc_ns *value);
bool sim_tally_mean(const struct sim_tally *tally, mc_ns *value);
bool sim_tally_max(const struct sim_tally *tally, mc_ns *value);
bool sim_tally_min(const struct sim_tally *tally, mc_ns *value);

enum sim_dimension { SIM_BY_SRC, SIM_BY_DST, SIM_BY_VERSION, SIM_BY_CODE, SIM_BY_FLAGS, SIM_BY_PATH, SIM_BY_PHASE };

bool sim_dimension_read(struct mc_str text, enum sim_dimension *by); /* "src", "dst", "version", "code", "flags", "path", "phase" */

struct sim_group {
    struct mc_str name; /* lives as long as the check */
    struct sim_tally tally;
};

struct sim_groups { /* sorted by name; owned by the caller */
    struct sim_group *list;
    uint32_t count, capacity;
    const struct mc_alloc *alloc;
};

void sim_requests_by(struct sim_check *check, const struct sim_query *query, enum sim_dimension by, struct sim_groups *groups);
void sim_groups_fini(struct sim_groups *groups);

/* ---- counted things ---- */

enum sim_counted {
    SIM_COUNT_CONNECTIONS, /* src, dst, opened_before, alive, since, until (of the opening) */
    SIM_COUNT_HANDSHAKES,  /* src (client), dst (server), result, window, since, until; told by the server side, failures by either */
    SIM_COUNT_CERTS,       /* state; the current leaf of each live workload */
    SIM_COUNT_CSRS,        /* src, result, window, since, until; at the CA */
    SIM_COUNT_RETRIES,     /* src, dst, window, since, until; by sidecars */
    SIM_COUNT_XDS,         /* src (the proxy's service), result, window, since, until */
    SIM_COUNT_ABANDONED,   /* dst, window, since, until; when the server was done with them */
    SIM_COUNT_EVENTS,      /* kind, subject, window, since, until */
};

uint64_t sim_count(struct sim_check *check, enum sim_counted what, const struct sim_query *query);
/* The CPU that servers burnt for requests whose callers had gone. */
mc_ns sim_count_wasted(struct sim_check *check, const struct sim_query *query);
/* The most within any WINDOW (>= 1 ms), in things per second × 1000. Not of connections and certs. */
uint64_t sim_count_peak_rps(struct sim_check *check, enum sim_counted what, const struct sim_query *query, mc_ns window);

#endif
