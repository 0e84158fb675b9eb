/* What a sink and a screen are given adds up to what was told. */
#include "sim/check/picture.h"
#include "sim/check/series.h"
#include "unit/check/shop.h"
#include "base/list.h"
#include "base/rand.h"
#include "host/trace.h"
#include <stdlib.h>

struct recorder {
    struct sim_sink base;
    uint32_t workloads, edges;
    struct sim_sink_edge edge[16];
    int64_t requests[16];          /* per edge */
    uint64_t durations[16], sums[16];
    uint64_t failed;               /* by label */
    int64_t connections;           /* last told */
    mc_ns last;
};

static void on_workload(struct sim_sink *sink, const struct sim_sink_workload *workload)
{
    struct recorder *recorder = mc_container(sink, struct recorder, base);
    ck_assert_uint_eq(workload->id, ++recorder->workloads);
    if (mc_str_eq(workload->version, MC_STR("v2"))) ck_assert(mc_str_eq(workload->zone, MC_STR("b")));
}

static void on_edge(struct sim_sink *sink, const struct sim_sink_edge *edge)
{
    struct recorder *recorder = mc_container(sink, struct recorder, base);
    ck_assert_uint_eq(edge->id, recorder->edges + 1);
    recorder->edge[recorder->edges++] = *edge;
}

static void on_sample(struct sim_sink *sink, const struct sim_sink_sample *sample)
{
    struct recorder *recorder = mc_container(sink, struct recorder, base);
    ck_assert_int_ge(sample->at, recorder->last);
    ck_assert_int_gt(sample->window, 0);
    recorder->last = sample->at;
    if (!strcmp(sample->metric, "requests")) {
        ck_assert_uint_le(sample->edge, recorder->edges);
        recorder->requests[sample->edge] += sample->value;
        if (strstr(sample->labels_json, "\"code\":\"503\",\"flags\":\"UF\"")) recorder->failed += (uint64_t)sample->value;
    } else if (!strcmp(sample->metric, "request_duration")) {
        recorder->durations[sample->edge] += sample->hist->count;
        recorder->sums[sample->edge] += sample->hist->sum;
    } else {
        ck_assert_str_eq(sample->metric, "connections");
        recorder->connections = sample->value;
    }
}

static const struct sim_sink_type recorder_type = {.workload = on_workload, .edge = on_edge, .sample = on_sample};

static void check_windows(mc_ns window)
{
    struct shop shop;
    struct sim_series series;
    struct recorder recorder = {.base = {.type = &recorder_type}};
    uint64_t told = 0, failed = 0, sum = 0;
    shop_open(&shop);
    sim_series_init(&series, shop.check, &recorder.base, window, shop.alloc);
    uint32_t web = shop_version(&shop, WEB, 0), db = shop_version(&shop, DB, 0);
    for (uint64_t i = 0; i < 900; i++) {
        mc_ns at = (mc_ns)i * 10 * MC_MS;
        bool bad = mc_draw(1, MC_FOR_SCRIPT, 5, i) % 10 == 0;
        sim_series_tick(&series, at);
        if (i == 100) sim_check_opened(shop.check, at, 7, web, db);
        if (i == 777) sim_check_closed(shop.check, at, 7);
        sim_series_edge(&series, shop.user, web);
        shop_call(&shop, at, shop.user, web, bad ? 503 : 200, bad ? MC_FLAG(UF) : 0, (mc_ns)i * MC_US);
        shop_call(&shop, at, web, db, 200, 0, MC_MS);
        told++;
        failed += bad;
        sum += i * (uint64_t)MC_US;
    }
    sim_series_end(&series, 900 * 10 * MC_MS);
    ck_assert_uint_eq(recorder.edges, 2);
    ck_assert(mc_str_eq(recorder.edge[0].protocol, MC_STR("http")));  /* a load client has no sidecar */
    ck_assert(mc_str_eq(recorder.edge[1].protocol, MC_STR("https")));
    ck_assert_int_eq(recorder.requests[1], (int64_t)told);
    ck_assert_uint_eq(recorder.durations[1], told);
    ck_assert_uint_eq(recorder.sums[1], sum);
    ck_assert_uint_eq(recorder.failed, failed);
    ck_assert_int_eq(recorder.connections, 0);
    sim_series_fini(&series);
    shop_close(&shop);
}

