/* The result of a call that can be refused. A struct, so that no value is ever mistaken for it.
 *
 * Three kinds of failure are kept apart: a broken promise of ours asserts; a peer's or an operator's
 * error is a reason code on the stream, the response or the NACK; a refusal of a resource is one of
 * these codes.
 */
#ifndef BASE_RESULT_H
#define BASE_RESULT_H

#include "base/assert.h"
#include <stdbool.h>

#define MC_CODES(X) \
    X(OK, "ok") \
    X(NO_MEMORY, "out of memory") \
    X(LIMIT, "limit reached") \
    X(INVALID, "invalid") \
    X(NOT_FOUND, "not found") \
    X(EXISTS, "exists already") \
    X(STATE, "not possible in this state")

enum mc_code {
#define X(name, text) MC_##name,
    MC_CODES(X)
#undef X
};

struct mc_result {
    enum mc_code code;
};

#define MC_RESULT(name) ((struct mc_result){MC_##name})

static inline bool mc_ok(struct mc_result result)
{
    return result.code == MC_OK;
}

const char *mc_code_text(enum mc_code code); /* static text, never NULL */

/* Return the result of EXPR to the caller unless it is OK. The one macro that returns. */
#define MC_TRY(expr) \
    do { \
        struct mc_result mc_try_ = (expr); \
        if (!mc_ok(mc_try_)) return mc_try_; \
    } while (0)

#endif
