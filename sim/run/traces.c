#include "sim/run/parts.h"
#include "net/tls.h"
#include <stdio.h>

/* ---- who ---- */

static uint32_t workload_of_node(const struct sim_run *run, uint32_t node)
{
    uint32_t pod = run_pod_of_node(run, node);
    return pod == RUN_NO_POD ? UINT32_MAX : run->pods[pod]->workload;
}

static uint32_t pod_of_identity(const struct sim_run *run, uint64_t identity)
{
    uintptr_t found = (uintptr_t)mc_map_get(&run->pod_of_identity, identity);
    return found ? (uint32_t)(found - 1) : RUN_NO_POD;
}

static uint32_t workload_of_identity(const struct sim_run *run, uint64_t identity)
{
    uint32_t pod = pod_of_identity(run, identity);
    return pod == RUN_NO_POD ? UINT32_MAX : run->pods[pod]->workload;
}

static struct mc_str node_name(struct sim_run *run, uint32_t node)
{
    uint32_t pod = run_pod_of_node(run, node);
    return pod == RUN_NO_POD ? MC_STR("control-plane") : run->pods[pod]->name;
}

/* Wall time of the core, since the run's start. */
static mc_ns since_start(const struct sim_run *run, uint64_t wall)
{
    return (mc_ns)wall - run->options.epoch;
}

/* ---- one function per kind that means something here ---- */

/* "outbound|8080|v1|reviews.default.svc.cluster.local" -> "reviews" */
static struct mc_str service_of_cluster(struct sim_run *run, uint64_t cluster)
{
    struct mc_str rest = run_text(run, (mc_atom)cluster), part = rest, ignored;
    while (rest.n) part = mc_str_cut(rest, '|', &rest);
    return mc_str_cut(part, '.', &ignored);
}

static void on_access(struct sim_run *run, const struct mc_trace_record *record)
{
    uint32_t flags = (uint32_t)(record->v[0] >> 16);
    if (flags) sim_faults_logged(run->faults, service_of_cluster(run, record->v[1]), flags);
    run_follow_access(run, record);
    struct sim_watch *watch = run_watch_find(run, record->v[4]);
    if (!watch) return;
    watch->flags |= flags;
    if (record->v[2]) watch->endpoint = record->v[2];
    watch->attempts = (uint32_t)record->v[5];
}

static void on_retry(struct sim_run *run, const struct mc_trace_record *record)
{
    mc_atom name = mc_atoms_find(&run->realm.atoms, service_of_cluster(run, record->v[0]));
    uint32_t dst = UINT32_MAX;
    for (uint32_t i = 0; name && i < run->plan->topology.service_count; i++)
        if (run->service_names[i] == name) dst = sim_check_workload(run->check, i, UINT32_MAX);
    sim_check_mark(run->check, run->now, SIM_MARK_RETRY, 0, workload_of_node(run, record->node), dst);
}

static uint64_t stream_key(const struct mc_trace_record *record)
{
    return (uint64_t)record->node << 40 ^ (record->stream & ((UINT64_C(1) << 40) - 1)) ^ (record->stream & MC_STREAM_GUEST_BIT);
}

struct run_stream *run_stream_of(const struct sim_run *run, const struct mc_trace_record *record)
{
    return mc_map_get(&run->streams, stream_key(record));
}

static void on_accepted(struct sim_run *run, const struct mc_trace_record *record)
{
    if (!run_is_sidecar_node(record->node)) return;
    struct run_stream *stream = mc_pool_take_zero(&run->realm.pool, sizeof *stream);
    if (!stream || !mc_map_put(&run->streams, stream_key(record), stream)) {
        mc_pool_give(&run->realm.pool, stream, sizeof *stream);
        run->out_of_memory = true;
        return;
    }
    stream->peer = run_pod_by_addr(run, record->v[1]);
    stream->inbound = stream->peer != run_pod_of_node(run, record->node);
}

static void on_closed(struct sim_run *run, const struct mc_trace_record *record)
{
    mc_pool_give(&run->realm.pool, mc_map_remove(&run->streams, stream_key(record)), sizeof(struct run_stream));
}

static void on_tls(struct sim_run *run, const struct mc_trace_record *record)
{
    uint32_t own = workload_of_node(run, record->node), peer = workload_of_identity(run, record->v[1]);
    bool server = record->v[5] != 0, ok = record->v[0] == MC_TLS_OK;
    struct run_stream *stream = server ? run_stream_of(run, record) : NULL;
    if (stream) {
        stream->secure = ok;
        if (peer == UINT32_MAX && stream->peer != RUN_NO_POD) peer = run->pods[stream->peer]->workload;
    }
    if (!server && ok) return; /* the server tells of those that came about */
    sim_check_mark(run->check, run->now, SIM_MARK_HANDSHAKE, (uint32_t)record->v[0], server ? peer : own, server ? own : peer);
    if (!ok)
        run_event(run, "errors", SIM_WARNING, MC_STR("TLS"), "%.*s: handshake failed: %s", MC_STR_ARG(node_name(run, record->node)),
                  mc_tls_result_text((enum mc_tls_result)record->v[0]));
}

