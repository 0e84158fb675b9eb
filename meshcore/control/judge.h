/* What sidecars have counted, and whether it is good enough. */
#ifndef CONTROL_JUDGE_H
#define CONTROL_JUDGE_H

#include "control/prometheus.h"
#include "control/registry.h"
#include "control/rollout.h"

enum { MC_TALLY_BUCKETS = 32 }; /* Istio's durations have 20 */

/* Sums over the series that were asked for. Zeroed is empty. */
struct mc_tally {
    uint64_t total, errors;               /* requests; those answered 5xx */
    uint32_t bucket_count;
    uint64_t bounds[MC_TALLY_BUCKETS];    /* ascending, nanoseconds; UINT64_MAX: +Inf */
    uint64_t counts[MC_TALLY_BUCKETS];    /* at or below the bound, as histograms are exposed */
    bool too_many_buckets;
};

/* Which series belong to the version that is judged. */
struct mc_tally_filter {
    enum mc_rollout_reporter reporter;
    struct mc_str service, host, version; /* SOURCE: of the destination */
};

/* Adds SAMPLE if it is istio_requests_total or istio_request_duration_milliseconds_bucket and passes. */
void mc_tally_add(struct mc_tally *tally, const struct mc_tally_filter *filter, const struct mc_prom_sample *sample);
/* SUM += NOW − BEFORE. A counter that has fallen began again at 0 (a restart), as Prometheus' increase has it. */
void mc_tally_grow(struct mc_tally *sum, const struct mc_tally *now, const struct mc_tally *before);
/* histogram_quantile: linear within the bucket; in the last one its lower bound. 0: nothing was seen. */
uint64_t mc_tally_quantile(const struct mc_tally *tally, uint32_t permillion);

struct mc_evidence {
    struct mc_tally growth;
    uint32_t asked, scraped; /* sidecars */
};

/* OBSERVED: millionths or nanoseconds; 0 if there was nothing to see. */
enum mc_check_verdict mc_judge(const struct mc_rollout_options *options, const struct mc_rollout_check *check,
                               const struct mc_evidence *evidence, uint64_t *observed, uint64_t *samples);

#endif
