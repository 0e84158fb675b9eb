#include "cli/again.h"
#include "ossl/sha256.h"
#include "sim/plan/units.h"
#include <inttypes.h>
#include <stdlib.h>

const char *cli_build(char out[static CLI_BUILD])
{
    snprintf(out, CLI_BUILD, "squall %s (%s), %s", SQUALL_VERSION, SQUALL_COMMIT, mc_ossl_library());
    return out;
}

struct stored { /* copies of what the row says */
    char *file, *scenario, *variant;
};

static char *copy(struct mc_str text)
{
    return strndup(text.p ? text.p : "", text.n);
}

static void keep(char *out, size_t size, struct mc_str text)
{
    snprintf(out, size, "%.*s", MC_STR_ARG(text));
}

static bool read_row(struct cli_again *again, struct sim_store *store, struct stored *stored)
{
    struct sim_row row;
    struct sim_rows *rows = sim_store_rows(store, SIM_TABLE_RUNS, again->run);
    bool found = rows && sim_rows_next(rows, &row);
    if (found) {
        *stored = (struct stored){copy(row.run.file), copy(row.run.scenario), copy(row.run.variant_json)};
        keep(again->status, sizeof again->status, row.run.status);
        keep(again->trace_hash, sizeof again->trace_hash, row.run.trace_hash);
        again->selection.profiles[again->selection.profile_count++] = copy(row.run.profile);
        again->selection.seeds = calloc(1, sizeof *again->selection.seeds);
        if (again->selection.seeds) again->selection.seeds[again->selection.seed_count++] = row.run.seed;
    }
    sim_rows_free(rows);
    return found;
}

static void add_var(struct cli_selection *selection, struct mc_str name, struct mc_str value)
{
    if (selection->var_count == CLI_VARS_MAX) return;
    /* One block holds both, so that what frees the name frees the value. */
    char *pair = malloc(name.n + value.n + 2);
    if (!pair) return;
    snprintf(pair, name.n + 1, "%.*s", MC_STR_ARG(name));
    snprintf(pair + name.n + 1, value.n + 1, "%.*s", MC_STR_ARG(value));
    selection->var_names[selection->var_count] = pair;
    selection->vars[selection->var_count++] = (struct sim_script_var){.name = pair, .value = pair + name.n + 1};
}

static void read_attrs(struct cli_again *again, struct sim_store *store)
{
    struct sim_row row;
    struct sim_rows *rows = sim_store_rows(store, SIM_TABLE_ATTRS, again->run);
    char why[SIM_UNITS_WHY];
    while (rows && sim_rows_next(rows, &row)) {
        struct mc_str key = row.attr.key, value = row.attr.value;
        if (mc_str_starts(key, MC_STR("var."))) add_var(&again->selection, mc_str(key.p + 4, key.n - 4), value);
        if (mc_str_eq(key, MC_STR("script_digest"))) keep(again->script_digest, sizeof again->script_digest, value);
        if (mc_str_eq(key, MC_STR("unperturbed"))) keep(again->status, sizeof again->status, value);
        if (mc_str_eq(key, MC_STR("build"))) keep(again->build, sizeof again->build, value);
        if (mc_str_eq(key, MC_STR("duration"))) sim_read_duration(value, &again->selection.duration, why);
    }
    sim_rows_free(rows);
}

static bool load_script(struct cli_again *again, const struct stored *stored)
{
    char digest[24];
    const char *file = stored->file;
    if (!cli_select_scripts(&again->selection, &file, 1)) return false;
    const struct sim_script *script = again->selection.scripts[0];
    again->chosen.script = script;
    again->chosen.one = cli_select_again(script, mc_str_c(stored->scenario), mc_str_c(stored->variant));
    again->selection.exit = CLI_EXIT_DATA;
    snprintf(digest, sizeof digest, "%016" PRIx64, sim_script_digest(script));
    again->script_changed = strcmp(digest, again->script_digest) != 0;
    return again->chosen.one;
}

static bool is_failure(struct mc_str status)
{
    return mc_str_eq(status, MC_STR("failed")) || mc_str_eq(status, MC_STR("xfail")) || mc_str_eq(status, MC_STR("inconclusive"));
}

static int64_t first_failed(struct sim_store *store, int64_t invocation)
{
    struct sim_row row;
    int64_t found = 0;
    struct sim_rows *rows = sim_store_rows(store, SIM_TABLE_RUNS, 0);
    while (!found && rows && sim_rows_next(rows, &row))
        if (row.run.invocation == invocation && is_failure(row.run.status)) found = row.run.run;
    sim_rows_free(rows);
    return found;
}

static int64_t choose_run(const struct cli_found *found, enum cli_again_which which)
{
    int64_t failed = !found->run && which == CLI_AGAIN_FIRST_FAILED ? first_failed(found->store, found->invocation) : 0;
    return found->run ? found->run : failed ? failed : sim_store_last_run(found->store);
}

bool cli_again_load(struct cli_again *again, const struct cli_args *args, const char *word, enum cli_again_which which)
{
    struct cli_found found;
    struct stored stored = {NULL, NULL, NULL};
    *again = (struct cli_again){.run = 0};
    bool good = cli_results_find(args, word, &found);
    if (!good) {
        again->selection.exit = found.exit;
        return false;
    }
    good = cli_select_options(&again->selection, args);
    again->run = choose_run(&found, which);
    if (good && (good = read_row(again, found.store, &stored))) read_attrs(again, found.store);
    if (good && sim_store_error(found.store)->trouble) {
        fprintf(stderr, "squall: %s\n", sim_store_error(found.store)->text);
        again->selection.exit = cli_store_exit(sim_store_error(found.store));
        good = false;
    }
    sim_store_close(found.store, NULL);
    good = good && load_script(again, &stored);
    free(stored.file);
    free(stored.scenario);
    free(stored.variant);
    return good;
}

void cli_again_fini(struct cli_again *again)
{
    cli_selection_fini(&again->selection);
}
