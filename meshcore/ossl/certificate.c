#include "ossl/parts.h"

X509 *mc_ossl_certificate_decode(struct mc_ossl *ossl, struct mc_str der)
{
    const unsigned char *at = (const unsigned char *)der.p;
    X509 *certificate = X509_new_ex(ossl->library, NULL);
    if (certificate && d2i_X509(&certificate, &at, (long)der.n) && at == (const unsigned char *)der.p + der.n)
        return certificate;
    X509_free(certificate);
    return NULL;
}

mc_atom mc_ossl_uri_of(struct mc_ossl *ossl, const GENERAL_NAMES *names)
{
    const ASN1_IA5STRING *uri = NULL;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_URI) continue;
        if (uri) return 0;
        uri = name->d.uniformResourceIdentifier;
    }
    if (!uri || ASN1_STRING_length(uri) > MC_MAX_SPIFFE_ID) return 0;
    return mc_atoms_intern(&ossl->realm->atoms, mc_str((const char *)ASN1_STRING_get0_data(uri),
                                                       (size_t)ASN1_STRING_length(uri)));
}

static mc_atom identity_of(struct mc_ossl *ossl, const X509 *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    mc_atom identity = names ? mc_ossl_uri_of(ossl, names) : 0;
    GENERAL_NAMES_free(names);
    return identity;
}

/* RFC 5280 §4.1.2.2 allows 20 octets; ours are 8, of others' the last 8 are told. */
static uint64_t serial_of(const X509 *certificate)
{
    const ASN1_INTEGER *number = X509_get0_serialNumber(certificate);
    const unsigned char *bytes = ASN1_STRING_get0_data(number);
    uint64_t serial = 0;
    for (int i = 0; i < ASN1_STRING_length(number); i++) serial = serial << 8 | bytes[i];
    return serial;
}

/* False: not a time. Dates past the year 2262 do not fit and saturate. */
static bool read_time(const struct mc_ossl *ossl, const ASN1_TIME *time, mc_ns *wall)
{
    int days, seconds;
    if (!ASN1_TIME_diff(&days, &seconds, ossl->epoch, time)) return false;
    if (__builtin_mul_overflow((mc_ns)days * 86400 + seconds, MC_S, wall)) *wall = days < 0 ? INT64_MIN : MC_NEVER;
    return true;
}

static bool has(uint32_t set, uint32_t bits)
{
    return (set & bits) == bits;
}

bool mc_ossl_certificate_facts(struct mc_ossl *ossl, X509 *certificate, struct mc_cert_facts *facts)
{
    /* An absent extension reads as all bits set: RFC 5280 restricts nothing then. */
    uint32_t usage = X509_get_key_usage(certificate);
    uint32_t purposes = X509_get_extended_key_usage(certificate);
    *facts = (struct mc_cert_facts){
        .identity = identity_of(ossl, certificate),
        .serial = serial_of(certificate),
        .is_ca = X509_check_ca(certificate) == 1,
        .may_sign = has(usage, KU_KEY_CERT_SIGN),
        .may_authenticate = has(usage, KU_DIGITAL_SIGNATURE) && has(purposes, XKU_SSL_SERVER | XKU_SSL_CLIENT),
    };
    return read_time(ossl, X509_get0_notBefore(certificate), &facts->not_before) &&
           read_time(ossl, X509_get0_notAfter(certificate), &facts->not_after);
}
