/* requests{}, connections{}, handshakes{}, certs{}, csr_requests{}, retries{}, xds{}, abandoned{}, events{}. */
#include "sim/lua/figures.h"
#include "sim/lua/actors.h"
#include <stdio.h>

static const char *const question_type = "question";
static const char *const tally_type = "tally";

enum { REQUESTS = 32 }; /* beside enum sim_counted */

struct question {
    uint32_t what; /* REQUESTS or enum sim_counted */
    struct sim_query query;
    char text[100]; /* "requests{src=user}" */
    char kept[];    /* the texts of the query */
};

struct tally {
    struct sim_tally tally;
    char text[200];
};

static const struct { const char *name; uint32_t what; } words[] = {
    {"requests", REQUESTS},
    {"connections", SIM_COUNT_CONNECTIONS},
    {"handshakes", SIM_COUNT_HANDSHAKES},
    {"certs", SIM_COUNT_CERTS},
    {"csr_requests", SIM_COUNT_CSRS},
    {"retries", SIM_COUNT_RETRIES},
    {"xds", SIM_COUNT_XDS},
    {"abandoned", SIM_COUNT_ABANDONED},
    {"events", SIM_COUNT_EVENTS},
};

/* ---- asking ---- */

#define AT(member) offsetof(struct sim_query, member)
#define ON(what) (1ull << (what))
#define TIMES (ON(REQUESTS) | ON(SIM_COUNT_HANDSHAKES) | ON(SIM_COUNT_CSRS) | ON(SIM_COUNT_RETRIES) | ON(SIM_COUNT_XDS) | ON(SIM_COUNT_ABANDONED) | ON(SIM_COUNT_EVENTS))

static const struct {
    struct sim_field field;
    uint64_t of;
} all_fields[] = {
    {{"src", SIM_FIELD_TEXT, AT(src)}, ON(REQUESTS) | ON(SIM_COUNT_CONNECTIONS) | ON(SIM_COUNT_HANDSHAKES) | ON(SIM_COUNT_CSRS) | ON(SIM_COUNT_RETRIES) | ON(SIM_COUNT_XDS)},
    {{"dst", SIM_FIELD_TEXT, AT(dst)}, ON(REQUESTS) | ON(SIM_COUNT_CONNECTIONS) | ON(SIM_COUNT_HANDSHAKES) | ON(SIM_COUNT_RETRIES) | ON(SIM_COUNT_ABANDONED)},
    {{"version", SIM_FIELD_TEXT, AT(version)}, ON(REQUESTS)},
    {{"code", SIM_FIELD_READ, AT(code)}, ON(REQUESTS)},
    {{"flags", SIM_FIELD_TEXT, AT(flags)}, ON(REQUESTS)},
    {{"path", SIM_FIELD_TEXT, AT(path)}, ON(REQUESTS)},
    {{"phase", SIM_FIELD_TEXT, AT(phase)}, ON(REQUESTS)},
    {{"window", SIM_FIELD_DURATION, AT(window)}, TIMES},
    {{"since", SIM_FIELD_DURATION, AT(since)}, TIMES | ON(SIM_COUNT_CONNECTIONS)},
    {{"until", SIM_FIELD_DURATION, AT(until)}, TIMES | ON(SIM_COUNT_CONNECTIONS)},
    {{"till", SIM_FIELD_DURATION, AT(until)}, TIMES | ON(SIM_COUNT_CONNECTIONS)}, /* `until` is a word of Lua's: ["until"] = */
    {{"result", SIM_FIELD_TEXT, AT(result)}, ON(SIM_COUNT_HANDSHAKES) | ON(SIM_COUNT_CSRS) | ON(SIM_COUNT_XDS)},
    {{"state", SIM_FIELD_TEXT, AT(state)}, ON(SIM_COUNT_CERTS)},
    {{"kind", SIM_FIELD_TEXT, AT(kind)}, ON(SIM_COUNT_EVENTS)},
    {{"subject", SIM_FIELD_TEXT, AT(subject)}, ON(SIM_COUNT_EVENTS)},
    {{"opened_before", SIM_FIELD_DURATION, AT(opened_before)}, ON(SIM_COUNT_CONNECTIONS)},
    {{"alive", SIM_FIELD_BOOL, AT(alive)}, ON(SIM_COUNT_CONNECTIONS)},
};

/* code = 503 or "5xx,404" */
static void read_code(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    if (lua_isinteger(L, -1)) lua_tostring(L, -1);
    ((struct sim_query *)record)->code = sim_schema_text(L, -1, arena, what, field->name);
}

static const size_t texts[] = {
    AT(src), AT(dst), AT(version), AT(code), AT(flags), AT(path), AT(phase), AT(result), AT(state), AT(kind), AT(subject),
};

