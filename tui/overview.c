/* Screen 1: services above, what is going on, the latest events. Below 80x24 one of the three at a time. */
#include "tui/panes.h"

enum { EVENTS_LEAST = 3, SERVICES_LEAST = 3 };

static int clamp(int value, int low, int high)
{
    if (value > high) value = high;
    return value < low ? low : value;
}

/* The services take what they need; what is left, or a quarter if they need more, is for the events. */
static void draw_all(const struct tui_scene *scene, struct tui_canvas *canvas, struct tui_box box)
{
    struct tui_pick pick;
    tui_services_pick(scene, &pick);
    int state = tui_state_height(scene->frame), lines = box.height - 2, services, events;
    state = clamp(state, 1, lines - 1 - SERVICES_LEAST - EVENTS_LEAST);
    lines -= state;
    services = clamp((int)pick.count + 1, SERVICES_LEAST + 1, lines - clamp(lines / 4, EVENTS_LEAST, 12));
    events = lines - services;
    tui_services_draw(scene, canvas, (struct tui_box){box.x, box.y, box.width, services});
    tui_rule_draw(canvas, box.y + services);
    tui_state_draw(scene, canvas, (struct tui_box){box.x, box.y + services + 1, box.width, state});
    tui_rule_draw(canvas, box.y + services + 1 + state);
    tui_events_draw_tail(scene, canvas, (struct tui_box){box.x, box.y + services + 2 + state, box.width, events});
}

void tui_overview_draw(const struct tui_scene *scene, struct tui_canvas *canvas)
{
    static void (*const panels[TUI_PANELS])(const struct tui_scene *, struct tui_canvas *, struct tui_box) = {
        [TUI_PANEL_ALL] = draw_all,
        [TUI_PANEL_SERVICES] = tui_services_draw,
        [TUI_PANEL_STATE] = tui_state_draw,
        [TUI_PANEL_EVENTS] = tui_events_draw_tail,
    };
    struct tui_box box = tui_chrome_draw(scene, canvas);
    enum tui_panel panel = scene->view->panel;
    if (panel == TUI_PANEL_ALL && tui_is_small(canvas)) panel = TUI_PANEL_SERVICES;
    panels[panel](scene, canvas, box);
}
