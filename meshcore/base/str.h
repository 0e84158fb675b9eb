/* A borrowed view of characters: no terminator, no ownership. Valid as long as its owner says. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct mc_str {
    const char *p;
    size_t n;
};

#define MC_STR(literal) ((struct mc_str){(literal), sizeof(literal) - 1})
#define MC_STR_ARG(s) (int)(s).n, (s).p /* for "%.*s" */

static inline struct mc_str mc_str(const char *p, size_t n)
{
    return (struct mc_str){p, n};
}

static inline struct mc_str mc_str_c(const char *terminated)
{
    return (struct mc_str){terminated, terminated ? strlen(terminated) : 0};
}

static inline bool mc_str_eq(struct mc_str a, struct mc_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline char mc_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool mc_str_eq_nocase(struct mc_str a, struct mc_str b); /* ASCII letters only */
bool mc_str_starts(struct mc_str s, struct mc_str prefix);
bool mc_str_ends(struct mc_str s, struct mc_str suffix);
int mc_str_cmp(struct mc_str a, struct mc_str b); /* bytewise, then by length: a total order */
struct mc_str mc_str_trim(struct mc_str s);       /* without SP and HTAB at both ends */

/* The part before the first SEPARATOR; *rest is what follows it (empty if there is none). */
struct mc_str mc_str_cut(struct mc_str s, char separator, struct mc_str *rest);

/* Decimal digits only. False if empty, not digits, or over MAX. */
bool mc_str_to_u64(struct mc_str s, uint64_t max, uint64_t *value);

/* 1 to 16 hexadecimal digits in lower case. False if one is something else; *value is then not to be used. */
bool mc_hex_read(const char *p, unsigned digits, uint64_t *value);
/* The lowest 1 to 16 hexadecimal digits of VALUE, in lower case; returns what follows them. */
char *mc_hex_write(char *p, uint64_t value, unsigned digits);

/* Writes the decimal digits of VALUE into OUT (at least 20 bytes); returns how many. No terminator. */
size_t mc_u64_to_text(uint64_t value, char out[static 20]);

/* How unlike two words are (Damerau-Levenshtein, up to 32 characters each): for "did you mean". */
unsigned mc_str_distance(struct mc_str a, struct mc_str b);

#endif
