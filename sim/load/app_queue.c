/* Who gets a place at an application server, and who waits how long for one. */
#include "sim/load/app_parts.h"

static const mc_ns default_target = 5 * MC_MS, default_interval = 100 * MC_MS; /* Fail at Scale, ACM Queue 13/8 (2015) */

static const struct sim_server_plan *plan_of(const struct sim_app *app)
{
    return &app->program->version->server;
}

static bool is_full(const struct sim_app *app)
{
    uint32_t limit = app->program->version->concurrency;
    return limit && app->active >= limit;
}

static bool has_controlled_delay(const struct sim_server_plan *plan)
{
    return plan->queue_policy == SIM_QUEUE_CODEL || plan->queue_policy == SIM_QUEUE_ADAPTIVE_LIFO;
}

static mc_ns interval_of(const struct sim_server_plan *plan)
{
    return plan->queue_interval ? plan->queue_interval : default_interval;
}

/* The queue stands: it has not been empty for an interval. */
static bool stands(const struct sim_app *app)
{
    return app->queued && app->turn.now - app->queue_empty > interval_of(plan_of(app));
}

/* How long one that comes now may wait. */
static mc_ns patience(const struct sim_app *app)
{
    const struct sim_server_plan *plan = plan_of(app);
    if (!has_controlled_delay(plan)) return plan->queue_timeout ? plan->queue_timeout : MC_NEVER;
    if (!stands(app)) return interval_of(plan);
    return plan->queue_target ? plan->queue_target : default_target;
}

static void wait_for_place(struct sim_app *app, struct app_job *job)
{
    mc_ns wait = patience(app);
    if (!app->queued) app->queue_empty = app->turn.now;
    app->queued++;
    job->state = JOB_QUEUED;
    mc_list_push_back(&app->queue, &job->queue);
    mc_ns until = wait == MC_NEVER ? MC_NEVER : mc_ns_add(app->turn.now, wait);
    if (until != MC_NEVER || job->deadline) app_job_sleep(job, until);
}

static void take_place(struct sim_app *app, struct app_job *job)
{
    app->active++;
    app->begun++;
    job->state = JOB_RUNNING;
}

static uint16_t overload_status(const struct sim_app *app)
{
    uint16_t status = plan_of(app)->overload_status;
    return status ? status : 503;
}

void app_admit(struct sim_app *app, struct app_job *job)
{
    uint32_t room = app->program->version->queue;
    if (!is_full(app)) {
        take_place(app, job);
        app_job_run(job);
    } else if (!room || app->queued < room) {
        wait_for_place(app, job);
    } else {
        app_job_refuse(job, overload_status(app));
    }
}

static void leave_queue(struct sim_app *app, struct app_job *job)
{
    mc_list_remove(&job->queue);
    app->queued--;
}

void app_queue_timer(struct app_job *job)
{
    struct sim_app *app = job->app;
    leave_queue(app, job);
    job->state = JOB_READING; /* it never had a place */
    app_job_refuse(job, app_job_is_late(job) ? 504 : overload_status(app));
}

static struct app_job *next_of(struct sim_app *app)
{
    enum sim_queue_policy policy = plan_of(app)->queue_policy;
    bool latest = policy == SIM_QUEUE_LIFO || (policy == SIM_QUEUE_ADAPTIVE_LIFO && stands(app));
    if (mc_list_empty(&app->queue)) return NULL;
    return mc_container(latest ? app->queue.prev : app->queue.next, struct app_job, queue);
}

void app_leave(struct sim_app *app, struct app_job *job)
{
    if (job->state == JOB_QUEUED) leave_queue(app, job);
    if (job->state != JOB_RUNNING) return;
    app->active--;
    struct app_job *next = next_of(app);
    if (!next) return;
    leave_queue(app, next);
    take_place(app, next);
    mc_timer_arm(&app->turn.timers, &next->timer, app->turn.now); /* a step of its own: its CPU must not hold this one's answer up */
}
