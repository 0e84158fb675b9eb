/* The TLS layer end to end: two guests on a wire, OpenSSL behind both. */
#include "base/limits.h"
#include "net/conn.h"
#include "support/pki.h"
#include "support/starve.h"
#include "support/wire.h"
#include <check.h>

Suite *test_layer_tls_suite(void);

/* ---- a guest with one connection that sends a pattern and checks one ---- */

struct node {
    struct mc_turn turn;
    struct mc_net net;
    struct mc_acceptor acceptor;
    struct mc_conn conn;
    struct mc_tls_context *context;
    bool client, plain, permissive;
    uint64_t to_send, sent, received; /* bytes of the pattern */
    bool hold;                        /* consumes nothing */
    uint32_t unconsumed;
    bool finish_after, reset_after;   /* … the pattern was sent / at the first byte */
    int ready, ended, closed;
    enum mc_stream_reason reason;
};

static struct pki pki;
static struct mc_realm network; /* memory of the wire */
static struct test_memory network_memory;
static struct wire wire;
static struct node client, server;
static struct mc_svid *reviews, *ratings, *client_svid, *server_svid;
static struct mc_authority *stranger;
static const struct mc_addr address = {.port = 15006};

/* The last TLS_DONE of each node, and how many. */
static struct mc_trace_record done[3];
static int done_count[3];

static void record(void *self, mc_ns now, const struct mc_trace_record *what)
{
    (void)self, (void)now;
    if (what->kind != MC_TRACE_TLS_DONE) return;
    done[what->node] = *what;
    done_count[what->node]++;
}

static char pattern(uint64_t at)
{
    return (char)(at * 7 + (at >> 8));
}

static struct node *node_of(struct mc_conn *conn)
{
    return mc_container(conn, struct node, conn);
}

static void send_pattern(struct node *node)
{
    while (node->sent < node->to_send && node->conn.state == MC_CONN_READY) {
        uint64_t rest = node->to_send - node->sent;
        struct mc_chunk *chunk = mc_chunk_take(&pki.realm.pool, rest < 50000 ? (uint32_t)rest : 50000);
        if (!chunk) {
            mc_conn_reset(&node->conn);
            return;
        }
        while (mc_chunk_room(chunk)) chunk->bytes[chunk->used++] = pattern(node->sent++);
        mc_conn_send(&node->conn, mc_slice_of(chunk));
    }
    if (node->finish_after) mc_conn_finish(&node->conn);
}

static void on_ready(struct mc_conn *conn)
{
    node_of(conn)->ready++;
    send_pattern(node_of(conn));
}

static void on_data(struct mc_conn *conn, struct mc_slice slice)
{
    struct node *node = node_of(conn);
    struct mc_str bytes = mc_slice_str(slice);
    size_t good = 0;
    while (good < bytes.n && bytes.p[good] == pattern(node->received + good)) good++;
    ck_assert_uint_eq(good, bytes.n);
    node->received += good;
    mc_slice_unref(slice);
    if (node->reset_after) {
        mc_conn_reset(conn);
        return;
    }
    if (node->hold) node->unconsumed += (uint32_t)bytes.n;
    else mc_conn_consumed(conn, (uint32_t)bytes.n);
}

static void on_end(struct mc_conn *conn)
{
    node_of(conn)->ended++;
    mc_conn_finish(conn);
}

static void on_closed(struct mc_conn *conn, enum mc_stream_reason reason)
{
    node_of(conn)->closed++;
    node_of(conn)->reason = reason;
    memset(conn, 0xa5, sizeof *conn); /* the owner may give the memory back here */
    conn->state = MC_CONN_IDLE;
    conn->finished = false;
}

static const struct mc_conn_type conn_type = {
    .name = "test", .ready = on_ready, .data = on_data, .end = on_end, .closed = on_closed};

static bool secure(struct node *node)
{
    mc_conn_init(&node->conn, &conn_type, &node->net);
    if (node->plain) return true;
    if (node->permissive) return mc_conn_secure_permissive(&node->conn, node->context);
    return mc_conn_secure(&node->conn, node->context);
}

static void on_accepted(struct mc_acceptor *acceptor, const struct mc_event *event)
{
    struct node *node = mc_container(acceptor, struct node, acceptor);
    if (!secure(node)) mc_turn_reset(&node->turn, event->stream);
    else mc_conn_accept(&node->conn, event);
}

enum { COMMAND_SEND = 1, COMMAND_CONSUME, COMMAND_FIN };

