#include "host/addr.h"
#include "base/assert.h"
#include "base/rand.h"

struct mc_addr mc_addr_v4(uint32_t host_order, uint16_t port)
{
    struct mc_addr addr = {.port = port};
    if (!host_order) return addr;
    addr.ip[10] = addr.ip[11] = 0xff;
    for (int i = 0; i < 4; i++) addr.ip[12 + i] = (uint8_t)(host_order >> (24 - 8 * i));
    return addr;
}

bool mc_addr_is_any(struct mc_addr addr)
{
    static const uint8_t zero[16];
    return memcmp(addr.ip, zero, 16) == 0;
}

bool mc_addr_is_v4(struct mc_addr addr)
{
    static const uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return memcmp(addr.ip, prefix, 12) == 0;
}

uint32_t mc_addr_v4_of(struct mc_addr addr)
{
    mc_assert(mc_addr_is_v4(addr));
    uint32_t ip = 0;
    for (int i = 12; i < 16; i++) ip = ip << 8 | addr.ip[i];
    return ip;
}

bool mc_addr_is_loopback(struct mc_addr addr)
{
    static const uint8_t one[16] = {[15] = 1};
    return mc_addr_is_v4(addr) ? addr.ip[12] == 127 : memcmp(addr.ip, one, 16) == 0;
}

bool mc_addr_same_ip(struct mc_addr a, struct mc_addr b)
{
    return memcmp(a.ip, b.ip, 16) == 0;
}

bool mc_addr_eq(struct mc_addr a, struct mc_addr b)
{
    return a.port == b.port && mc_addr_same_ip(a, b);
}

uint64_t mc_addr_hash(struct mc_addr addr)
{
    uint64_t high = 0, low = 0;
    for (int i = 0; i < 8; i++) high = high << 8 | addr.ip[i], low = low << 8 | addr.ip[8 + i];
    return mc_mix(mc_mix(high) ^ low ^ (uint64_t)addr.port << 48);
}

