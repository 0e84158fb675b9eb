/* One exchange, a request and its response, on one connection, seen by the part that handles it.
 *
 * The codec owns the exchange; the handling part embeds a struct mc_handler and is told through it.
 * On a server connection the handler gets the request and sends the response; on a client connection
 * it sends the request and gets the response.
 *
 * Life: an exchange dies (at the end of the step) once both its directions have ended, or when it is
 * reset by either side. `ended` is the last call to a handler, always made exactly once unless the
 * handler itself called mc_exchange_reset. After it, or after mc_exchange_reset, the exchange may not
 * be touched. Views of heads live as long as the exchange; use mc_exchange_keep to hold on longer.
 *
 * Back-pressure: body slices count against the connection's credit until mc_exchange_consumed; when
 * the peer reads slowly the handler is told `clogged(true)` and stops sending until `clogged(false)`.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "host/turn.h"
#include "http/message.h"

#define MC_EXCHANGE_ENDS(X) \
    X(DONE, "complete") \
    X(CONNECTION_CLOSED, "connection closed") \
    X(CONNECTION_RESET, "connection reset") \
    X(REFUSED, "refused, never processed") \
    X(CANCELLED, "cancelled by the peer") \
    X(PROTOCOL_ERROR, "protocol error") \
    X(NO_MEMORY, "out of memory")

enum mc_exchange_end {
#define X(name, text) MC_EXCHANGE_##name,
    MC_EXCHANGE_ENDS(X)
#undef X
};

const char *mc_exchange_end_text(enum mc_exchange_end end);

struct mc_exchange;
struct mc_handler;

struct mc_handler_type {
    void (*head)(struct mc_handler *handler, struct mc_head *head, bool end);
    void (*informed)(struct mc_handler *handler, uint16_t status); /* client: a 1xx response; NULL: ignored */
    void (*body)(struct mc_handler *handler, struct mc_slice slice, bool end); /* takes the slice; may be empty with end */
    void (*trailers)(struct mc_handler *handler, struct mc_headers *trailers); /* implies end */
    void (*clogged)(struct mc_handler *handler, bool clogged);
    void (*ended)(struct mc_handler *handler, enum mc_exchange_end end);
};

struct mc_handler {
    const struct mc_handler_type *type;
    struct mc_exchange *exchange; /* set by the codec; NULL before and after */
};

struct mc_http_conn;

/* The part that codecs share; each embeds it first. */
struct mc_exchange {
    struct mc_http_conn *conn;
    struct mc_handler *handler; /* NULL once detached */
    struct mc_arena arena;      /* heads and trailers received; scratch for the handler */
    struct mc_slices kept;      /* chunks that views point into */
    uint64_t body_in, body_out; /* bytes of body so far */
    bool received, sent;        /* that direction has ended */
};

/* Calls down. Heads are borrowed during the call. After `end` nothing more may be sent. */
void mc_exchange_send_head(struct mc_exchange *exchange, const struct mc_head *head, bool end);
void mc_exchange_send_continue(struct mc_exchange *exchange); /* server: 100 Continue, if it was asked for and nothing was sent */
void mc_exchange_send_body(struct mc_exchange *exchange, struct mc_slice slice, bool end); /* takes the slice */
void mc_exchange_send_trailers(struct mc_exchange *exchange, const struct mc_headers *trailers);
void mc_exchange_reset(struct mc_exchange *exchange);
void mc_exchange_consumed(struct mc_exchange *exchange, uint32_t bytes);

#endif
