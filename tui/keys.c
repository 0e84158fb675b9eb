#include "tui/keys.h"
#include "tui/panes.h"
#include "base/assert.h"
#include <string.h>

typedef const struct tui_scene *scene_p;
typedef struct tui_deed deed;

static const deed none = {TUI_DEED_NONE, 0};

static deed note(scene_p scene, const char *text)
{
    snprintf(scene->view->note, sizeof scene->view->note, "%s", text);
    return none;
}

static deed show_tab(scene_p scene, int tab)
{
    struct tui_view *view = scene->view;
    if (view->tab != (enum tui_tab)tab) view->last_tab = view->tab;
    view->tab = (enum tui_tab)tab;
    view->panel = TUI_PANEL_ALL;
    return none;
}

static deed next_tab(scene_p scene, int by)
{
    return show_tab(scene, ((int)scene->view->tab + by + TUI_TABS) % TUI_TABS);
}

static deed previous_tab(scene_p scene, int unused)
{
    (void)unused;
    return show_tab(scene, (int)scene->view->last_tab);
}

static deed help(scene_p scene, int unused)
{
    (void)unused;
    scene->view->help = true;
    scene->view->help_top = 0;
    return none;
}

static deed type(scene_p scene, int mode)
{
    scene->view->mode = (enum tui_mode)mode;
    scene->view->input[0] = 0;
    if (mode == TUI_MODE_FILTER)
        memcpy(scene->view->input, scene->view->filter[scene->view->tab], TUI_FILTER_TEXT);
    return none;
}

static deed back(scene_p scene, int unused)
{
    (void)unused;
    if (scene->view->filter[scene->view->tab][0]) scene->view->filter[scene->view->tab][0] = 0;
    else if (scene->view->panel != TUI_PANEL_ALL) scene->view->panel = TUI_PANEL_ALL;
    else scene->view->cursor = TUI_ALWAYS_NOW;
    return none;
}

static deed leave(scene_p scene, int kind)
{
    if (scene->view->unsaved && !scene->playback->ended && kind == TUI_DEED_LEAVE) {
        scene->view->mode = TUI_MODE_ASK;
        return none;
    }
    return (deed){(enum tui_deed_kind)kind, 0};
}

static deed plainly(scene_p scene, int kind)
{
    (void)scene;
    return (deed){(enum tui_deed_kind)kind, 0};
}

static deed pause_run(scene_p scene, int unused)
{
    (void)unused;
    if (scene->playback->ended) return note(scene, "the run has ended");
    return (deed){TUI_DEED_PAUSE, 0};
}

static deed speed(scene_p scene, int by)
{
    static const uint32_t ladder[] = {1, 10, 100, 1000, TUI_SPEED_MAX};
    int at = 0, last = (int)MC_COUNT_OF(ladder) - 1;
    while (at < last && ladder[at] != scene->playback->speed && ladder[at] < (scene->playback->speed ? scene->playback->speed : UINT32_MAX)) at++;
    at += by;
    at = at < 0 ? 0 : at > last ? last : at;
    return (deed){TUI_DEED_SPEED, ladder[at]};
}

/* ---- time ---- */

static deed go_to(scene_p scene, mc_ns at)
{
    if (at < 0) at = 0;
    if (at < scene->frame->at && !scene->playback->seekable)
        return note(scene, "a live run cannot go back: let it end, then open its results with squall ui");
    if (at > scene->frame->at && scene->playback->ended && !scene->playback->seekable)
        return note(scene, "the run has ended");
    return (deed){TUI_DEED_GO_TO, at};
}

static deed step(scene_p scene, int unused)
{
    (void)unused;
    if (scene->playback->ended) return note(scene, "the run has ended");
    return (deed){TUI_DEED_STEP, 0};
}

static deed by_second(scene_p scene, int by)
{
    return go_to(scene, scene->frame->at + by * MC_S);
}

static deed to_end(scene_p scene, int end)
{
    return go_to(scene, end ? scene->frame->duration : 0);
}

static deed by_event(scene_p scene, int by)
{
    const struct sim_frame *frame = scene->frame;
    mc_ns best = -1;
    for (uint32_t i = 0; i < frame->event_count; i++) {
        mc_ns at = frame->recent[i].at;
        if (by < 0 ? at < frame->at : at > frame->at && best < 0) best = at;
    }
    if (best >= 0) return go_to(scene, best);
    return note(scene, by < 0 ? "no event before this" : "no event after this that is known yet");
}

/* ---- moving ---- */

enum { FIRST = -100000, LAST = 100000, PAGE = 1000 };

static uint32_t moved(uint32_t row, int by, uint32_t count, uint32_t page)
{
    int64_t step = by == PAGE ? (int64_t)page : by == -PAGE ? -(int64_t)page : by, to = (int64_t)row + step;
    if (to < 0) to = 0;
    if (to >= (int64_t)count) to = count ? (int64_t)count - 1 : 0;
    return (uint32_t)to;
}

