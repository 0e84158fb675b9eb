/* What a run tells the questions about: calls, arrivals, connections, certificates, and whatever else
 * is counted. Answers are in query.h. Times are the run's and never go back. */
#ifndef SIM_CHECK_FEED_H
#define SIM_CHECK_FEED_H

#include "sim/check/query.h"
#include "sim/check/sink.h"

/* Services with their versions have numbers from the plan; load clients follow. */
struct sim_check *sim_check_new(const struct sim_plan *plan, mc_ns epoch, struct mc_alloc alloc); /* NULL: no memory */
void sim_check_free(struct sim_check *check);                                                     /* NULL is allowed */
void sim_check_at(struct sim_check *check, mc_ns now); /* what questions take for now; everything told below moves it on, too */

/* ---- who ---- */

/* VERSION UINT32_MAX: whichever version (a call that nobody answered). */
uint32_t sim_check_workload(const struct sim_check *check, uint32_t service, uint32_t version);
uint32_t sim_check_add_load(struct sim_check *check, struct mc_str name); /* NAME is borrowed for life; UINT32_MAX: no memory */
uint32_t sim_check_workload_count(const struct sim_check *check);

struct sim_workload {
    struct mc_str service, version; /* version empty: whichever, or a load */
    struct mc_str zone;             /* "a", or "a,b" */
    uint32_t number;                /* of the service in the plan; UINT32_MAX: a load */
    bool is_load;
};

const struct sim_workload *sim_check_workload_at(const struct sim_check *check, uint32_t workload);

/* ---- requests ---- */

uint16_t sim_check_path(struct sim_check *check, struct mc_str text); /* a copy is kept; the last number stands for all past 4 096 */

struct sim_seen { /* a call or an arrival that ended now */
    uint32_t src, dst; /* workloads; of an arrival only dst */
    uint16_t path, code;
    uint32_t flags;
    mc_ns duration;
};

void sim_check_call(struct sim_check *check, mc_ns now, const struct sim_seen *call);
void sim_check_arrival(struct sim_check *check, mc_ns now, const struct sim_seen *arrival);
void sim_check_cut(struct sim_check *check, mc_ns now, bool hard);
/* Requests that end in [from, to). Overlapping and repeated phases are allowed; counts are cut at both
 * ends, so that those of a phase told before it begins are exact. False: no memory. */
bool sim_check_phase(struct sim_check *check, struct mc_str name, mc_ns from, mc_ns to);
struct mc_str sim_check_phase_at(const struct sim_check *check, mc_ns instant); /* the latest begun; empty */

/* ---- connections ---- */

void sim_check_opened(struct sim_check *check, mc_ns now, uint64_t key, uint32_t src, uint32_t dst);
void sim_check_closed(struct sim_check *check, mc_ns now, uint64_t key); /* unknown keys are ignored */
uint32_t sim_check_open_connections(const struct sim_check *check, uint32_t dst); /* to a workload */

/* ---- certificates ---- */

void sim_check_cert(struct sim_check *check, uint32_t pod, uint64_t serial, mc_ns not_before, mc_ns not_after); /* wall; the pod's leaf from now on */
void sim_check_pod(struct sim_check *check, uint32_t pod, bool alive);
void sim_check_ca(struct sim_check *check, mc_ns now, bool up); /* whether the CA answers; at first it does */

/* ---- counted things ---- */

#define SIM_MARKS(X) \
    X(HANDSHAKE, "handshake") \
    X(CSR, "csr") \
    X(RETRY, "retry") \
    X(XDS, "xds") \
    X(CONNECTION, "connection") \
    X(ABANDONED, "abandoned")

enum sim_mark_kind {
#define X(name, text) SIM_MARK_##name,
    SIM_MARKS(X)
#undef X
};

enum sim_csr_result { SIM_CSR_ISSUED, SIM_CSR_REFUSED };
enum sim_xds_result { SIM_XDS_PUSH, SIM_XDS_ACK, SIM_XDS_NACK };

/* RESULT: enum mc_tls_result's number, sim_csr_result or sim_xds_result; 0 of others. */
void sim_check_mark(struct sim_check *check, mc_ns now, enum sim_mark_kind kind, uint32_t result, uint32_t src, uint32_t dst);
/* A server is done with a request whose caller had gone, and has burnt so much CPU for it. */
void sim_check_abandoned(struct sim_check *check, mc_ns now, uint32_t dst, mc_ns cpu);
/* Names of handshake results by number; borrowed for life. */
void sim_check_handshake_names(struct sim_check *check, const char *const *names, uint32_t count);

/* ---- events ---- */

struct sim_happening {
    mc_ns at;
    const char *kind;
    enum sim_severity severity;
    struct mc_str subject, message; /* copies */
    uint32_t times;                 /* equal ones in a row are one */
};

void sim_check_event(struct sim_check *check, const struct sim_sink_event *event);
/* The INDEX-th before the last; NULL: there are not so many, or they are not kept any more. */
const struct sim_happening *sim_check_event_back(const struct sim_check *check, uint32_t index);

/* ---- values of metrics that are recorded, not counted (threshold.h) ---- */

/* TAG: "target:checkout", or empty. UNIT: "ns", "ppm" or "" (then VALUE is x 1000). Copies. */
void sim_check_record(struct sim_check *check, struct mc_str metric, struct mc_str tag, int64_t value, struct mc_str unit);

bool sim_check_refused(const struct sim_check *check); /* memory ran out: answers are too low */

#endif
