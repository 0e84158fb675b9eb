/* Debounce and delivery: a control plane and its subscribers on a wire, in virtual time. */
#include "control/control.h"
#include "mesh.h"
#include "support/wire.h"
#include "xds/client.h"
#include <stdio.h>

#define CONTROL mc_addr_v4(0x0a000064, 15010)

enum { PROXIES = 3, TAKEN = 64 };

struct plane {
    struct mc_turn turn;
    struct mc_net net;
    struct mc_control control;
};

struct proxy {
    struct mc_turn turn;
    struct mc_net net;
    struct mc_xds_client client;
    struct { mc_ns at; uint64_t version; } taken[TAKEN];
    uint32_t count;
    bool refuses;
};

struct world {
    struct mesh mesh;
    struct wire wire;
    struct plane plane;
    struct proxy proxies[PROXIES];
    bool cut;
    uint32_t nacks, acks;
};

static void plane_step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct plane *plane = self;
    mc_turn_begin(&plane->turn, event, outbox);
    if (event->kind == MC_EVENT_START) ck_assert(mc_control_start(&plane->control));
    mc_net_event(&plane->net, event);
    mc_timers_run(&plane->turn.timers, event->now);
    if (event->kind == MC_EVENT_STOP) mc_control_stop(&plane->control);
    else mc_control_settle(&plane->control);
    mc_turn_end(&plane->turn);
}

static mc_ns plane_deadline(const void *self)
{
    return mc_timers_deadline(&((const struct plane *)self)->turn.timers);
}

static const struct mc_guest_type plane_type = {.name = "plane", .step = plane_step, .deadline = plane_deadline};

static void proxy_step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct proxy *proxy = self;
    mc_turn_begin(&proxy->turn, event, outbox);
    if (event->kind == MC_EVENT_START) mc_xds_client_start(&proxy->client);
    mc_net_event(&proxy->net, event);
    mc_timers_run(&proxy->turn.timers, event->now);
    if (event->kind == MC_EVENT_STOP) mc_xds_client_stop(&proxy->client);
    mc_turn_end(&proxy->turn);
}

static mc_ns proxy_deadline(const void *self)
{
    return mc_timers_deadline(&((const struct proxy *)self)->turn.timers);
}

static const struct mc_guest_type proxy_type = {.name = "proxy", .step = proxy_step, .deadline = proxy_deadline};

static bool offered(struct mc_xds_client *client, struct mc_offer *offer)
{
    struct proxy *proxy = mc_container(client, struct proxy, client);
    ck_assert(mc_offer_check(offer));
    if (proxy->refuses) return false;
    ck_assert_uint_lt(proxy->count, TAKEN);
    proxy->taken[proxy->count].at = client->turn->now;
    proxy->taken[proxy->count++].version = offer->snapshot->version;
    return true;
}

static const struct mc_xds_client_type client_type = {offered};

static bool is_cut(struct wire *wire, struct mc_addr to)
{
    (void)to;
    return mc_container(wire, struct world, wire)->cut;
}

static void record(void *self, mc_ns now, const struct mc_trace_record *trace)
{
    struct world *world = self;
    (void)now;
    world->nacks += trace->kind == MC_TRACE_SNAPSHOT_NACKED;
    world->acks += trace->kind == MC_TRACE_SNAPSHOT_ACKED;
}

static void world_init(struct world *world)
{
    static const char *const names[] = {"reviews-v1-0", "reviews-v1-1", "nobody"};
    *world = (struct world){0};
    mesh_init(&world->mesh);
    ck_assert(mc_ok(mesh_service(&world->mesh, "reviews", 8080)));
    ck_assert(mc_ok(mesh_workload(&world->mesh, names[0], "reviews", "v1", 1)));
    ck_assert(mc_ok(mesh_workload(&world->mesh, names[1], "reviews", "v1", 2)));
    world->mesh.realm.trace = (struct mc_trace_sink){.self = world, .record = record};
    wire_init(&world->wire, &world->mesh.realm.pool);
    world->wire.cut = is_cut;
    mc_turn_init(&world->plane.turn, &world->mesh.realm, 1);
    mc_net_init(&world->plane.net, &world->plane.turn);
    mc_control_init(&world->plane.control, &(struct mc_control_options){
        .net = &world->plane.net, .registry = world->mesh.registry, .listen = CONTROL});
    wire_add(&world->wire, (struct mc_guest){&plane_type, &world->plane});
    for (uint32_t i = 0; i < PROXIES; i++) {
        struct proxy *proxy = &world->proxies[i];
        mc_turn_init(&proxy->turn, &world->mesh.realm, 2 + i);
        mc_net_init(&proxy->net, &proxy->turn);
        mc_xds_client_init(&proxy->client, &client_type, &proxy->net, &(struct mc_xds_client_options){
            .control = CONTROL, .name = mesh_atom(&world->mesh, names[i]), .number = 2 + i});
        wire_add(&world->wire, (struct mc_guest){&proxy_type, proxy});
    }
    wire_run(&world->wire);
}

