/* Scenario scripts: a Lua file becomes cases; a case becomes a run.
 *
 *     sim_script_load       runs the file once in a sandbox and lists what it declares: scenario × variant
 *                           of a matrix × profile × seed, each a `struct sim_case`
 *     sim_script_run_new    one case: runs the file again in a sandbox of its own, calls the scenario's
 *                           function, and has the plan; nothing is simulated yet
 *     sim_script_run_start  builds the world (sim_run_new) and starts it
 *     sim_script_run_advance … as often as the caller likes; the method of the scenario goes on as time does
 *     sim_script_run_finish judges; then ask sim_run_verdicts(sim_script_run_world(run))
 *     sim_script_run_free
 *
 * A case depends on nothing but the file, what it includes, the options and its seed: never on cases that
 * ran before it. Everything a script does wrong becomes a struct sim_error with file and line: when the
 * file is loaded, when a case is planned, or while it runs (sim_script_run_error).
 *
 * Files are looked for in the script's own directory first, then under each root in turn: topologies in
 * ROOT/topologies/NAME.lua, profiles in ROOT/topologies/profiles/NAME.lua, what `include` names in
 * ROOT/scripts/lib/. A root is the directory of the sources, or of the installed share directory.
 */
#ifndef SIM_LUA_SCRIPT_H
#define SIM_LUA_SCRIPT_H

#include "sim/ledger/vary.h"
#include "sim/run/run.h"

struct sim_script;
struct sim_script_run;

struct sim_script_var { /* -D name=value, read by var "name" in the script */
    const char *name, *value;
};

struct sim_script_options {
    struct mc_alloc alloc;          /* take NULL: the C library's */
    const char *const *roots;       /* search path; copied */
    uint32_t root_count;
    const char *const *profiles;    /* instead of the script's; none: the script's. "all": every shipped one */
    uint32_t profile_count;
    const uint64_t *seeds;          /* instead of the script's; none: the script's */
    uint32_t seed_count;
    mc_ns duration;                 /* instead of the script's; 0: the script's */
    const struct sim_script_var *vars;
    uint32_t var_count;
    uint64_t memory_max;            /* of one sandbox; 0: 256 MiB */
    uint64_t instructions_max;      /* of one sandbox; 0: 2 000 million */
    /* What a script prints while it is loaded; NULL: dropped. While it runs, lines go to the run's log. */
    void (*print)(void *self, struct mc_str line);
    void *print_self;
};

/* One run to be made. Texts live as long as the script. */
struct sim_case {
    uint32_t number;                /* its place, from 0 */
    struct mc_str scenario;         /* "retry storm / stock brown-out"; unique together with the variant */
    struct mc_str variant_json;     /* {"load":0.9,"retry":"naive"}; "{}" */
    struct mc_str profile;          /* "istio-sidecar" */
    uint64_t seed;
    struct mc_str expect_fail;      /* why; empty: expected to pass */
    struct mc_str pending;          /* why it is not to be run; empty: run it */
    const struct mc_str *tags;      /* as written, sorted */
    uint32_t tag_count;
    mc_ns duration;
    struct sim_source source;       /* of the call of scenario() */
};

/* NULL: ERROR. NAME is the path as the user wrote it: it is opened, and appears in messages. */
struct sim_script *sim_script_load(const char *name, const struct sim_script_options *options, struct sim_error *error);
/* The same for TEXT instead of a file's contents; NAME still says where includes are looked for. */
struct sim_script *sim_script_load_text(const char *name, struct mc_str text, const struct sim_script_options *options, struct sim_error *error);
void sim_script_free(struct sim_script *script); /* NULL is allowed; its runs are freed before */

const char *sim_script_name(const struct sim_script *script);
struct mc_str sim_script_text(const struct sim_script *script);
/* XXH3-64 of the text and of every file that was read while it was loaded, in that order. */
uint64_t sim_script_digest(const struct sim_script *script);
uint32_t sim_script_case_count(const struct sim_script *script); /* 0: the file declares no scenario */
const struct sim_case *sim_script_case(const struct sim_script *script, uint32_t number); /* NULL past the end */

/* Whether its files say WORD ("fault.partition", ":rollout") outside comments: before anything runs, the
 * best there is to know of what a method will do. */
bool sim_script_mentions(const struct sim_script *script, struct mc_str word);

/* Looks into functions that are not run: unknown globals, members of `fault`, `topologies` and of the
 * scenario that do not exist. False: the first of them is in ERROR. For `check`. */
bool sim_script_lint(const struct sim_script *script, struct sim_error *error);

/* ---- one case ---- */

/* NULL: ERROR. SCRIPT must outlive the run. */
struct sim_script_run *sim_script_run_new(const struct sim_script *script, uint32_t number, struct sim_error *error);
void sim_script_run_free(struct sim_script_run *run); /* NULL is allowed; frees the world too */

const struct sim_case *sim_script_run_case(const struct sim_script_run *run);
const struct sim_plan *sim_script_run_plan(const struct sim_script_run *run);

/* The plan as VARIATION has it, before start; for :effect, too. VARIATION is borrowed for life. False: ERROR. */
bool sim_script_run_vary(struct sim_script_run *run, const struct sim_variation *variation, struct sim_error *error);

/* Builds the world and starts it. OPTIONS->seed is set to the case's; the rest is the caller's and its
 * sink must outlive the run. False: ERROR. Once. */
bool sim_script_run_start(struct sim_script_run *run, const struct sim_run_options *options, struct sim_error *error);
/* As sim_run_advance. A script that raises stops the run: STOPPED, and sim_script_run_error says why. */
enum sim_run_state sim_script_run_advance(struct sim_script_run *run, mc_ns until, uint64_t max_events);
/* The script's own mistake while it ran; NULL: none. Such a run has no verdict worth having (exit code 65). */
const struct sim_error *sim_script_run_error(const struct sim_script_run *run);
/* Steady states are looked at for the last time, then sim_run_finish. Once, after start. */
struct sim_outcome sim_script_run_finish(struct sim_script_run *run);
/* The world: verdicts, frames, questions, stop. NULL before start. */
struct sim_run *sim_script_run_world(const struct sim_script_run *run);

/* What an outcome counts as once it is known whether it was expected to fail. INCONCLUSIVE stays so. */
enum sim_status sim_case_status(const struct sim_case *one, const struct sim_outcome *outcome);

/* ---- catalogues for `list` ---- */

struct sim_shipped {
    char name[48];
    char doc[160];  /* the first line of its first comment */
    char path[512];
};

/* Fills LIST with up to MAX topologies (KIND "topologies") or profiles ("profiles") found under ROOTS, by
 * name; returns how many. What comes first in ROOTS hides its namesakes. */
uint32_t sim_script_shipped(const char *const *roots, uint32_t root_count, const char *kind, struct sim_shipped *list, uint32_t max);

/* The names a scenario may use, for completion and `help scenario`: NAME NULL ends it. */
struct sim_script_doc {
    const char *name, *group, *doc;
};
extern const struct sim_script_doc sim_script_docs[];

#endif
