#include "sim/check/threshold.h"
#include "sim/check/check_parts.h"
#include "sim/plan/units.h"
#include <stdio.h>
#include <stdlib.h>

/* ---- what may be written ---- */

static bool allows(const struct sim_metric_doc *metric, enum sim_aggregate aggregate)
{
    char name[16];
    struct mc_str word = mc_str_c(sim_aggregate_print(aggregate, 0, name)), rest = mc_str_c(metric->aggregates);
    if (aggregate == SIM_AGG_P) word = MC_STR("p");
    while (rest.n)
        if (mc_str_eq(mc_str_cut(rest, ' ', &rest), word)) return true;
    return false;
}

static bool refuse_metric(const struct sim_threshold *threshold, struct sim_error *error)
{
    size_t count = 0;
    while (sim_metric_docs[count].name) count++;
    const char *near = sim_nearest(threshold->metric, sim_metric_docs, sizeof sim_metric_docs[0], count);
    if (near)
        return sim_error_set(error, threshold->source, "no metric is called \"%.*s\"; did you mean \"%s\"?", MC_STR_ARG(threshold->metric), near);
    return sim_error_set(error, threshold->source,
                         "no metric is called \"%.*s\" (`squall list metrics` shows them; one that the script records is called \"custom.%.*s\")",
                         MC_STR_ARG(threshold->metric), MC_STR_ARG(threshold->metric));
}

bool sim_threshold_check(const struct sim_check *check, const struct sim_threshold *threshold, struct sim_error *error)
{
    const struct sim_metric_doc *metric = sim_metric_find(threshold->metric);
    char name[16];
    struct sim_query query;
    struct mc_str target;
    if (!metric) return refuse_metric(threshold, error);
    if (!allows(metric, threshold->aggregate))
        return sim_error_set(error, threshold->source, "%.*s has no %s; it has: %s", MC_STR_ARG(threshold->metric),
                             sim_aggregate_print(threshold->aggregate, threshold->quantile_ppm, name), metric->aggregates);
    bool good = sim_metric_query(metric, threshold->tags, &query, &target, error) && (!check || sim_query_check(check, &query, error));
    if (!good) error->source = threshold->source;
    return good;
}

bool sim_threshold_metric_read(struct mc_str text, struct sim_threshold *threshold, struct sim_error *error)
{
    struct mc_str whole = mc_str_trim(text);
    size_t space = whole.n;
    while (space && whole.p[space - 1] != ' ') space--;
    struct mc_str aggregate = mc_str(whole.p + space, whole.n - space);
    if (!space || !sim_metric_split(mc_str(whole.p, space), &threshold->metric, &threshold->tags))
        return sim_error_set(error, threshold->source, "\"%.*s\": a metric and an aggregate are expected, as in \"request_duration{src:user} p(99)\"",
                             MC_STR_ARG(text));
    if (!sim_aggregate_read(aggregate, &threshold->aggregate, &threshold->quantile_ppm))
        return sim_error_set(error, threshold->source, "\"%.*s\": one of count, rate, avg, min, med, max, p(99) is expected",
                             MC_STR_ARG(aggregate));
    return true;
}

/* ---- values ---- */

static bool of_duration(const struct sim_tally *tally, const struct sim_threshold *threshold, mc_ns *value)
{
    switch (threshold->aggregate) {
    case SIM_AGG_AVG: return sim_tally_mean(tally, value);
    case SIM_AGG_MIN: return sim_tally_min(tally, value);
    case SIM_AGG_MAX: return sim_tally_max(tally, value);
    case SIM_AGG_MED: return sim_tally_quantile(tally, 500000, value);
    case SIM_AGG_P: return sim_tally_quantile(tally, threshold->quantile_ppm, value);
    case SIM_AGG_COUNT:
    case SIM_AGG_RATE: break;
    }
    mc_unreachable();
}

static void of_requests(struct sim_check *check, const struct sim_threshold *threshold, const struct sim_query *query,
                        enum sim_metric_source source, struct sim_threshold_state *state)
{
    struct sim_tally tally;
    uint64_t milli = 0;
    bool counts = threshold->aggregate == SIM_AGG_COUNT;
    sim_requests(check, query, &tally);
    state->samples = source == SIM_METRIC_DURATION ? tally.count : tally.base;
    state->known = true;
    if (source == SIM_METRIC_DURATION) {
        state->known = of_duration(&tally, threshold, &state->value);
    } else if (counts) {
        state->value = (int64_t)(source == SIM_METRIC_FAILED ? tally.failed : tally.count) * 1000;
    } else if (source == SIM_METRIC_FAILED) {
        state->known = tally.base > 0;
        state->value = tally.base ? (int64_t)((unsigned __int128)tally.failed * SIM_PPM / tally.base) : 0;
    } else {
        bool ok = source == SIM_METRIC_GOODPUT ? sim_tally_goodput(&tally, &milli) : sim_tally_rps(&tally, &milli);
        state->known = ok && tally.base > 0;
        state->value = (int64_t)milli;
    }
    sim_tally_fini(&tally);
}

