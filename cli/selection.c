#include "cli/selection.h"
#include "base/assert.h"
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static bool refuse(struct cli_selection *selection, enum cli_exit code)
{
    selection->exit = code;
    return false;
}

void cli_print_error(const struct sim_error *error)
{
    if (error->source.line) fprintf(stderr, "%.*s:%d: %s\n", MC_STR_ARG(error->source.file), error->source.line, error->text);
    else if (error->source.file.n) fprintf(stderr, "%.*s: %s\n", MC_STR_ARG(error->source.file), error->text);
    else fprintf(stderr, "squall: %s\n", error->text);
}

/* ---- options ---- */

static bool add_seed(struct cli_selection *selection, uint64_t seed)
{
    if (selection->seed_count == CLI_SEEDS_MAX) return false;
    selection->seeds[selection->seed_count++] = seed;
    return true;
}

static bool add_fresh(struct cli_selection *selection, uint64_t count)
{
    fprintf(stderr, "seeds:");
    for (uint64_t i = 0; i < count; i++) {
        uint32_t seed;
        if (getrandom(&seed, sizeof seed, 0) != sizeof seed || !add_seed(selection, seed)) return false;
        fprintf(stderr, " %" PRIu32, seed);
    }
    putc('\n', stderr);
    return true;
}

/* "7", "1..20", "x5". */
static bool add_seeds(struct cli_selection *selection, struct mc_str text)
{
    uint64_t from, to;
    struct mc_str rest;
    if (text.n && *text.p == 'x')
        return mc_str_to_u64(mc_str(text.p + 1, text.n - 1), CLI_SEEDS_MAX, &from) && from > 0 && add_fresh(selection, from);
    const char *dots = text.n ? strstr(text.p, "..") : NULL;
    if (!dots || dots >= text.p + text.n) return mc_str_to_u64(text, INT64_MAX, &from) && add_seed(selection, from);
    rest = mc_str(dots + 2, (size_t)(text.p + text.n - dots) - 2);
    text.n = (size_t)(dots - text.p);
    if (!mc_str_to_u64(text, INT64_MAX, &from) || !mc_str_to_u64(rest, INT64_MAX, &to) || from > to) return false;
    if (to - from >= CLI_SEEDS_MAX) return false;
    for (uint64_t seed = from; seed <= to; seed++)
        if (!add_seed(selection, seed)) return false;
    return true;
}

