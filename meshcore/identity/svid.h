/* X.509-SVIDs and trust bundles as records; the encoded certificates are opaque bytes that only an
 * engine reads. All times are wall-clock nanoseconds. Ref-counted and immutable. */
#ifndef IDENTITY_SVID_H
#define IDENTITY_SVID_H

#include "base/atoms.h"
#include "base/pool.h"
#include "base/time.h"
#include <stdbool.h>

/* What the rules need to know of one certificate, whoever decoded it. */
struct mc_cert_facts {
    mc_atom identity;            /* the one URI SAN; 0 if there is none or more than one */
    uint64_t serial;
    mc_ns not_before, not_after;
    bool is_ca;                  /* basicConstraints CA */
    bool may_sign;               /* keyUsage keyCertSign */
    bool may_authenticate;       /* keyUsage digitalSignature, extKeyUsage allows server and client */
};

struct mc_svid {
    uint32_t references;
    struct mc_pool *pool;
    size_t size;                 /* of this block */
    struct mc_cert_facts facts;
    struct mc_str chain;         /* DER certificates, leaf first, each after a 4-byte big-endian length */
    struct mc_str key;           /* PKCS#8 DER private key of the leaf; empty if it is held elsewhere */
};

struct mc_bundle {
    uint32_t references;
    struct mc_pool *pool;
    size_t size;
    mc_atom trust_domain;
    bool anchors_are_keys;       /* mc_verify_request.anchor_is_a_key; false when made */
    struct mc_str roots;         /* DER certificates, each after a 4-byte big-endian length */
};

/* Certificates in a row: each DER after its length in 4 bytes, big-endian. */
#define MC_DER_FRAMED(length) ((length) + 4)
bool mc_der_next(struct mc_str *framed, struct mc_str *der); /* takes the first off; false: none, or cut short */
size_t mc_der_frame(struct mc_str der, char *out);           /* appends MC_DER_FRAMED(der.n) bytes; returns that */

/* Copies. NULL refuses. One reference for the caller. */
struct mc_svid *mc_svid_new(struct mc_pool *pool, const struct mc_cert_facts *facts, struct mc_str chain, struct mc_str key);
struct mc_svid *mc_svid_ref(struct mc_svid *svid);
void mc_svid_unref(struct mc_svid *svid); /* NULL is allowed */
struct mc_bundle *mc_bundle_new(struct mc_pool *pool, mc_atom trust_domain, struct mc_str roots);
struct mc_bundle *mc_bundle_ref(struct mc_bundle *bundle);
void mc_bundle_unref(struct mc_bundle *bundle);

/* When to ask for the next SVID: after FRACTION_PERMILLE of the lifetime, moved by up to ±JITTER_PERMILLE
 * of the lifetime by DRAW. Istio: 500 ± 10 (SECRET_GRACE_PERIOD_RATIO); Linkerd: 700 of what is left. */
mc_ns mc_svid_renew_at(const struct mc_cert_facts *facts, uint32_t fraction_permille, uint32_t jitter_permille, uint64_t draw);

#endif
