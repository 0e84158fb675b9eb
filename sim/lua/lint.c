/* Functions that are not run are looked into, too: compiled code names the globals that it uses.
 *
 * The form is that of Lua 5.4's precompiled chunks (ldump.c) and instructions (lopcodes.h); what is read
 * was written by lua_dump in the same process, so its sizes are this build's own. */
#include "sim/lua/script_parts.h"
#include "sim/lua/topology.h"
#include <stdio.h>

enum { OP_GETUPVAL = 9, OP_GETTABUP = 11, OP_GETFIELD = 14, OP_SETTABUP = 15, OP_SELF = 20 };
enum { DEPTH_MAX = 190 }; /* Lua nests functions no deeper (LUAI_MAXCCALLS 200) */

struct chunk { /* written by lua_dump */
    struct mc_arena *arena;
    uint8_t *bytes;
    size_t n, room, at;
    bool bad;
};

struct function {
    uint32_t first_line, code_count, constant_count, upvalue_count, local_count;
    const uint8_t *code;
    struct mc_str *constants; /* p NULL: no string */
    struct mc_str *upvalues;
    struct { struct mc_str name; uint32_t from, to; } *locals;
    uint32_t *lines;
};

struct linter {
    struct sim_reading *reading;
    lua_State *L;
    struct chunk chunk;
    struct sim_error *error;
    bool found;
};

static int write_chunk(lua_State *L, const void *bytes, size_t n, void *self)
{
    struct chunk *chunk = self;
    (void)L;
    if (chunk->n + n > chunk->room) {
        size_t room = (chunk->room + n) * 2;
        uint8_t *fresh = mc_arena_take(chunk->arena, room);
        if (!fresh) return 1;
        if (chunk->n) memcpy(fresh, chunk->bytes, chunk->n);
        chunk->bytes = fresh;
        chunk->room = room;
    }
    memcpy(chunk->bytes + chunk->n, bytes, n);
    chunk->n += n;
    return 0;
}

/* ---- reading ---- */

static const uint8_t *skip(struct chunk *chunk, size_t n)
{
    static const uint8_t nothing[16];
    if (n > chunk->n - chunk->at) {
        chunk->bad = true;
        chunk->at = chunk->n;
        return nothing;
    }
    chunk->at += n;
    return chunk->bytes + chunk->at - n;
}

static uint8_t read_byte(struct chunk *chunk)
{
    return *skip(chunk, 1);
}

static uint64_t read_size(struct chunk *chunk)
{
    uint64_t value = 0;
    for (int i = 0; i < 10 && !chunk->bad; i++) {
        uint8_t byte = read_byte(chunk);
        value = value << 7 | (byte & 0x7f);
        if (byte & 0x80) return value;
    }
    chunk->bad = true;
    return 0;
}

static uint32_t read_count(struct chunk *chunk)
{
    uint64_t value = read_size(chunk);
    if (value > 1u << 24) chunk->bad = true;
    return chunk->bad ? 0 : (uint32_t)value;
}

static struct mc_str read_string(struct chunk *chunk)
{
    uint64_t size = read_size(chunk);
    if (!size) return (struct mc_str){0};
    return mc_str((const char *)skip(chunk, size - 1), chunk->bad ? 0 : size - 1);
}

static void *take(struct chunk *chunk, size_t size)
{
    void *memory = mc_arena_take_zero(chunk->arena, size + 1);
    if (!memory) chunk->bad = true;
    return memory;
}

static void read_constants(struct chunk *chunk, struct function *function)
{
    uint32_t count = read_count(chunk);
    function->constants = take(chunk, count * sizeof *function->constants);
    for (uint32_t i = 0; i < count && !chunk->bad; i++) {
        switch (read_byte(chunk)) {
        case LUA_TNUMBER: skip(chunk, sizeof(lua_Integer)); break;
        case LUA_TNUMBER | 16: skip(chunk, sizeof(lua_Number)); break;
        case LUA_TSTRING:
        case LUA_TSTRING | 16: function->constants[i] = read_string(chunk); break;
        default: break; /* nil, false, true */
        }
    }
    function->constant_count = chunk->bad ? 0 : count;
}

