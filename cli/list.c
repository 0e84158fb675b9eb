/* The verbs `list` and `check`: catalogues, and what a script would do. */
#include "cli/ledger.h"
#include "cli/results.h"
#include "cli/selection.h"
#include "base/assert.h"
#include "sim/export/json.h"
#include "sim/plan/units.h"
#include <inttypes.h>
#include <stdlib.h>

/* ---- one printer for all catalogues ---- */

struct listing {
    const struct cli_args *args;
    const char *only; /* a name, or NULL */
    bool as_json, found;
    struct sim_json json;
};

static void begin(struct listing *listing, const struct cli_args *args)
{
    *listing = (struct listing){.args = args, .only = args->word_count > 1 ? args->words[1] : NULL,
                                .as_json = cli_has(args, CLI_OPT_LIST_JSON), .json = {.out = stdout}};
    if (listing->as_json) sim_json_open(&listing->json, NULL, '[');
}

struct column {
    const char *key;
    struct mc_str value;
};

static void put(struct listing *listing, const struct column *columns, size_t count)
{
    if (listing->only && !mc_str_eq(columns[0].value, mc_str_c(listing->only))) return;
    listing->found = true;
    if (!listing->as_json) {
        printf("%-28.*s", MC_STR_ARG(columns[0].value));
        for (size_t i = 1; i < count; i++) printf("  %-*.*s", i + 1 < count ? 10 : 0, MC_STR_ARG(columns[i].value));
        putchar('\n');
        return;
    }
    sim_json_open(&listing->json, NULL, '{');
    for (size_t i = 0; i < count; i++) sim_json_text(&listing->json, columns[i].key, columns[i].value);
    sim_json_close(&listing->json, '}');
}

static int finish(struct listing *listing, const char *what)
{
    if (listing->as_json) sim_json_close(&listing->json, ']');
    if (fflush(stdout)) return CLI_EXIT_IO;
    if (listing->found || !listing->only) return CLI_EXIT_OK;
    fprintf(stderr, "squall: among the %s none is called \"%s\"; see squall list %s\n", what, listing->only, what);
    return CLI_EXIT_USAGE;
}

/* ---- faults ---- */

static void put_parameters(const struct sim_parameter *parameters, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct sim_parameter *p = &parameters[i];
        printf("  %-12s %s%s%s%s%s%s\n", p->name, p->doc, p->choices ? "; one of: " : "", p->choices ? p->choices : "",
               p->required ? "; required" : p->otherwise ? "; else " : "", p->required || !p->otherwise ? "" : p->otherwise, "");
    }
}

static int print_fault(const struct sim_fault_type *type)
{
    printf("fault.%s  (%s)\n\n%s\n\n", type->name, type->group, type->doc);
    put_parameters(type->parameters, type->parameter_count);
    puts("\nAs every fault:");
    put_parameters(sim_fault_common, sim_fault_common_count);
    printf("\nExample:\n  %s\n", type->example);
    return CLI_EXIT_OK;
}

static int complain_fault(const char *name)
{
    const char *names[256];
    size_t count = 0;
    while (sim_fault_types[count] && count < MC_COUNT_OF(names)) {
        names[count] = sim_fault_types[count]->name;
        count++;
    }
    const char *nearest = sim_nearest(mc_str_c(name), names, sizeof *names, count);
    fprintf(stderr, "squall: no fault is called \"%s\"%s%s%s\n", name, nearest ? ": did you mean \"" : "; see squall list faults",
            nearest ? nearest : "", nearest ? "\"?" : "");
    return CLI_EXIT_USAGE;
}

static int list_faults(const struct cli_args *args)
{
    struct listing listing;
    begin(&listing, args);
    if (listing.only && !listing.as_json) {
        const struct sim_fault_type *type = sim_fault_type_find(mc_str_c(listing.only));
        return type ? print_fault(type) : complain_fault(listing.only);
    }
    for (size_t i = 0; sim_fault_types[i]; i++) {
        const struct sim_fault_type *type = sim_fault_types[i];
        put(&listing, (struct column[]){{"name", mc_str_c(type->name)}, {"group", mc_str_c(type->group)}, {"doc", mc_str_c(type->doc)}}, 3);
    }
    return finish(&listing, "faults");
}

/* ---- metrics, invariants ---- */

static int list_metrics(const struct cli_args *args)
{
    struct listing listing;
    begin(&listing, args);
    for (const struct sim_metric_doc *doc = sim_metric_docs; doc->name; doc++)
        put(&listing, (struct column[]){{"name", mc_str_c(doc->name)}, {"unit", mc_str_c(doc->unit)}, {"doc", mc_str_c(doc->doc)}, {"tags", mc_str_c(doc->tags)}}, 4);
    return finish(&listing, "metrics");
}

static int list_invariants(const struct cli_args *args)
{
    struct listing listing;
    begin(&listing, args);
    for (const struct sim_invariant_doc *doc = sim_invariant_docs; doc->name; doc++)
        put(&listing, (struct column[]){{"name", mc_str_c(doc->name)}, {"doc", mc_str_c(doc->doc)}}, 2);
    return finish(&listing, "invariants");
}

