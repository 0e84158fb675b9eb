#include "xds/agent.h"
#include "xds/message.h"

const char *mc_renewal_text(enum mc_renewal renewal)
{
    static const char *const texts[] = {
#define X(name, text) text,
        MC_RENEWALS(X)
#undef X
    };
    mc_assert((unsigned)renewal < MC_COUNT_OF(texts));
    return texts[renewal];
}

static struct mc_agent *of_conn(struct mc_conn *conn)
{
    return mc_container(conn, struct mc_agent, conn);
}

static struct mc_pool *pool_of(struct mc_agent *agent)
{
    return &agent->turn->realm->pool;
}

static void arm(struct mc_agent *agent, mc_ns after)
{
    mc_timer_arm(&agent->turn->timers, &agent->timer, mc_ns_add(agent->turn->now, after));
}

/* ---- when ---- */

mc_ns mc_agent_backoff(const struct mc_identity_policy *policy, uint32_t failures)
{
    mc_ns wait = mc_ns_max(policy->retry_base, MC_MS);
    mc_ns most = mc_ns_max(policy->retry_max, wait);
    for (uint32_t i = 1; i < failures && wait < most; i++) wait = wait > most / 2 ? most : 2 * wait;
    return wait;
}

/* The plan is made on the wall clock and kept on the monotonic one. A clock that is far ahead would have
 * the next request fall due at once, again and again. */
static mc_ns until_renewal(struct mc_agent *agent)
{
    const struct mc_identity_policy *policy = &agent->options.policy;
    mc_ns at = mc_svid_renew_at(&agent->svid->facts, policy->renew_permille, policy->jitter_permille,
                                mc_turn_draw(agent->turn, MC_FOR_RENEWAL));
    return mc_ns_max(at - agent->turn->wall, mc_agent_backoff(policy, 1));
}

/* Linkerd plans from what is left of the lifetime: the gaps shrink, and once it has run out it asks at the floor. */
static mc_ns until_retry(const struct mc_agent *agent)
{
    const struct mc_identity_policy *policy = &agent->options.policy;
    mc_ns least = mc_agent_backoff(policy, 1), left = agent->svid ? agent->svid->facts.not_after - agent->turn->wall : 0;
    if (!policy->retry_permille) return mc_agent_backoff(policy, agent->attempt);
    mc_ns share = left > 0 ? left / 1000 * policy->retry_permille : 0;
    return mc_ns_max(mc_ns_min(share, policy->retry_max), least);
}

static void drop_request(struct mc_agent *agent)
{
    mc_slice_unref(agent->key);
    agent->key = mc_slice_none();
}

/* Ends the request under way, if it is still there, and plans the next one. */
static void conclude(struct mc_agent *agent, enum mc_renewal result)
{
    drop_request(agent);
    mc_ns wait = result == MC_RENEWAL_ISSUED ? until_renewal(agent)
                                             : until_retry(agent);
    mc_trace(agent->turn, CERT_RENEWAL, 0, agent->options.identity, agent->attempt, result, (uint64_t)wait);
    if (result == MC_RENEWAL_ISSUED) agent->attempt = 0;
    arm(agent, wait);
    mc_conn_reset(&agent->conn);
}

static bool is_asking(const struct mc_agent *agent)
{
    return agent->key.chunk;
}

/* ---- asking ---- */

static void ask(struct mc_agent *agent)
{
    const struct mc_identity_policy *policy = &agent->options.policy;
    struct mc_key_name name = {agent->turn->node, agent->keys++};
    agent->attempt++;
    agent->key = mc_signer_make_key(agent->options.signer, name);
    if (!agent->key.chunk) {
        conclude(agent, MC_RENEWAL_NO_MEMORY);
        return;
    }
    mc_turn_work(agent->turn, MC_WORK_SIGNATURE, 1);
    arm(agent, policy->timeout ? policy->timeout : 10 * MC_S);
    if (!mc_conn_open(&agent->conn, agent->options.ca)) conclude(agent, MC_RENEWAL_NO_MEMORY);
}

static bool send_request(struct mc_agent *agent)
{
    struct mc_xds_message *message = mc_xds_message_new(pool_of(agent), MC_XDS_CSR);
    if (!message) return false;
    message->cert.ttl = agent->options.policy.ttl;
    message->cert.der = mc_signer_make_csr(agent->options.signer, mc_slice_str(agent->key),
                                           mc_atoms_text(&agent->turn->realm->atoms, agent->options.identity));
    if (!message->cert.der.chunk) {
        mc_xds_message_free(message);
        return false;
    }
    mc_turn_work(agent->turn, MC_WORK_SIGNATURE, 1);
    return mc_xds_send(&agent->conn, message, 0);
}

