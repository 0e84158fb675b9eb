/* One request at an application server. */
#include "sim/load/app_parts.h"
#include "sim/load/deadline.h"

struct app_call {
    struct sim_http_call http;
    struct sim_app *app;
    struct app_job *job;
    struct mc_link link;
    bool optional;
    struct mc_grave grave;
};

static struct app_job *job_of(struct mc_handler *handler)
{
    return mc_container(handler, struct app_job, handler);
}

static struct mc_pool *pool_of(const struct sim_app *app)
{
    return &app->turn.realm->pool;
}

static uint64_t draw(const struct app_job *job, uint64_t what)
{
    return mc_draw(job->lineage.luck, MC_FOR_SERVICE, what, 1);
}

/* When an action of this step will really leave: the step's CPU so far comes first. */
static mc_ns effective_now(const struct sim_app *app)
{
    return mc_ns_add(app->turn.now, (mc_ns)app->turn.out->work[MC_WORK_APP_NS]);
}

bool app_job_is_late(const struct app_job *job)
{
    return job->deadline && job->app->turn.now >= job->deadline;
}

void app_job_sleep(struct app_job *job, mc_ns until)
{
    if (job->deadline) until = mc_ns_min(until, job->deadline);
    mc_timer_arm(&job->app->turn.timers, &job->timer, until);
}

/* ---- the end ---- */

static void bury_job(struct mc_grave *grave)
{
    struct app_job *job = mc_container(grave, struct app_job, grave);
    struct mc_pool *pool = pool_of(job->app);
    mc_pool_give(pool, (void *)(uintptr_t)job->request_id.p, job->request_id.n);
    mc_pool_give(pool, job, sizeof *job);
}

static void tell(const struct app_job *job, uint16_t code)
{
    if (job->is_start) return;
    if (job->probe) return;
    struct sim_arrival_record record = {.at = job->app->party,
                                        .path = job->path,
                                        .started = job->started,
                                        .ended = effective_now(job->app),
                                        .code = code,
                                        .abandoned = job->abandoned,
                                        .trace_hi = job->lineage.trace_hi,
                                        .trace_lo = job->lineage.trace_lo,
                                        .span = job->lineage.span,
                                        .cpu = job->cpu};
    job->app->observer->type->arrival(job->app->observer, &record);
}

static void leave(struct app_job *job)
{
    struct sim_app *app = job->app;
    mc_timer_disarm(&app->turn.timers, &job->timer);
    if (job->fetching) app_cache_done(job);
    mc_list_remove(&job->queue);
    mc_list_remove(&job->link);
    mc_turn_bury(&app->turn, &job->grave, bury_job);
}

static void bury_call(struct mc_grave *grave)
{
    struct app_call *call = mc_container(grave, struct app_call, grave);
    mc_pool_give(pool_of(call->app), call, sizeof *call);
}

static void end_call(struct app_call *call)
{
    mc_list_remove(&call->link);
    call->job->calls_pending--;
    mc_turn_bury(&call->app->turn, &call->grave, bury_call);
}

static void cancel_calls(struct app_job *job)
{
    mc_list_each(link, &job->calls) {
        struct app_call *call = mc_container(link, struct app_call, link);
        sim_http_call_cancel(&call->http);
        end_call(call);
    }
}

void app_job_lose(struct app_job *job)
{
    cancel_calls(job);
    tell(job, 0);
    if (job->handler.exchange) job->handler.exchange->handler = NULL;
    leave(job);
}

/* ---- the answer ---- */

static bool add_header(struct mc_head *head, struct mc_str name, struct mc_str value)
{
    return mc_ok(mc_headers_add(&head->headers, head->arena, name, value));
}

static void send_answer(struct app_job *job)
{
    struct sim_app *app = job->app;
    struct mc_exchange *exchange = job->handler.exchange;
    struct mc_head head = {.arena = &exchange->arena,
                           .is_response = true,
                           .minor = 1,
                           .status = job->status,
                           .content_length = job->response_bytes};
    if (!add_header(&head, SIM_SERVED_BY, mc_str(app->served_by, app->served_by_length))) {
        mc_exchange_reset(exchange);
        leave(job);
        return;
    }
    job->body = (struct sim_body){.left = job->response_bytes};
    mc_exchange_send_head(exchange, &head, !job->response_bytes);
    if (job->response_bytes && job->handler.exchange) sim_body_send(&job->body, job->handler.exchange, app->filler);
}

static void answer(struct app_job *job)
{
    struct sim_app *app = job->app;
    if (job->fetching) app_cache_done(job);
    tell(job, job->status);
    app_leave(app, job);
    job->state = JOB_ANSWERING;
    job->answered = true;
    if (job->handler.exchange) send_answer(job);
    else leave(job);
}

void app_job_refuse(struct app_job *job, uint16_t status)
{
    job->begun = true;
    job->status = status;
    answer(job);
}

/* ---- calls ---- */

