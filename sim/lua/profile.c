/* Mesh personalities and kernel constants: profile{} and kernel{}, data files in Lua. */
#include "sim/lua/script_parts.h"
#include "sim/lua/topology_parts.h"

static const char *const profile_type = "profile";
static const char *const kernel_type = "kernel";

void sim_read_permille(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    (void)arena;
    *(uint32_t *)(void *)((char *)record + field->offset) = sim_schema_share(L, -1, what, field->name) / 1000;
}

static void read_percent(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    (void)arena;
    *(uint32_t *)(void *)((char *)record + field->offset) = sim_schema_share(L, -1, what, field->name) / 10000;
}

/* A limit: a number, or "none". */
static void read_limit(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    uint32_t *at = (uint32_t *)(void *)((char *)record + field->offset);
    (void)arena;
    *at = UINT32_MAX;
    if (lua_type(L, -1) == LUA_TSTRING && !strcmp(lua_tostring(L, -1), "none")) return;
    if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < 1 || lua_tointeger(L, -1) > UINT32_MAX)
        sim_schema_error(L, what, field->name, "a number from 1 or \"none\" is expected, not %s", mc_sandbox_text(L, -1));
    *at = (uint32_t)lua_tointeger(L, -1);
}

static void read_word(lua_State *L, const char *what, const struct sim_field *field, const char *const *words, void *record)
{
    struct mc_str *at = (struct mc_str *)(void *)((char *)record + field->offset);
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL, *nearest = words[0];
    for (int i = 0; text && words[i]; i++) {
        if (!strcmp(text, words[i])) {
            *at = mc_str_c(words[i]);
            return;
        }
        if (mc_str_distance(mc_str_c(text), mc_str_c(words[i])) < mc_str_distance(mc_str_c(text), mc_str_c(nearest))) nearest = words[i];
    }
    sim_schema_error(L, what, field->name, "\"%s\" is not known: did you mean \"%s\"?", mc_sandbox_text(L, -1), nearest);
}

static void read_mtls(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const char *const words[] = {"strict", "permissive", "disable", NULL};
    (void)arena;
    read_word(L, what, field, words, record);
}

static void read_balancer(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const char *const words[] = {"round_robin", "random", "least_request", "peak_ewma", NULL};
    (void)arena;
    read_word(L, what, field, words, record);
}

static void read_outbound(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const char *const words[] = {"ALLOW_ANY", "REGISTRY_ONLY", NULL}; /* MeshConfig.OutboundTrafficPolicy */
    struct mc_str word;
    (void)arena;
    read_word(L, what, &(struct sim_field){.name = field->name}, words, &word);
    *(bool *)((char *)record + field->offset) = mc_str_eq(word, MC_STR("REGISTRY_ONLY"));
}

#define AT(member) offsetof(struct sim_profile, member)

static void read_limits(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"max_connections", SIM_FIELD_READ, AT(max_connections), .read = read_limit},
        {"max_pending_requests", SIM_FIELD_READ, AT(max_pending), .read = read_limit},
        {"max_requests", SIM_FIELD_READ, AT(max_requests), .read = read_limit},
        {"max_retries", SIM_FIELD_READ, AT(max_retries), .read = read_limit},
    };
    (void)what, (void)field;
    sim_schema_read(L, -1, arena, "profile.circuit", fields, MC_COUNT_OF(fields), record);
}

static void read_push(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"debounce_quiet", SIM_FIELD_DURATION, AT(debounce_quiet)},
        {"debounce_max", SIM_FIELD_DURATION, AT(debounce_max)},
    };
    (void)what, (void)field;
    sim_schema_read(L, -1, arena, "profile.push", fields, MC_COUNT_OF(fields), record);
}

