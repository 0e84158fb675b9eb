/* Assertions, always on: a broken promise of ours stops the run.
 *
 * What a peer, a user or a file did wrong is never an assertion; it is a reason code that travels as
 * data. mc_assert_fail is a weak symbol that traps; an executable defines its own to print the place
 * and exit 70.
 */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

#define mc_assert(condition) \
    (__builtin_expect(!!(condition), 1) ? (void)0 \
                                        : mc_assert_fail(#condition, __FILE__, __LINE__, __func__))
#define mc_unreachable() mc_assert_fail("unreachable", __FILE__, __LINE__, __func__)
#define mc_static_assert(condition, why) _Static_assert(condition, why)

/* The enclosing record of an embedded member. */
#define mc_container(pointer, type, member) \
    ((type *)(void *)((char *)(pointer)-__builtin_offsetof(type, member)))

#define MC_MUST_USE __attribute__((warn_unused_result))
#define MC_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

_Noreturn void mc_assert_fail(const char *condition, const char *file, int line, const char *function);

#endif
