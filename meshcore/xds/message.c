#include "xds/message.h"

const char *mc_xds_kind_text(enum mc_xds_kind kind)
{
    static const char *const texts[] = {
#define X(name, text) text,
        MC_XDS_MESSAGES(X)
#undef X
    };
    mc_assert((unsigned)kind < MC_XDS_KINDS);
    return texts[kind];
}

/* ---- offers ---- */

struct mc_offer *mc_offer_new(struct mc_snapshot *snapshot)
{
    struct mc_offer *offer = mc_pool_take_zero(&snapshot->realm->pool, sizeof *offer);
    if (!offer) return NULL;
    offer->references = 1;
    offer->snapshot = mc_snapshot_ref(snapshot);
    return offer;
}

struct mc_offer *mc_offer_ref(struct mc_offer *offer)
{
    offer->references++;
    return offer;
}

void mc_offer_unref(struct mc_offer *offer)
{
    if (!offer || --offer->references) return;
    struct mc_pool *pool = &offer->snapshot->realm->pool;
    mc_snapshot_unref(offer->snapshot);
    mc_pool_give(pool, offer, sizeof *offer);
}

bool mc_offer_check(struct mc_offer *offer)
{
    if (!offer->checked) offer->sound = mc_snapshot_check(offer->snapshot, &offer->problem);
    offer->checked = true;
    return offer->sound;
}

/* ---- messages ---- */

static void release(struct mc_record *record)
{
    struct mc_xds_message *message = mc_container(record, struct mc_xds_message, base);
    if (record->kind == MC_XDS_PUSH) mc_offer_unref(message->config.offer);
    if (record->kind == MC_XDS_CSR || record->kind == MC_XDS_CERT) mc_slice_unref(message->cert.der);
    mc_pool_give(message->pool, message, sizeof *message);
}

struct mc_xds_message *mc_xds_message_new(struct mc_pool *pool, enum mc_xds_kind kind)
{
    struct mc_xds_message *message = mc_pool_take_zero(pool, sizeof *message);
    if (!message) return NULL;
    message->pool = pool;
    message->base = (struct mc_record){.kind = kind, .release = release};
    return message;
}

void mc_xds_message_free(struct mc_xds_message *message)
{
    if (message) release(&message->base);
}

/* Sizes on the wire, gRPC and HTTP/2 framing included. A subscription is a DiscoveryRequest for each of
 * four types, with the node and its metadata in the first; an answer to a push is one for each type. */
enum {
    SUBSCRIBE_BYTES = 2200,
    ANSWER_BYTES = 4 * 180,
    PUSH_BYTES = 4 * 120,
    CERT_BYTES = 400,
    PING_BYTES = 17, /* RFC 9113 §6.7 */
};

static uint32_t bytes_of(const struct mc_xds_message *message)
{
    static const uint16_t fixed[MC_XDS_KINDS] = {
        [MC_XDS_SUBSCRIBE] = SUBSCRIBE_BYTES, [MC_XDS_PUSH] = PUSH_BYTES, [MC_XDS_ACK] = ANSWER_BYTES,
        [MC_XDS_NACK] = ANSWER_BYTES,         [MC_XDS_PING] = PING_BYTES, [MC_XDS_PONG] = PING_BYTES,
        [MC_XDS_CSR] = CERT_BYTES,            [MC_XDS_CERT] = CERT_BYTES,
    };
    uint32_t kind = message->base.kind, bytes = fixed[kind];
    if (kind == MC_XDS_PUSH) bytes += message->config.offer->snapshot->bytes;
    if (kind == MC_XDS_NACK) bytes += (uint32_t)strlen(message->config.reason);
    if (kind == MC_XDS_CSR || kind == MC_XDS_CERT) bytes += message->cert.der.length;
    return bytes;
}

bool mc_xds_send(struct mc_conn *conn, struct mc_xds_message *message, uint32_t bytes)
{
    if (!bytes) bytes = bytes_of(message);
    struct mc_chunk *chunk = mc_chunk_take_modelled(message->pool, bytes, &message->base);
    if (!chunk) return false;
    mc_conn_send(conn, mc_slice_of(chunk));
    return true;
}

struct mc_xds_message *mc_xds_received(struct mc_slice slice, bool *broken)
{
    *broken = slice.chunk && !slice.chunk->modelled;
    struct mc_record *record = mc_slice_record(slice);
    if (!record) return NULL;
    if (record->release != release) {
        *broken = true;
        return NULL;
    }
    return mc_container(record, struct mc_xds_message, base);
}
