/* The kubelet of a machine as a guest in the machine's own network: it makes the requests of probes, each on
 * a connection of its own (pkg/probe/http, pkg/probe/tcp: keep-alive is off). */
#include "sim/platform/parts.h"
#include "net/conn.h"
#include "sim/net/grow.h"
#include <stdio.h>

enum { STATUS_LINE = 12, HEAD_MAX = 600, NODE_OF_KUBELETS = 1 << 29 };

struct prober {
    struct sim_pods *pods;
    struct mc_turn turn;
    struct mc_net net;
    struct sim_container_owner owner;
    struct sim_origin origin;
    struct sim_entry news;   /* answers are told outside of the guest's step */
    struct mc_link asked, open, told; /* probe_request */
    uint32_t container;
    bool up;
};

struct probe_request {
    struct mc_link link;
    struct mc_conn conn;
    struct mc_timer timer;
    struct prober *prober;
    struct probe_worker *worker; /* NULL: told, or not wanted any more */
    struct probe_attempt attempt;
    char line[STATUS_LINE];
    uint32_t line_length;
    bool judged, passed, closed;
    const char *why;
};

static struct mc_pool *pool_of(struct prober *prober)
{
    return &prober->pods->realm->pool;
}

static void give_back(struct probe_request *request)
{
    mc_list_remove(&request->link);
    if (request->worker) request->worker->request = NULL;
    mc_pool_give(pool_of(request->prober), request, sizeof *request);
}

/* ---- an attempt ---- */

/* The worker hears of it in an event of its own. */
static void judge(struct probe_request *request, bool passed, const char *why)
{
    struct prober *prober = request->prober;
    if (request->judged) return;
    request->judged = true;
    request->passed = passed;
    request->why = why;
    mc_list_remove(&request->link);
    mc_list_push_back(&prober->told, &request->link);
    sim_engine_at(sim_world_engine(prober->pods->world), &prober->news, prober->turn.now);
}

static void on_ready(struct mc_conn *conn)
{
    struct probe_request *request = mc_container(conn, struct probe_request, conn);
    struct prober *prober = request->prober;
    if (!request->attempt.path.n) {
        judge(request, true, "");
        mc_conn_finish(conn);
        return;
    }
    char head[HEAD_MAX], host[MC_ADDR_TEXT_MAX];
    mc_addr_text(request->attempt.to, host);
    int length = snprintf(head, sizeof head, "GET %.*s HTTP/1.1\r\nHost: %s\r\nUser-Agent: kube-probe/1.31\r\nAccept: */*\r\nConnection: close\r\n\r\n",
                          MC_STR_ARG(request->attempt.path), host);
    struct mc_slice slice = length < (int)sizeof head ? mc_slice_copy(pool_of(prober), mc_str(head, (size_t)length)) : mc_slice_none();
    if (slice.chunk) mc_conn_send(conn, slice);
    else mc_conn_reset(conn);
}

static void read_status(struct probe_request *request)
{
    const char *line = request->line;
    uint64_t status = 0;
    bool good = mc_str_starts(mc_str(line, STATUS_LINE), MC_STR("HTTP/1.")) && mc_str_to_u64(mc_str(line + 9, 3), 999, &status);
    judge(request, good && status >= 200 && status < 400, "HTTP probe failed with its status code");
}

static void on_data(struct mc_conn *conn, struct mc_slice slice)
{
    struct probe_request *request = mc_container(conn, struct probe_request, conn);
    struct mc_str text = mc_slice_str(slice);
    for (size_t i = 0; i < text.n && request->line_length < STATUS_LINE; i++) request->line[request->line_length++] = text.p[i];
    mc_conn_consumed(conn, slice.length);
    mc_slice_unref(slice);
    if (request->line_length == STATUS_LINE && !request->judged) read_status(request);
}

static void on_end(struct mc_conn *conn)
{
    mc_conn_finish(conn);
}

static void on_clogged(struct mc_conn *conn, bool clogged)
{
    (void)conn, (void)clogged;
}

