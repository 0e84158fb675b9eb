/* Header lists: views of names and values, in order, held until the exchange ends.
 *
 * Names the proxy cares about have a number (MC_HEADER_…) so that they are found without comparing
 * text; the number is set when a header is added. Comparison of names ignores case (RFC 9110 §5.1);
 * codecs write them in lower case.
 */
#ifndef HTTP_HEADER_H
#define HTTP_HEADER_H

#include "base/arena.h"
#include "base/result.h"
#include <stdbool.h>

/* By length, which is how a name is found. */
#define MC_KNOWN_HEADERS(X) \
    X(TE, "te") \
    X(VIA, "via") \
    X(HOST, "host") \
    X(DATE, "date") \
    X(EXPECT, "expect") \
    X(SERVER, "server") \
    X(TRAILER, "trailer") \
    X(UPGRADE, "upgrade") \
    X(LOCATION, "location") \
    X(CONNECTION, "connection") \
    X(KEEP_ALIVE, "keep-alive") \
    X(USER_AGENT, "user-agent") \
    X(TRACESTATE, "tracestate") \
    X(TRACEPARENT, "traceparent") \
    X(GRPC_STATUS, "grpc-status") \
    X(CONTENT_TYPE, "content-type") \
    X(X_REQUEST_ID, "x-request-id") \
    X(CONTENT_LENGTH, "content-length") \
    X(X_FORWARDED_FOR, "x-forwarded-for") \
    X(PROXY_CONNECTION, "proxy-connection") \
    X(X_ENVOY_RETRY_ON, "x-envoy-retry-on") \
    X(TRANSFER_ENCODING, "transfer-encoding") \
    X(X_FORWARDED_PROTO, "x-forwarded-proto") \
    X(PROXY_AUTHENTICATE, "proxy-authenticate") \
    X(X_ENVOY_OVERLOADED, "x-envoy-overloaded") \
    X(PROXY_AUTHORIZATION, "proxy-authorization") \
    X(X_ENVOY_MAX_RETRIES, "x-envoy-max-retries") \
    X(X_ENVOY_RATELIMITED, "x-envoy-ratelimited") \
    X(X_ENVOY_ATTEMPT_COUNT, "x-envoy-attempt-count") \
    X(X_ENVOY_UPSTREAM_SERVICE_TIME, "x-envoy-upstream-service-time") \
    X(X_ENVOY_UPSTREAM_RQ_TIMEOUT_MS, "x-envoy-upstream-rq-timeout-ms")

enum mc_header_id {
    MC_HEADER_OTHER,
#define X(id, text) MC_HEADER_##id,
    MC_KNOWN_HEADERS(X)
#undef X
    MC_HEADER_KNOWN_COUNT
};

struct mc_header {
    struct mc_str name, value;
    enum mc_header_id id;
};

struct mc_headers {
    struct mc_header *list; /* in the arena; NULL until the first add */
    uint32_t count, capacity;
    uint32_t bytes; /* sum of names, values and 4 per header */
    uint32_t seen;  /* bit per mc_header_id that was ever added: what is not there need not be looked for */
};

enum mc_header_id mc_header_id(struct mc_str name); /* any case */
struct mc_str mc_header_name(enum mc_header_id id); /* lower case; empty for OTHER */

/* Appends views; the texts must live as long as the arena. LIMIT over MC_MAX_HEADERS. */
struct mc_result mc_headers_add(struct mc_headers *headers, struct mc_arena *arena, struct mc_str name, struct mc_str value) MC_MUST_USE;
struct mc_result mc_headers_add_known(struct mc_headers *headers, struct mc_arena *arena, enum mc_header_id id, struct mc_str value) MC_MUST_USE;
/* The first with that name replaced, further ones removed; added if there is none. */
struct mc_result mc_headers_set(struct mc_headers *headers, struct mc_arena *arena, struct mc_str name, struct mc_str value) MC_MUST_USE;
void mc_headers_remove(struct mc_headers *headers, struct mc_str name);
void mc_headers_remove_known(struct mc_headers *headers, enum mc_header_id id);

const struct mc_header *mc_headers_find(const struct mc_headers *headers, struct mc_str name); /* first; NULL */
const struct mc_header *mc_headers_known(const struct mc_headers *headers, enum mc_header_id id); /* first; NULL */
/* Whether a comma-separated list header holds TOKEN (any case), over all its lines. */
bool mc_headers_list_has(const struct mc_headers *headers, enum mc_header_id id, struct mc_str token);

#endif
