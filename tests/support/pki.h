/* A CA of one trust domain and the SVIDs it has issued, for tests that speak TLS. Link ossl. */
#ifndef SUPPORT_PKI_H
#define SUPPORT_PKI_H

#include "ossl/engine.h"
#include "support/memory.h"

#define PKI_DOMAIN "cluster.local"
#define PKI_NOW (INT64_C(1704067200) * MC_S) /* 2024-01-01T00:00:00Z, as the wire has it */

struct pki {
    struct test_memory memory;
    struct mc_realm realm;
    struct mc_ossl *ossl;
    struct mc_signer *signer;
    struct mc_authority *root;
    struct mc_bundle *bundle;
    uint64_t serial;
};

static inline mc_atom pki_atom(struct pki *pki, const char *text)
{
    return mc_atoms_intern(&pki->realm.atoms, mc_str_c(text));
}

static inline struct mc_bundle *pki_bundle(struct pki *pki, const struct mc_authority *root)
{
    char framed[2048];
    size_t length = mc_der_frame(mc_slice_str(root->certificate), framed);
    mc_assert(length <= sizeof framed);
    return mc_bundle_new(&pki->realm.pool, pki_atom(pki, PKI_DOMAIN), mc_str(framed, length));
}

static inline struct mc_authority *pki_root(struct pki *pki, uint64_t owner)
{
    return mc_signer_make_root(pki->signer, (struct mc_key_name){owner, 0},
                               &(struct mc_cert_options){.identity = MC_STR("spiffe://" PKI_DOMAIN),
                                                         .serial = owner,
                                                         .not_before = PKI_NOW - 24 * MC_HOUR,
                                                         .not_after = PKI_NOW + 3650 * 24 * MC_HOUR});
}

static inline void pki_init(struct pki *pki, uint64_t seed, enum mc_ossl_entropy entropy)
{
    *pki = (struct pki){.serial = 100};
    mc_realm_init(&pki->realm, test_alloc(&pki->memory), seed);
    pki->ossl = mc_ossl_new(&(struct mc_ossl_options){.realm = &pki->realm, .entropy = entropy});
    mc_assert(pki->ossl);
    pki->signer = mc_ossl_signer(pki->ossl);
    pki->root = pki_root(pki, 1);
    mc_assert(pki->root);
    pki->bundle = pki_bundle(pki, pki->root);
}

static inline void pki_fini(struct pki *pki)
{
    mc_bundle_unref(pki->bundle);
    mc_authority_free(pki->root);
    mc_ossl_free(pki->ossl);
    mc_assert(pki->realm.pool.live_blocks == pki->realm.atoms.count + 2 * (pki->realm.atoms.capacity > 0));
    mc_realm_fini(&pki->realm);
    mc_assert(pki->memory.live_blocks == 0);
}

/* By way of a certificate request, as a workload gets it. */
static inline struct mc_svid *pki_issue(struct pki *pki, struct mc_authority *authority, const char *identity,
                                        mc_ns not_before, mc_ns not_after)
{
    struct mc_slice key = mc_signer_make_key(pki->signer, (struct mc_key_name){2, ++pki->serial});
    struct mc_slice request = mc_signer_make_csr(pki->signer, mc_slice_str(key), mc_str_c(identity));
    struct mc_csr csr;
    struct mc_cert_facts facts;
    mc_assert(mc_signer_read_csr(pki->signer, mc_slice_str(request), &csr));
    struct mc_slice chain = mc_authority_issue(authority, mc_slice_str(csr.public_key),
                                               &(struct mc_cert_options){.identity = mc_str_c(identity),
                                                                         .serial = pki->serial,
                                                                         .not_before = not_before,
                                                                         .not_after = not_after});
    mc_assert(mc_signer_read(pki->signer, mc_slice_str(chain), &facts));
    struct mc_svid *svid = mc_svid_new(&pki->realm.pool, &facts, mc_slice_str(chain), mc_slice_str(key));
    mc_slice_unref(csr.public_key);
    mc_slice_unref(request);
    mc_slice_unref(chain);
    mc_slice_unref(key);
    mc_assert(svid);
    return svid;
}

/* A day from PKI_NOW. */
static inline struct mc_svid *pki_svid(struct pki *pki, const char *identity)
{
    return pki_issue(pki, pki->root, identity, PKI_NOW - MC_HOUR, PKI_NOW + 24 * MC_HOUR);
}

static inline struct mc_tls_context *pki_context(struct pki *pki, struct mc_tls_options options)
{
    struct mc_tls_engine *engine = mc_ossl_engine(pki->ossl);
    if (!options.trust) options.trust = pki->bundle;
    struct mc_tls_context *context = engine->type->context(engine, &options);
    mc_assert(context);
    return context;
}

#endif
