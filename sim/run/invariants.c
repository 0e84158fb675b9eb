#include "sim/run/parts.h"
#include <stdarg.h>
#include <stdio.h>

void run_broken(struct sim_run *run, struct run_invariant *invariant, const char *format, ...)
{
    if (invariant->broken) return;
    invariant->broken = true;
    invariant->at = run->now;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(invariant->message, sizeof invariant->message, format, arguments);
    va_end(arguments);
    run_event(run, "check", SIM_ERROR_SEVERITY, invariant->name, "%s", invariant->message);
}

static const struct run_pod *sidecar_pod(const struct sim_run *run, const struct mc_trace_record *record)
{
    uint32_t pod = run_pod_of_node(run, record->node);
    return pod != RUN_NO_POD && run_is_sidecar_node(record->node) ? run->pods[pod] : NULL;
}

/* ---- mtls.no_plaintext ---- */

/* A request that a meshed workload took from another meshed one was on a TLS connection. What was refused
 * before it was routed (a ClientHello at a proxy without a certificate) was not taken. */
static void no_plaintext(struct sim_run *run, struct run_invariant *invariant, const struct mc_trace_record *record)
{
    const struct run_pod *pod = sidecar_pod(run, record);
    if (record->kind != MC_TRACE_ACCESS || !record->v[1] || !pod) return;
    const struct run_stream *stream = run_stream_of(run, record);
    if (!stream || !stream->inbound || stream->peer == RUN_NO_POD || !run->pods[stream->peer]->meshed) return;
    invariant->seen++;
    if (!stream->secure)
        run_broken(run, invariant, "%.*s took a plaintext request from %.*s", MC_STR_ARG(pod->name), MC_STR_ARG(run->pods[stream->peer]->name));
}

/* ---- mtls.no_expired_peer_accepted ---- */

static void no_expired_peer(struct sim_run *run, struct run_invariant *invariant, const struct mc_trace_record *record)
{
    const struct run_pod *pod = sidecar_pod(run, record);
    if (record->kind != MC_TRACE_TLS_DONE || record->v[0] != 0 || !pod || !record->v[4]) return;
    const struct run_cert *cert = mc_map_get(&run->serials, record->v[4]);
    if (!cert) return;
    invariant->seen++;
    mc_ns wall = run->options.epoch + run->now;
    if (wall > cert->not_after + run->plan->profile.clock_leeway)
        run_broken(run, invariant, "%.*s accepted %.*s, whose certificate had run out %lld s before", MC_STR_ARG(pod->name),
                   MC_STR_ARG(run_text(run, cert->identity)), (long long)((wall - cert->not_after) / MC_S));
}

/* ---- pki ---- */

static void serial_unique(struct sim_run *run, struct run_invariant *invariant, const struct mc_trace_record *record)
{
    if (record->kind != MC_TRACE_CERT_ISSUED) return;
    invariant->seen++;
    if (mc_map_get(&run->serials, record->v[1]))
        run_broken(run, invariant, "serial number %016llx was issued twice", (unsigned long long)record->v[1]);
}

static void san_matches(struct sim_run *run, struct run_invariant *invariant, const struct mc_trace_record *record)
{
    const struct run_pod *pod = sidecar_pod(run, record);
    if (record->kind != MC_TRACE_CERT_INSTALLED || !pod) return;
    invariant->seen++;
    if (record->v[0] != pod->identity)
        run_broken(run, invariant, "%.*s installed a certificate for %.*s", MC_STR_ARG(pod->name),
                   MC_STR_ARG(run_text(run, (mc_atom)record->v[0])));
}

/* ---- routing, rollout ---- */

static void weights_sum(struct sim_run *run, struct run_invariant *invariant, const struct mc_trace_record *record)
{
    if (record->kind != MC_TRACE_SNAPSHOT_PUSHED || !run->registry) return;
    for (uint32_t i = 0; i < run->registry->service_count; i++) {
        const struct mc_service *service = run->registry->services[i];
        uint32_t sum = 0;
        for (uint32_t w = 0; w < service->weight_count; w++) sum += service->weights[w].weight;
        if (service->weight_count) invariant->seen++;
        if (service->weight_count && sum != 100)
            run_broken(run, invariant, "the weights of %.*s add up to %u", MC_STR_ARG(run_text(run, service->name)), sum);
    }
}

enum { AFTER_ROLLBACK_S = 15 }; /* debounce at its longest, a push, and what was under way */

