/* TLS on a connection, over whatever engine its context belongs to.
 *
 * Credit is counted in bytes of the wire, owners give back bytes of plain text. The layer gives back the
 * difference: all of a handshake, headers and tags of records. What the engine still holds of a record is
 * given back once the record is whole, so that a peer never has more than its credit under way. */
#include "net/layer.h"
#include "net/tls.h"

enum state {
    WAITING,     /* for what is below; permissive: for the first byte */
    HANDSHAKING,
    SECURE,
    PLAIN,       /* permissive, and the peer does not speak TLS */
    DOOMED,      /* refused by ourselves while the owner was calling; the timer tells it */
};

struct layer_tls {
    struct mc_layer layer;
    struct mc_grave grave;
    struct mc_timer doom;
    struct mc_pool *pool;
    struct mc_tls_context *context; /* NULL: permissive before there is a certificate; then only WAITING and PLAIN */
    struct mc_tls_session *session; /* NULL until HANDSHAKING */
    enum state state;
    bool permissive;
    bool ended;    /* the owner knows that the peer has finished */
    bool finished; /* and the stream that we have */
    uint64_t wire, plain, given; /* bytes that came, that went up, that this layer has given back */
};

static const struct mc_layer_type type;

static struct layer_tls *of(struct mc_layer *layer)
{
    return mc_container(layer, struct layer_tls, layer);
}

static const struct mc_tls_engine_type *engine_of(const struct layer_tls *tls)
{
    return tls->context->engine->type;
}

static struct mc_turn *turn_of(const struct layer_tls *tls)
{
    return tls->layer.conn->net->turn;
}

/* What one call of the engine has put out. */
struct flow {
    struct mc_slices cipher, plain;
};

static struct mc_tls_output open_flow(struct layer_tls *tls, struct flow *flow)
{
    struct mc_pool *pool = &turn_of(tls)->realm->pool;
    mc_slices_init(&flow->cipher, pool);
    mc_slices_init(&flow->plain, pool);
    return (struct mc_tls_output){&flow->cipher, &flow->plain};
}

/* What the engine answers after our FIN (a key update, an alert) has nowhere to go. */
static void send_cipher(struct layer_tls *tls, struct flow *flow)
{
    while (flow->cipher.count && !tls->finished) mc_layer_down(&tls->layer, mc_slices_pop(&flow->cipher, UINT32_MAX));
    mc_slices_fini(&flow->cipher);
}

/* The owner may cut the connection at any slice; its layer then has none any more. */
static void deliver(struct layer_tls *tls, struct flow *flow)
{
    while (flow->plain.count && tls->layer.conn) mc_layer_up(&tls->layer, mc_slices_pop(&flow->plain, UINT32_MAX));
    mc_slices_fini(&flow->plain);
}

/* One record per end and handshake. */
static void trace_done(struct layer_tls *tls, enum mc_tls_result result)
{
    struct mc_turn *turn = turn_of(tls);
    const struct mc_tls_context *context = tls->context;
    const struct mc_tls_peer *peer = tls->session ? engine_of(tls)->peer(tls->session) : NULL;
    struct mc_str alpn = tls->session ? engine_of(tls)->alpn(tls->session) : MC_STR("");
    mc_trace(turn, TLS_DONE, tls->layer.conn->stream, result, peer ? peer->identity : 0,
             context ? context->own_identity : 0, mc_atoms_intern(&turn->realm->atoms, alpn), peer ? peer->serial : 0,
             !context || context->role == MC_TLS_SERVER);
}

static enum mc_stream_reason reason_of(enum mc_tls_result result)
{
    if (result == MC_TLS_NO_MEMORY) return MC_REASON_LIMIT;
    return result == MC_TLS_PEER_ALERT ? MC_REASON_PEER_RESET : MC_REASON_LOCAL_RESET;
}

/* An alert has to reach the peer (RFC 8446 §6.2), so the stream is not simply cut. */
static void fail(struct layer_tls *tls, struct flow *flow, enum mc_tls_result result)
{
    bool alert = flow->cipher.count > 0 && !tls->finished;
    send_cipher(tls, flow);
    if (tls->state != SECURE) trace_done(tls, result);
    if (alert) mc_layer_refuse(&tls->layer, reason_of(result));
    else mc_layer_fail(&tls->layer, reason_of(result));
}

