/* What the files behind script.h share. A reading is one sandbox with the bindings in it: one lists what a
 * file declares, and every run has one of its own. */
#ifndef SIM_LUA_SCRIPT_PARTS_H
#define SIM_LUA_SCRIPT_PARTS_H

#include "base/assert.h"
#include "base/digest.h"
#include "lua/sandbox.h"
#include "sim/lua/schema.h"
#include "sim/lua/script.h"
#include <lauxlib.h>

enum {
    SIM_FILE_MAX = 4 << 20,       /* bytes of one script */
    SIM_INCLUDES_MAX = 256,
    SIM_SCENARIOS_MAX = 10000,
    SIM_ACTORS_MAX = 10000,
    SIM_PATH_MAX = 1024,
};

static const mc_ns sim_grid = 100 * MC_MS; /* conditions are looked at so often */

enum sim_reading_phase { SIM_READING_FILE, SIM_READING_DECLARE, SIM_READING_LIVE, SIM_READING_OVER };

/* One call of scenario(), or one variant of it. The plan lacks what the scenario's function adds. */
struct sim_declared {
    struct sim_declared *next;
    struct mc_str name, variant_json, expect_fail, pending;
    struct sim_source source;
    const struct mc_str *tags;
    uint32_t tag_count;
    const uint64_t *seeds;
    uint32_t seed_count;
    const struct sim_profile *const *profiles;
    uint32_t profile_count;
    struct sim_plan plan;
    bool has_pki;
    struct sim_pki {
        mc_ns ttl, leeway;
        uint32_t renew_permille, jitter_permille;
        bool has_ttl, has_leeway, has_renew, has_jitter;
    } pki;
    int body, steady; /* registry references; LUA_NOREF: none */
};

/* Added in a scenario's function, in order. */
struct sim_declared_load {
    struct sim_declared_load *next;
    struct sim_load_spec spec;
};
struct sim_declared_canary {
    struct sim_declared_canary *next;
    struct sim_canary_spec spec;
};
struct sim_declared_phase {
    struct sim_declared_phase *next;
    struct mc_str name;
    mc_ns from, to;
};
enum sim_task_kind { SIM_TASK_METHOD, SIM_TASK_AT, SIM_TASK_EVERY };
struct sim_declared_task {
    struct sim_declared_task *next;
    enum sim_task_kind kind;
    mc_ns at; /* AT: when; EVERY: how often */
    int function;
    struct sim_source source;
};
struct sim_steady {
    struct sim_steady *next;
    struct mc_str name;
    int function;
    struct sim_source source;
    bool was_held; /* at the last look */
};

struct sim_read_text { /* of a file that was read */
    struct sim_read_text *next;
    struct mc_str text;
};

struct sim_reading {
    const struct sim_script *script;
    struct sim_script_run *run; /* NULL while the file is only listed */
    struct mc_alloc alloc;
    struct mc_pool pool;
    struct mc_arena arena;   /* as long as the reading */
    struct mc_arena scratch; /* as long as one call of a binding */
    struct mc_sandbox *sandbox;
    lua_State *L;
    enum sim_reading_phase phase;
    uint64_t digest;
    struct sim_read_text *texts; /* the last one first */
    uint32_t includes;
    struct mc_str directory; /* of the file that is being read */
    struct sim_declared *declared, **declared_end;
    uint32_t declared_count;
    struct mc_str prefix;       /* of names, from describe() */
    struct mc_str variant_json; /* of the matrix that is being walked */
    const struct sim_declared *now; /* whose function runs: for capacity() */
    /* the scenario's own declarations */
    struct sim_declared_load *loads, **loads_end;
    struct sim_declared_canary *canaries, **canaries_end;
    struct sim_declared_phase *phases, **phases_end;
    struct sim_declared_task *tasks, **tasks_end;
    struct sim_steady *steady, **steady_end;
    bool has_method;
    uint64_t known_profiles;          /* of the options' profiles: some scenario has it, or it is shipped */
    struct sim_error unknown_profile; /* the last one that a scenario did not find */
};

struct sim_script {
    struct sim_script_options options;
    struct mc_pool pool;
    struct mc_arena arena;
    struct mc_str name, directory, text;
    struct sim_reading *reading;
    struct sim_case *cases;
    struct sim_case_key { /* what a case is made from */
        uint32_t declared, profile;
    } *keys;
    uint32_t case_count;
};

/* ---- reading.c ---- */

/* Sets __index of the metatable on the stack's top to a function that looks in METHODS, then in FIELDS
 * (which push a value and return true), and raises "WHAT has no 'x': did you mean 'y'?" otherwise. */
struct sim_member {
    const char *name;
    lua_CFunction method;                /* called with the object */
    bool (*field)(lua_State *L);         /* pushes; the object is at index 1 */
};
void sim_members_set(lua_State *L, const char *what, const struct sim_member *members);


