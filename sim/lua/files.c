/* Which files a script reads: what it includes, topologies and profiles, along the search path. */
#define _POSIX_C_SOURCE 200809L
#include "sim/lua/script_parts.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char module_key = 0; /* registry: path -> what the file returned */

struct mc_str sim_files_directory(struct mc_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return MC_STR(".");
    struct mc_str kept = mc_arena_copy(arena, mc_str(path, slash == path ? 1 : (size_t)(slash - path)));
    return kept.p ? kept : MC_STR(".");
}

/* Opening a pipe would wait for its writer. False with errno 0: there is something, but no file. */
static bool is_plain(const char *path)
{
    struct stat what;
    if (stat(path, &what) != 0) return false;
    errno = 0;
    return S_ISREG(what.st_mode);
}

/* Editors' byte order mark and a first line "#!…" are no Lua, as lua(1) has it. The line's end stays, for the count. */
static struct mc_str past_preamble(struct mc_str text)
{
    size_t at = mc_str_starts(text, MC_STR("\xef\xbb\xbf")) ? 3 : 0;
    if (at < text.n && text.p[at] == '#')
        while (at < text.n && text.p[at] != '\n') at++;
    return mc_str(text.p + at, text.n - at);
}

bool sim_files_read(struct mc_arena *arena, const char *path, struct mc_str *text, struct sim_error *error)
{
    struct sim_source source = {.file = mc_str_c(path)};
    if (!is_plain(path)) return sim_error_set(error, source, errno ? "cannot be opened: %s" : "is no plain file", strerror(errno));
    FILE *file = fopen(path, "rb");
    if (!file) return sim_error_set(error, source, "cannot be opened: %s", strerror(errno));
    char *bytes = NULL;
    long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (size < 0 || size > SIM_FILE_MAX || fseek(file, 0, SEEK_SET) != 0)
        sim_error_set(error, source, size > SIM_FILE_MAX ? "is larger than 4 MiB" : "is no plain file");
    else if (!(bytes = mc_arena_take(arena, (size_t)size + 1)))
        sim_error_set(error, source, "out of memory");
    else if (fread(bytes, 1, (size_t)size, file) != (size_t)size)
        bytes = NULL, sim_error_set(error, source, "cannot be read: %s", strerror(errno));
    fclose(file);
    if (!bytes) return false;
    bytes[size] = 0;
    *text = past_preamble(mc_str(bytes, (size_t)size));
    return true;
}

static bool exists(const char *path)
{
    return is_plain(path) && access(path, R_OK) == 0;
}

/* PATH of FOLDER/NAME under the script's directory or a root. FOLDER "": right there. What a script includes
 * may also stand beside it; a topology may not, or a script named chain.lua would find itself. */
static bool locate(const struct sim_reading *reading, const char *folder, const char *name, char path[SIM_PATH_MAX])
{
    const struct sim_script_options *options = &reading->script->options;
    const char *between = *folder ? "/" : "";
    if (name[0] == '/') return snprintf(path, SIM_PATH_MAX, "%s", name) < SIM_PATH_MAX && exists(path);
    snprintf(path, SIM_PATH_MAX, "%.*s/%s%s%s", MC_STR_ARG(reading->directory), folder, between, name);
    if (exists(path)) return true;
    snprintf(path, SIM_PATH_MAX, "%.*s/%s", MC_STR_ARG(reading->directory), name);
    if (!mc_str_starts(mc_str_c(folder), MC_STR("topologies")) && exists(path)) return true;
    for (uint32_t i = 0; i < options->root_count; i++) {
        snprintf(path, SIM_PATH_MAX, "%s/%s%s%s", options->roots[i], folder, between, name);
        if (exists(path)) return true;
    }
    return false;
}

