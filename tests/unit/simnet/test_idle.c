/* Connections that nobody uses: keep-alive probes, user timeouts, tables on the way that forget them; and
 * packets that something on the way does not let through. One way is 5 ms, a time-out 210 ms. */
#include "unit/simnet/puppet.h"

Suite *test_idle_suite(void);

#define ONE_WAY (5 * MC_MS)
#define RTO (2 * ONE_WAY + 200 * MC_MS)
enum { SEGMENT = 1448 };

struct pair {
    struct stage *stage;
    struct puppet *client, *server;
    mc_stream stream;
};

static struct puppet *add(struct stage *stage, const struct sim_socket_plan *sockets)
{
    uint32_t machine, pod;
    char name[8] = {'q', (char)('a' + stage->count)};
    ck_assert(sim_world_add_machine(stage->world, &(struct sim_machine_spec){0}, &machine));
    ck_assert(sim_world_add_pod(stage->world, &(struct sim_pod_spec){.machine = machine, .name = mc_str(name, 2)}, &pod));
    return stage_put(stage, &(struct sim_container_spec){.pod = pod, .sockets = *sockets});
}

/* Connected; time stands at 1 s, the last packet (the handshake's) came to the client at 10 ms. */
static struct pair connected(const struct sim_path_terms *terms, const struct sim_socket_plan *sockets)
{
    static const struct sim_socket_plan plain;
    struct sim_topology paths = {.same_zone = terms ? *terms : (struct sim_path_terms){.latency = ONE_WAY}};
    struct pair pair = {.stage = stage_open(&paths, NULL, 1)};
    pair.server = add(pair.stage, &plain);
    pair.client = add(pair.stage, sockets ? sockets : &plain);
    pair.server->polite = pair.client->polite = true;
    puppet_listen(pair.server, 80);
    pair.stream = puppet_open_to(pair.client, pair.server, 80);
    stage_run(pair.stage, MC_S);
    ck_assert_int_eq(puppet_count(pair.server, MC_EVENT_ACCEPTED), 1);
    return pair;
}

static uint32_t rule_on(struct pair *pair, struct sim_rule_spec spec)
{
    spec.from = &pair->client->pod;
    spec.to = &pair->server->pod;
    spec.from_count = spec.to_count = 1;
    spec.both = true;
    uint32_t rule = sim_rule_add(pair->stage->net, &spec);
    ck_assert_uint_ne(rule, 0);
    return rule;
}

static mc_stream accepted(const struct pair *pair)
{
    return puppet_note(pair->server, MC_EVENT_ACCEPTED, 0)->stream;
}

/* ---- keep-alive ---- */

/* Go's: 15 s until the first probe, 15 s between them, 9 of them. The client has heard of its peer at 10 ms;
 * the probes of 15.01 s, …, 60.01 s would have been answered, the one of 75.01 s is the first that is not. */
START_TEST(a_silent_peer_is_noticed_by_probes)
{
    struct pair pair = connected(NULL, &(struct sim_socket_plan){.keepalive_time = 15 * MC_S, .keepalive_interval = 15 * MC_S, .keepalive_probes = 9});
    stage_run(pair.stage, 70 * MC_S);
    rule_on(&pair, (struct sim_rule_spec){.cut = true});
    mc_ns dead = 10 * MC_MS + 75 * MC_S + 9 * 15 * MC_S;
    stage_run(pair.stage, dead - 1);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_RESET), 0);
    stage_run(pair.stage, dead);
    ck_assert_int_eq(puppet_note(pair.client, MC_EVENT_RESET, 0)->reason, MC_REASON_TIMEOUT);
    stage_run(pair.stage, MC_HOUR);
    ck_assert_int_eq(puppet_count(pair.server, MC_EVENT_RESET), 0); /* has no keep-alive: half open for ever */
    stage_close(pair.stage);
}
END_TEST

/* Nothing is done for probes that are answered, and a path that comes back in time leaves no trace. */
START_TEST(probes_that_are_answered_are_no_events)
{
    struct sim_socket_plan go = {.keepalive_time = 15 * MC_S, .keepalive_interval = 15 * MC_S, .keepalive_probes = 9};
    struct pair pair = connected(NULL, &go);
    uint64_t before = sim_world_events(pair.stage->world);
    stage_run(pair.stage, MC_HOUR);
    ck_assert_uint_eq(sim_world_events(pair.stage->world), before);
    uint32_t cut = rule_on(&pair, (struct sim_rule_spec){.cut = true});
    stage_run(pair.stage, MC_HOUR + 60 * MC_S);
    sim_rule_remove(pair.stage->net, cut, NULL);
    stage_run(pair.stage, MC_HOUR + 120 * MC_S);
    before = sim_world_events(pair.stage->world);
    stage_run(pair.stage, 2 * MC_HOUR);
    ck_assert_uint_eq(sim_world_events(pair.stage->world), before);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_RESET), 0);
    stage_close(pair.stage);
}
END_TEST

