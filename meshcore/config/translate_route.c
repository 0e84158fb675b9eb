#include "base/digest.h"
#include "config/translate.h"

/* What routes inherit: the levels above them, and the chain's fault filter. */
struct scope {
    const struct mc_envoy_route_config *config;
    const struct mc_envoy_virtual_host *host;
    const struct mc_envoy_http_filter *fault; /* may be NULL */
};

/* ---- header edits ---- */

static bool is_token(struct mc_str name)
{
    static const char others[] = "!#$%&'*+-.^_`|~"; /* RFC 9110 §5.6.2 */
    for (size_t i = 0; i < name.n; i++) {
        char c = mc_lower(name.p[i]);
        bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!alphanumeric && (!c || !strchr(others, c))) return false;
    }
    return name.n;
}

static struct mc_str header_name(struct mc_translation *t, const struct mc_value *at, struct mc_str name)
{
    if (!is_token(name))
        mc_config_fail(t->errors, at, "'%.*s' is not a header that may be changed", MC_STR_ARG(name));
    else if (mc_str_eq_nocase(name, MC_STR("host")))
        mc_config_fail(t->errors, at, "host is changed with host_rewrite_literal");
    return mc_translate_lower(t, name);
}

/* "%%" stands for "%"; other uses of % are command operators. */
static struct mc_str header_value(struct mc_translation *t, const struct mc_value *at, struct mc_str value)
{
    char *plain = mc_translate_room(t, value.n, 1);
    size_t used = 0;
    for (size_t i = 0; plain && i < value.n; i++) {
        if (value.p[i] == '%' && (i + 1 == value.n || value.p[++i] != '%')) {
            mc_config_fail(t->errors, at, "command operators (%%...%%) are not supported");
            break;
        }
        if (value.p[i] == '\r' || value.p[i] == '\n' || !value.p[i]) {
            mc_config_fail(t->errors, at, "a header's value may not hold CR, LF or NUL");
            break;
        }
        plain[used++] = value.p[i];
    }
    return mc_str(plain, used);
}

struct edits {
    struct mc_header_edit *list;
    uint32_t count;
};

/* Within one level, what is removed goes first (Envoy's HeaderParser). */
static void add_edits(struct mc_translation *t, struct edits *to, const struct mc_value *at,
                      const struct mc_str *removed, uint32_t removed_count,
                      const struct mc_envoy_header_option *added, uint32_t added_count)
{
    for (uint32_t i = 0; i < removed_count; i++)
        to->list[to->count++] = (struct mc_header_edit){.kind = MC_EDIT_REMOVE,
                                                        .name = header_name(t, at, removed[i])};
    for (uint32_t i = 0; i < added_count; i++) {
        const struct mc_envoy_header_value *header = added[i].header;
        if (!header) continue; /* noted as missing */
        to->list[to->count++] = (struct mc_header_edit){
            .kind = added[i].append_action == MC_ENVOY_OVERWRITE ? MC_EDIT_SET : MC_EDIT_APPEND,
            .name = header_name(t, header->at, header->key),
            .value = header_value(t, header->at, header->value),
        };
    }
}

enum { LEVELS = 3 };

/* From the most specific level to the least, so that the least has the last word
 * (RouteConfiguration.most_specific_header_mutations_wins = false). */
static void edits(struct mc_translation *t, const struct scope *scope, const struct mc_envoy_route *from,
                  struct mc_route *to)
{
    const struct mc_envoy_edits *levels[LEVELS] = {&from->edits, &scope->host->edits, &scope->config->edits};
    const struct mc_value *at[LEVELS] = {from->at, scope->host->at, scope->config->at};
    uint32_t requests = 0, responses = 0;
    for (int i = 0; i < LEVELS; i++) {
        requests += levels[i]->request_headers_to_add_count + levels[i]->request_headers_to_remove_count;
        responses += levels[i]->response_headers_to_add_count + levels[i]->response_headers_to_remove_count;
    }
    struct edits request = {.list = mc_translate_room(t, requests, sizeof(struct mc_header_edit))};
    struct edits response = {.list = mc_translate_room(t, responses, sizeof(struct mc_header_edit))};
    if (t->refused) return;
    for (int i = 0; i < LEVELS; i++) {
        const struct mc_envoy_edits *level = levels[i];
        add_edits(t, &request, at[i], level->request_headers_to_remove,
                  level->request_headers_to_remove_count, level->request_headers_to_add,
                  level->request_headers_to_add_count);
        add_edits(t, &response, at[i], level->response_headers_to_remove,
                  level->response_headers_to_remove_count, level->response_headers_to_add,
                  level->response_headers_to_add_count);
    }
    to->request_edits = request.list;
    to->request_edit_count = request.count;
    to->response_edits = response.list;
    to->response_edit_count = response.count;
}

