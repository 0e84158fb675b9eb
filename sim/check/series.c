#include "sim/check/series.h"
#include "sim/check/check_parts.h"
#include "sim/check/flags.h"
#include <stdio.h>
#include <stdlib.h>

enum { CONTAINER_ROW = 2 * SIM_CONTAINER_FIGURE_COUNT }; /* of the application, of the proxy */

/* ---- who ---- */

static const struct sim_service *service_of(const struct sim_series *series, uint32_t workload)
{
    const struct sim_workload *who = &series->check->workloads[workload];
    return who->is_load ? NULL : &series->check->plan->topology.services[who->number];
}

static bool meshed(const struct sim_series *series, uint32_t workload)
{
    const struct sim_service *service = service_of(series, workload);
    struct mc_str version = series->check->workloads[workload].version;
    if (!service || !series->check->plan->profile.sidecars) return false;
    for (uint32_t i = 0; i < service->version_count; i++)
        if (!version.n || mc_str_eq(version, service->versions[i].name)) return service->versions[i].meshed;
    return false;
}

/* Sidecars on both sides speak mTLS unless the mesh or the service says otherwise. */
static bool is_mtls(const struct sim_series *series, uint32_t src, uint32_t dst)
{
    const struct sim_plan *plan = series->check->plan;
    if (!plan->profile.identity || !meshed(series, src) || !meshed(series, dst)) return false;
    struct mc_str own = service_of(series, dst)->policy.mtls;
    return !mc_str_eq(own.n ? own : plan->profile.mtls, MC_STR("disable"));
}

static void tell_workload(struct sim_series *series, uint32_t workload)
{
    const struct sim_workload *who = &series->check->workloads[workload];
    const struct sim_plan *plan = series->check->plan;
    char spiffe[300] = "";
    if (plan->profile.identity && meshed(series, workload))
        snprintf(spiffe, sizeof spiffe, "spiffe://%.*s/ns/default/sa/%.*s", MC_STR_ARG(plan->trust_domain), MC_STR_ARG(who->service));
    struct sim_sink_workload told = {
        .id = workload + 1, .service = who->service, .version = who->version, .zone = who->zone, .spiffe_id = mc_str_c(spiffe)};
    if (series->sink && series->sink->type->workload) series->sink->type->workload(series->sink, &told);
}

static void tell_workloads(struct sim_series *series)
{
    struct sim_check *check = series->check;
    if (series->gauge_count == check->workload_count) return;
    size_t size = check->workload_count * sizeof *series->gauges;
    uint32_t *gauges = mc_alloc_take(&series->edges.alloc, size);
    if (!gauges) {
        series->refused = true;
        return;
    }
    memset(gauges, 0, size);
    if (series->gauge_count) memcpy(gauges, series->gauges, series->gauge_count * sizeof *gauges);
    mc_alloc_give(&series->edges.alloc, series->gauges, series->gauge_count * sizeof *gauges);
    series->gauges = gauges;
    for (uint32_t i = series->gauge_count; i < check->workload_count; i++) tell_workload(series, i);
    series->gauge_count = check->workload_count;
}

void sim_series_init(struct sim_series *series, struct sim_check *check, struct sim_sink *sink, mc_ns window, struct mc_alloc alloc)
{
    mc_assert(window > 0);
    *series = (struct sim_series){.check = check, .sink = sink, .window = window, .next = window};
    mc_map_init(&series->edges, alloc);
    tell_workloads(series);
}

void sim_series_fini(struct sim_series *series)
{
    mc_alloc_give(&series->edges.alloc, series->gauges, series->gauge_count * sizeof *series->gauges);
    mc_alloc_give(&series->edges.alloc, series->container_sums, 2 * series->container_workloads * CONTAINER_ROW * sizeof *series->container_sums);
    mc_map_fini(&series->edges);
}

uint32_t sim_series_edge(struct sim_series *series, uint32_t src, uint32_t dst)
{
    uint64_t key = (uint64_t)src << 32 | dst;
    if (!series->sink) return SIM_NO_ID;
    uintptr_t known = (uintptr_t)mc_map_get(&series->edges, key);
    if (known) return (uint32_t)known;
    tell_workloads(series);
    uint32_t id = series->edges.count + 1;
    if (!mc_map_put(&series->edges, key, (void *)(uintptr_t)id)) {
        series->refused = true;
        return SIM_NO_ID;
    }
    struct sim_sink_edge edge = {
        .id = id, .src = src + 1, .dst = dst + 1, .protocol = is_mtls(series, src, dst) ? MC_STR("https") : MC_STR("http")};
    if (series->sink->type->edge) series->sink->type->edge(series->sink, &edge);
    return id;
}

