/* TCP by hand arithmetic. One way is 5 ms; a segment has 1448 bytes (1460 less the timestamps); the initial
 * window is 10 segments; the time-out is a round trip + 200 ms. */
#include "unit/simnet/puppet.h"

Suite *test_tcp_suite(void);

#define ONE_WAY (5 * MC_MS)
#define RTO (2 * ONE_WAY + 200 * MC_MS)
enum { SEGMENT = 1448 };

static const struct sim_topology plain = {.same_zone = {.latency = ONE_WAY}, .cross_zone = {.latency = 3 * ONE_WAY}};

struct pair {
    struct stage *stage;
    struct puppet *client, *server;
    mc_stream stream;
};

static struct pair pair_on(const struct sim_topology *paths, const struct sim_kernel *kernel)
{
    struct pair pair = {.stage = stage_open(paths, kernel, 1)};
    pair.server = stage_add(pair.stage, 0);
    pair.client = stage_add(pair.stage, 0);
    pair.server->polite = pair.client->polite = true;
    puppet_listen(pair.server, 80);
    return pair;
}

/* Connected at 10 ms, accepted at 15 ms; time stands at 1 s. */
static struct pair connected_on(const struct sim_topology *paths, const struct sim_kernel *kernel)
{
    struct pair pair = pair_on(paths, kernel);
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
    uint32_t rule = sim_rule_add(pair->stage->net, &spec);
    ck_assert_uint_ne(rule, 0);
    return rule;
}

static mc_stream accepted(const struct pair *pair)
{
    return puppet_note(pair->server, MC_EVENT_ACCEPTED, 0)->stream;
}

/* ---- connecting ---- */

START_TEST(a_handshake_takes_its_round_trips)
{
    struct pair pair = connected_on(&plain, NULL);
    ck_assert_int_eq(puppet_note(pair.client, MC_EVENT_OPENED, 0)->now, 2 * ONE_WAY);
    ck_assert_int_eq(puppet_note(pair.server, MC_EVENT_ACCEPTED, 0)->now, 3 * ONE_WAY);
    stage_close(pair.stage);
}
END_TEST

START_TEST(nobody_listening_refuses_after_a_round_trip)
{
    struct pair pair = pair_on(&plain, NULL);
    puppet_open_to(pair.client, pair.server, 81);
    stage_run(pair.stage, MC_S);
    const struct note *failed = puppet_note(pair.client, MC_EVENT_OPEN_FAILED, 0);
    ck_assert_int_eq(failed->now, 2 * ONE_WAY);
    ck_assert_int_eq(failed->reason, MC_REASON_REFUSED);
    stage_close(pair.stage);
}
END_TEST

/* SYN at 0, 1, 3, 7, 15, 31, 63 s, given up 64 s later. */
START_TEST(an_unreachable_address_times_out_at_127_s)
{
    struct pair pair = pair_on(&plain, NULL);
    puppet_open(pair.client, mc_addr_v4(10u << 24 | 250 << 16 | 1, 80));
    stage_run(pair.stage, 127 * MC_S - 1);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_OPEN_FAILED), 0);
    stage_run(pair.stage, 127 * MC_S);
    const struct note *failed = puppet_note(pair.client, MC_EVENT_OPEN_FAILED, 0);
    ck_assert_int_eq(failed->now, 127 * MC_S);
    ck_assert_int_eq(failed->reason, MC_REASON_TIMEOUT);
    stage_close(pair.stage);
}
END_TEST

