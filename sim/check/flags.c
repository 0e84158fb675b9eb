#include "sim/check/flags.h"
#include "sim/plan/error.h"
#include "host/trace.h"
#include "base/assert.h"
#include <stdio.h>

static const struct {
    const char *name;
    uint32_t bit;
} flags[] = {
#define X(name, text) {#name, MC_FLAG(name)},
    MC_RESPONSE_FLAGS(X)
#undef X
};

bool sim_flag_read(struct mc_str name, uint32_t *bit)
{
    for (size_t i = 0; i < MC_COUNT_OF(flags); i++) {
        if (!mc_str_eq(name, mc_str_c(flags[i].name))) continue;
        *bit = flags[i].bit;
        return true;
    }
    return false;
}

const char *sim_flags_print(uint32_t set, char out[static SIM_FLAGS_TEXT])
{
    size_t n = 0;
    for (size_t i = 0; i < MC_COUNT_OF(flags); i++) {
        if (!(set & flags[i].bit)) continue;
        int more = snprintf(out + n, SIM_FLAGS_TEXT - n, "%s%s", n ? "," : "", flags[i].name);
        n += (size_t)more;
        if (n >= SIM_FLAGS_TEXT) break;
    }
    if (!n) memcpy(out, "-", 2);
    return out;
}

struct mc_str sim_flags_nearest(struct mc_str name)
{
    return mc_str_c(sim_nearest(name, flags, sizeof flags[0], MC_COUNT_OF(flags)));
}
