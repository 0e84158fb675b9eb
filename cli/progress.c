#include "cli/progress.h"
#include "cli/job.h"
#include "sim/plan/units.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { EVERY_MS = 200, COLUMNS_MAX = 400 };

void cli_progress_init(struct cli_progress *progress, const struct cli_args *args)
{
    const char *term = getenv("TERM"), *ci = getenv("CI");
    *progress = (struct cli_progress){
        .wanted = isatty(STDERR_FILENO) && !(ci && *ci) && !(term && !strcmp(term, "dumb")) &&
                  !cli_has(args, CLI_OPT_NO_PROGRESS) && !cli_has(args, CLI_OPT_QUIET)};
}

static int columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col < 20) return 80;
    return size.ws_col < COLUMNS_MAX ? size.ws_col : COLUMNS_MAX;
}

void cli_progress_show(struct cli_progress *progress, uint32_t ended, uint32_t all, uint32_t failures, const struct sim_case *one, mc_ns now)
{
    char line[COLUMNS_MAX + 1], at[SIM_UNITS_TEXT], of[SIM_UNITS_TEXT];
    int64_t ms = progress->wanted ? cli_now_ms() : 0;
    if (!progress->wanted || (progress->shown && ms - progress->last_ms < EVERY_MS)) return;
    int n = snprintf(line, sizeof line, "%" PRIu32 "/%" PRIu32 " runs, %" PRIu32 " failed", ended, all, failures);
    if (one)
        snprintf(line + n, sizeof line - (size_t)n, "   %.*s (%.*s seed %" PRIu64 ")  %s of %s", MC_STR_ARG(one->scenario),
                 MC_STR_ARG(one->profile), one->seed, sim_print_duration(now, at), sim_print_duration(one->duration, of));
    fprintf(stderr, "\r\033[K%.*s", columns() - 1, line);
    fflush(stderr);
    progress->shown = true;
    progress->last_ms = ms;
}

void cli_progress_clear(struct cli_progress *progress)
{
    if (progress->shown) fputs("\r\033[K", stderr);
    progress->shown = false;
}
