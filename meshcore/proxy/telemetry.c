/* Istio's standard metrics, as its sidecars report them (istio.io/docs/reference/config/metrics). */
#include "proxy/parts.h"

struct px_series {
    mc_atom source, principal; /* inbound: who proved to call; 0 unknown */
    mc_atom destination;       /* "reviews/v1"; 0 unknown */
    mc_atom cluster;
    uint16_t status;
    uint32_t flags;
    bool outbound, secure;
    uint64_t count;
    struct mc_hist duration;
};

static uint64_t key_of(const struct px_series *series)
{
    uint64_t key = (uint64_t)series->principal << 32 | series->destination;
    key = mc_mix(key) ^ ((uint64_t)series->cluster << 32 | series->flags);
    return mc_mix(key) ^ ((uint64_t)series->status << 2 | (uint64_t)series->outbound << 1 | series->secure);
}

static struct px_series describe(const struct px_request *request)
{
    const struct mc_conn *conn = request->conn->http->conn;
    const struct mc_tls_peer *peer = mc_conn_peer(conn);
    bool outbound = request->conn->chain->is_outbound, reached = request->host && request->attempts;
    mc_atom own = request->proxy->options.workload;
    return (struct px_series){
        .source = outbound ? own : 0,
        .principal = !outbound && peer ? peer->identity : 0,
        .destination = !outbound ? own : reached ? request->host->endpoint.workload : 0,
        .cluster = request->cluster ? request->cluster->name : 0,
        .status = request->status,
        .flags = request->flags,
        .outbound = outbound,
        .secure = !outbound && mc_conn_is_secure(conn),
    };
}

static struct px_series *series_for(struct mc_proxy *proxy, const struct px_series *wanted)
{
    uint64_t key = key_of(wanted);
    struct px_series *series = mc_map_get(&proxy->telemetry, key);
    if (series) return series;
    series = mc_pool_take(proxy->pool, sizeof *series);
    if (!series) return NULL;
    *series = *wanted;
    if (mc_map_put(&proxy->telemetry, key, series)) return series;
    mc_pool_give(proxy->pool, series, sizeof *series);
    return NULL;
}

/* Requests to the admin filter are not the mesh's. */
void px_telemetry_request(struct px_request *request, mc_ns duration)
{
    const struct mc_filter_chain *chain = request->conn->chain;
    struct mc_alloc alloc = mc_pool_as_alloc(request->proxy->pool);
    if (chain->filters[chain->filter_count - 1] != MC_HTTP_FILTER_ROUTER) return;
    struct px_series wanted = describe(request);
    struct px_series *series = series_for(request->proxy, &wanted);
    if (!series) return;
    series->count++;
    mc_hist_add(&series->duration, &alloc, (uint64_t)duration);
}

void px_telemetry_free(struct mc_proxy *proxy)
{
    struct mc_alloc alloc = mc_pool_as_alloc(proxy->pool);
    struct mc_map_entry *entry;
    uint32_t at = 0;
    while ((entry = mc_map_next(&proxy->telemetry, &at))) {
        struct px_series *series = entry->value;
        mc_hist_clear(&series->duration, &alloc);
        mc_pool_give(proxy->pool, series, sizeof *series);
    }
    mc_map_fini(&proxy->telemetry);
}

/* ---- labels ---- */

size_t px_flags_text(uint32_t flags, char *out, size_t size)
{
    static const char *const names[] = {
#define X(name, text) #name,
        MC_RESPONSE_FLAGS(X)
#undef X
    };
    size_t n = 0;
    for (uint32_t i = 0; i < MC_COUNT_OF(names); i++) {
        size_t length = strlen(names[i]);
        if (!(flags >> i & 1) || n + length + 1 > size) continue;
        if (n) out[n++] = ',';
        memcpy(out + n, names[i], length);
        n += length;
    }
    if (!n) out[n++] = '-';
    return n;
}

static const struct mc_str unknown = {"unknown", 7};

enum { WORKLOAD_MAX = 256 };

