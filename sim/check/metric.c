#include "sim/check/metric.h"
#include "base/assert.h"
#include "sim/check/containers.h"
#include <stdio.h>

#define OF_REQUESTS "src dst version code flags path phase"
#define OF_VALUES "count avg min med max p"

const struct sim_metric_doc sim_metric_docs[] = {
    {"requests", "", "count rate", OF_REQUESTS, "logical calls (with only dst: arrivals); rate is per second", SIM_METRIC_REQUESTS},
    {"request_failed", "ppm", "rate count", OF_REQUESTS, "requests without an answer or with one of 500 and more; rate is their share",
     SIM_METRIC_FAILED},
    {"request_duration", "ns", "avg min med max p", OF_REQUESTS, "from the intended start to the end of the answer", SIM_METRIC_DURATION},
    {"goodput", "", "rate", OF_REQUESTS, "requests that did not fail, per second", SIM_METRIC_GOODPUT},
    {"connections", "", "count", "src dst phase", "connections opened", SIM_METRIC_COUNTED, SIM_COUNT_CONNECTIONS},
    {"handshakes", "", "count", "src dst result phase", "TLS handshakes, by how they ended", SIM_METRIC_COUNTED, SIM_COUNT_HANDSHAKES},
    {"certs", "", "count", "state", "current leaf certificates of live workloads", SIM_METRIC_COUNTED, SIM_COUNT_CERTS},
    {"csr_requests", "", "count", "src result phase", "requests for a certificate, at the CA", SIM_METRIC_COUNTED, SIM_COUNT_CSRS},
    {"retries", "", "count", "src dst phase", "retries by sidecars", SIM_METRIC_COUNTED, SIM_COUNT_RETRIES},
    {"xds", "", "count", "src result phase", "pushes of configuration, and what proxies answered", SIM_METRIC_COUNTED, SIM_COUNT_XDS},
    {"abandoned", "", "count", "dst phase", "requests that a server worked on although their caller had gone", SIM_METRIC_COUNTED,
     SIM_COUNT_ABANDONED},
    {"events", "", "count", "kind subject phase", "events of the run", SIM_METRIC_COUNTED, SIM_COUNT_EVENTS},
    {"cert_heal_time", "ns", OF_VALUES, "", "from a leaf's running out, or the CA's return, to the workload's next leaf",
     SIM_METRIC_RECORDED},
    {"time_to_rollback", "ns", OF_VALUES, "target", "from the start of the latest fault to a rollout's being rolled back", SIM_METRIC_RECORDED},
    {"recovery_time", "ns", OF_VALUES, "", "what the script records under this name", SIM_METRIC_RECORDED},
    {"retry_amplification", "", OF_VALUES, "", "what the script records under this name", SIM_METRIC_RECORDED},
#define X(name, text, unit, grows, doc) {text, unit, OF_VALUES, "dst version container", doc, SIM_METRIC_CONTAINER, 0, SIM_CONTAINER_##name},
    SIM_CONTAINER_FIGURES(X)
#undef X
    {NULL},
};

static const struct sim_metric_doc custom = {"custom.", "", OF_VALUES, "", "what the script records under a name of its own",
                                             SIM_METRIC_RECORDED};

const struct sim_metric_doc *sim_metric_find(struct mc_str name)
{
    for (const struct sim_metric_doc *doc = sim_metric_docs; doc->name; doc++)
        if (mc_str_eq(name, mc_str_c(doc->name))) return doc;
    return mc_str_starts(name, MC_STR("custom.")) && name.n > 7 ? &custom : NULL;
}

bool sim_metric_split(struct mc_str text, struct mc_str *metric, struct mc_str *tags)
{
    text = mc_str_trim(text);
    bool bare = !memchr(text.p ? text.p : "", '{', text.n);
    *tags = MC_STR("");
    *metric = mc_str_trim(mc_str_cut(text, '{', &text));
    if (bare) return metric->n > 0;
    if (!text.n || text.p[text.n - 1] != '}') return false;
    *tags = mc_str_trim(mc_str(text.p, text.n - 1));
    return metric->n > 0 && !memchr(tags->p, '{', tags->n) && !memchr(tags->p, '}', tags->n);
}

static const char *const aggregates[] = {"count", "rate", "avg", "min", "med", "max"};

/* "99.9" -> 999 000: at most four digits behind the point, over 0 and up to 100. */
static bool read_percentile(struct mc_str text, uint32_t *ppm)
{
    struct mc_str fraction, whole = mc_str_cut(text, '.', &fraction);
    uint64_t units, tenths = 0;
    if (!mc_str_to_u64(whole, 100, &units) || fraction.n > 4) return false;
    if (whole.n < text.n && !mc_str_to_u64(fraction, 9999, &tenths)) return false;
    for (size_t i = fraction.n; i < 4; i++) tenths *= 10;
    *ppm = (uint32_t)(units * 10000 + tenths);
    return *ppm > 0 && *ppm <= 1000000;
}

