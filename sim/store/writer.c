/* The sink: what a run tells becomes rows. One prepared statement per table. */
#include "sim/store/blob.h"
#include "sim/store/parts.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const sql[SIM_STATEMENTS] = {
    [SIM_ADD_WORKLOAD] = "INSERT INTO workload VALUES(?1,?2,?3,?4,?5,?6)",
    [SIM_ADD_EDGE] = "INSERT INTO edge VALUES(?1,?2,?3,?4,?5)",
    [SIM_ADD_EVENT] = "INSERT INTO event VALUES(?1,?2,?3,?4,?5,?6,?7,NULL)",
    [SIM_ADD_FAULT] = "INSERT OR REPLACE INTO fault VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
    [SIM_ADD_ROLLOUT] = "INSERT INTO rollout_step VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
    [SIM_ADD_CERT] = "INSERT OR IGNORE INTO cert VALUES(?1,?2,?3,?4,?5,?6,?7,NULL,?8)",
    [SIM_REPLACE_CERT] = "UPDATE cert SET replaced_ns=?3 WHERE run_id=?1 AND serial=?2",
    [SIM_ADD_VERDICT] = "INSERT INTO verdict VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)",
    [SIM_ADD_SERIES] = "INSERT INTO series VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
    [SIM_ADD_POINT] = "INSERT OR REPLACE INTO point VALUES(?1,?2,?3)",
    [SIM_ADD_HIST] = "INSERT OR REPLACE INTO hist VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
    [SIM_ADD_REQUEST] = "INSERT INTO request VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)",
    [SIM_END_RUN] = "UPDATE run SET status=?2, sim_ns=?3, events=?4, trace_hash=?5 WHERE run_id=?1",
};

struct sim_known_series {
    struct sim_known_series *next; /* of the same hash */
    int64_t id;
    size_t length;
    char key[];
};

static struct sim_writer *writer_of(struct sim_sink *sink)
{
    return mc_container(sink, struct sim_writer, sink);
}

/* ---- binding ---- */

