#include "sim/load/caller_parts.h"
#include "model/config.h"

/* ---- budget ---- */

static void budget_turn(struct sim_budget *budget, const struct sim_retry *retry, mc_ns now)
{
    mc_ns width = mc_ns_max(retry->budget_ttl / SIM_BUDGET_CELLS, 1);
    uint64_t cell = (uint64_t)(now / width);
    for (uint32_t i = 0; budget->cell < cell && i < SIM_BUDGET_CELLS; i++) {
        budget->cell++;
        budget->requests[budget->cell % SIM_BUDGET_CELLS] = budget->retries[budget->cell % SIM_BUDGET_CELLS] = 0;
    }
    budget->cell = cell;
}

bool sim_budget_allows(struct sim_budget *budget, const struct sim_retry *retry, mc_ns now)
{
    if (!retry->budget_ppm) return true;
    budget_turn(budget, retry, now);
    uint64_t requests = 0, retries = 0;
    for (uint32_t i = 0; i < SIM_BUDGET_CELLS; i++) {
        requests += budget->requests[i];
        retries += budget->retries[i];
    }
    uint64_t least = retry->budget_min_per_second * (uint64_t)(retry->budget_ttl / MC_S);
    return retries < requests * retry->budget_ppm / 1000000 + least;
}

void sim_budget_count(struct sim_budget *budget, const struct sim_retry *retry, mc_ns now, bool is_retry)
{
    if (!retry->budget_ppm) return;
    budget_turn(budget, retry, now);
    uint64_t *counts = is_retry ? budget->retries : budget->requests;
    counts[budget->cell % SIM_BUDGET_CELLS]++;
}

/* ---- policy ---- */

static bool condition(const struct sim_retry *retry, uint32_t bits)
{
    return (retry->on & bits) != 0;
}

static bool policy_covers(const struct sim_http_call *call, const struct sim_retry *retry)
{
    if (call->failure == SIM_CALL_CONNECT || call->failure == SIM_CALL_NAME)
        return condition(retry, MC_RETRY_ON(5XX) | MC_RETRY_ON(GATEWAY_ERROR) | MC_RETRY_ON(CONNECT_FAILURE) | MC_RETRY_ON(RESET));
    if (call->failure) return condition(retry, MC_RETRY_ON(5XX) | MC_RETRY_ON(GATEWAY_ERROR) | MC_RETRY_ON(RESET));
    for (uint32_t i = 0; i < retry->status_count; i++)
        if (condition(retry, MC_RETRY_ON(RETRIABLE_STATUS)) && retry->statuses[i] == call->code) return true;
    if (call->code >= 502 && call->code <= 504 && condition(retry, MC_RETRY_ON(GATEWAY_ERROR))) return true;
    return call->code >= 500 && condition(retry, MC_RETRY_ON(5XX));
}

bool caller_may_try_again(struct sim_http_call *call)
{
    if (!call->failure && call->code < 500 && !(call->spec->retry && policy_covers(call, call->spec->retry))) return false;
    if (call->tries < call->spec->tries) return true;
    const struct sim_retry *retry = call->spec->retry;
    if (!retry || call->tries > retry->attempts || !policy_covers(call, retry)) return false;
    return sim_budget_allows(&call->caller->budget, retry, caller_turn(call->caller)->now);
}

/* Exponential with full jitter, as Envoy: a draw below min(base × (2^n − 1), max). */
mc_ns caller_backoff(const struct sim_http_call *call)
{
    const struct sim_retry *retry = call->spec->retry;
    if (!retry) return 0;
    mc_ns base = retry->backoff_base ? retry->backoff_base : 25 * MC_MS;
    mc_ns most = retry->backoff_max ? retry->backoff_max : 10 * base;
    uint32_t doublings = call->tries < 20 ? call->tries : 20;
    mc_ns span = mc_ns_min(base * ((INT64_C(1) << doublings) - 1), most);
    if (retry->steady) return span;
    return (mc_ns)mc_below(mc_draw(call->try_lineage.luck, MC_FOR_BACKOFF, 0, call->tries), (uint64_t)span + 1);
}