static void command(struct node *node, uint32_t kind)
{
    if (kind == COMMAND_SEND) send_pattern(node);
    else if (kind == COMMAND_FIN) mc_turn_finish(&node->turn, node->conn.stream);
    else {
        node->hold = false;
        mc_conn_consumed(&node->conn, node->unconsumed);
        node->unconsumed = 0;
    }
}

/* Set by the tests of refused memory. */
static int steps_before_hunger;
static size_t spare;
static struct starved starved;

static void step(void *self, const struct mc_event *event, struct mc_outbox *out)
{
    struct node *node = self;
    if (steps_before_hunger > 0 && --steps_before_hunger == 0) starved = starve(&pki.realm.pool, spare);
    mc_turn_begin(&node->turn, event, out);
    if (event->kind == MC_EVENT_START && !node->client) ck_assert(mc_net_listen(&node->net, &node->acceptor, address));
    else if (event->kind == MC_EVENT_START) ck_assert(secure(node) && mc_conn_open(&node->conn, address));
    else if (event->kind == MC_EVENT_COMMAND) command(node, event->command->kind);
    else mc_net_event(&node->net, event);
    mc_timers_run(&node->turn.timers, event->now);
    mc_turn_end(&node->turn);
}

static mc_ns deadline(const void *self)
{
    return mc_timers_deadline(&((const struct node *)self)->turn.timers);
}

static const struct mc_guest_type guest_type = {.name = "test", .step = step, .deadline = deadline};

static void tell(struct node *node, uint32_t kind)
{
    struct mc_command order = {kind};
    wire_step(&wire, node == &client, (struct mc_event){.kind = MC_EVENT_COMMAND, .command = &order});
}

/* ---- fixture ---- */

/* Keys and certificates serve all tests of a process. */
static void setup_pki(void)
{
    pki_init(&pki, 11, MC_OSSL_SEEDED);
    pki.realm.trace.record = record;
    reviews = pki_svid(&pki, "spiffe://cluster.local/ns/default/sa/reviews");
    ratings = pki_svid(&pki, "spiffe://cluster.local/ns/default/sa/ratings");
    stranger = pki_root(&pki, 66);
    /* The engine's own tables grow at the first context and stay. */
    mc_tls_context_unref(pki_context(&pki, (struct mc_tls_options){.role = MC_TLS_CLIENT, .own = reviews}));
}

static void teardown_pki(void)
{
    mc_svid_unref(reviews);
    mc_svid_unref(ratings);
    mc_authority_free(stranger);
    pki_fini(&pki);
}

static size_t live_before;

static void setup(void)
{
    live_before = pki.realm.pool.live_blocks - pki.realm.atoms.count;
    mc_realm_init(&network, test_alloc(&network_memory), 0);
    client_svid = mc_svid_ref(reviews);
    server_svid = mc_svid_ref(ratings);
    client = (struct node){.client = true};
    server = (struct node){0};
    memset(done, 0, sizeof done);
    memset(done_count, 0, sizeof done_count);
}

static void create(struct node *node, uint32_t number)
{
    mc_turn_init(&node->turn, &pki.realm, number);
    mc_net_init(&node->net, &node->turn);
    node->acceptor.accepted = on_accepted;
    if (node->context || node->plain) return;
    node->context = pki_context(&pki, (struct mc_tls_options){.role = node->client ? MC_TLS_CLIENT : MC_TLS_SERVER,
                                                               .own = node->client ? client_svid : server_svid,
                                                               .require_peer = true});
}

/* Both nodes are there and the client has asked to connect; nothing has moved yet. */
static void join(void)
{
    wire_init(&wire, &network.pool);
    create(&client, 1);
    create(&server, 2);
    wire_add(&wire, (struct mc_guest){&guest_type, &server});
    wire_add(&wire, (struct mc_guest){&guest_type, &client});
}

/* Two seconds are enough for everything, a lingering stream included. */
static void run(void)
{
    wire_run_until(&wire, wire.now + 2 * MC_S);
}

static void reset_all(struct node *node)
{
    struct mc_outbox dropped;
    mc_outbox_init(&dropped, mc_pool_as_alloc(&network.pool));
    mc_turn_begin(&node->turn, &(struct mc_event){.kind = MC_EVENT_WAKE, .now = wire.now, .wall = wire.wall}, &dropped);
    mc_net_reset_all(&node->net);
    if (node->acceptor.id) mc_net_unlisten(&node->net, &node->acceptor);
    mc_turn_end(&node->turn);
    mc_outbox_fini(&dropped);
    mc_net_fini(&node->net);
    mc_tls_context_unref(node->context);
}

