#include "town.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- redirection ---- */

static struct town_guest *by_ip(struct town *town, enum town_kind kind, struct mc_addr addr)
{
    for (int i = 0; i < town->guest_count; i++)
        if (town->guests[i].kind == kind && mc_addr_same_ip(mc_addr_v4(town->guests[i].ip, 0), addr)) return &town->guests[i];
    return NULL;
}

static struct mc_addr redirect(struct town_guest *guest, struct mc_addr to)
{
    struct mc_addr own = mc_addr_v4(guest->ip, 15001);
    if (guest->kind == TOWN_APP || guest->kind == TOWN_CLIENT) return own;
    if (guest->kind == TOWN_CONTROL || mc_addr_same_ip(to, own) || mc_addr_eq(to, TOWN_CONTROL_ADDR)) return to;
    if (by_ip(guest->town, TOWN_SIDECAR, to)) to.port = 15006;
    return to;
}

static void note_open(struct town_guest *guest, struct mc_action *action)
{
    struct town_open *open = guest->town->opens;
    while (open->used) ck_assert(++open < guest->town->opens + TOWN_OPENS);
    *open = (struct town_open){true, guest->end, action->stream, redirect(guest, action->addr), action->addr,
                               mc_addr_v4(guest->ip, 40000)};
    action->addr = open->to;
}

static void note_event(struct town_guest *guest, struct mc_event *event)
{
    for (int i = 0; i < TOWN_OPENS; i++) {
        struct town_open *open = &guest->town->opens[i];
        if (!open->used) continue;
        if (event->kind == MC_EVENT_OPEN_FAILED && open->end == guest->end && open->stream == event->stream) open->used = false;
        if (event->kind != MC_EVENT_ACCEPTED || !mc_addr_eq(open->to, event->accepted.local)) continue;
        open->used = false;
        event->accepted.original = open->original;
        event->accepted.peer = open->from;
        return;
    }
}

static void guest_step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct town_guest *guest = self;
    struct mc_event seen = *event;
    seen.wall += guest->skew;
    note_event(guest, &seen);
    mc_guest_step(guest->inner, &seen, outbox);
    for (uint32_t i = 0; i < outbox->count; i++) {
        struct mc_action *action = &outbox->actions[i];
        if (action->kind == MC_ACTION_OPEN) note_open(guest, action);
        if (action->kind == MC_ACTION_LISTEN && mc_addr_is_any(action->addr)) action->addr = mc_addr_v4(guest->ip, action->addr.port);
    }
}

static mc_ns guest_deadline(const void *self)
{
    return mc_guest_deadline(((const struct town_guest *)self)->inner);
}

static const struct mc_guest_type guest_type = {.name = "pod", .step = guest_step, .deadline = guest_deadline};

static int settle(struct town *town, enum town_kind kind, uint32_t ip, struct mc_guest inner)
{
    struct town_guest *guest = &town->guests[town->guest_count++];
    *guest = (struct town_guest){.town = town, .kind = kind, .ip = ip, .inner = inner, .end = town->wire.end_count};
    return wire_add(&town->wire, (struct mc_guest){&guest_type, guest});
}

/* ---- applications ---- */

static mc_ns never(const void *self)
{
    (void)self;
    return MC_NEVER;
}

static void app_step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct town_app *app = self;
    mc_turn_begin(&app->turn, event, outbox);
    if (event->kind == MC_EVENT_START) mc_turn_listen(&app->turn, 1, (struct mc_addr){.port = 9080});
    if (event->kind == MC_EVENT_END) mc_turn_finish(&app->turn, event->stream);
    if (event->kind == MC_EVENT_DATA) {
        struct mc_str text = mc_slice_str(event->data);
        ck_assert(mc_str_ends(text, MC_STR("\r\n\r\n")));
        app->requests++;
        mc_turn_credit(&app->turn, event->stream, text.n);
        mc_turn_send(&app->turn, event->stream, mc_slice_copy(&app->turn.realm->pool, mc_str_c(app->response)));
        mc_slice_unref(event->data);
    }
    mc_turn_end(&app->turn);
}

static const struct mc_guest_type app_type = {.name = "app", .step = app_step, .deadline = never};

