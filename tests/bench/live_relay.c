/* The floor of the live host: a guest that passes bytes between a downstream and an upstream stream and
 * understands nothing of them. bench_live sets the proxy's cost against it.
 *
 *     live_relay LISTEN_PORT UPSTREAM_PORT        (both on 127.0.0.1; SIGTERM ends it)
 */
#include "uv/host.h"
#include <stdio.h>
#include <stdlib.h>

struct pair {
    mc_stream down, up;
    bool finished[2]; /* what we send downstream, upstream */
};

struct relay {
    struct mc_realm *realm;
    struct mc_addr listen, upstream;
    struct mc_map pairs; /* by either stream */
    uint64_t next;
};

static struct mc_action *act(struct mc_outbox *out, enum mc_action_kind kind, mc_stream stream)
{
    struct mc_action *action = mc_outbox_add(out, kind);
    action->stream = stream;
    return action;
}

static void accept_pair(struct relay *relay, mc_stream down, struct mc_outbox *out)
{
    struct pair *pair = mc_pool_take_zero(&relay->realm->pool, sizeof *pair);
    mc_assert(pair);
    pair->down = down;
    pair->up = MC_STREAM_GUEST_BIT | ++relay->next;
    mc_assert(mc_map_put(&relay->pairs, pair->down, pair) && mc_map_put(&relay->pairs, pair->up, pair));
    act(out, MC_ACTION_OPEN, pair->up)->addr = relay->upstream;
}

static void drop_pair(struct relay *relay, struct pair *pair, mc_stream gone, struct mc_outbox *out)
{
    mc_stream other = gone == pair->down ? pair->up : pair->down;
    mc_map_remove(&relay->pairs, gone);
    if (mc_map_remove(&relay->pairs, other)) act(out, MC_ACTION_RESET, other);
    mc_pool_give(&relay->realm->pool, pair, sizeof *pair);
}

static void pass_on(struct pair *pair, const struct mc_event *event, struct mc_outbox *out)
{
    bool from_down = event->stream == pair->down;
    mc_stream other = from_down ? pair->up : pair->down;
    if (event->kind == MC_EVENT_DATA) {
        act(out, MC_ACTION_CREDIT, event->stream)->bytes = event->data.length;
        act(out, MC_ACTION_SEND, other)->slice = event->data;
    } else if (event->kind == MC_EVENT_END && !pair->finished[from_down]) {
        pair->finished[from_down] = true;
        act(out, MC_ACTION_FINISH, other);
    }
}

static void start(struct relay *relay, struct mc_outbox *out)
{
    struct mc_action *listen = act(out, MC_ACTION_LISTEN, 0);
    listen->id = 1;
    listen->addr = relay->listen;
}

static void step(void *self, const struct mc_event *event, struct mc_outbox *out)
{
    struct relay *relay = self;
    struct pair *pair = mc_map_get(&relay->pairs, event->stream);
    if (event->kind == MC_EVENT_START) start(relay, out);
    if (event->kind == MC_EVENT_STOP) act(out, MC_ACTION_EXIT, 0);
    if (event->kind == MC_EVENT_ACCEPTED) accept_pair(relay, event->stream, out);
    if (!pair) return;
    if (event->kind == MC_EVENT_DATA || event->kind == MC_EVENT_END) pass_on(pair, event, out);
    bool over = event->kind == MC_EVENT_OPEN_FAILED || event->kind == MC_EVENT_RESET || event->kind == MC_EVENT_CLOSED;
    if (over) drop_pair(relay, pair, event->stream, out);
}

static mc_ns deadline(const void *self)
{
    (void)self;
    return MC_NEVER;
}

static void *take(void *self, size_t size)
{
    (void)self;
    return malloc(size);
}

static void give(void *self, void *block, size_t size)
{
    (void)self, (void)size;
    free(block);
}

int main(int argc, char **argv)
{
    static const struct mc_guest_type type = {.name = "relay", .step = step, .deadline = deadline};
    struct mc_realm realm;
    struct relay relay = {.realm = &realm};
    if (argc != 3) return 64;
    mc_realm_init(&realm, (struct mc_alloc){NULL, take, give}, 1);
    mc_map_init(&relay.pairs, mc_pool_as_alloc(&realm.pool));
    relay.listen = mc_addr_v4(0x7f000001, (uint16_t)atoi(argv[1]));
    relay.upstream = mc_addr_v4(0x7f000001, (uint16_t)atoi(argv[2]));
    struct mc_uv_loop *loop =
        mc_uv_loop_new(&(struct mc_uv_loop_options){.realm = &realm, .stop_on_signals = true});
    if (!loop || !mc_uv_host_new(loop, (struct mc_guest){&type, &relay}, NULL)) return 71;
    mc_uv_loop_run(loop, MC_NEVER);
    mc_uv_loop_free(loop);
    mc_map_fini(&relay.pairs);
    mc_realm_fini(&realm);
    return 0;
}