static deed move_service(scene_p scene, int by)
{
    struct tui_pick pick;
    tui_services_pick(scene, &pick);
    if (pick.count == 0) return none;
    uint32_t row = moved(tui_services_selected(scene, &pick), by, pick.count, scene->view->page);
    memcpy(scene->view->selected, scene->frame->services[pick.index[row]].name, SIM_FRAME_NAME);
    return none;
}

static deed move_event(scene_p scene, int by)
{
    struct tui_events events;
    tui_events_pick(scene, &events);
    if (events.count == 0) return note(scene, "no events to go to");
    tui_events_select(scene, &events, moved(tui_events_selected(scene, &events), by, events.count, 8));
    return none;
}

static deed move_cursor(scene_p scene, int by)
{
    struct tui_view *view = scene->view;
    mc_ns at = view->cursor == TUI_ALWAYS_NOW ? scene->frame->at : view->cursor;
    at += by * tui_timeline_column(scene);
    view->cursor = at < 0 ? 0 : mc_ns_min(at, scene->frame->at);
    view->cursor_nth = 0;
    return none;
}

static deed live(scene_p scene, int unused)
{
    (void)unused;
    scene->view->cursor = TUI_ALWAYS_NOW;
    return none;
}

static deed zoom(scene_p scene, int by)
{
    int64_t to = (int64_t)scene->view->zoom + by;
    scene->view->zoom = to < 0 ? 0 : to > 5 ? 5 : (uint32_t)to;
    return none;
}

static deed faults_only(scene_p scene, int unused)
{
    (void)unused;
    scene->view->faults_only = !scene->view->faults_only;
    return note(scene, scene->view->faults_only ? "faults only (f shows all)" : "all events");
}

static deed to_cursor(scene_p scene, int unused)
{
    (void)unused;
    if (scene->view->cursor == TUI_ALWAYS_NOW) return none;
    return go_to(scene, scene->view->cursor);
}

/* ---- looks ---- */

static deed sort(scene_p scene, int unused)
{
    (void)unused;
    struct tui_view *view = scene->view;
    do view->sort++;
    while (tui_column_name(view->sort) && tui_column_find(tui_column_name(view->sort)) < 0);
    if (!tui_column_name(view->sort)) view->sort = -1;
    snprintf(view->note, sizeof view->note, "sorted by %s", view->sort < 0 ? "the plan's order" : tui_column_name(view->sort));
    return none;
}

static deed reverse(scene_p scene, int unused)
{
    (void)unused;
    scene->view->reverse = !scene->view->reverse;
    return none;
}

static deed panel(scene_p scene, int unused)
{
    (void)unused;
    static const enum tui_panel next[TUI_TABS][TUI_PANELS] = {
        [TUI_OVERVIEW] = {TUI_PANEL_STATE, TUI_PANEL_STATE, TUI_PANEL_EVENTS, TUI_PANEL_ALL},
        [TUI_TIMELINE] = {TUI_PANEL_EVENTS, TUI_PANEL_EVENTS, TUI_PANEL_EVENTS, TUI_PANEL_ALL},
    };
    scene->view->panel = next[scene->view->tab][scene->view->panel];
    return none;
}

static deed command_line(scene_p scene, int unused)
{
    (void)unused;
    char at[TUI_FIGURE];
    snprintf(scene->view->note, sizeof scene->view->note, "squall ui --print %s --at %s --seed %ju %s",
             tui_tab_name(scene->view->tab), tui_clock(scene->frame->at, at), (uintmax_t)scene->frame->seed, scene->frame->file);
    return none;
}

#define ALL TUI_ON_ALL
#define OVER TUI_ON_OVERVIEW
#define TIME TUI_ON_TIMELINE

