/* What an application does for one request: work, calls, an answer; and retry policies. */
#include "sim/lua/topology_parts.h"
#include "model/config.h"
#include <lauxlib.h>

static const char *const step_type = "step";

struct sim_source sim_lua_source(lua_State *L, struct mc_arena *arena)
{
    lua_Debug where;
    struct sim_source source = {.file = MC_STR("?")};
    for (int level = 1; lua_getstack(L, level, &where); level++) {
        lua_getinfo(L, "Sl", &where);
        if (where.currentline < 0) continue;
        source.file = mc_arena_copy(arena, mc_str_c(where.source[0] == '@' ? where.source + 1 : where.short_src));
        source.line = where.currentline;
        break;
    }
    return source;
}

static struct sim_step *push_step(lua_State *L, enum sim_step_kind kind)
{
    struct mc_arena *arena = sim_topology_arena(L);
    struct sim_step *step = lua_newuserdatauv(L, sizeof *step, 0);
    *step = (struct sim_step){.kind = kind, .source = sim_lua_source(L, arena)};
    luaL_setmetatable(L, step_type);
    return step;
}

/* work "5ms" · work { mean = "5ms", dist = "exponential" } · work { cpu = "2ms" } · both */
static int make_work(lua_State *L)
{
    struct sim_step *step = push_step(L, SIM_STEP_WORK);
    if (!lua_istable(L, 1)) {
        step->wait = sim_read_dist(L, 1, "work", "time");
        return 1;
    }
    bool has_cpu = lua_getfield(L, 1, "cpu") != LUA_TNIL;
    if (has_cpu) step->cpu = sim_read_dist(L, -1, "work", "cpu");
    lua_pop(L, 1);
    lua_pushnil(L);
    bool only_cpu = has_cpu && lua_next(L, 1) != 0 && (lua_pop(L, 1), lua_next(L, 1) == 0);
    if (!only_cpu) step->wait = sim_read_dist(L, 1, "work", "time");
    lua_pushvalue(L, 2);
    return 1;
}

/* ---- retry policies ---- */

struct retry_words {
    struct sim_retry retry;
    struct sim_texts on;
    mc_ns base, max;
    int jitter;
    bool has_max;
};

static uint32_t retry_condition(lua_State *L, const char *what, struct mc_str word, struct sim_retry *retry)
{
    static const struct { const char *name; uint32_t bit; } conditions[] = {
#define X(name, text) {text, MC_RETRY_ON(name)},
        MC_RETRY_CONDITIONS(X)
#undef X
        {"timeout", MC_RETRY_ON(RESET)}, /* a per-try timeout looks like a local reset */
    };
    uint64_t status;
    if (mc_str_to_u64(word, 599, &status) && status >= 100 && retry->status_count < MC_COUNT_OF(retry->statuses)) {
        retry->statuses[retry->status_count++] = (uint16_t)status;
        return MC_RETRY_ON(RETRIABLE_STATUS);
    }
    const char *nearest = conditions[0].name;
    for (size_t i = 0; i < MC_COUNT_OF(conditions); i++) {
        if (mc_str_eq(word, mc_str_c(conditions[i].name))) return conditions[i].bit;
        if (mc_str_distance(word, mc_str_c(conditions[i].name)) < mc_str_distance(word, mc_str_c(nearest)))
            nearest = conditions[i].name;
    }
    sim_schema_error(L, what, "on", "\"%.*s\" is no retry condition: did you mean \"%s\"?", MC_STR_ARG(word), nearest);
    return 0;
}

static void read_backoff(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const char *const jitters[] = {"full", "none", NULL};
    static const struct sim_field fields[] = {
        {"base", SIM_FIELD_DURATION, offsetof(struct retry_words, base)},
        {"max", SIM_FIELD_DURATION, offsetof(struct retry_words, max), .given = offsetof(struct retry_words, has_max)},
        {"jitter", SIM_FIELD_CHOICE, offsetof(struct retry_words, jitter), .choices = jitters},
    };
    (void)what, (void)field;
    sim_schema_read(L, -1, arena, "retry.backoff", fields, MC_COUNT_OF(fields), record);
}

static void read_budget(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"ratio", SIM_FIELD_SHARE, offsetof(struct sim_retry, budget_ppm), .required = true},
        {"min_per_second", SIM_FIELD_COUNT, offsetof(struct sim_retry, budget_min_per_second)},
        {"ttl", SIM_FIELD_DURATION, offsetof(struct sim_retry, budget_ttl)},
    };
    struct sim_retry *retry = &((struct retry_words *)record)->retry;
    (void)what, (void)field;
    retry->budget_min_per_second = 10; /* Linkerd's defaults: 10 per second over 10 s */
    retry->budget_ttl = 10 * MC_S;
    sim_schema_read(L, -1, arena, "retry.budget", fields, MC_COUNT_OF(fields), retry);
    if (retry->budget_ttl < MC_S || retry->budget_ttl > MC_MIN)
        sim_schema_error(L, "retry.budget", "ttl", "Linkerd takes 1s to 60s");
}