/* ---- one window ---- */

/* One kind within the window. */
struct part {
    const struct sim_kind *kind;
    uint64_t count;
    struct mc_hist hist;
};

struct parts {
    struct part *list;
    uint32_t count, capacity;
};

static int part_order(const void *a, const void *b)
{
    const struct sim_kind *x = ((const struct part *)a)->kind, *y = ((const struct part *)b)->kind;
    if (x->src != y->src) return x->src < y->src ? -1 : 1;
    if (x->dst != y->dst) return x->dst < y->dst ? -1 : 1;
    if (x->code != y->code) return x->code < y->code ? -1 : 1;
    if (x->flags != y->flags) return x->flags < y->flags ? -1 : 1;
    return x->path < y->path ? -1 : x->path > y->path;
}

static void add_cell(struct sim_series *series, struct parts *parts, const struct sim_cell *cell)
{
    struct sim_check *check = series->check;
    struct sim_tally tally = {.alloc = &check->alloc};
    if (!sim_check_grow(check, &parts->list, parts->count, &parts->capacity, sizeof *parts->list) || !sim_cell_into(cell, &tally))
        series->refused = true;
    if (parts->count < parts->capacity)
        parts->list[parts->count++] = (struct part){.kind = &check->calls.kinds[cell->kind], .count = cell->count, .hist = tally.duration};
    else
        mc_hist_clear(&tally.duration, &check->alloc);
}

static void gather(struct sim_series *series, mc_ns from, mc_ns to, struct parts *parts)
{
    const struct sim_cells *cells = &series->check->calls;
    for (uint32_t at = sim_cells_slice_at(cells, from); at < cells->slice_count && cells->slices[at].from < to; at++) {
        const struct sim_slice *slice = &cells->slices[at];
        if (slice->from < from) continue;
        for (uint32_t i = 0; i < slice->count; i++) add_cell(series, parts, &slice->cells[i]);
    }
    if (parts->count) qsort(parts->list, parts->count, sizeof *parts->list, part_order);
}

static bool same_edge(const struct part *a, const struct part *b)
{
    return a->kind->src == b->kind->src && a->kind->dst == b->kind->dst;
}

static void tell(struct sim_series *series, struct sim_sink_sample *sample, const char *metric, enum sim_series_kind kind, const char *unit)
{
    sample->metric = metric;
    sample->kind = kind;
    sample->unit = unit;
    if (series->sink->type->sample) series->sink->type->sample(series->sink, sample);
}

/* Parts [at, end) are of one edge: a counter for each code and flags, and one histogram. */
static void tell_edge(struct sim_series *series, struct parts *parts, uint32_t at, uint32_t end, struct sim_sink_sample *sample)
{
    char labels[128], flags[SIM_FLAGS_TEXT];
    struct mc_hist whole = {0};
    sample->edge = sim_series_edge(series, parts->list[at].kind->src, parts->list[at].kind->dst);
    while (at < end) {
        const struct sim_kind *kind = parts->list[at].kind;
        uint64_t count = 0;
        for (; at < end && parts->list[at].kind->code == kind->code && parts->list[at].kind->flags == kind->flags; at++) {
            count += parts->list[at].count;
            if (!mc_hist_merge(&whole, &series->check->alloc, &parts->list[at].hist)) series->refused = true;
        }
        snprintf(labels, sizeof labels, "{\"code\":\"%u\",\"flags\":\"%s\"}", kind->code, sim_flags_print(kind->flags, flags));
        sample->labels_json = labels;
        sample->value = (int64_t)count;
        tell(series, sample, "requests", SIM_SERIES_COUNTER, "count");
    }
    sample->labels_json = "{}";
    sample->value = 0;
    sample->hist = &whole;
    tell(series, sample, "request_duration", SIM_SERIES_HISTOGRAM, "ns");
    sample->hist = NULL;
    mc_hist_clear(&whole, &series->check->alloc);
}

static void tell_gauges(struct sim_series *series, struct sim_sink_sample *sample)
{
    *sample = (struct sim_sink_sample){.at = sample->at, .window = sample->window, .labels_json = "{}"};
    for (uint32_t i = 0; i < series->gauge_count; i++) {
        uint32_t open = sim_check_open_connections(series->check, i);
        if (!open && !series->gauges[i]) continue;
        series->gauges[i] = open;
        sample->workload = i + 1;
        sample->value = open;
        tell(series, sample, "connections", SIM_SERIES_GAUGE, "count");
    }
}

