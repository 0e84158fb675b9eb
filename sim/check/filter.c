#include "sim/check/check_parts.h"
#include "sim/check/flags.h"

/* ---- words ---- */

static bool word_matches(struct mc_str pattern, struct mc_str text)
{
    if (!pattern.n || pattern.p[pattern.n - 1] != '*') return mc_str_eq(pattern, text);
    return mc_str_starts(text, mc_str(pattern.p, pattern.n - 1));
}

bool sim_words_have(struct mc_str list, struct mc_str word)
{
    if (!list.n) return true;
    while (list.n)
        if (word_matches(mc_str_trim(mc_str_cut(list, ',', &list)), word)) return true;
    return false;
}

/* "reviews", "reviews/v2", "rev*", one of a list. */
static bool names_workload(struct mc_str list, const struct sim_workload *workload)
{
    while (list.n) {
        struct mc_str version, word = mc_str_trim(mc_str_cut(list, ',', &list));
        struct mc_str service = mc_str_cut(word, '/', &version);
        if (word_matches(service, workload->service) && (!version.n || word_matches(version, workload->version))) return true;
    }
    return false;
}

static bool *workloads_named(const struct sim_check *check, struct mc_str list, struct mc_str version)
{
    bool *named = mc_alloc_take(&check->alloc, check->workload_count * sizeof *named);
    if (!named) return NULL;
    for (uint32_t i = 0; i < check->workload_count; i++) {
        const struct sim_workload *workload = &check->workloads[i];
        named[i] = (!list.n || names_workload(list, workload)) && (!version.n || sim_words_have(version, workload->version));
    }
    return named;
}

/* ---- codes and flags ---- */

static bool read_code(struct mc_str word, struct sim_code_range *range)
{
    uint64_t code;
    if (word.n == 3 && word.p[0] >= '1' && word.p[0] <= '5' && word.p[1] == 'x' && word.p[2] == 'x') {
        uint16_t hundreds = (uint16_t)((word.p[0] - '0') * 100);
        *range = (struct sim_code_range){hundreds, (uint16_t)(hundreds + 99)};
        return true;
    }
    if (!mc_str_to_u64(word, 599, &code) || (code && code < 100)) return false;
    *range = (struct sim_code_range){(uint16_t)code, (uint16_t)code};
    return true;
}

static const struct sim_code_range no_code = {600, 600};

static void read_codes(struct sim_filter *filter, struct mc_str list)
{
    while (list.n && filter->code_count < SIM_FILTER_CODES) {
        struct sim_code_range *range = &filter->codes[filter->code_count++];
        if (!read_code(mc_str_trim(mc_str_cut(list, ',', &list)), range)) *range = no_code;
    }
}

static void read_flags(struct sim_filter *filter, struct mc_str list)
{
    while (list.n && filter->flag_count < SIM_FILTER_FLAGS) {
        struct mc_str word = mc_str_trim(mc_str_cut(list, ',', &list));
        uint32_t *flag = &filter->flags[filter->flag_count++];
        if (mc_str_eq(word, MC_STR("-"))) *flag = 0;
        else if (!sim_flag_read(word, flag)) *flag = UINT32_C(1) << 31; /* no flag at all */
    }
}

/* ---- a filter ---- */

static mc_ns until_of(const struct sim_query *query)
{
    return query->until > 0 ? query->until : MC_NEVER;
}

static mc_ns since_of(const struct sim_check *check, const struct sim_query *query)
{
    mc_ns since = mc_ns_max(query->since, 0);
    if (!query->window) return since;
    return mc_ns_max(since, mc_ns_min(until_of(query), check->now) - query->window);
}

