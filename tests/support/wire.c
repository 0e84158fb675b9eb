#include "support/wire.h"
#include "base/limits.h"
#include <check.h>

static void carry_out(struct wire *wire, int end);

void wire_step(struct wire *wire, int end, struct mc_event event)
{
    event.now = wire->now;
    event.wall = wire->wall + wire->now;
    mc_guest_step(wire->ends[end].guest, &event, &wire->ends[end].outbox);
    carry_out(wire, end);
}

static struct wire_stream *find(struct wire *wire, int end, mc_stream id, int *side)
{
    for (int i = 0; i < WIRE_STREAMS; i++)
        for (*side = 0; *side < 2; ++*side)
            if (wire->streams[i].used && wire->streams[i].side[*side].end == end && wire->streams[i].side[*side].id == id)
                return &wire->streams[i];
    ck_abort_msg("an action names a stream that does not exist");
    return NULL;
}

static void free_stream(struct wire_stream *stream)
{
    for (int i = 0; i < 2; i++) mc_slices_fini(&stream->side[i].in);
    stream->used = false;
}

static void open_stream(struct wire *wire, int end, const struct mc_action *action)
{
    int i = 0;
    while (i < WIRE_STREAMS && wire->streams[i].used) i++;
    ck_assert_int_lt(i, WIRE_STREAMS);
    struct wire_stream *stream = &wire->streams[i];
    *stream = (struct wire_stream){.used = true, .opening = true, .to = action->addr};
    stream->side[0] = (struct wire_side){.end = end, .id = action->stream, .credit = MC_STREAM_CREDIT};
    stream->side[1] = (struct wire_side){.end = -1, .credit = MC_STREAM_CREDIT};
    for (int s = 0; s < 2; s++) mc_slices_init(&stream->side[s].in, wire->pool);
}

static void look_up(struct wire *wire, int end, const struct mc_action *action)
{
    struct wire_query *query = &wire->queries[wire->query_count++];
    ck_assert_msg(wire->resolve || wire->answer_with, "no resolver here");
    ck_assert_int_le(wire->query_count, 16);
    *query = (struct wire_query){.end = end, .id = action->id};
    if (wire->answer_with) wire->answer_with(wire, action->name, query);
    else query->found = wire->resolve(wire, action->name, &query->addr);
}

static bool answer_query(struct wire *wire)
{
    if (!wire->query_count) return false;
    struct wire_query query = wire->queries[--wire->query_count];
    if (wire->answer_with) {
        wire_step(wire, query.end, (struct mc_event){.kind = MC_EVENT_RESOLVED, .resolved = {
            .query = query.id, .reason = query.reason, .addrs = query.more, .count = query.count, .ttl = 30 * MC_S}});
        return true;
    }
    wire_step(wire, query.end, (struct mc_event){.kind = MC_EVENT_RESOLVED, .resolved = {
        .query = query.id, .reason = query.found ? MC_REASON_NONE : MC_REASON_UNREACHABLE, .addrs = &query.addr, .count = query.found, .ttl = 30 * MC_S}});
    return true;
}

static bool listens_at(const struct wire_end *end, struct mc_addr listener, struct mc_addr to)
{
    if (mc_addr_eq(listener, to)) return true;
    return mc_addr_is_any(listener) && listener.port == to.port && mc_addr_same_ip(end->ip, to);
}

static void carry_out(struct wire *wire, int end)
{
    struct wire_end *from = &wire->ends[end];
    for (uint32_t i = 0; i < from->outbox.count; i++) {
        struct mc_action *action = &from->outbox.actions[i];
        struct wire_stream *stream;
        int side;
        switch (action->kind) {
        case MC_ACTION_LISTEN:
            from->listeners[from->listener_count].id = action->id;
            from->listeners[from->listener_count++].addr = action->addr;
            break;
        case MC_ACTION_UNLISTEN:
            for (int k = 0; k < from->listener_count; k++)
                if (from->listeners[k].id == action->id) from->listeners[k].id = 0;
            break;
        case MC_ACTION_OPEN: open_stream(wire, end, action); break;
        case MC_ACTION_SEND:
            stream = find(wire, end, action->stream, &side);
            ck_assert(!stream->side[side].fin_sent);
            ck_assert(mc_slices_push(&stream->side[!side].in, action->slice));
            break;
        case MC_ACTION_FINISH:
            stream = find(wire, end, action->stream, &side);
            ck_assert(!stream->side[side].fin_sent);
            stream->side[side].fin_sent = stream->side[!side].finished_in = true;
            break;
        case MC_ACTION_RESET:
            stream = find(wire, end, action->stream, &side);
            stream->side[side].dead = true;
            if (stream->opening) free_stream(stream);
            break;
        case MC_ACTION_CREDIT:
            stream = find(wire, end, action->stream, &side);
            stream->side[side].credit += action->bytes;
            break;
        case MC_ACTION_RESOLVE: look_up(wire, end, action); break;
        case MC_ACTION_EXIT:
            from->exited = true;
            from->exit_status = action->id;
            break;
        case MC_ACTION_KINDS: ck_abort();
        }
    }
    mc_outbox_clear(&from->outbox);
}

