#include "sim/load/observer.h"
#include "base/assert.h"

const char *sim_call_failure_text(enum sim_call_failure failure)
{
    static const char *const texts[] = {
#define X(name, text) text,
        SIM_CALL_FAILURES(X)
#undef X
    };
    mc_assert((unsigned)failure < MC_COUNT_OF(texts));
    return texts[failure];
}
