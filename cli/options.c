#include "cli/options.h"
#include "base/assert.h"
#include "sim/plan/error.h"
#include "sim/plan/units.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

const struct cli_verb_type cli_verbs[] = {
#define X(name, word, words, doc) [CLI_##name] = {#word, words, doc, cli_##word},
    CLI_VERBS(X)
#undef X
};

const struct cli_option_type cli_options[] = {
#define X(name, letter, word, value, verbs, doc) [CLI_OPT_##name] = {word, letter, value, verbs, doc},
    CLI_OPTIONS(X)
#undef X
};

enum { WORDS_MAX = 64 };

/* ---- complaints ---- */

void cli_complain(const char *what, const char *given, const char *words)
{
    char copies[WORDS_MAX][48];
    const char *names[WORDS_MAX];
    size_t count = 0;
    struct mc_str rest = mc_str_c(words);
    while (rest.n && count < WORDS_MAX) {
        struct mc_str word = mc_str_cut(rest, ' ', &rest);
        if (!word.n) continue;
        snprintf(copies[count], sizeof copies[count], "%.*s", MC_STR_ARG(word));
        names[count] = copies[count];
        count++;
    }
    const char *nearest = count ? sim_nearest(mc_str_c(given), names, sizeof *names, count) : NULL;
    fprintf(stderr, "squall: %s \"%s\"", what, given);
    if (nearest) fprintf(stderr, ": did you mean \"%s\"?", nearest);
    else if (count) fprintf(stderr, "; there are: %s", words);
    putc('\n', stderr);
}

static bool complain_option(const struct cli_args *args, const char *given)
{
    struct cli_option_type known[CLI_OPTION_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < CLI_OPTION_COUNT; i++)
        if (cli_options[i].verbs & 1u << args->verb) known[count++] = cli_options[i];
    struct mc_str name = mc_str_c(given);
    while (name.n && *name.p == '-') name = mc_str(name.p + 1, name.n - 1);
    name = mc_str_cut(name, '=', &(struct mc_str){0});
    const char *nearest = sim_nearest(name, known, sizeof *known, count);
    fprintf(stderr, "squall %s: unknown option %s", cli_verbs[args->verb].name, given);
    if (nearest) fprintf(stderr, ": did you mean --%s?\n", nearest);
    else fprintf(stderr, "; see squall help %s\n", cli_verbs[args->verb].name);
    return false;
}

static bool complain_value(const struct cli_args *args, enum cli_option option, const char *value, const char *why)
{
    fprintf(stderr, "squall %s: --%s %s: %s\n", cli_verbs[args->verb].name, cli_options[option].name, value, why);
    return false;
}

/* ---- parsing ---- */

static int find_long(const struct cli_args *args, struct mc_str name)
{
    for (int i = 0; i < CLI_OPTION_COUNT; i++)
        if (cli_options[i].verbs & 1u << args->verb && mc_str_eq(name, mc_str_c(cli_options[i].name))) return i;
    return -1;
}

static int find_letter(const struct cli_args *args, char letter)
{
    for (int i = 0; i < CLI_OPTION_COUNT; i++)
        if (cli_options[i].verbs & 1u << args->verb && cli_options[i].letter == letter) return i;
    return -1;
}

static bool add(struct cli_args *args, int option, const char *value)
{
    args->given[args->given_count++] = (struct cli_given){(enum cli_option)option, value};
    return true;
}

static bool needs_value(const struct cli_args *args, int option)
{
    fprintf(stderr, "squall %s: --%s needs a value: %s\n", cli_verbs[args->verb].name, cli_options[option].name, cli_options[option].value);
    return false;
}

/* "--name", "--name=value", "--name value". *at is moved past what was used. */
static bool parse_long(struct cli_args *args, const char *word, int *at)
{
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) - 2 : strlen(word + 2);
    int option = find_long(args, mc_str(word + 2, length));
    if (option < 0) return complain_option(args, word);
    const char *wanted = cli_options[option].value;
    if (!wanted && equals) return complain_value(args, (enum cli_option)option, equals + 1, "takes no value");
    if (!wanted) return add(args, option, "");
    if (equals) return add(args, option, equals + 1);
    if (*wanted == '=') return add(args, option, "");
    if (*at + 1 >= args->argc) return needs_value(args, option);
    return add(args, option, args->argv[++*at]);
}

/* "-v", "-qv", "-j4", "-j 4". */
static bool parse_letters(struct cli_args *args, const char *word, int *at)
{
    for (const char *p = word + 1; *p; p++) {
        int option = find_letter(args, *p);
        if (option < 0) return complain_option(args, word);
        if (!cli_options[option].value) {
            add(args, option, "");
            continue;
        }
        if (p[1]) return add(args, option, p + 1);
        if (*at + 1 >= args->argc) return needs_value(args, option);
        return add(args, option, args->argv[++*at]);
    }
    return true;
}

