/* `run --perturb`: the same runs with each calibrated constant at both ends of its error. A verdict that is
 * another then is inconclusive, and says which constant it rests on. */
#ifndef CLI_PERTURB_H
#define CLI_PERTURB_H

#include "cli/job.h"

enum { CLI_PERTURB_MAX = 64 /* runs more, per run */ };

struct cli_perturb {
    struct sim_store *store;      /* holds the runs already; is written to */
    struct cli_job *jobs;         /* as run: `status` changes where a verdict has flipped */
    uint32_t count;
    const struct cli_job_options *options;
    uint64_t parallel, most;      /* at a time; runs more per run, 0: CLI_PERTURB_MAX */
    const volatile sig_atomic_t *signalled;
    int64_t until_ms;             /* 0: no limit */
    struct cli_progress *progress;
    uint32_t made, flipped;       /* runs more; runs with a verdict that flips */
};

/* False: stopped before the end, or no memory, and nothing has changed. */
bool cli_perturb(struct cli_perturb *perturb);

/* False: a message has been printed. */
bool cli_perturb_read(const struct cli_args *args, bool *wanted, uint64_t *most);

#endif
