/* The fidelity ledger: how true every field, rule and model is.
 *
 * One table (entries.c) names each with a class, an error bar where one is known, where the claim comes
 * from, and which plans use it. `squall ledger` prints it, `run` and `check` print its summary for what
 * they were given, `run --perturb` moves its constants within their error (vary.h), and a verdict that
 * passes through a field that is ignored is inconclusive.
 */
#ifndef SIM_LEDGER_LEDGER_H
#define SIM_LEDGER_LEDGER_H

#include "sim/plan/plan.h"

#define SIM_LEDGER_CLASSES(X) \
    X(EXACT, "exact")       /* the code or the rule itself: the same decisions as the real thing, by a standard or a test */ \
    X(MODELLED, "modelled") /* follows the real thing within an error, or in shape */ \
    X(IGNORED, "ignored")   /* read and without effect, or a rule of the real thing that is not there */

enum sim_ledger_class {
#define X(name, text) SIM_LEDGER_##name,
    SIM_LEDGER_CLASSES(X)
#undef X
    SIM_LEDGER_CLASS_COUNT,
};

const char *sim_ledger_class_text(enum sim_ledger_class class);

/* What a ledger is asked about: a plan, and what its script does to it (or what a run has done). */
struct sim_use {
    const struct sim_plan *plan;
    const char *const *faults; /* kinds of faults, "partition", and verbs of the platform, "s:rollout" */
    uint32_t fault_count;
};

bool sim_use_fault(const struct sim_use *use, const char *kind);

/* How a constant is moved: MAIN is printed, all are scaled alike. Offsets into struct sim_plan; see vary.c. */
struct sim_constant;

struct sim_ledger_entry {
    const char *name;    /* "proxy.price"; unique */
    const char *group;   /* network, platform, cpu, application, load, proxy, control, identity, rollout, check, fault */
    enum sim_ledger_class class;
    const char *doc;     /* what it is, and what is known to differ; one line */
    uint32_t error_permille; /* MODELLED: ± so much; from 1000 on: by a factor, 2000 is ×3 or ÷3; 0: see ERROR */
    const char *error;   /* in words, where no single figure says it: "not bounded", "order of events, not times"; NULL */
    const char *source;  /* standard, file, page; what it was measured against */
    const char *rung;    /* prefix of the names in `make fidelity` that measure it; NULL: none does */
    const char *fields;  /* words of scripts and profiles that it covers, blank-separated; NULL */
    bool (*used)(const struct sim_use *use); /* by this plan; NULL: by every plan (EXACT, MODELLED), by none (IGNORED) */
    const struct sim_constant *constant;     /* what --perturb moves; NULL: nothing */
    const char *evidence; /* IGNORED: beginnings of the names of verdicts that pass through it, blank-separated; NULL: all do */
};

extern const struct sim_ledger_entry sim_ledger[]; /* name NULL ends it */

const struct sim_ledger_entry *sim_ledger_find(struct mc_str name); /* NULL */
bool sim_ledger_uses(const struct sim_ledger_entry *entry, const struct sim_use *use);
/* "± 30%"; "a factor of 3"; "not bounded"; "" for what is exact or ignored. Returns OUT. */
enum { SIM_LEDGER_ERROR = 96 };
const char *sim_ledger_error(const struct sim_ledger_entry *entry, char out[static SIM_LEDGER_ERROR]);

struct sim_ledger_summary {
    uint32_t of[SIM_LEDGER_CLASS_COUNT]; /* entries that are used */
    uint32_t unbounded;                  /* of the modelled ones: without a figure */
    const struct sim_ledger_entry *worst; /* the largest error; NULL: none has a figure */
};

/* ENTRIES: sim_ledger, or a table of its form. */
struct sim_ledger_summary sim_ledger_summarise(const struct sim_ledger_entry *entries, const struct sim_use *use);
/* The first ignored field that the verdict NAME ("request_failed{src:user} rate < 1%") passes through; NULL: none. */
const struct sim_ledger_entry *sim_ledger_ignored(const struct sim_ledger_entry *entries, const struct sim_use *use, struct mc_str name);

#endif
