#include "ossl/parts.h"
#include <openssl/bio.h>

/* A chunk per write: libssl writes whole flights of a handshake and whole records. */
static int put(BIO *bio, const char *bytes, size_t length, size_t *written)
{
    struct mc_ossl_session *session = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    mc_assert(session->out && length <= UINT32_MAX);
    struct mc_slice slice = mc_slice_copy(session->base.context->pool, mc_str(bytes, length));
    *written = slice.chunk && mc_slices_push(session->out->cipher, slice) ? length : 0;
    if (*written < length) session->refused = true;
    return *written == length;
}

static int get(BIO *bio, char *bytes, size_t room, size_t *length)
{
    struct mc_ossl_session *session = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    *length = session->in.n < room ? session->in.n : room;
    if (!*length) {
        BIO_set_retry_read(bio);
        return 0;
    }
    memcpy(bytes, session->in.p, *length);
    session->in = mc_str(session->in.p + *length, session->in.n - *length);
    return 1;
}

static long control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static int create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

BIO_METHOD *mc_ossl_transport_new(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "squall transport");
    if (method && BIO_meth_set_write_ex(method, put) && BIO_meth_set_read_ex(method, get) &&
        BIO_meth_set_ctrl(method, control) && BIO_meth_set_create(method, create))
        return method;
    BIO_meth_free(method);
    return NULL;
}

/* ---- records ---- */

enum { HEADER_BYTES = 5, LENGTH_AT = 3 }; /* RFC 8446 §5.1: type, version, length */

static size_t pass_header(struct mc_ossl_record *record, struct mc_str bytes)
{
    size_t i = 0;
    for (; i < bytes.n && record->header < HEADER_BYTES; i++, record->header++)
        if (record->header >= LENGTH_AT) record->length = record->length << 8 | (uint8_t)bytes.p[i];
    return i;
}

static size_t pass_body(struct mc_ossl_record *record, struct mc_str bytes)
{
    size_t rest = record->length - record->body;
    size_t part = bytes.n < rest ? bytes.n : rest;
    record->body += (uint32_t)part;
    return part;
}

void mc_ossl_record_pass(struct mc_ossl_record *record, struct mc_str bytes)
{
    while (bytes.n) {
        size_t part = pass_header(record, bytes);
        part += pass_body(record, mc_str(bytes.p + part, bytes.n - part));
        bytes = mc_str(bytes.p + part, bytes.n - part);
        if (record->header == HEADER_BYTES && record->body == record->length) *record = (struct mc_ossl_record){0};
    }
}
