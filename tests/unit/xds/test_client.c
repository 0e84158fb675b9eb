/* The subscription against a scripted control plane. */
#include "support/memory.h"
#include "support/wire.h"
#include "xds/client.h"
#include <check.h>
#include <stdlib.h>

#define CONTROL mc_addr_v4(0x0a000064, 15010)

enum { HEARD = 64 };

/* Keeps what it hears; says what the test tells it to. */
struct plane {
    struct mc_turn turn;
    struct mc_net net;
    struct mc_acceptor acceptor;
    struct mc_conn conn;
    bool connected;
    uint32_t accepts;
    struct { uint32_t kind; uint64_t version, nonce; char reason[MC_XDS_REASON_MAX]; } heard[HEARD];
    uint32_t heard_count;
    bool answers_pings;
};

struct proxy {
    struct mc_turn turn;
    struct mc_net net;
    struct mc_xds_client client;
    uint32_t offers;
};

struct world {
    struct test_memory memory;
    struct mc_realm realm;
    struct wire wire;
    struct plane plane;
    struct proxy proxy;
    bool cut;
    mc_ns waits[128];
    uint32_t wait_count, ups;
};

/* ---- the control plane ---- */

static void plane_data(struct mc_conn *conn, struct mc_slice slice)
{
    struct plane *plane = mc_container(conn, struct plane, conn);
    bool broken;
    struct mc_xds_message *message = mc_xds_received(slice, &broken);
    ck_assert(!broken);
    mc_conn_consumed(conn, slice.length);
    if (message) {
        uint32_t at = plane->heard_count++ % HEARD;
        plane->heard[at].kind = message->base.kind;
        if (message->base.kind == MC_XDS_SUBSCRIBE) plane->heard[at].version = message->subscribe.version;
        if (message->base.kind == MC_XDS_ACK || message->base.kind == MC_XDS_NACK) {
            plane->heard[at].version = message->config.version;
            plane->heard[at].nonce = message->config.nonce;
            memcpy(plane->heard[at].reason, message->config.reason, MC_XDS_REASON_MAX);
        }
        if (message->base.kind == MC_XDS_PING && plane->answers_pings)
            ck_assert(mc_xds_send(conn, mc_xds_message_new(&plane->turn.realm->pool, MC_XDS_PONG), 0));
    }
    mc_slice_unref(slice);
}

static void nothing(struct mc_conn *conn)
{
    (void)conn;
}

static void plane_closed(struct mc_conn *conn, enum mc_stream_reason reason)
{
    (void)reason;
    mc_container(conn, struct plane, conn)->connected = false;
}

static const struct mc_conn_type plane_conn = {.name = "plane", .ready = nothing, .data = plane_data, .end = nothing, .closed = plane_closed};

static void plane_accepted(struct mc_acceptor *acceptor, const struct mc_event *event)
{
    struct plane *plane = mc_container(acceptor, struct plane, acceptor);
    plane->accepts++;
    ck_assert(!plane->connected);
    mc_conn_init(&plane->conn, &plane_conn, &plane->net);
    plane->connected = mc_conn_accept(&plane->conn, event);
}

/* A command of kind 1 pushes; its record says what. One of kind 2 half-closes, as a control plane that goes down does. */
struct push_command {
    struct mc_command base;
    struct mc_offer *offer;
    uint64_t nonce;
};

static void push(struct plane *plane, const struct push_command *order)
{
    struct mc_xds_message *message = mc_xds_message_new(&plane->turn.realm->pool, MC_XDS_PUSH);
    message->config.offer = mc_offer_ref(order->offer);
    message->config.version = order->offer->snapshot->version;
    message->config.nonce = order->nonce;
    ck_assert(mc_xds_send(&plane->conn, message, 0));
}

static void plane_step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct plane *plane = self;
    mc_turn_begin(&plane->turn, event, outbox);
    if (event->kind == MC_EVENT_START) ck_assert(mc_net_listen(&plane->net, &plane->acceptor, CONTROL));
    else if (event->kind == MC_EVENT_COMMAND && event->command->kind == 2) mc_conn_finish(&plane->conn);
    else if (event->kind == MC_EVENT_COMMAND) push(plane, mc_container(event->command, const struct push_command, base));
    else if (event->kind == MC_EVENT_STOP) mc_net_reset_all(&plane->net);
    else mc_net_event(&plane->net, event);
    mc_timers_run(&plane->turn.timers, event->now);
    mc_turn_end(&plane->turn);
}

