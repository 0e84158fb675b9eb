#include "support/runner.h"
#include <stdio.h>
#include <string.h>

int run_suites(int argc, char **argv, Suite *(*const suites[])(void), size_t count)
{
    const char *only = argc > 1 ? argv[1] : NULL;
    SRunner *runner = srunner_create(NULL);
    for (size_t i = 0; i < count; i++) srunner_add_suite(runner, suites[i]());
    srunner_run(runner, only, NULL, CK_NORMAL);
    int run = srunner_ntests_run(runner), failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    printf("%d passed, %d failed\n", run - failed, failed);
    return failed ? 1 : 0;
}
