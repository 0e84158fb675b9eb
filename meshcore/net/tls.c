#include "net/tls.h"

const char *mc_tls_result_text(enum mc_tls_result result)
{
    static const char *const texts[] = {
#define X(name, text) text,
        MC_TLS_RESULTS(X)
#undef X
    };
    mc_assert((unsigned)result < MC_COUNT_OF(texts));
    return texts[result];
}