/* ---- our own refusals ---- */

/* The owner is on the stack and does not expect its connection to be closed by the call it has made. */
static void doom(struct layer_tls *tls)
{
    if (tls->state != SECURE) trace_done(tls, MC_TLS_NO_MEMORY);
    tls->state = DOOMED;
    mc_timer_arm(&turn_of(tls)->timers, &tls->doom, turn_of(tls)->now);
}

static void doomed(struct mc_timer *timer)
{
    mc_layer_fail(&mc_container(timer, struct layer_tls, doom)->layer, MC_REASON_LIMIT);
}

/* ---- handshake ---- */

static void begin(struct layer_tls *tls)
{
    struct mc_turn *turn = turn_of(tls);
    struct flow flow;
    struct mc_tls_output out = open_flow(tls, &flow);
    mc_turn_work(turn, MC_WORK_HANDSHAKE, 1);
    tls->session = engine_of(tls)->open(tls->context, turn->node, tls->layer.conn->stream);
    if (!tls->session) {
        doom(tls);
        return;
    }
    tls->state = HANDSHAKING;
    if (tls->context->role == MC_TLS_SERVER) return;
    enum mc_tls_result result = engine_of(tls)->start(tls->session, turn->wall, out);
    send_cipher(tls, &flow);
    if (result != MC_TLS_OK) doom(tls);
}

static void start(struct mc_layer *layer)
{
    if (!of(layer)->permissive) begin(of(layer));
}

enum { RECORD_HANDSHAKE = 22 }; /* RFC 8446 §5.1 */

/* Without a certificate nothing can be answered, not even by an alert: the connection is cut, as Envoy
 * does while a secret is not there (source/common/tls/ssl_socket.cc, NotReadySslSocket). */
static void decide(struct layer_tls *tls, struct mc_slice first)
{
    if (mc_slice_str(first).p[0] != RECORD_HANDSHAKE) {
        tls->state = PLAIN;
        mc_layer_ready(&tls->layer);
    } else if (tls->context) {
        begin(tls);
    } else {
        trace_done(tls, MC_TLS_NO_CERTIFICATE);
        mc_layer_fail(&tls->layer, MC_REASON_LOCAL_RESET);
    }
}

/* ---- up ---- */

static void give_back(struct layer_tls *tls)
{
    uint64_t overhead = tls->wire - tls->plain - engine_of(tls)->held(tls->session);
    mc_assert(overhead >= tls->given);
    mc_conn_consumed(tls->layer.conn, (uint32_t)(overhead - tls->given));
    tls->given = overhead;
}

static void end_once(struct layer_tls *tls)
{
    if (tls->ended) return;
    tls->ended = true;
    mc_layer_end(&tls->layer);
}

static void feed(struct layer_tls *tls, struct mc_slice slice)
{
    const struct mc_tls_engine_type *engine = engine_of(tls);
    struct flow flow;
    struct mc_tls_output out = open_flow(tls, &flow);
    tls->wire += slice.length;
    enum mc_tls_result result = engine->feed(tls->session, turn_of(tls)->wall, slice, out);
    tls->plain += flow.plain.bytes;
    mc_turn_work(turn_of(tls), MC_WORK_TLS_BYTE, flow.plain.bytes);
    if (result == MC_TLS_OK) {
        give_back(tls);
        send_cipher(tls, &flow);
    }
    if (tls->state == HANDSHAKING && result == MC_TLS_OK && engine->established(tls->session)) {
        tls->state = SECURE;
        trace_done(tls, MC_TLS_OK);
        mc_layer_ready(&tls->layer);
    }
    deliver(tls, &flow);
    if (!tls->layer.conn) mc_slices_fini(&flow.cipher);
    else if (result != MC_TLS_OK) fail(tls, &flow, result);
    else if (engine->peer_finished(tls->session)) end_once(tls);
}

static void up(struct mc_layer *layer, struct mc_slice slice)
{
    struct layer_tls *tls = of(layer);
    if (tls->state == WAITING) decide(tls, slice);
    if (tls->state == PLAIN && layer->conn) mc_layer_up(layer, slice);
    else if (layer->conn && tls->state != DOOMED) feed(tls, slice);
    else mc_slice_unref(slice);
}

