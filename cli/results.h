/* Where results are: names for new files, and which file and run a word of the command line means. */
#ifndef CLI_RESULTS_H
#define CLI_RESULTS_H

#include "cli/exit.h"
#include "cli/options.h"
#include "sim/export/report.h"

enum { CLI_PATH = 4096 };

/* The path for a new run of SCRIPT (its path), in OUT; folders are made. GIVEN: --out, or NULL. False: a
 * message has been printed. *LINK: whether results/last is to point there. */
bool cli_results_path(const char *given, const char *script, char out[static CLI_PATH], bool *link);
void cli_results_link(const char *path); /* "last" beside PATH; failure is no matter */

struct cli_found {
    struct sim_store *store;
    int64_t invocation; /* the last one */
    int64_t run;        /* 0: none is meant in particular */
    enum cli_exit exit;
};

/* WORD: "last" or NULL (results/last), a number (a run of results/last), FILE, FILE:N; --run N adds to it.
 * False: a message has been printed, `exit` says which. Close the store. */
bool cli_results_find(const struct cli_args *args, const char *word, struct cli_found *found);
/* Whether WORD means results rather than a script. */
bool cli_results_meant(const char *word);

enum cli_exit cli_store_exit(const struct sim_store_error *error); /* of reading */

/* Writes one report to PATH ("-": standard output) through a temporary file that is renamed, so that there
 * is a whole file or none. False: a message has been printed. */
bool cli_write_report(const struct sim_report *report, const struct sim_report_type *type, const struct sim_report_style *style,
                      const char *path, enum cli_exit *code);

void cli_report_style(const struct cli_args *args, struct sim_report_style *style, int descriptor);
void cli_utc(char out[static 24]); /* "2026-01-01T10:00:00Z" */

#endif
