/* A node: one proxy or one control-plane replica, composed behind `step` (host/host.h).
 *
 *     proxy    data plane, the client that receives its configuration, the agent that keeps its SVID
 *     control  registry, translation, push, certificate authority, rollout controller
 *
 * Create it, hand mc_node_guest to a host, and send what an operator wants as MC_EVENT_COMMAND with one
 * of the records below. Snapshots change at the end of a step, never within it. The queries at the end
 * are for whoever watches: they change nothing and may be called between steps.
 */
#ifndef NODE_NODE_H
#define NODE_NODE_H

#include "control/ca.h"
#include "control/registry.h"
#include "control/rollout.h"
#include "host/host.h"
#include "host/realm.h"
#include "identity/signer.h"
#include "model/snapshot.h"
#include "net/tls.h"
#include "xds/agent.h"

struct mc_node;

enum mc_node_role { MC_NODE_PROXY, MC_NODE_CONTROL };

/* Everything is borrowed for the node's life, except what is ref-counted (references of its own). */
struct mc_node_options {
    struct mc_realm *realm;
    uint32_t number;    /* in the realm: the entity of its draws and of its trace records */
    mc_atom name;       /* instance: "reviews-v1-0" */
    mc_atom workload;   /* "reviews/v1" */
    mc_atom zone;
    mc_atom identity;   /* SPIFFE ID; 0: none */
    enum mc_node_role role;

    /* PROXY */
    struct mc_snapshot *snapshot; /* what it starts with (static, live); NULL: none until one is pushed */
    struct mc_addr control;       /* where its control plane listens; any: it has none */
    struct mc_tls_engine *tls;    /* NULL: plaintext only */
    struct mc_signer *signer;     /* makes its keys and requests; NULL: no identity */
    struct mc_svid *svid;         /* what it starts with; NULL: asks the CA at once */
    struct mc_bundle *trust;
    const struct mc_identity_policy *renewal; /* xds/agent.h; NULL: no identity */

    /* CONTROL */
    struct mc_registry *registry; /* outlives the node, so that a replica can be restarted */
    const struct mc_ca_options *ca; /* control/ca.h; NULL: issues nothing */
    struct mc_addr listen;        /* 15010: configuration and certificate requests */
};

struct mc_node *mc_node_new(const struct mc_node_options *options); /* NULL refuses */
/* At any moment, also in the middle of traffic (a crash): nothing is sent any more. NULL is allowed. */
void mc_node_free(struct mc_node *node);
struct mc_guest mc_node_guest(struct mc_node *node);

/* ---- commands: MC_EVENT_COMMAND with &record.base ---- */

enum mc_node_command {
    MC_NODE_INSTALL,       /* PROXY: struct mc_node_install */
    MC_NODE_EXPIRE,        /* PROXY: struct mc_node_expire */
    MC_NODE_RENEW,         /* PROXY: struct mc_command: ask for a new SVID now */
    MC_NODE_DRAIN,         /* PROXY: struct mc_command: as Envoy's drain_listeners; goes on until STOP */
    MC_NODE_WIND_DOWN,     /* PROXY: struct mc_node_wind_down: as drain_listeners?inboundonly&graceful */
    MC_NODE_CA_MODE,       /* CONTROL: struct mc_node_ca_mode */
    MC_NODE_CHANGE,        /* CONTROL: struct mc_node_change */
    MC_NODE_ROLLOUT_START, /* CONTROL: struct mc_node_rollout_start */
    MC_NODE_ROLLOUT_PAUSE, /* CONTROL: struct mc_node_rollout_order */
    MC_NODE_ROLLOUT_RESUME,
    MC_NODE_ROLLOUT_ABORT, /* rolls back */
    MC_NODE_COMMANDS
};

/* A reload. Checked first; one that is refused leaves the old in place. */
struct mc_node_install {
    struct mc_command base;
    struct mc_snapshot *snapshot; /* borrowed */
};

/* Its SVID is replaced by one that ran out a second ago; the renewal that was planned stays as it was.
 * AUTHORITY is the mesh's CA (a fault has its key). Nothing happens if the node has no SVID yet. */
struct mc_node_expire {
    struct mc_command base;
    struct mc_authority *authority;
};

/* Listeners go on; a share of the answers to inbound requests that grows from none to all over OVER says
 * `connection: close` (Envoy's drain manager, gradual). For good. */
struct mc_node_wind_down {
    struct mc_command base;
    mc_ns over; /* 0: all from the start */
};

struct mc_node_ca_mode {
    struct mc_command base;
    enum mc_ca_mode mode; /* control/ca.h */
    mc_ns delay;          /* SLOW */
};

struct mc_node_change {
    struct mc_command base;
    struct mc_registry_change change;
};

struct mc_node_rollout_start {
    struct mc_command base;
    struct mc_rollout_options options;
    const struct mc_rollout_state *from; /* not NULL: goes on from there, as a controller does from a resource's status */
};

struct mc_node_rollout_order {
    struct mc_command base;
    mc_atom target;
};

/* Whether the last command was carried out; OK before the first. STATE: not for this role, or not now. */
struct mc_result mc_node_last_command(const struct mc_node *node);

/* ---- queries ---- */

const struct mc_svid *mc_node_certificate(const struct mc_node *node); /* NULL: none. Borrowed until the next step */
uint64_t mc_node_snapshot_version(const struct mc_node *node); /* PROXY: applied; CONTROL: newest pushed; 0: none */
bool mc_node_is_idle(const struct mc_node *node);              /* PROXY: nobody is connected to its listeners */
bool mc_node_is_connected(const struct mc_node *node);         /* PROXY: to its control plane */
const struct mc_rollout_state *mc_node_rollout(const struct mc_node *node, mc_atom target); /* NULL: none */

struct mc_node_sync { /* CONTROL */
    uint32_t subscribers, in_sync; /* connected; of these, have acknowledged the newest version */
};
struct mc_node_sync mc_node_sync(const struct mc_node *node);

#endif
