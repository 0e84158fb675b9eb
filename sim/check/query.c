/* requests{}: from cells to counts. */
#include "sim/check/check_parts.h"
#include "sim/check/flags.h"
#include <stdlib.h>

/* ---- a tally ---- */

void sim_tally_fini(struct sim_tally *tally)
{
    if (tally->alloc) mc_hist_clear(&tally->duration, tally->alloc);
    *tally = (struct sim_tally){0};
}

static bool per_second(uint64_t count, mc_ns since, mc_ns until, uint64_t *milli)
{
    *milli = 0;
    if (until <= since) return false;
    *milli = (uint64_t)((unsigned __int128)count * 1000 * MC_S / (uint64_t)(until - since));
    return true;
}

bool sim_tally_rps(const struct sim_tally *tally, uint64_t *milli)
{
    return per_second(tally->count, tally->since, tally->until, milli);
}

bool sim_tally_goodput(const struct sim_tally *tally, uint64_t *milli)
{
    return per_second(tally->count - tally->failed, tally->since, tally->until, milli);
}

static bool share(uint64_t part, uint64_t whole, uint32_t *ppm)
{
    *ppm = whole ? (uint32_t)((unsigned __int128)part * 1000000 / whole) : 0;
    return whole > 0;
}

bool sim_tally_rate(const struct sim_tally *tally, uint32_t *ppm)
{
    return share(tally->count, tally->base, ppm);
}

bool sim_tally_error_rate(const struct sim_tally *tally, uint32_t *ppm)
{
    return share(tally->failed, tally->count, ppm);
}

bool sim_tally_quantile(const struct sim_tally *tally, uint32_t quantile_ppm, mc_ns *value)
{
    *value = (mc_ns)mc_hist_quantile(&tally->duration, quantile_ppm);
    return tally->count > 0;
}

bool sim_tally_mean(const struct sim_tally *tally, mc_ns *value)
{
    *value = tally->count ? (mc_ns)(tally->duration_sum / tally->count) : 0;
    return tally->count > 0;
}

bool sim_tally_max(const struct sim_tally *tally, mc_ns *value)
{
    *value = (mc_ns)tally->duration.max;
    return tally->count > 0;
}

bool sim_tally_min(const struct sim_tally *tally, mc_ns *value)
{
    *value = (mc_ns)tally->duration.min;
    return tally->count > 0;
}

/* ---- walking the cells ---- */

struct walk {
    struct sim_check *check;
    const struct sim_cells *cells;
    struct sim_filter filter;
    uint8_t *match; /* per kind: 1 but for code and flags, 2 altogether */
    mc_ns since, until; /* covered */
};

/* Calls if their source is asked for or nothing is; arrivals if only a destination is. */
static const struct sim_cells *cells_for(const struct sim_check *check, const struct sim_query *query)
{
    bool arrivals = !query->src.n && (query->dst.n || query->version.n);
    return arrivals ? &check->arrivals : &check->calls;
}

static bool kind_is_wanted(const struct walk *walk, const struct sim_query *query, const struct sim_kind *kind)
{
    bool nobody_named = !query->src.n && !query->dst.n && !query->version.n && !query->flags.n;
    if (nobody_named && !walk->check->workloads[kind->src].is_load) return false;
    return sim_filter_base(walk->check, &walk->filter, kind);
}

static bool walk_begin(struct walk *walk, struct sim_check *check, const struct sim_query *query)
{
    *walk = (struct walk){.check = check, .cells = cells_for(check, query)};
    if (!sim_filter_make(&walk->filter, check, query)) return false;
    walk->match = mc_alloc_take(&check->alloc, walk->cells->kind_count + 1);
    if (!walk->match) {
        sim_filter_fini(&walk->filter);
        return false;
    }
    for (uint32_t i = 0; i < walk->cells->kind_count; i++) {
        const struct sim_kind *kind = &walk->cells->kinds[i];
        walk->match[i] = !kind_is_wanted(walk, query, kind) ? 0 : sim_filter_outcome(&walk->filter, kind) ? 2 : 1;
    }
    walk->since = walk->filter.since;
    walk->until = mc_ns_min(walk->filter.until, check->now);
    return true;
}

static void walk_end(struct walk *walk)
{
    mc_alloc_give(&walk->check->alloc, walk->match, walk->cells->kind_count + 1);
    sim_filter_fini(&walk->filter);
}

/* The next slice from *at on that the question covers, or NULL. One that only begins before the window
 * is covered whole, and the window with it, if anything is in it. */
static const struct sim_slice *walk_next(struct walk *walk, uint32_t *at)
{
    while (*at < walk->cells->slice_count) {
        const struct sim_slice *slice = &walk->cells->slices[(*at)++];
        if (slice->from >= walk->filter.until) return NULL;
        if (!slice->count || slice->to <= walk->filter.since) continue;
        mc_ns inside = mc_ns_max(slice->from, walk->filter.since);
        if (!sim_filter_instant(walk->check, &walk->filter, inside)) continue;
        if (slice->from < walk->since) walk->since = slice->from;
        return slice;
    }
    return NULL;
}

static uint32_t walk_first(const struct walk *walk)
{
    return sim_cells_slice_at(walk->cells, walk->filter.since);
}

