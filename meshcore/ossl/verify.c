#include "identity/verify.h"
#include "ossl/parts.h"

/* What a verdict becomes: our result, and the error from which libssl picks the alert (certificate_expired,
 * unknown_ca, bad_certificate, unsupported_certificate; RFC 8446 §6.2). */
static const struct {
    enum mc_tls_result result;
    int error;
} outcomes[] = {
    [MC_IDENTITY_ACCEPTED] = {MC_TLS_OK, X509_V_OK},
    [MC_IDENTITY_EXPIRED] = {MC_TLS_CERTIFICATE_EXPIRED, X509_V_ERR_CERT_HAS_EXPIRED},
    [MC_IDENTITY_NOT_YET_VALID] = {MC_TLS_CERTIFICATE_NOT_YET_VALID, X509_V_ERR_CERT_NOT_YET_VALID},
    [MC_IDENTITY_UNTRUSTED] = {MC_TLS_UNKNOWN_CA, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
    [MC_IDENTITY_NO_IDENTITY] = {MC_TLS_BAD_IDENTITY, X509_V_ERR_CERT_REJECTED},
    [MC_IDENTITY_WRONG_DOMAIN] = {MC_TLS_BAD_IDENTITY, X509_V_ERR_CERT_REJECTED},
    [MC_IDENTITY_WRONG_IDENTITY] = {MC_TLS_BAD_IDENTITY, X509_V_ERR_CERT_REJECTED},
    [MC_IDENTITY_WRONG_USAGE] = {MC_TLS_BAD_IDENTITY, X509_V_ERR_INVALID_PURPOSE},
};

static void note_peer(struct mc_ossl_session *session, const struct mc_cert_facts *leaf)
{
    session->shown = true;
    session->peer = (struct mc_tls_peer){.identity = leaf->identity,
                                         .serial = leaf->serial,
                                         .not_before = leaf->not_before,
                                         .not_after = leaf->not_after};
}

int mc_ossl_verify(X509_STORE_CTX *store, void *unused)
{
    (void)unused;
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct mc_ossl_session *session = SSL_get_app_data(ssl);
    const struct mc_ossl_context *context = mc_container(session->base.context, struct mc_ossl_context, base);
    struct mc_ossl_anchors *anchors = context->anchors;
    struct mc_ossl_chain chain;
    bool chained = mc_ossl_anchors_chain(anchors, store, session->wall, &chain);
    if (chained) note_peer(session, &chain.facts[0]);
    enum mc_identity_verdict verdict = mc_identity_verify(&(struct mc_verify_request){
        .chain = chain.facts,
        .chain_count = chain.count,
        .chained = chained,
        .anchor_is_a_key = anchors->bundle->anchors_are_keys,
        .atoms = &anchors->ossl->realm->atoms,
        .trust_domain = anchors->bundle->trust_domain,
        .accepted = context->accepted,
        .accepted_count = context->accepted_count,
        .wall = session->wall,
        .leeway = context->leeway,
    });
    session->verdict = outcomes[verdict].result;
    X509_STORE_CTX_set_error(store, outcomes[verdict].error);
    return verdict == MC_IDENTITY_ACCEPTED;
}

/* RFC 7301 §3.2: a server that shares no protocol with the client says so and ends the handshake. */
int mc_ossl_select_alpn(SSL *ssl, const unsigned char **out, unsigned char *length, const unsigned char *offered,
                        unsigned int offered_length, void *unused)
{
    (void)unused;
    const struct mc_ossl_session *session = SSL_get_app_data(ssl);
    const struct mc_ossl_context *context = mc_container(session->base.context, struct mc_ossl_context, base);
    if (!context->alpn_length) return SSL_TLSEXT_ERR_NOACK;
    unsigned char *chosen;
    int found = SSL_select_next_proto(&chosen, length, context->alpn, context->alpn_length, offered, offered_length);
    *out = chosen;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}
