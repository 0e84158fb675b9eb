#include "ossl/random.h"
#include "base/rand.h"
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

/* ---- the generator: provider and instances share one stream ---- */

static void *instance_new(void *stream, void *parent, const OSSL_DISPATCH *parent_calls)
{
    (void)parent, (void)parent_calls;
    return stream;
}

static void instance_free(void *stream)
{
    (void)stream;
}

static int instantiate(void *stream, unsigned int strength, int resistance, const unsigned char *text,
                       size_t length, const OSSL_PARAM params[])
{
    (void)stream, (void)strength, (void)resistance, (void)text, (void)length, (void)params;
    return 1;
}

static int uninstantiate(void *stream)
{
    (void)stream;
    return 1;
}

static int generate(void *state, unsigned char *out, size_t length, unsigned int strength, int resistance,
                    const unsigned char *more, size_t more_length)
{
    (void)strength, (void)resistance, (void)more, (void)more_length;
    struct mc_ossl_stream *stream = state;
    while (length) {
        uint64_t word = mc_draw(stream->key, MC_FOR_TLS, 0, stream->at++);
        size_t part = length < sizeof word ? length : sizeof word;
        for (size_t i = 0; i < part; i++) out[i] = (unsigned char)(word >> (8 * i));
        out += part;
        length -= part;
    }
    return 1;
}

static int enable_locking(void *stream)
{
    (void)stream;
    return 1;
}

static int get_params(void *stream, OSSL_PARAM params[])
{
    (void)stream;
    OSSL_PARAM *state = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STATE);
    OSSL_PARAM *strength = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STRENGTH);
    OSSL_PARAM *most = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_MAX_REQUEST);
    return (!state || OSSL_PARAM_set_int(state, EVP_RAND_STATE_READY)) &&
           (!strength || OSSL_PARAM_set_uint(strength, 256)) &&
           (!most || OSSL_PARAM_set_size_t(most, 1 << 16));
}

#define ENTRY(id, function) {id, (void (*)(void))function}

static const OSSL_DISPATCH generator[] = {
    ENTRY(OSSL_FUNC_RAND_NEWCTX, instance_new),
    ENTRY(OSSL_FUNC_RAND_FREECTX, instance_free),
    ENTRY(OSSL_FUNC_RAND_INSTANTIATE, instantiate),
    ENTRY(OSSL_FUNC_RAND_UNINSTANTIATE, uninstantiate),
    ENTRY(OSSL_FUNC_RAND_GENERATE, generate),
    ENTRY(OSSL_FUNC_RAND_ENABLE_LOCKING, enable_locking),
    ENTRY(OSSL_FUNC_RAND_GET_CTX_PARAMS, get_params),
    {0, NULL},
};

/* ---- the provider ---- */

#define NAME "SQUALL-STREAM"

static const OSSL_ALGORITHM generators[] = {{NAME, "provider=squall", generator, "keyed stream"}, {NULL}};

static const OSSL_ALGORITHM *query(void *stream, int operation, int *no_cache)
{
    (void)stream;
    *no_cache = 0;
    return operation == OSSL_OP_RAND ? generators : NULL;
}

static void teardown(void *stream)
{
    OPENSSL_free(stream);
}

static const OSSL_DISPATCH provider_calls[] = {
    ENTRY(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
    ENTRY(OSSL_FUNC_PROVIDER_TEARDOWN, teardown),
    {0, NULL},
};

static int init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out, void **provider)
{
    (void)core, (void)in;
    *out = provider_calls;
    *provider = OPENSSL_zalloc(sizeof(struct mc_ossl_stream));
    return *provider != NULL;
}

struct mc_ossl_stream *mc_ossl_random_load(OSSL_LIB_CTX *library, OSSL_PROVIDER **provider)
{
    if (OSSL_PROVIDER_add_builtin(library, "squall-random", init) != 1) return NULL;
    *provider = OSSL_PROVIDER_load(library, "squall-random");
    if (!*provider) return NULL;
    if (RAND_set_DRBG_type(library, NAME, NULL, NULL, NULL) != 1 ||
        RAND_set_seed_source_type(library, NAME, NULL) != 1) {
        OSSL_PROVIDER_unload(*provider);
        return NULL;
    }
    return OSSL_PROVIDER_get0_provider_ctx(*provider);
}