static int seed_order(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* One seed, one run: a results file keeps each once. */
static bool check_twice(struct cli_selection *selection)
{
    uint64_t *sorted = malloc(selection->seed_count * sizeof *sorted + 1);
    if (!sorted) return refuse(selection, CLI_EXIT_SOFTWARE);
    memcpy(sorted, selection->seeds, selection->seed_count * sizeof *sorted);
    qsort(sorted, selection->seed_count, sizeof *sorted, seed_order);
    uint32_t i = 1;
    while (i < selection->seed_count && sorted[i] != sorted[i - 1]) i++;
    bool twice = i < selection->seed_count;
    if (twice) fprintf(stderr, "squall: --seed: %" PRIu64 " is given twice\n", sorted[i]);
    free(sorted);
    return !twice || refuse(selection, CLI_EXIT_USAGE);
}

static bool read_seeds(struct cli_selection *selection)
{
    const char *text = cli_value(selection->args, CLI_OPT_SEED);
    if (!text) return true;
    selection->seeds = calloc(CLI_SEEDS_MAX, sizeof *selection->seeds);
    if (!selection->seeds) return refuse(selection, CLI_EXIT_SOFTWARE);
    struct mc_str rest = mc_str_c(text);
    do {
        if (add_seeds(selection, mc_str_cut(rest, ',', &rest))) continue;
        fprintf(stderr, "squall: --seed %s: write 7, 1..20, 1,5,9 or x10; at most %d seeds\n", text, CLI_SEEDS_MAX);
        return refuse(selection, CLI_EXIT_USAGE);
    } while (rest.n);
    return check_twice(selection);
}

static bool has_profile(const struct cli_selection *selection, struct mc_str name)
{
    for (uint32_t i = 0; i < selection->profile_count; i++)
        if (mc_str_eq(mc_str_c(selection->profiles[i]), name)) return true;
    return false;
}

static bool read_profiles(struct cli_selection *selection)
{
    for (uint32_t i = 0; i < selection->args->given_count; i++) {
        if (selection->args->given[i].option != CLI_OPT_PROFILE) continue;
        for (struct mc_str rest = mc_str_c(selection->args->given[i].value); rest.n;) {
            struct mc_str name = mc_str_cut(rest, ',', &rest);
            if (has_profile(selection, name)) continue;
            if (selection->profile_count == CLI_PROFILES_MAX) return refuse(selection, CLI_EXIT_USAGE);
            selection->profiles[selection->profile_count++] = strndup(name.p, name.n);
        }
    }
    const char *inherited = selection->profile_count ? NULL : cli_value(selection->args, CLI_OPT_PROFILE);
    if (inherited) selection->profiles[selection->profile_count++] = strdup(inherited);
    return true;
}

static bool read_vars(struct cli_selection *selection)
{
    for (uint32_t i = 0; i < selection->args->given_count; i++) {
        if (selection->args->given[i].option != CLI_OPT_VAR) continue;
        const char *text = selection->args->given[i].value, *equals = strchr(text, '=');
        if (!equals || equals == text || selection->var_count == CLI_VARS_MAX) {
            fprintf(stderr, "squall: -D %s: write NAME=VALUE\n", text);
            return refuse(selection, CLI_EXIT_USAGE);
        }
        char *name = strndup(text, (size_t)(equals - text));
        selection->var_names[selection->var_count] = name;
        selection->vars[selection->var_count++] = (struct sim_script_var){.name = name, .value = equals + 1};
    }
    return true;
}

/* Where topologies, profiles and libraries are: SQUALL_ROOT, the sources, the installed share directory,
 * which is found beside the program so that the tree can be moved. */
static void find_roots(struct cli_selection *selection)
{
    char program[2048];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    const char *given = getenv("SQUALL_ROOT");
    if (given) snprintf(selection->roots[selection->root_count++], sizeof selection->roots[0], "%s", given);
    if (!access(SQUALL_SOURCE "/topologies", R_OK))
        snprintf(selection->roots[selection->root_count++], sizeof selection->roots[0], "%s", SQUALL_SOURCE);
    snprintf(selection->roots[selection->root_count], sizeof selection->roots[0], "%s", SQUALL_SHARE);
    if (length > 0) {
        program[length] = '\0';
        char *slash = strrchr(program, '/');
        if (slash) *slash = '\0';
        char beside[2100];
        snprintf(beside, sizeof beside, "%s/../share/squall", program);
        if (!access(beside, R_OK)) snprintf(selection->roots[selection->root_count], sizeof selection->roots[0], "%s", beside);
    }
    selection->root_count++;
    for (uint32_t i = 0; i < selection->root_count; i++) selection->root_list[i] = selection->roots[i];
}

bool cli_select_options(struct cli_selection *selection, const struct cli_args *args)
{
    *selection = (struct cli_selection){.args = args, .exit = CLI_EXIT_USAGE};
    find_roots(selection);
    selection->scripts = calloc(CLI_FILES_MAX, sizeof(struct sim_script *));
    if (!selection->scripts) return refuse(selection, CLI_EXIT_SOFTWARE);
    return read_profiles(selection) && read_seeds(selection) && read_vars(selection) &&
           cli_read_span(args, CLI_OPT_DURATION, &selection->duration);
}

void cli_selection_fini(struct cli_selection *selection)
{
    for (uint32_t i = 0; i < selection->script_count; i++) sim_script_free(selection->scripts[i]);
    for (uint32_t i = 0; i < selection->profile_count; i++) free(selection->profiles[i]);
    for (uint32_t i = 0; i < selection->var_count; i++) free(selection->var_names[i]);
    free(selection->scripts);
    free(selection->seeds);
    free(selection->chosen);
}

/* ---- scripts ---- */

static void print_line(void *self, struct mc_str line)
{
    (void)self;
    fprintf(stderr, "%.*s\n", MC_STR_ARG(line));
}

/* Named twice, or by its folder, too: it runs once. */
static bool is_loaded(const struct cli_selection *selection, const char *path)
{
    struct stat one, other;
    if (stat(path, &one)) return false;
    for (uint32_t i = 0; i < selection->script_count; i++)
        if (!stat(sim_script_name(selection->scripts[i]), &other) && one.st_dev == other.st_dev && one.st_ino == other.st_ino) return true;
    return false;
}

static bool load_file(struct cli_selection *selection, const char *path)
{
    if (is_loaded(selection, path)) return true;
    struct sim_error error = {.text = ""};
    struct sim_script_options options = {
        .roots = selection->root_list, .root_count = selection->root_count,
        .profiles = (const char *const *)selection->profiles, .profile_count = selection->profile_count,
        .seeds = selection->seeds, .seed_count = selection->seed_count, .duration = selection->duration,
        .vars = selection->vars, .var_count = selection->var_count, .print = print_line};
    if (access(path, R_OK)) {
        fprintf(stderr, "squall: %s: %s\n", path, strerror(errno));
        return refuse(selection, CLI_EXIT_NO_INPUT);
    }
    if (selection->script_count == CLI_FILES_MAX) {
        fprintf(stderr, "squall: more than %d files\n", CLI_FILES_MAX);
        return refuse(selection, CLI_EXIT_USAGE);
    }
    struct sim_script *script = sim_script_load(path, &options, &error);
    if (!script) {
        cli_print_error(&error);
        return refuse(selection, CLI_EXIT_DATA);
    }
    selection->scripts[selection->script_count++] = script;
    return true;
}

static int is_script(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && mc_str_ends(mc_str_c(entry->d_name), MC_STR(".lua"));
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool load_directory(struct cli_selection *selection, const char *path)
{
    struct dirent **entries = NULL;
    char name[4096];
    bool good = true;
    int count = scandir(path, &entries, is_script, by_bytes);
    if (count <= 0) {
        fprintf(stderr, "squall: %s: %s\n", path, count ? strerror(errno) : "no *.lua in there");
        free(entries);
        return refuse(selection, CLI_EXIT_NO_INPUT);
    }
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        good = good && load_file(selection, name);
        free(entries[i]);
    }
    free(entries);
    return good;
}

/* ---- cases ---- */

static bool has_tag(const struct sim_case *one, const char *list)
{
    for (struct mc_str rest = mc_str_c(list); rest.n;) {
        struct mc_str tag = mc_str_cut(rest, ',', &rest);
        for (uint32_t i = 0; i < one->tag_count; i++)
            if (mc_str_eq(one->tags[i], tag)) return true;
    }
    return false;
}

static bool is_plain(struct mc_str variant_json)
{
    return !variant_json.n || mc_str_eq(variant_json, MC_STR("{}"));
}

static void print_subject(const struct sim_case *one, char *out, size_t size)
{
    bool plain = is_plain(one->variant_json);
    snprintf(out, size, "%.*s%s%.*s", MC_STR_ARG(one->scenario), plain ? "" : " ", plain ? 0 : (int)one->variant_json.n, one->variant_json.p);
}

static bool wanted(const struct cli_args *args, const struct sim_case *one, const regex_t *filter)
{
    char subject[2048];
    const char *tags = cli_value(args, CLI_OPT_TAGS), *without = cli_value(args, CLI_OPT_EXCLUDE_TAGS);
    if (tags && !has_tag(one, tags)) return false;
    if (without && has_tag(one, without)) return false;
    print_subject(one, subject, sizeof subject);
    return !filter || regexec(filter, subject, 0, NULL, 0) == 0;
}

static uint32_t count_cases(const struct cli_selection *selection)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < selection->script_count; i++) count += sim_script_case_count(selection->scripts[i]);
    return count;
}

