#include "uv/parts.h"

/* ---- actions ---- */

static struct mc_uv_stream *stream_of(struct mc_uv_host *host, const struct mc_action *action)
{
    struct mc_uv_stream *stream = mc_map_get(&host->streams, action->stream);
    mc_assert(stream); /* a guest names only streams whose terminal event it has not been told */
    return stream;
}

static void do_unlisten(struct mc_uv_host *host, const struct mc_action *action)
{
    mc_uv_listener_close(host, action->id);
}

static void do_send(struct mc_uv_host *host, const struct mc_action *action)
{
    mc_uv_stream_send(stream_of(host, action), action->slice);
}

static void do_finish(struct mc_uv_host *host, const struct mc_action *action)
{
    mc_uv_stream_finish(stream_of(host, action));
}

static void do_reset(struct mc_uv_host *host, const struct mc_action *action)
{
    mc_uv_stream_reset(stream_of(host, action));
}

static void do_credit(struct mc_uv_host *host, const struct mc_action *action)
{
    mc_uv_stream_credit(stream_of(host, action), action->bytes);
}

static void do_exit(struct mc_uv_host *host, const struct mc_action *action)
{
    host->state = MC_UV_HOST_EXITING;
    host->status = action->id;
}

static void carry_out(struct mc_uv_host *host)
{
    static void (*const carry[MC_ACTION_KINDS])(struct mc_uv_host *host, const struct mc_action *action) = {
        [MC_ACTION_LISTEN] = mc_uv_listener_open,
        [MC_ACTION_UNLISTEN] = do_unlisten,
        [MC_ACTION_OPEN] = mc_uv_stream_open,
        [MC_ACTION_SEND] = do_send,
        [MC_ACTION_FINISH] = do_finish,
        [MC_ACTION_RESET] = do_reset,
        [MC_ACTION_CREDIT] = do_credit,
        [MC_ACTION_RESOLVE] = mc_uv_resolve,
        [MC_ACTION_EXIT] = do_exit,
    };
    for (uint32_t i = 0; i < host->outbox.count; i++) {
        mc_assert(host->state == MC_UV_HOST_RUNNING); /* nothing follows EXIT */
        carry[host->outbox.actions[i].kind](host, &host->outbox.actions[i]);
    }
    mc_outbox_clear(&host->outbox);
}

/* ---- steps ---- */

void mc_uv_host_step(struct mc_uv_host *host, struct mc_event *event)
{
    if (host->state != MC_UV_HOST_RUNNING) {
        if (event->kind == MC_EVENT_DATA) mc_slice_unref(event->data);
        return;
    }
    mc_assert(!host->stepping);
    mc_uv_loop_read_clock(host->loop);
    event->now = host->loop->now;
    event->wall = host->loop->wall;
    host->stepping = true;
    mc_guest_step(host->guest, event, &host->outbox);
    carry_out(host);
    host->stepping = false;
}

/* The answer to an OPEN or RESOLVE that failed before it had begun. */
static void tell_failure(struct mc_uv_host *host, const struct mc_action *action)
{
    struct mc_event event = {
        .kind = MC_EVENT_OPEN_FAILED, .stream = action->stream, .reason = MC_REASON_LIMIT};
    if (action->kind == MC_ACTION_RESOLVE) {
        event = (struct mc_event){.kind = MC_EVENT_RESOLVED};
        event.resolved.query = action->id;
        event.resolved.reason = MC_REASON_LIMIT;
    }
    mc_uv_host_step(host, &event);
}

static void tell_failures(struct mc_uv_host *host)
{
    for (uint32_t i = 0; i < host->failed.count; i++) {
        struct mc_action action = host->failed.actions[i]; /* the step may add to the list */
        tell_failure(host, &action);
    }
    mc_outbox_clear(&host->failed);
}

void mc_uv_host_turn(struct mc_uv_host *host)
{
    if (host->state == MC_UV_HOST_NEW) {
        host->state = MC_UV_HOST_RUNNING;
        mc_uv_host_step(host, &(struct mc_event){.kind = MC_EVENT_START});
    }
    if (host->stop_grace >= 0) {
        struct mc_event event = {.kind = MC_EVENT_STOP, .grace = host->stop_grace};
        host->stop_grace = -1;
        mc_uv_host_step(host, &event);
    }
    tell_failures(host);
}

/* ---- life ---- */

struct mc_uv_host *mc_uv_host_new(struct mc_uv_loop *loop, struct mc_guest guest, struct mc_uv_operator *operator)
{
    struct mc_pool *pool = &loop->realm->pool;
    struct mc_uv_host *host = mc_pool_take_zero(pool, sizeof *host);
    if (!host) return NULL;
    host->loop = loop;
    host->guest = guest;
    host->operator = operator;
    host->stop_grace = -1;
    mc_outbox_init(&host->outbox, mc_pool_as_alloc(pool));
    mc_outbox_init(&host->failed, mc_pool_as_alloc(pool));
    mc_map_init(&host->streams, mc_pool_as_alloc(pool));
    mc_list_init(&host->listeners);
    mc_list_init(&host->queries);
    mc_list_push_back(&loop->hosts, &host->link);
    loop->live_hosts++;
    return host;
}

void mc_uv_host_command(struct mc_uv_host *host, const struct mc_command *command)
{
    mc_uv_host_step(host, &(struct mc_event){.kind = MC_EVENT_COMMAND, .command = command});
}

void mc_uv_host_stop(struct mc_uv_host *host, mc_ns grace)
{
    mc_assert(grace >= 0);
    host->stop_grace = grace;
}

bool mc_uv_host_exited(const struct mc_uv_host *host, uint32_t *status)
{
    if (status) *status = host->status;
    return host->state == MC_UV_HOST_EXITED;
}

/* What is queued in the kernel is still sent; what is not is lost. */
void mc_uv_host_shut(struct mc_uv_host *host)
{
    if (host->state == MC_UV_HOST_EXITED) return;
    host->state = MC_UV_HOST_EXITED;
    host->loop->live_hosts--;
    mc_uv_listeners_close(host);
    mc_uv_resolve_forget(host);
    struct mc_map_entry *entry;
    for (uint32_t at = 0; (entry = mc_map_next(&host->streams, &at));) mc_uv_stream_drop(entry->value);
    mc_map_fini(&host->streams);
    mc_outbox_fini(&host->outbox);
    mc_outbox_fini(&host->failed);
}
