/* The verb `ledger`: what of a scenario is exact, modelled or ignored, and how well that is known. */
#include "cli/ledger.h"
#include "cli/results.h"
#include "base/assert.h"
#include "sim/export/json.h"
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { CASES_MAX = 64 /* that are planned for a summary: more of the same script say no more */ };

static const char *const platform_verbs[] = {"s:rollout", "s:scale", "s:drain"};

void cli_use_of(struct cli_use *use, const struct sim_script *script, const struct sim_plan *plan)
{
    char word[80];
    uint32_t count = 0;
    for (uint32_t i = 0; sim_fault_types[i] && count < CLI_USE_FAULTS - MC_COUNT_OF(platform_verbs); i++) {
        snprintf(word, sizeof word, "fault.%s", sim_fault_types[i]->name);
        if (sim_script_mentions(script, mc_str_c(word))) use->faults[count++] = sim_fault_types[i]->name;
    }
    for (size_t i = 0; i < MC_COUNT_OF(platform_verbs); i++)
        if (sim_script_mentions(script, mc_str_c(platform_verbs[i] + 1))) use->faults[count++] = platform_verbs[i];
    use->use = (struct sim_use){plan, use->faults, count};
}

/* ---- which rows ---- */

static uint32_t row_count(void)
{
    uint32_t count = 0;
    while (sim_ledger[count].name) count++;
    return count;
}

static bool same_but_seed(const struct cli_chosen *a, const struct cli_chosen *b)
{
    return a->script == b->script && mc_str_eq(a->one->scenario, b->one->scenario) && mc_str_eq(a->one->profile, b->one->profile) &&
           mc_str_eq(a->one->variant_json, b->one->variant_json);
}

static void mark_case(const struct cli_chosen *chosen, bool *marks)
{
    struct sim_error error = {.text = ""};
    struct cli_use use;
    struct sim_script_run *run = sim_script_run_new(chosen->script, chosen->one->number, &error);
    if (!run) return; /* told by whoever runs it */
    cli_use_of(&use, chosen->script, sim_script_run_plan(run));
    for (uint32_t i = 0; sim_ledger[i].name; i++) marks[i] = marks[i] || sim_ledger_uses(&sim_ledger[i], &use.use);
    sim_script_run_free(run);
}

/* A row is marked if one of the chosen cases uses it. For free(). */
static bool *mark(const struct cli_selection *selection)
{
    bool *marks = calloc(row_count() + 1, sizeof *marks);
    uint32_t planned = 0;
    for (uint32_t i = 0; marks && i < selection->chosen_count && planned < CASES_MAX; i++) {
        if (i && same_but_seed(&selection->chosen[i], &selection->chosen[i - 1])) continue;
        mark_case(&selection->chosen[i], marks);
        planned++;
    }
    return marks;
}

/* ---- the summary ---- */

static void put_error(FILE *out, const struct sim_ledger_entry *entry, bool ascii)
{
    char error[SIM_LEDGER_ERROR];
    sim_ledger_error(entry, error);
    bool sign = mc_str_starts(mc_str_c(error), MC_STR("±"));
    fprintf(out, "%s%s", sign && ascii ? "+-" : "", sign && ascii ? error + strlen("±") : error);
}

static struct sim_ledger_summary summarise(const bool *marks)
{
    struct sim_ledger_summary summary = {{0}, 0, NULL};
    for (uint32_t i = 0; sim_ledger[i].name; i++) {
        const struct sim_ledger_entry *entry = &sim_ledger[i];
        if (!marks[i]) continue;
        summary.of[entry->class]++;
        if (entry->class != SIM_LEDGER_MODELLED) continue;
        summary.unbounded += !entry->error_permille;
        if (entry->error_permille > (summary.worst ? summary.worst->error_permille : 0)) summary.worst = entry;
    }
    return summary;
}

static void put_summary(FILE *out, const bool *marks, bool ascii)
{
    struct sim_ledger_summary summary = summarise(marks);
    fprintf(out, "fidelity: %" PRIu32 " exact, %" PRIu32 " modelled", summary.of[SIM_LEDGER_EXACT], summary.of[SIM_LEDGER_MODELLED]);
    if (summary.worst) {
        fputs(" (largest error ", out);
        put_error(out, summary.worst, ascii);
        fprintf(out, ": %s; %" PRIu32 " without a figure)", summary.worst->name, summary.unbounded);
    }
    fprintf(out, ", %" PRIu32 " ignored", summary.of[SIM_LEDGER_IGNORED]);
    for (uint32_t i = 0; sim_ledger[i].name; i++)
        if (marks[i] && sim_ledger[i].class == SIM_LEDGER_IGNORED) fprintf(out, " (%s)", sim_ledger[i].name);
}

void cli_print_fidelity(const struct cli_selection *selection, FILE *out)
{
    struct sim_report_style style;
    if (cli_has(selection->args, CLI_OPT_QUIET) || !selection->chosen_count) return;
    cli_report_style(selection->args, &style, fileno(out));
    bool *marks = mark(selection);
    if (!marks) return;
    put_summary(out, marks, style.ascii);
    fprintf(out, "; squall ledger %s tells all\n", selection->script_count == 1 ? sim_script_name(selection->chosen[0].script) : "FILE");
    free(marks);
}

