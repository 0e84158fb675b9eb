#include "sim/fault/fault_parts.h"
#include <stdio.h>
#include <stdlib.h>

static const char *const modes[] = {"all", "one", "fixed", "fixed-percent", "random-max-percent"};

bool sim_select_mode_read(struct mc_str text, enum sim_select_mode *mode)
{
    for (unsigned i = 0; i < MC_COUNT_OF(modes); i++) {
        if (!mc_str_eq(text, mc_str_c(modes[i]))) continue;
        *mode = (enum sim_select_mode)i;
        return true;
    }
    return false;
}

/* ---- short forms ---- */

bool sim_selector_read(struct mc_str text, struct sim_selector *selector, struct sim_error *error)
{
    struct mc_str zone, version, place = mc_str_cut(text, '@', &zone), service = mc_str_cut(place, '/', &version);
    bool at = place.n < text.n, slash = service.n < place.n;
    struct sim_source source = selector->source;
    *selector = (struct sim_selector){.service = service, .version = version, .zone = zone, .source = source};
    bool empty = (at && !zone.n) || (slash && (!version.n || !service.n)) || (!service.n && !at);
    if (empty || memchr(zone.p ? zone.p : "", '@', zone.n) || memchr(version.p ? version.p : "", '/', version.n))
        return sim_error_set(error, source, "\"%.*s\" selects nothing: \"service\", \"service/version\", \"service@zone\", \"@zone\" or \"*\" is expected",
                             MC_STR_ARG(text));
    if (mc_str_eq(service, MC_STR("*"))) selector->service = MC_STR("");
    return true;
}

const char *sim_selector_print(const struct sim_selector *selector, char out[static 96])
{
    const struct sim_selector *s = selector;
    bool any = !s->service.n && !s->zone.n && !s->version.n;
    int n = snprintf(out, 96, "%.*s%s%.*s%s%.*s", MC_STR_ARG(s->service), s->version.n ? "/" : "", MC_STR_ARG(s->version), s->zone.n ? "@" : "",
                     MC_STR_ARG(s->zone));
    if (any) n = snprintf(out, 96, "%.*s", s->name.n ? (int)s->name.n : 1, s->name.n ? s->name.p : "*");
    if (n < 0 || n >= 96 || s->mode == SIM_SELECT_ALL) return out;
    if (s->mode == SIM_SELECT_ONE) snprintf(out + n, 96 - (size_t)n, " (one)");
    else snprintf(out + n, 96 - (size_t)n, " (%s %u)", modes[s->mode], s->value);
    return out;
}

/* ---- matching ---- */

/* '*' any characters, '?' one; linear but for the last star. */
static bool glob(struct mc_str pattern, struct mc_str text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;
    while (t < text.n) {
        if (p < pattern.n && (pattern.p[p] == '?' || pattern.p[p] == text.p[t]) && pattern.p[p] != '*') {
            p++;
            t++;
        } else if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            mark = t;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*') p++;
    return p == pattern.n;
}

static bool is_in_zone(const struct sim_plan *plan, const struct sim_candidate *pod, struct mc_str zone)
{
    if (!plan->topology.zone_count) return mc_str_eq(zone, MC_STR("a"));
    return pod->zone < plan->topology.zone_count && mc_str_eq(plan->topology.zones[pod->zone], zone);
}

static bool is_service(const struct sim_plan *plan, struct mc_str name)
{
    for (uint32_t i = 0; i < plan->topology.service_count; i++)
        if (mc_str_eq(plan->topology.services[i].name, name)) return true;
    return false;
}

/* A load is named as the service that it calls unless told otherwise: that name means the service. */
static bool matches(const struct sim_plan *plan, const struct sim_candidate *pod, const struct sim_selector *selector, bool a_service)
{
    bool served = pod->service < plan->topology.service_count;
    if (!served && a_service) return false;
    const struct sim_service *service = served ? &plan->topology.services[pod->service] : NULL;
    struct mc_str name = service ? service->name : pod->name;
    struct mc_str version = service && pod->version < service->version_count ? service->versions[pod->version].name : MC_STR("");
    return (!selector->service.n || mc_str_eq(selector->service, name)) && (!selector->version.n || mc_str_eq(selector->version, version)) &&
           (!selector->zone.n || is_in_zone(plan, pod, selector->zone)) && (!selector->name.n || glob(selector->name, pod->name));
}

/* ---- names ---- */

static bool refuse(const struct sim_selector *selector, const char *what, struct mc_str word, const struct mc_str *names, uint32_t count,
                   struct sim_error *error)
{
    const struct mc_str *best = NULL;
    unsigned least = (unsigned)(word.n / 3 + 2);
    for (uint32_t i = 0; i < count; i++) {
        unsigned distance = mc_str_distance(word, names[i]);
        if (distance >= least) continue;
        least = distance;
        best = &names[i];
    }
    if (best)
        return sim_error_set(error, selector->source, "there is no %s \"%.*s\"; did you mean \"%.*s\"?", what, MC_STR_ARG(word), MC_STR_ARG(*best));
    return sim_error_set(error, selector->source, "there is no %s \"%.*s\"", what, MC_STR_ARG(word));
}

enum { NAMES_MAX = 4096 };

static bool check_service(const struct sim_plan *plan, const struct sim_candidate *list, uint32_t count, const struct sim_selector *selector,
                          const struct sim_service **found, struct sim_error *error)
{
    struct mc_str names[NAMES_MAX];
    uint32_t n = 0;
    for (uint32_t i = 0; i < plan->topology.service_count; i++) {
        if (n < NAMES_MAX) names[n++] = plan->topology.services[i].name;
        if (!mc_str_eq(selector->service, plan->topology.services[i].name)) continue;
        *found = &plan->topology.services[i];
        return true;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (list[i].service < plan->topology.service_count) continue;
        if (n < NAMES_MAX) names[n++] = list[i].name;
        if (mc_str_eq(selector->service, list[i].name)) return true;
    }
    return refuse(selector, "service", selector->service, names, n, error);
}

static bool check_version(const struct sim_plan *plan, const struct sim_service *only, const struct sim_selector *selector, struct sim_error *error)
{
    struct mc_str names[NAMES_MAX];
    uint32_t n = 0;
    for (uint32_t i = 0; i < plan->topology.service_count; i++) {
        const struct sim_service *service = &plan->topology.services[i];
        if (only && service != only) continue;
        for (uint32_t v = 0; v < service->version_count; v++) {
            if (mc_str_eq(selector->version, service->versions[v].name)) return true;
            if (n < NAMES_MAX) names[n++] = service->versions[v].name;
        }
    }
    return refuse(selector, "version", selector->version, names, n, error);
}

bool sim_selector_check(const struct sim_plan *plan, const struct sim_candidate *list, uint32_t count, const struct sim_selector *selector,
                        struct sim_error *error)
{
    const struct sim_service *found = NULL;
    const struct sim_topology *topology = &plan->topology;
    struct mc_str only = MC_STR("a");
    const struct mc_str *zones = topology->zone_count ? topology->zones : &only;
    uint32_t zone_count = topology->zone_count ? topology->zone_count : 1;
    if (selector->service.n && !check_service(plan, list, count, selector, &found, error)) return false;
    if (selector->version.n && !check_version(plan, found, selector, error)) return false;
    for (uint32_t i = 0; i < zone_count && selector->zone.n; i++)
        if (mc_str_eq(selector->zone, zones[i])) return true;
    return !selector->zone.n || refuse(selector, "zone", selector->zone, zones, zone_count, error);
}

/* ---- choosing ---- */

struct ranked {
    uint64_t draw;
    uint32_t pod;
};

static int rank_order(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->draw != y->draw) return x->draw < y->draw ? -1 : 1;
    return x->pod < y->pod ? -1 : x->pod > y->pod;
}

