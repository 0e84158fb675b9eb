/* The fidelity ledger on the command line: for everything, or for what is about to be run. */
#ifndef CLI_LEDGER_H
#define CLI_LEDGER_H

#include "cli/selection.h"
#include "sim/ledger/ledger.h"
#include <stdio.h>

enum { CLI_USE_FAULTS = 128 };

struct cli_use { /* of one case */
    struct sim_use use;
    const char *faults[CLI_USE_FAULTS];
};

/* PLAN: of a case of SCRIPT. USE points into itself: do not copy it. */
void cli_use_of(struct cli_use *use, const struct sim_script *script, const struct sim_plan *plan);

/* "fidelity: 41 exact, 12 modelled (…), 0 ignored; squall ledger FILE tells all", for all that is chosen;
 * nothing under --quiet. */
void cli_print_fidelity(const struct cli_selection *selection, FILE *out);

/* `list fidelity [NAME]`. */
int cli_list_fidelity(const struct cli_args *args);

#endif
