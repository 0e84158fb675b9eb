/* What one HTTP/1.1 exchange costs the codec pair: a request of a typical sidecar (12 header fields) is
 * encoded by a client, decoded by a server, answered, and decoded again, over an outbox that is carried
 * from one to the other in memory. No sockets, no proxy between. CPU time; medians of ROUNDS, one round of
 * each kind after the other. Prints: name value unit spread. */
#include "base/assert.h"
#include "http/codec.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 7, EXCHANGES = 60000, KINDS = 3 };

struct end {
    struct mc_turn turn;
    struct mc_net net;
    struct mc_outbox outbox;
    struct mc_guest guest;
    struct mc_acceptor acceptor;
    struct mc_http_conn *http;
    struct mc_handler handler;
    mc_stream stream;
    bool opening;
};

static const struct {
    const char *name;
    uint32_t request, response; /* bytes of body */
} kinds[KINDS] = {{"http1_pair_get", 0, 0}, {"http1_pair_get_1k", 0, 1024}, {"http1_pair_post_64k", 65536, 1024}};

static struct mc_realm realm;
static struct end client, server;
static struct mc_slice filler;
static uint32_t request_bytes, response_bytes;
static uint64_t left, done, body_seen;

/* ---- both ends ---- */

static void nothing(struct mc_http_conn *conn)
{
    (void)conn;
}

static void never(struct mc_http_conn *conn, enum mc_refusal refusal)
{
    (void)conn, (void)refusal;
    abort();
}

static void on_closed(struct mc_http_conn *conn, enum mc_stream_reason reason)
{
    (void)reason;
    mc_http_free(conn);
}

static void on_body(struct mc_handler *handler, struct mc_slice slice, bool end)
{
    (void)end;
    body_seen += slice.length;
    if (slice.length) mc_exchange_consumed(handler->exchange, slice.length);
    mc_slice_unref(slice);
}

static void on_clogged(struct mc_handler *handler, bool clogged)
{
    (void)handler, (void)clogged;
}

static void add(struct mc_head *head, const char *name, const char *value)
{
    if (!mc_ok(mc_headers_add(&head->headers, head->arena, mc_str_c(name), mc_str_c(value)))) abort();
}

static void send_body(struct mc_exchange *exchange, uint32_t bytes)
{
    while (bytes) {
        uint32_t n = bytes < filler.length ? bytes : filler.length;
        bytes -= n;
        mc_exchange_send_body(exchange, mc_slice_view(filler, 0, n), !bytes);
    }
}

/* ---- server ---- */

static void answer(struct mc_exchange *exchange)
{
    struct mc_head head = {.arena = &exchange->arena, .is_response = true, .status = 200, .content_length = response_bytes};
    add(&head, "content-type", "application/json");
    add(&head, "date", "Mon, 01 Jan 2024 00:00:00 GMT");
    add(&head, "server", "istio-envoy");
    add(&head, "x-envoy-upstream-service-time", "12");
    mc_exchange_send_head(exchange, &head, !response_bytes);
    send_body(exchange, response_bytes);
}

static void server_head(struct mc_handler *handler, struct mc_head *head, bool end)
{
    (void)head;
    if (end) answer(handler->exchange);
}

static void server_body(struct mc_handler *handler, struct mc_slice slice, bool end)
{
    struct mc_exchange *exchange = handler->exchange;
    on_body(handler, slice, end);
    if (end) answer(exchange);
}

static void ended(struct mc_handler *handler, enum mc_exchange_end end)
{
    (void)handler;
    if (end != MC_EXCHANGE_DONE) abort();
}

static const struct mc_handler_type server_handler = {.head = server_head, .body = server_body, .clogged = on_clogged, .ended = ended};

static struct mc_handler *on_request(struct mc_http_conn *conn, struct mc_exchange *exchange)
{
    (void)conn, (void)exchange;
    server.handler.type = &server_handler;
    return &server.handler;
}

static const struct mc_http_owner_type server_owner = {.request = on_request, .idle = nothing, .refused = never, .closed = on_closed};

static void on_accepted(struct mc_acceptor *acceptor, const struct mc_event *event)
{
    (void)acceptor;
    server.http = mc_h1_server(&server.net, &server_owner, NULL);
    if (!mc_conn_accept(server.http->conn, event)) abort();
}

/* ---- client ---- */

static void client_head(struct mc_handler *handler, struct mc_head *head, bool end)
{
    (void)handler, (void)end;
    if (head->status != 200) abort();
}

static void client_ended(struct mc_handler *handler, enum mc_exchange_end end)
{
    ended(handler, end);
    done++;
}

static const struct mc_handler_type client_handler = {.head = client_head, .body = on_body, .clogged = on_clogged, .ended = client_ended};