static const struct {
    const char *name, *unit;
    bool grows;
} container_figures[] = {
#define X(name, text, unit, grows, doc) {text, unit, grows},
    SIM_CONTAINER_FIGURES(X)
#undef X
};

/* How they stood before; zero at first. */
static bool room_for_containers(struct sim_series *series)
{
    uint32_t count = series->check->workload_count, before = series->container_workloads;
    if (count <= before) return true;
    uint64_t *sums = mc_alloc_take(&series->edges.alloc, 2 * count * CONTAINER_ROW * sizeof *sums);
    if (!sums) {
        series->refused = true;
        return false;
    }
    memset(sums, 0, 2 * count * CONTAINER_ROW * sizeof *sums);
    if (before) memcpy(sums, series->container_sums, before * CONTAINER_ROW * sizeof *sums);
    mc_alloc_give(&series->edges.alloc, series->container_sums, 2 * before * CONTAINER_ROW * sizeof *sums);
    series->container_sums = sums;
    series->container_workloads = count;
    return true;
}

static void tell_container(struct sim_series *series, struct sim_sink_sample *sample, uint32_t workload, bool proxy, const uint64_t *now)
{
    uint64_t *before = &series->container_sums[workload * CONTAINER_ROW + (proxy ? SIM_CONTAINER_FIGURE_COUNT : 0)];
    sample->workload = workload + 1;
    sample->labels_json = proxy ? "{\"container\":\"proxy\"}" : "{\"container\":\"app\"}";
    for (uint32_t i = 0; i < SIM_CONTAINER_FIGURE_COUNT; i++) {
        bool grows = container_figures[i].grows;
        sample->value = (int64_t)(grows && now[i] >= before[i] ? now[i] - before[i] : now[i]);
        if (sample->value) tell(series, sample, container_figures[i].name, grows ? SIM_SERIES_COUNTER : SIM_SERIES_GAUGE,
                                *container_figures[i].unit ? container_figures[i].unit : "count");
        before[i] = now[i];
    }
}

/* Sums over the containers of each workload; of what only grows, what the window has added. */
static void tell_containers(struct sim_series *series, struct sim_sink_sample *sample)
{
    const struct sim_check *check = series->check;
    *sample = (struct sim_sink_sample){.at = sample->at, .window = sample->window};
    if (!check->container_count || !room_for_containers(series)) return;
    uint32_t count = series->container_workloads;
    uint64_t *sums = series->container_sums + count * CONTAINER_ROW; /* the second half is for this */
    memset(sums, 0, count * CONTAINER_ROW * sizeof *sums);
    for (uint32_t i = 0; i < check->container_count; i++) {
        const struct sim_container_sample *one = &check->containers[i];
        uint64_t *sum = &sums[one->workload * CONTAINER_ROW + (one->proxy ? SIM_CONTAINER_FIGURE_COUNT : 0)];
        for (uint32_t k = 0; k < SIM_CONTAINER_FIGURE_COUNT; k++) sum[k] += one->values[k];
    }
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t kind = 0; kind < 2; kind++)
            tell_container(series, sample, i, kind, &sums[i * CONTAINER_ROW + kind * SIM_CONTAINER_FIGURE_COUNT]);
}

static void tell_window(struct sim_series *series, mc_ns from, mc_ns to)
{
    struct parts parts = {0};
    struct sim_sink_sample sample = {.at = from, .window = to - from};
    gather(series, from, to, &parts);
    for (uint32_t at = 0, end; at < parts.count; at = end) {
        for (end = at + 1; end < parts.count && same_edge(&parts.list[at], &parts.list[end]);) end++;
        tell_edge(series, &parts, at, end, &sample);
    }
    for (uint32_t i = 0; i < parts.count; i++) mc_hist_clear(&parts.list[i].hist, &series->check->alloc);
    mc_alloc_give(&series->check->alloc, parts.list, parts.capacity * sizeof *parts.list);
    tell_gauges(series, &sample);
    tell_containers(series, &sample);
}

static void close_window(struct sim_series *series, mc_ns from, mc_ns to)
{
    sim_check_cut(series->check, to, false);
    if (!series->sink) return;
    tell_workloads(series);
    tell_window(series, from, to);
}

void sim_series_tick(struct sim_series *series, mc_ns now)
{
    for (; series->next <= now; series->next += series->window)
        close_window(series, series->next - series->window, series->next);
}

void sim_series_end(struct sim_series *series, mc_ns now)
{
    sim_series_tick(series, now);
    if (series->next - series->window < now) close_window(series, series->next - series->window, now);
}
