/* What is around every screen: frame, title, tabs, and the line of hints or of what is typed. */
#include "tui/keys.h"
#include "tui/panes.h"
#include "tui/width.h"
#include "base/assert.h"
#include <string.h>
#include <strings.h>

static const struct {
    const char *name, *title;
    char key;
} tabs[TUI_TABS] = {
    [TUI_OVERVIEW] = {"overview", "Overview", '1'},
    [TUI_TIMELINE] = {"timeline", "Timeline", '4'},
};

bool tui_tab_find(const char *name, enum tui_tab *tab)
{
    for (unsigned i = 0; i < TUI_TABS; i++) {
        if (strcasecmp(name, tabs[i].name) != 0 && !(name[0] == tabs[i].key && !name[1])) continue;
        *tab = (enum tui_tab)i;
        return true;
    }
    return false;
}

const char *tui_tab_name(enum tui_tab tab)
{
    return tabs[tab].name;
}

bool tui_is_small(const struct tui_canvas *canvas)
{
    return canvas->width < TUI_SMALL_WIDTH || canvas->height < TUI_SMALL_HEIGHT;
}

static const struct sign {
    const char *word;
    enum tui_glyph glyph;
    enum tui_style style;
} states[] = {
    [SIM_FRAME_RUNNING] = {"RUNNING", TUI_G_RUNNING, TUI_ACCENT},
    [SIM_FRAME_PASSED] = {"PASSED", TUI_G_PASS, TUI_GOOD},
    [SIM_FRAME_FAILED] = {"FAILED", TUI_G_FAIL, TUI_BAD},
    [SIM_FRAME_INCONCLUSIVE] = {"INCONCLUSIVE", TUI_G_UNSURE, TUI_WARN},
    [SIM_FRAME_STOPPED] = {"STOPPED", TUI_G_STOPPED, TUI_WARN},
};

static const struct sign paused = {"PAUSED", TUI_G_PAUSED, TUI_WARN};

static const struct sign *sign_of(const struct tui_scene *scene)
{
    const struct tui_playback *playback = scene->playback;
    mc_assert((unsigned)scene->frame->state < MC_COUNT_OF(states));
    if (playback->session && playback->paused && scene->frame->state == SIM_FRAME_RUNNING) return &paused;
    return &states[scene->frame->state];
}

static void speed_text(const struct tui_scene *scene, bool ascii, char *out, size_t size)
{
    const struct tui_playback *playback = scene->playback;
    const char *times = tui_glyph_text(TUI_G_TIMES, ascii);
    out[0] = 0;
    if (!playback->session || playback->ended) return;
    if (playback->speed != TUI_SPEED_MAX) snprintf(out, size, "%s%u  ", times, playback->speed);
    else if (playback->rate && !playback->paused) snprintf(out, size, "max %s%u  ", times, playback->rate);
    else snprintf(out, size, "max  ");
}

/* Right part of the title; returns the column where it begins. */
static int draw_clock(const struct tui_scene *scene, struct tui_canvas *canvas)
{
    char at[TUI_FIGURE], end[TUI_FIGURE], speed[48], text[160];
    const struct sign *sign = sign_of(scene);
    bool small = canvas->width < TUI_SMALL_WIDTH;
    speed_text(scene, canvas->ascii, speed, sizeof speed);
    snprintf(text, sizeof text, small ? " %s/%s  %s" : " %s / %s  %s", tui_clock(scene->frame->at, at),
             tui_clock(scene->frame->duration, end), small && canvas->width < 60 ? "" : speed);
    int width = (int)(strlen(text) + strlen(sign->word)) + 3, x;
    if (!canvas->ascii && strstr(text, "×")) width--;
    x = canvas->width - 2 - width;
    x += tui_draw(canvas, x, 0, width, TUI_PLAIN, text);
    x += tui_draw_glyph(canvas, x, 0, sign->style, sign->glyph);
    x += tui_draw(canvas, x, 0, width, sign->style, " ");
    tui_draw(canvas, x, 0, width, sign->style, sign->word);
    tui_draw(canvas, canvas->width - 3, 0, 1, TUI_PLAIN, " ");
    return canvas->width - 2 - width;
}

static void draw_title(const struct tui_scene *scene, struct tui_canvas *canvas)
{
    const struct sim_frame *frame = scene->frame;
    const char *filter = scene->view->filter[scene->view->tab];
    char text[400];
    int end = draw_clock(scene, canvas), x = 2;
    const char *name = frame->scenario[0] ? frame->scenario : frame->file;
    if (end < 12) return;
    x += tui_draw(canvas, x, 0, end - 1 - x, TUI_TITLE, " squall");
    if (end - x > 16) {
        snprintf(text, sizeof text, "  %s", name);
        x += tui_draw(canvas, x, 0, end - 2 - x, TUI_PLAIN, text);
    }
    snprintf(text, sizeof text, "  [%s seed %ju]", frame->profile, (uintmax_t)frame->seed);
    if (end - x > (int)tui_text_width(text) + 2) x += tui_draw(canvas, x, 0, end - 2 - x, TUI_DIM, text);
    snprintf(text, sizeof text, "  /%s", filter);
    if (filter[0] && end - x > 8) x += tui_draw(canvas, x, 0, end - 2 - x, TUI_ACCENT, text);
    tui_draw(canvas, x, 0, 1, TUI_PLAIN, " ");
}

