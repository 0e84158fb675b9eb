/* Heads, bodies and trailers to bytes. What is written in one step leaves in one slice where it fits:
 * small pieces are copied behind the head, large ones follow as they are. */
#include "http/h1.h"

enum { COPY_MAX = 1024, FIRST_ROOM = 2000 };

static void flush_at_end(struct mc_grave *grave)
{
    struct h1 *h1 = mc_container(grave, struct h1, flush);
    h1->flush_queued = false;
    h1_encode_flush(h1);
}

void h1_encode_flush(struct h1 *h1)
{
    struct mc_chunk *out = h1->out;
    h1->out = NULL;
    if (out) mc_conn_send(&h1->conn, mc_slice_of(out));
}

void h1_encode_drop(struct h1 *h1)
{
    mc_chunk_unref(h1->out);
    h1->out = NULL;
    if (h1->flush_queued) mc_list_remove(&h1->flush.link);
    h1->flush_queued = false;
}

/* Room for SIZE bytes at the end of the output. NULL: no memory, and the connection is cut. */
static char *room(struct h1 *h1, size_t size)
{
    if (h1->state == H1_GONE) return NULL;
    if (h1->out && mc_chunk_room(h1->out) < size) h1_encode_flush(h1);
    if (!h1->out) h1->out = mc_chunk_take(&h1->http.turn->realm->pool, size > FIRST_ROOM ? (uint32_t)size : FIRST_ROOM);
    if (!h1->out) {
        mc_conn_reset(&h1->conn);
        return NULL;
    }
    if (!h1->flush_queued) mc_turn_bury(h1->http.turn, &h1->flush, flush_at_end);
    h1->flush_queued = true;
    return h1->out->bytes + h1->out->used;
}

static char *put(char *at, struct mc_str text)
{
    if (text.n) memcpy(at, text.p, text.n);
    return at + text.n;
}

static char *put_lower(char *at, struct mc_str text)
{
    for (size_t i = 0; i < text.n; i++) at[i] = mc_lower(text.p[i]);
    return at + text.n;
}

static char *put_number(char *at, uint64_t number)
{
    char digits[20];
    return put(at, mc_str(digits, mc_u64_to_text(number, digits)));
}

static char *put_headers(char *at, const struct mc_headers *headers)
{
    for (uint32_t i = 0; i < headers->count; i++) {
        const struct mc_header *header = &headers->list[i];
        at = header->id ? put(at, mc_header_name(header->id)) : put_lower(at, header->name);
        *at++ = ':';
        *at++ = ' ';
        at = put(at, header->value);
        *at++ = '\r';
        *at++ = '\n';
    }
    return at;
}

static size_t size_of(const struct mc_headers *headers)
{
    size_t size = 0;
    for (uint32_t i = 0; i < headers->count; i++) size += headers->list[i].name.n + headers->list[i].value.n + 4;
    return size;
}

void h1_encode_text(struct h1 *h1, struct mc_str text)
{
    char *at = room(h1, text.n);
    if (!at) return;
    put(at, text);
    h1->out->used += (uint32_t)text.n;
}

/* ---- framing: how the receiver finds the end (RFC 9112 §6.3) ---- */

static void frame_request(struct h1_exchange *exchange, const struct mc_head *head, bool end)
{
    exchange->left = end ? 0 : head->content_length;
    exchange->chunked = !end && head->content_length < 0;
}

static void frame_response(struct h1 *h1, struct h1_exchange *exchange, const struct mc_head *head, bool end)
{
    exchange->no_body = mc_response_is_bodiless(exchange->method, head->status);
    exchange->left = end ? 0 : head->content_length;
    exchange->chunked = !exchange->no_body && !end && head->content_length < 0 && h1->head.minor == 1;
    exchange->close_delimited = !exchange->no_body && !end && head->content_length < 0 && !exchange->chunked;
    if (exchange->close_delimited) h1->close_after = true;
}

static char *put_framing(char *at, const struct h1_exchange *exchange, const struct mc_head *head, bool end)
{
    if (exchange->chunked) return put(at, MC_STR("transfer-encoding: chunked\r\n"));
    int64_t length = end && head->content_length < 0 ? 0 : head->content_length;
    bool none = head->is_response ? head->status < 200 || head->status == 204 || (exchange->no_body && head->content_length < 0)
                                  : end && (head->method == MC_METHOD_GET || head->method == MC_METHOD_HEAD || head->method == MC_METHOD_OPTIONS || head->method == MC_METHOD_DELETE || head->method == MC_METHOD_TRACE);
    if (none || length < 0) return at;
    at = put(at, MC_STR("content-length: "));
    at = put_number(at, (uint64_t)length);
    return put(at, MC_STR("\r\n"));
}