static void read_lines(struct chunk *chunk, struct function *function)
{
    uint32_t count = read_count(chunk);
    const int8_t *deltas = (const int8_t *)skip(chunk, count);
    uint32_t absolutes = read_count(chunk), line = function->first_line;
    function->lines = take(chunk, (count + 1) * sizeof *function->lines);
    if (chunk->bad) return;
    uint32_t next_pc = UINT32_MAX, next_line = 0;
    for (uint32_t pc = 0; pc < count; pc++) {
        if (deltas[pc] == -128 && absolutes) {
            next_pc = (uint32_t)read_size(chunk);
            next_line = (uint32_t)read_size(chunk);
            absolutes--;
            line = next_pc == pc ? next_line : line;
        } else {
            line = (uint32_t)((int64_t)line + deltas[pc]);
        }
        function->lines[pc] = line;
    }
    for (; absolutes && !chunk->bad; absolutes--) read_size(chunk), read_size(chunk);
    if (count < function->code_count) function->code_count = 0;
}

static void read_names(struct chunk *chunk, struct function *function)
{
    uint32_t count = read_count(chunk);
    function->locals = take(chunk, count * sizeof *function->locals);
    for (uint32_t i = 0; i < count && !chunk->bad; i++) {
        function->locals[i].name = read_string(chunk);
        function->locals[i].from = (uint32_t)read_size(chunk);
        function->locals[i].to = (uint32_t)read_size(chunk);
    }
    function->local_count = chunk->bad ? 0 : count;
    count = read_count(chunk);
    function->upvalues = take(chunk, count * sizeof *function->upvalues);
    for (uint32_t i = 0; i < count && !chunk->bad; i++) function->upvalues[i] = read_string(chunk);
    function->upvalue_count = chunk->bad ? 0 : count;
}

/* ---- looking ---- */

static bool report(struct linter *linter, uint32_t line, const char *what, const char *name, const char *nearest)
{
    struct sim_source source = {.file = linter->reading->script->name, .line = (int)line};
    if (linter->found && linter->error->source.line <= (int)line) return true;
    linter->found = true;
    if (nearest) sim_error_set(linter->error, source, "%s '%s': did you mean '%s'?", what, name, nearest);
    else sim_error_set(linter->error, source, "%s '%s'", what, name);
    return true;
}

/* The constant as a terminated text, or "". */
static const char *constant(struct linter *linter, const struct function *function, uint32_t index)
{
    if (index >= function->constant_count || !function->constants[index].p) return "";
    struct mc_str kept = mc_arena_copy(&linter->reading->scratch, function->constants[index]);
    return kept.p ? kept.p : "";
}

static void look_global(struct linter *linter, uint32_t line, const char *name)
{
    lua_State *L = linter->L;
    lua_pushglobaltable(L);
    lua_pushstring(L, name);
    bool known = lua_rawget(L, -2) != LUA_TNIL;
    lua_pop(L, 1);
    if (!known && *name) report(linter, line, "unknown global", name, mc_sandbox_nearest_key(L, -1, mc_str_c(name)));
    lua_pop(L, 1);
}

static void look_fault(struct linter *linter, uint32_t line, const char *name)
{
    const char *nearest = NULL;
    unsigned best = (unsigned)strlen(name) / 3 + 2;
    if (!*name || sim_fault_type_find(mc_str_c(name))) return;
    for (uint32_t i = 0; sim_fault_types[i]; i++) {
        unsigned distance = mc_str_distance(mc_str_c(name), mc_str_c(sim_fault_types[i]->name));
        if (distance >= best) continue;
        best = distance;
        nearest = sim_fault_types[i]->name;
    }
    report(linter, line, "unknown fault", name, nearest);
}

static void look_member(struct linter *linter, uint32_t line, const char *name)
{
    size_t count = 0;
    for (; sim_scenario_members[count].name; count++)
        if (!strcmp(sim_scenario_members[count].name, name)) return;
    if (*name) report(linter, line, "the scenario has no", name, sim_nearest(mc_str_c(name), sim_scenario_members, sizeof *sim_scenario_members, count));
}

