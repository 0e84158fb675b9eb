/* Which runs a command line means: files and directories become scripts, options narrow their cases. */
#ifndef CLI_SELECTION_H
#define CLI_SELECTION_H

#include "cli/exit.h"
#include "cli/options.h"
#include "sim/lua/script.h"

enum {
    CLI_SEEDS_MAX = 100000,
    CLI_FILES_MAX = 4096,
    CLI_PROFILES_MAX = 64,
    CLI_VARS_MAX = 256,
    CLI_ROOTS = 3,
};

struct cli_chosen {
    const struct sim_script *script;
    const struct sim_case *one;
};

struct cli_selection {
    const struct cli_args *args;
    char roots[CLI_ROOTS][4096];
    const char *root_list[CLI_ROOTS];
    uint32_t root_count;
    char *profiles[CLI_PROFILES_MAX];
    uint32_t profile_count;
    uint64_t *seeds;
    uint32_t seed_count;
    struct sim_script_var vars[CLI_VARS_MAX];
    char *var_names[CLI_VARS_MAX];
    uint32_t var_count;
    mc_ns duration; /* 0: the script's */
    struct sim_script **scripts;
    uint32_t script_count;
    struct cli_chosen *chosen; /* file by file, in the order of the script */
    uint32_t chosen_count;
    enum cli_exit exit;        /* of a failure */
};

/* False: a message has been printed, `exit` says which. Freed by cli_selection_fini in any case. */
bool cli_select_options(struct cli_selection *selection, const struct cli_args *args);
bool cli_select_scripts(struct cli_selection *selection, const char *const *words, uint32_t count); /* loads, then chooses */
void cli_selection_fini(struct cli_selection *selection);

/* One case again, by what a results file says of it; the message is printed. NULL: there is none. */
const struct sim_case *cli_select_again(const struct sim_script *script, struct mc_str scenario, struct mc_str variant_json);

/* "file:line: text" to standard error. */
void cli_print_error(const struct sim_error *error);

/* "squall run FILE --profile P --seed N --filter '^…$' …": the command that does one run again, in OUT. */
void cli_replay_command(const struct cli_selection *selection, const struct cli_chosen *chosen, char *out, size_t size);

#endif