static int value_order(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Leaves that have run out and not been replaced yet heal no sooner than now. */
static uint32_t still_healing(const struct sim_check *check, struct mc_str metric, int64_t *values)
{
    uint32_t count = 0;
    if (!mc_str_eq(metric, MC_STR("cert_heal_time"))) return 0;
    for (uint32_t i = 0; i < check->cert_count; i++) {
        mc_ns healing = sim_check_healing(check, &check->certs[i]);
        if (healing < 0) continue;
        if (values) values[count] = healing;
        count++;
    }
    return count;
}

static uint32_t gather(const struct sim_check *check, const struct sim_threshold *threshold, struct mc_str target, int64_t *values,
                       struct sim_threshold_state *state)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < check->record_count; i++) {
        const struct sim_record *record = &check->records[i];
        if (!mc_str_eq(record->metric, threshold->metric) || (target.n && !mc_str_eq(target, record->tag))) continue;
        if (record->unit.n) state->unit = mc_str_eq(record->unit, MC_STR("ns")) ? "ns" : "ppm";
        values[count++] = record->value;
    }
    return count + still_healing(check, threshold->metric, values + count);
}

static int64_t aggregate_of(const struct sim_threshold *threshold, int64_t *values, uint32_t count)
{
    uint32_t quantile = threshold->aggregate == SIM_AGG_P ? threshold->quantile_ppm : 500000;
    __int128 sum = 0;
    qsort(values, count, sizeof *values, value_order);
    if (threshold->aggregate == SIM_AGG_MIN) return values[0];
    if (threshold->aggregate == SIM_AGG_MAX) return values[count - 1];
    for (uint32_t i = 0; i < count; i++) sum += values[i];
    if (threshold->aggregate == SIM_AGG_AVG) return (int64_t)(sum / count);
    uint64_t rank = ((uint64_t)count * quantile + SIM_PPM - 1) / SIM_PPM; /* nearest rank */
    return values[rank ? rank - 1 : 0];
}

static void of_records(struct sim_check *check, const struct sim_threshold *threshold, struct mc_str target, struct sim_threshold_state *state)
{
    size_t size = (check->record_count + check->cert_count + 1) * sizeof(int64_t);
    int64_t *values = mc_alloc_take(&check->alloc, size);
    if (!values) {
        check->refused = true;
        return;
    }
    uint32_t count = gather(check, threshold, target, values, state);
    state->samples = count;
    state->known = count > 0 || threshold->aggregate == SIM_AGG_COUNT;
    if (threshold->aggregate == SIM_AGG_COUNT) {
        state->value = (int64_t)count * 1000;
        state->unit = "";
    } else if (count) {
        state->value = aggregate_of(threshold, values, count);
    }
    mc_alloc_give(&check->alloc, values, size);
}

static void of_containers(struct sim_check *check, const struct sim_threshold *threshold, const struct sim_query *query, uint32_t figure,
                          struct sim_threshold_state *state)
{
    size_t size = check->container_count * sizeof(int64_t) + 1;
    int64_t *values = mc_alloc_take(&check->alloc, size);
    if (!values) {
        check->refused = true;
        return;
    }
    uint32_t count = sim_containers_gather(check, query, figure, values);
    state->samples = count;
    state->known = count > 0 || threshold->aggregate == SIM_AGG_COUNT;
    if (threshold->aggregate == SIM_AGG_COUNT) state->value = (int64_t)count * 1000;
    else if (count) state->value = aggregate_of(threshold, values, count);
    mc_alloc_give(&check->alloc, values, size);
}

/* ---- judging ---- */

static bool holds(const struct sim_threshold *threshold, int64_t value)
{
    switch (threshold->op) {
    case SIM_LESS: return value < threshold->bound;
    case SIM_LESS_EQUAL: return value <= threshold->bound;
    case SIM_GREATER: return value > threshold->bound;
    case SIM_GREATER_EQUAL: return value >= threshold->bound;
    }
    mc_unreachable();
}

static uint64_t needed(const struct sim_threshold *threshold, uint32_t min_samples)
{
    const struct sim_metric_doc *metric = sim_metric_find(threshold->metric);
    if (threshold->aggregate == SIM_AGG_COUNT) return 0;
    bool is_of_things = metric->source == SIM_METRIC_RECORDED || metric->source == SIM_METRIC_CONTAINER;
    return is_of_things || !min_samples ? 1 : min_samples;
}