static struct mc_str *text_at(struct sim_query *query, size_t i)
{
    return (struct mc_str *)(void *)((char *)query + texts[i]);
}

static void describe(lua_State *L, const char *name, char *out, size_t room)
{
    size_t used = (size_t)snprintf(out, room, "%s{", name);
    if (!lua_istable(L, 1)) {
        snprintf(out, room, "%s", name);
        return;
    }
    mc_sandbox_push_sorted_keys(L, 1);
    int keys = lua_gettop(L);
    for (lua_Integer i = 1; lua_geti(L, keys, i) != LUA_TNIL; i++) {
        lua_pushvalue(L, -1);
        lua_gettable(L, 1);
        const char *value = (mc_sandbox_push_text(L, -1), lua_tostring(L, -1)), *key = lua_tostring(L, keys + 1);
        if (used < room) used += (size_t)snprintf(out + used, room - used, "%s%s=%s", i > 1 ? ", " : "", key, value);
        lua_settop(L, keys);
    }
    lua_settop(L, keys - 1);
    if (used < room) snprintf(out + used, room - used, "}");
}

static void push_question(lua_State *L, uint32_t what, const struct sim_query *query, const char *name)
{
    size_t size = 0;
    struct sim_query copy = *query;
    for (size_t i = 0; i < MC_COUNT_OF(texts); i++) size += text_at(&copy, i)->n + 1;
    struct question *question = lua_newuserdatauv(L, sizeof *question + size, 0);
    *question = (struct question){.what = what, .query = copy};
    char *at = question->kept;
    for (size_t i = 0; i < MC_COUNT_OF(texts); i++) {
        struct mc_str *text = text_at(&question->query, i);
        if (text->n) memcpy(at, text->p, text->n);
        at[text->n] = 0;
        text->p = at;
        at += text->n + 1;
    }
    describe(L, name, question->text, sizeof question->text);
    luaL_setmetatable(L, question_type);
}

/* Upvalue: which of the words. */
static int ask(lua_State *L)
{
    struct sim_field fields[MC_COUNT_OF(all_fields)];
    size_t count = 0, word = (size_t)lua_tointeger(L, lua_upvalueindex(1));
    struct sim_query query = {0};
    struct sim_error error = {0};
    lua_settop(L, 1);
    for (size_t i = 0; i < MC_COUNT_OF(all_fields); i++) {
        if (!(all_fields[i].of & ON(words[word].what))) continue;
        fields[count] = all_fields[i].field;
        if (fields[count].kind == SIM_FIELD_READ) fields[count].read = read_code;
        count++;
    }
    struct mc_arena *scratch = sim_reading_scratch(sim_reading_of(L));
    if (!lua_isnil(L, 1)) sim_schema_read(L, 1, scratch, words[word].name, fields, count, &query);
    struct sim_run *world = sim_live_world(L, words[word].name);
    if (!sim_query_check(sim_run_questions(world), &query, &error)) return luaL_error(L, "%s: %s", words[word].name, error.text);
    bool timed = query.since || query.until || query.window || query.phase.n;
    if (sim_reading_of(L)->run->in_steady && !timed) query.window = 10 * MC_S; /* a state, not the past */
    push_question(L, words[word].what, &query, words[word].name);
    return 1;
}

/* ---- answering ---- */

static struct sim_answer number(double value, bool whole, uint64_t samples)
{
    return (struct sim_answer){.kind = SIM_FIGURE_NUMBER, .number = value, .whole = whole, .samples = samples};
}

static struct sim_answer figure(bool known, enum sim_figure_kind kind, int64_t value, uint64_t samples)
{
    return (struct sim_answer){.kind = known ? kind : SIM_FIGURE_MISSING, .value = value, .samples = samples};
}

static uint32_t read_percentile(lua_State *L, int index)
{
    lua_Number value = lua_tonumber(L, index);
    if (lua_type(L, index) != LUA_TNUMBER || !(value > 0 && value <= 100))
        luaL_error(L, "p: a number over 0 and up to 100 is expected, as in p(99), not %s", mc_sandbox_text(L, index));
    return (uint32_t)(value * 10000 + 0.5);
}

typedef struct sim_answer answer_fn(lua_State *L, const struct sim_tally *tally, int argument);

static struct sim_answer answer_count(lua_State *L, const struct sim_tally *tally, int argument)
{
    (void)L, (void)argument;
    return number((double)tally->count, true, tally->base);
}

static struct sim_answer answer_rps(lua_State *L, const struct sim_tally *tally, int argument)
{
    uint64_t milli = 0;
    (void)L, (void)argument;
    sim_tally_rps(tally, &milli);
    return number((double)milli / 1000, false, tally->count);
}

