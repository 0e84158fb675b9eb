/* Who makes keys, certificate requests and certificates: a record behind which stands OpenSSL
 * (meshcore/ossl) or a model, so that a CA issues without knowing either.
 *
 * Nothing is judged here. Names, serial numbers and times are written as they are given, wrong ones
 * too: that is how faults are made. Every answer that is a slice is DER in a chunk of the caller's; an
 * empty slice refuses.
 *
 * Key material: a seeded signer (simulation) derives every key and signature from the realm's seed and
 * the names given below; any other one takes the system's entropy and ignores those names.
 */
#ifndef IDENTITY_SIGNER_H
#define IDENTITY_SIGNER_H

#include "base/chunk.h"
#include "identity/svid.h"

struct mc_signer {
    const struct mc_signer_type *type;
};

/* What a seeded key is derived from: who wants it, and how many it has had before. */
struct mc_key_name {
    uint64_t owner, ordinal;
};

/* What a certificate shall say. Times are cut to whole seconds. */
struct mc_cert_options {
    struct mc_str identity; /* the URI SAN, as it is; empty: none */
    uint64_t serial;
    mc_ns not_before, not_after; /* wall */
};

/* A CA: its certificate, and its key in the signer's own form. */
struct mc_authority {
    struct mc_signer *signer;
    struct mc_slice certificate; /* DER */
};

/* What a certificate request says, once its signature has proved that the sender holds the key. */
struct mc_csr {
    struct mc_slice public_key; /* SubjectPublicKeyInfo; give the reference back */
    mc_atom identity;           /* the one URI SAN that is asked for; 0: none */
};

struct mc_signer_type {
    const char *name;
    /* A self-signed CA, or with PARENT one under it. NULL refuses. */
    struct mc_authority *(*make_authority)(struct mc_signer *signer, const struct mc_authority *parent,
                                           struct mc_key_name key, const struct mc_cert_options *options);
    void (*free_authority)(struct mc_authority *authority);
    struct mc_slice (*make_key)(struct mc_signer *signer, struct mc_key_name name); /* PKCS#8 */
    struct mc_slice (*make_csr)(struct mc_signer *signer, struct mc_str key, struct mc_str identity); /* PKCS#10 */
    bool (*read_csr)(struct mc_signer *signer, struct mc_str csr, struct mc_csr *out); /* false: not one, or not signed by its key */
    /* A leaf for PUBLIC_KEY: the framed chain (svid.h), leaf first, without the self-signed root. */
    struct mc_slice (*issue)(struct mc_authority *authority, struct mc_str public_key,
                             const struct mc_cert_options *options);
    /* What the first certificate of a framed chain says. False: unreadable. */
    bool (*read)(struct mc_signer *signer, struct mc_str chain, struct mc_cert_facts *facts);
};

static inline struct mc_authority *mc_signer_make_root(struct mc_signer *signer, struct mc_key_name key,
                                                       const struct mc_cert_options *options)
{
    return signer->type->make_authority(signer, NULL, key, options);
}

static inline struct mc_authority *mc_signer_make_intermediate(const struct mc_authority *parent, struct mc_key_name key,
                                                               const struct mc_cert_options *options)
{
    return parent->signer->type->make_authority(parent->signer, parent, key, options);
}

static inline void mc_authority_free(struct mc_authority *authority)
{
    if (authority) authority->signer->type->free_authority(authority);
}

static inline struct mc_slice mc_signer_make_key(struct mc_signer *signer, struct mc_key_name name)
{
    return signer->type->make_key(signer, name);
}

static inline struct mc_slice mc_signer_make_csr(struct mc_signer *signer, struct mc_str key, struct mc_str identity)
{
    return signer->type->make_csr(signer, key, identity);
}

static inline bool mc_signer_read_csr(struct mc_signer *signer, struct mc_str csr, struct mc_csr *out)
{
    return signer->type->read_csr(signer, csr, out);
}

static inline struct mc_slice mc_authority_issue(struct mc_authority *authority, struct mc_str public_key,
                                                 const struct mc_cert_options *options)
{
    return authority->signer->type->issue(authority, public_key, options);
}

static inline bool mc_signer_read(struct mc_signer *signer, struct mc_str chain, struct mc_cert_facts *facts)
{
    return signer->type->read(signer, chain, facts);
}

#endif
