#include "sim/store/parts.h"
#include <inttypes.h>
#include <stdlib.h>

struct sim_rows {
    struct sim_store *store;
    sqlite3_stmt *statement;
    enum sim_table table;
};

static struct mc_str text_of(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return mc_str(text ? text : "", (size_t)sqlite3_column_bytes(statement, column));
}

static bool is_null(sqlite3_stmt *statement, int column)
{
    return sqlite3_column_type(statement, column) == SQLITE_NULL;
}

static int64_t number(sqlite3_stmt *statement, int column)
{
    return sqlite3_column_int64(statement, column);
}

static uint64_t count(sqlite3_stmt *statement, int column)
{
    return (uint64_t)sqlite3_column_int64(statement, column);
}

static mc_ns instant(sqlite3_stmt *statement, int column)
{
    return is_null(statement, column) ? MC_NEVER : number(statement, column);
}

static struct sim_figure figure(sqlite3_stmt *statement, int column)
{
    if (is_null(statement, column)) return (struct sim_figure){.known = false};
    return (struct sim_figure){.known = true, .value = sqlite3_column_double(statement, column)};
}

/* ---- one function per table: its columns in the order of its query ---- */

static void read_run(sqlite3_stmt *s, struct sim_row *row)
{
    row->run = (struct sim_row_run){
        .run = number(s, 0), .invocation = number(s, 1), .scenario = text_of(s, 2), .file = text_of(s, 3),
        .line = (int)number(s, 4), .script_sha256 = text_of(s, 5), .profile = text_of(s, 6), .variant_json = text_of(s, 7),
        .seed = count(s, 8), .status = text_of(s, 9), .sim_ns = number(s, 10), .events = count(s, 11),
        .trace_hash = text_of(s, 12), .detail = text_of(s, 13), .started_utc = text_of(s, 14)};
}

static void read_attr(sqlite3_stmt *s, struct sim_row *row)
{
    row->attr = (struct sim_row_attr){text_of(s, 0), text_of(s, 1)};
}

static void read_workload(sqlite3_stmt *s, struct sim_row *row)
{
    row->workload = (struct sim_row_workload){number(s, 0), text_of(s, 1), text_of(s, 2), text_of(s, 3), text_of(s, 4)};
}

static void read_edge(sqlite3_stmt *s, struct sim_row *row)
{
    row->edge = (struct sim_row_edge){number(s, 0), number(s, 1), number(s, 2), text_of(s, 3)};
}

static const char *const kinds[] = {
#define X(name, text) [SIM_VERDICT_##name] = text,
    SIM_VERDICT_KINDS(X)
#undef X
};

static enum sim_verdict_kind kind_of(struct mc_str text)
{
    for (unsigned i = 0; i < MC_COUNT_OF(kinds); i++)
        if (mc_str_eq(text, mc_str_c(kinds[i]))) return (enum sim_verdict_kind)i;
    return SIM_VERDICT_CHECK; /* the table's own constraint excludes it */
}

static enum sim_status status_of(struct mc_str text)
{
    return mc_str_eq(text, MC_STR("pass")) ? SIM_PASS : mc_str_eq(text, MC_STR("fail")) ? SIM_FAIL : SIM_INCONCLUSIVE;
}

static void read_verdict(sqlite3_stmt *s, struct sim_row *row)
{
    row->verdict = (struct sim_verdict){
        .kind = kind_of(text_of(s, 0)), .name = text_of(s, 1), .status = status_of(text_of(s, 2)), .at = number(s, 3),
        .observed = figure(s, 4), .op = text_of(s, 5), .expected = figure(s, 6), .unit = text_of(s, 7),
        .samples = count(s, 8), .message = text_of(s, 9), .source = {.file = text_of(s, 10), .line = (int)number(s, 11)}};
}

static void read_event(sqlite3_stmt *s, struct sim_row *row)
{
    int64_t severity = number(s, 2);
    row->event = (struct sim_row_event){
        .at = number(s, 0), .kind = text_of(s, 1), .subject = text_of(s, 3), .message = text_of(s, 4),
        .severity = severity < SIM_INFO || severity > SIM_ERROR_SEVERITY ? SIM_INFO : (enum sim_severity)severity};
}

