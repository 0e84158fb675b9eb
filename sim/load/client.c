#include "sim/load/client.h"
#include "sim/load/caller.h"

struct sim_client {
    struct mc_turn turn;
    struct mc_net net;
    const struct sim_load_spec *spec;
    const struct sim_call_spec *call;
    struct sim_observer *observer;
    struct sim_caller caller;
    struct mc_slice filler;
    struct sim_arrivals arrivals;
    struct mc_timer next;       /* open loop: the next iteration; closed: the start */
    struct mc_link iterations;
    struct sim_client_counts counts;
    uint64_t entity;
    mc_ns start;                /* when its time began: spec->start, or its own start if that was later */
    bool stopped;
};

struct iteration {
    struct sim_http_call http;
    struct sim_client *client;
    struct mc_link link;
    struct mc_timer think;      /* closed loop */
    uint64_t user, round;       /* closed loop */
    struct mc_grave grave;
};

static mc_ns end_of(const struct sim_client *client)
{
    return client->spec->duration ? mc_ns_add(client->start, client->spec->duration) : MC_NEVER;
}

static void bury(struct mc_grave *grave)
{
    struct iteration *iteration = mc_container(grave, struct iteration, grave);
    mc_pool_give(&iteration->client->turn.realm->pool, iteration, sizeof *iteration);
}

static void leave(struct iteration *iteration)
{
    struct sim_client *client = iteration->client;
    mc_timer_disarm(&client->turn.timers, &iteration->think);
    mc_list_remove(&iteration->link);
    mc_turn_bury(&client->turn, &iteration->grave, bury);
}

static void begin(struct iteration *iteration, uint64_t ordinal, mc_ns intended)
{
    struct sim_client *client = iteration->client;
    void (*done)(struct sim_http_call *) = iteration->http.done;
    iteration->http = (struct sim_http_call){
        .done = done, .is_root = true, .lineage = sim_lineage_root(client->turn.realm->seed, client->entity, ordinal)};
    client->counts.started++;
    client->counts.under_way++;
    sim_http_call_start(&iteration->http, &client->caller, client->call, intended);
}

static void count_end(struct sim_client *client, const struct sim_http_call *http)
{
    client->counts.under_way--;
    client->counts.finished++;
    if (http->failure || http->code >= 500) client->counts.failed++;
}

static struct iteration *new_iteration(struct sim_client *client, void (*done)(struct sim_http_call *),
                                       void (*think)(struct mc_timer *))
{
    struct iteration *iteration = mc_pool_take_zero(&client->turn.realm->pool, sizeof *iteration);
    if (!iteration) return NULL;
    iteration->client = client;
    iteration->http.done = done;
    mc_timer_init(&iteration->think, think);
    mc_list_push_back(&client->iterations, &iteration->link);
    return iteration;
}

/* ---- open loop ---- */

static void open_done(struct sim_http_call *http)
{
    struct iteration *iteration = mc_container(http, struct iteration, http);
    count_end(iteration->client, http);
    leave(iteration);
}

static void never(struct mc_timer *timer)
{
    (void)timer;
    mc_unreachable();
}

static void arrive(struct sim_client *client, uint64_t ordinal, mc_ns intended)
{
    uint32_t most = client->spec->max_vus ? client->spec->max_vus : 10000;
    struct iteration *iteration = client->counts.under_way < most ? new_iteration(client, open_done, never) : NULL;
    if (iteration) begin(iteration, ordinal, intended);
    else client->counts.dropped++;
}

static void open_due(struct mc_timer *timer)
{
    struct sim_client *client = mc_container(timer, struct sim_client, next);
    struct sim_arrivals *arrivals = &client->arrivals;
    while (!client->stopped && arrivals->next != MC_NEVER) {
        mc_ns intended = mc_ns_add(client->start, arrivals->next);
        if (intended > client->turn.now) {
            mc_timer_arm(&client->turn.timers, timer, intended);
            return;
        }
        arrive(client, arrivals->ordinal, intended);
        sim_arrivals_advance(arrivals);
    }
}

/* ---- closed loop ---- */

static void user_next(struct mc_timer *timer)
{
    struct iteration *user = mc_container(timer, struct iteration, think);
    struct sim_client *client = user->client;
    if (client->stopped || client->turn.now >= end_of(client)) leave(user);
    else begin(user, user->user << 40 | user->round++, client->turn.now);
}

