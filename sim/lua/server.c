/* server = { … } of a service: how its application treats connections, deadlines and overload; and the
 * frameworks whose defaults it may begin with. */
#include "sim/lua/script_parts.h"
#include "sim/lua/topology_parts.h"
#include "lua/sandbox.h"
#include <lauxlib.h>

/* ---- pools ---- */

struct pool_words {
    struct sim_pool_plan plan;
    int order;
    bool reuse, has_uses;
};

static const char *const orders[] = {"lifo", "fifo", NULL};

void sim_read_pool(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
#define AT(member) offsetof(struct pool_words, member)
    static const struct sim_field fields[] = {
        {"max_connections", SIM_FIELD_COUNT, AT(plan.max_connections)},
        {"max_waiting", SIM_FIELD_COUNT, AT(plan.max_waiting)},
        {"wait_timeout", SIM_FIELD_DURATION, AT(plan.wait_timeout)},
        {"max_idle", SIM_FIELD_COUNT, AT(plan.max_idle)},
        {"idle_timeout", SIM_FIELD_DURATION, AT(plan.idle_timeout)},
        {"lifetime", SIM_FIELD_DURATION, AT(plan.lifetime)},
        {"connect_timeout", SIM_FIELD_DURATION, AT(plan.connect_timeout)},
        {"requests_per_connection", SIM_FIELD_COUNT, AT(plan.uses), .given = AT(has_uses)},
        {"reuse", SIM_FIELD_BOOL, AT(reuse)},
        {"order", SIM_FIELD_CHOICE, AT(order), .choices = orders},
    };
#undef AT
    struct sim_pool_plan *plan = (struct sim_pool_plan *)(void *)((char *)record + field->offset);
    struct pool_words words = {.plan = *plan, .order = plan->oldest_first, .reuse = plan->uses != 1};
    bool reused = words.reuse;
    (void)what;
    sim_schema_read(L, -1, arena, "pool", fields, MC_COUNT_OF(fields), &words);
    if (!words.reuse && words.has_uses && words.plan.uses != 1)
        sim_schema_error(L, "pool", "reuse", "false is one request per connection, not %u", words.plan.uses);
    if (!words.reuse) words.plan.uses = 1;
    else if (!reused && !words.has_uses) words.plan.uses = 0;
    if ((words.plan.max_waiting || words.plan.wait_timeout) && !words.plan.max_connections)
        sim_schema_error(L, "pool", words.plan.max_waiting ? "max_waiting" : "wait_timeout", "nothing waits without 'max_connections'");
    words.plan.oldest_first = words.order == 1;
    *plan = words.plan;
}

/* ---- the queue ---- */

struct queue_words {
    int policy;
    mc_ns timeout, target, interval;
    uint32_t status;
    bool has_policy, has_timeout, has_target, has_interval, has_status;
};

static void read_queue(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const char *const policies[] = {"fifo", "lifo", "codel", "adaptive-lifo", NULL};
#define AT(member) offsetof(struct queue_words, member)
    static const struct sim_field fields[] = {
        {"policy", SIM_FIELD_CHOICE, AT(policy), .choices = policies, .given = AT(has_policy)},
        {"timeout", SIM_FIELD_DURATION, AT(timeout), .given = AT(has_timeout)},
        {"target", SIM_FIELD_DURATION, AT(target), .given = AT(has_target)},
        {"interval", SIM_FIELD_DURATION, AT(interval), .given = AT(has_interval)},
        {"status", SIM_FIELD_COUNT, AT(status), .given = AT(has_status)},
    };
#undef AT
    struct sim_server_plan *plan = record;
    struct queue_words words = {.policy = (int)plan->queue_policy, .timeout = plan->queue_timeout, .target = plan->queue_target,
                                .interval = plan->queue_interval, .status = plan->overload_status};
    (void)what, (void)field;
    sim_schema_read(L, -1, arena, "server.queue", fields, MC_COUNT_OF(fields), &words);
    bool controlled = words.policy == SIM_QUEUE_CODEL || words.policy == SIM_QUEUE_ADAPTIVE_LIFO;
    if (controlled && words.has_timeout) sim_schema_error(L, "server.queue", "timeout", "is of \"fifo\" and \"lifo\": \"%s\" takes 'target' and 'interval'", policies[words.policy]);
    if (!controlled && (words.has_target || words.has_interval))
        sim_schema_error(L, "server.queue", words.has_target ? "target" : "interval", "is of \"codel\" and \"adaptive-lifo\": \"%s\" takes 'timeout'", policies[words.policy]);
    if (words.has_status && (words.status < 400 || words.status > 599))
        sim_schema_error(L, "server.queue", "status", "%u is not between 400 and 599", words.status);
    plan->queue_policy = (enum sim_queue_policy)words.policy;
    plan->queue_timeout = controlled ? 0 : words.timeout;
    plan->queue_target = words.target;
    plan->queue_interval = words.interval;
    plan->overload_status = (uint16_t)words.status;
}

