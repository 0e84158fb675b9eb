#include "cli/explain_parts.h"
#include "cli/results.h"
#include "sim/check/flags.h"
#include "sim/plan/units.h"
#include <inttypes.h>
#include <unistd.h>

enum { LABEL_WIDTH = 58 };

struct print {
    const struct explain *explain;
    FILE *out;
    struct sim_report_style style;
};

static const struct cli_told_verdict *failed_verdict(const struct explain *explain, uint32_t index)
{
    return &explain->rows[0].variant.told->verdicts[explain->failed[index]];
}

static void put(const struct print *print, const char *text)
{
    sim_put_printable(mc_str_c(text), print->out);
}

static void put_padded(const struct print *print, const char *text, int width)
{
    put(print, text);
    for (int n = (int)strlen(text); n < width; n++) putc(' ', print->out);
}

/* "503 UF,URX", "no answer: timed out" */
static const char *answer(uint16_t code, uint32_t flags, const char *failure, char out[static 96])
{
    char words[SIM_FLAGS_TEXT];
    if (!code) snprintf(out, 96, "no answer%s%s", failure && *failure ? ": " : "", failure ? failure : "");
    else snprintf(out, 96, "%u%s%s", code, flags ? " " : "", flags ? sim_flags_print(flags, words) : "");
    return out;
}

/* ---- the run and what failed ---- */

static void print_head(const struct print *print)
{
    const struct explain *explain = print->explain;
    const struct sim_case *one = explain->again.chosen.one;
    if (explain->again.run) fprintf(print->out, "run %" PRId64 "  ", explain->again.run);
    sim_put_printable(one->scenario, print->out);
    fprintf(print->out, "  (%.*s seed %" PRIu64 ")  %s\n", MC_STR_ARG(one->profile), one->seed, explain->status);
}

static void print_failed(const struct print *print)
{
    const struct explain *explain = print->explain;
    fputs("\nWHAT FAILED\n", print->out);
    if (!explain->failed_count) fputs("  nothing\n", print->out);
    for (uint32_t i = 0; i < explain->failed_count; i++) {
        const struct cli_told_verdict *verdict = failed_verdict(explain, i);
        fprintf(print->out, "  %c  ", 'A' + (int)i);
        put(print, verdict->name);
        if (*verdict->message) fputs("  ", print->out);
        put(print, verdict->message);
        if (verdict->line) fprintf(print->out, "  (line %d)", verdict->line);
        putc('\n', print->out);
    }
    if (explain->failed_more) fprintf(print->out, "  and %" PRIu32 " more\n", explain->failed_more);
}

/* ---- one request ---- */

static void print_place(const struct print *print, const struct explain_hop *hop)
{
    char indent[EXPLAIN_HOPS + 1];
    uint32_t depth = hop->depth < 20 ? hop->depth : 20;
    memset(indent, ' ', 2 * depth);
    indent[2 * depth] = 0;
    fputs(indent, print->out);
    put(print, hop->where);
    if (hop->kind == SIM_HOP_CALL) fputs(" calls ", print->out), put(print, hop->to);
    if (hop->kind == SIM_HOP_SERVER) fputs(" application", print->out);
    if (hop->kind == SIM_HOP_PROXY) fputs(hop->inbound ? " sidecar, inbound" : " sidecar, outbound", print->out);
}

static void print_proxy(const struct print *print, const struct explain_hop *hop)
{
    fprintf(print->out, "\n  %*s", 22 + 2 * (int)(hop->depth < 20 ? hop->depth : 20) + 4, "");
    fputs("listener ", print->out), put(print, hop->listener);
    fputs(", routes ", print->out), put(print, *hop->routes ? hop->routes : "none");
    fputs(", cluster ", print->out), put(print, *hop->cluster ? hop->cluster : "none");
    fputs(", endpoint ", print->out), put(print, *hop->endpoint ? hop->endpoint : "none");
}

static void print_hop(const struct print *print, const struct explain_hop *hop)
{
    char at[SIM_UNITS_TEXT], took[SIM_UNITS_TEXT], text[96];
    bool bad = !hop->code || hop->code >= 500;
    const char *mark = !bad ? " " : print->style.ascii ? "!" : "✗";
    fprintf(print->out, "  %11s %10s %s ", sim_print_instant(hop->began, at), sim_print_duration(hop->ended - hop->began, took), mark);
    print_place(print, hop);
    fprintf(print->out, "  %s", answer(hop->code, hop->flags, hop->failure, text));
    if (hop->attempts > 1) fprintf(print->out, ", %" PRIu32 " %s", hop->attempts, hop->kind == SIM_HOP_CALL ? "tries" : "attempts");
    if (hop->abandoned) fputs(", its caller had gone", print->out);
    if (hop->kind == SIM_HOP_PROXY) print_proxy(print, hop);
    putc('\n', print->out);
}

