/* The results file, as another program sees it: sqlite3, the command line. */
#include "sim/store/blob.h"
#include "sim/store/store.h"
#include "support/memory.h"
#include "support/runner.h"
#include "support_run.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *test_store_suite(void);

static char folder[64], path[128];

static void set_up(void)
{
    fresh_folder(folder);
    snprintf(path, sizeof path, "%s/results.db", folder);
}

static void tear_down(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

static void write_run(uint64_t requests)
{
    int64_t run;
    struct sim_store_error error;
    struct sim_store *store = begin_store(path, &run);
    struct sim_sink *sink = sim_store_sink(store, run, SIM_DETAIL_SAMPLED, 10000);
    tell_run(sink, requests);
    tell_end(sink, "failed", 0xa1);
    ck_assert_msg(sim_store_close(store, &error), "%s", error.text);
}

#define ck_answer(sql, wanted) ck_assert_str_eq(ask(path, sql), wanted)

START_TEST(the_file_is_one_plain_sound_database)
{
    char other[160];
    write_run(10);
    ck_answer("PRAGMA integrity_check", "ok");
    ck_answer("SELECT count(*) FROM pragma_foreign_key_check", "0");
    ck_answer("PRAGMA journal_mode", "delete");
    ck_answer("PRAGMA page_size", "8192");
    ck_answer("PRAGMA application_id", "1297367601"); /* 'MTB1' */
    ck_answer("PRAGMA user_version", "1");
    snprintf(other, sizeof other, "%s-wal", path);
    ck_assert_int_ne(access(other, F_OK), 0);
    ck_answer("SELECT count(*) FROM pragma_table_list WHERE schema='main' AND type='table' AND name NOT LIKE 'sqlite%' AND NOT strict", "0");
}
END_TEST

START_TEST(what_is_told_is_there)
{
    write_run(10);
    ck_answer("SELECT scenario||'|'||line||'|'||profile||'|'||variant_json||'|'||seed||'|'||status||'|'||sim_ns||'|'||events||'|'||trace_hash FROM run",
              "a \"quoted\" one|7|istio-sidecar|{}|7|failed|60000000000|1234|00000000000000a1");
    ck_answer("SELECT group_concat(name||'='||status||' '||ifnull(observed,'-')||ifnull(op,'')||ifnull(expected,''), ';') FROM verdict",
              "rollback starts=pass -;p(99) < 250ms=fail 412.0<250.0");
    ck_answer("SELECT kind||'|'||start_ns||'|'||end_ns||'|'||touched_packets||'|'||touched_connections FROM fault", "partition|2000000000|3000000000|12|2");
    ck_answer("SELECT weight||'|'||metric||'|'||observed||'|'||bound||'|'||ok FROM rollout_step", "10|success_rate|98.5|>= 99|0");
    ck_answer("SELECT group_concat(serial||':'||ifnull(replaced_ns,'-')) FROM cert", "abc:1800000000000,abd:-");
    ck_answer("SELECT s.service||'>'||d.service||'/'||d.version||' '||protocol FROM edge e JOIN workload s ON s.workload_id=src_id JOIN workload d ON d.workload_id=dst_id",
              "user>cart/v1 https");
    ck_answer("SELECT count(*)||'|'||min(t_ns)||'|'||max(trace_lo)||'|'||max(trace_hi) FROM request", "10|0|9|-1");
    ck_answer("SELECT count(*) FROM event WHERE kind='phase' AND severity=1", "1");
}
END_TEST

START_TEST(series_are_found_again_and_told_apart)
{
    write_run(0);
    ck_answer("SELECT group_concat(labels_json||':'||(SELECT group_concat(t_ms||'='||value) FROM point p WHERE p.series_id=s.series_id), ' ') FROM series s WHERE kind='counter'",
              "{\"code\":\"503\"}:0=40.0,1000=2.0 {\"code\":\"200\"}:1000=2.0");
    /* 1 … 100, all below 128, where buckets are exact: nearest rank by hand. */
    ck_answer("SELECT n||'|'||sum||'|'||min||'|'||p50||'|'||p90||'|'||p99||'|'||max FROM hist", "100|5050.0|1.0|50.0|90.0|99.0|100.0");
    ck_answer("SELECT hex(substr(h,1,5))||' '||length(h) FROM hist", "0101010101 201"); /* version, then gap 1 count 1, a hundred times */
}
END_TEST

START_TEST(views_answer)
{
    write_run(3);
    ck_answer("SELECT failed_checks||'|'||source FROM v_runs", "1|scenarios/a.lua:7");
    ck_answer("SELECT name||'|'||source FROM v_failures", "p(99) < 250ms|scenarios/a.lua:11");
    ck_answer("SELECT src||'|'||dst||'|'||n||'|'||worst_p99 FROM v_edges", "user|cart|100|99.0");
    ck_answer("SELECT count(*) FROM v_timeline", "3");
    ck_answer("SELECT count(*) FROM v_vacuous", "0");
    ck_answer("SELECT count(*) FROM v_flaky", "0");
    ck_answer("SELECT count(*) FROM v_scorecard", "0");
}
END_TEST

START_TEST(many_requests_get_their_index_at_the_end)
{
    write_run(25000);
    ck_answer("SELECT count(*) FROM request", "25000");
    ck_answer("SELECT count(*) FROM sqlite_master WHERE name='request_by_edge'", "1");
    ck_answer("PRAGMA integrity_check", "ok");
}
END_TEST

START_TEST(summary_keeps_no_request)
{
    int64_t run;
    struct sim_store *store = begin_store(path, &run);
    struct sim_sink *sink = sim_store_sink(store, run, SIM_DETAIL_SUMMARY, 10000);
    ck_assert_uint_eq(sink->sample_ppm, UINT32_MAX);
    tell_run(sink, 5);
    tell_end(sink, "passed", 1);
    ck_assert(sim_store_close(store, NULL));
    ck_answer("SELECT (SELECT count(*) FROM request)||'|'||(SELECT count(*) FROM verdict)", "0|2");
}
END_TEST

/* ---- parts ---- */

static void write_part(const char *part, int64_t run, uint64_t seed, uint64_t hash, bool finished)
{
    struct sim_store_error error;
    struct sim_store_run row = some_run(seed);
    struct sim_store *store = sim_store_create_part(part, run, &row, &error);
    ck_assert_msg(store != NULL, "%s", error.text);
    struct sim_sink *sink = sim_store_sink(store, run, SIM_DETAIL_FULL, 0);
    ck_assert_uint_eq(sink->sample_ppm, 1000000);
    tell_run(sink, 4);
    if (finished) tell_end(sink, "passed", hash);
    ck_assert(sim_store_close(store, NULL));
}

START_TEST(parts_are_merged_under_new_numbers)
{
    char part[2][160];
    int64_t runs[2];
    struct sim_store_error error;
    struct sim_store_run row = some_run(8);
    struct sim_store *store = begin_store(path, &runs[0]);
    runs[1] = sim_store_add_run(store, 1, &row);
    for (int i = 0; i < 2; i++) {
        snprintf(part[i], sizeof part[i], "%s.part-%d", path, i);
        write_part(part[i], runs[i], 7 + (uint64_t)i, 0x10 + (uint64_t)i, true);
    }
    for (int i = 0; i < 2; i++) {
        ck_assert_msg(sim_store_merge(store, part[i], runs[i], &error), "%s", error.text);
        sim_store_remove(part[i]);
    }
    ck_assert(sim_store_close(store, NULL));
    ck_answer("PRAGMA integrity_check", "ok");
    ck_answer("SELECT count(*) FROM pragma_foreign_key_check", "0");
    ck_answer("SELECT group_concat(run_id||status||seed||trace_hash, ' ') FROM run", "1passed70000000000000010 2passed80000000000000011");
    ck_answer("SELECT count(*)||'|'||count(DISTINCT workload_id) FROM workload", "4|4");
    ck_answer("SELECT count(*) FROM edge e JOIN workload w ON w.workload_id=e.dst_id WHERE w.run_id=e.run_id AND w.service='cart'", "2");
    ck_answer("SELECT count(*) FROM edge e JOIN workload w ON w.workload_id=e.src_id WHERE w.run_id=e.run_id AND w.service='user'", "2");
    ck_answer("SELECT count(*) FROM request r JOIN edge e USING(edge_id) WHERE r.run_id=e.run_id", "8");
    ck_answer("SELECT count(*) FROM series s JOIN edge e USING(edge_id) WHERE s.run_id=e.run_id", "6");
    ck_answer("SELECT (SELECT count(*) FROM hist)||'|'||(SELECT count(*) FROM point)||'|'||(SELECT count(*) FROM verdict)", "2|6|4");
    ck_assert_int_ne(access(part[0], F_OK), 0);
}
END_TEST

START_TEST(a_bad_part_leaves_the_results_as_they_were)
{
    char part[160];
    int64_t run;
    struct sim_store_error error;
    struct sim_store *store = begin_store(path, &run);
    snprintf(part, sizeof part, "%s.part", path);
    FILE *file = fopen(part, "w");
    for (int i = 0; i < 5000; i++) fputs("no database\n", file);
    fclose(file);
    ck_assert(!sim_store_merge(store, part, run, &error));
    ck_assert_int_eq(error.trouble, SIM_STORE_FOREIGN);
    sim_store_remove(part);
    ck_assert(!sim_store_merge(store, part, run, &error));
    ck_assert_int_eq(error.trouble, SIM_STORE_MISSING);
    write_part(part, 77, 9, 1, true); /* of another run */
    ck_assert(!sim_store_merge(store, part, run, &error));
    ck_assert_int_eq(sim_store_error(store)->trouble, SIM_STORE_OK);
    ck_assert(sim_store_close(store, NULL));
    ck_answer("PRAGMA integrity_check", "ok");
    ck_answer("SELECT status||(SELECT count(*) FROM workload) FROM run", "running0");
}
END_TEST

/* ---- kill -9 ---- */

static void write_until_killed(int ready)
{
    int64_t run;
    struct sim_store *store = begin_store(path, &run);
    struct sim_sink *sink = sim_store_sink(store, run, SIM_DETAIL_FULL, 0);
    tell_run(sink, 50000);
    if (write(ready, "x", 1) != 1) _exit(1);
    for (mc_ns at = 0;; at++)
        sink->type->request(sink, &(struct sim_sink_request){.at = at, .duration = 1, .edge = 1, .code = 200, .attempts = 1});
}

START_TEST(a_killed_writer_leaves_a_sound_file_that_says_running)
{
    int ends[2], status;
    char byte;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (!child) write_until_killed(ends[1]);
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(WTERMSIG(status), SIGKILL);
    ck_answer("PRAGMA integrity_check", "ok");
    ck_answer("SELECT status||'|'||ifnull(trace_hash,'-') FROM run", "running|-");
    ck_answer("SELECT count(*)>=20000 FROM request", "1"); /* whole batches are there */
    struct sim_store_error error;
    struct sim_store *store = sim_store_create(path, &error); /* and it can be added to */
    ck_assert_msg(store != NULL, "%s", error.text);
    ck_assert(sim_store_close(store, NULL));
    ck_answer("PRAGMA journal_mode", "delete");
    close(ends[0]);
    close(ends[1]);
}
END_TEST

/* ---- a full disk ---- */

START_TEST(a_full_disk_is_told_and_leaves_a_sound_file)
{
    int64_t run;
    struct sim_store_error error;
    signal(SIGXFSZ, SIG_IGN);
    struct sim_store *store = begin_store(path, &run);
    struct rlimit limit = {400 * 1024, 400 * 1024};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    struct sim_sink *sink = sim_store_sink(store, run, SIM_DETAIL_FULL, 0);
    tell_run(sink, 60000);
    tell_end(sink, "passed", 1);
    ck_assert_int_eq(sim_store_error(store)->trouble, SIM_STORE_IO);
    ck_assert(!sim_store_close(store, &error));
    ck_assert_int_eq(error.trouble, SIM_STORE_IO);
    ck_assert_ptr_nonnull(strstr(error.text, path));
    ck_answer("PRAGMA integrity_check", "ok");
    ck_answer("SELECT status FROM run", "running");
}
END_TEST

START_TEST(a_full_disk_at_the_start_leaves_nothing)
{
    struct sim_store_error error;
    struct rlimit limit = {4096, 4096};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_ptr_null(sim_store_create(path, &error));
    ck_assert_int_eq(error.trouble, SIM_STORE_IO);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

/* ---- files that are none ---- */

static enum sim_store_trouble open_trouble(void)
{
    struct sim_store_error error;
    struct sim_store *store = sim_store_open(path, &error);
    ck_assert_ptr_null(store);
    ck_assert(*error.text);
    return error.trouble;
}

static void write_file(const char *text, size_t length, int times)
{
    FILE *file = fopen(path, "w");
    for (int i = 0; i < times; i++) fwrite(text, 1, length, file);
    fclose(file);
}

START_TEST(what_is_no_results_file_is_refused)
{
    struct sim_store_error error;
    ck_assert_int_eq(open_trouble(), SIM_STORE_MISSING);
    write_file("", 0, 1);
    ck_assert_int_eq(open_trouble(), SIM_STORE_FOREIGN);
    write_file("hello, world\n", 13, 1000);
    ck_assert_int_eq(open_trouble(), SIM_STORE_FOREIGN);
    ck_assert_ptr_null(sim_store_create(path, &error));
    ck_assert_int_eq(error.trouble, SIM_STORE_FOREIGN);
    ck_assert_int_eq(access(path, F_OK), 0); /* somebody's file stays */
    unlink(path);
    ask(path, "CREATE TABLE t(x)");
    ck_assert_int_eq(open_trouble(), SIM_STORE_FOREIGN);
    ck_assert_ptr_null(sim_store_create(path, &error));
    ck_answer("SELECT count(*) FROM sqlite_master", "1"); /* untouched */
}
END_TEST

START_TEST(another_schema_is_refused_by_name)
{
    struct sim_store_error error;
    write_run(1);
    ask(path, "PRAGMA user_version=2");
    ck_assert_ptr_null(sim_store_open(path, &error));
    ck_assert_int_eq(error.trouble, SIM_STORE_FOREIGN);
    ck_assert_ptr_nonnull(strstr(error.text, "schema 2"));
}
END_TEST

/* Every place damaged in turn, every place cut: never a crash, and reading ends. */
START_TEST(damaged_files_are_survived)
{
    write_run(50);
    FILE *file = fopen(path, "r");
    static char bytes[1 << 20];
    size_t length = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    ck_assert_uint_gt(length, 8192);
    for (size_t at = 0; at < length; at += 509) {
        char was = bytes[at];
        bytes[at] = (char)~was;
        write_file(bytes, at % 2 ? length : at, 1);
        bytes[at] = was;
        struct sim_store_error error;
        struct sim_store *store = sim_store_open(path, &error);
        for (int table = 0; store && table < SIM_TABLES; table++) {
            struct sim_row row;
            uint32_t count = 0;
            struct sim_rows *rows = sim_store_rows(store, (enum sim_table)table, 1);
            while (rows && sim_rows_next(rows, &row) && count < 100000) count++;
            ck_assert_uint_lt(count, 100000);
            sim_rows_free(rows);
        }
        sim_store_close(store, NULL);
    }
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_refused)
{
    struct sim_store_error error;
    ck_assert_ptr_null(sim_store_create("/nonexistent/x.db", &error));
    ck_assert_int_eq(error.trouble, SIM_STORE_REFUSED);
    ck_assert_ptr_null(sim_store_create("/proc/x.db", &error));
    ck_assert_int_eq(error.trouble, SIM_STORE_REFUSED);
    ck_assert_ptr_null(sim_store_create(folder, &error));
    ck_assert_int_eq(error.trouble, SIM_STORE_REFUSED);
}
END_TEST

/* ---- reading back ---- */

START_TEST(rows_are_read_as_they_were_told)
{
    struct sim_store_error error;
    struct sim_row row;
    write_run(2);
    struct sim_store *store = sim_store_open(path, &error);
    ck_assert_int_eq(sim_store_last_run(store), 1);
    struct sim_rows *rows = sim_store_rows(store, SIM_TABLE_VERDICTS, 1);
    ck_assert(sim_rows_next(rows, &row) && row.verdict.status == SIM_PASS && !row.verdict.observed.known);
    ck_assert(sim_rows_next(rows, &row) && row.verdict.kind == SIM_VERDICT_THRESHOLD && row.verdict.samples == 96012);
    ck_assert(mc_str_eq(row.verdict.source.file, MC_STR("scenarios/a.lua")) && row.verdict.at == 6 * MC_S);
    ck_assert(!sim_rows_next(rows, &row));
    sim_rows_free(rows);
    rows = sim_store_rows(store, SIM_TABLE_REQUESTS, 1);
    ck_assert(sim_rows_next(rows, &row) && sim_rows_next(rows, &row));
    ck_assert(row.request.trace_hi == UINT64_MAX && row.request.trace_lo == 1 && row.request.at == MC_MS && row.request.code == 503);
    sim_rows_free(rows);
    rows = sim_store_rows(store, SIM_TABLE_HISTS, 2);
    ck_assert(rows && !sim_rows_next(rows, &row));
    sim_rows_free(rows);
    sim_store_close(store, NULL);
}
END_TEST

START_TEST(histograms_survive_the_blob)
{
    struct test_memory memory = {0};
    struct mc_alloc alloc = test_alloc(&memory);
    struct mc_hist hist = {0}, back = {0};
    uint64_t value = 1;
    for (int i = 0; i < 500; i++, value = value * 6364136223846793005u + 1442695040888963407u) mc_hist_add_many(&hist, &alloc, value >> (i % 64), 1 + (uint32_t)i * 1000);
    unsigned char *blob = malloc(1 + (size_t)SIM_BLOB_PAIR * hist.span);
    size_t length = sim_hist_pack(&hist, blob);
    ck_assert(sim_hist_unpack(mc_str((char *)blob, length), &back, &alloc));
    ck_assert_uint_eq(back.count, hist.count);
    for (uint32_t share = 0; share <= 1000000; share += 12345) {
        uint64_t a = mc_hist_quantile(&hist, share), b = mc_hist_quantile(&back, share);
        ck_assert_uint_eq(mc_hist_index(a), mc_hist_index(b));
    }
    for (size_t cut = 0; cut < length; cut++) { /* cut anywhere: an answer, no crash */
        struct mc_hist part = {0};
        sim_hist_unpack(mc_str((char *)blob, cut), &part, &alloc);
        mc_hist_clear(&part, &alloc);
    }
    struct mc_hist none = {0};
    ck_assert(!sim_hist_unpack(mc_str("\x02", 1), &none, &alloc));
    ck_assert(!sim_hist_unpack(mc_str("\x01\xff\xff\xff\xff\x0f\x01", 7), &none, &alloc));
    free(blob);
    mc_hist_clear(&hist, &alloc);
    mc_hist_clear(&back, &alloc);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

/* Equal runs give equal files, but for the invocation. */
START_TEST(equal_runs_give_equal_rows)
{
    char first[4096];
    static const char sql[] = "SELECT group_concat(x) FROM (SELECT hex(h) AS x FROM hist UNION ALL SELECT run_id||t_ns||message FROM event UNION ALL SELECT series_id||labels_json FROM series)";
    write_run(5);
    snprintf(first, sizeof first, "%s", ask(path, sql));
    unlink(path);
    write_run(5);
    ck_assert_str_eq(ask(path, sql), first);
}
END_TEST

Suite *test_store_suite(void)
{
    const TTest *const tests[] = {
        the_file_is_one_plain_sound_database, what_is_told_is_there, series_are_found_again_and_told_apart, views_answer,
        many_requests_get_their_index_at_the_end, summary_keeps_no_request, parts_are_merged_under_new_numbers,
        a_bad_part_leaves_the_results_as_they_were, a_killed_writer_leaves_a_sound_file_that_says_running,
        a_full_disk_is_told_and_leaves_a_sound_file, a_full_disk_at_the_start_leaves_nothing, what_is_no_results_file_is_refused,
        another_schema_is_refused_by_name, damaged_files_are_survived, a_file_that_cannot_be_written_is_refused,
        rows_are_read_as_they_were_told, histograms_survive_the_blob, equal_runs_give_equal_rows};
    Suite *suite = suite_create("store");
    TCase *tcase = tcase_create("store");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}
