/* Routing: the virtual host of the authority, then its first route that matches (config.route.v3). */
#include "model/domains.h"
#include "proxy/parts.h"

/* ---- texts ---- */

static bool same(struct mc_str a, struct mc_str b, bool ignore_case)
{
    return ignore_case ? mc_str_eq_nocase(a, b) : mc_str_eq(a, b);
}

static bool starts(struct mc_str text, struct mc_str with, bool ignore_case)
{
    return text.n >= with.n && same(mc_str(text.p, with.n), with, ignore_case);
}

static bool ends(struct mc_str text, struct mc_str with, bool ignore_case)
{
    return text.n >= with.n && same(mc_str(text.p + text.n - with.n, with.n), with, ignore_case);
}

static bool contains(struct mc_str text, struct mc_str part, bool ignore_case)
{
    for (size_t i = 0; i + part.n <= text.n; i++)
        if (same(mc_str(text.p + i, part.n), part, ignore_case)) return true;
    return false;
}

static bool text_matches(const struct mc_text_match *match, struct mc_str text)
{
    switch (match->kind) {
    case MC_TEXT_EXACT: return same(text, match->text, match->ignore_case);
    case MC_TEXT_PREFIX: return starts(text, match->text, match->ignore_case);
    case MC_TEXT_SUFFIX: return ends(text, match->text, match->ignore_case);
    case MC_TEXT_CONTAINS: return contains(text, match->text, match->ignore_case);
    case MC_TEXT_REGEX: return mc_regex_matches(match->regex, text);
    case MC_TEXT_PRESENT: return true;
    }
    mc_unreachable();
}

/* ---- headers ---- */

static bool pseudo_header(const struct mc_head *head, struct mc_str name, struct mc_str *value)
{
    if (mc_str_eq(name, MC_STR(":method"))) *value = head->method_text;
    else if (mc_str_eq(name, MC_STR(":authority"))) *value = head->authority;
    else if (mc_str_eq(name, MC_STR(":path"))) *value = head->path;
    else if (mc_str_eq(name, MC_STR(":scheme"))) *value = head->scheme;
    else return false;
    return true;
}

static bool is_named(const struct mc_header *header, enum mc_header_id id, struct mc_str name)
{
    return id ? header->id == id : !header->id && mc_str_eq_nocase(header->name, name);
}

/* Several lines of one name are one value, joined by commas (RFC 9110 §5.3). */
static bool join(struct mc_str *value, struct mc_str more, struct mc_arena *arena)
{
    char *joined = mc_arena_take(arena, value->n + more.n + 1);
    if (!joined) return false;
    memcpy(joined, value->p, value->n);
    joined[value->n] = ',';
    memcpy(joined + value->n + 1, more.p, more.n);
    *value = mc_str(joined, value->n + more.n + 1);
    return true;
}

static bool header_value(const struct mc_head *head, struct mc_str name, struct mc_arena *arena, struct mc_str *value)
{
    bool found = false;
    if (name.n && name.p[0] == ':') return pseudo_header(head, name, value);
    if (mc_str_eq(name, MC_STR("host"))) return *value = head->authority, true;
    enum mc_header_id id = mc_header_id(name);
    for (uint32_t i = 0; i < head->headers.count; i++) {
        const struct mc_header *header = &head->headers.list[i];
        if (!is_named(header, id, name)) continue;
        if (!found) *value = header->value;
        else if (!join(value, header->value, arena)) return false;
        found = true;
    }
    return found;
}

/* A header that is missing matches only as the absence that is asked for, unless it counts as empty. */
static bool header_matches(const struct mc_header_match *match, const struct mc_head *head, struct mc_arena *arena)
{
    struct mc_str value = MC_STR("");
    bool found = header_value(head, match->name, arena, &value);
    if (match->match.kind == MC_TEXT_PRESENT) return found != match->invert;
    if (!found && !match->missing_as_empty) return false;
    return text_matches(&match->match, value) != match->invert;
}

/* ---- queries ---- */

static bool query_matches(const struct mc_header_match *match, struct mc_str query)
{
    while (query.n) {
        struct mc_str value, key = mc_str_cut(mc_str_cut(query, '&', &query), '=', &value);
        if (mc_str_eq(key, match->name)) return text_matches(&match->match, value) != match->invert;
    }
    return match->invert;
}

/* ---- routes ---- */

static bool path_matches(const struct mc_route *route, struct mc_str path)
{
    switch (route->path_kind) {
    case MC_PATH_EXACT: return same(path, route->path, route->ignore_case);
    case MC_PATH_PREFIX: return starts(path, route->path, route->ignore_case);
    case MC_PATH_SEPARATED_PREFIX:
        return starts(path, route->path, route->ignore_case) && (path.n == route->path.n || path.p[route->path.n] == '/');
    case MC_PATH_REGEX: return mc_regex_matches(route->regex, path);
    }
    mc_unreachable();
}

static bool route_matches(const struct mc_route *route, const struct mc_head *head, struct mc_str path, struct mc_str query,
                          struct mc_arena *arena)
{
    if (!path_matches(route, path)) return false;
    for (uint32_t i = 0; i < route->header_count; i++)
        if (!header_matches(&route->headers[i], head, arena)) return false;
    for (uint32_t i = 0; i < route->query_count; i++)
        if (!query_matches(&route->queries[i], query)) return false;
    return true;
}

const struct mc_virtual_host *px_route_host(const struct mc_route_config *config, struct mc_str authority)
{
    struct mc_head head = {.authority = authority};
    return mc_domains_find(config->domains, config->ignore_port ? mc_head_host(&head) : authority);
}

const struct mc_route *px_route_find(const struct mc_route_config *config, const struct mc_head *head, struct mc_arena *arena)
{
    const struct mc_virtual_host *host = px_route_host(config, head->authority);
    struct mc_str query, path = mc_head_path(head, &query);
    if (!host) return NULL;
    for (size_t i = 0; i < query.n; i++)
        if (query.p[i] == '#') query.n = i;
    for (uint32_t i = 0; i < host->route_count; i++)
        if (route_matches(&host->routes[i], head, path, query, arena)) return &host->routes[i];
    return NULL;
}

mc_atom px_route_cluster(const struct mc_route *route, uint64_t draw)
{
    uint64_t at = mc_below(draw, route->weight_total);
    for (uint32_t i = 0; i < route->cluster_count; i++) {
        if (at < route->clusters[i].weight) return route->clusters[i].cluster;
        at -= route->clusters[i].weight;
    }
    mc_unreachable();
}
