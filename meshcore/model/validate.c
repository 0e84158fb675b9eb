#include "model/validate.h"
#include "base/limits.h"
#include "base/rand.h"

/* One check: the resource in question, and where the sentence goes. */
struct check {
    const struct mc_snapshot *snapshot;
    const struct mc_resource *resource;
    struct mc_problem *problem;
};

/* ---- the sentence: texts up to an empty one, cut at its end ---- */

static void put(struct mc_problem *problem, struct mc_str text)
{
    size_t used = strlen(problem->text), room = sizeof problem->text - 1 - used;
    if (text.n > room) text.n = room;
    if (text.n) memcpy(problem->text + used, text.p, text.n);
    problem->text[used + text.n] = '\0';
}

static bool fails(const struct check *check, const char *before, struct mc_str value, const char *after)
{
    check->problem->type = check->resource->type;
    check->problem->name = check->resource->name;
    check->problem->text[0] = '\0';
    put(check->problem, mc_str_c(before));
    put(check->problem, value);
    put(check->problem, mc_str_c(after));
    return false;
}

static bool fails_plain(const struct check *check, const char *sentence)
{
    return fails(check, sentence, MC_STR(""), "");
}

/* ---- listeners ---- */

static bool ends_well(const struct check *check, const struct mc_filter_chain *chain)
{
    if (!chain->filter_count || chain->filter_count > MC_COUNT_OF(chain->filters))
        return fails_plain(check, "a filter chain needs one to four HTTP filters");
    for (uint32_t i = 0; i < chain->filter_count; i++) {
        bool terminal = chain->filters[i] == MC_HTTP_FILTER_ROUTER ||
                        chain->filters[i] == MC_HTTP_FILTER_ADMIN;
        bool last = i + 1 == chain->filter_count;
        if (terminal && !last)
            return fails_plain(check, "a terminal HTTP filter must be the last of its chain");
        if (!terminal && last)
            return fails_plain(check, "the last HTTP filter of a chain must be a terminal one");
    }
    return true;
}

static bool check_chain(const struct check *check, const struct mc_filter_chain *chain)
{
    if (!ends_well(check, chain)) return false;
    if (chain->idle_timeout < 0 || chain->stream_idle_timeout < 0 || chain->request_headers_timeout < 0)
        return fails_plain(check, "a timeout is negative");
    if (chain->filters[chain->filter_count - 1] != MC_HTTP_FILTER_ROUTER) return true;
    if (mc_snapshot_routes(check->snapshot, chain->route_config)) return true;
    struct mc_str name = mc_atoms_text(&check->snapshot->realm->atoms, chain->route_config);
    return fails(check, "its route configuration '", name, "' is missing");
}

static bool same_match(const struct mc_filter_chain *a, const struct mc_filter_chain *b)
{
    return a->destination_port == b->destination_port && mc_addr_same_ip(a->destination, b->destination);
}

static bool check_listener(const struct check *check)
{
    const struct mc_listener *listener = check->resource->body;
    if (!listener->chain_count) return fails_plain(check, "it has no filter chain");
    for (uint32_t i = 0; i < listener->chain_count; i++) {
        if (!check_chain(check, &listener->chains[i])) return false;
        for (uint32_t j = 0; j < i; j++)
            if (same_match(&listener->chains[i], &listener->chains[j]))
                return fails_plain(check, "two of its filter chains match the same traffic");
    }
    return true;
}

/* ---- routes ---- */

static bool is_status(uint32_t status)
{
    return status >= 200 && status <= 599; /* config.route.v3.DirectResponseAction.status */
}