/* ---- faults ---- */

static const struct mc_envoy_fault *named(const struct mc_any *list, uint32_t count, struct mc_str name)
{
    for (uint32_t i = 0; i < count; i++)
        if (mc_str_eq(list[i].key, name)) return list[i].record;
    return NULL;
}

/* The most specific configuration of the fault filter, under the name that the filter has. */
static const struct mc_envoy_fault *fault_of(const struct scope *scope, const struct mc_envoy_route *route)
{
    if (!scope->fault) return NULL;
    struct mc_str name = scope->fault->name;
    const struct mc_envoy_fault *fault = named(route->typed_per_filter_config,
                                               route->typed_per_filter_config_count, name);
    if (!fault)
        fault = named(scope->host->typed_per_filter_config, scope->host->typed_per_filter_config_count, name);
    if (!fault)
        fault = named(scope->config->typed_per_filter_config, scope->config->typed_per_filter_config_count,
                      name);
    return fault ? fault : scope->fault->typed_config.record;
}

static void fault(struct mc_translation *t, const struct mc_envoy_fault *from, struct mc_route *to)
{
    if (!from) return;
    if (from->delay) {
        to->delay = from->delay->fixed_delay;
        to->delay_permillion = mc_translate_fraction(from->delay->percentage);
    }
    if (!from->abort) return;
    if (from->abort->http_status < 200 || from->abort->http_status > 599)
        mc_config_fail(t->errors, from->abort->at, "http_status must be 200 to 599");
    to->abort_status = (uint16_t)from->abort->http_status;
    to->abort_permillion = mc_translate_fraction(from->abort->percentage);
}

/* ---- retries ---- */

static const char *const conditions[] = {
#define X(name, text) text,
    MC_RETRY_CONDITIONS(X)
#undef X
};

static uint32_t retry_condition(struct mc_translation *t, const struct mc_value *at, struct mc_str word)
{
    unsigned least = (unsigned)word.n / 3;
    const char *best = NULL;
    for (uint32_t i = 0; i < MC_COUNT_OF(conditions); i++) {
        unsigned distance = mc_str_distance(mc_str_c(conditions[i]), word);
        if (!distance) return 1u << i;
        if (distance <= least) least = distance, best = conditions[i];
    }
    mc_config_fail(t->errors, at, "retry_on: '%.*s' is not supported%s%s", MC_STR_ARG(word),
                   best ? "; did you mean " : "", best ? best : "");
    return 0;
}

static uint32_t retry_on(struct mc_translation *t, const struct mc_envoy_retry_policy *from)
{
    uint32_t on = 0;
    for (struct mc_str rest = from->retry_on; rest.n;) {
        struct mc_str word = mc_str_trim(mc_str_cut(rest, ',', &rest));
        if (word.n) on |= retry_condition(t, from->at, word);
    }
    return on;
}

static void retry_statuses(struct mc_translation *t, const struct mc_envoy_retry_policy *from,
                           struct mc_retry_policy *to)
{
    uint16_t *statuses = mc_translate_room(t, from->retriable_status_codes_count, sizeof *statuses);
    if (!statuses) return;
    for (uint32_t i = 0; i < from->retriable_status_codes_count; i++) {
        uint32_t status = from->retriable_status_codes[i];
        if (status < 100 || status > 599)
            mc_config_fail(t->errors, from->at, "retriable_status_codes: %u is not a status", status);
        statuses[i] = (uint16_t)status;
    }
    to->statuses = statuses;
    to->status_count = from->retriable_status_codes_count;
}