static bool connect_stream(struct wire *wire, struct wire_stream *stream)
{
    stream->opening = false;
    for (int e = 0; e < wire->end_count; e++) {
        struct wire_end *to = &wire->ends[e];
        for (int k = 0; k < to->listener_count; k++) {
            if (!to->listeners[k].id || !listens_at(to, to->listeners[k].addr, stream->to) || to->exited) continue;
            if (wire->cut && wire->cut(wire, stream->to)) continue;
            stream->side[1].end = e;
            stream->side[1].id = ++wire->accepted;
            wire_step(wire, e, (struct mc_event){.kind = MC_EVENT_ACCEPTED, .stream = stream->side[1].id,
                .accepted = {.listener = to->listeners[k].id, .local = stream->to, .original = stream->to, .peer = mc_addr_v4(0x0a000001, 40000)}});
            if (!stream->side[0].dead) wire_step(wire, stream->side[0].end, (struct mc_event){.kind = MC_EVENT_OPENED, .stream = stream->side[0].id});
            return true;
        }
    }
    mc_stream id = stream->side[0].id;
    int end = stream->side[0].end;
    free_stream(stream);
    wire_step(wire, end, (struct mc_event){.kind = MC_EVENT_OPEN_FAILED, .stream = id, .reason = MC_REASON_REFUSED});
    return true;
}

/* One move of one stream, if it has any. */
static bool move(struct wire *wire, struct wire_stream *stream)
{
    if (stream->opening) return connect_stream(wire, stream);
    for (int s = 0; s < 2; s++) {
        struct wire_side *side = &stream->side[s], *other = &stream->side[!s];
        if (side->dead && other->dead) {
            free_stream(stream);
            return true;
        }
        if (side->dead) continue;
        uint64_t most = side->credit < UINT32_MAX ? side->credit : UINT32_MAX;
        if (wire->piece && most > wire->piece) most = wire->piece;
        if (side->in.bytes && most) {
            struct mc_slice slice = mc_slices_pop(&side->in, (uint32_t)most);
            side->credit -= slice.length;
            wire_step(wire, side->end, (struct mc_event){.kind = MC_EVENT_DATA, .stream = side->id, .data = slice});
            return true;
        }
        if (!side->in.bytes && side->finished_in && !side->told_end) {
            side->told_end = true;
            wire_step(wire, side->end, (struct mc_event){.kind = MC_EVENT_END, .stream = side->id});
            return true;
        }
        if (side->told_end && side->fin_sent) {
            side->dead = true;
            wire_step(wire, side->end, (struct mc_event){.kind = MC_EVENT_CLOSED, .stream = side->id});
            return true;
        }
        if (!side->in.bytes && other->dead) {
            side->dead = true;
            wire_step(wire, side->end, (struct mc_event){.kind = MC_EVENT_RESET, .stream = side->id, .reason = MC_REASON_PEER_RESET});
            return true;
        }
    }
    return false;
}

void wire_run(struct wire *wire)
{
    for (int moved = 1, rounds = 0; moved; rounds++) {
        ck_assert_int_lt(rounds, 3000000);
        moved = answer_query(wire);
        for (int i = 0; i < WIRE_STREAMS; i++)
            if (wire->streams[i].used) moved |= move(wire, &wire->streams[i]);
    }
}

void wire_run_until(struct wire *wire, mc_ns until)
{
    for (;;) {
        int first = -1;
        mc_ns at = until;
        wire_run(wire);
        for (int e = 0; e < wire->end_count; e++) {
            mc_ns deadline = wire->ends[e].exited ? MC_NEVER : mc_guest_deadline(wire->ends[e].guest);
            if (deadline <= at && (first < 0 || deadline < at)) first = e, at = deadline;
        }
        if (first < 0) break;
        if (at > wire->now) wire->now = at;
        wire_step(wire, first, (struct mc_event){.kind = MC_EVENT_WAKE});
    }
    wire->now = until;
}

void wire_reset_streams(struct wire *wire, int end)
{
    for (int i = 0; i < WIRE_STREAMS; i++) {
        struct wire_stream *stream = &wire->streams[i];
        if (!stream->used || stream->opening || (stream->side[0].end != end && stream->side[1].end != end)) continue;
        for (int s = 0; s < 2; s++) {
            struct wire_side *side = &stream->side[s];
            if (side->dead) continue;
            side->dead = true;
            wire_step(wire, side->end, (struct mc_event){.kind = MC_EVENT_RESET, .stream = side->id, .reason = MC_REASON_PEER_RESET});
        }
    }
}

void wire_init(struct wire *wire, struct mc_pool *pool)
{
    *wire = (struct wire){.pool = pool, .wall = INT64_C(1704067200) * MC_S};
}

int wire_add(struct wire *wire, struct mc_guest guest)
{
    int end = wire->end_count++;
    ck_assert_int_lt(end, WIRE_ENDS);
    wire->ends[end] = (struct wire_end){.guest = guest};
    mc_outbox_init(&wire->ends[end].outbox, mc_pool_as_alloc(wire->pool));
    wire_step(wire, end, (struct mc_event){.kind = MC_EVENT_START});
    return end;
}

void wire_fini(struct wire *wire)
{
    for (int i = 0; i < WIRE_STREAMS; i++)
        if (wire->streams[i].used) free_stream(&wire->streams[i]);
    for (int e = 0; e < wire->end_count; e++) mc_outbox_fini(&wire->ends[e].outbox);
}
