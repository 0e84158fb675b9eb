#include "ossl/request.h"
#include <limits.h>

GENERAL_NAMES *mc_ossl_uri_names(struct mc_str uri)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    if (names && name && text && uri.n <= INT_MAX && ASN1_STRING_set(text, uri.p, (int)uri.n) == 1 &&
        sk_GENERAL_NAME_push(names, name) > 0) {
        GENERAL_NAME_set0_value(name, GEN_URI, text);
        return names;
    }
    GENERAL_NAMES_free(names);
    GENERAL_NAME_free(name);
    ASN1_IA5STRING_free(text);
    return NULL;
}

static bool ask_for(X509_REQ *request, struct mc_str identity)
{
    if (!identity.n) return true;
    GENERAL_NAMES *names = mc_ossl_uri_names(identity);
    STACK_OF(X509_EXTENSION) *extensions = NULL;
    bool added = names && X509V3_add1_i2d(&extensions, NID_subject_alt_name, names, 1, X509V3_ADD_DEFAULT) == 1 &&
                 X509_REQ_add_extensions(request, extensions) == 1;
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    GENERAL_NAMES_free(names);
    return added;
}

X509_REQ *mc_ossl_request_new(struct mc_ossl *ossl, struct mc_str der, struct mc_str identity)
{
    const unsigned char *at = (const unsigned char *)der.p;
    EVP_PKEY *key = d2i_AutoPrivateKey_ex(NULL, &at, (long)der.n, ossl->library, NULL);
    X509_REQ *request = key ? X509_REQ_new_ex(ossl->library, NULL) : NULL;
    bool made = request && X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
                X509_REQ_set_pubkey(request, key) == 1 && ask_for(request, identity) &&
                X509_REQ_sign(request, key, EVP_sha256()) > 0;
    EVP_PKEY_free(key);
    if (made) return request;
    X509_REQ_free(request);
    return NULL;
}

X509_REQ *mc_ossl_request_read(struct mc_ossl *ossl, struct mc_str der)
{
    const unsigned char *at = (const unsigned char *)der.p;
    X509_REQ *request = X509_REQ_new_ex(ossl->library, NULL);
    if (request && d2i_X509_REQ(&request, &at, (long)der.n) && at == (const unsigned char *)der.p + der.n) {
        EVP_PKEY *key = X509_REQ_get0_pubkey(request);
        if (key && X509_REQ_verify_ex(request, key, ossl->library, NULL) == 1) return request;
    }
    X509_REQ_free(request);
    return NULL;
}

mc_atom mc_ossl_request_identity(struct mc_ossl *ossl, X509_REQ *request)
{
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
    GENERAL_NAMES *names = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
    mc_atom identity = names ? mc_ossl_uri_of(ossl, names) : 0;
    GENERAL_NAMES_free(names);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    return identity;
}