static mc_ns plane_deadline(const void *self)
{
    return mc_timers_deadline(&((const struct plane *)self)->turn.timers);
}

static const struct mc_guest_type plane_type = {.name = "plane", .step = plane_step, .deadline = plane_deadline};

/* ---- the proxy ---- */

static void proxy_step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct proxy *proxy = self;
    mc_turn_begin(&proxy->turn, event, outbox);
    if (event->kind == MC_EVENT_START) mc_xds_client_start(&proxy->client);
    else if (event->kind == MC_EVENT_STOP) mc_xds_client_stop(&proxy->client);
    else mc_net_event(&proxy->net, event);
    mc_timers_run(&proxy->turn.timers, event->now);
    mc_turn_end(&proxy->turn);
}

static mc_ns proxy_deadline(const void *self)
{
    return mc_timers_deadline(&((const struct proxy *)self)->turn.timers);
}

static const struct mc_guest_type proxy_type = {.name = "proxy", .step = proxy_step, .deadline = proxy_deadline};

static bool offered(struct mc_xds_client *client, struct mc_offer *offer)
{
    mc_container(client, struct proxy, client)->offers++;
    return mc_offer_check(offer);
}

static const struct mc_xds_client_type client_type = {offered};

/* ---- the world ---- */

static void record(void *self, mc_ns now, const struct mc_trace_record *trace)
{
    struct world *world = self;
    (void)now;
    world->ups += trace->kind == MC_TRACE_CONTROL_UP;
    if (trace->kind == MC_TRACE_CONTROL_DOWN && world->wait_count < 128) world->waits[world->wait_count++] = (mc_ns)trace->v[1];
}

static bool is_cut(struct wire *wire, struct mc_addr to)
{
    (void)to;
    return mc_container(wire, struct world, wire)->cut;
}

static struct world *world_new(uint64_t seed, bool cut)
{
    struct world *world = calloc(1, sizeof *world);
    mc_realm_init(&world->realm, test_alloc(&world->memory), seed);
    world->realm.trace = (struct mc_trace_sink){.self = world, .record = record};
    wire_init(&world->wire, &world->realm.pool);
    world->wire.cut = is_cut;
    world->cut = cut;
    world->plane.answers_pings = true;
    world->plane.acceptor.accepted = plane_accepted;
    mc_turn_init(&world->plane.turn, &world->realm, 1);
    mc_net_init(&world->plane.net, &world->plane.turn);
    mc_turn_init(&world->proxy.turn, &world->realm, 2);
    mc_net_init(&world->proxy.net, &world->proxy.turn);
    mc_xds_client_init(&world->proxy.client, &client_type, &world->proxy.net, &(struct mc_xds_client_options){
        .control = CONTROL, .name = mc_atoms_intern(&world->realm.atoms, MC_STR("reviews-v1-0")), .number = 2});
    wire_add(&world->wire, (struct mc_guest){&plane_type, &world->plane});
    wire_add(&world->wire, (struct mc_guest){&proxy_type, &world->proxy});
    wire_run(&world->wire);
    return world;
}

static void world_free(struct world *world)
{
    for (int i = 0; i < 2; i++) wire_step(&world->wire, i, (struct mc_event){.kind = MC_EVENT_STOP});
    wire_fini(&world->wire);
    mc_net_fini(&world->plane.net);
    mc_net_fini(&world->proxy.net);
    ck_assert_uint_eq(world->realm.cons.count, 0);
    mc_realm_fini(&world->realm);
    ck_assert_uint_eq(world->memory.live_blocks, 0);
    free(world);
}

