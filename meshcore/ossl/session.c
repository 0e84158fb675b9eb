#include "ossl/parts.h"
#include <openssl/err.h>

static struct mc_ossl_session *of(struct mc_tls_session *session)
{
    return mc_container(session, struct mc_ossl_session, base);
}

static const struct mc_ossl_session *of_const(const struct mc_tls_session *session)
{
    return mc_container(session, const struct mc_ossl_session, base);
}

static struct mc_ossl_context *context_of(const struct mc_ossl_session *session)
{
    return mc_container(session->base.context, struct mc_ossl_context, base);
}

static struct mc_ossl *ossl_of(const struct mc_ossl_session *session)
{
    return mc_container(session->base.context->engine, struct mc_ossl, engine);
}

/* ---- around each call into the library ---- */

static void enter(struct mc_ossl_session *session, const struct mc_tls_output *out)
{
    session->out = out;
    mc_ossl_enter(ossl_of(session), session->stream);
}

static void leave(struct mc_ossl_session *session)
{
    const struct mc_ossl *ossl = ossl_of(session);
    if (ossl->stream) session->stream = *ossl->stream;
    session->out = NULL;
}

/* Why the library has failed. */
static enum mc_tls_result reason(const struct mc_ossl_session *session)
{
    static const struct {
        int reason;
        enum mc_tls_result result;
    } known[] = {
        {SSL_R_NO_APPLICATION_PROTOCOL, MC_TLS_NO_PROTOCOL},
        {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, MC_TLS_NO_CERTIFICATE},
        {ERR_R_MALLOC_FAILURE, MC_TLS_NO_MEMORY},
    };
    if (session->refused) return MC_TLS_NO_MEMORY;
    if (session->verdict != MC_TLS_OK) return session->verdict;
    int error = ERR_GET_REASON(ERR_peek_error());
    for (size_t i = 0; i < MC_COUNT_OF(known); i++)
        if (known[i].reason == error) return known[i].result;
    return error >= SSL_AD_REASON_OFFSET ? MC_TLS_PEER_ALERT : MC_TLS_PROTOCOL;
}

/* What CODE, which SSL has returned, means here: to wait for more, and close_notify, are no failures. */
static enum mc_tls_result judge(struct mc_ossl_session *session, int code)
{
    int error = SSL_get_error(session->ssl, code);
    if (error == SSL_ERROR_NONE || error == SSL_ERROR_WANT_READ || error == SSL_ERROR_ZERO_RETURN) return MC_TLS_OK;
    session->failed = true;
    return reason(session);
}

/* ---- life ---- */

static bool present(SSL *ssl, const struct mc_ossl_credential *credential)
{
    return !credential || SSL_use_cert_and_key(ssl, credential->leaf, credential->key, credential->chain, 1) == 1;
}

static bool demand(SSL *ssl, const struct mc_ossl_anchors *anchors)
{
    if (!anchors) return true;
    SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return SSL_set1_verify_cert_store(ssl, anchors->store) == 1;
}

static bool offer(SSL *ssl, const struct mc_ossl_context *context)
{
    if (context->base.role == MC_TLS_SERVER || !context->alpn_length) return true;
    return SSL_set_alpn_protos(ssl, context->alpn, context->alpn_length) == 0; /* 0 is success here */
}

static bool connect_transport(struct mc_ossl_session *session)
{
    BIO *bio = BIO_new(ossl_of(session)->transport);
    if (!bio) return false;
    BIO_set_data(bio, session);
    SSL_set_bio(session->ssl, bio, bio);
    return true;
}

static bool set_up(struct mc_ossl_session *session)
{
    const struct mc_ossl_context *context = context_of(session);
    session->ssl = SSL_new(ossl_of(session)->roles[context->base.role]);
    if (!session->ssl) return false;
    if (context->base.role == MC_TLS_CLIENT) SSL_set_connect_state(session->ssl);
    else SSL_set_accept_state(session->ssl);
    return SSL_set_app_data(session->ssl, session) == 1 && connect_transport(session) &&
           present(session->ssl, context->credential) && demand(session->ssl, context->anchors) &&
           offer(session->ssl, context);
}