static struct sim_answer answer_goodput(lua_State *L, const struct sim_tally *tally, int argument)
{
    uint64_t milli = 0;
    (void)L, (void)argument;
    if (!sim_tally_goodput(tally, &milli)) milli = 0;
    return number((double)milli / 1000, false, tally->count);
}

static struct sim_answer answer_rate(lua_State *L, const struct sim_tally *tally, int argument)
{
    uint32_t ppm = 0;
    (void)L, (void)argument;
    bool known = sim_tally_rate(tally, &ppm);
    return figure(known, SIM_FIGURE_SHARE, ppm, tally->base);
}

static struct sim_answer answer_error_rate(lua_State *L, const struct sim_tally *tally, int argument)
{
    uint32_t ppm = 0;
    (void)L, (void)argument;
    bool known = sim_tally_error_rate(tally, &ppm);
    return figure(known, SIM_FIGURE_SHARE, ppm, tally->count);
}

static struct sim_answer answer_p(lua_State *L, const struct sim_tally *tally, int argument)
{
    mc_ns value = 0;
    bool known = sim_tally_quantile(tally, read_percentile(L, argument), &value);
    return figure(known, SIM_FIGURE_DURATION, value, tally->count);
}

#define TIME_ANSWER(name)                                                                             \
    static struct sim_answer answer_##name(lua_State *L, const struct sim_tally *tally, int argument) \
    {                                                                                                 \
        mc_ns value = 0;                                                                              \
        (void)L, (void)argument;                                                                      \
        bool known = sim_tally_##name(tally, &value);                                                 \
        return figure(known, SIM_FIGURE_DURATION, value, tally->count);                               \
    }
TIME_ANSWER(mean)
TIME_ANSWER(max)
TIME_ANSWER(min)
#undef TIME_ANSWER

static const struct { const char *name; answer_fn *answer; } tally_answers[] = {
    {"count", answer_count}, {"rps", answer_rps}, {"rate", answer_rate}, {"error_rate", answer_error_rate},
    {"goodput", answer_goodput}, {"p", answer_p}, {"mean", answer_mean}, {"max", answer_max}, {"min", answer_min},
};

static answer_fn *find_answer(const char *method)
{
    for (size_t i = 0; i < MC_COUNT_OF(tally_answers); i++)
        if (!strcmp(tally_answers[i].name, method)) return tally_answers[i].answer;
    return NULL;
}

static const char *const count_answers[] = {"count", "peak_rps", "alive", "cpu"};

bool sim_question_test(lua_State *L, int index)
{
    return luaL_testudata(L, index, question_type) || luaL_testudata(L, index, tally_type);
}

const char *sim_question_text(lua_State *L, int index)
{
    const struct tally *tally = luaL_testudata(L, index, tally_type);
    return tally ? tally->text : ((const struct question *)luaL_checkudata(L, index, question_type))->text;
}

bool sim_question_has(lua_State *L, int index, const char *method)
{
    const struct question *question = luaL_testudata(L, index, question_type);
    if (!question || question->what == REQUESTS) return find_answer(method) != NULL;
    if (!strcmp(method, "count")) return true;
    if (!strcmp(method, "alive")) return question->what == SIM_COUNT_CONNECTIONS;
    if (!strcmp(method, "cpu")) return question->what == SIM_COUNT_ABANDONED;
    return !strcmp(method, "peak_rps") && question->what != SIM_COUNT_CERTS && question->what != SIM_COUNT_CONNECTIONS;
}

static struct sim_answer answer_counted(lua_State *L, const struct question *question, const char *method, int argument)
{
    struct sim_check *check = sim_run_questions(sim_live_world(L, method));
    struct sim_query query = question->query;
    enum sim_counted what = (enum sim_counted)question->what;
    if (!strcmp(method, "peak_rps")) {
        mc_ns window = lua_isnoneornil(L, argument) ? MC_S : sim_schema_duration(L, argument, "peak_rps", "window");
        if (window < MC_MS) sim_schema_error(L, "peak_rps", "window", "at least 1ms");
        return number((double)sim_count_peak_rps(check, what, &query, window) / 1000, false, 0);
    }
    if (!strcmp(method, "cpu")) return figure(true, SIM_FIGURE_DURATION, sim_count_wasted(check, &query), sim_count(check, what, &query));
    if (!strcmp(method, "alive")) query.alive = true;
    uint64_t count = sim_count(check, what, &query);
    return number((double)count, true, count);
}

static struct sim_answer answer_requests(lua_State *L, const struct question *question, const char *method, int argument)
{
    struct sim_tally tally = {0};
    if (!strcmp(method, "p")) read_percentile(L, argument); /* raises before anything is held */
    sim_requests(sim_run_questions(sim_live_world(L, method)), &question->query, &tally);
    struct sim_answer answer = find_answer(method)(L, &tally, argument);
    sim_tally_fini(&tally);
    return answer;
}

