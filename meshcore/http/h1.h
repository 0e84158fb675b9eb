/* HTTP/1.1 on one connection: what its files share. See codec.h for the door.
 *
 *   h1_conn.c    life of a connection and its exchanges, on both sides
 *   h1_decode.c  llhttp's callbacks: bytes to heads, bodies, trailers; what llhttp lets through and we do not
 *   h1_encode.c  heads, bodies, trailers to bytes, coalesced until the step ends
 */
#ifndef HTTP_H1_H
#define HTTP_H1_H

#include "base/limits.h"
#include "http/codec.h"
#include <llhttp.h>

enum { H1_TAIL = 16 }; /* bytes before the current slice that the checks may look back to */

struct h1_exchange {
    struct mc_exchange base;
    enum mc_method method;
    bool head_sent, head_received;
    bool chunked;         /* what we send */
    bool close_delimited; /* what we send ends with the connection */
    bool no_body;         /* what we send has none: HEAD, 204, 304 */
    bool wants_continue;
    int64_t left;         /* bytes of a Content-Length body still to send; -1: not bounded */
    struct mc_grave grave;
};

enum h1_state {
    H1_OPEN,
    H1_LINGERING, /* answered for good, half-closed; what still comes is thrown away */
    H1_GONE,      /* closed was told */
};

struct h1 {
    struct mc_http_conn http;
    struct mc_conn conn;
    struct mc_http_options options;
    enum h1_state state;
    struct h1_exchange *current;
    struct mc_slices waiting; /* received, not parsed: pipelined behind the exchange under way */
    struct mc_timer timer;    /* idle, head or linger */
    struct mc_grave grave, flush;
    bool flush_queued, parsing, decoding, peer_ended, close_after, established;
    bool rest_due; /* an exchange has ended and the owner does not know yet that there is room */
    struct mc_chunk *out; /* written, not sent yet */

    /* decoding */
    llhttp_t parser;
    struct mc_slice now;  /* the slice being parsed */
    bool now_kept;        /* … is referenced by the exchange's views */
    char tail[H1_TAIL];   /* the bytes before it */
    bool tail_is_blank;   /* … since the last line break are spaces and tabs only */
    uint64_t now_at;      /* offset of the slice in all that was parsed */
    uint64_t value_end;   /* offset behind the last piece of a header's value */
    struct mc_str name, value, target;
    bool in_value, in_name, in_trailers, message_done, body_follows, has_version;
    enum mc_refusal refusal;
    uint32_t head_bytes, body_in_slice;
    struct mc_head head;
    struct mc_headers trailers;
};

static inline struct h1 *h1_of(struct mc_http_conn *conn)
{
    return mc_container(conn, struct h1, http);
}

static inline struct h1_exchange *h1_exchange_of(struct mc_exchange *exchange)
{
    return mc_container(exchange, struct h1_exchange, base);
}

/* h1_decode.c */
void h1_decode_init(struct h1 *h1);
/* Parses SLICE (taken) up to the end of a message, which the caller delivers (h1->message_done), so that
 * what stands behind it is known by then. *left is that, with its reference. */
enum mc_refusal h1_decode(struct h1 *h1, struct mc_slice slice, struct mc_slice *left);
enum mc_refusal h1_decode_end(struct h1 *h1); /* the peer has ended: a close-delimited message may be complete */
bool h1_decode_is_idle(const struct h1 *h1);  /* between messages */

/* h1_encode.c */
void h1_encode_head(struct h1 *h1, struct h1_exchange *exchange, const struct mc_head *head, bool end);
void h1_encode_body(struct h1 *h1, struct h1_exchange *exchange, struct mc_slice slice);
void h1_encode_trailers(struct h1 *h1, struct h1_exchange *exchange, const struct mc_headers *trailers);
void h1_encode_text(struct h1 *h1, struct mc_str text);
void h1_encode_flush(struct h1 *h1);
void h1_encode_drop(struct h1 *h1);

/* h1_conn.c, for the decoder */
struct h1_exchange *h1_begin_exchange(struct h1 *h1); /* server: a request begins; NULL: no memory */
bool h1_deliver_head(struct h1 *h1, bool end);        /* false: the connection is gone */
bool h1_deliver_body(struct h1 *h1, struct mc_slice slice, bool end);

#endif
