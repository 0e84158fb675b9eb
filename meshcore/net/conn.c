#include "net/conn.h"
#include "base/limits.h"
#include "net/conn_table.h"
#include "net/layer.h"

void mc_conn_init(struct mc_conn *conn, const struct mc_conn_type *type, struct mc_net *net)
{
    *conn = (struct mc_conn){.type = type, .net = net};
}

/* ---- life ---- */

/* A connection may be opened again: nothing of the stream before counts. */
static void begin(struct mc_conn *conn)
{
    conn->finished = conn->ended = conn->clogged = false;
    conn->consumed = 0;
    conn->bytes_in = conn->bytes_out = 0;
}

static void free_layers(struct mc_conn *conn)
{
    while (conn->layer) {
        struct mc_layer *layer = conn->layer;
        conn->layer = layer->below;
        layer->type->free(layer);
        layer->conn = NULL;
    }
}

/* The stream is not this connection's any more; what is left is to tell the owner. */
static void tell_closed(struct mc_conn *conn, enum mc_stream_reason reason)
{
    conn->state = MC_CONN_IDLE;
    free_layers(conn);
    conn->type->closed(conn, reason);
}

static void close(struct mc_conn *conn, enum mc_stream_reason reason)
{
    mc_net_remove(conn->net, conn);
    tell_closed(conn, reason);
}

static void start(struct mc_conn *conn)
{
    struct mc_layer *bottom = conn->layer;
    while (bottom && bottom->below) bottom = bottom->below;
    mc_turn_work(conn->net->turn, MC_WORK_CONNECTION, 1);
    conn->state = bottom ? MC_CONN_SECURING : MC_CONN_READY;
    if (bottom) bottom->type->start(bottom);
    else conn->type->ready(conn);
}

bool mc_conn_open(struct mc_conn *conn, struct mc_addr to)
{
    mc_assert(conn->state == MC_CONN_IDLE);
    if (!mc_net_reserve(conn->net)) {
        free_layers(conn);
        return false;
    }
    begin(conn);
    conn->peer = conn->original = to;
    conn->stream = mc_turn_open(conn->net->turn, to);
    conn->state = MC_CONN_CONNECTING;
    mc_net_add(conn->net, conn);
    return true;
}

bool mc_conn_accept(struct mc_conn *conn, const struct mc_event *accepted)
{
    mc_assert(conn->state == MC_CONN_IDLE);
    if (!mc_net_reserve(conn->net)) {
        mc_turn_reset(conn->net->turn, accepted->stream);
        free_layers(conn);
        return false;
    }
    begin(conn);
    conn->stream = accepted->stream;
    conn->peer = accepted->accepted.peer;
    conn->local = accepted->accepted.local;
    conn->original = accepted->accepted.original;
    mc_net_add(conn->net, conn);
    start(conn);
    return true;
}

void mc_conn_reset(struct mc_conn *conn)
{
    if (conn->state == MC_CONN_IDLE) return;
    mc_turn_reset(conn->net->turn, conn->stream);
    close(conn, MC_REASON_LOCAL_RESET);
}

/* ---- down ---- */

void mc_conn_send(struct mc_conn *conn, struct mc_slice slice)
{
    if (conn->finished || conn->state == MC_CONN_IDLE) {
        mc_slice_unref(slice);
        return;
    }
    mc_assert(conn->state == MC_CONN_READY);
    if (conn->layer) {
        conn->layer->type->down(conn->layer, slice);
        return;
    }
    conn->bytes_out += slice.length;
    mc_turn_send(conn->net->turn, conn->stream, slice);
}

void mc_conn_finish(struct mc_conn *conn)
{
    if (conn->finished || conn->state == MC_CONN_IDLE) return;
    conn->finished = true;
    if (conn->layer) conn->layer->type->finish(conn->layer);
    else mc_turn_finish(conn->net->turn, conn->stream);
}

void mc_conn_consumed(struct mc_conn *conn, uint32_t bytes)
{
    conn->consumed += bytes;
    if (conn->consumed < MC_STREAM_CREDIT / 2 || conn->state == MC_CONN_IDLE || conn->ended) return;
    mc_turn_credit(conn->net->turn, conn->stream, conn->consumed);
    conn->consumed = 0;
}