struct mc_tls_session *mc_ossl_session_open(struct mc_tls_context *context, uint64_t node, uint64_t stream)
{
    struct mc_ossl *ossl = mc_container(context->engine, struct mc_ossl, engine);
    struct mc_ossl_session *session = mc_pool_take_zero(context->pool, sizeof *session);
    if (!session) return NULL;
    session->base.context = mc_tls_context_ref(context);
    session->stream = mc_ossl_stream_for(ossl, MC_OSSL_FOR_SESSION, node, stream);
    enter(session, NULL);
    bool ready = set_up(session);
    leave(session);
    if (ready) return &session->base;
    mc_ossl_session_close(&session->base);
    return NULL;
}

void mc_ossl_session_close(struct mc_tls_session *base)
{
    struct mc_ossl_session *session = of(base);
    struct mc_tls_context *context = base->context;
    struct mc_pool *pool = context->pool;
    SSL_free(session->ssl);
    mc_pool_give(pool, session, sizeof *session);
    mc_tls_context_unref(context);
}

/* ---- bytes ---- */

enum mc_tls_result mc_ossl_session_start(struct mc_tls_session *base, mc_ns wall, struct mc_tls_output out)
{
    struct mc_ossl_session *session = of(base);
    session->wall = wall;
    enter(session, &out);
    enum mc_tls_result result = judge(session, SSL_do_handshake(session->ssl));
    leave(session);
    return result;
}

/* All whole records that are there, a chunk each. A peek decodes the record, so that its size is known. */
static enum mc_tls_result read_plain(struct mc_ossl_session *session, struct mc_slices *plain)
{
    SSL *ssl = session->ssl;
    char byte;
    size_t length;
    int code;
    while ((code = SSL_peek_ex(ssl, &byte, 1, &length)) == 1) {
        struct mc_chunk *chunk = mc_chunk_take(session->base.context->pool, (uint32_t)SSL_pending(ssl));
        if (!chunk) return MC_TLS_NO_MEMORY;
        code = SSL_read_ex(ssl, chunk->bytes, chunk->size, &length);
        mc_assert(code == 1 && length == chunk->size);
        chunk->used = chunk->size;
        if (!mc_slices_push(plain, mc_slice_of(chunk))) return MC_TLS_NO_MEMORY;
    }
    return judge(session, code);
}

enum mc_tls_result mc_ossl_session_feed(struct mc_tls_session *base, mc_ns wall, struct mc_slice in,
                                        struct mc_tls_output out)
{
    struct mc_ossl_session *session = of(base);
    int code = 1;
    session->wall = wall;
    session->in = mc_slice_str(in);
    mc_ossl_record_pass(&session->record, session->in);
    enter(session, &out);
    if (!SSL_is_init_finished(session->ssl)) code = SSL_do_handshake(session->ssl);
    enum mc_tls_result result = code == 1 ? read_plain(session, out.plain) : judge(session, code);
    leave(session);
    session->in = mc_str("", 0);
    mc_slice_unref(in);
    return result;
}

enum mc_tls_result mc_ossl_session_seal(struct mc_tls_session *base, struct mc_slice plain, struct mc_tls_output out)
{
    struct mc_ossl_session *session = of(base);
    struct mc_str text = mc_slice_str(plain);
    size_t written;
    enum mc_tls_result result = MC_TLS_OK;
    enter(session, &out);
    if (text.n) result = judge(session, SSL_write_ex(session->ssl, text.p, text.n, &written));
    leave(session);
    mc_slice_unref(plain);
    return result;
}

void mc_ossl_session_finish(struct mc_tls_session *base, struct mc_tls_output out)
{
    struct mc_ossl_session *session = of(base);
    if (session->failed || !SSL_is_init_finished(session->ssl)) return;
    enter(session, &out);
    SSL_shutdown(session->ssl);
    leave(session);
}

/* ---- queries ---- */

uint32_t mc_ossl_session_held(const struct mc_tls_session *session)
{
    return of_const(session)->record.header + of_const(session)->record.body;
}

bool mc_ossl_session_established(const struct mc_tls_session *session)
{
    return !of_const(session)->failed && SSL_is_init_finished(of_const(session)->ssl);
}

bool mc_ossl_session_peer_finished(const struct mc_tls_session *session)
{
    return (SSL_get_shutdown(of_const(session)->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
}

const struct mc_tls_peer *mc_ossl_session_peer(const struct mc_tls_session *session)
{
    return of_const(session)->shown ? &of_const(session)->peer : NULL;
}

struct mc_str mc_ossl_session_alpn(const struct mc_tls_session *session)
{
    const unsigned char *name;
    unsigned int length;
    SSL_get0_alpn_selected(of_const(session)->ssl, &name, &length);
    return length ? mc_str((const char *)name, length) : MC_STR("");
}