static void teardown(void)
{
    reset_all(&client);
    reset_all(&server);
    wire_fini(&wire);
    mc_realm_fini(&network);
    ck_assert_uint_eq(network_memory.live_blocks, 0);
    mc_svid_unref(client_svid);
    mc_svid_unref(server_svid);
    ck_assert_uint_eq(pki.realm.pool.live_blocks - pki.realm.atoms.count, live_before);
}

/* ---- data ---- */

START_TEST(handshake_is_traced_and_known)
{
    join();
    run();
    ck_assert_int_eq(client.ready + server.ready, 2);
    ck_assert(mc_conn_is_secure(&client.conn) && mc_conn_is_secure(&server.conn));
    ck_assert_uint_eq(mc_conn_peer(&client.conn)->identity, ratings->facts.identity);
    ck_assert_uint_eq(mc_conn_peer(&server.conn)->identity, reviews->facts.identity);
    ck_assert_int_eq(mc_conn_alpn(&client.conn).n, 0);
    for (uint32_t node = 1; node <= 2; node++) {
        const struct mc_svid *own = node == 1 ? reviews : ratings, *peer = node == 1 ? ratings : reviews;
        const uint64_t v[6] = {MC_TLS_OK, peer->facts.identity, own->facts.identity, 0, peer->facts.serial, node == 2};
        ck_assert_int_eq(done_count[node], 1);
        ck_assert_mem_eq(done[node].v, v, sizeof v);
    }
}
END_TEST

/* What the wire would still deliver, and what waits to be granted together, is the whole credit again. */
static void check_credit(int end, const struct node *node)
{
    for (int i = 0; i < WIRE_STREAMS; i++)
        for (int s = 0; s < 2; s++)
            if (wire.streams[i].used && wire.streams[i].side[s].end == end)
                ck_assert_uint_eq(wire.streams[i].side[s].credit + node->conn.consumed, MC_STREAM_CREDIT);
}

static const uint32_t pieces[] = {0, 1, 7, 1500, 16384 + 21};

START_TEST(a_megabyte_each_way)
{
    client.to_send = server.to_send = pieces[_i] - 1u < 7 ? 70000 : 1 << 20;
    join();
    wire.piece = pieces[_i];
    run();
    ck_assert_uint_eq(client.received, server.to_send);
    ck_assert_uint_eq(server.received, client.to_send);
    check_credit(0, &server);
    check_credit(1, &client);
}
END_TEST

START_TEST(a_reader_that_holds_stops_the_wire)
{
    client.to_send = 1 << 20;
    server.hold = true;
    join();
    wire.piece = 1000;
    run();
    ck_assert_uint_le(server.received, MC_STREAM_CREDIT);
    ck_assert_uint_ge(server.received, MC_STREAM_CREDIT / 2);
    tell(&server, COMMAND_CONSUME);
    run();
    ck_assert_uint_eq(server.received, client.to_send);
}
END_TEST

START_TEST(close_notify_ends_both_ways)
{
    client.to_send = 1000;
    client.finish_after = true;
    join();
    wire.piece = pieces[_i];
    run();
    ck_assert_uint_eq(server.received, 1000);
    ck_assert_int_eq(server.ended, 1);
    ck_assert_int_eq(client.ended, 1);
    ck_assert_int_eq(client.closed + server.closed, 2);
    ck_assert_int_eq(client.reason, MC_REASON_NONE);
    ck_assert_int_eq(server.reason, MC_REASON_NONE);
}
END_TEST

START_TEST(a_fin_without_close_notify_is_no_end)
{
    client.to_send = 1000;
    join();
    run();
    tell(&client, COMMAND_FIN);
    run();
    ck_assert_int_eq(server.ended, 0);
    ck_assert_int_eq(server.closed, 1);
    ck_assert_int_eq(server.reason, MC_REASON_PEER_RESET);
}
END_TEST

START_TEST(an_owner_may_cut_while_it_reads)
{
    client.to_send = 100000;
    server.reset_after = true;
    join();
    run();
    ck_assert_int_eq(server.closed, 1);
    ck_assert_int_eq(client.closed, 1);
    ck_assert_int_eq(client.reason, MC_REASON_PEER_RESET);
}
END_TEST

/* ---- who is refused, on both sides ---- */

static const char OTHER[] = "spiffe://cluster.local/ns/default/sa/other";

enum fault { EXPIRED, EARLY, UNKNOWN_CA, WRONG_SAN, NO_SAN, FOREIGN_DOMAIN };