static bool find_verb(struct cli_args *args, const char *word)
{
    for (int i = 0; i < CLI_VERB_COUNT; i++)
        if (!strcmp(word, cli_verbs[i].name)) return args->verb = (enum cli_verb)i, true;
    return false;
}

static bool parse_verb(struct cli_args *args)
{
    if (args->argc < 2) {
        cli_print_help(CLI_HELP);
        return false;
    }
    const char *word = args->argv[1];
    if (find_verb(args, word)) return true;
    if (!strcmp(word, "--help") || !strcmp(word, "-h")) return args->verb = CLI_HELP, true;
    if (!strcmp(word, "--version")) return args->verb = CLI_VERSION, true;
    cli_complain("no such verb", word, "run check ledger list report explain replay ui proxy version help");
    return false;
}

bool cli_args_parse(struct cli_args *args, int argc, char *const *argv)
{
    *args = (struct cli_args){.argc = argc, .argv = argv, .verb = CLI_HELP};
    size_t letters = 1; /* no character of the command line gives more than one option */
    for (int i = 0; i < argc; i++) letters += strlen(argv[i]);
    args->given = calloc(letters, sizeof *args->given);
    args->words = calloc((size_t)argc + 1, sizeof *args->words);
    if (!args->given || !args->words || !parse_verb(args)) return false;
    bool options = true;
    for (int i = 2; i < argc; i++) {
        const char *word = argv[i];
        if (options && !strcmp(word, "--")) options = false;
        else if (options && word[0] == '-' && word[1] == '-') {
            if (!parse_long(args, word, &i)) return false;
        } else if (options && word[0] == '-' && word[1]) {
            if (!parse_letters(args, word, &i)) return false;
        } else {
            args->words[args->word_count++] = word;
        }
    }
    return true;
}

void cli_args_fini(struct cli_args *args)
{
    free(args->given);
    free(args->words);
}

/* ---- values ---- */

static const char *environment(enum cli_option option)
{
    char name[64];
    int n = snprintf(name, sizeof name, "SQUALL_%s", cli_options[option].name);
    for (int i = 0; i < n; i++) name[i] = name[i] == '-' ? '_' : name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 32) : name[i];
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

const char *cli_value(const struct cli_args *args, enum cli_option option)
{
    for (uint32_t i = args->given_count; i-- > 0;)
        if (args->given[i].option == option) return args->given[i].value;
    return cli_options[option].verbs & 1u << args->verb ? environment(option) : NULL;
}

bool cli_has(const struct cli_args *args, enum cli_option option)
{
    const char *value = cli_value(args, option);
    return value && strcmp(value, "0") != 0;
}

uint32_t cli_times(const struct cli_args *args, enum cli_option option)
{
    uint32_t times = 0;
    for (uint32_t i = 0; i < args->given_count; i++) times += args->given[i].option == option;
    return times;
}

bool cli_read_count(const struct cli_args *args, enum cli_option option, uint64_t least, uint64_t most, uint64_t *out)
{
    char why[80];
    uint64_t value;
    const char *text = cli_value(args, option);
    if (!text) return true;
    if (mc_str_to_u64(mc_str_c(text), most, &value) && value >= least) return *out = value, true;
    snprintf(why, sizeof why, "is not a number from %" PRIu64 " to %" PRIu64, least, most);
    return complain_value(args, option, text, why);
}

bool cli_read_duration(const struct cli_args *args, enum cli_option option, mc_ns *out)
{
    char why[SIM_UNITS_WHY];
    const char *text = cli_value(args, option);
    return !text || sim_read_duration(mc_str_c(text), out, why) || complain_value(args, option, text, why);
}

bool cli_read_span(const struct cli_args *args, enum cli_option option, mc_ns *out)
{
    if (!cli_read_duration(args, option, out)) return false;
    const char *text = cli_value(args, option);
    return !text || *out > 0 || complain_value(args, option, text, "is not longer than nothing");
}

bool cli_read_share(const struct cli_args *args, enum cli_option option, uint32_t *ppm)
{
    char why[SIM_UNITS_WHY];
    const char *text = cli_value(args, option);
    return !text || sim_read_share(mc_str_c(text), ppm, why) || complain_value(args, option, text, why);
}

bool cli_read_choice(const struct cli_args *args, enum cli_option option, const char *words, uint32_t *out)
{
    char what[64];
    const char *text = cli_value(args, option);
    struct mc_str rest = mc_str_c(words);
    if (!text) return true;
    for (uint32_t i = 0; rest.n; i++)
        if (mc_str_eq(mc_str_cut(rest, ' ', &rest), mc_str_c(text))) return *out = i, true;
    snprintf(what, sizeof what, "--%s cannot be", cli_options[option].name);
    cli_complain(what, text, words);
    return false;
}
