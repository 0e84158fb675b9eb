/* What a control plane and its proxies say to each other, one message after another on a byte stream.
 *
 * A message is one modelled chunk: the length that the protobuf form would take (xDS state of the world,
 * Istio's CreateCertificate), and a record that stands for the content. The stream may split it as it
 * likes; it is complete with its last byte.
 */
#ifndef XDS_MESSAGE_H
#define XDS_MESSAGE_H

#include "model/snapshot.h"
#include "model/validate.h"
#include "net/conn.h"

#define MC_XDS_MESSAGES(X) \
    X(SUBSCRIBE, "subscribe") /* proxy → control, first on its connection */ \
    X(PUSH, "push")           /* control → proxy */ \
    X(ACK, "ack") \
    X(NACK, "nack") \
    X(PING, "ping")           /* gRPC keep-alive */ \
    X(PONG, "pong") \
    X(CSR, "csr")             /* agent → CA, the only one on its connection */ \
    X(CERT, "cert")           /* CA → agent */

enum mc_xds_kind {
#define X(name, text) MC_XDS_##name,
    MC_XDS_MESSAGES(X)
#undef X
    MC_XDS_KINDS
};

const char *mc_xds_kind_text(enum mc_xds_kind kind);

/* One version of the configuration as it is offered to every proxy of the same profile. Whether it is
 * sound is found out once, by the first proxy that asks: it is the same answer for all. Ref-counted. */
struct mc_offer {
    uint32_t references;
    struct mc_snapshot *snapshot; /* holds a reference */
    bool checked, sound;
    struct mc_problem problem;    /* checked and not sound */
};

struct mc_offer *mc_offer_new(struct mc_snapshot *snapshot); /* takes a reference of its own; NULL refuses */
struct mc_offer *mc_offer_ref(struct mc_offer *offer);
void mc_offer_unref(struct mc_offer *offer); /* NULL is allowed */
bool mc_offer_check(struct mc_offer *offer); /* true: sound */

enum { MC_XDS_REASON_MAX = 160 };

struct mc_xds_message {
    struct mc_record base; /* kind: enum mc_xds_kind */
    struct mc_pool *pool;
    union {
        struct {
            mc_atom name, workload, zone; /* instance, label, zone */
            uint32_t number;              /* of the node, in the realm */
            uint64_t version;             /* that it runs already; 0: none */
        } subscribe;
        struct {
            uint64_t nonce, version;
            struct mc_offer *offer;       /* PUSH: a reference */
            uint32_t resources;           /* PUSH: how many are new or changed */
            enum mc_resource_type why;    /* NACK: type of the resource that is wrong */
            char reason[MC_XDS_REASON_MAX];
        } config;                         /* PUSH, ACK, NACK */
        struct {
            mc_ns ttl;                    /* asked for; 0: the CA's */
            bool granted;                 /* CERT */
            struct mc_slice der;          /* PKCS#10, or the framed chain (identity/svid.h); a reference */
        } cert;                           /* CSR, CERT */
    };
};

/* Zeroed but for its kind; NULL refuses. It lives until it is sent, and then as long as its chunk. */
struct mc_xds_message *mc_xds_message_new(struct mc_pool *pool, enum mc_xds_kind kind);
void mc_xds_message_free(struct mc_xds_message *message); /* one that was not sent */

/* Sends MESSAGE (taken) as BYTES; 0: as many as its kind takes. False: no memory, nothing was sent. */
bool mc_xds_send(struct mc_conn *conn, struct mc_xds_message *message, uint32_t bytes);

/* What SLICE completes, or NULL. Borrowed from SLICE. *broken: bytes that are not of this protocol. */
struct mc_xds_message *mc_xds_received(struct mc_slice slice, bool *broken);

#endif
