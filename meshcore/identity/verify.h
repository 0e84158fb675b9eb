/* Whether a peer's certificate may be accepted: the rules, for every engine. An engine has checked
 * signatures and chained the leaf to a root of the bundle; everything else is judged here.
 * Sources: RFC 5280 §4.1.2.5 and §4.2.1, X509-SVID §4–5. */
#ifndef IDENTITY_VERIFY_H
#define IDENTITY_VERIFY_H

#include "identity/spiffe.h"
#include "identity/svid.h"

#define MC_IDENTITY_VERDICTS(X) \
    X(ACCEPTED, "accepted") \
    X(EXPIRED, "certificate expired") \
    X(NOT_YET_VALID, "certificate not yet valid") \
    X(UNTRUSTED, "no chain to a trusted root") \
    X(NO_IDENTITY, "no single SPIFFE ID in the certificate") \
    X(WRONG_DOMAIN, "identity outside the trust domain") \
    X(WRONG_IDENTITY, "identity not among those expected") \
    X(WRONG_USAGE, "certificate not meant for this use")

enum mc_identity_verdict {
#define X(name, text) MC_IDENTITY_##name,
    MC_IDENTITY_VERDICTS(X)
#undef X
};

const char *mc_identity_verdict_text(enum mc_identity_verdict verdict);

struct mc_verify_request {
    const struct mc_cert_facts *chain; /* leaf first, the root last */
    uint32_t chain_count;
    bool chained;                      /* signatures hold up to a root of the bundle */
    bool anchor_is_a_key;              /* the dates of the root are not judged (RFC 5280 §6.1.1 (d): rustls, so Linkerd);
                                          OpenSSL, BoringSSL and Go judge them */
    const struct mc_atoms *atoms;
    mc_atom trust_domain;
    const mc_atom *accepted;           /* none: any identity of the trust domain */
    uint32_t accepted_count;
    mc_ns wall, leeway;                /* now, and how much clock error is forgiven (Istio 0, Linkerd 20 s) */
};

/* The first rule that is broken, in the order of the list above after UNTRUSTED. */
enum mc_identity_verdict mc_identity_verify(const struct mc_verify_request *request);

#endif