/* The path comes back between two SYNs: the next one gets through, and it is answered. */
START_TEST(syns_go_out_at_0_1_3_7)
{
    static const mc_ns healed[] = {500 * MC_MS, 1500 * MC_MS, 5 * MC_S, 10 * MC_S, 20 * MC_S, 40 * MC_S};
    static const mc_ns sent[] = {1 * MC_S, 3 * MC_S, 7 * MC_S, 15 * MC_S, 31 * MC_S, 63 * MC_S};
    struct pair pair = pair_on(&plain, NULL);
    uint32_t cut = rule_on(&pair, (struct sim_rule_spec){.cut = true, .both = true});
    puppet_open_to(pair.client, pair.server, 80);
    stage_run(pair.stage, healed[_i]);
    struct sim_rule_counts counts;
    sim_rule_remove(pair.stage->net, cut, &counts);
    ck_assert_uint_eq(counts.packets, (uint64_t)_i + 1);
    ck_assert_uint_eq(counts.connections, 1);
    stage_run(pair.stage, 100 * MC_S);
    ck_assert_int_eq(puppet_note(pair.client, MC_EVENT_OPENED, 0)->now, sent[_i] + 2 * ONE_WAY);
    stage_close(pair.stage);
}
END_TEST

/* A paused server still has its kernel: somaxconn + 1 connections wait. To Linux a connection is in the
 * queue when its handshake is over: of five at once all clients are told that they are connected. One that
 * comes later is not answered: its SYN is dropped, and sent again after 1 s. */
START_TEST(a_full_accept_queue_is_silent)
{
    struct pair pair = pair_on(&plain, &(struct sim_kernel){.somaxconn = 2});
    sim_container_pause(pair.stage->world, pair.server->container, true);
    for (int i = 0; i < 5; i++) puppet_open_to(pair.client, pair.server, 80);
    stage_run(pair.stage, 100 * MC_MS);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_OPENED), 5);
    puppet_open_to(pair.client, pair.server, 80);
    stage_run(pair.stage, MC_S - 1);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_OPENED), 5);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_OPEN_FAILED), 0);
    ck_assert_uint_eq(sim_net_counts(pair.stage->net, pair.server->pod).overflows, 3);
    sim_container_pause(pair.stage->world, pair.server->container, false);
    stage_run(pair.stage, 2 * MC_S);
    ck_assert_int_eq(puppet_count(pair.server, MC_EVENT_ACCEPTED), 6);
    /* the SYN-ACKs of 5 ms are repeated at 1005 ms, and answered */
    ck_assert_int_eq(puppet_note(pair.server, MC_EVENT_ACCEPTED, 3)->now, MC_S + 3 * ONE_WAY);
    ck_assert_int_eq(puppet_note(pair.client, MC_EVENT_OPENED, 5)->now, 100 * MC_MS + MC_S + 2 * ONE_WAY);
    stage_close(pair.stage);
}
END_TEST

/* A client that believes to be connected sends; that is dropped as well, and sent again by its time-outs:
 * at 210 ms (probe), 420 ms, 840 ms, …. The queue has room from 500 ms on. */
START_TEST(content_waits_for_the_accept_queue)
{
    struct pair pair = pair_on(&plain, &(struct sim_kernel){.somaxconn = 2});
    mc_stream streams[4];
    sim_container_pause(pair.stage->world, pair.server->container, true);
    for (int i = 0; i < 4; i++) streams[i] = puppet_open_to(pair.client, pair.server, 80);
    stage_run(pair.stage, 100 * MC_MS);
    puppet_send(pair.client, streams[3], 100);
    stage_run(pair.stage, 600 * MC_MS);
    sim_container_pause(pair.stage->world, pair.server->container, false);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_OPENED), 4);
    stage_run(pair.stage, 5 * MC_S);
    ck_assert_uint_eq(pair.server->received, 100);
    ck_assert_int_eq(puppet_note(pair.server, MC_EVENT_DATA, 0)->now, 100 * MC_MS + 4 * RTO + ONE_WAY);
    ck_assert_int_eq(puppet_count(pair.server, MC_EVENT_ACCEPTED), 4);
    puppet_send(pair.server, puppet_note(pair.server, MC_EVENT_ACCEPTED, 3)->stream, 10); /* and can answer */
    stage_run(pair.stage, 6 * MC_S);
    ck_assert_uint_eq(pair.client->received, 10);
    stage_close(pair.stage);
}
END_TEST

