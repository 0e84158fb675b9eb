/* thresholds = { ["request_duration{src:user}"] = { "p(99) < 250ms", { "rate < 1%", abort_on_fail = true } } } */
#include "sim/lua/script_parts.h"
#include "sim/lua/topology.h"
#include "sim/plan/units.h"
#include <stdio.h>

/* What stands before the comparison; TEXT becomes the rest. */
static bool read_aggregate(struct mc_str *text, struct sim_threshold *threshold, char *why, size_t room)
{
    static const char *const words[] = {"count", "rate", "avg", "min", "med", "max"};
    size_t n = 0;
    while (n < text->n && text->p[n] != '<' && text->p[n] != '>' && text->p[n] != '=') n++;
    struct mc_str word = mc_str_trim(mc_str(text->p, n));
    *text = mc_str(text->p + n, text->n - n);
    if (sim_aggregate_read(word, &threshold->aggregate, &threshold->quantile_ppm)) return true;
    const char *nearest = sim_nearest(word, words, sizeof *words, MC_COUNT_OF(words));
    if (mc_str_starts(word, MC_STR("p")) || mc_str_starts(word, MC_STR("P"))) nearest = "p(99)";
    if (nearest) snprintf(why, room, "'%.*s' is no aggregate: did you mean '%s'?", MC_STR_ARG(word), nearest);
    else snprintf(why, room, "'%.*s' is none of count, rate, avg, min, med, max, p(N)", MC_STR_ARG(word));
    return false;
}

static bool read_operator(struct mc_str *text, struct sim_threshold *threshold)
{
    if (!text->n || (text->p[0] != '<' && text->p[0] != '>')) return false;
    bool less = text->p[0] == '<', equal = text->n > 1 && text->p[1] == '=';
    threshold->op = less ? (equal ? SIM_LESS_EQUAL : SIM_LESS) : (equal ? SIM_GREATER_EQUAL : SIM_GREATER);
    size_t n = equal ? 2 : 1;
    *text = mc_str(text->p + n, text->n - n);
    return true;
}

/* A plain number is one of something; × 1000. */
static bool read_plain(struct mc_str text, int64_t *value)
{
    struct mc_str fraction, whole = mc_str_cut(text, '.', &fraction);
    uint64_t units, thousandths = 0;
    if (!mc_str_to_u64(whole, UINT64_C(1000000000000), &units)) return false;
    if (whole.n != text.n && (fraction.n == 0 || fraction.n > 3 || !mc_str_to_u64(fraction, 999, &thousandths))) return false;
    for (size_t i = fraction.n; whole.n != text.n && i < 3; i++) thousandths *= 10;
    *value = (int64_t)(units * 1000 + thousandths);
    return true;
}

static bool read_bound(struct mc_str text, int64_t *bound, const char **unit, char *why, size_t room)
{
    char wrong[SIM_UNITS_WHY];
    uint32_t ppm;
    if (!text.n) return snprintf(why, room, "the bound is missing"), false;
    *unit = "";
    if (read_plain(text, bound)) return true;
    *unit = "ppm";
    if (mc_str_ends(text, MC_STR("%"))) {
        if (!sim_read_share(text, &ppm, wrong)) return snprintf(why, room, "%s", wrong), false;
        *bound = ppm;
        return true;
    }
    *unit = "ns";
    if (!sim_read_duration(text, bound, wrong)) return snprintf(why, room, "%s", wrong), false;
    return true;
}

/* A bound is in what the metric is measured in. What scripts record themselves may be anything. */
static bool check_unit(const struct sim_threshold *threshold, struct mc_str bound, const char *unit, char *why, size_t room)
{
    static const struct {
        const char *unit, *expected;
    } words[] = {{"ns", "a duration such as 250ms"}, {"ppm", "a percentage such as 0.5%"}, {"", "a plain number"}};
    const struct sim_metric_doc *metric = sim_metric_find(threshold->metric);
    if (!metric) return true;
    const char *needed = sim_metric_unit(metric, threshold->aggregate);
    bool free_unit = metric->source == SIM_METRIC_RECORDED && !*metric->unit && threshold->aggregate != SIM_AGG_COUNT;
    if (free_unit || !strcmp(needed, unit)) return true;
    size_t i = 0;
    while (strcmp(words[i].unit, needed) != 0) i++;
    return snprintf(why, room, "\"%.*s\": %s is expected", MC_STR_ARG(bound), words[i].expected), false;
}

