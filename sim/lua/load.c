/* load { to = "frontend", rate = 100 } and canary { target = "reviews", … } as data. */
#include "sim/lua/script_parts.h"
#include "sim/lua/topology_parts.h"

/* ---- load ---- */

struct load_words {
    struct sim_load_spec spec;
    int executor;
    bool has_rate, has_stages, has_vus, has_executor, reuse, has_reuse;
};

/* { { "0s", 0 }, { "90s", 100 } }: rates at instants of the load, straight lines between them. k6's
 * { duration = , target = } is understood too. */
static void read_stages(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    struct load_words *words = record;
    struct stage_words { mc_ns duration; uint64_t target; } k6;
    static const struct sim_field fields[] = {
        {"duration", SIM_FIELD_DURATION, offsetof(struct stage_words, duration), .required = true},
        {"target", SIM_FIELD_RATE, offsetof(struct stage_words, target), .required = true},
    };
    if (!lua_istable(L, -1)) sim_schema_error(L, what, field->name, "a list of { instant, rate } is expected, not a %s", luaL_typename(L, -1));
    int list = lua_gettop(L);
    uint32_t count = (uint32_t)lua_rawlen(L, list);
    if (count < 1 || count > 1000) sim_schema_error(L, what, field->name, "from 1 to 1000 of them");
    struct sim_stage *stages = sim_schema_take(L, arena, (count + 1) * sizeof *stages);
    uint32_t at = 0;
    for (uint32_t i = 0; i < count; i++, at++) {
        if (lua_geti(L, list, i + 1) != LUA_TTABLE) sim_schema_error(L, what, field->name, "item %u is a %s: write { \"30s\", 100 }", i + 1, luaL_typename(L, -1));
        if (lua_rawlen(L, -1) == 2) {
            lua_geti(L, -1, 1);
            stages[at].at = sim_schema_duration(L, -1, what, field->name);
            lua_geti(L, -2, 2);
            if (!lua_isnumber(L, -1) || lua_tonumber(L, -1) < 0 || lua_tonumber(L, -1) > 1e9) sim_schema_error(L, what, field->name, "item %u: %s is no rate", i + 1, mc_sandbox_text(L, -1));
            stages[at].rate_milli = (uint64_t)(lua_tonumber(L, -1) * 1000 + 0.5);
        } else {
            sim_schema_read(L, -1, arena, "stages", fields, MC_COUNT_OF(fields), &k6);
            if (i == 0) stages[at++] = (struct sim_stage){0, 0};
            stages[at] = (struct sim_stage){stages[at - 1].at + k6.duration, k6.target};
        }
        if (at > 0 && stages[at].at < stages[at - 1].at) sim_schema_error(L, what, field->name, "item %u is before the one above it", i + 1);
        lua_settop(L, list);
    }
    words->spec.stages = stages;
    words->spec.stage_count = at;
}

enum { VUS_MAX = 100000 };

static void check_load(lua_State *L, struct load_words *words)
{
    static const enum sim_executor executors[] = {
        SIM_LOAD_CONSTANT_RATE, SIM_LOAD_POISSON, SIM_LOAD_RAMPING_RATE, SIM_LOAD_CLOSED,
    };
    struct sim_load_spec *spec = &words->spec;
    if (!words->has_executor) words->executor = words->has_stages ? 2 : words->has_vus ? 3 : 0;
    spec->executor = executors[words->executor];
    bool open = spec->executor == SIM_LOAD_CONSTANT_RATE || spec->executor == SIM_LOAD_POISSON;
    if (open != words->has_rate) luaL_error(L, open ? "load: 'rate' is missing" : "load: 'rate' is for constant and poisson arrivals: this executor takes another");
    if ((spec->executor == SIM_LOAD_RAMPING_RATE) != words->has_stages) luaL_error(L, words->has_stages ? "load: 'stages' is for \"ramping-arrival-rate\"" : "load: 'stages' is missing");
    if ((spec->executor == SIM_LOAD_CLOSED) != words->has_vus) luaL_error(L, words->has_vus ? "load: 'vus' is for \"constant-vus\"" : "load: 'vus' is missing");
    if (words->has_vus && (!spec->vus || spec->vus > VUS_MAX)) sim_schema_error(L, "load", "vus", "%u is not between 1 and %d", spec->vus, VUS_MAX);
    if (spec->max_vus > VUS_MAX) sim_schema_error(L, "load", "max_vus", "%u is over %d", spec->max_vus, VUS_MAX);
    if (!spec->tries) sim_schema_error(L, "load", "tries", "at least 1");
    if (words->has_reuse) spec->pool.uses = words->reuse ? 0 : 1;
    if (!sim_schema_is_token(spec->method)) sim_schema_error(L, "load", "method", "\"%s\" is no method: write GET or POST", spec->method.p);
    if (spec->path.n && spec->path.p[0] != '/') luaL_error(L, "load: 'path': \"%s\" does not begin with '/'", spec->path.p);
}

