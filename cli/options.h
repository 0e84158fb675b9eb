/* The command line: one table of verbs and one of options drive parsing, help and the manual page. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/time.h"
#include <stdbool.h>
#include <stdint.h>

struct cli_args;

#define CLI_VERBS(X) \
    X(RUN, run, "[FILE.lua|DIR]...", "run scenarios headless, write results, exit with the verdict") \
    X(CHECK, check, "FILE.lua...", "load scenarios and print what they would do, without running them") \
    X(LEDGER, ledger, "[FILE.lua|DIR|NAME]...", "what is exact, modelled or ignored: of everything, or of what a scenario uses") \
    X(LIST, list, "scenarios|faults|profiles|metrics|invariants|topologies|fidelity|runs [NAME|FILE]", "catalogues; with a NAME its page") \
    X(REPORT, report, "[RUN|last|RESULTS.db]", "reports from stored results") \
    X(EXPLAIN, explain, "[RUN|last|RESULTS.db|FILE.lua]", "why it failed: one request hop by hop, then the verdicts without each fault, with other policies, with twice the capacity") \
    X(REPLAY, replay, "[RUN|last|RESULTS.db]", "run again from the stored inputs and compare the trace") \
    X(UI, ui, "[FILE.lua|RUN|last|RESULTS.db]", "the screen: a live run, or a stored one once more") \
    X(PROXY, proxy, "--config FILE", "the proxy on real sockets") \
    X(VERSION, version, "", "what this is") \
    X(HELP, help, "[VERB|exit-codes|man]", "help")

enum cli_verb {
#define X(name, word, words, doc) CLI_##name,
    CLI_VERBS(X)
#undef X
    CLI_VERB_COUNT,
};

struct cli_verb_type {
    const char *name, *words, *doc;
    int (*act)(const struct cli_args *args); /* the exit code */
};

extern const struct cli_verb_type cli_verbs[CLI_VERB_COUNT];

#define CLI_ON(verb) (1u << CLI_##verb)
#define CLI_SCRIPTS (CLI_ON(RUN) | CLI_ON(CHECK) | CLI_ON(UI) | CLI_ON(LEDGER) | CLI_ON(EXPLAIN))
#define CLI_ALL ((1u << CLI_VERB_COUNT) - 1)

/* name, letter or 0, long form, what its value is (NULL: none; "=X": may be left out), verbs, text */
#define CLI_OPTIONS(X) \
    X(PROFILE, 'p', "profile", "LIST|all", CLI_SCRIPTS, "mesh profiles instead of the script's: istio-sidecar, linkerd, envoy, none") \
    X(SEED, 's', "seed", "N|A..B|xN", CLI_SCRIPTS, "a seed, a range, a list, or N fresh ones [the script's, else 1]") \
    X(JOBS, 'j', "jobs", "N", CLI_ON(RUN) | CLI_ON(EXPLAIN), "runs at the same time [as many as there are cores]") \
    X(FILTER, 't', "filter", "RE", CLI_SCRIPTS, "only scenarios whose name and variant match") \
    X(TAGS, 0, "tags", "A,B", CLI_SCRIPTS, "only scenarios with one of these tags") \
    X(EXCLUDE_TAGS, 0, "exclude-tags", "A,B", CLI_SCRIPTS, "no scenarios with one of these tags") \
    X(VAR, 'D', "var", "NAME=VALUE", CLI_SCRIPTS, "read by var \"NAME\" in the script") \
    X(DURATION, 0, "duration", "D", CLI_SCRIPTS, "simulated time instead of the script's: 30s, 2m, 1h") \
    X(FIDELITY, 0, "fidelity", "wire|auto", CLI_ON(RUN) | CLI_ON(UI), "how bytes are modelled [auto]") \
    X(DETAIL, 0, "detail", "LEVEL", CLI_ON(RUN) | CLI_ON(UI), "summary, sampled or full: requests that are stored [sampled]") \
    X(SAMPLE, 0, "sample", "SHARE", CLI_ON(RUN) | CLI_ON(UI), "of the requests that are neither failed nor slow [1%]") \
    X(OUT, 'o', "out", "FILE|DIR", CLI_ON(RUN), "results [results/UTC-NAME.db]; a results file is added to") \
    X(JUNIT, 0, "junit", "FILE", CLI_ON(RUN), "write JUnit XML; - is standard output") \
    X(TAP, 0, "tap", "=13|14|FILE", CLI_ON(RUN), "write TAP [13, to standard output]") \
    X(JSON, 0, "json", "FILE", CLI_ON(RUN), "write a summary as JSON; - is standard output") \
    X(FAIL_FAST, 0, "fail-fast", NULL, CLI_ON(RUN), "start nothing more after the first failure") \
    X(MAX_FAILURES, 0, "max-failures", "N", CLI_ON(RUN), "start nothing more after N failures") \
    X(INCONCLUSIVE, 0, "inconclusive", "fail|pass", CLI_ON(RUN) | CLI_ON(REPORT), "what an inconclusive run counts as [fail]") \
    X(ALLOW_VACUOUS, 0, "allow-vacuous", NULL, CLI_ON(RUN), "faults that touched nothing are no reason to doubt") \
    X(PERTURB, 0, "perturb", "=N", CLI_ON(RUN), "also with each calibrated constant at the ends of its error, at most N runs more [all]: what flips is inconclusive") \
    X(WALL_LIMIT, 0, "wall-limit", "D", CLI_ON(RUN), "stop after so much real time, exit 75") \
    X(DEMO, 0, "demo", NULL, CLI_ON(RUN), "the canary of Bookinfo's reviews while a zone is cut off") \
    X(TUI, 0, "tui", NULL, CLI_ON(RUN), "watch the one run that is selected") \
    X(TYPE, 0, "type", "TYPE", CLI_ON(REPORT), "text, junit, tap or json [text]") \
    X(REPORT_OUT, 'o', "out", "FILE", CLI_ON(REPORT), "instead of standard output") \
    X(RUN_NUMBER, 0, "run", "N", CLI_ON(REPORT) | CLI_ON(REPLAY) | CLI_ON(EXPLAIN) | CLI_ON(UI), "the run of a results file [all, the last, or the first that failed]") \
    X(UNTIL, 0, "until", "T", CLI_ON(REPLAY), "go no further than this instant, and compare nothing") \
    X(TRACE, 0, "trace", NULL, CLI_ON(REPLAY), "print what happens, a line each") \
    X(LIST_JSON, 0, "json", NULL, CLI_ON(LIST) | CLI_ON(VERSION) | CLI_ON(LEDGER) | CLI_ON(EXPLAIN), "as JSON") \
    X(PRINT, 0, "print", "TAB", CLI_ON(UI), "print one picture as text: overview, timeline") \
    X(AT, 0, "at", "T", CLI_ON(UI), "the instant to print [the end]") \
    X(SIZE, 0, "size", "WxH", CLI_ON(UI), "of the printed picture [106x30]") \
    X(TAB, 0, "tab", "TAB", CLI_ON(UI), "begin with this screen") \
    X(GOTO, 0, "goto", "T", CLI_ON(UI), "begin at this instant") \
    X(SPEED, 0, "speed", "1|10|100|max", CLI_ON(UI) | CLI_ON(RUN), "simulated seconds per second on the screen [10]") \
    X(FPS, 0, "fps", "N", CLI_ON(UI) | CLI_ON(RUN), "pictures per second [15]") \
    X(CONFIG, 0, "config", "FILE", CLI_ON(PROXY), "an Envoy v3 bootstrap, YAML or JSON") \
    X(WORKERS, 0, "workers", "N", CLI_ON(PROXY), "threads [1]") \
    X(DRAIN_TIME, 0, "drain-time", "D", CLI_ON(PROXY), "after SIGTERM [10s]") \
    X(QUIET, 'q', "quiet", NULL, CLI_ALL, "failures and the last line only") \
    X(VERBOSE, 'v', "verbose", NULL, CLI_ALL, "more; twice: still more") \
    X(COLOUR, 0, "color", "WHEN", CLI_ALL, "auto, always or never [auto; NO_COLOR is honoured]") \
    X(ASCII, 0, "ascii", NULL, CLI_ALL, "no characters beyond ASCII") \
    X(NO_PROGRESS, 0, "no-progress", NULL, CLI_ALL, "no progress line") \
    X(DIRECTORY, 'C', "directory", "DIR", CLI_ALL, "change to DIR first") \
    X(HELP_OPTION, 'h', "help", NULL, CLI_ALL, "help") \
    X(VERSION_OPTION, 0, "version", NULL, CLI_ALL, "what this is")

