#include "base/digest.h"
#include "ossl/parts.h"

/* OpenSSL asks for the private key of the leaf by value: what is held elsewhere cannot be used. */
static EVP_PKEY *decode_key(struct mc_ossl *ossl, struct mc_str der)
{
    const unsigned char *at = (const unsigned char *)der.p;
    PKCS8_PRIV_KEY_INFO *info = der.n ? d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.n) : NULL;
    EVP_PKEY *key = info ? EVP_PKCS82PKEY_ex(info, ossl->library, NULL) : NULL;
    PKCS8_PRIV_KEY_INFO_free(info);
    return key;
}

static bool decode_chain(struct mc_ossl_credential *credential, struct mc_str framed)
{
    struct mc_str der;
    credential->chain = sk_X509_new_null();
    if (!credential->chain) return false;
    for (int i = 0; mc_der_next(&framed, &der); i++) {
        X509 *certificate = i < MC_MAX_CHAIN ? mc_ossl_certificate_decode(credential->ossl, der) : NULL;
        if (!certificate) return false;
        if (i == 0) credential->leaf = certificate;
        else if (!sk_X509_push(credential->chain, certificate)) {
            X509_free(certificate);
            return false;
        }
    }
    return credential->leaf && framed.n == 0;
}

static void free_credential(struct mc_ossl_credential *credential)
{
    EVP_PKEY_free(credential->key);
    sk_X509_pop_free(credential->chain, X509_free);
    X509_free(credential->leaf);
    mc_svid_unref(credential->svid);
    mc_pool_give(&credential->ossl->realm->pool, credential, sizeof *credential);
}

static struct mc_ossl_credential *decode(struct mc_ossl *ossl, const struct mc_svid *svid, uint64_t hash)
{
    struct mc_pool *pool = &ossl->realm->pool;
    struct mc_ossl_credential *credential = mc_pool_take_zero(pool, sizeof *credential);
    if (!credential) return NULL;
    credential->ossl = ossl;
    credential->references = 1;
    credential->hash = hash;
    credential->svid = mc_svid_new(pool, &svid->facts, svid->chain, svid->key);
    credential->key = decode_key(ossl, svid->key);
    if (credential->svid && credential->key && decode_chain(credential, svid->chain) &&
        X509_check_private_key(credential->leaf, credential->key) == 1 &&
        mc_map_put(&ossl->credentials, hash, credential))
        return credential;
    free_credential(credential);
    return NULL;
}

static bool same(const struct mc_svid *a, const struct mc_svid *b)
{
    return mc_str_eq(a->chain, b->chain) && mc_str_eq(a->key, b->key);
}

struct mc_ossl_credential *mc_ossl_credential_get(struct mc_ossl *ossl, const struct mc_svid *svid)
{
    uint64_t hash = mc_hash(svid->chain, svid->key.n);
    struct mc_ossl_credential *known;
    while ((known = mc_map_get(&ossl->credentials, hash)) && !same(known->svid, svid)) hash++;
    if (!known) return decode(ossl, svid, hash);
    known->references++;
    return known;
}

void mc_ossl_credential_unref(struct mc_ossl_credential *credential)
{
    if (!credential || --credential->references) return;
    mc_map_remove(&credential->ossl->credentials, credential->hash);
    free_credential(credential);
}
