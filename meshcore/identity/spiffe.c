#include "identity/spiffe.h"
#include "base/limits.h"

enum { MAX_TRUST_DOMAIN = 255 }; /* SPIFFE-ID §2.1 */

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_mark(char c)
{
    return c == '.' || c == '-' || c == '_';
}

/* SPIFFE-ID §2.1: unlike the host of other URIs it has no upper case, no port and no percent-encoding. */
static bool valid_trust_domain(struct mc_str domain)
{
    if (domain.n == 0 || domain.n > MAX_TRUST_DOMAIN) return false;
    for (size_t i = 0; i < domain.n; i++)
        if (!is_lower_or_digit(domain.p[i]) && !is_mark(domain.p[i])) return false;
    return true;
}

/* SPIFFE-ID §2.2: no empty and no relative segment. */
static bool valid_segment(struct mc_str segment)
{
    if (segment.n == 0 || mc_str_eq(segment, MC_STR(".")) || mc_str_eq(segment, MC_STR(".."))) return false;
    for (size_t i = 0; i < segment.n; i++)
        if (!is_lower_or_digit(mc_lower(segment.p[i])) && !is_mark(segment.p[i])) return false;
    return true;
}

static bool valid_path(struct mc_str path)
{
    while (path.n) {
        size_t end = 1;
        while (end < path.n && path.p[end] != '/') end++;
        if (!valid_segment(mc_str(path.p + 1, end - 1))) return false;
        path = mc_str(path.p + end, path.n - end);
    }
    return true;
}

bool mc_spiffe_parse(struct mc_str text, struct mc_spiffe *id)
{
    const struct mc_str scheme = MC_STR("spiffe://");
    if (text.n > MC_MAX_SPIFFE_ID || !mc_str_starts(text, scheme)) return false;
    struct mc_str rest = mc_str(text.p + scheme.n, text.n - scheme.n);
    const char *slash = rest.n ? memchr(rest.p, '/', rest.n) : NULL;
    size_t domain = slash ? (size_t)(slash - rest.p) : rest.n;
    id->trust_domain = mc_str(rest.p, domain);
    id->path = mc_str(rest.p + domain, rest.n - domain);
    return valid_trust_domain(id->trust_domain) && valid_path(id->path);
}

size_t mc_spiffe_workload(struct mc_str domain, struct mc_str name_space, struct mc_str account, char *out,
                          size_t size)
{
    const struct mc_str parts[] = {MC_STR("spiffe://"), domain, MC_STR("/ns/"), name_space, MC_STR("/sa/"), account};
    size_t length = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].n >= size - length) return 0;
        if (parts[i].n) memcpy(out + length, parts[i].p, parts[i].n);
        length += parts[i].n;
    }
    out[length] = '\0';
    return length;
}
