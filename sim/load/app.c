#include "sim/load/app_parts.h"

struct app_conn {
    struct mc_http_owner_type owner; /* a copy, so that the record is found from the codec's connection */
    struct mc_http_conn *http;
    struct sim_app *app;
    struct mc_link link;
    struct mc_grave grave;
};

static struct mc_pool *pool_of(struct sim_app *app)
{
    return &app->turn.realm->pool;
}

static struct app_conn *conn_of(struct mc_http_conn *http)
{
    return mc_container(http->owner, struct app_conn, owner);
}

/* ---- connections ---- */

static void maybe_exit(struct sim_app *app)
{
    if (!app->draining || app->exited || !mc_list_empty(&app->conns)) return;
    app->exited = true;
    mc_timer_disarm(&app->turn.timers, &app->grace);
}

static void on_nothing(struct mc_http_conn *http)
{
    (void)http;
}

static struct mc_handler *on_request(struct mc_http_conn *http, struct mc_exchange *exchange)
{
    struct sim_app *app = conn_of(http)->app;
    uint32_t most = app->program->version->server.connection_requests;
    (void)exchange;
    if (most && http->exchange_total >= most) mc_http_drain(http); /* the answer says so */
    return app_job_new(app);
}

static void on_refused(struct mc_http_conn *http, enum mc_refusal refusal)
{
    (void)http, (void)refusal;
}

static void bury_conn(struct mc_grave *grave)
{
    struct app_conn *conn = mc_container(grave, struct app_conn, grave);
    struct mc_pool *pool = pool_of(conn->app);
    mc_http_free(conn->http);
    mc_pool_give(pool, conn, sizeof *conn);
}

static void on_closed(struct mc_http_conn *http, enum mc_stream_reason reason)
{
    struct app_conn *conn = conn_of(http);
    (void)reason;
    mc_list_remove(&conn->link);
    conn->app->conn_count--;
    mc_turn_bury(&conn->app->turn, &conn->grave, bury_conn);
    maybe_exit(conn->app);
}

static const struct mc_http_owner_type owner_type = {.ready = on_nothing,
                                                     .request = on_request,
                                                     .idle = on_nothing,
                                                     .draining = on_nothing,
                                                     .refused = on_refused,
                                                     .closed = on_closed};

static void on_accepted(struct mc_acceptor *acceptor, const struct mc_event *event)
{
    struct sim_app *app = mc_container(acceptor, struct sim_app, acceptor);
    struct mc_http_options options = {.idle_timeout = app->program->version->keep_alive};
    struct app_conn *conn = mc_pool_take_zero(pool_of(app), sizeof *conn);
    if (conn) {
        conn->owner = owner_type;
        conn->app = app;
        conn->http = mc_h1_server(&app->net, &conn->owner, &options);
    }
    if (!conn || !conn->http) {
        mc_pool_give(pool_of(app), conn, sizeof *conn);
        mc_turn_reset(&app->turn, event->stream);
        return;
    }
    if (!mc_conn_accept(conn->http->conn, event)) {
        mc_http_free(conn->http);
        mc_pool_give(pool_of(app), conn, sizeof *conn);
        return;
    }
    mc_list_push_back(&app->conns, &conn->link);
    app->conn_count++;
}

/* ---- events ---- */

void app_started(struct sim_app *app, bool well)
{
    if (app->draining) return;
    if (well) {
        mc_net_listen(&app->net, &app->acceptor, (struct mc_addr){.port = app->program->port});
    } else {
        app->exited = true;
        app->exit_status = 1;
    }
}

static void start(struct sim_app *app)
{
    app->started = app->turn.now;
    if (app->warm || !app->program->start_step_count) app_started(app, true);
    else app_job_start(app);
}

static void stop(struct sim_app *app, mc_ns grace)
{
    if (app->draining) return;
    app->draining = true;
    mc_net_unlisten(&app->net, &app->acceptor);
    mc_timer_arm(&app->turn.timers, &app->grace, mc_ns_add(app->turn.now, grace));
    mc_list_each(link, &app->conns) mc_http_drain(mc_container(link, struct app_conn, link)->http);
    maybe_exit(app);
}

static void grace_over(struct mc_timer *timer)
{
    struct sim_app *app = mc_container(timer, struct sim_app, grace);
    app->exited = true;
}

static void resolved(struct sim_app *app, const struct mc_event *event)
{
    uint32_t caller = event->resolved.query & ((1u << SIM_LOOKUP_SHIFT) - 1);
    mc_assert(caller >= 1 && caller <= app->program->callee_count);
    sim_caller_resolved(&app->callers[caller - 1], event);
}