static uint32_t instruction(const struct function *function, uint32_t pc)
{
    uint32_t word;
    memcpy(&word, function->code + 4 * pc, sizeof word);
    return word;
}

static bool is_s(struct mc_str name)
{
    return name.p && mc_str_eq(name, MC_STR("s"));
}

/* Whether register REG holds the scenario's object at PC: by convention it is named `s`. */
static bool holds_s(const struct function *function, uint32_t pc, uint32_t reg)
{
    uint32_t active = 0;
    if (pc > 0) {
        uint32_t before = instruction(function, pc - 1);
        uint32_t index = before >> 16 & 0xff;
        if ((before & 0x7f) == OP_GETUPVAL && (before >> 7 & 0xff) == reg)
            return index < function->upvalue_count && is_s(function->upvalues[index]);
    }
    for (uint32_t i = 0; i < function->local_count && function->locals[i].from <= pc; i++) {
        if (pc >= function->locals[i].to) continue;
        if (active++ == reg) return is_s(function->locals[i].name);
    }
    return false;
}

static void look_at(struct linter *linter, const struct function *function, uint32_t pc)
{
    uint32_t word = instruction(function, pc), line = function->lines[pc];
    uint32_t a = word >> 7 & 0xff, b = word >> 16 & 0xff, c = word >> 24, op = word & 0x7f;
    if (op == OP_GETTABUP && b < function->upvalue_count && mc_str_eq(function->upvalues[b], MC_STR("_ENV"))) {
        const char *name = constant(linter, function, c);
        look_global(linter, line, name);
        if (strcmp(name, "fault") != 0 || pc + 1 >= function->code_count) return;
        uint32_t next = instruction(function, pc + 1);
        if ((next & 0x7f) == OP_GETFIELD && (next >> 16 & 0xff) == a) look_fault(linter, function->lines[pc + 1], constant(linter, function, next >> 24));
    } else if (op == OP_SETTABUP && a < function->upvalue_count && mc_str_eq(function->upvalues[a], MC_STR("_ENV"))) {
        report(linter, line, "assignment to undeclared global", constant(linter, function, b), NULL);
    } else if (op == OP_SELF && (word >> 15 & 1) && holds_s(function, pc, b)) {
        look_member(linter, line, constant(linter, function, c));
    }
}

static void look_function(struct linter *linter, unsigned depth)
{
    struct chunk *chunk = &linter->chunk;
    struct function function = {0};
    read_string(chunk); /* source */
    function.first_line = (uint32_t)read_size(chunk);
    read_size(chunk);
    skip(chunk, 3); /* parameters, vararg, stack */
    function.code_count = read_count(chunk);
    function.code = skip(chunk, (size_t)function.code_count * 4);
    read_constants(chunk, &function);
    skip(chunk, (size_t)read_count(chunk) * 3); /* upvalues */
    uint32_t inner = read_count(chunk);
    for (uint32_t i = 0; i < inner && !chunk->bad && depth < DEPTH_MAX; i++) look_function(linter, depth + 1);
    read_lines(chunk, &function);
    read_names(chunk, &function);
    for (uint32_t pc = 0; pc < function.code_count && !chunk->bad; pc++) look_at(linter, &function, pc);
}

/* Protected: pushes may run out of memory. */
static int lint(lua_State *L)
{
    struct linter *linter = lua_touserdata(L, 1);
    const struct sim_script *script = linter->reading->script;
    linter->L = L;
    if (luaL_loadbufferx(L, script->text.p, script->text.n, "=lint", "t") != LUA_OK) return 0;
    lua_dump(L, write_chunk, &linter->chunk, 0);
    skip(&linter->chunk, 4 + 1 + 1 + 6 + 3 + sizeof(lua_Integer) + sizeof(lua_Number) + 1);
    look_function(linter, 0);
    return 0;
}

bool sim_script_lint(const struct sim_script *script, struct sim_error *error)
{
    struct sim_reading *reading = script->reading;
    lua_State *L = reading->L;
    struct linter linter = {.reading = reading, .error = error};
    linter.chunk.arena = sim_reading_scratch(reading);
    lua_pushcfunction(L, lint);
    lua_pushlightuserdata(L, &linter);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) lua_pop(L, 1);
    return !linter.found;
}
