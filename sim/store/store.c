#include "sim/store/parts.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { APPLICATION = 0x4D544231 /* 'MTB1' */, SCHEMA = 1, BUSY_MS = 10000 };

static const char *const details[] = {"summary", "sampled", "full"};

bool sim_detail_read(struct mc_str text, enum sim_detail *detail)
{
    for (unsigned i = 0; i < MC_COUNT_OF(details); i++) {
        if (!mc_str_eq(text, mc_str_c(details[i]))) continue;
        *detail = (enum sim_detail)i;
        return true;
    }
    return false;
}

const char *sim_detail_text(enum sim_detail detail)
{
    mc_assert(detail < MC_COUNT_OF(details));
    return details[detail];
}

/* ---- memory ---- */

static void *take(void *self, size_t size)
{
    (void)self;
    return malloc(size);
}

static void give(void *self, void *block, size_t size)
{
    (void)self, (void)size;
    free(block);
}

struct mc_alloc sim_store_memory(void)
{
    return (struct mc_alloc){.take = take, .give = give};
}

/* ---- what goes wrong ---- */

static enum sim_store_trouble trouble_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT: return SIM_STORE_FOREIGN;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY: return SIM_STORE_REFUSED;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return SIM_STORE_BUSY;
    case SQLITE_NOMEM: return SIM_STORE_MEMORY;
    default: return SIM_STORE_IO;
    }
}

void sim_store_describe(struct sim_store_error *error, const char *path, int code, const char *why)
{
    static const char *const texts[] = {
        [SIM_STORE_FOREIGN] = "is not a sound results file",
        [SIM_STORE_REFUSED] = "cannot be written",
        [SIM_STORE_IO] = "cannot be written",
        [SIM_STORE_BUSY] = "is in use by another process",
        [SIM_STORE_MEMORY] = "cannot be used: out of memory",
    };
    if (!error || error->trouble) return;
    error->trouble = trouble_of(code);
    snprintf(error->text, sizeof error->text, "%s %s (%s)", path, texts[error->trouble], why);
}

bool sim_store_fail(struct sim_store *store, int code)
{
    sim_store_describe(&store->error, store->path, code, sqlite3_errmsg(store->db));
    if (store->error.trouble == SIM_STORE_IO && store->readable_only)
        snprintf(store->error.text, sizeof store->error.text, "%s cannot be read (%s)", store->path, sqlite3_errmsg(store->db));
    return false;
}

const struct sim_store_error *sim_store_error(const struct sim_store *store)
{
    return &store->error;
}

const char *sim_store_path(const struct sim_store *store)
{
    return store->path;
}

const char *sim_store_library(void)
{
    static const char name[] = "SQLite " SQLITE_VERSION;
    return name;
}

/* ---- statements ---- */

bool sim_store_do(struct sim_store *store, const char *sql)
{
    if (store->error.trouble) return false;
    int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK || sim_store_fail(store, code);
}

sqlite3_stmt *sim_store_prepare(struct sim_store *store, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (store->error.trouble) return NULL;
    int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (code != SQLITE_OK) sim_store_fail(store, code);
    return statement;
}

bool sim_store_finish(struct sim_store *store, sqlite3_stmt *statement)
{
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) continue;
    if (code != SQLITE_DONE) sim_store_fail(store, code);
    sqlite3_finalize(statement);
    return code == SQLITE_DONE;
}

void sim_bind_text(sqlite3_stmt *statement, int index, struct mc_str text)
{
    sqlite3_bind_text(statement, index, text.p ? text.p : "", (int)text.n, SQLITE_TRANSIENT);
}

int64_t sim_store_number(struct sim_store *store, const char *sql, int64_t run, int64_t otherwise)
{
    sqlite3_stmt *statement = sim_store_prepare(store, sql);
    if (!statement) return otherwise;
    sqlite3_bind_int64(statement, 1, run);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL)
        otherwise = sqlite3_column_int64(statement, 0);
    if (code != SQLITE_ROW && code != SQLITE_DONE) sim_store_fail(store, code);
    sqlite3_finalize(statement);
    return otherwise;
}