static void run_steps(struct app_job *job);

static void call_done(struct sim_http_call *http)
{
    struct app_call *call = mc_container(http, struct app_call, http);
    struct app_job *job = call->job;
    bool failed = http->failure != SIM_CALL_NONE || http->code >= 500;
    if (failed && !call->optional) job->status = 500;
    job->call_failed |= failed;
    end_call(call);
    if (!job->calls_pending) run_steps(job);
}

static void start_call(struct app_job *job, uint32_t index)
{
    struct sim_app *app = job->app;
    const struct sim_program_step *step = &app->program->steps[index];
    struct app_call *call = mc_pool_take_zero(pool_of(app), sizeof *call);
    if (!call) {
        if (!step->optional) job->status = 500;
        return;
    }
    call->app = app;
    call->job = job;
    call->optional = step->optional;
    call->http.done = call_done;
    call->http.lineage = job->lineage;
    call->http.deadline = job->deadline;
    call->http.step = index + 1;
    mc_list_push_back(&job->calls, &call->link);
    job->calls_pending++;
    sim_http_call_start(&call->http, &app->callers[step->call.callee], &step->call, app->turn.now);
}

/* One call, or a run of parallel ones. */
static void start_calls(struct app_job *job)
{
    const struct sim_program *program = job->app->program;
    uint32_t end = job->fetch_end ? job->fetch_end : job->end;
    bool together = program->steps[job->step].parallel;
    job->call_failed = false;
    do start_call(job, job->step++);
    while (together && job->step < end && program->steps[job->step].kind == SIM_STEP_CALL &&
           program->steps[job->step].parallel);
}

/* ---- work ---- */

/* True: the job sleeps, and its timer goes on with it. */
static bool work(struct app_job *job)
{
    struct sim_app *app = job->app;
    const struct sim_program_step *step = &app->program->steps[job->step];
    uint64_t place = (uint64_t)(job->step + 1) << 1;
    mc_ns wait = job->slept ? 0 : app_pace(app, sim_sampler_draw(&step->wait, draw(job, place)));
    if (wait > 0) {
        job->slept = true;
        app_job_sleep(job, mc_ns_add(effective_now(app), wait));
        return true;
    }
    mc_ns cpu = app_pace(app, sim_sampler_draw(&step->cpu, draw(job, place | 1)));
    if (cpu > 0) {
        mc_turn_work(&app->turn, MC_WORK_APP_NS, (uint64_t)cpu);
        job->cpu += cpu;
    }
    job->slept = false;
    job->step++;
    return false;
}

static bool fails_by_itself(const struct app_job *job)
{
    uint32_t share = job->app->program->version->error_ppm;
    return share && mc_chance(draw(job, 0), share, 1000000);
}

static void start_over(struct app_job *job)
{
    leave(job);
    app_started(job->app, !job->status);
}

static void run_steps(struct app_job *job)
{
    const struct sim_program *program = job->app->program;
    for (;;) {
        if (!job->status && app_job_is_late(job)) job->status = 504;
        if (job->fetching && (job->status || job->step >= job->fetch_end)) app_cache_done(job);
        if (job->status || job->step >= job->end) break;
        const struct sim_program_step *step = &program->steps[job->step];
        if (step->kind == SIM_STEP_RESPOND) {
            job->status = step->status ? step->status : 200;
            if (step->response_bytes) job->response_bytes = step->response_bytes;
        } else if (step->kind == SIM_STEP_WORK) {
            if (work(job)) return;
        } else if (step->kind == SIM_STEP_CACHED) {
            if (app_cache_ask(job)) return;
        } else {
            start_calls(job);
            if (job->calls_pending) return;
        }
    }
    if (job->is_start) {
        start_over(job);
        return;
    }
    if (!job->status) job->status = 200;
    if (job->status < 500 && fails_by_itself(job)) job->status = program->version->error_status ? program->version->error_status : 500;
    answer(job);
}

/* Faults, once, before the first step. True: the job sleeps first. */
static bool suffer(struct app_job *job)
{
    mc_ns delay = 0;
    mc_list_each(link, &job->app->faults) {
        struct sim_app_fault *fault = mc_container(link, struct sim_app_fault, link);
        if (!fault->hits(fault, job->lineage.luck)) continue;
        delay = mc_ns_add(delay, fault->delay);
        if (fault->status) job->status = fault->status;
    }
    if (!delay) return false;
    app_job_sleep(job, mc_ns_add(job->app->turn.now, delay));
    return true;
}

void app_job_run(struct app_job *job)
{
    job->begun = true;
    if (job->probe) {
        if (!job->status) job->status = 200;
        answer(job);
        return;
    }
    if (!job->status && suffer(job)) return;
    run_steps(job);
}

static void timer_fired(struct mc_timer *timer)
{
    struct app_job *job = mc_container(timer, struct app_job, timer);
    if (job->state == JOB_QUEUED) app_queue_timer(job);
    else if (job->begun) run_steps(job);
    else app_job_run(job);
}

