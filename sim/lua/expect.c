/* expect(requests { src = "user" }):p(99):below("250ms")
 *
 * What is expected of is a value, a question with one of its figures, or a function. :eventually(time)
 * before the comparison asks again until it holds or the time is over. */
#include "sim/lua/actors.h"
#include "sim/lua/figures.h"
#include <stdio.h>

static const char *const expect_type = "expect";

enum { SUBJECT = 1, ARGUMENT = 2 }; /* user values */

struct expectation {
    char method[16]; /* of a question; empty: none chosen */
    mc_ns eventually; /* -1: at once */
};

struct comparison { /* as it is being judged */
    const char *op;  /* "<", ">", "==", "within" */
    struct sim_answer seen, low, high;
    bool held;
};

static struct expectation *expectation_at(lua_State *L, int index)
{
    return luaL_checkudata(L, index, expect_type);
}

/* A copy of the expectation at 1, to be changed. */
static struct expectation *derive(lua_State *L)
{
    const struct expectation *from = expectation_at(L, 1);
    struct expectation *fresh = lua_newuserdatauv(L, sizeof *fresh, 2);
    *fresh = *from;
    for (int i = SUBJECT; i <= ARGUMENT; i++) {
        lua_getiuservalue(L, 1, i);
        lua_setiuservalue(L, -2, i);
    }
    luaL_setmetatable(L, expect_type);
    return fresh;
}

/* ---- what is seen ---- */

static void read_seen(lua_State *L, struct sim_answer *seen)
{
    const struct expectation *expectation = expectation_at(L, 1);
    lua_getiuservalue(L, 1, SUBJECT);
    int subject = lua_gettop(L);
    lua_getiuservalue(L, 1, ARGUMENT);
    if (sim_question_test(L, subject)) {
        if (!expectation->method[0]) luaL_error(L, "expect: which figure of %s? write expect(…):count(), :p(99), :error_rate() …", sim_question_text(L, subject));
        sim_question_answer(L, subject, expectation->method, subject + 1, seen);
    } else {
        if (lua_isfunction(L, subject)) {
            lua_pushvalue(L, subject);
            lua_call(L, 0, 1);
            lua_replace(L, subject);
        }
        if (!sim_answer_read(L, subject, seen)) luaL_error(L, "expect: a number, a duration, a share or a question is expected, not a %s", luaL_typename(L, subject));
        if (seen->kind != SIM_FIGURE_MISSING) snprintf(seen->name, sizeof seen->name, "value");
    }
    lua_settop(L, subject - 1);
}

/* A bound in the unit of what is seen. */
static struct sim_answer read_bound(lua_State *L, int index, const struct sim_answer *seen, const char *what)
{
    struct sim_answer bound = {.kind = seen->kind};
    if (lua_isnone(L, index)) luaL_error(L, "%s: the bound is missing", what);
    switch (seen->kind) {
    case SIM_FIGURE_DURATION: bound.value = sim_schema_duration(L, index, what, "bound"); break;
    case SIM_FIGURE_SHARE:
        if (!sim_share_test(L, index, &bound.value)) bound.value = sim_schema_share(L, index, what, "bound");
        break;
    case SIM_FIGURE_NUMBER:
        if (!sim_answer_read(L, index, &bound)) luaL_error(L, "%s: a number is expected, not %s", what, mc_sandbox_text(L, index));
        if (bound.kind != SIM_FIGURE_NUMBER && bound.kind != SIM_FIGURE_MISSING) luaL_error(L, "%s: a plain number is expected, not %s", what, mc_sandbox_text(L, index));
        break;
    case SIM_FIGURE_MISSING: break;
    }
    return bound;
}

static int compare(const struct sim_answer *a, const struct sim_answer *b)
{
    if (a->kind == SIM_FIGURE_NUMBER) return (a->number > b->number) - (a->number < b->number);
    return (a->value > b->value) - (a->value < b->value);
}

