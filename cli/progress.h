/* One line on standard error, redrawn: only on a terminal, never in CI. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli/options.h"
#include "sim/lua/script.h"

struct cli_progress {
    bool wanted, shown;
    int64_t last_ms;
};

void cli_progress_init(struct cli_progress *progress, const struct cli_args *args);
void cli_progress_show(struct cli_progress *progress, uint32_t ended, uint32_t all, uint32_t failures, const struct sim_case *one, mc_ns now);
void cli_progress_clear(struct cli_progress *progress);

#endif
