#include "control/peer.h"

const char *mc_ca_mode_text(enum mc_ca_mode mode)
{
    static const char *const texts[] = {
#define X(name, text) text,
        MC_CA_MODES(X)
#undef X
    };
    mc_assert((unsigned)mode < MC_COUNT_OF(texts));
    return texts[mode];
}

const char *mc_ca_refusal_text(enum mc_ca_refusal refusal)
{
    static const char *const texts[] = {
#define X(name, text) text,
        MC_CA_REFUSALS(X)
#undef X
    };
    mc_assert((unsigned)refusal < MC_COUNT_OF(texts));
    return texts[refusal];
}

void mc_control_ca_mode(struct mc_control *control, enum mc_ca_mode mode, mc_ns delay)
{
    control->ca_mode = mode;
    control->ca_delay = delay;
}

/* ---- granting ---- */

/* Never the same one twice, whatever replica issues and however often it has started. RFC 5280 §4.1.2.2:
 * positive. */
static uint64_t next_serial(struct mc_control *control)
{
    struct mc_turn *turn = control->turn;
    uint64_t request = (uint64_t)turn->node << 32 | (uint32_t)++control->ca_requests;
    uint64_t serial = mc_draw(turn->realm->seed, MC_FOR_SERIAL, request, (uint64_t)turn->now) >> 1;
    return serial ? serial : 1;
}

static struct mc_cert_options cert_options(struct mc_control *control, mc_atom identity, mc_ns asked)
{
    mc_ns ttl = asked && asked < control->ca.ttl ? asked : control->ca.ttl;
    mc_ns wall = control->turn->wall - control->turn->wall % MC_S; /* certificates have whole seconds */
    return (struct mc_cert_options){
        .identity = mc_atoms_text(&control->turn->realm->atoms, identity),
        .serial = next_serial(control),
        .not_before = wall - control->ca.backdate,
        .not_after = mc_ns_add(wall, ttl),
    };
}

/* The address stands for the token that an agent presents. */
static bool may_have(const struct mc_peer *peer, const struct mc_csr *csr, enum mc_ca_refusal *why)
{
    const struct mc_workload *workload = mc_registry_workload_at(peer->control->registry, peer->conn.peer);
    *why = workload ? MC_CA_REFUSAL_WRONG_IDENTITY : MC_CA_REFUSAL_NO_WORKLOAD;
    return workload && csr->identity && workload->identity == csr->identity;
}

static struct mc_slice issue(struct mc_peer *peer, const struct mc_csr *csr, enum mc_ca_refusal *why)
{
    struct mc_control *control = peer->control;
    if (!may_have(peer, csr, why)) return mc_slice_none();
    struct mc_cert_options options = cert_options(control, csr->identity, peer->ttl);
    struct mc_slice chain = mc_authority_issue(control->ca.authority, mc_slice_str(csr->public_key), &options);
    *why = MC_CA_REFUSAL_NO_MEMORY;
    if (!chain.chunk) return chain;
    mc_turn_work(control->turn, MC_WORK_SIGNATURE, 1);
    mc_trace(control->turn, CERT_ISSUED, peer->conn.stream, csr->identity, options.serial, (uint64_t)options.not_before,
             (uint64_t)options.not_after);
    return chain;
}

static struct mc_slice judge(struct mc_peer *peer, mc_atom *identity, enum mc_ca_refusal *why)
{
    struct mc_control *control = peer->control;
    struct mc_csr csr;
    *why = control->has_ca ? MC_CA_REFUSAL_OUT_OF_ORDER : MC_CA_REFUSAL_NO_AUTHORITY;
    if (!control->has_ca) return mc_slice_none();
    if (!mc_signer_read_csr(control->ca.authority->signer, mc_slice_str(peer->csr), &csr)) {
        *why = MC_CA_REFUSAL_NOT_A_REQUEST;
        return mc_slice_none();
    }
    *identity = csr.identity;
    struct mc_slice chain = control->ca_mode == MC_CA_ERROR ? mc_slice_none() : issue(peer, &csr, why);
    mc_slice_unref(csr.public_key);
    return chain;
}

static bool send_answer(struct mc_peer *peer, struct mc_slice chain)
{
    struct mc_xds_message *message = mc_xds_message_new(&peer->control->turn->realm->pool, MC_XDS_CERT);
    if (!message) {
        mc_slice_unref(chain);
        return false;
    }
    message->cert.granted = chain.chunk;
    message->cert.der = chain;
    return mc_xds_send(&peer->conn, message, 0);
}

static void answer_later(struct mc_peer *peer, mc_ns delay)
{
    struct mc_turn *turn = peer->control->turn;
    mc_timer_arm(&turn->timers, &peer->timer, mc_ns_add(turn->now, mc_ns_max(delay, 0)));
}

enum { GOODBYE_S = 40, SILENT_MIN = 15 }; /* an agent that does not leave; one that is never answered */

void mc_ca_answer(struct mc_peer *peer)
{
    enum mc_ca_refusal why;
    mc_atom identity = 0;
    struct mc_slice chain = judge(peer, &identity, &why);
    if (!chain.chunk) mc_trace(peer->control->turn, CERT_REFUSED, peer->conn.stream, identity, why);
    mc_slice_unref(peer->csr);
    peer->csr = mc_slice_none();
    answer_later(peer, GOODBYE_S * MC_S);
    if (send_answer(peer, chain)) mc_conn_finish(&peer->conn);
    else mc_conn_reset(&peer->conn);
}

/* ---- requests ---- */

static void refuse(struct mc_peer *peer)
{
    mc_trace(peer->control->turn, CERT_REFUSED, peer->conn.stream, 0, MC_CA_REFUSAL_OUT_OF_ORDER);
    mc_conn_reset(&peer->conn);
}

void mc_ca_request(struct mc_peer *peer, const struct mc_xds_message *request)
{
    struct mc_control *control = peer->control;
    if (!request->cert.der.chunk || request->cert.der.chunk->modelled || control->ca_mode == MC_CA_REFUSE) {
        refuse(peer);
        return;
    }
    if (control->ca_mode == MC_CA_BLACKHOLE) {
        mc_trace(control->turn, CERT_REFUSED, peer->conn.stream, 0, MC_CA_REFUSAL_OUT_OF_ORDER);
        answer_later(peer, SILENT_MIN * MC_MIN); /* nothing is held, so that only the silence ends */
        return;
    }
    peer->csr = mc_slice_view(request->cert.der, 0, request->cert.der.length);
    peer->ttl = request->cert.ttl;
    if (control->ca_mode == MC_CA_SLOW) answer_later(peer, control->ca_delay);
    else mc_ca_answer(peer);
}