static void remember_serial(struct sim_run *run, const struct mc_trace_record *record)
{
    if (mc_map_get(&run->serials, record->v[1])) return;
    struct run_cert *cert = mc_arena_take(&run->arena, sizeof *cert);
    if (!cert || !mc_map_put(&run->serials, record->v[1], cert)) {
        run->out_of_memory = true;
        return;
    }
    *cert = (struct run_cert){(mc_atom)record->v[0], (mc_ns)record->v[2], (mc_ns)record->v[3]};
}

static void on_installed(struct sim_run *run, const struct mc_trace_record *record)
{
    uint32_t number = run_pod_of_node(run, record->node);
    if (number == RUN_NO_POD) return;
    struct run_pod *pod = run->pods[number];
    remember_serial(run, record);
    sim_check_cert(run->check, number, record->v[1], (mc_ns)record->v[2], (mc_ns)record->v[3]);
    struct sim_sink *sink = run->options.sink;
    if (sink && sink->type->cert) {
        struct sim_sink_cert cert = {.serial = record->v[1],
                                     .identity = run_text(run, (mc_atom)record->v[0]),
                                     .issuer = run->plan->trust_domain,
                                     .workload = pod->workload + 1,
                                     .not_before = since_start(run, record->v[2]),
                                     .not_after = since_start(run, record->v[3]),
                                     .issued = run->now,
                                     .replaces = pod->last_serial};
        sink->type->cert(sink, &cert);
    }
    if (pod->last_serial) run_event(run, "cert", SIM_INFO, pod->name, "certificate renewed");
    pod->last_serial = record->v[1];
}

static void on_issued(struct sim_run *run, const struct mc_trace_record *record)
{
    sim_faults_csr(run->faults);
    sim_check_mark(run->check, run->now, SIM_MARK_CSR, SIM_CSR_ISSUED, workload_of_identity(run, record->v[0]), UINT32_MAX);
    remember_serial(run, record);
}

static void on_refused_csr(struct sim_run *run, const struct mc_trace_record *record)
{
    sim_faults_csr(run->faults);
    sim_check_mark(run->check, run->now, SIM_MARK_CSR, SIM_CSR_REFUSED, workload_of_identity(run, record->v[0]), UINT32_MAX);
    run_event(run, "cert", SIM_WARNING, run_text(run, (mc_atom)record->v[0]), "certificate request refused");
}

static uint32_t workload_of_name(const struct sim_run *run, uint64_t atom)
{
    struct mc_workload *workload = run->registry ? mc_registry_workload(run->registry, (mc_atom)atom) : NULL;
    uint32_t pod = workload ? run_pod_by_addr(run, mc_trace_addr(workload->addr)) : RUN_NO_POD;
    return pod == RUN_NO_POD ? UINT32_MAX : run->pods[pod]->workload;
}

static void on_pushed(struct sim_run *run, const struct mc_trace_record *record)
{
    sim_check_mark(run->check, run->now, SIM_MARK_XDS, SIM_XDS_PUSH, workload_of_name(run, record->v[0]), UINT32_MAX);
    if (record->v[1] <= run->push_version) return;
    run->push_version = record->v[1];
    run->push_at = run->now;
    run->push_took = MC_NEVER;
    run_event(run, "push", SIM_INFO, MC_STR("control-plane"), "version %llu", (unsigned long long)record->v[1]);
}

static void on_acked(struct sim_run *run, const struct mc_trace_record *record)
{
    sim_check_mark(run->check, run->now, SIM_MARK_XDS, SIM_XDS_ACK, workload_of_name(run, record->v[0]), UINT32_MAX);
    struct mc_node_sync sync = run->control ? mc_node_sync(run->control) : (struct mc_node_sync){0};
    if (run->push_took == MC_NEVER && sync.subscribers && sync.in_sync == sync.subscribers)
        run->push_took = run->now - run->push_at;
}

static void on_nacked(struct sim_run *run, const struct mc_trace_record *record)
{
    sim_check_mark(run->check, run->now, SIM_MARK_XDS, SIM_XDS_NACK, workload_of_name(run, record->v[0]), UINT32_MAX);
    run_event(run, "push", SIM_ERROR_SEVERITY, run_text(run, (mc_atom)record->v[0]), "version %llu was refused",
              (unsigned long long)record->v[1]);
}

static void on_control_down(struct sim_run *run, const struct mc_trace_record *record)
{
    run_event(run, "control", SIM_NOTICE, node_name(run, record->node), "lost its control plane: %s",
              mc_stream_reason_text((enum mc_stream_reason)record->v[0]));
}

/* ---- rollouts ---- */

static void tell_rollout(struct sim_run *run, const struct sim_sink_rollout *step)
{
    struct sim_sink *sink = run->options.sink;
    if (sink && sink->type->rollout) sink->type->rollout(sink, step);
}