/* ---- what is shipped ---- */

enum { SHIPPED_MAX = 256 };

static int list_shipped(const struct cli_args *args, const char *kind)
{
    struct listing listing;
    struct cli_selection selection;
    struct sim_shipped *list = calloc(SHIPPED_MAX, sizeof *list);
    if (!cli_select_options(&selection, args) || !list) {
        free(list);
        cli_selection_fini(&selection);
        return CLI_EXIT_SOFTWARE;
    }
    uint32_t count = sim_script_shipped(selection.root_list, selection.root_count, kind, list, SHIPPED_MAX);
    begin(&listing, args);
    for (uint32_t i = 0; i < count; i++)
        put(&listing, (struct column[]){{"name", mc_str_c(list[i].name)}, {"doc", mc_str_c(list[i].doc)}}, 2);
    free(list);
    cli_selection_fini(&selection);
    return finish(&listing, kind);
}

static int list_profiles(const struct cli_args *args)
{
    return list_shipped(args, "profiles");
}

static int list_topologies(const struct cli_args *args)
{
    return list_shipped(args, "topologies");
}

/* ---- scenarios: of the files that are named, else of those that are shipped ---- */

static void put_cases(struct listing *listing, const struct cli_selection *selection)
{
    for (uint32_t i = 0; i < selection->chosen_count; i++) {
        const struct cli_chosen *chosen = &selection->chosen[i];
        char place[4200];
        snprintf(place, sizeof place, "%s:%d", sim_script_name(chosen->script), chosen->one->source.line);
        put(listing, (struct column[]){{"name", chosen->one->scenario}, {"profile", chosen->one->profile}, {"variant", chosen->one->variant_json}, {"source", mc_str_c(place)}}, 4);
    }
}

static int list_scenarios(const struct cli_args *args)
{
    struct listing listing;
    struct cli_selection selection;
    char shipped[CLI_PATH];
    const char *path = args->word_count > 1 ? args->words[1] : shipped;
    bool good = cli_select_options(&selection, args);
    snprintf(shipped, sizeof shipped, "%.4000s/scripts/scenarios", selection.root_list[0]);
    good = good && cli_select_scripts(&selection, &path, 1);
    int code = (int)selection.exit;
    if (good) {
        begin(&listing, args);
        listing.only = NULL;
        put_cases(&listing, &selection);
        code = finish(&listing, "scenarios");
    }
    cli_selection_fini(&selection);
    return code;
}

/* ---- runs ---- */

static int list_runs(const struct cli_args *args)
{
    struct listing listing;
    struct cli_found found;
    struct sim_row row;
    if (!cli_results_find(args, args->word_count > 1 ? args->words[1] : NULL, &found)) return (int)found.exit;
    begin(&listing, args);
    listing.only = NULL;
    struct sim_rows *rows = sim_store_rows(found.store, SIM_TABLE_RUNS, 0);
    while (rows && sim_rows_next(rows, &row)) {
        char number[24], seed[24];
        snprintf(number, sizeof number, "%" PRId64, row.run.run);
        snprintf(seed, sizeof seed, "%" PRIu64, row.run.seed);
        put(&listing, (struct column[]){{"run", mc_str_c(number)}, {"status", row.run.status}, {"profile", row.run.profile}, {"seed", mc_str_c(seed)},
                                        {"trace_hash", row.run.trace_hash}, {"variant", row.run.variant_json}, {"scenario", row.run.scenario}}, 7);
    }
    sim_rows_free(rows);
    enum cli_exit code = cli_store_exit(sim_store_error(found.store));
    if (code) fprintf(stderr, "squall: %s\n", sim_store_error(found.store)->text);
    sim_store_close(found.store, NULL);
    int finished = finish(&listing, "runs");
    return code ? (int)code : finished;
}

static const struct {
    const char *name;
    int (*list)(const struct cli_args *args);
} catalogues[] = {
    {"scenarios", list_scenarios}, {"faults", list_faults}, {"profiles", list_profiles}, {"metrics", list_metrics},
    {"invariants", list_invariants}, {"topologies", list_topologies}, {"fidelity", cli_list_fidelity}, {"runs", list_runs},
};

int cli_list(const struct cli_args *args)
{
    static const char words[] = "scenarios faults profiles metrics invariants topologies fidelity runs";
    if (!args->word_count) {
        fprintf(stderr, "squall list: what? There are: %s\n", words);
        return CLI_EXIT_USAGE;
    }
    for (size_t i = 0; i < MC_COUNT_OF(catalogues); i++)
        if (!strcmp(args->words[0], catalogues[i].name)) return catalogues[i].list(args);
    cli_complain("no catalogue of", args->words[0], words);
    return CLI_EXIT_USAGE;
}

/* ---- check ---- */

static void print_load(const struct sim_load_spec *load)
{
    static const char *const executors[] = {[SIM_LOAD_CONSTANT_RATE] = "constant", [SIM_LOAD_POISSON] = "poisson",
                                            [SIM_LOAD_RAMPING_RATE] = "ramping", [SIM_LOAD_CLOSED] = "closed"};
    printf("    load %.*s -> %.*s  %s", MC_STR_ARG(load->name), MC_STR_ARG(load->to), executors[load->executor]);
    if (load->executor == SIM_LOAD_CLOSED) printf(" %" PRIu32 " users\n", load->vus);
    else printf(" %.6g/s\n", (double)load->rate_milli / 1000);
}

