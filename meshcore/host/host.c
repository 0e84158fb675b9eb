#include "host/host.h"

const char *mc_stream_reason_text(enum mc_stream_reason reason)
{
    static const char *const texts[] = {
#define X(name, text) text,
        MC_STREAM_REASONS(X)
#undef X
    };
    mc_assert((unsigned)reason < MC_COUNT_OF(texts));
    return texts[reason];
}

void mc_outbox_init(struct mc_outbox *outbox, struct mc_alloc alloc)
{
    *outbox = (struct mc_outbox){.alloc = alloc};
}

void mc_outbox_fini(struct mc_outbox *outbox)
{
    for (uint32_t i = 0; i < outbox->count; i++)
        if (outbox->actions[i].kind == MC_ACTION_SEND) mc_slice_unref(outbox->actions[i].slice);
    mc_alloc_give(&outbox->alloc, outbox->actions, outbox->capacity * sizeof *outbox->actions);
    mc_outbox_init(outbox, outbox->alloc);
}

void mc_outbox_clear(struct mc_outbox *outbox)
{
    outbox->count = 0;
    memset(outbox->work, 0, sizeof outbox->work);
}

static void grow(struct mc_outbox *outbox)
{
    uint32_t capacity = outbox->capacity ? outbox->capacity * 2 : 64;
    struct mc_action *actions = mc_alloc_take(&outbox->alloc, capacity * sizeof *actions);
    mc_assert(actions);
    if (outbox->count) memcpy(actions, outbox->actions, outbox->count * sizeof *actions);
    mc_alloc_give(&outbox->alloc, outbox->actions, outbox->capacity * sizeof *actions);
    outbox->actions = actions;
    outbox->capacity = capacity;
}

struct mc_action *mc_outbox_add(struct mc_outbox *outbox, enum mc_action_kind kind)
{
    if (outbox->count == outbox->capacity) grow(outbox);
    struct mc_action *action = &outbox->actions[outbox->count++];
    *action = (struct mc_action){.kind = kind};
    return action;
}