static void print_fault(const struct print *print, const struct explain_fault *fault)
{
    char start[SIM_UNITS_TEXT], end[SIM_UNITS_TEXT];
    fputs("  meanwhile: ", print->out);
    put(print, fault->text);
    fprintf(print->out, ", from %s to %s; it touched %" PRIu64 " in all\n", sim_print_instant(fault->start, start),
            fault->end == MC_NEVER ? "the end" : sim_print_instant(fault->end, end), fault->touched);
}

static void print_request(const struct print *print)
{
    uint32_t order[EXPLAIN_HOPS];
    char at[SIM_UNITS_TEXT], took[SIM_UNITS_TEXT], text[96];
    const struct explain_request *request = &print->explain->rows[0].seen->request;
    struct explain_seen *followed = print->explain->rows[1].seen; /* NULL: none failed */
    fputs("\nTHE FIRST REQUEST THAT FAILED\n", print->out);
    if (!request->known) {
        fputs("  none did, and none was slow\n", print->out);
        return;
    }
    fputs("  ", print->out), put(print, request->src), fputs(" -> ", print->out), put(print, request->dst);
    fprintf(print->out, " at %s: %s after %s%s\n", sim_print_instant(request->at, at), answer(request->code, request->flags, NULL, text),
            sim_print_duration(request->took, took), request->code && request->code < 500 ? ", which is slow" : "");
    explain_arrange(followed, order);
    for (uint32_t i = 0; i < followed->hop_count; i++) print_hop(print, &followed->hops[order[i]]);
    if (followed->hops_lost) fprintf(print->out, "  and %" PRIu32 " hops more\n", followed->hops_lost);
    const struct explain_seen *seen = print->explain->rows[0].seen;
    for (uint32_t i = 0; i < seen->fault_count; i++)
        if (explain_overlaps(&seen->faults[i], request)) print_fault(print, &seen->faults[i]);
}

/* ---- but for ---- */

static const char *word(int status)
{
    static const char *const words[] = {[SIM_PASS] = "pass", [SIM_FAIL] = "fail", [SIM_INCONCLUSIVE] = "?"};
    return status < 0 ? "-" : words[status];
}

static void print_row(const struct print *print, uint32_t index)
{
    char took[SIM_UNITS_TEXT], text[96];
    const struct explain_row *row = &print->explain->rows[index];
    const struct cli_job *job = &print->explain->jobs[index];
    fputs("  ", print->out);
    put_padded(print, row->text, LABEL_WIDTH);
    for (uint32_t i = 0; i < print->explain->failed_count; i++) fprintf(print->out, " %-5s", word(explain_status(print->explain, index, i)));
    const struct explain_request *request = &row->seen->request;
    if (job->note.exit) put(print, job->note.why);
    else if (request->known) fprintf(print->out, " %s, %s", answer(request->code, request->flags, NULL, text), sim_print_duration(request->took, took));
    else if (print->explain->rows[0].seen->request.known) fputs(" was not made", print->out);
    putc('\n', print->out);
}

static void print_but_for(const struct print *print)
{
    const struct explain *explain = print->explain;
    fputs("\nBUT FOR, on the same luck", print->out);
    for (int n = (int)strlen("BUT FOR, on the same luck"); n < LABEL_WIDTH + 2; n++) putc(' ', print->out);
    for (uint32_t i = 0; i < explain->failed_count; i++) fprintf(print->out, " %-5c", 'A' + (int)i);
    fputs(explain->rows[0].seen->request.known ? " that request\n" : "\n", print->out);
    for (uint32_t i = 0; i < explain->row_count; i++)
        if (i != 1) print_row(print, i);
    uint32_t faults = explain->rows[0].seen->fault_count;
    if (faults > EXPLAIN_FAULTS) fprintf(print->out, "  (%" PRIu32 " faults more were not left out)\n", faults - EXPLAIN_FAULTS);
}

/* ---- what follows from it ---- */

static void print_causes(const struct print *print)
{
    const struct explain *explain = print->explain;
    if (!explain->failed_count) return;
    fputs("\nSO\n", print->out);
    for (uint32_t i = 0; i < explain->failed_count; i++) {
        uint32_t found = 0;
        for (uint32_t row = 2; row < explain->row_count; row++) {
            if (explain_status(explain, row, i) != SIM_PASS) continue;
            if (!found) fprintf(print->out, "  %c passes ", 'A' + (int)i);
            fputs(found++ ? ", or " : "", print->out);
            put(print, explain->rows[row].text);
        }
        if (!found) fprintf(print->out, "  %c fails in each of them: none of these alone is its cause", 'A' + (int)i);
        putc('\n', print->out);
    }
}

void explain_print(const struct explain *explain, FILE *out)
{
    struct print print = {.explain = explain, .out = out};
    cli_report_style(explain->args, &print.style, STDOUT_FILENO);
    print_head(&print);
    print_failed(&print);
    print_request(&print);
    if (explain->row_count > 1) print_but_for(&print);
    print_causes(&print);
}
