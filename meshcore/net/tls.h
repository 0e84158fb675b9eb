/* TLS as the core sees it: contexts, who the peer proved to be, and the engine record behind the seam.
 *
 * An engine turns bytes into bytes over memory: OpenSSL (meshcore/ossl) in `wire` fidelity and live, a
 * model later. It does arithmetic and encoding only; whether a peer's certificate may be accepted is
 * decided by identity/verify.h for every engine.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/chunk.h"
#include "base/result.h"
#include "base/time.h"
#include "identity/svid.h"
#include <stdbool.h>

#define MC_TLS_RESULTS(X) \
    X(OK, "ok") \
    X(CERTIFICATE_EXPIRED, "certificate_expired") \
    X(CERTIFICATE_NOT_YET_VALID, "certificate_not_yet_valid") \
    X(UNKNOWN_CA, "unknown_ca") \
    X(BAD_IDENTITY, "bad_identity") \
    X(NO_CERTIFICATE, "no_certificate") \
    X(NO_PROTOCOL, "no_application_protocol") \
    X(PEER_ALERT, "alert_received") \
    X(PROTOCOL, "protocol_error") \
    X(NO_MEMORY, "out_of_memory")

enum mc_tls_result {
#define X(name, text) MC_TLS_##name,
    MC_TLS_RESULTS(X)
#undef X
};

const char *mc_tls_result_text(enum mc_tls_result result);

struct mc_tls_peer {
    mc_atom identity; /* SPIFFE ID; 0 if none was shown */
    uint64_t serial;
    mc_ns not_before, not_after; /* wall */
};

enum mc_tls_role { MC_TLS_CLIENT, MC_TLS_SERVER };

/* What a context is made from. Everything is borrowed during the call only. */
struct mc_tls_options {
    enum mc_tls_role role;
    const struct mc_svid *own;         /* certificate, chain and key; NULL for a client without one */
    const struct mc_bundle *trust;     /* whom to believe */
    const mc_atom *accepted;           /* SPIFFE IDs that the peer may have; none: any under the bundle */
    uint32_t accepted_count;
    const char *const *alpn;           /* in order of preference; NULL-terminated; NULL: none */
    bool require_peer;                 /* mTLS: a server demands a certificate */
    mc_ns leeway;                      /* clock error that is forgiven (Istio 0, Linkerd 20 s) */
};

struct mc_tls_context;

/* First member of an engine's session. */
struct mc_tls_session {
    struct mc_tls_context *context; /* holds a reference */
};

struct mc_tls_output {
    struct mc_slices *cipher; /* bytes for the peer are appended here */
    struct mc_slices *plain;  /* bytes for the owner are appended here */
};

struct mc_tls_engine;

struct mc_tls_engine_type {
    const char *name;
    struct mc_tls_context *(*context)(struct mc_tls_engine *engine, const struct mc_tls_options *options); /* NULL refuses */
    void (*context_unref)(struct mc_tls_context *context);
    struct mc_tls_session *(*open)(struct mc_tls_context *context, uint64_t node, uint64_t stream); /* NULL refuses; (node, stream) key the randomness in simulation */
    void (*close)(struct mc_tls_session *session);
    /* The client's first flight. WALL judges validity. */
    enum mc_tls_result (*start)(struct mc_tls_session *session, mc_ns wall, struct mc_tls_output out);
    /* Bytes from the peer. Anything but OK is final; an alert may stand in out.cipher. Takes the slice. */
    enum mc_tls_result (*feed)(struct mc_tls_session *session, mc_ns wall, struct mc_slice in, struct mc_tls_output out);
    enum mc_tls_result (*seal)(struct mc_tls_session *session, struct mc_slice plain, struct mc_tls_output out); /* takes the slice */
    void (*finish)(struct mc_tls_session *session, struct mc_tls_output out); /* close_notify */
    bool (*established)(const struct mc_tls_session *session);
    uint32_t (*held)(const struct mc_tls_session *session); /* bytes that were fed of a record not yet complete */
    bool (*peer_finished)(const struct mc_tls_session *session); /* close_notify was read */
    const struct mc_tls_peer *(*peer)(const struct mc_tls_session *session);
    struct mc_str (*alpn)(const struct mc_tls_session *session);
};

/* First member of an engine. */
struct mc_tls_engine {
    const struct mc_tls_engine_type *type;
};

/* First member of a context, ref-counted by the engine's context_unref and mc_tls_context_ref. */
struct mc_tls_context {
    struct mc_tls_engine *engine;
    struct mc_pool *pool; /* the realm's */
    uint32_t references;
    enum mc_tls_role role;
    mc_atom own_identity;
    uint64_t own_serial;
};

static inline struct mc_tls_context *mc_tls_context_ref(struct mc_tls_context *context)
{
    context->references++;
    return context;
}

static inline void mc_tls_context_unref(struct mc_tls_context *context)
{
    if (context) context->engine->type->context_unref(context);
}

#endif
