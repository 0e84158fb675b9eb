#include "conformance/actor.h"
#include "base/limits.h"
#include <stdlib.h>

char pattern_at(uint64_t position)
{
    return (char)(position ^ position >> 8 ^ position >> 15);
}

/* ---- the contract ---- */

static struct talk *find(struct actor *actor, mc_stream id)
{
    for (int i = 0; i < actor->talk_count; i++)
        if (actor->talks[i].id == id) return &actor->talks[i];
    return NULL;
}

static struct talk *add(struct actor *actor, mc_stream id)
{
    ck_assert_int_lt(actor->talk_count, ACTOR_TALKS);
    struct talk *talk = &actor->talks[actor->talk_count++];
    *talk = (struct talk){.id = id, .credit = MC_STREAM_CREDIT};
    return talk;
}

static bool names_stream(enum mc_event_kind kind)
{
    return kind >= MC_EVENT_ACCEPTED && kind <= MC_EVENT_CLOSED;
}

static struct talk *check_accepted(struct actor *actor, const struct mc_event *event)
{
    ck_assert_msg(event->stream != 0, "an accepted stream has an id");
    ck_assert_msg(!mc_stream_by_guest(event->stream), "the host's ids do not have the guest's bit");
    ck_assert_msg(!find(actor, event->stream), "no id is used again");
    struct talk *talk = add(actor, event->stream);
    talk->state = TALK_OPEN;
    talk->peer = event->accepted.peer;
    talk->local = event->accepted.local;
    return talk;
}

static void check_data(struct talk *talk, const struct mc_event *event)
{
    struct mc_str bytes = mc_slice_str(event->data);
    ck_assert_msg(!talk->ended, "no DATA follows END");
    ck_assert_msg(bytes.n > 0, "DATA has bytes");
    ck_assert_msg(bytes.n <= talk->credit, "no DATA beyond CREDIT: %zu of %zu", bytes.n,
                  (size_t)talk->credit);
    for (size_t i = 0; i < bytes.n; i++)
        if (bytes.p[i] != pattern_at(talk->received + i))
            ck_abort_msg("byte %zu is wrong", (size_t)talk->received + i);
    talk->credit -= bytes.n;
    talk->received += bytes.n;
}

static void check_terminal(struct talk *talk, const struct mc_event *event)
{
    if (event->kind == MC_EVENT_CLOSED)
        ck_assert_msg(talk->ended && talk->finished, "CLOSED follows when both directions have finished");
    else
        talk->reason = event->reason;
    talk->state = TALK_OVER;
    talk->last = event->kind;
}

static void check_clogging(struct talk *talk, bool clogged)
{
    ck_assert_msg(talk->clogged != clogged, "CLOGGED and DRAINED take turns");
    talk->clogged = clogged;
    if (clogged)
        talk->was_clogged = true;
    else
        talk->was_drained = true;
}

static struct talk *check_stream(struct actor *actor, const struct mc_event *event)
{
    if (event->kind == MC_EVENT_ACCEPTED) return check_accepted(actor, event);
    struct talk *talk = find(actor, event->stream);
    ck_assert_msg(talk != NULL, "an event names a stream that nobody opened");
    ck_assert_msg(!talk->cut_by_us, "no event follows the guest's RESET (kind %d)", (int)event->kind);
    ck_assert_msg(talk->state != TALK_OVER, "one terminal event, and nothing after it");
    bool begins = event->kind == MC_EVENT_OPENED || event->kind == MC_EVENT_OPEN_FAILED;
    ck_assert_msg(begins == (talk->state == TALK_OPENING), "OPENED or OPEN_FAILED comes first, and once");
    if (event->kind == MC_EVENT_OPENED) talk->state = TALK_OPEN, talk->local = event->opened.local;
    if (event->kind == MC_EVENT_DATA) check_data(talk, event);
    if (event->kind == MC_EVENT_END) {
        ck_assert_msg(!talk->ended, "END comes once");
        talk->ended = true;
    }
    if (event->kind == MC_EVENT_CLOGGED || event->kind == MC_EVENT_DRAINED)
        check_clogging(talk, event->kind == MC_EVENT_CLOGGED);
    if (event->kind == MC_EVENT_OPEN_FAILED || event->kind == MC_EVENT_RESET ||
        event->kind == MC_EVENT_CLOSED)
        check_terminal(talk, event);
    return talk;
}

static void check_order(struct actor *actor, const struct mc_event *event)
{
    ck_assert_msg(!actor->gone, "nothing follows EXIT");
    ck_assert_msg((event->kind == MC_EVENT_START) != actor->started, "START comes first, and once");
    ck_assert_msg(!actor->started || event->now >= actor->now, "time does not go back");
    ck_assert_msg(actor->out == NULL, "no step while stepping");
    actor->started = true;
    actor->now = event->now;
}

static void step(void *self, const struct mc_event *event, struct mc_outbox *out)
{
    struct actor *actor = self;
    struct talk *talk = NULL;
    check_order(actor, event);
    ck_assert_int_eq(out->count, 0);
    actor->out = out;
    if (event->kind == MC_EVENT_WAKE && event->now >= actor->deadline) {
        actor->deadline = MC_NEVER;
        actor->wakes++;
    } else if (event->kind == MC_EVENT_WAKE) {
        actor->out = NULL; /* spurious: allowed, and nothing to do */
        return;
    }
    if (names_stream(event->kind)) talk = check_stream(actor, event);
    if (event->kind == MC_EVENT_DATA && !actor->role->keeps_credit)
        actor_grant(actor, talk, event->data.length);
    if (actor->role->on[event->kind]) actor->role->on[event->kind](actor, talk, event);
    if (event->kind == MC_EVENT_DATA) mc_slice_unref(event->data);
    actor->out = NULL;
}

