/* JSON: the summary of a report. `schema_version` changes when a reader would have to. */
#include "sim/export/json.h"
#include "sim/export/report.h"

enum { SCHEMA_VERSION = 1 };

static void put_figure(struct sim_json *json, const char *key, struct sim_figure figure)
{
    if (figure.known) sim_json_figure(json, key, figure.value);
    else sim_json_null(json, key);
}

static void put_verdict(struct sim_json *json, const struct sim_verdict *verdict)
{
    sim_json_open(json, NULL, '{');
    sim_json_text(json, "kind", mc_str_c(sim_verdict_kind_text(verdict->kind)));
    sim_json_text(json, "name", verdict->name);
    sim_json_text(json, "status", mc_str_c(sim_status_text(verdict->status)));
    sim_json_number(json, "t_ns", verdict->at);
    put_figure(json, "observed", verdict->observed);
    sim_json_text(json, "op", verdict->op);
    put_figure(json, "expected", verdict->expected);
    sim_json_text(json, "unit", verdict->unit);
    sim_json_count(json, "samples", verdict->samples);
    sim_json_text(json, "message", verdict->message);
    sim_json_number(json, "line", verdict->source.line);
    sim_json_close(json, '}');
}

static void put_run(struct sim_json *json, const struct sim_report_run *run)
{
    sim_json_open(json, NULL, '{');
    sim_json_number(json, "run", run->run);
    sim_json_text(json, "scenario", run->scenario);
    sim_json_text(json, "file", run->file);
    sim_json_number(json, "line", run->line);
    sim_json_text(json, "profile", run->profile);
    sim_json_raw(json, "variant", run->variant_json.n ? run->variant_json : MC_STR("{}"));
    sim_json_count(json, "seed", run->seed);
    sim_json_text(json, "status", run->status);
    sim_json_text(json, "expect_fail", run->expect_fail);
    sim_json_text(json, "why", run->why);
    sim_json_number(json, "sim_ns", run->sim_ns);
    sim_json_count(json, "events", run->events);
    sim_json_text(json, "trace_hash", run->trace_hash);
    sim_json_text(json, "replay", run->replay);
    sim_json_open(json, "verdicts", '[');
    for (uint32_t i = 0; i < run->verdict_count; i++) put_verdict(json, &run->verdicts[i]);
    sim_json_close(json, ']');
    sim_json_close(json, '}');
}

bool sim_report_json(const struct sim_report *report, const struct sim_report_style *style, FILE *out)
{
    struct sim_json json = {.out = out};
    struct sim_report_counts counts = sim_report_count(report);
    (void)style;
    sim_json_open(&json, NULL, '{');
    sim_json_number(&json, "schema_version", SCHEMA_VERSION);
    sim_json_text(&json, "tool", MC_STR("squall"));
    sim_json_text(&json, "tool_version", mc_str_c(report->tool_version));
    sim_json_text(&json, "results", report->results);
    sim_json_open(&json, "counts", '{');
    sim_json_count(&json, "passed", counts.passed);
    sim_json_count(&json, "failed", counts.failed);
    sim_json_count(&json, "skipped", counts.skipped);
    sim_json_count(&json, "inconclusive", counts.inconclusive);
    sim_json_count(&json, "errors", counts.errors);
    sim_json_count(&json, "interrupted", counts.interrupted);
    sim_json_count(&json, "xfail", counts.xfail);
    sim_json_count(&json, "xpass", counts.xpass);
    sim_json_close(&json, '}');
    sim_json_open(&json, "runs", '[');
    for (uint32_t i = 0; i < report->count; i++) put_run(&json, &report->runs[i]);
    sim_json_close(&json, ']');
    sim_json_close(&json, '}');
    return fflush(out) == 0 && !ferror(out);
}