static void client_call(struct town_client *client)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: reviews:8080\r\nConnection: close\r\n\r\n";
    struct town_call *call = &client->calls[client->call_count++ % TOWN_CALLS];
    *call = (struct town_call){.stream = mc_turn_open(&client->turn, TOWN_VIP)};
    mc_turn_send(&client->turn, call->stream, mc_slice_copy(&client->turn.realm->pool, mc_str_c(text)));
}

static void client_step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct town_client *client = self;
    struct town_call *call = &client->calls[(client->call_count + TOWN_CALLS - 1) % TOWN_CALLS];
    bool mine = event->stream == call->stream;
    mc_turn_begin(&client->turn, event, outbox);
    if (event->kind == MC_EVENT_COMMAND) client_call(client);
    if (event->kind == MC_EVENT_DATA) {
        struct mc_str text = mc_slice_str(event->data);
        if (mine && text.n < sizeof call->text - call->used) {
            memcpy(call->text + call->used, text.p, text.n);
            call->used += text.n;
        }
        mc_slice_unref(event->data);
    }
    if (event->kind == MC_EVENT_END) mc_turn_finish(&client->turn, event->stream);
    if (mine && (event->kind == MC_EVENT_END || event->kind == MC_EVENT_RESET || event->kind == MC_EVENT_OPEN_FAILED)) call->over = true;
    mc_turn_end(&client->turn);
}

static const struct mc_guest_type client_type = {.name = "client", .step = client_step, .deadline = never};

int town_get(struct town *town, char body[static 3])
{
    struct mc_command command = {0};
    wire_step(&town->wire, town->client_end, (struct mc_event){.kind = MC_EVENT_COMMAND, .command = &command});
    struct town_call *call = &town->client.calls[(town->client.call_count - 1) % TOWN_CALLS];
    for (int i = 0; i < 100 && !call->over; i++) wire_run_until(&town->wire, town->wire.now + 10 * MC_MS);
    int status = 0;
    call->text[call->used] = '\0';
    snprintf(body, 3, "%s", call->used >= 2 ? call->text + call->used - 2 : "");
    if (sscanf(call->text, "HTTP/1.1 %d ", &status) != 1) return 0;
    return status;
}

/* ---- the mesh ---- */

static void record(void *self, mc_ns now, const struct mc_trace_record *trace)
{
    struct town *town = self;
    (void)now;
    town->traces[trace->kind]++;
    town->last[trace->kind] = *trace;
}

static bool is_cut(struct wire *wire, struct mc_addr to)
{
    struct town *town = mc_container(wire, struct town, wire);
    return town->control_cut && mc_addr_eq(to, TOWN_CONTROL_ADDR);
}

mc_atom town_atom(struct town *town, const char *text)
{
    return pki_atom(&town->pki, text);
}

static void add_pod(struct town *town, const char *name, const char *service, const char *version, uint32_t ip)
{
    char identity[100];
    snprintf(identity, sizeof identity, "spiffe://cluster.local/ns/default/sa/%s", service);
    ck_assert(mc_ok(mc_registry_add_workload(town->registry, &(struct mc_workload_spec){
        .name = town_atom(town, name), .service = town_atom(town, service), .version = town_atom(town, version),
        .addr = mc_addr_v4(ip, 9080), .zone = town_atom(town, "a"), .identity = town_atom(town, identity),
        .meshed = true, .ready = true})));
}

static void fill_registry(struct town *town, enum mc_mtls_mode mode)
{
    struct mc_mesh_defaults defaults = mc_mesh_defaults_istio();
    defaults.traffic.mtls = mode;
    town->registry = mc_registry_new(&town->pki.realm, &defaults);
    ck_assert(mc_ok(mc_registry_add_service(town->registry, &(struct mc_service_spec){
        .name = town_atom(town, "reviews"), .port = 8080, .target_port = 9080, .vip = TOWN_VIP})));
    ck_assert(mc_ok(mc_registry_add_service(town->registry, &(struct mc_service_spec){
        .name = town_atom(town, "user"), .port = 8080, .target_port = 9080})));
    add_pod(town, "reviews-v1-0", "reviews", "v1", 0x0a000101);
    add_pod(town, "reviews-v2-0", "reviews", "v2", 0x0a000102);
    add_pod(town, "user-v1-0", "user", "v1", 0x0a000109);
}

