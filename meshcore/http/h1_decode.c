/* llhttp's callbacks, and the refusals that it leaves to us (RFC 9112 clauses at each).
 *
 * Views point into the slice being parsed; a piece that goes on in the next slice is copied into the
 * exchange's arena. A false answer from the connection (it died under a callback) stops the parser.
 */
#include "http/h1.h"

enum { GO_ON = 0, STOP = -1 };

static struct h1 *of(llhttp_t *parser)
{
    return parser->data;
}

static int refuse(struct h1 *h1, enum mc_refusal refusal)
{
    if (!h1->refusal) h1->refusal = refusal;
    return STOP;
}

/* The byte K places before AT, also when it lies in an earlier slice; 0 if it is too far back. */
static char byte_before(const struct h1 *h1, const char *at, size_t k)
{
    size_t offset = (size_t)(at - mc_slice_str(h1->now).p);
    if (k <= offset) return at[-(ptrdiff_t)k];
    size_t back = k - offset;
    return back <= H1_TAIL ? h1->tail[H1_TAIL - back] : 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void remember_tail(struct h1 *h1)
{
    struct mc_str text = mc_slice_str(h1->now);
    size_t n = text.n < H1_TAIL ? text.n : H1_TAIL, at = text.n;
    while (at && is_blank(text.p[at - 1])) at--;
    if (at) h1->tail_is_blank = text.p[at - 1] == '\n';
    h1->now_at += text.n;
    memmove(h1->tail, h1->tail + n, H1_TAIL - n);
    memcpy(h1->tail + H1_TAIL - n, text.p + text.n - n, n);
}

/* ---- views ---- */

static bool keep_slice(struct h1 *h1)
{
    if (h1->now_kept) return true;
    h1->now_kept = true;
    return mc_slices_push(&h1->current->base.kept, mc_slice_view(h1->now, 0, h1->now.length));
}

static bool extend(struct h1 *h1, struct mc_str *text, const char *at, size_t length)
{
    if (!length) return true;
    if (!keep_slice(h1)) return false;
    if (!text->n) {
        *text = mc_str(at, length);
    } else if (text->p + text->n == at) {
        text->n += length;
    } else {
        char *joined = mc_arena_take(&h1->current->base.arena, text->n + length);
        if (!joined) return false;
        memcpy(joined, text->p, text->n);
        memcpy(joined + text->n, at, length);
        *text = mc_str(joined, text->n + length);
    }
    return true;
}

/* A piece of the head: within its bound, and kept. */
static int take(struct h1 *h1, struct mc_str *text, const char *at, size_t length)
{
    h1->head_bytes += (uint32_t)length;
    if (h1->head_bytes > h1->options.head_bytes_max) return refuse(h1, MC_REFUSAL_HEAD_TOO_LARGE);
    return extend(h1, text, at, length) ? GO_ON : refuse(h1, MC_REFUSAL_OVERLOADED);
}

/* ---- the first line ---- */

static int on_message_begin(llhttp_t *parser)
{
    struct h1 *h1 = of(parser);
    if (h1->http.is_server) h1->current = h1_begin_exchange(h1);
    if (!h1->current) return refuse(h1, MC_REFUSAL_OVERLOADED);
    h1->head_bytes = 0;
    h1->name = h1->value = h1->target = mc_str(NULL, 0);
    h1->in_name = h1->in_value = h1->in_trailers = h1->message_done = h1->has_version = false;
    h1->head = (struct mc_head){.arena = &h1->current->base.arena, .is_response = !h1->http.is_server, .content_length = -1};
    h1->trailers = (struct mc_headers){0};
    return GO_ON;
}

/* Single spaces only (RFC 9112 §3: a recipient may be lenient; we are not). */
static int on_url(llhttp_t *parser, const char *at, size_t length)
{
    struct h1 *h1 = of(parser);
    if (!h1->target.n && (byte_before(h1, at, 1) != ' ' || byte_before(h1, at, 2) == ' ')) return refuse(h1, MC_REFUSAL_BAD_SPACING);
    if (h1->target.n + length > MC_MAX_TARGET_BYTES) return refuse(h1, MC_REFUSAL_TARGET_TOO_LONG);
    return take(h1, &h1->target, at, length);
}

/* "HTTP/" stands before the version: RTSP and ICE use the same grammar. */
static int on_version(llhttp_t *parser, const char *at, size_t length)
{
    struct h1 *h1 = of(parser);
    static const char before[] = "HTTP/";
    (void)length;
    h1->has_version = true;
    if (*at < '0' || *at > '9' || (byte_before(h1, at, 1) != '/')) return GO_ON; /* a later piece */
    for (size_t k = 1; k <= 5; k++)
        if (byte_before(h1, at, k) != before[5 - k]) return refuse(h1, MC_REFUSAL_PROTOCOL);
    if (!h1->http.is_server) return GO_ON;
    if (byte_before(h1, at, 6) != ' ' || byte_before(h1, at, 7) == ' ') return refuse(h1, MC_REFUSAL_BAD_SPACING);
    return GO_ON;
}

/* ---- header fields ---- */

static struct mc_headers *list_of(struct h1 *h1)
{
    return h1->in_trailers ? &h1->trailers : &h1->head.headers;
}

static int on_header_field(llhttp_t *parser, const char *at, size_t length)
{
    struct h1 *h1 = of(parser);
    if (!h1->in_name) h1->name = mc_str(NULL, 0);
    h1->in_name = true;
    return take(h1, &h1->name, at, length);
}

/* Whether only spaces and tabs stand between AT and the line break before it: a folded line, since the
 * first piece of a value has a name and a colon before it (RFC 9112 §5.2). */
static bool starts_line(const struct h1 *h1, const char *at)
{
    const char *start = mc_slice_str(h1->now).p;
    while (at > start && is_blank(at[-1])) at--;
    return at > start ? at[-1] == '\n' : h1->tail_is_blank;
}

/* Pieces of one value join without a gap; one behind a line break is folded. */
static int on_header_value(llhttp_t *parser, const char *at, size_t length)
{
    struct h1 *h1 = of(parser);
    uint64_t offset = h1->now_at + (uint64_t)(at - mc_slice_str(h1->now).p);
    if (h1->in_value && length ? offset != h1->value_end : starts_line(h1, at)) return refuse(h1, MC_REFUSAL_FOLDED_HEADER);
    if (!length) return GO_ON;
    if (!h1->in_value) h1->value = mc_str(NULL, 0);
    h1->in_value = true;
    h1->value_end = offset + length;
    return take(h1, &h1->value, at, length);
}

static int on_header_value_complete(llhttp_t *parser)
{
    struct h1 *h1 = of(parser);
    struct mc_headers *headers = list_of(h1);
    struct mc_str name = h1->in_name ? h1->name : mc_str(NULL, 0);
    struct mc_str value = h1->in_value ? mc_str_trim(h1->value) : mc_str("", 0);
    h1->in_name = h1->in_value = false;
    if (!name.n) return refuse(h1, MC_REFUSAL_BAD_HEADER_NAME);
    if (headers->count >= h1->options.headers_max) return refuse(h1, MC_REFUSAL_TOO_MANY_HEADERS);
    h1->head_bytes += 4;
    return mc_ok(mc_headers_add(headers, &h1->current->base.arena, name, value)) ? GO_ON : refuse(h1, MC_REFUSAL_OVERLOADED);
}

/* ---- the whole head ---- */

/* A host and an optional port: nothing that a URL's other parts are made of (RFC 9110 §7.2). */
static bool is_authority(struct mc_str text)
{
    static const bool bad[128] = {['/'] = true, ['?'] = true, ['#'] = true, ['@'] = true, ['\\'] = true, ['"'] = true, ['<'] = true, ['>'] = true,
                                  ['^'] = true, ['`'] = true, ['{'] = true, ['|'] = true, ['}'] = true, [','] = true};
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c <= ' ' || c >= 0x7f || bad[c]) return false;
    }
    return true;
}

