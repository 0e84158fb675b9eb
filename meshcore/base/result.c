#include "base/result.h"

const char *mc_code_text(enum mc_code code)
{
    static const char *const texts[] = {
#define X(name, text) text,
        MC_CODES(X)
#undef X
    };
    mc_assert((unsigned)code < MC_COUNT_OF(texts));
    return texts[code];
}
