/* exp, log and pow in integers, from tables, for whatever decides order or content. Q32.32 fixed point
 * unless a name says otherwise; no floating point, no libm; the same bits on every machine. */
#ifndef BASE_FIXED_H
#define BASE_FIXED_H

#include <stdint.h>

typedef int64_t mc_q32; /* value × 2^32 */

#define MC_Q32_ONE ((mc_q32)1 << 32)

mc_q32 mc_q32_mul(mc_q32 a, mc_q32 b); /* rounds towards minus infinity; saturates */
mc_q32 mc_q32_div(mc_q32 a, mc_q32 b); /* b not 0; saturates */
mc_q32 mc_q32_exp(mc_q32 x);           /* e^x; saturates above 21.4; error < 2^-28 relative */
mc_q32 mc_q32_log(mc_q32 x);           /* natural logarithm, x > 0 (asserted); error < 2^-28 absolute */
mc_q32 mc_q32_pow(mc_q32 base, mc_q32 exponent); /* base > 0 */

/* Inverse distributions: a 64-bit draw becomes a value. */
mc_q32 mc_q32_exponential(uint64_t draw);      /* mean 1 */
mc_q32 mc_q32_normal(uint64_t draw);           /* mean 0, deviation 1; error < 2^-20 */

/* DURATION × factor, saturating. */
int64_t mc_q32_scale(int64_t duration, mc_q32 factor);

#endif
