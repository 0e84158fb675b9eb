/* A case that runs: its world, and the coroutines that act in it. One actor for the scenario's method,
 * one for each task of at, every and during. An actor waits by yielding; sim_call wakes it. */
#ifndef SIM_LUA_ACTORS_H
#define SIM_LUA_ACTORS_H

#include "sim/lua/script_parts.h"

struct sim_actor {
    struct sim_call call;
    struct sim_script_run *run;
    struct sim_actor *next;
    struct sim_actor *waiter; /* woken when this one is done */
    lua_State *co;
    int thread, function;     /* registry references */
    int handle;               /* the value given to the function; LUA_NOREF: none */
    mc_ns every;              /* over 0: begins again so often */
    mc_ns began;
    enum sim_task_kind kind;
    bool done;
};

struct sim_script_run {
    struct sim_reading *reading;
    const struct sim_script *script;
    const struct sim_case *chosen;
    struct sim_plan plan;
    struct sim_run *world;
    struct sim_run_options options; /* as the caller gave them, for :effect */
    const struct sim_variation *variation; /* of the plan; NULL: none */
    struct sim_actor *actors, *acting;
    uint32_t actor_count;
    struct sim_error error;
    bool broken;      /* `error` holds */
    bool stopped;     /* nothing of the script runs any more */
    bool replaying;   /* a run of :effect's: asks no effects of its own */
    bool in_steady;   /* a steady state is being looked at */
    struct sim_verdict worst; /* of its expectations */
    bool has_worst;
    char worst_text[240];
    char missing[160]; /* what had no samples when it was compared; empty: nothing */
    bool steady_ready, method_began;
    uint32_t lines;   /* of log and note */
    struct sim_call steady_call; /* every second */
    mc_ns steady_deadline;
};

/* Begins now, or at TASK->at. FUNCTION and the like are references in the registry. Raises on L. */
struct sim_actor *sim_actor_task(lua_State *L, struct sim_script_run *run, const struct sim_declared_task *task);
struct sim_actor *sim_actor_new(struct sim_script_run *run, enum sim_task_kind kind, int function);

/* The actor that may wait in L; raises if WHAT is called where it cannot. */
struct sim_actor *sim_actor_waits(lua_State *L, const char *what);
void sim_actor_wake_at(struct sim_actor *actor, mc_ns at);
/* Ends everything of the script: the run stops too. Does not return. */
int sim_actor_stop(lua_State *L, enum sim_stop_reason reason);
/* What cannot be done: raised as the script's mistake, or, if the profile refuses it, the end of an inconclusive run. */
int sim_actor_refuse(lua_State *L, const struct sim_error *error);
struct sim_run *sim_live_world(lua_State *L, const char *what); /* raises unless the scenario runs */

/* ---- steady.c ---- */

void sim_steady_begin(struct sim_script_run *run); /* before the method; calls sim_actors_begin_method when reached */
void sim_steady_finish(struct sim_script_run *run);
void sim_actors_begin_method(struct sim_script_run *run);

/* ---- verdicts.c ---- */

void sim_verdict_give(lua_State *L, const struct sim_verdict *verdict); /* with the source of the caller */

#endif
