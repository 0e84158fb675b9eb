/* Keys are ECDSA P-256, signatures SHA-256; certificates follow X509-SVID §4. */
#include "base/digest.h"
#include "ossl/parts.h"
#include "ossl/request.h"

struct authority {
    struct mc_authority base;
    X509 *certificate;
    EVP_PKEY *key;
    struct mc_slice above; /* framed: what a leaf's chain carries after the leaf */
};

static struct mc_ossl *ossl_of(struct mc_signer *signer)
{
    return mc_container(signer, struct mc_ossl, signer);
}

static struct authority *of(const struct mc_authority *authority)
{
    return mc_container(authority, struct authority, base);
}

/* ---- DER in slices ---- */

/* Takes over BYTES, which OpenSSL has allocated. */
static struct mc_slice take_bytes(struct mc_ossl *ossl, unsigned char *bytes, int length)
{
    struct mc_slice slice = mc_slice_none();
    if (length > 0) slice = mc_slice_copy(&ossl->realm->pool, mc_str((const char *)bytes, (size_t)length));
    OPENSSL_clear_free(bytes, length > 0 ? (size_t)length : 0);
    return slice;
}

static struct mc_slice encode_certificate(struct mc_ossl *ossl, X509 *certificate)
{
    unsigned char *bytes = NULL;
    int length = i2d_X509(certificate, &bytes);
    return take_bytes(ossl, bytes, length);
}

static struct mc_slice encode_key(struct mc_ossl *ossl, EVP_PKEY *key)
{
    unsigned char *bytes = NULL;
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    int length = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &bytes) : 0;
    PKCS8_PRIV_KEY_INFO_free(info);
    return take_bytes(ossl, bytes, length);
}

/* CERTIFICATE framed, and ABOVE, which is framed already, behind it. */
static struct mc_slice frame(struct mc_ossl *ossl, X509 *certificate, struct mc_str above)
{
    struct mc_slice der = encode_certificate(ossl, certificate);
    struct mc_chunk *chunk =
        der.chunk ? mc_chunk_take(&ossl->realm->pool, (uint32_t)(MC_DER_FRAMED(der.length) + above.n)) : NULL;
    if (chunk) {
        chunk->used = (uint32_t)mc_der_frame(mc_slice_str(der), chunk->bytes);
        if (above.n) memcpy(chunk->bytes + chunk->used, above.p, above.n);
        chunk->used += (uint32_t)above.n;
    }
    mc_slice_unref(der);
    return chunk ? mc_slice_of(chunk) : mc_slice_none();
}

/* ---- certificates ---- */

struct extension {
    int kind;
    const char *value;
};

/* The key identifiers come first: they name the issuer before anything is signed. */
static const struct extension of_authority[] = {
    {NID_subject_key_identifier, "hash"},
    {NID_basic_constraints, "critical,CA:TRUE"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {0, NULL},
};
static const struct extension of_leaf[] = {
    {NID_authority_key_identifier, "keyid:always"},
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature"},
    {NID_ext_key_usage, "serverAuth,clientAuth"},
    {0, NULL},
};

static bool add_extensions(X509 *certificate, X509 *issuer, const struct extension *list)
{
    X509V3_CTX about;
    X509V3_set_ctx(&about, issuer, certificate, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&about);
    for (; list->value; list++) {
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &about, list->kind, list->value);
        bool added = extension && X509_add_ext(certificate, extension, -1) == 1;
        X509_EXTENSION_free(extension);
        if (!added) return false;
    }
    return true;
}

/* RFC 5280 §4.2.1.6: critical, because a leaf has an empty subject. */
static bool add_identity(X509 *certificate, struct mc_str identity, bool critical)
{
    if (!identity.n) return true;
    GENERAL_NAMES *names = mc_ossl_uri_names(identity);
    bool added = names && X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, critical, X509V3_ADD_DEFAULT) == 1;
    GENERAL_NAMES_free(names);
    return added;
}

static bool set_time(ASN1_TIME *time, mc_ns wall)
{
    mc_ns seconds = wall / MC_S - (wall % MC_S < 0);
    return ASN1_TIME_set(time, (time_t)seconds) != NULL;
}

