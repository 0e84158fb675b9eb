#include "node/parts.h"

static const struct node_role *role_of(const struct mc_node *node)
{
    return node->options.role == MC_NODE_CONTROL ? &node_control_role : &node_sidecar_role;
}

/* ---- stopping ---- */

static void leave(struct mc_node *node)
{
    node->exited = true;
    mc_timer_disarm(&node->turn.timers, &node->grace);
    mc_trace(&node->turn, NODE_EXIT, 0, 0);
    mc_turn_exit(&node->turn, 0);
}

static void grace_over(struct mc_timer *timer)
{
    struct mc_node *node = mc_container(timer, struct mc_node, grace);
    if (!node->exited) leave(node);
}

static void stop(struct mc_node *node, mc_ns grace)
{
    if (node->stopping) return;
    node->stopping = true;
    mc_trace(&node->turn, NODE_DRAINING, 0, (uint64_t)grace);
    mc_timer_arm(&node->turn.timers, &node->grace, mc_ns_add(node->turn.now, grace));
    role_of(node)->drain(node);
}

/* ---- the step ---- */

static void start(struct mc_node *node)
{
    mc_assert(!node->started);
    node->started = true;
    mc_trace(&node->turn, NODE_STARTED, 0, 0);
    node->last = role_of(node)->start(node) ? MC_RESULT(OK) : MC_RESULT(NO_MEMORY);
}

static void take(struct mc_node *node, const struct mc_event *event)
{
    if (event->kind == MC_EVENT_START) start(node);
    else if (event->kind == MC_EVENT_STOP) stop(node, event->grace);
    else if (event->kind == MC_EVENT_COMMAND) node->last = role_of(node)->command(node, event->command);
    else if (event->kind != MC_EVENT_RESOLVED) mc_net_event(&node->net, event);
    else if (role_of(node)->resolved) role_of(node)->resolved(node, event);
}

static void discard(const struct mc_event *event)
{
    if (event->kind == MC_EVENT_DATA) mc_slice_unref(event->data);
}

static void step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct mc_node *node = self;
    if (node->exited) {
        discard(event);
        return;
    }
    mc_turn_begin(&node->turn, event, outbox);
    take(node, event);
    mc_timers_run(&node->turn.timers, event->now);
    role_of(node)->settle(node);
    if (node->stopping && !node->exited && role_of(node)->is_drained(node)) leave(node);
    mc_turn_end(&node->turn);
}

static mc_ns deadline(const void *self)
{
    const struct mc_node *node = self;
    return node->exited ? MC_NEVER : mc_timers_deadline(&node->turn.timers);
}

static const struct mc_guest_type guest_type = {.name = "node", .step = step, .deadline = deadline};

struct mc_guest mc_node_guest(struct mc_node *node)
{
    return (struct mc_guest){&guest_type, node};
}

/* ---- life ---- */

struct mc_node *mc_node_new(const struct mc_node_options *options)
{
    struct mc_pool *pool = &options->realm->pool;
    struct mc_node *node = mc_pool_take_zero(pool, sizeof *node);
    if (!node) return NULL;
    node->options = *options;
    mc_turn_init(&node->turn, options->realm, options->number);
    mc_net_init(&node->net, &node->turn);
    mc_timer_init(&node->grace, grace_over);
    if (role_of(node)->make(node)) return node;
    mc_net_fini(&node->net);
    mc_pool_give(pool, node, sizeof *node);
    return NULL;
}

/* Its last turn is one that nobody sees: no action is carried out, nothing is told. */
void mc_node_free(struct mc_node *node)
{
    if (!node) return;
    struct mc_realm *realm = node->options.realm;
    struct mc_trace_sink sink = realm->trace;
    struct mc_event event = {.kind = MC_EVENT_WAKE, .now = node->turn.now, .wall = node->turn.wall};
    struct mc_outbox nowhere;
    realm->trace.record = NULL;
    mc_outbox_init(&nowhere, mc_pool_as_alloc(&realm->pool));
    mc_turn_begin(&node->turn, &event, &nowhere);
    mc_timer_disarm(&node->turn.timers, &node->grace);
    role_of(node)->drop(node);
    mc_net_reset_all(&node->net);
    mc_turn_end(&node->turn);
    mc_outbox_fini(&nowhere);
    mc_net_fini(&node->net);
    realm->trace = sink;
    mc_pool_give(&realm->pool, node, sizeof *node);
}

/* ---- questions ---- */

struct mc_result mc_node_last_command(const struct mc_node *node)
{
    return node->last;
}

const struct mc_svid *mc_node_certificate(const struct mc_node *node)
{
    return node->options.role == MC_NODE_PROXY && node->sidecar.has_agent ? node->sidecar.agent.svid : NULL;
}

uint64_t mc_node_snapshot_version(const struct mc_node *node)
{
    if (node->options.role == MC_NODE_CONTROL) return mc_control_version(&node->control);
    const struct mc_snapshot *snapshot = mc_proxy_snapshot(node->sidecar.proxy);
    return snapshot ? snapshot->version : 0;
}

bool mc_node_is_idle(const struct mc_node *node)
{
    return node->options.role == MC_NODE_PROXY && mc_proxy_is_idle(node->sidecar.proxy);
}

bool mc_node_is_connected(const struct mc_node *node)
{
    return node->options.role == MC_NODE_PROXY && node->sidecar.has_client &&
           mc_xds_client_is_connected(&node->sidecar.client);
}

const struct mc_rollout_state *mc_node_rollout(const struct mc_node *node, mc_atom target)
{
    return node->options.role == MC_NODE_CONTROL ? mc_control_rollout(&node->control, target) : NULL;
}

struct mc_node_sync mc_node_sync(const struct mc_node *node)
{
    if (node->options.role != MC_NODE_CONTROL) return (struct mc_node_sync){0};
    struct mc_control_sync sync = mc_control_sync(&node->control);
    return (struct mc_node_sync){sync.subscribers, sync.in_sync};
}