static mc_ns deadline(const void *self)
{
    const struct actor *actor = self;
    return actor->deadline;
}

static const struct mc_guest_type actor_type = {.name = "actor", .step = step, .deadline = deadline};

/* ---- verbs ---- */

static struct mc_action *act(struct actor *actor, enum mc_action_kind kind, struct talk *talk)
{
    ck_assert_ptr_nonnull(actor->out);
    struct mc_action *action = mc_outbox_add(actor->out, kind);
    if (talk) action->stream = talk->id;
    return action;
}

static struct mc_addr place(struct actor *actor, int guest, int port)
{
    struct conformance_world *world = actor->stage->world;
    return world->type->addr(world, guest, port);
}

void actor_listen(struct actor *actor, int port)
{
    struct mc_action *action = act(actor, MC_ACTION_LISTEN, NULL);
    action->id = (uint32_t)port + 1;
    action->addr = place(actor, actor->self, port);
}

void actor_unlisten(struct actor *actor, int port)
{
    act(actor, MC_ACTION_UNLISTEN, NULL)->id = (uint32_t)port + 1;
}

struct talk *actor_open(struct actor *actor, int port)
{
    struct talk *talk = add(actor, MC_STREAM_GUEST_BIT | ++actor->next_id);
    talk->peer = place(actor, !actor->self, port);
    act(actor, MC_ACTION_OPEN, talk)->addr = talk->peer;
    return talk;
}

void actor_send(struct actor *actor, struct talk *talk, uint32_t bytes)
{
    ck_assert(!talk->finished);
    struct mc_chunk *chunk = mc_chunk_take(&actor->stage->realm.pool, bytes);
    ck_assert_ptr_nonnull(chunk);
    for (uint32_t i = 0; i < bytes; i++) chunk->bytes[i] = pattern_at(talk->sent + i);
    chunk->used = bytes;
    talk->sent += bytes;
    act(actor, MC_ACTION_SEND, talk)->slice = mc_slice_of(chunk);
}

void actor_finish(struct actor *actor, struct talk *talk)
{
    ck_assert(!talk->finished);
    talk->finished = true;
    act(actor, MC_ACTION_FINISH, talk);
}

void actor_cut(struct actor *actor, struct talk *talk)
{
    talk->cut_by_us = true;
    talk->state = TALK_OVER;
    act(actor, MC_ACTION_RESET, talk);
}

void actor_grant(struct actor *actor, struct talk *talk, uint64_t bytes)
{
    talk->credit += bytes;
    act(actor, MC_ACTION_CREDIT, talk)->bytes = bytes;
}

void actor_wake_in(struct actor *actor, mc_ns delay)
{
    actor->deadline = actor->now + delay;
}

void actor_leave(struct actor *actor)
{
    if (actor->gone) return;
    actor->gone = true;
    actor->deadline = MC_NEVER;
    act(actor, MC_ACTION_EXIT, NULL);
}

void actor_keep(struct actor *actor, struct mc_slice slice)
{
    ck_assert_int_lt(actor->kept_count, ACTOR_SLICES);
    actor->kept[actor->kept_count++] = mc_slice_view(slice, 0, slice.length);
}

bool actor_is_done(const struct actor *actor)
{
    for (int i = 0; i < actor->talk_count; i++)
        if (actor->talks[i].state != TALK_OVER) return false;
    return actor->talk_count > 0;
}

/* ---- stage ---- */

static void cast(struct stage *stage, int self, const struct role *role)
{
    stage->actors[self] = (struct actor){.role = role, .stage = stage, .self = self, .deadline = MC_NEVER};
}

static void release_kept(struct actor *actor)
{
    for (int i = 0; i < actor->kept_count; i++) mc_slice_unref(actor->kept[i]);
}

void stage_play(const struct conformance_host_type *type, const struct role *near, const struct role *far,
                uint32_t piece, void (*observe)(struct stage *stage))
{
    struct stage *stage = calloc(1, sizeof *stage);
    mc_realm_init(&stage->realm, test_alloc(&stage->memory), 1);
    cast(stage, 0, near);
    cast(stage, 1, far);
    struct conformance_options options = {.realm = &stage->realm, .piece = piece, .spurious = true};
    for (int i = 0; i < CONFORMANCE_GUESTS; i++)
        options.guests[i] = (struct mc_guest){&actor_type, &stage->actors[i]};
    stage->world = type->open(&options);
    ck_assert_ptr_nonnull(stage->world);
    bool left = type->run(stage->world, 20 * MC_S);
    ck_assert_msg(left, "both guests leave (near %d, far %d)", stage->actors[0].gone, stage->actors[1].gone);
    if (observe) observe(stage);
    type->close(stage->world);
    for (int i = 0; i < CONFORMANCE_GUESTS; i++) release_kept(&stage->actors[i]);
    ck_assert_msg(stage->realm.pool.live_blocks == 0, "%zu blocks are left", stage->realm.pool.live_blocks);
    mc_realm_fini(&stage->realm);
    ck_assert_uint_eq(stage->memory.live_blocks, 0);
    free(stage);
}
