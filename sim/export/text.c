/* The report for people: per scenario a line per profile and variant, then what was checked, failures with
 * place and replay command. */
#include "sim/export/json.h"
#include "sim/export/report.h"
#include "sim/plan/units.h"
#include <inttypes.h>

struct text {
    const struct sim_report *report;
    const struct sim_report_style *style;
    FILE *out;
};

/* ---- looks ---- */

enum mark { GOOD, BAD, UNKNOWN, EXPECTED };

static void put_mark(const struct text *text, enum mark mark)
{
    static const char *const unicode[] = {"✓", "✗", "!", "✗"}, *const ascii[] = {"ok  ", "FAIL", "??  ", "xfail"};
    static const char *const colours[] = {"32", "31", "33", "33"};
    const char *word = text->style->ascii ? ascii[mark] : unicode[mark];
    if (text->style->colour) fprintf(text->out, "\033[%sm%s\033[0m ", colours[mark], word);
    else fprintf(text->out, "%s ", word);
}

static void put_name(FILE *out, struct mc_str name)
{
    sim_put_printable(name, out);
}

static bool is(struct mc_str status, const char *word)
{
    return mc_str_eq(status, mc_str_c(word));
}

/* ---- groups of runs ---- */

static bool same_scenario(const struct sim_report_run *a, const struct sim_report_run *b)
{
    return mc_str_eq(a->file, b->file) && mc_str_eq(a->scenario, b->scenario);
}

static bool same_row(const struct sim_report_run *a, const struct sim_report_run *b)
{
    return same_scenario(a, b) && mc_str_eq(a->profile, b->profile) && mc_str_eq(a->variant_json, b->variant_json);
}

typedef bool (*sameness)(const struct sim_report_run *a, const struct sim_report_run *b);

static bool is_first(const struct sim_report *report, uint32_t index, sameness same)
{
    for (uint32_t i = 0; i < index; i++)
        if (same(&report->runs[i], &report->runs[index])) return false;
    return true;
}

struct group {
    uint32_t runs, good, bad, unknown, skipped, expected;
    mc_ns sim_ns;
    uint64_t worst_seed;
    bool has_worst;
};

static struct group count_group(const struct sim_report *report, const struct sim_report_run *like, sameness same)
{
    struct group group = {0};
    for (uint32_t i = 0; i < report->count; i++) {
        const struct sim_report_run *run = &report->runs[i];
        if (!same(run, like)) continue;
        bool good = is(run->status, "passed") || is(run->status, "xfail");
        group.runs++;
        group.sim_ns += run->sim_ns;
        group.good += good;
        group.expected += is(run->status, "xfail");
        group.unknown += is(run->status, "inconclusive");
        group.skipped += is(run->status, "skipped");
        group.bad += !good && !is(run->status, "inconclusive") && !is(run->status, "skipped");
        if (good || is(run->status, "skipped") || group.has_worst) continue;
        group.has_worst = true;
        group.worst_seed = run->seed;
    }
    return group;
}

static void put_row(const struct text *text, const struct sim_report_run *run)
{
    struct group group = count_group(text->report, run, same_row);
    char label[200];
    bool plain = !run->variant_json.n || is(run->variant_json, "{}");
    snprintf(label, sizeof label, "%.*s%s%.*s", MC_STR_ARG(run->profile), plain ? "" : " ", plain ? 0 : (int)run->variant_json.n,
             run->variant_json.p);
    fputs("    ", text->out);
    put_mark(text, group.bad ? BAD : group.unknown ? UNKNOWN : GOOD);
    put_name(text->out, mc_str_c(label));
    for (size_t i = strlen(label); i < 30; i++) putc(' ', text->out);
    fprintf(text->out, " %5" PRIu32 " %5" PRIu32 " %5" PRIu32, group.good, group.bad, group.unknown);
    if (group.skipped) fprintf(text->out, "  %" PRIu32 " skipped", group.skipped);
    if (group.has_worst) fprintf(text->out, "  seed %" PRIu64, group.worst_seed);
    if (group.expected) fputs("  failed as expected: ", text->out);
    if (group.expected) put_name(text->out, run->expect_fail);
    putc('\n', text->out);
}