static void closed_done(struct sim_http_call *http)
{
    struct iteration *user = mc_container(http, struct iteration, http);
    struct sim_client *client = user->client;
    count_end(client, http);
    mc_timer_arm(&client->turn.timers, &user->think, mc_ns_add(client->turn.now, client->spec->think));
}

static void closed_start(struct mc_timer *timer)
{
    struct sim_client *client = mc_container(timer, struct sim_client, next);
    for (uint32_t i = 0; i < client->spec->vus; i++) {
        struct iteration *user = new_iteration(client, closed_done, user_next);
        if (!user) return;
        user->user = i;
        user_next(&user->think);
    }
}

/* ---- the guest ---- */

static void start(struct sim_client *client)
{
    client->start = mc_ns_max(client->spec->start, client->turn.now);
    if (client->spec->executor == SIM_LOAD_CLOSED) {
        mc_timer_arm(&client->turn.timers, &client->next, client->start);
        return;
    }
    sim_arrivals_init(&client->arrivals, client->spec, client->turn.realm->seed, client->entity);
    mc_timer_arm(&client->turn.timers, &client->next, mc_ns_add(client->start, client->arrivals.next));
}

static void step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct sim_client *client = self;
    mc_turn_begin(&client->turn, event, outbox);
    if (!mc_net_event(&client->net, event)) {
        if (event->kind == MC_EVENT_START) start(client);
        else if (event->kind == MC_EVENT_RESOLVED) sim_caller_resolved(&client->caller, event);
        else if (event->kind == MC_EVENT_STOP) client->stopped = true;
    }
    mc_timers_run(&client->turn.timers, event->now);
    mc_turn_end(&client->turn);
}

static mc_ns deadline(const void *self)
{
    const struct sim_client *client = self;
    return mc_timers_deadline(&client->turn.timers);
}

struct sim_client *sim_client_new(const struct sim_client_options *options)
{
    struct mc_pool *pool = &options->realm->pool;
    struct sim_client *client = mc_pool_take_zero(pool, sizeof *client);
    if (!client) return NULL;
    client->spec = options->spec;
    client->call = options->call;
    client->observer = options->observer;
    client->entity = options->entity;
    client->filler = sim_body_filler(pool);
    if (!client->filler.chunk) {
        mc_pool_give(pool, client, sizeof *client);
        return NULL;
    }
    mc_turn_init(&client->turn, options->realm, options->node);
    mc_net_init(&client->net, &client->turn);
    mc_list_init(&client->iterations);
    mc_timer_init(&client->next, options->spec->executor == SIM_LOAD_CLOSED ? closed_start : open_due);
    sim_caller_init(&client->caller, options->callee, &client->net, options->observer, options->party, 1);
    client->caller.filler = client->filler;
    client->caller.pool = &options->spec->pool;
    client->caller.tells_deadline = options->spec->tells_deadline;
    return client;
}

void sim_client_free(struct sim_client *client)
{
    if (!client) return;
    struct mc_pool *pool = &client->turn.realm->pool;
    struct mc_outbox outbox;
    struct mc_event event = {.kind = MC_EVENT_WAKE, .now = client->turn.now, .wall = client->turn.wall};
    mc_outbox_init(&outbox, pool->alloc);
    mc_turn_begin(&client->turn, &event, &outbox);
    mc_list_each(link, &client->iterations) {
        struct iteration *iteration = mc_container(link, struct iteration, link);
        if (!iteration->think.armed) sim_http_call_cancel(&iteration->http);
        leave(iteration);
    }
    mc_net_reset_all(&client->net);
    mc_turn_end(&client->turn);
    mc_outbox_fini(&outbox);
    mc_net_fini(&client->net);
    mc_slice_unref(client->filler);
    mc_pool_give(pool, client, sizeof *client);
}

struct mc_guest sim_client_guest(struct sim_client *client)
{
    static const struct mc_guest_type type = {.name = "load client", .step = step, .deadline = deadline};
    return (struct mc_guest){.type = &type, .self = client};
}

struct sim_client_counts sim_client_counts(const struct sim_client *client)
{
    return client->counts;
}

void sim_client_stop(struct sim_client *client)
{
    client->stopped = true;
}