static struct mc_offer *make_offer(struct world *world, uint64_t version, mc_ns connect_timeout)
{
    struct mc_snapshot_builder *builder = mc_snapshot_build(&world->realm);
    ck_assert(mc_ok(mc_snapshot_add_cluster(builder, &(struct mc_cluster){
        .name = mc_atoms_intern(&world->realm.atoms, MC_STR("c")), .connect_timeout = connect_timeout})));
    struct mc_snapshot *snapshot = mc_snapshot_seal(builder, version);
    struct mc_offer *offer = mc_offer_new(snapshot);
    mc_snapshot_unref(snapshot);
    return offer;
}

static void push_version(struct world *world, uint64_t version, mc_ns connect_timeout)
{
    struct push_command order = {.base.kind = 1, .offer = make_offer(world, version, connect_timeout), .nonce = 100 + version};
    wire_step(&world->wire, 0, (struct mc_event){.kind = MC_EVENT_COMMAND, .command = &order.base});
    wire_run(&world->wire);
    mc_offer_unref(order.offer);
}

/* ---- tests ---- */

START_TEST(test_it_says_who_it_is_and_acknowledges)
{
    struct world *world = world_new(1, false);
    ck_assert_uint_eq(world->plane.heard_count, 1);
    ck_assert_uint_eq(world->plane.heard[0].kind, MC_XDS_SUBSCRIBE);
    ck_assert_uint_eq(world->plane.heard[0].version, 0);
    push_version(world, 7, MC_S);
    ck_assert_uint_eq(world->plane.heard[1].kind, MC_XDS_ACK);
    ck_assert_uint_eq(world->plane.heard[1].version, 7);
    ck_assert_uint_eq(world->plane.heard[1].nonce, 107);
    world_free(world);
}
END_TEST

START_TEST(test_what_is_unsound_is_refused_with_a_reason)
{
    struct world *world = world_new(1, false);
    push_version(world, 7, MC_S);
    push_version(world, 8, 0);
    ck_assert_uint_eq(world->plane.heard[2].kind, MC_XDS_NACK);
    ck_assert_uint_eq(world->plane.heard[2].nonce, 108);
    ck_assert_ptr_nonnull(strstr(world->plane.heard[2].reason, "connect_timeout"));
    ck_assert_uint_eq(world->proxy.client.version, 7);
    wire_reset_streams(&world->wire, 0);
    wire_run_until(&world->wire, 31 * MC_S);
    ck_assert_uint_eq(world->plane.heard[3].kind, MC_XDS_SUBSCRIBE);
    ck_assert_uint_eq(world->plane.heard[3].version, 7); /* it says what it still runs */
    world_free(world);
}
END_TEST

START_TEST(test_messages_may_be_split_anywhere)
{
    for (uint32_t piece = 1; piece < 600; piece += piece < 20 ? 1 : 97) {
        struct world *world = world_new(1, true);
        world->wire.piece = piece;
        world->cut = false;
        wire_run_until(&world->wire, 31 * MC_S);
        push_version(world, 7, MC_S);
        ck_assert_uint_eq(world->proxy.offers, 1);
        ck_assert_uint_eq(world->proxy.client.version, 7);
        world_free(world);
    }
}
END_TEST

/* Envoy: each wait lies between 0 and min(500 ms × 2^n, 30 s). */
START_TEST(test_waits_grow_within_their_bounds)
{
    struct world *world = world_new((uint64_t)_i, true);
    wire_run_until(&world->wire, 20 * MC_MIN);
    ck_assert_uint_ge(world->wait_count, 30);
    mc_ns longest = 0;
    for (uint32_t i = 0; i < world->wait_count; i++) {
        mc_ns bound = i < 6 ? (500 * MC_MS) << i : 30 * MC_S;
        ck_assert_int_gt(world->waits[i], 0);
        ck_assert_int_le(world->waits[i], bound);
        if (world->waits[i] > longest) longest = world->waits[i];
    }
    ck_assert_int_gt(longest, 20 * MC_S); /* of 30 even draws: 1 in 190 000 that none is */
    world_free(world);
}
END_TEST