static void read_fault(sqlite3_stmt *s, struct sim_row *row)
{
    row->fault = (struct sim_row_fault){
        .fault = number(s, 0), .kind = text_of(s, 1), .selector = text_of(s, 2), .start = number(s, 3), .end = instant(s, 4),
        .params_json = text_of(s, 5), .packets = count(s, 6), .requests = count(s, 7), .connections = count(s, 8)};
}

static void read_rollout(sqlite3_stmt *s, struct sim_row *row)
{
    row->rollout = (struct sim_row_rollout){
        .target = text_of(s, 0), .at = number(s, 1), .phase = text_of(s, 2), .weight = (uint32_t)number(s, 3),
        .metric = text_of(s, 4), .observed = figure(s, 5), .bound = text_of(s, 6),
        .ok = is_null(s, 7) ? -1 : (int)number(s, 7), .failed_checks = (uint32_t)number(s, 8), .reason = text_of(s, 9)};
}

static void read_cert(sqlite3_stmt *s, struct sim_row *row)
{
    row->cert = (struct sim_row_cert){
        .serial = text_of(s, 0), .workload = number(s, 1), .kind = text_of(s, 2), .not_before = number(s, 3),
        .not_after = number(s, 4), .issued = number(s, 5), .replaced = instant(s, 6), .issuer = text_of(s, 7)};
}

static void read_series(sqlite3_stmt *s, struct sim_row *row)
{
    row->series = (struct sim_row_series){
        .series = number(s, 0), .metric = text_of(s, 1), .kind = text_of(s, 2), .unit = text_of(s, 3),
        .edge = number(s, 4), .workload = number(s, 5), .labels_json = text_of(s, 6)};
}

static void read_point(sqlite3_stmt *s, struct sim_row *row)
{
    row->point = (struct sim_row_point){number(s, 0), number(s, 1) * MC_MS, figure(s, 2)};
}

static void read_hist(sqlite3_stmt *s, struct sim_row *row)
{
    const void *blob = sqlite3_column_blob(s, 10);
    row->hist = (struct sim_row_hist){
        .series = number(s, 0), .at = number(s, 1) * MC_MS, .n = count(s, 2), .sum = sqlite3_column_double(s, 3),
        .min = sqlite3_column_double(s, 4), .p50 = sqlite3_column_double(s, 5), .p90 = sqlite3_column_double(s, 6),
        .p99 = sqlite3_column_double(s, 7), .p999 = sqlite3_column_double(s, 8), .max = sqlite3_column_double(s, 9),
        .blob = mc_str(blob ? blob : "", (size_t)sqlite3_column_bytes(s, 10))};
}

static void read_request(sqlite3_stmt *s, struct sim_row *row)
{
    row->request = (struct sim_sink_request){
        .at = number(s, 0), .duration = number(s, 1), .first_byte = number(s, 2), .edge = (uint32_t)number(s, 3),
        .code = (uint16_t)number(s, 4), .flags = (uint32_t)number(s, 5), .attempts = (uint32_t)number(s, 6),
        .bytes_up = count(s, 7), .bytes_down = count(s, 8), .trace_hi = count(s, 9), .trace_lo = count(s, 10),
        .span = count(s, 11), .parent = count(s, 12)};
}