static void read_pki(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"workload_ttl", SIM_FIELD_DURATION, AT(cert_ttl)},
        {"renew_at", SIM_FIELD_READ, AT(renew_permille), .read = sim_read_permille},
        {"renew_jitter", SIM_FIELD_READ, AT(renew_jitter_permille), .read = sim_read_permille},
        {"clock_skew_leeway", SIM_FIELD_DURATION, AT(clock_leeway)},
        {"retry_base", SIM_FIELD_DURATION, AT(renew_retry_base)},
        {"retry_max", SIM_FIELD_DURATION, AT(renew_retry_max)},
        {"retry_at", SIM_FIELD_READ, AT(renew_retry_permille), .read = sim_read_permille},
        {"root_ttl", SIM_FIELD_DURATION, AT(root_ttl)},
        {"anchors_are_keys", SIM_FIELD_BOOL, AT(anchors_are_keys)},
    };
    (void)what, (void)field;
    sim_schema_read(L, -1, arena, "profile.pki", fields, MC_COUNT_OF(fields), record);
}

static void read_memory(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    struct words { uint32_t bytes; } words = {0};
    static const struct sim_field size = {"memory", SIM_FIELD_SIZE, offsetof(struct words, bytes)};
    (void)what, (void)field;
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, "memory");
    sim_schema_read(L, -1, arena, "profile.proxy", &size, 1, &words);
    lua_pop(L, 1);
    ((struct sim_profile *)record)->proxy_memory_kib = words.bytes / 1024;
}

static void read_proxy(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"cpu_millis", SIM_FIELD_COUNT, AT(proxy_cpu_millis)},
        {"workers", SIM_FIELD_COUNT, AT(proxy_workers)},
        {"memory", SIM_FIELD_READ, .read = read_memory},
        {"memory_per_cluster", SIM_FIELD_SIZE, AT(proxy_cluster_bytes)},
        {"memory_per_endpoint", SIM_FIELD_SIZE, AT(proxy_endpoint_bytes)},
        {"resources", SIM_FIELD_READ, AT(proxy), .read = sim_read_resources},
    };
    struct sim_profile *profile = record;
    (void)what, (void)field;
    profile->proxy.cpu_limit_millis = 0;
    sim_schema_read(L, -1, arena, "profile.proxy", fields, MC_COUNT_OF(fields), profile);
    if (profile->proxy.cpu_limit_millis) profile->proxy_cpu_millis = profile->proxy.cpu_limit_millis;
    profile->proxy.cpu_limit_millis = profile->proxy_cpu_millis;
    profile->proxy.memory.base = (uint64_t)profile->proxy_memory_kib * 1024;
    sim_resources_finish(L, "profile.proxy", &profile->proxy);
}

static void read_price(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
#define PRICE(member) {#member, SIM_FIELD_DURATION, AT(price.member)}
    static const struct sim_field fields[] = {
        PRICE(connection), PRICE(request), PRICE(response), PRICE(body_kib),
        PRICE(tls_kib), PRICE(handshake), PRICE(resource), PRICE(signature),
    };
#undef PRICE
    (void)what, (void)field;
    sim_schema_read(L, -1, arena, "profile.price", fields, MC_COUNT_OF(fields), record);
}

static const struct sim_field profile_fields[] = {
    {"name", SIM_FIELD_TEXT, AT(name), .required = true},
    {"version", SIM_FIELD_TEXT, AT(version)},
    {"base", SIM_FIELD_SKIP},
    {"sidecars", SIM_FIELD_BOOL, AT(sidecars)},
    {"sidecar", SIM_FIELD_READ, AT(sidecar), .read = sim_read_sidecar},
    {"identity", SIM_FIELD_BOOL, AT(identity)},
    {"control_plane", SIM_FIELD_BOOL, AT(control_plane)},
    {"rollouts", SIM_FIELD_BOOL, AT(rollouts)},
    {"outboundTrafficPolicy", SIM_FIELD_READ, AT(registry_only), .read = read_outbound},
    {"mtls", SIM_FIELD_READ, AT(mtls), .read = read_mtls},
    {"balancer", SIM_FIELD_READ, AT(balancer), .read = read_balancer},
    {"least_request_choices", SIM_FIELD_COUNT, AT(least_request_choices)},
    {"retry", SIM_FIELD_READ, AT(retry), .read = sim_read_retry},
    {"tcp", SIM_FIELD_READ, AT(sockets), .read = sim_read_sockets},
    {"timeout", SIM_FIELD_DURATION, AT(timeout)},
    {"connect_timeout", SIM_FIELD_DURATION, AT(connect_timeout)},
    {"circuit", SIM_FIELD_READ, .read = read_limits},
    {"panic", SIM_FIELD_READ, AT(panic_percent), .read = read_percent},
    {"locality_failover", SIM_FIELD_BOOL, AT(locality_failover)},
    {"push", SIM_FIELD_READ, .read = read_push},
    {"pki", SIM_FIELD_READ, .read = read_pki},
    {"proxy", SIM_FIELD_READ, .read = read_proxy},
    {"price", SIM_FIELD_READ, .read = read_price},
};

