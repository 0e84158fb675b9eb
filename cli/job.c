#include "cli/job.h"
#include "base/assert.h"
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SLICE = 20000 /* events between two looks at the clock and the signals */, TELL_MS = 150, GRACE_MS = 3000 };

static volatile sig_atomic_t told_to_stop;

static void on_stop(int number)
{
    (void)number;
    told_to_stop = 1;
}

int64_t cli_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void cli_job_part(const struct cli_job *job, const char *results, char *out, size_t size)
{
    snprintf(out, size, "%s.part-%" PRId64, results, job->run);
}

/* ---- one run ---- */

static void explain(struct cli_job_note *note, enum cli_exit code, const struct sim_error *error)
{
    note->exit = code;
    if (error->source.line) snprintf(note->why, sizeof note->why, "%.*s:%d: %s", MC_STR_ARG(error->source.file), error->source.line, error->text);
    else snprintf(note->why, sizeof note->why, "%s", error->text);
}

/* A fault that touched nothing is a reason to doubt, unless the user has said that it is none. */
static void allow_vacuous(struct cli_job_note *note, const struct sim_verdicts *verdicts)
{
    uint32_t vacuous = 0;
    for (uint32_t i = 0; i < verdicts->count; i++)
        vacuous += verdicts->list[i].status == SIM_INCONCLUSIVE && verdicts->list[i].kind == SIM_VERDICT_VACUITY;
    if (note->outcome.status == SIM_INCONCLUSIVE && vacuous && vacuous == verdicts->of[SIM_INCONCLUSIVE] && !verdicts->refused)
        note->outcome.status = SIM_PASS;
}

static void judge_stop(struct cli_job_note *note)
{
    enum sim_stop_reason stop = note->outcome.stop;
    if (stop != SIM_STOP_BUDGET && stop != SIM_STOP_MEMORY) return;
    note->exit = stop == SIM_STOP_BUDGET ? CLI_EXIT_DATA : CLI_EXIT_SOFTWARE;
    snprintf(note->why, sizeof note->why, "stopped: %s", sim_stop_reason_text(stop));
}

static void tell(int pipe, const struct cli_job_note *note)
{
    while (pipe >= 0 && write(pipe, note, sizeof *note) < 0 && errno == EINTR) continue;
}

static bool goes_on(struct sim_script_run *run, mc_ns until)
{
    if (until && sim_run_now(sim_script_run_world(run)) >= until) return false;
    return sim_script_run_advance(run, until ? until : MC_NEVER, SLICE) == SIM_RUN_GOING;
}

static void advance(struct sim_script_run *run, mc_ns until, int pipe)
{
    struct cli_job_note note = {.ended = false};
    int64_t told = 0;
    while (goes_on(run, until)) {
        int64_t now = cli_now_ms();
        if (told_to_stop) sim_run_stop(sim_script_run_world(run), SIM_STOP_CALLER);
        if (now - told < TELL_MS) continue;
        told = now;
        note.now = sim_run_now(sim_script_run_world(run));
        tell(pipe, &note);
    }
}

static void finish(struct sim_script_run *run, const struct cli_job_options *options, struct cli_job_note *note)
{
    note->outcome = sim_script_run_finish(run);
    const struct sim_error *error = sim_script_run_error(run);
    if (error) explain(note, CLI_EXIT_DATA, error);
    else judge_stop(note);
    if (options->allow_vacuous) allow_vacuous(note, sim_run_verdicts(sim_script_run_world(run)));
}

/* ---- told, not recorded ---- */

