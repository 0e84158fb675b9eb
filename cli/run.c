/* The verb `run`: every selected case in a process of its own, so many at a time, results merged in order. */
#include "cli/again.h"
#include "cli/job.h"
#include "cli/ledger.h"
#include "cli/perturb.h"
#include "cli/progress.h"
#include "cli/results.h"
#include "cli/screen.h"
#include "base/assert.h"
#include "ossl/sha256.h"
#include "sim/export/json.h"
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { JOBS_MAX = 1024, HEARTBEAT_MS = 200 };

static volatile sig_atomic_t signalled, signals;

static void on_signal(int number)
{
    signalled = number;
    signals = signals + 1;
}

struct cli_run {
    const struct cli_args *args;
    struct cli_selection selection;
    struct cli_job_options options;
    struct cli_job *jobs;
    uint32_t started, ended, merged, failures; /* jobs are started and merged in order */
    uint64_t parallel, max_failures;
    mc_ns wall_limit;
    bool inconclusive_passes, perturbs;
    uint64_t perturb_most;
    char results[CLI_PATH];
    bool link;
    struct sim_store *store;
    int64_t invocation;
    int64_t began_ms;
    bool hit_limit;
    int stopped_by;             /* signal */
    bool stopping;
    struct cli_progress progress;
    enum cli_exit trouble;      /* the store's */
};

/* ---- reading the command line ---- */

static bool read_fill(struct cli_job_options *options)
{
    const char *fill = getenv("SQUALL_FILL");
    char *end = NULL;
    options->twice = getenv("SQUALL_RUN_TWICE") != NULL;
    if (!fill) return true;
    long byte = strtol(fill, &end, 0);
    if (end == fill || *end || byte < 0 || byte > 255) {
        fprintf(stderr, "squall: SQUALL_FILL=%s: write one byte, 0xa5\n", fill);
        return false;
    }
    options->fill = byte ? (int)byte : 0x100;
    return true;
}

static bool read_options(struct cli_run *run)
{
    uint32_t detail = SIM_DETAIL_SAMPLED, choice = 0, any = 0;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    run->parallel = cores > 0 ? (uint64_t)cores : 1;
    run->max_failures = cli_has(run->args, CLI_OPT_FAIL_FAST) ? 1 : UINT32_MAX;
    run->options.sample_ppm = 10000;
    run->options.allow_vacuous = cli_has(run->args, CLI_OPT_ALLOW_VACUOUS);
    bool good = cli_read_count(run->args, CLI_OPT_JOBS, 1, JOBS_MAX, &run->parallel) &&
                cli_read_count(run->args, CLI_OPT_MAX_FAILURES, 1, UINT32_MAX, &run->max_failures) &&
                cli_read_choice(run->args, CLI_OPT_DETAIL, "summary sampled full", &detail) &&
                cli_read_choice(run->args, CLI_OPT_FIDELITY, "auto wire", &any) &&
                cli_read_choice(run->args, CLI_OPT_COLOUR, "auto always never", &any) &&
                cli_read_share(run->args, CLI_OPT_SAMPLE, &run->options.sample_ppm) &&
                cli_read_choice(run->args, CLI_OPT_INCONCLUSIVE, "fail pass", &choice) &&
                cli_read_span(run->args, CLI_OPT_WALL_LIMIT, &run->wall_limit) && read_fill(&run->options) &&
                cli_perturb_read(run->args, &run->perturbs, &run->perturb_most);
    run->options.detail = (enum sim_detail)detail;
    run->inconclusive_passes = choice == 1;
    return good;
}

/* ---- the results file ---- */

static char *print_argv(const struct cli_args *args)
{
    char *text = NULL;
    size_t size;
    struct sim_json json = {.out = open_memstream(&text, &size)};
    if (!json.out) return NULL;
    sim_json_open(&json, NULL, '[');
    for (int i = 0; i < args->argc; i++) sim_json_text(&json, NULL, mc_str_c(args->argv[i]));
    sim_json_close(&json, ']');
    fclose(json.out);
    return text;
}

