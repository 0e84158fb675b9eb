/* Durations that vary, in the words of scripts. */
#include "lua/sandbox.h"
#include "sim/lua/topology_parts.h"
#include <lauxlib.h>

struct dist_words {
    mc_ns mean, p50, p99, min, max;
    uint64_t alpha_milli;
    const struct sim_quantile *points;
    const struct sim_dist_part *parts;
    uint32_t count;
    int kind;
    bool has_mean, has_p50, has_p99, has_min, has_max, has_kind, has_alpha, has_points, has_parts;
};

enum { ALPHA_LEAST = 100, ALPHA_MOST = 20000, WEIGHT_MAX = 1000000 };

/* ---- tables of quantiles, mixes ---- */

/* The list on the stack's top; how many items. */
static uint32_t list_length(lua_State *L, const char *what, const struct sim_field *field, uint32_t most, const char *item)
{
    if (!lua_istable(L, -1)) sim_schema_error(L, what, field->name, "a list of %s is expected, not a %s", item, luaL_typename(L, -1));
    lua_Unsigned count = lua_rawlen(L, -1);
    if (count < 2 || count > most) sim_schema_error(L, what, field->name, "from 2 to %d of them", (int)most);
    return (uint32_t)count;
}

/* The two halves of the I-th pair of the list at LIST are left on the stack. */
static void push_pair(lua_State *L, int list, uint32_t i, const char *what, const struct sim_field *field, const char *item)
{
    if (lua_geti(L, list, i + 1) != LUA_TTABLE || lua_rawlen(L, -1) != 2)
        sim_schema_error(L, what, field->name, "item %d is %s: write %s", (int)i + 1, mc_sandbox_text(L, -1), item);
    lua_geti(L, -1, 1);
    lua_geti(L, -2, 2);
}

/* quantiles = { { 50, "5ms" }, { 99, "80ms" }, { 100, "2s" } } */
static void read_quantiles(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    struct dist_words *words = record;
    int list = lua_gettop(L);
    uint32_t count = list_length(L, what, field, SIM_DIST_POINTS_MAX, "{ percent, duration }");
    struct sim_quantile *points = sim_schema_take(L, arena, count * sizeof *points);
    for (uint32_t i = 0; i < count; i++) {
        push_pair(L, list, i, what, field, "{ 99, \"80ms\" }");
        lua_Number percent = lua_tonumber(L, -2);
        if (lua_type(L, -2) != LUA_TNUMBER || !(percent >= 0 && percent <= 100))
            sim_schema_error(L, what, field->name, "item %d: %s is no percentage", (int)i + 1, mc_sandbox_text(L, -2));
        points[i] = (struct sim_quantile){(uint32_t)(percent * 10000 + 0.5), sim_schema_duration(L, -1, what, field->name)};
        if (i && (points[i].ppm <= points[i - 1].ppm || points[i].value < points[i - 1].value))
            sim_schema_error(L, what, field->name, "item %d is not above the one before it", (int)i + 1);
        lua_settop(L, list);
    }
    words->points = points;
    words->count = count;
}

/* mix = { { 99, "5ms" }, { 1, { p50 = "1s", p99 = "3s" } } } */
static void read_mix(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    struct dist_words *words = record;
    int list = lua_gettop(L);
    uint64_t total = 0;
    uint32_t count = list_length(L, what, field, SIM_DIST_PARTS_MAX, "{ weight, time }");
    struct sim_dist_part *parts = sim_schema_take(L, arena, count * sizeof *parts);
    for (uint32_t i = 0; i < count; i++) {
        push_pair(L, list, i, what, field, "{ 1, \"500ms\" }");
        if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) < 0 || lua_tointeger(L, -2) > WEIGHT_MAX)
            sim_schema_error(L, what, field->name, "item %d: the weight %s is no integer from 0 to %d", (int)i + 1, mc_sandbox_text(L, -2), WEIGHT_MAX);
        parts[i] = (struct sim_dist_part){(uint32_t)lua_tointeger(L, -2), sim_read_dist(L, lua_gettop(L), what, field->name)};
        if (parts[i].dist.kind == SIM_DIST_MIX) sim_schema_error(L, what, field->name, "item %d: a mix within a mix", (int)i + 1);
        total += parts[i].weight;
        lua_settop(L, list);
    }
    if (!total) sim_schema_error(L, what, field->name, "all weights are 0");
    words->parts = parts;
    words->count = count;
}

/* ---- the table ---- */