static void on_rollout(struct sim_run *run, const struct mc_trace_record *record)
{
    enum mc_rollout_phase phase = (enum mc_rollout_phase)record->v[1];
    struct sim_sink_rollout step = {.target = run_text(run, (mc_atom)record->v[0]),
                                    .at = run->now,
                                    .phase = mc_rollout_phase_text(phase),
                                    .weight = (uint32_t)record->v[2],
                                    .failed_checks = (uint32_t)record->v[3]};
    tell_rollout(run, &step);
    run_rollout_moved(run, (mc_atom)record->v[0], phase);
    bool bad = phase == MC_ROLLOUT_ROLLING_BACK || phase == MC_ROLLOUT_FAILED;
    const struct mc_rollout_state *state = run->control ? mc_node_rollout(run->control, (mc_atom)record->v[0]) : NULL;
    bool holds = phase == MC_ROLLOUT_PROGRESSING && state && state->last == MC_CHECK_FAILED;
    run_event(run, "rollout", bad ? SIM_WARNING : SIM_INFO, step.target, "%s, weight %u%%, %u failed check%s", holds ? "holding" : step.phase, step.weight,
              step.failed_checks, step.failed_checks == 1 ? "" : "s");
}

static struct sim_figure figure_of(uint64_t metric, uint64_t value, bool known)
{
    double scale = metric == MC_METRIC_DURATION ? 1e6 : 1e4; /* milliseconds, percent */
    return (struct sim_figure){known, (double)value / scale};
}

static void on_rollout_check(struct sim_run *run, const struct mc_trace_record *record)
{
    mc_atom target = (mc_atom)record->v[0];
    const struct mc_rollout_state *state = run->control ? mc_node_rollout(run->control, target) : NULL;
    enum mc_check_verdict verdict = (enum mc_check_verdict)record->v[5];
    bool is_duration = record->v[1] == MC_METRIC_DURATION;
    const enum sim_status status[] = {[MC_CHECK_PASSED] = SIM_PASS, [MC_CHECK_FAILED] = SIM_FAIL, [MC_CHECK_INCONCLUSIVE] = SIM_INCONCLUSIVE};
    struct sim_sink_rollout step = {.target = run_text(run, target),
                                    .at = run->now,
                                    .phase = state ? mc_rollout_phase_text(state->phase) : "progressing",
                                    .weight = state ? state->weight : 0,
                                    .failed_checks = state ? state->failed_checks : 0,
                                    .metric = is_duration ? "request-duration" : "request-success-rate",
                                    .observed = figure_of(record->v[1], record->v[2], record->v[4] != 0),
                                    .bound = figure_of(record->v[1], record->v[3], true),
                                    .bound_is_max = is_duration,
                                    .ok = status[verdict],
                                    .reason = verdict == MC_CHECK_INCONCLUSIVE ? "metrics are missing or too few" : NULL};
    tell_rollout(run, &step);
    if (verdict == MC_CHECK_PASSED) return;
    const char *unit = is_duration ? "ms" : "%";
    unsigned long long samples = record->v[4];
    if (verdict == MC_CHECK_FAILED)
        run_event(run, "rollout", SIM_WARNING, step.target, "%s %.5g%s %s %.5g%s: failed, %llu samples", step.metric, step.observed.value, unit,
                  is_duration ? ">" : "<", step.bound.value, unit, samples);
    else run_event(run, "rollout", SIM_WARNING, step.target, "%s %s: %llu samples", step.metric, mc_check_verdict_text(verdict), samples);
}

/* ---- the table ---- */

static void (*const on_kind[MC_TRACE_KINDS])(struct sim_run *run, const struct mc_trace_record *record) = {
    [MC_TRACE_ACCESS] = on_access,
    [MC_TRACE_SPAN] = run_follow_span,
    [MC_TRACE_RETRY] = on_retry,
    [MC_TRACE_CX_ACCEPTED] = on_accepted,
    [MC_TRACE_TLS_DONE] = on_tls,
    [MC_TRACE_CERT_INSTALLED] = on_installed,
    [MC_TRACE_CERT_ISSUED] = on_issued,
    [MC_TRACE_CERT_REFUSED] = on_refused_csr,
    [MC_TRACE_SNAPSHOT_PUSHED] = on_pushed,
    [MC_TRACE_SNAPSHOT_ACKED] = on_acked,
    [MC_TRACE_SNAPSHOT_NACKED] = on_nacked,
    [MC_TRACE_CONTROL_DOWN] = on_control_down,
    [MC_TRACE_ROLLOUT] = on_rollout,
    [MC_TRACE_ROLLOUT_CHECK] = on_rollout_check,
};

void run_trace(void *self, mc_ns now, const struct mc_trace_record *record)
{
    struct sim_run *run = self;
    if (now > run->now) run->now = now;
    run_rules_trace(run, record);
    if (on_kind[record->kind]) on_kind[record->kind](run, record);
    if (record->kind == MC_TRACE_CX_CLOSED) on_closed(run, record);
}
