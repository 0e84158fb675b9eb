#include "uv/parts.h"
#include <sys/socket.h>

static struct mc_uv_loop *loop_of(struct mc_uv_stream *stream)
{
    return mc_container(stream->tcp.loop, struct mc_uv_loop, uv);
}

/* ---- in ---- */

/* Reads of all streams go one behind the other into one chunk, until its rest is too small. */
static void on_room_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *room)
{
    struct mc_uv_stream *stream = mc_uv_stream_of(handle);
    struct mc_uv_loop *loop = loop_of(stream);
    (void)suggested;
    *room = uv_buf_init(NULL, 0);
    if (!loop->fill || mc_chunk_room(loop->fill) < MC_UV_READ_ROOM) {
        mc_chunk_unref(loop->fill);
        loop->fill = mc_chunk_take(&loop->realm->pool, MC_UV_READ_CHUNK);
        if (!loop->fill) return;
    }
    uint64_t length = mc_chunk_room(loop->fill);
    if (length > stream->credit) length = stream->credit;
    if (loop->read_max && length > loop->read_max) length = loop->read_max;
    *room = uv_buf_init(loop->fill->bytes + loop->fill->used, (unsigned)length);
}

static void pause_reading(struct mc_uv_stream *stream)
{
    if (stream->in != MC_UV_IN_READING) return;
    uv_read_stop(mc_uv_stream_handle(stream));
    stream->in = MC_UV_IN_PAUSED;
}

static void take_data(struct mc_uv_stream *stream, uint32_t length)
{
    struct mc_chunk *chunk = loop_of(stream)->fill;
    struct mc_event event = {.kind = MC_EVENT_DATA, .stream = stream->id};
    event.data = (struct mc_slice){mc_chunk_ref(chunk), chunk->used, length};
    chunk->used += length;
    stream->credit -= length;
    mc_uv_host_step(stream->host, &event);
    if (stream->host && !stream->credit) pause_reading(stream);
}

static void take_end(struct mc_uv_stream *stream)
{
    uv_read_stop(mc_uv_stream_handle(stream));
    stream->in = MC_UV_IN_ENDED;
    if (stream->out == MC_UV_OUT_BROKEN) {
        mc_uv_stream_tell_later(stream, MC_UV_DUE_RESET, MC_REASON_PEER_RESET);
        return;
    }
    mc_uv_host_step(stream->host, &(struct mc_event){.kind = MC_EVENT_END, .stream = stream->id});
    if (stream->host && stream->out == MC_UV_OUT_FINISHED)
        mc_uv_stream_tell_later(stream, MC_UV_DUE_CLOSED, MC_REASON_NONE);
}

static void on_read(uv_stream_t *handle, ssize_t length, const uv_buf_t *room)
{
    struct mc_uv_stream *stream = mc_uv_stream_of(handle);
    (void)room;
    if (!stream->host || stream->due || length == 0) return;
    if (length > 0) {
        take_data(stream, (uint32_t)length);
    } else if (length == UV_EOF) {
        take_end(stream);
    } else {
        pause_reading(stream);
        mc_uv_stream_tell_later(stream, MC_UV_DUE_RESET, mc_uv_reason((int)length));
    }
}

void mc_uv_stream_read(struct mc_uv_stream *stream)
{
    if (stream->in != MC_UV_IN_PAUSED || !stream->credit || stream->due) return;
    stream->in = MC_UV_IN_READING;
    uv_read_start(mc_uv_stream_handle(stream), on_room_wanted, on_read);
}

void mc_uv_stream_credit(struct mc_uv_stream *stream, uint64_t bytes)
{
    stream->credit += bytes;
    mc_uv_stream_read(stream);
}

/* ---- out ---- */

void mc_uv_stream_flush_later(struct mc_uv_stream *stream)
{
    if (mc_list_empty(&stream->dirty)) mc_list_push_back(&loop_of(stream)->dirty, &stream->dirty);
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
    drop_from_queue(stream, stream->queue.bytes);
    if (stream->in != MC_UV_IN_READING) mc_uv_stream_tell_later(stream, MC_UV_DUE_RESET, mc_uv_reason(error));
}

static unsigned front_of_queue(const struct mc_slices *queue, uv_buf_t *bufs, unsigned max)
{
    unsigned count = 0;
    for (; count < queue->count && count < max; count++) {
        struct mc_slice slice = queue->ring[(queue->head + count) & (queue->capacity - 1)];
        bufs[count] = uv_buf_init(slice.chunk->bytes + slice.offset, slice.length);
    }
    return count;
}

static void on_written(uv_write_t *write, int status)
{
    struct mc_uv_stream *stream = mc_container(write, struct mc_uv_stream, write);
    if (!stream->host) return;
    uint32_t bytes = stream->writing;
    stream->writing = 0;
    if (status < 0) {
        break_off(stream, status);
        return;
    }
    drop_from_queue(stream, bytes);
    mc_uv_stream_flush_later(stream);
}

/* The kernel's buffer is full: libuv writes on when there is room again. */
static void write_later(struct mc_uv_stream *stream)
{
    uv_buf_t bufs[MC_UV_WRITE_SLICES];
    unsigned count = front_of_queue(&stream->queue, bufs, MC_UV_WRITE_SLICES);
    for (unsigned i = 0; i < count; i++) stream->writing += (uint32_t)bufs[i].len;
    int error = uv_write(&stream->write, mc_uv_stream_handle(stream), bufs, count, on_written);
    if (!error) return;
    stream->writing = 0;
    break_off(stream, error);
}

static void write_now(struct mc_uv_stream *stream)
{
    while (stream->queue.count && !stream->writing && stream->out != MC_UV_OUT_BROKEN) {
        uv_buf_t bufs[MC_UV_IOVECS];
        size_t wanted = 0;
        unsigned count = front_of_queue(&stream->queue, bufs, MC_UV_IOVECS);
        for (unsigned i = 0; i < count; i++) wanted += bufs[i].len;
        int written = uv_try_write(mc_uv_stream_handle(stream), bufs, count);
        if (written < 0 && written != UV_EAGAIN) {
            break_off(stream, written);
            return;
        }
        if (written > 0) drop_from_queue(stream, (size_t)written);
        if (written < 0 || (size_t)written < wanted) write_later(stream);
    }
}

/* libuv's own shutdown waits a turn; the queue is empty, so ours need not. When the peer has ended
 * too, closing the socket says the same. */
static void finish_now(struct mc_uv_stream *stream)
{
    uv_os_fd_t fd;
    stream->out = MC_UV_OUT_FINISHED;
    if (stream->in == MC_UV_IN_ENDED)
        mc_uv_stream_tell_later(stream, MC_UV_DUE_CLOSED, MC_REASON_NONE);
    else if (!uv_fileno((uv_handle_t *)&stream->tcp, &fd))
        shutdown(fd, SHUT_WR);
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
    write_now(stream);
    if (stream->due) return;
    if (!stream->queue.count && stream->out == MC_UV_OUT_FINISHING) finish_now(stream);
    tell_clogging(stream);
}