static uint32_t how_many(const struct sim_selector *selector, uint32_t n, uint64_t draw)
{
    uint32_t percent = selector->value < 100 ? selector->value : 100;
    uint32_t part = (uint32_t)((uint64_t)n * percent / 100);
    switch (selector->mode) {
    case SIM_SELECT_ALL: return n;
    case SIM_SELECT_ONE: return n ? 1 : 0;
    case SIM_SELECT_FIXED: return selector->value < n ? selector->value : n;
    case SIM_SELECT_FIXED_PERCENT: return part;
    case SIM_SELECT_RANDOM_MAX_PERCENT: return (uint32_t)mc_below(draw, (uint64_t)part + 1);
    }
    mc_unreachable();
}

static int number_order(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static bool add_all(struct sim_pod_set *set, const struct ranked *ranked, uint32_t count)
{
    if (!count) return true;
    uint32_t capacity = set->count + count;
    uint32_t *pods = mc_alloc_take(set->alloc, capacity * sizeof *pods);
    if (!pods) return false;
    uint32_t n = set->count;
    if (n) memcpy(pods, set->pods, n * sizeof *pods);
    for (uint32_t i = 0; i < count; i++)
        if (!sim_pod_set_has(set, ranked[i].pod)) pods[n++] = ranked[i].pod;
    qsort(pods, n, sizeof *pods, number_order);
    mc_alloc_give(set->alloc, set->pods, set->capacity * sizeof *pods);
    set->pods = pods;
    set->count = n;
    set->capacity = capacity;
    return true;
}

bool sim_select(const struct sim_plan *plan, uint64_t seed, const struct sim_candidate *list, uint32_t count,
                const struct sim_selector *selector, uint64_t ordinal, const struct mc_alloc *alloc, struct sim_pod_set *set,
                struct sim_error *error)
{
    if (!sim_selector_check(plan, list, count, selector, error)) return false;
    size_t size = (count + 1) * sizeof(struct ranked);
    struct ranked *ranked = mc_alloc_take(alloc, size);
    uint32_t n = 0;
    bool a_service = selector->service.n && is_service(plan, selector->service);
    if (!ranked) return sim_error_set(error, selector->source, "out of memory");
    set->alloc = alloc;
    for (uint32_t i = 0; i < count; i++)
        if (list[i].up && matches(plan, &list[i], selector, a_service))
            ranked[n++] = (struct ranked){.draw = mc_draw(seed, MC_FOR_SELECT, ordinal, i), .pod = i};
    uint32_t wanted = how_many(selector, n, mc_draw(seed, MC_FOR_SELECT, ordinal, UINT32_MAX));
    if (n) qsort(ranked, n, sizeof *ranked, rank_order);
    bool kept = add_all(set, ranked, wanted);
    mc_alloc_give(alloc, ranked, size);
    return kept || sim_error_set(error, selector->source, "out of memory");
}

bool sim_pod_set_has(const struct sim_pod_set *set, uint32_t pod)
{
    uint32_t low = 0, high = set->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (set->pods[middle] < pod) low = middle + 1;
        else high = middle;
    }
    return low < set->count && set->pods[low] == pod;
}

void sim_pod_set_fini(struct sim_pod_set *set)
{
    if (set->alloc) mc_alloc_give(set->alloc, set->pods, set->capacity * sizeof *set->pods);
    *set = (struct sim_pod_set){0};
}