/* The SYN-ACK goes out at 0, 1, 3, 7, 15, 31 s after the SYN; 64 s after it the server forgets, and answers
 * what still comes with RST. */
START_TEST(who_is_never_let_in_is_reset_in_the_end)
{
    struct pair pair = pair_on(&plain, &(struct sim_kernel){.somaxconn = 1});
    sim_container_pause(pair.stage->world, pair.server->container, true);
    mc_stream last = 0;
    for (int i = 0; i < 3; i++) last = puppet_open_to(pair.client, pair.server, 80);
    stage_run(pair.stage, 62 * MC_S);
    ck_assert_uint_eq(sim_net_counts(pair.stage->net, pair.server->pod).overflows, 6);
    stage_run(pair.stage, 64 * MC_S);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_RESET), 0);
    puppet_send(pair.client, last, 1);
    stage_run(pair.stage, 65 * MC_S);
    ck_assert_int_eq(puppet_note(pair.client, MC_EVENT_RESET, 0)->now, 64 * MC_S + 2 * ONE_WAY);
    stage_close(pair.stage);
}
END_TEST

START_TEST(a_rule_may_refuse)
{
    struct pair pair = pair_on(&plain, NULL);
    rule_on(&pair, (struct sim_rule_spec){.refuse = true});
    puppet_open_to(pair.client, pair.server, 80);
    stage_run(pair.stage, MC_S);
    ck_assert_int_eq(puppet_note(pair.client, MC_EVENT_OPEN_FAILED, 0)->reason, MC_REASON_REFUSED);
    stage_close(pair.stage);
}
END_TEST

/* ---- ports ---- */

START_TEST(ports_run_out_and_come_back_after_time_wait)
{
    struct pair pair = pair_on(&plain, &(struct sim_kernel){.ephemeral_ports = 3});
    mc_stream streams[3];
    for (int i = 0; i < 3; i++) streams[i] = puppet_open_to(pair.client, pair.server, 80);
    puppet_open_to(pair.client, pair.server, 80);
    stage_run(pair.stage, MC_S);
    ck_assert_int_eq(puppet_note(pair.client, MC_EVENT_OPEN_FAILED, 0)->reason, MC_REASON_PORTS_EXHAUSTED);
    puppet_finish(pair.client, streams[0]); /* the client closes first: TIME_WAIT */
    stage_run(pair.stage, 30 * MC_S);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_CLOSED), 1);
    puppet_open_to(pair.client, pair.server, 80);
    stage_run(pair.stage, 60 * MC_S);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_OPEN_FAILED), 2);
    stage_run(pair.stage, 62 * MC_S);
    puppet_open_to(pair.client, pair.server, 80);
    stage_run(pair.stage, 63 * MC_S);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_OPENED), 4);
    puppet_reset(pair.client, streams[1]); /* no TIME_WAIT after an RST */
    stage_run(pair.stage, 64 * MC_S);
    puppet_open_to(pair.client, pair.server, 80);
    stage_run(pair.stage, 65 * MC_S);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_OPENED), 5);
    stage_close(pair.stage);
}
END_TEST

/* ---- windows and rates ---- */

static mc_ns last_data(const struct puppet *puppet)
{
    mc_ns last = 0;
    for (int i = 0; i < puppet->note_count; i++)
        if (puppet->notes[i].kind == MC_EVENT_DATA) last = puppet->notes[i].now;
    return last;
}

/* 10, 10 + 20, 10 + 20 + 40 segments are 14 480, 43 440, 101 360 bytes. */
START_TEST(slow_start_doubles_per_round)
{
    static const struct { uint32_t bytes; mc_ns rounds; } cases[] = {
        {14480, 0}, {14481, 1}, {43440, 1}, {43441, 2}, {101360, 2}, {101361, 3}};
    struct pair pair = connected_on(&plain, NULL);
    puppet_send(pair.client, pair.stream, cases[_i].bytes);
    stage_run(pair.stage, 2 * MC_S);
    ck_assert_uint_eq(pair.server->received, cases[_i].bytes);
    ck_assert_int_eq(last_data(pair.server), MC_S + cases[_i].rounds * 2 * ONE_WAY + ONE_WAY);
    stage_close(pair.stage);
}
END_TEST