static void request(struct mc_http_conn *conn)
{
    if (!left) return;
    left--;
    client.handler.type = &client_handler;
    struct mc_exchange *exchange = mc_http_open(conn, &client.handler);
    if (!exchange) abort();
    struct mc_head head = {.arena = &exchange->arena, .method = request_bytes ? MC_METHOD_POST : MC_METHOD_GET, .method_text = request_bytes ? MC_STR("POST") : MC_STR("GET"),
                           .authority = MC_STR("reviews.default.svc.cluster.local:9080"), .path = MC_STR("/reviews/17?page=2"), .content_length = request_bytes ? (int64_t)request_bytes : -1};
    static const char *const fields[][2] = {
        {"user-agent", "Mozilla/5.0 (X11; Linux x86_64)"}, {"accept", "*/*"}, {"accept-encoding", "gzip, deflate"}, {"x-forwarded-proto", "http"},
        {"x-request-id", "9b2c6f5e-6f0a-4a57-9a8a-2f8b7b7a1c11"}, {"x-envoy-attempt-count", "1"}, {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
        {"tracestate", "squall=1"}, {"x-forwarded-for", "10.1.2.3"}, {"x-b3-sampled", "1"}, {"cookie", "session=abcdef0123456789"},
    };
    for (size_t i = 0; i < MC_COUNT_OF(fields); i++) add(&head, fields[i][0], fields[i][1]);
    mc_exchange_send_head(exchange, &head, !request_bytes);
    send_body(exchange, request_bytes);
}

static const struct mc_http_owner_type client_owner = {.ready = request, .idle = request, .draining = nothing, .refused = never, .closed = on_closed};

/* ---- the wire: the outbox of one is what happens to the other ---- */

static void end_step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct end *end = self;
    mc_turn_begin(&end->turn, event, outbox);
    if (event->kind == MC_EVENT_START && end == &server) {
        end->acceptor.accepted = on_accepted;
        mc_net_listen(&end->net, &end->acceptor, mc_addr_v4(1, 80));
    } else if (event->kind == MC_EVENT_START) {
        end->http = mc_h1_client(&end->net, &client_owner, NULL);
        if (!mc_conn_open(end->http->conn, mc_addr_v4(1, 80))) abort();
    } else if (event->kind == MC_EVENT_WAKE && end == &client) {
        request(end->http);
    } else {
        mc_net_event(&end->net, event);
    }
    mc_turn_end(&end->turn);
}

static void step(struct end *end, struct mc_event event)
{
    end_step(end, &event, &end->outbox);
}

/* One of FROM's outboxes to TO. False: there was nothing in it. */
static bool carry(struct end *from, struct end *to)
{
    static struct mc_action actions[4096];
    uint32_t count = from->outbox.count;
    if (count > MC_COUNT_OF(actions)) abort();
    memcpy(actions, from->outbox.actions, count * sizeof *actions);
    mc_outbox_clear(&from->outbox);
    for (uint32_t i = 0; i < count; i++) {
        if (actions[i].kind == MC_ACTION_OPEN) {
            from->stream = actions[i].stream;
            to->stream = 1;
            step(to, (struct mc_event){.kind = MC_EVENT_ACCEPTED, .stream = 1, .accepted = {.listener = to->acceptor.id}});
            step(from, (struct mc_event){.kind = MC_EVENT_OPENED, .stream = from->stream});
        } else if (actions[i].kind == MC_ACTION_SEND) {
            step(to, (struct mc_event){.kind = MC_EVENT_DATA, .stream = to->stream, .data = actions[i].slice});
        } else if (actions[i].kind == MC_ACTION_RESET || actions[i].kind == MC_ACTION_FINISH) {
            abort();
        }
    }
    return count > 0;
}

/* Until neither has anything for the other. */
static void carry_all(void)
{
    for (bool moved = true; moved;) {
        moved = carry(&client, &server);
        moved = carry(&server, &client) || moved;
    }
}

static void set_up(struct end *end)
{
    mc_turn_init(&end->turn, &realm, end == &client);
    mc_net_init(&end->net, &end->turn);
    mc_outbox_init(&end->outbox, mc_pool_as_alloc(&realm.pool));
    step(end, (struct mc_event){.kind = MC_EVENT_START});
}

static double cpu_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static double round_of(int kind, uint64_t exchanges)
{
    request_bytes = kinds[kind].request;
    response_bytes = kinds[kind].response;
    left = exchanges;
    done = 0;
    double before = cpu_now();
    step(&client, (struct mc_event){.kind = MC_EVENT_WAKE});
    carry_all();
    if (done != exchanges) abort();
    return (cpu_now() - before) / (double)exchanges;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
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

int main(void)
{
    static double values[KINDS][ROUNDS];
    mc_realm_init(&realm, (struct mc_alloc){.take = take, .give = give}, 1);
    static char zeros[16384];
    filler = mc_slice_copy(&realm.pool, mc_str(zeros, sizeof zeros));
    set_up(&server);
    mc_outbox_clear(&server.outbox); /* LISTEN */
    set_up(&client);
    carry_all();
    for (int k = 0; k < KINDS; k++) round_of(k, EXCHANGES / 20); /* warm */
    size_t blocks = realm.pool.live_blocks, held = realm.pool.held_bytes;
    for (int r = 0; r < ROUNDS; r++)
        for (int k = 0; k < KINDS; k++) values[k][r] = round_of(k, kinds[k].request ? EXCHANGES / 10 : EXCHANGES);
    for (int k = 0; k < KINDS; k++) {
        qsort(values[k], ROUNDS, sizeof(double), by_value);
        printf("%s %.3f us %.1f%%\n", kinds[k].name, values[k][ROUNDS / 2], 100 * (values[k][ROUNDS - 1] - values[k][0]) / values[k][ROUNDS / 2]);
    }
    printf("http1_pair_growth %zu blocks %zu\n", realm.pool.live_blocks - blocks, realm.pool.held_bytes - held);
    return 0;
}
