/* TAP: one test per run. Version 13 unless asked for 14: Debian's prove takes a stream of 14 for an error. */
#include "sim/export/json.h"
#include "sim/export/report.h"
#include <inttypes.h>

/* A description ends at the line's end or at a directive: '#' and '\' are escaped, control characters and
 * line ends are blanks. */
static void put_words(FILE *out, struct mc_str text)
{
    while (text.n) {
        uint32_t c = 0;
        size_t n = sim_utf8(text, &c);
        if (c == '#' || c == '\\') putc('\\', out);
        if (!n) putc('?', out);
        else if (c < 0x20 || c == 0x7f) putc(' ', out);
        else fwrite(text.p, 1, n, out);
        if (!n) n = 1;
        text = mc_str(text.p + n, text.n - n);
    }
}

/* A YAML scalar in double quotes. */
static void put_yaml(FILE *out, const char *indent, const char *key, struct mc_str text)
{
    fprintf(out, "%s%s: \"", indent, key);
    while (text.n) {
        uint32_t c = 0;
        size_t n = sim_utf8(text, &c);
        if (!n) putc('?', out);
        else if (c == '"' || c == '\\') fprintf(out, "\\%c", (int)c);
        else if (c < 0x20 || c == 0x7f) fprintf(out, "\\x%02x", c);
        else fwrite(text.p, 1, n, out);
        if (!n) n = 1;
        text = mc_str(text.p + n, text.n - n);
    }
    fputs("\"\n", out);
}

static void put_diagnosis(const struct sim_report_run *run, FILE *out)
{
    char text[SIM_VERDICT_TEXT];
    fputs("  ---\n", out);
    put_yaml(out, "  ", "status", run->status);
    if (run->why.n) put_yaml(out, "  ", "message", run->why);
    fputs("  failures:\n", out);
    bool any = false;
    for (uint32_t i = 0; i < run->verdict_count; i++) {
        const struct sim_verdict *verdict = &run->verdicts[i];
        if (verdict->status == SIM_PASS) continue;
        any = true;
        put_yaml(out, "    - ", "name", verdict->name);
        put_yaml(out, "      ", "status", mc_str_c(sim_status_text(verdict->status)));
        put_yaml(out, "      ", "message", mc_str_c(sim_verdict_print(verdict, text)));
        fprintf(out, "      line: %d\n", verdict->source.line);
    }
    if (!any) fputs("    []\n", out);
    put_yaml(out, "  ", "file", run->file);
    put_yaml(out, "  ", "replay", run->replay);
    fputs("  ...\n", out);
}

static bool is(struct mc_str status, const char *word)
{
    return mc_str_eq(status, mc_str_c(word));
}

static void put_directive(const struct sim_report_run *run, bool skipped, FILE *out)
{
    bool expected = is(run->status, "xfail");
    if (!expected && !skipped) return;
    fputs(expected ? " # TODO expected failure: " : " # SKIP ", out);
    put_words(out, expected ? run->expect_fail : run->why.n ? run->why : run->status);
}

static void put_run(const struct sim_report *report, const struct sim_report_run *run, uint32_t number, FILE *out)
{
    enum sim_report_class class = sim_report_class_of(report, run);
    bool good = class != SIM_REPORT_FAILED && !is(run->status, "xfail");
    fprintf(out, "%s %" PRIu32 " - ", good ? "ok" : "not ok", number);
    put_words(out, run->scenario);
    if (run->variant_json.n && !is(run->variant_json, "{}")) {
        putc(' ', out);
        put_words(out, run->variant_json);
    }
    fputs(" (", out);
    put_words(out, run->profile);
    fprintf(out, ", seed %" PRIu64 ")", run->seed);
    put_directive(run, class == SIM_REPORT_SKIPPED, out);
    putc('\n', out);
    if (!good) put_diagnosis(run, out);
}

bool sim_report_tap(const struct sim_report *report, const struct sim_report_style *style, FILE *out)
{
    fprintf(out, "TAP version %d\n1..%" PRIu32 "\n", style->tap_version == 14 ? 14 : 13, report->count);
    for (uint32_t i = 0; i < report->count; i++) put_run(report, &report->runs[i], i + 1, out);
    return fflush(out) == 0 && !ferror(out);
}
