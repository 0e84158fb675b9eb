/* What the data plane costs without sockets: a node stepped by hand, with the bytes of a typical sidecar's
 * request (12 header fields) and of its answer, on kept-alive connections both ways; statistics, Istio's
 * metrics and the access trace are on. A traversal is two steps: the request comes and goes out upstream,
 * the answer comes and goes out downstream. Besides: what an idle connection and an idle proxy hold. */
#include "base/assert.h"
#include "bench.h"
#include "config/bootstrap.h"
#include "host/realm.h"
#include "node/node.h"
#include <string.h>

enum { ROUNDS = 7, TRAVERSALS = 100000, CONNECTIONS = 1000, PROXIES = 1000, KINDS = 3 };

static const char bootstrap_text[] =
    "static_resources:\n"
    "  listeners:\n"
    "  - name: in\n"
    "    address: {socket_address: {address: 127.0.0.1, port_value: 8080}}\n"
    "    filter_chains:\n"
    "    - filters:\n"
    "      - name: envoy.filters.network.http_connection_manager\n"
    "        typed_config:\n"
    "          \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager\n"
    "          stat_prefix: ingress\n"
    "          route_config:\n"
    "            name: routes\n"
    "            virtual_hosts:\n"
    "            - name: other\n"
    "              domains: [\"details.default.svc.cluster.local:9080\", \"details:9080\"]\n"
    "              routes: [{match: {prefix: /}, route: {cluster: \"outbound|9080||details.default.svc.cluster.local\"}}]\n"
    "            - name: reviews\n"
    "              domains: [\"reviews.default.svc.cluster.local:9080\", \"reviews:9080\"]\n"
    "              routes:\n"
    "              - match: {prefix: /admin, headers: [{name: x-role, string_match: {exact: admin}}]}\n"
    "                route: {cluster: \"outbound|9080||details.default.svc.cluster.local\"}\n"
    "              - match: {prefix: /reviews}\n"
    "                route: {cluster: \"outbound|9080||reviews.default.svc.cluster.local\", timeout: 3s,\n"
    "                        retry_policy: {retry_on: \"5xx,connect-failure\", num_retries: 2, per_try_timeout: 1s}}\n"
    "          http_filters:\n"
    "          - name: envoy.filters.http.fault\n"
    "            typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault}\n"
    "          - name: envoy.filters.http.router\n"
    "            typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}\n"
    "  clusters:\n"
    "  - name: outbound|9080||details.default.svc.cluster.local\n"
    "    load_assignment:\n"
    "      cluster_name: outbound|9080||details.default.svc.cluster.local\n"
    "      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 10.0.1.1, port_value: 9080}}}}]}]\n"
    "  - name: outbound|9080||reviews.default.svc.cluster.local\n"
    "    load_assignment:\n"
    "      cluster_name: outbound|9080||reviews.default.svc.cluster.local\n"
    "      endpoints:\n"
    "      - lb_endpoints:\n"
    "        - endpoint: {address: {socket_address: {address: 10.0.0.1, port_value: 9080}}}\n"
    "        - endpoint: {address: {socket_address: {address: 10.0.0.2, port_value: 9080}}}\n"
    "        - endpoint: {address: {socket_address: {address: 10.0.0.3, port_value: 9080}}}\n";

#define REQUEST_FIELDS \
    "host: reviews.default.svc.cluster.local:9080\r\nuser-agent: Mozilla/5.0 (X11; Linux x86_64)\r\naccept: */*\r\n" \
    "accept-encoding: gzip, deflate\r\nx-forwarded-proto: http\r\nx-request-id: 9b2c6f5e-6f0a-4a57-9a8a-2f8b7b7a1c11\r\n" \
    "x-envoy-attempt-count: 1\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n" \
    "tracestate: squall=1\r\nx-forwarded-for: 10.1.2.3\r\nx-b3-sampled: 1\r\ncookie: session=abcdef0123456789\r\n"
#define RESPONSE_FIELDS \
    "content-type: application/json\r\ndate: Mon, 01 Jan 2024 00:00:00 GMT\r\nserver: istio-envoy\r\n" \
    "x-envoy-upstream-service-time: 12\r\n"