static bool fill(X509 *certificate, EVP_PKEY *key, const struct mc_cert_options *options)
{
    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), options->serial) == 1 &&
           set_time(X509_getm_notBefore(certificate), options->not_before) &&
           set_time(X509_getm_notAfter(certificate), options->not_after) && X509_set_pubkey(certificate, key) == 1;
}

/* A CA needs a name (RFC 5280 §4.1.2.6), of its own so that chains are found by it. */
static bool name_authority(X509 *certificate, uint64_t serial)
{
    char name[3 + 20 + 1] = "CA ";
    name[3 + mc_u64_to_text(serial, name + 3)] = '\0';
    return X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName, MBSTRING_ASC,
                                      (const unsigned char *)name, -1, -1, 0) == 1;
}

/* The signature is drawn from what is signed, so that it does not depend on what was signed before. */
static bool sign(struct mc_ossl *ossl, X509 *certificate, EVP_PKEY *key, uint64_t serial, EVP_PKEY *subject)
{
    unsigned char *bytes = NULL;
    int length = i2d_PUBKEY(subject, &bytes);
    if (length <= 0) return false;
    uint64_t ordinal = mc_hash(mc_str((const char *)bytes, (size_t)length), 0);
    OPENSSL_free(bytes);
    mc_ossl_enter(ossl, mc_ossl_stream_for(ossl, MC_OSSL_FOR_SIGNATURE, serial, ordinal));
    return X509_sign(certificate, key, EVP_sha256()) > 0;
}

/* ---- authorities ---- */

static EVP_PKEY *new_key(struct mc_ossl *ossl, struct mc_key_name name)
{
    mc_ossl_enter(ossl, mc_ossl_stream_for(ossl, MC_OSSL_FOR_KEY, name.owner, name.ordinal));
    return EVP_PKEY_Q_keygen(ossl->library, NULL, "EC", "P-256");
}

static void free_authority(struct mc_authority *base)
{
    struct authority *authority = of(base);
    X509_free(authority->certificate);
    EVP_PKEY_free(authority->key);
    mc_slice_unref(base->certificate);
    mc_slice_unref(authority->above);
    mc_pool_give(&ossl_of(base->signer)->realm->pool, authority, sizeof *authority);
}

static bool build_authority(struct mc_ossl *ossl, struct authority *authority, const struct authority *parent,
                            const struct mc_cert_options *options)
{
    X509 *certificate = authority->certificate;
    const struct authority *issuer = parent ? parent : authority;
    if (!certificate || !authority->key || !fill(certificate, authority->key, options) ||
        !name_authority(certificate, options->serial) ||
        X509_set_issuer_name(certificate, X509_get_subject_name(issuer->certificate)) != 1 ||
        !add_extensions(certificate, issuer->certificate, of_authority) ||
        (parent && !add_extensions(certificate, parent->certificate, (const struct extension[]){of_leaf[0], {0, NULL}})) ||
        !add_identity(certificate, options->identity, false) ||
        !sign(ossl, certificate, issuer->key, options->serial, authority->key))
        return false;
    authority->base.certificate = encode_certificate(ossl, certificate);
    if (parent) authority->above = frame(ossl, certificate, mc_slice_str(parent->above));
    return authority->base.certificate.chunk && (!parent || authority->above.chunk);
}

static struct mc_authority *make_authority(struct mc_signer *signer, const struct mc_authority *parent,
                                           struct mc_key_name key, const struct mc_cert_options *options)
{
    struct mc_ossl *ossl = ossl_of(signer);
    struct authority *authority = mc_pool_take_zero(&ossl->realm->pool, sizeof *authority);
    if (!authority) return NULL;
    authority->base.signer = signer;
    authority->key = new_key(ossl, key);
    authority->certificate = X509_new_ex(ossl->library, NULL);
    if (build_authority(ossl, authority, parent ? of(parent) : NULL, options)) return &authority->base;
    free_authority(&authority->base);
    return NULL;
}

/* ---- leaves ---- */