static void print_plan(const struct sim_plan *plan)
{
    uint32_t pods = 0;
    for (uint32_t i = 0; i < plan->topology.service_count; i++)
        for (uint32_t v = 0; v < plan->topology.services[i].version_count; v++) pods += plan->topology.services[i].versions[v].replicas;
    printf("    %" PRIu32 " services, %" PRIu32 " pods, %" PRIu32 " zones\n", plan->topology.service_count, pods, plan->topology.zone_count);
    for (uint32_t i = 0; i < plan->load_count; i++) print_load(&plan->loads[i]);
    for (uint32_t i = 0; i < plan->canary_count; i++)
        printf("    canary %.*s %.*s -> %.*s\n", MC_STR_ARG(plan->canaries[i].target), MC_STR_ARG(plan->canaries[i].from), MC_STR_ARG(plan->canaries[i].to));
    for (uint32_t i = 0; i < plan->threshold_count; i++)
        printf("    threshold %.*s%s%.*s%s %.*s\n", MC_STR_ARG(plan->thresholds[i].metric), plan->thresholds[i].tags.n ? "{" : "",
               MC_STR_ARG(plan->thresholds[i].tags), plan->thresholds[i].tags.n ? "}" : "", MC_STR_ARG(plan->thresholds[i].text));
    for (uint32_t i = 0; i < plan->invariant_count; i++) printf("    invariant %.*s\n", MC_STR_ARG(plan->invariants[i]));
}

/* Each case is planned and the plan looked at; the plan of the first seed is printed. */
static bool check_case(const struct cli_chosen *chosen, bool print)
{
    struct sim_error error = {.text = ""};
    char duration[SIM_UNITS_TEXT];
    const struct sim_case *one = chosen->one;
    struct sim_script_run *run = sim_script_run_new(chosen->script, one->number, &error);
    bool good = run && sim_run_check(sim_script_run_plan(run), &error);
    if (!good) cli_print_error(&error);
    if (good && print) {
        bool plain = mc_str_eq(one->variant_json, MC_STR("{}"));
        printf("  %.*s  (%.*s)%s%.*s  %s%s%.*s\n", MC_STR_ARG(one->scenario), MC_STR_ARG(one->profile), plain ? "" : "  ",
               plain ? 0 : (int)one->variant_json.n, one->variant_json.p, sim_print_duration(one->duration, duration),
               one->expect_fail.n ? "  expected to fail: " : "", MC_STR_ARG(one->expect_fail));
        print_plan(sim_script_run_plan(run));
    }
    sim_script_run_free(run);
    return good;
}

static bool same_but_seed(const struct cli_chosen *a, const struct cli_chosen *b)
{
    return a->script == b->script && mc_str_eq(a->one->scenario, b->one->scenario) && mc_str_eq(a->one->profile, b->one->profile) &&
           mc_str_eq(a->one->variant_json, b->one->variant_json);
}

static uint32_t check_all(const struct cli_selection *selection, bool quiet)
{
    uint32_t bad = 0;
    for (uint32_t i = 0; i < selection->script_count; i++) {
        struct sim_error error = {.text = ""};
        if (sim_script_lint(selection->scripts[i], &error)) continue;
        cli_print_error(&error);
        bad++;
    }
    for (uint32_t i = 0; i < selection->chosen_count; i++) {
        const struct cli_chosen *chosen = &selection->chosen[i];
        if (i && same_but_seed(chosen, chosen - 1)) continue;
        if (!quiet && (!i || chosen->script != chosen[-1].script)) printf("%s\n", sim_script_name(chosen->script));
        bad += !check_case(chosen, !quiet);
    }
    return bad;
}

int cli_check(const struct cli_args *args)
{
    struct cli_selection selection;
    if (!args->word_count) {
        fprintf(stderr, "squall check: which scenarios? Name a FILE.lua or a folder of them\n");
        return CLI_EXIT_USAGE;
    }
    bool good = cli_select_options(&selection, args) && cli_select_scripts(&selection, args->words, args->word_count);
    int code = good ? CLI_EXIT_OK : (int)selection.exit;
    if (good) cli_print_fidelity(&selection, stdout);
    uint32_t bad = good ? check_all(&selection, cli_has(args, CLI_OPT_QUIET)) : 0;
    if (good && bad) code = CLI_EXIT_DATA;
    if (good && !selection.chosen_count && !bad) {
        fprintf(stderr, "squall: no scenario matches\n");
        code = CLI_EXIT_INCONCLUSIVE;
    }
    if (good) printf("squall: %" PRIu32 " run%s would be made, %" PRIu32 " mistake%s\n", selection.chosen_count, selection.chosen_count == 1 ? "" : "s", bad, bad == 1 ? "" : "s");
    cli_selection_fini(&selection);
    return code;
}