static enum mc_refusal lift_host(struct mc_head *head)
{
    const struct mc_header *host = mc_headers_known(&head->headers, MC_HEADER_HOST);
    if (!host) return head->minor == 0 ? MC_REFUSAL_NONE : MC_REFUSAL_HOST_MISSING;
    if (!is_authority(host->value)) return MC_REFUSAL_HOST_INVALID;
    if (!head->authority.n) head->authority = host->value;
    uint32_t before = head->headers.count;
    mc_headers_remove_known(&head->headers, MC_HEADER_HOST);
    return before - head->headers.count > 1 ? MC_REFUSAL_HOST_TWICE : MC_REFUSAL_NONE;
}

/* Origin-form, absolute-form or "*" (RFC 9112 §3.2). An absolute form's authority wins over Host. */
static enum mc_refusal lift_target(struct mc_head *head, struct mc_str target)
{
    head->path = target;
    if (target.n && target.p[0] == '/') return MC_REFUSAL_NONE;
    if (mc_str_eq(target, MC_STR("*"))) return head->method == MC_METHOD_OPTIONS ? MC_REFUSAL_NONE : MC_REFUSAL_BAD_TARGET;
    struct mc_str rest = target;
    if (mc_str_starts(target, MC_STR("http://"))) rest = mc_str(target.p + 7, target.n - 7);
    else if (mc_str_starts(target, MC_STR("https://"))) rest = mc_str(target.p + 8, target.n - 8);
    else return MC_REFUSAL_BAD_TARGET;
    size_t host = 0;
    while (host < rest.n && rest.p[host] != '/' && rest.p[host] != '?') host++;
    head->authority = mc_str(rest.p, host);
    if (!host || !is_authority(head->authority)) return MC_REFUSAL_BAD_TARGET;
    head->path = host < rest.n && rest.p[host] == '/' ? mc_str(rest.p + host, rest.n - host) : MC_STR("/");
    return MC_REFUSAL_NONE;
}

