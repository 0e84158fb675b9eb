/* The signs that screens are drawn with, in two forms: Unicode (one column each, no emoji) and ASCII. */
#ifndef TUI_GLYPH_H
#define TUI_GLYPH_H

#include <stdbool.h>

#define TUI_GLYPH_LIST(X) /* name, Unicode, ASCII */ \
    X(ACROSS, "─", "-") X(DOWN, "│", "|") \
    X(TOP_LEFT, "╭", "+") X(TOP_RIGHT, "╮", "+") X(BOTTOM_LEFT, "╰", "+") X(BOTTOM_RIGHT, "╯", "+") \
    X(TEE_LEFT, "├", "|") X(TEE_RIGHT, "┤", "|") \
    X(ELLIPSIS, "…", "~") X(REPLACED, "�", "?") X(POINTER, "▸", ">") X(DOT, "·", ".") X(TIMES, "×", "x") \
    X(OK, "●", "+") X(DEGRADED, "▲", "!") X(FAILING, "✗", "X") X(IDLE, "○", "o") \
    X(PASS, "✓", "+") X(FAIL, "✗", "X") X(UNSURE, "?", "?") \
    X(RUNNING, "▶", ">") X(PAUSED, "‖", "=") X(STOPPED, "■", "#") \
    X(RISING, "▲", "^") X(FALLING, "▼", "v") X(MORE_UP, "↑", "^") X(MORE_DOWN, "↓", "v") \
    X(LEVEL_0, " ", " ") X(LEVEL_1, "▁", ".") X(LEVEL_2, "▂", ".") X(LEVEL_3, "▃", ":") X(LEVEL_4, "▄", ":") \
    X(LEVEL_5, "▅", "|") X(LEVEL_6, "▆", "|") X(LEVEL_7, "▇", "#") X(LEVEL_8, "█", "#") \
    X(FAULT_ON, "█", "#") X(MARK, "╵", "'") X(CURSOR, "▲", "^")

enum tui_glyph {
#define X(name, unicode, ascii) TUI_G_##name,
    TUI_GLYPH_LIST(X)
#undef X
    TUI_GLYPH_COUNT,
};

const char *tui_glyph_text(enum tui_glyph glyph, bool ascii);

/* Of 0 … 8; more is 8. */
enum tui_glyph tui_glyph_level(unsigned level);

#endif
