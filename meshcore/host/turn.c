#include "host/turn.h"

void mc_turn_init(struct mc_turn *turn, struct mc_realm *realm, uint32_t node)
{
    *turn = (struct mc_turn){.realm = realm, .node = node, .now = INT64_MIN};
    mc_list_init(&turn->graves);
}

void mc_turn_begin(struct mc_turn *turn, const struct mc_event *event, struct mc_outbox *out)
{
    mc_assert(event->now >= turn->now);
    mc_assert(!turn->out);
    turn->now = event->now;
    turn->wall = event->wall;
    turn->out = out;
}

void mc_turn_end(struct mc_turn *turn)
{
    struct mc_link *link;
    mc_assert(turn->out);
    while ((link = mc_list_pop_front(&turn->graves))) {
        struct mc_grave *grave = mc_container(link, struct mc_grave, link);
        grave->bury(grave);
    }
    turn->out = NULL;
}

void mc_turn_bury(struct mc_turn *turn, struct mc_grave *grave, void (*bury)(struct mc_grave *grave))
{
    grave->bury = bury;
    mc_list_push_back(&turn->graves, &grave->link);
}

void mc_turn_listen(struct mc_turn *turn, uint32_t listener, struct mc_addr addr)
{
    struct mc_action *action = mc_outbox_add(turn->out, MC_ACTION_LISTEN);
    action->id = listener;
    action->addr = addr;
}

void mc_turn_unlisten(struct mc_turn *turn, uint32_t listener)
{
    mc_outbox_add(turn->out, MC_ACTION_UNLISTEN)->id = listener;
}

mc_stream mc_turn_open(struct mc_turn *turn, struct mc_addr to)
{
    struct mc_action *action = mc_outbox_add(turn->out, MC_ACTION_OPEN);
    action->stream = MC_STREAM_GUEST_BIT | ++turn->next_stream;
    action->addr = to;
    return action->stream;
}

void mc_turn_send(struct mc_turn *turn, mc_stream stream, struct mc_slice slice)
{
    if (!slice.length) {
        mc_slice_unref(slice);
        return;
    }
    struct mc_action *action = mc_outbox_add(turn->out, MC_ACTION_SEND);
    action->stream = stream;
    action->slice = slice;
}

void mc_turn_finish(struct mc_turn *turn, mc_stream stream)
{
    mc_outbox_add(turn->out, MC_ACTION_FINISH)->stream = stream;
}

void mc_turn_reset(struct mc_turn *turn, mc_stream stream)
{
    mc_outbox_add(turn->out, MC_ACTION_RESET)->stream = stream;
}

void mc_turn_credit(struct mc_turn *turn, mc_stream stream, uint64_t bytes)
{
    struct mc_action *action = mc_outbox_add(turn->out, MC_ACTION_CREDIT);
    action->stream = stream;
    action->bytes = bytes;
}

void mc_turn_resolve(struct mc_turn *turn, uint32_t query, struct mc_str name)
{
    struct mc_action *action = mc_outbox_add(turn->out, MC_ACTION_RESOLVE);
    action->id = query;
    action->name = name;
}

void mc_turn_exit(struct mc_turn *turn, uint32_t status)
{
    mc_outbox_add(turn->out, MC_ACTION_EXIT)->id = status;
}

uint64_t mc_turn_draw(struct mc_turn *turn, enum mc_purpose purpose)
{
    mc_assert((unsigned)purpose < MC_COUNT_OF(turn->draws));
    return mc_draw(turn->realm->seed, purpose, turn->node, turn->draws[purpose]++);
}

void mc_turn_trace(struct mc_turn *turn, enum mc_trace_kind kind, mc_stream stream, const uint64_t v[static 6])
{
    struct mc_trace_record record = {.kind = (uint16_t)kind, .node = turn->node, .stream = stream};
    memcpy(record.v, v, sizeof record.v);
    turn->realm->trace.record(turn->realm->trace.self, turn->now, &record);
}

uint64_t mc_trace_addr(struct mc_addr addr)
{
    return mc_addr_is_v4(addr) ? (uint64_t)mc_addr_v4_of(addr) << 16 | addr.port : 0;
}
