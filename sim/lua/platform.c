/* Workloads and machines in a scenario, as kubectl has them: s:scale, s:rollout, s:drain, s:uncordon, s:workload. */
#include "sim/lua/actors.h"
#include "sim/lua/selectors.h"
#include "sim/lua/topology.h"
#include "sim/plan/units.h"
#include "sim/run/platform.h"

static const char *const rollout_type = "rollout";
static const char *const drain_type = "drain";

/* ---- s:scale ---- */

static uint32_t read_replicas(lua_State *L, int index)
{
    if (!lua_isinteger(L, index) || lua_tointeger(L, index) < 0 || lua_tointeger(L, index) > 100000)
        luaL_error(L, "scale: 'replicas': a whole number from 0 to 100000 is expected, not %s", mc_sandbox_text(L, index));
    return (uint32_t)lua_tointeger(L, index);
}

struct scale_words {
    struct mc_str service, version;
    uint32_t replicas;
};

static struct mc_str read_scale(lua_State *L, struct mc_arena *arena, uint32_t *replicas)
{
    static const struct sim_field fields[] = {
        {"service", SIM_FIELD_TEXT, offsetof(struct scale_words, service), .required = true},
        {"version", SIM_FIELD_TEXT, offsetof(struct scale_words, version)},
        {"replicas", SIM_FIELD_COUNT, offsetof(struct scale_words, replicas), .required = true},
    };
    struct scale_words words = {.version = MC_STR("")};
    if (!lua_istable(L, 2)) {
        *replicas = read_replicas(L, 3);
        return sim_schema_text(L, 2, arena, "scale", "service");
    }
    sim_schema_read(L, 2, arena, "scale", fields, MC_COUNT_OF(fields), &words);
    *replicas = words.replicas;
    if (!words.version.n) return words.service;
    size_t n;
    lua_pushfstring(L, "%s/%s", words.service.p, words.version.p);
    const char *text = lua_tolstring(L, -1, &n);
    return mc_str(text, n);
}

/* s:scale("cart", 5), s:scale("cart/v1", 5), s:scale { service = , version = , replicas = } */
int sim_platform_scale(lua_State *L)
{
    struct mc_arena *scratch = sim_reading_scratch(sim_reading_of(L));
    struct sim_error error = {0};
    uint32_t replicas;
    struct mc_str name = read_scale(L, scratch, &replicas);
    struct sim_run *world = sim_live_world(L, "scale");
    if (!sim_run_scale(world, name, replicas, sim_lua_source(L, &sim_reading_of(L)->arena), &error)) return sim_actor_refuse(L, &error);
    return 0;
}

/* ---- s:rollout ---- */

/* s:rollout("cart"), s:rollout("cart/v1", { version = "v2" }) */
int sim_platform_rollout(lua_State *L)
{
    struct words { struct mc_str version; } words = {MC_STR("")};
    static const struct sim_field fields[] = {{"version", SIM_FIELD_TEXT, offsetof(struct words, version)}};
    struct mc_arena *scratch = sim_reading_scratch(sim_reading_of(L));
    struct sim_error error = {0};
    struct mc_str name = sim_schema_text(L, 2, scratch, "rollout", "service");
    if (!lua_isnoneornil(L, 3)) sim_schema_read(L, 3, scratch, "rollout", fields, MC_COUNT_OF(fields), &words);
    struct sim_run *world = sim_live_world(L, "rollout");
    struct sim_run_rollout *rollout = lua_newuserdatauv(L, sizeof *rollout, 0);
    *rollout = (struct sim_run_rollout){0};
    luaL_setmetatable(L, rollout_type);
    if (!sim_run_rollout(world, name, words.version, sim_lua_source(L, &sim_reading_of(L)->arena), rollout, &error))
        return sim_actor_refuse(L, &error);
    return 1;
}

static struct sim_deployment_view rollout_view(lua_State *L)
{
    return sim_run_rollout_view(sim_live_world(L, "rollout"), luaL_checkudata(L, 1, rollout_type));
}

static bool is_done(const struct sim_deployment_view *view)
{
    return view->revision && view->progress == SIM_PROGRESS_COMPLETE;
}

static bool rollout_done(lua_State *L)
{
    struct sim_deployment_view view = rollout_view(L);
    lua_pushboolean(L, is_done(&view));
    return true;
}

static bool rollout_stuck(lua_State *L)
{
    lua_pushboolean(L, rollout_view(L).progress == SIM_PROGRESS_STUCK);
    return true;
}

/* Of the replicas, the share that is new; 1 only when it is done. */
static bool rollout_progress(lua_State *L)
{
    struct sim_deployment_view view = rollout_view(L);
    uint32_t whole = view.replicas ? view.replicas : 1, part = view.updated < view.available ? view.updated : view.available;
    if (part >= whole && !is_done(&view)) part = whole - 1;
    lua_pushnumber(L, is_done(&view) ? 1.0 : (lua_Number)part / (lua_Number)whole);
    return true;
}