static void world_fini(struct world *world)
{
    for (int i = 0; i <= PROXIES; i++) wire_step(&world->wire, i, (struct mc_event){.kind = MC_EVENT_STOP});
    wire_fini(&world->wire);
    for (uint32_t i = 0; i < PROXIES; i++) mc_net_fini(&world->proxies[i].net);
    mc_control_fini(&world->plane.control);
    mc_net_fini(&world->plane.net);
    mesh_fini(&world->mesh);
}

/* A change that the control plane notices at AT. */
static void change_at(struct world *world, mc_ns at)
{
    const struct mc_workload *workload = mc_registry_workload(world->mesh.registry, mesh_atom(&world->mesh, "reviews-v1-1"));
    wire_run_until(&world->wire, at);
    ck_assert(mc_ok(mc_registry_set_ready(world->mesh.registry, workload->name, !workload->ready)));
    wire_step(&world->wire, 0, (struct mc_event){.kind = MC_EVENT_WAKE});
}

START_TEST(test_a_new_subscriber_gets_all_at_once)
{
    struct world world;
    world_init(&world);
    for (int i = 0; i < PROXIES; i++) {
        ck_assert_uint_eq(world.proxies[i].count, 1);
        ck_assert_uint_eq(world.proxies[i].taken[0].version, world.mesh.registry->generation);
    }
    ck_assert_uint_eq(mc_control_sync(&world.plane.control).in_sync, PROXIES);
    world_fini(&world);
}
END_TEST

START_TEST(test_one_change_is_pushed_after_the_quiet_time)
{
    struct world world;
    world_init(&world);
    change_at(&world, MC_S);
    wire_run_until(&world.wire, 2 * MC_S);
    ck_assert_uint_eq(world.proxies[0].count, 2);
    ck_assert_int_eq(world.proxies[0].taken[1].at, MC_S + 100 * MC_MS);
    world_fini(&world);
}
END_TEST

START_TEST(test_changes_in_quick_succession_are_one_push)
{
    struct world world;
    world_init(&world);
    for (int i = 0; i < 5; i++) change_at(&world, MC_S + i * 60 * MC_MS);
    wire_run_until(&world.wire, 3 * MC_S);
    ck_assert_uint_eq(world.proxies[0].count, 2);
    ck_assert_int_eq(world.proxies[0].taken[1].at, MC_S + 240 * MC_MS + 100 * MC_MS); /* after the last one */
    world_fini(&world);
}
END_TEST

START_TEST(test_endless_changes_are_pushed_in_the_end)
{
    struct world world;
    world_init(&world);
    for (int i = 0; i < 260; i++) change_at(&world, MC_S + i * 60 * MC_MS);
    /* istiod looks at the maximum when the timer comes up: at most one quiet time later */
    ck_assert_uint_ge(world.proxies[0].count, 2);
    ck_assert_int_ge(world.proxies[0].taken[1].at, MC_S + 10 * MC_S);
    ck_assert_int_le(world.proxies[0].taken[1].at, MC_S + 10 * MC_S + 100 * MC_MS);
    world_fini(&world);
}
END_TEST

START_TEST(test_a_nack_leaves_the_proxy_out_of_sync_until_something_newer)
{
    struct world world;
    world_init(&world);
    world.proxies[1].refuses = true;
    change_at(&world, MC_S);
    wire_run_until(&world.wire, 5 * MC_S);
    ck_assert_uint_eq(world.nacks, 1);
    ck_assert_uint_eq(world.proxies[1].count, 1);
    ck_assert_uint_eq(mc_control_sync(&world.plane.control).in_sync, PROXIES - 1);
    world.proxies[1].refuses = false;
    change_at(&world, 6 * MC_S);
    wire_run_until(&world.wire, 7 * MC_S);
    ck_assert_uint_eq(mc_control_sync(&world.plane.control).in_sync, PROXIES);
    world_fini(&world);
}
END_TEST

