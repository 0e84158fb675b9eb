/* Constants that may be moved: 64-bit durations of struct sim_plan, by offset. */
#ifndef SIM_LEDGER_CONSTANT_H
#define SIM_LEDGER_CONSTANT_H

#include "sim/plan/plan.h"

enum { SIM_CONSTANT_FIELDS = 16 };

struct sim_constant {
    const char *what;                        /* of the first field, for people: "request" */
    uint16_t offsets[SIM_CONSTANT_FIELDS];   /* of mc_ns members; the first is the one that is printed */
    uint32_t count;
};

#endif
