#include "host/trace.h"
#include "base/assert.h"

static const struct {
    const char *name, *values;
} catalogue[] = {
#define X(kind, name, values) {name, values},
    MC_TRACES(X)
#undef X
};

const char *mc_trace_name(enum mc_trace_kind kind)
{
    mc_assert(kind < MC_TRACE_KINDS);
    return catalogue[kind].name;
}

const char *mc_trace_values(enum mc_trace_kind kind)
{
    mc_assert(kind < MC_TRACE_KINDS);
    return catalogue[kind].values;
}