START_TEST(slow_start_begins_anew_after_an_idle_time)
{
    struct pair pair = connected_on(&plain, NULL);
    puppet_send(pair.client, pair.stream, 101360); /* the window is 80 segments when all is acknowledged */
    stage_run(pair.stage, MC_S + 120 * MC_MS);     /* 100 ms idle: kept */
    puppet_send(pair.client, pair.stream, 80 * SEGMENT);
    stage_run(pair.stage, MC_S + 200 * MC_MS);
    ck_assert_int_eq(last_data(pair.server), MC_S + 120 * MC_MS + ONE_WAY);
    stage_run(pair.stage, 5 * MC_S);
    puppet_send(pair.client, pair.stream, 14481);
    stage_run(pair.stage, 6 * MC_S);
    ck_assert_int_eq(last_data(pair.server), 5 * MC_S + 3 * ONE_WAY);
    stage_close(pair.stage);
}
END_TEST

/* 8 Mbit/s: a byte takes 1 µs. 14 480 bytes are ten segments with 66 bytes of headers each. */
START_TEST(a_limited_rate_is_a_queue)
{
    struct sim_topology slow = plain;
    if (_i == 0) slow.same_zone.bits_per_second = 8000000;
    struct pair pair = connected_on(&slow, NULL);
    if (_i == 1) rule_on(&pair, (struct sim_rule_spec){.bits_per_second = 8000000});
    puppet_send(pair.client, pair.stream, 14480);
    stage_run(pair.stage, MC_S + 100 * MC_MS);
    ck_assert_int_eq(last_data(pair.server), MC_S + (14480 + 660) * MC_US + ONE_WAY);
    /* five lone segments, more than half a window apart from each other: one behind the other */
    stage_run(pair.stage, 2 * MC_S);
    for (int i = 0; i < 5; i++) puppet_send(pair.client, pair.stream, 1000);
    stage_run(pair.stage, 3 * MC_S);
    ck_assert_int_eq(last_data(pair.server), 2 * MC_S + 5 * (1000 + 66) * MC_US + ONE_WAY);
    stage_close(pair.stage);
}
END_TEST

/* On such a line the window is no limit once it holds rate × round trip (10 ms: seven segments here), and
 * 1 000 segments take as long as their bytes. */
START_TEST(a_long_transfer_fills_the_line)
{
    struct sim_topology slow = plain;
    slow.same_zone.bits_per_second = 8000000;
    struct pair pair = connected_on(&slow, NULL);
    puppet_send(pair.client, pair.stream, 1000 * SEGMENT);
    stage_run(pair.stage, 10 * MC_S);
    ck_assert_uint_eq(pair.server->received, 1000 * SEGMENT);
    mc_ns line = 1000 * (SEGMENT + 66) * MC_US + ONE_WAY;
    ck_assert_int_ge(last_data(pair.server), MC_S + line);
    ck_assert_int_le(last_data(pair.server), MC_S + line + 20 * MC_MS);
    stage_close(pair.stage);
}
END_TEST

/* Two on one line take turns: the second, which is small, does not wait for the whole first. */
START_TEST(a_small_transfer_overtakes_a_large_one)
{
    struct sim_topology slow = plain;
    slow.same_zone.bits_per_second = 80000000;
    struct pair pair = connected_on(&slow, NULL);
    struct puppet *other = stage_join(pair.stage, pair.client, false);
    mc_stream second = puppet_open_to(other, pair.server, 80);
    stage_run(pair.stage, 2 * MC_S);
    puppet_send(pair.client, pair.stream, 3000 * SEGMENT); /* 454 ms of the line */
    stage_run(pair.stage, 2 * MC_S + 100 * MC_MS);
    uint64_t before = pair.server->received;
    puppet_send(other, second, SEGMENT);
    stage_run(pair.stage, 2 * MC_S + 250 * MC_MS);
    ck_assert_uint_gt(pair.server->received, before);
    bool seen = false;
    for (int i = 0; i < pair.server->note_count; i++)
        seen |= pair.server->notes[i].kind == MC_EVENT_DATA && pair.server->notes[i].stream == puppet_note(pair.server, MC_EVENT_ACCEPTED, 1)->stream;
    ck_assert(seen);
    stage_close(pair.stage);
}
END_TEST