static void on_closed(struct mc_conn *conn, enum mc_stream_reason reason)
{
    struct probe_request *request = mc_container(conn, struct probe_request, conn);
    mc_timer_disarm(&request->prober->turn.timers, &request->timer);
    request->closed = true;
    if (!request->judged) judge(request, false, reason == MC_REASON_REFUSED ? "connection refused" : "connection closed");
    else if (!request->worker) give_back(request);
}

static const struct mc_conn_type conn_type = {
    .name = "probe", .ready = on_ready, .data = on_data, .end = on_end, .clogged = on_clogged, .closed = on_closed};

static void on_timeout(struct mc_timer *timer)
{
    struct probe_request *request = mc_container(timer, struct probe_request, timer);
    judge(request, false, "no answer within timeoutSeconds");
    mc_conn_reset(&request->conn);
}

static void open_request(struct probe_request *request)
{
    struct prober *prober = request->prober;
    mc_list_remove(&request->link);
    mc_list_push_back(&prober->open, &request->link);
    mc_timer_init(&request->timer, on_timeout);
    mc_conn_init(&request->conn, &conn_type, &prober->net);
    if (!mc_conn_open(&request->conn, request->attempt.to)) {
        request->closed = true;
        judge(request, false, "out of memory");
        return;
    }
    mc_timer_arm(&prober->turn.timers, &request->timer, mc_ns_add(prober->turn.now, request->attempt.timeout));
}

/* ---- the guest ---- */

static void step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct prober *prober = self;
    mc_turn_begin(&prober->turn, event, outbox);
    if (event->kind == MC_EVENT_WAKE) mc_timers_run(&prober->turn.timers, event->now);
    else if (!mc_net_event(&prober->net, event))
        while (!mc_list_empty(&prober->asked)) open_request(mc_container(mc_list_first(&prober->asked), struct probe_request, link));
    mc_turn_end(&prober->turn);
}

static mc_ns deadline(const void *self)
{
    return mc_timers_deadline(&((const struct prober *)self)->turn.timers);
}

static const struct mc_guest_type guest_type = {.name = "kubelet", .step = step, .deadline = deadline};

/* ---- what it has heard ---- */

static void tell(struct probe_request *request)
{
    struct probe_worker *worker = request->worker;
    bool passed = request->passed;
    const char *why = request->why;
    request->worker = NULL;
    if (request->closed) {
        give_back(request);
    } else {
        mc_list_remove(&request->link);
        mc_list_push_back(&request->prober->open, &request->link);
    }
    if (!worker) return;
    worker->request = NULL;
    prober_heard(worker, passed, why);
}

static void news(struct sim_entry *entry)
{
    struct prober *prober = mc_container(entry, struct prober, news);
    sim_engine_tell(sim_world_engine(prober->pods->world), prober->container, 0, 0, 0);
    while (!mc_list_empty(&prober->told)) tell(mc_container(mc_list_first(&prober->told), struct probe_request, link));
}

static const struct sim_entry_type news_type = {"probe.heard", SIM_CLASS_FAULT, SIM_KIND_ORDER, news};

/* ---- life ---- */

/* Outside a step, as when its machine has gone: nothing is sent any more. */
static void take_down(struct prober *prober)
{
    struct mc_outbox outbox;
    struct mc_event event = {.kind = MC_EVENT_WAKE, .now = prober->turn.now, .wall = prober->turn.wall};
    mc_outbox_init(&outbox, prober->turn.realm->pool.alloc);
    mc_turn_begin(&prober->turn, &event, &outbox);
    mc_net_reset_all(&prober->net);
    mc_turn_end(&prober->turn);
    mc_outbox_fini(&outbox);
    struct mc_link *lists[] = {&prober->asked, &prober->open, &prober->told};
    for (size_t i = 0; i < MC_COUNT_OF(lists); i++)
        while (!mc_list_empty(lists[i])) give_back(mc_container(mc_list_first(lists[i]), struct probe_request, link));
    sim_engine_cancel(sim_world_engine(prober->pods->world), &prober->news);
    mc_net_fini(&prober->net);
}

