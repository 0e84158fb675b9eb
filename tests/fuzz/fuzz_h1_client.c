/* The HTTP/1.1 decoder as a client meets it: up to four requests, and bytes that pretend to answer. */
#include "base/assert.h"
#include "fuzz/pump.h"
#include "http/codec.h"
#include "support/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { REQUESTS = 4 };

struct meaning {
    int requests, ended[8], heads, informed;
    uint64_t body;
};

struct client {
    struct mc_turn turn;
    struct mc_net net;
    struct mc_http_conn *http;
    struct mc_handler handler;
    struct meaning meaning;
    unsigned methods; /* two bits per request */
    bool open, over;
};

static struct client *of(struct mc_handler *handler)
{
    struct client *client = mc_container(handler, struct client, handler);
    PUMP_MUST(client->open);
    return client;
}

static void on_head(struct mc_handler *handler, struct mc_head *head, bool end)
{
    struct client *client = of(handler);
    PUMP_MUST(head->status >= 200 && head->status <= 599 && !client->over);
    client->meaning.heads++;
    client->over = end;
}

static void on_informed(struct mc_handler *handler, uint16_t status)
{
    PUMP_MUST(status >= 100 && status < 200 && status != 101);
    of(handler)->meaning.informed++;
}

static void on_body(struct mc_handler *handler, struct mc_slice slice, bool end)
{
    struct client *client = of(handler);
    PUMP_MUST(!client->over);
    client->meaning.body += slice.length;
    client->over = end;
    if (slice.length) mc_exchange_consumed(handler->exchange, slice.length);
    mc_slice_unref(slice);
}

static void on_trailers(struct mc_handler *handler, struct mc_headers *trailers)
{
    PUMP_MUST(!of(handler)->over && trailers->count);
    of(handler)->over = true;
}

static void on_clogged(struct mc_handler *handler, bool clogged)
{
    (void)handler, (void)clogged;
}

static void on_ended(struct mc_handler *handler, enum mc_exchange_end end)
{
    struct client *client = of(handler);
    PUMP_MUST(end != MC_EXCHANGE_DONE || client->over);
    client->meaning.ended[end]++;
    client->open = false;
}

static const struct mc_handler_type handler_type = {
    .head = on_head, .informed = on_informed, .body = on_body, .trailers = on_trailers, .clogged = on_clogged, .ended = on_ended};

static void send_request(struct mc_http_conn *conn)
{
    static const enum mc_method methods[] = {MC_METHOD_GET, MC_METHOD_HEAD, MC_METHOD_GET, MC_METHOD_POST};
    static const struct mc_str names[] = {{"GET", 3}, {"HEAD", 4}, {"GET", 3}, {"POST", 4}};
    struct client *client = mc_container(conn->turn, struct client, turn);
    if (client->meaning.requests == REQUESTS) return;
    unsigned method = client->methods >> (2 * client->meaning.requests) & 3;
    struct mc_exchange *exchange = mc_http_open(conn, &client->handler);
    if (!exchange) return;
    client->meaning.requests++;
    client->open = true;
    client->over = false;
    struct mc_head head = {.method = methods[method], .method_text = names[method], .authority = MC_STR("h"), .path = MC_STR("/"), .content_length = -1};
    mc_exchange_send_head(exchange, &head, true);
}

static void on_draining(struct mc_http_conn *conn)
{
    (void)conn;
}

static void on_closed(struct mc_http_conn *conn, enum mc_stream_reason reason)
{
    (void)reason;
    mc_http_free(conn);
}

static const struct mc_http_owner_type owner = {.ready = send_request, .idle = send_request, .draining = on_draining, .closed = on_closed};

static void step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct client *client = self;
    mc_turn_begin(&client->turn, event, outbox);
    if (event->kind == MC_EVENT_START) {
        struct mc_http_conn *http = mc_h1_client(&client->net, &owner, NULL);
        client->handler.type = &handler_type;
        if (http && !mc_conn_open(http->conn, mc_addr_v4(1, 80))) mc_http_free(http);
    }
    mc_net_event(&client->net, event);
    mc_timers_run(&client->turn.timers, event->now);
    mc_turn_end(&client->turn);
}

static mc_ns deadline(const void *self)
{
    return mc_timers_deadline(&((const struct client *)self)->turn.timers);
}

static const struct mc_guest_type guest = {.name = "client", .step = step, .deadline = deadline};

static struct meaning ask(struct mc_str bytes, size_t piece, unsigned methods, bool finish)
{
    struct client client = {.methods = methods};
    struct test_memory memory = {0};
    struct mc_realm realm;
    struct mc_pool outside;
    struct pump pump = {0};
    mc_realm_init(&realm, test_alloc(&memory), 1);
    mc_pool_init(&outside, test_alloc(&memory));
    mc_turn_init(&client.turn, &realm, 1);
    mc_net_init(&client.net, &client.turn);
    pump_init(&pump, (struct mc_guest){&guest, &client}, &outside);
    struct pump_stream *stream = &pump.streams[0];
    mc_stream id = stream->id;
    pump_opened(&pump, stream, true);
    while (stream->id == id && bytes.n) {
        size_t n = piece && piece < bytes.n ? piece : bytes.n;
        n = pump_data(&pump, stream, mc_str(bytes.p, n));
        if (!n) break;
        bytes = mc_str(bytes.p + n, bytes.n - n);
    }
    if (stream->id == id && finish) pump_end(&pump, stream);
    pump_fini(&pump);
    PUMP_MUST(!client.open);
    mc_net_fini(&client.net);
    PUMP_MUST(realm.pool.live_blocks == 0 && outside.live_blocks == 0);
    mc_realm_fini(&realm);
    mc_pool_fini(&outside);
    return client.meaning;
}

/* Surplus bytes of an answer end the connection if they come with it and may answer the next request if
 * they come later, so only the first exchange is compared. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 3 || size > 30000) return 0;
    struct mc_str text = mc_str((const char *)bytes + 2, size - 2);
    struct meaning whole = ask(text, 0, bytes[0], bytes[1] & 1);
    struct meaning pieces = ask(text, 1 + bytes[1] / 2 % 31, bytes[0], bytes[1] & 1);
    PUMP_MUST((whole.heads > 0) == (pieces.heads > 0));
    PUMP_MUST((whole.ended[MC_EXCHANGE_DONE] > 0) == (pieces.ended[MC_EXCHANGE_DONE] > 0));
    return 0;
}