static const struct tui_key keys[] = {
    {{'?', TUI_KEY_F1}, ALL, "?", "help for this screen", "help", help, 0},
    {{'/', TUI_KEY_F3, TUI_KEY_F4}, ALL, "/", "filter: text, !not, ~letters, health=failing, kind=fault", "filter", type, TUI_MODE_FILTER},
    {{' ', 'p'}, ALL, "Space", "pause, go on (also p)", "pause", pause_run, 0},
    {{'+'}, ALL, "+", "faster: x1 x10 x100 x1000 max", NULL, speed, 1},
    {{'-'}, ALL, "-", "slower", NULL, speed, -1},
    {{'.'}, ALL, ".", "one event on, then pause", "step", step, 0},
    {{'>'}, ALL, ">", "one second on", NULL, by_second, 1},
    {{'<'}, ALL, "<", "one second back (recorded runs)", NULL, by_second, -1},
    {{'{'}, ALL, "{", "to the event before (recorded runs)", NULL, by_event, -1},
    {{'}'}, ALL, "}", "to the next event (recorded runs)", NULL, by_event, 1},
    {{'0'}, ALL, "0", "to the start (recorded runs)", NULL, to_end, 0},
    {{'$'}, ALL, "$", "to the end", NULL, to_end, 1},
    {{'1'}, ALL, "1", "overview", NULL, show_tab, TUI_OVERVIEW},
    {{'4'}, ALL, "4", "timeline", NULL, show_tab, TUI_TIMELINE},
    {{TUI_KEY_TAB, ']'}, ALL, "Tab", "next screen (also ])", "screen", next_tab, 1},
    {{TUI_KEY_BACK_TAB, '['}, ALL, "Shift-Tab", "screen before (also [)", NULL, next_tab, -1},
    {{'\\'}, ALL, "\\", "the screen one came from", NULL, previous_tab, 0},
    {{TUI_KEY_UP, 'k'}, OVER, "Up", "service before (also k)", NULL, move_service, -1},
    {{TUI_KEY_DOWN, 'j'}, OVER, "Down", "next service (also j)", NULL, move_service, 1},
    {{TUI_KEY_PAGE_UP, TUI_CTRL('u')}, OVER, "PgUp", "a page up (also Ctrl-U)", NULL, move_service, -PAGE},
    {{TUI_KEY_PAGE_DOWN, TUI_CTRL('d')}, OVER, "PgDn", "a page down (also Ctrl-D)", NULL, move_service, PAGE},
    {{TUI_KEY_HOME, 'g'}, OVER, "Home", "first service (also g)", NULL, move_service, FIRST},
    {{TUI_KEY_END, 'G'}, OVER, "End", "last service (also G)", NULL, move_service, LAST},
    {{'s', TUI_KEY_F6}, OVER, "s", "sort by the next column", "sort", sort, 0},
    {{'r'}, OVER, "r", "reverse the order", "reverse", reverse, 0},
    {{TUI_KEY_LEFT, 'h'}, TIME, "Left", "cursor back (also h)", NULL, move_cursor, -1},
    {{TUI_KEY_RIGHT, 'l'}, TIME, "Right", "cursor on (also l)", NULL, move_cursor, 1},
    {{TUI_KEY_FAR_LEFT, 'H'}, TIME, "Shift-Left", "cursor back, ten times as far (also H)", NULL, move_cursor, -10},
    {{TUI_KEY_FAR_RIGHT, 'M'}, TIME, "Shift-Right", "cursor on, ten times as far (also M)", NULL, move_cursor, 10},
    {{'n', TUI_KEY_DOWN, 'j'}, TIME, "n", "next event (also Down, j)", "event", move_event, 1},
    {{'N', TUI_KEY_UP, 'k'}, TIME, "N", "event before (also Up, k)", NULL, move_event, -1},
    {{TUI_KEY_PAGE_UP, TUI_CTRL('u')}, TIME, "PgUp", "a page of events up (also Ctrl-U)", NULL, move_event, -PAGE},
    {{TUI_KEY_PAGE_DOWN, TUI_CTRL('d')}, TIME, "PgDn", "a page of events down (also Ctrl-D)", NULL, move_event, PAGE},
    {{TUI_KEY_HOME, 'g'}, TIME, "Home", "first event (also g)", NULL, move_event, FIRST},
    {{TUI_KEY_END, 'G'}, TIME, "End", "last event (also G)", NULL, move_event, LAST},
    {{TUI_KEY_ENTER, 13}, TIME, "Enter", "take the run to the cursor (recorded runs)", NULL, to_cursor, 0},
    {{'f'}, TIME, "f", "faults only, all events", "faults", faults_only, 0},
    {{'='}, TIME, "=", "closer", "zoom", zoom, 1},
    {{'_'}, TIME, "_", "wider", NULL, zoom, -1},
    {{'L'}, TIME, "L", "cursor follows the run", "live", live, 0},
    {{'e'}, ALL, "e", "one panel on the whole screen, the next, all", "panel", panel, 0},
    {{':'}, ALL, ":", "command: at 2m01s, speed 10, sort p99, set ascii, quit", "cmd", type, TUI_MODE_COMMAND},
    {{'y'}, ALL, "y", "the command line that prints this screen", NULL, command_line, 0},
    {{TUI_KEY_ESCAPE}, ALL, "Esc", "clear the filter, all panels, cursor to now", NULL, back, 0},
    {{TUI_CTRL('l'), TUI_CTRL('r')}, ALL, "Ctrl-L", "draw everything anew", NULL, plainly, TUI_DEED_REPAINT},
    {{TUI_CTRL('z')}, ALL, "Ctrl-Z", "suspend", NULL, plainly, TUI_DEED_SUSPEND},
    {{'q', TUI_KEY_F10}, ALL, "q", "leave (also F10, Ctrl-C)", "quit", leave, TUI_DEED_LEAVE},
    {{'Q'}, ALL, "Q", "leave, and keep the picture on the terminal", NULL, leave, TUI_DEED_LEAVE_SHOWN},
    {{TUI_CTRL('c')}, ALL, "Ctrl-C", "leave at once", NULL, plainly, TUI_DEED_LEAVE},
};

const struct tui_key *tui_key_row(uint32_t row)
{
    return row < MC_COUNT_OF(keys) ? &keys[row] : NULL;
}

const struct tui_key *tui_key_find(uint32_t code, enum tui_tab tab)
{
    for (size_t i = 0; i < MC_COUNT_OF(keys); i++)
        for (size_t c = 0; c < TUI_KEY_CODES && keys[i].codes[c]; c++)
            if (keys[i].codes[c] == code && keys[i].tabs & 1u << tab) return &keys[i];
    return NULL;
}