static void set_up(struct prober *prober, uint32_t machine)
{
    mc_turn_init(&prober->turn, prober->pods->realm, NODE_OF_KUBELETS | machine);
    mc_net_init(&prober->net, &prober->turn);
    prober->up = true;
}

static void gone(struct sim_container_owner *owner, uint32_t container, uint32_t status, mc_ns now)
{
    struct prober *prober = mc_container(owner, struct prober, owner);
    (void)container, (void)status, (void)now;
    take_down(prober);
    prober->up = false;
}

static const struct sim_container_owner_type owner_type = {gone};

static bool place(struct prober *prober, uint32_t machine)
{
    struct sim_world *world = prober->pods->world;
    char name[40];
    int length = snprintf(name, sizeof name, "kubelet-%u", machine);
    struct sim_pod_spec pod = {.machine = machine, .name = mc_str(name, (size_t)length), .service = SIM_NONE, .version = SIM_NONE};
    struct sim_container_spec container = {.owner = &prober->owner, .around_capture = prober->pods->profile->sidecar.rewrite_probes};
    return sim_world_add_pod(world, &pod, &container.pod) && sim_world_add_container(world, &container, &prober->container);
}

static struct prober *make(struct sim_pods *pods, uint32_t machine)
{
    struct prober *prober = mc_pool_take_zero(&pods->realm->pool, sizeof *prober);
    if (!prober) return NULL;
    prober->pods = pods;
    prober->owner.type = &owner_type;
    prober->origin.number = UINT64_C(7) << 59 | machine;
    mc_list_init(&prober->asked);
    mc_list_init(&prober->open);
    mc_list_init(&prober->told);
    sim_entry_init(&prober->news, &news_type, &prober->origin, prober->origin.number);
    if (place(prober, machine)) return prober;
    mc_pool_give(&pods->realm->pool, prober, sizeof *prober);
    return NULL;
}

/* The prober of MACHINE, running. NULL: no memory. */
static struct prober *prober_of(struct sim_pods *pods, uint32_t machine)
{
    if (!sim_grow(&pods->realm->pool, (void **)&pods->probers, &pods->prober_capacity, machine + 1, sizeof(struct prober *))) return NULL;
    struct prober *prober = pods->probers[machine];
    if (!prober) prober = pods->probers[machine] = make(pods, machine);
    if (!prober || prober->up) return prober;
    set_up(prober, machine);
    uint32_t pod = sim_world_container(pods->world, prober->container).pod;
    if (!sim_world_pod(pods->world, pod).up) sim_pod_start(pods->world, pod);
    sim_container_start(pods->world, prober->container, (struct mc_guest){.type = &guest_type, .self = prober});
    return prober;
}

void probers_free(struct sim_pods *pods)
{
    for (uint32_t i = 0; i < pods->prober_capacity; i++) {
        struct prober *prober = pods->probers[i];
        if (!prober) continue;
        if (prober->up) take_down(prober);
        mc_pool_give(&pods->realm->pool, prober, sizeof *prober);
    }
    mc_pool_give(&pods->realm->pool, pods->probers, pods->prober_capacity * sizeof(struct prober *));
}

void prober_ask(struct probe_worker *worker, const struct probe_attempt *attempt)
{
    struct pod_life *life = worker->life;
    struct prober *prober = prober_of(life->pods, life->machine);
    struct probe_request *request = prober ? mc_pool_take_zero(pool_of(prober), sizeof *request) : NULL;
    if (!request) {
        pods_refused(life);
        return;
    }
    static const struct mc_command go = {0};
    request->prober = prober;
    request->worker = worker;
    request->attempt = *attempt;
    worker->request = request;
    mc_list_push_back(&prober->asked, &request->link);
    (void)sim_container_command(life->pods->world, prober->container, &go); /* not begun yet: START opens it */
}

void prober_forget(struct probe_worker *worker)
{
    if (!worker->request) return;
    worker->request->worker = NULL;
    worker->request = NULL;
}
