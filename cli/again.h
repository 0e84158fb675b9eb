/* A stored run once more: its file, profile, seed, variables and duration as the results file has them. */
#ifndef CLI_AGAIN_H
#define CLI_AGAIN_H

#include "cli/results.h"
#include "cli/selection.h"

enum { CLI_BUILD = 160 };

struct cli_again {
    struct cli_selection selection;
    struct cli_chosen chosen;
    char status[24], trace_hash[24], script_digest[24];
    int64_t run;
    bool script_changed; /* since then, or a file that it includes */
    char build[CLI_BUILD]; /* that recorded it; empty: not known */
};

/* What a trace depends on besides the inputs: this program and the libraries in its simulation. Under
 * another one verdicts are to be the same, hashes need not. Returns OUT. */
const char *cli_build(char out[static CLI_BUILD]);

enum cli_again_which { CLI_AGAIN_LAST, CLI_AGAIN_FIRST_FAILED /* of the last command; the last, if none has */ };

/* WORD as in cli_results_find. The run: that of WORD or --run, else WHICH of the file. False: a message
 * has been printed, `selection.exit` says which. Freed by cli_again_fini in any case. */
bool cli_again_load(struct cli_again *again, const struct cli_args *args, const char *word, enum cli_again_which which);
void cli_again_fini(struct cli_again *again);

#endif
