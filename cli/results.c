#include "cli/results.h"
#include "base/assert.h"
#include <errno.h>
#include <langinfo.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void cli_utc(char out[static 24])
{
    struct tm parts;
    time_t now = time(NULL);
    strftime(out, 24, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
}

/* ---- new files ---- */

static void print_name(const char *script, char *out, size_t size)
{
    char utc[24];
    const char *slash = strrchr(script, '/'), *base = slash ? slash + 1 : script;
    size_t length = strlen(base);
    if (mc_str_ends(mc_str_c(base), MC_STR(".lua"))) length -= 4;
    cli_utc(utc);
    for (char *p = utc; *p; p++)
        if (*p == ':') *p = '-';
    utc[19] = '\0';
    snprintf(out, size, "%s-%.*s.db", utc, (int)length, base);
}

static bool is_directory(const char *path)
{
    struct stat status;
    return !stat(path, &status) && S_ISDIR(status.st_mode);
}

/* Two runs within one second get names of their own. */
static void avoid_clash(char *path)
{
    size_t stem = strlen(path) - 3;
    for (int i = 2; i < 1000 && access(path, F_OK) == 0; i++) snprintf(path + stem, CLI_PATH - stem, "-%d.db", i);
}

bool cli_results_path(const char *given, const char *script, char out[static CLI_PATH], bool *link)
{
    char name[512];
    size_t length = given ? strlen(given) : 0;
    bool directory = !given || is_directory(given) || (length && given[length - 1] == '/');
    *link = directory;
    if (!directory) {
        snprintf(out, CLI_PATH, "%s", given);
        return true;
    }
    const char *folder = given ? given : "results";
    if (!is_directory(folder) && mkdir(folder, 0777)) {
        fprintf(stderr, "squall: %s cannot be made: %s\n", folder, strerror(errno));
        return false;
    }
    print_name(script, name, sizeof name);
    snprintf(out, CLI_PATH, "%s%s%s", folder, length && given[length - 1] == '/' ? "" : "/", name);
    avoid_clash(out);
    return true;
}

void cli_results_link(const char *path)
{
    char last[CLI_PATH], fresh[CLI_PATH];
    const char *slash = strrchr(path, '/');
    int folder = slash ? (int)(slash - path) + 1 : 0;
    if (snprintf(last, sizeof last, "%.*slast", folder, path) >= (int)sizeof last) return;
    if (snprintf(fresh, sizeof fresh, "%.*s.last-%ld", folder, path, (long)getpid()) >= (int)sizeof fresh) return;
    if (symlink(path + folder, fresh)) return;
    if (rename(fresh, last)) unlink(fresh);
}

/* ---- stored ones ---- */

enum cli_exit cli_store_exit(const struct sim_store_error *error)
{
    switch (error->trouble) {
    case SIM_STORE_OK: return CLI_EXIT_OK;
    case SIM_STORE_MISSING: return CLI_EXIT_NO_INPUT;
    case SIM_STORE_FOREIGN: return CLI_EXIT_DATA;
    case SIM_STORE_REFUSED: return CLI_EXIT_CANNOT_CREATE;
    case SIM_STORE_MEMORY: return CLI_EXIT_SOFTWARE;
    case SIM_STORE_IO:
    case SIM_STORE_BUSY: break;
    }
    return CLI_EXIT_IO;
}

static bool is_number(const char *word, int64_t *number)
{
    uint64_t value;
    if (!mc_str_to_u64(mc_str_c(word), INT64_MAX, &value) || !value) return false;
    *number = (int64_t)value;
    return true;
}

bool cli_results_meant(const char *word)
{
    int64_t number;
    return !word || !strcmp(word, "last") || is_number(word, &number) || !mc_str_ends(mc_str_c(word), MC_STR(".lua"));
}

/* "FILE:7" */
static void split(const char *word, char path[static CLI_PATH], int64_t *run)
{
    snprintf(path, CLI_PATH, "%s", word);
    char *colon = strrchr(path, ':');
    if (colon && is_number(colon + 1, run) && access(word, F_OK)) *colon = '\0';
}

static bool has_run(struct sim_store *store, int64_t run)
{
    struct sim_row row;
    struct sim_rows *rows = sim_store_rows(store, SIM_TABLE_RUNS, run);
    bool found = rows && sim_rows_next(rows, &row);
    sim_rows_free(rows);
    return found;
}

static bool fail(struct cli_found *found, const char *text, enum cli_exit code)
{
    fprintf(stderr, "squall: %s\n", text);
    sim_store_close(found->store, NULL);
    found->store = NULL;
    found->exit = code;
    return false;
}

bool cli_results_find(const struct cli_args *args, const char *word, struct cli_found *found)
{
    char path[CLI_PATH] = "results/last", text[CLI_PATH + 100];
    struct sim_store_error error;
    uint64_t chosen = 0;
    *found = (struct cli_found){.exit = CLI_EXIT_USAGE};
    if (!cli_read_count(args, CLI_OPT_RUN_NUMBER, 1, INT64_MAX, &chosen)) return false;
    found->run = (int64_t)chosen;
    if (word && strcmp(word, "last") != 0 && !is_number(word, &found->run)) split(word, path, &found->run);
    found->store = sim_store_open(path, &error);
    if (!found->store) return fail(found, error.text, cli_store_exit(&error));
    found->invocation = sim_store_last_invocation(found->store);
    bool there = !found->run || has_run(found->store, found->run);
    if (sim_store_error(found->store)->trouble)
        return error = *sim_store_error(found->store), fail(found, error.text, cli_store_exit(&error));
    snprintf(text, sizeof text, "%s has no run %lld", path, (long long)found->run);
    if (!there) return fail(found, text, CLI_EXIT_NO_INPUT);
    snprintf(text, sizeof text, "%s holds no run", path);
    return found->invocation || fail(found, text, CLI_EXIT_NO_INPUT);
}

/* ---- reports ---- */

static bool refuse(const char *path, enum cli_exit *code, enum cli_exit which)
{
    fprintf(stderr, "squall: %s cannot be written: %s\n", path, strerror(errno));
    *code = which;
    return false;
}

/* A device or pipe cannot be replaced by a file; a link may be on purpose. */
static bool is_plain(const char *path)
{
    struct stat status;
    return lstat(path, &status) || S_ISREG(status.st_mode);
}

bool cli_write_report(const struct sim_report *report, const struct sim_report_type *type, const struct sim_report_style *style,
                      const char *path, enum cli_exit *code)
{
    char fresh[CLI_PATH];
    bool plain = is_plain(path);
    if (!strcmp(path, "-")) return type->write(report, style, stdout) || refuse("standard output", code, CLI_EXIT_IO);
    snprintf(fresh, sizeof fresh, "%s%s", path, plain ? ".new" : "");
    FILE *out = fopen(fresh, "w");
    if (!out) return refuse(path, code, CLI_EXIT_CANNOT_CREATE);
    bool good = type->write(report, style, out);
    good = !fclose(out) && good;
    if (good && plain) good = !rename(fresh, path);
    int why = errno;
    if (!good && plain) unlink(fresh);
    errno = why;
    return good || refuse(path, code, CLI_EXIT_IO);
}

static bool wants_colour(const struct cli_args *args, int descriptor)
{
    const char *when = cli_value(args, CLI_OPT_COLOUR), *none = getenv("NO_COLOR"), *term = getenv("TERM");
    const char *force = getenv("CLICOLOR_FORCE");
    if (when && !strcmp(when, "always")) return true;
    if (when && !strcmp(when, "never")) return false;
    if (none && *none) return false;
    if (force && strcmp(force, "0") != 0) return true;
    return isatty(descriptor) && term && strcmp(term, "dumb") != 0;
}

void cli_report_style(const struct cli_args *args, struct sim_report_style *style, int descriptor)
{
    *style = (struct sim_report_style){
        .ascii = cli_has(args, CLI_OPT_ASCII) || strcmp(nl_langinfo(CODESET), "UTF-8") != 0,
        .colour = wants_colour(args, descriptor),
        .verbosity = cli_has(args, CLI_OPT_QUIET) ? -1 : (int)cli_times(args, CLI_OPT_VERBOSE)};
}
