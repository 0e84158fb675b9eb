/* topology{}: zones, links and services as data, and what follows from them. */
#include "sim/lua/topology_parts.h"
#include "lua/sandbox.h"
#include <lauxlib.h>

static const char *const topology_type = "topology";
static const char arena_key = 0;

struct mc_arena *sim_topology_arena(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &arena_key);
    struct mc_arena *arena = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return arena;
}

const struct sim_topology *sim_topology_check(lua_State *L, int index, const char *what, const char *key)
{
    struct sim_topology *const *held = luaL_testudata(L, index, topology_type);
    if (!held) sim_schema_error(L, what, key, "a topology is expected, not a %s", luaL_typename(L, index));
    return *held;
}

/* ---- services ---- */

struct service_words {
    struct sim_version version; /* what stands at the service's own level */
    struct sim_service service;
    struct sim_texts zones;
    uint32_t port;
    uint32_t error_status;
};

#define VERSION(member) offsetof(struct service_words, version.member)
#define POLICY(member) offsetof(struct sim_policy, member)

static void read_outlier(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"consecutive_5xx", SIM_FIELD_COUNT, POLICY(outlier_consecutive)},
        {"interval", SIM_FIELD_DURATION, POLICY(outlier_interval)},
        {"base_ejection_time", SIM_FIELD_DURATION, POLICY(outlier_base)},
        {"max_ejection_percent", SIM_FIELD_COUNT, POLICY(outlier_max_percent)},
        {"min_health_percent", SIM_FIELD_COUNT, POLICY(outlier_min_health)},
    };
    struct sim_policy *policy = record;
    (void)what, (void)field;
    policy->outlier_consecutive = 5; /* Envoy's defaults */
    policy->outlier_interval = 10 * MC_S;
    policy->outlier_base = 30 * MC_S;
    policy->outlier_max_percent = 10;
    sim_schema_read(L, -1, arena, "outlier", fields, MC_COUNT_OF(fields), policy);
}

static void read_circuit(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"max_connections", SIM_FIELD_COUNT, POLICY(max_connections)},
        {"max_pending_requests", SIM_FIELD_COUNT, POLICY(max_pending)},
        {"max_requests", SIM_FIELD_COUNT, POLICY(max_requests)},
        {"max_retries", SIM_FIELD_COUNT, POLICY(max_retries)},
    };
    (void)what, (void)field;
    sim_schema_read(L, -1, arena, "circuit", fields, MC_COUNT_OF(fields), record);
}

static void read_mtls_word(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const char *const modes[] = {"strict", "permissive", "disable", NULL};
    struct mc_str mode = sim_schema_text(L, -1, arena, what, field->name);
    for (int i = 0; modes[i]; i++)
        if (mc_str_eq(mode, mc_str_c(modes[i]))) {
            *(struct mc_str *)(void *)((char *)record + field->offset) = mode;
            return;
        }
    sim_schema_error(L, what, field->name, "\"%.*s\" is not one of strict, permissive, disable", MC_STR_ARG(mode));
}

static void read_balancer_word(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const char *const names[] = {"round_robin", "random", "least_request", "peak_ewma", NULL};
    struct mc_str name = sim_schema_text(L, -1, arena, what, field->name);
    for (int i = 0; names[i]; i++)
        if (mc_str_eq(name, mc_str_c(names[i]))) {
            *(struct mc_str *)(void *)((char *)record + field->offset) = name;
            return;
        }
    sim_schema_error(L, what, field->name, "\"%.*s\" is not one of round_robin, random, least_request, peak_ewma", MC_STR_ARG(name));
}

