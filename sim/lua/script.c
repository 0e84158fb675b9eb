#include "sim/lua/script_parts.h"
#include <stdlib.h>

/* ---- memory by default ---- */

static void *take(void *self, size_t size)
{
    (void)self;
    return malloc(size);
}

static void give(void *self, void *block, size_t size)
{
    (void)self, (void)size;
    free(block);
}

/* ---- options ---- */

static bool copy_names(struct mc_arena *arena, const char *const **names, uint32_t count)
{
    const char **copy = mc_arena_take(arena, (count + 1) * sizeof *copy);
    for (uint32_t i = 0; copy && i < count; i++)
        if (!(copy[i] = mc_arena_copy(arena, mc_str_c((*names)[i])).p)) return false;
    *names = copy;
    return copy != NULL;
}

static bool copy_options(struct sim_script *script)
{
    struct sim_script_options *options = &script->options;
    struct sim_script_var *vars = mc_arena_take(&script->arena, (options->var_count + 1) * sizeof *vars);
    uint64_t *seeds = mc_arena_take(&script->arena, (options->seed_count + 1) * sizeof *seeds);
    if (!vars || !seeds) return false;
    if (options->seed_count) memcpy(seeds, options->seeds, options->seed_count * sizeof *seeds);
    for (uint32_t i = 0; i < options->var_count; i++) {
        vars[i].name = mc_arena_copy(&script->arena, mc_str_c(options->vars[i].name)).p;
        vars[i].value = mc_arena_copy(&script->arena, mc_str_c(options->vars[i].value)).p;
        if (!vars[i].name || !vars[i].value) return false;
    }
    options->vars = vars;
    options->seeds = seeds;
    if (!options->memory_max) options->memory_max = 256u << 20;
    if (!options->instructions_max) options->instructions_max = 500000000;
    return copy_names(&script->arena, &options->roots, options->root_count) &&
           copy_names(&script->arena, &options->profiles, options->profile_count);
}

/* ---- cases ---- */

static struct sim_case make_case(uint32_t number, const struct sim_declared *declared, uint32_t profile, uint64_t seed)
{
    return (struct sim_case){
        .number = number, .scenario = declared->name, .variant_json = declared->variant_json,
        .profile = declared->profiles[profile]->name, .seed = seed, .expect_fail = declared->expect_fail,
        .pending = declared->pending, .tags = declared->tags, .tag_count = declared->tag_count,
        .duration = declared->plan.duration, .source = declared->source,
    };
}

static bool list_cases(struct sim_script *script)
{
    uint64_t count = 0;
    for (const struct sim_declared *declared = script->reading->declared; declared; declared = declared->next)
        count += (uint64_t)declared->profile_count * declared->seed_count;
    if (count > UINT32_MAX / sizeof(struct sim_case)) return false;
    script->cases = mc_arena_take(&script->arena, (count + 1) * sizeof *script->cases);
    script->keys = mc_arena_take(&script->arena, (count + 1) * sizeof *script->keys);
    if (!script->cases || !script->keys) return false;
    uint32_t at = 0, index = 0;
    for (const struct sim_declared *declared = script->reading->declared; declared; declared = declared->next, index++)
        for (uint32_t p = 0; p < declared->profile_count; p++)
            for (uint32_t s = 0; s < declared->seed_count; s++, at++) {
                script->cases[at] = make_case(at, declared, p, declared->seeds[s]);
                script->keys[at] = (struct sim_case_key){index, p};
            }
    script->case_count = at;
    return true;
}

/* ---- life ---- */

static struct sim_script *begin_script(const char *name, const struct sim_script_options *options, struct sim_error *error)
{
    struct sim_script_options chosen = *options;
    if (!chosen.alloc.take) chosen.alloc = (struct mc_alloc){NULL, take, give};
    struct sim_script *script = mc_alloc_take(&chosen.alloc, sizeof *script);
    if (script) {
        *script = (struct sim_script){.options = chosen};
        mc_pool_init(&script->pool, chosen.alloc);
        mc_arena_init(&script->arena, &script->pool, 0);
        script->name = mc_arena_copy(&script->arena, mc_str_c(name));
        script->directory = sim_files_directory(&script->arena, name);
        if (script->name.p && copy_options(script)) return script;
    }
    sim_script_free(script);
    sim_error_set(error, (struct sim_source){.file = mc_str_c(name)}, "out of memory");
    return NULL;
}

/* A profile of the options that no scenario knows. */
static bool lacks_profile(const struct sim_script *script)
{
    const struct sim_reading *reading = script->reading;
    for (uint32_t i = 0; i < script->options.profile_count && reading->declared; i++)
        if (!(reading->known_profiles >> (i % 64) & 1)) return true;
    return false;
}

/* NAME is the caller's own, which outlives the script. */
static struct sim_script *read_script(struct sim_script *script, const char *name, struct sim_error *error)
{
    struct sim_source source = {.file = script->name};
    script->reading = sim_reading_new(script, NULL, error);
    bool good = script->reading && sim_reading_read(script->reading, error);
    if (good && lacks_profile(script)) {
        *error = script->reading->unknown_profile;
        good = false;
    }
    if (good && !list_cases(script)) good = sim_error_set(error, source, "out of memory");
    if (good) return script;
    sim_reading_settle(script, name, error);
    sim_script_free(script);
    return NULL;
}

struct sim_script *sim_script_load_text(const char *name, struct mc_str text, const struct sim_script_options *options, struct sim_error *error)
{
    struct sim_script *script = begin_script(name, options, error);
    if (!script) return NULL;
    script->text = mc_arena_copy(&script->arena, text);
    if (script->text.p) return read_script(script, name, error);
    sim_script_free(script);
    sim_error_set(error, (struct sim_source){.file = mc_str_c(name)}, "out of memory");
    return NULL;
}

struct sim_script *sim_script_load(const char *name, const struct sim_script_options *options, struct sim_error *error)
{
    struct sim_script *script = begin_script(name, options, error);
    if (!script) return NULL;
    if (sim_files_read(&script->arena, name, &script->text, error)) return read_script(script, name, error);
    sim_script_free(script);
    error->source.file = mc_str_c(name);
    return NULL;
}

void sim_script_free(struct sim_script *script)
{
    if (!script) return;
    struct mc_alloc alloc = script->options.alloc;
    sim_reading_free(script->reading);
    mc_arena_fini(&script->arena);
    mc_pool_fini(&script->pool);
    mc_alloc_give(&alloc, script, sizeof *script);
}

const char *sim_script_name(const struct sim_script *script)
{
    return script->name.p;
}

struct mc_str sim_script_text(const struct sim_script *script)
{
    return script->text;
}

uint64_t sim_script_digest(const struct sim_script *script)
{
    return script->reading->digest;
}

uint32_t sim_script_case_count(const struct sim_script *script)
{
    return script->case_count;
}

const struct sim_case *sim_script_case(const struct sim_script *script, uint32_t number)
{
    return number < script->case_count ? &script->cases[number] : NULL;
}

enum sim_status sim_case_status(const struct sim_case *one, const struct sim_outcome *outcome)
{
    if (!one->expect_fail.n || outcome->status == SIM_INCONCLUSIVE) return outcome->status;
    return outcome->status == SIM_FAIL ? SIM_PASS : SIM_FAIL;
}