struct cli_told *cli_told_new(void)
{
    void *shared = mmap(NULL, sizeof(struct cli_told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return shared == MAP_FAILED ? NULL : shared;
}

void cli_told_free(struct cli_told *told)
{
    if (told) munmap(told, sizeof *told);
}

static void name_verdict(char out[static sizeof((struct cli_told_verdict *)0)->name], struct mc_str name)
{
    snprintf(out, sizeof((struct cli_told_verdict *)0)->name, "%.*s", MC_STR_ARG(name));
}

int cli_told_status(const struct cli_told *told, enum sim_verdict_kind kind, struct mc_str name)
{
    static const int worse[] = {[SIM_PASS] = 0, [SIM_INCONCLUSIVE] = 1, [SIM_FAIL] = 2};
    char cut[sizeof told->verdicts->name];
    int worst = -1;
    name_verdict(cut, name);
    for (uint32_t i = 0; i < told->count && i < CLI_TOLD_MAX; i++) {
        const struct cli_told_verdict *verdict = &told->verdicts[i];
        if (verdict->kind != kind || strcmp(verdict->name, cut) != 0) continue;
        if (worst < 0 || worse[verdict->status] > worse[worst]) worst = (int)verdict->status;
    }
    return worst;
}

static void tell_verdicts(struct cli_told *told, const struct sim_verdicts *verdicts)
{
    for (told->count = 0; told->count < verdicts->count; told->count++) {
        const struct sim_verdict *verdict = &verdicts->list[told->count];
        if (told->count >= CLI_TOLD_MAX) continue;
        struct cli_told_verdict *at = &told->verdicts[told->count];
        *at = (struct cli_told_verdict){.kind = verdict->kind, .status = verdict->status, .line = verdict->source.line};
        name_verdict(at->name, verdict->name);
        snprintf(at->message, sizeof at->message, "%.*s", MC_STR_ARG(verdict->message));
    }
}

/* ---- one run, whole ---- */

static struct sim_run_options world_of(const struct cli_chosen *chosen, const struct cli_job_options *options, const struct cli_variant *variant,
                                       struct sim_sink *sink)
{
    struct sim_run_options world = {.seed = chosen->one->seed, .fill = options->fill, .sink = sink};
    if (!variant) return world;
    world.sink = variant->sink;
    world.disabled_faults = &variant->without;
    world.disabled_fault_count = variant->without != 0;
    world.follow_hi = variant->follow_hi;
    world.follow_lo = variant->follow_lo;
    return world;
}

static struct cli_job_note run_case(const struct cli_chosen *chosen, const struct cli_variant *variant, const struct cli_job_options *options,
                                    struct sim_sink *sink, int pipe)
{
    struct cli_job_note note = {.ended = true};
    struct sim_error error = {.text = ""};
    struct sim_run_options world = world_of(chosen, options, variant, sink);
    struct sim_script_run *run = sim_script_run_new(chosen->script, chosen->one->number, &error);
    bool good = run && (!variant || sim_script_run_vary(run, &variant->variation, &error));
    if (good && sim_script_run_start(run, &world, &error)) {
        advance(run, options->until, pipe);
        finish(run, options, &note);
        if (variant && variant->told) tell_verdicts(variant->told, sim_run_verdicts(sim_script_run_world(run)));
    } else {
        explain(&note, CLI_EXIT_DATA, &error);
    }
    sim_script_run_free(run);
    return note;
}

struct cli_job_note cli_job_run(const struct cli_chosen *chosen, const struct cli_job_options *options, struct sim_sink *sink)
{
    return run_case(chosen, NULL, options, sink, -1);
}

/* ---- the child ---- */

static void take_store_error(struct cli_job_note *note, const struct sim_store_error *error)
{
    if (!error->trouble) return;
    note->exit = error->trouble == SIM_STORE_REFUSED ? CLI_EXIT_CANNOT_CREATE : error->trouble == SIM_STORE_MEMORY ? CLI_EXIT_SOFTWARE : CLI_EXIT_IO;
    snprintf(note->why, sizeof note->why, "%s", error->text);
}

static void live(const struct cli_job *job, const struct cli_job_options *options, int pipe)
{
    char path[4096];
    struct sim_store_error error;
    struct cli_job_note note = {.ended = true};
    cli_job_part(job, options->results, path, sizeof path);
    if (options->twice) run_case(&job->chosen, NULL, options, NULL, pipe);
    struct sim_store *store = sim_store_create_part(path, job->run, &options->row, &error);
    if (store) {
        note = run_case(&job->chosen, NULL, options, sim_store_sink(store, job->run, options->detail, options->sample_ppm), pipe);
        sim_store_close(store, &error);
    }
    take_store_error(&note, &error);
    note.ended = true;
    tell(pipe, &note);
}

static void live_unrecorded(const struct cli_job *job, const struct cli_job_options *options, int pipe)
{
    struct cli_job_note note = run_case(&job->chosen, job->variant, options, NULL, pipe);
    note.ended = true;
    tell(pipe, &note);
}

/* The parent handles SIGINT for all of them and asks with SIGTERM; nobody outlives it. */
static void settle_signals(pid_t parent)
{
    struct sigaction action = {.sa_handler = on_stop};
    told_to_stop = 0;
    signal(SIGINT, SIG_IGN);
    sigaction(SIGTERM, &action, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(CLI_EXIT_SOFTWARE);
}

bool cli_job_start(struct cli_job *job, const struct cli_job_options *options)
{
    int ends[2];
    pid_t parent = getpid();
    if (pipe(ends)) return false;
    fflush(NULL);
    job->process = fork();
    if (job->process < 0) {
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    if (job->process == 0) {
        close(ends[0]);
        settle_signals(parent);
        if (job->variant) live_unrecorded(job, options, ends[1]);
        else live(job, options, ends[1]);
        fflush(NULL);
        _exit(CLI_EXIT_OK);
    }
    close(ends[1]);
    job->pipe = ends[0];
    job->state = CLI_JOB_RUNNING;
    job->started_ms = cli_now_ms();
    return true;
}

/* ---- the parent ---- */

static void bury(struct cli_job *job)
{
    int status = 0;
    while (waitpid(job->process, &status, 0) < 0 && errno == EINTR) continue;
    close(job->pipe);
    job->pipe = -1;
    job->wall_ms = cli_now_ms() - job->started_ms;
    job->state = CLI_JOB_ENDED;
    if (job->note.ended) return;
    job->note.ended = true;
    if (job->killed) {
        job->note.outcome.stop = SIM_STOP_CALLER;
        snprintf(job->note.why, sizeof job->note.why, "killed: it did not stop when it was asked to");
        return;
    }
    job->note.exit = CLI_EXIT_SOFTWARE;
    if (WIFSIGNALED(status)) snprintf(job->note.why, sizeof job->note.why, "the run's process died of signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else snprintf(job->note.why, sizeof job->note.why, "the run's process ended with status %d", WEXITSTATUS(status));
}

bool cli_job_hear(struct cli_job *job)
{
    struct pollfd ready = {.fd = job->pipe, .events = POLLIN};
    while (poll(&ready, 1, 0) > 0) {
        struct cli_job_note note;
        ssize_t got = read(job->pipe, &note, sizeof note);
        if (got < 0 && errno == EINTR) continue;
        if (got == (ssize_t)sizeof note) {
            job->note = note;
            continue;
        }
        bury(job);
        return true;
    }
    return false;
}

void cli_job_stop(struct cli_job *job, bool now)
{
    if (job->state != CLI_JOB_RUNNING || job->killed) return;
    bool again = job->stop_ms != 0;
    if (!again) job->stop_ms = cli_now_ms();
    job->killed = again && (now || cli_now_ms() - job->stop_ms > GRACE_MS);
    if (!again || job->killed) kill(job->process, job->killed ? SIGKILL : SIGTERM);
}

const char *cli_job_status(const struct cli_job *job)
{
    static const char *const words[] = {[SIM_PASS] = "passed", [SIM_FAIL] = "failed", [SIM_INCONCLUSIVE] = "inconclusive"};
    enum sim_status status = job->note.outcome.status;
    if (job->state == CLI_JOB_SKIPPED) return "skipped";
    if (job->state != CLI_JOB_ENDED) return "running";
    if (job->note.exit != CLI_EXIT_OK) return "error";
    if (job->note.outcome.stop == SIM_STOP_CALLER) return "interrupted";
    if (!job->chosen.one->expect_fail.n || status == SIM_INCONCLUSIVE) return words[status];
    return status == SIM_FAIL ? "xfail" : "xpass";
}

/* ---- many that are not recorded ---- */

static void pool_start(struct cli_pool *pool, uint32_t *started)
{
    struct cli_job *job = &pool->jobs[(*started)++];
    job->pipe = -1;
    if (cli_job_start(job, pool->options)) return;
    job->state = CLI_JOB_ENDED;
    job->note = (struct cli_job_note){.ended = true, .exit = CLI_EXIT_SOFTWARE};
    snprintf(job->note.why, sizeof job->note.why, "no process for it: %s", strerror(errno));
}

static uint32_t pool_going(const struct cli_pool *pool, uint32_t started, struct pollfd *ready, uint32_t room)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < started && count < room; i++)
        if (pool->jobs[i].state == CLI_JOB_RUNNING) ready[count++] = (struct pollfd){.fd = pool->jobs[i].pipe, .events = POLLIN};
    return count;
}

static bool pool_is_over(const struct cli_pool *pool)
{
    return (pool->signalled && *pool->signalled) || (pool->until_ms && cli_now_ms() > pool->until_ms);
}

bool cli_pool_run(struct cli_pool *pool)
{
    enum { AT_ONCE = 256, HEARTBEAT_MS = 100 };
    struct pollfd ready[AT_ONCE];
    uint32_t started = 0, most = pool->parallel < AT_ONCE ? (uint32_t)pool->parallel : AT_ONCE, going;
    bool over = false;
    while ((going = pool_going(pool, started, ready, AT_ONCE)) || (started < pool->count && !over)) {
        if (started < pool->count && going < most && !over) {
            pool_start(pool, &started);
            continue;
        }
        poll(ready, going, HEARTBEAT_MS);
        for (uint32_t i = 0; i < started; i++) {
            if (pool->jobs[i].state == CLI_JOB_RUNNING) cli_job_hear(&pool->jobs[i]);
            over = over || pool_is_over(pool);
            if (over) cli_job_stop(&pool->jobs[i], false);
        }
        if (pool->progress) cli_progress_show(pool->progress, started - going, pool->count, 0, NULL, 0);
    }
    if (pool->progress) cli_progress_clear(pool->progress);
    return !over;
}
