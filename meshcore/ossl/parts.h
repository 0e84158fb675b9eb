/* What the files of this folder share. */
#ifndef OSSL_PARTS_H
#define OSSL_PARTS_H

#include "base/limits.h"
#include "ossl/engine.h"
#include "ossl/random.h"
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct mc_ossl {
    struct mc_tls_engine engine;
    struct mc_signer signer;
    struct mc_realm *realm;
    OSSL_LIB_CTX *library;
    OSSL_PROVIDER *algorithms;
    OSSL_PROVIDER *random;           /* NULL with the system's entropy */
    struct mc_ossl_stream *stream;   /* NULL with the system's entropy */
    SSL_CTX *roles[2];               /* by enum mc_tls_role: all that does not differ between contexts */
    BIO_METHOD *transport;
    ASN1_TIME *epoch;                /* 1970-01-01T00:00:00Z */
    struct mc_map credentials, anchors; /* in use now, by content: equal SVIDs are decoded once */
};

/* What the seeded streams are for; part of their keys. */
enum mc_ossl_purpose { MC_OSSL_FOR_ENGINE, MC_OSSL_FOR_SESSION, MC_OSSL_FOR_KEY, MC_OSSL_FOR_SIGNATURE };

struct mc_ossl_stream mc_ossl_stream_for(const struct mc_ossl *ossl, enum mc_ossl_purpose purpose, uint64_t owner,
                                         uint64_t ordinal);
/* Before each call into the library: an empty error queue, and randomness from STREAM (if seeded). */
void mc_ossl_enter(struct mc_ossl *ossl, struct mc_ossl_stream stream);

/* ---- credential.c: an SVID, decoded ---- */

struct mc_ossl_credential {
    struct mc_ossl *ossl;
    uint32_t references;
    uint64_t hash;
    struct mc_svid *svid;
    X509 *leaf;
    STACK_OF(X509) *chain; /* what is sent after the leaf */
    EVP_PKEY *key;
};

struct mc_ossl_credential *mc_ossl_credential_get(struct mc_ossl *ossl, const struct mc_svid *svid); /* NULL: unreadable, no memory */
void mc_ossl_credential_unref(struct mc_ossl_credential *credential); /* NULL is allowed */

/* ---- anchors.c: a trust bundle, decoded, and the chains that it has verified ---- */

/* A chain whose signatures hold, leaf first. */
struct mc_ossl_chain {
    uint32_t count;
    struct mc_cert_facts facts[MC_MAX_CHAIN];
};

struct mc_ossl_anchors {
    struct mc_ossl *ossl;
    uint32_t references;
    uint64_t hash;
    struct mc_bundle *bundle;
    X509_STORE *store;
    struct mc_map verified; /* by hash of what the peer has shown */
};

struct mc_ossl_anchors *mc_ossl_anchors_get(struct mc_ossl *ossl, const struct mc_bundle *bundle); /* NULL: unreadable, no memory */
void mc_ossl_anchors_unref(struct mc_ossl_anchors *anchors); /* NULL is allowed */

/* Chains what the peer has shown in STORE to one of the anchors, choosing among several issuers one that is
 * valid at WALL; no certificate is refused for its dates. False: no chain. */
bool mc_ossl_anchors_chain(struct mc_ossl_anchors *anchors, X509_STORE_CTX *store, mc_ns wall,
                           struct mc_ossl_chain *chain);

/* ---- certificate.c ---- */

X509 *mc_ossl_certificate_decode(struct mc_ossl *ossl, struct mc_str der);
bool mc_ossl_certificate_facts(struct mc_ossl *ossl, X509 *certificate, struct mc_cert_facts *facts);
mc_atom mc_ossl_uri_of(struct mc_ossl *ossl, const GENERAL_NAMES *names); /* the one URI; 0: none, or several */

/* ---- context.c ---- */

struct mc_ossl_context {
    struct mc_tls_context base;
    size_t size;
    struct mc_ossl_credential *credential; /* NULL: shows no certificate */
    struct mc_ossl_anchors *anchors;       /* NULL: a server that asks for no certificate */
    mc_ns leeway;
    uint32_t accepted_count, alpn_length;
    const mc_atom *accepted;
    const unsigned char *alpn; /* RFC 7301 §3.1: each name after its length */
};

struct mc_tls_context *mc_ossl_context_new(struct mc_tls_engine *engine, const struct mc_tls_options *options);
void mc_ossl_context_unref(struct mc_tls_context *context);

/* ---- session.c ---- */

/* Where in a record the bytes stand that came last. */
struct mc_ossl_record {
    uint32_t header, length; /* bytes of the header seen; what it says of the length, as far as seen */
    uint32_t body;           /* bytes of the body seen */
};

struct mc_ossl_session {
    struct mc_tls_session base;
    SSL *ssl;
    struct mc_ossl_stream stream;
    struct mc_ossl_record record;
    struct mc_str in;                 /* not yet read by the library; only during a call */
    const struct mc_tls_output *out;  /* only during a call */
    mc_ns wall;                       /* of the call */
    bool refused;                     /* memory for output was */
    bool failed;                      /* nothing more is to be said */
    bool shown;                       /* the peer's certificate has been chained to an anchor */
    enum mc_tls_result verdict;       /* on it */
    struct mc_tls_peer peer;
};

/* Those of the engine's record that concern sessions. */
struct mc_tls_session *mc_ossl_session_open(struct mc_tls_context *context, uint64_t node, uint64_t stream);
void mc_ossl_session_close(struct mc_tls_session *session);
enum mc_tls_result mc_ossl_session_start(struct mc_tls_session *session, mc_ns wall, struct mc_tls_output out);
enum mc_tls_result mc_ossl_session_feed(struct mc_tls_session *session, mc_ns wall, struct mc_slice in,
                                        struct mc_tls_output out);
enum mc_tls_result mc_ossl_session_seal(struct mc_tls_session *session, struct mc_slice plain,
                                        struct mc_tls_output out);
void mc_ossl_session_finish(struct mc_tls_session *session, struct mc_tls_output out);
uint32_t mc_ossl_session_held(const struct mc_tls_session *session);
bool mc_ossl_session_established(const struct mc_tls_session *session);
bool mc_ossl_session_peer_finished(const struct mc_tls_session *session);
const struct mc_tls_peer *mc_ossl_session_peer(const struct mc_tls_session *session);
struct mc_str mc_ossl_session_alpn(const struct mc_tls_session *session);

/* ---- transport.c: the library's view of a session's input and output ---- */

BIO_METHOD *mc_ossl_transport_new(void);
void mc_ossl_record_pass(struct mc_ossl_record *record, struct mc_str bytes);

/* ---- verify.c, alpn.c: what the library asks back ---- */

int mc_ossl_verify(X509_STORE_CTX *store, void *unused);
int mc_ossl_select_alpn(SSL *ssl, const unsigned char **out, unsigned char *length, const unsigned char *offered,
                        unsigned int offered_length, void *unused);

/* ---- signer.c ---- */

extern const struct mc_signer_type mc_ossl_signer_type;

#endif