START_TEST(a_probe_finds_a_machine_that_was_restarted)
{
    struct pair pair = connected(NULL, &(struct sim_socket_plan){.keepalive_time = 15 * MC_S});
    sim_machine_crash(pair.stage->world, sim_world_pod(pair.stage->world, pair.server->pod).machine);
    sim_pod_start(pair.stage->world, pair.server->pod);
    stage_run(pair.stage, 15 * MC_S);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_RESET), 0);
    stage_run(pair.stage, 16 * MC_S);
    ck_assert_int_eq(puppet_note(pair.client, MC_EVENT_RESET, 0)->reason, MC_REASON_PEER_RESET);
    stage_close(pair.stage);
}
END_TEST

/* TCP_USER_TIMEOUT counts from the first retransmission, which follows the probe: 420 ms after sending. */
START_TEST(a_user_timeout_ends_the_wait)
{
    struct pair pair = connected(NULL, &(struct sim_socket_plan){.user_timeout = 3 * MC_S});
    rule_on(&pair, (struct sim_rule_spec){.cut = true});
    puppet_send(pair.client, pair.stream, 100);
    mc_ns dead = MC_S + 2 * RTO + 3 * MC_S;
    stage_run(pair.stage, dead - 1);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_RESET), 0);
    stage_run(pair.stage, dead);
    ck_assert_int_eq(puppet_note(pair.client, MC_EVENT_RESET, 0)->reason, MC_REASON_TIMEOUT);
    stage_close(pair.stage);
}
END_TEST

/* ---- tables on the way ---- */

/* Idle for less than 350 s, then for more: the first request passes, the second gets silence or an RST. */
START_TEST(an_idle_connection_is_forgotten)
{
    struct sim_path_terms terms = {.latency = ONE_WAY, .idle_timeout = 350 * MC_S, .idle_reset = _i == 1};
    struct pair pair = connected(&terms, NULL);
    stage_run(pair.stage, 300 * MC_S);
    puppet_send(pair.client, pair.stream, 100);
    stage_run(pair.stage, 640 * MC_S);
    puppet_send(pair.client, pair.stream, 100);
    stage_run(pair.stage, 1000 * MC_S);
    ck_assert_uint_eq(pair.server->received, 200);
    puppet_send(pair.client, pair.stream, 100);
    stage_run(pair.stage, 1001 * MC_S);
    ck_assert_uint_eq(pair.server->received, 200);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_RESET), _i == 1);
    stage_run(pair.stage, 1000 * MC_S + 1024 * RTO + 720 * MC_S);
    ck_assert_int_eq(puppet_note(pair.client, MC_EVENT_RESET, 0)->reason, _i == 1 ? MC_REASON_PEER_RESET : MC_REASON_TIMEOUT);
    ck_assert_int_eq(puppet_count(pair.server, MC_EVENT_RESET), 0);
    stage_close(pair.stage);
}
END_TEST

START_TEST(probes_keep_a_connection_in_the_tables)
{
    struct pair pair = connected(NULL, &(struct sim_socket_plan){.keepalive_time = 60 * MC_S});
    uint32_t rule = rule_on(&pair, (struct sim_rule_spec){.idle = 350 * MC_S});
    stage_run(pair.stage, 1000 * MC_S);
    puppet_send(pair.client, pair.stream, 100);
    stage_run(pair.stage, 1001 * MC_S);
    ck_assert_uint_eq(pair.server->received, 100);
    ck_assert_uint_eq(sim_rule_counts(pair.stage->net, rule).packets, 0);
    stage_close(pair.stage);
}
END_TEST

/* A flushed table: what is there goes silent, also in the other direction; what comes anew works. */
START_TEST(only_old_connections_may_be_cut)
{
    struct pair pair = connected(NULL, NULL);
    uint32_t rule = rule_on(&pair, (struct sim_rule_spec){.cut = true, .old_only = true});
    puppet_send(pair.client, pair.stream, 100);
    puppet_send(pair.server, accepted(&pair), 100);
    mc_stream second = puppet_open_to(pair.client, pair.server, 80);
    stage_run(pair.stage, 2 * MC_S);
    puppet_send(pair.client, second, 7);
    stage_run(pair.stage, 3 * MC_S);
    ck_assert_uint_eq(pair.server->received, 7);
    ck_assert_uint_eq(pair.client->received, 0);
    ck_assert_uint_eq(sim_rule_counts(pair.stage->net, rule).connections, 1);
    stage_close(pair.stage);
}
END_TEST

/* ---- packets ---- */