static void check_pareto(lua_State *L, const char *what, const char *key, const struct dist_words *words)
{
    if (!words->has_alpha || !words->has_min || words->has_mean || words->has_p50)
        sim_schema_error(L, what, key, "dist \"pareto\" takes 'alpha', 'min' and 'max'");
    if (words->alpha_milli < ALPHA_LEAST || words->alpha_milli > ALPHA_MOST)
        sim_schema_error(L, what, key, "'alpha' is not between 0.1 and 20");
    if (words->min <= 0) sim_schema_error(L, what, key, "'min' must be over 0");
    if (words->has_max && words->max <= words->min) sim_schema_error(L, what, key, "'max' must be over 'min'");
    if (!words->has_max && words->alpha_milli <= 1000) sim_schema_error(L, what, key, "with 'alpha' up to 1 there is no mean: give 'max'");
}

static void check_dist(lua_State *L, const char *what, const char *key, const struct dist_words *words)
{
    if (words->has_alpha) sim_schema_error(L, what, key, "'alpha' is for dist \"pareto\"");
    if (words->has_p50 != words->has_p99) sim_schema_error(L, what, key, "'p50' and 'p99' go together");
    if (words->has_min != words->has_max) sim_schema_error(L, what, key, "'min' and 'max' go together");
    if (words->has_p50 + words->has_mean + words->has_min + words->has_points + words->has_parts != 1)
        sim_schema_error(L, what, key, "give 'mean', or 'p50' and 'p99', or 'min' and 'max', or 'quantiles', or 'mix'");
    if (words->has_p50 && (words->p99 < words->p50 || words->p50 <= 0))
        sim_schema_error(L, what, key, "'p99' must not be under 'p50', and both over 0");
    if (words->max < words->min) sim_schema_error(L, what, key, "'max' must not be under 'min'");
}

static const char *const kinds[] = {"constant", "exponential", "lognormal", "uniform", "pareto", NULL};

static struct sim_dist dist_of(lua_State *L, const char *what, const char *key, const struct dist_words *words)
{
    enum sim_dist_kind kind = words->has_kind ? (enum sim_dist_kind)words->kind : SIM_DIST_CONSTANT;
    if (words->has_kind && kind == SIM_DIST_PARETO) {
        check_pareto(L, what, key, words);
        return (struct sim_dist){.kind = kind, .p50 = words->min, .p99 = words->max, .alpha_milli = (uint32_t)words->alpha_milli};
    }
    check_dist(L, what, key, words);
    if (words->has_p50) return (struct sim_dist){.kind = SIM_DIST_LOGNORMAL, .p50 = words->p50, .p99 = words->p99};
    if (words->has_min) return (struct sim_dist){.kind = SIM_DIST_UNIFORM, .p50 = words->min, .p99 = words->max};
    if (words->has_points) return (struct sim_dist){.kind = SIM_DIST_QUANTILES, .points = words->points, .count = words->count};
    if (words->has_parts) return (struct sim_dist){.kind = SIM_DIST_MIX, .parts = words->parts, .count = words->count};
    if (kind != SIM_DIST_CONSTANT && kind != SIM_DIST_EXPONENTIAL)
        sim_schema_error(L, what, key, "dist \"%s\" needs other numbers than 'mean'", kinds[kind]);
    return (struct sim_dist){.kind = kind, .mean = words->mean};
}

struct sim_dist sim_read_dist(lua_State *L, int index, const char *what, const char *key)
{
#define AT(member) offsetof(struct dist_words, member)
    static const struct sim_field fields[] = {
        {"mean", SIM_FIELD_DURATION, AT(mean), .given = AT(has_mean)},
        {"p50", SIM_FIELD_DURATION, AT(p50), .given = AT(has_p50)},
        {"p99", SIM_FIELD_DURATION, AT(p99), .given = AT(has_p99)},
        {"min", SIM_FIELD_DURATION, AT(min), .given = AT(has_min)},
        {"max", SIM_FIELD_DURATION, AT(max), .given = AT(has_max)},
        {"dist", SIM_FIELD_CHOICE, AT(kind), .choices = kinds, .given = AT(has_kind)},
        {"alpha", SIM_FIELD_RATE, AT(alpha_milli), .given = AT(has_alpha)},
        {"quantiles", SIM_FIELD_READ, .read = read_quantiles, .given = AT(has_points)},
        {"mix", SIM_FIELD_READ, .read = read_mix, .given = AT(has_parts)},
        {"cpu", SIM_FIELD_SKIP},
    };
#undef AT
    struct dist_words words = {0};
    luaL_checkstack(L, 20, "too deep");
    if (!lua_istable(L, index))
        return (struct sim_dist){.kind = SIM_DIST_CONSTANT, .mean = sim_schema_duration(L, index, what, key)};
    sim_schema_read(L, index, sim_topology_arena(L), what, fields, MC_COUNT_OF(fields), &words);
    return dist_of(L, what, key, &words);
}