static char *print_host(void)
{
    char *text = NULL;
    size_t size;
    struct utsname name;
    struct sim_json json = {.out = open_memstream(&text, &size)};
    if (!json.out || uname(&name)) return text;
    sim_json_open(&json, NULL, '{');
    sim_json_text(&json, "system", mc_str_c(name.sysname));
    sim_json_text(&json, "release", mc_str_c(name.release));
    sim_json_text(&json, "machine", mc_str_c(name.machine));
    sim_json_number(&json, "cores", sysconf(_SC_NPROCESSORS_ONLN));
    sim_json_text(&json, "sqlite", mc_str_c(sim_store_library()));
    sim_json_text(&json, "openssl", mc_str_c(mc_ossl_library()));
    sim_json_close(&json, '}');
    fclose(json.out);
    return text;
}

static bool store_fails(struct cli_run *run, const struct sim_store_error *error)
{
    if (!run->trouble) fprintf(stderr, "squall: %s\n", error->text);
    if (!run->trouble) run->trouble = error->trouble == SIM_STORE_FOREIGN ? CLI_EXIT_CANNOT_CREATE : cli_store_exit(error);
    return false;
}

static bool open_results(struct cli_run *run)
{
    struct sim_store_error error;
    char utc[24], cwd[CLI_PATH];
    if (!cli_results_path(cli_value(run->args, CLI_OPT_OUT), sim_script_name(run->selection.scripts[0]), run->results, &run->link)) {
        run->trouble = CLI_EXIT_CANNOT_CREATE;
        return false;
    }
    run->store = sim_store_create(run->results, &error);
    if (!run->store) return store_fails(run, &error);
    run->options.results = run->results;
    cli_utc(utc);
    char *argv = print_argv(run->args), *host = print_host();
    run->invocation = sim_store_add_invocation(run->store, &(struct sim_store_invocation){
        .started_utc = utc, .argv_json = argv ? argv : "[]", .cwd = getcwd(cwd, sizeof cwd) ? cwd : "",
        .tool_version = SQUALL_VERSION, .tool_commit = SQUALL_COMMIT, .host_json = host ? host : "{}"});
    free(argv);
    free(host);
    bool good = run->invocation && sim_store_commit(run->store);
    if (good && run->link) cli_results_link(run->results);
    return good || store_fails(run, sim_store_error(run->store));
}

/* What replay needs beside the run's row. */
static void set_attrs(struct cli_run *run, const struct cli_job *job)
{
    char build[CLI_BUILD];
    char text[8192], key[300];
    const struct sim_case *one = job->chosen.one;
    const char *duration = cli_value(run->args, CLI_OPT_DURATION);
    cli_replay_command(&run->selection, &job->chosen, text, sizeof text);
    sim_store_set_attr(run->store, job->run, "replay", mc_str_c(text));
    snprintf(text, sizeof text, "%016" PRIx64, sim_script_digest(job->chosen.script));
    sim_store_set_attr(run->store, job->run, "script_digest", mc_str_c(text));
    sim_store_set_attr(run->store, job->run, "fidelity", MC_STR("wire"));
    sim_store_set_attr(run->store, job->run, "build", mc_str_c(cli_build(build)));
    if (one->expect_fail.n) sim_store_set_attr(run->store, job->run, "expect_fail", one->expect_fail);
    if (duration) sim_store_set_attr(run->store, job->run, "duration", mc_str_c(duration));
    for (uint32_t i = 0; i < run->selection.var_count; i++) {
        snprintf(key, sizeof key, "var.%s", run->selection.vars[i].name);
        sim_store_set_attr(run->store, job->run, key, mc_str_c(run->selection.vars[i].value));
    }
}

/* The row must be there, as `running`, before the run begins. */
static bool add_row(struct cli_run *run, struct cli_job *job)
{
    char *sha = run->options.script_sha256;
    const struct sim_case *one = job->chosen.one;
    if (run->trouble) return false;
    if (!mc_ossl_sha256(sim_script_text(job->chosen.script), sha)) *sha = '\0';
    run->options.row = (struct sim_store_run){
        .scenario = one->scenario, .file = mc_str_c(sim_script_name(job->chosen.script)), .line = one->source.line,
        .script_sha256 = mc_str_c(sha), .profile = one->profile, .variant_json = one->variant_json, .seed = one->seed,
        .detail = run->options.detail};
    job->run = sim_store_add_run(run->store, run->invocation, &run->options.row);
    if (job->run) set_attrs(run, job);
    return (job->run && sim_store_commit(run->store)) || store_fails(run, sim_store_error(run->store));
}

