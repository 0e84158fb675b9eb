/* JUnit XML as GitLab, Jenkins and GitHub actions read it: one suite per file, one case per verdict. */
#include "sim/export/json.h"
#include "sim/export/report.h"
#include <inttypes.h>

/* XML 1.0 has no way to write most control characters: they become U+FFFD, as do bytes that are no UTF-8. */
static void put_text(FILE *out, struct mc_str text)
{
    while (text.n) {
        uint32_t c;
        size_t n = sim_utf8(text, &c);
        bool forbidden = !n || c == 0xfffe || c == 0xffff || (c < 0x20 && c != '\t' && c != '\n' && c != '\r');
        if (forbidden) fputs("\xef\xbf\xbd", out);
        else if (c == '<') fputs("&lt;", out);
        else if (c == '>') fputs("&gt;", out);
        else if (c == '&') fputs("&amp;", out);
        else if (c == '"') fputs("&quot;", out);
        else if (c < 0x20) fprintf(out, "&#%u;", c);
        else fwrite(text.p, 1, n, out);
        if (!n) n = 1;
        text = mc_str(text.p + n, text.n - n);
    }
}

static void put_attribute(FILE *out, const char *name, struct mc_str text)
{
    fprintf(out, " %s=\"", name);
    put_text(out, text);
    putc('"', out);
}

static void put_seconds(FILE *out, int64_t ms)
{
    fprintf(out, " time=\"%" PRId64 ".%03d\"", ms / 1000, (int)(ms % 1000));
}

/* Jenkins splits the name at its last dot. */
static void put_class(FILE *out, const struct sim_report_run *run)
{
    fputs(" classname=\"", out);
    for (size_t i = 0, from = 0; i <= run->scenario.n; i++) {
        if (i < run->scenario.n && run->scenario.p[i] != '.') continue;
        put_text(out, mc_str(run->scenario.p + from, i - from));
        if (i < run->scenario.n) putc('_', out);
        from = i + 1;
    }
    putc('.', out);
    put_text(out, run->profile);
    putc('"', out);
}

static bool is(struct mc_str status, const char *word)
{
    return mc_str_eq(status, mc_str_c(word));
}

/* Whether the run itself is a case: it has no verdict, or its status is not that of its verdicts. */
static bool has_own_case(const struct sim_report_run *run)
{
    return !run->verdict_count || is(run->status, "error") || is(run->status, "xpass") || is(run->status, "interrupted") ||
           is(run->status, "running") || is(run->status, "skipped");
}

enum outcome { PASSED, FAILURE, ERROR, SKIPPED };

static enum outcome run_outcome(const struct sim_report *report, const struct sim_report_run *run)
{
    if (is(run->status, "failed") || is(run->status, "xpass")) return FAILURE;
    if (is(run->status, "skipped") || is(run->status, "xfail")) return SKIPPED;
    return sim_report_class_of(report, run) == SIM_REPORT_PASSED ? PASSED : ERROR;
}

static enum outcome verdict_outcome(const struct sim_report *report, const struct sim_report_run *run, const struct sim_verdict *verdict)
{
    if (verdict->status == SIM_PASS) return PASSED;
    if (is(run->status, "xfail")) return SKIPPED;
    if (verdict->status == SIM_FAIL) return FAILURE;
    return report->inconclusive_passes ? SKIPPED : ERROR;
}

struct counts {
    uint32_t tests, of[4];
    int64_t wall_ms;
};

static void count_run(const struct sim_report *report, const struct sim_report_run *run, struct counts *counts)
{
    counts->wall_ms += run->wall_ms;
    counts->tests += run->verdict_count + has_own_case(run);
    if (has_own_case(run)) counts->of[run_outcome(report, run)]++;
    for (uint32_t i = 0; i < run->verdict_count; i++) counts->of[verdict_outcome(report, run, &run->verdicts[i])]++;
}

static struct counts count(const struct sim_report *report, const struct mc_str *file)
{
    struct counts counts = {0};
    for (uint32_t i = 0; i < report->count; i++)
        if (!file || mc_str_eq(report->runs[i].file, *file)) count_run(report, &report->runs[i], &counts);
    return counts;
}

static void put_counts(FILE *out, const struct counts *counts)
{
    fprintf(out, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\"", counts->tests, counts->of[FAILURE],
            counts->of[ERROR], counts->of[SKIPPED]);
    put_seconds(out, counts->wall_ms);
}

/* GitLab keeps only the first of two cases of one name: seed and variant are part of it, and a number if
 * the script has used a name twice. */
static void put_name(FILE *out, const struct sim_report_run *run, struct mc_str name, uint32_t occurrence)
{
    fputs(" name=\"", out);
    put_text(out, name);
    if (occurrence) fprintf(out, " (%" PRIu32 ")", occurrence + 1);
    fprintf(out, " [seed %" PRIu64, run->seed);
    if (run->variant_json.n && !is(run->variant_json, "{}")) {
        fputs(", ", out);
        put_text(out, run->variant_json);
    }
    fputs("]\"", out);
}

static void put_head(FILE *out, const struct sim_report_run *run, struct mc_str name, uint32_t occurrence, int line)
{
    fputs("    <testcase", out);
    put_class(out, run);
    put_name(out, run, name, occurrence);
    put_attribute(out, "file", run->file);
    fprintf(out, " line=\"%d\"", line);
}

