/* pods "api":list(): the pods that a selector means now, one table each. */
#include "sim/lua/actors.h"
#include "sim/lua/selectors.h"

static void set_text(lua_State *L, const char *key, struct mc_str text)
{
    lua_pushlstring(L, text.p, text.n);
    lua_setfield(L, -2, key);
}

static void set_flag(lua_State *L, const char *key, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, key);
}

static void set_count(lua_State *L, const char *key, uint64_t value)
{
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, key);
}

static void set_time(lua_State *L, const char *key, mc_ns value)
{
    sim_duration_push(L, value);
    lua_setfield(L, -2, key);
}

static void push_pod(lua_State *L, const struct sim_run_pod *pod)
{
    lua_createtable(L, 0, 12);
    set_text(L, "name", pod->name);
    set_text(L, "service", pod->service);
    set_text(L, "version", pod->version);
    set_text(L, "zone", pod->zone);
    set_flag(L, "up", pod->up);
    set_flag(L, "ready", pod->ready);
    set_count(L, "requests", pod->requests);
    set_time(L, "cpu", pod->cpu);
    set_time(L, "sidecar_cpu", pod->sidecar_cpu);
    set_time(L, "throttled", pod->throttled);
    set_time(L, "sidecar_throttled", pod->sidecar_throttled);
    set_count(L, "memory", pod->memory);
}

int sim_pods_list(lua_State *L)
{
    struct sim_run *run = sim_live_world(L, "pods:list");
    const struct sim_selector *selectors;
    struct sim_pod_set set = {0};
    struct sim_error error = {0};
    uint32_t count = sim_selectors_read(L, 1, &sim_reading_of(L)->arena, "pods", "selector", &selectors);
    for (uint32_t i = 0; i < count; i++)
        if (!sim_run_peek(run, &selectors[i], &set, &error)) return luaL_error(L, "pods: %s", error.text);
    lua_createtable(L, (int)set.count, 0);
    lua_Integer listed = 0;
    for (uint32_t i = 0; i < set.count; i++) {
        struct sim_run_pod pod;
        if (!sim_run_pod(run, set.pods[i], &pod)) continue;
        push_pod(L, &pod);
        lua_seti(L, -2, ++listed);
    }
    sim_pod_set_fini(&set);
    return 1;
}
