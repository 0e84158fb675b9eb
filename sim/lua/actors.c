/* The coroutines of a case, and how they wait and end. */
#include "sim/lua/actors.h"
#include <stdio.h>

static void fire(struct sim_call *call);

static void begin_thread(struct sim_actor *actor)
{
    lua_State *L = actor->run->reading->L;
    actor->co = lua_newthread(L);
    actor->thread = luaL_ref(L, LUA_REGISTRYINDEX);
    actor->began = sim_run_now(actor->run->world);
    lua_rawgeti(actor->co, LUA_REGISTRYINDEX, actor->function);
    if (actor->handle != LUA_NOREF) lua_rawgeti(actor->co, LUA_REGISTRYINDEX, actor->handle);
}

/* What the script did wrong ends the run. */
static void break_run(struct sim_actor *actor, enum mc_sandbox_status status)
{
    struct sim_script_run *run = actor->run;
    sim_reading_blame(run->reading, actor->co, status, &run->error);
    run->broken = run->stopped = true;
    sim_run_stop(run->world, SIM_STOP_ASSERT);
}

static void end_actor(struct sim_actor *actor)
{
    struct sim_script_run *run = actor->run;
    luaL_unref(run->reading->L, LUA_REGISTRYINDEX, actor->thread);
    actor->co = NULL;
    if (actor->every > 0) {
        mc_ns now = sim_run_now(run->world), since = now - actor->began;
        sim_run_call_at(run->world, actor->began + (since / actor->every + 1) * actor->every, &actor->call);
        return;
    }
    actor->done = true;
    if (actor->waiter) sim_run_call_at(run->world, sim_run_now(run->world), &actor->waiter->call);
}

static bool is_awaited(const struct sim_script_run *run, const struct sim_actor *actor)
{
    if (sim_run_call_is_pending(&actor->call)) return true;
    for (const struct sim_actor *other = run->actors; other; other = other->next)
        if (other->waiter == actor && !other->done) return true;
    return false;
}

static void resume(struct sim_actor *actor)
{
    struct sim_script_run *run = actor->run;
    struct sim_actor *before = run->acting;
    int results, args = actor->handle != LUA_NOREF && lua_status(actor->co) == LUA_OK ? 1 : 0;
    run->acting = actor;
    enum mc_sandbox_status status = mc_sandbox_resume(run->reading->sandbox, actor->co, args, &results);
    run->acting = before;
    if (run->stopped) return;
    if (status == MC_SANDBOX_DONE) {
        lua_settop(actor->co, 0);
        end_actor(actor);
    } else if (status == MC_SANDBOX_YIELDED && is_awaited(run, actor)) {
        lua_pop(actor->co, results);
    } else {
        break_run(actor, status);
    }
}

static void fire(struct sim_call *call)
{
    struct sim_actor *actor = mc_container(call, struct sim_actor, call);
    if (actor->run->stopped || actor->done) return;
    if (!actor->co) begin_thread(actor);
    resume(actor);
}

struct sim_actor *sim_actor_new(struct sim_script_run *run, enum sim_task_kind kind, int function)
{
    struct sim_actor *actor = run->actor_count < SIM_ACTORS_MAX ? mc_arena_take_zero(&run->reading->arena, sizeof *actor) : NULL;
    if (!actor) return NULL;
    *actor = (struct sim_actor){
        .call = {.fire = fire}, .run = run, .next = run->actors, .function = function, .handle = LUA_NOREF, .kind = kind,
    };
    run->actors = actor;
    run->actor_count++;
    return actor;
}

struct sim_actor *sim_actor_task(lua_State *L, struct sim_script_run *run, const struct sim_declared_task *task)
{
    struct sim_actor *actor = sim_actor_new(run, task->kind, task->function);
    if (!actor) luaL_error(L, "more than %d things at once in one scenario", SIM_ACTORS_MAX);
    mc_ns now = sim_run_now(run->world), at = task->at;
    if (task->kind == SIM_TASK_EVERY) {
        actor->every = task->at;
        at = now + task->at;
    }
    sim_run_call_at(run->world, at > now ? at : now, &actor->call);
    return actor;
}

struct sim_actor *sim_actor_waits(lua_State *L, const char *what)
{
    struct sim_script_run *run = sim_reading_of(L)->run;
    sim_reading_need(L, what, true);
    if (run->in_steady) luaL_error(L, "%s: a steady state is a question of one instant: it cannot wait", what);
    if (!run->acting || run->acting->co != L) luaL_error(L, "%s: not within a coroutine of the script's own", what);
    if (!lua_isyieldable(L)) luaL_error(L, "%s: not within a condition: it is a question of one instant", what);
    return run->acting;
}

void sim_actor_wake_at(struct sim_actor *actor, mc_ns at)
{
    sim_run_call_at(actor->run->world, at, &actor->call);
}

int sim_actor_refuse(lua_State *L, const struct sim_error *error)
{
    struct sim_script_run *run = sim_reading_of(L)->run;
    if (!error->refused) return sim_reading_raise(L, error);
    sim_run_refuse(run->world, error);
    return sim_actor_stop(L, SIM_STOP_REFUSED);
}

int sim_actor_stop(lua_State *L, enum sim_stop_reason reason)
{
    struct sim_script_run *run = sim_reading_of(L)->run;
    run->stopped = true;
    sim_run_stop(run->world, reason);
    if (lua_isyieldable(L) && run->acting && run->acting->co == L) return lua_yield(L, 0);
    return luaL_error(L, "the run is stopped");
}