/* The element that says how it went, and closes the case. */
static void put_outcome(FILE *out, const struct sim_report_run *run, enum outcome outcome, const char *kind, struct mc_str message)
{
    static const char *const elements[] = {[FAILURE] = "failure", [ERROR] = "error", [SKIPPED] = "skipped"};
    if (outcome == PASSED) {
        fputs("/>\n", out);
        return;
    }
    fprintf(out, ">\n      <%s", elements[outcome]);
    if (outcome != SKIPPED) put_attribute(out, "type", mc_str_c(kind));
    put_attribute(out, "message", message);
    putc('>', out);
    if (run->replay.n) {
        fputs("replay: ", out);
        put_text(out, run->replay);
    }
    fprintf(out, "</%s>\n    </testcase>\n", elements[outcome]);
}

static uint32_t occurrence_of(const struct sim_report_run *run, uint32_t index)
{
    uint32_t before = 0;
    for (uint32_t i = 0; i < index; i++) before += mc_str_eq(run->verdicts[i].name, run->verdicts[index].name);
    return before;
}

static void put_verdict(const struct sim_report *report, const struct sim_report_run *run, uint32_t index, FILE *out)
{
    const struct sim_verdict *verdict = &run->verdicts[index];
    enum outcome outcome = verdict_outcome(report, run, verdict);
    char text[SIM_VERDICT_TEXT], message[2 * SIM_VERDICT_TEXT];
    put_head(out, run, verdict->name, occurrence_of(run, index), verdict->source.line ? verdict->source.line : run->line);
    put_seconds(out, 0);
    sim_verdict_print(verdict, text);
    if (is(run->status, "xfail")) snprintf(message, sizeof message, "expected failure: %.*s", MC_STR_ARG(run->expect_fail));
    else snprintf(message, sizeof message, "%s", text);
    put_outcome(out, run, outcome, verdict->status == SIM_INCONCLUSIVE ? "inconclusive" : sim_verdict_kind_text(verdict->kind),
                mc_str_c(message));
}

static void put_own_case(const struct sim_report *report, const struct sim_report_run *run, FILE *out)
{
    char message[1024], kind[24];
    bool script = is(run->status, "error");
    put_head(out, run, MC_STR("run"), 0, run->line);
    put_seconds(out, run->wall_ms);
    snprintf(kind, sizeof kind, "%.*s", MC_STR_ARG(run->status));
    if (is(run->status, "xpass")) snprintf(message, sizeof message, "passed, though expected to fail: %.*s", MC_STR_ARG(run->expect_fail));
    else if (is(run->status, "xfail")) snprintf(message, sizeof message, "expected failure: %.*s", MC_STR_ARG(run->expect_fail));
    else snprintf(message, sizeof message, "%.*s", MC_STR_ARG(run->why.n ? run->why : run->status));
    put_outcome(out, run, run_outcome(report, run), script ? "lua" : kind, mc_str_c(message));
}

static void put_run(const struct sim_report *report, const struct sim_report_run *run, FILE *out)
{
    if (has_own_case(run)) put_own_case(report, run, out);
    for (uint32_t i = 0; i < run->verdict_count; i++) put_verdict(report, run, i, out);
}

static void put_property(FILE *out, const struct sim_report_run *run, const char *what, struct mc_str value)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%" PRId64, what, run->run);
    fputs("      <property", out);
    put_attribute(out, "name", mc_str_c(name));
    put_attribute(out, "value", value);
    fputs("/>\n", out);
}

static void put_suite(const struct sim_report *report, uint32_t first, FILE *out)
{
    struct mc_str file = report->runs[first].file, stamp = report->started_utc;
    struct counts counts = count(report, &file);
    fputs("  <testsuite", out);
    put_attribute(out, "name", file);
    put_counts(out, &counts);
    /* The schemas know no time zone: UTC is written without its Z. */
    if (mc_str_ends(stamp, MC_STR("Z"))) stamp.n--;
    if (stamp.n) put_attribute(out, "timestamp", stamp);
    put_attribute(out, "file", file);
    fputs(">\n    <properties>\n", out);
    for (uint32_t i = first; i < report->count; i++)
        if (mc_str_eq(report->runs[i].file, file)) put_property(out, &report->runs[i], "trace_hash", report->runs[i].trace_hash);
    fputs("    </properties>\n", out);
    for (uint32_t i = first; i < report->count; i++)
        if (mc_str_eq(report->runs[i].file, file)) put_run(report, &report->runs[i], out);
    fputs("  </testsuite>\n", out);
}

static bool is_first_of_file(const struct sim_report *report, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++)
        if (mc_str_eq(report->runs[i].file, report->runs[index].file)) return false;
    return true;
}

bool sim_report_junit(const struct sim_report *report, const struct sim_report_style *style, FILE *out)
{
    struct counts counts = count(report, NULL);
    (void)style;
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"squall\"", out);
    put_counts(out, &counts);
    fputs(">\n", out);
    for (uint32_t i = 0; i < report->count; i++)
        if (is_first_of_file(report, i)) put_suite(report, i, out);
    fputs("</testsuites>\n", out);
    return fflush(out) == 0 && !ferror(out);
}
