/* The table of services: which rows, in which order, which columns fit. */
#include "tui/panes.h"
#include "tui/width.h"
#include "base/assert.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct tui_health_sign signs[] = {
    [SIM_HEALTH_IDLE] = {"idle", TUI_G_IDLE, TUI_DIM},
    [SIM_HEALTH_OK] = {"ok", TUI_G_OK, TUI_GOOD},
    [SIM_HEALTH_DEGRADED] = {"degraded", TUI_G_DEGRADED, TUI_WARN},
    [SIM_HEALTH_FAILING] = {"FAILING", TUI_G_FAILING, TUI_BAD},
};

const struct tui_health_sign *tui_health_sign(enum sim_health health)
{
    mc_assert((unsigned)health < MC_COUNT_OF(signs));
    return &signs[health];
}

enum column_kind { NAME, MESHED, SUCCESS, RPS, P50, P99, ERRORS, RETRY, CONN, SPARK, HEALTH, COLUMNS };

typedef const struct sim_frame_service service;

/* Sort keys: the least comes first, so that what one looks for stands on top. */
static int64_t by_nothing(service *s)
{
    (void)s;
    return 0;
}

static int64_t by_meshed(service *s)
{
    return -(int64_t)s->replicas;
}

static int64_t by_success(service *s)
{
    return s->success_ppm;
}

static int64_t by_rps(service *s)
{
    return -(int64_t)s->rps_milli;
}

static int64_t by_p50(service *s)
{
    return -s->p50;
}

static int64_t by_p99(service *s)
{
    return -s->p99;
}

static int64_t by_errors(service *s)
{
    return -(int64_t)s->errors_milli;
}

static int64_t by_retry(service *s)
{
    return -(int64_t)s->retry_permille;
}

static int64_t by_connections(service *s)
{
    return s->connections == SIM_FRAME_UNKNOWN ? 0 : -(int64_t)s->connections;
}

static int64_t by_health(service *s)
{
    return -(int64_t)s->health;
}

/* Of a load there are no pods and no connections to it. */
static bool is_load(service *s)
{
    return !s->replicas && s->connections == SIM_FRAME_UNKNOWN && !strchr(s->name, '/');
}

static char *meshed_text(service *s, char *out)
{
    if (is_load(s)) return strcpy(out, "-");
    snprintf(out, TUI_FIGURE, "%u/%u", s->meshed, s->replicas);
    return out;
}

static char *success_text(service *s, char *out)
{
    return s->health == SIM_HEALTH_IDLE ? strcpy(out, "-") : tui_percent(s->success_ppm, out);
}

static char *rps_text(service *s, char *out)
{
    return tui_rate(s->rps_milli, out);
}

static char *p50_text(service *s, char *out)
{
    return tui_latency(s->p50, out);
}

static char *p99_text(service *s, char *out)
{
    return tui_latency(s->p99, out);
}

static char *errors_text(service *s, char *out)
{
    return tui_rate(s->errors_milli, out);
}

static char *retry_text(service *s, char *out)
{
    return s->health == SIM_HEALTH_IDLE || !s->retry_permille ? strcpy(out, "-") : tui_ratio(s->retry_permille, out);
}

static char *connections_text(service *s, char *out)
{
    return s->connections == SIM_FRAME_UNKNOWN ? strcpy(out, "-") : tui_short_count(s->connections, out);
}

static const struct column {
    const char *title;
    int width; /* with the blanks before it */
    int64_t (*key)(service *);
    char *(*text)(service *, char *out); /* NULL: drawn by a function of its own */
} columns[COLUMNS] = {
    [NAME] = {"SERVICE", 14, by_nothing, NULL},
    [MESHED] = {"MESHED", 8, by_meshed, meshed_text},
    [SUCCESS] = {"SUCCESS", 9, by_success, success_text},
    [RPS] = {"RPS", 8, by_rps, rps_text},
    [P50] = {"P50", 7, by_p50, p50_text},
    [P99] = {"P99", 7, by_p99, p99_text},
    [ERRORS] = {"ERR/s", 8, by_errors, errors_text},
    [RETRY] = {"RETRY", 8, by_retry, retry_text},
    [CONN] = {"CONN", 7, by_connections, connections_text},
    [SPARK] = {"1 MINUTE", 10, by_nothing, NULL},
    [HEALTH] = {"HEALTH", 12, by_health, NULL},
};

int tui_column_find(const char *name)
{
    for (int i = 0; i < COLUMNS; i++)
        if (i != SPARK && strcasecmp(name, columns[i].title) == 0) return i;
    return strcasecmp(name, "name") == 0 ? NAME : strcasecmp(name, "errors") == 0 ? ERRORS : -1;
}