bool sim_store_row(struct sim_store *store)
{
    if (store->in_transaction && store->rows++ < SIM_STORE_BATCH) return !store->error.trouble;
    if (store->in_transaction && !sim_store_commit(store)) return false;
    store->in_transaction = sim_store_do(store, "BEGIN");
    store->rows = 0;
    return store->in_transaction;
}

bool sim_store_commit(struct sim_store *store)
{
    if (!store->in_transaction) return !store->error.trouble;
    store->in_transaction = false;
    if (sim_store_do(store, "COMMIT")) return true;
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return false;
}

/* ---- opening ---- */

static struct sim_store *new_store(const char *path, int flags, struct sim_store_error *error)
{
    struct sim_store *store = calloc(1, sizeof *store);
    if (store) store->path = strdup(path);
    if (!store || !store->path) {
        free(store);
        sim_store_describe(error, path, SQLITE_NOMEM, "out of memory");
        return NULL;
    }
    int code = sqlite3_open_v2(path, &store->db, flags, NULL);
    if (code == SQLITE_OK) {
        sqlite3_extended_result_codes(store->db, 1);
        sqlite3_busy_timeout(store->db, BUSY_MS);
        return store;
    }
    sim_store_describe(error, path, code, store->db ? sqlite3_errmsg(store->db) : "out of memory");
    sim_store_close(store, NULL);
    return NULL;
}

static struct sim_store *give_up(struct sim_store *store, struct sim_store_error *error)
{
    *error = store->error;
    sim_store_close(store, NULL);
    return NULL;
}

/* An empty file may be one that is about to become a results file; whoever reads it is told that it is none. */
static bool is_results_file(struct sim_store *store)
{
    int64_t application = sim_store_number(store, "PRAGMA application_id", 0, 0);
    int64_t schema = sim_store_number(store, "PRAGMA user_version", 0, 0);
    if (store->error.trouble) return false;
    if (application == APPLICATION && schema == SCHEMA) return true;
    store->error.trouble = SIM_STORE_FOREIGN;
    if (application == APPLICATION)
        snprintf(store->error.text, sizeof store->error.text, "%s has schema %lld; this squall knows schema %d only",
                 store->path, (long long)schema, SCHEMA);
    else
        snprintf(store->error.text, sizeof store->error.text, "%s is not a results file of squall", store->path);
    return false;
}

/* SQLite would wait for the other end of a pipe. */
static bool is_no_file(const char *path)
{
    struct stat what;
    return stat(path, &what) == 0 && !S_ISREG(what.st_mode);
}