static void look(lua_State *L, struct comparison *c)
{
    read_seen(L, &c->seen);
    c->low = c->high = read_bound(L, 2, &c->seen, c->op);
    if (!strcmp(c->op, "within")) c->high = read_bound(L, 3, &c->seen, c->op);
    if (c->low.kind == SIM_FIGURE_MISSING) c->seen.kind = SIM_FIGURE_MISSING;
    if (c->seen.kind == SIM_FIGURE_MISSING) {
        c->held = false;
        return;
    }
    int low = compare(&c->seen, &c->low), high = compare(&c->seen, &c->high);
    switch (c->op[0]) {
    case '<': c->held = low < 0; break;
    case '>': c->held = low > 0; break;
    case '=': c->held = low == 0; break;
    default: c->held = low >= 0 && high <= 0; break;
    }
}

/* ---- the verdict ---- */

static bool too_few(const struct sim_script_run *run, const struct comparison *c)
{
    return c->seen.samples && c->seen.samples < run->plan.min_samples;
}

static void remember_worst(struct sim_script_run *run, const struct sim_verdict *verdict)
{
    if (verdict->status == SIM_PASS || (run->has_worst && run->worst.status == SIM_FAIL)) return;
    run->worst = *verdict;
    run->has_worst = true;
    snprintf(run->worst_text, sizeof run->worst_text, "%.*s: %.*s", MC_STR_ARG(verdict->name), MC_STR_ARG(verdict->message));
}

static bool judge(lua_State *L, struct sim_script_run *run, const struct comparison *c)
{
    char seen[48], low[48], high[48], name[320], message[320];
    const char *unit;
    bool missing = c->seen.kind == SIM_FIGURE_MISSING, few = too_few(run, c), range = c->op[0] == 'w';
    sim_answer_print(&c->seen, seen, sizeof seen);
    lua_pushstring(L, c->low.kind == SIM_FIGURE_MISSING ? mc_sandbox_text(L, 2) : sim_answer_print(&c->low, low, sizeof low));
    snprintf(low, sizeof low, "%s", lua_tostring(L, -1));
    snprintf(name, sizeof name, range ? "%s %s %s to %s" : "%s %s %s%s", c->seen.name, c->op, low, range ? sim_answer_print(&c->high, high, sizeof high) : "");
    if (missing) snprintf(message, sizeof message, "no samples");
    else if (few) snprintf(message, sizeof message, "only %llu samples, %u are asked for", (unsigned long long)c->seen.samples, run->plan.min_samples);
    else snprintf(message, sizeof message, "was %s", seen);
    struct sim_verdict verdict = {
        .kind = run->in_steady ? SIM_VERDICT_STEADY_STATE : SIM_VERDICT_CHECK,
        .status = missing || few ? SIM_INCONCLUSIVE : c->held ? SIM_PASS : SIM_FAIL,
        .name = mc_str_c(name), .op = mc_str_c(range ? "" : c->op), .samples = c->seen.samples,
        .message = c->held && !few ? MC_STR("") : mc_str_c(message),
    };
    verdict.observed = sim_answer_figure(&c->seen, &unit);
    if (!missing && !range) verdict.expected = sim_answer_figure(&c->low, &unit);
    verdict.unit = mc_str_c(unit);
    if (run->in_steady) remember_worst(run, &verdict);
    else sim_verdict_give(L, &verdict);
    return verdict.status == SIM_PASS;
}

/* Stack: the expectation, one or two bounds, the operator, the deadline. */
enum { OPERATOR = 4, DEADLINE = 5 };