START_TEST(nothing_is_lost_between_windows)
{
    check_windows(MC_S);
    check_windows(250 * MC_MS);
    check_windows(1700 * MC_MS);
}
END_TEST

START_TEST(pictures)
{
    struct shop shop;
    struct sim_picture picture;
    struct sim_frame *frame = calloc(1, sizeof *frame);
    shop_open(&shop);
    sim_picture_init(&picture, shop.check, 400 * MC_S); /* a column is 2 s */
    uint32_t web = shop_version(&shop, WEB, 0), v2 = shop_version(&shop, CART, 1);
    for (int i = 0; i < 600; i++) { /* one minute, 10/s; web answers in 20 ms; from 50 s on cart/v2 fails one in ten */
        mc_ns at = i * 100 * MC_MS;
        bool bad = at >= 50 * MC_S && i % 10 == 0;
        shop_arrival(&shop, at, web, 200, 20 * MC_MS);
        shop_arrival(&shop, at, v2, bad ? 503 : 200, 5 * MC_MS);
        shop_call(&shop, at, web, v2, bad ? 503 : 200, 0, 6 * MC_MS);
        shop_call(&shop, at, shop.user, web, bad ? 500 : 200, 0, 30 * MC_MS);
        if (i % 150 == 0) { /* looking now and then changes nothing */
            memset(frame, 0, sizeof *frame);
            sim_picture_fill(&picture, frame, at);
        }
    }
    for (int i = 0; i < 3; i++)
        sim_check_event(shop.check, &(struct sim_sink_event){.at = 59 * MC_S, .kind = "errors", .subject = MC_STR("503 UF"), .message = MC_STR("web")});
    sim_check_at(shop.check, 60 * MC_S);
    memset(frame, 0, sizeof *frame);
    sim_picture_fill(&picture, frame, 60 * MC_S);
    ck_assert_uint_eq(frame->service_count, 6); /* web/v1 cart/v1 cart/v2 db/v1 user batch */
    const struct sim_frame_service *cart = &frame->services[sim_picture_row(shop.check, v2)], *user = &frame->services[sim_picture_row(shop.check, shop.user)];
    ck_assert_str_eq(cart->name, "cart/v2");
    ck_assert_uint_eq(cart->rps_milli, 10000);
    ck_assert_uint_eq(cart->errors_milli, 1000);
    ck_assert_uint_eq(cart->success_ppm, 900000);
    ck_assert_int_eq(cart->health, SIM_HEALTH_FAILING);
    ck_assert_uint_eq(cart->retry_permille, 1000);
    ck_assert_int_ge(cart->p99, 5 * MC_MS);
    ck_assert_int_le(cart->p99, 5 * MC_MS + 5 * MC_MS / 64);
    ck_assert_uint_eq(cart->spark[SIM_FRAME_SPARK - 2], 8);
    ck_assert_str_eq(user->name, "user");
    ck_assert_uint_eq(user->success_ppm, 900000);
    ck_assert_int_eq(frame->services[0].health, SIM_HEALTH_FAILING); /* its callers see the failures */
    ck_assert_int_eq(frame->services[1].health, SIM_HEALTH_IDLE);
    ck_assert_uint_eq(frame->event_count, 1);
    ck_assert_uint_eq(frame->recent[0].times, 3);
    ck_assert_str_eq(frame->recent[0].kind, "503 UF");
    ck_assert_uint_eq(frame->lane_count, 3);
    ck_assert_str_eq(frame->lanes[1].top, "10/s");
    for (int i = 0; i < 30; i++) {
        ck_assert_uint_eq(frame->lanes[1].cells[i], 8);
        ck_assert_uint_eq(frame->lanes[0].cells[i], i < 25 ? 0 : 8); /* 10 % lost is under 95 % */
    }
    ck_assert_uint_eq(frame->lanes[1].cells[31], UINT8_MAX);
    free(frame);
    sim_picture_fini(&picture);
    shop_close(&shop);
}
END_TEST