void sim_threshold_judge(struct sim_check *check, const struct sim_threshold *threshold, uint32_t min_samples,
                         struct sim_threshold_state *state)
{
    const struct sim_metric_doc *metric = sim_metric_find(threshold->metric);
    struct sim_query query;
    struct mc_str target;
    struct sim_error error;
    mc_assert(metric);
    bool crossed = state->crossed;
    mc_ns crossed_at = state->crossed_at;
    *state = (struct sim_threshold_state){.status = SIM_INCONCLUSIVE, .unit = sim_metric_unit(metric, threshold->aggregate)};
    bool read = sim_metric_query(metric, threshold->tags, &query, &target, &error);
    mc_assert(read);
    if (metric->source == SIM_METRIC_RECORDED) {
        of_records(check, threshold, target, state);
    } else if (metric->source == SIM_METRIC_CONTAINER) {
        of_containers(check, threshold, &query, metric->figure, state);
    } else if (metric->source == SIM_METRIC_COUNTED) {
        state->known = true;
        state->samples = sim_count(check, metric->counted, &query);
        state->value = (int64_t)state->samples * 1000;
    } else {
        of_requests(check, threshold, &query, metric->source, state);
    }
    if (state->known && state->samples >= needed(threshold, min_samples))
        state->status = holds(threshold, state->value) ? SIM_PASS : SIM_FAIL;
    state->crossed = crossed || state->status == SIM_FAIL;
    state->crossed_at = crossed ? crossed_at : check->now;
}

/* ---- words ---- */

const char *sim_threshold_name(const struct sim_threshold *threshold, char out[static SIM_THRESHOLD_NAME])
{
    bool tags = threshold->tags.n > 0;
    snprintf(out, SIM_THRESHOLD_NAME, "%.*s%s%.*s%s %.*s", MC_STR_ARG(threshold->metric), tags ? "{" : "", MC_STR_ARG(threshold->tags),
             tags ? "}" : "", MC_STR_ARG(threshold->text));
    return out;
}

static void print_value(int64_t value, const char *unit, char out[static 24])
{
    char text[SIM_UNITS_TEXT];
    bool minus = value < 0;
    uint64_t size = minus ? 0 - (uint64_t)value : (uint64_t)value;
    if (!strcmp(unit, "ns")) snprintf(out, 24, "%.23s", sim_print_duration(value, text));
    else if (!strcmp(unit, "ppm")) snprintf(out, 24, "%s%.20s", minus ? "-" : "", sim_print_share(size, text));
    else if (size % 1000) snprintf(out, 24, "%s%llu.%03u", minus ? "-" : "", (unsigned long long)(size / 1000), (unsigned)(size % 1000));
    else snprintf(out, 24, "%s%llu", minus ? "-" : "", (unsigned long long)(size / 1000));
}

const char *sim_threshold_value(const struct sim_threshold_state *state, char out[static 24])
{
    memcpy(out, "-", 2);
    if (state->known) print_value(state->value, state->unit, out);
    return out;
}

/* Reports show milliseconds, per cent and plain numbers. */
static struct sim_figure figure(int64_t value, const char *unit)
{
    double scale = !strcmp(unit, "ns") ? 1e6 : !strcmp(unit, "ppm") ? 1e4 : 1e3;
    return (struct sim_figure){.known = true, .value = (double)value / scale};
}

static void say(const struct sim_threshold *threshold, const struct sim_threshold_state *state, uint64_t least, mc_ns now,
                char out[static SIM_THRESHOLD_MESSAGE])
{
    char aggregate[16], value[24], bound[24], at[SIM_UNITS_TEXT];
    *out = 0;
    sim_aggregate_print(threshold->aggregate, threshold->quantile_ppm, aggregate);
    if (state->status == SIM_INCONCLUSIVE)
        snprintf(out, SIM_THRESHOLD_MESSAGE, "%llu samples, at least %llu are needed", (unsigned long long)state->samples,
                 (unsigned long long)least);
    if (state->status != SIM_FAIL) return;
    print_value(state->value, state->unit, value);
    print_value(threshold->bound, state->unit, bound);
    bool seen_before = state->crossed_at < now; /* who judges only at the end does not know when */
    snprintf(out, SIM_THRESHOLD_MESSAGE, "%s was %s, limit %s (%llu samples)%s%s", aggregate, value, bound,
             (unsigned long long)state->samples, seen_before ? ", first crossed at " : "",
             seen_before ? sim_print_instant(state->crossed_at, at) : "");
}

struct sim_verdict sim_threshold_verdict(const struct sim_threshold *threshold, const struct sim_threshold_state *state, uint32_t min_samples,
                                         mc_ns now, struct sim_threshold_texts *texts)
{
    static const char *const ops[] = {"<", "<=", ">", ">="};
    struct sim_verdict verdict = {.kind = SIM_VERDICT_THRESHOLD, .status = state->status, .at = now, .samples = state->samples,
                                  .op = mc_str_c(ops[threshold->op]), .source = threshold->source,
                                  .expected = figure(threshold->bound, state->unit)};
    say(threshold, state, needed(threshold, min_samples), now, texts->message);
    verdict.name = mc_str_c(sim_threshold_name(threshold, texts->name));
    verdict.message = mc_str_c(texts->message);
    verdict.unit = mc_str_c(!strcmp(state->unit, "ns") ? "ms" : !strcmp(state->unit, "ppm") ? "%" : "count");
    if (state->known) verdict.observed = figure(state->value, state->unit);
    return verdict;
}
