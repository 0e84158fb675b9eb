/* The seam between connections and exchanges: a codec record per protocol version and fidelity.
 *
 * A connection with its codec is one struct mc_http_conn. The owner keeps it in its own record (a pool
 * entry, a downstream connection), is told what it needs through mc_http_owner_type, and opens
 * exchanges on client connections.
 */
#ifndef HTTP_CODEC_H
#define HTTP_CODEC_H

#include "http/exchange.h"
#include "net/conn.h"

/* Why a request was refused by the codec itself. The status is the answer that is sent. */
#define MC_REFUSALS(X) \
    X(MALFORMED, 400, "malformed request") \
    X(FOLDED_HEADER, 400, "folded header line") \
    X(BARE_CR, 400, "CR without LF") \
    X(BAD_HEADER_NAME, 400, "empty or spaced header name") \
    X(HOST_MISSING, 400, "Host is missing") \
    X(HOST_TWICE, 400, "more than one Host") \
    X(HOST_INVALID, 400, "Host is not a valid authority") \
    X(BAD_SPACING, 400, "request line with other than single spaces") \
    X(BAD_TARGET, 400, "request target is not valid") \
    X(LENGTH_AND_ENCODING, 400, "Content-Length with Transfer-Encoding") \
    X(LENGTH_CONFLICT, 400, "conflicting Content-Length") \
    X(LENGTH_INVALID, 400, "Content-Length is not a number") \
    X(ENCODING_UNKNOWN, 501, "Transfer-Encoding other than chunked") \
    X(ENCODING_IN_10, 400, "Transfer-Encoding in HTTP/1.0") \
    X(VERSION, 505, "HTTP version other than 1.0 or 1.1") \
    X(PROTOCOL, 400, "not HTTP") \
    X(METHOD_UNKNOWN, 501, "method not implemented") \
    X(HEAD_TOO_LARGE, 431, "request head too large") \
    X(TOO_MANY_HEADERS, 431, "too many header fields") \
    X(TARGET_TOO_LONG, 414, "request target too long") \
    X(CHUNK_INVALID, 400, "malformed chunk") \
    X(STATUS_INVALID, 502, "invalid status code") \
    X(TIMEOUT, 408, "request head did not arrive in time") \
    X(OVERLOADED, 503, "out of memory, or the owner refused")

enum mc_refusal {
    MC_REFUSAL_NONE,
#define X(name, status, text) MC_REFUSAL_##name,
    MC_REFUSALS(X)
#undef X
};

const char *mc_refusal_text(enum mc_refusal refusal);
uint16_t mc_refusal_status(enum mc_refusal refusal);

struct mc_http_conn;

struct mc_http_owner_type {
    /* Client: the connection and its layers are established; exchanges may be opened. */
    void (*ready)(struct mc_http_conn *conn);
    /* Server: a request head has arrived. The owner answers with the handler for it (whose head() is
     * called next), or NULL to refuse with 503. */
    struct mc_handler *(*request)(struct mc_http_conn *conn, struct mc_exchange *exchange);
    /* A client connection has room for an exchange again, or a server connection has none left. */
    void (*idle)(struct mc_http_conn *conn);
    /* Client: no further exchange will be taken (Connection: close, GOAWAY, read error); those under way go on. */
    void (*draining)(struct mc_http_conn *conn);
    /* Server: the codec refused a request and has answered it by itself. */
    void (*refused)(struct mc_http_conn *conn, enum mc_refusal refusal);
    /* Terminal; all exchanges have been told `ended` before. The owner may give its memory back at the
     * end of the step (mc_turn_bury), not during the call. */
    void (*closed)(struct mc_http_conn *conn, enum mc_stream_reason reason);
};

struct mc_codec_type {
    const char *name; /* "h1" */
    uint32_t (*room)(const struct mc_http_conn *conn); /* client: exchanges that can be opened now */
    struct mc_exchange *(*open)(struct mc_http_conn *conn, struct mc_handler *handler); /* NULL refuses */
    void (*send_head)(struct mc_exchange *exchange, const struct mc_head *head, bool end);
    void (*send_continue)(struct mc_exchange *exchange);
    void (*send_body)(struct mc_exchange *exchange, struct mc_slice slice, bool end);
    void (*send_trailers)(struct mc_exchange *exchange, const struct mc_headers *trailers);
    void (*reset)(struct mc_exchange *exchange);
    void (*consumed)(struct mc_exchange *exchange, uint32_t bytes);
    void (*drain)(struct mc_http_conn *conn);
    void (*free)(struct mc_http_conn *conn);
};

struct mc_http_conn {
    const struct mc_codec_type *codec;
    const struct mc_http_owner_type *owner;
    struct mc_conn *conn;     /* embedded in the codec's record */
    struct mc_turn *turn;
    uint32_t exchange_count;  /* under way */
    uint64_t exchange_total;
    bool is_server, draining;
};

/* The options of a codec connection; zero is the default of limits.h and Envoy. */
struct mc_http_options {
    uint32_t head_bytes_max;   /* MC_MAX_HEAD_BYTES */
    uint32_t headers_max;      /* MC_MAX_HEADERS */
    mc_ns head_timeout;        /* 0: none (Envoy request_headers_timeout is off by default) */
    mc_ns idle_timeout;        /* 0: none; between exchanges (Envoy: 1 h); the connection is closed */
    mc_ns linger;              /* 0: 1 s; how long a refused or closing peer is drained (Envoy delayed_close) */
    struct mc_str server_name; /* the Server header of a server connection; empty: none added */
};

/* Makes the codec record for a connection; the owner then secures, opens or accepts http->conn. NULL
 * refuses. mc_http_free gives it back, at the end of the step, after `closed` or before it was opened. */
struct mc_http_conn *mc_h1_server(struct mc_net *net, const struct mc_http_owner_type *owner, const struct mc_http_options *options);
struct mc_http_conn *mc_h1_client(struct mc_net *net, const struct mc_http_owner_type *owner, const struct mc_http_options *options);
void mc_http_free(struct mc_http_conn *conn);

/* Client: opens an exchange. NULL: no room, draining, or no memory. */
struct mc_exchange *mc_http_open(struct mc_http_conn *conn, struct mc_handler *handler);
/* No new exchanges; closes when the last has ended. Idempotent. */
void mc_http_drain(struct mc_http_conn *conn);
/* Cuts the connection; exchanges end as CONNECTION_RESET, then `closed`. */
void mc_http_reset(struct mc_http_conn *conn);

#endif
