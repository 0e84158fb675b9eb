/* resources = { requests = { … }, limits = { … } } of a service or proxy, in Kubernetes' names and quantities, and
 * what the program takes of it: threads, memory = { … }, gc = { … }. */
#include "sim/lua/topology_parts.h"
#include "lua/sandbox.h"
#include "sim/plan/units.h"
#include <lauxlib.h>

#define AT(member) offsetof(struct sim_resources, member)

/* ---- quantities (kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity) ---- */

/* CPU as Kubernetes writes it: 0.5 or 2 cores, "0.5", or "500m". */
void sim_read_cpu_quantity(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    (void)arena;
    *(uint32_t *)(void *)((char *)record + field->offset) = sim_cpu_quantity(L, what, field->name);
}

uint32_t sim_cpu_quantity(lua_State *L, const char *what, const char *key)
{
    uint64_t millis = 0;
    size_t n = 0;
    int is_number = 0;
    lua_Number cores = lua_tonumberx(L, -1, &is_number);
    if (is_number && cores > 0 && cores <= 1024) return (uint32_t)(cores * 1000 + 0.5);
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &n) : NULL;
    if (!text || n < 2 || text[n - 1] != 'm' || !mc_str_to_u64(mc_str(text, n - 1), 1024000, &millis) || !millis)
        sim_schema_error(L, what, key, "cores (0.5) or thousandths (\"500m\") are expected, not %s", mc_sandbox_text(L, -1));
    return (uint32_t)millis;
}

static const struct {
    const char *suffix;
    uint64_t factor;
} sizes[] = {
    {"Ki", 1024}, {"Mi", 1024 * 1024}, {"Gi", UINT64_C(1) << 30}, {"Ti", UINT64_C(1) << 40},
    {"k", 1000},  {"M", 1000000},      {"G", 1000000000},         {"T", UINT64_C(1000000000000)},
};

static bool read_bytes(struct mc_str text, uint64_t *bytes)
{
    enum { MOST = 1 << 20 };
    uint64_t number;
    char why[SIM_UNITS_WHY];
    if (mc_str_to_u64(text, UINT64_C(1) << 50, bytes)) return true;
    for (size_t i = 0; i < MC_COUNT_OF(sizes); i++) {
        struct mc_str suffix = mc_str_c(sizes[i].suffix);
        if (!mc_str_ends(text, suffix) || !mc_str_to_u64(mc_str(text.p, text.n - suffix.n), MOST, &number)) continue;
        *bytes = number * sizes[i].factor;
        return true;
    }
    return sim_read_size(text, bytes, why);
}

uint64_t sim_memory_quantity(lua_State *L, const char *what, const char *key)
{
    size_t n = 0;
    uint64_t bytes = 0;
    const char *text = lua_type(L, -1) == LUA_TSTRING || lua_isinteger(L, -1) ? lua_tolstring(L, -1, &n) : NULL;
    if (!text || !read_bytes(mc_str(text, n), &bytes))
        sim_schema_error(L, what, key, "bytes as \"128Mi\", \"64Ki\", \"1Gi\" or \"500M\" are expected, not %s", mc_sandbox_text(L, -1));
    return bytes;
}

static void read_memory_quantity(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    (void)arena;
    *(uint64_t *)(void *)((char *)record + field->offset) = sim_memory_quantity(L, what, field->name);
}

/* ---- the table ---- */

static void read_requests(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"cpu", SIM_FIELD_READ, AT(cpu_request_millis), .read = sim_read_cpu_quantity},
        {"memory", SIM_FIELD_READ, AT(memory_request), .read = read_memory_quantity},
    };
    (void)what, (void)field;
    sim_schema_read(L, -1, arena, "resources.requests", fields, MC_COUNT_OF(fields), record);
}

static void read_limits(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"cpu", SIM_FIELD_READ, AT(cpu_limit_millis), .read = sim_read_cpu_quantity},
        {"memory", SIM_FIELD_READ, AT(memory_limit), .read = read_memory_quantity},
    };
    (void)what, (void)field;
    sim_schema_read(L, -1, arena, "resources.limits", fields, MC_COUNT_OF(fields), record);
}

static void read_memory(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"base", SIM_FIELD_READ, AT(memory.base), .read = read_memory_quantity},
        {"per_connection", SIM_FIELD_READ, AT(memory.per_connection), .read = read_memory_quantity},
        {"per_request", SIM_FIELD_READ, AT(memory.per_request), .read = read_memory_quantity},
        {"leak_per_request", SIM_FIELD_READ, AT(memory.leak_per_request), .read = read_memory_quantity},
    };
    (void)what, (void)field;
    sim_schema_read(L, -1, arena, "resources.memory", fields, MC_COUNT_OF(fields), record);
}

static void read_gc(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"every", SIM_FIELD_DURATION, AT(gc.every)},
        {"heap", SIM_FIELD_READ, AT(gc.heap), .read = read_memory_quantity},
        {"pause", SIM_FIELD_DURATION, AT(gc.pause), .required = true},
    };
    struct sim_resources *resources = record;
    (void)what, (void)field;
    sim_schema_read(L, -1, arena, "resources.gc", fields, MC_COUNT_OF(fields), resources);
    if (resources->gc.pause <= 0) sim_schema_error(L, "resources.gc", "pause", "must be longer than nothing");
    if (resources->gc.every <= 0 && !resources->gc.heap)
        sim_schema_error(L, "resources.gc", "pause", "'every' (a time) or 'heap' (bytes that are allocated meanwhile) says how often");
}

static const struct sim_field fields[] = {
    {"requests", SIM_FIELD_READ, .read = read_requests},
    {"limits", SIM_FIELD_READ, .read = read_limits},
    {"threads", SIM_FIELD_COUNT, AT(threads)},
    {"memory", SIM_FIELD_READ, .read = read_memory},
    {"gc", SIM_FIELD_READ, .read = read_gc},
};

void sim_read_resources(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    (void)what;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), (char *)record + field->offset);
}

static void over(lua_State *L, const char *what, const char *request, const char *limit, uint64_t asked, uint64_t most, const char *unit)
{
    char texts[2][24];
    texts[0][mc_u64_to_text(asked, texts[0])] = 0;
    texts[1][mc_u64_to_text(most, texts[1])] = 0;
    sim_schema_error(L, what, "resources", "%s = %s%s is over %s = %s%s", request, texts[0], unit, limit, texts[1], unit);
}

/* A limit without a request is the request, too, as the API server has it (SetDefaults_Pod). */
void sim_resources_finish(lua_State *L, const char *what, struct sim_resources *resources)
{
    enum { THREADS_MAX = 4096 };
    if (!resources->cpu_request_millis) resources->cpu_request_millis = resources->cpu_limit_millis;
    if (!resources->memory_request) resources->memory_request = resources->memory_limit;
    if (resources->cpu_limit_millis && resources->cpu_request_millis > resources->cpu_limit_millis)
        over(L, what, "requests.cpu", "limits.cpu", resources->cpu_request_millis, resources->cpu_limit_millis, "m");
    if (resources->memory_limit && resources->memory_request > resources->memory_limit)
        over(L, what, "requests.memory", "limits.memory", resources->memory_request, resources->memory_limit, " bytes");
    if (resources->threads > THREADS_MAX) sim_schema_error(L, what, "resources", "threads = %d: 4096 are the most", (int)resources->threads);
    if (resources->gc.heap && !resources->memory.per_request)
        sim_schema_error(L, what, "resources", "gc.heap counts what requests allocate: memory.per_request is missing");
}