static struct mc_svid *faulty(enum fault fault)
{
    switch (fault) {
    case EXPIRED: return pki_issue(&pki, pki.root, OTHER, PKI_NOW - 2 * MC_HOUR, PKI_NOW - MC_HOUR);
    case EARLY: return pki_issue(&pki, pki.root, OTHER, PKI_NOW + MC_HOUR, PKI_NOW + 2 * MC_HOUR);
    case UNKNOWN_CA: return pki_issue(&pki, stranger, OTHER, PKI_NOW - MC_HOUR, PKI_NOW + MC_HOUR);
    case WRONG_SAN: return pki_svid(&pki, OTHER);
    case NO_SAN: return pki_svid(&pki, "");
    case FOREIGN_DOMAIN: return pki_svid(&pki, "spiffe://elsewhere/ns/default/sa/other");
    }
    return NULL;
}

static const enum mc_tls_result verdicts[] = {MC_TLS_CERTIFICATE_EXPIRED, MC_TLS_CERTIFICATE_NOT_YET_VALID,
                                              MC_TLS_UNKNOWN_CA, MC_TLS_BAD_IDENTITY,
                                              MC_TLS_BAD_IDENTITY, MC_TLS_BAD_IDENTITY};

/* The judge has a reason of its own; the judged one gets an alert, not a bare reset. */
static void check_refusal(const struct node *judge, enum mc_tls_result verdict)
{
    const struct node *judged = judge == &client ? &server : &client;
    uint32_t judge_number = judge == &client ? 1 : 2;
    ck_assert_int_eq(judge->ready, 0);
    ck_assert_int_eq(judge->closed, 1);
    ck_assert_int_eq(judge->reason, MC_REASON_LOCAL_RESET);
    ck_assert_int_eq(done_count[judge_number], 1);
    ck_assert_uint_eq(done[judge_number].v[0], verdict);
    ck_assert_int_eq(judged->closed, 1);
    ck_assert_int_eq(judged->reason, MC_REASON_PEER_RESET);
    ck_assert_uint_eq(judged->received, 0);
    ck_assert_uint_eq(wire.streams[0].used, 0);
}

START_TEST(server_refuses_client)
{
    mc_svid_unref(client_svid);
    client_svid = faulty((enum fault)_i);
    server.context = pki_context(&pki, (struct mc_tls_options){.role = MC_TLS_SERVER, .own = server_svid, .require_peer = true,
        .accepted = (mc_atom[]){pki_atom(&pki, "spiffe://cluster.local/ns/default/sa/reviews")}, .accepted_count = 1});
    server.to_send = 5000;
    join();
    run();
    check_refusal(&server, verdicts[_i]);
    /* In TLS 1.3 the client is done before the server has judged (RFC 8446 §2). */
    ck_assert_uint_eq(done[1].v[0], MC_TLS_OK);
}
END_TEST

START_TEST(client_refuses_server)
{
    mc_svid_unref(server_svid);
    server_svid = faulty((enum fault)_i);
    client.context = pki_context(&pki, (struct mc_tls_options){.role = MC_TLS_CLIENT, .own = client_svid,
        .accepted = (mc_atom[]){pki_atom(&pki, "spiffe://cluster.local/ns/default/sa/ratings")}, .accepted_count = 1});
    join();
    run();
    check_refusal(&client, verdicts[_i]);
    ck_assert_uint_eq(done[2].v[0], MC_TLS_PEER_ALERT);
}
END_TEST

START_TEST(client_without_certificate)
{
    client.context = pki_context(&pki, (struct mc_tls_options){.role = MC_TLS_CLIENT});
    join();
    run();
    check_refusal(&server, MC_TLS_NO_CERTIFICATE);
}
END_TEST

START_TEST(no_protocol_in_common)
{
    static const char *const offered[] = {"h2", NULL}, *const spoken[] = {"http/1.1", NULL};
    client.context = pki_context(&pki, (struct mc_tls_options){.role = MC_TLS_CLIENT, .own = client_svid, .alpn = offered});
    server.context = pki_context(&pki, (struct mc_tls_options){.role = MC_TLS_SERVER, .own = server_svid, .alpn = spoken, .require_peer = true});
    join();
    run();
    check_refusal(&server, MC_TLS_NO_PROTOCOL);
    ck_assert_uint_eq(done[1].v[0], MC_TLS_PEER_ALERT);
}
END_TEST

/* ---- plain peers ---- */

