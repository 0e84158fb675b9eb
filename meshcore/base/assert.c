#include "base/assert.h"

__attribute__((weak)) _Noreturn void mc_assert_fail(const char *condition, const char *file, int line,
                                                    const char *function)
{
    (void)condition, (void)file, (void)line, (void)function;
    __builtin_trap();
}
