#include "model/validate.h"
#include "node/parts.h"

/* ---- what comes from the control plane ---- */

static bool offered(struct mc_xds_client *client, struct mc_offer *offer)
{
    struct mc_node *node = mc_container(client, struct mc_node, sidecar.client);
    if (!mc_offer_check(offer)) return false;
    mc_proxy_apply(node->sidecar.proxy, offer->snapshot);
    return true;
}

static const struct mc_xds_client_type client_type = {.offered = offered};

static void issued(struct mc_agent *agent, struct mc_svid *svid)
{
    struct mc_node *node = mc_container(agent, struct mc_node, sidecar.agent);
    mc_proxy_identity(node->sidecar.proxy, svid, node->sidecar.trust);
}

static const struct mc_agent_type agent_type = {.issued = issued};

/* ---- making ---- */

/* What captures traffic, or is told what to do, belongs to a mesh. */
static bool is_sidecar(const struct mc_node_options *options)
{
    if (!mc_addr_is_any(options->control)) return true;
    for (uint32_t i = 0; options->snapshot && i < options->snapshot->of[MC_RESOURCE_LISTENER].count; i++)
        if (mc_snapshot_listener(options->snapshot, i)->mode != MC_LISTEN_DIRECT) return true;
    return false;
}

static void init_client(struct mc_node *node)
{
    const struct mc_node_options *options = &node->options;
    node->sidecar.has_client = true;
    mc_xds_client_init(&node->sidecar.client, &client_type, &node->net, &(struct mc_xds_client_options){
                                                                            .control = options->control,
                                                                            .name = options->name,
                                                                            .workload = options->workload,
                                                                            .zone = options->zone,
                                                                            .number = options->number,
                                                                            .version = options->snapshot ? options->snapshot->version : 0,
                                                                        });
}

static void init_agent(struct mc_node *node)
{
    const struct mc_node_options *options = &node->options;
    node->sidecar.has_agent = true;
    mc_agent_init(&node->sidecar.agent, &agent_type, &node->net, &(struct mc_agent_options){
                                                                     .ca = options->control,
                                                                     .identity = options->identity,
                                                                     .signer = options->signer,
                                                                     .policy = *options->renewal,
                                                                 });
}

static bool make(struct mc_node *node)
{
    const struct mc_node_options *options = &node->options;
    struct node_sidecar *sidecar = &node->sidecar;
    bool controlled = !mc_addr_is_any(options->control);
    sidecar->proxy = mc_proxy_new(&(struct mc_proxy_options){
        .turn = &node->turn,
        .net = &node->net,
        .name = options->name,
        .workload = options->workload,
        .zone = options->zone,
        .tls = options->tls,
        .leeway = options->renewal ? options->renewal->leeway : 0,
        .is_sidecar = is_sidecar(options),
    });
    if (!sidecar->proxy) return false;
    if (options->trust) sidecar->trust = mc_bundle_ref(options->trust);
    if (options->svid) sidecar->first = mc_svid_ref(options->svid);
    if (options->snapshot) sidecar->snapshot = mc_snapshot_ref(options->snapshot);
    if (controlled) init_client(node);
    if (controlled && options->identity && options->signer && options->trust && options->renewal) init_agent(node);
    return true;
}

static bool start(struct mc_node *node)
{
    struct node_sidecar *sidecar = &node->sidecar;
    struct mc_svid *svid = sidecar->first;
    struct mc_snapshot *snapshot = sidecar->snapshot;
    sidecar->first = NULL;
    sidecar->snapshot = NULL;
    if (svid && !sidecar->has_agent) mc_proxy_identity(sidecar->proxy, svid, sidecar->trust);
    if (sidecar->has_agent) mc_agent_start(&sidecar->agent, svid);
    if (snapshot) mc_proxy_apply(sidecar->proxy, snapshot);
    if (sidecar->has_client) mc_xds_client_start(&sidecar->client);
    mc_svid_unref(svid);
    mc_snapshot_unref(snapshot);
    return true;
}

/* ---- commands ---- */

static struct mc_result install(struct mc_node *node, const struct mc_node_install *order)
{
    struct mc_problem problem;
    if (!mc_snapshot_check(order->snapshot, &problem)) return MC_RESULT(INVALID);
    mc_proxy_apply(node->sidecar.proxy, order->snapshot);
    return MC_RESULT(OK);
}