static void read_policy(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"retry", SIM_FIELD_READ, POLICY(retry), .read = sim_read_retry, .given = POLICY(has_retry)},
        {"timeout", SIM_FIELD_DURATION, POLICY(timeout), .given = POLICY(has_timeout)},
        {"outlier", SIM_FIELD_READ, .read = read_outlier},
        {"circuit", SIM_FIELD_READ, .read = read_circuit},
        {"balancer", SIM_FIELD_READ, POLICY(balancer), .read = read_balancer_word},
        {"mtls", SIM_FIELD_READ, POLICY(mtls), .read = read_mtls_word},
        {"idle_timeout", SIM_FIELD_DURATION, POLICY(idle_timeout)},
        {"max_requests_per_connection", SIM_FIELD_COUNT, POLICY(requests_per_conn)},
        {"anywhere", SIM_FIELD_BOOL, POLICY(anywhere)},
        {"counts_pending", SIM_FIELD_BOOL, POLICY(counts_pending)},
    };
    (void)what;
    struct sim_policy *policy = (struct sim_policy *)(void *)((char *)record + field->offset);
    sim_schema_read(L, -1, arena, "policy", fields, MC_COUNT_OF(fields), policy);
    if (policy->retry.steady) sim_schema_error(L, "policy.retry", "backoff", "jitter \"none\" is for applications: sidecars always draw it in full");
}

static void read_service_steps(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    sim_read_steps(L, arena, what, field, &((struct service_words *)record)->version);
}

static void read_service_start(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    sim_read_start_steps(L, arena, what, field, &((struct service_words *)record)->version);
}

static void read_versions(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record);

static const struct sim_field service_fields[] = {
    {"replicas", SIM_FIELD_COUNT, VERSION(replicas)},
    {"zones", SIM_FIELD_TEXTS, offsetof(struct service_words, zones)},
    {"steps", SIM_FIELD_READ, .read = read_service_steps},
    {"on_start", SIM_FIELD_READ, .read = read_service_start},
    {"concurrency", SIM_FIELD_COUNT, VERSION(concurrency)},
    {"queue", SIM_FIELD_COUNT, VERSION(queue)},
    {"cpu", SIM_FIELD_READ, VERSION(resources.cpu_limit_millis), .read = sim_read_cpu_quantity},
    {"error_rate", SIM_FIELD_SHARE, VERSION(error_ppm)},
    {"error_status", SIM_FIELD_COUNT, offsetof(struct service_words, error_status)},
    {"response_size", SIM_FIELD_SIZE, VERSION(response_bytes)},
    {"keep_alive", SIM_FIELD_DURATION, VERSION(keep_alive)},
    {"cancel", SIM_FIELD_BOOL, VERSION(cancel)},
    {"meshed", SIM_FIELD_BOOL, VERSION(meshed)},
    {"pod", SIM_FIELD_READ, VERSION(pod), .read = sim_read_pod},
    {"network", SIM_FIELD_READ, VERSION(network), .read = sim_read_pod_network},
    {"resources", SIM_FIELD_READ, VERSION(resources), .read = sim_read_resources},
    {"server", SIM_FIELD_READ, VERSION(server), .read = sim_read_server},
    {"framework", SIM_FIELD_SKIP},
    /* of services only */
    {"port", SIM_FIELD_COUNT, offsetof(struct service_words, port)},
    {"versions", SIM_FIELD_READ, .read = read_versions},
    {"weights", SIM_FIELD_SKIP},
    {"policy", SIM_FIELD_READ, offsetof(struct service_words, service.policy), .read = read_policy},
    {"workload", SIM_FIELD_READ, offsetof(struct service_words, service.workload), .read = sim_read_workload},
};
enum { VERSION_FIELDS = 18 };