/* Runs the file at PATH and leaves its value; a second time, the same value. */
static void run_file(lua_State *L, struct sim_reading *reading, const char *path)
{
    struct sim_error error;
    struct mc_str text, before = reading->directory;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &module_key);
    if (lua_getfield(L, -1, path) != LUA_TNIL) {
        if (lua_isboolean(L, -1) && !lua_toboolean(L, -1)) luaL_error(L, "%s: files include each other", path);
        lua_remove(L, -2);
        return;
    }
    lua_pop(L, 1);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, path);
    if (++reading->includes > SIM_INCLUDES_MAX) luaL_error(L, "%s: more than %d files", path, SIM_INCLUDES_MAX);
    if (!sim_files_read(&reading->arena, path, &text, &error)) luaL_error(L, "%s: %s", path, error.text);
    reading->digest = mc_hash(text, reading->digest);
    if (!sim_reading_keep(reading, text)) luaL_error(L, "%s: out of memory", path);
    lua_pushfstring(L, "@%s", path);
    if (luaL_loadbufferx(L, text.p, text.n, lua_tostring(L, -1), "t") != LUA_OK) lua_error(L);
    lua_remove(L, -2);
    reading->directory = sim_files_directory(&reading->arena, path);
    luaL_checkstack(L, 16, "files include each other");
    lua_call(L, 0, 1);
    reading->directory = before;
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, path);
    lua_remove(L, -2);
}

/* ---- what is shipped ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct sim_shipped *)a)->name, ((const struct sim_shipped *)b)->name);
}

static void read_doc(struct sim_shipped *one)
{
    char line[256];
    FILE *file = fopen(one->path, "rb");
    if (!file) return;
    if (fgets(line, sizeof line, file) && !strncmp(line, "--", 2)) {
        line[strcspn(line, "\r\n")] = 0;
        snprintf(one->doc, sizeof one->doc, "%s", line + 2 + strspn(line + 2, "- "));
    }
    fclose(file);
}

static uint32_t add_folder(const char *folder, struct sim_shipped *list, uint32_t count, uint32_t max)
{
    DIR *directory = opendir(folder);
    const struct dirent *entry;
    while (directory && (entry = readdir(directory)) && count < max) {
        size_t n = strlen(entry->d_name);
        if (n < 5 || n - 4 >= sizeof list->name || strcmp(entry->d_name + n - 4, ".lua") != 0) continue;
        struct sim_shipped *one = &list[count];
        *one = (struct sim_shipped){0};
        memcpy(one->name, entry->d_name, n - 4);
        bool hidden = false;
        for (uint32_t i = 0; i < count; i++) hidden = hidden || !strcmp(list[i].name, one->name);
        if (hidden || snprintf(one->path, sizeof one->path, "%s/%s", folder, entry->d_name) >= (int)sizeof one->path) continue;
        read_doc(one);
        count++;
    }
    if (directory) closedir(directory);
    return count;
}

/* What stands beside the profiles and is none. */
static bool is_other(const char *kind, const char *name)
{
    return !strcmp(kind, "profiles") && (!strcmp(name, "frameworks") || !strcmp(name, "kernel") || !strcmp(name, "kubernetes"));
}

uint32_t sim_script_shipped(const char *const *roots, uint32_t root_count, const char *kind, struct sim_shipped *list, uint32_t max)
{
    char folder[SIM_PATH_MAX];
    uint32_t count = 0, kept = 0;
    for (uint32_t i = 0; i < root_count; i++) {
        snprintf(folder, sizeof folder, "%s/topologies%s", roots[i], strcmp(kind, "profiles") ? "" : "/profiles");
        count = add_folder(folder, list, count, max);
    }
    for (uint32_t i = 0; i < count; i++)
        if (!is_other(kind, list[i].name)) list[kept++] = list[i];
    qsort(list, kept, sizeof *list, by_name);
    return kept;
}

static int unknown_file(lua_State *L, const struct sim_reading *reading, const char *folder, const char *name, const char *what)
{
    const struct sim_script_options *options = &reading->script->options;
    enum { MOST = 64 };
    struct sim_shipped *list = lua_newuserdatauv(L, MOST * sizeof *list, 0);
    uint32_t count = sim_script_shipped(options->roots, options->root_count, strstr(folder, "profiles") ? "profiles" : "topologies", list, MOST);
    const char *nearest = NULL;
    unsigned best = (unsigned)strlen(name) / 3 + 2;
    for (uint32_t i = 0; i < count; i++) {
        unsigned distance = mc_str_distance(mc_str_c(name), mc_str_c(list[i].name));
        if (distance >= best) continue;
        best = distance;
        nearest = list[i].name;
    }
    if (nearest) return luaL_error(L, "%s '%s' is not known: did you mean '%s'?", what, name, nearest);
    lua_pushliteral(L, "");
    for (uint32_t i = 0; i < count; i++)
        lua_pushfstring(L, "%s%s%s", lua_tostring(L, -1), i ? ", " : ": there are ", list[i].name);
    return luaL_error(L, "%s '%s' is not known%s", what, name, lua_tostring(L, -1));
}