static void ready(struct mc_conn *conn)
{
    struct mc_agent *agent = of_conn(conn);
    if (!send_request(agent)) conclude(agent, MC_RENEWAL_NO_MEMORY);
}

static void timer_fired(struct mc_timer *timer)
{
    struct mc_agent *agent = mc_container(timer, struct mc_agent, timer);
    if (is_asking(agent)) conclude(agent, MC_RENEWAL_TIMEOUT);
    else ask(agent);
}

/* ---- the answer ---- */

static void trace_installed(struct mc_agent *agent)
{
    const struct mc_cert_facts *facts = &agent->svid->facts;
    mc_trace(agent->turn, CERT_INSTALLED, 0, facts->identity, facts->serial, (uint64_t)facts->not_before,
             (uint64_t)facts->not_after);
}

void mc_agent_replace(struct mc_agent *agent, struct mc_svid *svid)
{
    mc_svid_ref(svid);
    mc_svid_unref(agent->svid);
    agent->svid = svid;
    trace_installed(agent);
    agent->type->issued(agent, svid);
}

static enum mc_renewal take_chain(struct mc_agent *agent, struct mc_slice chain)
{
    struct mc_cert_facts facts;
    if (!chain.chunk || !mc_signer_read(agent->options.signer, mc_slice_str(chain), &facts) ||
        facts.identity != agent->options.identity)
        return MC_RENEWAL_UNUSABLE;
    struct mc_svid *svid = mc_svid_new(pool_of(agent), &facts, mc_slice_str(chain), mc_slice_str(agent->key));
    if (!svid) return MC_RENEWAL_NO_MEMORY;
    mc_agent_replace(agent, svid);
    mc_svid_unref(svid);
    return MC_RENEWAL_ISSUED;
}

static enum mc_renewal take_answer(struct mc_agent *agent, const struct mc_xds_message *message)
{
    if (message->base.kind != MC_XDS_CERT) return MC_RENEWAL_CUT;
    return message->cert.granted ? take_chain(agent, message->cert.der) : MC_RENEWAL_REFUSED;
}

static void data(struct mc_conn *conn, struct mc_slice slice)
{
    struct mc_agent *agent = of_conn(conn);
    bool broken;
    struct mc_xds_message *message = mc_xds_received(slice, &broken);
    mc_conn_consumed(conn, slice.length);
    if (message) conclude(agent, take_answer(agent, message));
    else if (broken) conclude(agent, MC_RENEWAL_CUT);
    mc_slice_unref(slice);
}

static void end(struct mc_conn *conn)
{
    conclude(of_conn(conn), MC_RENEWAL_CUT);
}

static void closed(struct mc_conn *conn, enum mc_stream_reason reason)
{
    struct mc_agent *agent = of_conn(conn);
    bool never = reason == MC_REASON_REFUSED || reason == MC_REASON_TIMEOUT || reason == MC_REASON_UNREACHABLE ||
                 reason == MC_REASON_PORTS_EXHAUSTED;
    if (is_asking(agent) && !agent->stopped) conclude(agent, never ? MC_RENEWAL_UNREACHABLE : MC_RENEWAL_CUT);
}

static const struct mc_conn_type conn_type = {
    .name = "agent", .ready = ready, .data = data, .end = end, .closed = closed,
};

/* ---- life ---- */

void mc_agent_init(struct mc_agent *agent, const struct mc_agent_type *type, struct mc_net *net,
                   const struct mc_agent_options *options)
{
    *agent = (struct mc_agent){.type = type, .options = *options, .turn = net->turn};
    mc_conn_init(&agent->conn, &conn_type, net);
    mc_timer_init(&agent->timer, timer_fired);
}

void mc_agent_start(struct mc_agent *agent, struct mc_svid *svid)
{
    if (!svid) {
        ask(agent);
        return;
    }
    mc_agent_replace(agent, svid);
    arm(agent, until_renewal(agent));
}

void mc_agent_renew(struct mc_agent *agent)
{
    if (!is_asking(agent) && !agent->stopped) ask(agent);
}

void mc_agent_stop(struct mc_agent *agent)
{
    agent->stopped = true;
    mc_timer_disarm(&agent->turn->timers, &agent->timer);
    drop_request(agent);
    mc_conn_reset(&agent->conn);
}

void mc_agent_fini(struct mc_agent *agent)
{
    mc_assert(agent->stopped && agent->conn.state == MC_CONN_IDLE);
    mc_svid_unref(agent->svid);
}