/* ---- slowness ---- */

enum { FACTOR_MOST = 10000 };

static uint32_t check_factor(lua_State *L, const char *what, uint64_t permille)
{
    if (permille < 1000 || permille > FACTOR_MOST * UINT64_C(1000)) sim_schema_error(L, what, "factor", "is not between 1 and %d", FACTOR_MOST);
    return (uint32_t)permille;
}

static void read_spells(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const char *const scopes[] = {"version", "pod", NULL};
    struct words { struct sim_spells spells; uint64_t factor; int scope; } words = {0};
    static const struct sim_field fields[] = {
        {"every", SIM_FIELD_DURATION, offsetof(struct words, spells.every), .required = true},
        {"lasts", SIM_FIELD_DURATION, offsetof(struct words, spells.lasts), .required = true},
        {"factor", SIM_FIELD_RATE, offsetof(struct words, factor), .required = true},
        {"together", SIM_FIELD_CHOICE, offsetof(struct words, scope), .choices = scopes},
    };
    (void)what;
    sim_schema_read(L, -1, arena, "server.slow_spells", fields, MC_COUNT_OF(fields), &words);
    if (words.spells.lasts <= 0 || words.spells.lasts >= words.spells.every)
        sim_schema_error(L, "server.slow_spells", "lasts", "is not over 0 and under 'every'");
    words.spells.factor_permille = check_factor(L, "server.slow_spells", words.factor);
    words.spells.each = words.scope == 1;
    *(struct sim_spells *)(void *)((char *)record + field->offset) = words.spells;
}

static void read_warm_up(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    struct words { struct sim_warm_up warm; uint64_t factor; bool has_requests, has_time; } words = {0};
    static const struct sim_field fields[] = {
        {"requests", SIM_FIELD_COUNT, offsetof(struct words, warm.requests), .given = offsetof(struct words, has_requests)},
        {"time", SIM_FIELD_DURATION, offsetof(struct words, warm.time), .given = offsetof(struct words, has_time)},
        {"factor", SIM_FIELD_RATE, offsetof(struct words, factor), .required = true},
    };
    (void)what;
    sim_schema_read(L, -1, arena, "server.warm_up", fields, MC_COUNT_OF(fields), &words);
    if (words.has_requests == words.has_time) luaL_error(L, "server.warm_up: give 'requests' or 'time'");
    if (words.has_requests ? !words.warm.requests : words.warm.time <= 0)
        sim_schema_error(L, "server.warm_up", words.has_requests ? "requests" : "time", "must be over 0");
    words.warm.factor_permille = check_factor(L, "server.warm_up", words.factor);
    *(struct sim_warm_up *)(void *)((char *)record + field->offset) = words.warm;
}

/* ---- the server ---- */

void sim_read_server(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
#define AT(member) offsetof(struct sim_server_plan, member)
    static const struct sim_field fields[] = {
        {"requests_per_connection", SIM_FIELD_COUNT, AT(connection_requests)},
        {"pool", SIM_FIELD_READ, AT(pool), .read = sim_read_pool},
        {"tcp", SIM_FIELD_READ, AT(sockets), .read = sim_read_sockets},
        {"queue", SIM_FIELD_READ, .read = read_queue},
        {"deadlines", SIM_FIELD_BOOL, AT(deadlines)},
        {"slow_spells", SIM_FIELD_READ, AT(spells), .read = read_spells},
        {"warm_up", SIM_FIELD_READ, AT(warm_up), .read = read_warm_up},
    };
#undef AT
    struct sim_server_plan *plan = (struct sim_server_plan *)(void *)((char *)record + field->offset);
    (void)what;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), plan);
}

/* ---- frameworks ---- */

void sim_push_framework(lua_State *L, const char *what, const char *name)
{
    sim_files_shipped(L, "topologies/profiles", "frameworks", "profile");
    if (!lua_istable(L, -1)) luaL_error(L, "topologies/profiles/frameworks.lua returns no table");
    if (lua_getfield(L, -1, name) != LUA_TTABLE) {
        const char *nearest = mc_sandbox_nearest_key(L, lua_absindex(L, -2), mc_str_c(name));
        if (nearest) sim_schema_error(L, what, "framework", "\"%s\" is not known: did you mean \"%s\"?", name, nearest);
        lua_pushliteral(L, "");
        mc_sandbox_push_sorted_keys(L, lua_absindex(L, -3));
        for (lua_Integer i = 1; lua_geti(L, -1, i) != LUA_TNIL; i++) {
            lua_pushfstring(L, "%s%s%s", lua_tostring(L, -3), i > 1 ? ", " : "", lua_tostring(L, -1));
            lua_replace(L, -4);
            lua_pop(L, 1);
        }
        lua_pop(L, 2);
        sim_schema_error(L, what, "framework", "\"%s\" is not known: there are %s", name, lua_tostring(L, -1));
    }
    lua_remove(L, -2);
}