static bool rollout_completed(lua_State *L)
{
    struct sim_deployment_view view = rollout_view(L);
    if (!is_done(&view) || view.completed == MC_NEVER) return false;
    sim_duration_push(L, view.completed);
    return true;
}

#define COUNT_FIELD(prefix, view_of, member)                    \
    static bool prefix##_##member(lua_State *L)                 \
    {                                                           \
        lua_pushinteger(L, (lua_Integer)view_of(L).member);     \
        return true;                                            \
    }
COUNT_FIELD(rollout, rollout_view, replicas)
COUNT_FIELD(rollout, rollout_view, updated)
COUNT_FIELD(rollout, rollout_view, available)
COUNT_FIELD(rollout, rollout_view, most_pods)
COUNT_FIELD(rollout, rollout_view, least_available)

/* ---- waiting ---- */

/* Stack of a waiting call: the handle, the deadline. */
static int wait_on(lua_State *L, bool done, bool hopeless, lua_KFunction again)
{
    struct sim_actor *actor = sim_actor_waits(L, "wait");
    mc_ns now = sim_run_now(actor->run->world), deadline = lua_tointeger(L, 2);
    if (done || hopeless || now >= deadline) {
        lua_pushboolean(L, done);
        return 1;
    }
    mc_ns next = (now / sim_grid + 1) * sim_grid;
    sim_actor_wake_at(actor, next < deadline ? next : deadline);
    return lua_yieldk(L, 0, 0, again);
}

/* Replaces the time at 2 by an instant. */
static void read_deadline(lua_State *L, const char *what)
{
    mc_ns time = lua_isnoneornil(L, 2) ? MC_NEVER : sim_schema_duration(L, 2, what, "time");
    struct sim_run *world = sim_live_world(L, what);
    lua_settop(L, 1);
    lua_pushinteger(L, time == MC_NEVER ? MC_NEVER : mc_ns_add(sim_run_now(world), time));
}

static int rolled_out(lua_State *L, int status, lua_KContext context)
{
    (void)status, (void)context;
    struct sim_deployment_view view = rollout_view(L);
    return wait_on(L, is_done(&view), !view.revision || view.progress == SIM_PROGRESS_STUCK, rolled_out);
}

/* rollout:wait([time]): true when it is done; false when the time is over, its progress deadline has passed, or another one has
 * taken its place */
static int rollout_wait(lua_State *L)
{
    luaL_checkudata(L, 1, rollout_type);
    read_deadline(L, "rollout:wait");
    return rolled_out(L, LUA_OK, 0);
}

/* ---- s:drain ---- */

/* s:drain("node-3"), s:drain("@b", { timeout = "2m" }) */
int sim_platform_drain(lua_State *L)
{
    struct words { mc_ns timeout; } words = {0};
    static const struct sim_field fields[] = {{"timeout", SIM_FIELD_DURATION, offsetof(struct words, timeout)}};
    struct mc_arena *arena = &sim_reading_of(L)->arena;
    struct sim_error error = {0};
    const struct sim_selector *selectors;
    uint32_t drain, count = sim_selectors_read(L, 2, arena, "drain", "machines", &selectors);
    if (!lua_isnoneornil(L, 3)) sim_schema_read(L, 3, arena, "drain", fields, MC_COUNT_OF(fields), &words);
    if (words.timeout < 0) return sim_schema_error(L, "drain", "timeout", "cannot be less than nothing");
    struct sim_run *world = sim_live_world(L, "drain");
    if (!sim_run_drain(world, selectors, count, words.timeout, &drain, &error)) return sim_actor_refuse(L, &error);
    *(uint32_t *)lua_newuserdatauv(L, sizeof drain, 0) = drain;
    luaL_setmetatable(L, drain_type);
    return 1;
}

/* s:uncordon("node-3") */
int sim_platform_uncordon(lua_State *L)
{
    struct sim_error error = {0};
    const struct sim_selector *selectors;
    uint32_t count = sim_selectors_read(L, 2, &sim_reading_of(L)->arena, "uncordon", "machines", &selectors);
    struct sim_run *world = sim_live_world(L, "uncordon");
    if (!sim_run_uncordon(world, selectors, count, &error)) return sim_actor_refuse(L, &error);
    return 0;
}

static struct sim_drain_view drain_view(lua_State *L)
{
    return sim_run_drain_view(sim_live_world(L, "drain"), *(uint32_t *)luaL_checkudata(L, 1, drain_type));
}

COUNT_FIELD(drain, drain_view, evicted)
COUNT_FIELD(drain, drain_view, left)
COUNT_FIELD(drain, drain_view, refused)

static bool drain_done(lua_State *L)
{
    lua_pushboolean(L, drain_view(L).state == SIM_DRAIN_DONE);
    return true;
}