static bool fill(struct sim_store *store, bool fresh)
{
    if (!fresh && !is_results_file(store)) return false;
    if (fresh && !(sim_store_do(store, "BEGIN") && sim_store_do(store, sim_store_schema) && sim_store_do(store, "COMMIT")))
        return false;
    return sim_store_do(store, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
}

struct sim_store *sim_store_create(const char *path, struct sim_store_error *error)
{
    bool existed = access(path, F_OK) == 0;
    *error = (struct sim_store_error){.trouble = SIM_STORE_OK};
    if (is_no_file(path)) {
        error->trouble = SIM_STORE_REFUSED;
        snprintf(error->text, sizeof error->text, "%s is no plain file", path);
        return NULL;
    }
    struct sim_store *store = new_store(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error);
    if (!store) return NULL;
    /* SQLite falls back to reading where it may not write. */
    if (sqlite3_db_readonly(store->db, "main") == 1)
        sim_store_describe(&store->error, path, SQLITE_READONLY, "read-only");
    bool fresh = !store->error.trouble && sim_store_number(store, "PRAGMA page_count", 0, 0) == 0;
    if (!store->error.trouble && fill(store, fresh)) return store;
    give_up(store, error);
    if (!existed) sim_store_remove(path);
    return NULL;
}

struct sim_store *sim_store_open(const char *path, struct sim_store_error *error)
{
    *error = (struct sim_store_error){.trouble = SIM_STORE_OK};
    if (access(path, R_OK)) {
        error->trouble = SIM_STORE_MISSING;
        snprintf(error->text, sizeof error->text, "%s: %s", path, strerror(errno));
        return NULL;
    }
    if (is_no_file(path)) {
        error->trouble = SIM_STORE_FOREIGN;
        snprintf(error->text, sizeof error->text, "%s is no plain file", path);
        return NULL;
    }
    struct sim_store *store = new_store(path, SQLITE_OPEN_READONLY, error);
    if (!store) return NULL;
    store->readable_only = true;
    return is_results_file(store) ? store : give_up(store, error);
}

void sim_store_remove(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    char name[4096];
    for (size_t i = 0; i < MC_COUNT_OF(suffixes); i++)
        if ((size_t)snprintf(name, sizeof name, "%s%s", path, suffixes[i]) < sizeof name) unlink(name);
}

/* ---- closing ---- */

/* The index of requests is built when the last of them is there. */
static void settle(struct sim_store *store)
{
    sim_store_commit(store);
    if (!store->is_part && sim_store_number(store, "SELECT max(rowid) FROM request", 0, 0) > 10000)
        sim_store_do(store, "CREATE INDEX IF NOT EXISTS request_by_edge ON request(run_id, edge_id, t_ns)");
    if (!store->is_part) sim_store_do(store, "ANALYZE; PRAGMA optimize");
    sim_store_do(store, "PRAGMA wal_checkpoint(TRUNCATE)");
    /* Somebody else may be reading: then that one leaves WAL behind, and nothing is lost. */
    if (!store->error.trouble) sqlite3_exec(store->db, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
}

bool sim_store_close(struct sim_store *store, struct sim_store_error *error)
{
    if (error) *error = (struct sim_store_error){.trouble = SIM_STORE_OK};
    if (!store) return true;
    for (int i = 0; i < SIM_STATEMENTS; i++) sqlite3_finalize(store->statements[i]);
    sim_writer_fini(&store->writer);
    if (store->db && !store->readable_only && !store->error.trouble) settle(store);
    bool good = !store->error.trouble;
    if (error) *error = store->error;
    sqlite3_close_v2(store->db);
    free(store->path);
    free(store);
    return good;
}

/* ---- invocations and runs ---- */

int64_t sim_store_add_invocation(struct sim_store *store, const struct sim_store_invocation *invocation)
{
    const char *const texts[] = {invocation->started_utc, invocation->argv_json, invocation->cwd,
                                 invocation->tool_version, invocation->tool_commit, invocation->host_json};
    sqlite3_stmt *add = sim_store_row(store) ? sim_store_prepare(store,
        "INSERT INTO invocation(started_utc, argv_json, cwd, tool_version, tool_commit, host_json) VALUES(?,?,?,?,?,?)") : NULL;
    if (!add) return 0;
    for (size_t i = 0; i < MC_COUNT_OF(texts); i++) sim_bind_text(add, (int)i + 1, mc_str_c(texts[i]));
    return sim_store_finish(store, add) ? sqlite3_last_insert_rowid(store->db) : 0;
}

static int64_t add_run(struct sim_store *store, int64_t invocation, int64_t number, const struct sim_store_run *run)
{
    sqlite3_stmt *add = sim_store_row(store) ? sim_store_prepare(store,
        "INSERT INTO run(invocation_id, run_id, scenario, file, line, script_sha256, profile, variant_json, seed, status,"
        " detail_level) VALUES(?,?,?,?,?,?,?,?,?,'running',?)") : NULL;
    if (!add) return 0;
    mc_assert(run->seed <= INT64_MAX);
    sqlite3_bind_int64(add, 1, invocation);
    if (number) sqlite3_bind_int64(add, 2, number);
    sim_bind_text(add, 3, run->scenario);
    sim_bind_text(add, 4, run->file);
    sqlite3_bind_int(add, 5, run->line);
    sim_bind_text(add, 6, run->script_sha256);
    sim_bind_text(add, 7, run->profile);
    sim_bind_text(add, 8, run->variant_json.n ? run->variant_json : MC_STR("{}"));
    sqlite3_bind_int64(add, 9, (int64_t)run->seed);
    sim_bind_text(add, 10, mc_str_c(sim_detail_text(run->detail)));
    return sim_store_finish(store, add) ? sqlite3_last_insert_rowid(store->db) : 0;
}

int64_t sim_store_add_run(struct sim_store *store, int64_t invocation, const struct sim_store_run *run)
{
    return add_run(store, invocation, 0, run);
}

struct sim_store *sim_store_create_part(const char *path, int64_t run, const struct sim_store_run *what,
                                        struct sim_store_error *error)
{
    sim_store_remove(path); /* left behind by a process that was killed */
    struct sim_store *store = sim_store_create(path, error);
    if (!store) return NULL;
    store->is_part = true;
    struct sim_store_invocation none = {"", "", "", "", "", ""};
    int64_t invocation = sim_store_add_invocation(store, &none);
    if (add_run(store, invocation, run, what) && sim_store_commit(store)) return store;
    give_up(store, error);
    sim_store_remove(path);
    return NULL;
}

void sim_store_set_wall(struct sim_store *store, int64_t invocation, int64_t wall_ms)
{
    sqlite3_stmt *set = sim_store_row(store) ? sim_store_prepare(store, "UPDATE invocation SET wall_ms=? WHERE invocation_id=?") : NULL;
    if (!set) return;
    sqlite3_bind_int64(set, 1, wall_ms);
    sqlite3_bind_int64(set, 2, invocation);
    sim_store_finish(store, set);
}

void sim_store_set_status(struct sim_store *store, int64_t run, const char *status)
{
    sqlite3_stmt *set = sim_store_row(store) ? sim_store_prepare(store, "UPDATE run SET status=? WHERE run_id=?") : NULL;
    if (!set) return;
    sim_bind_text(set, 1, mc_str_c(status));
    sqlite3_bind_int64(set, 2, run);
    sim_store_finish(store, set);
}

void sim_store_set_attr(struct sim_store *store, int64_t run, const char *key, struct mc_str value)
{
    sqlite3_stmt *set = sim_store_row(store) ? sim_store_prepare(store, "INSERT OR REPLACE INTO run_attr VALUES(?,?,?)") : NULL;
    if (!set) return;
    sqlite3_bind_int64(set, 1, run);
    sim_bind_text(set, 2, mc_str_c(key));
    sim_bind_text(set, 3, value);
    sim_store_finish(store, set);
}

/* Files of before there was the table are given it. */
static const char perturbation_table[] =
    "CREATE TABLE IF NOT EXISTS perturbation(run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, seq INTEGER NOT NULL,"
    " constant TEXT NOT NULL, what TEXT NOT NULL, moved_permille INTEGER NOT NULL, status TEXT NOT NULL, flipped TEXT,"
    " PRIMARY KEY(run_id,seq)) STRICT, WITHOUT ROWID";

void sim_store_add_perturbation(struct sim_store *store, int64_t run, uint32_t sequence, const struct sim_store_perturbation *perturbation)
{
    bool ready = sim_store_row(store) && sim_store_do(store, perturbation_table);
    sqlite3_stmt *add = ready ? sim_store_prepare(store, "INSERT OR REPLACE INTO perturbation VALUES(?,?,?,?,?,?,?)") : NULL;
    if (!add) return;
    sqlite3_bind_int64(add, 1, run);
    sqlite3_bind_int64(add, 2, sequence);
    sim_bind_text(add, 3, perturbation->constant);
    sim_bind_text(add, 4, perturbation->what);
    sqlite3_bind_int(add, 5, perturbation->permille);
    sim_bind_text(add, 6, perturbation->status);
    if (perturbation->flipped.n) sim_bind_text(add, 7, perturbation->flipped);
    sim_store_finish(store, add);
}

void sim_store_doubt(struct sim_store *store, int64_t run, uint32_t sequence, struct mc_str message)
{
    sqlite3_stmt *set = sim_store_row(store) ? sim_store_prepare(store,
        "UPDATE verdict SET status='inconclusive', message=?3 WHERE run_id=?1 AND seq=?2") : NULL;
    if (!set) return;
    sqlite3_bind_int64(set, 1, run);
    sqlite3_bind_int64(set, 2, sequence);
    sim_bind_text(set, 3, message);
    sim_store_finish(store, set);
}
