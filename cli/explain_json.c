#include "cli/explain_parts.h"
#include "sim/check/flags.h"
#include <inttypes.h>

static void put_text(struct sim_json *json, const char *key, const char *text)
{
    sim_json_text(json, key, mc_str_c(text));
}

static void put_answer(struct sim_json *json, uint16_t code, uint32_t flags, uint32_t attempts)
{
    char words[SIM_FLAGS_TEXT];
    sim_json_number(json, "code", code);
    put_text(json, "flags", flags ? sim_flags_print(flags, words) : "");
    sim_json_number(json, "attempts", attempts);
}

static void put_failed(struct sim_json *json, const struct explain *explain)
{
    sim_json_open(json, "failed", '[');
    for (uint32_t i = 0; i < explain->failed_count; i++) {
        const struct cli_told_verdict *verdict = &explain->rows[0].variant.told->verdicts[explain->failed[i]];
        const char id[2] = {(char)('A' + (int)i), 0};
        sim_json_open(json, NULL, '{');
        put_text(json, "id", id);
        put_text(json, "kind", sim_verdict_kind_text(verdict->kind));
        put_text(json, "name", verdict->name);
        put_text(json, "message", verdict->message);
        sim_json_number(json, "line", verdict->line);
        sim_json_close(json, '}');
    }
    sim_json_close(json, ']');
}

static void put_hop(struct sim_json *json, const struct explain_hop *hop)
{
    static const char *const kinds[] = {[SIM_HOP_CALL] = "call", [SIM_HOP_PROXY] = "sidecar", [SIM_HOP_SERVER] = "server"};
    sim_json_open(json, NULL, '{');
    put_text(json, "kind", kinds[hop->kind]);
    sim_json_number(json, "depth", hop->depth);
    put_text(json, "where", hop->where);
    sim_json_number(json, "began_ns", hop->began);
    sim_json_number(json, "ended_ns", hop->ended);
    put_answer(json, hop->code, hop->flags, hop->attempts);
    if (hop->kind == SIM_HOP_CALL) put_text(json, "to", hop->to);
    if (*hop->failure) put_text(json, "failure", hop->failure);
    if (hop->kind == SIM_HOP_SERVER) sim_json_bool(json, "abandoned", hop->abandoned);
    if (hop->kind == SIM_HOP_PROXY) {
        sim_json_bool(json, "inbound", hop->inbound);
        put_text(json, "listener", hop->listener);
        put_text(json, "routes", hop->routes);
        put_text(json, "cluster", hop->cluster);
        put_text(json, "endpoint", hop->endpoint);
    }
    sim_json_close(json, '}');
}

static void put_outcome(struct sim_json *json, const struct explain_request *request)
{
    if (!request->known) {
        sim_json_null(json, "request");
        return;
    }
    sim_json_open(json, "request", '{');
    put_text(json, "src", request->src);
    put_text(json, "dst", request->dst);
    sim_json_number(json, "began_ns", request->at);
    sim_json_number(json, "took_ns", request->took);
    put_answer(json, request->code, request->flags, request->attempts);
    sim_json_close(json, '}');
}

static void put_hops(struct sim_json *json, struct explain_seen *followed)
{
    uint32_t order[EXPLAIN_HOPS];
    explain_arrange(followed, order);
    sim_json_open(json, "hops", '[');
    for (uint32_t i = 0; i < followed->hop_count; i++) put_hop(json, &followed->hops[order[i]]);
    sim_json_close(json, ']');
}

static void put_faults(struct sim_json *json, const struct explain_seen *seen)
{
    sim_json_open(json, "faults", '[');
    for (uint32_t i = 0; i < seen->fault_count; i++) {
        const struct explain_fault *fault = &seen->faults[i];
        sim_json_open(json, NULL, '{');
        sim_json_number(json, "number", fault->number);
        put_text(json, "fault", fault->text);
        sim_json_number(json, "start_ns", fault->start);
        if (fault->end == MC_NEVER) sim_json_null(json, "end_ns");
        else sim_json_number(json, "end_ns", fault->end);
        sim_json_count(json, "touched", fault->touched);
        sim_json_bool(json, "meanwhile", seen->request.known && explain_overlaps(fault, &seen->request));
        sim_json_close(json, '}');
    }
    sim_json_close(json, ']');
}

static void put_row(struct sim_json *json, const struct explain *explain, uint32_t index)
{
    sim_json_open(json, NULL, '{');
    put_text(json, "what", explain->rows[index].text);
    sim_json_number(json, "without_fault", explain->rows[index].variant.without);
    put_text(json, "status", cli_job_status(&explain->jobs[index]));
    sim_json_open(json, "verdicts", '{');
    for (uint32_t i = 0; i < explain->failed_count; i++) {
        const char id[2] = {(char)('A' + (int)i), 0};
        int status = explain_status(explain, index, i);
        if (status < 0) sim_json_null(json, id);
        else put_text(json, id, sim_status_text((enum sim_status)status));
    }
    sim_json_close(json, '}');
    put_outcome(json, &explain->rows[index].seen->request);
    sim_json_close(json, '}');
}

void explain_json(const struct explain *explain, FILE *out)
{
    struct sim_json json = {.out = out};
    const struct sim_case *one = explain->again.chosen.one;
    sim_json_open(&json, NULL, '{');
    sim_json_number(&json, "schema_version", 1);
    sim_json_number(&json, "run", explain->again.run);
    sim_json_text(&json, "scenario", one->scenario);
    sim_json_text(&json, "profile", one->profile);
    sim_json_count(&json, "seed", one->seed);
    put_text(&json, "status", explain->status);
    put_failed(&json, explain);
    put_outcome(&json, &explain->rows[0].seen->request);
    if (explain->row_count > 1) put_hops(&json, explain->rows[1].seen);
    put_faults(&json, explain->rows[0].seen);
    sim_json_open(&json, "but_for", '[');
    for (uint32_t i = 0; i < explain->row_count; i++)
        if (i != 1) put_row(&json, explain, i);
    sim_json_close(&json, ']');
    sim_json_close(&json, '}');
}