/* ---- what was checked ---- */

struct tally { /* of one verdict's name over the runs of a scenario */
    uint32_t runs, bad; /* that have it; where it is worse than a pass */
    const struct sim_report_run *run; /* the first whose verdict is worst */
    const struct sim_verdict *verdict;
};

static const struct sim_verdict *find_verdict(const struct sim_report_run *run, const struct sim_verdict *like)
{
    for (uint32_t i = 0; i < run->verdict_count; i++)
        if (run->verdicts[i].kind == like->kind && mc_str_eq(run->verdicts[i].name, like->name)) return &run->verdicts[i];
    return NULL;
}

/* Worst first: fail, inconclusive, pass. */
static int badness(const struct sim_verdict *verdict)
{
    return verdict->status == SIM_FAIL ? 2 : verdict->status == SIM_INCONCLUSIVE ? 1 : 0;
}

static struct tally tally_verdict(const struct sim_report *report, const struct sim_report_run *of, const struct sim_verdict *like)
{
    struct tally tally = {0};
    for (uint32_t r = 0; r < report->count; r++) {
        const struct sim_report_run *run = &report->runs[r];
        bool found = false, bad = false;
        if (!same_scenario(run, of)) continue;
        for (uint32_t i = 0; i < run->verdict_count; i++) {
            const struct sim_verdict *verdict = &run->verdicts[i];
            if (verdict->kind != like->kind || !mc_str_eq(verdict->name, like->name)) continue;
            found = true;
            bad |= verdict->status != SIM_PASS;
            if (tally.verdict && badness(verdict) <= badness(tally.verdict)) continue;
            tally.verdict = verdict;
            tally.run = run;
        }
        tally.runs += found;
        tally.bad += bad;
    }
    return tally;
}

static void put_failure(const struct text *text, const struct tally *tally, bool expected)
{
    const struct sim_verdict *verdict = tally->verdict;
    const struct sim_report_run *run = tally->run;
    struct mc_str file = verdict->source.file.n ? verdict->source.file : run->file;
    char seen[SIM_VERDICT_TEXT];
    fputs("        ", text->out);
    put_name(text->out, mc_str_c(sim_verdict_print(verdict, seen)));
    fprintf(text->out, "  (%s%.*s seed %" PRIu64 "; %" PRIu32 " of %" PRIu32 " runs)\n        ", expected ? "expected; " : "", MC_STR_ARG(run->profile), run->seed,
            tally->bad, tally->runs);
    put_name(text->out, file);
    fprintf(text->out, ":%d\n", verdict->source.line ? verdict->source.line : run->line);
    if (!run->replay.n || expected) return;
    fputs("        replay:  ", text->out);
    put_name(text->out, run->replay);
    putc('\n', text->out);
}

static void put_verdict(const struct text *text, const struct sim_report_run *of, const struct sim_verdict *verdict)
{
    struct tally tally = tally_verdict(text->report, of, verdict);
    bool expected = is(tally.run->status, "xfail");
    static const enum mark marks[] = {[SIM_PASS] = GOOD, [SIM_FAIL] = BAD, [SIM_INCONCLUSIVE] = UNKNOWN};
    if (text->style->verbosity < 0 && (tally.verdict->status == SIM_PASS || expected)) return;
    char seen[SIM_VERDICT_TEXT];
    fputs("    ", text->out);
    put_mark(text, expected && tally.verdict->status != SIM_PASS ? EXPECTED : marks[tally.verdict->status]);
    put_name(text->out, verdict->name);
    if (tally.verdict->status == SIM_PASS && *sim_verdict_print(tally.verdict, seen)) {
        fputs("  ", text->out);
        put_name(text->out, mc_str_c(seen));
    }
    putc('\n', text->out);
    if (tally.verdict->status != SIM_PASS) put_failure(text, &tally, expected);
}

static bool seen_before(const struct sim_report *report, uint32_t run, uint32_t index)
{
    const struct sim_report_run *of = &report->runs[run];
    const struct sim_verdict *verdict = &of->verdicts[index];
    if (find_verdict(of, verdict) != verdict) return true;
    for (uint32_t i = 0; i < run; i++)
        if (same_scenario(&report->runs[i], of) && find_verdict(&report->runs[i], verdict)) return true;
    return false;
}