/* The statement, its first value (the run's number) set; NULL: the store has failed. */
static sqlite3_stmt *begin(struct sim_writer *writer, enum sim_statement which)
{
    struct sim_store *store = writer->store;
    sqlite3_stmt **statement = &store->statements[which];
    if (!writer->open || !sim_store_row(store)) return NULL;
    if (!*statement) {
        int code = sqlite3_prepare_v3(store->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
        if (code != SQLITE_OK) {
            sim_store_fail(store, code);
            return NULL;
        }
    }
    sqlite3_bind_int64(*statement, 1, writer->run);
    return *statement;
}

static void end(struct sim_writer *writer, sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    if (code != SQLITE_DONE) sim_store_fail(writer->store, code);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

static void bind_number(sqlite3_stmt *statement, int index, int64_t number)
{
    sqlite3_bind_int64(statement, index, number);
}

static int64_t clip(uint64_t number)
{
    return number > INT64_MAX ? INT64_MAX : (int64_t)number;
}

static void bind_count(sqlite3_stmt *statement, int index, uint64_t number)
{
    sqlite3_bind_int64(statement, index, clip(number));
}

static void bind_bits(sqlite3_stmt *statement, int index, uint64_t bits)
{
    sqlite3_bind_int64(statement, index, (int64_t)bits);
}

static void bind_figure(sqlite3_stmt *statement, int index, struct sim_figure figure)
{
    if (figure.known) sqlite3_bind_double(statement, index, figure.value);
}

static void bind_optional(sqlite3_stmt *statement, int index, struct mc_str text)
{
    if (text.n) sim_bind_text(statement, index, text);
}

static void bind_words(sqlite3_stmt *statement, int index, const char *text)
{
    if (text) sqlite3_bind_text(statement, index, text, -1, SQLITE_TRANSIENT);
}

static void bind_instant(sqlite3_stmt *statement, int index, mc_ns at)
{
    if (at != MC_NEVER) sqlite3_bind_int64(statement, index, at);
}

/* ---- what is told ---- */

static void on_workload(struct sim_sink *sink, const struct sim_sink_workload *workload)
{
    struct sim_writer *writer = writer_of(sink);
    sqlite3_stmt *add = begin(writer, SIM_ADD_WORKLOAD);
    if (!add) return;
    bind_number(add, 1, writer->workload_base + workload->id);
    bind_number(add, 2, writer->run);
    sim_bind_text(add, 3, workload->service);
    sim_bind_text(add, 4, workload->version);
    sim_bind_text(add, 5, workload->zone);
    bind_optional(add, 6, workload->spiffe_id);
    end(writer, add);
}

static void on_edge(struct sim_sink *sink, const struct sim_sink_edge *edge)
{
    struct sim_writer *writer = writer_of(sink);
    sqlite3_stmt *add = begin(writer, SIM_ADD_EDGE);
    if (!add) return;
    bind_number(add, 1, writer->edge_base + edge->id);
    bind_number(add, 2, writer->run);
    bind_number(add, 3, writer->workload_base + edge->src);
    bind_number(add, 4, writer->workload_base + edge->dst);
    sim_bind_text(add, 5, edge->protocol);
    end(writer, add);
}

static void on_event(struct sim_sink *sink, const struct sim_sink_event *event)
{
    struct sim_writer *writer = writer_of(sink);
    sqlite3_stmt *add = begin(writer, SIM_ADD_EVENT);
    if (!add) return;
    bind_number(add, 2, ++writer->next_event);
    bind_number(add, 3, event->at);
    bind_words(add, 4, event->kind);
    bind_number(add, 5, event->severity);
    sim_bind_text(add, 6, event->subject);
    sim_bind_text(add, 7, event->message);
    end(writer, add);
}

static void on_fault(struct sim_sink *sink, const struct sim_sink_fault *fault)
{
    struct sim_writer *writer = writer_of(sink);
    sqlite3_stmt *add = begin(writer, SIM_ADD_FAULT);
    if (!add) return;
    bind_number(add, 1, writer->fault_base + fault->id);
    bind_number(add, 2, writer->run);
    bind_words(add, 3, fault->kind);
    sim_bind_text(add, 4, fault->selector);
    bind_number(add, 5, fault->start);
    bind_instant(add, 6, fault->end);
    sim_bind_text(add, 7, fault->params_json);
    bind_count(add, 8, fault->packets);
    bind_count(add, 9, fault->requests);
    bind_count(add, 10, fault->connections);
    end(writer, add);
}

static void on_rollout(struct sim_sink *sink, const struct sim_sink_rollout *rollout)
{
    struct sim_writer *writer = writer_of(sink);
    sqlite3_stmt *add = begin(writer, SIM_ADD_ROLLOUT);
    if (!add) return;
    sim_bind_text(add, 2, rollout->target);
    bind_number(add, 3, ++writer->next_step);
    bind_number(add, 4, rollout->at);
    bind_words(add, 5, rollout->phase);
    bind_number(add, 6, rollout->weight);
    if (rollout->metric) {
        char bound[64];
        bind_words(add, 7, rollout->metric);
        bind_figure(add, 8, rollout->observed);
        snprintf(bound, sizeof bound, "%s %.6g", rollout->bound_is_max ? "<=" : ">=", rollout->bound.value);
        if (rollout->bound.known) bind_words(add, 9, bound);
        if (rollout->ok != SIM_INCONCLUSIVE) bind_number(add, 10, rollout->ok == SIM_PASS);
    }
    bind_number(add, 11, rollout->failed_checks);
    bind_words(add, 12, rollout->reason);
    end(writer, add);
}

static struct mc_str print_serial(uint64_t serial, char out[static 24])
{
    return mc_str(out, (size_t)snprintf(out, 24, "%" PRIx64, serial));
}

static void replace_cert(struct sim_writer *writer, const struct sim_sink_cert *cert)
{
    char serial[24];
    sqlite3_stmt *replace = begin(writer, SIM_REPLACE_CERT);
    if (!replace) return;
    sim_bind_text(replace, 2, print_serial(cert->replaces, serial));
    bind_number(replace, 3, cert->issued);
    end(writer, replace);
}

static void on_cert(struct sim_sink *sink, const struct sim_sink_cert *cert)
{
    struct sim_writer *writer = writer_of(sink);
    char serial[24];
    sqlite3_stmt *add = begin(writer, SIM_ADD_CERT);
    if (!add) return;
    sim_bind_text(add, 2, print_serial(cert->serial, serial));
    if (cert->workload) bind_number(add, 3, writer->workload_base + cert->workload);
    bind_words(add, 4, cert->is_root ? "root" : "leaf");
    bind_number(add, 5, cert->not_before);
    bind_number(add, 6, cert->not_after);
    bind_number(add, 7, cert->issued);
    sim_bind_text(add, 8, cert->issuer);
    end(writer, add);
    if (cert->replaces) replace_cert(writer, cert);
}

static void on_verdict(struct sim_sink *sink, const struct sim_verdict *verdict, uint32_t sequence)
{
    struct sim_writer *writer = writer_of(sink);
    sqlite3_stmt *add = begin(writer, SIM_ADD_VERDICT);
    if (!add) return;
    bind_number(add, 2, sequence);
    bind_words(add, 3, sim_verdict_kind_text(verdict->kind));
    sim_bind_text(add, 4, verdict->name);
    bind_words(add, 5, sim_status_text(verdict->status));
    bind_instant(add, 6, verdict->at);
    bind_figure(add, 7, verdict->observed);
    bind_optional(add, 8, verdict->op);
    bind_figure(add, 9, verdict->expected);
    bind_optional(add, 10, verdict->unit);
    if (verdict->samples) bind_count(add, 11, verdict->samples);
    bind_optional(add, 12, verdict->message);
    bind_optional(add, 13, verdict->source.file);
    if (verdict->source.line) bind_number(add, 14, verdict->source.line);
    end(writer, add);
}

/* ---- series ---- */

static const char *const series_kinds[] = {
    [SIM_SERIES_COUNTER] = "counter", [SIM_SERIES_GAUGE] = "gauge", [SIM_SERIES_HISTOGRAM] = "histogram"};

static struct sim_known_series *add_series(struct sim_writer *writer, const struct sim_sink_sample *sample,
                                           struct mc_str key, uint64_t hash)
{
    struct sim_known_series *known = malloc(sizeof *known + key.n);
    sqlite3_stmt *add = known ? begin(writer, SIM_ADD_SERIES) : NULL;
    if (!known) sim_store_fail(writer->store, SQLITE_NOMEM);
    if (!add) {
        free(known);
        return NULL;
    }
    known->id = ++writer->next_series;
    known->length = key.n;
    memcpy(known->key, key.p, key.n);
    known->next = mc_map_get(&writer->series, hash);
    if (!mc_map_put(&writer->series, hash, known)) {
        free(known);
        sim_store_fail(writer->store, SQLITE_NOMEM);
        return NULL;
    }
    bind_number(add, 1, known->id);
    bind_number(add, 2, writer->run);
    bind_words(add, 3, sample->metric);
    bind_words(add, 4, series_kinds[sample->kind]);
    bind_words(add, 5, sample->unit);
    if (sample->edge) bind_number(add, 6, writer->edge_base + sample->edge);
    if (sample->workload) bind_number(add, 7, writer->workload_base + sample->workload);
    bind_words(add, 8, sample->labels_json ? sample->labels_json : "{}");
    end(writer, add);
    return known;
}

static struct sim_known_series *find_series(struct sim_writer *writer, const struct sim_sink_sample *sample)
{
    char text[1024];
    int n = snprintf(text, sizeof text, "%s\t%" PRIu32 "\t%" PRIu32 "\t%s", sample->metric, sample->edge, sample->workload,
                     sample->labels_json ? sample->labels_json : "{}");
    mc_assert(n > 0 && (size_t)n < sizeof text);
    struct mc_str key = mc_str(text, (size_t)n);
    uint64_t hash = 14695981039346656037u; /* FNV-1a; equal hashes are told apart below */
    for (size_t i = 0; i < key.n; i++) hash = (hash ^ (unsigned char)key.p[i]) * 1099511628211u;
    for (struct sim_known_series *known = mc_map_get(&writer->series, hash); known; known = known->next)
        if (mc_str_eq(mc_str(known->key, known->length), key)) return known;
    return writer->series.count < SIM_STORE_SERIES_MAX ? add_series(writer, sample, key, hash) : NULL;
}

static bool hold_blob(struct sim_writer *writer, const struct mc_hist *hist)
{
    size_t size = 1 + (size_t)SIM_BLOB_PAIR * hist->span;
    if (size <= writer->blob_size) return true;
    unsigned char *blob = realloc(writer->blob, size);
    if (!blob) return sim_store_fail(writer->store, SQLITE_NOMEM);
    writer->blob = blob;
    writer->blob_size = size;
    return true;
}

static void add_hist(struct sim_writer *writer, int64_t series, const struct sim_sink_sample *sample)
{
    static const uint32_t quantiles[] = {500000, 900000, 990000, 999000};
    const struct mc_hist *hist = sample->hist;
    sqlite3_stmt *add = hold_blob(writer, hist) ? begin(writer, SIM_ADD_HIST) : NULL;
    if (!add) return;
    bind_number(add, 1, series);
    bind_number(add, 2, sample->at / MC_MS);
    bind_count(add, 3, hist->count);
    sqlite3_bind_double(add, 4, (double)hist->sum);
    if (hist->count) {
        sqlite3_bind_double(add, 5, (double)hist->min);
        for (int i = 0; i < 4; i++) sqlite3_bind_double(add, 6 + i, (double)mc_hist_quantile(hist, quantiles[i]));
        sqlite3_bind_double(add, 10, (double)hist->max);
    }
    sqlite3_bind_blob(add, 11, writer->blob, (int)sim_hist_pack(hist, writer->blob), SQLITE_TRANSIENT);
    end(writer, add);
}

static void on_sample(struct sim_sink *sink, const struct sim_sink_sample *sample)
{
    struct sim_writer *writer = writer_of(sink);
    struct sim_known_series *series = writer->open ? find_series(writer, sample) : NULL;
    if (!series) return;
    if (sample->kind == SIM_SERIES_HISTOGRAM) {
        add_hist(writer, series->id, sample);
        return;
    }
    sqlite3_stmt *add = begin(writer, SIM_ADD_POINT);
    if (!add) return;
    bind_number(add, 1, series->id);
    bind_number(add, 2, sample->at / MC_MS);
    sqlite3_bind_double(add, 3, (double)sample->value);
    end(writer, add);
}

static void on_request(struct sim_sink *sink, const struct sim_sink_request *request)
{
    struct sim_writer *writer = writer_of(sink);
    sqlite3_stmt *add = writer->requests ? begin(writer, SIM_ADD_REQUEST) : NULL;
    if (!add) return;
    bind_number(add, 2, request->at);
    bind_number(add, 3, request->duration);
    if (request->first_byte) bind_number(add, 4, request->first_byte);
    bind_number(add, 5, writer->edge_base + request->edge);
    bind_number(add, 6, request->code);
    bind_number(add, 7, request->flags);
    bind_number(add, 8, request->attempts);
    bind_count(add, 9, request->bytes_up);
    bind_count(add, 10, request->bytes_down);
    bind_bits(add, 11, request->trace_hi);
    bind_bits(add, 12, request->trace_lo);
    bind_bits(add, 13, request->span);
    if (request->parent) bind_bits(add, 14, request->parent);
    end(writer, add);
}

static void on_ended(struct sim_sink *sink, const struct sim_sink_end *ended)
{
    struct sim_writer *writer = writer_of(sink);
    char hash[24];
    sqlite3_stmt *set = begin(writer, SIM_END_RUN);
    if (!set) return;
    bind_words(set, 2, ended->status);
    bind_number(set, 3, ended->sim_ns);
    bind_count(set, 4, ended->events);
    snprintf(hash, sizeof hash, "%016" PRIx64, ended->trace_hash);
    bind_words(set, 5, hash);
    end(writer, set);
    sim_store_commit(writer->store);
    sim_writer_fini(writer);
}

static const struct sim_sink_type type = {
    .workload = on_workload,
    .edge = on_edge,
    .event = on_event,
    .fault = on_fault,
    .rollout = on_rollout,
    .cert = on_cert,
    .verdict = on_verdict,
    .sample = on_sample,
    .request = on_request,
    .ended = on_ended,
};

/* ---- its life ---- */

struct sim_sink *sim_store_sink(struct sim_store *store, int64_t run, enum sim_detail detail, uint32_t sample_ppm)
{
    struct sim_writer *writer = &store->writer;
    static const uint32_t everything = 1000000, nothing = UINT32_MAX;
    mc_assert(!writer->open && !store->readable_only);
    *writer = (struct sim_writer){
        .sink = {.type = &type},
        .store = store,
        .run = run,
        .workload_base = sim_store_number(store, "SELECT max(workload_id) FROM workload", 0, 0),
        .edge_base = sim_store_number(store, "SELECT max(edge_id) FROM edge", 0, 0),
        .fault_base = sim_store_number(store, "SELECT max(fault_id) FROM fault", 0, 0),
        .next_series = sim_store_number(store, "SELECT max(series_id) FROM series", 0, 0),
        .requests = detail != SIM_DETAIL_SUMMARY,
        .open = true,
    };
    writer->sink.sample_ppm = detail == SIM_DETAIL_FULL ? everything : detail == SIM_DETAIL_SAMPLED ? sample_ppm : nothing;
    mc_map_init(&writer->series, sim_store_memory());
    return &writer->sink;
}

void sim_writer_fini(struct sim_writer *writer)
{
    uint32_t at = 0;
    if (!writer->open) return;
    for (struct mc_map_entry *entry; (entry = mc_map_next(&writer->series, &at));)
        for (struct sim_known_series *known = entry->value, *next; known; known = next) {
            next = known->next;
            free(known);
        }
    mc_map_fini(&writer->series);
    free(writer->blob);
    writer->blob = NULL;
    writer->open = false;
}
