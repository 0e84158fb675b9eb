#include "sim/store/parts.h"
#include <stdio.h>

/* Numbers of the part are moved past those of the results file. ?1 is the run; the offsets are constants
 * of the one transaction in which this happens. */
static const char copy_sql[] =
    "CREATE TEMP TABLE past AS SELECT"
    " (SELECT ifnull(max(workload_id),0) FROM main.workload) AS w, (SELECT ifnull(max(edge_id),0) FROM main.edge) AS e,"
    " (SELECT ifnull(max(fault_id),0) FROM main.fault) AS f, (SELECT ifnull(max(series_id),0) FROM main.series) AS s;"
    "INSERT INTO main.workload SELECT workload_id+w, run_id, service, version, zone, spiffe_id"
    " FROM part.workload, past ORDER BY workload_id;"
    "INSERT INTO main.edge SELECT edge_id+e, run_id, src_id+w, dst_id+w, protocol FROM part.edge, past ORDER BY edge_id;"
    "INSERT INTO main.verdict SELECT * FROM part.verdict ORDER BY run_id, seq;"
    "INSERT INTO main.event SELECT * FROM part.event ORDER BY run_id, seq;"
    "INSERT INTO main.fault SELECT fault_id+f, run_id, kind, selector, start_ns, end_ns, params_json, touched_packets,"
    " touched_requests, touched_connections FROM part.fault, past ORDER BY fault_id;"
    "INSERT INTO main.rollout_step SELECT * FROM part.rollout_step ORDER BY run_id, target, seq;"
    "INSERT INTO main.cert SELECT run_id, serial, workload_id+w, kind, not_before_ns, not_after_ns, issued_ns, replaced_ns,"
    " issuer FROM part.cert, past ORDER BY run_id, serial;"
    "INSERT INTO main.series SELECT series_id+s, run_id, metric, kind, unit, edge_id+e, workload_id+w, labels_json"
    " FROM part.series, past ORDER BY series_id;"
    "INSERT INTO main.point SELECT series_id+s, t_ms, value FROM part.point, past ORDER BY series_id, t_ms;"
    "INSERT INTO main.hist SELECT series_id+s, t_ms, n, sum, min, p50, p90, p99, p999, max, h FROM part.hist, past"
    " ORDER BY series_id, t_ms;"
    "INSERT INTO main.request SELECT run_id, t_ns, dur_ns, ttfb_ns, edge_id+e, status, flags, attempt, bytes_up, bytes_down,"
    " trace_hi, trace_lo, span_id, parent_id FROM part.request, past ORDER BY part.request.rowid;"
    "INSERT OR REPLACE INTO main.run_attr SELECT * FROM part.run_attr ORDER BY run_id, key;"
    "UPDATE main.run SET (status, sim_ns, events, trace_hash) ="
    " (SELECT status, sim_ns, events, trace_hash FROM part.run p WHERE p.run_id = main.run.run_id)"
    " WHERE run_id IN (SELECT run_id FROM part.run);"
    "DROP TABLE temp.past;";

static bool attach(struct sim_store *store, const char *path)
{
    sqlite3_stmt *statement = sim_store_prepare(store, "ATTACH ? AS part");
    if (!statement) return false;
    sim_bind_text(statement, 1, mc_str_c(path));
    return sim_store_finish(store, statement);
}

static bool copy(struct sim_store *store, int64_t run, const char *path, struct sim_store_error *error)
{
    if (sim_store_number(store, "SELECT count(*) FROM part.run WHERE run_id=?", run, 0) != 1) {
        sim_store_describe(error, path, SQLITE_CORRUPT, "a part without its run");
        return false;
    }
    return sim_store_do(store, "BEGIN") && sim_store_do(store, copy_sql) && sim_store_do(store, "COMMIT");
}

bool sim_store_merge(struct sim_store *store, const char *path, int64_t run, struct sim_store_error *error)
{
    *error = (struct sim_store_error){.trouble = SIM_STORE_OK};
    mc_assert(!store->writer.open);
    /* Looked at by itself first: what is wrong with a part is no trouble of the results file. */
    struct sim_store *part = sim_store_open(path, error);
    if (!part) return false;
    sim_store_close(part, NULL);
    bool good = sim_store_commit(store) && attach(store, path) && copy(store, run, path, error);
    if (!error->trouble) *error = store->error;
    if (!good) sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_exec(store->db, "DETACH part", NULL, NULL, NULL);
    return good;
}
