#include "base/str.h"
#include "base/assert.h"

bool mc_str_eq_nocase(struct mc_str a, struct mc_str b)
{
    if (a.n != b.n) return false;
    if (mc_str_eq(a, b)) return true; /* as nearly always: names are sent in lower case */
    for (size_t i = 0; i < a.n; i++)
        if (mc_lower(a.p[i]) != mc_lower(b.p[i])) return false;
    return true;
}

bool mc_str_starts(struct mc_str s, struct mc_str prefix)
{
    return s.n >= prefix.n && mc_str_eq(mc_str(s.p, prefix.n), prefix);
}

bool mc_str_ends(struct mc_str s, struct mc_str suffix)
{
    return s.n >= suffix.n && mc_str_eq(mc_str(s.p + s.n - suffix.n, suffix.n), suffix);
}

int mc_str_cmp(struct mc_str a, struct mc_str b)
{
    size_t common = a.n < b.n ? a.n : b.n;
    int order = common ? memcmp(a.p, b.p, common) : 0;
    if (order) return order;
    return a.n < b.n ? -1 : a.n > b.n;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct mc_str mc_str_trim(struct mc_str s)
{
    while (s.n && is_blank(s.p[0])) s.p++, s.n--;
    while (s.n && is_blank(s.p[s.n - 1])) s.n--;
    return s;
}

struct mc_str mc_str_cut(struct mc_str s, char separator, struct mc_str *rest)
{
    const char *at = s.n ? memchr(s.p, separator, s.n) : NULL;
    if (!at) {
        *rest = mc_str(s.p + s.n, 0);
        return s;
    }
    size_t before = (size_t)(at - s.p);
    *rest = mc_str(at + 1, s.n - before - 1);
    return mc_str(s.p, before);
}

bool mc_str_to_u64(struct mc_str s, uint64_t max, uint64_t *value)
{
    uint64_t v = 0;
    if (s.n == 0) return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') return false;
        if (__builtin_mul_overflow(v, UINT64_C(10), &v) || __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v)) return false;
    }
    if (v > max) return false;
    *value = v;
    return true;
}

/* ---- hexadecimal, eight digits at a time: a byte of a word is a digit, the first the highest ---- */

enum { HEX_GROUP = 8 };

static uint64_t every_byte(uint8_t byte)
{
    return UINT64_C(0x0101010101010101) * byte;
}

static uint64_t load(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(word) : word;
}

static void save(char *p, uint64_t word)
{
    if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) word = __builtin_bswap64(word);
    memcpy(p, &word, sizeof word);
}

/* The high bit of each byte tells whether it is at least C; bytes are under 0x80, so that none carries. */
static uint64_t at_least(uint64_t word, char c)
{
    return word + every_byte((uint8_t)(0x80 - c));
}

static bool read_group(uint64_t word, uint64_t *value)
{
    const uint64_t high = every_byte(0x80);
    if (word & high) return false;
    uint64_t decimal = at_least(word, '0') & ~at_least(word, '9' + 1), letter = at_least(word, 'a') & ~at_least(word, 'f' + 1);
    if (((decimal | letter) & high) != high) return false;
    word = (word & every_byte(15)) + (letter >> 7 & every_byte(1)) * 9;
    word = (word | word >> 4) & UINT64_C(0x00ff00ff00ff00ff);
    word = (word | word >> 8) & UINT64_C(0x0000ffff0000ffff);
    *value = *value << 32 | ((word | word >> 16) & UINT32_MAX);
    return true;
}

static bool read_digit(char c, uint64_t *value)
{
    bool decimal = c >= '0' && c <= '9';
    if (!decimal && !(c >= 'a' && c <= 'f')) return false;
    *value = *value << 4 | (uint64_t)(decimal ? c - '0' : c - 'a' + 10);
    return true;
}

bool mc_hex_read(const char *p, unsigned digits, uint64_t *value)
{
    uint64_t v = 0;
    mc_assert(digits <= 2 * HEX_GROUP);
    for (; digits >= HEX_GROUP; digits -= HEX_GROUP, p += HEX_GROUP)
        if (!read_group(load(p), &v)) return false;
    for (; digits; digits--, p++)
        if (!read_digit(*p, &v)) return false;
    *value = v;
    return true;
}

static uint64_t write_group(uint32_t value)
{
    uint64_t word = value;
    word = (word | word << 16) & UINT64_C(0x0000ffff0000ffff);
    word = (word | word << 8) & UINT64_C(0x00ff00ff00ff00ff);
    word = (word | word << 4) & every_byte(15);
    uint64_t letter = (word + every_byte(6)) >> 4 & every_byte(1);
    return word + every_byte('0') + letter * ('a' - '0' - 10);
}

char *mc_hex_write(char *p, uint64_t value, unsigned digits)
{
    mc_assert(digits <= 2 * HEX_GROUP);
    unsigned odd = digits % HEX_GROUP, whole = digits - odd;
    for (unsigned i = 0; i < odd; i++) p[i] = "0123456789abcdef"[value >> (4 * (digits - 1 - i)) & 15];
    for (unsigned left = whole; left; left -= HEX_GROUP) save(p + digits - left, write_group((uint32_t)(value >> (4 * (left - HEX_GROUP)))));
    return p + digits;
}

/* ---- decimal ---- */

size_t mc_u64_to_text(uint64_t value, char out[static 20])
{
    char digits[20];
    size_t n = 0;
    do digits[n++] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    for (size_t i = 0; i < n; i++) out[i] = digits[n - 1 - i];
    return n;
}

enum { DISTANCE_MAX = 32 };

unsigned mc_str_distance(struct mc_str a, struct mc_str b)
{
    unsigned rows[3][DISTANCE_MAX + 1];
    if (a.n > DISTANCE_MAX || b.n > DISTANCE_MAX) return DISTANCE_MAX;
    for (unsigned j = 0; j <= b.n; j++) rows[0][j] = j;
    for (unsigned i = 1; i <= a.n; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *twice = rows[(i + 1) % 3];
        row[0] = i;
        for (unsigned j = 1; j <= b.n; j++) {
            unsigned cost = mc_lower(a.p[i - 1]) != mc_lower(b.p[j - 1]);
            unsigned best = above[j - 1] + cost;
            if (above[j] + 1 < best) best = above[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            if (i > 1 && j > 1 && mc_lower(a.p[i - 1]) == mc_lower(b.p[j - 2]) &&
                mc_lower(a.p[i - 2]) == mc_lower(b.p[j - 1]) && twice[j - 2] + 1 < best)
                best = twice[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[a.n % 3][b.n];
}
