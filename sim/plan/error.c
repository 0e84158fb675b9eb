#include "sim/plan/error.h"
#include <stdarg.h>
#include <stdio.h>

bool sim_error_set(struct sim_error *error, struct sim_source source, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    error->source = source;
    error->refused = false;
    return false;
}

bool sim_error_refuse(struct sim_error *error, struct sim_source source, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    error->source = source;
    error->refused = true;
    return false;
}

const char *sim_nearest(struct mc_str text, const void *names, size_t stride, size_t count)
{
    const char *best = NULL;
    unsigned least = (unsigned)(text.n / 3 + 2);
    for (size_t i = 0; i < count; i++) {
        const char *name = *(const char *const *)(const void *)((const char *)names + i * stride);
        unsigned distance = mc_str_distance(text, mc_str_c(name));
        if (distance >= least) continue;
        least = distance;
        best = name;
    }
    return best;
}
