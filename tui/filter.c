#include "tui/filter.h"
#include "base/str.h"

static bool equal_fold(const char *text, const char *part, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (mc_lower(text[i]) != mc_lower(part[i])) return false; /* a NUL of TEXT differs, too */
    return true;
}

static bool contains(const char *text, const char *part)
{
    size_t n = strlen(part);
    for (; ; text++) {
        if (equal_fold(text, part, n)) return true;
        if (!*text) return false;
    }
}

static bool in_order(const char *text, const char *letters)
{
    for (; *text && *letters; text++)
        if (mc_lower(*text) == mc_lower(*letters)) letters++;
    return *letters == 0;
}

static bool of_key(const char *filter, const char *equals, const struct tui_field *fields, size_t count)
{
    size_t n = (size_t)(equals - filter);
    for (size_t i = 0; i < count; i++)
        if (strlen(fields[i].key) == n && equal_fold(fields[i].key, filter, n))
            return contains(fields[i].value, equals + 1);
    return false;
}

bool tui_filter_match(const char *filter, const struct tui_field *fields, size_t count)
{
    const char *equals = strchr(filter, '=');
    if (filter[0] == '!') return filter[1] == 0 || !tui_filter_match(filter + 1, fields, count);
    if (filter[0] == '~') return in_order(fields[0].value, filter + 1);
    if (equals && equals > filter) return of_key(filter, equals, fields, count);
    return contains(fields[0].value, filter);
}
