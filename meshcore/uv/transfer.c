#include "uv/parts.h"
#include <errno.h>
#include <sys/socket.h>

/* ---- in ---- */

/* Reads of all streams go one behind the other into one chunk, until its rest is too small. */
static uint32_t make_room(struct mc_uv_stream *stream)
{
    struct mc_uv_loop *loop = stream->loop;
    if (!loop->fill || mc_chunk_room(loop->fill) < MC_UV_READ_ROOM) {
        mc_chunk_unref(loop->fill);
        loop->fill = mc_chunk_take(&loop->realm->pool, MC_UV_READ_CHUNK);
        if (!loop->fill) return 0;
    }
    uint32_t room = mc_chunk_room(loop->fill);
    if (room > stream->credit) room = (uint32_t)stream->credit;
    return loop->read_max && room > loop->read_max ? loop->read_max : room;
}

static void take_data(struct mc_uv_stream *stream, uint32_t length)
{
    struct mc_chunk *chunk = stream->loop->fill;
    struct mc_event event = {.kind = MC_EVENT_DATA, .stream = stream->id};
    event.data = (struct mc_slice){mc_chunk_ref(chunk), chunk->used, length};
    chunk->used += length;
    stream->credit -= length;
    mc_uv_host_step(stream->host, &event);
    if (!stream->host || stream->credit || stream->in != MC_UV_IN_READING) return;
    stream->in = MC_UV_IN_PAUSED;
    mc_uv_stream_watch(stream);
}

static void take_end(struct mc_uv_stream *stream)
{
    stream->in = MC_UV_IN_ENDED;
    mc_uv_stream_watch(stream);
    if (stream->out == MC_UV_OUT_BROKEN) {
        mc_uv_stream_tell_later(stream, MC_UV_DUE_RESET, MC_REASON_PEER_RESET);
        return;
    }
    mc_uv_host_step(stream->host, &(struct mc_event){.kind = MC_EVENT_END, .stream = stream->id});
    if (stream->host && stream->out == MC_UV_OUT_FINISHED)
        mc_uv_stream_tell_later(stream, MC_UV_DUE_CLOSED, MC_REASON_NONE);
}

static void take_error(struct mc_uv_stream *stream, enum mc_stream_reason reason)
{
    stream->in = MC_UV_IN_ENDED;
    mc_uv_stream_watch(stream);
    mc_uv_stream_tell_later(stream, MC_UV_DUE_RESET, reason);
}

/* One read; true if there may be more. */
static bool read_once(struct mc_uv_stream *stream, bool broken)
{
    uint32_t room = make_room(stream);
    if (!room) {
        take_error(stream, MC_REASON_LIMIT);
        return false;
    }
    struct mc_chunk *chunk = stream->loop->fill;
    ssize_t length = recv(stream->fd, chunk->bytes + chunk->used, room, 0);
    if (length > 0) {
        take_data(stream, (uint32_t)length);
        return (uint32_t)length == room || broken;
    }
    if (length == 0)
        take_end(stream);
    else if (errno != EAGAIN && errno != EINTR)
        take_error(stream, mc_uv_reason(errno));
    else if (broken)
        take_error(stream, MC_REASON_PEER_RESET);
    return false;
}

/* A broken socket may still hold what the peer sent before: it is read until credit or bytes run out. */
void mc_uv_stream_readable(struct mc_uv_stream *stream, bool broken)
{
    for (int reads = 0; broken || reads < MC_UV_READS; reads++) {
        if (!stream->host || stream->due || stream->in != MC_UV_IN_READING) return;
        if (!read_once(stream, broken)) return;
    }
}

void mc_uv_stream_read(struct mc_uv_stream *stream)
{
    if (stream->in != MC_UV_IN_PAUSED || !stream->credit || stream->due) return;
    stream->in = MC_UV_IN_READING;
    mc_uv_stream_watch(stream);
}

void mc_uv_stream_credit(struct mc_uv_stream *stream, uint64_t bytes)
{
    stream->credit += bytes;
    mc_uv_stream_read(stream);
}

/* ---- out ---- */

void mc_uv_stream_flush_later(struct mc_uv_stream *stream)
{
    if (mc_list_empty(&stream->dirty)) mc_list_push_back(&stream->loop->dirty, &stream->dirty);
}