/* Exactly "chunked", once, in HTTP/1.1, and never beside a length (RFC 9112 §6.1–6.3). */
static enum mc_refusal check_framing(const struct mc_head *head)
{
    static const uint32_t ids = 1u << MC_HEADER_TRANSFER_ENCODING | 1u << MC_HEADER_CONTENT_LENGTH;
    const struct mc_header *encoding = NULL, *length = NULL;
    if (!(head->headers.seen & ids)) return MC_REFUSAL_NONE;
    for (uint32_t i = 0; i < head->headers.count; i++) {
        const struct mc_header *header = &head->headers.list[i];
        if (header->id == MC_HEADER_TRANSFER_ENCODING) {
            if (encoding || !mc_str_eq_nocase(header->value, MC_STR("chunked"))) return MC_REFUSAL_ENCODING_UNKNOWN;
            encoding = header;
        }
        if (header->id == MC_HEADER_CONTENT_LENGTH) {
            if (length) return MC_REFUSAL_LENGTH_CONFLICT;
            length = header;
        }
    }
    if (encoding && length) return MC_REFUSAL_LENGTH_AND_ENCODING;
    if (encoding && head->minor == 0) return MC_REFUSAL_ENCODING_IN_10;
    return MC_REFUSAL_NONE;
}

static const uint32_t hop_by_hop_ids = 1u << MC_HEADER_CONNECTION | 1u << MC_HEADER_CONTENT_LENGTH | 1u << MC_HEADER_TRANSFER_ENCODING |
                                       1u << MC_HEADER_TE | 1u << MC_HEADER_UPGRADE | 1u << MC_HEADER_KEEP_ALIVE |
                                       1u << MC_HEADER_PROXY_CONNECTION | 1u << MC_HEADER_EXPECT;

static bool is_hop_by_hop(enum mc_header_id id)
{
    return hop_by_hop_ids >> id & 1;
}

/* Everything of this hop goes, what Connection nominates included (RFC 9110 §7.6.1). An expectation that is
 * not met here is for those further on. */
static void lift_hop_by_hop(struct mc_head *head)
{
    struct mc_headers *headers = &head->headers;
    if (!(headers->seen & hop_by_hop_ids)) return;
    for (uint32_t i = 0; headers->seen >> MC_HEADER_CONNECTION & 1 && i < headers->count; i++) {
        if (headers->list[i].id != MC_HEADER_CONNECTION) continue;
        struct mc_str rest = headers->list[i].value;
        while (rest.n) {
            struct mc_str token = mc_str_trim(mc_str_cut(rest, ',', &rest));
            enum mc_header_id id = mc_header_id(token);
            if (token.n && !is_hop_by_hop(id)) mc_headers_remove(headers, token);
        }
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < headers->count; i++)
        if (!is_hop_by_hop(headers->list[i].id) || (headers->list[i].id == MC_HEADER_EXPECT && !head->expects_continue))
            headers->list[kept++] = headers->list[i];
    headers->count = kept;
}

static enum mc_refusal lift_length(struct mc_head *head)
{
    const struct mc_header *length = mc_headers_known(&head->headers, MC_HEADER_CONTENT_LENGTH);
    uint64_t value;
    if (!length) return MC_REFUSAL_NONE;
    if (!mc_str_to_u64(length->value, INT64_MAX, &value)) return MC_REFUSAL_LENGTH_INVALID;
    head->content_length = (int64_t)value;
    return MC_REFUSAL_NONE;
}

/* A line that ends behind the target is HTTP/0.9's, which no later version has: not a version that is too
 * old but no request line (RFC 9112 §3). */
