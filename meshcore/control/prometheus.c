#include "control/prometheus.h"

void mc_prom_init(struct mc_prom_parser *parser, void (*sample)(struct mc_prom_parser *, const struct mc_prom_sample *))
{
    parser->sample = sample;
    parser->used = parser->unreadable = 0;
    parser->bytes = 0;
    parser->too_long = false;
}

/* ---- numbers ---- */

/* Digits with at most one point; *shift is how many stand behind it. Digits past the 19th do not count. */
static bool read_digits(struct mc_str *text, uint64_t *digits, int *shift)
{
    bool any = false, point = false;
    *digits = 0, *shift = 0;
    for (; text->n; text->p++, text->n--) {
        char c = *text->p;
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9') break;
        any = true;
        if (*digits < UINT64_C(1000000000000000000)) {
            *digits = *digits * 10 + (uint64_t)(c - '0');
            *shift += point;
        } else {
            *shift -= !point;
        }
    }
    return any;
}

static bool read_exponent(struct mc_str text, int *exponent)
{
    uint64_t value;
    *exponent = 0;
    if (!text.n) return true;
    if (mc_lower(text.p[0]) != 'e') return false;
    text = mc_str(text.p + 1, text.n - 1);
    bool minus = text.n && text.p[0] == '-';
    if (text.n && (text.p[0] == '-' || text.p[0] == '+')) text = mc_str(text.p + 1, text.n - 1);
    if (!mc_str_to_u64(text, 1000, &value)) return false;
    *exponent = minus ? -(int)value : (int)value;
    return true;
}

static uint64_t scaled(uint64_t digits, int exponent, uint64_t scale)
{
    unsigned __int128 value = (unsigned __int128)digits * scale;
    for (; exponent > 0 && value && value <= UINT64_MAX; exponent--) value *= 10;
    for (; exponent < 0 && value; exponent++) value /= 10;
    return value > UINT64_MAX ? UINT64_MAX : (uint64_t)value;
}

bool mc_prom_number(struct mc_str text, uint64_t scale, uint64_t *value)
{
    uint64_t digits;
    int shift, exponent;
    if (text.n && text.p[0] == '+') text = mc_str(text.p + 1, text.n - 1);
    *value = UINT64_MAX;
    if (mc_str_eq(text, MC_STR("Inf"))) return true;
    if (!read_digits(&text, &digits, &shift) || !read_exponent(text, &exponent)) return false;
    *value = scaled(digits, exponent - shift, scale);
    return true;
}

/* ---- lines: a cursor over a buffer that unescaping may write to ---- */

struct cursor {
    char *at, *end;
};

static void skip_blanks(struct cursor *cursor)
{
    while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t')) cursor->at++;
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':';
}

static struct mc_str read_name(struct cursor *cursor)
{
    char *from = cursor->at;
    while (cursor->at < cursor->end && is_name(*cursor->at)) cursor->at++;
    return mc_str(from, (size_t)(cursor->at - from));
}

static bool skip(struct cursor *cursor, char c)
{
    skip_blanks(cursor);
    if (cursor->at == cursor->end || *cursor->at != c) return false;
    cursor->at++;
    return true;
}

/* Behind the opening quote. Backslash, quote and line feed are escaped. */
static bool read_quoted(struct cursor *cursor, struct mc_str *value)
{
    char *from = cursor->at, *to = cursor->at;
    for (; cursor->at < cursor->end && *cursor->at != '"'; cursor->at++) {
        if (*cursor->at == '\\' && cursor->at + 1 < cursor->end) {
            cursor->at++;
            *to++ = *cursor->at == 'n' ? '\n' : *cursor->at;
        } else {
            *to++ = *cursor->at;
        }
    }
    *value = mc_str(from, (size_t)(to - from));
    return skip(cursor, '"');
}

/* Behind the opening brace. A comma may stand before the closing one. */
static bool read_labels(struct cursor *cursor, struct mc_prom_sample *sample)
{
    while (!skip(cursor, '}')) {
        if (sample->label_count == MC_PROM_LABELS_MAX) return false;
        struct mc_prom_label *label = &sample->labels[sample->label_count];
        skip_blanks(cursor);
        label->name = read_name(cursor);
        if (!label->name.n || !skip(cursor, '=') || !skip(cursor, '"') || !read_quoted(cursor, &label->value)) return false;
        sample->label_count++;
        if (skip(cursor, ',')) continue;
        return skip(cursor, '}');
    }
    return true;
}

static bool read_sample(struct cursor *cursor, struct mc_prom_sample *sample)
{
    sample->label_count = 0;
    sample->name = read_name(cursor);
    if (!sample->name.n) return false;
    if (skip(cursor, '{') && !read_labels(cursor, sample)) return false;
    skip_blanks(cursor);
    char *from = cursor->at;
    while (cursor->at < cursor->end && *cursor->at != ' ' && *cursor->at != '\t') cursor->at++;
    return mc_prom_number(mc_str(from, (size_t)(cursor->at - from)), 1, &sample->value); /* a time stamp may follow */
}

static void end_line(struct mc_prom_parser *parser)
{
    struct mc_prom_sample sample;
    if (parser->used && parser->line[parser->used - 1] == '\r') parser->used--;
    struct cursor cursor = {parser->line, parser->line + parser->used};
    skip_blanks(&cursor);
    bool blank = cursor.at == cursor.end || *cursor.at == '#';
    if (parser->too_long || (!blank && !read_sample(&cursor, &sample))) parser->unreadable++;
    else if (!blank) parser->sample(parser, &sample);
    parser->used = 0;
    parser->too_long = false;
}

void mc_prom_feed(struct mc_prom_parser *parser, struct mc_str text)
{
    while (text.n && parser->bytes < MC_PROM_BYTES_MAX) {
        const char *feed = memchr(text.p, '\n', text.n);
        size_t length = feed ? (size_t)(feed - text.p) : text.n;
        if (length > sizeof parser->line - parser->used) parser->too_long = true;
        if (!parser->too_long) {
            memcpy(parser->line + parser->used, text.p, length);
            parser->used += (uint32_t)length;
        }
        parser->bytes += length + (feed != NULL);
        if (feed) end_line(parser);
        text = mc_str(text.p + length + (feed != NULL), text.n - length - (feed != NULL));
    }
}

void mc_prom_end(struct mc_prom_parser *parser)
{
    if (parser->used || parser->too_long) end_line(parser);
}

struct mc_str mc_prom_label(const struct mc_prom_sample *sample, struct mc_str name)
{
    for (uint32_t i = 0; i < sample->label_count; i++)
        if (mc_str_eq(sample->labels[i].name, name)) return sample->labels[i].value;
    return mc_str("", 0);
}