enum cli_option {
#define X(name, letter, word, value, verbs, doc) CLI_OPT_##name,
    CLI_OPTIONS(X)
#undef X
    CLI_OPTION_COUNT,
};

struct cli_option_type {
    const char *name; /* "profile" */
    char letter;
    const char *value;
    uint32_t verbs;
    const char *doc;
};

extern const struct cli_option_type cli_options[CLI_OPTION_COUNT];

struct cli_given {
    enum cli_option option;
    const char *value; /* "" for an option without one */
};

struct cli_args { /* texts are argv's, or the environment's */
    enum cli_verb verb;
    int argc;
    char *const *argv;
    struct cli_given *given;
    uint32_t given_count;
    const char **words;
    uint32_t word_count;
};

/* False: a message has been printed; the exit code is 64. Freed by cli_args_fini in any case. */
bool cli_args_parse(struct cli_args *args, int argc, char *const *argv);
void cli_args_fini(struct cli_args *args);

/* The last value given, else that of the environment variable SQUALL_<OPTION>, else NULL. */
const char *cli_value(const struct cli_args *args, enum cli_option option);
bool cli_has(const struct cli_args *args, enum cli_option option);
uint32_t cli_times(const struct cli_args *args, enum cli_option option);

/* False: a message has been printed, naming the option, its value and what it could be. Without a value OUT stays. */
bool cli_read_count(const struct cli_args *args, enum cli_option option, uint64_t least, uint64_t most, uint64_t *out);
bool cli_read_duration(const struct cli_args *args, enum cli_option option, mc_ns *out);
bool cli_read_span(const struct cli_args *args, enum cli_option option, mc_ns *out); /* over 0 */
bool cli_read_share(const struct cli_args *args, enum cli_option option, uint32_t *ppm);
/* WORDS: "auto always never"; OUT is the number of the word. */
bool cli_read_choice(const struct cli_args *args, enum cli_option option, const char *words, uint32_t *out);

/* Prints "squall: …" with the nearest of WORDS (blank-separated), to standard error. */
void cli_complain(const char *what, const char *given, const char *words);

/* ---- verbs ---- */

#define X(name, word, words, doc) int cli_##word(const struct cli_args *args);
CLI_VERBS(X)
#undef X

void cli_print_help(enum cli_verb verb);

#endif
