/* The fault catalogue: one record per kind, in one visible table (catalogue.c), which also drives argument
 * checks, `list faults` and "did you mean".
 *
 * A fault has a life: planned, active, cleared. While it is active it counts what it touched: packets
 * (segments), requests and connections; one that has touched nothing proves nothing. Faults of pods
 * count the connections of these pods, machine_down one more for each kubelet, those of names their queries as requests, cert_expire the certificates that it replaced (as connections),
 * ca_outage the requests for certificates. Clearing undoes it
 * exactly, in any order with others.
 */
#ifndef SIM_FAULT_FAULT_H
#define SIM_FAULT_FAULT_H

#include "sim/fault/select.h"

struct sim_fault;

enum sim_parameter_type {
    SIM_PARAM_DURATION, /* number: ns */
    SIM_PARAM_SHARE,    /* number: ppm */
    SIM_PARAM_COUNT,    /* number */
    SIM_PARAM_FACTOR,   /* number: × 1000 */
    SIM_PARAM_STATUS,   /* number: 100…599 */
    SIM_PARAM_CHOICE,   /* text: one of `choices` */
    SIM_PARAM_TEXT,     /* text: any */
    SIM_PARAM_SELECTOR, /* selector, or several of them (a union) */
    SIM_PARAM_OFFSET,   /* number: ns, may be negative */
    SIM_PARAM_RATE,     /* number: bits per second */
    SIM_PARAM_CPU,      /* number: thousandths of cores */
    SIM_PARAM_SIZE,     /* number: bytes */
    SIM_PARAM_FAULT,    /* no argument: sim_fault_spec.after */
};

struct sim_parameter {
    const char *name;
    enum sim_parameter_type type;
    bool required;
    const char *choices;  /* "both to from" */
    const char *otherwise; /* what holds if it is not given, in words: "1s", "the pod", "both" */
    const char *doc;
};

struct sim_fault_type {
    const char *name, *group; /* group: network, http, state, identity */
    const char *doc;          /* one line */
    const char *example;      /* one line of Lua */
    const struct sim_parameter *parameters;
    uint32_t parameter_count;
    const struct sim_fault_code *code; /* what it does; private to sim/fault */
};

extern const struct sim_fault_type *const sim_fault_types[]; /* in the order of `list faults`; NULL ends it */
const struct sim_fault_type *sim_fault_type_find(struct mc_str name); /* NULL: none */
/* What every fault takes: percent, first, every, skip, duration, after. */
extern const struct sim_parameter sim_fault_common[];
extern const uint32_t sim_fault_common_count;

/* What a script gives. Texts and selectors are borrowed until sim_run_fault returns (they are copied). */
struct sim_argument {
    struct mc_str name;
    enum sim_parameter_type type; /* what the value is given as */
    int64_t number;
    struct mc_str text;
    const struct sim_selector *selectors; /* SELECTOR */
    uint32_t selector_count;
};

struct sim_fault_spec {
    struct mc_str kind;
    const struct sim_argument *arguments;
    uint32_t argument_count;
    struct sim_fault *after; /* `after = f`: starts when that one is cleared; NULL: now */
    struct sim_source source;
};

/* Kind, names, types, choices and what is required; not whether selectors find anything. False: ERROR. */
bool sim_fault_check(const struct sim_fault_spec *spec, struct sim_error *error);

enum sim_fault_state { SIM_FAULT_PLANNED, SIM_FAULT_ACTIVE, SIM_FAULT_CLEARED };

struct sim_touched {
    uint64_t packets, requests, connections;
};

/* Readable by anyone who holds a fault. */
const struct sim_fault_type *sim_fault_kind(const struct sim_fault *fault);
uint32_t sim_fault_number(const struct sim_fault *fault);   /* 1, 2, … in the order of the script's calls */
enum sim_fault_state sim_fault_state(const struct sim_fault *fault);
mc_ns sim_fault_started(const struct sim_fault *fault);     /* MC_NEVER: not yet */
mc_ns sim_fault_cleared(const struct sim_fault *fault);     /* MC_NEVER: not yet */
mc_ns sim_fault_until(const struct sim_fault *fault);       /* when it will clear by itself; MC_NEVER: not by itself */
struct sim_touched sim_fault_affected(const struct sim_fault *fault);
bool sim_fault_disabled(const struct sim_fault *fault);     /* switched off by the run's options, for :effect */
const char *sim_fault_text(const struct sim_fault *fault);  /* "delay checkout/v2 -> payments latency 200ms" */
const char *sim_fault_target(const struct sim_fault *fault); /* "checkout/v2 <-> payments"; empty: the CA */
const char *sim_fault_params_json(const struct sim_fault *fault);
struct sim_source sim_fault_source(const struct sim_fault *fault);

#endif