static struct mc_slice make_key(struct mc_signer *signer, struct mc_key_name name)
{
    EVP_PKEY *key = new_key(ossl_of(signer), name);
    struct mc_slice encoded = key ? encode_key(ossl_of(signer), key) : mc_slice_none();
    EVP_PKEY_free(key);
    return encoded;
}

static bool build_leaf(struct mc_ossl *ossl, const struct authority *authority, X509 *leaf, EVP_PKEY *key,
                       const struct mc_cert_options *options)
{
    return fill(leaf, key, options) &&
           X509_set_issuer_name(leaf, X509_get_subject_name(authority->certificate)) == 1 &&
           add_extensions(leaf, authority->certificate, of_leaf) && add_identity(leaf, options->identity, true) &&
           sign(ossl, leaf, authority->key, options->serial, key);
}

static struct mc_slice issue(struct mc_authority *base, struct mc_str public_key, const struct mc_cert_options *options)
{
    struct mc_ossl *ossl = ossl_of(base->signer);
    const unsigned char *at = (const unsigned char *)public_key.p;
    struct mc_slice chain = mc_slice_none();
    mc_ossl_enter(ossl, mc_ossl_stream_for(ossl, MC_OSSL_FOR_SIGNATURE, 0, 0));
    EVP_PKEY *key = d2i_PUBKEY_ex(NULL, &at, (long)public_key.n, ossl->library, NULL);
    X509 *leaf = key ? X509_new_ex(ossl->library, NULL) : NULL;
    if (leaf && build_leaf(ossl, of(base), leaf, key, options)) chain = frame(ossl, leaf, mc_slice_str(of(base)->above));
    X509_free(leaf);
    EVP_PKEY_free(key);
    return chain;
}

static bool read_chain(struct mc_signer *signer, struct mc_str chain, struct mc_cert_facts *facts)
{
    struct mc_ossl *ossl = ossl_of(signer);
    struct mc_str der;
    mc_ossl_enter(ossl, mc_ossl_stream_for(ossl, MC_OSSL_FOR_ENGINE, 0, 0));
    X509 *leaf = mc_der_next(&chain, &der) ? mc_ossl_certificate_decode(ossl, der) : NULL;
    bool read = leaf && mc_ossl_certificate_facts(ossl, leaf, facts);
    X509_free(leaf);
    return read;
}

/* ---- requests ---- */

static struct mc_slice make_csr(struct mc_signer *signer, struct mc_str key, struct mc_str identity)
{
    struct mc_ossl *ossl = ossl_of(signer);
    unsigned char *bytes = NULL;
    mc_ossl_enter(ossl, mc_ossl_stream_for(ossl, MC_OSSL_FOR_SIGNATURE, mc_hash(key, 0), mc_hash(identity, 0)));
    X509_REQ *request = mc_ossl_request_new(ossl, key, identity);
    int length = request ? i2d_X509_REQ(request, &bytes) : 0;
    X509_REQ_free(request);
    return take_bytes(ossl, bytes, length);
}

static bool read_csr(struct mc_signer *signer, struct mc_str csr, struct mc_csr *out)
{
    struct mc_ossl *ossl = ossl_of(signer);
    unsigned char *bytes = NULL;
    *out = (struct mc_csr){.public_key = mc_slice_none()};
    mc_ossl_enter(ossl, mc_ossl_stream_for(ossl, MC_OSSL_FOR_ENGINE, 0, 0));
    X509_REQ *request = mc_ossl_request_read(ossl, csr);
    if (request) {
        out->identity = mc_ossl_request_identity(ossl, request);
        int length = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(request), &bytes);
        out->public_key = take_bytes(ossl, bytes, length);
    }
    X509_REQ_free(request);
    return out->public_key.chunk != NULL;
}

const struct mc_signer_type mc_ossl_signer_type = {
    .name = "openssl",
    .make_authority = make_authority,
    .free_authority = free_authority,
    .make_key = make_key,
    .make_csr = make_csr,
    .read_csr = read_csr,
    .issue = issue,
    .read = read_chain,
};