static void step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct sim_app *app = self;
    if (app->exit_told) return;
    mc_turn_begin(&app->turn, event, outbox);
    if (event->kind == MC_EVENT_WAKE) { /* only then: what an event arms for now has a step of its own */
        mc_timers_run(&app->turn.timers, event->now);
    } else if (!mc_net_event(&app->net, event)) {
        if (event->kind == MC_EVENT_START) start(app);
        else if (event->kind == MC_EVENT_RESOLVED) resolved(app, event);
        else if (event->kind == MC_EVENT_STOP) stop(app, event->grace);
    }
    mc_turn_end(&app->turn);
    if (!app->exited) return;
    app->exit_told = true;
    mc_outbox_add(outbox, MC_ACTION_EXIT)->id = app->exit_status; /* the last: what was buried may have sent something */
}

static mc_ns deadline(const void *self)
{
    const struct sim_app *app = self;
    return mc_timers_deadline(&app->turn.timers);
}

static void memory(const void *self, struct mc_guest_memory *memory)
{
    const struct sim_app *app = self;
    const struct sim_memory_plan *plan = &app->program->version->resources.memory;
    memory->held = plan->per_request * (app->active + app->queued) + plan->leak_per_request * app->arrivals;
    memory->allocated = (plan->per_request + plan->leak_per_request) * app->arrivals;
}

/* ---- life ---- */

struct sim_app *sim_app_new(const struct sim_app_options *options)
{
    const struct sim_program *program = options->program;
    struct mc_pool *pool = &options->realm->pool;
    struct sim_app *app = mc_pool_take_zero(pool, sizeof *app);
    if (!app) return NULL;
    app->program = program;
    app->observer = options->observer;
    app->party = options->party;
    app->start = options->start;
    app->warm = options->warm;
    app->slow_permille = 1000;
    app->acceptor.accepted = on_accepted;
    mc_turn_init(&app->turn, options->realm, options->party);
    mc_net_init(&app->net, &app->turn);
    mc_list_init(&app->conns);
    mc_list_init(&app->jobs);
    mc_list_init(&app->queue);
    mc_list_init(&app->faults);
    mc_timer_init(&app->grace, grace_over);
    app->served_by_length = (uint32_t)mc_u64_to_text(options->party, app->served_by);
    app->filler = sim_body_filler(pool);
    app->callers = mc_pool_take_zero(pool, program->callee_count * sizeof *app->callers + 1);
    if (!app->filler.chunk || !app->callers) {
        sim_app_free(app);
        return NULL;
    }
    for (uint32_t i = 0; i < program->callee_count; i++) {
        sim_caller_init(&app->callers[i], &program->callees[i], &app->net, app->observer, options->caller, i + 1);
        app->callers[i].filler = app->filler;
        app->callers[i].pool = &program->version->server.pool;
        app->callers[i].tells_deadline = program->version->server.deadlines;
    }
    return app;
}

/* Outside a step there is no outbox: one that is thrown away stands in, so that connections can be
 * taken down by the ordinary way. */
static void take_down(struct sim_app *app)
{
    struct mc_outbox outbox;
    struct mc_event event = {.kind = MC_EVENT_WAKE, .now = app->turn.now, .wall = app->turn.wall};
    mc_outbox_init(&outbox, app->turn.realm->pool.alloc);
    mc_turn_begin(&app->turn, &event, &outbox);
    app->exited = true;
    mc_list_each(link, &app->jobs) app_job_lose(mc_container(link, struct app_job, link));
    mc_net_reset_all(&app->net);
    mc_turn_end(&app->turn);
    mc_outbox_fini(&outbox);
}

void sim_app_free(struct sim_app *app)
{
    if (!app) return;
    struct mc_pool *pool = pool_of(app);
    take_down(app);
    mc_net_fini(&app->net);
    mc_slice_unref(app->filler);
    app_cache_free(app);
    mc_pool_give(pool, app->callers, app->program->callee_count * sizeof *app->callers + 1);
    mc_pool_give(pool, app, sizeof *app);
}

struct mc_guest sim_app_guest(struct sim_app *app)
{
    static const struct mc_guest_type type = {.name = "application", .step = step, .deadline = deadline, .memory = memory};
    return (struct mc_guest){.type = &type, .self = app};
}

uint32_t sim_app_active(const struct sim_app *app)
{
    return app->active;
}

uint32_t sim_app_queued(const struct sim_app *app)
{
    return app->queued;
}

uint32_t sim_app_connections(const struct sim_app *app)
{
    return app->conn_count;
}

struct sim_app_cache_counts sim_app_cache_counts(const struct sim_app *app)
{
    return app->cache_counts;
}

void sim_app_slow(struct sim_app *app, uint32_t permille)
{
    app->slow_permille = permille;
}

void sim_app_break(struct sim_app *app, struct sim_app_fault *fault)
{
    mc_list_push_back(&app->faults, &fault->link);
}

void sim_app_mend(struct sim_app *app, struct sim_app_fault *fault)
{
    (void)app;
    mc_list_remove(&fault->link);
}