static void merge(struct cli_run *run, struct cli_job *job)
{
    char part[CLI_PATH + 64];
    struct sim_store_error error;
    if (!job->run) return;
    cli_job_part(job, run->results, part, sizeof part);
    if (!run->trouble && job->state == CLI_JOB_ENDED && access(part, F_OK) == 0 && !sim_store_merge(run->store, part, job->run, &error)) {
        /* A run that crashed may leave a part that is none. */
        if (sim_store_error(run->store)->trouble || job->note.exit == CLI_EXIT_OK) store_fails(run, &error);
    }
    if (!run->trouble) {
        sim_store_set_status(run->store, job->run, job->status);
        if (*job->note.why) sim_store_set_attr(run->store, job->run, "why", mc_str_c(job->note.why));
        if (!sim_store_commit(run->store)) store_fails(run, sim_store_error(run->store));
    }
    sim_store_remove(part);
}

/* What keeps one run from being written keeps the others, too. */
static void part_fails(struct cli_run *run, const struct cli_job *job)
{
    struct sim_store_error error = {.trouble = job->note.exit == CLI_EXIT_IO ? SIM_STORE_IO : SIM_STORE_REFUSED};
    snprintf(error.text, sizeof error.text, "%.*s", (int)sizeof error.text - 1, job->note.why);
    store_fails(run, &error);
}

/* ---- so many at a time ---- */

static bool is_failure(const struct cli_run *run, const struct cli_job *job)
{
    static const char *const good[] = {"passed", "xfail", "skipped"};
    for (size_t i = 0; i < MC_COUNT_OF(good); i++)
        if (!strcmp(job->status, good[i])) return false;
    return !(run->inconclusive_passes && !strcmp(job->status, "inconclusive"));
}

static void skip(struct cli_run *run, struct cli_job *job, const char *why)
{
    job->state = CLI_JOB_SKIPPED;
    job->status = cli_job_status(job);
    snprintf(job->note.why, sizeof job->note.why, "%s", why);
    add_row(run, job);
    run->ended++;
}

static void start_next(struct cli_run *run)
{
    struct cli_job *job = &run->jobs[run->started++];
    const struct sim_case *one = job->chosen.one;
    char why[400];
    job->pipe = -1;
    if (one->pending.n) {
        snprintf(why, sizeof why, "%.*s", MC_STR_ARG(one->pending));
        skip(run, job, why);
        return;
    }
    if (!add_row(run, job)) {
        job->state = CLI_JOB_SKIPPED;
        job->status = cli_job_status(job);
        snprintf(job->note.why, sizeof job->note.why, "not started: its row cannot be written");
        run->ended++;
        return;
    }
    if (cli_job_start(job, &run->options)) return;
    job->state = CLI_JOB_ENDED;
    job->note = (struct cli_job_note){.ended = true, .exit = CLI_EXIT_SOFTWARE};
    snprintf(job->note.why, sizeof job->note.why, "no process for it: %s", strerror(errno));
    job->status = cli_job_status(job);
    run->ended++;
    run->failures++;
}

static void stop_all(struct cli_run *run)
{
    run->stopping = true;
    for (uint32_t i = run->merged; i < run->started; i++) cli_job_stop(&run->jobs[i], signals > 1);
}

static void watch_limits(struct cli_run *run)
{
    if (signalled && !run->stopped_by) run->stopped_by = signalled;
    if (run->wall_limit && cli_now_ms() - run->began_ms > run->wall_limit / MC_MS) run->hit_limit = true;
    if (run->stopped_by || run->hit_limit || run->trouble) stop_all(run);
}