START_TEST(permissive_takes_plain)
{
    client.plain = server.permissive = true;
    client.to_send = server.to_send = 1000;
    join();
    wire.piece = 1;
    run();
    ck_assert_uint_eq(server.received, 1000);
    ck_assert_uint_eq(client.received, 1000);
    ck_assert(!mc_conn_is_secure(&server.conn));
    ck_assert_ptr_null(mc_conn_peer(&server.conn));
    ck_assert_int_eq(done_count[2], 0);
}
END_TEST

START_TEST(permissive_takes_tls)
{
    server.permissive = true;
    client.to_send = server.to_send = 1000;
    join();
    wire.piece = 1;
    run();
    ck_assert_uint_eq(server.received, 1000);
    ck_assert_uint_eq(mc_conn_peer(&server.conn)->identity, reviews->facts.identity);
}
END_TEST

/* A proxy that has no certificate yet: Envoy serves plain text and closes on TLS. */
static void lose_certificate(struct node *node)
{
    mc_tls_context_unref(node->context);
    node->context = NULL;
}

START_TEST(permissive_without_certificate_takes_plain)
{
    client.plain = server.permissive = true;
    client.to_send = server.to_send = 1000;
    join();
    lose_certificate(&server);
    wire.piece = 1;
    run();
    ck_assert_uint_eq(server.received, 1000);
    ck_assert_uint_eq(client.received, 1000);
    ck_assert(!mc_conn_is_secure(&server.conn));
    ck_assert_int_eq(done_count[2], 0);
}
END_TEST

START_TEST(permissive_without_certificate_cuts_tls)
{
    server.permissive = true;
    client.to_send = server.to_send = 1000;
    join();
    lose_certificate(&server);
    run();
    ck_assert_int_eq(server.ready + client.ready, 0);
    ck_assert_int_eq(server.closed, 1);
    ck_assert_int_eq(client.closed, 1);
    ck_assert_uint_eq(done_count[2], 1);
    ck_assert_uint_eq(done[2].v[0], MC_TLS_NO_CERTIFICATE);
    ck_assert_uint_eq(done[2].v[5], 1); /* told by the server */
}
END_TEST

START_TEST(strict_refuses_plain)
{
    client.plain = true;
    client.to_send = 1000;
    join();
    run();
    ck_assert_int_eq(server.ready, 0);
    ck_assert_uint_eq(done[2].v[0], MC_TLS_PROTOCOL);
    ck_assert_int_eq(server.closed, 1);
}
END_TEST

/* ---- memory ---- */

/* From a certain step on memory is refused, but for a block or two of each size: nothing breaks, no byte
 * is wrong, and a connection that has not come up is closed with a reason. */
enum { STEPS = 40, SPARES = 4 };

START_TEST(memory_runs_out)
{
    client.to_send = server.to_send = 40000;
    client.finish_after = true;
    join();
    wire.piece = 400;
    steps_before_hunger = 1 + _i / SPARES;
    spare = (size_t)(_i % SPARES);
    run();
    ck_assert_int_le(steps_before_hunger, 0);
    feed_again(&starved);
    run();
    if (client.ready + server.ready < 2) ck_assert_int_eq(client.closed, 1);
}
END_TEST

static void add(TCase *tcase, const TTest *test, int cases)
{
    tcase_add_loop_test(tcase, test, 0, cases);
}

Suite *test_layer_tls_suite(void)
{
    Suite *suite = suite_create("tls layer");
    TCase *tcase = tcase_create("layer");
    tcase_add_unchecked_fixture(tcase, setup_pki, teardown_pki);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, handshake_is_traced_and_known);
    add(tcase, a_megabyte_each_way, MC_COUNT_OF(pieces));
    tcase_add_test(tcase, a_reader_that_holds_stops_the_wire);
    add(tcase, close_notify_ends_both_ways, MC_COUNT_OF(pieces));
    tcase_add_test(tcase, a_fin_without_close_notify_is_no_end);
    tcase_add_test(tcase, an_owner_may_cut_while_it_reads);
    add(tcase, server_refuses_client, MC_COUNT_OF(verdicts));
    add(tcase, client_refuses_server, MC_COUNT_OF(verdicts));
    tcase_add_test(tcase, client_without_certificate);
    tcase_add_test(tcase, no_protocol_in_common);
    tcase_add_test(tcase, permissive_takes_plain);
    tcase_add_test(tcase, permissive_takes_tls);
    tcase_add_test(tcase, permissive_without_certificate_takes_plain);
    tcase_add_test(tcase, permissive_without_certificate_cuts_tls);
    tcase_add_test(tcase, strict_refuses_plain);
    add(tcase, memory_runs_out, STEPS * SPARES);
    suite_add_tcase(suite, tcase);
    return suite;
}
