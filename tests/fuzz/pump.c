#include "fuzz/pump.h"
#include "base/limits.h"

static struct pump_stream *stream_of(struct pump *pump, mc_stream id)
{
    for (int i = 0; i < PUMP_STREAMS; i++)
        if (id && pump->streams[i].id == id) return &pump->streams[i];
    __builtin_trap();
}

static struct pump_stream *free_stream(struct pump *pump)
{
    for (int i = 0; i < PUMP_STREAMS; i++)
        if (!pump->streams[i].id) return &pump->streams[i];
    return NULL;
}

/* ---- actions ---- */

static void do_listen(struct pump *pump, const struct mc_action *action)
{
    for (int i = 0; i < PUMP_LISTENERS; i++) {
        if (pump->listeners[i].id) continue;
        pump->listeners[i].id = action->id;
        pump->listeners[i].addr = action->addr;
        return;
    }
}

static void do_unlisten(struct pump *pump, const struct mc_action *action)
{
    for (int i = 0; i < PUMP_LISTENERS; i++)
        if (pump->listeners[i].id == action->id) pump->listeners[i].id = 0;
}

static struct pump_stream *do_open(struct pump *pump, const struct mc_action *action)
{
    struct pump_stream *stream = free_stream(pump);
    PUMP_MUST(mc_stream_by_guest(action->stream));
    if (stream) *stream = (struct pump_stream){.id = action->stream, .connecting = true, .credit = MC_STREAM_CREDIT};
    return stream;
}

static void do_send(struct pump *pump, const struct mc_action *action)
{
    struct pump_stream *stream = stream_of(pump, action->stream);
    PUMP_MUST(!stream->finished && !stream->connecting && action->slice.length);
    stream->queued += action->slice.length;
    if (pump->sent) pump->sent(pump, action->stream, mc_slice_str(action->slice));
    mc_slice_unref(action->slice);
}

static void do_resolve(struct pump *pump, const struct mc_action *action)
{
    for (int i = 0; i < PUMP_QUERIES; i++)
        if (!pump->queries[i]) {
            pump->queries[i] = action->id;
            return;
        }
}

static void step(struct pump *pump, struct mc_event event);

static void carry_out(struct pump *pump)
{
    mc_stream unopened[64];
    size_t unopened_count = 0;
    for (uint32_t i = 0; i < pump->outbox.count; i++) {
        const struct mc_action *action = &pump->outbox.actions[i];
        PUMP_MUST(!pump->exited);
        switch (action->kind) {
        case MC_ACTION_LISTEN: do_listen(pump, action); break;
        case MC_ACTION_UNLISTEN: do_unlisten(pump, action); break;
        case MC_ACTION_OPEN:
            if (!do_open(pump, action) && unopened_count < 64) unopened[unopened_count++] = action->stream;
            break;
        case MC_ACTION_SEND: do_send(pump, action); break;
        case MC_ACTION_FINISH: {
            struct pump_stream *stream = stream_of(pump, action->stream);
            PUMP_MUST(!stream->finished && !stream->connecting);
            stream->finished = true;
            break;
        }
        case MC_ACTION_RESET:
            for (size_t k = 0; k < unopened_count; k++)
                if (unopened[k] == action->stream) unopened[k] = 0;
            for (int k = 0; k < PUMP_STREAMS; k++)
                if (pump->streams[k].id == action->stream) pump->streams[k].id = 0;
            break;
        case MC_ACTION_CREDIT: stream_of(pump, action->stream)->credit += action->bytes; break;
        case MC_ACTION_RESOLVE: do_resolve(pump, action); break;
        case MC_ACTION_EXIT: pump->exited = true; break;
        case MC_ACTION_KINDS: __builtin_trap();
        }
    }
    mc_outbox_clear(&pump->outbox);
    for (size_t k = 0; k < unopened_count; k++)
        if (unopened[k]) step(pump, (struct mc_event){.kind = MC_EVENT_OPEN_FAILED, .stream = unopened[k], .reason = MC_REASON_LIMIT});
}

static void step(struct pump *pump, struct mc_event event)
{
    event.now = pump->now;
    event.wall = INT64_C(1704067200) * MC_S + pump->now;
    mc_guest_step(pump->guest, &event, &pump->outbox);
    carry_out(pump);
    for (int i = 0; i < PUMP_STREAMS; i++) {
        struct pump_stream *stream = &pump->streams[i];
        if (!stream->id || !stream->ended || !stream->finished) continue;
        mc_stream id = stream->id;
        stream->id = 0;
        step(pump, (struct mc_event){.kind = MC_EVENT_CLOSED, .stream = id});
    }
}

/* ---- events ---- */

struct pump_stream *pump_accept(struct pump *pump)
{
    struct pump_stream *stream = free_stream(pump);
    for (int i = 0; stream && i < PUMP_LISTENERS; i++) {
        if (!pump->listeners[i].id) continue;
        mc_stream id = ++pump->accepted;
        *stream = (struct pump_stream){.id = id, .credit = MC_STREAM_CREDIT};
        step(pump, (struct mc_event){.kind = MC_EVENT_ACCEPTED, .stream = id,
            .accepted = {.listener = pump->listeners[i].id, .local = pump->listeners[i].addr, .original = pump->listeners[i].addr, .peer = mc_addr_v4(0x0a000001, 40000)}});
        return stream->id == id ? stream : NULL;
    }
    return NULL;
}

