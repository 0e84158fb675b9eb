#include "http/codec.h"

const char *mc_exchange_end_text(enum mc_exchange_end end)
{
    static const char *const texts[] = {
#define X(name, text) text,
        MC_EXCHANGE_ENDS(X)
#undef X
    };
    mc_assert((unsigned)end < MC_COUNT_OF(texts));
    return texts[end];
}

void mc_exchange_send_head(struct mc_exchange *exchange, const struct mc_head *head, bool end)
{
    mc_assert(!exchange->sent);
    exchange->conn->codec->send_head(exchange, head, end);
}

void mc_exchange_send_continue(struct mc_exchange *exchange)
{
    exchange->conn->codec->send_continue(exchange);
}

void mc_exchange_send_body(struct mc_exchange *exchange, struct mc_slice slice, bool end)
{
    mc_assert(!exchange->sent);
    exchange->conn->codec->send_body(exchange, slice, end);
}

void mc_exchange_send_trailers(struct mc_exchange *exchange, const struct mc_headers *trailers)
{
    mc_assert(!exchange->sent);
    exchange->conn->codec->send_trailers(exchange, trailers);
}

void mc_exchange_reset(struct mc_exchange *exchange)
{
    exchange->conn->codec->reset(exchange);
}

void mc_exchange_consumed(struct mc_exchange *exchange, uint32_t bytes)
{
    exchange->conn->codec->consumed(exchange, bytes);
}
