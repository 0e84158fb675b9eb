#include "identity/svid.h"
#include "base/assert.h"

/* ---- framing ---- */

enum { LENGTH_BYTES = 4 };

bool mc_der_next(struct mc_str *framed, struct mc_str *der)
{
    if (framed->n < LENGTH_BYTES) return false;
    uint32_t length = 0;
    for (int i = 0; i < LENGTH_BYTES; i++) length = length << 8 | (uint8_t)framed->p[i];
    if (length > framed->n - LENGTH_BYTES) return false;
    *der = mc_str(framed->p + LENGTH_BYTES, length);
    *framed = mc_str(der->p + length, framed->n - LENGTH_BYTES - length);
    return true;
}

size_t mc_der_frame(struct mc_str der, char *out)
{
    mc_assert(der.n <= UINT32_MAX);
    for (int i = 0; i < LENGTH_BYTES; i++) out[i] = (char)(der.n >> (24 - 8 * i));
    memcpy(out + LENGTH_BYTES, der.p, der.n);
    return MC_DER_FRAMED(der.n);
}

/* ---- records ---- */

/* Copies TEXT to *at and moves it on. */
static struct mc_str put(char **at, struct mc_str text)
{
    struct mc_str copy = mc_str(*at, text.n);
    if (text.n) memcpy(*at, text.p, text.n);
    *at += text.n;
    return copy;
}

struct mc_svid *mc_svid_new(struct mc_pool *pool, const struct mc_cert_facts *facts, struct mc_str chain,
                            struct mc_str key)
{
    size_t size = sizeof(struct mc_svid) + chain.n + key.n;
    struct mc_svid *svid = mc_pool_take(pool, size);
    if (!svid) return NULL;
    char *at = (char *)(svid + 1);
    *svid = (struct mc_svid){.references = 1, .pool = pool, .size = size, .facts = *facts};
    svid->chain = put(&at, chain);
    svid->key = put(&at, key);
    return svid;
}

struct mc_svid *mc_svid_ref(struct mc_svid *svid)
{
    svid->references++;
    return svid;
}

/* The pool hands the block to whoever comes next: the private key must not be in it. */
static void wipe(struct mc_str secret)
{
    volatile char *at = (volatile char *)(uintptr_t)secret.p;
    for (size_t i = 0; i < secret.n; i++) at[i] = 0;
}

void mc_svid_unref(struct mc_svid *svid)
{
    if (!svid || --svid->references) return;
    wipe(svid->key);
    mc_pool_give(svid->pool, svid, svid->size);
}

struct mc_bundle *mc_bundle_new(struct mc_pool *pool, mc_atom trust_domain, struct mc_str roots)
{
    size_t size = sizeof(struct mc_bundle) + roots.n;
    struct mc_bundle *bundle = mc_pool_take(pool, size);
    if (!bundle) return NULL;
    char *at = (char *)(bundle + 1);
    *bundle = (struct mc_bundle){.references = 1, .pool = pool, .size = size, .trust_domain = trust_domain};
    bundle->roots = put(&at, roots);
    return bundle;
}

struct mc_bundle *mc_bundle_ref(struct mc_bundle *bundle)
{
    bundle->references++;
    return bundle;
}

void mc_bundle_unref(struct mc_bundle *bundle)
{
    if (bundle && --bundle->references == 0) mc_pool_give(bundle->pool, bundle, bundle->size);
}

/* ---- renewal ---- */

static mc_ns permille_of(mc_ns duration, uint32_t permille)
{
    return (mc_ns)((__int128)duration * permille / 1000);
}

mc_ns mc_svid_renew_at(const struct mc_cert_facts *facts, uint32_t fraction_permille, uint32_t jitter_permille,
                       uint64_t draw)
{
    mc_assert(fraction_permille <= 1000 && jitter_permille <= 1000);
    mc_ns lifetime = facts->not_after > facts->not_before ? facts->not_after - facts->not_before : 0;
    mc_ns jitter = permille_of(lifetime, jitter_permille);
    uint64_t places = 2 * (uint64_t)jitter + 1;
    mc_ns shift = (mc_ns)(((unsigned __int128)draw * places) >> 64) - jitter;
    mc_ns at = mc_ns_add(mc_ns_add(facts->not_before, permille_of(lifetime, fraction_permille)), shift);
    return mc_ns_max(at, facts->not_before);
}
