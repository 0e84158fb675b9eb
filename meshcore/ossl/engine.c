#include "ossl/parts.h"
#include "base/rand.h"
#include <openssl/err.h>

struct mc_ossl_stream mc_ossl_stream_for(const struct mc_ossl *ossl, enum mc_ossl_purpose purpose, uint64_t owner,
                                         uint64_t ordinal)
{
    if (!ossl->stream) return (struct mc_ossl_stream){0, 0};
    uint64_t key = mc_draw(ossl->realm->seed, MC_FOR_TLS, (uint64_t)purpose, 0);
    return (struct mc_ossl_stream){.key = mc_draw(key, MC_FOR_TLS, owner, ordinal)};
}

void mc_ossl_enter(struct mc_ossl *ossl, struct mc_ossl_stream stream)
{
    ERR_clear_error();
    if (ossl->stream) *ossl->stream = stream;
}

/* ---- settings that all contexts of a role share ---- */

static const char ciphers_13[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
static const char ciphers_12[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                 "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                 "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
enum { CERTIFICATE_BYTES_MAX = 64 * 1024 };

static SSL_CTX *role_new(struct mc_ossl *ossl, enum mc_tls_role role)
{
    SSL_CTX *ctx =
        SSL_CTX_new_ex(ossl->library, NULL, role == MC_TLS_CLIENT ? TLS_client_method() : TLS_server_method());
    if (!ctx) return NULL;
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_max_cert_list(ctx, CERTIFICATE_BYTES_MAX);
    SSL_CTX_set_verify_depth(ctx, MC_MAX_CHAIN - 2); /* leaf and root do not count */
    SSL_CTX_set_cert_verify_callback(ctx, mc_ossl_verify, NULL);
    if (role == MC_TLS_SERVER) SSL_CTX_set_alpn_select_cb(ctx, mc_ossl_select_alpn, NULL);
    int oldest = ossl->stream ? TLS1_3_VERSION : TLS1_2_VERSION;
    if (SSL_CTX_set_min_proto_version(ctx, oldest) == 1 && SSL_CTX_set_num_tickets(ctx, 0) == 1 &&
        SSL_CTX_set_ciphersuites(ctx, ciphers_13) == 1 && SSL_CTX_set_cipher_list(ctx, ciphers_12) == 1 &&
        SSL_CTX_set1_groups_list(ctx, "X25519:P-256") == 1)
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

/* ---- life ---- */

static const struct mc_tls_engine_type engine_type = {
    .name = "openssl",
    .context = mc_ossl_context_new,
    .context_unref = mc_ossl_context_unref,
    .open = mc_ossl_session_open,
    .close = mc_ossl_session_close,
    .start = mc_ossl_session_start,
    .feed = mc_ossl_session_feed,
    .seal = mc_ossl_session_seal,
    .finish = mc_ossl_session_finish,
    .held = mc_ossl_session_held,
    .established = mc_ossl_session_established,
    .peer_finished = mc_ossl_session_peer_finished,
    .peer = mc_ossl_session_peer,
    .alpn = mc_ossl_session_alpn,
};

static bool load(struct mc_ossl *ossl, enum mc_ossl_entropy entropy)
{
    ossl->library = OSSL_LIB_CTX_new();
    if (!ossl->library) return false;
    if (entropy == MC_OSSL_SEEDED) {
        ossl->stream = mc_ossl_random_load(ossl->library, &ossl->random);
        if (!ossl->stream) return false;
    }
    ossl->algorithms = OSSL_PROVIDER_load(ossl->library, "default");
    if (!ossl->algorithms) return false;
    mc_ossl_enter(ossl, mc_ossl_stream_for(ossl, MC_OSSL_FOR_ENGINE, 0, 0));
    ossl->epoch = ASN1_TIME_set(NULL, 0);
    ossl->transport = mc_ossl_transport_new();
    ossl->roles[MC_TLS_CLIENT] = role_new(ossl, MC_TLS_CLIENT);
    ossl->roles[MC_TLS_SERVER] = role_new(ossl, MC_TLS_SERVER);
    return ossl->epoch && ossl->transport && ossl->roles[MC_TLS_CLIENT] && ossl->roles[MC_TLS_SERVER];
}

struct mc_ossl *mc_ossl_new(const struct mc_ossl_options *options)
{
    mc_assert(options->entropy == MC_OSSL_SYSTEM || options->entropy == MC_OSSL_SEEDED);
    /* What the machine's openssl.cnf says must not reach a simulation. */
    if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) return NULL;
    struct mc_ossl *ossl = mc_pool_take_zero(&options->realm->pool, sizeof *ossl);
    if (!ossl) return NULL;
    ossl->engine.type = &engine_type;
    ossl->signer.type = &mc_ossl_signer_type;
    ossl->realm = options->realm;
    mc_map_init(&ossl->credentials, mc_pool_as_alloc(&ossl->realm->pool));
    mc_map_init(&ossl->anchors, mc_pool_as_alloc(&ossl->realm->pool));
    if (load(ossl, options->entropy)) return ossl;
    mc_ossl_free(ossl);
    return NULL;
}

void mc_ossl_free(struct mc_ossl *ossl)
{
    if (!ossl) return;
    mc_assert(!ossl->credentials.count && !ossl->anchors.count);
    mc_map_fini(&ossl->credentials);
    mc_map_fini(&ossl->anchors);
    SSL_CTX_free(ossl->roles[MC_TLS_CLIENT]);
    SSL_CTX_free(ossl->roles[MC_TLS_SERVER]);
    BIO_meth_free(ossl->transport);
    ASN1_TIME_free(ossl->epoch);
    if (ossl->algorithms) OSSL_PROVIDER_unload(ossl->algorithms);
    if (ossl->random) OSSL_PROVIDER_unload(ossl->random);
    OSSL_LIB_CTX_free(ossl->library);
    mc_pool_give(&ossl->realm->pool, ossl, sizeof *ossl);
}

struct mc_tls_engine *mc_ossl_engine(struct mc_ossl *ossl)
{
    return &ossl->engine;
}

struct mc_signer *mc_ossl_signer(struct mc_ossl *ossl)
{
    return &ossl->signer;
}
