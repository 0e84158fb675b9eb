#include "sim/export/report.h"
#include "base/assert.h"
#include "sim/plan/units.h"
#include <inttypes.h>
#include <stdlib.h>

const struct sim_report_type sim_report_types[] = {
    {"text", sim_report_text}, {"junit", sim_report_junit}, {"tap", sim_report_tap}, {"json", sim_report_json}, {NULL, NULL}};

/* ---- its life ---- */

static void *take(void *self, size_t size)
{
    (void)self;
    return malloc(size);
}

static void give(void *self, void *block, size_t size)
{
    (void)self, (void)size;
    free(block);
}

void sim_report_init(struct sim_report *report, const char *tool_version)
{
    *report = (struct sim_report){.tool_version = tool_version};
    mc_pool_init(&report->pool, (struct mc_alloc){.take = take, .give = give});
    mc_arena_init(&report->arena, &report->pool, 0);
}

void sim_report_fini(struct sim_report *report)
{
    free(report->runs);
    mc_arena_fini(&report->arena);
    mc_pool_fini(&report->pool);
}

static struct mc_str copy(struct sim_report *report, struct mc_str text)
{
    if (!text.n) return MC_STR("");
    text = mc_arena_copy(&report->arena, text);
    if (!text.p) report->refused = true;
    return text.p ? text : MC_STR("");
}

static void copy_verdict(struct sim_report *report, struct sim_verdict *to, const struct sim_verdict *from)
{
    *to = *from;
    to->name = copy(report, from->name);
    to->op = copy(report, from->op);
    to->unit = copy(report, from->unit);
    to->message = copy(report, from->message);
    to->source.file = copy(report, from->source.file);
}

static struct sim_verdict *copy_verdicts(struct sim_report *report, const struct sim_verdict *list, uint32_t count)
{
    struct sim_verdict *copies = count ? mc_arena_take(&report->arena, count * sizeof *copies) : NULL;
    for (uint32_t i = 0; copies && i < count; i++) copy_verdict(report, &copies[i], &list[i]);
    return copies;
}

static struct sim_report_run *room(struct sim_report *report)
{
    if (report->count == report->capacity) {
        uint32_t capacity = report->capacity ? 2 * report->capacity : 16;
        struct sim_report_run *runs = realloc(report->runs, capacity * sizeof *runs);
        if (!runs) return NULL;
        report->runs = runs;
        report->capacity = capacity;
    }
    return &report->runs[report->count++];
}

struct sim_report_run *sim_report_add(struct sim_report *report, const struct sim_report_run *run)
{
    struct sim_report_run *added = room(report);
    if (!added) {
        report->refused = true;
        return NULL;
    }
    *added = *run;
    struct mc_str *const texts[] = {&added->scenario, &added->file, &added->profile, &added->variant_json, &added->status,
                                    &added->trace_hash, &added->expect_fail, &added->why, &added->replay};
    for (size_t i = 0; i < MC_COUNT_OF(texts); i++) *texts[i] = copy(report, *texts[i]);
    added->verdicts = copy_verdicts(report, run->verdicts, run->verdict_count);
    if (!added->verdicts) {
        report->refused |= run->verdict_count > 0;
        added->verdict_count = 0;
    }
    return report->refused ? NULL : added;
}

/* ---- from a results file ---- */

enum { VERDICTS_MAX = 1 << 20 };

static void load_attrs(struct sim_report *report, struct sim_store *store, struct sim_report_run *run)
{
    struct sim_row row;
    struct sim_rows *rows = sim_store_rows(store, SIM_TABLE_ATTRS, run->run);
    while (rows && sim_rows_next(rows, &row)) {
        struct mc_str value = row.attr.value;
        if (mc_str_eq(row.attr.key, MC_STR("expect_fail"))) run->expect_fail = copy(report, value);
        if (mc_str_eq(row.attr.key, MC_STR("why"))) run->why = copy(report, value);
        if (mc_str_eq(row.attr.key, MC_STR("replay"))) run->replay = copy(report, value);
    }
    sim_rows_free(rows);
}

/* How many there will be, so that they can be taken in one piece. */
static uint32_t count_verdicts(struct sim_store *store, int64_t run)
{
    uint32_t count = 0;
    struct sim_row row;
    struct sim_rows *rows = sim_store_rows(store, SIM_TABLE_VERDICTS, run);
    while (rows && count < VERDICTS_MAX && sim_rows_next(rows, &row)) count++;
    sim_rows_free(rows);
    return count;
}

static void load_verdicts(struct sim_report *report, struct sim_store *store, struct sim_report_run *run)
{
    uint32_t count = count_verdicts(store, run->run), read = 0;
    struct sim_verdict *verdicts = count ? mc_arena_take(&report->arena, count * sizeof *verdicts) : NULL;
    struct sim_rows *rows = verdicts ? sim_store_rows(store, SIM_TABLE_VERDICTS, run->run) : NULL;
    struct sim_row row;
    report->refused |= count && !verdicts;
    while (rows && read < count && sim_rows_next(rows, &row)) copy_verdict(report, &verdicts[read++], &row.verdict);
    sim_rows_free(rows);
    run->verdicts = verdicts;
    run->verdict_count = read;
}

