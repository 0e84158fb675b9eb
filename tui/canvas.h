/* A grid of cells that screens draw into. It knows nothing of curses: screen.c puts it on a terminal,
 * tui_canvas_write makes lines of text of it.
 *
 * Everything clips: coordinates may lie outside, texts may be longer than their place. A character is
 * drawn whole or not at all. What comes from users (names, messages) cannot steer the terminal: control
 * and format characters are drawn as a replacement.
 */
#ifndef TUI_CANVAS_H
#define TUI_CANVAS_H

#include "tui/glyph.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum tui_style { /* what a text is, not how it looks: screen.c has the palettes */
    TUI_PLAIN,
    TUI_DIM,
    TUI_BORDER,
    TUI_TITLE,
    TUI_HEADING,
    TUI_GOOD,
    TUI_WARN,
    TUI_BAD,
    TUI_ACCENT,
    TUI_KEY,
    TUI_STYLES,
    TUI_SELECTED = 0x80, /* or-ed: reverse video */
};

enum {
    TUI_CELL_BYTES = 15, /* of a character and its combining ones; further ones are left out */
    TUI_SIDE_MAX = 500,  /* columns, rows */
};

struct tui_cell {
    uint8_t width;  /* 0: the right half of the one before; it draws nothing */
    uint8_t style;  /* enum tui_style */
    char text[TUI_CELL_BYTES + 1];
};

struct tui_canvas {
    int width, height;
    bool ascii; /* only ASCII characters are drawn */
    struct tui_cell *cells; /* row after row */
};

/* All blank. False: no memory; the canvas is then zeroed. Sides are clamped to 1 … SIDE_MAX. */
bool tui_canvas_init(struct tui_canvas *canvas, uint32_t width, uint32_t height, bool ascii);
void tui_canvas_fini(struct tui_canvas *canvas);
void tui_canvas_clear(struct tui_canvas *canvas);

/* NULL outside. */
const struct tui_cell *tui_canvas_at(const struct tui_canvas *canvas, int x, int y);

/* Each draws into at most WIDTH columns from X on and returns how many it took. What does not fit is cut,
 * with an ellipsis in the last column. */
int tui_draw(struct tui_canvas *canvas, int x, int y, int width, unsigned style, const char *text);
int tui_draw_right(struct tui_canvas *canvas, int x, int y, int width, unsigned style, const char *text);
int tui_draw_glyph(struct tui_canvas *canvas, int x, int y, unsigned style, enum tui_glyph glyph);
void tui_draw_line(struct tui_canvas *canvas, int x, int y, int width, unsigned style, enum tui_glyph glyph);

/* Adds to the style of cells that are drawn already. */
void tui_highlight(struct tui_canvas *canvas, int x, int y, int width);

/* HEIGHT lines without blanks at their ends. False: the stream refused. */
bool tui_canvas_write(const struct tui_canvas *canvas, FILE *out);

#endif
