/* Thresholds: a metric's aggregate over the whole run so far against a bound, as k6 has them.
 *
 * Judging changes nothing, so that it may be done at any time. Too few samples are inconclusive, except
 * for `count`, where none is an answer. Recorded metrics need one value.
 */
#ifndef SIM_CHECK_THRESHOLD_H
#define SIM_CHECK_THRESHOLD_H

#include "sim/check/metric.h"
#include "sim/check/verdict.h"

/* Metric, tags, aggregate; places and outcomes that tags name (CHECK NULL: not those, there is no world yet).
 * False: ERROR with the threshold's source. */
bool sim_threshold_check(const struct sim_check *check, const struct sim_threshold *threshold, struct sim_error *error);

/* "request_duration{src:user} p(99)" becomes metric, tags, aggregate and quantile of THRESHOLD, as views
 * into TEXT. Not whether there are such. */
bool sim_threshold_metric_read(struct mc_str text, struct sim_threshold *threshold, struct sim_error *error);

struct sim_threshold_state { /* zeroed before the first judgement */
    enum sim_status status;
    bool known;
    int64_t value;    /* ns, ppm, or x 1000 */
    uint64_t samples;
    const char *unit; /* "ns", "ppm", "" */
    bool crossed;     /* failed when it was judged, at least once */
    mc_ns crossed_at; /* the first time */
};

/* THRESHOLD has passed sim_threshold_check. */
void sim_threshold_judge(struct sim_check *check, const struct sim_threshold *threshold, uint32_t min_samples,
                         struct sim_threshold_state *state);

enum { SIM_THRESHOLD_NAME = 200, SIM_THRESHOLD_MESSAGE = 240 };

struct sim_threshold_texts {
    char name[SIM_THRESHOLD_NAME], message[SIM_THRESHOLD_MESSAGE];
};

const char *sim_threshold_name(const struct sim_threshold *threshold, char out[static SIM_THRESHOLD_NAME]); /* "request_failed{src:user} rate < 0.5%"; returns OUT */
const char *sim_threshold_value(const struct sim_threshold_state *state, char out[static 24]);              /* "0.31%"; "-"; returns OUT */
/* The verdict at NOW; its texts are in TEXTS. */
struct sim_verdict sim_threshold_verdict(const struct sim_threshold *threshold, const struct sim_threshold_state *state, uint32_t min_samples,
                                         mc_ns now, struct sim_threshold_texts *texts);

#endif