/* A certificate for the key that SVID has. Empty: no memory. */
static struct mc_slice reissue(struct mc_node *node, struct mc_authority *authority, const struct mc_svid *svid)
{
    struct mc_signer *signer = node->options.signer;
    struct mc_str identity = mc_atoms_text(&node->options.realm->atoms, svid->facts.identity);
    struct mc_slice request = mc_signer_make_csr(signer, svid->key, identity), chain = mc_slice_none();
    struct mc_csr csr;
    mc_ns lifetime = svid->facts.not_after - svid->facts.not_before, after = node->turn.wall - MC_S;
    uint64_t entity = UINT64_C(1) << 63 | (uint64_t)node->turn.node << 24 | ++node->sidecar.expired;
    if (request.chunk && mc_signer_read_csr(signer, mc_slice_str(request), &csr)) {
        chain = mc_authority_issue(authority, mc_slice_str(csr.public_key),
                                   &(struct mc_cert_options){
                                       .identity = identity,
                                       .serial = mc_draw(node->options.realm->seed, MC_FOR_SERIAL, entity,
                                                         (uint64_t)node->turn.now) >> 1 | 1,
                                       .not_before = after - lifetime,
                                       .not_after = after,
                                   });
        mc_slice_unref(csr.public_key);
    }
    mc_slice_unref(request);
    return chain;
}

static struct mc_result expire(struct mc_node *node, const struct mc_node_expire *order)
{
    struct mc_agent *agent = &node->sidecar.agent;
    struct mc_cert_facts facts;
    if (!node->sidecar.has_agent) return MC_RESULT(STATE);
    if (!agent->svid) return MC_RESULT(OK);
    struct mc_slice chain = reissue(node, order->authority, agent->svid);
    struct mc_svid *svid = NULL;
    if (chain.chunk && mc_signer_read(node->options.signer, mc_slice_str(chain), &facts))
        svid = mc_svid_new(&node->options.realm->pool, &facts, mc_slice_str(chain), agent->svid->key);
    mc_slice_unref(chain);
    if (!svid) return MC_RESULT(NO_MEMORY);
    mc_agent_replace(agent, svid);
    mc_svid_unref(svid);
    return MC_RESULT(OK);
}

static struct mc_result renew(struct mc_node *node)
{
    if (!node->sidecar.has_agent) return MC_RESULT(STATE);
    mc_agent_renew(&node->sidecar.agent);
    return MC_RESULT(OK);
}

static struct mc_result command(struct mc_node *node, const struct mc_command *order)
{
    switch (order->kind) {
    case MC_NODE_INSTALL: return install(node, mc_container(order, const struct mc_node_install, base));
    case MC_NODE_EXPIRE: return expire(node, mc_container(order, const struct mc_node_expire, base));
    case MC_NODE_RENEW: return renew(node);
    case MC_NODE_DRAIN: mc_proxy_drain(node->sidecar.proxy); return MC_RESULT(OK);
    case MC_NODE_WIND_DOWN:
        mc_proxy_wind_down(node->sidecar.proxy, mc_container(order, const struct mc_node_wind_down, base)->over);
        return MC_RESULT(OK);
    default: return MC_RESULT(STATE);
    }
}

/* ---- the end ---- */

static void settle(struct mc_node *node)
{
    (void)node; /* a snapshot that was offered goes in when the turn ends */
}

static void drain(struct mc_node *node)
{
    mc_proxy_drain(node->sidecar.proxy);
}

static bool is_drained(const struct mc_node *node)
{
    return mc_proxy_is_idle(node->sidecar.proxy);
}

static void drop(struct mc_node *node)
{
    struct node_sidecar *sidecar = &node->sidecar;
    if (sidecar->has_client) mc_xds_client_stop(&sidecar->client);
    if (sidecar->has_agent) {
        mc_agent_stop(&sidecar->agent);
        mc_agent_fini(&sidecar->agent);
    }
    mc_proxy_free(sidecar->proxy);
    mc_svid_unref(sidecar->first);
    mc_snapshot_unref(sidecar->snapshot);
    mc_bundle_unref(sidecar->trust);
}

static void resolved(struct mc_node *node, const struct mc_event *event)
{
    mc_proxy_resolved(node->sidecar.proxy, event);
}

const struct node_role node_sidecar_role = {
    .make = make, .start = start, .command = command, .resolved = resolved, .settle = settle,
    .drain = drain, .is_drained = is_drained, .drop = drop,
};