/* 1400 bytes of IP are 1348 of content: 20 for IPv4, 32 for TCP with timestamps. */
START_TEST(large_packets_vanish)
{
    struct pair pair = connected(NULL, NULL);
    uint32_t rule = rule_on(&pair, (struct sim_rule_spec){.mtu = 1400});
    puppet_send(pair.client, pair.stream, 1348);
    stage_run(pair.stage, 2 * MC_S);
    ck_assert_uint_eq(pair.server->received, 1348);
    ck_assert_uint_eq(sim_rule_counts(pair.stage->net, rule).packets, 0);
    puppet_send(pair.client, pair.stream, 1349);
    stage_run(pair.stage, 500 * MC_S);
    ck_assert_uint_eq(pair.server->received, 1348);
    ck_assert_uint_gt(sim_rule_counts(pair.stage->net, rule).packets, 5);
    puppet_send(pair.server, accepted(&pair), 3 * SEGMENT + 100); /* the small rest gets through, and cannot be read */
    stage_run(pair.stage, 2000 * MC_S);
    ck_assert_uint_eq(pair.client->received, 0);
    ck_assert_int_eq(puppet_note(pair.client, MC_EVENT_RESET, 0)->reason, MC_REASON_TIMEOUT);
    stage_close(pair.stage);
}
END_TEST

START_TEST(a_path_may_reset_both_ends)
{
    struct pair pair = connected(NULL, NULL);
    uint32_t rule = rule_on(&pair, (struct sim_rule_spec){.reset = true, .skip = 1});
    puppet_send(pair.client, pair.stream, 100);
    stage_run(pair.stage, 2 * MC_S);
    ck_assert_uint_eq(pair.server->received, 100);
    puppet_send(pair.client, pair.stream, 100);
    stage_run(pair.stage, 3 * MC_S);
    ck_assert_uint_eq(pair.server->received, 100);
    ck_assert_int_eq(puppet_note(pair.client, MC_EVENT_RESET, 0)->reason, MC_REASON_PEER_RESET);
    ck_assert_int_eq(puppet_note(pair.server, MC_EVENT_RESET, 0)->now, 2 * MC_S + ONE_WAY);
    ck_assert_uint_eq(sim_rule_counts(pair.stage->net, rule).connections, 1);
    stage_close(pair.stage);
}
END_TEST

/* The server closes while a request is on its way: it has FIN at 5 ms, and the RST to its request at 14 ms. */
START_TEST(a_request_meets_a_closed_socket)
{
    struct pair pair = connected(NULL, NULL);
    pair.client->polite = false;
    sim_container_crash(pair.stage->world, pair.server->container);
    stage_run(pair.stage, MC_S + 4 * MC_MS);
    puppet_send(pair.client, pair.stream, 100);
    stage_run(pair.stage, 2 * MC_S);
    ck_assert_int_eq(puppet_note(pair.client, MC_EVENT_END, 0)->now, MC_S + ONE_WAY);
    ck_assert_int_eq(puppet_note(pair.client, MC_EVENT_RESET, 0)->now, MC_S + 4 * MC_MS + 2 * ONE_WAY);
    stage_close(pair.stage);
}
END_TEST

START_TEST(few_ports_are_left)
{
    struct pair pair = connected(NULL, NULL);
    sim_net_limit_ports(pair.stage->net, pair.client->pod, 2);
    puppet_open_to(pair.client, pair.server, 80);
    puppet_open_to(pair.client, pair.server, 80);
    stage_run(pair.stage, 2 * MC_S);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_OPENED), 2);
    ck_assert_int_eq(puppet_note(pair.client, MC_EVENT_OPEN_FAILED, 0)->reason, MC_REASON_PORTS_EXHAUSTED);
    ck_assert_uint_eq(sim_net_counts(pair.stage->net, pair.client->pod).no_port, 1);
    sim_net_limit_ports(pair.stage->net, pair.client->pod, 0);
    puppet_open_to(pair.client, pair.server, 80);
    stage_run(pair.stage, 3 * MC_S);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_OPENED), 3);
    stage_close(pair.stage);
}
END_TEST

Suite *test_idle_suite(void)
{
    Suite *suite = suite_create("idle");
    TCase *tests = tcase_create("idle");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_silent_peer_is_noticed_by_probes);
    tcase_add_test(tests, probes_that_are_answered_are_no_events);
    tcase_add_test(tests, a_probe_finds_a_machine_that_was_restarted);
    tcase_add_test(tests, a_user_timeout_ends_the_wait);
    tcase_add_loop_test(tests, an_idle_connection_is_forgotten, 0, 2);
    tcase_add_test(tests, probes_keep_a_connection_in_the_tables);
    tcase_add_test(tests, only_old_connections_may_be_cut);
    tcase_add_test(tests, large_packets_vanish);
    tcase_add_test(tests, a_path_may_reset_both_ends);
    tcase_add_test(tests, a_request_meets_a_closed_socket);
    tcase_add_test(tests, few_ports_are_left);
    suite_add_tcase(suite, tests);
    return suite;
}
