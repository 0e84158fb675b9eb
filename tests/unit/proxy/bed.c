#include "bed.h"
#include <stdio.h>
#include <stdlib.h>

mc_atom bed_atom(struct bed *bed, const char *text)
{
    return mc_atoms_intern(&bed->realm.atoms, mc_str_c(text));
}

/* ---- raw ends ---- */

enum { ORDER_OPEN = 1, ORDER_SEND, ORDER_FINISH, ORDER_RESET, ORDER_GRANT, ORDER_APPLY, ORDER_DRAIN, ORDER_FREE };

struct order {
    struct mc_command base;
    struct bed_end *end;
    int flow;
    struct mc_addr addr;
    struct mc_str text;
};

static void send_text(struct bed_end *end, mc_stream stream, struct mc_str text)
{
    if (!text.n) return;
    struct mc_slice slice = mc_slice_copy(end->bed->wire.pool, text);
    ck_assert_ptr_nonnull(slice.chunk);
    mc_turn_send(&end->turn, stream, slice);
}

static void send_c(struct bed_end *end, mc_stream stream, const char *text)
{
    send_text(end, stream, mc_str_c(text));
}

static struct bed_flow *flow_of(struct bed_end *end, mc_stream stream)
{
    for (int i = 0; i < end->flow_count; i++)
        if (end->flows[i].id == stream) return &end->flows[i];
    ck_abort_msg("unknown stream");
    return NULL;
}

static struct bed_flow *new_flow(struct bed_end *end, mc_stream stream)
{
    int i = 0;
    while (i < end->flow_count && end->flows[i].text) i++;
    ck_assert_int_lt(i, BED_STREAMS);
    if (i == end->flow_count) end->flow_count++;
    end->flows[i] = (struct bed_flow){.id = stream, .open = true, .text = calloc(1, BED_TEXT)};
    return &end->flows[i];
}

static void free_flow(struct bed_flow *flow)
{
    free(flow->text);
    *flow = (struct bed_flow){0};
}

static void receive(struct bed_end *end, struct bed_flow *flow, struct mc_slice slice)
{
    struct mc_str text = mc_slice_str(slice);
    flow->total += text.n;
    size_t room = BED_TEXT - 1 - flow->length, n = text.n < room ? text.n : room;
    memcpy(flow->text + flow->length, text.p, n);
    flow->length += n;
    flow->text[flow->length] = 0;
    if (flow->stalled) flow->ungranted += slice.length;
    else mc_turn_credit(&end->turn, flow->id, slice.length);
    mc_slice_unref(slice);
}

static void finish(struct bed_end *end, struct bed_flow *flow)
{
    if (!flow->finished) mc_turn_finish(&end->turn, flow->id);
    flow->finished = true;
}

/* ---- the client ---- */

static void client_order(struct bed_end *end, const struct order *order)
{
    struct bed_flow *flow;
    if (order->base.kind == ORDER_OPEN) {
        new_flow(end, mc_turn_open(&end->turn, order->addr));
        return;
    }
    flow = &end->flows[order->flow];
    if (order->base.kind == ORDER_SEND) send_text(end, flow->id, order->text);
    else if (order->base.kind == ORDER_FINISH) finish(end, flow);
    else if (order->base.kind == ORDER_RESET) mc_turn_reset(&end->turn, flow->id), flow->open = false;
    else if (order->base.kind == ORDER_GRANT) {
        flow->stalled = false;
        if (flow->ungranted) mc_turn_credit(&end->turn, flow->id, flow->ungranted);
        flow->ungranted = 0;
    }
}

static void client_step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct bed_end *end = self;
    mc_turn_begin(&end->turn, event, outbox);
    struct bed_flow *flow = event->stream ? flow_of(end, event->stream) : NULL;
    if (event->kind == MC_EVENT_COMMAND) client_order(end, mc_container(event->command, struct order, base));
    else if (event->kind == MC_EVENT_DATA) receive(end, flow, event->data);
    else if (event->kind == MC_EVENT_END) {
        flow->ended = true;
        finish(end, flow);
    } else if (event->kind == MC_EVENT_RESET) flow->reset = true, flow->open = false;
    else if (event->kind == MC_EVENT_CLOSED) flow->open = false;
    else if (event->kind == MC_EVENT_OPEN_FAILED) flow->failed = true, flow->open = false;
    mc_turn_end(&end->turn);
}

static mc_ns no_deadline(const void *self)
{
    (void)self;
    return MC_NEVER;
}

static const struct mc_guest_type client_type = {.name = "client", .step = client_step, .deadline = no_deadline};

/* ---- origins ---- */

