#include "config/translate.h"

static void check_regex(struct mc_translation *t, const struct mc_envoy_regex *from)
{
    const char *why;
    struct mc_regex *regex = mc_regex_compile(&t->realm->pool, from->regex, false, &why);
    if (!regex) mc_config_fail(t->errors, from->at, "'%.*s': %s", MC_STR_ARG(from->regex), why);
    mc_regex_free(regex);
}

struct choice { /* one arm of a oneof */
    enum mc_text_match_kind kind;
    struct mc_str text;
};

/* The one arm that is there; false if there are several. */
static bool choose(const struct choice *arms, size_t count, struct choice *chosen)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        if (arms[i].text.p) *chosen = arms[i], found++;
    return found <= 1;
}

static struct mc_str regex_text(const struct mc_envoy_regex *regex)
{
    return regex ? regex->regex : mc_str(NULL, 0);
}

static struct mc_text_match string_match(struct mc_translation *t, const struct mc_envoy_string_matcher *from)
{
    const struct choice arms[] = {
        {MC_TEXT_EXACT, from->exact},
        {MC_TEXT_PREFIX, from->prefix},
        {MC_TEXT_SUFFIX, from->suffix},
        {MC_TEXT_CONTAINS, from->contains},
        {MC_TEXT_REGEX, regex_text(from->safe_regex)},
    };
    struct choice chosen = {0};
    if (!choose(arms, MC_COUNT_OF(arms), &chosen) || !chosen.text.p)
        mc_config_fail(t->errors, from->at, "needs one of exact, prefix, suffix, contains, safe_regex");
    if (from->safe_regex) check_regex(t, from->safe_regex);
    return (struct mc_text_match){.kind = chosen.kind, .text = chosen.text, .ignore_case = from->ignore_case};
}

/* ---- headers ---- */

static struct mc_text_match header_text(struct mc_translation *t, const struct mc_envoy_header_matcher *from)
{
    const struct choice arms[] = {
        {MC_TEXT_EXACT, from->exact_match},
        {MC_TEXT_PREFIX, from->prefix_match},
        {MC_TEXT_SUFFIX, from->suffix_match},
        {MC_TEXT_CONTAINS, from->contains_match},
        {MC_TEXT_REGEX, regex_text(from->safe_regex_match)},
    };
    struct choice chosen = {.kind = MC_TEXT_PRESENT};
    bool one = choose(arms, MC_COUNT_OF(arms), &chosen);
    int kinds = (chosen.text.p != NULL) + (from->string_match != NULL) +
                (from->present_match != MC_ENVOY_UNSET);
    if (!one || kinds > 1) mc_config_fail(t->errors, from->at, "has more than one kind of match");
    if (from->safe_regex_match) check_regex(t, from->safe_regex_match);
    if (from->string_match) return string_match(t, from->string_match);
    return (struct mc_text_match){.kind = chosen.kind, .text = chosen.text};
}

void mc_translate_headers(struct mc_translation *t, const struct mc_envoy_route_match *from,
                          struct mc_route *to)
{
    struct mc_header_match *matches = mc_translate_room(t, from->headers_count, sizeof *matches);
    if (!matches) return;
    for (uint32_t i = 0; i < from->headers_count; i++) {
        const struct mc_envoy_header_matcher *header = &from->headers[i];
        matches[i] = (struct mc_header_match){
            .name = mc_translate_lower(t, header->name),
            .match = header_text(t, header),
            .invert = header->invert_match != (header->present_match == MC_ENVOY_NO),
            .missing_as_empty = header->treat_missing_header_as_empty,
        };
    }
    to->headers = matches;
    to->header_count = from->headers_count;
}

/* ---- query parameters ---- */

void mc_translate_queries(struct mc_translation *t, const struct mc_envoy_route_match *from,
                          struct mc_route *to)
{
    struct mc_header_match *matches = mc_translate_room(t, from->query_parameters_count, sizeof *matches);
    if (!matches) return;
    for (uint32_t i = 0; i < from->query_parameters_count; i++) {
        const struct mc_envoy_query_matcher *query = &from->query_parameters[i];
        matches[i].name = query->name;
        matches[i].match.kind = MC_TEXT_PRESENT;
        if (query->string_match) matches[i].match = string_match(t, query->string_match);
    }
    to->queries = matches;
    to->query_count = from->query_parameters_count;
}

/* ---- path ---- */

void mc_translate_path(struct mc_translation *t, const struct mc_envoy_route_match *from, struct mc_route *to)
{
    const struct {
        enum mc_path_match_kind kind;
        struct mc_str text;
    } arms[] = {
        {MC_PATH_PREFIX, from->prefix},
        {MC_PATH_EXACT, from->path},
        {MC_PATH_SEPARATED_PREFIX, from->path_separated_prefix},
        {MC_PATH_REGEX, regex_text(from->safe_regex)},
    };
    int found = 0;
    for (size_t i = 0; i < MC_COUNT_OF(arms); i++)
        if (arms[i].text.p) to->path_kind = arms[i].kind, to->path = arms[i].text, found++;
    if (found != 1)
        mc_config_fail(t->errors, from->at, "needs one of prefix, path, path_separated_prefix, safe_regex");
    if (from->safe_regex) check_regex(t, from->safe_regex);
    to->ignore_case = !from->case_sensitive;
}