static uint32_t going(const struct cli_run *run)
{
    uint32_t count = 0;
    for (uint32_t i = run->merged; i < run->started; i++) count += run->jobs[i].state == CLI_JOB_RUNNING;
    return count;
}

static void tell_ended(struct cli_run *run, const struct cli_job *job)
{
    const struct sim_case *one = job->chosen.one;
    if (!cli_times(run->args, CLI_OPT_VERBOSE)) return;
    cli_progress_clear(&run->progress);
    fprintf(stderr, "%-12s %.*s  (%.*s seed %" PRIu64 ")  %" PRId64 ".%03d s\n", job->status, MC_STR_ARG(one->scenario), MC_STR_ARG(one->profile),
            one->seed, job->wall_ms / 1000, (int)(job->wall_ms % 1000));
}

static void hear_all(struct cli_run *run)
{
    struct pollfd ready[JOBS_MAX];
    struct cli_job *jobs[JOBS_MAX];
    nfds_t count = 0;
    for (uint32_t i = run->merged; i < run->started && count < JOBS_MAX; i++) {
        if (run->jobs[i].state != CLI_JOB_RUNNING) continue;
        jobs[count] = &run->jobs[i];
        ready[count++] = (struct pollfd){.fd = run->jobs[i].pipe, .events = POLLIN};
    }
    if (!count || poll(ready, count, HEARTBEAT_MS) <= 0) return;
    for (nfds_t i = 0; i < count; i++) {
        if (!ready[i].revents || !cli_job_hear(jobs[i])) continue;
        jobs[i]->status = cli_job_status(jobs[i]);
        run->ended++;
        run->failures += is_failure(run, jobs[i]);
        tell_ended(run, jobs[i]);
        if (jobs[i]->note.exit == CLI_EXIT_IO || jobs[i]->note.exit == CLI_EXIT_CANNOT_CREATE) part_fails(run, jobs[i]);
    }
}

static void merge_ready(struct cli_run *run)
{
    while (run->merged < run->started) {
        struct cli_job *job = &run->jobs[run->merged];
        if (job->state == CLI_JOB_RUNNING) return;
        merge(run, job);
        run->merged++;
    }
}

static bool may_start(const struct cli_run *run)
{
    return run->started < run->selection.chosen_count && !run->stopping && run->failures < run->max_failures;
}

static void show_progress(struct cli_run *run)
{
    const struct cli_job *first = NULL;
    for (uint32_t i = run->merged; i < run->started && !first; i++)
        if (run->jobs[i].state == CLI_JOB_RUNNING) first = &run->jobs[i];
    cli_progress_show(&run->progress, run->ended, run->selection.chosen_count, run->failures, first ? first->chosen.one : NULL, first ? first->note.now : 0);
}

static void run_all(struct cli_run *run)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    cli_progress_init(&run->progress, run->args);
    run->began_ms = cli_now_ms();
    while (going(run) || may_start(run)) {
        while (may_start(run) && going(run) < run->parallel && !run->trouble) start_next(run);
        show_progress(run);
        hear_all(run);
        watch_limits(run);
        merge_ready(run);
    }
    merge_ready(run);
    cli_progress_clear(&run->progress);
    char why[80];
    snprintf(why, sizeof why, "%s", run->stopping ? "not started: stopped before" : "not started: enough failures");
    while (run->started < run->selection.chosen_count) {
        struct cli_job *job = &run->jobs[run->started++];
        job->pipe = -1;
        skip(run, job, why);
    }
    merge_ready(run);
}

/* ---- the end ---- */

static void report_job(struct sim_report *report, const struct cli_run *run, const struct cli_job *job)
{
    char hash[24] = "", replay[8192];
    const struct sim_case *one = job->chosen.one;
    const struct sim_outcome *outcome = &job->note.outcome;
    cli_replay_command(&run->selection, &job->chosen, replay, sizeof replay);
    if (outcome->trace_hash) snprintf(hash, sizeof hash, "%016" PRIx64, outcome->trace_hash);
    sim_report_add(report, &(struct sim_report_run){
        .run = job->run, .scenario = one->scenario, .file = mc_str_c(sim_script_name(job->chosen.script)), .line = one->source.line,
        .profile = one->profile, .variant_json = one->variant_json, .seed = one->seed, .status = mc_str_c(job->status ? job->status : "running"),
        .expect_fail = one->expect_fail, .why = mc_str_c(job->note.why), .replay = mc_str_c(replay), .trace_hash = mc_str_c(hash),
        .sim_ns = outcome->sim_ns, .events = outcome->events, .wall_ms = job->wall_ms});
}

