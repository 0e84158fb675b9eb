#include "tui/figure.h"
#include "base/assert.h"
#include <stdio.h>
#include <string.h>

char *tui_clock(mc_ns at, char *out)
{
    if (at == MC_NEVER || at < 0) return strcpy(out, "-");
    int64_t s = at / MC_S;
    if (s >= 3600) snprintf(out, TUI_FIGURE, "%jdh%02jdm%02jds", (intmax_t)(s / 3600), (intmax_t)(s / 60 % 60), (intmax_t)(s % 60));
    else snprintf(out, TUI_FIGURE, "%jdm%02jds", (intmax_t)(s / 60), (intmax_t)(s % 60));
    return out;
}

char *tui_stamp(mc_ns at, char *out)
{
    if (at == MC_NEVER || at < 0) return strcpy(out, "-");
    int64_t ms = at / MC_MS, s = ms / 1000;
    if (s >= 3600)
        snprintf(out, TUI_FIGURE, "%jdh%02jdm%02jd.%03jd", (intmax_t)(s / 3600), (intmax_t)(s / 60 % 60), (intmax_t)(s % 60), (intmax_t)(ms % 1000));
    else snprintf(out, TUI_FIGURE, "%jdm%02jd.%03jd", (intmax_t)(s / 60), (intmax_t)(s % 60), (intmax_t)(ms % 1000));
    return out;
}

static char *tenths(uint64_t value, uint64_t unit, const char *suffix, char *out)
{
    uint64_t tenth = unit / 10;
    snprintf(out, TUI_FIGURE, "%ju.%ju%s", (uintmax_t)(value / unit), (uintmax_t)(value % unit / tenth), suffix);
    return out;
}

static char *whole(uint64_t value, uint64_t unit, const char *suffix, char *out)
{
    snprintf(out, TUI_FIGURE, "%ju%s", (uintmax_t)(value / unit), suffix);
    return out;
}

/* A row per form, smallest first: up to BELOW in UNIT, with a tenth or without. */
struct form {
    uint64_t below, unit;
    const char *suffix;
    int with_tenths;
};

static char *write(const struct form *forms, size_t count, uint64_t value, char *out)
{
    size_t i = 0;
    while (i + 1 < count && value >= forms[i].below) i++;
    const struct form *form = &forms[i];
    return form->with_tenths ? tenths(value, form->unit, form->suffix, out)
                             : whole(value, form->unit, form->suffix, out);
}

char *tui_latency(mc_ns duration, char *out)
{
    static const struct form forms[] = {
        {MC_MS, MC_US, "us", 0}, {10 * MC_MS, MC_MS, "ms", 1}, {MC_S, MC_MS, "ms", 0},
        {10 * MC_S, MC_S, "s", 1}, {10 * MC_MIN, MC_S, "s", 0}, {100 * MC_HOUR, MC_MIN, "m", 0},
        {0, MC_HOUR, "h", 0},
    };
    if (duration <= 0 || duration == MC_NEVER) return strcpy(out, "-");
    return write(forms, MC_COUNT_OF(forms), (uint64_t)duration, out);
}

char *tui_percent(uint32_t ppm, char *out)
{
    if (ppm > 1000000) ppm = 1000000;
    snprintf(out, TUI_FIGURE, "%u.%02u%%", ppm / 10000, ppm % 10000 / 100);
    return out;
}

char *tui_rate(uint64_t milli, char *out)
{
    static const struct form forms[] = {
        {10000000, 1000, "", 1}, {1000000000, 1000000, "k", 1}, {10000000000, 1000000000, "M", 1},
        {0, 1000000000, "M", 0},
    };
    return write(forms, MC_COUNT_OF(forms), milli, out);
}

char *tui_ratio(uint32_t permille, char *out)
{
    if (permille >= 100000) snprintf(out, TUI_FIGURE, "%ux", permille / 1000);
    else snprintf(out, TUI_FIGURE, "%u.%02ux", permille / 1000, permille % 1000 / 10);
    return out;
}

char *tui_count(uint64_t count, char *out)
{
    char digits[24];
    size_t n = (size_t)snprintf(digits, sizeof digits, "%ju", (uintmax_t)count), used = 0;
    for (size_t i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0) out[used++] = ' ';
        out[used++] = digits[i];
    }
    out[used] = 0;
    return out;
}

char *tui_short_count(uint64_t count, char *out)
{
    static const struct form forms[] = {
        {10000, 1, "", 0}, {100000, 1000, "k", 1}, {1000000, 1000, "k", 0}, {100000000, 1000000, "M", 1},
        {0, 1000000000, "G", 0},
    };
    return write(forms, MC_COUNT_OF(forms), count, out);
}

static mc_ns unit_of(const char **text)
{
    static const struct {
        const char *name;
        mc_ns ns;
    } units[] = {{"ms", MC_MS}, {"us", MC_US}, {"ns", 1}, {"h", MC_HOUR}, {"m", MC_MIN}, {"s", MC_S}};
    for (size_t i = 0; i < MC_COUNT_OF(units); i++) {
        size_t n = strlen(units[i].name);
        if (strncmp(*text, units[i].name, n) != 0) continue;
        *text += n;
        return units[i].ns;
    }
    return **text ? 0 : MC_S;
}

static int digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A number, perhaps with a fraction, and its unit. */
static int part(const char **text, mc_ns *sum)
{
    int64_t value = 0, scale = 1;
    int point = 0;
    if (!digit(**text)) return 0;
    for (int i = 0; digit(**text) || (**text == '.' && !point); (*text)++, i++) {
        if (i > 12) return 0;
        if (**text == '.') point = 1;
        else value = value * 10 + (**text - '0');
        if (point && **text != '.') scale *= 10;
    }
    mc_ns unit = unit_of(text), product;
    if (unit == 0 || __builtin_mul_overflow(value, unit, &product)) return 0;
    *sum = mc_ns_add(*sum, product / scale);
    return *sum != MC_NEVER;
}

int tui_time_parse(const char *text, mc_ns *at)
{
    mc_ns sum = 0;
    if (!*text) return 0;
    while (*text)
        if (!part(&text, &sum)) return 0;
    *at = sum;
    return 1;
}