/* ---- the request ---- */

/* A request of the kubelet's, for the path of one of the version's probes. Users may ask for the same path. */
static bool is_probe(const struct app_job *job, const struct mc_head *head)
{
    const struct sim_pod_plan *pod = &job->app->program->version->pod;
    const struct sim_probe *probes[] = {&pod->startup, &pod->readiness, &pod->liveness};
    for (size_t i = 0; i < MC_COUNT_OF(probes); i++) {
        if (probes[i]->kind != SIM_PROBE_HTTP) continue;
        struct mc_str path = probes[i]->path.n ? probes[i]->path : MC_STR("/healthz");
        const struct mc_header *agent = mc_headers_known(&head->headers, MC_HEADER_USER_AGENT);
        if (agent && mc_str_starts(agent->value, MC_STR("kube-probe/")) && mc_str_eq(mc_head_path(head, &(struct mc_str){0}), path)) return true;
    }
    return false;
}

static void on_head(struct mc_handler *handler, struct mc_head *head, bool end)
{
    struct app_job *job = job_of(handler);
    struct sim_app *app = job->app;
    struct mc_pool *pool = pool_of(app);
    job->started = app->turn.now;
    job->probe = is_probe(job, head);
    if (job->probe) {
        job->response_bytes = 0;
        if (end) app_admit(app, job);
        return;
    }
    job->lineage = sim_lineage_read(head, app->turn.realm->seed, app->party, app->arrivals++);
    if (app->program->version->server.deadlines) {
        mc_ns left = sim_deadline_read(head);
        if (left) job->deadline = mc_ns_add(job->started, left);
    }
    job->path = mc_atoms_find(&app->turn.realm->atoms, mc_head_path(head, &(struct mc_str){0}));
    char *copy = job->lineage.request_id.n ? mc_pool_take(pool, job->lineage.request_id.n) : NULL;
    if (copy) {
        memcpy(copy, job->lineage.request_id.p, job->lineage.request_id.n);
        job->request_id = mc_str(copy, job->lineage.request_id.n);
    }
    job->lineage.request_id = job->request_id;
    if (end) app_admit(app, job);
}

static void on_body(struct mc_handler *handler, struct mc_slice slice, bool end)
{
    struct app_job *job = job_of(handler);
    if (slice.length) mc_exchange_consumed(handler->exchange, slice.length);
    mc_slice_unref(slice);
    if (end && job->state == JOB_READING) app_admit(job->app, job);
}

static void on_trailers(struct mc_handler *handler, struct mc_headers *trailers)
{
    struct app_job *job = job_of(handler);
    (void)trailers;
    if (job->state == JOB_READING) app_admit(job->app, job);
}

static void on_clogged(struct mc_handler *handler, bool clogged)
{
    struct app_job *job = job_of(handler);
    if (handler->exchange) sim_body_clogged(&job->body, handler->exchange, job->app->filler, clogged);
}

static void on_ended(struct mc_handler *handler, enum mc_exchange_end end)
{
    struct app_job *job = job_of(handler);
    (void)end;
    if (job->answered) {
        leave(job);
        return;
    }
    job->abandoned = true;
    bool waits = job->state == JOB_READING || job->state == JOB_QUEUED;
    if (!waits && !job->app->program->version->cancel) return;
    cancel_calls(job);
    tell(job, 499); /* the client has gone: nginx's word for it */
    app_leave(job->app, job);
    leave(job);
}

static const struct mc_handler_type handler_type = {
    .head = on_head, .body = on_body, .trailers = on_trailers, .clogged = on_clogged, .ended = on_ended};

static struct app_job *new_job(struct sim_app *app)
{
    struct app_job *job = mc_pool_take_zero(pool_of(app), sizeof *job);
    if (!job) return NULL;
    job->handler.type = &handler_type;
    job->app = app;
    job->end = app->program->step_count;
    job->response_bytes = app->program->version->response_bytes;
    mc_list_init(&job->queue);
    mc_list_init(&job->calls);
    mc_timer_init(&job->timer, timer_fired);
    mc_list_push_back(&app->jobs, &job->link);
    return job;
}

struct mc_handler *app_job_new(struct sim_app *app)
{
    struct app_job *job = new_job(app);
    return job ? &job->handler : NULL;
}

/* ---- the start ---- */

void app_job_start(struct sim_app *app)
{
    const uint64_t starts = UINT64_C(1) << 63; /* apart from the numbers of its requests */
    struct app_job *job = new_job(app);
    if (!job) {
        app_started(app, false);
        return;
    }
    job->is_start = job->begun = true;
    job->state = JOB_RUNNING;
    job->started = app->turn.now;
    job->lineage = sim_lineage_root(app->turn.realm->seed, app->party, starts | app->start);
    job->step = app->program->step_count;
    job->end = job->step + app->program->start_step_count;
    run_steps(job);
}
