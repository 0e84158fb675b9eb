/* The same exchanges in the simulator: two guests on two machines, no price of CPU. */
#include "fidelity/kernel.h"
#include "base/assert.h"
#include "host/realm.h"
#include "sim/host/world.h"
#include <stdlib.h>
#include <string.h>

enum { PORT = 8080, MEMBERS = 4096, CHUNK = 1 << 16 };

struct member { /* a connection at the client */
    bool begun, over, waits;
    mc_ns asked, sent, next;
    uint32_t received, times;
};

struct party { /* a guest */
    struct theatre *theatre;
    bool client;
    uint32_t pod, container;
};

struct theatre {
    const struct exchange *exchange;
    const struct crowd *crowd;
    struct outcome *outcomes;
    struct mc_realm realm;
    struct sim_world *world;
    struct party client, server;
    struct member members[MEMBERS];
    uint32_t count, begun, over;
    mc_ns next_begin;
    uint32_t received[MEMBERS]; /* at the server, by number of the accepted stream */
    mc_stream streams[MEMBERS];
    uint32_t accepted;
    bool established;
};

static void *plain_take(void *self, size_t size)
{
    (void)self;
    return malloc(size);
}

static void plain_give(void *self, void *block, size_t size)
{
    (void)self, (void)size;
    free(block);
}

static void send_bytes(struct theatre *theatre, struct mc_outbox *out, mc_stream stream, uint32_t bytes)
{
    while (bytes) {
        uint32_t length = bytes < CHUNK ? bytes : CHUNK;
        struct mc_chunk *chunk = mc_chunk_take(&theatre->realm.pool, length);
        mc_assert(chunk);
        memset(chunk->bytes, 'x', length);
        chunk->used = length;
        struct mc_action *action = mc_outbox_add(out, MC_ACTION_SEND);
        action->stream = stream;
        action->slice = mc_slice_of(chunk);
        bytes -= length;
    }
}

static void grant(struct mc_outbox *out, const struct mc_event *event)
{
    struct mc_action *action = mc_outbox_add(out, MC_ACTION_CREDIT);
    action->stream = event->stream;
    action->bytes = event->data.length;
    mc_slice_unref(event->data);
}

/* ---- the client ---- */

static struct member *member_of(struct theatre *theatre, mc_stream stream)
{
    return &theatre->members[(stream & ~MC_STREAM_GUEST_BIT) - 1];
}

static struct outcome *outcome_of(struct theatre *theatre, const struct member *member)
{
    return &theatre->outcomes[member - theatre->members];
}

static void over(struct theatre *theatre, struct member *member)
{
    if (member->over) return;
    member->over = true;
    theatre->over++;
}

static void ask(struct theatre *theatre, struct member *member, mc_stream stream, mc_ns now, struct mc_outbox *out)
{
    member->waits = false;
    member->sent = now;
    member->received = 0;
    send_bytes(theatre, out, stream, theatre->exchange->request);
}

static void begin_due(struct theatre *theatre, mc_ns now, struct mc_outbox *out)
{
    while (theatre->begun < theatre->count && theatre->next_begin <= now) {
        struct member *member = &theatre->members[theatre->begun++];
        member->begun = true;
        member->asked = now;
        theatre->next_begin = now + theatre->crowd->every;
        struct mc_action *action = mc_outbox_add(out, MC_ACTION_OPEN);
        action->stream = MC_STREAM_GUEST_BIT | theatre->begun;
        action->addr = sim_net_addr(sim_world_net(theatre->world), theatre->server.pod, PORT);
    }
}

static void answered(struct theatre *theatre, struct member *member, const struct mc_event *event, struct mc_outbox *out)
{
    const struct exchange *exchange = theatre->exchange;
    outcome_of(theatre, member)->transfer = event->now - member->sent;
    if (++member->times >= (exchange->times ? exchange->times : 1)) {
        over(theatre, member);
        mc_outbox_add(out, MC_ACTION_RESET)->stream = event->stream;
    } else if (exchange->pause) {
        member->waits = true;
        member->next = event->now + exchange->pause;
    } else {
        ask(theatre, member, event->stream, event->now, out);
    }
}

static void wake(struct theatre *theatre, mc_ns now, struct mc_outbox *out)
{
    begin_due(theatre, now, out);
    for (uint32_t i = 0; i < theatre->begun; i++) {
        struct member *member = &theatre->members[i];
        if (member->waits && member->next <= now) ask(theatre, member, MC_STREAM_GUEST_BIT | (i + 1), now, out);
    }
}

