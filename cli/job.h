/* One run in a process of its own: it writes a part of the results file and tells its parent, through a
 * pipe, how far it is and how it ended. */
#ifndef CLI_JOB_H
#define CLI_JOB_H

#include "cli/selection.h"
#include "sim/store/store.h"
#include <sys/types.h>

enum cli_job_state { CLI_JOB_WAITING, CLI_JOB_RUNNING, CLI_JOB_ENDED, CLI_JOB_SKIPPED };

enum { CLI_JOB_WHY = 800 };

struct cli_job_note { /* what goes through the pipe, whole: smaller than PIPE_BUF */
    bool ended;
    enum cli_exit exit;  /* OK: the outcome counts; DATA: the script's mistake; SOFTWARE, IO, CANNOT_CREATE */
    mc_ns now;
    struct sim_outcome outcome;
    char why[CLI_JOB_WHY];
};

struct cli_job {
    struct cli_chosen chosen;
    enum cli_job_state state;
    int64_t run;         /* in the results file; 0: not yet */
    pid_t process;
    int pipe;            /* to be read; -1 */
    struct cli_job_note note;
    int64_t started_ms, wall_ms; /* real time */
    int64_t stop_ms;     /* when it was asked to end; 0: not yet */
    bool killed;
    const char *status;  /* word of the run table, once it has ended */
    bool merged;
};

struct cli_job_options {
    enum sim_detail detail;
    uint32_t sample_ppm;
    int fill;              /* SQUALL_FILL */
    bool twice;            /* SQUALL_RUN_TWICE: the second of two runs in one process counts */
    bool allow_vacuous;
    mc_ns until;           /* go no further; 0: to the end */
    const char *results;   /* path of the results file */
    struct sim_store_run row;
    char script_sha256[65]; /* that of the row */
};

/* The part's path. */
void cli_job_part(const struct cli_job *job, const char *results, char *out, size_t size);

/* Forks. False: errno. The run's row exists. */
bool cli_job_start(struct cli_job *job, const struct cli_job_options *options);
/* Reads what has come; true: the job has ended (and its process is gone). */
bool cli_job_hear(struct cli_job *job);
/* Asks it to end, results are saved. Asked again: one that has not come to an end within its grace, or is
 * not to be waited for, is killed. */
void cli_job_stop(struct cli_job *job, bool now);

/* The run table's word for how it ended. */
const char *cli_job_status(const struct cli_job *job);

/* Runs one case to its end in this process, without a pipe: for replay and the screen. */
struct cli_job_note cli_job_run(const struct cli_chosen *chosen, const struct cli_job_options *options, struct sim_sink *sink);

int64_t cli_now_ms(void); /* real, monotonic */

#endif
