/* scenario(), describe() and var(): what a file declares, checked when it is declared. */
#include "sim/lua/script_parts.h"
#include "sim/lua/topology.h"

struct scenario_words {
    struct sim_declared declared;
    struct sim_texts tags, invariants;
};

#define AT(member) offsetof(struct scenario_words, declared.member)

static struct sim_declared *words_of(void *record)
{
    return &((struct scenario_words *)record)->declared;
}

/* ---- fields ---- */

static void read_topology(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    (void)arena;
    words_of(record)->plan.topology = *sim_topology_check(L, -1, what, field->name);
}

static void add_profile(lua_State *L, struct mc_arena *arena, struct sim_declared *declared, const struct sim_profile *profile)
{
    const struct sim_profile **list = sim_schema_take(L, arena, (declared->profile_count + 1) * sizeof *list);
    if (declared->profile_count) memcpy(list, declared->profiles, declared->profile_count * sizeof *list);
    for (uint32_t i = 0; i < declared->profile_count; i++)
        if (mc_str_eq(list[i]->name, profile->name)) return;
    list[declared->profile_count++] = profile;
    declared->profiles = list;
}

static void add_every_profile(lua_State *L, struct mc_arena *arena, struct sim_declared *declared)
{
    enum { MOST = 64 };
    const struct sim_script_options *options = &sim_reading_of(L)->script->options;
    struct sim_shipped *list = lua_newuserdatauv(L, MOST * sizeof *list, 0);
    uint32_t count = sim_script_shipped(options->roots, options->root_count, "profiles", list, MOST);
    for (uint32_t i = 0; i < count; i++) {
        lua_pushstring(L, list[i].name);
        add_profile(L, arena, declared, sim_profile_find(L, -1));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* The profile, or "all", on the stack's top. */
static void read_one_profile(lua_State *L, struct mc_arena *arena, struct sim_declared *declared)
{
    if (lua_type(L, -1) == LUA_TSTRING && !strcmp(lua_tostring(L, -1), "all")) add_every_profile(L, arena, declared);
    else add_profile(L, arena, declared, sim_profile_find(L, -1));
}

static void read_profiles(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    struct sim_declared *declared = words_of(record);
    (void)what, (void)field;
    if (!lua_istable(L, -1)) {
        read_one_profile(L, arena, declared);
        return;
    }
    for (lua_Integer i = 1; lua_geti(L, -1, i) != LUA_TNIL; i++) {
        read_one_profile(L, arena, declared);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static uint64_t read_seed(lua_State *L, const char *what, const char *key)
{
    if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < 0)
        sim_schema_error(L, what, key, "a whole number from 0 is expected, not %s", mc_sandbox_text(L, -1));
    return (uint64_t)lua_tointeger(L, -1);
}

/* seeds = 20 is 1 to 20; seeds = { 7, 13 } are those. */
static void read_seeds(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    enum { MOST = 100000 };
    struct sim_declared *declared = words_of(record);
    bool listed = lua_istable(L, -1);
    uint64_t count = listed ? lua_rawlen(L, -1) : read_seed(L, what, field->name);
    if (count < 1 || count > MOST) sim_schema_error(L, what, field->name, "from 1 to %d of them", MOST);
    uint64_t *seeds = sim_schema_take(L, arena, count * sizeof *seeds);
    for (uint64_t i = 0; i < count; i++) {
        seeds[i] = i + 1;
        if (!listed) continue;
        lua_geti(L, -1, (lua_Integer)i + 1);
        seeds[i] = read_seed(L, what, field->name);
        lua_pop(L, 1);
    }
    declared->seeds = seeds;
    declared->seed_count = (uint32_t)count;
}

static void read_one_seed(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    struct sim_declared *declared = words_of(record);
    uint64_t *seed = sim_schema_take(L, arena, sizeof *seed);
    *seed = read_seed(L, what, field->name);
    declared->seeds = seed;
    declared->seed_count = 1;
}

static void read_pki(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"workload_ttl", SIM_FIELD_DURATION, AT(pki.ttl), .given = AT(pki.has_ttl)},
        {"renew_at", SIM_FIELD_READ, AT(pki.renew_permille), .read = sim_read_permille, .given = AT(pki.has_renew)},
        {"renew_jitter", SIM_FIELD_READ, AT(pki.jitter_permille), .read = sim_read_permille, .given = AT(pki.has_jitter)},
        {"clock_skew_leeway", SIM_FIELD_DURATION, AT(pki.leeway), .given = AT(pki.has_leeway)},
        {"trust_domain", SIM_FIELD_TEXT, AT(plan.trust_domain)},
    };
    (void)what, (void)field;
    sim_schema_read(L, -1, arena, "pki", fields, MC_COUNT_OF(fields), record);
    const struct sim_pki *pki = &words_of(record)->pki;
    if (pki->has_ttl && pki->ttl < MC_S) sim_schema_error(L, "pki", "workload_ttl", "at least 1s");
}

static void read_steady(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    (void)arena;
    if (!lua_isfunction(L, -1)) sim_schema_error(L, what, field->name, "a function is expected, not a %s", luaL_typename(L, -1));
    lua_pushvalue(L, -1);
    words_of(record)->steady = luaL_ref(L, LUA_REGISTRYINDEX);
}

static void read_kernel(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    (void)arena, (void)what, (void)field;
    words_of(record)->plan.kernel = sim_kernel_read(L, lua_gettop(L));
}

static void read_kubernetes(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    (void)arena, (void)what, (void)field;
    words_of(record)->plan.kubernetes = sim_kubernetes_read(L, lua_gettop(L));
}

static const struct sim_field scenario_fields[] = {
    {"topology", SIM_FIELD_READ, .read = read_topology, .required = true},
    {"profile", SIM_FIELD_READ, .read = read_profiles},
    {"profiles", SIM_FIELD_READ, .read = read_profiles},
    {"seed", SIM_FIELD_READ, .read = read_one_seed},
    {"seeds", SIM_FIELD_READ, .read = read_seeds},
    {"duration", SIM_FIELD_DURATION, AT(plan.duration)},
    {"warm_up", SIM_FIELD_DURATION, AT(plan.warm_up)},
    {"window", SIM_FIELD_DURATION, AT(plan.window)},
    {"thresholds", SIM_FIELD_READ, AT(plan), .read = sim_read_thresholds},
    {"invariants", SIM_FIELD_TEXTS, offsetof(struct scenario_words, invariants)},
    {"steady_state", SIM_FIELD_READ, .read = read_steady},
    {"pki", SIM_FIELD_READ, .read = read_pki},
    {"kernel", SIM_FIELD_READ, .read = read_kernel},
    {"kubernetes", SIM_FIELD_READ, .read = read_kubernetes},
    {"tags", SIM_FIELD_TEXTS, offsetof(struct scenario_words, tags)},
    {"expect_fail", SIM_FIELD_TEXT, AT(expect_fail)},
    {"pending", SIM_FIELD_TEXT, AT(pending)},
    {"min_samples", SIM_FIELD_COUNT, AT(plan.min_samples)},
};

/* ---- completing ---- */

static void sort_tags(lua_State *L, struct mc_arena *arena, const struct sim_texts *tags, struct sim_declared *declared)
{
    struct mc_str *list = sim_schema_take(L, arena, tags->count * sizeof *list);
    uint32_t count = 0;
    for (uint32_t i = 0; i < tags->count; i++) {
        uint32_t at = count;
        while (at > 0 && mc_str_cmp(tags->list[i], list[at - 1]) < 0) at--;
        if (at > 0 && mc_str_eq(tags->list[i], list[at - 1])) continue;
        memmove(list + at + 1, list + at, (count - at) * sizeof *list);
        list[at] = tags->list[i];
        count++;
    }
    declared->tags = list;
    declared->tag_count = count;
}

static int find_profile(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)(uintptr_t)sim_profile_find(L, 1));
    return 1;
}

