#include "control/judge.h"
#include "base/assert.h"

/* ---- which series ---- */

static bool is_version(struct mc_str workload, struct mc_str service, struct mc_str version)
{
    return workload.n == service.n + 1 + version.n && mc_str_starts(workload, service) &&
           (workload.p[service.n] == '-' || workload.p[service.n] == '/') && mc_str_ends(workload, version);
}

static bool passes(const struct mc_tally_filter *filter, const struct mc_prom_sample *sample)
{
    bool source = filter->reporter == MC_REPORTER_SOURCE;
    if (!mc_str_eq(mc_prom_label(sample, MC_STR("reporter")), source ? MC_STR("source") : MC_STR("destination"))) return false;
    if (!source) return true; /* whoever is asked is the destination itself */
    if (is_version(mc_prom_label(sample, MC_STR("destination_workload")), filter->service, filter->version)) return true;
    return mc_str_eq(mc_prom_label(sample, MC_STR("destination_version")), filter->version) &&
           (mc_str_eq(mc_prom_label(sample, MC_STR("destination_service_name")), filter->service) ||
            mc_str_eq(mc_prom_label(sample, MC_STR("destination_service")), filter->host));
}

/* ---- sums ---- */

static uint64_t sum(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t *bucket(struct mc_tally *tally, uint64_t bound)
{
    uint32_t at = 0;
    while (at < tally->bucket_count && tally->bounds[at] < bound) at++;
    if (at < tally->bucket_count && tally->bounds[at] == bound) return &tally->counts[at];
    if (tally->bucket_count == MC_TALLY_BUCKETS) {
        tally->too_many_buckets = true;
        return NULL;
    }
    uint32_t behind = tally->bucket_count++ - at;
    memmove(&tally->bounds[at + 1], &tally->bounds[at], behind * sizeof *tally->bounds);
    memmove(&tally->counts[at + 1], &tally->counts[at], behind * sizeof *tally->counts);
    tally->bounds[at] = bound;
    tally->counts[at] = 0;
    return &tally->counts[at];
}

void mc_tally_add(struct mc_tally *tally, const struct mc_tally_filter *filter, const struct mc_prom_sample *sample)
{
    bool requests = mc_str_eq(sample->name, MC_STR("istio_requests_total"));
    uint64_t bound;
    if (!requests && !mc_str_eq(sample->name, MC_STR("istio_request_duration_milliseconds_bucket"))) return;
    if (!passes(filter, sample)) return;
    if (requests) {
        struct mc_str code = mc_prom_label(sample, MC_STR("response_code"));
        tally->total = sum(tally->total, sample->value);
        if (code.n == 3 && code.p[0] == '5') tally->errors = sum(tally->errors, sample->value);
    } else if (mc_prom_number(mc_prom_label(sample, MC_STR("le")), MC_MS, &bound)) {
        uint64_t *count = bucket(tally, bound);
        if (count) *count = sum(*count, sample->value);
    }
}

static uint64_t count_at(const struct mc_tally *tally, uint64_t bound)
{
    for (uint32_t i = 0; i < tally->bucket_count; i++)
        if (tally->bounds[i] == bound) return tally->counts[i];
    return 0;
}

static uint64_t growth(uint64_t now, uint64_t before)
{
    return now >= before ? now - before : now;
}

void mc_tally_grow(struct mc_tally *into, const struct mc_tally *now, const struct mc_tally *before)
{
    into->total = sum(into->total, growth(now->total, before->total));
    into->errors = sum(into->errors, growth(now->errors, before->errors));
    into->too_many_buckets |= now->too_many_buckets;
    for (uint32_t i = 0; i < now->bucket_count; i++) {
        uint64_t *count = bucket(into, now->bounds[i]);
        if (count) *count = sum(*count, growth(now->counts[i], count_at(before, now->bounds[i])));
    }
}

/* ---- judgement ---- */

static uint64_t share(uint64_t whole, uint64_t part, uint64_t of)
{
    return (uint64_t)((unsigned __int128)whole * part / of);
}

uint64_t mc_tally_quantile(const struct mc_tally *tally, uint32_t permillion)
{
    uint64_t total = tally->bucket_count ? tally->counts[tally->bucket_count - 1] : 0;
    unsigned __int128 rank = (unsigned __int128)total * permillion; /* in millionths of a sample */
    uint32_t at = 0;
    if (!total) return 0;
    while (at + 1 < tally->bucket_count && (unsigned __int128)tally->counts[at] * 1000000 < rank) at++;
    uint64_t low = at ? tally->bounds[at - 1] : 0, below = at ? tally->counts[at - 1] : 0;
    if (tally->bounds[at] == UINT64_MAX || tally->counts[at] <= below) return low;
    unsigned __int128 within = rank > (unsigned __int128)below * 1000000 ? rank - (unsigned __int128)below * 1000000 : 0;
    return low + (uint64_t)((tally->bounds[at] - low) * within / ((unsigned __int128)(tally->counts[at] - below) * 1000000));
}

static bool is_enough(const struct mc_rollout_options *options, const struct mc_evidence *evidence, uint64_t samples)
{
    uint64_t answered = (uint64_t)evidence->scraped * 1000, needed = (uint64_t)evidence->asked * options->scraped_permille_min;
    return samples && samples >= options->min_samples && evidence->scraped && answered >= needed;
}

enum mc_check_verdict mc_judge(const struct mc_rollout_options *options, const struct mc_rollout_check *check,
                               const struct mc_evidence *evidence, uint64_t *observed, uint64_t *samples)
{
    const struct mc_tally *growth_seen = &evidence->growth;
    bool duration = check->metric == MC_METRIC_DURATION, good;
    *samples = growth_seen->total;
    *observed = 0;
    if (duration) {
        uint32_t last = growth_seen->bucket_count;
        *samples = last && !growth_seen->too_many_buckets ? growth_seen->counts[last - 1] : 0;
        if (*samples) *observed = mc_tally_quantile(growth_seen, check->quantile_permillion);
        good = *observed <= (uint64_t)check->max;
    } else {
        uint64_t errors = growth_seen->errors < *samples ? growth_seen->errors : *samples;
        if (*samples) *observed = share(*samples - errors, 1000000, *samples);
        good = *observed >= check->min_permillion;
    }
    if (!is_enough(options, evidence, *samples)) return MC_CHECK_INCONCLUSIVE;
    return good ? MC_CHECK_PASSED : MC_CHECK_FAILED;
}
