/* network = { … } of a service: what of its pods' traffic is captured, and how names are looked up. */
#include "sim/lua/topology_parts.h"
#include "lua/sandbox.h"
#include <lauxlib.h>
#include <string.h>

#define AT(member) offsetof(struct sim_pod_network, member)

/* { 5432, 6379 }, or one number. */
static void read_ports(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    uint16_t *ports = (uint16_t *)(void *)((char *)record + field->offset);
    (void)arena;
    bool list = lua_istable(L, -1);
    lua_Integer count = list ? (lua_Integer)lua_rawlen(L, -1) : 1;
    if (count > SIM_PORTS_MAX) sim_schema_error(L, what, field->name, "%d ports: at most %d", (int)count, SIM_PORTS_MAX);
    memset(ports, 0, SIM_PORTS_MAX * sizeof *ports);
    for (lua_Integer i = 0; i < count; i++) {
        if (list) lua_geti(L, -1, i + 1);
        else lua_pushvalue(L, -1);
        lua_Integer port = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
        if (port < 1 || port > 65535) sim_schema_error(L, what, field->name, "a port from 1 to 65535 is expected, not %s", mc_sandbox_text(L, -1));
        ports[i] = (uint16_t)port;
        lua_pop(L, 1);
    }
}

/* ---- dnsConfig ---- */

static void read_searches(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    struct sim_pod_dns *dns = &((struct sim_pod_network *)record)->dns;
    struct sim_texts texts = sim_schema_texts(L, -1, arena, what, field->name);
    if (texts.count > SIM_SEARCHES_MAX - 4) /* behind those of the policy */
        sim_schema_error(L, what, field->name, "%u suffixes: at most %d", texts.count, SIM_SEARCHES_MAX - 4);
    for (uint32_t i = 0; i < texts.count; i++) {
        sim_schema_name(L, what, field->name, texts.list[i]);
        dns->searches[i] = texts.list[i];
    }
    dns->search_count = texts.count;
}

static void read_dns_config(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"ndots", SIM_FIELD_COUNT, AT(dns.ndots), .given = AT(dns.ndots_given)},
        {"searches", SIM_FIELD_READ, .read = read_searches},
        {"timeout", SIM_FIELD_DURATION, AT(dns.timeout)},
        {"attempts", SIM_FIELD_COUNT, AT(dns.attempts)},
        {"single_request", SIM_FIELD_BOOL, AT(dns.one_by_one)},
        {"single_request_reopen", SIM_FIELD_BOOL, AT(dns.one_by_one)},
    };
    struct sim_pod_dns *dns = &((struct sim_pod_network *)record)->dns;
    (void)what, (void)field;
    sim_schema_read(L, -1, arena, "network.dnsConfig", fields, MC_COUNT_OF(fields), record);
    if (dns->ndots > 15) sim_schema_error(L, "network.dnsConfig", "ndots", "%u is more than 15 (resolv.conf(5))", dns->ndots);
    if (dns->attempts > 5) sim_schema_error(L, "network.dnsConfig", "attempts", "%u is more than 5 (resolv.conf(5))", dns->attempts);
    if (dns->timeout > 30 * MC_S) sim_schema_error(L, "network.dnsConfig", "timeout", "more than 30s (resolv.conf(5))");
}

/* "none", "forever", "ttl", or how long. */
static void read_cache(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    struct sim_pod_dns *dns = &((struct sim_pod_network *)record)->dns;
    const char *word = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    (void)arena;
    dns->cache_given = strcmp(word, "ttl") != 0;
    if (!strcmp(word, "none")) dns->cache = 0;
    else if (!strcmp(word, "forever")) dns->cache = MC_NEVER;
    else if (dns->cache_given) dns->cache = sim_schema_duration(L, -1, what, field->name);
}

void sim_read_pod_network(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const char *const policies[] = {"ClusterFirst", "ClusterFirstWithHostNet", "Default", "None", NULL}; /* enum sim_dns_policy */
    static const char *const stubs[] = {"glibc", "musl", "go", NULL}; /* enum sim_stub */
    static const struct sim_field fields[] = {
        {"hostNetwork", SIM_FIELD_BOOL, AT(host_network)},
        {"headless", SIM_FIELD_BOOL, AT(headless)},
        {"exclude_outbound_ports", SIM_FIELD_READ, AT(exclude_outbound_ports), .read = read_ports},
        {"exclude_inbound_ports", SIM_FIELD_READ, AT(exclude_inbound_ports), .read = read_ports},
        {"dnsPolicy", SIM_FIELD_CHOICE, AT(dns.policy), .choices = policies},
        {"dnsConfig", SIM_FIELD_READ, .read = read_dns_config},
        {"resolver", SIM_FIELD_CHOICE, AT(dns.stub), .choices = stubs},
        {"dns_cache", SIM_FIELD_READ, .read = read_cache},
    };
    (void)what;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), (char *)record + field->offset);
}