static bool knows_tap(const struct cli_args *args)
{
    const char *value = cli_value(args, CLI_OPT_TAP);
    bool number = value && *value && !value[strspn(value, "0123456789")];
    if (!number || !strcmp(value, "13") || !strcmp(value, "14")) return true;
    fprintf(stderr, "squall: --tap=%s: there are versions 13 and 14 (a file of that name is ./%s)\n", value, value);
    return false;
}

/* A report that cannot be written is better known before the runs than after. */
static bool can_write(const struct cli_args *args, enum cli_option option)
{
    char folder[CLI_PATH];
    const char *path = cli_value(args, option), *slash = path ? strrchr(path, '/') : NULL;
    if (!path || !*path || !strcmp(path, "-")) return true;
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    if (access(access(path, F_OK) ? folder : path, W_OK) == 0) return true;
    fprintf(stderr, "squall: --%s %s cannot be written: %s\n", cli_options[option].name, path, strerror(errno));
    return false;
}

/* From the results file, so that `report` says the same; without verdicts where that is not to be had. */
static void fill_report(struct sim_report *report, struct cli_run *run)
{
    struct sim_store_error error;
    if (!run->trouble && sim_report_load(report, run->store, run->invocation, 0, &error) && report->count == run->selection.chosen_count) {
        for (uint32_t i = 0; i < report->count; i++) report->runs[i].wall_ms = run->jobs[i].wall_ms;
        return;
    }
    report->count = 0;
    for (uint32_t i = 0; i < run->selection.chosen_count; i++) report_job(report, run, &run->jobs[i]);
}

static bool to_stdout(const struct cli_args *args, enum cli_option option)
{
    const char *value = cli_value(args, option);
    return value && (!strcmp(value, "-") || (option == CLI_OPT_TAP && (!*value || !strcmp(value, "13") || !strcmp(value, "14"))));
}

static void write_one(struct cli_run *run, const struct sim_report *report, enum cli_option option, const char *name, enum cli_exit *code)
{
    struct sim_report_style style;
    const struct sim_report_type *type = sim_report_types;
    const char *path = cli_value(run->args, option);
    if (!path) return;
    while (strcmp(type->name, name) != 0) type++;
    cli_report_style(run->args, &style, STDOUT_FILENO);
    style.tap_version = option == CLI_OPT_TAP && !strcmp(path, "14") ? 14 : 13;
    cli_write_report(report, type, &style, to_stdout(run->args, option) ? "-" : path, code);
}

static enum cli_exit write_reports(struct cli_run *run, struct sim_report *report)
{
    enum cli_exit code = CLI_EXIT_OK;
    struct sim_report_style style;
    bool taken = to_stdout(run->args, CLI_OPT_JSON) || to_stdout(run->args, CLI_OPT_JUNIT) || to_stdout(run->args, CLI_OPT_TAP);
    FILE *people = taken ? stderr : stdout;
    write_one(run, report, CLI_OPT_JUNIT, "junit", &code);
    write_one(run, report, CLI_OPT_TAP, "tap", &code);
    write_one(run, report, CLI_OPT_JSON, "json", &code);
    cli_report_style(run->args, &style, fileno(people));
    sim_report_text(report, &style, people);
    sim_report_last_line(report, people);
    if (fflush(people) || ferror(people)) code = CLI_EXIT_IO;
    return code;
}

