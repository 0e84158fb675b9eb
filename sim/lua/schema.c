#include "sim/lua/schema.h"
#include "lua/sandbox.h"
#include "sim/plan/units.h"
#include <lauxlib.h>
#include <stdarg.h>
#include <stdio.h>

int sim_schema_error(lua_State *L, const char *what, const char *key, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return luaL_error(L, "%s: '%s': %s", what, key, text);
}

void *sim_schema_take(lua_State *L, struct mc_arena *arena, size_t size)
{
    void *memory = mc_arena_take_zero(arena, size ? size : 1);
    if (!memory) luaL_error(L, "out of memory");
    return memory;
}

static struct mc_str copy(lua_State *L, struct mc_arena *arena, int index)
{
    size_t n;
    const char *text = lua_tolstring(L, index, &n);
    struct mc_str kept = mc_arena_copy(arena, mc_str(text, n));
    if (!kept.p) luaL_error(L, "out of memory");
    return kept;
}

struct mc_str sim_schema_text(lua_State *L, int index, struct mc_arena *arena, const char *what, const char *key)
{
    index = lua_absindex(L, index);
    if (lua_type(L, index) != LUA_TSTRING)
        sim_schema_error(L, what, key, "a text is expected, not a %s", luaL_typename(L, index));
    return copy(L, arena, index);
}

struct sim_texts sim_schema_texts(lua_State *L, int index, struct mc_arena *arena, const char *what, const char *key)
{
    index = lua_absindex(L, index);
    if (lua_type(L, index) == LUA_TSTRING) {
        struct mc_str *one = sim_schema_take(L, arena, sizeof *one);
        *one = copy(L, arena, index);
        return (struct sim_texts){one, 1};
    }
    if (!lua_istable(L, index)) sim_schema_error(L, what, key, "a list of texts is expected, not a %s", luaL_typename(L, index));
    lua_Unsigned n = lua_rawlen(L, index);
    if (n > 65536) sim_schema_error(L, what, key, "the list is too long");
    struct mc_str *list = sim_schema_take(L, arena, (size_t)n * sizeof *list);
    for (lua_Unsigned i = 0; i < n; i++) {
        lua_geti(L, index, (lua_Integer)i + 1);
        list[i] = sim_schema_text(L, -1, arena, what, key);
        lua_pop(L, 1);
    }
    return (struct sim_texts){list, (uint32_t)n};
}

enum { NAME_MAX_BYTES = 63 };

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void sim_schema_name(lua_State *L, const char *what, const char *key, struct mc_str name)
{
    if (!name.n) sim_schema_error(L, what, key, "a name is empty");
    if (name.n > NAME_MAX_BYTES) sim_schema_error(L, what, key, "\"%.20s…\" has %d characters: at most %d", name.p, (int)name.n, NAME_MAX_BYTES);
    bool good = is_alphanumeric(name.p[0]);
    for (size_t i = 1; i < name.n && good; i++) good = is_alphanumeric(name.p[i]) || strchr("-_.", name.p[i]);
    if (!good) sim_schema_error(L, what, key, "\"%s\" is no name: letters, digits, '-', '_' and '.', beginning with a letter or digit", name.p);
}

bool sim_schema_is_token(struct mc_str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (!is_alphanumeric(text.p[i]) && !(text.p[i] && strchr("!#$%&'*+-.^_`|~", text.p[i]))) return false;
    return text.n > 0;
}

mc_ns sim_schema_duration(lua_State *L, int index, const char *what, const char *key)
{
    char why[SIM_UNITS_WHY];
    mc_ns value = 0;
    size_t n;
    index = lua_absindex(L, index);
    if (sim_duration_test(L, index, &value)) return value;
    if (lua_type(L, index) == LUA_TNUMBER) {
        const char *number = mc_sandbox_text(L, index);
        if (lua_tonumber(L, index) - lua_tonumber(L, index) != 0) sim_schema_error(L, what, key, "%s is no duration: write \"10ms\"", number);
        sim_schema_error(L, what, key, "%s has no unit: write \"%sms\" or \"%ss\"", number, number, number);
    }
    if (lua_type(L, index) != LUA_TSTRING)
        sim_schema_error(L, what, key, "a duration is expected, such as \"10ms\", not %s", lua_isnoneornil(L, index) ? "nothing" : lua_pushfstring(L, "a %s", luaL_typename(L, index)));
    const char *text = lua_tolstring(L, index, &n);
    if (!sim_read_duration(mc_str(text, n), &value, why)) sim_schema_error(L, what, key, "%s", why);
    return value;
}