/* profile { name = , … }, or profile { base = "istio-sidecar", name = , what differs } */
static int make_profile(lua_State *L)
{
    struct mc_arena *arena = &sim_reading_of(L)->arena;
    struct sim_profile profile = {
        .mtls = MC_STR("disable"), .balancer = MC_STR("round_robin"), .least_request_choices = 2,
        .max_connections = UINT32_MAX, .max_pending = UINT32_MAX, .max_requests = UINT32_MAX, .max_retries = UINT32_MAX,
    };
    lua_settop(L, 1);
    luaL_checktype(L, 1, LUA_TTABLE);
    if (lua_getfield(L, 1, "base") != LUA_TNIL) profile = *sim_profile_find(L, -1);
    sim_schema_read(L, 1, arena, "profile", profile_fields, MC_COUNT_OF(profile_fields), &profile);
    if (profile.identity && profile.cert_ttl <= 0) return sim_schema_error(L, "profile", "pki", "'workload_ttl' is missing");
    struct sim_profile *kept = sim_schema_take(L, arena, sizeof *kept);
    *kept = profile;
    *(struct sim_profile **)lua_newuserdatauv(L, sizeof kept, 0) = kept;
    luaL_setmetatable(L, profile_type);
    return 1;
}

const struct sim_profile *sim_profile_find(lua_State *L, int index)
{
    struct sim_profile *const *held = luaL_testudata(L, index, profile_type);
    if (held) return *held;
    if (lua_type(L, index) != LUA_TSTRING) luaL_error(L, "profile: a name or profile{} is expected, not a %s", luaL_typename(L, index));
    const char *name = lua_tostring(L, index);
    sim_files_shipped(L, "topologies/profiles", name, "profile");
    held = luaL_testudata(L, -1, profile_type);
    if (!held) luaL_error(L, "profile '%s': its file returns no profile{}", name);
    lua_pop(L, 1);
    return *held;
}

/* ---- the kernel ---- */

static uint64_t number_at(lua_State *L, const char *key, lua_Integer at)
{
    lua_geti(L, -1, at);
    int exact;
    lua_Integer value = lua_tointegerx(L, -1, &exact);
    if (!exact || value < 0) sim_schema_error(L, "kernel", key, "numbers are expected");
    lua_pop(L, 1);
    return (uint64_t)value;
}

static void read_ports(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    (void)arena;
    if (!lua_istable(L, -1)) sim_schema_error(L, what, field->name, "{ first, last } is expected");
    uint64_t first = number_at(L, field->name, 1), last = number_at(L, field->name, 2);
    if (first < 1024 || last > 65535 || first > last) sim_schema_error(L, what, field->name, "not a range of ports");
    ((struct sim_kernel *)record)->ephemeral_ports = (uint32_t)(last - first + 1);
}

/* Half of the buffer is window: net.ipv4.tcp_adv_win_scale is 1. */
static void read_rmem(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    (void)arena;
    if (!lua_istable(L, -1)) sim_schema_error(L, what, field->name, "{ least, default, most } is expected");
    uint64_t most = number_at(L, field->name, 3);
    if (most < 4096 || most > 1u << 31) sim_schema_error(L, what, field->name, "%u is not between 4096 and 2 GiB", (unsigned)most);
    ((struct sim_kernel *)record)->receive_window = most / 2;
}

