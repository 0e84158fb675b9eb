/* What happened: the latest lines, or a table that one walks through. */
#include "tui/panes.h"
#include "base/assert.h"
#include "sim/check/sink.h"
#include <stdlib.h>
#include <string.h>

static bool passes(const struct tui_view *view, const struct sim_frame_event *event)
{
    const struct tui_field fields[] = {{"text", event->text}, {"kind", event->kind}, {"message", event->text}};
    const char *filter = view->filter[TUI_TIMELINE];
    if (view->faults_only && strcmp(event->kind, "FAULT") != 0) return false;
    if (!filter[0] || tui_filter_match(filter, fields, MC_COUNT_OF(fields))) return true;
    return filter[0] != '!' && tui_filter_match(filter, fields + 1, MC_COUNT_OF(fields) - 1);
}

void tui_events_pick(const struct tui_scene *scene, struct tui_events *events)
{
    events->count = 0;
    mc_assert(scene->frame->event_count <= SIM_FRAME_EVENTS);
    for (uint32_t i = 0; i < scene->frame->event_count; i++)
        if (passes(scene->view, &scene->frame->recent[i])) events->index[events->count++] = i;
}

static mc_ns at_of(const struct tui_scene *scene, const struct tui_events *events, uint32_t row)
{
    return scene->frame->recent[events->index[row]].at;
}

uint32_t tui_events_selected(const struct tui_scene *scene, const struct tui_events *events)
{
    const struct tui_view *view = scene->view;
    if (events->count == 0) return 0;
    uint32_t row = events->count;
    if (view->cursor == TUI_ALWAYS_NOW) return row - 1;
    while (row > 0 && at_of(scene, events, row - 1) > view->cursor) row--;
    if (row == 0) return 0;
    mc_ns at = at_of(scene, events, row - 1);
    for (uint32_t i = 0; i < view->cursor_nth && row > 1 && at_of(scene, events, row - 2) == at; i++) row--;
    return row - 1;
}

void tui_events_select(const struct tui_scene *scene, const struct tui_events *events, uint32_t row)
{
    if (row >= events->count) return;
    scene->view->cursor = at_of(scene, events, row);
    scene->view->cursor_nth = 0;
    for (uint32_t i = row + 1; i < events->count && at_of(scene, events, i) == scene->view->cursor; i++)
        scene->view->cursor_nth++;
}

static unsigned style_of(const struct sim_frame_event *event)
{
    static const uint8_t styles[] = {
        [SIM_INFO] = TUI_DIM, [SIM_NOTICE] = TUI_ACCENT, [SIM_WARNING] = TUI_WARN, [SIM_ERROR_SEVERITY] = TUI_BAD};
    return event->severity < MC_COUNT_OF(styles) ? styles[event->severity] : TUI_PLAIN;
}

enum { STAMP = 12, KIND = 9 };

static void draw_event(struct tui_canvas *canvas, int x, int y, int width, const struct sim_frame_event *event)
{
    char stamp[TUI_FIGURE], times[24] = "";
    int kind = width < 50 ? 7 : KIND;
    if (event->times > 1)
        snprintf(times, sizeof times, "  (%s%u)", tui_glyph_text(TUI_G_TIMES, canvas->ascii), event->times);
    int tail = (int)strlen(times) - (times[0] && !canvas->ascii);
    tui_draw_right(canvas, x, y, width < 50 ? 9 : STAMP - 1, TUI_DIM, tui_stamp(event->at, stamp));
    int at = x + (width < 50 ? 10 : STAMP + 1), room = x + width - at;
    tui_draw(canvas, at, y, room < kind ? room : kind, style_of(event), event->kind);
    at += kind + 1;
    room = x + width - at;
    if (room < tail + 4) tail = 0;
    int used = tui_draw(canvas, at, y, room - tail, TUI_PLAIN, event->text);
    if (tail) tui_draw(canvas, at + used, y, tail, TUI_DIM, times);
}

void tui_events_draw_tail(const struct tui_scene *scene, struct tui_canvas *canvas, struct tui_box box)
{
    uint32_t count = scene->frame->event_count, lines = box.height > 0 ? (uint32_t)box.height : 0;
    uint32_t first = count > lines ? count - lines : 0;
    if (count == 0) tui_draw(canvas, box.x + 1, box.y, box.width - 2, TUI_DIM, "nothing has happened yet");
    for (uint32_t i = first; i < count; i++)
        draw_event(canvas, box.x, box.y + (int)(i - first), box.width - 1, &scene->frame->recent[i]);
}

static uint32_t first_row(uint32_t selected, uint32_t count, uint32_t page)
{
    uint32_t half = page / 2, first = selected > half ? selected - half : 0;
    if (first + page > count) first = count > page ? count - page : 0;
    return first;
}

void tui_events_draw_table(const struct tui_scene *scene, struct tui_canvas *canvas, struct tui_box box)
{
    struct tui_events events;
    tui_events_pick(scene, &events);
    uint32_t selected = tui_events_selected(scene, &events), page = box.height > 1 ? (uint32_t)box.height - 1 : 0;
    uint32_t first = first_row(selected, events.count, page);
    bool narrow = box.width - 3 < 50;
    tui_draw_right(canvas, box.x + 2, box.y, narrow ? 9 : STAMP - 1, TUI_HEADING, "T");
    tui_draw(canvas, box.x + 2 + (narrow ? 10 : STAMP + 1), box.y, 8, TUI_HEADING, "KIND");
    tui_draw(canvas, box.x + 2 + (narrow ? 18 : STAMP + KIND + 2), box.y, 8, TUI_HEADING, "MESSAGE");
    if (events.count == 0 && page)
        tui_draw(canvas, box.x + 3, box.y + 1, box.width - 4, TUI_DIM,
                 scene->frame->event_count ? "no event passes the filter (Esc clears it)" : "nothing has happened yet");
    for (uint32_t i = 0; i < page && first + i < events.count; i++) {
        int y = box.y + 1 + (int)i;
        draw_event(canvas, box.x + 2, y, box.width - 3, &scene->frame->recent[events.index[first + i]]);
        if (first + i != selected || !scene->playback->session) continue;
        tui_draw_glyph(canvas, box.x + 1, y, TUI_ACCENT, TUI_G_POINTER);
        tui_highlight(canvas, box.x + 1, y, box.width - 2);
    }
}