const char *tui_column_name(int column)
{
    return column >= 0 && column < COLUMNS ? columns[column].title : NULL;
}

/* ---- rows ---- */

struct row {
    const char *name; /* NULL: names do not count */
    int64_t key;
    uint32_t index;
};

static int compare(const void *left, const void *right)
{
    const struct row *a = left, *b = right;
    if (a->key != b->key) return a->key < b->key ? -1 : 1;
    int names = a->name ? strcasecmp(a->name, b->name) : 0;
    if (names) return names;
    return a->index < b->index ? -1 : a->index > b->index;
}

static bool passes(const char *filter, service *s)
{
    const struct tui_field fields[] = {
        {"service", s->name}, {"name", s->name}, {"health", signs[s->health].word},
    };
    return filter[0] == 0 || tui_filter_match(filter, fields, MC_COUNT_OF(fields));
}

void tui_services_pick(const struct tui_scene *scene, struct tui_pick *pick)
{
    const struct tui_view *view = scene->view;
    struct row rows[SIM_FRAME_SERVICES];
    uint32_t n = 0;
    mc_assert(scene->frame->service_count <= SIM_FRAME_SERVICES);
    for (uint32_t i = 0; i < scene->frame->service_count; i++) {
        service *s = &scene->frame->services[i];
        if (!passes(view->filter[TUI_OVERVIEW], s)) continue;
        rows[n++] = (struct row){view->sort == NAME ? s->name : NULL,
                                 view->sort < 0 ? 0 : columns[view->sort].key(s), i};
    }
    if (view->sort >= 0) qsort(rows, n, sizeof *rows, compare);
    pick->count = n;
    for (uint32_t i = 0; i < n; i++) pick->index[i] = rows[view->reverse ? n - 1 - i : i].index;
}

uint32_t tui_services_selected(const struct tui_scene *scene, const struct tui_pick *pick)
{
    for (uint32_t i = 0; i < pick->count; i++)
        if (strcmp(scene->frame->services[pick->index[i]].name, scene->view->selected) == 0) return i;
    return 0;
}

/* ---- columns ---- */

struct layout {
    int width[COLUMNS]; /* 0: left out */
};

static int total(const struct layout *layout)
{
    int sum = 0;
    for (int i = 0; i < COLUMNS; i++) sum += layout->width[i];
    return sum;
}

static int longest_name(const struct sim_frame *frame)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < frame->service_count; i++) {
        uint32_t width = tui_text_width(frame->services[i].name);
        if (width > most) most = width;
    }
    return (int)most + 3;
}

/* What goes first when the place is short, and what shrinks (to the width given). */
static const struct {
    enum column_kind column;
    int width;
} drops[] = {{CONN, 0}, {RETRY, 0}, {P50, 0}, {SPARK, 0}, {ERRORS, 0}, {MESHED, 0}, {HEALTH, 3}, {RPS, 0}, {P99, 0}};

static struct layout fit(const struct sim_frame *frame, int width)
{
    struct layout layout;
    for (int i = 0; i < COLUMNS; i++) layout.width[i] = columns[i].width;
    for (size_t i = 0; i < MC_COUNT_OF(drops) && total(&layout) > width; i++)
        layout.width[drops[i].column] = drops[i].width;
    int spare = width - total(&layout), wanted = longest_name(frame) - layout.width[NAME];
    if (spare > 0 && wanted > 0) layout.width[NAME] += wanted < spare ? wanted : spare;
    spare = width - total(&layout);
    if (spare > 0 && layout.width[SPARK]) {
        int more = SIM_FRAME_SPARK + 2 - layout.width[SPARK];
        layout.width[SPARK] += more < spare ? more : spare;
    }
    return layout;
}

static void draw_heading(const struct tui_scene *scene, struct tui_canvas *canvas, struct tui_box box,
                         const struct layout *layout)
{
    int x = box.x + 1;
    for (int i = 0; i < COLUMNS; x += layout->width[i++]) {
        if (!layout->width[i] || (i == HEALTH && layout->width[i] < columns[i].width)) continue; /* only its sign */
        bool left = i == NAME || i == SPARK || i == HEALTH, sorted = scene->view->sort == i;
        int from = x + (i == NAME ? 2 : left ? 2 : 0), width = layout->width[i] - (from - x);
        unsigned style = sorted ? TUI_ACCENT : TUI_HEADING;
        if (left) tui_draw(canvas, from, box.y, width, style, columns[i].title);
        else tui_draw_right(canvas, from, box.y, width, style, columns[i].title);
        int mark = left ? from + (int)strlen(columns[i].title) : from + width - (int)strlen(columns[i].title) - 1;
        if (sorted) tui_draw_glyph(canvas, mark, box.y, style, scene->view->reverse ? TUI_G_RISING : TUI_G_FALLING);
    }
}