static int weigh(lua_State *L, int status, lua_KContext context)
{
    (void)status, (void)context;
    struct sim_script_run *run = sim_reading_of(L)->run;
    struct comparison c = {.op = lua_tostring(L, OPERATOR)};
    lua_settop(L, DEADLINE);
    look(L, &c);
    mc_ns now = sim_run_now(run->world), deadline = lua_tointeger(L, DEADLINE);
    if (!(c.held && !too_few(run, &c)) && now < deadline) {
        mc_ns next = (now / sim_grid + 1) * sim_grid;
        sim_actor_wake_at(sim_actor_waits(L, "expect"), next < deadline ? next : deadline);
        return lua_yieldk(L, 0, 0, weigh);
    }
    lua_pushboolean(L, judge(L, run, &c));
    return 1;
}

static int begin(lua_State *L, const char *op)
{
    const struct expectation *expectation = expectation_at(L, 1);
    struct sim_run *world = sim_live_world(L, "expect");
    struct sim_script_run *run = sim_reading_of(L)->run;
    mc_ns deadline = -1;
    if (!run->in_steady && !lua_isyieldable(L)) return luaL_error(L, "expect: not within a condition: compare instead");
    if (expectation->eventually >= 0) {
        sim_actor_waits(L, "expect");
        deadline = mc_ns_add(sim_run_now(world), expectation->eventually);
    }
    int given = lua_gettop(L);
    if (given < 2) return luaL_error(L, "expect: the bound is missing");
    if (op[0] == 'w' && given < 3) return luaL_error(L, "within: two bounds are expected: within(low, high)");
    lua_settop(L, 3);
    lua_pushstring(L, op);
    lua_pushinteger(L, deadline);
    return weigh(L, LUA_OK, 0);
}

static int below(lua_State *L)
{
    return begin(L, "<");
}

static int above(lua_State *L)
{
    return begin(L, ">");
}

static int equals(lua_State *L)
{
    return begin(L, "==");
}

static int within(lua_State *L)
{
    return begin(L, "within");
}

static int eventually(lua_State *L)
{
    mc_ns time = sim_schema_duration(L, 2, "eventually", "time");
    derive(L)->eventually = time;
    return 1;
}

/* Upvalue: the figure's name. */
static int choose_figure(lua_State *L)
{
    const char *method = lua_tostring(L, lua_upvalueindex(1));
    lua_settop(L, 2);
    struct expectation *fresh = derive(L);
    snprintf(fresh->method, sizeof fresh->method, "%s", method);
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, -2, ARGUMENT);
    return 1;
}

static const luaL_Reg comparisons[] = {
    {"below", below}, {"above", above}, {"equals", equals}, {"within", within}, {"eventually", eventually}, {NULL, NULL},
};

static int index_expect(lua_State *L)
{
    const char *key = mc_sandbox_text(L, 2);
    expectation_at(L, 1);
    for (const luaL_Reg *one = comparisons; one->name; one++) {
        if (strcmp(key, one->name) != 0) continue;
        lua_pushcfunction(L, one->func);
        return 1;
    }
    lua_getiuservalue(L, 1, SUBJECT);
    if (sim_question_test(L, -1) && sim_question_has(L, -1, key)) {
        lua_pushstring(L, key);
        lua_pushcclosure(L, choose_figure, 1);
        return 1;
    }
    const char *nearest = sim_nearest(mc_str_c(key), comparisons, sizeof *comparisons, MC_COUNT_OF(comparisons) - 1);
    if (nearest) return luaL_error(L, "expect has no '%s': did you mean '%s'?", key, nearest);
    return luaL_error(L, "expect has no '%s': there are below, above, equals, within and eventually", key);
}

static int make_expect(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    struct expectation *expectation = lua_newuserdatauv(L, sizeof *expectation, 2);
    *expectation = (struct expectation){.eventually = -1};
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, SUBJECT);
    luaL_setmetatable(L, expect_type);
    return 1;
}

void sim_expect_open(lua_State *L)
{
    luaL_newmetatable(L, expect_type);
    lua_pushcfunction(L, index_expect);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_pushcfunction(L, make_expect);
    lua_setglobal(L, "expect");
}