static void retry(struct mc_translation *t, const struct mc_envoy_retry_policy *from,
                  struct mc_retry_policy *to)
{
    if (!from) return;
    if (from->num_retries > MC_MAX_RETRIES)
        mc_config_fail(t->errors, from->at, "num_retries is more than %d", MC_MAX_RETRIES);
    *to = (struct mc_retry_policy){
        .on = retry_on(t, from),
        .retries = from->num_retries,
        .per_try_timeout = from->per_try_timeout,
        .backoff_base = from->retry_back_off ? from->retry_back_off->base_interval : 25 * MC_MS,
        .backoff_max = from->retry_back_off ? from->retry_back_off->max_interval : 0,
        .host_attempts = from->host_selection_retry_max_attempts,
        .other_host = from->retry_host_predicate_count,
    };
    if (!to->backoff_max) to->backoff_max = 10 * to->backoff_base;
    retry_statuses(t, from, to);
}

/* ---- actions ---- */

static mc_atom cluster_named(struct mc_translation *t, const struct scope *scope, const struct mc_value *at,
                             struct mc_str name)
{
    bool validate = scope->config->validate_clusters && !t->no_clusters;
    if (validate && !mc_map_get(&t->clusters, mc_hash(name, 0)))
        mc_config_fail(t->errors, at, "there is no cluster '%.*s'", MC_STR_ARG(name));
    return mc_translate_atom(t, name);
}

static void weighted(struct mc_translation *t, const struct scope *scope,
                     const struct mc_envoy_weighted_clusters *from, struct mc_route *to)
{
    uint64_t total = 0;
    if (from->clusters_count > MC_MAX_WEIGHTED)
        mc_config_fail(t->errors, from->at, "more than %d clusters", MC_MAX_WEIGHTED);
    struct mc_weighted_cluster *clusters = mc_translate_room(t, from->clusters_count, sizeof *clusters);
    if (!clusters) return;
    for (uint32_t i = 0; i < from->clusters_count; i++) {
        const struct mc_envoy_cluster_weight *each = &from->clusters[i];
        clusters[i].cluster = cluster_named(t, scope, each->at, each->name);
        clusters[i].weight = each->weight;
        total += each->weight;
    }
    if (!total || total > UINT32_MAX)
        mc_config_fail(t->errors, from->at, "the weights must add up to 1 to 4294967295");
    if (from->total_weight && from->total_weight != total)
        mc_config_fail(t->errors, from->at, "total_weight is not the sum of the weights");
    to->clusters = clusters;
    to->cluster_count = from->clusters_count;
}

static void forward(struct mc_translation *t, const struct scope *scope,
                    const struct mc_envoy_route_action *from, struct mc_route *to)
{
    to->action = MC_ROUTE_CLUSTERS;
    to->timeout = from->timeout;
    to->host_rewrite = from->host_rewrite_literal;
    to->prefix_rewrite = from->prefix_rewrite;
    retry(t, from->retry_policy ? from->retry_policy : scope->host->retry_policy, &to->retry);
    if (!from->cluster.n == !from->weighted_clusters) {
        mc_config_fail(t->errors, from->at, "needs one of cluster, weighted_clusters");
        return;
    }
    if (from->weighted_clusters) {
        weighted(t, scope, from->weighted_clusters, to);
        return;
    }
    struct mc_weighted_cluster *only = mc_translate_room(t, 1, sizeof *only);
    if (!only) return;
    *only = (struct mc_weighted_cluster){cluster_named(t, scope, from->at, from->cluster), 1};
    to->clusters = only;
    to->cluster_count = 1;
}

static void direct_response(struct mc_translation *t, const struct mc_envoy_direct_response *from,
                            struct mc_route *to)
{
    to->action = MC_ROUTE_DIRECT_RESPONSE;
    if (from->status < 200 || from->status > 599)
        mc_config_fail(t->errors, from->at, "status must be 200 to 599");
    to->status = (uint16_t)from->status;
    if (from->body) to->body = from->body->inline_string;
}

