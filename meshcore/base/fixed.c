#include "base/fixed.h"
#include "base/assert.h"
#include <stdbool.h>
#include <stddef.h>

static const uint64_t roots[] = { /* 2^(2^-k) as Q62, k = 1 … 40 */
    UINT64_C(6521908912666391106), UINT64_C(5484249825272419512), UINT64_C(5029079263719320435), UINT64_C(4815862801830788490),
    UINT64_C(4712668792719003884), UINT64_C(4661903986662671290), UINT64_C(4636727017470743990), UINT64_C(4624189567668517720),
    UINT64_C(4617933561212708776), UINT64_C(4614808732577250068), UINT64_C(4613247111281068008), UINT64_C(4612466498810092975),
    UINT64_C(4612076242109103707), UINT64_C(4611881126141011236), UINT64_C(4611783571252412754), UINT64_C(4611734794581956353),
    UINT64_C(4611710406440186476), UINT64_C(4611698212417665819), UINT64_C(4611692115418496524), UINT64_C(4611689066921934630),
    UINT64_C(4611687542674409371), UINT64_C(4611686780550835664), UINT64_C(4611686399489096040), UINT64_C(4611686208958238036),
    UINT64_C(4611686113692811986), UINT64_C(4611686066060099699), UINT64_C(4611686042243743740), UINT64_C(4611686030335565807),
    UINT64_C(4611686024381476851), UINT64_C(4611686021404432377), UINT64_C(4611686019915910140), UINT64_C(4611686019171649022),
    UINT64_C(4611686018799518463), UINT64_C(4611686018613453183), UINT64_C(4611686018520420544), UINT64_C(4611686018473904224),
    UINT64_C(4611686018450646064), UINT64_C(4611686018439016984), UINT64_C(4611686018433202444), UINT64_C(4611686018430295174),
};

static const uint64_t log2_of_e = UINT64_C(6653256548922161246); /* Q62 */
static const uint64_t log_of_2 = UINT64_C(3196577161300663915);  /* Q62 */

static mc_q32 saturate(__int128 value)
{
    if (value > INT64_MAX) return INT64_MAX;
    if (value < INT64_MIN) return INT64_MIN;
    return (mc_q32)value;
}

mc_q32 mc_q32_mul(mc_q32 a, mc_q32 b)
{
    return saturate(((__int128)a * b) >> 32);
}

mc_q32 mc_q32_div(mc_q32 a, mc_q32 b)
{
    mc_assert(b != 0);
    return saturate(((__int128)a * MC_Q32_ONE) / b);
}

/* 2^x for x as Q40: the fraction's bits pick their roots, the whole part shifts. */
static mc_q32 exp2_q40(int64_t x)
{
    int64_t whole = x >> 40;
    uint64_t fraction = (uint64_t)x & ((UINT64_C(1) << 40) - 1), product = UINT64_C(1) << 62;
    if (whole >= 31) return INT64_MAX;
    if (whole < -33) return 0;
    for (unsigned k = 1; k <= 40; k++)
        if (fraction >> (40 - k) & 1) product = (uint64_t)(((unsigned __int128)product * roots[k - 1]) >> 62);
    return (mc_q32)(product >> (30 - whole));
}

mc_q32 mc_q32_exp(mc_q32 x)
{
    if (x < -(INT64_C(32) << 32)) return 0;
    if (x > INT64_C(32) << 32) return INT64_MAX;
    return exp2_q40((int64_t)(((__int128)x * (int64_t)log2_of_e) >> 54));
}

/* log2 of a whole number as Q40: its highest bit, then one bit per squaring of the mantissa. */
static int64_t log2_q40(uint64_t value)
{
    unsigned shift = (unsigned)__builtin_clzll(value);
    uint64_t mantissa = value << shift >> 1; /* Q62 in [1, 2) */
    int64_t result = (int64_t)(63 - shift);
    for (unsigned k = 0; k < 40; k++) {
        unsigned __int128 square = ((unsigned __int128)mantissa * mantissa) >> 62;
        bool over = (square >> 63) != 0;
        mantissa = (uint64_t)(square >> over);
        result = result * 2 + over;
    }
    return result;
}

