#include "unit/simnet/puppet.h"
#include <stdlib.h>

enum { EPOCH_S = 1704067200 }; /* 2024-01-01 */

static void write_down(struct puppet *puppet, const struct mc_event *event)
{
    ck_assert_int_lt(puppet->note_count, PUPPET_NOTES);
    struct note *note = &puppet->notes[puppet->note_count++];
    *note = (struct note){.kind = event->kind, .now = event->now, .wall = event->wall, .stream = event->stream};
    if (event->kind == MC_EVENT_DATA) note->length = event->data.length;
    if (event->kind == MC_EVENT_OPENED) note->local = event->opened.local;
    if (event->kind == MC_EVENT_OPEN_FAILED || event->kind == MC_EVENT_RESET) note->reason = event->reason;
    if (event->kind == MC_EVENT_ACCEPTED) {
        note->peer = event->accepted.peer;
        note->local = event->accepted.local;
        note->original = event->accepted.original;
    }
    if (event->kind == MC_EVENT_RESOLVED) {
        note->reason = event->resolved.reason;
        note->count = event->resolved.count;
        if (note->count) note->addr = event->resolved.addrs[0];
    }
}

static void step(void *self, const struct mc_event *event, struct mc_outbox *out)
{
    struct puppet *puppet = self;
    if (event->kind == MC_EVENT_COMMAND) {
        for (uint32_t i = 0; i < puppet->todo.count; i++)
            *mc_outbox_add(out, puppet->todo.actions[i].kind) = puppet->todo.actions[i];
        mc_outbox_clear(&puppet->todo);
        return;
    }
    write_down(puppet, event);
    if (event->kind == MC_EVENT_WAKE) puppet->deadline = MC_NEVER;
    if (event->kind == MC_EVENT_DATA || event->kind == MC_EVENT_START) out->work[MC_WORK_APP_NS] += (uint64_t)puppet->burns;
    if (event->kind == MC_EVENT_DATA) {
        puppet->received += event->data.length;
        mc_slice_unref(event->data);
        if (!puppet->miserly) {
            struct mc_action *action = mc_outbox_add(out, MC_ACTION_CREDIT);
            action->stream = event->stream;
            action->bytes = event->data.length;
        }
    }
    if (event->kind == MC_EVENT_END && puppet->polite) mc_outbox_add(out, MC_ACTION_FINISH)->stream = event->stream;
}

static mc_ns deadline(const void *self)
{
    return ((const struct puppet *)self)->deadline;
}

static const struct mc_guest_type puppet_type = {.name = "puppet", .step = step, .deadline = deadline};

/* ---- stage ---- */

struct stage *stage_open(const struct sim_topology *paths, const struct sim_kernel *kernel, uint64_t seed)
{
    struct stage *stage = calloc(1, sizeof *stage);
    mc_realm_init(&stage->realm, test_alloc(&stage->memory), seed);
    stage->world = sim_world_new(&(struct sim_world_options){
        .realm = &stage->realm, .epoch = EPOCH_S * MC_S, .paths = paths, .kernel = kernel});
    ck_assert_ptr_nonnull(stage->world);
    stage->net = sim_world_net(stage->world);
    return stage;
}

void stage_close(struct stage *stage)
{
    for (int i = 0; i < stage->count; i++) mc_outbox_fini(&stage->puppets[i].todo);
    sim_world_free(stage->world);
    ck_assert_msg(stage->realm.pool.live_blocks == 0, "%zu blocks are left", stage->realm.pool.live_blocks);
    mc_realm_fini(&stage->realm);
    ck_assert_uint_eq(stage->memory.live_blocks, 0);
    free(stage);
}

struct puppet *stage_put(struct stage *stage, const struct sim_container_spec *spec)
{
    ck_assert_int_lt(stage->count, STAGE_PUPPETS);
    struct puppet *puppet = &stage->puppets[stage->count++];
    puppet->stage = stage;
    puppet->pod = spec->pod;
    puppet->deadline = MC_NEVER;
    mc_outbox_init(&puppet->todo, mc_pool_as_alloc(&stage->realm.pool));
    ck_assert(sim_world_add_container(stage->world, spec, &puppet->container));
    sim_container_start(stage->world, puppet->container, (struct mc_guest){&puppet_type, puppet});
    stage_run(stage, sim_world_now(stage->world));
    return puppet;
}

