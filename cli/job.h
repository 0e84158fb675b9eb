/* One run in a process of its own: it writes a part of the results file and tells its parent, through a
 * pipe, how far it is and how it ended. */
#ifndef CLI_JOB_H
#define CLI_JOB_H

#include "cli/progress.h"
#include "cli/selection.h"
#include "sim/ledger/vary.h"
#include "sim/store/store.h"
#include <signal.h>
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

/* What a run that is not recorded tells: it lies in memory that its process shares with the parent's. */
enum { CLI_TOLD_MAX = 512 };

struct cli_told_verdict {
    enum sim_verdict_kind kind;
    enum sim_status status;
    char name[160], message[160]; /* cut */
    int line;
};

struct cli_told {
    uint32_t count; /* of verdicts; more than CLI_TOLD_MAX: the rest is not here */
    struct cli_told_verdict verdicts[CLI_TOLD_MAX];
};

/* The same case and luck in a world that differs in one thing; not recorded. */
struct cli_variant {
    struct sim_variation variation;
    uint32_t without;        /* the number of a fault that has no effect; 0: all have */
    uint64_t follow_hi, follow_lo; /* a trace whose hops are told to the sink; 0: none */
    struct sim_sink *sink;   /* in the child's process; NULL: none */
    struct cli_told *told;   /* shared; cli_told_new */
};

struct cli_told *cli_told_new(void); /* NULL: errno */
void cli_told_free(struct cli_told *told);
/* The worst status of the verdicts of that kind and name; -1: there is none. */
int cli_told_status(const struct cli_told *told, enum sim_verdict_kind kind, struct mc_str name);

struct cli_job {
    struct cli_chosen chosen;
    const struct cli_variant *variant; /* NULL: as it is written, recorded in a part */
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

/* Runs all of COUNT jobs, PARALLEL at a time, and waits for them. False: *SIGNALLED became other than 0, or
 * the clock reached UNTIL_MS (0: no limit), and the rest was stopped. */
struct cli_pool {
    struct cli_job *jobs;
    uint32_t count;
    const struct cli_job_options *options;
    uint64_t parallel;
    const volatile sig_atomic_t *signalled;
    int64_t until_ms;
    struct cli_progress *progress;
};
bool cli_pool_run(struct cli_pool *pool);

/* The run table's word for how it ended. */
const char *cli_job_status(const struct cli_job *job);

/* Runs one case to its end in this process, without a pipe: for replay and the screen. */
struct cli_job_note cli_job_run(const struct cli_chosen *chosen, const struct cli_job_options *options, struct sim_sink *sink);

int64_t cli_now_ms(void); /* real, monotonic */

#endif