uint32_t sim_schema_share(lua_State *L, int index, const char *what, const char *key)
{
    char why[SIM_UNITS_WHY];
    uint32_t ppm = 0;
    size_t n;
    index = lua_absindex(L, index);
    if (lua_type(L, index) == LUA_TNUMBER) {
        const char *number = mc_sandbox_text(L, index);
        sim_schema_error(L, what, key, "%s has no unit: write \"%s%%\"", number, number);
    }
    if (lua_type(L, index) != LUA_TSTRING)
        sim_schema_error(L, what, key, "a percentage is expected, such as \"1%%\", not a %s", luaL_typename(L, index));
    const char *text = lua_tolstring(L, index, &n);
    if (!sim_read_share(mc_str(text, n), &ppm, why)) sim_schema_error(L, what, key, "%s", why);
    return ppm;
}

static uint64_t read_size(lua_State *L, const char *what, const char *key)
{
    char why[SIM_UNITS_WHY];
    uint64_t bytes = 0;
    size_t n = 0;
    if (lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 0) return (uint64_t)lua_tointeger(L, -1);
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &n) : NULL;
    if (!text) sim_schema_error(L, what, key, "a size is expected, such as \"1KiB\", not a %s", luaL_typename(L, -1));
    if (!sim_read_size(mc_str(text, n), &bytes, why)) sim_schema_error(L, what, key, "%s", why);
    return bytes;
}

static uint64_t read_bit_rate(lua_State *L, const char *what, const char *key)
{
    char why[SIM_UNITS_WHY];
    uint64_t rate = 0;
    size_t n;
    if (lua_type(L, -1) != LUA_TSTRING) sim_schema_error(L, what, key, "a rate is expected, such as \"1Gbps\", not a %s", luaL_typename(L, -1));
    const char *text = lua_tolstring(L, -1, &n);
    if (!sim_read_bit_rate(mc_str(text, n), &rate, why)) sim_schema_error(L, what, key, "%s", why);
    return rate;
}

static uint32_t read_count(lua_State *L, const char *what, const char *key)
{
    int exact;
    lua_Integer value = lua_tointegerx(L, -1, &exact);
    if (lua_type(L, -1) != LUA_TNUMBER || !exact || value < 0 || value > UINT32_MAX)
        sim_schema_error(L, what, key, "a whole number from 0 is expected, not %s", mc_sandbox_text(L, -1));
    return (uint32_t)value;
}

/* The one place where a Lua number becomes part of the world: rounded to the nearest thousandth. */
static uint64_t read_rate(lua_State *L, const char *what, const char *key)
{
    lua_Number value = lua_tonumber(L, -1);
    if (lua_type(L, -1) != LUA_TNUMBER || !(value >= 0 && value < 1e12))
        sim_schema_error(L, what, key, "a number from 0 is expected, not %s", mc_sandbox_text(L, -1));
    return (uint64_t)(value * 1000 + 0.5);
}

static int read_choice(lua_State *L, const char *what, const struct sim_field *field)
{
    char all[200] = "";
    const char *nearest = NULL;
    unsigned best = 4;
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
    for (int i = 0; field->choices[i]; i++) {
        if (text && !strcmp(text, field->choices[i])) return i;
        unsigned distance = text ? mc_str_distance(mc_str_c(text), mc_str_c(field->choices[i])) : best;
        if (distance < best) {
            best = distance;
            nearest = field->choices[i];
        }
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", field->choices[i]);
    }
    if (nearest) return sim_schema_error(L, what, field->name, "\"%s\" is not known: did you mean \"%s\"?", text, nearest);
    if (text) return sim_schema_error(L, what, field->name, "\"%s\" is not one of %s", text, all);
    return sim_schema_error(L, what, field->name, "a %s is not one of %s", luaL_typename(L, -1), all);
}