/* One of OWN by its name, else one that is shipped. Another scenario of the file may have made one of that name:
 * only a name that none knows is a mistake (sim_script_load). */
static void choose_profile(lua_State *L, struct mc_arena *arena, struct sim_declared *declared, const struct sim_declared *own, uint32_t option)
{
    struct sim_reading *reading = sim_reading_of(L);
    struct mc_str name = mc_str_c(reading->script->options.profiles[option]);
    const struct sim_profile *found = NULL;
    for (uint32_t i = 0; i < own->profile_count && !found; i++)
        if (mc_str_eq(own->profiles[i]->name, name)) found = own->profiles[i];
    lua_pushstring(L, name.p);
    if (mc_str_eq(name, MC_STR("all"))) add_every_profile(L, arena, declared);
    else if (!found) {
        lua_pushcfunction(L, find_profile);
        lua_pushvalue(L, -2);
        if (lua_pcall(L, 1, 1, 0) == LUA_OK) found = lua_touserdata(L, -1);
        else sim_error_set(&reading->unknown_profile, declared->source, "%s", mc_sandbox_text(L, -1));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    if (found) add_profile(L, arena, declared, found);
    if (found || mc_str_eq(name, MC_STR("all"))) reading->known_profiles |= UINT64_C(1) << (option % 64);
}

static void choose_profiles(lua_State *L, struct mc_arena *arena, struct sim_declared *declared)
{
    const struct sim_script_options *options = &sim_reading_of(L)->script->options;
    const struct sim_declared own = *declared;
    if (options->profile_count) declared->profiles = NULL, declared->profile_count = 0;
    for (uint32_t i = 0; i < options->profile_count; i++) choose_profile(L, arena, declared, &own, i);
    if (declared->profile_count || options->profile_count) return;
    lua_pushliteral(L, "istio-sidecar");
    read_one_profile(L, arena, declared);
    lua_pop(L, 1);
}

/* What the command line says instead of the script, then the defaults. */
static void fill_choices(lua_State *L, struct mc_arena *arena, struct sim_declared *declared)
{
    static const uint64_t first_seed[] = {1};
    const struct sim_script_options *options = &sim_reading_of(L)->script->options;
    choose_profiles(L, arena, declared);
    if (!declared->seed_count) {
        declared->seeds = first_seed;
        declared->seed_count = 1;
    }
    if (options->seed_count) {
        declared->seeds = options->seeds;
        declared->seed_count = options->seed_count;
    }
    if (options->duration) declared->plan.duration = options->duration;
}

static void check_times(lua_State *L, const char *what, const struct sim_plan *plan)
{
    if (plan->duration <= 0) sim_schema_error(L, what, "duration", "over 0");
    if (plan->window < 100 * MC_MS) sim_schema_error(L, what, "window", "at least 100ms");
    if (plan->min_samples < 1) sim_schema_error(L, what, "min_samples", "at least 1");
}

static void check_unique(lua_State *L, const struct sim_reading *reading, const struct sim_declared *declared)
{
    for (const struct sim_declared *other = reading->declared; other; other = other->next)
        if (mc_str_eq(other->name, declared->name) && mc_str_eq(other->variant_json, declared->variant_json))
            luaL_error(L, "scenario '%s' is declared twice: first in line %d", declared->name.p, other->source.line);
}

enum { NAME_MAX_BYTES = 200 };

static struct mc_str full_name(lua_State *L, struct sim_reading *reading)
{
    size_t n;
    if (lua_type(L, 1) != LUA_TSTRING) luaL_error(L, "scenario: a name is expected first, not a %s", luaL_typename(L, 1));
    const char *own = lua_tolstring(L, 1, &n);
    if (!n) luaL_error(L, "scenario: its name is empty");
    if (n > NAME_MAX_BYTES) luaL_error(L, "scenario: its name has %d characters: at most %d", (int)n, NAME_MAX_BYTES);
    const char *whole = reading->prefix.n ? lua_pushfstring(L, "%s / %s", reading->prefix.p, own) : own;
    struct mc_str name = mc_arena_copy(&reading->arena, mc_str_c(whole));
    if (!name.p) luaL_error(L, "out of memory");
    lua_settop(L, 3);
    return name;
}

static struct scenario_words default_words(lua_State *L, struct sim_reading *reading, struct mc_str name)
{
    struct sim_source source = sim_lua_source(L, &reading->arena);
    return (struct scenario_words){.declared = {
        .name = name, .variant_json = reading->variant_json, .source = source,
        .expect_fail = MC_STR(""), .pending = MC_STR(""), .body = LUA_NOREF, .steady = LUA_NOREF,
        .plan = {
            .arena = &reading->arena, .scenario = name, .source = source, .variant_json = reading->variant_json,
            .expect_fail = MC_STR(""), .duration = MC_MIN, .warm_up = 5 * MC_S, .window = MC_S,
            .trust_domain = MC_STR("cluster.local"), .min_samples = 1,
        },
    }};
}

/* scenario(name, options, function(s) … end) */
static int declare_scenario(lua_State *L)
{
    struct sim_reading *reading = sim_reading_of(L);
    struct mc_arena *arena = &reading->arena;
    if (reading->phase != SIM_READING_FILE) return luaL_error(L, "scenario: not within another scenario");
    if (reading->declared_count == SIM_SCENARIOS_MAX) return luaL_error(L, "scenario: more than %d in one file", SIM_SCENARIOS_MAX);
    lua_settop(L, 3);
    struct mc_str name = full_name(L, reading);
    const char *what = lua_pushfstring(L, "scenario '%s'", name.p);
    struct scenario_words words = default_words(L, reading, name);
    if (!lua_isfunction(L, 3)) return luaL_error(L, "%s: a function is expected last, not a %s", what, luaL_typename(L, 3));
    if (!lua_istable(L, 2)) return luaL_error(L, "%s: a table of options is expected second, not a %s", what, luaL_typename(L, 2));
    words.declared.plan.kernel = sim_kernel_read(L, 0);
    words.declared.plan.kubernetes = sim_kubernetes_read(L, 0);
    sim_schema_read(L, 2, arena, what, scenario_fields, MC_COUNT_OF(scenario_fields), &words);
    fill_choices(L, arena, &words.declared);
    check_times(L, what, &words.declared.plan);
    check_unique(L, reading, &words.declared);
    sort_tags(L, arena, &words.tags, &words.declared);
    words.declared.plan.invariants = words.invariants.list;
    words.declared.plan.invariant_count = words.invariants.count;
    words.declared.plan.expect_fail = words.declared.expect_fail;
    lua_pushvalue(L, 3);
    words.declared.body = luaL_ref(L, LUA_REGISTRYINDEX);
    struct sim_declared *kept = sim_schema_take(L, arena, sizeof *kept);
    *kept = words.declared;
    *reading->declared_end = kept;
    reading->declared_end = &kept->next;
    reading->declared_count++;
    return 0;
}

/* describe(name, function() … end): the scenarios within are named after both. */
static int describe(lua_State *L)
{
    struct sim_reading *reading = sim_reading_of(L);
    struct mc_str before = reading->prefix;
    const char *name = luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    if (reading->phase != SIM_READING_FILE) return luaL_error(L, "describe: not within a scenario");
    const char *whole = before.n ? lua_pushfstring(L, "%s / %s", before.p, name) : name;
    reading->prefix = mc_arena_copy(&reading->arena, mc_str_c(whole));
    if (!reading->prefix.p) return luaL_error(L, "out of memory");
    lua_pushvalue(L, 2);
    lua_call(L, 0, 0);
    reading->prefix = before;
    return 0;
}

/* var(name[, default]): what -D name=value gave. */
static int variable(lua_State *L)
{
    const struct sim_script_options *options = &sim_reading_of(L)->script->options;
    const char *name = luaL_checkstring(L, 1);
    for (uint32_t i = 0; i < options->var_count; i++) {
        if (strcmp(options->vars[i].name, name) != 0) continue;
        if (lua_stringtonumber(L, options->vars[i].value) == 0) lua_pushstring(L, options->vars[i].value);
        return 1;
    }
    if (lua_isnone(L, 2)) return luaL_error(L, "var '%s' is not given: run with -D %s=…, or write var(\"%s\", default)", name, name, name);
    lua_settop(L, 2);
    return 1;
}

void sim_scenario_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"scenario", declare_scenario}, {"it", declare_scenario}, {"describe", describe}, {"var", variable}, {NULL, NULL},
    };
    lua_pushglobaltable(L);
    luaL_setfuncs(L, functions, 0);
    lua_pop(L, 1);
}