void pump_opened(struct pump *pump, struct pump_stream *stream, bool well)
{
    mc_stream id = stream->id;
    stream->connecting = false;
    if (!well) stream->id = 0;
    step(pump, (struct mc_event){.kind = well ? MC_EVENT_OPENED : MC_EVENT_OPEN_FAILED, .stream = id, .reason = well ? 0 : MC_REASON_REFUSED});
}

size_t pump_data(struct pump *pump, struct pump_stream *stream, struct mc_str bytes)
{
    if (bytes.n > stream->credit) bytes.n = (size_t)stream->credit;
    if (stream->connecting || stream->ended || !bytes.n) return 0;
    stream->credit -= bytes.n;
    step(pump, (struct mc_event){.kind = MC_EVENT_DATA, .stream = stream->id, .data = mc_slice_copy(pump->pool, bytes)});
    return bytes.n;
}

void pump_end(struct pump *pump, struct pump_stream *stream)
{
    if (stream->connecting || stream->ended) return;
    stream->ended = true;
    step(pump, (struct mc_event){.kind = MC_EVENT_END, .stream = stream->id});
}

void pump_reset(struct pump *pump, struct pump_stream *stream)
{
    mc_stream id = stream->id;
    if (stream->connecting) {
        pump_opened(pump, stream, false);
        return;
    }
    stream->id = 0;
    step(pump, (struct mc_event){.kind = MC_EVENT_RESET, .stream = id, .reason = MC_REASON_PEER_RESET});
}

static void toggle_clog(struct pump *pump, struct pump_stream *stream)
{
    if (stream->connecting) return;
    stream->clogged = !stream->clogged;
    stream->queued = 0;
    step(pump, (struct mc_event){.kind = stream->clogged ? MC_EVENT_CLOGGED : MC_EVENT_DRAINED, .stream = stream->id});
}

void pump_wake(struct pump *pump, mc_ns after)
{
    mc_ns until = mc_ns_add(pump->now, after);
    for (int turns = 0; turns < 1000 && !pump->exited; turns++) {
        mc_ns deadline = mc_guest_deadline(pump->guest);
        if (deadline > until) break;
        pump->now = mc_ns_max(pump->now, deadline);
        step(pump, (struct mc_event){.kind = MC_EVENT_WAKE});
    }
    pump->now = until;
    if (!pump->exited) step(pump, (struct mc_event){.kind = MC_EVENT_WAKE}); /* a spurious one */
}

static void resolved(struct pump *pump, uint32_t slot, bool well)
{
    static const struct mc_addr addr = {.ip = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 9}};
    uint32_t query = pump->queries[slot];
    pump->queries[slot] = 0;
    if (query) step(pump, (struct mc_event){.kind = MC_EVENT_RESOLVED, .resolved = {.query = query, .reason = well ? MC_REASON_NONE : MC_REASON_TIMEOUT, .addrs = &addr, .count = well, .ttl = 5 * MC_S}});
}

/* One instruction: an operation and a stream in a byte each, then what the operation needs. */
void pump_play(struct pump *pump, const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    while (at + 2 <= size && !pump->exited) {
        uint8_t op = bytes[at], which = bytes[at + 1];
        struct pump_stream *stream = &pump->streams[which % PUMP_STREAMS];
        at += 2;
        if (op % 10 == 0 && which < 250) pump_accept(pump);
        else if (op % 10 == 0) pump->now += (which - 249) * 100 * MC_MS; /* the WAKE comes late: something else comes first */
        else if (op % 10 == 7) pump_wake(pump, (mc_ns)which * which * which * MC_MS);
        else if (op % 10 == 8) resolved(pump, which % PUMP_QUERIES, which & 128);
        else if (op % 10 == 9 && which == 255) step(pump, (struct mc_event){.kind = MC_EVENT_STOP, .grace = MC_S});
        else if (!stream->id) continue;
        else if (op % 10 == 5 && stream->connecting) pump_opened(pump, stream, which & 128);
        else if (op % 10 == 4) pump_end(pump, stream);
        else if (op % 10 == 3) pump_reset(pump, stream);
        else if (op % 10 == 6) toggle_clog(pump, stream);
        else if (op % 10 < 3) {
            size_t n = at < size ? bytes[at++] : 0;
            if (n > size - at) n = size - at;
            pump_data(pump, stream, mc_str((const char *)bytes + at, n));
            at += n;
        }
    }
}

void pump_init(struct pump *pump, struct mc_guest guest, struct mc_pool *pool)
{
    *pump = (struct pump){.guest = guest, .pool = pool, .sent = pump->sent};
    mc_outbox_init(&pump->outbox, mc_pool_as_alloc(pool));
    step(pump, (struct mc_event){.kind = MC_EVENT_START});
}

void pump_fini(struct pump *pump)
{
    for (int round = 0; round < 64; round++)
        for (int i = 0; i < PUMP_STREAMS; i++)
            if (pump->streams[i].id && !pump->exited) pump_reset(pump, &pump->streams[i]);
    mc_outbox_fini(&pump->outbox);
}