void sim_read_retry(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"attempts", SIM_FIELD_COUNT, offsetof(struct retry_words, retry.attempts), .required = true},
        {"on", SIM_FIELD_TEXTS, offsetof(struct retry_words, on)},
        {"per_try_timeout", SIM_FIELD_DURATION, offsetof(struct retry_words, retry.per_try_timeout)},
        {"backoff", SIM_FIELD_READ, .read = read_backoff},
        {"budget", SIM_FIELD_READ, .read = read_budget},
    };
    (void)what;
    struct retry_words words = {.base = 25 * MC_MS};
    sim_schema_read(L, -1, arena, "retry", fields, MC_COUNT_OF(fields), &words);
    if (words.retry.attempts > MC_MAX_RETRIES)
        sim_schema_error(L, "retry", "attempts", "%u is over %u", words.retry.attempts, MC_MAX_RETRIES);
    for (uint32_t i = 0; i < words.on.count; i++) words.retry.on |= retry_condition(L, "retry", words.on.list[i], &words.retry);
    if (!words.on.count) words.retry.on = MC_RETRY_ON(5XX) | MC_RETRY_ON(RESET) | MC_RETRY_ON(CONNECT_FAILURE);
    words.retry.backoff_base = words.base;
    words.retry.steady = words.jitter == 1;
    words.retry.backoff_max = words.has_max ? words.max : 10 * words.base;
    *(struct sim_retry *)(void *)((char *)record + field->offset) = words.retry;
}

/* ---- calls and answers ---- */

/* call "reviews" · call { "reviews", timeout = "1s", tries = 2, retry = { … }, optional = true } */
static int make_call(lua_State *L)
{
    static const struct sim_field fields[] = {
        {"service", SIM_FIELD_TEXT, offsetof(struct sim_step, service)},
        {"path", SIM_FIELD_TEXT, offsetof(struct sim_step, path)},
        {"method", SIM_FIELD_TEXT, offsetof(struct sim_step, method)},
        {"timeout", SIM_FIELD_DURATION, offsetof(struct sim_step, timeout)},
        {"deadline", SIM_FIELD_DURATION, offsetof(struct sim_step, deadline)},
        {"tries", SIM_FIELD_COUNT, offsetof(struct sim_step, tries)},
        {"retry", SIM_FIELD_READ, offsetof(struct sim_step, retry), .read = sim_read_retry},
        {"optional", SIM_FIELD_BOOL, offsetof(struct sim_step, optional)},
        {"body_size", SIM_FIELD_SIZE, offsetof(struct sim_step, body_bytes)},
    };
    struct mc_arena *arena = sim_topology_arena(L);
    struct sim_step *step = push_step(L, SIM_STEP_CALL);
    step->path = MC_STR("/");
    step->method = MC_STR("GET");
    step->tries = 1;
    if (lua_istable(L, 1)) {
        if (lua_geti(L, 1, 1) != LUA_TNIL) {
            lua_setfield(L, 1, "service");
            lua_pushnil(L);
            lua_seti(L, 1, 1);
        } else {
            lua_pop(L, 1);
        }
        sim_schema_read(L, 1, arena, "call", fields, MC_COUNT_OF(fields), step);
        if (!step->service.n) return luaL_error(L, "call: the name of the service is missing: call { \"reviews\", … }");
        if (!step->tries) return sim_schema_error(L, "call", "tries", "at least 1");
    } else {
        step->service = sim_schema_text(L, 1, arena, "call", "service");
    }
    lua_settop(L, 2);
    return 1;
}

static int make_respond(lua_State *L)
{
    struct words { uint32_t status, size; } words = {200, 1024};
    static const struct sim_field fields[] = {
        {"status", SIM_FIELD_COUNT, offsetof(struct words, status)},
        {"size", SIM_FIELD_SIZE, offsetof(struct words, size)},
    };
    struct sim_step *step = push_step(L, SIM_STEP_RESPOND);
    if (lua_isinteger(L, 1)) words.status = (uint32_t)lua_tointeger(L, 1);
    else sim_schema_read(L, 1, sim_topology_arena(L), "respond", fields, MC_COUNT_OF(fields), &words);
    if (words.status < 200 || words.status > 599) return sim_schema_error(L, "respond", "status", "%u is not between 200 and 599", words.status);
    step->status = (uint16_t)words.status;
    step->response_bytes = words.size;
    return 1;
}