/* framework = "node": its words first, so that the table at INDEX, read next, goes over them. */
static void begin_with_framework(lua_State *L, int index, struct mc_arena *arena, const char *what, struct service_words *words)
{
    if (lua_getfield(L, index, "framework") != LUA_TNIL) {
        struct mc_str name = sim_schema_text(L, -1, arena, what, "framework");
        const char *label = lua_pushfstring(L, "framework %s", name.p);
        sim_push_framework(L, what, name.p);
        sim_schema_read(L, -1, arena, label, service_fields, VERSION_FIELDS - 1, words);
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
}

/* LEAST replicas: a version may have none if another one has, as what is rolled out later. */
static void finish_version(lua_State *L, const char *what, struct service_words *words, uint32_t least)
{
    if (words->zones.count) {
        words->version.zones = words->zones.list;
        words->version.zone_count = words->zones.count;
    }
    if (words->version.replicas < least || words->version.replicas > 100000)
        sim_schema_error(L, what, "replicas", "%u is not between %u and 100000", words->version.replicas, least);
    if (words->error_status < 400 || words->error_status > 599)
        sim_schema_error(L, what, "error_status", "%u is not between 400 and 599", words->error_status);
    words->version.error_status = (uint16_t)words->error_status;
    /* Always, the default, is not for Jobs */
    bool job = words->service.workload.job.completions > 0;
    if (job && words->version.pod.restart_policy == SIM_RESTART_ALWAYS) words->version.pod.restart_policy = SIM_RESTART_NEVER;
    sim_resources_finish(L, what, &words->version.resources);
    words->version.cpu_millis = words->version.resources.cpu_limit_millis;
}

/* Each version starts from what the service says for all. Read in a second pass, after the other keys. */
static void read_versions(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    (void)arena, (void)field, (void)record;
    if (!lua_istable(L, -1)) sim_schema_error(L, what, "versions", "a table by name is expected, not a %s", luaL_typename(L, -1));
}

/* The versions of the service table at INDEX. */
static void fill_versions(lua_State *L, int index, struct mc_arena *arena, const char *what, struct service_words *words)
{
    if (lua_getfield(L, index, "versions") == LUA_TNIL) {
        struct sim_version *one = sim_schema_take(L, arena, sizeof *one);
        finish_version(L, what, words, 1);
        *one = words->version;
        one->name = MC_STR("v1");
        words->service.versions = one;
        words->service.version_count = 1;
        lua_pop(L, 1);
        return;
    }
    int versions = lua_gettop(L);
    mc_sandbox_push_sorted_keys(L, versions);
    uint32_t count = (uint32_t)lua_rawlen(L, -1);
    if (!count || count > 64) sim_schema_error(L, what, "versions", "%u versions: 1 to 64 are possible", count);
    struct sim_version *list = sim_schema_take(L, arena, count * sizeof *list);
    uint64_t replicas = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct service_words version = *words;
        lua_geti(L, versions + 1, i + 1);
        struct mc_str name = sim_schema_text(L, -1, arena, what, "versions");
        sim_schema_name(L, what, "versions", name);
        lua_gettable(L, versions);
        const char *label = lua_pushfstring(L, "%s/%s", what, name.p);
        if (lua_istable(L, -2)) begin_with_framework(L, lua_absindex(L, -2), arena, label, &version);
        sim_schema_read(L, -2, arena, label, service_fields, VERSION_FIELDS, &version);
        finish_version(L, label, &version, 0);
        list[i] = version.version;
        list[i].name = name;
        replicas += list[i].replicas;
        lua_pop(L, 2);
    }
    if (!replicas) sim_schema_error(L, what, "versions", "none of them has replicas");
    words->service.versions = list;
    words->service.version_count = count;
    lua_settop(L, versions - 1);
}

/* weights = { v1 = 90, v2 = 10 } */
static void fill_weights(lua_State *L, int index, struct mc_arena *arena, const char *what, struct sim_service *service)
{
    uint64_t total = 0;
    if (lua_getfield(L, index, "weights") == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    if (!lua_istable(L, -1)) sim_schema_error(L, what, "weights", "a table by version is expected, not a %s", luaL_typename(L, -1));
    uint32_t *weights = sim_schema_take(L, arena, service->version_count * sizeof *weights);
    struct sim_field fields[64];
    for (uint32_t i = 0; i < service->version_count; i++)
        fields[i] = (struct sim_field){service->versions[i].name.p, SIM_FIELD_COUNT, i * sizeof *weights};
    sim_schema_read(L, -1, arena, "weights", fields, service->version_count, weights);
    for (uint32_t i = 0; i < service->version_count; i++) total += weights[i];
    if (!total) sim_schema_error(L, what, "weights", "total weight is 0");
    service->weights = weights;
    lua_pop(L, 1);
}

/* The service table on the stack's top. */
static struct sim_service read_service(lua_State *L, struct mc_arena *arena, struct mc_str name, const struct service_words *defaults)
{
    struct service_words words = *defaults;
    int index = lua_gettop(L);
    const char *what = lua_pushfstring(L, "service %s", name.p);
    words.service.name = name;
    words.service.source = sim_lua_source(L, arena);
    if (lua_istable(L, index)) begin_with_framework(L, index, arena, what, &words);
    sim_schema_read(L, index, arena, what, service_fields, MC_COUNT_OF(service_fields), &words);
    if (words.port < 1 || words.port > 65535) sim_schema_error(L, what, "port", "%u is not between 1 and 65535", words.port);
    words.service.port = (uint16_t)words.port;
    fill_versions(L, index, arena, what, &words);
    fill_weights(L, index, arena, what, &words.service);
    lua_settop(L, index);
    return words.service;
}

/* ---- the topology ---- */

struct topology_words {
    struct sim_topology topology;
    struct sim_texts zones;
    struct service_words defaults;
    int services; /* stack index of the table, 0 if absent */
};

static void read_terms(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"latency", SIM_FIELD_DURATION, offsetof(struct sim_path_terms, latency)},
        {"jitter", SIM_FIELD_DURATION, offsetof(struct sim_path_terms, jitter)},
        {"loss", SIM_FIELD_SHARE, offsetof(struct sim_path_terms, loss_ppm)},
        {"bandwidth", SIM_FIELD_BIT_RATE, offsetof(struct sim_path_terms, bits_per_second)},
        {"idle_timeout", SIM_FIELD_DURATION, offsetof(struct sim_path_terms, idle_timeout)},
        {"idle_reset", SIM_FIELD_BOOL, offsetof(struct sim_path_terms, idle_reset)},
    };
    (void)what;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), (char *)record + field->offset);
}

