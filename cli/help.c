/* Help, the list of exit codes, and squall(1): all from the tables. */
#include "cli/exit.h"
#include "cli/options.h"
#include <stdio.h>
#include <string.h>

static const struct {
    int code;
    const char *text;
} exits[] = {
#define X(name, code, text) {code, text},
    CLI_EXITS(X)
#undef X
};

static void print_exits(void)
{
    puts("Exit codes:");
    for (size_t i = 0; i < sizeof exits / sizeof *exits; i++) printf("  %3d  %s\n", exits[i].code, exits[i].text);
}

static const char *shown_value(const struct cli_option_type *option)
{
    return !option->value ? "" : *option->value == '=' ? option->value + 1 : option->value;
}

static void print_option(const struct cli_option_type *option)
{
    char left[64], letter[8] = "    ";
    const char *joint = !option->value ? "" : *option->value == '=' ? "[=" : " ";
    if (option->letter) snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(left, sizeof left, "%s--%s%s%s%s", letter, option->name, joint, shown_value(option), *joint == '[' ? "]" : "");
    printf("  %-28s %s\n", left, option->doc);
}

static void print_overview(void)
{
    puts("squall: a deterministic simulator and fault-injection test bed for service meshes\n\nUsage: squall VERB [OPTION]... [WORD]...\n\nVerbs:");
    for (int i = 0; i < CLI_VERB_COUNT; i++) printf("  %-9s %s\n", cli_verbs[i].name, cli_verbs[i].doc);
    puts("\nAll verbs take:");
    for (int i = 0; i < CLI_OPTION_COUNT; i++)
        if (cli_options[i].verbs == CLI_ALL) print_option(&cli_options[i]);
    puts("\nsquall help VERB tells more. Every option may also be given as the environment variable SQUALL_<OPTION>.\n");
    print_exits();
}

void cli_print_help(enum cli_verb verb)
{
    if (verb == CLI_HELP) {
        print_overview();
        return;
    }
    printf("Usage: squall %s [OPTION]... %s\n\n%s\n\nOptions:\n", cli_verbs[verb].name, cli_verbs[verb].words, cli_verbs[verb].doc);
    for (int i = 0; i < CLI_OPTION_COUNT; i++)
        if (cli_options[i].verbs & 1u << verb && cli_options[i].verbs != CLI_ALL) print_option(&cli_options[i]);
    for (int i = 0; i < CLI_OPTION_COUNT; i++)
        if (cli_options[i].verbs == CLI_ALL) print_option(&cli_options[i]);
    if (verb != CLI_RUN && verb != CLI_REPLAY) return;
    putchar('\n');
    print_exits();
}

/* ---- squall(1) ---- */

static void put_roff(const char *text)
{
    if (*text == '.' || *text == '\'') fputs("\\&", stdout);
    for (; *text; text++) {
        if (*text == '\\') fputs("\\e", stdout);
        else if (*text == '-') fputs("\\-", stdout);
        else putchar(*text);
    }
}

static void put_man_option(const struct cli_option_type *option)
{
    fputs(".TP\n\\fB", stdout);
    if (option->letter) printf("\\-%c\\fR, \\fB", option->letter);
    fputs("\\-\\-", stdout);
    put_roff(option->name);
    fputs("\\fR", stdout);
    if (option->value) {
        fputs(*option->value == '=' ? "[=\\fI" : " \\fI", stdout);
        put_roff(shown_value(option));
        fputs(*option->value == '=' ? "\\fR]" : "\\fR", stdout);
    }
    putchar('\n');
    put_roff(option->doc);
    putchar('\n');
}

static void put_man_verb(int verb)
{
    printf(".SS squall %s ", cli_verbs[verb].name);
    put_roff(cli_verbs[verb].words);
    putchar('\n');
    put_roff(cli_verbs[verb].doc);
    puts(".");
    for (int i = 0; i < CLI_OPTION_COUNT; i++)
        if (cli_options[i].verbs & 1u << verb && cli_options[i].verbs != CLI_ALL) put_man_option(&cli_options[i]);
}

static void print_man(void)
{
    puts(".TH SQUALL 1 \"\" \"squall " SQUALL_VERSION "\" \"User Commands\"\n.SH NAME\nsquall \\- deterministic simulator and "
         "fault\\-injection test bed for service meshes\n.SH SYNOPSIS\n.B squall\n\\fIVERB\\fR [\\fIOPTION\\fR]... [\\fIWORD\\fR]...\n.SH VERBS");
    for (int i = 0; i < CLI_VERB_COUNT; i++) put_man_verb(i);
    puts(".SH OPTIONS OF ALL VERBS");
    for (int i = 0; i < CLI_OPTION_COUNT; i++)
        if (cli_options[i].verbs == CLI_ALL) put_man_option(&cli_options[i]);
    puts(".SH EXIT STATUS");
    for (size_t i = 0; i < sizeof exits / sizeof *exits; i++) {
        printf(".TP\n%d\n", exits[i].code);
        put_roff(exits[i].text);
        putchar('\n');
    }
    puts(".SH ENVIRONMENT\nEvery option may be given as \\fBSQUALL_\\fIOPTION\\fR; what stands on the command line wins.\n"
         "\\fBNO_COLOR\\fR, if it is not empty, turns colour off.");
}

int cli_help(const struct cli_args *args)
{
    if (!args->word_count) return print_overview(), CLI_EXIT_OK;
    const char *topic = args->words[0];
    if (!strcmp(topic, "exit-codes")) return print_exits(), CLI_EXIT_OK;
    if (!strcmp(topic, "man")) return print_man(), CLI_EXIT_OK;
    for (int i = 0; i < CLI_VERB_COUNT; i++) {
        if (strcmp(topic, cli_verbs[i].name) != 0) continue;
        cli_print_help((enum cli_verb)i);
        return CLI_EXIT_OK;
    }
    cli_complain("no help on", topic, "run check ledger list report explain replay ui proxy version help exit-codes man");
    return CLI_EXIT_USAGE;
}
