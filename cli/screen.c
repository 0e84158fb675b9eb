#include "cli/screen.h"
#include "cli/again.h"
#include "base/assert.h"
#include "tui/tui.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Determinism is what makes going back possible: the run is made again, up to that instant. */
struct live {
    struct tui_source source;
    const struct cli_chosen *chosen;
    struct sim_run_options world;
    struct sim_script_run *run;
    struct sim_outcome outcome; /* once it is judged */
    bool judged;
    struct sim_error error;
    char text[CLI_JOB_WHY];
};

static void explain(struct live *live)
{
    const struct sim_error *error = live->run ? sim_script_run_error(live->run) : NULL;
    if (!error && *live->error.text) error = &live->error;
    if (!error) return;
    if (error->source.line) snprintf(live->text, sizeof live->text, "%.*s:%d: %s", MC_STR_ARG(error->source.file), error->source.line, error->text);
    else snprintf(live->text, sizeof live->text, "%s", error->text);
}

static bool open_live(struct live *live)
{
    live->error.text[0] = '\0';
    live->judged = false;
    live->run = sim_script_run_new(live->chosen->script, live->chosen->one->number, &live->error);
    if (live->run && sim_script_run_start(live->run, &live->world, &live->error)) return true;
    explain(live);
    sim_script_run_free(live->run);
    live->run = NULL;
    return false;
}

static struct sim_run *world_of(struct live *live)
{
    return sim_script_run_world(live->run);
}

static void judge(struct live *live)
{
    if (live->judged) return;
    live->outcome = sim_script_run_finish(live->run);
    live->judged = true;
}

/* The last picture shows how it went. */
static enum tui_progress on_advance(struct tui_source *source, mc_ns until, uint64_t max_events)
{
    struct live *live = mc_container(source, struct live, source);
    if (!live->judged && sim_script_run_advance(live->run, until, max_events) == SIM_RUN_GOING) return TUI_GOING;
    judge(live);
    return TUI_ENDED;
}

static mc_ns on_now(struct tui_source *source)
{
    return sim_run_now(world_of(mc_container(source, struct live, source)));
}

static void on_frame(struct tui_source *source, struct sim_frame *frame)
{
    sim_run_frame(world_of(mc_container(source, struct live, source)), frame);
}

static bool on_seek(struct tui_source *source, mc_ns at)
{
    struct live *live = mc_container(source, struct live, source);
    if (at < on_now(source)) {
        struct sim_script_run *old = live->run;
        if (!open_live(live)) {
            live->run = old;
            return false;
        }
        sim_script_run_free(old);
    }
    while (on_now(source) < at && sim_script_run_advance(live->run, at, 0) == SIM_RUN_GOING) continue;
    return true;
}

static const char *on_message(struct tui_source *source)
{
    struct live *live = mc_container(source, struct live, source);
    explain(live);
    return *live->text ? live->text : NULL;
}

/* What is recorded cannot go back. */
static const struct tui_source_type recorded_type = {.advance = on_advance, .now = on_now, .frame = on_frame, .message = on_message};
static const struct tui_source_type free_type = {.advance = on_advance, .now = on_now, .frame = on_frame, .seek = on_seek, .message = on_message};

/* ---- options ---- */

static bool read_tab(const struct cli_args *args, enum cli_option option, enum tui_tab *tab)
{
    const char *name = cli_value(args, option);
    if (!name || tui_tab_find(name, tab)) return true;
    cli_complain("no such screen", name, "overview timeline");
    return false;
}

static bool read_tui_options(const struct cli_args *args, struct tui_options *options)
{
    static const uint32_t speeds[] = {1, 10, 100, 1000, TUI_SPEED_MAX};
    uint32_t speed = 1, colour = TUI_COLOUR_AUTO;
    uint64_t fps = 0;
    *options = (struct tui_options){.glyphs = cli_has(args, CLI_OPT_ASCII) ? TUI_GLYPHS_ASCII : TUI_GLYPHS_AUTO};
    bool good = cli_read_choice(args, CLI_OPT_SPEED, "1 10 100 1000 max", &speed) && cli_read_choice(args, CLI_OPT_COLOUR, "auto always never", &colour) &&
                cli_read_count(args, CLI_OPT_FPS, 1, 60, &fps) && cli_read_duration(args, CLI_OPT_GOTO, &options->go_to) &&
                read_tab(args, CLI_OPT_TAB, &options->tab);
    options->speed = speeds[speed];
    options->colour = (enum tui_colour)colour;
    options->fps = (uint32_t)fps;
    return good;
}

/* ---- run --tui ---- */

static void finish(struct live *live, struct cli_job_note *note)
{
    if (sim_run_state(world_of(live)) == SIM_RUN_GOING) sim_run_stop(world_of(live), SIM_STOP_CALLER);
    judge(live);
    note->outcome = live->outcome;
    if (sim_script_run_error(live->run)) note->exit = CLI_EXIT_DATA;
    explain(live);
    snprintf(note->why, sizeof note->why, "%s", live->text);
}