START_TEST(test_a_push_makes_the_next_wait_short_again)
{
    struct world *world = world_new(3, true);
    wire_run_until(&world->wire, 5 * MC_MIN);
    world->cut = false;
    wire_run_until(&world->wire, 6 * MC_MIN);
    push_version(world, 7, MC_S);
    uint32_t before = world->wait_count;
    wire_reset_streams(&world->wire, 0);
    wire_run(&world->wire);
    ck_assert_uint_eq(world->wait_count, before + 1);
    ck_assert_int_le(world->waits[before], 500 * MC_MS);
    world_free(world);
}
END_TEST

/* Both sides have finished; the next connection says everything again. */
START_TEST(test_after_a_polite_end_it_subscribes_again)
{
    struct world *world = world_new(1, false);
    ck_assert_uint_eq(world->plane.heard_count, 1);
    struct mc_command order = {.kind = 2};
    wire_step(&world->wire, 0, (struct mc_event){.kind = MC_EVENT_COMMAND, .command = &order});
    wire_run_until(&world->wire, MC_S);
    ck_assert_uint_eq(world->plane.accepts, 2);
    ck_assert_uint_eq(world->plane.heard_count, 2);
    ck_assert_uint_eq(world->plane.heard[1].kind, MC_XDS_SUBSCRIBE);
    push_version(world, 7, MC_S);
    ck_assert_uint_eq(world->plane.heard_count, 3);
    ck_assert_uint_eq(world->plane.heard[2].kind, MC_XDS_ACK);
    world_free(world);
}
END_TEST

START_TEST(test_a_silent_control_plane_is_left)
{
    struct world *world = world_new(1, false);
    world->plane.answers_pings = false;
    wire_run_until(&world->wire, 40 * MC_S - 1);
    ck_assert(mc_xds_client_is_connected(&world->proxy.client));
    ck_assert_uint_eq(world->plane.heard[1].kind, MC_XDS_PING);
    wire_run_until(&world->wire, 40 * MC_S);
    ck_assert_uint_eq(world->wait_count, 1);
    wire_run_until(&world->wire, 41 * MC_S);
    ck_assert_uint_eq(world->plane.accepts, 2);
    world_free(world);
}
END_TEST

START_TEST(test_bytes_of_another_protocol_cut_the_connection)
{
    struct world *world = world_new(1, false);
    struct mc_slice slice = mc_slice_copy(&world->realm.pool, MC_STR("HTTP/1.1 200 OK\r\n"));
    wire_step(&world->wire, 1, (struct mc_event){.kind = MC_EVENT_DATA, .stream = world->proxy.client.conn.stream, .data = slice});
    ck_assert(!mc_xds_client_is_connected(&world->proxy.client));
    ck_assert_uint_eq(world->wait_count, 1);
    world_free(world);
}
END_TEST

START_TEST(test_memory_may_run_out_at_any_time)
{
    for (size_t n = 1; n < 12; n++) {
        struct world *world = world_new(1, true);
        world->memory.takes = 0;
        world->memory.refuse_at = n;
        world->cut = false;
        wire_run_until(&world->wire, 2 * MC_MIN);
        world->memory.refuse_at = 0;
        ck_assert(mc_xds_client_is_connected(&world->proxy.client));
        world_free(world);
    }
}
END_TEST

Suite *test_client_suite(void);
Suite *test_client_suite(void)
{
    Suite *suite = suite_create("client");
    TCase *of_client = tcase_create("client");
    tcase_set_timeout(of_client, 60);
    tcase_add_test(of_client, test_it_says_who_it_is_and_acknowledges);
    tcase_add_test(of_client, test_what_is_unsound_is_refused_with_a_reason);
    tcase_add_test(of_client, test_messages_may_be_split_anywhere);
    tcase_add_loop_test(of_client, test_waits_grow_within_their_bounds, 1, 6);
    tcase_add_test(of_client, test_a_push_makes_the_next_wait_short_again);
    tcase_add_test(of_client, test_after_a_polite_end_it_subscribes_again);
    tcase_add_test(of_client, test_a_silent_control_plane_is_left);
    tcase_add_test(of_client, test_bytes_of_another_protocol_cut_the_connection);
    tcase_add_test(of_client, test_memory_may_run_out_at_any_time);
    suite_add_tcase(suite, of_client);
    return suite;
}