static enum cli_exit verdict_of(const struct cli_run *run, const struct sim_report *report)
{
    struct sim_report_counts counts = sim_report_count(report);
    bool software = false, data = false;
    for (uint32_t i = 0; i < run->started; i++) {
        software |= run->jobs[i].note.exit == CLI_EXIT_SOFTWARE;
        data |= run->jobs[i].note.exit == CLI_EXIT_DATA;
    }
    if (run->stopped_by) return run->stopped_by == SIGINT ? CLI_EXIT_INTERRUPTED : CLI_EXIT_TERMINATED;
    if (run->trouble) return run->trouble;
    if (run->hit_limit) return CLI_EXIT_WALL_LIMIT;
    if (software) return CLI_EXIT_SOFTWARE;
    if (data) return CLI_EXIT_DATA;
    if (!counts.failed) return CLI_EXIT_OK;
    return counts.inconclusive == counts.failed ? CLI_EXIT_INCONCLUSIVE : CLI_EXIT_FAILED;
}

static void print_header(const struct cli_run *run)
{
    if (cli_has(run->args, CLI_OPT_QUIET)) return;
    fprintf(stderr, "squall " SQUALL_VERSION "  %s%s  %" PRIu32 " run%s  (%s)\n", sim_script_name(run->selection.scripts[0]),
            run->selection.script_count > 1 ? " …" : "", run->selection.chosen_count, run->selection.chosen_count == 1 ? "" : "s", run->results);
}

static enum cli_exit close_all(struct cli_run *run)
{
    struct sim_report report;
    struct sim_store_error error;
    sim_report_init(&report, SQUALL_VERSION);
    report.inconclusive_passes = run->inconclusive_passes;
    fill_report(&report, run);
    report.inconclusive_passes = run->inconclusive_passes;
    if (!run->trouble) sim_store_set_wall(run->store, run->invocation, cli_now_ms() - run->began_ms);
    if (!sim_store_close(run->store, &error)) store_fails(run, &error);
    run->store = NULL;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    enum cli_exit written = write_reports(run, &report), code = verdict_of(run, &report);
    sim_report_fini(&report);
    return code == CLI_EXIT_OK || code == CLI_EXIT_FAILED || code == CLI_EXIT_INCONCLUSIVE ? (written ? written : code) : code;
}

/* ---- once more, with constants moved ---- */

static void perturb_all(struct cli_run *run)
{
    struct cli_perturb perturb = {.store = run->store, .jobs = run->jobs, .count = run->selection.chosen_count, .options = &run->options,
                                  .parallel = run->parallel, .most = run->perturb_most, .signalled = &signalled,
                                  .until_ms = run->wall_limit ? run->began_ms + run->wall_limit / MC_MS : 0, .progress = &run->progress};
    if (run->trouble || run->stopping) return;
    cli_progress_init(&run->progress, run->args);
    bool whole = cli_perturb(&perturb);
    if (!whole) watch_limits(run);
    if (sim_store_error(run->store)->trouble) store_fails(run, sim_store_error(run->store));
    if (!whole) fputs("perturb: stopped before its end; the verdicts are those of the runs as they are written\n", stderr);
    else if (!cli_has(run->args, CLI_OPT_QUIET))
        fprintf(stderr, "perturb: %" PRIu32 " run%s more; %" PRIu32 " of %" PRIu32 " runs rest%s on a constant within its error\n", perturb.made,
                perturb.made == 1 ? "" : "s", perturb.flipped, run->selection.chosen_count, perturb.flipped == 1 ? "s" : "");
}

/* On the screen a run is in this process and one alone. */
static void run_watched(struct cli_run *run)
{
    struct cli_job *job = &run->jobs[run->started++];
    job->pipe = -1;
    run->began_ms = job->started_ms = cli_now_ms();
    if (!add_row(run, job)) return;
    struct sim_sink *sink = sim_store_sink(run->store, job->run, run->options.detail, run->options.sample_ppm);
    job->note = cli_screen_run(run->args, &job->chosen, &run->options, sink);
    job->state = CLI_JOB_ENDED;
    job->wall_ms = cli_now_ms() - job->started_ms;
    job->status = cli_job_status(job);
    run->ended = 1;
    bool left = !job->note.exit && job->note.outcome.stop == SIM_STOP_CALLER;
    if (left && !run->stopped_by) run->stopped_by = SIGINT; /* who leaves in the middle has interrupted it */
    if (sim_store_error(run->store)->trouble) store_fails(run, sim_store_error(run->store));
    merge_ready(run);
}

