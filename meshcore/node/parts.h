/* What the files of a node share.
 *
 *     node.c      life and the step
 *     sidecar.c   a proxy: its subscription, its SVID, its commands
 *     control.c   a control plane: its commands
 */
#ifndef NODE_PARTS_H
#define NODE_PARTS_H

#include "control/control.h"
#include "node/node.h"
#include "proxy/proxy.h"
#include "xds/client.h"

struct node_sidecar {
    struct mc_proxy *proxy;
    struct mc_xds_client client;
    struct mc_agent agent;
    struct mc_bundle *trust;      /* holds a reference */
    struct mc_svid *first;        /* until it has started */
    struct mc_snapshot *snapshot; /* the same */
    uint64_t expired;             /* certificates made by order; key of their serial numbers */
    bool has_client, has_agent;
};

struct mc_node {
    struct mc_node_options options;
    struct mc_turn turn;
    struct mc_net net;
    struct mc_timer grace;        /* after STOP */
    struct mc_result last;
    bool started, stopping, exited;
    union {
        struct node_sidecar sidecar;
        struct mc_control control;
    };
};

/* A role; one of two. All but make are called within a turn. */
struct node_role {
    bool (*make)(struct mc_node *node);  /* false: no memory, nothing is left */
    bool (*start)(struct mc_node *node); /* false: no memory */
    struct mc_result (*command)(struct mc_node *node, const struct mc_command *command);
    void (*resolved)(struct mc_node *node, const struct mc_event *event); /* NULL: it asks for no names */
    void (*settle)(struct mc_node *node); /* after everything else in a step */
    void (*drain)(struct mc_node *node);
    bool (*is_drained)(const struct mc_node *node);
    void (*drop)(struct mc_node *node);  /* gives everything back */
};

extern const struct node_role node_sidecar_role, node_control_role;

#endif