struct puppet *stage_add(struct stage *stage, uint32_t zone)
{
    uint32_t machine, pod;
    char name[8] = {'p', (char)('a' + stage->count)};
    ck_assert(sim_world_add_machine(stage->world, &(struct sim_machine_spec){.zone = zone}, &machine));
    struct sim_pod_spec spec = {.machine = machine, .name = mc_str(name, 2)};
    ck_assert(sim_world_add_pod(stage->world, &spec, &pod));
    return stage_put(stage, &(struct sim_container_spec){.pod = pod});
}

struct puppet *stage_join(struct stage *stage, struct puppet *other, bool sidecar)
{
    return stage_put(stage, &(struct sim_container_spec){.pod = other->pod, .sidecar = sidecar});
}

void stage_run(struct stage *stage, mc_ns until)
{
    ck_assert_int_eq(sim_world_run(stage->world, until, 0), SIM_ENGINE_UNTIL);
}

/* ---- orders ---- */

static struct mc_action *order(struct puppet *puppet, enum mc_action_kind kind, mc_stream stream)
{
    struct mc_action *action = mc_outbox_add(&puppet->todo, kind);
    action->stream = stream;
    return action;
}

static void carry_out(struct puppet *puppet)
{
    struct mc_command command = {0};
    ck_assert(sim_container_command(puppet->stage->world, puppet->container, &command));
}

void puppet_listen(struct puppet *puppet, uint16_t port)
{
    struct mc_action *action = order(puppet, MC_ACTION_LISTEN, 0);
    action->id = port;
    action->addr = (struct mc_addr){.port = port};
    carry_out(puppet);
}

mc_stream puppet_open(struct puppet *puppet, struct mc_addr to)
{
    mc_stream stream = MC_STREAM_GUEST_BIT | ++puppet->next_stream;
    order(puppet, MC_ACTION_OPEN, stream)->addr = to;
    carry_out(puppet);
    return stream;
}

mc_stream puppet_open_to(struct puppet *puppet, const struct puppet *other, uint16_t port)
{
    return puppet_open(puppet, sim_net_addr(puppet->stage->net, other->pod, port));
}

void puppet_send(struct puppet *puppet, mc_stream stream, uint32_t bytes)
{
    struct mc_chunk *chunk = mc_chunk_take(&puppet->stage->realm.pool, bytes);
    ck_assert_ptr_nonnull(chunk);
    memset(chunk->bytes, 'x', bytes);
    chunk->used = bytes;
    order(puppet, MC_ACTION_SEND, stream)->slice = mc_slice_of(chunk);
    carry_out(puppet);
}

void puppet_finish(struct puppet *puppet, mc_stream stream)
{
    order(puppet, MC_ACTION_FINISH, stream);
    carry_out(puppet);
}

void puppet_reset(struct puppet *puppet, mc_stream stream)
{
    order(puppet, MC_ACTION_RESET, stream);
    carry_out(puppet);
}

void puppet_grant(struct puppet *puppet, mc_stream stream, uint64_t bytes)
{
    order(puppet, MC_ACTION_CREDIT, stream)->bytes = bytes;
    carry_out(puppet);
}

void puppet_resolve(struct puppet *puppet, const char *name)
{
    order(puppet, MC_ACTION_RESOLVE, 0)->name = mc_str(name, strlen(name));
    carry_out(puppet);
}

/* ---- notes ---- */

const struct note *puppet_note(const struct puppet *puppet, enum mc_event_kind kind, int n)
{
    for (int i = 0; i < puppet->note_count; i++)
        if (puppet->notes[i].kind == kind && n-- == 0) return &puppet->notes[i];
    return NULL;
}

int puppet_count(const struct puppet *puppet, enum mc_event_kind kind)
{
    int count = 0;
    for (int i = 0; i < puppet->note_count; i++) count += puppet->notes[i].kind == kind;
    return count;
}