/* Where the first message in TEXT ends; 0: not whole. */
static size_t message_end(const char *text)
{
    const char *head = strstr(text, "\r\n\r\n");
    if (!head) return 0;
    const char *length = strstr(text, "content-length: "), *chunked = strstr(text, "transfer-encoding: chunked");
    head += 4;
    if (chunked && chunked < head) {
        const char *last = strncmp(head, "0\r\n", 3) == 0 ? head : strstr(head, "\r\n0\r\n");
        const char *whole = last ? strstr(last + (last != head ? 2 : 0), "\r\n\r\n") : NULL;
        return whole ? (size_t)(whole + 4 - text) : 0;
    }
    size_t body = length && length < head ? (size_t)atol(length + 16) : 0;
    return strlen(head) >= body ? (size_t)(head - text) + body : 0;
}

static void answer(struct bed_end *end, struct bed_flow *flow, const char *path, const char *body)
{
    char text[512];
    int n = 0;
    if (sscanf(path, "/status/%d", &n) == 1) {
        snprintf(text, sizeof text, "HTTP/1.1 %d X\r\n%s\r\n", n, n == 204 || n == 304 ? "" : "content-length: 0\r\n");
        send_c(end, flow->id, text);
    } else if (sscanf(path, "/bytes/%d", &n) == 1) {
        snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n", n);
        send_c(end, flow->id, text);
        char *bytes = malloc((size_t)n + 1);
        memset(bytes, 'x', (size_t)n);
        send_text(end, flow->id, mc_str(bytes, (size_t)n));
        free(bytes);
    } else if (strcmp(path, "/close") == 0) {
        finish(end, flow);
    } else if (strcmp(path, "/half") == 0) {
        send_c(end, flow->id, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
        finish(end, flow);
    } else if (strcmp(path, "/garbage") == 0) {
        send_c(end, flow->id, "nonsense\r\n\r\n");
    } else if (strcmp(path, "/chunked") == 0) {
        send_c(end, flow->id, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nx-sum: 5\r\n\r\n");
    } else if (strcmp(path, "/echo") == 0) {
        snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\ncontent-length: %zu\r\n\r\n", strlen(body));
        send_c(end, flow->id, text);
        send_c(end, flow->id, body);
    } else if (strcmp(path, "/last") == 0) {
        send_c(end, flow->id, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    } else if (strcmp(path, "/hang") != 0 && strcmp(path, "/early") != 0) {
        snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\ncontent-length: 1\r\nserver: origin\r\n\r\n%d", end->number);
        send_c(end, flow->id, text);
    }
}

static void path_in(const char *text, char *path, size_t size)
{
    const char *from = strchr(text, ' ') + 1;
    size_t n = strcspn(from, " ?");
    snprintf(path, size, "%.*s", (int)n, from);
}

static void serve(struct bed_end *end, struct bed_flow *flow)
{
    char path[256];
    size_t length;
    if (flow->used == 0 && flow->length && strstr(flow->text, "\r\n\r\n")) {
        path_in(flow->text, path, sizeof path);
        if (strcmp(end->path ? end->path : path, "/early") == 0) {
            end->requests++;
            flow->used = 1;
            send_c(end, flow->id, "HTTP/1.1 413 Large\r\ncontent-length: 0\r\n\r\n");
            return;
        }
    }
    while ((length = message_end(flow->text))) {
        size_t n = length < sizeof end->seen ? length : sizeof end->seen - 1;
        end->requests++;
        memcpy(end->seen, flow->text, n);
        end->seen[n] = 0;
        path_in(flow->text, path, sizeof path);
        const char *body = strstr(end->seen, "\r\n\r\n") + 4;
        memmove(flow->text, flow->text + length, flow->length - length + 1);
        flow->length -= length;
        answer(end, flow, end->path ? end->path : path, body);
    }
}

static void origin_order(struct bed_end *end, const struct order *order)
{
    if (order->base.kind == ORDER_SEND) {
        for (int i = end->flow_count - 1; i >= 0; i--)
            if (end->flows[i].text && end->flows[i].open) {
                send_text(end, end->flows[i].id, order->text);
                return;
            }
        ck_abort_msg("no stream is open");
    } else {
        for (int i = 0; i < end->flow_count; i++) {
            struct bed_flow *flow = &end->flows[i];
            if (!flow->text) continue;
            if (order->base.kind == ORDER_RESET) mc_turn_reset(&end->turn, flow->id), free_flow(flow);
            else {
                if (flow->ungranted) mc_turn_credit(&end->turn, flow->id, flow->ungranted);
                flow->ungranted = 0;
                flow->stalled = false;
            }
        }
    }
}

static void origin_step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct bed_end *end = self;
    mc_turn_begin(&end->turn, event, outbox);
    if (event->kind == MC_EVENT_START) {
        mc_turn_listen(&end->turn, 1, end->addr);
    } else if (event->kind == MC_EVENT_ACCEPTED) {
        new_flow(end, event->stream)->stalled = end->path && strcmp(end->path, "/stall") == 0;
    } else if (event->kind == MC_EVENT_COMMAND) {
        origin_order(end, mc_container(event->command, struct order, base));
    } else if (event->stream) {
        struct bed_flow *flow = flow_of(end, event->stream);
        if (event->kind == MC_EVENT_DATA) receive(end, flow, event->data), serve(end, flow);
        else if (event->kind == MC_EVENT_END) finish(end, flow);
        else if (event->kind == MC_EVENT_RESET || event->kind == MC_EVENT_CLOSED) free_flow(flow);
    }
    mc_turn_end(&end->turn);
}

static const struct mc_guest_type origin_type = {.name = "origin", .step = origin_step, .deadline = no_deadline};

/* ---- the proxy as a guest ---- */

static void node_order(struct bed_node *node, const struct order *order)
{
    if (order->base.kind == ORDER_APPLY) mc_proxy_apply(node->proxy, node->snapshot);
    else if (order->base.kind == ORDER_DRAIN) mc_proxy_drain(node->proxy);
    else {
        mc_proxy_free(node->proxy);
        mc_net_reset_all(&node->net);
        node->gone = true;
    }
}

static void node_step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct bed_node *node = self;
    mc_turn_begin(&node->turn, event, outbox);
    if (event->kind == MC_EVENT_START) {
        node->proxy = mc_proxy_new(&node->options);
        ck_assert_ptr_nonnull(node->proxy);
        mc_proxy_apply(node->proxy, node->snapshot);
    } else if (event->kind == MC_EVENT_COMMAND) {
        node_order(node, mc_container(event->command, struct order, base));
    } else if (event->kind == MC_EVENT_RESOLVED) {
        mc_proxy_resolved(node->proxy, event);
    } else {
        mc_net_event(&node->net, event);
    }
    if (!node->gone) mc_timers_run(&node->turn.timers, event->now);
    mc_turn_end(&node->turn);
}

static mc_ns node_deadline(const void *self)
{
    return mc_timers_deadline(&((const struct bed_node *)self)->turn.timers);
}

static const struct mc_guest_type node_type = {.name = "proxy", .step = node_step, .deadline = node_deadline};

/* ---- the bed ---- */

static void record(void *self, mc_ns now, const struct mc_trace_record *trace)
{
    struct bed *bed = self;
    (void)now;
    bed->traces[bed->trace_count++ % BED_TRACES] = *trace;
}

static void default_config(struct bed *bed)
{
    bed->cluster = (struct mc_cluster){.name = bed_atom(bed, "c"), .balancer = MC_BALANCE_ROUND_ROBIN, .choice_count = 2,
        .panic_percent = 50, .connect_timeout = 5 * MC_S, .idle_timeout = MC_HOUR,
        .breaker = {1024, 1024, 1024, 3}};
    for (uint32_t i = 0; i < BED_ORIGINS; i++)
        bed->endpoints[i] = (struct mc_endpoint){.addr = mc_addr_v4(0x0a000101 + i, 8080), .weight = 1, .healthy = true};
    bed->endpoint_count = 1;
    bed->chain = (struct mc_filter_chain){.name = bed_atom(bed, "chain"), .route_config = bed_atom(bed, "routes"),
        .stat_prefix = bed_atom(bed, "ingress"), .server_name = MC_STR("envoy"),
        .filters = {MC_HTTP_FILTER_FAULT, MC_HTTP_FILTER_ROUTER}, .filter_count = 2,
        .idle_timeout = MC_HOUR, .is_outbound = true};
    bed->clusters[0] = (struct mc_weighted_cluster){bed_atom(bed, "c"), 1};
}

void bed_init(struct bed *bed, uint64_t seed)
{
    memset(bed, 0, sizeof *bed);
    mc_realm_init(&bed->realm, test_alloc(&bed->memory), seed);
    bed->realm.trace = (struct mc_trace_sink){.self = bed, .record = record};
    mc_pool_init(&bed->ends, test_alloc(&bed->ends_memory));
    wire_init(&bed->wire, &bed->ends);
    default_config(bed);
}

struct mc_route *bed_route(struct bed *bed, const char *prefix)
{
    struct mc_route *route = &bed->routes[bed->route_count++];
    *route = (struct mc_route){.path = mc_str_c(prefix), .action = MC_ROUTE_CLUSTERS, .clusters = bed->clusters, .cluster_count = 1};
    return route;
}

static void build(struct bed *bed)
{
    static const struct mc_str any[] = {MC_STR("*")};
    const struct mc_virtual_host host = {.name = MC_STR("all"), .domains = any, .domain_count = 1, .routes = bed->routes, .route_count = bed->route_count};
    const struct mc_route_config routes = {.name = bed_atom(bed, "routes"), .hosts = &host, .host_count = 1};
    const struct mc_filter_chain admin = {.name = bed_atom(bed, "admin"), .stat_prefix = bed_atom(bed, "admin"), .server_name = MC_STR("envoy"),
        .filters = {MC_HTTP_FILTER_ADMIN}, .filter_count = 1, .idle_timeout = MC_HOUR};
    const struct mc_listener in = {.name = bed_atom(bed, "in"), .addr = mc_addr_v4(0x0a000002, 80), .chains = &bed->chain, .chain_count = 1};
    const struct mc_listener out = {.name = bed_atom(bed, "admin"), .addr = mc_addr_v4(0x0a000002, 9901), .chains = &admin, .chain_count = 1};
    const struct mc_endpoints endpoints = {.cluster = bed->cluster.name, .list = bed->endpoints, .count = bed->endpoint_count};
    struct mc_snapshot_builder *builder = mc_snapshot_build(&bed->realm);
    ck_assert(mc_ok(mc_snapshot_add_listener(builder, &in)));
    ck_assert(mc_ok(mc_snapshot_add_listener(builder, &out)));
    ck_assert(mc_ok(mc_snapshot_add_routes(builder, &routes)));
    ck_assert(mc_ok(mc_snapshot_add_cluster(builder, &bed->cluster)));
    ck_assert(mc_ok(mc_snapshot_add_endpoints(builder, &endpoints)));
    mc_snapshot_unref(bed->node.snapshot);
    bed->node.snapshot = mc_snapshot_seal(builder, ++bed->version);
    ck_assert_ptr_nonnull(bed->node.snapshot);
}

static void add_end(struct bed *bed, struct bed_end *end, const struct mc_guest_type *type, uint32_t number)
{
    end->bed = bed;
    mc_turn_init(&end->turn, &bed->realm, number);
    end->index = wire_add(&bed->wire, (struct mc_guest){type, end});
}

void bed_start(struct bed *bed)
{
    build(bed);
    for (int i = 0; i < BED_ORIGINS; i++) {
        bed->origins[i].number = i;
        bed->origins[i].addr = mc_addr_v4(0x0a000101 + (uint32_t)i, 8080);
        add_end(bed, &bed->origins[i], &origin_type, (uint32_t)i + 10);
    }
    add_end(bed, &bed->client, &client_type, 9);
    mc_turn_init(&bed->node.turn, &bed->realm, 1);
    mc_net_init(&bed->node.net, &bed->node.turn);
    bed->node.options = (struct mc_proxy_options){.turn = &bed->node.turn, .net = &bed->node.net, .name = bed_atom(bed, "p-0"),
        .workload = bed_atom(bed, "front/v1"), .is_sidecar = bed->sidecar};
    bed->node_end = wire_add(&bed->wire, (struct mc_guest){&node_type, &bed->node});
}

static void order(struct bed *bed, int end, struct order order)
{
    wire_step(&bed->wire, end, (struct mc_event){.kind = MC_EVENT_COMMAND, .command = &order.base});
    wire_run(&bed->wire);
}

void bed_apply(struct bed *bed)
{
    build(bed);
    order(bed, bed->node_end, (struct order){.base.kind = ORDER_APPLY});
}

void bed_drain(struct bed *bed)
{
    order(bed, bed->node_end, (struct order){.base.kind = ORDER_DRAIN});
}

void bed_fini(struct bed *bed)
{
    order(bed, bed->node_end, (struct order){.base.kind = ORDER_FREE});
    for (int i = 0; i < BED_STREAMS; i++) {
        free_flow(&bed->client.flows[i]);
        for (int k = 0; k < BED_ORIGINS; k++) free_flow(&bed->origins[k].flows[i]);
    }
    wire_fini(&bed->wire);
    mc_net_fini(&bed->node.net);
    mc_snapshot_unref(bed->node.snapshot);
    mc_map_fini(&bed->realm.cons);
    mc_map_init(&bed->realm.cons, mc_pool_as_alloc(&bed->realm.pool));
    ck_assert_uint_eq(bed->realm.pool.live_blocks, bed->realm.atoms.count + 2 * (bed->realm.atoms.capacity > 0));
    mc_realm_fini(&bed->realm);
    mc_pool_fini(&bed->ends);
    ck_assert_uint_eq(bed->memory.live_blocks, 0);
}

/* ---- clients ---- */

int bed_open(struct bed *bed, uint16_t port)
{
    order(bed, bed->client.index, (struct order){.base.kind = ORDER_OPEN, .addr = mc_addr_v4(0x0a000002, port)});
    for (int i = bed->client.flow_count - 1; i > 0; i--)
        if (bed->client.flows[i].id > bed->client.flows[0].id) return i;
    return 0;
}

void bed_send_bytes(struct bed *bed, int flow, const char *bytes, size_t length)
{
    order(bed, bed->client.index, (struct order){.base.kind = ORDER_SEND, .flow = flow, .text = mc_str(bytes, length)});
}

void bed_send(struct bed *bed, int flow, const char *text)
{
    bed_send_bytes(bed, flow, text, strlen(text));
}

void bed_finish(struct bed *bed, int flow)
{
    order(bed, bed->client.index, (struct order){.base.kind = ORDER_FINISH, .flow = flow});
}

void bed_reset(struct bed *bed, int flow)
{
    order(bed, bed->client.index, (struct order){.base.kind = ORDER_RESET, .flow = flow});
}

void bed_grant(struct bed *bed, int flow)
{
    order(bed, bed->client.index, (struct order){.base.kind = ORDER_GRANT, .flow = flow});
}

void bed_origin_reset(struct bed *bed, int origin)
{
    order(bed, bed->origins[origin].index, (struct order){.base.kind = ORDER_RESET});
}

void bed_origin_reply(struct bed *bed, int origin, const char *text)
{
    order(bed, bed->origins[origin].index, (struct order){.base.kind = ORDER_SEND, .text = mc_str_c(text)});
}

void bed_origin_grant(struct bed *bed, int origin)
{
    order(bed, bed->origins[origin].index, (struct order){.base.kind = ORDER_GRANT});
}

/* The text stays until the next call. */
static const char *ask(struct bed *bed, uint16_t port, const char *path)
{
    static char answer_text[BED_TEXT];
    char request[1024];
    for (int i = 0; i < bed->client.flow_count; i++)
        if (bed->client.flows[i].text && !bed->client.flows[i].open) free_flow(&bed->client.flows[i]);
    order(bed, bed->client.index, (struct order){.base.kind = ORDER_OPEN, .addr = mc_addr_v4(0x0a000002, port)});
    struct bed_flow *newest = NULL;
    for (int i = 0; i < bed->client.flow_count; i++)
        if (bed->client.flows[i].text && (!newest || bed->client.flows[i].id > newest->id)) newest = &bed->client.flows[i];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", path);
    bed_send(bed, (int)(newest - bed->client.flows), request);
    memcpy(answer_text, newest->text, newest->length + 1);
    return answer_text;
}

const char *bed_get(struct bed *bed, const char *path)
{
    return ask(bed, 80, path);
}

int bed_status(struct bed *bed, const char *path)
{
    int status = 0;
    sscanf(bed_get(bed, path), "HTTP/1.1 %d", &status);
    return status;
}

void bed_pass(struct bed *bed, mc_ns time)
{
    wire_run_until(&bed->wire, bed->wire.now + time);
}

/* ---- looking ---- */

const struct mc_trace_record *bed_last(struct bed *bed, enum mc_trace_kind kind)
{
    for (int i = bed->trace_count; i-- > 0 && i >= bed->trace_count - BED_TRACES;)
        if (bed->traces[i % BED_TRACES].kind == kind) return &bed->traces[i % BED_TRACES];
    return NULL;
}

int bed_count(struct bed *bed, enum mc_trace_kind kind)
{
    int count = 0;
    for (int i = 0; i < bed->trace_count && i < BED_TRACES; i++) count += bed->traces[i].kind == kind;
    return count;
}

uint32_t bed_flags(struct bed *bed)
{
    const struct mc_trace_record *access = bed_last(bed, MC_TRACE_ACCESS);
    ck_assert_ptr_nonnull(access);
    return (uint32_t)(access->v[0] >> 16);
}

uint64_t bed_stat(struct bed *bed, const char *line)
{
    const char *at = strstr(ask(bed, 9901, "/stats/prometheus"), line);
    return at ? strtoull(strchr(at, '}') + 1, NULL, 10) : 0;
}

struct px_cluster *bed_cluster(struct bed *bed)
{
    return mc_map_get(&bed->node.proxy->clusters, bed->cluster.name);
}
