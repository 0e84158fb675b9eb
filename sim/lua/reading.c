/* One sandbox with every binding in it, and what goes wrong in it as an error with file and line. */
#include "sim/lua/script_parts.h"
#include "sim/lua/topology.h"
#include <ctype.h>
#include <stdio.h>

static const char reading_key = 0;

struct sim_reading *sim_reading_of(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &reading_key);
    struct sim_reading *reading = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return reading;
}

struct mc_arena *sim_reading_scratch(struct sim_reading *reading)
{
    mc_arena_fini(&reading->scratch);
    mc_arena_init(&reading->scratch, &reading->pool, 0);
    return &reading->scratch;
}

void sim_reading_need(lua_State *L, const char *what, bool live)
{
    struct sim_reading *reading = sim_reading_of(L);
    if (live && reading->phase != SIM_READING_LIVE)
        luaL_error(L, "%s: only while the scenario runs: call it in the function given to s:run", what);
    if (!live && reading->phase != SIM_READING_DECLARE)
        luaL_error(L, "%s: only in the scenario's function, before it runs", what);
}

/* ---- errors ---- */

/* The place at the start of MESSAGE, "name:12: "; its length, or 0. */
static size_t read_place(const char *message, int *line)
{
    for (const char *at = strchr(message, ':'); at && at != message; at = strchr(at + 1, ':')) {
        const char *digit = at + 1;
        while (isdigit((unsigned char)*digit) && digit - at < 9) digit++;
        if (digit == at + 1 || *digit != ':') continue;
        if (memchr(message, ' ', (size_t)(at - message)) && at - message > 200) return 0;
        *line = 0;
        for (const char *p = at + 1; p < digit; p++) *line = *line * 10 + (*p - '0');
        return (size_t)(at - message);
    }
    return 0;
}

/* Lua shortens a long name to "...end/of/it". */
static struct mc_str whole_name(struct sim_reading *reading, struct mc_str name)
{
    struct mc_str own = reading->script->name;
    if (mc_str_starts(name, MC_STR("..."))) {
        struct mc_str tail = mc_str(name.p + 3, name.n - 3);
        if (mc_str_ends(own, tail)) return own;
    }
    struct mc_str kept = mc_arena_copy(&reading->arena, name);
    return kept.p ? kept : MC_STR("?");
}

void sim_reading_error(struct sim_reading *reading, const char *message, struct sim_error *error)
{
    struct sim_source source = {.file = reading->script->name};
    size_t n = read_place(message, &source.line);
    if (n) {
        source.file = whole_name(reading, mc_str(message, n));
        message += n + 1;
        message += strspn(message, "0123456789");
        message += strspn(message, ": ");
    }
    sim_error_set(error, source, "%s", message);
}

void sim_reading_settle(const struct sim_script *script, const char *name, struct sim_error *error)
{
    char text[SIM_ERROR_TEXT];
    struct sim_source own = {.file = mc_str_c(name), .line = error->source.line};
    if (!mc_str_eq(error->source.file, script->name) && error->source.file.n) {
        snprintf(text, sizeof text, "%.*s:%d: %.300s", (int)(error->source.file.n < 90 ? error->source.file.n : 90),
                 error->source.file.p, error->source.line, error->text);
        memcpy(error->text, text, sizeof text);
        own.line = 0;
    }
    error->source = own;
}

int sim_reading_raise(lua_State *L, const struct sim_error *error)
{
    if (error->source.line)
        lua_pushfstring(L, "%s:%d: %s", lua_pushlstring(L, error->source.file.p, error->source.file.n), error->source.line,
                        error->text);
    else
        lua_pushfstring(L, "%s%s", (luaL_where(L, 1), lua_tostring(L, -1)), error->text);
    return lua_error(L);
}

struct sim_source sim_reading_place(struct sim_reading *reading, lua_State *co)
{
    struct sim_source source = {.file = reading->script->name};
    lua_Debug where;
    for (int level = 0; lua_getstack(co, level, &where); level++) {
        lua_getinfo(co, "Sl", &where);
        if (where.currentline <= 0) continue;
        source.file = whole_name(reading, mc_str_c(where.short_src));
        source.line = where.currentline;
        break;
    }
    return source;
}