struct cli_job_note cli_screen_run(const struct cli_args *args, const struct cli_chosen *chosen, const struct cli_job_options *options, struct sim_sink *sink)
{
    struct tui_options tui;
    struct live live = {.source = {.type = &recorded_type}, .chosen = chosen, .world = {.seed = chosen->one->seed, .fill = options->fill, .sink = sink}};
    struct cli_job_note note = {.ended = true, .exit = CLI_EXIT_DATA};
    if (!read_tui_options(args, &tui)) {
        note.exit = CLI_EXIT_USAGE;
        return note;
    }
    if (!open_live(&live)) {
        snprintf(note.why, sizeof note.why, "%s", live.text);
        return note;
    }
    struct tui_outcome outcome = tui_run(&live.source, &tui);
    if (*outcome.text) fprintf(stderr, "squall: %s\n", outcome.text);
    if (outcome.end == TUI_NO_TERMINAL)
        while (sim_script_run_advance(live.run, MC_NEVER, 0) == SIM_RUN_GOING) continue;
    note.exit = CLI_EXIT_OK;
    finish(&live, &note);
    sim_script_run_free(live.run);
    return note;
}

/* ---- ui ---- */

static int print_picture(const struct cli_args *args, struct live *live)
{
    struct tui_print_options options = {.glyphs = cli_has(args, CLI_OPT_ASCII) ? TUI_GLYPHS_ASCII : TUI_GLYPHS_AUTO};
    const char *size = cli_value(args, CLI_OPT_SIZE);
    mc_ns at = MC_NEVER;
    if (size && !tui_size_parse(size, &options.width, &options.height)) {
        fprintf(stderr, "squall ui: --size %s: write COLUMNSxROWS, 106x30\n", size);
        return CLI_EXIT_USAGE;
    }
    if (!read_tab(args, CLI_OPT_PRINT, &options.tab) || !cli_read_duration(args, CLI_OPT_AT, &at)) return CLI_EXIT_USAGE;
    struct sim_frame *frame = calloc(1, sizeof *frame);
    if (!frame) return CLI_EXIT_SOFTWARE;
    mc_ns end = mc_ns_min(at, sim_script_run_plan(live->run)->duration);
    while (on_now(&live->source) < end && sim_script_run_advance(live->run, end, 0) == SIM_RUN_GOING) continue;
    if (at >= sim_script_run_plan(live->run)->duration) judge(live);
    sim_run_frame(world_of(live), frame);
    bool good = tui_print(frame, &options, stdout) && !fflush(stdout);
    free(frame);
    const char *message = on_message(&live->source);
    if (message) fprintf(stderr, "%s\n", message);
    return message ? CLI_EXIT_DATA : good ? CLI_EXIT_OK : CLI_EXIT_IO;
}

static int show(const struct cli_args *args, struct live *live, bool unsaved)
{
    struct tui_options options;
    if (!read_tui_options(args, &options)) return CLI_EXIT_USAGE;
    options.unsaved = unsaved;
    struct tui_outcome outcome = tui_run(&live->source, &options);
    if (*outcome.text) fprintf(stderr, "squall: %s\n", outcome.text);
    const char *message = outcome.end == TUI_LEFT ? on_message(&live->source) : NULL;
    if (message) fprintf(stderr, "%s\n", message);
    if (outcome.end == TUI_SIGNALLED) return 128 + outcome.signal;
    return outcome.end == TUI_LEFT ? (message ? CLI_EXIT_DATA : CLI_EXIT_OK) : outcome.end == TUI_NO_MEMORY ? CLI_EXIT_SOFTWARE : CLI_EXIT_USAGE;
}

static int view(const struct cli_args *args, const struct cli_chosen *chosen, bool unsaved)
{
    struct live live = {.source = {.type = &free_type}, .chosen = chosen, .world = {.seed = chosen->one->seed}};
    if (!open_live(&live)) {
        fprintf(stderr, "%s\n", live.text);
        return CLI_EXIT_DATA;
    }
    int code = cli_value(args, CLI_OPT_PRINT) ? print_picture(args, &live) : show(args, &live, unsaved);
    sim_script_run_free(live.run);
    return code;
}

static int view_file(const struct cli_args *args)
{
    struct cli_selection selection;
    bool good = cli_select_options(&selection, args) && cli_select_scripts(&selection, args->words, args->word_count);
    int code = (int)selection.exit;
    if (good && !selection.chosen_count) {
        fprintf(stderr, "squall: no scenario matches\n");
        code = CLI_EXIT_INCONCLUSIVE;
    }
    if (good && selection.chosen_count) code = view(args, &selection.chosen[0], true);
    cli_selection_fini(&selection);
    return code;
}

int cli_ui(const struct cli_args *args)
{
    struct cli_again again;
    const char *word = args->word_count ? args->words[0] : NULL;
    if (!cli_results_meant(word)) return view_file(args);
    bool good = cli_again_load(&again, args, word, CLI_AGAIN_LAST);
    if (good && again.script_changed) fprintf(stderr, "squall: warning: %s has changed since it was recorded\n", sim_script_name(again.chosen.script));
    int code = good ? view(args, &again.chosen, false) : (int)again.selection.exit;
    cli_again_fini(&again);
    return code;
}
