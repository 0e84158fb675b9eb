/* Statistics as text: Prometheus' format 0.0.4, and Envoy's plain one. */
#include "proxy/parts.h"

/* ---- the writer ---- */

void px_writer_init(struct px_writer *writer, struct mc_pool *pool, struct mc_slices *out)
{
    *writer = (struct px_writer){.pool = pool, .out = out};
    mc_slices_init(out, pool);
}

static void pass_on(struct px_writer *writer)
{
    struct mc_chunk *chunk = writer->chunk;
    writer->chunk = NULL;
    if (chunk && !mc_slices_push(writer->out, mc_slice_of(chunk))) writer->refused = true;
}

bool px_writer_fini(struct px_writer *writer)
{
    pass_on(writer);
    if (writer->refused) mc_slices_fini(writer->out);
    return !writer->refused;
}

void px_write(struct px_writer *writer, struct mc_str text)
{
    while (text.n && !writer->refused) {
        if (writer->chunk && !mc_chunk_room(writer->chunk)) pass_on(writer);
        if (!writer->chunk) writer->chunk = mc_chunk_take(writer->pool, MC_CHUNK_LARGE);
        if (!writer->chunk) {
            writer->refused = true;
            return;
        }
        uint32_t room = mc_chunk_room(writer->chunk), n = text.n < room ? (uint32_t)text.n : room;
        memcpy(writer->chunk->bytes + writer->chunk->used, text.p, n);
        writer->chunk->used += n;
        text = mc_str(text.p + n, text.n - n);
    }
}

void px_write_c(struct px_writer *writer, const char *text)
{
    px_write(writer, mc_str_c(text));
}

void px_write_u64(struct px_writer *writer, uint64_t number)
{
    char digits[20];
    px_write(writer, mc_str(digits, mc_u64_to_text(number, digits)));
}

void px_write_fixed(struct px_writer *writer, uint64_t value, uint32_t decimals)
{
    char digits[20];
    uint64_t scale = 1;
    for (uint32_t i = 0; i < decimals; i++) scale *= 10;
    px_write_u64(writer, value / scale);
    uint64_t rest = value % scale;
    if (!rest) return;
    size_t n = mc_u64_to_text(rest + scale, digits); /* the leading 1 keeps the zeros behind the point */
    while (digits[n - 1] == '0') n--;
    px_write_c(writer, ".");
    px_write(writer, mc_str(digits + 1, n - 1));
}

/* ---- Prometheus ---- */

struct prometheus {
    struct mc_stat_visitor visitor;
    struct px_writer *writer;
    const char *family;
};

static void write_label(struct px_writer *writer, const char *name, struct mc_str value, bool first)
{
    px_write_c(writer, first ? "" : ",");
    px_write_c(writer, name);
    px_write_c(writer, "=\"");
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (c == '\n') px_write_c(writer, "\\n");
        else {
            if (c == '\\' || c == '"') px_write_c(writer, "\\");
            px_write(writer, mc_str(&c, 1));
        }
    }
    px_write_c(writer, "\"");
}

static void write_series(struct px_writer *writer, const struct mc_stat *stat, const char *suffix, struct mc_str bound)
{
    px_write_c(writer, stat->family);
    px_write_c(writer, suffix);
    px_write_c(writer, "{");
    for (uint32_t i = 0; i < stat->label_count; i++) write_label(writer, stat->labels[i].name, stat->labels[i].value, i == 0);
    if (bound.n) write_label(writer, "le", bound, stat->label_count == 0);
    px_write_c(writer, "} ");
}

/* Envoy's default buckets (HistogramSettingsImpl::defaultBuckets), in half milliseconds. */
static const struct {
    const char *text;
    uint32_t halves;
} bounds[] = {
    {"0.5", 1}, {"1", 2}, {"5", 10}, {"10", 20}, {"25", 50}, {"50", 100}, {"100", 200}, {"250", 500}, {"500", 1000},
    {"1000", 2000}, {"2500", 5000}, {"5000", 10000}, {"10000", 20000}, {"30000", 60000}, {"60000", 120000},
    {"300000", 600000}, {"600000", 1200000}, {"1800000", 3600000}, {"3600000", 7200000},
};