bool sim_threshold_parse(struct mc_str text, struct sim_threshold *threshold, char *why, size_t room)
{
    struct mc_str rest = mc_str_trim(text);
    if (!read_aggregate(&rest, threshold, why, room)) return false;
    if (!read_operator(&rest, threshold))
        return snprintf(why, room, "'%.*s': one of <, <=, >, >= is expected after what is measured", MC_STR_ARG(text)), false;
    const char *unit;
    rest = mc_str_trim(rest);
    return read_bound(rest, &threshold->bound, &unit, why, room) && check_unit(threshold, rest, unit, why, room);
}

/* "request_duration{src:user,phase:before}" */
static void read_metric(lua_State *L, struct mc_str text, struct sim_threshold *threshold)
{
    if (!sim_metric_split(text, &threshold->metric, &threshold->tags) || !threshold->metric.n)
        luaL_error(L, "thresholds: '%s': a metric is expected, such as request_duration or request_duration{src:user}", text.p);
}

/* The text is NUL-terminated as every text of a plan. */
static struct mc_str keep(lua_State *L, struct mc_arena *arena, struct mc_str text)
{
    struct mc_str kept = mc_arena_copy(arena, text);
    if (!kept.p) luaL_error(L, "out of memory");
    return kept;
}

/* One threshold, a text or { text, abort_on_fail = , delay = }, on the stack's top. */
static void read_one(lua_State *L, struct mc_arena *arena, struct mc_str metric, struct sim_threshold *threshold)
{
    char why[200];
    static const struct sim_field fields[] = {
        {"text", SIM_FIELD_TEXT, offsetof(struct sim_threshold, text), .required = true},
        {"abort_on_fail", SIM_FIELD_BOOL, offsetof(struct sim_threshold, abort_on_fail)},
        {"delay", SIM_FIELD_DURATION, offsetof(struct sim_threshold, delay)},
    };
    read_metric(L, metric, threshold);
    threshold->metric = keep(L, arena, threshold->metric);
    threshold->tags = keep(L, arena, threshold->tags);
    threshold->source = sim_lua_source(L, arena);
    if (lua_istable(L, -1)) {
        lua_createtable(L, 0, 3);
        mc_sandbox_push_sorted_keys(L, -2);
        int copy = lua_gettop(L) - 1;
        for (lua_Integer i = 1; lua_geti(L, copy + 1, i) != LUA_TNIL; i++) {
            bool first = lua_isinteger(L, -1) && lua_tointeger(L, -1) == 1;
            lua_pushvalue(L, -1);
            if (first) lua_pushliteral(L, "text"), lua_replace(L, -3);
            lua_gettable(L, copy - 1);
            lua_settable(L, copy);
        }
        lua_settop(L, copy);
        sim_schema_read(L, copy, arena, "thresholds", fields, MC_COUNT_OF(fields), threshold);
        lua_pop(L, 1);
    } else {
        threshold->text = sim_schema_text(L, -1, arena, "thresholds", metric.p);
    }
    if (!sim_threshold_parse(threshold->text, threshold, why, sizeof why)) luaL_error(L, "thresholds: '%s': %s", metric.p, why);
}

/* A table with a text at 1 and names is one threshold, else it is a list of them. */
static bool is_single(lua_State *L)
{
    if (!lua_istable(L, -1)) return true;
    lua_getfield(L, -1, "abort_on_fail");
    lua_getfield(L, -2, "delay");
    bool single = !lua_isnil(L, -1) || !lua_isnil(L, -2);
    lua_pop(L, 2);
    return single;
}

void sim_read_thresholds(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    enum { MOST = 256 };
    struct sim_plan *plan = (struct sim_plan *)(void *)((char *)record + field->offset);
    int table = lua_gettop(L);
    if (!lua_istable(L, table)) sim_schema_error(L, what, field->name, "a table by metric is expected, not a %s", luaL_typename(L, table));
    struct sim_threshold *list = sim_schema_take(L, arena, MOST * sizeof *list);
    uint32_t count = 0;
    mc_sandbox_push_sorted_keys(L, table);
    for (lua_Integer i = 1; lua_geti(L, table + 1, i) != LUA_TNIL; i++) {
        if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "thresholds: metrics are expected as keys: [\"request_failed\"] = \"rate < 1%%\"");
        struct mc_str metric = mc_str_c(lua_tostring(L, -1));
        lua_pushvalue(L, -1);
        lua_gettable(L, table);
        bool single = is_single(L);
        lua_Integer n = single ? 1 : (lua_Integer)lua_rawlen(L, -1);
        for (lua_Integer k = 1; k <= n; k++) {
            if (count == MOST) luaL_error(L, "thresholds: more than %d", MOST);
            if (single) lua_pushvalue(L, -1);
            else lua_geti(L, -1, k);
            read_one(L, arena, metric, &list[count++]);
            lua_pop(L, 1);
        }
        lua_settop(L, table + 1);
    }
    lua_settop(L, table);
    plan->thresholds = list;
    plan->threshold_count = count;
}
