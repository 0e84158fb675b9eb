/* capacity("stock"): the most requests per second that a service of the scenario can work off. */
#include "sim/lua/script_parts.h"
#include "sim/plan/dist.h"

/* Requests per second × 1000 of one replica; 0: nothing limits it. Calls to others do not count. */
static uint64_t replica_capacity(const struct sim_version *version)
{
    mc_ns busy = 0, cpu = 0;
    for (uint32_t i = 0; i < version->step_count; i++) {
        if (version->steps[i].kind != SIM_STEP_WORK) continue;
        cpu += sim_dist_mean(&version->steps[i].cpu);
        busy += sim_dist_mean(&version->steps[i].wait);
    }
    busy += cpu;
    uint64_t by_places = version->concurrency && busy > 0 ? (uint64_t)((__int128)version->concurrency * 1000 * MC_S / busy) : 0;
    uint64_t by_cpu = version->cpu_millis && cpu > 0 ? (uint64_t)((__int128)version->cpu_millis * MC_S / cpu) : 0;
    if (!by_places || !by_cpu) return by_places + by_cpu;
    return by_places < by_cpu ? by_places : by_cpu;
}

static int capacity(lua_State *L)
{
    const struct sim_reading *reading = sim_reading_of(L);
    struct mc_str name = mc_str_c(luaL_checkstring(L, 1));
    if (!reading->now) return luaL_error(L, "capacity: only within a scenario");
    const struct sim_topology *topology = &reading->now->plan.topology;
    for (uint32_t i = 0; i < topology->service_count; i++) {
        const struct sim_service *service = &topology->services[i];
        uint64_t total = 0;
        if (!mc_str_eq(service->name, name)) continue;
        for (uint32_t v = 0; v < service->version_count; v++) {
            uint64_t one = replica_capacity(&service->versions[v]);
            if (!one) return luaL_error(L, "capacity: nothing limits \"%s\": give it 'concurrency' and work, or 'cpu'", name.p);
            total += one * service->versions[v].replicas;
        }
        lua_pushnumber(L, (lua_Number)total / 1000);
        return 1;
    }
    return luaL_error(L, "capacity: there is no service \"%s\"", name.p);
}

void sim_capacity_open(lua_State *L)
{
    lua_pushcfunction(L, capacity);
    lua_setglobal(L, "capacity");
}