static void draw_border(struct tui_canvas *canvas, int bottom)
{
    int right = canvas->width - 1;
    tui_draw_line(canvas, 1, 0, right - 1, TUI_BORDER, TUI_G_ACROSS);
    tui_draw_line(canvas, 1, bottom, right - 1, TUI_BORDER, TUI_G_ACROSS);
    for (int y = 1; y < bottom; y++) {
        tui_draw_glyph(canvas, 0, y, TUI_BORDER, TUI_G_DOWN);
        tui_draw_glyph(canvas, right, y, TUI_BORDER, TUI_G_DOWN);
    }
    tui_draw_glyph(canvas, 0, 0, TUI_BORDER, TUI_G_TOP_LEFT);
    tui_draw_glyph(canvas, right, 0, TUI_BORDER, TUI_G_TOP_RIGHT);
    tui_draw_glyph(canvas, 0, bottom, TUI_BORDER, TUI_G_BOTTOM_LEFT);
    tui_draw_glyph(canvas, right, bottom, TUI_BORDER, TUI_G_BOTTOM_RIGHT);
}

void tui_rule_draw(struct tui_canvas *canvas, int y)
{
    tui_draw_line(canvas, 1, y, canvas->width - 2, TUI_BORDER, TUI_G_ACROSS);
    tui_draw_glyph(canvas, 0, y, TUI_BORDER, TUI_G_TEE_LEFT);
    tui_draw_glyph(canvas, canvas->width - 1, y, TUI_BORDER, TUI_G_TEE_RIGHT);
}

static void draw_tabs(const struct tui_scene *scene, struct tui_canvas *canvas)
{
    int x = 2;
    for (unsigned i = 0; i < TUI_TABS; i++) {
        bool here = scene->view->tab == i;
        char key[] = {' ', tabs[i].key, ' ', 0};
        int from = x;
        x += tui_draw(canvas, x, 1, canvas->width - 2 - x, here ? TUI_TITLE : TUI_KEY, key);
        x += tui_draw(canvas, x, 1, canvas->width - 2 - x, here ? TUI_TITLE : TUI_DIM, tabs[i].title);
        x += tui_draw(canvas, x, 1, canvas->width - 2 - x, TUI_PLAIN, " ");
        if (here) tui_highlight(canvas, from, 1, x - from);
        x++;
    }
    if (!scene->frame->phase[0]) return;
    char text[SIM_FRAME_NAME + 16];
    snprintf(text, sizeof text, "phase %s", scene->frame->phase);
    tui_draw_right(canvas, x, 1, canvas->width - 2 - x, TUI_DIM, text);
}

static void draw_prompt(const struct tui_scene *scene, struct tui_canvas *canvas, int y)
{
    static const char *const leads[] = {[TUI_MODE_FILTER] = "/", [TUI_MODE_COMMAND] = ":"};
    const struct tui_view *view = scene->view;
    if (view->mode == TUI_MODE_ASK) {
        tui_draw(canvas, 1, y, canvas->width - 1, TUI_WARN,
                 "The run has not ended and nothing records it. Leave? y: yes  any other key: no");
        return;
    }
    int x = 1 + tui_draw(canvas, 1, y, canvas->width, TUI_KEY, leads[view->mode]);
    x += tui_draw(canvas, x, y, canvas->width - 1 - x, TUI_PLAIN, view->input);
    tui_draw(canvas, x, y, 1, TUI_PLAIN, " ");
    tui_highlight(canvas, x, y, 1);
    const char *hint = view->mode == TUI_MODE_FILTER ? "text  !not  ~letters  key=text   Enter keeps  Esc clears"
                                                     : "at  speed  sort  filter  set  quit   Enter does it";
    if (canvas->width - x > 70) tui_draw_right(canvas, x + 2, y, canvas->width - x - 3, TUI_DIM, hint);
}

static int draw_hint(struct tui_canvas *canvas, int x, int y, const struct tui_key *key)
{
    int from = x;
    x += tui_draw(canvas, x, y, (int)strlen(key->shown), TUI_KEY, key->shown);
    x += 1 + tui_draw(canvas, x + 1, y, (int)strlen(key->hint), TUI_DIM, key->hint);
    return x - from;
}

static int hint_width(const struct tui_key *key)
{
    return (int)(strlen(key->shown) + strlen(key->hint)) + 1;
}

/* As many as fit, in the order of the table; how to leave stands always there. */
static void draw_hints(const struct tui_scene *scene, struct tui_canvas *canvas, int y)
{
    const struct tui_key *key, *quit = tui_key_find('q', scene->view->tab);
    int x = 1, end = canvas->width - 1 - hint_width(quit) - 2;
    for (uint32_t i = 0; (key = tui_key_row(i)); i++) {
        if (!key->hint || key == quit || !(key->tabs & 1u << scene->view->tab)) continue;
        if (x + hint_width(key) > end) continue;
        x += draw_hint(canvas, x, y, key) + 2;
    }
    draw_hint(canvas, x, y, quit);
}

static void draw_foot(const struct tui_scene *scene, struct tui_canvas *canvas, int y)
{
    const struct tui_playback *playback = scene->playback;
    const char *note = scene->view->note[0] ? scene->view->note : playback->message;
    if (scene->view->mode != TUI_MODE_KEYS) draw_prompt(scene, canvas, y);
    else if (note[0]) tui_draw(canvas, 1, y, canvas->width - 2, TUI_WARN, note);
    else draw_hints(scene, canvas, y);
}

struct tui_box tui_chrome_draw(const struct tui_scene *scene, struct tui_canvas *canvas)
{
    int bottom = canvas->height - 2, top = 1;
    draw_border(canvas, bottom);
    draw_title(scene, canvas);
    draw_foot(scene, canvas, canvas->height - 1);
    if (canvas->height >= 16) {
        draw_tabs(scene, canvas);
        tui_rule_draw(canvas, 2);
        top = 3;
    }
    return (struct tui_box){1, top, canvas->width - 2, bottom - top};
}