static void draw_spark(struct tui_canvas *canvas, int x, int y, int width, service *s)
{
    int cells = width - 2 > SIM_FRAME_SPARK ? SIM_FRAME_SPARK : width - 2;
    unsigned style = s->health == SIM_HEALTH_FAILING ? TUI_BAD
                     : s->health == SIM_HEALTH_DEGRADED ? TUI_WARN : TUI_ACCENT;
    for (int i = 0; i < cells; i++) {
        uint8_t level = s->spark[SIM_FRAME_SPARK - cells + i];
        tui_draw_glyph(canvas, x + 2 + i, y, style, tui_glyph_level(level == UINT8_MAX ? 0 : level));
    }
}

static unsigned figure_style(int column, service *s)
{
    if (s->health == SIM_HEALTH_IDLE) return TUI_DIM;
    if (column == SUCCESS && s->success_ppm < 999000) return s->success_ppm < 950000 ? TUI_BAD : TUI_WARN;
    if (column == ERRORS && s->errors_milli == 0) return TUI_DIM;
    if (column == RETRY && s->retry_permille > 1100) return TUI_WARN;
    if (column == RETRY) return TUI_DIM;
    /* Degraded with all calls succeeding can only be the tail of latency (sim/check/frame.h). */
    if (column == P99 && s->health == SIM_HEALTH_DEGRADED && s->success_ppm >= 999000) return TUI_WARN;
    return TUI_PLAIN;
}

static void draw_health(struct tui_canvas *canvas, int x, int y, int width, service *s)
{
    const struct tui_health_sign *sign = tui_health_sign(s->health);
    tui_draw_glyph(canvas, x + 2, y, sign->style, sign->glyph);
    tui_draw(canvas, x + 4, y, width - 4, sign->style, sign->word);
}

static void draw_row(struct tui_canvas *canvas, struct tui_box box, const struct layout *layout, int y, service *s)
{
    char text[TUI_FIGURE];
    int x = box.x + 1;
    for (int i = 0; i < COLUMNS; x += layout->width[i++]) {
        int width = layout->width[i];
        if (!width) continue;
        if (i == NAME) tui_draw(canvas, x + 2, y, width - 2, TUI_PLAIN, s->name);
        else if (i == SPARK) draw_spark(canvas, x, y, width, s);
        else if (i == HEALTH) draw_health(canvas, x, y, width, s);
        else tui_draw_right(canvas, x + 1, y, width - 1, figure_style(i, s), columns[i].text(s, text));
    }
}

static void keep_in_view(struct tui_view *view, uint32_t selected, uint32_t count, uint32_t page)
{
    view->page = page;
    if (view->top > selected) view->top = selected;
    if (page && selected >= view->top + page) view->top = selected - page + 1;
    uint32_t last = count > page ? count - page : 0;
    if (view->top > last) view->top = last;
}

static void draw_rest(const struct tui_scene *scene, struct tui_canvas *canvas, struct tui_box box, uint32_t count)
{
    uint32_t below = count - scene->view->top - scene->view->page;
    int right = box.x + box.width - 1;
    if (scene->view->top) tui_draw_glyph(canvas, right, box.y + 1, TUI_DIM, TUI_G_MORE_UP);
    if (count > scene->view->page && below)
        tui_draw_glyph(canvas, right, box.y + box.height - 1, TUI_DIM, TUI_G_MORE_DOWN);
    if (count == 0 && box.height > 1)
        tui_draw(canvas, box.x + 3, box.y + 1, box.width - 4, TUI_DIM,
                 scene->frame->service_count ? "no service passes the filter (Esc clears it)" : "no services yet");
}

void tui_services_draw(const struct tui_scene *scene, struct tui_canvas *canvas, struct tui_box box)
{
    struct tui_pick pick;
    struct layout layout = fit(scene->frame, box.width - 2);
    tui_services_pick(scene, &pick);
    uint32_t selected = tui_services_selected(scene, &pick), page = box.height > 1 ? (uint32_t)box.height - 1 : 0;
    keep_in_view(scene->view, selected, pick.count, page);
    draw_heading(scene, canvas, box, &layout);
    for (uint32_t i = 0; i < page && scene->view->top + i < pick.count; i++) {
        uint32_t row = scene->view->top + i;
        int y = box.y + 1 + (int)i;
        draw_row(canvas, box, &layout, y, &scene->frame->services[pick.index[row]]);
        if (row != selected || !scene->playback->session) continue;
        tui_draw_glyph(canvas, box.x + 1, y, TUI_ACCENT, TUI_G_POINTER);
        tui_highlight(canvas, box.x + 1, y, box.width - 2);
    }
    draw_rest(scene, canvas, box, pick.count);
}