/* The receiver's kernel takes receive_window bytes beyond the guest's credit; what is read makes room. */
START_TEST(the_receive_window_holds_the_sender_back)
{
    struct pair pair = connected_on(&plain, &(struct sim_kernel){.receive_window = 100000});
    pair.server->miserly = true;
    for (int i = 0; i < 5; i++) puppet_send(pair.client, pair.stream, 100000);
    stage_run(pair.stage, 2 * MC_S);
    ck_assert_uint_eq(pair.server->received, 65536);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_CLOGGED), 1);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_DRAINED), 0);
    puppet_grant(pair.server, accepted(&pair), 1000000);
    stage_run(pair.stage, 3 * MC_S);
    ck_assert_uint_eq(pair.server->received, 500000);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_DRAINED), 1);
    stage_close(pair.stage);
}
END_TEST

START_TEST(jitter_never_reorders)
{
    struct sim_topology shaky = plain;
    shaky.same_zone.jitter = 4 * MC_MS;
    struct pair pair = connected_on(&shaky, NULL);
    mc_ns least = MC_HOUR, most = 0, before = 0;
    for (int i = 0; i < 200; i++) {
        mc_ns sent = MC_S + i * 20 * MC_MS;
        stage_run(pair.stage, sent);
        puppet_send(pair.client, pair.stream, (uint32_t)i + 1);
        stage_run(pair.stage, sent + MC_MS);
        puppet_send(pair.client, pair.stream, 1000);
    }
    stage_run(pair.stage, 10 * MC_S);
    for (int i = 0; i < 400; i++) {
        const struct note *note = puppet_note(pair.server, MC_EVENT_DATA, i);
        ck_assert_uint_eq(note->length, i % 2 ? 1000 : i / 2 + 1);
        ck_assert_int_ge(note->now, before);
        before = note->now;
        mc_ns took = note->now - (MC_S + i / 2 * 20 * MC_MS);
        if (i % 2 == 0 && took < least) least = took;
        if (i % 2 == 0 && took > most) most = took;
    }
    ck_assert_int_ge(least, 1 * MC_MS);
    ck_assert_int_le(most, 9 * MC_MS);
    ck_assert_int_lt(least, 2 * MC_MS); /* the whole range is used */
    ck_assert_int_gt(most, 8 * MC_MS);
    stage_close(pair.stage);
}
END_TEST

/* ---- loss ---- */

/* One segment alone: the tail probe, as late as a time-out (210 ms); one time-out after it the first
 * retransmission, then doubling: 210, 420, 840 ms. */
START_TEST(a_lone_segment_waits_for_the_rto)
{
    struct pair pair = connected_on(&plain, NULL);
    rule_on(&pair, (struct sim_rule_spec){.loss_ppm = 1000000, .first = (uint32_t)_i});
    puppet_send(pair.client, pair.stream, 100);
    stage_run(pair.stage, 5 * MC_S);
    ck_assert_int_eq(last_data(pair.server), MC_S + (RTO << (_i - 1)) + ONE_WAY);
    ck_assert_uint_eq(sim_net_counts(pair.stage->net, pair.client->pod).retransmitted, (uint64_t)_i);
    stage_close(pair.stage);
}
END_TEST

/* Five segments. The first lost: four follow, so it is sent again one round trip later. The third lost: two
 * follow; RACK waits a quarter of a round trip and 2 ms more. The last lost: the ACK of the others comes
 * after a round trip, the probe of a lone segment 210 ms later. The last two lost: the probe two round trips
 * and 2 ms after that ACK tells of the other one, a round trip later. */