static struct mc_node *add_sidecar(struct town *town, const char *name, uint32_t number, uint32_t ip)
{
    struct mc_workload *workload = mc_registry_workload(town->registry, town_atom(town, name));
    struct mc_node *node = mc_node_new(&(struct mc_node_options){
        .realm = &town->pki.realm, .number = number, .name = workload->name, .workload = workload->label,
        .zone = workload->zone, .identity = workload->identity, .role = MC_NODE_PROXY, .control = TOWN_CONTROL_ADDR,
        .tls = mc_ossl_engine(town->pki.ossl), .signer = town->pki.signer, .trust = town->pki.bundle, .renewal = &town->policy});
    ck_assert(node);
    int end = settle(town, TOWN_SIDECAR, ip, mc_node_guest(node));
    if (!strcmp(name, "user-v1-0")) town->user_end = end;
    return node;
}

static void add_apps(struct town *town)
{
    town->app1.response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nv1";
    town->app2.response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nv2";
    mc_turn_init(&town->app1.turn, &town->pki.realm, 101);
    mc_turn_init(&town->app2.turn, &town->pki.realm, 102);
    mc_turn_init(&town->client.turn, &town->pki.realm, 103);
    settle(town, TOWN_APP, 0x0a000101, (struct mc_guest){&app_type, &town->app1});
    settle(town, TOWN_APP, 0x0a000102, (struct mc_guest){&app_type, &town->app2});
    town->client_end = settle(town, TOWN_CLIENT, 0x0a000109, (struct mc_guest){&client_type, &town->client});
}

struct town *town_new(enum mc_mtls_mode mode)
{
    struct town *town = calloc(1, sizeof *town);
    pki_init(&town->pki, 7, MC_OSSL_SEEDED);
    town->pki.realm.trace = (struct mc_trace_sink){.self = town, .record = record};
    wire_init(&town->wire, &town->pki.realm.pool);
    town->wire.cut = is_cut;
    fill_registry(town, mode);
    town->ca = (struct mc_ca_options){.authority = town->pki.root, .ttl = 24 * MC_HOUR};
    town->policy = (struct mc_identity_policy){.renew_permille = 500, .jitter_permille = 10, .retry_base = MC_S, .retry_max = 150 * MC_S};
    town->control = mc_node_new(&(struct mc_node_options){
        .realm = &town->pki.realm, .number = 1, .name = town_atom(town, "control"), .role = MC_NODE_CONTROL,
        .registry = town->registry, .ca = &town->ca, .listen = TOWN_CONTROL_ADDR});
    town->control_end = settle(town, TOWN_CONTROL, 0x0a000064, mc_node_guest(town->control));
    town->reviews1 = add_sidecar(town, "reviews-v1-0", 2, 0x0a000101);
    town->reviews2 = add_sidecar(town, "reviews-v2-0", 3, 0x0a000102);
    town->user = add_sidecar(town, "user-v1-0", 4, 0x0a000109);
    add_apps(town);
    town_run(town, MC_S);
    return town;
}

void town_run(struct town *town, mc_ns duration)
{
    wire_run_until(&town->wire, town->wire.now + duration);
}

struct mc_result town_command(struct town *town, struct mc_node *node, const struct mc_command *command)
{
    int end = -1;
    for (int i = 0; i < town->guest_count; i++)
        if (town->guests[i].inner.self == node) end = town->guests[i].end;
    wire_step(&town->wire, end, (struct mc_event){.kind = MC_EVENT_COMMAND, .command = command});
    wire_run(&town->wire);
    return mc_node_last_command(node);
}

void town_free(struct town *town)
{
    mc_node_free(town->user);
    mc_node_free(town->reviews1);
    mc_node_free(town->reviews2);
    mc_node_free(town->control);
    mc_registry_free(town->registry);
    wire_fini(&town->wire);
    mc_map_fini(&town->pki.realm.cons);
    mc_map_init(&town->pki.realm.cons, mc_pool_as_alloc(&town->pki.realm.pool));
    pki_fini(&town->pki);
    free(town);
}