static void redirect(const struct mc_envoy_redirect *from, struct mc_route *to)
{
    static const uint16_t codes[] = {301, 302, 303, 307, 308};
    to->action = MC_ROUTE_REDIRECT;
    to->status = codes[from->response_code];
    to->redirect_host = from->host_redirect;
    to->redirect_path = from->path_redirect;
}

/* ---- routes ---- */

static void route(struct mc_translation *t, const struct scope *scope, const struct mc_envoy_route *from,
                  struct mc_route *to)
{
    int actions = (from->route != NULL) + (from->direct_response != NULL) + (from->redirect != NULL);
    to->name = from->name;
    if (from->match) {
        mc_translate_path(t, from->match, to);
        mc_translate_headers(t, from->match, to);
        mc_translate_queries(t, from->match, to);
    }
    if (from->direct_response) direct_response(t, from->direct_response, to);
    if (from->redirect) redirect(from->redirect, to);
    if (from->route) forward(t, scope, from->route, to);
    if (actions != 1) mc_config_fail(t->errors, from->at, "needs one of route, direct_response, redirect");
    edits(t, scope, from, to);
    fault(t, fault_of(scope, from), to);
}

static void virtual_host(struct mc_translation *t, const struct scope *scope, struct mc_virtual_host *to)
{
    const struct mc_envoy_virtual_host *from = scope->host;
    struct mc_str *domains = mc_translate_room(t, from->domains_count, sizeof *domains);
    struct mc_route *routes = mc_translate_room(t, from->routes_count, sizeof *routes);
    if (t->refused) return;
    for (uint32_t i = 0; i < from->domains_count; i++) domains[i] = mc_translate_lower(t, from->domains[i]);
    for (uint32_t i = 0; i < from->routes_count; i++) route(t, scope, &from->routes[i], &routes[i]);
    *to = (struct mc_virtual_host){
        .name = from->name,
        .domains = domains,
        .domain_count = from->domains_count,
        .routes = routes,
        .route_count = from->routes_count,
    };
}

/* Inline configurations of several listeners may have one name; ours are looked up by it. */
static mc_atom unique_name(struct mc_translation *t, struct mc_str name, struct mc_str listener)
{
    struct mc_str wanted = name.n ? name : listener;
    for (uint32_t attempt = 0;; attempt++) {
        mc_atom atom = mc_translate_atom(t, wanted);
        bool taken = false;
        for (struct mc_origin *origin = t->origins; origin && !taken; origin = origin->before)
            taken = origin->type == MC_RESOURCE_ROUTES && origin->name == atom;
        if (!taken || t->refused) return atom;
        char digits[20];
        size_t count = attempt ? mc_u64_to_text(attempt, digits) : 0;
        char *longer = mc_translate_room(t, name.n + 1 + listener.n + 1 + count, 1);
        if (!longer) return 0;
        memcpy(longer, name.p, name.n);
        longer[name.n] = '@';
        memcpy(longer + name.n + 1, listener.p, listener.n);
        longer[name.n + 1 + listener.n] = '#';
        memcpy(longer + name.n + 1 + listener.n + 1, digits, count);
        wanted = mc_str(longer, name.n + 1 + listener.n + (count ? 1 + count : 0));
    }
}

mc_atom mc_translate_routes(struct mc_translation *t, const struct mc_envoy_route_config *from,
                            struct mc_str listener, const struct mc_envoy_http_filter *fault_filter)
{
    struct mc_route_config to = {
        .name = unique_name(t, from->name, listener),
        .host_count = from->virtual_hosts_count,
        .ignore_port = from->ignore_port_in_host_matching,
    };
    struct mc_virtual_host *hosts = mc_translate_room(t, from->virtual_hosts_count, sizeof *hosts);
    for (uint32_t i = 0; hosts && i < from->virtual_hosts_count; i++) {
        struct scope scope = {from, &from->virtual_hosts[i], fault_filter};
        virtual_host(t, &scope, &hosts[i]);
    }
    to.hosts = hosts;
    if (t->refused || t->errors->count) return to.name; /* what is wrong has been told */
    mc_translate_added(t, mc_snapshot_add_routes(t->builder, &to), MC_RESOURCE_ROUTES, to.name, from->at);
    return to.name;
}