START_TEST(later_segments_repair_fast_and_a_probe_the_tail)
{
    static const struct { uint32_t skip, count; mc_ns repaired; } cases[] = {
        {0, 1, 2 * ONE_WAY},
        {2, 1, 2 * ONE_WAY + ONE_WAY / 2 + 2 * MC_MS},
        {4, 1, 2 * ONE_WAY + RTO},
        {3, 2, 2 * ONE_WAY + 4 * ONE_WAY + 2 * MC_MS + 2 * ONE_WAY},
    };
    struct pair pair = connected_on(&plain, NULL);
    rule_on(&pair, (struct sim_rule_spec){.loss_ppm = 1000000, .first = cases[_i].count, .skip = cases[_i].skip});
    puppet_send(pair.client, pair.stream, 5 * SEGMENT);
    stage_run(pair.stage, 5 * MC_S);
    ck_assert_int_eq(last_data(pair.server), MC_S + cases[_i].repaired + ONE_WAY);
    stage_close(pair.stage);
}
END_TEST

/* All five lost: the probe after two round trips and 2 ms arrives, its ACK tells of the other four: one of
 * them leaves at once, its ACK lets go two, theirs the last. */
START_TEST(a_probe_repairs_what_was_lost_as_a_whole)
{
    struct pair pair = connected_on(&plain, NULL);
    rule_on(&pair, (struct sim_rule_spec){.loss_ppm = 1000000, .first = 5});
    puppet_send(pair.client, pair.stream, 5 * SEGMENT);
    stage_run(pair.stage, 5 * MC_S);
    ck_assert_int_eq(last_data(pair.server), MC_S + 4 * ONE_WAY + 2 * MC_MS + 3 * 2 * ONE_WAY + ONE_WAY);
    stage_close(pair.stage);
}
END_TEST

/* A lone segment is lost, three more follow 1 ms apart: the third tells, on its way back. */
START_TEST(later_bursts_repair_a_lost_one)
{
    struct pair pair = connected_on(&plain, NULL);
    rule_on(&pair, (struct sim_rule_spec){.loss_ppm = 1000000, .first = 1});
    for (int i = 0; i < 4; i++) {
        stage_run(pair.stage, MC_S + i * MC_MS);
        puppet_send(pair.client, pair.stream, 100);
    }
    stage_run(pair.stage, 2 * MC_S);
    ck_assert_int_eq(puppet_note(pair.server, MC_EVENT_DATA, 0)->now, MC_S + 3 * MC_MS + 3 * ONE_WAY);
    ck_assert_int_eq(puppet_note(pair.server, MC_EVENT_DATA, 3)->now, MC_S + 3 * MC_MS + 3 * ONE_WAY);
    stage_close(pair.stage);
}
END_TEST

/* The first of 16 time-outs begins when the probe goes out: 210 ms doubling ten times, then 120 s six times
 * (ip-sysctl, tcp_retries2: 924.6 s, for a time-out of 200 ms and no probe). */
START_TEST(a_silent_peer_is_dead_after_935_s)
{
    struct pair pair = connected_on(&plain, NULL);
    rule_on(&pair, (struct sim_rule_spec){.cut = true, .both = true});
    puppet_send(pair.client, pair.stream, 100);
    mc_ns dead = MC_S + RTO + 1023 * RTO + 6 * 120 * MC_S;
    stage_run(pair.stage, dead - 1);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_RESET), 0);
    stage_run(pair.stage, dead);
    ck_assert_int_eq(puppet_note(pair.client, MC_EVENT_RESET, 0)->reason, MC_REASON_TIMEOUT);
    ck_assert_uint_eq(sim_net_counts(pair.stage->net, pair.client->pod).retransmitted, 16);
    stage_close(pair.stage);
}
END_TEST