static void load_runs(struct sim_report *report, struct sim_store *store, int64_t invocation, int64_t run)
{
    struct sim_row row;
    struct sim_rows *rows = sim_store_rows(store, SIM_TABLE_RUNS, run);
    while (rows && sim_rows_next(rows, &row)) {
        if (!run && row.run.invocation != invocation) continue;
        report->started_utc = copy(report, row.run.started_utc);
        sim_report_add(report, &(struct sim_report_run){
            .run = row.run.run, .scenario = row.run.scenario, .file = row.run.file, .line = row.run.line,
            .profile = row.run.profile, .variant_json = row.run.variant_json, .status = row.run.status,
            .trace_hash = row.run.trace_hash, .seed = row.run.seed, .events = row.run.events, .sim_ns = row.run.sim_ns});
    }
    sim_rows_free(rows);
}

bool sim_report_load(struct sim_report *report, struct sim_store *store, int64_t invocation, int64_t run, struct sim_store_error *error)
{
    uint32_t first = report->count;
    report->results = copy(report, mc_str_c(sim_store_path(store)));
    load_runs(report, store, invocation, run);
    for (uint32_t i = first; i < report->count && !report->refused; i++) {
        load_attrs(report, store, &report->runs[i]);
        load_verdicts(report, store, &report->runs[i]);
    }
    *error = *sim_store_error(store);
    if (error->trouble || !report->refused) return !error->trouble;
    error->trouble = SIM_STORE_MEMORY;
    snprintf(error->text, sizeof error->text, "out of memory");
    return false;
}

/* ---- counting ---- */

static bool is(struct mc_str status, const char *word)
{
    return mc_str_eq(status, mc_str_c(word));
}

enum sim_report_class sim_report_class_of(const struct sim_report *report, const struct sim_report_run *run)
{
    if (is(run->status, "passed") || is(run->status, "xfail")) return SIM_REPORT_PASSED;
    if (is(run->status, "skipped")) return SIM_REPORT_SKIPPED;
    return is(run->status, "inconclusive") && report->inconclusive_passes ? SIM_REPORT_SKIPPED : SIM_REPORT_FAILED;
}

struct sim_report_counts sim_report_count(const struct sim_report *report)
{
    struct sim_report_counts counts = {0};
    uint32_t *const classes[] = {&counts.passed, &counts.failed, &counts.skipped};
    for (uint32_t i = 0; i < report->count; i++) {
        const struct sim_report_run *run = &report->runs[i];
        ++*classes[sim_report_class_of(report, run)];
        counts.inconclusive += is(run->status, "inconclusive");
        counts.errors += is(run->status, "error");
        counts.interrupted += is(run->status, "interrupted");
        counts.xfail += is(run->status, "xfail");
        counts.xpass += is(run->status, "xpass");
    }
    return counts;
}

static void print_more(const struct sim_report_counts *counts, FILE *out)
{
    const struct {
        uint32_t count;
        const char *word;
    } words[] = {{counts->inconclusive, "inconclusive"}, {counts->errors, "in error"}, {counts->interrupted, "interrupted"},
                 {counts->xfail, "failed as expected"}, {counts->xpass, "passed though expected to fail"}};
    const char *separator = "squall: ";
    for (size_t i = 0; i < MC_COUNT_OF(words); i++) {
        if (!words[i].count) continue;
        fprintf(out, "%s%" PRIu32 " %s", separator, words[i].count, words[i].word);
        separator = ", ";
    }
    if (*separator == ',') putc('\n', out);
}

void sim_report_last_line(const struct sim_report *report, FILE *out)
{
    struct sim_report_counts counts = sim_report_count(report);
    print_more(&counts, out);
    fprintf(out, "squall: %" PRIu32 " passed, %" PRIu32 " failed", counts.passed, counts.failed);
    if (counts.skipped) fprintf(out, ", %" PRIu32 " skipped", counts.skipped);
    putc('\n', out);
}

/* ---- one verdict ---- */

static void append(char *out, const char *text)
{
    size_t used = strlen(out);
    snprintf(out + used, SIM_VERDICT_TEXT - used, "%s", text);
}

static void append_figure(char *out, const char *before, double value, struct mc_str unit)
{
    char part[100];
    if (mc_str_eq(unit, MC_STR("ms")) && (value >= 1000 || value <= -1000)) {
        value /= 1000;
        unit = MC_STR("s");
    }
    bool large = value >= 1000 || value <= -1000;
    snprintf(part, sizeof part, large ? "%s%.0f%.*s" : "%s%.4g%.*s", before, value, MC_STR_ARG(unit));
    append(out, part);
}

static void append_figures(const struct sim_verdict *verdict, char *out)
{
    char part[60];
    append_figure(out, "was ", verdict->observed.value, verdict->unit);
    snprintf(part, sizeof part, ", limit %.*s%s", MC_STR_ARG(verdict->op), verdict->op.n ? " " : "");
    if (verdict->expected.known) append_figure(out, part, verdict->expected.value, verdict->unit);
    snprintf(part, sizeof part, " (%" PRIu64 " samples)", verdict->samples);
    if (verdict->samples) append(out, part);
}

const char *sim_verdict_print(const struct sim_verdict *verdict, char out[static SIM_VERDICT_TEXT])
{
    char part[60], at[SIM_UNITS_TEXT];
    *out = '\0';
    if (verdict->message.n) snprintf(out, SIM_VERDICT_TEXT, "%.*s", MC_STR_ARG(verdict->message));
    else if (verdict->observed.known) append_figures(verdict, out);
    /* The message of a threshold says itself when it was crossed. */
    bool timed = verdict->at != MC_NEVER && verdict->status != SIM_PASS && !(verdict->kind == SIM_VERDICT_THRESHOLD && verdict->message.n);
    if (!timed) return out;
    snprintf(part, sizeof part, "%sat %s", *out ? ", " : "", sim_print_duration(verdict->at, at));
    append(out, part);
    return out;
}
