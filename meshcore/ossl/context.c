#include "ossl/parts.h"

static struct mc_ossl_context *of(struct mc_tls_context *context)
{
    return mc_container(context, struct mc_ossl_context, base);
}

static size_t alpn_length(const char *const *names)
{
    size_t length = 0;
    for (size_t i = 0; names && names[i]; i++) length += 1 + strlen(names[i]);
    return length;
}

/* RFC 7301 §3.1: each name after its length in one byte. */
static void write_alpn(const char *const *names, unsigned char *out)
{
    for (size_t i = 0; names && names[i]; i++) {
        size_t length = strlen(names[i]);
        mc_assert(length > 0 && length < 256);
        *out++ = (unsigned char)length;
        memcpy(out, names[i], length);
        out += length;
    }
}

/* The two lists stand behind the record, in its block. */
static struct mc_ossl_context *make(struct mc_ossl *ossl, const struct mc_tls_options *options)
{
    size_t alpn = alpn_length(options->alpn);
    size_t size = sizeof(struct mc_ossl_context) + options->accepted_count * sizeof(mc_atom) + alpn;
    struct mc_ossl_context *context = mc_pool_take_zero(&ossl->realm->pool, size);
    if (!context) return NULL;
    mc_atom *accepted = (mc_atom *)(context + 1);
    unsigned char *names = (unsigned char *)(accepted + options->accepted_count);
    if (options->accepted_count) memcpy(accepted, options->accepted, options->accepted_count * sizeof *accepted);
    write_alpn(options->alpn, names);
    *context = (struct mc_ossl_context){
        .base = {.engine = &ossl->engine, .pool = &ossl->realm->pool, .references = 1, .role = options->role},
        .size = size,
        .leeway = options->leeway,
        .accepted = accepted,
        .accepted_count = options->accepted_count,
        .alpn = names,
        .alpn_length = (uint32_t)alpn,
    };
    return context;
}

static bool decode(struct mc_ossl *ossl, struct mc_ossl_context *context, const struct mc_tls_options *options)
{
    mc_ossl_enter(ossl, mc_ossl_stream_for(ossl, MC_OSSL_FOR_ENGINE, 1, 0));
    if (options->own) {
        context->credential = mc_ossl_credential_get(ossl, options->own);
        if (!context->credential) return false;
        context->base.own_identity = options->own->facts.identity;
        context->base.own_serial = options->own->facts.serial;
    }
    if (options->role == MC_TLS_SERVER && !options->require_peer) return true;
    context->anchors = mc_ossl_anchors_get(ossl, options->trust);
    return context->anchors != NULL;
}

struct mc_tls_context *mc_ossl_context_new(struct mc_tls_engine *engine, const struct mc_tls_options *options)
{
    struct mc_ossl *ossl = mc_container(engine, struct mc_ossl, engine);
    mc_assert(options->own || options->role == MC_TLS_CLIENT);
    mc_assert(options->trust || (options->role == MC_TLS_SERVER && !options->require_peer));
    struct mc_ossl_context *context = make(ossl, options);
    if (!context) return NULL;
    if (decode(ossl, context, options)) return &context->base;
    mc_ossl_context_unref(&context->base);
    return NULL;
}

void mc_ossl_context_unref(struct mc_tls_context *base)
{
    struct mc_ossl_context *context = of(base);
    if (--base->references) return;
    mc_ossl_credential_unref(context->credential);
    mc_ossl_anchors_unref(context->anchors);
    mc_pool_give(base->pool, context, context->size);
}