static void put_section(const struct text *text, const struct sim_report_run *like, enum sim_verdict_kind kind, const char *title)
{
    const struct sim_report *report = text->report;
    bool titled = text->style->verbosity < 0;
    for (uint32_t r = 0; r < report->count; r++) {
        const struct sim_report_run *run = &report->runs[r];
        if (!same_scenario(run, like)) continue;
        for (uint32_t i = 0; i < run->verdict_count; i++) {
            if (run->verdicts[i].kind != kind || seen_before(report, r, i)) continue;
            if (!titled) fprintf(text->out, "    %s\n", title);
            titled = true;
            put_verdict(text, run, &run->verdicts[i]);
        }
    }
}

/* ---- runs without a verdict worth having ---- */

static void put_broken(const struct text *text, const struct sim_report_run *like)
{
    for (uint32_t i = 0; i < text->report->count; i++) {
        const struct sim_report_run *run = &text->report->runs[i];
        bool broken = is(run->status, "error") || is(run->status, "interrupted") || is(run->status, "running") || is(run->status, "xpass");
        if (!same_scenario(run, like) || !(broken || (is(run->status, "skipped") && text->style->verbosity >= 0))) continue;
        fputs("    ", text->out);
        put_mark(text, broken ? BAD : UNKNOWN);
        put_name(text->out, run->status);
        fprintf(text->out, "  (%.*s seed %" PRIu64 ")  ", MC_STR_ARG(run->profile), run->seed);
        bool lost = is(run->status, "running") && !run->why.n;
        put_name(text->out, lost ? MC_STR("no end of it is recorded: its process was killed, or is still at it") : is(run->status, "xpass") ? run->expect_fail : run->why);
        putc('\n', text->out);
        if (!broken || !run->replay.n) continue;
        fputs("        replay:  ", text->out);
        put_name(text->out, run->replay);
        putc('\n', text->out);
    }
}

static const struct {
    enum sim_verdict_kind kind;
    const char *title;
} sections[] = {
    {SIM_VERDICT_STEADY_STATE, "STEADY STATE"}, {SIM_VERDICT_CHECK, "CHECKS"}, {SIM_VERDICT_THRESHOLD, "THRESHOLDS"},
    {SIM_VERDICT_INVARIANT, "INVARIANTS"}, {SIM_VERDICT_TIMEOUT, "TIMEOUTS"}, {SIM_VERDICT_VACUITY, "FAULTS"},
};

/* False: there was nothing to say of it. */
static bool put_scenario(const struct text *text, uint32_t first)
{
    const struct sim_report *report = text->report;
    const struct sim_report_run *like = &report->runs[first];
    struct group group = count_group(report, like, same_scenario);
    char simulated[SIM_UNITS_TEXT];
    if (text->style->verbosity < 0 && !group.bad && !group.unknown) return false;
    fputs("\n  ", text->out);
    put_name(text->out, like->scenario);
    fprintf(text->out, "   %" PRIu32 " run%s   %s simulated\n", group.runs, group.runs == 1 ? "" : "s", sim_print_duration(group.sim_ns, simulated));
    fprintf(text->out, "    %*s%-30s  pass  fail   inc\n", text->style->ascii ? 5 : 2, "", "profile");
    for (uint32_t i = first; i < report->count; i++)
        if (same_scenario(&report->runs[i], like) && is_first(report, i, same_row)) put_row(text, &report->runs[i]);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) put_section(text, like, sections[i].kind, sections[i].title);
    put_broken(text, like);
    return true;
}

bool sim_report_text(const struct sim_report *report, const struct sim_report_style *style, FILE *out)
{
    struct text text = {report, style, out};
    bool said = false;
    for (uint32_t i = 0; i < report->count; i++)
        if (is_first(report, i, same_scenario)) said |= put_scenario(&text, i);
    if (said) putc('\n', out);
    return fflush(out) == 0 && !ferror(out);
}
