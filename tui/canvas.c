#include "tui/canvas.h"
#include "tui/width.h"
#include "base/assert.h"
#include <stdlib.h>
#include <string.h>

static int side(uint32_t wanted)
{
    if (wanted < 1) return 1;
    return wanted > TUI_SIDE_MAX ? TUI_SIDE_MAX : (int)wanted;
}

bool tui_canvas_init(struct tui_canvas *canvas, uint32_t width, uint32_t height, bool ascii)
{
    *canvas = (struct tui_canvas){.width = side(width), .height = side(height), .ascii = ascii};
    canvas->cells = calloc((size_t)canvas->width * (size_t)canvas->height, sizeof *canvas->cells);
    if (!canvas->cells) {
        *canvas = (struct tui_canvas){0};
        return false;
    }
    tui_canvas_clear(canvas);
    return true;
}

void tui_canvas_fini(struct tui_canvas *canvas)
{
    free(canvas->cells);
    *canvas = (struct tui_canvas){0};
}

static void blank(struct tui_cell *cell)
{
    *cell = (struct tui_cell){.width = 1, .text = " "};
}

void tui_canvas_clear(struct tui_canvas *canvas)
{
    for (int i = 0; i < canvas->width * canvas->height; i++) blank(&canvas->cells[i]);
}

static struct tui_cell *cell_at(const struct tui_canvas *canvas, int x, int y)
{
    if (x < 0 || y < 0 || x >= canvas->width || y >= canvas->height) return NULL;
    return &canvas->cells[y * canvas->width + x];
}

const struct tui_cell *tui_canvas_at(const struct tui_canvas *canvas, int x, int y)
{
    return cell_at(canvas, x, y);
}

/* A wide character that loses one half loses the other, too. */
static void clear_for(struct tui_canvas *canvas, int x, int y)
{
    struct tui_cell *cell = cell_at(canvas, x, y), *left = cell_at(canvas, x - 1, y),
                    *right = cell_at(canvas, x + 1, y);
    if (cell->width == 0 && left) blank(left);
    if (cell->width == 2 && right) blank(right);
    blank(cell);
}

static void put(struct tui_canvas *canvas, int x, int y, unsigned style, const char *bytes, size_t length,
                int width)
{
    struct tui_cell *cell = cell_at(canvas, x, y), *second = cell_at(canvas, x + 1, y);
    if (!cell || (width == 2 && !second)) return;
    clear_for(canvas, x, y);
    if (width == 2) clear_for(canvas, x + 1, y);
    mc_assert(length <= TUI_CELL_BYTES);
    memcpy(cell->text, bytes, length);
    cell->text[length] = 0;
    cell->width = (uint8_t)width;
    cell->style = (uint8_t)style;
    if (width != 2) return;
    second->width = 0;
    second->style = (uint8_t)style;
    second->text[0] = 0;
}

static void combine(struct tui_canvas *canvas, int x, int y, const char *bytes, size_t length)
{
    struct tui_cell *cell = cell_at(canvas, x, y);
    if (cell && cell->width == 0) cell = cell_at(canvas, x - 1, y);
    if (!cell || canvas->ascii) return;
    size_t have = strlen(cell->text);
    if (have + length > TUI_CELL_BYTES) return;
    memcpy(cell->text + have, bytes, length);
    cell->text[have + length] = 0;
}

/* What is drawn for a character of a text: itself, or a replacement as wide. */
struct shown {
    const char *bytes;
    size_t length;
    int width;
};

static struct shown show(const struct tui_canvas *canvas, const char *text, size_t *length)
{
    uint32_t character = tui_decode(text, length);
    int width = tui_width_of(character);
    if (width != TUI_WIDTH_UNSEEN && character != TUI_REPLACEMENT && (!canvas->ascii || character < 0x80))
        return (struct shown){text, *length, width};
    if (width == 0) return (struct shown){text, 0, 0};
    const char *instead = tui_glyph_text(TUI_G_REPLACED, canvas->ascii);
    if (canvas->ascii && width == 2) return (struct shown){"?", 1, 2};
    return (struct shown){instead, strlen(instead), 1};
}

static void put_shown(struct tui_canvas *canvas, int x, int y, unsigned style, struct shown shown)
{
    bool halves = canvas->ascii && shown.width == 2;
    put(canvas, x, y, style, shown.bytes, shown.length, halves ? 1 : shown.width);
    if (halves) put(canvas, x + 1, y, style, shown.bytes, shown.length, 1);
}

int tui_draw(struct tui_canvas *canvas, int x, int y, int width, unsigned style, const char *text)
{
    if (width <= 0) return 0;
    bool cut = tui_text_width(text) > (uint32_t)width;
    int room = cut ? width - 1 : width, used = 0;
    size_t length;
    for (; *text; text += length) {
        struct shown shown = show(canvas, text, &length);
        if (shown.width == 0) {
            if (used) combine(canvas, x + used - 1, y, shown.bytes, shown.length);
            continue;
        }
        if (used + shown.width > room) break;
        put_shown(canvas, x + used, y, style, shown);
        used += shown.width;
    }
    if (cut) used += tui_draw_glyph(canvas, x + used, y, style, TUI_G_ELLIPSIS);
    return used;
}

int tui_draw_right(struct tui_canvas *canvas, int x, int y, int width, unsigned style, const char *text)
{
    uint32_t wanted = tui_text_width(text);
    int indent = width > 0 && wanted < (uint32_t)width ? width - (int)wanted : 0;
    tui_draw(canvas, x + indent, y, width - indent, style, text);
    return width > 0 ? width : 0;
}

int tui_draw_glyph(struct tui_canvas *canvas, int x, int y, unsigned style, enum tui_glyph glyph)
{
    const char *text = tui_glyph_text(glyph, canvas->ascii);
    put(canvas, x, y, style, text, strlen(text), 1);
    return 1;
}

void tui_draw_line(struct tui_canvas *canvas, int x, int y, int width, unsigned style, enum tui_glyph glyph)
{
    for (int i = 0; i < width; i++) tui_draw_glyph(canvas, x + i, y, style, glyph);
}

void tui_highlight(struct tui_canvas *canvas, int x, int y, int width)
{
    for (int i = 0; i < width; i++) {
        struct tui_cell *cell = cell_at(canvas, x + i, y);
        if (cell) cell->style |= TUI_SELECTED;
    }
}

static int last_drawn(const struct tui_canvas *canvas, int y)
{
    int x = canvas->width - 1;
    while (x >= 0 && strcmp(tui_canvas_at(canvas, x, y)->text, " ") == 0) x--;
    return x;
}

bool tui_canvas_write(const struct tui_canvas *canvas, FILE *out)
{
    for (int y = 0; y < canvas->height; y++) {
        int last = last_drawn(canvas, y);
        for (int x = 0; x <= last; x++)
            if (fputs(tui_canvas_at(canvas, x, y)->text, out) < 0) return false;
        if (putc('\n', out) == EOF) return false;
    }
    return fflush(out) == 0;
}
