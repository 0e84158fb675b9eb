/* The verb `explain`: the run once more, and once more for each thing that might have made the difference. */
#include "cli/explain_parts.h"
#include "cli/results.h"
#include "base/assert.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int explain_status(const struct explain *explain, uint32_t row, uint32_t index)
{
    const struct cli_told_verdict *verdict = &explain->rows[0].variant.told->verdicts[explain->failed[index]];
    return cli_told_status(explain->rows[row].variant.told, verdict->kind, mc_str_c(verdict->name));
}

bool explain_overlaps(const struct explain_fault *fault, const struct explain_request *request)
{
    return fault->start <= request->at + request->took && request->at <= fault->end;
}

/* ---- rows ---- */

static struct explain_seen *seen_new(void)
{
    void *shared = mmap(NULL, sizeof(struct explain_seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return shared == MAP_FAILED ? NULL : shared;
}

/* LIKE NULL: whatever fails first, or takes longer than SLOW. NULL: no memory. */
static struct explain_row *add_row(struct explain *explain, const struct explain_request *like, mc_ns slow)
{
    mc_assert(explain->row_count < MC_COUNT_OF(explain->rows));
    struct explain_row *row = &explain->rows[explain->row_count];
    row->seen = seen_new();
    row->variant.told = cli_told_new();
    row->variant.sink = row->seen ? explain_watch_new(row->seen, like, slow) : NULL;
    explain->jobs[explain->row_count++] = (struct cli_job){.chosen = explain->again.chosen, .variant = &row->variant, .pipe = -1};
    return row->seen && row->variant.told && row->variant.sink ? row : NULL;
}

static void drop_rows(struct explain *explain)
{
    for (uint32_t i = 0; i < explain->row_count; i++) {
        explain_watch_free(explain->rows[i].variant.sink);
        cli_told_free(explain->rows[i].variant.told);
        if (explain->rows[i].seen) munmap(explain->rows[i].seen, sizeof(struct explain_seen));
    }
}

/* A request is slow if a threshold on durations says so. */
static mc_ns slow_for(const struct sim_plan *plan)
{
    mc_ns slow = 0;
    for (uint32_t i = 0; i < plan->threshold_count; i++) {
        const struct sim_threshold *threshold = &plan->thresholds[i];
        bool limits = threshold->op == SIM_LESS || threshold->op == SIM_LESS_EQUAL;
        if (!limits || !mc_str_eq(threshold->metric, MC_STR("request_duration"))) continue;
        if (!slow || threshold->bound < slow) slow = threshold->bound;
    }
    return slow;
}

static bool add_faults(struct explain *explain)
{
    const struct explain_seen *seen = explain->rows[0].seen;
    for (uint32_t i = 0; i < seen->fault_count && i < EXPLAIN_FAULTS; i++) {
        struct explain_row *row = add_row(explain, &seen->request, 0);
        if (!row) return false;
        row->variant.without = seen->faults[i].number;
        snprintf(row->text, sizeof row->text, "without %s", seen->faults[i].text);
    }
    return true;
}

static uint32_t service_named(const struct sim_plan *plan, const char *name)
{
    for (uint32_t i = 0; i < plan->topology.service_count; i++)
        if (mc_str_eq(plan->topology.services[i].name, mc_str_c(name))) return i;
    return SIM_EVERY_SERVICE;
}

static bool add_alternatives(struct explain *explain, const struct sim_plan *plan)
{
    struct sim_variation list[EXPLAIN_RUNS];
    const struct explain_request *request = &explain->rows[0].seen->request;
    uint32_t room = (uint32_t)MC_COUNT_OF(explain->rows) - explain->row_count;
    uint32_t count = sim_alternatives(plan, request->known ? service_named(plan, request->dst) : SIM_EVERY_SERVICE, list, room);
    for (uint32_t i = 0; i < count; i++) {
        char text[SIM_VARIATION_TEXT];
        struct explain_row *row = add_row(explain, request, 0);
        if (!row) return false;
        row->variant.variation = list[i];
        snprintf(row->text, sizeof row->text, "%s%s", mc_str_starts(mc_str_c(sim_variation_text(plan, &list[i], text)), MC_STR("no ")) ? "" : "with ", text);
    }
    return true;
}

/* ---- the verdicts that are looked at ---- */

static bool is_known(const struct explain *explain, const struct cli_told_verdict *verdict)
{
    const struct cli_told *told = explain->rows[0].variant.told;
    for (uint32_t i = 0; i < explain->failed_count; i++) {
        const struct cli_told_verdict *other = &told->verdicts[explain->failed[i]];
        if (other->kind == verdict->kind && !strcmp(other->name, verdict->name)) return true;
    }
    return false;
}

static void collect_failed(struct explain *explain)
{
    const struct cli_told *told = explain->rows[0].variant.told;
    for (uint32_t i = 0; i < told->count && i < CLI_TOLD_MAX; i++) {
        if (told->verdicts[i].status != SIM_FAIL || is_known(explain, &told->verdicts[i])) continue;
        if (explain->failed_count < EXPLAIN_VERDICTS) explain->failed[explain->failed_count++] = i;
        else explain->failed_more++;
    }
}

/* ---- runs ---- */

struct errand {
    struct cli_job_options options;
    struct cli_progress progress;
    uint64_t parallel;
};

static void run_rows(struct explain *explain, struct errand *errand, uint32_t first)
{
    struct cli_pool pool = {.jobs = explain->jobs + first, .count = explain->row_count - first, .options = &errand->options,
                            .parallel = errand->parallel, .progress = &errand->progress};
    cli_pool_run(&pool);
}

static enum cli_exit blame(const struct explain *explain)
{
    const struct cli_job_note *note = &explain->jobs[0].note;
    if (!note->exit) return CLI_EXIT_OK;
    fprintf(stderr, "%s\n", note->why);
    return note->exit;
}

static enum cli_exit no_memory(void)
{
    fprintf(stderr, "squall explain: out of memory\n");
    return CLI_EXIT_SOFTWARE;
}

static void warn_of_another(const struct explain *explain)
{
    char hash[24];
    snprintf(hash, sizeof hash, "%016" PRIx64, explain->note->outcome.trace_hash);
    if (explain->again.script_changed && explain->recorded) fprintf(stderr, "squall: warning: the script has changed since the run was recorded\n");
    else if (*explain->again.trace_hash && strcmp(explain->again.trace_hash, hash) != 0)
        fprintf(stderr, "squall: warning: this build runs it another way than the recorded one: trace %s, not %s\n", hash, explain->again.trace_hash);
}

static enum cli_exit write_out(const struct explain *explain)
{
    if (cli_has(explain->args, CLI_OPT_LIST_JSON)) explain_json(explain, stdout);
    else explain_print(explain, stdout);
    return fflush(stdout) ? CLI_EXIT_IO : CLI_EXIT_OK;
}

static enum cli_exit run_all(struct explain *explain, struct errand *errand, const struct sim_plan *plan)
{
    struct explain_row *was = add_row(explain, NULL, slow_for(plan));
    if (!was) return no_memory();
    snprintf(was->text, sizeof was->text, "as it was");
    run_rows(explain, errand, 0);
    explain->note = &explain->jobs[0].note;
    explain->status = cli_job_status(&explain->jobs[0]);
    if (blame(explain)) return blame(explain);
    warn_of_another(explain);
    collect_failed(explain);
    if (!explain->failed_count && !was->seen->request.known) return write_out(explain);
    struct explain_row *followed = add_row(explain, &was->seen->request, 0);
    if (!followed || !add_faults(explain) || !add_alternatives(explain, plan)) return no_memory();
    followed->variant.follow_hi = was->seen->request.trace_hi;
    followed->variant.follow_lo = was->seen->request.trace_lo;
    run_rows(explain, errand, 1);
    return write_out(explain);
}

static enum cli_exit explain_chosen(struct explain *explain)
{
    struct sim_error error = {.text = ""};
    struct errand errand = {.options = {.fill = 0}};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    errand.parallel = cores > 0 ? (uint64_t)cores : 1;
    if (!cli_read_count(explain->args, CLI_OPT_JOBS, 1, 1024, &errand.parallel)) return CLI_EXIT_USAGE;
    cli_progress_init(&errand.progress, explain->args);
    struct sim_script_run *run = sim_script_run_new(explain->again.chosen.script, explain->again.chosen.one->number, &error);
    enum cli_exit code = CLI_EXIT_DATA;
    if (run) code = run_all(explain, &errand, sim_script_run_plan(run));
    else cli_print_error(&error);
    sim_script_run_free(run);
    drop_rows(explain);
    return code;
}

/* ---- which run ---- */

static bool select_case(struct explain *explain, const char *path)
{
    struct cli_selection *selection = &explain->again.selection;
    if (!cli_select_options(selection, explain->args) || !cli_select_scripts(selection, &path, 1)) return false;
    selection->exit = selection->chosen_count ? CLI_EXIT_USAGE : CLI_EXIT_INCONCLUSIVE;
    if (selection->chosen_count == 1) explain->again.chosen = selection->chosen[0];
    else if (!selection->chosen_count) fprintf(stderr, "squall: no scenario matches\n");
    else
        fprintf(stderr, "squall: explain tells of one run, these are %" PRIu32 ": choose with --filter, --profile, --seed\n", selection->chosen_count);
    return selection->chosen_count == 1;
}

/* What a recorded run was made of is not to be chosen again. */
static bool takes_options(const struct cli_args *args)
{
    static const enum cli_option choosing[] = {CLI_OPT_PROFILE, CLI_OPT_SEED, CLI_OPT_FILTER, CLI_OPT_TAGS, CLI_OPT_EXCLUDE_TAGS, CLI_OPT_VAR, CLI_OPT_DURATION};
    for (uint32_t i = 0; i < args->given_count; i++)
        for (size_t c = 0; c < MC_COUNT_OF(choosing); c++) {
            if (args->given[i].option != choosing[c]) continue;
            fprintf(stderr, "squall explain: --%s chooses a run of a script; of a results file say --run N\n", cli_options[choosing[c]].name);
            return false;
        }
    return true;
}

static bool select_recorded(struct explain *explain, struct cli_args *as_replay, const char *word)
{
    *as_replay = *explain->args;
    as_replay->verb = CLI_REPLAY; /* whose options the environment gives */
    bool good = cli_again_load(&explain->again, as_replay, word, CLI_AGAIN_FIRST_FAILED);
    explain->recorded = explain->again.status;
    return good;
}

int cli_explain(const struct cli_args *args)
{
    const char *word = args->word_count ? args->words[0] : NULL;
    struct cli_args as_replay;
    bool recorded = !word || cli_results_meant(word);
    if (recorded && !takes_options(args)) return CLI_EXIT_USAGE;
    struct explain *explain = calloc(1, sizeof *explain);
    if (!explain) return (int)no_memory();
    explain->args = args;
    bool good = recorded ? select_recorded(explain, &as_replay, word) : select_case(explain, word);
    enum cli_exit code = good ? explain_chosen(explain) : explain->again.selection.exit;
    cli_again_fini(&explain->again);
    free(explain);
    return (int)code;
}
