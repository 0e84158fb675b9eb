/* Probes: when they are made, and what follows from their answers. pkg/kubelet/prober/worker.go: a result counts
 * once it came failureThreshold (successThreshold) times in a row; until startup has passed there are no
 * others; while the pod is terminated only readiness goes on. A container that fails startup or liveness is
 * ended with the pod's grace, preStop included, and started again by the restart policy. */
#include "sim/platform/parts.h"
#include "base/rand.h"

static const struct sim_probe *probe_of(const struct probe_worker *worker)
{
    const struct sim_pod_plan *plan = worker->life->spec.plan;
    if (worker->name == PROBE_STARTUP) return &plan->startup;
    return worker->name == PROBE_READINESS ? &plan->readiness : &plan->liveness;
}

/* core/v1's defaults. */
static mc_ns period_of(const struct probe_worker *worker)
{
    return probe_of(worker)->period ? probe_of(worker)->period : 10 * MC_S;
}

static mc_ns timeout_of(const struct probe_worker *worker)
{
    return probe_of(worker)->timeout ? probe_of(worker)->timeout : MC_S;
}

static uint32_t at_least_one(uint32_t given, uint32_t otherwise)
{
    return given ? given : otherwise;
}

static struct pod_container *app_of(const struct probe_worker *worker)
{
    return &worker->life->containers[SIM_ROLE_APP];
}

/* ---- one attempt ---- */

/* The agent beside the proxy asks the application in its stead; without a sidecar container there is no agent. */
static bool has_no_agent(const struct pod_life *life)
{
    if (!has_container(life, SIM_ROLE_SIDECAR) || !sidecar_of(life)->rewrite_probes) return false;
    return life->containers[SIM_ROLE_SIDECAR].state != CONTAINER_RUNS;
}

static void attempt(struct probe_worker *worker)
{
    struct pod_life *life = worker->life;
    const struct sim_probe *probe = probe_of(worker);
    struct probe_attempt ask = {.timeout = timeout_of(worker)};
    if (probe->kind == SIM_PROBE_EXEC) {
        prober_heard(worker, app_of(worker)->state == CONTAINER_RUNS, "command failed");
        return;
    }
    if (has_no_agent(life)) {
        prober_heard(worker, false, "connection refused");
        return;
    }
    ask.to = sim_net_addr(sim_world_net(life->pods->world), life->spec.world, probe->port ? probe->port : life->spec.port);
    if (probe->kind == SIM_PROBE_HTTP) ask.path = probe->path.n ? probe->path : MC_STR("/healthz");
    prober_ask(worker, &ask);
}

static void due(struct sim_entry *entry)
{
    struct probe_worker *worker = mc_container(entry, struct probe_worker, due);
    struct sim_engine *engine = pods_engine(worker->life);
    sim_engine_tell(engine, worker->life->spec.pod, worker->name, 0, 0);
    sim_engine_at(engine, entry, mc_ns_add(engine->now, period_of(worker)));
    if (!worker->request) attempt(worker);
}

static const struct sim_entry_type due_type = {"probe", SIM_CLASS_FAULT, SIM_KIND_ORDER, due};

/* ---- workers ---- */

static void begin(struct probe_worker *worker, mc_ns after)
{
    if (probe_of(worker)->kind == SIM_PROBE_NONE) return;
    worker->on = true;
    worker->failures = worker->successes = 0;
    sim_engine_at(pods_engine(worker->life), &worker->due, mc_ns_add(pods_now(worker->life), after));
}

static void end(struct probe_worker *worker)
{
    worker->on = false;
    sim_engine_cancel(pods_engine(worker->life), &worker->due);
    prober_forget(worker);
}

/* initialDelaySeconds count from the container's start. */
static mc_ns delay_of(const struct probe_worker *worker)
{
    mc_ns since = pods_now(worker->life) - app_of(worker)->begun;
    return mc_ns_max(probe_of(worker)->initial_delay - since, 0);
}

/* Where in its period a probe of long ago stands is chance. */
static mc_ns phase_of(const struct probe_worker *worker)
{
    uint64_t draw = mc_draw(worker->life->pods->realm->seed, MC_FOR_SCHEDULER, worker->life->origin.number, worker->name);
    return (mc_ns)mc_below(draw, (uint64_t)period_of(worker));
}

