/* Exit codes, one per meaning; the table behind them is what `squall help exit-codes` prints. */
#ifndef CLI_EXIT_H
#define CLI_EXIT_H

#define CLI_EXITS(X) \
    X(OK, 0, "everything passed (an expected failure that failed counts as passed)") \
    X(FAILED, 1, "a check, threshold, invariant or steady state failed, or an expected failure passed") \
    X(INCONCLUSIVE, 2, "inconclusive: too few samples, a fault that touched nothing, no scenario matched") \
    X(DIVERGED, 3, "replay: the same inputs gave another trace") \
    X(USAGE, 64, "usage") \
    X(DATA, 65, "the scenario or file does not load, or the scenario's method raised or exceeded its budget") \
    X(NO_INPUT, 66, "an input file is missing") \
    X(SOFTWARE, 70, "internal error") \
    X(CANNOT_CREATE, 73, "an output file cannot be created") \
    X(IO, 74, "input/output error, such as a full disk") \
    X(WALL_LIMIT, 75, "the wall limit was hit; results so far are saved") \
    X(INTERRUPTED, 130, "interrupted (SIGINT); results so far are saved") \
    X(TERMINATED, 143, "terminated (SIGTERM); results so far are saved")

enum cli_exit {
#define X(name, code, text) CLI_EXIT_##name = code,
    CLI_EXITS(X)
#undef X
};

#endif
