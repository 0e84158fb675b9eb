/* The catalogue of metrics, and how scripts write them: "request_duration{src:user,phase:before} p(99)".
 *
 * Requests are counted as sim/check/query.h says: tagged with src, at the caller; with only dst, at the
 * server; without either, the calls of load clients. The aggregates are k6's. Recorded metrics have the
 * values that the run or its script (`record`) gives them; a script's own are called "custom.<name>".
 */
#ifndef SIM_CHECK_METRIC_H
#define SIM_CHECK_METRIC_H

#include "sim/check/query.h"

enum sim_metric_source {
    SIM_METRIC_REQUESTS, SIM_METRIC_FAILED, SIM_METRIC_DURATION, SIM_METRIC_GOODPUT,
    SIM_METRIC_COUNTED, SIM_METRIC_RECORDED, SIM_METRIC_CONTAINER,
};

struct sim_metric_doc {
    const char *name;
    const char *unit;       /* of its values: "ns", "ppm", "" (values x 1000) */
    const char *aggregates; /* "avg min med max p" */
    const char *tags;       /* "src dst version code flags path phase" */
    const char *doc;
    enum sim_metric_source source;
    enum sim_counted counted; /* COUNTED */
    uint32_t figure;          /* CONTAINER: enum sim_container_figure */
};

extern const struct sim_metric_doc sim_metric_docs[]; /* name NULL ends it */
const struct sim_metric_doc *sim_metric_find(struct mc_str name); /* any "custom.…" too; NULL: none */

/* "request_duration{src:user}" -> "request_duration", "src:user". Views into TEXT. False: brackets. */
bool sim_metric_split(struct mc_str text, struct mc_str *metric, struct mc_str *tags);
/* "count", "rate", "avg", "min", "med", "max", "p(99)", "p(99.9)". False: none of these. */
bool sim_aggregate_read(struct mc_str text, enum sim_aggregate *aggregate, uint32_t *quantile_ppm);
const char *sim_aggregate_print(enum sim_aggregate aggregate, uint32_t quantile_ppm, char out[static 16]); /* "p(99.9)"; returns OUT */

/* What an aggregate of a metric is measured in: "ns", "ppm" or "" (x 1000). Counts: "". */
const char *sim_metric_unit(const struct sim_metric_doc *metric, enum sim_aggregate aggregate);

/* Tags become the words of a question; TARGET gets that of a recorded metric, else it is empty. False:
 * ERROR, without a place. */
bool sim_metric_query(const struct sim_metric_doc *metric, struct mc_str tags, struct sim_query *query, struct mc_str *target,
                      struct sim_error *error);

#endif