static bool drain_blocked_by(lua_State *L)
{
    uint32_t service = drain_view(L).blocked_by;
    if (service == SIM_NONE) return false;
    struct mc_str name = sim_run_service_name(sim_live_world(L, "drain"), service);
    lua_pushlstring(L, name.p, name.n);
    return true;
}

static bool drain_hopeless(lua_State *L)
{
    lua_pushboolean(L, drain_view(L).hopeless);
    return true;
}

static bool drain_ended(lua_State *L)
{
    mc_ns at = drain_view(L).ended;
    if (at == MC_NEVER) return false;
    sim_duration_push(L, at);
    return true;
}

static int drained(lua_State *L, int status, lua_KContext context)
{
    (void)status, (void)context;
    enum sim_drain_state state = drain_view(L).state;
    return wait_on(L, state == SIM_DRAIN_DONE, state == SIM_DRAIN_TIMED_OUT, drained);
}

/* drain:wait([time]): true when the machines are empty; false when the time, or its timeout, is over */
static int drain_wait(lua_State *L)
{
    luaL_checkudata(L, 1, drain_type);
    read_deadline(L, "drain:wait");
    return drained(L, LUA_OK, 0);
}

/* ---- s:workload ---- */

static void set_count(lua_State *L, const char *key, uint64_t value)
{
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, key);
}

static void set_text(lua_State *L, const char *key, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, key);
}

static void push_deployment(lua_State *L, const struct sim_deployment_view *view)
{
    static const char *const words[] = {"complete", "progressing", "stuck"};
    set_count(L, "replicas", view->replicas);
    set_count(L, "pods", view->pods);
    set_count(L, "updated", view->updated);
    set_count(L, "ready", view->ready);
    set_count(L, "available", view->available);
    set_count(L, "terminating", view->terminating);
    set_count(L, "unschedulable", view->unschedulable);
    set_count(L, "revision", view->revision);
    set_text(L, "progress", words[view->progress]);
}

static void push_job(lua_State *L, const struct sim_job_view *view)
{
    static const char *const words[] = {"", "active", "complete", "failed"};
    set_text(L, "state", words[view->state]);
    set_text(L, "reason", view->reason);
    set_count(L, "active", view->active);
    set_count(L, "succeeded", view->succeeded);
    set_count(L, "failed", view->failed);
    if (view->finished == MC_NEVER) return;
    sim_duration_push(L, view->finished);
    lua_setfield(L, -2, "finished");
}

/* s:workload("cart"): what `kubectl get` and `describe` say now */
int sim_platform_workload(lua_State *L)
{
    struct sim_error error = {0};
    struct sim_workloads found;
    struct sim_workload_view view;
    struct mc_str name = sim_schema_text(L, 2, sim_reading_scratch(sim_reading_of(L)), "workload", "service");
    struct sim_run *world = sim_live_world(L, "workload");
    if (!sim_run_workloads(world, name, sim_lua_source(L, &sim_reading_of(L)->arena), &found, &error)) return sim_actor_refuse(L, &error);
    if (!sim_run_workload_view(world, &found, &view)) return luaL_error(L, "out of memory");
    lua_createtable(L, 0, 16);
    if (view.job.state != SIM_JOB_NONE) push_job(L, &view.job);
    else push_deployment(L, &view.deployment);
    if (view.autoscaler.given) {
        set_count(L, "desired", view.autoscaler.desired);
        set_count(L, "rescales", view.autoscaler.rescales);
        if (view.autoscaler.has_value) set_count(L, "metric", view.autoscaler.value);
    }
    if (view.budget.given) {
        set_count(L, "healthy", view.budget.healthy);
        set_count(L, "disruptions_allowed", view.budget.allowed);
    }
    return 1;
}

void sim_platform_open(lua_State *L)
{
    static const struct sim_member rollout_members[] = {
        {"wait", rollout_wait, NULL},
        {"done", NULL, rollout_done},
        {"stuck", NULL, rollout_stuck},
        {"progress", NULL, rollout_progress},
        {"completed", NULL, rollout_completed},
        {"replicas", NULL, rollout_replicas},
        {"updated", NULL, rollout_updated},
        {"available", NULL, rollout_available},
        {"most_pods", NULL, rollout_most_pods},
        {"least_available", NULL, rollout_least_available},
        {NULL, NULL, NULL},
    };
    static const struct sim_member drain_members[] = {
        {"wait", drain_wait, NULL},
        {"done", NULL, drain_done},
        {"evicted", NULL, drain_evicted},
        {"left", NULL, drain_left},
        {"refused", NULL, drain_refused},
        {"blocked_by", NULL, drain_blocked_by},
        {"hopeless", NULL, drain_hopeless},
        {"ended", NULL, drain_ended},
        {NULL, NULL, NULL},
    };
    luaL_newmetatable(L, rollout_type);
    sim_members_set(L, "a rollout", rollout_members);
    luaL_newmetatable(L, drain_type);
    sim_members_set(L, "a drain", drain_members);
    lua_pop(L, 2);
}
