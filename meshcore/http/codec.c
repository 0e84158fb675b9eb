#include "http/codec.h"

static const struct {
    uint16_t status;
    const char *text;
} refusals[] = {
    {0, "none"},
#define X(name, status, text) {status, text},
    MC_REFUSALS(X)
#undef X
};

const char *mc_refusal_text(enum mc_refusal refusal)
{
    mc_assert((unsigned)refusal < MC_COUNT_OF(refusals));
    return refusals[refusal].text;
}

uint16_t mc_refusal_status(enum mc_refusal refusal)
{
    mc_assert((unsigned)refusal < MC_COUNT_OF(refusals));
    return refusals[refusal].status;
}

struct mc_exchange *mc_http_open(struct mc_http_conn *conn, struct mc_handler *handler)
{
    mc_assert(!conn->is_server);
    return conn->codec->room(conn) ? conn->codec->open(conn, handler) : NULL;
}

void mc_http_drain(struct mc_http_conn *conn)
{
    if (!conn->draining) conn->codec->drain(conn);
}

void mc_http_reset(struct mc_http_conn *conn)
{
    mc_conn_reset(conn->conn);
}

void mc_http_free(struct mc_http_conn *conn)
{
    if (conn) conn->codec->free(conn);
}
