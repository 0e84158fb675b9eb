#include "sim/load/body.h"
#include "base/limits.h"

struct mc_slice sim_body_filler(struct mc_pool *pool)
{
    struct mc_chunk *chunk = mc_chunk_take(pool, MC_CHUNK_SMALL);
    if (!chunk) return mc_slice_none();
    memset(chunk->bytes, 'x', chunk->size);
    chunk->used = chunk->size;
    return mc_slice_of(chunk);
}

void sim_body_send(struct sim_body *body, struct mc_exchange *exchange, struct mc_slice filler)
{
    while (body->left && !body->clogged && !body->ended) {
        uint32_t length = body->left < filler.length ? body->left : filler.length;
        body->left -= length;
        body->ended = !body->left;
        mc_exchange_send_body(exchange, mc_slice_view(filler, 0, length), body->ended);
    }
}

void sim_body_clogged(struct sim_body *body, struct mc_exchange *exchange, struct mc_slice filler, bool clogged)
{
    body->clogged = clogged;
    if (!clogged) sim_body_send(body, exchange, filler);
}