void sim_reading_blame(struct sim_reading *reading, lua_State *co, enum mc_sandbox_status status, struct sim_error *error)
{
    if (status == MC_SANDBOX_EXHAUSTED) {
        char text[200];
        snprintf(text, sizeof text, "%s: the script used up its %llu million instructions: does a loop never end?",
                 mc_sandbox_place(reading->sandbox), (unsigned long long)(reading->script->options.instructions_max / 1000000));
        sim_reading_error(reading, text, error);
        return;
    }
    if (status == MC_SANDBOX_YIELDED) {
        sim_error_set(error, sim_reading_place(reading, co), "the script waits here, but time does not pass");
        return;
    }
    const char *text = lua_type(co, -1) == LUA_TSTRING ? lua_tostring(co, -1) : NULL;
    if (!text) {
        sim_error_set(error, sim_reading_place(reading, co), "an error without a text was raised");
    } else if (!strcmp(text, "not enough memory")) {
        sim_error_set(error, sim_reading_place(reading, co), "not enough memory: a script may hold %llu MiB",
                      (unsigned long long)(reading->script->options.memory_max >> 20));
    } else {
        sim_reading_error(reading, text, error);
        if (!error->source.line) error->source = sim_reading_place(reading, co);
    }
}

/* ---- calls from outside ---- */

static bool resume_once(struct sim_reading *reading, lua_State *co, int args, struct sim_error *error)
{
    int results;
    enum mc_sandbox_status status = mc_sandbox_resume(reading->sandbox, co, args, &results);
    if (status == MC_SANDBOX_DONE) return true;
    sim_reading_blame(reading, co, status, error);
    return false;
}

bool sim_reading_call(struct sim_reading *reading, int ref, int args, struct sim_error *error)
{
    lua_State *L = reading->L;
    lua_State *co = lua_newthread(L);
    lua_insert(L, -args - 1);
    lua_rawgeti(co, LUA_REGISTRYINDEX, ref);
    lua_xmove(L, co, args);
    bool good = resume_once(reading, co, args, error);
    lua_pop(L, 1);
    return good;
}

bool sim_reading_read(struct sim_reading *reading, struct sim_error *error)
{
    lua_State *L = reading->L;
    reading->directory = reading->script->directory;
    reading->digest = mc_hash(reading->script->text, 0);
    if (!sim_reading_keep(reading, reading->script->text))
        return sim_error_set(error, (struct sim_source){.file = reading->script->name}, "out of memory");
    if (!mc_sandbox_load(reading->sandbox, reading->script->text, reading->script->name.p)) {
        const char *message = lua_tostring(L, -1);
        sim_reading_error(reading, message ? message : "cannot be read", error);
        lua_pop(L, 1);
        return false;
    }
    bool good = resume_once(reading, lua_tothread(L, -1), 0, error);
    lua_pop(L, 1);
    return good;
}

/* ---- life ---- */

static void print_line(void *self, struct mc_str line)
{
    struct sim_reading *reading = self;
    const struct sim_script_options *options = &reading->script->options;
    struct sim_run *world = reading->run ? sim_script_run_world(reading->run) : NULL;
    if (world) sim_run_log(world, line);
    else if (options->print && !reading->run) options->print(options->print_self, line);
}

static int open_bindings(lua_State *L)
{
    struct sim_reading *reading = lua_touserdata(L, 1);
    lua_pushlightuserdata(L, reading);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &reading_key);
    sim_duration_open(L);
    sim_topology_open(L, &reading->arena);
    sim_profile_open(L);
    sim_files_open(reading, L);
    sim_scenario_open(L);
    sim_matrix_open(L);
    sim_declare_open(L);
    sim_capacity_open(L);
    sim_handles_open(L);
    sim_platform_open(L);
    sim_waits_open(L);
    sim_selectors_open(L);
    sim_faults_open(L);
    sim_figures_open(L);
    sim_questions_open(L);
    sim_verdicts_open(L);
    sim_expect_open(L);
    return 0;
}

