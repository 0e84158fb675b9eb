/* One host stream and the chain of layers on it (plain; TLS on plain; …).
 *
 * The owner embeds a struct mc_conn and gives it a type. Bytes go up through the layers to
 * type->data; mc_conn_send goes down. The owner sees plain bytes whatever the chain is.
 *
 * Life: mc_conn_open or mc_conn_accept, then `ready` once all layers are established, then data, then
 * exactly one `closed`, after which the owner may give its memory back in the same call. After
 * mc_conn_reset the owner is told closed(LOCAL_RESET) before that call returns, unless it was already.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include "net/net.h"

struct mc_layer; /* net/layer.h */
struct mc_tls_context;
struct mc_tls_peer;

struct mc_conn;

struct mc_conn_type {
    const char *name;
    void (*ready)(struct mc_conn *conn);
    void (*data)(struct mc_conn *conn, struct mc_slice slice); /* the reference is the owner's; grant again with mc_conn_consumed */
    void (*end)(struct mc_conn *conn);                         /* the peer has finished sending; may come once, after all data */
    void (*clogged)(struct mc_conn *conn, bool clogged);       /* stop / go on sending */
    void (*closed)(struct mc_conn *conn, enum mc_stream_reason reason); /* terminal; NONE: both sides finished */
};

enum mc_conn_state {
    MC_CONN_IDLE,       /* before open or accept, and after closed */
    MC_CONN_CONNECTING, /* OPEN is under way */
    MC_CONN_SECURING,   /* layers are handshaking */
    MC_CONN_READY,
};

struct mc_conn {
    const struct mc_conn_type *type;
    struct mc_net *net;
    mc_stream stream;
    struct mc_layer *layer;  /* top of the chain; NULL: plain */
    struct mc_addr peer, local, original;
    enum mc_conn_state state;
    bool ended;    /* the peer has finished */
    bool finished; /* we have finished */
    bool clogged;
    uint32_t consumed; /* bytes taken but not granted again yet */
    uint64_t bytes_in, bytes_out; /* on the wire, layers included */
};

/* A fresh connection; the owner sets up layers (mc_conn_secure) before it opens or accepts. */
void mc_conn_init(struct mc_conn *conn, const struct mc_conn_type *type, struct mc_net *net);
/* Puts TLS on top and takes a reference of the context. False: no memory. */
bool mc_conn_secure(struct mc_conn *conn, struct mc_tls_context *context);
/* The same for an accepted connection whose peer may also speak plain (Istio's PERMISSIVE): a first byte
 * of 22, a TLS handshake record (RFC 8446 §5.1), decides. `ready` waits for it. CONTEXT may be NULL, there
 * is no certificate yet: then who speaks TLS is cut. */
bool mc_conn_secure_permissive(struct mc_conn *conn, struct mc_tls_context *context);
/* False: no memory; the connection stays idle, has lost its layers, and `closed` is not told. */
bool mc_conn_open(struct mc_conn *conn, struct mc_addr to);
bool mc_conn_accept(struct mc_conn *conn, const struct mc_event *accepted); /* false: refused, stream reset */

void mc_conn_send(struct mc_conn *conn, struct mc_slice slice); /* takes the slice; ignored after finish */
void mc_conn_finish(struct mc_conn *conn);                      /* half-close after what was sent */
void mc_conn_reset(struct mc_conn *conn);
void mc_conn_consumed(struct mc_conn *conn, uint32_t bytes); /* grants again once half the credit is used */

bool mc_conn_is_secure(const struct mc_conn *conn);
const struct mc_tls_peer *mc_conn_peer(const struct mc_conn *conn); /* who proved to be there; NULL if plain */
struct mc_str mc_conn_alpn(const struct mc_conn *conn);             /* negotiated protocol; empty if none */

/* For mc_net: one stream event of this connection. */
void mc_conn_event(struct mc_conn *conn, const struct mc_event *event);

#endif
