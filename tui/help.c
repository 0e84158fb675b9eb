/* The keys of the screen that is up, from the table that drives them. */
#include "tui/keys.h"
#include "tui/panes.h"
#include <string.h>

static uint32_t rows_of(enum tui_tab tab)
{
    uint32_t rows = 0;
    const struct tui_key *key;
    for (uint32_t i = 0; (key = tui_key_row(i)); i++) rows += (key->tabs & 1u << tab) != 0;
    return rows;
}

/* Two columns where there is room, read downwards. */
void tui_help_draw(const struct tui_scene *scene, struct tui_canvas *canvas)
{
    struct tui_box box = tui_chrome_draw(scene, canvas);
    int columns = box.width >= 100 ? 2 : 1, width = (box.width - 2) / columns, row = 0;
    uint32_t total = rows_of(scene->view->tab), lines = box.height > 1 ? (uint32_t)box.height - 1 : 1;
    uint32_t fit = lines * (uint32_t)columns, last = total > fit ? total - fit : 0;
    if (scene->view->help_top > last) scene->view->help_top = last;
    char title[96];
    snprintf(title, sizeof title, "KEYS of %s%s", tui_tab_name(scene->view->tab), last ? "   Up, Down scroll; any other key closes" : "   any key closes");
    tui_draw(canvas, box.x + 1, box.y, box.width - 2, TUI_HEADING, title);
    const struct tui_key *key;
    for (uint32_t i = 0; (key = tui_key_row(i)); i++) {
        if (!(key->tabs & 1u << scene->view->tab)) continue;
        int at = row++ - (int)scene->view->help_top;
        if (at < 0 || at >= (int)fit) continue;
        int x = box.x + 1 + at / (int)lines * width, y = box.y + 1 + at % (int)lines;
        tui_draw_right(canvas, x, y, 11, TUI_KEY, key->shown);
        tui_draw(canvas, x + 13, y, width - 14, TUI_PLAIN, key->doc);
    }
}