static enum mc_refusal check_first_line(struct h1 *h1)
{
    if (!h1->has_version) return MC_REFUSAL_MALFORMED;
    if (h1->parser.http_major != 1 || h1->parser.http_minor > 1) return MC_REFUSAL_VERSION;
    h1->head.minor = h1->parser.http_minor;
    if (h1->head.is_response) {
        h1->head.status = h1->parser.status_code;
        return h1->head.status < 100 || h1->head.status > 599 ? MC_REFUSAL_STATUS_INVALID : MC_REFUSAL_NONE;
    }
    h1->head.method_text = mc_str_c(llhttp_method_name((llhttp_method_t)h1->parser.method));
    h1->head.method = mc_method_of(h1->head.method_text);
    h1->head.scheme = mc_conn_is_secure(&h1->conn) ? MC_STR("https") : MC_STR("http");
    h1->current->method = h1->head.method;
    return h1->head.method == MC_METHOD_OTHER || h1->head.method == MC_METHOD_CONNECT ? MC_REFUSAL_METHOD_UNKNOWN : MC_REFUSAL_NONE;
}

static enum mc_refusal check_head(struct h1 *h1)
{
    struct mc_head *head = &h1->head;
    enum mc_refusal refusal = check_first_line(h1);
    if (!refusal) refusal = check_framing(head);
    if (!refusal) refusal = lift_length(head);
    if (!refusal && !head->is_response) refusal = lift_target(head, h1->target);
    if (!refusal && !head->is_response) refusal = lift_host(head);
    return refusal;
}

static bool wants_close(const struct mc_head *head)
{
    if (head->minor == 0) return !mc_headers_list_has(&head->headers, MC_HEADER_CONNECTION, MC_STR("keep-alive"));
    return mc_headers_list_has(&head->headers, MC_HEADER_CONNECTION, MC_STR("close"));
}

/* A client that offers HTTP/2 goes on in HTTP/1.1 if nothing is said to it; in 1.0 the field means nothing
 * (RFC 9110 §7.8). */
static struct mc_str upgrade_of(const struct mc_head *head)
{
    const struct mc_header *upgrade = mc_headers_known(&head->headers, MC_HEADER_UPGRADE);
    if (!upgrade || head->minor == 0 || mc_str_eq_nocase(upgrade->value, MC_STR("h2c"))) return mc_str(NULL, 0);
    return upgrade->value;
}

/* What follows the head: llhttp's own rule, known here so that a head without a body says so. */
static bool has_body(const struct h1 *h1)
{
    const struct mc_head *head = &h1->head;
    if (head->is_response) {
        if (mc_response_is_bodiless(h1->current->method, head->status)) return false;
        return (h1->parser.flags & F_CHUNKED) || head->content_length != 0;
    }
    return (h1->parser.flags & F_CHUNKED) || head->content_length > 0;
}

static int on_headers_complete(llhttp_t *parser)
{
    enum { NO_BODY = 1 };
    struct h1 *h1 = of(parser);
    enum mc_refusal refusal = check_head(h1);
    if (refusal) return refuse(h1, refusal);
    if (parser->upgrade && !h1->head.is_response) h1->head.upgrade = upgrade_of(&h1->head);
    parser->upgrade = 0; /* what follows is HTTP/1 all the same */
    bool skips = h1->head.is_response && mc_response_is_bodiless(h1->current->method, h1->head.status); /* llhttp would read a 304's announced body */
    bool body = has_body(h1);
    h1->close_after |= wants_close(&h1->head) || (h1->head.is_response && llhttp_message_needs_eof(parser) && !skips);
    h1->body_follows = body;
    h1->head.expects_continue = mc_headers_list_has(&h1->head.headers, MC_HEADER_EXPECT, MC_STR("100-continue"));
    h1->current->wants_continue = h1->head.expects_continue && h1->head.minor == 1;
    lift_hop_by_hop(&h1->head);
    h1->in_trailers = true;
    if (!h1_deliver_head(h1, !body)) return STOP;
    return skips ? NO_BODY : GO_ON;
}

static int on_body(llhttp_t *parser, const char *at, size_t length)
{
    struct h1 *h1 = of(parser);
    uint32_t offset = (uint32_t)(at - mc_slice_str(h1->now).p);
    h1->body_in_slice += (uint32_t)length;
    return h1_deliver_body(h1, mc_slice_view(h1->now, offset, (uint32_t)length), false) ? GO_ON : STOP;
}