static void read_link(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"same_machine", SIM_FIELD_READ, offsetof(struct sim_topology, same_machine), .read = read_terms},
        {"same_zone", SIM_FIELD_READ, offsetof(struct sim_topology, same_zone), .read = read_terms},
        {"cross_zone", SIM_FIELD_READ, offsetof(struct sim_topology, cross_zone), .read = read_terms},
        {"cross_region", SIM_FIELD_READ, offsetof(struct sim_topology, cross_region), .read = read_terms},
    };
    (void)what, (void)field;
    sim_schema_read(L, -1, arena, "link", fields, MC_COUNT_OF(fields), &((struct topology_words *)record)->topology);
}

static void read_machines(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"pods", SIM_FIELD_COUNT, offsetof(struct sim_topology, pods_per_machine)},
        {"cores", SIM_FIELD_COUNT, offsetof(struct sim_topology, cores_per_machine)},
        {"nic", SIM_FIELD_BIT_RATE, offsetof(struct sim_topology, nic_bits_per_second)},
    };
    struct sim_topology *topology = &((struct topology_words *)record)->topology;
    (void)what, (void)field;
    sim_schema_read(L, -1, arena, "machines", fields, MC_COUNT_OF(fields), topology);
    if (!topology->pods_per_machine) sim_schema_error(L, "machines", "pods", "at least 1");
    if (!topology->cores_per_machine) sim_schema_error(L, "machines", "cores", "at least 1");
}

static void read_defaults(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    (void)what, (void)field;
    if (lua_istable(L, -1)) begin_with_framework(L, lua_gettop(L), arena, "defaults", &((struct topology_words *)record)->defaults);
    sim_schema_read(L, -1, arena, "defaults", service_fields, VERSION_FIELDS + 1, &((struct topology_words *)record)->defaults);
}

/* The table by name of KEY: how many are in it, and its sorted names above it on the stack. */
static uint32_t push_sorted(lua_State *L, const char *key)
{
    if (lua_getfield(L, 1, key) == LUA_TNIL) return 0;
    if (!lua_istable(L, -1)) luaL_error(L, "topology: '%s': a table by name is expected, not a %s", key, luaL_typename(L, -1));
    mc_sandbox_push_sorted_keys(L, lua_gettop(L));
    return (uint32_t)lua_rawlen(L, -1);
}

static struct sim_service read_external(lua_State *L, struct mc_arena *arena, struct mc_str name)
{
    static const struct service_words defaults = {
        .version = {.replicas = 1, .response_bytes = 1024}, .port = 80, .error_status = 500};
    const char *what = lua_pushfstring(L, "external %s", name.p);
    lua_insert(L, -2); /* the table on top */
    struct sim_external external = sim_take_external(L, arena, what);
    struct sim_service service = read_service(L, arena, name, &defaults);
    service.external = external;
    return service;
}