/* A FIN that close_notify does not stand before may be an attacker's (RFC 8446 §6.1). */
static void end(struct mc_layer *layer)
{
    struct layer_tls *tls = of(layer);
    if (tls->ended || tls->state == DOOMED) return;
    if (tls->state == PLAIN) {
        end_once(tls);
        return;
    }
    if (tls->state == HANDSHAKING) trace_done(tls, MC_TLS_PROTOCOL); /* WAITING: it has not spoken at all */
    mc_layer_fail(layer, MC_REASON_PEER_RESET);
}

/* ---- down ---- */

static void down(struct mc_layer *layer, struct mc_slice slice)
{
    struct layer_tls *tls = of(layer);
    if (tls->state == PLAIN) {
        mc_layer_down(layer, slice);
        return;
    }
    if (tls->state == DOOMED) {
        mc_slice_unref(slice);
        return;
    }
    mc_assert(tls->state == SECURE);
    struct flow flow;
    struct mc_tls_output out = open_flow(tls, &flow);
    mc_turn_work(turn_of(tls), MC_WORK_TLS_BYTE, slice.length);
    enum mc_tls_result result = engine_of(tls)->seal(tls->session, slice, out);
    send_cipher(tls, &flow);
    if (result != MC_TLS_OK) doom(tls);
}

static void finish(struct mc_layer *layer)
{
    struct layer_tls *tls = of(layer);
    if (tls->session && tls->state != DOOMED) {
        struct flow flow;
        engine_of(tls)->finish(tls->session, open_flow(tls, &flow));
        send_cipher(tls, &flow);
    }
    tls->finished = true;
    mc_layer_finish(layer);
}

/* ---- life ---- */

static void bury(struct mc_grave *grave)
{
    struct layer_tls *tls = mc_container(grave, struct layer_tls, grave);
    struct mc_pool *pool = tls->pool;
    if (tls->session) engine_of(tls)->close(tls->session);
    mc_tls_context_unref(tls->context);
    mc_pool_give(pool, tls, sizeof *tls);
}

static void free_layer(struct mc_layer *layer)
{
    struct layer_tls *tls = of(layer);
    mc_timer_disarm(&turn_of(tls)->timers, &tls->doom);
    mc_turn_bury(turn_of(tls), &tls->grave, bury);
}

static const struct mc_layer_type type = {
    .name = "tls", .start = start, .up = up, .end = end, .down = down, .finish = finish, .free = free_layer};

static struct layer_tls *push(struct mc_conn *conn, struct mc_tls_context *context)
{
    struct mc_pool *pool = &conn->net->turn->realm->pool;
    struct layer_tls *tls = mc_pool_take_zero(pool, sizeof *tls);
    if (!tls) return NULL;
    mc_layer_push(conn, &tls->layer, &type);
    mc_timer_init(&tls->doom, doomed);
    tls->pool = pool;
    tls->context = context ? mc_tls_context_ref(context) : NULL;
    return tls;
}

bool mc_conn_secure(struct mc_conn *conn, struct mc_tls_context *context)
{
    return push(conn, context) != NULL;
}

bool mc_conn_secure_permissive(struct mc_conn *conn, struct mc_tls_context *context)
{
    mc_assert(!context || context->role == MC_TLS_SERVER);
    struct layer_tls *tls = push(conn, context);
    if (tls) tls->permissive = true;
    return tls != NULL;
}

/* ---- queries ---- */

static const struct layer_tls *find(const struct mc_conn *conn)
{
    for (struct mc_layer *layer = conn->layer; layer; layer = layer->below)
        if (layer->type == &type) return of(layer);
    return NULL;
}

bool mc_conn_is_secure(const struct mc_conn *conn)
{
    const struct layer_tls *tls = find(conn);
    return tls && tls->state != PLAIN;
}

const struct mc_tls_peer *mc_conn_peer(const struct mc_conn *conn)
{
    const struct layer_tls *tls = find(conn);
    return tls && tls->state == SECURE ? engine_of(tls)->peer(tls->session) : NULL;
}

struct mc_str mc_conn_alpn(const struct mc_conn *conn)
{
    const struct layer_tls *tls = find(conn);
    return tls && tls->state == SECURE ? engine_of(tls)->alpn(tls->session) : MC_STR("");
}