/* tcp_orphan_retries: a socket that nobody holds is given up after 8. */
START_TEST(an_orphan_is_given_up_sooner)
{
    struct pair pair = connected_on(&plain, &(struct sim_kernel){.ephemeral_ports = 1});
    rule_on(&pair, (struct sim_rule_spec){.cut = true, .both = true});
    sim_container_crash(pair.stage->world, pair.client->container); /* FIN, again and again */
    mc_ns dead = MC_S + RTO + 511 * RTO;
    stage_run(pair.stage, dead - 1);
    ck_assert_uint_eq(sim_net_counts(pair.stage->net, pair.client->pod).retransmitted, 9); /* the probe and 8 */
    stage_run(pair.stage, 200 * MC_S);
    ck_assert_uint_eq(sim_net_counts(pair.stage->net, pair.client->pod).retransmitted, 9);
    stage_close(pair.stage);
}
END_TEST

START_TEST(what_is_on_its_way_when_the_path_is_cut_is_lost)
{
    struct pair pair = connected_on(&plain, NULL);
    puppet_send(pair.client, pair.stream, 100);
    stage_run(pair.stage, MC_S + MC_MS);
    uint32_t cut = rule_on(&pair, (struct sim_rule_spec){.cut = true});
    stage_run(pair.stage, MC_S + 100 * MC_MS);
    ck_assert_uint_eq(pair.server->received, 0);
    sim_rule_remove(pair.stage->net, cut, NULL);
    stage_run(pair.stage, 2 * MC_S);
    ck_assert_int_eq(last_data(pair.server), MC_S + RTO + ONE_WAY);
    stage_close(pair.stage);
}
END_TEST

/* 1 % of 20 000 segments: 200, give or take five standard deviations of 14. */
START_TEST(losses_come_at_their_rate)
{
    struct pair pair = connected_on(&plain, NULL);
    rule_on(&pair, (struct sim_rule_spec){.loss_ppm = 10000});
    for (int i = 0; i < 20; i++) {
        puppet_send(pair.client, pair.stream, 1000 * SEGMENT);
        stage_run(pair.stage, (mc_ns)(i + 2) * 20 * MC_S);
    }
    struct sim_pod_counts counts = sim_net_counts(pair.stage->net, pair.client->pod);
    ck_assert_uint_eq(pair.server->received, 20 * 1000 * SEGMENT);
    ck_assert_uint_gt(counts.segments_lost, 130);
    ck_assert_uint_lt(counts.segments_lost, 275);
    stage_close(pair.stage);
}
END_TEST

/* ---- rules ---- */

START_TEST(rules_add_up_and_come_off_in_any_order)
{
    struct pair pair = connected_on(&plain, NULL);
    uint32_t rules[3];
    for (int i = 0; i < 3; i++) rules[i] = rule_on(&pair, (struct sim_rule_spec){.latency = (i + 1) * 10 * MC_MS});
    static const int order[] = {1, 0, 2};
    static const mc_ns extra[] = {60 * MC_MS, 40 * MC_MS, 30 * MC_MS, 0};
    for (int i = 0; i < 4; i++) {
        mc_ns sent = (i + 1) * MC_S;
        stage_run(pair.stage, sent);
        puppet_send(pair.client, pair.stream, 100);
        stage_run(pair.stage, sent + 500 * MC_MS);
        ck_assert_int_eq(puppet_note(pair.server, MC_EVENT_DATA, i)->now, sent + ONE_WAY + extra[i]);
        if (i < 3) sim_rule_remove(pair.stage->net, rules[order[i]], NULL);
    }
    stage_close(pair.stage);
}
END_TEST

/* ---- endings ---- */