/* Whether inside the cluster or outside: by name. TABLE is where the table stands. */
static void fill_list(lua_State *L, struct mc_arena *arena, const struct topology_words *words, int table, uint32_t count, struct sim_service *list)
{
    for (uint32_t i = 0; i < count; i++) {
        lua_geti(L, table + 1, i + 1);
        struct mc_str name = sim_schema_text(L, -1, arena, "topology", "services");
        sim_schema_name(L, "topology", words ? "services" : "external", name);
        lua_gettable(L, table);
        list[i] = words ? read_service(L, arena, name, &words->defaults) : read_external(L, arena, name);
        sim_check_network(L, &list[i]);
        lua_settop(L, table + 1);
    }
    lua_settop(L, table - 1);
}

static void fill_services(lua_State *L, struct mc_arena *arena, struct topology_words *words)
{
    int top = lua_gettop(L);
    uint32_t outside = push_sorted(L, "external");
    lua_settop(L, top);
    uint32_t count = push_sorted(L, "services");
    if (!count) luaL_error(L, "topology: 'services': there is none");
    struct sim_service *list = sim_schema_take(L, arena, (count + outside) * sizeof *list);
    fill_list(L, arena, words, top + 1, count, list);
    if (push_sorted(L, "external")) fill_list(L, arena, NULL, top + 1, outside, list + count);
    for (uint32_t i = count; i < count + outside; i++)
        for (uint32_t k = 0; k < count; k++)
            if (mc_str_eq(list[i].name, list[k].name)) luaL_error(L, "topology: 'external': %s is a service already", list[i].name.p);
    lua_settop(L, top);
    words->topology.services = list;
    words->topology.service_count = count + outside;
}

static void default_zones(lua_State *L, struct mc_arena *arena, struct topology_words *words)
{
    if (!words->zones.count) {
        struct mc_str *one = sim_schema_take(L, arena, sizeof *one);
        *one = MC_STR("a");
        words->zones = (struct sim_texts){one, 1};
    }
    for (uint32_t i = 0; i < words->zones.count; i++) sim_schema_name(L, "topology", "zones", words->zones.list[i]);
    words->topology.zones = words->zones.list;
    words->topology.zone_count = words->zones.count;
}

static int make_topology(lua_State *L)
{
    static const struct sim_field fields[] = {
        {"name", SIM_FIELD_TEXT, offsetof(struct topology_words, topology.name)},
        {"zones", SIM_FIELD_TEXTS, offsetof(struct topology_words, zones)},
        {"link", SIM_FIELD_READ, .read = read_link},
        {"machines", SIM_FIELD_READ, .read = read_machines},
        {"defaults", SIM_FIELD_READ, .read = read_defaults},
        {"services", SIM_FIELD_SKIP, .required = true},
        {"external", SIM_FIELD_SKIP},
        {"dns", SIM_FIELD_READ, offsetof(struct topology_words, topology.dns), .read = sim_read_dns},
    };
    struct mc_arena *arena = sim_topology_arena(L);
    struct topology_words words = {
        .topology = {.name = MC_STR("topology"),
                     .same_machine = {.latency = 30 * MC_US},
                     .same_zone = {.latency = 250 * MC_US, .jitter = 50 * MC_US},
                     .cross_zone = {.latency = 1 * MC_MS, .jitter = 200 * MC_US},
                     .cross_region = {.latency = 30 * MC_MS, .jitter = 2 * MC_MS},
                     .pods_per_machine = 8,
                     .cores_per_machine = 8},
        .defaults = {.version = {.replicas = 1, .response_bytes = 1024, .meshed = true}, .port = 8080, .error_status = 500},
    };
    lua_settop(L, 1);
    sim_schema_read(L, 1, arena, "topology", fields, MC_COUNT_OF(fields), &words);
    default_zones(L, arena, &words);
    fill_services(L, arena, &words);
    struct sim_topology *kept = sim_schema_take(L, arena, sizeof *kept);
    *kept = words.topology;
    *(struct sim_topology **)lua_newuserdatauv(L, sizeof kept, 0) = kept;
    luaL_setmetatable(L, topology_type);
    return 1;
}

void sim_topology_open(lua_State *L, struct mc_arena *arena)
{
    lua_pushlightuserdata(L, arena);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &arena_key);
    luaL_newmetatable(L, topology_type);
    lua_pop(L, 1);
    sim_steps_open(L);
    lua_pushcfunction(L, make_topology);
    lua_setglobal(L, "topology");
}
