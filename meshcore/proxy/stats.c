/* Counting, and the walk over everything that was counted: family by family, as text formats want it. */
#include "proxy/parts.h"

/* ---- responses by status ---- */

static bool grow(struct px_codes *codes, struct mc_pool *pool)
{
    uint32_t capacity = codes->capacity ? codes->capacity * 2 : 4;
    struct px_code *list = mc_pool_take(pool, capacity * sizeof *list);
    if (!list) return false;
    if (codes->count) memcpy(list, codes->list, codes->count * sizeof *list);
    mc_pool_give(pool, codes->list, codes->capacity * sizeof *list);
    codes->list = list;
    codes->capacity = capacity;
    return true;
}

void px_codes_add(struct px_codes *codes, struct mc_pool *pool, uint16_t status)
{
    uint32_t class = status / 100;
    if (class < MC_COUNT_OF(codes->classes)) codes->classes[class]++;
    for (uint32_t i = 0; i < codes->count; i++)
        if (codes->list[i].status == status) {
            codes->list[i].count++;
            return;
        }
    if (codes->count == codes->capacity && !grow(codes, pool)) return;
    codes->list[codes->count++] = (struct px_code){status, 1};
}

void px_cluster_charge(struct px_cluster *cluster, uint16_t status)
{
    cluster->v[PX_CLUSTER_RQ_COMPLETED]++;
    px_codes_add(&cluster->codes, cluster->proxy->pool, status);
}

void px_codes_fini(struct px_codes *codes, struct mc_pool *pool)
{
    mc_pool_give(pool, codes->list, codes->capacity * sizeof *codes->list);
    *codes = (struct px_codes){0};
}

/* ---- by stat_prefix ---- */

struct px_http_stats *px_http_stats_of(struct mc_proxy *proxy, mc_atom prefix)
{
    mc_list_each(link, &proxy->http_stats) {
        struct px_http_stats *stats = mc_container(link, struct px_http_stats, link);
        if (stats->prefix == prefix) return stats;
    }
    struct px_http_stats *stats = mc_pool_take_zero(proxy->pool, sizeof *stats);
    if (!stats) return NULL;
    stats->prefix = prefix;
    mc_list_push_back(&proxy->http_stats, &stats->link);
    return stats;
}

void px_http_stats_free(struct mc_proxy *proxy)
{
    struct mc_alloc alloc = mc_pool_as_alloc(proxy->pool);
    struct mc_link *link;
    while ((link = mc_list_pop_front(&proxy->http_stats))) {
        struct px_http_stats *stats = mc_container(link, struct px_http_stats, link);
        px_codes_fini(&stats->codes, proxy->pool);
        mc_hist_clear(&stats->rq_time, &alloc);
        mc_pool_give(proxy->pool, stats, sizeof *stats);
    }
}

/* ---- the walk ---- */

struct entry {
    enum mc_stat_kind kind;
    const char *family, *help;
};

static const struct entry cluster_entries[] = {
#define X(kind, id, name, help) {MC_STAT_##kind, "envoy_cluster_" name, help},
    PX_CLUSTER_STATS(X)
#undef X
};
static const struct entry http_entries[] = {
#define X(kind, id, name, help) {MC_STAT_##kind, "envoy_http_" name, help},
    PX_HTTP_STATS(X)
#undef X
};
static const struct entry listener_entries[] = {
#define X(kind, id, name, help) {MC_STAT_##kind, "envoy_listener_" name, help},
    PX_LISTENER_STATS(X)
#undef X
};

/* One thing that is counted: its label, and where its numbers are. */
struct scope {
    const char *label;
    struct mc_str name;
    const uint64_t *v;
    const struct px_codes *codes[2];
    const struct mc_hist *hists[2];
};

/* Calls `each` with every scope of one sort; so a family can be told scope by scope. */
typedef void scope_walk(const struct mc_proxy *proxy, struct mc_stat_visitor *visitor, const struct entry *entry, uint32_t which,
                        void (*tell)(struct mc_stat_visitor *, const struct entry *, uint32_t, const struct scope *));

