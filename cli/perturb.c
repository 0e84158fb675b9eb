#include "cli/perturb.h"
#include "cli/ledger.h"
#include "base/assert.h"
#include "sim/export/report.h"
#include <inttypes.h>
#include <stdlib.h>

struct moved { /* one run more */
    uint32_t job; /* that it is of */
    struct cli_variant variant;
    char text[SIM_VARIATION_TEXT]; /* "proxy.price (request 105us, ± 30%), +30%" */
};

struct moves {
    struct moved *list;
    struct cli_job *jobs;
    uint32_t count, room;
};

bool cli_perturb_read(const struct cli_args *args, bool *wanted, uint64_t *most)
{
    const char *value = cli_value(args, CLI_OPT_PERTURB);
    *wanted = cli_has(args, CLI_OPT_PERTURB);
    return !*wanted || !*value || cli_read_count(args, CLI_OPT_PERTURB, 1, CLI_PERTURB_MAX, most);
}

/* ---- which runs ---- */

static bool is_judged(const struct cli_job *job)
{
    static const char *const words[] = {"passed", "failed", "xfail", "xpass", "inconclusive"};
    for (size_t i = 0; job->run && job->status && i < MC_COUNT_OF(words); i++)
        if (!strcmp(job->status, words[i])) return true;
    return false;
}

static bool add(struct moves *moves, uint32_t job, const struct cli_chosen *chosen, const struct sim_plan *plan, const struct sim_variation *variation)
{
    if (moves->count == moves->room) {
        uint32_t room = moves->room ? moves->room * 2 : 64;
        struct moved *list = realloc(moves->list, room * sizeof *list);
        if (list) moves->list = list;
        struct cli_job *jobs = list ? realloc(moves->jobs, room * sizeof *jobs) : NULL;
        if (!jobs) return false;
        moves->jobs = jobs;
        moves->room = room;
    }
    struct moved *moved = &moves->list[moves->count];
    *moved = (struct moved){.job = job, .variant = {.variation = *variation, .told = cli_told_new()}};
    sim_variation_text(plan, variation, moved->text);
    moves->jobs[moves->count++] = (struct cli_job){.chosen = *chosen, .pipe = -1};
    return moved->variant.told;
}

static bool add_case(const struct cli_perturb *perturb, struct moves *moves, uint32_t job)
{
    struct sim_error error = {.text = ""};
    struct sim_variation list[CLI_PERTURB_MAX];
    struct cli_use use;
    const struct cli_chosen *chosen = &perturb->jobs[job].chosen;
    struct sim_script_run *run = sim_script_run_new(chosen->script, chosen->one->number, &error);
    if (!run) return true; /* it has run before; memory is short now */
    cli_use_of(&use, chosen->script, sim_script_run_plan(run));
    uint32_t count = sim_perturbations(&use.use, list, CLI_PERTURB_MAX);
    uint32_t most = perturb->most ? (uint32_t)perturb->most : CLI_PERTURB_MAX;
    bool good = true;
    for (uint32_t i = 0; good && i < count && i < most; i++) good = add(moves, job, chosen, sim_script_run_plan(run), &list[i]);
    sim_script_run_free(run);
    return good;
}

static void forget(struct moves *moves)
{
    for (uint32_t i = 0; i < moves->count; i++) cli_told_free(moves->list[i].variant.told);
    free(moves->list);
    free(moves->jobs);
}

/* ---- what they say ---- */

/* A check that is made often is as bad as its worst. */
static enum sim_status worst_of(const struct sim_report_run *run, const struct sim_verdict *like)
{
    enum sim_status worst = like->status;
    for (uint32_t i = 0; i < run->verdict_count && worst != SIM_FAIL; i++) {
        const struct sim_verdict *verdict = &run->verdicts[i];
        if (verdict->kind != like->kind || verdict->status == SIM_PASS || !mc_str_eq(verdict->name, like->name)) continue;
        worst = verdict->status;
    }
    return worst;
}

/* Whether a move sees VERDICT otherwise. A run that did not come to its end has seen none. */
static bool flips(const struct moves *moves, uint32_t index, const struct sim_report_run *run, const struct sim_verdict *verdict, enum sim_status *seen)
{
    const struct cli_told *told = moves->list[index].variant.told;
    int status = cli_told_status(told, verdict->kind, verdict->name);
    enum sim_status worst = worst_of(run, verdict);
    *seen = status < 0 ? SIM_INCONCLUSIVE : (enum sim_status)status;
    bool missing = status < 0 && told->count <= CLI_TOLD_MAX && moves->jobs[index].note.exit == CLI_EXIT_OK;
    return !missing && worst != SIM_INCONCLUSIVE && *seen != worst;
}