START_TEST(a_process_that_dies_leaves_fin_or_rst)
{
    struct pair pair = connected_on(&plain, NULL);
    pair.client->polite = false;
    if (_i) { /* something unread */
        pair.server->miserly = true;
        puppet_send(pair.client, pair.stream, 70000);
        stage_run(pair.stage, 2 * MC_S);
    }
    sim_container_crash(pair.stage->world, pair.server->container);
    stage_run(pair.stage, 3 * MC_S);
    ck_assert_int_eq(puppet_count(pair.client, _i ? MC_EVENT_RESET : MC_EVENT_END), 1);
    if (!_i) puppet_send(pair.client, pair.stream, 10); /* nobody reads that: RST */
    stage_run(pair.stage, 4 * MC_S);
    ck_assert_int_eq(puppet_note(pair.client, MC_EVENT_RESET, 0)->reason, MC_REASON_PEER_RESET);
    stage_close(pair.stage);
}
END_TEST

/* Power loss leaves the peer half open; it learns when the address answers again. */
START_TEST(a_half_open_end_is_reset_when_the_peer_is_back)
{
    struct pair pair = connected_on(&plain, NULL);
    sim_machine_crash(pair.stage->world, sim_world_pod(pair.stage->world, pair.server->pod).machine);
    stage_run(pair.stage, 2 * MC_S);
    ck_assert_int_eq(puppet_count(pair.client, MC_EVENT_END) + puppet_count(pair.client, MC_EVENT_RESET), 0);
    puppet_send(pair.client, pair.stream, 10);
    stage_run(pair.stage, 2 * MC_S + 300 * MC_MS);
    sim_pod_start(pair.stage->world, pair.server->pod);
    stage_run(pair.stage, 4 * MC_S); /* sent again after one more time-out */
    ck_assert_int_eq(puppet_note(pair.client, MC_EVENT_RESET, 0)->now, 2 * MC_S + 2 * RTO + 2 * ONE_WAY);
    stage_close(pair.stage);
}
END_TEST

Suite *test_tcp_suite(void)
{
    Suite *suite = suite_create("tcp");
    TCase *tests = tcase_create("tcp");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_handshake_takes_its_round_trips);
    tcase_add_test(tests, nobody_listening_refuses_after_a_round_trip);
    tcase_add_test(tests, an_unreachable_address_times_out_at_127_s);
    tcase_add_loop_test(tests, syns_go_out_at_0_1_3_7, 0, 6);
    tcase_add_test(tests, a_full_accept_queue_is_silent);
    tcase_add_test(tests, content_waits_for_the_accept_queue);
    tcase_add_test(tests, who_is_never_let_in_is_reset_in_the_end);
    tcase_add_test(tests, a_rule_may_refuse);
    tcase_add_test(tests, ports_run_out_and_come_back_after_time_wait);
    tcase_add_loop_test(tests, slow_start_doubles_per_round, 0, 6);
    tcase_add_test(tests, slow_start_begins_anew_after_an_idle_time);
    tcase_add_loop_test(tests, a_limited_rate_is_a_queue, 0, 2);
    tcase_add_test(tests, a_long_transfer_fills_the_line);
    tcase_add_test(tests, a_small_transfer_overtakes_a_large_one);
    tcase_add_test(tests, the_receive_window_holds_the_sender_back);
    tcase_add_test(tests, jitter_never_reorders);
    tcase_add_loop_test(tests, a_lone_segment_waits_for_the_rto, 1, 4);
    tcase_add_loop_test(tests, later_segments_repair_fast_and_a_probe_the_tail, 0, 4);
    tcase_add_test(tests, a_probe_repairs_what_was_lost_as_a_whole);
    tcase_add_test(tests, later_bursts_repair_a_lost_one);
    tcase_add_test(tests, a_silent_peer_is_dead_after_935_s);
    tcase_add_test(tests, an_orphan_is_given_up_sooner);
    tcase_add_test(tests, what_is_on_its_way_when_the_path_is_cut_is_lost);
    tcase_add_test(tests, losses_come_at_their_rate);
    tcase_add_test(tests, rules_add_up_and_come_off_in_any_order);
    tcase_add_loop_test(tests, a_process_that_dies_leaves_fin_or_rst, 0, 2);
    tcase_add_test(tests, a_half_open_end_is_reset_when_the_peer_is_back);
    suite_add_tcase(suite, tests);
    return suite;
}