struct sim_reading *sim_reading_new(const struct sim_script *script, struct sim_script_run *run, struct sim_error *error);
void sim_reading_close(struct sim_reading *reading); /* the sandbox only: what it holds may need the world */
void sim_reading_free(struct sim_reading *reading);
struct sim_reading *sim_reading_of(lua_State *L);
bool sim_reading_keep(struct sim_reading *reading, struct mc_str text); /* mentions.c: for sim_script_mentions. False: no memory */
/* Runs the script's file. */
bool sim_reading_read(struct sim_reading *reading, struct sim_error *error);
/* Calls the function REF with ARGS values that lie on the main stack's top; it may not wait. */
bool sim_reading_call(struct sim_reading *reading, int ref, int args, struct sim_error *error);
/* Why CO ended badly, as the author of the script is told. Clears nothing. */
void sim_reading_blame(struct sim_reading *reading, lua_State *co, enum mc_sandbox_status status, struct sim_error *error);
/* "file:line: text" becomes an error with its source. */
void sim_reading_error(struct sim_reading *reading, const char *message, struct sim_error *error);
/* Makes ERROR independent of every reading: its file is NAME, and another file's place stands in its text. */
void sim_reading_settle(const struct sim_script *script, const char *name, struct sim_error *error);
struct sim_source sim_reading_place(struct sim_reading *reading, lua_State *co); /* where CO stands */
int sim_reading_raise(lua_State *L, const struct sim_error *error); /* never returns */
struct mc_arena *sim_reading_scratch(struct sim_reading *reading); /* emptied */
void sim_reading_need(lua_State *L, const char *what, bool live); /* raises unless the scenario runs (LIVE) or is declared */

/* ---- files.c ---- */

void sim_files_open(struct sim_reading *reading, lua_State *L); /* include, topologies */
/* Reads FILE whole. TEXT belongs to the arena. */
bool sim_files_read(struct mc_arena *arena, const char *path, struct mc_str *text, struct sim_error *error);
struct mc_str sim_files_directory(struct mc_arena *arena, const char *path);
/* Runs topologies/FOLDER/NAME.lua (or the file NAME, if it is a path) and leaves its one value; raises. */
void sim_files_shipped(lua_State *L, const char *folder, const char *name, const char *what);

/* ---- profile.c ---- */

void sim_profile_open(lua_State *L);
/* A name, a file, or what profile{} made, at INDEX. Raises. */
const struct sim_profile *sim_profile_find(lua_State *L, int index);
struct sim_kernel sim_kernel_read(lua_State *L, int index); /* what is given at INDEX (0: nothing) over kernel.lua */
void sim_kubernetes_open(lua_State *L);                               /* kubernetes.c */
struct sim_kubernetes sim_kubernetes_read(lua_State *L, int index); /* the same over kubernetes.lua */
void sim_read_permille(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record);

/* ---- scenario.c, matrix.c, threshold.c ---- */

void sim_scenario_open(lua_State *L); /* scenario, it, describe, var */
void sim_matrix_open(lua_State *L);
void sim_read_thresholds(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record);
/* "p(95) < 200ms" into THRESHOLD; false: WHY. */
bool sim_threshold_parse(struct mc_str text, struct sim_threshold *threshold, char *why, size_t room);

/* ---- declare.c, load.c, canary.c, capacity.c ---- */

void sim_declare_open(lua_State *L);
extern const struct sim_member sim_scenario_members[]; /* of `s` */
void sim_declare_push(lua_State *L); /* the scenario's object, `s` */
void sim_read_load(lua_State *L, int index, struct mc_arena *arena, struct sim_load_spec *spec);
void sim_read_canary(lua_State *L, int index, struct mc_arena *arena, struct sim_canary_spec *spec);
void sim_capacity_open(lua_State *L);

/* Bindings with their own tables. */
void sim_handles_open(lua_State *L);   /* handles.c: loads, rollouts */
void sim_handle_load(lua_State *L, struct mc_str name);
void sim_handle_canary(lua_State *L, struct mc_str target);
void sim_platform_open(lua_State *L);  /* platform.c: rollouts and drains of Kubernetes; members of `s` */
int sim_platform_scale(lua_State *L);
int sim_platform_rollout(lua_State *L);
int sim_platform_drain(lua_State *L);
int sim_platform_uncordon(lua_State *L);
int sim_platform_workload(lua_State *L);
void sim_waits_open(lua_State *L);     /* waits.c: now, sleep, wait_until, eventually, always, never */
void sim_selectors_open(lua_State *L); /* selectors.c: pods */
void sim_faults_open(lua_State *L);    /* faults.c */
void sim_figures_open(lua_State *L);   /* figures.c: shares and what is missing */
void sim_questions_open(lua_State *L); /* questions.c */
void sim_verdicts_open(lua_State *L);  /* verdicts.c: check, assert, fail, inconclusive, record, log, note */
void sim_expect_open(lua_State *L);    /* expect.c */


#endif
