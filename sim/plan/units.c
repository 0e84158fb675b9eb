#include "sim/plan/units.h"
#include "base/assert.h"
#include <inttypes.h>
#include <stdio.h>

struct unit {
    const char *name;
    int64_t scale;
};

static const struct unit durations[] = {
    {"ns", 1}, {"us", MC_US}, {"µs", MC_US}, {"ms", MC_MS}, {"s", MC_S}, {"m", MC_MIN}, {"h", MC_HOUR}, {"d", 24 * MC_HOUR},
};
static const struct unit sizes[] = {
    {"B", 1},          {"kB", 1000},       {"KB", 1000},       {"MB", 1000000}, {"GB", 1000000000},
    {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
};
static const struct unit bit_rates[] = {
    {"bps", 1}, {"kbps", 1000}, {"Kbps", 1000}, {"Mbps", 1000000}, {"Gbps", 1000000000},
};

static const __int128 WHOLE_MAX = (__int128)1000000000 * 1000000000; /* what is larger is too large of anything */

/* One decimal number, up to 9 digits behind the point, as VALUE / 10^9. */
static bool read_decimal(struct mc_str *text, __int128 *billionths)
{
    __int128 value = 0;
    size_t i = 0;
    for (; i < text->n && text->p[i] >= '0' && text->p[i] <= '9'; i++)
        if (value < WHOLE_MAX) value = value * 10 + (text->p[i] - '0');
    size_t digits = i;
    __int128 scale = 1000000000;
    value *= scale;
    if (i < text->n && text->p[i] == '.') {
        i++;
        while (i < text->n && text->p[i] >= '0' && text->p[i] <= '9' && scale > 1) {
            scale /= 10;
            value += (text->p[i++] - '0') * scale;
            digits++;
        }
    }
    if (!digits) return false;
    *billionths = value;
    *text = mc_str(text->p + i, text->n - i);
    return true;
}

static const struct unit *unit_at(const struct unit *units, size_t count, struct mc_str text)
{
    size_t n = 0;
    while (n < text.n && !(text.p[n] >= '0' && text.p[n] <= '9')) n++;
    for (size_t i = 0; i < count; i++)
        if (mc_str_eq(mc_str(text.p, n), mc_str_c(units[i].name))) return &units[i];
    return NULL;
}

/* Sums NUMBER UNIT pairs; OFFER completes the message about a missing unit. */
static bool read_units(struct mc_str text, const struct unit *units, size_t count, const char *offer, int64_t *value,
                       char *why)
{
    struct mc_str rest = text;
    __int128 sum = 0, number;
    if (!text.n) return snprintf(why, SIM_UNITS_WHY, "is empty: write %s", offer), false;
    while (rest.n) {
        if (!read_decimal(&rest, &number))
            return snprintf(why, SIM_UNITS_WHY, "\"%.*s\" does not begin with a number: write %s",
                            (int)(text.n > 40 ? 40 : text.n), text.p, offer), false;
        if (!rest.n)
            return snprintf(why, SIM_UNITS_WHY, "%.*s has no unit: write %s", (int)(text.n > 40 ? 40 : text.n), text.p, offer),
                   false;
        const struct unit *unit = unit_at(units, count, rest);
        if (!unit)
            return snprintf(why, SIM_UNITS_WHY, "\"%.*s\" has no unit that is known here: write %s",
                            (int)(text.n > 40 ? 40 : text.n), text.p, offer), false;
        bool huge = number / 1000000000 > INT64_MAX / unit->scale;
        if (!huge) sum += number * unit->scale / 1000000000;
        if (huge || sum > INT64_MAX / 2)
            return snprintf(why, SIM_UNITS_WHY, "\"%.*s\" is too large", (int)(text.n > 40 ? 40 : text.n), text.p), false;
        rest = mc_str(rest.p + strlen(unit->name), rest.n - strlen(unit->name));
    }
    *value = (int64_t)sum;
    return true;
}

bool sim_read_duration(struct mc_str text, mc_ns *value, char why[static SIM_UNITS_WHY])
{
    return read_units(text, durations, MC_COUNT_OF(durations), "250us, 10ms, 3s, 2m or 1h", value, why);
}

bool sim_read_size(struct mc_str text, uint64_t *bytes, char why[static SIM_UNITS_WHY])
{
    int64_t value;
    if (!read_units(text, sizes, MC_COUNT_OF(sizes), "512B, 1KiB or 1MB", &value, why)) return false;
    *bytes = (uint64_t)value;
    return true;
}

bool sim_read_bit_rate(struct mc_str text, uint64_t *bits_per_second, char why[static SIM_UNITS_WHY])
{
    int64_t value;
    if (!read_units(text, bit_rates, MC_COUNT_OF(bit_rates), "100Mbps or 1Gbps", &value, why)) return false;
    *bits_per_second = (uint64_t)value;
    return true;
}

bool sim_read_share(struct mc_str text, uint32_t *ppm, char why[static SIM_UNITS_WHY])
{
    struct mc_str rest = text;
    __int128 number;
    int shown = (int)(text.n > 40 ? 40 : text.n);
    if (!read_decimal(&rest, &number) || !mc_str_eq(rest, MC_STR("%")))
        return snprintf(why, SIM_UNITS_WHY, "\"%.*s\" is not a percentage: write 1%% or 0.5%%", shown, text.p), false;
    if (number > (__int128)100 * 1000000000)
        return snprintf(why, SIM_UNITS_WHY, "\"%.*s\" is over 100%%", shown, text.p), false;
    *ppm = (uint32_t)(number / 100000);
    return true;
}

const char *sim_print_duration(mc_ns value, char out[static SIM_UNITS_TEXT])
{
    static const struct unit steps[] = {{"s", MC_S}, {"ms", MC_MS}, {"us", MC_US}};
    const char *sign = value < 0 ? "-" : "";
    uint64_t v = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    if (value == MC_NEVER) return strcpy(out, "never");
    if (v >= (uint64_t)MC_HOUR) {
        snprintf(out, SIM_UNITS_TEXT, "%s%" PRIu64 "h%02" PRIu64 "m", sign, v / (uint64_t)MC_HOUR, v / (uint64_t)MC_MIN % 60);
        return out;
    }
    if (v >= (uint64_t)MC_MIN) {
        snprintf(out, SIM_UNITS_TEXT, "%s%" PRIu64 "m%02" PRIu64 "s", sign, v / (uint64_t)MC_MIN, v / (uint64_t)MC_S % 60);
        return out;
    }
    for (size_t i = 0; i < MC_COUNT_OF(steps); i++) {
        uint64_t scale = (uint64_t)steps[i].scale;
        if (v < scale) continue;
        uint64_t whole = v / scale, tenths = v % scale * 10 / scale;
        if (tenths && whole < 100) snprintf(out, SIM_UNITS_TEXT, "%s%" PRIu64 ".%" PRIu64 "%s", sign, whole, tenths, steps[i].name);
        else snprintf(out, SIM_UNITS_TEXT, "%s%" PRIu64 "%s", sign, whole, steps[i].name);
        return out;
    }
    snprintf(out, SIM_UNITS_TEXT, "%s%" PRIu64 "%s", sign, v, v ? "ns" : "s");
    return out;
}

const char *sim_print_share(uint64_t ppm, char out[static SIM_UNITS_TEXT])
{
    uint64_t hundredths = (ppm + 50) / 100;
    snprintf(out, SIM_UNITS_TEXT, "%" PRIu64 ".%02" PRIu64 "%%", hundredths / 100, hundredths % 100);
    return out;
}

const char *sim_print_instant(mc_ns at, char out[static SIM_UNITS_TEXT])
{
    uint64_t ms = (uint64_t)(at < 0 ? 0 : at) / (uint64_t)MC_MS;
    snprintf(out, SIM_UNITS_TEXT, "%" PRIu64 "m%02" PRIu64 ".%03" PRIu64, ms / 60000, ms / 1000 % 60, ms % 1000);
    return out;
}