static void begin_others(struct pod_life *life)
{
    begin(&life->probes[PROBE_READINESS], delay_of(&life->probes[PROBE_READINESS]));
    begin(&life->probes[PROBE_LIVENESS], delay_of(&life->probes[PROBE_LIVENESS]));
}

static bool has_probes(const struct sim_pod_plan *plan)
{
    return plan->startup.kind != SIM_PROBE_NONE || plan->readiness.kind != SIM_PROBE_NONE || plan->liveness.kind != SIM_PROBE_NONE;
}

static bool make_workers(struct pod_life *life)
{
    if (life->probes) return true;
    life->probes = mc_pool_take_zero(&life->pods->realm->pool, PROBES * sizeof *life->probes);
    if (!life->probes) {
        pods_refused(life);
        return false;
    }
    for (int i = 0; i < PROBES; i++) {
        life->probes[i].life = life;
        life->probes[i].name = (enum probe_name)i;
        sim_entry_init(&life->probes[i].due, &due_type, &life->origin, life->origin.number);
    }
    return true;
}

void prober_started(struct pod_life *life, bool long_ago)
{
    if (!has_probes(life->spec.plan) || !make_workers(life)) return;
    for (int i = 0; i < PROBES; i++) end(&life->probes[i]);
    if (long_ago) {
        begin(&life->probes[PROBE_READINESS], phase_of(&life->probes[PROBE_READINESS]));
        begin(&life->probes[PROBE_LIVENESS], phase_of(&life->probes[PROBE_LIVENESS]));
        life->probes[PROBE_READINESS].successes = 1;
    } else if (life->spec.plan->startup.kind != SIM_PROBE_NONE) {
        begin(&life->probes[PROBE_STARTUP], delay_of(&life->probes[PROBE_STARTUP]));
    } else {
        begin_others(life);
    }
}

void prober_stopped(struct pod_life *life, bool readiness_too)
{
    if (!life->probes) return;
    end(&life->probes[PROBE_STARTUP]);
    end(&life->probes[PROBE_LIVENESS]);
    if (readiness_too) end(&life->probes[PROBE_READINESS]);
}

void prober_free(struct pod_life *life)
{
    if (!life->probes) return;
    prober_stopped(life, true);
    mc_pool_give(&life->pods->realm->pool, life->probes, PROBES * sizeof *life->probes);
    life->probes = NULL;
}

/* ---- what follows ---- */

static const char *const names[] = {[PROBE_STARTUP] = "Startup", [PROBE_READINESS] = "Readiness", [PROBE_LIVENESS] = "Liveness"};

static void passes(struct probe_worker *worker)
{
    struct pod_life *life = worker->life;
    if (worker->name == PROBE_STARTUP) {
        app_of(worker)->started = true;
        end(worker);
        begin_others(life);
    } else if (worker->name == PROBE_READINESS) {
        app_of(worker)->ready = true;
    }
    pod_report(life);
}

static void fails(struct probe_worker *worker)
{
    struct pod_life *life = worker->life;
    if (worker->name == PROBE_READINESS) {
        app_of(worker)->ready = false;
        pod_report(life);
        return;
    }
    if (life->stage == STAGE_TERMINATING) return;
    pods_event(life, "Killing", "%s probe failed %u times", names[worker->name], worker->failures);
    prober_stopped(life, false);
    kubelet_stop(life, SIM_ROLE_APP, pod_grace(life));
}

void prober_heard(struct probe_worker *worker, bool passed, const char *why)
{
    const struct sim_probe *probe = probe_of(worker);
    if (!worker->on) return;
    worker->successes = passed ? worker->successes + 1 : 0;
    worker->failures = passed ? 0 : worker->failures + 1;
    if (!passed && worker->failures == 1) pods_event(worker->life, "Unhealthy", "%s probe failed: %s", names[worker->name], why);
    if (worker->successes == at_least_one(probe->success_threshold, 1)) passes(worker);
    else if (worker->failures == at_least_one(probe->failure_threshold, 3)) fails(worker);
}
