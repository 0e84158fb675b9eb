/* What a run tells whoever records it (the store) while it goes on.
 *
 * A sink is a record of functions; each may be NULL. Calls come between events, on the run's thread, in
 * an order that depends on the seed only; records are borrowed during the call. A sink never calls back
 * into the run and nothing it does changes the run.
 */
#ifndef SIM_CHECK_SINK_H
#define SIM_CHECK_SINK_H

#include "base/hist.h"
#include "sim/check/verdict.h"

enum { SIM_NO_ID = 0 }; /* workloads, edges, faults are numbered from 1 in the order they are told */

struct sim_sink;

struct sim_sink_run {
    const struct sim_plan *plan;
    uint64_t seed;
    mc_ns epoch; /* wall clock at time 0 */
};

struct sim_sink_workload { /* service, version and zone; a load client is a service without version */
    uint32_t id;
    struct mc_str service, version, zone;
    struct mc_str spiffe_id; /* empty: none */
};

struct sim_sink_edge { /* told when its first request ends */
    uint32_t id, src, dst; /* workloads */
    struct mc_str protocol; /* "http", "https" under mTLS */
};

enum sim_severity { SIM_INFO, SIM_NOTICE, SIM_WARNING, SIM_ERROR_SEVERITY };

#define SIM_EVENT_KINDS(X) \
    X("fault.start") X("fault.end") X("phase") X("rollout") X("cert") X("push") X("pod") X("errors") X("note") X("log") \
    X("check") X("load") X("control") X("abort")

struct sim_sink_event {
    mc_ns at;
    const char *kind; /* one of SIM_EVENT_KINDS */
    enum sim_severity severity;
    struct mc_str subject, message;
};

struct sim_sink_fault {
    uint32_t id;
    const char *kind;
    struct mc_str selector; /* "checkout/v2 <-> payments" */
    struct mc_str params_json;
    mc_ns start, end; /* end MC_NEVER: told at its start */
    uint64_t packets, requests, connections;
};

struct sim_sink_rollout { /* one change of phase or one check */
    struct mc_str target;
    mc_ns at;
    const char *phase;
    uint32_t weight, failed_checks;
    const char *metric;  /* NULL: a change of phase, not a check */
    struct sim_figure observed, bound;
    bool bound_is_max;   /* ok if observed <= bound, else if observed >= bound */
    enum sim_status ok;
    const char *reason;  /* may be NULL */
};

struct sim_sink_cert {
    uint64_t serial;
    struct mc_str identity, issuer;
    uint32_t workload;
    bool is_root;
    mc_ns not_before, not_after, issued; /* since the run's start */
    uint64_t replaces; /* serial; 0: the first of its workload's pod */
};

enum sim_series_kind { SIM_SERIES_COUNTER, SIM_SERIES_GAUGE, SIM_SERIES_HISTOGRAM };

struct sim_sink_sample { /* one series, one window [at, at + window) */
    const char *metric; /* "requests", "request_duration", "connections", … */
    enum sim_series_kind kind;
    const char *unit;   /* "count", "ns" */
    uint32_t edge, workload; /* one of them, or neither: of the whole run */
    const char *labels_json; /* {"code":"503","flags":"UF"}; "{}" */
    mc_ns at, window;
    int64_t value;      /* counter, gauge */
    const struct mc_hist *hist;
};

struct sim_sink_request { /* a logical call at its client, sampled: all that failed or were slow, and some */
    mc_ns at, duration, first_byte; /* first_byte 0: none came */
    uint32_t edge;
    uint16_t code; /* 0: no answer */
    uint32_t flags; /* MC_FLAG bits of the sidecar, see sim/check/flags.h */
    uint32_t attempts;
    uint64_t bytes_up, bytes_down;
    uint64_t trace_hi, trace_lo, span, parent;
};

enum sim_hop_kind {
    SIM_HOP_CALL,   /* at a client: an application's or a load's call, all its tries together */
    SIM_HOP_PROXY,  /* through a sidecar */
    SIM_HOP_SERVER, /* at an application that served it */
};

struct sim_sink_hop { /* of the trace that the run follows; told when it ends, so that callees come first */
    enum sim_hop_kind kind;
    mc_ns began, ended;
    struct mc_str where;     /* pod, or load */
    struct mc_str to;        /* CALL: the service */
    struct mc_str listener, routes, cluster, endpoint; /* PROXY; empty: none was chosen */
    bool inbound;            /* PROXY: at the server's side */
    bool abandoned;          /* SERVER: its caller had gone before it was answered */
    uint16_t code;           /* 0: no answer */
    uint32_t flags;          /* MC_FLAG bits */
    uint32_t attempts;
    const char *failure;     /* CALL without an answer: why; NULL */
    uint64_t span;           /* CALL: of its last try; PROXY: its own; SERVER: 0 */
    uint64_t parent;         /* the span that it came with, or was made in */
};

struct sim_sink_end {
    const char *status; /* "passed", "failed", "inconclusive", "interrupted", "error" */
    mc_ns sim_ns;
    uint64_t events, trace_hash;
    uint64_t sampled, unsampled; /* requests told and not told */
};

struct sim_sink_type {
    void (*started)(struct sim_sink *sink, const struct sim_sink_run *run);
    void (*workload)(struct sim_sink *sink, const struct sim_sink_workload *workload);
    void (*edge)(struct sim_sink *sink, const struct sim_sink_edge *edge);
    void (*event)(struct sim_sink *sink, const struct sim_sink_event *event);
    void (*fault)(struct sim_sink *sink, const struct sim_sink_fault *fault); /* at its start and at its end */
    void (*rollout)(struct sim_sink *sink, const struct sim_sink_rollout *rollout);
    void (*cert)(struct sim_sink *sink, const struct sim_sink_cert *cert);
    void (*verdict)(struct sim_sink *sink, const struct sim_verdict *verdict, uint32_t sequence);
    void (*sample)(struct sim_sink *sink, const struct sim_sink_sample *sample);
    void (*request)(struct sim_sink *sink, const struct sim_sink_request *request);
    void (*hop)(struct sim_sink *sink, const struct sim_sink_hop *hop);
    void (*ended)(struct sim_sink *sink, const struct sim_sink_end *end); /* last */
};

struct sim_sink { /* first member of an implementation */
    const struct sim_sink_type *type;
    uint32_t sample_ppm; /* of the requests that neither failed nor were slow; 10 000 is 1 %; UINT32_MAX: none at all, not even those */
};

#endif
