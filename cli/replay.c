/* The verbs `replay` and `report`. */
#include "cli/again.h"
#include "cli/job.h"
#include "sim/plan/units.h"
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- replay ---- */

/* Returns the status that it has now. */
static const char *print_outcome(const struct cli_again *again, const struct cli_job_note *note, const char *hash)
{
    const struct sim_case *one = again->chosen.one;
    printf("run %" PRId64 "  %.*s  (%.*s seed %" PRIu64 ")\n", again->run, MC_STR_ARG(one->scenario), MC_STR_ARG(one->profile), one->seed);
    printf("  recorded  %-12s trace %s\n", again->status, *again->trace_hash ? again->trace_hash : "-");
    struct cli_job job = {.chosen = again->chosen, .state = CLI_JOB_ENDED, .note = *note};
    const char *status = cli_job_status(&job);
    printf("  now       %-12s trace %s\n", status, hash);
    return status;
}

/* Another build may lay the same run out in other events; what it proves is to be the same. */
static enum cli_exit compare_verdicts(const struct cli_again *again, const char *status)
{
    if (strcmp(again->status, status) != 0) {
        puts("squall: another build, and another verdict");
        return CLI_EXIT_DIVERGED;
    }
    puts("squall: another trace, by another build; the same verdict");
    return CLI_EXIT_OK;
}

static enum cli_exit compare(const struct cli_again *again, const char *status, const char *hash)
{
    char build[CLI_BUILD];
    bool whole = *again->trace_hash && strcmp(again->status, "interrupted") != 0;
    if (whole && !strcmp(again->trace_hash, hash)) {
        puts("squall: the same trace");
        return CLI_EXIT_OK;
    }
    if (!whole) {
        puts("squall: the recorded run has no whole trace to compare with");
        return CLI_EXIT_INCONCLUSIVE;
    }
    if (again->script_changed) {
        puts("squall: another trace, of a script that has changed since");
        return CLI_EXIT_INCONCLUSIVE;
    }
    if (strcmp(again->build, cli_build(build)) != 0) return compare_verdicts(again, status);
    puts("squall: the same inputs gave another trace");
    return CLI_EXIT_DIVERGED;
}

static void warn(const struct cli_again *again)
{
    char build[CLI_BUILD];
    if (again->script_changed) fprintf(stderr, "squall: warning: %s has changed since it was recorded\n", sim_script_name(again->chosen.script));
    if (strcmp(again->build, cli_build(build)) != 0)
        fprintf(stderr, "squall: warning: recorded by %s, this is %s\n", *again->build ? again->build : "an unknown build", build);
}

/* ---- what happens, a line each ---- */

static void print_event(struct sim_sink *sink, const struct sim_sink_event *event)
{
    char at[SIM_UNITS_TEXT];
    (void)sink;
    printf("%12s  %-12s %.*s%s%.*s\n", sim_print_instant(event->at, at), event->kind, MC_STR_ARG(event->subject),
           event->subject.n && event->message.n ? "  " : "", MC_STR_ARG(event->message));
}

static const struct sim_sink_type trace_type = {.event = print_event};

/* ---- the verb ---- */

static enum cli_exit judge(const struct cli_again *again, const struct cli_job_options *options, const struct cli_job_note *note)
{
    char hash[24], at[SIM_UNITS_TEXT];
    if (note->exit) {
        fprintf(stderr, "%s\n", note->why);
        return note->exit;
    }
    snprintf(hash, sizeof hash, "%016" PRIx64, note->outcome.trace_hash);
    if (!options->until || note->outcome.stop != SIM_STOP_CALLER) return compare(again, print_outcome(again, note, hash), hash);
    printf("squall: at %s, after %" PRIu64 " events, trace %s\n", sim_print_instant(note->outcome.sim_ns, at), note->outcome.events, hash);
    return CLI_EXIT_OK;
}

int cli_replay(const struct cli_args *args)
{
    struct cli_again again;
    struct cli_job_options options = {.fill = 0};
    struct sim_sink trace = {.type = &trace_type, .sample_ppm = UINT32_MAX};
    if (!cli_read_duration(args, CLI_OPT_UNTIL, &options.until)) return CLI_EXIT_USAGE;
    if (!cli_again_load(&again, args, args->word_count ? args->words[0] : NULL, CLI_AGAIN_LAST)) {
        cli_again_fini(&again);
        return (int)again.selection.exit;
    }
    warn(&again);
    struct cli_job_note note = cli_job_run(&again.chosen, &options, cli_has(args, CLI_OPT_TRACE) ? &trace : NULL);
    enum cli_exit code = judge(&again, &options, &note);
    cli_again_fini(&again);
    return (int)code;
}

/* ---- report ---- */

static const struct sim_report_type *find_type(const char *name)
{
    for (const struct sim_report_type *type = sim_report_types; type->name; type++)
        if (!strcmp(type->name, name)) return type;
    cli_complain("no such type of report", name, "text junit tap json");
    return NULL;
}

static enum cli_exit write_report(const struct cli_args *args, struct sim_report *report, const struct sim_report_type *type)
{
    struct sim_report_style style;
    enum cli_exit code = CLI_EXIT_OK;
    const char *path = cli_value(args, CLI_OPT_REPORT_OUT);
    cli_report_style(args, &style, path ? -1 : STDOUT_FILENO);
    if (cli_write_report(report, type, &style, path ? path : "-", &code) && type->write == sim_report_text && !path) sim_report_last_line(report, stdout);
    return fflush(stdout) ? CLI_EXIT_IO : code;
}

int cli_report(const struct cli_args *args)
{
    struct cli_found found;
    struct sim_report report;
    struct sim_store_error error;
    uint32_t inconclusive = 0;
    const char *name = cli_value(args, CLI_OPT_TYPE);
    const struct sim_report_type *type = find_type(name ? name : "text");
    if (!type || !cli_read_choice(args, CLI_OPT_INCONCLUSIVE, "fail pass", &inconclusive)) return CLI_EXIT_USAGE;
    if (!cli_results_find(args, args->word_count ? args->words[0] : NULL, &found)) return (int)found.exit;
    sim_report_init(&report, SQUALL_VERSION);
    report.inconclusive_passes = inconclusive == 1;
    bool good = sim_report_load(&report, found.store, found.invocation, found.run, &error);
    enum cli_exit code = good ? write_report(args, &report, type) : cli_store_exit(&error);
    if (!good) fprintf(stderr, "squall: %s\n", error.text);
    sim_report_fini(&report);
    sim_store_close(found.store, NULL);
    return (int)code;
}