bool sim_aggregate_read(struct mc_str text, enum sim_aggregate *aggregate, uint32_t *quantile_ppm)
{
    text = mc_str_trim(text);
    *quantile_ppm = 500000;
    for (unsigned i = 0; i < MC_COUNT_OF(aggregates); i++) {
        if (!mc_str_eq(text, mc_str_c(aggregates[i]))) continue;
        *aggregate = (enum sim_aggregate)i;
        return true;
    }
    *aggregate = SIM_AGG_P;
    if (!mc_str_starts(text, MC_STR("p(")) || !mc_str_ends(text, MC_STR(")"))) return false;
    return read_percentile(mc_str_trim(mc_str(text.p + 2, text.n - 3)), quantile_ppm);
}

const char *sim_aggregate_print(enum sim_aggregate aggregate, uint32_t quantile_ppm, char out[static 16])
{
    if (aggregate != SIM_AGG_P) {
        mc_assert((unsigned)aggregate < MC_COUNT_OF(aggregates));
        snprintf(out, 16, "%s", aggregates[aggregate]);
        return out;
    }
    char tail[8];
    snprintf(tail, sizeof tail, ".%04u", quantile_ppm % 10000);
    size_t n = 5;
    while (n > 1 && tail[n - 1] == '0') n--;
    snprintf(out, 16, "p(%u%.*s)", quantile_ppm / 10000 % 1000, n > 1 ? (int)n : 0, tail);
    return out;
}

const char *sim_metric_unit(const struct sim_metric_doc *metric, enum sim_aggregate aggregate)
{
    return aggregate == SIM_AGG_COUNT ? "" : metric->unit;
}

/* ---- tags ---- */

static bool has_word(const char *list, struct mc_str word)
{
    struct mc_str rest = mc_str_c(list);
    while (rest.n)
        if (mc_str_eq(mc_str_cut(rest, ' ', &rest), word)) return true;
    return false;
}

static const struct {
    const char *name;
    size_t offset; /* in sim_query */
} tag_names[] = {
    {"src", offsetof(struct sim_query, src)},         {"dst", offsetof(struct sim_query, dst)},
    {"version", offsetof(struct sim_query, version)}, {"code", offsetof(struct sim_query, code)},
    {"flags", offsetof(struct sim_query, flags)},     {"path", offsetof(struct sim_query, path)},
    {"phase", offsetof(struct sim_query, phase)},     {"result", offsetof(struct sim_query, result)},
    {"state", offsetof(struct sim_query, state)},     {"kind", offsetof(struct sim_query, kind)},
    {"subject", offsetof(struct sim_query, subject)}, {"target", SIZE_MAX},
    {"container", offsetof(struct sim_query, container)},
};

static bool refuse_tag(const struct sim_metric_doc *metric, struct mc_str tag, struct sim_error *error)
{
    const char *near = sim_nearest(tag, tag_names, sizeof tag_names[0], MC_COUNT_OF(tag_names));
    if (near && has_word(metric->tags, mc_str_c(near)))
        return sim_error_set(error, (struct sim_source){0}, "%s has no tag \"%.*s\"; did you mean \"%s\"?", metric->name, MC_STR_ARG(tag),
                             near);
    return sim_error_set(error, (struct sim_source){0}, "%s has no tag \"%.*s\"; it has: %s", metric->name, MC_STR_ARG(tag),
                         *metric->tags ? metric->tags : "none");
}

bool sim_metric_query(const struct sim_metric_doc *metric, struct mc_str tags, struct sim_query *query, struct mc_str *target,
                      struct sim_error *error)
{
    *query = (struct sim_query){0};
    *target = MC_STR("");
    while (tags.n) {
        struct mc_str value, pair = mc_str_trim(mc_str_cut(tags, ',', &tags));
        struct mc_str tag = mc_str_trim(mc_str_cut(pair, ':', &value));
        value = mc_str_trim(value);
        if (!has_word(metric->tags, tag)) return refuse_tag(metric, tag, error);
        if (!value.n) return sim_error_set(error, (struct sim_source){0}, "tag \"%.*s\": a value is missing, as in {src:user}", MC_STR_ARG(pair));
        for (size_t i = 0; i < MC_COUNT_OF(tag_names); i++) {
            if (!mc_str_eq(tag, mc_str_c(tag_names[i].name))) continue;
            if (tag_names[i].offset == SIZE_MAX) *target = pair;
            else *(struct mc_str *)(void *)((char *)query + tag_names[i].offset) = value;
        }
    }
    return true;
}
