#include "uv/parts.h"
#include <unistd.h>

static struct mc_uv_loop *loop_of(struct mc_uv_stream *stream)
{
    return mc_container(stream->tcp.loop, struct mc_uv_loop, uv);
}

/* ---- end of life ---- */

static void on_closed(uv_handle_t *handle)
{
    struct mc_uv_stream *stream = mc_uv_stream_of(handle);
    mc_slices_fini(&stream->queue);
    mc_pool_give(&loop_of(stream)->realm->pool, stream, sizeof *stream);
}

/* From here on the guest knows nothing of the stream; libuv still does until on_closed. */
static void forget(struct mc_uv_stream *stream)
{
    mc_list_remove(&stream->dirty);
    mc_list_remove(&stream->due_link);
    mc_map_remove(&stream->host->streams, stream->id);
    stream->host = NULL;
}

void mc_uv_stream_drop(struct mc_uv_stream *stream)
{
    forget(stream);
    uv_close((uv_handle_t *)&stream->tcp, on_closed);
}

void mc_uv_stream_reset(struct mc_uv_stream *stream)
{
    forget(stream);
    if (uv_tcp_close_reset(&stream->tcp, on_closed)) uv_close((uv_handle_t *)&stream->tcp, on_closed);
}

void mc_uv_stream_tell_later(struct mc_uv_stream *stream, enum mc_uv_due due, enum mc_stream_reason reason)
{
    if (stream->due) return;
    stream->due = due;
    stream->reason = reason;
    mc_list_push_back(&loop_of(stream)->due, &stream->due_link);
}

void mc_uv_stream_tell_due(struct mc_uv_stream *stream)
{
    static const enum mc_event_kind kinds[] = {
        [MC_UV_DUE_OPEN_FAILED] = MC_EVENT_OPEN_FAILED,
        [MC_UV_DUE_RESET] = MC_EVENT_RESET,
        [MC_UV_DUE_CLOSED] = MC_EVENT_CLOSED,
    };
    struct mc_uv_host *host = stream->host;
    struct mc_event event = {.kind = kinds[stream->due], .stream = stream->id};
    if (stream->due != MC_UV_DUE_CLOSED) event.reason = stream->reason;
    mc_uv_stream_drop(stream);
    mc_uv_host_step(host, &event);
}

/* ---- begin of life ---- */

/* NULL: no memory; then nothing is left of it. */
static struct mc_uv_stream *make(struct mc_uv_host *host, mc_stream id)
{
    struct mc_pool *pool = &host->loop->realm->pool;
    struct mc_uv_stream *stream = mc_pool_take_zero(pool, sizeof *stream);
    if (!stream) return NULL;
    if (!mc_map_put(&host->streams, id, stream)) {
        mc_pool_give(pool, stream, sizeof *stream);
        return NULL;
    }
    stream->host = host;
    stream->id = id;
    stream->credit = MC_STREAM_CREDIT;
    mc_slices_init(&stream->queue, pool);
    mc_list_init(&stream->dirty);
    mc_list_init(&stream->due_link);
    uv_tcp_init(&host->loop->uv, &stream->tcp);
    return stream;
}

void mc_uv_stream_accept(struct mc_uv_host *host, int fd, struct mc_event *accepted)
{
    struct mc_uv_stream *stream = make(host, ++host->next_stream);
    if (!stream) {
        close(fd);
        return;
    }
    if (uv_tcp_open(&stream->tcp, fd)) {
        close(fd);
        mc_uv_stream_drop(stream);
        return;
    }
    uv_tcp_nodelay(&stream->tcp, 1);
    accepted->stream = stream->id;
    stream->in = MC_UV_IN_PAUSED;
    mc_uv_stream_read(stream);
    mc_uv_host_step(host, accepted);
}

static void on_connected(uv_connect_t *connect, int status)
{
    struct mc_uv_stream *stream = mc_container(connect, struct mc_uv_stream, connect);
    struct sockaddr_storage own;
    int length = sizeof own;
    if (!stream->host) return;
    if (status) {
        mc_uv_stream_tell_later(stream, MC_UV_DUE_OPEN_FAILED, mc_uv_reason(status));
        return;
    }
    struct mc_event event = {.kind = MC_EVENT_OPENED, .stream = stream->id};
    if (!uv_tcp_getsockname(&stream->tcp, (struct sockaddr *)&own, &length))
        event.opened.local = mc_uv_address_from((struct sockaddr *)&own);
    stream->in = MC_UV_IN_PAUSED;
    mc_uv_stream_read(stream);
    mc_uv_stream_flush_later(stream); /* what the guest has sent ahead */
    mc_uv_host_step(stream->host, &event);
}

void mc_uv_stream_open(struct mc_uv_host *host, const struct mc_action *action)
{
    struct sockaddr_storage to;
    struct mc_uv_stream *stream = make(host, action->stream);
    if (!stream) {
        *mc_outbox_add(&host->failed, MC_ACTION_OPEN) = *action;
        return;
    }
    mc_uv_address_to(action->addr, &to);
    stream->in = MC_UV_IN_CONNECTING;
    int error = uv_tcp_connect(&stream->connect, &stream->tcp, (struct sockaddr *)&to, on_connected);
    if (error)
        mc_uv_stream_tell_later(stream, MC_UV_DUE_OPEN_FAILED, mc_uv_reason(error));
    else
        uv_tcp_nodelay(&stream->tcp, 1);
}
