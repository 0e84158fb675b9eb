/* Screen 4: lanes over the duration of the run, a cursor, and the events around it. */
#include "tui/panes.h"
#include "base/assert.h"
#include <string.h>

struct plot {
    struct tui_box box; /* of the cells alone */
    mc_ns from, to;     /* what is shown */
};

static mc_ns duration_of(const struct sim_frame *frame)
{
    mc_ns duration = frame->duration == MC_NEVER || frame->duration <= 0 ? frame->at : frame->duration;
    return duration < 1 ? 1 : duration;
}

static mc_ns cursor_of(const struct tui_scene *scene)
{
    return scene->view->cursor == TUI_ALWAYS_NOW ? scene->frame->at : scene->view->cursor;
}

static void window(const struct tui_scene *scene, struct plot *plot)
{
    mc_ns whole = duration_of(scene->frame), span = whole >> scene->view->zoom;
    if (span < 1) span = 1;
    plot->from = cursor_of(scene) - span / 2;
    if (plot->from > whole - span) plot->from = whole - span;
    if (plot->from < 0) plot->from = 0;
    plot->to = plot->from + span;
}

mc_ns tui_timeline_column(const struct tui_scene *scene)
{
    mc_ns column = (duration_of(scene->frame) >> scene->view->zoom) / 100;
    return column < 1 ? 1 : column;
}

static int column_of(const struct plot *plot, mc_ns at)
{
    if (at < plot->from || at > plot->to) return -1;
    int column = (int)((__int128)(at - plot->from) * plot->box.width / (plot->to - plot->from));
    return column >= plot->box.width ? plot->box.width - 1 : column;
}

/* What a column of the plot says: the most of the cells that it covers. UINT8_MAX: nothing. */
static uint8_t cell_of(const struct sim_frame *frame, const struct plot *plot, const struct sim_frame_lane *lane, int column)
{
    mc_ns whole = duration_of(frame), span = plot->to - plot->from;
    __int128 left = (__int128)span * column / plot->box.width + plot->from;
    __int128 right = (__int128)span * (column + 1) / plot->box.width + plot->from;
    int first = (int)(left * SIM_FRAME_COLUMNS / whole), last = (int)((right * SIM_FRAME_COLUMNS - 1) / whole);
    int most = -1;
    for (int i = first; i <= last && i < SIM_FRAME_COLUMNS; i++)
        if (lane->cells[i] != UINT8_MAX && lane->cells[i] > most) most = lane->cells[i];
    return most < 0 ? UINT8_MAX : (uint8_t)most;
}

struct mark {
    enum tui_glyph glyph;
    enum tui_style style;
};

static struct mark fault_mark(uint8_t cell)
{
    return cell ? (struct mark){TUI_G_FAULT_ON, TUI_WARN} : (struct mark){TUI_G_DOT, TUI_BORDER};
}

static struct mark weight_mark(uint8_t cell)
{
    return cell ? (struct mark){tui_glyph_level(1u + cell * 7u / 100u), TUI_ACCENT}
                : (struct mark){TUI_G_DOT, TUI_BORDER};
}

/* Full is 100 %; what is missing shows as a hole, coloured by its depth (8: 95 % or less). */
static struct mark success_mark(uint8_t cell)
{
    unsigned missing = cell > 8 ? 8 : cell;
    if (missing == 0) return (struct mark){TUI_G_LEVEL_8, TUI_GOOD};
    if (missing == 8) return (struct mark){TUI_G_FAILING, TUI_BAD};
    return (struct mark){tui_glyph_level(8 - missing), missing > 4 ? TUI_BAD : TUI_WARN};
}

static struct mark level_mark(uint8_t cell)
{
    return (struct mark){tui_glyph_level(cell), TUI_ACCENT};
}

static struct mark event_mark(uint8_t cell)
{
    return cell ? (struct mark){TUI_G_MARK, TUI_PLAIN} : (struct mark){TUI_G_LEVEL_0, TUI_PLAIN};
}

static struct mark (*const marks[])(uint8_t) = {
    [SIM_LANE_FAULT] = fault_mark, [SIM_LANE_WEIGHT] = weight_mark, [SIM_LANE_SUCCESS] = success_mark,
    [SIM_LANE_LEVEL] = level_mark, [SIM_LANE_MARKS] = event_mark,
};

enum { NAME_WIDTH = 16, TOP_WIDTH = 8 };

