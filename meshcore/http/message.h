/* The head of a request or a response, whatever codec it came through.
 *
 * What frames a message (Content-Length, Transfer-Encoding, Connection and other hop-by-hop fields,
 * Host) is lifted out by the decoding codec and put back by the encoding one, so that a proxy passes a
 * head on without touching framing (RFC 9110 §7.6.1, RFC 9112 §6).
 */
#ifndef HTTP_MESSAGE_H
#define HTTP_MESSAGE_H

#include "http/header.h"

#define MC_METHODS(X) \
    X(GET) X(HEAD) X(POST) X(PUT) X(DELETE) X(CONNECT) X(OPTIONS) X(TRACE) X(PATCH)

enum mc_method {
    MC_METHOD_OTHER,
#define X(name) MC_METHOD_##name,
    MC_METHODS(X)
#undef X
};

enum mc_method mc_method_of(struct mc_str text); /* case matters (RFC 9110 §9.1) */

struct mc_head {
    struct mc_arena *arena; /* where views that were copied live; the exchange's */
    bool is_response;
    uint8_t minor;              /* HTTP/1.x as received; 1 for others */
    enum mc_method method;      /* request */
    struct mc_str method_text;
    struct mc_str scheme;       /* "http" or "https" */
    struct mc_str authority;    /* Host or :authority, with its port if one was sent */
    struct mc_str path;         /* origin-form: path and query; "*" for OPTIONS * */
    uint16_t status;            /* response: 100…599 */
    struct mc_headers headers;
    int64_t content_length;     /* -1: not known before the end */
    bool expects_continue;      /* request: Expect: 100-continue */
    struct mc_str upgrade;      /* request: the protocols it asks to change to (RFC 9110 §7.8); empty: none, or h2c */
};

/* The path without its query; *query is what follows the '?', empty if none. */
struct mc_str mc_head_path(const struct mc_head *head, struct mc_str *query);
/* The authority without its port. Brackets of an IPv6 literal stay. */
struct mc_str mc_head_host(const struct mc_head *head);

/* Whether a response has no body whatever its fields say: to HEAD, 1xx, 204, 304 (RFC 9110 §6.4.1). */
bool mc_response_is_bodiless(enum mc_method method, uint16_t status);
struct mc_str mc_status_reason(uint16_t status); /* "Not Found"; "Unknown" for those nobody has registered */

#endif
