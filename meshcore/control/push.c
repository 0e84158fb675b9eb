/* When the mesh is told, and who is told what. */
#include "control/peer.h"

/* ---- to one proxy ---- */

/* PEER's new sent offer; takes a reference. */
static void note_sent(struct mc_peer *peer, struct mc_offer *offer)
{
    mc_offer_ref(offer);
    mc_offer_unref(peer->sent);
    peer->sent = offer;
    peer->nonce = ++peer->control->nonce;
    peer->sent_at = peer->control->turn->now;
}

static bool send_offer(struct mc_peer *peer, struct mc_offer *offer)
{
    struct mc_control *control = peer->control;
    struct mc_update update = mc_compiler_update_from(&control->compiler, peer->acked, offer);
    struct mc_xds_message *message = mc_xds_message_new(&control->turn->realm->pool, MC_XDS_PUSH);
    uint64_t version = offer->snapshot->version;
    uint32_t bytes = 4 * 120 + update.bytes; /* a DiscoveryResponse for each type */
    if (!message) return false;
    message->config.version = version;
    message->config.nonce = control->nonce + 1;
    message->config.resources = update.resources;
    message->config.offer = mc_offer_ref(offer);
    if (!mc_xds_send(&peer->conn, message, bytes)) return false;
    mc_trace(control->turn, SNAPSHOT_PUSHED, peer->conn.stream, peer->name, version, bytes);
    note_sent(peer, offer);
    return true;
}

/* What a proxy misses while it has not answered, or its connection is full, is not queued: the newest
 * goes out when it can take it. */
void mc_push_to(struct mc_peer *peer)
{
    if (!peer->name || peer->gone || peer->nonce || peer->conn.clogged) return;
    struct mc_offer *offer = mc_compiler_offer(&peer->control->compiler, peer->name);
    if (offer && offer == peer->sent) return;
    if (!offer || !send_offer(peer, offer)) mc_conn_reset(&peer->conn); /* it comes back when memory may be there */
}

void mc_push_answered(struct mc_peer *peer, const struct mc_xds_message *answer)
{
    struct mc_turn *turn = peer->control->turn;
    if (!peer->nonce || answer->config.nonce != peer->nonce) return;
    peer->nonce = 0;
    if (answer->base.kind == MC_XDS_ACK) {
        mc_offer_ref(peer->sent);
        mc_offer_unref(peer->acked);
        peer->acked = peer->sent;
        mc_trace(turn, SNAPSHOT_ACKED, peer->conn.stream, peer->name, answer->config.version,
                 (uint64_t)(turn->now - peer->sent_at));
    } else {
        mc_trace(turn, SNAPSHOT_NACKED, peer->conn.stream, peer->name, answer->config.version, answer->config.why);
    }
    mc_push_to(peer);
}

/* ---- to all ---- */

static void push_all(struct mc_control *control)
{
    const struct mc_mesh_defaults *defaults = &control->registry->defaults;
    if (!mc_ok(mc_compiler_update(&control->compiler))) {
        mc_timer_arm(&control->turn->timers, &control->debounce,
                     mc_ns_add(control->turn->now, mc_ns_max(defaults->debounce_quiet, MC_MS)));
        return;
    }
    mc_list_each(link, &control->peers) mc_push_to(mc_container(link, struct mc_peer, link));
}

/* istiod's debounce (pilot/pkg/xds/discovery.go): the timer is armed by the first change; when it comes
 * up, either it has been quiet for long enough, or it has gone on for too long, or it is armed again for
 * what is missing. */
static void debounce_fired(struct mc_timer *timer)
{
    struct mc_control *control = mc_container(timer, struct mc_control, debounce);
    const struct mc_mesh_defaults *defaults = &control->registry->defaults;
    mc_ns now = control->turn->now;
    if (now - control->last_change >= defaults->debounce_quiet || now - control->first_change >= defaults->debounce_max)
        push_all(control);
    else
        mc_timer_arm(&control->turn->timers, timer, mc_ns_add(control->last_change, defaults->debounce_quiet));
}

void mc_push_init(struct mc_control *control)
{
    mc_timer_init(&control->debounce, debounce_fired);
}

void mc_control_settle(struct mc_control *control)
{
    mc_ns now = control->turn->now;
    if (control->seen == control->registry->generation) return;
    control->seen = control->registry->generation;
    control->last_change = now;
    if (control->debounce.armed) return;
    control->first_change = now;
    mc_timer_arm(&control->turn->timers, &control->debounce,
                 mc_ns_add(now, control->registry->defaults.debounce_quiet));
}

/* ---- questions ---- */

uint64_t mc_control_version(const struct mc_control *control)
{
    return control->compiler.base ? control->compiler.version : 0;
}

struct mc_control_sync mc_control_sync(const struct mc_control *control)
{
    struct mc_control_sync sync = {0};
    const struct mc_link *head = &control->peers;
    for (const struct mc_link *link = head->next; link != head; link = link->next) {
        const struct mc_peer *peer = mc_container(link, const struct mc_peer, link);
        if (!peer->name) continue;
        sync.subscribers++;
        if (peer->acked && peer->acked->snapshot->version == control->compiler.version) sync.in_sync++;
    }
    return sync;
}