static const struct sim_canary *canary_of(struct sim_run *run, const struct run_pod *pod)
{
    mc_list_each(link, &run->canaries)
    {
        const struct sim_canary *canary = mc_container(link, struct sim_canary, link);
        const struct sim_service *service = &run->plan->topology.services[pod->service];
        if (canary->begun && mc_str_eq(canary->spec.target, service->name) &&
            mc_str_eq(canary->spec.to, service->versions[pod->version].name))
            return canary;
    }
    return NULL;
}

static void no_traffic_after_rollback(struct sim_run *run, struct run_invariant *invariant, const struct sim_arrival_record *arrival)
{
    const struct run_pod *pod = run->pods[arrival->at];
    const struct sim_canary *canary = pod->service < run->plan->topology.service_count ? canary_of(run, pod) : NULL;
    const struct mc_rollout_state *state = canary ? run_rollout_state(run, canary) : NULL;
    if (!state) return;
    invariant->seen++;
    if (state->phase != MC_ROLLOUT_FAILED || !state->history_count) return;
    mc_ns ended = state->history[(state->history_count - 1) % MC_ROLLOUT_HISTORY].at;
    if (arrival->started > ended + AFTER_ROLLBACK_S * MC_S)
        run_broken(run, invariant, "%.*s got a request %lld s after the rollout had failed", MC_STR_ARG(pod->name),
                   (long long)((arrival->started - ended) / MC_S));
}

/* ---- requests.conserved ---- */

static void conserved(struct sim_run *run, struct run_invariant *invariant)
{
    mc_list_each(link, &run->loads)
    {
        const struct sim_load *load = mc_container(link, struct sim_load, link);
        struct sim_client_counts counts = sim_client_counts(load->client);
        invariant->seen += counts.started;
        if (counts.started != counts.finished + counts.under_way)
            run_broken(run, invariant, "of %llu requests of %.*s, %llu ended and %u are under way", (unsigned long long)counts.started,
                       MC_STR_ARG(load->name), (unsigned long long)counts.finished, counts.under_way);
    }
}

/* ---- the table ---- */

/* name, function, kind of function, one line */
#define RULES(X) \
    X("mtls.no_plaintext", trace, no_plaintext, "no meshed workload takes a plaintext request from another meshed one") \
    X("mtls.no_expired_peer_accepted", trace, no_expired_peer, \
      "no handshake succeeds with a certificate that has run out (beyond the mesh's leeway)") \
    X("pki.serial_unique", trace, serial_unique, "the CA never gives two certificates one serial number") \
    X("pki.san_matches_workload", trace, san_matches, "every sidecar's certificate names its own workload") \
    X("routing.weights_sum_to_100", trace, weights_sum, "the weights of a split service add up to 100 in every push") \
    X("rollout.no_traffic_after_rollback", arrival, no_traffic_after_rollback, \
      "a version that was rolled back gets no request from 15 s after") \
    X("requests.conserved", end, conserved, "every request that a load client has started has ended or is under way")

static const struct run_rule rules[] = {
#define X(name_, member, function, text) {.doc = {name_, text}, .member = function},
    RULES(X)
#undef X
};

const struct sim_invariant_doc sim_invariant_docs[] = {
#define X(name_, member, function, text) {name_, text},
    RULES(X)
#undef X
    {0},
};

const struct run_rule *run_rule_find(struct mc_str name)
{
    for (size_t i = 0; i < MC_COUNT_OF(rules); i++)
        if (mc_str_eq(name, mc_str_c(rules[i].doc.name))) return &rules[i];
    return NULL;
}

bool run_choose_invariants(struct sim_run *run)
{
    const struct sim_plan *plan = run->plan;
    for (uint32_t i = 0; i < plan->invariant_count && run->invariant_count < RUN_INVARIANTS; i++) {
        const struct run_rule *rule = run_rule_find(plan->invariants[i]);
        if (!rule) return false;
        run->invariants[run->invariant_count++] = (struct run_invariant){.rule = rule, .name = mc_str_c(rule->doc.name)};
    }
    return true;
}

void run_rules_trace(struct sim_run *run, const struct mc_trace_record *record)
{
    for (uint32_t i = 0; i < run->invariant_count; i++)
        if (run->invariants[i].rule->trace) run->invariants[i].rule->trace(run, &run->invariants[i], record);
}

void run_rules_arrival(struct sim_run *run, const struct sim_arrival_record *arrival)
{
    for (uint32_t i = 0; i < run->invariant_count; i++)
        if (run->invariants[i].rule->arrival) run->invariants[i].rule->arrival(run, &run->invariants[i], arrival);
}
