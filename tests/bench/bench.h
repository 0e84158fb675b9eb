/* What the benchmark programs share: CPU time, memory from malloc, rows of the table. A row is
 * "name value unit (smallest … largest) bound"; the value is the median of the rounds. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include "base/alloc.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double bench_cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline void *bench_take(void *self, size_t size)
{
    (void)self;
    return malloc(size);
}

static inline void bench_give(void *self, void *block, size_t size)
{
    (void)self, (void)size;
    free(block);
}

static inline struct mc_alloc bench_alloc(void)
{
    return (struct mc_alloc){.take = bench_take, .give = bench_give};
}

static inline int bench_by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts the rounds. BOUND: what is aimed for, or "". */
static inline void bench_row(const char *name, double *rounds, size_t count, const char *unit, const char *bound)
{
    qsort(rounds, count, sizeof *rounds, bench_by_value);
    printf("%-44s %12.4g %-6s (%.4g … %.4g)  %s\n", name, rounds[count / 2], unit, rounds[0], rounds[count - 1], bound);
}

#endif