static void client_step(void *self, const struct mc_event *event, struct mc_outbox *out)
{
    struct theatre *theatre = ((struct party *)self)->theatre;
    if (event->kind == MC_EVENT_START || event->kind == MC_EVENT_WAKE) {
        wake(theatre, event->now, out);
        return;
    }
    if (!event->stream) return;
    struct member *member = member_of(theatre, event->stream);
    if (event->kind == MC_EVENT_OPENED) {
        outcome_of(theatre, member)->connect = event->now - member->asked;
        theatre->established = true;
        if (theatre->exchange->request)
            ask(theatre, member, event->stream, event->now, out);
        else if (!theatre->exchange->cut_at)
            over(theatre, member);
    } else if (event->kind == MC_EVENT_OPEN_FAILED || event->kind == MC_EVENT_RESET) {
        outcome_of(theatre, member)->failed = event->now - member->asked;
        outcome_of(theatre, member)->reason = event->reason;
        over(theatre, member);
    } else if (event->kind == MC_EVENT_DATA) {
        member->received += event->data.length;
        grant(out, event);
        if (member->received >= theatre->exchange->answer) answered(theatre, member, event, out);
    }
}

static mc_ns client_deadline(const void *self)
{
    const struct theatre *theatre = ((const struct party *)self)->theatre;
    mc_ns next = theatre->begun < theatre->count ? theatre->next_begin : MC_NEVER;
    for (uint32_t i = 0; i < theatre->begun; i++)
        if (theatre->members[i].waits) next = mc_ns_min(next, theatre->members[i].next);
    return next;
}

/* ---- the server ---- */

static void server_step(void *self, const struct mc_event *event, struct mc_outbox *out)
{
    struct theatre *theatre = ((struct party *)self)->theatre;
    if (event->kind == MC_EVENT_START) {
        struct mc_action *action = mc_outbox_add(out, MC_ACTION_LISTEN);
        action->id = 1;
        action->addr.port = PORT;
    } else if (event->kind == MC_EVENT_ACCEPTED) {
        mc_assert(theatre->accepted < MEMBERS);
        theatre->streams[theatre->accepted++] = event->stream;
    } else if (event->kind == MC_EVENT_DATA) {
        uint32_t i = 0, length = event->data.length;
        while (theatre->streams[i] != event->stream) i++;
        grant(out, event);
        theatre->received[i] += length;
        if (theatre->received[i] < theatre->exchange->request) return;
        theatre->received[i] = 0;
        send_bytes(theatre, out, event->stream, theatre->exchange->answer);
    } else if (event->kind == MC_EVENT_END) {
        mc_outbox_add(out, MC_ACTION_FINISH)->stream = event->stream;
    }
}

static mc_ns server_deadline(const void *self)
{
    (void)self;
    return MC_NEVER;
}

static const struct mc_guest_type client_type = {.name = "client", .step = client_step, .deadline = client_deadline};
static const struct mc_guest_type server_type = {.name = "server", .step = server_step, .deadline = server_deadline};

/* ---- the world ---- */

static void put(struct theatre *theatre, struct party *party, bool client)
{
    uint32_t machine;
    *party = (struct party){.theatre = theatre, .client = client};
    struct sim_pod_spec pod = {.name = mc_str(client ? "a" : "b", 1)};
    mc_assert(sim_world_add_machine(theatre->world, &(struct sim_machine_spec){0}, &machine));
    pod.machine = machine;
    mc_assert(sim_world_add_pod(theatre->world, &pod, &party->pod));
    struct sim_container_spec container = {.pod = party->pod};
    const struct exchange *exchange = theatre->exchange;
    if (client) {
        container.sockets.user_timeout = exchange->user_timeout;
        container.sockets.keepalive_time = container.sockets.keepalive_interval = exchange->keepalive_s * MC_S;
        container.sockets.keepalive_probes = exchange->keepalive_s ? 3 : 0;
    }
    mc_assert(sim_world_add_container(theatre->world, &container, &party->container));
}

static void start(struct theatre *theatre, struct party *party)
{
    struct mc_guest guest = {party->client ? &client_type : &server_type, party};
    sim_container_start(theatre->world, party->container, guest);
}