static const struct {
    const char *sql;
    void (*read)(sqlite3_stmt *statement, struct sim_row *row);
} tables[SIM_TABLES] = {
    [SIM_TABLE_RUNS] = {"SELECT run_id, invocation_id, scenario, file, line, script_sha256, profile, variant_json, seed, status,"
                        " sim_ns, events, trace_hash, detail_level, started_utc FROM run JOIN invocation USING(invocation_id)"
                        " WHERE ?1 IN (0, run_id) ORDER BY run_id", read_run},
    [SIM_TABLE_ATTRS] = {"SELECT key, value FROM run_attr WHERE run_id=?1 ORDER BY key", read_attr},
    [SIM_TABLE_WORKLOADS] = {"SELECT workload_id, service, version, zone, spiffe_id FROM workload WHERE run_id=?1"
                             " ORDER BY workload_id", read_workload},
    [SIM_TABLE_EDGES] = {"SELECT edge_id, src_id, dst_id, protocol FROM edge WHERE run_id=?1 ORDER BY edge_id", read_edge},
    [SIM_TABLE_VERDICTS] = {"SELECT kind, name, status, t_ns, observed, op, expected, unit, samples, message, file, line"
                            " FROM verdict WHERE run_id=?1 ORDER BY seq", read_verdict},
    [SIM_TABLE_EVENTS] = {"SELECT t_ns, kind, severity, subject, message FROM event WHERE run_id=?1 ORDER BY seq", read_event},
    [SIM_TABLE_FAULTS] = {"SELECT fault_id, kind, selector, start_ns, end_ns, params_json, touched_packets, touched_requests,"
                          " touched_connections FROM fault WHERE run_id=?1 ORDER BY fault_id", read_fault},
    [SIM_TABLE_ROLLOUTS] = {"SELECT target, t_ns, phase, weight, metric, observed, bound, ok, failed_checks, reason"
                            " FROM rollout_step WHERE run_id=?1 ORDER BY target, seq", read_rollout},
    [SIM_TABLE_CERTS] = {"SELECT serial, workload_id, kind, not_before_ns, not_after_ns, issued_ns, replaced_ns, issuer"
                         " FROM cert WHERE run_id=?1 ORDER BY issued_ns, serial", read_cert},
    [SIM_TABLE_SERIES] = {"SELECT series_id, metric, kind, unit, edge_id, workload_id, labels_json FROM series WHERE run_id=?1"
                          " ORDER BY series_id", read_series},
    [SIM_TABLE_POINTS] = {"SELECT series_id, t_ms, value FROM point WHERE series_id IN"
                          " (SELECT series_id FROM series WHERE run_id=?1) ORDER BY series_id, t_ms", read_point},
    [SIM_TABLE_HISTS] = {"SELECT series_id, t_ms, n, sum, min, p50, p90, p99, p999, max, h FROM hist WHERE series_id IN"
                         " (SELECT series_id FROM series WHERE run_id=?1) ORDER BY series_id, t_ms", read_hist},
    [SIM_TABLE_REQUESTS] = {"SELECT t_ns, dur_ns, ttfb_ns, edge_id, status, flags, attempt, bytes_up, bytes_down, trace_hi,"
                            " trace_lo, span_id, parent_id FROM request WHERE run_id=?1 ORDER BY rowid", read_request},
};

struct sim_rows *sim_store_rows(struct sim_store *store, enum sim_table table, int64_t run)
{
    mc_assert(table < SIM_TABLES);
    sqlite3_stmt *statement = sim_store_prepare(store, tables[table].sql);
    struct sim_rows *rows = statement ? malloc(sizeof *rows) : NULL;
    if (!rows) {
        if (statement) sim_store_fail(store, SQLITE_NOMEM);
        sqlite3_finalize(statement);
        return NULL;
    }
    sqlite3_bind_int64(statement, 1, run);
    *rows = (struct sim_rows){store, statement, table};
    return rows;
}

bool sim_rows_next(struct sim_rows *rows, struct sim_row *row)
{
    int code = rows->store->error.trouble ? SQLITE_DONE : sqlite3_step(rows->statement);
    if (code == SQLITE_ROW) {
        tables[rows->table].read(rows->statement, row);
        return true;
    }
    if (code != SQLITE_DONE) sim_store_fail(rows->store, code);
    return false;
}

void sim_rows_free(struct sim_rows *rows)
{
    if (!rows) return;
    sqlite3_finalize(rows->statement);
    free(rows);
}

int64_t sim_store_last_run(struct sim_store *store)
{
    return sim_store_number(store, "SELECT max(run_id) FROM run", 0, 0);
}

int64_t sim_store_last_invocation(struct sim_store *store)
{
    return sim_store_number(store, "SELECT max(invocation_id) FROM invocation", 0, 0);
}

char *sim_store_attr(struct sim_store *store, int64_t run, const char *key)
{
    char *value = NULL;
    struct sim_row row;
    struct sim_rows *rows = sim_store_rows(store, SIM_TABLE_ATTRS, run);
    while (rows && !value && sim_rows_next(rows, &row))
        if (mc_str_eq(row.attr.key, mc_str_c(key))) value = strndup(row.attr.value.p, row.attr.value.n);
    sim_rows_free(rows);
    return value;
}
