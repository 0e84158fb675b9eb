/* `squall`: finds the verb and lets it act. */
#include "cli/exit.h"
#include "cli/options.h"
#include "cli/proxy.h"
#include "base/assert.h"
#include "sim/export/json.h"
#include "tui/tui.h"
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void mc_assert_fail(const char *condition, const char *file, int line, const char *function)
{
    tui_abandon();
    fprintf(stderr, "squall: internal error: %s:%d: %s: %s\n", file, line, function, condition);
    fflush(NULL);
    _exit(CLI_EXIT_SOFTWARE);
}

int cli_version(const struct cli_args *args)
{
    struct sim_json json = {.out = stdout};
    if (!cli_has(args, CLI_OPT_LIST_JSON)) {
        puts("squall " SQUALL_VERSION " (" SQUALL_COMMIT ")");
        return CLI_EXIT_OK;
    }
    sim_json_open(&json, NULL, '{');
    sim_json_text(&json, "version", MC_STR(SQUALL_VERSION));
    sim_json_text(&json, "commit", MC_STR(SQUALL_COMMIT));
    sim_json_text(&json, "compiler", MC_STR(__VERSION__));
    sim_json_close(&json, '}');
    return CLI_EXIT_OK;
}

int cli_proxy(const struct cli_args *args)
{
    uint64_t workers = 1;
    struct cli_proxy_options options = {.config = cli_value(args, CLI_OPT_CONFIG), .drain_time = 10 * MC_S};
    if (!options.config) {
        fprintf(stderr, "squall proxy: --config FILE is missing\n");
        return CLI_EXIT_USAGE;
    }
    if (!cli_read_count(args, CLI_OPT_WORKERS, 1, CLI_PROXY_WORKERS, &workers)) return CLI_EXIT_USAGE;
    if (!cli_read_duration(args, CLI_OPT_DRAIN_TIME, &options.drain_time)) return CLI_EXIT_USAGE;
    options.workers = (unsigned)workers;
    return cli_proxy_run(&options);
}

static int act(const struct cli_args *args)
{
    const char *directory = cli_value(args, CLI_OPT_DIRECTORY);
    if (directory && chdir(directory)) {
        fprintf(stderr, "squall: %s: %s\n", directory, strerror(errno));
        return CLI_EXIT_NO_INPUT;
    }
    if (cli_times(args, CLI_OPT_HELP_OPTION)) {
        cli_print_help(args->verb);
        return CLI_EXIT_OK;
    }
    if (cli_times(args, CLI_OPT_VERSION_OPTION)) return cli_version(args);
    return cli_verbs[args->verb].act(args);
}

int main(int argc, char **argv)
{
    struct cli_args args;
    /* Numbers are written and read the same everywhere; only the characters of the terminal are the user's. */
    setlocale(LC_CTYPE, "");
    /* A file size limit is a full disk like any other. */
    signal(SIGXFSZ, SIG_IGN);
    int code = cli_args_parse(&args, argc, argv) ? act(&args) : CLI_EXIT_USAGE;
    cli_args_fini(&args);
    if (fflush(stdout) && code == CLI_EXIT_OK) code = CLI_EXIT_IO;
    return code;
}