#undef AT
#define AT(member) offsetof(struct sim_kernel, member)
static const struct sim_field kernel_fields[] = {
    {"TCP_INIT_CWND", SIM_FIELD_COUNT, AT(initial_window)},
    {"TCP_MSS", SIM_FIELD_COUNT, AT(mss)},
    {"TCP_RTO_MIN", SIM_FIELD_DURATION, AT(rto_min)},
    {"TCP_RTO_MAX", SIM_FIELD_DURATION, AT(rto_max)},
    {"TCP_TIMEOUT_INIT", SIM_FIELD_DURATION, AT(syn_rto)},
    {"TCP_TIMEWAIT_LEN", SIM_FIELD_DURATION, AT(time_wait)},
    {"net.ipv4.tcp_syn_retries", SIM_FIELD_COUNT, AT(syn_retries)},
    {"net.ipv4.tcp_syn_linear_timeouts", SIM_FIELD_COUNT, AT(syn_linear)},
    {"net.ipv4.tcp_synack_retries", SIM_FIELD_COUNT, AT(synack_retries)},
    {"net.ipv4.tcp_orphan_retries", SIM_FIELD_COUNT, AT(orphan_retries)},
    {"net.ipv4.tcp_keepalive_intvl", SIM_FIELD_DURATION, AT(keepalive_interval)},
    {"net.ipv4.tcp_keepalive_probes", SIM_FIELD_COUNT, AT(keepalive_probes)},
    {"net.ipv4.tcp_retries2", SIM_FIELD_COUNT, AT(retries2)},
    {"net.ipv4.ip_local_port_range", SIM_FIELD_READ, .read = read_ports},
    {"net.ipv4.tcp_rmem", SIM_FIELD_READ, .read = read_rmem},
    {"net.core.somaxconn", SIM_FIELD_COUNT, AT(somaxconn)},
    {"resolv.timeout", SIM_FIELD_DURATION, AT(dns_timeout)},
    {"resolv.attempts", SIM_FIELD_COUNT, AT(dns_attempts)},
    {"CONFIG_HZ", SIM_FIELD_COUNT, AT(hz)},
};

static void check_kernel(lua_State *L, const struct sim_kernel *kernel)
{
    if (!kernel->initial_window) sim_schema_error(L, "kernel", "TCP_INIT_CWND", "at least 1");
    if (kernel->mss < 88) sim_schema_error(L, "kernel", "TCP_MSS", "at least 88");
    if (kernel->rto_min <= 0 || kernel->rto_max < kernel->rto_min) sim_schema_error(L, "kernel", "TCP_RTO_MAX", "not under TCP_RTO_MIN, and both over 0");
    if (kernel->syn_rto <= 0) sim_schema_error(L, "kernel", "TCP_TIMEOUT_INIT", "over 0");
    if (kernel->hz > 10000) sim_schema_error(L, "kernel", "CONFIG_HZ", "%d is over 10000", (int)kernel->hz);
    if (!kernel->somaxconn) sim_schema_error(L, "kernel", "net.core.somaxconn", "at least 1");
}

static int make_kernel(lua_State *L)
{
    struct sim_kernel kernel = {0};
    sim_schema_read(L, 1, &sim_reading_of(L)->arena, "kernel", kernel_fields, MC_COUNT_OF(kernel_fields), &kernel);
    check_kernel(L, &kernel);
    *(struct sim_kernel *)lua_newuserdatauv(L, sizeof kernel, 0) = kernel;
    luaL_setmetatable(L, kernel_type);
    return 1;
}

struct sim_kernel sim_kernel_read(lua_State *L, int index)
{
    bool given = index && !lua_isnoneornil(L, index);
    if (given) index = lua_absindex(L, index);
    sim_files_shipped(L, "topologies/profiles", "kernel", "profile");
    const struct sim_kernel *shipped = luaL_testudata(L, -1, kernel_type);
    if (!shipped) luaL_error(L, "topologies/profiles/kernel.lua returns no kernel{}");
    struct sim_kernel kernel = *shipped;
    lua_pop(L, 1);
    if (!given) return kernel;
    sim_schema_read(L, index, &sim_reading_of(L)->arena, "kernel", kernel_fields, MC_COUNT_OF(kernel_fields), &kernel);
    check_kernel(L, &kernel);
    return kernel;
}

void sim_profile_open(lua_State *L)
{
    luaL_newmetatable(L, profile_type);
    luaL_newmetatable(L, kernel_type);
    lua_pop(L, 2);
    lua_pushcfunction(L, make_profile);
    lua_setglobal(L, "profile");
    sim_kubernetes_open(L);
    lua_pushcfunction(L, make_kernel);
    lua_setglobal(L, "kernel");
}
