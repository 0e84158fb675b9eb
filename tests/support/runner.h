/* Runs Check suites and prints one line per failure and a count that tests/run adds up.
 * CK_FORK=no runs without fork (sanitizers, debuggers); an argument names one suite. */
#ifndef SUPPORT_RUNNER_H
#define SUPPORT_RUNNER_H

#include <check.h>
#include <stddef.h>

int run_suites(int argc, char **argv, Suite *(*const suites[])(void), size_t count);

#endif
