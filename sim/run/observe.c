#include "sim/run/parts.h"
#include <stdio.h>

/* ---- requests under way, found by their span ---- */

static struct sim_watch **bucket(struct sim_run *run, uint64_t span)
{
    return &run->watches[mc_mix(span) % RUN_WATCHES];
}

struct sim_watch *run_watch_find(struct sim_run *run, uint64_t span)
{
    struct sim_watch *watch = *bucket(run, span);
    while (watch && watch->span != span) watch = watch->next;
    return watch;
}

static struct sim_run *run_of(struct sim_observer *observer)
{
    return mc_container(observer, struct sim_run, observer);
}

static void watch(struct sim_observer *observer, struct sim_watch *watch)
{
    struct sim_watch **head = bucket(run_of(observer), watch->span);
    watch->next = *head;
    *head = watch;
}

static void unwatch(struct sim_observer *observer, struct sim_watch *watch)
{
    struct sim_watch **at = bucket(run_of(observer), watch->span);
    while (*at && *at != watch) at = &(*at)->next;
    if (*at) *at = watch->next;
}

/* ---- who ---- */

static uint32_t workload_of_party(const struct sim_run *run, uint32_t party)
{
    if (party < run->pod_count) return run->pods[party]->workload;
    mc_assert(party - RUN_PARTY_LOAD < run->load_count);
    return run->load_of[party - RUN_PARTY_LOAD]->workload;
}

/* Who answered: the application if it said so, else the pod that the sidecar chose, else nobody known. */
static uint32_t destination(const struct sim_run *run, const struct sim_call_record *call)
{
    if (call->served_by < run->pod_count) return run->pods[call->served_by]->workload;
    if (call->watch && call->watch->endpoint) {
        uint32_t pod = run_pod_by_addr(run, call->watch->endpoint);
        if (pod != RUN_NO_POD && run->pods[pod]->service == call->to) return run->pods[pod]->workload;
    }
    return sim_check_workload(run->check, call->to, UINT32_MAX);
}

/* ---- calls ---- */

static uint16_t path_of(struct sim_run *run, mc_atom text)
{
    struct run_path *path = &run->paths[text % RUN_PATHS];
    if (!text || path->text != text) *path = (struct run_path){text, sim_check_path(run->check, run_text(run, text))};
    return path->number;
}

static bool is_failed(const struct sim_call_record *call)
{
    return call->code == 0 || call->code >= 500;
}

/* Every failure, everything slow, and a share of the rest that depends on the trace alone. */
static bool is_sampled(const struct sim_run *run, const struct sim_call_record *call)
{
    uint32_t share = run->options.sink->sample_ppm;
    if (share == UINT32_MAX) return false;
    if (is_failed(call) || call->ended - call->started >= MC_S) return true;
    return mc_chance(mc_draw(run->options.seed, MC_FOR_SAMPLING, call->trace_hi, call->trace_lo), share, 1000000);
}

static void tell_request(struct sim_run *run, const struct sim_call_record *call, uint32_t src, uint32_t dst)
{
    struct sim_sink *sink = run->options.sink;
    if (!sink || !sink->type->request) return;
    if (!is_sampled(run, call)) {
        run->unsampled++;
        return;
    }
    run->sampled++;
    struct sim_sink_request told = {.at = call->started,
                                    .duration = call->ended - call->started,
                                    .first_byte = call->first_byte ? call->first_byte - call->started : 0,
                                    .edge = sim_series_edge(&run->series, src, dst),
                                    .code = call->code,
                                    .flags = call->watch ? call->watch->flags : 0,
                                    .attempts = call->watch && call->watch->attempts ? call->watch->attempts : call->tries,
                                    .bytes_up = call->bytes_up,
                                    .bytes_down = call->bytes_down,
                                    .trace_hi = call->trace_hi,
                                    .trace_lo = call->trace_lo,
                                    .span = call->watch ? call->watch->span : 0,
                                    .parent = call->parent};
    sink->type->request(sink, &told);
}

/* "503 UF,URX  productpage -> reviews" */
static void tell_failure(struct sim_run *run, const struct sim_call_record *call, uint32_t src, uint32_t dst)
{
    char flags[SIM_FLAGS_TEXT], what[SIM_FLAGS_TEXT + 8];
    struct mc_str from = sim_check_workload_at(run->check, src)->service, to = sim_check_workload_at(run->check, dst)->service;
    bool flagged = call->watch && call->watch->flags;
    int length = call->code ? snprintf(what, sizeof what, "%u%s%s", call->code, flagged ? " " : "",
                                       flagged ? sim_flags_print(call->watch->flags, flags) : "")
                            : snprintf(what, sizeof what, "no answer");
    run_event(run, "errors", SIM_NOTICE, mc_str(what, (size_t)length), "%.*s -> %.*s%s%s", MC_STR_ARG(from), MC_STR_ARG(to),
              call->code ? "" : ": ", call->code ? "" : sim_call_failure_text(call->failure));
}

static void call(struct sim_observer *observer, const struct sim_call_record *call)
{
    struct sim_run *run = run_of(observer);
    uint32_t src = workload_of_party(run, call->from), dst = destination(run, call);
    uint32_t flags = call->watch ? call->watch->flags : 0;
    struct sim_seen seen = {.src = src,
                            .dst = dst,
                            .path = path_of(run, call->path),
                            .code = call->code,
                            .flags = flags,
                            .duration = call->ended - call->started};
    sim_series_tick(&run->series, call->ended);
    sim_check_call(run->check, call->ended, &seen);
    run_follow_call(run, call);
    tell_request(run, call, src, dst);
    if (is_failed(call)) tell_failure(run, call, src, dst);
}

static void arrival(struct sim_observer *observer, const struct sim_arrival_record *arrival)
{
    struct sim_run *run = run_of(observer);
    struct sim_seen seen = {.dst = run->pods[arrival->at]->workload,
                            .path = path_of(run, arrival->path),
                            .code = arrival->code,
                            .duration = arrival->ended - arrival->started};
    run->pods[arrival->at]->requests++;
    sim_check_arrival(run->check, arrival->ended, &seen);
    if (arrival->abandoned) sim_check_abandoned(run->check, arrival->ended, seen.dst, arrival->cpu);
    run_follow_arrival(run, arrival);
    run_rules_arrival(run, arrival);
}

static void connection(struct sim_observer *observer, uint32_t from, uint32_t to, uint64_t stream, mc_ns now, bool opened)
{
    struct sim_run *run = run_of(observer);
    uint64_t key = mc_mix((uint64_t)from << 32 ^ stream);
    if (!opened) {
        sim_check_closed(run->check, now, key);
        return;
    }
    uint32_t src = workload_of_party(run, from);
    bool one = run->plan->topology.services[to].version_count == 1;
    uint32_t dst = sim_check_workload(run->check, to, one ? 0 : UINT32_MAX);
    sim_check_opened(run->check, now, key, src, dst);
    sim_check_mark(run->check, now, SIM_MARK_CONNECTION, 0, src, dst);
}

const struct sim_observer_type run_observer_type = {
    .watch = watch, .unwatch = unwatch, .call = call, .arrival = arrival, .connection = connection};