static void count_cell(const struct walk *walk, const struct sim_cell *cell, struct sim_tally *tally)
{
    uint16_t code = walk->cells->kinds[cell->kind].code;
    tally->base += cell->count;
    if (walk->match[cell->kind] < 2) return;
    if (!code || code >= 500) tally->failed += cell->count;
    if (!sim_cell_into(cell, tally)) walk->check->refused = true;
}

/* Time inside the phases asked for; the window itself without any. */
static void cover(const struct walk *walk, struct sim_tally *tally)
{
    tally->since = walk->since;
    tally->until = mc_ns_max(walk->until, walk->since);
    if (!walk->filter.phase.n) return;
    mc_ns covered = 0;
    for (uint32_t i = 0; i < walk->check->phase_count; i++) {
        const struct sim_phase *phase = &walk->check->phases[i];
        if (!sim_words_have(walk->filter.phase, phase->name)) continue;
        mc_ns from = mc_ns_max(phase->from, walk->since), to = mc_ns_min(phase->to, walk->until);
        if (to > from) covered += to - from;
    }
    tally->since = tally->until - mc_ns_min(covered, tally->until);
}

void sim_requests(struct sim_check *check, const struct sim_query *query, struct sim_tally *tally)
{
    struct walk walk;
    *tally = (struct sim_tally){.alloc = &check->alloc};
    if (!walk_begin(&walk, check, query)) {
        check->refused = true;
        return;
    }
    uint32_t at = walk_first(&walk);
    for (const struct sim_slice *slice; (slice = walk_next(&walk, &at));)
        for (uint32_t i = 0; i < slice->count; i++)
            if (walk.match[slice->cells[i].kind]) count_cell(&walk, &slice->cells[i], tally);
    cover(&walk, tally);
    walk_end(&walk);
}

/* ---- by a dimension ---- */

bool sim_dimension_read(struct mc_str text, enum sim_dimension *by)
{
    static const char *const names[] = {"src", "dst", "version", "code", "flags", "path", "phase"};
    for (unsigned i = 0; i < MC_COUNT_OF(names); i++) {
        if (!mc_str_eq(text, mc_str_c(names[i]))) continue;
        *by = (enum sim_dimension)i;
        return true;
    }
    return false;
}

static struct mc_str keep(struct sim_check *check, struct mc_str text)
{
    struct mc_str copy = mc_arena_copy(&check->arena, text);
    return copy.p ? copy : MC_STR("");
}

static struct mc_str code_name(struct sim_check *check, uint16_t code)
{
    char digits[20];
    return keep(check, mc_str(digits, mc_u64_to_text(code, digits)));
}

static struct mc_str flags_name(struct sim_check *check, uint32_t flags)
{
    char text[SIM_FLAGS_TEXT];
    return keep(check, mc_str_c(sim_flags_print(flags, text)));
}

static struct mc_str name_in(struct sim_check *check, const struct sim_kind *kind, const struct sim_slice *slice, enum sim_dimension by)
{
    switch (by) {
    case SIM_BY_SRC: return check->workloads[kind->src].service;
    case SIM_BY_DST: return check->workloads[kind->dst].service;
    case SIM_BY_VERSION: return check->workloads[kind->dst].version;
    case SIM_BY_CODE: return code_name(check, kind->code);
    case SIM_BY_FLAGS: return flags_name(check, kind->flags);
    case SIM_BY_PATH: return check->paths[kind->path];
    case SIM_BY_PHASE: return sim_check_phase_at(check, slice->from);
    }
    mc_unreachable();
}

static struct sim_tally *group_named(struct sim_check *check, struct sim_groups *groups, struct mc_str name)
{
    for (uint32_t i = 0; i < groups->count; i++)
        if (mc_str_eq(groups->list[i].name, name)) return &groups->list[i].tally;
    if (!sim_check_grow(check, &groups->list, groups->count, &groups->capacity, sizeof *groups->list)) return NULL;
    groups->list[groups->count] = (struct sim_group){.name = name, .tally.alloc = &check->alloc};
    return &groups->list[groups->count++].tally;
}

static int group_order(const void *a, const void *b)
{
    return mc_str_cmp(((const struct sim_group *)a)->name, ((const struct sim_group *)b)->name);
}

void sim_requests_by(struct sim_check *check, const struct sim_query *query, enum sim_dimension by, struct sim_groups *groups)
{
    struct walk walk;
    *groups = (struct sim_groups){.alloc = &check->alloc};
    if (!walk_begin(&walk, check, query)) {
        check->refused = true;
        return;
    }
    uint32_t at = walk_first(&walk);
    for (const struct sim_slice *slice; (slice = walk_next(&walk, &at));)
        for (uint32_t i = 0; i < slice->count; i++) {
            const struct sim_cell *cell = &slice->cells[i];
            if (walk.match[cell->kind] < 2) continue;
            struct sim_tally *tally = group_named(check, groups, name_in(check, &walk.cells->kinds[cell->kind], slice, by));
            if (tally) count_cell(&walk, cell, tally);
        }
    for (uint32_t i = 0; i < groups->count; i++) cover(&walk, &groups->list[i].tally);
    walk_end(&walk);
    if (groups->count) qsort(groups->list, groups->count, sizeof *groups->list, group_order);
}

void sim_groups_fini(struct sim_groups *groups)
{
    for (uint32_t i = 0; i < groups->count; i++) sim_tally_fini(&groups->list[i].tally);
    if (groups->alloc) mc_alloc_give(groups->alloc, groups->list, groups->capacity * sizeof *groups->list);
    *groups = (struct sim_groups){0};
}