static const struct {
    const char *name, *request, *response, *bound;
    uint32_t body; /* bytes behind the response's head */
} kinds[KINDS] = {
    {"core, one HTTP/1.1 traversal, GET", "GET /reviews/17?page=2 HTTP/1.1\r\n" REQUEST_FIELDS "\r\n",
     "HTTP/1.1 200 OK\r\n" RESPONSE_FIELDS "content-length: 0\r\n\r\n", "<= 2.5", 0},
    {"core, the same, 1 KiB of answer", "GET /reviews/17?page=2 HTTP/1.1\r\n" REQUEST_FIELDS "\r\n",
     "HTTP/1.1 200 OK\r\n" RESPONSE_FIELDS "content-length: 1024\r\n\r\n", "", 1024},
    {"core, the same, few header fields", "GET /reviews/17 HTTP/1.1\r\nhost: reviews:9080\r\n\r\n",
     "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "", 0},
};

static struct mc_realm realm;
static struct mc_outbox outbox;
static struct mc_bootstrap bootstrap;
static struct mc_slice requests[KINDS], responses[KINDS];
static mc_ns now = MC_S;
static uint64_t access_records;
static uint32_t listener;
static mc_stream streams; /* of connections accepted */

static void count_records(void *self, mc_ns at, const struct mc_trace_record *record)
{
    (void)self, (void)at;
    access_records += record->kind == MC_TRACE_ACCESS;
}

/* ---- a node and its host ---- */

static struct mc_node *new_node(uint32_t number)
{
    struct mc_node *node = mc_node_new(&(struct mc_node_options){
        .realm = &realm,
        .number = number,
        .name = mc_atoms_intern(&realm.atoms, MC_STR("productpage-v1-0")),
        .workload = mc_atoms_intern(&realm.atoms, MC_STR("productpage/v1")),
        .identity = mc_atoms_intern(&realm.atoms, MC_STR("spiffe://cluster.local/ns/default/sa/productpage")),
        .role = MC_NODE_PROXY,
        .snapshot = bootstrap.snapshot,
        .control = mc_addr_v4(0x0a000064, 15010), /* never answers; who has one is a sidecar */
    });
    if (!node) abort();
    return node;
}

static void step(struct mc_node *node, struct mc_event event)
{
    event.now = now;
    event.wall = now + 1704067200 * MC_S;
    mc_guest_step(mc_node_guest(node), &event, &outbox);
}

/* Carries the outbox out; the last action of KIND, for its stream. */
static mc_stream carry_out(enum mc_action_kind kind)
{
    mc_stream stream = 0;
    for (uint32_t i = 0; i < outbox.count; i++) {
        struct mc_action *action = &outbox.actions[i];
        if (action->kind == kind) stream = action->stream;
        if (action->kind == MC_ACTION_LISTEN) listener = action->id;
        if (action->kind == MC_ACTION_SEND) mc_slice_unref(action->slice);
    }
    mc_outbox_clear(&outbox);
    return stream;
}

static void start(struct mc_node *node)
{
    step(node, (struct mc_event){.kind = MC_EVENT_START});
    carry_out(MC_ACTION_LISTEN);
}

static mc_stream connect_client(struct mc_node *node)
{
    struct mc_addr local = mc_addr_v4(0x7f000001, 8080);
    struct mc_event event = {.kind = MC_EVENT_ACCEPTED, .stream = ++streams};
    event.accepted.listener = listener;
    event.accepted.peer = mc_addr_v4(0x7f000001, 40000);
    event.accepted.local = event.accepted.original = local;
    step(node, event);
    carry_out(MC_ACTION_CREDIT);
    return streams;
}

static struct mc_slice whole(struct mc_slice slice)
{
    return mc_slice_view(slice, 0, slice.length);
}

static void traverse(struct mc_node *node, mc_stream client, int kind)
{
    now += 5000;
    step(node, (struct mc_event){.kind = MC_EVENT_DATA, .stream = client, .data = whole(requests[kind])});
    bool opens = outbox.count && outbox.actions[0].kind == MC_ACTION_OPEN;
    mc_stream server = carry_out(opens ? MC_ACTION_OPEN : MC_ACTION_SEND);
    if (opens) {
        step(node, (struct mc_event){.kind = MC_EVENT_OPENED, .stream = server});
        server = carry_out(MC_ACTION_SEND);
    }
    now += 5000;
    step(node, (struct mc_event){.kind = MC_EVENT_DATA, .stream = server, .data = whole(responses[kind])});
    if (carry_out(MC_ACTION_SEND) != client) abort();
    if (mc_guest_deadline(mc_node_guest(node)) > now) return;
    step(node, (struct mc_event){.kind = MC_EVENT_WAKE});
    carry_out(MC_ACTION_SEND);
}

/* ---- measures ---- */

static double traversal_us(struct mc_node *node, mc_stream client, int kind)
{
    uint64_t records = access_records;
    double before = bench_cpu_ns();
    for (int i = 0; i < TRAVERSALS; i++) traverse(node, client, kind);
    if (access_records != records + TRAVERSALS) abort();
    return (bench_cpu_ns() - before) / TRAVERSALS / 1e3;
}

/* A connection that has come, and one that has had an exchange and is kept alive. */
static void connection_bytes(double *fresh, double *used)
{
    struct mc_node *node = new_node(2);
    static mc_stream clients[CONNECTIONS];
    start(node);
    traverse(node, connect_client(node), 0);
    size_t before = realm.pool.live_bytes;
    for (int i = 0; i < CONNECTIONS; i++) clients[i] = connect_client(node);
    *fresh = (double)(realm.pool.live_bytes - before) / CONNECTIONS;
    for (int i = 0; i < CONNECTIONS; i++) traverse(node, clients[i], 0);
    *used = (double)(realm.pool.live_bytes - before) / CONNECTIONS;
    mc_node_free(node);
}

/* A proxy that has started, and one that has had an exchange (connections, metrics, what it makes on first use). */
static void proxy_kib(double *fresh, double *used)
{
    static struct mc_node *nodes[PROXIES];
    size_t before = realm.pool.live_bytes;
    for (uint32_t i = 0; i < PROXIES; i++) start(nodes[i] = new_node(i + 10));
    *fresh = (double)(realm.pool.live_bytes - before) / PROXIES / 1024;
    for (int i = 0; i < PROXIES; i++) traverse(nodes[i], connect_client(nodes[i]), 0);
    *used = (double)(realm.pool.live_bytes - before) / PROXIES / 1024;
    for (int i = 0; i < PROXIES; i++) mc_node_free(nodes[i]);
}

static void set_up(void)
{
    static struct mc_config_errors errors;
    mc_realm_init(&realm, bench_alloc(), 1);
    realm.trace.record = count_records;
    mc_outbox_init(&outbox, bench_alloc());
    if (!mc_ok(mc_bootstrap_read(&realm, MC_STR("bench.yaml"), MC_STR(bootstrap_text), &bootstrap, &errors))) abort();
    for (int i = 0; i < KINDS; i++) {
        static char text[4096];
        size_t head = strlen(kinds[i].response);
        memcpy(text, kinds[i].response, head);
        memset(text + head, 'x', kinds[i].body);
        requests[i] = mc_slice_copy(&realm.pool, mc_str_c(kinds[i].request));
        responses[i] = mc_slice_copy(&realm.pool, mc_str(text, head + kinds[i].body));
    }
}

int main(void)
{
    static double costs[KINDS][ROUNDS], memory[4][ROUNDS];
    set_up();
    struct mc_node *node = new_node(1);
    start(node);
    mc_stream client = connect_client(node);
    for (int k = 0; k < KINDS; k++) traversal_us(node, client, k); /* warm */
    size_t blocks = realm.pool.live_blocks;
    for (int r = 0; r < ROUNDS; r++)
        for (int k = 0; k < KINDS; k++) costs[k][r] = traversal_us(node, client, k);
    if (realm.pool.live_blocks != blocks) abort(); /* nothing grows in steady state */
    for (int r = 0; r < ROUNDS; r++) {
        connection_bytes(&memory[0][r], &memory[1][r]);
        proxy_kib(&memory[2][r], &memory[3][r]);
    }
    for (int k = 0; k < KINDS; k++) bench_row(kinds[k].name, costs[k], ROUNDS, "us", kinds[k].bound);
    bench_row("connection downstream, new", memory[0], ROUNDS, "bytes", "");
    bench_row("connection downstream, idle after an exchange", memory[1], ROUNDS, "bytes", "");
    bench_row("proxy, new", memory[2], ROUNDS, "KiB", "");
    bench_row("proxy, idle after an exchange", memory[3], ROUNDS, "KiB", "<= 60");
    mc_node_free(node);
    mc_snapshot_unref(bootstrap.snapshot);
    return 0;
}