static void each_cluster(const struct mc_proxy *proxy, struct mc_stat_visitor *visitor, const struct entry *entry, uint32_t which,
                         void (*tell)(struct mc_stat_visitor *, const struct entry *, uint32_t, const struct scope *))
{
    struct mc_map_entry *at;
    uint32_t place = 0;
    while ((at = mc_map_next(&proxy->clusters, &place))) {
        const struct px_cluster *cluster = at->value;
        const struct scope scope = {"envoy_cluster_name", px_text_of(proxy, cluster->name), cluster->v, {&cluster->codes, &cluster->retry_codes},
                                    {&cluster->rq_time, &cluster->cx_time}};
        tell(visitor, entry, which, &scope);
    }
}

static void each_http(const struct mc_proxy *proxy, struct mc_stat_visitor *visitor, const struct entry *entry, uint32_t which,
                      void (*tell)(struct mc_stat_visitor *, const struct entry *, uint32_t, const struct scope *))
{
    for (const struct mc_link *link = proxy->http_stats.next; link != &proxy->http_stats; link = link->next) {
        const struct px_http_stats *stats = mc_container(link, struct px_http_stats, link);
        const struct scope scope = {"envoy_http_conn_manager_prefix", px_text_of(proxy, stats->prefix), stats->v, {&stats->codes, NULL},
                                    {&stats->rq_time, NULL}};
        tell(visitor, entry, which, &scope);
    }
}

/* Envoy writes an address as "0.0.0.0_80". */
static void each_listener(const struct mc_proxy *proxy, struct mc_stat_visitor *visitor, const struct entry *entry, uint32_t which,
                          void (*tell)(struct mc_stat_visitor *, const struct entry *, uint32_t, const struct scope *))
{
    for (const struct mc_link *link = proxy->listeners.next; link != &proxy->listeners; link = link->next) {
        const struct px_listener *listener = mc_container(link, struct px_listener, link);
        char text[MC_ADDR_TEXT_MAX];
        size_t n = mc_addr_text(((const struct mc_listener *)listener->resource->body)->addr, text);
        for (size_t i = n; i-- > 0;)
            if (text[i] == ':') {
                text[i] = '_';
                break;
            }
        const struct scope scope = {"envoy_listener_address", mc_str(text, n), listener->v, {NULL, NULL}, {NULL, NULL}};
        tell(visitor, entry, which, &scope);
    }
}

static struct mc_stat stat_of(const struct entry *entry, const struct scope *scope)
{
    return (struct mc_stat){.family = entry->family, .help = entry->help, .kind = entry->kind,
                            .labels = {{scope->label, scope->name}}, .label_count = 1};
}

static void tell_value(struct mc_stat_visitor *visitor, const struct entry *entry, uint32_t which, const struct scope *scope)
{
    struct mc_stat stat = stat_of(entry, scope);
    stat.value = scope->v[which];
    visitor->visit(visitor, &stat);
}

static void tell_hist(struct mc_stat_visitor *visitor, const struct entry *entry, uint32_t which, const struct scope *scope)
{
    struct mc_stat stat = stat_of(entry, scope);
    stat.hist = scope->hists[which];
    visitor->visit(visitor, &stat);
}

static void tell_number(struct mc_stat_visitor *visitor, struct mc_stat *stat, const char *label, uint64_t number, uint64_t value)
{
    char digits[20];
    stat->labels[stat->label_count] = (struct mc_stat_label){label, mc_str(digits, mc_u64_to_text(number, digits))};
    stat->label_count++;
    stat->value = value;
    visitor->visit(visitor, stat);
    stat->label_count--;
}