void sim_question_answer(lua_State *L, int index, const char *method, int argument, struct sim_answer *answer)
{
    const struct tally *tally = luaL_testudata(L, index, tally_type);
    const struct question *question = luaL_testudata(L, index, question_type);
    if (tally) *answer = find_answer(method)(L, &tally->tally, argument);
    else if (question->what == REQUESTS) *answer = answer_requests(L, question, method, argument);
    else *answer = answer_counted(L, question, method, argument);
    char shown[24] = "";
    if (!lua_isnoneornil(L, argument)) snprintf(shown, sizeof shown, "(%s)", mc_sandbox_text(L, argument)), lua_pop(L, 1);
    snprintf(answer->name, sizeof answer->name, "%s %s%s", sim_question_text(L, index), method, shown);
}

/* Upvalue: the method's name. */
static int answer_method(lua_State *L)
{
    struct sim_answer answer;
    const char *method = lua_tostring(L, lua_upvalueindex(1));
    if (!sim_question_test(L, 1)) return luaL_error(L, "%s: write question:%s(), with a colon", method, method);
    lua_settop(L, 2);
    sim_question_answer(L, 1, method, 2, &answer);
    sim_answer_push(L, &answer);
    return 1;
}

/* requests{}:by("dst"): a table of tallies by name */
static int by(lua_State *L)
{
    const struct question *question = luaL_checkudata(L, 1, question_type);
    size_t n;
    const char *word = luaL_checklstring(L, 2, &n);
    enum sim_dimension dimension;
    if (!sim_dimension_read(mc_str(word, n), &dimension)) return luaL_error(L, "by: \"%s\" is not one of src, dst, version, code, flags, path, phase", word);
    struct sim_groups groups = {0};
    struct sim_check *check = sim_run_questions(sim_live_world(L, "by"));
    lua_newtable(L);
    sim_requests_by(check, &question->query, dimension, &groups);
    for (uint32_t i = 0; i < groups.count; i++) {
        lua_pushlstring(L, groups.list[i].name.p, groups.list[i].name.n);
        struct tally *tally = lua_newuserdatauv(L, sizeof *tally, 0);
        *tally = (struct tally){.tally = groups.list[i].tally};
        groups.list[i].tally = (struct sim_tally){0};
        luaL_setmetatable(L, tally_type);
        snprintf(tally->text, sizeof tally->text, "%s by %s %.60s", question->text, word, lua_tostring(L, -2));
        lua_settable(L, -3);
    }
    sim_groups_fini(&groups);
    return 1;
}

static int index_question(lua_State *L)
{
    const char *method = mc_sandbox_text(L, 2), *nearest = NULL;
    const struct question *question = luaL_testudata(L, 1, question_type);
    bool requests = question && question->what == REQUESTS;
    if (sim_question_has(L, 1, method)) {
        lua_pushstring(L, method);
        lua_pushcclosure(L, answer_method, 1);
        return 1;
    }
    if (requests && !strcmp(method, "by")) {
        lua_pushcfunction(L, by);
        return 1;
    }
    if (requests || !question) nearest = sim_nearest(mc_str_c(method), tally_answers, sizeof *tally_answers, MC_COUNT_OF(tally_answers));
    else nearest = sim_nearest(mc_str_c(method), count_answers, sizeof *count_answers, MC_COUNT_OF(count_answers));
    if (nearest) return luaL_error(L, "%s has no '%s': did you mean '%s'?", sim_question_text(L, 1), method, nearest);
    return luaL_error(L, "%s has no '%s'", sim_question_text(L, 1), method);
}

static int question_to_text(lua_State *L)
{
    lua_pushstring(L, sim_question_text(L, 1));
    return 1;
}

static int drop_tally(lua_State *L)
{
    struct tally *tally = luaL_checkudata(L, 1, tally_type);
    sim_tally_fini(&tally->tally);
    return 0;
}

void sim_questions_open(lua_State *L)
{
    static const luaL_Reg methods[] = {{"__index", index_question}, {"__tostring", question_to_text}, {NULL, NULL}};
    luaL_newmetatable(L, question_type);
    luaL_setfuncs(L, methods, 0);
    luaL_newmetatable(L, tally_type);
    luaL_setfuncs(L, methods, 0);
    lua_pushcfunction(L, drop_tally);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 2);
    for (size_t i = 0; i < MC_COUNT_OF(words); i++) {
        lua_pushinteger(L, (lua_Integer)i);
        lua_pushcclosure(L, ask, 1);
        lua_setglobal(L, words[i].name);
    }
}
