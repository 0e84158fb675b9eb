#include "pair.h"
#include "base/digest.h"

static const struct mc_tls_engine_type *type_of(const struct pair *pair)
{
    return mc_ossl_engine(pair->pki->ossl)->type;
}

static struct pair_end *other(struct pair *pair, struct pair_end *end)
{
    return end == &pair->client ? &pair->server : &pair->client;
}

/* What END has put out goes to the other one. */
static void carry(struct pair *pair, struct pair_end *end, struct mc_slices *cipher)
{
    while (cipher->count) {
        struct mc_slice slice = mc_slices_pop(cipher, UINT32_MAX);
        end->sent += slice.length;
        end->digest = mc_hash(mc_slice_str(slice), end->digest);
        ck_assert(mc_slices_push(&other(pair, end)->in, slice));
    }
    mc_slices_fini(cipher);
}

static void open_end(struct pair *pair, struct pair_end *end, struct mc_tls_context *context, uint64_t node,
                     uint64_t stream)
{
    mc_slices_init(&end->in, &pair->pki->realm.pool);
    mc_slices_init(&end->plain, &pair->pki->realm.pool);
    end->session = type_of(pair)->open(context, node, stream);
    ck_assert_ptr_nonnull(end->session);
}

void pair_open(struct pair *pair, struct pki *pki, struct mc_tls_context *client, struct mc_tls_context *server,
               uint64_t stream)
{
    struct mc_slices cipher;
    mc_ns wall = pair->wall ? pair->wall : PKI_NOW;
    *pair = (struct pair){.pki = pki, .wall = wall, .piece = pair->piece, .cut_at = pair->cut_at};
    open_end(pair, &pair->client, client, 1, stream);
    open_end(pair, &pair->server, server, 2, stream);
    mc_slices_init(&cipher, &pki->realm.pool);
    pair->client.result = type_of(pair)->start(pair->client.session, pair->wall,
                                               (struct mc_tls_output){&cipher, &pair->client.plain});
    carry(pair, &pair->client, &cipher);
}

/* How many bytes to hand over so that the stream is cut at cut_at. */
static uint32_t amount(struct pair *pair)
{
    if (pair->piece) return pair->piece;
    if (pair->cut_at > pair->moves) return (uint32_t)(pair->cut_at - pair->moves);
    return UINT32_MAX;
}

static bool move(struct pair *pair, struct pair_end *to)
{
    struct mc_slices cipher;
    if (!to->in.count || to->result != MC_TLS_OK) return false;
    mc_slices_init(&cipher, &pair->pki->realm.pool);
    struct mc_slice slice = mc_slices_pop(&to->in, amount(pair));
    pair->moves += slice.length;
    to->result = type_of(pair)->feed(to->session, pair->wall, slice, (struct mc_tls_output){&cipher, &to->plain});
    carry(pair, to, &cipher);
    return true;
}

void pair_run(struct pair *pair)
{
    while (move(pair, &pair->server) || move(pair, &pair->client)) continue;
}

void pair_send(struct pair *pair, struct pair_end *from, struct mc_str text)
{
    struct mc_slices cipher;
    mc_slices_init(&cipher, &pair->pki->realm.pool);
    struct mc_slice slice = mc_slice_copy(&pair->pki->realm.pool, text);
    from->result = type_of(pair)->seal(from->session, slice, (struct mc_tls_output){&cipher, &from->plain});
    carry(pair, from, &cipher);
}

struct mc_str pair_plain(struct pair_end *end, char *room, size_t size)
{
    size_t length = 0;
    while (end->plain.count) {
        struct mc_slice slice = mc_slices_pop(&end->plain, UINT32_MAX);
        struct mc_str text = mc_slice_str(slice);
        ck_assert(text.n <= size - length);
        memcpy(room + length, text.p, text.n);
        length += text.n;
        mc_slice_unref(slice);
    }
    return mc_str(room, length);
}

void pair_close(struct pair *pair)
{
    struct pair_end *ends[] = {&pair->client, &pair->server};
    for (size_t i = 0; i < 2; i++) {
        type_of(pair)->close(ends[i]->session);
        mc_slices_fini(&ends[i]->in);
        mc_slices_fini(&ends[i]->plain);
    }
}