START_TEST(test_a_subscriber_that_was_cut_gets_only_the_newest)
{
    struct world world;
    world_init(&world);
    world.cut = true;
    wire_reset_streams(&world.wire, 1);
    for (int i = 0; i < 4; i++) change_at(&world, (1 + i) * MC_S);
    wire_run_until(&world.wire, 6 * MC_S);
    ck_assert_uint_eq(world.proxies[0].count, 1);
    ck_assert_uint_eq(world.proxies[1].count, 5);
    world.cut = false;
    wire_run_until(&world.wire, 40 * MC_S);
    ck_assert_uint_eq(world.proxies[0].count, 2);
    ck_assert_uint_eq(world.proxies[0].taken[1].version, world.mesh.registry->generation);
    world_fini(&world);
}
END_TEST

START_TEST(test_one_push_is_under_way_at_a_time)
{
    struct world world;
    world_init(&world);
    wire_step(&world.wire, 0, (struct mc_event){.kind = MC_EVENT_CLOGGED, .stream = 1}); /* the first that was accepted */
    for (int i = 0; i < 3; i++) change_at(&world, (1 + i) * MC_S);
    wire_run_until(&world.wire, 5 * MC_S);
    uint32_t slow = 0, count[PROXIES];
    for (uint32_t i = 0; i < PROXIES; i++) count[i] = world.proxies[i].count;
    while (slow < PROXIES && count[slow] != 1) slow++;
    ck_assert_uint_lt(slow, PROXIES);
    wire_step(&world.wire, 0, (struct mc_event){.kind = MC_EVENT_DRAINED, .stream = 1});
    wire_run_until(&world.wire, 6 * MC_S);
    ck_assert_uint_eq(world.proxies[slow].count, 2);
    ck_assert_uint_eq(world.proxies[slow].taken[1].version, world.mesh.registry->generation);
    world_fini(&world);
}
END_TEST

START_TEST(test_an_idle_mesh_keeps_its_connections)
{
    struct world world;
    world_init(&world);
    wire_run_until(&world.wire, MC_HOUR);
    for (int i = 0; i < PROXIES; i++) ck_assert_uint_eq(world.proxies[i].count, 1);
    ck_assert_uint_eq(mc_control_sync(&world.plane.control).subscribers, PROXIES);
    world_fini(&world);
}
END_TEST

START_TEST(test_memory_may_run_out_at_any_time)
{
    for (size_t n = 1; n < 60; n++) {
        struct world world;
        world_init(&world);
        for (int k = 0; k < 40; k++) { /* what is held free shall not hide the refusal */
            char name[32];
            snprintf(name, sizeof name, "other-%d", k);
            ck_assert(mc_ok(mesh_workload(&world.mesh, name, "reviews", "v1", 100 + (uint32_t)k)));
        }
        world.mesh.memory.takes = 0;
        world.mesh.memory.refuse_at = n;
        change_at(&world, MC_S);
        wire_run_until(&world.wire, 60 * MC_S);
        world.mesh.memory.refuse_at = 0;
        for (int i = 0; i < PROXIES; i++)
            ck_assert_msg(world.proxies[i].taken[world.proxies[i].count - 1].version == world.mesh.registry->generation, "take %zu, proxy %d", n, i);
        world_fini(&world);
    }
}
END_TEST

Suite *test_push_suite(void);
Suite *test_push_suite(void)
{
    Suite *suite = suite_create("push");
    TCase *of_push = tcase_create("push");
    tcase_set_timeout(of_push, 60);
    tcase_add_test(of_push, test_a_new_subscriber_gets_all_at_once);
    tcase_add_test(of_push, test_one_change_is_pushed_after_the_quiet_time);
    tcase_add_test(of_push, test_changes_in_quick_succession_are_one_push);
    tcase_add_test(of_push, test_endless_changes_are_pushed_in_the_end);
    tcase_add_test(of_push, test_a_nack_leaves_the_proxy_out_of_sync_until_something_newer);
    tcase_add_test(of_push, test_a_subscriber_that_was_cut_gets_only_the_newest);
    tcase_add_test(of_push, test_one_push_is_under_way_at_a_time);
    tcase_add_test(of_push, test_an_idle_mesh_keeps_its_connections);
    tcase_add_test(of_push, test_memory_may_run_out_at_any_time);
    suite_add_tcase(suite, of_push);
    return suite;
}