void sim_files_shipped(lua_State *L, const char *folder, const char *name, const char *what)
{
    char path[SIM_PATH_MAX];
    int base = lua_gettop(L);
    struct sim_reading *reading = sim_reading_of(L);
    lua_pushnil(L);
    bool is_path = strchr(name, '/') || strstr(name, ".lua");
    const char *file = is_path ? name : lua_pushfstring(L, "%s.lua", name);
    if (!locate(reading, is_path ? "" : folder, file, path)) {
        if (is_path) luaL_error(L, "%s '%s' cannot be found", what, name);
        unknown_file(L, reading, folder, name, what);
    }
    run_file(L, reading, path);
    lua_replace(L, base + 1);
    lua_settop(L, base + 1);
}

/* ---- include, topologies ---- */

/* include "retry" runs scripts/lib/retry.lua once and gives what it returns. */
static int include(lua_State *L)
{
    char path[SIM_PATH_MAX];
    struct sim_reading *reading = sim_reading_of(L);
    const char *name = luaL_checkstring(L, 1);
    const char *file = strstr(name, ".lua") ? name : lua_pushfstring(L, "%s.lua", name);
    if (!locate(reading, "scripts/lib", file, path)) return luaL_error(L, "include: '%s' cannot be found", name);
    run_file(L, reading, path);
    return 1;
}

/* topologies.bookinfo is what topologies/bookinfo.lua returns: a function of options. */
static int index_topologies(lua_State *L)
{
    const char *name = luaL_checkstring(L, 2);
    sim_files_shipped(L, "topologies", name, "topology");
    return 1;
}

/* options(what, given, defaults): GIVEN over DEFAULTS. A key that DEFAULTS lacks, or of another type, is the
 * mistake of whoever called the function that calls this. */
static int options(lua_State *L)
{
    const char *what = luaL_checkstring(L, 1);
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_settop(L, 3);
    lua_newtable(L);
    for (int from = 3; from >= 2; from--) {
        if (from == 2 && lua_isnil(L, 2)) break;
        if (!lua_istable(L, from)) return luaL_error(L, "%s%s: a table of options is expected, not a %s", (luaL_where(L, 2), lua_tostring(L, -1)), what, luaL_typename(L, from));
        mc_sandbox_push_sorted_keys(L, from);
        for (lua_Integer i = 1; lua_geti(L, 5, i) != LUA_TNIL; i++) {
            lua_pushvalue(L, 6);
            bool known = lua_gettable(L, 3) != LUA_TNIL || lua_type(L, 6) == LUA_TNUMBER;
            if (!known) {
                const char *key = mc_sandbox_text(L, 6), *nearest = mc_sandbox_nearest_key(L, 3, mc_str_c(key));
                luaL_where(L, 2);
                if (nearest) lua_pushfstring(L, "%s%s: '%s' is not known: did you mean '%s'?", lua_tostring(L, -1), what, key, nearest);
                else lua_pushfstring(L, "%s%s: '%s' is not known", lua_tostring(L, -1), what, key);
                return lua_error(L);
            }
            lua_pushvalue(L, 6);
            lua_pushvalue(L, 6);
            lua_gettable(L, from);
            lua_settable(L, 4);
            lua_settop(L, 5);
        }
        lua_settop(L, 4);
    }
    return 1;
}

void sim_files_open(struct sim_reading *reading, lua_State *L)
{
    (void)reading;
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &module_key);
    lua_pushcfunction(L, include);
    lua_setglobal(L, "include");
    lua_pushcfunction(L, options);
    lua_setglobal(L, "options");
    lua_newuserdatauv(L, 0, 0);
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, index_topologies);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_setglobal(L, "topologies");
}