static bool choose(struct cli_selection *selection)
{
    const char *pattern = cli_value(selection->args, CLI_OPT_FILTER);
    regex_t filter;
    char why[200];
    int code = pattern ? regcomp(&filter, pattern, REG_EXTENDED | REG_NOSUB) : 0;
    if (code) {
        regerror(code, &filter, why, sizeof why);
        fprintf(stderr, "squall: --filter %s: %s\n", pattern, why);
        return refuse(selection, CLI_EXIT_USAGE);
    }
    selection->chosen = calloc((size_t)count_cases(selection) + 1, sizeof *selection->chosen);
    for (uint32_t s = 0; selection->chosen && s < selection->script_count; s++) {
        const struct sim_script *script = selection->scripts[s];
        for (uint32_t i = 0; i < sim_script_case_count(script); i++) {
            const struct sim_case *one = sim_script_case(script, i);
            if (wanted(selection->args, one, pattern ? &filter : NULL))
                selection->chosen[selection->chosen_count++] = (struct cli_chosen){script, one};
        }
    }
    if (pattern) regfree(&filter);
    return selection->chosen || refuse(selection, CLI_EXIT_SOFTWARE);
}

bool cli_select_scripts(struct cli_selection *selection, const char *const *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct stat status;
        bool directory = !stat(words[i], &status) && S_ISDIR(status.st_mode);
        if (!(directory ? load_directory(selection, words[i]) : load_file(selection, words[i]))) return false;
    }
    return choose(selection);
}