bool sim_filter_make(struct sim_filter *filter, const struct sim_check *check, const struct sim_query *query)
{
    *filter = (struct sim_filter){.alloc = check->alloc,
                                  .workload_count = check->workload_count,
                                  .path = query->path,
                                  .since = since_of(check, query),
                                  .until = until_of(query),
                                  .phase = query->phase};
    bool any_dst = !query->dst.n && !query->version.n;
    if (query->src.n) filter->src = workloads_named(check, query->src, MC_STR(""));
    if (!any_dst) filter->dst = workloads_named(check, query->dst, query->version);
    if ((query->src.n && !filter->src) || (!any_dst && !filter->dst)) {
        sim_filter_fini(filter);
        return false;
    }
    if (filter->path.n && filter->path.p[filter->path.n - 1] == '*') {
        filter->path_is_prefix = true;
        filter->path.n--;
    }
    read_codes(filter, query->code);
    read_flags(filter, query->flags);
    return true;
}

void sim_filter_fini(struct sim_filter *filter)
{
    mc_alloc_give(&filter->alloc, filter->src, filter->workload_count * sizeof *filter->src);
    mc_alloc_give(&filter->alloc, filter->dst, filter->workload_count * sizeof *filter->dst);
    filter->src = filter->dst = NULL;
}

bool sim_filter_src(const struct sim_filter *filter, uint32_t workload)
{
    return !filter->src || (workload < filter->workload_count && filter->src[workload]);
}

bool sim_filter_dst(const struct sim_filter *filter, uint32_t workload)
{
    return !filter->dst || (workload < filter->workload_count && filter->dst[workload]);
}

static bool path_matches(const struct sim_check *check, const struct sim_filter *filter, uint16_t path)
{
    if (!filter->path.n && !filter->path_is_prefix) return true;
    struct mc_str text = check->paths[path];
    return filter->path_is_prefix ? mc_str_starts(text, filter->path) : mc_str_eq(text, filter->path);
}

bool sim_filter_base(const struct sim_check *check, const struct sim_filter *filter, const struct sim_kind *kind)
{
    return sim_filter_src(filter, kind->src) && sim_filter_dst(filter, kind->dst) && path_matches(check, filter, kind->path);
}

bool sim_filter_outcome(const struct sim_filter *filter, const struct sim_kind *kind)
{
    bool code = !filter->code_count, flag = !filter->flag_count;
    for (uint32_t i = 0; i < filter->code_count; i++)
        code |= kind->code >= filter->codes[i].low && kind->code <= filter->codes[i].high;
    for (uint32_t i = 0; i < filter->flag_count; i++)
        flag |= filter->flags[i] ? (kind->flags & filter->flags[i]) != 0 : !kind->flags;
    return code && flag;
}

static bool in_phase(const struct sim_check *check, struct mc_str name, mc_ns at)
{
    for (uint32_t i = 0; i < check->phase_count; i++) {
        const struct sim_phase *phase = &check->phases[i];
        if (phase->from <= at && at < phase->to && sim_words_have(name, phase->name)) return true;
    }
    return false;
}

bool sim_filter_instant(const struct sim_check *check, const struct sim_filter *filter, mc_ns at)
{
    return at >= filter->since && at < filter->until && (!filter->phase.n || in_phase(check, filter->phase, at));
}

/* ---- what a question may say ---- */

static bool check_place(const struct sim_check *check, struct mc_str list, const char *what, struct sim_error *error)
{
    while (list.n) {
        struct mc_str word = mc_str_trim(mc_str_cut(list, ',', &list));
        const struct sim_workload *best = NULL;
        unsigned least = 4;
        bool found = false;
        for (uint32_t i = 0; i < check->workload_count && !found; i++) {
            const struct sim_workload *workload = &check->workloads[i];
            struct mc_str version, service = mc_str_cut(word, '/', &version);
            found = names_workload(word, workload);
            unsigned distance = mc_str_distance(service, workload->service);
            if (distance >= least) continue;
            least = distance;
            best = workload;
        }
        if (found) continue;
        if (!best) return sim_error_set(error, (struct sim_source){0}, "%s = \"%.*s\": no such service or load", what, MC_STR_ARG(word));
        return sim_error_set(error, (struct sim_source){0}, "%s = \"%.*s\": no such service, version or load; did you mean \"%.*s\"?",
                             what, MC_STR_ARG(word), MC_STR_ARG(best->service));
    }
    return true;
}