static char *put_request_line(char *at, const struct mc_head *head)
{
    at = put(at, head->method_text);
    *at++ = ' ';
    at = put(at, head->path);
    at = put(at, MC_STR(" HTTP/1.1\r\nhost: "));
    at = put(at, head->authority);
    return put(at, MC_STR("\r\n"));
}

static char *put_status_line(char *at, const struct mc_head *head)
{
    at = put(at, MC_STR("HTTP/1.1 "));
    at = put_number(at, head->status);
    *at++ = ' ';
    at = put(at, mc_status_reason(head->status));
    return put(at, MC_STR("\r\n"));
}

void h1_encode_head(struct h1 *h1, struct h1_exchange *exchange, const struct mc_head *head, bool end)
{
    enum { FIXED = 160 };
    if (head->is_response) frame_response(h1, exchange, head, end);
    else frame_request(exchange, head, end);
    size_t size = FIXED + head->method_text.n + head->path.n + head->authority.n + h1->options.server_name.n + size_of(&head->headers);
    char *start = room(h1, size), *at = start;
    if (!at) return;
    at = head->is_response ? put_status_line(at, head) : put_request_line(at, head);
    at = put_headers(at, &head->headers);
    if (head->is_response && h1->options.server_name.n && !mc_headers_known(&head->headers, MC_HEADER_SERVER)) {
        at = put(at, MC_STR("server: "));
        at = put(at, h1->options.server_name);
        at = put(at, MC_STR("\r\n"));
    }
    at = put_framing(at, exchange, head, end);
    if (h1->close_after && head->status >= 200) at = put(at, MC_STR("connection: close\r\n"));
    else if (head->is_response && h1->head.minor == 0) at = put(at, MC_STR("connection: keep-alive\r\n"));
    at = put(at, MC_STR("\r\n"));
    mc_assert((size_t)(at - start) <= size);
    h1->out->used += (uint32_t)(at - start);
}

/* ---- bodies ---- */

static void put_slice(struct h1 *h1, struct mc_slice slice)
{
    if (slice.length <= COPY_MAX && !slice.chunk->modelled && h1->out && mc_chunk_room(h1->out) >= slice.length) {
        h1_encode_text(h1, mc_slice_str(slice));
        mc_slice_unref(slice);
        return;
    }
    h1_encode_flush(h1);
    mc_conn_send(&h1->conn, slice);
}

static void put_chunk_head(struct h1 *h1, uint32_t size)
{
    static const char hex[] = "0123456789abcdef";
    char text[12];
    size_t n = 0;
    for (int shift = 28; shift >= 0; shift -= 4)
        if (size >> shift || !shift) text[n++] = hex[size >> shift & 15];
    text[n++] = '\r';
    text[n++] = '\n';
    h1_encode_text(h1, mc_str(text, n));
}

void h1_encode_body(struct h1 *h1, struct h1_exchange *exchange, struct mc_slice slice)
{
    if (exchange->no_body || h1->state == H1_GONE) {
        mc_slice_unref(slice);
        return;
    }
    if (exchange->left >= 0) {
        if (slice.length > exchange->left) slice.length = (uint32_t)exchange->left; /* more than was announced */
        exchange->left -= slice.length;
    }
    if (!slice.length) {
        mc_slice_unref(slice);
        return;
    }
    if (exchange->chunked) put_chunk_head(h1, slice.length);
    put_slice(h1, slice);
    if (exchange->chunked) h1_encode_text(h1, MC_STR("\r\n"));
}

void h1_encode_trailers(struct h1 *h1, struct h1_exchange *exchange, const struct mc_headers *trailers)
{
    size_t size = trailers ? size_of(trailers) : 0;
    if (!exchange->chunked || exchange->no_body) return;
    char *start = room(h1, size + 8), *at = start;
    if (!at) return;
    at = put(at, MC_STR("0\r\n"));
    if (trailers) at = put_headers(at, trailers);
    at = put(at, MC_STR("\r\n"));
    h1->out->used += (uint32_t)(at - start);
}
