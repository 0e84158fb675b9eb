/* pkg/controller/job: completions and parallelism, the back-off of failed pods (10 s, doubling, at most 10 min), backoffLimit,
 * activeDeadlineSeconds. A pod that is being deleted has failed (podReplacementPolicy TerminatingOrFailed). A pod
 * of which one container never ends is never Succeeded, and neither is its Job. */
#include "sim/platform/controllers_parts.h"

enum { BACK_OFF_LIMIT = 6 };
#define BACK_OFF_BASE (10 * MC_S)
#define BACK_OFF_MAX (10 * MC_MIN)

static uint32_t back_off_limit(const struct ctl_workload *workload)
{
    const struct sim_job *plan = &workload->plan->job;
    return plan->backoff_limit_given ? plan->backoff_limit : BACK_OFF_LIMIT;
}

void ctl_job_count(struct ctl_pod *pod)
{
    struct ctl_job *job = &pod->workload->job;
    bool active = ctl_is_active(pod);
    if (active != pod->active) job->active += active ? 1 : UINT32_MAX;
    pod->active = active;
    if (active || pod->ended) return;
    pod->ended = true;
    if (pod->status.phase == SIM_POD_SUCCEEDED) {
        job->succeeded++;
        job->failed_in_a_row = 0;
    } else if (job->state == SIM_JOB_ACTIVE || job->state == SIM_JOB_NONE) {
        job->failed++;
        job->failed_in_a_row++;
        job->last_failure = ctl_now(pod->workload->controllers);
    }
}

/* ---- ends ---- */

static void delete_active(struct ctl_workload *workload)
{
    workload->job.unplaced = 0;
    mc_list_each(link, &workload->job.pods)
    {
        struct ctl_pod *pod = mc_container(link, struct ctl_pod, link);
        if (pod->active) ctl_remove(pod, MC_NEVER);
    }
}

static void end_job(struct ctl_workload *workload, enum sim_job_state state, const char *reason)
{
    struct ctl_job *job = &workload->job;
    job->state = state;
    job->reason = reason;
    job->finished = ctl_now(workload->controllers);
    ctl_event(workload->controllers, workload->name, state == SIM_JOB_COMPLETE ? "Completed" : reason, state != SIM_JOB_COMPLETE,
              "%u succeeded, %u failed", job->succeeded, job->failed);
    delete_active(workload);
}

/* restartPolicy OnFailure: restarts in place count, too. */
static uint32_t restarts(const struct ctl_workload *workload)
{
    uint32_t sum = 0;
    mc_list_each(link, &workload->job.pods)
    {
        const struct ctl_pod *pod = mc_container(link, struct ctl_pod, link);
        if (pod->active) sum += pod->status.restarts;
    }
    return sum;
}

static bool past_limit(const struct ctl_workload *workload)
{
    uint32_t limit = back_off_limit(workload), again = restarts(workload);
    return workload->job.failed > limit || (limit ? again >= limit : again > 0);
}

static mc_ns deadline_of(const struct ctl_workload *workload)
{
    mc_ns deadline = workload->plan->job.active_deadline;
    return deadline ? mc_ns_add(workload->job.began, deadline) : MC_NEVER;
}

static bool has_ended(struct ctl_workload *workload)
{
    struct ctl_job *job = &workload->job;
    if (job->state != SIM_JOB_ACTIVE) return true;
    if (past_limit(workload)) end_job(workload, SIM_JOB_FAILED, "BackoffLimitExceeded");
    else if (ctl_now(workload->controllers) >= deadline_of(workload)) end_job(workload, SIM_JOB_FAILED, "DeadlineExceeded");
    else if (job->succeeded >= workload->plan->job.completions) end_job(workload, SIM_JOB_COMPLETE, "");
    return job->state != SIM_JOB_ACTIVE;
}

/* ---- pods ---- */

static mc_ns ready_to_create_at(const struct ctl_job *job)
{
    if (!job->failed_in_a_row || job->last_failure == MC_NEVER) return 0;
    mc_ns wait = BACK_OFF_BASE;
    for (uint32_t i = 1; i < job->failed_in_a_row && wait < BACK_OFF_MAX; i++) wait *= 2;
    return job->last_failure + (wait < BACK_OFF_MAX ? wait : BACK_OFF_MAX);
}

static void delete_some(struct ctl_workload *workload, uint32_t surplus)
{
    mc_list_each(link, &workload->job.pods)
    {
        struct ctl_pod *pod = mc_container(link, struct ctl_pod, link);
        if (!surplus) return;
        if (!pod->active) continue;
        pod->ended = true; /* too many is no failure */
        surplus--;
        ctl_remove(pod, MC_NEVER);
    }
}

static void place_pods(struct ctl_workload *workload)
{
    struct sim_controllers *controllers = workload->controllers;
    ctl_schedule_begin(controllers, workload);
    while (workload->job.unplaced) {
        uint32_t place = ctl_schedule_next(controllers, workload, workload->version);
        if (place == SIM_NONE) {
            ctl_schedule_failed(workload, workload->version);
            return;
        }
        if (!ctl_create(workload, NULL, workload->version, place)) return;
        workload->job.unplaced--;
    }
    ctl_schedule_worked(workload);
}

void ctl_job_look(struct ctl_workload *workload)
{
    struct ctl_job *job = &workload->job;
    const struct sim_job *plan = &workload->plan->job;
    if (has_ended(workload)) return;
    uint32_t left = plan->completions - job->succeeded, parallel = plan->parallelism ? plan->parallelism : 1;
    uint32_t wanted = parallel < left ? parallel : left, pods = job->active + job->unplaced;
    mc_ns now = ctl_now(workload->controllers), from = ready_to_create_at(job);
    if (pods > wanted) delete_some(workload, pods - wanted);
    else if (pods < wanted && now < from) ctl_look_at(workload, from);
    else job->unplaced += wanted - pods;
    if (job->unplaced) place_pods(workload);
    ctl_look_at(workload, deadline_of(workload));
}

/* A version without replicas is no Job yet. */
void ctl_job_begin(struct ctl_workload *workload)
{
    if (!workload->replicas) return;
    workload->job.state = SIM_JOB_ACTIVE;
    workload->job.began = ctl_now(workload->controllers);
    ctl_look_at(workload, workload->job.began);
}

struct sim_job_view sim_controllers_job(const struct sim_controllers *controllers, uint32_t service, uint32_t version)
{
    const struct ctl_workload *workload = ctl_workload_of(controllers, service, version);
    const struct ctl_job *job = &workload->job;
    if (!ctl_is_job(workload)) return (struct sim_job_view){.reason = "", .finished = MC_NEVER};
    return (struct sim_job_view){job->state, job->active + job->unplaced, job->succeeded, job->failed, job->reason, job->finished};
}
