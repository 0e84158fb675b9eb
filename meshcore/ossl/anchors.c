#include "base/digest.h"
#include "ossl/parts.h"

/* ---- verified chains ----
 *
 * A peer shows the same certificates again and again, and signatures do not wear out: a chain that held
 * once is known by the bytes that were shown. Dates are no part of it; the rules look at them each time. */

struct verified {
    struct mc_ossl_chain chain;
    size_t length;
    char shown[]; /* DER certificates one after the other */
};

static size_t size_of(const struct verified *verified)
{
    return sizeof *verified + verified->length;
}

static void forget(struct mc_ossl_anchors *anchors, uint64_t hash)
{
    struct verified *verified = mc_map_remove(&anchors->verified, hash);
    if (verified) mc_pool_give(&anchors->ossl->realm->pool, verified, size_of(verified));
}

static void forget_oldest(struct mc_ossl_anchors *anchors)
{
    uint32_t at = 0;
    forget(anchors, mc_map_next(&anchors->verified, &at)->key);
}

/* The encodings of all that the peer has shown, leaf first, in one block. NULL refuses. */
static struct verified *gather(struct mc_pool *pool, X509_STORE_CTX *store)
{
    STACK_OF(X509) *shown = X509_STORE_CTX_get0_untrusted(store);
    size_t length = 0;
    for (int i = 0; i < sk_X509_num(shown); i++) {
        int part = i2d_X509(sk_X509_value(shown, i), NULL);
        if (part < 0) return NULL;
        length += (size_t)part;
    }
    struct verified *verified = mc_pool_take(pool, sizeof *verified + length);
    if (!verified) return NULL;
    verified->chain.count = 0;
    verified->length = length;
    unsigned char *at = (unsigned char *)verified->shown;
    for (int i = 0; i < sk_X509_num(shown); i++) i2d_X509(sk_X509_value(shown, i), &at);
    return verified;
}

static bool same(const struct verified *a, const struct verified *b)
{
    return a->length == b->length && memcmp(a->shown, b->shown, a->length) == 0;
}

static bool all_valid_at(const struct mc_ossl_chain *chain, mc_ns wall)
{
    for (uint32_t i = 0; i < chain->count; i++)
        if (wall < chain->facts[i].not_before || wall > chain->facts[i].not_after) return false;
    return true;
}

static void remember(struct mc_ossl_anchors *anchors, uint64_t hash, struct verified *verified)
{
    forget(anchors, hash);
    if (anchors->verified.count == MC_MAX_VERIFIED) forget_oldest(anchors);
    if (!mc_map_put(&anchors->verified, hash, verified))
        mc_pool_give(&anchors->ossl->realm->pool, verified, size_of(verified));
}

/* ---- building a chain ---- */

static int overlook_dates(int holds, X509_STORE_CTX *store)
{
    int error = X509_STORE_CTX_get_error(store);
    return holds || error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID;
}

/* OpenSSL prefers an issuer that is valid at the time that it is given, so it is given one. */
static bool build(struct mc_ossl *ossl, X509_STORE_CTX *store, mc_ns wall, struct mc_ossl_chain *chain)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(store);
    X509_VERIFY_PARAM_set_time(param, (time_t)(wall / MC_S));
    X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY); /* usage is for identity/verify.h to judge */
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
    X509_STORE_CTX_set_verify_cb(store, overlook_dates);
    if (X509_verify_cert(store) != 1) return false;
    STACK_OF(X509) *built = X509_STORE_CTX_get0_chain(store);
    if (sk_X509_num(built) > MC_MAX_CHAIN) return false;
    chain->count = (uint32_t)sk_X509_num(built);
    for (uint32_t i = 0; i < chain->count; i++)
        if (!mc_ossl_certificate_facts(ossl, sk_X509_value(built, (int)i), &chain->facts[i])) return false;
    return true;
}

bool mc_ossl_anchors_chain(struct mc_ossl_anchors *anchors, X509_STORE_CTX *store, mc_ns wall,
                           struct mc_ossl_chain *chain)
{
    struct mc_pool *pool = &anchors->ossl->realm->pool;
    struct verified *shown = gather(pool, store);
    if (!shown) return false;
    uint64_t hash = mc_hash(mc_str(shown->shown, shown->length), 0);
    const struct verified *known = mc_map_get(&anchors->verified, hash);
    /* Out of its dates a chain is built anew: another issuer of the same name may have come into them. */
    if (known && same(known, shown) && all_valid_at(&known->chain, wall)) {
        *chain = known->chain;
    } else if (build(anchors->ossl, store, wall, chain)) {
        shown->chain = *chain;
        remember(anchors, hash, shown);
        return true;
    } else {
        chain->count = 0;
    }
    mc_pool_give(pool, shown, size_of(shown));
    return chain->count > 0;
}

/* ---- life ---- */

static bool add_roots(struct mc_ossl_anchors *anchors, struct mc_str framed)
{
    struct mc_str der;
    while (mc_der_next(&framed, &der)) {
        X509 *root = mc_ossl_certificate_decode(anchors->ossl, der);
        bool added = root && X509_STORE_add_cert(anchors->store, root) == 1;
        X509_free(root);
        if (!added) return false;
    }
    return framed.n == 0;
}

static void free_anchors(struct mc_ossl_anchors *anchors)
{
    while (anchors->verified.count) forget_oldest(anchors);
    mc_map_fini(&anchors->verified);
    X509_STORE_free(anchors->store);
    mc_bundle_unref(anchors->bundle);
    mc_pool_give(&anchors->ossl->realm->pool, anchors, sizeof *anchors);
}

static struct mc_ossl_anchors *decode(struct mc_ossl *ossl, const struct mc_bundle *bundle, uint64_t hash)
{
    struct mc_pool *pool = &ossl->realm->pool;
    struct mc_ossl_anchors *anchors = mc_pool_take_zero(pool, sizeof *anchors);
    if (!anchors) return NULL;
    anchors->ossl = ossl;
    anchors->references = 1;
    anchors->hash = hash;
    anchors->bundle = mc_bundle_new(pool, bundle->trust_domain, bundle->roots);
    if (anchors->bundle) anchors->bundle->anchors_are_keys = bundle->anchors_are_keys;
    anchors->store = X509_STORE_new();
    mc_map_init(&anchors->verified, mc_pool_as_alloc(pool));
    if (anchors->bundle && anchors->store && add_roots(anchors, bundle->roots) &&
        mc_map_put(&ossl->anchors, hash, anchors))
        return anchors;
    free_anchors(anchors);
    return NULL;
}

struct mc_ossl_anchors *mc_ossl_anchors_get(struct mc_ossl *ossl, const struct mc_bundle *bundle)
{
    uint64_t hash = mc_hash(bundle->roots, mc_hash(mc_atoms_text(&ossl->realm->atoms, bundle->trust_domain), 0));
    struct mc_ossl_anchors *known;
    while ((known = mc_map_get(&ossl->anchors, hash)) &&
           (known->bundle->trust_domain != bundle->trust_domain || known->bundle->anchors_are_keys != bundle->anchors_are_keys ||
            !mc_str_eq(known->bundle->roots, bundle->roots)))
        hash++;
    if (!known) return decode(ossl, bundle, hash);
    known->references++;
    return known;
}

void mc_ossl_anchors_unref(struct mc_ossl_anchors *anchors)
{
    if (!anchors || --anchors->references) return;
    mc_map_remove(&anchors->ossl->anchors, anchors->hash);
    free_anchors(anchors);
}
