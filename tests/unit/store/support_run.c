#include "support_run.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

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

void fresh_folder(char path[static 64])
{
    snprintf(path, 64, "/tmp/squall-store-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(path));
}

const char *ask(const char *path, const char *sql)
{
    static char answer[4096];
    char command[4096];
    snprintf(command, sizeof command, "sqlite3 -batch '%s' \"%s\" 2>&1", path, sql);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    if (!fgets(answer, sizeof answer, pipe)) answer[0] = '\0';
    answer[strcspn(answer, "\n")] = '\0';
    pclose(pipe);
    return answer;
}

struct sim_store_run some_run(uint64_t seed)
{
    return (struct sim_store_run){.scenario = MC_STR("a \"quoted\" one"), .file = MC_STR("scenarios/a.lua"), .line = 7,
                                  .script_sha256 = MC_STR("00ff"), .profile = MC_STR("istio-sidecar"), .seed = seed,
                                  .detail = SIM_DETAIL_SAMPLED};
}

static void tell_world(struct sim_sink *sink)
{
    sink->type->workload(sink, &(struct sim_sink_workload){1, MC_STR("user"), MC_STR(""), MC_STR("a"), MC_STR("")});
    sink->type->workload(sink, &(struct sim_sink_workload){2, MC_STR("cart"), MC_STR("v1"), MC_STR("b"), MC_STR("spiffe://x/cart")});
    sink->type->edge(sink, &(struct sim_sink_edge){1, 1, 2, MC_STR("https")});
}

static void tell_timeline(struct sim_sink *sink)
{
    struct sim_sink_fault fault = {.id = 1, .kind = "partition", .selector = MC_STR("cart <-> user"), .params_json = MC_STR("{}"),
                                   .start = 2 * MC_S, .end = MC_NEVER};
    sink->type->event(sink, &(struct sim_sink_event){MC_S, "phase", SIM_NOTICE, MC_STR("run"), MC_STR("warm-up is over")});
    sink->type->fault(sink, &fault);
    fault.end = 3 * MC_S;
    fault.packets = 12;
    fault.connections = 2;
    sink->type->fault(sink, &fault);
    sink->type->rollout(sink, &(struct sim_sink_rollout){.target = MC_STR("cart"), .at = 4 * MC_S, .phase = "progressing", .weight = 10,
                                                         .metric = "success_rate", .observed = {true, 98.5}, .bound = {true, 99},
                                                         .ok = SIM_FAIL, .failed_checks = 1});
    sink->type->cert(sink, &(struct sim_sink_cert){.serial = 0xabc, .issuer = MC_STR("root"), .workload = 2, .not_after = MC_HOUR, .issued = 0});
    sink->type->cert(sink, &(struct sim_sink_cert){.serial = 0xabd, .issuer = MC_STR("root"), .workload = 2, .not_before = 5, .not_after = 2 * MC_HOUR,
                                                   .issued = 30 * MC_MIN, .replaces = 0xabc});
}

static void tell_verdicts(struct sim_sink *sink)
{
    sink->type->verdict(sink, &(struct sim_verdict){.kind = SIM_VERDICT_CHECK, .status = SIM_PASS, .name = MC_STR("rollback starts"), .at = 5 * MC_S,
                                                    .source = {MC_STR("scenarios/a.lua"), 9}}, 1);
    sink->type->verdict(sink, &(struct sim_verdict){.kind = SIM_VERDICT_THRESHOLD, .status = SIM_FAIL, .name = MC_STR("p(99) < 250ms"), .at = 6 * MC_S,
                                                    .observed = {true, 412}, .expected = {true, 250}, .op = MC_STR("<"), .unit = MC_STR("ms"),
                                                    .samples = 96012, .source = {MC_STR("scenarios/a.lua"), 11}}, 2);
}

static void tell_series(struct sim_sink *sink)
{
    struct mc_hist hist = {0};
    struct mc_alloc alloc = {.take = take, .give = give};
    for (uint64_t i = 1; i <= 100; i++) mc_hist_add(&hist, &alloc, i);
    struct sim_sink_sample counter = {.metric = "requests", .kind = SIM_SERIES_COUNTER, .unit = "count", .edge = 1,
                                      .labels_json = "{\"code\":\"503\"}", .at = 0, .window = MC_S, .value = 40};
    sink->type->sample(sink, &counter);
    counter.at = MC_S;
    counter.value = 2;
    sink->type->sample(sink, &counter);
    counter.labels_json = "{\"code\":\"200\"}";
    sink->type->sample(sink, &counter);
    sink->type->sample(sink, &(struct sim_sink_sample){.metric = "request_duration", .kind = SIM_SERIES_HISTOGRAM, .unit = "ns", .edge = 1,
                                                       .labels_json = "{}", .at = 0, .window = MC_S, .hist = &hist});
    mc_hist_clear(&hist, &alloc);
}

void tell_run(struct sim_sink *sink, uint64_t requests)
{
    tell_world(sink);
    tell_timeline(sink);
    tell_verdicts(sink);
    tell_series(sink);
    for (uint64_t i = 0; i < requests; i++)
        sink->type->request(sink, &(struct sim_sink_request){.at = (mc_ns)i * MC_MS, .duration = 5 * MC_MS, .first_byte = 4 * MC_MS, .edge = 1,
                                                             .code = 503, .flags = 1, .attempts = 3, .bytes_up = 10, .bytes_down = 1000,
                                                             .trace_hi = UINT64_MAX, .trace_lo = i, .span = 7});
}

void tell_end(struct sim_sink *sink, const char *status, uint64_t trace_hash)
{
    sink->type->ended(sink, &(struct sim_sink_end){.status = status, .sim_ns = 60 * MC_S, .events = 1234, .trace_hash = trace_hash});
}

struct sim_store *begin_store(const char *path, int64_t *run)
{
    struct sim_store_error error;
    struct sim_store_run row = some_run(7);
    struct sim_store *store = sim_store_create(path, &error);
    ck_assert_msg(store != NULL, "%s", error.text);
    int64_t invocation = sim_store_add_invocation(store, &(struct sim_store_invocation){"2026-01-01T10:00:00Z", "[]", "/", "0", "0", "{}"});
    ck_assert_int_eq(invocation, 1);
    *run = sim_store_add_run(store, invocation, &row);
    ck_assert(sim_store_commit(store));
    return store;
}