static bool is_redirect(uint32_t status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool has_any(struct mc_str text, const char *set)
{
    for (size_t i = 0; i < text.n; i++)
        if (strchr(set, text.p[i])) return true;
    return false;
}

static bool check_retry(const struct check *check, const struct mc_retry_policy *retry)
{
    if (retry->retries > MC_MAX_RETRIES) return fails_plain(check, "num_retries is more than 64");
    if (retry->per_try_timeout < 0 || retry->backoff_base < 0)
        return fails_plain(check, "a duration is negative");
    if (retry->backoff_max && retry->backoff_max < retry->backoff_base)
        return fails_plain(check, "retry_back_off.max_interval is less than its base_interval");
    return true;
}

static bool check_clusters(const struct check *check, const struct mc_route *route)
{
    if (!route->cluster_count) return fails_plain(check, "a route has no cluster");
    if (route->cluster_count > MC_MAX_WEIGHTED)
        return fails_plain(check, "a route has more than 128 clusters");
    if (!route->weight_total || route->weight_total > UINT32_MAX)
        return fails_plain(check, "the weights of a route's clusters must add up to 1 … 2^32-1");
    return true;
}

static bool check_fault(const struct check *check, const struct mc_route *route)
{
    if (route->abort_permillion > 1000000 || route->delay_permillion > 1000000)
        return fails_plain(check, "a fault's share is more than the whole");
    if (route->abort_permillion && !is_status(route->abort_status))
        return fails_plain(check, "a fault's http_status must be 200 to 599");
    if (route->delay < 0) return fails_plain(check, "a fault's delay is negative");
    return true;
}

static bool check_route(const struct check *check, const struct mc_route *route)
{
    if (route->path_kind == MC_PATH_SEPARATED_PREFIX &&
        (!route->path.n || has_any(route->path, "?#") || mc_str_ends(route->path, MC_STR("/"))))
        return fails(check, "path_separated_prefix '", route->path, "' may not end in / or contain ? or #");
    if (route->action == MC_ROUTE_CLUSTERS && !check_clusters(check, route)) return false;
    if (route->action == MC_ROUTE_DIRECT_RESPONSE && !is_status(route->status))
        return fails_plain(check, "a direct response's status must be 200 to 599");
    if (route->action == MC_ROUTE_REDIRECT && !is_redirect(route->status))
        return fails_plain(check, "a redirect's status must be 301, 302, 303, 307 or 308");
    if (route->timeout < 0) return fails_plain(check, "a route's timeout is negative");
    return check_retry(check, &route->retry) && check_fault(check, route);
}

/* "*" stands alone, or once at the front or the end (config.route.v3.VirtualHost.domains). */
static bool is_domain(struct mc_str domain)
{
    if (!domain.n) return false;
    struct mc_str inner = domain;
    if (inner.p[0] == '*')
        inner = mc_str(inner.p + 1, inner.n - 1);
    else if (inner.p[inner.n - 1] == '*')
        inner.n--;
    return !has_any(inner, "*\r\n");
}

/* Domains are looked up without regard to case; the set holds their hashes in lower case. */
static bool note_domain(struct mc_map *seen, const struct mc_virtual_host *host, uint32_t at, bool *twice)
{
    uint64_t key = 0;
    for (size_t i = 0; i < host->domains[at].n; i++)
        key = mc_mix(key ^ (unsigned char)mc_lower(host->domains[at].p[i]));
    *twice = mc_map_get(seen, key);
    return mc_map_put(seen, key, (void *)host);
}

static bool check_domains(const struct check *check, const struct mc_virtual_host *host, struct mc_map *seen)
{
    if (!host->domain_count) return fails(check, "virtual host '", host->name, "' has no domain");
    for (uint32_t i = 0; i < host->domain_count; i++) {
        bool twice = false;
        if (!is_domain(host->domains[i])) return fails(check, "'", host->domains[i], "' is not a domain");
        if (!note_domain(seen, host, i, &twice)) return fails_plain(check, "out of memory");
        if (twice) return fails(check, "domain '", host->domains[i], "' stands in it twice");
    }
    return true;
}

static bool check_hosts(const struct check *check, struct mc_map *seen)
{
    const struct mc_route_config *config = check->resource->body;
    for (uint32_t i = 0; i < config->host_count; i++) {
        const struct mc_virtual_host *host = &config->hosts[i];
        if (!check_domains(check, host, seen)) return false;
        for (uint32_t j = 0; j < host->route_count; j++)
            if (!check_route(check, &host->routes[j])) return false;
    }
    return true;
}

static bool check_routes(const struct check *check)
{
    struct mc_map seen;
    mc_map_init(&seen, mc_pool_as_alloc(&check->snapshot->realm->pool));
    bool good = check_hosts(check, &seen);
    mc_map_fini(&seen);
    return good;
}

/* ---- clusters and endpoints ---- */

static bool check_cluster(const struct check *check)
{
    const struct mc_cluster *cluster = check->resource->body;
    if (cluster->connect_timeout <= 0) return fails_plain(check, "connect_timeout must be more than 0");
    if (cluster->dns_refresh < 0) return fails_plain(check, "dns_refresh_rate is negative");
    if (cluster->idle_timeout < 0) return fails_plain(check, "idle_timeout is negative");
    if (cluster->panic_percent > 100) return fails_plain(check, "healthy_panic_threshold is more than 100 %");
    if (cluster->balancer == MC_BALANCE_LEAST_REQUEST && cluster->choice_count < 2)
        return fails_plain(check, "least request needs a choice_count of 2 or more");
    if (cluster->outlier.interval < 0 || cluster->outlier.base_ejection < 0 ||
        cluster->outlier.max_ejection < 0)
        return fails_plain(check, "a duration of outlier_detection is negative");
    if (cluster->outlier.max_percent > 100)
        return fails_plain(check, "max_ejection_percent is more than 100");
    return true;
}

enum { PRIORITIES = 128 }; /* config.endpoint.v3.LocalityLbEndpoints.priority */

static bool check_endpoints(const struct check *check)
{
    const struct mc_endpoints *endpoints = check->resource->body;
    uint64_t weight[PRIORITIES] = {0};
    uint32_t highest = 0;
    for (uint32_t i = 0; i < endpoints->count; i++) {
        const struct mc_endpoint *endpoint = &endpoints->list[i];
        if (!endpoint->weight) return fails_plain(check, "an endpoint's weight must be 1 or more");
        if (endpoint->priority >= PRIORITIES) return fails_plain(check, "a priority is more than 127");
        if (!endpoint->addr.port) return fails_plain(check, "an endpoint has no port");
        if (mc_addr_is_any(endpoint->addr) && !endpoint->host) return fails_plain(check, "an endpoint has no address");
        if (endpoint->priority > highest) highest = endpoint->priority;
        weight[endpoint->priority] += endpoint->weight;
    }
    for (uint32_t i = 0; endpoints->count && i <= highest; i++) {
        if (!weight[i]) return fails_plain(check, "its priorities have a gap; they count from 0");
        if (weight[i] > UINT32_MAX) return fails_plain(check, "the weights of one priority exceed 2^32-1");
    }
    return true;
}

/* ---- whole ---- */

static bool addresses_differ(const struct mc_snapshot *snapshot, struct mc_problem *problem)
{
    for (uint32_t i = 0; i < snapshot->of[MC_RESOURCE_LISTENER].count; i++) {
        const struct mc_listener *a = mc_snapshot_listener(snapshot, i);
        for (uint32_t j = 0; j < i; j++) {
            const struct mc_listener *b = mc_snapshot_listener(snapshot, j);
            if (!a->addr.port || !mc_addr_eq(a->addr, b->addr)) continue;
            const struct check check = {snapshot, snapshot->of[MC_RESOURCE_LISTENER].list[i], problem};
            return fails(&check, "listener '", mc_atoms_text(&snapshot->realm->atoms, b->name),
                         "' has the same address");
        }
    }
    return true;
}

bool mc_snapshot_check(const struct mc_snapshot *snapshot, struct mc_problem *problem)
{
    static bool (*const checks[MC_RESOURCE_TYPE_COUNT])(const struct check *check) = {
        [MC_RESOURCE_LISTENER] = check_listener,
        [MC_RESOURCE_ROUTES] = check_routes,
        [MC_RESOURCE_CLUSTER] = check_cluster,
        [MC_RESOURCE_ENDPOINTS] = check_endpoints,
    };
    for (unsigned type = 0; type < MC_RESOURCE_TYPE_COUNT; type++)
        for (uint32_t i = 0; i < snapshot->of[type].count; i++) {
            const struct check check = {snapshot, snapshot->of[type].list[i], problem};
            if (!checks[type](&check)) return false;
        }
    return addresses_differ(snapshot, problem);
}
