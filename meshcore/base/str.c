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

/* One more than a digit's value; 0: none. */
static const uint8_t hex_digits[256] = {
    ['0'] = 1, ['1'] = 2, ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

bool mc_hex_read(const char *p, unsigned digits, uint64_t *value)
{
    uint64_t v = 0;
    mc_assert(digits <= 16);
    for (unsigned i = 0; i < digits; i++) {
        uint8_t digit = hex_digits[(unsigned char)p[i]];
        if (!digit) return false;
        v = v << 4 | (digit - 1u);
    }
    *value = v;
    return true;
}

char *mc_hex_write(char *p, uint64_t value, unsigned digits)
{
    mc_assert(digits <= 16);
    for (unsigned i = digits; i-- > 0; value >>= 4) p[i] = "0123456789abcdef"[value & 15];
    return p + digits;
}

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
