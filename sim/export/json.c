#include "sim/export/json.h"
#include "base/assert.h"
#include <inttypes.h>
#include <math.h>

size_t sim_utf8(struct mc_str text, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)text.p;
    if (!text.n) return 0;
    size_t n = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
    if (!n || n > text.n) return 0;
    uint32_t value = n == 1 ? p[0] : p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (p[i] >> 6 != 2) return 0;
        value = value << 6 | (p[i] & 0x3fu);
    }
    if (value < least[n] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return 0;
    *character = value;
    return n;
}

void sim_put_printable(struct mc_str text, FILE *out)
{
    while (text.n) {
        uint32_t character = 0;
        size_t n = sim_utf8(text, &character);
        bool good = n && character >= 0x20 && !(character >= 0x7f && character < 0xa0);
        if (good) fwrite(text.p, 1, n, out);
        else putc('?', out);
        if (!n) n = 1;
        text = mc_str(text.p + n, text.n - n);
    }
}

static void put_quoted(FILE *out, struct mc_str text)
{
    putc('"', out);
    while (text.n) {
        uint32_t character;
        size_t n = sim_utf8(text, &character);
        if (!n) fputs("\\ufffd", out);
        else if (character == '"' || character == '\\') fprintf(out, "\\%c", (int)character);
        else if (character == '\n') fputs("\\n", out);
        else if (character < 0x20 || character == 0x7f) fprintf(out, "\\u%04x", character);
        else fwrite(text.p, 1, n, out);
        if (!n) n = 1;
        text = mc_str(text.p + n, text.n - n);
    }
    putc('"', out);
}

static void indent(struct sim_json *json)
{
    putc('\n', json->out);
    for (uint32_t i = 0; i < json->depth; i++) fputs("  ", json->out);
}

static void lead(struct sim_json *json, const char *key)
{
    if (json->depth) {
        if (json->items[json->depth - 1]++) putc(',', json->out);
        indent(json);
    }
    if (!key) return;
    put_quoted(json->out, mc_str_c(key));
    fputs(": ", json->out);
}

void sim_json_open(struct sim_json *json, const char *key, char bracket)
{
    mc_assert(json->depth < SIM_JSON_DEPTH);
    lead(json, key);
    putc(bracket, json->out);
    json->items[json->depth++] = 0;
}

void sim_json_close(struct sim_json *json, char bracket)
{
    mc_assert(json->depth);
    if (json->items[--json->depth]) indent(json);
    putc(bracket, json->out);
    if (!json->depth) putc('\n', json->out);
}

void sim_json_text(struct sim_json *json, const char *key, struct mc_str text)
{
    lead(json, key);
    put_quoted(json->out, text);
}

void sim_json_number(struct sim_json *json, const char *key, int64_t number)
{
    lead(json, key);
    fprintf(json->out, "%" PRId64, number);
}

void sim_json_count(struct sim_json *json, const char *key, uint64_t number)
{
    lead(json, key);
    fprintf(json->out, "%" PRIu64, number);
}

void sim_json_figure(struct sim_json *json, const char *key, double number)
{
    lead(json, key);
    if (isfinite(number)) fprintf(json->out, "%.9g", number);
    else fputs("null", json->out);
}

void sim_json_bool(struct sim_json *json, const char *key, bool truth)
{
    lead(json, key);
    fputs(truth ? "true" : "false", json->out);
}

void sim_json_null(struct sim_json *json, const char *key)
{
    lead(json, key);
    fputs("null", json->out);
}

void sim_json_raw(struct sim_json *json, const char *key, struct mc_str text)
{
    lead(json, key);
    fwrite(text.p, 1, text.n, json->out);
}