void mc_uv_stream_send(struct mc_uv_stream *stream, struct mc_slice slice)
{
    mc_assert(stream->out != MC_UV_OUT_FINISHING && stream->out != MC_UV_OUT_FINISHED);
    mc_assert(!slice.chunk || !slice.chunk->modelled);
    if (stream->out == MC_UV_OUT_BROKEN || stream->due) {
        mc_slice_unref(slice);
        return;
    }
    if (!mc_slices_push(&stream->queue, slice)) {
        mc_uv_stream_tell_later(stream, MC_UV_DUE_RESET, MC_REASON_LIMIT);
        return;
    }
    mc_uv_stream_flush_later(stream);
}

void mc_uv_stream_finish(struct mc_uv_stream *stream)
{
    if (stream->out != MC_UV_OUT_OPEN) return;
    stream->out = MC_UV_OUT_FINISHING;
    mc_uv_stream_flush_later(stream);
}

static void drop_from_queue(struct mc_uv_stream *stream, size_t bytes)
{
    while (bytes) {
        struct mc_slice slice = mc_slices_pop(&stream->queue, (uint32_t)bytes);
        bytes -= slice.length;
        mc_slice_unref(slice);
    }
}

/* The peer takes no more. What it has sent before that may still be on its way to us and is worth
 * reading (an early answer), so the stream ends when reading does. */
static void break_off(struct mc_uv_stream *stream, int error)
{
    stream->out = MC_UV_OUT_BROKEN;
    stream->waiting = false;
    drop_from_queue(stream, stream->queue.bytes);
    mc_uv_stream_watch(stream);
    if (stream->in != MC_UV_IN_READING) mc_uv_stream_tell_later(stream, MC_UV_DUE_RESET, mc_uv_reason(error));
}

/* What send returned for the front of the queue; *wanted is what it was asked to take. */
static ssize_t send_front(struct mc_uv_stream *stream, size_t *wanted)
{
    const struct mc_slices *queue = &stream->queue;
    struct iovec parts[MC_UV_IOVECS];
    struct msghdr message = {.msg_iov = parts};
    *wanted = 0;
    for (uint32_t i = 0; i < queue->count && i < MC_UV_IOVECS; i++) {
        struct mc_slice slice = queue->ring[(queue->head + i) & (queue->capacity - 1)];
        parts[i] = (struct iovec){slice.chunk->bytes + slice.offset, slice.length};
        *wanted += slice.length;
        message.msg_iovlen++;
    }
    if (message.msg_iovlen == 1) return send(stream->fd, parts[0].iov_base, *wanted, MSG_NOSIGNAL);
    return sendmsg(stream->fd, &message, MSG_NOSIGNAL);
}

static void write_queue(struct mc_uv_stream *stream)
{
    bool full = false;
    while (stream->queue.count && !full) {
        size_t wanted;
        ssize_t written = send_front(stream, &wanted);
        if (written < 0 && errno != EAGAIN && errno != EINTR) {
            break_off(stream, errno);
            return;
        }
        full = written < 0 || (size_t)written < wanted;
        if (written > 0) drop_from_queue(stream, (size_t)written);
    }
    if (full == stream->waiting) return;
    stream->waiting = full;
    mc_uv_stream_watch(stream);
}

/* When the peer has ended too, closing the socket says the same. */
static void finish_now(struct mc_uv_stream *stream)
{
    stream->out = MC_UV_OUT_FINISHED;
    if (stream->in == MC_UV_IN_ENDED)
        mc_uv_stream_tell_later(stream, MC_UV_DUE_CLOSED, MC_REASON_NONE);
    else
        shutdown(stream->fd, SHUT_WR);
}

static void tell_clogging(struct mc_uv_stream *stream)
{
    uint64_t queued = stream->queue.bytes;
    bool clogged = stream->clogged ? queued >= MC_UV_LOW_MARK : queued > MC_UV_HIGH_MARK;
    if (clogged == stream->clogged || stream->out == MC_UV_OUT_BROKEN) return;
    stream->clogged = clogged;
    enum mc_event_kind kind = clogged ? MC_EVENT_CLOGGED : MC_EVENT_DRAINED;
    mc_uv_host_step(stream->host, &(struct mc_event){.kind = kind, .stream = stream->id});
}

void mc_uv_stream_flush(struct mc_uv_stream *stream)
{
    if (stream->in == MC_UV_IN_CONNECTING || stream->due) return;
    write_queue(stream);
    if (stream->due) return;
    if (!stream->queue.count && stream->out == MC_UV_OUT_FINISHING) finish_now(stream);
    tell_clogging(stream);
}