static bool parse_v4(struct mc_str text, uint16_t port, struct mc_addr *addr)
{
    uint32_t ip = 0;
    struct mc_str rest = text;
    for (int i = 0; i < 4; i++) {
        uint64_t octet;
        struct mc_str part = mc_str_cut(rest, '.', &rest);
        bool last = part.p + part.n == text.p + text.n;
        if (last != (i == 3) || part.n > 3 || (part.n > 1 && part.p[0] == '0')) return false;
        if (!mc_str_to_u64(part, 255, &octet)) return false;
        ip = ip << 8 | (uint32_t)octet;
    }
    *addr = mc_addr_v4(ip, port);
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c = mc_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One group of 1 to 4 hexadecimal digits at *at. */
static bool parse_group(struct mc_str text, size_t *at, uint16_t *group)
{
    unsigned value = 0, digits = 0;
    while (*at < text.n && hex_digit(text.p[*at]) >= 0 && digits < 4) {
        value = value << 4 | (unsigned)hex_digit(text.p[(*at)++]);
        digits++;
    }
    *group = (uint16_t)value;
    return digits > 0;
}

/* RFC 4291 §2.2, without the mixed form with an IPv4 tail. */
static bool parse_v6(struct mc_str text, uint16_t port, struct mc_addr *addr)
{
    uint16_t groups[8] = {0};
    int count = 0, gap = -1;
    size_t at = 0;
    if (text.n >= 2 && text.p[0] == ':' && text.p[1] == ':') gap = 0, at = 2;
    while (at < text.n) {
        if (count == 8 || !parse_group(text, &at, &groups[count++])) return false;
        if (at == text.n) break;
        if (text.p[at++] != ':' || at == text.n + (gap == count)) return false;
        if (at < text.n && text.p[at] == ':') {
            if (gap >= 0) return false;
            gap = count;
            at++;
        } else if (at == text.n) {
            return false;
        }
    }
    if (gap < 0 ? count != 8 : count > 7) return false;
    *addr = (struct mc_addr){.port = port};
    int tail = gap < 0 ? 0 : count - gap, head = gap < 0 ? 8 : gap;
    for (int i = 0; i < head; i++) addr->ip[2 * i] = (uint8_t)(groups[i] >> 8), addr->ip[2 * i + 1] = (uint8_t)groups[i];
    for (int i = 0; i < tail; i++) {
        int place = 8 - tail + i;
        addr->ip[2 * place] = (uint8_t)(groups[gap + i] >> 8);
        addr->ip[2 * place + 1] = (uint8_t)groups[gap + i];
    }
    return true;
}

bool mc_addr_parse_ip(struct mc_str text, uint16_t port, struct mc_addr *addr)
{
    return parse_v4(text, port, addr) || parse_v6(text, port, addr);
}

bool mc_addr_parse(struct mc_str text, struct mc_addr *addr)
{
    uint64_t port;
    size_t colon = text.n;
    while (colon > 0 && text.p[colon - 1] != ':') colon--;
    if (!colon || !mc_str_to_u64(mc_str(text.p + colon, text.n - colon), 65535, &port)) return false;
    struct mc_str ip = mc_str(text.p, colon - 1);
    if (ip.n >= 2 && ip.p[0] == '[' && ip.p[ip.n - 1] == ']') return parse_v6(mc_str(ip.p + 1, ip.n - 2), (uint16_t)port, addr);
    return parse_v4(ip, (uint16_t)port, addr);
}

static size_t v4_text(struct mc_addr addr, char *out)
{
    size_t n = 0;
    for (int i = 12; i < 16; i++) {
        char digits[20];
        size_t length = mc_u64_to_text(addr.ip[i], digits);
        memcpy(out + n, digits, length);
        n += length;
        if (i < 15) out[n++] = '.';
    }
    return n;
}

/* RFC 5952 without the shortest-run rule: the first longest run of zero groups is cut. */
static size_t v6_text(struct mc_addr addr, char *out)
{
    static const char hex[] = "0123456789abcdef";
    int best = -1, best_length = 1;
    for (int i = 0; i < 8; i++) {
        int length = 0;
        while (i + length < 8 && !addr.ip[2 * (i + length)] && !addr.ip[2 * (i + length) + 1]) length++;
        if (length > best_length) best = i, best_length = length;
    }
    size_t n = 0;
    for (int i = 0; i < 8; i++) {
        if (i == best) {
            out[n++] = ':';
            if (i == 0) out[n++] = ':';
            i += best_length - 1;
            continue;
        }
        unsigned group = (unsigned)addr.ip[2 * i] << 8 | addr.ip[2 * i + 1];
        for (int shift = 12, started = 0; shift >= 0; shift -= 4) {
            unsigned digit = group >> shift & 15;
            if (digit || started || !shift) out[n++] = hex[digit], started = 1;
        }
        if (i < 7) out[n++] = ':';
    }
    return n;
}

size_t mc_addr_ip_text(struct mc_addr addr, char out[static MC_ADDR_TEXT_MAX])
{
    struct mc_addr any = mc_addr_v4(0, 0);
    size_t n;
    if (mc_addr_is_v4(addr)) n = v4_text(addr, out);
    else if (mc_addr_same_ip(addr, any)) memcpy(out, "0.0.0.0", n = 7);
    else n = v6_text(addr, out);
    out[n] = '\0';
    return n;
}

size_t mc_addr_text(struct mc_addr addr, char out[static MC_ADDR_TEXT_MAX])
{
    bool bracket = !mc_addr_is_v4(addr) && !mc_addr_is_any(addr);
    size_t n = 0;
    if (bracket) out[n++] = '[';
    char ip[MC_ADDR_TEXT_MAX];
    size_t length = mc_addr_ip_text(addr, ip);
    memcpy(out + n, ip, length);
    n += length;
    if (bracket) out[n++] = ']';
    out[n++] = ':';
    char digits[20];
    length = mc_u64_to_text(addr.port, digits);
    memcpy(out + n, digits, length);
    n += length;
    out[n] = '\0';
    return n;
}