static void read_field(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    void *at = (char *)record + field->offset;
    switch (field->kind) {
    case SIM_FIELD_TEXT: *(struct mc_str *)at = sim_schema_text(L, -1, arena, what, field->name); break;
    case SIM_FIELD_DURATION: *(mc_ns *)at = sim_schema_duration(L, -1, what, field->name); break;
    case SIM_FIELD_SHARE: *(uint32_t *)at = sim_schema_share(L, -1, what, field->name); break;
    case SIM_FIELD_SIZE: *(uint32_t *)at = (uint32_t)read_size(L, what, field->name); break;
    case SIM_FIELD_BIT_RATE: *(uint64_t *)at = read_bit_rate(L, what, field->name); break;
    case SIM_FIELD_COUNT: *(uint32_t *)at = read_count(L, what, field->name); break;
    case SIM_FIELD_RATE: *(uint64_t *)at = read_rate(L, what, field->name); break;
    case SIM_FIELD_BOOL:
        if (!lua_isboolean(L, -1)) sim_schema_error(L, what, field->name, "true or false is expected, not %s", mc_sandbox_text(L, -1));
        *(bool *)at = lua_toboolean(L, -1) != 0;
        break;
    case SIM_FIELD_CHOICE: *(int *)at = read_choice(L, what, field); break;
    case SIM_FIELD_TEXTS: *(struct sim_texts *)at = sim_schema_texts(L, -1, arena, what, field->name); break;
    case SIM_FIELD_READ: field->read(L, arena, what, field, record); break;
    case SIM_FIELD_SKIP: break;
    }
}

static const struct sim_field *find(const struct sim_field *fields, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(fields[i].name, key)) return &fields[i];
    return NULL;
}

static void unknown_key(lua_State *L, const char *what, const struct sim_field *fields, size_t count)
{
    const char *nearest = NULL;
    unsigned best = 4;
    const char *key = mc_sandbox_text(L, -2);
    for (size_t i = 0; i < count; i++) {
        unsigned distance = mc_str_distance(mc_str_c(key), mc_str_c(fields[i].name));
        if (distance >= best || distance * 2 >= strlen(key) + 1) continue;
        best = distance;
        nearest = fields[i].name;
    }
    if (nearest) luaL_error(L, "%s: '%s' is not known: did you mean '%s'?", what, key, nearest);
    luaL_error(L, "%s: '%s' is not known", what, key);
}

void sim_schema_read(lua_State *L, int index, struct mc_arena *arena, const char *what, const struct sim_field *fields, size_t count, void *record)
{
    index = lua_absindex(L, index);
    luaL_checkstack(L, 12, "too deep");
    if (!lua_istable(L, index)) luaL_error(L, "%s: a table is expected, not a %s", what, luaL_typename(L, index));
    mc_sandbox_push_sorted_keys(L, index);
    int keys = lua_gettop(L);
    for (lua_Integer i = 1; lua_geti(L, keys, i) != LUA_TNIL; i++) {
        lua_pushvalue(L, -1);
        lua_gettable(L, index);
        const struct sim_field *field = lua_type(L, -2) == LUA_TSTRING ? find(fields, count, lua_tostring(L, -2)) : NULL;
        if (!field) unknown_key(L, what, fields, count);
        read_field(L, arena, what, field, record);
        if (field->given) *(bool *)((char *)record + field->given) = true;
        lua_settop(L, keys);
    }
    lua_settop(L, keys - 1);
    for (size_t i = 0; i < count; i++) {
        if (!fields[i].required) continue;
        if (lua_getfield(L, index, fields[i].name) == LUA_TNIL) luaL_error(L, "%s: '%s' is missing", what, fields[i].name);
        lua_pop(L, 1);
    }
}