static void tell_none(const struct cli_run *run)
{
    uint32_t declared = 0;
    for (uint32_t i = 0; i < run->selection.script_count; i++) declared += sim_script_case_count(run->selection.scripts[i]);
    if (declared) fprintf(stderr, "squall: no scenario matches\n");
    else fprintf(stderr, "squall: %s declares no scenario: scenario(\"name\", { topology = … }, function(s) … end)\n", sim_script_name(run->selection.scripts[0]));
}

static enum cli_exit run_chosen(struct cli_run *run)
{
    bool watched = cli_has(run->args, CLI_OPT_TUI);
    if (!run->selection.chosen_count) {
        tell_none(run);
        puts("squall: 0 passed, 0 failed");
        return CLI_EXIT_INCONCLUSIVE;
    }
    if (watched && run->selection.chosen_count > 1) {
        fprintf(stderr, "squall: --tui shows one run, these are %" PRIu32 ": choose with --filter, --profile, --seed\n", run->selection.chosen_count);
        return CLI_EXIT_USAGE;
    }
    if (watched && run->perturbs) {
        fprintf(stderr, "squall: --perturb makes many runs, --tui shows one: leave one of them out\n");
        return CLI_EXIT_USAGE;
    }
    if (!knows_tap(run->args)) return CLI_EXIT_USAGE;
    if (!can_write(run->args, CLI_OPT_JUNIT) || !can_write(run->args, CLI_OPT_JSON) || !can_write(run->args, CLI_OPT_TAP)) return CLI_EXIT_CANNOT_CREATE;
    run->jobs = calloc(run->selection.chosen_count, sizeof *run->jobs);
    if (!run->jobs) return CLI_EXIT_SOFTWARE;
    for (uint32_t i = 0; i < run->selection.chosen_count; i++) run->jobs[i].chosen = run->selection.chosen[i];
    if (!open_results(run)) {
        sim_store_close(run->store, NULL);
        return run->trouble;
    }
    if (!watched) print_header(run);
    if (!watched) cli_print_fidelity(&run->selection, stderr);
    if (watched) run_watched(run);
    else run_all(run);
    if (run->perturbs) perturb_all(run);
    return close_all(run);
}

#define DEMO "scripts/scenarios/bookinfo-canary.lua"

/* The scripts named, or the one that is shipped for a first look; its path is told, so that it can be copied. */
static bool select_scripts(struct cli_run *run, const struct cli_args *args)
{
    struct cli_selection *selection = &run->selection;
    char path[4200];
    if (!cli_has(args, CLI_OPT_DEMO)) return cli_select_scripts(selection, args->words, args->word_count);
    for (uint32_t i = 0; i < selection->root_count; i++) {
        snprintf(path, sizeof path, "%s/" DEMO, selection->root_list[i]);
        if (access(path, R_OK)) continue;
        const char *words[] = {path};
        return cli_select_scripts(selection, words, 1);
    }
    fprintf(stderr, "squall run --demo: " DEMO " is not installed; set SQUALL_ROOT to where it is\n");
    selection->exit = CLI_EXIT_NO_INPUT;
    return false;
}

int cli_run(const struct cli_args *args)
{
    struct cli_run run = {.args = args};
    enum cli_exit code = CLI_EXIT_USAGE;
    if (!args->word_count != cli_has(args, CLI_OPT_DEMO)) {
        fprintf(stderr, args->word_count ? "squall run: --demo is a scenario of its own; leave the files out\n"
                                         : "squall run: which scenarios? Name a FILE.lua or a folder of them, or try --demo\n");
        return CLI_EXIT_USAGE;
    }
    if (!cli_select_options(&run.selection, args)) code = run.selection.exit;
    else if (!read_options(&run)) code = CLI_EXIT_USAGE;
    else if (!select_scripts(&run, args)) code = run.selection.exit;
    else code = run_chosen(&run);
    free(run.jobs);
    cli_selection_fini(&run.selection);
    return (int)code;
}
