#include "identity/verify.h"
#include "base/assert.h"

const char *mc_identity_verdict_text(enum mc_identity_verdict verdict)
{
    static const char *const texts[] = {
#define X(name, text) text,
        MC_IDENTITY_VERDICTS(X)
#undef X
    };
    mc_assert((unsigned)verdict < MC_COUNT_OF(texts));
    return texts[verdict];
}

static enum mc_identity_verdict untrusted(const struct mc_verify_request *request)
{
    return request->chained && request->chain_count ? MC_IDENTITY_ACCEPTED : MC_IDENTITY_UNTRUSTED;
}

/* Certificates whose dates count: all of the path; a lone one is the leaf, whatever the anchor is. */
static uint32_t dated(const struct mc_verify_request *request)
{
    return request->anchor_is_a_key && request->chain_count > 1 ? request->chain_count - 1 : request->chain_count;
}

/* RFC 5280 §4.1.2.5: from notBefore through notAfter, inclusive; §6.1.3 (a)(2): each one of the path. The
 * root is judged too, as Envoy and Go do, unless the anchor is but a key. */
static enum mc_identity_verdict expired(const struct mc_verify_request *request)
{
    for (uint32_t i = 0; i < dated(request); i++)
        if (request->wall > mc_ns_add(request->chain[i].not_after, request->leeway)) return MC_IDENTITY_EXPIRED;
    return MC_IDENTITY_ACCEPTED;
}

static enum mc_identity_verdict not_yet_valid(const struct mc_verify_request *request)
{
    for (uint32_t i = 0; i < dated(request); i++)
        if (mc_ns_add(request->wall, request->leeway) < request->chain[i].not_before)
            return MC_IDENTITY_NOT_YET_VALID;
    return MC_IDENTITY_ACCEPTED;
}

/* X509-SVID §2: exactly one URI, a SPIFFE ID; §5.2: that of a leaf has a path. */
static enum mc_identity_verdict no_identity(const struct mc_verify_request *request)
{
    struct mc_spiffe id;
    if (!mc_spiffe_parse(mc_atoms_text(request->atoms, request->chain[0].identity), &id) || !id.path.n)
        return MC_IDENTITY_NO_IDENTITY;
    return MC_IDENTITY_ACCEPTED;
}

/* The leaf's; and X509-SVID §5.2: that of each signing certificate that has an identity of its own. */
static enum mc_identity_verdict wrong_domain(const struct mc_verify_request *request)
{
    struct mc_str wanted = mc_atoms_text(request->atoms, request->trust_domain);
    for (uint32_t i = 0; i < request->chain_count; i++) {
        struct mc_spiffe id;
        if (i && !request->chain[i].identity) continue;
        if (!mc_spiffe_parse(mc_atoms_text(request->atoms, request->chain[i].identity), &id) ||
            !mc_str_eq(id.trust_domain, wanted))
            return MC_IDENTITY_WRONG_DOMAIN;
    }
    return MC_IDENTITY_ACCEPTED;
}

static enum mc_identity_verdict wrong_identity(const struct mc_verify_request *request)
{
    for (uint32_t i = 0; i < request->accepted_count; i++)
        if (request->accepted[i] == request->chain[0].identity) return MC_IDENTITY_ACCEPTED;
    return request->accepted_count ? MC_IDENTITY_WRONG_IDENTITY : MC_IDENTITY_ACCEPTED;
}

/* X509-SVID §4.1, §4.3, §4.4: a leaf authenticates and does not sign, a signing certificate is a CA. */
static enum mc_identity_verdict wrong_usage(const struct mc_verify_request *request)
{
    const struct mc_cert_facts *leaf = &request->chain[0];
    if (leaf->is_ca || leaf->may_sign || !leaf->may_authenticate) return MC_IDENTITY_WRONG_USAGE;
    for (uint32_t i = 1; i < request->chain_count; i++)
        if (!request->chain[i].is_ca || !request->chain[i].may_sign) return MC_IDENTITY_WRONG_USAGE;
    return MC_IDENTITY_ACCEPTED;
}

enum mc_identity_verdict mc_identity_verify(const struct mc_verify_request *request)
{
    static enum mc_identity_verdict (*const rules[])(const struct mc_verify_request *) = {
        untrusted, expired, not_yet_valid, no_identity, wrong_domain, wrong_identity, wrong_usage,
    };
    for (size_t i = 0; i < MC_COUNT_OF(rules); i++) {
        enum mc_identity_verdict verdict = rules[i](request);
        if (verdict != MC_IDENTITY_ACCEPTED) return verdict;
    }
    return MC_IDENTITY_ACCEPTED;
}
