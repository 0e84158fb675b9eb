#include "node/parts.h"

static bool make(struct mc_node *node)
{
    mc_assert(node->options.registry);
    mc_control_init(&node->control, &(struct mc_control_options){
                                        .net = &node->net,
                                        .registry = node->options.registry,
                                        .ca = node->options.ca,
                                        .listen = node->options.listen,
                                    });
    return true;
}

static bool start(struct mc_node *node)
{
    return mc_control_start(&node->control);
}

static struct mc_result command(struct mc_node *node, const struct mc_command *order)
{
    struct mc_control *control = &node->control;
    if (node->stopping) return MC_RESULT(STATE);
    switch (order->kind) {
    case MC_NODE_CA_MODE: {
        const struct mc_node_ca_mode *mode = mc_container(order, const struct mc_node_ca_mode, base);
        mc_control_ca_mode(control, mode->mode, mode->delay);
        return MC_RESULT(OK);
    }
    case MC_NODE_CHANGE:
        return mc_registry_apply(control->registry, &mc_container(order, const struct mc_node_change, base)->change);
    case MC_NODE_ROLLOUT_START: {
        const struct mc_node_rollout_start *begin = mc_container(order, const struct mc_node_rollout_start, base);
        return begin->from ? mc_control_rollout_continue(control, begin->from) : mc_control_rollout_start(control, &begin->options);
    }
    case MC_NODE_ROLLOUT_PAUSE:
    case MC_NODE_ROLLOUT_RESUME:
    case MC_NODE_ROLLOUT_ABORT:
        return mc_control_rollout_order(control, mc_container(order, const struct mc_node_rollout_order, base)->target,
                                        (enum mc_rollout_order)(order->kind - MC_NODE_ROLLOUT_PAUSE));
    default: return MC_RESULT(STATE);
    }
}

static void settle(struct mc_node *node)
{
    if (!node->stopping) mc_control_settle(&node->control);
}

static void drain(struct mc_node *node)
{
    mc_control_stop(&node->control);
}

static bool is_drained(const struct mc_node *node)
{
    (void)node;
    return true; /* its streams were cut: proxies go on with what they have, and look for another replica */
}

static void drop(struct mc_node *node)
{
    mc_control_stop(&node->control);
    mc_control_fini(&node->control);
}

const struct node_role node_control_role = {
    .make = make, .start = start, .command = command, .settle = settle,
    .drain = drain, .is_drained = is_drained, .drop = drop,
};