/* ---- rows ---- */

static void put_json(struct sim_json *json, const struct sim_ledger_entry *entry)
{
    char error[SIM_LEDGER_ERROR];
    sim_json_open(json, NULL, '{');
    sim_json_text(json, "name", mc_str_c(entry->name));
    sim_json_text(json, "group", mc_str_c(entry->group));
    sim_json_text(json, "class", mc_str_c(sim_ledger_class_text(entry->class)));
    sim_json_text(json, "doc", mc_str_c(entry->doc));
    sim_json_text(json, "error", mc_str_c(sim_ledger_error(entry, error)));
    if (entry->error_permille) sim_json_figure(json, "error_share", (double)entry->error_permille / 1000);
    sim_json_text(json, "source", mc_str_c(entry->source));
    sim_json_text(json, "rung", mc_str_c(entry->rung ? entry->rung : ""));
    sim_json_text(json, "fields", mc_str_c(entry->fields ? entry->fields : ""));
    sim_json_bool(json, "perturbed", entry->constant && entry->error_permille);
    sim_json_close(json, '}');
}

static void put_row(const struct sim_ledger_entry *entry, bool ascii)
{
    printf("  %-24s %-9s ", entry->name, sim_ledger_class_text(entry->class));
    if (entry->class == SIM_LEDGER_MODELLED) {
        putchar('(');
        put_error(stdout, entry, ascii);
        fputs(") ", stdout);
    }
    sim_put_printable(mc_str_c(entry->doc), stdout);
    putchar('\n');
}

static void put_page(const struct sim_ledger_entry *entry, bool ascii)
{
    printf("%s  (%s, %s)\n\n%s\n\n", entry->name, entry->group, sim_ledger_class_text(entry->class), entry->doc);
    if (entry->class == SIM_LEDGER_MODELLED) {
        fputs("  error   ", stdout);
        put_error(stdout, entry, ascii);
        putchar('\n');
    }
    printf("  source  %s\n", entry->source);
    if (entry->rung) printf("  rung    %s (make fidelity)\n", entry->rung);
    if (entry->fields) printf("  fields  %s\n", entry->fields);
    if (entry->constant && entry->error_permille) puts("  moved by run --perturb");
}

/* MARKS NULL: all of them. */
static int put_rows(const struct cli_args *args, const bool *marks)
{
    struct sim_report_style style;
    struct sim_json json = {.out = stdout};
    const char *group = "";
    bool as_json = cli_has(args, CLI_OPT_LIST_JSON);
    cli_report_style(args, &style, STDOUT_FILENO);
    if (as_json) sim_json_open(&json, NULL, '[');
    for (uint32_t i = 0; sim_ledger[i].name; i++) {
        const struct sim_ledger_entry *entry = &sim_ledger[i];
        if (marks && !marks[i]) continue;
        if (as_json) {
            put_json(&json, entry);
            continue;
        }
        if (strcmp(group, entry->group) != 0) printf("%s%s\n", *group ? "\n" : "", entry->group);
        group = entry->group;
        put_row(entry, style.ascii);
    }
    if (as_json) sim_json_close(&json, ']');
    else if (marks) {
        putchar('\n');
        put_summary(stdout, marks, style.ascii);
        putchar('\n');
    }
    return fflush(stdout) ? CLI_EXIT_IO : CLI_EXIT_OK;
}

/* ---- the verbs ---- */

static int put_one(const struct cli_args *args, const char *name)
{
    struct sim_report_style style;
    struct sim_json json = {.out = stdout};
    const struct sim_ledger_entry *entry = sim_ledger_find(mc_str_c(name));
    if (!entry) {
        const char *nearest = sim_nearest(mc_str_c(name), sim_ledger, sizeof *sim_ledger, row_count());
        fprintf(stderr, "squall: the ledger has no \"%s\"%s%s%s\n", name, nearest ? ": did you mean \"" : "; see squall ledger", nearest ? nearest : "",
                nearest ? "\"?" : "");
        return CLI_EXIT_USAGE;
    }
    cli_report_style(args, &style, STDOUT_FILENO);
    if (cli_has(args, CLI_OPT_LIST_JSON)) put_json(&json, entry);
    else put_page(entry, style.ascii);
    return fflush(stdout) ? CLI_EXIT_IO : CLI_EXIT_OK;
}

int cli_list_fidelity(const struct cli_args *args)
{
    return args->word_count > 1 ? put_one(args, args->words[1]) : put_rows(args, NULL);
}

int cli_ledger(const struct cli_args *args)
{
    struct cli_selection selection;
    if (!args->word_count) return put_rows(args, NULL);
    if (args->word_count == 1 && access(args->words[0], F_OK) && !strchr(args->words[0], '/') && !mc_str_ends(mc_str_c(args->words[0]), MC_STR(".lua")))
        return put_one(args, args->words[0]);
    bool good = cli_select_options(&selection, args) && cli_select_scripts(&selection, args->words, args->word_count);
    int code = good ? CLI_EXIT_OK : (int)selection.exit;
    bool *marks = good ? mark(&selection) : NULL;
    if (good) code = marks ? put_rows(args, marks) : CLI_EXIT_SOFTWARE;
    free(marks);
    cli_selection_fini(&selection);
    return code;
}