const struct sim_case *cli_select_again(const struct sim_script *script, struct mc_str scenario, struct mc_str variant_json)
{
    for (uint32_t i = 0; i < sim_script_case_count(script); i++) {
        const struct sim_case *one = sim_script_case(script, i);
        if (!mc_str_eq(one->scenario, scenario)) continue;
        if (is_plain(one->variant_json) ? is_plain(variant_json) : mc_str_eq(one->variant_json, variant_json)) return one;
    }
    fprintf(stderr, "squall: %s has no scenario \"%.*s\" %.*s any more\n", sim_script_name(script), MC_STR_ARG(scenario), MC_STR_ARG(variant_json));
    return NULL;
}

/* ---- the command that does it again ---- */

static void append(char *out, size_t size, const char *text, size_t length)
{
    size_t used = strlen(out);
    if (used + length < size) snprintf(out + used, size - used, "%.*s", (int)length, text);
}

/* As one word of a shell. */
static void append_word(char *out, size_t size, const char *word)
{
    static const char harmless[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%";
    append(out, size, " ", 1);
    if (*word && word[strspn(word, harmless)] == '\0') {
        append(out, size, word, strlen(word));
        return;
    }
    append(out, size, "'", 1);
    for (; *word; word++) {
        if (*word == '\'') append(out, size, "'\\''", 4);
        else append(out, size, word, 1);
    }
    append(out, size, "'", 1);
}

static void print_pattern(const struct sim_case *one, char *out, size_t size)
{
    char subject[2048];
    print_subject(one, subject, sizeof subject);
    snprintf(out, size, "^");
    for (const char *p = subject; *p; p++) {
        if (strchr("\\^$.|?*+()[]{}", *p)) append(out, size, "\\", 1);
        append(out, size, p, 1);
    }
    append(out, size, "$", 1);
}

void cli_replay_command(const struct cli_selection *selection, const struct cli_chosen *chosen, char *out, size_t size)
{
    char word[4200];
    const struct sim_case *one = chosen->one;
    snprintf(out, size, "squall run");
    append_word(out, size, sim_script_name(chosen->script));
    print_pattern(one, word, sizeof word);
    append(out, size, " --filter", 9);
    append_word(out, size, word);
    snprintf(word, sizeof word, "%.*s", MC_STR_ARG(one->profile));
    append(out, size, " --profile", 10);
    append_word(out, size, word);
    snprintf(word, sizeof word, " --seed %" PRIu64, one->seed);
    append(out, size, word, strlen(word));
    for (uint32_t i = 0; i < selection->var_count; i++) {
        snprintf(word, sizeof word, "%s=%s", selection->vars[i].name, selection->vars[i].value);
        append(out, size, " -D", 3);
        append_word(out, size, word);
    }
    if (selection->args->verb == CLI_RUN && cli_has(selection->args, CLI_OPT_PERTURB)) append(out, size, " --perturb", 10);
    const char *duration = cli_value(selection->args, CLI_OPT_DURATION);
    if (duration) append(out, size, " --duration", 11);
    if (duration) append_word(out, size, duration);
}