static void draw_lane(const struct tui_scene *scene, struct tui_canvas *canvas, const struct plot *plot, int y,
                      const struct sim_frame_lane *lane)
{
    mc_assert((unsigned)lane->kind < MC_COUNT_OF(marks));
    int left = plot->box.x - 1;
    tui_draw(canvas, 2, y, left - 2 < NAME_WIDTH ? left - 2 : NAME_WIDTH, TUI_PLAIN, lane->name);
    for (int i = 0; i < plot->box.width; i++) {
        uint8_t cell = cell_of(scene->frame, plot, lane, i);
        if (cell == UINT8_MAX) continue;
        struct mark mark = marks[lane->kind](cell);
        tui_draw_glyph(canvas, plot->box.x + i, y, mark.style, mark.glyph);
    }
    if (plot->box.x + plot->box.width + TOP_WIDTH < canvas->width)
        tui_draw_right(canvas, plot->box.x + plot->box.width, y, TOP_WIDTH, TUI_DIM, lane->top);
}

/* The least round step that leaves ten columns between two labels. */
static mc_ns step_of(const struct plot *plot)
{
    static const int64_t seconds[] = {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400};
    mc_ns span = plot->to - plot->from;
    for (size_t i = 0; i < MC_COUNT_OF(seconds); i++) {
        mc_ns step = seconds[i] * MC_S;
        if ((__int128)step * plot->box.width >= (__int128)span * 10) return step;
    }
    return span;
}

static void short_clock(mc_ns at, char *out)
{
    int64_t s = at / MC_S;
    if (s % 60 == 0 && s < 3600) snprintf(out, TUI_FIGURE, "%jdm", (intmax_t)(s / 60));
    else if (s % 60 == 0) snprintf(out, TUI_FIGURE, "%jdh%02jdm", (intmax_t)(s / 3600), (intmax_t)(s / 60 % 60));
    else tui_clock(at, out);
}

static void draw_axis(struct tui_canvas *canvas, const struct plot *plot, int y)
{
    mc_ns step = step_of(plot);
    int right = plot->box.x + plot->box.width + TOP_WIDTH;
    for (mc_ns at = (plot->from + step - 1) / step * step; at <= plot->to; at += step) {
        char text[TUI_FIGURE];
        short_clock(at, text);
        int x = plot->box.x + column_of(plot, at);
        if (x + (int)strlen(text) <= right) tui_draw(canvas, x, y, (int)strlen(text), TUI_DIM, text);
    }
}

static void draw_cursor(const struct tui_scene *scene, struct tui_canvas *canvas, const struct plot *plot, int y)
{
    int column = column_of(plot, cursor_of(scene));
    char text[TUI_FIGURE + 8], at[TUI_FIGURE];
    if (column < 0) return;
    bool now = scene->view->cursor == TUI_ALWAYS_NOW;
    snprintf(text, sizeof text, " %s", now ? "now" : tui_stamp(cursor_of(scene), at));
    int x = plot->box.x + column, width = (int)strlen(text);
    tui_draw_glyph(canvas, x, y, TUI_ACCENT, TUI_G_CURSOR);
    if (x + 1 + width < canvas->width - 1) tui_draw(canvas, x + 1, y, width, TUI_ACCENT, text);
    else tui_draw_right(canvas, x - width, y, width - 1, TUI_ACCENT, text + 1);
}

/* Axis and cursor have a line each; on a large screen the events have a rule and at least three. */
static int lanes_shown(const struct sim_frame *frame, int height, bool small)
{
    mc_assert(frame->lane_count <= SIM_FRAME_LANES);
    int most = height - (small ? 2 : 6);
    if (most < 1) most = 1;
    return (int)frame->lane_count < most ? (int)frame->lane_count : most;
}

void tui_timeline_draw(const struct tui_scene *scene, struct tui_canvas *canvas)
{
    struct tui_box box = tui_chrome_draw(scene, canvas);
    int left = canvas->width < 60 ? 12 : NAME_WIDTH + 3, y = box.y;
    struct plot plot = {.box = {left, y + 1, canvas->width - left - TOP_WIDTH - 2, 0}};
    if (scene->view->panel == TUI_PANEL_EVENTS) {
        tui_events_draw_table(scene, canvas, box);
        return;
    }
    window(scene, &plot);
    int lanes = lanes_shown(scene->frame, box.height, tui_is_small(canvas));
    draw_axis(canvas, &plot, y++);
    for (int i = 0; i < lanes; i++) draw_lane(scene, canvas, &plot, y++, &scene->frame->lanes[i]);
    if (lanes == 0) tui_draw(canvas, 3, y++, box.width - 4, TUI_DIM, "no lanes yet");
    draw_cursor(scene, canvas, &plot, y++);
    if (y + 3 > box.y + box.height) return;
    tui_rule_draw(canvas, y++);
    tui_events_draw_table(scene, canvas, (struct tui_box){box.x, y, box.width, box.y + box.height - y});
}