static mc_q32 log_from_log2(int64_t log2_as_q40)
{
    return (mc_q32)(((__int128)log2_as_q40 * (int64_t)log_of_2) >> 70);
}

mc_q32 mc_q32_log(mc_q32 x)
{
    mc_assert(x > 0);
    return log_from_log2(log2_q40((uint64_t)x) - ((int64_t)32 << 40));
}

mc_q32 mc_q32_pow(mc_q32 base, mc_q32 exponent)
{
    return mc_q32_exp(mc_q32_mul(mc_q32_log(base), exponent));
}

/* ln of (draw + 1) / 2^64, at most 0. */
static mc_q32 log_of_draw(uint64_t draw)
{
    if (draw == UINT64_MAX) return 0;
    return log_from_log2(log2_q40(draw + 1) - ((int64_t)64 << 40));
}

mc_q32 mc_q32_exponential(uint64_t draw)
{
    return -log_of_draw(draw);
}

static mc_q32 square_root(mc_q32 x)
{
    unsigned __int128 value = (unsigned __int128)(uint64_t)x << 32, root = 0;
    for (unsigned __int128 bit = (unsigned __int128)1 << 94; bit; bit >>= 2) {
        if (value >= root + bit) {
            value -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return (mc_q32)root;
}

static mc_q32 polynomial(const mc_q32 *coefficients, size_t count, mc_q32 x)
{
    mc_q32 sum = coefficients[0];
    for (size_t i = 1; i < count; i++) sum = saturate((__int128)mc_q32_mul(sum, x) + coefficients[i]);
    return sum;
}

/* Acklam's rational approximation of the inverse normal distribution: a centre and two tails. */
static const mc_q32 centre_over[] = {INT64_C(-170496587836), INT64_C(948956266912), INT64_C(-1185103928404), INT64_C(594242019418), INT64_C(-131704304833), INT64_C(10765886475)};
static const mc_q32 centre_under[] = {INT64_C(-233973062752), INT64_C(694005884802), INT64_C(-668722026519), INT64_C(286909449888), INT64_C(-57040092938), INT64_C(4294967296)};
static const mc_q32 tail_over[] = {INT64_C(-33435865), INT64_C(-1384682244), INT64_C(-10311178286), INT64_C(-10951017870), INT64_C(18789039419), INT64_C(12619318216)};
static const mc_q32 tail_under[] = {INT64_C(33435013), INT64_C(1384985773), INT64_C(10501771153), INT64_C(16125062419), INT64_C(4294967296)};
static const uint64_t tail_below = UINT64_C(447334046095900368); /* 0.02425 × 2^64 */

static mc_q32 lower_tail(uint64_t draw)
{
    mc_q32 q = square_root(-2 * log_of_draw(draw));
    return mc_q32_div(polynomial(tail_over, MC_COUNT_OF(tail_over), q), polynomial(tail_under, MC_COUNT_OF(tail_under), q));
}

mc_q32 mc_q32_normal(uint64_t draw)
{
    if (draw < tail_below) return lower_tail(draw);
    if (~draw < tail_below) return -lower_tail(~draw);
    mc_q32 q = (mc_q32)(draw >> 32) - (MC_Q32_ONE / 2), r = mc_q32_mul(q, q);
    mc_q32 over = mc_q32_mul(polynomial(centre_over, MC_COUNT_OF(centre_over), r), q);
    return mc_q32_div(over, polynomial(centre_under, MC_COUNT_OF(centre_under), r));
}

int64_t mc_q32_scale(int64_t duration, mc_q32 factor)
{
    return saturate(((__int128)duration * factor) >> 32);
}