/* ---- up ---- */

static void clogged(struct mc_conn *conn, bool now)
{
    conn->clogged = now;
    if (conn->state == MC_CONN_READY && conn->type->clogged) conn->type->clogged(conn, now);
}

static struct mc_layer *bottom_of(struct mc_conn *conn)
{
    struct mc_layer *layer = conn->layer;
    while (layer && layer->below) layer = layer->below;
    return layer;
}

static void data(struct mc_conn *conn, struct mc_slice slice)
{
    struct mc_layer *bottom = bottom_of(conn);
    conn->bytes_in += slice.length;
    if (bottom) bottom->type->up(bottom, slice);
    else conn->type->data(conn, slice);
}

static void end(struct mc_conn *conn)
{
    struct mc_layer *bottom = bottom_of(conn);
    conn->ended = true;
    if (bottom) bottom->type->end(bottom);
    else conn->type->end(conn);
}

void mc_conn_event(struct mc_conn *conn, const struct mc_event *event)
{
    switch (event->kind) {
    case MC_EVENT_OPENED:
        conn->local = event->opened.local;
        start(conn);
        return;
    case MC_EVENT_DATA: data(conn, event->data); return;
    case MC_EVENT_END: end(conn); return;
    case MC_EVENT_CLOGGED: clogged(conn, true); return;
    case MC_EVENT_DRAINED: clogged(conn, false); return;
    case MC_EVENT_OPEN_FAILED:
    case MC_EVENT_RESET: close(conn, event->reason); return;
    case MC_EVENT_CLOSED: close(conn, MC_REASON_NONE); return;
    case MC_EVENT_START:
    case MC_EVENT_WAKE:
    case MC_EVENT_ACCEPTED:
    case MC_EVENT_RESOLVED:
    case MC_EVENT_COMMAND:
    case MC_EVENT_STOP:
    case MC_EVENT_KINDS: break;
    }
    mc_unreachable();
}

/* ---- layers ---- */

void mc_layer_push(struct mc_conn *conn, struct mc_layer *layer, const struct mc_layer_type *type)
{
    mc_assert(conn->state == MC_CONN_IDLE);
    *layer = (struct mc_layer){.type = type, .conn = conn, .below = conn->layer};
    if (conn->layer) conn->layer->above = layer;
    conn->layer = layer;
}

void mc_layer_ready(struct mc_layer *layer)
{
    struct mc_conn *conn = layer->conn;
    layer->ready = true;
    if (layer->above) {
        layer->above->type->start(layer->above);
        return;
    }
    conn->state = MC_CONN_READY;
    conn->type->ready(conn);
    if (layer->conn && conn->clogged && conn->type->clogged) conn->type->clogged(conn, true);
}

void mc_layer_up(struct mc_layer *layer, struct mc_slice slice)
{
    if (layer->above) layer->above->type->up(layer->above, slice);
    else layer->conn->type->data(layer->conn, slice);
}

void mc_layer_end(struct mc_layer *layer)
{
    if (layer->above) layer->above->type->end(layer->above);
    else layer->conn->type->end(layer->conn);
}

void mc_layer_down(struct mc_layer *layer, struct mc_slice slice)
{
    struct mc_conn *conn = layer->conn;
    if (layer->below) {
        layer->below->type->down(layer->below, slice);
        return;
    }
    conn->bytes_out += slice.length;
    mc_turn_send(conn->net->turn, conn->stream, slice);
}

void mc_layer_finish(struct mc_layer *layer)
{
    if (layer->below) layer->below->type->finish(layer->below);
    else mc_turn_finish(layer->conn->net->turn, layer->conn->stream);
}

void mc_layer_fail(struct mc_layer *layer, enum mc_stream_reason reason)
{
    struct mc_conn *conn = layer->conn;
    mc_turn_reset(conn->net->turn, conn->stream);
    close(conn, reason);
}

void mc_layer_refuse(struct mc_layer *layer, enum mc_stream_reason reason)
{
    struct mc_conn *conn = layer->conn;
    mc_net_remove(conn->net, conn);
    mc_net_linger(conn->net, conn->stream, conn->finished);
    tell_closed(conn, reason);
}