static void write_hist(struct px_writer *writer, const struct mc_stat *stat)
{
    for (size_t i = 0; i < MC_COUNT_OF(bounds); i++) {
        write_series(writer, stat, "_bucket", mc_str_c(bounds[i].text));
        px_write_u64(writer, mc_hist_count_at_most(stat->hist, (uint64_t)bounds[i].halves * (uint64_t)(MC_MS / 2)));
        px_write_c(writer, "\n");
    }
    write_series(writer, stat, "_bucket", MC_STR("+Inf"));
    px_write_u64(writer, stat->hist->count);
    px_write_c(writer, "\n");
    write_series(writer, stat, "_sum", MC_STR(""));
    px_write_fixed(writer, stat->hist->sum, 6);
    px_write_c(writer, "\n");
    write_series(writer, stat, "_count", MC_STR(""));
    px_write_u64(writer, stat->hist->count);
    px_write_c(writer, "\n");
}

static void begin_family(struct px_writer *writer, const struct mc_stat *stat)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    px_write_c(writer, "# HELP ");
    px_write_c(writer, stat->family);
    px_write_c(writer, " ");
    px_write_c(writer, stat->help);
    px_write_c(writer, "\n# TYPE ");
    px_write_c(writer, stat->family);
    px_write_c(writer, " ");
    px_write_c(writer, types[stat->kind]);
    px_write_c(writer, "\n");
}

static void visit_prometheus(struct mc_stat_visitor *visitor, const struct mc_stat *stat)
{
    struct prometheus *text = mc_container(visitor, struct prometheus, visitor);
    if (text->family != stat->family) begin_family(text->writer, stat);
    text->family = stat->family;
    if (stat->kind == MC_STAT_HISTOGRAM) {
        write_hist(text->writer, stat);
        return;
    }
    write_series(text->writer, stat, "", MC_STR(""));
    px_write_u64(text->writer, stat->value);
    px_write_c(text->writer, "\n");
}

void px_write_prometheus(struct px_writer *writer, const struct mc_proxy *proxy)
{
    struct prometheus text = {.visitor.visit = visit_prometheus, .writer = writer};
    mc_proxy_stats(proxy, &text.visitor);
}

/* ---- plain: cluster.origin.upstream_rq_200: 4 ---- */

struct plain {
    struct mc_stat_visitor visitor;
    struct px_writer *writer;
};

/* "envoy_cluster_upstream_rq_xx" of cluster c and class 2 is "cluster.c.upstream_rq_2xx". */
static void write_plain_name(struct px_writer *writer, const struct mc_stat *stat)
{
    struct mc_str rest, name = mc_str_c(stat->family + sizeof "envoy_" - 1), scope = mc_str_cut(name, '_', &rest);
    px_write(writer, scope);
    px_write_c(writer, ".");
    if (stat->label_count) {
        px_write(writer, stat->labels[0].value);
        px_write_c(writer, ".");
    }
    bool by_class = stat->label_count > 1 && mc_str_ends(rest, MC_STR("_xx"));
    px_write(writer, by_class ? mc_str(rest.p, rest.n - 2) : rest);
    if (stat->label_count > 1 && !by_class) px_write_c(writer, "_");
    if (stat->label_count > 1) px_write(writer, stat->labels[1].value);
    if (by_class) px_write_c(writer, "xx");
    px_write_c(writer, ": ");
}

static void write_plain_hist(struct px_writer *writer, const struct mc_hist *hist)
{
    static const struct {
        const char *text;
        uint32_t per_million;
    } quantiles[] = {{"P50", 500000}, {" P90", 900000}, {" P99", 990000}, {" P100", 1000000}};
    if (!hist->count) px_write_c(writer, "No recorded values");
    for (size_t i = 0; hist->count && i < MC_COUNT_OF(quantiles); i++) {
        px_write_c(writer, quantiles[i].text);
        px_write_c(writer, "(");
        px_write_fixed(writer, mc_hist_quantile(hist, quantiles[i].per_million), 6);
        px_write_c(writer, ")");
    }
}

static void visit_plain(struct mc_stat_visitor *visitor, const struct mc_stat *stat)
{
    struct px_writer *writer = mc_container(visitor, struct plain, visitor)->writer;
    if (!mc_str_starts(mc_str_c(stat->family), MC_STR("envoy_"))) return;
    write_plain_name(writer, stat);
    if (stat->kind == MC_STAT_HISTOGRAM) write_plain_hist(writer, stat->hist);
    else px_write_u64(writer, stat->value);
    px_write_c(writer, "\n");
}

void px_write_stats(struct px_writer *writer, const struct mc_proxy *proxy)
{
    struct plain text = {.visitor.visit = visit_plain, .writer = writer};
    mc_proxy_stats(proxy, &text.visitor);
}