/* Ten requests at the database and one at the web whose callers had gone, 3 ms of CPU each. */
START_TEST(what_was_done_for_nobody)
{
    struct shop shop;
    shop_open(&shop);
    uint32_t web = shop_version(&shop, WEB, 0), db = shop_version(&shop, DB, 0);
    for (uint32_t i = 0; i < 10; i++) sim_check_abandoned(shop.check, i * MC_S, db, 3 * MC_MS);
    sim_check_abandoned(shop.check, 10 * MC_S, web, 3 * MC_MS);
    struct sim_query query = {.dst = MC_STR("db"), .since = 4 * MC_S};
    ck_assert_uint_eq(sim_count(shop.check, SIM_COUNT_ABANDONED, &query), 6);
    ck_assert_int_eq(sim_count_wasted(shop.check, &query), 18 * MC_MS);
    ck_assert_int_eq(sim_count_wasted(shop.check, &(struct sim_query){0}), 33 * MC_MS);
    ck_assert_uint_eq(sim_count(shop.check, SIM_COUNT_RETRIES, &(struct sim_query){0}), 0);
    shop_close(&shop);
}
END_TEST

START_TEST(counted_things)
{
    static const char *const handshakes[] = {"ok", "certificate_expired"};
    struct shop shop;
    shop_open(&shop);
    uint32_t web = shop_version(&shop, WEB, 0), db = shop_version(&shop, DB, 0);
    sim_check_handshake_names(shop.check, handshakes, 2);
    for (uint32_t i = 0; i < 50; i++) {
        sim_check_mark(shop.check, i * 100 * MC_MS, SIM_MARK_HANDSHAKE, i % 5 == 0, web, db);
        if (i >= 20 && i < 30) sim_check_mark(shop.check, i * 100 * MC_MS + 1, SIM_MARK_CSR, SIM_CSR_ISSUED, web, 0);
        if (i < 10) sim_check_opened(shop.check, i * 100 * MC_MS + 2, 1000 + i, i % 2 ? web : shop.user, db);
    }
    sim_check_closed(shop.check, 4901 * MC_MS, 1001);
    sim_check_closed(shop.check, 4901 * MC_MS, 5); /* never opened */
    struct sim_query expired = {.src = MC_STR("web"), .result = MC_STR("certificate_expired"), .since = 2 * MC_S};
    ck_assert_uint_eq(sim_count(shop.check, SIM_COUNT_HANDSHAKES, &expired), 6); /* 2.0, 2.5, … 4.5 s */
    ck_assert_uint_eq(sim_count(shop.check, SIM_COUNT_CSRS, &(struct sim_query){0}), 10);
    ck_assert_uint_eq(sim_count_peak_rps(shop.check, SIM_COUNT_CSRS, &(struct sim_query){0}, MC_S), 10000);
    ck_assert_uint_eq(sim_count_peak_rps(shop.check, SIM_COUNT_CSRS, &(struct sim_query){0}, 300 * MC_MS), 10000);
    ck_assert_uint_eq(sim_count_peak_rps(shop.check, SIM_COUNT_CSRS, &(struct sim_query){0}, 301 * MC_MS), 4 * UINT64_C(1000000) / 301);
    struct sim_query alive = {.src = MC_STR("web"), .dst = MC_STR("db"), .opened_before = 500 * MC_MS, .alive = true};
    ck_assert_uint_eq(sim_count(shop.check, SIM_COUNT_CONNECTIONS, &alive), 1); /* those of 100 (closed) and 300 ms */
    alive.alive = false;
    ck_assert_uint_eq(sim_count(shop.check, SIM_COUNT_CONNECTIONS, &alive), 2);
    ck_assert_uint_eq(sim_check_open_connections(shop.check, db), 9);
    shop_close(&shop);
}
END_TEST

Suite *test_series_suite(void);
Suite *test_series_suite(void)
{
    Suite *suite = suite_create("series");
    TCase *tests = tcase_create("series");
    tcase_add_test(tests, nothing_is_lost_between_windows);
    tcase_add_test(tests, pictures);
    tcase_add_test(tests, counted_things);
    tcase_add_test(tests, what_was_done_for_nobody);
    suite_add_tcase(suite, tests);
    return suite;
}