static void begin_lists(struct sim_reading *reading)
{
    reading->declared_end = &reading->declared;
    reading->loads_end = &reading->loads;
    reading->canaries_end = &reading->canaries;
    reading->phases_end = &reading->phases;
    reading->tasks_end = &reading->tasks;
    reading->steady_end = &reading->steady;
}

static bool open_sandbox(struct sim_reading *reading)
{
    const struct sim_script_options *options = &reading->script->options;
    reading->sandbox = mc_sandbox_new(&(struct mc_sandbox_options){
        .alloc = reading->alloc,
        .memory_max = options->memory_max,
        .instructions_max = options->instructions_max,
        .print = print_line,
        .print_self = reading,
    });
    if (!reading->sandbox) return false;
    lua_State *L = reading->L = mc_sandbox_lua(reading->sandbox);
    lua_pushcfunction(L, open_bindings);
    lua_pushlightuserdata(L, reading);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) return false;
    mc_sandbox_seal(reading->sandbox);
    return true;
}

struct sim_reading *sim_reading_new(const struct sim_script *script, struct sim_script_run *run, struct sim_error *error)
{
    struct mc_alloc alloc = script->options.alloc;
    struct sim_reading *reading = mc_alloc_take(&alloc, sizeof *reading);
    if (reading) {
        *reading = (struct sim_reading){.script = script, .run = run, .alloc = alloc, .prefix = MC_STR(""), .variant_json = MC_STR("{}")};
        mc_pool_init(&reading->pool, alloc);
        mc_arena_init(&reading->arena, &reading->pool, 0);
        mc_arena_init(&reading->scratch, &reading->pool, 0);
        begin_lists(reading);
        if (open_sandbox(reading)) return reading;
    }
    sim_reading_free(reading);
    sim_error_set(error, (struct sim_source){.file = script->name}, "out of memory");
    return NULL;
}

void sim_reading_close(struct sim_reading *reading)
{
    mc_sandbox_free(reading->sandbox);
    reading->sandbox = NULL;
    reading->L = NULL;
}

void sim_reading_free(struct sim_reading *reading)
{
    if (!reading) return;
    sim_reading_close(reading);
    mc_arena_fini(&reading->scratch);
    mc_arena_fini(&reading->arena);
    mc_pool_fini(&reading->pool);
    mc_alloc_give(&reading->alloc, reading, sizeof *reading);
}

/* ---- objects with members ---- */

/* Upvalues: the members (light), what the object is called. */
static int index_member(lua_State *L)
{
    const struct sim_member *members = lua_touserdata(L, lua_upvalueindex(1));
    const char *what = lua_tostring(L, lua_upvalueindex(2));
    const char *key = mc_sandbox_text(L, 2), *nearest = NULL;
    unsigned best = (unsigned)strlen(key) / 3 + 2;
    for (const struct sim_member *member = members; member->name; member++) {
        unsigned distance = mc_str_distance(mc_str_c(key), mc_str_c(member->name));
        if (distance < best) {
            best = distance;
            nearest = member->name;
        }
        if (distance || strcmp(key, member->name) != 0) continue;
        if (member->method) lua_pushcfunction(L, member->method);
        else if (!member->field(L)) lua_pushnil(L);
        return 1;
    }
    if (nearest) return luaL_error(L, "%s has no '%s': did you mean '%s'?", what, key, nearest);
    return luaL_error(L, "%s has no '%s'", what, key);
}

static int refuse_member(lua_State *L)
{
    return luaL_error(L, "%s: '%s' cannot be set", lua_tostring(L, lua_upvalueindex(1)), mc_sandbox_text(L, 2));
}

void sim_members_set(lua_State *L, const char *what, const struct sim_member *members)
{
    lua_pushlightuserdata(L, (void *)(uintptr_t)members);
    lua_pushstring(L, what);
    lua_pushcclosure(L, index_member, 2);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, what);
    lua_pushcclosure(L, refuse_member, 1);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
}