/* parallel { call "a", call "b" }: they start together, and the next step waits for all. */
static int make_parallel(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    for (lua_Integer i = 1; lua_geti(L, 1, i) != LUA_TNIL; i++) {
        struct sim_step *step = luaL_testudata(L, -1, step_type);
        if (!step || step->kind != SIM_STEP_CALL) return luaL_error(L, "parallel: only calls can be started together");
        step->parallel = true;
        lua_pop(L, 1);
    }
    lua_settop(L, 1);
    return 1;
}

/* ---- caches ---- */

struct cached_words {
    struct sim_cache_plan plan;
    struct mc_str store;
    mc_ns store_timeout;
    uint64_t zipf_milli;
    bool has_ttl, has_zipf, has_hot, has_keys;
};

static void read_hot(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"keys", SIM_FIELD_COUNT, offsetof(struct sim_cache_plan, hot_keys), .required = true},
        {"share", SIM_FIELD_SHARE, offsetof(struct sim_cache_plan, hot_ppm), .required = true},
    };
    (void)what;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), (char *)record + field->offset);
}

static void check_cached(lua_State *L, const struct cached_words *words)
{
    const struct sim_cache_plan *plan = &words->plan;
    if (!words->has_ttl || plan->ttl <= 0) luaL_error(L, "cached: how long an entry lives is missing: cached { \"10s\", … }");
    if (plan->keys < 1 || plan->keys > SIM_CACHE_KEYS_MAX) sim_schema_error(L, "cached", "keys", "%u is not between 1 and %d", plan->keys, SIM_CACHE_KEYS_MAX);
    if (words->has_zipf && words->has_hot) luaL_error(L, "cached: 'zipf' or 'hot', not both");
    if (words->zipf_milli > 4000) sim_schema_error(L, "cached", "zipf", "at most 4");
    if (words->has_hot && plan->keys < 2) sim_schema_error(L, "cached", "hot", "needs 'keys', how many there are in all");
    if (words->has_hot && (!plan->hot_keys || plan->hot_keys >= plan->keys)) sim_schema_error(L, "cached", "hot", "'keys' is not between 1 and %u", plan->keys - 1);
    if (words->store.n && plan->single_flight) luaL_error(L, "cached: 'single_flight' is within one process: not with a 'store'");
}

/* The keys with names of the table at 1, in a table of their own; its first item is the time to live. */
static void push_options(lua_State *L)
{
    lua_newtable(L);
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        if (lua_type(L, -2) == LUA_TSTRING) {
            lua_pushvalue(L, -2);
            lua_pushvalue(L, -2);
            lua_settable(L, -5);
        }
        lua_pop(L, 1);
    }
    lua_geti(L, 1, 1);
    if (!lua_isnil(L, -1) && !lua_istable(L, -1) && !luaL_testudata(L, -1, step_type)) lua_setfield(L, -2, "ttl");
    else lua_pop(L, 1);
}

static void keep_steps(lua_State *L, const struct sim_step *steps, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        *(struct sim_step *)lua_newuserdatauv(L, sizeof *steps, 0) = steps[i];
        luaL_setmetatable(L, step_type);
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    }
}

static uint32_t flatten(lua_State *L, struct sim_step *steps, uint32_t count, const char *what, const char *key, unsigned depth);

/* What stands behind the time to live. */
static uint32_t cached_steps(lua_State *L, struct sim_step *steps)
{
    lua_newtable(L);
    lua_geti(L, 1, 1);
    lua_Integer first = lua_istable(L, -1) || luaL_testudata(L, -1, step_type) ? 1 : 2;
    lua_pop(L, 1);
    for (lua_Integer i = first; lua_geti(L, 1, i) != LUA_TNIL; i++) lua_rawseti(L, -2, i - first + 1);
    lua_pop(L, 1);
    uint32_t count = flatten(L, steps, 0, "cached", "steps", 1);
    if (!count) luaL_error(L, "cached: the steps are missing: cached { \"10s\", call \"db\" }");
    for (uint32_t i = 0; i < count; i++)
        if (steps[i].kind == SIM_STEP_CACHED || steps[i].kind == SIM_STEP_RESPOND)
            luaL_error(L, "cached: only work and calls can stand in a cache");
    return count;
}

