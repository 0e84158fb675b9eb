#include "tui/view.h"
#include "tui/keys.h"
#include "tui/panes.h"
#include "tui/width.h"
#include <string.h>

void tui_view_init(struct tui_view *view)
{
    *view = (struct tui_view){.sort = -1, .cursor = TUI_ALWAYS_NOW};
}

static bool help_key(struct tui_view *view, uint32_t key)
{
    static const struct {
        uint32_t key;
        int by;
    } moves[] = {{TUI_KEY_UP, -1}, {'k', -1}, {TUI_KEY_DOWN, 1}, {'j', 1}, {TUI_KEY_PAGE_UP, -10}, {TUI_KEY_PAGE_DOWN, 10}};
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        if (moves[i].key != key) continue;
        int64_t top = (int64_t)view->help_top + moves[i].by;
        view->help_top = top < 0 ? 0 : (uint32_t)top; /* drawing knows the other bound */
        return true;
    }
    view->help = false;
    return key != TUI_CTRL('c');
}

static void drop_character(char *text)
{
    size_t n = strlen(text);
    while (n && ((unsigned char)text[n - 1] & 0xc0) == 0x80) n--;
    if (n) text[n - 1] = 0;
}

static void add_character(char *text, uint32_t key)
{
    char bytes[5] = {0};
    size_t n = strlen(text);
    if (key < 0x80) bytes[0] = (char)key;
    else if (key < 0x800) bytes[0] = (char)(0xc0 | key >> 6), bytes[1] = (char)(0x80 | (key & 0x3f));
    else if (key < 0x10000)
        bytes[0] = (char)(0xe0 | key >> 12), bytes[1] = (char)(0x80 | (key >> 6 & 0x3f)), bytes[2] = (char)(0x80 | (key & 0x3f));
    else return;
    if (n + strlen(bytes) < TUI_FILTER_TEXT) memcpy(text + n, bytes, strlen(bytes) + 1);
}

/* The filter works while it is typed. */
static struct tui_deed typed(const struct tui_scene *scene, uint32_t key)
{
    struct tui_view *view = scene->view;
    bool filter = view->mode == TUI_MODE_FILTER;
    struct tui_deed deed = {TUI_DEED_NONE, 0};
    if (key == TUI_CTRL('c')) return (struct tui_deed){TUI_DEED_LEAVE, 0};
    if (key == TUI_KEY_ESCAPE) view->input[0] = 0;
    else if (key == TUI_KEY_BACKSPACE || key == 127 || key == 8) drop_character(view->input);
    else if (key == TUI_CTRL('u')) view->input[0] = 0;
    else if (tui_width_of(key) > 0 && key < TUI_KEY_UP) add_character(view->input, key);
    if (filter) memcpy(view->filter[view->tab], view->input, TUI_FILTER_TEXT);
    if (key == TUI_KEY_ENTER || key == 13 || key == TUI_KEY_ESCAPE) {
        view->mode = TUI_MODE_KEYS;
        if (!filter && key != TUI_KEY_ESCAPE) deed = tui_command(scene, view->input);
    }
    return deed;
}

struct tui_deed tui_view_key(const struct tui_scene *scene, uint32_t key)
{
    struct tui_view *view = scene->view;
    const struct tui_key *row = tui_key_find(key, view->tab);
    view->note[0] = 0;
    if (view->mode == TUI_MODE_ASK) {
        view->mode = TUI_MODE_KEYS;
        bool yes = key == 'y' || key == 'q' || key == TUI_CTRL('c');
        return (struct tui_deed){yes ? TUI_DEED_LEAVE : TUI_DEED_NONE, 0};
    }
    if (view->mode != TUI_MODE_KEYS) return typed(scene, key);
    if (view->help && help_key(view, key)) return (struct tui_deed){TUI_DEED_NONE, 0};
    if (row) return row->act(scene, row->argument);
    return (struct tui_deed){TUI_DEED_NONE, 0};
}

static void draw_too_small(struct tui_canvas *canvas)
{
    char text[80];
    snprintf(text, sizeof text, "%dx%d is too small: squall needs %dx%d", canvas->width, canvas->height,
             TUI_LEAST_WIDTH, TUI_LEAST_HEIGHT);
    if (canvas->width < (int)strlen(text)) snprintf(text, sizeof text, "needs %dx%d", TUI_LEAST_WIDTH, TUI_LEAST_HEIGHT);
    int indent = (canvas->width - (int)strlen(text)) / 2;
    tui_draw(canvas, indent < 0 ? 0 : indent, canvas->height / 2, canvas->width, TUI_WARN, text);
}

bool tui_view_too_small(uint32_t width, uint32_t height)
{
    return width < TUI_LEAST_WIDTH || height < TUI_LEAST_HEIGHT;
}

void tui_view_draw(const struct tui_scene *scene, struct tui_canvas *canvas)
{
    static void (*const screens[TUI_TABS])(const struct tui_scene *, struct tui_canvas *) = {
        [TUI_OVERVIEW] = tui_overview_draw,
        [TUI_TIMELINE] = tui_timeline_draw,
    };
    tui_canvas_clear(canvas);
    if (tui_view_too_small((uint32_t)canvas->width, (uint32_t)canvas->height)) draw_too_small(canvas);
    else if (scene->view->help) tui_help_draw(scene, canvas);
    else screens[scene->view->tab](scene, canvas);
}