static bool check_version(const struct sim_check *check, struct mc_str list, struct sim_error *error)
{
    for (uint32_t i = 0; i < check->workload_count; i++)
        if (check->workloads[i].version.n && sim_words_have(list, check->workloads[i].version)) return true;
    return sim_error_set(error, (struct sim_source){0}, "version = \"%.*s\": no service has such a version", MC_STR_ARG(list));
}

static bool check_codes(struct mc_str list, struct sim_error *error)
{
    struct sim_code_range range;
    while (list.n) {
        struct mc_str word = mc_str_trim(mc_str_cut(list, ',', &list));
        if (!read_code(word, &range))
            return sim_error_set(error, (struct sim_source){0}, "code = \"%.*s\": a status (503), a class (\"5xx\") or 0 is expected",
                                 MC_STR_ARG(word));
    }
    return true;
}

static bool check_flags(struct mc_str list, struct sim_error *error)
{
    uint32_t bit;
    while (list.n) {
        struct mc_str word = mc_str_trim(mc_str_cut(list, ',', &list)), near = sim_flags_nearest(word);
        if (mc_str_eq(word, MC_STR("-")) || sim_flag_read(word, &bit)) continue;
        if (near.n)
            return sim_error_set(error, (struct sim_source){0}, "flags = \"%.*s\": no such response flag; did you mean \"%.*s\"?",
                                 MC_STR_ARG(word), MC_STR_ARG(near));
        return sim_error_set(error, (struct sim_source){0}, "flags = \"%.*s\": no such response flag", MC_STR_ARG(word));
    }
    return true;
}

static bool check_word(struct mc_str word, const char *what, const char *const *names, uint32_t count, struct sim_error *error)
{
    if (!word.n) return true;
    for (uint32_t i = 0; i < count; i++)
        if (mc_str_eq(word, mc_str_c(names[i]))) return true;
    const char *near = sim_nearest(word, names, sizeof *names, count);
    return sim_error_set(error, (struct sim_source){0}, near ? "%s = \"%.*s\": no such one; did you mean \"%s\"?" : "%s = \"%.*s\": no such one%s",
                         what, MC_STR_ARG(word), near ? near : "");
}

static bool check_kinds(struct mc_str list, struct sim_error *error)
{
    static const char *const kinds[] = {
#define X(name) name,
        SIM_EVENT_KINDS(X)
#undef X
    };
    while (list.n) {
        struct mc_str word = mc_str_trim(mc_str_cut(list, ',', &list));
        if (mc_str_ends(word, MC_STR("*"))) continue;
        if (!check_word(word, "kind", kinds, MC_COUNT_OF(kinds), error)) return false;
    }
    return true;
}

static bool check_result(const struct sim_check *check, struct mc_str word, struct sim_error *error)
{
    static const char *const others[] = {"issued", "refused", "push", "ack", "nack"};
    for (uint32_t i = 0; i < MC_COUNT_OF(others); i++)
        if (mc_str_eq(word, mc_str_c(others[i]))) return true;
    if (!check->handshake_count) return true;
    return check_word(word, "result", check->handshakes, check->handshake_count, error);
}

bool sim_query_check(const struct sim_check *check, const struct sim_query *query, struct sim_error *error)
{
    static const char *const states[] = {"valid", "expired", "not_yet_valid"};
    if (query->src.n && !check_place(check, query->src, "src", error)) return false;
    if (query->dst.n && !check_place(check, query->dst, "dst", error)) return false;
    if (query->version.n && !check_version(check, query->version, error)) return false;
    if (!check_codes(query->code, error) || !check_flags(query->flags, error)) return false;
    if (!check_kinds(query->kind, error)) return false;
    if (!check_word(query->state, "state", states, MC_COUNT_OF(states), error)) return false;
    return check_result(check, query->result, error);
}
