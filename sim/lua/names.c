/* dns = { … } and external = { … } of a topology: who answers for names, and what stands outside the cluster. */
#include "sim/lua/topology_parts.h"
#include "lua/sandbox.h"
#include <lauxlib.h>
#include <string.h>

/* ---- dns ---- */

#define AT(member) offsetof(struct sim_dns_plan, member)

enum { QUEUE = 256, CAPACITY = 33669 };

/* `capacity` is per second, or "none". */
static void read_capacity(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field rate = {"capacity", SIM_FIELD_RATE, AT(capacity_milli)};
    struct sim_dns_plan *dns = record;
    (void)what, (void)field;
    if (lua_type(L, -1) == LUA_TSTRING && !strcmp(lua_tostring(L, -1), "none")) {
        dns->capacity_milli = 0;
        return;
    }
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, "capacity");
    sim_schema_read(L, -1, arena, "dns", &rate, 1, dns);
    lua_pop(L, 1);
    if (!dns->capacity_milli) sim_schema_error(L, "dns", "capacity", "a number of queries per second over 0, or \"none\", is expected");
}

static void check_dns(lua_State *L, const struct sim_dns_plan *dns)
{
    if (!dns->replicas || dns->replicas > 64) sim_schema_error(L, "dns", "replicas", "%u is not between 1 and 64", dns->replicas);
    if (!dns->concurrency || dns->concurrency > 4096) sim_schema_error(L, "dns", "concurrency", "%u is not between 1 and 4096", dns->concurrency);
    if (dns->ttl <= 0) sim_schema_error(L, "dns", "ttl", "over 0s");
    if (dns->node_domain.n) sim_schema_name(L, "dns", "node_domain", dns->node_domain);
}

/* Defaults: kubeadm's Corefile (kubernetes … ttl 30, cache 30) and Deployment (2 replicas); capacity: "Scaling CoreDNS
 * in Kubernetes Clusters" (coredns.io, 2018), names of the cluster on 2 vCPU; the queue: net.core.rmem_default of
 * 212 992 bytes at 832 a packet. */
void sim_read_dns(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"replicas", SIM_FIELD_COUNT, AT(replicas)},
        {"capacity", SIM_FIELD_READ, .read = read_capacity},
        {"concurrency", SIM_FIELD_COUNT, AT(concurrency)},
        {"queue", SIM_FIELD_COUNT, AT(queue)},
        {"ttl", SIM_FIELD_DURATION, AT(ttl)},
        {"cache", SIM_FIELD_DURATION, AT(cache)},
        {"upstream", SIM_FIELD_DURATION, AT(upstream)},
        {"node_local", SIM_FIELD_BOOL, AT(node_local)},
        {"node_domain", SIM_FIELD_TEXT, AT(node_domain)},
        {"race", SIM_FIELD_SHARE, AT(race_ppm)},
    };
    struct sim_dns_plan *dns = (struct sim_dns_plan *)(void *)((char *)record + field->offset);
    (void)what;
    *dns = (struct sim_dns_plan){.given = true,
                                 .replicas = 2,
                                 .capacity_milli = (uint64_t)CAPACITY * 1000,
                                 .concurrency = 1,
                                 .queue = QUEUE,
                                 .ttl = 30 * MC_S,
                                 .cache = 30 * MC_S,
                                 .upstream = 10 * MC_MS};
    sim_schema_read(L, -1, arena, "dns", fields, MC_COUNT_OF(fields), dns);
    check_dns(L, dns);
}

/* ---- external ---- */

#undef AT
#define AT(member) offsetof(struct sim_external, member)

static const char *const entries[] = {"none", "DNS", "DNS_ROUND_ROBIN", "STATIC", NULL}; /* enum sim_service_entry */

/* Moves VALUE of KEY, both on the stack's top, into OWN or OTHER. */
static void sort_key(lua_State *L, const struct sim_field *fields, size_t count, int own, int other)
{
    bool is_own = false;
    for (size_t i = 0; i < count && lua_type(L, -2) == LUA_TSTRING; i++) is_own |= !strcmp(lua_tostring(L, -2), fields[i].name);
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_settable(L, is_own ? own : other);
}

/* Reads the words that only a service outside has; a copy of the table on the stack's top without them takes its place. */
struct sim_external sim_take_external(lua_State *L, struct mc_arena *arena, const char *what)
{
    static const struct sim_field fields[] = {
        {"distance", SIM_FIELD_DURATION, AT(distance)},
        {"service_entry", SIM_FIELD_CHOICE, AT(entry), .choices = entries},
    };
    struct sim_external external = {.on = true, .distance = 10 * MC_MS};
    int service = lua_gettop(L);
    if (!lua_istable(L, service)) luaL_error(L, "%s: a table is expected, not a %s", what, luaL_typename(L, service));
    lua_createtable(L, 0, MC_COUNT_OF(fields));
    lua_createtable(L, 0, 8);
    lua_pushnil(L);
    while (lua_next(L, service)) sort_key(L, fields, MC_COUNT_OF(fields), service + 1, service + 2);
    sim_schema_read(L, service + 1, arena, what, fields, MC_COUNT_OF(fields), &external);
    lua_replace(L, service);
    lua_settop(L, service);
    return external;
}

/* Whether a service is headless is said once. */
void sim_check_network(lua_State *L, const struct sim_service *service)
{
    for (uint32_t i = 0; i < service->version_count; i++) {
        const struct sim_pod_network *network = &service->versions[i].network;
        if (network->headless != service->versions[0].network.headless)
            luaL_error(L, "service %s: 'network': 'headless' is the service's: say it there, not in version %s", service->name.p,
                       service->versions[i].name.p);
        if (network->host_network && service->external.on) luaL_error(L, "service %s: 'network': 'hostNetwork' outside the cluster", service->name.p);
    }
}