/* Not that of the service: `src` of a question could not tell them apart. */
static struct mc_str default_name(lua_State *L, struct mc_arena *arena, struct mc_str to)
{
    struct mc_str name = mc_arena_copy(arena, mc_str_c(lua_pushfstring(L, "load-%s", to.p)));
    if (!name.p) luaL_error(L, "out of memory");
    lua_pop(L, 1);
    return name;
}

void sim_read_load(lua_State *L, int index, struct mc_arena *arena, struct sim_load_spec *spec)
{
    static const char *const executors[] = {"constant-arrival-rate", "poisson", "ramping-arrival-rate", "constant-vus", NULL};
#define AT(member) offsetof(struct load_words, member)
    static const struct sim_field fields[] = {
        {"name", SIM_FIELD_TEXT, AT(spec.name)},
        {"to", SIM_FIELD_TEXT, AT(spec.to), .required = true},
        {"executor", SIM_FIELD_CHOICE, AT(executor), .choices = executors, .given = AT(has_executor)},
        {"rate", SIM_FIELD_RATE, AT(spec.rate_milli), .given = AT(has_rate)},
        {"stages", SIM_FIELD_READ, .read = read_stages, .given = AT(has_stages)},
        {"vus", SIM_FIELD_COUNT, AT(spec.vus), .given = AT(has_vus)},
        {"max_vus", SIM_FIELD_COUNT, AT(spec.max_vus)},
        {"think", SIM_FIELD_DURATION, AT(spec.think)},
        {"start", SIM_FIELD_DURATION, AT(spec.start)},
        {"duration", SIM_FIELD_DURATION, AT(spec.duration)},
        {"path", SIM_FIELD_TEXT, AT(spec.path)},
        {"method", SIM_FIELD_TEXT, AT(spec.method)},
        {"body_size", SIM_FIELD_SIZE, AT(spec.body_bytes)},
        {"timeout", SIM_FIELD_DURATION, AT(spec.timeout)},
        {"tries", SIM_FIELD_COUNT, AT(spec.tries)},
        {"retry", SIM_FIELD_READ, AT(spec.retry), .read = sim_read_retry},
        {"deadline", SIM_FIELD_DURATION, AT(spec.deadline)},
        {"tells_deadline", SIM_FIELD_BOOL, AT(spec.tells_deadline)},
        {"pool", SIM_FIELD_READ, AT(spec.pool), .read = sim_read_pool},
        {"reuse", SIM_FIELD_BOOL, AT(reuse), .given = AT(has_reuse)},
        {"zone", SIM_FIELD_TEXT, AT(spec.zone)},
    };
#undef AT
    struct load_words words = {.spec = {
        .name = MC_STR(""), .source = sim_lua_source(L, arena), .max_vus = 10000,
        .path = MC_STR("/"), .method = MC_STR("GET"), .timeout = 30 * MC_S, .tries = 1, .zone = MC_STR(""),
    }};
    sim_schema_read(L, index, arena, "load", fields, MC_COUNT_OF(fields), &words);
    check_load(L, &words);
    if (words.spec.name.n) sim_schema_name(L, "load", "name", words.spec.name);
    else words.spec.name = default_name(L, arena, words.spec.to);
    *spec = words.spec;
}

/* ---- canaries: Flagger's fields ---- */

struct metric_words {
    struct mc_str name, min;
    mc_ns max;
    uint32_t min_ppm, quantile;
    bool has_min, has_max;
};

static void read_quantile(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    (void)arena;
    lua_Number value = lua_tonumber(L, -1);
    if (lua_type(L, -1) != LUA_TNUMBER || !(value > 0 && value < 100)) sim_schema_error(L, what, field->name, "a number between 0 and 100 is expected, not %s", mc_sandbox_text(L, -1));
    *(uint32_t *)(void *)((char *)record + field->offset) = (uint32_t)(value * 10000 + 0.5);
}