/* "reviews/v1" is workload "reviews-v1", version "v1". */
static struct mc_str workload_name(struct mc_str label, char out[static WORKLOAD_MAX])
{
    if (!label.n) return unknown;
    if (label.n > WORKLOAD_MAX) label.n = WORKLOAD_MAX;
    for (size_t i = 0; i < label.n; i++) out[i] = label.p[i] == '/' ? '-' : label.p[i];
    return mc_str(out, label.n);
}

static struct mc_str version_of(struct mc_str label)
{
    struct mc_str version;
    mc_str_cut(label, '/', &version);
    return version.n ? version : unknown;
}

/* The parts of "outbound|9080|v1|reviews.default.svc.cluster.local". */
static struct mc_str cluster_part(struct mc_str name, unsigned part)
{
    struct mc_str rest = name, at = name;
    for (unsigned i = 0; i <= part; i++) at = mc_str_cut(rest, '|', &rest);
    return at;
}

static struct mc_str or_unknown(struct mc_str text)
{
    return text.n ? text : unknown;
}

static struct mc_str service_of(const struct px_series *series, struct mc_str cluster, struct mc_str destination)
{
    struct mc_str host = cluster_part(cluster, 3), rest;
    if (host.n) return host;
    host = mc_str_cut(destination, '/', &rest);
    return host.n ? host : series->outbound ? or_unknown(cluster) : unknown;
}

struct label_room {
    char source[WORKLOAD_MAX], destination[WORKLOAD_MAX], code[20], flags[96];
};

static void add(struct mc_stat *stat, const char *name, struct mc_str value)
{
    mc_assert(stat->label_count < MC_STAT_LABELS);
    stat->labels[stat->label_count++] = (struct mc_stat_label){name, value};
}

static void label(const struct mc_proxy *proxy, const struct px_series *series, struct label_room *room, struct mc_stat *stat)
{
    struct mc_str source = px_text_of(proxy, series->source), destination = px_text_of(proxy, series->destination);
    struct mc_str cluster = px_text_of(proxy, series->cluster), principal = px_text_of(proxy, series->principal), rest;
    struct mc_str service = service_of(series, cluster, destination), version = version_of(destination);
    if (!destination.n) version = or_unknown(cluster_part(cluster, 2));
    if (mc_str_starts(principal, MC_STR("spiffe://"))) principal = mc_str(principal.p + 9, principal.n - 9);
    stat->label_count = 0;
    add(stat, "reporter", series->outbound ? MC_STR("source") : MC_STR("destination"));
    add(stat, "source_workload", workload_name(source, room->source));
    add(stat, "source_version", version_of(source));
    add(stat, "source_principal", or_unknown(principal));
    add(stat, "destination_service", service);
    add(stat, "destination_service_name", mc_str_cut(service, '.', &rest));
    add(stat, "destination_workload", workload_name(destination, room->destination));
    add(stat, "destination_version", version);
    add(stat, "request_protocol", MC_STR("http"));
    add(stat, "response_code", mc_str(room->code, mc_u64_to_text(series->status, room->code)));
    add(stat, "response_flags", mc_str(room->flags, px_flags_text(series->flags, room->flags, sizeof room->flags)));
    add(stat, "connection_security_policy",
        series->outbound ? unknown : series->secure ? MC_STR("mutual_tls") : MC_STR("none"));
}

static void visit_family(const struct mc_proxy *proxy, struct mc_stat_visitor *visitor, struct mc_stat stat)
{
    struct mc_map_entry *entry;
    uint32_t at = 0;
    while ((entry = mc_map_next(&proxy->telemetry, &at))) {
        const struct px_series *series = entry->value;
        struct label_room room;
        label(proxy, series, &room, &stat);
        stat.value = series->count;
        stat.hist = stat.kind == MC_STAT_HISTOGRAM ? &series->duration : NULL;
        visitor->visit(visitor, &stat);
    }
}

void px_telemetry_visit(const struct mc_proxy *proxy, struct mc_stat_visitor *visitor)
{
    visit_family(proxy, visitor, (struct mc_stat){.family = "istio_requests_total", .kind = MC_STAT_COUNTER,
                                                  .help = "Requests, by both ends and outcome"});
    visit_family(proxy, visitor, (struct mc_stat){.family = "istio_request_duration_milliseconds", .kind = MC_STAT_HISTOGRAM,
                                                  .help = "Duration of requests (ms)"});
}
