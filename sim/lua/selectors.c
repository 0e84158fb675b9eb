#include "sim/lua/selectors.h"
#include "sim/lua/topology.h"

static const char *const pods_type = "pods";

static void read_mode(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const char *const modes[] = {"all", "one", "fixed", "fixed-percent", "random-max-percent"};
    struct mc_str text = sim_schema_text(L, -1, arena, what, field->name);
    if (sim_select_mode_read(text, &((struct sim_selector *)record)->mode)) return;
    const char *nearest = sim_nearest(text, modes, sizeof *modes, MC_COUNT_OF(modes));
    if (nearest) sim_schema_error(L, what, field->name, "\"%s\" is not known: did you mean \"%s\"?", text.p, nearest);
    sim_schema_error(L, what, field->name, "\"%s\" is not one of all, one, fixed, fixed-percent, random-max-percent", text.p);
}

static struct sim_selector read_table(lua_State *L, int index, struct mc_arena *arena)
{
#define AT(member) offsetof(struct sim_selector, member)
    static const struct sim_field fields[] = {
        {"service", SIM_FIELD_TEXT, AT(service)}, {"version", SIM_FIELD_TEXT, AT(version)},
        {"zone", SIM_FIELD_TEXT, AT(zone)},       {"name", SIM_FIELD_TEXT, AT(name)},
        {"mode", SIM_FIELD_READ, .read = read_mode},
        {"value", SIM_FIELD_COUNT, AT(value)},
    };
#undef AT
    struct sim_selector selector = {.service = MC_STR(""), .version = MC_STR(""), .zone = MC_STR(""), .name = MC_STR("")};
    sim_schema_read(L, index, arena, "pods", fields, MC_COUNT_OF(fields), &selector);
    bool counted = selector.mode != SIM_SELECT_ALL && selector.mode != SIM_SELECT_ONE;
    if (counted && !selector.value) luaL_error(L, "pods: 'value' is missing: how many, or how many percent");
    bool percent = selector.mode == SIM_SELECT_FIXED_PERCENT || selector.mode == SIM_SELECT_RANDOM_MAX_PERCENT;
    if (percent && selector.value > 100) luaL_error(L, "pods: 'value': %d is over 100", (int)selector.value);
    selector.source = sim_lua_source(L, arena);
    return selector;
}

/* pods { service = , version = , zone = , name = , mode = , value = }, or pods "checkout/v2@b" */
static int make_pods(lua_State *L)
{
    struct mc_arena *arena = &sim_reading_of(L)->arena;
    struct sim_selector selector = {0};
    struct sim_error error = {0};
    if (lua_type(L, 1) == LUA_TSTRING) {
        struct mc_str text = sim_schema_text(L, 1, arena, "pods", "selector");
        if (!sim_selector_read(text, &selector, &error)) return luaL_error(L, "pods: %s", error.text);
    } else {
        selector = read_table(L, 1, arena);
    }
    *(struct sim_selector *)lua_newuserdatauv(L, sizeof selector, 0) = selector;
    luaL_setmetatable(L, pods_type);
    return 1;
}

/* True: one selector was at INDEX. */
static bool read_one(lua_State *L, int index, struct mc_arena *arena, const char *what, const char *key, struct sim_selector *selector)
{
    struct sim_error error = {0};
    const struct sim_selector *pods = luaL_testudata(L, index, pods_type);
    if (pods) {
        *selector = *pods;
        return true;
    }
    if (lua_type(L, index) != LUA_TSTRING) return false;
    struct mc_str text = sim_schema_text(L, index, arena, what, key);
    *selector = (struct sim_selector){0};
    if (!sim_selector_read(text, selector, &error)) sim_schema_error(L, what, key, "%s", error.text);
    selector->source = sim_lua_source(L, arena);
    return true;
}

uint32_t sim_selectors_read(lua_State *L, int index, struct mc_arena *arena, const char *what, const char *key, const struct sim_selector **list)
{
    index = lua_absindex(L, index);
    bool several = lua_istable(L, index);
    uint32_t count = several ? (uint32_t)lua_rawlen(L, index) : 1;
    if (count < 1 || count > SIM_SELECTORS_MAX) sim_schema_error(L, what, key, "from 1 to %d selectors: \"checkout/v2@b\" or pods { service = \"checkout\" }", SIM_SELECTORS_MAX);
    struct sim_selector *selectors = sim_schema_take(L, arena, count * sizeof *selectors);
    for (uint32_t i = 0; i < count; i++) {
        if (several) lua_geti(L, index, i + 1);
        else lua_pushvalue(L, index);
        if (!read_one(L, -1, arena, what, key, &selectors[i]))
            sim_schema_error(L, what, key, "\"checkout/v2@b\" or pods { service = \"checkout\" } is expected, not a %s", luaL_typename(L, -1));
        lua_pop(L, 1);
    }
    *list = selectors;
    return count;
}

void sim_selectors_open(lua_State *L)
{
    luaL_newmetatable(L, pods_type);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, sim_pods_list);
    lua_setfield(L, -2, "list");
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_pushcfunction(L, make_pods);
    lua_setglobal(L, "pods");
}
