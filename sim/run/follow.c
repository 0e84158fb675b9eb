/* One trace, hop by hop: options.follow_* names it, the sink is told of each call, sidecar and server that it
 * passed. Nothing is done for a run that follows none. */
#include "sim/run/parts.h"
#include <stdio.h>

static bool is_followed(const struct sim_run *run, uint64_t high, uint64_t low)
{
    return (high | low) && high == run->options.follow_hi && low == run->options.follow_lo && run->options.sink && run->options.sink->type->hop;
}

static void tell(struct sim_run *run, const struct sim_sink_hop *hop)
{
    run->options.sink->type->hop(run->options.sink, hop);
}

static struct mc_str party_name(const struct sim_run *run, uint32_t party)
{
    if (party < run->pod_count) return run->pods[party]->name;
    mc_assert(party - RUN_PARTY_LOAD < run->load_count);
    return run->load_of[party - RUN_PARTY_LOAD]->name;
}

/* ---- sidecars: a SPAN record, then the ACCESS record of the same request ---- */

void run_follow_span(struct sim_run *run, const struct mc_trace_record *record)
{
    run->followed = (struct run_followed){.hit = is_followed(run, record->v[0], record->v[1]), .span = *record};
}

/* "reviews-v1-0", or the address in figures. */
static struct mc_str endpoint_name(const struct sim_run *run, uint64_t packed, char out[static 32])
{
    uint32_t pod = packed ? run_pod_by_addr(run, packed) : RUN_NO_POD;
    if (pod != RUN_NO_POD) return run->pods[pod]->name;
    if (!packed) return MC_STR("");
    int n = snprintf(out, 32, "%u.%u.%u.%u:%u", (unsigned)(packed >> 40 & 255), (unsigned)(packed >> 32 & 255), (unsigned)(packed >> 24 & 255),
                     (unsigned)(packed >> 16 & 255), (unsigned)(packed & 65535));
    return mc_str(out, (size_t)n);
}

void run_follow_access(struct sim_run *run, const struct mc_trace_record *record)
{
    char endpoint[32];
    const struct mc_trace_record *span = &run->followed.span;
    uint32_t pod = run_pod_of_node(run, record->node);
    if (!run->followed.hit || span->node != record->node || span->stream != record->stream || pod == RUN_NO_POD) return;
    run->followed.hit = false;
    const struct run_stream *stream = run_stream_of(run, record);
    struct sim_sink_hop hop = {.kind = SIM_HOP_PROXY,
                               .where = run->pods[pod]->name,
                               .inbound = stream && stream->inbound,
                               .began = run->now - (mc_ns)record->v[3],
                               .ended = run->now,
                               .listener = run_text(run, (mc_atom)span->v[4]),
                               .routes = run_text(run, (mc_atom)span->v[5]),
                               .cluster = run_text(run, (mc_atom)record->v[1]),
                               .endpoint = endpoint_name(run, record->v[2], endpoint),
                               .code = (uint16_t)(record->v[0] & 0xffff),
                               .flags = (uint32_t)(record->v[0] >> 16),
                               .attempts = (uint32_t)record->v[5],
                               .span = span->v[2],
                               .parent = span->v[3]};
    tell(run, &hop);
}

/* ---- applications and load clients ---- */

void run_follow_call(struct sim_run *run, const struct sim_call_record *call)
{
    if (!is_followed(run, call->trace_hi, call->trace_lo)) return;
    struct sim_sink_hop hop = {.kind = SIM_HOP_CALL,
                               .where = party_name(run, call->from),
                               .to = run->plan->topology.services[call->to].name,
                               .began = call->started,
                               .ended = call->ended,
                               .code = call->code,
                               .flags = call->watch ? call->watch->flags : 0,
                               .attempts = call->tries,
                               .failure = call->code ? NULL : sim_call_failure_text(call->failure),
                               .span = call->watch ? call->watch->span : 0,
                               .parent = call->parent};
    tell(run, &hop);
}

void run_follow_arrival(struct sim_run *run, const struct sim_arrival_record *arrival)
{
    if (!is_followed(run, arrival->trace_hi, arrival->trace_lo)) return;
    struct sim_sink_hop hop = {.kind = SIM_HOP_SERVER,
                               .where = party_name(run, arrival->at),
                               .began = arrival->started,
                               .ended = arrival->ended,
                               .code = arrival->code,
                               .abandoned = arrival->abandoned,
                               .attempts = 1,
                               .parent = arrival->span};
    tell(run, &hop);
}