static void tell_codes(struct mc_stat_visitor *visitor, const struct entry *entry, uint32_t which, const struct scope *scope)
{
    struct mc_stat stat = stat_of(entry, scope);
    const struct px_codes *codes = scope->codes[which];
    for (uint32_t i = 0; i < codes->count; i++)
        tell_number(visitor, &stat, "envoy_response_code", codes->list[i].status, codes->list[i].count);
}

static void tell_classes(struct mc_stat_visitor *visitor, const struct entry *entry, uint32_t which, const struct scope *scope)
{
    struct mc_stat stat = stat_of(entry, scope);
    const struct px_codes *codes = scope->codes[which];
    for (uint32_t i = 1; i < MC_COUNT_OF(codes->classes); i++)
        if (codes->classes[i]) tell_number(visitor, &stat, "envoy_response_code_class", i, codes->classes[i]);
}

static void walk_values(const struct mc_proxy *proxy, struct mc_stat_visitor *visitor, const struct entry *entries, uint32_t count,
                        scope_walk *each)
{
    for (uint32_t i = 0; i < count; i++) each(proxy, visitor, &entries[i], i, tell_value);
}

static const struct entry cluster_codes[] = {
    {MC_STAT_COUNTER, "envoy_cluster_upstream_rq", "Answers by status"},
    {MC_STAT_COUNTER, "envoy_cluster_retry_upstream_rq", "Answers that were retried, by status"},
};
static const struct entry cluster_classes[] = {
    {MC_STAT_COUNTER, "envoy_cluster_upstream_rq_xx", "Answers by class of status"},
    {MC_STAT_COUNTER, "envoy_cluster_retry_upstream_rq_xx", "Answers that were retried, by class of status"},
};
static const struct entry cluster_hists[] = {
    {MC_STAT_HISTOGRAM, "envoy_cluster_upstream_rq_time", "Time to the end of the response (ms)"},
    {MC_STAT_HISTOGRAM, "envoy_cluster_upstream_cx_connect_ms", "Time to connect (ms)"},
};
static const struct entry http_classes = {MC_STAT_COUNTER, "envoy_http_downstream_rq_xx", "Answers by class of status"};
static const struct entry http_hist = {MC_STAT_HISTOGRAM, "envoy_http_downstream_rq_time", "Time of the whole exchange (ms)"};

static void tell_server(const struct mc_proxy *proxy, struct mc_stat_visitor *visitor)
{
    visitor->visit(visitor, &(struct mc_stat){.family = "envoy_server_live", .help = "1 unless it is draining",
                                              .kind = MC_STAT_GAUGE, .value = !proxy->draining});
    visitor->visit(visitor, &(struct mc_stat){.family = "envoy_server_version", .help = "Version of the configuration in use",
                                              .kind = MC_STAT_GAUGE, .value = proxy->snapshot ? proxy->snapshot->version : 0});
}

void mc_proxy_stats(const struct mc_proxy *proxy, struct mc_stat_visitor *visitor)
{
    walk_values(proxy, visitor, cluster_entries, MC_COUNT_OF(cluster_entries), each_cluster);
    for (uint32_t i = 0; i < MC_COUNT_OF(cluster_codes); i++) each_cluster(proxy, visitor, &cluster_codes[i], i, tell_codes);
    for (uint32_t i = 0; i < MC_COUNT_OF(cluster_classes); i++) each_cluster(proxy, visitor, &cluster_classes[i], i, tell_classes);
    for (uint32_t i = 0; i < MC_COUNT_OF(cluster_hists); i++) each_cluster(proxy, visitor, &cluster_hists[i], i, tell_hist);
    walk_values(proxy, visitor, http_entries, MC_COUNT_OF(http_entries), each_http);
    each_http(proxy, visitor, &http_classes, 0, tell_classes);
    each_http(proxy, visitor, &http_hist, 0, tell_hist);
    walk_values(proxy, visitor, listener_entries, MC_COUNT_OF(listener_entries), each_listener);
    tell_server(proxy, visitor);
    if (proxy->options.is_sidecar) px_telemetry_visit(proxy, visitor);
}
