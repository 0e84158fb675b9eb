/* A run on the screen: live, or a stored one made again. */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include "cli/job.h"

/* Shows the run until the user leaves; without a terminal it says so and runs to the end unseen. */
struct cli_job_note cli_screen_run(const struct cli_args *args, const struct cli_chosen *chosen, const struct cli_job_options *options, struct sim_sink *sink);

#endif