static void print_flip(const struct moves *moves, uint32_t index, const struct sim_verdict *verdict, enum sim_status seen, char *out, size_t size)
{
    bool ended = moves->jobs[index].note.exit == CLI_EXIT_OK;
    snprintf(out, size, "rests on %s: %s%s instead of %s", moves->list[index].text, ended ? "" : "the run breaks, ", sim_status_text(seen),
             sim_status_text(verdict->status));
}

/* The worst that is left once what flips is inconclusive; the run's word for it. */
static const char *word_for(const struct cli_job *job, const struct sim_report_run *run, const bool *doubted)
{
    for (uint32_t i = 0; i < run->verdict_count; i++)
        if (run->verdicts[i].status == SIM_FAIL && !doubted[i]) return job->status;
    return "inconclusive";
}

static void record_move(struct cli_perturb *perturb, const struct moves *moves, uint32_t index, uint32_t sequence, struct mc_str flipped)
{
    const struct moved *moved = &moves->list[index];
    struct sim_store_perturbation row = {.constant = mc_str_c(moved->variant.variation.entry->name), .what = mc_str_c(moved->text),
                                         .status = mc_str_c(cli_job_status(&moves->jobs[index])),
                                         .permille = moved->variant.variation.permille, .flipped = flipped};
    sim_store_add_perturbation(perturb->store, perturb->jobs[moved->job].run, sequence, &row);
}

/* Verdicts of one run against its moves [FIRST, LAST). */
static void judge(struct cli_perturb *perturb, const struct moves *moves, uint32_t first, uint32_t last, const struct sim_report_run *run)
{
    struct cli_job *job = &perturb->jobs[moves->list[first].job];
    bool *doubted = calloc(run->verdict_count + 1, sizeof *doubted), any = false;
    for (uint32_t m = first; doubted && m < last; m++) {
        struct mc_str flipped = MC_STR("");
        for (uint32_t i = 0; i < run->verdict_count; i++) {
            char message[SIM_VARIATION_TEXT + 100];
            enum sim_status seen;
            if (!flips(moves, m, run, &run->verdicts[i], &seen)) continue;
            if (!flipped.n) flipped = run->verdicts[i].name;
            if (doubted[i]) continue;
            print_flip(moves, m, &run->verdicts[i], seen, message, sizeof message);
            sim_store_doubt(perturb->store, run->run, i + 1, mc_str_c(message));
            any = doubted[i] = true;
        }
        record_move(perturb, moves, m, m - first + 1, flipped);
    }
    perturb->flipped += any;
    if (any) {
        sim_store_set_attr(perturb->store, run->run, "unperturbed", mc_str_c(job->status));
        job->status = word_for(job, run, doubted);
        sim_store_set_status(perturb->store, run->run, job->status);
    }
    free(doubted);
}

static void judge_all(struct cli_perturb *perturb, const struct moves *moves)
{
    for (uint32_t first = 0, last; first < moves->count; first = last) {
        struct sim_report report;
        struct sim_store_error error;
        last = first;
        while (last < moves->count && moves->list[last].job == moves->list[first].job) last++;
        sim_report_init(&report, "");
        if (sim_report_load(&report, perturb->store, 0, perturb->jobs[moves->list[first].job].run, &error) && report.count)
            judge(perturb, moves, first, last, &report.runs[0]);
        sim_report_fini(&report);
    }
    sim_store_commit(perturb->store);
}

bool cli_perturb(struct cli_perturb *perturb)
{
    struct moves moves = {NULL, NULL, 0, 0};
    bool good = true;
    for (uint32_t i = 0; good && i < perturb->count; i++)
        if (is_judged(&perturb->jobs[i])) good = add_case(perturb, &moves, i);
    for (uint32_t i = 0; i < moves.count; i++) moves.jobs[i].variant = &moves.list[i].variant;
    struct cli_pool pool = {.jobs = moves.jobs, .count = moves.count, .options = perturb->options, .parallel = perturb->parallel,
                            .signalled = perturb->signalled, .until_ms = perturb->until_ms, .progress = perturb->progress};
    good = good && cli_pool_run(&pool);
    perturb->made = good ? moves.count : 0;
    if (good) judge_all(perturb, &moves);
    forget(&moves);
    return good;
}