static struct sim_canary_metric read_metric(lua_State *L, struct mc_arena *arena)
{
#define AT(member) offsetof(struct metric_words, member)
    static const struct sim_field fields[] = {
        {"name", SIM_FIELD_TEXT, AT(name), .required = true},
        {"min", SIM_FIELD_SHARE, AT(min_ppm), .given = AT(has_min)},
        {"max", SIM_FIELD_DURATION, AT(max), .given = AT(has_max)},
        {"quantile", SIM_FIELD_READ, AT(quantile), .read = read_quantile},
    };
#undef AT
    struct metric_words words = {.quantile = 990000};
    sim_schema_read(L, -1, arena, "canary.metrics", fields, MC_COUNT_OF(fields), &words);
    bool rate = mc_str_eq(words.name, MC_STR("request-success-rate")), time = mc_str_eq(words.name, MC_STR("request-duration"));
    if (!rate && !time)
        luaL_error(L, "canary.metrics: 'name': \"%s\" is not known: did you mean \"%s\"?", words.name.p,
                   strstr(words.name.p, "dur") || strstr(words.name.p, "lat") ? "request-duration" : "request-success-rate");
    if (rate && !words.has_min) luaL_error(L, "canary.metrics: request-success-rate needs 'min', such as \"99%%\"");
    if (time && !words.has_max) luaL_error(L, "canary.metrics: request-duration needs 'max', such as \"500ms\"");
    if (rate ? words.has_max : words.has_min) luaL_error(L, "canary.metrics: %s takes '%s'", words.name.p, rate ? "min" : "max");
    return (struct sim_canary_metric){time, words.min_ppm, words.max, words.quantile};
}

static void read_metrics(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    struct sim_canary_spec *spec = record;
    if (!lua_istable(L, -1)) sim_schema_error(L, what, field->name, "a list is expected, not a %s", luaL_typename(L, -1));
    spec->metric_count = 0;
    for (lua_Integer i = 1; lua_geti(L, -1, i) != LUA_TNIL; i++) {
        if (spec->metric_count == MC_COUNT_OF(spec->metrics)) sim_schema_error(L, what, field->name, "more than %d", (int)MC_COUNT_OF(spec->metrics));
        spec->metrics[spec->metric_count++] = read_metric(L, arena);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

#define AT(member) offsetof(struct sim_canary_spec, member)

static void read_on_inconclusive(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    struct mc_str *word = (struct mc_str *)(void *)((char *)record + field->offset);
    *word = sim_schema_text(L, -1, arena, what, field->name);
    if (mc_str_eq(*word, MC_STR("hold")) || mc_str_eq(*word, MC_STR("fail")) || mc_str_eq(*word, MC_STR("pass"))) return;
    sim_schema_error(L, what, field->name, "\"%.*s\" is not one of hold, fail, pass", MC_STR_ARG(*word));
}

static void read_analysis(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"interval", SIM_FIELD_DURATION, AT(interval)},
        {"threshold", SIM_FIELD_COUNT, AT(threshold)},
        {"step_weight", SIM_FIELD_COUNT, AT(step_weight)},
        {"max_weight", SIM_FIELD_COUNT, AT(max_weight)},
        {"min_samples", SIM_FIELD_COUNT, AT(min_samples)},
        {"metrics", SIM_FIELD_READ, .read = read_metrics},
        {"deadline", SIM_FIELD_DURATION, AT(deadline)},
        {"on_inconclusive", SIM_FIELD_READ, AT(on_inconclusive), .read = read_on_inconclusive},
    };
    (void)what, (void)field;
    sim_schema_read(L, -1, arena, "canary.analysis", fields, MC_COUNT_OF(fields), record);
}

void sim_read_canary(lua_State *L, int index, struct mc_arena *arena, struct sim_canary_spec *spec)
{
    static const struct sim_field fields[] = {
        {"target", SIM_FIELD_TEXT, AT(target), .required = true},
        {"from", SIM_FIELD_TEXT, AT(from), .required = true},
        {"to", SIM_FIELD_TEXT, AT(to), .required = true},
        {"start", SIM_FIELD_DURATION, AT(start)},
        {"analysis", SIM_FIELD_READ, .read = read_analysis},
        {"manual", SIM_FIELD_BOOL, AT(manual)},
    };
    *spec = (struct sim_canary_spec){ /* Flagger's defaults of a canary's analysis */
        .source = sim_lua_source(L, arena), .interval = MC_MIN, .threshold = 5, .step_weight = 10, .max_weight = 50, .min_samples = 1,
    };
    sim_schema_read(L, index, arena, "canary", fields, MC_COUNT_OF(fields), spec);
    if (spec->interval < MC_S) luaL_error(L, "canary.analysis: 'interval': at least 1s");
    if (spec->step_weight < 1 || spec->step_weight > 100) luaL_error(L, "canary.analysis: 'step_weight': %d is not between 1 and 100", (int)spec->step_weight);
    if (spec->max_weight < spec->step_weight || spec->max_weight > 100)
        luaL_error(L, "canary.analysis: 'max_weight': %d is not between step_weight and 100", (int)spec->max_weight);
    if (!spec->threshold) luaL_error(L, "canary.analysis: 'threshold': at least 1");
    if (mc_str_eq(spec->from, spec->to)) luaL_error(L, "canary: 'to': \"%s\" is the version it starts from", spec->to.p);
}
