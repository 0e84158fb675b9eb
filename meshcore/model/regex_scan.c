/* The rules are those of RE2's syntax page (github.com/google/re2/wiki/Syntax). */
#include "model/regex_scan.h"

struct scan {
    struct mc_str rest;
    const char *why; /* what is not RE2's; NULL so far */
};

static bool next_is(const struct scan *scan, struct mc_str text)
{
    return mc_str_starts(scan->rest, text);
}

static bool skip(struct scan *scan, struct mc_str text)
{
    if (!next_is(scan, text)) return false;
    scan->rest = mc_str(scan->rest.p + text.n, scan->rest.n - text.n);
    return true;
}

static char take(struct scan *scan)
{
    char c = scan->rest.p[0];
    scan->rest = mc_str(scan->rest.p + 1, scan->rest.n - 1);
    return c;
}

static bool one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || c == '_' || (mc_lower(c) >= 'a' && mc_lower(c) <= 'z');
}

/* \Q…\E is literal text. */
static void skip_quoted(struct scan *scan)
{
    while (scan->rest.n && !skip(scan, MC_STR("\\E"))) take(scan);
}

static void scan_escape(struct scan *scan, bool in_class)
{
    if (!scan->rest.n) {
        scan->why = "trailing \\";
        return;
    }
    char c = take(scan);
    if (c >= '1' && c <= '9')
        scan->why = "back-references are not part of RE2's language";
    else if (c == 'k' || c == 'g')
        scan->why = "back-references are not part of RE2's language";
    else if (c == 'Q' && !in_class)
        skip_quoted(scan);
    else if (is_word(c) && !one_of(c, in_class ? "0aftnrxdDsSwWpP" : "0aftnrxdDsSwWpPbBAz"))
        scan->why = "an escape that is not part of RE2's language";
}

/* [:alpha:] or [:^alpha:] */
static bool skip_class_name(struct scan *scan)
{
    struct scan ahead = *scan;
    if (!skip(&ahead, MC_STR("[:"))) return false;
    skip(&ahead, MC_STR("^"));
    while (ahead.rest.n && is_word(ahead.rest.p[0])) take(&ahead);
    if (!skip(&ahead, MC_STR(":]"))) return false;
    *scan = ahead;
    return true;
}

static void scan_class(struct scan *scan)
{
    skip(scan, MC_STR("^"));
    for (bool first = true; scan->rest.n && !scan->why; first = false) {
        if (skip_class_name(scan)) continue;
        if (next_is(scan, MC_STR("[.")) || next_is(scan, MC_STR("[=")) || next_is(scan, MC_STR("[:")))
            scan->why = "collating elements are not part of RE2's language";
        char c = take(scan);
        if (c == ']' && !first) return;
        if (c == '\\') scan_escape(scan, true);
    }
}

/* The flags of (?i) and (?i: … ). */
static void scan_flags(struct scan *scan)
{
    while (scan->rest.n) {
        char c = take(scan);
        if (c == ')' || c == ':') return;
        if (!one_of(c, "imsU-")) break;
    }
    scan->why = "a group that is not part of RE2's language";
}

static const struct {
    struct mc_str opening;
    const char *why; /* NULL: allowed */
} groups[] = {
    {{"?:", 2}, 0},
    {{"?P<", 3}, 0},
    {{"?<=", 3}, "look-around is not part of RE2's language"},
    {{"?<!", 3}, "look-around is not part of RE2's language"},
    {{"?=", 2}, "look-around is not part of RE2's language"},
    {{"?!", 2}, "look-around is not part of RE2's language"},
    {{"?<", 2}, 0},
    {{"?>", 2}, "atomic groups are not part of RE2's language"},
    {{"?P=", 3}, "back-references are not part of RE2's language"},
    {{"*", 1}, "verbs are not part of RE2's language"},
};

static void scan_group(struct scan *scan)
{
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if (skip(scan, groups[i].opening)) {
            scan->why = groups[i].why;
            return;
        }
    if (skip(scan, MC_STR("?"))) scan_flags(scan);
}

static bool take_number(struct scan *scan, uint64_t *value)
{
    size_t digits = 0;
    while (digits < scan->rest.n && scan->rest.p[digits] >= '0' && scan->rest.p[digits] <= '9') digits++;
    if (!mc_str_to_u64(mc_str(scan->rest.p, digits), UINT32_MAX, value)) *value = UINT32_MAX;
    scan->rest = mc_str(scan->rest.p + digits, scan->rest.n - digits);
    return digits;
}

/* {n}, {n,} or {n,m}: RE2 repeats at most 1000 times. Anything else in braces is literal. */
static bool skip_count(struct scan *scan)
{
    struct scan ahead = *scan;
    uint64_t least = 0, most = 0;
    if (!skip(&ahead, MC_STR("{")) || !take_number(&ahead, &least)) return false;
    if (skip(&ahead, MC_STR(",")) && !take_number(&ahead, &most)) most = 0;
    if (!skip(&ahead, MC_STR("}"))) return false;
    if (least > 1000 || most > 1000) ahead.why = "a repetition of more than 1000";
    *scan = ahead;
    return true;
}

static bool skip_repetition(struct scan *scan)
{
    if (!scan->rest.n) return false;
    if (skip_count(scan)) return true;
    if (!one_of(scan->rest.p[0], "*+?")) return false;
    take(scan);
    return true;
}

/* One repetition and its laziness; a second one would be possessive, or an error in RE2. */
static void scan_repetition(struct scan *scan)
{
    if (!skip_repetition(scan)) return;
    skip(scan, MC_STR("?"));
    if (skip_repetition(scan)) scan->why = "possessive and double repetition are not part of RE2's language";
}

const char *mc_regex_scan(struct mc_str pattern)
{
    struct scan scan = {.rest = pattern};
    while (scan.rest.n && !scan.why) {
        char c = take(&scan);
        if (c == '\\')
            scan_escape(&scan, false);
        else if (c == '[')
            scan_class(&scan);
        else if (c == '(')
            scan_group(&scan);
        if (!scan.why && c != '(' && c != '|') scan_repetition(&scan);
    }
    return scan.why;
}
