/* kubernetes{}: the platform's constants, a data file in Lua, and what a scenario says otherwise. */
#include "sim/lua/script_parts.h"
#include "sim/lua/topology_parts.h"

static const char *const kubernetes_type = "kubernetes";

#define AT(member) offsetof(struct sim_kubernetes, member)

static const struct sim_field kubernetes_fields[] = {
    {"schedule", SIM_FIELD_DURATION, AT(schedule)},
    {"kubelet_sync", SIM_FIELD_DURATION, AT(kubelet_sync)},
    {"relist", SIM_FIELD_DURATION, AT(relist)},
    {"container_start", SIM_FIELD_DURATION, AT(container_start)},
    {"sandbox_stop", SIM_FIELD_DURATION, AT(sandbox_stop)},
    {"status_update", SIM_FIELD_DURATION, AT(status_update)},
    {"endpoint_update", SIM_FIELD_DURATION, AT(endpoint_update)},
    {"endpoint_batch", SIM_FIELD_DURATION, AT(endpoint_batch)},
    {"kube_proxy_sync", SIM_FIELD_DURATION, AT(kube_proxy_sync)},
    {"grace", SIM_FIELD_DURATION, AT(grace)},
    {"grace_least", SIM_FIELD_DURATION, AT(grace_least)},
    {"back_off_base", SIM_FIELD_DURATION, AT(back_off_base)},
    {"back_off_max", SIM_FIELD_DURATION, AT(back_off_max)},
    {"back_off_reset", SIM_FIELD_DURATION, AT(back_off_reset)},
    {"node_monitor_grace", SIM_FIELD_DURATION, AT(node_monitor_grace)},
    {"node_monitor_period", SIM_FIELD_DURATION, AT(node_monitor_period)},
    {"toleration", SIM_FIELD_DURATION, AT(toleration)},
    {"eviction_retry", SIM_FIELD_DURATION, AT(eviction_retry)},
    {"hpa_sync", SIM_FIELD_DURATION, AT(hpa_sync)},
    {"hpa_tolerance", SIM_FIELD_SHARE, AT(hpa_tolerance_ppm)},
    {"hpa_down_window", SIM_FIELD_DURATION, AT(hpa_down_window)},
    {"hpa_initial_readiness", SIM_FIELD_DURATION, AT(hpa_initial_readiness)},
    {"hpa_cpu_initialization", SIM_FIELD_DURATION, AT(hpa_cpu_initialization)},
    {"metrics_resolution", SIM_FIELD_DURATION, AT(metrics_resolution)},
};

/* What recurs may not recur without time passing. */
static void check(lua_State *L, const struct sim_kubernetes *kubernetes)
{
    const struct { const char *name; mc_ns value; } periods[] = {
        {"back_off_base", kubernetes->back_off_base}, {"node_monitor_period", kubernetes->node_monitor_period},
        {"eviction_retry", kubernetes->eviction_retry}, {"hpa_sync", kubernetes->hpa_sync},
        {"metrics_resolution", kubernetes->metrics_resolution},
    };
    for (size_t i = 0; i < MC_COUNT_OF(periods); i++)
        if (periods[i].value < MC_MS) sim_schema_error(L, "kubernetes", periods[i].name, "at least 1ms");
    if (kubernetes->back_off_max < kubernetes->back_off_base) sim_schema_error(L, "kubernetes", "back_off_max", "not under back_off_base");
}

static int make_kubernetes(lua_State *L)
{
    struct sim_kubernetes kubernetes = {0};
    sim_schema_read(L, 1, &sim_reading_of(L)->arena, "kubernetes", kubernetes_fields, MC_COUNT_OF(kubernetes_fields), &kubernetes);
    check(L, &kubernetes);
    *(struct sim_kubernetes *)lua_newuserdatauv(L, sizeof kubernetes, 0) = kubernetes;
    luaL_setmetatable(L, kubernetes_type);
    return 1;
}

struct sim_kubernetes sim_kubernetes_read(lua_State *L, int index)
{
    bool given = index && !lua_isnoneornil(L, index);
    if (given) index = lua_absindex(L, index);
    sim_files_shipped(L, "topologies/profiles", "kubernetes", "profile");
    const struct sim_kubernetes *shipped = luaL_testudata(L, -1, kubernetes_type);
    if (!shipped) luaL_error(L, "topologies/profiles/kubernetes.lua returns no kubernetes{}");
    struct sim_kubernetes kubernetes = *shipped;
    lua_pop(L, 1);
    if (!given) return kubernetes;
    sim_schema_read(L, index, &sim_reading_of(L)->arena, "kubernetes", kubernetes_fields, MC_COUNT_OF(kubernetes_fields), &kubernetes);
    check(L, &kubernetes);
    return kubernetes;
}

void sim_kubernetes_open(lua_State *L)
{
    luaL_newmetatable(L, kubernetes_type);
    lua_pop(L, 1);
    lua_pushcfunction(L, make_kubernetes);
    lua_setglobal(L, "kubernetes");
}