/* cached { "10s", keys = 1000, zipf = 1, call "db" }: a list of steps. */
static int make_cached(lua_State *L)
{
#define AT(member) offsetof(struct cached_words, member)
    static const struct sim_field fields[] = {
        {"ttl", SIM_FIELD_DURATION, AT(plan.ttl), .given = AT(has_ttl)},
        {"jitter", SIM_FIELD_SHARE, AT(plan.jitter_ppm)},
        {"stale", SIM_FIELD_DURATION, AT(plan.stale)},
        {"keys", SIM_FIELD_COUNT, AT(plan.keys)},
        {"zipf", SIM_FIELD_RATE, AT(zipf_milli), .given = AT(has_zipf)},
        {"hot", SIM_FIELD_READ, AT(plan), .read = read_hot, .given = AT(has_hot)},
        {"single_flight", SIM_FIELD_BOOL, AT(plan.single_flight)},
        {"store", SIM_FIELD_TEXT, AT(store)},
        {"timeout", SIM_FIELD_DURATION, AT(store_timeout)},
    };
#undef AT
    struct sim_step inner[SIM_STEPS_MAX];
    struct cached_words words = {.plan = {.keys = 1}};
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    push_options(L);
    sim_schema_read(L, -1, sim_topology_arena(L), "cached", fields, MC_COUNT_OF(fields), &words);
    check_cached(L, &words);
    uint32_t count = cached_steps(L, inner);
    words.plan.zipf_milli = (uint32_t)words.zipf_milli;
    words.plan.shared = words.store.n > 0;
    struct sim_step cached = {.kind = SIM_STEP_CACHED, .source = sim_lua_source(L, sim_topology_arena(L)), .cache = words.plan, .span = count, .after_store = words.store.n > 0};
    struct sim_step store = {.kind = SIM_STEP_CALL, .source = cached.source, .service = words.store, .path = MC_STR("/"), .method = MC_STR("GET"), .timeout = words.store_timeout, .tries = 1, .optional = true};
    lua_newtable(L);
    keep_steps(L, &store, words.store.n > 0);
    keep_steps(L, &cached, 1);
    keep_steps(L, inner, count);
    return 1;
}

/* Appends the steps of the list on the stack's top; a list within it is a parallel group. */
static uint32_t flatten(lua_State *L, struct sim_step *steps, uint32_t count, const char *what, const char *key, unsigned depth)
{
    luaL_checkstack(L, 4, "too deep");
    if (depth > 2) luaL_error(L, "%s: '%s': lists within lists", what, key);
    for (lua_Integer i = 1; lua_geti(L, -1, i) != LUA_TNIL; i++) {
        const struct sim_step *step = luaL_testudata(L, -1, step_type);
        if (lua_istable(L, -1)) {
            count = flatten(L, steps, count, what, key, depth + 1);
        } else if (!step) {
            sim_schema_error(L, what, key, "item %d is a %s: write work, call, cached or respond", (int)i, luaL_typename(L, -1));
        } else if (count == SIM_STEPS_MAX) {
            sim_schema_error(L, what, key, "more than %d", SIM_STEPS_MAX);
        } else {
            steps[count++] = *step;
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return count;
}

/* The list on the stack's top, in the arena. */
static const struct sim_step *read_list(lua_State *L, struct mc_arena *arena, const char *what, const char *key, uint32_t *count)
{
    struct sim_step steps[SIM_STEPS_MAX];
    if (!lua_istable(L, -1)) sim_schema_error(L, what, key, "a list of steps is expected, not a %s", luaL_typename(L, -1));
    *count = flatten(L, steps, 0, what, key, 0);
    struct sim_step *kept = sim_schema_take(L, arena, *count * sizeof *kept);
    if (*count) memcpy(kept, steps, *count * sizeof *kept);
    lua_pushnil(L); /* the caller pops one value */
    return kept;
}

void sim_read_steps(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    struct sim_version *version = record;
    version->steps = read_list(L, arena, what, field->name, &version->step_count);
}

void sim_read_start_steps(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    struct sim_version *version = record;
    version->start_steps = read_list(L, arena, what, field->name, &version->start_step_count);
    for (uint32_t i = 0; i < version->start_step_count; i++) {
        enum sim_step_kind kind = version->start_steps[i].kind;
        if (kind == SIM_STEP_RESPOND) sim_schema_error(L, what, field->name, "nobody has asked yet: respond is for 'steps'");
        if (kind == SIM_STEP_CACHED) sim_schema_error(L, what, field->name, "only work and calls: caches are empty at the start");
    }
}

void sim_steps_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"work", make_work}, {"call", make_call}, {"respond", make_respond}, {"parallel", make_parallel}, {"cached", make_cached}, {NULL, NULL},
    };
    luaL_newmetatable(L, step_type);
    lua_pop(L, 1);
    lua_pushglobaltable(L);
    luaL_setfuncs(L, functions, 0);
    lua_pop(L, 1);
}
