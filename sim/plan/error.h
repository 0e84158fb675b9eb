/* Why a scenario cannot be run as it is written: one sentence for its author, and where in the script. */
#ifndef SIM_PLAN_ERROR_H
#define SIM_PLAN_ERROR_H

#include "sim/plan/plan.h"

enum { SIM_ERROR_TEXT = 400 };

struct sim_error {
    struct sim_source source;  /* line 0: nowhere in particular */
    char text[SIM_ERROR_TEXT]; /* without the place; empty: no error */
    bool refused;              /* no mistake: this profile has not what it takes. Such a run is inconclusive */
};

/* Fills ERROR and returns false, so that a check can end in it. Longer texts are cut. */
bool sim_error_set(struct sim_error *error, struct sim_source source, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

bool sim_error_refuse(struct sim_error *error, struct sim_source source, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The nearest of COUNT names to TEXT, or NULL if none is near enough to be meant. NAMES are STRIDE bytes
 * apart, each the first member (const char *) of a table's row. */
const char *sim_nearest(struct mc_str text, const void *names, size_t stride, size_t count);

#endif