static int on_message_complete(llhttp_t *parser)
{
    struct h1 *h1 = of(parser);
    h1->message_done = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_message_begin = on_message_begin,
    .on_url = on_url,
    .on_version = on_version,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* ---- the door ---- */

void h1_decode_init(struct h1 *h1)
{
    llhttp_settings_t *callbacks = (llhttp_settings_t *)(uintptr_t)&settings; /* llhttp only reads them */
    llhttp_init(&h1->parser, h1->http.is_server ? HTTP_REQUEST : HTTP_RESPONSE, callbacks);
    h1->parser.data = h1;
    h1->message_done = true;
}

bool h1_decode_is_idle(const struct h1 *h1)
{
    return h1->message_done;
}

/* RFC 9110 §5.6.2. */
static bool is_token_char(char c)
{
    return (c >= '0' && c <= '9') || (mc_lower(c) >= 'a' && mc_lower(c) <= 'z') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* A method that is a token may be one that we do not know (RFC 9110 §9.1); what is none is not HTTP: a
 * TLS hello, for one. */
static enum mc_refusal refusal_of_method(const struct h1 *h1, struct mc_str text)
{
    const char *at = llhttp_get_error_pos(&h1->parser);
    bool is_token = at >= text.p && at < text.p + text.n && is_token_char(*at);
    return is_token ? MC_REFUSAL_METHOD_UNKNOWN : MC_REFUSAL_PROTOCOL;
}

static enum mc_refusal refusal_of(const struct h1 *h1, llhttp_errno_t error, struct mc_str text)
{
    switch ((int)error) {
    case HPE_INVALID_METHOD: return refusal_of_method(h1, text);
    case HPE_INVALID_VERSION: return MC_REFUSAL_VERSION;
    case HPE_INVALID_CONSTANT: return MC_REFUSAL_PROTOCOL;
    case HPE_INVALID_URL: return MC_REFUSAL_BAD_TARGET;
    case HPE_INVALID_CONTENT_LENGTH: return MC_REFUSAL_LENGTH_INVALID;
    case HPE_UNEXPECTED_CONTENT_LENGTH: return MC_REFUSAL_LENGTH_CONFLICT;
    case HPE_INVALID_TRANSFER_ENCODING: return MC_REFUSAL_ENCODING_UNKNOWN;
    case HPE_INVALID_CHUNK_SIZE:
    case HPE_STRICT: return MC_REFUSAL_CHUNK_INVALID;
    case HPE_INVALID_STATUS: return MC_REFUSAL_STATUS_INVALID;
    case HPE_LF_EXPECTED:
    case HPE_CR_EXPECTED: return MC_REFUSAL_BARE_CR;
    case HPE_INVALID_HEADER_TOKEN: return MC_REFUSAL_BAD_HEADER_NAME;
    default: return MC_REFUSAL_MALFORMED;
    }
}

enum mc_refusal h1_decode(struct h1 *h1, struct mc_slice slice, struct mc_slice *left)
{
    struct mc_str text = mc_slice_str(slice);
    *left = mc_slice_none();
    h1->now = slice;
    h1->now_kept = false;
    h1->refusal = MC_REFUSAL_NONE;
    h1->body_in_slice = 0;
    h1->decoding = true;
    if (h1->message_done && llhttp_get_errno(&h1->parser) == HPE_PAUSED) {
        llhttp_reset(&h1->parser);
        h1->parser.data = h1;
    }
    llhttp_errno_t error = llhttp_execute(&h1->parser, text.p, text.n);
    enum mc_refusal refusal = error == HPE_OK || error == HPE_PAUSED ? MC_REFUSAL_NONE : refusal_of(h1, error, text);
    h1->decoding = false;
    size_t parsed = text.n;
    if (error == HPE_PAUSED) {
        parsed = (size_t)(llhttp_get_error_pos(&h1->parser) - text.p);
        *left = mc_slice_view(slice, (uint32_t)parsed, slice.length - (uint32_t)parsed);
    }
    h1->now.length = (uint32_t)parsed;
    remember_tail(h1);
    mc_slice_unref(slice);
    h1->now = mc_slice_none();
    if (h1->state == H1_GONE) return MC_REFUSAL_NONE;
    mc_conn_consumed(&h1->conn, (uint32_t)parsed - h1->body_in_slice);
    return h1->refusal ? h1->refusal : refusal;
}

enum mc_refusal h1_decode_end(struct h1 *h1)
{
    llhttp_errno_t error = llhttp_finish(&h1->parser);
    if (h1->refusal) return h1->refusal;
    return error == HPE_OK || error == HPE_PAUSED ? MC_REFUSAL_NONE : MC_REFUSAL_MALFORMED;
}