static void drop_packets(struct theatre *theatre, const struct tun_drop *drop)
{
    uint32_t pods[2] = {theatre->client.pod, theatre->server.pod};
    struct sim_rule_spec rule = {.from = &pods[drop->from], .from_count = 1, .to = &pods[!drop->from], .to_count = 1,
                                 .cut = true, .skip = drop->skip, .first = drop->count};
    mc_assert(sim_rule_add(sim_world_net(theatre->world), &rule));
}

static uint32_t cut(struct theatre *theatre)
{
    const struct exchange *exchange = theatre->exchange;
    struct sim_rule_spec rule = {.from = &theatre->client.pod, .from_count = 1, .to = &theatre->server.pod, .to_count = 1,
                                 .both = !exchange->one_way, .cut = true};
    if (exchange->dies) sim_pod_crash(theatre->world, theatre->server.pod, SIM_LEAVE_SILENT);
    return sim_rule_add(sim_world_net(theatre->world), &rule);
}

static void mend(struct theatre *theatre, uint32_t rule)
{
    sim_rule_remove(sim_world_net(theatre->world), rule, NULL);
    if (!theatre->exchange->dies) return;
    sim_pod_start(theatre->world, theatre->server.pod);
    start(theatre, &theatre->server);
}

/* Until all are over, in steps that leave room for what happens from outside. */
static void run(struct theatre *theatre, mc_ns limit)
{
    const struct exchange *exchange = theatre->exchange;
    struct sim_world *world = theatre->world;
    const struct tun_drop *drop = &exchange->drop;
    if (drop->count && drop->kind == TUN_DATA) {
        while (!theatre->established && sim_world_run(world, limit, 1) == SIM_ENGINE_EVENTS) continue;
        drop_packets(theatre, drop);
    }
    if (exchange->accepts_at) {
        sim_world_run(world, exchange->accepts_at, 0);
        sim_container_pause(world, theatre->server.container, false);
    }
    if (exchange->cut_at) {
        sim_world_run(world, exchange->cut_at, 0);
        uint32_t rule = cut(theatre);
        if (exchange->cut_for) {
            sim_world_run(world, exchange->cut_at + exchange->cut_for, 0);
            mend(theatre, rule);
        }
    }
    for (mc_ns at = sim_world_now(world); theatre->over < theatre->count && at < limit;)
        sim_world_run(world, at = mc_ns_min(limit, at + 100 * MC_MS), 0);
}

static void play(const struct exchange *exchange, const struct crowd *crowd, uint32_t count, uint64_t seed, struct outcome *outcomes)
{
    struct theatre *theatre = calloc(1, sizeof *theatre);
    struct sim_topology paths = {.same_zone = exchange->path};
    struct sim_kernel kernel = {.hz = 250, .retries2 = exchange->retries2, .syn_retries = exchange->syn_retries, .syn_linear = exchange->syn_linear, .somaxconn = exchange->backlog,
                                .receive_window = 3 << 20};
    mc_assert(theatre && count <= MEMBERS);
    *theatre = (struct theatre){.exchange = exchange, .crowd = crowd, .outcomes = outcomes, .count = count};
    mc_realm_init(&theatre->realm, (struct mc_alloc){NULL, plain_take, plain_give}, seed);
    theatre->world = sim_world_new(&(struct sim_world_options){.realm = &theatre->realm, .paths = &paths, .kernel = &kernel});
    mc_assert(theatre->world);
    put(theatre, &theatre->client, true);
    put(theatre, &theatre->server, false);
    start(theatre, &theatre->server);
    sim_world_run(theatre->world, 0, 0);
    if (exchange->accepts_at) sim_container_pause(theatre->world, theatre->server.container, true);
    if (exchange->drop.count && exchange->drop.kind != TUN_DATA) drop_packets(theatre, &exchange->drop);
    start(theatre, &theatre->client);
    run(theatre, crowd->limit + count * crowd->every);
    sim_world_free(theatre->world);
    mc_realm_fini(&theatre->realm);
    free(theatre);
}

void kernel_sim(const struct exchange *exchange, const struct crowd *crowd, bool together, struct outcome *outcomes)
{
    for (uint32_t i = 0; i < crowd->count; i++) outcomes[i] = (struct outcome){.connect = -1, .transfer = -1, .failed = -1};
    if (together) {
        play(exchange, crowd, crowd->count, crowd->seed, outcomes);
        return;
    }
    for (uint32_t i = 0; i < crowd->count; i++) play(exchange, crowd, 1, crowd->seed + i, &outcomes[i]);
}
