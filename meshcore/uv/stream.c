#include "uv/parts.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

/* ---- watching ---- */

static void connected(struct mc_uv_stream *stream);

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct mc_uv_stream *stream = mc_container(poll, struct mc_uv_stream, poll);
    if (status < 0) stream->watched = 0, stream->waiting = false; /* broken: libuv has stopped watching */
    if (!stream->host || stream->due) return;
    if (stream->in == MC_UV_IN_CONNECTING) {
        connected(stream);
        return;
    }
    if (status < 0 || (events & UV_READABLE)) mc_uv_stream_readable(stream, status < 0);
    if (stream->host && (status < 0 || (events & UV_WRITABLE))) mc_uv_stream_flush_later(stream);
}

void mc_uv_stream_watch(struct mc_uv_stream *stream)
{
    int wanted = 0;
    if (stream->in == MC_UV_IN_READING) wanted |= UV_READABLE;
    if (stream->in == MC_UV_IN_CONNECTING || stream->waiting) wanted |= UV_WRITABLE;
    if (wanted == stream->watched) return;
    stream->watched = wanted;
    if (wanted)
        uv_poll_start(&stream->poll, wanted, on_event);
    else
        uv_poll_stop(&stream->poll);
}

/* ---- end of life ---- */

static void give_back(struct mc_uv_stream *stream)
{
    mc_slices_fini(&stream->queue);
    mc_pool_give(&stream->loop->realm->pool, stream, sizeof *stream);
}

static void on_closed(uv_handle_t *handle)
{
    give_back(mc_container(handle, struct mc_uv_stream, poll));
}

/* Out of the guest's sight at once; the memory goes when libuv has let go of it. */
void mc_uv_stream_drop(struct mc_uv_stream *stream)
{
    mc_list_remove(&stream->dirty);
    mc_list_remove(&stream->due_link);
    mc_map_remove(&stream->host->streams, stream->id);
    stream->host = NULL;
    if (stream->fd < 0) {
        give_back(stream);
        return;
    }
    uv_close((uv_handle_t *)&stream->poll, on_closed);
    close(stream->fd);
    stream->fd = -1;
}

/* Closing a socket that lingers for no time sends RST. */
void mc_uv_stream_reset(struct mc_uv_stream *stream)
{
    static const struct linger none = {.l_onoff = 1};
    if (stream->fd >= 0) setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    mc_uv_stream_drop(stream);
}

void mc_uv_stream_tell_later(struct mc_uv_stream *stream, enum mc_uv_due due, enum mc_stream_reason reason)
{
    if (stream->due) return;
    stream->due = due;
    stream->reason = reason;
    mc_list_push_back(&stream->loop->due, &stream->due_link);
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
    stream->fd = -1;
    stream->loop = host->loop;
    stream->host = host;
    stream->id = id;
    stream->credit = MC_STREAM_CREDIT;
    mc_slices_init(&stream->queue, pool);
    mc_list_init(&stream->dirty);
    mc_list_init(&stream->due_link);
    return stream;
}

/* Heads and small bodies are written whole; waiting for more would only delay them. */
static bool adopt(struct mc_uv_stream *stream, int fd)
{
    int on = 1;
    if (uv_poll_init(&stream->loop->uv, &stream->poll, fd)) return false;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    stream->fd = fd;
    return true;
}

void mc_uv_stream_accept(struct mc_uv_host *host, int fd, struct mc_event *accepted)
{
    struct mc_uv_stream *stream = make(host, ++host->next_stream);
    if (!stream || !adopt(stream, fd)) {
        if (stream) mc_uv_stream_drop(stream);
        close(fd);
        return;
    }
    accepted->stream = stream->id;
    stream->in = MC_UV_IN_PAUSED;
    mc_uv_stream_read(stream);
    mc_uv_host_step(host, accepted);
}

static void connected(struct mc_uv_stream *stream)
{
    struct sockaddr_storage own;
    socklen_t length = sizeof(int);
    int error = 0;
    if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &error, &length)) error = errno;
    if (error) {
        mc_uv_stream_tell_later(stream, MC_UV_DUE_OPEN_FAILED, mc_uv_reason(error));
        return;
    }
    struct mc_event event = {.kind = MC_EVENT_OPENED, .stream = stream->id};
    length = sizeof own;
    if (!getsockname(stream->fd, (struct sockaddr *)&own, &length))
        event.opened.local = mc_uv_address_from((struct sockaddr *)&own);
    stream->in = MC_UV_IN_PAUSED;
    mc_uv_stream_read(stream);
    mc_uv_stream_flush_later(stream); /* what the guest has sent ahead */
    mc_uv_host_step(stream->host, &event);
}

static int begin_connect(struct mc_uv_stream *stream, struct mc_addr to)
{
    struct sockaddr_storage addr;
    socklen_t length = mc_uv_address_to(to, &addr);
    int fd = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno;
    if (!adopt(stream, fd)) {
        close(fd);
        return ENOBUFS;
    }
    return connect(fd, (struct sockaddr *)&addr, length) && errno != EINPROGRESS ? errno : 0;
}

void mc_uv_stream_open(struct mc_uv_host *host, const struct mc_action *action)
{
    struct mc_uv_stream *stream = make(host, action->stream);
    if (!stream) {
        *mc_outbox_add(&host->failed, MC_ACTION_OPEN) = *action;
        return;
    }
    stream->in = MC_UV_IN_CONNECTING;
    int error = begin_connect(stream, action->addr);
    if (error)
        mc_uv_stream_tell_later(stream, MC_UV_DUE_OPEN_FAILED, mc_uv_reason(error));
    else
        mc_uv_stream_watch(stream);
}
